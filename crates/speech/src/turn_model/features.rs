//! The picture of a sound that the model looks at: what whisper's feature extractor makes of eight seconds.
//!
//! Step by step as the model's authors compute it: padded with silence *before* the sound, brought to zero mean and unit variance,
//! mirrored by half a window at both ends, cut into windows of 25 ms every 10 ms under a Hann window, power spectrum, 80 bands of
//! the Slaney mel scale, logarithm, cut 8 decades below the loudest, shifted and scaled.

use std::f64::consts::PI;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Mel bands.
pub(super) const BANDS: usize = 80;
/// Windows in eight seconds.
pub(super) const FRAMES: usize = 800;

/// What does not change from sound to sound.
pub(super) struct Features {
    fft: Arc<dyn Fft<f64>>,
    window: Vec<f64>,
    bands: Vec<Band>,
}

/// A triangle over the spectrum.
struct Band {
    first: usize,
    weights: Vec<f64>,
}

impl Features {
    pub(super) fn new() -> Self {
        let window = (0..WINDOW).map(|n| 0.5 - 0.5 * (2.0 * PI * n as f64 / WINDOW as f64).cos()).collect();
        Self { fft: FftPlanner::new().plan_fft_forward(WINDOW), window, bands: bands() }
    }

    /// The picture, band by band, of the last eight seconds.
    pub(super) fn of(&self, sound: &[i16]) -> Vec<f32> {
        let sound = mirrored(&normalised(&sound[sound.len().saturating_sub(SAMPLES)..]));
        let mut picture = vec![0.0; BANDS * FRAMES];
        let mut spectrum = vec![Complex::default(); WINDOW];
        let mut scratch = vec![Complex::default(); self.fft.get_inplace_scratch_len()];
        let mut loudest = f64::MIN;
        for frame in 0..FRAMES {
            let samples = &sound[frame * HOP..frame * HOP + WINDOW];
            for ((bin, sample), weight) in spectrum.iter_mut().zip(samples).zip(&self.window) {
                *bin = Complex::new(sample * weight, 0.0);
            }
            self.fft.process_with_scratch(&mut spectrum, &mut scratch);
            for (number, band) in self.bands.iter().enumerate() {
                let bins = &spectrum[band.first..band.first + band.weights.len()];
                let power: f64 =
                    bins.iter().zip(&band.weights).map(|(bin, weight)| bin.norm_sqr() * weight).sum();
                let level = power.max(POWER_MIN).log10();
                loudest = loudest.max(level);
                picture[number * FRAMES + frame] = level;
            }
        }
        picture.iter().map(|level| ((level.max(loudest - DECADES) + 4.0) / 4.0) as f32).collect()
    }
}

/// Eight seconds with the sound at their end, of zero mean and unit variance.
fn normalised(sound: &[i16]) -> Vec<f64> {
    let mut whole = vec![0.0; SAMPLES - sound.len()];
    whole.extend(sound.iter().map(|&sample| f64::from(sample) / 32_768.0));
    let mean = whole.iter().sum::<f64>() / SAMPLES as f64;
    let variance = whole.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>() / SAMPLES as f64;
    let scale = 1.0 / (variance + VARIANCE_MIN).sqrt();
    whole.iter_mut().for_each(|sample| *sample = (*sample - mean) * scale);
    whole
}

/// With half a window mirrored at both ends, so that the first window is centred on the first sample.
fn mirrored(sound: &[f64]) -> Vec<f64> {
    let half = WINDOW / 2;
    let before = sound[1..=half].iter().rev();
    let after = sound[sound.len() - half - 1..sound.len() - 1].iter().rev();
    before.chain(sound).chain(after).copied().collect()
}

fn bands() -> Vec<Band> {
    let edge = |n: usize| hertz(mels(RATE / 2.0) * n as f64 / (BANDS + 1) as f64);
    let bin_hertz = |bin: usize| bin as f64 * RATE / WINDOW as f64;
    (0..BANDS)
        .map(|band| {
            let (low, peak, high) = (edge(band), edge(band + 1), edge(band + 2));
            let weight = |bin: usize| {
                let (up, down) =
                    ((bin_hertz(bin) - low) / (peak - low), (high - bin_hertz(bin)) / (high - peak));
                up.min(down).max(0.0) * 2.0 / (high - low)
            };
            let inside: Vec<usize> = (0..=WINDOW / 2).filter(|bin| weight(*bin) > 0.0).collect();
            Band {
                first: inside.first().copied().unwrap_or(0),
                weights: inside.into_iter().map(weight).collect(),
            }
        })
        .collect()
}

/// Slaney's scale: straight up to 1 kHz, logarithmic above.
fn mels(hertz: f64) -> f64 {
    if hertz < 1_000.0 { 3.0 * hertz / 200.0 } else { 15.0 + (hertz / 1_000.0).ln() * 27.0 / 6.4_f64.ln() }
}

fn hertz(mels: f64) -> f64 {
    if mels < 15.0 { 200.0 * mels / 3.0 } else { 1_000.0 * ((mels - 15.0) * 6.4_f64.ln() / 27.0).exp() }
}

const RATE: f64 = 16_000.0;
const SAMPLES: usize = HOP * FRAMES;
const WINDOW: usize = 400;
const HOP: usize = 160;
/// What the extractor adds so as not to divide by the variance of silence, and puts below the logarithm.
const VARIANCE_MIN: f64 = 1e-7;
const POWER_MIN: f64 = 1e-10;
/// What is this much softer than the loudest is all the same.
const DECADES: f64 = 8.0;
