//! The one shape in which sound moves inside Callwright.

use std::fmt;

use crate::MonoTime;

/// Samples per second of every [`Frame`]; codecs convert at the edge of a leg.
pub const SAMPLE_RATE: u32 = 16_000;
/// Length of a frame in milliseconds: one RTP packet of the usual packet time.
pub const FRAME_MS: u32 = 20;
/// Samples in a frame.
pub const FRAME_SAMPLES: usize = (SAMPLE_RATE / 1_000 * FRAME_MS) as usize;

/// 20 ms of sound: 320 signed 16-bit samples at 16 kHz, one channel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame(pub [i16; FRAME_SAMPLES]);

impl Frame {
    /// Silence.
    pub const SILENCE: Self = Self([0; FRAME_SAMPLES]);

    /// Level in dB relative to a full-scale square wave; silence is -100.
    #[must_use]
    pub fn level_dbfs(&self) -> f32 {
        let energy: i64 = self.0.iter().map(|&s| i64::from(s) * i64::from(s)).sum();
        if energy == 0 {
            return -100.0;
        }
        let mean = energy as f32 / FRAME_SAMPLES as f32 / (32_768.0 * 32_768.0);
        (10.0 * mean.log10()).max(-100.0)
    }
}

/// Both sides of a leg in one tick: what came in and what went out, of the same 20 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BothSides {
    /// Which tick of the leg, from 0. A number that is left out is a tick that was not to be had.
    pub tick: u64,
    /// When, by the media worker's clock.
    pub at: MonoTime,
    /// What the party at the other end of the line said, echo removed.
    pub heard: Frame,
    /// What they were sent.
    pub sent: Frame,
}

impl Default for Frame {
    fn default() -> Self {
        Self::SILENCE
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({:.1} dBFS)", self.level_dbfs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_of_known_frames() {
        assert_eq!(Frame::SILENCE.level_dbfs(), -100.0);
        assert!((Frame([-32_768; FRAME_SAMPLES]).level_dbfs()).abs() < 0.01);
        assert!((Frame([328; FRAME_SAMPLES]).level_dbfs() + 40.0).abs() < 0.1);
    }
}
