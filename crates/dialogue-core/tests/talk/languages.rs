//! Calls that change their language.

use callwright_model::{Identified, Language};

use crate::script::{Core, Stage};

#[test]
fn the_language_changes_in_mid_call() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.caller("my flight was cancelled");
    assert!(stage.caller("español por favor").contains("¿Cuál es su código de reserva?"));
    assert!(stage.caller("ka siete eme cuatro equis dos").contains("PIN"));
    assert!(stage.caller("한국어로").contains("비밀번호"));
    assert!(stage.caller("사팔이일").contains("오전 열 시 십오 분"));
    assert!(stage.caller("in English please").contains("These are the next flights"));
    assert_eq!(stage.dialogue.language(), Language::EN);
}

#[test]
fn a_plain_sentence_in_another_language_is_answered_in_it() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("hola, me cancelaron el vuelo").contains("código de reserva"));
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller("비행기가 취소됐어요").contains("예약 번호"));
}

#[test]
fn a_call_goes_on_in_the_language_that_the_recogniser_is_sure_of_and_changes_again() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert_eq!(
        stage.dialogue.hints().languages.len(),
        4,
        "the first answer may be in any of the pack's languages"
    );
    let taken_for = |language, probability| Some(Identified { language, probability });
    let unsure = taken_for(Language::ES, 0.6);
    stage.caller_identified("mister flight number please", None, Language::EN, unsure);
    assert_eq!(stage.dialogue.language(), Language::EN, "it may be anything");
    let mut stage = Stage::new(Language::EN, Core::Works);
    let spanish = taken_for(Language::ES, 0.95);
    let answer = stage.caller_identified("vuelo cancelado anoche", None, Language::ES, spanish);
    assert!(answer.contains("código de reserva"), "{answer}");
    assert_eq!(stage.dialogue.hints().languages, [], "nobody guesses at a code's language");
    let mut stage = Stage::new(Language::ES, Core::Works);
    let english = taken_for(Language::EN, 0.95);
    let answer = stage.caller_identified("flight cancelled last night", None, Language::EN, english);
    assert!(answer.contains("booking code"), "{answer}");
}

#[test]
fn the_recognisers_language_counts_where_the_words_do_not_show_it() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    assert!(stage.caller_in("vuelo cancelado", None, Language::ES).contains("código de reserva"));
    assert_eq!(stage.dialogue.language(), Language::ES);
    stage.caller_in("k seven m four x two", None, Language::EN);
    assert_eq!(stage.dialogue.language(), Language::ES, "a code is spelled as one likes");
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.caller_in("no", None, Language::ES);
    stage.caller_in("bonjour madame", None, "fr".parse().expect("French"));
    assert_eq!(
        stage.dialogue.language(),
        Language::EN,
        "one word is of any language, and others are not the pack's"
    );
}
