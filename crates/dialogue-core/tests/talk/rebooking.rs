//! Callers who want another flight, from the first word to what was done.

use std::time::Duration;

use callwright_dialogue_core::{Note, SayKind, TransferReason};
use callwright_model::{Language, TurnId};

use crate::script::{Core, Stage, play, to_the_read_back};

#[test]
fn an_english_caller_is_rebooked() {
    let mut stage = to_the_read_back();
    assert!(
        stage
            .caller("the first one please")
            .contains("10:15 in the morning, and give you a credit of 150 dollars")
    );
    assert_eq!(stage.claims(), 0);
    let answer = stage.caller("yes please");
    assert!(answer.contains("Your seat is 14 C, and your credit is 150 dollars"), "{answer}");
    assert!(answer.ends_with("anything else I can do for you?"), "{answer}");
    assert_eq!(stage.claims(), 1);
    assert_eq!(stage.executed.len(), 1);
    assert_eq!(stage.executed[0].1, "yes please");
    assert!(stage.caller("no thank you").contains("Goodbye"));
    assert!(stage.hung_up && stage.dialogue.ended());
    assert_eq!(stage.dialogue.poll_timeout(), None);
}

#[test]
fn a_spanish_caller_is_rebooked() {
    let mut stage = play(
        Language::ES,
        Core::Works,
        &[
            ("hola, han cancelado mi vuelo", "código de reserva"),
            ("ka siete eme cuatro equis dos", "PIN"),
            ("cuatro ocho dos uno", "las diez y cuarto de la mañana"),
            ("el primero", "¿Lo hago así?"),
            ("sí, de acuerdo", "Su asiento es catorce C"),
        ],
    );
    assert_eq!(stage.claims(), 1);
    assert!(stage.caller("no, gracias").contains("Adiós"));
    assert!(stage.hung_up);
}

#[test]
fn a_korean_caller_is_rebooked() {
    let mut stage = play(
        Language::KO,
        Core::Works,
        &[
            ("비행기가 취소됐어요", "예약 번호"),
            ("케이 칠 엠 사 엑스 이", "비밀번호"),
            ("사팔이일이요", "오전 열 시 십오 분"),
            ("첫 번째요", "그렇게 할까요"),
            ("네 그렇게 해 주세요", "좌석은 십사 씨"),
        ],
    );
    assert_eq!(stage.claims(), 1);
    assert!(stage.caller("아니요 없어요").contains("안녕히 계세요"));
}

#[test]
fn what_the_first_sentence_tells_is_not_asked_again() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("my flight was cancelled the code is k seven m four x two").contains("PIN"));
}

#[test]
fn keys_fill_a_number_and_choose() {
    let mut stage = play(
        Language::EN,
        Core::Works,
        &[("i need another flight", "booking code"), ("k seven m four x two", "PIN")],
    );
    assert!(stage.keys("4821").contains("next flights"));
    assert!(stage.keys("2").contains("2:40 in the afternoon"));
    assert!(stage.keys("1").contains("Your seat is"));
    assert_eq!(stage.executed[0].1, "key 1");
}

#[test]
fn keys_that_stop_half_way_are_asked_for_again() {
    let mut stage = play(
        Language::EN,
        Core::Works,
        &[("i need another flight", "booking code"), ("k seven m four x two", "PIN")],
    );
    stage.keys("48");
    assert!(stage.wait(Duration::from_secs(5)).contains("four digits"));
}

#[test]
fn a_wrong_code_is_told_and_asked_again() {
    play(
        Language::EN,
        Core::Works,
        &[
            ("i need another flight", "booking code"),
            ("p three t nine q five", "cannot find a booking"),
            ("k seven m four x two", "PIN"),
            ("one two three four", "does not belong"),
            ("four eight two one", "next flights"),
        ],
    );
}

#[test]
fn a_no_to_the_read_back_changes_nothing() {
    let mut stage = to_the_read_back();
    stage.caller("ten fifteen");
    assert!(stage.caller("no").contains("not changed anything"));
    assert!(stage.executed.is_empty());
}

#[test]
fn another_option_at_the_read_back_is_another_plan() {
    let mut stage = to_the_read_back();
    assert!(stage.caller("one").contains("10:15"));
    assert!(stage.caller("no, the later one").contains("2:40 in the afternoon"));
    assert_eq!(stage.plans.last().and_then(|plan| plan.plan.clone()), None);
    assert!(stage.executed.is_empty());
}

#[test]
fn a_yes_counts_only_when_the_read_back_was_heard() {
    let mut stage = to_the_read_back();
    stage.ears = false;
    stage.caller("one");
    let read_back = stage.last().clone();
    assert_eq!(read_back.kind, SayKind::ReadBack);
    stage.dialogue.handle_speech_started(TurnId(99), stage.now);
    stage.played(read_back.id, 0.4);
    let again = stage.caller("yes");
    assert!(stage.executed.is_empty());
    assert!(again.contains("Shall I do that?"), "{again}");
    assert!(again.len() < read_back.text.len(), "the second time is shorter");
    assert!(stage.notes.iter().any(|note| matches!(note, Note::YesTooEarly { .. })));
    stage.played(stage.last().id, 0.85);
    stage.caller("yes");
    assert_eq!(stage.executed.len(), 1);
}

#[test]
fn without_receipts_nothing_is_claimed() {
    let mut stage = to_the_read_back();
    stage.caller("one");
    let mut liar = Stage::new(Language::EN, Core::ClaimsWithoutReceipts);
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one", "yes"] {
        liar.caller(words);
    }
    assert_eq!(liar.claims(), 0);
    assert_eq!(liar.transfers, [TransferReason::InDoubt]);
    assert!(liar.heard_since(0).contains("cannot tell whether this went through"));
}

#[test]
fn a_failed_plan_is_told_and_a_human_offered() {
    let mut stage = play(
        Language::EN,
        Core::Fails,
        &[
            ("my flight was cancelled", "booking code"),
            ("k seven m four x two", "PIN"),
            ("four eight two one", "flights"),
            ("one", "Shall I"),
            ("yes", "could not rebook you"),
        ],
    );
    assert_eq!(stage.claims(), 0);
    stage.caller("yes please");
    assert_eq!(stage.transfers, [TransferReason::Failed]);
}

#[test]
fn a_step_in_doubt_brings_a_human() {
    let stage = play(
        Language::EN,
        Core::InDoubt,
        &[
            ("my flight was cancelled", "booking code"),
            ("k seven m four x two", "PIN"),
            ("four eight two one", "flights"),
            ("one", "Shall I"),
            ("yes", "somebody has to look"),
        ],
    );
    assert_eq!(stage.transfers, [TransferReason::InDoubt]);
    assert!(stage.briefings[0].contains("Nobody can tell"), "{}", stage.briefings[0]);
}
