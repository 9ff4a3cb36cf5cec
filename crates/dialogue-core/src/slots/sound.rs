//! How words sound, so that what a recogniser writes otherwise is still known: "Nguyen" and "Win", "정연" and "정현".

use crate::lexicon::{Tables, fold};

/// What letters sound like in a language: the longest are looked up first.
#[derive(Debug, Default)]
pub(crate) struct NameSounds(Vec<(Vec<char>, String)>);

impl NameSounds {
    /// Of rows `sound = letters, letters`; the sound `-` is none.
    pub(crate) fn read(tables: &mut Tables<'_>) -> Self {
        let sounds = tables.forms::<String>("slots.sounds", "a sound").into_iter();
        let mut sounds: Vec<(Vec<char>, String)> = sounds
            .map(|(letters, sound)| (letters.chars().collect(), sound.trim_matches('-').to_owned()))
            .collect();
        sounds.sort_by_key(|(letters, _)| std::cmp::Reverse(letters.len()));
        Self(sounds)
    }

    /// The key of a text: its consonants as they sound, and its first vowel where it begins with one. Equal keys sound alike.
    fn key(&self, text: &str) -> String {
        let letters: Vec<char> = fold(text).chars().flat_map(letters_of).filter(|c| *c != ' ').collect();
        let mut key = String::new();
        let mut at = 0;
        while at < letters.len() {
            let found = self.0.iter().find(|(form, _)| letters[at..].starts_with(form));
            let (sound, used) = match found {
                Some((form, sound)) => (sound.clone(), form.len()),
                None => (letters[at].to_string(), 1),
            };
            for c in sound.chars() {
                let vowel = "aeiouy".contains(c);
                let c = if vowel { 'a' } else { c };
                if (!vowel || key.is_empty()) && !key.ends_with(c) {
                    key.push(c);
                }
            }
            at += used;
        }
        key
    }

    /// How alike two texts are, 0 to 1, by their letters and by their sound.
    pub(super) fn likeness(&self, a: &str, b: &str) -> f64 {
        let (a, b) = (fold(a), fold(b));
        if a == b {
            return 1.0;
        }
        let letters = |text: &str| text.chars().flat_map(letters_of).collect::<String>();
        let written = strsim::normalized_damerau_levenshtein(&letters(&a), &letters(&b));
        let (a, b) = (self.key(&a), self.key(&b));
        let spoken = strsim::normalized_damerau_levenshtein(&a, &b);
        // A single consonant is the key of too many words.
        if a == b && a.chars().count() > 1 {
            return 0.85 + 0.14 * written;
        }
        written.max(0.5 * written + 0.5 * spoken)
    }
}

/// A Hangul syllable as Latin letters, by the places of its parts in Unicode's table; other characters as they are.
fn letters_of(c: char) -> Vec<char> {
    let Some(syllable) = (c as u32).checked_sub(FIRST_SYLLABLE).filter(|number| *number < 11_172) else {
        return vec![c];
    };
    let (lead, vowel, tail) = (syllable / 588, syllable % 588 / 28, syllable % 28);
    [LEADS[lead as usize], VOWELS[vowel as usize], TAILS[tail as usize]]
        .into_iter()
        .flat_map(str::chars)
        .collect()
}

const FIRST_SYLLABLE: u32 = 0xac00;
/// By how they sound: tense and aspirated consonants are those that a telephone confuses, and so is ㅐ with ㅔ.
const LEADS: [&str; 19] =
    ["g", "g", "n", "d", "d", "r", "m", "b", "b", "s", "s", "", "j", "j", "j", "g", "d", "b", "h"];
const VOWELS: [&str; 21] = [
    "a", "e", "ya", "ye", "eo", "e", "yeo", "ye", "o", "wa", "we", "we", "yo", "u", "wo", "we", "wi", "yu",
    "eu", "ui", "i",
];
const TAILS: [&str; 28] = [
    "", "g", "g", "g", "n", "n", "n", "d", "r", "g", "m", "b", "r", "r", "b", "r", "m", "b", "b", "d", "d",
    "ng", "d", "d", "g", "d", "b", "d",
];
