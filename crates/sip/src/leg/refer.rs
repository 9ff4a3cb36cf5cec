//! REFER (RFC 3515): asking the other end to call somebody in our place, and being asked.

use std::time::Duration;

use callwright_model::Pii;
use rsipstack::dialog::dialog::TransactionHandle;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::SipLegEvent;
use super::change::is_success;
use super::task::{Done, LegTask, reply};
use crate::fields::{CallFields, Replaces, escaped, refer_target};
use crate::outgoing::check_uri;
use crate::request::{content_type, sequence};

/// Whom the other end shall call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refer {
    /// A SIP URI.
    pub target: String,
    /// The leg whose place the new call shall take (attended transfer): [`SipLegControl::as_replaces`](super::SipLegControl::as_replaces)
    /// of our leg to the target.
    pub replaces: Option<Replaces>,
    /// On whose wish (`Referred-By`, RFC 3892): a SIP URI.
    pub referred_by: Option<String>,
    /// How long the new call may take to be answered.
    pub patience: Duration,
}

impl Refer {
    /// A blind transfer that may take two minutes.
    pub fn new(target: impl Into<String>) -> Self {
        Self { target: target.into(), replaces: None, referred_by: None, patience: Duration::from_secs(120) }
    }
}

/// How a transfer goes. The last one is `Accepted`, `Refused` or `Unknown`, unless the leg ends before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferProgress {
    /// The other end has agreed to try.
    Trying,
    /// The target rings.
    Ringing,
    /// The target has answered: our leg may be hung up.
    Accepted,
    /// The other end, or the target, has said no.
    Refused {
        /// SIP status.
        status: u16,
    },
    /// Nothing was heard in time, or the other end stopped telling before the outcome.
    Unknown,
}

/// The other end wants us to call somebody in its place. Dropped without a word, it is refused with 603.
#[derive(Debug)]
pub struct IncomingRefer {
    /// Whom to call: a SIP URI.
    pub target: Pii<String>,
    /// Whose place the new call takes: goes into [`OutgoingCall::replaces`](crate::OutgoingCall::replaces), or names a leg of ours
    /// ([`SipLegControl::is_named_by`](super::SipLegControl::is_named_by)).
    pub replaces: Option<Replaces>,
    /// On whose wish (`Referred-By`): a URI.
    pub referred_by: Option<Pii<String>>,
    verdict: oneshot::Sender<Result<mpsc::Receiver<u16>, u16>>,
}

/// Tells the other end by NOTIFY how the transfer it asked for goes. Dropped before the outcome is told, it tells 503.
#[derive(Debug)]
pub struct ReferReporter {
    statuses: mpsc::Sender<u16>,
}

impl IncomingRefer {
    /// Agrees to try (202), which is told along with a first NOTIFY of 100.
    #[must_use = "dropping the reporter tells that the transfer failed"]
    pub fn accept(self) -> ReferReporter {
        let (statuses, told) = mpsc::channel(REPORTS_MAX);
        let _ = self.verdict.send(Ok(told));
        ReferReporter { statuses }
    }

    /// Refuses with a SIP status from 400 to 699; others become 603.
    pub fn reject(self, status: u16) {
        let _ = self.verdict.send(Err(if (400..700).contains(&status) { status } else { 603 }));
    }
}

impl ReferReporter {
    /// The target rings.
    pub fn ringing(&self) {
        self.report(180);
    }

    /// The target has answered.
    pub fn accepted(self) {
        self.report(200);
    }

    /// The target has said no.
    pub fn refused(self, status: u16) {
        self.report(if (300..700).contains(&status) { status } else { 503 });
    }

    fn report(&self, status: u16) {
        // Its channel is wider than the few words there are, unless somebody rings without end.
        let _ = self.statuses.try_send(status);
    }
}

/// A transfer that we asked for.
#[derive(Debug)]
pub(super) struct Transfer {
    /// What was told last.
    told: Option<ReferProgress>,
    /// When silence is an answer.
    pub(super) due: Instant,
    patience: Duration,
}

impl LegTask {
    /// Sends a REFER.
    pub(super) async fn refer(&mut self, refer: Refer) {
        if self.transfer.is_some() {
            return self.tell(SipLegEvent::Referred(ReferProgress::Refused { status: 491 })).await;
        }
        // RFC 6665 calls it timer N: so long the first NOTIFY may take.
        let due = Instant::now() + self.shared.config.t1 * 64;
        self.transfer = Some(Transfer { told: None, due, patience: refer.patience });
        let replaces = refer.replaces.map(|replaces| format!("?Replaces={}", escaped(&replaces.to_string())));
        let target = format!("<{}{}>", refer.target, replaces.unwrap_or_default());
        let mut headers = vec![Header::ReferTo(target.into())];
        headers.extend(refer.referred_by.map(|by| Header::ReferredBy(format!("<{by}>").into())));
        let (dialog, done) = (self.known.dialog(), self.done.clone());
        self.shared.spawn(async move {
            let answer = Box::pin(dialog.request(Method::Refer, Some(headers), None)).await.ok().flatten();
            let status = answer.as_ref().map_or(408, |answer| answer.status_code.code());
            let agreed = answer.is_some_and(|answer| is_success(&answer.status_code));
            let _ = done.send(Done::Refer { status, agreed }).await;
        });
    }

    /// The answer to our REFER. Its first NOTIFY may have come before.
    pub(super) async fn refer_answered(&mut self, status: u16, agreed: bool) {
        if agreed {
            self.refer_goes(ReferProgress::Trying).await;
        } else {
            self.refer_goes(ReferProgress::Refused { status }).await;
        }
    }

    /// A NOTIFY came.
    pub(super) async fn notified(&mut self, request: &Request, handle: TransactionHandle) {
        let event = header(request, "Event").unwrap_or_default();
        if !event.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("refer") {
            return reply(handle, 489, vec![Header::Other("Allow-Events".to_owned(), "refer".to_owned())]);
        }
        if self.transfer.is_none() {
            return reply(handle, 481, Vec::new());
        }
        let state = header(request, "Subscription-State").unwrap_or_default().to_ascii_lowercase();
        let over = state.trim_start().starts_with("terminated");
        let progress = match (sipfrag(request), over) {
            (Some(status @ 200..700), _) if status < 300 => Some(ReferProgress::Accepted),
            (Some(status @ 300..700), _) => Some(ReferProgress::Refused { status }),
            (Some(101..200), false) => Some(ReferProgress::Ringing),
            (Some(_), false) => Some(ReferProgress::Trying),
            (Some(_) | None, true) => Some(ReferProgress::Unknown),
            (None, false) => None,
        };
        match progress {
            Some(progress) => {
                reply(handle, 200, Vec::new());
                self.refer_goes(progress).await;
            }
            None => reply(handle, 400, Vec::new()),
        }
    }

    /// Tells the owner how a transfer goes, each step once.
    pub(super) async fn refer_goes(&mut self, progress: ReferProgress) {
        let Some(transfer) = &mut self.transfer else { return };
        let news = match (transfer.told, progress) {
            (_, ReferProgress::Accepted | ReferProgress::Refused { .. } | ReferProgress::Unknown) => true,
            (None, ReferProgress::Trying) => true,
            (told, ReferProgress::Ringing) => told != Some(ReferProgress::Ringing),
            (Some(_), ReferProgress::Trying) => false,
        };
        match progress {
            ReferProgress::Trying | ReferProgress::Ringing => {
                if transfer.told.is_none() {
                    transfer.due = Instant::now() + transfer.patience;
                }
                transfer.told = Some(progress);
            }
            ReferProgress::Accepted | ReferProgress::Refused { .. } | ReferProgress::Unknown => {
                self.transfer = None;
            }
        }
        if news {
            self.tell(SipLegEvent::Referred(progress)).await;
        }
    }

    /// The other end asks us to call somebody.
    pub(super) fn referred(&mut self, request: &Request, handle: TransactionHandle) {
        let mut targets = request.headers.iter().filter_map(|header| match header {
            Header::ReferTo(target) => Some(target.value()),
            _ => None,
        });
        // RFC 3515 section 2.4.1: exactly one.
        let (Some(target), None) = (targets.next(), targets.next()) else {
            return reply(handle, 400, Vec::new());
        };
        let Some((target, replaces)) = refer_target(target) else {
            return reply(handle, 400, Vec::new());
        };
        if check_uri(&target).is_err() {
            return reply(handle, 416, Vec::new());
        }
        let (fields, ignored) = CallFields::read(request);
        self.shared.gate.counters.ignored_fields.add(ignored);
        let (verdict, awaited) = oneshot::channel();
        let incoming =
            IncomingRefer { target: Pii::new(target), replaces, referred_by: fields.referred_by, verdict };
        if !self.offer_event(SipLegEvent::Refer(Box::new(incoming))) {
            return reply(handle, 500, vec![Header::RetryAfter("5".into())]);
        }
        // RFC 3515 section 2.4.6: the first may go without its number, further ones are told apart by it.
        let id = self.refers.then(|| sequence(request)).flatten();
        self.refers = true;
        let dialog = self.known.dialog();
        // The library confirms the dialog anew when a request inside has had its answer.
        let (gone_out, sent) = oneshot::channel();
        self.refer_answer = Some(gone_out);
        self.shared.spawn(async move {
            match awaited.await {
                Ok(Ok(statuses)) => {
                    let _ = handle.respond(StatusCode::Accepted, None, None).await;
                    // Our 202 is before our NOTIFY. A leg that is over meanwhile lets go of its end.
                    let _ = sent.await;
                    Box::pin(report(dialog, id, statuses)).await;
                }
                Ok(Err(status)) => reply(handle, status, Vec::new()),
                Err(_) => reply(handle, 603, Vec::new()),
            }
        });
    }
}

/// Tells by NOTIFY how a transfer goes, until its outcome.
async fn report(dialog: InviteDialog, id: Option<u32>, mut statuses: mpsc::Receiver<u16>) {
    let mut status = 100;
    loop {
        let over = status >= 200;
        let event = id.map_or_else(|| "refer".to_owned(), |id| format!("refer;id={id}"));
        let state = if over { "terminated;reason=noresource" } else { "active;expires=180" };
        let headers = vec![
            Header::Event(event.into()),
            Header::SubscriptionState(state.into()),
            Header::ContentType("message/sipfrag;version=2.0".into()),
        ];
        let words = StatusCode::from(status);
        let body = format!("SIP/2.0 {status} {}\r\n", words.text());
        let sent = dialog.request(Method::Notify, Some(headers), Some(body.into_bytes())).await;
        // Who does not want to know is not told more (RFC 6665 section 4.2.2).
        let heard = sent.ok().flatten().is_some_and(|answer| is_success(&answer.status_code));
        if over || !heard {
            return;
        }
        status = statuses.recv().await.unwrap_or(503);
    }
}

/// The status in the body of a NOTIFY.
fn sipfrag(request: &Request) -> Option<u16> {
    if content_type(request)? != "message/sipfrag" {
        return None;
    }
    let body = std::str::from_utf8(&request.body).ok()?;
    let status = body.lines().next()?.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()?;
    (100..700).contains(&status).then_some(status)
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.header_value(name)
}

/// A word for each state of a call, and some for telephones that ring again.
const REPORTS_MAX: usize = 16;
