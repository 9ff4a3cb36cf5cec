use super::*;
use proptest::prelude::*;

const CODECS: [Codec; 4] = Codec::ALL;

fn tone(tick: usize) -> Frame {
    let mut frame = Frame::SILENCE;
    for (n, sample) in frame.0.iter_mut().enumerate() {
        let t = (tick * FRAME_SAMPLES + n) as f32 / 16_000.0;
        *sample = (8_000.0 * (std::f32::consts::TAU * 440.0 * t).sin()) as i16;
    }
    frame
}

#[test]
fn a_tone_passes_every_codec_at_its_level() {
    for codec in CODECS {
        let (mut encoder, mut decoder) =
            (Encoder::new(codec).expect("encoder"), Decoder::new(codec).expect("decoder"));
        let mut pcm = PcmRing::new();
        let mut out = Frame::SILENCE;
        for tick in 0..50 {
            let mut payload = [0; Encoder::PAYLOAD_MAX];
            let length = encoder.encode(&tone(tick), &mut payload).expect("fits");
            assert_eq!(packet_ticks(codec, &payload[..length]), Some(codec.clock_rate() / 50));
            assert_eq!(decoder.decode(&payload[..length], &mut pcm), Ok(FRAME_SAMPLES));
            assert!(pcm.pop_frame(&mut out));
        }
        let change = out.level_dbfs() - tone(0).level_dbfs();
        assert!(change.abs() < 1.0, "{codec:?} changes the level by {change:.1} dB");
    }
}

#[test]
fn packets_of_other_lengths_yield_their_own_number_of_samples() {
    let mut decoder = Decoder::new(Codec::Pcma).expect("decoder");
    for ms in [10, 30, 40, 60, 120] {
        let mut pcm = PcmRing::new();
        assert_eq!(decoder.decode(&vec![0xD5; ms * 8], &mut pcm), Ok(ms * 16));
    }
    let mut encoder =
        opus::Encoder::new(48_000, opus::Channels::Stereo, opus::Application::Audio).expect("encoder");
    let mut decoder = Decoder::new(Codec::Opus).expect("decoder");
    for ms in [10, 20, 40, 60] {
        let packet = encoder.encode_vec(&vec![500; ms * 96], 1_276).expect("encodes");
        let mut pcm = PcmRing::new();
        assert_eq!(packet_ticks(Codec::Opus, &packet), Some(ms as u32 * 48));
        assert_eq!(
            decoder.decode(&packet, &mut pcm),
            Ok(ms * 16),
            "a stereo packet at 48 kHz, as a browser may send it"
        );
    }
}

#[test]
fn a_lost_packet_is_concealed_by_every_codec() {
    for codec in CODECS {
        let (mut encoder, mut decoder) =
            (Encoder::new(codec).expect("encoder"), Decoder::new(codec).expect("decoder"));
        let mut pcm = PcmRing::new();
        let mut levels = Vec::new();
        for tick in 0..60 {
            let mut payload = [0; Encoder::PAYLOAD_MAX];
            let length = encoder.encode(&tone(tick), &mut payload).expect("fits");
            if tick % 10 == 9 {
                assert_eq!(decoder.conceal(FRAME_SAMPLES, &mut pcm), FRAME_SAMPLES);
            } else {
                decoder.decode(&payload[..length], &mut pcm).expect("decodes");
            }
            let mut out = Frame::SILENCE;
            assert!(pcm.pop_frame(&mut out));
            levels.push(out.level_dbfs());
        }
        // libopus fades a steady tone sooner than a voice; ours repeats it.
        let tolerance = if codec == Codec::Opus { 15.0 } else { 4.0 };
        let full = tone(0).level_dbfs();
        assert!(levels[10..].iter().all(|level| (level - full).abs() < tolerance), "{codec:?}: {levels:?}");
    }
}

#[test]
fn redundancy_of_the_next_packet_brings_a_lost_one_back() {
    let (mut encoder, mut decoder) =
        (Encoder::new(Codec::Opus).expect("encoder"), Decoder::new(Codec::Opus).expect("decoder"));
    encoder.expect_loss(20);
    let mut packets = Vec::new();
    for tick in 0..30 {
        // A tone that begins exactly in the packet that is going to be lost: no guess could know of it.
        let frame = if tick < 25 { Frame::SILENCE } else { tone(tick) };
        let mut payload = [0; Encoder::PAYLOAD_MAX];
        let length = encoder.encode(&frame, &mut payload).expect("fits");
        packets.push(payload[..length].to_vec());
    }
    let mut pcm = PcmRing::new();
    for packet in &packets[..26] {
        decoder.decode(packet, &mut pcm).expect("decodes");
        pcm.clear();
    }
    assert_eq!(decoder.recover(&packets[27], FRAME_SAMPLES, &mut pcm), FRAME_SAMPLES);
    let mut out = Frame::SILENCE;
    assert!(pcm.pop_frame(&mut out));
    assert!(out.level_dbfs() > -30.0, "recovered at {:.1} dBFS", out.level_dbfs());
}

/// What came over a line of G.711 in 20 ms, or for 10 ms nothing.
#[derive(Debug, Clone, Copy)]
enum Came {
    Tone,
    Silence,
    Nothing,
}

proptest! {
    #[test]
    fn of_silence_after_silence_comes_what_filters_make_of_it(
        came in prop::collection::vec((prop_oneof![Just(Came::Tone), Just(Came::Silence), Just(Came::Nothing)], 1usize..8), 1..20),
    ) {
        let mut decoder = Decoder::new(Codec::Pcmu).expect("decoder");
        let (mut concealer, mut up) = (Concealer::narrow(), Upsampler::<2>::new());
        let mut encoder = Encoder::new(Codec::Pcmu).expect("encoder");
        for (tick, came) in came.into_iter().flat_map(|(came, times)| std::iter::repeat_n(came, times)).enumerate() {
            let mut pcm = PcmRing::new();
            let mut narrow = vec![0; 160];
            match came {
                Came::Nothing => {
                    narrow.truncate(80);
                    concealer.conceal(&mut narrow);
                    decoder.conceal(160, &mut pcm);
                }
                Came::Tone | Came::Silence => {
                    let mut payload = [0xFF; 160];
                    if matches!(came, Came::Tone) {
                        encoder.encode(&tone(tick), &mut payload).expect("fits");
                    }
                    Law::Mu.decode_into(&payload, &mut narrow);
                    concealer.received(&mut narrow);
                    decoder.decode(&payload, &mut pcm).expect("decodes");
                }
            }
            let mut wide = vec![0; narrow.len() * 2];
            up.process(&narrow, &mut wide);
            prop_assert_eq!(pcm.as_slice(), &wide[..]);
        }
    }
}

#[test]
fn a_full_ring_is_refused_and_left_as_it_was() {
    for codec in CODECS {
        let mut decoder = Decoder::new(codec).expect("decoder");
        let mut encoder = Encoder::new(codec).expect("encoder");
        let mut payload = [0; Encoder::PAYLOAD_MAX];
        let length = encoder.encode(&tone(0), &mut payload).expect("fits");
        let mut pcm = PcmRing::new();
        pcm.push(&[0; PcmRing::CAPACITY - 100]);
        assert_eq!(decoder.decode(&payload[..length], &mut pcm), Err(CodecError::NoRoom));
        assert_eq!(pcm.room(), 100);
        assert_eq!(decoder.conceal(FRAME_SAMPLES, &mut pcm), 80);
        assert_eq!(encoder.encode(&tone(0), &mut []), Err(CodecError::NoRoom));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn junk_is_an_error_or_sound_of_the_length_it_claims(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8)) {
        for codec in CODECS {
            let mut decoder = Decoder::new(codec).expect("decoder");
            for payload in &payloads {
                let mut pcm = PcmRing::new();
                if let Ok(count) = decoder.decode(payload, &mut pcm) {
                    prop_assert_eq!(count, pcm.len());
                    let ticks = packet_ticks(codec, payload).expect("what decodes has a length");
                    prop_assert_eq!(count, samples_of_ticks(codec, ticks));
                } else {
                    prop_assert!(pcm.is_empty());
                }
                let _ = decoder.recover(payload, 320, &mut pcm);
                prop_assert!(pcm.len() >= 320);
            }
        }
    }
}
