//! A recorded call through a leg, in virtual time: what its floor decides.

use std::fmt;
use std::path::Path;

use callwright_audio_core::Encoder;
use callwright_leg_core::{LegConfig, LegSpec, MediaLeg};
use callwright_model::{
    AudioFormat, Codec, FRAME_SAMPLES, Frame, LegFact, LegRole, MonoTime, SayFrame, SayId, TurnId,
};
use callwright_speech::Speech;

use crate::program::repository;

/// One decision of a floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When, in milliseconds since the start of the recording.
    pub at_ms: u64,
    /// What, as text with all its evidence.
    pub what: String,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}  {}", self.at_ms / 1_000, self.at_ms % 1_000, self.what)
    }
}

/// Sends a stereo recording (caller left, agent right, 16 kHz) through a leg.
///
/// # Errors
/// When the recording cannot be read.
pub fn replay_floor(file: &Path) -> Result<Vec<Decision>, String> {
    let mut reader = hound::WavReader::open(file).map_err(|error| error.to_string())?;
    if reader.spec().channels != 2 || reader.spec().sample_rate != 16_000 {
        return Err("a stereo recording at 16 kHz is wanted".to_owned());
    }
    let samples =
        reader.samples::<i16>().collect::<Result<Vec<i16>, _>>().map_err(|error| error.to_string())?;
    let side = |offset: usize| samples.iter().skip(offset).step_by(2).copied().collect::<Vec<i16>>();
    Ok(replay(&side(0), &side(1)))
}

/// The same for two tracks.
///
/// # Panics
/// Never for sound: G.711 is always there.
#[must_use]
pub fn replay(caller: &[i16], agent: &[i16]) -> Vec<Decision> {
    let spec = LegSpec { role: LegRole::Caller, format: AudioFormat::PCMU, seed: 1 };
    let detector = Speech::detector(Some(&repository().join("models")));
    let mut leg =
        MediaLeg::new(spec, &LegConfig::default(), detector, MonoTime::ZERO).expect("G.711 is there");
    let mut encoder = Encoder::new(Codec::Pcmu).expect("G.711 is there");
    let mut decisions = Vec::new();
    let (mut turn, mut say, mut sounding) = (TurnId(0), SayId(0), false);
    let mut out = [0; 2_048];
    for (number, sound) in caller.chunks_exact(FRAME_SAMPLES).enumerate() {
        let now = MonoTime::from_millis(20 * (number as u64 + 1));
        leg.handle_datagram(&packet(&mut encoder, sound, number), now);
        let mut frame = Frame::SILENCE;
        if let Some(part) = agent.get(number * FRAME_SAMPLES..(number + 1) * FRAME_SAMPLES) {
            frame.0.copy_from_slice(part);
        }
        let sounds = frame.level_dbfs() > AGENT_SOUNDS_DBFS;
        if sounds && !sounding {
            say = say.next();
        }
        let mut item = (sounds || sounding).then(|| SayFrame::wordless(say, turn, sounds.then_some(frame)));
        sounding = sounds;
        leg.tick(&mut || item.take(), now);
        while leg.poll_datagram(&mut out).is_some() {}
        while leg.poll_heard().is_some() {}
        while let Some(fact) = leg.poll_fact() {
            if let LegFact::TurnEnded { turn: over, .. }
            | LegFact::BargedIn { turn: over, .. }
            | LegFact::Resumed { turn: over } = &fact
            {
                turn = *over;
            }
            decisions.push(Decision { at_ms: now.as_millis(), what: format!("{fact:?}") });
        }
    }
    decisions
}

fn packet(encoder: &mut Encoder, sound: &[i16], number: usize) -> Vec<u8> {
    let mut frame = Frame::SILENCE;
    frame.0.copy_from_slice(sound);
    let mut payload = [0; Encoder::PAYLOAD_MAX];
    let length = encoder.encode(&frame, &mut payload).expect("G.711 encodes everything");
    let mut packet = vec![0x80, 0];
    packet.extend_from_slice(&(number as u16).to_be_bytes());
    packet.extend_from_slice(&(number as u32 * 160).to_be_bytes());
    packet.extend_from_slice(&7_u32.to_be_bytes());
    packet.extend_from_slice(&payload[..length]);
    packet
}

/// The agent's side of a recording is silent to the bit, or a voice.
const AGENT_SOUNDS_DBFS: f32 = -60.0;
