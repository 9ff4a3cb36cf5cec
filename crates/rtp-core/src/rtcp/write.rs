//! Writing compound packets.

use super::{CNAME, GOODBYE, RECEIVER_REPORT, ReportBlock, SENDER_REPORT, SOURCE_DESCRIPTION, SenderReport};

/// Writes one packet after another into the caller's buffer. What has no room is left out whole.
#[derive(Debug)]
pub struct CompoundWriter<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> CompoundWriter<'a> {
    /// Bytes that hold a report with one block, a name of up to 64 bytes, VoIP metrics, and a goodbye.
    pub const LEN_MAX: usize = 52 + 76 + 44 + 8;

    /// At the front of a buffer.
    #[must_use]
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, length: 0 }
    }

    /// A report: a sender's when something was sent, a receiver's otherwise.
    pub fn report(
        &mut self,
        ssrc: u32,
        sent: Option<SenderReport>,
        block: Option<&ReportBlock>,
    ) -> &mut Self {
        let packet_type = if sent.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
        let words = 1 + if sent.is_some() { 5 } else { 0 } + if block.is_some() { 6 } else { 0 };
        let Some(mut body) = self.packet(u8::from(block.is_some()), packet_type, words) else { return self };
        body.word(ssrc);
        if let Some(sent) = sent {
            body.word((sent.ntp >> 32) as u32);
            body.word(sent.ntp as u32);
            body.word(sent.timestamp);
            body.word(sent.packets);
            body.word(sent.octets);
        }
        if let Some(block) = block {
            body.word(block.ssrc);
            body.word(u32::from(block.fraction_lost) << 24 | block.cumulative_lost & 0x00FF_FFFF);
            body.word(block.highest_sequence);
            body.word(block.jitter);
            body.word(block.last_sender_report);
            body.word(block.delay_since_sender_report);
        }
        self
    }

    /// The canonical name; what is longer than 255 bytes is cut.
    pub fn cname(&mut self, ssrc: u32, name: &[u8]) -> &mut Self {
        let name = &name[..name.len().min(255)];
        // The list of items ends with at least one zero byte and fills its last word.
        let words = 1 + (2 + name.len()) / 4 + 1;
        let Some(mut body) = self.packet(1, SOURCE_DESCRIPTION, words) else { return self };
        body.word(ssrc);
        body.0[0] = CNAME;
        body.0[1] = name.len() as u8;
        body.0[2..2 + name.len()].copy_from_slice(name);
        body.0[2 + name.len()..].fill(0);
        self
    }

    /// Farewell.
    pub fn goodbye(&mut self, ssrc: u32) -> &mut Self {
        if let Some(mut body) = self.packet(1, GOODBYE, 1) {
            body.word(ssrc);
        }
        self
    }

    /// Bytes written.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing was written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn packet(&mut self, count: u8, packet_type: u8, words: usize) -> Option<Body<'_>> {
        let packet = self.buffer.get_mut(self.length..self.length + 4 + words * 4)?;
        self.length += packet.len();
        let (header, body) = packet.split_at_mut(4);
        header[0] = 0x80 | count;
        header[1] = packet_type;
        header[2..].copy_from_slice(&(words as u16).to_be_bytes());
        Some(Body(body))
    }
}

/// What is left to write of one packet.
pub(super) struct Body<'a>(&'a mut [u8]);

impl Body<'_> {
    pub(super) fn word(&mut self, word: u32) {
        let (here, rest) = std::mem::take(&mut self.0).split_at_mut(4);
        here.copy_from_slice(&word.to_be_bytes());
        self.0 = rest;
    }
}
