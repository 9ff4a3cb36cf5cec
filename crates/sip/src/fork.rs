//! Ringing a user: all of their phones at once, and the first that answers has the call (RFC 3261 section 16.7, step 10).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::endpoint::Shared;
use crate::error::SipError;
use crate::fields::Reason;
use crate::leg::{EVENTS_MAX, LegEnd, SipLeg, SipLegEvent};
use crate::outgoing::{OutgoingCall, place_at};
use crate::registrar::InCall;
use crate::registry::Known;

/// A call to all phones of a user, as one leg.
pub(crate) async fn ring(shared: &Arc<Shared>, user: &str, call: OutgoingCall) -> Result<SipLeg, SipError> {
    let absent = || SipError::NotRegistered(user.to_owned());
    let in_call = shared.registrar.in_call(user).ok_or_else(absent)?;
    let mut phones = Vec::new();
    let mut problem = None;
    for binding in shared.registrar.bindings_of(user) {
        match place_at(shared, call.clone(), &binding).await {
            Ok(phone) => phones.push(phone),
            Err(error) => problem = Some(error),
        }
    }
    let Some(first) = phones.first() else { return Err(problem.unwrap_or_else(absent)) };
    let (events, received) = mpsc::channel(EVENTS_MAX);
    let hangup = shared.stop.child_token();
    let answered = Arc::new(AtomicBool::new(false));
    let known = Arc::new(OnceLock::new());
    let leg = SipLeg::joined(first, received, hangup.clone(), Arc::clone(&answered), Arc::clone(&known));
    let fork = Fork { several: phones.len() > 1, phones, events, hangup, answered, known, _in_call: in_call };
    shared.spawn(fork.run());
    Ok(leg)
}

struct Fork {
    phones: Vec<SipLeg>,
    several: bool,
    events: mpsc::Sender<SipLegEvent>,
    hangup: CancellationToken,
    answered: Arc<AtomicBool>,
    known: Arc<OnceLock<Arc<Known>>>,
    _in_call: InCall,
}

impl Fork {
    async fn run(mut self) {
        let Some(mut winner) = self.until_answered().await else { return };
        let mut leaving = false;
        loop {
            let event = tokio::select! {
                biased;
                () = self.hangup.cancelled(), if !leaving => {
                    leaving = true;
                    winner.hangup();
                    continue;
                }
                event = winner.next() => event,
            };
            match event {
                Some(event) => self.tell(event).await,
                None => return,
            }
        }
    }

    /// The phone that has answered; `None` when there is none, which was told.
    async fn until_answered(&mut self) -> Option<SipLeg> {
        let mut worst: Option<SipLegEvent> = None;
        let mut rings = false;
        let mut leaving = false;
        while !self.phones.is_empty() {
            let hangup = self.hangup.clone();
            let (place, event) = tokio::select! {
                biased;
                () = hangup.cancelled(), if !leaving => {
                    leaving = true;
                    self.phones.iter().for_each(SipLeg::hangup);
                    continue;
                }
                next = next_of(&mut self.phones) => next,
            };
            match event {
                Some(SipLegEvent::Ringing { sdp }) => {
                    // Sound of several phones before the answer would be a mixture of them.
                    if !self.several || !rings {
                        self.tell(SipLegEvent::Ringing { sdp: sdp.filter(|_| !self.several) }).await;
                    }
                    rings = true;
                }
                Some(SipLegEvent::Answered { sdp }) => return Some(self.answered(place, sdp).await),
                Some(last @ (SipLegEvent::Refused { .. } | SipLegEvent::Ended(_))) => {
                    self.phones.swap_remove(place);
                    worst = Some(
                        worst.map_or_else(|| last_word(&last), |other| stronger(other, last_word(&last))),
                    );
                }
                // Nothing else comes before the answer.
                Some(_) => {}
                None => drop(self.phones.swap_remove(place)),
            }
        }
        let gone = || SipLegEvent::Ended(LegEnd::Failed("no phone is left".to_owned()));
        self.tell(worst.unwrap_or_else(gone)).await;
        None
    }

    /// The others stop ringing, and show no missed call. One that answers at the same moment is hung up on.
    async fn answered(&mut self, place: usize, sdp: Option<String>) -> SipLeg {
        let winner = self.phones.swap_remove(place);
        for other in self.phones.drain(..) {
            other.control().hangup_because(Reason {
                protocol: "SIP".to_owned(),
                cause: Some(200),
                text: Some("Call completed elsewhere".to_owned()),
            });
        }
        if let Some(known) = winner.known() {
            // Nobody else sets it.
            let _ = self.known.set(known);
        }
        self.answered.store(true, Ordering::Release);
        self.tell(SipLegEvent::Answered { sdp }).await;
        winner
    }

    async fn tell(&self, event: SipLegEvent) {
        // An owner who let go of the leg has hung up by that.
        let _ = self.events.send(event).await;
    }
}

/// The next event of any of them.
async fn next_of(phones: &mut [SipLeg]) -> (usize, Option<SipLegEvent>) {
    std::future::poll_fn(|context| {
        for (place, phone) in phones.iter_mut().enumerate() {
            if let Poll::Ready(event) = phone.events.poll_recv(context) {
                return Poll::Ready((place, event));
            }
        }
        Poll::Pending
    })
    .await
}

fn last_word(event: &SipLegEvent) -> SipLegEvent {
    match event {
        SipLegEvent::Refused { status, reason } => {
            SipLegEvent::Refused { status: *status, reason: reason.clone() }
        }
        SipLegEvent::Ended(end) => SipLegEvent::Ended(end.clone()),
        _ => SipLegEvent::Ended(LegEnd::ByUs),
    }
}

/// Which of two ends is told: a person's no for all phones before everything else, then what a phone says, then what we know.
fn stronger(a: SipLegEvent, b: SipLegEvent) -> SipLegEvent {
    let rank = |event: &SipLegEvent| match event {
        SipLegEvent::Refused { status, .. } if *status >= 600 => 0,
        SipLegEvent::Refused { status, .. } => *status,
        _ => u16::MAX,
    };
    if rank(&b) < rank(&a) { b } else { a }
}
