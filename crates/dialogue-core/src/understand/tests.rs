//! What the interpreter alone promises; whole packs are tested in `tests/`.

use proptest::prelude::*;

use super::*;
use crate::lexicon;

fn trained() -> Interpreter {
    let lexicon = lexicon::of(Language::EN).expect("English is there");
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    Interpreter::train(
        lexicon,
        &[
            (
                Intent::Skill("rebook".into()),
                lines(&["my flight was cancelled", "i need another flight", "rebook me please"]),
            ),
            (
                Intent::Skill("refund".into()),
                lines(&["i want my money back", "refund my ticket", "give me a refund please"]),
            ),
        ],
    )
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
    assert_eq!(one.weights, other.weights);
    assert_eq!(one.read("rebook my flight"), other.read("rebook my flight"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_words_are_read_without_a_panic(words in "\\PC{0,60}") {
        let reading = trained_once().read(&words);
        prop_assert!((0.0..=1.0).contains(&reading.probability));
        prop_assert!(reading.second_probability <= reading.probability);
    }
}

fn trained_once() -> &'static Interpreter {
    static MODEL: std::sync::LazyLock<Interpreter> = std::sync::LazyLock::new(trained);
    &MODEL
}
