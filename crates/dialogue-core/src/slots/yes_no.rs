//! Yes and no in many shapes. A yes is a consent, so it must be plain: doubt, conditions and questions are neither.

use std::collections::BTreeSet;

use callwright_model::Language;

use crate::lexicon::{self, Lexicon, fold};

/// A plain answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum YesNo {
    Yes,
    No,
}

/// More words than this beside the answer make it a story, whose end we should hear out.
const MOST_OTHER_WORDS: usize = 8;

/// The answer in the words, if it is plain.
pub(crate) fn yes_no(words: &str, language: Language) -> Option<YesNo> {
    let lexicon = lexicon::of_or_english(language);
    let folded = fold(words);
    let tokens: Vec<&str> = folded.split(' ').filter(|token| !token.is_empty()).collect();
    let (mut yes, mut no, mut hedged, mut other) = (0, 0, 0, 0);
    let mut first = None;
    let mut at = 0;
    while at < tokens.len() {
        let (found, used) = next(&tokens[at..], lexicon);
        match found {
            Found::Yes => yes += 1,
            Found::No => no += 1,
            Found::Hedge => hedged += 1,
            Found::Other => other += 1,
        }
        if first.is_none() && found != Found::Other {
            first = Some(found);
        }
        at += used;
    }
    if other > MOST_OTHER_WORDS {
        return None;
    }
    match (yes, no) {
        // "No, that is fine" may be either.
        (0, 0) => None,
        (_, 0) if hedged == 0 => Some(YesNo::Yes),
        (0, _) => Some(YesNo::No),
        // "No, sorry, do not do it": a no that stays one. "Yes, no" is not plain.
        (_, _) if first == Some(Found::No) && no > yes => Some(YesNo::No),
        (_, _) => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Yes,
    No,
    Hedge,
    Other,
}

/// The longest known phrase at the beginning. At equal length a no goes before a yes, and a hedge before both.
fn next(tokens: &[&str], lexicon: &Lexicon) -> (Found, usize) {
    for length in (1..=tokens.len().min(5)).rev() {
        let phrase = tokens[..length].join(" ");
        for (set, found) in
            [(&lexicon.hedges, Found::Hedge), (&lexicon.no, Found::No), (&lexicon.yes, Found::Yes)]
        {
            if contains(set, &phrase) {
                return (found, length);
            }
        }
    }
    (Found::Other, 1)
}

fn contains(set: &BTreeSet<String>, phrase: &str) -> bool {
    set.contains(phrase)
}
