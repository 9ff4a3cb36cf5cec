//! Reliable provisional answers to an INVITE that came in (RFC 3262 section 3).

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use rsipstack::dialog::dialog::DialogState;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Request};
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use tokio::time::Instant;

use crate::leg::LegTask;
use crate::request::SDP;

/// Sends 180 and 183, reliably where the caller wants it.
#[derive(Debug)]
pub(crate) struct Ringer {
    wish: Wish,
    /// Number of the next reliable answer.
    next: u32,
    /// Sent and not acknowledged.
    waiting: Option<Waiting>,
    /// Until then these wait.
    queue: VecDeque<Option<String>>,
    /// A reliable answer of ours carried our answer to the caller's offer, and was acknowledged.
    pub(crate) settled: bool,
}

/// What the caller says of reliable answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// It does not know them.
    Never,
    /// It knows them: sound before the answer is worth one.
    May,
    /// Each must be one.
    Must,
}

#[derive(Debug)]
struct Waiting {
    number: u32,
    has_sdp: bool,
    again: Instant,
    pause: Duration,
    until: Instant,
}

/// What is to be done about an answer that is not acknowledged.
pub(crate) enum Overdue {
    Repeated,
    GivenUp,
}

impl Ringer {
    pub(crate) fn new(invite: &Request) -> Self {
        let wish = if invite.header_contains_token("Require", "100rel") {
            Wish::Must
        } else if invite.header_contains_token("Supported", "100rel") {
            Wish::May
        } else {
            Wish::Never
        };
        // RFC 3262 section 3: the first number is drawn by lot, and leaves room for others.
        let lot = RandomState::new().build_hasher().finish() >> 34;
        let next = u32::try_from(lot).unwrap_or(0) + 1;
        Self { wish, next, waiting: None, queue: VecDeque::new(), settled: false }
    }

    /// Whether a final answer must wait (RFC 3262 section 3): the caller could not tell which of the two came first.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some() || !self.queue.is_empty()
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.waiting.as_ref().map(|waiting| waiting.again.min(waiting.until))
    }

    /// Rings. Where the offer is left to us a reliable answer would have to carry it, so that a caller who insists hears nothing.
    pub(crate) fn ring(&mut self, leg: &LegTask, sdp: Option<String>, delayed: bool) {
        let reliable = match self.wish {
            Wish::Never => false,
            Wish::May => sdp.is_some() && !delayed,
            Wish::Must if delayed => return,
            Wish::Must => true,
        };
        if reliable && self.waiting.is_some() {
            if self.queue.len() < QUEUE_MAX {
                self.queue.push_back(sdp);
            }
            return;
        }
        let mut headers = Vec::new();
        if sdp.is_some() {
            headers.push(Header::ContentType(SDP.into()));
        }
        if reliable {
            headers.push(Header::Require("100rel".into()));
            headers.push(Header::RSeq(self.next.to_string().into()));
            let (t1, now) = (leg.shared.config.t1, Instant::now());
            self.waiting = Some(Waiting {
                number: self.next,
                has_sdp: sdp.is_some(),
                again: now + t1,
                pause: t1,
                until: now + t1 * 64,
            });
            self.next += 1;
        }
        // It fails only when the transaction is over, which `lost` tells.
        let _ = leg.dialog.ringing(Some(headers), sdp.map(String::into_bytes));
    }

    /// Repeats an answer that is not acknowledged, each time after twice the pause.
    pub(crate) fn repeat(&mut self, leg: &LegTask, transaction: &TransactionEventSender) -> Overdue {
        let Some(waiting) = &mut self.waiting else { return Overdue::Repeated };
        let now = Instant::now();
        if now >= waiting.until {
            self.waiting = None;
            self.queue.clear();
            return Overdue::GivenUp;
        }
        waiting.pause *= 2;
        waiting.again = now + waiting.pause;
        if let DialogState::Early(_, response) = leg.dialog.state() {
            // As above.
            let _ = transaction.send(TransactionEvent::Respond(response));
        }
        Overdue::Repeated
    }

    /// A PRACK came. Whether it is for what waits.
    pub(crate) fn acknowledge(&mut self, number: u32) -> bool {
        let matches = self.waiting.as_ref().is_some_and(|waiting| waiting.number == number);
        if matches && let Some(waiting) = self.waiting.take() {
            self.settled |= waiting.has_sdp;
        }
        matches
    }

    /// What waited for the acknowledgement.
    pub(crate) fn go_on(&mut self, leg: &LegTask, delayed: bool) {
        if self.waiting.is_none()
            && let Some(sdp) = self.queue.pop_front()
        {
            self.ring(leg, sdp, delayed);
        }
    }
}

/// Rings that may wait; several are as good as one.
const QUEUE_MAX: usize = 4;
