//! Two kinds of limits, and plans that are charged, fail, are taken back and come again.

use std::collections::BTreeSet;

use callwright_model::{Idempotency, Money, Value};

use super::*;
use crate::catalogue::FieldType;
use crate::execute::Event;
use crate::execute::tests::plan;
use crate::explain::Entry;
use crate::plan::Plan;
use crate::plan::{Argument, ArgumentValue};

const NOON: u64 = 1_795_694_400_000;
const HOUR: u64 = 3_600_000;

fn limit(per: Per, sum: bool, most: i64) -> Limits {
    let sum = sum.then(|| Sum { input: "amount".to_owned(), unit: "USD".to_owned() });
    let then = Then::Refuse { words: None, transfer: false };
    let of = BTreeSet::from(["do1".to_owned(), "do2".to_owned()]);
    let limit = DayLimit { name: "most".to_owned(), of, per, sum, most, then, line: None };
    Limits { zone: chrono_tz::America::New_York, limits: vec![limit] }
}

/// A plan of one caller that pays so much in so many steps.
fn paying(id: &str, caller: &str, amounts: &[i64], currency: &str) -> Plan {
    let steps: Vec<_> = amounts.iter().map(|_| (Idempotency::Key, true)).collect();
    let mut plan = plan(&steps, 0);
    plan.id.0 = id.to_owned();
    plan.verified = BTreeSet::from([caller.to_owned()]);
    for (step, minor) in plan.steps.iter_mut().zip(amounts) {
        let write = step.write.as_mut().expect("it writes");
        let money = Value::Money(Money { minor: *minor, currency: currency.to_owned() });
        let value = ArgumentValue::Known(money);
        write.arguments = vec![Argument { name: "amount".to_owned(), kind: FieldType::Money, value }];
    }
    plan
}

fn consented() -> Event {
    Event::Consented { words_sha256: String::new() }
}

fn begun(step: u32) -> Event {
    Event::StepStarted { step, attempt: 1, rules: Vec::new() }
}

fn done(step: u32) -> Event {
    Event::StepCommitted { step, result: Record::new() }
}

fn charge(ledger: &mut Ledger, limits: &Limits, plan: &Plan, at: u64) -> Option<String> {
    let over = ledger.charge(limits, plan, &[consented()], at).expect("our own log");
    over.map(|over| format!("{} at {}", over.limit, over.step))
}

#[test]
fn each_caller_has_a_sum_for_the_day_and_the_next_day_another() {
    let (limits, mut ledger) = (limit(Per::CallerAndDay, true, 100), Ledger::default());
    let mut pays = |id: &str, caller: &str, amount, at| {
        charge(&mut ledger, &limits, &paying(id, caller, &[amount], "USD"), at)
    };
    assert_eq!(pays("a", "ada", 60, NOON), None);
    assert_eq!(pays("b", "ada", 41, NOON), Some("most at 1".to_owned()));
    assert_eq!(pays("b", "ada", 40, NOON), None);
    assert_eq!(pays("c", "ada", 1, NOON), Some("most at 1".to_owned()));
    assert_eq!(pays("d", "eve", 100, NOON), None, "another caller's is another's");
    // Eleven in the evening in New York, and an hour later.
    assert_eq!(pays("e", "ada", 1, NOON + 15 * HOUR), Some("most at 1".to_owned()));
    assert_eq!(pays("e", "ada", 100, NOON + 17 * HOUR), None);
}

#[test]
fn all_callers_of_a_day_are_counted_together_where_that_is_meant() {
    let (limits, mut ledger) = (limit(Per::Day, false, 2), Ledger::default());
    for (id, caller, wanted) in [("a", "ada", None), ("b", "eve", None), ("c", "kim", Some("most at 1"))] {
        let plan = paying(id, caller, &[5], "USD");
        assert_eq!(charge(&mut ledger, &limits, &plan, NOON).as_deref(), wanted);
    }
}

#[test]
fn a_plan_is_charged_for_all_its_steps_before_the_first_and_once() {
    let (limits, mut ledger) = (limit(Per::CallerAndDay, true, 100), Ledger::default());
    let plan = paying("a", "ada", &[60, 60], "USD");
    assert_eq!(charge(&mut ledger, &limits, &plan, NOON), Some("most at 2".to_owned()));
    let plan = paying("b", "ada", &[60, 40], "USD");
    assert_eq!(charge(&mut ledger, &limits, &plan, NOON), None);
    assert_eq!(charge(&mut ledger, &limits, &plan, NOON), None, "asked again before the second step");
    assert_eq!(
        charge(&mut ledger, &limits, &paying("c", "ada", &[1], "USD"), NOON).as_deref(),
        Some("most at 1")
    );
}

#[test]
fn what_fails_or_is_taken_back_is_given_back_and_what_may_be_there_is_not() {
    let limits = limit(Per::CallerAndDay, true, 100);
    let failed = |step| Event::StepFailed { step, reason: "no".to_owned(), rules: Vec::new(), words: None };
    let undone = [Event::UndoStarted { step: 1, attempt: 1 }, Event::StepUndone { step: 1 }];
    let ended = Event::Failed { step: 2, reason: "no".to_owned(), words: None };
    let doubt = Event::InDoubt { step: 2, reason: "lost".to_owned() };
    let all_back =
        [vec![consented(), begun(1), done(1), begun(2), failed(2)], undone.to_vec(), vec![ended]].concat();
    for (events, left) in [
        (vec![consented(), begun(1), done(1), begun(2), done(2), Event::Completed], 0),
        (vec![consented(), begun(1), done(1), begun(2), doubt.clone()], 0),
        (vec![consented(), begun(1), Event::InDoubt { step: 1, reason: "lost".to_owned() }], 40),
        (all_back.clone(), 100),
        (all_back[..5].to_vec(), 40),
    ] {
        let mut ledger = Ledger::default();
        let plan = paying("a", "ada", &[60, 40], "USD");
        assert_eq!(charge(&mut ledger, &limits, &plan, NOON), None);
        ledger.settle(&plan, &events);
        let more = |amount| paying("b", "ada", &[amount], "USD");
        assert_eq!(
            charge(&mut ledger, &limits, &more(left + 1), NOON).as_deref(),
            Some("most at 1"),
            "{events:?}"
        );
        assert_eq!(charge(&mut ledger, &limits, &more(left), NOON), None, "{events:?}");
    }
}

#[test]
fn a_ledger_that_is_made_anew_from_the_logs_counts_the_same() {
    let limits = limit(Per::CallerAndDay, true, 100);
    let plan = paying("a", "ada", &[60, 30], "USD");
    let events = [consented(), begun(1), done(1), begun(2), done(2), Event::Completed];
    let mut ledger = Ledger::default();
    assert_eq!(charge(&mut ledger, &limits, &plan, NOON), None);
    ledger.settle(&plan, &events);
    let entries: Vec<Entry> =
        (1..).zip(events).map(|(number, event)| Entry { number, unix_ms: NOON, event }).collect();
    let mut anew = Ledger::default();
    anew.recall(&limits, &plan, &entries).expect("our own log");
    assert_eq!(anew, ledger);
    // Of a plan that stands in the middle all counts that it was charged with, and nothing before it has begun.
    for (known, left) in [(&entries[..2], 10), (&entries[..1], 100)] {
        let mut half = Ledger::default();
        half.recall(&limits, &plan, known).expect("our own log");
        let more = |amount| paying("b", "ada", &[amount], "USD");
        assert_eq!(charge(&mut half, &limits, &more(left + 1), NOON).as_deref(), Some("most at 1"));
        assert_eq!(charge(&mut half, &limits, &more(left), NOON), None);
    }
}

#[test]
fn a_log_that_is_told_again_or_goes_on_counts_once() {
    let limits = limit(Per::CallerAndDay, true, 100);
    let plan = paying("a", "ada", &[60, 30], "USD");
    let failed = Event::StepFailed { step: 1, reason: "no".to_owned(), rules: Vec::new(), words: None };
    let events =
        [consented(), begun(1), failed, Event::Failed { step: 1, reason: "no".to_owned(), words: None }];
    let entries: Vec<Entry> =
        (1..).zip(events).map(|(number, event)| Entry { number, unix_ms: NOON, event }).collect();
    let mut ledger = Ledger::default();
    for (known, left) in [(2, 10), (2, 10), (3, 70), (4, 100), (4, 100)] {
        ledger.recall(&limits, &plan, &entries[..known]).expect("our own log");
        let over = |amount| {
            let more = paying("b", "ada", &[amount], "USD");
            ledger.foresee(&limits, &more, &[consented()], NOON).expect("our own log").is_some()
        };
        assert_eq!((over(left), over(left + 1)), (false, true), "after {known}");
    }
}

#[test]
fn another_currency_cannot_be_added_up_and_a_negative_amount_makes_no_room() {
    let (limits, mut ledger) = (limit(Per::CallerAndDay, true, 100), Ledger::default());
    let euros = paying("a", "ada", &[1], "EUR");
    assert_eq!(charge(&mut ledger, &limits, &euros, NOON), Some("most at 1".to_owned()));
    assert_eq!(charge(&mut ledger, &limits, &paying("b", "ada", &[-50], "USD"), NOON), None);
    assert_eq!(
        charge(&mut ledger, &limits, &paying("c", "ada", &[101], "USD"), NOON),
        Some("most at 1".to_owned())
    );
}

#[test]
fn what_somebody_has_approved_is_done_and_counts() {
    let mut limits = limit(Per::CallerAndDay, true, 100);
    let within = std::time::Duration::from_secs(60);
    limits.limits[0].then = Then::Ask(Approval { role: "lead".to_owned(), within });
    let mut ledger = Ledger::default();
    let plan = paying("a", "ada", &[150], "USD");
    assert_eq!(charge(&mut ledger, &limits, &plan, NOON), Some("most at 1".to_owned()));
    let role = || "lead".to_owned();
    let asked =
        Event::ApprovalAsked { role: role(), steps: vec![1], rules: vec!["most".to_owned()], within_s: 60 };
    let approved = Event::Approved { role: role(), by: "Ada".to_owned(), reason: String::new() };
    let events = [consented(), asked, approved];
    assert_eq!(ledger.charge(&limits, &plan, &events, NOON), Ok(None));
    assert_eq!(
        charge(&mut ledger, &limits, &paying("b", "ada", &[1], "USD"), NOON),
        Some("most at 1".to_owned())
    );
}

#[test]
fn a_day_begins_at_its_own_midnight_also_when_the_clocks_are_changed() {
    let limits = limit(Per::Day, false, 1);
    // 2026-11-01, when New York has 25 hours: midnight was at 04:00 UTC, and 23:30 is at 04:30 the day after.
    let midnight = 1_793_505_600_000;
    let late = midnight + 24 * HOUR + HOUR / 2;
    assert_eq!(limits.day(midnight), limits.day(late));
    assert_ne!(limits.day(midnight), limits.day(midnight - 1));
    let began = limits.day_began_unix_ms(late);
    assert!(began <= midnight && midnight - began <= 2 * HOUR, "{began}");
}
