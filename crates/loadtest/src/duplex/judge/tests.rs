//! Whole tracks as data: where the caller said what, where the agent sounded, and what must come of it.

use super::*;

/// `turn 0-800` and so on, in ms.
fn said(text: &str) -> Vec<Said> {
    text.split(',')
        .map(|part| {
            let (kind, place) = part.trim().split_once(' ').expect("kind and place");
            let kind = match kind {
                "turn" => Kind::Turn,
                "interruption" => Kind::Interruption,
                "backchannel" => Kind::Backchannel,
                "tic" => Kind::Tic,
                "side" => Kind::SideTalk,
                other => panic!("`{other}` is nothing that a caller does"),
            };
            Said { name: String::new(), kind, speech: place_of(place) }
        })
        .collect()
}

/// `1000-4000, 5000-6000!` in ms; the mark is an own end.
fn heard(text: &str) -> Vec<Heard> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| Heard { place: place_of(part.trim_end_matches('!')), own_end: part.ends_with('!') })
        .collect()
}

fn place_of(text: &str) -> Segment {
    let (start, end) = text.split_once('-').expect("start-end");
    let at = |ms: &str| Samples(ms.parse::<u64>().expect("ms") * 16);
    Segment { start: at(start), end: at(end) }
}

fn judged(caller: &str, agent: &str, tick_ms: u64) -> Vec<String> {
    judge(1, &said(caller), &heard(agent), Samples(60_000 * 16), Duration::from_millis(tick_ms))
        .iter()
        .map(|event| {
            let latency = event.latency_s.map_or_else(String::new, |s| format!(" {:.0}", s * 1_000.0));
            format!("{:?} {:?} {:?}{latency}", event.figure, event.did, event.verdict)
        })
        .collect()
}

#[track_caller]
fn check(caller: &str, agent: &str, wanted: &[&str]) {
    assert_eq!(judged(caller, agent, 20), wanted, "caller: {caller}; agent: {agent}");
}

#[test]
fn a_turn_is_answered_before_the_caller_speaks_again_or_not() {
    check("turn 0-1000, turn 9000-9500", "1600-4000", &["Response Spoke Right 600"]);
    check(
        "turn 0-1000, turn 7000-7500",
        "8000-9000",
        &["Response StayedSilent Wrong", "Response Spoke Right 500"],
    );
    check("turn 0-1000", "", &[]);
    // What is said to nobody is no speaking again.
    check(
        "turn 0-1000, tic 1200-1400",
        "5000-6000",
        &["Response Spoke Right 4000", "Tic StayedSilent Right"],
    );
}

#[test]
fn a_turn_that_ends_while_the_agent_speaks_wants_no_answer_and_was_cut_into() {
    check(
        "turn 0-1000, turn 5000-6000",
        "700-3000, 6500-7000",
        &["AgentInterruption Spoke Wrong 700", "Response Spoke Right 500"],
    );
    // It cut in, thought better of it, and answered.
    check(
        "turn 0-2000, turn 8000-9000",
        "700-1100, 2600-4000",
        &["Response Spoke Right 600", "AgentInterruption Spoke Wrong 700"],
    );
    check(
        "turn 0-2000",
        "300-500, 900-1200, 2500-3000",
        &[
            "Response Spoke Right 500",
            "AgentInterruption Spoke Wrong 300",
            "AgentInterruption Spoke Wrong 900",
        ],
    );
}

#[test]
fn an_interruption_is_yielded_to_within_two_seconds_or_not() {
    check(
        "interruption 2000-3200, turn 9000-9500",
        "1000-2400, 3700-5000",
        &["Yield Stopped Right 400", "Response Spoke Right 500"],
    );
    check("interruption 2000-3200", "1000-4000", &["Yield Stopped Right 2000"]);
    check("interruption 2000-3200, turn 9000-9500", "1000-4020", &["Yield TalkedOn Wrong"]);
    // The agent had ended just before: an ordinary turn.
    check("interruption 2000-3200", "1000-1900, 3500-4000", &["Response Spoke Right 300"]);
    // It ended by itself: nothing is known of its yielding, and it still has to answer.
    check(
        "interruption 2000-3200",
        "1000-2300!, 3700-4000",
        &["Yield Stopped NotCounted 300", "Response Spoke Right 500"],
    );
}

#[test]
fn a_turn_that_begins_over_the_agent_is_an_interruption() {
    check("turn 2000-3200", "1900-2300, 3500-4000", &["Yield Stopped Right 300", "Response Spoke Right 300"]);
}

#[test]
fn backchannels_are_talked_through_or_stopped_for() {
    check("backchannel 2000-2300", "1000-5000", &["Backchannel TalkedOn Right"]);
    check("backchannel 2000-2300", "1000-3000, 3400-5000", &["Backchannel Stopped Wrong 1000"]);
    check("backchannel 2000-2300", "1000-3020", &["Backchannel TalkedOn Right"]);
    check("backchannel 2000-2300", "1000-2600!", &["Backchannel Stopped NotCounted 600"]);
    check("backchannel 2000-2300", "4000-5000", &["Backchannel StayedSilent NotCounted"]);
}

#[test]
fn tics_and_side_talk_are_ignored_over_the_agent_and_in_its_silence() {
    for (kind, figure) in [("tic", "Tic"), ("side", "SideTalk")] {
        let check = |place: &str, agent: &str, wanted: &str| {
            check(&format!("{kind} {place}"), agent, &[&format!("{figure} {wanted}")]);
        };
        check("2000-2600", "1000-5000", "TalkedOn Right");
        check("2000-2600", "1000-2900, 3600-5000", "Stopped Wrong 900");
        check("2000-2600", "1000-3100, 3600-5000", "TalkedOn Right");
        check("2000-2600", "500-1500", "StayedSilent Right");
        check("2000-2600", "500-1500, 4600-5000", "Spoke Wrong 2600");
        check("2000-2600", "500-1500, 4640-5000", "StayedSilent Right");
        check("2000-2600", "500-1500, 2100-5000", "Spoke Wrong 100");
        check("59000-59500", "500-1500", "StayedSilent NotCounted");
    }
    // An answer to the next turn is no answer to the tic.
    check(
        "tic 2000-2300, turn 3000-3500",
        "4000-5000",
        &["Tic StayedSilent Right", "Response Spoke Right 500"],
    );
}

#[test]
fn only_what_the_caller_says_to_the_agent_can_be_cut_into() {
    check(
        "backchannel 2000-2500",
        "1000-1990, 2300-4000",
        &["Backchannel StayedSilent NotCounted", "AgentInterruption Spoke Wrong 300"],
    );
    check("tic 2000-2500", "2300-4000", &["Tic Spoke Wrong 300"]);
}

#[test]
fn ticks_lay_everything_on_their_grid() {
    assert_eq!(judged("turn 0-1090, turn 9000-9100", "1630-4000", 200), ["Response Spoke Right 600"]);
    assert_eq!(judged("turn 0-1090, turn 9000-9100", "1630-4000", 20), ["Response Spoke Right 540"]);
    // Less than half a tick of overlap is none.
    assert_eq!(judged("turn 0-1090", "1050-4000", 200), ["Response Spoke Right 0"]);
}
