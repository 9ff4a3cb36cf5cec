//! Many calls, some at a time.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callwright_model::Codec;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::error::LoadError;
use crate::event::Observer;
use crate::phones::{Call, Phones};
use crate::report::{CallReport, LoadReport, Outcome};
use crate::scenario::Scenario;

/// What to run.
#[derive(Debug, Clone)]
pub struct LoadConfig {
    /// Whom to call: a SIP URI.
    pub to: String,
    /// What each caller does.
    pub scenario: Arc<Scenario>,
    /// How many calls in all.
    pub calls: u64,
    /// How many at one time at most.
    pub concurrent: u64,
    /// New calls a second at most.
    pub rate: f64,
    /// A folder for recordings, `call-1.wav` and so on: caller left, agent right.
    pub wav_dir: Option<PathBuf>,
    /// Codecs offered, best first.
    pub codecs: Vec<Codec>,
    /// The user name that callers call from.
    pub from_user: String,
    /// Where the callers' own SIP endpoint listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How long a call may ring.
    pub answer_time: Duration,
}

impl LoadConfig {
    /// One call in PCMU.
    #[must_use]
    pub fn new(to: impl Into<String>, scenario: Arc<Scenario>) -> Self {
        Self {
            to: to.into(),
            scenario,
            calls: 1,
            concurrent: 1,
            rate: 10.0,
            wav_dir: None,
            codecs: vec![Codec::Pcmu],
            from_user: "caller".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            answer_time: Duration::from_secs(30),
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Calls placed.
    pub placed: u64,
    /// Calls over.
    pub over: u64,
    /// Calls in all.
    pub calls: u64,
    /// How the call that has just ended came out; `None` when one was placed.
    pub ended: Option<Outcome>,
}

/// Places the calls and sums up. `progress` is told of each beginning and each end, `observer` of everything in between.
///
/// # Errors
/// When the run cannot begin: a setting without meaning, the SIP address taken, no folder.
pub async fn run(
    config: LoadConfig,
    observer: Arc<dyn Observer>,
    mut progress: impl FnMut(Progress),
) -> Result<LoadReport, LoadError> {
    if config.calls == 0 || config.concurrent == 0 {
        return Err(LoadError::Setting("at least one call, and one at a time, must be asked for"));
    }
    if !(config.rate.is_finite() && config.rate > 0.0) {
        return Err(LoadError::Setting("the rate must be above 0 calls a second"));
    }
    if config.codecs.is_empty() {
        return Err(LoadError::Setting("at least one codec must be offered"));
    }
    if let Some(folder) = &config.wav_dir {
        std::fs::create_dir_all(folder)
            .map_err(|source| LoadError::Folder { folder: folder.clone(), source })?;
    }
    let (phones, _incoming) = Phones::start(config.listen).await?;
    phones.find(&config.to).await?;
    let started = Instant::now();
    let permits =
        Arc::new(Semaphore::new(usize::try_from(config.concurrent).unwrap_or(Semaphore::MAX_PERMITS)));
    let mut pace = interval(Duration::from_secs_f64((1.0 / config.rate).min(3_600.0)));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // A call's place is free when its end has been counted, so that never more are counted at one time than were asked for.
    let mut running: JoinSet<(CallReport, Option<OwnedSemaphorePermit>)> = JoinSet::new();
    let mut reports: Vec<CallReport> = Vec::new();
    let mut concurrent_max = 0;
    let mut placed = 0;
    while placed < config.calls || !running.is_empty() {
        tokio::select! {
            Some(joined) = running.join_next() => {
                let (report, _place) = joined.unwrap_or_else(|error| (panicked(&config, &error), None));
                let over = reports.len() as u64 + 1;
                progress(Progress { placed, over, calls: config.calls, ended: Some(report.outcome.clone()) });
                reports.push(report);
            }
            permit = next_call(&permits, &mut pace), if placed < config.calls => {
                placed += 1;
                let call = Call {
                    number: placed,
                    to: config.to.clone(),
                    from_user: config.from_user.clone(),
                    scenario: Arc::clone(&config.scenario),
                    codecs: config.codecs.clone(),
                    recording: config.wav_dir.as_ref().map(|folder| folder.join(format!("call-{placed}.wav"))),
                    answer_time: config.answer_time,
                };
                let (phones, observer) = (phones.clone(), Arc::clone(&observer));
                running.spawn(async move { (phones.call(call, observer).await, permit) });
                concurrent_max = concurrent_max.max(running.len() as u64);
                progress(Progress { placed, over: reports.len() as u64, calls: config.calls, ended: None });
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    phones.shutdown().await;
    reports.sort_by_key(|report| report.call);
    Ok(LoadReport::of(config.to, config.scenario.name.clone(), concurrent_max, seconds, reports))
}

/// Waits for a free place first, so that the pace counts from when there is one.
async fn next_call(
    permits: &Arc<Semaphore>,
    pace: &mut tokio::time::Interval,
) -> Option<OwnedSemaphorePermit> {
    // It fails only when closed, which nobody does.
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    pace.tick().await;
    permit
}

/// A bug of ours shows as a failed call and does not hide the others' figures.
fn panicked(config: &LoadConfig, error: &tokio::task::JoinError) -> CallReport {
    CallReport {
        call: 0,
        scenario: config.scenario.name.clone(),
        outcome: Outcome::Error { what: error.to_string() },
        setup_s: None,
        length_s: 0.0,
        turns: Vec::new(),
        heard_s: Vec::new(),
        keys_heard: String::new(),
        dead_air_s: 0.0,
        network: crate::report::Network::default(),
        recording: None,
    }
}
