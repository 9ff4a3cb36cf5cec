//! A plan being carried out: its own task, from consent to the end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callwright_model::PlanEvent;
use callwright_plan_core::{
    Command, Entry, Event, Outcome, Pack, Plan, Progress, Trail, decide, fact, is_finished, progress,
    upcoming,
};
use callwright_wire::actions::{PlanState, PlanView};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::breakers::Leave;
use crate::core::Core;
use crate::journal::{JournalError, Story, unix_ms};

/// A plan with what is written down about it. Whoever watches sees the events grow.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) trail: Trail,
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
        Arc::new(Self { plan: story.plan, trail: story.trail, entries, length, over })
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
    fn entries_after(&self, known: usize) -> Vec<Entry> {
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

    pub(crate) fn push(&self, entry: Entry) {
        let mut entries = self.lock();
        entries.push(entry);
        self.length.send_replace(entries.len());
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

    /// Whether what took the place after so many events was written in this process, such as an answer that somebody gave: it is on
    /// disk, and comes at once.
    pub(crate) async fn overtaken(&self, known: usize) -> bool {
        let mut length = self.length.subscribe();
        tokio::time::timeout(AT_ONCE, length.wait_for(|length| *length > known))
            .await
            .is_ok_and(|it| it.is_ok())
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
pub(crate) async fn carry_out(core: Arc<Core>, run: Arc<Run>, pack: Arc<Pack>) {
    let _over = run.over.clone().drop_guard();
    let plan = &run.plan.id;
    let mut events = Vec::new();
    let mut leave = None;
    loop {
        run.catch_up(&mut events);
        let command = match decide(&run.plan, &pack.policy, &events) {
            Ok(command) => command,
            Err(error) => {
                tracing::error!(%plan, %error, "a plan cannot go on: a person must look");
                return;
            }
        };
        // What became of a call is told by nothing else: it is written down whatever else was meanwhile.
        let witnessed = matches!(command, Command::Invoke(_));
        let event = match command {
            Command::Finished => break,
            Command::Await { within, unanswered } => match wait(&core, &run, events.len(), within).await {
                Waited::Answered => continue,
                Waited::Unanswered => unanswered,
                Waited::Stopped => {
                    tracing::info!(%plan, "the plan waits on when the core starts again");
                    return;
                }
            },
            Command::Append(event) => {
                let begins = matches!(event, Event::StepStarted { .. } | Event::UndoStarted { .. });
                if begins && core.stopping() {
                    tracing::info!(%plan, "the plan goes on when the core starts again");
                    return;
                }
                // Leave that was given for another call than the one that follows is given back.
                leave = leave.filter(|_| begins);
                let event = if begins { core.within_limits(&run, &pack, event, &events) } else { event };
                match leave {
                    Some(_) => event,
                    None => match put_off(&core, &run, event, events.len()).await {
                        PutOff::Not(event, given) => {
                            leave = given;
                            event
                        }
                        PutOff::Over(given) => {
                            leave = given;
                            continue;
                        }
                        PutOff::Stopped => {
                            tracing::info!(%plan, "the plan goes on when the core starts again");
                            return;
                        }
                    },
                }
            }
            Command::Invoke(call) => {
                if !call.wait.is_zero() {
                    tokio::time::sleep(call.wait).await;
                }
                let begun = std::time::Instant::now();
                let leave = leave.take().unwrap_or_else(|| core.breakers.anyway(&call.connector));
                let outcome = core.connectors.invoke(plan, &call).await;
                match &outcome {
                    Outcome::Lost(_) => leave.unanswered(),
                    Outcome::Done(_) | Outcome::NotFound(_) | Outcome::Refused { .. } => leave.answered(),
                }
                metrics::histogram!("callwright_actions_call_seconds").record(begun.elapsed());
                call.outcome(outcome)
            }
        };
        loop {
            let number = events.len() as u64 + 1;
            match core.journal().append(plan, number, event.clone()).await {
                Ok(entry) => {
                    note(&run, &entry.event);
                    run.push(entry);
                    core.tell(|| run.view());
                    run.catch_up(&mut events);
                    core.settle(&run, &events);
                    break;
                }
                // Somebody has answered or cancelled at the last moment, and that stands.
                Err(JournalError::Conflict) if run.overtaken(events.len()).await => {
                    run.catch_up(&mut events);
                    if !witnessed {
                        break;
                    }
                }
                Err(error) => {
                    tracing::error!(%plan, %error, "a plan stops where it is, until the core starts again");
                    return;
                }
            }
        }
    }
    debug_assert!(is_finished(&run.events()));
}

/// Whether what comes next must wait for a system that is left alone.
enum PutOff<'c> {
    /// No: this is to be written down, with leave for the call that follows.
    Not(Event, Option<Leave<'c>>),
    /// It had to, and may go on, or something else has happened: what comes next is to be asked anew.
    Over(Option<Leave<'c>>),
    /// The core is to stop.
    Stopped,
}

/// Puts off a write or an undo while its system is left alone, as long as its attempts might have taken. That it waits is written down
/// first. A write of which nothing was sent yet is then given up, which leaves no doubt; everything else is tried all the same.
async fn put_off<'c>(core: &'c Core, run: &Run, event: Event, known: usize) -> PutOff<'c> {
    let Some(call) = upcoming(&run.plan, &event) else { return PutOff::Not(event, None) };
    let mut length = run.length.subscribe();
    let mut waited = false;
    loop {
        let shut = match core.breakers.leave(call.connector) {
            Ok(leave) if waited => return PutOff::Over(Some(leave)),
            Ok(leave) => return PutOff::Not(event, Some(leave)),
            Err(shut) => shut,
        };
        let Some(held) = run.last().filter(|entry| matches!(entry.event, Event::Held { .. })) else {
            let connector = call.connector.to_owned();
            let held = Event::Held { step: call.step, connector, reason: shut.to_string() };
            return PutOff::Not(held, None);
        };
        let since = Duration::from_millis(unix_ms().saturating_sub(held.unix_ms));
        let left = call.patience.saturating_sub(since);
        if left.is_zero() && call.unsent {
            let reason = shut.to_string();
            return PutOff::Not(Event::StepFailed { step: call.step, reason, rules: Vec::new() }, None);
        }
        if left.is_zero() {
            return PutOff::Not(event, Some(core.breakers.anyway(call.connector)));
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
        | Event::VerifyLost { .. }
        | Event::UndoStarted { .. }
        | Event::UndoLost { .. }
        | Event::UndoRefused { .. } => tracing::debug!(%plan, step = event.step(), "plan goes on"),
    }
}

/// How often a plan that waits looks at the clock: far below the shortest wait that anybody means, and nothing to ten thousand plans.
const LOOK_AGAIN: Duration = Duration::from_secs(600);
/// Between the commit of an answer and its arrival lies a queue of one process.
const AT_ONCE: Duration = Duration::from_secs(5);
/// Events a slow listener may lag behind before it is waited for; the plan itself never waits.
const STREAM: usize = 16;
