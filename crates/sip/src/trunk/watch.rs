//! One task a trunk: it registers, asks with OPTIONS whether the trunk lives, and says good-bye.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use callwright_call_core::trunk::{
    Keepalive, KeepaliveOutput, Registration, RegistrationAnswer, RegistrationConfig, RegistrationOutput,
};
use callwright_model::MonoTime;
use rsipstack::sip::headers::CallId;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::uri::Auth;
use rsipstack::sip::{Header, Method, Response, Uri};
use rsipstack::transaction::make_call_id;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::{Ask, Reply, Trunk, ask};
use crate::dns::Target;
use crate::endpoint::Shared;
use crate::request::ALLOW;

/// Looks after a trunk until it is left.
pub(crate) async fn watch(shared: Arc<Shared>, trunk: Arc<Trunk>) {
    let seed = RandomState::new().build_hasher().finish();
    let now = trunk.now();
    let suffix = shared.config.domain.clone();
    let (answers, answered) = mpsc::channel(ANSWERS_MAX);
    let config = &trunk.config;
    tokio::spawn(look_up(Arc::clone(&shared), Arc::clone(&trunk)));
    let watcher = Watcher {
        registration: config.register.map(|expires| Registration::new(RegistrationConfig { expires }, seed)),
        keepalive: Keepalive::new(config.keepalive, seed ^ 1, now),
        identity: Identity { call_id: make_call_id(Some(&suffix), Default::default()), sequence: 0 },
        shared,
        trunk,
        answers,
    };
    watcher.run(answered).await;
}

struct Watcher {
    shared: Arc<Shared>,
    trunk: Arc<Trunk>,
    registration: Option<Registration>,
    keepalive: Keepalive,
    /// All registrations of one trunk are of one `Call-ID` with growing numbers (RFC 3261 section 10.2).
    identity: Identity,
    answers: mpsc::Sender<Answered>,
}

#[derive(Clone)]
struct Identity {
    call_id: CallId,
    sequence: u32,
}

enum Answered {
    Options { good: bool, why: Option<String> },
    Register { answer: RegistrationAnswer, sequence: u32 },
}

impl Watcher {
    async fn run(mut self, mut answered: mpsc::Receiver<Answered>) {
        let leave = self.trunk.leave.clone();
        let mut leaving = false;
        loop {
            if self.drain() {
                self.trunk.gone.cancel();
                return;
            }
            let next = self.next_timeout();
            let timer = async {
                match next {
                    Some(at) => tokio::time::sleep(at.since(self.trunk.now())).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(answer) = answered.recv() => self.take(answer),
                () = leave.cancelled(), if !leaving => {
                    leaving = true;
                    match &mut self.registration {
                        Some(registration) => registration.handle_leave(),
                        None => {
                            self.trunk.gone.cancel();
                            return;
                        }
                    }
                }
                () = timer => {
                    let now = self.trunk.now();
                    self.keepalive.handle_timeout(now);
                    if let Some(registration) = &mut self.registration {
                        registration.handle_timeout(now);
                    }
                }
                () = self.shared.closed.cancelled() => return,
            }
            self.publish();
        }
    }

    fn next_timeout(&self) -> Option<MonoTime> {
        let registration = self.registration.as_ref().and_then(Registration::poll_timeout);
        [registration, self.keepalive.poll_timeout()].into_iter().flatten().min()
    }

    fn take(&mut self, answer: Answered) {
        let now = self.trunk.now();
        match answer {
            Answered::Options { good, why } => {
                if good || self.trunk.state().problem.is_none() {
                    self.trunk.state().problem = why;
                }
                self.keepalive.handle_answer(good, now);
            }
            Answered::Register { answer, sequence } => {
                self.identity.sequence = sequence;
                if let Some(registration) = &mut self.registration {
                    registration.handle_answer(answer, now);
                }
            }
        }
    }

    /// Does what the machines want; `true` once we are gone.
    fn drain(&mut self) -> bool {
        let name = &self.trunk.config.name;
        while let Some(output) = self.keepalive.poll_output() {
            match output {
                KeepaliveOutput::Ask => self.send_options(),
                KeepaliveOutput::WentDown => {
                    let why = self.trunk.state().problem.clone().unwrap_or_default();
                    warn!(trunk = %name, %why, "a trunk is down: calls go by others");
                }
                KeepaliveOutput::CameUp => info!(trunk = %name, "a trunk is up again"),
            }
        }
        while let Some(output) = self.registration.as_mut().and_then(Registration::poll_output) {
            match output {
                RegistrationOutput::Register { expires } => self.send_register(expires),
                RegistrationOutput::Registered => {
                    info!(trunk = %name, "registered at a trunk");
                    self.trunk.state().problem = None;
                }
                RegistrationOutput::Lost { why } => {
                    warn!(trunk = %name, %why, "not registered at a trunk");
                    self.trunk.state().problem = Some(why);
                }
                RegistrationOutput::Gone => return true,
            }
        }
        false
    }

    fn publish(&self) {
        let mut state = self.trunk.state();
        state.health = self.keepalive.health();
        state.registration = self.registration.as_ref().map(|registration| registration.state().clone());
    }

    fn send_options(&self) {
        let (shared, trunk, answers) =
            (Arc::clone(&self.shared), Arc::clone(&self.trunk), self.answers.clone());
        tokio::spawn(async move {
            let (good, why) = match options(&shared, &trunk).await {
                Ok(_) => (true, None),
                Err(why) => (false, Some(why)),
            };
            // A watcher that is gone needs no answer.
            drop(answers.send(Answered::Options { good, why }).await);
        });
    }

    fn send_register(&self, expires: Duration) {
        let (shared, trunk, answers) =
            (Arc::clone(&self.shared), Arc::clone(&self.trunk), self.answers.clone());
        let mut identity = self.identity.clone();
        tokio::spawn(async move {
            let answer = register(&shared, &trunk, &mut identity, Some(expires)).await;
            // A watcher that is gone needs no answer.
            drop(answers.send(Answered::Register { answer, sequence: identity.sequence }).await);
        });
    }
}

/// Keeps in mind where a trunk is, so that its calls are known as its own though we ask nothing of it.
async fn look_up(shared: Arc<Shared>, trunk: Arc<Trunk>) {
    loop {
        if let Err(why) = locate(&shared, &trunk).await {
            let mut state = trunk.state();
            state.problem.get_or_insert(why);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_UP_EVERY) => {}
            () = trunk.leave.cancelled() => return,
            () = shared.closed.cancelled() => return,
        }
    }
}

/// Where the trunk is now; remembered, for its calls come from there too.
pub(crate) async fn locate(shared: &Shared, trunk: &Trunk) -> Result<Vec<Target>, String> {
    let found = shared.dns.locate(&trunk.uri).await;
    if found.targets.is_empty() {
        // A name server that is away for a moment takes no trunk away.
        let known = trunk.state().targets.clone();
        return if known.is_empty() { Err(found.steps.join("; ")) } else { Ok(known) };
    }
    trunk.state().targets.clone_from(&found.targets);
    Ok(found.targets)
}

/// Asks the trunk's addresses in turn whether one would take calls; tells which, and its status.
pub(crate) async fn options(shared: &Arc<Shared>, trunk: &Trunk) -> Result<(Target, u16), String> {
    let mut troubles = Vec::new();
    for target in locate(shared, trunk).await? {
        match ask(shared, &target, Ask::whether_alive(trunk), &mut 0).await {
            Reply::Answer(response) => match response.status_code.code() {
                // Whoever refuses OPTIONS lives; these say that calls would be refused as well.
                status @ (500 | 502..=504) => troubles.push(format!("{}: {status}", target.address)),
                status => return Ok((target, status)),
            },
            Reply::Silence => troubles.push(format!("{}: no answer", target.address)),
            Reply::Unreachable(why) => troubles.push(format!("{}: {why}", target.address)),
        }
    }
    Err(format!("OPTIONS: {}", troubles.join("; ")))
}

/// Registers at the first address that answers. Without `expires` it only asks what is registered, which proves who we are and
/// changes nothing (RFC 3261 section 10.2.3).
async fn register(
    shared: &Arc<Shared>,
    trunk: &Trunk,
    identity: &mut Identity,
    expires: Option<Duration>,
) -> RegistrationAnswer {
    let targets = match locate(shared, trunk).await {
        Ok(targets) => targets,
        Err(why) => return RegistrationAnswer::Unreachable { why },
    };
    let mut troubles = Vec::new();
    let mut busy = None;
    for target in targets {
        let Some(contact) = trunk.contact(shared, &target) else {
            troubles.push(format!("{}: no way there", target.address));
            continue;
        };
        let mut headers = vec![Header::Allow(ALLOW.into())];
        if let Some(expires) = expires {
            headers.push(Header::Contact(format!("<{contact}>").into()));
            headers.push(Header::Expires(expires.as_secs().to_string().into()));
        }
        let question = Ask {
            method: Method::Register,
            uri: trunk.domain(),
            who: trunk.account(),
            call_id: Some(identity.call_id.clone()),
            headers,
            credentials: trunk.config.credentials.as_ref(),
            patience: trunk.config.answer_within,
        };
        match ask(shared, &target, question, &mut identity.sequence).await {
            Reply::Answer(response) => match judged(&response, &contact, expires.unwrap_or_default()) {
                // RFC 3263 section 4.3: another address may have room.
                answer @ RegistrationAnswer::Refused { status: 503, .. } => busy = Some(answer),
                answer => return answer,
            },
            Reply::Silence => troubles.push(format!("{}: no answer", target.address)),
            Reply::Unreachable(why) => troubles.push(format!("{}: {why}", target.address)),
        }
    }
    busy.unwrap_or_else(|| RegistrationAnswer::Unreachable {
        why: format!("REGISTER: {}", troubles.join("; ")),
    })
}

/// What a registrar's final answer means.
fn judged(response: &Response, contact: &Uri, asked: Duration) -> RegistrationAnswer {
    let seconds = |text: &str| {
        let digits: String = text.trim().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().map(Duration::from_secs)
    };
    let header = |wanted: &str| {
        let mut headers = response.headers.iter();
        headers
            .find(|header| header.name().eq_ignore_ascii_case(wanted))
            .map(|header| header.value().to_owned())
    };
    match response.status_code.code() {
        200..300 => {
            let usual = header("Expires").and_then(|text| seconds(&text)).unwrap_or(asked);
            RegistrationAnswer::Accepted { expires: granted(response, contact, usual) }
        }
        423 => {
            let min_expires = header("Min-Expires").and_then(|text| seconds(&text)).unwrap_or_default();
            RegistrationAnswer::TooBrief { min_expires }
        }
        status => RegistrationAnswer::Refused {
            status,
            retry_after: header("Retry-After").and_then(|text| seconds(&text)),
            why: format!(
                "REGISTER: {status} {}",
                response.reason_phrase().unwrap_or_else(|| response.status_code.text())
            ),
        },
    }
}

/// For how long our contact stands. A registrar that lists others only has rewritten it, as behind a NAT, or does not list it.
fn granted(response: &Response, contact: &Uri, usual: Duration) -> Duration {
    let listed = response.typed_contact_headers().unwrap_or_default();
    let length = |expires: Option<u32>| expires.map_or(usual, |seconds| Duration::from_secs(seconds.into()));
    let same = |uri: &Uri| uri.user() == contact.user() && uri.host_with_port == contact.host_with_port;
    match listed.iter().find(|listed| same(&listed.uri)) {
        Some(ours) => length(ours.expires()),
        None => listed.first().map_or(usual, |other| length(other.expires())),
    }
}

impl Trunk {
    /// The trunk's domain: what is asked, without user, port and parameters.
    pub(crate) fn domain(&self) -> Uri {
        let mut uri = self.uri.clone();
        uri.auth = None;
        uri
    }

    /// Our address there.
    pub(crate) fn account(&self) -> Uri {
        let user = self.config.user.clone().unwrap_or_else(|| "callwright".to_owned());
        self.at_domain(user)
    }

    /// Somebody's address at the trunk.
    pub(crate) fn at_domain(&self, user: String) -> Uri {
        let mut uri = self.uri.clone();
        uri.auth = Some(Auth { user, password: None });
        // Who somebody is does not depend on how they are reached.
        uri.params = Vec::new();
        uri.host_with_port.port = None;
        uri
    }

    /// What a call to a number asks for.
    pub(crate) fn request_uri(&self, number: &str) -> Uri {
        let mut uri = self.at_domain(number.to_owned());
        uri.host_with_port = self.uri.host_with_port.clone();
        uri
    }

    /// Where its calls reach us.
    fn contact(&self, shared: &Shared, target: &Target) -> Option<Uri> {
        let local = shared.local_ip(target.address)?;
        let mut contact = shared.contact(target.address, local, target.transport, self.is_secure()).ok()?;
        if let Some(user) = &self.config.user {
            contact.auth = Some(Auth { user: user.clone(), password: None });
        }
        Some(contact)
    }
}

/// Servers of carriers move rarely, and records of the DNS are kept by the resolver as long as they say.
const LOOK_UP_EVERY: Duration = Duration::from_secs(60);
/// One of each kind is under way at most.
const ANSWERS_MAX: usize = 4;
