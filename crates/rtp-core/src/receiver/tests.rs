use std::time::Duration;

use callwright_audio_core::Encoder;
use callwright_model::DtmfFormat;
use proptest::prelude::*;

use super::*;
use crate::packet::RtpHeader;
use crate::telephone_event::DtmfSender;

mod drift;

fn format(codec: Codec) -> AudioFormat {
    let dtmf = Some(DtmfFormat { payload_type: 101, clock_rate: codec.clock_rate() });
    AudioFormat { codec, dtmf_in: dtmf, dtmf_out: dtmf, ..AudioFormat::PCMU }
}

/// What the sender's microphone hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sound {
    /// A tone without a pause.
    Tone,
    /// Words: 600 ms of tone, 400 ms of near silence.
    Words,
}

/// A sender, a network and a receiver, in virtual time.
#[derive(Debug, Clone)]
struct Call {
    codec: Codec,
    sound: Sound,
    seconds: u64,
    /// The longest that a packet is delayed at random, from and until when.
    jitter_ms: u64,
    jitter_until_ms: u64,
    loss_percent: u64,
    /// How much faster the sender's clock runs.
    drift_ppm: i64,
    /// When the network holds everything back, and how long.
    stall_ms: Option<(u64, u64)>,
    seed: u64,
}

struct Outcome {
    receiver: AudioReceiver,
    played: Vec<Played>,
    delays_ms: Vec<u64>,
    /// Frames whose sound is nearer to the sender's loudness than to silence.
    loud: usize,
}

impl Default for Call {
    fn default() -> Self {
        Self {
            codec: Codec::Pcmu,
            sound: Sound::Words,
            seconds: 20,
            jitter_ms: 0,
            jitter_until_ms: u64::MAX,
            loss_percent: 0,
            drift_ppm: 0,
            stall_ms: None,
            seed: 1,
        }
    }
}

impl Call {
    fn run(&self) -> Outcome {
        let mut encoder = Encoder::new(self.codec).expect("encoder");
        let mut random = crate::random::SeededRandom::new(self.seed);
        let mut flight: Vec<(u64, RtpHeader, Vec<u8>)> = Vec::new();
        let ticks = self.seconds * 50;
        for n in 0..ticks {
            let mut frame = Frame::SILENCE;
            let amplitude = if self.sound == Sound::Tone || n % 50 < 30 { 8_000.0 } else { 20.0 };
            for (i, sample) in frame.0.iter_mut().enumerate() {
                let t = (n as usize * FRAME_SAMPLES + i) as f32 / 16_000.0;
                *sample = (amplitude * (std::f32::consts::TAU * 200.0 * t).sin()) as i16;
            }
            let mut payload = vec![0; Encoder::PAYLOAD_MAX];
            let length = encoder.encode(&frame, &mut payload).expect("encodes");
            payload.truncate(length);
            let sent_us = (n * 20_000) as i64 * 1_000_000 / (1_000_000 + self.drift_ppm);
            let sent_us = sent_us as u64;
            let jitter = if sent_us / 1_000 < self.jitter_until_ms { self.jitter_ms } else { 0 };
            let mut arrival_us = sent_us + 30_000 + random.next_u64() % (jitter * 1_000 + 1);
            if let Some((from, length)) = self.stall_ms
                && (from..from + length).contains(&(arrival_us / 1_000))
            {
                arrival_us = (from + length) * 1_000;
            }
            let header = RtpHeader {
                marker: n == 0,
                payload_type: 0,
                sequence: (n as u16).wrapping_add(65_000),
                timestamp: (n as u32)
                    .wrapping_mul(self.codec.clock_rate() / 50)
                    .wrapping_add(u32::MAX - 40_000),
                ssrc: 5,
            };
            if random.next_u64() % 100 >= self.loss_percent {
                flight.push((arrival_us, header, payload));
            }
        }
        flight.sort_by_key(|(arrival, ..)| *arrival);
        let mut receiver =
            AudioReceiver::new(format(self.codec), ReceiverConfig::default()).expect("receiver");
        let (mut played, mut delays_ms, mut loud) = (Vec::new(), Vec::new(), 0);
        let mut flight = flight.into_iter().peekable();
        // The receiver's tick falls anywhere between two packets.
        for tick in 0..ticks {
            let now = MonoTime(tick * 20_000 + 7_000);
            while let Some((at, header, payload)) = flight.next_if(|(at, ..)| *at <= now.0) {
                let packet = RtpPacket { header, csrcs: &[], extension: None, payload: &payload };
                receiver.handle_packet(&packet, MonoTime(at));
            }
            let mut frame = Frame::SILENCE;
            played.push(receiver.tick(now, &mut frame));
            delays_ms.push(receiver.delay(now).as_millis() as u64);
            loud += usize::from(frame.level_dbfs() > -30.0);
        }
        Outcome { receiver, played, delays_ms, loud }
    }
}

impl Outcome {
    fn count(&self, kind: Played) -> usize {
        self.played.iter().filter(|played| **played == kind).count()
    }

    fn last_delay_ms(&self) -> u64 {
        self.delays_ms.last().copied().unwrap_or(0)
    }
}

#[test]
fn a_calm_network_is_heard_whole_and_soon() {
    for codec in Codec::ALL {
        let outcome = Call { codec, ..Call::default() }.run();
        assert_eq!(outcome.count(Played::Concealed), 0, "{codec:?}");
        assert!(outcome.count(Played::Silence) <= 5, "{codec:?}");
        assert!(outcome.last_delay_ms() <= 40, "{codec:?}: {} ms", outcome.last_delay_ms());
        // Thirty frames in each of twenty seconds, and one more where the filters' delay carries a word across.
        assert!((595..=625).contains(&outcome.loud), "{codec:?}: {}", outcome.loud);
        assert_eq!(outcome.receiver.statistics().summary().lost, 0);
    }
}

#[test]
fn loss_is_concealed_and_nothing_else_is() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let outcome = Call { codec, sound: Sound::Tone, loss_percent: 5, ..Call::default() }.run();
        let lost = outcome.receiver.statistics().summary().lost as usize;
        assert!((25..90).contains(&lost));
        let concealed = outcome.count(Played::Concealed);
        assert!((lost..=lost + lost / 2 + 3).contains(&concealed), "{codec:?}: {concealed} for {lost}");
        assert!(outcome.loud >= 985 - lost / 4, "{codec:?}: {} loud of 1000", outcome.loud);
        assert!(outcome.last_delay_ms() <= 80);
    }
}

#[test]
fn jitter_is_bought_off_with_delay_and_the_delay_is_given_back() {
    for sound in [Sound::Words, Sound::Tone] {
        let call = Call { sound, jitter_ms: 80, jitter_until_ms: 15_000, seconds: 30, ..Call::default() };
        let outcome = call.run();
        let settled = &outcome.played[250..750];
        let concealed = settled.iter().filter(|played| **played != Played::Voice).count();
        assert!(concealed <= 20, "{sound:?}: {concealed} of 500 frames concealed");
        let highest = outcome.delays_ms[250..750].iter().max().copied().unwrap_or(0);
        assert!((60..=180).contains(&highest), "{sound:?}: {highest} ms under jitter");
        assert!(outcome.last_delay_ms() <= 60, "{sound:?}: {} ms afterwards", outcome.last_delay_ms());
        assert!(outcome.receiver.counters().samples_shortened > 0);
    }
}

#[test]
fn clocks_that_drift_neither_pile_up_nor_run_dry() {
    for drift_ppm in [-300, 300] {
        for sound in [Sound::Words, Sound::Tone] {
            let outcome = Call { sound, drift_ppm, seconds: 120, ..Call::default() }.run();
            let highest = outcome.delays_ms.iter().max().copied().unwrap_or(0);
            assert!(highest <= 110, "{sound:?} {drift_ppm} ppm: {highest} ms");
            // 300 ppm are 36 ms in two minutes: two frames to invent, and some for the search of the right delay.
            let concealed = outcome.count(Played::Concealed);
            assert!(concealed <= 8, "{sound:?} {drift_ppm} ppm: {concealed} concealed");
        }
    }
}

#[test]
fn after_a_stall_the_delay_comes_back() {
    for (length, codec) in
        [(150, Codec::Pcmu), (450, Codec::Opus), (1_500, Codec::Pcmu), (3_000, Codec::Opus)]
    {
        let outcome =
            Call { codec, sound: Sound::Tone, stall_ms: Some((5_000, length)), ..Call::default() }.run();
        let after = &outcome.delays_ms[(5_000 + length as usize) / 20 + 350..];
        let highest = after.iter().max().copied().unwrap_or(0);
        assert!(highest <= 130, "stall of {length} ms: {highest} ms seven seconds later");
        let last = &outcome.played[outcome.played.len() - 250..];
        let voice = last.iter().filter(|played| **played == Played::Voice).count();
        assert!(voice >= 245, "stall of {length} ms: {voice} of the last 250 frames are voice");
    }
}

#[test]
fn packets_of_every_length_make_frames_of_twenty_ms() {
    for ms in [10usize, 30, 40, 60] {
        let mut receiver =
            AudioReceiver::new(format(Codec::Pcma), ReceiverConfig::default()).expect("receiver");
        let (mut voice, mut next) = (0, 0usize);
        for tick in 0..300usize {
            let now = MonoTime::from_millis(tick as u64 * 20);
            while next * ms <= tick * 20 {
                let payload = vec![0xD5; ms * 8];
                let header = RtpHeader {
                    marker: false,
                    payload_type: 0,
                    sequence: next as u16,
                    timestamp: (next * ms * 8) as u32,
                    ssrc: 1,
                };
                let packet = RtpPacket { header, csrcs: &[], extension: None, payload: &payload };
                receiver.handle_packet(&packet, MonoTime::from_millis((next * ms) as u64));
                next += 1;
            }
            voice += u32::from(receiver.tick(now, &mut Frame::default()) == Played::Voice);
        }
        assert!(voice >= 290, "{ms} ms: {voice} of 300");
        let delay = receiver.delay(MonoTime::from_millis(6_000)).as_millis();
        assert!(delay <= 120, "{ms} ms: {delay} ms");
    }
}

#[test]
fn opus_of_every_length_is_heard_also_past_losses() {
    for ms in [10u32, 20, 40, 60] {
        let mut encoder =
            opus::Encoder::new(16_000, opus::Channels::Mono, opus::Application::Voip).expect("encoder");
        encoder.set_inband_fec(true).expect("it can");
        encoder.set_packet_loss_perc(30).expect("it can");
        let mut receiver =
            AudioReceiver::new(format(Codec::Opus), ReceiverConfig::default()).expect("receiver");
        let (mut loud, mut next) = (0, 0u32);
        for tick in 0..300u32 {
            let now = MonoTime::from_millis(u64::from(tick) * 20);
            while next * ms <= tick * 20 {
                let samples: Vec<i16> = (0..ms * 16)
                    .map(|n| {
                        let t = (next * ms * 16 + n) as f32 / 16_000.0;
                        (8_000.0 * (std::f32::consts::TAU * 220.0 * t).sin()) as i16
                    })
                    .collect();
                let payload = encoder.encode_vec(&samples, 1_276).expect("encodes");
                let header = RtpHeader {
                    marker: false,
                    payload_type: 0,
                    sequence: next as u16,
                    timestamp: next * ms * 48,
                    ssrc: 1,
                };
                if next % 20 != 19 {
                    let packet = RtpPacket { header, csrcs: &[], extension: None, payload: &payload };
                    receiver.handle_packet(&packet, now);
                }
                next += 1;
            }
            let mut frame = Frame::SILENCE;
            receiver.tick(now, &mut frame);
            loud += u32::from(frame.level_dbfs() > -25.0);
        }
        // Up to six frames pass before the first is played. Of 300 every 20th is lost, and comes from the packet after it or is invented.
        assert!(loud >= 283, "{ms} ms: {loud} of 300 loud");
    }
}

#[test]
fn a_jump_of_sequence_numbers_is_a_new_beginning_and_a_gap_is_loss() {
    for (jump, lost) in [(40u16, 40), (20_000, 0), (60_000, 0)] {
        let mut receiver =
            AudioReceiver::new(format(Codec::Pcmu), ReceiverConfig::default()).expect("receiver");
        let mut voice = 0;
        for tick in 0..200u32 {
            let sequence = if tick < 100 { tick as u16 } else { (tick as u16).wrapping_add(jump) };
            // The clock goes on as the sound does.
            let header =
                RtpHeader { marker: false, payload_type: 0, sequence, timestamp: tick * 160, ssrc: 1 };
            let packet = RtpPacket { header, csrcs: &[], extension: None, payload: &[0x10; 160] };
            let now = MonoTime::from_millis(u64::from(tick) * 20);
            receiver.handle_packet(&packet, now);
            voice += u32::from(receiver.tick(now, &mut Frame::default()) == Played::Voice);
        }
        assert!(voice >= 188, "{jump}: {voice} of 200");
        assert_eq!(receiver.statistics().summary().lost, lost, "{jump}");
    }
}

#[test]
fn another_codec_is_heard_from_its_first_packets_on() {
    let mut receiver = AudioReceiver::new(format(Codec::Pcmu), ReceiverConfig::default()).expect("receiver");
    let mut opus = Encoder::new(Codec::Opus).expect("encoder");
    let mut heard = Vec::new();
    for tick in 0..200u32 {
        let now = MonoTime::from_millis(u64::from(tick) * 20);
        if tick == 100 {
            let agreed = AudioFormat { payload_type_in: 111, ..format(Codec::Opus) };
            receiver.agree(agreed).expect("codec");
        }
        let (payload_type, clock) = if tick < 100 { (0, 160) } else { (111, 960) };
        let mut payload = vec![0x10; 160];
        if tick >= 100 {
            let frame = Frame(std::array::from_fn(|n| if n % 80 < 40 { 6_000 } else { -6_000 }));
            payload.resize(Encoder::PAYLOAD_MAX, 0);
            let length = opus.encode(&frame, &mut payload).expect("encodes");
            payload.truncate(length);
        }
        let header = RtpHeader {
            marker: false,
            payload_type,
            sequence: tick as u16,
            timestamp: tick * clock,
            ssrc: 1,
        };
        let packet = RtpPacket { header, csrcs: &[], extension: None, payload: &payload };
        receiver.handle_packet(&packet, now);
        heard.push(receiver.tick(now, &mut Frame::default()));
    }
    let voice = heard[105..].iter().filter(|played| **played == Played::Voice).count();
    assert_eq!(voice, 95, "after the change");
    assert_eq!(receiver.statistics().summary().received, 200);
    assert_eq!(receiver.statistics().summary().lost, 0);
}

#[test]
fn keys_are_heard_amid_sound_and_sound_goes_on() {
    let mut receiver = AudioReceiver::new(format(Codec::Pcmu), ReceiverConfig::default()).expect("receiver");
    let mut keys = DtmfSender::new(8_000);
    let (mut heard, mut silent) = (String::new(), 0);
    for tick in 0..200u32 {
        if tick == 50 {
            keys.press('4', Duration::from_millis(100)).expect("room");
            keys.press('2', Duration::from_millis(100)).expect("room");
        }
        let now = MonoTime::from_millis(u64::from(tick) * 20);
        let event = keys.next(tick * 160);
        let header = RtpHeader {
            marker: event.is_some_and(|event| event.marker),
            payload_type: if event.is_some() { 101 } else { 0 },
            sequence: tick as u16,
            timestamp: event.map_or(tick * 160, |event| event.timestamp),
            ssrc: 1,
        };
        let sound = [0xFF; 160];
        let payload = event.map_or(&sound[..], |_| &[]);
        let bytes = event.map(|event| event.payload);
        let payload = bytes.as_ref().map_or(payload, |bytes| &bytes[..]);
        let packet = RtpPacket { header, csrcs: &[], extension: None, payload };
        if let Arrival::Digit(digit) = receiver.handle_packet(&packet, now) {
            heard.push(digit);
        }
        if receiver.tick(now, &mut Frame::default()) == Played::Silence && tick > 80 {
            silent += 1;
        }
    }
    assert_eq!(heard, "42");
    assert!(silent <= 2);
    assert_eq!(receiver.statistics().summary().lost, 0);
}

#[test]
fn another_source_is_taken_over_and_heard() {
    let mut receiver = AudioReceiver::new(format(Codec::Pcmu), ReceiverConfig::default()).expect("receiver");
    let mut voice = 0;
    for tick in 0..200u32 {
        let (ssrc, shift) = if tick < 100 { (1, 0) } else { (2, 3_000_000_000) };
        let header = RtpHeader {
            marker: false,
            payload_type: 0,
            sequence: tick as u16,
            timestamp: shift + tick * 160,
            ssrc,
        };
        let packet = RtpPacket { header, csrcs: &[], extension: None, payload: &[0xFF; 160] };
        let now = MonoTime::from_millis(u64::from(tick) * 20);
        receiver.handle_packet(&packet, now);
        voice += u32::from(receiver.tick(now, &mut Frame::default()) == Played::Voice);
    }
    assert!(voice >= 190, "{voice} of 200");
    assert_eq!(receiver.statistics().ssrc(), Some(2));
}

/// Speech for two seconds, word that nobody speaks for three, and speech again; at which of all frames there was what.
fn suppressed(
    comfort: &[u8],
    payload_type: u8,
    format: AudioFormat,
) -> (Vec<Played>, Vec<f32>, AudioReceiver) {
    let mut receiver = AudioReceiver::new(format, ReceiverConfig::default()).expect("receiver");
    let (mut played, mut levels, mut sequence) = (Vec::new(), Vec::new(), 0u16);
    for tick in 0..350u32 {
        let now = MonoTime::from_millis(u64::from(tick) * 20);
        let speaks = !(100..250).contains(&tick);
        let mut header =
            RtpHeader { marker: tick == 250, payload_type: 0, sequence, timestamp: tick * 160, ssrc: 1 };
        let loud: [u8; 160] = std::array::from_fn(|n| if n % 40 < 20 { 0x90 } else { 0x10 });
        if speaks {
            let packet = RtpPacket { header, csrcs: &[], extension: None, payload: &loud };
            assert_eq!(receiver.handle_packet(&packet, now), Arrival::Audio);
            sequence += 1;
        } else if tick % 60 == 40 {
            header.payload_type = payload_type;
            let packet = RtpPacket { header, csrcs: &[], extension: None, payload: comfort };
            assert_eq!(receiver.handle_packet(&packet, now), Arrival::Comfort);
            sequence += 1;
        }
        let mut frame = Frame::SILENCE;
        played.push(receiver.tick(now, &mut frame));
        levels.push(frame.level_dbfs());
    }
    (played, levels, receiver)
}

#[test]
fn comfort_noise_is_soft_noise_and_no_loss() {
    let named = AudioFormat { comfort_noise_in: Some(97), ..format(Codec::Pcmu) };
    for (comfort, payload_type, format, level) in [
        (&[55][..], 13, format(Codec::Pcmu), -55.0),
        (&[60, 30, 200], 97, named, -60.0),
        // As loud as can be said: it is not believed.
        (&[0], 13, format(Codec::G722), -40.0),
    ] {
        let (played, levels, receiver) = suppressed(comfort, payload_type, format);
        assert_eq!(
            played.iter().filter(|played| **played == Played::Concealed).count(),
            0,
            "nothing is missing"
        );
        assert!(levels[110..240].iter().all(|heard| (heard - level).abs() < 2.0), "{:?}", &levels[110..240]);
        let after = &played[255..];
        assert_eq!(
            after.iter().filter(|played| **played == Played::Voice).count(),
            after.len(),
            "speech is heard again"
        );
        let (summary, counters) = (receiver.statistics().summary(), receiver.counters());
        assert_eq!((summary.lost, counters.packets_late, counters.packets_unknown), (0, 0, 0));
    }
}

#[test]
fn a_sender_that_leaves_silence_out_loses_nothing() {
    let mut encoder =
        opus::Encoder::new(16_000, opus::Channels::Mono, opus::Application::Voip).expect("encoder");
    encoder.set_dtx(true).expect("it can");
    encoder.set_bitrate(opus::Bitrate::Bits(24_000)).expect("it can");
    let mut receiver = AudioReceiver::new(format(Codec::Opus), ReceiverConfig::default()).expect("receiver");
    let (mut sent, mut concealed, mut voice, mut empty) = (0u16, 0, 0, false);
    for tick in 0..500u32 {
        let now = MonoTime::from_millis(u64::from(tick) * 20);
        let speaks = tick % 250 < 100;
        let samples: [i16; FRAME_SAMPLES] = std::array::from_fn(|n| {
            let t = (tick as usize * FRAME_SAMPLES + n) as f32 / 16_000.0;
            if speaks { (8_000.0 * (std::f32::consts::TAU * 200.0 * t).sin()) as i16 } else { 0 }
        });
        let mut payload = [0; 1_276];
        let length = encoder.encode(&samples, &mut payload).expect("encodes");
        // The encoder says by one or two bytes that there is nothing to say: the first such packet after others is sent.
        let was_empty = std::mem::replace(&mut empty, length <= 2);
        if !empty || !was_empty {
            let header =
                RtpHeader { marker: false, payload_type: 0, sequence: sent, timestamp: tick * 960, ssrc: 1 };
            let packet = RtpPacket { header, csrcs: &[], extension: None, payload: &payload[..length] };
            receiver.handle_packet(&packet, now);
            sent += 1;
        }
        match receiver.tick(now, &mut Frame::default()) {
            Played::Voice => voice += 1,
            Played::Concealed => concealed += 1,
            Played::Silence => {}
        }
    }
    assert!(sent < 300, "{sent} of 500 frames were sent");
    assert!(voice >= 195, "{voice} frames of voice");
    assert!(concealed <= 5, "{concealed} frames invented");
    assert_eq!(receiver.statistics().summary().lost, 0);
}

#[test]
fn what_was_not_agreed_on_is_counted_and_dropped() {
    let mut receiver = AudioReceiver::new(format(Codec::Opus), ReceiverConfig::default()).expect("receiver");
    let packet = |payload_type, payload| RtpPacket {
        header: RtpHeader { marker: false, payload_type, sequence: 0, timestamp: 0, ssrc: 1 },
        csrcs: &[],
        extension: None,
        payload,
    };
    let dropped = |reason| Arrival::Dropped(reason);
    assert_eq!(
        receiver.handle_packet(&packet(13, &[0]), MonoTime::ZERO),
        dropped(DropReason::PayloadType),
        "its clock is another"
    );
    assert_eq!(receiver.handle_packet(&packet(0, &[]), MonoTime::ZERO), dropped(DropReason::Malformed));
    assert_eq!(receiver.handle_packet(&packet(0, &[0xFF]), MonoTime::ZERO), dropped(DropReason::Malformed));
    assert_eq!((receiver.counters().packets_unknown, receiver.counters().packets_malformed), (1, 2));
    assert_eq!(receiver.tick(MonoTime::ZERO, &mut Frame::default()), Played::Silence);
}

#[test]
fn the_same_packets_give_the_same_frames() {
    let call = Call { jitter_ms: 60, loss_percent: 5, seconds: 10, ..Call::default() };
    let (one, other) = (call.run(), call.run());
    assert_eq!(one.played, other.played);
    assert_eq!(one.delays_ms, other.delays_ms);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_network_leaves_the_delay_bounded(
        jitter_ms in 0u64..300, loss_percent in 0u64..60, drift_ppm in -500i64..500, stall in prop::option::of((0u64..8_000, 0u64..4_000)),
        seed: u64, opus: bool, tone: bool,
    ) {
        let codec = if opus { Codec::Opus } else { Codec::Pcmu };
        let sound = if tone { Sound::Tone } else { Sound::Words };
        let call = Call { codec, sound, jitter_ms, loss_percent, drift_ppm, stall_ms: stall, seed, seconds: 10, ..Call::default() };
        let outcome = call.run();
        prop_assert_eq!(outcome.played.len(), 500);
        let counters = outcome.receiver.counters();
        prop_assert_eq!(counters.frames, 500);
        prop_assert_eq!(counters.frames_concealed as usize, outcome.count(Played::Concealed));
        prop_assert!(outcome.receiver.jitter_buffer().buffered() <= Duration::from_millis(420));
    }

    #[test]
    fn junk_never_panics(packets in prop::collection::vec((prop::collection::vec(any::<u8>(), 12..200), 0u64..60), 0..150), opus: bool) {
        let codec = if opus { Codec::Opus } else { Codec::Pcmu };
        let mut receiver = AudioReceiver::new(format(codec), ReceiverConfig::default()).expect("receiver");
        let mut now = MonoTime::ZERO;
        for (mut datagram, wait) in packets {
            now = MonoTime(now.0 + wait * 1_000);
            // Mostly our own payload types and one source, or hardly anything would get past the door.
            datagram[0] = 0x80;
            datagram[1] = [0, 0, 0, 101, 0x80][usize::from(datagram[1]) % 5];
            datagram[2] = 0;
            datagram[8..12].fill(0);
            if let Ok(packet) = RtpPacket::parse(&datagram) {
                receiver.handle_packet(&packet, now);
            }
            receiver.tick(now, &mut Frame::default());
        }
    }
}
