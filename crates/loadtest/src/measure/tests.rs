use super::*;
use crate::detect::{Hearing, segments};

fn segment(start: u64, end: u64) -> Segment {
    Segment { start: Samples(start * 16), end: Samples(end * 16) }
}

fn said(kind: Kind, start: u64, end: u64) -> Said {
    Said { name: format!("{start}"), kind, speech: segment(start, end) }
}

/// Response and yield latency in ms, whether it yielded, whether the agent cut in.
type Short = (Option<u64>, Option<u64>, Option<bool>, bool);

/// Each turn in short.
fn check(said: &[Said], agent: &[(u64, u64)]) -> Vec<Short> {
    let agent: Vec<_> = agent.iter().map(|&(start, end)| segment(start, end)).collect();
    let ms = |seconds: Option<f64>| seconds.map(|seconds| (seconds * 1_000.0).round() as u64);
    let short = |turn: &Turn| {
        let (response, silence) = (ms(turn.response_latency_s), ms(turn.yield_latency_s));
        (response, silence, turn.yielded, turn.agent_interrupted)
    };
    measure(said, &agent).iter().map(short).collect()
}

#[test]
fn the_response_begins_with_the_first_segment_after_the_caller() {
    let all = [said(Kind::Turn, 1_000, 2_000), said(Kind::Keys, 6_000, 6_300)];
    assert_eq!(
        check(&all, &[(0, 700), (2_450, 4_000), (4_500, 5_000), (6_900, 8_000)]),
        [(Some(450), None, None, false), (Some(600), None, None, false)]
    );
}

#[test]
fn an_answer_after_the_caller_spoke_again_is_none() {
    let all = [said(Kind::Turn, 1_000, 2_000), said(Kind::Turn, 5_000, 6_000)];
    assert_eq!(check(&all, &[(6_500, 7_000)]), [(None, None, None, false), (Some(500), None, None, false)]);
}

#[test]
fn an_interruption_yields_and_is_answered() {
    let all = [said(Kind::Interruption, 2_000, 3_000)];
    assert_eq!(check(&all, &[(500, 2_380), (3_600, 5_000)]), [(Some(600), Some(380), Some(true), false)]);
    // The agent sounds a little longer than a short interruption: it yielded all the same, and then answered.
    let all = [said(Kind::Interruption, 2_000, 2_300)];
    assert_eq!(check(&all, &[(500, 2_500), (3_000, 5_000)]), [(Some(700), Some(500), Some(true), false)]);
}

#[test]
fn an_agent_that_talks_on_has_not_yielded() {
    let all = [said(Kind::Interruption, 2_000, 2_500)];
    assert_eq!(check(&all, &[(500, 4_001), (4_500, 5_000)]), [(None, None, Some(false), false)]);
    let all = [said(Kind::Interruption, 2_000, 2_500)];
    assert_eq!(check(&all, &[(500, 4_000), (4_500, 5_000)]), [(Some(2_000), Some(2_000), Some(true), false)]);
}

#[test]
fn an_interruption_into_silence_is_a_turn() {
    let all = [said(Kind::Interruption, 2_000, 3_000)];
    assert_eq!(check(&all, &[(500, 1_990), (3_300, 4_000)]), [(Some(300), None, None, false)]);
}

#[test]
fn a_backchannel_is_neither_answered_nor_yielded_to() {
    let all =
        [said(Kind::Turn, 0, 500), said(Kind::Backchannel, 2_000, 2_300), said(Kind::Turn, 6_000, 6_500)];
    assert_eq!(
        check(&all, &[(1_000, 5_000), (7_000, 8_000)]),
        [(Some(500), None, None, false), (None, None, Some(false), false), (Some(500), None, None, false)]
    );
}

#[test]
fn an_agent_that_cuts_in_is_told_and_has_no_latency() {
    let all = [said(Kind::Turn, 1_000, 3_000)];
    assert_eq!(check(&all, &[(1_800, 4_000)]), [(None, None, None, true)]);
}

#[test]
fn dead_air_is_the_longest_common_silence() {
    let all = [said(Kind::Turn, 2_000, 3_000)];
    let agent = [segment(500, 1_000), segment(2_900, 4_000)];
    assert_eq!(dead_air(&all, &agent, Samples(4_500 * 16)), Duration::from_millis(1_000));
    assert_eq!(dead_air(&all, &agent, Samples(9_000 * 16)), Duration::from_millis(5_000));
    assert_eq!(dead_air(&[], &[], Samples(16_000)), Duration::from_secs(1));
}

/// From sound to latency: streams with known onsets, through the detector, must give the truth within one frame.
#[test]
fn latencies_of_known_streams_are_right_within_twenty_milliseconds() {
    for shift in 0..40_u64 {
        let (from, to, back) = (1_000 + shift * 7, 2_000 + shift * 7, 2_430 + shift * 13);
        let mut caller = vec![0_i16; 6_000 * 16];
        let mut agent = vec![0_i16; 6_000 * 16];
        let voice = |stream: &mut [i16], start: u64, end: u64| {
            for n in start * 16..end * 16 {
                stream[n as usize] = (3_000.0 * (n as f64 * 0.1).sin()) as i16;
            }
        };
        voice(&mut caller, from, to);
        voice(&mut agent, 300, from + 333);
        voice(&mut agent, back, 4_000);
        let spoken = segments(&caller, Hearing::default());
        let said = [Said { name: "a".to_owned(), kind: Kind::Interruption, speech: spoken[0] }];
        let turns = measure(&said, &segments(&agent, Hearing::default()));
        let response = turns[0].response_latency_s.expect("an answer") * 1_000.0;
        let silence = turns[0].yield_latency_s.expect("it yields") * 1_000.0;
        assert!((response - (back - to) as f64).abs() <= 20.0, "shift {shift}: {response}");
        assert!((silence - 333.0).abs() <= 20.0, "shift {shift}: {silence}");
    }
}
