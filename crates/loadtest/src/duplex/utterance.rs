//! Was the agent going to go on? A machine that speaks says the same thing in the same way each time, so its other utterances
//! of the run tell: one that begins alike and is longer means that it was cut off, one that ends at the same place with nobody
//! speaking over its end means that it ended by itself.
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
        let alike = all.iter().filter(|other| !std::ptr::eq(**other, self) && self.begins_like(other));
        let (mut longer, mut same) = (false, false);
        for other in alike {
            longer |= other.envelope.len() > self.envelope.len() + LONGER;
            same |= other.envelope.len().abs_diff(self.envelope.len()) <= SAME && !other.spoken_over;
        }
        same && !longer
    }

    /// Whether the other is this one, as far as this one goes.
    fn begins_like(&self, other: &Self) -> bool {
        let length = self.envelope.len();
        length >= SHORTEST
            && other.envelope.len() + SAME >= length
            && (-SHIFT..=SHIFT).any(|shift| {
                let differences: Vec<f32> = (0..length)
                    .filter_map(|at| {
                        let there = usize::try_from(at as isize + shift).ok()?;
                        Some(self.envelope[at] - other.envelope.get(there)?)
                    })
                    .collect();
                alike(&differences)
            })
    }
}

/// Whether two stretches differ in no more than how loud they are, window by window: an agent lowers its voice when it is spoken
/// over, and raises it again.
fn alike(differences: &[f32]) -> bool {
    let gainless: f32 = differences
        .chunks(WINDOW)
        .map(|window| {
            let gain = median(window).clamp(-LOWERED_DB, LOWERED_DB);
            window.iter().map(|difference| (difference - gain).abs()).sum::<f32>()
        })
        .sum();
    gainless / (differences.len().max(1) as f32) < ALIKE_DB
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
/// Half a second: shorter beginnings are alike by chance.
const SHORTEST: usize = 50;
/// 150 ms longer is a word more.
const LONGER: usize = 15;
/// 60 ms: where a fading word ends depends on how the packets fell.
const SAME: usize = 6;
/// 20 ms: where the first sound lies does too.
const SHIFT: isize = 2;
/// 200 ms: a syllable, within which a voice is not lowered and raised.
const WINDOW: usize = 20;
/// No agent lowers its voice further and still wants to be heard.
const LOWERED_DB: f32 = 20.0;
/// The same speech with its blocks cut elsewhere differs by 1 to 2 dB on average, other speech by 5 and more.
const ALIKE_DB: f32 = 3.0;

#[cfg(test)]
mod tests;
