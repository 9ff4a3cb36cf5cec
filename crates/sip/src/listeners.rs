//! Who connects to us, and whom we connect to.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use rsipstack::sip::uri::ParamsExt;
use rsipstack::sip::{Host, Scheme, Transport as Wire, Uri};
use rsipstack::transaction::endpoint::TargetLocator;
use rsipstack::transport::SipAddr;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tracing::{debug, warn};

use crate::Transport;
use crate::endpoint::Shared;
use crate::error::{CertificateFault, SipError};
use crate::flow::Flow;
use crate::websocket;

/// Takes connections at one address.
pub(crate) async fn accept(listener: TcpListener, transport: Transport, shared: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            () = shared.closed.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, source) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Mostly no file descriptors left: others must close theirs first.
                warn!(%error, "accepting a SIP connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&shared.connections).try_acquire_owned() else {
            shared.gate.counters.dropped_overload.count();
            continue;
        };
        prepare(&stream);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let closed = shared.closed.clone();
            closed.run_until_cancelled(Box::pin(serve(shared, stream, source, transport))).await;
            drop(place);
        });
    }
}

/// A connection from its handshake to its end.
async fn serve(shared: Arc<Shared>, stream: TcpStream, source: SocketAddr, transport: Transport) {
    let limit = shared.config.message_time;
    let Ok(local) = stream.local_addr() else { return };
    let shaken = match transport {
        Transport::Udp | Transport::Tcp => {
            if let Ok(flow) = Flow::open(&shared, source, local, Wire::Tcp, false).await {
                flow.run(stream).await;
            }
            return;
        }
        Transport::Tls => tokio::time::timeout(limit, shake(&shared, stream))
            .await
            .ok()
            .flatten()
            .map(|stream| Shaken::Tls(Box::new(stream))),
        Transport::Ws => {
            let accepted = websocket::accept(stream, &shared.config.origins);
            tokio::time::timeout(limit, accepted)
                .await
                .ok()
                .and_then(Result::ok)
                .map(|socket| Shaken::Ws(Box::new(socket)))
        }
        Transport::Wss => {
            let accepted = async {
                let stream = shake(&shared, stream).await?;
                websocket::accept(stream, &shared.config.origins).await.ok()
            };
            tokio::time::timeout(limit, accepted)
                .await
                .ok()
                .flatten()
                .map(|socket| Shaken::Wss(Box::new(socket)))
        }
    };
    let Some(shaken) = shaken else {
        shared.gate.counters.failed_handshakes.count();
        debug!(%source, ?transport, "a handshake failed");
        return;
    };
    let Ok(flow) = Flow::open(&shared, source, local, transport.wire(), false).await else { return };
    match shaken {
        Shaken::Tls(stream) => flow.run(*stream).await,
        Shaken::Ws(socket) => flow.run_websocket(*socket).await,
        Shaken::Wss(socket) => flow.run_websocket(*socket).await,
    }
}

enum Shaken {
    Tls(Box<TlsStream<TcpStream>>),
    Ws(Box<tokio_tungstenite::WebSocketStream<TcpStream>>),
    Wss(Box<tokio_tungstenite::WebSocketStream<TlsStream<TcpStream>>>),
}

async fn shake(shared: &Shared, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    shared.tls.acceptor()?.accept(stream).await.ok()
}

fn prepare(stream: &TcpStream) {
    // Neither failing breaks a call: it is slower, or a peer that vanished is noticed later.
    let _ = stream.set_nodelay(true);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}

impl Shared {
    /// Where a URI leads, over a connection that is there when it needs one (RFC 3261 section 18.1.1). One that came from there
    /// is used again.
    pub(crate) async fn way_to(self: &Arc<Self>, uri: &Uri) -> Result<SipAddr, SipError> {
        if let Some(way) = self.registrar.way_of(uri) {
            return Ok(way);
        }
        let transport = transport_of(uri).ok_or_else(|| SipError::BadUri(uri.to_string()))?;
        let peer = peer(uri, transport).await?;
        let host = match uri.host() {
            Host::Domain(domain) => domain.0.clone(),
            Host::IpAddr(ip) => self.trunks.host_at(*ip).unwrap_or_else(|| ip.to_string()),
        };
        self.connect(transport, peer, &host).await
    }

    /// A connection to a peer, unless there is one. `host` is the name its certificate must bear.
    pub(crate) async fn connect(
        self: &Arc<Self>,
        transport: Transport,
        peer: SocketAddr,
        host: &str,
    ) -> Result<SipAddr, SipError> {
        let wire = transport.wire();
        let address = SipAddr::new(wire, peer.into());
        if transport == Transport::Udp || self.flows.lead_to(wire, peer) {
            return Ok(address);
        }
        let unreachable = |why: String| SipError::NoConnection { peer, why };
        let connecting = async {
            let stream = TcpStream::connect(peer).await.map_err(|error| unreachable(error.to_string()))?;
            prepare(&stream);
            match transport {
                Transport::Udp | Transport::Tcp => Ok((stream, None)),
                Transport::Tls => {
                    let name = ServerName::try_from(host.to_owned())
                        .map_err(|error| unreachable(error.to_string()))?;
                    Ok((stream, Some((self.tls.connector()?, name))))
                }
                Transport::Ws | Transport::Wss => {
                    Err(unreachable("WebSockets are opened by phones".to_owned()))
                }
            }
        };
        let late = || unreachable(format!("no answer in {} s", CONNECT_TIME.as_secs()));
        let (stream, secure) = tokio::time::timeout(CONNECT_TIME, connecting).await.map_err(|_| late())??;
        let library = |error: rsipstack::Error| SipError::Library(error.to_string());
        let local = stream.local_addr().map_err(|error| unreachable(error.to_string()))?;
        match secure {
            None => {
                let flow = Flow::open(self, peer, local, wire, true).await.map_err(library)?;
                tokio::spawn(flow.run(stream));
            }
            Some((connector, name)) => {
                let shaken = tokio::time::timeout(CONNECT_TIME, connector.connect(name, stream)).await;
                let stream =
                    shaken.map_err(|_| late())?.map_err(|error| match CertificateFault::of(&error) {
                        Some(fault) => SipError::PeerCertificate { peer, fault, why: error.to_string() },
                        None => unreachable(error.to_string()),
                    })?;
                let flow = Flow::open(self, peer, local, wire, true).await.map_err(library)?;
                tokio::spawn(flow.run(stream));
            }
        }
        Ok(address)
    }
}

/// Over what a URI wants to be reached; `None` for what we do not speak.
pub(crate) fn transport_of(uri: &Uri) -> Option<Transport> {
    let secure = uri.scheme == Some(Scheme::Sips);
    match (uri.transport(), secure) {
        (None | Some(Wire::Udp), false) => Some(Transport::Udp),
        (Some(Wire::Tcp), false) => Some(Transport::Tcp),
        // `sips:` with `transport=tcp` is TLS over TCP (RFC 3261 section 26.2.2).
        (None | Some(Wire::Tcp), true) | (Some(Wire::Tls), _) => Some(Transport::Tls),
        (Some(Wire::Ws), false) => Some(Transport::Ws),
        (Some(Wire::Ws), true) | (Some(Wire::Wss), _) => Some(Transport::Wss),
        (Some(Wire::Udp), true) | (Some(Wire::Sctp | Wire::TlsSctp), _) => None,
    }
}

/// The address behind a URI.
pub(crate) async fn peer(uri: &Uri, transport: Transport) -> Result<SocketAddr, SipError> {
    let usual = transport.wire().default_port().value();
    let port = uri.host_with_port.port.as_ref().map_or(usual, |port| port.value());
    match uri.host() {
        Host::IpAddr(ip) => Ok(SocketAddr::new(*ip, port)),
        Host::Domain(domain) => tokio::net::lookup_host((domain.0.as_str(), port))
            .await
            .ok()
            .and_then(|mut found| found.next())
            .ok_or_else(|| SipError::Unreachable(uri.to_string())),
    }
}

/// What the library asks where a request goes, so that it opens no connection of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Locator(pub(crate) Arc<OnceLock<Weak<Shared>>>);

#[async_trait]
impl TargetLocator for Locator {
    async fn locate(&self, uri: &Uri) -> rsipstack::Result<SipAddr> {
        let closed = || rsipstack::Error::Error(SipError::Closed.to_string());
        let shared = self.0.get().and_then(Weak::upgrade).ok_or_else(closed)?;
        shared.way_to(uri).await.map_err(|error| rsipstack::Error::Error(error.to_string()))
    }
}

/// File descriptors do not come back faster.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Farther than any machine on earth, several times over.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// A quiet connection is asked for after a minute, and given up after the system's usual number of tries.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
