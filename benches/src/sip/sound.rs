//! What the telephones say, made into payloads before anything is measured.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use callwright_audio_core::Encoder;
use callwright_loadtest::Clip;
use callwright_model::{Codec, FRAME_SAMPLES, Frame};

/// Payloads of 20 ms, said over and over.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) payload_type: u8,
    /// By how much the RTP timestamp grows with each.
    pub(super) ticks: u32,
    pub(super) payloads: Vec<Vec<u8>>,
}

impl Sound {
    /// A recorded caller.
    pub(super) fn speech(codec: Codec) -> Result<Self> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../audio-fixtures/en-cancelled.wav");
        let clip = Clip::load(&file).map_err(|error| anyhow!(error))?;
        Self::of(codec, &clip.samples)
    }

    /// A line on which nobody speaks.
    pub(super) fn silence(codec: Codec) -> Result<Self> {
        Self::of(codec, &[0; FRAME_SAMPLES])
    }

    fn of(codec: Codec, samples: &[i16]) -> Result<Self> {
        let mut encoder = Encoder::new(codec)?;
        let mut payloads = Vec::new();
        for chunk in samples.chunks_exact(FRAME_SAMPLES) {
            let mut frame = Frame::SILENCE;
            frame.0.copy_from_slice(chunk);
            let mut payload = [0; 1_276];
            let length = encoder.encode(&frame, &mut payload)?;
            payloads.push(payload[..length].to_vec());
        }
        let ticks = codec.clock_rate() / 50;
        let payload_type = super::bridges::payload_type(codec);
        (!payloads.is_empty())
            .then_some(Self { payload_type, ticks, payloads })
            .context("a sound shorter than 20 ms")
    }
}
