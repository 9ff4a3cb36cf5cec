//! What sounds alike in a language: letters by their sounds, from a table.

use std::collections::BTreeMap;

use crate::lexicon::fold;

/// Letters of a language by what they sound like, the longest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sounds(Vec<(String, String)>);

impl Sounds {
    /// From letters with the sound of each. The sound `-` is silence.
    pub(crate) fn new(sounds: BTreeMap<String, String>) -> Self {
        let silent = |sound: String| if sound == "-" { String::new() } else { sound };
        let mut rows: Vec<_> = sounds.into_iter().map(|(letters, sound)| (letters, silent(sound))).collect();
        rows.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        Self(rows)
    }

    /// Writes how a folded word sounds: words that sound alike have the same key. Letters that the table does not know stand for
    /// themselves, and the same sound twice is one.
    pub(crate) fn key(&self, word: &str, key: &mut String) {
        self.key_of(&letters(word), key);
    }

    /// The same, of a word's [`letters`].
    pub(crate) fn key_of(&self, letters: &str, key: &mut String) {
        key.clear();
        let mut rest = letters;
        while let Some(first) = rest.chars().next() {
            let (length, sound) = match self.at(rest) {
                Some((letters, sound)) => (letters.len(), sound),
                None => (first.len_utf8(), &rest[..first.len_utf8()]),
            };
            if sound.is_empty() || !key.ends_with(sound) {
                key.push_str(sound);
            }
            rest = &rest[length..];
        }
    }

    /// The word with one of its sounds written in another way; `choose` draws a number below the one that it is given. `None` when
    /// no sound of it can be written otherwise.
    pub(crate) fn respelled(&self, word: &str, mut choose: impl FnMut(usize) -> usize) -> Option<String> {
        let letters = letters(word);
        let mut ways: Vec<(std::ops::Range<usize>, &str)> = Vec::new();
        let mut at = 0;
        while let Some(first) = letters[at..].chars().next() {
            let Some((group, sound)) = self.at(&letters[at..]) else {
                at += first.len_utf8();
                continue;
            };
            let end = at + group.len();
            let others = self.0.iter().filter(|(other, alike)| alike == sound && other != group);
            ways.extend(others.map(|(other, _)| (at..end, other.as_str())));
            at = end;
        }
        let (range, other) = ways.get(choose(ways.len()))?.clone();
        let mut respelled = letters;
        respelled.replace_range(range, other);
        Some(syllables(&respelled)).filter(|respelled| respelled != word)
    }

    /// How alike two names are, 0 to 1, by their letters and by how they sound: "Nguyen" and "Win", "정연" and "정현".
    pub(crate) fn likeness(&self, one: &str, other: &str) -> f64 {
        let (one, other) = (fold(one), fold(other));
        if one == other {
            return 1.0;
        }
        let written = strsim::normalized_damerau_levenshtein(&letters(&one), &letters(&other));
        let (one, other) = (self.consonants(&one), self.consonants(&other));
        let spoken = strsim::normalized_damerau_levenshtein(&one, &other);
        // A single consonant is that of too many words, and so are two between other vowels and beside other silent letters.
        if one == other && one.chars().count() > 1 && written >= WRITTEN_MIN {
            return 0.85 + 0.14 * written;
        }
        written.max(0.5 * written + 0.5 * spoken)
    }

    /// The key of a name without its vowels but one that it begins with: they are what a telephone bends first.
    fn consonants(&self, name: &str) -> String {
        let (mut key, mut kept) = (String::new(), String::new());
        self.key(&name.replace(' ', ""), &mut key);
        for c in key.chars() {
            let vowel = "aeiouy".contains(c) || (FIRST_MEDIAL..FIRST_MEDIAL + MEDIALS).contains(&(c as u32));
            let c = if vowel { 'a' } else { c };
            if (!vowel || kept.is_empty()) && !kept.ends_with(c) {
                kept.push(c);
            }
        }
        kept
    }

    fn at(&self, rest: &str) -> Option<(&str, &str)> {
        let row = self.0.iter().find(|(letters, _)| rest.starts_with(letters.as_str()))?;
        Some((&row.0, &row.1))
    }
}

/// Names with the same consonants share so much of how they are written.
const WRITTEN_MIN: f64 = 0.25;

/// A Hangul syllable is U+AC00 + (initial * 21 + medial) * 28 + final (Unicode, chapter 3.12).
const FIRST_SYLLABLE: u32 = 0xac00;
const INITIALS: [char; 19] = [
    'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ', 'ㅌ',
    'ㅍ', 'ㅎ',
];
/// Medials follow each other here in the same order.
const FIRST_MEDIAL: u32 = 'ㅏ' as u32;
const MEDIALS: u32 = 21;
const FINALS: [char; 28] = [
    ' ', 'ㄱ', 'ㄲ', 'ㄳ', 'ㄴ', 'ㄵ', 'ㄶ', 'ㄷ', 'ㄹ', 'ㄺ', 'ㄻ', 'ㄼ', 'ㄽ', 'ㄾ', 'ㄿ', 'ㅀ', 'ㅁ',
    'ㅂ', 'ㅄ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅊ', 'ㅋ', 'ㅌ', 'ㅍ', 'ㅎ',
];
/// Before a vowel it is not heard.
const SILENT_INITIAL: usize = 11;

/// Hangul syllables taken apart into letters; everything else as it is. An initial that is not heard is left out.
pub(crate) fn letters(word: &str) -> String {
    let mut letters = String::with_capacity(word.len());
    for c in word.chars() {
        let Some(number) = (c as u32).checked_sub(FIRST_SYLLABLE).filter(|number| *number < 11_172) else {
            letters.push(c);
            continue;
        };
        let (initial, medial, last) = (number / 28 / MEDIALS, number / 28 % MEDIALS, number % 28);
        if initial as usize != SILENT_INITIAL {
            letters.push(INITIALS[initial as usize]);
        }
        letters.extend(char::from_u32(FIRST_MEDIAL + medial));
        if last > 0 {
            letters.push(FINALS[last as usize]);
        }
    }
    letters
}

/// Letters put together into syllables as they are spoken: a consonant belongs to the vowel after it.
pub(crate) fn syllables(letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let initial = |at: usize| INITIALS.iter().position(|known| letters.get(at) == Some(known));
    let medial = |at: usize| {
        let c = *letters.get(at)? as u32;
        c.checked_sub(FIRST_MEDIAL).filter(|medial| *medial < MEDIALS)
    };
    let mut made = String::new();
    let mut at = 0;
    while at < letters.len() {
        let (first, vowel) = match (initial(at), medial(at + 1)) {
            (Some(first), Some(_)) => (first, at + 1),
            _ => (SILENT_INITIAL, at),
        };
        let Some(medial_number) = medial(vowel) else {
            made.push(letters[at]);
            at += 1;
            continue;
        };
        at = vowel + 1;
        let last = letters.get(at).and_then(|c| FINALS.iter().skip(1).position(|known| known == c));
        let last = last.filter(|_| medial(at + 1).is_none()).map_or(0, |last| last + 1);
        at += usize::from(last > 0);
        let number = (first as u32 * MEDIALS + medial_number) * 28 + last as u32;
        made.extend(char::from_u32(FIRST_SYLLABLE + number));
    }
    made
}

#[cfg(test)]
mod tests {
    use callwright_model::Language;

    use super::*;
    use crate::lexicon;

    fn key(language: Language, word: &str) -> String {
        let mut key = String::new();
        lexicon::of(language).expect("it is one of ours").sounds.key(word, &mut key);
        key
    }

    #[test]
    fn what_sounds_alike_has_one_key() {
        let rows = [
            (Language::EN, "fare", "fair"),
            (Language::EN, "flight", "flite"),
            (Language::EN, "cancelled", "canceled"),
            (Language::EN, "phone", "fone"),
            (Language::EN, "know", "no"),
            (Language::ES, "vuelo", "buelo"),
            (Language::ES, "hora", "ora"),
            (Language::ES, "llegar", "yegar"),
            (Language::ES, "queso", "keso"),
            (Language::KO, "내일", "네일"),
            (Language::KO, "왜", "웨"),
            (Language::KO, "음악", "으막"),
        ];
        for (language, one, other) in rows {
            assert_eq!(key(language, one), key(language, other), "{one} and {other}");
        }
        for (language, one, other) in [
            (Language::EN, "flight", "seat"),
            (Language::ES, "vuelo", "reserva"),
            (Language::KO, "비행기", "예약"),
        ] {
            assert_ne!(key(language, one), key(language, other), "{one} and {other}");
        }
    }

    #[test]
    fn another_spelling_sounds_the_same() {
        for (language, word) in [
            (Language::EN, "cancel"),
            (Language::ES, "vuelo"),
            (Language::KO, "예약"),
            (Language::KO, "취소"),
        ] {
            let sounds = &lexicon::of(language).expect("it is one of ours").sounds;
            for number in 0..8 {
                let other =
                    sounds.respelled(word, |ways| number % ways.max(1)).expect("there is another way");
                assert_ne!(other, word);
                assert!(!other.is_empty());
            }
            assert_eq!(sounds.respelled("77", |_| 0), None);
        }
    }

    #[test]
    fn syllables_are_taken_apart_and_put_together() {
        assert_eq!(letters("비행기"), "ㅂㅣㅎㅐㅇㄱㅣ");
        for word in ["비행기", "예약", "취소", "값", "k7", ""] {
            assert_eq!(syllables(&letters(word)), word);
        }
        assert_eq!(syllables(&letters("음악")), "으막");
    }
}
