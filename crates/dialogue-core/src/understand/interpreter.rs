//! A trained model of one pack and language, and how it reads.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{Language, Utterance};

use super::features;
use super::fitted::{Fitted, Lesson, Origin, Signals};
use super::gate::{Gate, Outcome};
use super::lessons::{PARTS, Sentences};
use super::noise::Noise;
use super::random::Random;
use super::{Intent, Reading};
use crate::lexicon::{self, Lexicon, fold};
use crate::sounds::Sounds;

/// One seed for all packs: whoever has the same pack has the same weights.
const SEED: u64 = 0x5eed;

/// So many characters and numbers in a row are a code, or part of one: fewer may be words ("a", "one", "to").
const SPELLED_FROM: usize = 3;

/// So many words beside a code tell what is wanted.
const KEPT_MIN: usize = 3;

/// What is said word for word as in an example is that, but for so much.
const EXACT_DOUBT: f32 = 0.05;

/// From so many sentences on one part is held out instead of each in turn: it tells enough.
const MANY: usize = 1_000;

/// Readings of one utterance that are weighed, the best one included.
const WEIGHED_MAX: usize = 5;
/// What the first alternative counts beside the best reading when the recogniser does not say; the next ones count a half, a third of it.
const ALTERNATIVE: f32 = 0.25;

/// A trained model of one pack and language.
pub struct Interpreter {
    language: Language,
    pub(super) sounds: Sounds,
    /// What codes and numbers are said with.
    spelling: BTreeSet<String>,
    pub(super) intents: Vec<Intent>,
    /// The class of [`Intent::None`].
    pub(super) none: usize,
    pub(super) model: Fitted,
    pub(super) gate: Gate,
    /// Examples by their number in the model.
    pub(super) said: Vec<(String, usize)>,
    /// Sentences that are examples word for word.
    exact: BTreeMap<String, usize>,
}

impl Interpreter {
    /// Learns the examples of a pack together with the base ones.
    pub(crate) fn train(lexicon: &Lexicon, examples: &[(Intent, Vec<String>)]) -> Self {
        Self::learnt(lexicon, &lexicon.intents, examples)
    }

    /// Learns these examples alone, without what every pack has: to measure what is learnt from sentences that others collected.
    /// `None` when there are no tables for the language.
    #[must_use]
    pub fn of_examples(language: Language, examples: &[(Intent, Vec<String>)]) -> Option<Self> {
        Some(Self::learnt(lexicon::of(language)?, &[], examples))
    }

    fn learnt(lexicon: &Lexicon, base: &[(Intent, Vec<String>)], examples: &[(Intent, Vec<String>)]) -> Self {
        let mut intents: Vec<Intent> = vec![Intent::None];
        for (intent, _) in base.iter().chain(examples) {
            if !intents.contains(intent) {
                intents.push(intent.clone());
            }
        }
        let none = 0;
        let classes = intents.len();
        let sounds = lexicon.sounds.clone();
        let mut random = Random::new(SEED);
        let sentences = Sentences::new(&intents, base, examples);
        let noise = Noise::new(&sounds, sentences.iter().flat_map(|(_, line)| features::words(line)));
        let lessons = sentences.lessons(none, &noise, &mut random);
        let outcomes = held_out(&lessons, &sounds, classes, none, &mut random);
        let model = Fitted::new(lessons.iter(), &sounds, classes, &mut random);
        let said: Vec<(String, usize)> =
            sentences.iter().map(|(class, line)| (line.to_owned(), class)).collect();
        Self {
            language: lexicon.language,
            sounds,
            spelling: lexicon.letters.keys().chain(lexicon.numbers.keys()).cloned().collect(),
            none,
            model,
            gate: Gate::fitted(&outcomes, none),
            exact: said.iter().cloned().collect(),
            said,
            intents,
        }
    }

    /// Whether words are something that callers are known to say, from the first to the last.
    pub(crate) fn is_known(&self, words: &str) -> bool {
        self.exact.contains_key(&fold(words))
    }

    /// Whether words are the begin of something that callers are known to say, and not all of it.
    pub(crate) fn is_begun(&self, words: &str) -> bool {
        let begun = format!("{} ", fold(words));
        let next = self.exact.range(begun.clone()..).next();
        !self.exact.contains_key(begun.trim_end()) && next.is_some_and(|(next, _)| next.starts_with(&begun))
    }

    /// What the words mean.
    #[must_use]
    pub fn read(&self, words: &str) -> Reading {
        let mut room = Room::default();
        self.judge(&fold(words), &mut room);
        Reading::new(&self.intents, &room.shares, self.none)
    }

    /// What an utterance means, by all that the recogniser may have heard, each reading as likely as it says.
    #[must_use]
    pub fn weigh(&self, utterance: &Utterance) -> Reading {
        let mut room = Room::default();
        let mut sums = vec![0.0; self.intents.len()];
        let mut whole = 0.0;
        let others = utterance.alternatives.iter().enumerate().map(|(rank, other)| {
            let weight = other.weight.unwrap_or(ALTERNATIVE / (rank + 1) as f32);
            (other.words.reveal(), weight.clamp(0.0, 1.0))
        });
        for (words, weight) in
            std::iter::once((utterance.words.reveal(), 1.0)).chain(others).take(WEIGHED_MAX)
        {
            self.judge(&fold(words), &mut room);
            sums.iter_mut().zip(&room.shares).for_each(|(sum, share)| *sum += weight * share);
            whole += weight;
        }
        sums.iter_mut().for_each(|sum| *sum /= whole);
        Reading::new(&self.intents, &sums, self.none)
    }

    /// Writes how likely each intent is.
    pub(super) fn judge(&self, folded: &str, room: &mut Room) {
        let Room { signals, shares, work } = room;
        self.model.look(&self.without_codes(folded), &self.sounds, self.intents.len(), signals);
        self.gate.shares(signals, self.none, None, shares);
        let inside = if signals.words == 0 { 0.0 } else { self.gate.inside(signals, self.none, work) };
        shares.iter_mut().for_each(|share| *share *= inside);
        shares[self.none] = 1.0 - inside;
        if let Some(&class) = self.exact.get(folded) {
            shares.iter_mut().for_each(|share| *share *= EXACT_DOUBT);
            shares[class] += 1.0 - EXACT_DOUBT;
        }
    }

    /// Folded words without what is spelled: a code tells nothing of what its caller wants, and is strange to all that was learnt.
    pub(super) fn without_codes<'w>(&self, folded: &'w str) -> Cow<'w, str> {
        let spelled = |word: &str| {
            self.spelling.contains(word) || word.len() == 1 || word.bytes().any(|byte| byte.is_ascii_digit())
        };
        let words: Vec<&str> = folded.split(' ').collect();
        let runs: Vec<&[&str]> = words.chunk_by(|one, other| spelled(one) == spelled(other)).collect();
        let is_code = |run: &[&str]| run.len() >= SPELLED_FROM && spelled(run[0]);
        if !runs.iter().any(|run| is_code(run)) {
            return Cow::Borrowed(folded);
        }
        let kept: Vec<&str> = runs.into_iter().filter(|run| !is_code(run)).flatten().copied().collect();
        // Of a word or two beside it nobody knows what is wanted: "and flight three one eight". A code alone wants nothing.
        if (1..KEPT_MIN).contains(&kept.len()) { Cow::Borrowed(folded) } else { Cow::Owned(kept.join(" ")) }
    }

    /// Words as a recogniser might have heard them: so many percent of them dropped, run together, or taken for others that sound alike.
    /// The same seed does the same.
    #[must_use]
    pub fn misheard(&self, words: &str, percent: u8, seed: u64) -> String {
        let noise = Noise::new(&self.sounds, self.model.words().iter().map(String::as_str));
        noise.damaged(&fold(words), percent, &mut Random::new(seed))
    }

    /// What it can tell apart.
    #[must_use]
    pub fn intents(&self) -> &[Intent] {
        &self.intents
    }

    /// Bytes that it holds, but for what allocating costs.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let said: usize = self.said.iter().map(|(line, _)| 2 * line.len() + 80).sum();
        self.model.bytes() + said
    }
}

impl std::fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Interpreter({}, {} intents)", self.language, self.intents.len())
    }
}

/// What one reading leaves for the next.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) signals: Signals,
    /// By class: how likely it is.
    pub(super) shares: Vec<f32>,
    pub(super) work: Vec<f32>,
}

/// What becomes of sentences that are not learnt from.
fn held_out(
    lessons: &[Lesson],
    sounds: &Sounds,
    classes: usize,
    none: usize,
    random: &mut Random,
) -> Vec<Outcome> {
    let parts = if lessons.len() < MANY { PARTS } else { 1 };
    let mut outcomes = Vec::new();
    for part in 0..parts {
        let model = Fitted::new(lessons.iter().filter(|it| it.part != Some(part)), sounds, classes, random);
        for lesson in lessons.iter().filter(|lesson| lesson.part == Some(part)) {
            let mut signals = Signals::default();
            model.look(&lesson.text, sounds, classes, &mut signals);
            let weight = match lesson.origin {
                Origin::Said => 1.0,
                Origin::Misheard => 0.5,
                Origin::Emptied if lesson.class == none => 0.5,
                Origin::Emptied => 0.0,
            };
            outcomes.push(Outcome { signals, class: lesson.class, weight });
        }
    }
    outcomes
}
