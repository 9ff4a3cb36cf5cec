//! What a recogniser on a bad line makes of words: some are lost, some run together, some become others that sound alike; and it is less
//! sure of what it got wrong, though not reliably.

use super::grammar::Grammar;
use super::lot::Lot;
use super::options::Noise;
use crate::call::Spoken;

impl Noise {
    /// What arrives of words.
    pub(super) fn heard(self, words: &str, grammar: &Grammar, lot: &mut Lot) -> Spoken {
        match self {
            Self::None => Spoken::clearly(words),
            Self::Recogniser => damaged(words, grammar, lot),
        }
    }
}

fn damaged(words: &str, grammar: &Grammar, lot: &mut Lot) -> Spoken {
    let (mut heard, mut errors, mut all): (Vec<String>, u32, u32) = (Vec::new(), 0, 0);
    let mut joins = false;
    for word in words.split_whitespace() {
        all += 1;
        if lot.happens(DROPPED) {
            errors += 1;
            continue;
        }
        let word = match grammar.sounds_like(word).filter(|_| lot.happens(CONFUSED)) {
            Some(other) => {
                errors += 1;
                other.to_owned()
            }
            None => word.to_owned(),
        };
        match heard.last_mut() {
            Some(last) if joins => last.push_str(&word),
            Some(_) | None => heard.push(word),
        }
        joins = lot.happens(MERGED);
        errors += u32::from(joins);
    }
    let wrong = f64::from(errors) / f64::from(all.max(1));
    let sure = 0.92 - 0.6 * wrong + 0.16 * (lot.share() - 0.5);
    let right = errors > 0 && lot.happens(SECOND_IS_RIGHT);
    Spoken {
        words: heard.join(" "),
        confidence: Some(sure.clamp(0.1, 0.99) as f32),
        alternatives: right.then(|| words.to_owned()).into_iter().collect(),
        ..Spoken::default()
    }
}

/// Of a hundred words on a mobile line small recognisers lose three, join two and take five for others: a word error rate of ten per cent.
const DROPPED: f64 = 0.03;
/// See [`DROPPED`].
const MERGED: f64 = 0.02;
/// Of words that sound like another; these are a part of all words, so that some five in a hundred come wrong.
const CONFUSED: f64 = 0.25;
/// How often what was said is the recogniser's second guess when it is not its first.
const SECOND_IS_RIGHT: f64 = 0.5;
