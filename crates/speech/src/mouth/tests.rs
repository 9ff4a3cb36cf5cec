use super::*;

#[test]
fn a_cutter_gives_whole_frames_and_fills_the_last() {
    let mut cutter = Cutter::default();
    cutter.add(&[1; 500]);
    assert!(cutter.cut(false).is_some_and(|frame| frame.0 == [1; FRAME_SAMPLES]));
    assert!(cutter.cut(false).is_none());
    cutter.add(&[2; 200]);
    let frame = cutter.cut(false).expect("180 and 200 samples are more than a frame");
    assert_eq!((frame.0[179], frame.0[180]), (1, 2));
    let last = cutter.cut(true).expect("60 samples are left");
    assert_eq!((last.0[59], last.0[60]), (2, 0));
    assert!(cutter.cut(true).is_none());
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
