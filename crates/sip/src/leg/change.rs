//! Changes of the session while it runs: by the other end, and by us.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use rsipstack::sip::{Header, Method, Request, StatusCode, StatusCodeKind};
use rsipstack::transaction::key::TransactionRole;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::task::{Done, LegTask};
use super::{LegEnd, SipLegEvent};
use crate::inside::Asker;
use crate::request::{ALLOW, Body, EXTENSIONS, SDP, sequence};
use crate::timer::{Negotiated, SessionTimer, negotiate};

/// A change of the session that waits for our word. Dropped without one, it is refused with 488 and the session stays as it is.
#[derive(Debug)]
pub struct Reinvite {
    /// The other end's offer; `None` when it wants ours.
    pub offer: Option<String>,
    verdict: oneshot::Sender<Result<String, u16>>,
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

/// A change that we want.
#[derive(Debug, Default)]
pub(super) enum Change {
    #[default]
    None,
    /// It was sent and is not answered.
    Asked,
    /// Both ends asked at once: we ask again then.
    Again { offer: String, at: Instant, tries: u32 },
}

impl Change {
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::None | Self::Asked => None,
            Self::Again { at, .. } => Some(*at),
        }
    }
}

impl LegTask {
    /// The other end changes the session, or says by an empty UPDATE that it is alive.
    pub(crate) fn change(&mut self, request: &Request, asker: Asker) {
        // RFC 3261 section 14.2: one change at a time. While ours is asked theirs must wait, and a second of theirs too.
        if matches!(self.ours, Change::Asked) {
            return asker.reply(491, Vec::new());
        }
        if self.theirs_pending {
            return asker.reply(500, vec![Header::RetryAfter("3".into())]);
        }
        let (session, timer) = match negotiate(request, &self.shared.config, self.timer.as_ref()) {
            Negotiated::Agreed(headers, timer) => (headers, timer),
            Negotiated::TooSmall(min_se) => return asker.reply(422, vec![min_se]),
        };
        let offer = match Body::of(request, &request.body) {
            Body::Sdp(offer) => Some(offer),
            // An UPDATE without a body only says that the other end is alive.
            Body::Nothing if request.method == Method::Update => {
                self.timer = timer;
                return asker.reply(200, session);
            }
            Body::Nothing => None,
            Body::Other => return asker.reply(415, vec![Header::Accept(SDP.into())]),
        };
        if offer.is_none() {
            self.answer_due = sequence(request);
        }
        let (verdict, awaited) = oneshot::channel();
        if !self.offer_event(SipLegEvent::Reinvite(Reinvite { offer, verdict })) {
            return asker.reply(500, vec![Header::RetryAfter("5".into())]);
        }
        self.theirs_pending = true;
        let done = self.done.clone();
        self.shared.spawn(async move {
            let agreed = match awaited.await {
                Ok(Ok(sdp)) => {
                    let mut headers = session;
                    headers.extend([Header::ContentType(SDP.into()), Header::Allow(ALLOW.into())]);
                    asker.respond(200, headers, Some(sdp.clone().into_bytes())).await;
                    Some(sdp)
                }
                Ok(Err(status)) => {
                    asker.respond(status, Vec::new(), None).await;
                    None
                }
                Err(_) => {
                    asker.respond(488, Vec::new(), None).await;
                    None
                }
            };
            let _ = done.send(Done::TheirChange { agreed, timer }).await;
        });
    }

    /// A change of theirs has had its answer.
    pub(super) fn their_change(&mut self, agreed: Option<String>, timer: Option<SessionTimer>) {
        self.theirs_pending = false;
        if agreed.is_some() {
            self.local_sdp = agreed;
            self.timer = timer;
        }
    }

    /// Asks for a change of ours.
    pub(super) fn ask(&mut self, offer: String, tries: u32) {
        self.ours = Change::Asked;
        let (dialog, done) = (self.known.dialog(), self.done.clone());
        self.shared.spawn(async move {
            let headers = vec![
                Header::ContentType(SDP.into()),
                Header::Allow(ALLOW.into()),
                Header::Supported(EXTENSIONS.join(", ").into()),
            ];
            let answer = Box::pin(dialog.reinvite(Some(headers), Some(offer.clone().into_bytes()))).await;
            let answer = answer.ok().flatten();
            let status = answer.as_ref().map_or(408, |answer| answer.status_code.code());
            let sdp = answer.and_then(|answer| Body::of(&answer, &answer.body).into_sdp());
            let _ = done.send(Done::OurChange { offer, tries, status, sdp }).await;
        });
    }

    /// What became of a change of ours; an error ends the leg.
    pub(super) async fn asked(
        &mut self,
        offer: String,
        tries: u32,
        status: u16,
        sdp: Option<String>,
    ) -> Result<(), LegEnd> {
        self.ours = Change::None;
        match status {
            200..300 => {
                self.local_sdp = Some(offer);
                self.tell(SipLegEvent::Reinvited { sdp }).await;
            }
            491 if tries < GLARES_MAX => {
                let at = Instant::now() + back_off(self.known.dialog().role());
                self.ours = Change::Again { offer, at, tries: tries + 1 };
            }
            408 | 481 => {
                self.bye();
                return Err(LegEnd::Failed(format!(
                    "the other end does not know the call any more ({status})"
                )));
            }
            _ => self.tell(SipLegEvent::ReinviteRefused { status }).await,
        }
        Ok(())
    }
}

/// RFC 3261 section 14.1: who owns the Call-ID waits 2.1 to 4 s, the other one up to 2 s, in steps of 10 ms.
fn back_off(role: TransactionRole) -> Duration {
    // Two ends that met once must not meet again: a number drawn by lot, by the only source that std has.
    let lot = RandomState::new().build_hasher().finish();
    let milliseconds = match role {
        TransactionRole::Client => 2_100 + lot % 191 * 10,
        TransactionRole::Server => lot % 201 * 10,
    };
    Duration::from_millis(milliseconds)
}

/// Whether a status is one of success.
pub(super) fn is_success(status: &StatusCode) -> bool {
    status.kind() == StatusCodeKind::Successful
}

/// Two ends that meet so often do not follow the RFC.
const GLARES_MAX: u32 = 5;
