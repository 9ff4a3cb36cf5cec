//! A tone of one frequency that stays as it is: the beep of an answering machine, not a voice.
//!
//! Countries and makers have beeps of 400 to 2,100 Hz, so no list of frequencies is looked for. A sinusoid is the one sound of which
//! each sample follows from the two before it, `x[n] = 2 cos(w) x[n-1] - x[n-2]`: what is left over tells how pure it is, and the
//! factor its frequency. Voices are neither that pure nor that steady.

use callwright_model::{Frame, SAMPLE_RATE};

/// Hears steady tones in a stream of frames.
#[derive(Debug, Clone, Default)]
pub struct SteadyTone {
    /// The tone that sounds, if one does.
    sounding: Option<Sounding>,
}

#[derive(Debug, Clone, Copy)]
struct Sounding {
    hz: f32,
    level_db: f32,
    frames: u32,
}

impl SteadyTone {
    /// Takes the next frame. Tells the frequency in Hz of a tone, once, when it has lasted long enough.
    pub fn hear(&mut self, frame: &Frame) -> Option<f32> {
        let Some((hz, level_db)) = pure(&frame.0) else {
            self.sounding = None;
            return None;
        };
        let sounding = match self.sounding {
            Some(before)
                if (before.hz - hz).abs() <= before.hz * DRIFT
                    && (before.level_db - level_db).abs() <= SWELL_DB =>
            {
                Sounding { frames: before.frames.saturating_add(1), ..before }
            }
            Some(_) | None => Sounding { hz, level_db, frames: 1 },
        };
        self.sounding = Some(sounding);
        (sounding.frames == FRAMES).then_some(sounding.hz)
    }
}

/// Frequency and level of a frame that is one sinusoid. Every second sample is looked at: lines of telephones carry nothing above
/// 4 kHz, and neighbours at 16 kHz are so alike that everything low would seem pure.
fn pure(samples: &[i16]) -> Option<(f32, f32)> {
    let at = |index: usize| f32::from(samples[index]);
    let (mut with, mut own) = (0.0_f32, 0.0_f32);
    let places = || (STEP..samples.len().saturating_sub(STEP)).step_by(STEP);
    for place in places() {
        let middle = at(place);
        with += (at(place - STEP) + at(place + STEP)) * middle;
        own += middle * middle;
    }
    let count = places().count() as f32;
    if own < count * QUIETEST * QUIETEST {
        return None;
    }
    let factor = with / own;
    let left: f32 = places()
        .map(|place| {
            let left = at(place - STEP) + at(place + STEP) - factor * at(place);
            left * left
        })
        .sum();
    let hz = (factor / 2.0).clamp(-1.0, 1.0).acos() * RATE / std::f32::consts::TAU;
    let is_pure = left <= own * IMPURE && (LOWEST_HZ..=HIGHEST_HZ).contains(&hz);
    is_pure.then(|| (hz, 10.0 * (own / count).log10()))
}

const STEP: usize = 2;
const RATE: f32 = SAMPLE_RATE as f32 / STEP as f32;
/// 240 ms. The shortest beeps in use last about 300 ms; a vowel of a synthetic voice stays pure for 100 ms at most, see the tests.
const FRAMES: u32 = 12;
/// Power that a sinusoid may leave over. G.711 alone leaves 0.001 of it; a second one at a third of its level and 200 Hz apart leaves more than this.
const IMPURE: f32 = 0.004;
/// A synthetic voice that sings keeps its pitch no better.
const DRIFT: f32 = 0.01;
const SWELL_DB: f32 = 1.5;
/// Hums of rooms and most of what a larynx makes lie below.
const LOWEST_HZ: f32 = 380.0;
/// Above the answer tone of fax machines, which is no person either.
const HIGHEST_HZ: f32 = 2_200.0;
/// Root mean square of a sample, -42 dBFS: a beep is as loud as the voice before it.
const QUIETEST: f32 = 260.0;

#[cfg(test)]
mod tests {
    use callwright_model::FRAME_SAMPLES;

    use super::*;
    use crate::g711::Law;

    /// As a telephone line brings it: 8 kHz, mu-law, and up again.
    fn over_the_line(wave: impl Fn(f32) -> f32, seconds: f32) -> Vec<Frame> {
        let count = (seconds * 8_000.0) as usize;
        let mut line = crate::Upsampler::<2>::new();
        let sound: Vec<i16> = (0..count).map(|n| (wave(n as f32 / 8_000.0) * 8_000.0) as i16).collect();
        let mut codes = vec![0; count];
        Law::Mu.encode_into(&sound, &mut codes);
        let mut narrow = vec![0; count];
        Law::Mu.decode_into(&codes, &mut narrow);
        narrow
            .chunks_exact(FRAME_SAMPLES / 2)
            .map(|chunk| {
                let mut frame = Frame::SILENCE;
                line.process(chunk, &mut frame.0);
                frame
            })
            .collect()
    }

    fn heard(frames: &[Frame]) -> Vec<f32> {
        let mut tone = SteadyTone::default();
        frames.iter().filter_map(|frame| tone.hear(frame)).collect()
    }

    fn sine(hz: f32) -> impl Fn(f32) -> f32 {
        move |at| (at * hz * std::f32::consts::TAU).sin()
    }

    #[test]
    fn beeps_of_many_countries_are_heard_once() {
        for hz in [425.0, 440.0, 850.0, 950.0, 1_000.0, 1_100.0, 1_400.0, 2_100.0] {
            let found = heard(&over_the_line(sine(hz), 0.4));
            let [one] = found.as_slice() else { panic!("{hz}: {found:?}") };
            assert!((one - hz).abs() < 8.0, "{hz}: {one}");
        }
    }

    #[test]
    fn keys_short_clicks_and_gliding_tones_are_no_beep() {
        let key = |at: f32| sine(770.0)(at) / 2.0 + sine(1_336.0)(at) / 2.0;
        assert_eq!(heard(&over_the_line(key, 1.0)), []);
        assert_eq!(heard(&over_the_line(sine(1_000.0), 0.2)), []);
        let glide = |at: f32| ((600.0 * at + 400.0 * at * at) * std::f32::consts::TAU).sin();
        assert_eq!(heard(&over_the_line(glide, 1.0)), []);
        let two = |at: f32| sine(1_000.0)(at) * 0.75 + sine(1_200.0)(at) * 0.25;
        assert_eq!(heard(&over_the_line(two, 1.0)), []);
    }
}
