//! "Mm-hm", "mhm", "hmm": voice through the nose with the lips shut. No synthesiser knows them; most spell them out, "em aitch em",
//! which is twice as long as a hum and full of vowels and stops. So they are made here, the same way for every voice and language.

use super::human::{Tract, Voice};
use super::shape::{clamp, faded, samples};
use crate::duplex::dice::Dice;

/// A hum as it is spelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hum(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A run of `h`.
    Breath,
    /// A run of `m`.
    Nasal,
}

impl Hum {
    /// What is written with nothing but `m` and `h` is no word of any language. A lone `m` is the letter.
    pub(super) fn spelled(text: &str) -> Option<Self> {
        let (mut parts, mut letters, mut last) = (Vec::new(), 0, None);
        for letter in text.trim_end_matches(|c: char| c.is_ascii_punctuation()).chars() {
            let part = match letter.to_ascii_lowercase() {
                'h' => Some(Part::Breath),
                'm' => Some(Part::Nasal),
                '-' | '\'' | ' ' => None,
                _ => return None,
            };
            letters += usize::from(part.is_some());
            if part != last {
                parts.extend(part);
            }
            last = part;
        }
        (letters > 1 && parts.contains(&Part::Nasal)).then_some(Self(parts))
    }

    /// The hum in a voice of this pitch. Two pulses rise, as a listener's do; a single one falls, as a thinker's does.
    pub(super) fn make(&self, hz: f64, dice: &mut Dice) -> Vec<i16> {
        let pulses = self.0.iter().filter(|part| **part == Part::Nasal).count();
        let mut nose = Tract::new(&NOSE);
        let (mut sound, mut pulse, mut higher) = (Vec::new(), 0, hz);
        for part in &self.0 {
            match part {
                Part::Breath => {
                    let length = samples(dice.between(BREATH_MS[0], BREATH_MS[1]));
                    sound
                        .extend((0..length).map(|at| {
                            nose.pass(dice.noise() * BREATH) * faded(at, length, samples(FADE_MS))
                        }));
                }
                Part::Nasal => {
                    pulse += 1;
                    let (range, glide) = match (pulses, pulse == pulses) {
                        (1, _) => (SINGLE_MS, -FALL),
                        (_, false) => (FIRST_MS, 0.0),
                        (_, true) => (LAST_MS, RISE),
                    };
                    let length = samples(dice.between(range[0], range[1]));
                    let mut voice = Voice::new(higher * dice.between(0.95, 1.05), glide);
                    higher *= STEP;
                    sound.extend(
                        (0..length)
                            .map(|at| nose.pass(voice.next(dice)) * faded(at, length, samples(FADE_MS))),
                    );
                }
            }
        }
        let peak = sound.iter().fold(1e-9_f32, |peak: f32, sample| peak.max(sample.abs()));
        sound.iter().map(|sample| clamp(sample / peak * 16_000.0)).collect()
    }
}

/// The pitch of what a voice says: the median over the 40 ms in which it repeats itself. `None` when it never does.
pub(super) fn pitch(said: &[i16]) -> Option<f64> {
    let mut periods: Vec<usize> = said.chunks_exact(WINDOW).filter_map(period).collect();
    periods.sort_unstable();
    periods.get(periods.len() / 2).map(|&period| 16_000.0 / period as f64)
}

/// After how many samples a stretch repeats itself.
fn period(stretch: &[i16]) -> Option<usize> {
    let alike = |lag: usize| {
        let pairs = stretch.iter().zip(&stretch[lag..]).map(|(&a, &b)| (f64::from(a), f64::from(b)));
        let (both, first, second) =
            pairs.fold((0.0, 0.0, 0.0), |(ab, aa, bb), (a, b)| (ab + a * b, aa + a * a, bb + b * b));
        if first * second > 0.0 { both / (first * second).sqrt() } else { 0.0 }
    };
    let found: Vec<(usize, f64)> = PERIODS.map(|lag| (lag, alike(lag))).collect();
    let best = found.iter().map(|(_, alike)| *alike).fold(0.0, f64::max);
    // Twice the period is as much alike: the shortest counts.
    let near =
        |at: usize| found[at].1 >= best - 0.05 && (at + 1 == found.len() || found[at + 1].1 <= found[at].1);
    (best > PERIODIC).then(|| (0..found.len()).find(|&at| near(at)).map(|at| found[at].0)).flatten()
}

/// The nose and the shut mouth behind the lips: nearly all power lies in the first resonance (Fant, nasal consonants).
const NOSE: [(f32, f32, f32); 3] = [(270.0, 2.0, 1.0), (1_050.0, 5.0, 0.10), (2_200.0, 6.0, 0.06)];
/// Breath through the nose is 20 dB and more below the voice.
const BREATH: f32 = 0.15;
// Hums are 300 to 500 ms long: two pulses with a breath between add up to 300 to 450, one pulse after a breath to 300 to 470.
const FIRST_MS: [f64; 2] = [110.0, 160.0];
const LAST_MS: [f64; 2] = [150.0, 220.0];
const SINGLE_MS: [f64; 2] = [260.0, 400.0];
const BREATH_MS: [f64; 2] = [40.0, 70.0];
const FADE_MS: f64 = 20.0;
/// The next pulse is higher by two semitones.
const STEP: f64 = 1.12;
/// Shares of the pitch a second.
const RISE: f64 = 0.5;
const FALL: f64 = 0.3;
/// 40 ms: two periods of the lowest voice and more.
const WINDOW: usize = 640;
/// 67 to 320 Hz.
const PERIODS: std::ops::RangeInclusive<usize> = 50..=240;
/// A stretch as much like itself as this is a vowel.
const PERIODIC: f64 = 0.8;

#[cfg(test)]
mod tests {
    use super::super::shape::voice_for_telephone;
    use super::*;
    use crate::clip::Clip;

    #[test]
    fn what_is_spelled_with_m_and_h_is_a_hum() {
        use Part::{Breath, Nasal};
        for (text, parts) in [
            ("mm-hm", &[Nasal, Breath, Nasal][..]),
            ("Mhm.", &[Nasal, Breath, Nasal]),
            ("hmm", &[Breath, Nasal]),
            ("hm", &[Breath, Nasal]),
            ("mm-mm", &[Nasal, Nasal]),
        ] {
            assert_eq!(Hum::spelled(text), Some(Hum(parts.to_vec())), "{text}");
        }
        for text in ["m", "hh", "um", "uh-huh", "right", "mm hm okay", "음", "ajá", ""] {
            assert_eq!(Hum::spelled(text), None, "{text}");
        }
    }

    /// A spelled "mm-hm" has 0.75 to 0.88 s and, in its vowels and its "ch", frames of a brightness no hum has.
    #[test]
    fn a_hum_is_as_short_and_as_dark_as_hums_are() {
        for (text, longest_ms) in [("mm-hm", 470), ("mhm", 470), ("hmm", 480), ("mm", 420)] {
            for seed in 0..20 {
                let hum = Hum::spelled(text).expect("a hum");
                let hz = [90.0, 120.0, 200.0][seed as usize % 3];
                let sound = voice_for_telephone(&hum.make(hz, &mut Dice::new(seed, text)), -26.0);
                let clip = Clip::new(text.to_owned(), None, sound).expect("it is heard");
                let ms = (clip.speech.end.0 - clip.speech.start.0) / 16;
                assert!((230..=longest_ms).contains(&ms), "{text} of seed {seed} has {ms} ms");
                let speech = clip.speech.start.0 as usize..clip.speech.end.0 as usize;
                for block in clip.samples[speech].chunks_exact(640) {
                    let bright = callwright_audio_core::brightness(block);
                    let loud = super::super::shape::active_level_dbfs(block);
                    assert!(bright < 0.08 || loud < -40.0, "{text} of seed {seed}: {bright} at {loud} dB");
                }
                let heard = pitch(&clip.samples).expect("it is voiced");
                assert!((0.85..1.35).contains(&(heard / hz)), "{text} at {hz} Hz sounds at {heard}");
            }
        }
    }

    #[test]
    fn breath_has_no_pitch() {
        let mut dice = Dice::new(1, "breath");
        let noise: Vec<i16> = (0..16_000).map(|_| clamp(dice.noise() * 8_000.0)).collect();
        assert_eq!(pitch(&noise), None);
    }
}
