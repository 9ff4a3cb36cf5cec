use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callwright_model::{AudioFormat, PacketIo};
use metrics::{counter, gauge};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info};

use crate::io::{Inward, Outward, rings};
use crate::mux::Mux;
use crate::offer::{self, Offer};
use crate::session::{self, Answered, Made, Secrets, SessionEnd, SessionId};
use crate::{BrowserConfig, BrowserError};

/// Answers browsers' offers. Clones are the same gateway.
#[derive(Clone)]
pub struct BrowserGateway(Arc<Inner>);

/// An answered offer: a leg that will carry sound as soon as the browser has connected.
pub struct BrowserLeg {
    /// Names the session, for [`BrowserGateway::close`].
    pub id: SessionId,
    /// Our answer, as `application/sdp`; empty when the browser has answered.
    pub answer_sdp: String,
    /// Where the leg's RTP comes from and goes to. Dropping it ends the session.
    pub io: Box<dyn PacketIo>,
    /// What was agreed on. Payload types are the offer's.
    pub format: AudioFormat,
    /// Tells once why the session is over.
    pub closed: oneshot::Receiver<SessionEnd>,
}

/// An offer of ours that waits for its answer. Dropped, its session ends.
pub struct BrowserOffer {
    /// The offer, as `application/sdp`.
    pub offer_sdp: String,
    waiting: Option<Waiting>,
}

struct Waiting {
    place: Place,
    made: Made,
    io: Box<dyn PacketIo>,
    outward: Outward,
}

struct Inner {
    config: BrowserConfig,
    mux: Arc<Mux>,
    candidates: Vec<SocketAddr>,
    sessions: Mutex<HashMap<SessionId, CancellationToken>>,
    tasks: TaskTracker,
    draining: AtomicBool,
    stop: CancellationToken,
}

/// A session's place among the sessions, and its routes; both go when it is dropped.
struct Place {
    gateway: Arc<Inner>,
    id: SessionId,
    ufrag: String,
    stop: CancellationToken,
}

impl BrowserGateway {
    /// Binds the UDP port and begins to route.
    ///
    /// # Errors
    /// [`BrowserError::Bind`] when the address cannot be used.
    pub async fn start(config: BrowserConfig) -> Result<Self, BrowserError> {
        let stop = CancellationToken::new();
        let bind_error = |source| BrowserError::Bind { address: config.bind, source };
        let mux = Mux::bind(config.bind, stop.clone()).await.map_err(bind_error)?;
        let address = mux.local_addr().map_err(bind_error)?;
        let candidates = advertised(address, &config.advertise).map_err(bind_error)?;
        info!(%address, ?candidates, "browser calls are answered on one UDP port");
        Ok(Self(Arc::new(Inner {
            config,
            mux,
            candidates,
            sessions: Mutex::default(),
            tasks: TaskTracker::new(),
            draining: AtomicBool::new(false),
            stop,
        })))
    }

    /// The one UDP address.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.0.candidates.first().copied().unwrap_or(self.0.config.bind)
    }

    /// How many sessions exist.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.0.sessions().len()
    }

    /// Answers an offer. The leg may be used at once; packets flow when the browser has connected.
    ///
    /// # Errors
    /// [`BrowserError`] with the HTTP status to answer with; nothing is left behind then.
    pub async fn answer(&self, offer_sdp: &str) -> Result<BrowserLeg, BrowserError> {
        let offer = offer::read(offer_sdp)?;
        let (place, secrets) = self.0.clone().reserve()?;
        // In a task of its own: who asked may go away midway, and what was begun must still be ended.
        let answered = self.0.tasks.spawn(open(place, offer, secrets)).await;
        answered.unwrap_or_else(|error| Err(BrowserError::Session(error.to_string())))
    }

    /// Offers a leg to a browser that is called.
    ///
    /// # Errors
    /// [`BrowserError`]; nothing is left behind then.
    pub async fn offer(&self) -> Result<BrowserOffer, BrowserError> {
        let (place, secrets) = self.0.clone().reserve()?;
        let offered = self.0.tasks.spawn(propose(place, secrets)).await;
        offered.unwrap_or_else(|error| Err(BrowserError::Session(error.to_string())))
    }

    /// Ends a session. `false` when there is none by that name (any more).
    pub fn close(&self, id: &SessionId) -> bool {
        let stop = self.0.sessions().get(id).cloned();
        stop.as_ref().inspect(|stop| stop.cancel()).is_some()
    }

    /// Refuses offers from here on; running sessions go on.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Ends all sessions and returns when they have ended.
    pub async fn shutdown(&self) {
        self.drain();
        let sessions: Vec<_> = self.0.sessions().values().cloned().collect();
        for session in sessions {
            session.cancel();
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.stop.cancel();
    }

    /// Routes held by the one socket, by user fragment and by source address.
    #[cfg(test)]
    pub(crate) fn routes(&self) -> (usize, usize) {
        self.0.mux.routes()
    }
}

impl Inner {
    fn sessions(&self) -> MutexGuard<'_, HashMap<SessionId, CancellationToken>> {
        // Nothing panics while it holds the lock.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve(self: Arc<Self>) -> Result<(Place, Secrets), BrowserError> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(BrowserError::Draining);
        }
        let id = SessionId(random_hex::<16>()?);
        let secrets = Secrets {
            ufrag: random_hex::<8>()?,
            password: random_hex::<16>()?,
            ssrc: u32::from_be_bytes(random()?),
        };
        let stop = CancellationToken::new();
        let mut sessions = self.sessions();
        let sessions_max = self.config.sessions_max;
        if sessions.len() >= sessions_max {
            counter!("callwright_browser_refused_total").increment(1);
            return Err(BrowserError::Full { sessions_max });
        }
        sessions.insert(id.clone(), stop.clone());
        gauge!("callwright_browser_sessions_active").set(sessions.len() as f64);
        drop(sessions);
        Ok((Place { gateway: self, id, ufrag: secrets.ufrag.clone(), stop }, secrets))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gateway.mux.remove(&self.ufrag);
        let mut sessions = self.gateway.sessions();
        sessions.remove(&self.id);
        gauge!("callwright_browser_sessions_active").set(sessions.len() as f64);
    }
}

async fn open(place: Place, offer: Offer, secrets: Secrets) -> Result<BrowserLeg, BrowserError> {
    let (io, outward, inward): (_, Outward, Inward) = rings();
    let format = offer.format;
    let answered = session::answer(&place.gateway.mux, offer, secrets, inward).await?;
    let answer_sdp = offer::finish(&answered.sdp, format.payload_type_out, &place.gateway.candidates);
    let (closed_sender, closed) = oneshot::channel();
    let id = place.id.clone();
    let tasks = place.gateway.tasks.clone();
    tasks.spawn(run(place, answered, outward, closed_sender));
    Ok(BrowserLeg { id, answer_sdp, io: Box::new(io), format, closed })
}

async fn propose(place: Place, secrets: Secrets) -> Result<BrowserOffer, BrowserError> {
    let (io, outward, inward): (_, Outward, Inward) = rings();
    let format = offer::own_format();
    let (made, sdp) = session::offer(&place.gateway.mux, &format, secrets, inward).await?;
    let offer_sdp = offer::finish(&sdp, format.payload_type_out, &place.gateway.candidates);
    Ok(BrowserOffer { offer_sdp, waiting: Some(Waiting { place, made, io: Box::new(io), outward }) })
}

impl BrowserOffer {
    /// Takes the browser's answer. The leg may be used at once; packets flow when the browser has connected.
    ///
    /// # Errors
    /// [`BrowserError`] when it is no answer to our offer; nothing is left behind then.
    pub async fn accept(mut self, answer_sdp: &str) -> Result<BrowserLeg, BrowserError> {
        let answer = offer::read(answer_sdp)?;
        let format = answer.format;
        if format.payload_type_out != offer::own_format().payload_type_out {
            return Err(BrowserError::NoOpus);
        }
        let waiting = self.waiting.take();
        let Waiting { place, made, io, outward } =
            waiting.ok_or_else(|| BrowserError::Session("it was answered before".to_owned()))?;
        let tasks = place.gateway.tasks.clone();
        let taken = tasks.spawn(async move {
            let answered = made.accept(answer).await?;
            let (closed_sender, closed) = oneshot::channel();
            let (id, tasks) = (place.id.clone(), place.gateway.tasks.clone());
            tasks.spawn(run(place, answered, outward, closed_sender));
            Ok(BrowserLeg { id, answer_sdp: String::new(), io, format, closed })
        });
        taken.await.unwrap_or_else(|error| Err(BrowserError::Session(error.to_string())))
    }
}

impl Drop for BrowserOffer {
    fn drop(&mut self) {
        if let Some(Waiting { place, made, .. }) = self.waiting.take() {
            let tasks = place.gateway.tasks.clone();
            tasks.spawn(async move {
                made.close().await;
                drop(place);
            });
        }
    }
}

impl fmt::Debug for BrowserOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserOffer").finish_non_exhaustive()
    }
}

async fn run(place: Place, answered: Answered, outward: Outward, closed: oneshot::Sender<SessionEnd>) {
    let gateway = place.gateway.clone();
    let stop = place.stop.clone();
    let end = answered.drive(&gateway.mux, &place.ufrag, outward, &gateway.config, stop).await;
    debug!(session = ?place.id, ?end, "browser session ended");
    // The place first: who waits for the end finds the session gone.
    drop(place);
    let _ = closed.send(end);
}

/// The addresses to put into answers.
fn advertised(bound: SocketAddr, configured: &[IpAddr]) -> std::io::Result<Vec<SocketAddr>> {
    if !configured.is_empty() {
        return Ok(configured.iter().map(|ip| SocketAddr::new(*ip, bound.port())).collect());
    }
    if !bound.ip().is_unspecified() {
        return Ok(vec![bound]);
    }
    // Connecting a UDP socket sends nothing; it makes the kernel choose the source address. The addresses are those set
    // aside for documentation.
    let far = if bound.is_ipv4() { "192.0.2.1:9" } else { "[2001:db8::1]:9" };
    let probe = UdpSocket::bind(SocketAddr::new(bound.ip(), 0))?;
    let source = probe.connect(far).and_then(|()| probe.local_addr());
    let ip = source.map_or_else(
        |_| if bound.is_ipv4() { IpAddr::from([127, 0, 0, 1]) } else { std::net::Ipv6Addr::LOCALHOST.into() },
        |source| source.ip(),
    );
    Ok(vec![SocketAddr::new(ip, bound.port())])
}

fn random<const N: usize>() -> Result<[u8; N], BrowserError> {
    let mut bytes = [0; N];
    let provider = rustls::crypto::ring::default_provider();
    provider
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| BrowserError::Session("the system gives no random bytes".to_owned()))?;
    Ok(bytes)
}

fn random_hex<const N: usize>() -> Result<String, BrowserError> {
    Ok(random::<N>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl fmt::Debug for BrowserGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserGateway")
            .field("candidates", &self.0.candidates)
            .field("sessions", &self.sessions())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BrowserLeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserLeg")
            .field("id", &self.id)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
