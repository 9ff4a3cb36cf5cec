//! Callers and humans who talk: hold, moving on, handing back, supervisors.

use callwright_call_core::call::{Hold, Party, Refer, Supervise};
use callwright_model::{Mix, Source};

use super::*;

/// A caller who asked for a person, with one of these ways to them.
fn asked(how: How) -> Call {
    let dialogue = DialogueConfig::new(airline(), CallId(7));
    let config = ConversationConfig::new(dialogue, CALLER);
    let mut call = Call { humans: Some((1, how)), ..Call::new(0) };
    call.machine = Conversation::new(config, MonoTime::ZERO);
    call.acts.clear();
    call.drain();
    call.hear_out();
    call.caller_says("can I talk to a person");
    call.hear_out();
    call
}

fn dialled(call: &mut Call) -> LegId {
    let leg = call.take(|act| match act {
        Act::Dial { leg, .. } => Some(*leg),
        _ => None,
    });
    leg.expect("a phone is rung")
}

/// Caller and human talk; the human's leg.
fn bridged() -> (Call, LegId) {
    let mut call = asked(How::Warm);
    let human = dialled(&mut call);
    call.tell(Fact::Human(human, HumanFact::Answered));
    call.leg(human, LegFact::Dtmf { digit: '1' });
    call.hear_out();
    assert!(call.machine.is_bridged());
    call.acts.clear();
    (call, human)
}

fn mix_of(call: &Call, leg: LegId) -> Option<Mix> {
    call.acts.iter().rev().find_map(|act| match act {
        Act::Command(told, LegCommand::Mix(mix)) if *told == leg => Some(*mix),
        _ => None,
    })
}

#[test]
fn a_human_who_holds_in_silence_leaves_the_caller_hold_sound_and_is_not_listened_to() {
    let (mut call, human) = bridged();
    call.tell(Fact::Held(human, Hold::Silent));
    assert!(call.acts.contains(&Act::Command(CALLER, LegCommand::Tone(Some(Tone::Hold)))));
    assert!(call.acts.contains(&Act::Command(human, LegCommand::OnHold(true))));
    assert!(call.acts.contains(&Act::Tell(Happening::Held { who: Party::Human, on: true })));
    assert!(
        mix_of(&call, CALLER).is_some_and(|mix| mix.has_voice(human)),
        "a bridge has no place for hold sound"
    );
    call.acts.clear();
    call.tell(Fact::Held(human, Hold::Off));
    assert!(call.acts.contains(&Act::Command(CALLER, LegCommand::Tone(None))));
    assert!(call.acts.contains(&Act::Command(human, LegCommand::OnHold(false))));
    assert!(call.acts.contains(&Act::Command(CALLER, LegCommand::Bridge { with: human })));
}

#[test]
fn a_caller_who_holds_is_not_asked_whether_they_are_there() {
    let mut call = Call::new(0);
    call.hear_out();
    call.acts.clear();
    call.tell(Fact::Held(CALLER, Hold::Music));
    call.wait(Duration::from_secs(120));
    assert!(!call.acts.iter().any(|act| matches!(act, Act::Say(..) | Act::Hangup(_))), "{:?}", call.kinds());
    call.tell(Fact::Held(CALLER, Hold::Off));
    call.wait(Duration::from_secs(30));
    assert!(call.acts.iter().any(|act| matches!(act, Act::Say(CALLER, _))));
}

#[test]
fn a_human_hands_the_caller_back_by_key_and_by_word() {
    let (mut call, human) = bridged();
    call.leg(human, LegFact::Dtmf { digit: '9' });
    assert!(call.machine.is_bridged(), "a nine alone is for whoever is at the other end");
    call.leg(human, LegFact::Dtmf { digit: '*' });
    call.leg(human, LegFact::Dtmf { digit: '9' });
    assert!(call.acts.contains(&Act::Hangup(human)));
    assert!(call.acts.contains(&Act::Command(CALLER, LegCommand::Unbridge)));
    assert!(
        call.acts.iter().any(|act| matches!(act, Act::Say(CALLER, say) if say.text.contains("finish this")))
    );

    let (mut call, human) = bridged();
    call.leg(human, LegFact::Dtmf { digit: '*' });
    call.leg(human, LegFact::Dtmf { digit: '8' });
    assert!(mix_of(&call, CALLER).is_some_and(|mix| mix.listens), "the agent stays and listens");
    let said = |turn, words: &str| Utterance {
        words: words.to_owned().into(),
        confidence: Some(0.9),
        ..silence(TurnId(turn), Language::EN)
    };
    let wish = said(9, "my flight was cancelled and I need a new one");
    call.tell(Fact::Recognised(CALLER, Recognised::Final(wish)));
    call.tell(Fact::Recognised(human, Recognised::Final(said(1, "please finish this for me"))));
    assert!(call.acts.contains(&Act::Hangup(human)));
    let offered = call.kinds().iter().filter(|kind| **kind == SayKind::Question).count();
    assert!(offered >= 2, "what the caller has told the human is offered: {:?}", call.kinds());
}

#[test]
fn a_refused_refer_is_followed_by_our_own_ringing_and_one_that_works_ends_the_call() {
    let mut call = asked(How::Blind);
    assert!(call.acts.contains(&Act::Refer { replaces: None }));
    assert!(call.acts.contains(&Act::Command(CALLER, LegCommand::Tone(Some(Tone::Hold)))));
    call.tell(Fact::Refer(Refer::Failed));
    dialled(&mut call);
    let mut call = asked(How::Blind);
    call.tell(Fact::Refer(Refer::Progress));
    call.tell(Fact::Refer(Refer::Done));
    assert!(call.acts.contains(&Act::Tell(Happening::Ended(Ending::Transferred))));
    assert!(call.machine.is_over());
}

#[test]
fn a_human_moves_the_caller_on() {
    let (mut call, human) = bridged();
    call.tell(Fact::MoveAsked(human));
    assert!(call.acts.contains(&Act::MoveAnswered { leg: human, taken: true }));
    let target = call.take(|act| match act {
        Act::DialTarget { leg } => Some(*leg),
        _ => None,
    });
    let target = target.expect("whom they named is rung");
    call.tell(Fact::Human(target, HumanFact::Answered));
    assert!(call.acts.contains(&Act::Engaged(false)), "who has moved them on is free for others");
    assert!(call.acts.contains(&Act::Moved { leg: human, worked: true }));
    assert!(call.acts.contains(&Act::Hangup(human)));
    assert!(call.acts.contains(&Act::Command(CALLER, LegCommand::Bridge { with: target })));
}

#[test]
fn a_supervisor_who_whispers_is_in_the_humans_mix_only() {
    let (mut call, human) = bridged();
    call.tell(Fact::Supervise { what: Some(Supervise::Whisper), by: "Ada".to_owned() });
    let supervisor = call.take(|act| match act {
        Act::DialSupervisor { leg } => Some(*leg),
        _ => None,
    });
    let supervisor = supervisor.expect("the supervisor is rung");
    call.tell(Fact::Human(supervisor, HumanFact::Answered));
    assert!(mix_of(&call, human).is_some_and(|mix| mix.has_voice(supervisor) && mix.has_voice(CALLER)));
    assert!(mix_of(&call, CALLER).is_some_and(|mix| !mix.has_voice(supervisor) && mix.has_voice(human)));
    let told = Happening::Supervised { what: Some(Supervise::Whisper), by: Some("Ada".to_owned()) };
    assert!(call.acts.contains(&Act::Tell(told)));
    let theirs = mix_of(&call, supervisor).expect("the supervisor hears");
    assert!(theirs.has_voice(CALLER) && theirs.has_voice(human));
    assert!(theirs.hears.contains(&Some(Source::Agent(CALLER))));
    // By keys: everybody hears them, nobody does, and then the call is theirs.
    call.leg(supervisor, LegFact::Dtmf { digit: '6' });
    assert!(mix_of(&call, CALLER).is_some_and(|mix| mix.has_voice(supervisor)));
    call.leg(supervisor, LegFact::Dtmf { digit: '4' });
    assert!(mix_of(&call, CALLER).is_some_and(|mix| !mix.has_voice(supervisor)));
    call.leg(supervisor, LegFact::Dtmf { digit: '7' });
    assert!(call.acts.contains(&Act::Hangup(human)));
    assert!(call.acts.contains(&Act::Command(CALLER, LegCommand::Bridge { with: supervisor })));
    assert!(
        call.acts.contains(&Act::Tell(Happening::Supervised { what: Some(Supervise::TakeOver), by: None }))
    );
}

#[test]
fn keys_and_the_transcript_of_humans_are_as_they_are_set() {
    let (mut call, human) = bridged();
    call.machine.config.human =
        HumanConfig { hand_back_key: "#1".to_owned(), listen_key: "*22".to_owned(), transcript: false };
    for digit in "*9*8*22".chars() {
        call.leg(human, LegFact::Dtmf { digit });
    }
    assert!(call.machine.is_bridged(), "what is not set means nothing");
    assert!(mix_of(&call, CALLER).is_some_and(|mix| mix.listens), "the agent listens to the caller");
    assert!(mix_of(&call, human).is_some_and(|mix| !mix.listens), "and not to the human");
    for digit in "#1".chars() {
        call.leg(human, LegFact::Dtmf { digit });
    }
    assert!(call.acts.contains(&Act::Hangup(human)));
}
