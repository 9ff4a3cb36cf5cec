//! Reading a recording again.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use callwright_model::{FRAME_SAMPLES, SAMPLE_RATE};

use crate::file::{self, End, FORMAT, Head, Mark, Opened, PIECE_BYTES_MAX};
use crate::key::{CallKey, Kept, KeyError, MasterKey};

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Its key.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// It is no recording, or of a version that this program does not know.
    #[error("it is no recording that this version reads")]
    Unknown,
    /// A piece of it is not what was written.
    #[error("its piece {0} was changed after it was written")]
    Changed(u64),
    /// The sound cannot be written out.
    #[error("{0}")]
    Wav(#[from] hound::Error),
}

/// A recording that is read, piece by piece.
pub struct Reading {
    /// What it says of itself.
    pub head: Head,
    line: Vec<u8>,
    file: BufReader<File>,
    key: CallKey,
    pieces: u64,
    end: Option<End>,
    marks: Vec<Mark>,
}

impl Reading {
    /// Opens a recording with its call's key, which lies beside it.
    ///
    /// # Errors
    /// When one of them is not there or is none, or the master key is another.
    pub fn open(recording: &Path, master: &MasterKey) -> Result<Self, ReadError> {
        let mut file = BufReader::new(File::open(recording)?);
        let mut line = Vec::new();
        file.by_ref().take(HEAD_BYTES_MAX).read_until(b'\n', &mut line)?;
        let head: Head = serde_json::from_slice(&line).map_err(|_| ReadError::Unknown)?;
        if head.recording != FORMAT || head.rate != SAMPLE_RATE {
            return Err(ReadError::Unknown);
        }
        let kept = Kept::read(&recording.with_extension("key"))?;
        if kept.call != head.call {
            return Err(KeyError::Wrong.into());
        }
        let key = master.open(&kept)?;
        Ok(Self { head, line, file, key, pieces: 0, end: None, marks: Vec::new() })
    }

    /// Writes all of it as a WAV: caller left, what they were sent right. Tells how many samples there are of each.
    ///
    /// # Errors
    /// When a piece was changed, or the WAV cannot be written.
    pub fn to_wav(&mut self, to: &Path) -> Result<u64, ReadError> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(to, spec)?;
        let mut written = 0_u64;
        while let Some(opened) = self.next()? {
            let Opened::Sound { place, ticks, caller, sent } = opened else { continue };
            let gap = (place * FRAME_SAMPLES as u64).saturating_sub(written);
            for _ in 0..2 * gap {
                wav.write_sample(0_i16)?;
            }
            for at in 0..ticks as usize * FRAME_SAMPLES {
                wav.write_sample(caller.get(at).copied().unwrap_or(0))?;
                wav.write_sample(sent.get(at).copied().unwrap_or(0))?;
            }
            written += gap + ticks * FRAME_SAMPLES as u64;
        }
        wav.finalize()?;
        Ok(written)
    }

    /// What was left out, as far as it was read.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Whether its end was reached: without, it was cut off.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.end.is_some()
    }

    /// Ticks that were lost, once the end was read.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.end.unwrap_or_default().lost
    }

    /// The next piece, `None` at the end or where the file was cut off.
    fn next(&mut self) -> Result<Option<Opened>, ReadError> {
        let mut length = [0; 4];
        if self.end.is_some() || !self.fill(&mut length)? {
            return Ok(None);
        }
        let length = u32::from_le_bytes(length);
        if length > PIECE_BYTES_MAX {
            return Err(ReadError::Changed(self.pieces));
        }
        let mut piece = vec![0; length as usize];
        if !self.fill(&mut piece)? {
            return Ok(None);
        }
        let opened = self.key.open(self.pieces, &self.line, &mut piece).and_then(file::parse);
        let opened = opened.ok_or(ReadError::Changed(self.pieces))?;
        self.pieces += 1;
        match &opened {
            Opened::Mark(mark) => self.marks.push(*mark),
            Opened::End(end) => self.end = Some(*end),
            Opened::Sound { .. } => {}
        }
        Ok(Some(opened))
    }

    /// Fills the buffer; `false` when the file ends before.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        match self.file.read_exact(buffer) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A head is some 150 bytes.
const HEAD_BYTES_MAX: u64 = 4_096;
