//! Plans that wait for somebody's approval: what the caller hears, and when the outcome is told.

use std::time::Duration;

use callwright_dialogue_core::SayKind;
use callwright_model::{Language, PlanFact};

use crate::script::{Core, Stage, receipts};

const TO_THE_YES: [&str; 5] =
    ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"];

fn asked() -> PlanFact {
    PlanFact::ApprovalAsked { role: "supervisor".to_owned() }
}

/// A caller who has said yes to a plan that somebody must approve, and what they heard then.
fn waiting() -> (Stage, String) {
    let mut stage = Stage::new(Language::EN, Core::Slow);
    TO_THE_YES.iter().for_each(|words| drop(stage.caller(words)));
    let heard = stage.event(2, asked());
    (stage, heard)
}

fn done(stage: &mut Stage) -> String {
    stage.event(3, PlanFact::Approved { role: "supervisor".to_owned() });
    for (number, receipt) in (4..).zip(receipts()) {
        stage.event(number, PlanFact::StepCommitted { receipt });
    }
    stage.event(9, PlanFact::Completed { words: "rebook-done".to_owned() })
}

#[test]
fn the_caller_is_told_that_somebody_must_approve_and_may_be_called_back() {
    let (mut stage, heard) = waiting();
    assert!(heard.contains("has to approve") && heard.contains("call you back with the outcome"), "{heard}");
    assert_eq!(stage.claims(), 0, "nothing is claimed");
    assert_eq!(stage.event(3, asked()), "", "another approver is nothing new to the caller");
    assert_eq!(stage.caller("yes please"), "", "nothing is promised before it is kept");
    assert_eq!(stage.called_back.as_deref(), Some("+1 555 0100"));
    let briefing = stage.dialogue.briefing().text().into_inner();
    assert!(
        briefing.contains("waits for an approval") && !briefing.contains("Nothing has been"),
        "{briefing}"
    );
    let before = stage.said.len();
    stage.dialogue.handle_call_back(true, stage.now);
    stage.settle();
    assert!(stage.heard_since(before).contains("called back") && stage.hung_up);
}

#[test]
fn who_stays_hears_the_outcome_once_it_is_there() {
    let (mut stage, _) = waiting();
    let heard = done(&mut stage);
    assert!(heard.contains("Your seat is 14 C"), "{heard}");
    assert!(!heard.contains("call you back"), "there is nothing to call back for: {heard}");
    assert_eq!(stage.claims(), 1);

    let (mut stage, _) = waiting();
    assert!(stage.caller("no thank you").contains("What else"));
    assert!(stage.caller("is flight seven zero one on time").contains("flight"), "and may ask other things");
    let heard = done(&mut stage);
    assert!(heard.contains("Your seat is 14 C"), "{heard}");
    let settled = stage.dialogue.briefing().text().into_inner();
    assert!(!settled.contains("waits for an approval"), "{settled}");
}

#[test]
fn a_rejection_is_told_as_a_failure_and_never_as_a_claim() {
    let (mut stage, _) = waiting();
    stage.event(3, PlanFact::Rejected { role: "supervisor".to_owned() });
    let failed = PlanFact::Failed { words: "rebook-failed".to_owned(), step: 4, reason: String::new() };
    let heard = stage.event(4, failed);
    assert!(!heard.is_empty() && !heard.contains("call you back"), "{heard}");
    assert_eq!(stage.claims(), 0);
    assert!(stage.said.iter().any(|saying| saying.kind == SayKind::Apology));
}

#[test]
fn it_is_said_in_the_callers_language_and_no_silence_lasts() {
    for (wish, yes, wanted) in [
        ("español por favor", "sí", ["tiene que aprobarlo", "llamemos cuando se decida"]),
        ("한국어로", "네", ["승인이 필요합니다", "전화를 드릴까요"]),
    ] {
        let mut stage = Stage::new(Language::EN, Core::Slow);
        TO_THE_YES[..4].iter().for_each(|words| drop(stage.caller(words)));
        stage.caller(wish);
        stage.caller(yes);
        let heard = stage.event(2, asked());
        assert!(wanted.iter().all(|wanted| heard.contains(wanted)), "{heard}");
    }
    let (mut stage, _) = waiting();
    let heard = stage.wait(Duration::from_secs(60));
    assert!(heard.contains("Are you still there?") && stage.hung_up, "{heard}");
}
