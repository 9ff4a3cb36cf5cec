use std::path::PathBuf;

use super::*;

#[path = "../../tests/support/random_whisper.rs"]
mod random_whisper;

fn model(dir: &tempfile::TempDir) -> PathBuf {
    let path = dir.path().join("ggml-random.bin");
    std::fs::write(&path, random_whisper::model()).expect("a file");
    path
}

fn hints(language: Language) -> Arc<Hints> {
    let expect = callwright_model::Expect::Anything;
    Arc::new(Hints { expect, language, sentences: Arc::from([]), likely: Vec::new() })
}

fn hum(seconds: usize) -> Vec<i16> {
    (0..16_000 * seconds).map(|n| ((n as f32 * 0.1).sin() * 8_000.0) as i16).collect()
}

#[test]
fn a_model_of_random_weights_loads_and_gives_readings_in_many_languages() {
    let dir = tempfile::tempdir().expect("a directory");
    let whisper = Whisper::load(&model(&dir), 1).expect("it loads");
    assert!(whisper.knows(Language::KO) && whisper.knows(Language::EN));
    assert!(!whisper.knows("xx".parse().expect("two letters")));
    let mut hearing = whisper.hearing(GivenUp::default());
    for language in [Language::EN, Language::KO, Language::ES] {
        hearing.begin(&hints(language)).expect("it knows the language");
        let reading = hearing.finish(&hum(2)).expect("a pass");
        assert!(reading.confidence.is_none_or(|sure| (0.0..=1.0).contains(&sure)));
    }
    assert!(hearing.begin(&hints("xx".parse().expect("two letters"))).is_err());
}

#[test]
fn the_same_sound_reads_the_same_and_seats_are_used_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let whisper = Whisper::load(&model(&dir), 2).expect("it loads");
    let mut hearing = whisper.hearing(GivenUp::default());
    hearing.begin(&hints(Language::EN)).expect("it knows English");
    let first = hearing.finish(&hum(1)).expect("a pass");
    assert_eq!(hearing.finish(&hum(1)).expect("a pass"), first);
    assert_eq!(whisper.shared.seats.lock().expect("nobody panics").len(), 1);
}

#[test]
fn a_pass_that_nobody_wants_stops_inside_the_library() {
    let dir = tempfile::tempdir().expect("a directory");
    let whisper = Whisper::load(&model(&dir), 1).expect("it loads");
    let given_up = GivenUp::default();
    given_up.set(true);
    let mut seat = whisper.shared.seat().expect("a state");
    let sound: Vec<f32> = vec![0.01; 16_000 * 5];
    let limits = Limits { audio_ctx: 512, tokens_max: 48 };
    assert!(seat.pass(&sound, Language::EN, limits, &given_up).is_err(), "the library was told to stop");
    given_up.set(false);
    assert!(seat.pass(&sound, Language::EN, limits, &given_up).is_ok(), "and works again afterwards");
    whisper.shared.give_back(seat);
    given_up.set(true);
    let mut hearing = whisper.hearing(given_up);
    hearing.begin(&hints(Language::EN)).expect("it knows English");
    assert_eq!(hearing.finish(&hum(1)), Err(RecogniseError::GivenUp));
}

#[test]
fn a_damaged_file_is_a_clear_error() {
    let dir = tempfile::tempdir().expect("a directory");
    let whole = random_whisper::model();
    let path = dir.path().join("ggml-damaged.bin");
    let mut other = whole.clone();
    other[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let cuts = [0, 3, 40, 5_000, whole.len() / 2, whole.len() - 1].map(|end| whole[..end].to_vec());
    let longer = [&whole[..], &[0; 10]].concat();
    for bytes in cuts.into_iter().chain([other, longer, b"<html>not found</html>".to_vec()]) {
        std::fs::write(&path, bytes).expect("a file");
        let error = Whisper::load(&path, 1).err().expect("it is damaged");
        assert!(matches!(error, SpeechError::WhisperModelRefused { .. }), "{error}");
    }
    assert!(Whisper::load(&dir.path().join("none.bin"), 1).is_err());
}

#[test]
fn words_are_plain_and_remarks_are_none() {
    for (written, words) in [
        (" Yes, that's right.", "yes that's right"),
        (" [MUSIC] (coughs)", ""),
        (" K7M-4X2!", "k7m-4x2"),
        ("¿Qué tal? — Bien.", "qué tal bien"),
        (" 네, 취소해 주세요.", "네 취소해 주세요"),
        ("It\u{2019}s 10:15", "it's 10:15"),
    ] {
        assert_eq!(tidy(written), words);
    }
}
