//! A call back at a promised time, and the call that keeps it.

use std::time::Duration;

use callwright_dialogue_core::{
    CallBacks, CalledBack, Clock, DialogueConfig, TransferReason, TransferResult,
};
use callwright_model::{CallId, Language, MonoTime, Pii};
use chrono_tz::Tz;

use crate::script::{Core, Stage, airline};

/// 2026-11-27 was a Friday; it is four in the afternoon.
const NOW: u64 = 1_795_795_200_000;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// A line that promises times.
fn config(language: Language) -> DialogueConfig {
    let mut config = DialogueConfig::new(airline(), CallId(7));
    config.language = language;
    config.caller = Some(Pii::new("+1 555 0100".to_owned()));
    config.call_backs = Some(call_backs());
    config
}

/// People are there until five, and on Monday from nine.
pub fn call_backs() -> CallBacks {
    CallBacks {
        clock: Clock::new(NOW, MonoTime::ZERO, Tz::UTC),
        open: vec![(NOW - 7 * HOUR, NOW + HOUR), (NOW + 65 * HOUR, NOW + 73 * HOUR)],
        soonest: Duration::from_secs(120),
        window: Duration::from_secs(1_800),
    }
}

/// A caller for whom no human was free.
fn nobody_free(language: Language) -> Stage {
    let mut stage = Stage::with(config(language), Core::Works);
    stage.keys("0");
    stage.dialogue.handle_transfer(TransferResult::NoAnswer, stage.now);
    stage.settle();
    stage
}

/// Minutes from now.
fn promised(stage: &Stage) -> Option<(u64, u64)> {
    let window = stage.promised?;
    Some(((window.from_unix_ms - NOW) / MINUTE, (window.to_unix_ms - NOW) / MINUTE))
}

#[test]
fn the_time_is_asked_for_read_back_and_promised_once_it_is_kept() {
    for (language, yes, soon, asked, read_back, told) in [
        (
            Language::EN,
            "yes please",
            "as soon as possible",
            "When shall we call you",
            "today between 4 oh 2 in the afternoon and 4:32 in the afternoon. Is that all right",
            "We will call you today between",
        ),
        (
            Language::ES,
            "sí",
            "lo antes posible",
            "Cuándo quiere",
            "hoy entre las cuatro y dos",
            "Le llamaremos hoy",
        ),
        (
            Language::KO,
            "네",
            "최대한 빨리 해 주세요",
            "언제 전화를",
            "오늘 오후",
            "전화를 드리겠습니다. 안녕히",
        ),
    ] {
        let mut stage = nobody_free(language);
        assert!(stage.caller(yes).contains(asked), "{language}");
        let answer = stage.caller(soon);
        assert!(answer.contains(read_back), "{answer}");
        assert_eq!(stage.called_back, None, "nothing is kept before a yes");
        assert!(!stage.caller(yes).contains(told), "nothing is promised before it is kept");
        assert_eq!(promised(&stage), Some((2, 32)), "{language}");
        let before = stage.said.len();
        stage.dialogue.handle_call_back(true, stage.now);
        stage.settle();
        assert!(stage.heard_since(before).contains(told), "{}", stage.heard_since(before));
        assert!(stage.hung_up);
    }
}

#[test]
fn what_is_not_kept_is_not_promised_with_a_time_either() {
    let mut stage = nobody_free(Language::EN);
    stage.caller("yes please");
    stage.caller("as soon as possible");
    let before = stage.said.len();
    stage.caller("yes");
    stage.dialogue.handle_call_back(false, stage.now);
    stage.settle();
    let answer = stage.heard_since(before);
    assert!(
        answer.contains("cannot arrange a call back") && !answer.contains("We will call you"),
        "{answer}"
    );
}

#[test]
fn a_time_that_is_no_good_is_asked_for_again_and_a_caller_may_let_it_be() {
    let mut stage = nobody_free(Language::EN);
    stage.caller("yes please");
    assert!(stage.caller("purple elephants dance").contains("I need a time"));
    assert!(stage.caller("as soon as you can").contains("Is that all right"));
    assert!(stage.caller("no").contains("I need a time"), "another time is asked for");
    stage.caller("no");
    assert_eq!((stage.dialogue.state(), stage.called_back), ("open", None));
}

#[test]
fn who_waits_for_a_human_may_ask_to_be_called_by_word_or_key() {
    for (language, words) in [
        (Language::EN, Some("I don't want to wait, call me back")),
        (Language::ES, Some("no quiero esperar")),
        (Language::KO, Some("그냥 다시 전화해 주세요")),
        (Language::EN, None),
    ] {
        let mut stage = Stage::with(config(language), Core::Works);
        stage.keys("0");
        assert_eq!(stage.dialogue.state(), "handover");
        match words {
            Some(words) => stage.caller(words),
            None => stage.keys("1"),
        };
        assert_eq!((stage.unwanted, stage.dialogue.state()), (1, "asking_time"), "{language} {words:?}");
        // That nobody was found any more is no news to them.
        stage.dialogue.handle_transfer(TransferResult::NoAnswer, stage.now);
        stage.settle();
        assert_eq!(stage.dialogue.state(), "asking_time");
    }
    let mut stage = Stage::new(Language::EN, Core::Works);
    stage.keys("0");
    stage.keys("1");
    assert_eq!(
        (stage.unwanted, stage.dialogue.state()),
        (0, "handover"),
        "where nothing is promised the key is none"
    );
}

#[test]
fn where_nobody_is_known_to_be_there_a_call_back_is_left_to_people() {
    let mut config = config(Language::EN);
    if let Some(call_backs) = &mut config.call_backs {
        call_backs.open.clear();
    }
    let mut stage = Stage::with(config, Core::Works);
    stage.keys("0");
    stage.dialogue.handle_transfer(TransferResult::Unavailable, stage.now);
    stage.settle();
    stage.caller("yes please");
    assert_eq!((stage.called_back.as_deref(), stage.promised), (Some("+1 555 0100"), None));
}

/// Somebody who is called back, and has answered.
fn called(language: Language) -> Stage {
    let mut config = config(language);
    config.called = Some(CalledBack { briefing: Pii::new("They asked for a person.".to_owned()) });
    Stage::with(config, Core::Works)
}

#[test]
fn who_is_called_back_hears_why_and_is_put_through_first() {
    for (language, why, yes) in [
        (Language::EN, "you asked us to call you back. Is this a good moment", "yes it is"),
        (Language::ES, "nos pidió que le llamáramos", "sí"),
        (Language::KO, "전화를 부탁하셔서", "네"),
    ] {
        let mut stage = called(language);
        assert!(stage.heard_since(0).contains(why), "{}", stage.heard_since(0));
        stage.caller(yes);
        assert_eq!(stage.transfers, [TransferReason::Asked], "{language}");
        assert_eq!(stage.needs[0].1, 10, "they have waited before");
        assert!(stage.briefings[0].contains("They asked for a person."), "{}", stage.briefings[0]);
    }
}

#[test]
fn who_is_called_at_a_bad_moment_names_a_better_one() {
    let mut stage = called(Language::EN);
    assert!(stage.caller("no not now").contains("When shall we call you"));
    stage.caller("as soon as possible");
    stage.caller("yes");
    assert_eq!(promised(&stage), Some((2, 32)));
    let mut silent = called(Language::EN);
    silent.wait(Duration::from_secs(60));
    assert!(silent.hung_up && silent.called_back.is_none(), "nobody is there");
}
