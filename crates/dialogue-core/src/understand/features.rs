//! A sentence as a sparse vector: words, pairs of words, parts of words, and how words sound.

use crate::sounds::{Sounds, letters};

/// One thing that a sentence has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature<'a> {
    /// A word.
    Word(&'a str),
    /// Two words, one behind the other.
    Pair(&'a str, &'a str),
    /// Two to five letters of a word between its borders, `^` and `$`, or one sign that is a syllable.
    Part(&'a str),
    /// Three to seven letters of a word in Hangul whose syllables were taken apart: another form of a verb, or the next particle, changes
    /// the last letters of a syllable and keeps the others.
    Letters(&'a str),
    /// How a word sounds.
    Sound(&'a str),
}

impl Feature<'_> {
    /// How much it counts beside others: by cross-validation over the examples of the airline in four languages. Parts are many, for a word of
    /// six letters has eighteen; most pairs are of one sentence only.
    const fn weight(self) -> f32 {
        match self {
            Self::Word(_) => 3.0,
            Self::Pair(..) => 1.0,
            Self::Part(_) => 1.4,
            Self::Letters(_) => 2.0,
            Self::Sound(_) => 1.5,
        }
    }

    pub(super) fn hash(self) -> u64 {
        match self {
            Self::Word(word) => fnv(&["w", word]),
            Self::Pair(one, other) => fnv(&["p", one, " ", other]),
            Self::Part(part) | Self::Letters(part) => fnv(&["c", part]),
            Self::Sound(key) => fnv(&["s", key]),
        }
    }
}

/// FNV-1a, 64 bits: of some hundred thousand features no two are expected to meet.
pub(super) fn fnv(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Words of an utterance that are looked at: nobody tells a wish in more, and a turn may be as long as its caller likes.
const WORDS_MAX: usize = 80;
/// From here on (CJK, Hangul) a sign is a syllable or more.
const SYLLABLES: char = '\u{2e80}';
/// Letters of a word that are looked at.
const LETTERS_MAX: usize = 40;

/// The words of a folded sentence that are looked at.
pub(super) fn words(folded: &str) -> impl Iterator<Item = &str> {
    let short = |word: &'_ str| word.char_indices().nth(LETTERS_MAX).map_or(word.len(), |(at, _)| at);
    folded.split(' ').filter(|word| !word.is_empty()).take(WORDS_MAX).map(move |word| &word[..short(word)])
}

/// Shows every feature of a folded sentence, with the number of its word and how much it counts.
pub(super) fn each(folded: &str, sounds: &Sounds, mut show: impl FnMut(usize, Feature<'_>, f32)) {
    let mut show = |at: usize, feature: Feature<'_>| show(at, feature, feature.weight());
    let mut marked = String::new();
    let mut key = String::new();
    let mut starts: Vec<usize> = Vec::new();
    let mut before = None;
    for (at, word) in words(folded).enumerate() {
        show(at, Feature::Word(word));
        if let Some(before) = before.replace(word) {
            show(at, Feature::Pair(before, word));
        }
        let letters = letters(word);
        sounds.key_of(&letters, &mut key);
        show(at, Feature::Sound(&key));
        // A letter says nothing; what is written as one sign in Korean is a syllable.
        for (start, sign) in word.char_indices().filter(|(_, sign)| *sign >= SYLLABLES) {
            show(at, Feature::Part(&word[start..start + sign.len_utf8()]));
        }
        let apart = letters != word;
        marked.clear();
        marked.extend(["^", &letters, "$"]);
        starts.clear();
        starts.extend(marked.char_indices().map(|(start, _)| start).chain([marked.len()]));
        for length in if apart { 3..=7 } else { 2..=5 } {
            for window in starts.windows(length + 1) {
                let part = &marked[window[0]..window[length]];
                show(at, if apart { Feature::Letters(part) } else { Feature::Part(part) });
            }
        }
    }
}

/// Features that the examples have, each with how much it tells.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Vocabulary {
    /// Sorted.
    hashes: Vec<u64>,
    /// Inverse document frequency: what is in few sentences tells more.
    rareness: Vec<f32>,
    /// That of what no sentence has.
    unknown: f32,
}

/// A sentence: features by number, with their values; of length one together with what is not known of it.
pub(super) type Vector = Vec<(u32, f32)>;

/// How much what nobody has seen counts beside what is known, when a vector's length is taken. Damaged words are mostly unknown parts,
/// which should not outweigh the rest.
const UNKNOWN: f32 = 0.5;

impl Vocabulary {
    pub(super) fn new<'s>(sentences: impl Iterator<Item = &'s str>, sounds: &Sounds) -> Self {
        let mut all: Vec<u64> = Vec::new();
        let mut count = 0_usize;
        let mut one: Vec<u64> = Vec::new();
        for sentence in sentences {
            one.clear();
            each(sentence, sounds, |_, feature, _| one.push(feature.hash()));
            one.sort_unstable();
            one.dedup();
            all.extend(&one);
            count += 1;
        }
        all.sort_unstable();
        let mut hashes = Vec::new();
        let mut rareness = Vec::new();
        let rare = |found: usize| ((1.0 + count as f32) / (1.0 + found as f32)).ln() + 1.0;
        for same in all.chunk_by(|a, b| a == b) {
            hashes.push(same[0]);
            rareness.push(rare(same.len()));
        }
        Self { hashes, rareness, unknown: rare(0) * UNKNOWN }
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn number(&self, feature: Feature<'_>) -> Option<u32> {
        self.hashes.binary_search(&feature.hash()).ok().and_then(|at| u32::try_from(at).ok())
    }

    /// Writes a folded sentence as a vector.
    pub(super) fn vector(&self, folded: &str, sounds: &Sounds, vector: &mut Vector) {
        vector.clear();
        let mut unknown = 0.0_f32;
        each(folded, sounds, |_, feature, weight| match self.number(feature) {
            Some(number) => vector.push((number, weight * self.rareness[number as usize])),
            None => unknown += (weight * self.unknown).powi(2),
        });
        vector.sort_unstable_by_key(|(number, _)| *number);
        vector.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        let length = (vector.iter().map(|(_, value)| value * value).sum::<f32>() + unknown).sqrt().max(1.0);
        vector.iter_mut().for_each(|(_, value)| *value /= length);
    }
}
