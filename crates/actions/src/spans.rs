//! Where spans of plans go, see `plan-core`'s `spans`.

use std::fmt::Debug;

use callwright_plan_core::{Span, spans};

use crate::core::Core;
use crate::run::Run;

/// Takes spans as they end.
pub trait Spans: Debug + Send + Sync {
    /// Whether they shall tell what is about a person.
    fn personal(&self) -> bool;

    /// Takes some. Called by the plan itself: it must not wait for anything.
    fn ended(&self, spans: Vec<Span>);

    /// No more come: sends what is kept back. May take a few seconds.
    fn close(&self);
}

impl Core {
    /// Tells the spans that end with the entries, so many, that were written down last.
    pub(crate) fn trace(&self, run: &Run, fresh: usize) {
        let Some(to) = &self.spans else { return };
        let entries = run.entries_after(0);
        let known = entries.len().saturating_sub(fresh);
        for written in known + 1..=entries.len() {
            let ended = spans(&run.plan, &run.trail, &entries[..written], to.personal());
            if !ended.is_empty() {
                to.ended(ended);
            }
        }
    }
}
