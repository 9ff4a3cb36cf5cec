//! One real UDP socket, a virtual one per session.

mod runtime;
mod stun;

use std::collections::{HashMap, VecDeque};
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use metrics::counter;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use tracing::{trace, warn};
use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

pub(crate) use runtime::MuxRuntime;

/// Datagrams that may wait for one session: 2.5 s of sound. The session's driver empties it whenever it runs.
const QUEUE: usize = 128;
/// Source addresses that one session may be reached from. A browser uses one, and a few more while it tries its networks.
const SOURCES_MAX: usize = 8;
/// The largest datagram taken: more than any MTU that a browser sends with.
const DATAGRAM_MAX: usize = 2_048;

/// The real socket with the table that tells whose a datagram is.
#[derive(Debug)]
pub(crate) struct Mux {
    socket: UdpSocket,
    routes: Mutex<Routes>,
}

#[derive(Debug, Default)]
struct Routes {
    by_ufrag: HashMap<String, Arc<VirtualSocket>>,
    by_source: HashMap<SocketAddr, Arc<VirtualSocket>>,
}

/// What the WebRTC library takes for a UDP socket of its own.
#[derive(Debug)]
pub(crate) struct VirtualSocket {
    ufrag: String,
    /// Address of the throw-away socket that the library bound; it keys its socket by it.
    local: SocketAddr,
    mux: Arc<Mux>,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    datagrams: VecDeque<(SocketAddr, Box<[u8]>)>,
    waker: Option<Waker>,
    sources: VecDeque<SocketAddr>,
    heard: Instant,
}

impl Mux {
    /// Binds the real socket and routes what it receives until `stop`.
    pub(crate) async fn bind(address: SocketAddr, stop: CancellationToken) -> io::Result<Arc<Self>> {
        let socket = UdpSocket::bind(address).await?;
        let mux = Arc::new(Self { socket, routes: Mutex::default() });
        tokio::spawn(receive(mux.clone(), stop));
        Ok(mux)
    }

    /// Where the real socket is bound.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Forgets a session: nothing is routed to it afterwards.
    pub(crate) fn remove(&self, ufrag: &str) {
        let mut routes = lock(&self.routes);
        routes.by_ufrag.remove(ufrag);
        routes.by_source.retain(|_, socket| socket.ufrag != ufrag);
    }

    /// How long ago a session's browser was last heard, or `None` when no socket was made for it.
    pub(crate) fn silent_for(&self, ufrag: &str) -> Option<Duration> {
        let socket = lock(&self.routes).by_ufrag.get(ufrag).cloned()?;
        let heard = lock(&socket.queue).heard;
        Some(heard.elapsed())
    }

    fn open(self: &Arc<Self>, ufrag: &str, local: SocketAddr) -> Arc<VirtualSocket> {
        let queue = Queue {
            datagrams: VecDeque::new(),
            waker: None,
            sources: VecDeque::new(),
            heard: Instant::now(),
        };
        let socket = Arc::new(VirtualSocket {
            ufrag: ufrag.to_owned(),
            local,
            mux: self.clone(),
            queue: Mutex::new(queue),
        });
        lock(&self.routes).by_ufrag.insert(ufrag.to_owned(), socket.clone());
        socket
    }

    fn dispatch(&self, datagram: &[u8], source: SocketAddr) {
        let Some(socket) = lock(&self.routes).route(datagram, source) else {
            trace!(%source, "datagram of no session");
            counter!("callwright_browser_datagrams_unrouted_total").increment(1);
            return;
        };
        let waker = lock(&socket.queue).push(source, datagram);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Routes held, by user fragment and by source address.
    #[cfg(test)]
    pub(crate) fn routes(&self) -> (usize, usize) {
        let routes = lock(&self.routes);
        (routes.by_ufrag.len(), routes.by_source.len())
    }
}

impl Routes {
    fn route(&mut self, datagram: &[u8], source: SocketAddr) -> Option<Arc<VirtualSocket>> {
        let named = stun::username(datagram)
            .and_then(|username| username.split(':').next())
            .and_then(|ufrag| self.by_ufrag.get(ufrag))
            .cloned();
        let Some(socket) = named else {
            return self.by_source.get(&source).cloned();
        };
        // A living session keeps its sources: a check with a forged source address must not draw another's media away.
        if let std::collections::hash_map::Entry::Vacant(entry) = self.by_source.entry(source) {
            entry.insert(socket.clone());
            let mut queue = lock(&socket.queue);
            queue.sources.push_back(source);
            if queue.sources.len() > SOURCES_MAX
                && let Some(oldest) = queue.sources.pop_front()
            {
                self.by_source.remove(&oldest);
            }
        }
        Some(socket)
    }
}

impl Queue {
    fn push(&mut self, source: SocketAddr, datagram: &[u8]) -> Option<Waker> {
        self.heard = Instant::now();
        if self.datagrams.len() == QUEUE {
            self.datagrams.pop_front();
            counter!("callwright_browser_packets_dropped_total", "direction" => "in").increment(1);
        }
        self.datagrams.push_back((source, datagram.into()));
        self.waker.take()
    }
}

impl AsyncUdpSocket for VirtualSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    fn poll_send(&self, _context: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        match self.mux.socket.try_send_to(transmit.contents, transmit.destination) {
            // Waiting would keep old sound for later; a full send buffer loses it, as a full router would.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                counter!("callwright_browser_packets_dropped_total", "direction" => "out").increment(1);
                Poll::Ready(Ok(transmit.contents.len()))
            }
            sent => Poll::Ready(sent),
        }
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut queue = lock(&self.queue);
        let (Some(buffer), Some(meta)) = (buffers.first_mut(), meta.first_mut()) else {
            return Poll::Ready(Ok(0));
        };
        let Some((source, datagram)) = queue.datagrams.pop_front() else {
            queue.waker = Some(context.waker().clone());
            return Poll::Pending;
        };
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        *meta = RecvMeta::default();
        meta.addr = source;
        meta.len = length;
        meta.stride = length.max(1);
        Poll::Ready(Ok(1))
    }
}

async fn receive(mux: Arc<Mux>, stop: CancellationToken) {
    let mut buffer = [0; DATAGRAM_MAX];
    loop {
        let received = tokio::select! {
            () = stop.cancelled() => return,
            received = mux.socket.recv_from(&mut buffer) => received,
        };
        match received {
            Ok((length, source)) => mux.dispatch(&buffer[..length], source),
            // An ICMP answer to an earlier datagram surfaces here; it concerns one browser, not the socket.
            Err(error) => {
                if !matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
                {
                    warn!(%error, "receiving from browsers failed");
                }
                tokio::task::yield_now().await;
            }
        }
    }
}

/// No code panics while it holds one of these locks, so what a poisoned one guards is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
