//! A line that is held: whether the other end plays anything meanwhile.

use callwright_model::Frame;

/// Music has pauses, and a beginning: two seconds without a sound are none.
pub(crate) struct HoldWatch {
    plays: bool,
    /// Frames in a row that say otherwise.
    against: u32,
}

impl HoldWatch {
    /// Whoever holds is taken to play something until they are heard not to.
    pub(crate) const fn new() -> Self {
        Self { plays: true, against: 0 }
    }

    /// What came in with this tick; tells what has changed by it.
    pub(crate) fn hear(&mut self, frame: &Frame) -> Option<bool> {
        let sounds = frame.level_dbfs() >= SOUND_DBFS;
        if sounds == self.plays {
            self.against = 0;
            return None;
        }
        self.against += 1;
        let enough = if sounds { SOUND_FRAMES } else { SILENCE_FRAMES };
        if self.against < enough {
            return None;
        }
        *self = Self { plays: sounds, against: 0 };
        Some(sounds)
    }
}

/// Above the noise of telephones and comfort noise, below quiet music.
const SOUND_DBFS: f32 = -50.0;
/// 200 ms: longer than a click of the line.
const SOUND_FRAMES: u32 = 10;
/// Two seconds.
const SILENCE_FRAMES: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_in_the_music_is_not_its_end() {
        let mut watch = HoldWatch::new();
        let mut told = Vec::new();
        for (loud, frames) in
            [(true, 50), (false, 99), (true, 1), (false, 100), (true, 9), (false, 5), (true, 10)]
        {
            let frame = if loud { Frame([1_000; Frame::SILENCE.0.len()]) } else { Frame::SILENCE };
            told.extend((0..frames).filter_map(|_| watch.hear(&frame)));
        }
        assert_eq!(told, [false, true]);
    }
}
