//! Why there is no agreement.

use thiserror::Error;

/// Why a description cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SdpError {
    /// It is not SDP.
    #[error("not a session description: {what} (line {line})")]
    Malformed {
        /// Line, counted from 1; 0 when something is missing altogether.
        line: u32,
        /// What is wrong.
        what: &'static str,
    },
    /// It is longer than anything we would read.
    #[error("the session description is too large: {0}")]
    TooLarge(&'static str),
    /// It answers something else than we offered.
    #[error("the answer does not fit the offer: {0}")]
    AnswerMismatch(&'static str),
    /// It has no audio that we could take.
    #[error("no audio stream is offered")]
    NoAudio,
    /// It has audio, in codecs that we do not speak.
    #[error("no codec in common")]
    NoCommonCodec,
    /// It insists on encrypted media, in a way that we do not speak or are not to.
    #[error("only encrypted media is offered")]
    Encrypted,
    /// It insists on encrypted media, with no suite or key that we can use.
    #[error("encrypted media without a usable `a=crypto` line")]
    NoCommonSuite,
    /// It has no keys, and we insist on them.
    #[error("media without encryption, which is required here")]
    Unencrypted,
    /// It has keys in its description or none, and we insist on a handshake.
    #[error("media without DTLS, which is required here")]
    NoHandshake,
    /// It wants a handshake, and does not tell its certificate by a hash that we trust, or not who begins.
    #[error("encrypted media without a usable `a=fingerprint` and `a=setup`")]
    NoFingerprint,
    /// Its media address is a host name, or for many at once.
    #[error("the media address cannot be sent to")]
    UnusableAddress,
}

impl SdpError {
    /// The SIP status that tells the other end.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed { .. } | Self::TooLarge(_) | Self::AnswerMismatch(_) => 400,
            Self::NoAudio
            | Self::NoCommonCodec
            | Self::Encrypted
            | Self::NoCommonSuite
            | Self::Unencrypted
            | Self::NoHandshake
            | Self::NoFingerprint
            | Self::UnusableAddress => 488,
        }
    }
}
