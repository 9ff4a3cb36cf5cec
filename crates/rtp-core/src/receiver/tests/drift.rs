//! An hour of a call whose two clocks do not agree, in virtual time.

use super::*;

/// What an hour did to a voice.
#[derive(Debug)]
struct Hour {
    delay_ms_max: u64,
    /// Frames that were invented or silent.
    gaps: usize,
    /// The largest step between two samples.
    step_max: i32,
    quietest_dbfs: f32,
    counters: ReceiverCounters,
}

/// A steady voice of 200 Hz by a sender whose clock is off by so much; its packets come with a few milliseconds of jitter.
fn hour(sound: Sound, drift_ppm: i64) -> Hour {
    const TICKS: u64 = 50 * 3_600;
    let second = second_of(sound);
    let mut receiver = AudioReceiver::new(format(Codec::Pcmu), ReceiverConfig::default()).expect("receiver");
    let mut random = crate::random::SeededRandom::new(3);
    let mut hour = Hour {
        delay_ms_max: 0,
        gaps: 0,
        step_max: 0,
        quietest_dbfs: 0.0,
        counters: ReceiverCounters::default(),
    };
    let (mut next, mut last) = (0u64, 0i16);
    let mut arrives = |n: u64| {
        let sent = (n * 20_000) as i64 * 1_000_000 / (1_000_000 + drift_ppm);
        sent as u64 + 30_000 + random.next_u64() % 3_000
    };
    let mut arrival = arrives(0);
    for tick in 0..TICKS {
        let now = MonoTime(tick * 20_000 + 7_000);
        while arrival <= now.0 {
            let header = RtpHeader {
                marker: next == 0,
                payload_type: 0,
                sequence: (next + 65_000) as u16,
                timestamp: (next as u32).wrapping_mul(160).wrapping_add(u32::MAX - 40_000),
                ssrc: 5,
            };
            let payload = &second[(next % 50) as usize];
            let packet = RtpPacket { header, csrcs: &[], extension: None, payload };
            receiver.handle_packet(&packet, MonoTime(arrival));
            next += 1;
            arrival = arrives(next);
        }
        let mut frame = Frame::SILENCE;
        let played = receiver.tick(now, &mut frame);
        // The first seconds are for finding the network's delay.
        if tick < 250 {
            last = frame.0[FRAME_SAMPLES - 1];
            continue;
        }
        hour.delay_ms_max = hour.delay_ms_max.max(receiver.delay(now).as_millis() as u64);
        hour.gaps += usize::from(played != Played::Voice);
        for &sample in &frame.0 {
            hour.step_max = hour.step_max.max((i32::from(sample) - i32::from(last)).abs());
            last = sample;
        }
        hour.quietest_dbfs = hour.quietest_dbfs.min(frame.level_dbfs());
    }
    hour.counters = receiver.counters();
    hour
}

/// The packets of a second that may follow itself.
fn second_of(sound: Sound) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(Codec::Pcmu).expect("encoder");
    let mut packets = Vec::new();
    for n in 0..100usize {
        let amplitude = if sound == Sound::Tone || n % 50 < 30 { 8_000.0 } else { 20.0 };
        let frame = Frame(std::array::from_fn(|i| {
            let t = (n * FRAME_SAMPLES + i) as f32 / 16_000.0;
            (amplitude * (std::f32::consts::TAU * 200.0 * t).sin()) as i16
        }));
        let mut payload = [0; Encoder::PAYLOAD_MAX];
        let length = encoder.encode(&frame, &mut payload).expect("encodes");
        packets.push(payload[..length].to_vec());
    }
    packets.split_off(50)
}

#[test]
fn an_hour_of_drifting_clocks_leaves_neither_gap_nor_growth() {
    for drift_ppm in [-200, 200] {
        for sound in [Sound::Tone, Sound::Words] {
            let hour = hour(sound, drift_ppm);
            let what = format!("{sound:?} at {drift_ppm} ppm: {hour:?}");
            assert_eq!(hour.gaps, 0, "{what}");
            assert!(hour.delay_ms_max <= 45, "{what}");
            // A tone of 200 Hz at this loudness has steps of 628 of its own, and its start in the middle of a word somewhat more.
            assert!(hour.step_max <= 700, "{what}");
            if sound == Sound::Tone {
                assert!(hour.quietest_dbfs > -16.0, "{what}");
            }
            // 200 ppm of an hour are 720 ms: 11,520 samples.
            let (less, more) = (hour.counters.samples_shortened, hour.counters.samples_stretched);
            let made_up_for = if drift_ppm > 0 { less } else { more };
            assert!((10_500..=12_500).contains(&made_up_for), "{what}");
        }
    }
}
