//! Browser legs: an offer comes in and an answer goes out, or the other way round where a browser is called; what remains is a [`PacketIo`] that carries whole RTP
//! datagrams, as any other leg has.
//!
//! One UDP port serves every browser. Each session owns a virtual socket: a connectivity check finds it by the ICE user
//! fragment that we drew, everything else by the address that such a check came from. Routes go with their session.
//!
//! Invariants:
//! - We are ICE-lite. We answer checks and never send one, so an offer cannot make us send to an address of its choice.
//! - Every queue has a size; what does not fit is dropped and counted, never waited for.
//! - A session that runs changes its direction and nothing else ([`BrowserSession`]).
//! - A session ends exactly once, whatever ends it, and takes its routes, its tasks and its place among the sessions along.
//! - What a browser sends is never our error: an offer is refused with what is wrong, a datagram is dropped.
//!
//! Absent on purpose: STUN and TURN servers, trickling, video, data channels, more than one audio stream. RTCP that a leg
//! hands to [`PacketIo::send`] is dropped, because the session makes its own reports.
//!
//! [`PacketIo`]: callwright_model::PacketIo
//! [`PacketIo::send`]: callwright_model::PacketIo::send

mod config;
mod error;
mod gateway;
mod io;
mod mux;
mod offer;
mod renewal;
mod session;

pub use config::BrowserConfig;
pub use error::BrowserError;
pub use gateway::{BrowserGateway, BrowserLeg, BrowserOffer};
pub use renewal::{BrowserDirection, BrowserSession};
pub use session::{SessionEnd, SessionId};

/// Directives for a log filter that keep the library from warning of every session: what it misses, an address of its own, no
/// socket behind a shared port has; and a browser that is called checks the path before its answer is here.
pub const LOG_FILTER: &str = "rtc_dtls=error,rtc::peer_connection::handler=error";
