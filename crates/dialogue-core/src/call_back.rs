//! Calls back: when a caller can be called, by the line's clock and within the hours of its humans, and who is called.

use std::time::Duration;

use callwright_model::{MonoTime, Pii};
use chrono::NaiveDateTime;

use crate::Clock;

/// How calls back are promised for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallBacks {
    /// What time it is where humans are.
    pub clock: Clock,
    /// When humans are there, each from and until, in milliseconds since 1970-01-01 UTC, in order. What is not in it is not promised.
    pub open: Vec<(u64, u64)>,
    /// Nobody is called sooner than this.
    pub soonest: Duration,
    /// How long a time is that is promised.
    pub window: Duration,
}

/// A caller is called back, as they were promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledBack {
    /// What whoever talks with them must know, from the call in which they asked.
    pub briefing: Pii<String>,
}

/// A time that somebody is called in, in milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Window {
    /// Not before.
    pub from_unix_ms: u64,
    /// Not after.
    pub to_unix_ms: u64,
}

/// When a caller wants to be called, by the clock on their wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// As soon as it can be.
    Soon,
    /// From this time on.
    From(NaiveDateTime),
    /// Between two times: "tomorrow morning".
    Between(NaiveDateTime, NaiveDateTime),
}

impl CallBacks {
    /// What can be promised to somebody who wants to be called then: the first time from there on that humans are there for long enough.
    /// `None` when there is none, or it has passed.
    pub(crate) fn window(&self, wanted: Wanted, now: MonoTime) -> Option<Window> {
        let earliest = self.clock.unix_ms(now).saturating_add(millis(self.soonest));
        let (from, until) = match wanted {
            Wanted::Soon => (earliest, None),
            Wanted::From(from) => (self.clock.utc(from)?, None),
            Wanted::Between(from, to) => (self.clock.utc(from)?, Some(self.clock.utc(to)?)),
        };
        let from = from.max(earliest);
        if until.is_some_and(|until| until <= from) {
            return None;
        }
        let length = millis(self.window);
        self.open.iter().find_map(|(open, close)| {
            let from = from.max(*open);
            // When nobody is there in that part of the day, it is the next time that somebody is.
            let to = until.filter(|until| *until > from).unwrap_or_else(|| from.saturating_add(length));
            let to = to.min(*close);
            let enough = to.checked_sub(from).is_some_and(|left| left > 0 && left >= length / 2);
            enough.then_some(Window { from_unix_ms: from, to_unix_ms: to })
        })
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
