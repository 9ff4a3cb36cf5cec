//! Levels, filters and envelopes: what all made sounds are shaped with.

use callwright_audio_core::{Downsampler, Upsampler};
use callwright_model::SAMPLE_RATE;

const RATE: f32 = SAMPLE_RATE as f32;

/// Mean power of the parts of a sound that are not pauses, in dB relative to a full-scale square wave: of the 20 ms blocks
/// that are at most 25 dB below the loudest. Of steady noise it is the plain level.
pub(crate) fn active_level_dbfs(samples: &[i16]) -> f32 {
    let powers: Vec<f64> = samples.chunks(BLOCK).filter(|block| block.len() == BLOCK).map(power).collect();
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    let active: Vec<f64> = powers.into_iter().filter(|power| *power > loudest * PAUSE).collect();
    if active.is_empty() {
        return -100.0;
    }
    let mean = active.iter().sum::<f64>() / active.len() as f64;
    (10.0 * mean.log10()).max(-100.0) as f32
}

fn power(block: &[i16]) -> f64 {
    let energy: f64 = block.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum();
    energy / block.len() as f64 / (32_768.0 * 32_768.0)
}

/// The sound as a telephone passes it on, at this active level. Levels are set inside the band, so that what lies above it
/// does not count as speech or noise that nobody will hear.
pub(crate) fn for_telephone(samples: &[f32], level_dbfs: f32) -> Vec<i16> {
    let peak = samples.iter().fold(1e-9_f32, |peak, sample| peak.max(sample.abs()));
    let scaled: Vec<i16> = samples.iter().map(|sample| (sample / peak * HEADROOM) as i16).collect();
    let mut banded = telephone_band(&scaled);
    set_level(&mut banded, level_dbfs);
    banded
}

/// The same for a sound that is at hand in samples.
pub(crate) fn voice_for_telephone(samples: &[i16], level_dbfs: f32) -> Vec<i16> {
    let mut banded = telephone_band(samples);
    set_level(&mut banded, level_dbfs);
    banded
}

fn telephone_band(samples: &[i16]) -> Vec<i16> {
    let mut even = samples.to_vec();
    even.resize((samples.len() + RING_OUT).next_multiple_of(2), 0);
    let mut narrow = vec![0; even.len() / 2];
    Downsampler::<2>::new().process(&even, &mut narrow);
    let mut wide = vec![0; even.len()];
    Upsampler::<2>::new().process(&narrow, &mut wide);
    wide
}

fn set_level(samples: &mut [i16], level_dbfs: f32) {
    let gain = decibels(level_dbfs - active_level_dbfs(samples));
    for sample in samples {
        *sample = clamp(f32::from(*sample) * gain);
    }
}

/// The factor for an amplitude.
pub(crate) fn decibels(db: f32) -> f32 {
    10_f32.powf(db / 20.0)
}

pub(crate) fn clamp(sample: f32) -> i16 {
    sample.round().clamp(-32_768.0, 32_767.0) as i16
}

/// A second-order filter (Robert Bristow-Johnson's audio cookbook).
#[derive(Debug, Clone)]
pub(crate) struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    x: [f32; 2],
    y: [f32; 2],
}

impl Biquad {
    pub(crate) fn low_pass(hz: f32, q: f32) -> Self {
        let (cosine, alpha) = Self::angles(hz, q);
        let b = (1.0 - cosine) / 2.0;
        Self::with([b, 2.0 * b, b], cosine, alpha)
    }

    pub(crate) fn high_pass(hz: f32, q: f32) -> Self {
        let (cosine, alpha) = Self::angles(hz, q);
        let b = f32::midpoint(1.0, cosine);
        Self::with([b, -2.0 * b, b], cosine, alpha)
    }

    /// Peak gain 1: a formant.
    pub(crate) fn band_pass(hz: f32, q: f32) -> Self {
        let (cosine, alpha) = Self::angles(hz, q);
        Self::with([alpha, 0.0, -alpha], cosine, alpha)
    }

    fn angles(hz: f32, q: f32) -> (f32, f32) {
        let angle = std::f32::consts::TAU * hz / RATE;
        (angle.cos(), angle.sin() / (2.0 * q))
    }

    fn with(b: [f32; 3], cosine: f32, alpha: f32) -> Self {
        let a0 = 1.0 + alpha;
        Self { b: b.map(|b| b / a0), a: [-2.0 * cosine / a0, (1.0 - alpha) / a0], x: [0.0; 2], y: [0.0; 2] }
    }

    pub(crate) fn pass(&mut self, x: f32) -> f32 {
        let y = self.b[0] * x + self.b[1] * self.x[0] + self.b[2] * self.x[1]
            - self.a[0] * self.y[0]
            - self.a[1] * self.y[1];
        self.x = [x, self.x[0]];
        self.y = [y, self.y[0]];
        y
    }
}

/// Fourth-order low-pass without a peak: two second-order ones with the Q of Butterworth.
#[derive(Debug, Clone)]
pub(crate) struct Muffler([Biquad; 2]);

impl Muffler {
    pub(crate) fn new(hz: f32) -> Self {
        Self([Biquad::low_pass(hz, 0.541), Biquad::low_pass(hz, 1.307)])
    }

    pub(crate) fn pass(&mut self, x: f32) -> f32 {
        let [first, second] = &mut self.0;
        second.pass(first.pass(x))
    }
}

pub(crate) fn samples(ms: f64) -> usize {
    (ms * f64::from(SAMPLE_RATE) / 1_000.0) as usize
}

/// Rises within `attack` samples and then falls by 60 dB over `decay` samples.
pub(crate) fn struck(at: usize, attack: usize, decay: usize) -> f32 {
    if at < attack {
        at as f32 / attack as f32
    } else {
        decibels(-60.0 * (at - attack) as f32 / decay.max(1) as f32)
    }
}

/// Full in the middle, faded at both ends over `fade` samples.
pub(crate) fn faded(at: usize, length: usize, fade: usize) -> f32 {
    let edge = at.min(length.saturating_sub(at + 1));
    (edge as f32 / fade.max(1) as f32).min(1.0)
}

/// 20 ms at 16 kHz.
const BLOCK: usize = 320;
/// 40 ms: far more than the band's filters last.
const RING_OUT: usize = 640;
/// 25 dB below the loudest block: quieter is a pause or the tail of a word.
const PAUSE: f64 = 0.003_16;
/// Leaves 6 dB for what the band filter adds to a peak.
const HEADROOM: f32 = 16_000.0;
