//! `handover:` of a pack: when a human is brought in, whom the caller needs, and what they hear.

use std::sync::Arc;

use callwright_dialogue_core::{DialogueConfig, Pack, TransferReason};
use callwright_model::CallId;

use crate::script::{Core, Stage, source};

/// The airline in English alone, with these rules and a sentence for them.
fn with_rules(rules: &str) -> Result<Arc<Pack>, Vec<String>> {
    let mut source = source("airline");
    let pack = source.files.get_mut("pack.yaml").expect("it is there");
    *pack = format!("{}\nhandover:\n{rules}", pack.replace("[en, es, ko, de]", "[en]"));
    let words = source.files.get_mut("words/en.ftl").expect("it is there");
    words.push_str("\nhandover-credit = Let me find somebody from our credit desk. Please hold.\n");
    Pack::load(&source).map(Arc::new).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn stage(rules: &str, core: Core) -> Stage {
    let pack = with_rules(rules).unwrap_or_else(|problems| panic!("{problems:#?}"));
    Stage::with(DialogueConfig::new(pack, CallId(7)), core)
}

const REBOOK: [&str; 4] = ["my flight was cancelled", "k seven m four x two", "four eight two one", "one"];

#[test]
fn a_refusal_brings_whom_the_pack_says_for_that_skill() {
    let rules = "  - { on: refused, of: [cancel], needs: [law] }\n\
                 \x20 - { on: refused, of: [rebook], needs: [credit], priority: 2, words: handover-credit }\n";
    let mut stage = stage(rules, Core::Denies);
    let said = REBOOK[..3].iter().map(|words| stage.caller(words)).last().expect("three");
    assert!(said.contains("credit desk"), "{said}");
    assert_eq!(stage.transfers, [TransferReason::Refused]);
    assert_eq!(stage.needs, [(vec!["credit".to_owned()], 2)]);
}

#[test]
fn what_is_about_more_than_the_pack_allows_is_for_a_human_before_anything_is_read_back() {
    for (rule, human) in [
        ("on: value, fact: offers.credit, above: 149.99 USD, needs: [credit]", true),
        ("on: value, fact: offers.credit, above: 150 USD", false),
        ("on: value, fact: offers.credit, above: 900 EUR", true),
        ("on: value, of: [cancel], fact: offers.credit, above: 1 USD", false),
    ] {
        let mut stage = stage(&format!("  - {{ {rule} }}\n"), Core::Works);
        REBOOK.iter().for_each(|words| drop(stage.caller(words)));
        assert_eq!(stage.transfers == [TransferReason::Value], human, "{rule}");
        if human {
            assert!(stage.briefings[0].contains("more than I may decide"), "{:?}", stage.briefings);
        }
        stage.caller("yes");
        assert_eq!(stage.executed.is_empty(), human, "{rule}");
    }
}

#[test]
fn misunderstandings_count_in_a_row_and_in_the_call() {
    let mut stage = stage("  - { on: misunderstood, in_a_row: 9, in_call: 2 }\n", Core::Works);
    stage.caller("purple elephants dance");
    stage.caller("my flight was cancelled");
    assert_eq!(stage.transfers, []);
    let said = stage.caller("purple elephants dance");
    assert_eq!(stage.transfers, [TransferReason::Misunderstood], "{said}");
}

#[test]
fn mistakes_in_rules_are_told_with_their_lines() {
    let rules = "  - { on: rain }\n\
                 \x20 - { on: refused, of: [refund] }\n\
                 \x20 - { on: asked, words: handover-nowhere }\n\
                 \x20 - { on: asked, in_a_row: 2 }\n\
                 \x20 - { on: value, fact: offers.credits, above: 3 USD }\n\
                 \x20 - { on: value, fact: offers.credit, above: 3.5 USD }\n\
                 \x20 - { on: failed, need: [law] }\n";
    let problems = with_rules(rules).expect_err("they are full of mistakes");
    for wanted in [
        "`on: rain` is no reason to hand over",
        "names the skill `refund`, which there is not",
        "the sentence `handover-nowhere` is missing",
        "`in_a_row` and `in_call` count misunderstandings",
        "compares the fact `offers.credits`, which no skill knows",
        "`on: value` needs `fact`, and `above`",
        "need",
    ] {
        assert!(problems.iter().any(|problem| problem.contains(wanted)), "{wanted}: {problems:#?}");
    }
    assert!(problems.iter().all(|problem| problem.contains(":")), "each has its place: {problems:#?}");
}
