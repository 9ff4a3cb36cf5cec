//! Calls that the agent makes: who answers them, and what is promised when nobody has time.

use callwright_call_core::answering::Sign;
use callwright_dialogue_core::{CallBacks, CalledBack, Clock};
use chrono_tz::Tz;

use super::*;

const HOUR: u64 = 3_600_000;
/// Some time in 2026.
const NOW: u64 = 1_795_795_200_000;

/// Whoever is called back has answered.
fn called(humans: usize) -> Call {
    let mut dialogue = DialogueConfig::new(airline(), CallId(7));
    dialogue.caller = Some("15550100".to_owned().into());
    dialogue.called = Some(CalledBack { briefing: "They asked for a person.".to_owned().into() });
    dialogue.call_backs = Some(CallBacks {
        clock: Clock::new(NOW, MonoTime::ZERO, Tz::UTC),
        open: vec![(NOW, NOW + HOUR)],
        soonest: Duration::from_secs(60),
        window: Duration::from_secs(600),
    });
    let mut config = ConversationConfig::new(dialogue, CALLER);
    config.promises.line = "airline".to_owned();
    let machine = Conversation::new(config, MonoTime::ZERO);
    let humans = Some((humans, How::Warm));
    let mut call = Call { machine, now: MonoTime::ZERO, acts: Vec::new(), turn: TurnId(0), humans };
    call.drain();
    call
}

fn told(call: &Call, wanted: &Happening) -> bool {
    call.acts.iter().any(|act| matches!(act, Act::Tell(happening) if happening == wanted))
}

#[test]
fn a_person_who_says_yes_is_put_through_to_a_human() {
    let mut call = called(1);
    call.hear_out();
    call.caller_says("yes");
    assert!(told(&call, &Happening::Reached));
    call.hear_out();
    assert!(call.acts.iter().any(|act| matches!(act, Act::Dial { .. })), "{:?}", call.acts);
}

#[test]
fn a_mailbox_is_hung_up_on_and_nobody_was_reached() {
    let mut by_words = called(1);
    by_words.hear_out();
    by_words.caller_says("yes you have reached my mailbox please leave a message");
    assert!(told(&by_words, &Happening::MachineAnswered { sign: Sign::Words }));
    let mut by_beep = called(1);
    by_beep.leg(CALLER, LegFact::Beep { hz: 1_000 });
    assert!(told(&by_beep, &Happening::MachineAnswered { sign: Sign::Beep }));
    let mut by_talk = called(1);
    by_talk.leg(CALLER, LegFact::SpeechStarted { turn: TurnId(1) });
    by_talk.wait(Duration::from_secs(6));
    assert!(told(&by_talk, &Happening::MachineAnswered { sign: Sign::TalksOn }));
    for call in [by_words, by_beep, by_talk] {
        assert!(told(&call, &Happening::Ended(Ending::Machine)) && !told(&call, &Happening::Reached));
        assert!(call.acts.contains(&Act::Hangup(CALLER)) && call.machine.is_over());
    }
}

#[test]
fn a_yes_in_a_greeting_is_no_answer_to_what_was_not_heard_yet() {
    let mut call = called(1);
    call.caller_says("yes hello");
    assert!(!told(&call, &Happening::Reached));
    call.hear_out();
    call.caller_says("yes");
    assert!(told(&call, &Happening::Reached));
}

#[test]
fn who_answers_with_a_key_is_a_person_and_who_is_silent_was_not_reached() {
    let mut call = called(0);
    call.hear_out();
    call.leg(CALLER, LegFact::Dtmf { digit: '1' });
    assert!(told(&call, &Happening::Reached));
    let mut silent = called(0);
    for _ in 0..4 {
        silent.hear_out();
        silent.wait(Duration::from_secs(20));
    }
    assert!(silent.machine.is_over() && !told(&silent, &Happening::Reached));
}

#[test]
fn who_has_no_time_is_promised_another_with_the_lines_rules() {
    let mut call = called(0);
    call.hear_out();
    for words in ["no", "as soon as possible", "yes"] {
        call.caller_says(words);
        call.hear_out();
    }
    let terms = call.take(|act| match act {
        Act::CallBack { terms, .. } => Some(terms.clone()),
        _ => None,
    });
    let terms = terms.expect("it is to be kept").expect("with a time");
    assert_eq!((terms.line.as_str(), terms.tries_max, terms.language), ("airline", 3, Language::EN));
    assert_eq!(terms.not_after_unix_ms - terms.not_before_unix_ms, 600_000);
    assert!(terms.not_before_unix_ms >= NOW + 60_000);
}
