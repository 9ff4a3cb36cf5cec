//! The format of a recording.
//!
//! ```text
//! head    one line of JSON: call, line, start, rate
//! piece   u32 length (LE), then so many sealed bytes (ChaCha20-Poly1305); the n-th has the nonce n, and the head is bound to each
//!   0x01  sound: u64 place of the first tick, u32 ticks, u8 sides (1 caller, 2 sent), then of each such side its samples (i16);
//!         all little-endian
//!   0x02  mark, as JSON
//!   0x03  end, as JSON: how it went
//! ```
//!
//! A side that is silent is left out, and so is everything between the end of one piece of sound and the place of the next: it is
//! silence. A file without an end was cut off.

use callwright_model::{CallId, FRAME_MS, FRAME_SAMPLES, Frame, SAMPLE_RATE};
use serde::{Deserialize, Serialize};

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the format.
    pub recording: u32,
    /// The call.
    pub call: CallId,
    /// The line that was called.
    pub line: String,
    /// When the call began, by the wall clock.
    pub started_unix_ms: u64,
    /// Samples a second.
    pub rate: u32,
}

impl Head {
    /// The head of a call's recording.
    #[must_use]
    pub fn new(call: CallId, line: &str, started_unix_ms: u64) -> Self {
        Self { recording: FORMAT, call, line: line.to_owned(), started_unix_ms, rate: SAMPLE_RATE }
    }
}

/// What was left out of a recording, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Why.
    pub kind: MarkKind,
    /// From here, in ticks of 20 ms from the start of the recording.
    pub place: u64,
    /// For so many.
    pub ticks: u64,
}

/// Why something is not in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// A secret was expected.
    Paused,
    /// A card's number, a PIN or the like was said, or nobody knows what was.
    Redacted,
    /// Keys were pressed.
    Keys,
}

impl Mark {
    /// From when to when, in milliseconds from the start of the recording.
    #[must_use]
    pub const fn span_ms(&self) -> (u64, u64) {
        let (from, length) = (self.place * FRAME_MS as u64, self.ticks * FRAME_MS as u64);
        (from, from + length)
    }
}

/// The last piece.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Ticks that were lost on the way to the disk.
    pub(crate) lost: u64,
    /// Orders that came when what they were about was written.
    pub(crate) late: u64,
}

/// Sound on its way into a piece.
#[derive(Debug, Default)]
pub(crate) struct Sound {
    place: u64,
    caller: Vec<i16>,
    sent: Vec<i16>,
}

impl Sound {
    /// Whether a tick at this place goes on where the sound ends.
    pub(crate) fn takes(&self, place: u64) -> bool {
        self.ticks() == 0 || place == self.place + self.ticks()
    }

    pub(crate) fn push(&mut self, place: u64, caller: &Frame, sent: &Frame) {
        if self.ticks() == 0 {
            self.place = place;
        }
        self.caller.extend_from_slice(&caller.0);
        self.sent.extend_from_slice(&sent.0);
    }

    pub(crate) fn ticks(&self) -> u64 {
        (self.caller.len() / FRAME_SAMPLES) as u64
    }

    /// The piece, and an empty sound. `None` when there is nothing in it.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        if self.ticks() == 0 {
            return None;
        }
        let mut piece = vec![SOUND];
        piece.extend_from_slice(&self.place.to_le_bytes());
        piece.extend_from_slice(&u32::try_from(self.ticks()).unwrap_or(u32::MAX).to_le_bytes());
        let loud = |side: &[i16]| side.iter().any(|&sample| sample != 0);
        let (caller, sent) = (loud(&self.caller), loud(&self.sent));
        piece.push(u8::from(caller) | u8::from(sent) << 1);
        for side in [(caller, &self.caller), (sent, &self.sent)].into_iter().filter(|(loud, _)| *loud) {
            piece.extend(side.1.iter().flat_map(|sample| sample.to_le_bytes()));
        }
        self.caller.clear();
        self.sent.clear();
        Some(piece)
    }
}

/// An opened piece.
#[derive(Debug)]
pub(crate) enum Opened {
    /// Sound from a place on; a side that is silent is empty.
    Sound { place: u64, ticks: u64, caller: Vec<i16>, sent: Vec<i16> },
    /// A mark.
    Mark(Mark),
    /// The end.
    End(End),
}

/// Reads what was sealed; `None` when it is nothing that this version writes.
pub(crate) fn parse(piece: &[u8]) -> Option<Opened> {
    let (&kind, rest) = piece.split_first()?;
    match kind {
        SOUND => {
            let (place, rest) = rest.split_first_chunk::<8>()?;
            let (ticks, rest) = rest.split_first_chunk::<4>()?;
            let (&sides, rest) = rest.split_first()?;
            let samples: Vec<i16> =
                rest.as_chunks::<2>().0.iter().map(|two| i16::from_le_bytes(*two)).collect();
            let (caller, sent) = match sides {
                0 => (Vec::new(), Vec::new()),
                1 => (samples, Vec::new()),
                2 => (Vec::new(), samples),
                3 => {
                    let (caller, sent) = samples.split_at(samples.len() / 2);
                    (caller.to_vec(), sent.to_vec())
                }
                _ => return None,
            };
            let (place, ticks) = (u64::from_le_bytes(*place), u32::from_le_bytes(*ticks));
            Some(Opened::Sound { place, ticks: u64::from(ticks), caller, sent })
        }
        MARK => serde_json::from_slice(rest).ok().map(Opened::Mark),
        END => serde_json::from_slice(rest).ok().map(Opened::End),
        _ => None,
    }
}

/// A mark or an end as a piece.
pub(crate) fn note(kind: u8, note: &impl Serialize) -> Vec<u8> {
    let mut piece = vec![kind];
    // Plain data, without maps whose keys are no texts.
    piece.extend(serde_json::to_vec(note).unwrap_or_default());
    piece
}

pub(crate) const FORMAT: u32 = 1;
pub(crate) const SOUND: u8 = 1;
pub(crate) const MARK: u8 = 2;
pub(crate) const END: u8 = 3;
/// Ticks in a piece: with the time that sound is held back, a second is lost at most.
pub(crate) const PIECE_TICKS: u64 = 20;
/// Larger than any piece that is written.
pub(crate) const PIECE_BYTES_MAX: u32 = 1 << 20;
/// How the names of recordings and of their keys end.
pub(crate) const SUFFIX: &str = ".rec";
pub(crate) const KEY_SUFFIX: &str = ".key";
