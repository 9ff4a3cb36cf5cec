//! What follows from a log: the next start, call, verifying read or undo.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use callwright_model::{Idempotency, Record, Value};

use super::approval::Approvals;
use super::{Command, Corrupt, Event, Invoke, Purpose, is_finished};
use crate::asker::Now;
use crate::plan::{Bound, Plan, Step, Write};
use crate::policy::{Policy, Ruling};

/// What a log says, by step.
pub(crate) struct Log<'l> {
    pub(super) plan: &'l Plan,
    pub(super) committed: BTreeMap<u32, &'l Record>,
    pub(super) approvals: Approvals<'l>,
    started: BTreeSet<u32>,
    undone: BTreeSet<u32>,
    left_out: BTreeSet<u32>,
    /// Steps of which an attempt was lost and nothing has told since that it had no effect.
    unsettled: BTreeSet<u32>,
    failed: Option<(u32, &'l str)>,
    /// Words for the caller that came with it.
    words: Option<&'l str>,
    /// By whom it was cancelled, and why.
    cancelled: Option<(&'l str, &'l str)>,
}

impl<'l> Log<'l> {
    pub(crate) fn read(plan: &'l Plan, events: &'l [Event]) -> Result<Self, Corrupt> {
        let mut log = Self {
            plan,
            committed: BTreeMap::new(),
            approvals: Approvals::default(),
            started: BTreeSet::new(),
            undone: BTreeSet::new(),
            left_out: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            failed: None,
            words: None,
            cancelled: None,
        };
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
            log.approvals.take(event)?;
            match event {
                Event::CancelAsked { by, reason } => {
                    if log.is_given_up() {
                        return Err(Corrupt("it was cancelled when it was given up already"));
                    }
                    log.cancelled = Some((by, reason));
                }
                Event::ApprovalAsked { steps, .. } => {
                    if log.is_given_up() {
                        return Err(Corrupt("an approval was asked for of a plan that was given up"));
                    }
                    for step in steps {
                        log.write(*step)?;
                    }
                }
                Event::StepStarted { attempt: 1, .. } if log.cancelled.is_some() => {
                    return Err(Corrupt("a step began after it was cancelled"));
                }
                Event::StepStarted { step, .. } => {
                    if log.failed.is_some() || log.committed.contains_key(step) || log.left_out.contains(step)
                    {
                        return Err(Corrupt("a step began that was done or given up"));
                    }
                    log.started.insert(*step);
                }
                Event::StepCommitted { step, result } => {
                    if !log.started.contains(step) || log.committed.insert(*step, result).is_some() {
                        return Err(Corrupt("a step was done that had not begun, or twice"));
                    }
                }
                Event::StepFailed { step, reason, words, .. } => {
                    log.words = words.as_deref();
                    if log.failed.replace((*step, reason)).is_some() || log.committed.contains_key(step) {
                        return Err(Corrupt("a step was given up twice, or after it was done"));
                    }
                }
                Event::UndoStarted { step, .. } => {
                    let undoing = log.is_given_up() && log.committed.contains_key(step);
                    if !undoing || log.undone.contains(step) {
                        return Err(Corrupt("an undo began of a step that was not done"));
                    }
                }
                Event::StepUndone { step } => {
                    log.undone.insert(*step);
                }
                Event::StepLeftOut { step } => {
                    if log.is_given_up() || log.started.contains(step) || !log.left_out.insert(*step) {
                        return Err(Corrupt("a step was left out that had begun, or when all was given up"));
                    }
                }
                Event::StepLost { step, .. } => {
                    log.unsettled.insert(*step);
                }
                Event::StepAbsent { step, .. } => {
                    log.unsettled.remove(step);
                }
                Event::Consented { .. }
                | Event::Held { .. }
                | Event::Approved { .. }
                | Event::Rejected { .. }
                | Event::StepRefused { .. }
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

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.is_some() && self.failed.is_none()
    }

    /// It was asked for, whatever became of it.
    pub(crate) fn is_begun(&self, step: u32) -> bool {
        self.started.contains(&step)
    }

    /// It was given up without effect, or taken back.
    pub(crate) fn is_given_back(&self, step: u32) -> bool {
        self.undone.contains(&step)
            || self.left_out.contains(&step)
            || self.failed.is_some_and(|(failed, _)| failed == step)
    }

    /// Somebody of this role has approved it.
    pub(crate) fn is_approved(&self, step: u32, role: &str) -> bool {
        self.approvals.of_step(step).contains(role)
    }

    /// Nothing more of it is to be done.
    pub(super) fn is_given_up(&self) -> bool {
        self.cancelled.is_some() || self.failed.is_some()
    }

    /// The step at which it was given up, and why.
    fn given_up(&self) -> Option<(u32, String)> {
        match (self.failed, self.cancelled) {
            (Some((step, reason)), _) => Some((step, reason.to_owned())),
            (None, Some((by, reason))) => {
                let next = self.to_come().map(|(step, _)| step.number).next();
                let step = next.or(self.committed.keys().next_back().copied())?;
                Some((step, format!("cancelled by {by}: {reason}")))
            }
            (None, None) => None,
        }
    }

    fn step(&self, number: u32) -> Result<(&'l Step, &'l Write), Corrupt> {
        let step = self.plan.step(number).ok_or(Corrupt("there is no such step"))?;
        Ok((step, step.write.as_ref().ok_or(Corrupt("the step only reads"))?))
    }

    pub(super) fn write(&self, number: u32) -> Result<&'l Write, Corrupt> {
        Ok(self.step(number)?.1)
    }

    pub(super) fn undo_of(&self, number: u32) -> Result<&'l Bound, Corrupt> {
        self.write(number)?.undo.as_ref().ok_or(Corrupt("the step has no undo"))
    }

    /// Facts that a step's arguments may refer to: what was kept, and results so far, as far as their names are known there.
    pub(crate) fn facts(&self, step: &Step, write: &Write) -> Record {
        let mut facts = self.plan.facts.clone();
        for (number, result) in &self.committed {
            if let Some(done) = self.plan.step(*number).filter(|done| step.within.starts_with(&done.within)) {
                facts.insert(done.name.clone(), Value::Record((*result).clone()));
            }
        }
        facts.extend(write.local.clone());
        facts
    }

    /// The writes that are neither done nor left out, in order.
    pub(crate) fn to_come(&self) -> impl Iterator<Item = (&'l Step, &'l Write)> {
        let to_come = self.plan.steps.iter().filter(|step| {
            !self.committed.contains_key(&step.number) && !self.left_out.contains(&step.number)
        });
        to_come.filter_map(|step| Some((step, step.write.as_ref()?)))
    }

    /// On to the next write, if it is still allowed.
    pub(super) fn advance(&self, policy: &Policy, now: &Now) -> Result<Command, Corrupt> {
        let Some((step, write)) = self.to_come().next() else {
            return Ok(Command::Append(Event::Completed));
        };
        if self.committed.is_empty()
            && let Some(event) = self.beforehand(policy, step.number, now)
        {
            return Ok(Command::Append(event));
        }
        let facts = self.facts(step, write);
        let needed = write.when.as_ref().map_or(Ok(true), |when| when.holds(&facts));
        if needed == Ok(false) {
            return Ok(Command::Append(Event::StepLeftOut { step: step.number }));
        }
        let arguments = needed.and_then(|_| write.arguments(&facts)).map_err(|error| error.to_string());
        let asked = arguments.and_then(|arguments| match write.call.unmet(&arguments) {
            Some(unmet) => Err(format!("what it requires does not hold: `{}`", unmet.source())),
            None => write.context(&arguments, self.plan.seen(now)).map_err(|error| error.to_string()),
        });
        let step = step.number;
        let event = match asked {
            Err(reason) => Event::failed(step, reason),
            Ok(context) => {
                let approved = self.approvals.of_step(step);
                let verdict = self.plan.permission(policy, write, &context, &approved);
                match verdict.ruling {
                    Ruling::Allowed => Event::StepStarted { step, attempt: 1, rules: verdict.rules },
                    Ruling::NeedsApproval(approval) => {
                        Event::approval_asked(approval, vec![step], verdict.rules)
                    }
                    Ruling::Denied { words, .. } => not_permitted(step, verdict.rules, words),
                }
            }
        };
        Ok(Command::Append(event))
    }

    pub(super) fn invoke(&self, number: u32, attempt: u32) -> Result<Command, Corrupt> {
        let (step, write) = self.step(number)?;
        let input = write
            .arguments(&self.facts(step, write))
            .map_err(|_| Corrupt("a step began without its arguments"))?;
        Ok(Command::Invoke(Box::new(Invoke {
            purpose: Purpose::Write,
            step: number,
            attempt,
            connector: write.call.connector.clone(),
            method: write.call.method.clone(),
            door: write.call.door.clone(),
            outputs: write.call.outputs.clone(),
            unsettled: self.unsettled.contains(&number),
            arguments: input.clone(),
            idempotency_key: Some(step.idempotency_key(&self.plan.id)),
            timeout: write.call.timeout(),
            wait: self.plan.wait(&write.call, number, Purpose::Write, attempt),
            tries: 0,
            answers: (Arc::clone(&write.call), input),
        })))
    }

    /// Nobody knows whether it took effect.
    pub(super) fn after_loss(&self, number: u32, attempt: u32, reason: &str) -> Result<Command, Corrupt> {
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
    pub(super) fn again(&self, number: u32, attempt: u32, reason: &str) -> Result<Command, Corrupt> {
        if attempt <= self.write(number)?.call.retries {
            return self.start(number, attempt + 1);
        }
        Ok(Command::Append(Event::failed(number, reason)))
    }

    /// A further attempt is the same write; its permission stands.
    fn start(&self, step: u32, attempt: u32) -> Result<Command, Corrupt> {
        Ok(Command::Append(Event::StepStarted { step, attempt, rules: Vec::new() }))
    }

    pub(super) fn verify(&self, number: u32, attempt: u32, tries: u32) -> Result<Command, Corrupt> {
        let (step, write) = self.step(number)?;
        let verify = write.verify.as_ref().ok_or(Corrupt("the step has no verifying read"))?;
        let (input, arguments) = write
            .arguments(&self.facts(step, write))
            .and_then(|input| {
                let arguments = verify.arguments(&input, None)?;
                Ok((input, arguments))
            })
            .map_err(|_| Corrupt("a step began without its arguments"))?;
        Ok(Command::Invoke(Box::new(Invoke {
            purpose: Purpose::Verify,
            step: number,
            attempt,
            connector: verify.call.connector.clone(),
            method: verify.call.method.clone(),
            door: verify.call.door.clone(),
            outputs: verify.call.outputs.clone(),
            unsettled: false,
            arguments,
            idempotency_key: None,
            timeout: verify.call.timeout(),
            wait: self.plan.wait(&verify.call, number, Purpose::Verify, tries + 1),
            tries,
            answers: (Arc::clone(&write.call), input),
        })))
    }

    /// On to the next undo, from the last step to the first. Once a step is done that nothing takes back, taking back others
    /// would leave a half that nobody meant: a human looks at the whole.
    pub(super) fn unwind(&self) -> Result<Command, Corrupt> {
        let (failed, reason) = self.given_up().ok_or(Corrupt("an undo without a failure"))?;
        for number in self.committed.keys().rev() {
            if self.write(*number)?.undo.is_none() {
                let what = format!("step {failed} failed ({reason}) and this one cannot be undone");
                return Ok(in_doubt(*number, what));
            }
        }
        let next = self.committed.keys().rev().find(|number| !self.undone.contains(number));
        Ok(Command::Append(match next {
            Some(step) => Event::UndoStarted { step: *step, attempt: 1 },
            None => Event::Failed { step: failed, reason, words: self.words.map(str::to_owned) },
        }))
    }

    pub(super) fn undo(&self, number: u32, attempt: u32) -> Result<Command, Corrupt> {
        let (step, write) = self.step(number)?;
        let undo = self.undo_of(number)?;
        let arguments = write
            .arguments(&self.facts(step, write))
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
            door: undo.call.door.clone(),
            outputs: undo.call.outputs.clone(),
            unsettled: attempt > 1,
            arguments,
            idempotency_key: Some(step.undo_key(&self.plan.id)),
            timeout: undo.call.timeout(),
            wait: self.plan.wait(&undo.call, number, Purpose::Undo, attempt),
            tries: 0,
            answers: (Arc::clone(&undo.call), Record::new()),
        })))
    }
}

pub(super) fn not_permitted(step: u32, rules: Vec<String>, words: Option<String>) -> Event {
    Event::StepFailed { step, reason: "it is not permitted any more".to_owned(), rules, words }
}

pub(super) fn in_doubt(step: u32, reason: String) -> Command {
    Command::Append(Event::InDoubt { step, reason })
}
