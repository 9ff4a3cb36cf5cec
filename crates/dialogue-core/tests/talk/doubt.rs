//! What was heard in doubt, and what wants no answer.

use std::time::Duration;

use callwright_dialogue_core::TransferReason;
use callwright_model::{Language, Thought};

use crate::script::{Core, Stage, to_the_read_back};

#[test]
fn doubtful_words_are_asked_again_and_never_acted_on() {
    let mut stage = to_the_read_back();
    stage.caller("one");
    stage.caller_with("yes", Some(0.2));
    assert!(stage.executed.is_empty());
    stage.caller("yes but which seat");
    assert!(stage.executed.is_empty());
    stage.caller("yes");
    assert_eq!(stage.executed.len(), 1);
}

#[test]
fn what_is_said_away_from_the_telephone_must_be_plain() {
    const LENGTH: Duration = Duration::from_millis(1_200);
    let mut stage = to_the_read_back();
    stage.caller("one");
    assert_eq!(stage.caller_from("yes", Some(0.7), LENGTH, -6.0), "");
    assert!(stage.executed.is_empty());
    assert_ne!(stage.wait(Duration::from_secs(4)), "", "nobody is left without an answer");
    stage.caller_from("yes", Some(0.9), LENGTH, -6.0);
    assert_eq!(stage.executed.len(), 1);
}

#[test]
fn a_word_or_two_of_nonsense_waits_and_a_sentence_of_it_is_answered() {
    const LENGTH: Duration = Duration::from_millis(600);
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert_eq!(stage.caller_from("purple table", Some(0.5), LENGTH, 0.0), "");
    assert_ne!(stage.caller_from("purple table lamp", Some(0.5), LENGTH, 0.0), "");
    assert_ne!(stage.caller_from("purple table", Some(0.6), LENGTH, 0.0), "", "that was no cough");
}

#[test]
fn words_so_far_tell_whether_more_will_come() {
    let stage = Stage::new(Language::EN, Core::Works);
    for (words, wanted) in [
        ("my flight was cancelled", Thought::Told),
        ("my flight was cancelled and I need a new one", Thought::Whole),
        ("can you repeat that please", Thought::Whole),
        ("what is the status", Thought::Open),
        ("I would like to", Thought::Open),
        ("purple table lamp", Thought::Unknown),
    ] {
        assert_eq!(stage.thought(words), wanted, "{words}");
    }
}

#[test]
fn who_says_again_what_they_want_instead_of_yes_is_taken_at_their_word() {
    const DOUBT: Option<f32> = Some(0.2);
    for (again, wanted) in [
        ("I need the flight thing", "booking code"),
        ("something with my flight being late", "flight number"),
    ] {
        let mut stage = Stage::new(Language::EN, Core::Works);
        assert!(stage.caller_with("my flight was cancelled", DOUBT).contains("Would you like to"));
        let answer = stage.caller(again);
        assert!(answer.contains(wanted), "{again}: {answer}");
    }
}

#[test]
fn a_cough_that_sounds_like_goodbye_ends_no_call() {
    const LENGTH: Duration = Duration::from_millis(800);
    let mut stage = to_the_read_back();
    assert_eq!(stage.caller_from("bye", Some(0.65), LENGTH, 0.0), "");
    assert!(!stage.hung_up);
    stage.caller_from("bye", Some(0.9), LENGTH, 0.0);
    assert!(stage.hung_up);
}

#[test]
fn one_character_is_no_code() {
    const LENGTH: Duration = Duration::from_millis(700);
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("my flight was cancelled").contains("booking code"));
    assert_eq!(stage.caller_from("eight", Some(0.9), LENGTH, 0.0), "");
    assert_ne!(stage.caller_from("one eight", Some(0.7), LENGTH, 0.0), "");
}

#[test]
fn what_was_heard_in_doubt_is_read_back_and_never_acted_on() {
    const DOUBT: Option<f32> = Some(0.2);
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller_with("my flight was cancelled", DOUBT).contains("rebook a cancelled flight?"));
    assert_eq!(stage.plans.len(), 0);
    assert!(stage.caller("yes").contains("booking code"));
    let plans = stage.plans.len();
    assert_eq!(stage.caller_with("k seven m four x two", DOUBT), "Did you say K 7 M, 4 X 2?");
    assert_eq!(stage.plans.len(), plans);
    assert!(stage.caller("no").contains("code"), "asked again");
    assert_eq!(stage.caller_with("k seven m four x nine", DOUBT), "Did you say K 7 M, 4 X 9?");
    assert!(stage.caller("k seven m four x two").contains("PIN"), "said again instead of yes or no");
    assert!(!stage.caller_with("four eight two one", DOUBT).contains('4'), "no secret is said aloud");
    stage.caller("four eight two one");
    assert_eq!(stage.caller_with("the first one", DOUBT), "Did you say number 1?");
    assert!(stage.caller("yes").contains("Shall I do that"), "{:?}", stage.said.last());
    stage.caller_with("yes", DOUBT);
    assert_eq!(stage.executed, [], "a doubtful yes is none");
    stage.caller("yes");
    assert_eq!(stage.executed.len(), 1);
}

#[test]
fn doubt_after_doubt_offers_keys_and_then_a_human() {
    let mut stage = to_the_read_back();
    stage.caller("the first one");
    let answers: Vec<String> = (0..3).map(|_| stage.caller_with("yes", Some(0.1))).collect();
    assert!(answers[0].contains("yes or no") && answers[1].contains("press 1"), "{answers:?}");
    assert_eq!(stage.transfers, [TransferReason::Misunderstood]);
    assert_eq!(stage.executed, []);
}

#[test]
fn a_hello_is_answered_and_is_no_misunderstanding() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    for _ in 0..5 {
        assert!(stage.caller("hello").contains("How can I help you?"));
    }
    assert_eq!(stage.transfers, []);
}

#[test]
fn thanks_are_not_goodbye() {
    let mut stage = to_the_read_back();
    stage.caller("one");
    stage.caller("yes");
    assert!(stage.caller("thank you").contains("anything else"));
    assert!(!stage.hung_up);
    assert!(stage.caller("no thanks that is all").contains("Goodbye"));
}

#[test]
fn a_cough_is_not_answered_but_lost_words_are() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert_eq!(stage.caller(""), "");
    assert_eq!(stage.wait(Duration::from_secs(2)), "");
    assert!(stage.wait(Duration::from_secs(1)).contains("did not get that"));
    assert_eq!(stage.caller(""), "");
    assert!(stage.caller("my flight was cancelled").contains("booking code"));
}

#[test]
fn a_cough_that_cut_a_question_has_it_asked_again() {
    let mut stage = to_the_read_back();
    stage.ears = false;
    stage.caller("one");
    stage.played(stage.last().id, 0.5);
    assert!(stage.caller("").contains("Shall I do that?"));
}

#[test]
fn a_cough_that_kept_a_question_from_being_asked_has_it_asked_at_once() {
    let mut stage = to_the_read_back();
    stage.ears = false;
    stage.caller("one");
    stage.played(stage.last().id, 0.0);
    let asked = stage.caller_from("play", Some(0.5), Duration::from_millis(300), 0.0);
    assert!(asked.contains("Shall I do that?"), "{asked}");
}

#[test]
fn what_is_not_meant_for_us_gets_no_answer() {
    let mut stage = to_the_read_back();
    for words in ["um", "mm-hm", "can you close the door", "I'm on the phone"] {
        assert_eq!(stage.caller(words), "", "{words}");
        assert_eq!(stage.wait(Duration::from_millis(2_600)), "", "{words}");
    }
    assert_eq!(stage.caller("hold on a second"), "");
    assert_eq!(stage.wait(Duration::from_millis(2_600)), "", "it may have been for somebody else");
    assert_eq!(stage.wait(Duration::from_millis(200)), "Take your time.");
    assert!(stage.wait(Duration::from_secs(9)).contains("still there"), "and the usual patience goes on");
    assert!(stage.caller("the first one").contains("Shall I do that"));
    assert_eq!(stage.caller("mhm"), "", "that is no consent");
    assert_eq!(stage.executed, []);
    stage.caller("yes");
    assert_eq!(stage.executed.len(), 1);
    assert_eq!(Stage::new(Language::ES, Core::Works).caller("un momento"), "");
    assert_eq!(Stage::new(Language::KO, Core::Works).caller("잠깐만요"), "");
}

#[test]
fn a_right_that_answers_is_an_answer() {
    let mut stage = to_the_read_back();
    stage.caller("the first one");
    stage.caller("right");
    assert_eq!(stage.executed.len(), 1);
}
