//! Waiting for what only a look can tell.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Looks again and again until what is seen is as wanted, and gives that. Whoever is waited for has the processor in between.
///
/// # Panics
/// When it is not within 20 s, with what was seen last.
pub fn eventually<T: Debug>(what: &str, mut look: impl FnMut() -> T, wanted: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        let seen = look();
        if wanted(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "never: {what}; at last: {seen:#?}");
        std::thread::sleep(LOOK_EVERY);
    }
}

const LIMIT: Duration = Duration::from_secs(20);
/// Long beside a look.
const LOOK_EVERY: Duration = Duration::from_millis(50);
