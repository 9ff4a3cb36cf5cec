//! Many conversations, some at a time.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callwright_model::Codec;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::files::View;
use super::generate::Sounds;
use super::judge::judge;
use super::plan::Plan;
use super::profile::Profile;
use super::report::{DuplexCall, DuplexReport, Run};
use super::trace::Trace;
use super::utterance::{Tracks, own_ends};
use crate::error::LoadError;
use crate::event::NoObserver;
use crate::phone::{Part, PhoneResult};
use crate::phones::{Dialling, Party, Phones, Record};
use crate::report::Outcome;

/// What to run.
#[derive(Debug, Clone)]
pub struct DuplexConfig {
    /// Whom to call: a SIP URI.
    pub to: String,
    /// The conditions.
    pub profile: Profile,
    /// The name of what is said.
    pub conversation: String,
    /// All sounds.
    pub sounds: Arc<Sounds>,
    /// Callers, each of whom plays one conversation.
    pub calls: u64,
    /// How many at one time at most.
    pub concurrent: u64,
    /// Where chance begins.
    pub seed: u64,
    /// A folder for recordings and what belongs to them.
    pub wav_dir: Option<PathBuf>,
    /// Codec offered.
    pub codec: Codec,
}

/// A call has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct DuplexProgress {
    /// Callers who are done.
    pub over: u64,
    /// Callers in all.
    pub calls: u64,
    /// Since the run began.
    pub seconds: f64,
    /// How the call that has just ended came out.
    pub ended: Outcome,
    /// Its length.
    pub length_s: f64,
}

impl DuplexProgress {
    /// After this call, when so many callers are done.
    pub(super) fn of(call: &Spoken, over: u64, calls: u64, started: Instant) -> Self {
        let report = &call.record.report;
        let seconds = started.elapsed().as_secs_f64();
        Self { over, calls, seconds, ended: report.outcome.clone(), length_s: report.length_s }
    }
}

/// Places the calls, judges them and sums up. When `stop` is cancelled, calls that run are given up and what has ended counts.
///
/// # Errors
/// When the run cannot begin: a setting without meaning, no port, no folder.
pub async fn run(
    config: DuplexConfig,
    stop: CancellationToken,
    mut progress: impl FnMut(DuplexProgress),
) -> Result<DuplexReport, LoadError> {
    prepare(&config)?;
    let profile = Arc::new(config.profile.clone());
    let (phones, _incoming) = Phones::start(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let started = Instant::now();
    let places = usize::try_from(config.concurrent).unwrap_or(Semaphore::MAX_PERMITS);
    let permits = Arc::new(Semaphore::new(places));
    let mut running: JoinSet<Vec<Spoken>> = JoinSet::new();
    for number in 1..=config.calls {
        let plan = Plan::new(Arc::clone(&profile), Arc::clone(&config.sounds), config.seed, number)
            .ok_or(LoadError::Setting("the profile has no voices"))?;
        let caller = CallerSetup { phones: phones.clone(), config: config.clone(), number };
        let permits = Arc::clone(&permits);
        let apart = STAGGER * (number % config.concurrent) as u32;
        running.spawn(async move {
            // It fails only when closed, which nobody does.
            let _place = permits.acquire_owned().await.ok();
            // Callers who come at one time would stay in step.
            tokio::time::sleep(apart).await;
            caller.converse(plan).await
        });
    }
    let mut spoken: Vec<Spoken> = Vec::new();
    let mut over = 0;
    loop {
        let joined = tokio::select! {
            joined = running.join_next() => joined,
            () = stop.cancelled() => None,
        };
        let Some(joined) = joined else { break };
        over += 1;
        for call in joined.unwrap_or_default() {
            progress(DuplexProgress::of(&call, over, config.calls, started));
            spoken.push(call);
        }
    }
    running.shutdown().await;
    phones.shutdown().await;
    spoken.sort_by_key(|call| call.record.report.call);
    sum_up(config, started.elapsed(), &spoken)
}

/// Refuses settings without meaning, and makes the folder.
pub(super) fn prepare(config: &DuplexConfig) -> Result<(), LoadError> {
    if config.calls == 0 || config.concurrent == 0 {
        return Err(LoadError::Setting("at least one call, and one at a time, must be asked for"));
    }
    if let Some(folder) = &config.wav_dir {
        std::fs::create_dir_all(folder)
            .map_err(|source| LoadError::Folder { folder: folder.clone(), source })?;
    }
    Ok(())
}

/// One call, over.
pub(super) struct Spoken {
    pub(super) record: Record,
    pub(super) continues: Option<u64>,
}

struct CallerSetup {
    phones: Phones,
    config: DuplexConfig,
    number: u64,
}

impl CallerSetup {
    /// Plays the conversation; when the other end hangs up in the middle, calls again and goes on.
    async fn converse(self, plan: Plan) -> Vec<Spoken> {
        let mut calls: Vec<Spoken> = Vec::new();
        let mut plan = Some(plan);
        while let Some(this) = plan.take() {
            // Those who call again have the number with hundreds of thousands before it.
            let number = self.number + calls.len() as u64 * AGAIN;
            let continues = calls.last().map(|call| call.record.report.call);
            let record = self.call(number, this).await;
            let early = matches!(record.report.outcome, Outcome::HungUpEarly { .. });
            let trace = record.remains.as_ref().and_then(|remains| remains.trace.as_ref());
            if early && calls.len() < AGAIN_MAX {
                plan = trace.map(|trace| Plan { seed: trace.rest.seed ^ number, ..trace.rest.clone() });
            }
            calls.push(Spoken { record, continues });
        }
        calls
    }

    async fn call(&self, number: u64, plan: Plan) -> Record {
        let config = &self.config;
        let dialling = Dialling {
            to: config.to.clone(),
            from_user: "caller".to_owned(),
            codecs: vec![config.codec],
            answer_time: ANSWER_TIME,
        };
        let party = Party {
            number,
            part: Part::Conversation(Box::new(plan)),
            recording: config.wav_dir.as_ref().map(|folder| folder.join(format!("call-{number}.wav"))),
            observer: Arc::new(NoObserver),
        };
        self.phones.dial(dialling, &party).await
    }
}

/// Judges all calls together, because what the agent says in one tells of the others; writes what lies beside the recordings.
pub(super) fn sum_up(
    config: DuplexConfig,
    took: Duration,
    spoken: &[Spoken],
) -> Result<DuplexReport, LoadError> {
    let heard: Vec<(u64, &PhoneResult, &Trace)> = spoken
        .iter()
        .filter_map(|call| {
            let remains = call.record.remains.as_ref()?;
            Some((call.record.report.call, remains, remains.trace.as_ref()?))
        })
        .collect();
    let tracks: Vec<Tracks<'_>> = heard
        .iter()
        .map(|(_, remains, trace)| Tracks {
            said: &remains.said,
            heard: &remains.heard,
            levels: &trace.levels,
        })
        .collect();
    let (mut events, mut events_200ms) = (Vec::new(), Vec::new());
    for ((call, remains, trace), heard) in heard.iter().zip(own_ends(&tracks)) {
        let fine = judge(*call, &remains.said, &heard, remains.length, FINE);
        events_200ms.extend(judge(*call, &remains.said, &heard, remains.length, COARSE));
        if let Some(folder) = &config.wav_dir {
            let view = View {
                call: *call,
                profile: &config.profile.name,
                length: remains.length,
                said: &remains.said,
                heard: &heard,
                events: &fine,
                disturbances: &trace.disturbances,
                levels: &trace.levels,
            };
            view.write(folder).map_err(LoadError::File)?;
        }
        events.extend(fine);
    }
    let calls = spoken
        .iter()
        .map(|call| {
            let trace = call.record.remains.as_ref().and_then(|remains| remains.trace.as_ref());
            let disturbances = trace.map_or(&[][..], |trace| &trace.disturbances);
            DuplexCall::of(call.record.report.clone(), call.continues, disturbances)
        })
        .collect();
    let run = Run {
        to: config.to,
        profile: config.profile,
        conversation: config.conversation,
        seed: config.seed,
        seconds: took.as_secs_f64(),
        concurrent_max: config.concurrent.min(config.calls),
        calls,
        events,
        events_200ms,
    };
    Ok(run.into())
}

/// A frame.
const FINE: Duration = Duration::from_millis(20);
/// A tick of the benchmark.
const COARSE: Duration = Duration::from_millis(200);
/// Between callers who begin at one time: no multiple of anything that an agent does.
const STAGGER: Duration = Duration::from_millis(1_370);
/// How long it may ring.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// Added to the number of a caller who calls again.
pub(super) const AGAIN: u64 = 1_000;
/// An agent that hangs up on the same caller five times does not want to talk.
pub(super) const AGAIN_MAX: usize = 5;
