use super::*;

fn through(samples: &[i16]) -> Vec<i16> {
    let (mut codes, mut out) = (vec![0; samples.len() / 2], vec![0; samples.len()]);
    G722Encoder::new().encode(samples, &mut codes);
    G722Decoder::new().decode(&codes, &mut out);
    out
}

fn tone(hz: f32, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| (8_000.0 * (std::f32::consts::TAU * hz * n as f32 / 16_000.0).sin()) as i16)
        .collect()
}

/// How strong a frequency is, as an amplitude.
fn strength(samples: &[i16], hz: f32) -> f32 {
    let (mut re, mut im) = (0.0f32, 0.0f32);
    for (n, &sample) in samples.iter().enumerate() {
        let angle = std::f32::consts::TAU * hz * n as f32 / 16_000.0;
        re += f32::from(sample) * angle.cos();
        im += f32::from(sample) * angle.sin();
    }
    2.0 * re.hypot(im) / samples.len() as f32
}

#[test]
fn sound_to_7_khz_comes_through_as_it_was() {
    for hz in [100.0, 440.0, 1_000.0, 3_000.0, 3_900.0, 4_500.0, 5_500.0, 6_500.0, 7_000.0] {
        let out = through(&tone(hz, 4_800));
        let level = strength(&out[1_600..4_800], hz);
        let change_db = 20.0 * (level / 8_000.0).log10();
        assert!(change_db.abs() < 1.0, "{hz} Hz change by {change_db:.2} dB");
        let energy = |s: &[i16]| s.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / s.len() as f64;
        let (all, own) = (energy(&out[1_600..]), f64::from(level).powi(2) / 2.0);
        let clean_db = 10.0 * (own / (all - own).max(1.0)).log10();
        // The higher band has two bits a sample.
        let least = if hz < 4_000.0 { 25.0 } else { 9.0 };
        assert!(clean_db > least, "{hz} Hz stand only {clean_db:.1} dB above what is not theirs");
    }
}

#[test]
fn silence_stays_silence() {
    assert!(through(&[0; 3_200]).iter().all(|sample| sample.abs() <= 4));
}

#[test]
fn every_code_decodes() {
    let codes: Vec<u8> = (0..40_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut out = vec![0; 80_000];
    let mut decoder = G722Decoder::new();
    decoder.decode(&codes, &mut out);
    for code in 0..=255 {
        decoder.decode(&[code; 500], &mut [0; 1_000]);
    }
}

#[test]
fn codes_and_sound_are_those_of_another_implementation() {
    let mut seed = 7u32;
    let noise: Vec<i16> = (0..16_000)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 18) as i16 - 8_192
        })
        .collect();
    let mut codes = vec![0; 8_000];
    G722Encoder::new().encode(&noise, &mut codes);
    let mut out = vec![0; 16_000];
    G722Decoder::new().decode(&codes, &mut out);
    let fnv = |bytes: &mut dyn Iterator<Item = u8>| {
        bytes.fold(0x811C_9DC5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    };
    // The sums of what libspandsp 0.0.6 (g722_encode, g722_decode at 64 kbit/s) makes of the same noise.
    assert_eq!(fnv(&mut codes.iter().copied()), 0xFC6D_794F);
    assert_eq!(fnv(&mut out.iter().flat_map(|sample| sample.to_le_bytes())), 0x71D3_BF81);
}
