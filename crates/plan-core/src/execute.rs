//! Carrying a plan out: `decide(plan, policy, events) -> Command`, a function of what is written down.
//!
//! The shell loops: ask for the command, do it, append the event that came of it, ask again. An event that says a call is
//! about to be made is durable before the call; so after a crash the log ends either in an outcome, or in a start whose
//! outcome nobody knows - which the shell then says ([`lost_in_crash`]), and the step's idempotency decides what follows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use callwright_model::{Idempotency, Pii, PlanEvent, PlanFact, Receipt, Record, StepState, StepView, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::catalogue::Call;
use crate::plan::{Bound, Plan, Step, Write};
use crate::policy::Policy;

/// What is written down about a plan, in order. `Consented` is the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The caller said yes.
    Consented {
        /// SHA-256 of the words, in hexadecimal.
        words_sha256: String,
    },
    /// A write is about to be asked for.
    StepStarted {
        /// The step.
        step: u32,
        /// The attempt, from 1.
        attempt: u32,
        /// Rules that allowed it just now.
        rules: Vec<String>,
    },
    /// It took effect.
    StepCommitted {
        /// The step.
        step: u32,
        /// What the system answered.
        result: Record,
    },
    /// No answer: it may have taken effect.
    StepLost {
        /// The step.
        step: u32,
        /// The attempt.
        attempt: u32,
        /// Why, for the operator.
        reason: String,
    },
    /// The system said no, without effect.
    StepRefused {
        /// The step.
        step: u32,
        /// The attempt.
        attempt: u32,
        /// Why, for the operator.
        reason: String,
        /// The same may succeed a moment later.
        retriable: bool,
    },
    /// A read told that a lost step did not take effect.
    StepAbsent {
        /// The step.
        step: u32,
        /// The attempt.
        attempt: u32,
    },
    /// The read that would tell about a lost step had no answer.
    VerifyLost {
        /// The step.
        step: u32,
        /// The attempt of the step.
        attempt: u32,
        /// How often the read was tried.
        tries: u32,
        /// Why, for the operator.
        reason: String,
    },
    /// The step is given up, without effect: what was done before is undone.
    StepFailed {
        /// The step.
        step: u32,
        /// Why, for the operator.
        reason: String,
        /// Rules that forbade it, if it was a policy's no.
        rules: Vec<String>,
    },
    /// An undo is about to be asked for.
    UndoStarted {
        /// The step that is undone.
        step: u32,
        /// The attempt, from 1.
        attempt: u32,
    },
    /// It is undone.
    StepUndone {
        /// The step.
        step: u32,
    },
    /// No answer to the undo, or a no that may pass.
    UndoLost {
        /// The step.
        step: u32,
        /// The attempt.
        attempt: u32,
        /// Why, for the operator.
        reason: String,
    },
    /// The undo was refused.
    UndoRefused {
        /// The step.
        step: u32,
        /// Why, for the operator.
        reason: String,
    },
    /// All steps are committed.
    Completed,
    /// It ended without its goal, and nothing of it is left.
    Failed {
        /// The step that failed.
        step: u32,
        /// Why, for the operator.
        reason: String,
    },
    /// A human must look.
    InDoubt {
        /// The step.
        step: u32,
        /// Why, for the operator.
        reason: String,
    },
}

/// What the shell must do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Write this down, durably.
    Append(Event),
    /// Make this call, then write down [`Invoke::outcome`].
    Invoke(Box<Invoke>),
    /// Nothing: the plan has ended.
    Finished,
}

/// A call of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoke {
    /// Why it is made.
    pub purpose: Purpose,
    /// The step.
    pub step: u32,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The connector.
    pub connector: String,
    /// Its method.
    pub method: String,
    /// The arguments.
    pub arguments: Record,
    /// The key, the same at each attempt; `None` for a read.
    pub idempotency_key: Option<String>,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// How long to wait before the call.
    pub wait: Duration,
    /// For a verifying read: how often it was tried before.
    pub tries: u32,
    /// The write whose result the answer is, to read it by.
    answers: Call,
}

/// Why a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To take effect.
    Write,
    /// To tell whether it took effect.
    Verify,
    /// To take it back.
    Undo,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done(Record),
    /// There is no such thing (for a verifying read: it was not done).
    NotFound(String),
    /// It was refused, without effect.
    Refused {
        /// Why, for the operator.
        reason: String,
        /// The same may succeed a moment later.
        retriable: bool,
    },
    /// Nobody knows.
    Lost(String),
}

/// A log that this plan cannot have written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the journal does not fit the plan: {0}")]
pub struct Corrupt(&'static str);

/// What to do next, given everything that is written down. Pure: the same log gives the same command.
///
/// # Errors
/// [`Corrupt`] when the log is not of this plan; nothing must be done then but tell a human.
pub fn decide(plan: &Plan, policy: &Policy, events: &[Event]) -> Result<Command, Corrupt> {
    let log = Log::read(plan, events)?;
    let Some(last) = events.last() else { return Err(Corrupt("nobody has consented")) };
    match last {
        Event::Consented { .. } | Event::StepCommitted { .. } => log.advance(policy),
        Event::StepStarted { step, attempt, .. } => log.invoke(*step, *attempt),
        Event::StepLost { step, attempt, reason } => log.after_loss(*step, *attempt, reason),
        Event::StepAbsent { step, attempt } => {
            log.again(*step, *attempt, "it did not take effect, and no attempt is left")
        }
        Event::VerifyLost { step, attempt, tries, reason } => {
            if *tries > log.write(*step)?.call.retries {
                return Ok(in_doubt(*step, format!("nothing tells whether it took effect: {reason}")));
            }
            log.verify(*step, *attempt, *tries)
        }
        Event::StepRefused { step, attempt, reason, retriable } => {
            if *retriable {
                return log.again(*step, *attempt, reason);
            }
            Ok(Command::Append(Event::StepFailed { step: *step, reason: reason.clone(), rules: Vec::new() }))
        }
        Event::StepFailed { .. } | Event::StepUndone { .. } => log.unwind(),
        Event::UndoStarted { step, attempt } => log.undo(*step, *attempt),
        Event::UndoLost { step, attempt, reason } => {
            let undo = log.undo_of(*step)?;
            if *attempt > undo.call.retries {
                return Ok(in_doubt(*step, format!("its undo had no answer: {reason}")));
            }
            Ok(Command::Append(Event::UndoStarted { step: *step, attempt: attempt + 1 }))
        }
        Event::UndoRefused { step, reason } => Ok(in_doubt(*step, format!("its undo was refused: {reason}"))),
        Event::Completed | Event::Failed { .. } | Event::InDoubt { .. } => Ok(Command::Finished),
    }
}

/// The event to append at start for a log that ends in a call whose outcome was lost with the process.
#[must_use]
pub fn lost_in_crash(events: &[Event]) -> Option<Event> {
    let reason = || "the action core stopped before the answer".to_owned();
    match events.last()? {
        Event::StepStarted { step, attempt, .. } => {
            Some(Event::StepLost { step: *step, attempt: *attempt, reason: reason() })
        }
        Event::UndoStarted { step, attempt } => {
            Some(Event::UndoLost { step: *step, attempt: *attempt, reason: reason() })
        }
        _ => None,
    }
}

/// Whether a plan with this log has ended.
#[must_use]
pub fn is_finished(events: &[Event]) -> bool {
    matches!(events.last(), Some(Event::Completed | Event::Failed { .. } | Event::InDoubt { .. }))
}

impl Invoke {
    /// The event that says what came of this call.
    #[must_use]
    pub fn outcome(&self, outcome: Outcome) -> Event {
        let (step, attempt) = (self.step, self.attempt);
        // An answer that is not what was declared is no proof of anything, but the effect may be there.
        let outcome = match outcome {
            Outcome::Done(record) if self.purpose != Purpose::Undo => match self.answers.accept(record) {
                Ok(record) => Outcome::Done(record),
                Err(reason) => Outcome::Lost(reason),
            },
            other => other,
        };
        match (self.purpose, outcome) {
            (Purpose::Write | Purpose::Verify, Outcome::Done(result)) => {
                Event::StepCommitted { step, result }
            }
            (Purpose::Write, Outcome::NotFound(reason)) => {
                Event::StepRefused { step, attempt, reason, retriable: false }
            }
            (Purpose::Write, Outcome::Refused { reason, retriable }) => {
                Event::StepRefused { step, attempt, reason, retriable }
            }
            (Purpose::Write, Outcome::Lost(reason)) => Event::StepLost { step, attempt, reason },
            (Purpose::Verify, Outcome::NotFound(_)) => Event::StepAbsent { step, attempt },
            (Purpose::Verify, Outcome::Refused { reason, .. } | Outcome::Lost(reason)) => {
                Event::VerifyLost { step, attempt, tries: self.tries + 1, reason }
            }
            (Purpose::Undo, Outcome::Done(_)) => Event::StepUndone { step },
            (Purpose::Undo, Outcome::NotFound(reason) | Outcome::Refused { reason, retriable: false }) => {
                Event::UndoRefused { step, reason }
            }
            (Purpose::Undo, Outcome::Refused { reason, retriable: true } | Outcome::Lost(reason)) => {
                Event::UndoLost { step, attempt, reason }
            }
        }
    }
}

/// What a log says, by step.
struct Log<'l> {
    plan: &'l Plan,
    committed: BTreeMap<u32, &'l Record>,
    undone: BTreeSet<u32>,
    failed: Option<(u32, &'l str)>,
}

impl<'l> Log<'l> {
    fn read(plan: &'l Plan, events: &'l [Event]) -> Result<Self, Corrupt> {
        let mut log = Self { plan, committed: BTreeMap::new(), undone: BTreeSet::new(), failed: None };
        let mut started = BTreeSet::new();
        for (index, event) in events.iter().enumerate() {
            if (index == 0) != matches!(event, Event::Consented { .. }) {
                return Err(Corrupt("consent is not the first event, or not the only consent"));
            }
            if is_finished(&events[..index]) {
                return Err(Corrupt("something happened after the end"));
            }
            if let Some(step) = event.step() {
                log.write(step)?;
            }
            match event {
                Event::StepStarted { step, .. } => {
                    if log.failed.is_some() || log.committed.contains_key(step) {
                        return Err(Corrupt("a step began that was done or given up"));
                    }
                    started.insert(*step);
                }
                Event::StepCommitted { step, result } => {
                    if !started.contains(step) || log.committed.insert(*step, result).is_some() {
                        return Err(Corrupt("a step was done that had not begun, or twice"));
                    }
                }
                Event::StepFailed { step, reason, .. } => {
                    if log.failed.replace((*step, reason)).is_some() || log.committed.contains_key(step) {
                        return Err(Corrupt("a step was given up twice, or after it was done"));
                    }
                }
                Event::UndoStarted { step, .. } => {
                    let undoing = log.failed.is_some() && log.committed.contains_key(step);
                    if !undoing || log.undone.contains(step) {
                        return Err(Corrupt("an undo began of a step that was not done"));
                    }
                }
                Event::StepUndone { step } => {
                    log.undone.insert(*step);
                }
                Event::Consented { .. }
                | Event::StepLost { .. }
                | Event::StepRefused { .. }
                | Event::StepAbsent { .. }
                | Event::VerifyLost { .. }
                | Event::UndoLost { .. }
                | Event::UndoRefused { .. }
                | Event::Completed
                | Event::Failed { .. }
                | Event::InDoubt { .. } => {}
            }
        }
        Ok(log)
    }

    fn step(&self, number: u32) -> Result<(&'l Step, &'l Write), Corrupt> {
        let step = self.plan.step(number).ok_or(Corrupt("there is no such step"))?;
        Ok((step, step.write.as_ref().ok_or(Corrupt("the step only reads"))?))
    }

    fn write(&self, number: u32) -> Result<&'l Write, Corrupt> {
        Ok(self.step(number)?.1)
    }

    fn undo_of(&self, number: u32) -> Result<&'l Bound, Corrupt> {
        self.write(number)?.undo.as_ref().ok_or(Corrupt("the step has no undo"))
    }

    /// Facts that arguments may refer to: what was kept, and results so far.
    fn facts(&self) -> Record {
        let mut facts = self.plan.facts.clone();
        for (number, result) in &self.committed {
            if let Some(step) = self.plan.step(*number) {
                facts.insert(step.name.clone(), Value::Record((*result).clone()));
            }
        }
        facts
    }

    /// On to the next write, if it is still allowed.
    fn advance(&self, policy: &Policy) -> Result<Command, Corrupt> {
        let next = self.plan.steps.iter().find_map(|step| {
            let write = step.write.as_ref()?;
            (!self.committed.contains_key(&step.number)).then_some((step.number, write))
        });
        let Some((step, write)) = next else { return Ok(Command::Append(Event::Completed)) };
        let asked = write.arguments(&self.facts()).and_then(|arguments| write.context(&arguments));
        let event = match asked {
            Err(error) => Event::StepFailed { step, reason: error.to_string(), rules: Vec::new() },
            Ok(context) => {
                let verdict = self.plan.permission(policy, write, &context);
                if verdict.allowed {
                    Event::StepStarted { step, attempt: 1, rules: verdict.rules }
                } else {
                    let reason = "it is not permitted any more".to_owned();
                    Event::StepFailed { step, reason, rules: verdict.rules }
                }
            }
        };
        Ok(Command::Append(event))
    }

    fn invoke(&self, number: u32, attempt: u32) -> Result<Command, Corrupt> {
        let (step, write) = self.step(number)?;
        let arguments =
            write.arguments(&self.facts()).map_err(|_| Corrupt("a step began without its arguments"))?;
        Ok(Command::Invoke(Box::new(Invoke {
            purpose: Purpose::Write,
            step: number,
            attempt,
            connector: write.call.connector.clone(),
            method: write.call.method.clone(),
            arguments,
            idempotency_key: Some(step.idempotency_key(&self.plan.id)),
            timeout: write.call.timeout(),
            wait: backoff(attempt),
            tries: 0,
            answers: write.call.clone(),
        })))
    }

    /// Nobody knows whether it took effect.
    fn after_loss(&self, number: u32, attempt: u32, reason: &str) -> Result<Command, Corrupt> {
        let write = self.write(number)?;
        match write.call.idempotency {
            Idempotency::Key | Idempotency::Natural if attempt <= write.call.retries => {
                self.start(number, attempt + 1)
            }
            Idempotency::Key | Idempotency::Natural => {
                Ok(in_doubt(number, format!("no answer after {attempt} attempts: {reason}")))
            }
            Idempotency::Verify => self.verify(number, attempt, 0),
            Idempotency::None => Ok(in_doubt(number, format!("no answer: {reason}"))),
        }
    }

    /// It did not take effect: another attempt if one is left.
    fn again(&self, number: u32, attempt: u32, reason: &str) -> Result<Command, Corrupt> {
        if attempt <= self.write(number)?.call.retries {
            return self.start(number, attempt + 1);
        }
        let reason = reason.to_owned();
        Ok(Command::Append(Event::StepFailed { step: number, reason, rules: Vec::new() }))
    }

    /// A further attempt is the same write; its permission stands.
    fn start(&self, step: u32, attempt: u32) -> Result<Command, Corrupt> {
        Ok(Command::Append(Event::StepStarted { step, attempt, rules: Vec::new() }))
    }

    fn verify(&self, number: u32, attempt: u32, tries: u32) -> Result<Command, Corrupt> {
        let write = self.write(number)?;
        let verify = write.verify.as_ref().ok_or(Corrupt("the step has no verifying read"))?;
        let arguments = write
            .arguments(&self.facts())
            .and_then(|input| verify.arguments(&input, None))
            .map_err(|_| Corrupt("a step began without its arguments"))?;
        Ok(Command::Invoke(Box::new(Invoke {
            purpose: Purpose::Verify,
            step: number,
            attempt,
            connector: verify.call.connector.clone(),
            method: verify.call.method.clone(),
            arguments,
            idempotency_key: None,
            timeout: verify.call.timeout(),
            wait: backoff(tries + 1),
            tries,
            answers: write.call.clone(),
        })))
    }

    /// On to the next undo, from the last step to the first.
    fn unwind(&self) -> Result<Command, Corrupt> {
        let (failed, reason) = self.failed.ok_or(Corrupt("an undo without a failure"))?;
        let mut left = None;
        for number in self.committed.keys().rev().filter(|number| !self.undone.contains(number)) {
            if self.write(*number)?.undo.is_some() {
                return Ok(Command::Append(Event::UndoStarted { step: *number, attempt: 1 }));
            }
            left = Some(*number);
        }
        Ok(match left {
            Some(step) => {
                in_doubt(step, format!("step {failed} failed ({reason}) and this one cannot be undone"))
            }
            None => Command::Append(Event::Failed { step: failed, reason: reason.to_owned() }),
        })
    }

    fn undo(&self, number: u32, attempt: u32) -> Result<Command, Corrupt> {
        let (step, write) = self.step(number)?;
        let undo = self.undo_of(number)?;
        let arguments = write
            .arguments(&self.facts())
            .and_then(|input| undo.arguments(&input, self.committed.get(&number).copied()));
        let arguments = match arguments {
            Ok(arguments) => arguments,
            Err(error) => return Ok(in_doubt(number, format!("its undo cannot be asked for: {error}"))),
        };
        Ok(Command::Invoke(Box::new(Invoke {
            purpose: Purpose::Undo,
            step: number,
            attempt,
            connector: undo.call.connector.clone(),
            method: undo.call.method.clone(),
            arguments,
            idempotency_key: Some(step.undo_key(&self.plan.id)),
            timeout: undo.call.timeout(),
            wait: backoff(attempt),
            tries: 0,
            answers: undo.call.clone(),
        })))
    }
}

impl Event {
    /// Consent, of whose words only a digest is kept: enough to match a recording, if there is one.
    #[must_use]
    pub fn consented(words: &Pii<String>) -> Self {
        let digest = Sha256::digest(words.reveal().as_bytes());
        Self::Consented { words_sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect() }
    }

    /// The step it is about.
    #[must_use]
    pub fn step(&self) -> Option<u32> {
        match self {
            Self::StepStarted { step, .. }
            | Self::StepCommitted { step, .. }
            | Self::StepLost { step, .. }
            | Self::StepRefused { step, .. }
            | Self::StepAbsent { step, .. }
            | Self::VerifyLost { step, .. }
            | Self::StepFailed { step, .. }
            | Self::UndoStarted { step, .. }
            | Self::StepUndone { step }
            | Self::UndoLost { step, .. }
            | Self::UndoRefused { step, .. }
            | Self::Failed { step, .. }
            | Self::InDoubt { step, .. } => Some(*step),
            Self::Consented { .. } | Self::Completed => None,
        }
    }
}

/// What an event tells the conversation; `None` for what only the audit wants to know.
#[must_use]
pub fn fact(plan: &Plan, number: u64, event: &Event) -> Option<PlanEvent> {
    let view = |step: u32, state| plan.step(step).map(|step| step.view(state));
    let fact = match event {
        Event::StepStarted { step, attempt: 1, .. } => {
            PlanFact::StepStarted { step: view(*step, StepState::Started)? }
        }
        Event::StepCommitted { step: number, result } => {
            let step = plan.step(*number)?;
            PlanFact::StepCommitted {
                receipt: Receipt {
                    plan: plan.id.clone(),
                    step: *number,
                    action: step.action.clone(),
                    name: step.name.clone(),
                    result: result.clone(),
                    idempotency_key: step.idempotency_key(&plan.id),
                },
            }
        }
        Event::StepFailed { step, reason, .. } => {
            PlanFact::StepFailed { step: view(*step, StepState::Failed)?, reason: reason.clone() }
        }
        Event::StepUndone { step } => PlanFact::StepUndone { step: view(*step, StepState::Undone)? },
        Event::Completed => PlanFact::Completed { words: plan.done.clone() },
        Event::Failed { step, reason } => {
            PlanFact::Failed { words: plan.failed.clone(), step: *step, reason: reason.clone() }
        }
        Event::InDoubt { step, .. } => PlanFact::InDoubt { step: *step },
        Event::Consented { .. }
        | Event::StepStarted { .. }
        | Event::StepLost { .. }
        | Event::StepRefused { .. }
        | Event::StepAbsent { .. }
        | Event::VerifyLost { .. }
        | Event::UndoStarted { .. }
        | Event::UndoLost { .. }
        | Event::UndoRefused { .. } => return None,
    };
    Some(PlanEvent { plan: plan.id.clone(), number, fact })
}

/// How far a plan with a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// On its way.
    Running,
    /// A step failed; what was done is being undone.
    Undoing,
    /// All steps are committed.
    Completed,
    /// It ended without its goal.
    Failed,
    /// A human must look.
    InDoubt,
}

/// How far a plan is, and each of its steps.
#[must_use]
pub fn progress(plan: &Plan, events: &[Event]) -> (Progress, Vec<StepView>) {
    let mut steps = plan.views();
    let mut progress = Progress::Running;
    for event in events {
        let state = match event {
            Event::StepStarted { .. } => StepState::Started,
            Event::StepCommitted { .. } => StepState::Committed,
            Event::StepFailed { .. } => {
                progress = Progress::Undoing;
                StepState::Failed
            }
            Event::StepUndone { .. } => StepState::Undone,
            Event::InDoubt { .. } => {
                progress = Progress::InDoubt;
                StepState::InDoubt
            }
            Event::Completed => {
                progress = Progress::Completed;
                continue;
            }
            Event::Failed { .. } => {
                progress = Progress::Failed;
                continue;
            }
            Event::Consented { .. }
            | Event::StepLost { .. }
            | Event::StepRefused { .. }
            | Event::StepAbsent { .. }
            | Event::VerifyLost { .. }
            | Event::UndoStarted { .. }
            | Event::UndoLost { .. }
            | Event::UndoRefused { .. } => continue,
        };
        if let Some(step) = event.step()
            && let Some(view) = steps.iter_mut().find(|view| view.number == step)
        {
            view.state = state;
        }
    }
    (progress, steps)
}

fn in_doubt(step: u32, reason: String) -> Command {
    Command::Append(Event::InDoubt { step, reason })
}

/// Waits before the second and later attempts. The first comes soon, for most losses are single; the last wait is what a
/// caller still bears to listen to hold sound for.
fn backoff(attempt: u32) -> Duration {
    match attempt {
        0 | 1 => Duration::ZERO,
        later => (BACKOFF_FIRST * 2u32.saturating_pow(later - 2)).min(BACKOFF_MAX),
    }
}

const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
