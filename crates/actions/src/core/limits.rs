//! Limits per caller and day: the ledger of this core, and what plans are told of it.

use callwright_model::Record;
use callwright_plan_core::{Event, Over, Pack, Plan, Refused, Then};

use super::{Core, lock};
use crate::journal::{JournalError, Story, unix_ms};
use crate::run::Run;

impl Core {
    /// What a plan that nobody has said yes to would be refused for now. What somebody may approve is asked of them later.
    pub(super) fn beyond(&self, pack: &Pack, plan: &Plan) -> Option<Over> {
        if pack.limits.is_empty() {
            return None;
        }
        let over = lock(&self.ledger).foresee(&pack.limits, plan, &[], unix_ms()).ok()??;
        match over.then {
            Then::Refuse { .. } => Some(over),
            Then::Ask(_) => None,
        }
    }

    /// What is to be written down instead of the beginning of a step, when the plan would go beyond a limit; else it is charged.
    pub(crate) fn within_limits(&self, run: &Run, pack: &Pack, begins: Event, events: &[Event]) -> Event {
        let first = matches!(begins, Event::StepStarted { attempt: 1, .. });
        if !first || pack.limits.is_empty() {
            return begins;
        }
        let charged = lock(&self.ledger).charge(&pack.limits, &run.plan, events, unix_ms());
        match charged {
            // A log that does not fit is told when it is decided about.
            Ok(None) | Err(_) => begins,
            Ok(Some(Over { limit, step, then, reason, .. })) => match then {
                Then::Refuse { .. } => Event::StepFailed { step, reason, rules: vec![limit] },
                Then::Ask(approval) => Event::ApprovalAsked {
                    role: approval.role,
                    steps: vec![step],
                    rules: vec![limit],
                    within_s: approval.within.as_secs(),
                },
            },
        }
    }

    /// Gives back what a plan was charged with and will not do, or has taken back.
    pub(crate) fn settle(&self, run: &Run, events: &[Event]) {
        lock(&self.ledger).settle(&run.plan, events);
    }

    /// Makes the ledger anew from what the journal tells of today.
    pub(super) async fn recall(&self) -> Result<(), JournalError> {
        let limited = || self.packs.values().filter(|pack| !pack.limits.is_empty());
        let Some(since) = limited().map(|pack| pack.limits.day_began_unix_ms(unix_ms())).min() else {
            return Ok(());
        };
        let stories: Vec<Story> = self.journal.since(since).await?;
        let mut ledger = lock(&self.ledger);
        for story in stories {
            let Some(pack) = limited().find(|pack| pack.name == story.plan.pack) else { continue };
            if let Err(error) = ledger.recall(&pack.limits, &story.plan, &story.entries) {
                tracing::error!(plan = %story.plan.id, %error, "a plan does not count for the limits of today");
            }
        }
        Ok(())
    }
}

/// A plan that would go beyond a limit, as one that a policy refuses.
pub(super) fn limited(pack: &Pack, plan: &Plan, over: Over, facts: Record) -> Refused {
    let Over { limit, action, then, reason, .. } = over;
    tracing::info!(plan = %plan.id, %reason, "a plan is refused");
    let (words, transfer) = match then {
        Then::Refuse { words, transfer } => (words, transfer),
        Then::Ask(_) => (None, false),
    };
    Refused {
        words: words.unwrap_or_else(|| pack.denied.clone()),
        facts,
        transfer,
        rules: vec![limit],
        action: Some(action),
        steps: plan.views(),
    }
}
