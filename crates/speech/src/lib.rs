//! Ears and mouth: recognisers, synthesisers and voice activity behind traits, and the threads they run on.
//!
//! [`Speech`] is made once. A leg gets a detector ([`Speech::voice_activity`]), an [`Ear`] ([`Speech::listen`]) and a [`Mouth`]
//! ([`Speech::mouth`]); sound comes and goes through rings of frames, words through channels.
//!
//! Invariants: every [`Heard::End`](callwright_model::Heard::End) brings exactly one final, also when the engine fails; every say that
//! was begun ends with a [`SayFrame`](callwright_model::SayFrame) without a frame; nothing here waits on a leg's 20 ms path. What
//! is absent: no engine decides anything about turns, none keeps sound or words beyond a turn (fixed prompts excepted), and unsafe
//! code is in the three `ffi` modules only.

mod config;
mod error;
mod espeak;
mod flite;
mod listening;
pub mod models;
mod mouth;
mod pocketsphinx;
mod prepared;
mod prompt_cache;
mod recogniser;
mod rendition;
mod resample;
mod scheduler;
mod sentences;
mod sound;
mod speaker;
mod speaking;
mod speech;
mod synthesiser;
mod thread_pool;
mod turn_model;
mod voice_activity;
mod voices;
mod wav;
#[cfg(feature = "whisper")]
mod whisper;
mod word_share;

pub use config::{RecogniserChoice, SpeechConfig, TurnModelChoice};
pub use error::{RecogniseError, SpeechError, SynthesisError};
pub use listening::{Ear, Listening, StepEar};
pub use mouth::Mouth;
pub use speaker::Speaker;
pub use speech::Speech;
pub use voices::has_voice;
