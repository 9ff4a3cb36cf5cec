use std::path::PathBuf;

use callwright_model::{Language, Voice};

use super::*;
use crate::flite::Flite;
use crate::sound::{Sound, Tailor};
use crate::synthesiser::Synthesiser;

/// Half a second of silence, a spoken sentence, and a second of silence.
fn sentence() -> (Vec<i16>, usize) {
    let mut sound = vec![0_i16; 8_000];
    let mut take = |spoken: Sound| {
        sound.extend(spoken.samples);
        std::ops::ControlFlow::Continue(())
    };
    let text = "My flight was cancelled and I need a new one.";
    let mut tailor = Tailor::new(text, &mut take);
    Flite
        .speak(text, Language::EN, &Voice("rms".to_owned()), &mut |spoken| tailor.add(spoken))
        .expect("flite speaks");
    let end = sound.len();
    sound.extend([0; 16_000]);
    (sound, end)
}

fn probabilities(detector: &mut dyn VoiceActivity, sound: &[i16]) -> Vec<f32> {
    sound.as_chunks::<320>().0.iter().map(|frame| detector.probability(&Frame(*frame))).collect()
}

fn hears_the_sentence_and_not_the_silence(detector: &mut dyn VoiceActivity) {
    let (sound, end) = sentence();
    let heard = probabilities(detector, &sound);
    let speech = &heard[30..end / 320 - 10];
    let share = speech.iter().filter(|p| **p > 0.5).count() as f64 / speech.len() as f64;
    assert!(share > 0.8, "speech is heard in {share} of the frames");
    assert!(heard[..20].iter().all(|p| *p < 0.5), "silence before: {:?}", &heard[..20]);
    let after = &heard[heard.len() - 20..];
    assert!(after.iter().all(|p| *p < 0.5), "silence after: {after:?}");
}

#[test]
fn earshot_hears_a_sentence() {
    let mut detector = VoiceActivitySource::Earshot.detector();
    hears_the_sentence_and_not_the_silence(&mut *detector);
}

#[test]
fn a_missing_or_broken_model_file_means_the_stand_in() {
    assert_eq!(VoiceActivitySource::find(None).name(), "earshot");
    let dir = tempfile::tempdir().expect("a directory");
    assert_eq!(VoiceActivitySource::find(Some(dir.path())).name(), "earshot");
    std::fs::write(dir.path().join(FILE), b"not a model").expect("a file");
    assert_eq!(VoiceActivitySource::find(Some(dir.path())).name(), "earshot");
}

/// The model file is fetched by set-up into the workspace's `models/`; `CALLWRIGHT_MODELS` names another place.
#[test]
fn silero_hears_a_sentence_where_its_file_is() {
    let dir = std::env::var_os("CALLWRIGHT_MODELS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models"), PathBuf::from);
    if !dir.join(FILE).is_file() {
        eprintln!("{} has no {FILE}: silero is not tested", dir.display());
        return;
    }
    let source = VoiceActivitySource::find(Some(&dir));
    assert_eq!(source.name(), "silero");
    let mut detector = source.detector();
    hears_the_sentence_and_not_the_silence(&mut *detector);
    detector.reset();
    hears_the_sentence_and_not_the_silence(&mut *detector);
}
