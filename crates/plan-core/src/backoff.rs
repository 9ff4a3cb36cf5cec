//! How long is waited before a call is made again.
//!
//! Each attempt may wait twice as long as the one before, up to a cap, and of that half for certain and half by lot: "equal jitter" in
//! Marc Brooker's [Exponential Backoff And Jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/) (2015).
//! Without a lot, all plans that lost one system come back to it at the same moment. His "full jitter", which may wait not at all,
//! spreads a little better, but a plan has a handful of attempts and must not spend them within the first milliseconds.
//!
//! The lot is drawn from a seed, which is the plan, the step, what is called for, and the attempt: one log gives one wait, also after a
//! restart, and an explanation can tell it.

use std::time::Duration;

use callwright_model::PlanId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The bounds of the waits between the attempts of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// The most that is waited before the second attempt, in milliseconds; half of it is waited for certain.
    pub first_ms: u32,
    /// The most that is waited before any attempt, in milliseconds.
    pub cap_ms: u32,
}

impl Default for Backoff {
    /// The first comes soon, for most losses are single; the last is what a caller still bears to listen to hold sound for.
    fn default() -> Self {
        Self { first_ms: 50, cap_ms: 2_000 }
    }
}

impl Backoff {
    /// How long is waited before an attempt, counted from 1, of what is called `what` in this plan. Nothing before the first.
    #[must_use]
    pub fn wait(self, plan: &PlanId, what: &str, attempt: u32) -> Duration {
        let most = self.most(attempt);
        let lot = u128::from(seed(plan, what, attempt));
        let half = most.as_micros() / 2;
        let micros = half + ((half * lot) >> 64);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// The most that is waited before an attempt.
    #[must_use]
    pub fn most(self, attempt: u32) -> Duration {
        let Some(doublings) = attempt.checked_sub(2) else { return Duration::ZERO };
        let most = u64::from(self.first_ms).saturating_mul(2_u64.saturating_pow(doublings));
        Duration::from_millis(most.min(self.cap_ms.into()))
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Parts are kept apart by a byte that is in none of them, so that no two things share a seed.
fn seed(plan: &PlanId, what: &str, attempt: u32) -> u64 {
    let digest = Sha256::new()
        .chain_update(plan.0.as_bytes())
        .chain_update([0])
        .chain_update(what.as_bytes())
        .chain_update([0])
        .chain_update(attempt.to_be_bytes())
        .finalize();
    digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(id: &str) -> PlanId {
        PlanId(id.to_owned())
    }

    #[test]
    fn a_later_attempt_may_wait_longer_but_never_long_and_half_of_it_for_certain() {
        let backoff = Backoff::default();
        let most: Vec<u128> = (0..9).map(|attempt| backoff.most(attempt).as_millis()).collect();
        assert_eq!(most, [0, 0, 50, 100, 200, 400, 800, 1_600, 2_000]);
        assert_eq!(backoff.most(u32::MAX).as_millis(), 2_000);
        for attempt in 0..40 {
            for id in 0..50 {
                let wait = backoff.wait(&plan(&id.to_string()), "3", attempt);
                let most = backoff.most(attempt);
                assert!(most / 2 <= wait && wait <= most, "{wait:?} of {most:?} before attempt {attempt}");
            }
        }
    }

    #[test]
    fn plans_and_steps_and_attempts_wait_differently_and_each_always_the_same() {
        let backoff = Backoff { first_ms: 1_000, cap_ms: 1_000 };
        let wait = |id: &str, what: &str, attempt| backoff.wait(&plan(id), what, attempt);
        assert_eq!(wait("a", "3", 2), wait("a", "3", 2));
        let waits =
            [wait("a", "3", 2), wait("b", "3", 2), wait("a", "4", 2), wait("a", "3", 3), wait("a3", "", 2)];
        let different: std::collections::BTreeSet<Duration> = waits.into_iter().collect();
        assert_eq!(different.len(), waits.len(), "{waits:?}");
    }

    #[test]
    fn a_hundred_plans_are_spread_over_the_half_that_is_drawn() {
        let backoff = Backoff { first_ms: 1_000, cap_ms: 1_000 };
        let mut tenths = [0; 10];
        for id in 0..100 {
            let beyond = backoff.wait(&plan(&id.to_string()), "1", 2).as_millis() - 500;
            tenths[usize::try_from(beyond / 50).unwrap_or(usize::MAX).min(9)] += 1;
        }
        // Ten each, were the lot even; a clump of all plans would be the failure.
        assert!(tenths.iter().all(|&count| (1..=25).contains(&count)), "{tenths:?}");
    }
}
