//! How loud a stream is.

use callwright_model::Frame;

/// What a meter shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Of the last frame, in dBFS.
    pub frame_dbfs: f32,
    /// Smoothed over about 200 ms, in dBFS: what a person would call the loudness.
    pub smooth_dbfs: f32,
    /// The background: falls with every quieter frame, rises by 3 dB a second.
    pub background_dbfs: f32,
}

/// Measures a stream frame by frame.
#[derive(Debug, Clone, Copy)]
pub struct LevelMeter {
    level: Level,
}

impl LevelMeter {
    /// A meter before the first frame.
    #[must_use]
    pub const fn new() -> Self {
        Self { level: Level { frame_dbfs: -100.0, smooth_dbfs: -100.0, background_dbfs: -60.0 } }
    }

    /// Takes the next frame and shows the levels after it.
    pub fn measure(&mut self, frame: &Frame) -> Level {
        let now = frame.level_dbfs();
        self.level.frame_dbfs = now;
        self.level.smooth_dbfs += (now - self.level.smooth_dbfs) * SMOOTHING;
        self.level.background_dbfs = now.min(self.level.background_dbfs + BACKGROUND_RISE_DB);
        self.level
    }

    /// The levels after the last frame.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }
}

impl Default for LevelMeter {
    fn default() -> Self {
        Self::new()
    }
}

/// Share of a new frame: 20 ms of about 200.
const SMOOTHING: f32 = 0.1;
/// 3 dB a second.
const BACKGROUND_RISE_DB: f32 = 0.06;

#[cfg(test)]
mod tests {
    use super::*;
    use callwright_model::FRAME_SAMPLES;

    #[test]
    fn the_background_is_what_is_left_between_words() {
        let mut meter = LevelMeter::new();
        for n in 0..200 {
            let loud = n % 50 < 40;
            meter.measure(&Frame([if loud { 8_000 } else { 33 }; FRAME_SAMPLES]));
        }
        let level = meter.level();
        assert!((-62.0..-55.0).contains(&level.background_dbfs), "{level:?}");
        assert!(level.frame_dbfs < -59.0 && level.smooth_dbfs > level.frame_dbfs);
    }
}
