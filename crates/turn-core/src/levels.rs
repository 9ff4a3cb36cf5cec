//! How loud the line is when nobody speaks, and how loud this caller is.

use crate::config::FloorConfig;
use crate::floor::FrameFacts;

/// Levels of one line, learnt while it is up.
#[derive(Debug, Clone)]
pub(crate) struct Levels {
    /// Level with single frames smoothed away.
    smooth_dbfs: f32,
    /// Its lowest value in the window before the present one, and in the present one.
    lowest_dbfs: [f32; 2],
    /// Frames since the first sound.
    frames: u32,
    /// Frames in a row without any sound.
    gap_frames: u32,
    /// The caller's own level over the voice of a turn.
    usual_dbfs: Option<f32>,
}

impl Levels {
    pub(crate) const fn new() -> Self {
        Self { smooth_dbfs: SILENCE, lowest_dbfs: [0.0; 2], frames: 0, gap_frames: 0, usual_dbfs: None }
    }

    /// The level of the next frame as received.
    pub(crate) fn handle_frame(&mut self, level_dbfs: f32) {
        let level = if level_dbfs.is_finite() { level_dbfs.clamp(SILENCE, 0.0) } else { SILENCE };
        self.gap_frames = if level < GAP_DBFS { self.gap_frames.saturating_add(1) } else { 0 };
        // Before the first packet, and where some are lost, the room behind the caller is as loud as ever.
        if (1..REAL_SILENCE_FRAMES).contains(&self.gap_frames) {
            return;
        }
        self.smooth_dbfs =
            if self.frames == 0 { level } else { self.smooth_dbfs + SMOOTH * (level - self.smooth_dbfs) };
        if self.frames.is_multiple_of(WINDOW_FRAMES) {
            self.lowest_dbfs = [self.lowest_dbfs[1], self.smooth_dbfs];
        } else {
            self.lowest_dbfs[1] = self.lowest_dbfs[1].min(self.smooth_dbfs);
        }
        self.frames = self.frames.wrapping_add(1);
    }

    /// What is always there: babble behind the caller, an engine. Nothing softer than this much above it is the caller.
    pub(crate) fn noise_dbfs(&self) -> f32 {
        if self.frames < WINDOW_FRAMES { SILENCE } else { self.lowest_dbfs() }
    }

    /// Whether there is noise that a listener notices, or may be: it has never been quiet yet.
    pub(crate) fn is_noisy(&self) -> bool {
        self.frames > 0 && self.lowest_dbfs() >= AUDIBLE_DBFS
    }

    /// Whether words come out wrong in it.
    pub(crate) fn is_disturbed(&self) -> bool {
        self.frames > 0 && self.lowest_dbfs() >= DISTURBING_DBFS
    }

    fn lowest_dbfs(&self) -> f32 {
        self.lowest_dbfs[0].min(self.lowest_dbfs[1])
    }

    /// How far below its loudest frame a turn is still the same voice.
    pub(crate) fn range_db(&self, config: &FloorConfig) -> f32 {
        // What is usual tells better, once it is known.
        let only_peak = self.usual_dbfs.is_none() && self.is_noisy();
        if only_peak { config.level_range_in_noise_db } else { config.level_range_db }
    }

    /// What a frame must reach to be the caller: well above what is always there and, where that can be heard at all, no further
    /// below the caller's usual level than words are. On a quiet line nothing else speaks, so softness says nothing.
    pub(crate) fn caller_dbfs(&self, config: &FloorConfig) -> f32 {
        let noise = self.noise_dbfs();
        let over_noise = noise + config.over_noise_db;
        match self.usual_dbfs {
            Some(usual) if self.is_noisy() => over_noise.max(usual - config.under_usual_db),
            Some(_) | None => over_noise,
        }
    }

    /// Whether a frame is speech: likely enough, or as loud as this caller is and likely at all.
    pub(crate) fn is_speech(&self, facts: FrameFacts, least: f32, config: &FloorConfig) -> bool {
        let plain = self.usual_dbfs.is_some_and(|usual| {
            facts.level_dbfs >= usual - PLAIN_UNDER_DB
                && facts.level_dbfs >= self.noise_dbfs() + PLAIN_OVER_DB
        });
        facts.speech >= least || plain && facts.speech >= config.plain_probability
    }

    /// A level against the caller's usual one.
    pub(crate) fn against_usual(&self, level_dbfs: f32) -> Option<f32> {
        self.usual_dbfs.map(|usual| level_dbfs - usual)
    }

    /// A turn of the caller's is over, which had this level. One that was said away from the telephone says nothing of those that
    /// are said into it.
    pub(crate) fn learn(&mut self, level_dbfs: f32) {
        self.usual_dbfs = Some(match self.usual_dbfs {
            None => level_dbfs,
            Some(usual) if level_dbfs < usual - ASIDE_DB => usual,
            Some(usual) => usual + LEARN * (level_dbfs - usual),
        });
    }
}

/// Noise that a listener notices behind a voice at the usual -20 to -26 dBFS.
const AUDIBLE_DBFS: f32 = -60.0;
/// 30 dB below a voice at the level of telephone networks. Between the words of babble 15 dB below a voice it is louder than this.
const DISTURBING_DBFS: f32 = -52.0;
/// Softer than the least step of G.711, which every idle line has: nothing came.
const GAP_DBFS: f32 = -85.0;
/// Lost packets leave gaps of a tenth of this; a longer one is a line that sends nothing while nobody speaks.
const REAL_SILENCE_FRAMES: u32 = 50;
/// The least that a frame's level can be told as.
const SILENCE: f32 = -100.0;
/// Smooths over three frames: within babble single frames swing by 10 dB.
const SMOOTH: f32 = 0.3;
/// One second; the lowest level of the last one to two is between words even of somebody who speaks without a pause.
const WINDOW_FRAMES: u32 = 50;
/// Follows a caller who moves within a few turns.
const LEARN: f32 = 0.3;
/// Vowels lie within this of a caller's mean.
const PLAIN_UNDER_DB: f32 = 6.0;
/// Babble does not reach this far above its own floor for long.
const PLAIN_OVER_DB: f32 = 15.0;
/// People who turn their head away from a handset are 6 dB softer and more.
pub(crate) const ASIDE_DB: f32 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_is_what_is_there_between_words_and_follows_within_two_seconds() {
        let mut levels = Levels::new();
        let run = |levels: &mut Levels, frames: usize, noise: f32| {
            for n in 0..frames {
                levels.handle_frame(if n % 20 < 13 { -22.0 } else { noise });
            }
        };
        run(&mut levels, 40, -45.0);
        assert_eq!(levels.noise_dbfs(), SILENCE, "nothing is known in the first second");
        run(&mut levels, 100, -45.0);
        assert!((-45.0..-40.0).contains(&levels.noise_dbfs()), "{}", levels.noise_dbfs());
        run(&mut levels, 100, -35.0);
        assert!((-35.0..-30.0).contains(&levels.noise_dbfs()), "{}", levels.noise_dbfs());
    }

    #[test]
    fn what_was_lost_on_the_way_and_what_is_yet_to_come_is_no_silence_of_the_room() {
        let mut levels = Levels::new();
        let run = |levels: &mut Levels, frames: usize, level: f32| {
            (0..frames).for_each(|_| levels.handle_frame(level))
        };
        run(&mut levels, 40, SILENCE);
        assert!(!levels.is_noisy(), "nothing came yet");
        run(&mut levels, 5, -40.0);
        assert!(levels.is_noisy(), "and what came was never quiet");
        run(&mut levels, 60, -40.0);
        run(&mut levels, 8, SILENCE);
        run(&mut levels, 1, -40.0);
        assert!(levels.noise_dbfs() > -41.0, "{}", levels.noise_dbfs());
        run(&mut levels, 100, SILENCE);
        assert!(!levels.is_noisy(), "a line that sends nothing is quiet");
    }

    #[test]
    fn an_aside_does_not_change_what_is_usual() {
        let mut levels = Levels::new();
        assert_eq!(levels.against_usual(-20.0), None);
        levels.learn(-20.0);
        levels.learn(-28.0);
        assert_eq!(levels.against_usual(-28.0), Some(-8.0));
        levels.learn(-16.0);
        assert!(levels.against_usual(-20.0).is_some_and(|level| level < -1.0));
        levels.handle_frame(f32::NAN);
        levels.handle_frame(f32::INFINITY);
        assert!(levels.noise_dbfs().is_finite());
    }
}
