//! Which words of a sentence are which input, learnt from sentences in which they are marked.
//!
//! What a pack declares needs none of this: a type says how a value sounds. A collection of others has names for its inputs and no types,
//! and how well those can be found is asked of its marks: a word begins an input, goes on with it, or is none (Ramshaw and Marcus, 1995).
//! The marks of a sentence are chosen together (Viterbi), by weights that an averaged perceptron has learnt (Collins, 2002).

use std::ops::Range;

use callwright_model::Language;

use super::features::fnv;
use super::random::Random;
use crate::lexicon::{self, fold};
use crate::sounds::Sounds;

/// Words of a sentence that are an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The input's name.
    pub name: String,
    /// Which of the sentence's words, parted by white space.
    pub words: Range<usize>,
}

/// Finds inputs as it has seen them marked.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagger {
    names: Vec<String>,
    sounds: &'static Sounds,
    /// Hashes of features that the examples have, sorted.
    features: Vec<u64>,
    /// By feature, then tag.
    weights: Vec<f32>,
    /// By tag, then the tag behind it.
    steps: Vec<f32>,
}

/// A sentence to learn from: the features of each of its words, and its tag.
struct Example {
    words: Vec<Vec<usize>>,
    tags: Vec<usize>,
}

/// The tag of a word that is no input. The input of number `n` begins with the tag `2 n + 1` and goes on with `2 n + 2`.
const NONE: usize = 0;
/// Passes over the examples.
const EPOCHS: usize = 8;
/// Passes after which the weights are near where they stay; the mean of those that follow is kept.
const SETTLED: usize = 2;
const SEED: u64 = 1;

impl Tagger {
    /// Learns from sentences and their marks; of marks that overlap the first counts. `None` where there are no words of the language.
    #[must_use]
    pub fn learnt(language: Language, sentences: &[(&str, &[Span])]) -> Option<Self> {
        let sounds = &lexicon::of(language)?.sounds;
        let mut names: Vec<String> =
            sentences.iter().flat_map(|(_, spans)| spans.iter().map(|span| span.name.clone())).collect();
        names.sort_unstable();
        names.dedup();
        let words: Vec<Vec<String>> = sentences.iter().map(|(said, _)| words(said)).collect();
        let mut features: Vec<u64> = Vec::new();
        for words in &words {
            (0..words.len()).for_each(|at| each(words, at, sounds, |feature| features.push(feature)));
        }
        features.sort_unstable();
        features.dedup();
        let tags = 2 * names.len() + 1;
        let (weights, steps) = (vec![0.0; features.len() * tags], vec![0.0; tags * tags]);
        let mut tagger = Self { names, sounds, features, weights, steps };
        let examples: Vec<Example> = sentences
            .iter()
            .zip(&words)
            .map(|((_, spans), words)| Example {
                words: tagger.known(words),
                tags: tagger.tags_of(spans, words.len()),
            })
            .collect();
        tagger.learn(&examples);
        Some(tagger)
    }

    /// The inputs that a sentence holds, from its beginning on.
    #[must_use]
    pub fn spans(&self, said: &str) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for (at, tag) in self.best(&self.known(&words(said))).into_iter().enumerate() {
            match (tag, spans.last_mut()) {
                (NONE, _) => {}
                (_, Some(span)) if tag.is_multiple_of(2) => span.words.end = at + 1,
                _ => spans.push(Span { name: self.names[(tag - 1) / 2].clone(), words: at..at + 1 }),
            }
        }
        spans
    }

    fn learn(&mut self, examples: &[Example]) {
        let mut random = Random::new(SEED);
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut sums = (vec![0.0; self.weights.len()], vec![0.0; self.steps.len()]);
        for epoch in 0..EPOCHS {
            random.shuffle(&mut order);
            for &at in &order {
                let Example { words, tags } = &examples[at];
                let guessed = self.best(words);
                if guessed != *tags {
                    self.reward(words, tags, 1.0);
                    self.reward(words, &guessed, -1.0);
                }
            }
            if epoch >= SETTLED {
                add(&mut sums.0, &self.weights);
                add(&mut sums.1, &self.steps);
            }
        }
        // Their scale does not matter to what is best.
        (self.weights, self.steps) = sums;
    }

    fn reward(&mut self, words: &[Vec<usize>], tags: &[usize], by: f32) {
        let count = self.tags();
        let mut before = NONE;
        for (features, &tag) in words.iter().zip(tags) {
            features.iter().for_each(|feature| self.weights[feature * count + tag] += by);
            self.steps[before * count + tag] += by;
            before = tag;
        }
    }

    /// The best tags for words, together. An input goes on only where it has begun.
    fn best(&self, words: &[Vec<usize>]) -> Vec<usize> {
        let count = self.tags();
        let mut reached = vec![f32::NEG_INFINITY; count];
        reached[NONE] = 0.0;
        let mut ways: Vec<Vec<usize>> = Vec::with_capacity(words.len());
        for features in words {
            let mut scores = vec![0.0; count];
            features.iter().for_each(|feature| add(&mut scores, &self.weights[feature * count..][..count]));
            let by = |before: usize, tag: usize| reached[before] + self.steps[before * count + tag];
            let better =
                |tag: usize| move |one: &usize, other: &usize| by(*one, tag).total_cmp(&by(*other, tag));
            let way: Vec<usize> = (0..count)
                .map(|tag| {
                    let goes_on = tag != NONE && tag.is_multiple_of(2);
                    let from = if goes_on { tag - 1..tag + 1 } else { 0..count };
                    from.max_by(better(tag)).unwrap_or(NONE)
                })
                .collect();
            scores.iter_mut().enumerate().for_each(|(tag, score)| *score += by(way[tag], tag));
            reached = scores;
            ways.push(way);
        }
        let mut tag =
            (0..count).max_by(|one, other| reached[*one].total_cmp(&reached[*other])).unwrap_or(NONE);
        let mut tags = Vec::with_capacity(words.len());
        for way in ways.iter().rev() {
            tags.push(tag);
            tag = way[tag];
        }
        tags.reverse();
        tags
    }

    fn tags(&self) -> usize {
        2 * self.names.len() + 1
    }

    fn tags_of(&self, spans: &[Span], words: usize) -> Vec<usize> {
        let mut tags = vec![NONE; words];
        for Span { name, words } in spans {
            let (Ok(number), Some(span)) = (self.names.binary_search(name), tags.get_mut(words.clone()))
            else {
                continue;
            };
            if span.iter().all(|tag| *tag == NONE) {
                span.fill(2 * number + 2);
                span.iter_mut().take(1).for_each(|tag| *tag -= 1);
            }
        }
        tags
    }

    /// The features of each word that the examples have too.
    fn known(&self, words: &[String]) -> Vec<Vec<usize>> {
        let of = |at| {
            let mut known = Vec::new();
            each(words, at, self.sounds, |feature| known.extend(self.features.binary_search(&feature)));
            known
        };
        (0..words.len()).map(of).collect()
    }
}

/// One folded text for each word that is parted by white space, so that places stay what they are.
fn words(said: &str) -> Vec<String> {
    said.split_whitespace().map(fold).collect()
}

/// Shows the features of a word: itself, two words to each side, its beginnings and ends, how it sounds, whether it has digits.
fn each(words: &[String], at: usize, sounds: &Sounds, mut show: impl FnMut(u64)) {
    let word = words[at].as_str();
    let before = |by: usize| at.checked_sub(by).map_or("^", |at| words[at].as_str());
    let after = |by: usize| words.get(at + by).map_or("$", String::as_str);
    show(fnv(&["0", word]));
    show(fnv(&["-1", before(1)]));
    show(fnv(&["-2", before(2)]));
    show(fnv(&["+1", after(1)]));
    show(fnv(&["+2", after(2)]));
    show(fnv(&["-10", before(1), " ", word]));
    show(fnv(&["0+1", word, " ", after(1)]));
    show(fnv(&["-2-1", before(2), " ", before(1)]));
    for (length, (end, c)) in (1..=AFFIX_MAX).zip(word.char_indices()) {
        show(fnv(&["begins", &word[..end + c.len_utf8()]]));
        let start = word.char_indices().nth_back(length - 1).map_or(0, |(start, _)| start);
        show(fnv(&["ends", &word[start..]]));
    }
    let mut key = String::new();
    sounds.key(word, &mut key);
    show(fnv(&["sounds", &key]));
    if word.contains(|c: char| c.is_ascii_digit()) {
        show(fnv(&["digits"]));
    }
}

fn add(sums: &mut [f32], each: &[f32]) {
    sums.iter_mut().zip(each).for_each(|(sum, one)| *sum += one);
}

/// Letters of a word's beginning and end that are looked at.
const AFFIX_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn span(name: &str, words: Range<usize>) -> Span {
        Span { name: name.to_owned(), words }
    }

    fn learnt() -> Tagger {
        let to = |at| [span("to", at)];
        let both = [span("from", 3..4), span("to", 5..7)];
        let sentences: [(&str, &[Span]); 6] = [
            ("a seat to New York please", &to(3..5)),
            ("take me to Lima", &to(3..4)),
            ("a flight from Madrid to San Jose", &both),
            ("one from Lima to New York", &[span("from", 2..3), span("to", 4..6)]),
            ("i would like to complain", &[]),
            ("what is the price", &[]),
        ];
        Tagger::learnt(Language::EN, &sentences).expect("English is there")
    }

    #[test]
    fn inputs_are_told_by_what_is_around_them() {
        let tagger = learnt();
        assert_eq!(tagger.spans("a flight from Oslo to Bergen"), [span("from", 3..4), span("to", 5..6)]);
        assert_eq!(tagger.spans("a seat to San Jose"), [span("to", 3..5)]);
        assert_eq!(tagger.spans("what is the price"), []);
        assert_eq!(tagger.spans(""), []);
    }

    #[test]
    fn the_same_sentences_teach_the_same() {
        assert_eq!(learnt(), learnt());
        let nothing = Tagger::learnt(Language::EN, &[("what is the price", &[])]).expect("English is there");
        assert_eq!(nothing.spans("what is the price to Lima"), []);
    }

    #[test]
    fn marks_that_overlap_or_lie_outside_are_passed_over() {
        let spans = [span("to", 1..3), span("from", 2..4), span("to", 9..12)];
        let tagger = Tagger::learnt(Language::EN, &[("to New York City", &spans)]).expect("English is there");
        assert_eq!(tagger.tags_of(&spans, 4), [NONE, 3, 4, NONE]);
        assert_eq!(tagger.spans("to New York City"), [span("to", 1..3)]);
    }
}
