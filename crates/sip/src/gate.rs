//! Stands between the transports and the transactions: every message that was read comes by, before anything is kept of it.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rsipstack::sip::prelude::{HasHeaders, HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Method, Request, Scheme, SipMessage, Transport as Wire};
use rsipstack::transaction::endpoint::{MessageInspector, TransportEventInspector};
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::sync::Semaphore;

use crate::Transport;
use crate::config::{External, SipConfig};
use crate::counters::Counters;
use crate::digest::{keep_the_best, mended};
use crate::fields::Reason;
use crate::network::Network;
use crate::registrar::{Entry, Registrar};
use crate::registry::Registry;
use crate::request::bare_answer;
use crate::tap::SipTap;
use crate::trunk::Trunks;

pub(crate) struct Gate {
    pub(crate) counters: Counters,
    allowed_sources: Vec<Network>,
    trunks: Arc<Trunks>,
    user_agent: String,
    datagrams_waiting: AtomicUsize,
    datagrams_waiting_max: usize,
    /// Places for messages from connections that wait to be worked on.
    messages: Semaphore,
    registry: Arc<Registry>,
    registrar: Arc<Registrar>,
    pub(crate) tap: Option<SipTap>,
}

impl Gate {
    pub(crate) fn new(
        config: &SipConfig,
        registry: Arc<Registry>,
        registrar: Arc<Registrar>,
        trunks: Arc<Trunks>,
    ) -> Self {
        Self {
            counters: Counters::default(),
            allowed_sources: config.allowed_sources.clone(),
            trunks,
            user_agent: config.user_agent.clone(),
            datagrams_waiting: AtomicUsize::new(0),
            datagrams_waiting_max: config.datagrams_waiting_max,
            messages: Semaphore::new(config.datagrams_waiting_max.max(1)),
            registry,
            registrar,
            tap: config.tap.clone(),
        }
    }

    /// Whether a source may begin calls without saying who it is: it is allowed to, or a trunk's.
    pub(crate) fn allows(&self, source: IpAddr) -> bool {
        self.allowed_sources.iter().any(|network| network.contains(source)) || self.trunks.know(source)
    }

    /// Counts a datagram in, unless too many are waiting. Each is counted out by [`Gate::handle`].
    pub(crate) fn let_in(&self) -> bool {
        self.datagrams_waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                (waiting < self.datagrams_waiting_max).then_some(waiting + 1)
            })
            .is_ok()
    }

    /// Counts a message of a connection in, when there is room. Each is counted out by [`Gate::handle`].
    pub(crate) async fn let_in_from_flow(&self) {
        if let Ok(place) = self.messages.acquire().await {
            place.forget();
        }
    }

    fn judge(&self, request: &Request, source: IpAddr) -> Verdict {
        if !well_formed(request) {
            return if request.method == Method::Ack {
                Verdict::Drop
            } else {
                Verdict::Answer(400, Vec::new())
            };
        }
        let begins = !matches!(request.method, Method::Ack | Method::Cancel)
            && request.to_header().is_ok_and(|to| to.tag().is_ok_and(|tag| tag.is_none()));
        let registers = request.method == Method::Register;
        if begins && (registers || !self.allows(source)) && self.registrar.has_users() {
            if !registers && request.method != Method::Invite {
                return Verdict::Answer(603, Vec::new());
            }
            match self.registrar.entry(request, source) {
                Entry::Look => {}
                Entry::Challenge(asked) => return Verdict::Answer(401, asked),
                Entry::Wait(seconds) => {
                    return Verdict::Answer(503, vec![Header::RetryAfter(seconds.to_string().into())]);
                }
            }
        } else if begins && !self.allows(source) {
            return Verdict::Answer(603, Vec::new());
        }
        // RFC 3261 section 8.2.2.1: another scheme names nobody here.
        if begins && matches!(request.uri.scheme, Some(Scheme::Other(_))) {
            return Verdict::Answer(416, Vec::new());
        }
        // Who answers calls and places others is a hop: a loop through us must end (RFC 3261 section 8.1.1.6).
        if request.method == Method::Invite && max_forwards(request) == Some(0) {
            return Verdict::Answer(483, Vec::new());
        }
        if matches!(request.method, Method::Bye | Method::Cancel) {
            self.note_reason(request);
        }
        Verdict::Pass
    }

    /// The library does not tell why the other end goes.
    fn note_reason(&self, request: &Request) {
        let (reason, ignored) = Reason::read(request);
        self.counters.ignored_fields.add(ignored);
        let call = request.call_id_header().ok().map(|id| id.value().to_owned());
        let tag = request.from_header().ok().and_then(|from| from.tag().ok().flatten());
        if let (Some(reason), Some(call), Some(tag)) = (reason, call, tag) {
            self.registry.note_reason(&call, tag.value(), reason);
        }
    }

    /// Answers without keeping anything: an ACK that comes for it is ignored by the library.
    async fn answer(&self, request: &Request, status: u16, more: Vec<Header>, connection: SipConnection) {
        match status {
            401 => self.counters.challenged.count(),
            503 => self.counters.refused_tries.count(),
            603 => self.counters.refused_source.count(),
            _ => self.counters.refused_malformed.count(),
        }
        let Some(mut response) = bare_answer(request, status, &self.user_agent) else { return };
        response.headers.extend(more);
        // Neither a datagram nor a connection's queue makes us wait.
        let _ = connection.send(response.into(), None).await;
    }
}

enum Verdict {
    Pass,
    Answer(u16, Vec<Header>),
    Drop,
}

/// The library takes [`Box`]es; the gate is shared with the sockets and the endpoint.
pub(crate) struct SharedGate(pub(crate) Arc<Gate>);

#[async_trait]
impl TransportEventInspector for SharedGate {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        let gate = &self.0;
        match event {
            TransportEvent::Incoming(message, connection, from) => {
                if matches!(connection, SipConnection::Udp(_)) {
                    gate.datagrams_waiting.fetch_sub(1, Ordering::Relaxed);
                } else {
                    gate.messages.add_permits(1);
                }
                match message {
                    SipMessage::Request(request) => {
                        let source = from.get_socketaddr().ok()?.ip();
                        match gate.judge(&request, source) {
                            Verdict::Pass => Some(TransportEvent::Incoming(request.into(), connection, from)),
                            Verdict::Answer(status, more) => {
                                gate.answer(&request, status, more, connection).await;
                                None
                            }
                            Verdict::Drop => {
                                gate.counters.dropped_junk.count();
                                None
                            }
                        }
                    }
                    SipMessage::Response(mut response) => {
                        keep_the_best(&mut response);
                        if !gate.registry.answered(&mut response) {
                            return None;
                        }
                        Some(TransportEvent::Incoming(response.into(), connection, from))
                    }
                }
            }
            other @ (TransportEvent::New(_) | TransportEvent::Closed(_)) => Some(other),
        }
    }
}

/// Whether a request has what every answer to it needs (RFC 3261 section 8.1.1).
fn well_formed(request: &Request) -> bool {
    let tagged = request
        .from_header()
        .is_ok_and(|from| from.tag().is_ok_and(|tag| tag.is_some_and(|tag| !tag.value().is_empty())));
    let addressed = request.to_header().is_ok_and(|to| to.typed().is_ok());
    let identified = request.call_id_header().is_ok_and(|id| !id.value().trim().is_empty());
    let numbered = request
        .cseq_header()
        .is_ok_and(|cseq| cseq.seq().is_ok() && cseq.method().is_ok_and(|method| method == request.method));
    // Each at most once (RFC 3261 section 7.3.1), and a hop counter that can be read.
    let once = ONCE.iter().all(|is_it| request.headers.iter().filter(|header| is_it(header)).count() <= 1);
    let hops = request.max_forwards_header().is_err() || max_forwards(request).is_some();
    tagged && addressed && identified && numbered && once && hops
}

fn max_forwards(request: &Request) -> Option<u8> {
    request.max_forwards_header().ok()?.value().trim().parse().ok()
}

/// Mends our own messages on their way out. The library knows only where we listen for UDP: the `Via` of requests gets the
/// transport they go over and an address that the peer can reach, also where we listen on all of them.
pub(crate) struct Addresser {
    pub(crate) listening: Vec<(Transport, SocketAddr)>,
    pub(crate) external: Option<External>,
    pub(crate) last: Mutex<Option<(IpAddr, IpAddr)>>,
    pub(crate) registry: Arc<Registry>,
}

impl Addresser {
    /// Over what, and from where: an address of ours that answers for the transport, or else the first.
    fn sent_by(&self, to: &SipAddr) -> Option<(Wire, IpAddr, u16)> {
        let peer = to.get_socketaddr().ok()?;
        let wire = to.r#type.unwrap_or(Wire::Udp);
        let ours = |(transport, address): &&(Transport, SocketAddr)| {
            transport.wire() == wire && address.is_ipv4() == peer.is_ipv4()
        };
        let (_, ours) = self.listening.iter().find(ours).or(self.listening.first())?;
        let host = if ours.ip().is_unspecified() { self.toward(peer)? } else { ours.ip() };
        Some((wire, External::toward(self.external.as_ref(), host, peer.ip()), ours.port()))
    }

    fn toward(&self, peer: SocketAddr) -> Option<IpAddr> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match *last {
            Some((to, ours)) if to == peer.ip() => Some(ours),
            _ => {
                let ours = local_ip_toward(peer)?;
                *last = Some((peer.ip(), ours));
                Some(ours)
            }
        }
    }
}

impl Addresser {
    /// The library's CANCEL is the INVITE's copy and takes no word of ours.
    fn give_reason(&self, cancel: &mut Request) {
        if let Some(reason) = self.registry.ours(cancel).and_then(|leg| leg.our_reason()) {
            cancel.headers.unique_push(reason.header());
        }
    }
}

impl MessageInspector for Addresser {
    fn before_send(&self, mut message: SipMessage, to: Option<&SipAddr>) -> SipMessage {
        let SipMessage::Request(request) = &mut message else { return message };
        mend_proofs(request);
        match request.method {
            Method::Cancel => self.give_reason(request),
            Method::PRack => self.registry.mend_prack(request),
            _ => {}
        }
        if let Some(to) = to
            && let Some((wire, host, port)) = self.sent_by(to)
            && let Ok(via) = request.via_header_mut()
        {
            // A `Via` of ours can be read; if not, it goes out as the library made it.
            let _ = via.update_first_value(|via| {
                let mut typed = via.typed()?;
                typed.transport = wire;
                typed.uri.host_with_port.host = host.into();
                typed.uri.host_with_port.port = Some(port.into());
                Ok(typed.into())
            });
        }
        message
    }

    fn after_received(&self, message: SipMessage, _from: Option<&SipAddr>) -> SipMessage {
        message
    }
}

/// Writes proofs of who we are as the RFCs do.
fn mend_proofs(request: &mut Request) {
    for header in request.headers_mut().iter_mut() {
        match header {
            Header::Authorization(proof) => proof.replace(mended(proof.value())),
            Header::ProxyAuthorization(proof) => proof.replace(mended(proof.value())),
            _ => {}
        }
    }
}

/// The address of ours from which the system would send to a peer. Asks the routing table only; nothing is sent.
pub(crate) fn local_ip_toward(peer: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if peer.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(peer).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// Header fields that may stand in a request only once.
const ONCE: [fn(&Header) -> bool; 6] = [
    |header| matches!(header, Header::From(_)),
    |header| matches!(header, Header::To(_)),
    |header| matches!(header, Header::CallId(_)),
    |header| matches!(header, Header::CSeq(_)),
    |header| matches!(header, Header::MaxForwards(_)),
    |header| matches!(header, Header::ContentLength(_)),
];
