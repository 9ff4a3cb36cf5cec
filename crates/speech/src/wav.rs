//! The header of a WAV stream.

use thiserror::Error;

/// What a reader must know of a WAV file before its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Samples per second.
    pub(crate) rate: u32,
    /// Channels.
    pub(crate) channels: u16,
    /// Bits of a sample.
    pub(crate) bits: u16,
    /// Bytes before the first sample.
    pub(crate) length: usize,
}

/// Why bytes are no WAV header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a WAV header with PCM samples")]
pub(crate) struct NotWav;

impl Header {
    /// The header at the start of `bytes`; `None` when more bytes are needed.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, NotWav> {
        let starts = |at: usize, tag: &[u8; 4]| {
            bytes.get(at..).is_none_or(|rest| rest.iter().zip(tag).all(|(byte, wanted)| byte == wanted))
        };
        if !starts(0, b"RIFF") || !starts(8, b"WAVE") {
            return Err(NotWav);
        }
        let mut at = 12;
        let mut format = None;
        loop {
            if at > HEADER_MAX {
                return Err(NotWav);
            }
            let Some(chunk) = bytes.get(at..at + 8) else { return Ok(None) };
            let length = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]) as usize;
            if chunk.starts_with(b"data") {
                let (rate, channels, bits) = format.ok_or(NotWav)?;
                return Ok(Some(Self { rate, channels, bits, length: at + 8 }));
            }
            if length > HEADER_MAX {
                return Err(NotWav);
            }
            if chunk.starts_with(b"fmt ") {
                if length < 16 {
                    return Err(NotWav);
                }
                let Some(f) = bytes.get(at + 8..at + 24) else { return Ok(None) };
                if u16::from_le_bytes([f[0], f[1]]) != PCM {
                    return Err(NotWav);
                }
                format = Some((
                    u32::from_le_bytes([f[4], f[5], f[6], f[7]]),
                    u16::from_le_bytes([f[2], f[3]]),
                    u16::from_le_bytes([f[14], f[15]]),
                ));
            }
            at += 8 + length + length % 2;
        }
    }
}

/// The format tag of plain samples.
const PCM: u16 = 1;
/// Chunks before the samples that are longer than this together are junk.
const HEADER_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0\x01\0\x01\0".to_vec();
        bytes.extend(22_050_u32.to_le_bytes());
        bytes.extend(44_100_u32.to_le_bytes());
        bytes.extend([2, 0, 16, 0]);
        bytes.extend(b"data\xff\xff\xff\x7f");
        bytes
    }

    #[test]
    fn a_header_is_read_however_it_is_cut() {
        let bytes = header();
        let whole = Header { rate: 22_050, channels: 1, bits: 16, length: bytes.len() };
        assert_eq!(Header::parse(&bytes), Ok(Some(whole)));
        for end in 0..bytes.len() {
            assert_eq!(Header::parse(&bytes[..end]), Ok(None), "{end}");
        }
    }

    proptest! {
        #[test]
        fn junk_is_refused_or_waits_for_more(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Header::parse(&bytes);
        }

        #[test]
        fn a_damaged_header_never_points_past_what_is_there(at in 0_usize..60, value: u8) {
            let mut bytes = header();
            let at = at % bytes.len();
            bytes[at] = value;
            if let Ok(Some(header)) = Header::parse(&bytes) {
                prop_assert!(header.length <= bytes.len());
            }
        }
    }
}
