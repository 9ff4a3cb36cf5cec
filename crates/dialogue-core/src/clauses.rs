//! Parts of an utterance: its clauses, what it takes back and what it puts in its place. By the tables of a language under `clauses:`,
//! and by nothing of its grammar: a wrong border does no harm, since only clauses that are clear by themselves are acted on.

use crate::lexicon::{Lexicon, Marks, fold};

/// A language's words that join clauses, take back and put right, in [`fold`]ed form.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Words between two clauses.
    pub(crate) and: Vec<String>,
    /// The same where the second one is against the first.
    pub(crate) but: Vec<String>,
    /// Last words of a clause, where no word stands between two: endings, in Korean.
    pub(crate) last: Marks,
    /// How words begin that belong to what such an ending stands on.
    pub(crate) hangs_on: Vec<String>,
    /// What a caller begins with who does not want what follows.
    pub(crate) negation: Vec<String>,
    /// The same at the end of a clause.
    pub(crate) negation_last: Vec<String>,
    /// What a caller begins with who puts something right.
    pub(crate) correction: Vec<String>,
    /// Before what something is put in the place of.
    pub(crate) instead_of: Vec<String>,
    /// The same behind it.
    pub(crate) instead_last: Vec<String>,
    /// Before the last characters of a code.
    pub(crate) ends_in: Vec<String>,
    /// Before its first ones.
    pub(crate) starts_with: Vec<String>,
}

/// What an utterance puts right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Correction {
    /// It says so, by "no" or "I meant" or "but".
    pub(crate) marked: bool,
    /// What is said instead, without what is taken back.
    pub(crate) rest: String,
}

/// A part of a code that is put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its last characters are in these words.
    End(String),
    /// Its first ones are.
    Start(String),
}

/// An utterance in clauses, each with its own words as they were said. What comes after [`CLAUSES_MAX`] stays in the last.
pub(crate) fn split(words: &str, lexicon: &Lexicon) -> Vec<String> {
    let tables = &lexicon.clauses;
    let tokens = tokens(words);
    let mut clauses: Vec<Vec<&str>> = vec![Vec::new()];
    let mut at = 0;
    while at < tokens.len() {
        let open = clauses.len() < CLAUSES_MAX;
        let joined =
            [&tables.and, &tables.but].into_iter().filter_map(|list| starts(&tokens[at..], list)).max();
        if let Some(used) = joined.filter(|_| open) {
            clauses.push(Vec::new());
            at += used;
            continue;
        }
        if let Some(clause) = clauses.last_mut() {
            clause.push(tokens[at].raw);
        }
        let hangs =
            |next: &Token<'_>| tables.hangs_on.iter().any(|begin| next.folded.starts_with(begin.as_str()));
        let ends = tables.last.contains(&tokens[at].folded) && !tokens.get(at + 1).is_some_and(hangs);
        if open && (tokens[at].stops || ends) {
            clauses.push(Vec::new());
        }
        at += 1;
    }
    clauses.into_iter().filter(|clause| !clause.is_empty()).map(|clause| clause.join(" ")).collect()
}

/// What a clause says that its speaker does not want, if it says so.
pub(crate) fn negated(clause: &str, lexicon: &Lexicon) -> Option<String> {
    let tables = &lexicon.clauses;
    let tokens = tokens(clause);
    let mut at = 0;
    while at < tokens.len() {
        if let Some(used) = starts(&tokens[at..], &tables.negation) {
            return Some(join(&tokens[at + used..])).filter(|rest| !rest.is_empty());
        }
        let polite = lexicon.hesitations.contains(&tokens[at].folded).then_some(1);
        match starts(&tokens[at..], &tables.correction).or(polite) {
            Some(used) => at += used,
            None => break,
        }
    }
    let folded = fold(clause);
    let ending = tables.negation_last.iter().find_map(|ending| folded.strip_suffix(ending.as_str()));
    ending.map(|rest| rest.trim_end().to_owned()).filter(|rest| !rest.is_empty())
}

/// What is put right in an utterance: all of it, where nothing says that it puts something right.
pub(crate) fn correction(words: &str, lexicon: &Lexicon) -> Correction {
    let tables = &lexicon.clauses;
    let tokens = tokens(words);
    let mut at = 0;
    let mut marked = false;
    while let Some(used) = starts(&tokens[at..], &tables.correction) {
        (marked, at) = (true, at + used);
    }
    // "Yes, but the later one": what comes before is taken back.
    let against = (at..tokens.len()).find_map(|from| Some(from + starts(&tokens[from..], &tables.but)?));
    if let Some(from) = against {
        (marked, at) = (true, from);
    }
    let mut kept: Vec<&Token<'_>> = Vec::new();
    while at < tokens.len() {
        if let Some(used) = starts(&tokens[at..], &tables.instead_of) {
            marked = true;
            at += used;
            let stop =
                tokens[at..].iter().position(|token| token.stops).map_or(tokens.len(), |stop| at + stop + 1);
            // Nothing is said in its place, or nothing shows where that begins: one word is taken back.
            at = if kept.is_empty() && stop == tokens.len() { (at + 1).min(stop) } else { stop };
            continue;
        }
        kept.push(&tokens[at]);
        let behind = tables.instead_last.iter().any(|word| *word == tokens[at].folded);
        if behind && at + 1 < tokens.len() {
            marked = true;
            kept.clear();
        }
        at += 1;
    }
    Correction { marked, rest: kept.iter().map(|token| token.raw).collect::<Vec<_>>().join(" ") }
}

/// The part of a code that is told in a correction: "it ends in four two".
pub(crate) fn part(words: &str, lexicon: &Lexicon) -> Option<Part> {
    let tokens = tokens(words);
    (0..tokens.len()).find_map(|at| {
        let rest = |list| starts(&tokens[at..], list).map(|used| join(&tokens[at + used..]));
        let end = rest(&lexicon.clauses.ends_in).map(Part::End);
        end.or_else(|| rest(&lexicon.clauses.starts_with).map(Part::Start))
    })
}

/// A word as it was said.
struct Token<'w> {
    raw: &'w str,
    folded: String,
    /// A comma or the end of a sentence stands behind it.
    stops: bool,
}

fn tokens(words: &str) -> Vec<Token<'_>> {
    let tokens = words.split_whitespace().map(|raw| Token {
        raw,
        folded: fold(raw),
        stops: raw.ends_with([',', '.', ';', ':', '?', '!', '…']),
    });
    tokens.filter(|token| !token.folded.is_empty()).collect()
}

/// How many tokens the longest phrase of a list takes that they begin with.
fn starts(tokens: &[Token<'_>], list: &[String]) -> Option<usize> {
    let begins = |phrase: &&String| {
        let words = phrase.split(' ');
        words.clone().count() <= tokens.len() && words.zip(tokens).all(|(word, token)| word == token.folded)
    };
    list.iter().filter(begins).map(|phrase| phrase.split(' ').count()).max()
}

fn join(tokens: &[Token<'_>]) -> String {
    tokens.iter().map(|token| token.raw).collect::<Vec<_>>().join(" ")
}

/// Nobody says more in one breath; the bound keeps a text of any length from costing more than one reading each.
const CLAUSES_MAX: usize = 8;

#[cfg(test)]
mod tests;
