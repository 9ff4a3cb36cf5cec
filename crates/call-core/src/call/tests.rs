use super::*;

mod any_order;
mod table;

fn at(seconds: u64) -> MonoTime {
    MonoTime::from_millis(seconds * 1_000)
}

/// Something that the machine may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    Wanted,
    Unwanted,
    Announced,
    Waiting,
    Found,
    Nobody,
    NobodyThere,
    Answered,
    Briefed,
    Accepted,
    Declined,
    Ready,
    HumanGone,
    CallerGone,
    ReferGoesOn,
    ReferDone,
    ReferFailed,
    MoveAsked,
    TargetAnswered,
    TargetGone,
    Replaced,
    CallerHolds,
    CallerResumes,
    HumanHolds,
    HumanPlaysMusic,
    HumanResumes,
    HumanIsQuiet,
    HumanIsHeard,
    HandedBack,
    AgentStays,
    AgentLeaves,
    Listen,
    Whisper,
    Barge,
    TakeOver,
    SupervisorAnswered,
    SupervisorGone,
    SuperviseEnds,
}

impl Fact {
    const ALL: [Self; 38] = [
        Self::Wanted,
        Self::Unwanted,
        Self::Announced,
        Self::Waiting,
        Self::Found,
        Self::Nobody,
        Self::NobodyThere,
        Self::Answered,
        Self::Briefed,
        Self::Accepted,
        Self::Declined,
        Self::Ready,
        Self::HumanGone,
        Self::CallerGone,
        Self::ReferGoesOn,
        Self::ReferDone,
        Self::ReferFailed,
        Self::MoveAsked,
        Self::TargetAnswered,
        Self::TargetGone,
        Self::Replaced,
        Self::CallerHolds,
        Self::CallerResumes,
        Self::HumanHolds,
        Self::HumanPlaysMusic,
        Self::HumanResumes,
        Self::HumanIsQuiet,
        Self::HumanIsHeard,
        Self::HandedBack,
        Self::AgentStays,
        Self::AgentLeaves,
        Self::Listen,
        Self::Whisper,
        Self::Barge,
        Self::TakeOver,
        Self::SupervisorAnswered,
        Self::SupervisorGone,
        Self::SuperviseEnds,
    ];

    fn tell(self, call: &mut Call, how: How, now: MonoTime) {
        match self {
            Self::Wanted => call.handle_wanted(now),
            Self::Unwanted => call.handle_unwanted(now),
            Self::Announced => call.handle_announced(now),
            Self::Waiting => call.handle_waiting(now),
            Self::Found => call.handle_found(how, now),
            Self::Nobody => call.handle_nobody(true, now),
            Self::NobodyThere => call.handle_nobody(false, now),
            Self::Answered => call.handle_answered(now),
            Self::Briefed => call.handle_briefed(now),
            Self::Accepted => call.handle_accepted(now),
            Self::Declined => call.handle_declined(now),
            Self::Ready => call.handle_ready(now),
            Self::HumanGone => call.handle_human_gone(now),
            Self::CallerGone => call.handle_caller_gone(now),
            Self::ReferGoesOn => call.handle_refer(Refer::Progress, now),
            Self::ReferDone => call.handle_refer(Refer::Done, now),
            Self::ReferFailed => call.handle_refer(Refer::Failed, now),
            Self::MoveAsked => call.handle_move_asked(now),
            Self::TargetAnswered => call.handle_target_answered(now),
            Self::TargetGone => call.handle_target_gone(now),
            Self::Replaced => {
                call.handle_replaced(now);
            }
            Self::CallerHolds => call.handle_held(Party::Caller, Hold::Silent, now),
            Self::CallerResumes => call.handle_held(Party::Caller, Hold::Off, now),
            Self::HumanHolds => call.handle_held(Party::Human, Hold::Silent, now),
            Self::HumanPlaysMusic => call.handle_held(Party::Human, Hold::Music, now),
            Self::HumanResumes => call.handle_held(Party::Human, Hold::Off, now),
            Self::HumanIsQuiet => call.handle_hold_sound(Party::Human, false, now),
            Self::HumanIsHeard => call.handle_hold_sound(Party::Human, true, now),
            Self::HandedBack => call.handle_handed_back(now),
            Self::AgentStays => call.handle_agent_stays(true, now),
            Self::AgentLeaves => call.handle_agent_stays(false, now),
            Self::Listen => call.handle_supervise(Supervise::Listen, now),
            Self::Whisper => call.handle_supervise(Supervise::Whisper, now),
            Self::Barge => call.handle_supervise(Supervise::Barge, now),
            Self::TakeOver => call.handle_supervise(Supervise::TakeOver, now),
            Self::SupervisorAnswered => call.handle_supervisor_answered(now),
            Self::SupervisorGone => call.handle_supervisor_gone(now),
            Self::SuperviseEnds => call.handle_supervise_end(now),
        }
    }
}

fn outputs(call: &mut Call) -> Vec<Output> {
    std::iter::from_fn(|| call.poll_output()).collect()
}

/// Runs a script of seconds and facts, or `None` for the timer that is due, and checks what the machine wanted done, its state, and
/// what the caller hears, after each.
fn check(how: How, script: &[(u64, Option<Fact>, &[Output], &str)]) {
    let mut call = Call::new(Config::default(), at(0));
    for (seconds, fact, wanted, state) in script {
        let now = at(*seconds);
        match fact {
            Some(fact) => fact.tell(&mut call, how, now),
            None => {
                assert!(call.poll_timeout().is_some_and(|(due, _)| due <= now), "{seconds}: no timer is due");
                call.handle_timeout(now);
            }
        }
        let got: Vec<Output> =
            outputs(&mut call).into_iter().filter(|output| !matches!(output, Output::Sound(_))).collect();
        assert_eq!(&got, wanted, "after {seconds} {fact:?}");
        assert_eq!(call.state(), *state, "after {seconds} {fact:?}");
    }
}

const DROP_HUMAN: Output = Output::Drop(Party::Human);

#[test]
fn a_human_who_accepts_is_connected() {
    check(
        How::Warm,
        &[
            (1, Some(Fact::Wanted), &[], "announcing"),
            (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
            (2, Some(Fact::Found), &[Output::Ring], "ringing"),
            (4, Some(Fact::Answered), &[Output::Brief], "briefing"),
            (9, Some(Fact::Briefed), &[], "deciding"),
            (10, Some(Fact::Accepted), &[Output::Connect], "connecting"),
            (11, Some(Fact::Ready), &[Output::Done(Outcome::Bridged)], "bridged"),
            (60, Some(Fact::HumanGone), &[Output::Done(Outcome::HumanLeft)], "agent"),
        ],
    );
}

#[test]
fn a_voicemail_never_gets_the_caller() {
    check(
        How::Warm,
        &[
            (1, Some(Fact::Wanted), &[], "announcing"),
            (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
            (2, Some(Fact::Found), &[Output::Ring], "ringing"),
            (4, Some(Fact::Answered), &[Output::Brief], "briefing"),
            (8, Some(Fact::Briefed), &[], "deciding"),
            (14, None, &[Output::AskAgain], "deciding"),
            (17, None, &[Output::ComfortCaller], "deciding"),
            (20, None, &[DROP_HUMAN, Output::Seek], "seeking"),
            (20, Some(Fact::Nobody), &[Output::Done(Outcome::NobodyAccepted)], "agent"),
        ],
    );
}

#[test]
fn who_does_not_answer_is_followed_by_the_next() {
    check(
        How::Warm,
        &[
            (1, Some(Fact::Wanted), &[], "announcing"),
            (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
            (2, Some(Fact::Found), &[Output::Ring], "ringing"),
            (17, None, &[Output::ComfortCaller], "ringing"),
            (27, None, &[DROP_HUMAN, Output::Seek], "seeking"),
            (27, Some(Fact::Found), &[Output::Ring], "ringing"),
            (28, Some(Fact::HumanGone), &[Output::Seek], "seeking"),
            (28, Some(Fact::Nobody), &[Output::Done(Outcome::NobodyAccepted)], "agent"),
        ],
    );
}

#[test]
fn where_nobody_is_there_the_caller_comes_back_at_once() {
    check(
        How::Warm,
        &[
            (1, Some(Fact::Wanted), &[], "announcing"),
            (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
            (2, Some(Fact::NobodyThere), &[Output::Done(Outcome::NobodyThere)], "agent"),
        ],
    );
}

#[test]
fn a_caller_waits_for_as_long_as_the_queue_says_so() {
    check(
        How::Warm,
        &[
            (1, Some(Fact::Wanted), &[], "announcing"),
            (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
            (12, Some(Fact::Waiting), &[], "seeking"),
            (17, None, &[Output::ComfortCaller], "seeking"),
            (22, Some(Fact::Waiting), &[], "seeking"),
            (32, None, &[Output::ComfortCaller], "seeking"),
            (47, None, &[Output::ComfortCaller], "seeking"),
            (52, None, &[Output::Done(Outcome::NobodyAccepted)], "agent"),
            (53, Some(Fact::Found), &[], "agent"),
        ],
    );
}

#[test]
fn a_caller_who_leaves_takes_the_humans_leg_along() {
    check(
        How::Warm,
        &[
            (1, Some(Fact::Wanted), &[], "announcing"),
            (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
            (2, Some(Fact::Found), &[Output::Ring], "ringing"),
            (4, Some(Fact::Answered), &[Output::Brief], "briefing"),
            (5, Some(Fact::CallerGone), &[DROP_HUMAN, Output::Done(Outcome::CallerGone)], "over"),
            (6, Some(Fact::Answered), &[], "over"),
        ],
    );
}

#[test]
fn a_blind_transfer_ends_our_part_when_it_has_worked() {
    check(
        How::Blind,
        &[
            (1, Some(Fact::Wanted), &[], "announcing"),
            (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
            (2, Some(Fact::Found), &[Output::Refer { replaces: false }], "referring"),
            (3, Some(Fact::ReferGoesOn), &[], "referring"),
            (
                9,
                Some(Fact::ReferDone),
                &[Output::Drop(Party::Caller), Output::Done(Outcome::Referred)],
                "over",
            ),
        ],
    );
}

#[test]
fn a_refer_that_is_refused_is_followed_by_our_own_ringing() {
    check(
        How::Blind,
        &[
            (1, Some(Fact::Wanted), &[], "announcing"),
            (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
            (2, Some(Fact::Found), &[Output::Refer { replaces: false }], "referring"),
            (3, Some(Fact::ReferFailed), &[Output::Ring], "ringing"),
            (4, Some(Fact::Answered), &[Output::Brief], "briefing"),
            (5, Some(Fact::Accepted), &[Output::Connect], "connecting"),
            (6, Some(Fact::Ready), &[Output::Done(Outcome::Bridged)], "bridged"),
        ],
    );
}

#[test]
fn a_refer_of_which_nothing_is_heard_any_more_is_too() {
    check(
        How::Blind,
        &[
            (1, Some(Fact::Wanted), &[], "announcing"),
            (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
            (2, Some(Fact::Found), &[Output::Refer { replaces: false }], "referring"),
            (10, Some(Fact::ReferGoesOn), &[], "referring"),
            (17, None, &[Output::ComfortCaller], "referring"),
            (30, None, &[Output::Ring], "ringing"),
        ],
    );
}

#[test]
fn an_attended_transfer_that_fails_is_bridged_with_the_human_who_waits() {
    check(
        How::Attended,
        &[
            (1, Some(Fact::Wanted), &[], "announcing"),
            (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
            (2, Some(Fact::Found), &[Output::Ring], "ringing"),
            (4, Some(Fact::Answered), &[Output::Brief], "briefing"),
            (5, Some(Fact::Accepted), &[Output::Connect], "connecting"),
            (6, Some(Fact::Ready), &[Output::Refer { replaces: true }], "referring"),
            (7, Some(Fact::ReferFailed), &[Output::Done(Outcome::Bridged)], "bridged"),
        ],
    );
}

#[test]
fn an_attended_transfer_whose_phones_let_go_in_any_order_has_worked() {
    let begin: [(u64, Option<Fact>, &[Output], &str); 6] = [
        (1, Some(Fact::Wanted), &[], "announcing"),
        (2, Some(Fact::Announced), &[Output::Seek], "seeking"),
        (2, Some(Fact::Found), &[Output::Ring], "ringing"),
        (4, Some(Fact::Answered), &[Output::Brief], "briefing"),
        (5, Some(Fact::Accepted), &[Output::Connect], "connecting"),
        (6, Some(Fact::Ready), &[Output::Refer { replaces: true }], "referring"),
    ];
    let end: [(u64, Option<Fact>, &[Output], &str); 3] = [
        (7, Some(Fact::ReferGoesOn), &[], "referring"),
        (8, Some(Fact::HumanGone), &[], "referring"),
        (9, Some(Fact::ReferDone), &[Output::Drop(Party::Caller), Output::Done(Outcome::Referred)], "over"),
    ];
    check(How::Attended, &[&begin[..], &end[..]].concat());
    let end: [(u64, Option<Fact>, &[Output], &str); 3] = [
        (7, Some(Fact::ReferGoesOn), &[], "referring"),
        (8, Some(Fact::HumanGone), &[], "referring"),
        (9, Some(Fact::CallerGone), &[Output::Done(Outcome::Referred)], "over"),
    ];
    check(How::Attended, &[&begin[..], &end[..]].concat());
    // Nobody has told that the human was reached.
    let end: [(u64, Option<Fact>, &[Output], &str); 2] = [
        (7, Some(Fact::ReferGoesOn), &[], "referring"),
        (8, Some(Fact::CallerGone), &[DROP_HUMAN, Output::Done(Outcome::ReferredInDoubt)], "over"),
    ];
    check(How::Attended, &[&begin[..], &end[..]].concat());
}

/// A call in which caller and human talk.
fn bridged() -> Call {
    let mut call = Call::new(Config::default(), at(0));
    for fact in [Fact::Wanted, Fact::Announced, Fact::Found, Fact::Answered, Fact::Accepted, Fact::Ready] {
        fact.tell(&mut call, How::Warm, at(1));
    }
    outputs(&mut call);
    assert_eq!(call.state(), "bridged");
    call
}

/// Tells a call in which people talk something, and gives what it wants done, with the state after it.
fn after(facts: &[Fact]) -> (Vec<Output>, &'static str, Sound) {
    let mut call = bridged();
    let mut wanted = Vec::new();
    for fact in facts {
        outputs(&mut call);
        fact.tell(&mut call, How::Warm, at(2));
        wanted = outputs(&mut call);
        wanted.retain(|output| !matches!(output, Output::Sound(_)));
    }
    (wanted, call.state(), call.sound)
}

#[test]
fn a_human_may_move_the_caller_on_and_gets_them_back_when_nobody_answers() {
    let (wanted, state, sound) = after(&[Fact::MoveAsked]);
    assert_eq!((wanted, state), (vec![Output::MoveAnswered(true), Output::RingTarget], "moving"));
    assert!(sound.caller.hold && !sound.caller.human);
    let (wanted, state, _) = after(&[Fact::MoveAsked, Fact::TargetAnswered]);
    let moved = vec![Output::Moved(true), DROP_HUMAN, Output::BecomesHuman(Party::Target)];
    assert_eq!((wanted, state), (moved, "bridged"));
    let (wanted, state, _) = after(&[Fact::MoveAsked, Fact::TargetGone]);
    assert_eq!((wanted, state), (vec![Output::Moved(false)], "bridged"));
    let (wanted, state, _) = after(&[Fact::MoveAsked, Fact::HumanGone, Fact::TargetGone]);
    let lost = vec![Output::Moved(false), Output::Done(Outcome::HumanLeft)];
    assert_eq!((wanted, state), (lost, "agent"), "plan B");
}

#[test]
fn who_is_held_in_silence_hears_our_hold_sound_and_music_passes() {
    let (wanted, _, sound) = after(&[Fact::HumanHolds]);
    assert_eq!(wanted, [Output::Held { who: Party::Human, on: true }]);
    assert!(sound.caller.hold);
    let (wanted, _, sound) = after(&[Fact::HumanHolds, Fact::HumanPlaysMusic]);
    assert_eq!(wanted, [], "it is the same hold");
    assert!(!sound.caller.hold && sound.caller.human);
    let (wanted, _, sound) = after(&[Fact::HumanPlaysMusic, Fact::HumanIsQuiet]);
    assert_eq!(wanted, []);
    assert!(sound.caller.hold, "music that nobody hears is silence");
    let (_, _, sound) = after(&[Fact::HumanPlaysMusic, Fact::HumanIsQuiet, Fact::HumanIsHeard]);
    assert!(!sound.caller.hold);
    let again = [Fact::HumanPlaysMusic, Fact::HumanIsQuiet, Fact::HumanResumes, Fact::HumanPlaysMusic];
    assert!(!after(&again).2.caller.hold, "each hold begins anew");
    let (wanted, _, sound) = after(&[Fact::HumanHolds, Fact::HumanResumes]);
    assert_eq!(wanted, [Output::Held { who: Party::Human, on: false }]);
    assert!(!sound.caller.hold);
}

#[test]
fn a_human_hands_the_caller_back() {
    let (wanted, state, sound) = after(&[Fact::HandedBack]);
    assert_eq!((wanted, state), (vec![DROP_HUMAN, Output::Done(Outcome::HandedBack)], "agent"));
    assert!(sound.caller.agent && !sound.caller.human);
}

#[test]
fn a_supervisor_is_heard_by_whom_they_want_to_be_heard() {
    let hears = |facts: &[Fact]| {
        let (_, _, sound) = after(facts);
        (sound.caller.supervisor, sound.human.supervisor, sound.supervisor.people())
    };
    assert_eq!(hears(&[Fact::Listen]), (false, false, false), "rings");
    assert_eq!(hears(&[Fact::Listen, Fact::SupervisorAnswered]), (false, false, true));
    assert_eq!(hears(&[Fact::Whisper, Fact::SupervisorAnswered]), (false, true, true));
    assert_eq!(hears(&[Fact::Listen, Fact::SupervisorAnswered, Fact::Barge]), (true, true, true));
    let (wanted, state, sound) = after(&[Fact::TakeOver, Fact::SupervisorAnswered]);
    let taken = vec![
        DROP_HUMAN,
        Output::Supervised(Some(Supervise::TakeOver)),
        Output::BecomesHuman(Party::Supervisor),
    ];
    assert_eq!((wanted, state), (taken, "bridged"));
    assert!(sound.caller.human && !sound.caller.supervisor);
}
