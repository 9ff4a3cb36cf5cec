//! How many calls a trunk carries: at once, and begun in a second.

use std::time::Duration;

use callwright_model::MonoTime;
use thiserror::Error;

/// Counts calls of both directions. Each call that was let in is given back once.
#[derive(Debug, Clone)]
pub struct CallLimits {
    calls_max: usize,
    /// Time that each new call costs; zero means that they may come as fast as they like.
    spacing: Duration,
    /// How far new calls may run ahead of their spacing: one second's worth, so that a second's calls may come at once.
    ahead_max: Duration,
    calls: usize,
    /// When the calls so far would all have been due, had they come evenly.
    due: MonoTime,
}

/// Why a call is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LimitReached {
    /// All places are taken.
    #[error("all its calls are taken")]
    Calls,
    /// Too many have begun just now; another may after so long.
    #[error("too many calls have begun in a second")]
    Rate {
        /// The wait.
        wait: Duration,
    },
}

impl CallLimits {
    /// Limits; `0` new calls in a second means no limit of that kind.
    #[must_use]
    pub fn new(calls_max: usize, per_second_max: u32) -> Self {
        let spacing = Duration::from_secs(1).checked_div(per_second_max).unwrap_or_default();
        let ahead_max = spacing * per_second_max.saturating_sub(1);
        Self { calls_max, spacing, ahead_max, calls: 0, due: MonoTime::ZERO }
    }

    /// Takes a place for a call.
    ///
    /// # Errors
    /// When there is none; nothing is taken then.
    pub fn take(&mut self, now: MonoTime) -> Result<(), LimitReached> {
        if self.calls >= self.calls_max {
            return Err(LimitReached::Calls);
        }
        let ahead = self.due.since(now);
        if ahead > self.ahead_max {
            return Err(LimitReached::Rate { wait: ahead.saturating_sub(self.ahead_max) });
        }
        self.due = self.due.max(now) + self.spacing;
        self.calls += 1;
        Ok(())
    }

    /// A call is over.
    pub fn give_back(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }

    /// Calls that run.
    #[must_use]
    pub const fn calls(&self) -> usize {
        self.calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_and_the_second_is_kept() {
        let at = MonoTime::from_millis;
        let mut limits = CallLimits::new(3, 2);
        // (at ms, given back before, what is said)
        let rate = |ms| Err(LimitReached::Rate { wait: Duration::from_millis(ms) });
        for (ms, back, expected) in [
            (10_000, 0, Ok(())),
            (10_000, 0, Ok(())),
            (10_000, 0, rate(500)),
            (10_400, 0, rate(100)),
            (10_500, 0, Ok(())),
            (12_000, 0, Err(LimitReached::Calls)),
            (12_000, 1, Ok(())),
            (60_000, 0, Err(LimitReached::Calls)),
            (60_000, 3, Ok(())),
        ] {
            for _ in 0..back {
                limits.give_back();
            }
            assert_eq!(limits.take(at(ms)), expected, "at {ms}");
        }
        assert_eq!(limits.calls(), 1);
    }

    #[test]
    fn without_a_rate_only_places_count() {
        let mut limits = CallLimits::new(1_000, 0);
        assert!((0..1_000).all(|_| limits.take(MonoTime::ZERO).is_ok()));
        assert_eq!(limits.take(MonoTime::ZERO), Err(LimitReached::Calls));
    }

    #[test]
    fn no_more_begin_in_any_second_than_two_seconds_worth() {
        let mut limits = CallLimits::new(usize::MAX, 5);
        let begun: Vec<u64> =
            (0..10_000).filter(|ms| limits.take(MonoTime::from_millis(*ms)).is_ok()).collect();
        // Five at once, then one each 200 ms.
        assert_eq!(begun.len(), 5 + 49);
        assert_eq!(begun[..7], [0, 1, 2, 3, 4, 200, 400]);
    }
}
