//! Calls that change their language.

use callwright_model::Language;

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
