//! From scores to probabilities, by what came of sentences that were held out.

use super::fitted::Signals;
use super::linear::softmax;

/// How scores become probabilities: shares among what is known (temperature scaling; Guo et al., 2017), and how likely it is any of
/// that at all (a logistic regression over signs of strangeness; Platt, 1999).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gate {
    temperature: f32,
    /// What the nearest example of a class adds to its score.
    nearness: f32,
    weights: [f32; SIGNS],
}

/// Signs that a sentence is one of those that are known. The names stand in explanations.
pub(super) const SIGN_NAMES: [&str; SIGNS] = [
    "from the start",
    "score against none of these",
    "lead over the next",
    "nearest example",
    "nearest example of none of these",
    "unknown words",
    "few words",
];
const SIGNS: usize = 7;

/// A sentence that was held out.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) signals: Signals,
    pub(super) class: usize,
    pub(super) weight: f32,
}

impl Gate {
    /// `none` is the class of what means none of these.
    pub(super) fn fitted(outcomes: &[Outcome], none: usize) -> Self {
        let mut gate = Self { temperature: 1.0, nearness: 0.0, weights: [0.0; SIGNS] };
        let known: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.class != none).collect();
        let every = known.len().div_ceil(LOOKED_AT).max(1);
        let mut shares = Vec::new();
        let mut least = f32::INFINITY;
        for nearness in NEARNESS {
            for temperature in TEMPERATURES {
                let trial = Self { temperature, nearness, ..gate };
                let mut loss = 0.0;
                for outcome in known.iter().step_by(every) {
                    trial.shares(&outcome.signals, none, None, &mut shares);
                    loss -= outcome.weight * shares[outcome.class].max(1e-6).ln();
                }
                if loss < least {
                    least = loss;
                    (gate.temperature, gate.nearness) = (temperature, nearness);
                }
            }
        }
        let mut rows: Vec<Row> = Vec::new();
        for outcome in outcomes {
            let Outcome { signals, class, weight } = outcome;
            let inside = *class != none;
            let signs = gate.signs(signals, none, None, &mut shares);
            rows.push(Row { signs, inside, weight: *weight });
            if inside {
                // As if its own class were not there: what a caller wants that nobody thought of.
                let signs = gate.signs(signals, none, Some(*class), &mut shares);
                rows.push(Row { signs, inside: false, weight: weight * MASKED });
            }
        }
        gate.weights = regressed(&mut rows);
        gate
    }

    /// Writes the share of each class but "none of these" and `without`, as if it were surely one of them.
    pub(super) fn shares(
        &self,
        signals: &Signals,
        none: usize,
        without: Option<usize>,
        shares: &mut Vec<f32>,
    ) {
        shares.clear();
        let scores = signals.scores.iter().zip(&signals.near).enumerate();
        shares.extend(scores.map(|(class, (score, near))| {
            let out = class == none || Some(class) == without;
            if out { f32::MIN } else { score + self.nearness * near }
        }));
        softmax(shares, self.temperature);
        // Where nothing but "none of these" is known all are as likely.
        shares[none] = 0.0;
    }

    fn signs(
        &self,
        signals: &Signals,
        none: usize,
        without: Option<usize>,
        shares: &mut Vec<f32>,
    ) -> [f32; SIGNS] {
        self.shares(signals, none, without, shares);
        let (mut best, mut most, mut second) = (none, 0.0, 0.0);
        for (class, share) in shares.iter().enumerate() {
            if *share > most {
                (best, second, most) = (class, most, *share);
            } else if *share > second {
                second = *share;
            }
        }
        [
            1.0,
            signals.scores[best] - signals.scores[none],
            most - second,
            4.0 * signals.near[best],
            4.0 * signals.near[none],
            signals.unknown,
            1.0 / signals.words.max(1) as f32,
        ]
    }

    /// How likely a sentence is one of those that are known, 0 to 1.
    pub(super) fn inside(&self, signals: &Signals, none: usize, shares: &mut Vec<f32>) -> f32 {
        sigmoid(self.terms(signals, none, shares).iter().sum())
    }

    /// What each sign adds to the log-odds that a sentence is one of those that are known.
    pub(super) fn terms(&self, signals: &Signals, none: usize, shares: &mut Vec<f32>) -> [f32; SIGNS] {
        let mut terms = self.signs(signals, none, None, shares);
        terms.iter_mut().zip(self.weights).for_each(|(sign, weight)| *sign *= weight);
        terms
    }
}

/// What the nearest example may add; cosines are far smaller than scores.
const NEARNESS: [f32; 3] = [0.0, 4.0, 8.0];
const TEMPERATURES: [f32; 10] = [0.25, 0.35, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0];
/// Sentences that a trial looks at: more do not change which is best.
const LOOKED_AT: usize = 600;
/// How much a sentence counts as one of a class that nobody thought of.
const MASKED: f32 = 0.3;
/// Callers who want none of these, for each who wants one. What they are in truth differs from line to line.
const OUTSIDE: f32 = 0.5;
/// Rounds of Newton's method: it stands still after fewer.
const ROUNDS: usize = 12;
/// Keeps weights small, for a share of all rows' weight.
const RIDGE: f32 = 1e-3;

struct Row {
    signs: [f32; SIGNS],
    inside: bool,
    weight: f32,
}

/// Weights of a logistic regression, by Newton's method.
fn regressed(rows: &mut [Row]) -> [f32; SIGNS] {
    let sum = |rows: &[Row], inside: bool| -> f32 {
        rows.iter().filter(|row| row.inside == inside).map(|row| row.weight).sum()
    };
    let (within, outside) = (sum(rows, true).max(1e-6), sum(rows, false).max(1e-6));
    for row in rows.iter_mut() {
        row.weight *= if row.inside { 1.0 / within } else { OUTSIDE / outside };
    }
    let mut weights = [0.0_f32; SIGNS];
    for _ in 0..ROUNDS {
        let mut slope = [0.0_f32; SIGNS];
        let mut bend = [[0.0_f32; SIGNS]; SIGNS];
        for row in rows.iter() {
            let likely = sigmoid(row.signs.iter().zip(weights).map(|(sign, weight)| sign * weight).sum());
            let error = row.weight * (f32::from(u8::from(row.inside)) - likely);
            let spread = row.weight * likely * (1.0 - likely);
            for (at, sign) in row.signs.iter().enumerate() {
                slope[at] += error * sign;
                for (other, value) in bend[at].iter_mut().zip(row.signs) {
                    *other += spread * sign * value;
                }
            }
        }
        for at in 0..SIGNS {
            slope[at] -= RIDGE * weights[at];
            bend[at][at] += RIDGE;
        }
        let change = solved(bend, slope);
        weights.iter_mut().zip(change).for_each(|(weight, change)| *weight += change);
    }
    weights
}

/// Solves a small system of equations by elimination. The ridge keeps it from being singular.
fn solved(mut rows: [[f32; SIGNS]; SIGNS], mut right: [f32; SIGNS]) -> [f32; SIGNS] {
    for at in 0..SIGNS {
        let pivot = rows[at];
        let pivot_right = right[at];
        for (row, value) in rows.iter_mut().zip(&mut right).skip(at + 1) {
            let factor = row[at] / pivot[at];
            row.iter_mut().zip(pivot).for_each(|(cell, pivot)| *cell -= factor * pivot);
            *value -= factor * pivot_right;
        }
    }
    for at in (0..SIGNS).rev() {
        let known: f32 = (at + 1..SIGNS).map(|other| rows[at][other] * right[other]).sum();
        right[at] = (right[at] - known) / rows[at][at];
    }
    right
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
