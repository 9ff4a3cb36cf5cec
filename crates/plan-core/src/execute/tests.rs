//! Plans carried out in a world that loses, refuses, forgets and crashes.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{CallId, Idempotency, PlanFact, PlanId, Value};
use proptest::prelude::*;

use super::*;
use crate::backoff::Backoff;
use crate::catalogue::{Field, FieldType};
use crate::expr::Expr;
use crate::plan::{Argument, ArgumentValue, Bound, Step, Write};

/// What the world does to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Luck {
    Good,
    /// Done, and the answer is lost.
    LostReply,
    /// Never arrives.
    LostRequest,
    Refused,
    RefusedForNow,
    /// The core dies before it has written down what came of the call, which was done.
    CrashAfter,
    /// The core dies before the call is made.
    CrashBefore,
}

pub(super) fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        6 => Just(Luck::Good),
        1 => Just(Luck::LostReply),
        1 => Just(Luck::LostRequest),
        1 => Just(Luck::Refused),
        1 => Just(Luck::RefusedForNow),
        1 => Just(Luck::CrashAfter),
        1 => Just(Luck::CrashBefore),
    ]
}

pub(super) fn idempotency() -> impl Strategy<Value = Idempotency> {
    prop::sample::select(vec![
        Idempotency::Key,
        Idempotency::Key,
        Idempotency::Natural,
        Idempotency::Verify,
        Idempotency::None,
    ])
}

fn call(action: String, idempotency: Idempotency, retries: u32) -> Arc<Call> {
    Arc::new(Call {
        method: action.clone(),
        action,
        connector: "world".to_owned(),
        door: Door::Own,
        outputs: vec![Field {
            name: "id".to_owned(),
            kind: FieldType::Text,
            secret: false,
            is: None,
            of: Vec::new(),
            unit: None,
            personal: false,
            scale: None,
            currency: None,
        }],
        timeout_ms: 1_000,
        risk: crate::Risk::Medium,
        retries,
        backoff: Backoff::default(),
        idempotency,
        requires: Vec::new(),
        ensures: Vec::new(),
    })
}

/// A plan of writes that each need the result of the one before.
pub(crate) fn plan(steps: &[(Idempotency, bool)], retries: u32) -> Plan {
    let compile = |source: &str| Expr::compile(source).expect("an expression");
    let steps = (1..).zip(steps).map(|(number, (idempotency, undoable))| {
        let value = match number {
            1 => ArgumentValue::Known(Value::from("start")),
            _ => ArgumentValue::Later(compile(&format!("r{}.id", number - 1))),
        };
        let with = vec![("id".to_owned(), FieldType::Text, compile("result.id"))];
        Step {
            number,
            action: format!("do{number}"),
            name: format!("r{number}"),
            rules: Vec::new(),
            within: Vec::new(),
            write: Some(Write {
                call: call(format!("do{number}"), *idempotency, retries),
                arguments: vec![Argument { name: "after".to_owned(), kind: FieldType::Text, value }],
                when: None,
                local: Record::new(),
                context: Vec::new(),
                verify: (*idempotency == Idempotency::Verify).then(|| Bound {
                    call: call(format!("look{number}"), Idempotency::Natural, retries),
                    with: Vec::new(),
                }),
                undo: undoable.then(|| Bound {
                    call: call(format!("undo{number}"), Idempotency::Natural, retries),
                    with,
                }),
            }),
        }
    });
    Plan {
        id: PlanId("p".to_owned()),
        pack: "world".to_owned(),
        skill: "all".to_owned(),
        version: String::new(),
        call: CallId(1),
        verified: BTreeSet::new(),
        level: 0,
        asker: crate::Asker::default(),
        steps: steps.collect(),
        facts: Record::new(),
        remembered: Record::new(),
        done: "done".to_owned(),
        failed: "failed".to_owned(),
        rules: Vec::new(),
    }
}

pub(super) fn policy() -> Policy {
    let actions: Vec<String> = (1..=6).map(|n| format!("\"do{n}\"")).collect();
    let schema = format!(
        "entity Caller {{ verified: Set<String> }}; entity Connector;
         action {} appliesTo {{ principal: [Caller], resource: [Connector], context: {{}} }};",
        actions.join(", ")
    );
    let mut problems = Vec::new();
    let policy = Policy::load(("s", &schema), ("p", "permit(principal, action, resource);"), &mut problems);
    policy.unwrap_or_else(|| panic!("{problems:?}"))
}

/// The system behind the plan. It keeps keys where it promises to, and counts what really happened.
#[derive(Default)]
pub(super) struct World {
    answers: BTreeMap<String, Record>,
    pub(super) effects: BTreeMap<u32, u32>,
    pub(super) undone: BTreeMap<u32, u32>,
    calls: BTreeMap<u32, u32>,
}

impl World {
    fn perform(&mut self, plan: &Plan, call: &Invoke) -> Outcome {
        let answer = Record::from([("id".to_owned(), Value::from(format!("e{}", call.step).as_str()))]);
        let write = plan.step(call.step).and_then(|step| step.write.as_ref()).expect("a write");
        match call.purpose {
            Purpose::Verify if self.effects.contains_key(&call.step) => Outcome::Done(answer),
            Purpose::Verify => Outcome::NotFound("not there".to_owned()),
            Purpose::Write => {
                *self.calls.entry(call.step).or_default() += 1;
                let key = call.idempotency_key.clone().expect("a write has a key");
                let before = self.answers.contains_key(&key);
                let once = match write.call.idempotency {
                    Idempotency::Key | Idempotency::Natural => before,
                    Idempotency::Verify | Idempotency::None => false,
                };
                if !once {
                    *self.effects.entry(call.step).or_default() += 1;
                }
                self.answers.insert(key, answer.clone());
                Outcome::Done(answer)
            }
            Purpose::Undo => {
                self.undone.insert(call.step, 1);
                assert_eq!(call.arguments["id"], Value::from(format!("e{}", call.step).as_str()));
                Outcome::Done(answer)
            }
        }
    }
}

/// Runs a plan to its end; `None` when it does not end.
fn run(plan: &Plan, policy: &Policy, luck: &[Luck]) -> Option<(Vec<Event>, World)> {
    run_with(plan, policy, luck, |_| None)
}

/// The same, while somebody looks at the log before each decision and may write something into it.
pub(super) fn run_with(
    plan: &Plan,
    policy: &Policy,
    luck: &[Luck],
    mut somebody: impl FnMut(&[Event]) -> Option<Event>,
) -> Option<(Vec<Event>, World)> {
    let mut luck = luck.iter().copied().chain(std::iter::repeat(Luck::Good));
    let mut world = World::default();
    let mut events = vec![Event::Consented { words_sha256: String::new() }];
    for _ in 0..2_000 {
        events.extend(somebody(&events));
        let event = match decide(plan, policy, &events, &now()).expect("our own log") {
            Command::Finished => return Some((events, world)),
            Command::Await { .. } => panic!("nobody is asked here"),
            Command::Append(event) => event,
            Command::Invoke(call) => {
                let written = match call.purpose {
                    Purpose::Write => {
                        matches!(happened(&events), Some(Event::StepStarted { step, .. }) if *step == call.step)
                    }
                    Purpose::Undo => {
                        matches!(happened(&events), Some(Event::UndoStarted { step, .. }) if *step == call.step)
                    }
                    Purpose::Verify => true,
                };
                assert!(written, "a call without a durable start before it: {call:?}");
                let lost = || Outcome::Lost("lost".to_owned());
                let refused = |retriable| Outcome::Refused { reason: "no".to_owned(), retriable };
                let seen = plan.id.0.clone();
                let done_before = world.answers.contains_key(&format!("{seen}:{}", call.step));
                let outcome = match luck.next().expect("endless") {
                    Luck::Good => Some(world.perform(plan, &call)),
                    Luck::LostReply => {
                        world.perform(plan, &call);
                        Some(lost())
                    }
                    Luck::LostRequest => Some(lost()),
                    // Who has done it under this key answers so, and does not refuse.
                    Luck::Refused | Luck::RefusedForNow if call.purpose == Purpose::Write && done_before => {
                        Some(world.perform(plan, &call))
                    }
                    Luck::Refused => Some(refused(false)),
                    Luck::RefusedForNow => Some(refused(true)),
                    Luck::CrashAfter => {
                        world.perform(plan, &call);
                        None
                    }
                    Luck::CrashBefore => None,
                };
                match outcome {
                    Some(outcome) => call.outcome(outcome),
                    // After a crash the log is all there is. A verifying read leaves no trace and is made again.
                    None => match lost_in_crash(&events) {
                        Some(event) => event,
                        None => continue,
                    },
                }
            }
        };
        events.push(event);
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn whatever_happens_each_effect_happens_once_or_a_human_is_told(
        steps in prop::collection::vec((idempotency(), any::<bool>()), 1..=6),
        retries in 0u32..4,
        luck in prop::collection::vec(luck(), 0..40),
    ) {
        let (plan, policy) = (plan(&steps, retries), policy());
        let (events, world) = run(&plan, &policy, &luck).expect("every plan ends");
        let end = events.last().expect("it began");
        for (step, count) in &world.effects {
            prop_assert!(*count <= 1, "step {step} took effect {count} times: {events:?}");
        }
        let all: BTreeSet<u32> = plan.steps.iter().map(|step| step.number).collect();
        let happened: BTreeSet<u32> = world.effects.keys().copied().collect();
        let undone: BTreeSet<u32> = world.undone.keys().copied().collect();
        match end {
            Event::Completed => {
                prop_assert_eq!(&happened, &all);
                prop_assert!(undone.is_empty());
                let receipts: BTreeSet<u32> = (1..).zip(&events)
                    .filter_map(|(number, event)| fact(&plan, number, event))
                    .filter_map(|event| match event.fact {
                        PlanFact::StepCommitted { receipt } => Some(receipt.step),
                        _ => None,
                    })
                    .collect();
                prop_assert_eq!(receipts, all);
            }
            Event::Failed { .. } => {
                prop_assert!(happened.is_subset(&undone), "left over: {:?} {:?}", happened, undone);
            }
            Event::InDoubt { step, .. } => {
                // Doubt is about one step; what is committed before it is written down.
                prop_assert!(all.contains(step));
            }
            other => prop_assert!(false, "ended in {:?}", other),
        }
        for (step, (idempotency, _)) in (1..).zip(&steps) {
            if *idempotency == Idempotency::None {
                let lost = events.iter().any(|e| matches!(e, Event::StepLost { step: s, .. } if *s == step));
                let doubted = matches!(end, Event::InDoubt { step: s, .. } if *s == step);
                prop_assert!(!lost || doubted);
            }
        }
        let (progress, views) = progress(&plan, &events);
        prop_assert_eq!(progress == Progress::Completed, *end == Event::Completed);
        prop_assert_eq!(views.len(), plan.steps.len());
    }

    #[test]
    fn events_in_any_order_are_decided_or_found_corrupt(
        order in prop::collection::vec(0usize..20, 0..12), step in 0u32..4, attempt in 0u32..3,
    ) {
        let (plan, policy) = (plan(&[(Idempotency::Key, true), (Idempotency::Verify, false)], 1), policy());
        let reason = || "why".to_owned();
        let events: Vec<Event> = order.into_iter().map(|kind| match kind {
            0 => Event::Consented { words_sha256: String::new() },
            1 => Event::StepStarted { step, attempt, rules: Vec::new() },
            2 => Event::StepCommitted { step, result: Record::new() },
            3 => Event::StepLost { step, attempt, reason: reason() },
            4 => Event::StepRefused { step, attempt, reason: reason(), retriable: attempt > 1 },
            5 => Event::StepAbsent { step, attempt },
            6 => Event::VerifyLost { step, attempt, tries: attempt, reason: reason() },
            7 => Event::StepFailed { step, reason: reason(), rules: Vec::new(), words: None },
            8 => Event::UndoStarted { step, attempt },
            9 => Event::StepUndone { step },
            10 => Event::UndoLost { step, attempt, reason: reason() },
            11 => Event::UndoRefused { step, reason: reason() },
            12 => Event::Completed,
            17 => Event::Held { step, connector: "world".to_owned(), reason: reason() },
            19 => Event::StepLeftOut { step },
            18 => Event::CancelAsked { by: "Ada".to_owned(), reason: reason() },
            13 => Event::ApprovalAsked { role: reason(), steps: vec![step], rules: Vec::new(), within_s: 60 },
            14 => Event::Approved { role: reason(), by: reason(), reason: reason() },
            15 => Event::Rejected { role: reason(), by: None, reason: reason() },
            _ => Event::InDoubt { step, reason: reason() },
        }).collect();
        let _ = decide(&plan, &policy, &events, &now());
        let _ = progress(&plan, &events);
    }
}

#[test]
fn a_plan_without_consent_is_not_carried_out() {
    let plan = plan(&[(Idempotency::Key, true)], 1);
    assert!(decide(&plan, &policy(), &[], &now()).is_err());
    let begun = [Event::StepStarted { step: 1, attempt: 1, rules: Vec::new() }];
    assert!(decide(&plan, &policy(), &begun, &now()).is_err());
}

#[test]
fn a_refusal_undoes_what_was_done_from_the_last_to_the_first() {
    let plan = plan(&[(Idempotency::Key, true); 3], 1);
    let luck = [Luck::Good, Luck::Good, Luck::Refused];
    let (events, world) = run(&plan, &policy(), &luck).expect("ends");
    let undone: Vec<u32> = events
        .iter()
        .filter_map(|event| match event {
            Event::StepUndone { step } => Some(*step),
            _ => None,
        })
        .collect();
    assert_eq!(undone, [2, 1]);
    assert_eq!(events.last(), Some(&Event::Failed { step: 3, reason: "no".to_owned(), words: None }));
    assert_eq!(world.effects.len(), 2);
}

#[test]
fn once_a_step_is_done_that_nothing_takes_back_nothing_is_undone() {
    let plan = plan(&[(Idempotency::Key, true), (Idempotency::Key, false), (Idempotency::Key, true)], 1);
    let luck = [Luck::Good, Luck::Good, Luck::Refused];
    let (events, world) = run(&plan, &policy(), &luck).expect("ends");
    assert!(matches!(events.last(), Some(Event::InDoubt { step: 2, .. })), "{events:?}");
    assert!(world.undone.is_empty(), "half of a plan is worse than all that was done of it");
}

#[test]
fn a_result_is_known_inside_its_own_turn_of_a_loop_only() {
    let compile = |source: &str| Expr::compile(source).expect("an expression");
    let mut plan = plan(&[(Idempotency::Key, true); 4], 1);
    // Steps 1, 2 and 3, 4 are two turns of one loop; in each the second needs the result of the first and the item.
    for (step, within) in plan.steps.iter_mut().zip([1, 1, 2, 2]) {
        step.within = vec![within];
        step.name = if step.number % 2 == 1 { "first".to_owned() } else { "second".to_owned() };
        let write = step.write.as_mut().expect("all write");
        write.local = Record::from([("item".to_owned(), Value::from(format!("i{within}").as_str()))]);
        if step.number % 2 == 0 {
            write.arguments[0].value = ArgumentValue::Later(compile("first.id + item"));
        } else {
            write.arguments[0].value = ArgumentValue::Known("start".into());
        }
    }
    let mut events = vec![Event::Consented { words_sha256: String::new() }];
    let mut after = Vec::new();
    loop {
        match decide(&plan, &policy(), &events, &now()).expect("our own log") {
            Command::Finished => break,
            Command::Await { .. } => panic!("nobody is asked here"),
            Command::Append(event) => events.push(event),
            Command::Invoke(call) => {
                after.push(call.arguments["after"].as_text().expect("a text").to_owned());
                let id = Value::from(format!("e{}", call.step).as_str());
                events.push(call.outcome(Outcome::Done(Record::from([("id".to_owned(), id)]))));
            }
        }
    }
    assert_eq!(after, ["start", "e1i1", "start", "e3i2"]);
}

#[test]
fn a_write_whose_condition_does_not_hold_is_not_begun() {
    let mut plan = plan(&[(Idempotency::Key, true), (Idempotency::Key, true)], 1);
    let condition = Expr::compile("input.after != \"e1\"").expect("an expression");
    let write = plan.steps[1].write.as_mut().expect("it writes");
    Arc::make_mut(&mut write.call).requires = vec![condition];
    let (events, world) = run(&plan, &policy(), &[]).expect("ends");
    assert!(
        matches!(events.last(), Some(Event::Failed { step: 2, reason, .. }) if reason.contains("input.after"))
    );
    assert_eq!((world.calls.get(&2), world.undone.len()), (None, 1));
}

#[test]
fn an_answer_that_breaks_what_is_ensured_is_no_proof() {
    let mut plan = plan(&[(Idempotency::Key, true)], 1);
    let condition = Expr::compile("result.id == input.after").expect("an expression");
    let write = plan.steps[0].write.as_mut().expect("it writes");
    Arc::make_mut(&mut write.call).ensures = vec![condition];
    let (events, world) = run(&plan, &policy(), &[]).expect("ends");
    assert!(
        matches!(events.last(), Some(Event::InDoubt { step: 1, reason }) if reason.contains("result.id == input.after"))
    );
    assert_eq!(world.calls[&1], 2, "asked again under the same key before a human is");
}

#[test]
fn a_write_that_is_not_permitted_any_more_is_not_begun() {
    let plan = plan(&[(Idempotency::Key, true), (Idempotency::Key, true)], 1);
    let mut events = vec![Event::Consented { words_sha256: String::new() }];
    let schema = "entity Caller { verified: Set<String> }; entity Connector;
        action \"do1\", \"do2\" appliesTo { principal: [Caller], resource: [Connector], context: {} };";
    let only_first = "@id(\"one\") permit(principal, action == Action::\"do1\", resource);";
    let policy = Policy::load(("s", schema), ("p", only_first), &mut Vec::new()).expect("valid");
    let result = Record::from([("id".to_owned(), Value::from("e1"))]);
    events.push(Event::StepStarted { step: 1, attempt: 1, rules: vec!["one".to_owned()] });
    events.push(Event::StepCommitted { step: 1, result });
    let next = decide(&plan, &policy, &events, &now()).expect("our own log");
    assert!(matches!(next, Command::Append(Event::StepFailed { step: 2, .. })), "{next:?}");
}

#[test]
fn a_no_in_mid_plan_ends_it_with_the_words_of_the_rule() {
    let plan = plan(&[(Idempotency::Key, true), (Idempotency::Key, true)], 1);
    let schema = "entity Caller { verified: Set<String> }; entity Connector;
        action \"do1\", \"do2\" appliesTo { principal: [Caller], resource: [Connector], context: {} };";
    let closed = "@id(\"any\") permit(principal, action, resource);
        @id(\"closed\") @words(\"too-late\") forbid(principal, action == Action::\"do2\", resource);";
    let policy = Policy::load(("s", schema), ("p", closed), &mut Vec::new()).expect("valid");
    let (events, _) = run(&plan, &policy, &[Luck::Good]).expect("ends");
    let Some(Event::Failed { step: 2, words, .. }) = events.last() else { panic!("{events:?}") };
    assert_eq!(words.as_deref(), Some("too-late"));
    let told = fact(&plan, 9, events.last().expect("an end")).expect("an end is told").fact;
    assert!(matches!(&told, PlanFact::Failed { words, .. } if words == "too-late"), "{told:?}");
}

#[test]
fn an_attempt_waits_as_its_action_says_and_the_same_at_each_reading_of_the_log() {
    let mut plan = plan(&[(Idempotency::Key, true)], 3);
    let write = plan.steps[0].write.as_mut().expect("it writes");
    Arc::make_mut(&mut write.call).backoff = Backoff { first_ms: 4_000, cap_ms: 5_000 };
    let waits = |plan: &Plan| -> Vec<Duration> {
        let mut events = vec![Event::Consented { words_sha256: String::new() }];
        let mut waits = Vec::new();
        for attempt in 1..=3 {
            events.push(Event::StepStarted { step: 1, attempt, rules: Vec::new() });
            match decide(plan, &policy(), &events, &now()).expect("our own log") {
                Command::Invoke(call) => waits.push(call.wait),
                other => panic!("a call: {other:?}"),
            }
            events.push(Event::StepLost { step: 1, attempt, reason: "lost".to_owned() });
        }
        waits
    };
    let first = waits(&plan);
    assert_eq!(first, waits(&plan));
    assert_eq!(first[0], Duration::ZERO);
    let ms = |ms| Duration::from_millis(ms);
    assert!((ms(2_000)..=ms(4_000)).contains(&first[1]), "{first:?}");
    assert!((ms(2_500)..=ms(5_000)).contains(&first[2]), "{first:?}");
    plan.id = PlanId("another".to_owned());
    assert_ne!(first, waits(&plan), "not all plans come back at once");
}

/// A time that no policy here looks at.
fn now() -> Now {
    Now::at(0, chrono_tz::Tz::UTC)
}
