//! Limits per caller and day: what plans are told of them.

use callwright_plan_core::{Event, Over, Pack, Plan, Then};

use super::Core;
use crate::journal::JournalError;
use crate::run::Run;

impl Core {
    /// What a plan that nobody has said yes to would be refused for now. What somebody may approve is asked of them later.
    pub(super) async fn beyond(&self, pack: &Pack, plan: &Plan) -> Option<Over> {
        if pack.limits.is_empty() {
            return None;
        }
        // What others have done since: here only so that nobody hears of it after their yes.
        if self.journal.lease().is_some()
            && let Err(error) = self.recall().await
        {
            tracing::warn!(%error, "what other cores have done is not known");
        }
        let over = self.tally.foresee(plan, &[])?;
        match over.then {
            Then::Refuse { .. } => Some(over),
            Then::Ask(_) => None,
        }
    }

    /// What is to be written down instead of the beginning of a step, when the plan would go beyond a limit. It is charged when that is
    /// written.
    pub(crate) fn within_limits(&self, run: &Run, begins: Event, events: &[Event]) -> Event {
        if !matches!(begins, Event::StepStarted { attempt: 1, .. }) {
            return begins;
        }
        self.tally.foresee(&run.plan, events).map_or(begins, Over::instead)
    }

    /// Counts what the journal tells of today: everything at the start, and then what others have done.
    pub(super) async fn recall(&self) -> Result<(), JournalError> {
        if self.tally.packs().is_empty() {
            return Ok(());
        }
        self.journal.count(&self.tally).await
    }
}
