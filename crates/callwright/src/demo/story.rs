//! What a call came to, in the order in which it happened.

use std::collections::BTreeSet;

use callwright_conversation::Happening;
use callwright_dialogue_core::SayKind;
use callwright_model::{PlanFact, SayId};

/// What is remembered of a call.
#[derive(Debug, Default)]
pub struct Story {
    /// The call is over.
    pub over: bool,
    /// Caller and human were connected.
    pub bridged: bool,
    /// Steps that have a receipt.
    receipts: usize,
    /// All steps of the plan have.
    completed: bool,
    claims: BTreeSet<SayId>,
    /// A claim began to sound before the plan was complete.
    claimed_early: bool,
    /// A claim was heard to its end.
    confirmed: bool,
}

impl Story {
    /// Takes what happens next.
    pub fn take(&mut self, happening: &Happening) {
        match happening {
            Happening::Plan(event) => match event.fact {
                PlanFact::StepCommitted { .. } => self.receipts += 1,
                PlanFact::Completed { .. } => self.completed = true,
                _ => {}
            },
            Happening::AgentSays { say, kind: SayKind::Claim, .. } => drop(self.claims.insert(*say)),
            Happening::AgentStarted { say } if self.claims.contains(say) => {
                self.claimed_early |= !self.completed;
            }
            Happening::AgentStopped { say, share, .. } if self.claims.contains(say) => {
                self.confirmed |= *share >= 1.0;
            }
            Happening::TransferState { state: "bridged", .. } => self.bridged = true,
            Happening::Ended(_) => self.over = true,
            _ => {}
        }
    }

    /// The claim came after the receipts of a whole plan, and was heard.
    pub fn confirmed_after_receipts(&self) -> bool {
        self.completed && self.receipts > 0 && self.confirmed && !self.claimed_early
    }
}
