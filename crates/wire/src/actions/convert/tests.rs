use callwright_model::{ActionKind, CallId, Money, Record, Value};
use proptest::prelude::*;

use super::*;

fn facts() -> Record {
    let credit = Value::Money(Money { minor: 15_000, currency: "USD".to_owned() });
    [("credit".to_owned(), credit), ("code".to_owned(), Value::Code("K7M4X2".to_owned()))].into()
}

fn step(state: StepState) -> StepView {
    StepView { number: 3, action: "assign_seat".to_owned(), kind: ActionKind::Write, state }
}

#[test]
fn every_reply_comes_back_as_it_went() {
    let plan = PlanId("p1".to_owned());
    let words = "w".to_owned();
    let verified = vec!["K7M4X2".to_owned(), "804215".to_owned()];
    let replies = [
        PlanReply::Need {
            plan: plan.clone(),
            verified: Vec::new(),
            input: "pin".to_owned(),
            why: NeedWhy::Missing,
        },
        PlanReply::Need {
            plan: plan.clone(),
            verified: verified.clone(),
            input: "pin".to_owned(),
            why: NeedWhy::NotFound { words: "wrong-pin".to_owned() },
        },
        PlanReply::Choose {
            plan: plan.clone(),
            verified: verified.clone(),
            input: "flight".to_owned(),
            words: words.clone(),
            options: vec![facts(), Record::new()],
            facts: facts(),
        },
        PlanReply::Ready {
            plan: plan.clone(),
            verified: verified.clone(),
            words: words.clone(),
            facts: facts(),
            steps: vec![step(StepState::Committed), step(StepState::Pending)],
        },
        PlanReply::Answer {
            plan: plan.clone(),
            verified: verified.clone(),
            words: words.clone(),
            facts: facts(),
        },
        PlanReply::Refused {
            plan,
            verified,
            words,
            facts: facts(),
            transfer: true,
            rules: vec!["r".to_owned()],
        },
    ];
    for reply in replies {
        assert_eq!(reply_from_pb(reply_to_pb(reply.clone())), Ok(reply));
    }
}

#[test]
fn every_event_comes_back_as_it_went() {
    let plan = PlanId("p1".to_owned());
    let receipt = Receipt {
        plan: plan.clone(),
        step: 3,
        action: "assign_seat".to_owned(),
        name: "seat".to_owned(),
        result: facts(),
        idempotency_key: "p1:3".to_owned(),
    };
    let facts = [
        PlanFact::StepStarted { step: step(StepState::Started) },
        PlanFact::StepCommitted { receipt },
        PlanFact::StepFailed { step: step(StepState::Failed), reason: "full".to_owned() },
        PlanFact::StepUndone { step: step(StepState::Undone) },
        PlanFact::Completed { words: "done".to_owned() },
        PlanFact::Failed { words: "failed".to_owned(), step: 3, reason: "full".to_owned() },
        PlanFact::InDoubt { step: 3 },
        PlanFact::ApprovalAsked { role: "supervisor".to_owned() },
        PlanFact::Approved { role: "supervisor".to_owned() },
        PlanFact::Rejected { role: "supervisor".to_owned() },
    ];
    for (number, fact) in (1..).zip(facts) {
        let event = PlanEvent { plan: plan.clone(), number, fact };
        assert_eq!(event_from_pb(event_to_pb(event.clone())), Ok(event));
    }
}

#[test]
fn a_request_without_a_call_names_the_field() {
    let error = request_from_pb(pb::PlanRequest::default()).expect_err("no call");
    assert_eq!(error.to_string(), "call: is not 16 hexadecimal digits");
}

#[test]
fn a_request_comes_back_as_it_went() {
    let request = PlanRequest {
        plan: None,
        pack: "airline".to_owned(),
        skill: "rebook".to_owned(),
        inputs: facts(),
        call: CallId(7),
        caller: Some(Pii::new("sip:someone".to_owned())),
        evidence: [("code".to_owned(), "turn 4".to_owned())].into(),
        agent: "voice".to_owned(),
        consents: std::collections::BTreeSet::from(["recording".to_owned()]),
        language: Some(Language::ES),
        speculative: true,
    };
    assert_eq!(request_from_pb(request_to_pb(request.clone())), Ok(request));
}

#[test]
fn evidence_is_a_short_reference() {
    let call = "0000000000000001".to_owned();
    let evidence = [("code".to_owned(), "x".repeat(201))].into();
    let error =
        request_from_pb(pb::PlanRequest { call, evidence, ..Default::default() }).expect_err("it is long");
    assert_eq!(error.to_string(), "evidence: holds more than 64 references, or one of more than 200 bytes");
}

#[test]
fn an_approval_and_its_answer_come_back_as_they_went() {
    let write = ApprovalWrite {
        step: 4,
        action: "apply_credit".to_owned(),
        connector: "airline".to_owned(),
        method: "apply_credit".to_owned(),
        arguments: Pii::new(facts()),
        later: vec!["seat".to_owned()],
        undo: Some("revoke_credit".to_owned()),
        asked: true,
    };
    let approval = Approval {
        plan: PlanId("p1".to_owned()),
        number: 2,
        role: "supervisor".to_owned(),
        rules: vec!["r".to_owned()],
        pack: "airline".to_owned(),
        skill: "rebook".to_owned(),
        summary: "Rebook".to_owned(),
        call: CallId(7),
        verified: true,
        asked_unix_ms: 5,
        until_unix_ms: 9,
        writes: vec![write],
    };
    assert_eq!(approval_from_pb(approval_to_pb(approval.clone())), Ok(approval));
    let answer = |approve| ApprovalAnswer {
        plan: PlanId("p1".to_owned()),
        number: 2,
        role: "supervisor".to_owned(),
        by: Pii::new("Ada".to_owned()),
        approve,
        reason: Pii::new("as agreed".to_owned()),
    };
    assert_eq!(approve_from_pb(approve_to_pb(answer(true))), Ok(answer(true)));
    assert_eq!(reject_from_pb(reject_to_pb(answer(false))), Ok(answer(false)));
    let silent = pb::RejectRequest { reason: " ".to_owned(), ..reject_to_pb(answer(false)) };
    assert_eq!(reject_from_pb(silent).expect_err("no reason").to_string(), "reason: is required");
    let any = pb::ApproveRequest { number: 0, ..approve_to_pb(answer(true)) };
    assert_eq!(approve_from_pb(any).expect_err("no question").to_string(), "number: is required");
}

proptest! {
    #[test]
    fn junk_bytes_are_an_error_or_a_message(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use prost::Message as _;
        if let Ok(message) = pb::PlanRequest::decode(bytes.as_slice()) {
            let _ = request_from_pb(message);
        }
        if let Ok(message) = pb::PlanResponse::decode(bytes.as_slice()) {
            let _ = reply_from_pb(message);
        }
        if let Ok(message) = pb::PlanEvent::decode(bytes.as_slice()) {
            let _ = event_from_pb(message);
        }
        if let Ok(message) = pb::PlanView::decode(bytes.as_slice()) {
            let _ = view_from_pb(message);
        }
    }
}

#[test]
fn what_is_remembered_comes_back_as_it_went() {
    use callwright_model::{PastPlan, PastStanding, Recalled};

    use crate::actions::recall::{recalled_from_pb, recalled_to_pb};

    let plan = PlanId("p1".to_owned());
    let receipt = Receipt {
        plan: plan.clone(),
        step: 3,
        action: "assign_seat".to_owned(),
        name: "seat".to_owned(),
        result: facts(),
        idempotency_key: "p1:3".to_owned(),
    };
    let words = "w".to_owned();
    let standings = [
        PastStanding::Running,
        PastStanding::AwaitingApproval,
        PastStanding::Completed { words: words.clone(), receipts: vec![receipt] },
        PastStanding::Failed { words, facts: facts() },
        PastStanding::InDoubt,
    ];
    let plans = standings.into_iter().enumerate().map(|(number, standing)| PastPlan {
        plan: plan.clone(),
        skill: "rebook".to_owned(),
        heard: number % 2 == 0,
        standing,
    });
    let recalled = Recalled {
        sure: true,
        plans: plans.collect(),
        language: Some(Language::KO),
        inputs: facts(),
        left_open: Some("cancel".to_owned()),
    };
    assert_eq!(recalled_from_pb(recalled_to_pb(recalled.clone())), Ok(recalled));
    assert_eq!(recalled_from_pb(pb::RecallResponse::default()), Ok(Recalled::default()));
    let strange = pb::RecallResponse { plans: vec![pb::PastPlan::default()], ..Default::default() };
    assert!(recalled_from_pb(strange).is_err(), "it stands in no way that we know");
}
