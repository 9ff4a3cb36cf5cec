use callwright_model::FRAME_SAMPLES;

use super::*;
use crate::sound::{Sound, WordSpan};

fn sound(level: i16, length: usize, words: &[(u16, usize, usize)]) -> Sound {
    let words = words.iter().map(|&(words, start, end)| WordSpan { words, start, end }).collect();
    Sound { samples: vec![level; length], words }
}

#[test]
fn a_cutter_gives_whole_frames_and_fills_the_last() {
    let mut cutter = Cutter::default();
    cutter.add(&sound(1, 500, &[]), &[]);
    assert!(cutter.cut(false).is_some_and(|(frame, _)| frame.0 == [1; FRAME_SAMPLES]));
    assert!(cutter.cut(false).is_none());
    cutter.add(&sound(2, 200, &[]), &[]);
    let (frame, _) = cutter.cut(false).expect("180 and 200 samples are more than a frame");
    assert_eq!((frame.0[179], frame.0[180]), (1, 2));
    let (last, _) = cutter.cut(true).expect("60 samples are left");
    assert_eq!((last.0[59], last.0[60]), (2, 0));
    assert!(cutter.cut(true).is_none());
}

#[test]
fn a_cutter_counts_words_where_they_end() {
    let mut cutter = Cutter::default();
    cutter.add(&sound(1, 700, &[(1, 10, 320), (2, 320, 641), (3, 650, 5_000)]), &[1, 2, 3]);
    let mut cuts = Vec::new();
    while let Some((_, word_at)) = cutter.cut(false) {
        cuts.push((cutter.words(), word_at));
    }
    cutter.end_sentence();
    cutter.add(&sound(1, 600, &[(2, 100, 200)]), &[4, 5]);
    while let Some((_, word_at)) = cutter.cut(true) {
        cuts.push((cutter.words(), word_at));
    }
    assert_eq!(cuts, [(1, Some(10)), (1, Some(0)), (5, Some(10)), (5, None), (5, None)]);
}

#[test]
fn words_after_a_hole_do_not_count() {
    let mut cutter = Cutter::default();
    cutter.add(&sound(1, 320, &[(1, 0, 320), (2, 320, 640)]), &[1, 2]);
    assert!(cutter.cut(false).is_some());
    cutter.stop_counting();
    cutter.add(&sound(1, 640, &[(1, 0, 320)]), &[4]);
    while cutter.cut(true).is_some() {}
    assert_eq!(cutter.words(), 1);
}

#[test]
fn the_fence_only_rises() {
    let fence = Fence::default();
    assert!(!fence.is_stale(TurnId(0)));
    fence.raise(TurnId(3));
    fence.raise(TurnId(1));
    assert!(fence.is_stale(TurnId(3)) && !fence.is_stale(TurnId(4)));
    fence.raise(TurnId(u32::MAX));
    assert!(fence.is_stale(TurnId(u32::MAX)));
}

#[test]
fn a_text_that_is_too_long_is_cut_at_a_letter() {
    let text = "가".repeat(1_000);
    assert_eq!(limited(&text).len(), 1_998);
    assert_eq!(limited("short"), "short");
}
