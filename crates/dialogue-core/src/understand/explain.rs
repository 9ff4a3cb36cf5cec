//! Why an utterance was read as it was.

use std::collections::BTreeMap;

use super::features::{self, Feature};
use super::gate::SIGN_NAMES;
use super::interpreter::Room;
use super::{Intent, Interpreter, Reading};
use crate::lexicon::fold;
use crate::sounds::syllables;

/// What spoke for a reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What it was read as.
    pub reading: Reading,
    /// The two intents that were between: what is for the first is against the second.
    pub between: [Intent; 2],
    /// Words of the utterance with all that their parts, sounds and pairs say, in the order in which they were said.
    pub words: Vec<Evidence>,
    /// The single features that said most, for or against.
    pub features: Vec<Evidence>,
    /// Words that no example knows.
    pub unknown: Vec<String>,
    /// The example that is most like it, folded, what it means, and how near it is, 0 to 1.
    pub nearest: Option<(String, Intent, f32)>,
    /// Signs that it is one of what is known (above 0) or none of it (below), in units of log-odds.
    pub signs: Vec<(&'static str, f32)>,
    /// It is an example word for word: then nothing else counts.
    pub exact: bool,
}

/// How much something says.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What it is.
    pub kind: Kind,
    /// The word, pair, part or sound.
    pub what: String,
    /// What it adds to the score of the first of the two intents, less what it adds to the second's.
    pub weight: f32,
}

/// Kinds of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A word.
    Word,
    /// Two words, one behind the other.
    Pair,
    /// Some letters of a word; `^` and `$` are its borders.
    Part,
    /// How a word sounds.
    Sound,
}

/// Features that are told.
const TOLD: usize = 12;

impl Interpreter {
    /// What the words mean, and why.
    #[must_use]
    pub fn explain(&self, words: &str) -> Explanation {
        let folded = fold(words);
        let mut room = Room::default();
        self.judge(&folded, &mut room);
        let folded = self.without_codes(&folded);
        let reading = Reading::new(&self.intents, &room.shares, self.none);
        let class = |intent: &Intent| self.intents.iter().position(|it| it == intent).unwrap_or(self.none);
        let other = reading.seconds.first().map_or(Intent::None, |(second, _)| second.clone());
        let (first, second) = (class(&reading.intent), class(&other));
        let values: BTreeMap<u32, f32> = room.signals.vector.iter().copied().collect();
        // A feature that is there twice has its value once.
        let mut counts: BTreeMap<u32, f32> = BTreeMap::new();
        features::each(&folded, &self.sounds, |_, feature, _| {
            if let Some(number) = self.model.vocabulary.number(feature) {
                *counts.entry(number).or_default() += 1.0;
            }
        });
        let said: Vec<&str> = features::words(&folded).collect();
        let mut by_word = vec![0.0_f32; said.len()];
        let mut by_feature: BTreeMap<(Kind, String), f32> = BTreeMap::new();
        features::each(&folded, &self.sounds, |at, feature, _| {
            let Some(number) = self.model.vocabulary.number(feature) else { return };
            let value =
                values.get(&number).copied().unwrap_or(0.0) / counts.get(&number).copied().unwrap_or(1.0);
            let lead = self.model.linear.weight(number, first) - self.model.linear.weight(number, second);
            by_word[at] += value * lead;
            *by_feature.entry(named(feature)).or_default() += value * lead;
        });
        let mut features: Vec<Evidence> =
            by_feature.into_iter().map(|((kind, what), weight)| Evidence { kind, what, weight }).collect();
        features.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        features.truncate(TOLD);
        let nearest = room.signals.dots.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
        let nearest = nearest.filter(|(_, near)| **near > 0.0).and_then(|(example, near)| {
            let (line, class) = self.said.get(example)?;
            Some((line.clone(), self.intents[*class].clone(), *near))
        });
        let terms = self.gate.terms(&room.signals, self.none, &mut room.work);
        Explanation {
            between: [reading.intent.clone(), other],
            reading,
            words: said
                .iter()
                .zip(by_word)
                .map(|(word, weight)| Evidence { kind: Kind::Word, what: (*word).to_owned(), weight })
                .collect(),
            features,
            unknown: said
                .iter()
                .filter(|word| !self.model.knows(word))
                .map(|word| (*word).to_owned())
                .collect(),
            nearest,
            signs: SIGN_NAMES.into_iter().zip(terms).collect(),
            exact: self.is_known(words),
        }
    }
}

fn named(feature: Feature<'_>) -> (Kind, String) {
    match feature {
        Feature::Word(word) => (Kind::Word, word.to_owned()),
        Feature::Pair(one, other) => (Kind::Pair, format!("{one} {other}")),
        Feature::Part(part) => (Kind::Part, part.to_owned()),
        Feature::Letters(letters) => (Kind::Part, syllables(letters)),
        Feature::Sound(key) => (Kind::Sound, key.to_owned()),
    }
}
