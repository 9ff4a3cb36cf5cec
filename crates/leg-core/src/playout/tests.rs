//! Says against a floor, frame by frame.

use std::collections::VecDeque;

use callwright_model::MonoTime;
use callwright_turn_core::{FloorConfig, FrameFacts};
use proptest::prelude::*;

use super::*;

struct Bench {
    playout: Playout,
    floor: Floor,
    ring: VecDeque<SayFrame>,
    facts: Facts,
    now: MonoTime,
}

impl Bench {
    fn new() -> Self {
        Self {
            playout: Playout::new(),
            floor: Floor::new(FloorConfig::default(), MonoTime::ZERO),
            ring: VecDeque::new(),
            facts: Facts::new(),
            now: MonoTime::ZERO,
        }
    }

    fn say(&mut self, say: u32, turn: u32, frames: usize) {
        let (say, turn) = (SayId(say), TurnId(turn));
        self.ring.extend((0..frames).map(|_| SayFrame::wordless(say, turn, Some(LOUD))));
        self.ring.push_back(SayFrame::wordless(say, turn, None));
    }

    /// Plays this many frames and draws them: `#` sound of a say, `~` tone, `.` silence.
    fn play(&mut self, frames: usize) -> String {
        let mut drawn = String::new();
        for _ in 0..frames {
            let mut out = Outgoing::new();
            *out.sound() = LOUD;
            let Self { playout, floor, ring, facts, .. } = self;
            let sounding = playout.fill(&mut out, floor, &mut || ring.pop_front(), facts);
            drawn.push(match (*out.frame() == Frame::SILENCE, sounding) {
                (false, Sounding::Say) => '#',
                (_, Sounding::Tone) => '~',
                (true, Sounding::Say) => '_',
                (true, Sounding::Nothing) => '.',
                (false, Sounding::Nothing) => panic!("a sound that is nothing"),
                (_, Sounding::Required) => panic!("nothing here must be heard"),
            });
        }
        drawn
    }

    /// The caller holds the floor for a second, alone, and lets go of it unless `still`.
    fn caller_speaks(&mut self, still: bool) {
        for n in 0..if still { 50 } else { 100 } {
            self.now = self.now + Duration::from_millis(20);
            let speech = if n < 50 { 1.0 } else { 0.0 };
            let level_dbfs = if n < 50 { -20.0 } else { -80.0 };
            self.floor.handle_frame(FrameFacts::plain(speech, level_dbfs), Sounding::Nothing, self.now);
            while self.floor.poll_output().is_some() {}
        }
    }

    fn facts(&mut self) -> Vec<LegFact> {
        std::iter::from_fn(|| self.facts.pop()).collect()
    }
}

const LOUD: Frame = Frame([9_000; FRAME_SAMPLES]);

fn samples(frames: usize) -> Samples {
    Samples((frames * FRAME_SAMPLES) as u64)
}

#[test]
fn says_follow_each_other_without_a_gap_and_each_is_counted() {
    let mut bench = Bench::new();
    bench.say(0, 0, 3);
    bench.say(1, 0, 2);
    assert_eq!(bench.play(7), "#####..");
    assert_eq!(
        bench.facts(),
        [
            LegFact::SayStarted { say: SayId(0) },
            LegFact::SayEnded { say: SayId(0), played: samples(3), words: 0 },
            LegFact::SayStarted { say: SayId(1) },
            LegFact::SayEnded { say: SayId(1), played: samples(2), words: 0 },
        ]
    );
}

#[test]
fn a_say_that_answers_an_old_turn_is_dropped_and_told_once() {
    let mut bench = Bench::new();
    bench.caller_speaks(false);
    bench.say(0, 0, 30);
    bench.say(1, 1, 2);
    assert_eq!(bench.play(3), "##.");
    assert_eq!(
        bench.facts(),
        [
            LegFact::SayDropped { say: SayId(0) },
            LegFact::SayStarted { say: SayId(1) },
            LegFact::SayEnded { say: SayId(1), played: samples(2), words: 0 },
        ]
    );
    assert_eq!(bench.playout.stale_frames(), 30);
}

#[test]
fn a_say_waits_while_the_caller_speaks() {
    let mut bench = Bench::new();
    bench.caller_speaks(true);
    bench.say(0, 1, 2);
    assert_eq!(bench.play(3), "...");
    assert!(bench.facts().is_empty());
    bench.floor.handle_timeout(bench.now + Duration::from_secs(1));
    assert_eq!(bench.play(3), "##.");
}

#[test]
fn hush_cuts_at_once_and_late_frames_of_what_was_cut_stay_silent() {
    let mut bench = Bench::new();
    bench.say(0, 0, 5);
    let late: Vec<SayFrame> = bench.ring.drain(3..).collect();
    bench.say(1, 0, 5);
    assert_eq!(bench.play(2), "##");
    let cut = bench.playout.hush(TurnId(0)).map(|cut| (cut.say, cut.played));
    assert_eq!(cut, Some((SayId(0), samples(2))));
    assert_eq!(bench.play(1), ".");
    bench.ring.extend(late);
    bench.say(2, 0, 1);
    assert_eq!(bench.play(2), "#.", "what is said after the hush is heard");
    assert_eq!(
        bench.facts(),
        [
            LegFact::SayStarted { say: SayId(0) },
            LegFact::SayDropped { say: SayId(1) },
            LegFact::SayStarted { say: SayId(2) },
            LegFact::SayEnded { say: SayId(2), played: samples(1), words: 0 },
        ]
    );
}

#[test]
fn hold_sound_makes_way_for_somebody_who_speaks_and_returns() {
    let mut bench = Bench::new();
    bench.playout.set_tone(Some(Tone::Hold));
    assert_eq!(bench.play(2), "~~");
    bench.caller_speaks(true);
    assert_eq!(bench.play(3), "~..", "it ends without a click");
    bench.caller_speaks(false);
    assert_eq!(bench.play(2), "~~");
}

#[test]
fn a_tone_lies_under_says_and_returns() {
    let mut bench = Bench::new();
    bench.playout.set_tone(Some(Tone::Hold));
    assert_eq!(bench.play(2), "~~");
    bench.say(0, 0, 2);
    assert_eq!(bench.play(4), "##~~");
    bench.playout.set_tone(None);
    assert_eq!(bench.play(2), "~.");
    bench.playout.set_tone(Some(Tone::Connect));
    assert_eq!(bench.play(20), format!("{}...", "~".repeat(17)), "a short tone ends by itself");
}

#[test]
fn tones_and_says_join_without_a_click() {
    let mut bench = Bench::new();
    let mut sound = Vec::new();
    let mut play = |bench: &mut Bench, frames: usize| {
        for _ in 0..frames {
            let mut out = Outgoing::new();
            *out.sound() = LOUD;
            let Bench { playout, floor, ring, facts, .. } = bench;
            playout.fill(&mut out, floor, &mut || ring.pop_front(), facts);
            sound.extend(out.frame().0);
        }
    };
    // Of the length of a frame and soft at both ends, as synthesisers make them.
    let voice =
        Frame(std::array::from_fn(|n| (3_000.0 * (n as f32 * std::f32::consts::TAU / 80.0).sin()) as i16));
    bench.playout.set_tone(Some(Tone::Hold));
    for say in 0..20 {
        // Each time another place of the chord.
        play(&mut bench, 40 + say as usize);
        bench.ring.extend((0..10).map(|_| SayFrame::wordless(SayId(say), TurnId(0), Some(voice))));
        bench.ring.push_back(SayFrame::wordless(SayId(say), TurnId(0), None));
        play(&mut bench, 15);
    }
    bench.caller_speaks(true);
    play(&mut bench, 5);
    bench.caller_speaks(false);
    play(&mut bench, 60);
    bench.playout.set_tone(Some(Tone::Connect));
    play(&mut bench, 30);
    // The chord has steps of up to 330 of its own, the voice of 236, and the pips of 1,020 at 880 Hz.
    let (pips, before) = (30 * FRAME_SAMPLES, sound.len() - 30 * FRAME_SAMPLES);
    let step =
        |sound: &[i16]| sound.windows(2).map(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs()).max();
    assert!(step(&sound[..before + 1]) <= Some(330), "{:?}", step(&sound[..before + 1]));
    assert!(step(&sound[before - 1..]) <= Some(1_040), "{:?}", step(&sound[before - 1..]));
    assert_eq!(sound[before + pips - FRAME_SAMPLES..].iter().filter(|sample| **sample != 0).count(), 0);
}

#[test]
fn a_synthesiser_that_dies_in_a_say_leaves_a_silence_that_counts() {
    let mut bench = Bench::new();
    bench.say(0, 0, 2);
    bench.ring.pop_back();
    let drawn = bench.play(40);
    assert_eq!(drawn, format!("##{}{}", "_".repeat(25), ".".repeat(13)));
    bench.say(1, 0, 1);
    assert_eq!(bench.play(1), "#", "and the next say is heard");
    assert!(bench.facts().contains(&LegFact::SayEnded { say: SayId(0), played: samples(2), words: 0 }));
}

#[test]
fn ducking_lowers_by_12_db_and_comes_back_to_the_very_voice() {
    let mut bench = Bench::new();
    bench.say(0, 0, 20);
    let mut levels = Vec::new();
    for n in 0..12 {
        match n {
            2 => bench.playout.set_gain(-12.0, Duration::from_millis(30)),
            7 => bench.playout.set_gain(0.0, Duration::from_millis(40)),
            _ => {}
        }
        let mut out = Outgoing::new();
        let Bench { playout, floor, ring, facts, .. } = &mut bench;
        playout.fill(&mut out, floor, &mut || ring.pop_front(), facts);
        levels.push(out.frame().0[FRAME_SAMPLES - 1]);
    }
    assert_eq!(levels[1], 9_000);
    assert_eq!(levels[4], 2_261);
    assert_eq!(levels[11], 9_000);
}

/// A say of words of so many frames each, every one starting 100 samples into its first frame; samples tell their frame.
fn wordy(say: u32, words: &[usize]) -> Vec<SayFrame> {
    let mut frames = Vec::new();
    for (word, length) in words.iter().enumerate() {
        for n in 0..*length {
            let level = 1_000 + frames.len() as i16;
            frames.push(SayFrame {
                interruptible: true,
                say: SayId(say),
                turn: TurnId(0),
                frame: Some(Frame([level; FRAME_SAMPLES])),
                words: (word + usize::from(n + 1 == *length)) as u16,
                word_at: (n == 0).then_some(100),
            });
        }
    }
    let end = SayFrame::wordless(SayId(say), TurnId(0), None);
    frames.push(SayFrame { words: words.len() as u16, ..end });
    frames
}

impl Bench {
    /// The last sample of each of the next frames.
    fn levels(&mut self, frames: usize) -> Vec<i16> {
        let mut levels = Vec::new();
        for _ in 0..frames {
            let mut out = Outgoing::new();
            *out.sound() = LOUD;
            let Self { playout, floor, ring, facts, .. } = self;
            playout.fill(&mut out, floor, &mut || ring.pop_front(), facts);
            levels.push(out.frame().0[FRAME_SAMPLES - 1]);
        }
        levels
    }
}

#[test]
fn what_was_said_is_told_in_words() {
    let mut bench = Bench::new();
    bench.ring.extend(wordy(0, &[2, 3]));
    bench.ring.extend(wordy(1, &[4]));
    bench.levels(7);
    let ended = LegFact::SayEnded { say: SayId(0), played: samples(5), words: 2 };
    assert!(bench.facts().contains(&ended));
    let cut = bench.playout.hush(TurnId(0)).map(|cut| cut.barged_in(TurnId(1)));
    let barged = LegFact::BargedIn { turn: TurnId(1), say: SayId(1), played: samples(2), words: 0 };
    assert_eq!(cut, Some(barged), "half a word is none");
}

#[test]
fn a_paused_say_goes_on_at_the_start_of_its_word() {
    // Where it is taken up again: the sample asked for, then frame and sample of the start, and words over by then.
    for (at, frame, start, words) in [
        (7 * 320 + 5, 5, 5 * 320 + 100, 1),
        (5 * 320 + 100, 5, 5 * 320 + 100, 1),
        (5 * 320 + 99, 5, 5 * 320 + 99, 1),
        (3 * 320, 0, 100, 0),
        (50, 0, 0, 0),
        (900_000, 5, 5 * 320 + 100, 1),
    ] {
        let mut bench = Bench::new();
        bench.ring.extend(wordy(0, &[5, 6]));
        assert_eq!(bench.levels(9)[8], 1_008);
        bench.playout.hold();
        assert_eq!(bench.play(40), ".".repeat(40), "silent, and taken for silence");
        assert_eq!(bench.playout.rewind(Samples(at)), Some(Samples(start)), "from {at}");
        let mut out = Outgoing::new();
        *out.sound() = LOUD;
        let Bench { playout, floor, ring, facts, .. } = &mut bench;
        playout.fill(&mut out, floor, &mut || ring.pop_front(), facts);
        let skip = (start % 320) as usize;
        assert!(out.frame().0[..skip].iter().all(|sample| *sample == 0), "the word before is not begun");
        assert_eq!(out.frame().0[FRAME_SAMPLES - 1], 1_000 + frame);
        let cut = bench.playout.hush(TurnId(0)).expect("it was being said");
        assert_eq!((cut.played.0 / 320, cut.words), (frame as u64 + 1, words));
    }
}

#[test]
fn nothing_is_lost_or_said_twice_when_it_goes_on() {
    let mut bench = Bench::new();
    bench.ring.extend(wordy(0, &[5, 6]));
    bench.levels(8);
    bench.playout.hold();
    bench.levels(3);
    bench.playout.release();
    assert_eq!(bench.levels(7), [1_005, 1_006, 1_007, 1_008, 1_009, 1_010, 0]);
    let told = [
        LegFact::SayStarted { say: SayId(0) },
        LegFact::SayEnded { say: SayId(0), played: samples(11), words: 2 },
    ];
    assert_eq!(bench.facts(), told, "it was one say, begun once");
    assert_eq!(bench.playout.rewind(Samples(0)), None, "it is over");
}

#[test]
fn going_back_ends_where_memory_does() {
    let mut bench = Bench::new();
    bench.ring.extend(wordy(0, &[200]));
    bench.levels(150);
    let oldest = 150 - history::FRAMES as u64;
    assert_eq!(bench.playout.rewind(Samples(100 * 320)), Some(Samples(oldest * 320)));
    assert_eq!(bench.levels(2), [1_075, 1_076]);
    assert_eq!(bench.levels(75)[73..], [1_150, 1_151], "and then on to what is new");
}

#[test]
fn a_say_that_waits_in_the_middle_of_going_back_misses_no_frame() {
    let mut bench = Bench::new();
    bench.ring.extend(wordy(0, &[5, 6]));
    bench.levels(9);
    bench.playout.rewind(Samples(7 * 320));
    bench.caller_speaks(true);
    assert_eq!(bench.levels(2), [0, 0], "the caller has the floor");
    bench.floor.handle_timeout(bench.now + Duration::from_secs(1));
    assert_eq!(bench.play(1), ".", "and by then it answers an old turn");
    assert!(bench.facts().iter().any(|fact| matches!(fact, LegFact::BargedIn { words: 1, .. })));
}

proptest! {
    /// However often it pauses and goes back, a say is heard in order and to its end, each frame at least once.
    #[test]
    fn a_say_is_heard_whole_whatever_it_is_put_through(
        words in prop::collection::vec(1_usize..20, 1..12),
        steps in prop::collection::vec((0_u8..4, 0_u64..60_000), 0..60),
    ) {
        let mut bench = Bench::new();
        bench.ring.extend(wordy(0, &words));
        let frames: usize = words.iter().sum();
        let mut heard: Vec<i16> = Vec::new();
        for (step, at) in steps {
            match step {
                0 => bench.playout.hold(),
                1 => bench.playout.release(),
                2 => {
                    let from = bench.playout.rewind(Samples(at));
                    prop_assert!(from.is_none_or(|from| from < samples(frames)));
                }
                _ => heard.extend(bench.levels(at as usize % 30).into_iter().filter(|level| *level >= 1_000)),
            }
        }
        bench.playout.release();
        heard.extend(bench.levels(frames + 1).into_iter().filter(|level| *level >= 1_000));
        heard.extend(bench.levels(history::FRAMES).into_iter().filter(|level| *level >= 1_000));
        let mut newest = 999;
        for level in heard {
            prop_assert!(level <= newest + 1, "frame {} after {}", level, newest);
            newest = newest.max(level);
        }
        prop_assert_eq!(newest, 999 + frames as i16);
        let ended = LegFact::SayEnded { say: SayId(0), played: samples(frames), words: words.len() as u16 };
        prop_assert_eq!(bench.facts(), [LegFact::SayStarted { say: SayId(0) }, ended]);
    }
}
