//! What the interpreter alone promises; whole packs are tested in `tests/`.

use std::sync::LazyLock;

use callwright_model::{Alternative, Language, TurnId, Utterance};
use proptest::prelude::*;

use super::*;
use crate::lexicon;

fn skill(name: &str, lines: &[&str]) -> (Intent, Vec<String>) {
    (Intent::Skill(name.to_owned()), lines.iter().map(|line| (*line).to_owned()).collect())
}

fn trained() -> Interpreter {
    let lexicon = lexicon::of(Language::EN).expect("English is there");
    let rebook = ["my flight was cancelled", "i need another flight", "rebook me please"];
    let refund = ["i want my money back", "refund my ticket", "give me a refund please"];
    Interpreter::train(lexicon, &[skill("rebook", &rebook), skill("refund", &refund)])
}

fn utterance(words: &str, alternatives: Vec<Alternative>) -> Utterance {
    Utterance {
        turn: TurnId(1),
        words: words.to_owned().into(),
        alternatives,
        confidence: None,
        language: Language::EN,
        identified: None,
    }
}

#[test]
fn builtin_intents_are_read() {
    let interpreter = trained();
    let rows = [
        ("I'd like to talk to a person", Intent::Human),
        ("can I talk to a human please", Intent::Human),
        ("could you repeat that please", Intent::Repeat),
        ("goodbye", Intent::Goodbye),
        ("what can you do for me", Intent::Help),
        ("hold on a second please", Intent::Wait),
        ("forget it", Intent::Stop),
        ("my flight got cancelled", Intent::Skill("rebook".into())),
        ("i want a refund", Intent::Skill("refund".into())),
    ];
    for (said, wanted) in rows {
        let reading = interpreter.read(said);
        assert_eq!(reading.clear(), Some(&wanted), "{said}: {reading:?}");
    }
}

#[test]
fn what_is_none_of_it_is_not_clear() {
    let interpreter = trained();
    for said in ["how is the weather in paris", "purple elephants dance quietly", "", "hmm", "asdf qwer"] {
        let reading = interpreter.read(said);
        assert_eq!(reading.clear(), None, "{said}: {reading:?}");
    }
}

#[test]
fn the_same_examples_give_the_same_model() {
    let (one, other) = (trained(), trained());
    assert!(one.model == other.model && one.gate == other.gate, "every weight is the same, bit by bit");
    assert_eq!(one.read("rebook my flight"), other.read("rebook my flight"));
}

#[test]
fn probabilities_add_up_and_seconds_are_in_order() {
    let interpreter = trained();
    for said in ["a refund or another flight", "flight", "goodbye", "the dog barks"] {
        let reading = interpreter.read(said);
        let mut all = vec![reading.probability];
        all.extend(reading.seconds.iter().map(|(_, probability)| probability));
        assert_eq!(all.len(), 1 + Reading::SECONDS);
        assert!(all.is_sorted_by(|a, b| a >= b), "{reading:?}");
        assert!((0.5..1.001).contains(&all.iter().sum::<f32>()), "{reading:?}");
    }
}

#[test]
fn what_is_between_two_skills_is_close() {
    let intents = [Intent::None, Intent::Skill("rebook".into()), Intent::Skill("refund".into()), Intent::Yes];
    let reading = |probabilities: [f32; 4]| Reading::new(&intents, &probabilities, 0);
    assert_eq!(reading([0.1, 0.48, 0.4, 0.02]).close(), Some(["rebook", "refund"]));
    assert_eq!(reading([0.1, 0.4, 0.48, 0.02]).close(), Some(["refund", "rebook"]));
    // Clear, none of both, one that is no skill, and one that is far ahead.
    assert_eq!(reading([0.0, 0.7, 0.3, 0.0]).close(), None);
    assert_eq!(reading([0.5, 0.25, 0.25, 0.0]).close(), None);
    assert_eq!(reading([0.1, 0.45, 0.0, 0.45]).close(), None);
    assert_eq!(reading([0.35, 0.45, 0.2, 0.0]).close(), None);
}

#[test]
fn other_readings_of_a_recogniser_are_weighed() {
    let interpreter = trained();
    let mumbled = "i want a re fun";
    let alone = interpreter.weigh(&utterance(mumbled, vec![]));
    assert_eq!(alone, interpreter.read(mumbled));
    let refund = Intent::Skill("refund".into());
    let of = |reading: &Reading| {
        let seconds = reading.seconds.iter().map(|(intent, probability)| (intent, *probability));
        let mut all = std::iter::once((&reading.intent, reading.probability)).chain(seconds);
        all.find(|(intent, _)| **intent == refund).map_or(0.0, |(_, probability)| probability)
    };
    let other = |weight| Alternative { words: "i want a refund".to_owned().into(), weight };
    let likely = interpreter.weigh(&utterance(mumbled, vec![other(Some(0.9))]));
    let unlikely = interpreter.weigh(&utterance(mumbled, vec![other(Some(0.05))]));
    let untold = interpreter.weigh(&utterance(mumbled, vec![other(None)]));
    assert!(of(&likely) > of(&untold), "{likely:?} {untold:?}");
    assert!(of(&untold) > of(&unlikely), "{untold:?} {unlikely:?}");
    assert!(of(&unlikely) > of(&alone), "{unlikely:?} {alone:?}");
}

#[test]
fn a_sentence_of_the_pack_is_no_sentence_for_none() {
    let lexicon = lexicon::of(Language::EN).expect("English is there");
    let lines = ["i forgot my password", "reset my password", "i can not log in", "unlock my account"];
    let interpreter = Interpreter::train(lexicon, &[skill("reset_login", &lines)]);
    let reading = interpreter.read("i have forgotten my password");
    assert_eq!(reading.clear(), Some(&Intent::Skill("reset_login".into())), "{reading:?}");
}

#[test]
fn an_explanation_names_what_decided() {
    let interpreter = trained();
    let told = interpreter.explain("could I have a refund, quickly");
    assert_eq!(told.reading, interpreter.read("could I have a refund, quickly"));
    assert_eq!(told.between[0], Intent::Skill("refund".into()));
    let most = told.words.iter().max_by(|a, b| a.weight.total_cmp(&b.weight)).expect("there are words");
    assert_eq!(most.what, "refund", "{told:?}");
    assert!(told.features.iter().any(|it| it.kind == Kind::Word && it.what == "refund"), "{told:?}");
    assert_eq!(told.unknown, ["quickly"]);
    let (nearest, intent, near) = told.nearest.expect("there is one");
    assert_eq!(intent, Intent::Skill("refund".into()), "{nearest}");
    assert!((0.0..=1.0).contains(&near));
    assert!(!told.exact && interpreter.explain("Refund my ticket!").exact);
}

#[test]
fn words_are_misheard_the_same_way_from_the_same_seed() {
    let interpreter = trained();
    let heard = |seed| interpreter.misheard("please give me a refund for my ticket", 50, seed);
    assert_eq!(heard(1), heard(1));
    assert!((2..20).any(|seed| heard(seed) != heard(1)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_words_are_read_without_a_panic(words in "\\PC{0,60}") {
        static MODEL: LazyLock<Interpreter> = LazyLock::new(trained);
        let reading = MODEL.read(&words);
        prop_assert!((0.0..=1.0001).contains(&reading.probability), "{:?}", reading);
        prop_assert_eq!(&MODEL.explain(&words).reading, &reading);
        prop_assert!(MODEL.misheard(&words, 50, 1).len() < words.len() * 8 + 64);
    }
}

#[test]
fn a_turn_without_end_is_read_as_far_as_it_may_mean_something() {
    let interpreter = trained();
    let reading = interpreter.read(&"refund my ticket ".repeat(100_000));
    assert!((0.0..=1.0).contains(&reading.probability), "{reading:?}");
}
