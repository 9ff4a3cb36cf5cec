//! The story of a plan, for a person and as data. Arguments and results are told by name; of their values only amounts of
//! money, which are nobody's, are shown.

use callwright_model::{Record, StepState, Value, utc};
use serde_json::{Value as Json, json};

use crate::bind::Refused;
use crate::catalogue::Call;
use crate::execute::{Event, Progress, Purpose, progress};
use crate::plan::{ArgumentValue, Plan, Step};
use crate::trail::Trail;
use tally::Tallies;

mod data;
mod tally;

/// One event of a journal with its place and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Place in the journal, from 1.
    pub number: u64,
    /// Milliseconds since 1970.
    pub unix_ms: u64,
    /// What happened.
    pub event: Event,
}

/// An explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Plain words, one fact a line.
    pub text: String,
    /// The same and more as a JSON object.
    pub json: String,
}

/// Explains a plan from what is written down about it.
#[must_use]
pub fn explain(plan: &Plan, trail: &Trail, entries: &[Entry]) -> Explained {
    let events: Vec<Event> = entries.iter().map(|entry| entry.event.clone()).collect();
    let (state, views) = progress(plan, &events);
    let tallies = Tallies::of(entries);
    let mut lines = vec![format!(
        "Plan {} of skill {}/{} for call {}: {}.",
        plan.id,
        plan.pack,
        plan.skill,
        plan.call,
        outcome(state, entries.is_empty())
    )];
    if !plan.version.is_empty() {
        lines.push(format!("Bound to version {} of the skill.", plan.version));
    }
    lines.extend(trail.lines());
    if trail.met.is_empty() {
        // Plans of before there was a trail tell their reads themselves.
        let reads = plan.steps.iter().filter(|step| step.write.is_none());
        lines.extend(reads.map(|step| {
            format!("Step {} {}: read. Allowed by: {}.", step.number, step.action, rules(&step.rules))
        }));
    }
    lines.push(format!("Allowed as a whole by: {}.", rules(&plan.rules)));
    if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
        let took = last.unix_ms.saturating_sub(first.unix_ms);
        lines.push(format!("What happened from {} on, within {took} ms:", utc(first.unix_ms / 1_000)));
        for entry in entries {
            let after = entry.unix_ms.saturating_sub(first.unix_ms);
            lines.push(format!("+{after} ms: {}", tell(plan, &tallies, entry)));
        }
    }
    for view in views.iter().filter(|view| view.state == StepState::Pending) {
        lines.push(format!("Step {} {}: not begun.", view.number, view.action));
    }
    lines.extend(plan.steps.iter().filter_map(|step| tallies.of_step(step.number).line(step)));
    Explained { text: lines.join("\n"), json: data::story(plan, trail, entries).to_string() }
}

/// Explains a plan that nobody has said yes to and that is not refused: how far it is. `about` is a sentence, and `view` the
/// plan as others see it.
#[must_use]
pub fn explain_draft(about: &str, view: Json, trail: &Trail) -> Explained {
    let mut lines = vec![format!("{about} Nothing was written.")];
    lines.extend(trail.lines());
    let mut json = view;
    json["intent"] = data::intent(trail);
    json["bound"] = json!(trail.met);
    Explained { text: lines.join("\n"), json: json.to_string() }
}

/// Explains a refusal, for which there is no plan.
#[must_use]
pub fn explain_refusal(plan: &str, skill: &str, refused: &Refused, trail: &Trail) -> Explained {
    let why = match &refused.action {
        Some(action) if refused.rules.is_empty() => format!("nothing permits {action}"),
        Some(action) => format!("{action} is forbidden by: {}", rules(&refused.rules)),
        None => format!("the skill itself says no, with the words `{}`", refused.words),
    };
    let transfer = if refused.transfer { " A human is asked to go on." } else { "" };
    let mut lines =
        vec![format!("Plan {plan} of skill {skill}: refused, {why}. Nothing was written.{transfer}")];
    lines.extend(trail.lines());
    if trail.met.is_empty() {
        lines.extend(refused.steps.iter().map(|step| format!("Step {} {}.", step.number, step.action)));
    }
    let json = json!({
        "plan": plan,
        "skill": skill,
        "state": "refused",
        "words": refused.words,
        "action": refused.action,
        "rules": refused.rules,
        "transfer": refused.transfer,
        "steps": refused.steps,
        "intent": data::intent(trail),
        "bound": trail.met,
    });
    Explained { text: lines.join("\n"), json: json.to_string() }
}

fn tell(plan: &Plan, tallies: &Tallies, entry: &Entry) -> String {
    let step = |number: u32| match plan.step(number) {
        Some(step) => format!("step {number} {}", step.action),
        None => format!("step {number}"),
    };
    let undo = |number: u32| {
        let undo = plan.step(number).and_then(|step| step.write.as_ref()?.undo.as_ref());
        undo.map(|undo| format!(" by {}", undo.call.action)).unwrap_or_default()
    };
    match &entry.event {
        Event::Consented { .. } => "the caller said yes.".to_owned(),
        Event::ApprovalAsked { role, steps, rules: by, within_s } => {
            let what = match steps.as_slice() {
                [] => "the plan as a whole".to_owned(),
                steps => steps.iter().map(|number| step(*number)).collect::<Vec<_>>().join(", "),
            };
            let until = utc((entry.unix_ms / 1_000).saturating_add(*within_s));
            format!("{what} waits for the approval of `{role}`, until {until}. Asked for by: {}.", rules(by))
        }
        Event::Approved { role, by, reason } => {
            format!("approved by {by} as `{role}`{}. The policies are asked again.", because(reason))
        }
        Event::Rejected { role, by: Some(by), reason } => {
            format!("rejected by {by} as `{role}`{}.", because(reason))
        }
        Event::Rejected { role, by: None, .. } => {
            format!("nobody answered as `{role}` in time, which counts as rejected.")
        }
        Event::CancelAsked { by, reason } => {
            format!(
                "cancelled by {by}{}. Nothing more is begun, and what was done is taken back.",
                because(reason)
            )
        }
        Event::Held { step: n, reason, .. } => format!("{} is put off: {reason}.", step(*n)),
        Event::StepStarted { step: n, attempt: 1, rules: by } => {
            let call = plan.step(*n).and_then(call).unwrap_or_default();
            format!("{} begun. Allowed by: {}.{call}", step(*n), rules(by))
        }
        Event::StepStarted { step: n, attempt, .. } => {
            let call = plan.step(*n).and_then(|step| Some(&*step.write.as_ref()?.call));
            format!(
                "{} tried again, attempt {attempt}{}.",
                step(*n),
                waited(plan, call, *n, Purpose::Write, *attempt)
            )
        }
        Event::StepCommitted { step: n, .. } => {
            let tally = tallies.of_step(*n);
            let after = entry.unix_ms.saturating_sub(tally.began_unix_ms.unwrap_or(entry.unix_ms));
            format!("{} done, {after} ms after it began, at attempt {}.", step(*n), tally.attempts)
        }
        Event::StepLost { step: n, attempt, reason } => {
            format!("{} had no answer at attempt {attempt}: {reason}.", step(*n))
        }
        Event::StepRefused { step: n, reason, .. } => {
            format!("{} refused by the system: {reason}.", step(*n))
        }
        Event::StepLeftOut { step: n } => {
            let when = plan.step(*n).and_then(|step| step.write.as_ref()?.when.as_ref());
            let when = when.map_or_else(String::new, |when| format!(": `{}` does not hold", when.source()));
            format!("{} left out{when}.", step(*n))
        }
        Event::StepAbsent { step: n, .. } => format!("{} looked up: it had not taken effect.", step(*n)),
        Event::VerifyLost { step: n, reason, .. } => {
            format!("{} could not be looked up: {reason}.", step(*n))
        }
        Event::StepFailed { step: n, reason, rules: by, .. } if by.is_empty() => {
            format!("{} failed without effect: {reason}.", step(*n))
        }
        Event::StepFailed { step: n, reason, rules: by, .. } => {
            format!("{} failed without effect: {reason} (rules: {}).", step(*n), rules(by))
        }
        Event::UndoStarted { step: n, attempt: 1 } => {
            format!("{} is being undone{}.", step(*n), undo(*n))
        }
        Event::UndoStarted { step: n, attempt } => {
            let undo = plan.step(*n).and_then(|step| Some(&*step.write.as_ref()?.undo.as_ref()?.call));
            let waited = waited(plan, undo, *n, Purpose::Undo, *attempt);
            format!("undo of {} tried again, attempt {attempt}{waited}.", step(*n))
        }
        Event::StepUndone { step: n } => format!("{} undone.", step(*n)),
        Event::UndoLost { step: n, reason, .. } => format!("undo of {} had no answer: {reason}.", step(*n)),
        Event::UndoRefused { step: n, reason } => format!("undo of {} refused: {reason}.", step(*n)),
        Event::Completed => "all steps are done.".to_owned(),
        Event::Failed { step: n, reason, .. } => {
            format!("ended without its goal because {} failed: {reason}. Nothing of it is left.", step(*n))
        }
        Event::InDoubt { step: n, reason } => format!("a human must look at {}: {reason}.", step(*n)),
    }
}

/// How long this attempt was put off.
fn waited(plan: &Plan, call: Option<&Call>, step: u32, purpose: Purpose, attempt: u32) -> String {
    let wait = call.map(|call| plan.wait(call, step, purpose, attempt).as_millis());
    wait.map(|ms| format!(", after {ms} ms")).unwrap_or_default()
}

fn because(reason: &str) -> String {
    let reason = reason.trim().trim_end_matches('.');
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// Which call a write makes, with its arguments by name.
fn call(step: &Step) -> Option<String> {
    let write = step.write.as_ref()?;
    let names: Vec<&str> = write.arguments.iter().map(|argument| argument.name.as_str()).collect();
    Some(format!(" Calls {} of {} with {}.", write.call.method, write.call.connector, names.join(", ")))
}

fn outcome(state: Progress, waiting: bool) -> &'static str {
    match state {
        Progress::Running if waiting => "waiting for the caller's yes",
        Progress::Running => "being carried out",
        Progress::AwaitingApproval => "waiting for an approval",
        Progress::Undoing => "being undone",
        Progress::Completed => "completed",
        Progress::Failed => "failed, and nothing of it is left",
        Progress::InDoubt => "in doubt, a human must look",
    }
}

fn word(state: Progress, waiting: bool) -> &'static str {
    match state {
        Progress::Running if waiting => "ready",
        Progress::Running => "running",
        Progress::AwaitingApproval => "awaiting_approval",
        Progress::Undoing => "undoing",
        Progress::Completed => "completed",
        Progress::Failed => "failed",
        Progress::InDoubt => "in_doubt",
    }
}

fn rules(rules: &[String]) -> String {
    if rules.is_empty() { "none asked yet".to_owned() } else { rules.join(", ") }
}

fn arguments(step: &Step) -> Json {
    let arguments = step.write.iter().flat_map(|write| &write.arguments);
    arguments
        .map(|argument| {
            let value = match &argument.value {
                ArgumentValue::Known(value) => redact(value),
                ArgumentValue::Later(expr) => json!(format!("from {}", expr.source())),
            };
            (argument.name.clone(), value)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn redacted(record: &Record) -> Json {
    record.iter().map(|(name, value)| (name.clone(), redact(value))).collect::<serde_json::Map<_, _>>().into()
}

pub(crate) fn redact(value: &Value) -> Json {
    match value {
        Value::Money(money) => json!({ "minor": money.minor, "currency": money.currency }),
        Value::Bool(yes) => json!(yes),
        Value::Int(_)
        | Value::Text(_)
        | Value::Code(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::List(_)
        | Value::Record(_) => json!("redacted"),
    }
}
