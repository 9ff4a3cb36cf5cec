//! Facts in any order, with and without sense.

use proptest::prelude::*;

use super::*;

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
            Fact::Frames { facts: FrameFacts::plain(speech, level_dbfs), sounding, count }
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
    let thought =
        prop_oneof![Just(Thought::Unknown), Just(Thought::Open), Just(Thought::Told), Just(Thought::Whole)];
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
