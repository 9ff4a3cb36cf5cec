//! A small trigram language model from weighted sentences, written in the ARPA format.
//!
//! Witten-Bell smoothing: what a history has been followed by so far says how likely something else follows it. The counts are
//! weights, not whole numbers, so that what is expected now can outweigh what is merely possible.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Sentence start and end as the format calls them.
pub(super) const START: &str = "<s>";
pub(super) const END: &str = "</s>";

/// Counts of one to three words in a row.
#[derive(Debug, Default)]
pub(super) struct Counts {
    words: Vec<String>,
    index: BTreeMap<String, u32>,
    one: BTreeMap<u32, f64>,
    two: BTreeMap<(u32, u32), f64>,
    three: BTreeMap<(u32, u32, u32), f64>,
}

impl Counts {
    /// The words met so far, without sentence boundaries.
    pub(super) fn vocabulary(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str).filter(|word| *word != START && *word != END)
    }

    /// Counts a sentence of words `weight` times.
    pub(super) fn sentence<S: AsRef<str>>(&mut self, words: &[S], weight: f64) {
        let mut path = Vec::with_capacity(words.len() + 2);
        path.push(self.id(START));
        path.extend(words.iter().map(|word| self.id(word.as_ref())));
        path.push(self.id(END));
        self.path(&path, weight);
    }

    /// Counts what may follow and join any sentence: "please" at its end, and another sentence after "and".
    pub(super) fn joints<S: AsRef<str>>(&mut self, words: &[S], weight: f64) {
        let ids: Vec<u32> = words.iter().map(|word| self.id(word.as_ref())).collect();
        let (please, and, end) = (self.id("please"), self.id("and"), self.id(END));
        let tail = &ids[ids.len().saturating_sub(2)..];
        let path: Vec<u32> = tail.iter().copied().chain([please, end]).collect();
        self.path(&path, weight);
        let path: Vec<u32> = tail.iter().copied().chain([and]).collect();
        self.path(&path, weight / 2.0);
        let path: Vec<u32> = [and].into_iter().chain(ids.iter().copied().take(2)).collect();
        self.path(&path, weight / 2.0);
    }

    /// Counts a filler that anything may follow.
    pub(super) fn lead(&mut self, filler: &str, weight: f64) {
        let (start, filler) = (self.id(START), self.id(filler));
        *self.one.entry(filler).or_default() += weight;
        *self.two.entry((start, filler)).or_default() += weight;
    }

    /// Counts any run of about `length` of the given symbols (each with its share of 1), `weight` times: after the words
    /// `before`, at the start of a sentence.
    pub(super) fn run(&mut self, before: &[&str], symbols: &[(&str, f64)], length: f64, weight: f64) {
        let mut lead = vec![self.id(START)];
        lead.extend(before.iter().map(|word| self.id(word)));
        let symbols: Vec<(u32, f64)> = symbols.iter().map(|&(word, share)| (self.id(word), share)).collect();
        let end = self.id(END);
        self.path(&lead, weight);
        let last = lead[lead.len() - 1];
        for &(a, share_a) in &symbols {
            *self.one.entry(a).or_default() += weight * share_a * length;
            *self.two.entry((last, a)).or_default() += weight * share_a;
            *self.two.entry((a, end)).or_default() += weight * share_a;
            if let [.., before_last, last] = lead[..] {
                *self.three.entry((before_last, last, a)).or_default() += weight * share_a;
            }
            for &(b, share_b) in &symbols {
                *self.two.entry((a, b)).or_default() += weight * share_a * share_b * (length - 1.0);
            }
        }
        *self.one.entry(end).or_default() += weight;
    }

    /// The model as text.
    pub(super) fn to_arpa(&self) -> String {
        let mut after_none = Followers::default();
        for (&word, &count) in &self.one {
            if self.words[word as usize] != START {
                after_none.add(count);
            }
        }
        let mut after_one: BTreeMap<u32, Followers> = BTreeMap::new();
        for (&(a, _), &count) in &self.two {
            after_one.entry(a).or_default().add(count);
        }
        let mut after_two: BTreeMap<(u32, u32), Followers> = BTreeMap::new();
        for (&(a, b, _), &count) in &self.three {
            after_two.entry((a, b)).or_default().add(count);
        }
        let uniform = 1.0 / self.one.len().max(1) as f64;
        let p1 = |word: u32| {
            let count = self.one.get(&word).copied().unwrap_or(0.0);
            after_none.smooth(count, uniform)
        };
        let p2 = |a: u32, b: u32| {
            let count = self.two.get(&(a, b)).copied().unwrap_or(0.0);
            after_one.get(&a).map_or_else(|| p1(b), |followers| followers.smooth(count, p1(b)))
        };
        let mut text = format!(
            "\\data\\\nngram 1={}\nngram 2={}\nngram 3={}\n\n\\1-grams:\n",
            self.one.len(),
            self.two.len(),
            self.three.len()
        );
        let line = |text: &mut String, p: f64, words: &[u32], backoff: Option<f64>| {
            write!(text, "{:.4}", p.max(1e-30).log10()).expect("a String takes all");
            for &word in words {
                write!(text, " {}", self.words[word as usize]).expect("a String takes all");
            }
            if let Some(backoff) = backoff {
                write!(text, " {:.4}", backoff.max(1e-30).log10()).expect("a String takes all");
            }
            text.push('\n');
        };
        for &word in self.one.keys() {
            let p = if self.words[word as usize] == START { NEVER } else { p1(word) };
            let backoff = after_one.get(&word).map_or(1.0, Followers::backoff);
            line(&mut text, p, &[word], Some(backoff));
        }
        text.push_str("\n\\2-grams:\n");
        for &(a, b) in self.two.keys() {
            let backoff = after_two.get(&(a, b)).map_or(1.0, Followers::backoff);
            line(&mut text, p2(a, b), &[a, b], Some(backoff));
        }
        text.push_str("\n\\3-grams:\n");
        for (&(a, b, c), &count) in &self.three {
            let p = after_two.get(&(a, b)).map_or_else(|| p2(b, c), |f| f.smooth(count, p2(b, c)));
            line(&mut text, p, &[a, b, c], None);
        }
        text.push_str("\n\\end\\\n");
        text
    }

    fn path(&mut self, path: &[u32], weight: f64) {
        for window in path.windows(2) {
            *self.two.entry((window[0], window[1])).or_default() += weight;
        }
        for window in path.windows(3) {
            *self.three.entry((window[0], window[1], window[2])).or_default() += weight;
        }
        for &word in path {
            *self.one.entry(word).or_default() += weight;
        }
    }

    fn id(&mut self, word: &str) -> u32 {
        if let Some(&id) = self.index.get(word) {
            return id;
        }
        let id = u32::try_from(self.words.len()).expect("fewer words than a turn has samples");
        self.words.push(word.to_owned());
        self.index.insert(word.to_owned(), id);
        id
    }
}

/// What has followed a history.
#[derive(Debug, Default)]
struct Followers {
    total: f64,
    kinds: f64,
}

impl Followers {
    fn add(&mut self, count: f64) {
        self.total += count;
        self.kinds += 1.0;
    }

    /// The share left for followers not seen.
    fn backoff(&self) -> f64 {
        let new = self.kinds * NOVELTY;
        new / (self.total + new)
    }

    fn smooth(&self, count: f64, lower: f64) -> f64 {
        let new = self.kinds * NOVELTY;
        if self.total + new == 0.0 { lower } else { (count + new * lower) / (self.total + new) }
    }
}

/// Share of a count that each kind of follower leaves for the unseen. Measured with `examples/accuracy`.
const NOVELTY: f64 = 0.2;
/// Probability of a word that is never predicted (the sentence start), as the format has it.
const NEVER: f64 = 1e-20;
