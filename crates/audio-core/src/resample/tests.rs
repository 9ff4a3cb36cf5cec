use super::*;

fn tone(hz: f64, rate: f64, length: usize) -> Vec<i16> {
    (0..length).map(|n| (10_000.0 * (std::f64::consts::TAU * hz * n as f64 / rate).sin()) as i16).collect()
}

/// The level of one frequency in dB relative to the tone put in.
fn level(samples: &[i16], hz: f64, rate: f64) -> f64 {
    let (mut re, mut im, mut weights) = (0.0, 0.0, 0.0);
    let length = samples.len() as f64;
    for (n, &sample) in samples.iter().enumerate() {
        // A Hann window, or a strong tone would leak over the weak one that is looked for.
        let weight = 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / length).cos();
        let angle = std::f64::consts::TAU * hz * n as f64 / rate;
        re += weight * f64::from(sample) * angle.cos();
        im += weight * f64::from(sample) * angle.sin();
        weights += weight;
    }
    20.0 * ((re * re + im * im).sqrt() * 2.0 / weights / 10_000.0).max(1e-9).log10()
}

fn up<const FACTOR: usize>(input: &[i16], frame: usize) -> Vec<i16> {
    let mut filter = Upsampler::<FACTOR>::new();
    let mut output = vec![0; input.len() * FACTOR];
    for (input, output) in input.chunks(frame).zip(output.chunks_mut(frame * FACTOR)) {
        filter.process(input, output);
    }
    output
}

fn down<const FACTOR: usize>(input: &[i16], frame: usize) -> Vec<i16> {
    let mut filter = Downsampler::<FACTOR>::new();
    let mut output = vec![0; input.len() / FACTOR];
    for (input, output) in input.chunks(frame * FACTOR).zip(output.chunks_mut(frame)) {
        filter.process(input, output);
    }
    output
}

#[test]
fn the_telephone_band_passes_flat_and_its_images_do_not() {
    for hz in [50.0, 300.0, 1_000.0, 2_000.0, 3_000.0, 3_400.0] {
        let out = up::<2>(&tone(hz, 8_000.0, 8_000), 160);
        assert!(level(&out[1_000..], hz, 16_000.0).abs() < 0.3, "{hz} Hz is not flat");
        let image = level(&out[1_000..], 8_000.0 - hz, 16_000.0);
        assert!(image < -50.0, "the image of {hz} Hz is at {image:.0} dB");

        let out = down::<2>(&tone(hz, 16_000.0, 16_000), 160);
        assert!(level(&out[1_000..], hz, 8_000.0).abs() < 0.3, "{hz} Hz is not flat on the way down");
    }
}

#[test]
fn what_lies_above_the_telephone_band_does_not_fold_back() {
    for hz in [4_600.0, 5_000.0, 6_000.0, 7_500.0] {
        let out = down::<2>(&tone(hz, 16_000.0, 16_000), 160);
        let alias = level(&out[1_000..], 8_000.0 - hz, 8_000.0);
        assert!(alias < -50.0, "{hz} Hz folds back at {alias:.0} dB");
    }
}

#[test]
fn wide_band_passes_between_16_and_48_khz() {
    for hz in [100.0, 1_000.0, 4_000.0, 6_500.0] {
        let out = up::<3>(&tone(hz, 16_000.0, 16_000), 320);
        assert!(level(&out[3_000..], hz, 48_000.0).abs() < 0.3, "{hz} Hz is not flat");
        assert!(level(&out[3_000..], 16_000.0 - hz, 48_000.0) < -50.0, "{hz} Hz has an image");
        let out = down::<3>(&tone(hz, 48_000.0, 48_000), 320);
        assert!(level(&out[1_000..], hz, 16_000.0).abs() < 0.3, "{hz} Hz is not flat on the way down");
    }
    for hz in [9_500.0, 12_000.0, 20_000.0] {
        let out = down::<3>(&tone(hz, 48_000.0, 48_000), 320);
        let alias = if hz < 16_000.0 { 16_000.0 - hz } else { hz - 16_000.0 };
        assert!(level(&out[1_000..], alias, 16_000.0) < -50.0, "{hz} Hz folds back");
    }
}

#[test]
fn the_cut_into_frames_leaves_no_trace() {
    let input = tone(777.0, 8_000.0, 1_600);
    let whole = up::<2>(&input, 1_600);
    for frame in [1, 7, 80, 160, 240, 480] {
        assert_eq!(up::<2>(&input, frame), whole, "frames of {frame}");
    }
    let whole = down::<2>(&input, 800);
    for frame in [1, 40, 80, 160, 400] {
        assert_eq!(down::<2>(&input, frame), whole, "frames of {frame}");
    }
}

#[test]
fn full_scale_saturates_and_does_not_wrap() {
    let square: Vec<i16> = (0..1_600).map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let out = up::<2>(&square, 160);
    let lag = TAPS; // The filter's delay at the higher rate.
    for n in 200..3_000 {
        if (n - lag) % 40 > 10 && (n - lag) % 40 < 30 {
            assert_eq!(out[n] > 0, square[(n - lag) / 2] > 0, "sample {n} wrapped");
        }
    }
}

#[test]
fn silence_that_is_left_out_changes_nothing() {
    let sound = tone(440.0, 16_000.0, 3_000);
    // Pauses that end within a frame, and longer ones.
    let pauses = [1, 40, 200, 1_000, 4_000].map(|length| vec![0; length]);
    let mut input: Vec<i16> = pauses.iter().flat_map(|pause| [pause.as_slice(), &sound].concat()).collect();
    input.resize(input.len().next_multiple_of(320), 0);
    let (mut up, mut up_always) = (Upsampler::<2>::new(), Upsampler::<2>::new());
    let (mut down, mut down_always) = (Downsampler::<2>::new(), Downsampler::<2>::new());
    for frame in [20, 160, 320] {
        for input in input.chunks_exact(frame) {
            (up_always.at_rest, down_always.at_rest) = (false, false);
            let mut outputs =
                [vec![0; frame * 2], vec![0; frame * 2], vec![0; frame / 2], vec![0; frame / 2]];
            up.process(input, &mut outputs[0]);
            up_always.process(input, &mut outputs[1]);
            down.process(input, &mut outputs[2]);
            down_always.process(input, &mut outputs[3]);
            assert!(outputs[0] == outputs[1] && outputs[2] == outputs[3]);
        }
    }
}
