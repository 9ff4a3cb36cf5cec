//! How long a silence the floor waits out, by what is expected, how much of it is there, and how this caller speaks.

use std::time::Duration;

use callwright_model::{Expect, Progress, Thought};

use crate::config::{Patience, Vote};

impl Patience {
    /// The silence that ends a turn which has come this far. `pausing` is the longest pause that this caller made of late and then
    /// spoke on.
    pub(crate) fn of(&self, expect: &Expect, progress: &Progress, pausing: Option<Duration>) -> Duration {
        // An answer that nobody will act on does not tell either that this was all.
        let sure = progress.confidence.is_none_or(|confidence| confidence >= SURE);
        let Progress { filled, thought, .. } = *progress;
        let habit = pausing.map_or(Duration::ZERO, |pause| (pause + HABIT_MARGIN).min(self.pausing_max));
        let spoken = match thought {
            Thought::Open => self.open.max(habit),
            Thought::Unknown => self.anything.max(habit),
            Thought::Told => self.told.max(habit),
            // Nobody pauses where nothing is left to say.
            Thought::Whole => self.whole,
        };
        // Who says something else than what was asked for is waited for as anybody is.
        let astray = progress.is_astray();
        match expect {
            Expect::Anything => spoken,
            Expect::YesNo | Expect::Choice { .. } | Expect::Code { .. } | Expect::Digits { .. } if astray => {
                spoken
            }
            Expect::YesNo | Expect::Choice { .. } if filled > 0 && sure => self.full,
            Expect::YesNo | Expect::Choice { .. } => self.short_answer,
            Expect::Code { min, max } | Expect::Digits { min, max } => {
                if filled >= *max && sure {
                    self.full
                } else if filled >= *min {
                    self.may_be_full
                } else {
                    self.half_filled
                }
            }
            Expect::Date | Expect::Time | Expect::Amount | Expect::Email | Expect::Name if filled > 0 => {
                self.anything
            }
            Expect::Date | Expect::Time | Expect::Amount | Expect::Email | Expect::Name => {
                self.thoughtful.max(habit)
            }
        }
    }
}

impl Vote {
    /// The silence to wait out, given what it would be without the vote.
    pub(crate) fn weigh(&self, patience: Duration, expect: &Expect, complete: f32) -> Duration {
        match expect {
            // Characters and options are counted; that beats every melody.
            Expect::YesNo | Expect::Choice { .. } | Expect::Code { .. } | Expect::Digits { .. } => patience,
            Expect::Anything
            | Expect::Date
            | Expect::Time
            | Expect::Amount
            | Expect::Email
            | Expect::Name
                if complete >= self.complete_from =>
            {
                patience.min(self.finished)
            }
            Expect::Anything
            | Expect::Date
            | Expect::Time
            | Expect::Amount
            | Expect::Email
            | Expect::Name => patience.max((patience * 2).min(self.unfinished_max)),
        }
    }
}

/// The pauses that a caller made of late inside what they were saying.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pauses {
    /// The newest few, oldest first.
    recent: [Option<Duration>; REMEMBERED],
}

impl Pauses {
    /// The caller was silent for this long and then spoke on.
    pub(crate) fn learn(&mut self, pause: Duration) {
        if pause >= PAUSE_MIN {
            self.recent.rotate_left(1);
            self.recent[REMEMBERED - 1] = Some(pause);
        }
    }

    /// A turn went by without one: what is remembered fades.
    pub(crate) fn forget_one(&mut self) {
        self.recent.rotate_left(1);
        self.recent[REMEMBERED - 1] = None;
    }

    pub(crate) fn longest(&self) -> Option<Duration> {
        self.recent.iter().flatten().max().copied()
    }
}

/// The dialogue reads back what it is less sure of.
const SURE: f32 = 0.4;
/// Pauses of one person vary; without it every second one like the longest would be cut.
const HABIT_MARGIN: Duration = Duration::from_millis(120);
/// Shorter ones lie between any two words.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// A caller who has not paused for this many turns speaks fluently again.
const REMEMBERED: usize = 6;
