//! PCM into caller-owned buffers: codecs, resampling, mixing, tones, echo cancelling.
//!
//! Every sound inside Callwright is a [`Frame`](callwright_model::Frame); this crate turns RTP payloads into frames and
//! frames into RTP payloads, and works on frames between the two. A leg drives it once every 20 ms:
//!
//! ```
//! use callwright_audio_core::{Decoder, EchoCanceller, Encoder, GainRamp, PcmRing, mix_into};
//! use callwright_model::{Codec, Frame};
//!
//! # fn main() -> Result<(), callwright_audio_core::CodecError> {
//! let mut decoder = Decoder::new(Codec::Pcmu)?;
//! let mut encoder = Encoder::new(Codec::Pcmu)?;
//! let mut pcm = PcmRing::new();
//! let mut echo = EchoCanceller::new();
//! let mut gain = GainRamp::new();
//! let (mut heard, mut sent, prompt) = (Frame::SILENCE, Frame::SILENCE, Frame::SILENCE);
//! let mut datagram = [0; 1_500];
//!
//! decoder.decode(&[0xFF; 160], &mut pcm)?; // or `conceal` when the packet is missing
//! if pcm.pop_frame(&mut heard) {
//!     echo.process(&sent, &mut heard); // `sent` is what left in the tick before
//! }
//! sent = prompt;
//! gain.apply(&mut sent);
//! mix_into(&mut sent, &Frame::SILENCE);
//! let length = encoder.encode(&sent, &mut datagram)?;
//! assert_eq!(length, 160);
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//! - After construction nothing here allocates; all state lives in buffers made by `new`. The one exception is inside
//!   [`EchoCanceller`], see there.
//! - Whatever a peer sends, a decoder answers with sound or with [`CodecError`], never with a panic.
//! - Streams are continuous: filters, concealment and oscillators carry their state from frame to frame.
//!
//! # What is absent
//! No RTP (that is `rtp-core`), no clock, no threads. Nothing here decides what is said.

mod brightness;
mod codec;
mod comfort_noise;
mod conceal;
mod echo;
pub mod g711;
mod g722;
mod gain;
mod key_detector;
mod level;
mod opus_codec;
mod own_voice;
mod pcm_ring;
mod resample;
mod steady_tone;
mod time_scale;
mod tone;

pub use brightness::brightness;
pub use codec::{
    CodecError, Decoder, Encoder, PACKET_MS_MAX, packet_ticks, samples_of_ticks, ticks_of_samples,
};
pub use comfort_noise::ComfortNoise;
pub use conceal::Concealer;
pub use echo::EchoCanceller;
pub use gain::{GainRamp, mix_into};
pub use key_detector::KeyDetector;
pub use level::{Level, LevelMeter};
pub use own_voice::{Own, OwnVoice};
pub use pcm_ring::PcmRing;
pub use resample::{Downsampler, Upsampler};
pub use steady_tone::SteadyTone;
pub use time_scale::{lengthen, shorten};
pub use tone::ToneGenerator;
