//! How well sentences are read whose meaning is known.

use std::collections::{BTreeMap, BTreeSet};

use super::{Intent, Reading};

/// A sentence whose meaning is known, and how it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What it means.
    pub wanted: Intent,
    /// What was made of it.
    pub reading: Reading,
}

/// What came of sentences whose meaning is known. Shares are 0 to 1 and `None` where there is no sentence to tell by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// Sentences that mean something that is known.
    pub known: usize,
    /// Sentences that mean none of it.
    pub none: usize,
    /// Of the known ones: those whose likeliest meaning, "none of these" aside, is the right one.
    pub accuracy: Option<f64>,
    /// Of the known ones: those that are acted on rightly, without a question.
    pub clear: Option<f64>,
    /// Of all: those that are acted on wrongly, without a question.
    pub wrong: Option<f64>,
    /// Mean over all meanings, "none of these" among them, of the harmonic mean of precision and recall.
    pub macro_f1: Option<f64>,
    /// Of those that mean none: the share that is told as such where 5 % of the known ones are lost for it.
    pub none_recall: Option<f64>,
    /// The probability of "none of these" at which these 5 % are lost.
    pub none_threshold: f32,
    /// Expected calibration error: by how much probabilities are off, over ten bins (Naeini et al., 2015).
    pub calibration_error: Option<f64>,
    /// What was taken for something else: wanted, read, how often. The most frequent first.
    pub confusions: Vec<(Intent, Intent, usize)>,
}

/// Share of known sentences that may be lost for telling those that mean none.
const LOSS: f64 = 0.05;
/// Bins of probability.
const BINS: usize = 10;

impl Measured {
    /// Counts.
    #[must_use]
    pub fn of(judged: &[Judged]) -> Self {
        let (none, known): (Vec<&Judged>, Vec<&Judged>) =
            judged.iter().partition(|judged| judged.wanted == Intent::None);
        let (none_recall, none_threshold) = none_recall(&known, &none);
        let wrong = |judged: &&Judged| judged.reading.clear().is_some_and(|intent| *intent != judged.wanted);
        Self {
            known: known.len(),
            none: none.len(),
            accuracy: share(&known, |judged| judged.reading.known() == Some(&judged.wanted)),
            clear: share(&known, |judged| judged.reading.clear() == Some(&judged.wanted)),
            wrong: share(&judged.iter().collect::<Vec<_>>(), wrong),
            macro_f1: macro_f1(judged),
            none_recall,
            none_threshold,
            calibration_error: calibration_error(judged),
            confusions: confusions(judged),
        }
    }
}

/// How well the inputs that sentences hold are found: by name and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlotsMeasured {
    /// Inputs that the sentences hold.
    pub wanted: usize,
    /// Inputs that were found.
    pub found: usize,
    /// Of these: with the right value.
    pub right: usize,
}

impl SlotsMeasured {
    /// Counts a sentence: the names and values of what it holds, and of what was found in it.
    pub fn count(&mut self, wanted: &[(String, String)], found: &[(String, String)]) {
        let mut missing: Vec<&(String, String)> = wanted.iter().collect();
        self.wanted += wanted.len();
        self.found += found.len();
        for one in found {
            if let Some(at) = missing.iter().position(|wanted| *wanted == one) {
                missing.swap_remove(at);
                self.right += 1;
            }
        }
    }

    /// Harmonic mean of precision and recall, 0 to 1. `None` where there is nothing to find and nothing was found.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        let all = self.wanted + self.found;
        (all > 0).then(|| 2.0 * self.right as f64 / all as f64)
    }
}

fn share(judged: &[&Judged], right: impl Fn(&&Judged) -> bool) -> Option<f64> {
    let found = judged.iter().filter(|judged| right(judged)).count();
    (!judged.is_empty()).then(|| found as f64 / judged.len() as f64)
}

fn none_recall(known: &[&Judged], none: &[&Judged]) -> (Option<f64>, f32) {
    let mut lost: Vec<f32> = known.iter().map(|judged| judged.reading.none).collect();
    lost.sort_by(|a, b| b.total_cmp(a));
    let threshold = lost.get((lost.len() as f64 * LOSS) as usize).copied().unwrap_or(1.0);
    (share(none, |judged| judged.reading.none > threshold), threshold)
}

fn macro_f1(judged: &[Judged]) -> Option<f64> {
    let meanings: BTreeSet<&Intent> = judged.iter().map(|judged| &judged.wanted).collect();
    let f1 = |meaning: &Intent| {
        let wanted = judged.iter().filter(|judged| judged.wanted == *meaning).count();
        let read = judged.iter().filter(|judged| judged.reading.intent == *meaning).count();
        let both = judged.iter().filter(|it| it.wanted == *meaning && it.reading.intent == *meaning).count();
        2.0 * both as f64 / (wanted + read) as f64
    };
    let sum: f64 = meanings.iter().map(|meaning| f1(meaning)).sum();
    (!meanings.is_empty()).then(|| sum / meanings.len() as f64)
}

fn calibration_error(judged: &[Judged]) -> Option<f64> {
    let mut bins = [(0.0_f64, 0_usize, 0_usize); BINS];
    for Judged { wanted, reading } in judged {
        let bin = ((reading.probability * BINS as f32) as usize).min(BINS - 1);
        let (sum, count, right) = &mut bins[bin];
        *sum += f64::from(reading.probability);
        *count += 1;
        *right += usize::from(reading.intent == *wanted);
    }
    let off: f64 = bins.iter().map(|(sum, _, right)| (sum - *right as f64).abs()).sum();
    (!judged.is_empty()).then(|| off / judged.len() as f64)
}

fn confusions(judged: &[Judged]) -> Vec<(Intent, Intent, usize)> {
    let mut counts: BTreeMap<(&Intent, &Intent), usize> = BTreeMap::new();
    for Judged { wanted, reading } in judged.iter().filter(|judged| judged.wanted != judged.reading.intent) {
        *counts.entry((wanted, &reading.intent)).or_default() += 1;
    }
    let mut listed: Vec<_> =
        counts.into_iter().map(|((wanted, read), count)| (wanted.clone(), read.clone(), count)).collect();
    listed.sort_by_key(|confusion| std::cmp::Reverse(confusion.2));
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read as `a` with this probability, the rest being none.
    fn judged(wanted: &str, a: f32) -> Judged {
        let skill = |name: &str| Intent::Skill(name.to_owned());
        let wanted = if wanted == "none" { Intent::None } else { skill(wanted) };
        let intents = [Intent::None, skill("a"), skill("b")];
        Judged { wanted, reading: Reading::new(&intents, &[1.0 - a, a, 0.0], 0) }
    }

    #[test]
    fn what_came_of_sentences_is_counted() {
        let all =
            [judged("a", 0.9), judged("a", 0.9), judged("b", 0.9), judged("none", 0.1), judged("none", 0.6)];
        let measured = Measured::of(&all);
        assert_eq!((measured.known, measured.none), (3, 2));
        assert_eq!(measured.accuracy, Some(2.0 / 3.0));
        assert_eq!(measured.clear, Some(2.0 / 3.0));
        assert_eq!(measured.wrong, Some(2.0 / 5.0));
        // a: 2 of 2 wanted, 4 read; b: none; none: 1 of 2 wanted, 1 read.
        let f1 = (2.0 * 2.0 / 6.0 + 0.0 + 2.0 / 3.0) / 3.0;
        assert!(measured.macro_f1.is_some_and(|found| (found - f1).abs() < 1e-9), "{measured:?}");
        assert_eq!(measured.none_recall, Some(1.0));
        // Of four at 0.9 three are right, and the one at 0.6 is wrong.
        let off = ((4.0 * 0.9 - 3.0) + 0.6) / 5.0;
        assert!(measured.calibration_error.is_some_and(|found| (found - off).abs() < 1e-5), "{measured:?}");
        let skill = |name: &str| Intent::Skill(name.to_owned());
        assert_eq!(measured.confusions, [(skill("b"), skill("a"), 1), (Intent::None, skill("a"), 1)]);
    }

    #[test]
    fn recall_of_none_pays_for_a_twentieth_of_the_known() {
        let mut all: Vec<Judged> = (0..100).map(|number| judged("a", 1.0 - number as f32 / 200.0)).collect();
        all.extend((0..10).map(|number| judged("none", number as f32 / 10.0)));
        let measured = Measured::of(&all);
        let lost = all[..100].iter().filter(|it| it.reading.none > measured.none_threshold).count();
        assert_eq!(lost, 5);
        assert_eq!(measured.none_recall, Some(0.6));
    }

    #[test]
    fn inputs_count_by_name_and_value() {
        let slot = |input: &str, value: &str| (input.to_owned(), value.to_owned());
        let mut measured = SlotsMeasured::default();
        assert_eq!(measured.f1(), None);
        measured.count(&[slot("code", "A1"), slot("pin", "7")], &[slot("code", "A1"), slot("pin", "1")]);
        measured.count(&[slot("code", "B2")], &[]);
        assert_eq!(measured, SlotsMeasured { wanted: 3, found: 2, right: 1 });
        assert_eq!(measured.f1(), Some(0.4));
        // What is found twice is right once.
        let mut twice = SlotsMeasured::default();
        twice.count(&[slot("code", "A1")], &[slot("code", "A1"), slot("code", "A1")]);
        assert_eq!(twice, SlotsMeasured { wanted: 1, found: 2, right: 1 });
    }

    #[test]
    fn nothing_is_told_of_no_sentences() {
        assert_eq!(Measured::of(&[]), Measured { none_threshold: 1.0, ..Measured::default() });
    }
}
