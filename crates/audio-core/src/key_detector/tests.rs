use std::f32::consts::TAU;
use std::path::Path;

use super::*;
use crate::codec::{Decoder, Encoder};
use crate::pcm_ring::PcmRing;
use callwright_model::{Codec, SAMPLE_RATE};

const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

/// A press as an end might make it.
#[derive(Clone, Copy)]
struct Press {
    row: f32,
    column: f32,
    row_level: f32,
    column_level: f32,
    from_ms: usize,
    ms: usize,
}

impl Press {
    fn of(row: usize, column: usize) -> Self {
        Self {
            row: ROWS[row],
            column: COLUMNS[column],
            row_level: 3_000.0,
            column_level: 3_000.0,
            from_ms: 100,
            ms: 80,
        }
    }
}

fn sound(presses: &[Press], ms: usize) -> Vec<i16> {
    let mut out = vec![0.0f32; ms * 16];
    for press in presses {
        let from = press.from_ms * 16;
        for (n, sample) in out.iter_mut().enumerate().skip(from).take(press.ms * 16) {
            let wave = |hz: f32| (TAU * hz * n as f32 / SAMPLE_RATE as f32).sin();
            *sample += wave(press.row) * press.row_level + wave(press.column) * press.column_level;
        }
    }
    out.into_iter().map(|sample| sample as i16).collect()
}

/// The keys in a sound that has come over this codec.
fn heard(samples: &[i16], codec: Codec) -> String {
    let (mut encoder, mut decoder) =
        (Encoder::new(codec).expect("encoder"), Decoder::new(codec).expect("decoder"));
    let (mut pcm, mut detector) = (PcmRing::new(), KeyDetector::new());
    let mut keys = String::new();
    for samples in samples.as_chunks::<FRAME_SAMPLES>().0 {
        let mut payload = [0; Encoder::PAYLOAD_MAX];
        let length = encoder.encode(&Frame(*samples), &mut payload).expect("fits");
        decoder.decode(&payload[..length], &mut pcm).expect("decodes");
        let mut frame = Frame::SILENCE;
        assert!(pcm.pop_frame(&mut frame));
        keys.extend(detector.hear(&frame));
    }
    keys
}

#[test]
fn every_key_is_told_once_over_every_codec_of_telephones() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        for (row, keys) in KEYS.iter().enumerate() {
            for (column, key) in keys.iter().enumerate() {
                assert_eq!(
                    heard(&sound(&[Press::of(row, column)], 400), codec),
                    key.to_string(),
                    "{codec:?}"
                );
            }
        }
    }
}

#[test]
fn forty_ms_are_enough_wherever_they_fall_and_twenty_are_not() {
    for offset in 0..20 {
        let press = Press { from_ms: 100 + offset, ms: 40, ..Press::of(1, 2) };
        assert_eq!(heard(&sound(&[press], 300), Codec::Pcmu), "6", "{offset} ms into a frame");
        let press = Press { ms: 20, ..press };
        assert_eq!(heard(&sound(&[press], 300), Codec::Pcmu), "", "{offset} ms into a frame");
    }
}

#[test]
fn the_same_key_twice_is_two_keys() {
    let presses: Vec<Press> =
        (0..4).map(|n| Press { from_ms: 100 + n * 100, ms: 50, ..Press::of(0, 0) }).collect();
    assert_eq!(heard(&sound(&presses, 700), Codec::Pcma), "1111");
    let long = Press { ms: 3_000, ..Press::of(3, 2) };
    assert_eq!(heard(&sound(&[long], 3_300), Codec::Pcma), "#", "one that is held is one");
}

#[test]
fn keys_that_are_off_as_far_as_q24_allows_are_heard_and_those_farther_are_not() {
    for (row, keys) in KEYS.iter().enumerate() {
        for (column, key) in keys.iter().enumerate() {
            let press = Press::of(row, column);
            let key = key.to_string();
            for (off_row, off_column) in [(1.015, 1.015), (0.985, 0.985), (1.015, 0.985)] {
                let press = Press { row: press.row * off_row, column: press.column * off_column, ..press };
                assert_eq!(heard(&sound(&[press], 400), Codec::Pcmu), key, "{off_row} {off_column}");
            }
            for (row_level, column_level) in
                [(300.0, 300.0), (9_000.0, 9_000.0), (3_000.0, 1_900.0), (2_000.0, 5_000.0)]
            {
                let press = Press { row_level, column_level, ..press };
                assert_eq!(
                    heard(&sound(&[press], 400), Codec::Pcmu),
                    key,
                    "levels {row_level} {column_level}"
                );
            }
            let far = Press { row: press.row * 1.045, column: press.column * 1.045, ..press };
            assert_ne!(heard(&sound(&[far], 400), Codec::Pcmu), key, "4.5 % off is another thing");
            let one_tone = Press { column_level: 200.0, ..press };
            assert_eq!(heard(&sound(&[one_tone], 400), Codec::Pcmu), "", "one tone alone is no key");
        }
    }
}

/// 15 dB below a key there may be noise.
#[test]
fn noise_on_the_line_hides_no_key_and_makes_none() {
    let mut seed = 3u32;
    let mut noise = |level: f32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        level * ((seed >> 8) as f32 / 8_388_608.0 - 1.0)
    };
    let presses: Vec<Press> =
        (0..100).map(|n| Press { from_ms: 100 + n * 120, ms: 60, ..Press::of(n % 4, n / 4 % 4) }).collect();
    let with_noise: Vec<i16> = sound(&presses, 12_200)
        .into_iter()
        .map(|sample| sample.saturating_add(noise(1_000.0) as i16))
        .collect();
    let pressed: String = (0..100).map(|n| KEYS[n % 4][n / 4 % 4]).collect();
    assert_eq!(heard(&with_noise, Codec::Pcmu), pressed);
    let only_noise: Vec<i16> = (0..16_000 * 60).map(|_| noise(6_000.0) as i16).collect();
    assert_eq!(heard(&only_noise, Codec::Pcmu), "");
}

/// Nobody who speaks presses a key: all recorded callers, at three levels, and tones of telephone networks.
#[test]
fn no_recorded_voice_is_taken_for_a_key() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../audio-fixtures")];
    let (mut seconds, mut keys) = (0.0, String::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the fixtures are in the repository").flatten() {
            let file = entry.path();
            if file.is_dir() {
                folders.push(file);
                continue;
            }
            if file.extension().is_none_or(|ending| ending != "wav") {
                continue;
            }
            let Ok(mut wav) = hound::WavReader::open(&file) else { continue };
            let spec = wav.spec();
            let times = match (spec.channels, spec.sample_rate) {
                (1, 8_000) => 2,
                (1, 16_000) => 1,
                _ => continue,
            };
            let samples: Vec<i16> = wav.samples::<i16>().flatten().collect();
            seconds += samples.len() as f32 / spec.sample_rate as f32;
            for gain in [0.5, 1.0, 2.0] {
                let louder: Vec<i16> = samples
                    .iter()
                    .flat_map(|&sample| std::iter::repeat_n((f32::from(sample) * gain) as i16, times))
                    .collect();
                keys.push_str(&heard(&louder, Codec::Pcmu));
            }
        }
    }
    assert!(seconds > 60.0, "only {seconds} s of voices");
    assert_eq!(keys, "", "in {seconds} s");
    for (row, column) in
        [(350.0, 440.0), (440.0, 480.0), (480.0, 620.0), (425.0, 425.0), (1_100.0, 2_100.0), (941.0, 1_400.0)]
    {
        let tone = Press { row, column, ms: 1_000, ..Press::of(0, 0) };
        assert_eq!(heard(&sound(&[tone], 1_200), Codec::Pcmu), "", "{row} and {column} Hz");
    }
}
