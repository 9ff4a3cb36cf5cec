//! Plans that wait for somebody's approval, as the action core keeps them.

use std::sync::Arc;

use async_trait::async_trait;
use callwright_console::{ApprovalAnswer, ApprovalRefusal, ApprovalView, ApprovalWrite, Approvals, Decision};
use callwright_wire::actions::{self as wire, Approval, ClientError};

use crate::gateway::Shared;

/// What the console may see and answer of them.
pub(crate) struct ApprovalList(pub(crate) Arc<Shared>);

#[async_trait]
impl Approvals for ApprovalList {
    async fn list(&self, role: &str) -> Result<Vec<ApprovalView>, ApprovalRefusal> {
        let approvals = self.0.core.list_approvals(role).await.map_err(refusal)?;
        Ok(approvals.into_iter().map(view).collect())
    }

    async fn answer(&self, answer: ApprovalAnswer) -> Result<(), ApprovalRefusal> {
        let ApprovalAnswer { plan, number, decision, role, by, reason } = answer;
        let approve = match decision {
            Decision::Approve => true,
            Decision::Reject => false,
        };
        let answer = wire::ApprovalAnswer { plan, number, role, by, approve, reason };
        self.0.core.answer_approval(answer).await.map_err(refusal)
    }
}

fn view(approval: Approval) -> ApprovalView {
    let write = |write: wire::ApprovalWrite| ApprovalWrite {
        step: write.step,
        action: write.action,
        connector: write.connector,
        method: write.method,
        arguments: write.arguments,
        later: write.later,
        undo: write.undo,
        asked: write.asked,
    };
    ApprovalView {
        plan: approval.plan,
        number: approval.number,
        role: approval.role,
        rules: approval.rules,
        pack: approval.pack,
        skill: approval.skill,
        summary: approval.summary,
        call: approval.call,
        verified: approval.verified,
        asked_unix_ms: approval.asked_unix_ms,
        until_unix_ms: approval.until_unix_ms,
        writes: approval.writes.into_iter().map(write).collect(),
    }
}

fn refusal(error: ClientError) -> ApprovalRefusal {
    match error {
        ClientError::NotFound(_) => ApprovalRefusal::Unknown,
        ClientError::NotReady(reason) => ApprovalRefusal::NotWaiting { reason },
        ClientError::Forbidden(reason) => ApprovalRefusal::OtherRole { reason },
        ClientError::Invalid(reason) => ApprovalRefusal::Invalid { reason },
        ClientError::Unavailable(_) | ClientError::Busy(_) | ClientError::Protocol(_) => {
            ApprovalRefusal::Unavailable { reason: error.to_string() }
        }
    }
}
