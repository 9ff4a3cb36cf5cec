use proptest::prelude::*;

use super::*;

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn refused(status: u16) -> RegistrationAnswer {
    RegistrationAnswer::Refused { status, retry_after: None, why: status.to_string() }
}

fn silence() -> RegistrationAnswer {
    RegistrationAnswer::Unreachable { why: "silence".to_owned() }
}

/// A machine that has sent its first REGISTER.
fn asking() -> Registration {
    let mut machine = Registration::new(RegistrationConfig { expires: seconds(3_600) }, 7);
    assert_eq!(machine.poll_output(), Some(RegistrationOutput::Register { expires: seconds(3_600) }));
    machine
}

/// Lets the time come, and takes the REGISTER that goes then; tells how long it was waited.
fn next(machine: &mut Registration, now: &mut MonoTime) -> Duration {
    let due = machine.poll_timeout().expect("a time");
    let waited = due.since(*now);
    *now = due;
    machine.handle_timeout(due);
    assert!(matches!(machine.poll_output(), Some(RegistrationOutput::Register { .. })));
    waited
}

#[test]
fn it_refreshes_before_the_end_of_what_was_granted() {
    let (mut machine, mut now) = (asking(), MonoTime::ZERO);
    for (granted, first) in [(600, true), (600, false), (60, false)] {
        machine.handle_answer(RegistrationAnswer::Accepted { expires: seconds(granted) }, now);
        assert_eq!(machine.poll_output(), first.then_some(RegistrationOutput::Registered));
        assert!(machine.is_registered(now));
        let waited = next(&mut machine, &mut now).as_secs_f64();
        let granted = granted as f64;
        assert!(waited > granted * 0.7 && waited <= granted * 0.9, "{waited} of {granted}");
        assert!(machine.is_registered(now), "while the refresh is under way");
    }
    machine.handle_answer(silence(), now);
    assert_eq!(machine.poll_output(), Some(RegistrationOutput::Lost { why: "silence".to_owned() }));
}

#[test]
fn a_registrar_that_wants_longer_is_asked_for_longer_once() {
    let mut machine = asking();
    let longer = RegistrationAnswer::TooBrief { min_expires: seconds(7_200) };
    machine.handle_answer(longer, MonoTime::ZERO);
    assert_eq!(machine.poll_output(), Some(RegistrationOutput::Register { expires: seconds(7_200) }));
    machine.handle_answer(RegistrationAnswer::TooBrief { min_expires: seconds(9_000) }, MonoTime::ZERO);
    assert!(matches!(machine.poll_output(), Some(RegistrationOutput::Lost { .. })));
    assert!(matches!(machine.state(), RegistrationState::Waiting { .. }));
}

#[test]
fn waits_grow_and_a_refused_password_waits_longer() {
    for (answer, least) in [(silence(), 1), (refused(500), 1), (refused(403), 30), (refused(401), 30)] {
        let (mut machine, mut now) = (asking(), MonoTime::ZERO);
        let mut waits = Vec::new();
        for _ in 0..14 {
            machine.handle_answer(answer.clone(), now);
            assert!(matches!(machine.poll_output(), Some(RegistrationOutput::Lost { .. })));
            waits.push(next(&mut machine, &mut now));
        }
        assert!(waits[0] >= seconds(least) && waits[0] <= seconds(least * 2), "{answer:?}: {waits:?}");
        assert!(
            waits[6] > waits[0] * 8 && waits.iter().all(|wait| *wait <= WAIT_MAX),
            "{answer:?}: {waits:?}"
        );
        assert!(waits[13] >= WAIT_MAX / 2, "{waits:?}");
        machine.handle_answer(RegistrationAnswer::Accepted { expires: seconds(60) }, now);
        assert!(machine.is_registered(now), "and it can still come in");
    }
}

#[test]
fn a_retry_after_is_kept() {
    let (mut machine, mut now) = (asking(), MonoTime::ZERO);
    let busy =
        RegistrationAnswer::Refused { status: 503, retry_after: Some(seconds(120)), why: "busy".to_owned() };
    machine.handle_answer(busy, now);
    machine.poll_output();
    assert_eq!(next(&mut machine, &mut now), seconds(120));
}

#[test]
fn leaving_waits_for_what_is_under_way_and_ends_in_every_case() {
    let gone = |machine: &mut Registration| {
        assert_eq!(machine.poll_output(), Some(RegistrationOutput::Gone));
        assert_eq!((machine.poll_output(), machine.poll_timeout()), (None, None));
    };
    let forget = RegistrationOutput::Register { expires: Duration::ZERO };
    let accepted = RegistrationAnswer::Accepted { expires: seconds(60) };
    for answer in [accepted.clone(), silence()] {
        let mut machine = asking();
        machine.handle_leave();
        assert_eq!(machine.poll_output(), None);
        machine.handle_answer(answer.clone(), MonoTime::ZERO);
        assert_eq!(machine.poll_output(), Some(forget.clone()));
        machine.handle_answer(answer, MonoTime::ZERO);
        gone(&mut machine);
    }
    let mut registered = asking();
    registered.handle_answer(accepted, MonoTime::ZERO);
    assert_eq!(registered.poll_output(), Some(RegistrationOutput::Registered));
    registered.handle_leave();
    assert_eq!(registered.poll_output(), Some(forget));
    let mut waiting = asking();
    waiting.handle_answer(silence(), MonoTime::ZERO);
    waiting.poll_output();
    waiting.handle_leave();
    gone(&mut waiting);
}

fn any_answer() -> impl Strategy<Value = RegistrationAnswer> {
    prop_oneof![
        (0_u64..100_000).prop_map(|s| RegistrationAnswer::Accepted { expires: seconds(s) }),
        (0_u64..u64::from(u32::MAX)).prop_map(|s| RegistrationAnswer::TooBrief { min_expires: seconds(s) }),
        (300_u16..700, proptest::option::of(0_u64..1 << 40)).prop_map(|(status, after)| {
            RegistrationAnswer::Refused { status, retry_after: after.map(seconds), why: String::new() }
        }),
        Just(silence()),
    ]
}

proptest! {
    #[test]
    fn it_never_stands_still_and_never_floods(seed: u64, answers in proptest::collection::vec(any_answer(), 1..200)) {
        let mut machine = Registration::new(RegistrationConfig { expires: seconds(300) }, seed);
        let mut now = MonoTime::ZERO;
        let (mut sent, mut under_way) = (0_u64, false);
        for answer in answers {
            while let Some(output) = machine.poll_output() {
                if let RegistrationOutput::Register { .. } = output {
                    prop_assert!(!under_way, "two at once");
                    (sent, under_way) = (sent + 1, true);
                }
            }
            if !under_way {
                now = machine.poll_timeout().expect("a timer, for nothing is under way");
                machine.handle_timeout(now);
                continue;
            }
            under_way = false;
            machine.handle_answer(answer, now);
        }
        // One a second at most, and one more for each 423.
        prop_assert!(sent <= 2 + 2 * (now.as_millis() / 1_000), "{sent} in {now:?}");
    }
}
