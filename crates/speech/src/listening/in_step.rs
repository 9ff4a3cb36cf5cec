//! Ears without threads and clocks: a turn's words are there as soon as its sound is. The same sound gives the same words at the
//! same places, however busy the machine is.

use std::sync::Arc;
use std::time::Instant;

use callwright_model::{Heard, Hints, Recognised};
use tokio::sync::mpsc;

use super::{Ears, Limits};
use crate::recogniser::{GivenUp, Recogniser};
use crate::turn_model::TurnModel;

/// Listens to one leg on the thread that hands it what was heard.
pub struct StepEar {
    ears: Ears,
    hints: Arc<Hints>,
    given_up: GivenUp,
    reports: mpsc::UnboundedReceiver<Recognised>,
    partial_frames: usize,
    /// Items since words were last reported.
    waiting: usize,
}

impl StepEar {
    pub(crate) fn new(
        hints: Hints,
        recogniser: Arc<dyn Recogniser>,
        turn_model: Option<Arc<dyn TurnModel>>,
        limits: Limits,
    ) -> Self {
        let (outbox, reports) = mpsc::unbounded_channel();
        let given_up = GivenUp::default();
        let hearing = recogniser.hearing(given_up.clone());
        let ears = Ears { hearing, recogniser, turn_model, turn: None, ahead: true, limits, outbox };
        let partial_frames = limits.partial_frames;
        Self { ears, hints: Arc::new(hints), given_up, reports, partial_frames, waiting: 0 }
    }

    /// What is expected of the caller from now on, also in a turn that has begun but not ended.
    pub fn expect(&mut self, hints: Hints) {
        self.hints = Arc::new(hints);
    }

    /// The next thing that the leg heard.
    pub fn hear(&mut self, item: Heard) {
        self.waiting += 1;
        let boundary = matches!(item, Heard::Pause { .. } | Heard::End { .. } | Heard::Discard { .. });
        self.ears.hear(item, Instant::now(), &self.hints, &self.given_up);
        if boundary || self.waiting >= self.partial_frames {
            self.waiting = 0;
            self.ears.extend();
            self.ears.report_partial(&GivenUp::default(), || false, None);
        }
    }

    /// The next report, `None` when all was told.
    pub fn poll_output(&mut self) -> Option<Recognised> {
        self.reports.try_recv().ok()
    }
}
