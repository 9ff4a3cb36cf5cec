//! A WAV file that a scripted party says.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use callwright_audio_core::Upsampler;
use callwright_model::{SAMPLE_RATE, Samples};

use crate::detect::{Hearing, Segment, segments};
use crate::manifest::Manifest;

/// Sound to say, at 16 kHz, with where the speech in it starts and stops. Cheap to clone.
#[derive(Clone)]
pub struct Clip {
    /// The file's name without folder and ending.
    pub name: String,
    /// The words in it, when a `manifest.toml` beside the file tells.
    pub words: Option<String>,
    /// The sound.
    pub samples: Arc<[i16]>,
    /// Where the speech is, found by the same detector that listens to the agent.
    pub speech: Segment,
}

impl Clip {
    /// Reads a WAV file: one channel, 16 bits, 8 or 16 kHz.
    ///
    /// # Errors
    /// A sentence on what is wrong with the file.
    pub fn load(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let mut reader = hound::WavReader::open(path).map_err(|error| match error {
            hound::Error::IoError(error) => format!("{shown} cannot be read: {error}"),
            other => format!("{shown} is not a WAV file: {other}"),
        })?;
        let spec = reader.spec();
        if spec.channels != 1 || spec.bits_per_sample != 16 || spec.sample_format != hound::SampleFormat::Int
        {
            let (channels, bits) = (spec.channels, spec.bits_per_sample);
            return Err(format!(
                "{shown} has {channels} channel(s) of {bits} bits; one of 16 bits is wanted"
            ));
        }
        let samples: Vec<i16> = reader
            .samples::<i16>()
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{shown} breaks off: {error}"))?;
        let samples = match spec.sample_rate {
            SAMPLE_RATE => samples,
            8_000 => upsample(&samples),
            other => return Err(format!("{shown} has {other} samples a second; 8000 or 16000 are wanted")),
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let words = Manifest::words_beside(path)?;
        Self::new(name, words, samples).ok_or_else(|| format!("{shown} holds no sound above -50 dBFS"))
    }

    /// A clip of samples at 16 kHz; `None` when they hold no sound.
    #[must_use]
    pub fn new(name: String, words: Option<String>, samples: Vec<i16>) -> Option<Self> {
        // Whatever pauses are in it, it is said as one.
        let hearing = Hearing { join: Duration::from_secs(3_600), ..Hearing::default() };
        let speech = segments(&samples, hearing).first().copied()?;
        Some(Self { name, words, samples: samples.into(), speech })
    }

    /// How long it takes to say.
    #[must_use]
    pub fn length(&self) -> Duration {
        Samples(self.samples.len() as u64).duration()
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clip({}, {:?})", self.name, self.length())
    }
}

fn upsample(samples: &[i16]) -> Vec<i16> {
    let mut out = vec![0; samples.len() * 2];
    Upsampler::<2>::new().process(samples, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, rate: u32, channels: u16, samples: &[i16]) {
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, spec).expect("a new file");
        for &sample in samples {
            writer.write_sample(sample).expect("a sample");
        }
        writer.finalize().expect("a whole file");
    }

    fn voice(rate: usize) -> Vec<i16> {
        let tone =
            |n: usize| (4_000.0 * (n as f64 * 300.0 * std::f64::consts::TAU / rate as f64).sin()) as i16;
        let quiet = std::iter::repeat_n(0, rate / 10);
        quiet.clone().chain((0..rate / 2).map(tone)).chain(quiet).collect()
    }

    #[test]
    fn both_telephone_rates_give_the_same_speech() {
        let folder = tempfile::tempdir().expect("a folder");
        for rate in [8_000, 16_000] {
            let path = folder.path().join("a.wav");
            write(&path, rate, 1, &voice(rate as usize));
            let clip = Clip::load(&path).expect("a good file");
            assert_eq!(clip.length(), Duration::from_millis(700));
            assert!(clip.speech.start.0.abs_diff(1_600) <= 160, "{:?}", clip.speech);
            assert!(clip.speech.end.0.abs_diff(9_600) <= 160, "{:?}", clip.speech);
        }
    }

    #[test]
    fn bad_files_are_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bad.wav");
        let mistake = |path: &Path| Clip::load(path).expect_err("a bad file");
        assert!(mistake(&path).contains("cannot be read"));
        std::fs::write(&path, b"RIFFjunk").expect("written");
        assert!(mistake(&path).contains("bad.wav"), "{}", mistake(&path));
        write(&path, 44_100, 1, &voice(44_100));
        assert!(mistake(&path).contains("44100"), "{}", mistake(&path));
        write(&path, 16_000, 2, &voice(16_000));
        assert!(mistake(&path).contains("2 channel"), "{}", mistake(&path));
        write(&path, 16_000, 1, &[0; 1_000]);
        assert!(mistake(&path).contains("no sound"), "{}", mistake(&path));
    }

    #[test]
    fn the_manifest_beside_a_file_gives_its_words() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("yes.wav");
        write(&path, 8_000, 1, &voice(8_000));
        assert_eq!(Clip::load(&path).expect("a good file").words, None);
        let line = "[[clip]]\nfile = \"yes.wav\"\nwords = \"yes please\"\nlanguage = \"en\"\nvoice = \"rms\"\n\
                    speech_start_ms = 100\nspeech_end_ms = 600\norigin = \"made up\"\n";
        std::fs::write(folder.path().join("manifest.toml"), line).expect("written");
        assert_eq!(Clip::load(&path).expect("a good file").words.as_deref(), Some("yes please"));
        std::fs::write(folder.path().join("manifest.toml"), "[[clip]]\nfyle = 1\n").expect("written");
        assert!(Clip::load(&path).expect_err("a bad manifest").contains("manifest.toml:"));
    }
}
