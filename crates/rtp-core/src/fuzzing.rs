//! What must hold for any datagrams on a leg's ports; `fuzz/` and its corpus try to find some for which it does not.

use core::time::Duration;

use callwright_model::{AudioFormat, Codec, DtmfFormat, Frame, MonoTime, SrtpMaster, SrtpSuite};

use crate::rtcp::{Compound, CompoundWriter, Item};
use crate::{
    AudioReceiver, AudioSender, DatagramKind, DtmfReceiver, DtmfSender, ReceiverConfig, RtcpReporter,
    RtpHeader, RtpPacket, SRTP_OVERHEAD, SrtpReceiver, SrtpSender,
};

/// A stream of packets into a jitter buffer: pieces of the bytes, each after its length and the time until it comes.
pub fn rtp(bytes: &[u8]) {
    let Some((&kind, mut rest)) = bytes.split_first() else { return };
    let codec = [Codec::Pcmu, Codec::Pcma, Codec::Opus][usize::from(kind) % 3];
    let dtmf = DtmfFormat { payload_type: 101, clock_rate: codec.clock_rate() };
    let format = AudioFormat { codec, dtmf_in: Some(dtmf), ..AudioFormat::PCMU };
    let config = ReceiverConfig::default();
    let mut receiver = AudioReceiver::new(format, config).expect("the codecs of a leg can be set up");
    let mut frame = Frame::SILENCE;
    let mut ticks = 0_u64;
    while let Some((datagram, wait, after)) = piece(rest) {
        rest = after;
        let now = MonoTime::from_millis(ticks * 20);
        if let Ok(packet) = RtpPacket::parse(datagram) {
            let parts = RtpHeader::LEN + packet.csrcs.len() + packet.payload.len();
            assert!(parts <= datagram.len(), "more than came");
            written_again(&packet);
            encrypted_and_back(datagram);
            receiver.handle_packet(&packet, now);
        }
        for tick in 0..u64::from(wait % 8) {
            receiver.tick(MonoTime::from_millis((ticks + tick) * 20), &mut frame);
        }
        ticks += u64::from(wait % 8);
    }
    assert_eq!(receiver.counters().frames, ticks, "a frame each tick");
}

/// A compound: read, written again, and told to a reporter.
pub fn rtcp(bytes: &[u8]) {
    let mut buffer = [0; 512];
    let mut items = 0;
    for item in Compound::new(bytes) {
        items += 1;
        let Ok(item) = item else { continue };
        let mut writer = CompoundWriter::new(&mut buffer);
        let block = match item {
            Item::SenderReport { ssrc, sent, blocks } => {
                let block = blocks.iter().next();
                writer.report(ssrc, Some(sent), block.as_ref());
                block
            }
            Item::ReceiverReport { ssrc, blocks } => {
                let block = blocks.iter().next();
                writer.report(ssrc, None, block.as_ref());
                block
            }
            Item::Cname { ssrc, name } => {
                writer.cname(ssrc, name);
                None
            }
            Item::Goodbye { ssrc } => {
                writer.goodbye(ssrc);
                None
            }
            Item::VoipMetrics { ssrc, metrics } => {
                writer.voip_metrics(ssrc, &metrics);
                None
            }
            Item::Other { .. } => continue,
        };
        let length = writer.len();
        let again = Compound::new(&buffer[..length]).next();
        match (item, again) {
            (
                Item::SenderReport { ssrc, sent, .. },
                Some(Ok(Item::SenderReport { ssrc: again, sent: told, blocks })),
            ) => {
                assert_eq!((ssrc, sent, block), (again, told, blocks.iter().next()));
            }
            (Item::ReceiverReport { ssrc, .. }, Some(Ok(Item::ReceiverReport { ssrc: again, blocks }))) => {
                assert_eq!((ssrc, block), (again, blocks.iter().next()));
            }
            (item, again) => assert_eq!(Some(Ok(item)), again),
        }
    }
    assert!(items <= bytes.len() / 4 + 1, "each packet has a header");
    reported(bytes);
}

/// Keys: packets of chance, then presses of chance of which some packets are lost.
pub fn dtmf(bytes: &[u8]) {
    let mut receiver = DtmfReceiver::new();
    let mut now = MonoTime::ZERO;
    for packet in bytes.chunks(10) {
        let Some((head, payload)) = packet.split_first_chunk::<5>() else { continue };
        let &[t0, t1, t2, t3, wait] = head;
        now = now + Duration::from_millis(u64::from(wait));
        let heard = receiver.handle(u32::from_be_bytes([t0, t1, t2, t3]), payload, now);
        assert!(heard.is_none_or(is_key), "{heard:?} is no key");
        assert!(receiver.held(now).is_none_or(is_key));
    }
    let Some((&rate, presses)) = bytes.split_first() else { return };
    pressed_and_heard(if rate & 1 == 0 { 8_000 } else { 48_000 }, presses);
}

/// Every press of which the network brings a packet is heard once, and in its order.
fn pressed_and_heard(clock_rate: u32, bytes: &[u8]) {
    let mut sender = DtmfSender::new(clock_rate);
    let mut receiver = DtmfReceiver::new();
    let mut expected = Vec::new();
    let mut heard = Vec::new();
    let mut tick = 0_u32;
    for &[key, length, fate] in bytes.as_chunks::<3>().0.iter().take(16) {
        let digit = char::from(b"0123456789*#ABCD"[usize::from(key % 16)]);
        sender.press(digit, Duration::from_millis(u64::from(length))).expect("there is room for one");
        let mut arrived = false;
        let mut sent = 0;
        while !sender.is_idle() {
            if let Some(packet) = sender.next(tick.wrapping_mul(clock_rate / 50)) {
                let lost = fate & (1 << (sent % 8)) != 0;
                sent += 1;
                if !lost {
                    arrived = true;
                    let now = MonoTime::from_millis(u64::from(tick) * 20);
                    heard.extend(receiver.handle(packet.timestamp, &packet.payload, now));
                }
            }
            tick += 1;
        }
        assert!((2 + 3..=3 + 255 / 20 + 1).contains(&sent), "{sent} packets for {length} ms");
        if arrived {
            expected.push(digit);
        }
    }
    assert_eq!(heard, expected);
}

fn is_key(digit: char) -> bool {
    "0123456789*#ABCD".contains(digit)
}

fn written_again(packet: &RtpPacket<'_>) {
    let mut datagram = vec![0; RtpHeader::LEN];
    packet.header.write(&mut datagram).expect("there is room for a header");
    datagram.extend_from_slice(packet.payload);
    let again = RtpPacket::parse(&datagram).expect("what we write we can read");
    assert_eq!((again.header, again.payload), (packet.header, packet.payload));
}

fn encrypted_and_back(datagram: &[u8]) {
    if DatagramKind::of(datagram) != DatagramKind::Rtp {
        return;
    }
    let (suite, master) = (SrtpSuite::AesCm128HmacSha1_80, SrtpMaster::new([7; SrtpMaster::LEN]));
    let mut buffer = datagram.to_vec();
    buffer.resize(datagram.len() + SRTP_OVERHEAD, 0);
    let length = SrtpSender::new(suite, &master).protect(&mut buffer, datagram.len());
    let length = length.expect("a packet that can be read can be encrypted");
    let mut receiver = SrtpReceiver::new(suite, &master);
    let mut twice = buffer.clone();
    assert_eq!(receiver.unprotect(&mut buffer, length), Ok(datagram.len()));
    assert_eq!(&buffer[..datagram.len()], datagram);
    assert!(receiver.unprotect(&mut twice, length).is_err(), "the same again");
    // And as a packet of somebody who has no key.
    let mut forged = datagram.to_vec();
    assert!(receiver.unprotect(&mut forged, datagram.len()).is_err(), "without a proof");
}

fn reported(bytes: &[u8]) {
    let format = AudioFormat::PCMU;
    let sender = AudioSender::new(format, 1).expect("PCMU can be set up");
    let mut receiver = AudioReceiver::new(format, ReceiverConfig::default()).expect("PCMU can be set up");
    let mut reporter = RtcpReporter::new(sender.ssrc(), 1, "leg", MonoTime::ZERO);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for (half, at) in [(first, 20), (second, 40), (bytes, 60)] {
        reporter.handle_datagram(half, MonoTime::from_millis(at));
    }
    let mut datagram = [0; 512];
    let now = MonoTime::from_millis(5_000);
    let length = reporter.report(sender.info(), receiver.statistics_mut(), now, &mut datagram);
    assert!(Compound::new(&datagram[..length]).all(|item| item.is_ok()), "our own report reads");
}

/// A length, a wait, and as many bytes as there are of the length.
fn piece(bytes: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let (&[length, wait], rest) = bytes.split_first_chunk::<2>()?;
    let (datagram, rest) = rest.split_at(usize::from(length).min(rest.len()));
    Some((datagram, wait, rest))
}

#[cfg(test)]
mod tests {
    use std::fs;

    fn replay(folder: &str, least: usize, target: fn(&[u8])) {
        let folder = format!("{}/../../fuzz/{folder}", env!("CARGO_MANIFEST_DIR"));
        let files = fs::read_dir(&folder).expect("it is in the tree");
        let files: Vec<_> = files.map(|file| file.expect("it can be listed").path()).collect();
        assert!(files.len() >= least, "{} files in {folder}", files.len());
        for file in files {
            target(&fs::read(&file).expect("it can be read"));
        }
    }

    #[test]
    fn the_corpus_of_rtp_holds() {
        replay("corpus/rtp", 20, super::rtp);
        // Each of these broke something once.
        replay("found/rtp", 1, super::rtp);
    }

    #[test]
    fn the_corpus_of_rtcp_holds() {
        replay("corpus/rtcp", 20, super::rtcp);
    }

    #[test]
    fn the_corpus_of_keys_holds() {
        replay("corpus/dtmf", 20, super::dtmf);
    }
}
