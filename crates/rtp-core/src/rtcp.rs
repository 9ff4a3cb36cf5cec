//! RTCP: sender and receiver reports, the canonical name, goodbye (RFC 3550) and VoIP metrics (RFC 3611), read in place and written into
//! the caller's buffer.

mod read;
mod voip;
mod write;

pub use read::{Compound, Item, ReportBlocks, RtcpError};
pub use voip::VoipMetrics;
pub use write::CompoundWriter;

/// What a receiver says about one stream it gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream.
    pub ssrc: u32,
    /// Share of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the start.
    pub cumulative_lost: u32,
    /// The highest sequence number received, with the cycles in its upper half.
    pub highest_sequence: u32,
    /// Interarrival jitter in ticks of the stream's clock.
    pub jitter: u32,
    /// The middle 32 bits of the NTP time in the last sender report; 0 when there was none.
    pub last_sender_report: u32,
    /// Time since that report in 1/65536 s.
    pub delay_since_sender_report: u32,
}

/// What a sender says about its stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SenderReport {
    /// NTP time, 32 bits of seconds and 32 of fraction. Need not be the time of day.
    pub ntp: u64,
    /// The same moment on the stream's clock.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Bytes of payload sent.
    pub octets: u32,
}

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const EXTENDED_REPORT: u8 = 207;
/// The type of the canonical name among the items of a source description.
const CNAME: u8 = 1;
const BLOCK_LEN: usize = 24;

#[cfg(test)]
mod tests;
