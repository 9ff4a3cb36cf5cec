//! Placing a call.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use callwright_model::Pii;
use rsipstack::Error as LibraryError;
use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::DialogState;
use rsipstack::sip::{Header, Host, Response, Scheme, Uri};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::Transport;
use crate::attempts::{Attempts, Invitation};
use crate::endpoint::Shared;
use crate::error::SipError;
use crate::fields::{CallFields, Replaces};
use crate::fork;
use crate::gate::local_ip_toward;
use crate::leg::{LegEnd, LegTask, SipLeg, SipLegEvent};
use crate::listeners::{peer, transport_of};
use crate::registrar::Binding;
use crate::reliable::is_reliable;
use crate::request::Body;
use crate::trunk::{Carried, TrunkWay};

/// A call to place.
#[derive(Debug, Clone)]
pub struct OutgoingCall {
    /// Whom to call: `user:NAME` rings all phones of a user of ours; `sip:desk@192.0.2.7:5060` over UDP; with `;transport=tcp` over TCP, with `sips:` or
    /// `;transport=tls` over TLS.
    pub to: String,
    /// Who we say we are: a SIP URI.
    pub from: String,
    /// A name to show beside it.
    pub from_name: Option<Pii<String>>,
    /// Our offer.
    pub offer: String,
    /// Our offer for phones in browsers, which speak nothing but WebRTC: those of a user that are reached over WebSocket get this
    /// one.
    pub web_offer: Option<String>,
    /// For a server that asks who we are (digest).
    pub credentials: Option<Credentials>,
    /// What it carries along.
    pub fields: CallFields,
    /// The call at the other end whose place it shall take (RFC 3891).
    pub replaces: Option<Replaces>,
    /// How many redirections (3xx) are followed; after that, and with 0, the 3xx is told as a refusal.
    pub redirects_max: u8,
    /// How long it may ring before we give up.
    pub answer_time: Duration,
}

/// A name and a password for digest authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: Pii<String>,
}

impl OutgoingCall {
    /// A call that rings for at most a minute, without a name or credentials.
    pub fn new(to: impl Into<String>, from: impl Into<String>, offer: impl Into<String>) -> Self {
        Self {
            to: to.into(),
            from: from.into(),
            from_name: None,
            offer: offer.into(),
            web_offer: None,
            credentials: None,
            fields: CallFields::default(),
            replaces: None,
            redirects_max: 5,
            answer_time: Duration::from_secs(60),
        }
    }
}

/// Whether a text is something that can be called: a SIP URI, or `user:NAME` for the phones of a user.
///
/// # Errors
/// When it is none.
pub fn check_address(address: &str) -> Result<(), SipError> {
    let Some(user) = address.strip_prefix(USER) else { return check_uri(address) };
    if is_user_name(user) { Ok(()) } else { Err(SipError::BadUri(address.to_owned())) }
}

/// Whether a user can be called so: what stands before the `@` of an address without any escapes.
#[must_use]
pub fn is_user_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
}

/// Whether a text is a SIP URI that a call can be placed to, as far as that shows without asking the network.
///
/// # Errors
/// When it is none.
pub fn check_uri(uri: &str) -> Result<(), SipError> {
    parse(uri).map(drop)
}

/// Our address toward whom a URI names.
pub(crate) async fn local_ip(shared: &Shared, uri: &str) -> Result<IpAddr, SipError> {
    if let Some(user) = uri.strip_prefix(USER) {
        let phones = shared.registrar.bindings_of(user);
        let phone = phones.first().ok_or_else(|| SipError::NotRegistered(user.to_owned()))?;
        return shared.local_ip(phone.source).ok_or_else(|| SipError::Unreachable(uri.to_owned()));
    }
    let parsed = parse(uri)?;
    let transport = transport_of(&parsed).ok_or_else(|| SipError::BadUri(uri.to_owned()))?;
    let peer = peer(&parsed, transport).await?;
    shared.local_ip(peer).ok_or_else(|| SipError::Unreachable(uri.to_owned()))
}

/// Whether the other machine refuses what is sent to a URI's port.
pub(crate) async fn is_deaf(shared: &Shared, uri: &str) -> Result<bool, SipError> {
    if uri.starts_with(USER) {
        // Who has registered was there a moment ago.
        return Ok(false);
    }
    let parsed = parse(uri)?;
    let transport = transport_of(&parsed).ok_or_else(|| SipError::BadUri(uri.to_owned()))?;
    let peer = peer(&parsed, transport).await?;
    let local = shared.local_ip(peer).ok_or_else(|| SipError::Unreachable(uri.to_owned()))?;
    if transport != Transport::Udp {
        // A connection is refused by itself.
        return Ok(false);
    }
    Ok(refuses_datagrams(local, peer).await)
}

/// Whether a machine says that nothing listens on a port.
pub(crate) async fn refuses_datagrams(local: IpAddr, peer: SocketAddr) -> bool {
    let refused = async {
        let socket = UdpSocket::bind((local, 0)).await?;
        socket.connect(peer).await?;
        socket.send(KEEP_ALIVE).await?;
        socket.recv(&mut [0; 64]).await
    };
    match tokio::time::timeout(REFUSAL_TIME, refused).await {
        Ok(Err(error)) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        Ok(Ok(_)) | Err(_) => false,
    }
}

pub(crate) async fn invite(shared: &Arc<Shared>, call: OutgoingCall) -> Result<SipLeg, SipError> {
    if shared.stop.is_cancelled() {
        return Err(SipError::Closed);
    }
    if let Some(user) = call.to.strip_prefix(USER) {
        return fork::ring(shared, user, call.clone()).await;
    }
    let attempts = Attempts::new(&call, shared.config.min_se);
    place(shared, call, attempts).await
}

/// Rings one phone of a user, where it is.
pub(crate) async fn place_at(
    shared: &Arc<Shared>,
    mut call: OutgoingCall,
    binding: &Binding,
) -> Result<SipLeg, SipError> {
    if binding.transport != Transport::Udp && !shared.flows.lead_to(binding.transport.wire(), binding.source)
    {
        let why = "the connection of the phone is gone".to_owned();
        return Err(SipError::NoConnection { peer: binding.source, why });
    }
    if let Some(offer) = call.web_offer.take().filter(|_| binding.transport.is_websocket()) {
        call.offer = offer;
    }
    let attempts = Attempts::at_phone(&call, shared.config.min_se, binding);
    place(shared, call, attempts).await
}

async fn place(shared: &Arc<Shared>, call: OutgoingCall, attempts: Attempts) -> Result<SipLeg, SipError> {
    let name = call.from_name.as_ref().map(Pii::reveal);
    if name.is_some_and(|name| name.chars().any(|c| c.is_control() || c == '"' || c == '\\')) {
        return Err(SipError::BadUri("a name with quotes or control characters".to_owned()));
    }
    begin(shared, call, attempts).await
}

/// See [`SipEndpoint::invite_by_trunk`](crate::SipEndpoint::invite_by_trunk).
pub(crate) async fn invite_by_trunk(
    shared: &Arc<Shared>,
    way: &TrunkWay,
    mut call: OutgoingCall,
) -> Result<SipLeg, SipError> {
    if shared.stop.is_cancelled() {
        return Err(SipError::Closed);
    }
    // A carrier that sends calls elsewhere does not say who pays for them there.
    call.redirects_max = 0;
    let mut attempts = Attempts::new(&call, shared.config.min_se);
    attempts.carried = Some(Carried::new(shared, way).await?);
    begin(shared, call, attempts).await
}

async fn begin(shared: &Arc<Shared>, call: OutgoingCall, mut attempts: Attempts) -> Result<SipLeg, SipError> {
    let Invitation { dialog, states, inviting } = attempts.invite(shared, &call, None).await?;
    shared.gate.counters.calls_placed.count();
    let (leg, mut task) = LegTask::new(shared, dialog, states);
    task.local_sdp = Some(call.offer.clone());
    shared.spawn(run(task, inviting, call, attempts));
    Ok(leg)
}

/// Who does not know `Replaces` must refuse such a call, and not ring besides the one that it should replace.
pub(crate) fn replaces_headers(replaces: Option<Replaces>) -> Vec<Header> {
    let Some(replaces) = replaces else { return Vec::new() };
    vec![Header::Require("replaces".into()), Header::Replaces(replaces.to_string().into())]
}

pub(crate) type Invited = Result<(DialogId, Option<Response>), LibraryError>;

async fn run(
    mut leg: LegTask,
    mut inviting: JoinHandle<Invited>,
    call: OutgoingCall,
    mut attempts: Attempts,
) {
    let patience = Instant::now() + call.answer_time;
    let last = loop {
        let answer_within = attempts.carried.as_ref().map(Carried::answer_within);
        match wait(&mut leg, inviting, patience, answer_within).await {
            Waited::Answered => break SipLegEvent::Ended(leg.talk(true).await),
            Waited::Over(end) => {
                let next =
                    matches!(end, LegEnd::Failed(_)) && !leg.hangup.is_cancelled() && attempts.next_server();
                match elsewhere(&mut leg, &mut attempts, &call, next).await {
                    Some(next) => inviting = next,
                    None => break SipLegEvent::Ended(end),
                }
            }
            Waited::Refused(response) => {
                let next = attempts.go_on(&response);
                match elsewhere(&mut leg, &mut attempts, &call, next).await {
                    Some(next) => inviting = next,
                    None => break refused(&response),
                }
            }
        }
    };
    leg.finish(last).await;
}

/// Invites where the call goes next, if it does; otherwise what was said last stands.
async fn elsewhere(
    leg: &mut LegTask,
    attempts: &mut Attempts,
    call: &OutgoingCall,
    next: bool,
) -> Option<JoinHandle<Invited>> {
    if !next {
        return None;
    }
    let shared = Arc::clone(&leg.shared);
    let call_id = leg.known.id().call_id;
    let next = attempts.invite(&shared, call, Some(call_id)).await.ok()?;
    leg.begin_again(next.dialog, next.states);
    Some(next.inviting)
}

/// How an INVITE came out.
enum Waited {
    Answered,
    Refused(Box<Response>),
    Over(LegEnd),
}

/// Until the other end has answered or refused, or it is over.
async fn wait(
    leg: &mut LegTask,
    mut inviting: JoinHandle<Invited>,
    patience: Instant,
    answer_within: Option<Duration>,
) -> Waited {
    let hangup = leg.hangup.clone();
    let mut given_up: Option<LegEnd> = None;
    let mut finished: Option<Response> = None;
    let mut running = true;
    // A reliable answer of theirs to our offer: from then on they may change the session (RFC 3311 section 5.1).
    let mut settled = false;
    let mut patience = pin!(tokio::time::sleep_until(patience));
    let mut silence = pin!(tokio::time::sleep(answer_within.unwrap_or_default()));
    let mut silent = answer_within.is_some();
    loop {
        tokio::select! {
            biased;
            state = leg.states.recv() => match state {
                Some(DialogState::Early(_, response)) if given_up.is_none() => {
                    silent = false;
                    let sdp = Body::of(&response, &response.body).into_sdp();
                    settled |= sdp.is_some() && is_reliable(&response);
                    leg.tell(SipLegEvent::Ringing { sdp }).await;
                }
                Some(DialogState::Confirmed(_, response)) => {
                    leg.session_begins(&response);
                    let sdp = Body::of(&response, &response.body).into_sdp();
                    leg.tell(SipLegEvent::Answered { sdp }).await;
                    return Waited::Answered;
                }
                Some(DialogState::Terminated(..)) => {
                    if let Some(end) = given_up {
                        return Waited::Over(end);
                    }
                    if running {
                        match outcome((&mut inviting).await) {
                            Ok(response) => finished = response,
                            Err(end) => return Waited::Over(end),
                        }
                    }
                    let nothing = || LegEnd::Failed("the invitation ended without an answer".to_owned());
                    return finished.map_or_else(
                        || Waited::Over(nothing()),
                        |response| Waited::Refused(Box::new(response)),
                    );
                }
                Some(DialogState::Trying(_)) => silent = false,
                Some(_) => {}
                None => return Waited::Over(LegEnd::Failed("the dialog is gone".to_owned())),
            },
            () = &mut silence, if silent && given_up.is_none() => {
                abandon(leg, inviting);
                return Waited::Over(LegEnd::Failed("no answer from there".to_owned()));
            }
            result = &mut inviting, if running => {
                running = false;
                match outcome(result) {
                    Ok(response) => finished = response,
                    Err(end) => return Waited::Over(end),
                }
            }
            () = hangup.cancelled(), if given_up.is_none() => {
                given_up = Some(LegEnd::ByUs);
                give_up(leg);
                patience.as_mut().reset(Instant::now() + CANCEL_TIME);
            }
            Some(inside) = leg.inside.recv() => {
                if settled || inside.request.body.is_empty() {
                    leg.early(inside);
                } else {
                    inside.asker.reply(491, Vec::new());
                }
            }
            Some(done) = leg.finished.recv() => leg.early_done(done),
            () = &mut patience => {
                if let Some(end) = given_up {
                    // The other end does not even answer the CANCEL; the library goes on with it behind our back.
                    inviting.abort();
                    return Waited::Over(end);
                }
                given_up = Some(LegEnd::NoAnswer);
                give_up(leg);
                patience.as_mut().reset(Instant::now() + CANCEL_TIME);
            }
        }
    }
}

fn give_up(leg: &LegTask) {
    let dialog = leg.dialog.clone();
    leg.shared.spawn(async move {
        if let Err(error) = dialog.cancel().await {
            tracing::debug!(%error, "CANCEL was not taken");
        }
    });
}

/// Leaves an invitation that nobody has answered. Should an answer still come, its call is ended at once.
fn abandon(leg: &LegTask, inviting: JoinHandle<Invited>) {
    give_up(leg);
    leg.shared.spawn(async move {
        tokio::time::sleep(CANCEL_TIME).await;
        inviting.abort();
    });
}

fn outcome(result: Result<Invited, tokio::task::JoinError>) -> Result<Option<Response>, LegEnd> {
    match result {
        Ok(Ok((_, response))) => Ok(response),
        Ok(Err(error)) => Err(LegEnd::Failed(error.to_string())),
        Err(error) => Err(LegEnd::Failed(error.to_string())),
    }
}

fn refused(response: &Response) -> SipLegEvent {
    SipLegEvent::Refused {
        status: response.status_code.code(),
        reason: response.reason_phrase().unwrap_or_else(|| response.status_code.text()).to_owned(),
    }
}

pub(crate) fn parse(text: &str) -> Result<Uri, SipError> {
    let bad = || SipError::BadUri(text.to_owned());
    // Nothing that could begin another header.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"')) {
        return Err(bad());
    }
    let uri = Uri::try_from(text).map_err(|_| bad())?;
    let named = match uri.host() {
        Host::Domain(domain) => !domain.0.is_empty(),
        Host::IpAddr(_) => true,
    };
    if !matches!(uri.scheme, Some(Scheme::Sip | Scheme::Sips)) || !named {
        return Err(bad());
    }
    transport_of(&uri).ok_or_else(bad)?;
    Ok(uri)
}

impl Shared {
    /// Our address toward a peer: the one we listen on, or, where that is all of them, the one the system would take.
    pub(crate) fn local_ip(&self, peer: SocketAddr) -> Option<IpAddr> {
        let same_family = |address: &&SocketAddr| address.is_ipv4() == peer.is_ipv4();
        let listening = self.listening.iter().find(same_family).or(self.listening.first())?;
        if listening.ip().is_unspecified() { local_ip_toward(peer) } else { Some(listening.ip()) }
    }
}

/// What the address of a user's phones begins with.
const USER: &str = "user:";
/// RFC 5626, 3.5.1: no SIP element minds it, and some answer.
const KEEP_ALIVE: &[u8] = b"\r\n\r\n";
/// A refusal comes within a round trip, and most networks are narrower than this.
const REFUSAL_TIME: Duration = Duration::from_millis(300);
/// A CANCEL is answered within a round trip by anyone who lives.
const CANCEL_TIME: Duration = Duration::from_secs(4);
