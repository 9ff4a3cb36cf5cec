//! Carrying a plan out: `decide(plan, policy, events) -> Command`, a function of what is written down.
//!
//! The shell loops: ask for the command, do it, append the event that came of it, ask again. An event that says a call is
//! about to be made is durable before the call; so after a crash the log ends either in an outcome, or in a start whose
//! outcome nobody knows - which the shell then says ([`lost_in_crash`]), and the step's idempotency decides what follows.

mod approval;
mod cancel;
mod log;
mod view;

use std::sync::Arc;
use std::time::Duration;

use callwright_model::{Idempotency, Pii, Record};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::asker::Now;
use crate::catalogue::{Call, Field};
use crate::door::Door;
use crate::plan::Plan;
use crate::policy::Policy;
pub(crate) use log::Log;
use log::in_doubt;

pub use approval::{Asked, Decision, Due, NoQuestion, answer, asked};
pub use cancel::{NotCancelled, cancel};
pub use view::{Progress, fact, progress};

/// What is written down about a plan, in order. `Consented` is the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The caller said yes.
    Consented {
        /// SHA-256 of the words, in hexadecimal.
        words_sha256: String,
    },
    /// Somebody wants it stopped: nothing more is begun, and what was done is taken back.
    CancelAsked {
        /// Who, as the desk names its people.
        by: String,
        /// Why, in their words.
        reason: String,
    },
    /// Somebody of this role must approve before it goes on. What follows is their answer, or that there was none.
    ApprovalAsked {
        /// The role of whoever may approve.
        role: String,
        /// The writes that wait for it; none when it is the plan as a whole.
        steps: Vec<u32>,
        /// Rules that want it.
        rules: Vec<String>,
        /// How long it is waited for, in seconds.
        within_s: u64,
    },
    /// Somebody has approved what was asked just before.
    Approved {
        /// As which role.
        role: String,
        /// Who, as the desk names its people.
        by: String,
        /// Why, in their words; may be empty.
        reason: String,
    },
    /// Somebody has rejected what was asked just before, or nobody has answered in time.
    Rejected {
        /// The role that was asked.
        role: String,
        /// Who, as the desk names its people; `None` when nobody answered.
        by: Option<String>,
        /// Why, in their words.
        reason: String,
    },
    /// The system has not answered others for a while, and what is due for a step is put off. Nothing was sent.
    Held {
        /// The step.
        step: u32,
        /// The connector.
        connector: String,
        /// Why, for the operator.
        reason: String,
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
    /// What came of the steps before makes it needless: its `when` does not hold, and it is never asked for.
    StepLeftOut {
        /// The step.
        step: u32,
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
        /// Words for the caller, if those rules or a limit have some; else the skill's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
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
        /// Words for the caller instead of the skill's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
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
    /// Do nothing until an [`answer`] to the question that was asked last is written down. When that has not come so long after the
    /// question, write down that nobody answered.
    Await {
        /// How long after the question.
        within: Duration,
        /// What to write down then.
        unanswered: Event,
    },
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
    /// How it is spoken to.
    pub door: Door,
    /// What it is declared to answer.
    pub outputs: Vec<Field>,
    /// An earlier attempt may have taken effect, and nothing has told since that it has not: that this one was not even sent
    /// proves nothing.
    pub unsettled: bool,
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
    /// The call whose result the answer is, to read it by, with its arguments.
    answers: (Arc<Call>, Record),
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

/// What to do next, given everything that is written down, and the time for policies that look at it. Pure: the same log gives the same
/// command.
///
/// # Errors
/// [`Corrupt`] when the log is not of this plan; nothing must be done then but tell a human.
pub fn decide(plan: &Plan, policy: &Policy, events: &[Event], now: &Now) -> Result<Command, Corrupt> {
    let log = Log::read(plan, events)?;
    let Some(last) = happened(events) else { return Err(Corrupt("nobody has consented")) };
    if log.is_cancelled() && cancel::rests(last) {
        return log.unwind();
    }
    match last {
        Event::Held { .. } | Event::CancelAsked { .. } => Err(Corrupt("a note is no thing that happened")),
        Event::Consented { .. }
        | Event::StepCommitted { .. }
        | Event::StepLeftOut { .. }
        | Event::Approved { .. } => log.advance(policy, now),
        Event::ApprovalAsked { role, within_s, .. } => Ok(approval::wait(role, *within_s)),
        Event::Rejected { by, .. } => log.rejected(by.is_some()),
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
            Ok(Command::Append(Event::failed(*step, reason)))
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
    match happened(events)? {
        Event::StepStarted { step, attempt, .. } => {
            Some(Event::StepLost { step: *step, attempt: *attempt, reason: reason() })
        }
        Event::UndoStarted { step, attempt } => {
            Some(Event::UndoLost { step: *step, attempt: *attempt, reason: reason() })
        }
        _ => None,
    }
}

/// The last event after which something is to be done: notes change nothing of what comes next.
fn happened(events: &[Event]) -> Option<&Event> {
    events.iter().rev().find(|event| !matches!(event, Event::Held { .. } | Event::CancelAsked { .. }))
}

/// A call that is to be made once an event is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upcoming<'p> {
    /// The step it is for.
    pub step: u32,
    /// Whom it goes to.
    pub connector: &'p str,
    /// How long it may be put off in all its attempts together: as long as all of them might take.
    pub patience: Duration,
    /// It is a write of which nothing was sent before: it can still be given up without a trace.
    pub unsent: bool,
    undo: bool,
}

impl Upcoming<'_> {
    /// Whether this event is of an earlier attempt of the same call, or of its being put off.
    #[must_use]
    pub fn follows(&self, event: &Event) -> bool {
        let ours = event.step() == Some(self.step);
        match event {
            Event::CancelAsked { .. } => true,
            Event::Held { .. } => ours,
            Event::UndoStarted { .. } | Event::UndoLost { .. } | Event::UndoRefused { .. } => {
                self.undo && ours
            }
            _ => !self.undo && ours,
        }
    }
}

/// The call that follows from this event; `None` when none does.
#[must_use]
pub fn upcoming<'p>(plan: &'p Plan, event: &Event) -> Option<Upcoming<'p>> {
    let (step, call, unsent, undo) = match event {
        Event::StepStarted { step, attempt, .. } => {
            (*step, &plan.step(*step)?.write.as_ref()?.call, *attempt == 1, false)
        }
        Event::UndoStarted { step, .. } => {
            (*step, &plan.step(*step)?.write.as_ref()?.undo.as_ref()?.call, false, true)
        }
        _ => return None,
    };
    Some(Upcoming { step, connector: &call.connector, patience: call.patience(), unsent, undo })
}

/// Whether a plan with this log has ended.
#[must_use]
pub fn is_finished(events: &[Event]) -> bool {
    matches!(events.last(), Some(Event::Completed | Event::Failed { .. } | Event::InDoubt { .. }))
}

impl Invoke {
    /// Whether a refusal of this attempt tells that no earlier one took effect: a system that keeps our key would have said so.
    #[must_use]
    pub fn settles(&self) -> bool {
        let kept = match self.answers.0.idempotency {
            Idempotency::Key => true,
            Idempotency::Natural | Idempotency::Verify | Idempotency::None => false,
        };
        !self.unsettled || kept || self.door == Door::Own
    }

    /// The event that says what came of this call.
    #[must_use]
    pub fn outcome(&self, outcome: Outcome) -> Event {
        let (step, attempt) = (self.step, self.attempt);
        // An answer that is not what was declared is no proof of anything, but the effect may be there.
        let outcome = match outcome {
            Outcome::Done(record) if self.purpose != Purpose::Undo => {
                let (call, input) = &self.answers;
                call.accept(input, record).map_or_else(Outcome::Lost, Outcome::Done)
            }
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

impl Event {
    /// Consent, of whose words only a digest is kept: enough to match a recording, if there is one.
    #[must_use]
    pub fn consented(words: &Pii<String>) -> Self {
        let digest = Sha256::digest(words.reveal().as_bytes());
        Self::Consented { words_sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect() }
    }

    /// A step that is given up, and no rule is why.
    pub(crate) fn failed(step: u32, reason: impl Into<String>) -> Self {
        Self::StepFailed { step, reason: reason.into(), rules: Vec::new(), words: None }
    }

    /// The step it is about.
    #[must_use]
    pub fn step(&self) -> Option<u32> {
        match self {
            Self::Held { step, .. }
            | Self::StepStarted { step, .. }
            | Self::StepCommitted { step, .. }
            | Self::StepLost { step, .. }
            | Self::StepRefused { step, .. }
            | Self::StepAbsent { step, .. }
            | Self::StepLeftOut { step }
            | Self::VerifyLost { step, .. }
            | Self::StepFailed { step, .. }
            | Self::UndoStarted { step, .. }
            | Self::StepUndone { step }
            | Self::UndoLost { step, .. }
            | Self::UndoRefused { step, .. }
            | Self::Failed { step, .. }
            | Self::InDoubt { step, .. } => Some(*step),
            Self::Consented { .. }
            | Self::CancelAsked { .. }
            | Self::ApprovalAsked { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::Completed => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
