//! Samples between a decoder, which yields packets of any length, and the tick, which wants 320.

use callwright_model::{FRAME_SAMPLES, Frame};

/// A queue of 16 kHz samples of fixed capacity. What is queued is always one slice, so that it can be worked on in place.
#[derive(Debug, Clone)]
pub struct PcmRing {
    samples: Box<[i16]>,
    start: usize,
    end: usize,
}

impl PcmRing {
    /// Samples it holds at most: two packets of the longest packet time (120 ms) and a frame.
    pub const CAPACITY: usize = 2 * 1_920 + FRAME_SAMPLES;

    /// An empty queue; the only place that allocates.
    #[must_use]
    pub fn new() -> Self {
        // Twice the capacity, so that samples are moved to the front only once in a while.
        Self { samples: vec![0; 2 * Self::CAPACITY].into_boxed_slice(), start: 0, end: 0 }
    }

    /// Samples queued.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether nothing is queued.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Samples that can still be queued.
    #[must_use]
    pub const fn room(&self) -> usize {
        Self::CAPACITY - self.len()
    }

    /// Queues as many of `samples` as there is room for and tells how many.
    pub fn push(&mut self, samples: &[i16]) -> usize {
        let count = samples.len().min(self.room());
        self.extend(count).copy_from_slice(&samples[..count]);
        count
    }

    /// Takes one frame off the front. Leaves `frame` alone and returns `false` when fewer samples are queued.
    pub fn pop_frame(&mut self, frame: &mut Frame) -> bool {
        if self.len() < FRAME_SAMPLES {
            return false;
        }
        frame.0.copy_from_slice(&self.samples[self.start..self.start + FRAME_SAMPLES]);
        self.discard(FRAME_SAMPLES);
        true
    }

    /// Drops up to `count` samples from the front.
    pub fn discard(&mut self, count: usize) {
        self.start += count.min(self.len());
        if self.is_empty() {
            // Begins anew in memory that was just used.
            self.clear();
        }
    }

    /// Drops samples from the back until `length` are left.
    pub fn truncate(&mut self, length: usize) {
        self.end = self.end.min(self.start + length);
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// What is queued, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[i16] {
        &self.samples[self.start..self.end]
    }

    /// What is queued, oldest first, to be worked on in place.
    pub fn as_mut_slice(&mut self) -> &mut [i16] {
        &mut self.samples[self.start..self.end]
    }

    /// Queues `count` samples for the caller to write. The caller has checked that there is room.
    pub(crate) fn extend(&mut self, count: usize) -> &mut [i16] {
        debug_assert!(count <= self.room(), "the caller checks the room");
        if self.end + count > self.samples.len() {
            self.samples.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.len());
        }
        let from = self.end;
        self.end += count;
        &mut self.samples[from..self.end]
    }
}

impl Default for PcmRing {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn samples_come_out_in_the_order_they_went_in(lengths in prop::collection::vec(0usize..2_500, 1..40)) {
            let mut ring = PcmRing::new();
            let (mut written, mut read) = (0i16, 0i16);
            for length in lengths {
                let samples: Vec<i16> = (0..length).map(|i| written.wrapping_add(i as i16)).collect();
                written = written.wrapping_add(ring.push(&samples) as i16);
                prop_assert_eq!(ring.len() + ring.room(), PcmRing::CAPACITY);
                let mut frame = Frame::SILENCE;
                while ring.pop_frame(&mut frame) {
                    for sample in frame.0 {
                        prop_assert_eq!(sample, read);
                        read = read.wrapping_add(1);
                    }
                }
            }
        }
    }
}
