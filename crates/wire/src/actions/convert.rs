//! Plans, their events and views to and from protobuf.

use callwright_model::{
    CallId, Language, NeedWhy, Pii, PlanEvent, PlanFact, PlanId, PlanReply, PlanRequest, Receipt, StepState,
    StepView,
};

use super::{
    ActionView, Approval, ApprovalAnswer, ApprovalWrite, Consent, Erased, Person, PlanState, PlanView,
    SkillView, Stop,
};
use crate::convert::{ConvertError, call_from_pb, kind_from_pb, kind_to_pb, record_from_pb, record_to_pb};
use crate::pb::actions::v1 as pb;

pub(super) fn skill_to_pb(skill: SkillView) -> pb::Skill {
    let SkillView { pack, name, summary, inputs, actions } = skill;
    pb::Skill { pack, name, summary, inputs, actions }
}

pub(super) fn skill_from_pb(skill: pb::Skill) -> SkillView {
    let pb::Skill { pack, name, summary, inputs, actions } = skill;
    SkillView { pack, name, summary, inputs, actions }
}

pub(super) fn action_to_pb(action: ActionView) -> pb::Action {
    pb::Action {
        pack: action.pack,
        name: action.name,
        summary: action.summary,
        kind: kind_to_pb(action.kind),
        connector: action.connector,
        undo: action.undo.unwrap_or_default(),
        timeout_ms: action.timeout_ms,
        retries: action.retries,
        risk: action.risk,
    }
}

pub(super) fn action_from_pb(action: pb::Action) -> Result<ActionView, ConvertError> {
    Ok(ActionView {
        kind: kind_from_pb(action.kind)?,
        pack: action.pack,
        name: action.name,
        summary: action.summary,
        connector: action.connector,
        undo: (!action.undo.is_empty()).then_some(action.undo),
        timeout_ms: action.timeout_ms,
        retries: action.retries,
        risk: action.risk,
    })
}

pub(super) fn request_to_pb(request: PlanRequest) -> pb::PlanRequest {
    pb::PlanRequest {
        plan: request.plan.map(|plan| plan.0).unwrap_or_default(),
        pack: request.pack,
        skill: request.skill,
        inputs: Some(record_to_pb(request.inputs)),
        call: request.call.to_string(),
        caller: request.caller.map(Pii::into_inner).unwrap_or_default(),
        speculative: request.speculative,
        evidence: request.evidence,
        agent: request.agent,
        consents: request.consents.into_iter().collect(),
        language: request.language.map(|language| language.to_string()).unwrap_or_default(),
    }
}

pub(super) fn request_from_pb(request: pb::PlanRequest) -> Result<PlanRequest, ConvertError> {
    let inputs = record_from_pb(request.inputs)?;
    if inputs.len() > INPUTS_MAX {
        return Err(ConvertError::new("inputs", "are more than 64"));
    }
    let long = request.evidence.iter().any(|(name, text)| name.len().max(text.len()) > EVIDENCE_BYTES_MAX);
    if long || request.evidence.len() > INPUTS_MAX {
        let what = "holds more than 64 references, or one of more than 200 bytes";
        return Err(ConvertError::new("evidence", what));
    }
    if request.agent.len() > EVIDENCE_BYTES_MAX {
        return Err(ConvertError::new("agent", "has more than 200 bytes"));
    }
    let long = request.consents.iter().any(|name| name.len() > EVIDENCE_BYTES_MAX);
    if long || request.consents.len() > INPUTS_MAX {
        return Err(ConvertError::new("consents", "are more than 64, or one has more than 200 bytes"));
    }
    Ok(PlanRequest {
        plan: (!request.plan.is_empty()).then_some(PlanId(request.plan)),
        pack: request.pack,
        skill: request.skill,
        inputs,
        call: call_from_pb(&request.call)?,
        caller: (!request.caller.is_empty()).then(|| Pii::new(request.caller)),
        evidence: request.evidence,
        agent: request.agent,
        consents: request.consents.into_iter().collect(),
        language: language_from_pb(&request.language)?,
        speculative: request.speculative,
    })
}

/// A language, if one is told.
pub(super) fn language_from_pb(language: &str) -> Result<Option<Language>, ConvertError> {
    let wrong = |_| ConvertError::new("language", "is no language");
    (!language.is_empty()).then(|| language.parse().map_err(wrong)).transpose()
}

pub(super) fn reply_to_pb(reply: PlanReply) -> pb::PlanResponse {
    use pb::plan_response::Reply;
    let (plan, verified, reply) = match reply {
        PlanReply::Need { plan, verified, input, why } => {
            let not_found_words = match why {
                NeedWhy::Missing => String::new(),
                NeedWhy::NotFound { words } => words,
            };
            (plan, verified, Reply::Need(pb::Need { input, not_found_words }))
        }
        PlanReply::Choose { plan, verified, input, words, options, facts } => {
            let options = options.into_iter().map(record_to_pb).collect();
            (
                plan,
                verified,
                Reply::Choose(pb::Choose { input, words, options, facts: Some(record_to_pb(facts)) }),
            )
        }
        PlanReply::Ready { plan, verified, words, facts, steps } => {
            let steps = steps.into_iter().map(step_to_pb).collect();
            (plan, verified, Reply::Ready(pb::Ready { words, facts: Some(record_to_pb(facts)), steps }))
        }
        PlanReply::Answer { plan, verified, words, facts } => {
            (plan, verified, Reply::Answer(pb::Answer { words, facts: Some(record_to_pb(facts)) }))
        }
        PlanReply::Refused { plan, verified, words, facts, transfer, rules } => (
            plan,
            verified,
            Reply::Refused(pb::Refused { words, facts: Some(record_to_pb(facts)), transfer, rules }),
        ),
    };
    pb::PlanResponse { plan: plan.0, verified, reply: Some(reply) }
}

pub(super) fn reply_from_pb(response: pb::PlanResponse) -> Result<PlanReply, ConvertError> {
    use pb::plan_response::Reply;
    let (plan, verified) = (PlanId(response.plan), response.verified);
    Ok(match response.reply.ok_or_else(|| ConvertError::new("reply", "is missing"))? {
        Reply::Need(pb::Need { input, not_found_words }) => {
            let why = if not_found_words.is_empty() {
                NeedWhy::Missing
            } else {
                NeedWhy::NotFound { words: not_found_words }
            };
            PlanReply::Need { plan, verified, input, why }
        }
        Reply::Choose(pb::Choose { input, words, options, facts }) => {
            let options =
                options.into_iter().map(|option| record_from_pb(Some(option))).collect::<Result<_, _>>()?;
            PlanReply::Choose { plan, verified, input, words, options, facts: record_from_pb(facts)? }
        }
        Reply::Ready(pb::Ready { words, facts, steps }) => {
            let steps = steps.into_iter().map(step_from_pb).collect::<Result<_, _>>()?;
            PlanReply::Ready { plan, verified, words, facts: record_from_pb(facts)?, steps }
        }
        Reply::Answer(pb::Answer { words, facts }) => {
            PlanReply::Answer { plan, verified, words, facts: record_from_pb(facts)? }
        }
        Reply::Refused(pb::Refused { words, facts, transfer, rules }) => {
            PlanReply::Refused { plan, verified, words, facts: record_from_pb(facts)?, transfer, rules }
        }
    })
}

pub(super) fn person_to_pb(person: Person) -> pb::Person {
    match person {
        Person::Owner { pack, identity } => {
            pb::Person { pack, identity: identity.into_inner(), journey: String::new() }
        }
        Person::Journey(journey) => pb::Person { journey, ..pb::Person::default() },
    }
}

pub(super) fn person_from_pb(person: Option<pb::Person>) -> Result<Person, ConvertError> {
    let pb::Person { pack, identity, journey } =
        person.ok_or_else(|| ConvertError::new("person", "is required"))?;
    let is_hash = journey.len() == 64 && journey.bytes().all(|digit| digit.is_ascii_hexdigit());
    match (pack.is_empty(), identity.is_empty(), journey.is_empty()) {
        (false, false, true) => Ok(Person::Owner { pack, identity: Pii::new(identity) }),
        (true, true, false) if is_hash => Ok(Person::Journey(journey.to_ascii_lowercase())),
        (true, true, false) => Err(ConvertError::new("person.journey", "is not 64 hexadecimal digits")),
        (_, _, _) => Err(ConvertError::new(
            "person",
            "is named by pack and identity, or by the name of the journey alone",
        )),
    }
}

pub(super) fn erased_to_pb(erased: Erased) -> pb::EraseJourneyResponse {
    pb::EraseJourneyResponse {
        plans: erased.plans,
        open: erased.open.into_iter().map(|plan| plan.0).collect(),
        calls: erased.calls.iter().map(CallId::to_string).collect(),
    }
}

pub(super) fn erased_from_pb(erased: pb::EraseJourneyResponse) -> Result<Erased, ConvertError> {
    Ok(Erased {
        plans: erased.plans,
        open: erased.open.into_iter().map(PlanId).collect(),
        calls: erased.calls.iter().map(|call| call_from_pb(call)).collect::<Result<_, _>>()?,
    })
}

pub(super) fn consent_to_pb(consent: Consent) -> pb::Consent {
    pb::Consent { call: consent.call.to_string(), words: consent.words.into_inner() }
}

pub(super) fn consent_from_pb(consent: pb::Consent) -> Result<Consent, ConvertError> {
    Ok(Consent { call: call_from_pb(&consent.call)?, words: Pii::new(consent.words) })
}

pub(super) fn approval_to_pb(approval: Approval) -> pb::Approval {
    let write = |write: ApprovalWrite| pb::ApprovalWrite {
        step: write.step,
        action: write.action,
        connector: write.connector,
        method: write.method,
        arguments: Some(record_to_pb(write.arguments.into_inner())),
        later: write.later,
        undo: write.undo.unwrap_or_default(),
        asked: write.asked,
    };
    pb::Approval {
        plan: approval.plan.0,
        number: approval.number,
        role: approval.role,
        rules: approval.rules,
        pack: approval.pack,
        skill: approval.skill,
        summary: approval.summary,
        call: approval.call.to_string(),
        asked_unix_ms: approval.asked_unix_ms,
        until_unix_ms: approval.until_unix_ms,
        writes: approval.writes.into_iter().map(write).collect(),
        verified: approval.verified,
    }
}

pub(super) fn approval_from_pb(approval: pb::Approval) -> Result<Approval, ConvertError> {
    let write = |write: pb::ApprovalWrite| {
        Ok(ApprovalWrite {
            step: write.step,
            action: write.action,
            connector: write.connector,
            method: write.method,
            arguments: Pii::new(record_from_pb(write.arguments)?),
            later: write.later,
            undo: (!write.undo.is_empty()).then_some(write.undo),
            asked: write.asked,
        })
    };
    Ok(Approval {
        plan: PlanId(approval.plan),
        number: approval.number,
        role: approval.role,
        rules: approval.rules,
        pack: approval.pack,
        skill: approval.skill,
        summary: approval.summary,
        call: call_from_pb(&approval.call)?,
        verified: approval.verified,
        asked_unix_ms: approval.asked_unix_ms,
        until_unix_ms: approval.until_unix_ms,
        writes: approval.writes.into_iter().map(write).collect::<Result<_, ConvertError>>()?,
    })
}

pub(super) fn approve_to_pb(answer: ApprovalAnswer) -> pb::ApproveRequest {
    let ApprovalAnswer { plan, number, role, by, approve: _, reason } = answer;
    pb::ApproveRequest { plan: plan.0, number, role, by: by.into_inner(), reason: reason.into_inner() }
}

pub(super) fn approve_from_pb(request: pb::ApproveRequest) -> Result<ApprovalAnswer, ConvertError> {
    let pb::ApproveRequest { plan, number, role, by, reason } = request;
    answer_from_pb(plan, number, role, by, reason, true)
}

pub(super) fn reject_to_pb(answer: ApprovalAnswer) -> pb::RejectRequest {
    let ApprovalAnswer { plan, number, role, by, approve: _, reason } = answer;
    pb::RejectRequest { plan: plan.0, number, role, by: by.into_inner(), reason: reason.into_inner() }
}

pub(super) fn reject_from_pb(request: pb::RejectRequest) -> Result<ApprovalAnswer, ConvertError> {
    let pb::RejectRequest { plan, number, role, by, reason } = request;
    if reason.trim().is_empty() {
        return Err(ConvertError::new("reason", "is required"));
    }
    answer_from_pb(plan, number, role, by, reason, false)
}

pub(super) fn cancel_to_pb(plan: &PlanId, stop: Stop) -> pb::CancelRequest {
    let (by, reason) = (stop.by.into_inner(), stop.reason.into_inner());
    pb::CancelRequest { plan: plan.0.clone(), begun: true, by, reason }
}

/// The plan's id, and who wants it stopped although it has begun.
pub(super) fn cancel_from_pb(request: pb::CancelRequest) -> Result<(String, Option<Stop>), ConvertError> {
    let pb::CancelRequest { plan, begun, by, reason } = request;
    if !begun {
        return Ok((plan, None));
    }
    for (name, text) in [("by", &by), ("reason", &reason)] {
        if text.trim().is_empty() {
            return Err(ConvertError::new(name, "is required with `begun`"));
        }
    }
    within(&by, &reason)?;
    Ok((plan, Some(Stop { by: Pii::new(by), reason: Pii::new(reason) })))
}

/// Texts that are written down must not grow the journal without bounds.
fn within(by: &str, reason: &str) -> Result<(), ConvertError> {
    if by.len() > NAME_BYTES_MAX {
        return Err(ConvertError::new("by", "is longer than 200 bytes"));
    }
    if reason.len() > REASON_BYTES_MAX {
        return Err(ConvertError::new("reason", "is longer than 2,000 bytes"));
    }
    Ok(())
}

fn answer_from_pb(
    plan: String,
    number: u64,
    role: String,
    by: String,
    reason: String,
    approve: bool,
) -> Result<ApprovalAnswer, ConvertError> {
    for (name, text) in [("plan", &plan), ("role", &role), ("by", &by)] {
        if text.trim().is_empty() {
            return Err(ConvertError::new(name, "is required"));
        }
    }
    if number == 0 {
        return Err(ConvertError::new("number", "is required"));
    }
    within(&by, &reason)?;
    let (by, reason) = (Pii::new(by), Pii::new(reason));
    Ok(ApprovalAnswer { plan: PlanId(plan), number, role, by, approve, reason })
}

pub(super) fn event_to_pb(event: PlanEvent) -> pb::PlanEvent {
    use pb::plan_event::Fact;
    let fact = match event.fact {
        PlanFact::StepStarted { step } => Fact::StepStarted(step_to_pb(step)),
        PlanFact::StepCommitted { receipt } => Fact::StepCommitted(receipt_to_pb(receipt)),
        PlanFact::StepFailed { step, reason } => {
            Fact::StepFailed(pb::StepFailed { step: Some(step_to_pb(step)), reason })
        }
        PlanFact::StepUndone { step } => Fact::StepUndone(step_to_pb(step)),
        PlanFact::Completed { words } => Fact::Completed(pb::Completed { words }),
        PlanFact::Failed { words, step, reason } => Fact::Failed(pb::Failed { words, step, reason }),
        PlanFact::InDoubt { step } => Fact::InDoubt(pb::InDoubt { step }),
        PlanFact::ApprovalAsked { role } => Fact::ApprovalAsked(pb::ApprovalRole { role }),
        PlanFact::Approved { role } => Fact::Approved(pb::ApprovalRole { role }),
        PlanFact::Rejected { role } => Fact::Rejected(pb::ApprovalRole { role }),
    };
    pb::PlanEvent { plan: event.plan.0, number: event.number, fact: Some(fact) }
}

pub(super) fn event_from_pb(event: pb::PlanEvent) -> Result<PlanEvent, ConvertError> {
    use pb::plan_event::Fact;
    let plan = PlanId(event.plan);
    let fact = match event.fact.ok_or_else(|| ConvertError::new("fact", "is missing"))? {
        Fact::StepStarted(step) => PlanFact::StepStarted { step: step_from_pb(step)? },
        Fact::StepCommitted(receipt) => PlanFact::StepCommitted { receipt: receipt_from_pb(&plan, receipt)? },
        Fact::StepFailed(pb::StepFailed { step, reason }) => {
            let step = step.ok_or_else(|| ConvertError::new("step", "is missing"))?;
            PlanFact::StepFailed { step: step_from_pb(step)?, reason }
        }
        Fact::StepUndone(step) => PlanFact::StepUndone { step: step_from_pb(step)? },
        Fact::Completed(pb::Completed { words }) => PlanFact::Completed { words },
        Fact::Failed(pb::Failed { words, step, reason }) => PlanFact::Failed { words, step, reason },
        Fact::InDoubt(pb::InDoubt { step }) => PlanFact::InDoubt { step },
        Fact::ApprovalAsked(pb::ApprovalRole { role }) => PlanFact::ApprovalAsked { role },
        Fact::Approved(pb::ApprovalRole { role }) => PlanFact::Approved { role },
        Fact::Rejected(pb::ApprovalRole { role }) => PlanFact::Rejected { role },
    };
    Ok(PlanEvent { plan, number: event.number, fact })
}

pub(super) fn receipt_to_pb(receipt: Receipt) -> pb::Receipt {
    pb::Receipt {
        step: receipt.step,
        action: receipt.action,
        name: receipt.name,
        result: Some(record_to_pb(receipt.result)),
        idempotency_key: receipt.idempotency_key,
    }
}

pub(super) fn receipt_from_pb(plan: &PlanId, receipt: pb::Receipt) -> Result<Receipt, ConvertError> {
    Ok(Receipt {
        plan: plan.clone(),
        step: receipt.step,
        action: receipt.action,
        name: receipt.name,
        result: record_from_pb(receipt.result)?,
        idempotency_key: receipt.idempotency_key,
    })
}

pub(super) fn view_to_pb(view: PlanView) -> pb::PlanView {
    use pb::PlanState as Pb;
    let state = match view.state {
        PlanState::Binding => Pb::Binding,
        PlanState::Ready => Pb::Ready,
        PlanState::Answered => Pb::Answered,
        PlanState::Refused => Pb::Refused,
        PlanState::Running => Pb::Running,
        PlanState::AwaitingApproval => Pb::AwaitingApproval,
        PlanState::Undoing => Pb::Undoing,
        PlanState::Completed => Pb::Completed,
        PlanState::Failed => Pb::Failed,
        PlanState::InDoubt => Pb::InDoubt,
        PlanState::Cancelled => Pb::Cancelled,
    };
    pb::PlanView {
        plan: view.plan.0,
        pack: view.pack,
        skill: view.skill,
        call: view.call.to_string(),
        state: state.into(),
        steps: view.steps.into_iter().map(step_to_pb).collect(),
        changed_unix_ms: view.changed_unix_ms,
    }
}

pub(super) fn view_from_pb(view: pb::PlanView) -> Result<PlanView, ConvertError> {
    use pb::PlanState as Pb;
    let state = match view.state() {
        Pb::Unspecified => return Err(ConvertError::new("state", "is none that we know")),
        Pb::Binding => PlanState::Binding,
        Pb::Ready => PlanState::Ready,
        Pb::Answered => PlanState::Answered,
        Pb::Refused => PlanState::Refused,
        Pb::Running => PlanState::Running,
        Pb::AwaitingApproval => PlanState::AwaitingApproval,
        Pb::Undoing => PlanState::Undoing,
        Pb::Completed => PlanState::Completed,
        Pb::Failed => PlanState::Failed,
        Pb::InDoubt => PlanState::InDoubt,
        Pb::Cancelled => PlanState::Cancelled,
    };
    Ok(PlanView {
        plan: PlanId(view.plan),
        pack: view.pack,
        skill: view.skill,
        call: call_from_pb(&view.call)?,
        state,
        steps: view.steps.into_iter().map(step_from_pb).collect::<Result<_, _>>()?,
        changed_unix_ms: view.changed_unix_ms,
    })
}

fn step_to_pb(step: StepView) -> pb::Step {
    use pb::StepState as Pb;
    let state = match step.state {
        StepState::Pending => Pb::Pending,
        StepState::Started => Pb::Started,
        StepState::Committed => Pb::Committed,
        StepState::Failed => Pb::Failed,
        StepState::Undone => Pb::Undone,
        StepState::InDoubt => Pb::InDoubt,
        StepState::LeftOut => Pb::LeftOut,
    };
    pb::Step { number: step.number, action: step.action, kind: kind_to_pb(step.kind), state: state.into() }
}

fn step_from_pb(step: pb::Step) -> Result<StepView, ConvertError> {
    use pb::StepState as Pb;
    let state = match step.state() {
        Pb::Unspecified => return Err(ConvertError::new("step.state", "is none that we know")),
        Pb::Pending => StepState::Pending,
        Pb::Started => StepState::Started,
        Pb::Committed => StepState::Committed,
        Pb::Failed => StepState::Failed,
        Pb::Undone => StepState::Undone,
        Pb::InDoubt => StepState::InDoubt,
        Pb::LeftOut => StepState::LeftOut,
    };
    Ok(StepView { number: step.number, action: step.action, kind: kind_from_pb(step.kind)?, state })
}

/// No skill asks for that many things.
const INPUTS_MAX: usize = 64;
/// A name, not a story.
const NAME_BYTES_MAX: usize = 200;
/// A paragraph; what is longer belongs elsewhere.
const REASON_BYTES_MAX: usize = 2_000;
/// A reference is a few words; what is longer is a transcript, which the core is not to keep.
const EVIDENCE_BYTES_MAX: usize = 200;

#[cfg(test)]
mod tests;
