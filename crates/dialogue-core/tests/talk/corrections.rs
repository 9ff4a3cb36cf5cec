//! What the caller puts right: what they have just said, what they said before, and what was read back.

use callwright_model::{Language, Value};

use crate::script::{Core, Stage, play, to_the_read_back};

fn last(stage: &Stage, input: &str) -> Option<Value> {
    stage.plans.last().and_then(|plan| plan.inputs.get(input)).cloned()
}

fn value(code: &str) -> Option<Value> {
    Some(Value::Code(code.to_owned()))
}

#[test]
fn an_end_of_a_code_is_put_right_while_the_next_thing_is_asked() {
    let rows = [
        (Language::EN, "my flight was cancelled", "k seven m four x nine", "no, the code ends in two"),
        (Language::EN, "my flight was cancelled", "p seven m four x two", "sorry, it starts with k"),
        (Language::EN, "my flight was cancelled", "k seven m four p nine", "no wait, it ends with x two"),
        (
            Language::ES,
            "han cancelado mi vuelo",
            "ka siete eme cuatro equis nueve",
            "no, perdón, el código termina en dos",
        ),
        (Language::KO, "비행기가 취소됐어요", "케이 칠 엠 사 엑스 구", "아니요, 마지막은 이예요"),
    ];
    for (language, wish, wrong, right) in rows {
        let mut stage = Stage::new(language, Core::Works);
        stage.caller(wish);
        stage.caller(wrong);
        stage.caller(right);
        assert_eq!(last(&stage, "code"), value("K7M4X2"), "{right}");
    }
}

#[test]
fn what_led_nowhere_can_be_put_right_in_part() {
    let script = [
        ("my flight was cancelled", "booking code"),
        ("k seven m four x nine", "cannot find a booking"),
        ("it ends in two", "K 7 M, 4 X 2. And your four digit PIN?"),
    ];
    play(Language::EN, Core::Works, &script);
}

#[test]
fn a_code_said_anew_takes_the_place_of_the_one_before() {
    let mut stage = play(
        Language::EN,
        Core::Works,
        &[("my flight was cancelled", "booking code"), ("k seven m four x two", "PIN")],
    );
    stage.caller("no sorry I meant p three t nine q five");
    assert_eq!(last(&stage, "code"), value("P3T9Q5"));
    let mut stage = to_the_read_back();
    stage.caller("the first one");
    stage.caller("no, the code is p three t nine q five");
    assert_eq!(last(&stage, "code"), value("P3T9Q5"));
    assert_eq!(last(&stage, "flight"), None, "it was chosen for another booking");
    assert_eq!(stage.executed, []);
}

#[test]
fn a_secret_is_put_right_and_not_said() {
    let mut stage = to_the_read_back();
    let answer = stage.caller("sorry, the pin is four eight two two");
    assert_eq!(last(&stage, "pin"), value("4822"));
    assert!(answer.contains("PIN does not belong"), "{answer}");
    assert!(!stage.heard_since(0).contains("4 8 2"), "{answer}");
}

#[test]
fn another_choice_at_the_read_back_is_another_plan() {
    for words in [
        "yes, but the later flight",
        "no, the later one",
        "no, the one at two forty, not the one at ten fifteen",
        "actually the second one please",
        "not the first, the second",
    ] {
        let mut stage = to_the_read_back();
        stage.caller("the first one");
        let answer = stage.caller(words);
        assert!(answer.contains("2:40 in the afternoon"), "{words}: {answer}");
        assert_eq!(stage.executed, [], "{words}");
        assert_eq!(stage.plans.last().and_then(|plan| plan.plan.clone()), None, "{words}");
    }
}

#[test]
fn a_plain_no_is_no_correction() {
    for words in ["no", "no thank you", "no, that is wrong", "no, do not do that"] {
        let mut stage = to_the_read_back();
        stage.caller("the first one");
        assert!(stage.caller(words).contains("not changed anything"), "{words}");
        assert_eq!(stage.executed, [], "{words}");
    }
}

#[test]
fn what_was_heard_in_doubt_is_put_right_in_part() {
    let mut stage = play(Language::EN, Core::Works, &[("my flight was cancelled", "booking code")]);
    assert_eq!(stage.caller_with("k seven m four x nine", Some(0.2)), "Did you say K 7 M, 4 X 9?");
    assert!(stage.caller("no, it ends in two").contains("PIN"));
    assert_eq!(last(&stage, "code"), value("K7M4X2"));
}
