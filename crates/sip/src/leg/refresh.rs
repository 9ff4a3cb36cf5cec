//! A session is refreshed in time, or ended (RFC 4028 section 10).

use rsipstack::sip::{Header, Method, Response};
use tokio::time::Instant;

use super::LegEnd;
use super::change::Change;
use super::task::{Done, LegTask};
use crate::fields::Reason;
use crate::request::{ALLOW, EXTENSIONS, SDP, allows};
use crate::timer::{SessionTimer, agreed, wanted};

impl LegTask {
    /// The other end's words when the session began: what it knows, and what was agreed.
    pub(crate) fn session_begins(&mut self, answer: &Response) {
        self.timer = agreed(answer);
        self.peer_takes_update = allows(answer, "UPDATE");
    }

    /// Refreshes the session, or ends it.
    pub(super) fn session_due(&mut self, now: Instant, established: bool) -> Result<(), LegEnd> {
        let Some(timer) = &mut self.timer else { return Ok(()) };
        let over = now >= timer.expires || (now >= timer.due && !timer.is_ours());
        if over {
            self.timer = None;
            self.known.set_our_reason(Reason::q850(CAUSE_TIMER, "Session timer expired"));
            self.bye();
            return Err(LegEnd::Expired);
        }
        if now < timer.due || self.refreshing {
            return Ok(());
        }
        // One change at a time; and before the ACK there is nothing to refresh.
        if !established || self.theirs_pending || !matches!(self.ours, Change::None) {
            timer.try_again();
            return Ok(());
        }
        let mut headers = timer.headers(&self.shared.config);
        headers.push(Header::Supported(EXTENSIONS.join(", ").into()));
        self.refresh(headers);
        Ok(())
    }

    /// By UPDATE where the other end takes it; else by proposing what holds already.
    fn refresh(&mut self, mut headers: Vec<Header>) {
        self.refreshing = true;
        let (dialog, done) = (self.known.dialog(), self.done.clone());
        let body = self.local_sdp.clone().filter(|_| !self.peer_takes_update);
        if body.is_some() {
            self.ours = Change::Asked;
        }
        self.shared.spawn(async move {
            let answer = match body {
                Some(sdp) => {
                    headers.extend([Header::ContentType(SDP.into()), Header::Allow(ALLOW.into())]);
                    Box::pin(dialog.reinvite(Some(headers), Some(sdp.into_bytes()))).await
                }
                None => Box::pin(dialog.request(Method::Update, Some(headers), None)).await,
            };
            let _ = done.send(Done::Refreshed(answer.ok().flatten().map(Box::new))).await;
        });
    }

    /// What the other end says to our refresh.
    pub(super) fn refreshed(&mut self, answer: Option<&Response>) -> Result<(), LegEnd> {
        self.refreshing = false;
        if matches!(self.ours, Change::Asked) {
            self.ours = Change::None;
        }
        let status = answer.map_or(408, |answer| answer.status_code.code());
        match status {
            // An end that does not know timers does not stop ours.
            200..300 => {
                let asked = self.timer.map(SessionTimer::again);
                self.timer = answer.and_then(agreed).or(asked);
            }
            408 | 481 => {
                self.timer = None;
                self.known.set_our_reason(Reason::q850(CAUSE_TIMER, "Session timer expired"));
                self.bye();
                return Err(LegEnd::Expired);
            }
            422 => {
                let wanted = answer.and_then(wanted);
                self.timer = self.timer.map(|timer| wanted.map_or(timer, |wanted| timer.longer(wanted)));
            }
            // Refused for another reason, mostly 491: the session lives until its end, and is asked for again before.
            _ => {
                if let Some(timer) = &mut self.timer {
                    timer.try_again();
                }
            }
        }
        Ok(())
    }
}

/// Q.850: recovery on timer expiry.
const CAUSE_TIMER: u16 = 102;
