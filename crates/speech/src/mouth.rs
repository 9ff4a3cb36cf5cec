//! From says to a leg's ring of sound.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use callwright_model::{Frame, LikelySay, Say, SayFrame, SaySource, TurnId};
use tokio::sync::{Notify, mpsc};
use tracing::{debug, error, warn};

use crate::SynthesisError;
use crate::prepared::Prepared;
use crate::prompt_cache::{Key, PromptCache};
use crate::rendition::{End, Rendition};
use crate::sentences::{Words, sentences};
use crate::speaking::Speakers;
use cutter::Cutter;

mod cutter;

/// Speaks on one leg, says in the order given, until dropped.
pub struct Mouth {
    says: mpsc::UnboundedSender<Say>,
    fence: Arc<Fence>,
    prepared: Prepared,
    speakers: Arc<Speakers>,
    cache: Arc<PromptCache>,
}

impl Mouth {
    /// Says something after all that was given before. Its sound ends with a [`SayFrame`] without a frame, also when it could not be
    /// synthesised. Dropped when its turn has been stopped.
    pub fn say(&self, say: Say) {
        // The task ends only with the leg's ring; then nobody hears anything.
        if self.says.send(say).is_err() {
            debug!("a say for a leg that is gone");
        }
    }

    /// Makes the sound of what will probably be said, so that it is there when it is. Nothing of it is heard unless it is said. Takes
    /// the place of what was prepared before.
    pub fn prepare(&self, says: Vec<LikelySay>) {
        self.prepared.prepare(says, &self.speakers, &self.cache);
    }

    /// Forgets everything that answers this turn or an older one, said or still to be said.
    pub fn stop(&self, turn: TurnId) {
        self.fence.raise(turn);
    }

    pub(crate) fn open(
        ring: rtrb::Producer<SayFrame>,
        speakers: Arc<Speakers>,
        cache: Arc<PromptCache>,
        runtime: &tokio::runtime::Handle,
    ) -> Self {
        let (says, mut waiting) = mpsc::unbounded_channel();
        let fence = Arc::new(Fence::default());
        let prepared = Prepared::default();
        let mut speech = Tongue {
            ring,
            speakers: Arc::clone(&speakers),
            cache: Arc::clone(&cache),
            fence: Arc::clone(&fence),
            prepared: prepared.clone(),
        };
        runtime.spawn(async move {
            while let Some(say) = waiting.recv().await {
                if speech.say(say).await == Said::LegGone {
                    return;
                }
            }
        });
        Self { says, fence, prepared, speakers, cache }
    }
}

impl Drop for Mouth {
    fn drop(&mut self) {
        self.fence.raise(TurnId(u32::MAX));
    }
}

/// The turns that nobody wants answered any more: all below a number that only rises.
#[derive(Default)]
struct Fence {
    below: AtomicU64,
    raised: Notify,
}

impl Fence {
    fn raise(&self, turn: TurnId) {
        self.below.fetch_max(u64::from(turn.0) + 1, Ordering::AcqRel);
        self.raised.notify_waiters();
    }

    fn is_stale(&self, turn: TurnId) -> bool {
        u64::from(turn.0) < self.below.load(Ordering::Acquire)
    }

    async fn stale(&self, turn: TurnId) {
        loop {
            let raised = self.raised.notified();
            if self.is_stale(turn) {
                return;
            }
            raised.await;
        }
    }
}

/// How a say went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// So many of its words were spoken.
    Whole {
        words: u16,
    },
    Stopped,
    LegGone,
}

struct Tongue {
    ring: rtrb::Producer<SayFrame>,
    speakers: Arc<Speakers>,
    cache: Arc<PromptCache>,
    fence: Arc<Fence>,
    prepared: Prepared,
}

impl Tongue {
    async fn say(&mut self, say: Say) -> Said {
        if self.fence.is_stale(say.turn) {
            metrics::counter!("callwright_speech_says_dropped_total").increment(1);
            return Said::Stopped;
        }
        let fence = Arc::clone(&self.fence);
        let said = tokio::select! {
            biased;
            () = fence.stale(say.turn) => Said::Stopped,
            said = self.sound(&say) => said,
        };
        if said == Said::LegGone {
            return said;
        }
        // Without this the leg would wait for the rest of the say. One frame is worth waiting for even when nobody hears it: the
        // leg empties its ring of old turns at each tick.
        let words = match said {
            Said::Whole { words } => words,
            Said::Stopped | Said::LegGone => 0,
        };
        let end = item(&say, None, words, None);
        if self.push(end).await { said } else { Said::LegGone }
    }

    async fn sound(&mut self, say: &Say) -> Said {
        let text = limited(&say.text);
        let words = Words::of(&say.text);
        let mut cutter = Cutter::default();
        let mut complete = true;
        let mut pieces = sentences(text, SENTENCE_BYTES_MAX).into_iter();
        let mut ask = |tongue: &Self| {
            pieces.next().map(|sentence| (words.inside(sentence), tongue.rendition(say, sentence)))
        };
        let mut next = ask(self);
        while let Some((over, rendition)) = next.take() {
            let mut place = 0;
            while let Some(sound) = rendition.piece(place).await {
                place += 1;
                cutter.add(&sound, &over);
                // A fast engine is asked for the next sentence while this one is still being played.
                if next.is_none() && rendition.end().is_some() {
                    next = ask(self);
                }
                if !self.send(say, &mut cutter, false).await {
                    return Said::LegGone;
                }
            }
            match rendition.end() {
                Some(End::Whole(_) | End::Failed(SynthesisError::Stopped)) => cutter.end_sentence(),
                Some(End::Failed(error)) => {
                    complete = false;
                    error!(say = say.id.0, %error, "a sentence could not be spoken");
                }
                Some(End::Dropped) | None => {
                    complete = false;
                    warn!(say = say.id.0, "a sentence was not spoken: speech is shutting down");
                }
            }
            if !complete {
                // What comes after a hole is not told as heard, for a number cannot say where the hole was.
                cutter.stop_counting();
            }
            if next.is_none() {
                next = ask(self);
            }
        }
        let over = if complete { words.over_at(text.len()) } else { 0 };
        self.end(say, &mut cutter, over).await
    }

    /// The sound of a sentence: of a fixed prompt for all callers, else for this one.
    fn rendition(&self, say: &Say, sentence: &str) -> Arc<Rendition> {
        let key = Key { language: say.language, voice: say.voice.clone(), sentence: sentence.to_owned() };
        let make = |key: &Key| self.prepared.take(key).unwrap_or_else(|| self.speakers.ask(key));
        match say.source {
            SaySource::Fixed => self.cache.get_or(key, make),
            SaySource::Rendered => make(&key),
        }
    }

    /// Sends the rest, after which this many words of the text are over, or as many as were counted.
    async fn end(&mut self, say: &Say, cutter: &mut Cutter, words: u16) -> Said {
        cutter.end_sentence();
        if self.send(say, cutter, true).await {
            Said::Whole { words: words.max(cutter.words()) }
        } else {
            Said::LegGone
        }
    }

    /// Sends what makes whole frames, with `last` everything. `false` when the leg is gone.
    async fn send(&mut self, say: &Say, cutter: &mut Cutter, last: bool) -> bool {
        while let Some((frame, word_at)) = cutter.cut(last) {
            if !self.push(item(say, Some(frame), cutter.words(), word_at)).await {
                return false;
            }
        }
        true
    }

    /// `false` when the leg is gone.
    async fn push(&mut self, mut frame: SayFrame) -> bool {
        loop {
            if self.ring.is_abandoned() {
                return false;
            }
            match self.ring.push(frame) {
                Ok(()) => return true,
                Err(rtrb::PushError::Full(back)) => frame = back,
            }
            tokio::time::sleep(RING_FULL_WAIT).await;
        }
    }
}

/// A whole say at once. A sentence that cannot be spoken is left out, as in a call.
pub(crate) fn in_step(say: &Say, speakers: &Speakers) -> Vec<SayFrame> {
    let text = limited(&say.text);
    let words = Words::of(&say.text);
    let mut cutter = Cutter::default();
    for piece in sentences(text, SENTENCE_BYTES_MAX) {
        let over = words.inside(piece);
        let spoken = speakers.speak(piece, say.language, &say.voice, &mut |sound| {
            cutter.add(&sound, &over);
            ControlFlow::Continue(())
        });
        cutter.end_sentence();
        if let Err(error) = spoken {
            error!(say = say.id.0, %error, "a sentence could not be spoken");
            cutter.stop_counting();
        }
    }
    let mut items = Vec::new();
    while let Some((frame, word_at)) = cutter.cut(true) {
        items.push(item(say, Some(frame), cutter.words(), word_at));
    }
    let whole = words.over_at(text.len()).max(cutter.words());
    items.push(item(say, None, whole, None));
    items
}

/// An item of a say's stream.
fn item(say: &Say, frame: Option<Frame>, words: u16, word_at: Option<u16>) -> SayFrame {
    SayFrame { say: say.id, turn: say.turn, interruptible: say.interruptible, frame, words, word_at }
}

/// As much of a text as is spoken.
pub(crate) fn limited(text: &str) -> &str {
    if text.len() <= TEXT_BYTES_MAX {
        return text;
    }
    warn!(bytes = text.len(), "a say is too long: its end is not spoken");
    let end = (0..=TEXT_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// Two minutes of speech: no agent should talk longer at a stretch.
const TEXT_BYTES_MAX: usize = 2_000;
/// Longer sentences are cut at a comma or between words: the engines shape a whole sentence before its first sound, about 2 ms for
/// every 10 bytes.
pub(crate) const SENTENCE_BYTES_MAX: usize = 240;
/// A full ring has seconds of sound; the leg takes a frame every 20 ms.
const RING_FULL_WAIT: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests;
