//! From an engine's sample rate to 16 kHz, piece by piece.
//!
//! A windowed-sinc interpolator with one set of taps for each phase of the ratio. The rates of engines (22,050 and 44,100 Hz) are
//! odd ratios which the resamplers of the media path do not serve, and nothing here runs on that path.

use std::f64::consts::PI;

/// Converts a stream of samples.
pub(crate) struct Resampler {
    /// Output samples per `down` input samples.
    up: usize,
    down: usize,
    taps: Vec<f32>,
    history: Vec<f32>,
    /// Position of the next output sample, in input samples times `up`, counted from the start of `history`.
    position: usize,
}

impl Resampler {
    /// From one rate to another; `None` for a rate of zero or a ratio that would take too many taps.
    pub(crate) fn new(from: u32, to: u32) -> Option<Self> {
        if from == 0 || to == 0 {
            return None;
        }
        let divisor = gcd(from, to);
        let (up, down) = ((to / divisor) as usize, (from / divisor) as usize);
        if up > PHASES_MAX || down > PHASES_MAX {
            return None;
        }
        // Cut off a little below the lower of the two Nyquist frequencies, in cycles per input sample.
        let cutoff = 0.5 * 0.92 * (f64::from(to) / f64::from(from)).min(1.0);
        let mut taps = Vec::with_capacity(up * TAPS);
        for phase in 0..up {
            let shift = phase as f64 / up as f64;
            let set: Vec<f64> = (0..TAPS)
                .map(|tap| {
                    let x = tap as f64 - (TAPS / 2 - 1) as f64 - shift;
                    let sinc =
                        if x.abs() < 1e-9 { 2.0 * cutoff } else { (2.0 * PI * cutoff * x).sin() / (PI * x) };
                    let at = (x / (TAPS / 2) as f64).clamp(-1.0, 1.0);
                    sinc * (0.42 + 0.5 * (PI * at).cos() + 0.08 * (2.0 * PI * at).cos())
                })
                .collect();
            let sum: f64 = set.iter().sum();
            taps.extend(set.iter().map(|tap| (tap / sum) as f32));
        }
        Some(Self { up, down, taps, history: vec![0.0; TAPS / 2 - 1], position: 0 })
    }

    /// Converts more of the stream onto the end of `out`.
    pub(crate) fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        self.history.extend(samples.iter().map(|&sample| f32::from(sample)));
        loop {
            let (whole, phase) = (self.position / self.up, self.position % self.up);
            let Some(window) = self.history.get(whole..whole + TAPS) else { break };
            let taps = &self.taps[phase * TAPS..(phase + 1) * TAPS];
            let sum: f32 = window.iter().zip(taps).map(|(sample, tap)| sample * tap).sum();
            out.push(sum.round().clamp(-32_768.0, 32_767.0) as i16);
            self.position += self.down;
        }
        let used = (self.position / self.up).min(self.history.len());
        self.history.drain(..used);
        self.position -= used * self.up;
    }

    /// The last samples, which waited for what comes after them.
    pub(crate) fn finish(&mut self, out: &mut Vec<i16>) {
        self.push(&[0; TAPS / 2], out);
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Taps of each phase: 60 dB of stop band with the Blackman window, a sixth of an octave wide.
const TAPS: usize = 32;
/// 320/441 is the ratio for 22,050 Hz; more is no rate of a real engine.
const PHASES_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_keeps_its_pitch_and_level_in_pieces_of_any_size() {
        for rate in [8_000_u32, 22_050, 24_000, 44_100] {
            let tone = |rate: u32, n: usize| (2.0 * PI * 440.0 * n as f64 / f64::from(rate)).sin() * 10_000.0;
            let input: Vec<i16> = (0..rate as usize).map(|n| tone(rate, n) as i16).collect();
            let mut resampler = Resampler::new(rate, 16_000).expect("a usual ratio");
            let mut out = Vec::new();
            for piece in input.chunks(777) {
                resampler.push(piece, &mut out);
            }
            resampler.finish(&mut out);
            assert!(out.len().abs_diff(16_000) <= 2, "{rate}: {}", out.len());
            for (n, &sample) in out.iter().enumerate().take(15_800).skip(200) {
                let wanted = tone(16_000, n);
                assert!(
                    (f64::from(sample) - wanted).abs() < 60.0,
                    "{rate}: sample {n} is {sample} not {wanted}"
                );
            }
        }
    }

    #[test]
    fn impossible_ratios_are_refused() {
        assert!(Resampler::new(0, 16_000).is_none());
        assert!(Resampler::new(15_999, 16_000).is_none());
    }
}
