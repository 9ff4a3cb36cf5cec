//! More than one thing in an utterance: several slots, two wishes, what is not wanted, a question in between, a change of mind.

use callwright_dialogue_core::{DialogueConfig, Intent, Note, SayKind};
use callwright_model::{CallId, Language, Value};

use crate::script::{Core, Stage, airline, play, retail, to_the_read_back};

fn code() -> Value {
    Value::Code("K7M4X2".to_owned())
}

#[test]
fn a_wish_with_all_its_slots_leaves_nothing_to_ask() {
    for words in [
        "rebook K7M4X2, my pin is 4821",
        "my flight was cancelled, the code is k seven m four x two and the pin is four eight two one",
    ] {
        let mut stage = Stage::new(Language::EN, Core::Works);
        assert!(stage.caller(words).contains("next flights"), "{words}");
    }
    let mut stage = Stage::new(Language::ES, Core::Works);
    let answer = stage.caller(
        "cancelaron mi vuelo, el código es ka siete eme cuatro equis dos y el pin es cuatro ocho dos uno",
    );
    assert!(answer.contains("las diez y cuarto"), "{answer}");
}

#[test]
fn an_answer_may_hold_the_next_one() {
    let script = [("my flight was cancelled", "booking code"), ("K7M4X2 and my pin is 4821", "next flights")];
    play(Language::EN, Core::Works, &script);
}

#[test]
fn an_answer_to_a_question_to_come_is_kept() {
    let script = [
        ("my flight was cancelled", "booking code"),
        ("my pin is four eight two one", "booking code"),
        ("k seven m four x two", "next flights"),
    ];
    let stage = play(Language::EN, Core::Works, &script);
    assert!(!stage.notes.iter().any(|note| matches!(note, Note::NotUnderstood { .. })));
}

#[test]
fn two_wishes_are_both_done_one_after_the_other() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    let answer = stage.caller("my flight was cancelled and tell me whether flight two one two is late");
    assert!(answer.contains("rebook a cancelled flight; check whether"), "both are said: {answer}");
    assert!(answer.ends_with("booking code?"), "{answer}");
    for words in ["k seven m four x two", "four eight two one", "the first one"] {
        stage.caller(words);
    }
    let answer = stage.caller("yes");
    assert!(answer.contains("Your seat is 14 C"), "{answer}");
    assert!(answer.contains("other thing you asked for: check whether a flight is on time"), "{answer}");
    assert!(
        answer.contains("San Francisco to Seattle is on time")
            && answer.ends_with("anything else I can do for you?"),
        "{answer}"
    );
}

#[test]
fn a_second_wish_beside_an_answer_comes_next() {
    let mut stage = play(Language::EN, Core::Works, &[("my flight was cancelled", "booking code")]);
    let answer = stage.caller("it is k seven m four x two, and tell me whether flight two one two is late");
    assert!(answer.contains("I will come to that next: check whether"), "{answer}");
    for words in ["four eight two one", "the first one"] {
        stage.caller(words);
    }
    assert!(stage.caller("yes").contains("Seattle is on time"));
}

#[test]
fn a_second_wish_beside_the_yes_comes_next() {
    let mut stage = to_the_read_back();
    stage.caller("the first one");
    let answer = stage.caller("yes please, and tell me whether flight two one two is late");
    assert_eq!(stage.executed.len(), 1);
    assert!(answer.contains("I will come to that next: check whether"), "{answer}");
    let mut stage = to_the_read_back();
    stage.caller("the first one");
    assert!(!stage.caller("yes rebook me please").contains("next: rebook"), "that is what is being done");
}

#[test]
fn no_example_of_a_pack_is_two_wishes() {
    for pack in [airline(), retail()] {
        for language in pack.languages() {
            for sentence in pack.sentences(*language).iter() {
                if !matches!(pack.read(sentence, *language).clear(), Some(Intent::Skill(_))) {
                    continue;
                }
                let mut stage = Stage::new(*language, Core::Works);
                stage.caller(sentence);
                let several = pack.sentence(
                    "several-wishes",
                    &[("skills".to_owned(), Value::from(""))].into(),
                    *language,
                );
                let several = several.expect("a base sentence").trim_end_matches([' ', ':', '.']).to_owned();
                assert!(!stage.heard_since(0).contains(&several), "{sentence}");
            }
        }
    }
}

#[test]
fn what_is_not_wanted_is_not_begun() {
    let rows = [
        (Language::EN, "I do not want to cancel, I want to change my flight", "rebook"),
        (Language::EN, "no I don't want to cancel my booking, I need another flight", "rebook"),
        (Language::EN, "I do not want to fly any more", "cancel"),
        (Language::ES, "no quiero cancelar la reserva, quiero cambiar el vuelo", "rebook"),
        (Language::KO, "예약 취소 말고 다른 항공편으로 바꿔 주세요", "rebook"),
    ];
    for (language, words, wanted) in rows {
        let mut stage = Stage::new(language, Core::Works);
        stage.caller(words);
        let skills: Vec<_> = stage.plans.iter().map(|plan| plan.skill.as_str()).collect();
        assert_eq!(skills, [wanted], "{words}");
    }
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("I do not want to cancel my booking").contains("What would you like to do instead"));
    assert_eq!(stage.plans, []);
}

#[test]
fn what_is_under_way_and_not_wanted_is_left() {
    let mut stage = play(Language::EN, Core::Works, &[("i want to cancel my booking", "booking code")]);
    stage.caller("I do not want to cancel, I want to change my flight");
    assert_eq!(stage.plans.last().map(|plan| plan.skill.as_str()), Some("rebook"));
    stage.caller("I do not want to be rebooked");
    assert_eq!(stage.dialogue.state(), "open");
}

#[test]
fn a_question_in_between_is_answered_and_the_talk_goes_on_where_it_was() {
    let mut stage = play(
        Language::EN,
        Core::Works,
        &[("my flight was cancelled", "booking code"), ("k seven m four x two", "PIN")],
    );
    // It asks what it needs.
    assert!(stage.caller("what is the status of my flight").contains("three digits"));
    let answer = stage.caller("two one two");
    assert!(
        answer.contains("Seattle is on time") && answer.ends_with("And your four digit PIN?"),
        "{answer}"
    );
    stage.caller("four eight two one");
    stage.caller("the first one");
    // A read-back must be heard again.
    let answer = stage.caller("is flight two one two on time");
    assert!(answer.contains("Seattle is on time") && answer.ends_with("Shall I do that?"), "{answer}");
    assert_eq!(stage.last().kind, SayKind::ReadBack);
    stage.caller("yes");
    assert_eq!(stage.executed.len(), 1);
}

#[test]
fn a_question_in_between_can_be_dropped() {
    let mut stage = play(Language::EN, Core::Works, &[("my flight was cancelled", "booking code")]);
    assert!(stage.caller("what is the status of my flight").contains("three digits"));
    let answer = stage.caller("forget it");
    assert!(answer.ends_with("What is your booking code?"), "{answer}");
    assert!(stage.caller("k seven m four x two").contains("PIN"));
}

#[test]
fn a_change_of_mind_keeps_what_is_known() {
    let mut stage = to_the_read_back();
    stage.caller("the first one");
    let answer = stage.caller("no, I want to cancel my booking instead");
    assert!(answer.contains("instead: cancel a booking"), "{answer}");
    let request = stage.plans.last().expect("a plan was asked for");
    assert_eq!((request.skill.as_str(), request.inputs.get("code")), ("cancel", Some(&code())));
    assert_eq!(request.inputs.get("pin"), Some(&Value::Code("4821".to_owned())));
    assert_eq!(stage.executed, []);
}

#[test]
fn what_was_given_for_one_thing_is_not_asked_for_the_next() {
    let mut stage = to_the_read_back();
    stage.caller("one");
    stage.caller("yes");
    let answer = stage.caller("i want to cancel my booking");
    assert!(answer.contains("what you told me before: K 7 M, 4 X 2"), "{answer}");
    assert!(!answer.contains("4 8 2 1"), "no secret is said: {answer}");
    let request = stage.plans.last().expect("a plan was asked for");
    assert_eq!(request.inputs.get("code"), Some(&code()));
    let mut stage = to_the_read_back();
    stage.caller("one");
    stage.caller("yes");
    assert!(
        stage.caller("please cancel another booking").contains("booking code"),
        "that is not the one from before"
    );
}

#[test]
fn what_belongs_to_one_thing_is_not_taken_for_the_next() {
    let mut stage = Stage::with(DialogueConfig::new(retail(), CallId(8)), Core::Shop);
    for words in ["i would like to return something", "804215", "3067", "number one", "it is broken"] {
        stage.caller(words);
    }
    assert!(stage.caller("yes").contains("anything else"));
    let answer = stage.caller("i want to return something else");
    assert!(answer.contains("Which item"), "whose order it is, is known: {answer}");
    assert!(stage.caller("number one").contains("Is it damaged"), "but not why the next item comes back");
}

#[test]
fn a_no_to_what_is_taken_over_asks_anew() {
    let mut stage = to_the_read_back();
    stage.caller("the first one");
    let answer = stage.caller("no, another booking");
    assert!(answer.contains("booking code"), "{answer}");
    assert_eq!(stage.plans.last().map(|plan| plan.inputs.len()), Some(0));
    assert_eq!(stage.executed, []);
}

#[test]
fn the_same_is_looked_up_again_with_another_number() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("is flight two one two on time").contains("on time"));
    stage.caller("and three one eight");
    let request = stage.plans.last().expect("a plan was asked for");
    assert_eq!(
        (request.skill.as_str(), request.inputs.get("flight")),
        ("status", Some(&Value::Code("318".to_owned())))
    );
}

#[test]
fn the_caller_may_ask_what_they_told() {
    let mut stage = to_the_read_back();
    let answer = stage.caller("what was my code again");
    assert!(answer.contains("You told me: K 7 M, 4 X 2.") && !answer.contains("4 8 2 1"), "{answer}");
    assert!(answer.ends_with("2:40 in the afternoon."), "{answer}");
    assert!(Stage::new(Language::EN, Core::Works).caller("what was my code again").contains("not told me"));
}

#[test]
fn the_pack_answers_a_question_in_between_by_what_is_talked_about() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("what does that cost").contains("costs nothing"));
    let mut stage = to_the_read_back();
    let answer = stage.caller("how much does that cost");
    assert!(
        answer.contains("a credit of 150 dollars") && answer.ends_with("2:40 in the afternoon."),
        "{answer}"
    );
    stage.caller("the first one");
    let answer = stage.caller("yes but what does it cost");
    assert!(answer.contains("a credit of 150 dollars") && answer.ends_with("Shall I do that?"), "{answer}");
    assert_eq!(stage.executed, []);
    stage.caller("yes");
    assert_eq!(stage.executed.len(), 1);
}
