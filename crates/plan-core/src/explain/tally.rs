//! What became of each step: attempts, losses, times, undo.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Entry;
use crate::execute::Event;
use crate::plan::Step;

/// By step.
pub(super) struct Tallies(BTreeMap<u32, Tally>);

/// Of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    /// How often it was asked for.
    pub(super) attempts: u32,
    /// How many of those had no answer.
    pub(super) lost: u32,
    /// How many were refused.
    pub(super) refused: u32,
    /// How often it was put off because its system was left alone.
    pub(super) held: u32,
    /// When it was asked for first, in milliseconds since 1970.
    pub(super) began_unix_ms: Option<u64>,
    /// When it was done or given up.
    pub(super) ended_unix_ms: Option<u64>,
    /// How often its undo was asked for.
    pub(super) undo_attempts: u32,
    /// When it was undone.
    pub(super) undone_unix_ms: Option<u64>,
}

impl Tallies {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut tallies: BTreeMap<u32, Tally> = BTreeMap::new();
        for entry in entries {
            if let Some(step) = entry.event.step() {
                tallies.entry(step).or_default().count(&entry.event, entry.unix_ms);
            }
        }
        Self(tallies)
    }

    pub(super) fn of_step(&self, step: u32) -> Tally {
        self.0.get(&step).copied().unwrap_or_default()
    }
}

impl Tally {
    fn count(&mut self, event: &Event, unix_ms: u64) {
        match event {
            Event::StepStarted { .. } => {
                self.attempts += 1;
                self.began_unix_ms.get_or_insert(unix_ms);
            }
            Event::StepLost { .. } => self.lost += 1,
            Event::StepRefused { .. } => self.refused += 1,
            Event::StepCommitted { .. } | Event::StepFailed { .. } => self.ended_unix_ms = Some(unix_ms),
            Event::UndoStarted { .. } => self.undo_attempts += 1,
            Event::StepUndone { .. } => self.undone_unix_ms = Some(unix_ms),
            Event::Held { .. } => self.held += 1,
            Event::Consented { .. }
            | Event::CancelAsked { .. }
            | Event::ApprovalAsked { .. }
            | Event::Approved { .. }
            | Event::Rejected { .. }
            | Event::StepAbsent { .. }
            | Event::StepLeftOut { .. }
            | Event::VerifyLost { .. }
            | Event::UndoLost { .. }
            | Event::UndoRefused { .. }
            | Event::Completed
            | Event::Failed { .. }
            | Event::InDoubt { .. } => {}
        }
    }

    /// What is worth a line: retries and compensation.
    pub(super) fn line(&self, step: &Step) -> Option<String> {
        let mut told = Vec::new();
        if self.attempts > 1 {
            let (lost, refused) = (self.lost, self.refused);
            told.push(format!("{} attempts, {lost} without an answer, {refused} refused", self.attempts));
        }
        if let Some(undo) = step.write.as_ref().and_then(|write| write.undo.as_ref())
            && self.undo_attempts > 0
        {
            let done = if self.undone_unix_ms.is_some() { "taken back" } else { "not yet taken back" };
            told.push(format!("{done} by {} at attempt {}", undo.call.action, self.undo_attempts));
        }
        (!told.is_empty()).then(|| format!("Step {} {}: {}.", step.number, step.action, told.join("; ")))
    }
}
