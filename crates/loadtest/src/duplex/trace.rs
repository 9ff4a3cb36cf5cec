//! What a call leaves behind for those who judge it and draw it.

use super::line::Disturbance;
use super::plan::Plan;
use crate::detect::level_dbfs;

/// What is known of a call besides who sounded when.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pub(crate) levels: Levels,
    pub(crate) disturbances: Vec<Disturbance>,
    /// What was not said because the call ended.
    pub(crate) rest: Plan,
}

/// How loud both tracks are, in blocks of [`Levels::BLOCK`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Levels {
    pub(crate) own: Vec<f32>,
    pub(crate) other: Vec<f32>,
    pub(super) waiting: [Vec<i16>; 2],
}

impl Levels {
    /// 10 ms at 16 kHz.
    pub(crate) const BLOCK: usize = 160;

    /// The next samples of both, equally many.
    pub(crate) fn handle_samples(&mut self, own: &[i16], other: &[i16]) {
        let Self { own: own_levels, other: other_levels, waiting: [own_waiting, other_waiting] } = self;
        for (samples, waiting, levels) in
            [(own, own_waiting, own_levels), (other, other_waiting, other_levels)]
        {
            waiting.extend_from_slice(samples);
            let whole = waiting.len() / Self::BLOCK * Self::BLOCK;
            levels.extend(waiting[..whole].chunks(Self::BLOCK).map(level_dbfs));
            waiting.drain(..whole);
        }
    }
}
