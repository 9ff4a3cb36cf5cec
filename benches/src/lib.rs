//! What the measurements share.

pub mod action_core;
mod memory;
#[cfg(feature = "whisper")]
pub mod random_model;
pub mod report;
#[cfg(feature = "sip")]
pub mod sip;
#[cfg(feature = "whisper")]
pub mod whisper;
