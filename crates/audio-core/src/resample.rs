//! Polyphase FIR resampling by 2 and 3: 8 <-> 16 kHz for G.711, 16 <-> 48 kHz for wide-band peers.
//!
//! A windowed sinc (Kaiser, 60 dB) cut into one set of taps per output phase. Filters keep the end of their last input,
//! so frames join without a seam.

/// Taps of each phase: transition of about 900 Hz at 16 kHz for a factor of 2, which keeps the telephone band (to
/// 3.4 kHz) flat; delay of 2 ms. A multiple of [`LANES`].
const TAPS: usize = 32;
/// Input samples worked on at once: one G.711 packet of 20 ms.
const CHUNK: usize = 160;
/// Independent sums, for the compiler to keep in one vector register.
const LANES: usize = 8;
/// Kaiser's shape parameter for about 60 dB of stop-band.
const KAISER_BETA: f64 = 5.65;
/// The cut-off, relative to the lower Nyquist frequency. A little below one, for half of the transition lies above it.
const CUT_OFF: f64 = 0.965;

/// Raises the sample rate `FACTOR` times.
#[derive(Debug, Clone)]
pub struct Upsampler<const FACTOR: usize> {
    /// Taps of each phase in the order of the samples they meet.
    phases: [[f32; TAPS]; FACTOR],
    line: [f32; TAPS - 1 + CHUNK],
}

impl<const FACTOR: usize> Upsampler<FACTOR> {
    /// A filter at rest.
    #[must_use]
    pub fn new() -> Self {
        let mut phases = [[0.0; TAPS]; FACTOR];
        for (p, phase) in phases.iter_mut().enumerate() {
            for (k, tap) in phase.iter_mut().enumerate() {
                // The newest sample meets the first taps of the prototype, hence the reversal.
                *tap = prototype((TAPS - 1 - k) * FACTOR + p, FACTOR);
            }
            // Every phase passes DC alike: otherwise a constant would come out as a tone.
            let sum: f32 = phase.iter().sum();
            phase.iter_mut().for_each(|tap| *tap /= sum);
        }
        Self { phases, line: [0.0; TAPS - 1 + CHUNK] }
    }

    /// Writes `FACTOR` samples for each of `input`.
    ///
    /// # Panics
    /// When `output` has not exactly `FACTOR` times the length of `input`.
    pub fn process(&mut self, input: &[i16], output: &mut [i16]) {
        assert_eq!(
            output.len(),
            input.len() * FACTOR,
            "an upsampler yields FACTOR samples for each of its input"
        );
        for (input, output) in input.chunks(CHUNK).zip(output.chunks_mut(CHUNK * FACTOR)) {
            for (slot, &sample) in self.line[TAPS - 1..].iter_mut().zip(input) {
                *slot = f32::from(sample);
            }
            for (n, samples) in output.chunks_exact_mut(FACTOR).enumerate() {
                let window = &self.line[n..n + TAPS];
                for (sample, phase) in samples.iter_mut().zip(&self.phases) {
                    *sample = to_i16(dot(window, phase));
                }
            }
            self.line.copy_within(input.len()..input.len() + TAPS - 1, 0);
        }
    }

    /// Forgets what came before.
    pub fn reset(&mut self) {
        self.line.fill(0.0);
    }
}

impl<const FACTOR: usize> Default for Upsampler<FACTOR> {
    fn default() -> Self {
        Self::new()
    }
}

/// Lowers the sample rate `FACTOR` times.
#[derive(Debug, Clone)]
pub struct Downsampler<const FACTOR: usize> {
    /// The prototype, cut into pieces of `TAPS` in the order of the samples they meet.
    taps: [[f32; TAPS]; FACTOR],
    line: Box<[f32]>,
}

impl<const FACTOR: usize> Downsampler<FACTOR> {
    /// A filter at rest; the only place that allocates.
    #[must_use]
    pub fn new() -> Self {
        let length = TAPS * FACTOR;
        let mut taps = [[0.0; TAPS]; FACTOR];
        let mut sum = 0.0;
        for (k, tap) in taps.iter_mut().flatten().enumerate() {
            *tap = prototype(length - 1 - k, FACTOR);
            sum += *tap;
        }
        taps.iter_mut().flatten().for_each(|tap| *tap /= sum);
        Self { taps, line: vec![0.0; length - 1 + CHUNK * FACTOR].into_boxed_slice() }
    }

    /// Writes one sample for each `FACTOR` of `input`.
    ///
    /// # Panics
    /// When `input` has not exactly `FACTOR` times the length of `output`.
    pub fn process(&mut self, input: &[i16], output: &mut [i16]) {
        assert_eq!(
            input.len(),
            output.len() * FACTOR,
            "a downsampler takes FACTOR samples for each of its output"
        );
        let history = TAPS * FACTOR - 1;
        for (input, output) in input.chunks(CHUNK * FACTOR).zip(output.chunks_mut(CHUNK)) {
            for (slot, &sample) in self.line[history..].iter_mut().zip(input) {
                *slot = f32::from(sample);
            }
            for (n, sample) in output.iter_mut().enumerate() {
                // The window ends with the last of the FACTOR samples that this output stands for.
                let window = &self.line[n * FACTOR + FACTOR - 1..];
                let pieces = window.chunks_exact(TAPS).zip(&self.taps);
                *sample = to_i16(pieces.map(|(samples, taps)| dot(samples, taps)).sum());
            }
            self.line.copy_within(input.len()..input.len() + history, 0);
        }
    }

    /// Forgets what came before.
    pub fn reset(&mut self) {
        self.line.fill(0.0);
    }
}

impl<const FACTOR: usize> Default for Downsampler<FACTOR> {
    fn default() -> Self {
        Self::new()
    }
}

/// Tap `n` of the low-pass filter at the higher rate, before scaling.
fn prototype(n: usize, factor: usize) -> f32 {
    let half = (TAPS * factor - 1) as f64 / 2.0;
    let x = n as f64 - half;
    let angle = std::f64::consts::PI * x * CUT_OFF / factor as f64;
    let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
    let edge = x / half;
    (sinc * bessel_i0(KAISER_BETA * (1.0 - edge * edge).max(0.0).sqrt())) as f32
}

/// The modified Bessel function of order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..32 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

#[inline]
fn dot(samples: &[f32], taps: &[f32; TAPS]) -> f32 {
    let mut sums = [0.0; LANES];
    for (samples, taps) in samples.chunks_exact(LANES).zip(taps.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += samples[lane] * taps[lane];
        }
    }
    sums.iter().sum()
}

/// Rounds; the cast saturates.
#[inline]
fn to_i16(sample: f32) -> i16 {
    (sample + 0.5f32.copysign(sample)) as i16
}

#[cfg(test)]
mod tests;
