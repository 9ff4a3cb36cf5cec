//! Reading compound packets.

use thiserror::Error;

use super::{
    BLOCK_LEN, CNAME, EXTENDED_REPORT, GOODBYE, RECEIVER_REPORT, ReportBlock, SENDER_REPORT,
    SOURCE_DESCRIPTION, SenderReport, VoipMetrics,
};

/// Why a datagram is no compound RTCP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RtcpError {
    /// It ends within what it announces.
    #[error("the control packet is cut short")]
    Truncated,
    /// Its version is not 2.
    #[error("the control packet is not version 2")]
    Version,
}

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A sender's report.
    SenderReport {
        /// Who sends it.
        ssrc: u32,
        /// About its own stream.
        sent: SenderReport,
        /// About what it gets.
        blocks: ReportBlocks<'a>,
    },
    /// A receiver's report.
    ReceiverReport {
        /// Who sends it.
        ssrc: u32,
        /// About what it gets.
        blocks: ReportBlocks<'a>,
    },
    /// The canonical name of a source.
    Cname {
        /// The source.
        ssrc: u32,
        /// Its name, not necessarily text.
        name: &'a [u8],
    },
    /// A source leaves.
    Goodbye {
        /// The source.
        ssrc: u32,
    },
    /// How a stream sounds to who gets it.
    VoipMetrics {
        /// Who gets it.
        ssrc: u32,
        /// What they say.
        metrics: VoipMetrics,
    },
    /// Something else, such as feedback: no concern of ours.
    Other {
        /// Its packet type.
        packet_type: u8,
    },
}

/// The packets of a compound, in order. Of a source description and of a goodbye, the first source is told; of an extended report, the
/// first block of VoIP metrics.
#[derive(Debug, Clone)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

impl<'a> Compound<'a> {
    /// A walk through a datagram.
    #[must_use]
    pub const fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }

    fn item(&mut self) -> Result<Item<'a>, RtcpError> {
        let (&[first, packet_type, l0, l1], rest) =
            self.rest.split_first_chunk::<4>().ok_or(RtcpError::Truncated)?;
        if first >> 6 != 2 {
            return Err(RtcpError::Version);
        }
        let length = usize::from(u16::from_be_bytes([l0, l1])) * 4;
        let (body, rest) = rest.split_at_checked(length).ok_or(RtcpError::Truncated)?;
        self.rest = rest;
        let count = usize::from(first & 0x1F);
        match packet_type {
            SENDER_REPORT => {
                let (ssrc, body) = word(body)?;
                let (high, body) = word(body)?;
                let (low, body) = word(body)?;
                let (timestamp, body) = word(body)?;
                let (packets, body) = word(body)?;
                let (octets, body) = word(body)?;
                let sent =
                    SenderReport { ntp: u64::from(high) << 32 | u64::from(low), timestamp, packets, octets };
                Ok(Item::SenderReport { ssrc, sent, blocks: ReportBlocks::new(count, body)? })
            }
            RECEIVER_REPORT => {
                let (ssrc, body) = word(body)?;
                Ok(Item::ReceiverReport { ssrc, blocks: ReportBlocks::new(count, body)? })
            }
            SOURCE_DESCRIPTION if count > 0 => {
                let (ssrc, body) = word(body)?;
                Ok(cname(body)?.map_or(Item::Other { packet_type }, |name| Item::Cname { ssrc, name }))
            }
            EXTENDED_REPORT => {
                let (ssrc, body) = word(body)?;
                let metrics = VoipMetrics::find(body)?;
                Ok(metrics.map_or(Item::Other { packet_type }, |metrics| Item::VoipMetrics { ssrc, metrics }))
            }
            GOODBYE if count > 0 => Ok(Item::Goodbye { ssrc: word(body)?.0 }),
            _ => Ok(Item::Other { packet_type }),
        }
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<Item<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let item = self.item();
        if item.is_err() {
            self.rest = &[];
        }
        Some(item)
    }
}

/// The blocks of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlocks<'a> {
    bytes: &'a [u8],
}

impl<'a> ReportBlocks<'a> {
    fn new(count: usize, body: &'a [u8]) -> Result<Self, RtcpError> {
        body.get(..count * BLOCK_LEN).map(|bytes| Self { bytes }).ok_or(RtcpError::Truncated)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = ReportBlock> + use<'a> {
        self.bytes.chunks_exact(BLOCK_LEN).map(|bytes| {
            let word = |n: usize| u32::from_be_bytes([bytes[n], bytes[n + 1], bytes[n + 2], bytes[n + 3]]);
            let lost = word(4) & 0x00FF_FFFF;
            ReportBlock {
                ssrc: word(0),
                fraction_lost: bytes[4],
                // A negative number (more came than was expected) is no loss.
                cumulative_lost: if lost & 0x0080_0000 == 0 { lost } else { 0 },
                highest_sequence: word(8),
                jitter: word(12),
                last_sender_report: word(16),
                delay_since_sender_report: word(20),
            }
        })
    }
}

/// The canonical name among the items of a chunk.
fn cname(mut items: &[u8]) -> Result<Option<&[u8]>, RtcpError> {
    loop {
        match *items {
            [] | [0, ..] => return Ok(None),
            [_] => return Err(RtcpError::Truncated),
            [kind, length, ref rest @ ..] => {
                let (text, after) = rest.split_at_checked(usize::from(length)).ok_or(RtcpError::Truncated)?;
                if kind == CNAME {
                    return Ok(Some(text));
                }
                items = after;
            }
        }
    }
}

pub(super) fn word(bytes: &[u8]) -> Result<(u32, &[u8]), RtcpError> {
    let (word, rest) = bytes.split_first_chunk::<4>().ok_or(RtcpError::Truncated)?;
    Ok((u32::from_be_bytes(*word), rest))
}
