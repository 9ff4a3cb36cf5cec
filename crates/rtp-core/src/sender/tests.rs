use super::*;
use callwright_audio_core::packet_ticks;
use callwright_model::{Codec, DtmfFormat};

fn format(codec: Codec) -> AudioFormat {
    let dtmf = Some(DtmfFormat { payload_type: 101, clock_rate: codec.clock_rate() });
    AudioFormat {
        codec,
        payload_type_in: 96,
        payload_type_out: 111,
        dtmf_in: dtmf,
        dtmf_out: dtmf,
        ..AudioFormat::PCMU
    }
}

fn sender(codec: Codec) -> AudioSender {
    AudioSender::new(format(codec), 42).expect("codec")
}

fn send(sender: &mut AudioSender) -> (RtpHeader, usize) {
    let mut datagram = [0; 1_500];
    let length = sender.send(&Frame::SILENCE, &mut datagram).expect("sent");
    let packet = RtpPacket::parse(&datagram[..length]).expect("valid");
    (packet.header, packet.payload.len())
}

#[test]
fn packets_count_up_and_only_the_first_is_marked() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let mut sender = sender(codec);
        let (first, _) = send(&mut sender);
        assert!(first.marker);
        assert_eq!(first.payload_type, 111);
        for n in 1..100u16 {
            let (next, _) = send(&mut sender);
            assert_eq!(next.sequence, first.sequence.wrapping_add(n));
            assert_eq!(next.timestamp, first.timestamp.wrapping_add(u32::from(n) * codec.clock_rate() / 50));
            assert!(!next.marker);
        }
        assert_eq!(sender.info().packets, 100);
    }
}

#[test]
fn a_pause_moves_the_clock_and_not_the_count() {
    let mut sender = sender(Codec::Pcma);
    let (before, _) = send(&mut sender);
    sender.pause();
    sender.pause();
    let (after, _) = send(&mut sender);
    assert_eq!(after.sequence, before.sequence.wrapping_add(1));
    assert_eq!(after.timestamp, before.timestamp.wrapping_add(480));
    assert!(after.marker);
}

#[test]
fn a_key_replaces_sound_and_sound_returns_on_its_clock() {
    let mut sender = sender(Codec::Pcmu);
    let (before, _) = send(&mut sender);
    sender.press('7', Duration::from_millis(60)).expect("agreed");
    let events: Vec<_> = (0..6).map(|_| send(&mut sender)).collect();
    for (n, (event, length)) in events.iter().enumerate() {
        assert_eq!((event.payload_type, *length), (101, 4));
        assert_eq!(event.timestamp, before.timestamp.wrapping_add(160), "that of its start");
        assert_eq!(event.sequence, before.sequence.wrapping_add(1 + n as u16));
        assert_eq!(event.marker, n == 0);
    }
    let (after, _) = send(&mut sender);
    assert_eq!(after.payload_type, 111);
    assert_eq!(after.timestamp, before.timestamp.wrapping_add(160 * 7));
    assert!(after.marker);
}

#[test]
fn keys_need_an_agreement() {
    let mut sender =
        AudioSender::new(AudioFormat { dtmf_out: None, ..format(Codec::Pcmu) }, 1).expect("codec");
    assert_eq!(sender.press('1', Duration::ZERO), Err(DtmfSendError::NotAgreed));
}

#[test]
fn a_forwarded_stream_keeps_its_gaps_and_joins_ours() {
    let mut sender = sender(Codec::Pcmu);
    let (before, _) = send(&mut sender);
    let mut sent = Vec::new();
    for sequence in [65_534u16, 65_535, 1, 0, 2] {
        let steps = sequence.wrapping_sub(65_534);
        let header = RtpHeader {
            marker: false,
            payload_type: 8,
            sequence,
            timestamp: 5_000 + u32::from(steps) * 160,
            ssrc: 77,
        };
        let packet = RtpPacket { header, csrcs: &[], extension: None, payload: &[1, 2, 3] };
        let mut datagram = [0; 100];
        let length = sender.forward(&packet, &mut datagram).expect("fits");
        let out = RtpPacket::parse(&datagram[..length]).expect("valid");
        assert_eq!(
            (out.payload, out.header.payload_type, out.header.ssrc),
            (&[1, 2, 3][..], 111, sender.ssrc())
        );
        sent.push((
            out.header.sequence.wrapping_sub(before.sequence),
            out.header.timestamp.wrapping_sub(before.timestamp),
        ));
    }
    assert_eq!(sent, [(1, 160), (2, 320), (4, 640), (3, 480), (5, 800)]);
    let (after, _) = send(&mut sender);
    assert_eq!(after.sequence, before.sequence.wrapping_add(6));
    assert_eq!(after.timestamp, before.timestamp.wrapping_add(960));
}

#[test]
fn a_key_in_a_forwarded_stream_shifts_what_follows() {
    let mut sender = sender(Codec::Pcmu);
    let mut datagram = [0; 100];
    let mut forward = |sender: &mut AudioSender, sequence: u16| {
        let header = RtpHeader {
            marker: false,
            payload_type: 8,
            sequence,
            timestamp: u32::from(sequence) * 160,
            ssrc: 7,
        };
        let packet = RtpPacket { header, csrcs: &[], extension: None, payload: &[0; 20] };
        let length = sender.forward(&packet, &mut datagram).expect("fits");
        RtpPacket::parse(&datagram[..length]).expect("valid").header.sequence
    };
    let first = forward(&mut sender, 10);
    sender.press('1', Duration::from_millis(40)).expect("agreed");
    let mut event = [0; 100];
    assert!(matches!(sender.send_pending_event(&mut event), Ok(Some(16))));
    assert_eq!(
        RtpPacket::parse(&event[..16]).map(|packet| packet.header.sequence),
        Ok(first.wrapping_add(1))
    );
    assert_eq!(forward(&mut sender, 11), first.wrapping_add(2));
}

#[test]
fn a_short_buffer_is_refused_and_time_goes_on() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let mut sender = sender(codec);
        let (before, _) = send(&mut sender);
        assert_eq!(sender.send(&Frame::SILENCE, &mut [0; 12]), Err(SendError::NoRoom));
        assert_eq!(sender.send(&Frame::SILENCE, &mut [0; 5]), Err(SendError::NoRoom));
        let (after, _) = send(&mut sender);
        assert_eq!(after.sequence, before.sequence.wrapping_add(1), "{codec:?}");
        assert_ne!(after.timestamp, before.timestamp);
    }
}

#[test]
fn packets_hold_as_much_as_the_other_end_wants() {
    for codec in Codec::ALL {
        let lengths: &[u8] = if codec == Codec::Opus { &[10, 20, 40, 60] } else { &[10, 20, 30, 40, 50, 60] };
        for &packet_ms_out in lengths {
            let mut sender =
                AudioSender::new(AudioFormat { packet_ms_out, ..format(codec) }, 1).expect("codec");
            let ticks = u32::from(packet_ms_out) * codec.clock_rate() / 1_000;
            let (mut datagram, mut packets) = ([0; 1_500], Vec::new());
            for _ in 0..60 {
                let mut length = sender.send(&Frame::SILENCE, &mut datagram).expect("room");
                while length > 0 {
                    packets.push(datagram[..length].to_vec());
                    length = sender.send_more(&mut datagram).expect("room");
                }
            }
            assert_eq!(packets.len(), 1_200 / usize::from(packet_ms_out), "{codec:?} {packet_ms_out} ms");
            let mut last: Option<RtpHeader> = None;
            for packet in &packets {
                let packet = RtpPacket::parse(packet).expect("our own");
                assert_eq!(packet_ticks(codec, packet.payload), Some(ticks), "{codec:?} {packet_ms_out} ms");
                if let Some(last) = last {
                    assert_eq!(packet.header.timestamp.wrapping_sub(last.timestamp), ticks);
                    assert_eq!(packet.header.sequence, last.sequence.wrapping_add(1));
                }
                last = Some(packet.header);
            }
        }
    }
}

#[test]
fn another_codec_goes_on_in_the_same_stream() {
    let mut sender = AudioSender::new(format(Codec::Pcmu), 1).expect("codec");
    let mut datagram = [0; 1_500];
    let mut send = |sender: &mut AudioSender| {
        let length = sender.send(&Frame::SILENCE, &mut datagram).expect("room");
        let packet = RtpPacket::parse(&datagram[..length]).expect("our own");
        (packet.header, packet.payload.len())
    };
    let (before, _) = send(&mut sender);
    sender.agree(AudioFormat { payload_type_out: 9, ..format(Codec::G722) }).expect("codec");
    let (after, length) = send(&mut sender);
    assert_eq!((after.ssrc, after.sequence), (before.ssrc, before.sequence.wrapping_add(1)));
    assert_eq!((after.payload_type, after.marker, length), (9, true, 160));
}
