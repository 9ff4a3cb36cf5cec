//! What stands around the gateway in the demo: the airline and the shop.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use callwright_conversation::HumanConfig;
use callwright_demo_backends::{Config as BackendConfig, Fault, Handle, airline, shop};
use callwright_model::Codec;
use callwright_sip::DigestAlgorithm;

use crate::config::{
    Config, Connector, Core, Human, InbandDtmf, Journal, Line, Media, RecogniserChoice, Recording,
    RecordingWhen, Sip, Speech, Srtp, Tls, Web, WebSocket,
};
use crate::gateway::{ScratchFolder, scratch_folder};

/// The running business systems, with their databases in a folder that goes away with them.
pub struct Systems {
    /// The airline.
    pub airline: Handle,
    shop: Handle,
    scratch: ScratchFolder,
}

impl Systems {
    /// Starts both on loopback.
    ///
    /// # Errors
    /// When a port or a database cannot be had.
    pub async fn start() -> Result<Self> {
        let scratch = scratch_folder()?;
        let config = |name: &str| BackendConfig {
            database: Some(scratch.0.join(format!("{name}.sqlite"))),
            ..BackendConfig::default()
        };
        let airline = airline::start(config("airline")).await?;
        let shop = shop::start(config("shop")).await?;
        Ok(Self { airline, shop, scratch })
    }

    /// Makes things go wrong, each in the system that does what the fault names.
    ///
    /// # Errors
    /// When neither does that.
    pub fn fail(&self, faults: Vec<Fault>) -> Result<()> {
        for fault in faults {
            let Some(system) =
                [&self.airline, &self.shop].into_iter().find(|system| system.knows(&fault.method))
            else {
                bail!(
                    "--fault: neither the airline nor the shop does `{}`; see skills/*/actions.yaml",
                    fault.method
                );
            };
            system.faults().add(fault);
        }
        Ok(())
    }

    /// A configuration for a gateway that serves them.
    ///
    /// # Errors
    /// When the packs are not below the current folder.
    pub fn config(
        &self,
        sip: SocketAddr,
        web: SocketAddr,
        webrtc: SocketAddr,
        human: Option<String>,
    ) -> Result<Config> {
        let humans: Vec<Human> =
            human.into_iter().map(|address| Human::new("desk".to_owned(), vec![address])).collect();
        let line = |name: &str, numbers: &[&str], pack: &str| Line {
            place: String::new(),
            name: name.to_owned(),
            numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
            trunks: Vec::new(),
            pack: PathBuf::from(pack),
            languages: Vec::new(),
            zone: chrono_tz::Tz::UTC,
            voice: callwright_model::Voice::default(),
            greeting: None,
            recording: RecordingWhen::Off,
            agent_listens: false,
            human_config: HumanConfig::default(),
            humans: humans.clone(),
        };
        let lines = vec![
            line("airline", &["airline", "100", "*"], "skills/airline"),
            line("shop", &["shop", "200"], "skills/retail"),
        ];
        if !Path::new("skills/airline").is_dir() {
            bail!("there is no folder skills/airline here: run this from the project's own folder");
        }
        Ok(Config {
            sip: Sip {
                listen: sip,
                allow: Vec::new(),
                accept_from_anyone: true,
                calls_max: 200,
                retry_after: Duration::from_secs(10),
                session_expires: Duration::from_secs(1_800),
                min_se: Duration::from_secs(90),
                tls: Tls::default(),
                websocket: WebSocket::default(),
                users: Vec::new(),
                realm: "callwright".to_owned(),
                digest: DigestAlgorithm::ALL.to_vec(),
            },
            media: Media {
                ports: (20_000, 20_999),
                external_ip: None,
                workers: 0,
                codecs: Codec::ALL.to_vec(),
                srtp: Srtp::Off,
                inband_dtmf: InbandDtmf::default(),
                comfort_noise: false,
                rtp_timeout: Duration::from_secs(30),
            },
            web: Web { listen: web, webrtc, origins: Vec::new(), operator_token: None },
            core: Core {
                address: None,
                listen: SocketAddr::from(([127, 0, 0, 1], 0)),
                agents: None,
                journal: self.scratch.0.join("journal.sqlite"),
                breaker: callwright_actions::BreakerConfig::default(),
                keep_days: 0,
                database: None,
            },
            speech: Speech {
                models: PathBuf::from("models"),
                recogniser: RecogniserChoice::Auto,
                whisper_model: None,
                turn_model: crate::config::TurnModelChoice::default(),
                threads: 0,
                wait_max: Duration::from_secs(3),
            },
            journal: Journal { dir: self.journals(), keep_days: 1 },
            recording: Recording { dir: self.scratch.0.join("recordings"), key: None, keep_days: 1 },
            telemetry: crate::config::Telemetry::default(),
            capture: crate::config::Capture::default(),
            connectors: BTreeMap::from([
                ("airline".to_owned(), Connector::Own(self.airline.url())),
                ("shop".to_owned(), Connector::Own(self.shop.url())),
            ]),
            trunks: Vec::new(),
            lines,
            queue: callwright_call_core::queue::Config::default(),
            call_backs: crate::config::CallBacks::default(),
            humans: Vec::new(),
            language_model: None,
            webhook: None,
            grace: Duration::from_secs(30),
            places: crate::config::Places::default(),
        })
    }

    /// Beside the scratch folder: journals are there for whoever looks at them afterwards.
    fn journals(&self) -> PathBuf {
        self.scratch.0.with_extension("calls")
    }

    /// Stops both.
    pub async fn shutdown(self) {
        self.airline.shutdown().await;
        self.shop.shutdown().await;
    }
}
