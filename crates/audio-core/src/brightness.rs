//! How bright a sound is: coughs, sneezes and breath have most of their power where voices have little.

/// The power of the first difference of a frame at 16 kHz against the frame's own, below about 4 kHz: the band of telephones, so that a
/// wide one does not make a hissing "s" of every "yes". From 0 for a deep hum to 2 for a tone at 4 kHz. Over whole sounds voices have
/// 0.01 to 0.15, coughs and sneezes of a telephone line 0.13 to 0.32.
#[must_use]
pub fn brightness(samples: &[i16]) -> f32 {
    // Most frames of a line on which nobody speaks.
    if samples.iter().all(|sample| *sample == 0) {
        return 0.0;
    }
    // A binomial low pass: 9 dB at 4 kHz, 25 at 6.
    let smooth = |window: &[i16]| {
        let [a, b, c, d] = [0, 1, 2, 3].map(|place| f32::from(window[place]));
        (a + 3.0 * (b + c) + d) / 8.0
    };
    let (mut power, mut difference, mut last) = (0.0, 0.0, None);
    for window in samples.windows(4) {
        let now = smooth(window);
        power += now * now;
        difference += last.map_or(0.0, |last: f32| (now - last) * (now - last));
        last = Some(now);
    }
    if power > 0.0 { difference / power } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32) -> Vec<i16> {
        let at = |n: usize| (std::f32::consts::TAU * hz * n as f32 / 16_000.0).sin();
        (0..320).map(|n| (8_000.0 * at(n)) as i16).collect()
    }

    #[test]
    fn it_grows_with_the_frequency_of_a_tone() {
        // Of a tone it is (2 sin(w / 2))^2.
        for (hz, wanted) in [(200.0, 0.006), (1_000.0, 0.152), (2_000.0, 0.586)] {
            let found = brightness(&tone(hz));
            assert!((found - wanted).abs() < 0.02 * wanted + 0.002, "{hz} Hz: {found}");
        }
        assert_eq!(brightness(&[0; 320]), 0.0);
        assert_eq!(brightness(&[]), 0.0);
    }

    #[test]
    fn what_lies_above_the_telephone_band_hardly_counts() {
        let mixed: Vec<i16> =
            tone(300.0).iter().zip(tone(6_500.0)).map(|(low, high)| low / 2 + high / 2).collect();
        assert!(brightness(&mixed) < 0.15, "{}", brightness(&mixed));
    }
}
