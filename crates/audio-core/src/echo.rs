//! Takes out of what we hear what we have sent.

use aec3::api::config::EchoCanceller3Config;
use aec3::audio_processing::aec3::block::Block;
use aec3::audio_processing::aec3::block_processor::BlockProcessor;
use callwright_model::{Frame, SAMPLE_RATE};

/// An acoustic and line echo canceller for one leg.
///
/// Finds the delay of the echo by itself (up to about half a second). Costs some 5 ms of CPU for each second of sound, so
/// run it only while something is being said and for the tail of its echo; [`EchoCanceller::reset`] when it was off for
/// longer than that. Between calls of `process` there must be no gap while it runs.
///
/// Its own buffers are made at construction, but the library's transforms take scratch memory on each call: 85 small
/// allocations a frame, all freed within it. It is the one part of the 20 ms path that allocates.
pub struct EchoCanceller {
    processor: BlockProcessor,
    far: Block,
    near: Block,
    rumble: RumbleFilter,
}

impl EchoCanceller {
    /// A canceller that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            processor: BlockProcessor::new(EchoCanceller3Config::default(), SAMPLE_RATE as i32, 1, 1),
            far: Block::new(1, 1),
            near: Block::new(1, 1),
            rumble: RumbleFilter::default(),
        }
    }

    /// Removes from `near`, the frame just received, the echo of `far`, the frame just sent, and of those before.
    pub fn process(&mut self, far: &Frame, near: &mut Frame) {
        for (far, near) in far.0.chunks_exact(BLOCK).zip(near.0.chunks_exact_mut(BLOCK)) {
            for (slot, &sample) in self.far.view_mut(0, 0).iter_mut().zip(far) {
                *slot = f32::from(sample);
            }
            let saturated = near.iter().any(|&sample| sample.unsigned_abs() >= SATURATED);
            for (slot, &sample) in self.near.view_mut(0, 0).iter_mut().zip(near.iter()) {
                *slot = self.rumble.next(f32::from(sample));
            }
            self.processor.buffer_render(&self.far);
            self.processor.process_capture(false, saturated, None, &mut self.near);
            for (sample, &slot) in near.iter_mut().zip(self.near.view(0, 0)) {
                // The cast saturates.
                *sample = slot.round() as i16;
            }
        }
    }

    /// Forgets the echo path. Allocates: it is for the start of a stream, not for a tick.
    pub fn reset(&mut self) {
        *self = Self::new();
    }
}

impl Default for EchoCanceller {
    fn default() -> Self {
        Self::new()
    }
}

/// Samples the library works on at once; five of them make a frame.
const BLOCK: usize = 64;
/// A microphone at its limit distorts, which no linear filter follows: the library then suppresses more.
const SATURATED: u16 = 32_700;

/// Keeps offset and mains hum out of the canceller, whose filter would waste itself on them.
#[derive(Debug, Clone, Copy, Default)]
struct RumbleFilter {
    input: f32,
    output: f32,
}

impl RumbleFilter {
    /// One pole at 40 Hz.
    fn next(&mut self, sample: f32) -> f32 {
        const POLE: f32 = 0.984_4;
        self.output = POLE * (self.output + sample - self.input);
        self.input = sample;
        self.output
    }
}

#[cfg(test)]
pub(crate) mod tests;
