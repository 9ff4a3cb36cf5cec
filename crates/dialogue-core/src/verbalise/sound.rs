//! What sound a word begins or ends with, as far as its spelling tells: Korean particles, "a" or "an", "y" or "e" hang on it.

use std::collections::BTreeMap;

/// Kinds of sounds by the letters that stand for them, at the begin and at the end of words.
#[derive(Debug, Default)]
pub(crate) struct Sounds {
    pub(crate) begins: Kinds,
    pub(crate) ends: Kinds,
}

/// Names of kinds by what is written: one letter or figure, or several, such as `ng`.
pub(crate) type Kinds = BTreeMap<String, String>;

impl Sounds {
    /// The kind of sound that a text ends with.
    pub(crate) fn after(&self, text: &str) -> Option<&str> {
        let letters = letters(text.chars().rev().skip_while(|c| !c.is_alphanumeric()));
        kind(&self.ends, letters.chars().rev().collect::<String>().as_str(), |written, of| {
            written.ends_with(of)
        })
    }

    /// The kind of sound that a text begins with.
    pub(crate) fn before(&self, text: &str) -> Option<&str> {
        let letters = letters(text.chars().skip_while(|c| !c.is_alphanumeric()));
        kind(&self.begins, &letters, |written, of| written.starts_with(of))
    }

    /// The names of all kinds.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.begins.values().chain(self.ends.values()).map(String::as_str)
    }
}

/// The kind of the longest spelling that fits.
fn kind<'k>(kinds: &'k Kinds, letters: &str, fits: impl Fn(&str, &str) -> bool) -> Option<&'k str> {
    let fitting = kinds.iter().filter(|(written, _)| fits(letters, written));
    fitting.max_by_key(|(written, _)| written.len()).map(|(_, kind)| kind.as_str())
}

/// Letters of a word from one of its ends, in lower case; of a Korean syllable its last letter, which is what is heard at the end.
fn letters(chars: impl Iterator<Item = char>) -> String {
    let word = chars.take_while(|c| c.is_alphanumeric()).take(LETTERS_MAX);
    word.flat_map(char::to_lowercase).map(|c| last_of_syllable(c).unwrap_or(c)).collect()
}

/// The last letter of a Korean syllable. Syllables are numbered by first letter, vowel and last letter (Unicode, 3.12), of which there are
/// 28 with "none".
fn last_of_syllable(syllable: char) -> Option<char> {
    let place =
        (syllable as u32).checked_sub('가' as u32).filter(|place| *place <= '힣' as u32 - '가' as u32)?;
    let (last, vowel) = (place % 28, place / 28 % 21);
    match last {
        0 => char::from_u32('ㅏ' as u32 + vowel),
        last => LAST_LETTERS.chars().nth(last as usize - 1),
    }
}

/// What may end a syllable, in the order of their numbers.
const LAST_LETTERS: &str = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";
/// No language tells sounds apart by more.
const LETTERS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_spelling_decides_and_marks_do_not_count() {
        let kinds = |rows: &[(&str, &str)]| -> Kinds {
            rows.iter().map(|(written, kind)| ((*written).to_owned(), (*kind).to_owned())).collect()
        };
        let sounds = Sounds {
            begins: kinds(&[("a", "vowel"), ("h", "breath"), ("ho", "vowel")]),
            ends: kinds(&[
                ("e", "vowel"),
                ("le", "l"),
                ("ㄹ", "l"),
                ("ㄴ", "n"),
                ("ㅏ", "vowel"),
                ("0", "n"),
            ]),
        };
        for (text, before, after) in [
            ("Apple.", Some("vowel"), Some("l")),
            ("«hotel»", Some("vowel"), None),
            ("hand", Some("breath"), None),
            ("서울", None, Some("l")),
            ("부산", None, Some("n")),
            ("가", None, Some("vowel")),
            ("10", None, Some("n")),
            ("", None, None),
            ("…", None, None),
        ] {
            assert_eq!((sounds.before(text), sounds.after(text)), (before, after), "{text}");
        }
    }

    #[test]
    fn every_syllable_has_its_last_letter() {
        for (syllable, last) in [('가', 'ㅏ'), ('각', 'ㄱ'), ('힣', 'ㅎ'), ('의', 'ㅢ'), ('값', 'ㅄ')]
        {
            assert_eq!(last_of_syllable(syllable), Some(last));
        }
        assert_eq!((last_of_syllable('a'), last_of_syllable('ㄱ')), (None, None));
    }
}
