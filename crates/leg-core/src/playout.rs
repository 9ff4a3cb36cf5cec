//! What really goes out: says in order, cut by the floor, a tone under them, counted sample by sample.

use std::time::Duration;

use callwright_audio_core::{GainRamp, ToneGenerator};
use callwright_model::{FRAME_SAMPLES, Frame, LegFact, Samples, SayFrame, SayId, Tone, TurnId};
use callwright_turn_core::{Admission, Floor, Sounding};

use crate::facts::Facts;

/// Where frames of speech come from: the caller's ring, asked once a frame is due.
pub(crate) type Says<'a> = &'a mut dyn FnMut() -> Option<SayFrame>;

pub(crate) struct Playout {
    voice: Voice,
    /// Taken from the ring, but the floor is the caller's: waits.
    waiting: Option<SayFrame>,
    /// Says up to this one were silenced; their late frames are stale whatever turn they name.
    fence: Option<SayId>,
    told_dropped: Option<SayId>,
    /// What waits in the caller's ring and answers this turn or an older one is dropped with the next frame.
    drain: Option<TurnId>,
    gain: GainRamp,
    /// Silent, but nothing of what was being said is lost: it may go on.
    held: bool,
    tone: Option<ToneGenerator>,
    stale_frames: u64,
}

/// The say that is being played.
enum Voice {
    Silent,
    Saying { say: SayId, turn: TurnId, sounds_as: Sounding, played: Samples, starved: u32 },
}

/// What was cut off.
pub(crate) struct Cut {
    pub(crate) say: SayId,
    pub(crate) played: Samples,
}

impl Playout {
    pub(crate) fn new() -> Self {
        Self {
            voice: Voice::Silent,
            waiting: None,
            fence: None,
            told_dropped: None,
            drain: None,
            gain: GainRamp::new(),
            held: false,
            tone: None,
            stale_frames: 0,
        }
    }

    /// Writes the next 20 ms over `out` and tells what they are.
    pub(crate) fn fill(
        &mut self,
        out: &mut Frame,
        floor: &Floor,
        says: Says<'_>,
        facts: &mut Facts,
    ) -> Sounding {
        if let Some(until) = self.drain.take() {
            self.drain(until, says, facts);
        }
        if self.held {
            *out = Frame::SILENCE;
            return Sounding::Nothing;
        }
        if self.fill_with_say(out, floor, says, facts) {
            self.gain.apply(out);
            return self.sounds_as();
        }
        if let Some(tone) = &mut self.tone {
            if tone.fill(out) {
                return Sounding::Tone;
            }
            self.tone = None;
        }
        *out = Frame::SILENCE;
        match &mut self.voice {
            Voice::Saying { starved, sounds_as, .. } if *starved < STARVED_FRAMES => {
                *starved += 1;
                *sounds_as
            }
            Voice::Saying { .. } | Voice::Silent => Sounding::Nothing,
        }
    }

    fn fill_with_say(&mut self, out: &mut Frame, floor: &Floor, says: Says<'_>, facts: &mut Facts) -> bool {
        for _ in 0..ITEMS_A_TICK {
            let Some(item) = self.waiting.take().or_else(&mut *says) else { return false };
            if self.fence.is_some_and(|fence| item.say <= fence) {
                self.drop_stale(&item, facts);
                continue;
            }
            match floor.admission(item.turn) {
                Admission::Wait => {
                    self.waiting = Some(item);
                    return false;
                }
                Admission::Drop => {
                    // A say that ran dry while the caller took a turn is stale in the middle.
                    if self.is_playing(item.say)
                        && let Some(cut) = self.cut(item.turn)
                    {
                        let turn = floor.newest();
                        facts.push(LegFact::BargedIn { turn, say: cut.say, played: cut.played });
                    }
                    self.drop_stale(&item, facts);
                }
                Admission::Play => {
                    if self.play(&item, out, facts) {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Whether `out` holds a frame.
    fn play(&mut self, item: &SayFrame, out: &mut Frame, facts: &mut Facts) -> bool {
        if !self.is_playing(item.say) {
            self.close(facts);
            let (say, turn) = (item.say, item.turn);
            let sounds_as = if item.interruptible { Sounding::Say } else { Sounding::Required };
            self.voice = Voice::Saying { say, turn, sounds_as, played: Samples(0), starved: 0 };
        }
        match (&item.frame, &mut self.voice) {
            (Some(frame), Voice::Saying { say, played, starved, .. }) => {
                if *played == Samples(0) {
                    facts.push(LegFact::SayStarted { say: *say });
                }
                *out = *frame;
                *played += Samples(FRAME_SAMPLES as u64);
                *starved = 0;
                true
            }
            (Some(_), Voice::Silent) | (None, _) => {
                self.close(facts);
                false
            }
        }
    }

    /// The say that is being played is over.
    fn close(&mut self, facts: &mut Facts) {
        if let Voice::Saying { say, played, .. } = std::mem::replace(&mut self.voice, Voice::Silent) {
            facts.push(LegFact::SayEnded { say, played });
        }
    }

    /// Silent from the next frame on, and everything kept for [`Self::release`].
    pub(crate) fn hold(&mut self) {
        self.held = matches!(self.voice, Voice::Saying { .. });
    }

    /// Goes on with what was held.
    pub(crate) fn release(&mut self) {
        self.held = false;
    }

    /// Silent from the next frame on: whatever answers `until` or an older turn is dropped, played or waiting. Tells what
    /// was cut off.
    pub(crate) fn hush(&mut self, until: TurnId) -> Option<Cut> {
        self.held = false;
        self.drain = self.drain.max(Some(until));
        self.cut(until)
    }

    fn drain(&mut self, until: TurnId, says: Says<'_>, facts: &mut Facts) {
        for _ in 0..ITEMS_DRAINED {
            let Some(item) = self.waiting.take().or_else(&mut *says) else { return };
            if item.turn > until {
                self.waiting = Some(item);
                return;
            }
            self.drop_stale(&item, facts);
            self.fence = self.fence.max(Some(item.say));
        }
    }

    /// Ends the say that is being played, before its time, if it answers `until` or an older turn.
    fn cut(&mut self, until: TurnId) -> Option<Cut> {
        match self.voice {
            Voice::Saying { say, turn, played, .. } if turn <= until => {
                self.voice = Voice::Silent;
                self.gain = GainRamp::new();
                self.fence = self.fence.max(Some(say));
                Some(Cut { say, played })
            }
            Voice::Saying { .. } | Voice::Silent => None,
        }
    }

    pub(crate) fn set_gain(&mut self, decibels: f32, over: Duration) {
        self.gain.set(decibels, over);
    }

    pub(crate) fn set_tone(&mut self, tone: Option<Tone>) {
        self.tone = tone.map(ToneGenerator::new);
    }

    pub(crate) const fn stale_frames(&self) -> u64 {
        self.stale_frames
    }

    fn sounds_as(&self) -> Sounding {
        match self.voice {
            Voice::Saying { sounds_as, .. } => sounds_as,
            Voice::Silent => Sounding::Nothing,
        }
    }

    fn is_playing(&self, this: SayId) -> bool {
        matches!(self.voice, Voice::Saying { say, .. } if say == this)
    }

    /// Counts a stale item, and tells once of a say of which nothing was played.
    fn drop_stale(&mut self, item: &SayFrame, facts: &mut Facts) {
        self.stale_frames += u64::from(item.frame.is_some());
        let begun = self.fence.is_some_and(|fence| item.say <= fence);
        if !begun && self.told_dropped != Some(item.say) {
            self.told_dropped = Some(item.say);
            facts.push(LegFact::SayDropped { say: item.say });
        }
    }
}

/// A synthesiser that falls behind for longer than half a second leaves a silence that counts as one.
const STARVED_FRAMES: u32 = 25;

/// Ends of says and stale frames passed over in one tick before its frame is given up: stale speech of ten seconds is
/// gone in two ticks.
const ITEMS_A_TICK: usize = 256;

/// More than a ring of speech holds.
const ITEMS_DRAINED: usize = 4_096;

#[cfg(test)]
mod tests;
