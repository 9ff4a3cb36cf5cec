//! Scripts in virtual time: facts at milliseconds, and what must come out, in order, with its time.

use callwright_model::{Thought, UtteranceSort};
use proptest::prelude::*;

use super::*;

/// Runs the facts of a script through a floor that ticks every 20 ms, and compares what it decides with the script's
/// `-> ` lines. Both are `MILLISECONDS what`. Runs to a second after the last line.
fn check(script: &[&str]) {
    check_with(FloorConfig::default(), script);
}

fn check_with(config: FloorConfig, script: &[&str]) {
    let mut floor = Floor::new(config, MonoTime::ZERO);
    let mut line = Line::default();
    let mut decided = Vec::new();
    let expected: Vec<String> =
        script.iter().filter(|l| l.contains(" -> ")).map(|l| (*l).to_owned()).collect();
    let facts: Vec<(u64, &str)> = script.iter().filter(|l| !l.contains(" -> ")).map(|l| at(l)).collect();
    let last = script.iter().map(|l| at(l).0).max().unwrap_or(0);
    let end = if script.iter().any(|l| l.contains("-> silence")) { last } else { last + 1_000 };
    let mut next = facts.into_iter().peekable();
    for ms in (0..=end).step_by(20) {
        let now = MonoTime::from_millis(ms);
        if ms > 0 {
            floor.handle_frame(line.facts, line.sounding, now);
            drain(&mut floor, ms, &mut decided);
        }
        while let Some((_, fact)) = next.next_if(|(when, _)| *when <= ms) {
            line.apply(&mut floor, fact, now);
            drain(&mut floor, ms, &mut decided);
        }
    }
    assert_eq!(decided, expected, "script {script:#?}");
}

struct Line {
    facts: FrameFacts,
    sounding: Sounding,
}

const QUIET: FrameFacts = FrameFacts { speech: 0.02, level_dbfs: -70.0 };
const SPEECH: FrameFacts = FrameFacts { speech: 0.95, level_dbfs: -25.0 };

impl Default for Line {
    fn default() -> Self {
        Self { facts: QUIET, sounding: Sounding::Nothing }
    }
}

impl Line {
    fn apply(&mut self, floor: &mut Floor, fact: &str, now: MonoTime) {
        let words: Vec<&str> = fact.split(' ').collect();
        match words.as_slice() {
            ["caller", "speaks"] => self.facts = SPEECH,
            ["caller", "mumbles"] => self.facts = FrameFacts { speech: 0.95, level_dbfs: -32.0 },
            ["caller", "puzzles"] => self.facts = FrameFacts { speech: 0.2, level_dbfs: -25.0 },
            ["room", "talks"] => self.facts = FrameFacts { speech: 0.95, level_dbfs: -38.0 },
            ["caller", "hums"] => self.facts = FrameFacts { speech: 0.4, level_dbfs: -30.0 },
            ["caller", "stops"] => self.facts = QUIET,
            ["detector", "lags"] => self.facts = FrameFacts { speech: 0.9, level_dbfs: -68.0 },
            ["agent", "speaks"] => self.sounding = Sounding::Say,
            ["agent", "informs"] => self.sounding = Sounding::Required,
            ["late", "echo"] => floor.handle_late_echo(),
            ["agent", "stops"] => self.sounding = Sounding::Nothing,
            ["hold", "sound"] => self.sounding = Sounding::Tone,
            ["key"] => floor.handle_key(now),
            ["bridge"] => floor.handle_suspend(now),
            ["unbridge"] => floor.handle_resume(now),
            ["expect", "yesno"] => floor.handle_expect(Expect::YesNo, now),
            ["expect", "code"] => floor.handle_expect(Expect::Code { min: 6, max: 6 }, now),
            ["partial", turn, filled, words, sort, rest @ ..] => floor.handle_partial(
                TurnId(turn.parse().expect("a turn")),
                Progress {
                    filled: filled.parse().expect("a count"),
                    words: words.parse().expect("a count"),
                    sort: Some(sorts(sort)),
                    confidence: rest.first().map(|sure| sure.parse().expect("a probability")),
                    ..Progress::default()
                },
                now,
            ),
            ["vote", turn, complete] => floor.handle_vote(
                TurnId(turn.parse().expect("a turn")),
                complete.parse().expect("a probability"),
                now,
            ),
            other => panic!("no such fact: {other:?}"),
        }
    }
}

fn sorts(name: &str) -> UtteranceSort {
    match name {
        "speech" => UtteranceSort::Speech,
        "backchannel" => UtteranceSort::Backchannel,
        "filler" => UtteranceSort::Filler,
        "aside" => UtteranceSort::SideTalk,
        "echo" => UtteranceSort::Echo,
        other => panic!("no such sort: {other}"),
    }
}

fn at(line: &str) -> (u64, &str) {
    let (ms, what) = line.split_once(' ').expect("a time and a fact");
    (ms.parse().expect("milliseconds"), what)
}

fn drain(floor: &mut Floor, ms: u64, decided: &mut Vec<String>) {
    while let Some(output) = floor.poll_output() {
        let what = match output {
            Output::Started { turn, onset } => format!("started {} from {}", turn.0, onset.as_millis()),
            Output::Pause { turn } => format!("pause {}", turn.0),
            Output::GoesOn { turn } => format!("goes on {}", turn.0),
            Output::Ended { turn, last_sound, length, .. } => {
                format!("ended {} at {} after {}", turn.0, last_sound.as_millis(), length.as_millis())
            }
            Output::Discard { turn } => format!("discard {}", turn.0),
            Output::Duck => "duck".to_owned(),
            Output::Hold => "hold".to_owned(),
            Output::Judged { turn, verdict, evidence } => {
                format!("{} is {verdict:?} by {:?}", turn.0, evidence.rule)
            }
            Output::Restore => "restore".to_owned(),
            Output::Hush { turn } => format!("hush {}", turn.0),
            Output::Silence { length } => format!("silence {}", length.as_secs()),
        };
        decided.push(format!("{ms} -> {what}"));
    }
}

#[test]
fn a_sentence_ends_after_a_pause_and_an_inner_pause_does_not_end_it() {
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "1000 caller stops",
        "1120 -> pause 1",
        "1400 caller speaks",
        "1420 -> goes on 1",
        "2000 caller stops",
        "2120 -> pause 1",
        "2580 -> ended 1 at 2000 after 2000",
    ]);
}

#[test]
fn the_end_of_speech_is_the_last_loud_frame_though_the_detector_lags() {
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "500 detector lags",
        "600 caller stops",
        "620 -> pause 1",
        "1080 -> ended 1 at 500 after 500",
    ]);
}

#[test]
fn yes_is_over_sooner_than_an_open_answer() {
    check(&[
        "0 expect yesno",
        "0 caller speaks",
        "40 -> started 1 from 0",
        "300 caller stops",
        "420 -> pause 1",
        "680 -> ended 1 at 300 after 300",
    ]);
}

#[test]
fn a_recognised_yes_is_over_sooner_still_and_an_explanation_later() {
    check(&[
        "0 expect yesno",
        "0 caller speaks",
        "40 -> started 1 from 0",
        "300 partial 1 1 1 speech",
        "300 caller stops",
        "420 -> pause 1",
        "560 -> ended 1 at 300 after 300",
    ]);
    check(&[
        "0 expect yesno",
        "0 caller speaks",
        "40 -> started 1 from 0",
        "900 partial 1 1 6 speech",
        "900 caller stops",
        "1020 -> pause 1",
        "1480 -> ended 1 at 900 after 900",
    ]);
}

#[test]
fn a_spelled_code_with_pauses_of_700_ms_is_one_turn_and_is_over_when_full() {
    check(&[
        "0 expect code",
        "0 caller speaks",
        "40 -> started 1 from 0",
        "300 caller stops",
        "420 -> pause 1",
        "500 partial 1 2 2 speech",
        "1000 caller speaks",
        "1020 -> goes on 1",
        "1300 caller stops",
        "1420 -> pause 1",
        "1500 partial 1 4 4 speech",
        "2000 caller speaks",
        "2020 -> goes on 1",
        "2300 caller stops",
        "2420 -> pause 1",
        "2500 partial 1 6 6 speech",
        "2560 -> ended 1 at 2300 after 2300",
    ]);
}

#[test]
fn a_caller_who_pauses_is_waited_for_longer_until_they_speak_fluently_again() {
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "800 caller stops",
        "920 -> pause 1",
        "1380 -> ended 1 at 800 after 800",
        "1500 caller speaks",
        "1540 -> started 2 from 1500",
        "2000 caller stops",
        "2120 -> pause 2",
        "2820 -> ended 2 at 2000 after 500",
    ]);
}

#[test]
fn a_whole_wish_is_answered_sooner_and_one_that_breaks_off_later() {
    let mut floor = Floor::new(FloorConfig::default(), MonoTime::ZERO);
    let mut patience = |thought| {
        let progress =
            Progress { words: 4, sort: Some(UtteranceSort::Speech), thought, ..Progress::default() };
        floor.config.patience.of(&Expect::Anything, &progress, None)
    };
    let [open, unknown, whole] = [Thought::Open, Thought::Unknown, Thought::Whole].map(&mut patience);
    assert!(open > unknown && unknown > whole, "{open:?} {unknown:?} {whole:?}");
    floor.pauses.learn(Duration::from_secs(5));
    let longest = floor.config.patience.of(&Expect::Anything, &Progress::default(), floor.pauses.longest());
    assert_eq!(longest, floor.config.patience.pausing_max, "nobody waits for ever");
}

#[test]
fn a_turn_voted_finished_ends_after_200_ms_and_one_voted_unfinished_is_waited_for() {
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "600 caller stops",
        "720 -> pause 1",
        "760 vote 1 0.9",
        "800 -> ended 1 at 600 after 600",
    ]);
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "600 caller stops",
        "720 -> pause 1",
        "760 vote 1 0.1",
        "1760 -> ended 1 at 600 after 600",
    ]);
}

#[test]
fn a_vote_counts_neither_after_the_caller_went_on_nor_for_what_is_counted() {
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "600 caller stops",
        "720 -> pause 1",
        "760 vote 1 0.1",
        "800 caller speaks",
        "820 -> goes on 1",
        "900 vote 1 0.9",
        "1000 caller stops",
        "1120 -> pause 1",
        "1580 -> ended 1 at 1000 after 1000",
    ]);
    check(&[
        "0 expect yesno",
        "0 caller speaks",
        "40 -> started 1 from 0",
        "300 caller stops",
        "420 -> pause 1",
        "440 vote 1 0.9",
        "680 -> ended 1 at 300 after 300",
    ]);
}

#[test]
fn a_code_left_half_said_ends_at_the_cap() {
    check(&[
        "0 expect code",
        "0 caller speaks",
        "40 -> started 1 from 0",
        "300 caller stops",
        "420 -> pause 1",
        "500 partial 1 3 3 speech",
        "1300 -> ended 1 at 300 after 300",
    ]);
}

#[test]
fn a_click_takes_no_turn_and_a_cough_is_forgotten() {
    check(&["0 caller speaks", "20 caller stops"]);
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "80 caller stops",
        "200 -> pause 1",
        "220 -> discard 1",
    ]);
}

#[test]
fn an_interruption_ducks_at_once_silences_when_long_enough_and_becomes_certain() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1700 -> hold",
        "1700 agent stops",
        "1900 -> hush 1",
        "1900 -> 1 is Interruption by Length",
        "2000 caller stops",
        "2120 -> pause 1",
        "2580 -> ended 1 at 2000 after 1000",
    ]);
}

#[test]
fn backchannel_does_not_take_the_floor() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1280 caller stops",
        "1400 -> pause 1",
        "1420 partial 1 0 1 backchannel",
        "1420 -> restore",
        "1420 -> 1 is Backchannel by NotForUs",
        "1420 -> discard 1",
    ]);
}

#[test]
fn a_short_sound_without_words_is_forgotten_once_the_recogniser_had_its_time() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1280 caller stops",
        "1400 -> pause 1",
        "1580 -> restore",
        "1580 -> 1 is Backchannel by Ended",
        "1580 -> discard 1",
    ]);
}

#[test]
fn a_drawn_out_mm_hm_does_not_take_the_floor_and_one_known_late_gives_it_back() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1300 partial 1 0 1 backchannel",
        "1760 caller stops",
        "1880 -> pause 1",
        "1900 -> restore",
        "1900 -> 1 is Backchannel by NotForUs",
        "1900 -> discard 1",
    ]);
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1700 -> hold",
        "1700 agent stops",
        "1720 partial 1 0 1 backchannel",
        "1720 -> restore",
        "1740 agent speaks",
        "1760 caller stops",
        "1880 -> pause 1",
        "1900 -> restore",
        "1900 -> 1 is Backchannel by NotForUs",
        "1900 -> discard 1",
    ]);
}

#[test]
fn a_wrong_stop_is_mended_within_700_ms_and_what_the_voice_goes_on_to_say_is_judged_once_more() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1700 -> hold",
        "1760 partial 1 0 3 aside",
        "1760 -> restore",
        "2600 caller stops",
        "2720 -> pause 1",
        "2740 -> restore",
        "2740 -> 1 is SideTalk by NotForUs",
        "2740 -> discard 1",
    ]);
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1700 -> hold",
        "1760 partial 1 0 3 aside",
        "1760 -> restore",
        "2200 partial 1 0 6 speech",
        "2200 -> hush 1",
        "2200 -> 1 is Interruption by Words",
        "2200 agent stops",
        "2600 caller stops",
        "2720 -> pause 1",
        "3180 -> ended 1 at 2600 after 1600",
    ]);
    check(&[
        "0 agent speaks",
        "4000 caller speaks",
        "4040 -> started 1 from 4000",
        "4040 -> duck",
        "4140 caller stops",
        "4260 -> pause 1",
        "4440 -> restore",
        "4440 -> 1 is Backchannel by Ended",
        "4440 -> discard 1",
    ]);
}

#[test]
fn what_must_be_heard_is_not_cut_and_what_the_caller_says_meanwhile_is_a_turn() {
    check(&[
        "0 agent informs",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "2000 caller stops",
        "2120 -> pause 1",
        "2580 -> ended 1 at 2000 after 1000",
        "2700 key",
    ]);
    let mut floor = Floor::new(FloorConfig::default(), MonoTime::ZERO);
    for ms in (20..400).step_by(20) {
        floor.handle_frame(SPEECH, Sounding::Required, MonoTime::from_millis(ms));
    }
    assert_eq!(floor.admission(TurnId(0)), Admission::Play);
    for ms in (400..2_000).step_by(20) {
        floor.handle_frame(QUIET, Sounding::Required, MonoTime::from_millis(ms));
    }
    assert_eq!(floor.running(), None);
    assert_eq!(floor.admission(TurnId(0)), Admission::Play, "also after the turn");
}

#[test]
fn with_a_late_echo_only_words_take_the_floor() {
    check(&[
        "0 late echo",
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "2500 partial 1 0 3 speech",
        "2500 -> hush 1",
        "2500 -> 1 is Interruption by Words",
        "2500 agent stops",
        "2600 caller stops",
        "2720 -> pause 1",
        "3180 -> ended 1 at 2600 after 1600",
    ]);
}

#[test]
fn wait_and_a_pause_is_the_begin_of_a_sentence_and_right_is_not() {
    let opening = [
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1240 caller stops",
        "1360 -> pause 1",
        "1380 partial 1 0 1 speech",
        "1380 -> hold",
    ];
    check(
        &[
            &opening[..],
            &[
                "1380 agent stops",
                "1440 caller speaks",
                "1460 -> goes on 1",
                "2100 -> hush 1",
                "2100 -> 1 is Interruption by Length",
                "2200 caller stops",
                "2320 -> pause 1",
                "2780 -> ended 1 at 2200 after 1200",
            ],
        ]
        .concat(),
    );
    check(
        &[
            &opening[..],
            &[
                "1380 agent stops",
                "1500 -> restore",
                "1500 -> 1 is Backchannel by Ended",
                "1500 -> discard 1",
            ],
        ]
        .concat(),
    );
}

#[test]
fn a_sentence_that_begins_anew_over_the_agent_is_the_same_one() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1240 caller stops",
        "1360 -> pause 1",
        "1540 -> restore",
        "1540 -> 1 is Backchannel by Ended",
        "1540 -> discard 1",
        "1600 caller speaks",
        "1640 -> started 2 from 1600",
        "1640 -> duck",
        "1800 -> hold",
        "1800 agent stops",
        "2260 -> hush 2",
        "2260 -> 2 is Interruption by Length",
        "2400 caller stops",
        "2520 -> pause 2",
        "2980 -> ended 2 at 2400 after 800",
    ]);
}

#[test]
fn what_is_far_away_is_nobody_who_calls_whatever_it_says() {
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "600 caller stops",
        "720 -> pause 1",
        "1180 -> ended 1 at 600 after 600",
        "2000 agent speaks",
        "3000 room talks",
        "3040 -> started 2 from 3000",
        "3040 -> duck",
        "3400 partial 2 0 4 speech",
        "3900 caller stops",
        "4020 -> pause 2",
        "4040 -> restore",
        "4040 -> 2 is Noise by Ended",
        "4040 -> discard 2",
    ]);
}

#[test]
fn our_own_words_never_silence_us() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1300 partial 1 0 4 echo",
        "4000 -> restore",
        "4000 -> 1 is Noise by Cap",
        "4000 -> discard 1",
    ]);
}

#[test]
fn a_soft_voice_is_given_longer_to_turn_out_as_talk_to_somebody_else() {
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "600 caller stops",
        "720 -> pause 1",
        "1180 -> ended 1 at 600 after 600",
        "2000 agent speaks",
        "3000 caller mumbles",
        "3040 -> started 2 from 3000",
        "3040 -> duck",
        "3900 caller stops",
        "4020 -> pause 2",
        "4200 -> restore",
        "4200 -> 2 is SideTalk by Ended",
        "4200 -> discard 2",
    ]);
}

#[test]
fn a_blip_over_the_agent_does_not_even_duck() {
    check(&["0 agent speaks", "1000 caller speaks", "1020 caller stops"]);
    check(&["0 agent speaks", "1000 caller hums", "1400 caller stops"]);
}

#[test]
fn a_short_answer_over_the_question_takes_the_floor_and_an_okay_does_not() {
    check(&[
        "0 expect yesno",
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1260 caller stops",
        "1380 -> pause 1",
        "1400 partial 1 1 1 speech",
        "1400 -> hush 1",
        "1400 -> 1 is Interruption by Answer",
        "1400 agent stops",
        "1520 -> ended 1 at 1260 after 260",
    ]);
    check(&[
        "0 expect yesno",
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1260 caller stops",
        "1380 -> pause 1",
        "1400 partial 1 1 1 backchannel",
        "1400 -> restore",
        "1400 -> 1 is Backchannel by NotForUs",
        "1400 -> discard 1",
    ]);
}

#[test]
fn words_over_the_agent_settle_it_early() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1240 partial 1 0 3 speech",
        "1320 -> hold",
        "1320 agent stops",
        "1480 -> hush 1",
        "1480 -> 1 is Interruption by Words",
        "1500 caller stops",
        "1620 -> pause 1",
        "2080 -> ended 1 at 1500 after 500",
    ]);
}

#[test]
fn words_that_are_not_sure_neither_silence_the_agent_nor_excuse_anybody() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1400 partial 1 0 3 speech 0.1",
        "1600 partial 1 0 1 backchannel 0.3",
        "1700 -> hold",
        "1700 agent stops",
        "1800 partial 1 0 3 speech 0.8",
        "1800 -> hush 1",
        "1800 -> 1 is Interruption by Words",
        "1900 caller stops",
        "2020 -> pause 1",
        "2480 -> ended 1 at 1900 after 900",
    ]);
}

#[test]
fn a_detector_that_doubts_is_overruled_by_a_voice_as_loud_as_this_callers() {
    check(&["0 agent speaks", "1000 caller puzzles", "2000 caller stops"]);
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "600 caller stops",
        "720 -> pause 1",
        "1180 -> ended 1 at 600 after 600",
        "2000 agent speaks",
        "3000 caller puzzles",
        "3040 -> started 2 from 3000",
        "3040 -> duck",
        "3200 caller stops",
        "3320 -> pause 2",
        "3500 -> restore",
        "3500 -> 2 is Backchannel by Ended",
        "3500 -> discard 2",
    ]);
}

#[test]
fn who_says_something_else_than_was_asked_for_is_not_waited_for_as_if_spelling() {
    check(&[
        "0 expect code",
        "0 caller speaks",
        "40 -> started 1 from 0",
        "900 partial 1 1 5 speech",
        "900 caller stops",
        "1020 -> pause 1",
        "1480 -> ended 1 at 900 after 900",
    ]);
}

#[test]
fn speech_over_the_agents_last_word_becomes_a_plain_turn() {
    check(&[
        "0 agent speaks",
        "1000 caller speaks",
        "1040 -> started 1 from 1000",
        "1040 -> duck",
        "1100 agent stops",
        "1120 -> restore",
        "1240 caller stops",
        "1360 -> pause 1",
        "1820 -> ended 1 at 1240 after 240",
    ]);
}

#[test]
fn a_key_silences_the_agent_and_makes_a_turn_without_words() {
    check(&["0 agent speaks", "500 key", "500 -> hush 1", "500 agent stops"]);
    check(&[
        "0 agent speaks",
        "500 caller speaks",
        "540 -> started 1 from 500",
        "540 -> duck",
        "600 key",
        "600 -> hush 1",
        "600 -> 1 is Interruption by Key",
        "600 agent stops",
        "620 caller stops",
        "740 -> pause 1",
        "1200 -> ended 1 at 620 after 120",
    ]);
}

#[test]
fn silence_is_told_again_and_again_and_any_sound_starts_it_over() {
    check(&["5000 -> silence 5", "10000 -> silence 10", "15000 -> silence 15"]);
    check(&["0 agent speaks", "4000 agent stops", "9000 -> silence 5", "14000 -> silence 10"]);
    check(&["0 hold sound", "60000 caller stops"]);
    check(&["3000 key", "8000 -> silence 5"]);
}

#[test]
fn endless_speech_loses_the_floor_until_it_pauses() {
    let config = FloorConfig { turn_max: Duration::from_secs(3), ..FloorConfig::default() };
    check_with(
        config,
        &[
            "0 caller speaks",
            "40 -> started 1 from 0",
            "3000 -> ended 1 at 3000 after 3000",
            "3000 agent speaks",
            "6000 caller stops",
            "6300 caller speaks",
            "6340 -> started 2 from 6300",
            "6340 -> duck",
            "7000 -> hold",
            "7000 agent stops",
            "7200 -> hush 2",
            "7200 -> 2 is Interruption by Length",
            "7300 caller stops",
            "7420 -> pause 2",
            "7880 -> ended 2 at 7300 after 1000",
        ],
    );
}

#[test]
fn a_bridge_takes_the_floor_from_everybody() {
    check(&[
        "0 caller speaks",
        "40 -> started 1 from 0",
        "500 bridge",
        "500 -> discard 1",
        "20000 caller stops",
        "20000 unbridge",
        "25000 -> silence 5",
    ]);
}

#[test]
fn late_says_wait_while_the_caller_speaks_and_are_stale_when_it_was_a_turn() {
    let mut floor = Floor::new(FloorConfig::default(), MonoTime::ZERO);
    let mut ms = 0;
    let mut run = |floor: &mut Floor, facts: FrameFacts, sounding: Sounding, length: u64| {
        for _ in 0..length / 20 {
            ms += 20;
            floor.handle_frame(facts, sounding, MonoTime::from_millis(ms));
            while floor.poll_output().is_some() {}
        }
    };
    assert_eq!(floor.admission(TurnId(0)), Admission::Play);
    assert_eq!(floor.admission(TurnId(1)), Admission::Drop);

    run(&mut floor, SPEECH, Sounding::Nothing, 60);
    assert_eq!(floor.admission(TurnId(0)), Admission::Wait);
    run(&mut floor, QUIET, Sounding::Nothing, 700);
    assert_eq!(floor.admission(TurnId(0)), Admission::Play, "a cough changes nothing");

    run(&mut floor, SPEECH, Sounding::Nothing, 600);
    assert_eq!(floor.admission(TurnId(2)), Admission::Wait, "prepared before the turn is over");
    run(&mut floor, QUIET, Sounding::Nothing, 700);
    assert_eq!(floor.admission(TurnId(0)), Admission::Drop);
    assert_eq!(floor.admission(TurnId(2)), Admission::Play);

    run(&mut floor, SPEECH, Sounding::Say, 720);
    assert_eq!(floor.admission(TurnId(2)), Admission::Wait, "it may yet go on");
    run(&mut floor, SPEECH, Sounding::Nothing, 600);
    assert_eq!(floor.admission(TurnId(2)), Admission::Drop, "interrupted for good");
}

#[derive(Debug, Clone)]
enum Fact {
    Frames { facts: FrameFacts, sounding: Sounding, count: u8 },
    Gap { ms: u16 },
    Timeout,
    Key,
    Partial { turn: u32, progress: Progress },
    Vote { turn: u32, complete: f32 },
    Expect(Expect),
    Suspend,
    Resume,
}

fn fact() -> impl Strategy<Value = Fact> {
    let sounding = prop_oneof![
        3 => Just(Sounding::Nothing),
        3 => Just(Sounding::Say),
        1 => Just(Sounding::Required),
        1 => Just(Sounding::Tone)
    ];
    let speech = prop_oneof![Just(0.0f32), Just(0.4), Just(0.95), any::<f32>()];
    let level = prop_oneof![Just(-25.0f32), Just(-90.0), any::<f32>()];
    let expect = prop_oneof![
        Just(Expect::Anything),
        Just(Expect::YesNo),
        (any::<u8>(), any::<u8>()).prop_map(|(min, max)| Expect::Code { min, max }),
        (any::<u8>(), any::<u8>()).prop_map(|(min, max)| Expect::Digits { min, max }),
        Just(Expect::Choice { options: 3 }),
        Just(Expect::Date),
    ];
    prop_oneof![
        12 => (speech, level, sounding, 1..60u8).prop_map(|(speech, level_dbfs, sounding, count)| {
            Fact::Frames { facts: FrameFacts { speech, level_dbfs }, sounding, count }
        }),
        1 => any::<u16>().prop_map(|ms| Fact::Gap { ms }),
        2 => Just(Fact::Timeout),
        1 => Just(Fact::Key),
        2 => (0..9u32, progress()).prop_map(|(turn, progress)| Fact::Partial { turn, progress }),
        2 => (0..9u32, any::<f32>()).prop_map(|(turn, complete)| Fact::Vote { turn, complete }),
        1 => expect.prop_map(Fact::Expect),
        1 => Just(Fact::Suspend),
        2 => Just(Fact::Resume),
    ]
}

fn progress() -> impl Strategy<Value = Progress> {
    let sort = prop_oneof![
        Just(None),
        Just(Some(UtteranceSort::Speech)),
        Just(Some(UtteranceSort::Backchannel)),
        Just(Some(UtteranceSort::Filler)),
        Just(Some(UtteranceSort::SideTalk)),
        Just(Some(UtteranceSort::Echo)),
    ];
    let thought = prop_oneof![Just(Thought::Unknown), Just(Thought::Open), Just(Thought::Whole)];
    let confidence = proptest::option::of(0.0..1.0_f32);
    (any::<u8>(), 0..8u16, sort, thought, confidence).prop_map(
        |(filled, words, sort, thought, confidence)| Progress { filled, words, sort, thought, confidence },
    )
}

/// What must hold over all outputs of one floor.
#[derive(Default)]
struct Rules {
    running: Option<TurnId>,
    newest: TurnId,
    ducked: bool,
}

impl Rules {
    fn watch(&mut self, output: Output) {
        match output {
            Output::Started { turn, .. } => {
                assert!(turn > self.newest, "turn ids grow");
                assert_eq!(self.running, None, "one turn at a time");
                self.newest = turn;
                self.running = Some(turn);
            }
            Output::Pause { turn } | Output::GoesOn { turn } => assert_eq!(self.running, Some(turn)),
            Output::Ended { turn, .. } | Output::Discard { turn } => {
                assert_eq!(self.running.take(), Some(turn), "each turn is closed once");
            }
            Output::Duck => self.ducked = true,
            Output::Hold => assert!(self.ducked, "it was lowered before"),
            Output::Judged { turn, .. } => assert_eq!(turn, self.newest),
            // Told when the agent goes on, and once more when it is settled that this was right.
            Output::Restore => assert!(self.ducked),
            Output::Hush { turn } => {
                self.ducked = false;
                assert!(turn >= self.newest);
                self.newest = turn;
            }
            Output::Silence { length } => {
                assert_eq!(self.running, None);
                assert!(length > Duration::ZERO);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_order_of_facts_gets_it_stuck_or_out_of_step(facts in proptest::collection::vec(fact(), 1..80)) {
        let mut floor = Floor::new(FloorConfig::default(), MonoTime::ZERO);
        let mut rules = Rules::default();
        let mut now = MonoTime::ZERO;
        let (mut sounding, mut suspended) = (Sounding::Nothing, false);
        for fact in facts {
            match fact {
                Fact::Frames { facts, sounding: s, count } => for _ in 0..count {
                    now = now + FRAME;
                    sounding = s;
                    floor.handle_frame(facts, s, now);
                },
                Fact::Gap { ms } => now = now + Duration::from_millis(u64::from(ms)),
                Fact::Timeout => floor.handle_timeout(now),
                Fact::Key => floor.handle_key(now),
                Fact::Partial { turn, progress } => floor.handle_partial(TurnId(turn), progress, now),
                Fact::Vote { turn, complete } => floor.handle_vote(TurnId(turn), complete, now),
                Fact::Expect(expect) => floor.handle_expect(expect, now),
                Fact::Suspend => { floor.handle_suspend(now); suspended = true; }
                Fact::Resume => { floor.handle_resume(now); suspended = false; }
            }
            while let Some(output) = floor.poll_output() {
                rules.watch(output);
            }
            prop_assert_eq!(rules.running, floor.running());
            let timer = floor.poll_timeout();
            prop_assert!(
                timer.is_some() || suspended || sounding != Sounding::Nothing,
                "dead air: no sound and no timer"
            );
        }
        // Left alone, by timers only, a turn closes and silence is told.
        floor.handle_resume(now);
        floor.handle_frame(QUIET, Sounding::Nothing, now);
        let mut told = false;
        for _ in 0..8 {
            let (at, _) = floor.poll_timeout().expect("an open floor without sound has a timer");
            now = now.max(at);
            floor.handle_timeout(now);
            while let Some(output) = floor.poll_output() {
                told |= matches!(output, Output::Silence { .. });
                rules.watch(output);
            }
        }
        prop_assert!(told && rules.running.is_none());
    }
}
