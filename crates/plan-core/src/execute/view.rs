//! A plan in progress as others see it.

use callwright_model::{PlanEvent, PlanFact, Receipt, StepState, StepView};
use serde::Serialize;

use super::Event;
use crate::plan::Plan;

/// What an event tells the conversation; `None` for what only the audit wants to know.
#[must_use]
pub fn fact(plan: &Plan, number: u64, event: &Event) -> Option<PlanEvent> {
    let view = |step: u32, state| plan.step(step).map(|step| step.view(state));
    let fact = match event {
        Event::StepStarted { step, attempt: 1, .. } => {
            PlanFact::StepStarted { step: view(*step, StepState::Started)? }
        }
        Event::StepCommitted { step: number, result } => {
            let step = plan.step(*number)?;
            PlanFact::StepCommitted {
                receipt: Receipt {
                    plan: plan.id.clone(),
                    step: *number,
                    action: step.action.clone(),
                    name: step.name.clone(),
                    result: result.clone(),
                    idempotency_key: step.idempotency_key(&plan.id),
                },
            }
        }
        Event::StepFailed { step, reason, .. } => {
            PlanFact::StepFailed { step: view(*step, StepState::Failed)?, reason: reason.clone() }
        }
        Event::StepUndone { step } => PlanFact::StepUndone { step: view(*step, StepState::Undone)? },
        Event::Completed => PlanFact::Completed { words: plan.done.clone() },
        Event::Failed { step, reason, words } => {
            let words = words.clone().unwrap_or_else(|| plan.failed.clone());
            PlanFact::Failed { words, step: *step, reason: reason.clone() }
        }
        Event::InDoubt { step, .. } => PlanFact::InDoubt { step: *step },
        // Who it was and why is in the explanation: those who follow a call are not the ones to know.
        Event::ApprovalAsked { role, .. } => PlanFact::ApprovalAsked { role: role.clone() },
        Event::Approved { role, .. } => PlanFact::Approved { role: role.clone() },
        Event::Rejected { role, .. } => PlanFact::Rejected { role: role.clone() },
        Event::Consented { .. }
        | Event::CancelAsked { .. }
        | Event::Held { .. }
        | Event::StepStarted { .. }
        | Event::StepLost { .. }
        | Event::StepRefused { .. }
        | Event::StepAbsent { .. }
        | Event::StepLeftOut { .. }
        | Event::VerifyLost { .. }
        | Event::UndoStarted { .. }
        | Event::UndoLost { .. }
        | Event::UndoRefused { .. } => return None,
    };
    Some(PlanEvent { plan: plan.id.clone(), number, fact })
}

/// How far a plan with a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// On its way.
    Running,
    /// Somebody must approve before it goes on.
    AwaitingApproval,
    /// A step failed; what was done is being undone.
    Undoing,
    /// All steps are committed.
    Completed,
    /// It ended without its goal.
    Failed,
    /// A human must look.
    InDoubt,
}

impl Progress {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Undoing => "undoing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
        }
    }
}

/// How far a plan is, and each of its steps.
#[must_use]
pub fn progress<'e>(plan: &Plan, events: impl IntoIterator<Item = &'e Event>) -> (Progress, Vec<StepView>) {
    let mut steps = plan.views();
    let mut progress = Progress::Running;
    for event in events {
        let state = match event {
            Event::StepStarted { .. } => StepState::Started,
            Event::StepCommitted { .. } => StepState::Committed,
            Event::StepFailed { .. } => {
                progress = Progress::Undoing;
                StepState::Failed
            }
            Event::StepUndone { .. } => StepState::Undone,
            Event::StepLeftOut { .. } => StepState::LeftOut,
            Event::InDoubt { .. } => {
                progress = Progress::InDoubt;
                StepState::InDoubt
            }
            Event::CancelAsked { .. } => {
                progress = Progress::Undoing;
                continue;
            }
            Event::ApprovalAsked { .. } => {
                progress = Progress::AwaitingApproval;
                continue;
            }
            Event::Approved { .. } => {
                progress = Progress::Running;
                continue;
            }
            Event::Completed => {
                progress = Progress::Completed;
                continue;
            }
            Event::Failed { .. } => {
                progress = Progress::Failed;
                continue;
            }
            Event::Consented { .. }
            | Event::Held { .. }
            | Event::Rejected { .. }
            | Event::StepLost { .. }
            | Event::StepRefused { .. }
            | Event::StepAbsent { .. }
            | Event::VerifyLost { .. }
            | Event::UndoStarted { .. }
            | Event::UndoLost { .. }
            | Event::UndoRefused { .. } => continue,
        };
        if let Some(step) = event.step()
            && let Some(view) = steps.iter_mut().find(|view| view.number == step)
        {
            view.state = state;
        }
    }
    (progress, steps)
}
