//! A plan as spans of a trace, by the names of OpenTelemetry's conventions for generative AI: `plan`, and below it an `execute_tool`
//! for each read, write and undo, and one for each wait for an approval.
//!
//! Spans are made from what is written down and from nothing else, when the entry is there that ends them. So their times are the
//! journal's, a restart in between neither loses nor cuts one, and the identities follow from the plan's: the trace of a plan has the
//! plan's number.
//!
//! What is personal stands in attributes under [`PERSONAL`] alone, and only if asked for.

use std::collections::BTreeMap;

use callwright_model::Record;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::catalogue::Call;
use crate::execute::{Event, progress};
use crate::explain::Entry;
use crate::plan::{ArgumentValue, Plan, Step};
use crate::trail::{Made, Trail, Waypoint};

/// Attributes whose names begin like this hold what is about a person.
pub const PERSONAL: &str = "callwright.pii.";

/// One span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its trace: the plan's number.
    pub trace: u128,
    /// Its own number, never 0; the same whenever it is made.
    pub id: u64,
    /// The number of the span around it; `None` for the plan's.
    pub parent: Option<u64>,
    /// What it is called.
    pub name: String,
    /// A system was called for it.
    pub calls: bool,
    /// When it began, in milliseconds since 1970.
    pub began_unix_ms: u64,
    /// When it ended.
    pub ended_unix_ms: u64,
    /// What is known of it, by name.
    pub attributes: BTreeMap<&'static str, Attribute>,
    /// What happened in between.
    pub notes: Vec<Note>,
    /// Why it did not succeed; `None` when it did.
    pub failed: Option<String>,
}

/// What an attribute says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// Several texts.
    Texts(Vec<String>),
}

/// Something that happened within a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is called.
    pub name: &'static str,
    /// When, in milliseconds since 1970.
    pub unix_ms: u64,
    /// Why.
    pub reason: String,
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u32> for Attribute {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

/// The spans that the newest entry ends; most entries end none. With `personal` also what is about a person.
#[must_use]
pub fn spans(plan: &Plan, trail: &Trail, entries: &[Entry], personal: bool) -> Vec<Span> {
    let Some((newest, before)) = entries.split_last() else { return Vec::new() };
    let story = Story { plan, before, newest, personal };
    match &newest.event {
        Event::Consented { .. } => story.reads(trail),
        Event::StepCommitted { step, result } => {
            let mut span = story.write(*step, None);
            if personal {
                let text = json!(result).to_string();
                span.attributes.insert("callwright.pii.result", Attribute::Text(text));
            }
            vec![span]
        }
        Event::StepFailed { step, reason, .. } => vec![story.write(*step, Some(reason))],
        Event::StepUndone { step } => story.undo(*step, None).into_iter().collect(),
        Event::Approved { by, .. } => story.approval("approved", Some(by)),
        Event::Rejected { by, .. } => {
            story.approval(if by.is_some() { "rejected" } else { "unanswered" }, by.as_deref())
        }
        Event::Completed => vec![story.whole(trail, entries, None)],
        Event::Failed { reason, .. } => vec![story.whole(trail, entries, Some(reason))],
        Event::InDoubt { step, reason } => {
            // What was in the middle of it: an undo, or a write that is not done; else only the plan ends here.
            let done = before
                .iter()
                .any(|entry| matches!(&entry.event, Event::StepCommitted { step: n, .. } if n == step));
            let write = || (!done).then(|| story.write(*step, Some(reason)));
            let open = story.undo(*step, Some(reason)).or_else(write);
            open.into_iter().chain([story.whole(trail, entries, Some(reason))]).collect()
        }
        Event::CancelAsked { .. }
        | Event::ApprovalAsked { .. }
        | Event::Held { .. }
        | Event::StepStarted { .. }
        | Event::StepLost { .. }
        | Event::StepRefused { .. }
        | Event::StepAbsent { .. }
        | Event::StepLeftOut { .. }
        | Event::VerifyLost { .. }
        | Event::UndoStarted { .. }
        | Event::UndoLost { .. }
        | Event::UndoRefused { .. } => Vec::new(),
    }
}

/// What is written down, with the entry that ends a span apart.
struct Story<'s> {
    plan: &'s Plan,
    before: &'s [Entry],
    newest: &'s Entry,
    personal: bool,
}

impl Story<'_> {
    /// A span below the plan's that ends now.
    fn span(&self, part: &str, name: String, began_unix_ms: u64) -> Span {
        let (plan, call) = (self.plan, self.plan.call.to_string());
        Span {
            trace: trace(plan),
            id: number(&[&plan.id.0, part]),
            parent: Some(number(&[&plan.id.0, WHOLE])),
            name,
            calls: true,
            began_unix_ms,
            ended_unix_ms: self.newest.unix_ms,
            attributes: BTreeMap::from([
                ("gen_ai.conversation.id", Attribute::Text(call)),
                ("callwright.plan.id", plan.id.0.as_str().into()),
            ]),
            notes: Vec::new(),
            failed: None,
        }
    }

    /// A call of a system, which the conventions call a tool.
    fn tool(&self, step: &Step, action: &str, id: String, kind: &str, began_unix_ms: u64) -> Span {
        let part = format!("{kind} {}", step.number);
        let mut span = self.span(&part, format!("execute_tool {action}"), began_unix_ms);
        span.attributes.extend([
            ("gen_ai.operation.name", "execute_tool".into()),
            ("gen_ai.tool.name", action.into()),
            ("gen_ai.tool.type", "extension".into()),
            ("gen_ai.tool.call.id", Attribute::Text(id)),
            ("callwright.step", step.number.into()),
            ("callwright.step.kind", kind.into()),
        ]);
        span
    }

    /// The reads that led to the plan.
    fn reads(&self, trail: &Trail) -> Vec<Span> {
        let made = trail.met.iter().filter_map(|met| match &met.what {
            Waypoint::Read { step, rules, made: Some(made), .. } => Some((*step, rules, *made)),
            Waypoint::Read { made: None, .. }
            | Waypoint::Branch { .. }
            | Waypoint::Turn { .. }
            | Waypoint::Used { .. }
            | Waypoint::Chosen { .. }
            | Waypoint::Confirmed { .. }
            | Waypoint::Write { .. }
            | Waypoint::Judged { .. }
            | Waypoint::Answered { .. }
            | Waypoint::Refused { .. } => None,
        });
        made.filter_map(|(number, rules, made)| {
            let Made { unix_ms, took_ms, attempts } = made;
            let step = self.plan.step(u32::try_from(number).ok()?)?;
            let id = format!("{}:{}", self.plan.id, step.number);
            let mut span = self.tool(step, &step.action, id, "read", unix_ms);
            span.ended_unix_ms = unix_ms.saturating_add(took_ms);
            span.attributes.insert("callwright.attempts", attempts.into());
            span.attributes.insert("callwright.policy.rules", Attribute::Texts(rules.clone()));
            Some(span)
        })
        .collect()
    }

    /// A write, from its first attempt.
    fn write(&self, number: u32, failed: Option<&str>) -> Span {
        let Calls { writes, .. } = Calls::of(self.before, number);
        let began = writes.began.unwrap_or(self.newest.unix_ms);
        let Some(step) = self.plan.step(number) else {
            return self.span(&format!("write {number}"), "execute_tool".to_owned(), began);
        };
        let mut span = self.tool(step, &step.action, step.idempotency_key(&self.plan.id), "write", began);
        let rules =
            if let Event::StepFailed { rules, .. } = &self.newest.event { rules } else { &writes.rules };
        span.attributes.insert("callwright.policy.rules", Attribute::Texts(rules.clone()));
        span.attributes.insert("callwright.attempts", writes.attempts.into());
        span.notes = writes.notes;
        if let Some(write) = &step.write {
            self.call(&mut span, &write.call);
            if self.personal {
                let known = write.arguments.iter().filter_map(|argument| match &argument.value {
                    ArgumentValue::Known(value) => Some((argument.name.clone(), value.clone())),
                    ArgumentValue::Later(_) => None,
                });
                let text = json!(known.collect::<Record>()).to_string();
                span.attributes.insert("callwright.pii.arguments", Attribute::Text(text));
            }
        }
        self.fail(&mut span, failed);
        span
    }

    /// Taking a write back; `None` when that was not begun.
    fn undo(&self, number: u32, failed: Option<&str>) -> Option<Span> {
        let Calls { undos, .. } = Calls::of(self.before, number);
        let step = self.plan.step(number)?;
        let undo = step.write.as_ref()?.undo.as_ref()?;
        let key = step.undo_key(&self.plan.id);
        let mut span = self.tool(step, &undo.call.action, key, "undo", undos.began?);
        span.attributes.insert("callwright.attempts", undos.attempts.into());
        span.notes = undos.notes;
        self.call(&mut span, &undo.call);
        self.fail(&mut span, failed);
        Some(span)
    }

    fn call(&self, span: &mut Span, call: &Call) {
        span.attributes.insert("callwright.connector", call.connector.as_str().into());
        span.attributes.insert("callwright.method", call.method.as_str().into());
    }

    /// The wait for somebody's answer, which is the entry right after the question.
    fn approval(&self, decision: &str, by: Option<&str>) -> Vec<Span> {
        let Some((asked, Event::ApprovalAsked { role, rules, .. })) =
            self.before.last().map(|asked| (asked, &asked.event))
        else {
            return Vec::new();
        };
        let part = format!("approval {}", asked.number);
        let mut span = self.span(&part, format!("await_approval {role}"), asked.unix_ms);
        span.calls = false;
        span.attributes.extend([
            ("callwright.approval.role", role.as_str().into()),
            ("callwright.approval.decision", decision.into()),
            ("callwright.policy.rules", Attribute::Texts(rules.clone())),
        ]);
        if let (true, Some(by)) = (self.personal, by) {
            span.attributes.insert("callwright.pii.approver", by.into());
        }
        vec![span]
    }

    /// The plan from its first question to its end.
    fn whole(&self, trail: &Trail, entries: &[Entry], failed: Option<&str>) -> Span {
        let asked = trail.inputs.iter().map(|given| given.basis.unix_ms);
        let began = asked.chain(entries.iter().map(|entry| entry.unix_ms)).min();
        let plan = self.plan;
        let name = format!("plan {}", plan.skill);
        let mut span = self.span(WHOLE, name, began.unwrap_or(self.newest.unix_ms));
        (span.parent, span.calls) = (None, false);
        let (state, _) = progress(plan, entries.iter().map(|entry| &entry.event));
        span.attributes.extend([
            ("gen_ai.operation.name", "plan".into()),
            ("gen_ai.agent.name", "callwright".into()),
            ("callwright.pack", plan.pack.as_str().into()),
            ("callwright.skill", plan.skill.as_str().into()),
            ("callwright.plan.state", state.name().into()),
            ("callwright.policy.rules", Attribute::Texts(plan.rules.clone())),
        ]);
        if self.personal {
            let verified = plan.verified.iter().cloned().collect();
            span.attributes.insert("callwright.pii.verified", Attribute::Texts(verified));
        }
        self.fail(&mut span, failed);
        span
    }

    /// The kind of failure is one of a few words, as the conventions want it; why is for people.
    fn fail(&self, span: &mut Span, failed: Option<&str>) {
        let Some(reason) = failed else { return };
        let denied = |rules: &Vec<String>| !rules.is_empty();
        let kind = if matches!(self.newest.event, Event::InDoubt { .. }) {
            "in_doubt"
        } else if matches!(&self.newest.event, Event::StepFailed { rules, .. } if denied(rules)) {
            "not_permitted"
        } else {
            "failed"
        };
        span.attributes.insert("error.type", kind.into());
        span.failed = Some(reason.to_owned());
    }
}

/// The calls for one step so far: of its write, and of its undo.
#[derive(Default)]
struct Calls {
    writes: Attempts,
    undos: Attempts,
}

#[derive(Default)]
struct Attempts {
    attempts: u32,
    began: Option<u64>,
    /// Rules that allowed the first.
    rules: Vec<String>,
    notes: Vec<Note>,
}

impl Calls {
    fn of(entries: &[Entry], step: u32) -> Self {
        let mut calls = Self::default();
        for entry in entries.iter().filter(|entry| entry.event.step() == Some(step)) {
            calls.take(entry);
        }
        calls
    }

    fn take(&mut self, entry: &Entry) {
        let Self { writes, undos } = self;
        match &entry.event {
            Event::StepStarted { attempt, rules, .. } => {
                writes.attempts = *attempt;
                if writes.began.is_none() {
                    (writes.began, writes.rules) = (Some(entry.unix_ms), rules.clone());
                }
            }
            Event::UndoStarted { attempt, .. } => {
                undos.attempts = *attempt;
                undos.began.get_or_insert(entry.unix_ms);
            }
            Event::StepLost { reason, .. } => writes.note("callwright.attempt.lost", entry, reason),
            Event::StepRefused { reason, .. } => writes.note("callwright.attempt.refused", entry, reason),
            Event::StepAbsent { .. } => {
                writes.note("callwright.attempt.absent", entry, "it had not taken effect")
            }
            Event::VerifyLost { reason, .. } => writes.note("callwright.verify.lost", entry, reason),
            Event::UndoLost { reason, .. } => undos.note("callwright.attempt.lost", entry, reason),
            Event::UndoRefused { reason, .. } => undos.note("callwright.attempt.refused", entry, reason),
            Event::Consented { .. }
            | Event::CancelAsked { .. }
            | Event::Held { .. }
            | Event::ApprovalAsked { .. }
            | Event::Approved { .. }
            | Event::Rejected { .. }
            | Event::StepCommitted { .. }
            | Event::StepLeftOut { .. }
            | Event::StepFailed { .. }
            | Event::StepUndone { .. }
            | Event::Completed
            | Event::Failed { .. }
            | Event::InDoubt { .. } => {}
        }
    }
}

impl Attempts {
    fn note(&mut self, name: &'static str, entry: &Entry, reason: &str) {
        self.notes.push(Note { name, unix_ms: entry.unix_ms, reason: reason.to_owned() });
    }
}

/// The plan's own number, which is written as 32 hexadecimal digits; of a plan that is called otherwise, one that follows from that.
fn trace(plan: &Plan) -> u128 {
    u128::from_str_radix(&plan.id.0, 16).ok().filter(|number| *number > 0).unwrap_or_else(|| {
        u128::from(number(&[&plan.id.0, "trace"])) << 64 | u128::from(number(&[&plan.id.0, "of"]))
    })
}

/// A number that follows from these texts.
fn number(texts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    let bytes = hash.finalize();
    bytes.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte)).max(1)
}

/// The part of a plan that is all of it.
const WHOLE: &str = "plan";
