//! A SIP endpoint over UDP, TCP, TLS and WebSocket: it yields incoming calls and places outgoing ones.
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
//! 1. A datagram is read only while fewer than [`SipConfig::datagrams_waiting_max`] wait to be worked on; SIP repeats itself. As
//!    many messages of connections may wait, and then connections are not read. There are at most
//!    [`SipConfig::connections_max`], whose peers must say something whole in [`SipConfig::message_time`] and take what we
//!    send. A script in a browser must be of one of [`SipConfig::origins`].
//! 2. What is not SIP is dropped, and ends its connection; a request that cannot be read is answered 400, 405, 505 or 513.
//! 3. A REGISTER, and an INVITE from a source outside [`SipConfig::allowed_sources`], must prove to be of one of
//!    [`SipConfig::users`]: 401, and 503 for a source that was wrong too often. Whatever else begins something from outside is
//!    answered 603. Nothing is kept of any of them. Without users REGISTER is unknown.
//! 4. An INVITE while draining is answered 503 with `Retry-After`; above [`SipConfig::calls_max`] or while overloaded, 486 or
//!    503 as [`SipConfig::when_full`] says.
//!
//! A source that a trunk names, or is found at, is let in besides; each trunk has limits of its own, told by 503 and `Retry-After`.
//!
//! # Trunks
//!
//! [`SipConfig::trunks`] are carriers. Each has a task that registers (RFC 3261 section 10, digest with MD5 or SHA-256), asks with OPTIONS
//! whether it lives, and says good-bye at [`SipEndpoint::shutdown`]. [`SipEndpoint::ways`] tells which a number may go by, and
//! [`SipEndpoint::invite_by_trunk`] calls by one, trying its addresses (RFC 3263) in turn. Nothing stands between trunks: whoever wants
//! the next way takes it. [`SipEndpoint::examine_trunk`] looks for what is wrong with one.
//!
//! A trunk's calls are asked for no password: whoever can send from its addresses is it. Over UDP a source can be forged, so that is as safe
//! as the network in between; over TLS with `TlsConfig::clients` it is as safe as the certificates.
//! Requests inside a call go where its `Contact` and routes lead, over a connection that is there; a new one over TLS is checked by the name
//! under which the trunk was found.
//!
//! # Looking on
//!
//! [`SipConfig::tap`] is told every message as it is on the wire; hiding its secrets is up to whoever looks on. Without one nothing is copied.
//!
//! # Logging
//!
//! At INFO the library logs whole messages, with callers' numbers and credentials. Whoever sets up logging adds
//! [`LOG_FILTER`] to its filter.
//!
//! # What it does not do
//!
//! - Proxies in front of outgoing calls other than by the address in the URI.
//! - Reliable provisional answers (RFC 3262) that carry our offer: where the offer is left to us, a caller who insists on reliable
//!   answers hears nothing before the answer.
//! - REFER outside a call: answered 403.
//! - Bodies of several parts. An INVITE must carry SDP or nothing, else it is answered 415.
//! - Datagrams above 8 KiB: answered 513. Prefer TCP for large messages.
//! - Over a connection a message whose end cannot be found is answered, as far as it says where to, and ends the connection.
//! - WebSockets are accepted, not opened. A certificate is checked by the name or address in the URI (`dNSName`, `iPAddress`); a
//!   `uniformResourceIdentifier` in it (RFC 5922) is not looked at, and neither are lists of revoked ones.
//! - With several listening addresses, requests of ours over UDP leave from the first.
//! - A message's timing is the library's: a refusal is repeated until it is acknowledged for 64 times T1.

mod arrivals;
mod attempts;
mod config;
mod counters;
mod digest;
mod dns;
mod endpoint;
mod error;
mod fields;
mod flow;
mod fork;
mod framing;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod gate;
mod incoming;
mod inside;
mod leg;
mod listeners;
mod network;
mod outgoing;
mod registrar;
mod registry;
mod reliable;
mod request;
mod screen;
mod socket;
mod strict;
mod tap;
mod timer;
mod tls;
mod trunk;
mod websocket;

pub use config::{External, SipConfig, WhenFull};
pub use counters::SipStatistics;
pub use dns::{Found, Target};
pub use endpoint::{SipEndpoint, SipEvent};
pub use error::{CertificateFault, SipError};
pub use fields::{CallFields, Diversion, HistoryEntry, Reason, Replaces, ReplacesError, UserToUser};
pub use incoming::IncomingCall;
pub use leg::{
    IncomingRefer, LegEnd, Refer, ReferProgress, ReferReporter, Reinvite, SipLeg, SipLegControl, SipLegEvent,
};
pub use network::{Network, NetworkError};
pub use outgoing::{Credentials, OutgoingCall, check_address, check_uri, is_user_name};
pub use registrar::{DigestAlgorithm, PhoneContact, Secret, SipUser, UserPhones};
pub use tap::{SeenMessage, SipTap};
pub use tls::{Identity, TlsConfig};
pub use trunk::{
    CallerId, StepOutcome, TrunkCheck, TrunkConfig, TrunkRegistration, TrunkRoute, TrunkStatus, TrunkStep,
    TrunkWay,
};

/// Directive for a log filter that keeps the library from logging whole messages.
pub const LOG_FILTER: &str = "rsipstack=error";

/// Over what a call's signalling came or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS.
    Tls,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl Transport {
    /// Whether nobody on the way can read it.
    #[must_use]
    pub const fn is_secure(self) -> bool {
        match self {
            Self::Udp | Self::Tcp | Self::Ws => false,
            Self::Tls | Self::Wss => true,
        }
    }

    /// Whether it is what browsers speak.
    #[must_use]
    pub const fn is_websocket(self) -> bool {
        match self {
            Self::Udp | Self::Tcp | Self::Tls => false,
            Self::Ws | Self::Wss => true,
        }
    }

    /// Its name, as in the `transport` parameter of addresses, and `wss` for WebSocket over TLS.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    pub(crate) const fn wire(self) -> rsipstack::sip::Transport {
        match self {
            Self::Udp => rsipstack::sip::Transport::Udp,
            Self::Tcp => rsipstack::sip::Transport::Tcp,
            Self::Tls => rsipstack::sip::Transport::Tls,
            Self::Ws => rsipstack::sip::Transport::Ws,
            Self::Wss => rsipstack::sip::Transport::Wss,
        }
    }

    /// What a connection of the library goes over. It knows none of ours by another name.
    pub(crate) const fn of(wire: Option<rsipstack::sip::Transport>) -> Self {
        match wire {
            None | Some(rsipstack::sip::Transport::Udp) => Self::Udp,
            Some(rsipstack::sip::Transport::Tcp | rsipstack::sip::Transport::Sctp) => Self::Tcp,
            Some(rsipstack::sip::Transport::Tls | rsipstack::sip::Transport::TlsSctp) => Self::Tls,
            Some(rsipstack::sip::Transport::Ws) => Self::Ws,
            Some(rsipstack::sip::Transport::Wss) => Self::Wss,
        }
    }
}
