//! What a language lacks, told all at once.

use std::collections::BTreeSet;

use callwright_model::yaml::nearest;
use callwright_model::{Language, Problem};

use super::{Lexicon, of_or_english};
use crate::verbalise::facts_of;
use crate::words::{Words, entry_lines, entry_text};

/// Tells base sentences that are missing, that no part of this crate ever says, or that name what is not known where they are said.
pub(super) fn sentences(lexicon: &Lexicon, problems: &mut Vec<Problem>) {
    let english = of_or_english(Language::EN);
    let wanted = Words::of_language(english, None, &mut Vec::new());
    let words = Words::of_language(lexicon, None, problems);
    let file = &lexicon.base_file;
    let known: Vec<&str> = wanted.keys().collect();
    for key in wanted.keys().filter(|key| !words.has(key)) {
        let text = entry_text(&english.base, key).unwrap_or_default();
        let problem = Problem::error(file, None, format!("the sentence `{key}` is missing"));
        problems.push(problem.help(format!("in English: {text}")));
    }
    let lines = entry_lines(&lexicon.base);
    for key in words.keys() {
        let line = lines.get(key).copied();
        let Some(theirs) = wanted.message(key) else {
            let what = format!("`{key}` is no sentence that is ever said");
            problems.push(Problem::error(file, line, what).help(nearest(key, &known)));
            continue;
        };
        let facts = facts_of(key).map(|facts| facts.iter().map(|fact| (*fact).to_owned()).collect());
        let facts: BTreeSet<String> = facts.unwrap_or_else(|| theirs.variables.clone());
        let variables = words.message(key).map(|message| &message.variables);
        for unknown in variables.into_iter().flatten().filter(|variable| !facts.contains(*variable)) {
            let names: Vec<&str> = facts.iter().map(String::as_str).collect();
            let help = if names.is_empty() { "no facts are".to_owned() } else { nearest(unknown, &names) };
            let what = format!("`{key}` names the fact `{unknown}`, which is not known there");
            problems.push(Problem::error(file, line, what).help(help));
        }
    }
}
