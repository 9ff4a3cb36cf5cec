//! What of the sound that comes in is our own: found, and taken out where the canceller reaches it.

use std::collections::VecDeque;

use callwright_audio_core::{EchoCanceller, Own, OwnVoice};
use callwright_model::{FRAME_MS, Frame};
use callwright_turn_core::Sounding;

use crate::config::LegConfig;
use crate::ear::frames;

/// Rests while the line is quiet, for then nothing comes back: on most lines nothing ever does, and cancelling costs several times as much as
/// all else that is done for a leg.
pub(crate) struct Echo {
    canceller: EchoCanceller,
    own_voice: OwnVoice,
    tail: u32,
    /// Frames for which an echo of ours may still arrive that the canceller reaches.
    left: u32,
    /// The same for any echo.
    own_left: u32,
    quiet_dbfs: f32,
    quiet_after: u32,
    quiet_frames: u32,
    /// What was sent while it rested, as far back as an echo reaches.
    missed: VecDeque<Frame>,
}

/// What a tick's sound was.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Echoed {
    /// How much of what was heard in this frame, and in those just before, we have sent ourselves.
    pub(crate) own: Own,
    /// Whether the frame was changed.
    pub(crate) cancelled: bool,
}

impl Echo {
    pub(crate) fn new(config: &LegConfig) -> Self {
        Self {
            canceller: EchoCanceller::new(),
            own_voice: OwnVoice::new(),
            tail: frames(config.echo_tail),
            left: 0,
            own_left: 0,
            quiet_dbfs: config.quiet_dbfs,
            quiet_after: frames(config.quiet_after),
            quiet_frames: u32::MAX,
            missed: VecDeque::with_capacity(OWN_REACH),
        }
    }

    /// Takes the frame just received, how loud it is, and what was sent in the tick before.
    pub(crate) fn handle_tick(
        &mut self,
        heard: &mut Frame,
        line_dbfs: f32,
        sent: &Frame,
        sounding: Sounding,
    ) -> Echoed {
        match sounding {
            Sounding::Say | Sounding::Required | Sounding::Tone => {
                if self.own_left == 0 {
                    self.own_voice.reset();
                }
                (self.left, self.own_left) = (self.tail, OWN_TAIL);
            }
            Sounding::Nothing => {
                (self.left, self.own_left) = (self.left.saturating_sub(1), self.own_left.saturating_sub(1));
            }
        }
        let quiet = line_dbfs < self.quiet_dbfs;
        self.quiet_frames = if quiet { self.quiet_frames.saturating_add(1) } else { 0 };
        if self.own_left == 0 {
            self.missed.clear();
            return Echoed::default();
        }
        if self.quiet_frames > self.quiet_after {
            self.miss(sent);
            return Echoed::default();
        }
        self.catch_up();
        let own = self.own_voice.process(sent, heard);
        let cancelled = self.left > 0;
        if cancelled {
            self.canceller.process(sent, heard);
        }
        Echoed { own, cancelled }
    }

    /// A stream from another source: what was sent before does not come back from it.
    pub(crate) fn start_over(&mut self) {
        (self.left, self.own_left, self.quiet_frames) = (0, 0, u32::MAX);
        self.missed.clear();
    }

    fn miss(&mut self, sent: &Frame) {
        if self.missed.len() == OWN_REACH {
            self.missed.pop_front();
        }
        self.missed.push_back(*sent);
    }

    /// Nothing came back of what it missed, so far.
    fn catch_up(&mut self) {
        let early = self.missed.len().saturating_sub(REACH);
        for (nth, sent) in self.missed.drain(..).enumerate() {
            let mut quiet = Frame::SILENCE;
            self.own_voice.process(&sent, &quiet);
            if nth >= early {
                self.canceller.process(&sent, &mut quiet);
            }
        }
    }
}

/// Frames: as long as an echo may be under way, and a little.
const OWN_TAIL: u32 = OwnVoice::DELAY_MS_MAX / FRAME_MS + 5;
const OWN_REACH: usize = (OwnVoice::DELAY_MS_MAX / FRAME_MS) as usize;
/// As far as the canceller reaches: half a second.
const REACH: usize = 25;
