//! From packets to the place where they sound at the ear.
//!
//! The first packet sounds when it arrives, later ones where their RTP timestamps put them after it: jitter below
//! [`LATE_MAX`] moves nothing. A stream that is later than that, or begins anew, is put where it arrives. One that turns out to
//! be earlier is moved forward in a silence, so that a first packet which happened to be late does not make everything
//! look late.

use callwright_audio_core::{Decoder, PcmRing};
use callwright_model::Codec;

use crate::detect::level_dbfs;
use crate::rtp::Packet;
use crate::track::Track;

pub(crate) struct Playout {
    codec: Codec,
    decoder: Decoder,
    pcm: PcmRing,
    anchor: Option<Anchor>,
    /// Payloads that are none.
    pub(crate) corrupt: u64,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    ssrc: u32,
    timestamp: u32,
    position: i64,
}

impl Playout {
    pub(crate) fn new(codec: Codec) -> Result<Self, String> {
        let decoder = Decoder::new(codec).map_err(|error| error.to_string())?;
        Ok(Self { codec, decoder, pcm: PcmRing::new(), anchor: None, corrupt: 0 })
    }

    /// A packet of the codec's payload type, arrived at this position of the timeline, is written where it sounds.
    pub(crate) fn handle_packet(&mut self, packet: &Packet<'_>, arrival: u64, track: &mut Track) {
        self.pcm.clear();
        if self.decoder.decode(packet.payload, &mut self.pcm).is_err() {
            self.corrupt += 1;
            return;
        }
        let samples = self.pcm.as_slice();
        let arrival = i64::try_from(arrival).unwrap_or(i64::MAX);
        let by_timestamp = self.anchor.filter(|anchor| anchor.ssrc == packet.ssrc).map(|anchor| {
            let ticks = packet.timestamp.wrapping_sub(anchor.timestamp).cast_signed();
            anchor.position + i64::from(ticks) * 16_000 / i64::from(self.codec.clock_rate())
        });
        let position = match by_timestamp {
            None => arrival,
            Some(place) => {
                let late = arrival - place;
                let early = -late;
                let quiet = level_dbfs(samples) < -60.0;
                if late > LATE_MAX || early > EARLY_MAX || (early > EARLY_QUIET && quiet) {
                    arrival
                } else {
                    place
                }
            }
        };
        // Anchored anew at each packet in order, so that the differences of timestamps stay small.
        let older = self.anchor.is_some_and(|anchor| {
            anchor.ssrc == packet.ssrc && packet.timestamp.wrapping_sub(anchor.timestamp).cast_signed() < 0
        });
        if !older || by_timestamp.is_some_and(|place| place != position) {
            self.anchor = Some(Anchor { ssrc: packet.ssrc, timestamp: packet.timestamp, position });
        }
        track.write(u64::try_from(position).unwrap_or(0), samples);
    }
}

/// 60 ms at 16 kHz: the buffer of a small telephone.
pub(crate) const LATE_MAX: i64 = 960;
/// 40 ms: two packets; a stream that is earlier than this was anchored on a packet that was held up.
const EARLY_MAX: i64 = 640;
/// 3 ms, in a silence, where moving does no harm.
const EARLY_QUIET: i64 = 48;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Hearing, segments};

    /// A voice in mu-law: loud where `loud`, silent elsewhere.
    fn payload(loud: bool) -> [u8; 160] {
        let mut bytes = [0xFF; 160];
        if loud {
            for (n, byte) in bytes.iter_mut().enumerate() {
                *byte = if n % 16 < 8 { 0x90 } else { 0x10 };
            }
        }
        bytes
    }

    /// Where the first sound lies, in ms, when packets (number, arrival ms, loud) are played.
    fn onset(packets: &[(u16, u64, bool)]) -> u64 {
        let mut playout = Playout::new(Codec::Pcmu).expect("G.711 is always there");
        let mut track = Track::default();
        for &(number, arrival, loud) in packets {
            let payload = payload(loud);
            let packet = Packet {
                payload_type: 0,
                sequence: number,
                timestamp: u32::from(number) * 160,
                ssrc: 1,
                payload: &payload,
            };
            playout.handle_packet(&packet, arrival * 16, &mut track);
        }
        let mut out = Vec::new();
        track.read_to(16_000 * 5, &mut out);
        segments(&out, Hearing::default()).first().expect("there is sound").start.0 / 16
    }

    fn stream(arrival: impl Fn(u16) -> u64, loud_from: u16) -> Vec<(u16, u64, bool)> {
        (0..100).map(|number| (number, arrival(number), number >= loud_from)).collect()
    }

    #[test]
    fn an_even_stream_sounds_when_it_arrives() {
        let heard = onset(&stream(|n| u64::from(n) * 20 + 7, 50));
        assert!(heard.abs_diff(1_007) <= 5, "{heard}");
    }

    #[test]
    fn jitter_moves_nothing() {
        let heard = onset(&stream(|n| u64::from(n) * 20 + u64::from(n % 3) * 9, 50));
        assert!(heard.abs_diff(1_000) <= 5, "{heard}");
    }

    #[test]
    fn a_first_packet_that_was_held_up_does_not_make_all_look_late() {
        let heard = onset(&stream(|n| if n == 0 { 31 } else { u64::from(n) * 20 }, 50));
        assert!(heard.abs_diff(1_000) <= 5, "{heard}");
    }

    #[test]
    fn a_stream_that_becomes_later_is_heard_later() {
        let heard = onset(&stream(|n| if n < 40 { u64::from(n) * 20 } else { u64::from(n) * 20 + 150 }, 50));
        assert!(heard.abs_diff(1_150) <= 5, "{heard}");
    }

    #[test]
    fn corrupt_payloads_are_counted() {
        let mut playout = Playout::new(Codec::Opus).expect("Opus is built in");
        let packet =
            Packet { payload_type: 111, sequence: 0, timestamp: 0, ssrc: 1, payload: &[0xFF, 0xFF, 0, 1] };
        playout.handle_packet(&packet, 0, &mut Track::default());
        assert_eq!(playout.corrupt, 1);
    }
}
