//! A sentence's sound with its words in it, trimmed so that one sentence follows another without a hole.

use std::ops::ControlFlow;

use callwright_model::SAMPLE_RATE;

use crate::synthesiser::Spoken;
use crate::word_share;

/// Where a word lies in a sound, in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WordSpan {
    /// How many words of the text are over when this one is.
    pub(crate) words: u16,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Samples at 16 kHz, and where in them words are. A word may end in sound that is still to come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sound {
    pub(crate) samples: Vec<i16>,
    pub(crate) words: Vec<WordSpan>,
}

impl Sound {
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.samples.as_slice()) + size_of_val(self.words.as_slice())
    }
}

/// Between an engine and whoever asked for a sentence: takes the silence off its ends, and where the engine does not tell when
/// each word is said, shares the sound out among them.
pub(crate) struct Tailor<'a> {
    text: &'a str,
    trim: Trim,
    /// The engine has told its words; without that the sound is kept until all of it is there.
    told: Option<Vec<WordSpan>>,
    whole: Vec<i16>,
    take: &'a mut dyn FnMut(Sound) -> ControlFlow<()>,
}

impl<'a> Tailor<'a> {
    pub(crate) fn new(text: &'a str, take: &'a mut dyn FnMut(Sound) -> ControlFlow<()>) -> Self {
        Self { text, trim: Trim::default(), told: None, whole: Vec::new(), take }
    }

    /// Takes what the engine hands over.
    pub(crate) fn add(&mut self, spoken: Spoken<'_>) -> ControlFlow<()> {
        match (spoken, &self.told) {
            (Spoken::Words(words), _) => {
                self.told = Some(words);
                ControlFlow::Continue(())
            }
            (Spoken::Sound(samples), None) => {
                self.whole.extend_from_slice(samples);
                // Also a silent engine must notice that nobody listens any more.
                (self.take)(Sound::default())
            }
            (Spoken::Sound(samples), Some(_)) => {
                let samples = self.trim.add(samples);
                self.pass_on(samples)
            }
        }
    }

    /// The engine has said all.
    pub(crate) fn finish(mut self) -> ControlFlow<()> {
        let whole = std::mem::take(&mut self.whole);
        let mut samples = self.trim.add(&whole);
        if self.told.is_none() {
            self.told = Some(word_share::spans(self.text, &samples));
            self.trim.skipped = 0;
        }
        samples.extend(self.trim.finish());
        self.pass_on(samples)
    }

    fn pass_on(&mut self, samples: Vec<i16>) -> ControlFlow<()> {
        if samples.is_empty() {
            return (self.take)(Sound::default());
        }
        let skipped = self.trim.skipped;
        let mut words = self.told.as_mut().map(std::mem::take).unwrap_or_default();
        for word in &mut words {
            word.start = word.start.saturating_sub(skipped);
            word.end = word.end.saturating_sub(skipped);
        }
        (self.take)(Sound { samples, words })
    }
}

/// Takes the silence off the ends of a sentence as it streams by.
#[derive(Debug, Default)]
struct Trim {
    /// Less than a window.
    rest: Vec<i16>,
    /// Silence that is passed on once sound follows it.
    held: Vec<i16>,
    sounding: bool,
    /// Samples taken off the start.
    skipped: usize,
}

impl Trim {
    /// What can be passed on by now.
    fn add(&mut self, samples: &[i16]) -> Vec<i16> {
        let mut out = Vec::new();
        self.rest.extend_from_slice(samples);
        let rest = std::mem::take(&mut self.rest);
        let windows = rest.chunks_exact(WINDOW_SAMPLES);
        self.rest.extend_from_slice(windows.remainder());
        for window in windows {
            if is_loud(window) {
                self.sounding = true;
                out.append(&mut self.held);
                out.extend_from_slice(window);
            } else {
                self.hold(window);
            }
        }
        out
    }

    fn hold(&mut self, silence: &[i16]) {
        self.held.extend_from_slice(silence);
        if !self.sounding {
            let excess = self.held.len().saturating_sub(LEAD_SAMPLES);
            self.held.drain(..excess);
            self.skipped += excess;
        }
    }

    /// The pause after the sentence, into which it fades.
    fn finish(&mut self) -> Vec<i16> {
        if !self.sounding {
            return Vec::new();
        }
        let mut tail = std::mem::take(&mut self.held);
        tail.append(&mut self.rest);
        tail.resize(TAIL_SAMPLES, 0);
        for (n, sample) in tail.iter_mut().rev().take(FADE_SAMPLES).enumerate() {
            *sample = (i32::from(*sample) * n as i32 / FADE_SAMPLES as i32) as i16;
        }
        tail
    }
}

/// Whether a few milliseconds are more than a voice's own noise, as an ear would take them: above -45 dB.
pub(crate) fn is_loud(window: &[i16]) -> bool {
    let energy: i64 = window.iter().map(|sample| i64::from(*sample).pow(2)).sum();
    energy > SILENCE_RMS.pow(2) * window.len() as i64
}

/// -45 dB of full scale. The noise of the voices in use is at -60; their words fade through this level within 20 ms, the ends
/// of some within 120, of which a telephone lets nothing be heard.
const SILENCE_RMS: i64 = 184;

/// 5 ms: one swing of the deepest voice in use.
pub(crate) const WINDOW_SAMPLES: usize = SAMPLE_RATE as usize / 200;

/// Silence kept before the first sound: 20 ms, for soft consonants. The voices begin with 140 to 270 ms of it, which the caller
/// would wait for.
const LEAD_SAMPLES: usize = SAMPLE_RATE as usize / 50;

/// Silence after the last sound: 80 ms. With the lead of the next sentence and the rest of a frame between two says it makes a
/// pause of 100 to 130 ms, in which nobody takes the agent for done.
const TAIL_SAMPLES: usize = SAMPLE_RATE as usize * 8 / 100;

/// 10 ms at the end of the tail, so that what is cut off makes no click.
const FADE_SAMPLES: usize = SAMPLE_RATE as usize / 100;

#[cfg(test)]
mod tests {
    use super::*;

    /// Silence of 960 samples, sound of 480, silence of 2,000, sound of 320, silence of 5,000.
    fn sentence() -> Vec<i16> {
        [(10, 960), (5_000, 480), (-20, 2_000), (-4_000, 320), (0, 5_000)]
            .into_iter()
            .flat_map(|(level, length)| std::iter::repeat_n(level, length))
            .collect()
    }

    fn tailored(pieces: &[Spoken<'_>]) -> Sound {
        let mut whole = Sound::default();
        let mut take = |sound: Sound| {
            whole.samples.extend(sound.samples);
            whole.words.extend(sound.words);
            ControlFlow::Continue(())
        };
        let mut tailor = Tailor::new("one two", &mut take);
        for piece in pieces {
            assert!(tailor.add(piece.clone()).is_continue());
        }
        assert!(tailor.finish().is_continue());
        whole
    }

    #[test]
    fn silence_goes_from_the_ends_only_however_the_sound_is_cut() {
        let sound = sentence();
        let wanted = &sound[960 - LEAD_SAMPLES..3_760 + TAIL_SAMPLES];
        for size in [1, 7, 320, 999, 1_500, 10_000] {
            let pieces: Vec<_> = std::iter::once(Spoken::Words(Vec::new()))
                .chain(sound.chunks(size).map(Spoken::Sound))
                .collect();
            assert!(tailored(&pieces).samples == wanted, "in pieces of {size}");
        }
        assert!(tailored(&[Spoken::Sound(&sound)]).samples == wanted, "all at once");
        assert_eq!(tailored(&[Spoken::Sound(&[3; 4_000])]), Sound::default());
    }

    #[test]
    fn what_fades_into_the_pause_ends_without_a_click() {
        let mut sound = vec![5_000; 480];
        sound.extend(vec![150; 4_000]);
        let samples = tailored(&[Spoken::Sound(&sound)]).samples;
        assert_eq!(samples.len(), 480 + TAIL_SAMPLES);
        assert_eq!((samples[481], samples[samples.len() - 1]), (150, 0));
    }

    #[test]
    fn words_move_with_the_silence_taken_off() {
        let words = vec![
            WordSpan { words: 1, start: 960, end: 1_440 },
            WordSpan { words: 2, start: 3_440, end: 3_760 },
        ];
        let sound = sentence();
        let pieces = [Spoken::Words(words), Spoken::Sound(&sound[..1_200]), Spoken::Sound(&sound[1_200..])];
        let skipped = 960 - LEAD_SAMPLES;
        let starts: Vec<_> = tailored(&pieces).words.iter().map(|word| word.start + skipped).collect();
        assert_eq!(starts, [960, 3_440]);
        let untold = tailored(&[Spoken::Sound(&sound)]).words;
        assert_eq!(untold.len(), 2);
        assert_eq!((untold[0].start, untold[1].words, untold[1].end), (0, 2, LEAD_SAMPLES + 2_800));
    }
}
