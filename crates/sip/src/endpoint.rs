//! The endpoint: sockets, the library's tasks, and what comes in.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callwright_call_core::trunk::LimitReached;
use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::{Header, Host, Uri};
use rsipstack::transaction::CallIdFormat;
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption};
use rsipstack::transport::TransportLayer;
use rsipstack::transport::udp::UdpConnection;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::Transport;
use crate::arrivals::take_transactions;
use crate::config::{External, SipConfig};
use crate::counters::SipStatistics;
use crate::dns::Dns;
use crate::error::SipError;
use crate::flow::Flows;
use crate::gate::{Addresser, Gate, SharedGate, local_ip_toward};
use crate::incoming::IncomingCall;
use crate::leg::SipLeg;
use crate::listeners::{self, Locator};
use crate::outgoing::{OutgoingCall, invite, invite_by_trunk, is_deaf, local_ip, parse};
use crate::registrar::{Registrar, UserPhones};
use crate::registry::Registry;
use crate::socket::ScreenedSocket;
use crate::tls::Tls;
use crate::trunk::{
    Trunk, TrunkConfig, TrunkStatus, TrunkStep, TrunkWay, Trunks, examine, local_ip_to_trunk,
    watch as watch_trunk,
};

/// A SIP endpoint. Clones are the same endpoint; with the last one gone, everything is let go of without a good-bye: call
/// [`SipEndpoint::shutdown`] before.
#[derive(Clone)]
pub struct SipEndpoint {
    shared: Arc<Shared>,
    _guard: Arc<DropGuard>,
}

/// What comes in.
#[derive(Debug)]
pub enum SipEvent {
    /// A call that waits for a verdict.
    Incoming(IncomingCall),
}

pub(crate) struct Shared {
    pub(crate) config: SipConfig,
    pub(crate) listening: Vec<SocketAddr>,
    /// Where we listen, for all transports.
    pub(crate) addresses: Vec<(Transport, SocketAddr)>,
    pub(crate) flows: Flows,
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) tls: Arc<Tls>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) registrar: Arc<Registrar>,
    pub(crate) trunks: Arc<Trunks>,
    pub(crate) dns: Dns,
    pub(crate) endpoint: EndpointInnerRef,
    pub(crate) dialogs: Arc<DialogLayer>,
    /// Tasks of legs and the good-byes they send.
    pub(crate) legs: TaskTracker,
    /// Hangs up every leg.
    pub(crate) stop: CancellationToken,
    pub(crate) events: mpsc::Sender<SipEvent>,
    pub(crate) transactions: Arc<Semaphore>,
    calls: Arc<Semaphore>,
    draining: AtomicBool,
    overloaded: AtomicBool,
    /// Ends the sockets and the library.
    pub(crate) closed: CancellationToken,
}

impl SipEndpoint {
    /// Binds and begins to answer.
    ///
    /// # Errors
    /// When an address cannot be bound, or a certificate cannot be used.
    pub async fn start(mut config: SipConfig) -> Result<(Self, mpsc::Receiver<SipEvent>), SipError> {
        if config.listen.is_empty() {
            return Err(SipError::NoAddress);
        }
        config.calls_max = config.calls_max.min(CALLS_MAX);
        config.incoming_waiting_max = config.incoming_waiting_max.clamp(1, CALLS_MAX);
        config.t1 = config.t1.clamp(T1_MIN, T1_MAX);
        let closed = CancellationToken::new();
        let registry = Arc::new(Registry::default());
        let registrar = Arc::new(Registrar::new(&config)?);
        let trunks = Arc::new(Trunks::new(&config.trunks)?);
        let dns = Dns::new(&config.name_servers)?;
        let gate =
            Arc::new(Gate::new(&config, Arc::clone(&registry), Arc::clone(&registrar), Arc::clone(&trunks)));
        let transports = TransportLayer::new(closed.clone());
        let tls = Arc::new(Tls::load(config.tls.clone())?);
        let mut listening = Vec::new();
        let mut listeners = Vec::new();
        for address in &config.listen {
            let (udp, tcp, bound) = bind(*address).await?;
            let socket = Arc::new(ScreenedSocket { socket: udp, gate: Arc::clone(&gate) });
            let udp = UdpConnection::from_socket(socket, None, Some(closed.child_token()))
                .await
                .map_err(|error| SipError::Library(error.to_string()))?;
            transports.add_transport(udp.into());
            listeners.push((Transport::Tcp, tcp));
            listening.push(bound);
        }
        listeners.extend(bind_others(&config, &tls).await?);
        let mut addresses: Vec<_> = listening.iter().map(|address| (Transport::Udp, *address)).collect();
        for (transport, listener) in &listeners {
            addresses.push((
                *transport,
                listener.local_addr().map_err(|error| SipError::Library(error.to_string()))?,
            ));
        }
        let locator = Locator::default();
        let endpoint = EndpointBuilder::new()
            .with_user_agent(&config.user_agent)
            .with_transport_layer(transports)
            .with_cancel_token(closed.clone())
            .with_transport_inspector(Box::new(SharedGate(Arc::clone(&gate))))
            .with_inspector(Box::new(Addresser {
                listening: addresses.clone(),
                external: config.external.clone(),
                last: Mutex::new(None),
                registry: Arc::clone(&registry),
            }))
            .with_target_locator(Box::new(locator.clone()))
            .with_option(EndpointOption {
                t1: config.t1,
                t1x64: config.t1 * 64,
                callid_suffix: Some(config.domain.clone()),
                callid_format: CallIdFormat::default(),
                ..EndpointOption::default()
            })
            .build();
        let library = |error: rsipstack::Error| SipError::Library(error.to_string());
        let transactions = endpoint.incoming_transactions().map_err(library)?;
        let (events, received) = mpsc::channel(config.incoming_waiting_max);
        let shared = Arc::new(Shared {
            dialogs: Arc::new(DialogLayer::new(Arc::clone(&endpoint.inner))),
            endpoint: Arc::clone(&endpoint.inner),
            legs: TaskTracker::new(),
            stop: CancellationToken::new(),
            calls: Arc::new(Semaphore::new(config.calls_max)),
            // A call in progress keeps one, and each of its parties may have a few requests under way.
            transactions: Arc::new(Semaphore::new(config.calls_max * 4 + 1_024)),
            draining: AtomicBool::new(false),
            overloaded: AtomicBool::new(false),
            closed: closed.clone(),
            connections: Arc::new(Semaphore::new(config.connections_max)),
            flows: Flows::default(),
            config,
            listening,
            addresses,
            tls,
            gate,
            registry,
            registrar,
            trunks,
            dns,
            events,
        });
        // It is asked only once the library runs, and this is the only place that sets it.
        let _ = locator.0.set(Arc::downgrade(&shared));
        tokio::spawn(watch(Arc::clone(&endpoint.inner), closed.clone()));
        for (transport, listener) in listeners {
            tokio::spawn(listeners::accept(listener, transport, Arc::clone(&shared)));
        }
        tokio::spawn(Arc::clone(&shared.tls).watch(shared.config.tls_look_every, closed.clone()));
        tokio::spawn(take_transactions(transactions, Arc::clone(&shared)));
        for trunk in &shared.trunks.all {
            tokio::spawn(watch_trunk(Arc::clone(&shared), Arc::clone(trunk)));
        }
        for (transport, address) in &shared.addresses {
            info!(%address, ?transport, "SIP listens");
        }
        Ok((Self { shared, _guard: Arc::new(closed.drop_guard()) }, received))
    }

    /// Where it listens, with real ports.
    #[must_use]
    pub fn local_addresses(&self) -> &[SocketAddr] {
        &self.shared.listening
    }

    /// Where it listens, for every transport, with real ports.
    #[must_use]
    pub fn addresses(&self) -> &[(Transport, SocketAddr)] {
        &self.shared.addresses
    }

    /// Users and their phones.
    #[must_use]
    pub fn phones(&self) -> Vec<UserPhones> {
        self.shared.registrar.phones()
    }

    /// A user's phones; `None` when there is no such user.
    #[must_use]
    pub fn phones_of(&self, user: &str) -> Option<UserPhones> {
        self.shared.registrar.phones_of(user)
    }

    /// Changes whenever a phone comes or goes, or a user is in a call more or less. A phone that does not register again just
    /// runs out.
    #[must_use]
    pub fn phones_changed(&self) -> watch::Receiver<u64> {
        self.shared.registrar.watch()
    }

    /// Reads certificates and keys again, for connections from now on; running ones keep theirs.
    ///
    /// # Errors
    /// When a file does not fit; then the old ones stay in use.
    pub fn reload_certificates(&self) -> Result<(), SipError> {
        self.shared.tls.reload()
    }

    /// Our address toward whom a SIP URI names: what belongs into the offer of a call to it.
    ///
    /// # Errors
    /// When it is not a SIP URI, or its host cannot be found.
    pub async fn local_ip_toward(&self, uri: &str) -> Result<IpAddr, SipError> {
        local_ip(&self.shared, uri).await
    }

    /// Whether the machine that a SIP URI names says that nothing listens there. UDP hears that only on a socket of its own
    /// towards it, so a call to a closed port would be repeated for half a minute.
    ///
    /// # Errors
    /// When it is not a SIP URI, or its host cannot be found.
    pub async fn is_deaf(&self, uri: &str) -> Result<bool, SipError> {
        is_deaf(&self.shared, uri).await
    }

    /// Places a call. What becomes of it is told by the leg's events.
    ///
    /// # Errors
    /// When it cannot even be tried: a bad address, no way to it, or the endpoint is shut down.
    pub async fn invite(&self, call: OutgoingCall) -> Result<SipLeg, SipError> {
        Box::pin(invite(&self.shared, call)).await
    }

    /// The trunks that a number may go by, the best first; those that are down come last.
    #[must_use]
    pub fn ways(&self, number: &str) -> Vec<TrunkWay> {
        self.shared.trunks.ways(number)
    }

    /// A number's address at a trunk, as the trunk would call it itself: for REFER.
    #[must_use]
    pub fn address_at_trunk(&self, way: &TrunkWay) -> Option<String> {
        let trunk = self.shared.trunks.named(&way.trunk)?;
        Some(trunk.request_uri(way.number.reveal()).to_string())
    }

    /// The user that a SIP URI names at an address of ours: whom a phone means that names somebody as it would call them.
    #[must_use]
    pub fn user_here(&self, uri: &str) -> Option<String> {
        let uri = parse(uri).ok()?;
        let ip = match uri.host() {
            Host::IpAddr(ip) => *ip,
            Host::Domain(domain) => domain.0.parse().ok()?,
        };
        let port = uri.host_with_port.port.as_ref().map(|port| port.value());
        let shared = &self.shared;
        let external = shared.config.external.as_ref().is_some_and(|external| external.ip == ip);
        let ours = |(_, address): &(Transport, SocketAddr)| {
            let here = address.ip() == ip
                || external
                || (address.ip().is_unspecified() && local_ip_toward((ip, 9).into()) == Some(ip));
            here && port.is_none_or(|port| port == address.port())
        };
        shared.addresses.iter().any(ours).then(|| uri.user().map(str::to_owned)).flatten()
    }

    /// Our address toward a trunk: what belongs into the offer of a call by it.
    ///
    /// # Errors
    /// When there is no such trunk, or it cannot be found.
    pub async fn local_ip_to_trunk(&self, trunk: &str) -> Result<IpAddr, SipError> {
        local_ip_to_trunk(&self.shared, trunk).await
    }

    /// Places a call by a trunk. Where it goes, and who it says it is from, are the trunk's; the addresses of the trunk are tried
    /// in turn while they are silent or say 503 (RFC 3263 section 4.3).
    ///
    /// # Errors
    /// When it cannot even be tried, for one that the trunk carries no more calls: then the next way may.
    pub async fn invite_by_trunk(&self, way: &TrunkWay, call: OutgoingCall) -> Result<SipLeg, SipError> {
        Box::pin(invite_by_trunk(&self.shared, way, call)).await
    }

    /// How each trunk is.
    #[must_use]
    pub fn trunks(&self) -> Vec<TrunkStatus> {
        self.shared.trunks.all.iter().map(|trunk| trunk.status()).collect()
    }

    /// Looks at a trunk step by step, for a person who wants to know why it does not work. It need not be one of this endpoint's, and
    /// nothing is changed there.
    ///
    /// # Errors
    /// When its address is not a SIP URI.
    pub async fn examine_trunk(&self, trunk: TrunkConfig) -> Result<Vec<TrunkStep>, SipError> {
        Ok(Box::pin(examine(&self.shared, &Trunk::new(trunk)?)).await)
    }

    /// From now on every new call is told 503 and `Retry-After`; running ones go on.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Release);
    }

    /// While true, new calls are told what [`SipConfig::when_full`] says. For a gateway whose media miss their deadlines.
    pub fn set_overloaded(&self, overloaded: bool) {
        self.shared.overloaded.store(overloaded, Ordering::Release);
    }

    /// Counts.
    #[must_use]
    pub fn statistics(&self) -> SipStatistics {
        let shared = &self.shared;
        let calls = shared.config.calls_max - shared.calls.available_permits();
        shared.gate.counters.snapshot(calls as u64, shared.dialogs.len() as u64)
    }

    /// Waits until the sockets are closed: by [`SipEndpoint::shutdown`], or because the library broke, which is logged. Whoever
    /// has not shut it down should start another.
    pub async fn closed(&self) {
        self.shared.closed.cancelled().await;
    }

    /// Drains, hangs up every call, waits until each good-bye is answered but no longer than `grace`, and closes the sockets.
    /// Returns whether all calls ended in time; the events of those that did not just stop.
    pub async fn shutdown(&self, grace: Duration) -> bool {
        let shared = &self.shared;
        self.drain();
        shared.stop.cancel();
        shared.legs.close();
        let clean = tokio::time::timeout(grace, async {
            shared.legs.wait().await;
            // A registrar that would send calls to nobody is told last: calls that end may still need it.
            for trunk in &shared.trunks.all {
                trunk.leave.cancel();
            }
            for trunk in &shared.trunks.all {
                trunk.gone.cancelled().await;
            }
        });
        let clean = clean.await.is_ok();
        shared.closed.cancel();
        clean
    }
}

impl std::fmt::Debug for SipEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SipEndpoint").field("listening", &self.shared.listening).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("listening", &self.listening).finish_non_exhaustive()
    }
}

impl Shared {
    /// Where the other end shall send its requests inside the call.
    pub(crate) fn contact(
        &self,
        peer: SocketAddr,
        local: IpAddr,
        transport: Transport,
        secure: bool,
    ) -> Result<Uri, SipError> {
        let ports = |wanted: Transport| {
            let listening = self.addresses.iter().filter(move |(transport, _)| *transport == wanted);
            let mut addresses = listening.map(|(_, address)| address);
            let exact = addresses.clone().find(|address| address.ip() == local);
            exact.or_else(|| addresses.find(|address| address.is_ipv4() == local.is_ipv4()))
        };
        // Where we do not listen for a transport, the other end keeps to the connection that there is.
        let port = ports(transport).or_else(|| ports(Transport::Udp)).map_or(5060, SocketAddr::port);
        let told = External::toward(self.config.external.as_ref(), local, peer.ip());
        let address = SocketAddr::new(told, port);
        let suffix = match transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
            // RFC 7118 section 5.3: it is `ws` for both.
            Transport::Ws | Transport::Wss => ";transport=ws",
        };
        // Who calls by `sips:` is told a `sips:` address (RFC 3261 section 8.1.1.8).
        let scheme = if secure { "sips" } else { "sip" };
        let text = format!("{scheme}:callwright@{address}{suffix}");
        Uri::try_from(text.as_str()).map_err(|error| SipError::Library(error.to_string()))
    }

    /// Runs a task of a leg, at most until the sockets are closed.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closed = self.closed.clone();
        self.legs.spawn(Box::pin(async move {
            closed.run_until_cancelled(task).await;
        }));
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// A place for an incoming call, or the status and the wait that the caller is told.
    pub(crate) fn admit(&self) -> Result<OwnedSemaphorePermit, u16> {
        let counters = &self.gate.counters;
        if self.is_draining() || self.stop.is_cancelled() {
            counters.refused_draining.count();
            return Err(503);
        }
        let free = !self.overloaded.load(Ordering::Acquire);
        let place = free.then(|| Arc::clone(&self.calls).try_acquire_owned().ok()).flatten();
        place.ok_or_else(|| {
            counters.refused_full.count();
            self.config.when_full.status()
        })
    }

    /// When a caller who came by a trunk that is full may try again.
    pub(crate) fn retry_after_limit(&self, limit: LimitReached) -> Header {
        match limit {
            LimitReached::Calls => self.retry_after(),
            LimitReached::Rate { wait } => {
                Header::RetryAfter(wait.as_secs().saturating_add(1).to_string().into())
            }
        }
    }

    pub(crate) fn retry_after(&self) -> Header {
        Header::RetryAfter(self.config.retry_after_s.to_string().into())
    }
}

/// Runs the library's own task. Should it ever break, the endpoint closes instead of being deaf in silence.
async fn watch(library: EndpointInnerRef, closed: CancellationToken) {
    let outcome = tokio::spawn(async move { library.serve().await }).await;
    if !closed.is_cancelled() {
        let reason = match outcome {
            Ok(Ok(())) => "it returned".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        error!(reason, "the SIP library stopped; the endpoint is closed");
        closed.cancel();
    }
}

/// UDP and TCP on one port.
async fn bind(address: SocketAddr) -> Result<(UdpSocket, TcpListener, SocketAddr), SipError> {
    let listen = |source| SipError::Listen { address, source };
    let mut tries = 0;
    loop {
        let udp = UdpSocket::bind(address).await.map_err(listen)?;
        let bound = udp.local_addr().map_err(listen)?;
        match TcpListener::bind(bound).await {
            Ok(tcp) => return Ok((udp, tcp, bound)),
            // The free UDP port that the system chose is taken for TCP: let it choose again.
            Err(_) if address.port() == 0 && tries < 16 => tries += 1,
            Err(error) => return Err(listen(error)),
        }
    }
}

/// Listeners for everything but UDP and TCP.
async fn bind_others(config: &SipConfig, tls: &Tls) -> Result<Vec<(Transport, TcpListener)>, SipError> {
    let all = [
        (Transport::Tls, &config.listen_tls),
        (Transport::Ws, &config.listen_ws),
        (Transport::Wss, &config.listen_wss),
    ];
    let mut listeners = Vec::new();
    for (transport, addresses) in all {
        for address in addresses {
            if transport.is_secure() && tls.acceptor().is_none() {
                return Err(SipError::NoCertificate(*address));
            }
            let listen = |source| SipError::Listen { address: *address, source };
            listeners.push((transport, TcpListener::bind(address).await.map_err(listen)?));
        }
    }
    Ok(listeners)
}

/// More calls than one machine carries; what is configured above it means the same.
const CALLS_MAX: usize = 1 << 20;
/// Zero would repeat without a pause; tests go down to a few milliseconds.
const T1_MIN: Duration = Duration::from_millis(1);
/// A minute between repetitions helps nobody.
const T1_MAX: Duration = Duration::from_secs(60);
