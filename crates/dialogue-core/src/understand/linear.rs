//! A multinomial logistic model over sparse vectors, learnt one sentence at a time.

use super::features::Vector;
use super::random::Random;

/// Passes over the examples. More change nothing on sentences that were held out.
const EPOCHS: usize = 8;
/// Passes after which the weights are near where they stay.
const SETTLED: usize = 3;
/// Step size for vectors of length one.
const STEP: f32 = 4.0;
/// A sentence is as good as known when its class has all but so much.
const KNOWN: f32 = 0.02;

/// Passes for which a sentence that is as good as known is let be.
const REST: u8 = 2;

/// A sentence to learn from.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) vector: Vector,
    pub(super) class: usize,
    /// How much it counts, 0 to 1.
    pub(super) weight: f32,
}

/// Scores of classes, from what a sentence has.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Linear {
    /// By feature, then class: one sentence touches a few contiguous rows.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Linear {
    pub(super) fn learnt(samples: &[Sample], features: usize, classes: usize, random: &mut Random) -> Self {
        let mut model = Self { weights: vec![0.0; features * classes], bias: vec![0.0; classes] };
        let mut order: Vec<usize> = (0..samples.len()).collect();
        let mut errors = vec![0.0; classes];
        let mut resting = vec![0_u8; samples.len()];
        let mut sums = vec![0.0; features * classes];
        for epoch in 0..EPOCHS {
            random.shuffle(&mut order);
            let step = STEP / (1.0 + epoch as f32 * 0.3);
            for &at in &order {
                if resting[at] > 0 {
                    resting[at] -= 1;
                    continue;
                }
                let sample = &samples[at];
                model.score(&sample.vector, &mut errors);
                softmax(&mut errors, 1.0);
                errors[sample.class] -= 1.0;
                if errors[sample.class] < -KNOWN {
                    model.correct(&sample.vector, &errors, step * sample.weight);
                } else {
                    resting[at] = REST;
                }
            }
            if epoch >= SETTLED {
                sums.iter_mut().zip(&model.weights).for_each(|(sum, weight)| *sum += weight);
            }
        }
        // The mean of the last passes, as the last sentences of each pull too hard (Polyak and Juditsky, 1992).
        let count = (EPOCHS - SETTLED) as f32;
        model.weights.iter_mut().zip(sums).for_each(|(weight, sum)| *weight = sum / count);
        model
    }

    fn correct(&mut self, vector: &Vector, errors: &[f32], step: f32) {
        let classes = errors.len();
        for (feature, value) in vector {
            let start = *feature as usize * classes;
            for (weight, error) in self.weights[start..start + classes].iter_mut().zip(errors) {
                *weight -= step * value * error;
            }
        }
        for (bias, error) in self.bias.iter_mut().zip(errors) {
            *bias -= 0.05 * step * error;
        }
    }

    pub(super) fn score(&self, vector: &Vector, scores: &mut [f32]) {
        let classes = scores.len();
        scores.copy_from_slice(&self.bias);
        for (feature, value) in vector {
            let start = *feature as usize * classes;
            for (score, weight) in scores.iter_mut().zip(&self.weights[start..start + classes]) {
                *score += weight * value;
            }
        }
    }

    /// What one feature says for a class.
    pub(super) fn weight(&self, feature: u32, class: usize) -> f32 {
        self.weights[feature as usize * self.bias.len() + class]
    }

    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        (self.weights.len() + self.bias.len()) * size_of::<f32>()
    }
}

/// Shares of scores, at a temperature.
pub(super) fn softmax(scores: &mut [f32], temperature: f32) {
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = ((*score - highest) / temperature).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}
