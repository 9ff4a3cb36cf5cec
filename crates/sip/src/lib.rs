//! A SIP endpoint over UDP and TCP: it yields incoming calls and places outgoing ones.
//!
//! A SIP library does the transactions and dialogs of RFC 3261; no type of it leaves this crate. What it leaves to its user
//! is done here: sanity checks with an answer instead of silence, admission before anything is queued without limit, sources
//! that may call, `Require`, methods, delayed offers, and an end for every dialog.
//!
//! # How it is driven
//!
//! [`SipEndpoint::start`] binds and returns a stream of [`SipEvent`]s. An [`IncomingCall`] is rung, accepted or rejected;
//! dropped without a verdict it is rejected with 480. Accepting it, or [`SipEndpoint::invite`], gives a [`SipLeg`]: a queue of
//! [`SipLegEvent`]s and a [`SipLegControl`] to hang up with, to change the session (re-INVITE) and to hand the call on (REFER). The last event of a leg is [`SipLegEvent::Refused`] or
//! [`SipLegEvent::Ended`], and it comes unless the endpoint is closed first. Dropping a leg hangs up.
//!
//! # Who is let in
//!
//! In this order, each with its own counter in [`SipStatistics`]:
//!
//! 1. A datagram is read only while fewer than [`SipConfig::datagrams_waiting_max`] wait to be worked on; SIP repeats itself.
//! 2. What is not SIP is dropped; a request that cannot be read is answered 400, 405, 505 or 513.
//! 3. A request that begins something from a source outside [`SipConfig::allowed_sources`] is answered 603, and nothing is kept.
//! 4. An INVITE while draining is answered 503 with `Retry-After`; above [`SipConfig::calls_max`] or while overloaded, 486 or
//!    503 as [`SipConfig::when_full`] says.
//!
//! # Logging
//!
//! At INFO the library logs whole messages, with callers' numbers and credentials. Whoever sets up logging adds
//! [`LOG_FILTER`] to its filter.
//!
//! # What it does not do
//!
//! - Encrypted transports (TLS, WebSocket), registration at a registrar, challenges to callers, and proxies in front of
//!   outgoing calls other than by the address in the URI.
//! - Reliable provisional answers (RFC 3262) that carry our offer: where the offer is left to us, a caller who insists on reliable
//!   answers hears nothing before the answer.
//! - REFER outside a call: answered 403.
//! - Bodies of several parts. An INVITE must carry SDP or nothing, else it is answered 415.
//! - Datagrams above 8 KiB: answered 513. Prefer TCP for large messages.
//! - Over TCP a message that cannot be read at all ends its connection without an answer, for its end cannot be found. A peer
//!   that stops reading its TCP connection can delay the answers to other peers' repeated requests: the library writes some
//!   of its answers from its one reading task.
//! - With several listening addresses, requests of ours over UDP leave from the first.
//! - A message's timing is the library's: a refusal is repeated until it is acknowledged for 64 times T1.

mod arrivals;
mod attempts;
mod config;
mod counters;
mod endpoint;
mod error;
mod fields;
mod gate;
mod incoming;
mod inside;
mod leg;
mod network;
mod outgoing;
mod registry;
mod reliable;
mod request;
mod screen;
mod socket;
mod strict;
mod timer;

pub use config::{SipConfig, WhenFull};
pub use counters::SipStatistics;
pub use endpoint::{SipEndpoint, SipEvent};
pub use error::SipError;
pub use fields::{CallFields, Diversion, HistoryEntry, Reason, Replaces, ReplacesError, UserToUser};
pub use incoming::IncomingCall;
pub use leg::{
    IncomingRefer, LegEnd, Refer, ReferProgress, ReferReporter, Reinvite, SipLeg, SipLegControl, SipLegEvent,
};
pub use network::{Network, NetworkError};
pub use outgoing::{Credentials, OutgoingCall, check_uri};

/// Directive for a log filter that keeps the library from logging whole messages.
pub const LOG_FILTER: &str = "rsipstack=error";

/// Over what a call's signalling came or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}
