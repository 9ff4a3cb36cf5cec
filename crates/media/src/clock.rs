//! The one clock of the process that media and conversation share.

use std::thread;
use std::time::{Duration, Instant};

use callwright_model::{FRAME_MS, MonoTime};

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

/// The absolute deadlines of a worker's ticks.
#[derive(Debug)]
pub(crate) struct Pace {
    deadline: MonoTime,
}

/// What a wake-up owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owed {
    /// When the first of its ticks was due.
    pub(crate) since: MonoTime,
    /// Ticks to work now, one after the other.
    pub(crate) ticks: u32,
    /// Ticks that are given up.
    pub(crate) skipped: u32,
}

impl Pace {
    pub(crate) fn start(now: MonoTime) -> Self {
        Self { deadline: now + FRAME }
    }

    /// When to wake up next.
    pub(crate) const fn deadline(&self) -> MonoTime {
        self.deadline
    }

    /// What is owed on waking up at `now`. A little lateness is made up for, a lot is not: then the rhythm goes on as if
    /// the missed ticks had been.
    pub(crate) fn wake(&mut self, now: MonoTime) -> Owed {
        let since = self.deadline;
        let late = now.since(since).as_micros() / FRAME.as_micros();
        let due = u32::try_from(late).unwrap_or(u32::MAX - 1) + 1;
        self.deadline = since + FRAME * due;
        let ticks = due.min(TICKS_AT_ONCE);
        Owed { since, ticks, skipped: due - ticks }
    }
}

pub(crate) const FRAME: Duration = Duration::from_millis(FRAME_MS as u64);

/// More packets at once overflow the jitter buffers of peers, who then throw them away anyhow.
const TICKS_AT_ONCE: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_ticks_are_made_up_for_without_a_burst_and_the_rhythm_stays() {
        let ms = MonoTime::from_millis;
        let mut pace = Pace::start(ms(0));
        let cases = [
            (20, 20, 1, 0),
            (40, 40, 1, 0),
            (79, 60, 1, 0),
            (80, 80, 1, 0),
            // 45 ms late: two more have come due.
            (145, 100, 3, 0),
            // Half a second late: three now, and the rest never.
            (660, 160, 3, 23),
            (680, 680, 1, 0),
        ];
        for (now, since, ticks, skipped) in cases {
            assert_eq!(pace.wake(ms(now)), Owed { since: ms(since), ticks, skipped }, "at {now}");
        }
        assert_eq!(pace.deadline(), ms(700));
    }
}
