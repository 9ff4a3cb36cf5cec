//! WAV files for peers to speak, and what to say about those they recorded.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Samples at 8 kHz: what a telephone file holds.
pub const RATE: u32 = 8_000;

/// A file of `audio-fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../audio-fixtures").join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path
}

/// Reads a WAV file's first channel at 8 kHz. A file at a multiple of that, as of a call in Opus, is averaged down: good
/// enough for loudness.
pub fn read(path: &Path) -> Vec<i16> {
    let mut reader =
        hound::WavReader::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let spec = reader.spec();
    assert_eq!(spec.sample_rate % RATE, 0, "{}: {} Hz", path.display(), spec.sample_rate);
    let samples: Vec<i16> = reader
        .samples()
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let first: Vec<i16> = samples.iter().step_by(usize::from(spec.channels)).copied().collect();
    let times = (spec.sample_rate / RATE) as usize;
    let mean =
        |block: &[i16]| block.iter().map(|&sample| i32::from(sample)).sum::<i32>() / block.len() as i32;
    first
        .chunks_exact(times)
        .map(|block| i16::try_from(mean(block)).expect("a mean of samples is one"))
        .collect()
}

/// How long a WAV file is, also while somebody else writes it, whose head may tell a length of before.
pub fn length(path: &Path) -> Duration {
    // Its head may not be whole yet.
    let Ok(spec) = hound::WavReader::open(path).map(|reader| reader.spec()) else { return Duration::ZERO };
    let bytes = std::fs::metadata(path).expect("it was opened").len();
    let rate = u64::from(spec.sample_rate) * u64::from(spec.channels) * u64::from(spec.bits_per_sample / 8);
    Duration::from_millis(bytes * 1_000 / rate)
}

/// What a peer's microphone picks up: each part is a silence in ms, then a fixture, or nothing to end in silence.
pub fn microphone(path: &Path, parts: &[(u64, Option<&str>)]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("the folder is ours");
    for (silence_ms, clip) in parts {
        let silence = usize::try_from(silence_ms * u64::from(RATE) / 1_000).expect("a short silence");
        let sound = clip.map(|name| read(&fixture(name))).unwrap_or_default();
        for sample in std::iter::repeat_n(0, silence).chain(sound) {
            writer.write_sample(sample).expect("the disk has room");
        }
    }
    writer.finalize().expect("the disk has room");
}

/// Loudness of each 20 ms, in dB above a floor of -60 dBFS.
pub fn envelope(samples: &[i16]) -> Vec<f64> {
    let level = |block: &[i16]| {
        let energy: f64 = block.iter().map(|&sample| (f64::from(sample) / 32_768.0).powi(2)).sum();
        (10.0 * (energy / block.len() as f64 + 1e-6).log10() + 60.0).max(0.0)
    };
    samples.chunks(RATE as usize / 50).map(level).collect()
}

/// How alike the loudness of `wanted` is to the most alike stretch of `heard`: 1 for the same, about 0 for another sound. Tells
/// also where that stretch begins, in ms.
pub fn likeness(wanted: &[i16], heard: &[i16]) -> (f64, u64) {
    let (wanted, heard) = (envelope(wanted), envelope(heard));
    let mut best = (0.0, 0);
    for (place, stretch) in heard.windows(wanted.len()).enumerate() {
        let alike = correlation(&wanted, stretch);
        if alike > best.0 {
            best = (alike, place as u64 * 20);
        }
    }
    best
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let covariance: f64 = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum();
    let spread =
        |values: &[f64], mean: f64| values.iter().map(|value| (value - mean).powi(2)).sum::<f64>().sqrt();
    let spread = spread(a, mean_a) * spread(b, mean_b);
    if spread > 0.0 { covariance / spread } else { 0.0 }
}

#[test]
fn likeness_tells_a_sentence_from_another() {
    let sentence = read(&fixture("en-cancelled.wav"));
    let other = read(&fixture("en-desk-hello.wav"));
    let shifted: Vec<i16> =
        std::iter::repeat_n(0, 4_000).chain(sentence.iter().map(|sample| sample / 2)).collect();
    let (alike, place) = likeness(&sentence, &shifted);
    assert!(alike > 0.95 && place.abs_diff(500) <= 20, "{alike} at {place}");
    let padded: Vec<i16> = other.iter().copied().chain(std::iter::repeat_n(0, 16_000)).collect();
    let (alike, _) = likeness(&sentence, &padded);
    assert!(alike < 0.7, "{alike}");
}

/// The right channel of a recording at 8 kHz: what its maker heard.
pub fn right(path: &Path) -> Vec<i16> {
    let mut reader =
        hound::WavReader::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let keep = (reader.spec().sample_rate / RATE) as usize;
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>().expect("16-bit samples");
    samples.chunks_exact(2).map(|pair| pair[1]).step_by(keep).collect()
}
