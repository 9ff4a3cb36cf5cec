//! Promises to call back, kept: what is due is asked of the action core, the caller is called, and what came of it is told.
//!
//! The core decides who may call whom when, and whether there is another try; a gateway has each call back for a lease only. Whatever
//! happens to it after that, another one goes on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use callwright_call_core::queue::{common, joined};
use callwright_console::CallbackEvent;
use callwright_dialogue_core::{CallBacks, CalledBack, Clock};
use callwright_model::{CallId, MonoTime, TryOutcome};
use callwright_wire::actions::{ClaimRequest, ClaimedCallback, ClientError};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::chat::random_id;
use crate::gateway::webhook::unix_ms;
use crate::gateway::{Shared, call_out};
use crate::lines::LoadedLine;

/// What this gateway has taken on.
#[derive(Default)]
pub(crate) struct Keeping {
    /// Nobody is called any more.
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Keeping {
    /// Calls nobody any more: phones that ring are hung up and their leases given back.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
    }

    /// Waits until everything that was taken on is told.
    pub(crate) async fn stopped(&self) {
        if tokio::time::timeout(TELLING, self.tasks.wait()).await.is_err() {
            warn!("what came of a call back could not be told: its lease has to end");
        }
    }
}

/// Somebody is called back: what their call is told, and where it tells whether they talk.
pub(crate) struct Called {
    pub(crate) back: CalledBack,
    pub(crate) outcome: oneshot::Sender<TryOutcome>,
}

/// Asks the action core for what is due until the gateway stops.
pub(crate) async fn keep(shared: Arc<Shared>) {
    let config = &shared.config.call_backs;
    if !config.enabled {
        return;
    }
    let gateway = format!("{:016x}", random_id());
    let lines: Vec<String> = shared.config.lines.iter().map(|line| line.name.clone()).collect();
    let places = Arc::new(Semaphore::new(config.at_once));
    let mut ticks = tokio::time::interval(config.poll);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shared.keeping.stop.cancelled() => return,
        }
        let free = places.available_permits();
        if free == 0 || shared.overloaded.load(Ordering::Acquire) {
            continue;
        }
        let claim = ClaimRequest {
            gateway: gateway.clone(),
            lines: lines.clone(),
            max: u32::try_from(free).unwrap_or(u32::MAX),
            lease_ms: u64::try_from(config.lease.as_millis()).unwrap_or(u64::MAX),
        };
        let claimed = match shared.core.claim_callbacks(claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                debug!(%error, "the action core does not tell whom to call back");
                continue;
            }
        };
        for one in claimed {
            // There are as many places as were asked for.
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { break };
            let shared = Arc::clone(&shared);
            shared.keeping.tasks.clone().spawn(async move {
                try_once(&shared, one).await;
                drop(place);
            });
        }
    }
}

/// Calls, and tells what came of it.
async fn try_once(shared: &Arc<Shared>, claimed: ClaimedCallback) {
    let (call, token) = (claimed.callback.call, claimed.token);
    // What is told later than this finds others at it.
    let until = Instant::now() + shared.config.call_backs.lease;
    let outcome = outcome(shared, claimed).await;
    info!(%call, outcome = outcome.name(), "a caller was called back");
    metrics::counter!("callwright_call_backs_total", "outcome" => outcome.name()).increment(1);
    shared.hub.publish_callback(CallbackEvent { call, outcome: outcome.name().to_owned() });
    tell(shared, call, token, outcome, until).await;
}

async fn outcome(shared: &Arc<Shared>, claimed: ClaimedCallback) -> TryOutcome {
    let ClaimedCallback { callback, .. } = claimed;
    let Some((line, number)) = callback.promise.and_then(|promise| {
        let line = shared.lines.lines.iter().find(|line| line.line.name == promise.terms.line)?;
        let mut line = line.clone();
        if line.pack.languages().contains(&promise.terms.language) {
            line.language = promise.terms.language;
        }
        Some((line, callback.number))
    }) else {
        return TryOutcome::Failed;
    };
    let allowed = &shared.config.call_backs.numbers;
    if !allowed.is_empty() && !allowed.iter().any(|begin| number.reveal().starts_with(begin.as_str())) {
        warn!(call = %callback.call, "a number that `call_backs.numbers` does not allow is not called");
        return TryOutcome::Failed;
    }
    let (outcome, told) = oneshot::channel();
    let called = Called { back: CalledBack { briefing: callback.briefing }, outcome };
    let placed = tokio::select! {
        placed = call_out::place(shared, line, number, called) => placed,
        // The phone that rings is hung up with its leg.
        () = shared.keeping.stop.cancelled() => return TryOutcome::GivenBack,
    };
    match placed {
        // A call that is lost without a word has reached nobody.
        Ok(()) => told.await.unwrap_or(TryOutcome::NoAnswer),
        Err(outcome) => outcome,
    }
}

async fn tell(shared: &Shared, call: CallId, token: u64, outcome: TryOutcome, until: Instant) {
    loop {
        match shared.core.report_callback(call, token, outcome).await {
            Ok(_) => return,
            Err(ClientError::Unavailable(_) | ClientError::Busy(_))
                if Instant::now() + TELL_AGAIN < until =>
            {
                tokio::time::sleep(TELL_AGAIN).await;
            }
            Err(error) => {
                return warn!(%call, %error, "what came of a call back could not be told to the action core");
            }
        }
    }
}

impl Shared {
    /// What may be promised to callers of a line, if anything.
    pub(crate) fn promised(&self, line: &LoadedLine, now: MonoTime) -> Option<CallBacks> {
        let config = &self.config.call_backs;
        if !config.enabled {
            return None;
        }
        let unix_ms = unix_ms();
        let may_be_called = config.hours.spans(unix_ms, DAYS_AHEAD);
        let humans = self.humans.hours_on(&line.line.name);
        let there = joined(humans.iter().flat_map(|hours| hours.spans(unix_ms, DAYS_AHEAD)));
        // Where there are no humans the agent goes on by itself.
        let open = if humans.is_empty() { may_be_called } else { common(&may_be_called, &there) };
        Some(CallBacks {
            clock: Clock::new(unix_ms, now, config.hours.zone),
            open,
            soonest: config.soonest,
            window: config.window,
        })
    }
}

/// Nobody is promised anything beyond that.
const DAYS_AHEAD: u64 = 14;
const TELL_AGAIN: Duration = Duration::from_secs(1);
/// The core answers within this, or does not.
const TELLING: Duration = Duration::from_secs(3);
