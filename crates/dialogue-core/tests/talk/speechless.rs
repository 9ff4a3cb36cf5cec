//! Plans that a pack has no words for.

use std::sync::Arc;

use callwright_dialogue_core::{DialogueConfig, Note, Pack, SayKind, TransferReason};
use callwright_model::CallId;

use crate::script::{Core, Stage, source};

/// A stage whose airline has one sentence changed, by the time the caller has chosen a flight.
fn with_words(file: &str, from: &str, to: &str) -> Stage {
    let mut source = source("airline");
    let text = source.files.get_mut(file).expect("the file is there");
    assert!(text.contains(from), "{from} is not in {file}");
    *text = text.replace(from, to);
    let pack = Arc::new(Pack::load(&source).unwrap_or_else(|problems| panic!("{problems:#?}")));
    Stage::with(DialogueConfig::new(pack, CallId(7)), Core::Works)
}

#[test]
fn what_cannot_be_read_back_is_never_done() {
    // What a flight looks like only the airline knows, so no check can find this before.
    let mut stage = with_words("words/en.ftl", "{ $flight-departs }", "{ $flight-departure }");
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one"] {
        stage.caller(words);
    }
    assert_eq!(stage.transfers, [TransferReason::Failed]);
    assert!(stage.notes.contains(&Note::Speechless { words: "read-back-rebook".to_owned() }));
    assert!(stage.said.iter().all(|saying| saying.kind != SayKind::ReadBack), "{:?}", stage.said);
    stage.caller("yes");
    stage.keys("1");
    assert!(stage.executed.is_empty());
}

#[test]
fn what_cannot_be_offered_is_not_chosen_from() {
    let mut stage = with_words("words/en.ftl", "{ $option }: at { $departs }", "{ $option }: at { $leaves }");
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one"] {
        stage.caller(words);
    }
    assert_eq!(stage.transfers, [TransferReason::Failed]);
    stage.caller("one");
    stage.caller("yes");
    assert!(stage.executed.is_empty());
}

#[test]
fn a_read_back_that_another_language_lacks_ends_the_plan() {
    let mut stage = with_words("words/es.ftl", "{ $flight-departs }", "{ $flight-salida }");
    for words in ["my flight was cancelled", "k seven m four x two", "four eight two one", "one"] {
        stage.caller(words);
    }
    assert_eq!(stage.transfers, []);
    stage.caller("español por favor");
    assert_eq!(stage.transfers, [TransferReason::Failed]);
    stage.caller("sí");
    assert!(stage.executed.is_empty());
}
