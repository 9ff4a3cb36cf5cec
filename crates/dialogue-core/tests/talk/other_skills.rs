//! Skills besides rebooking, and changing from one to another.

use callwright_dialogue_core::DialogueConfig;
use callwright_model::{CallId, Language, Value};

use crate::script::{Core, Stage, play, retail};

#[test]
fn another_skill_in_mid_question_keeps_who_the_caller_is() {
    let mut stage = play(
        Language::EN,
        Core::Works,
        &[("my flight was cancelled", "booking code"), ("k seven m four x two", "PIN")],
    );
    stage.caller("i want to cancel my booking");
    let request = stage.plans.last().expect("a plan was asked for");
    assert_eq!(request.skill, "cancel");
    assert_eq!(request.inputs.get("code"), Some(&Value::Code("K7M4X2".to_owned())));
}

#[test]
fn a_question_that_only_reads_is_answered() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("is my flight on time").contains("three digits"));
    let answer = stage.caller("two twelve");
    assert!(answer.contains("from San Francisco to Seattle is on time"), "{answer}");
    assert!(stage.caller("no").contains("Goodbye"));
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("is flight two one two on time").contains("on time"));
}

#[test]
fn an_item_is_returned_to_the_shop() {
    let mut stage = Stage::with(DialogueConfig::new(retail(), CallId(8)), Core::Shop);
    let script = [
        ("i would like to return something", "order number"),
        ("eight oh four two one five", "PIN"),
        ("three oh six seven", "1: headphones."),
        ("the headphones", "Is it damaged"),
        ("it is broken", "refund 79 dollars for headphones"),
        ("yes", "return label is R T, 5 5"),
    ];
    for (caller, wanted) in script {
        let answer = stage.caller(caller);
        assert!(answer.contains(wanted), "`{caller}` was answered `{answer}`, without `{wanted}`");
    }
    assert_eq!(stage.claims(), 1);
}

#[test]
fn what_cannot_be_returned_is_told_and_the_call_goes_on() {
    let mut stage = Stage::with(DialogueConfig::new(retail(), CallId(8)), Core::Shop);
    for words in ["i would like to return something", "eight oh four two one five", "three oh six seven"] {
        stage.caller(words);
    }
    let answer = stage.caller("the gift card");
    assert!(
        answer.contains("a gift card cannot be returned") && answer.contains("anything else"),
        "{answer}"
    );
    assert_eq!(stage.transfers, []);
}

#[test]
fn a_reason_given_at_once_is_not_asked_for() {
    let mut stage = Stage::with(DialogueConfig::new(retail(), CallId(8)), Core::Shop);
    for words in ["it arrived damaged and i want to return it", "804215", "3067"] {
        stage.caller(words);
    }
    assert!(stage.caller("number one").contains("refund 79 dollars"));
}
