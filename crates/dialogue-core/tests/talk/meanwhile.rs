//! Time: plans that take long, results that come while somebody speaks, and silence.

use std::time::Duration;

use callwright_dialogue_core::SayKind;
use callwright_model::{Language, PlanFact, TurnId};

use crate::script::{Core, Stage, receipts, to_the_read_back};

#[test]
fn a_long_plan_is_commented_on_and_callers_are_answered_meanwhile() {
    let mut stage = Stage::new(Language::EN, Core::Slow);
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"] {
        stage.caller(words);
    }
    assert!(stage.wait(Duration::from_secs(3)).contains("One moment"));
    assert!(stage.caller("hello are you there").contains("still working"));
    assert!(stage.wait(Duration::from_secs(9)).contains("still working"));
    for (number, receipt) in (1..).zip(receipts()) {
        stage.event(number, PlanFact::StepCommitted { receipt });
    }
    assert_eq!(stage.claims(), 0);
    let answer = stage.event(9, PlanFact::Completed { words: "rebook-done".to_owned() });
    assert!(answer.contains("Your seat is 14 C"), "{answer}");
    assert_eq!(
        stage.event(9, PlanFact::Completed { words: "rebook-done".to_owned() }),
        "",
        "an event counts once"
    );
}

#[test]
fn a_result_that_comes_while_the_caller_speaks_is_said_afterwards() {
    let mut stage = Stage::new(Language::EN, Core::Slow);
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"] {
        stage.caller(words);
    }
    stage.dialogue.handle_speech_started(TurnId(6), stage.now);
    for (number, receipt) in (1..).zip(receipts()) {
        stage.event(number, PlanFact::StepCommitted { receipt });
    }
    assert_eq!(stage.event(9, PlanFact::Completed { words: "rebook-done".to_owned() }), "");
    let answer = stage.caller("are you still there");
    assert!(answer.contains("Your seat is 14 C"), "{answer}");
}

#[test]
fn a_claim_that_was_cut_off_is_said_again() {
    let mut stage = to_the_read_back();
    stage.caller("one");
    stage.ears = false;
    stage.played(stage.last().id, 1.0);
    stage.caller("yes");
    let claim = stage.said.iter().find(|saying| saying.kind == SayKind::Claim).expect("it was said").clone();
    stage.played(claim.id, 0.3);
    assert!(stage.caller("sorry what").contains(&claim.text));
}

#[test]
fn a_running_plan_survives_a_wish_for_a_human_and_is_told_on_hold() {
    let mut stage = Stage::new(Language::EN, Core::Slow);
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"] {
        stage.caller(words);
    }
    stage.caller("let me talk to a person");
    assert!(stage.briefings[0].contains("A plan is running"), "{}", stage.briefings[0]);
    for (number, receipt) in (1..).zip(receipts()) {
        stage.event(number, PlanFact::StepCommitted { receipt });
    }
    assert!(stage.event(9, PlanFact::Completed { words: "rebook-done".to_owned() }).contains("Your seat"));
    assert!(stage.dialogue.briefing().done.reveal().contains("Your seat is"));
}

#[test]
fn silence_is_asked_about_and_then_ends_the_call() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    let heard = stage.wait(Duration::from_secs(60));
    assert!(heard.contains("Are you still there?"), "{heard}");
    assert!(heard.contains("ending the call"), "{heard}");
    assert!(stage.hung_up);
}

#[test]
fn the_legs_own_silence_prompts_sooner() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.now = stage.now + Duration::from_secs(7);
    stage.dialogue.handle_silence(Duration::from_secs(7), stage.now);
    stage.settle();
    assert_eq!(stage.last().kind, SayKind::Prompt);
    let count = stage.said.len();
    stage.dialogue.handle_silence(Duration::from_secs(8), stage.now);
    stage.settle();
    assert_eq!(stage.said.len(), count, "a silence measured before the prompt is not another one");
}
