//! Was the agent going to go on? A machine that speaks says the same thing in the same way each time, so its other utterances
//! of the run tell. Where others ended with the same words and nobody spoke over them, this is how the agent ends. That more follows
//! at once happens all the same, where a caller was answered within the pause; where it is no exception, the agent may have been cut
//! off.
//!
//! Nothing is guessed. Where no other utterance is alike, as with a voice that never says a thing twice in the same way, every
//! stop counts as one.

use super::judge::Heard;
use super::trace::Levels;
use crate::detect::Segment;
use crate::measure::Said;

/// What one call tells of the agent's utterances.
pub(super) struct Tracks<'a> {
    pub(super) said: &'a [Said],
    pub(super) heard: &'a [Segment],
    pub(super) levels: &'a Levels,
}

/// For each call its segments, with whether they ended by themselves.
pub(super) fn own_ends(calls: &[Tracks<'_>]) -> Vec<Vec<Heard>> {
    let utterances: Vec<Vec<Utterance>> = calls
        .iter()
        .map(|tracks| tracks.heard.iter().map(|&place| Utterance::of(place, tracks)).collect())
        .collect();
    let all: Vec<&Utterance> = utterances.iter().flatten().collect();
    utterances
        .iter()
        .map(|call| {
            call.iter().map(|this| Heard { place: this.place, own_end: this.ended_itself(&all) }).collect()
        })
        .collect()
}

struct Utterance {
    place: Segment,
    /// Loudness from its first sound on, [`Levels::BLOCK`] by block.
    envelope: Vec<f32>,
    /// Whether somebody spoke over its last seconds.
    spoken_over: bool,
}

impl Utterance {
    fn of(place: Segment, tracks: &Tracks<'_>) -> Self {
        let block = Levels::BLOCK as u64;
        let (from, to) = ((place.start.0 / block) as usize, (place.end.0 / block) as usize);
        let levels = tracks.levels.other.get(from..to.min(tracks.levels.other.len())).unwrap_or_default();
        let spoken_over = tracks.said.iter().map(|said| said.speech).any(|speech| {
            speech.start > place.start && speech.start < place.end && speech.start.0 + WATCHED >= place.end.0
        });
        Self { place, envelope: levels.iter().map(|level| level.max(FLOOR_DBFS)).collect(), spoken_over }
    }

    fn ended_itself(&self, all: &[&Self]) -> bool {
        if !self.spoken_over {
            return true;
        }
        let words = &self.envelope[self.envelope.len().saturating_sub(LAST_WORDS)..];
        let others = || all.iter().filter(|other| !std::ptr::eq(**other, self));
        let undisturbed = || others().filter(|other| !other.spoken_over);
        let nearest = least(undisturbed().map(|other| other.ends_with(words)));
        if words.len() < SHORTEST || nearest >= ALIKE_DB {
            return false;
        }
        let ends = undisturbed().filter(|other| other.ends_with(words) < ALIKE_DB).count();
        let alike = (nearest + CLEARLY_DB).min(ALIKE_DB);
        let goes_on = others().filter(|other| other.goes_on_after(words) < alike).count();
        goes_on * USUALLY <= ends
    }

    /// How much the end differs from these words.
    fn ends_with(&self, words: &[f32]) -> f32 {
        let start = self.envelope.len() as isize - words.len() as isize;
        least((start - SAME..=start + SAME).map(|at| self.differs(words, at)))
    }

    /// How much the stretch before the end differs that is most alike.
    fn goes_on_after(&self, words: &[f32]) -> f32 {
        let last = self.envelope.len() as isize - words.len() as isize - LONGER;
        least((0..=last).map(|at| self.differs(words, at)))
    }

    /// How much what is heard from this block on differs from these words.
    fn differs(&self, words: &[f32], at: isize) -> f32 {
        let Ok(at) = usize::try_from(at) else { return f32::MAX };
        let here = self.envelope.get(at..).unwrap_or_default();
        if here.len() + SAME as usize >= words.len() { difference(words, here) } else { f32::MAX }
    }
}

/// By how many dB two stretches differ on average, as far as both go, but for how loud they are in each window: an agent lowers its
/// voice when it is spoken over, and raises it again.
fn difference(one: &[f32], other: &[f32]) -> f32 {
    let length = one.len().min(other.len());
    let windows = one[..length].chunks(WINDOW).zip(other[..length].chunks(WINDOW));
    let gainless: f32 = windows
        .map(|(one, other)| {
            let differences: Vec<f32> = one.iter().zip(other).map(|(one, other)| one - other).collect();
            let gain = median(&differences).clamp(-LOWERED_DB, LOWERED_DB);
            differences.iter().map(|difference| (difference - gain).abs()).sum::<f32>()
        })
        .sum();
    gainless / length.max(1) as f32
}

fn least(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(f32::MAX, f32::min)
}

fn median(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// The longest window in which a stop is judged: two seconds.
const WATCHED: u64 = 32_000;
/// Below this it is silence; how deep a silence is says nothing.
const FLOOR_DBFS: f32 = -55.0;
/// The words by which an end is known: 1.2 s are three or four, said as they are only at the end of a sentence.
const LAST_WORDS: usize = 120;
/// Half a second: less is alike by chance.
const SHORTEST: usize = 50;
/// 150 ms longer is a word more.
const LONGER: isize = 15;
/// 60 ms: where a fading word ends depends on how the packets fell.
const SAME: isize = 6;
/// 200 ms: a syllable, within which a voice is not lowered and raised.
const WINDOW: usize = 20;
/// No agent lowers its voice further and still wants to be heard.
const LOWERED_DB: f32 = 20.0;
/// The same speech with its blocks cut elsewhere differs by 1 to 2 dB on average, other speech by 5 and more.
const ALIKE_DB: f32 = 3.0;
/// What is the same speech as well differs by no more than this in addition.
const CLEARLY_DB: f32 = 1.0;
/// As often as this an agent ends with some words for each time that it goes on after them.
const USUALLY: usize = 4;

#[cfg(test)]
mod tests;
