//! As much of RTP as a telephone that measures needs. Not `rtp-core`'s: an end that judges another shares no parser and no
//! statistics with it, so that one mistake cannot hide itself.

use callwright_model::Codec;

/// A received RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// `None` for what is no RTP: junk, RTCP, an empty packet.
    pub(crate) fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (head, mut rest) = datagram.split_first_chunk::<12>()?;
        // Types 64 to 95 with the marker are RTCP on the same port (RFC 5761).
        if head[0] >> 6 != 2 || (192..=223).contains(&head[1]) {
            return None;
        }
        rest = rest.get(usize::from(head[0] & 0x0F) * 4..)?;
        if head[0] & 0x10 != 0 {
            let (extension, after) = rest.split_first_chunk::<4>()?;
            rest = after.get(usize::from(u16::from_be_bytes([extension[2], extension[3]])) * 4..)?;
        }
        if head[0] & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            rest = rest.get(..rest.len().checked_sub(padding)?)?;
        }
        let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        (!rest.is_empty()).then_some(Self {
            payload_type: head[1] & 0x7F,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: word(4),
            ssrc: word(8),
            payload: rest,
        })
    }
}

/// What we send: one stream of voice with telephone events in it.
#[derive(Debug)]
pub(crate) struct Sender {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Sender {
    /// A stream whose numbers start from a random-looking place that follows from `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
        Self { ssrc: mixed as u32, sequence: (mixed >> 32) as u16, timestamp: (mixed >> 13) as u32 }
    }

    /// Writes a header to the front of `out`, for a packet at the stream's place, and tells its length.
    pub(crate) fn header(&mut self, payload_type: u8, marker: bool, timestamp: u32, out: &mut [u8; 12]) {
        out[0] = 0x80;
        out[1] = payload_type | if marker { 0x80 } else { 0 };
        out[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// A packet that is never sent has its number all the same, so that the other end misses it.
    pub(crate) const fn skip(&mut self) {
        self.sequence = self.sequence.wrapping_add(1);
    }

    pub(crate) const fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// 20 ms later.
    pub(crate) fn advance(&mut self, codec: Codec) {
        self.timestamp = self.timestamp.wrapping_add(codec.clock_rate() / 50);
    }
}

/// Loss and jitter of a received stream, as RFC 3550 counts them (sections A.3 and A.8).
#[derive(Debug, Default)]
pub(crate) struct Reception {
    pub(crate) received: u64,
    stream: Option<Stream>,
    /// Of streams that another one has taken the place of.
    lost_before: u64,
    jitter_ms: f64,
}

#[derive(Debug)]
struct Stream {
    ssrc: u32,
    first: u64,
    highest: u64,
    received: u64,
    transit_ms: f64,
}

impl Reception {
    /// A packet of the stream, arrived at this time. `voice` is false for telephone events: they count as received, but a
    /// key's packets all bear the time of its beginning, so they tell nothing of jitter.
    pub(crate) fn handle_packet(&mut self, packet: &Packet<'_>, codec: Codec, voice: bool, arrival_ms: f64) {
        self.received += 1;
        let transit_ms = arrival_ms - f64::from(packet.timestamp) * 1_000.0 / f64::from(codec.clock_rate());
        match &mut self.stream {
            Some(stream) if stream.ssrc == packet.ssrc => {
                stream.received += 1;
                let step = packet.sequence.wrapping_sub(stream.highest as u16).cast_signed();
                if step > 0 {
                    stream.highest += u64::from(step.unsigned_abs());
                }
                if !voice {
                    return;
                }
                let difference = (transit_ms - stream.transit_ms).abs();
                stream.transit_ms = transit_ms;
                // A jump of the timestamp is a new beginning, not jitter.
                if difference < 1_000.0 {
                    self.jitter_ms += (difference - self.jitter_ms) / 16.0;
                }
            }
            _ => {
                self.lost_before = self.lost();
                let first = u64::from(packet.sequence);
                let stream = Stream { ssrc: packet.ssrc, first, highest: first, received: 1, transit_ms };
                self.stream = Some(stream);
            }
        }
    }

    pub(crate) fn lost(&self) -> u64 {
        let now = self
            .stream
            .as_ref()
            .map_or(0, |stream| (stream.highest - stream.first + 1).saturating_sub(stream.received));
        self.lost_before + now
    }

    pub(crate) const fn jitter_ms(&self) -> f64 {
        self.jitter_ms
    }
}

/// The key of an RFC 4733 event payload and whether it ends; `None` for other events and junk.
pub(crate) fn telephone_event(payload: &[u8]) -> Option<(char, bool)> {
    let [event, flags, ..] = *payload else { return None };
    let key = KEYS.chars().nth(usize::from(event))?;
    (payload.len() >= 4).then_some((key, flags & 0x80 != 0))
}

/// The payload of an RFC 4733 event that has lasted for so many ticks of the clock.
pub(crate) fn event_payload(key: char, end: bool, ticks: u16) -> Option<[u8; 4]> {
    let event = u8::try_from(KEYS.find(key)?).ok()?;
    let [high, low] = ticks.to_be_bytes();
    // Volume 10: -10 dBm0, as telephones send.
    Some([event, if end { 0x80 } else { 0 } | 10, high, low])
}

const KEYS: &str = "0123456789*#ABCD";

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16, timestamp: u32, ssrc: u32) -> Packet<'static> {
        Packet { payload_type: 0, sequence, timestamp, ssrc, payload: &[0xFF] }
    }

    #[test]
    fn what_is_sent_is_read_again() {
        let mut sender = Sender::new(7);
        let mut datagram = [0; 12];
        for number in 0..3_u16 {
            let timestamp = sender.timestamp();
            sender.header(8, number == 0, timestamp, &mut datagram);
            sender.advance(Codec::Pcma);
            let whole = [&datagram[..], &[1, 2, 3]].concat();
            let read = Packet::parse(&whole).expect("our own packet");
            assert_eq!((read.payload_type, read.timestamp, read.payload), (8, timestamp, &[1, 2, 3][..]));
            assert_eq!(sender.timestamp(), timestamp.wrapping_add(160));
        }
    }

    #[test]
    fn extensions_sources_and_padding_are_skipped() {
        let mut datagram =
            vec![0xB1, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9, 0xBE, 0xDE, 0, 1, 5, 5, 5, 5];
        datagram.extend([7, 7, 0, 2]);
        assert_eq!(Packet::parse(&datagram).map(|packet| packet.payload), Some(&[7, 7][..]));
    }

    #[test]
    fn junk_is_no_packet_and_no_panic() {
        let whole = [0xBF, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 255, 255, 255, 255, 255, 255];
        for length in 0..whole.len() {
            assert_eq!(Packet::parse(&whole[..length]), None, "{length} bytes");
        }
        let rtcp = [0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0];
        assert_eq!(Packet::parse(&rtcp), None);
        for first in 0..=255_u8 {
            for length in 0..40 {
                let _ = Packet::parse(&vec![first; length]);
                let _ = telephone_event(&vec![first; length]);
            }
        }
    }

    #[test]
    fn losses_are_counted_across_the_wrap_and_reordering_is_none() {
        let mut reception = Reception::default();
        for (place, sequence) in [65_533_u16, 65_534, 0, 65_535, 2, 5].into_iter().enumerate() {
            reception.handle_packet(
                &packet(sequence, place as u32 * 160, 1),
                Codec::Pcmu,
                true,
                place as f64 * 20.0,
            );
        }
        assert_eq!((reception.received, reception.lost()), (6, 3), "1, 3 and 4 are missing");
        reception.handle_packet(&packet(100, 0, 2), Codec::Pcmu, true, 140.0);
        reception.handle_packet(&packet(102, 320, 2), Codec::Pcmu, false, 180.0);
        assert_eq!((reception.received, reception.lost()), (8, 4), "the old stream's losses stay");
    }

    #[test]
    fn jitter_follows_the_differences_of_transit() {
        let mut reception = Reception::default();
        for n in 0..500_u32 {
            let late = if n % 2 == 0 { 4.0 } else { 0.0 };
            reception.handle_packet(
                &packet(n as u16, n * 160, 1),
                Codec::Pcmu,
                true,
                f64::from(n) * 20.0 + late,
            );
        }
        assert!((reception.jitter_ms() - 4.0).abs() < 0.1, "{}", reception.jitter_ms());
    }

    #[test]
    fn keys_are_told_and_understood() {
        for key in KEYS.chars() {
            let payload = event_payload(key, true, 800).expect("a key");
            assert_eq!(telephone_event(&payload), Some((key, true)));
        }
        assert_eq!(event_payload('x', false, 0), None);
        assert_eq!(telephone_event(&[16, 0, 0, 0]), None, "a hook flash is no key");
        assert_eq!(telephone_event(&[1, 0]), None);
    }
}
