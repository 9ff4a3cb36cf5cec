//! A call as a stereo WAV: the scripted party left, the other end right, at 16 kHz.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use callwright_model::SAMPLE_RATE;

pub(crate) struct Recording {
    path: PathBuf,
    writer: hound::WavWriter<BufWriter<File>>,
}

impl Recording {
    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let writer = hound::WavWriter::create(path, spec)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        Ok(Self { path: path.to_owned(), writer })
    }

    /// The next samples of both sides, equally many.
    pub(crate) fn write(&mut self, left: &[i16], right: &[i16]) -> Result<(), String> {
        for (&left, &right) in left.iter().zip(right) {
            self.writer
                .write_sample(left)
                .and_then(|()| self.writer.write_sample(right))
                .map_err(|error| format!("{} cannot be written: {error}", self.path.display()))?;
        }
        Ok(())
    }

    /// Finishes the file and tells where it is.
    pub(crate) fn finish(self) -> Result<PathBuf, String> {
        let Self { path, writer } = self;
        writer.finalize().map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        Ok(path)
    }
}
