//! Languages that packs bring: `languages/<code>.yaml` and `languages/<code>.ftl`.
//!
//! A language is the same for the whole process, from when the first pack that brings it loads to the end: what callers say is read, and
//! what must not be kept is found, outside of packs too. So the places below are written once, and a pack that brings other files for a
//! language is refused.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use callwright_model::{Language, PackSource, Problem, Severity};

use super::{Lexicon, TABLES, check};

static BROUGHT: [OnceLock<Brought>; LANGUAGES_MAX] = [const { OnceLock::new() }; LANGUAGES_MAX];

struct Brought {
    lexicon: Lexicon,
    /// What it was read from.
    files: [String; 2],
}

/// The tables of a language that a pack has brought.
pub(super) fn of(language: Language) -> Option<&'static Lexicon> {
    places().map(|brought| &brought.lexicon).find(|lexicon| lexicon.language == language)
}

/// The languages that packs have brought.
pub(super) fn languages() -> impl Iterator<Item = Language> {
    places().map(|brought| brought.lexicon.language)
}

/// Those taken; they are taken in order.
fn places() -> impl Iterator<Item = &'static Brought> {
    BROUGHT.iter().map_while(OnceLock::get)
}

/// Takes up the languages that a pack brings. What is wrong with one, or missing, is told all at once, and then it is not there.
pub(crate) fn take(source: &PackSource, problems: &mut Vec<Problem>) {
    for code in codes(source) {
        let file = source.path(&format!("languages/{code}"));
        let Ok(language) = code.parse::<Language>() else {
            let what = "is not named by the code of a language";
            problems.push(Problem::error(file, None, what).help("ISO 639 in lower case, as in `fr.yaml`"));
            continue;
        };
        if TABLES.contains_key(&language) {
            let what = format!("`{language}` is built in");
            let help = format!("sentences of it are rewritten in words/{language}.ftl; take this file out");
            problems.push(Problem::error(file, None, what).help(help));
            continue;
        }
        let mut found = Vec::new();
        let read = read(source, language, &mut found);
        let sound = found.iter().all(|problem| problem.severity != Severity::Error);
        problems.append(&mut found);
        if let Some(brought) = read.filter(|_| sound) {
            keep(brought, file, problems);
        }
    }
}

/// Whether a pack has a file for a language, sound or not.
pub(crate) fn is_in(source: &PackSource, language: Language) -> bool {
    codes(source).contains(language.code())
}

/// The codes of files in `languages/`, whatever they are.
fn codes(source: &PackSource) -> BTreeSet<&str> {
    let names = source.files.keys().filter_map(|name| name.strip_prefix("languages/"));
    names.filter_map(|name| name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".ftl"))).collect()
}

/// Reads and checks the two files of a language; one that is missing is read as empty, so that all that it lacks is told.
fn read(source: &PackSource, language: Language, problems: &mut Vec<Problem>) -> Option<Brought> {
    let [tables, base] = ["yaml", "ftl"].map(|kind| format!("languages/{language}.{kind}"));
    let text = |name: &str| source.files.get(name).cloned().unwrap_or_default();
    let files = [text(&tables), text(&base)];
    let names = [source.path(&tables), source.path(&base)];
    let lexicon = Lexicon::read(language, [&names[0], &files[0]], [&names[1], &files[1]], problems)?;
    check::sentences(&lexicon, problems);
    Some(Brought { lexicon, files })
}

fn keep(mut brought: Brought, file: String, problems: &mut Vec<Problem>) {
    let language = brought.lexicon.language;
    for place in &BROUGHT {
        match place.set(brought) {
            Ok(()) => return,
            Err(back) => brought = back,
        }
        let there = place.get().expect("a place that cannot be set is taken");
        if there.lexicon.language == language {
            if there.files != brought.files {
                let what = format!("another pack brings other words for `{language}`");
                let help = "all packs of a gateway need the same files for a language";
                problems.push(Problem::error(file, None, what).help(help));
            }
            return;
        }
    }
    let what = format!("this would be language number {}", LANGUAGES_MAX + 1);
    problems.push(Problem::error(file, None, what).help("leave out some that are not spoken here"));
}

/// Languages that are not built in. Each is looked at for each word that may have to be kept secret.
const LANGUAGES_MAX: usize = 32;
