//! Whether new calls are taken: not while those that run are served badly.
//!
//! Under load the recogniser first leaves out words so far, which costs nobody a word. When utterances wait too long all the same,
//! or media miss their deadlines, the door closes; it opens again once both have been well for a while, so that it does not flap.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;

use callwright_model::MonoTime;
use tracing::{info, warn};

use super::Shared;

/// The state of the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// Closed; well again since, if it is.
    Closed {
        well_since: Option<MonoTime>,
    },
}

/// Opens and closes the door.
pub(super) struct Admission {
    door: Door,
    /// Longest wait for an utterance that callers are to bear.
    wait_max: Duration,
}

/// How running calls were served since the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Strain {
    /// The longest wait of late for a turn's utterance.
    pub(super) wait: Duration,
    /// Frames that media sent too late or not at all.
    pub(super) frames_missed: u64,
}

impl Admission {
    pub(super) fn new(wait_max: Duration) -> Self {
        Self { door: Door::Open, wait_max }
    }

    /// Whether new calls are taken.
    pub(super) fn is_open(&self) -> bool {
        self.door == Door::Open
    }

    /// Looks at how running calls are served.
    pub(super) fn handle_strain(&mut self, strain: Strain, now: MonoTime) {
        if strain.wait > self.wait_max || strain.frames_missed > FRAMES_MISSED_MAX {
            self.door = Door::Closed { well_since: None };
            return;
        }
        let well = strain.wait * 2 <= self.wait_max && strain.frames_missed == 0;
        self.door = match self.door {
            Door::Open => Door::Open,
            Door::Closed { well_since: Some(since) } if well && now.since(since) >= WELL_FOR => Door::Open,
            Door::Closed { well_since: Some(since) } if well => Door::Closed { well_since: Some(since) },
            Door::Closed { .. } => Door::Closed { well_since: well.then_some(now) },
        };
    }
}

/// Looks after the door until the gateway is gone.
pub(super) async fn look_after(gateway: Weak<Shared>) {
    let Some(shared) = gateway.upgrade() else { return };
    let mut admission = Admission::new(shared.config.speech.wait_max);
    let mut missed = shared.media.frames_missed();
    drop(shared);
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        look.tick().await;
        let Some(shared) = gateway.upgrade() else { return };
        let missed_by_now = shared.media.frames_missed();
        let strain =
            Strain { wait: shared.speech.final_wait(), frames_missed: missed_by_now.saturating_sub(missed) };
        missed = missed_by_now;
        let before = admission.is_open();
        admission.handle_strain(strain, shared.media.now());
        let open = admission.is_open();
        if open == before {
            continue;
        }
        if open {
            info!("running calls are served well again: new ones are taken");
        } else {
            let (wait_ms, frames) = (strain.wait.as_millis() as u64, strain.frames_missed);
            warn!(wait_ms, frames, "running calls are served badly: new ones are refused until that is over");
            metrics::counter!("callwright_admission_closed_total").increment(1);
        }
        shared.sip.set_overloaded(!open);
        shared.overloaded.store(!open, Ordering::Release);
    }
}

/// How often one looks.
const LOOK: Duration = Duration::from_millis(500);
/// Of the 25 frames that a worker sends for a leg between two looks. A few late ones are an accident of scheduling, which the jitter
/// buffers of most peers hide; so many are heard as gaps.
const FRAMES_MISSED_MAX: u64 = 12;
/// The door opens after this long of good service: a few turns of running calls.
const WELL_FOR: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_door_closes_at_once_and_opens_after_a_while_of_good_service() {
        let mut admission = Admission::new(Duration::from_secs(1));
        // Milliseconds, the wait, frames missed, and whether the door is open then.
        let rows = [
            (0, 0, 0, true),
            (500, 900, 0, true),
            (1_000, 900, 12, true),
            (1_500, 1_001, 0, false),
            (2_000, 900, 0, false),
            (2_500, 400, 0, false),
            (7_000, 400, 0, false),
            (7_400, 400, 1, false),
            (8_000, 400, 0, false),
            (12_900, 0, 0, false),
            (13_000, 0, 0, true),
            (13_500, 600, 3, true),
            (14_000, 0, 13, false),
        ];
        for (at, wait, frames_missed, open) in rows {
            let strain = Strain { wait: Duration::from_millis(wait), frames_missed };
            admission.handle_strain(strain, MonoTime::from_millis(at));
            assert_eq!(admission.is_open(), open, "at {at} ms");
        }
    }
}
