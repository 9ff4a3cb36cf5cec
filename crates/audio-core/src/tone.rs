//! Sounds that need no synthesiser: hold, the beep before a connection, ringback.

use std::f32::consts::{PI, TAU};

use callwright_model::{Frame, SAMPLE_RATE, Tone};

/// A sound that goes on until it is dropped. Frames join without a seam.
#[derive(Debug, Clone)]
pub struct ToneGenerator {
    score: &'static [Note],
    note: usize,
    /// Samples into the note.
    position: u32,
    voices: [Oscillator; VOICES],
    after: After,
}

/// Tones that sound at once.
const VOICES: usize = 3;

#[derive(Debug, Clone, Copy)]
struct Note {
    /// Frequencies in Hz; zero is no voice.
    hz: [f32; VOICES],
    length_ms: u32,
    /// How long it swells and fades.
    fade_ms: u32,
    /// Peak amplitude of each voice.
    amplitude: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Repeat,
    Silence,
}

/// Two soft chords, C major and A minor with its seventh left out, at about -30 dBFS: audible proof of life that speech
/// recognition and the caller's nerves both survive.
static HOLD: [Note; 3] = [
    Note { hz: [261.63, 329.63, 392.0], length_ms: 2_800, fade_ms: 700, amplitude: 700.0 },
    Note { hz: [220.0, 261.63, 329.63], length_ms: 2_800, fade_ms: 700, amplitude: 700.0 },
    // A breath, or it would drone. Not longer than a second: silence on hold makes people hang up.
    Note { hz: [0.0; VOICES], length_ms: 600, fade_ms: 0, amplitude: 0.0 },
];

/// Two rising pips.
static CONNECT: [Note; 3] = [
    Note { hz: [659.26, 0.0, 0.0], length_ms: 120, fade_ms: 10, amplitude: 3_000.0 },
    Note { hz: [0.0; VOICES], length_ms: 60, fade_ms: 0, amplitude: 0.0 },
    Note { hz: [880.0, 0.0, 0.0], length_ms: 160, fade_ms: 10, amplitude: 3_000.0 },
];

/// 425 Hz, one second in five: ringing as most of the world knows it (ITU-T E.180).
static RINGBACK: [Note; 2] = [
    Note { hz: [425.0, 0.0, 0.0], length_ms: 1_000, fade_ms: 10, amplitude: 2_500.0 },
    Note { hz: [0.0; VOICES], length_ms: 4_000, fade_ms: 0, amplitude: 0.0 },
];

impl ToneGenerator {
    /// The start of a tone.
    #[must_use]
    pub fn new(tone: Tone) -> Self {
        match tone {
            Tone::Hold => Self::play(&HOLD, After::Repeat),
            Tone::Connect => Self::play(&CONNECT, After::Silence),
        }
    }

    /// What somebody hears whose call rings elsewhere.
    #[must_use]
    pub fn ringback() -> Self {
        Self::play(&RINGBACK, After::Repeat)
    }

    /// Writes the next 20 ms over `frame`; `false` when the tone is over and the frame is silence.
    pub fn fill(&mut self, frame: &mut Frame) -> bool {
        *frame = Frame::SILENCE;
        let mut sounded = false;
        for sample in &mut frame.0 {
            let Some(&note) = self.score.get(self.note) else { break };
            sounded = true;
            let envelope = note.envelope(self.position);
            let sum: f32 = self.voices.iter_mut().map(Oscillator::next).sum();
            *sample = (sum * note.amplitude * envelope) as i16;
            self.position += 1;
            if self.position >= samples(note.length_ms) {
                self.enter(self.note + 1);
            }
        }
        self.voices.iter_mut().for_each(Oscillator::renormalise);
        sounded
    }

    /// Whether there is nothing more to hear.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.note >= self.score.len()
    }

    fn play(score: &'static [Note], after: After) -> Self {
        let mut generator = Self { score, note: 0, position: 0, voices: [Oscillator::SILENT; VOICES], after };
        generator.enter(0);
        generator
    }

    fn enter(&mut self, note: usize) {
        self.note = if note == self.score.len() && self.after == After::Repeat { 0 } else { note };
        self.position = 0;
        if let Some(note) = self.score.get(self.note) {
            self.voices = note.hz.map(Oscillator::new);
        }
    }
}

impl Note {
    /// From 0 to 1, a raised cosine at both ends.
    fn envelope(&self, position: u32) -> f32 {
        let (length, fade) = (samples(self.length_ms), samples(self.fade_ms));
        let edge = position.min(length - position);
        if edge >= fade { 1.0 } else { 0.5 - 0.5 * (PI * edge as f32 / fade as f32).cos() }
    }
}

/// A sine by rotation: two multiplications a sample instead of a library call.
#[derive(Debug, Clone, Copy)]
struct Oscillator {
    re: f32,
    im: f32,
    turn_re: f32,
    turn_im: f32,
}

impl Oscillator {
    const SILENT: Self = Self { re: 0.0, im: 0.0, turn_re: 1.0, turn_im: 0.0 };

    fn new(hz: f32) -> Self {
        if hz == 0.0 {
            return Self::SILENT;
        }
        let angle = TAU * hz / SAMPLE_RATE as f32;
        Self { re: 1.0, im: 0.0, turn_re: angle.cos(), turn_im: angle.sin() }
    }

    fn next(&mut self) -> f32 {
        let value = self.im;
        (self.re, self.im) = (
            self.re * self.turn_re - self.im * self.turn_im,
            self.re * self.turn_im + self.im * self.turn_re,
        );
        value
    }

    /// Rounding lets the amplitude drift over minutes; one step of Newton's method holds it.
    fn renormalise(&mut self) {
        if self.re != 0.0 || self.im != 0.0 {
            let correction = 1.5 - 0.5 * (self.re * self.re + self.im * self.im);
            self.re *= correction;
            self.im *= correction;
        }
    }
}

const fn samples(ms: u32) -> u32 {
    ms * (SAMPLE_RATE / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(mut tone: ToneGenerator, frames: usize) -> Vec<i16> {
        let mut out = Vec::new();
        for _ in 0..frames {
            let mut frame = Frame::SILENCE;
            tone.fill(&mut frame);
            out.extend(frame.0);
        }
        out
    }

    #[test]
    fn hold_goes_on_for_minutes_soft_and_without_clicks() {
        let sound = record(ToneGenerator::new(Tone::Hold), 50 * 180);
        let step = sound.windows(2).map(|w| (w[0] - w[1]).abs()).max();
        assert!(step <= Some(330), "{step:?}");
        let loudest = sound.iter().map(|s| s.abs()).max();
        assert!((Some(1_000)..=Some(2_100)).contains(&loudest), "{loudest:?}");
        let longest = sound.split(|&s| s != 0).map(<[i16]>::len).max();
        assert!(longest < Some(16_000), "a second of silence on hold: {longest:?}");
        let last = &sound[sound.len() - 16_000 * 7..];
        assert!(last.iter().any(|&s| s.abs() > 1_000), "it dies away");
    }

    #[test]
    fn connect_is_short_and_then_over() {
        let mut tone = ToneGenerator::new(Tone::Connect);
        let mut frame = Frame::SILENCE;
        let sounding = (0..100).take_while(|_| tone.fill(&mut frame)).count();
        assert_eq!(sounding, 17, "340 ms");
        assert!(tone.is_over());
        assert_eq!(frame, Frame::SILENCE);
    }

    #[test]
    fn ringback_rings_one_second_in_five() {
        let sound = record(ToneGenerator::ringback(), 500);
        let loud = sound.chunks(320).filter(|frame| frame.iter().any(|&s| s.abs() > 1_000)).count();
        assert!((98..=102).contains(&loud), "{loud}");
    }
}
