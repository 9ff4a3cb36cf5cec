//! Whole legs in virtual time: RTP in, RTP out, facts and heard sound between.
#![expect(clippy::expect_used, reason = "a test says why it expects")]

use std::collections::VecDeque;
use std::time::Duration;

use callwright_audio_core::g711::Law;
use callwright_leg_core::{LegConfig, LegSpec, MediaLeg};
use callwright_model::{
    AudioFormat, Codec, DtmfFormat, Expect, FRAME_SAMPLES, Frame, Gone, Heard, LegCommand, LegFact, LegRole,
    MonoTime, Progress, SayFrame, SayId, Tone, TurnId, UtteranceSort, Verdict, VoiceActivity,
};
use callwright_rtp_core::rtcp::{Compound, CompoundWriter, Item, VoipMetrics};
use proptest::prelude::*;

/// Louder than this is speech.
struct Louder(f32);

impl VoiceActivity for Louder {
    fn probability(&mut self, frame: &Frame) -> f32 {
        if frame.level_dbfs() > self.0 { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {}
}

/// Takes everything for noise once it has heard a second of it, until it is restarted.
#[derive(Default)]
struct Weary {
    heard: u32,
}

impl VoiceActivity for Weary {
    fn probability(&mut self, frame: &Frame) -> f32 {
        self.heard += 1;
        if self.heard < 50 && frame.level_dbfs() > -20.0 { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {
        self.heard = 0;
    }
}

const PCMU: AudioFormat = AudioFormat {
    codec: Codec::Pcmu,
    payload_type_in: 0,
    payload_type_out: 0,
    dtmf_in: Some(DtmfFormat { payload_type: 101, clock_rate: 8_000 }),
    dtmf_out: Some(DtmfFormat { payload_type: 101, clock_rate: 8_000 }),
    comfort_noise_in: None,
    comfort_noise_out: None,
    packet_ms_out: 20,
    voip_metrics_out: false,
};

fn leg(format: AudioFormat, seed: u64, loud_dbfs: f32) -> MediaLeg {
    let spec = LegSpec { role: LegRole::Caller, format, seed };
    MediaLeg::new(spec, &LegConfig::default(), Box::new(Louder(loud_dbfs)), MonoTime::ZERO).expect("a codec")
}

/// A leg and the telephone at its other end.
struct Call {
    leg: MediaLeg,
    now: MonoTime,
    sequence: u16,
    timestamp: u32,
    says: VecDeque<SayFrame>,
    facts: Vec<(u64, LegFact)>,
    heard: Vec<Heard>,
    /// What the telephone plays, decoded.
    played: Vec<i16>,
    /// All datagrams that left.
    wire: Vec<Vec<u8>>,
}

impl Call {
    fn new() -> Self {
        Self::with(leg(PCMU, 7, -30.0))
    }

    fn with(leg: MediaLeg) -> Self {
        Self {
            leg,
            now: MonoTime::ZERO,
            sequence: 100,
            timestamp: 5_000,
            says: VecDeque::new(),
            facts: Vec::new(),
            heard: Vec::new(),
            played: Vec::new(),
            wire: Vec::new(),
        }
    }

    /// One tick in which the telephone sends these 160 samples.
    fn tick(&mut self, samples: &[i16]) {
        let mut payload = vec![0; samples.len()];
        Law::Mu.encode_into(samples, &mut payload);
        let datagram = self.packet(0, false, &payload);
        self.leg.handle_datagram(&datagram, self.now);
        self.timestamp += 160;
        self.silent_tick();
    }

    /// One tick in which nothing comes.
    fn silent_tick(&mut self) {
        self.now = self.now + Duration::from_millis(20);
        let says = &mut self.says;
        self.leg.tick(&mut || says.pop_front(), self.now);
        let mut buffer = [0; 2_048];
        while let Some(length) = self.leg.poll_datagram(&mut buffer) {
            let datagram = buffer[..length].to_vec();
            if datagram[1] & 0x7f == 0 {
                let mut samples = vec![0; length - 12];
                Law::Mu.decode_into(&datagram[12..], &mut samples);
                self.played.extend(samples);
            }
            self.wire.push(datagram);
        }
        while let Some(fact) = self.leg.poll_fact() {
            self.facts.push((self.now.as_millis(), fact));
        }
        while let Some(item) = self.leg.poll_heard() {
            self.heard.push(item);
        }
    }

    fn packet(&mut self, payload_type: u8, marker: bool, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, payload_type | u8::from(marker) << 7];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.timestamp.to_be_bytes());
        packet.extend([0, 0, 0, 9]);
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    fn ticks(&mut self, count: usize, amplitude: i16) {
        for _ in 0..count {
            let samples: Vec<i16> =
                (0..160).map(|n| if n % 40 < 20 { amplitude } else { -amplitude }).collect();
            self.tick(&samples);
        }
    }

    fn key(&mut self, event: u8) {
        for n in 0..5u16 {
            let end = n >= 3;
            let length = (n.min(3) + 1) * 160;
            let payload = [event, if end { 0x8a } else { 0x0a }, (length >> 8) as u8, length as u8];
            let datagram = self.packet(101, n == 0, &payload);
            self.leg.handle_datagram(&datagram, self.now);
            self.silent_tick();
        }
        self.timestamp += 5 * 160;
    }

    fn say(&mut self, say: u32, turn: u32, sound: &[i16]) {
        let (say, turn) = (SayId(say), TurnId(turn));
        let mut words = 0;
        for (samples, n) in sound.chunks_exact(FRAME_SAMPLES).zip(1..) {
            let frame = Frame(samples.try_into().expect("a frame"));
            // A word every 200 ms.
            words = n / 10;
            self.says.push_back(SayFrame { words, ..SayFrame::wordless(say, turn, Some(frame)) });
        }
        self.says.push_back(SayFrame { words, ..SayFrame::wordless(say, turn, None) });
    }

    fn fact(&self, wanted: impl Fn(&LegFact) -> bool) -> Option<u64> {
        self.facts.iter().find(|(_, fact)| wanted(fact)).map(|(at, _)| *at)
    }
}

fn noise(length: usize, amplitude: f32) -> Vec<i16> {
    let mut seed = 1u32;
    // Syllables of 200 ms with breaks, so that it is as uneven as speech.
    (0..length)
        .map(|n| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let envelope = (n as f32 / 3_200.0 * std::f32::consts::PI).sin().abs();
            (amplitude * envelope * ((seed >> 8) as f32 / 8_388_608.0 - 1.0)) as i16
        })
        .collect()
}

#[test]
fn an_interruption_is_ducked_then_silenced_on_the_tick_of_the_verdict() {
    let mut call = Call::new();
    call.ticks(20, 0);
    call.say(0, 0, &noise(16_000 * 5, 8_000.0));
    call.ticks(50, 0);
    let spoke_at = call.now.as_millis();
    call.ticks(70, 9_000);
    let barged = call.fact(|fact| matches!(fact, LegFact::BargedIn { .. })).expect("an interruption");
    let silent = 20
        * call.played.rchunks(160).take_while(|frame| frame.iter().all(|s| s.unsigned_abs() < 40)).count()
            as u64;
    let silenced = call.now.as_millis() - silent;
    assert!((320..=440).contains(&(silenced - spoke_at)), "silent {} ms after", silenced - spoke_at);
    assert!(barged > silenced && barged - spoke_at <= 1_100, "certain {} ms after", barged - spoke_at);
    let played = call.facts.iter().find_map(|(_, fact)| match fact {
        LegFact::BargedIn { turn, say, played, words } => Some((*turn, *say, *played, *words)),
        _ => None,
    });
    let (turn, say, played, words) = played.expect("as found above");
    assert_eq!((turn, say), (TurnId(1), SayId(0)));
    // The last frame that was sent may itself be quiet.
    let sent = Duration::from_millis(silenced - 400);
    assert!(played.duration().abs_diff(sent) <= Duration::from_millis(20), "{played:?} of {sent:?}");
    assert_eq!(u128::from(words), played.duration().as_millis() / 200, "and to the word");
}

#[test]
fn a_detector_that_noise_has_wearied_hears_the_next_voice() {
    let spec = LegSpec { role: LegRole::Caller, format: PCMU, seed: 7 };
    let leg = MediaLeg::new(spec, &LegConfig::default(), Box::new(Weary::default()), MonoTime::ZERO);
    let mut call = Call::with(leg.expect("a codec"));
    call.ticks(500, 500);
    call.ticks(40, 9_000);
    assert!(call.fact(|fact| matches!(fact, LegFact::SpeechStarted { .. })).is_some(), "{:?}", call.facts);
}

#[test]
fn a_short_interjection_loses_nothing_of_what_is_said() {
    let sound = noise(16_000 * 3, 8_000.0);
    let mut plain = Call::new();
    plain.ticks(20, 0);
    plain.say(0, 0, &sound);
    plain.ticks(170, 0);
    let mut call = Call::new();
    call.ticks(20, 0);
    call.say(0, 0, &sound);
    call.ticks(50, 0);
    call.ticks(12, 9_000);
    call.ticks(108, 0);
    let facts: Vec<&LegFact> = call.facts.iter().map(|(_, fact)| fact).collect();
    let [
        LegFact::MediaFlows,
        LegFact::SayStarted { .. },
        LegFact::SpeechStarted { turn },
        LegFact::Judged { verdict: Verdict::Backchannel, .. },
        LegFact::Resumed { turn: same },
        LegFact::SayEnded { .. },
    ] = facts.as_slice()
    else {
        panic!("{facts:?}")
    };
    assert_eq!(turn, same);
    assert_eq!(call.heard.first(), Some(&Heard::Start { turn: TurnId(1), at: MonoTime(call_onset(&call)) }));
    assert_eq!(call.heard.last(), Some(&Heard::Discard { turn: TurnId(1) }));
    let differs: Vec<usize> =
        (0..plain.played.len()).filter(|&n| plain.played[n] != call.played[n]).collect();
    let (first, last) = (differs[0] / 8, differs[differs.len() - 1] / 8);
    assert!((1_400..1_520).contains(&first) && last < 2_000, "softer from {first} to {last} ms only");
}

#[test]
fn a_wrong_stop_is_mended_and_nothing_of_what_is_said_is_lost() {
    let sound = noise(16_000 * 3, 8_000.0);
    let mut call = Call::new();
    call.ticks(20, 0);
    call.say(0, 0, &sound);
    call.ticks(50, 0);
    call.ticks(25, 9_000);
    call.ticks(200, 0);
    assert_eq!(call.fact(|fact| matches!(fact, LegFact::BargedIn { .. })), None);
    let silent =
        call.played[1_400 * 8..].iter().take(1_500 * 8).filter(|sample| sample.unsigned_abs() < 40).count()
            / 8;
    assert!((100..700).contains(&silent), "silent for {silent} ms");
    let ended = call.facts.iter().find_map(|(_, fact)| match fact {
        LegFact::SayEnded { played, .. } => Some(*played),
        _ => None,
    });
    assert_eq!(ended.map(|played| played.duration()), Some(Duration::from_secs(3)), "all of it was said");
}

#[test]
fn an_echo_after_800_ms_is_found_and_only_words_silence_us_then() {
    let mut call = Call::with(leg(PCMU, 7, -42.0));
    call.ticks(20, 0);
    // Words of unlike lengths: an even rhythm is like itself at many delays.
    let mut sound = noise(16_000 * 30, 30_000.0);
    // And as dull as a voice.
    let mut dull = 0.0;
    for sample in &mut sound {
        dull += 0.05 * (f32::from(*sample) - dull);
        *sample = (2.0 * dull) as i16;
    }
    let (mut at, mut length) = (0, 7_u64);
    while at < sound.len() {
        length = (length * 31 + 11) % 61;
        let word = 1_600 + 160 * length as usize;
        let end = sound.len();
        sound[(at + word).min(end)..(at + word + 1_200 + 80 * length as usize).min(end)].fill(0);
        at += word + 1_200 + 80 * length as usize;
    }
    call.say(0, 0, &sound);
    for _ in 0..1_300 {
        let end = call.played.len().saturating_sub(800 * 8);
        let echo: Vec<i16> = match end.checked_sub(160) {
            Some(from) => call.played[from..end].iter().map(|sample| sample / 4).collect(),
            None => vec![0; 160],
        };
        call.tick(&echo);
    }
    let found = call.fact(|fact| matches!(fact, LegFact::LateEcho)).expect("it is found");
    assert!(found < 18_000, "after {found} ms");
    let interrupted = |(at, fact): &(u64, LegFact)| *at > found && matches!(fact, LegFact::BargedIn { .. });
    assert!(!call.facts.iter().any(interrupted), "by its own voice");
}

fn call_onset(call: &Call) -> u64 {
    match call.heard.first() {
        Some(Heard::Start { at, .. }) => at.0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_echo_of_our_own_voice_takes_no_floor() {
    for delay_ms in [40, 150, 400] {
        let mut call = Call::with(leg(PCMU, 7, -42.0));
        call.ticks(20, 0);
        call.say(0, 0, &noise(16_000 * 12, 12_000.0));
        for _ in 0..620 {
            // -12 dB of what the telephone played, so much later.
            let end = call.played.len().saturating_sub(delay_ms * 8);
            let echo: Vec<i16> = match end.checked_sub(160) {
                Some(from) => call.played[from..end].iter().map(|sample| sample / 4).collect(),
                None => vec![0; 160],
            };
            call.tick(&echo);
        }
        let interrupted = call.fact(|fact| matches!(fact, LegFact::BargedIn { .. }));
        assert_eq!(interrupted, None, "at {delay_ms} ms");
        assert!(call.fact(|fact| matches!(fact, LegFact::SayEnded { .. })).is_some());
    }
}

#[test]
fn a_key_is_told_once_and_silences_the_agent() {
    let mut call = Call::new();
    call.ticks(20, 0);
    call.say(0, 0, &noise(16_000 * 3, 8_000.0));
    call.ticks(20, 0);
    call.key(5);
    call.ticks(20, 0);
    call.key(11);
    call.ticks(5, 0);
    let facts: Vec<&LegFact> = call.facts.iter().map(|(_, fact)| fact).collect();
    let [
        LegFact::MediaFlows,
        LegFact::SayStarted { .. },
        LegFact::BargedIn { turn: TurnId(1), .. },
        LegFact::Dtmf { digit: '5' },
        LegFact::Dtmf { digit: '#' },
    ] = facts.as_slice()
    else {
        panic!("{facts:?}")
    };
}

/// What a telephone sends whose user holds a key down, at 8 kHz from this sample on.
fn tone_of_a_key(row: f32, column: f32, from: usize) -> Vec<i16> {
    let wave = |hz: f32, n: usize| (std::f32::consts::TAU * hz * n as f32 / 8_000.0).sin() * 4_000.0;
    (from..from + 160).map(|n| (wave(row, n) + wave(column, n)) as i16).collect()
}

#[test]
fn a_key_in_the_sound_is_heard_where_no_other_way_was_agreed_on_and_told_once() {
    for (dtmf_in, told) in [(None, 1), (PCMU.dtmf_in, 0)] {
        let mut call = Call::with(leg(AudioFormat { dtmf_in, ..PCMU }, 7, -30.0));
        call.ticks(20, 0);
        for n in 0..6 {
            call.tick(&tone_of_a_key(852.0, 1_477.0, n * 160));
        }
        // The same key, as the telephone tells it in signalling as well.
        if dtmf_in.is_none() {
            call.leg.handle_command(&LegCommand::Key { digit: '9' }, call.now);
        }
        call.ticks(20, 0);
        let keys = call.facts.iter().filter(|(_, fact)| *fact == LegFact::Dtmf { digit: '9' }).count();
        assert_eq!(keys, told, "{dtmf_in:?}");
        if dtmf_in.is_none() {
            let turns = call.facts.iter().filter(|(_, fact)| matches!(fact, LegFact::SpeechStarted { .. }));
            assert_eq!(turns.count(), 0, "a key is no speech");
        }
    }
}

#[test]
fn word_that_nobody_speaks_keeps_a_leg_for_minutes() {
    let mut call = Call::new();
    call.ticks(20, 0);
    let comfort = call.packet(13, false, &[60]);
    call.leg.handle_datagram(&comfort, call.now);
    for _ in 0..50 * 120 {
        call.silent_tick();
    }
    assert!(call.fact(|fact| matches!(fact, LegFact::Gone(_))).is_none(), "it is only silent");
    call.ticks(10, 0);
    for _ in 0..50 * 40 {
        call.silent_tick();
    }
    assert!(
        call.fact(|fact| *fact == LegFact::Gone(Gone::Timeout)).is_some(),
        "after sound the usual time counts"
    );
}

#[test]
fn another_codec_in_the_middle_of_a_call_is_spoken_and_heard() {
    let mut call = Call::new();
    call.ticks(50, 4_000);
    let g722 = AudioFormat { codec: Codec::G722, payload_type_in: 9, payload_type_out: 9, ..PCMU };
    call.leg.handle_format(g722).expect("a codec");
    let sent = call.wire.len();
    let mut encoder = callwright_audio_core::Encoder::new(Codec::G722).expect("a codec");
    let mut levels = Vec::new();
    for _ in 0..50 {
        let frame = Frame(std::array::from_fn(|n| if n % 80 < 40 { 8_000 } else { -8_000 }));
        let mut payload = [0; 160];
        encoder.encode(&frame, &mut payload).expect("it fits");
        let datagram = call.packet(9, false, &payload);
        call.leg.handle_datagram(&datagram, call.now);
        call.timestamp += 160;
        call.silent_tick();
        levels.push(call.leg.heard_frame().level_dbfs());
    }
    assert!(levels[10..].iter().all(|level| *level > -20.0), "{levels:?}");
    let sound = call.wire[sent..].iter().filter(|packet| !(192..=223).contains(&packet[1]));
    assert!(sound.clone().count() >= 50 && sound.clone().all(|packet| packet[1] & 0x7f == 9));
    assert_eq!(call.leg.statistics().lost, 0);
}

#[test]
fn of_opus_only_half_the_band_is_sent_while_a_telephone_speaks_over_it() {
    let opus = AudioFormat { codec: Codec::Opus, payload_type_in: 111, payload_type_out: 111, ..PCMU };
    let mut call = Call::with(leg(opus, 7, -30.0));
    // RFC 6716, section 3.1: below 4 is SILK of the narrow band, from 8 on at least that of the wide one.
    let configurations = |call: &mut Call| {
        let sent = call.wire.len();
        (0..20).for_each(|_| call.silent_tick());
        let sound = call.wire[sent..].iter().filter(|packet| packet[1] & 0x7f == 111);
        sound.map(|packet| packet[12] >> 3).collect::<Vec<_>>()
    };
    let agent = configurations(&mut call);
    assert!(agent.len() == 20 && agent.iter().all(|it| *it >= 8), "{agent:?}");
    call.leg.handle_bridged(&PCMU, false, call.now);
    let bridged = configurations(&mut call);
    assert!(bridged.len() == 20 && bridged.iter().all(|it| *it < 4), "{bridged:?}");
    call.leg.handle_unbridged(call.now);
    let agent = configurations(&mut call);
    assert!(agent.len() == 20 && agent.iter().all(|it| *it >= 8), "{agent:?}");
}

#[test]
fn a_key_of_ours_goes_out_as_an_event_and_the_stream_goes_on() {
    let mut call = Call::new();
    call.ticks(10, 0);
    let length = Duration::from_millis(100);
    call.leg.handle_command(&LegCommand::SendDtmf { digit: '*', length }, call.now);
    call.ticks(40, 0);
    let events: Vec<&Vec<u8>> = call.wire.iter().filter(|packet| packet[1] & 0x7f == 101).collect();
    assert!(events.len() >= 5, "{}", events.len());
    assert!(events.iter().all(|packet| packet[12] == 10), "event 10 is the star");
    assert_eq!(events.iter().filter(|packet| packet[13] & 0x80 != 0).count(), 3, "the end is sent thrice");
    assert!(events.iter().all(|packet| packet[4..8] == events[0][4..8]), "one timestamp");
    let rtp = call.wire.iter().filter(|packet| !(192..=223).contains(&packet[1]));
    let sequences: Vec<u16> = rtp.map(|packet| u16::from_be_bytes([packet[2], packet[3]])).collect();
    assert!(sequences.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
    let last = call.wire.iter().rev().find(|packet| packet[1] & 0x7f == 0).expect("sound again");
    let stamp = |packet: &[u8]| u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
    assert_eq!(stamp(last).wrapping_sub(stamp(&call.wire[0])), 49 * 160, "the clock went on meanwhile");
}

#[test]
fn a_full_code_ends_the_turn_at_once() {
    let mut call = Call::new();
    call.leg.handle_command(&LegCommand::Expect(Expect::Code { min: 6, max: 6 }), call.now);
    call.ticks(20, 0);
    call.ticks(30, 9_000);
    let full = LegCommand::Partial {
        turn: TurnId(1),
        progress: Progress { filled: 6, words: 6, sort: Some(UtteranceSort::Speech), ..Progress::default() },
    };
    call.leg.handle_command(&full, call.now);
    let stopped = call.now.as_millis();
    call.ticks(60, 0);
    let ended = call.fact(|fact| matches!(fact, LegFact::TurnEnded { .. })).expect("an end");
    assert!(ended - stopped <= 400, "{} ms", ended - stopped);
}

#[test]
fn nobody_is_left_in_silence_and_hold_sound_is_none() {
    let mut call = Call::new();
    call.ticks(600, 0);
    let told = call.facts.iter().filter(|(_, fact)| matches!(fact, LegFact::Silence { .. })).count();
    assert_eq!(told, 2, "after 5 and 10 s");
    call.leg.handle_command(&LegCommand::Tone(Some(Tone::Hold)), call.now);
    call.ticks(600, 0);
    let told_now = call.facts.iter().filter(|(_, fact)| matches!(fact, LegFact::Silence { .. })).count();
    assert_eq!(told_now, told);
}

#[test]
fn a_line_on_hold_is_sent_nothing_and_its_music_is_nobodys_turn() {
    let mut call = Call::new();
    let music: Vec<i16> = (0..160).map(|n| if n % 40 < 20 { 8_000 } else { -8_000 }).collect();
    for _ in 0..10 {
        call.tick(&[0; 160]);
    }
    call.leg.handle_command(&LegCommand::OnHold(true), call.now);
    let sent = call.played.len();
    for _ in 0..50 * 5 {
        call.tick(&music);
    }
    for _ in 0..50 * 40 {
        call.silent_tick();
    }
    assert_eq!(call.played.len(), sent, "nothing is sent");
    assert!(call.heard.is_empty(), "the recogniser gets nothing");
    let told = call.fact(|fact| matches!(fact, LegFact::SpeechStarted { .. } | LegFact::Gone(_)));
    assert_eq!(told, None, "no turn, and a silent line on hold is not gone");
    call.leg.handle_command(&LegCommand::OnHold(false), call.now);
    for _ in 0..50 {
        call.tick(&music);
    }
    assert!(call.fact(|fact| matches!(fact, LegFact::SpeechStarted { .. })).is_some(), "they are back");
    assert!(call.played.len() > sent);
}

#[test]
fn in_a_mix_the_agent_and_others_add_up_and_who_is_not_listened_to_takes_no_turn() {
    let mut call = Call::new();
    call.ticks(10, 0);
    call.leg.handle_mixed(false, call.now);
    let (agent, other) = (Frame([1_000; FRAME_SAMPLES]), Frame([2_000; FRAME_SAMPLES]));
    let voice: Vec<i16> = (0..160).map(|n| if n % 40 < 20 { 8_000 } else { -8_000 }).collect();
    for _ in 0..40 {
        call.says.push_back(SayFrame::wordless(SayId(1), TurnId(0), Some(agent)));
        call.leg.mix_in(&other);
        call.tick(&voice);
    }
    let last =
        call.played[call.played.len() - 160..].iter().map(|sample| i32::from(*sample)).sum::<i32>() / 160;
    assert!((2_900..3_100).contains(&last), "the sum is {last}");
    assert!(call.heard.is_empty());
    call.tick(&voice);
    let alone = call.leg.sent_frame().0[0];
    assert_eq!(alone, 0, "what others said is not heard twice");
    call.leg.handle_unbridged(call.now);
    for _ in 0..50 {
        call.tick(&voice);
    }
    assert!(
        call.fact(|fact| matches!(fact, LegFact::SpeechStarted { .. })).is_some(),
        "the agent listens again"
    );
}

#[test]
fn a_line_on_hold_is_never_dead() {
    let mut call = Call::new();
    call.ticks(10, 0);
    call.leg.handle_command(&LegCommand::OnHold(true), call.now);
    for _ in 0..50 * 600 {
        call.silent_tick();
    }
    assert!(call.fact(|fact| matches!(fact, LegFact::Gone(_))).is_none());
    call.leg.handle_command(&LegCommand::OnHold(false), call.now);
    for _ in 0..50 * 29 {
        call.silent_tick();
    }
    assert!(
        call.fact(|fact| matches!(fact, LegFact::Gone(_))).is_none(),
        "its time begins with the end of the hold"
    );
    call.ticks(10, 0);
}

#[test]
fn a_dead_line_is_gone_after_its_time_and_sends_nothing_more() {
    let mut call = Call::new();
    for _ in 0..50 * 59 {
        call.silent_tick();
    }
    assert_eq!(call.fact(|fact| matches!(fact, LegFact::Gone(_))), None, "a minute for the first packet");
    call.ticks(1, 0);
    for _ in 0..50 * 31 {
        call.silent_tick();
    }
    assert_eq!(call.facts.last(), Some(&(89_000, LegFact::Gone(Gone::Timeout))));
    let sent = call.wire.len();
    call.ticks(10, 0);
    assert_eq!(call.wire.len(), sent);
}

#[test]
fn the_same_packets_make_the_same_leg_byte_for_byte() {
    let run = || {
        let mut call = Call::new();
        call.ticks(20, 0);
        call.say(0, 0, &noise(16_000 * 3, 8_000.0));
        call.ticks(50, 0);
        call.ticks(30, 9_000);
        call.ticks(100, 0);
        call.key(1);
        (call.wire, call.facts, call.heard)
    };
    let (one, other) = (run(), run());
    assert_eq!(one.0, other.0);
    assert_eq!(one.1, other.1);
    assert_eq!(one.2, other.2);
}

#[derive(Debug, Clone)]
enum Fact {
    Datagram(Vec<u8>),
    Speech { ticks: u8, amplitude: i16 },
    Lost { ticks: u8 },
    Key(u8),
    Say { turn: u32, frames: u8, ended: bool },
    Command(LegCommand),
    Bridge,
    Unbridge,
    Skipped(u32),
}

fn fact() -> impl Strategy<Value = Fact> {
    let command = prop_oneof![
        (0..6u32).prop_map(|turn| LegCommand::Hush { turn: TurnId(turn) }),
        (0..6u32, any::<u8>(), any::<u16>()).prop_map(|(turn, filled, words)| LegCommand::Partial {
            turn: TurnId(turn),
            progress: Progress { filled, words, sort: Some(UtteranceSort::Speech), ..Progress::default() },
        }),
        (0..6u32, any::<f32>())
            .prop_map(|(turn, complete)| LegCommand::TurnVote { turn: TurnId(turn), complete }),
        Just(LegCommand::Tone(Some(Tone::Hold))),
        Just(LegCommand::Tone(None)),
        Just(LegCommand::Expect(Expect::YesNo)),
        (any::<char>(), 0..5_000u64)
            .prop_map(|(digit, ms)| LegCommand::SendDtmf { digit, length: Duration::from_millis(ms) }),
        "[0-9#*A-D]".prop_map(|digit| LegCommand::SendDtmf {
            digit: digit.chars().next().expect("one"),
            length: Duration::from_millis(100)
        }),
    ];
    prop_oneof![
        2 => prop::collection::vec(any::<u8>(), 0..300).prop_map(Fact::Datagram),
        2 => (prop::collection::vec(any::<u8>(), 12..200), prop_oneof![Just(0u8), Just(101), 128..255u8]).prop_map(
            |(mut bytes, payload_type)| {
                (bytes[0], bytes[1]) = (0x80, payload_type);
                Fact::Datagram(bytes)
            }
        ),
        6 => (1..60u8, prop_oneof![Just(0i16), Just(9_000)])
            .prop_map(|(ticks, amplitude)| Fact::Speech { ticks, amplitude }),
        2 => (1..60u8).prop_map(|ticks| Fact::Lost { ticks }),
        1 => any::<u8>().prop_map(Fact::Key),
        4 => (0..6u32, 0..60u8, any::<bool>())
            .prop_map(|(turn, frames, ended)| Fact::Say { turn, frames, ended }),
        3 => command.prop_map(Fact::Command),
        1 => Just(Fact::Bridge),
        2 => Just(Fact::Unbridge),
        1 => any::<u32>().prop_map(Fact::Skipped),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn no_order_of_facts_stops_the_stream_or_loses_a_say(facts in prop::collection::vec(fact(), 1..60)) {
        let spec = LegSpec { role: LegRole::Caller, format: PCMU, seed: 3 };
        let config = LegConfig { echo_cancelling: false, ..LegConfig::default() };
        let leg = MediaLeg::new(spec, &config, Box::new(Louder(-30.0)), MonoTime::ZERO).expect("a codec");
        let mut call = Call::with(leg);
        let pcma = AudioFormat { codec: Codec::Pcma, ..PCMU };
        let mut say = 0;
        for fact in facts {
            let (ticks, wire) = (call.now, call.wire.len());
            match fact {
                Fact::Datagram(bytes) => call.leg.handle_datagram(&bytes, call.now),
                Fact::Speech { ticks, amplitude } => call.ticks(usize::from(ticks), amplitude),
                Fact::Lost { ticks } => (0..ticks).for_each(|_| call.silent_tick()),
                Fact::Key(event) => call.key(event),
                Fact::Say { turn, frames, ended } => {
                    call.say(say, turn, &vec![5_000; usize::from(frames) * FRAME_SAMPLES]);
                    if !ended {
                        call.says.pop_back();
                    }
                    say += 1;
                }
                Fact::Command(command) => call.leg.handle_command(&command, call.now),
                Fact::Bridge => call.leg.handle_bridged(&pcma, false, call.now),
                Fact::Unbridge => call.leg.handle_unbridged(call.now),
                Fact::Skipped(frames) => call.leg.handle_skipped(frames),
            }
            let ticks = call.now.since(ticks).as_millis() as usize / 20;
            prop_assert!(call.wire.len() - wire >= ticks, "a packet in every tick");
        }
        // Left alone, no say is played without a begin and an end, in this order.
        call.leg.handle_unbridged(call.now);
        let mut running = None;
        for (_, fact) in &call.facts {
            match fact {
                LegFact::SayStarted { say } => {
                    prop_assert_eq!(running, None);
                    running = Some(*say);
                }
                LegFact::SayEnded { say, .. } | LegFact::BargedIn { say, .. } => {
                    prop_assert!(running.is_none() || running == Some(*say));
                    running = None;
                }
                _ => {}
            }
        }
    }
}

/// The VoIP metrics among what has left.
fn told(wire: &[Vec<u8>]) -> Vec<VoipMetrics> {
    let items = wire.iter().filter(|datagram| (200..=207).contains(&datagram[1]));
    let items = items.flat_map(|datagram| Compound::new(datagram));
    items
        .filter_map(|item| match item.expect("ours can be read") {
            Item::VoipMetrics { metrics, .. } => Some(metrics),
            Item::SenderReport { .. }
            | Item::ReceiverReport { .. }
            | Item::Cname { .. }
            | Item::Goodbye { .. }
            | Item::Other { .. } => None,
        })
        .collect()
}

#[test]
fn who_asks_is_told_how_they_sound_and_what_they_report_is_shown() {
    for asks in [false, true] {
        let mut call = Call::with(leg(AudioFormat { voip_metrics_out: asks, ..PCMU }, 7, -30.0));
        for tick in 0..600 {
            if tick % 10 == 9 {
                // One of ten is lost.
                call.sequence += 1;
                call.timestamp += 160;
                call.silent_tick();
            } else {
                call.tick(&[900; 160]);
            }
        }
        let told = told(&call.wire);
        assert_eq!(!told.is_empty(), asks);
        let Some(last) = told.last() else { continue };
        assert_eq!(last.ssrc, 9, "about the telephone's stream");
        assert!((20..=28).contains(&last.lost_256th), "a tenth of 256: {last:?}");
        // Losses that are ten packets apart are one burst (RFC 3611: fewer than sixteen between them).
        assert!((20..=28).contains(&last.burst_256th) && last.burst_ms > 5_000, "{last:?}");
        assert!(last.rating.is_some_and(|rating| rating < 80), "{last:?}");
        let (listening, talking) = (last.listening_mos_10th, last.talking_mos_10th);
        assert!(talking.is_some() && talking <= listening, "{last:?}");
        let ours = call.leg.statistics();
        assert!(ours.mos_100th.expect("it was heard").abs_diff(u16::from(talking.expect("told")) * 10) <= 15);

        assert_eq!(ours.peer_mos_100th, None);
        let ssrc = call.wire.iter().find(|datagram| datagram[1] & 0x7f == 0).expect("it sends");
        let ssrc = u32::from_be_bytes([ssrc[8], ssrc[9], ssrc[10], ssrc[11]]);
        let mut report = [0; 100];
        let mut writer = CompoundWriter::new(&mut report);
        let metrics = VoipMetrics { ssrc, talking_mos_10th: Some(37), ..VoipMetrics::default() };
        writer.report(9, None, None).voip_metrics(9, &metrics);
        let length = writer.len();
        call.leg.handle_datagram(&report[..length], call.now);
        assert_eq!(call.leg.statistics().peer_mos_100th, Some(370));
    }
}

#[test]
fn silence_of_ours_is_comfort_noise_where_it_is_agreed_on_and_sound_begins_anew_after_it() {
    for agreed in [None, Some(13)] {
        let mut call = Call::with(leg(AudioFormat { comfort_noise_out: agreed, ..PCMU }, 7, -30.0));
        let kinds =
            |wire: &[Vec<u8>], kind: u8| wire.iter().filter(|datagram| datagram[1] & 0x7f == kind).count();
        (0..425).for_each(|_| call.tick(&[0; 160]));
        match agreed {
            None => assert_eq!((kinds(&call.wire, 0), kinds(&call.wire, 13)), (425, 0)),
            Some(_) => {
                // Half a second is sent; then one at once and one every two seconds of eight.
                assert_eq!((kinds(&call.wire, 0), kinds(&call.wire, 13)), (24, 5));
                let noise = call.wire.iter().find(|datagram| datagram[1] == 13).expect("no marker");
                assert_eq!(noise[12..], [70], "a quiet room");
            }
        }
        call.leg.handle_command(
            &LegCommand::SendDtmf { digit: '5', length: Duration::from_millis(100) },
            call.now,
        );
        (0..20).for_each(|_| call.tick(&[0; 160]));
        assert!(kinds(&call.wire, 101) > 3, "a key passes");
        call.wire.clear();
        call.leg.handle_command(&LegCommand::Tone(Some(Tone::Connect)), call.now);
        (0..10).for_each(|_| call.tick(&[0; 160]));
        let sound = call.wire.iter().find(|datagram| datagram[1] & 0x7f == 0).expect("it is heard");
        assert_eq!(sound[1] & 0x80 != 0, agreed.is_some(), "a new spurt");
    }
}
