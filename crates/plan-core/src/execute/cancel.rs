//! Cancelling a plan that has begun: what was done is taken back, from the last step to the first.
//!
//! A call that was sent is never cut: it is waited for, and asked about again as often as it takes to know what became of it. So a
//! plan can be cancelled as long as everything that is done or under way can be taken back.

use thiserror::Error;

use super::log::Log;
use super::{Corrupt, Event, happened, is_finished};
use crate::plan::Plan;

/// Why a plan is not cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotCancelled {
    /// There is nothing to stop any more.
    #[error("the plan has ended")]
    Ended,
    /// A step is done that nothing takes back.
    #[error("step {step} {action} is done and nothing takes it back: the plan goes on to its end")]
    Done {
        /// The step.
        step: u32,
        /// Its action.
        action: String,
    },
    /// A step may be done that nothing takes back.
    #[error("step {step} {action} was sent and nothing takes it back: the plan goes on to its end")]
    Sent {
        /// The step.
        step: u32,
        /// Its action.
        action: String,
    },
    /// The log is not of this plan.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

/// The event that cancels a plan, to be written down after these; `None` when it is being undone already. Should something else be
/// written down meanwhile, ask again: it may be too late then.
///
/// # Errors
/// See [`NotCancelled`].
pub fn cancel(plan: &Plan, events: &[Event], by: &str, reason: &str) -> Result<Option<Event>, NotCancelled> {
    if is_finished(events) {
        return Err(NotCancelled::Ended);
    }
    let log = Log::read(plan, events)?;
    if log.is_given_up() {
        return Ok(None);
    }
    let undoable = |step: u32| log.write(step).map(|write| write.undo.is_some());
    let action = |step: u32| plan.step(step).map(|step| step.action.clone()).unwrap_or_default();
    for step in log.committed.keys().copied() {
        if !undoable(step)? {
            return Err(NotCancelled::Done { step, action: action(step) });
        }
    }
    if let Some(step) = happened(events).and_then(under_way)
        && !undoable(step)?
    {
        return Err(NotCancelled::Sent { step, action: action(step) });
    }
    Ok(Some(Event::CancelAsked { by: by.to_owned(), reason: reason.to_owned() }))
}

/// The step that was asked for and of which nobody knows yet what became of it.
fn under_way(last: &Event) -> Option<u32> {
    match last {
        Event::StepStarted { step, .. } | Event::StepLost { step, .. } | Event::VerifyLost { step, .. } => {
            Some(*step)
        }
        Event::Consented { .. }
        | Event::CancelAsked { .. }
        | Event::ApprovalAsked { .. }
        | Event::Approved { .. }
        | Event::Rejected { .. }
        | Event::Held { .. }
        | Event::StepCommitted { .. }
        | Event::StepRefused { .. }
        | Event::StepAbsent { .. }
        | Event::StepLeftOut { .. }
        | Event::StepFailed { .. }
        | Event::UndoStarted { .. }
        | Event::StepUndone { .. }
        | Event::UndoLost { .. }
        | Event::UndoRefused { .. }
        | Event::Completed
        | Event::Failed { .. }
        | Event::InDoubt { .. } => None,
    }
}

/// Whether nothing is under way after this event, so that a cancelled plan can be undone from here.
pub(super) fn rests(last: &Event) -> bool {
    match last {
        Event::Consented { .. }
        | Event::ApprovalAsked { .. }
        | Event::Approved { .. }
        | Event::StepCommitted { .. }
        | Event::StepAbsent { .. }
        | Event::StepLeftOut { .. }
        // What was refused for now would be asked for again.
        | Event::StepRefused { retriable: true, .. } => true,
        Event::CancelAsked { .. }
        | Event::Rejected { .. }
        | Event::Held { .. }
        | Event::StepStarted { .. }
        | Event::StepLost { .. }
        | Event::StepRefused { retriable: false, .. }
        | Event::VerifyLost { .. }
        | Event::StepFailed { .. }
        | Event::UndoStarted { .. }
        | Event::StepUndone { .. }
        | Event::UndoLost { .. }
        | Event::UndoRefused { .. }
        | Event::Completed
        | Event::Failed { .. }
        | Event::InDoubt { .. } => false,
    }
}

#[cfg(test)]
mod tests;
