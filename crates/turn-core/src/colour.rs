//! How bright what sounds is, from its first sound on: the burst of a cough comes before anything that a detector of voices notices.

use crate::floor::FrameFacts;
use crate::turn::power;

/// A sound without a gap, as far as it has come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Colour {
    power: f32,
    /// Of the first differences.
    bright_power: f32,
    quiet_frames: u32,
}

impl Colour {
    /// The next frame. `loud`: it is loud enough for a caller. `same`: a turn runs, and a gap is part of it.
    pub(crate) fn handle_frame(&mut self, facts: FrameFacts, loud: bool, same: bool) {
        if loud {
            let power = power(facts.level_dbfs);
            self.power += power;
            self.bright_power += power * facts.brightness.clamp(0.0, BRIGHTEST);
            self.quiet_frames = 0;
        } else if !same {
            self.quiet_frames += 1;
            if self.quiet_frames >= APART_FRAMES {
                *self = Self::default();
            }
        }
    }

    /// Power of the first differences against power.
    pub(crate) fn brightness(&self) -> f32 {
        if self.power > 0.0 { self.bright_power / self.power } else { 0.0 }
    }
}

/// No signal has more.
const BRIGHTEST: f32 = 4.0;
/// 100 ms: sounds so far apart are two.
const APART_FRAMES: u32 = 5;
