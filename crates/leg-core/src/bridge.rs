//! Two legs of one call joined: what travels between them in a tick.

use std::collections::VecDeque;

use callwright_model::{AudioFormat, Frame};
use callwright_rtp_core::{RtpHeader, RtpPacket};

/// This leg's end of a bridge.
pub(crate) struct Bridge {
    /// What this leg received, as it came, for a peer with the same codec.
    relay: Option<Relay>,
    /// What the peer heard in this tick.
    from_peer: Option<Frame>,
    digits: VecDeque<char>,
}

/// Packets waiting to be sent on, in places made when the bridge was.
pub(crate) struct Relay {
    packets: Box<[Packet; PACKETS]>,
    first: usize,
    count: usize,
}

/// A received RTP packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet {
    header: RtpHeader,
    length: usize,
    payload: [u8; PAYLOAD_MAX],
}

impl Bridge {
    /// Packets pass as they are when both legs speak the same codec. Keys are always sent anew.
    pub(crate) fn between(ours: &AudioFormat, theirs: &AudioFormat, as_frames: bool) -> Self {
        let passthrough = ours.codec == theirs.codec && !as_frames;
        Self { relay: passthrough.then(Relay::new), from_peer: None, digits: VecDeque::with_capacity(DIGITS) }
    }

    pub(crate) const fn is_passthrough(&self) -> bool {
        self.relay.is_some()
    }

    pub(crate) fn relay(&mut self) -> Option<&mut Relay> {
        self.relay.as_mut()
    }

    pub(crate) fn poll_packet(&mut self) -> Option<&Packet> {
        self.relay.as_mut()?.pop()
    }

    pub(crate) fn put_frame(&mut self, frame: &Frame) {
        self.from_peer = Some(*frame);
    }

    /// The peer's frame of this tick, or silence.
    pub(crate) fn take_frame(&mut self) -> Frame {
        self.from_peer.take().unwrap_or(Frame::SILENCE)
    }

    /// A key that the peer shall send. Too many at once are a stuck key.
    pub(crate) fn put_digit(&mut self, digit: char) {
        if self.digits.len() < DIGITS {
            self.digits.push_back(digit);
        }
    }

    pub(crate) fn poll_digit(&mut self) -> Option<char> {
        self.digits.pop_front()
    }
}

impl Relay {
    fn new() -> Self {
        Self { packets: Box::new([Packet::EMPTY; PACKETS]), first: 0, count: 0 }
    }

    /// Keeps a packet for the peer. A flood is cut; so is what no codec of ours makes.
    pub(crate) fn put(&mut self, header: &RtpHeader, payload: &[u8]) {
        if self.count == PACKETS || payload.len() > PAYLOAD_MAX {
            tracing::trace!("a packet too many or too large for the bridge");
            return;
        }
        let place = &mut self.packets[(self.first + self.count) % PACKETS];
        place.header = *header;
        place.length = payload.len();
        place.payload[..payload.len()].copy_from_slice(payload);
        self.count += 1;
    }

    fn pop(&mut self) -> Option<&Packet> {
        if self.count == 0 {
            return None;
        }
        let place = self.first;
        self.count -= 1;
        // An empty relay begins anew in memory that was just used.
        self.first = if self.count == 0 { 0 } else { (self.first + 1) % PACKETS };
        Some(&self.packets[place])
    }
}

impl Packet {
    /// A place without a packet.
    const EMPTY: Self = Self {
        header: RtpHeader { marker: false, payload_type: 0, sequence: 0, timestamp: 0, ssrc: 0 },
        length: 0,
        payload: [0; PAYLOAD_MAX],
    };

    pub(crate) fn as_rtp(&self) -> RtpPacket<'_> {
        let payload = &self.payload[..self.length];
        RtpPacket { header: self.header, csrcs: &[], extension: None, payload }
    }
}

/// Packets of one tick; more than a few come only after the network held them up.
const PACKETS: usize = 8;

/// The largest Opus frame, and 150 ms of G.711.
const PAYLOAD_MAX: usize = 1_276;

/// Keys that wait for the peer to send them.
const DIGITS: usize = 16;
