//! Telephone keys heard in the sound itself (ITU-T Q.23), for ends that send them in no other way.
//!
//! Every 10 ms the last 20 are looked at. A key is told when three such looks in a row show the same one, which a tone of 40 ms always
//! brings about (Q.24 wants 40 heard and 23 passed over), and is over when two in a row do not. Voices have their energy in more than
//! two places, seldom for so long in two that are those of a key.

use callwright_model::{FRAME_SAMPLES, Frame};

/// Listens to a stream of frames for keys.
#[derive(Debug, Clone)]
pub struct KeyDetector {
    /// The last 20 ms at 8 kHz.
    window: [f32; WINDOW],
    /// The key that the last looks showed, and how many of them in a row.
    seen: Option<char>,
    looks: u8,
    held: Option<char>,
    missed: u8,
}

impl KeyDetector {
    /// Nothing was heard.
    #[must_use]
    pub const fn new() -> Self {
        Self { window: [0.0; WINDOW], seen: None, looks: 0, held: None, missed: 0 }
    }

    /// Listens to the next 20 ms and tells a key that is pressed from then on.
    pub fn hear(&mut self, frame: &Frame) -> Option<char> {
        let mut pressed = None;
        for half in frame.0.chunks_exact(FRAME_SAMPLES / 2) {
            self.window.copy_within(HOP.., 0);
            for (sample, pair) in self.window[WINDOW - HOP..].iter_mut().zip(half.chunks_exact(2)) {
                // Half the rate is enough for the highest key; the mean keeps what lies above from folding into it.
                *sample = f32::from(pair[0]) * 0.5 + f32::from(pair[1]) * 0.5;
            }
            pressed = pressed.or(self.look());
        }
        pressed
    }

    /// The key that is held down, if any.
    #[must_use]
    pub const fn held(&self) -> Option<char> {
        self.held
    }

    fn look(&mut self) -> Option<char> {
        let key = key_of(&self.window);
        self.looks = if key.is_some() && key == self.seen { self.looks.saturating_add(1) } else { 1 };
        self.seen = key;
        if self.held.is_some() {
            self.missed = if key == self.held { 0 } else { self.missed + 1 };
            if self.missed >= MISSED {
                self.held = None;
            }
            return None;
        }
        if key.is_some() && self.looks >= LOOKS {
            self.held = key;
            self.missed = 0;
            return key;
        }
        None
    }
}

impl Default for KeyDetector {
    fn default() -> Self {
        Self::new()
    }
}

/// Which key these 20 ms are, if they are nothing else.
fn key_of(window: &[f32; WINDOW]) -> Option<char> {
    let energy: f32 = window.iter().map(|sample| sample * sample).sum();
    if energy < ENERGY_MIN {
        return None;
    }
    let low = LOW.map(|tone| power(window, tone));
    let high = HIGH.map(|tone| power(window, tone));
    let (row, column) = (strongest(&low)?, strongest(&high)?);
    let (low, high) = (low[row], high[column]);
    let is_even = low < high * TWIST_LOW_MAX && high < low * TWIST_HIGH_MAX;
    (low + high > energy * SHARE_MIN && is_even).then(|| KEYS[row][column])
}

/// The place of the strongest tone of a group, when it stands out.
fn strongest(powers: &[f32; 4]) -> Option<usize> {
    let (best, &power) = powers.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let stands_out = powers.iter().enumerate().all(|(n, &other)| n == best || other * STANDS_OUT < power);
    stands_out.then_some(best)
}

/// The energy of one tone, by Goertzel's algorithm, on the scale of the samples' own energy.
fn power(samples: &[f32; WINDOW], coefficient: f32) -> f32 {
    let (mut one, mut two) = (0.0f32, 0.0f32);
    for &sample in samples {
        (one, two) = (sample + coefficient * one - two, one);
    }
    (one * one + two * two - coefficient * one * two) * 2.0 / WINDOW as f32
}

/// 20 ms and 10 ms at 8 kHz.
const WINDOW: usize = FRAME_SAMPLES / 2;
const HOP: usize = WINDOW / 2;
const LOOKS: u8 = 3;
const MISSED: u8 = 2;

const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];
/// What Goertzel's algorithm multiplies with for the frequencies of rows and columns.
static LOW: [f32; 4] = [1.707_738, 1.645_281, 1.568_687, 1.478_205];
static HIGH: [f32; 4] = [1.164_104, 0.996_370, 0.798_618, 0.568_533];

/// -43 dBFS over the window: keys come at -36 and more, however long the line is.
const ENERGY_MIN: f32 = WINDOW as f32 * 232.0 * 232.0;
/// What of the energy the two tones must have. Off by the 1.5 % that Q.24 allows, a key has 0.54 and more; see the tests for speech.
const SHARE_MIN: f32 = 0.52;
/// A tone stands out when it is 6 dB above its neighbours; off by 1.5 % it still does.
const STANDS_OUT: f32 = 4.0;
/// Columns up to 4 dB softer than rows and 8 dB louder, by Q.24, and 2 dB for what being off takes.
const TWIST_LOW_MAX: f32 = 4.0;
const TWIST_HIGH_MAX: f32 = 10.0;

#[cfg(test)]
mod tests;
