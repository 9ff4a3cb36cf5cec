//! How words sound: the pronouncing dictionary of the model, and letter-to-sound rules for words that it lacks.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The dictionary file in memory with its lines sorted by word, and what was made up for unknown words so far.
pub(super) struct Lexicon {
    text: String,
    /// Byte offsets of the lines in `text`, sorted by word.
    lines: Vec<u32>,
    guesses: Mutex<HashMap<String, Option<String>>>,
    guess: fn(&str) -> Option<String>,
}

impl Lexicon {
    /// Reads a dictionary in the format of the CMU pronouncing dictionary. `guess` makes up the sounds of a word that is not in
    /// it.
    pub(super) fn load(path: &Path, guess: fn(&str) -> Option<String>) -> io::Result<Self> {
        Ok(Self::parse(fs::read_to_string(path)?, guess))
    }

    pub(super) fn parse(text: String, guess: fn(&str) -> Option<String>) -> Self {
        let mut lines = Vec::new();
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            if line.split_whitespace().nth(1).is_some() {
                lines.extend(u32::try_from(offset));
            }
            offset += line.len();
        }
        lines.sort_by_key(|&line| word_at(&text, line));
        Self { text, lines, guesses: Mutex::default(), guess }
    }

    /// Whether the dictionary itself has the word.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.find(word).is_some()
    }

    /// Dictionary lines for the word, all its variants, or none when nobody can tell how it sounds.
    pub(super) fn entries(&self, word: &str) -> Vec<String> {
        let mut entries: Vec<String> = SPECIAL
            .iter()
            .filter(|(special, _)| *special == word)
            .enumerate()
            .map(|(place, (_, sounds))| entry(word, place, sounds))
            .collect();
        if !entries.is_empty() {
            return entries;
        }
        let mut variant = word.to_owned();
        while let Some(sounds) = self.find(&variant) {
            entries.push(entry(word, entries.len(), sounds));
            variant = format!("{word}({})", entries.len() + 1);
        }
        if entries.is_empty() {
            let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
            let sounds = guesses.entry(word.to_owned()).or_insert_with(|| (self.guess)(word));
            entries.extend(sounds.as_deref().map(|sounds| entry(word, 0, sounds)));
        }
        entries
    }

    fn find(&self, word: &str) -> Option<&str> {
        let place = self.lines.binary_search_by_key(&word, |&line| word_at(&self.text, line)).ok()?;
        let line = self.text[self.lines[place] as usize..].lines().next()?;
        let sounds = line[word.len()..].split('#').next()?.trim();
        (!sounds.is_empty()).then_some(sounds)
    }
}

fn entry(word: &str, place: usize, sounds: &str) -> String {
    if place == 0 { format!("{word} {sounds}") } else { format!("{word}({}) {sounds}", place + 1) }
}

fn word_at(text: &str, line: u32) -> &str {
    text[line as usize..].split_whitespace().next().unwrap_or_default()
}

/// Words that we want to sound otherwise than the dictionary says: letters by their names, the spelling alphabet where people say
/// it otherwise, and sounds that are no words.
const SPECIAL: [(&str, &str); 12] = [
    ("uh-huh", "AH HH AH"),
    ("uh-huh", "AH HH AA"),
    ("uh-huh", "AH HH AH M"),
    ("mm-hmm", "M HH M"),
    ("mm-hmm", "AH M HH AH M"),
    ("mhm", "M HH M"),
    ("hmm", "HH M"),
    ("a", "AH"),
    ("a", "EY"),
    ("x-ray", "EH K S R EY"),
    ("juliett", "JH UW L IY EH T"),
    ("alfa", "AE L F AH"),
];
