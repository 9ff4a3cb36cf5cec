//! Placing a call.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use callwright_model::Pii;
use rsipstack::Error as LibraryError;
use rsipstack::dialog::DialogId;
use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::dialog::DialogState;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::sip::uri::ParamsExt;
use rsipstack::sip::{Header, Host, Response, Scheme, Transport as Wire, Uri};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::endpoint::Shared;
use crate::error::SipError;
use crate::fields::{CallFields, Replaces};
use crate::gate::local_ip_toward;
use crate::leg::{LegEnd, LegTask, SipLeg, SipLegEvent};
use crate::request::{ALLOW, Body, EXTENSIONS, SDP};

/// A call to place.
#[derive(Debug, Clone)]
pub struct OutgoingCall {
    /// Whom to call: `sip:desk@192.0.2.7:5060`; with `;transport=tcp` over TCP.
    pub to: String,
    /// Who we say we are: a SIP URI.
    pub from: String,
    /// A name to show beside it.
    pub from_name: Option<Pii<String>>,
    /// Our offer.
    pub offer: String,
    /// For a server that asks who we are (digest).
    pub credentials: Option<Credentials>,
    /// What it carries along.
    pub fields: CallFields,
    /// The call at the other end whose place it shall take (RFC 3891).
    pub replaces: Option<Replaces>,
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
            credentials: None,
            fields: CallFields::default(),
            replaces: None,
            answer_time: Duration::from_secs(60),
        }
    }
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
    let parsed = parse(uri)?;
    let peer = peer(uri, &parsed).await?;
    shared.local_ip(peer).ok_or_else(|| SipError::Unreachable(uri.to_owned()))
}

/// Whether the other machine refuses what is sent to a URI's port.
pub(crate) async fn is_deaf(shared: &Shared, uri: &str) -> Result<bool, SipError> {
    let parsed = parse(uri)?;
    let peer = peer(uri, &parsed).await?;
    let local = shared.local_ip(peer).ok_or_else(|| SipError::Unreachable(uri.to_owned()))?;
    if parsed.transport() == Some(&Wire::Tcp) {
        // A connection is refused by itself.
        return Ok(false);
    }
    let refused = async {
        let socket = UdpSocket::bind((local, 0)).await?;
        socket.connect(peer).await?;
        socket.send(KEEP_ALIVE).await?;
        socket.recv(&mut [0; 64]).await
    };
    Ok(match tokio::time::timeout(REFUSAL_TIME, refused).await {
        Ok(Err(error)) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        Ok(Ok(_)) | Err(_) => false,
    })
}

pub(crate) async fn invite(shared: &Arc<Shared>, call: OutgoingCall) -> Result<SipLeg, SipError> {
    if shared.stop.is_cancelled() {
        return Err(SipError::Closed);
    }
    let callee = parse(&call.to)?;
    let caller = parse(&call.from)?;
    let name = call.from_name.as_ref().map(Pii::reveal);
    if name.is_some_and(|name| name.chars().any(|c| c.is_control() || c == '"' || c == '\\')) {
        return Err(SipError::BadUri("a name with quotes or control characters".to_owned()));
    }
    let peer = peer(&call.to, &callee).await?;
    let local = shared.local_ip(peer).ok_or_else(|| SipError::Unreachable(call.to.clone()))?;
    let tcp = callee.transport() == Some(&Wire::Tcp);
    let contact = shared.contact(local, if tcp { crate::Transport::Tcp } else { crate::Transport::Udp })?;
    let credential = call.credentials.map(|credentials| Credential {
        username: credentials.user,
        password: credentials.password.into_inner(),
        realm: None,
        auth_username: None,
    });
    let mut headers = vec![Header::Allow(ALLOW.into()), Header::Supported(EXTENSIONS.join(", ").into())];
    headers.extend(call.fields.write());
    headers.extend(replaces_headers(call.replaces));
    let option = InviteOption {
        caller_display_name: name.map(|name| format!("\"{name}\"")),
        caller,
        callee,
        contact,
        content_type: Some(SDP.to_owned()),
        offer: Some(call.offer.into_bytes()),
        credential,
        headers: Some(headers),
        ..InviteOption::default()
    };
    let (sender, states) = shared.dialogs.new_dialog_state_channel();
    let (dialog, inviting) = shared
        .dialogs
        .do_invite_async(option, sender)
        .map_err(|error| SipError::Library(error.to_string()))?;
    shared.gate.counters.calls_placed.count();
    let (leg, task) = LegTask::new(shared, dialog, states);
    shared.spawn(run(task, inviting, call.answer_time));
    Ok(leg)
}

/// Who does not know `Replaces` must refuse such a call, and not ring besides the one that it should replace.
fn replaces_headers(replaces: Option<Replaces>) -> Vec<Header> {
    let Some(replaces) = replaces else { return Vec::new() };
    vec![Header::Require("replaces".into()), Header::Replaces(replaces.to_string().into())]
}

type Invited = Result<(DialogId, Option<Response>), LibraryError>;

async fn run(mut leg: LegTask, inviting: JoinHandle<Invited>, answer_time: Duration) {
    let last = match wait(&mut leg, inviting, answer_time).await {
        Ok(()) => SipLegEvent::Ended(leg.talk(true).await),
        Err(last) => last,
    };
    leg.finish(last).await;
}

/// Until the other end has answered, or the last event is known.
async fn wait(
    leg: &mut LegTask,
    mut inviting: JoinHandle<Invited>,
    answer_time: Duration,
) -> Result<(), SipLegEvent> {
    let hangup = leg.hangup.clone();
    let mut given_up: Option<LegEnd> = None;
    let mut finished: Option<Response> = None;
    let mut running = true;
    let mut patience = pin!(tokio::time::sleep(answer_time));
    loop {
        tokio::select! {
            biased;
            state = leg.states.recv() => match state {
                Some(DialogState::Early(_, response)) if given_up.is_none() => {
                    let sdp = Body::of(&response, &response.body).into_sdp();
                    leg.tell(SipLegEvent::Ringing { sdp }).await;
                }
                Some(DialogState::Confirmed(_, response)) => {
                    let sdp = Body::of(&response, &response.body).into_sdp();
                    leg.tell(SipLegEvent::Answered { sdp }).await;
                    return Ok(());
                }
                Some(DialogState::Terminated(..)) => {
                    if let Some(end) = given_up {
                        return Err(SipLegEvent::Ended(end));
                    }
                    if running {
                        finished = outcome((&mut inviting).await)?;
                    }
                    return Err(finished.map_or_else(
                        || SipLegEvent::Ended(LegEnd::Failed("the invitation ended without an answer".to_owned())),
                        |response| refused(&response),
                    ));
                }
                Some(_) => {}
                None => return Err(SipLegEvent::Ended(LegEnd::Failed("the dialog is gone".to_owned()))),
            },
            result = &mut inviting, if running => {
                running = false;
                finished = outcome(result)?;
            }
            () = hangup.cancelled(), if given_up.is_none() => {
                given_up = Some(LegEnd::ByUs);
                give_up(leg);
                patience.as_mut().reset(tokio::time::Instant::now() + CANCEL_TIME);
            }
            () = &mut patience => {
                if let Some(end) = given_up {
                    // The other end does not even answer the CANCEL; the library goes on with it behind our back.
                    inviting.abort();
                    return Err(SipLegEvent::Ended(end));
                }
                given_up = Some(LegEnd::NoAnswer);
                give_up(leg);
                patience.as_mut().reset(tokio::time::Instant::now() + CANCEL_TIME);
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

fn outcome(result: Result<Invited, tokio::task::JoinError>) -> Result<Option<Response>, SipLegEvent> {
    match result {
        Ok(Ok((_, response))) => Ok(response),
        Ok(Err(error)) => Err(SipLegEvent::Ended(LegEnd::Failed(error.to_string()))),
        Err(error) => Err(SipLegEvent::Ended(LegEnd::Failed(error.to_string()))),
    }
}

fn refused(response: &Response) -> SipLegEvent {
    SipLegEvent::Refused {
        status: response.status_code.code(),
        reason: response.reason_phrase().unwrap_or_else(|| response.status_code.text()).to_owned(),
    }
}

fn parse(text: &str) -> Result<Uri, SipError> {
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
    if uri.scheme != Some(Scheme::Sip) || !named {
        return Err(bad());
    }
    match uri.transport() {
        None | Some(Wire::Udp | Wire::Tcp) => Ok(uri),
        Some(_) => Err(bad()),
    }
}

async fn peer(text: &str, uri: &Uri) -> Result<SocketAddr, SipError> {
    let port = uri.host_with_port.port.as_ref().map_or(5060, |port| port.value());
    match uri.host() {
        Host::IpAddr(ip) => Ok(SocketAddr::new(*ip, port)),
        Host::Domain(domain) => tokio::net::lookup_host((domain.0.as_str(), port))
            .await
            .ok()
            .and_then(|mut found| found.next())
            .ok_or_else(|| SipError::Unreachable(text.to_owned())),
    }
}

impl Shared {
    /// Our address toward a peer: the one we listen on, or, where that is all of them, the one the system would take.
    pub(crate) fn local_ip(&self, peer: SocketAddr) -> Option<IpAddr> {
        let same_family = |address: &&SocketAddr| address.is_ipv4() == peer.is_ipv4();
        let listening = self.listening.iter().find(same_family).or(self.listening.first())?;
        if listening.ip().is_unspecified() { local_ip_toward(peer) } else { Some(listening.ip()) }
    }
}

/// RFC 5626, 3.5.1: no SIP element minds it, and some answer.
const KEEP_ALIVE: &[u8] = b"\r\n\r\n";
/// A refusal comes within a round trip, and most networks are narrower than this.
const REFUSAL_TIME: Duration = Duration::from_millis(300);
/// A CANCEL is answered within a round trip by anyone who lives.
const CANCEL_TIME: Duration = Duration::from_secs(4);
