//! The same things in one breath in Spanish and Korean: by tables alone, so each language has to show that its own are right.

use callwright_model::{Language, Value};

use crate::script::{Core, Stage, play};

const ES: Language = Language::ES;
const KO: Language = Language::KO;

/// A caller who is asked for the PIN.
fn at_the_pin(language: Language) -> Stage {
    let wish =
        if language == ES { "cancelaron mi vuelo y necesito otro" } else { "비행기가 취소됐어요" };
    play(language, Core::Works, &[(wish, ""), ("K7M4X2", "")])
}

fn at_the_read_back(language: Language) -> Stage {
    let mut stage = at_the_pin(language);
    let (pin, first) = if language == ES {
        ("cuatro ocho dos uno", "el primero")
    } else {
        ("사팔이일이요", "첫 번째요")
    };
    stage.caller(pin);
    stage.caller(first);
    assert_eq!(stage.dialogue.state(), "read_back");
    stage
}

#[test]
fn two_wishes_are_begun_and_remembered() {
    for (language, words) in [
        (ES, "quiero cancelar mi reserva y dígame si el vuelo dos uno dos sale a su hora"),
        (KO, "예약을 취소해 주세요 그리고 항공편 이일이 정시에 출발하는지 알려 주세요"),
    ] {
        let mut stage = Stage::new(language, Core::Works);
        let answer = stage.caller(words);
        assert_eq!(stage.plans.last().map(|plan| plan.skill.as_str()), Some("cancel"), "{words}");
        let status = if language == ES { "consultar si un vuelo" } else { "항공편 운항 확인" };
        assert!(answer.contains(status), "both are said: {answer}");
    }
}

#[test]
fn a_question_in_between_is_answered_and_the_talk_goes_on() {
    for (language, words, back) in [
        (ES, "el vuelo dos uno dos sale a su hora", "PIN"),
        (KO, "항공편 이일이 정시에 출발하나요", "비밀번호"),
    ] {
        let mut stage = at_the_pin(language);
        stage.caller(words);
        assert_eq!(stage.dialogue.state(), "asking", "{words}");
        let skills: Vec<_> = stage.plans.iter().map(|plan| plan.skill.as_str()).collect();
        assert!(skills.ends_with(&["status"]), "{words}: {skills:?}");
        assert!(stage.last().text.contains(back), "{words}: {}", stage.last().text);
    }
}

#[test]
fn the_pack_answers_and_the_question_comes_again() {
    for (language, words, wanted) in
        [(ES, "cuánto cuesta eso", "No le cuesta nada"), (KO, "비용이 얼마예요", "비용은 없으며")]
    {
        let mut stage = at_the_read_back(language);
        let answer = stage.caller(words);
        assert!(answer.contains(wanted), "{answer}");
        assert_eq!(stage.dialogue.state(), "read_back");
    }
}

#[test]
fn another_choice_at_the_read_back_is_another_plan() {
    for (language, words, wanted) in [
        (ES, "sí, pero el más tarde", 2),
        (ES, "no, mejor el segundo", 2),
        (KO, "아니요, 두 번째로 해 주세요", 2),
        (KO, "첫 번째 말고 두 번째요", 2),
    ] {
        let mut stage = at_the_read_back(language);
        stage.caller(words);
        let chosen = stage.plans.last().and_then(|plan| plan.inputs.get("flight")).cloned();
        assert_eq!(chosen, Some(Value::Int(wanted)), "{words}");
        assert_eq!(stage.executed, [], "{words}");
    }
}

#[test]
fn a_change_of_mind_keeps_what_is_known() {
    for (language, words) in [(ES, "no, quiero cancelar mi reserva"), (KO, "아니요, 예약을 취소하고 싶어요")]
    {
        let mut stage = at_the_read_back(language);
        stage.caller(words);
        let request = stage.plans.last().expect("a plan was asked for");
        assert_eq!(request.skill, "cancel", "{words}");
        assert_eq!(request.inputs.get("code"), Some(&Value::Code("K7M4X2".to_owned())), "{words}");
    }
}

#[test]
fn callers_may_ask_what_they_told() {
    for (language, words, wanted) in
        [(ES, "cuál era mi código", "K siete M, cuatro X dos"), (KO, "제 예약 번호가 뭐였죠", "케이")]
    {
        let answer = at_the_pin(language).caller(words);
        assert!(answer.contains(wanted), "{answer}");
    }
}

#[test]
fn what_is_put_right_is_named_in_the_callers_words() {
    for (language, words) in [(ES, "la clave es cuatro ocho dos dos"), (KO, "비밀번호는 사팔이이예요")]
    {
        let mut stage = at_the_read_back(language);
        stage.caller(words);
        let pin = stage.plans.last().and_then(|plan| plan.inputs.get("pin")).cloned();
        assert_eq!(pin, Some(Value::Code("4822".to_owned())), "{words}");
        assert_eq!(stage.executed, [], "{words}");
    }
    let mut stage = play(
        "de".parse().expect("a language"),
        Core::Works,
        &[
            ("mein flug wurde gestrichen", ""),
            ("K7M4X2", ""),
            ("vier acht zwei eins", ""),
            ("den ersten", ""),
        ],
    );
    stage.caller("die geheimzahl ist vier acht zwei zwei");
    let pin = stage.plans.last().and_then(|plan| plan.inputs.get("pin")).cloned();
    assert_eq!(pin, Some(Value::Code("4822".to_owned())));
}

#[test]
fn two_wishes_joined_by_an_ending_or_a_stop_are_two() {
    for words in [
        "예약 취소하고 비행기가 늦는지 알려 주세요",
        "예약을 취소하고 싶고 항공편 운항 상태도 알려 주세요",
        "예약 취소해 주시고 항공편 상태 확인해 주세요",
        "예약을 취소해 주세요. 비행기가 지연됐나요?",
        "예약 취소해 주세요 그리고 비행기 몇 시에 출발해요",
    ] {
        let mut stage = Stage::new(KO, Core::Works);
        let answer = stage.caller(words);
        assert_eq!(stage.plans.last().map(|plan| plan.skill.as_str()), Some("cancel"), "{words}: {answer}");
        assert!(answer.contains("항공편 운항 확인"), "{words}: {answer}");
    }
}
