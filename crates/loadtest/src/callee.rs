//! A scripted person who is rung: the human at the service desk.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callwright_model::Codec;
use callwright_sip::{IncomingCall, SipEvent};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::LoadError;
use crate::event::{Observer, PartyEvent, PartyFact};
use crate::phone::Part;
use crate::phones::{Party, Phones};
use crate::report::CallReport;
use crate::scenario::Scenario;

/// How a person takes calls.
#[derive(Debug, Clone)]
pub struct CalleeConfig {
    /// Where their telephone listens for SIP; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The user name in their address.
    pub user: String,
    /// What they do once they have answered. They speak last or first, as the scenario says.
    pub scenario: Arc<Scenario>,
    /// Whether and when they answer.
    pub answer: AnswerHabit,
    /// Codecs accepted, best first.
    pub codecs: Vec<Codec>,
    /// A folder for recordings: `USER-1.wav` and so on, they left, the other end right.
    pub wav_dir: Option<PathBuf>,
}

/// Whether and when a person answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerHabit {
    /// After it has rung for this long.
    After(Duration),
    /// Lets it ring.
    Never,
    /// Refuses with this SIP status.
    Refuse(u16),
}

impl CalleeConfig {
    /// Someone on loopback who answers after half a second, in PCMU or Opus.
    #[must_use]
    pub fn new(user: impl Into<String>, scenario: Arc<Scenario>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            user: user.into(),
            scenario,
            answer: AnswerHabit::After(Duration::from_millis(500)),
            codecs: vec![Codec::Pcmu, Codec::Pcma, Codec::Opus],
            wav_dir: None,
        }
    }
}

/// A telephone that rings, with the person beside it.
pub struct Callee {
    phones: Phones,
    user: String,
    reports: Mutex<mpsc::UnboundedReceiver<CallReport>>,
    stop: CancellationToken,
    calls: TaskTracker,
}

impl Callee {
    /// Plugs the telephone in.
    ///
    /// # Errors
    /// When its address is taken or the folder for recordings cannot be made.
    pub async fn start(config: CalleeConfig, observer: Arc<dyn Observer>) -> Result<Self, LoadError> {
        if let Some(folder) = &config.wav_dir {
            std::fs::create_dir_all(folder)
                .map_err(|source| LoadError::Folder { folder: folder.clone(), source })?;
        }
        let (phones, mut incoming) = Phones::start(config.listen).await?;
        let (finished, reports) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let calls = TaskTracker::new();
        let user = config.user.clone();
        let (ringing, tracker, stopped) = (phones.clone(), calls.clone(), stop.clone());
        calls.spawn(async move {
            let config = Arc::new(config);
            let mut number = 0;
            loop {
                let event = tokio::select! {
                    event = incoming.recv() => event,
                    () = stopped.cancelled() => None,
                };
                let Some(SipEvent::Incoming(call)) = event else { return };
                number += 1;
                let party = Party {
                    number,
                    part: Part::Scenario(Arc::clone(&config.scenario)),
                    recording: config
                        .wav_dir
                        .as_ref()
                        .map(|dir| dir.join(format!("{}-{number}.wav", config.user))),
                    observer: Arc::clone(&observer),
                };
                let (phones, config) = (ringing.clone(), Arc::clone(&config));
                let (finished, stopped) = (finished.clone(), stopped.clone());
                tracker.spawn(async move {
                    tokio::select! {
                        report = answer(&phones, call, &config, &party) => {
                            if let Some(report) = report {
                                // Nobody has to want the reports.
                                let _ = finished.send(report);
                            }
                        }
                        () = stopped.cancelled() => {}
                    }
                });
            }
        });
        Ok(Self { phones, user, reports: Mutex::new(reports), stop, calls })
    }

    /// The address to ring, such as `sip:desk@127.0.0.1:34567`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("sip:{}@{}", self.user, self.phones.address())
    }

    /// Waits for the next call that was answered and is over.
    pub async fn next_report(&self) -> Option<CallReport> {
        self.reports.lock().await.recv().await
    }

    /// Unplugs it: hangs up what still talks.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.calls.close();
        self.calls.wait().await;
        self.phones.shutdown().await;
    }
}

async fn answer(
    phones: &Phones,
    mut call: IncomingCall,
    config: &CalleeConfig,
    party: &Party,
) -> Option<CallReport> {
    party.observer.observe(PartyEvent { call: party.number, at: Duration::ZERO, fact: PartyFact::Ringing });
    match config.answer {
        AnswerHabit::Refuse(status) => call.reject(status, None),
        AnswerHabit::Never => {
            call.ring();
            call.gone().await;
        }
        AnswerHabit::After(rings) => {
            call.ring();
            tokio::select! {
                () = tokio::time::sleep(rings) => return Some(phones.take(call, &config.codecs, party).await),
                _ = call.gone() => {}
            }
        }
    }
    None
}
