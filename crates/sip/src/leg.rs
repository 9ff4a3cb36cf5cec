//! One leg of a call from its answer to its end, whichever side began it.

mod change;
mod keys;
mod refer;
mod refresh;
mod task;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::change::Reinvite;
#[cfg(any(test, fuzzing))]
pub(crate) use self::keys::pressed;
pub use self::refer::{IncomingRefer, Refer, ReferProgress, ReferReporter};
pub(crate) use self::task::{EVENTS_MAX, LegTask, Order};
use crate::error::SipError;
use crate::fields::{Reason, Replaces};
use crate::outgoing::check_uri;
use crate::registry::Known;

/// A leg: what happens to it, and the means to end it. Dropping it hangs up.
#[derive(Debug)]
pub struct SipLeg {
    /// What happens, in order. Ends after [`SipLegEvent::Refused`] or [`SipLegEvent::Ended`].
    pub events: mpsc::Receiver<SipLegEvent>,
    call_id: String,
    control: SipLegControl,
}

/// Changes and ends a leg from anywhere.
#[derive(Debug, Clone)]
pub struct SipLegControl {
    hangup: CancellationToken,
    answered: Arc<AtomicBool>,
    /// The dialog; of several phones that ring, that of the one that has answered.
    known: Arc<OnceLock<Arc<Known>>>,
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
    /// What we asked for by [`SipLegControl::reinvite`] is agreed.
    Reinvited {
        /// The other end's answer.
        sdp: Option<String>,
    },
    /// What we asked for by [`SipLegControl::reinvite`] is refused; the session stays as it was.
    ReinviteRefused {
        /// SIP status.
        status: u16,
    },
    /// The other end wants us to call somebody in its place.
    Refer(Box<IncomingRefer>),
    /// What became of [`SipLegControl::refer`] so far.
    Referred(ReferProgress),
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
    /// The other end hung up, or gave up before we answered; with what its `Reason` says.
    ByPeer(Option<Reason>),
    /// We hung up, rejected or gave up.
    ByUs,
    /// Nobody answered in the time we gave.
    NoAnswer,
    /// The session was not refreshed in time (RFC 4028): the other end, or the way to it, is gone.
    Expired,
    /// The other end did not acknowledge our answer.
    NotAcknowledged,
    /// It could not be carried on.
    Failed(String),
}

impl SipLeg {
    /// One leg in the place of several, of which `first` is one.
    pub(crate) fn joined(
        first: &Self,
        events: mpsc::Receiver<SipLegEvent>,
        hangup: CancellationToken,
        answered: Arc<AtomicBool>,
        known: Arc<OnceLock<Arc<Known>>>,
    ) -> Self {
        Self { events, call_id: first.call_id.clone(), control: SipLegControl { hangup, answered, known } }
    }

    /// The next event; `None` after the last.
    pub async fn next(&mut self) -> Option<SipLegEvent> {
        self.events.recv().await
    }

    /// The call's `Call-ID`.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// A handle to change or end it from elsewhere.
    #[must_use]
    pub fn control(&self) -> SipLegControl {
        self.control.clone()
    }

    /// The dialogs of a leg that is only one.
    pub(crate) fn known(&self) -> Option<Arc<Known>> {
        self.control.known.get().cloned()
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

    /// As [`SipLegControl::hangup`], and the BYE or CANCEL says why (RFC 3326).
    pub fn hangup_because(&self, reason: Reason) {
        if let Some(known) = self.known.get() {
            known.set_our_reason(reason);
        }
        self.hangup();
    }

    /// Gives up a call that is not answered yet; does nothing to an answered one.
    pub fn cancel(&self) {
        if !self.answered.load(Ordering::Acquire) {
            self.hangup.cancel();
        }
    }

    /// Proposes another session by re-INVITE: hold, resume, another codec. What the other end says comes as
    /// [`SipLegEvent::Reinvited`] or [`SipLegEvent::ReinviteRefused`]. Before the answer it waits for it. When both ends ask at
    /// once (491) it is asked again after a while (RFC 3261 section 14.1); an end that does not know the call any more, or does not
    /// answer, ends the leg.
    ///
    /// # Errors
    /// When the leg is over, or other wishes wait already.
    pub fn reinvite(&self, offer: String) -> Result<(), SipError> {
        self.order(Order::Reinvite { offer })
    }

    /// Asks the other end to call somebody else in our place (RFC 3515). Progress comes as [`SipLegEvent::Referred`]; one at a time.
    ///
    /// # Errors
    /// When the leg is over, other wishes wait already, or an address is not a SIP URI.
    pub fn refer(&self, refer: Refer) -> Result<(), SipError> {
        check_uri(&refer.target)?;
        if let Some(by) = &refer.referred_by {
            check_uri(by)?;
        }
        self.order(Order::Refer(refer))
    }

    /// How this leg is named to the one at its other end: what goes into [`Refer::replaces`] so that somebody else takes our place in
    /// it. `None` before the other end has answered anything.
    #[must_use]
    pub fn as_replaces(&self) -> Option<Replaces> {
        self.known.get()?.as_replaces()
    }

    /// Whether a call that came in means this leg by its [`IncomingCall::replaces`](crate::IncomingCall::replaces).
    #[must_use]
    pub fn is_named_by(&self, replaces: &Replaces) -> bool {
        self.known.get().is_some_and(|known| known.is_named_by(replaces))
    }

    fn order(&self, order: Order) -> Result<(), SipError> {
        let known = self.known.get().ok_or(SipError::Busy)?;
        known.orders.try_send(order).map_err(|_| SipError::Busy)
    }
}
