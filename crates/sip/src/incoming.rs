//! A call that came in and waits for a verdict.

mod provisional;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use callwright_model::Pii;
use rsipstack::dialog::dialog::{DialogState, TerminatedReason};
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Method, Request, StatusCode};
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use self::provisional::Overdue;
pub(crate) use self::provisional::Ringer;
use crate::Transport;
use crate::endpoint::Shared;
use crate::fields::{CallFields, Replaces};
use crate::inside::{Inside, acknowledged};
use crate::leg::{LegEnd, LegTask, SipLeg, SipLegEvent};
use crate::registrar::InCall;
use crate::request::{ALLOW, Body, EXTENSIONS, SDP, sequence};
use crate::trunk::{Trunk, TrunkPlace};

/// A call that came in. Ring, then accept or reject; dropped without a verdict it is rejected with 480.
#[derive(Debug)]
pub struct IncomingCall {
    /// The call's `Call-ID`.
    pub call_id: String,
    /// Who calls: mostly a number, as E.164 where it came by a trunk that says how it writes numbers. Empty when the caller does not
    /// want it known.
    pub from: Pii<String>,
    /// The whole address of the caller; empty as well.
    pub from_uri: Pii<String>,
    /// Who is called: the user part of the request's address, or the number that a trunk names; empty when there is none.
    pub to_user: String,
    /// The trunk that it came by.
    pub trunk: Option<String>,
    /// Where it came from.
    pub source: SocketAddr,
    /// Our address toward the source: what belongs into the session description when nothing else is configured.
    pub local_ip: IpAddr,
    /// Over what it came.
    pub transport: Transport,
    /// The user of ours whose phone calls: it has proved so, or has registered from where it calls.
    pub user: Option<String>,
    /// The caller's offer; `None` when the caller leaves it to us, and then our answer is an offer.
    pub offer: Option<String>,
    /// What the call carries along.
    pub fields: CallFields,
    /// A leg whose place this call takes (RFC 3891): the one that says [`SipLegControl::is_named_by`](crate::SipLegControl::is_named_by).
    /// It exists, and whoever accepts this call hangs it up.
    pub replaces: Option<Replaces>,
    pub(crate) ring: mpsc::Sender<Option<String>>,
    pub(crate) verdict: oneshot::Sender<Verdict>,
    pub(crate) leg: SipLeg,
}

#[derive(Debug)]
pub(crate) enum Verdict {
    Accept { sdp: String },
    Reject { status: u16, retry_after_s: Option<u32> },
}

impl IncomingCall {
    /// Tells the caller that it rings (180).
    pub fn ring(&self) {
        // Several are as good as one.
        let _ = self.ring.try_send(None);
    }

    /// Sends sound before the answer (183): reliably where the caller knows how (RFC 3262). The answer must then repeat it.
    pub fn ring_with_sound(&self, sdp: String) {
        let _ = self.ring.try_send(Some(sdp));
    }

    /// Answers. [`SipLegEvent::Established`] says that the caller knows; a caller who gave up meanwhile shows as
    /// [`LegEnd::ByPeer`].
    #[must_use = "dropping the leg hangs up"]
    pub fn accept(self, sdp: String) -> SipLeg {
        let _ = self.verdict.send(Verdict::Accept { sdp });
        self.leg
    }

    /// Refuses with a SIP status from 300 to 699; others become 480. `retry_after_s` says when trying again makes sense.
    pub fn reject(self, status: u16, retry_after_s: Option<u32>) {
        let status = if (300..700).contains(&status) { status } else { 480 };
        let _ = self.verdict.send(Verdict::Reject { status, retry_after_s });
    }

    /// What happens before the verdict: a change of the session that was described with [`IncomingCall::ring_with_sound`], or the end.
    pub async fn next(&mut self) -> Option<SipLegEvent> {
        self.leg.next().await
    }

    /// Waits until the caller gives up. Changes of the session before the verdict are refused.
    pub async fn gone(&mut self) -> LegEnd {
        loop {
            match self.leg.next().await {
                Some(SipLegEvent::Ended(end)) => return end,
                Some(_) => {}
                None => return LegEnd::ByPeer(None),
            }
        }
    }
}

/// The task of an incoming call.
pub(crate) struct IncomingTask {
    pub(crate) leg: LegTask,
    pub(crate) ring: mpsc::Receiver<Option<String>>,
    pub(crate) verdict: oneshot::Receiver<Verdict>,
    pub(crate) transaction: TransactionEventSender,
    pub(crate) delayed: bool,
    pub(crate) ringer: Ringer,
    /// What our answer says of the session's life.
    pub(crate) session_headers: Vec<Header>,
    pub(crate) slot: OwnedSemaphorePermit,
    /// Held for as long as the call lasts.
    pub(crate) in_call: Option<InCall>,
    pub(crate) trunk: Option<TrunkPlace>,
}

impl IncomingTask {
    pub(crate) async fn run(mut self) {
        let end = match self.wait().await {
            Ok(()) => self.leg.talk(false).await,
            Err(end) => end,
        };
        drop((self.slot, self.in_call, self.trunk));
        self.leg.finish(SipLegEvent::Ended(end)).await;
    }

    /// Until the verdict. Other orders of these facts are settled by the transaction: whichever answer was first stands.
    async fn wait(&mut self) -> Result<(), LegEnd> {
        let hangup = self.leg.hangup.clone();
        let lost = self.leg.lost.clone();
        let mut accepted: Option<String> = None;
        loop {
            if !self.ringer.is_waiting()
                && let Some(sdp) = accepted.take()
            {
                return self.accept(sdp);
            }
            let due = self.ringer.due();
            tokio::select! {
                biased;
                state = self.leg.states.recv() => match state {
                    Some(DialogState::Terminated(_, reason)) => {
                        self.end_invite(&reason);
                        return Err(LegEnd::ByPeer(self.leg.known.their_reason()));
                    }
                    Some(_) => {}
                    None => return Err(LegEnd::Failed("the dialog is gone".to_owned())),
                },
                // Before the verdict: what was rung is heard before the answer.
                Some(sdp) = self.ring.recv(), if accepted.is_none() => {
                    if sdp.is_some() {
                        self.leg.local_sdp.clone_from(&sdp);
                    }
                    self.ringer.ring(&self.leg, sdp, self.delayed);
                }
                verdict = &mut self.verdict, if accepted.is_none() => match verdict {
                    Ok(Verdict::Accept { sdp }) => accepted = Some(sdp),
                    Ok(Verdict::Reject { status, retry_after_s }) => {
                        self.reject(status, retry_after_s);
                        return Err(LegEnd::ByUs);
                    }
                    Err(_) => {
                        self.reject(480, None);
                        return Err(LegEnd::ByUs);
                    }
                },
                () = hangup.cancelled() => {
                    self.reject(480, None);
                    return Err(LegEnd::ByUs);
                }
                () = lost.cancelled() => return Err(LegEnd::Failed("the caller is out of reach".to_owned())),
                Some(inside) = self.leg.inside.recv() => self.early(inside),
                Some(done) = self.leg.finished.recv() => self.leg.early_done(done),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    match self.ringer.repeat(&self.leg, &self.transaction) {
                        Overdue::Repeated => {}
                        Overdue::GivenUp => {
                            self.reject(504, None);
                            return Err(LegEnd::NotAcknowledged);
                        }
                    }
                }
            }
        }
    }

    /// A request came inside the call before our answer.
    fn early(&mut self, inside: Inside) {
        match inside.request.method {
            Method::PRack => self.acknowledged(inside),
            // RFC 3311 section 5.2: only once the first offer has had its answer for sure.
            Method::Update if self.ringer.settled || inside.request.body.is_empty() => self.leg.early(inside),
            _ => inside.asker.reply(500, vec![Header::RetryAfter("1".into())]),
        }
    }

    /// A PRACK; with an offer, it wants an answer (RFC 3262 section 5).
    fn acknowledged(&mut self, inside: Inside) {
        let Inside { request, asker } = inside;
        let number = acknowledged(&request, &self.leg.dialog.initial_request());
        if !number.is_some_and(|number| self.ringer.acknowledge(number)) {
            let status = if request.rack_value().is_some() { 481 } else { 400 };
            return asker.reply(status, Vec::new());
        }
        match Body::of(&request, &request.body) {
            Body::Nothing => asker.reply(200, Vec::new()),
            Body::Sdp(_) | Body::Other => self.leg.change(&request, asker),
        }
        self.ringer.go_on(&self.leg, self.delayed);
    }

    /// A caller may end a call by BYE before our answer. Its INVITE still wants one, which the library forgets.
    fn end_invite(&self, reason: &TerminatedReason) {
        if matches!(reason, TerminatedReason::UacBye) {
            let refusal = refusal(&self.leg.shared, &self.leg.dialog, 487, None);
            let _ = self.transaction.send(TransactionEvent::Respond(refusal));
        }
    }

    fn accept(&mut self, sdp: String) -> Result<(), LegEnd> {
        if self.delayed {
            self.leg.answer_due = sequence(&self.leg.dialog.initial_request());
        }
        let mut headers = std::mem::take(&mut self.session_headers);
        headers.extend([
            Header::ContentType(SDP.into()),
            Header::Allow(ALLOW.into()),
            Header::Supported(EXTENSIONS.join(", ").into()),
        ]);
        self.leg.local_sdp = Some(sdp.clone());
        self.leg
            .dialog
            .accept(Some(headers), Some(sdp.into_bytes()))
            .map_err(|error| LegEnd::Failed(error.to_string()))
    }

    fn reject(&self, status: u16, retry_after_s: Option<u32>) {
        let dialog = &self.leg.dialog;
        if let Some(seconds) = retry_after_s {
            // The library's refusal takes no headers. The transaction sends the first final answer that it is given and
            // drops the second.
            let refusal = refusal(&self.leg.shared, dialog, status, Some(seconds));
            let _ = self.transaction.send(TransactionEvent::Respond(refusal));
        }
        let _ = dialog.reject(Some(StatusCode::from(status)), None);
    }
}

fn refusal(
    shared: &Arc<Shared>,
    dialog: &rsipstack::dialog::invite_dialog::InviteDialog,
    status: u16,
    retry_after_s: Option<u32>,
) -> rsipstack::sip::Response {
    let mut request = dialog.initial_request();
    if let Ok(to) = request.to_header().cloned() {
        request.headers.unique_push(to.with_tag(dialog.id().local_tag.into()).into());
    }
    let mut response = shared.endpoint.make_response(&request, StatusCode::from(status), None);
    if let Some(seconds) = retry_after_s {
        response.headers.push(Header::RetryAfter(seconds.to_string().into()));
    }
    response
}

/// Who is called. A trunk that we are registered at may call our account; then the number is in `To`.
pub(crate) fn called(request: &Request, trunk: Option<&Trunk>) -> String {
    let to = || {
        let to = request.to_header().ok().and_then(|to| to.typed().ok());
        to.and_then(|to| to.uri.user().map(str::to_owned))
    };
    let asked = request.uri.user().map(str::to_owned);
    let Some(trunk) = trunk else { return asked.or_else(to).unwrap_or_default() };
    let account = asked.is_some() && asked == trunk.config.user;
    let number = if account { to().filter(|user| !user.is_empty()).or(asked) } else { asked.or_else(to) };
    trunk.config.numbers.to_e164(&number.unwrap_or_default())
}
