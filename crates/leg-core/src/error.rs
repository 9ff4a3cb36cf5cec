//! Why a leg cannot be made.

use callwright_audio_core::CodecError;
use thiserror::Error;

/// Why a leg cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LegError {
    /// The codec cannot be set up: refuse the call.
    #[error(transparent)]
    Codec(#[from] CodecError),
}
