use std::io;
use std::net::SocketAddr;

use thiserror::Error;

/// Why a browser gateway did not start or an offer was not answered. [`status`](Self::status) and [`help`](Self::help) are
/// for the HTTP answer.
#[derive(Debug, Error)]
pub enum BrowserError {
    /// The UDP address cannot be used.
    #[error("cannot receive browser calls on UDP {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The body is no offer.
    #[error("the offer cannot be read: {what}")]
    Malformed {
        /// What is wrong with it, with the line where there is one.
        what: String,
    },
    /// It is an offer, but without a codec that a browser leg speaks.
    #[error("the offer has no Opus audio (opus/48000/2) that we could answer")]
    NoOpus,
    /// As many sessions as allowed exist.
    #[error("all {sessions_max} browser lines are taken")]
    Full {
        /// The limit.
        sessions_max: usize,
    },
    /// The gateway is about to stop.
    #[error("the gateway takes no new calls: it is shutting down")]
    Draining,
    /// The WebRTC library failed in a way that the offer does not explain.
    #[error("the browser session could not be made: {0}")]
    Session(String),
}

impl BrowserError {
    /// The HTTP status to answer with.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed { .. } => 400,
            // What 488 is to SIP.
            Self::NoOpus => 406,
            Self::Full { .. } | Self::Draining => 503,
            Self::Bind { .. } | Self::Session(_) => 500,
        }
    }

    /// Seconds after which trying again makes sense, for `Retry-After`.
    #[must_use]
    pub const fn retry_after_s(&self) -> Option<u32> {
        match self {
            Self::Full { .. } => Some(10),
            Self::Draining => Some(30),
            Self::Bind { .. } | Self::Malformed { .. } | Self::NoOpus | Self::Session(_) => None,
        }
    }

    /// What the person who sees this can do.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Bind { .. } => "choose a free UDP port and an address of this machine",
            Self::Malformed { .. } => {
                "POST the SDP of an RTCPeerConnection offer with one audio section, as application/sdp"
            }
            Self::NoOpus => {
                "offer audio with Opus; every browser does unless codecs were removed from the offer"
            }
            Self::Full { .. } => "try again shortly, or raise the limit of browser sessions",
            Self::Draining => "try again shortly; another gateway may answer",
            Self::Session(_) => "try again; if it stays, the gateway's log at debug level tells more",
        }
    }
}
