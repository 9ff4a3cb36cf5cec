//! Short loud sounds from around the caller: a phone, a dog, a horn, a siren, an engine.

use std::f64::consts::TAU;

use super::human::{Tract, Voice};
use super::shape::{faded, samples, struck};
use crate::duplex::dice::Dice;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Burst {
    Phone,
    Dog,
    Horn,
    Siren,
    Engine,
}

impl Burst {
    pub(crate) const ALL: [Self; 5] = [Self::Phone, Self::Dog, Self::Horn, Self::Siren, Self::Engine];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Dog => "dog",
            Self::Horn => "horn",
            Self::Siren => "siren",
            Self::Engine => "engine",
        }
    }

    pub(crate) fn make(self, dice: &mut Dice) -> Vec<f32> {
        match self {
            Self::Phone => phone(dice),
            Self::Dog => dog(dice),
            Self::Horn => horn(dice),
            Self::Siren => siren(dice),
            Self::Engine => engine(dice),
        }
    }
}

/// Two rings of two tones that alternate quickly.
fn phone(dice: &mut Dice) -> Vec<f32> {
    let (low, high) = (dice.between(800.0, 950.0), dice.between(1_050.0, 1_250.0));
    let mut sound = Vec::new();
    for _ in 0..2 {
        let length = samples(700.0);
        sound.extend((0..length).map(|at| {
            let seconds = at as f64 / 16_000.0;
            let hz = if ((seconds * 20.0) as u64).is_multiple_of(2) { low } else { high };
            (hz * seconds * TAU).sin() as f32 * faded(at, length, samples(10.0))
        }));
        sound.resize(sound.len() + samples(250.0), 0.0);
    }
    sound
}

/// Two to four barks.
fn dog(dice: &mut Dice) -> Vec<f32> {
    let mut sound = Vec::new();
    for _ in 0..2 + dice.below(3) {
        let length = samples(dice.between(140.0, 200.0));
        let mut tract = Tract::new(&[(650.0, 3.0, 1.0), (1_300.0, 3.0, 0.8), (2_400.0, 3.0, 0.4)]);
        let mut voice = Voice::new(dice.between(330.0, 420.0), -1.5);
        for at in 0..length {
            let rough = voice.next(dice) + 0.5 * dice.noise();
            sound.push(tract.pass(rough) * struck(at, samples(12.0), samples(400.0)));
        }
        sound.resize(sound.len() + samples(dice.between(120.0, 350.0)), 0.0);
    }
    sound
}

/// Two reeds a third apart.
fn horn(dice: &mut Dice) -> Vec<f32> {
    let length = samples(dice.between(500.0, 1_100.0));
    let mut reeds =
        [Voice::new(dice.between(400.0, 430.0), 0.0), Voice::new(dice.between(500.0, 530.0), 0.0)];
    (0..length)
        .map(|at| {
            let reeds: f32 = reeds.iter_mut().map(|reed| reed.next(dice)).sum();
            reeds * faded(at, length, samples(25.0))
        })
        .collect()
}

/// A tone that wails up and down.
fn siren(dice: &mut Dice) -> Vec<f32> {
    let length = samples(2_500.0);
    let speed = dice.between(0.5, 1.2);
    let mut phase = 0.0;
    (0..length)
        .map(|at| {
            let seconds = at as f64 / 16_000.0;
            phase += (950.0 + 350.0 * (seconds * speed * TAU).sin()) / 16_000.0;
            (((phase * TAU).sin() + 0.4 * (phase * 2.0 * TAU).sin()) as f32)
                * faded(at, length, samples(300.0))
        })
        .collect()
}

/// A motor that comes by.
fn engine(dice: &mut Dice) -> Vec<f32> {
    let length = samples(2_200.0);
    let mut tract = Tract::new(&[(350.0, 1.5, 1.0), (800.0, 1.5, 0.6), (1_700.0, 1.0, 0.3)]);
    let mut motor = Voice::new(dice.between(55.0, 85.0), 0.15);
    (0..length)
        .map(|at| {
            let rough = motor.next(dice) * (0.8 + 0.2 * dice.noise()) + 0.5 * dice.noise();
            tract.pass(rough) * faded(at, length, length / 2)
        })
        .collect()
}
