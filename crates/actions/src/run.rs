//! A plan being carried out: its own task, from consent to the end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use callwright_model::PlanEvent;
use callwright_plan_core::{
    Command, Entry, Event, Invoke, Outcome, Pack, Plan, Progress, Trail, decide, fact, is_finished, progress,
    upcoming,
};
use callwright_wire::actions::{PlanState, PlanView};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::breakers::Leave;
use crate::core::Core;
use crate::journal::{JournalError, Story, Token, unix_ms};

/// A plan with what is written down about it. Whoever watches sees the events grow.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) trail: Trail,
    /// What this core shows to write about it.
    pub(crate) token: Token,
    /// When it was last sure to be this core's.
    sure: Mutex<Instant>,
    entries: Mutex<Vec<Entry>>,
    length: watch::Sender<usize>,
    /// Nobody works on it any more, be it finished or not.
    over: CancellationToken,
}

impl Run {
    pub(crate) fn new(story: Story) -> Arc<Self> {
        let (length, _) = watch::channel(story.entries.len());
        let over = CancellationToken::new();
        let entries = Mutex::new(story.entries);
        let sure = Mutex::new(Instant::now());
        Arc::new(Self {
            plan: story.plan,
            trail: story.trail,
            token: story.token,
            sure,
            entries,
            length,
            over,
        })
    }

    /// One from the journal that has ended.
    pub(crate) fn ended(story: Story) -> Arc<Self> {
        let run = Self::new(story);
        run.over.cancel();
        run
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries_after(0)
    }

    fn last(&self) -> Option<Entry> {
        self.lock().last().cloned()
    }

    /// What came after the first so many.
    pub(crate) fn entries_after(&self, known: usize) -> Vec<Entry> {
        self.lock().get(known..).unwrap_or_default().to_vec()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        self.catch_up(&mut events);
        events
    }

    /// Adds to the first events, as somebody knows them, those that have come since.
    fn catch_up(&self, events: &mut Vec<Event>) {
        let entries = self.lock();
        events.extend(entries.iter().skip(events.len()).map(|entry| entry.event.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what was written; what is known already, for somebody else was quicker to tell, is left out.
    pub(crate) fn extend(&self, written: Vec<Entry>) {
        let mut entries = self.lock();
        let known = entries.len() as u64;
        entries.extend(written.into_iter().filter(|entry| entry.number > known));
        self.length.send_replace(entries.len());
    }

    /// How many there are.
    pub(crate) fn length(&self) -> usize {
        self.lock().len()
    }

    /// Whether this core works on it.
    pub(crate) fn is_here(&self) -> bool {
        !self.over.is_cancelled()
    }

    pub(crate) fn view(&self) -> PlanView {
        let entries = self.lock();
        let (progress, steps) = progress(&self.plan, entries.iter().map(|entry| &entry.event));
        PlanView {
            plan: self.plan.id.clone(),
            pack: self.plan.pack.clone(),
            skill: self.plan.skill.clone(),
            call: self.plan.call,
            state: match progress {
                Progress::Running => PlanState::Running,
                Progress::AwaitingApproval => PlanState::AwaitingApproval,
                Progress::Undoing => PlanState::Undoing,
                Progress::Completed => PlanState::Completed,
                Progress::Failed => PlanState::Failed,
                Progress::InDoubt => PlanState::InDoubt,
            },
            steps,
            changed_unix_ms: entries.last().map_or(0, |entry| entry.unix_ms),
        }
    }

    /// Its events from the first to the last, as they come. Who stops listening changes nothing.
    pub(crate) fn stream(self: &Arc<Self>) -> ReceiverStream<PlanEvent> {
        let (events, stream) = mpsc::channel(STREAM);
        let run = Arc::clone(self);
        tokio::spawn(async move {
            let mut length = run.length.subscribe();
            let mut told = 0;
            loop {
                // Asked first: what is written before the end is told before the end.
                let over = run.over.is_cancelled();
                let fresh: Vec<Entry> = run.entries_after(told);
                told += fresh.len();
                for entry in fresh {
                    if let Some(event) = fact(&run.plan, entry.number, &entry.event)
                        && events.send(event).await.is_err()
                    {
                        return;
                    }
                }
                if over {
                    return;
                }
                tokio::select! {
                    _ = length.wait_for(|length| *length > told) => {}
                    () = run.over.cancelled() => {}
                    () = events.closed() => return,
                }
            }
        });
        ReceiverStream::new(stream)
    }
}

/// Carries a plan out until it has ended, the core is asked to stop between two calls, or the journal fails.
///
/// What came of a call and what follows from it, up to the next one, is written down together: nothing is done in between.
pub(crate) async fn carry_out(core: Arc<Core>, run: Arc<Run>, pack: Arc<Pack>) {
    let _over = run.over.clone().drop_guard();
    let mut log = Log { core: &core, run: &run, events: Vec::new(), written: 0, witnessed: false };
    let mut leave = None;
    loop {
        log.catch_up();
        let now = core.tally.now(&pack, &run.plan.id, (&run.plan.verified, run.plan.call));
        let command = match decide(&run.plan, &pack.policy, &log.events, &now) {
            Ok(command) => command,
            Err(error) => {
                tracing::error!(plan = %run.plan.id, %error, "a plan cannot go on: a person must look");
                log.write_down().await;
                return;
            }
        };
        match command {
            Command::Append(event) => {
                let begins = matches!(event, Event::StepStarted { .. } | Event::UndoStarted { .. });
                if begins && core.stopping() {
                    tracing::info!(plan = %run.plan.id, "the plan goes on when the core starts again");
                    log.write_down().await;
                    return;
                }
                // Leave that was given for another call than the one that follows is given back.
                leave = leave.filter(|_| begins);
                let event = if begins { core.within_limits(&run, event, &log.events) } else { event };
                if leave.is_none() {
                    match put_off(&core, &log, event).await {
                        PutOff::Not(event, given) => {
                            leave = given;
                            log.events.push(event);
                        }
                        PutOff::Over(given) => leave = given,
                        PutOff::Stopped => {
                            tracing::info!(plan = %run.plan.id, "the plan goes on when the core starts again");
                            return;
                        }
                        PutOff::Unwritten => match log.write_down().await {
                            Written::Down | Written::Overtaken => {}
                            Written::Not => return,
                        },
                    }
                } else {
                    log.events.push(event);
                }
                continue;
            }
            Command::Finished | Command::Await { .. } | Command::Invoke(_) => {}
        }
        match log.write_down().await {
            Written::Down => {}
            Written::Overtaken => {
                leave = None;
                continue;
            }
            Written::Not => return,
        }
        match command {
            Command::Finished => {
                debug_assert!(is_finished(&log.events));
                return;
            }
            Command::Await { within, unanswered } => match wait(&core, &run, log.written, within).await {
                Waited::Answered => {}
                Waited::Unanswered => log.events.push(unanswered),
                Waited::Stopped => {
                    tracing::info!(plan = %run.plan.id, "the plan waits on when the core starts again");
                    return;
                }
            },
            Command::Invoke(call) => {
                let leave = leave.take().unwrap_or_else(|| core.breakers.anyway(&call.connector));
                let Some(outcome) = make(&core, &run, &call, leave).await else { return };
                log.events.push(outcome);
                log.witnessed = true;
            }
            Command::Append(_) => {}
        }
    }
}

/// Makes a call; `None` when the plan is not this core's to make it.
async fn make(core: &Core, run: &Run, call: &Invoke, leave: Leave<'_>) -> Option<Event> {
    if !call.wait.is_zero() {
        tokio::time::sleep(call.wait).await;
    }
    if !may_act(core, run).await {
        return None;
    }
    let begun = Instant::now();
    let outcome = core.connectors.invoke(&run.plan.id, call).await;
    match &outcome {
        Outcome::Lost(_) => leave.unanswered(),
        Outcome::Done(_) | Outcome::NotFound(_) | Outcome::Refused { .. } => leave.answered(),
    }
    metrics::histogram!("callwright_actions_call_seconds").record(begun.elapsed());
    Some(call.outcome(outcome))
}

/// Whether the plan is this core's still. A core that slept longer than its lease has a call written down that another one may have
/// asked for again since.
async fn may_act(core: &Core, run: &Run) -> bool {
    let plan = &run.plan.id;
    let mut pause = PAUSE_FIRST;
    loop {
        let (begun, known) = (Instant::now(), *run.sure.lock().unwrap_or_else(PoisonError::into_inner));
        match core.journal().holds(plan, run.token, known).await {
            Ok(true) => {
                *run.sure.lock().unwrap_or_else(PoisonError::into_inner) = begun;
                return true;
            }
            Ok(false) => {
                tracing::warn!(%plan, "another core has taken the plan over");
                return false;
            }
            Err(error) if error.is_passing() => {
                tracing::error!(%plan, %error, "a plan waits until it is sure to be this core's");
                if !core.rests(&mut pause).await {
                    return false;
                }
            }
            Err(error) => {
                tracing::error!(%plan, %error, "a plan stops where it is, until the core starts again");
                return false;
            }
        }
    }
}

/// The events of a plan: those that are written down, and those that are to be.
struct Log<'r> {
    core: &'r Core,
    run: &'r Arc<Run>,
    events: Vec<Event>,
    written: usize,
    /// The first that is not written is what became of a call. It is told by nothing else, and so written down whatever else was meanwhile.
    witnessed: bool,
}

/// What became of events that were to be written down.
enum Written {
    Down,
    /// Something else stands there, and counts: what somebody said at the last moment, or the same, from an attempt that had no answer.
    Overtaken,
    Not,
}

impl Log<'_> {
    /// Adds what others have written, where nothing waits to be written.
    fn catch_up(&mut self) {
        if self.events.len() == self.written {
            self.run.catch_up(&mut self.events);
            self.written = self.events.len();
        }
    }

    /// Writes down what is not. While the journal takes nothing it waits until it does: what was done must not be forgotten, and nothing
    /// more is done before.
    async fn write_down(&mut self) -> Written {
        let (core, run, plan) = (self.core, self.run, &self.run.plan.id);
        let mut pause = PAUSE_FIRST;
        while let Some(fresh) = self.events.get(self.written..).filter(|fresh| !fresh.is_empty()) {
            let number = self.written as u64 + 1;
            let begins =
                fresh.iter().position(|event| matches!(event, Event::StepStarted { attempt: 1, .. }));
            let begins = begins.map(|at| self.written + at).filter(|_| core.tally.counts(&run.plan.pack));
            let charge = begins.map(|at| core.tally.charge(run, &self.events[..at]));
            let done = match core.journal().append_all(plan, run.token, number, fresh.to_vec(), charge).await
            {
                Err(JournalError::Beyond) => {
                    // Somebody else has taken what was left: what comes instead is to be asked anew.
                    self.events.truncate(begins.unwrap_or(self.written));
                    return Written::Overtaken;
                }
                Err(JournalError::Conflict) => match core.reread(run, self.written).await {
                    Ok(true) => {
                        self.give_way();
                        return Written::Overtaken;
                    }
                    Ok(false) => Err(JournalError::Conflict),
                    Err(error) => Err(error),
                },
                done => done,
            };
            match done {
                Ok(entries) => {
                    entries.iter().for_each(|entry| note(run, &entry.event));
                    let fresh = entries.len();
                    run.extend(entries);
                    core.trace(run, fresh);
                    core.tell(|| run.view());
                    self.written = self.events.len();
                    self.witnessed = false;
                    core.tally.settle(&run.plan, &self.events);
                }
                Err(error) if error.is_passing() => {
                    tracing::error!(%plan, %error, "a plan waits until it can be written down");
                    if !core.rests(&mut pause).await {
                        return Written::Not;
                    }
                }
                Err(JournalError::Stale) => {
                    tracing::warn!(%plan, "another core has taken the plan over");
                    return Written::Not;
                }
                Err(error) => {
                    tracing::error!(%plan, %error, "a plan stops where it is, until the core starts again");
                    return Written::Not;
                }
            }
        }
        Written::Down
    }

    /// Lets what stands in the journal count. Of what was to be written only what became of a call is left, unless it is there already.
    fn give_way(&mut self) {
        let witnessed = self.events.get(self.written).filter(|_| self.witnessed).cloned();
        self.events.truncate(self.written);
        self.run.catch_up(&mut self.events);
        let known = std::mem::replace(&mut self.written, self.events.len());
        let witnessed =
            witnessed.filter(|event| self.events.get(known..).is_none_or(|new| !new.contains(event)));
        self.witnessed = witnessed.is_some();
        self.events.extend(witnessed);
    }
}

/// Whether what comes next must wait for a system that is left alone.
enum PutOff<'c> {
    /// No: this is to be written down, with leave for the call that follows.
    Not(Event, Option<Leave<'c>>),
    /// It had to, and may go on, or something else has happened: what comes next is to be asked anew.
    Over(Option<Leave<'c>>),
    /// The core is to stop.
    Stopped,
    /// It does, and what is not written down must be before.
    Unwritten,
}

/// Puts off a write or an undo while its system is left alone: before all its attempts together as long as these might have taken. That it
/// waits is written down first. A write of which nothing was sent yet is then given up, which leaves no doubt; everything else is tried
/// all the same.
async fn put_off<'c>(core: &'c Core, log: &Log<'_>, event: Event) -> PutOff<'c> {
    let (run, known) = (log.run, log.written);
    let Some(call) = upcoming(&run.plan, &event) else { return PutOff::Not(event, None) };
    let mut length = run.length.subscribe();
    let mut waited = false;
    loop {
        let shut = match core.breakers.leave(call.connector) {
            Ok(leave) if waited => return PutOff::Over(Some(leave)),
            Ok(leave) => return PutOff::Not(event, Some(leave)),
            Err(_) if log.events.len() > known => return PutOff::Unwritten,
            Err(shut) => shut,
        };
        let entries = run.entries();
        let is_held = |entry: &&Entry| matches!(entry.event, Event::Held { .. });
        let own = entries.iter().rev().take_while(|entry| call.follows(&entry.event));
        let since = own
            .filter(is_held)
            .last()
            .map_or(Duration::ZERO, |first| Duration::from_millis(unix_ms().saturating_sub(first.unix_ms)));
        let left = call.patience.saturating_sub(since);
        if left.is_zero() && call.unsent {
            let reason = shut.to_string();
            return PutOff::Not(
                Event::StepFailed { step: call.step, reason, rules: Vec::new(), words: None },
                None,
            );
        }
        if left.is_zero() {
            return PutOff::Not(event, Some(core.breakers.anyway(call.connector)));
        }
        if entries.last().filter(is_held).is_none() {
            let connector = call.connector.to_owned();
            return PutOff::Not(Event::Held { step: call.step, connector, reason: shut.to_string() }, None);
        }
        waited = true;
        tokio::select! {
            () = core.breakers.opening(&shut) => {}
            () = tokio::time::sleep(left) => {}
            _ = length.wait_for(|length| *length > known) => return PutOff::Over(None),
            () = core.stopped() => return PutOff::Stopped,
        }
    }
}

/// How waiting for an approval ended.
enum Waited {
    Answered,
    Unanswered,
    Stopped,
}

/// Waits for an answer to the question that stands last among `known` events. The time is the wall clock's, for it goes on while the
/// core is not there; so it is looked at now and then.
async fn wait(core: &Core, run: &Run, known: usize, within: Duration) -> Waited {
    let _waits = core.waits();
    let mut length = run.length.subscribe();
    loop {
        let left = run.last().map_or(Duration::ZERO, |asked| {
            within.saturating_sub(Duration::from_millis(unix_ms().saturating_sub(asked.unix_ms)))
        });
        if left.is_zero() {
            return Waited::Unanswered;
        }
        tokio::select! {
            _ = length.wait_for(|length| *length > known) => return Waited::Answered,
            () = tokio::time::sleep(left.min(LOOK_AGAIN)) => {}
            () = core.stopped() => return Waited::Stopped,
        }
    }
}

pub(crate) fn note(run: &Run, event: &Event) {
    let plan = &run.plan.id;
    match event {
        Event::StepCommitted { step, .. } => {
            metrics::counter!("callwright_actions_steps_total", "outcome" => "committed").increment(1);
            tracing::info!(%plan, step, "step committed");
        }
        Event::CancelAsked { .. } => {
            metrics::counter!("callwright_actions_cancelled_total").increment(1);
            tracing::warn!(%plan, "somebody cancels a plan that has begun: what was done is taken back");
        }
        Event::Held { step, connector, reason } => {
            metrics::counter!("callwright_actions_breaker_waits_total", "connector" => connector.clone())
                .increment(1);
            tracing::warn!(%plan, step, %connector, %reason, "a step is put off");
        }
        Event::StepFailed { step, reason, .. } => {
            metrics::counter!("callwright_actions_steps_total", "outcome" => "failed").increment(1);
            tracing::info!(%plan, step, %reason, "step failed");
        }
        Event::StepUndone { step } => {
            metrics::counter!("callwright_actions_steps_total", "outcome" => "undone").increment(1);
            tracing::info!(%plan, step, "step undone");
        }
        Event::Completed => {
            metrics::counter!("callwright_actions_plans_total", "outcome" => "completed").increment(1);
            tracing::info!(%plan, "plan completed");
        }
        Event::Failed { .. } => {
            metrics::counter!("callwright_actions_plans_total", "outcome" => "failed").increment(1);
            tracing::info!(%plan, "plan failed, nothing of it is left");
        }
        Event::InDoubt { step, reason } => {
            metrics::counter!("callwright_actions_plans_total", "outcome" => "in_doubt").increment(1);
            tracing::warn!(%plan, step, %reason, "plan in doubt: a person must look");
        }
        Event::ApprovalAsked { role, rules, .. } => {
            metrics::counter!("callwright_actions_approvals_total", "outcome" => "asked").increment(1);
            tracing::warn!(%plan, %role, ?rules, "a plan waits for an approval");
        }
        Event::Approved { role, .. } => {
            metrics::counter!("callwright_actions_approvals_total", "outcome" => "approved").increment(1);
            tracing::info!(%plan, %role, "plan approved");
        }
        Event::Rejected { role, by, .. } => {
            let outcome = if by.is_some() { "rejected" } else { "unanswered" };
            metrics::counter!("callwright_actions_approvals_total", "outcome" => outcome).increment(1);
            tracing::info!(%plan, %role, outcome, "plan not approved");
        }
        Event::Consented { .. }
        | Event::StepStarted { .. }
        | Event::StepLost { .. }
        | Event::StepRefused { .. }
        | Event::StepAbsent { .. }
        | Event::StepLeftOut { .. }
        | Event::VerifyLost { .. }
        | Event::UndoStarted { .. }
        | Event::UndoLost { .. }
        | Event::UndoRefused { .. } => tracing::debug!(%plan, step = event.step(), "plan goes on"),
    }
}

/// How often a plan that waits looks at the clock: far below the shortest wait that anybody means, and nothing to ten thousand plans.
const LOOK_AGAIN: Duration = Duration::from_secs(600);
/// How soon a journal that takes nothing is asked again; then twice as long each time.
pub(crate) const PAUSE_FIRST: Duration = Duration::from_millis(50);
/// Events a slow listener may lag behind before it is waited for; the plan itself never waits.
const STREAM: usize = 16;
