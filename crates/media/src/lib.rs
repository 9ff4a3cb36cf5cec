//! Worker threads: sockets and the 20 ms loop over the legs pinned to them.
//!
//! [`Media::start`] starts one thread per core. Every 20 ms each thread walks over its legs: receive, decode, cancel echo,
//! floor, mix, encode, send. A leg is pinned to a thread by its call, so that the legs of one call can be bridged without
//! anything shared. The machine of a leg, [`callwright_leg_core::MediaLeg`], is pure; this crate gives it packets, time
//! and rings, and takes its facts to the conversation.
//!
//! What every queue does when it is full:
//! - *heard* (leg to recogniser): frames are dropped and counted, boundaries of turns wait;
//! - *say* (synthesiser to leg): the synthesiser waits;
//! - *events* (leg to conversation): facts wait in the leg, and past its limit are dropped and counted;
//! - *tap* (leg to whoever listens in, such as a recording): ticks are lost, and numbered so that it shows;
//! - *commands* (conversation to leg): dropped, counted and warned of; `Remove` has a queue of its own and always passes.
//!
//! A thread that wakes up late makes up for at most three frames at once and skips the rest: a caller would rather miss
//! 40 ms than hear everything late from then on.
//!
//! RTCP is taken on the RTP port (RFC 5761) and on the odd port above it. With keys, packets are encrypted between socket and leg
//! (SRTP, RFC 3711); the leg knows nothing of it, but that it must wait while a handshake (DTLS-SRTP, RFC 5764) brings them. A handshake
//! runs on the worker and allocates, once a call; what passes afterwards does not.

mod board;
mod cipher;
mod clock;
mod config;
mod dtls;
mod error;
mod media;
mod meter;
mod ports;
mod shield;
mod slot;
mod socket;
mod worker;

pub use callwright_leg_core::{LegConfig, LegError, LegStatistics};
pub use config::MediaConfig;
pub use error::MediaError;
pub use media::{LegPorts, LegSetup, Media};
pub use socket::RtpSocket;
