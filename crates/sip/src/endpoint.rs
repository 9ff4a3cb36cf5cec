//! The endpoint: sockets, the library's tasks, and what comes in.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, StatusCode, Transport as Wire, Uri};
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transaction::{CallIdFormat, TransactionReceiver};
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportLayer};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::Transport;
use crate::config::SipConfig;
use crate::counters::SipStatistics;
use crate::error::SipError;
use crate::gate::{Addresser, Gate, SharedGate};
use crate::incoming::{IncomingCall, IncomingTask, called, caller};
use crate::leg::{LegTask, SipLeg};
use crate::outgoing::{OutgoingCall, invite, local_ip};
use crate::request::{ALLOW, Body, SDP, required};
use crate::socket::ScreenedSocket;

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
    pub(crate) gate: Arc<Gate>,
    pub(crate) endpoint: EndpointInnerRef,
    pub(crate) dialogs: Arc<DialogLayer>,
    /// Tasks of legs and the good-byes they send.
    pub(crate) legs: TaskTracker,
    /// Hangs up every leg.
    pub(crate) stop: CancellationToken,
    events: mpsc::Sender<SipEvent>,
    calls: Arc<Semaphore>,
    transactions: Arc<Semaphore>,
    draining: AtomicBool,
    overloaded: AtomicBool,
    /// Ends the sockets and the library.
    closed: CancellationToken,
}

impl SipEndpoint {
    /// Binds and begins to answer.
    ///
    /// # Errors
    /// When an address cannot be bound.
    pub async fn start(config: SipConfig) -> Result<(Self, mpsc::Receiver<SipEvent>), SipError> {
        if config.listen.is_empty() {
            return Err(SipError::NoAddress);
        }
        let closed = CancellationToken::new();
        let gate = Arc::new(Gate::new(&config));
        let transports = TransportLayer::new(closed.clone());
        let mut listening = Vec::new();
        let mut listeners = Vec::new();
        for address in &config.listen {
            let (udp, tcp, bound) = bind(*address).await?;
            let socket = Arc::new(ScreenedSocket { socket: udp, gate: Arc::clone(&gate) });
            let udp = UdpConnection::from_socket(socket, None, Some(closed.child_token()))
                .await
                .map_err(|error| SipError::Library(error.to_string()))?;
            transports.add_transport(udp.into());
            listeners.push(tcp);
            listening.push(bound);
        }
        let everywhere = listening.iter().any(|address| address.ip().is_unspecified());
        let endpoint = EndpointBuilder::new()
            .with_user_agent(&config.user_agent)
            .with_transport_layer(transports)
            .with_cancel_token(closed.clone())
            .with_transport_inspector(Box::new(SharedGate(Arc::clone(&gate))))
            .with_inspector(Box::new(Addresser { everywhere, last: Mutex::new(None) }))
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
        let (events, received) = mpsc::channel(config.incoming_waiting_max.max(1));
        let shared = Arc::new(Shared {
            dialogs: Arc::new(DialogLayer::new(Arc::clone(&endpoint.inner))),
            endpoint: Arc::clone(&endpoint.inner),
            legs: TaskTracker::new(),
            stop: CancellationToken::new(),
            calls: Arc::new(Semaphore::new(config.calls_max)),
            // A call in progress keeps one, and each of its parties may have a few requests under way.
            transactions: Arc::new(Semaphore::new(config.calls_max.saturating_mul(4).saturating_add(1_024))),
            draining: AtomicBool::new(false),
            overloaded: AtomicBool::new(false),
            closed: closed.clone(),
            config,
            listening,
            gate,
            events,
        });
        let serving = Arc::clone(&endpoint.inner);
        tokio::spawn(async move {
            if let Err(error) = serving.serve().await {
                warn!(%error, "the SIP library stopped");
            }
        });
        for listener in listeners {
            tokio::spawn(accept_connections(listener, Arc::clone(&shared)));
        }
        tokio::spawn(take_transactions(transactions, Arc::clone(&shared)));
        for address in &shared.listening {
            info!(%address, "SIP over UDP and TCP");
        }
        Ok((Self { shared, _guard: Arc::new(closed.drop_guard()) }, received))
    }

    /// Where it listens, with real ports.
    #[must_use]
    pub fn local_addresses(&self) -> &[SocketAddr] {
        &self.shared.listening
    }

    /// Our address toward whom a SIP URI names: what belongs into the offer of a call to it.
    ///
    /// # Errors
    /// When it is not a SIP URI, or its host cannot be found.
    pub async fn local_ip_toward(&self, uri: &str) -> Result<IpAddr, SipError> {
        local_ip(&self.shared, uri).await
    }

    /// Places a call. What becomes of it is told by the leg's events.
    ///
    /// # Errors
    /// When it cannot even be tried: a bad address, no way to it, or the endpoint is shut down.
    pub async fn invite(&self, call: OutgoingCall) -> Result<SipLeg, SipError> {
        Box::pin(invite(&self.shared, call)).await
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

    /// Drains, hangs up every call, waits until each good-bye is answered but no longer than `grace`, and closes the sockets.
    /// Returns whether all calls ended in time; the events of those that did not just stop.
    pub async fn shutdown(&self, grace: Duration) -> bool {
        let shared = &self.shared;
        self.drain();
        shared.stop.cancel();
        shared.legs.close();
        let clean = tokio::time::timeout(grace, shared.legs.wait()).await.is_ok();
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
    pub(crate) fn contact(&self, local: IpAddr, transport: Transport) -> Result<Uri, SipError> {
        let listening = self.listening.iter();
        let port = listening
            .clone()
            .find(|address| address.ip() == local)
            .or_else(|| listening.clone().find(|address| address.is_ipv4() == local.is_ipv4()))
            .map_or(5060, SocketAddr::port);
        let address = SocketAddr::new(local, port);
        let suffix = match transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
        };
        let text = format!("sip:callwright@{address}{suffix}");
        Uri::try_from(text.as_str()).map_err(|error| SipError::Library(error.to_string()))
    }

    /// Runs a task of a leg, at most until the sockets are closed.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closed = self.closed.clone();
        self.legs.spawn(Box::pin(async move {
            closed.run_until_cancelled(task).await;
        }));
    }

    /// A place for an incoming call, or the status and the wait that the caller is told.
    fn admit(&self) -> Result<OwnedSemaphorePermit, u16> {
        let counters = &self.gate.counters;
        if self.draining.load(Ordering::Acquire) || self.stop.is_cancelled() {
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

    fn retry_after(&self) -> Header {
        Header::RetryAfter(self.config.retry_after_s.to_string().into())
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

async fn accept_connections(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            () = shared.closed.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Mostly no file descriptors left: others must close theirs first.
                warn!(%error, "accepting a SIP connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if shared.endpoint.transport_layer.connections_count() >= shared.config.connections_max {
            shared.gate.counters.dropped_overload.count();
            continue;
        }
        let Ok(local) = stream.local_addr() else { continue };
        let _ = stream.set_nodelay(true);
        let local = SipAddr::new(Wire::Tcp, local.into());
        match TcpConnection::from_stream(stream, local, Some(shared.closed.child_token())) {
            Ok(connection) => shared.endpoint.transport_layer.add_connection(SipConnection::Tcp(connection)),
            Err(error) => debug!(%error, "a SIP connection went away at once"),
        }
    }
}

async fn take_transactions(mut transactions: TransactionReceiver, shared: Arc<Shared>) {
    loop {
        let transaction = tokio::select! {
            () = shared.closed.cancelled() => return,
            transaction = transactions.recv() => transaction,
        };
        let Some(transaction) = transaction else { return };
        match Arc::clone(&shared.transactions).try_acquire_owned() {
            Ok(permit) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    // The library's clock stops with its sockets: a transaction would wait for ever.
                    let served = Box::pin(serve(&shared, transaction));
                    shared.closed.run_until_cancelled(served).await;
                    drop(permit);
                });
            }
            Err(_) => shared.gate.counters.dropped_overload.count(),
        }
    }
}

async fn serve(shared: &Arc<Shared>, mut transaction: Transaction) {
    let request = &transaction.original;
    let method = request.method;
    let inside = request.to_header().is_ok_and(|to| to.tag().is_ok_and(|tag| tag.is_some()));
    let result = if inside {
        serve_inside(shared, transaction).await
    } else {
        match method {
            Method::Invite => serve_invite(shared, transaction).await,
            Method::Options => {
                let mut headers = vec![Header::Allow(ALLOW.into()), Header::Accept(SDP.into())];
                let draining = shared.draining.load(Ordering::Acquire);
                if draining {
                    headers.push(shared.retry_after());
                }
                let status = if draining { StatusCode::ServiceUnavailable } else { StatusCode::OK };
                transaction.reply_with(status, headers, None).await
            }
            Method::Ack | Method::Cancel => Ok(()),
            Method::Bye | Method::Info | Method::Update | Method::PRack => {
                transaction.reply(StatusCode::CallTransactionDoesNotExist).await
            }
            Method::Message
            | Method::Notify
            | Method::Publish
            | Method::Refer
            | Method::Register
            | Method::Subscribe => {
                let allow = vec![Header::Allow(ALLOW.into())];
                transaction.reply_with(StatusCode::MethodNotAllowed, allow, None).await
            }
        }
    };
    if let Err(error) = result {
        debug!(%method, %error, "a request could not be served");
    }
}

/// A request inside a dialog.
async fn serve_inside(shared: &Arc<Shared>, mut transaction: Transaction) -> rsipstack::Result<()> {
    // The library tells the other end that a call of ours is confirmed a moment before it can be found by its full name.
    for _ in 0..DIALOG_LOOKS {
        if let Some(mut dialog) = shared.dialogs.match_dialog(&transaction) {
            return dialog.handle(&mut transaction).await;
        }
        if transaction.original.method == Method::Ack {
            return Ok(());
        }
        tokio::time::sleep(DIALOG_PAUSE).await;
    }
    transaction.reply(StatusCode::CallTransactionDoesNotExist).await
}

/// A call comes in.
async fn serve_invite(shared: &Arc<Shared>, mut transaction: Transaction) -> rsipstack::Result<()> {
    let counters = &shared.gate.counters;
    let demands = required(&transaction.original);
    if !demands.is_empty() {
        counters.refused_malformed.count();
        let unsupported = vec![Header::Unsupported(demands.join(", ").into())];
        return transaction.reply_with(StatusCode::BadExtension, unsupported, None).await;
    }
    let offer = match Body::of(&transaction.original, &transaction.original.body) {
        Body::Sdp(offer) => Some(offer),
        Body::Nothing => None,
        Body::Other => {
            counters.refused_malformed.count();
            let accept = vec![Header::Accept(SDP.into())];
            return transaction.reply_with(StatusCode::UnsupportedMediaType, accept, None).await;
        }
    };
    let connection = transaction.connection.as_ref();
    let source = connection.and_then(|connection| connection.get_remote_addr()?.get_socketaddr().ok());
    let transport = match connection {
        Some(SipConnection::Tcp(_)) => Transport::Tcp,
        _ => Transport::Udp,
    };
    let place = source.and_then(|source| Some((source, shared.local_ip(source)?)));
    let Some((source, local_ip)) = place else {
        return transaction.reply(StatusCode::ServerInternalError).await;
    };
    let slot = match shared.admit() {
        Ok(slot) => slot,
        Err(status) => {
            return transaction.reply_with(StatusCode::from(status), vec![shared.retry_after()], None).await;
        }
    };
    let Ok(waiting) = shared.events.clone().try_reserve_owned() else {
        counters.refused_full.count();
        let retry = vec![shared.retry_after()];
        return transaction.reply_with(StatusCode::ServiceUnavailable, retry, None).await;
    };
    let (sender, states) = shared.dialogs.new_dialog_state_channel();
    let contact = shared.contact(local_ip, transport).ok();
    let mut dialog = match shared.dialogs.get_or_create_server_invite(&transaction, sender, None, contact) {
        Ok(dialog) => dialog,
        // No `Contact`, or one that cannot be read.
        Err(error) => {
            counters.refused_malformed.count();
            debug!(%error, "an INVITE without what a dialog needs");
            return transaction.reply(StatusCode::BadRequest).await;
        }
    };
    let (leg, task) = LegTask::new(shared, dialog.clone(), states);
    let lost = task.lost.clone();
    let (ring, ringing) = mpsc::channel(4);
    let (verdict, judged) = oneshot::channel();
    let (from, from_uri) = caller(&transaction.original);
    let call = IncomingCall {
        call_id: leg.call_id().to_owned(),
        from,
        from_uri,
        to_user: called(&transaction.original),
        source,
        local_ip,
        transport,
        offer,
        ring,
        verdict,
        leg,
    };
    let task = IncomingTask {
        leg: task,
        ring: ringing,
        verdict: judged,
        transaction: transaction.tu_sender.clone(),
        delayed: call.offer.is_none(),
        slot,
    };
    counters.calls_offered.count();
    waiting.send(SipEvent::Incoming(call));
    shared.spawn(task.run());
    let handled = dialog.handle(&mut transaction).await;
    let state = dialog.state();
    if !state.is_confirmed() && !state.is_terminated() {
        lost.cancel();
    }
    handled
}

/// File descriptors do not come back faster.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often, and
const DIALOG_LOOKS: usize = 4;
/// how far apart a dialog is looked for: the library needs microseconds.
const DIALOG_PAUSE: Duration = Duration::from_millis(10);
