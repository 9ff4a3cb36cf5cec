//! What is made of an utterance.

use super::Intent;

/// What the interpreter makes of an utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The likeliest.
    pub intent: Intent,
    /// How likely, 0 to 1, fitted on examples that were held out; `Measured::calibration_error` tells how far that is off.
    pub probability: f32,
    /// The next likeliest, likeliest first, each with its probability; at most [`Reading::SECONDS`].
    pub seconds: Vec<(Intent, f32)>,
    /// How likely it is none of what is known, 0 to 1.
    pub none: f32,
}

impl Reading {
    /// How many seconds are kept.
    pub const SECONDS: usize = 3;
    /// Least probability of a reading that is acted on.
    const SURE: f32 = 0.5;
    /// Least distance to the next one.
    const MARGIN: f32 = 0.2;
    /// Least probability that it is one of two, before it is worth to ask which.
    const ONE_OF_TWO: f32 = 0.6;

    /// From the probabilities of all intents, which add up to 1; `none` is the place of [`Intent::None`].
    pub(super) fn new(intents: &[Intent], probabilities: &[f32], none: usize) -> Self {
        let mut order = [None; Self::SECONDS + 1];
        for (class, probability) in probabilities.iter().enumerate() {
            let mut next = Some((class, *probability));
            for place in &mut order {
                let ahead = match (*place, next) {
                    (Some((_, placed)), Some((_, next))) => next > placed,
                    (None, _) => true,
                    (Some(_), None) => false,
                };
                if ahead {
                    std::mem::swap(place, &mut next);
                }
            }
        }
        let mut ranked = order.into_iter().flatten().map(|(class, it)| (intents[class].clone(), it));
        let (intent, probability) = ranked.next().unwrap_or((Intent::None, 1.0));
        Self { intent, probability, seconds: ranked.collect(), none: probabilities[none] }
    }

    /// The intent, when it is sure enough to act on. "None of these" is never acted on.
    #[must_use]
    pub fn clear(&self) -> Option<&Intent> {
        let second = self.seconds.first().map_or(0.0, |(_, probability)| *probability);
        let sure = self.probability >= Self::SURE && self.probability - second >= Self::MARGIN;
        (sure && self.intent != Intent::None).then_some(&self.intent)
    }

    /// The likeliest of what is known: "none of these" aside. `None` where only that is known.
    #[must_use]
    pub fn known(&self) -> Option<&Intent> {
        let seconds = self.seconds.iter().map(|(intent, _)| intent);
        std::iter::once(&self.intent).chain(seconds).find(|intent| **intent != Intent::None)
    }

    /// Two skills of which it is one, when it is not clear which: what to ask the caller. "A refund, or a change?"
    #[must_use]
    pub fn close(&self) -> Option<[&str; 2]> {
        let (second, next) = self.seconds.first()?;
        let (Intent::Skill(one), Intent::Skill(other)) = (&self.intent, second) else { return None };
        // Half as likely as the first is not close.
        let close = self.probability + next >= Self::ONE_OF_TWO && next * 2.0 >= self.probability;
        (close && self.clear().is_none()).then_some([one, other])
    }
}
