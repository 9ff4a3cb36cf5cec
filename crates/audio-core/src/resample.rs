//! Polyphase FIR resampling by 2 and 3: 8 <-> 16 kHz for G.711, 16 <-> 48 kHz for wide-band peers.
//!
//! A windowed sinc (Kaiser, 60 dB) that cuts exactly at the lower Nyquist frequency, cut into one set of taps per output
//! phase. Such a filter leaves the original samples as they are: of the `FACTOR` phases one is a mere delay and costs
//! nothing. Filters keep the end of their last input, so frames join without a seam.

/// Taps of each phase: transition of about 900 Hz around 4 kHz for a factor of 2, which keeps the telephone band (to
/// 3.4 kHz) flat; delay of 2 ms. A multiple of [`LANES`].
const TAPS: usize = 32;
/// Where the phase that is a mere delay finds its sample in a window of `TAPS`.
const CENTRE: usize = TAPS / 2;
/// Input samples worked on at once: one G.711 packet of 20 ms.
const CHUNK: usize = 160;
/// Independent sums, for the compiler to keep in vector registers.
const LANES: usize = 8;
/// Kaiser's shape parameter for about 60 dB of stop-band.
const KAISER_BETA: f64 = 5.65;

/// Samples on a filter's line: the last of what came before, and those being worked on.
const LINE: usize = TAPS - 1 + CHUNK;

/// Raises the sample rate `FACTOR` times.
#[derive(Debug, Clone)]
pub struct Upsampler<const FACTOR: usize> {
    phases: [[f32; TAPS]; FACTOR],
    line: [f32; LINE],
    /// Nothing but silence is on the line: more of it comes out as it goes in. An agent is silent for most of a call.
    at_rest: bool,
}

impl<const FACTOR: usize> Upsampler<FACTOR> {
    /// A filter at rest.
    #[must_use]
    pub fn new() -> Self {
        Self { phases: phases(), line: [0.0; LINE], at_rest: true }
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
            let silent = is_silent(input);
            if silent && self.at_rest {
                output.fill(0);
                continue;
            }
            self.at_rest = silent && input.len() >= TAPS;
            for (slot, &sample) in self.line[TAPS - 1..].iter_mut().zip(input) {
                *slot = f32::from(sample);
            }
            for (window, samples) in self.line.windows(TAPS).zip(output.chunks_exact_mut(FACTOR)) {
                for (sample, phase) in samples[..FACTOR - 1].iter_mut().zip(&self.phases) {
                    *sample = to_i16(dot(window, phase));
                }
                samples[FACTOR - 1] = window[CENTRE] as i16;
            }
            self.line.copy_within(input.len()..input.len() + TAPS - 1, 0);
        }
    }

    /// Forgets what came before.
    pub fn reset(&mut self) {
        self.line.fill(0.0);
        self.at_rest = true;
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
    phases: [[f32; TAPS]; FACTOR],
    /// Every `FACTOR`th sample each, so that a phase meets its samples side by side.
    lines: [[f32; LINE]; FACTOR],
    /// As in [`Upsampler`].
    at_rest: bool,
}

impl<const FACTOR: usize> Downsampler<FACTOR> {
    /// A filter at rest.
    #[must_use]
    pub fn new() -> Self {
        Self { phases: phases(), lines: [[0.0; LINE]; FACTOR], at_rest: true }
    }

    /// Whether this input is silence after silence, and so is what comes of it.
    #[must_use]
    pub fn rests(&self, input: &[i16]) -> bool {
        self.at_rest && is_silent(input)
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
        for (input, output) in input.chunks(CHUNK * FACTOR).zip(output.chunks_mut(CHUNK)) {
            let silent = is_silent(input);
            if silent && self.at_rest {
                output.fill(0);
                continue;
            }
            self.at_rest = silent && output.len() >= TAPS;
            for (n, samples) in input.chunks_exact(FACTOR).enumerate() {
                for (line, &sample) in self.lines.iter_mut().zip(samples) {
                    line[TAPS - 1 + n] = f32::from(sample);
                }
            }
            for (n, sample) in output.iter_mut().enumerate() {
                // The window ends with the FACTOR samples that this output stands for; the first phase meets the last.
                let (delayed, filtered) = self.lines.split_at(1);
                let mut sum = delayed[0][n + CENTRE];
                for (line, phase) in filtered.iter().rev().zip(&self.phases) {
                    sum += dot(&line[n..n + TAPS], phase);
                }
                *sample = to_i16(sum / FACTOR as f32);
            }
            for line in &mut self.lines {
                line.copy_within(output.len()..output.len() + TAPS - 1, 0);
            }
        }
    }

    /// Forgets what came before.
    pub fn reset(&mut self) {
        self.lines.as_flattened_mut().fill(0.0);
        self.at_rest = true;
    }
}

impl<const FACTOR: usize> Default for Downsampler<FACTOR> {
    fn default() -> Self {
        Self::new()
    }
}

/// The low-pass filter cut into phases, each in the order of the samples it meets. The last one is left zero: it is the
/// mere delay.
fn phases<const FACTOR: usize>() -> [[f32; TAPS]; FACTOR] {
    let mut phases = [[0.0; TAPS]; FACTOR];
    for (p, phase) in phases[..FACTOR - 1].iter_mut().enumerate() {
        for (k, tap) in phase.iter_mut().enumerate() {
            // The newest sample meets the first taps of the prototype, hence the reversal.
            *tap = prototype((TAPS - 1 - k) * FACTOR + p, FACTOR);
        }
        // Every phase passes DC alike: otherwise a constant would come out as a tone.
        let sum: f32 = phase.iter().sum();
        phase.iter_mut().for_each(|tap| *tap /= sum);
    }
    phases
}

/// Tap `n` of the low-pass filter at the higher rate, before scaling.
fn prototype(n: usize, factor: usize) -> f32 {
    let centre = (TAPS / 2 * factor - 1) as f64;
    let x = n as f64 - centre;
    let edge = x / centre;
    if edge.abs() > 1.0 {
        return 0.0;
    }
    let angle = std::f64::consts::PI * x / factor as f64;
    let sinc = if x == 0.0 { 1.0 } else { angle.sin() / angle };
    (sinc * bessel_i0(KAISER_BETA * (1.0 - edge * edge).sqrt())) as f32
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

fn is_silent(samples: &[i16]) -> bool {
    samples.iter().all(|sample| *sample == 0)
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
