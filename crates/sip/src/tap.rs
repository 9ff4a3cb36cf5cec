//! Every message that comes and goes, for whoever looks on: a capture, a collector. As it is on the wire, with its secrets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::Transport;
use crate::gate::local_ip_toward;

/// Where messages are told to. Nothing waits for who looks on: what does not fit is lost to them and counted.
#[derive(Debug, Clone)]
pub struct SipTap {
    seen: mpsc::Sender<SeenMessage>,
    lost: Arc<AtomicU64>,
}

/// A message that came or went. Over a connection it is whole, and of an encrypted one it is told in clear.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenMessage {
    /// When.
    pub at: SystemTime,
    /// Over what.
    pub transport: Transport,
    /// From where.
    pub source: SocketAddr,
    /// To where.
    pub destination: SocketAddr,
    /// The message.
    pub bytes: Vec<u8>,
}

impl SipTap {
    /// A tap, and what comes out of it; so many messages wait there.
    #[must_use]
    pub fn new(waiting_max: usize) -> (Self, mpsc::Receiver<SeenMessage>) {
        let (seen, messages) = mpsc::channel(waiting_max.max(1));
        (Self { seen, lost: Arc::default() }, messages)
    }

    /// Messages that were lost because too many waited.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn received(&self, transport: Transport, peer: SocketAddr, ours: SocketAddr, bytes: &[u8]) {
        self.put(transport, peer, reached(ours, peer), bytes);
    }

    pub(crate) fn sent(&self, transport: Transport, ours: SocketAddr, peer: SocketAddr, bytes: &[u8]) {
        self.put(transport, reached(ours, peer), peer, bytes);
    }

    fn put(&self, transport: Transport, source: SocketAddr, destination: SocketAddr, bytes: &[u8]) {
        // Keep-alives are no messages (RFC 5626 section 4.4.1).
        if bytes.trim_ascii().is_empty() {
            return;
        }
        match self.seen.try_reserve() {
            Ok(place) => {
                let (at, bytes) = (SystemTime::now(), bytes.to_vec());
                place.send(SeenMessage { at, transport, source, destination, bytes });
            }
            Err(TrySendError::Full(())) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            // Nobody looks on any more.
            Err(TrySendError::Closed(())) => {}
        }
    }
}

/// Two taps are equal when they are the same one.
impl PartialEq for SipTap {
    fn eq(&self, other: &Self) -> bool {
        self.seen.same_channel(&other.seen)
    }
}

impl Eq for SipTap {}

impl std::fmt::Debug for SeenMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { transport, source, destination, bytes, .. } = self;
        write!(f, "{} bytes over {} from {source} to {destination}", bytes.len(), transport.name())
    }
}

/// Our address as the peer sees it, where we listen on all of them.
fn reached(ours: SocketAddr, peer: SocketAddr) -> SocketAddr {
    if !ours.ip().is_unspecified() {
        return ours;
    }
    local_ip_toward(peer).map_or(ours, |ip| SocketAddr::new(ip, ours.port()))
}
