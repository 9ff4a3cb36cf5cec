//! The examples that a sentence is most like.

use super::features::Vector;

/// All examples, by what they have.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Nearest {
    /// Where each feature's entries begin; one more than there are features.
    starts: Vec<u32>,
    /// Example and value.
    entries: Vec<(u32, f32)>,
    /// Class of each example.
    classes: Vec<u32>,
}

impl Nearest {
    pub(super) fn new<'v>(examples: impl Iterator<Item = (&'v Vector, usize)>, features: usize) -> Self {
        let mut by_feature: Vec<Vec<(u32, f32)>> = vec![Vec::new(); features];
        let mut classes: Vec<u32> = Vec::new();
        for (vector, class) in examples {
            let example = classes.len() as u32;
            classes.push(class as u32);
            vector.iter().for_each(|(feature, value)| by_feature[*feature as usize].push((example, *value)));
        }
        let mut starts = Vec::with_capacity(features + 1);
        let mut entries = Vec::new();
        starts.push(0);
        for listed in by_feature {
            entries.extend(listed);
            starts.push(entries.len() as u32);
        }
        Self { starts, entries, classes }
    }

    /// Writes how near the nearest example of each class is: the cosine of the angle between them, 0 to 1. `dots` is room to work in,
    /// and holds the nearness of each example afterwards.
    pub(super) fn look(&self, vector: &Vector, dots: &mut Vec<f32>, near: &mut [f32]) {
        dots.clear();
        dots.resize(self.classes.len(), 0.0);
        for (feature, value) in vector {
            let feature = *feature as usize;
            let range = self.starts[feature] as usize..self.starts[feature + 1] as usize;
            for (example, other) in &self.entries[range] {
                dots[*example as usize] += value * other;
            }
        }
        near.fill(0.0);
        for (dot, class) in dots.iter().zip(&self.classes) {
            let best = &mut near[*class as usize];
            *best = best.max(*dot);
        }
    }

    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        self.starts.len() * 4 + self.entries.len() * 8 + self.classes.len() * 4
    }
}
