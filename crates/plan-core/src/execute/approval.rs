//! Approvals: whether somebody must be asked, what they are shown, and what their answer leads to.
//!
//! What can be foreseen is asked before anything is written, so that nothing half done waits for days; what depends on a result to
//! come is asked when its step is due. An answer is to one question, by its place in the plan's log: nobody approves what they were
//! not shown.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use callwright_model::Record;
use thiserror::Error;

use super::log::{Log, not_permitted};
use super::{Command, Corrupt, Event};
use crate::asker::Now;
use crate::explain::Entry;
use crate::plan::{ArgumentValue, Plan};
use crate::policy::{Approval, Policy, RUN_PLAN, Ruling};

/// What waits for an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The question's place in the plan's log, from 1.
    pub number: u64,
    /// The role of whoever may approve.
    pub role: String,
    /// The rules that want it.
    pub rules: Vec<String>,
    /// When it was asked, in milliseconds since 1970.
    pub asked_unix_ms: u64,
    /// When it counts as rejected, in milliseconds since 1970.
    pub until_unix_ms: u64,
    /// What would be written, in order.
    pub writes: Vec<Due>,
}

/// A write that an approval would let happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its place in the plan.
    pub step: u32,
    /// The action.
    pub action: String,
    /// Who does it.
    pub connector: String,
    /// By which method.
    pub method: String,
    /// With what, as far as it is known. Personal.
    pub arguments: Record,
    /// Arguments that come with the result of an earlier write.
    pub later: Vec<String>,
    /// The action that takes it back, if one does.
    pub undo: Option<String>,
    /// It is this one that needs the approval.
    pub asked: bool,
}

/// Somebody's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// As which role they answer.
    pub role: String,
    /// Who they are, as the desk names its people.
    pub by: String,
    /// Whether they approve.
    pub approve: bool,
    /// Why, in their words.
    pub reason: String,
}

/// Why an answer does not count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoQuestion {
    /// Nothing was asked at this place.
    #[error("the plan asks for no approval at place {0}")]
    NotAsked(u64),
    /// Another role was asked.
    #[error("the approval is asked of `{0}`")]
    OtherRole(String),
    /// It was answered.
    #[error("it was decided already: {0}")]
    Decided(String),
}

/// The event that an answer to the question at this place is written down as; `None` when the very same answer is there already.
///
/// # Errors
/// [`NoQuestion`] when it is no answer to this question, or not any more.
pub fn answer(events: &[Event], number: u64, decision: &Decision) -> Result<Option<Event>, NoQuestion> {
    let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let question = place.and_then(|place| Some((events.get(place)?, events.get(place + 1))));
    let Some((Event::ApprovalAsked { role, .. }, answered)) = question else {
        return Err(NoQuestion::NotAsked(number));
    };
    if *role != decision.role {
        return Err(NoQuestion::OtherRole(role.clone()));
    }
    let event = decision.event();
    let Some(answered) = answered else { return Ok(Some(event)) };
    if answered.verdict() == event.verdict() {
        return Ok(None);
    }
    if let Event::CancelAsked { by, .. } = answered {
        return Err(NoQuestion::Decided(format!("{by} has cancelled the plan")));
    }
    Err(NoQuestion::Decided(match answered.verdict() {
        Some((true, by)) => format!("{} has approved", by.unwrap_or_default()),
        Some((false, Some(by))) => format!("{by} has rejected"),
        Some((false, None)) | None => "nobody answered in time".to_owned(),
    }))
}

impl Decision {
    fn event(&self) -> Event {
        let Self { role, by, approve, reason } = self.clone();
        match approve {
            true => Event::Approved { role, by, reason },
            false => Event::Rejected { role, by: Some(by), reason },
        }
    }
}

/// What an approver is shown of a plan; `None` when it waits for none.
#[must_use]
pub fn asked(plan: &Plan, entries: &[Entry]) -> Option<Asked> {
    let last = entries.last()?;
    let Event::ApprovalAsked { role, steps, rules, within_s } = &last.event else { return None };
    let events: Vec<Event> = entries.iter().map(|entry| entry.event.clone()).collect();
    let log = Log::read(plan, &events).ok()?;
    let writes = log.to_come().map(|(step, write)| {
        let facts = log.facts(step, write);
        let (mut arguments, mut later) = (Record::new(), Vec::new());
        for argument in &write.arguments {
            let value = match &argument.value {
                ArgumentValue::Known(value) => Some(value.clone()),
                ArgumentValue::Later(expr) => expr.value(&facts, argument.kind).ok(),
            };
            match value {
                Some(value) => drop(arguments.insert(argument.name.clone(), value)),
                None => later.push(argument.name.clone()),
            }
        }
        Due {
            step: step.number,
            action: step.action.clone(),
            connector: write.call.connector.clone(),
            method: write.call.method.clone(),
            arguments,
            later,
            undo: write.undo.as_ref().map(|undo| undo.call.action.clone()),
            asked: steps.is_empty() || steps.contains(&step.number),
        }
    });
    Some(Asked {
        number: last.number,
        role: role.clone(),
        rules: rules.clone(),
        asked_unix_ms: last.unix_ms,
        until_unix_ms: last.unix_ms.saturating_add(within_s.saturating_mul(1_000)),
        writes: writes.collect(),
    })
}

/// What a log says of approvals.
#[derive(Debug, Default)]
pub(super) struct Approvals<'l> {
    /// The last question: whose, for which steps, by which rules.
    asked: Option<(&'l str, &'l [u32], &'l [String])>,
    /// It has no answer yet.
    open: bool,
    /// It was rejected: nothing but an undo may follow.
    rejected: bool,
    /// Roles that have approved the plan as a whole.
    of_all: BTreeSet<&'l str>,
    /// Roles that have approved a step.
    of_steps: BTreeMap<u32, BTreeSet<&'l str>>,
}

impl<'l> Approvals<'l> {
    /// An answer follows its question at once and nothing else does; so nothing is written while somebody is asked.
    pub(super) fn take(&mut self, event: &'l Event) -> Result<(), Corrupt> {
        let answers = event.verdict().is_some() || matches!(event, Event::CancelAsked { .. });
        if self.open && !answers {
            return Err(Corrupt("something happened before the approval that was asked for"));
        }
        match event {
            Event::ApprovalAsked { .. } | Event::StepStarted { .. } if self.rejected => {
                return Err(Corrupt("it went on after a rejection"));
            }
            Event::ApprovalAsked { role, steps, rules, within_s: _ } => {
                self.asked = Some((role.as_str(), steps.as_slice(), rules.as_slice()));
                self.open = true;
            }
            Event::Approved { role, .. } => {
                let steps = self.answered(role)?;
                if steps.is_empty() {
                    self.of_all.insert(role);
                }
                for step in steps {
                    self.of_steps.entry(*step).or_default().insert(role);
                }
            }
            Event::Rejected { role, .. } => {
                self.answered(role)?;
                self.rejected = true;
            }
            // Who cancels answers for everybody.
            Event::CancelAsked { .. } => self.open = false,
            Event::Consented { .. }
            | Event::Held { .. }
            | Event::StepStarted { .. }
            | Event::StepCommitted { .. }
            | Event::StepLost { .. }
            | Event::StepRefused { .. }
            | Event::StepAbsent { .. }
            | Event::StepLeftOut { .. }
            | Event::VerifyLost { .. }
            | Event::StepFailed { .. }
            | Event::UndoStarted { .. }
            | Event::StepUndone { .. }
            | Event::UndoLost { .. }
            | Event::UndoRefused { .. }
            | Event::Completed
            | Event::Failed { .. }
            | Event::InDoubt { .. } => {}
        }
        Ok(())
    }

    fn answered(&mut self, by: &str) -> Result<&'l [u32], Corrupt> {
        match self.asked {
            Some((role, steps, _)) if self.open && role == by => {
                self.open = false;
                Ok(steps)
            }
            Some(_) | None => Err(Corrupt("an answer to an approval that was not asked for")),
        }
    }

    /// Roles that have approved this step.
    pub(super) fn of_step(&self, step: u32) -> BTreeSet<&'l str> {
        self.of_steps.get(&step).cloned().unwrap_or_default()
    }
}

/// What to do while somebody is asked.
pub(super) fn wait(role: &str, within_s: u64) -> Command {
    let reason = "nobody answered in time".to_owned();
    let unanswered = Event::Rejected { role: role.to_owned(), by: None, reason };
    Command::Await { within: Duration::from_secs(within_s), unanswered }
}

impl Event {
    /// Whether it is a yes, and whose answer; `None` when it is no answer at all.
    fn verdict(&self) -> Option<(bool, Option<&str>)> {
        if let Self::Approved { by, .. } = self {
            Some((true, Some(by)))
        } else if let Self::Rejected { by, .. } = self {
            Some((false, by.as_deref()))
        } else {
            None
        }
    }

    pub(super) fn approval_asked(approval: Approval, steps: Vec<u32>, rules: Vec<String>) -> Self {
        let Approval { role, within } = approval;
        Self::ApprovalAsked { role, steps, rules, within_s: within.as_secs() }
    }
}

impl Log<'_> {
    /// Before anything is written: whom to ask first about the plan as a whole, or about the writes that can be foreseen; or that
    /// one of them is not permitted any more. Only rules that may wait for somebody are asked: the others are when a step is due.
    pub(super) fn beforehand(&self, policy: &Policy, first: u32, now: &Now) -> Option<Event> {
        let seen = self.plan.seen(now);
        if policy.may_wait(RUN_PLAN) {
            let verdict = self.plan.permission_of_all(policy, &self.approvals.of_all, seen);
            match verdict.ruling {
                Ruling::Allowed => {}
                Ruling::NeedsApproval(approval) => {
                    return Some(Event::approval_asked(approval, Vec::new(), verdict.rules));
                }
                Ruling::Denied { words, .. } => return Some(not_permitted(first, verdict.rules, words)),
            }
        }
        let mut asked: Option<(Approval, Vec<u32>, Vec<String>)> = None;
        for (step, write) in self.to_come().filter(|(_, write)| policy.may_wait(&write.call.action)) {
            let Ok((context, later)) = write.foreseen(seen) else { continue };
            if !later.is_empty() {
                continue;
            }
            let approved = self.approvals.of_step(step.number);
            let verdict = self.plan.permission(policy, write, &context, &approved);
            let approval = match verdict.ruling {
                Ruling::Allowed => continue,
                Ruling::NeedsApproval(approval) => approval,
                Ruling::Denied { words, .. } => {
                    return Some(not_permitted(step.number, verdict.rules, words));
                }
            };
            match &mut asked {
                None => asked = Some((approval, vec![step.number], verdict.rules)),
                Some((first, steps, rules)) if first.role == approval.role => {
                    first.within = first.within.min(approval.within);
                    steps.push(step.number);
                    rules.extend(verdict.rules);
                }
                // Another role is asked when this one has approved.
                Some(_) => {}
            }
        }
        let (approval, steps, mut rules) = asked?;
        rules.sort();
        rules.dedup();
        Some(Event::approval_asked(approval, steps, rules))
    }

    /// What was asked for is not approved: the first of its steps is given up, which undoes what was done before.
    pub(super) fn rejected(&self, answered: bool) -> Result<Command, Corrupt> {
        let (_, steps, rules) = self.approvals.asked.ok_or(Corrupt("a rejection without a question"))?;
        let step = match (steps.first(), self.to_come().next()) {
            (Some(step), _) => *step,
            (None, Some((step, _))) => step.number,
            (None, None) => return Err(Corrupt("a rejection of nothing")),
        };
        let reason = if answered { "it was not approved" } else { "nobody approved it in time" };
        let (reason, rules) = (reason.to_owned(), rules.to_vec());
        Ok(Command::Append(Event::StepFailed { step, reason, rules, words: None }))
    }
}

#[cfg(test)]
mod tests;
