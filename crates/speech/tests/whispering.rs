//! Whisper through the whole of speech, with a model of random weights that the test writes.
#![cfg(feature = "whisper")]

use std::sync::Arc;

use callwright_model::{Expect, Heard, Hints, Language};
use callwright_speech::{Speech, SpeechConfig, SpeechError};

#[path = "support/random_whisper.rs"]
mod random_whisper;
#[path = "../examples/accuracy/telephone.rs"]
mod telephone;

use telephone::Caller;

fn hints(language: Language) -> Hints {
    Hints {
        expect: Expect::Anything,
        language,
        languages: Vec::new(),
        sentences: Arc::from([]),
        likely: Vec::new(),
    }
}

fn hum(seconds: usize) -> Vec<i16> {
    (0..16_000 * seconds).map(|n| ((n as f32 * 0.1).sin() * 8_000.0) as i16).collect()
}

#[tokio::test]
async fn a_model_in_the_models_directory_hears_every_caller() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("ggml-random.bin"), random_whisper::model()).expect("a file");
    let config = SpeechConfig { models_dir: Some(dir.path().to_owned()), ..SpeechConfig::default() };
    let speech = Speech::start(config).expect("the model loads");
    assert_eq!(speech.recogniser(), "whisper");
    assert!(speech.understands(Language::KO));
    let mut callers =
        [Language::EN, Language::KO, Language::ES].map(|language| Caller::new(&speech, hints(language)));
    for caller in &mut callers {
        // A turn that was none is given up in the middle of its pass.
        let turn = caller.start();
        caller.sound(&hum(4));
        caller.pause();
        caller.send(Heard::Discard { turn });
        caller.start();
        caller.sound(&hum(2));
        caller.pause();
        caller.end();
    }
    for (caller, language) in callers.iter_mut().zip([Language::EN, Language::KO, Language::ES]) {
        let heard = caller.utterance().await;
        assert_eq!((heard.turn.0, heard.language), (2, language));
        let heard = caller.says(&hum(1)).await;
        assert_eq!(heard.turn.0, 3);
    }
}

#[tokio::test]
async fn a_damaged_model_says_so_and_how_to_mend_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("ggml-random.bin");
    let model = random_whisper::model();
    std::fs::write(&path, &model[..model.len() - 100]).expect("a file");
    let config = SpeechConfig { whisper_model: Some(path), ..SpeechConfig::default() };
    let error = Speech::start(config).err().expect("it is damaged");
    assert!(matches!(error, SpeechError::WhisperModelRefused { .. }));
    assert!(error.to_string().contains("models fetch"), "{error}");
}

#[tokio::test]
async fn an_utterance_tells_which_of_the_lines_languages_it_is() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("ggml-random.bin"), random_whisper::model()).expect("a file");
    let config = SpeechConfig { models_dir: Some(dir.path().to_owned()), ..SpeechConfig::default() };
    let speech = Speech::start(config).expect("the model loads");
    let languages = vec![Language::EN, Language::KO];
    let mut caller = Caller::new(&speech, Hints { languages: languages.clone(), ..hints(Language::EN) });
    let identified = caller.says(&hum(2)).await.identified.expect("two are possible");
    assert!(languages.contains(&identified.language) && identified.probability >= 0.5, "{identified:?}");
    caller.expect(hints(Language::EN));
    assert_eq!(caller.says(&hum(2)).await.identified, None, "one is");
}
