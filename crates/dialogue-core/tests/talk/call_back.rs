//! No human is free, and the caller may be called back.

use std::time::Duration;

use callwright_dialogue_core::{DialogueConfig, TransferReason, TransferResult};
use callwright_model::{CallId, Expect, Language, Pii};

use crate::script::{Core, Stage, airline};

#[test]
fn when_no_human_comes_the_caller_may_be_called_back_or_go_on() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.caller("let me talk to a person");
    let before = stage.said.len();
    stage.dialogue.handle_transfer(TransferResult::NoAnswer, stage.now);
    stage.settle();
    assert!(stage.heard_since(before).contains("call you back"));
    assert!(stage.caller("no").contains("What else"));
    stage.caller("let me talk to a person");
    assert!(
        stage.wait(Duration::from_secs(125)).contains("call you back"),
        "the search has a timer of its own"
    );
    assert_eq!(stage.caller("yes please"), "", "nothing is promised before it is kept");
    assert_eq!(stage.called_back.as_deref(), Some("+1 555 0100"));
    assert!(stage.wait(Duration::from_secs(3)).contains("One moment"));
    let before = stage.said.len();
    stage.dialogue.handle_call_back(true, stage.now);
    stage.settle();
    assert!(stage.heard_since(before).contains("called back"));
    assert!(stage.hung_up);
}

#[test]
fn who_is_not_understood_when_a_call_back_is_offered_is_hung_up_on_only_the_second_time() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    for second in [false, true] {
        stage.caller("let me talk to a person");
        stage.dialogue.handle_transfer(TransferResult::Unavailable, stage.now);
        stage.settle();
        for _ in 0..2 {
            stage.caller("purple table lamp over there");
            assert!(!stage.hung_up);
        }
        let last = stage.caller("purple table lamp over there");
        assert_eq!(stage.hung_up, second, "{last}");
        if !second {
            assert!(last.contains("in a few words"), "{last}");
            assert!(stage.caller("my flight was cancelled").contains("booking code"));
        }
    }
}

#[test]
fn a_call_back_is_passed_over_for_what_the_caller_wants() {
    for number in [false, true] {
        let mut stage = without_number(Language::EN, None);
        if number {
            assert!(stage.caller("yes please").contains("which number"));
        }
        let answer = stage.caller("something with my flight being late");
        assert!(answer.contains("flight number"), "{answer}");
    }
}

#[test]
fn a_call_back_that_is_not_kept_is_not_promised() {
    for lost in [true, false] {
        let mut stage = Stage::new(Language::EN, Core::Works);
        stage.caller("let me talk to a person");
        stage.dialogue.handle_transfer(TransferResult::NoAnswer, stage.now);
        stage.settle();
        let before = stage.said.len();
        stage.caller("yes please");
        if lost {
            stage.wait(Duration::from_secs(25));
        } else {
            stage.dialogue.handle_call_back(false, stage.now);
            stage.settle();
        }
        let answer = stage.heard_since(before);
        assert!(answer.contains("cannot arrange a call back"), "{answer}");
        assert!(!answer.contains("called back") && !stage.hung_up, "{answer}");
        assert!(stage.caller("my flight was cancelled").contains("booking code"));
    }
}

/// A caller whose number nobody knows, who asked for a person when none was free.
fn without_number(language: Language, caller: Option<&str>) -> Stage {
    let mut config = DialogueConfig::new(airline(), CallId(7));
    config.language = language;
    config.caller = caller.map(|caller| Pii::new(caller.to_owned()));
    let mut stage = Stage::with(config, Core::Works);
    stage.keys("0");
    assert_eq!(stage.transfers, [TransferReason::Asked]);
    stage.dialogue.handle_transfer(TransferResult::Unavailable, stage.now);
    stage.settle();
    assert_eq!(stage.dialogue.state(), "proposing");
    stage
}

#[test]
fn whose_number_is_not_known_gives_one_and_hears_it_in_groups() {
    for (language, caller, asked, said, read_back, yes, kept) in [
        (
            Language::EN,
            None,
            "which number",
            "five five five zero one nine nine",
            "I have 5 5 5, 0 1, 9 9. Is that right?",
            "yes that is right",
            "5550199",
        ),
        (
            Language::ES,
            Some("anonymous"),
            "qué número",
            "seis uno dos tres cuatro cinco seis siete ocho",
            "seis uno dos, tres cuatro cinco, seis siete ocho",
            "sí",
            "612345678",
        ),
        (Language::KO, Some("u2"), "어느 번호", "공일공 일이삼사 오육칠팔", "공 일 공", "네", "01012345678"),
    ] {
        let mut stage = without_number(language, caller);
        assert!(stage.caller(yes).contains(asked), "{language}");
        let expected = Expect::Digits { min: 7, max: 15 };
        assert_eq!(stage.dialogue.hints().expect, expected);
        let answer = stage.caller(said);
        assert!(answer.contains(read_back), "{answer}");
        assert_eq!(stage.called_back, None, "nothing is kept before a yes");
        stage.caller(yes);
        assert_eq!(stage.called_back.as_deref(), Some(kept));
    }
}

#[test]
fn a_number_can_be_keyed_put_right_and_left() {
    let mut stage = without_number(Language::EN, None);
    assert!(stage.keys("1").contains("which number"));
    stage.keys("5550");
    assert!(stage.wait(Duration::from_secs(5)).contains("whole number"), "four digits are no number");
    assert!(stage.keys("5550198#").contains("5 5 5, 0 1, 9 8"));
    assert!(stage.keys("2").contains("whole number"));
    assert!(stage.keys("5550198#").contains("9 8"));
    let put_right = stage.caller("no it is five five five zero one nine nine");
    assert!(put_right.contains("9 9"), "{put_right}");
    stage.keys("1");
    assert_eq!(stage.called_back.as_deref(), Some("5550199"));
    let briefing = stage.dialogue.briefing();
    assert!(briefing.who.reveal().contains("9 9"), "{}", briefing.who.reveal());

    for declined in ["no", "i changed my mind never mind"] {
        let mut stage = without_number(Language::EN, None);
        stage.caller("yes please");
        stage.caller(declined);
        assert_eq!(stage.dialogue.state(), "open", "after `{declined}`");
        assert_eq!(stage.called_back, None);
    }
}

#[test]
fn a_number_that_cannot_be_made_out_is_given_up_in_words() {
    let mut stage = without_number(Language::EN, None);
    stage.caller("yes please");
    let answers = [0, 1, 2].map(|_| stage.caller("purple elephants dance"));
    assert!(answers[0].contains("whole number") && answers[1].contains("type it"), "{answers:?}");
    assert!(answers[2].contains("cannot arrange a call back"), "{answers:?}");
    assert_eq!((stage.dialogue.state(), stage.transfers.len()), ("open", 1), "no human is looked for again");
}
