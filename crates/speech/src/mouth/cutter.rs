//! Cuts sound into frames, and tells for each how far the words are.

use std::collections::VecDeque;

use callwright_model::{FRAME_SAMPLES, Frame};

use crate::sound::{Sound, WordSpan};

#[derive(Default)]
pub(super) struct Cutter {
    samples: Vec<i16>,
    used: usize,
    /// Where `samples` begins in the say.
    from: usize,
    /// Words that are not over, at their places in the say.
    spans: VecDeque<WordSpan>,
    /// Words that are over where the last frame ends.
    words: u16,
    counting: Counting,
}

#[derive(Default, PartialEq, Eq)]
enum Counting {
    #[default]
    On,
    Off,
}

impl Cutter {
    /// Adds a piece of a sentence. `over` tells for each of the sentence's words how many of the say's are over when it is.
    pub(super) fn add(&mut self, sound: &Sound, over: &[u16]) {
        self.samples.drain(..self.used);
        self.from += self.used;
        self.used = 0;
        let start = self.from + self.samples.len();
        if self.counting == Counting::On {
            let moved = |word: &WordSpan| {
                let inside = usize::from(word.words).saturating_sub(1);
                let words = over.get(inside).or(over.last()).copied().unwrap_or(0);
                WordSpan { words, start: word.start + start, end: word.end + start }
            };
            self.spans.extend(sound.words.iter().map(moved));
        }
        self.samples.extend_from_slice(&sound.samples);
    }

    /// No sound of the words so far is still to come.
    pub(super) fn end_sentence(&mut self) {
        let end = self.from + self.samples.len();
        for span in &mut self.spans {
            span.end = span.end.min(end);
        }
    }

    /// Words whose end was not sent yet, and those to come, do not count.
    pub(super) fn stop_counting(&mut self) {
        self.spans.clear();
        self.counting = Counting::Off;
    }

    /// The next frame, and the first place in it where a word starts; with `last` the rest is filled up with silence.
    pub(super) fn cut(&mut self, last: bool) -> Option<(Frame, Option<u16>)> {
        let rest = &self.samples[self.used..];
        if rest.is_empty() || (rest.len() < FRAME_SAMPLES && !last) {
            return None;
        }
        let length = rest.len().min(FRAME_SAMPLES);
        let mut frame = Frame::SILENCE;
        frame.0[..length].copy_from_slice(&rest[..length]);
        let start = self.from + self.used;
        self.used += length;
        let inside = start..start + length;
        let word = self.spans.iter().map(|span| span.start).find(|place| inside.contains(place));
        while let Some(span) = self.spans.front().filter(|span| span.end <= inside.end) {
            self.words = self.words.max(span.words);
            self.spans.pop_front();
        }
        Some((frame, word.and_then(|place| u16::try_from(place - start).ok())))
    }

    /// How many words are over where the last frame ends.
    pub(super) const fn words(&self) -> u16 {
        self.words
    }
}
