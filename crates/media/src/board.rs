//! Where a worker puts a leg's figures once a second, for whoever asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use callwright_leg_core::LegStatistics;

#[derive(Debug, Default)]
pub(crate) struct Board {
    figures: Mutex<LegStatistics>,
    over: AtomicBool,
}

impl Board {
    /// Never waits: when somebody reads just now, the next second will do.
    pub(crate) fn put(&self, figures: &LegStatistics) {
        if let Ok(mut place) = self.figures.try_lock() {
            *place = *figures;
        }
    }

    /// The last figures of a leg that is over.
    pub(crate) fn close(&self, figures: &LegStatistics) {
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner) = *figures;
        self.over.store(true, Ordering::Release);
    }

    pub(crate) fn read(&self) -> LegStatistics {
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}
