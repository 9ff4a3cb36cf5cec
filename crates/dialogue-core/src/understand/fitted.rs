//! What is learnt from one set of sentences.

use super::features::{self, Vector, Vocabulary};
use super::linear::{Linear, Sample};
use super::nearest::Nearest;
use super::random::Random;
use crate::sounds::Sounds;

/// Where a sentence to learn from comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is an example.
    Said,
    /// An example, as a recogniser might have heard it.
    Misheard,
    /// An example in which other words stand for those that tell what it means: it is none of what is known.
    Emptied,
}

/// A sentence to learn from.
#[derive(Debug, Clone)]
pub(super) struct Lesson {
    /// Folded.
    pub(super) text: String,
    pub(super) class: usize,
    pub(super) origin: Origin,
    /// In which of the parts of a cross-validation it is held out; `None` when it never is.
    pub(super) part: Option<usize>,
}

impl Lesson {
    const fn weight(&self) -> f32 {
        match self.origin {
            Origin::Said => 1.0,
            Origin::Misheard | Origin::Emptied => 0.5,
        }
    }
}

/// A model of some sentences.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fitted {
    pub(super) vocabulary: Vocabulary,
    pub(super) linear: Linear,
    pub(super) nearest: Nearest,
    /// Words that some example has, sorted.
    words: Vec<String>,
}

/// What is made of a sentence, and room to work in.
#[derive(Debug, Clone, Default)]
pub(super) struct Signals {
    pub(super) vector: Vector,
    /// By class, without a scale.
    pub(super) scores: Vec<f32>,
    /// By class: how near its nearest example is, 0 to 1.
    pub(super) near: Vec<f32>,
    /// By example.
    pub(super) dots: Vec<f32>,
    /// Share of words that no example knows, 0 to 1.
    pub(super) unknown: f32,
    pub(super) words: usize,
}

impl Fitted {
    pub(super) fn new<'l>(
        lessons: impl Iterator<Item = &'l Lesson> + Clone,
        sounds: &Sounds,
        classes: usize,
        random: &mut Random,
    ) -> Self {
        let said = lessons.clone().filter(|lesson| lesson.origin == Origin::Said);
        let vocabulary = Vocabulary::new(said.clone().map(|lesson| lesson.text.as_str()), sounds);
        let sample = |lesson: &Lesson| {
            let mut vector = Vector::new();
            vocabulary.vector(&lesson.text, sounds, &mut vector);
            Sample { vector, class: lesson.class, weight: lesson.weight() }
        };
        let samples: Vec<Sample> = lessons.clone().map(sample).collect();
        let linear = Linear::learnt(&samples, vocabulary.len(), classes, random);
        let examples = lessons.zip(&samples).filter(|(lesson, _)| lesson.origin == Origin::Said);
        let nearest =
            Nearest::new(examples.map(|(_, sample)| (&sample.vector, sample.class)), vocabulary.len());
        let mut words: Vec<String> =
            said.flat_map(|lesson| features::words(&lesson.text)).map(str::to_owned).collect();
        words.sort_unstable();
        words.dedup();
        Self { vocabulary, linear, nearest, words }
    }

    /// Writes what is made of a folded sentence.
    pub(super) fn look(&self, folded: &str, sounds: &Sounds, classes: usize, signals: &mut Signals) {
        self.vocabulary.vector(folded, sounds, &mut signals.vector);
        signals.scores.resize(classes, 0.0);
        signals.near.resize(classes, 0.0);
        self.linear.score(&signals.vector, &mut signals.scores);
        self.nearest.look(&signals.vector, &mut signals.dots, &mut signals.near);
        let (mut count, mut unknown) = (0, 0);
        for word in features::words(folded) {
            count += 1;
            unknown += usize::from(!self.knows(word));
        }
        signals.words = count;
        signals.unknown = if count == 0 { 1.0 } else { unknown as f32 / count as f32 };
    }

    /// Whether an example has the word. Words with endings are compared by their beginnings, so that Korean particles and plurals
    /// do not make a sentence strange.
    pub(super) fn knows(&self, word: &str) -> bool {
        let length = word.chars().count();
        let keep = if length <= 2 { length } else { (length * 2).div_ceil(3).max(2) };
        let stem = word.char_indices().nth(keep).map_or(word, |(at, _)| &word[..at]);
        let at = self.words.partition_point(|known| known.as_str() < stem);
        self.words.get(at).is_some_and(|known| known.starts_with(stem))
    }

    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        let words: usize = self.words.iter().map(|word| word.len() + size_of::<String>()).sum();
        self.vocabulary.len() * 12 + self.linear.bytes() + self.nearest.bytes() + words
    }
}
