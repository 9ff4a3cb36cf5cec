//! A plan as spans: what is written down, and nothing else, makes a whole tree of them.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{PlanId, Record, Value};
use callwright_plan_core::{
    Attribute, Basis, Entry, Event, Made, Next, PERSONAL, Plan, Reads, Span, Trail, bind, spans, trail,
};
use common::{airline, airline_answers, caller, loaded, whose};

const ID: &str = "00000000000000000000000000abc123";

fn ready() -> (Plan, Trail) {
    let pack = loaded(&airline());
    let (inputs, id) = (caller([("flight", Value::Int(2))]), PlanId(ID.to_owned()));
    let given = [("code".to_owned(), Basis { question: 1, unix_ms: 400, evidence: None })].into();
    let mut reads = Reads::default();
    loop {
        match bind(&pack, "rebook", whose(&id, 7), &inputs, &reads).expect("binds").next {
            Next::Read(read) => {
                let outcome = airline_answers(&read.call.action, &read.arguments, 15_000);
                reads.add_made(read, outcome, Made { unix_ms: 500, took_ms: 12, attempts: 2 });
            }
            Next::Ready { plan, .. } => {
                return (*plan, trail(&pack, "rebook", whose(&id, 7), &inputs, &given, &reads));
            }
            other => panic!("everything is known: {other:?}"),
        }
    }
}

/// The spans of a whole story, as they come entry after entry, 10 ms apart.
fn told(events: Vec<Event>, personal: bool) -> Vec<Span> {
    let (plan, trail) = ready();
    let entries: Vec<Entry> = (1..)
        .zip(events)
        .map(|(number, event)| Entry { number, unix_ms: 1_000 + number * 10, event })
        .collect();
    (1..=entries.len()).flat_map(|known| spans(&plan, &trail, &entries[..known], personal)).collect()
}

fn begun(step: u32, attempt: u32) -> Event {
    let rules = if attempt == 1 { vec!["verified-may-change-their-own".to_owned()] } else { Vec::new() };
    Event::StepStarted { step, attempt, rules }
}

fn done(step: u32) -> Event {
    Event::StepCommitted {
        step,
        result: Record::from([("number".to_owned(), Value::Code("11A".to_owned()))]),
    }
}

fn undone() -> Vec<Event> {
    let reason = || "no such credit".to_owned();
    vec![
        Event::Consented { words_sha256: "00".to_owned() },
        begun(3, 1),
        Event::StepLost { step: 3, attempt: 1, reason: "timed out".to_owned() },
        begun(3, 2),
        done(3),
        Event::ApprovalAsked {
            role: "supervisor".to_owned(),
            steps: vec![4],
            rules: Vec::new(),
            within_s: 60,
        },
        Event::Approved {
            role: "supervisor".to_owned(),
            by: "Ada Lovelace".to_owned(),
            reason: String::new(),
        },
        begun(4, 1),
        Event::StepRefused { step: 4, attempt: 1, reason: reason(), retriable: false },
        Event::StepFailed { step: 4, reason: reason(), rules: Vec::new(), words: None },
        Event::UndoStarted { step: 3, attempt: 1 },
        Event::StepUndone { step: 3 },
        Event::Failed { step: 4, reason: reason(), words: None },
    ]
}

/// Name, beginning and end, and why it failed.
fn short(spans: &[Span]) -> Vec<(&str, u64, u64, Option<&str>)> {
    let short = |span: &Span| (span.began_unix_ms, span.ended_unix_ms);
    spans
        .iter()
        .map(|span| (span.name.as_str(), short(span).0, short(span).1, span.failed.as_deref()))
        .collect()
}

#[test]
fn a_plan_is_one_tree_with_the_times_of_its_journal() {
    let spans = told(undone(), false);
    let no = Some("no such credit");
    assert_eq!(
        short(&spans),
        [
            ("execute_tool find_booking", 500, 512, None),
            ("execute_tool find_flights", 500, 512, None),
            ("execute_tool assign_seat", 1_020, 1_050, None),
            ("await_approval supervisor", 1_060, 1_070, None),
            ("execute_tool apply_credit", 1_080, 1_100, no),
            ("execute_tool release_seat", 1_110, 1_120, None),
            ("plan rebook", 400, 1_130, no),
        ]
    );
    let root = spans.last().expect("the plan");
    assert_eq!((root.trace, root.parent), (0xabc123, None));
    assert!(spans.iter().all(|span| span.trace == root.trace && span.id != 0));
    assert!(spans[..6].iter().all(|span| span.parent == Some(root.id)));
    let ids: BTreeSet<u64> = spans.iter().map(|span| span.id).collect();
    assert_eq!(ids.len(), spans.len(), "each has a number of its own");
}

#[test]
fn spans_speak_the_conventions_for_tools() {
    let spans = told(undone(), false);
    let of = |at: usize, name: &str| spans[at].attributes.get(name).cloned();
    assert_eq!(of(2, "gen_ai.operation.name"), Some("execute_tool".into()));
    assert_eq!(of(2, "gen_ai.tool.name"), Some("assign_seat".into()));
    assert_eq!(of(2, "gen_ai.tool.call.id"), Some(Attribute::Text(format!("{ID}:3"))));
    assert_eq!(of(2, "gen_ai.conversation.id"), Some("0000000000000007".into()));
    assert_eq!(of(2, "callwright.attempts"), Some(2.into()));
    let rules = vec!["verified-may-change-their-own".to_owned()];
    assert_eq!(of(2, "callwright.policy.rules"), Some(Attribute::Texts(rules)));
    assert_eq!((spans[2].notes[0].name, spans[2].notes[0].unix_ms), ("callwright.attempt.lost", 1_030));
    assert_eq!(of(4, "error.type"), Some("failed".into()));
    assert_eq!(of(5, "gen_ai.tool.call.id"), Some(Attribute::Text(format!("{ID}:3:undo"))));
    assert_eq!(of(6, "gen_ai.operation.name"), Some("plan".into()));
    assert_eq!(of(6, "callwright.plan.state"), Some("failed".into()));
}

#[test]
fn what_is_personal_is_there_only_when_asked_for_and_only_under_its_mark() {
    let text = |spans: &[Span]| format!("{spans:?}");
    let without = text(&told(undone(), false));
    for personal in ["K7M4X2", "11A", "Lovelace", PERSONAL] {
        assert!(!without.contains(personal), "`{personal}` is in {without}");
    }
    let mut with = told(undone(), true);
    let marked: BTreeMap<&str, Attribute> = with
        .iter()
        .flat_map(|span| span.attributes.clone())
        .filter(|(name, _)| name.starts_with(PERSONAL))
        .collect();
    let names: Vec<&str> = marked.keys().copied().collect();
    let expected = ["arguments", "approver", "result", "verified"].map(|name| format!("{PERSONAL}{name}"));
    assert_eq!(BTreeSet::from_iter(names), BTreeSet::from_iter(expected.iter().map(String::as_str)));
    for span in &mut with {
        span.attributes.retain(|name, _| !name.starts_with(PERSONAL));
    }
    assert_eq!(text(&with), without, "nothing else changes");
}

#[test]
fn what_is_in_doubt_ends_with_what_it_was_in_the_middle_of() {
    let doubt = |step| Event::InDoubt { step, reason: "no answer".to_owned() };
    let consent = || Event::Consented { words_sha256: "00".to_owned() };
    let writing = told(vec![consent(), begun(3, 1), doubt(3)], false);
    let names = |spans: &[Span]| spans[2..].iter().map(|span| span.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&writing), ["execute_tool assign_seat", "plan rebook"]);
    assert_eq!(writing[2].attributes.get("error.type"), Some(&"in_doubt".into()));
    let no = || Event::StepFailed {
        step: 4,
        reason: "no".to_owned(),
        rules: vec!["dear".to_owned()],
        words: None,
    };
    let undoing =
        vec![consent(), begun(3, 1), done(3), no(), Event::UndoStarted { step: 3, attempt: 1 }, doubt(3)];
    let undoing = told(undoing, false);
    let expected = ["assign_seat", "apply_credit", "release_seat"].map(|name| format!("execute_tool {name}"));
    assert_eq!(names(&undoing)[..3], expected);
    assert_eq!(undoing[3].attributes.get("error.type"), Some(&"not_permitted".into()));
    assert_eq!(undoing[3].began_unix_ms, undoing[3].ended_unix_ms, "it was never asked for");
    let neither = told(vec![consent(), begun(3, 1), done(3), no(), doubt(3)], false);
    assert_eq!(names(&neither)[2..], ["plan rebook"], "the write is done and nothing is being undone");
}
