use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> MonoTime {
    MonoTime::from_millis(seconds * 1_000)
}

/// Runs a script such as `"3 answered"` and checks what the machine wanted done after each line.
fn check(humans: usize, script: &[(&str, &[Output])]) {
    let mut transfer = Transfer::new(Config::default(), humans, at(0));
    for (line, wanted) in script {
        let (seconds, fact) = line.split_once(' ').expect("a time and a fact");
        let now = at(seconds.parse().expect("seconds"));
        match fact {
            "start" => {}
            "announced" => transfer.handle_announced(now),
            "answered" => transfer.handle_answered(now),
            "briefed" => transfer.handle_briefed(now),
            "accepts" => transfer.handle_accepted(now),
            "declines" => transfer.handle_declined(now),
            "ready" => transfer.handle_ready(now),
            "human gone" => transfer.handle_human_gone(now),
            "caller gone" => transfer.handle_caller_gone(now),
            "timer" => {
                assert!(transfer.poll_timeout().is_some_and(|due| due <= now), "{line}: no timer is due");
                transfer.handle_timeout(now);
            }
            _ => panic!("{line}: unknown fact"),
        }
        let got: Vec<Output> = std::iter::from_fn(|| transfer.poll_output()).collect();
        assert_eq!(&got, wanted, "after {line}");
    }
}

#[test]
fn a_human_who_accepts_is_connected() {
    check(
        1,
        &[
            ("2 announced", &[Output::Hold(true), Output::Ring { human: 0 }]),
            ("4 answered", &[Output::Brief]),
            ("9 briefed", &[]),
            ("10 accepts", &[Output::Connect]),
            ("11 ready", &[Output::Hold(false), Output::Bridge, Output::Done(Outcome::Bridged)]),
            ("60 human gone", &[Output::Hold(false), Output::Done(Outcome::HumanLeft)]),
        ],
    );
}

#[test]
fn a_human_may_accept_before_the_briefing_ends() {
    check(
        1,
        &[
            ("2 announced", &[Output::Hold(true), Output::Ring { human: 0 }]),
            ("4 answered", &[Output::Brief]),
            ("5 accepts", &[Output::Connect]),
            ("6 briefed", &[]),
        ],
    );
}

#[test]
fn a_voicemail_never_gets_the_caller() {
    check(
        1,
        &[
            ("2 announced", &[Output::Hold(true), Output::Ring { human: 0 }]),
            ("4 answered", &[Output::Brief]),
            ("8 briefed", &[]),
            ("14 timer", &[Output::AskAgain]),
            ("17 timer", &[Output::ComfortCaller]),
            ("20 timer", &[Output::DropHuman, Output::Hold(false), Output::Done(Outcome::NobodyAccepted)]),
        ],
    );
}

#[test]
fn who_does_not_answer_is_followed_by_the_next() {
    check(
        2,
        &[
            ("2 announced", &[Output::Hold(true), Output::Ring { human: 0 }]),
            ("17 timer", &[Output::ComfortCaller]),
            ("27 timer", &[Output::DropHuman, Output::Ring { human: 1 }]),
            ("28 human gone", &[Output::Hold(false), Output::Done(Outcome::NobodyAccepted)]),
        ],
    );
}

#[test]
fn without_humans_the_caller_comes_back_at_once() {
    check(0, &[("0 start", &[Output::Hold(false), Output::Done(Outcome::NobodyConfigured)])]);
}

#[test]
fn a_caller_who_leaves_takes_the_humans_leg_along() {
    check(
        1,
        &[
            ("2 announced", &[Output::Hold(true), Output::Ring { human: 0 }]),
            ("4 answered", &[Output::Brief]),
            ("5 caller gone", &[Output::DropHuman, Output::Hold(false), Output::Done(Outcome::CallerGone)]),
            ("6 answered", &[Output::DropHuman]),
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever happens in whatever order: there is a timer until people talk or it is over, it ends once, hold sound stops
    /// before the end, and left alone it ends by itself.
    #[test]
    fn any_order_of_facts_ends(humans in 0usize..3, facts in prop::collection::vec((0u8..9, 0u64..20), 0..40)) {
        let mut transfer = Transfer::new(Config::default(), humans, at(0));
        let mut now = 0;
        let mut hold = false;
        let mut finished = 0;
        let mut drain = |transfer: &mut Transfer| {
            while let Some(output) = transfer.poll_output() {
                match output {
                    Output::Hold(on) => hold = on,
                    Output::Done(Outcome::Bridged) => assert!(!hold, "hold sound under the bridge"),
                    Output::Done(_) => { finished += 1; assert!(!hold, "hold sound after the end"); }
                    _ => {}
                }
            }
            assert!(finished <= 1, "it ended twice");
            assert_eq!(transfer.poll_timeout().is_none(), transfer.is_bridged() || finished == 1);
        };
        drain(&mut transfer);
        for (fact, later) in facts {
            now += later;
            match fact {
                0 => transfer.handle_announced(at(now)),
                1 => transfer.handle_answered(at(now)),
                2 => transfer.handle_briefed(at(now)),
                3 => transfer.handle_accepted(at(now)),
                4 => transfer.handle_declined(at(now)),
                5 => transfer.handle_ready(at(now)),
                6 => transfer.handle_human_gone(at(now)),
                7 => transfer.handle_timeout(at(now)),
                _ => if later == 0 { transfer.handle_caller_gone(at(now)) },
            }
            drain(&mut transfer);
        }
        for _ in 0..100 {
            let Some(due) = transfer.poll_timeout() else { break };
            transfer.handle_timeout(due.max(at(now)));
            drain(&mut transfer);
        }
        prop_assert!(transfer.poll_timeout().is_none(), "it never ended");
    }
}
