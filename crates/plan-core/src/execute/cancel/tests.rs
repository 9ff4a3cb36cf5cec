//! Plans that are cancelled at every place.

use callwright_model::{Idempotency, Record, Value};
use proptest::prelude::*;

use super::super::tests::{idempotency, luck, plan, policy, run_with};
use super::*;
use crate::Now;
use crate::execute::{Command, Progress, decide, lost_in_crash, progress};

fn consented() -> Event {
    Event::Consented { words_sha256: String::new() }
}

fn started(step: u32) -> Event {
    Event::StepStarted { step, attempt: 1, rules: Vec::new() }
}

fn committed(step: u32) -> Event {
    let result = Record::from([("id".to_owned(), Value::from(format!("e{step}").as_str()))]);
    Event::StepCommitted { step, result }
}

fn asked() -> Event {
    Event::CancelAsked { by: "Ada".to_owned(), reason: "they changed their mind".to_owned() }
}

#[test]
fn what_can_be_taken_back_is_cancelled_and_what_cannot_is_refused_with_its_step() {
    let key = Idempotency::Key;
    let all = plan(&[(key, true), (key, true)], 1);
    let pivot = plan(&[(key, true), (key, false), (key, false)], 1);
    let lost = Event::StepLost { step: 2, attempt: 1, reason: "lost".to_owned() };
    let cancelled = |plan: &Plan, events: &[Event]| cancel(plan, events, "Ada", "they changed their mind");
    for events in [
        vec![consented()],
        vec![consented(), started(1)],
        vec![consented(), started(1), committed(1)],
        vec![consented(), started(1), committed(1), started(2)],
        vec![consented(), started(1), committed(1), started(2), lost.clone()],
        vec![consented(), started(1), committed(1), started(2), committed(2)],
    ] {
        assert_eq!(cancelled(&all, &events), Ok(Some(asked())), "{events:?}");
    }
    let sent = Err(NotCancelled::Sent { step: 2, action: "do2".to_owned() });
    let begun = vec![consented(), started(1), committed(1), started(2)];
    assert_eq!(cancelled(&pivot, &begun), sent);
    assert_eq!(cancelled(&pivot, &[begun.as_slice(), &[lost]].concat()), sent);
    let done = [begun.as_slice(), &[committed(2)]].concat();
    assert_eq!(cancelled(&pivot, &done), Err(NotCancelled::Done { step: 2, action: "do2".to_owned() }));
    // Asked twice, and while it is being undone for another reason.
    assert_eq!(cancelled(&all, &[consented(), asked()]), Ok(None));
    let failed = Event::StepFailed { step: 1, reason: "no".to_owned(), rules: Vec::new(), words: None };
    assert_eq!(cancelled(&all, &[consented(), failed]), Ok(None));
    let ended = [consented(), started(1), committed(1), started(2), committed(2), Event::Completed];
    assert_eq!(cancelled(&all, &ended), Err(NotCancelled::Ended));
}

#[test]
fn nothing_more_is_begun_and_what_was_done_is_taken_back_from_the_last_to_the_first() {
    let plan = plan(&[(Idempotency::Key, true); 3], 1);
    let mut events = vec![consented(), started(1), committed(1), started(2), asked(), committed(2)];
    assert_eq!(progress(&plan, &events).0, Progress::Undoing);
    let mut told = Vec::new();
    loop {
        let event = match decide(&plan, &policy(), &events, &now()).expect("our own log") {
            Command::Append(event) => event,
            Command::Invoke(call) => {
                told.push(format!("undo {}", call.step));
                Event::StepUndone { step: call.step }
            }
            Command::Finished => break,
            other @ Command::Await { .. } => panic!("{other:?}"),
        };
        events.push(event);
    }
    assert_eq!(told, ["undo 2", "undo 1"]);
    let why = "cancelled by Ada: they changed their mind".to_owned();
    assert_eq!(events.last(), Some(&Event::Failed { step: 3, reason: why, words: None }));
    assert_eq!(progress(&plan, &events).0, Progress::Failed);
}

#[test]
fn a_plan_that_waits_for_an_approval_ends() {
    let plan = plan(&[(Idempotency::Key, true)], 1);
    let waits =
        Event::ApprovalAsked { role: "lead".to_owned(), steps: vec![1], rules: Vec::new(), within_s: 60 };
    let events = [consented(), waits, asked()];
    let next = decide(&plan, &policy(), &events, &now()).expect("our own log");
    assert!(matches!(next, Command::Append(Event::Failed { step: 1, .. })), "{next:?}");
}

#[test]
fn a_call_that_was_under_way_when_the_core_died_is_asked_about_before_it_is_undone() {
    let plan = plan(&[(Idempotency::Key, true)], 1);
    let mut events = vec![consented(), started(1), asked()];
    events.push(lost_in_crash(&events).expect("it was under way"));
    let next = decide(&plan, &policy(), &events, &now()).expect("our own log");
    assert_eq!(next, Command::Append(Event::StepStarted { step: 1, attempt: 2, rules: Vec::new() }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn cancelled_anywhere_nothing_is_left_or_a_human_is_told(
        steps in prop::collection::vec((idempotency(), any::<bool>()), 1..=6),
        retries in 0u32..4,
        luck in prop::collection::vec(luck(), 0..40),
        at in 0usize..30,
    ) {
        let (plan, policy) = (plan(&steps, retries), policy());
        let (mut accepted, mut refused) = (false, false);
        let (events, world) = run_with(&plan, &policy, &luck, |events| {
            if accepted || refused || events.len() < at {
                return None;
            }
            match cancel(&plan, events, "Ada", "no more") {
                Ok(event) => {
                    accepted = event.is_some();
                    event
                }
                Err(_) => {
                    refused = true;
                    None
                }
            }
        }).expect("it ends");
        match events.last() {
            Some(Event::Failed { .. }) => for (step, effects) in &world.effects {
                let lost_for_good = world.undone.contains_key(step);
                prop_assert!(lost_for_good, "step {step} has {effects} effects and was not taken back: {events:?}");
            },
            Some(Event::Completed) => prop_assert!(!accepted, "it went on: {events:?}"),
            Some(Event::InDoubt { .. }) => {}
            other => prop_assert!(false, "no end: {other:?}"),
        }
        let first = events.iter().position(|event| matches!(event, Event::CancelAsked { .. }));
        let begun = events.iter().skip(first.unwrap_or(usize::MAX)).any(|event| {
            matches!(event, Event::StepStarted { attempt: 1, .. })
        });
        prop_assert!(!begun, "something was begun after it was cancelled: {events:?}");
    }
}

/// A time that no policy here looks at.
fn now() -> Now {
    Now::at(0, chrono_tz::Tz::UTC)
}
