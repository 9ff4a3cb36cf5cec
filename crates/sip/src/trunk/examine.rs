//! Looks at a trunk step by step, for a person who wants to know why it does not work.

use std::net::SocketAddr;
use std::sync::Arc;

use rsipstack::sip::{Header, Method, Response, StatusCode};

use super::{Ask, Reply, Trunk, ask};
use crate::Transport;
use crate::digest::is_answerable;
use crate::dns::Target;
use crate::endpoint::Shared;
use crate::error::{CertificateFault, SipError};
use crate::outgoing::refuses_datagrams;
use crate::request::ALLOW;

/// One step of an examination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkStep {
    /// What was looked at.
    pub what: TrunkCheck,
    /// How it went.
    pub outcome: StepOutcome,
    /// What was found, in plain words.
    pub found: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrunkCheck {
    /// Its name leads somewhere (RFC 3263).
    Dns,
    /// Something listens there, and over TLS is who it should be.
    Transport,
    /// It answers OPTIONS.
    Options,
    /// It knows our account and takes our proof.
    Registration,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepOutcome {
    /// Well.
    Good,
    /// Calls go, but not as they could.
    Doubtful,
    /// Not well: calls would fail.
    Bad,
    /// There was nothing to look at.
    Skipped,
}

/// Every step, up to one without which the next make no sense. Nothing is changed at the trunk.
pub(crate) async fn examine(shared: &Arc<Shared>, trunk: &Trunk) -> Vec<TrunkStep> {
    let mut steps = Vec::new();
    let found = shared.dns.locate(&trunk.uri).await;
    let mut told = found.steps.join("; ");
    if found.targets.is_empty() {
        let help = "see whether `address` is written as the carrier says, and whether this machine's name server knows it";
        steps.push(bad(TrunkCheck::Dns, told, help));
        return steps;
    }
    trunk.state().targets.clone_from(&found.targets);
    if told.is_empty() {
        told = "the address is a number: nothing to look up".to_owned();
    }
    let places: Vec<String> = found.targets.iter().map(place).collect();
    steps.push(good(TrunkCheck::Dns, format!("{told}; tried in this order: {}", places.join(", "))));
    let mut reached = Vec::new();
    for target in found.targets {
        let step = transport(shared, &target).await;
        if step.outcome == StepOutcome::Good {
            reached.push(target);
        }
        steps.push(step);
    }
    // One server that is away is what the others are for.
    if !reached.is_empty() {
        soften(&mut steps, TrunkCheck::Transport);
        let answering = options_of_all(shared, trunk, reached, &mut steps).await;
        steps.push(registration(shared, trunk, answering).await);
    }
    steps
}

async fn options_of_all(
    shared: &Arc<Shared>,
    trunk: &Trunk,
    reached: Vec<Target>,
    steps: &mut Vec<TrunkStep>,
) -> Option<Target> {
    let mut answering = None;
    let mut good = false;
    for target in reached {
        let (step, lives) = options(shared, trunk, &target).await;
        good |= step.outcome == StepOutcome::Good;
        steps.push(step);
        if lives && answering.is_none() {
            answering = Some(target);
        }
    }
    if good {
        soften(steps, TrunkCheck::Options);
    }
    answering
}

async fn transport(shared: &Arc<Shared>, target: &Target) -> TrunkStep {
    let (what, at) = (TrunkCheck::Transport, place(target));
    if target.transport == Transport::Udp {
        let deaf = match shared.local_ip(target.address) {
            Some(local) => refuses_datagrams(local, target.address).await,
            None => return bad(what, format!("{at}: there is no way there from this machine"), ROUTE),
        };
        return if deaf {
            bad(what, format!("{at}: that machine says that nothing listens on this UDP port"), PORT)
        } else {
            good(what, format!("{at}: nothing refuses UDP; whether somebody is there, OPTIONS will tell"))
        };
    }
    match shared.connect(target.transport, target.address, &target.host).await {
        Ok(_) if target.transport.is_secure() => good(
            what,
            format!("{at}: connected; its certificate is for {} and by whom we trust", target.host),
        ),
        Ok(_) => good(what, format!("{at}: connected")),
        Err(SipError::PeerCertificate { fault, why, .. }) => {
            let (told, help) = certificate(fault, &target.host);
            bad(what, format!("{at}: {told} ({why})"), help)
        }
        Err(error) => bad(what, format!("{at}: {error}"), PORT),
    }
}

fn certificate(fault: CertificateFault, host: &str) -> (String, &'static str) {
    match fault {
        CertificateFault::Name => (
            format!("its certificate is not for `{host}`"),
            "write `address` as the name that the carrier's certificate bears; an address in numbers seldom does",
        ),
        CertificateFault::Issuer => (
            "its certificate is by nobody whom we trust".to_owned(),
            "name the carrier's authority (PEM) in `sip.tls.trust`, or install it on this machine",
        ),
        CertificateFault::Expired => (
            "its certificate is too old or too young".to_owned(),
            "look at this machine's clock; if it is right, the carrier must renew",
        ),
        CertificateFault::Other => (
            "its certificate is not good".to_owned(),
            "ask the carrier; `openssl s_client -connect HOST:PORT` shows it",
        ),
    }
}

/// The step, and whether somebody is there at all.
async fn options(shared: &Arc<Shared>, trunk: &Trunk, target: &Target) -> (TrunkStep, bool) {
    let (what, at) = (TrunkCheck::Options, place(target));
    match ask(shared, target, Ask::whether_alive(trunk), &mut 0).await {
        Reply::Answer(response) => (judge_options(&response, &at), true),
        Reply::Silence => {
            let found =
                format!("{at}: no answer to OPTIONS in {} ms", trunk.config.answer_within.as_millis());
            let ours = shared.local_ip(target.address).map(|ip| ip.to_string()).unwrap_or_default();
            let help = format!(
                "many carriers are silent to addresses that they do not know: put ours ({ours}, or the one outside of your \
                 NAT) on the carrier's list; else look for a firewall, or a helper for SIP in a router"
            );
            (TrunkStep { help: Some(help), ..bad(what, found, "") }, false)
        }
        Reply::Unreachable(why) => (bad(what, format!("{at}: {why}"), PORT), false),
    }
}

fn judge_options(response: &Response, at: &str) -> TrunkStep {
    let (what, status) = (TrunkCheck::Options, response.status_code.code());
    let found = format!("{at}: OPTIONS is answered with {}", told(response));
    match status {
        500 | 502..=504 => {
            bad(what, found, "the carrier's server is there and takes no calls now: ask the carrier")
        }
        403 | 603 => TrunkStep {
            outcome: StepOutcome::Doubtful,
            help: Some(
                "it lives; if calls are refused so too, put our address on the carrier's list".to_owned(),
            ),
            ..good(what, found)
        },
        _ => good(what, found),
    }
}

/// Asks what is registered, without registering: that proves who we are and changes nothing (RFC 3261 section 10.2.3).
async fn registration(shared: &Arc<Shared>, trunk: &Trunk, target: Option<Target>) -> TrunkStep {
    let what = TrunkCheck::Registration;
    let skipped = |found: &str| TrunkStep { outcome: StepOutcome::Skipped, ..good(what, found.to_owned()) };
    if trunk.config.register.is_none() {
        return skipped("`register` is not set: the trunk knows us by our address");
    }
    let Some(target) = target else { return skipped("nobody answers who could be asked") };
    let question = Ask {
        method: Method::Register,
        uri: trunk.domain(),
        who: trunk.account(),
        call_id: None,
        headers: vec![Header::Allow(ALLOW.into())],
        credentials: trunk.config.credentials.as_ref(),
        patience: trunk.config.answer_within,
    };
    let at = place(&target);
    match ask(shared, &target, question, &mut 0).await {
        Reply::Answer(response) => judge_registration(trunk, &response, &at),
        Reply::Silence => bad(
            what,
            format!("{at}: no answer to REGISTER, though OPTIONS has one"),
            "the registrar may be elsewhere: see whether the carrier names another `address` for it",
        ),
        Reply::Unreachable(why) => bad(what, format!("{at}: {why}"), PORT),
    }
}

fn judge_registration(trunk: &Trunk, response: &Response, at: &str) -> TrunkStep {
    let what = TrunkCheck::Registration;
    let said = format!("{at}: REGISTER is answered with {}", told(response));
    let user = trunk.config.credentials.as_ref().map(|credentials| credentials.user.as_str());
    let challenged =
        matches!(response.status_code, StatusCode::Unauthorized | StatusCode::ProxyAuthenticationRequired);
    match (response.status_code.code(), user) {
        (200..300, Some(user)) => good(what, format!("{at}: the registrar takes our proof as `{user}`")),
        (200..300, None) => good(what, format!("{at}: the registrar takes us without a proof")),
        _ if challenged && !is_answerable(response) => bad(
            what,
            format!("{said}, with a challenge that nobody here can answer"),
            "we prove by digest with MD5 or SHA-256: ask the carrier for one of them",
        ),
        (_, None) if challenged => bad(
            what,
            format!("{said}: it wants a proof, and no password is set"),
            "set `password`, and `auth_user` where the carrier gives a name for it",
        ),
        (_, Some(user)) if challenged => bad(
            what,
            format!("{said} once more after our proof as `{user}`: the name or the password is wrong"),
            "compare both with the carrier's page; some want another name for the proof than for the account: `auth_user`",
        ),
        (403 | 603, _) => bad(
            what,
            said,
            "the account may be locked, not be allowed to register, or only from addresses on the carrier's list",
        ),
        (404, _) => bad(what, said, "there is no such account: look at `user` and `address`"),
        // It would have asked for a proof, or told us no, by now.
        (423, _) => good(what, format!("{said}: registrations are made longer by themselves")),
        _ => bad(what, said, "ask the carrier what this means; its log has our Call-ID"),
    }
}

fn told(response: &Response) -> String {
    let reason = response.reason_phrase().unwrap_or_else(|| response.status_code.text());
    format!("{} {reason}", response.status_code.code())
}

fn place(target: &Target) -> String {
    let address: SocketAddr = target.address;
    format!("{address} ({})", target.transport.name())
}

/// One of several that is not as it should be breaks nothing.
fn soften(steps: &mut [TrunkStep], what: TrunkCheck) {
    let bad = steps.iter_mut().filter(|step| step.what == what && step.outcome == StepOutcome::Bad);
    for step in bad {
        step.outcome = StepOutcome::Doubtful;
    }
}

const fn good(what: TrunkCheck, found: String) -> TrunkStep {
    TrunkStep { what, outcome: StepOutcome::Good, found, help: None }
}

fn bad(what: TrunkCheck, found: String, help: &str) -> TrunkStep {
    TrunkStep { what, outcome: StepOutcome::Bad, found, help: Some(help.to_owned()) }
}

const PORT: &str =
    "see whether port and `transport` are what the carrier says, and whether a firewall lets us out";
const ROUTE: &str = "see whether this machine has an address and a route for it, and what `sip.listen` binds";
