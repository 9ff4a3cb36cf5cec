//! Loudness without clicks, and adding one sound to another.

use std::time::Duration;

use callwright_model::{Frame, Samples};

/// A gain that moves to its target over a chosen time, sample by sample: ducking, resuming, fading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GainRamp {
    gain: f32,
    target: f32,
    left: u32,
}

impl GainRamp {
    /// Full voice.
    #[must_use]
    pub const fn new() -> Self {
        Self { gain: 1.0, target: 1.0, left: 0 }
    }

    /// Moves to `decibels` (0 is unchanged, below -90 is silence) over this time, from wherever the gain is. Zero time
    /// takes effect with the next sample.
    pub fn set(&mut self, decibels: f32, over: Duration) {
        self.target = if decibels <= -90.0 { 0.0 } else { 10f32.powf(decibels / 20.0) };
        self.left = u32::try_from(Samples::of(over).0).unwrap_or(u32::MAX);
        if self.left == 0 {
            self.gain = self.target;
        }
    }

    /// Whether the target is reached.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.left == 0
    }

    /// Whether nothing is heard and nothing will be until the next [`GainRamp::set`].
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.is_settled() && self.gain == 0.0
    }

    /// Applies the gain to a frame and moves on by its length.
    pub fn apply(&mut self, frame: &mut Frame) {
        if self.left == 0 && self.gain == 1.0 {
            return;
        }
        for sample in &mut frame.0 {
            if self.left > 0 {
                self.gain += (self.target - self.gain) / self.left as f32;
                self.left -= 1;
            }
            // The cast saturates.
            *sample = (f32::from(*sample) * self.gain).round() as i16;
        }
        if self.left == 0 {
            self.gain = self.target;
        }
    }
}

impl Default for GainRamp {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds `sound` to `out`; what is too loud is clipped, not wrapped.
pub fn mix_into(out: &mut Frame, sound: &Frame) {
    for (out, &sample) in out.0.iter_mut().zip(&sound.0) {
        *out = out.saturating_add(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use callwright_model::FRAME_SAMPLES;

    #[test]
    fn ducking_takes_its_time_and_arrives() {
        let mut ramp = GainRamp::new();
        ramp.set(-12.0, Duration::from_millis(30));
        let mut first = Frame([10_000; FRAME_SAMPLES]);
        ramp.apply(&mut first);
        assert!(first.0.windows(2).all(|w| w[0] >= w[1] && w[0] - w[1] < 40), "falls without a step");
        assert!(!ramp.is_settled());
        let mut second = Frame([10_000; FRAME_SAMPLES]);
        ramp.apply(&mut second);
        assert!(ramp.is_settled());
        assert_eq!(second.0[FRAME_SAMPLES - 1], 2_512);
    }

    #[test]
    fn a_ramp_can_turn_around_half_way() {
        let mut ramp = GainRamp::new();
        ramp.set(-12.0, Duration::from_millis(40));
        let mut frame = Frame([10_000; FRAME_SAMPLES]);
        ramp.apply(&mut frame);
        let half = frame.0[FRAME_SAMPLES - 1];
        ramp.set(0.0, Duration::from_millis(20));
        let mut frame = Frame([10_000; FRAME_SAMPLES]);
        ramp.apply(&mut frame);
        assert!((frame.0[0] - half).abs() < 40, "goes on from where it was");
        assert_eq!(frame.0[FRAME_SAMPLES - 1], 10_000);
    }

    #[test]
    fn silence_is_total_and_at_once_when_asked() {
        let mut ramp = GainRamp::new();
        ramp.set(-100.0, Duration::ZERO);
        let mut frame = Frame([-32_768; FRAME_SAMPLES]);
        ramp.apply(&mut frame);
        assert_eq!(frame, Frame::SILENCE);
        assert!(ramp.is_silent());
    }

    #[test]
    fn mixing_clips_instead_of_wrapping() {
        let mut out = Frame([30_000; FRAME_SAMPLES]);
        mix_into(&mut out, &Frame([10_000; FRAME_SAMPLES]));
        assert_eq!(out.0[0], i16::MAX);
    }
}
