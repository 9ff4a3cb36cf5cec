//! Joins the shells into one gateway: legs come in by SIP or from a browser, each call gets a conversation, and everyone who
//! watches is told.

mod admission;
mod approvals;
mod board;
mod briefings;
mod browser;
mod call_out;
mod callbacks;
mod capture;
mod capture_io;
mod dial;
mod humans;
mod journeys;
mod measure;
mod observe;
mod phone;
mod promises;
mod ring;
mod supervise;
mod systems;
mod tape;
mod transfers;
mod trunks;
mod web_phone;
mod webhook;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use callwright_actions::{ActionCore, CoreConfig, Listen};
use callwright_console::{CallView, Channel, Console, ConsoleConfig, ConsolePorts, EventHub, RecogniserView};
use callwright_conversation::{CallSetup, ConversationConfig, Fact, Happening, PromiseRules};
use callwright_dialogue_core::{Clock, DialogueConfig};
use callwright_media::{LegConfig, Media, MediaConfig};
use callwright_model::{AudioFormat, CallId, Hints, LegId, LegRole, MonoTime, PacketIo, Pii, PlanId};
#[cfg(feature = "talk")]
use callwright_model::{LegEvent, LegFact};
use callwright_recording::Recordings;
use callwright_sip::{External, Network, SipConfig, SipEndpoint, SipEvent, Transport};
use callwright_speech::{Speech, SpeechConfig};
use callwright_webrtc::{BrowserConfig, BrowserGateway};
use callwright_wire::actions::{Client, PlanView};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::{broadcast, mpsc};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::chat::random_id;
use crate::config::{Config, InbandDtmf, RecogniserChoice, RecordingWhen, TurnModelChoice};
use crate::journal::Journal;
use crate::language_model::LanguageModel;
use crate::lines::{Lines, LoadedLine};
use crate::telemetry::Collector;
use board::{Board, Legs, Phone};
pub(crate) use phone::local_media;
pub(crate) use webhook::client;

/// A running gateway.
pub struct Gateway {
    shared: Arc<Shared>,
    console: Console,
    core: Option<ActionCore>,
}

/// What every call needs.
pub(crate) struct Shared {
    config: Config,
    lines: Lines,
    media: Media,
    speech: Speech,
    sip: SipEndpoint,
    browser: BrowserGateway,
    core: Client,
    hub: EventHub,
    told: broadcast::Sender<Happening>,
    legs: AtomicU64,
    calls: Mutex<BTreeMap<CallId, CallEntry>>,
    /// Plans as the action core last told of them.
    plans: Mutex<BTreeMap<PlanId, PlanView>>,
    systems: systems::Systems,
    /// Who is rung for callers who want a human.
    humans: Arc<humans::Humans>,
    /// Who is asked what callers mean.
    language_model: Option<LanguageModel>,
    /// Who is told of handovers.
    webhook: Option<webhook::Webhook>,
    draining: AtomicBool,
    /// Calls back that this gateway makes.
    keeping: promises::Keeping,
    /// Running calls are served badly: browsers are refused.
    overloaded: AtomicBool,
    tasks: TaskTracker,
    /// Where calls are written down, if they are.
    journal: Option<Journal>,
    /// Where their sound is recorded, if a line's is.
    recordings: Option<Recordings>,
    /// Who looks at their packets.
    capture: Arc<capture::Capture>,
}

/// A running call as the gateway knows it.
struct CallEntry {
    view: CallView,
    since: MonoTime,
    facts: mpsc::Sender<Fact>,
    legs: Legs,
    /// What a human is told, once one is wanted.
    briefing: Option<briefings::Briefed>,
}

/// A caller who has reached a line.
pub(crate) struct NewCall {
    line: LoadedLine,
    channel: Channel,
    /// The trunk that it came by.
    trunk: Option<String>,
    caller: Option<Pii<String>>,
    /// We have called them.
    called: Option<promises::Called>,
    io: Box<dyn PacketIo>,
    format: AudioFormat,
    phone: Phone,
}

/// A call that has begun.
pub(crate) struct Begun {
    call: CallId,
    leg: LegId,
    facts: mpsc::Sender<Fact>,
}

/// Somebody who talks at this machine's own microphone.
#[cfg(feature = "talk")]
pub struct Seat {
    leg: LegId,
    facts: mpsc::Sender<Fact>,
    media: Media,
}

#[cfg(feature = "talk")]
impl Seat {
    /// A key was pressed.
    pub async fn press(&self, digit: char) {
        let event = LegEvent { leg: self.leg, at: self.media.now(), fact: LegFact::Dtmf { digit } };
        // A call that is over takes no keys.
        drop(self.facts.send(Fact::Leg(event)).await);
    }

    /// They hang up.
    pub async fn hang_up(&self) {
        drop(self.facts.send(Fact::CallerGone).await);
    }
}

impl Gateway {
    /// Starts everything that the configuration names; nothing is answered before all of it runs.
    ///
    /// # Errors
    /// When a part cannot start: an address in use, a missing model, an action core out of reach.
    pub async fn start(config: Config, lines: Lines, metrics: PrometheusHandle) -> Result<Self> {
        let (core, client) = start_core(&config, &lines).await?;
        let media = Media::start(MediaConfig {
            workers: config.media.workers,
            ports: config.media.ports.0..=config.media.ports.1,
            leg: LegConfig {
                keys_in_sound: config.media.inband_dtmf == InbandDtmf::Auto,
                timeout: Some(config.media.rtp_timeout)
                    .filter(|time| !time.is_zero())
                    .unwrap_or(Duration::MAX),
                ..LegConfig::default()
            },
            ..MediaConfig::default()
        })?;
        let speech = Speech::start(speech_config(&config))?;
        let (capture, tap) = capture::Capture::start(&config.capture, config.telemetry.hep.as_ref())?;
        let (sip, incoming) = SipEndpoint::start(SipConfig { tap, ..sip_config(&config)? }).await?;
        let browser = BrowserGateway::start(BrowserConfig {
            bind: config.web.webrtc,
            advertise: config.media.external_ip.into_iter().collect(),
            ..BrowserConfig::default()
        })
        .await?;
        let journal = start_journal(&config)?;
        let recordings = tape::start(&config)?;
        let humans = Arc::new(humans::Humans::new(&config, media.now()));
        let language_model = config.language_model.as_ref().map(LanguageModel::start).transpose()?;
        let webhook = config.webhook.as_ref().map(webhook::Webhook::start).transpose()?;
        let shared = Arc::new(Shared {
            lines,
            humans,
            language_model,
            webhook,
            media,
            speech,
            sip,
            browser,
            core: client,
            hub: EventHub::new(),
            told: broadcast::channel(TOLD_WAITING).0,
            legs: AtomicU64::new(0),
            calls: Mutex::default(),
            plans: Mutex::default(),
            systems: systems::Systems::default(),
            draining: AtomicBool::new(false),
            keeping: promises::Keeping::default(),
            overloaded: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            journal,
            recordings,
            capture,
            config,
        });
        let console = Console::start(
            ConsoleConfig {
                bind: shared.config.web.listen,
                cors_origins: shared.config.web.origins.clone(),
                operator_token: shared.config.web.operator_token.clone(),
                ..ConsoleConfig::default()
            },
            ConsolePorts {
                whip: Arc::new(browser::Desk(Arc::clone(&shared))),
                events: shared.hub.clone(),
                snapshots: Arc::new(observe::Window(Arc::clone(&shared))),
                callbacks: Arc::new(callbacks::CallbackList(Arc::clone(&shared))),
                approvals: Arc::new(approvals::ApprovalList(Arc::clone(&shared))),
                humans: Arc::new(humans::HumanList(Arc::clone(&shared))),
                supervisors: Arc::new(supervise::SupervisorDoor(Arc::clone(&shared))),
                journeys: Arc::new(journeys::JourneyList {
                    shared: Arc::clone(&shared),
                    calls: shared.config.journal.dir.clone(),
                    recordings: shared.config.recording.dir.clone(),
                }),
                metrics,
            },
        )
        .await?;
        tokio::spawn(observe::follow_plans(Arc::clone(&shared)));
        tokio::spawn(measure::publish_sip(Arc::clone(&shared)));
        tokio::spawn(trunks::follow(Arc::clone(&shared)));
        tokio::spawn(systems::follow(Arc::clone(&shared)));
        tokio::spawn(humans::keep_time(Arc::downgrade(&shared)));
        tokio::spawn(admission::look_after(Arc::downgrade(&shared)));
        tokio::spawn(promises::keep(Arc::clone(&shared)));
        tokio::spawn(take_calls(Arc::clone(&shared), incoming));
        Ok(Self { shared, console, core })
    }

    /// Where telephones call.
    pub fn sip_address(&self) -> SocketAddr {
        self.shared.sip.local_addresses()[0]
    }

    /// Where telephones call, over everything that there is.
    pub fn sip_addresses(&self) -> &[(Transport, SocketAddr)] {
        self.shared.sip.addresses()
    }

    /// Reads certificates again.
    pub fn reload(&self) {
        if let Err(error) = self.shared.sip.reload_certificates() {
            warn!(%error, "new certificates do not fit; the old ones stay in use");
        }
    }

    /// Where the page is.
    pub fn web_address(&self) -> SocketAddr {
        self.console.local_addr()
    }

    /// Where the sound of browser calls goes.
    pub fn webrtc_address(&self) -> SocketAddr {
        self.shared.browser.local_addr()
    }

    /// Who listens to callers.
    pub fn recogniser(&self) -> RecogniserView {
        self.shared.recogniser()
    }

    /// The folder with a journal of each call, if there are journals.
    pub fn journals(&self) -> Option<&Path> {
        let shared = &self.shared;
        shared.journal.as_ref().map(|_| shared.config.journal.dir.as_path())
    }

    /// Everything that happens in calls, from now on.
    pub fn follow(&self) -> broadcast::Receiver<Happening> {
        self.shared.told.subscribe()
    }

    /// Puts somebody at this machine's own microphone through to a line; their facts go into the sender.
    ///
    /// # Errors
    /// When the leg cannot be made.
    #[cfg(feature = "talk")]
    pub fn sit_down(&self, line: LoadedLine, io: Box<dyn PacketIo>, format: AudioFormat) -> Result<Seat> {
        let (channel, phone) = (Channel::Terminal, Phone::Card);
        let call = NewCall { line, channel, trunk: None, caller: None, called: None, io, format, phone };
        let Begun { leg, facts, .. } = self.shared.begin(call)?;
        Ok(Seat { leg, facts, media: self.shared.media.clone() })
    }

    /// Calls that run.
    pub fn calls(&self) -> usize {
        self.shared.calls().len()
    }

    /// Takes no new calls, lets running ones end, tells those that have not in time for a farewell, and has let go of everything
    /// when the grace period is over. Once `at_once` is there, the rest is hung up on.
    pub async fn shutdown(self, grace: Duration, at_once: impl Future<Output = ()>) {
        let shared = &self.shared;
        shared.draining.store(true, Ordering::Release);
        shared.keeping.stop();
        shared.sip.drain();
        shared.browser.drain();
        shared.tasks.close();
        let cut_short = tokio::select! {
            () = self.see_out(grace) => false,
            () = at_once => {
                warn!(calls = shared.calls().len(), "told to stop at once: calls are cut off");
                true
            }
        };
        shared.sip.shutdown(HANGING_UP).await;
        shared.keeping.stopped().await;
        let closed = async {
            shared.browser.shutdown().await;
            self.console.shutdown().await;
            shared.media.shutdown();
            if let Some(core) = self.core {
                core.shutdown().await;
            }
            if let Some(journal) = &shared.journal
                && tokio::time::timeout(WRITING, journal.close()).await.is_err()
            {
                warn!("the disk did not take the last lines of journals in time");
            }
            if let Some(recordings) = shared.recordings.clone() {
                let close = tokio::task::spawn_blocking(move || recordings.close());
                if tokio::time::timeout(WRITING, close).await.is_err() {
                    warn!("the disk did not take the last of the recordings in time");
                }
            }
        };
        // What a plan has begun is in the journal, and goes on from there at the next start.
        let limit = if cut_short { HANGING_UP } else { Duration::MAX };
        if tokio::time::timeout(limit, closed).await.is_err() {
            warn!("not everything was closed in time");
        }
    }

    /// Waits for calls to end, and ends those that are left before the grace period does.
    async fn see_out(&self, grace: Duration) {
        let shared = &self.shared;
        let patience = grace.saturating_sub(FAREWELL + HANGING_UP);
        if tokio::time::timeout(patience, shared.tasks.wait()).await.is_ok() {
            return;
        }
        info!(calls = shared.calls().len(), "the grace period ends: running calls are told and ended");
        let callers: Vec<_> = shared.calls().values().map(|entry| entry.facts.clone()).collect();
        for facts in callers {
            // An inbox that is full belongs to a call that does not move; it is cut off like one that is silent.
            drop(facts.try_send(Fact::Drain));
        }
        let left = grace.saturating_sub(patience + HANGING_UP);
        if tokio::time::timeout(left, shared.tasks.wait()).await.is_err() {
            warn!(calls = shared.calls().len(), "calls were cut off");
        }
    }
}

impl Shared {
    fn calls(&self) -> MutexGuard<'_, BTreeMap<CallId, CallEntry>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plans(&self) -> MutexGuard<'_, BTreeMap<PlanId, PlanView>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recogniser(&self) -> RecogniserView {
        let stand_by = self.speech.recogniser() == "pocketsphinx";
        let note = "The offline stand-by listens: English only, and dependable only for answers to what was just asked. \
                    Keys work everywhere.";
        RecogniserView {
            engine: self.speech.recogniser().to_owned(),
            stand_by,
            note: stand_by.then(|| note.to_owned()),
        }
    }

    /// Gives a caller a conversation.
    fn begin(self: &Arc<Self>, new: NewCall) -> Result<Begun> {
        let call = CallId(random_id());
        let leg = LegId(self.legs.fetch_add(1, Ordering::Relaxed) + 1);
        let NewCall { line, channel, trunk, caller, called, io, format, phone } = new;
        let (facts, inbox) = mpsc::channel(FACTS_WAITING);
        let mut board = Board::new(Arc::clone(self), call, leg, &line, trunk.clone(), facts.clone());
        let hints = Hints {
            expect: callwright_model::Expect::Anything,
            language: line.language,
            languages: line.pack.languages().to_vec(),
            sentences: line.pack.sentences(line.language),
            likely: Vec::new(),
        };
        // Whom we call has not been told of a recording.
        let recordings = self.recordings.as_ref().filter(|_| called.is_none());
        let tap = recordings.and_then(|recordings| {
            let (tap, tape) = tape::begin(recordings, call, leg, &line)?;
            board.record(tape);
            Some(tap)
        });
        let role = if called.is_some() { LegRole::Called } else { LegRole::Caller };
        board.legs().attach(leg, role, io, format, phone, hints, tap)?;
        let now = self.media.now();
        let view = CallView {
            call,
            line: line.line.name.clone(),
            channel,
            trunk: trunk.clone(),
            state: callwright_console::CallState::Connecting,
            language: line.language,
            age_s: 0,
        };
        self.calls().insert(
            call,
            CallEntry { view, since: now, facts: facts.clone(), legs: board.legs(), briefing: None },
        );
        self.opened(call, &line, channel, trunk);
        let mut dialogue = DialogueConfig::new(Arc::clone(&line.pack), call);
        dialogue.language = line.language;
        dialogue.caller = caller;
        dialogue.greeting = line.line.greeting.clone();
        dialogue.clock = Some(Clock::new(webhook::unix_ms(), now, line.line.zone));
        // The queue has timers of its own for who waits, and the call for who is rung; the dialogue's comes after them.
        dialogue.limits.transfer = self.config.queue.wait_max + RUNG_AND_BRIEFED;
        dialogue.limits.interpretation = self.language_model.as_ref().map(LanguageModel::budget);
        dialogue.ask_recording = line.line.recording == RecordingWhen::Consent;
        dialogue.call_backs = self.promised(&line, now);
        if let Some(promises::Called { back, outcome }) = called {
            dialogue.called = Some(back);
            board.report_to(outcome);
        }
        let mut config = ConversationConfig::new(dialogue, leg);
        config.voice = line.line.voice.clone();
        config.call.agent_listens = line.line.agent_listens;
        config.promises = PromiseRules {
            line: line.line.name.clone(),
            tries_max: u32::try_from(self.config.call_backs.tries).unwrap_or(u32::MAX),
            pause: self.config.call_backs.pause,
        };
        config.human = line.line.human_config.clone();
        let setup = CallSetup { config, core: self.core.clone(), inbox };
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            let media = shared.media.clone();
            callwright_conversation::run(setup, board, move || media.now()).await;
            shared.capture.over(call);
            shared.calls().remove(&call);
            metrics::gauge!("callwright_calls_active").set(shared.calls().len() as f64);
        });
        metrics::counter!("callwright_calls_total", "channel" => observe::channel_name(channel)).increment(1);
        metrics::gauge!("callwright_calls_active").set(self.calls().len() as f64);
        Ok(Begun { call, leg, facts })
    }
}

/// Announcing, ringing, briefing and deciding take less than this.
const RUNG_AND_BRIEFED: Duration = Duration::from_secs(180);

async fn take_calls(shared: Arc<Shared>, mut incoming: mpsc::Receiver<SipEvent>) {
    while let Some(event) = incoming.recv().await {
        match event {
            SipEvent::Incoming(call) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { phone::answer(&shared, call) });
            }
        }
    }
}

/// An action core of our own, or the way to one elsewhere. Both are spoken to over gRPC.
pub async fn start_core(config: &Config, lines: &Lines) -> Result<(Option<ActionCore>, Client)> {
    if let Some(address) = &config.core.address {
        let client = Client::connect(address)
            .await
            .with_context(|| format!("the action core at {address} does not answer"))?;
        return Ok((None, client));
    }
    let core = ActionCore::start(core_config(config, lines.sources.clone())?).await?;
    let client = Client::connect(core.url()).await?;
    Ok((Some(core), client))
}

fn start_journal(config: &Config) -> Result<Option<Journal>> {
    let crate::config::Journal { dir, keep_days } = &config.journal;
    if *keep_days == 0 {
        return Ok(None);
    }
    let keep = Duration::from_secs(*keep_days as u64 * 86_400);
    let journal = Journal::start(dir, keep);
    Ok(Some(journal.with_context(|| format!("journals of calls cannot go to {}", dir.display()))?))
}

/// The action core's part of the configuration.
///
/// # Errors
/// When spans cannot be sent as it says, or the secret of a connector is not there.
pub fn core_config(config: &Config, packs: Vec<callwright_model::PackSource>) -> Result<CoreConfig> {
    let crate::config::Telemetry { endpoint, authority, personal, hep: _ } = &config.telemetry;
    let collector = endpoint
        .as_deref()
        .map(|endpoint| Collector::start(endpoint, authority.as_deref(), *personal))
        .transpose()?;
    let connectors = config.connectors.iter().map(|(name, connector)| {
        let resolved = connector.resolve().map_err(|why| anyhow::anyhow!("the connector `{name}`: {why}"))?;
        Ok((name.clone(), resolved))
    });
    Ok(CoreConfig {
        listen: Listen::Tcp(config.core.listen),
        journal: config.core.store(),
        packs,
        connectors: connectors.collect::<Result<_>>()?,
        limits: callwright_actions::Limits {
            breaker: config.core.breaker,
            ..callwright_actions::Limits::default()
        },
        keep: (config.core.keep_days > 0).then(|| Duration::from_secs(config.core.keep_days as u64 * 86_400)),
        spans: collector.map(|collector| Arc::new(collector) as Arc<dyn callwright_actions::Spans>),
    })
}

fn speech_config(config: &Config) -> SpeechConfig {
    SpeechConfig {
        models_dir: Some(config.speech.models.clone()),
        recogniser: match config.speech.recogniser {
            RecogniserChoice::Auto => callwright_speech::RecogniserChoice::Auto,
            RecogniserChoice::Whisper => callwright_speech::RecogniserChoice::Whisper,
            RecogniserChoice::Pocketsphinx => callwright_speech::RecogniserChoice::Pocketsphinx,
        },
        turn_model: match config.speech.turn_model {
            TurnModelChoice::Off => callwright_speech::TurnModelChoice::Off,
            TurnModelChoice::SmartTurn => callwright_speech::TurnModelChoice::SmartTurn,
        },
        whisper_model: config.speech.whisper_model.clone(),
        recogniser_threads: config.speech.threads,
        ..SpeechConfig::default()
    }
}

/// The SIP endpoint's part of the configuration.
///
/// # Errors
/// When a secret is not there.
pub fn sip_config(config: &Config) -> Result<SipConfig> {
    let allowed = match (config.sip.accept_from_anyone, config.sip.allow.is_empty()) {
        (false, _) => Vec::new(),
        (true, true) => Network::private(),
        (true, false) => config.sip.allow.clone(),
    };
    let trunks = config
        .trunks
        .iter()
        .map(|trunk| trunk.resolve().map_err(|why| anyhow::anyhow!("the trunk `{}`: {why}", trunk.name())));
    let retry_after_s = u32::try_from(config.sip.retry_after.as_secs()).unwrap_or(u32::MAX);
    // The gateway's own page calls as well.
    let own_page =
        ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{}", config.web.listen.port()));
    let users = config.sip.users.iter().map(|user| {
        user.resolve().map_err(|why| anyhow::anyhow!("the telephone user `{}`: {why}", user.name))
    });
    Ok(SipConfig {
        listen: vec![config.sip.listen],
        users: users.collect::<Result<_>>()?,
        trunks: trunks.collect::<Result<_>>()?,
        external: config.media.external_ip.map(|ip| External { ip, inside: Network::private() }),
        realm: config.sip.realm.clone(),
        digest: config.sip.digest.clone(),
        listen_tls: config.sip.tls.listen.into_iter().collect(),
        listen_ws: config.sip.websocket.listen.into_iter().collect(),
        listen_wss: config.sip.websocket.listen_secure.into_iter().collect(),
        tls: config.sip.tls.certificates.clone(),
        origins: config.web.origins.iter().cloned().chain(own_page).collect(),
        allowed_sources: allowed,
        calls_max: config.sip.calls_max,
        retry_after_s,
        session_expires: config.sip.session_expires,
        min_se: config.sip.min_se,
        ..SipConfig::default()
    })
}

/// Installs the process's metrics, once.
///
/// # Errors
/// When another recorder is there already.
pub fn install_metrics() -> Result<PrometheusHandle> {
    // Every latency of ours lies between a tick and a minute.
    const SECONDS: [f64; 14] =
        [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0, 60.0];
    // G.107 annex B: satisfied above 4.0, many dissatisfied below 3.6, nearly all below 2.6.
    const OPINIONS: [f64; 8] = [1.5, 2.0, 2.6, 3.1, 3.6, 4.0, 4.3, 4.5];
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full("callwright_media_mos".to_owned()), &OPINIONS)?
        .set_buckets_for_metric(Matcher::Full("callwright_media_peer_mos".to_owned()), &OPINIONS)?
        .install_recorder()
        .context("metrics")?;
    measure::describe();
    Ok(handle)
}

/// A folder for what need not outlive the process.
///
/// # Errors
/// When the system's temporary folder cannot be written.
pub fn scratch_folder() -> Result<ScratchFolder> {
    let folder = std::env::temp_dir().join(format!("callwright-{}-{:016x}", std::process::id(), random_id()));
    std::fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(ScratchFolder(folder))
}

/// A folder that is removed when this is dropped.
pub struct ScratchFolder(pub PathBuf);

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning of its temporary folder.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Facts of one call that may wait while it is busy. Media and recogniser make some tens a second at most.
const FACTS_WAITING: usize = 512;
/// Happenings that a slow watcher may be behind.
const TOLD_WAITING: usize = 4_096;
/// What is left of the grace period when calls that still run are told: a sentence under way, and the farewell after it.
/// A conversation ends by itself after as long.
const FAREWELL: Duration = Duration::from_secs(15);
/// A disk that takes longer for what is left of a call or two is away.
const WRITING: Duration = Duration::from_secs(2);
/// A peer that is there answers a BYE within a round trip.
const HANGING_UP: Duration = Duration::from_secs(1);
