//! Payloads to samples and frames to payloads, for every codec of `model`.

use callwright_model::{Codec, FRAME_SAMPLES, Frame, SAMPLE_RATE};
use thiserror::Error;

use crate::conceal::Concealer;
use crate::g711::Law;
use crate::g722::{G722Decoder, G722Encoder};
use crate::opus_codec::{self, OpusDecoder, OpusEncoder};
use crate::pcm_ring::PcmRing;
use crate::resample::{Downsampler, Upsampler};

/// The longest packet time that is decoded: Opus goes no further, and nobody packs telephony more coarsely.
pub const PACKET_MS_MAX: u32 = 120;

/// What a codec could not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodecError {
    /// The codec could not be set up; refuse the call.
    #[error("the codec cannot be set up: {0}")]
    Unavailable(&'static str),
    /// The payload is no packet of this codec; conceal in its place.
    #[error("the payload is not valid for its codec")]
    Corrupt,
    /// The caller's buffer has no room for the result.
    #[error("the buffer has no room for the result")]
    NoRoom,
}

/// How long a payload plays, in ticks of the codec's RTP clock; `None` when it is no packet of this codec or plays longer
/// than [`PACKET_MS_MAX`].
#[must_use]
pub fn packet_ticks(codec: Codec, payload: &[u8]) -> Option<u32> {
    let ticks = match codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 => u32::try_from(payload.len()).ok()?,
        Codec::Opus => opus_codec::ticks(payload)?,
    };
    (ticks > 0 && ticks <= codec.clock_rate() / 1_000 * PACKET_MS_MAX).then_some(ticks)
}

/// Samples of ours that play as long as these ticks of the codec's RTP clock.
#[must_use]
pub const fn samples_of_ticks(codec: Codec, ticks: u32) -> usize {
    (ticks as u64 * SAMPLE_RATE as u64 / codec.clock_rate() as u64) as usize
}

/// Ticks of the codec's RTP clock that play as long as these samples of ours.
#[must_use]
pub const fn ticks_of_samples(codec: Codec, samples: usize) -> u32 {
    (samples as u64 * codec.clock_rate() as u64 / SAMPLE_RATE as u64) as u32
}

/// Turns frames into payloads of 20 ms.
pub struct Encoder(EncoderKind);

enum EncoderKind {
    G711 { law: Law, down: Box<Downsampler<2>> },
    G722(Box<G722Encoder>),
    Opus(OpusEncoder),
}

impl Encoder {
    /// Bytes that hold every payload it makes.
    pub const PAYLOAD_MAX: usize = 1_276;

    /// An encoder at the start of a stream.
    ///
    /// # Errors
    /// [`CodecError::Unavailable`] when libopus refuses.
    pub fn new(codec: Codec) -> Result<Self, CodecError> {
        let g711 = |law| EncoderKind::G711 { law, down: Box::new(Downsampler::new()) };
        Ok(Self(match codec {
            Codec::Pcmu => g711(Law::Mu),
            Codec::Pcma => g711(Law::A),
            Codec::G722 => EncoderKind::G722(Box::new(G722Encoder::new())),
            Codec::Opus => EncoderKind::Opus(OpusEncoder::new()?),
        }))
    }

    /// Writes the frame's payload to the front of `out` and tells its length.
    ///
    /// # Errors
    /// [`CodecError::NoRoom`] when `out` is too short; [`Encoder::PAYLOAD_MAX`] is always enough.
    pub fn encode(&mut self, frame: &Frame, out: &mut [u8]) -> Result<usize, CodecError> {
        self.encode_samples(&frame.0, out)
    }

    /// The same for a packet of another length: of Opus 10, 20, 40 or 60 ms, else an even number of samples.
    ///
    /// # Errors
    /// [`CodecError::NoRoom`] when `out` is too short, or no packet of Opus has this length.
    pub fn encode_samples(&mut self, samples: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        match &mut self.0 {
            EncoderKind::G711 { law, down } => {
                let out = out.get_mut(..samples.len() / 2).ok_or(CodecError::NoRoom)?;
                // An agent is silent for most of a call.
                if down.rests(samples) {
                    out.fill(law.encode(0));
                    return Ok(out.len());
                }
                let mut narrow = [0; FRAME_SAMPLES / 2];
                for (samples, out) in samples.chunks(FRAME_SAMPLES).zip(out.chunks_mut(FRAME_SAMPLES / 2)) {
                    let narrow = &mut narrow[..out.len()];
                    down.process(&samples[..2 * out.len()], narrow);
                    law.encode_into(narrow, out);
                }
                Ok(out.len())
            }
            EncoderKind::G722(encoder) => {
                let out = out.get_mut(..samples.len() / 2).ok_or(CodecError::NoRoom)?;
                encoder.encode(samples, out);
                Ok(out.len())
            }
            EncoderKind::Opus(encoder) => encoder.encode(samples, out),
        }
    }

    /// Tells whether what is encoded has nothing above 4 kHz, so that a codec with a choice spends no effort there.
    pub fn expect_narrow(&mut self, narrow: bool) {
        match &mut self.0 {
            EncoderKind::G711 { .. } | EncoderKind::G722(_) => {}
            EncoderKind::Opus(encoder) => encoder.expect_narrow(narrow),
        }
    }

    /// Tells the loss that the receiver reports, so that a codec with redundancy spends no more on it than is useful.
    pub fn expect_loss(&mut self, percent: u8) {
        match &mut self.0 {
            EncoderKind::G711 { .. } | EncoderKind::G722(_) => {}
            EncoderKind::Opus(encoder) => encoder.expect_loss(percent),
        }
    }
}

/// Turns payloads of any packet time into samples, and missing ones into a guess.
pub struct Decoder(DecoderKind);

enum DecoderKind {
    G711 {
        law: Law,
        concealer: Box<Concealer>,
        up: Box<Upsampler<2>>,
        /// Silence came for so long that more of it comes out as it is. Many telephones send it while nobody speaks.
        at_rest: bool,
    },
    G722 {
        decoder: Box<G722Decoder>,
        concealer: Box<Concealer>,
    },
    Opus(OpusDecoder),
}

impl Decoder {
    /// A decoder at the start of a stream.
    ///
    /// # Errors
    /// [`CodecError::Unavailable`] when libopus refuses.
    pub fn new(codec: Codec) -> Result<Self, CodecError> {
        let g711 = |law| DecoderKind::G711 {
            law,
            concealer: Box::new(Concealer::narrow()),
            up: Box::new(Upsampler::new()),
            at_rest: false,
        };
        Ok(Self(match codec {
            Codec::Pcmu => g711(Law::Mu),
            Codec::Pcma => g711(Law::A),
            Codec::G722 => DecoderKind::G722 {
                decoder: Box::new(G722Decoder::new()),
                concealer: Box::new(Concealer::wide()),
            },
            Codec::Opus => DecoderKind::Opus(OpusDecoder::new()?),
        }))
    }

    /// Appends the payload's samples to `pcm` and tells how many.
    ///
    /// # Errors
    /// [`CodecError::Corrupt`] for what is no packet of this codec, [`CodecError::NoRoom`] when `pcm` is too full; nothing
    /// was appended then.
    pub fn decode(&mut self, payload: &[u8], pcm: &mut PcmRing) -> Result<usize, CodecError> {
        match &mut self.0 {
            DecoderKind::G711 { law, concealer, up, at_rest } => {
                packet_ticks(Codec::Pcmu, payload).ok_or(CodecError::Corrupt)?;
                let count = payload.len() * 2;
                if pcm.room() < count {
                    return Err(CodecError::NoRoom);
                }
                let silent = law.is_silence(payload);
                if silent && *at_rest {
                    pcm.extend(count).fill(0);
                    return Ok(count);
                }
                for codes in payload.chunks(CHUNK) {
                    let mut narrow = [0; CHUNK];
                    let narrow = &mut narrow[..codes.len()];
                    law.decode_into(codes, narrow);
                    concealer.received(narrow);
                    up.process(narrow, pcm.extend(narrow.len() * 2));
                }
                *at_rest = silent && concealer.is_at_rest();
                Ok(count)
            }
            DecoderKind::G722 { decoder, concealer } => {
                packet_ticks(Codec::G722, payload).ok_or(CodecError::Corrupt)?;
                let count = payload.len() * 2;
                if pcm.room() < count {
                    return Err(CodecError::NoRoom);
                }
                let samples = pcm.extend(count);
                decoder.decode(payload, samples);
                concealer.received(samples);
                Ok(count)
            }
            DecoderKind::Opus(decoder) => {
                let ticks = packet_ticks(Codec::Opus, payload).ok_or(CodecError::Corrupt)?;
                append(pcm, samples_of_ticks(Codec::Opus, ticks), |out| decoder.decode(payload, out))
            }
        }
    }

    /// Appends `samples` (rounded up to 2.5 ms) in place of a packet that is missing; the longer the sound is missing,
    /// the softer the guess. Appends nothing when `pcm` is too full.
    pub fn conceal(&mut self, samples: usize, pcm: &mut PcmRing) -> usize {
        let samples = samples.next_multiple_of(CONCEAL_STEP).min(pcm.room() / CONCEAL_STEP * CONCEAL_STEP);
        match &mut self.0 {
            DecoderKind::G711 { concealer, up, at_rest, .. } => {
                *at_rest = false;
                let mut left = samples / 2;
                while left > 0 {
                    let mut narrow = [0; CHUNK];
                    let narrow = &mut narrow[..left.min(CHUNK)];
                    concealer.conceal(narrow);
                    up.process(narrow, pcm.extend(narrow.len() * 2));
                    left -= narrow.len();
                }
                samples
            }
            DecoderKind::G722 { concealer, .. } => {
                concealer.conceal(pcm.extend(samples));
                samples
            }
            DecoderKind::Opus(decoder) => {
                let mut done = 0;
                while done < samples {
                    let piece = (samples - done).min(SAMPLES_MAX);
                    if append(pcm, piece, |out| decoder.conceal(out)).is_err() {
                        // libopus refuses only odd lengths; silence keeps the promise of the count.
                        pcm.extend(piece).fill(0);
                    }
                    done += piece;
                }
                samples
            }
        }
    }

    /// Appends `samples` (rounded up to 2.5 ms) in place of the packet just before `next`, from the redundancy that
    /// `next` carries if its codec has any; otherwise conceals. `next` is still to be decoded afterwards.
    pub fn recover(&mut self, next: &[u8], samples: usize, pcm: &mut PcmRing) -> usize {
        let length = samples.next_multiple_of(CONCEAL_STEP).min(SAMPLES_MAX);
        if let DecoderKind::Opus(decoder) = &mut self.0
            && let Ok(count) = append(pcm, length, |out| decoder.recover(next, out))
        {
            return count;
        }
        self.conceal(samples, pcm)
    }
}

/// Samples at 8 kHz worked on at once.
const CHUNK: usize = 160;
/// Samples of the longest packet.
const SAMPLES_MAX: usize = (SAMPLE_RATE / 1_000 * PACKET_MS_MAX) as usize;
/// 2.5 ms, the grain of Opus, and also of ours so that codecs behave alike.
const CONCEAL_STEP: usize = 40;

/// Appends `count` samples written by `write`; takes them back when it fails or writes another number.
fn append(
    pcm: &mut PcmRing,
    count: usize,
    write: impl FnOnce(&mut [i16]) -> Result<usize, CodecError>,
) -> Result<usize, CodecError> {
    if pcm.room() < count {
        return Err(CodecError::NoRoom);
    }
    let before = pcm.len();
    let written = write(pcm.extend(count));
    let kept = written.as_ref().map_or(0, |&written| written.min(count));
    pcm.truncate(before + kept);
    written.map(|_| kept)
}

#[cfg(test)]
mod tests;
