//! What the caller of this crate can do about a failure.

use std::io;
use std::net::IpAddr;

use callwright_leg_core::LegError;
use callwright_model::LegId;
use thiserror::Error;

/// Why media cannot be had.
#[derive(Debug, Error)]
pub enum MediaError {
    /// A worker thread could not be started: the machine is out of threads or memory.
    #[error("cannot start a media worker: {0}")]
    Worker(#[source] io::Error),
    /// The configured range holds no even port with the odd one above it.
    #[error("the port range {0}-{1} holds no pair of an even and the next odd port")]
    PortRange(u16, u16),
    /// Every port of the range is taken: refuse the call, or widen the range.
    #[error("no free pair of RTP ports on {0}")]
    NoFreePort(IpAddr),
    /// The address cannot be bound at all: it is not ours.
    #[error("cannot bind {0}: {1}")]
    Bind(IpAddr, #[source] io::Error),
    /// No certificate can be made for handshakes: the system gives no random bytes.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
    /// A leg of that name is there already.
    #[error("{0} is there already")]
    Duplicate(LegId),
    /// The leg's codec cannot be set up.
    #[error(transparent)]
    Leg(#[from] LegError),
    /// The worker takes no more: refuse the call.
    #[error("the media worker takes no more legs")]
    Full,
    /// Media has been shut down.
    #[error("media is shut down")]
    Down,
}
