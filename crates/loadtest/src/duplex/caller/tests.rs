//! A caller against an agent that is written down: what it does, and when.

use std::sync::Arc;

use super::super::generate::tests::sounds;
use super::super::profile::Profile;
use super::*;
use crate::detect::Segment;

/// An agent that answers `latency` ms after each turn or interruption with this many ms of sound, and stops for whatever
/// `stops_for` says, 300 ms after it began.
struct Agent {
    latency: u64,
    length: u64,
    stops_for: fn(Kind) -> bool,
    answers: bool,
}

const POLITE: Agent =
    Agent { latency: 500, length: 4_000, stops_for: |kind| kind == Kind::Interruption, answers: true };

/// What the caller did: start in ms, what, and whether the agent was sounding.
fn play(profile: &Profile, agent: &Agent) -> Vec<(u64, Option<Kind>, bool)> {
    let (profile, sounds) = (Arc::new(profile.clone()), Arc::new(sounds(profile)));
    let mut caller = Caller::new(Plan::new(profile, sounds, 1, 1).expect("there are voices"));
    let mut did = Vec::new();
    let (mut begins, mut sounding): (Option<u64>, Option<(u64, u64)>) = (Some(300), None);
    let mut saying: Option<(u64, Kind)> = None;
    for now in (0..600_000).step_by(20) {
        if begins.is_some_and(|begins| begins <= now) {
            begins = None;
            sounding = Some((now, now + agent.length));
            caller.handle_sound(Sound::Started(Samples(now * 16)));
        }
        if let Some((start, end)) = sounding.filter(|(_, end)| *end <= now) {
            sounding = None;
            let segment = Segment { start: Samples(start * 16), end: Samples(end * 16) };
            caller.handle_sound(Sound::Stopped(segment));
        }
        if let Some((_, kind)) = saying.filter(|(end, _)| *end <= now) {
            saying = None;
            caller.handle_said(Samples(now * 16));
            if kind.takes_floor() && agent.answers {
                begins = Some(now + agent.latency);
            }
        }
        caller.handle_tick(Samples(now * 16));
        while let Some(act) = caller.poll_output() {
            match act {
                Act::Say { clip, kind } => {
                    did.push((now, Some(kind), sounding.is_some()));
                    saying = Some((now + clip.samples.len() as u64 / 16, kind));
                    if let (true, Some((start, _))) = ((agent.stops_for)(kind), sounding) {
                        sounding = Some((start, now + 300));
                    }
                }
                Act::Hangup => {
                    did.push((now, None, sounding.is_some()));
                    assert!(caller.may_end());
                    return did;
                }
                Act::Dtmf(_) | Act::Fail { .. } => panic!("a caller only speaks: {act:?}"),
            }
        }
    }
    panic!("the caller never hangs up: {did:?}");
}

fn count(did: &[(u64, Option<Kind>, bool)], kind: Kind, over: bool) -> usize {
    did.iter().filter(|(_, what, sounding)| *what == Some(kind) && *sounding == over).count()
}

#[test]
fn a_clean_caller_takes_turns_and_says_goodbye() {
    let did = play(&Profile::control(), &POLITE);
    let kinds: Vec<Option<Kind>> = did.iter().map(|(_, kind, _)| *kind).collect();
    assert_eq!(
        kinds,
        [Some(Kind::Turn), Some(Kind::Turn), Some(Kind::Turn), None],
        "two turns and the farewell"
    );
    assert!(did.iter().all(|(_, _, over)| !over), "never over the agent: {did:?}");
    let greeting_ends = 300 + POLITE.length;
    assert!((greeting_ends + 400..=greeting_ends + 940).contains(&did[0].0), "{did:?}");
}

#[test]
fn a_full_caller_does_everything_it_planned_over_the_agent_and_in_its_silence() {
    let profile = Profile { length_s_max: 400, ..Profile::regular() };
    let did = play(&profile, &POLITE);
    assert_eq!(count(&did, Kind::Interruption, true), profile.interruptions, "{did:?}");
    assert_eq!(count(&did, Kind::Backchannel, true), profile.backchannels, "{did:?}");
    for kind in [Kind::Tic, Kind::SideTalk] {
        assert!(count(&did, kind, true) >= 3, "{kind:?}: {did:?}");
        assert!(count(&did, kind, false) >= 1, "{kind:?}: {did:?}");
    }
    for pair in did.windows(2) {
        let [(before, Some(kind), over), (after, _, _)] = pair else { continue };
        let least = match (kind.takes_floor(), over) {
            (true, _) => 0,
            (false, true) => 1_300,
            (false, false) => 2_200,
        };
        assert!(after - before >= least, "{kind:?} at {before} is left alone: {pair:?}");
    }
}

#[test]
fn nobody_is_spoken_over_before_they_have_sounded_for_a_while() {
    let profile = Profile { into_agent_ms: [1_500, 1_600], ..Profile::regular() };
    let brief = Agent { length: 1_400, ..POLITE };
    let did = play(&profile, &brief);
    assert!(did.iter().all(|(_, _, over)| !over), "{did:?}");
}

#[test]
fn a_turn_without_an_answer_is_said_once_more_and_then_the_next_one() {
    let profile = Profile { patience_ms: 5_000, ..Profile::control() };
    let did = play(&profile, &Agent { answers: false, ..POLITE });
    let turns = count(&did, Kind::Turn, false);
    assert_eq!(turns, 5, "two turns twice, and the farewell: {did:?}");
    assert!(did.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 5_000), "{did:?}");
}

#[test]
fn an_agent_that_does_not_yield_is_waited_for() {
    let stubborn = Agent { stops_for: |_| false, ..POLITE };
    let did = play(&Profile { length_s_max: 100, ..Profile::regular() }, &stubborn);
    assert!(count(&did, Kind::Interruption, true) > 0);
    assert_eq!(count(&did, Kind::Turn, true), 0, "no turn is taken over the agent: {did:?}");
}

#[test]
fn the_longest_length_ends_every_call() {
    let endless = Agent { length: 500_000, stops_for: |_| false, ..POLITE };
    let did = play(&Profile { length_s_max: 30, ..Profile::regular() }, &endless);
    assert!(did.last().expect("a hang-up").0 <= 62_000, "{did:?}");
    let chatty = play(&Profile { length_s_max: 30, ..Profile::regular() }, &POLITE);
    assert!(chatty.last().expect("a hang-up").0 <= 60_000, "{chatty:?}");
}

#[test]
fn what_was_not_said_can_be_said_in_another_call() {
    let profile = Arc::new(Profile::regular());
    let plan = Plan::new(Arc::clone(&profile), Arc::new(sounds(&profile)), 1, 1).expect("there are voices");
    let (turns, over) = (plan.turns.len(), plan.over.len());
    let mut caller = Caller::new(plan);
    caller.handle_sound(Sound::Started(Samples(1_600)));
    caller.handle_sound(Sound::Stopped(Segment { start: Samples(1_600), end: Samples(3_200) }));
    for now in (0..3_000).step_by(20) {
        caller.handle_tick(Samples(now * 16));
    }
    let rest = caller.into_rest();
    let left = rest.turns.len() + rest.in_silence.len();
    assert!(left < turns + Profile::regular().tics + Profile::regular().side_talk && rest.over.len() == over);
}
