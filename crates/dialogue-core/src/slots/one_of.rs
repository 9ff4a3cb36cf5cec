//! Which of the caller's own things is named: by letters and by sound, for recognisers do not know their names.

use std::ops::Range;

use callwright_model::Language;

use crate::lexicon::{self, fold};

/// A form that was heard, as far as it was.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    /// The number of what it names, from 0.
    pub(super) number: usize,
    /// The words it was heard in.
    pub(super) heard: Range<usize>,
    /// 1 when they are the very words.
    pub(super) likeness: f64,
}

/// The one among named things whose form is like some of the words, when no other's is nearly as much.
pub(super) fn find(words: &str, forms: &[(usize, String)], language: Language) -> Option<Named> {
    let lexicon = lexicon::of_or_english(language);
    let joined = lexicon.joined;
    let said: Vec<(String, usize)> = words
        .split_whitespace()
        .take(WORDS_MAX)
        .enumerate()
        .map(|(at, word)| (fold(word), at))
        .filter(|(word, _)| !word.is_empty())
        .collect();
    let mut best: Vec<Named> = Vec::new();
    for (number, form) in forms.iter().take(FORMS_MAX) {
        let form = fold(form);
        // What is named in one or two letters is like everything.
        if form.chars().filter(|c| *c != ' ').count() < if joined { 2 } else { 3 } {
            continue;
        }
        let count = form.split(' ').count();
        for length in count.saturating_sub(1).max(1)..=(count + 1).min(said.len()) {
            for window in said.windows(length) {
                let (Some(first), Some(last)) = (window.first(), window.last()) else { continue };
                let text = window.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(" ");
                let likeness = std::iter::once(text.as_str())
                    .chain(lexicon.particles.iter().filter_map(|ending| text.strip_suffix(ending.as_str())))
                    .filter(|text| !text.is_empty())
                    .map(|text| lexicon.sounds.likeness(text, &form))
                    .fold(0.0, f64::max);
                let named = Named { number: *number, heard: first.1..last.1 + 1, likeness };
                match best.iter_mut().find(|other| other.number == *number) {
                    Some(other) if other.likeness < likeness => *other = named,
                    Some(_) => {}
                    None => best.push(named),
                }
            }
        }
    }
    best.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
    let first = best.first()?;
    let next = best.get(1).map_or(0.0, |next| next.likeness);
    (first.likeness >= ALIKE && first.likeness - next >= MARGIN).then(|| first.clone())
}

/// Names that differ in a letter of six, or sound the same. Over the tables of the tests nothing else comes as near.
const ALIKE: f64 = 0.82;
/// Two that are nearly as like are asked about.
const MARGIN: f64 = 0.05;
/// Limits on what is compared: more words are a story, and nobody has read more out to a caller.
const WORDS_MAX: usize = 40;
const FORMS_MAX: usize = 200;
