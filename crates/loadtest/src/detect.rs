//! When is there sound? A plain energy detector over 5 ms blocks: what it hears is a clean line with one synthetic voice on
//! it, and what it tells must be explainable sample by sample, so nothing cleverer belongs here.

use std::collections::VecDeque;
use std::time::Duration;

use callwright_model::Samples;
use serde::Serialize;

/// A stretch of sound, positions counted at 16 kHz from the start of the call's media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// First sample that sounds.
    pub start: Samples,
    /// The sample after the last one that sounds.
    pub end: Samples,
}

/// What counts as sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hearing {
    /// A block of 5 ms at or above this level sounds. An agent that lowered its voice must still count as sounding.
    pub threshold_dbfs: f32,
    /// Gaps shorter than this belong to the segment: they are between words.
    pub join: Duration,
    /// Sounds shorter than this are clicks.
    pub shortest: Duration,
}

impl Default for Hearing {
    fn default() -> Self {
        // Synthetic voices lie around -20 dBFS, lowered by 12 dB around -32; G.711 and Opus leave silence below -60. The gaps
        // between words of the fixture voices are under 200 ms, those between sentences 250 to 500.
        Self { threshold_dbfs: -50.0, join: Duration::from_millis(300), shortest: Duration::from_millis(30) }
    }
}

/// What the [`Detector`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Sound began here. Told [`Hearing::shortest`] later.
    Started(Samples),
    /// Sound ended. Told [`Hearing::join`] later.
    Stopped(Segment),
}

/// Finds the segments of a stream of samples.
#[derive(Debug)]
pub struct Detector {
    hearing: Hearing,
    /// Position of the first sample of `block`.
    at: u64,
    block: Vec<i16>,
    state: State,
    told: VecDeque<Sound>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Quiet,
    /// Too short to be told yet.
    Perhaps {
        start: u64,
        end: u64,
    },
    Sounding {
        start: u64,
        end: u64,
    },
}

impl Detector {
    /// A detector at the start of a stream.
    #[must_use]
    pub fn new(hearing: Hearing) -> Self {
        Self { hearing, at: 0, block: Vec::with_capacity(BLOCK), state: State::Quiet, told: VecDeque::new() }
    }

    /// The next samples of the stream, any number of them.
    pub fn handle_samples(&mut self, samples: &[i16]) {
        for &sample in samples {
            self.block.push(sample);
            if self.block.len() == BLOCK {
                self.handle_block();
            }
        }
    }

    /// The next thing it has to tell; drain after each input.
    pub fn poll_output(&mut self) -> Option<Sound> {
        self.told.pop_front()
    }

    /// The segment that is sounding at this moment, if one is, as far as it was heard.
    #[must_use]
    pub fn sounding(&self) -> Option<Segment> {
        match self.state {
            State::Quiet | State::Perhaps { .. } => None,
            State::Sounding { start, end } => Some(Segment { start: Samples(start), end: Samples(end) }),
        }
    }

    fn handle_block(&mut self) {
        let loud = level_dbfs(&self.block) >= self.hearing.threshold_dbfs;
        let (from, to) = (self.at, self.at + BLOCK as u64);
        self.at = to;
        self.block.clear();
        let shortest = Samples::of(self.hearing.shortest).0;
        let join = Samples::of(self.hearing.join).0;
        self.state = match (self.state, loud) {
            (State::Quiet, false) => State::Quiet,
            (State::Quiet, true) => State::Perhaps { start: from, end: to },
            (State::Perhaps { start, .. }, true) if to - start >= shortest => {
                self.told.push_back(Sound::Started(Samples(start)));
                State::Sounding { start, end: to }
            }
            (State::Perhaps { start, .. }, true) => State::Perhaps { start, end: to },
            (State::Perhaps { end, .. }, false) if to - end >= CLICK_GAP => State::Quiet,
            (perhaps @ State::Perhaps { .. }, false) => perhaps,
            (State::Sounding { start, .. }, true) => State::Sounding { start, end: to },
            (State::Sounding { start, end }, false) if to - end >= join => {
                self.told.push_back(Sound::Stopped(Segment { start: Samples(start), end: Samples(end) }));
                State::Quiet
            }
            (sounding @ State::Sounding { .. }, false) => sounding,
        };
    }
}

/// All segments of a recording that is at hand as a whole.
#[must_use]
pub fn segments(samples: &[i16], hearing: Hearing) -> Vec<Segment> {
    let mut detector = Detector::new(hearing);
    detector.handle_samples(samples);
    let mut found = Vec::new();
    while let Some(sound) = detector.poll_output() {
        match sound {
            Sound::Started(_) => {}
            Sound::Stopped(segment) => found.push(segment),
        }
    }
    found.extend(detector.sounding());
    found
}

/// Level in dB relative to a full-scale square wave; silence is -100.
#[must_use]
pub fn level_dbfs(samples: &[i16]) -> f32 {
    let energy: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    if energy == 0.0 {
        return -100.0;
    }
    let mean = energy / samples.len() as f64 / (32_768.0 * 32_768.0);
    (10.0 * mean.log10()).max(-100.0) as f32
}

/// 5 ms at 16 kHz: fine enough for an onset, long enough to hold a period of a low voice's harmonics.
const BLOCK: usize = 80;
/// Silence after which a sound that has not become long enough is forgotten as a click: 20 ms.
const CLICK_GAP: u64 = 320;

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(ms: usize, amplitude: f64) -> Vec<i16> {
        let at = |n: usize| (amplitude * (n as f64 * 220.0 * std::f64::consts::TAU / 16_000.0).sin()) as i16;
        (0..ms * 16).map(at).collect()
    }

    fn silence(ms: usize) -> Vec<i16> {
        vec![0; ms * 16]
    }

    fn in_ms(found: &[Segment]) -> Vec<(u64, u64)> {
        found.iter().map(|segment| (segment.start.0 / 16, segment.end.0 / 16)).collect()
    }

    #[test]
    fn onsets_and_ends_are_within_five_milliseconds() {
        for start in [7, 113, 1_001, 1_999] {
            let stream = [silence(start), voice(1_203, 3_000.0), silence(600)].concat();
            let found = in_ms(&segments(&stream, Hearing::default()));
            assert_eq!(found.len(), 1, "one segment from {start} ms: {found:?}");
            assert!(found[0].0.abs_diff(start as u64) <= 5, "{found:?} from {start}");
            assert!(found[0].1.abs_diff(start as u64 + 1_203) <= 5, "{found:?} from {start}");
        }
    }

    #[test]
    fn gaps_between_words_do_not_split_a_segment_and_sentences_do() {
        let stream =
            [voice(400, 3_000.0), silence(180), voice(300, 3_000.0), silence(450), voice(200, 3_000.0)]
                .concat();
        assert_eq!(in_ms(&segments(&stream, Hearing::default())), [(0, 880), (1_330, 1_530)]);
    }

    #[test]
    fn clicks_and_codec_noise_are_not_sound() {
        let mut stream = silence(2_000);
        stream[16_000] = 20_000;
        for (n, sample) in stream.iter_mut().enumerate().skip(20_000) {
            *sample = if n % 3 == 0 { 8 } else { -8 };
        }
        assert_eq!(segments(&stream, Hearing::default()), []);
    }

    #[test]
    fn a_lowered_voice_still_sounds() {
        // -12 dB of a voice at -23 dBFS.
        let stream = [voice(500, 3_000.0), voice(500, 750.0), silence(400)].concat();
        assert_eq!(in_ms(&segments(&stream, Hearing::default())), [(0, 1_000)]);
    }

    #[test]
    fn a_stream_in_pieces_is_the_same_stream() {
        let stream = [silence(333), voice(777, 3_000.0), silence(500)].concat();
        let mut detector = Detector::new(Hearing::default());
        let mut told = Vec::new();
        for piece in stream.chunks(77) {
            detector.handle_samples(piece);
            told.extend(std::iter::from_fn(|| detector.poll_output()));
        }
        let whole = segments(&stream, Hearing::default());
        assert_eq!(told, [Sound::Started(whole[0].start), Sound::Stopped(whole[0])]);
    }
}
