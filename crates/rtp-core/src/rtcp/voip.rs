//! What the other end says of how our stream sounds there: the VoIP metrics of an extended report (RFC 3611, section 4.7).

use super::read::word;
use super::write::CompoundWriter;
use super::{EXTENDED_REPORT, RtcpError};

/// One end's word on the stream it gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VoipMetrics {
    /// The stream.
    pub ssrc: u32,
    /// Share of packets that were lost since the start, in 1/256.
    pub lost_256th: u8,
    /// Share of packets that came too late or too early to be played, in 1/256.
    pub discarded_256th: u8,
    /// Share of packets missing within bursts, in 1/256.
    pub burst_256th: u8,
    /// Share of packets missing between bursts, in 1/256.
    pub gap_256th: u8,
    /// Mean length of a burst, in ms.
    pub burst_ms: u16,
    /// Mean length of what is between bursts, in ms.
    pub gap_ms: u16,
    /// There and back, in ms; 0 when it is not known.
    pub round_trip_ms: u16,
    /// Within the end that reports, both directions together, in ms.
    pub end_delay_ms: u16,
    /// Level of speech in dBm0.
    pub signal_dbm: Option<i8>,
    /// Level of what is between speech, in dBm0.
    pub noise_dbm: Option<i8>,
    /// Residual echo return loss in dB.
    pub echo_loss_db: Option<u8>,
    /// So many packets without a loss end a burst.
    pub gap_min: u8,
    /// R of the E-model, 0 to 100.
    pub rating: Option<u8>,
    /// R of a network beyond, 0 to 100.
    pub external_rating: Option<u8>,
    /// Mean opinion score of listening, 10 to 50: ten times the usual.
    pub listening_mos_10th: Option<u8>,
    /// Mean opinion score of talking, with delay and echo, 10 to 50.
    pub talking_mos_10th: Option<u8>,
    /// How losses are concealed and how the jitter buffer works, as RFC 3611 packs them.
    pub receiver: u8,
    /// What the jitter buffer holds, in ms.
    pub buffer_ms: u16,
    /// What it holds at most as it is set now, in ms.
    pub buffer_max_ms: u16,
    /// What it could hold at most, in ms.
    pub buffer_limit_ms: u16,
}

impl VoipMetrics {
    /// Reads the first such block of an extended report's body; `None` when it has none.
    pub(super) fn find(mut body: &[u8]) -> Result<Option<Self>, RtcpError> {
        while !body.is_empty() {
            let (head, rest) = word(body)?;
            let [kind, _, l0, l1] = head.to_be_bytes();
            let length = usize::from(u16::from_be_bytes([l0, l1])) * 4;
            let (block, rest) = rest.split_at_checked(length).ok_or(RtcpError::Truncated)?;
            match (kind, block.first_chunk()) {
                (VOIP_METRICS, Some(block)) => return Ok(Some(Self::read(block))),
                (VOIP_METRICS, None) => return Err(RtcpError::Truncated),
                _ => body = rest,
            }
        }
        Ok(None)
    }

    fn read(block: &[u8; BLOCK_LEN]) -> Self {
        let short = |at: usize| u16::from_be_bytes([block[at], block[at + 1]]);
        let level = |at: usize| Some(block[at] as i8).filter(|level| *level != UNKNOWN as i8);
        let up_to = |at: usize, most: u8| Some(block[at]).filter(|value| *value <= most);
        let mos = |at: usize| up_to(at, 50).filter(|mos| *mos >= 10);
        Self {
            ssrc: u32::from_be_bytes([block[0], block[1], block[2], block[3]]),
            lost_256th: block[4],
            discarded_256th: block[5],
            burst_256th: block[6],
            gap_256th: block[7],
            burst_ms: short(8),
            gap_ms: short(10),
            round_trip_ms: short(12),
            end_delay_ms: short(14),
            signal_dbm: level(16),
            noise_dbm: level(17),
            echo_loss_db: up_to(18, UNKNOWN - 1),
            gap_min: block[19],
            rating: up_to(20, 100),
            external_rating: up_to(21, 100),
            listening_mos_10th: mos(22),
            talking_mos_10th: mos(23),
            receiver: block[24],
            buffer_ms: short(26),
            buffer_max_ms: short(28),
            buffer_limit_ms: short(30),
        }
    }

    fn write(&self) -> [u8; BLOCK_LEN] {
        let mut block = [0; BLOCK_LEN];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.ssrc.to_be_bytes());
        put(4, &[self.lost_256th, self.discarded_256th, self.burst_256th, self.gap_256th]);
        let times = [self.burst_ms, self.gap_ms, self.round_trip_ms, self.end_delay_ms];
        for (place, ms) in times.into_iter().enumerate() {
            put(8 + 2 * place, &ms.to_be_bytes());
        }
        let level = |level: Option<i8>| level.map_or(UNKNOWN, |level| level as u8);
        let value = |value: Option<u8>| value.unwrap_or(UNKNOWN);
        put(16, &[level(self.signal_dbm), level(self.noise_dbm), value(self.echo_loss_db), self.gap_min]);
        put(20, &[value(self.rating), value(self.external_rating)]);
        put(22, &[value(self.listening_mos_10th), value(self.talking_mos_10th), self.receiver, 0]);
        for (place, ms) in [self.buffer_ms, self.buffer_max_ms, self.buffer_limit_ms].into_iter().enumerate()
        {
            put(26 + 2 * place, &ms.to_be_bytes());
        }
        block
    }
}

impl CompoundWriter<'_> {
    /// An extended report with VoIP metrics.
    pub fn voip_metrics(&mut self, ssrc: u32, metrics: &VoipMetrics) -> &mut Self {
        let Some(mut body) = self.packet(0, EXTENDED_REPORT, 2 + BLOCK_LEN / 4) else { return self };
        body.word(ssrc);
        body.word(u32::from(VOIP_METRICS) << 24 | (BLOCK_LEN / 4) as u32);
        for word in metrics.write().chunks_exact(4) {
            body.word(u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
        }
        self
    }
}

/// Its block type.
const VOIP_METRICS: u8 = 7;
/// Behind the word that names type and length.
const BLOCK_LEN: usize = 32;
/// What an end writes that does not know.
const UNKNOWN: u8 = 127;
