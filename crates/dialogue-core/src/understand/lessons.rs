//! What there is to learn: the examples, what recognisers make of them, and sentences that mean none of it.

use std::collections::{BTreeMap, BTreeSet};

use super::Intent;
use super::features;
use super::fitted::{Lesson, Origin};
use super::noise::Noise;
use super::random::Random;
use crate::lexicon::fold;

/// Percent of words that are damaged in what is learnt from. Good recognisers on the telephone make 10 to 20 errors in a hundred words.
const DAMAGED_PERCENT: u8 = 20;
/// Percent of the skills' sentences that are also learnt with a greeting before them.
const COURTEOUS_PERCENT: u8 = 40;
/// Parts of the cross-validation.
pub(super) const PARTS: usize = 3;
/// Of a class with fewer sentences none is held out: nothing would be left to learn it from.
const HELD_OUT_FROM: usize = 4;
/// A sentence of ours for "none of these" that has such a share of its words in common with one of a skill's is left out: whoever
/// wrote the pack knows better.
const IN_COMMON: f32 = 0.5;

/// Sentences of each class: folded, without duplicates.
pub(super) struct Sentences<'i> {
    intents: &'i [Intent],
    /// By class.
    lines: Vec<Vec<String>>,
}

impl<'i> Sentences<'i> {
    /// `base` is what every pack has, `examples` the pack's own.
    pub(super) fn new(
        intents: &'i [Intent],
        base: &[(Intent, Vec<String>)],
        examples: &[(Intent, Vec<String>)],
    ) -> Self {
        let mut classes: Vec<Vec<String>> = vec![Vec::new(); intents.len()];
        let mut add = |intent: &Intent, folded: String| {
            let Some(class) = intents.iter().position(|other| other == intent) else { return };
            if !folded.is_empty() && !classes[class].contains(&folded) {
                classes[class].push(folded);
            }
        };
        let own: Vec<BTreeSet<String>> = examples
            .iter()
            .filter(|(intent, _)| *intent != Intent::None)
            .flat_map(|(_, lines)| lines.iter().map(|line| bag(&fold(line))))
            .collect();
        for (intent, lines) in examples {
            lines.iter().for_each(|line| add(intent, fold(line)));
        }
        for (intent, lines) in base {
            for folded in lines.iter().map(|line| fold(line)) {
                let words = bag(&folded);
                if *intent != Intent::None || own.iter().all(|own| in_common(own, &words) < IN_COMMON) {
                    add(intent, folded);
                }
            }
        }
        Self { intents, lines: classes }
    }

    /// Each sentence with its class.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.lines.iter().enumerate();
        numbered.flat_map(|(class, lines)| lines.iter().map(move |line| (class, line.as_str())))
    }

    /// All there is to learn. `none` is the class of what means none of these.
    pub(super) fn lessons(&self, none: usize, noise: &Noise, random: &mut Random) -> Vec<Lesson> {
        let telling = self.telling(none);
        let all: Vec<&str> = self.iter().flat_map(|(_, line)| features::words(line)).collect();
        let mut lessons = Vec::new();
        for (class, lines) in self.lines.iter().enumerate() {
            for (number, line) in lines.iter().enumerate() {
                let part = (lines.len() >= HELD_OUT_FROM).then_some(number % PARTS);
                let lesson = |text, class, origin| Lesson { text, class, origin, part };
                lessons.push(lesson(line.clone(), class, Origin::Said));
                let misheard = noise.damaged(line, DAMAGED_PERCENT, random);
                if misheard != *line {
                    lessons.push(lesson(misheard, class, Origin::Misheard));
                }
                if matches!(self.intents[class], Intent::Skill(_))
                    && let Some(courteous) = self.courteous(line, random)
                {
                    lessons.push(lesson(courteous, class, Origin::Misheard));
                }
                if class != none
                    && let Some(emptied) = emptied(line, |word| telling.contains(word), &all, random)
                {
                    lessons.push(lesson(emptied, none, Origin::Emptied));
                }
            }
        }
        lessons
    }

    /// A sentence with something before it that is said to anybody: who greets and then says what they want, wants that.
    fn courteous(&self, line: &str, random: &mut Random) -> Option<String> {
        if !random.percent(COURTEOUS_PERCENT) {
            return None;
        }
        let place = self.intents.iter().position(|intent| *intent == Intent::Hello)?;
        Some(format!("{} {line}", random.pick(&self.lines[place])?))
    }

    /// Words that tell one class from the others: most of the sentences that have them, class by class, are of one.
    fn telling(&self, none: usize) -> BTreeSet<&str> {
        let mut shares: BTreeMap<&str, (f32, f32)> = BTreeMap::new();
        for (_, lines) in
            self.lines.iter().enumerate().filter(|(class, lines)| *class != none && !lines.is_empty())
        {
            let mut found: BTreeMap<&str, f32> = BTreeMap::new();
            for word in lines.iter().flat_map(|line| features::words(line).collect::<BTreeSet<_>>()) {
                *found.entry(word).or_default() += 1.0 / lines.len() as f32;
            }
            for (word, share) in found {
                let (most, all) = shares.entry(word).or_default();
                *most = most.max(share);
                *all += share;
            }
        }
        shares.retain(|_, (most, all)| *most > TELLING * *all);
        shares.into_keys().collect()
    }
}

/// The share of a word that must be one class's before it counts as telling.
const TELLING: f32 = 0.6;

/// A sentence with words that mean nothing in the place of those that tell; `None` when none of it tells anything.
fn emptied(line: &str, tells: impl Fn(&str) -> bool, words: &[&str], random: &mut Random) -> Option<String> {
    let mut found = false;
    let other: Vec<String> = features::words(line)
        .map(|word| {
            if !tells(word) {
                return word.to_owned();
            }
            found = true;
            // Backwards a word is made of the language's letters, and no word.
            random.pick(words).map_or_else(String::new, |word| word.chars().rev().collect())
        })
        .collect();
    found.then(|| other.join(" "))
}

fn bag(folded: &str) -> BTreeSet<String> {
    features::words(folded).map(str::to_owned).collect()
}

fn in_common(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f32 {
    let both = one.intersection(other).count() as f32;
    both / (one.len() as f32 + other.len() as f32 - both).max(1.0)
}
