//! A tick takes nothing from the heap: a thousand of them under an allocator that counts.
#![expect(clippy::expect_used, reason = "a test says why it expects")]

#[path = "shared/counting.rs"]
mod counting;

use callwright_leg_core::{LegConfig, LegSpec, MediaLeg};
use callwright_model::{
    AudioFormat, Codec, DtmfFormat, FRAME_SAMPLES, Frame, LegCommand, LegFact, LegRole, MonoTime, SayFrame,
    SayId, Tone, TurnId, VoiceActivity,
};

use counting::taken;

struct Loud;

impl VoiceActivity for Loud {
    fn probability(&mut self, frame: &Frame) -> f32 {
        if frame.level_dbfs() > -30.0 { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {}
}

/// Runs 1,000 ticks of a lively call and tells how often the heap was asked.
fn allocations(codec: Codec, echo_cancelling: bool) -> u64 {
    let dtmf = Some(DtmfFormat { payload_type: 101, clock_rate: codec.clock_rate() });
    let format = AudioFormat { codec, dtmf_in: dtmf, dtmf_out: dtmf, ..AudioFormat::PCMU };
    let spec = LegSpec { role: LegRole::Caller, format, seed: 1 };
    let config = LegConfig { echo_cancelling, ..LegConfig::default() };
    let mut leg = MediaLeg::new(spec, &config, Box::new(Loud), MonoTime::ZERO).expect("a codec");

    let voice: [u8; 160] = std::array::from_fn(|n| if n % 40 < 20 { 0x10 } else { 0x90 });
    let quiet = [0xff; 160];
    let sound = Frame(std::array::from_fn(|n| if n % 80 < 40 { 6_000 } else { -6_000 }));
    let (mut turn, mut say, mut said) = (TurnId(0), SayId(0), 0);
    let (mut packet, mut out) = ([0u8; 172], [0u8; 2_048]);
    let (mut turns, mut sent, mut hushed) = (0, 0, 0);
    let before = taken();
    for n in 0..1_000u32 {
        let now = MonoTime::from_millis(u64::from(n + 1) * 20);
        // Four seconds: two of the agent alone, one of the caller over it, one of nobody.
        let phase = n % 200;
        packet[..2].copy_from_slice(&[0x80, 0]);
        packet[2..4].copy_from_slice(&(n as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(n * 160).to_be_bytes());
        packet[8..12].copy_from_slice(&[1, 2, 3, 4]);
        packet[12..].copy_from_slice(if (100..150).contains(&phase) { &voice } else { &quiet });
        // Every fiftieth is lost.
        if n % 50 != 7 {
            leg.handle_datagram(&packet, now);
        }
        match phase {
            0 => leg.handle_command(&LegCommand::Tone(Some(Tone::Hold)), now),
            50 => leg.handle_command(&LegCommand::Tone(None), now),
            60 => {
                let length = std::time::Duration::from_millis(100);
                leg.handle_command(&LegCommand::SendDtmf { digit: '1', length }, now);
            }
            // A talk among three for half a second.
            160 => leg.handle_mixed(true, now),
            185 => leg.handle_unbridged(now),
            _ => {}
        }
        leg.mix_in(&sound);
        let mut says = || {
            said = if said == 120 { 0 } else { said + 1 };
            let item = SayFrame {
                words: said / 20,
                word_at: Some(said % FRAME_SAMPLES as u16),
                ..SayFrame::wordless(say, turn, (said < 120).then_some(sound))
            };
            if said == 120 {
                say = say.next();
            }
            Some(item)
        };
        leg.tick(&mut says, now);
        while leg.poll_datagram(&mut out).is_some() {
            sent += 1;
        }
        while leg.poll_heard().is_some() {}
        while let Some(fact) = leg.poll_fact() {
            match fact {
                LegFact::TurnEnded { turn: ended, .. } => {
                    turns += 1;
                    turn = ended;
                    say = say.next();
                    said = 0;
                }
                LegFact::BargedIn { .. } => hushed += 1,
                _ => {}
            }
        }
    }
    let taken = taken() - before;
    if codec == Codec::Pcmu {
        assert!(turns >= 4 && hushed >= 3, "the call was lively: {turns} turns, {hushed} interruptions");
    }
    assert!(sent >= 1_000, "{sent} datagrams");
    taken
}

#[test]
fn a_thousand_ticks_of_g711_take_nothing_from_the_heap() {
    assert_eq!(allocations(Codec::Pcmu, false), 0);
}

#[test]
fn a_thousand_ticks_of_g722_take_nothing_from_the_heap() {
    assert_eq!(allocations(Codec::G722, false), 0);
}

#[test]
fn a_thousand_ticks_of_opus_take_nothing_from_the_heap() {
    assert_eq!(allocations(Codec::Opus, false), 0);
}
