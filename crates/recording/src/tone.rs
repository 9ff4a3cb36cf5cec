//! Tells a telephone key's tone from everything else, in one tick: what is keyed may be a PIN or a card, and the tone says which key.

use std::f32::consts::TAU;

use callwright_model::{FRAME_SAMPLES, Frame, SAMPLE_RATE};

/// Whether most of a tick, or of one of its halves, is a key's two tones (ITU-T Q.23). Half a tick is short enough for a key that is off by
/// the 1.5 % that Q.24 allows.
pub(crate) fn is_key(frame: &Frame) -> bool {
    let (early, late) = frame.0.split_at(FRAME_SAMPLES / 2);
    is_tone(early) || is_tone(late)
}

fn is_tone(samples: &[i16]) -> bool {
    let energy: f32 = samples.iter().map(|&sample| f32::from(sample).powi(2)).sum();
    if energy < ENERGY_MIN {
        return false;
    }
    let strongest = |tones: &[f32]| tones.iter().map(|&tone| power(samples, tone)).fold(0.0, f32::max);
    let (low, high) = (strongest(&LOW), strongest(&HIGH));
    let twist = if low > high { low / high.max(1.0) } else { high / low.max(1.0) };
    low + high > energy * SHARE_MIN && twist < TWIST_MAX
}

/// The energy of one tone, by Goertzel's algorithm, on the scale of the samples' own energy.
fn power(samples: &[i16], tone: f32) -> f32 {
    let step = 2.0 * (TAU * tone / SAMPLE_RATE as f32).cos();
    let (mut one, mut two) = (0.0_f32, 0.0_f32);
    for &sample in samples {
        (one, two) = (f32::from(sample) + step * one - two, one);
    }
    (one * one + two * two - step * one * two) * 2.0 / samples.len() as f32
}

const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// -50 dBFS over half a tick: keys are loud, and what is softer tells nobody anything.
const ENERGY_MIN: f32 = 160.0 * 104.0 * 104.0;
/// Speech has its energy in more than two places: of the clips in audio-fixtures no tick comes near (see the tests).
const SHARE_MIN: f32 = 0.7;
/// 10 dB between the two tones; Q.24 allows 8.
const TWIST_MAX: f32 = 10.0;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn tones(low: f32, high: f32, level: f32) -> Frame {
        let wave = |tone: f32, at: usize| (TAU * tone * at as f32 / SAMPLE_RATE as f32).sin() * level;
        Frame(std::array::from_fn(|at| (wave(low, at) + wave(high, at)) as i16))
    }

    #[test]
    fn every_key_is_known_loud_and_soft() {
        for low in LOW {
            for high in HIGH {
                for level in [300.0, 3_000.0, 12_000.0] {
                    assert!(is_key(&tones(low, high, level)), "{low} {high} at {level}");
                    assert!(is_key(&tones(low * 1.015, high * 0.985, level)), "{low} {high}, 1.5 % off");
                }
            }
        }
        assert!(!is_key(&tones(440.0, 480.0, 3_000.0)), "a ringing tone");
        assert!(!is_key(&tones(697.0, 697.0, 3_000.0)), "one tone");
        assert!(!is_key(&Frame::SILENCE));
    }

    #[test]
    fn no_recorded_caller_is_taken_for_a_key() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../audio-fixtures");
        let (mut files, mut ticks, mut keys) = (0, 0, 0);
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("fixtures").flatten() {
                let file = entry.path();
                if file.is_dir() {
                    folders.push(file);
                } else if file.extension().is_some_and(|ending| ending == "wav") {
                    let Ok(mut wav) = hound::WavReader::open(&file) else { continue };
                    if wav.spec().sample_rate * 2 != SAMPLE_RATE || wav.spec().channels != 1 {
                        continue;
                    }
                    files += 1;
                    let narrow: Vec<i16> = wav.samples::<i16>().flatten().collect();
                    let between = |two: &[i16]| [two[0], two[0].midpoint(two[1])];
                    let samples: Vec<i16> = narrow.windows(2).flat_map(between).collect();
                    for chunk in samples.as_chunks::<FRAME_SAMPLES>().0 {
                        ticks += 1;
                        keys += u32::from(is_key(&Frame(*chunk)));
                    }
                }
            }
        }
        assert!(files > 10 && ticks > 1_000, "{files} files, {ticks} ticks");
        assert!(keys * 2_000 <= ticks, "{keys} of {ticks} ticks of speech taken for keys");
    }
}
