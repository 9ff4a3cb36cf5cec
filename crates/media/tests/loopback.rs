//! Legs over real sockets on loopback. The peer answers each packet it gets with one of its own, so the worker's 20 ms
//! pace every test and nothing sleeps.
#![expect(clippy::expect_used, reason = "a test says why it expects")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use callwright_audio_core::g711::Law;
use callwright_media::{LegConfig, LegPorts, LegSetup, Media, MediaConfig, MediaError};
use callwright_model::{
    AudioFormat, BothSides, CallId, Codec, DtmfFormat, FRAME_SAMPLES, Frame, Gone, Heard, LegCommand,
    LegEvent, LegFact, LegId, LegRole, MediaPath, Protection, SayFrame, SayId, Tone, TurnId, VoiceActivity,
};
use tokio::sync::mpsc;

/// Loud is speech.
struct Loud;

impl VoiceActivity for Loud {
    fn probability(&mut self, frame: &Frame) -> f32 {
        if frame.level_dbfs() > -30.0 { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {}
}

fn media(ports: std::ops::RangeInclusive<u16>) -> Media {
    Media::start(MediaConfig { workers: 2, ports, ..MediaConfig::default() }).expect("threads")
}

fn format(codec: Codec) -> AudioFormat {
    let payload_type = match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Opus => 111,
    };
    let dtmf = DtmfFormat { payload_type: 101, clock_rate: codec.clock_rate() };
    AudioFormat {
        codec,
        payload_type_in: payload_type,
        payload_type_out: payload_type,
        dtmf_in: Some(dtmf),
        dtmf_out: Some(dtmf),
        comfort_noise_in: None,
        comfort_noise_out: None,
        packet_ms_out: 20,
        voip_metrics_out: false,
    }
}

/// The other end of a leg: a socket that speaks G.711.
struct Peer {
    socket: UdpSocket,
    leg_at: SocketAddr,
    format: AudioFormat,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    ports: LegPorts,
    events: mpsc::Receiver<LegEvent>,
    leg: LegId,
}

/// A packet as the peer sees it.
struct Packet {
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    payload: Vec<u8>,
}

fn call(media: &Media, call: u64, leg: u64, codec: Codec) -> Peer {
    tapped(media, call, leg, codec, None)
}

/// The same with somebody who listens in.
fn tapped(media: &Media, call: u64, leg: u64, codec: Codec, tap: Option<rtrb::Producer<BothSides>>) -> Peer {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let mut io = media.bind(IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("a pair of ports");
    let remote = socket.local_addr().expect("bound");
    let remote_rtcp = SocketAddr::new(remote.ip(), remote.port().wrapping_add(1));
    io.connect(&MediaPath { remote, remote_rtcp, protection: Protection::Clear });
    let leg_at = io.local_addr();
    let (events_in, events) = mpsc::channel(64);
    let leg = LegId(leg);
    let ports = media
        .add_leg(LegSetup {
            call: CallId(call),
            leg,
            role: LegRole::Caller,
            io: Box::new(io),
            format: format(codec),
            voice_activity: Box::new(Loud),
            events: events_in,
            tap,
        })
        .expect("a leg");
    let ssrc = 0x5000 + leg.0 as u32;
    Peer { socket, leg_at, format: format(codec), sequence: 65_530, timestamp: 7, ssrc, ports, events, leg }
}

impl Peer {
    fn law(&self) -> Law {
        match self.format.codec {
            Codec::Pcmu => Law::Mu,
            Codec::Pcma | Codec::G722 | Codec::Opus => Law::A,
        }
    }

    /// The next RTP packet; RTCP goes to the other port.
    fn receive(&self) -> Packet {
        let mut buffer = [0; 2_048];
        let length = self.socket.recv(&mut buffer).expect("RTP never stops");
        let word =
            |at: usize| u32::from_be_bytes([buffer[at], buffer[at + 1], buffer[at + 2], buffer[at + 3]]);
        assert_eq!(buffer[0], 0x80, "plain RTP");
        Packet {
            payload_type: buffer[1] & 0x7f,
            sequence: u16::from_be_bytes([buffer[2], buffer[3]]),
            timestamp: word(4),
            ssrc: word(8),
            payload: buffer[12..length].to_vec(),
        }
    }

    fn send(&mut self, payload: &[u8]) {
        let mut packet = vec![0x80, self.format.payload_type_in];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(160);
        self.socket.send_to(&packet, self.leg_at).expect("sent");
    }

    /// 20 ms of a square-ish voice of this amplitude.
    fn voice(&self, amplitude: i16) -> Vec<u8> {
        let samples: Vec<i16> = (0..160).map(|n| if n % 40 < 20 { amplitude } else { -amplitude }).collect();
        let mut codes = vec![0; 160];
        self.law().encode_into(&samples, &mut codes);
        codes
    }

    /// A payload that is no tone as what the agent says here is, which would pass for its echo.
    fn rough_voice(&self, amplitude: i16) -> Vec<u8> {
        // Held for a while, for a voice has most of its power in the lowest of its band: a cough does not.
        const LOW: u32 = 4;
        let high = |n: u32| (n.wrapping_mul(2_654_435_761) >> 20) & 1 == 0;
        let samples: Vec<i16> =
            (0..160).map(|n| if high(n / LOW) { amplitude } else { -amplitude }).collect();
        let mut codes = vec![0; 160];
        self.law().encode_into(&samples, &mut codes);
        codes
    }

    /// Loudest sample of a packet.
    fn peak(&self, packet: &Packet) -> i16 {
        let mut samples = vec![0; packet.payload.len()];
        self.law().decode_into(&packet.payload, &mut samples);
        samples.iter().map(|s| s.saturating_abs()).max().unwrap_or(0)
    }

    /// Exchanges packets, one for one, until the leg tells this fact; collects all facts on the way.
    fn until(
        &mut self,
        amplitude: i16,
        packets_max: usize,
        wanted: impl Fn(&LegFact) -> bool,
    ) -> Vec<LegFact> {
        let mut facts = Vec::new();
        for _ in 0..packets_max {
            self.receive();
            let voice = self.voice(amplitude);
            self.send(&voice);
            while let Ok(event) = self.events.try_recv() {
                assert_eq!(event.leg, self.leg);
                let found = wanted(&event.fact);
                facts.push(event.fact);
                if found {
                    return facts;
                }
            }
        }
        panic!("not told within {packets_max} packets: {facts:?}");
    }

    /// Puts a whole say into the ring.
    fn say(&mut self, say: u32, turn: u32, frames: usize) {
        let frame = Frame(std::array::from_fn(|n| if n % 80 < 40 { 6_000 } else { -6_000 }));
        let (say, turn) = (SayId(say), TurnId(turn));
        for _ in 0..frames {
            self.ports.say.push(SayFrame::wordless(say, turn, Some(frame))).expect("room in the ring");
        }
        self.ports.say.push(SayFrame::wordless(say, turn, None)).expect("room in the ring");
    }
}

#[test]
fn a_leg_sends_a_packet_every_tick_and_says_what_it_is_given() {
    let media = media(22_000..=22_199);
    let mut peer = call(&media, 1, 1, Codec::Pcmu);
    let (first, second) = (peer.receive(), peer.receive());
    assert_eq!(first.payload.len(), 160);
    assert_eq!(second.sequence, first.sequence.wrapping_add(1));
    assert_eq!(second.timestamp, first.timestamp.wrapping_add(160));
    assert_eq!(peer.peak(&second), 0, "silence until something is said");

    let facts = peer.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    assert_eq!(facts, [LegFact::MediaFlows]);
    peer.say(0, 0, 10);
    let facts = peer.until(0, 60, |fact| matches!(fact, LegFact::SayEnded { .. }));
    assert_eq!(
        facts,
        [
            LegFact::SayStarted { say: SayId(0) },
            LegFact::SayEnded {
                say: SayId(0),
                played: callwright_model::Samples(10 * FRAME_SAMPLES as u64),
                words: 0
            },
        ]
    );
    media.shutdown();
}

#[test]
fn speech_comes_up_as_one_turn_with_its_boundaries() {
    let media = media(22_200..=22_399);
    let mut peer = call(&media, 1, 1, Codec::Pcma);
    peer.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    for _ in 0..10 {
        peer.receive();
        peer.send(&peer.voice(0));
    }
    peer.until(8_000, 60, |fact| matches!(fact, LegFact::SpeechStarted { turn: TurnId(1) }));
    for _ in 0..20 {
        peer.receive();
        peer.send(&peer.voice(8_000));
    }
    let facts = peer.until(0, 80, |fact| matches!(fact, LegFact::TurnEnded { .. }));
    let [LegFact::TurnEnded { turn: TurnId(1), length, .. }] = facts.as_slice() else { panic!("{facts:?}") };
    assert!((380..=640).contains(&length.as_millis()), "{length:?}");

    let mut heard = String::new();
    while let Ok(item) = peer.ports.heard.pop() {
        heard.push(match item {
            Heard::Start { .. } => 'S',
            Heard::Frame(frame) if frame.level_dbfs() > -30.0 => 'F',
            Heard::Frame(_) => '.',
            Heard::GoesOn { .. } => 'p',
            Heard::Pause { .. } => 'p',
            Heard::End { .. } => 'E',
            Heard::Discard { .. } => 'D',
        });
    }
    let voiced = heard.chars().filter(|&c| c == 'F').count();
    assert!((19..=32).contains(&voiced), "{heard}");
    assert!(heard.starts_with("S.") && heard.ends_with('E') && heard.contains(".p."), "{heard}");
    media.shutdown();
}

#[test]
fn an_interruption_silences_the_agent_on_the_tick_it_is_decided() {
    let media = media(22_400..=22_599);
    let mut peer = call(&media, 1, 1, Codec::Pcmu);
    peer.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    peer.say(0, 0, 90);
    peer.until(0, 60, |fact| matches!(fact, LegFact::SayStarted { .. }));
    // Each packet that leaves before the verdict sounds; from the verdict on none does. On a machine too busy to keep the
    // pace a first attempt may have a gap and pass for an interjection, so the turn's number is left open.
    let mut loud = 0;
    let played = (0..200).find_map(|_| {
        let packet = peer.receive();
        loud += usize::from(peer.peak(&packet) > 100);
        peer.send(&peer.rough_voice(8_000));
        std::iter::from_fn(|| peer.events.try_recv().ok()).find_map(|event| match event.fact {
            LegFact::BargedIn { say: SayId(0), played, .. } => Some(played),
            _ => None,
        })
    });
    let played = played.expect("an interruption");
    let mut after = 0;
    for _ in 0..20 {
        let packet = peer.receive();
        after += usize::from(peer.peak(&packet) > 100);
        peer.send(&peer.rough_voice(8_000));
    }
    // What was in flight when the verdict came up may still be read, nothing beyond.
    assert!(after <= 1, "{after} packets sounded after the verdict");
    let played = played.0 as usize / FRAME_SAMPLES;
    assert!(played >= loud && played <= loud + 20, "played {played}, heard {loud}");
    media.shutdown();
}

#[test]
fn hush_stops_the_sound_and_a_later_say_is_heard() {
    let media = media(22_600..=22_799);
    let mut peer = call(&media, 1, 1, Codec::Pcmu);
    peer.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    peer.say(0, 0, 60);
    peer.say(1, 0, 20);
    peer.until(0, 60, |fact| matches!(fact, LegFact::SayStarted { say: SayId(0) }));
    media.command(peer.leg, LegCommand::Hush { turn: TurnId(0) });
    let facts = peer.until(0, 20, |fact| matches!(fact, LegFact::SayDropped { .. }));
    let [LegFact::SayEnded { say: SayId(0), played, .. }, LegFact::SayDropped { say: SayId(1) }] =
        facts.as_slice()
    else {
        panic!("{facts:?}")
    };
    assert!(played.0 < 60 * FRAME_SAMPLES as u64);
    for _ in 0..2 {
        peer.receive();
    }
    let packet = peer.receive();
    assert_eq!(peer.peak(&packet), 0);
    peer.say(2, 0, 5);
    peer.until(0, 20, |fact| matches!(fact, LegFact::SayEnded { say: SayId(2), .. }));
    media.shutdown();
}

#[test]
fn a_bridge_between_equal_codecs_passes_the_very_bytes() {
    let media = media(22_800..=22_999);
    let (mut one, mut other) = (call(&media, 7, 1, Codec::Pcmu), call(&media, 7, 2, Codec::Pcmu));
    one.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    other.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    media.command(one.leg, LegCommand::Bridge { with: other.leg });
    media.command(other.leg, LegCommand::Bridge { with: one.leg });

    let sent: Vec<Vec<u8>> = (0..50u8).map(|n| (0..160).map(|i| n.wrapping_mul(31) ^ i).collect()).collect();
    let mut got = Vec::new();
    let (mut sequence, mut ssrc) = (None, None);
    let mut next = sent.iter();
    for _ in 0..400 {
        if let Some(payload) = next.next() {
            one.send(payload);
            other.send(payload);
        }
        let packet = other.receive();
        assert_eq!(packet.payload_type, 0);
        assert_eq!(*ssrc.get_or_insert(packet.ssrc), packet.ssrc, "one stream, whoever speaks");
        let before = sequence.replace(packet.sequence);
        assert!(before.is_none_or(|before: u16| packet.sequence.wrapping_sub(before) < 1_000));
        if sent.contains(&packet.payload) {
            got.push(packet.payload);
        }
        if got.last() == sent.last() {
            break;
        }
    }
    let from = sent.iter().position(|payload| Some(payload) == got.first()).expect("something crossed");
    assert!(from < 25, "the bridge was up within half a second of packets");
    assert_eq!(got, sent[from..], "in order, unchanged");
    media.shutdown();
}

/// A recorded caller and a human with the same codec: packets do not pass unheard, and each tick holds both sides of the same 20 ms.
#[test]
fn who_listens_in_hears_both_sides_also_of_a_bridge_between_equal_codecs() {
    let media = media(21_800..=21_999);
    let (tap, mut ticks) = rtrb::RingBuffer::new(1_024);
    let (mut one, mut other) =
        (tapped(&media, 5, 1, Codec::Pcmu, Some(tap)), call(&media, 5, 2, Codec::Pcmu));
    one.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    other.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    media.command(one.leg, LegCommand::Bridge { with: other.leg });
    let (loud, soft) = (one.voice(8_000), other.voice(2_000));
    for _ in 0..60 {
        let (at_one, at_other) = (one.receive(), other.receive());
        assert_eq!((at_one.payload.len(), at_other.payload.len()), (160, 160), "a frame every tick");
        one.send(&loud);
        other.send(&soft);
    }
    let peak = |frame: &Frame| frame.0.iter().map(|sample| sample.saturating_abs()).max().unwrap_or(0);
    let (mut both, mut next) = (0, 0);
    while let Ok(BothSides { tick, heard, sent, .. }) = ticks.pop() {
        assert!(tick >= next, "ticks are numbered");
        next = tick + 1;
        both += u32::from(peak(&heard) > 6_000 && (1_000..4_000).contains(&peak(&sent)));
    }
    assert!(both > 30, "{both} ticks held the caller and the human");
}

#[test]
fn a_bridge_between_codecs_transcodes_and_carries_keys_and_unbridges() {
    let media = media(23_000..=23_199);
    let (mut one, mut other) = (call(&media, 9, 1, Codec::Pcmu), call(&media, 9, 2, Codec::Pcma));
    one.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    other.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    media.command(one.leg, LegCommand::Bridge { with: other.leg });
    let mut peak = 0;
    for _ in 0..80 {
        one.receive();
        one.send(&one.voice(8_000));
        let packet = other.receive();
        assert_eq!(packet.payload_type, 8);
        other.send(&other.voice(0));
        peak = peak.max(other.peak(&packet));
        if peak > 6_000 {
            break;
        }
    }
    assert!((6_000..12_000).contains(&peak), "{peak}");

    // One end changes to the other's codec, and packets pass as they are; and back, and they are transcoded.
    one.format = format(Codec::Pcma);
    media.agree(one.leg, one.format);
    let changed = (0..60).any(|_| {
        one.send(&one.voice(0));
        other.send(&other.voice(0));
        other.receive();
        one.receive().payload_type == 8
    });
    assert!(changed, "the codec that was agreed anew is spoken");
    one.format = format(Codec::Pcmu);
    media.agree(one.leg, one.format);

    media.command(one.leg, LegCommand::SendDtmf { digit: '5', length: Duration::from_millis(100) });
    let event = (0..60).find_map(|_| Some(one.receive()).filter(|packet| packet.payload_type == 101));
    assert_eq!(event.map(|packet| packet.payload[0]), Some(5));

    media.command(one.leg, LegCommand::Unbridge);
    media.command(other.leg, LegCommand::Tone(Some(Tone::Hold)));
    let hold = (0..60).any(|_| {
        one.receive();
        one.send(&one.voice(0));
        let packet = other.receive();
        let peak = other.peak(&packet);
        (200..4_000).contains(&peak)
    });
    assert!(hold, "the agent has the leg again");
    media.shutdown();
}

#[test]
fn a_silent_peer_times_out_and_a_removed_leg_says_so() {
    let config = MediaConfig {
        workers: 1,
        ports: 23_200..=23_399,
        leg: LegConfig { timeout: Duration::from_millis(200), ..LegConfig::default() },
        ..MediaConfig::default()
    };
    let media = Media::start(config).expect("a thread");
    let mut silent = call(&media, 1, 1, Codec::Pcmu);
    let mut removed = call(&media, 1, 2, Codec::Pcmu);
    silent.until(0, 60, |fact| matches!(fact, LegFact::MediaFlows));
    assert_eq!(silent.events.blocking_recv().map(|event| event.fact), Some(LegFact::Gone(Gone::Timeout)));
    assert!(silent.events.blocking_recv().is_none(), "nothing after the last fact");

    media.command(removed.leg, LegCommand::Remove);
    let last = std::iter::from_fn(|| removed.events.blocking_recv()).last().map(|event| event.fact);
    assert_eq!(last, Some(LegFact::Gone(Gone::Removed)));
    assert!(media.statistics(silent.leg).is_some_and(|figures| figures.packets_in > 0));
    media.command(removed.leg, LegCommand::Unbridge);
    media.shutdown();
}

#[test]
fn shutting_down_ends_every_leg_and_takes_no_more() {
    let media = media(23_400..=23_599);
    let mut peer = call(&media, 3, 1, Codec::Opus);
    peer.receive();
    media.shutdown();
    let last = std::iter::from_fn(|| peer.events.blocking_recv()).last().map(|event| event.fact);
    assert_eq!(last, Some(LegFact::Gone(Gone::Removed)));
    let (events, _) = mpsc::channel(1);
    let refused = media.add_leg(LegSetup {
        call: CallId(3),
        leg: LegId(2),
        role: LegRole::Human,
        io: Box::new(media.bind(IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("ports")),
        format: format(Codec::Pcmu),
        voice_activity: Box::new(Loud),
        events,
        tap: None,
    });
    assert!(matches!(refused.err(), Some(MediaError::Down)));
}
