//! The band that a caller's sound fills, and what to do when it is the telephone's.

use std::f64::consts::PI;
use std::sync::OnceLock;

/// Mirrors the band below 4 kHz, lowered, into the band above it: the model was trained on sound up to 6.8 kHz and mishears
/// telephone sound, which ends at 3.4. Multiplying by a wave at half the sample rate turns f into 8 kHz - f, so that hissing
/// sounds, which reach up to the edge of the telephone band, go on beyond it as in life.
pub(super) fn unfold(samples: &[i16], out: &mut Vec<i16>) {
    out.clear();
    out.extend(samples.iter().enumerate().map(|(place, &sample)| {
        let share = if place % 2 == 0 { 1.0 + FOLD } else { 1.0 - FOLD };
        (f32::from(sample) * share) as i16
    }));
}

/// Whether a turn came over a telephone: there is next to nothing above 4 kHz. Looks at its first seconds only.
pub(super) fn is_telephone(turn: &[i16]) -> bool {
    let turn = &turn[..turn.len().min(LOOKED_AT)];
    let taps = high_pass();
    let (mut high, mut all) = (0.0_f64, 0.0_f64);
    for window in turn.windows(TAPS).step_by(STEP) {
        let sum: f32 = window.iter().zip(taps).map(|(&sample, tap)| f32::from(sample) * tap).sum();
        high += f64::from(sum * sum);
        all += f64::from(window[TAPS / 2]).powi(2);
    }
    high <= all * TELEPHONE_SHARE
}

/// A windowed-sinc high-pass at 5 kHz, silent below 4.
fn high_pass() -> &'static [f32; TAPS] {
    static FILTER: OnceLock<[f32; TAPS]> = OnceLock::new();
    FILTER.get_or_init(|| {
        let cut = 5_000.0 / 16_000.0;
        std::array::from_fn(|tap| {
            let x = tap as f64 - (TAPS / 2) as f64;
            let sinc = if x == 0.0 { 1.0 - 2.0 * cut } else { -(2.0 * PI * cut * x).sin() / (PI * x) };
            let at = x / (TAPS / 2) as f64;
            (sinc * (0.42 + 0.5 * (PI * at).cos() + 0.08 * (2.0 * PI * at).cos())) as f32
        })
    })
}

/// How much of the band is mirrored. Measured with `examples/accuracy` on G.711: 88.8 % of words without, 92.7 % with it. How much
/// hardly matters, for the recogniser takes the mean off the logarithm of each band.
const FOLD: f32 = 0.25;
const TAPS: usize = 47;
const STEP: usize = 4;
/// 4 s.
const LOOKED_AT: usize = 64_000;
/// -56 dB: flite's voices have more than -53 dB above 5 kHz at their full band, and less than -74 dB after a telephone line; the
/// filters of our own codecs leave up to -60.
const TELEPHONE_SHARE: f64 = 2.5e-6;
