use super::*;
use callwright_model::FRAME_SAMPLES;

/// Something like speech: a buzz of changing pitch, in syllables, with some breath.
pub(crate) struct Talker {
    phase: f32,
    n: usize,
    seed: u32,
    pitch_hz: f32,
    low: f32,
}

impl Talker {
    pub(crate) fn new(pitch_hz: f32, seed: u32) -> Self {
        Self { phase: 0.0, n: 0, seed, pitch_hz, low: 0.0 }
    }

    pub(crate) fn next(&mut self) -> f32 {
        let t = self.n as f32 / 16_000.0;
        self.n += 1;
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let breath = (self.seed >> 8) as f32 / 8_388_608.0 - 1.0;
        self.phase = (self.phase + self.pitch_hz * (1.0 + 0.2 * (t * 2.3).sin()) / 16_000.0).fract();
        let syllable = (t * 3.1 * std::f32::consts::PI).sin().abs();
        self.low += 0.3 * ((self.phase * 2.0 - 1.0) * 0.8 + breath * 0.2 - self.low);
        8_000.0 * syllable * self.low
    }
}

struct Outcome {
    echo_in: f64,
    echo_out: f64,
    near_in: f64,
    near_out: f64,
}

/// Sends ten seconds of speech, hears its echo after `delay_ms`, and from the eighth second on somebody nearby as well.
fn run(delay_ms: usize) -> Outcome {
    let delay = delay_ms * 16;
    let mut talker = Talker::new(110.0, 7);
    let mut neighbour = Talker::new(190.0, 99);
    let mut canceller = EchoCanceller::new();
    let mut sent: Vec<f32> = Vec::new();
    let mut seed = 3u32;
    let mut outcome = Outcome { echo_in: 0.0, echo_out: 0.0, near_in: 0.0, near_out: 0.0 };
    for tick in 0..500 {
        let mut far = Frame::SILENCE;
        let mut near = Frame::SILENCE;
        let mut speech = 0.0;
        for n in 0..FRAME_SAMPLES {
            let sample = talker.next();
            far.0[n] = sample as i16;
            sent.push(sample);
            let at = |extra: usize| sent.len().checked_sub(1 + delay + extra).map_or(0.0, |i| sent[i]);
            let echo = 0.25 * (at(0) + 0.3 * at(37) - 0.15 * at(210));
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
            let voice = if tick >= 400 { neighbour.next() } else { 0.0 };
            speech += f64::from(voice) * f64::from(voice);
            near.0[n] = (echo + 4.0 * hiss + voice) as i16;
        }
        let energy = |frame: &Frame| frame.0.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>();
        let before = energy(&near);
        canceller.process(&far, &mut near);
        match tick {
            250..400 => {
                outcome.echo_in += before;
                outcome.echo_out += energy(&near);
            }
            425.. => {
                outcome.near_in += speech;
                outcome.near_out += energy(&near);
            }
            _ => {}
        }
    }
    outcome
}

#[test]
fn echo_at_common_delays_is_gone_and_the_neighbour_is_not() {
    for delay_ms in [40, 200, 500] {
        let outcome = run(delay_ms);
        let reduction = 10.0 * (outcome.echo_in / outcome.echo_out.max(1.0)).log10();
        assert!(reduction >= 20.0, "{delay_ms} ms: the echo is only {reduction:.1} dB softer");
        let change = 10.0 * (outcome.near_out / outcome.near_in).log10();
        assert!((-6.0..=2.0).contains(&change), "{delay_ms} ms: near speech changed by {change:.1} dB");
    }
}

#[test]
fn without_anything_sent_the_caller_is_left_alone() {
    let mut canceller = EchoCanceller::new();
    let mut talker = Talker::new(150.0, 5);
    let (mut before, mut after) = (0.0, 0.0);
    for _ in 0..200 {
        let mut near = Frame::SILENCE;
        near.0.iter_mut().for_each(|sample| *sample = talker.next() as i16);
        before += near.0.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
        canceller.process(&Frame::SILENCE, &mut near);
        after += near.0.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
    }
    let change = 10.0f64 * (after / before).log10();
    assert!(change.abs() < 1.5, "changed by {change:.1} dB");
}

#[test]
fn a_canceller_moves_between_threads() {
    fn sendable<T: Send>() {}
    sendable::<EchoCanceller>();
}
