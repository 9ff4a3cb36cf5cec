use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
enum Fact {
    Starts,
    Ends,
    Says(Meaning),
    SoFar(Meaning),
    Beep,
    Asked,
    Time,
}
use Fact::{Asked, Beep, Ends, Says, SoFar, Starts, Time};
use Meaning::{Machine, No, Unclear, Yes};

/// Runs facts at their times in milliseconds; words are those of the last turn.
fn run(script: &[(u64, Fact)]) -> Vec<Output> {
    let mut answering = Answering::new(Config::default());
    let (mut turn, mut since) = (TurnId(0), 0);
    let mut outputs = Vec::new();
    for &(ms, fact) in script {
        let now = MonoTime::from_millis(ms);
        match fact {
            Starts => {
                (turn, since) = (turn.next(), ms);
                answering.handle_speech_started(turn, now);
            }
            Ends => answering.handle_turn_ended(turn, Duration::from_millis(ms - since)),
            Says(meaning) => answering.handle_words(turn, meaning),
            SoFar(meaning) => answering.handle_partial(meaning),
            Beep => answering.handle_beep(),
            Asked => answering.handle_asked(),
            Time => answering.handle_timeout(now),
        }
        outputs.extend(std::iter::from_fn(|| answering.poll_output()));
    }
    outputs
}

#[test]
fn a_yes_after_the_question_accepts_and_a_no_declines() {
    for (meaning, wanted) in [(Yes, Output::Accepted), (No, Output::Declined), (Unclear, Output::Unclear)] {
        assert_eq!(run(&[(8_000, Asked), (8_400, Starts), (9_900, Ends), (10_000, Says(meaning))]), [wanted]);
        // Words may overtake the end of their turn.
        assert_eq!(run(&[(8_000, Asked), (8_400, Starts), (9_900, Says(meaning)), (9_950, Ends)]), [wanted]);
    }
}

#[test]
fn a_hello_is_no_answer_and_does_no_harm() {
    let script = [
        (300, Starts),
        (900, Ends),
        (1_000, Says(Unclear)),
        (9_000, Asked),
        (9_200, Starts),
        (10_000, Ends),
        (10_100, Says(Yes)),
    ];
    assert_eq!(run(&script), [Output::Again, Output::Accepted]);
}

#[test]
fn a_yes_before_the_question_is_asked_for_again() {
    assert_eq!(
        run(&[(200, Starts), (700, Ends), (800, Says(Yes)), (2_000, Beep)]),
        [Output::Again, Output::Machine(Sign::Beep)]
    );
}

#[test]
fn who_speaks_as_the_question_ends_answers_it() {
    assert_eq!(
        run(&[(7_500, Starts), (8_000, Asked), (8_600, Ends), (8_700, Says(Yes))]),
        [Output::Accepted]
    );
}

#[test]
fn a_machine_is_known_by_what_it_does() {
    assert_eq!(run(&[(300, Starts), (5_300, Time)]), [Output::Machine(Sign::TalksOn)]);
    assert_eq!(run(&[(300, Starts), (5_299, Time)]), []);
    assert_eq!(run(&[(300, Starts), (2_000, SoFar(Machine))]), [Output::Machine(Sign::Words)]);
    assert_eq!(
        run(&[(300, Starts), (2_000, SoFar(Yes)), (4_000, Beep), (5_000, Beep)]),
        [Output::Machine(Sign::Beep)]
    );
    let in_pieces = [
        (0, Starts),
        (4_000, Ends),
        (4_100, Says(Yes)),
        (5_000, Starts),
        (9_000, Ends),
        (9_100, Says(Yes)),
        (10_000, Starts),
        (13_000, Time),
    ];
    assert_eq!(run(&in_pieces), [Output::Again, Output::Again, Output::Machine(Sign::TalksMuch)]);
}

#[test]
fn a_long_yes_after_the_question_is_no_answer() {
    assert_eq!(
        run(&[(8_000, Asked), (8_400, Starts), (12_000, Ends), (12_100, Says(Yes))]),
        [Output::Unclear]
    );
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let meaning = || prop_oneof![Just(Yes), Just(No), Just(Machine), Just(Unclear)];
    prop_oneof![
        Just(Starts),
        Just(Ends),
        meaning().prop_map(Says),
        meaning().prop_map(SoFar),
        Just(Beep),
        Just(Asked),
        Just(Time)
    ]
}

proptest! {
    /// Whatever is heard in whatever order: nobody accepts what they were not asked, and there is one end.
    #[test]
    fn nobody_accepts_without_the_question(facts in prop::collection::vec((any_fact(), 0_u64..4_000), 0..60)) {
        let mut at = 0;
        let script: Vec<(u64, Fact)> = facts
            .into_iter()
            .map(|(fact, later)| {
                at += later;
                (at, fact)
            })
            .collect();
        let outputs = run(&script);
        let ends = outputs.iter().filter(|output| !matches!(output, Output::Again | Output::Unclear)).count();
        prop_assert!(ends <= 1);
        let asked = script.iter().position(|(_, fact)| matches!(fact, Asked)).unwrap_or(script.len());
        let before = run(&script[..asked]);
        prop_assert!(!before.contains(&Output::Accepted));
    }
}
