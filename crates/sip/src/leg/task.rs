//! The task behind a leg.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Method, Request, Response, StatusCode};
use rsipstack::transaction::key::TransactionRole;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::change::Change;
use super::keys::pressed;
use super::refer::Transfer;
use super::{LegEnd, Refer, ReferProgress, SipLeg, SipLegControl, SipLegEvent};
use crate::endpoint::Shared;
use crate::inside::{Asker, Inside};
use crate::registry::Known;
use crate::request::{ALLOW, Body, SDP, content_type, sequence};
use crate::timer::SessionTimer;

/// What the owner of a leg wants.
#[derive(Debug)]
pub(crate) enum Order {
    Reinvite { offer: String },
    Refer(Refer),
}

/// What became of something that a leg's task had others do.
#[derive(Debug)]
pub(crate) enum Done {
    TheirChange { agreed: Option<String>, timer: Option<SessionTimer> },
    OurChange { offer: String, tries: u32, status: u16, sdp: Option<String> },
    Refer { status: u16, agreed: bool },
    Refreshed(Option<Box<Response>>),
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
    pub(crate) known: Arc<Known>,
    orders: mpsc::Receiver<Order>,
    /// Requests inside the dialog that the library does not serve.
    pub(crate) inside: mpsc::Receiver<Inside>,
    pub(super) done: mpsc::Sender<Done>,
    pub(crate) finished: mpsc::Receiver<Done>,
    /// A change of ours that is asked.
    pub(super) ours: Change,
    /// A change of theirs waits for its verdict.
    pub(super) theirs_pending: bool,
    /// A REFER of ours.
    pub(super) transfer: Option<Transfer>,
    /// A REFER of theirs was seen.
    pub(super) refers: bool,
    /// Told when our answer to the last one has gone out.
    pub(super) refer_answer: Option<oneshot::Sender<()>>,
    /// When the session must be refreshed.
    pub(crate) timer: Option<SessionTimer>,
    pub(super) refreshing: bool,
    /// The other end takes UPDATE: a refresh need not propose the session again.
    pub(crate) peer_takes_update: bool,
    /// What we said of the session last.
    pub(crate) local_sdp: Option<String>,
}

/// What the task wakes for.
enum Woken {
    State(Option<DialogState>),
    HangUp,
    Lost,
    Order(Order),
    Done(Done),
    Inside(Inside),
    Due,
}

impl LegTask {
    /// A leg and its task.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        dialog: InviteDialog,
        states: DialogStateReceiver,
    ) -> (SipLeg, Self) {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let (ordering, orders) = mpsc::channel(ORDERS_MAX);
        let (done, finished) = mpsc::channel(ORDERS_MAX);
        let hangup = shared.stop.child_token();
        let answered = Arc::new(AtomicBool::new(false));
        let call_id = dialog.id().call_id;
        let (arriving, inside) = mpsc::channel(ORDERS_MAX);
        let known = Arc::new(Known::new(dialog.clone(), ordering, arriving));
        shared.registry.enter(&known);
        let control = SipLegControl {
            hangup: hangup.clone(),
            answered: Arc::clone(&answered),
            known: Arc::new(OnceLock::from(Arc::clone(&known))),
        };
        let task = Self {
            shared: Arc::clone(shared),
            dialog,
            states,
            events: sender,
            hangup,
            lost: CancellationToken::new(),
            answered,
            answer_due: None,
            known,
            orders,
            inside,
            done,
            finished,
            ours: Change::None,
            theirs_pending: false,
            transfer: None,
            refers: false,
            refer_answer: None,
            timer: None,
            refreshing: false,
            peer_takes_update: false,
            local_sdp: None,
        };
        (SipLeg { events, call_id, control }, task)
    }

    /// From the answer to the end. `established` is false while our answer waits for its ACK.
    pub(crate) async fn talk(&mut self, mut established: bool) -> LegEnd {
        self.answered.store(true, Ordering::Release);
        let mut leaving = false;
        loop {
            match self.woken(established, leaving).await {
                Woken::HangUp => {
                    // A BYE may not overtake the ACK of our answer (RFC 3261 section 15).
                    leaving = true;
                    if established {
                        self.bye();
                        return LegEnd::ByUs;
                    }
                }
                Woken::Lost => return LegEnd::NotAcknowledged,
                Woken::State(None) => return LegEnd::Failed("the dialog is gone".to_owned()),
                Woken::State(Some(DialogState::Confirmed(..))) => {
                    if let Some(gone_out) = self.refer_answer.take() {
                        // Nobody waits for it when the wish was refused.
                        let _ = gone_out.send(());
                    }
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
                Woken::State(Some(DialogState::Terminated(_, reason))) => {
                    return if leaving { LegEnd::ByUs } else { self.end(&reason) };
                }
                Woken::State(Some(state)) => self.asked_inside(state).await,
                Woken::Order(Order::Reinvite { offer }) => self.ask(offer, 0),
                Woken::Order(Order::Refer(refer)) => self.refer(refer).await,
                Woken::Done(Done::TheirChange { agreed, timer }) => self.their_change(agreed, timer),
                Woken::Done(Done::OurChange { offer, tries, status, sdp }) => {
                    if let Err(end) = self.asked(offer, tries, status, sdp).await {
                        return end;
                    }
                }
                Woken::Done(Done::Refer { status, agreed }) => self.refer_answered(status, agreed).await,
                Woken::Done(Done::Refreshed(answer)) => {
                    if let Err(end) = self.refreshed(answer.as_deref()) {
                        return end;
                    }
                }
                Woken::Inside(inside) => self.early(inside),
                Woken::Due => {
                    if let Err(end) = self.due(established).await {
                        return end;
                    }
                }
            }
        }
    }

    async fn woken(&mut self, established: bool, leaving: bool) -> Woken {
        let due = self.next_due();
        // One change at a time (RFC 3261 section 14.1): further wishes wait in their queue.
        let ready = established && !leaving && !self.theirs_pending && matches!(self.ours, Change::None);
        tokio::select! {
            biased;
            state = self.states.recv() => Woken::State(state),
            () = self.hangup.cancelled(), if !leaving => Woken::HangUp,
            () = self.lost.cancelled(), if !established => Woken::Lost,
            Some(done) = self.finished.recv() => Woken::Done(done),
            Some(inside) = self.inside.recv() => Woken::Inside(inside),
            Some(order) = self.orders.recv(), if ready => Woken::Order(order),
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Woken::Due,
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let again = self.ours.due().filter(|_| !self.theirs_pending);
        let transfer = self.transfer.as_ref().map(|transfer| transfer.due);
        let timer = self.timer.as_ref().map(|timer| if self.refreshing { timer.expires } else { timer.due });
        [again, transfer, timer].into_iter().flatten().min()
    }

    /// Some time has come; an error ends the leg.
    async fn due(&mut self, established: bool) -> Result<(), LegEnd> {
        let now = Instant::now();
        self.session_due(now, established)?;
        if self.transfer.as_ref().is_some_and(|transfer| transfer.due <= now) {
            self.refer_goes(ReferProgress::Unknown).await;
        }
        if self.ours.due().is_some_and(|at| at <= now)
            && let Change::Again { offer, tries, .. } = std::mem::take(&mut self.ours)
        {
            self.ask(offer, tries);
        }
        Ok(())
    }

    /// A request came inside the dialog.
    async fn asked_inside(&mut self, state: DialogState) {
        match state {
            DialogState::Updated(_, request, handle) => self.change(&request, Asker::Handle(handle)),
            DialogState::Info(_, request, handle) => self.info(&request, Asker::Handle(handle)),
            DialogState::Options(_, _, handle) => {
                reply(handle, 200, vec![Header::Allow(ALLOW.into()), Header::Accept(SDP.into())]);
            }
            DialogState::Refer(_, request, handle) => self.referred(&request, handle),
            DialogState::Notify(_, request, handle) => self.notified(&request, handle).await,
            DialogState::Message(_, _, handle) | DialogState::Publish(_, _, handle) => {
                reply(handle, 405, vec![Header::Allow(ALLOW.into())]);
            }
            DialogState::Calling(_)
            | DialogState::Trying(_)
            | DialogState::Early(..)
            | DialogState::WaitAck(..)
            | DialogState::Confirmed(..)
            | DialogState::Terminated(..) => {}
        }
    }

    /// A request came before the dialog was confirmed, or a late PRACK.
    pub(crate) fn early(&mut self, inside: Inside) {
        let Inside { request, asker } = inside;
        match request.method {
            Method::Update => self.change(&request, asker),
            Method::Info => self.info(&request, asker),
            _ => asker.reply(481, Vec::new()),
        }
    }

    /// What became of something before the answer: only changes of the other end are possible then.
    pub(crate) fn early_done(&mut self, done: Done) {
        if let Done::TheirChange { agreed, timer } = done {
            self.their_change(agreed, timer);
        }
    }

    /// Our INVITE goes out once more.
    pub(crate) fn begin_again(&mut self, dialog: InviteDialog, states: DialogStateReceiver) {
        self.shared.dialogs.remove_dialog(&self.dialog.id());
        self.known.begin_again(dialog.clone());
        self.dialog = dialog;
        self.states = states;
    }

    /// Tells the owner something that must not be lost.
    pub(crate) async fn tell(&self, event: SipLegEvent) {
        // An owner who let go of the leg has hung up by that.
        let _ = self.events.send(event).await;
    }

    /// The last word. Its dialog is let go of before, so that an owner who does not read holds nothing but the leg itself.
    pub(crate) async fn finish(self, last: SipLegEvent) {
        self.shared.registry.leave(&self.known);
        self.shared.dialogs.remove_dialog(&self.dialog.id());
        self.tell(last).await;
    }

    /// Sends BYE; its own task repeats it until it is answered.
    pub(super) fn bye(&self) {
        let dialog = self.dialog.clone();
        let headers = self.known.our_reason().map(|reason| vec![reason.header()]);
        self.shared.spawn(async move {
            if let Err(error) = dialog.bye_with_headers(headers).await {
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

    fn info(&self, request: &Request, asker: Asker) {
        let kind = content_type(request);
        let text = String::from_utf8_lossy(&request.body);
        match kind.as_deref() {
            Some("application/dtmf-relay" | "application/dtmf") => match pressed(&text) {
                Some((digit, length)) => {
                    self.offer_event(SipLegEvent::Dtmf { digit, length });
                    asker.reply(200, Vec::new());
                }
                None => asker.reply(400, Vec::new()),
            },
            None if request.body.is_empty() => asker.reply(200, Vec::new()),
            _ => asker.reply(415, vec![Header::Accept("application/dtmf-relay, application/dtmf".into())]),
        }
    }

    /// Tells the owner something that a peer can send without end; room is kept for what must not be lost.
    pub(super) fn offer_event(&self, event: SipLegEvent) -> bool {
        let told = self.events.capacity() > EVENTS_KEPT && self.events.try_send(event).is_ok();
        if !told {
            self.shared.gate.counters.dropped_events.count();
        }
        told
    }

    fn end(&self, reason: &TerminatedReason) -> LegEnd {
        match (reason, self.dialog.role()) {
            (TerminatedReason::Timeout, _) => LegEnd::NotAcknowledged,
            (TerminatedReason::UacBye | TerminatedReason::UacCancel, TransactionRole::Server)
            | (TerminatedReason::UasBye, TransactionRole::Client) => {
                LegEnd::ByPeer(self.known.their_reason())
            }
            (TerminatedReason::UacBye | TerminatedReason::UacCancel, TransactionRole::Client)
            | (TerminatedReason::UasBye | TerminatedReason::UasDecline, TransactionRole::Server) => {
                LegEnd::ByUs
            }
            (other, _) => LegEnd::Failed(format!("{other:?}")),
        }
    }
}

/// Answers a request inside the dialog.
pub(super) fn reply(handle: TransactionHandle, status: u16, headers: Vec<Header>) {
    tokio::spawn(async move {
        // The transaction may be over: then nobody waits for it.
        let _ = handle.respond(StatusCode::from(status), Some(headers), None).await;
    });
}

/// Events of one leg that may wait: many keys pressed quickly, and room for the last word.
pub(crate) const EVENTS_MAX: usize = 32;
/// Places kept free for what must not be lost.
const EVENTS_KEPT: usize = 4;
/// Wishes of an owner that may wait: nobody changes a session that often.
const ORDERS_MAX: usize = 8;
