//! One party's sound on the call's timeline: written where it sounds, read in order, a little later.

use std::collections::VecDeque;

/// Samples at 16 kHz by their position since the start of the media. What is written behind the reader is dropped and
/// counted; what is not written is silence.
#[derive(Debug, Default)]
pub(crate) struct Track {
    /// Position of the first sample that was not read yet.
    read: u64,
    waiting: VecDeque<i16>,
    dropped: u64,
}

impl Track {
    /// Puts samples at a position.
    pub(crate) fn write(&mut self, position: u64, samples: &[i16]) {
        let late =
            usize::try_from(self.read.saturating_sub(position)).unwrap_or(usize::MAX).min(samples.len());
        self.dropped += late as u64;
        let samples = &samples[late..];
        let Some(from) = (position + late as u64).checked_sub(self.read) else { return };
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        if samples.is_empty() || from > FAR {
            self.dropped += samples.len() as u64;
            return;
        }
        if self.waiting.len() < from + samples.len() {
            self.waiting.resize(from + samples.len(), 0);
        }
        for (place, &sample) in samples.iter().enumerate() {
            self.waiting[from + place] = sample;
        }
    }

    /// Takes everything up to a position into `out`, which is emptied first.
    pub(crate) fn read_to(&mut self, position: u64, out: &mut Vec<i16>) {
        out.clear();
        let count = usize::try_from(position.saturating_sub(self.read)).unwrap_or(0);
        let there = count.min(self.waiting.len());
        out.extend(self.waiting.drain(..there));
        out.resize(count, 0);
        self.read += count as u64;
    }

    /// Samples that came too late to be heard, or lay absurdly far ahead.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Ten seconds ahead: no honest stream is, and junk must not grow the buffer.
const FAR: usize = 160_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_in_its_place() {
        let mut track = Track::default();
        track.write(4, &[1, 2]);
        track.write(2, &[7]);
        let mut out = Vec::new();
        track.read_to(5, &mut out);
        assert_eq!(out, [0, 0, 7, 0, 1]);
        track.read_to(8, &mut out);
        assert_eq!(out, [2, 0, 0]);
        assert_eq!(track.dropped(), 0);
    }

    #[test]
    fn what_comes_late_or_from_far_away_is_counted() {
        let mut track = Track::default();
        let mut out = Vec::new();
        track.read_to(10, &mut out);
        track.write(8, &[1, 2, 3]);
        track.write(u64::MAX - 5, &[1]);
        track.write(0, &[1]);
        track.read_to(12, &mut out);
        assert_eq!(out, [3, 0]);
        assert_eq!(track.dropped(), 4);
    }
}
