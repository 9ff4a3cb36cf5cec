//! Names, spoken or spelled aloud: "Mara Ng, N as in November, G".

use callwright_model::{Language, Value};

use super::spell::{self, Letter};
use super::taken::{PLAIN, Taken};
use crate::lexicon::{self, Lexicon, fold};

/// The name in the words: what is left without "my name is", at most four words. What was spelled takes the place of the word before it
/// that sounds like it.
#[must_use]
pub fn name(words: &str, language: Language) -> Option<Taken> {
    let lexicon = lexicon::of_or_english(language);
    let said: Vec<&str> = words.split_whitespace().collect();
    let start = lead(&said, lexicon);
    let mut names: Vec<String> = Vec::new();
    let mut spelled = false;
    // "Spelled" came before.
    let mut explained = false;
    let mut at = start;
    let mut end = start;
    while at < said.len() {
        let (letters, used, plain) = run(&said[at..], lexicon);
        let same = names.last().is_some_and(|before| fold(before) == letters);
        if letters.chars().count() >= 2 && (plain || same) {
            let alike = names.last().is_some_and(|before| {
                let before = fold(before);
                explained
                    || lexicon.sounds.likeness(&before, &letters) >= SPELLED_ALIKE
                    || before.chars().next() == letters.chars().next()
            });
            let before = if alike { names.pop() } else { None };
            // What is spelled has no accents; the recogniser may have written them.
            let written = before.filter(|before| fold(before) == letters);
            names.push(capitalised(&written.unwrap_or(letters)));
            (spelled, at) = (true, at + used);
            end = at;
            continue;
        }
        let word = said[at].trim_matches(|c: char| !c.is_alphabetic());
        let folded = fold(word);
        at += 1;
        explained = lexicon.name_spelled.contains(&folded);
        if explained
            || folded.is_empty()
            || lexicon.hesitations.contains(&folded)
            || lexicon.name_skip.contains(&folded)
        {
            continue;
        }
        names.push(word.to_owned());
        end = at;
    }
    if names.is_empty() || names.len() > WORDS_MAX {
        return None;
    }
    let mut name = names.join(" ");
    let whole = fold(&name);
    let endings = lexicon.name_endings.iter().filter_map(|ending| name.strip_suffix(ending.as_str()));
    if let Some(rest) = endings.min_by_key(|rest| rest.len()).filter(|rest| rest.trim().chars().count() >= 2)
    {
        name = rest.trim_end().to_owned();
    }
    let is_none =
        |text: &str| [&lexicon.no_name, &lexicon.yes, &lexicon.no].iter().any(|set| set.contains(text));
    let none = is_none(&whole) || is_none(&fold(&name));
    if none || name.chars().count() < 2 || name.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let sure = if spelled || start > 0 || names.len() > 1 { PLAIN } else { BARE };
    Some(Taken { value: Value::Text(name), heard: start..end, sure, language })
}

/// How many words introduce the name, after sounds that mean nothing.
fn lead(said: &[&str], lexicon: &Lexicon) -> usize {
    let folded: Vec<String> = said.iter().map(|word| fold(word)).collect();
    let skip = folded
        .iter()
        .take_while(|word| {
            word.is_empty() || lexicon.hesitations.contains(*word) || lexicon.name_skip.contains(*word)
        })
        .count();
    // Words that are skipped may begin a lead: "der Name ist".
    let ends = (0..=skip).flat_map(|from| {
        let rest = &folded[from..];
        lexicon.name_lead.iter().filter_map(move |lead| {
            let lead: Vec<&str> = lead.split(' ').collect();
            let fits = rest.len() > lead.len() && rest.iter().zip(&lead).all(|(word, lead)| word == lead);
            fits.then_some(from + lead.len())
        })
    });
    ends.max().unwrap_or(skip)
}

/// The letters that words spell one after the other, how many words they took, and whether one of them is plainly a letter: "Mike" and
/// "Oscar" are names too.
fn run(said: &[&str], lexicon: &Lexicon) -> (String, usize, bool) {
    let tokens: Vec<String> = said.iter().map(|word| fold(word)).collect();
    let (mut letters, mut at, mut plain) = (String::new(), 0, false);
    while at < tokens.len() {
        let Letter { letter, used, sure } = match spell::letter(&tokens[at..], lexicon) {
            Some(letter) => letter,
            None => break,
        };
        plain |= sure;
        letters.push(letter);
        at += used;
    }
    (letters, at, plain)
}

fn capitalised(letters: &str) -> String {
    let mut chars = letters.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// More are a sentence.
const WORDS_MAX: usize = 4;
/// A spelled word that is so like the one before it is that word.
const SPELLED_ALIKE: f64 = 0.5;
/// A single word that nobody said to be a name.
const BARE: f32 = 0.9;
