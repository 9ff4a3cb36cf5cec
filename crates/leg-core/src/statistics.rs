//! A leg's figures.

use std::time::Duration;

/// A leg's figures since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LegStatistics {
    /// RTP packets received.
    pub packets_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// RTP packets that never came.
    pub lost: u64,
    /// Packets that came too late to be played.
    pub late: u64,
    /// Frames made up in place of missing sound.
    pub frames_concealed: u64,
    /// Datagrams that were no RTP or RTCP of this leg.
    pub malformed: u64,
    /// Interarrival jitter as RFC 3550 defines it; arrival is measured to the tick, 20 ms.
    pub jitter: Duration,
    /// Round trip by RTCP, once known.
    pub round_trip: Option<Duration>,
    /// The mean opinion score of what is heard, in hundredths (E-model, ITU-T G.107); `None` before there is sound.
    pub mos_100th: Option<u16>,
    /// The same of what we send, as the other end reports it (RFC 3611); `None` where it reports none.
    pub peer_mos_100th: Option<u16>,
    /// Share of our packets that the peer reports lost lately, in 1/256.
    pub peer_lost_256th: u8,
    /// Items of heard sound lost because the recogniser did not keep up.
    pub heard_dropped: u64,
    /// Frames of speech dropped because the floor had moved on.
    pub says_stale: u64,
    /// Facts lost because the conversation did not keep up.
    pub facts_dropped: u64,
    /// Frames never sent because the worker was too late for them.
    pub frames_skipped: u64,
}
