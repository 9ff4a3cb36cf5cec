//! What is played while the other end says that nobody speaks (RFC 3389): soft noise, so that the line does not sound dead.

/// Noise of a level that the other end has told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComfortNoise {
    /// Its largest amplitude.
    peak: f32,
    seed: u32,
}

impl ComfortNoise {
    /// By the payload of a packet: its first byte is the level below full scale in dB, what follows tells a spectrum, which is not
    /// heeded. Louder noise than -40 dBFS comforts nobody, and is played at that level.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        let below = payload.first().map_or(LEVEL_MIN, |level| level & 0x7F).max(LEVEL_MAX);
        let rms = 32_768.0 * 10f32.powf(-f32::from(below) / 20.0);
        // Of numbers spread evenly the mean energy is a third of the largest.
        Self { peak: rms * 3f32.sqrt(), seed: 0x2545_F491 }
    }

    /// Writes the next samples over `out`.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = (((self.seed >> 8) as f32 / 8_388_608.0 - 1.0) * self.peak) as i16;
        }
    }
}

const LEVEL_MAX: u8 = 40;
const LEVEL_MIN: u8 = 127;

#[cfg(test)]
mod tests {
    use callwright_model::Frame;

    use super::*;

    #[test]
    fn noise_has_the_level_that_was_told_and_is_never_loud() {
        for (payload, level) in [(&[50][..], -50.0), (&[60, 1, 2], -60.0), (&[10], -40.0), (&[0x80], -40.0)] {
            let mut noise = ComfortNoise::of(payload);
            let mut frame = Frame::SILENCE;
            noise.fill(&mut frame.0);
            assert!((frame.level_dbfs() - level).abs() < 1.0, "{payload:?}: {}", frame.level_dbfs());
        }
        let mut frame = Frame([9; 320]);
        ComfortNoise::of(&[]).fill(&mut frame.0);
        assert_eq!(frame, Frame::SILENCE);
    }
}
