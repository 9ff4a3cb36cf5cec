//! What was said, once more: repeated or spelled.

use callwright_model::Language;

use crate::script::{Core, Stage, to_the_read_back};

#[test]
fn the_last_code_is_spelled_on_request() {
    let mut stage = to_the_read_back();
    // The code that the caller gave; never the PIN, which they gave later.
    let answer = stage.caller("can you spell the code please");
    assert!(answer.contains("kilo, seven, mike, four, x-ray, two"), "{answer}");
    assert!(
        answer.ends_with("10:15 in the morning. 2: at 2:40 in the afternoon."),
        "the question follows: {answer}"
    );
    stage.caller("the first one please");
    stage.caller("yes please");
    let answer = stage.caller("could you spell that");
    assert!(answer.contains("one, four, charlie"), "the seat was said last: {answer}");
    for (language, skill, code, ask, wanted) in [
        (
            Language::ES,
            "cancelaron mi vuelo y necesito otro",
            "K7M4X2",
            "deletréelo por favor",
            "K de kilo, siete, M de Madrid, cuatro, X de xilófono, dos",
        ),
        (
            Language::KO,
            "항공편이 취소되어서 새 항공편이 필요해요",
            "K7M4X2",
            "한 글자씩 불러 주세요",
            "킬로 할 때 케이, 칠, 마이크 할 때 엠, 사, 엑스레이 할 때 엑스, 이",
        ),
    ] {
        let mut stage = Stage::new(language, Core::Works);
        stage.caller(skill);
        stage.caller(code);
        let answer = stage.caller(ask);
        assert!(answer.contains(wanted), "{language}: {answer}");
    }
}

#[test]
fn without_a_code_there_is_nothing_to_spell() {
    let mut stage = Stage::new(Language::EN, Core::Works);
    let question = stage.caller("my flight was cancelled");
    assert_eq!(stage.caller("can you spell that"), question, "what was said comes again");
}

#[test]
fn what_was_said_is_repeated_on_request() {
    let mut stage = to_the_read_back();
    assert!(stage.caller("can you repeat that please").contains("10:15 in the morning"));
}
