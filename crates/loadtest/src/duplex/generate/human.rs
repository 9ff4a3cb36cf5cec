//! Coughs, sneezes, cleared throats and laughs, from shaped noise and pulses through formants. They need not fool a person;
//! they need the onsets, the spectrum and the rhythm by which a detector takes the real ones for speech.

use super::shape::{Biquad, faded, samples, struck};
use crate::duplex::dice::Dice;

/// The tics that are made without words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tic {
    Cough,
    Sneeze,
    Throat,
    Laugh,
}

impl Tic {
    pub(crate) const ALL: [Self; 4] = [Self::Cough, Self::Sneeze, Self::Throat, Self::Laugh];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cough => "cough",
            Self::Sneeze => "sneeze",
            Self::Throat => "throat",
            Self::Laugh => "laugh",
        }
    }

    /// One of them, no two alike.
    pub(crate) fn make(self, dice: &mut Dice) -> Vec<f32> {
        match self {
            Self::Cough => cough(dice),
            Self::Sneeze => sneeze(dice),
            Self::Throat => throat(dice),
            Self::Laugh => laugh(dice),
        }
    }
}

/// One to three bursts of breath, the last with a little voice behind it.
fn cough(dice: &mut Dice) -> Vec<f32> {
    let mut sound = Vec::new();
    let bursts = 1 + dice.below(3);
    for burst in 0..bursts {
        let length = samples(dice.between(170.0, 260.0));
        let mut tract = Tract::new(&[(620.0, 2.0, 1.0), (1_450.0, 2.5, 0.8), (2_600.0, 3.0, 0.5)]);
        let mut voice = Voice::new(dice.between(120.0, 150.0), 0.3);
        let voiced = if burst + 1 == bursts { 0.5 } else { 0.15 };
        let from = sound.len();
        for at in 0..length {
            let breath = dice.noise() * struck(at, samples(6.0), samples(330.0));
            let tail = voice.next(dice) * voiced * faded(at, length, samples(70.0));
            sound.push(tract.pass(breath + tail));
        }
        if burst > 0 {
            // Later ones are weaker.
            sound[from..].iter_mut().for_each(|sample| *sample *= 0.7);
        }
        sound.resize(sound.len() + samples(dice.between(40.0, 110.0)), 0.0);
    }
    sound
}

/// A drawn breath, then a burst of hiss with a voice falling away.
fn sneeze(dice: &mut Dice) -> Vec<f32> {
    let mut sound = Vec::new();
    let breath = samples(dice.between(250.0, 400.0));
    let mut tract = Tract::new(&[(900.0, 1.5, 0.5), (1_700.0, 2.0, 0.4)]);
    for at in 0..breath {
        let rise = at as f32 / breath as f32;
        sound.push(tract.pass(dice.noise() * 0.15 * rise * rise));
    }
    let burst = samples(dice.between(300.0, 420.0));
    let mut hiss = Biquad::high_pass(1_600.0, 0.7);
    let mut mouth = Tract::new(&[(500.0, 3.0, 1.0), (1_000.0, 3.0, 0.5)]);
    let mut voice = Voice::new(dice.between(160.0, 210.0), -0.5);
    for at in 0..burst {
        let breath = hiss.pass(dice.noise()) * struck(at, samples(8.0), samples(420.0));
        let tail = mouth.pass(voice.next(dice)) * struck(at, samples(40.0), samples(700.0));
        sound.push(breath + 0.9 * tail);
    }
    sound
}

/// Two rough, low sounds.
fn throat(dice: &mut Dice) -> Vec<f32> {
    let mut sound = Vec::new();
    for _ in 0..2 {
        let length = samples(dice.between(180.0, 300.0));
        let mut tract = Tract::new(&[(480.0, 3.0, 1.0), (1_150.0, 3.0, 0.6), (2_300.0, 3.0, 0.25)]);
        let mut voice = Voice::new(dice.between(75.0, 95.0), 0.1);
        for at in 0..length {
            let rough = voice.next(dice) * (0.7 + 0.3 * dice.noise()) + 0.15 * dice.noise();
            sound.push(tract.pass(rough) * faded(at, length, samples(40.0)));
        }
        sound.resize(sound.len() + samples(dice.between(60.0, 120.0)), 0.0);
    }
    sound
}

/// "Ha" four to six times, each lower and weaker.
fn laugh(dice: &mut Dice) -> Vec<f32> {
    let mut sound = Vec::new();
    let syllables = 4 + dice.below(3);
    let mut pitch = dice.between(190.0, 240.0);
    for syllable in 0..syllables {
        let (aspirated, voiced) = (samples(dice.between(50.0, 70.0)), samples(dice.between(85.0, 120.0)));
        let mut tract = Tract::new(&[(720.0, 4.0, 1.0), (1_250.0, 5.0, 0.7), (2_600.0, 6.0, 0.3)]);
        let mut voice = Voice::new(pitch, -0.2);
        let loud = 0.85_f32.powi(i32::try_from(syllable).unwrap_or(0));
        for at in 0..aspirated + voiced {
            let breath = dice.noise() * 0.25 * faded(at, aspirated + samples(20.0), samples(15.0)).max(0.0);
            let tone = match at.checked_sub(aspirated) {
                None => 0.0,
                Some(into) => voice.next(dice) * faded(into, voiced, samples(20.0)),
            };
            sound.push(tract.pass(breath + tone) * loud);
        }
        pitch *= 0.94;
    }
    sound
}

/// Resonances side by side: frequency, Q, weight.
pub(super) struct Tract(Vec<(Biquad, f32)>);

impl Tract {
    pub(super) fn new(formants: &[(f32, f32, f32)]) -> Self {
        Self(formants.iter().map(|&(hz, q, weight)| (Biquad::band_pass(hz, q), weight)).collect())
    }

    pub(super) fn pass(&mut self, x: f32) -> f32 {
        self.0.iter_mut().map(|(formant, weight)| formant.pass(x) * *weight).sum()
    }
}

/// A pulse train such as vocal cords make, with a little irregularity; `glide` is the share by which pitch moves a second.
pub(super) struct Voice {
    hz: f64,
    glide: f64,
    phase: f64,
    period: f64,
}

impl Voice {
    pub(super) const fn new(hz: f64, glide: f64) -> Self {
        Self { hz, glide, phase: 0.0, period: 1.0 }
    }

    pub(super) fn next(&mut self, dice: &mut Dice) -> f32 {
        self.hz *= 1.0 + self.glide / 16_000.0;
        self.phase += self.hz / 16_000.0;
        if self.phase >= self.period {
            self.phase -= self.period;
            self.period = dice.between(0.97, 1.03);
        }
        // Opens slowly and shuts at once: all harmonics, falling with frequency.
        let open = self.phase / self.period;
        (3.0 * open * open - 1.0) as f32
    }
}
