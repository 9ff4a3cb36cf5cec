//! What the measurements share.

pub mod action_core;
#[cfg(feature = "whisper")]
pub mod random_model;
#[cfg(feature = "whisper")]
pub mod whisper;
