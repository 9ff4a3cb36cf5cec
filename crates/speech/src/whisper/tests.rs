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
    Arc::new(Hints { expect, language, languages: Vec::new(), sentences: Arc::from([]), likely: Vec::new() })
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
fn a_reading_tells_its_language_among_those_of_the_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let whisper = Whisper::load(&model(&dir), 1).expect("it loads");
    let mut hearing = whisper.hearing(GivenUp::default());
    let among = vec![Language::EN, Language::ES, Language::KO];
    let open = Arc::new(Hints { languages: among.clone(), ..(*hints(Language::EN)).clone() });
    hearing.begin(&open).expect("it knows English");
    let reading = hearing.finish(&hum(2)).expect("a pass");
    let identified = reading.identified.expect("one is likelier than the others");
    assert!(among.contains(&identified.language), "{identified:?}");
    assert!((0.33..=1.0).contains(&identified.probability), "{identified:?}");
    assert_eq!(hearing.finish(&hum(2)).expect("a pass"), reading, "what was found out changes no later pass");
    assert_eq!(hearing.finish(&hum(1)).expect("a pass").identified, None, "too short to tell");
    // The words are those that a pass told this language reads.
    hearing.begin(&hints(reading.language.unwrap_or(Language::EN))).expect("it knows the language");
    let told = hearing.finish(&hum(2)).expect("a pass");
    assert_eq!(
        (told.words, told.identified),
        (reading.words, None),
        "nothing is asked where one language is left"
    );
}

#[test]
fn another_language_is_read_only_when_it_is_sure() {
    let of = |scores: [f32; 3]| {
        let languages = [Language::EN, Language::ES, Language::KO];
        let scores: Vec<_> = languages.into_iter().zip(scores).collect();
        ffi::likeliest(&scores).expect("there are some")
    };
    let sure = of([1.0, 5.0, 1.0]);
    assert_eq!((sure.language, another(sure, Language::EN)), (Language::ES, Some(Language::ES)));
    assert!((0.95..0.97).contains(&sure.probability), "{sure:?}");
    assert_eq!(another(sure, Language::ES), None, "it was read in that");
    assert_eq!(another(of([1.0, 2.0, 1.0]), Language::EN), None, "it may be English all the same");
    assert!((of([-80.0, -90.0, -80.0]).probability - 0.5).abs() < 0.001, "only differences count");
    assert_eq!(ffi::likeliest(&[]), None);
}

#[test]
fn words_so_far_are_given_up_by_a_flag_of_their_own() {
    let dir = tempfile::tempdir().expect("a directory");
    let whisper = Whisper::load(&model(&dir), 1).expect("it loads");
    let mut hearing = whisper.hearing(GivenUp::default());
    hearing.begin(&hints(Language::EN)).expect("it knows English");
    let stop = GivenUp::default();
    assert!(hearing.partial(&hum(2), &stop).is_some());
    stop.set(true);
    assert_eq!(hearing.partial(&hum(2), &stop), None);
    assert!(hearing.finish(&hum(2)).is_ok(), "another flag is its own");
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
