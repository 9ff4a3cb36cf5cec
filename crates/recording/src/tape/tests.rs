use callwright_model::FRAME_SAMPLES;
use proptest::prelude::*;

use super::*;

fn at(tick: u64) -> MonoTime {
    MonoTime::from_millis(tick * 20)
}

/// A tick whose samples tell which it is.
fn tick(number: u64) -> BothSides {
    let level = 1_000 + i16::try_from(number % 10_000).expect("small");
    BothSides {
        tick: number,
        at: at(number),
        heard: Frame([level; FRAME_SAMPLES]),
        sent: Frame([-level; FRAME_SAMPLES]),
    }
}

/// Plays so many ticks with orders between them, given by the tick before which they come. Tells of each place whether the caller and
/// what they were sent is there, and the marks.
fn play(ticks: u64, orders: &[(u64, Order)]) -> (Vec<(bool, bool)>, Vec<Mark>, Tape) {
    let (mut tape, mut kept, mut marks) = (Tape::new(), Vec::new(), Vec::new());
    for number in 0..ticks {
        for (_, order) in orders.iter().filter(|(before, _)| *before == number) {
            tape.handle(*order);
        }
        tape.handle_tick(tick(number));
        take(&mut tape, &mut kept, &mut marks);
    }
    tape.finish();
    take(&mut tape, &mut kept, &mut marks);
    (kept, marks, tape)
}

fn take(tape: &mut Tape, kept: &mut Vec<(bool, bool)>, marks: &mut Vec<Mark>) {
    while let Some(piece) = tape.poll_output() {
        match piece {
            Piece::Frame { place, caller, sent } => {
                assert_eq!(place, kept.len() as u64, "places follow each other");
                kept.push((caller != Frame::SILENCE, sent != Frame::SILENCE));
            }
            Piece::Mark(mark) => marks.push(mark),
        }
    }
}

fn silent(kept: &[(bool, bool)], caller: bool) -> Vec<u64> {
    let side = |(left, right): &(bool, bool)| if caller { *left } else { *right };
    (0..).zip(kept).filter(|(_, sides)| !side(sides)).map(|(place, _)| place).collect()
}

#[test]
fn nothing_is_kept_before_it_is_started() {
    let (kept, _, _) = play(100, &[]);
    assert!(kept.is_empty());
    let (kept, marks, _) = play(100, &[(60, Order::Start(at(60)))]);
    assert_eq!((kept.len(), marks.len()), (40, 0));
    assert!(silent(&kept, true).is_empty() && silent(&kept, false).is_empty());
}

#[test]
fn while_a_secret_is_expected_both_sides_are_silent_and_marked() {
    let orders = [(0, Order::Start(at(0))), (55, Order::Pause(at(50))), (82, Order::Resume(at(80)))];
    let (kept, marks, tape) = play(200, &orders);
    let paused: Vec<u64> = (50..80).collect();
    assert_eq!((silent(&kept, true), silent(&kept, false)), (paused.clone(), paused));
    assert_eq!(marks, [Mark { kind: MarkKind::Paused, place: 50, ticks: 30 }]);
    assert_eq!((kept.len(), tape.counts()), (200, (0, 0)));
}

#[test]
fn orders_that_overtake_the_sound_mean_the_same() {
    let orders = [
        (0, Order::Start(at(0))),
        (0, Order::Pause(at(50))),
        (0, Order::Resume(at(80))),
        (0, Order::Blank { sides: Sides::CALLER, from: at(100), to: at(150) }),
        (0, Order::Unblank { sides: Sides::CALLER, from: at(110) }),
    ];
    let (kept, marks, _) = play(200, &orders);
    assert_eq!(silent(&kept, false), (50..80).collect::<Vec<u64>>());
    assert_eq!(silent(&kept, true), (50..80).chain(100..110).collect::<Vec<u64>>());
    assert_eq!(marks[1], Mark { kind: MarkKind::Redacted, place: 100, ticks: 10 });
}

#[test]
fn a_turn_is_not_written_before_it_is_understood() {
    let mut tape = Tape::new();
    tape.handle(Order::Start(at(0)));
    let (mut kept, mut marks) = (Vec::new(), Vec::new());
    for number in 0..300 {
        if number == 60 {
            tape.handle(Order::Listening { turn: TurnId(1), since: at(50) });
        }
        tape.handle_tick(tick(number));
        take(&mut tape, &mut kept, &mut marks);
    }
    assert_eq!(kept.len(), 50, "all that came before the turn, and nothing of it");
    tape.handle(Order::Blank { sides: Sides::CALLER, from: at(55), to: at(290) });
    tape.handle(Order::Understood { turn: TurnId(1) });
    tape.handle_tick(tick(300));
    take(&mut tape, &mut kept, &mut marks);
    assert_eq!(silent(&kept, true), (55..271).collect::<Vec<u64>>(), "the digits were never written");
    assert!(silent(&kept, false).is_empty(), "what the agent said is there");
}

#[test]
fn a_turn_that_nobody_understood_at_the_end_is_left_out() {
    let (kept, marks, _) =
        play(120, &[(0, Order::Start(at(0))), (104, Order::Listening { turn: TurnId(1), since: at(100) })]);
    assert_eq!(silent(&kept, true), (100..120).collect::<Vec<u64>>());
    assert_eq!(marks, [Mark { kind: MarkKind::Redacted, place: 100, ticks: 20 }]);
}

#[test]
fn a_turn_without_end_does_not_grow_in_memory() {
    let orders = [(0, Order::Start(at(0))), (10, Order::Listening { turn: TurnId(1), since: at(5) })];
    let (mut tape, mut written) = (Tape::new(), 0);
    for number in 0..20_000 {
        for (_, order) in orders.iter().filter(|(before, _)| *before == number) {
            tape.handle(*order);
        }
        tape.handle_tick(tick(number));
        while let Some(piece) = tape.poll_output() {
            if let Piece::Frame { place, caller, .. } = piece {
                assert!(place < 5 || caller == Frame::SILENCE, "{place}");
                written += 1;
            }
        }
        assert!(tape.held.len() <= HELD_MAX + 1 && tape.blanks.len() < 100, "{}", tape.blanks.len());
    }
    assert!(written > 16_000, "{written}");
}

#[test]
fn a_key_and_the_ticks_beside_it_are_silent() {
    let mut tape = Tape::new();
    tape.handle(Order::Start(at(0)));
    let (mut kept, mut marks) = (Vec::new(), Vec::new());
    for number in 0..100 {
        let mut sides = tick(number);
        if (40..45).contains(&number) {
            let wave =
                |tone: f32, n: usize| (std::f32::consts::TAU * tone * n as f32 / 16_000.0).sin() * 5_000.0;
            sides.heard = Frame(std::array::from_fn(|n| (wave(770.0, n) + wave(1336.0, n)) as i16));
        }
        tape.handle_tick(sides);
        take(&mut tape, &mut kept, &mut marks);
    }
    tape.finish();
    take(&mut tape, &mut kept, &mut marks);
    assert_eq!(silent(&kept, true), (39..46).collect::<Vec<u64>>());
    assert_eq!(marks, [Mark { kind: MarkKind::Keys, place: 39, ticks: 7 }]);
}

#[test]
fn ticks_that_never_came_leave_their_place() {
    let mut tape = Tape::new();
    tape.handle(Order::Start(at(0)));
    for number in (0..50).chain(60..120) {
        tape.handle_tick(tick(number));
    }
    tape.finish();
    let places: Vec<u64> = std::iter::from_fn(|| tape.poll_output())
        .filter_map(|piece| match piece {
            Piece::Frame { place, .. } => Some(place),
            Piece::Mark(_) => None,
        })
        .collect();
    assert_eq!(places, (0..50).chain(60..120).collect::<Vec<u64>>());
    assert_eq!(tape.counts(), (10, 0));
}

#[test]
fn an_order_about_what_is_written_is_counted() {
    let (_, _, tape) = play(200, &[(0, Order::Start(at(0))), (150, Order::Pause(at(60)))]);
    assert_eq!(tape.counts(), (0, 1));
}

proptest! {
    /// Turns follow each other, their words come late, and now and then a secret is expected: no sample of a pause, or of what had to
    /// go of a turn, is ever written, and all else is.
    #[test]
    fn what_must_not_be_kept_is_not(
        spans in prop::collection::vec((1_u64..40, 1_u64..60, 0_u64..12, 0_u8..3), 0..8),
    ) {
        let mut orders = vec![(0, Order::Start(at(0)))];
        let mut forbidden = Vec::new();
        let (mut to, mut told) = (0, 0);
        for (turn, (gap, length, delay, kind)) in (1..).zip(spans) {
            let (from, turn) = (to + gap, TurnId(turn));
            to = from + length;
            if kind == 0 {
                told = told.max(from + delay);
                orders.push((told, Order::Pause(at(from))));
                told = told.max(to + delay);
                orders.push((told, Order::Resume(at(to))));
                forbidden.push((from, to, true));
            } else {
                orders.push((from + delay, Order::Listening { turn, since: at(from) }));
                told = told.max(to + 2 * delay);
                orders.push((told, Order::Blank { sides: Sides::CALLER, from: at(from), to: at(to) }));
                orders.push((told, Order::Understood { turn }));
                forbidden.push((from, to, false));
            }
        }
        let (kept, _, tape) = play(to + 110, &orders);
        prop_assert_eq!((kept.len() as u64, tape.counts()), (to + 110, (0, 0)));
        for (place, (caller, sent)) in (0..).zip(&kept) {
            let within = |both: bool| forbidden.iter().any(|(from, to, all)| (*from..*to).contains(&place) && (*all || !both));
            prop_assert_eq!((*caller, *sent), (!within(false), !within(true)), "at {}", place);
        }
    }
}
