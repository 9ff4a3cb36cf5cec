//! Callers are heard through the whole of it: flite speaks, a G.711 line carries it, rings bring it in, words come out.

use std::sync::Arc;

use callwright_model::{Expect, Hints, Language, Recognised, Voice};
use callwright_speech::{RecogniserChoice, Speech, SpeechConfig};

#[path = "../examples/accuracy/telephone.rs"]
mod telephone;

use telephone::Caller;

fn speech() -> Speech {
    let config = SpeechConfig { recogniser: RecogniserChoice::Pocketsphinx, ..SpeechConfig::default() };
    Speech::start(config).expect("the system packages are installed")
}

fn hints(expect: Expect) -> Hints {
    let sentences = [
        "my flight was cancelled",
        "i need a new flight",
        "what is the status of my flight",
        "i want to cancel my booking",
        "let me talk to a person",
    ];
    Hints {
        expect,
        language: Language::EN,
        languages: Vec::new(),
        sentences: Arc::from(sentences.map(str::to_owned)),
        likely: Vec::new(),
    }
}

fn spoken(speech: &Speech, text: &str) -> Vec<i16> {
    speech.render(text, Language::EN, &Voice("rms".to_owned())).expect("flite speaks")
}

#[tokio::test]
async fn a_caller_is_understood_over_the_telephone() {
    let speech = speech();
    let code = Expect::Code { min: 6, max: 6 };
    let pin = Expect::Digits { min: 4, max: 4 };
    for (expect, said) in [
        (Expect::Anything, "my flight was cancelled and I need a new flight"),
        (Expect::Anything, "let me talk to a person please"),
        (code.clone(), "kilo seven mike four x-ray two"),
        (code, "let me talk to a person"),
        (pin, "four eight two one"),
        (Expect::Choice { options: 3 }, "the first one please"),
        (Expect::YesNo, "yes please"),
        (Expect::YesNo, "no"),
    ] {
        let mut caller = Caller::new(&speech, hints(expect));
        let heard = caller.says(&spoken(&speech, said)).await;
        assert_eq!(*heard.words.reveal(), said.to_lowercase());
    }
}

#[tokio::test]
async fn one_ear_hears_turn_after_turn_and_what_is_expected_changes() {
    let speech = speech();
    let mut caller = Caller::new(&speech, hints(Expect::Anything));
    let heard = caller.says(&spoken(&speech, "my flight was cancelled")).await;
    assert_eq!((heard.turn.0, heard.words.reveal().as_str()), (1, "my flight was cancelled"));
    caller.expect(hints(Expect::Digits { min: 4, max: 4 }));
    let heard = caller.says(&spoken(&speech, "seven seven three zero")).await;
    assert_eq!((heard.turn.0, heard.words.reveal().as_str()), (2, "seven seven three zero"));
}

#[tokio::test]
async fn a_question_asked_in_the_middle_of_a_turn_counts_for_its_end() {
    let speech = speech();
    let mut caller = Caller::new(&speech, hints(Expect::YesNo));
    caller.start();
    caller.sound(&[0; 3_200]);
    caller.sound(&spoken(&speech, "four eight two one"));
    caller.sound(&[0; 3_200]);
    while !matches!(caller.report().await, Recognised::Partial { .. }) {}
    caller.expect(hints(Expect::Digits { min: 4, max: 4 }));
    caller.end();
    assert_eq!(caller.utterance().await.words.reveal(), "four eight two one");
}

#[tokio::test]
async fn words_so_far_come_before_the_end() {
    let speech = speech();
    let mut caller = Caller::new(&speech, hints(Expect::Anything));
    let turn = caller.start();
    caller.sound(&[0; 3_200]);
    caller.sound(&spoken(&speech, "my flight was cancelled and I need a new flight"));
    match caller.report().await {
        Recognised::Partial { turn: of, words, .. } => {
            assert_eq!(of, turn);
            assert!(words.reveal().contains("flight"), "{}", words.reveal());
        }
        Recognised::Provisional(utterance) => panic!("a reading without a pause: {utterance:?}"),
        Recognised::TurnVote { .. } => panic!("a vote without a turn model"),
        Recognised::Final(utterance) => panic!("a final without an end: {utterance:?}"),
    }
    caller.end();
    assert_eq!(caller.utterance().await.turn, turn);
}

#[tokio::test]
async fn a_reading_made_at_a_pause_is_the_final_of_a_caller_who_has_finished() {
    let speech = speech();
    let mut caller = Caller::new(&speech, hints(Expect::Anything));
    caller.start();
    caller.sound(&[0; 3_200]);
    caller.sound(&spoken(&speech, "my flight was cancelled"));
    caller.sound(&[0; 1_920]);
    caller.pause();
    let foreseen = loop {
        if let Recognised::Provisional(utterance) = caller.report().await {
            break utterance;
        }
    };
    caller.sound(&[0; 3_200]);
    caller.end();
    let heard = caller.utterance().await;
    assert_eq!((heard.words.reveal().as_str(), &heard), ("my flight was cancelled", &foreseen));
}

#[tokio::test]
async fn a_caller_who_goes_on_after_a_pause_is_heard_whole() {
    let speech = speech();
    let mut caller = Caller::new(&speech, hints(Expect::Anything));
    caller.start();
    caller.sound(&[0; 3_200]);
    caller.sound(&spoken(&speech, "my flight was cancelled"));
    caller.pause();
    caller.sound(&[0; 6_400]);
    caller.sound(&spoken(&speech, "I need a new flight"));
    caller.sound(&[0; 3_200]);
    caller.pause();
    caller.end();
    let words = caller.utterance().await.words.into_inner();
    assert_eq!(words, "my flight was cancelled i need a new flight");
}

#[tokio::test]
async fn each_end_brings_one_final_and_a_discarded_turn_none() {
    let speech = speech();
    let mut caller = Caller::new(&speech, hints(Expect::YesNo));
    let discarded = caller.start();
    caller.sound(&spoken(&speech, "yes"));
    caller.send(callwright_model::Heard::Discard { turn: discarded });
    // A turn without a sound, and one whose start was lost.
    let silent = caller.start();
    caller.end();
    caller.send(callwright_model::Heard::End { turn: silent.next(), at: callwright_model::MonoTime::ZERO });
    for turn in [silent, silent.next()] {
        let heard = caller.utterance().await;
        assert_eq!((heard.turn, heard.words.reveal().as_str()), (turn, ""));
    }
    caller.start();
    let heard = caller.says(&spoken(&speech, "yes please")).await;
    assert_eq!(heard.words.reveal(), "yes please");
}

#[tokio::test]
async fn a_language_that_the_stand_by_does_not_know_is_nothing_understood() {
    let speech = speech();
    let ko = Hints { language: Language::KO, ..hints(Expect::Anything) };
    assert!(!speech.understands(Language::KO));
    let mut caller = Caller::new(&speech, ko);
    let heard = caller.says(&spoken(&speech, "yes please")).await;
    assert_eq!((heard.words.reveal().as_str(), heard.language), ("", Language::KO));
}

#[tokio::test]
async fn many_callers_at_once_are_all_understood() {
    let speech = speech();
    let sound = spoken(&speech, "what is the status of my flight");
    let mut callers: Vec<Caller> = (0..12).map(|_| Caller::new(&speech, hints(Expect::Anything))).collect();
    for caller in &mut callers {
        caller.start();
        caller.sound(&[0; 3_200]);
        caller.sound(&sound);
        caller.sound(&[0; 3_200]);
        caller.end();
    }
    for caller in &mut callers {
        assert_eq!(caller.utterance().await.words.reveal(), "what is the status of my flight");
    }
}

#[tokio::test]
async fn a_missing_model_says_which_package_to_install() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = SpeechConfig { pocketsphinx_dir: dir.path().to_owned(), ..SpeechConfig::default() };
    let error = Speech::start(config).err().expect("there is no model");
    assert!(error.to_string().contains("pocketsphinx-en-us"), "{error}");
}

#[test]
fn outside_a_runtime_speech_says_what_it_needs() {
    let error = Speech::start(SpeechConfig::default()).err().expect("there is no runtime");
    assert!(error.to_string().contains("tokio"), "{error}");
}
