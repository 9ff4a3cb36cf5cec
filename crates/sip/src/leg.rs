//! One leg of a call from its answer to its end, whichever side began it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Method, Request, StatusCode};
use rsipstack::transaction::key::TransactionRole;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::endpoint::Shared;
use crate::request::{ALLOW, Body, SDP, content_type, sequence};

/// A leg: what happens to it, and the means to end it. Dropping it hangs up.
#[derive(Debug)]
pub struct SipLeg {
    /// What happens, in order. Ends after [`SipLegEvent::Refused`] or [`SipLegEvent::Ended`].
    pub events: mpsc::Receiver<SipLegEvent>,
    call_id: String,
    control: SipLegControl,
}

/// Ends a leg from anywhere.
#[derive(Debug, Clone)]
pub struct SipLegControl {
    hangup: CancellationToken,
    answered: Arc<AtomicBool>,
}

/// What happens to a leg.
#[derive(Debug)]
pub enum SipLegEvent {
    /// The other end's telephone rings (180, 183); with SDP when it sends sound already. Outgoing only.
    Ringing {
        /// Its session description.
        sdp: Option<String>,
    },
    /// The other end has answered (200). Outgoing only.
    Answered {
        /// Its answer to our offer.
        sdp: Option<String>,
    },
    /// The other end has said no. Outgoing only, and the last event.
    Refused {
        /// SIP status.
        status: u16,
        /// Its words.
        reason: String,
    },
    /// Our answer was acknowledged. Incoming only; and again when our offer in a re-INVITE was answered.
    Established {
        /// The answer to our offer, when the caller had left the offer to us.
        sdp: Option<String>,
    },
    /// The other end wants to change the session: hold, resume, another address.
    Reinvite(Reinvite),
    /// A key pressed, told by INFO instead of in the media.
    Dtmf {
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
        /// How long, as the other end says.
        length: Duration,
    },
    /// It is over; the last event.
    Ended(LegEnd),
}

/// Why a leg is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegEnd {
    /// The other end hung up, or gave up before we answered.
    ByPeer,
    /// We hung up, rejected or gave up.
    ByUs,
    /// Nobody answered in the time we gave.
    NoAnswer,
    /// The other end did not acknowledge our answer.
    NotAcknowledged,
    /// It could not be carried on.
    Failed(String),
}

/// A change of the session that waits for our word. Dropped without one, it is refused with 488 and the session stays as it is.
#[derive(Debug)]
pub struct Reinvite {
    /// The other end's offer; `None` when it wants ours.
    pub offer: Option<String>,
    verdict: oneshot::Sender<Result<String, u16>>,
}

impl SipLeg {
    /// The next event; `None` after the last.
    pub async fn next(&mut self) -> Option<SipLegEvent> {
        self.events.recv().await
    }

    /// The call's `Call-ID`.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// A handle to end it from elsewhere.
    #[must_use]
    pub fn control(&self) -> SipLegControl {
        self.control.clone()
    }

    /// See [`SipLegControl::hangup`].
    pub fn hangup(&self) {
        self.control.hangup();
    }

    /// See [`SipLegControl::cancel`].
    pub fn cancel(&self) {
        self.control.cancel();
    }
}

impl Drop for SipLeg {
    fn drop(&mut self) {
        self.control.hangup();
    }
}

impl SipLegControl {
    /// Ends the leg in the way of its state: CANCEL or 480 before the answer, BYE after it. Never blocks, always passes.
    pub fn hangup(&self) {
        self.hangup.cancel();
    }

    /// Gives up a call that is not answered yet; does nothing to an answered one.
    pub fn cancel(&self) {
        if !self.answered.load(Ordering::Acquire) {
            self.hangup.cancel();
        }
    }
}

impl Reinvite {
    /// Agrees, with our answer, or with our offer when theirs was missing; the answer to that comes as
    /// [`SipLegEvent::Established`].
    pub fn answer(self, sdp: String) {
        // A leg that ended meanwhile needs no answer.
        let _ = self.verdict.send(Ok(sdp));
    }

    /// Refuses the change with a SIP status, such as 488.
    pub fn reject(self, status: u16) {
        let _ = self.verdict.send(Err(status));
    }
}

/// The task behind a leg.
pub(crate) struct LegTask {
    pub(crate) shared: Arc<Shared>,
    pub(crate) dialog: InviteDialog,
    pub(crate) states: DialogStateReceiver,
    pub(crate) events: mpsc::Sender<SipLegEvent>,
    pub(crate) hangup: CancellationToken,
    /// Set by whoever drives the transaction when it ended without an outcome.
    pub(crate) lost: CancellationToken,
    pub(crate) answered: Arc<AtomicBool>,
    /// Sequence number of the INVITE whose ACK carries the answer to our offer.
    pub(crate) answer_due: Option<u32>,
}

impl LegTask {
    /// A leg and its task.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        dialog: InviteDialog,
        states: DialogStateReceiver,
    ) -> (SipLeg, Self) {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let hangup = shared.stop.child_token();
        let answered = Arc::new(AtomicBool::new(false));
        let call_id = dialog.id().call_id;
        let control = SipLegControl { hangup: hangup.clone(), answered: Arc::clone(&answered) };
        let task = Self {
            shared: Arc::clone(shared),
            dialog,
            states,
            events: sender,
            hangup,
            lost: CancellationToken::new(),
            answered,
            answer_due: None,
        };
        (SipLeg { events, call_id, control }, task)
    }

    /// From the answer to the end. `established` is false while our answer waits for its ACK.
    pub(crate) async fn talk(&mut self, mut established: bool) -> LegEnd {
        self.answered.store(true, Ordering::Release);
        let mut leaving = false;
        let hangup = self.hangup.clone();
        let lost = self.lost.clone();
        loop {
            let state = tokio::select! {
                biased;
                state = self.states.recv() => state,
                () = hangup.cancelled(), if !leaving => {
                    // A BYE may not overtake the ACK of our answer (RFC 3261 section 15).
                    leaving = true;
                    if established {
                        self.bye();
                        return LegEnd::ByUs;
                    }
                    continue;
                }
                () = lost.cancelled(), if !established => return LegEnd::NotAcknowledged,
            };
            match state {
                None => return LegEnd::Failed("the dialog is gone".to_owned()),
                Some(DialogState::Confirmed(..)) => {
                    let first = !established;
                    established = true;
                    if leaving {
                        self.bye();
                        return LegEnd::ByUs;
                    }
                    let sdp = self.due_answer();
                    if first || sdp.is_some() {
                        self.tell(SipLegEvent::Established { sdp }).await;
                    }
                }
                Some(DialogState::Terminated(_, reason)) => {
                    return if leaving { LegEnd::ByUs } else { end(&reason, self.dialog.role()) };
                }
                Some(DialogState::Updated(_, request, handle)) => self.change(&request, handle),
                Some(DialogState::Info(_, request, handle)) => self.info(&request, handle),
                Some(DialogState::Options(_, _, handle)) => {
                    reply(handle, 200, vec![Header::Allow(ALLOW.into()), Header::Accept(SDP.into())]);
                }
                Some(DialogState::Refer(_, _, handle)) => reply(handle, 603, Vec::new()),
                Some(DialogState::Notify(_, _, handle)) => reply(handle, 489, Vec::new()),
                Some(DialogState::Message(_, _, handle) | DialogState::Publish(_, _, handle)) => {
                    reply(handle, 405, vec![Header::Allow(ALLOW.into())]);
                }
                Some(
                    DialogState::Calling(_)
                    | DialogState::Trying(_)
                    | DialogState::Early(..)
                    | DialogState::WaitAck(..),
                ) => {}
            }
        }
    }

    /// Tells the owner something that must not be lost.
    pub(crate) async fn tell(&self, event: SipLegEvent) {
        // An owner who let go of the leg has hung up by that.
        let _ = self.events.send(event).await;
    }

    /// The last word. Its dialog is let go of before, so that an owner who does not read holds nothing but the leg itself.
    pub(crate) async fn finish(self, last: SipLegEvent) {
        self.shared.dialogs.remove_dialog(&self.dialog.id());
        self.tell(last).await;
    }

    /// Sends BYE; its own task repeats it until it is answered.
    fn bye(&self) {
        let dialog = self.dialog.clone();
        self.shared.spawn(async move {
            if let Err(error) = dialog.bye().await {
                debug!(%error, "BYE was not answered");
            }
        });
    }

    fn due_answer(&mut self) -> Option<String> {
        let due = self.answer_due?;
        let ack = self.dialog.last_remote_ack()?;
        if sequence(&ack) != Some(due) {
            return None;
        }
        self.answer_due = None;
        Body::of(&ack, &ack.body).into_sdp()
    }

    fn change(&mut self, request: &Request, handle: TransactionHandle) {
        let offer = match Body::of(request, &request.body) {
            Body::Sdp(offer) => Some(offer),
            // An UPDATE without a body only says that the other end is alive.
            Body::Nothing if request.method == Method::Update => return reply(handle, 200, Vec::new()),
            Body::Nothing => None,
            Body::Other => return reply(handle, 415, vec![Header::Accept(SDP.into())]),
        };
        if offer.is_none() {
            self.answer_due = sequence(request);
        }
        let (verdict, awaited) = oneshot::channel();
        if !self.offer_event(SipLegEvent::Reinvite(Reinvite { offer, verdict })) {
            return reply(handle, 500, vec![Header::RetryAfter("5".into())]);
        }
        self.shared.spawn(async move {
            let (status, headers, body) = match awaited.await {
                Ok(Ok(sdp)) => (200, Some(vec![Header::ContentType(SDP.into())]), Some(sdp.into_bytes())),
                Ok(Err(status)) => (status, None, None),
                Err(_) => (488, None, None),
            };
            // The transaction may be over: then the other end has gone or given up.
            let _ = handle.respond(StatusCode::from(status), headers, body).await;
        });
    }

    fn info(&self, request: &Request, handle: TransactionHandle) {
        let kind = content_type(request);
        let text = String::from_utf8_lossy(&request.body);
        match kind.as_deref() {
            Some("application/dtmf-relay" | "application/dtmf") => match pressed(&text) {
                Some((digit, length)) => {
                    self.offer_event(SipLegEvent::Dtmf { digit, length });
                    reply(handle, 200, Vec::new());
                }
                None => reply(handle, 400, Vec::new()),
            },
            None if request.body.is_empty() => reply(handle, 200, Vec::new()),
            _ => reply(handle, 415, vec![Header::Accept("application/dtmf-relay, application/dtmf".into())]),
        }
    }

    /// Tells the owner something that a peer can send without end; room is kept for what must not be lost.
    fn offer_event(&self, event: SipLegEvent) -> bool {
        let told = self.events.capacity() > EVENTS_KEPT && self.events.try_send(event).is_ok();
        if !told {
            self.shared.gate.counters.dropped_events.count();
        }
        told
    }
}

/// Answers a request inside the dialog.
fn reply(handle: TransactionHandle, status: u16, headers: Vec<Header>) {
    tokio::spawn(async move {
        // The transaction may be over: then nobody waits for it.
        let _ = handle.respond(StatusCode::from(status), Some(headers), None).await;
    });
}

fn end(reason: &TerminatedReason, role: TransactionRole) -> LegEnd {
    match (reason, role) {
        (TerminatedReason::Timeout, _) => LegEnd::NotAcknowledged,
        (TerminatedReason::UacBye | TerminatedReason::UacCancel, TransactionRole::Server)
        | (TerminatedReason::UasBye, TransactionRole::Client) => LegEnd::ByPeer,
        (TerminatedReason::UacBye | TerminatedReason::UacCancel, TransactionRole::Client)
        | (TerminatedReason::UasBye | TerminatedReason::UasDecline, TransactionRole::Server) => LegEnd::ByUs,
        (other, _) => LegEnd::Failed(format!("{other:?}")),
    }
}

/// The key in the body of an INFO: `Signal=5`, `Duration=160`, or the bare digit.
pub(crate) fn pressed(body: &str) -> Option<(char, Duration)> {
    let mut signal = None;
    let mut milliseconds = None;
    for line in body.lines() {
        match line.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("signal") => signal = Some(value.trim()),
            Some((name, value)) if name.trim().eq_ignore_ascii_case("duration") => {
                milliseconds = value.trim().parse::<u32>().ok();
            }
            Some(_) => {}
            None => signal = signal.or_else(|| Some(line.trim()).filter(|line| !line.is_empty())),
        }
    }
    let digit = match signal? {
        "10" => '*',
        "11" => '#',
        signal => {
            let mut characters = signal.chars();
            let (Some(digit), None) = (characters.next(), characters.next()) else { return None };
            digit.to_ascii_uppercase()
        }
    };
    let known = matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D');
    let milliseconds = milliseconds.unwrap_or(PRESS_MS).min(PRESS_MS_MAX);
    known.then(|| (digit, Duration::from_millis(milliseconds.into())))
}

/// Events of one leg that may wait: many keys pressed quickly, and room for the last word.
const EVENTS_MAX: usize = 32;
/// Places kept free for what must not be lost.
const EVENTS_KEPT: usize = 4;
/// What telephones send when they do not say how long: the usual length of a tone.
const PRESS_MS: u32 = 160;
/// Nobody keeps a key down longer on purpose.
const PRESS_MS_MAX: u32 = 10_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_read_in_every_dress() {
        for (body, expected) in [
            ("Signal=5\r\nDuration=250\r\n", Some(('5', 250))),
            ("signal = a\nduration = 90", Some(('A', 90))),
            ("Duration=99999999\r\nSignal=11", Some(('#', 10_000))),
            ("Signal=10\r\nDuration=x", Some(('*', 160))),
            ("7", Some(('7', 160))),
            ("Signal=12", None),
            ("Signal=", None),
            ("Signal=E", None),
            ("", None),
        ] {
            let read = pressed(body).map(|(digit, length)| (digit, length.as_millis()));
            assert_eq!(read, expected, "{body:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn junk_is_no_key_and_no_panic(body in "\\PC{0,60}", signal in "[sS]ignal ?=? ?[ -~]{0,4}") {
            for text in [body.clone(), format!("{signal}\r\n{body}")] {
                if let Some((digit, length)) = pressed(&text) {
                    prop_assert!("0123456789*#ABCD".contains(digit));
                    prop_assert!(length <= Duration::from_secs(10));
                }
            }
        }
    }
}
