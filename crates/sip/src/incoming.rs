//! A call that came in and waits for a verdict.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use callwright_model::Pii;
use rsipstack::dialog::dialog::DialogState;
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Request, StatusCode};
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::Transport;
use crate::endpoint::Shared;
use crate::fields::{CallFields, Replaces};
use crate::leg::{LegEnd, LegTask, SipLeg, SipLegEvent};
use crate::request::{ALLOW, EXTENSIONS, SDP, sequence};

/// A call that came in. Ring, then accept or reject; dropped without a verdict it is rejected with 480.
#[derive(Debug)]
pub struct IncomingCall {
    /// The call's `Call-ID`.
    pub call_id: String,
    /// Who calls: the user part of the `From` address, mostly a number.
    pub from: Pii<String>,
    /// The whole `From` address.
    pub from_uri: Pii<String>,
    /// Who is called: the user part of the request's address; empty when there is none.
    pub to_user: String,
    /// Where it came from.
    pub source: SocketAddr,
    /// Our address toward the source: what belongs into the session description when nothing else is configured.
    pub local_ip: IpAddr,
    /// Over what it came.
    pub transport: Transport,
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

    /// Sends sound before the answer (183). Not repeated: do not rely on it.
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

    /// Waits until the caller gives up. Nothing else happens to a call before its verdict.
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
    pub(crate) slot: OwnedSemaphorePermit,
}

impl IncomingTask {
    pub(crate) async fn run(mut self) {
        let end = match self.wait().await {
            Ok(()) => self.leg.talk(false).await,
            Err(end) => end,
        };
        drop(self.slot);
        self.leg.finish(SipLegEvent::Ended(end)).await;
    }

    /// Until the verdict. Other orders of these facts are settled by the transaction: whichever answer was first stands.
    async fn wait(&mut self) -> Result<(), LegEnd> {
        let hangup = self.leg.hangup.clone();
        let lost = self.leg.lost.clone();
        loop {
            tokio::select! {
                biased;
                state = self.leg.states.recv() => match state {
                    Some(DialogState::Terminated(..)) => {
                        return Err(LegEnd::ByPeer(self.leg.known.their_reason()));
                    }
                    Some(_) => {}
                    None => return Err(LegEnd::Failed("the dialog is gone".to_owned())),
                },
                verdict = &mut self.verdict => match verdict {
                    Ok(Verdict::Accept { sdp }) => return self.accept(sdp),
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
                Some(sdp) = self.ring.recv() => {
                    let headers = sdp.is_some().then(|| vec![Header::ContentType(SDP.into())]);
                    // It fails only when the transaction is over, which `lost` tells.
                    let _ = self.leg.dialog.ringing(headers, sdp.map(String::into_bytes));
                }
            }
        }
    }

    fn accept(&mut self, sdp: String) -> Result<(), LegEnd> {
        if self.delayed {
            self.leg.answer_due = sequence(&self.leg.dialog.initial_request());
        }
        let headers = vec![
            Header::ContentType(SDP.into()),
            Header::Allow(ALLOW.into()),
            Header::Supported(EXTENSIONS.join(", ").into()),
        ];
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
            let refusal = refusal(&self.leg.shared, dialog, status, seconds);
            let _ = self.transaction.send(TransactionEvent::Respond(refusal));
        }
        let _ = dialog.reject(Some(StatusCode::from(status)), None);
    }
}

fn refusal(
    shared: &Arc<Shared>,
    dialog: &rsipstack::dialog::invite_dialog::InviteDialog,
    status: u16,
    retry_after_s: u32,
) -> rsipstack::sip::Response {
    let mut request = dialog.initial_request();
    if let Ok(to) = request.to_header().cloned() {
        request.headers.unique_push(to.with_tag(dialog.id().local_tag.into()).into());
    }
    let mut response = shared.endpoint.make_response(&request, StatusCode::from(status), None);
    response.headers.push(Header::RetryAfter(retry_after_s.to_string().into()));
    response
}

/// Who calls: user part, and whole address.
pub(crate) fn caller(request: &Request) -> (Pii<String>, Pii<String>) {
    let uri = request.from_header().ok().and_then(|from| from.typed().ok()).map(|from| from.uri);
    let whole = uri.as_ref().map(ToString::to_string).unwrap_or_default();
    let user = uri.as_ref().and_then(|uri| uri.user()).map(str::to_owned).unwrap_or_default();
    (Pii::new(user), Pii::new(whole))
}

/// Who is called.
pub(crate) fn called(request: &Request) -> String {
    if let Some(user) = request.uri.user() {
        return user.to_owned();
    }
    let to = request.to_header().ok().and_then(|to| to.typed().ok());
    to.and_then(|to| to.uri.user().map(str::to_owned)).unwrap_or_default()
}
