//! Who has called before: asked about once they have shown who they are, and what they have heard is kept.

use callwright_model::{PastPlan, PastStanding, Recalled};

use super::*;

fn then() -> PlanId {
    PlanId("p0".to_owned())
}

/// A rebooking of an earlier call, of which its caller has not heard.
fn done() -> Recalled {
    let receipt = |step, name: &str, fields: &[(&str, Value)]| Receipt {
        plan: then(),
        step,
        action: name.to_owned(),
        name: name.to_owned(),
        result: record(fields),
        idempotency_key: format!("p0:{step}"),
    };
    let credit = Value::Money(callwright_model::Money { minor: 15_000, currency: "USD".to_owned() });
    let receipts = vec![
        receipt(1, "seat", &[("number", Value::Code("14C".to_owned()))]),
        receipt(2, "credit", &[("amount", credit)]),
        receipt(3, "updated", &[("departs", Value::Time("2026-11-23T10:15".to_owned()))]),
    ];
    let standing = PastStanding::Completed { words: "rebook-done".to_owned(), receipts };
    let past = PastPlan { plan: then(), skill: "rebook".to_owned(), heard: false, standing };
    Recalled { sure: true, plans: vec![past], ..Recalled::default() }
}

/// A caller who has just been refused something, which shows who they are; and the question that it was the reply to.
fn shown() -> (Call, AskId) {
    let mut call = Call::new(0);
    call.hear_out();
    call.caller_says("my flight was cancelled");
    let ask = call.asked();
    call.acts.clear();
    let PlanReply::Refused { plan, words, facts, rules, .. } = refused() else { panic!("it is refused") };
    let verified = vec!["K7M4X2".to_owned()];
    call.tell(Fact::Plan(
        ask,
        Some(PlanReply::Refused { plan, verified, words, facts, transfer: false, rules }),
    ));
    (call, ask)
}

fn said(call: &Call) -> String {
    let says = call.acts.iter().filter_map(|act| match act {
        Act::Say(CALLER, say) => Some(say.text.as_str()),
        _ => None,
    });
    says.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_core_is_asked_and_what_was_heard_is_kept() {
    let (mut call, ask) = shown();
    assert!(call.acts.contains(&Act::Recall(ask, plan())) && said(&call).is_empty(), "{:?}", call.acts);
    call.tell(Fact::Recalled(ask, Some(done())));
    assert!(
        said(&call).contains("last time you wanted to") && said(&call).contains("14 C"),
        "{}",
        said(&call)
    );
    assert!(!call.acts.contains(&Act::Heard(then())), "it is not heard yet");
    call.hear_out();
    assert!(call.acts.contains(&Act::Heard(then())));
}

#[test]
fn a_core_that_does_not_answer_is_not_waited_for() {
    let (mut call, ask) = shown();
    call.wait(Duration::from_millis(250));
    let heard = said(&call);
    assert!(!heard.is_empty());
    call.tell(Fact::Recalled(ask, Some(done())));
    assert_eq!(said(&call), heard, "what comes late changes nothing");
}

#[test]
fn a_caller_who_hangs_up_over_it_has_not_heard_it() {
    let (mut call, ask) = shown();
    call.tell(Fact::Recalled(ask, Some(done())));
    call.tell(Fact::CallerGone);
    assert!(!call.acts.contains(&Act::Heard(then())));
}
