//! The last of what was sent of the say that is being played, kept so that it can be said again from the start of a word.

use callwright_model::{FRAME_SAMPLES, Frame, Samples, SayFrame, SayId, TurnId};

/// A ring of frames, made once.
pub(super) struct History {
    frames: Box<[SayFrame]>,
    /// How many frames of the say were ever put in.
    put: u64,
    /// How many of the last are to be sent again.
    again: u64,
}

impl History {
    pub(super) fn new() -> Self {
        let blank = SayFrame::wordless(SayId(0), TurnId(0), Some(Frame::SILENCE));
        Self { frames: vec![blank; FRAMES].into_boxed_slice(), put: 0, again: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.put == 0
    }

    pub(super) fn clear(&mut self) {
        (self.put, self.again) = (0, 0);
    }

    /// Keeps a frame that was sent for the first time.
    pub(super) fn push(&mut self, item: SayFrame) {
        let slot = self.slot(self.put);
        self.frames[slot] = item;
        self.put += 1;
    }

    /// The next frame that is to be sent again.
    pub(super) fn take(&mut self) -> Option<SayFrame> {
        if self.again == 0 {
            return None;
        }
        self.again -= 1;
        Some(self.frame(self.put - self.again - 1).clone())
    }

    /// The frame taken last could not be sent yet.
    pub(super) fn put_back(&mut self) {
        self.again += 1;
    }

    /// Goes back to where the word starts that was being said at `at`, and tells where that is.
    pub(super) fn rewind(&mut self, at: Samples) -> Option<Samples> {
        let oldest = self.put.saturating_sub(FRAMES as u64);
        let newest = self.put.checked_sub(1)?;
        // What was not sent yet cannot be gone back to.
        let at = at.0.clamp(oldest * LENGTH, self.put * LENGTH - 1);
        let last = (at / LENGTH).min(newest);
        let from = (oldest..=last)
            .rev()
            .find_map(|number| {
                let start = number * LENGTH + u64::from(self.frame(number).word_at?);
                (start <= at).then_some((number, start))
            })
            .map_or(oldest * LENGTH, |(number, start)| {
                // Between two words nothing needs to be said again.
                let over = last > number && self.frame(last - 1).words > self.frame(number).words;
                if over { at } else { start }
            });
        self.again = self.put - from / LENGTH;
        Some(Samples(from))
    }

    /// How many words were over before the next frame.
    pub(super) fn words_before(&self) -> u16 {
        let next = self.put - self.again;
        let known = next > self.put.saturating_sub(FRAMES as u64);
        if known { self.frame(next - 1).words } else { self.frame(next).words }
    }

    fn frame(&self, number: u64) -> &SayFrame {
        &self.frames[self.slot(number)]
    }

    fn slot(&self, number: u64) -> usize {
        (number % FRAMES as u64) as usize
    }
}

/// 1.5 s: the floor decides within half a second, and few words are longer than one. 50 KB for each leg.
pub(super) const FRAMES: usize = 75;

const LENGTH: u64 = FRAME_SAMPLES as u64;
