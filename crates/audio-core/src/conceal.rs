//! What is played for a missing packet of G.711 or G.722: the last pitch cycle again, softer and softer, then comfort noise.
//!
//! In the spirit of G.711 Appendix I, without its look-ahead: nothing is delayed while packets arrive.

/// Samples at 8 kHz, of which a wide-band stream has twice as many. Kept are two of the longest cycles and the window they are compared over.
const HISTORY: usize = 2 * LAG_MAX + WINDOW;
/// The shortest cycle searched: 200 Hz. Higher voices repeat well at a multiple of their cycle.
const LAG_MIN: usize = 40;
/// The longest cycle searched: 50 Hz, and long enough that a repeated piece of noise does not buzz.
const LAG_MAX: usize = 160;
/// Samples over which two cycles are compared.
const WINDOW: usize = 160;
/// The most samples that a stream has for each at 8 kHz.
const TIMES_MAX: usize = 2;
/// Below this likeness the sound is taken for noise.
const VOICED_LIKENESS: f32 = 0.4;
/// Samples of a guess at full strength: a single lost packet of 10 ms is not heard.
const FULL: usize = 80;
/// Samples after which nothing of the voice is left: at 60 ms a repeated cycle sounds like a machine.
const FADED: usize = 480;
/// Samples over which the first packet after a gap fades in over the guess.
const JOIN: usize = 40;
/// Samples over which the step at the start of a guess is smoothed.
const SMOOTH: usize = 16;
/// Comfort noise is never louder than this amplitude (-52 dBFS), whatever was taken for background.
const NOISE_MAX: f32 = 80.0;

/// Conceals gaps in a stream of samples at 8 or 16 kHz.
#[derive(Debug, Clone)]
pub struct Concealer {
    /// Samples for each at 8 kHz.
    times: usize,
    history: Box<[i16]>,
    /// What is played while packets are missing.
    guess: Option<Guess>,
    /// The level of the background as an amplitude: falls at once, rises slowly.
    background: f32,
    noise: u32,
}

#[derive(Debug, Clone)]
struct Guess {
    times: usize,
    cycle: [f32; LAG_MAX * TIMES_MAX],
    lag: usize,
    /// Samples guessed so far.
    position: usize,
    /// The step between the last real sample and the first guessed one.
    step: f32,
}

impl Concealer {
    /// At the start of a stream at 8 kHz: silence came before.
    #[must_use]
    pub fn narrow() -> Self {
        Self::new(1)
    }

    /// The same at 16 kHz.
    #[must_use]
    pub fn wide() -> Self {
        Self::new(2)
    }

    fn new(times: usize) -> Self {
        let history = vec![0; HISTORY * times].into_boxed_slice();
        Self { times, history, guess: None, background: 0.0, noise: 0x2545_F491 }
    }

    /// Takes samples that did arrive, in order. After a gap their start is faded into the end of the guess.
    pub fn received(&mut self, samples: &mut [i16]) {
        if let Some(mut guess) = self.guess.take() {
            let join = JOIN * self.times;
            for (n, sample) in samples.iter_mut().take(join).enumerate() {
                let weight = (n + 1) as f32 / (join + 1) as f32;
                let guessed = guess.next(self.background, &mut self.noise);
                *sample = (guessed * (1.0 - weight) + f32::from(*sample) * weight) as i16;
            }
        }
        self.remember(samples);
        self.follow_background(samples);
    }

    /// Whether only silence came for as long as is remembered: more of it changes nothing.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.guess.is_none() && self.background == 0.0 && self.history.iter().all(|sample| *sample == 0)
    }

    /// Writes a guess over `out` for samples that are missing.
    pub fn conceal(&mut self, out: &mut [i16]) {
        let guess = self.guess.get_or_insert_with(|| Guess::new(&self.history, self.times));
        for sample in out.iter_mut() {
            *sample = guess.next(self.background, &mut self.noise) as i16;
        }
        self.remember(out);
    }

    fn remember(&mut self, samples: &[i16]) {
        let new = &samples[samples.len().saturating_sub(self.history.len())..];
        self.history.copy_within(new.len().., 0);
        let kept = self.history.len() - new.len();
        self.history[kept..].copy_from_slice(new);
    }

    fn follow_background(&mut self, samples: &[i16]) {
        if samples.is_empty() {
            return;
        }
        let sum: f32 = samples.iter().map(|&sample| f32::from(sample).abs()).sum();
        let level = sum / samples.len() as f32;
        // 2 % a packet doubles within a second: speech has a pause before its level is taken for background.
        self.background = level.min(self.background * 1.02 + 0.5);
    }
}

impl Guess {
    fn new(history: &[i16], times: usize) -> Self {
        let lag = pitch(history, times);
        let end = history.len();
        let last = end - lag;
        let mut cycle = [0.0; LAG_MAX * TIMES_MAX];
        for (n, sample) in cycle[..lag].iter_mut().enumerate() {
            *sample = f32::from(history[last + n]);
        }
        // The end of the cycle is bent towards what came before its start, so that it can follow itself without a step.
        let bend = lag / 4;
        for n in 0..bend {
            let weight = (n + 1) as f32 / (bend + 1) as f32;
            let before = f32::from(history[last - bend + n]);
            let sample = &mut cycle[lag - bend + n];
            *sample = *sample * (1.0 - weight) + before * weight;
        }
        let step = f32::from(history[end - 1]) - f32::from(history[last - 1]);
        Self { times, cycle, lag, position: 0, step }
    }

    fn next(&mut self, background: f32, noise: &mut u32) -> f32 {
        let n = self.position;
        self.position = n.saturating_add(1);
        *noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (full, faded, smooth) = (FULL * self.times, FADED * self.times, SMOOTH * self.times);
        if n >= faded {
            return hiss(background, *noise);
        }
        let smoothing =
            if n < smooth { self.step * (1.0 - (n + 1) as f32 / (smooth + 1) as f32) } else { 0.0 };
        let voice = self.cycle[n % self.lag] + smoothing;
        let gain = 1.0 - n.saturating_sub(full) as f32 / (faded - full) as f32;
        voice.clamp(-32_768.0, 32_767.0) * gain + hiss(background, *noise) * (1.0 - gain)
    }
}

/// One sample of noise with the background's mean amplitude.
fn hiss(background: f32, noise: u32) -> f32 {
    // Uniform noise has a mean amplitude of half its peak.
    let unit = (noise >> 8) as f32 / 8_388_608.0 - 1.0;
    unit * 2.0 * background.min(NOISE_MAX)
}

/// The length of the last cycle: the lag at which the end of the history is most like itself.
fn pitch(history: &[i16], times: usize) -> usize {
    let (window, shortest, longest) = (WINDOW * times, LAG_MIN * times, LAG_MAX * times);
    let start = history.len() - window;
    let end = &history[start..];
    // Every other sample of a wide band is enough.
    let likeness = |lag: usize| {
        let before = &history[start - lag..history.len() - lag];
        let (mut product, mut energy) = (0.0f32, 1.0f32);
        for (&a, &b) in end.iter().zip(before).step_by(times) {
            product += f32::from(a) * f32::from(b);
            energy += f32::from(b) * f32::from(b);
        }
        product / energy.sqrt()
    };
    let best_of = |lags: std::iter::StepBy<std::ops::RangeInclusive<usize>>| {
        lags.map(|lag| (lag, likeness(lag)))
            .fold((longest, 0.0), |best, next| if next.1 > best.1 { next } else { best })
    };
    // Every other lag first, then the neighbours of the best.
    let (best, _) = best_of((shortest..=longest).step_by(2 * times));
    let near = 2 * times - 1;
    let (best, peak) =
        best_of((best.saturating_sub(near).max(shortest)..=(best + near).min(longest)).step_by(1));
    let energy: f32 = end.iter().step_by(times).map(|&sample| f32::from(sample) * f32::from(sample)).sum();
    if peak < VOICED_LIKENESS * energy.sqrt() { longest } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A voice of 125 Hz with a few harmonics.
    fn voice(from: usize, count: usize) -> Vec<i16> {
        (from..from + count)
            .map(|n| {
                let angle = std::f32::consts::TAU * 125.0 * n as f32 / 8_000.0;
                (4_000.0 * angle.sin() + 2_000.0 * (2.0 * angle).sin() + 1_000.0 * (5.0 * angle).cos()) as i16
            })
            .collect()
    }

    fn energy(samples: &[i16]) -> f64 {
        samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>() / samples.len() as f64
    }

    #[test]
    fn one_lost_packet_of_a_steady_voice_is_hardly_missed() {
        let mut concealer = Concealer::narrow();
        for n in 0..10 {
            concealer.received(&mut voice(n * 160, 160));
        }
        let mut guess = [0; 80];
        concealer.conceal(&mut guess);
        let truth = voice(1_600, 80);
        let error: Vec<i16> = truth.iter().zip(guess).map(|(t, g)| t - g).collect();
        assert!(energy(&error) < energy(&truth) / 100.0, "the guess is less than 20 dB above its error");
    }

    #[test]
    fn a_gap_has_no_click_at_either_end() {
        let mut concealer = Concealer::narrow();
        let mut out = Vec::new();
        for n in 0..30 {
            let mut samples = voice(n * 160, 160);
            if n == 15 || n == 16 {
                concealer.conceal(&mut samples)
            } else {
                concealer.received(&mut samples)
            }
            out.extend(samples);
        }
        let step =
            |s: &[i16]| s.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap_or(0);
        assert!(
            step(&out) < step(&voice(0, 1_600)) * 3 / 2,
            "{} against {}",
            step(&out),
            step(&voice(0, 1_600))
        );
    }

    #[test]
    fn a_long_gap_fades_to_the_background() {
        let mut concealer = Concealer::narrow();
        let mut seed = 1u32;
        for _ in 0..100 {
            let mut noise: Vec<i16> = (0..160)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 27) as i16 - 16
                })
                .collect();
            concealer.received(&mut noise);
        }
        for n in 0..5 {
            concealer.received(&mut voice(n * 160, 160));
        }
        let mut gap = [0; 1_600];
        concealer.conceal(&mut gap);
        assert!(energy(&gap[..160]) > 1e6, "the guess starts with the voice");
        let rest = energy(&gap[480..]);
        assert!((4.0..2_000.0).contains(&rest), "neither dead nor loud: {rest}");
        assert!(gap[FADED + 1..].iter().any(|&s| s != 0));
    }

    #[test]
    fn silence_stays_silence() {
        let mut concealer = Concealer::narrow();
        concealer.received(&mut [0; 160]);
        let mut gap = [1; 800];
        concealer.conceal(&mut gap);
        assert!(gap.iter().all(|s| s.abs() <= 2));
    }
}
