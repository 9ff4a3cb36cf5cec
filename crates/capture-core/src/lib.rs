//! What telecom engineers look at: packets of calls without their secrets ([`mask`]), for a Homer collector ([`hep`]), and kept for a while
//! ([`Shelf`]) to be read as a file ([`pcap`]).
//!
//! ```
//! use callwright_capture_core::{Packet, Shelf, ShelfLimits, What, mask, pcap};
//! use callwright_model::CallId;
//!
//! let mut payload = b"INVITE sip:a@b SIP/2.0\r\nProxy-Authorization: Bearer abc\r\n\r\n".to_vec();
//! mask(&mut payload);
//! let [source, destination] = ["192.0.2.1:5060", "192.0.2.2:5060"].map(|text| text.parse().expect("an address"));
//! let packet = Packet { unix_us: 0, source, destination, tcp: false, what: What::Sip, length: payload.len(), payload };
//! let mut shelf = Shelf::new(ShelfLimits::default());
//! shelf.put("a-call-id", packet);
//! shelf.link(CallId(7), "a-call-id");
//! let file = pcap::file(&shelf.call(CallId(7)));
//! assert!(file.len() > 24 && !file.windows(3).any(|three| three == b"abc"));
//! ```
//!
//! # Invariants
//! - A mask has as many bytes as what it hides, so that lengths that a message tells of itself stay true.
//! - What is kept has limits: calls, packets of a call, bytes of a packet.
//!
//! # What is absent
//! Sockets and clocks. The sound of calls: a recording is the place for it, which leaves out what must not be kept.

pub mod hep;
mod mask;
pub mod pcap;
mod shelf;

use std::net::SocketAddr;

pub use mask::{call_id, mask};
pub use shelf::{Shelf, ShelfLimits};

/// A packet that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// When, in microseconds since 1970.
    pub unix_us: u64,
    /// From where.
    pub source: SocketAddr,
    /// To where.
    pub destination: SocketAddr,
    /// It came or went over a connection.
    pub tcp: bool,
    /// What it is.
    pub what: What,
    /// How long it was; of sound only the beginning is kept.
    pub length: usize,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A SIP message.
    Sip,
    /// The beginning of an RTP packet.
    Rtp,
    /// An RTCP packet.
    Rtcp,
}
