//! What is remembered of a caller, to and from protobuf.

use callwright_model::{PastPlan, PastStanding, PlanId, Recalled};

use super::convert::{language_from_pb, receipt_from_pb, receipt_to_pb};
use crate::convert::{ConvertError, record_from_pb, record_to_pb};
use crate::pb::actions::v1 as pb;

pub(super) fn recalled_to_pb(recalled: Recalled) -> pb::RecallResponse {
    pb::RecallResponse {
        sure: recalled.sure,
        plans: recalled.plans.into_iter().map(plan_to_pb).collect(),
        language: recalled.language.map(|language| language.to_string()).unwrap_or_default(),
        inputs: Some(record_to_pb(recalled.inputs)),
        left_open: recalled.left_open.unwrap_or_default(),
    }
}

pub(super) fn recalled_from_pb(recalled: pb::RecallResponse) -> Result<Recalled, ConvertError> {
    Ok(Recalled {
        sure: recalled.sure,
        plans: recalled.plans.into_iter().map(plan_from_pb).collect::<Result<_, _>>()?,
        language: language_from_pb(&recalled.language)?,
        inputs: record_from_pb(recalled.inputs)?,
        left_open: (!recalled.left_open.is_empty()).then_some(recalled.left_open),
    })
}

fn plan_to_pb(past: PastPlan) -> pb::PastPlan {
    let PastPlan { plan, skill, heard, standing } = past;
    let told = pb::PastPlan { plan: plan.0, skill, heard, ..pb::PastPlan::default() };
    let state = |state: pb::PlanState| i32::from(state);
    match standing {
        PastStanding::Running => pb::PastPlan { state: state(pb::PlanState::Running), ..told },
        PastStanding::AwaitingApproval => {
            pb::PastPlan { state: state(pb::PlanState::AwaitingApproval), ..told }
        }
        PastStanding::Completed { words, receipts } => {
            let receipts = receipts.into_iter().map(receipt_to_pb).collect();
            pb::PastPlan { state: state(pb::PlanState::Completed), words, receipts, ..told }
        }
        PastStanding::Failed { words, facts } => {
            let facts = Some(record_to_pb(facts));
            pb::PastPlan { state: state(pb::PlanState::Failed), words, facts, ..told }
        }
        PastStanding::InDoubt => pb::PastPlan { state: state(pb::PlanState::InDoubt), ..told },
    }
}

fn plan_from_pb(past: pb::PastPlan) -> Result<PastPlan, ConvertError> {
    let (state, plan) = (past.state(), PlanId(past.plan));
    let standing = match state {
        pb::PlanState::Running | pb::PlanState::Undoing => PastStanding::Running,
        pb::PlanState::AwaitingApproval => PastStanding::AwaitingApproval,
        pb::PlanState::Completed => {
            let receipts = past.receipts.into_iter().map(|receipt| receipt_from_pb(&plan, receipt));
            PastStanding::Completed { words: past.words, receipts: receipts.collect::<Result<_, _>>()? }
        }
        pb::PlanState::Failed => {
            PastStanding::Failed { words: past.words, facts: record_from_pb(past.facts)? }
        }
        pb::PlanState::InDoubt => PastStanding::InDoubt,
        pb::PlanState::Unspecified
        | pb::PlanState::Binding
        | pb::PlanState::Ready
        | pb::PlanState::Answered
        | pb::PlanState::Refused
        | pb::PlanState::Cancelled => {
            return Err(ConvertError::new("plans.state", "is none of a plan that was said yes to"));
        }
    };
    Ok(PastPlan { plan, skill: past.skill, heard: past.heard, standing })
}
