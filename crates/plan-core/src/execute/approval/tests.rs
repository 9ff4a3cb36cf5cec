//! Plans that wait for somebody, as scripts: what the approvers do, and what is written down.

use callwright_model::{Idempotency, Value};

use super::*;
use crate::execute::tests::plan;
use crate::execute::{Outcome, decide, is_finished, progress};
use crate::expr::Expr;
use crate::{Entry, Progress, Trail, explain};

/// Policies over three writes; the second shows the result of the first when `later`.
fn policy(rules: &str, later: bool) -> Policy {
    let shown = if later { "after: String" } else { "" };
    let schema = format!(
        "entity Caller {{ verified: Set<String> }}; entity Connector; entity Skill;
         action \"do1\", \"do3\" appliesTo {{ principal: [Caller], resource: [Connector], context: {{}} }};
         action \"do2\" appliesTo {{ principal: [Caller], resource: [Connector], context: {{ {shown} }} }};
         action \"run_plan\" appliesTo {{
           principal: [Caller], resource: [Skill], context: {{ writes: Long, amount: Long }}
         }};"
    );
    let mut problems = Vec::new();
    let policy = Policy::load(("s", &schema), ("p", rules), &mut problems);
    policy.unwrap_or_else(|| panic!("{problems:?}"))
}

fn three(later: bool) -> Plan {
    let mut plan = plan(&[(Idempotency::Key, true); 3], 1);
    if later {
        let context = Expr::compile("input.after").expect("an expression");
        plan.steps[1].write.as_mut().expect("it writes").context = vec![("after".to_owned(), context)];
    }
    plan
}

fn decision(role: &str, by: &str, approve: bool) -> Decision {
    let reason = "as agreed".to_owned();
    Decision { role: role.to_owned(), by: by.to_owned(), approve, reason }
}

/// An event in short, such as `asked lead [2]`.
fn short(event: &Event) -> String {
    match event {
        Event::ApprovalAsked { role, steps, .. } => format!("asked {role} {steps:?}"),
        Event::Approved { by, .. } => format!("approved {by}"),
        Event::Rejected { by, .. } => format!("rejected {}", by.as_deref().unwrap_or("nobody")),
        Event::StepStarted { step, .. } => format!("started {step}"),
        Event::StepCommitted { step, .. } => format!("done {step}"),
        Event::StepFailed { step, .. } => format!("failed {step}"),
        Event::StepUndone { step } => format!("undone {step}"),
        Event::UndoStarted { step, .. } => format!("undo {step}"),
        Event::Completed => "completed".to_owned(),
        Event::Failed { step, .. } => format!("ended {step}"),
        Event::InDoubt { step, .. } => format!("in doubt {step}"),
        Event::Consented { .. } => "yes".to_owned(),
        Event::StepLost { .. }
        | Event::StepRefused { .. }
        | Event::StepAbsent { .. }
        | Event::StepLeftOut { .. }
        | Event::VerifyLost { .. }
        | Event::UndoLost { .. }
        | Event::UndoRefused { .. }
        | Event::CancelAsked { .. }
        | Event::Held { .. } => panic!("all goes well here: {event:?}"),
    }
}

/// Carries a plan out; each question gets the next answer: `approve Ada`, `reject Bob`, or `time` that passes.
fn carry_out(plan: &Plan, policy: &Policy, answers: &[&str]) -> Vec<Event> {
    let mut events = vec![Event::Consented { words_sha256: String::new() }];
    let mut answers = answers.iter();
    loop {
        let event = match decide(plan, policy, &events, &now()).expect("our own log") {
            Command::Finished => break,
            Command::Append(event) => event,
            Command::Invoke(call) => {
                let id = Value::from(format!("e{}", call.step).as_str());
                call.outcome(Outcome::Done(Record::from([("id".to_owned(), id)])))
            }
            Command::Await { unanswered, .. } => {
                assert_eq!(progress(plan, &events).0, Progress::AwaitingApproval);
                let Some(Event::ApprovalAsked { role, .. }) = events.last() else { panic!("{events:?}") };
                match answers.next().expect("an answer for each question").split_once(' ') {
                    Some((what, by)) => {
                        let decision = decision(role, by, what == "approve");
                        answer(&events, events.len() as u64, &decision)
                            .expect("it counts")
                            .expect("the first")
                    }
                    None => unanswered,
                }
            }
        };
        events.push(event);
    }
    assert!(answers.next().is_none() && is_finished(&events));
    events
}

fn check(rules: &str, later: bool, answers: &[&str], wanted: &str) {
    let rules =
        format!("permit(principal, action in [Action::\"do1\", Action::\"do3\"], resource);\n{rules}");
    let events = carry_out(&three(later), &policy(&rules, later), answers);
    let told: Vec<String> = events.iter().skip(1).map(short).collect();
    assert_eq!(told.join(", "), wanted, "{rules}");
}

const MAY: &str = "permit(principal, action == Action::\"do2\", resource);";
const LEAD: &str =
    "@approval(\"lead\") forbid(principal, action == Action::\"do2\", resource) when { true };";

#[test]
fn what_can_be_foreseen_is_asked_before_anything_is_written() {
    let rules = format!("{MAY}\n{LEAD}");
    let all = "started 1, done 1, started 2, done 2, started 3, done 3, completed";
    check(&rules, false, &["approve Ada"], &format!("asked lead [2], approved Ada, {all}"));
    check(&rules, false, &["reject Bob"], "asked lead [2], rejected Bob, failed 2, ended 2");
    check(&rules, false, &["time"], "asked lead [2], rejected nobody, failed 2, ended 2");
    let only = "@approval(\"lead\") permit(principal, action == Action::\"do2\", resource);";
    check(only, false, &["approve Ada"], &format!("asked lead [2], approved Ada, {all}"));
    // Several writes for one role are one question, and another role is another.
    let more = "@approval(\"lead\") forbid(principal, action == Action::\"do3\", resource) when { true };
        @approval(\"risk\") forbid(principal, action == Action::\"do3\", resource) when { true };";
    let two = "asked lead [2, 3], approved Ada, asked risk [3], ";
    check(
        &format!("{rules}\n{more}"),
        false,
        &["approve Ada", "approve Cem"],
        &format!("{two}approved Cem, {all}"),
    );
    check(
        &format!("{rules}\n{more}"),
        false,
        &["approve Ada", "reject Cem"],
        &format!("{two}rejected Cem, failed 3, ended 3"),
    );
}

#[test]
fn what_depends_on_a_result_is_asked_when_it_is_there_and_a_no_undoes_what_was_done() {
    let rules = format!(
        "{MAY}\n@approval(\"lead\") forbid(principal, action == Action::\"do2\", resource) when {{ context.after == \"e1\" }};"
    );
    let before = "started 1, done 1, asked lead [2], ";
    let after = "started 2, done 2, started 3, done 3, completed";
    check(&rules, true, &["approve Ada"], &format!("{before}approved Ada, {after}"));
    for (answer, told) in [("reject Bob", "rejected Bob"), ("time", "rejected nobody")] {
        check(&rules, true, &[answer], &format!("{before}{told}, failed 2, undo 1, undone 1, ended 2"));
    }
}

#[test]
fn a_plan_as_a_whole_can_wait_too() {
    let rules = format!(
        "{MAY}\npermit(principal, action == Action::\"run_plan\", resource);
        @approval(\"lead\") forbid(principal, action == Action::\"run_plan\", resource) when {{ context.writes > 2 }};"
    );
    let all = "started 1, done 1, started 2, done 2, started 3, done 3, completed";
    check(&rules, false, &["approve Ada"], &format!("asked lead [], approved Ada, {all}"));
    check(&rules, false, &["reject Bob"], "asked lead [], rejected Bob, failed 1, ended 1");
}

#[test]
fn the_policies_are_asked_again_after_an_approval() {
    let (plan, events) = (
        three(false),
        [
            Event::Consented { words_sha256: String::new() },
            Event::approval_asked(
                Approval { role: "lead".to_owned(), within: Duration::from_secs(60) },
                vec![2],
                vec!["big".to_owned()],
            ),
            decision("lead", "Ada", true).event(),
        ],
    );
    let next = |rules: &str| {
        let rules =
            format!("permit(principal, action in [Action::\"do1\", Action::\"do3\"], resource);\n{rules}");
        match decide(&plan, &policy(&rules, false), &events, &now()).expect("our own log") {
            Command::Append(event) => short(&event),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(next(&format!("{MAY}\n{LEAD}")), "started 1");
    let firm = "forbid(principal, action == Action::\"do2\", resource) when { true };";
    assert_eq!(
        next(&format!("{MAY}\n{LEAD}\n{firm}")),
        "failed 2",
        "and an approval changes nothing about it"
    );
    assert_eq!(next(&format!("{MAY}\n{}", LEAD.replace("lead", "board"))), "asked board [2]");
}

#[test]
fn an_answer_is_to_one_question_by_the_role_that_was_asked_and_counts_once() {
    let asked = |number: u32| {
        let approval = Approval { role: "lead".to_owned(), within: Duration::from_secs(60) };
        Event::approval_asked(approval, vec![number], Vec::new())
    };
    let consented = Event::Consented { words_sha256: String::new() };
    let mut events = vec![consented, asked(2)];
    for number in [0, 1, 3, u64::MAX] {
        let told = answer(&events, number, &decision("lead", "Ada", true));
        assert_eq!(told, Err(NoQuestion::NotAsked(number)));
    }
    let other = answer(&events, 2, &decision("risk", "Ada", true));
    assert_eq!(other, Err(NoQuestion::OtherRole("lead".to_owned())));
    let first = answer(&events, 2, &decision("lead", "Ada", true)).expect("it counts").expect("the first");
    events.extend([first, asked(3)]);
    assert_eq!(answer(&events, 2, &decision("lead", "Ada", true)), Ok(None), "said again, and not of step 3");
    for (by, approve) in [("Bob", true), ("Ada", false)] {
        let late = answer(&events, 2, &decision("lead", by, approve));
        assert_eq!(late, Err(NoQuestion::Decided("Ada has approved".to_owned())));
    }
    events.push(Event::Rejected { role: "lead".to_owned(), by: None, reason: String::new() });
    let late = answer(&events, 4, &decision("lead", "Ada", true));
    assert_eq!(late, Err(NoQuestion::Decided("nobody answered in time".to_owned())));
}

#[test]
fn a_log_in_which_somebody_was_passed_over_is_corrupt() {
    let rules = format!("permit(principal, action == Action::\"do1\", resource);\n{MAY}\n{LEAD}");
    let (plan, policy) = (three(false), policy(&rules, false));
    let consented = || Event::Consented { words_sha256: String::new() };
    let asked = |steps: Vec<u32>| {
        let approval = Approval { role: "lead".to_owned(), within: Duration::from_secs(60) };
        Event::approval_asked(approval, steps, Vec::new())
    };
    let started = |step| Event::StepStarted { step, attempt: 1, rules: Vec::new() };
    let approved = |role: &str| decision(role, "Ada", true).event();
    let rejected = || decision("lead", "Bob", false).event();
    for events in [
        vec![consented(), approved("lead")],
        vec![consented(), asked(vec![2]), approved("risk")],
        vec![consented(), asked(vec![2]), started(1)],
        vec![consented(), asked(vec![2]), asked(vec![2])],
        vec![consented(), asked(vec![9]), approved("lead")],
        vec![consented(), asked(vec![2]), approved("lead"), approved("lead")],
        vec![consented(), asked(vec![2]), rejected(), started(1)],
        vec![consented(), asked(vec![2]), rejected(), asked(vec![2])],
    ] {
        assert!(decide(&plan, &policy, &events, &now()).is_err(), "{events:?}");
    }
}

#[test]
fn the_approver_sees_what_would_happen_and_the_story_says_who_and_why() {
    let rules = format!(
        "permit(principal, action in [Action::\"do1\", Action::\"do3\"], resource);\n{MAY}\n@id(\"big\") {LEAD}"
    );
    let (plan, policy) = (three(false), policy(&rules, false));
    let entries = |events: &[Event]| -> Vec<Entry> {
        let entry = |(number, event): (u64, &Event)| Entry {
            number,
            unix_ms: 1_795_705_615_000 + number * 60_000,
            event: event.clone(),
        };
        (1..).zip(events).map(entry).collect()
    };
    let events = carry_out(&plan, &policy, &["reject Bob"]);
    let waiting = asked(&plan, &entries(&events[..2])).expect("it waits");
    assert_eq!(
        (waiting.number, waiting.role.as_str(), waiting.rules.as_slice()),
        (2, "lead", &["big".to_owned()][..])
    );
    assert_eq!(waiting.until_unix_ms - waiting.asked_unix_ms, 24 * 3_600_000);
    let writes: Vec<_> = waiting
        .writes
        .iter()
        .map(|due| (due.step, due.asked, due.arguments.len(), due.later.len()))
        .collect();
    assert_eq!(writes, [(1, false, 1, 0), (2, true, 0, 1), (3, false, 0, 1)]);
    assert_eq!(waiting.writes[1].undo.as_deref(), Some("undo2"));
    assert_eq!(asked(&plan, &entries(&events)), None, "it waits no more");

    let told = explain(&plan, &Trail::default(), &entries(&events[..2])).text;
    assert!(told.contains(": waiting for an approval."), "{told}");
    assert!(told.contains("step 2 do2 waits for the approval of `lead`, until 2026-"), "{told}");
    let told = explain(&plan, &Trail::default(), &entries(&events));
    assert!(told.text.contains("rejected by Bob as `lead`: as agreed."), "{}", told.text);
    assert!(told.text.contains("because step 2 do2 failed: it was not approved."), "{}", told.text);
    let json: serde_json::Value = serde_json::from_str(&told.json).expect("JSON");
    let asked: Vec<_> =
        json["policy"].as_array().expect("a list").iter().filter(|it| it["approval"] == "lead").collect();
    assert_eq!((asked.len(), &asked[0]["rules"][0]), (1, &"big".into()));
    assert_eq!(json["events"][2]["what"]["by"], "Bob");
    let events = carry_out(&plan, &policy, &["time"]);
    let told = explain(&plan, &Trail::default(), &entries(&events)).text;
    assert!(told.contains("nobody answered as `lead` in time, which counts as rejected."), "{told}");
}

/// A time that no policy here looks at.
fn now() -> Now {
    Now::at(0, chrono_tz::Tz::UTC)
}
