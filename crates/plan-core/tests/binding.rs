//! Skills of the packs that come with Callwright, bound step by step.

mod common;

use callwright_model::{ActionKind, NeedWhy, PlanId, Record, StepState, Value};
use callwright_plan_core::{Binding, Next, Reads, bind};
use common::{airline, airline_answers, bind_all, caller, loaded, record, retail, whose};
use proptest::prelude::*;

#[test]
fn the_packs_load_without_a_single_problem() {
    for source in [airline(), retail()] {
        assert_eq!(callwright_plan_core::check(&source), []);
    }
}

#[test]
fn what_is_missing_is_asked_for_in_the_order_of_the_file() {
    let pack = loaded(&airline());
    for (inputs, missing) in [
        (record([]), "code"),
        (record([("pin", "4821".into())]), "code"),
        (record([("code", "K7M4X2".into())]), "pin"),
        (record([("code", "K7M".into()), ("pin", "4821".into())]), "code"),
    ] {
        let next = bind_all(&pack, "rebook", &inputs, 15_000).expect("binds");
        assert_eq!(next, Next::Need { input: missing.to_owned(), why: NeedWhy::Missing });
    }
}

#[test]
fn only_a_read_that_verifies_proves_who_calls() {
    let pack = loaded(&airline());
    let prove = |skill: &str, inputs: &Record| {
        let (mut reads, id) = (Reads::default(), PlanId("p1".to_owned()));
        loop {
            let Binding { next, verified, .. } =
                bind(&pack, skill, whose(&id, 7), inputs, &reads).expect("it binds");
            let Next::Read(read) = next else { return verified };
            let outcome = airline_answers(&read.call.action, &read.arguments, 15_000);
            reads.add(read, outcome);
        }
    };
    let proved = prove("rebook", &caller([]));
    assert_eq!(proved.into_iter().collect::<Vec<_>>(), ["K7M4X2"]);
    // Two inputs, of which one is wrong; and a question that anybody may ask.
    assert!(prove("rebook", &caller([("pin", "1111".into())])).is_empty());
    assert!(prove("status", &record([("flight", Value::Code("701".to_owned()))])).is_empty());
}

#[test]
fn an_unknown_code_and_a_wrong_pin_are_asked_for_again_each_with_its_words() {
    let pack = loaded(&airline());
    for (name, value, words) in [("code", "ZZZZZZ", "no-such-booking"), ("pin", "0000", "wrong-pin")] {
        let next = bind_all(&pack, "rebook", &caller([(name, value.into())]), 15_000).expect("binds");
        let why = NeedWhy::NotFound { words: words.to_owned() };
        assert_eq!(next, Next::Need { input: name.to_owned(), why });
    }
}

#[test]
fn the_caller_chooses_and_the_plan_is_ready_with_every_write_to_come() {
    let pack = loaded(&airline());
    let Next::Choose { input, words, options, .. } =
        bind_all(&pack, "rebook", &caller([]), 15_000).expect("binds")
    else {
        panic!("two flights are a choice")
    };
    assert_eq!((input.as_str(), words.as_str(), options.len()), ("flight", "offer-flights", 2));

    let chosen = caller([("flight", Value::Int(2))]);
    let Next::Ready { plan, words, facts } = bind_all(&pack, "rebook", &chosen, 15_000).expect("binds")
    else {
        panic!("everything is known")
    };
    assert_eq!(words, "read-back-rebook");
    let flight = facts.get("flight").and_then(|flight| flight.at("number"));
    assert_eq!(flight, Some(&Value::Code("CW544".to_owned())));
    let steps: Vec<_> = plan.views().into_iter().map(|s| (s.number, s.action, s.kind, s.state)).collect();
    let read = |number, action: &str| (number, action.to_owned(), ActionKind::Read, StepState::Committed);
    let write = |number, action: &str| (number, action.to_owned(), ActionKind::Write, StepState::Pending);
    assert_eq!(
        steps,
        [
            read(1, "find_booking"),
            read(2, "find_flights"),
            write(3, "assign_seat"),
            write(4, "apply_credit"),
            write(5, "update_booking"),
            write(6, "send_confirmation"),
        ]
    );
}

#[test]
fn an_option_that_was_not_offered_is_offered_again() {
    let pack = loaded(&airline());
    for number in [0, 3, -1, i64::MAX] {
        let next = bind_all(&pack, "rebook", &caller([("flight", Value::Int(number))]), 15_000);
        assert!(matches!(next, Ok(Next::Choose { .. })), "{number}");
    }
}

#[test]
fn a_secret_is_nowhere_but_in_the_read() {
    let pack = loaded(&airline());
    let chosen = caller([("flight", Value::Int(1))]);
    let ready = bind_all(&pack, "rebook", &chosen, 15_000).expect("binds");
    assert!(!format!("{ready:?}").contains("4821"));
    let Next::Ready { plan, facts, .. } = ready else { panic!("everything is known") };
    assert!(!serde_json::to_string(&plan).expect("writes").contains("4821"));
    assert!(facts.contains_key("code") && !facts.contains_key("pin"));
    let first = bind(&pack, "rebook", whose(&PlanId("p".to_owned()), 1), &chosen, &Reads::default());
    assert!(
        matches!(first, Ok(Binding { next: Next::Read(_), .. })) && !format!("{first:?}").contains("4821")
    );
}

#[test]
fn a_plan_keeps_no_facts_that_it_does_not_need_any_more() {
    let pack = loaded(&airline());
    let ready = bind_all(&pack, "rebook", &caller([("flight", Value::Int(1))]), 15_000).expect("binds");
    let Next::Ready { plan, .. } = ready else { panic!("everything is known") };
    assert!(!serde_json::to_string(&plan).expect("writes").contains("Rivers"));
    assert_eq!(plan.facts, Record::new());
}

#[test]
fn a_credit_above_the_limit_is_refused_with_the_rules_words_and_goes_to_a_human() {
    let pack = loaded(&airline());
    let ready = bind_all(&pack, "rebook", &caller([("flight", Value::Int(1))]), 90_000).expect("binds");
    let Next::Refused(refused) = ready else { panic!("the policy forbids it: {ready:?}") };
    assert_eq!((refused.words.as_str(), refused.transfer), ("credit-too-high", true));
    assert_eq!(refused.rules, ["credit-above-300-needs-a-human"]);
    assert_eq!(refused.action.as_deref(), Some("apply_credit"));
}

#[test]
fn a_question_is_answered_without_a_yes() {
    let pack = loaded(&airline());
    let next = bind_all(&pack, "status", &record([("flight", "701".into())]), 0).expect("binds");
    let Next::Answer { words, facts, .. } = next else { panic!("it only reads: {next:?}") };
    assert_eq!(words, "flight-delayed");
    assert_eq!(facts["status"].at("to"), Some(&"Chicago".into()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_a_caller_says_is_an_answer_or_an_error(
        code in ".{0,8}", pin in ".{0,6}", flight in any::<i64>(), text in any::<bool>(),
    ) {
        let pack = loaded_once();
        let flight = if text { Value::Text(flight.to_string()) } else { Value::Int(flight) };
        let inputs = record([("code", Value::Text(code)), ("pin", Value::Code(pin)), ("flight", flight)]);
        for skill in ["rebook", "cancel", "status", "none"] {
            let _ = bind_all(pack, skill, &inputs, 1);
        }
    }
}

fn loaded_once() -> &'static callwright_plan_core::Pack {
    static PACK: std::sync::OnceLock<callwright_plan_core::Pack> = std::sync::OnceLock::new();
    PACK.get_or_init(|| loaded(&airline()))
}
