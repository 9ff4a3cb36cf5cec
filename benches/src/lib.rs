//! What the measurements share.

pub mod random_model;
pub mod whisper;
