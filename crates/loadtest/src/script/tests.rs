use std::fmt::Write as _;

use super::*;
use crate::detect::Segment;

fn clip(name: &str) -> Clip {
    let samples: Vec<i16> = (0..8_000).map(|n| if n % 40 < 20 { 4_000 } else { -4_000 }).collect();
    Clip::new(name.to_owned(), None, samples).expect("it sounds")
}

fn at(ms: u64) -> Samples {
    Samples(ms * 16)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn say(name: &str) -> Action {
    Action::Say { clip: clip(name), after_silence: Some(ms(500)) }
}

fn over(name: &str, manner: Manner) -> Action {
    Action::Over { clip: clip(name), after: ms(800), manner }
}

/// Runs a script for `length` ms while the other end sounds at the given stretches; clips last 500 ms. Gives what was done,
/// each with its time, rounded down to 20 ms.
fn run(actions: Vec<Action>, sounds: &[(u64, u64)], length: u64) -> String {
    let steps = actions.into_iter().map(|action| Step { action, patience: ms(5_000) }).collect();
    let scenario = Scenario { name: "test".to_owned(), summary: String::new(), steps };
    let mut script = Script::new(Arc::new(scenario));
    let mut done = String::new();
    let mut out_at = None;
    for now in (0..length).step_by(20) {
        for &(start, end) in sounds {
            if start == now {
                script.handle_sound(Sound::Started(at(start)));
            }
            if end == now {
                script.handle_sound(Sound::Stopped(Segment { start: at(start), end: at(end) }));
            }
        }
        if out_at == Some(now) {
            script.handle_said(at(now));
        }
        script.handle_tick(at(now));
        while let Some(act) = script.poll_output() {
            match act {
                Act::Say { clip, kind } => {
                    out_at = Some(now + 500);
                    write!(done, "{now} {kind:?} {}; ", clip.name).expect("a string grows");
                }
                Act::Dtmf(keys) => {
                    out_at = Some(now + 500);
                    write!(done, "{now} keys {keys}; ").expect("a string grows");
                }
                Act::Fail { step, why } => {
                    write!(done, "{now} step {step} fails: {why}; ").expect("a string grows")
                }
                Act::Hangup => write!(done, "{now} hangs up; ").expect("a string grows"),
            }
        }
    }
    done
}

#[test]
fn a_turn_waits_until_the_other_has_spoken_and_finished() {
    let done = run(vec![say("a"), say("b")], &[(100, 1_000), (1_400, 2_000), (3_600, 4_000)], 6_000);
    assert_eq!(done, "2500 Turn a; 4500 Turn b; 5000 hangs up; ");
}

#[test]
fn the_rest_of_an_interrupted_sentence_is_no_answer() {
    let actions = vec![over("a", Manner::Interruption), say("b")];
    let done = run(actions, &[(100, 1_220), (2_000, 2_600)], 5_000);
    assert_eq!(done, "900 Interruption a; 3100 Turn b; 3600 hangs up; ");
}

#[test]
fn a_sentence_with_a_backchannel_inside_still_counts_as_said() {
    let actions = vec![over("a", Manner::Backchannel), say("b")];
    let done = run(actions, &[(100, 3_000)], 5_000);
    assert_eq!(done, "900 Backchannel a; 3500 Turn b; 4000 hangs up; ");
}

#[test]
fn each_step_that_cannot_be_done_fails_with_its_reason() {
    let cases = [
        (vec![say("a")], "5000 step 1 fails: after 5000 ms the other end has said nothing; "),
        (vec![Action::ExpectSpeech(ms(300))], "300 step 1 fails: no sound within 300 ms; "),
        (
            vec![Action::Pause(ms(100)), Action::WaitEnd(ms(200))],
            "300 step 2 fails: the other end did not hang up within 200 ms; ",
        ),
        (
            vec![over("a", Manner::Interruption)],
            "5000 step 1 fails: after 5000 ms the other end has said nothing; ",
        ),
    ];
    for (actions, told) in cases {
        assert_eq!(run(actions, &[], 6_000), told);
    }
}

#[test]
fn keys_and_words_at_once_need_no_silence() {
    let actions = vec![
        Action::Dtmf { keys: "1".to_owned(), after_silence: None },
        Action::Say { clip: clip("a"), after_silence: None },
        Action::Hangup,
    ];
    assert_eq!(run(actions, &[(0, 3_000)], 4_000), "0 keys 1; 500 Turn a; 1000 hangs up; ");
}

#[test]
fn the_other_end_may_hang_up_when_only_that_is_left() {
    let steps =
        [say("a"), Action::WaitEnd(ms(100))].map(|action| Step { action, patience: ms(5_000) }).to_vec();
    let scenario = Scenario { name: "test".to_owned(), summary: String::new(), steps };
    let mut script = Script::new(Arc::new(scenario));
    assert!(!script.may_end());
    script.handle_sound(Sound::Started(at(0)));
    script.handle_sound(Sound::Stopped(Segment { start: at(0), end: at(100) }));
    script.handle_tick(at(1_000));
    assert!(script.may_end(), "while the last words go out");
    script.handle_said(at(1_500));
    assert!(script.may_end());
    assert_eq!(script.step(), 2);
}
