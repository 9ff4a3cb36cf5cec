//! What the measurements share.

#[cfg(feature = "core")]
pub mod action_core;
pub mod memory;
#[cfg(feature = "whisper")]
pub mod random_model;
pub mod report;
#[cfg(feature = "sip")]
pub mod sip;
#[cfg(feature = "understanding")]
pub mod understanding;
#[cfg(feature = "whisper")]
pub mod whisper;
