//! Nonces: made without keeping anything, and counted once they are used (RFC 7616 sections 3.3 and 3.4).
//!
//! A nonce holds when it was made and a code over that with a secret of this process, so a flood of challenges costs no memory.
//! The counts that were used with a nonce are kept, so that nobody repeats what was heard.

use std::collections::BTreeMap;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::digest::hexadecimal;

/// Makes and judges nonces. Times count from the start of the endpoint.
pub(crate) struct Nonces {
    secret: [u8; 32],
    made: u64,
    used: BTreeMap<Stamp, Used>,
    /// Counts of nonces made before this are not kept any more, so those nonces are over.
    forgotten: Duration,
}

/// When a nonce was made, and which one it was: names it among those of this process.
type Stamp = (Duration, u64);

/// What was used with a nonce: the highest count, and which of the 64 up to it.
#[derive(Debug, Default)]
struct Used {
    highest: u32,
    below: u64,
}

/// What a nonce is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    /// It is ours, of now, and was not used with this count.
    Good,
    /// It is ours, and over.
    Stale,
    /// It is ours, and this count was used.
    Replayed,
    /// We have not made it.
    Foreign,
}

impl Nonces {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret, made: 0, used: BTreeMap::new(), forgotten: Duration::ZERO }
    }

    /// A new nonce.
    pub(crate) fn make(&mut self, now: Duration) -> String {
        self.made += 1;
        let stamp = format!("{:016x}{:016x}", micros(now), self.made);
        format!("{stamp}{}", self.code(&stamp))
    }

    /// What a nonce with a count is worth. Changes nothing: what does not prove to be of a user must not use it up.
    pub(crate) fn judge(&self, nonce: &str, count: u32, now: Duration) -> Worth {
        let Some(stamp) = self.stamp(nonce) else { return Worth::Foreign };
        if now.saturating_sub(stamp.0) > LIFE || stamp.0 < self.forgotten {
            return Worth::Stale;
        }
        match self.used.get(&stamp) {
            Some(used) if used.holds(count) => Worth::Replayed,
            Some(_) | None => Worth::Good,
        }
    }

    /// Notes that a count was used with a nonce that [`Nonces::judge`] called good.
    pub(crate) fn use_up(&mut self, nonce: &str, count: u32, now: Duration) {
        let Some(stamp) = self.stamp(nonce) else { return };
        // The oldest are the first.
        while self.used.first_key_value().is_some_and(|((made, _), _)| now.saturating_sub(*made) > LIFE) {
            self.used.pop_first();
        }
        if self.used.len() >= KEPT_MAX
            && let Some(((made, _), _)) = self.used.pop_first()
        {
            self.forgotten = self.forgotten.max(made + Duration::from_micros(1));
        }
        self.used.entry(stamp).or_default().add(count);
    }

    fn stamp(&self, nonce: &str) -> Option<Stamp> {
        let (stamp, code) = nonce.is_ascii().then(|| nonce.split_at_checked(32)).flatten()?;
        let genuine: bool = self.code(stamp).as_bytes().ct_eq(code.as_bytes()).into();
        let number = |from: usize| u64::from_str_radix(&stamp[from..from + 16], 16).ok();
        genuine.then_some(())?;
        Some((Duration::from_micros(number(0)?), number(16)?))
    }

    fn code(&self, stamp: &str) -> String {
        let mut code = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        code.update(stamp.as_bytes());
        hexadecimal(&code.finalize().into_bytes()[..16])
    }
}

impl Used {
    fn holds(&self, count: u32) -> bool {
        match self.highest.checked_sub(count) {
            None => false,
            // What is too far behind to be known counts as used.
            Some(behind) => behind >= u64::BITS || self.below >> behind & 1 == 1,
        }
    }

    fn add(&mut self, count: u32) {
        if let Some(ahead) = count.checked_sub(self.highest) {
            self.below = self.below.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = count;
        } else if let Some(bit) = 1_u64.checked_shl(self.highest - count) {
            self.below |= bit;
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A phone registers more often than it takes somebody to get hold of a password by what one nonce shows; one that comes later is
/// told `stale` and goes on without asking its user.
const LIFE: Duration = Duration::from_secs(300);
/// Phones that can use one nonce each in its life; 60 bytes for each.
const KEPT_MAX: usize = 16_384;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_nonce_is_good_once_for_each_count_until_it_is_over() {
        let mut nonces = Nonces::new([7; 32]);
        let nonce = nonces.make(seconds(10));
        let other = nonces.make(seconds(10));
        assert_ne!(nonce, other);
        assert_eq!(nonces.judge(&nonce, 1, seconds(11)), Worth::Good);
        // Asking uses nothing up.
        assert_eq!(nonces.judge(&nonce, 1, seconds(11)), Worth::Good);
        nonces.use_up(&nonce, 1, seconds(11));
        for (count, worth) in [(1, Worth::Replayed), (2, Worth::Good), (200, Worth::Good)] {
            assert_eq!(nonces.judge(&nonce, count, seconds(12)), worth, "{count}");
        }
        assert_eq!(nonces.judge(&other, 1, seconds(12)), Worth::Good);
        nonces.use_up(&nonce, 200, seconds(12));
        // In between they may still come, too far behind they may not.
        for (count, worth) in
            [(200, Worth::Replayed), (199, Worth::Good), (137, Worth::Good), (136, Worth::Replayed)]
        {
            assert_eq!(nonces.judge(&nonce, count, seconds(12)), worth, "{count}");
        }
        assert_eq!(nonces.judge(&nonce, 201, seconds(311)), Worth::Stale);
        assert_eq!(Nonces::new([8; 32]).judge(&nonce, 1, seconds(11)), Worth::Foreign);
    }

    #[test]
    fn forgetting_counts_never_lets_one_be_repeated() {
        let mut nonces = Nonces::new([7; 32]);
        let first = nonces.make(seconds(1));
        nonces.use_up(&first, 1, seconds(1));
        for _ in 0..KEPT_MAX {
            let nonce = nonces.make(seconds(2));
            nonces.use_up(&nonce, 1, seconds(2));
        }
        assert_eq!(nonces.judge(&first, 1, seconds(2)), Worth::Stale);
        assert!(nonces.used.len() <= KEPT_MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_used_count_stays_used(counts in prop::collection::vec(1u32..200, 1..60)) {
            let mut used = Used::default();
            let mut seen = std::collections::BTreeSet::new();
            for count in counts {
                if seen.contains(&count) {
                    prop_assert!(used.holds(count));
                }
                if !used.holds(count) {
                    used.add(count);
                    seen.insert(count);
                }
            }
        }

        #[test]
        fn a_foreign_nonce_is_never_good(nonce in "\\PC{0,70}", digits in "[0-9a-f]{64}") {
            let nonces = Nonces::new([7; 32]);
            prop_assert_eq!(nonces.judge(&nonce, 1, seconds(1)), Worth::Foreign);
            prop_assert_eq!(nonces.judge(&digits, 1, seconds(1)), Worth::Foreign);
        }
    }
}
