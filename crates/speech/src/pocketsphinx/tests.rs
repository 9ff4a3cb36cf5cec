use std::collections::BTreeSet;

use callwright_model::Expect;
use proptest::prelude::*;

use super::*;
use crate::flite::Flite;
use crate::synthesiser::{Spoken, Synthesiser as _};

fn lexicon() -> Lexicon {
    let path = Path::new("/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict");
    Lexicon::load(path, Flite::pronounce).expect("the package is installed")
}

fn hints(expect: Expect, sentences: &[&str]) -> Hints {
    let sentences = sentences.iter().map(|text| (*text).to_owned()).collect();
    Hints {
        expect,
        language: Language::EN,
        languages: Vec::new(),
        sentences,
        likely: vec!["the 10:15 to Reykjavik".to_owned()],
    }
}

#[test]
fn each_word_of_the_model_has_a_sound_and_each_history_sums_to_one() {
    let hints = hints(Expect::Code { min: 6, max: 6 }, &["my flight was cancelled", "is flight 482 delayed"]);
    let grammar = Grammar::new(&hints, &lexicon());
    let words: BTreeSet<&str> = grammar
        .dictionary
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(|word| word.split('(').next().unwrap_or(word))
        .collect();
    let (mut sections, mut section) = (vec![Vec::new(); 4], 0);
    for line in grammar.model.lines() {
        match line {
            "\\1-grams:" => section = 1,
            "\\2-grams:" => section = 2,
            "\\3-grams:" => section = 3,
            _ if section > 0 && line.starts_with('-') => sections[section].push(line),
            _ => {}
        }
    }
    let mut sum = 0.0;
    for line in &sections[1] {
        let parts: Vec<&str> = line.split(' ').collect();
        let word = parts[1];
        if word != arpa::START {
            sum += 10_f64.powf(parts[0].parse().expect("a number"));
        }
        assert!(word == arpa::START || word == arpa::END || words.contains(word), "{word} has no sound");
    }
    assert!((sum - 1.0).abs() < 0.01, "the words share {sum}");
    for expected in ["kilo", "x-ray", "reykjavik", "eighty", "operator", "yes", "delayed"] {
        assert!(words.contains(expected), "{expected} is missing");
    }
    assert!(sections[2].len() > 1_000 && !sections[3].is_empty());
}

#[test]
fn unknown_words_get_a_sound_and_nonsense_gets_none() {
    let lexicon = lexicon();
    assert!(lexicon.knows("flight") && !lexicon.knows("callwright"));
    let entries = lexicon.entries("callwright");
    assert_eq!(entries.len(), 1);
    assert!(entries[0].starts_with("callwright K "), "{entries:?}");
    assert_eq!(lexicon.entries("a").len(), 2);
    assert!(lexicon.entries("수").is_empty());
}

#[test]
fn figures_are_read_as_people_say_them() {
    for (written, readings) in [
        ("at 10:15", &["at ten fifteen", "at one zero one five"][..]),
        ("flight 482", &["flight four eighty two", "flight four eight two"]),
        ("at 9:00", &["at nine o'clock", "at nine zero zero"]),
        ("gate 7", &["gate seven"]),
        ("in 2026", &["in twenty twenty six", "in two zero two six"]),
        ("my code is {code}", &["my code is"]),
    ] {
        let got: Vec<String> = words::number_readings(written)
            .iter()
            .map(|text| words::split(text, |_| true).join(" "))
            .collect();
        assert_eq!(got, readings, "{written}");
    }
}

#[test]
fn a_telephone_is_told_from_a_wide_band() {
    let tone = |hertz: f32| -> Vec<i16> {
        (0..16_000)
            .map(|n| ((n as f32 * hertz * std::f32::consts::TAU / 16_000.0).sin() * 8_000.0) as i16)
            .collect()
    };
    let mix = |a: &[i16], b: &[i16]| -> Vec<i16> { a.iter().zip(b).map(|(a, b)| a + b / 50).collect() };
    assert!(band::is_telephone(&tone(3_000.0)) && band::is_telephone(&[]));
    assert!(!band::is_telephone(&mix(&tone(1_000.0), &tone(6_000.0))));
}

#[test]
fn hints_that_differ_have_another_key() {
    let a = hints(Expect::YesNo, &["one", "two"]);
    assert_eq!(key(&a), key(&a.clone()));
    assert_ne!(key(&a), key(&hints(Expect::Anything, &["one", "two"])));
    assert_ne!(key(&a), key(&hints(Expect::YesNo, &["onetwo"])));
}

#[test]
fn decoders_are_used_again_and_only_so_many_are_kept() {
    let dir = Path::new("/usr/share/pocketsphinx/model/en-us");
    let engine = Pocketsphinx::load(dir, Flite::pronounce).expect("the package is installed");
    let all: Vec<Hints> = (0..IDLE_MAX + 2)
        .map(|n| hints(Expect::YesNo, &[["a", "b"][n % 2].repeat(n + 1).as_str()]))
        .collect();
    for hints in &all {
        engine.prepare(hints);
    }
    let pool = engine.shared.pool.lock().expect("nobody panics");
    assert_eq!(pool.idle.len(), IDLE_MAX);
    assert_eq!(pool.idle.last().map(|((hints, _), _)| *hints), all.last().map(key));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_sentence_makes_a_model(text in "\\PC{0,80}", likely in "[a-z0-9:{} ]{0,30}") {
        let lexicon = Lexicon::parse("yes Y EH S\nno N OW\n".to_owned(), |_| Some("AH".to_owned()));
        let hints = Hints { likely: vec![likely], ..hints(Expect::Choice { options: 200 }, &[&text]) };
        let grammar = Grammar::new(&hints, &lexicon);
        prop_assert!(grammar.model.ends_with("\\end\\\n"));
        prop_assert!(!grammar.model.contains("NaN") && !grammar.model.contains("inf"));
    }

    #[test]
    fn any_text_is_a_dictionary_or_none(text in "\\PC{0,200}(\n\\PC{0,50}){0,5}", word in "\\PC{0,10}") {
        let lexicon = Lexicon::parse(text, |_| None);
        let _ = lexicon.entries(&word);
    }
}

/// The library keeps features in a ring whose rows it walks off when a streaming call brings more of them than a block of its
/// own holds and the ring wraps around: it did, and took the process with it.
#[test]
fn a_long_stretch_of_sound_at_once_after_a_whole_pass_is_heard() {
    let engine = Pocketsphinx::load(Path::new("/usr/share/pocketsphinx/model/en-us"), Flite::pronounce);
    let engine = engine.expect("the package is installed");
    let hints =
        Arc::new(hints(Expect::Anything, &["my flight was cancelled last night and i need a new one"]));
    let mut sentence = Vec::new();
    let text = "My flight was cancelled last night and I need a new one.";
    Flite
        .speak(text, Language::EN, &callwright_model::Voice::default(), &mut |spoken| {
            if let Spoken::Sound(samples) = spoken {
                sentence.extend_from_slice(samples);
            }
            std::ops::ControlFlow::Continue(())
        })
        .expect("flite speaks");
    let mut hearing = engine.hearing(GivenUp::default());
    for seconds in [3, 5, 9, 7, 13, 11] {
        let all: Vec<i16> = sentence.iter().copied().cycle().take(seconds * 16_000).collect();
        hearing.begin(&hints).expect("it begins");
        for part in all.chunks(seconds * 5_000) {
            hearing.extend(part).expect("it takes sound");
        }
        let reading = hearing.finish(&all).expect("it ends");
        assert!(reading.words.contains("flight was cancelled"), "{seconds} s: {}", reading.words);
    }
}
