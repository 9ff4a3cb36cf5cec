//! The two bounded rings between a media worker and a session.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use callwright_model::PacketIo;
use metrics::counter;
use rtc::rtp;
use rtc::shared::marshal::Unmarshal;
use rtrb::{Consumer, Producer, RingBuffer};
use tokio::sync::Notify;

/// Bytes of an RTP header without contributing sources and extensions.
const RTP_HEADER: usize = 12;
/// The largest datagram of an Opus stream: 1,275 bytes are the most that one Opus frame may have (RFC 6716, 3.2.1).
pub(crate) const DATAGRAM_MAX: usize = RTP_HEADER + 1_275;
/// Datagrams from the browser that may wait: 1.3 s of 20 ms packets. A worker looks every 20 ms.
const INWARD: usize = 64;
/// Datagrams to the browser that may wait: 640 ms. More would only be played too late.
const OUTWARD: usize = 32;

/// One RTP datagram in a ring.
pub(crate) struct Datagram {
    length: u16,
    bytes: [u8; DATAGRAM_MAX],
}

impl Datagram {
    fn copy_of(bytes: &[u8]) -> Option<Self> {
        let mut datagram = Self { length: u16::try_from(bytes.len()).ok()?, bytes: [0; DATAGRAM_MAX] };
        datagram.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(datagram)
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// The leg's end.
pub(crate) struct BrowserIo {
    inward: Consumer<Datagram>,
    outward: Producer<Datagram>,
    /// Below the ring, so that it is dropped after it: a session that is woken then finds the ring abandoned.
    wake: WakeOnDrop,
}

struct WakeOnDrop(Arc<Notify>);

/// The session's end, towards the browser.
pub(crate) struct Outward {
    datagrams: Consumer<Datagram>,
    /// Told after each datagram and when the leg has let go.
    pub(crate) wake: Arc<Notify>,
}

/// The session's end, from the browser.
pub(crate) struct Inward(Producer<Datagram>);

/// Makes the two rings of one session.
pub(crate) fn rings() -> (BrowserIo, Outward, Inward) {
    let (in_producer, in_consumer) = RingBuffer::new(INWARD);
    let (out_producer, out_consumer) = RingBuffer::new(OUTWARD);
    let wake = Arc::new(Notify::new());
    (
        BrowserIo { inward: in_consumer, outward: out_producer, wake: WakeOnDrop(wake.clone()) },
        Outward { datagrams: out_consumer, wake },
        Inward(in_producer),
    )
}

impl PacketIo for BrowserIo {
    fn receive(&mut self, buffer: &mut [u8]) -> Option<usize> {
        // A worker that was held up wants the newest sound, not the oldest.
        while self.inward.slots() > INWARD / 2 {
            drop(self.inward.pop());
            counter!("callwright_browser_packets_dropped_total", "direction" => "in").increment(1);
        }
        let datagram = self.inward.pop().ok()?;
        let bytes = datagram.as_slice();
        buffer.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(bytes.len())
    }

    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        if self.outward.is_abandoned() {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the browser session has ended"));
        }
        if is_rtcp(datagram) {
            return Ok(());
        }
        let lost = match Datagram::copy_of(datagram) {
            Some(datagram) => self.outward.push(datagram).is_err(),
            None => true,
        };
        if lost {
            counter!("callwright_browser_packets_dropped_total", "direction" => "out").increment(1);
        }
        self.wake.0.notify_one();
        Ok(())
    }
}

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Outward {
    /// The next RTP packet to send, made to carry the session's stream identity.
    pub(crate) fn next(&mut self, ssrc: u32) -> Option<rtp::Packet> {
        while let Ok(datagram) = self.datagrams.pop() {
            let mut bytes = Bytes::copy_from_slice(datagram.as_slice());
            if let Ok(mut packet) = rtp::Packet::unmarshal(&mut bytes) {
                packet.header.ssrc = ssrc;
                return Some(packet);
            }
            counter!("callwright_browser_packets_dropped_total", "direction" => "out").increment(1);
        }
        None
    }

    /// Whether the leg has let go of its end.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.datagrams.is_abandoned()
    }
}

impl Inward {
    /// Hands one packet of the browser to the leg: fixed header and payload, without extensions, sources and padding.
    pub(crate) fn deliver(&mut self, packet: &rtp::Packet) {
        let mut datagram = Datagram { length: 0, bytes: [0; DATAGRAM_MAX] };
        let length = write_rtp(packet, &mut datagram.bytes);
        let delivered = length.and_then(|length| {
            datagram.length = u16::try_from(length).ok()?;
            self.0.push(datagram).ok()
        });
        if delivered.is_none() {
            counter!("callwright_browser_packets_dropped_total", "direction" => "in").increment(1);
        }
    }
}

/// RTCP packet types 192 to 223 share the second byte with RTP (RFC 5761, 4).
fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|second| (192..=223).contains(second))
}

fn write_rtp(packet: &rtp::Packet, out: &mut [u8]) -> Option<usize> {
    let header = &packet.header;
    let length = RTP_HEADER + packet.payload.len();
    let out = out.get_mut(..length)?;
    out[0] = 2 << 6;
    out[1] = u8::from(header.marker) << 7 | header.payload_type & 0x7f;
    out[2..4].copy_from_slice(&header.sequence_number.to_be_bytes());
    out[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
    out[8..12].copy_from_slice(&header.ssrc.to_be_bytes());
    out[RTP_HEADER..].copy_from_slice(&packet.payload);
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence_number: u16, payload: &[u8]) -> rtp::Packet {
        let mut packet = rtp::Packet::default();
        packet.header.version = 2;
        packet.header.payload_type = 111;
        packet.header.sequence_number = sequence_number;
        packet.header.ssrc = 7;
        packet.header.csrc = vec![1, 2];
        packet.payload = Bytes::copy_from_slice(payload);
        packet
    }

    #[test]
    fn a_packet_reaches_the_leg_without_sources_and_extensions() {
        let (mut io, _outward, mut inward) = rings();
        inward.deliver(&packet(258, &[9, 9, 9]));
        let mut buffer = [0; 1_500];
        let length = io.receive(&mut buffer).expect("one datagram waits");
        assert_eq!(&buffer[..length], &[0x80, 111, 1, 2, 0, 0, 0, 0, 0, 0, 0, 7, 9, 9, 9]);
        assert_eq!(io.receive(&mut buffer), None);
    }

    #[test]
    fn what_the_leg_sends_carries_the_sessions_ssrc_and_rtcp_is_dropped() {
        let (mut io, mut outward, _inward) = rings();
        let mut datagram = [0; 16];
        datagram[..2].copy_from_slice(&[0x80, 111]);
        io.send(&[0x80, 200, 0, 1, 0, 0, 0, 0]).expect("the session lives");
        io.send(&[1, 2, 3]).expect("junk is dropped later");
        io.send(&datagram).expect("the session lives");
        let sent = outward.next(0xfeed).expect("one RTP packet");
        assert_eq!((sent.header.ssrc, sent.header.payload_type, sent.payload.len()), (0xfeed, 111, 4));
        assert!(outward.next(0xfeed).is_none());
    }

    #[test]
    fn a_worker_that_was_held_up_gets_the_newest_packets() {
        let (mut io, _outward, mut inward) = rings();
        for number in 0..u16::try_from(INWARD).expect("a small number") {
            inward.deliver(&packet(number, &[0]));
        }
        let mut buffer = [0; 1_500];
        io.receive(&mut buffer).expect("packets wait");
        assert_eq!(u16::from_be_bytes([buffer[2], buffer[3]]), 32);
    }

    #[test]
    fn oversized_packets_and_a_full_ring_are_losses_not_errors() {
        let (mut io, mut outward, mut inward) = rings();
        inward.deliver(&packet(0, &[0; DATAGRAM_MAX]));
        assert_eq!(io.receive(&mut [0; 2_000]), None);
        for _ in 0..3 * OUTWARD {
            io.send(&[0x80; 20]).expect("a full ring loses");
        }
        let mut sent = 0;
        while outward.next(1).is_some() {
            sent += 1;
        }
        assert_eq!(sent, OUTWARD);
    }

    #[test]
    fn both_ends_notice_when_the_other_is_gone() {
        let (io, outward, _inward) = rings();
        drop(io);
        assert!(outward.is_abandoned());
        let (mut io, outward, _inward) = rings();
        drop(outward);
        assert!(io.send(&[0x80; 20]).is_err());
    }
}
