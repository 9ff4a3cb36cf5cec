//! What may be asked in the middle of a skill, what may branch after the yes, and which version of a skill a plan is of.

mod common;

use callwright_model::{NeedWhy, PackSource, Pii, PlanId, Record, StepState};
use callwright_plan_core::{
    BindError, Command, Event, Next, Outcome, Pack, Plan, Progress, Reads, bind, check, decide, progress,
};
use common::{loaded, now, record, travel, travel_answers, whose};
use proptest::prelude::*;

fn with(changes: &[(&str, &str, &str)]) -> PackSource {
    let mut source = travel();
    for (file, from, to) in changes {
        let text = source.files.get_mut(*file).expect("a file of the pack");
        assert!(text.contains(from), "{file} has no `{from}`");
        *text = text.replacen(from, to, 1);
    }
    source
}

/// The skill `giveup` with other steps after it knows who it is about.
fn giving_up(inputs: &str, steps: &str) -> PackSource {
    let text = format!(
        "skill: giveup\nsummary: s\n{inputs}steps:\n  - use: identify\n{steps}done: giveup-done\nfailed: giveup-failed\n"
    );
    let mut source = travel();
    source.files.insert("skills/giveup.yaml".to_owned(), text);
    source
}

fn told(source: &PackSource) -> Vec<String> {
    check(source).iter().map(ToString::to_string).collect()
}

fn bound(pack: &Pack, inputs: &Record) -> Result<Next, BindError> {
    let mut reads = Reads::default();
    loop {
        match bind(pack, "giveup", whose(&PlanId("p1".to_owned()), 7), inputs, &reads)?.next {
            Next::Read(read) => {
                let outcome = travel_answers(&read.call.action, &read.arguments, &[]);
                reads.add(read, outcome);
            }
            next => return Ok(next),
        }
    }
}

fn ready(pack: &Pack, inputs: &Record) -> Plan {
    match bound(pack, inputs) {
        Ok(Next::Ready { plan, .. }) => *plan,
        other => panic!("everything is known: {other:?}"),
    }
}

fn caller() -> Record {
    record([("code", "ab-12".into()), ("pin", "1234".into())])
}

/// Carries a plan out; each call answers with an `id` of `answer`. The methods called, and the log.
fn carried_out(pack: &Pack, plan: &Plan, answer: &str) -> (Vec<String>, Vec<Event>) {
    let mut events = vec![Event::consented(&Pii::new("yes".to_owned()))];
    let mut calls = Vec::new();
    loop {
        match decide(plan, &pack.policy, &events, &now()).expect("our own log") {
            Command::Finished => return (calls, events),
            Command::Await { .. } => panic!("nobody is asked here"),
            Command::Append(event) => events.push(event),
            Command::Invoke(call) => {
                calls.push(call.method.clone());
                events.push(call.outcome(Outcome::Done(record([("id", answer.into())]))));
            }
        }
    }
}

const WHY: &str = "inputs:\n  why: { type: choice, of: [ill, late], ask: ask-why }\n";

#[test]
fn a_question_in_the_middle_is_asked_after_what_was_read_and_only_on_its_way() {
    let steps = |paid: &str| {
        format!(
            "  - when: identify.trip.paid == {paid}\n    ask: why\n  - confirm: read-back-giveup\n  - write: pay_back\n  - write: notify\n"
        )
    };
    let pack = loaded(&giving_up(WHY, &steps("true")));
    let need = Next::Need { input: "why".to_owned(), why: NeedWhy::Missing };
    assert_eq!(bound(&pack, &caller()), Ok(need));
    let mut inputs = caller();
    inputs.insert("why".to_owned(), "bored".into());
    assert!(matches!(bound(&pack, &inputs), Ok(Next::Need { .. })), "it is typed");
    inputs.insert("why".to_owned(), "ill".into());
    assert_eq!(ready(&pack, &inputs).steps.len(), 4);
    let pack = loaded(&giving_up(WHY, &steps("false")));
    assert!(matches!(bound(&pack, &caller()), Ok(Next::Ready { .. })), "the other way asks nothing");
}

#[test]
fn a_branch_after_the_yes_on_what_was_known_is_bound_before_it() {
    let steps = "  - read: terms\n  - confirm: read-back-giveup\n  - when: identify.trip.paid\n    steps:\n      - write: pay_back\n\
                 \x20   else:\n      - write: charge\n        with: { amount: \"{'minor': 1, 'currency': 'USD'}\", label: \"'x'\" }\n\
                 \x20 - write: notify\n";
    let pack = loaded(&giving_up("", steps));
    let plan = ready(&pack, &caller());
    let actions: Vec<&str> = plan.steps.iter().map(|step| step.action.as_str()).collect();
    assert_eq!(actions, ["find_trip", "terms", "pay_back", "notify"]);
}

/// Labels a bag, and charges for it only if the label that came is not free.
const LATER: &str = "  - confirm: read-back-giveup\n  - write: label_bag\n    with: { bag: \"'b'\" }\n    as: label\n\
     \x20 - write: charge\n    with: { amount: \"{'minor': 1, 'currency': 'USD'}\", label: label.id }\n    when: label.id != 'free'\n    as: paid\n\
     \x20 - write: notify\n";

#[test]
fn a_write_that_depends_on_a_result_is_left_out_or_done_as_the_result_says() {
    let pack = loaded(&giving_up("", LATER));
    let plan = ready(&pack, &caller());
    let text = serde_json::to_string(&plan).expect("writes");
    let plan_read: Plan = serde_json::from_str(&text).expect("reads");
    assert_eq!(plan, plan_read);
    let (calls, _) = carried_out(&pack, &plan, "a-17");
    assert_eq!(calls, ["label_bag", "charge", "notify"]);
    let (calls, events) = carried_out(&pack, &plan_read, "free");
    assert_eq!(calls, ["label_bag", "notify"]);
    assert!(events.contains(&Event::StepLeftOut { step: 3 }), "{events:?}");
    let (end, steps) = progress(&plan, &events);
    assert_eq!(end, Progress::Completed);
    assert_eq!(steps[2].state, StepState::LeftOut);
}

#[test]
fn a_log_that_leaves_out_what_was_begun_is_not_the_plans() {
    let pack = loaded(&giving_up("", LATER));
    let plan = ready(&pack, &caller());
    let begun = Event::StepStarted { step: 2, attempt: 1, rules: Vec::new() };
    let yes = Event::consented(&Pii::new("yes".to_owned()));
    assert!(decide(&plan, &pack.policy, &[yes, begun, Event::StepLeftOut { step: 2 }], &now()).is_err());
}

#[test]
fn what_is_wrong_around_a_yes_is_told_with_place_and_remedy() {
    let cases = [
        (
            giving_up(
                "",
                "  - when: identify.trip.paid\n    confirm: read-back-giveup\n  - answer: it-is-paid\n",
            ),
            "giveup.yaml:5: error: a `confirm` on one way only, and both go on (ask after both meet, or end the other way with \
             `answer`, `refuse` or `transfer`)",
        ),
        (
            giving_up(
                WHY,
                "  - confirm: read-back-giveup\n  - ask: why\n  - write: pay_back\n  - write: notify\n",
            ),
            "a question after `confirm` (ask before, so that it is part of what is read back)",
        ),
        (
            giving_up(
                WHY,
                "  - ask: wy\n  - confirm: read-back-giveup\n  - write: pay_back\n  - write: notify\n",
            ),
            "`ask` names the input `wy`, which there is not (did you mean `why`?)",
        ),
        (
            giving_up("", &LATER.replace("when: label.id != 'free'", "when: label.id")),
            "`label.id` is a text, not yes or no",
        ),
        (
            giving_up("", &LATER.replace("- write: notify", "- write: notify\n    with: { trip: paid.id }")),
            "`paid.id`: `paid` is written only when `label.id != 'free'` (give this write the same `when`)",
        ),
        (
            giving_up(
                "",
                &LATER.replace("  - write: notify\n", "  - when: label.id == 'x'\n    write: pay_back\n"),
            ),
            "",
        ),
        (
            giving_up(
                "",
                "  - confirm: read-back-giveup\n  - write: label_bag\n    with: { bag: \"'b'\" }\n    as: label\n  - when: label.id == 'x'\n    \
                 steps:\n      - write: notify\n",
            ),
            "`label.id == 'x'`: `label` is known only once it is written",
        ),
        (
            with(&[
                (
                    "skills/identify.yaml",
                    "pin: { type: digits, length: 4, ask: ask-pin }",
                    "pin: { type: digits, length: 4, ask: ask-pin }\n  other: { type: name, ask: a }",
                ),
                ("skills/identify.yaml", "{ input: pin, words", "{ input: other, words"),
            ]),
            "`not_found` asks again for `other`, and neither this read nor a step before looks at it (name an input that the \
             arguments rest on)",
        ),
        (
            with(&[("skills/giveup.yaml", "summary: ", "version: a b\nsummary: ")]),
            "giveup.yaml:2: error: `version: a b` is no label (letters, digits, `.`, `-` and `_`, 40 at most, such as 2.1)",
        ),
    ];
    let mut missed = Vec::new();
    for (source, wanted) in cases {
        let told = told(&source);
        if wanted.is_empty() != told.is_empty()
            || !told.iter().any(|line| line.contains(wanted)) && !wanted.is_empty()
        {
            missed.push(format!("wanted `{wanted}`, told {told:#?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_version_tells_whether_anything_of_a_skill_has_changed() {
    let version = |source: &PackSource, skill: &str| loaded(source).skills[skill].version.clone();
    let before = version(&travel(), "giveup");
    assert_eq!(before.len(), 12);
    let comment = with(&[("skills/giveup.yaml", "steps:", "# why not\nsteps:")]);
    assert_eq!(version(&comment, "giveup"), before, "how it is written is not what it says");
    let own = with(&[("skills/giveup.yaml", "read-back-giveup", "read-back-other")]);
    let used = with(&[("skills/identify.yaml", "words: wrong-pin", "words: other")]);
    let action = with(&[("actions.yaml", "summary: Pay a trip back", "summary: Pay it back")]);
    for changed in [&own, &used, &action] {
        assert_ne!(version(changed, "giveup"), before);
    }
    assert_eq!(version(&action, "bags"), version(&travel(), "bags"), "an action that is not its own");
    let undo = with(&[("actions.yaml", "summary: Make a label void", "summary: Void")]);
    assert_ne!(version(&undo, "bags"), version(&travel(), "bags"), "what takes its writes back is");
    let named = with(&[("skills/giveup.yaml", "summary: ", "version: 2.1\nsummary: ")]);
    assert!(version(&named, "giveup").starts_with("2.1+"));
    assert_eq!(ready(&loaded(&named), &caller()).version, version(&named, "giveup"));
}

/// A step of a small skill: what it is by number, with another number for its details.
fn step_of(kind: u8, detail: u8, number: usize, depth: usize, inner: &[(u8, u8)]) -> String {
    let fact = ["identify.trip.paid", "!identify.trip.paid", "why == 'ill'", "size(identify.trip.bags) == 0"];
    let result = ["label0.id != 'free'", "label0.id == 'free'", "paid1.id != ''"];
    let pick = |of: &[&str]| of[usize::from(detail) % of.len()].to_owned();
    let text = match kind {
        0 => format!("- {{ read: terms, as: terms{number} }}\n"),
        1 => "- ask: why\n".to_owned(),
        2 => "- confirm: read-back-giveup\n".to_owned(),
        3 => format!("- {{ write: label_bag, with: {{ bag: \"'b'\" }}, as: label{} }}\n", detail % 3),
        4 => format!(
            "- write: charge\n  with: {{ amount: \"{{'minor': 1, 'currency': 'USD'}}\", label: label{}.id }}\n  as: paid{}\n",
            detail % 3,
            detail % 2
        ),
        5 => format!(
            "- write: charge\n  with: {{ amount: \"{{'minor': 1, 'currency': 'USD'}}\", label: \"'x'\" }}\n  when: \"{}\"\n  as: paid{}\n",
            pick(&result),
            detail % 2
        ),
        6 => format!("- {{ write: notify, as: told{number} }}\n"),
        7 => format!("- {{ write: pay_back, as: back{number}, when: \"{}\" }}\n", pick(&fact)),
        8 => "- answer: it-is-paid\n".to_owned(),
        9 if depth == 0 && !inner.is_empty() => {
            let half = inner.len() / 2;
            let way = |steps: &[(u8, u8)], from: usize| -> String {
                steps
                    .iter()
                    .enumerate()
                    .map(|(n, (kind, detail))| {
                        let text = step_of(*kind, *detail, number * 100 + from + n, 1, &[]);
                        text.lines().map(|line| format!("    {line}\n")).collect::<String>()
                    })
                    .collect()
            };
            let (then, other) = (way(&inner[..half], 0), way(&inner[half..], 50));
            let then = if then.is_empty() { "    - ask: why\n".to_owned() } else { then };
            format!("- when: \"{}\"\n  steps:\n{then}  else:\n{other}", pick(&fact))
        }
        _ => format!("- when: \"{}\"\n  refuse: no-bags\n", pick(&fact)),
    };
    text.lines().map(|line| format!("  {line}\n")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// A skill of any steps is refused by the checks, or runs to its end with a value for every argument, whatever is answered.
    #[test]
    fn a_small_skill_is_refused_or_runs_to_its_end(
        before in prop::collection::vec((prop::sample::select(vec![0u8, 1, 9, 10]), any::<u8>()), 0..3),
        after in prop::collection::vec((prop::sample::select(vec![3u8, 3, 4, 5, 6, 7, 9]), any::<u8>()), 0..5),
        any_step in prop::option::of((0u8..11, any::<u8>())),
        inner in prop::collection::vec((prop::sample::select(vec![1u8, 2, 3, 4, 5, 7, 8]), any::<u8>()), 0..4),
        free in any::<bool>(),
    ) {
        let mut steps = String::new();
        let all = before.into_iter().chain(any_step).chain([(2, 0)]).chain(after);
        for (number, (kind, detail)) in all.enumerate() {
            steps.push_str(&step_of(kind, detail, number, 0, &inner));
        }
        let source = giving_up(WHY, &steps);
        let Ok(pack) = Pack::load(&source) else { return Ok(()) };
        for why in ["ill", "late"] {
            let mut inputs = caller();
            inputs.insert("why".to_owned(), why.into());
            match bound(&pack, &inputs) {
                Ok(Next::Ready { plan, .. }) => {
                    let answer = if free { "free" } else { "a-17" };
                    let (calls, events) = carried_out(&pack, &plan, answer);
                    prop_assert_eq!(events.last(), Some(&Event::Completed), "{}", steps);
                    let left_out = events.iter().filter(|e| matches!(e, Event::StepLeftOut { .. })).count();
                    let writes = plan.steps.iter().filter(|step| step.write.is_some()).count();
                    prop_assert_eq!(calls.len() + left_out, writes, "{}", steps);
                }
                Ok(Next::Answer { .. } | Next::Refused(_)) => {}
                // Every write of it depends on a fact, and none holds: a human is asked, and nothing is read back.
                Err(BindError::NothingToDo) => prop_assert!(steps.contains("when"), "{}", steps),
                other => prop_assert!(false, "{:?}\n{}", other, steps),
            }
        }
    }
}

/// The test above means something only if many of its skills load.
#[test]
fn many_small_skills_load() {
    let sample = [(3u8, 0u8), (4, 0), (5, 1), (6, 0)];
    let steps: String = std::iter::once((2u8, 0u8))
        .chain(sample)
        .enumerate()
        .map(|(number, (kind, detail))| step_of(kind, detail, number, 0, &[]))
        .collect();
    let source = giving_up("", &steps);
    assert_eq!(told(&source), Vec::<String>::new(), "{steps}");
    assert_eq!(
        carried_out(&loaded(&source), &ready(&loaded(&source), &caller()), "free").0,
        ["label_bag", "charge", "charge", "notify"]
    );
}
