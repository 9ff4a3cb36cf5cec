//! The one configuration: `callwright.toml`, overridden by `CALLWRIGHT_*` variables. Parsed once, here; nobody else reads
//! files or the environment for settings.

mod call_backs;
mod capture;
mod connectors;
mod humans;
mod reader;
mod recording;
mod sip;
pub mod store;
mod trunks;
mod understanding;
mod values;
mod verify;
mod webhook;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use callwright_actions::{BreakerConfig, Postgres, Store};
use callwright_conversation::HumanConfig;
use callwright_model::{Codec, Language, Pii, Problem, Voice};
use callwright_sip::{DigestAlgorithm, Network};
use toml::de::DeTable;

pub use call_backs::CallBacks;
pub use capture::{Capture, Hep};
pub use connectors::{Connector, GrpcSystem, ProgramSystem, WebSystem};
pub use humans::Human;
pub use reader::{Places, nearest};
use reader::{Reader, Section};
pub use recording::{Recording, RecordingWhen};
use sip::{Hash, Realm};
pub use sip::{Tls, User, WebSocket};
pub use trunks::Trunk;
pub use understanding::LanguageModel;
pub use values::WebAddress;
use values::{
    CodecName, CollectorAddress, Keys, Length, Listen, Loopback, Origin, Ports, Seconds, Service, Whole,
};
pub use webhook::Webhook;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Telephone side.
    pub sip: Sip,
    /// Sound.
    pub media: Media,
    /// Web side.
    pub web: Web,
    /// Action core.
    pub core: Core,
    /// Recognition and synthesis.
    pub speech: Speech,
    /// Calls written down.
    pub journal: Journal,
    /// Calls recorded.
    pub recording: Recording,
    /// Spans of plans.
    pub telemetry: Telemetry,
    /// Packets of calls kept for engineers.
    pub capture: Capture,
    /// Business systems by the name that packs use.
    pub connectors: BTreeMap<String, Connector>,
    /// Carriers and exchanges.
    pub trunks: Vec<Trunk>,
    /// What is answered, and how.
    pub lines: Vec<Line>,
    /// How humans are found.
    pub queue: callwright_call_core::queue::Config,
    /// People who take callers of several lines. [`Config::everybody`] are these and those of lines.
    pub humans: Vec<Human>,
    /// How callers are called back.
    pub call_backs: CallBacks,
    /// Who is asked what callers mean when their words are not clear.
    pub language_model: Option<LanguageModel>,
    /// Who is told of handovers.
    pub webhook: Option<Webhook>,
    /// How long running calls get after SIGTERM. Those still there are told in time for a farewell.
    pub grace: Duration,
    /// Where each of these stands in the file.
    pub places: Places,
}

/// `[sip]`
#[derive(Debug, Clone, PartialEq)]
pub struct Sip {
    /// Address for UDP and TCP.
    pub listen: SocketAddr,
    /// Networks that may call; empty means loopback and private ones.
    pub allow: Vec<Network>,
    /// Whether they may call without being a trunk's or a user's.
    pub accept_from_anyone: bool,
    /// Calls at one time; above it callers get 503 with Retry-After.
    pub calls_max: usize,
    /// What callers who are refused for load are told to wait.
    pub retry_after: Duration,
    /// How long a session lives unless it is refreshed; zero: we ask for no such thing.
    pub session_expires: Duration,
    /// The shortest such life that we agree to.
    pub min_se: Duration,
    /// TLS.
    pub tls: Tls,
    /// WebSocket.
    pub websocket: WebSocket,
    /// Whose phones may register.
    pub users: Vec<User>,
    /// What phones prove themselves to.
    pub realm: String,
    /// By which hashes, the first one first.
    pub digest: Vec<DigestAlgorithm>,
}

/// `[media]`
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    /// First and last UDP port for sound.
    pub ports: (u16, u16),
    /// Address put into SDP, and into `Contact` and `Via` toward peers outside of private networks; unset means the one that the
    /// peer is reached from.
    pub external_ip: Option<IpAddr>,
    /// Worker threads; 0 means one for each core.
    pub workers: usize,
    /// Codecs offered and accepted, best first.
    pub codecs: Vec<Codec>,
    /// Whether sound is encrypted between us and telephones.
    pub srtp: Srtp,
    /// Whether keys are listened for in the sound.
    pub inband_dtmf: InbandDtmf,
    /// Whether comfort noise is offered to telephones, and sent in place of our silence.
    pub comfort_noise: bool,
    /// Without packets for this long a leg is over; zero means never.
    pub rtp_timeout: Duration,
}

/// `media.inband_dtmf`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InbandDtmf {
    /// Where no telephone events were agreed on.
    #[default]
    Auto,
    /// Never.
    Off,
}

/// `media.srtp`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Srtp {
    /// Never; who insists on it is refused.
    #[default]
    Off,
    /// With whoever can.
    Optional,
    /// Always; who cannot is refused.
    Required,
    /// Always, and with keys that no message tells; who cannot is refused.
    Dtls,
}

/// `[web]`
#[derive(Debug, Clone, PartialEq)]
pub struct Web {
    /// Address of the page, the HTTP API and metrics.
    pub listen: SocketAddr,
    /// UDP address of all browser calls.
    pub webrtc: SocketAddr,
    /// Other sites whose pages may embed the call button.
    pub origins: Vec<String>,
    /// Secret of the operator, who may see every call from elsewhere.
    pub operator_token: Option<Pii<String>>,
}

/// `[core]`
#[derive(Debug, Clone, PartialEq)]
pub struct Core {
    /// Address of an action core elsewhere; unset means one inside this process.
    pub address: Option<String>,
    /// Where an own one listens.
    pub listen: SocketAddr,
    /// Where other agents are answered, over MCP and A2A; unset means nowhere.
    pub agents: Option<SocketAddr>,
    /// Its journal's file.
    pub journal: PathBuf,
    /// When it leaves a business system alone that does not answer.
    pub breaker: BreakerConfig,
    /// After how many days what is in it is erased; 0 keeps it for ever.
    pub keep_days: usize,
    /// A database in its place, which cores share.
    pub database: Option<Database>,
}

/// A database for plans: `core.store` and what belongs to it.
#[derive(Debug, Clone)]
pub struct Database(pub Postgres);

/// Shown is where it is; whether a password is another one is nobody's question.
impl PartialEq for Database {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl Core {
    /// Where plans are kept.
    #[must_use]
    pub fn store(&self) -> Store {
        match &self.database {
            Some(Database(postgres)) => Store::Postgres(postgres.clone()),
            None => Store::File(self.journal.clone()),
        }
    }
}

/// `[speech]`
#[derive(Debug, Clone, PartialEq)]
pub struct Speech {
    /// Folder of model files.
    pub models: PathBuf,
    /// Which recogniser.
    pub recogniser: RecogniserChoice,
    /// A whisper model file; unset means the best one in the folder.
    pub whisper_model: Option<PathBuf>,
    /// Which model votes on the end of turns.
    pub turn_model: TurnModelChoice,
    /// Recogniser threads; 0 means one for each core.
    pub threads: usize,
    /// When callers wait longer than this for their words to be understood, no new calls are taken.
    pub wait_max: Duration,
}

/// `[journal]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// Folder with a file for each call.
    pub dir: PathBuf,
    /// After how many days a file is deleted; 0 writes none.
    pub keep_days: usize,
}

/// `[telemetry]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// The OpenTelemetry collector that spans of plans go to, over gRPC; unset means that there are none.
    pub endpoint: Option<String>,
    /// Certificates (PEM) of whom to trust at an `https` endpoint, instead of those that browsers trust.
    pub authority: Option<PathBuf>,
    /// Whether they also tell what is about a person.
    pub personal: bool,
    /// The Homer collector that signalling goes to.
    pub hep: Option<Hep>,
}

/// `speech.recogniser`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecogniserChoice {
    /// whisper when a model file is there, else the stand-by.
    Auto,
    /// whisper, or refuse to start.
    Whisper,
    /// The offline stand-by.
    Pocketsphinx,
}

/// `speech.turn_model`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TurnModelChoice {
    /// None.
    #[default]
    Off,
    /// smart-turn, or refuse to start.
    SmartTurn,
}

/// `[[line]]`
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Where it stands in the file, as a path of keys.
    pub place: String,
    /// Its name, also in the page's address.
    pub name: String,
    /// Called numbers or user names that reach it. `*` takes what no other line does.
    pub numbers: Vec<String>,
    /// Trunks whose calls alone reach it; empty means that it does not matter.
    pub trunks: Vec<String>,
    /// Folder of its skill pack.
    pub pack: PathBuf,
    /// Languages, the first is greeted in. Empty means all of the pack's.
    pub languages: Vec<Language>,
    /// Where its callers live: what their "tomorrow" is.
    pub zone: chrono_tz::Tz,
    /// Voice.
    pub voice: Voice,
    /// Words key of the greeting; unset means the pack's `greeting`.
    pub greeting: Option<String>,
    /// Which of its calls are recorded.
    pub recording: RecordingWhen,
    /// Whether the agent listens while people talk, until they say otherwise.
    pub agent_listens: bool,
    /// What they can do with the agent then, and what is written down of them.
    pub human_config: HumanConfig,
    /// People, in the order they are rung.
    pub humans: Vec<Human>,
}

impl std::str::FromStr for RecogniserChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "whisper" => Ok(Self::Whisper),
            "pocketsphinx" => Ok(Self::Pocketsphinx),
            _ => Err("write `auto`, `whisper` or `pocketsphinx`".to_owned()),
        }
    }
}

impl std::str::FromStr for Srtp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            "dtls" => Ok(Self::Dtls),
            _ => Err("write `off`, `optional`, `required` or `dtls`".to_owned()),
        }
    }
}

impl std::str::FromStr for InbandDtmf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            _ => Err("write `auto` or `off`".to_owned()),
        }
    }
}

impl std::str::FromStr for TurnModelChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "smart-turn" => Ok(Self::SmartTurn),
            _ => Err("write `off` or `smart-turn`".to_owned()),
        }
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Every mistake in it and in the `CALLWRIGHT_*` variables.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        match Self::read(path) {
            (Some(config), problems) if problems.is_empty() => Ok(config),
            (_, problems) => Err(problems),
        }
    }

    /// Reads as much of a file as can be, and every mistake in it, so that what it names can be checked all the same.
    pub fn read(path: &Path) -> (Option<Self>, Vec<Problem>) {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let folder = path.parent().unwrap_or(Path::new(""));
                Self::parse(&name, &text, folder, overrides(std::env::vars()))
            }
            Err(error) => {
                let problem = Problem::error(name, None, format!("cannot be read: {error}"))
                    .help("name the file with --config; callwright.example.toml is a documented start");
                (None, vec![problem])
            }
        }
    }

    /// Parses the text of a file, as far as it goes. Relative paths in it count from `folder`.
    fn parse(
        name: &str,
        text: &str,
        folder: &Path,
        overrides: BTreeMap<String, String>,
    ) -> (Option<Self>, Vec<Problem>) {
        let mut reader = Reader::new(name, text, overrides);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            reader.problem(error.span().map(|span| span.start), format!("not TOML: {}", error.message()));
        }
        if !errors.is_empty() {
            return (None, reader.finish());
        }
        let config = read(&mut reader, Section::root(&table), folder);
        (Some(config), reader.finish())
    }

    /// The line that a called number or user name reaches, by the trunk that the call came by. A line that names the trunk goes
    /// before one that does not, and the number before `*`.
    #[must_use]
    pub fn line_for_number(&self, number: &str, trunk: Option<&str>) -> Option<&Line> {
        let of_trunk = |line: &&Line| trunk.is_some_and(|trunk| line.trunks.iter().any(|name| name == trunk));
        let answers = |wanted: &str| {
            let mut all = self.lines.iter().filter(move |line| line.numbers.iter().any(|n| n == wanted));
            all.clone().find(of_trunk).or_else(|| all.find(|line| line.trunks.is_empty()))
        };
        answers(number).or_else(|| answers("*"))
    }
}

/// The variables of the environment that are meant for us. `CALLWRIGHT_CONFIG` and `CALLWRIGHT_LOG` are flags of the
/// command line, not settings. The collector may also be named as all programs that know OpenTelemetry are told it.
pub fn overrides(variables: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = variables.collect();
    if let Some(endpoint) = all.remove(COLLECTOR).filter(|endpoint| !endpoint.is_empty()) {
        all.entry("CALLWRIGHT_TELEMETRY_ENDPOINT".to_owned()).or_insert(endpoint);
    }
    all.into_iter()
        .filter(|(name, _)| name.starts_with("CALLWRIGHT_"))
        .filter(|(name, _)| !matches!(name.as_str(), "CALLWRIGHT_CONFIG" | "CALLWRIGHT_LOG"))
        .collect()
}

fn read(reader: &mut Reader, mut root: Section<'_, '_>, folder: &Path) -> Config {
    let mut section = reader.section(&mut root, "sip");
    let sip = Sip {
        listen: reader.parse_or(&mut section, "listen", Listen(SocketAddr::from(([127, 0, 0, 1], 5060)))).0,
        allow: reader.list(&mut section, "allow").unwrap_or_default(),
        accept_from_anyone: reader.parse_or(&mut section, "accept_from_anyone", true),
        calls_max: reader.parse_or(&mut section, "calls_max", Whole::<1, CALLS_MAX>(200)).0,
        retry_after: reader.parse_or(&mut section, "retry_after", Length(Duration::from_secs(10))).0,
        session_expires: reader
            .parse_or(&mut section, "session_expires", Seconds(Duration::from_secs(1_800)))
            .0,
        min_se: reader.parse_or(&mut section, "min_se", Seconds(Duration::from_secs(90))).0,
        tls: sip::tls(reader, &mut section, folder),
        websocket: sip::websocket(reader, &mut section),
        users: sip::users(reader, &mut section),
        realm: reader.parse_or(&mut section, "realm", Realm("callwright".to_owned())).0,
        digest: match reader.list::<Hash>(&mut section, "digest") {
            Some(hashes) if !hashes.is_empty() => hashes.into_iter().map(|hash| hash.0).collect(),
            Some(_) | None => DigestAlgorithm::ALL.to_vec(),
        },
    };
    reader.close(section);

    let mut section = reader.section(&mut root, "media");
    let ports = reader.parse_or(&mut section, "ports", Ports(20_000, 20_999));
    let codecs: Vec<CodecName> = reader.list(&mut section, "codecs").unwrap_or_default();
    let media = Media {
        ports: (ports.0, ports.1),
        external_ip: reader.parse(&mut section, "external_ip"),
        workers: reader.parse_or(&mut section, "workers", Whole::<0, THREADS_MAX>(0)).0,
        codecs: if codecs.is_empty() {
            Codec::ALL.to_vec()
        } else {
            codecs.into_iter().map(|name| name.0).collect()
        },
        srtp: reader.parse_or(&mut section, "srtp", Srtp::default()),
        inband_dtmf: reader.parse_or(&mut section, "inband_dtmf", InbandDtmf::default()),
        comfort_noise: reader.parse_or(&mut section, "comfort_noise", false),
        rtp_timeout: reader.parse_or(&mut section, "rtp_timeout", Seconds(Duration::from_secs(30))).0,
    };
    reader.close(section);

    let mut section = reader.section(&mut root, "web");
    let origins: Vec<Origin> = reader.list(&mut section, "origins").unwrap_or_default();
    let web = Web {
        listen: reader.parse_or(&mut section, "listen", Listen(SocketAddr::from(([127, 0, 0, 1], 8080)))).0,
        webrtc: reader.parse_or(&mut section, "webrtc", Listen(SocketAddr::from(([127, 0, 0, 1], 8081)))).0,
        origins: origins.into_iter().map(|origin| origin.0).collect(),
        operator_token: operator_token(reader, &mut section),
    };
    reader.close(section);

    let mut section = reader.section(&mut root, "core");
    let core = Core {
        address: reader.parse::<Service>(&mut section, "address").map(|service| service.0),
        listen: reader.parse_or(&mut section, "listen", Listen(SocketAddr::from(([127, 0, 0, 1], 7070)))).0,
        agents: reader.parse::<Loopback>(&mut section, "agents").map(|address| address.0),
        journal: folder.join(reader.parse_or(&mut section, "journal", "callwright.sqlite".to_owned())),
        breaker: read_breaker(reader, &mut section),
        keep_days: reader.parse_or(&mut section, "keep_days", Whole::<0, DAYS_MAX>(0)).0,
        database: store::database(reader, &mut section, folder),
    };
    if core.database.is_some() && core.keep_days > 0 {
        let what = "`core.keep_days` is for a journal file: nothing is erased from `core.store` by the core";
        reader.problem(section.at("keep_days"), what.to_owned());
    }
    reader.close(section);

    let mut section = reader.section(&mut root, "speech");
    let speech = Speech {
        models: folder.join(reader.parse_or(&mut section, "models", "models".to_owned())),
        recogniser: reader.parse_or(&mut section, "recogniser", RecogniserChoice::Auto),
        whisper_model: reader.parse::<String>(&mut section, "whisper_model").map(|path| folder.join(path)),
        turn_model: reader.parse_or(&mut section, "turn_model", TurnModelChoice::default()),
        threads: reader.parse_or(&mut section, "threads", Whole::<0, THREADS_MAX>(0)).0,
        wait_max: reader.parse_or(&mut section, "wait_max", Length(Duration::from_secs(3))).0,
    };
    reader.close(section);

    let mut section = reader.section(&mut root, "journal");
    let journal = Journal {
        dir: folder.join(reader.parse_or(&mut section, "dir", "calls".to_owned())),
        keep_days: reader.parse_or(&mut section, "keep_days", Whole::<0, DAYS_MAX>(KEEP_DAYS)).0,
    };
    reader.close(section);

    let mut section = reader.section(&mut root, "recording");
    let recording = recording::read(reader, &mut section, folder);
    reader.close(section);

    let mut section = reader.section(&mut root, "telemetry");
    let telemetry = Telemetry {
        endpoint: reader.parse::<CollectorAddress>(&mut section, "endpoint").map(|address| address.0),
        authority: reader.parse::<String>(&mut section, "authority").map(|file| folder.join(file)),
        personal: reader.parse_or(&mut section, "personal", false),
        hep: capture::read_hep(reader, &mut section),
    };
    reader.close(section);

    let mut section = reader.section(&mut root, "capture");
    let capture = capture::read(reader, &mut section);
    reader.close(section);

    let connectors = connectors::read(reader, &mut root, folder);
    let trunks = trunks::read(reader, &mut root, sip.calls_max);
    let lines = read_lines(reader, &mut root, folder);
    let queue = humans::read_queue(reader, &mut root);
    let humans = humans::read_humans(reader, &mut root, &lines);
    let call_backs = call_backs::read(reader, &mut root, &trunks);
    let language_model = understanding::read(reader, &mut root);
    let webhook = webhook::read(reader, &mut root);
    let grace = reader.parse_or(&mut root, "grace", Length(Duration::from_secs(30))).0;
    reader.close(root);
    let places = reader.places();
    Config {
        sip,
        media,
        web,
        core,
        speech,
        journal,
        recording,
        telemetry,
        capture,
        connectors,
        trunks,
        lines,
        queue,
        humans,
        call_backs,
        language_model,
        webhook,
        grace,
        places,
    }
}

fn read_breaker(reader: &mut Reader, core: &mut Section<'_, '_>) -> BreakerConfig {
    let BreakerConfig { failures, within, open } = BreakerConfig::default();
    let mut section = reader.section(core, "breaker");
    let failures = usize::try_from(failures).unwrap_or_default();
    let failures = reader.parse_or(&mut section, "failures", Whole::<0, FAILURES_MAX>(failures)).0;
    let breaker = BreakerConfig {
        failures: u32::try_from(failures).unwrap_or(u32::MAX),
        within: reader.parse_or(&mut section, "within", Length(within)).0,
        open: reader.parse_or(&mut section, "open", Length(open)).0,
    };
    reader.close(section);
    breaker
}

/// The token is not shown in the mistake, which may end in a log.
fn operator_token(reader: &mut Reader, section: &mut Section<'_, '_>) -> Option<Pii<String>> {
    let token: String = reader.parse(section, "operator_token")?;
    if token.len() < TOKEN_BYTES_MIN {
        let what = format!("`web.operator_token` has less than {TOKEN_BYTES_MIN} characters");
        reader.problem(section.at("operator_token"), what).help =
            Some("a long random one cannot be guessed: `openssl rand -hex 16` makes one".to_owned());
    }
    Some(Pii::new(token))
}

fn human_config(reader: &mut Reader, line: &mut Section<'_, '_>) -> HumanConfig {
    let usual = HumanConfig::default();
    let config = HumanConfig {
        hand_back_key: reader.parse_or(line, "hand_back_key", Keys(usual.hand_back_key)).0,
        listen_key: reader.parse_or(line, "listen_key", Keys(usual.listen_key)).0,
        transcript: reader.parse_or(line, "transcript_of_humans", usual.transcript),
    };
    let HumanConfig { hand_back_key, listen_key, .. } = &config;
    if hand_back_key.ends_with(listen_key) || listen_key.ends_with(hand_back_key) {
        let what = format!(
            "`hand_back_key` and `listen_key` cannot be told apart: `{hand_back_key}` and `{listen_key}`"
        );
        reader.problem(line.at("hand_back_key"), what).help =
            Some("neither may end with the other".to_owned());
    }
    config
}

fn read_lines(reader: &mut Reader, root: &mut Section<'_, '_>, folder: &Path) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut complete = true;
    for mut section in reader.sections(root, "line") {
        let name: Option<String> = reader.required(&mut section, "name");
        let pack: Option<String> = reader.required(&mut section, "pack");
        let has_pack = pack.is_some();
        let numbers: Vec<String> = reader.list(&mut section, "numbers").unwrap_or_default();
        let trunks: Vec<String> = reader.list(&mut section, "trunk").unwrap_or_default();
        let meet = |other: &Line| {
            let both_any = other.trunks.is_empty() && trunks.is_empty();
            both_any || other.trunks.iter().any(|name| trunks.contains(name))
        };
        for number in &numbers {
            if let Some(other) = lines.iter().find(|line| line.numbers.contains(number) && meet(line)) {
                let what = format!("number `{number}` already reaches line `{}`", other.name);
                reader.problem(section.at("numbers"), what);
            }
        }
        let humans = humans::read_of_line(reader, &mut section);
        let line = Line {
            place: section.path().to_owned(),
            name: name.clone().unwrap_or_default(),
            numbers,
            trunks,
            pack: folder.join(pack.unwrap_or_default()),
            languages: reader.list(&mut section, "languages").unwrap_or_default(),
            zone: reader.parse_or(&mut section, "time_zone", humans::Zone(chrono_tz::Tz::UTC)).0,
            voice: Voice(reader.parse_or(&mut section, "voice", String::new())),
            greeting: reader.parse(&mut section, "greeting"),
            recording: reader.parse_or(&mut section, "recording", RecordingWhen::Off),
            agent_listens: reader.parse_or(&mut section, "agent_listens", false),
            human_config: human_config(reader, &mut section),
            humans,
        };
        if lines.iter().any(|other| Some(&other.name) == name.as_ref()) {
            reader.problem(section.at("name"), format!("there are two lines called `{}`", line.name));
        }
        reader.close(section);
        complete &= name.is_some() && has_pack;
        if name.is_some() && has_pack {
            lines.push(line);
        }
    }
    if lines.is_empty() && complete {
        reader.problem(None, "there is no `[[line]]`: nothing would be answered").help =
            Some("see callwright.example.toml".to_owned());
    }
    lines
}

/// The name that OpenTelemetry gives to the variable.
const COLLECTOR: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// As many as the SIP endpoint counts to, far above what one machine carries.
const CALLS_MAX: usize = 1 << 20;
/// A caller who complains does so within weeks; longer is for whoever has a reason to keep what callers said.
const KEEP_DAYS: usize = 30;
/// A breaker that waits for more is none; 0 says so.
const FAILURES_MAX: usize = 1_000;
/// A century: a number above it is a slip of the hand.
const DAYS_MAX: usize = 36_500;
/// More threads than any machine has cores for; a number above it is a slip of the hand.
const THREADS_MAX: usize = 256;
/// What cannot be guessed by trying: 64 bits written as hexadecimal digits.
const TOKEN_BYTES_MIN: usize = 16;

#[cfg(test)]
mod tests;
