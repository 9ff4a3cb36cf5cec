//! Scripts in virtual time: facts at milliseconds, and what must come out, in order, with its time.

mod any_order;
mod over_agent;

use callwright_model::{Thought, UtteranceSort};

use super::*;
use crate::config::Patience;

/// Runs the facts of a script through a floor that ticks every 20 ms, and compares what it decides with the script's
/// `-> ` lines. Both are `MILLISECONDS what`. Runs to a second after the last line.
fn check(script: &[&str]) {
    check_with(plain(), script);
}

/// Figures of the scripts: what is tuned for callers over a bad line does not change what the rules are.
fn plain() -> FloorConfig {
    let patience = Patience {
        anything: Duration::from_millis(580),
        whole: Duration::from_millis(460),
        short_answer: Duration::from_millis(380),
        ..Patience::default()
    };
    FloorConfig { patience, backchannel_max: Duration::from_millis(900), ..FloorConfig::default() }
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
    /// What is heard while nobody speaks.
    room: FrameFacts,
    sounding: Sounding,
}

const QUIET: FrameFacts = FrameFacts::plain(0.02, -70.0);
const SPEECH: FrameFacts = FrameFacts::plain(0.95, -25.0);

impl Default for Line {
    fn default() -> Self {
        Self { facts: QUIET, room: QUIET, sounding: Sounding::Nothing }
    }
}

impl Line {
    fn apply(&mut self, floor: &mut Floor, fact: &str, now: MonoTime) {
        let words: Vec<&str> = fact.split(' ').collect();
        match words.as_slice() {
            ["caller", "speaks"] => self.facts = SPEECH,
            ["caller", "coughs"] => self.facts = FrameFacts { brightness: 0.25, ..SPEECH },
            ["caller", "mumbles"] => self.facts = FrameFacts::plain(0.95, -32.0),
            ["caller", "puzzles"] => self.facts = FrameFacts::plain(0.2, -25.0),
            ["room", "talks"] => self.facts = FrameFacts::plain(0.95, -38.0),
            ["caller", "hums"] => self.facts = FrameFacts::plain(0.4, -30.0),
            ["caller", "stops"] => self.facts = self.room,
            ["noise", "begins"] => {
                self.room = FrameFacts::plain(QUIET.speech, -45.0);
                self.facts = self.room;
            }
            ["hiss", "begins"] => {
                self.room = FrameFacts::plain(QUIET.speech, -55.0);
                self.facts = self.room;
            }
            ["detector", "lags"] => self.facts = FrameFacts::plain(0.9, -68.0),
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
fn a_single_frame_over_noise_does_not_put_off_the_end() {
    check(&[
        "0 noise begins",
        "1400 caller speaks",
        "1440 -> started 1 from 1400",
        "2000 caller stops",
        "2120 -> pause 1",
        "2300 caller speaks",
        "2320 caller stops",
        "2580 -> ended 1 at 2000 after 600",
    ]);
    // Two in a row are a voice.
    check(&[
        "0 noise begins",
        "1400 caller speaks",
        "1440 -> started 1 from 1400",
        "2000 caller stops",
        "2120 -> pause 1",
        "2300 caller speaks",
        "2340 -> goes on 1",
        "2340 caller stops",
        "2460 -> pause 1",
        "2920 -> ended 1 at 2340 after 940",
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
    let [open, told, unknown, whole] =
        [Thought::Open, Thought::Told, Thought::Unknown, Thought::Whole].map(&mut patience);
    assert!(told >= open && open > unknown && unknown > whole, "{open:?} {told:?} {unknown:?} {whole:?}");
    let yes =
        |confidence| Progress { filled: 1, words: 1, confidence: Some(confidence), ..Progress::default() };
    let [sure, doubtful] = [0.9, 0.2].map(|sure| floor.config.patience.of(&Expect::YesNo, &yes(sure), None));
    assert!(sure < doubtful, "what may not be an answer does not tell that this was all");
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
