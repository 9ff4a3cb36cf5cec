//! Which skill, or which of the things that can be said at any time, an utterance means.
//!
//! Hashed character n-grams and words under a multinomial logistic model, trained when a pack loads: the same examples give
//! the same weights, always. There is a class for everything that is none of it, and a margin below which nothing is sure.

use std::collections::BTreeSet;

use callwright_model::Language;

use crate::lexicon::{Lexicon, fold};

/// What an utterance means as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Intent {
    /// A skill of the pack, by name.
    Skill(String),
    /// A question that the pack has the answer to, by name.
    Answer(String),
    /// Yes.
    Yes,
    /// No.
    No,
    /// Say that again.
    Repeat,
    /// Say that again, more slowly.
    Slower,
    /// Spell that.
    Spell,
    /// What was it that I told you?
    Recall,
    /// A person, please.
    Human,
    /// Goodbye.
    Goodbye,
    /// Stop, forget it.
    Stop,
    /// One moment.
    Wait,
    /// What can you do?
    Help,
    /// Hello, is anybody there?
    Hello,
    /// Thank you.
    Thanks,
    /// None of these.
    None,
}

impl Intent {
    /// The intents that every pack has.
    pub(crate) const BUILTIN: [Self; 14] = [
        Self::Yes,
        Self::No,
        Self::Repeat,
        Self::Slower,
        Self::Spell,
        Self::Recall,
        Self::Human,
        Self::Goodbye,
        Self::Stop,
        Self::Wait,
        Self::Help,
        Self::Hello,
        Self::Thanks,
        Self::None,
    ];

    /// The built-in intent of this name, as in the examples files.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        Self::BUILTIN.into_iter().find(|intent| intent.name() == name)
    }

    /// The skill that it is, if it is one.
    pub(crate) fn skill(&self) -> Option<&str> {
        match self {
            Self::Skill(name) => Some(name),
            Self::Answer(_)
            | Self::Yes
            | Self::No
            | Self::Repeat
            | Self::Slower
            | Self::Spell
            | Self::Recall
            | Self::Human
            | Self::Goodbye
            | Self::Stop
            | Self::Wait
            | Self::Help
            | Self::Hello
            | Self::Thanks
            | Self::None => None,
        }
    }

    /// Its name: the skill's, or the key under which a pack may give more examples of it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Skill(name) | Self::Answer(name) => name,
            Self::Yes => "yes",
            Self::No => "no",
            Self::Repeat => "repeat",
            Self::Slower => "slower",
            Self::Spell => "spell",
            Self::Recall => "recall",
            Self::Human => "human",
            Self::Goodbye => "goodbye",
            Self::Stop => "stop",
            Self::Wait => "wait",
            Self::Help => "help",
            Self::Hello => "hello",
            Self::Thanks => "thanks",
            Self::None => "none",
        }
    }
}

/// What the interpreter makes of an utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The likeliest.
    pub intent: Intent,
    /// How likely, 0 to 1.
    pub probability: f32,
    /// The next likeliest.
    pub second: Intent,
    /// How likely that is.
    pub second_probability: f32,
}

impl Reading {
    /// Least probability of a reading that is acted on.
    const SURE: f32 = 0.5;
    /// Least distance to the next one.
    const MARGIN: f32 = 0.2;

    /// The intent, when it is sure enough to act on. "None of these" is never acted on.
    #[must_use]
    pub fn clear(&self) -> Option<&Intent> {
        let sure =
            self.probability >= Self::SURE && self.probability - self.second_probability >= Self::MARGIN;
        (sure && self.intent != Intent::None).then_some(&self.intent)
    }
}

/// Hashed features: enough that n-grams of a few thousand sentences rarely meet.
const FEATURES: usize = 1 << 14;

/// Passes over the examples. Eight leave the training loss of the packs here under 0.1; more change nothing on the held-out
/// sentences of the tests.
const EPOCHS: usize = 8;

/// Step size for feature vectors of length one.
const STEP: f32 = 4.0;

/// A trained model of one pack and language.
pub(crate) struct Interpreter {
    language: Language,
    intents: Vec<Intent>,
    /// By feature, then class: one utterance touches a few contiguous rows.
    weights: Vec<f32>,
    bias: Vec<f32>,
    /// Words that some example has.
    vocabulary: BTreeSet<String>,
    /// Sentences that are examples word for word.
    exact: std::collections::BTreeMap<String, usize>,
}

impl Interpreter {
    /// Learns the examples of a pack together with the base ones. Of each longer sentence it also learns one with a word
    /// missing, since recognisers drop words.
    pub(crate) fn train(lexicon: &Lexicon, examples: &[(Intent, Vec<String>)]) -> Self {
        let mut intents: Vec<Intent> = Intent::BUILTIN.to_vec();
        for (intent, _) in examples {
            if !intents.contains(intent) {
                intents.push(intent.clone());
            }
        }
        let class_of = |intent: &Intent| intents.iter().position(|other| other == intent).unwrap_or(0);
        let mut samples: Vec<(Vec<(usize, f32)>, usize)> = Vec::new();
        let mut vocabulary = BTreeSet::new();
        let mut exact = std::collections::BTreeMap::new();
        let mut random = Random(0x5eed);
        for (intent, lines) in lexicon.intents.iter().chain(examples) {
            let class = class_of(intent);
            for line in lines {
                let folded = fold(line);
                let words: Vec<&str> = folded.split(' ').collect();
                vocabulary.extend(words.iter().map(|word| (*word).to_owned()));
                exact.insert(folded.clone(), class);
                samples.push((features(&folded), class));
                if words.len() >= 4 {
                    let gone = random.below(words.len());
                    let kept: Vec<&str> =
                        words.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, word)| *word).collect();
                    samples.push((features(&kept.join(" ")), class));
                }
            }
        }
        let classes = intents.len();
        let mut model = Self {
            language: lexicon.language,
            intents,
            weights: vec![0.0; FEATURES * classes],
            bias: vec![0.0; classes],
            vocabulary,
            exact,
        };
        let mut scores = vec![0.0; classes];
        for epoch in 0..EPOCHS {
            random.shuffle(&mut samples);
            let step = STEP / (1.0 + epoch as f32 * 0.3);
            for (features, class) in &samples {
                model.learn(features, *class, step, &mut scores);
            }
        }
        model
    }

    fn learn(&mut self, features: &[(usize, f32)], class: usize, step: f32, scores: &mut [f32]) {
        self.score(features, scores);
        softmax(scores);
        scores[class] -= 1.0;
        let classes = scores.len();
        for (feature, value) in features {
            let row = &mut self.weights[feature * classes..(feature + 1) * classes];
            for (weight, error) in row.iter_mut().zip(scores.iter()) {
                *weight -= step * value * error;
            }
        }
        for (bias, error) in self.bias.iter_mut().zip(scores.iter()) {
            *bias -= 0.05 * step * error;
        }
    }

    fn score(&self, features: &[(usize, f32)], scores: &mut [f32]) {
        let classes = scores.len();
        scores.copy_from_slice(&self.bias);
        for (feature, value) in features {
            let row = &self.weights[feature * classes..(feature + 1) * classes];
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += weight * value;
            }
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
    pub(crate) fn read(&self, words: &str) -> Reading {
        let folded = fold(words);
        let mut scores = vec![0.0; self.intents.len()];
        self.score(&features(&folded), &mut scores);
        softmax(&mut scores);
        if let Some(&class) = self.exact.get(&folded) {
            // Said word for word as in the examples: no doubt is left.
            scores.iter_mut().for_each(|score| *score *= 0.05);
            scores[class] += 0.95;
        } else {
            let strange = self.strange(&folded);
            scores.iter_mut().for_each(|score| *score *= 1.0 - strange);
            scores[self.none()] += strange;
        }
        let best = top(&scores, usize::MAX);
        let second = top(&scores, best);
        Reading {
            intent: self.intents[best].clone(),
            probability: scores[best],
            second: self.intents[second].clone(),
            second_probability: scores[second],
        }
    }

    fn none(&self) -> usize {
        self.intents.iter().position(|intent| *intent == Intent::None).unwrap_or(0)
    }

    /// How much of an utterance no example knows. Words with endings are compared by their beginnings, so that Korean particles
    /// and plurals do not make a sentence strange.
    fn strange(&self, folded: &str) -> f32 {
        let words: Vec<&str> = folded.split(' ').collect();
        let unknown = words.iter().filter(|word| !self.knows(word)).count();
        let share = unknown as f32 / words.len().max(1) as f32;
        // Up to half of the words may be names, codes and slips of the recogniser.
        ((share - 0.5) * 1.2).clamp(0.0, 0.6)
    }

    fn knows(&self, word: &str) -> bool {
        if self.vocabulary.contains(word) {
            return true;
        }
        let length = word.chars().count();
        let keep = if length <= 2 { length } else { (length * 2).div_ceil(3).max(2) };
        let stem: String = word.chars().take(keep).collect();
        self.vocabulary.range(stem.clone()..).next().is_some_and(|known| known.starts_with(&stem))
    }
}

impl std::fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Interpreter({}, {} intents)", self.language, self.intents.len())
    }
}

/// Words, pairs of words and character 2- to 5-grams inside word borders, hashed, as a vector of length one.
fn features(folded: &str) -> Vec<(usize, f32)> {
    let mut hashes: Vec<usize> = Vec::new();
    let mut add = |kind: u8, text: &str, weight: usize| {
        let hash = hash(kind, text);
        hashes.extend(std::iter::repeat_n(hash, weight));
    };
    let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    let mut marked = String::new();
    for word in &words {
        add(b'w', word, 3);
        marked.clear();
        marked.push('^');
        marked.push_str(word);
        marked.push('$');
        let starts: Vec<usize> = marked.char_indices().map(|(at, _)| at).chain([marked.len()]).collect();
        for length in 2..=5 {
            for window in starts.windows(length + 1) {
                add(b'c', &marked[window[0]..window[length]], 1);
            }
        }
    }
    for pair in words.windows(2) {
        add(b'p', &pair.join(" "), 2);
    }
    hashes.sort_unstable();
    let mut counted: Vec<(usize, f32)> = Vec::with_capacity(hashes.len());
    for hash in hashes {
        match counted.last_mut() {
            Some((last, count)) if *last == hash => *count += 1.0,
            Some(_) | None => counted.push((hash, 1.0)),
        }
    }
    let length = counted.iter().map(|(_, count)| count * count).sum::<f32>().sqrt().max(1.0);
    counted.iter_mut().for_each(|(_, count)| *count /= length);
    counted
}

/// FNV-1a, folded into the table.
fn hash(kind: u8, text: &str) -> usize {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in std::iter::once(kind).chain(text.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    ((hash ^ (hash >> 32)) as usize) & (FEATURES - 1)
}

fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// Index of the highest score but for `without`.
fn top(scores: &[f32], without: usize) -> usize {
    let mut best = usize::from(without == 0);
    for (index, score) in scores.iter().enumerate() {
        if index != without && *score > scores[best] {
            best = index;
        }
    }
    best
}

/// xorshift: order of examples only.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

#[cfg(test)]
mod tests;
