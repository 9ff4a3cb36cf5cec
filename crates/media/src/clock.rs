//! The one clock of the process that media and conversation share.

use std::thread;
use std::time::{Duration, Instant};

use callwright_model::MonoTime;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    pub(crate) fn now(&self) -> MonoTime {
        MonoTime(u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// Sleeps until the moment has come; not at all if it has passed.
    pub(crate) fn sleep_until(&self, moment: MonoTime) {
        let left = moment.since(self.now());
        if left > Duration::ZERO {
            thread::sleep(left);
        }
    }
}
