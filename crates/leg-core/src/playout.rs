//! What really goes out: says in order, cut by the floor, a tone under them, counted sample by sample.

use std::time::Duration;

use callwright_audio_core::{GainRamp, ToneGenerator};
use callwright_model::{FRAME_SAMPLES, Frame, LegFact, Samples, SayFrame, SayId, Tone, TurnId};
use callwright_turn_core::{Admission, Floor, Sounding};

use crate::facts::Facts;
use history::History;
pub(crate) use outgoing::Outgoing;
use seam::Seam;

mod history;
mod outgoing;
mod seam;

/// Where frames of speech come from: the caller's ring, asked once a frame is due.
pub(crate) type Says<'a> = &'a mut dyn FnMut() -> Option<SayFrame>;

pub(crate) struct Playout {
    voice: Voice,
    /// The last of the say that is being played.
    history: History,
    flow: Flow,
    /// Samples of the next frame that belong to the word before the one that is said again.
    skip: usize,
    /// Taken from the ring, but the floor is the caller's: waits.
    waiting: Option<SayFrame>,
    /// Says up to this one were silenced; their late frames are stale whatever turn they name.
    fence: Option<SayId>,
    told_dropped: Option<SayId>,
    /// What waits in the caller's ring and answers this turn or an older one is dropped with the next frame.
    drain: Option<TurnId>,
    gain: GainRamp,
    tone: Option<ToneGenerator>,
    seam: Seam,
    stale_frames: u64,
}

/// The say that is being played.
enum Voice {
    Silent,
    Saying { say: SayId, turn: TurnId, sounds_as: Sounding, played: Samples, words: u16, starved: u32 },
}

/// Whether says are taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Running,
    /// Silent until the floor has made up its mind; nothing is lost.
    Paused,
}

/// What was cut off.
pub(crate) struct Cut {
    pub(crate) say: SayId,
    pub(crate) played: Samples,
    pub(crate) words: u16,
}

impl Cut {
    pub(crate) fn barged_in(&self, turn: TurnId) -> LegFact {
        LegFact::BargedIn { turn, say: self.say, played: self.played, words: self.words }
    }

    pub(crate) fn ended(&self) -> LegFact {
        LegFact::SayEnded { say: self.say, played: self.played, words: self.words }
    }
}

impl Playout {
    pub(crate) fn new() -> Self {
        Self {
            voice: Voice::Silent,
            history: History::new(),
            flow: Flow::Running,
            skip: 0,
            waiting: None,
            fence: None,
            told_dropped: None,
            drain: None,
            gain: GainRamp::new(),
            tone: None,
            seam: Seam::default(),
            stale_frames: 0,
        }
    }

    /// Writes the next 20 ms over `out` and tells what they are.
    pub(crate) fn fill(
        &mut self,
        out: &mut Outgoing,
        floor: &Floor,
        says: Says<'_>,
        facts: &mut Facts,
    ) -> Sounding {
        let sounding = self.fill_abruptly(out, floor, says, facts);
        self.seam.join(out, sounding)
    }

    fn fill_abruptly(
        &mut self,
        out: &mut Outgoing,
        floor: &Floor,
        says: Says<'_>,
        facts: &mut Facts,
    ) -> Sounding {
        if let Some(until) = self.drain.take() {
            self.drain(until, says, facts);
        }
        if self.flow == Flow::Running && self.fill_with_say(out, floor, says, facts) {
            self.gain.apply(out.sound());
            return self.sounds_as();
        }
        // Hold sound goes on behind somebody who speaks, unheard.
        if let Some(tone) = &mut self.tone {
            if tone.fill(out.sound()) {
                if floor.caller_speaks() {
                    out.silence();
                    return Sounding::Nothing;
                }
                return Sounding::Tone;
            }
            self.tone = None;
        }
        out.silence();
        match &mut self.voice {
            Voice::Saying { starved, sounds_as, .. }
                if self.flow == Flow::Running && *starved < STARVED_FRAMES =>
            {
                *starved += 1;
                *sounds_as
            }
            Voice::Saying { .. } | Voice::Silent => Sounding::Nothing,
        }
    }

    fn fill_with_say(
        &mut self,
        out: &mut Outgoing,
        floor: &Floor,
        says: Says<'_>,
        facts: &mut Facts,
    ) -> bool {
        for _ in 0..ITEMS_A_TICK {
            let again = self.history.take();
            let said_before = again.is_some();
            let Some(item) = again.or_else(|| self.waiting.take()).or_else(&mut *says) else { return false };
            if self.fence.is_some_and(|fence| item.say <= fence) {
                self.drop_stale(&item, facts);
                continue;
            }
            match floor.admission(item.turn) {
                Admission::Wait => {
                    if said_before {
                        self.history.put_back();
                    } else {
                        self.waiting = Some(item);
                    }
                    return false;
                }
                Admission::Drop => {
                    // A say that ran dry while the caller took a turn is stale in the middle.
                    if self.is_playing(item.say)
                        && let Some(cut) = self.cut(item.turn)
                    {
                        let turn = floor.newest();
                        facts.push(cut.barged_in(turn));
                    }
                    self.drop_stale(&item, facts);
                }
                Admission::Play => {
                    if self.play(&item, out, facts) {
                        if !said_before {
                            self.history.push(item);
                        }
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Whether `out` holds a frame.
    fn play(&mut self, item: &SayFrame, out: &mut Outgoing, facts: &mut Facts) -> bool {
        if !self.is_playing(item.say) {
            self.close(facts);
            let (say, turn) = (item.say, item.turn);
            let sounds_as = if item.interruptible { Sounding::Say } else { Sounding::Required };
            self.voice = Voice::Saying { say, turn, sounds_as, played: Samples(0), words: 0, starved: 0 };
        }
        match (&item.frame, &mut self.voice) {
            (Some(frame), Voice::Saying { say, played, words, starved, .. }) => {
                if *played == Samples(0) && self.history.is_empty() {
                    facts.push(LegFact::SayStarted { say: *say });
                }
                let out = out.sound();
                *out = *frame;
                fade_in(out, std::mem::take(&mut self.skip));
                *played += Samples(FRAME_SAMPLES as u64);
                *words = item.words;
                *starved = 0;
                true
            }
            (None, Voice::Saying { words, .. }) => {
                // What makes no sound, such as a lone dash at the end, is over with the say.
                *words = item.words.max(*words);
                self.close(facts);
                false
            }
            (_, Voice::Silent) => false,
        }
    }

    /// The say that is being played is over.
    fn close(&mut self, facts: &mut Facts) {
        if let Voice::Saying { say, played, words, .. } = std::mem::replace(&mut self.voice, Voice::Silent) {
            facts.push(Cut { say, played, words }.ended());
        }
        self.forget();
    }

    /// Silent from the next frame on, with nothing lost, until [`Self::release`].
    pub(crate) fn hold(&mut self) {
        if matches!(self.voice, Voice::Saying { .. }) {
            self.flow = Flow::Paused;
        }
    }

    /// Goes on, from the start of the word at which it was held.
    pub(crate) fn release(&mut self) {
        if let (Flow::Paused, Voice::Saying { played, .. }) = (self.flow, &self.voice) {
            let at = *played;
            self.rewind(at);
        }
        self.flow = Flow::Running;
    }

    /// Goes on from the start of the word that was being said `at` so far into the say, or from there when none was. Reaches back
    /// no further than [`history::FRAMES`]. Tells where it goes on; `None` when nothing is being said.
    pub(crate) fn rewind(&mut self, at: Samples) -> Option<Samples> {
        self.flow = Flow::Running;
        let Voice::Saying { played, words, starved, .. } = &mut self.voice else { return None };
        let from = self.history.rewind(at)?;
        let frame = from.0 / FRAME_SAMPLES as u64;
        self.skip = (from.0 % FRAME_SAMPLES as u64) as usize;
        *played = Samples(frame * FRAME_SAMPLES as u64);
        *words = self.history.words_before();
        *starved = 0;
        Some(from)
    }

    /// The say that was being played cannot be said again.
    fn forget(&mut self) {
        self.history.clear();
        self.skip = 0;
        self.flow = Flow::Running;
    }

    /// Silent from the next frame on: whatever answers `until` or an older turn is dropped, played or waiting. Tells what
    /// was cut off.
    pub(crate) fn hush(&mut self, until: TurnId) -> Option<Cut> {
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
            Voice::Saying { say, turn, played, words, .. } if turn <= until => {
                self.voice = Voice::Silent;
                self.forget();
                self.gain = GainRamp::new();
                self.fence = self.fence.max(Some(say));
                Some(Cut { say, played, words })
            }
            Voice::Saying { .. } | Voice::Silent => None,
        }
    }

    pub(crate) fn set_gain(&mut self, decibels: f32, over: Duration) {
        self.gain.set(decibels, over);
    }

    pub(crate) fn set_tone(&mut self, tone: Option<Tone>) {
        self.tone = tone.map(ToneGenerator::new);
        self.seam.changes();
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

/// Takes off what belongs to the word before, and begins softly, so that it makes no click.
fn fade_in(out: &mut Frame, skip: usize) {
    if skip == 0 {
        return;
    }
    out.0[..skip].fill(0);
    for (n, sample) in out.0[skip..].iter_mut().take(FADE_SAMPLES).enumerate() {
        *sample = (i32::from(*sample) * n as i32 / FADE_SAMPLES as i32) as i16;
    }
}

/// 2 ms: too short to take anything from a consonant.
const FADE_SAMPLES: usize = 32;

/// A synthesiser that falls behind for longer than half a second leaves a silence that counts as one.
const STARVED_FRAMES: u32 = 25;

/// Ends of says and stale frames passed over in one tick before its frame is given up: stale speech of ten seconds is
/// gone in two ticks.
const ITEMS_A_TICK: usize = 256;

/// More than a ring of speech holds.
const ITEMS_DRAINED: usize = 4_096;

#[cfg(test)]
mod tests;
