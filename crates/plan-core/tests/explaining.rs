//! What a plan's story tells, in words and as data.

mod common;

use std::collections::BTreeMap;

use callwright_model::{PlanId, Record, Value};
use callwright_plan_core::{
    Basis, Entry, Event, Made, Next, Pack, Plan, Reads, Trail, bind, explain, explain_refusal, trail,
};
use common::{airline, airline_answers, caller, loaded, record, travel, travel_answers, whose};

/// Binds as the shell does, with the second read answered only at the second attempt.
fn bound(pack: &Pack, inputs: &Record, credit: i64) -> (Next, Trail) {
    let (mut reads, id) = (Reads::default(), PlanId("p1".to_owned()));
    let given =
        |question, evidence: &str| Basis { question, unix_ms: 500, evidence: Some(evidence.to_owned()) };
    let given: BTreeMap<String, Basis> = [
        ("code".to_owned(), given(1, "turn-2")),
        ("pin".to_owned(), given(2, "keys")),
        ("flight".to_owned(), given(3, "turn-5")),
    ]
    .into();
    let mut attempts = 0;
    loop {
        match bind(pack, "rebook", whose(&id, 7), inputs, &reads).expect("binds").next {
            Next::Read(read) => {
                attempts += 1;
                let outcome = airline_answers(&read.call.action, &read.arguments, credit);
                reads.add_made(read, outcome, Made { unix_ms: 700, took_ms: 12, attempts });
            }
            next => return (next, trail(pack, "rebook", whose(&id, 7), inputs, &given, &reads)),
        }
    }
}

fn ready(pack: &Pack) -> (Plan, Trail) {
    let (next, trail) = bound(pack, &caller([("flight", Value::Int(2))]), 15_000);
    let Next::Ready { plan, .. } = next else { panic!("everything is known: {next:?}") };
    (*plan, trail)
}

fn entries(events: Vec<Event>) -> Vec<Entry> {
    let entry = |(number, event)| Entry { number, unix_ms: 1_795_705_615_000 + (number - 1) * 5, event };
    (1..).zip(events).map(entry).collect()
}

/// A seat is taken, a credit is lost once and then refused, and the seat is given back at the second attempt.
fn undone() -> Vec<Entry> {
    let rules = || vec!["verified-may-change-their-own".to_owned()];
    let seat = Record::from([
        ("number".to_owned(), Value::Code("11A".to_owned())),
        ("flight".to_owned(), Value::Code("CW318".to_owned())),
    ]);
    let reason = || "no such credit".to_owned();
    entries(vec![
        Event::Consented { words_sha256: "00".to_owned() },
        Event::StepStarted { step: 3, attempt: 1, rules: rules() },
        Event::StepCommitted { step: 3, result: seat },
        Event::StepStarted { step: 4, attempt: 1, rules: rules() },
        Event::StepLost { step: 4, attempt: 1, reason: "timed out".to_owned() },
        Event::StepStarted { step: 4, attempt: 2, rules: Vec::new() },
        Event::StepRefused { step: 4, attempt: 2, reason: reason(), retriable: false },
        Event::StepFailed { step: 4, reason: reason(), rules: Vec::new(), words: None },
        Event::UndoStarted { step: 3, attempt: 1 },
        Event::UndoLost { step: 3, attempt: 1, reason: "timed out".to_owned() },
        Event::UndoStarted { step: 3, attempt: 2 },
        Event::StepUndone { step: 3 },
        Event::Failed { step: 4, reason: reason(), words: None },
    ])
}

#[test]
fn a_plan_tells_its_intent_its_evidence_its_choices_its_rules_its_retries_and_its_undo() {
    let pack = loaded(&airline());
    let (plan, trail) = ready(&pack);
    let told = explain(&plan, &trail, &undone());
    let expected = include_str!("explaining/undone.txt").replace("VERSION", &plan.version);
    assert_eq!(told.text, expected.trim_end(), "\n{}", told.text);
}

#[test]
fn the_same_is_there_as_data_and_holds_nothing_personal() {
    let pack = loaded(&airline());
    let (plan, trail) = ready(&pack);
    let told = explain(&plan, &trail, &undone());
    let json: serde_json::Value = serde_json::from_str(&told.json).expect("JSON");
    assert_eq!(json["intent"]["summary"], "Rebook a cancelled flight");
    let inputs = &json["intent"]["inputs"];
    assert_eq!((&inputs[0]["input"], &inputs[0]["evidence"]), (&"code".into(), &"turn-2".into()));
    assert_eq!((&inputs[1]["secret"], &inputs[1]["question"]), (&true.into(), &2.into()));
    let met: Vec<&str> =
        json["bound"].as_array().expect("a list").iter().filter_map(|met| met["met"].as_str()).collect();
    let judged = met.iter().filter(|met| **met == "judged").count();
    assert_eq!(judged, 5, "each write, and the plan as a whole");
    assert_eq!(
        met[..10],
        ["read", "branch", "read", "branch", "chosen", "confirmed", "write", "write", "write", "write"]
    );
    assert_eq!((&json["bound"][4]["options"], &json["bound"][4]["chosen"]), (&2.into(), &2.into()));
    assert_eq!(json["bound"][2]["made"]["attempts"], 2);
    assert_eq!(json["bound"][1]["left"][0], "a no with `not-cancelled`");
    let asked: Vec<String> = json["policy"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|asked| format!("{} {} {}", asked["action"], asked["when"], asked["rules"][0]).replace('"', ""))
        .collect();
    assert_eq!(
        asked,
        [
            "find_booking before the read anyone-may-look-up",
            "find_flights before the read verified-may-see-their-own",
            "assign_seat bound verified-may-change-their-own",
            "apply_credit bound verified-may-change-their-own",
            "update_booking bound verified-may-change-their-own",
            "send_confirmation bound verified-may-change-their-own",
            "run_plan bound verified-may-run-plans",
            "assign_seat before the write verified-may-change-their-own",
            "apply_credit before the write verified-may-change-their-own",
        ]
    );
    let seat = &json["steps"][2];
    assert_eq!(
        (&seat["attempts"], &seat["took_ms"], &seat["method"]),
        (&1.into(), &5.into(), &"assign_seat".into())
    );
    assert_eq!(seat["bound_by"][0]["from"], "flight.id");
    assert_eq!(seat["arguments"]["booking"], "redacted");
    assert_eq!(seat["undo"]["action"], "release_seat");
    assert_eq!(seat["undo"]["attempts"], 2);
    let credit = &json["steps"][3];
    assert_eq!((&credit["attempts"], &credit["lost"], &credit["refused"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!(credit["arguments"]["amount"]["minor"], 15_000);
    assert_eq!(json["times"]["took_ms"], 60);
    for personal in ["K7M4X2", "4821", "Rivers", "11A", "CW318"] {
        assert!(!told.text.contains(personal) && !told.json.contains(personal), "{personal}");
    }
    let kept = serde_json::to_string(&trail).expect("JSON");
    assert_eq!(serde_json::from_str::<Trail>(&kept).expect("it is read as it was kept"), trail);
}

#[test]
fn a_refusal_tells_how_it_came_to_it() {
    let pack = loaded(&airline());
    let (next, trail) = bound(&pack, &caller([("flight", Value::Int(1))]), 30_001);
    let Next::Refused(refused) = next else { panic!("it is too much: {next:?}") };
    let told = explain_refusal("p1", "airline/rebook", &refused, &trail);
    for line in [
        "refused, apply_credit is forbidden by: credit-above-300-needs-a-human.",
        "`flight`: the caller chose 1 of 2",
        "30001 minor units of USD",
    ] {
        assert!(told.text.contains(line), "{line}\n---\n{}", told.text);
    }
    let json: serde_json::Value = serde_json::from_str(&told.json).expect("JSON");
    assert_eq!((&json["state"], &json["intent"]["inputs"][0]["input"]), (&"refused".into(), &"code".into()));
}

#[test]
fn a_plan_of_before_there_was_a_trail_is_told_all_the_same() {
    let (plan, _) = ready(&loaded(&airline()));
    let told = explain(&plan, &Trail::default(), &undone());
    assert!(
        told.text.contains("Step 1 find_booking: read. Allowed by: anyone-may-look-up."),
        "{}",
        told.text
    );
    assert!(
        told.text.contains("Step 3 assign_seat: taken back by release_seat at attempt 2."),
        "{}",
        told.text
    );
}

#[test]
fn loops_and_used_skills_are_told_turn_by_turn() {
    let pack = loaded(&travel());
    let (mut reads, id) = (Reads::default(), PlanId("p1".to_owned()));
    let inputs = record([("code", "ab-12".into()), ("pin", "1234".into())]);
    let mut took_ms = 0;
    let plan = loop {
        match bind(&pack, "bags", whose(&id, 7), &inputs, &reads).expect("binds").next {
            Next::Read(read) => {
                took_ms += 1;
                let outcome = travel_answers(&read.call.action, &read.arguments, &[(20, 5_000), (8, 2_500)]);
                reads.add_made(read, outcome, Made { unix_ms: 700, took_ms, attempts: 1 });
            }
            Next::Ready { plan, .. } => break plan,
            other => panic!("everything is known: {other:?}"),
        }
    };
    let basis = Basis { question: 1, unix_ms: 500, evidence: None };
    let given = ["code", "pin"].map(|name| (name.to_owned(), basis.clone())).into();
    let trail = trail(&pack, "bags", whose(&id, 7), &inputs, &given, &reads);
    let told = explain(&plan, &trail, &[]);
    for line in [
        "`pin` was given with question 1; it is secret and not kept.",
        "Goes on with skill identify",
        "`bag` is 2 of 2 of `who.trip.bags`.",
        "Step 2 bag_price: read, bag from `bag.id`; trip from `who.trip.code` by its meaning; answered after 2 ms, at attempt 1.",
        "Step 3 bag_price: read, bag from `bag.id`; trip from `who.trip.code` by its meaning; answered after 3 ms, at attempt 1.",
        "`asked.price.minor > 10000` did not hold (travel/skills/bags.yaml:14); not taken: a no with `too-dear` and a human.",
    ] {
        assert!(told.text.contains(line), "{line}\n---\n{}", told.text);
    }
    for personal in ["AB12", "1234"] {
        assert!(!told.text.contains(personal) && !told.json.contains(personal), "{personal}");
    }
}
