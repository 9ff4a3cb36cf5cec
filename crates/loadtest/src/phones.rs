//! Telephones of scripted parties: one SIP endpoint for all of them, and one thread on which their sound is moved, apart
//! from whatever else the process does.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callwright_call_core::sdp::{self, Agreed, LocalMedia, SessionDescription};
use callwright_model::Codec;
use callwright_sip::{
    IncomingCall, LegEnd, OutgoingCall, Reinvite, SipConfig, SipEndpoint, SipEvent, SipLeg, SipLegEvent,
};
use tokio::net::UdpSocket;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::error::LoadError;
use crate::event::{Observer, PartyEvent, PartyFact};
use crate::measure::{dead_air, measure};
use crate::phone::{Order, Part, Phone, PhoneResult, PhoneSetup};
use crate::report::{CallReport, Network, Outcome};
use crate::scenario::Scenario;

/// Telephones behind one SIP address. Clones are the same.
#[derive(Clone)]
pub struct Phones {
    endpoint: SipEndpoint,
    sound: Arc<SoundThread>,
    address: SocketAddr,
}

/// A call to place.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its number in the report and the events.
    pub number: u64,
    /// Whom to call: a SIP URI.
    pub to: String,
    /// The user name we call from.
    pub from_user: String,
    /// What we do.
    pub scenario: Arc<Scenario>,
    /// Codecs offered, best first.
    pub codecs: Vec<Codec>,
    /// Where to write the recording, if one is wanted.
    pub recording: Option<PathBuf>,
    /// How long it may ring.
    pub answer_time: Duration,
}

impl Call {
    /// A call in PCMU without a recording that may ring for half a minute.
    #[must_use]
    pub fn new(to: impl Into<String>, scenario: Arc<Scenario>) -> Self {
        Self {
            number: 1,
            to: to.into(),
            from_user: "caller".to_owned(),
            scenario,
            codecs: vec![Codec::Pcmu],
            recording: None,
            answer_time: Duration::from_secs(30),
        }
    }
}

/// What an answered call needs, whoever placed it.
pub(crate) struct Party {
    pub(crate) number: u64,
    pub(crate) part: Part,
    pub(crate) recording: Option<PathBuf>,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Phones {
    /// Binds the SIP address (port 0 takes a free one). Calls that come in are told on the receiver.
    ///
    /// # Errors
    /// When the address is taken or the thread cannot be made.
    pub async fn start(listen: SocketAddr) -> Result<(Self, mpsc::Receiver<SipEvent>), LoadError> {
        let config = SipConfig {
            listen: vec![listen],
            user_agent: "Callwright-loadtest".to_owned(),
            calls_max: 10_000,
            ..SipConfig::default()
        };
        let (endpoint, incoming) = SipEndpoint::start(config).await?;
        let address = endpoint.local_addresses().first().copied().unwrap_or(listen);
        let sound = Arc::new(SoundThread::start()?);
        Ok((Self { endpoint, sound, address }, incoming))
    }

    /// The SIP address, with its real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Finds whom to call, so that a run toward nobody ends before it begins.
    ///
    /// # Errors
    /// When it is no SIP address, there is no way to it, or its machine says that nobody listens.
    pub async fn find(&self, to: &str) -> Result<(), LoadError> {
        let nobody = |why: String| LoadError::Nobody { to: to.to_owned(), why };
        match self.endpoint.is_deaf(to).await {
            Ok(false) => Ok(()),
            Ok(true) => Err(nobody("nothing listens at that address and port".to_owned())),
            Err(error) => Err(nobody(error.to_string())),
        }
    }

    /// Places a call and plays its scenario to the end. Whatever happens is an [`Outcome`]. Dropping the future hangs up.
    pub async fn call(&self, call: Call, observer: Arc<dyn Observer>) -> CallReport {
        let party = Party {
            number: call.number,
            part: Part::Scenario(Arc::clone(&call.scenario)),
            recording: call.recording.clone(),
            observer,
        };
        let dialling = Dialling {
            to: call.to,
            from_user: call.from_user,
            codecs: call.codecs,
            answer_time: call.answer_time,
        };
        self.dial(dialling, &party).await.report
    }

    /// Places a call and plays a party's part in it.
    pub(crate) async fn dial(&self, dialling: Dialling, party: &Party) -> Record {
        let mut record = party.empty_record();
        if let Err(outcome) = self.place(dialling, party, &mut record).await {
            record.report.outcome = outcome;
        }
        party.tell_end(&record.report);
        record
    }

    async fn place(&self, call: Dialling, party: &Party, record: &mut Record) -> Result<(), Outcome> {
        let ip = self.endpoint.local_ip_toward(&call.to).await.map_err(error)?;
        let socket = UdpSocket::bind((ip, 0)).await.map_err(error)?;
        let local = local_media(ip, &socket, &call.codecs, party.number)?;
        let offer = sdp::offer(&local);
        let from = format!("sip:{}@{}", call.from_user, self.address);
        let asked = Instant::now();
        let invitation = OutgoingCall {
            answer_time: call.answer_time,
            ..OutgoingCall::new(call.to, from, offer.to_string())
        };
        let mut leg = self.endpoint.invite(invitation).await.map_err(error)?;
        let answer = loop {
            match leg.next().await {
                Some(SipLegEvent::Ringing { .. }) => party.tell(Duration::ZERO, PartyFact::Ringing),
                Some(SipLegEvent::Answered { sdp: Some(answer) }) => break answer,
                Some(SipLegEvent::Answered { sdp: None }) => {
                    return Err(Outcome::Error { what: "the 200 has no session description".to_owned() });
                }
                Some(SipLegEvent::Refused { status, reason }) => {
                    return Err(Outcome::Refused { status, reason });
                }
                Some(SipLegEvent::Ended(LegEnd::NoAnswer)) => return Err(Outcome::NoAnswer),
                Some(SipLegEvent::Ended(end)) => return Err(Outcome::Error { what: format!("{end:?}") }),
                Some(
                    SipLegEvent::Established { .. }
                    | SipLegEvent::Reinvite(_)
                    | SipLegEvent::Reinvited { .. }
                    | SipLegEvent::ReinviteRefused { .. }
                    | SipLegEvent::Refer(_)
                    | SipLegEvent::Referred(_)
                    | SipLegEvent::Dtmf { .. },
                ) => {}
                None => return Err(Outcome::Error { what: "the call vanished".to_owned() }),
            }
        };
        let setup = asked.elapsed();
        record.report.setup_s = Some(setup.as_secs_f64());
        party.tell(Duration::ZERO, PartyFact::Answered { setup });
        let theirs: SessionDescription = answer.parse().map_err(error)?;
        let agreed = sdp::accept(&offer, &theirs).map_err(error)?;
        self.talk(party, leg, Session { ours: offer, local, socket, agreed }, record).await
    }

    /// Takes a call that came in: answers it and plays the scenario.
    pub(crate) async fn take(&self, incoming: IncomingCall, codecs: &[Codec], party: &Party) -> CallReport {
        let mut record = party.empty_record();
        if let Err(outcome) = self.accept(incoming, codecs, party, &mut record).await {
            record.report.outcome = outcome;
        }
        party.tell_end(&record.report);
        record.report
    }

    async fn accept(
        &self,
        incoming: IncomingCall,
        codecs: &[Codec],
        party: &Party,
        record: &mut Record,
    ) -> Result<(), Outcome> {
        let ip = incoming.local_ip;
        let socket = UdpSocket::bind((ip, 0)).await.map_err(error)?;
        let local = local_media(ip, &socket, codecs, party.number)?;
        let asked = Instant::now();
        let (ours, agreed, leg) = match &incoming.offer {
            Some(offer) => {
                let answered =
                    offer.parse::<SessionDescription>().and_then(|offer| sdp::answer(&offer, &local));
                match answered {
                    Ok((ours, agreed)) => (ours.clone(), agreed, incoming.accept(ours.to_string())),
                    Err(why) => {
                        incoming.reject(why.status(), None);
                        return Err(error(why));
                    }
                }
            }
            None => {
                let ours = sdp::offer(&local);
                let mut leg = incoming.accept(ours.to_string());
                let theirs: SessionDescription = loop {
                    match leg.next().await {
                        Some(SipLegEvent::Established { sdp: Some(sdp) }) => {
                            break sdp.parse().map_err(error)?;
                        }
                        Some(SipLegEvent::Ended(end)) => {
                            return Err(Outcome::Error { what: format!("{end:?}") });
                        }
                        Some(_) => {}
                        None => return Err(Outcome::Error { what: "the call vanished".to_owned() }),
                    }
                };
                let agreed = sdp::accept(&ours, &theirs).map_err(error)?;
                (ours, agreed, leg)
            }
        };
        let setup = asked.elapsed();
        record.report.setup_s = Some(setup.as_secs_f64());
        party.tell(Duration::ZERO, PartyFact::Answered { setup });
        self.talk(party, leg, Session { ours, local, socket, agreed }, record).await
    }

    /// From the answer to the end.
    async fn talk(
        &self,
        party: &Party,
        mut leg: SipLeg,
        session: Session,
        record: &mut Record,
    ) -> Result<(), Outcome> {
        let Session { mut ours, local, socket, agreed } = session;
        let (orders, received) = mpsc::unbounded_channel();
        // The socket belongs to the thread that moves the sound, so it is registered there.
        let socket = socket.into_std().map_err(error)?;
        let mut phone = self.sound.run(PhoneSpec {
            socket,
            agreed,
            number: party.number,
            part: party.part.clone(),
            recording: party.recording.clone(),
            observer: Arc::clone(&party.observer),
            orders: received,
        })?;
        let mut ended = false;
        let result = loop {
            tokio::select! {
                result = &mut phone => break result.map_err(error)?.map_err(|what| Outcome::Error { what })?,
                event = leg.next(), if !ended => match event {
                    Some(SipLegEvent::Ended(_) | SipLegEvent::Refused { .. }) | None => {
                        ended = true;
                        // A phone that is gone already needs no order.
                        let _ = orders.send(Order::Ended);
                    }
                    Some(SipLegEvent::Dtmf { digit, .. }) => {
                        let _ = orders.send(Order::Key(digit));
                    }
                    Some(SipLegEvent::Reinvite(change)) => {
                        if let Some(remote) = reinvited(change, &mut ours, &local, &agreed) {
                            let _ = orders.send(Order::Remote(remote));
                        }
                    }
                    Some(
                        SipLegEvent::Ringing { .. }
                        | SipLegEvent::Answered { .. }
                        | SipLegEvent::Established { .. }
                        | SipLegEvent::Reinvited { .. }
                        | SipLegEvent::ReinviteRefused { .. }
                        | SipLegEvent::Refer(_)
                        | SipLegEvent::Referred(_),
                    ) => {}
                },
            }
        };
        leg.hangup();
        while !ended {
            ended = matches!(leg.next().await, None | Some(SipLegEvent::Ended(_)));
        }
        record.fill(result);
        Ok(())
    }

    /// Hangs up what still talks and closes the sockets.
    pub async fn shutdown(&self) {
        if !self.endpoint.shutdown(SHUTDOWN_GRACE).await {
            tracing::warn!("a peer did not answer our good-bye in time");
        }
    }
}

/// Whom to call, and how.
pub(crate) struct Dialling {
    pub(crate) to: String,
    pub(crate) from_user: String,
    pub(crate) codecs: Vec<Codec>,
    pub(crate) answer_time: Duration,
}

/// What one call came to, with what remains of the phone when there was one.
pub(crate) struct Record {
    pub(crate) report: CallReport,
    pub(crate) remains: Option<PhoneResult>,
}

struct Session {
    ours: SessionDescription,
    local: LocalMedia,
    socket: UdpSocket,
    agreed: Agreed,
}

impl Party {
    fn tell(&self, at: Duration, fact: PartyFact) {
        self.observer.observe(PartyEvent { call: self.number, at, fact });
    }

    fn tell_end(&self, report: &CallReport) {
        self.tell(
            Duration::from_secs_f64(report.length_s),
            PartyFact::Ended { outcome: report.outcome.clone() },
        );
    }

    fn empty_record(&self) -> Record {
        Record::empty(self.number, self.part.name().to_owned())
    }
}

impl Record {
    /// Of a call that was talked.
    pub(crate) fn of(call: u64, scenario: String, result: PhoneResult) -> Self {
        let mut record = Self::empty(call, scenario);
        record.fill(result);
        record
    }

    fn empty(call: u64, scenario: String) -> Self {
        let report = CallReport {
            call,
            scenario,
            outcome: Outcome::Cancelled,
            setup_s: None,
            length_s: 0.0,
            turns: Vec::new(),
            heard_s: Vec::new(),
            keys_heard: String::new(),
            dead_air_s: 0.0,
            network: Network::default(),
            recording: None,
        };
        Self { report, remains: None }
    }

    fn fill(&mut self, result: PhoneResult) {
        let report = &mut self.report;
        let seconds = |samples: callwright_model::Samples| samples.duration().as_secs_f64();
        report.outcome = result.outcome.clone();
        report.length_s = seconds(result.length);
        report.turns = measure(&result.said, &result.heard);
        report.heard_s =
            result.heard.iter().map(|heard| (seconds(heard.start), seconds(heard.end))).collect();
        report.keys_heard.clone_from(&result.keys_heard);
        report.dead_air_s = dead_air(&result.said, &result.heard, result.length).as_secs_f64();
        report.network = result.network;
        report.recording.clone_from(&result.recording);
        self.remains = Some(result);
    }
}

/// Agrees to a change that keeps the codec; tells where sound goes now.
fn reinvited(
    change: Reinvite,
    ours: &mut SessionDescription,
    local: &LocalMedia,
    agreed: &Agreed,
) -> Option<SocketAddr> {
    let local = LocalMedia { codecs: vec![agreed.format.codec], ..local.clone() };
    let Some(offer) = &change.offer else {
        change.answer(ours.to_string());
        return None;
    };
    match offer.parse::<SessionDescription>().and_then(|offer| sdp::answer(&offer, &local)) {
        Ok((answer, again)) if again.format == agreed.format => {
            *ours = answer.following(ours);
            change.answer(ours.to_string());
            (!again.remote.ip().is_unspecified()).then_some(again.remote)
        }
        Ok(_) => {
            change.reject(488);
            None
        }
        Err(why) => {
            change.reject(why.status());
            None
        }
    }
}

fn local_media(ip: IpAddr, socket: &UdpSocket, codecs: &[Codec], number: u64) -> Result<LocalMedia, Outcome> {
    let port = socket.local_addr().map_err(error)?.port();
    Ok(LocalMedia::new(ip, port, codecs, number << 16 | u64::from(port)))
}

fn error(error: impl std::fmt::Display) -> Outcome {
    Outcome::Error { what: error.to_string() }
}

/// The thread on which all phones of this process send and listen. On a runtime of its own, so that neither a busy program
/// around it nor the thing that is measured, when it runs in the same process, moves its clock.
struct SoundThread(Option<Runtime>);

struct PhoneSpec {
    socket: std::net::UdpSocket,
    agreed: Agreed,
    number: u64,
    part: Part,
    recording: Option<PathBuf>,
    observer: Arc<dyn Observer>,
    orders: mpsc::UnboundedReceiver<Order>,
}

type PhoneTask = AbortOnDropHandle<Result<PhoneResult, String>>;

impl SoundThread {
    fn start() -> Result<Self, LoadError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("callwright-phones")
            .enable_all()
            .build()
            .map_err(LoadError::Thread)?;
        Ok(Self(Some(runtime)))
    }

    fn run(&self, spec: PhoneSpec) -> Result<PhoneTask, Outcome> {
        let runtime = self.0.as_ref().ok_or_else(|| error("the phones are shut down"))?;
        Ok(AbortOnDropHandle::new(runtime.spawn(async move {
            let socket = UdpSocket::from_std(spec.socket).map_err(|error| error.to_string())?;
            let setup = PhoneSetup {
                call: spec.number,
                socket,
                format: spec.agreed.format,
                remote: spec.agreed.remote,
                part: spec.part,
                recording: spec.recording,
                observer: spec.observer,
                orders: spec.orders,
            };
            Ok(Phone::new(setup)?.run().await)
        })))
    }
}

impl Drop for SoundThread {
    fn drop(&mut self) {
        // May happen inside another runtime, where waiting for this one is forbidden.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// BYE is answered within a round trip by anyone who lives.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
