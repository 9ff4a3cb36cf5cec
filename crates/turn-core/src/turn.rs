//! A caller's turn while it runs.

use std::time::Duration;

use callwright_model::{FRAME_MS, MonoTime, Progress, TurnId};

use crate::config::FloorConfig;
use crate::floor::FrameFacts;
use crate::levels::Levels;

/// What is known of a turn so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) id: TurnId,
    pub(crate) onset: MonoTime,
    pub(crate) last_sound: MonoTime,
    pub(crate) last_key: Option<MonoTime>,
    /// Frames of voice.
    pub(crate) voiced: Duration,
    /// Frames of speech in a row after a silence, which may be the caller's.
    regained: u32,
    peak_dbfs: f32,
    /// Their mean power.
    power: f32,
    /// How bright all is that sounded, not only the voice: see [`FloorConfig::cough_brightness`].
    pub(crate) brightness: f32,
    pub(crate) pause_told: bool,
    pub(crate) progress: Progress,
    /// What a turn model made of the turn up to the pause that goes on.
    pub(crate) vote: Option<f32>,
    /// It goes on with what was taken for something said in passing.
    pub(crate) anew: bool,
    /// The agent answered a pause inside a sentence, and this is the rest of it.
    pub(crate) cut_off: bool,
    /// The agent fell silent for it, and went on when it turned out not to be meant for us.
    pub(crate) released: bool,
    /// Ticks in which the agent, told to go on, may still be silent.
    pub(crate) resuming: u8,
    /// The floor is the caller's: nothing of ours sounds that they speak over.
    pub(crate) alone: bool,
    /// The agent says something all the while that must be heard.
    pub(crate) under: bool,
}

impl Turn {
    /// A turn that was noticed now, after this many frames of speech.
    pub(crate) fn begin(id: TurnId, run: u32, level_dbfs: f32, now: MonoTime) -> Self {
        let voiced = FRAME * run;
        let onset = MonoTime(now.0.saturating_sub(voiced.as_micros() as u64));
        Self {
            id,
            onset,
            last_sound: now,
            last_key: None,
            voiced,
            regained: 0,
            peak_dbfs: level_dbfs,
            power: power(level_dbfs),
            brightness: 0.0,
            pause_told: false,
            progress: Progress::default(),
            vote: None,
            anew: false,
            cut_off: false,
            released: false,
            resuming: 0,
            alone: false,
            under: false,
        }
    }

    /// The next frame. Tells how long a silence it has ended, if it ended one.
    pub(crate) fn hear(
        &mut self,
        facts: FrameFacts,
        levels: &Levels,
        config: &FloorConfig,
        now: MonoTime,
    ) -> Option<Duration> {
        // Whoever speaks without a pause is no noise, however much it looks like one: near its own peak a voice is a voice.
        let over_noise = levels.caller_dbfs(config).min(self.peak_dbfs - NEAR_PEAK_DB);
        let least = config.level_dbfs_min.max(self.peak_dbfs - levels.range_db(config)).max(over_noise);
        if !levels.is_speech(facts, config.hold_probability, config) || facts.level_dbfs < least {
            self.regained = 0;
            return None;
        }
        self.regained += 1;
        let silent = now.since(self.last_sound).saturating_sub(FRAME * self.regained);
        // Babble sends single frames above any threshold: each would put off the end of speech. While the agent speaks it is not the
        // end that matters but how much of a voice there was so far, and a voice in noise has gaps.
        let picky = self.alone && levels.is_noisy();
        if silent > Duration::ZERO && picky && self.regained < config.regain_frames_in_noise {
            return None;
        }
        self.last_sound = now;
        self.voiced += FRAME * self.regained;
        self.regained = 0;
        self.peak_dbfs = self.peak_dbfs.max(facts.level_dbfs);
        let frames = self.voiced.as_micros() as f32 / FRAME.as_micros() as f32;
        self.power += (power(facts.level_dbfs) - self.power) / frames;
        self.pause_told = false;
        self.vote = None;
        (silent > Duration::ZERO).then_some(silent)
    }

    pub(crate) fn silent(&self, now: MonoTime) -> Duration {
        now.since(self.last_sound)
    }

    pub(crate) fn last_activity(&self) -> MonoTime {
        self.last_key.map_or(self.last_sound, |key| key.max(self.last_sound))
    }

    /// Whether it is a cough, a sneeze or breath rather than a voice.
    pub(crate) fn is_cough(&self, config: &FloorConfig) -> bool {
        self.brightness >= config.cough_brightness
    }

    /// Level over its voice.
    pub(crate) fn level_dbfs(&self) -> f32 {
        10.0 * self.power.max(1e-10).log10()
    }
}

pub(crate) fn power(level_dbfs: f32) -> f32 {
    let level = if level_dbfs.is_finite() { level_dbfs.clamp(-100.0, 0.0) } else { -100.0 };
    10.0_f32.powf(level / 10.0)
}

/// Vowels lie within this of the loudest one; babble behind a caller does not at 10 dB and more below the voice.
const NEAR_PEAK_DB: f32 = 10.0;

pub(crate) const FRAME: Duration = Duration::from_millis(FRAME_MS as u64);
