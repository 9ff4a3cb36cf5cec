//! Connections: messages that come and go over TCP, TLS and WebSocket.
//!
//! A flow (RFC 5626) is one connection and the one task that reads and writes it. To the library it is a pair of queues, so
//! nothing of the library ever waits for a peer. The task writes before it reads: a peer that does not take its answers is not
//! listened to either, and is cut after [`WRITE_TIME`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{SipMessage, Transport as Wire};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::trace;

use crate::Transport;
use crate::endpoint::Shared;
use crate::framing::{Framed, Framer};
use crate::screen::{Screened, screen};

/// One connection.
pub(crate) struct Flow {
    shared: Arc<Shared>,
    connection: SipConnection,
    source: SocketAddr,
    /// Our end.
    local: SocketAddr,
    wire: Wire,
    /// To the library.
    incoming: UnboundedSender<TransportEvent>,
    /// From the library.
    pub(crate) outgoing: UnboundedReceiver<TransportEvent>,
    pub(crate) closed: CancellationToken,
    patience: Patience,
}

/// What follows from what was read.
pub(crate) enum Reply {
    /// Go on.
    Nothing,
    /// Write this and go on.
    Bytes(Vec<u8>),
    /// The other end does not speak SIP.
    Close,
}

/// How long a peer may take.
struct Patience {
    message_time: Duration,
    /// Nothing whole has come yet.
    first: bool,
    since: Instant,
    begun: Option<Instant>,
}

impl Flow {
    /// Tells the library of a connection. `ours` says that we have opened it: then the other end need not speak first.
    pub(crate) async fn open(
        shared: &Arc<Shared>,
        source: SocketAddr,
        local: SocketAddr,
        wire: Wire,
        ours: bool,
    ) -> rsipstack::Result<Self> {
        let closed = shared.closed.child_token();
        let (incoming, from_us) = unbounded_channel();
        let (to_us, outgoing) = unbounded_channel();
        let peer = SipAddr::new(wire, source.into());
        let channel =
            ChannelConnection::create_connection(from_us, to_us, peer, Some(closed.clone())).await?;
        let connection = SipConnection::Channel(channel);
        shared.endpoint.transport_layer.add_connection(connection.clone());
        shared.flows.opened(wire, source, &closed);
        let patience = Patience {
            message_time: shared.config.message_time,
            first: !ours,
            since: Instant::now(),
            begun: None,
        };
        let shared = Arc::clone(shared);
        Ok(Self { shared, connection, source, local, wire, incoming, outgoing, closed, patience })
    }

    /// Carries a stream until it ends.
    pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(mut self, mut stream: S) {
        let mut framer = Framer::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            let goes_on = tokio::select! {
                biased;
                () = self.closed.cancelled() => false,
                event = self.outgoing.recv() => match event {
                    Some(TransportEvent::Incoming(message, ..)) => self.write(&mut stream, &message.to_bytes()).await,
                    Some(TransportEvent::New(_) | TransportEvent::Closed(_)) => true,
                    None => false,
                },
                read = stream.read(&mut chunk) => match read {
                    Ok(0) | Err(_) => false,
                    Ok(length) => {
                        framer.push(&chunk[..length]);
                        self.take(&mut framer, &mut stream).await
                    }
                },
                () = tokio::time::sleep_until(self.patience.deadline()) => {
                    self.shared.gate.counters.cut_slow.count();
                    false
                }
            };
            if !goes_on {
                break;
            }
        }
        // A peer that does not take even this is gone.
        let _ = tokio::time::timeout(CLOSE_TIME, stream.shutdown()).await;
    }

    /// Everything whole that was read.
    async fn take<S: AsyncWrite + Unpin>(&mut self, framer: &mut Framer, stream: &mut S) -> bool {
        while let Some(framed) = framer.next() {
            let reply = match framed {
                Framed::Message(message) => self.deliver(&message).await,
                Framed::Ping => Reply::Bytes(PONG.to_vec()),
                Framed::Broken(answer) => {
                    self.shared.gate.counters.refused_malformed.count();
                    if let Some(answer) = answer {
                        self.write(stream, &answer).await;
                    }
                    return false;
                }
            };
            match reply {
                Reply::Nothing => {}
                Reply::Bytes(bytes) => {
                    if !self.write(stream, &bytes).await {
                        return false;
                    }
                }
                Reply::Close => return false,
            }
        }
        self.patience.begun(framer.has_begun());
        true
    }

    /// Looks at one message and hands it on. Waits while too many wait to be worked on: over a connection nothing is repeated.
    pub(crate) async fn deliver(&mut self, message: &[u8]) -> Reply {
        self.patience.whole();
        let gate = &self.shared.gate;
        if let Some(tap) = &gate.tap {
            tap.received(Transport::of(Some(self.wire)), self.source, self.local, message);
        }
        let mended = match screen(message, self.source, self.wire, false) {
            Screened::Pass => None,
            Screened::Mended(mended) => Some(mended),
            Screened::KeepAlive => return Reply::Bytes(PONG.to_vec()),
            Screened::Answer(answer) => {
                gate.counters.refused_malformed.count();
                return Reply::Bytes(answer);
            }
            Screened::Drop => {
                gate.counters.dropped_junk.count();
                return Reply::Close;
            }
        };
        let read = SipMessage::try_from(mended.as_deref().unwrap_or(message))
            .ok()
            .and_then(|message| SipConnection::update_msg_received(message, self.source, self.wire).ok());
        let Some(read) = read else {
            gate.counters.dropped_junk.count();
            return Reply::Close;
        };
        gate.let_in_from_flow().await;
        let peer = SipAddr::new(self.wire, self.source.into());
        let event = TransportEvent::Incoming(read, self.connection.clone(), peer);
        // The library lets go of a flow only when it is closed.
        if self.incoming.send(event).is_ok() { Reply::Nothing } else { Reply::Close }
    }

    /// Tells whoever looks on what is sent.
    pub(crate) fn goes(&self, bytes: &[u8]) {
        if let Some(tap) = &self.shared.gate.tap {
            tap.sent(Transport::of(Some(self.wire)), self.local, self.source, bytes);
        }
    }

    async fn write<S: AsyncWrite + Unpin>(&self, stream: &mut S, bytes: &[u8]) -> bool {
        self.goes(bytes);
        let written = tokio::time::timeout(WRITE_TIME, async {
            stream.write_all(bytes).await?;
            stream.flush().await
        });
        match written.await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                trace!(%error, "a connection broke");
                false
            }
            Err(_) => {
                self.shared.gate.counters.cut_slow.count();
                false
            }
        }
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.closed.cancel();
        self.shared.flows.ended(self.wire, self.source);
        self.shared.registrar.forget_flow(Transport::of(Some(self.wire)), self.source);
    }
}

impl Patience {
    fn whole(&mut self) {
        self.first = false;
        self.since = Instant::now();
        self.begun = None;
    }

    fn begun(&mut self, begun: bool) {
        self.begun = if begun { self.begun.or_else(|| Some(Instant::now())) } else { None };
    }

    fn deadline(&self) -> Instant {
        match self.begun {
            Some(begun) => begun + self.message_time,
            None if self.first => self.since + self.message_time,
            None => self.since + IDLE,
        }
    }
}

/// Connections by where they lead, so that we know which are there before the library opens one of its own.
#[derive(Debug, Default)]
pub(crate) struct Flows(std::sync::Mutex<std::collections::HashMap<(Wire, SocketAddr), CancellationToken>>);

impl Flows {
    fn opened(&self, wire: Wire, peer: SocketAddr, closed: &CancellationToken) {
        self.lock().insert((wire, peer), closed.clone());
    }

    /// Forgets a connection, unless another one to the same place has come in between.
    fn ended(&self, wire: Wire, peer: SocketAddr) {
        let mut flows = self.lock();
        if flows.get(&(wire, peer)).is_some_and(CancellationToken::is_cancelled) {
            flows.remove(&(wire, peer));
        }
    }

    /// Whether there is a connection to a place.
    pub(crate) fn lead_to(&self, wire: Wire, peer: SocketAddr) -> bool {
        self.lock().get(&(wire, peer)).is_some_and(|closed| !closed.is_cancelled())
    }

    fn lock(
        &self,
    ) -> std::sync::MutexGuard<'_, std::collections::HashMap<(Wire, SocketAddr), CancellationToken>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The answer to a keep-alive (RFC 5626 section 4.4.1).
const PONG: &[u8] = b"\r\n";
/// A usual message is a tenth of it.
const CHUNK: usize = 8 * 1_024;
/// The peer's system has taken nothing for so long, though its buffers hold hundreds of messages.
pub(crate) const WRITE_TIME: Duration = Duration::from_secs(10);
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// Phones register again within an hour. Peers that vanish without a word are noticed by the system's keep-alive.
const IDLE: Duration = Duration::from_secs(2 * 3_600);
