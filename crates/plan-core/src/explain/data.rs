//! The story as JSON. Names are only added, never changed: others read them.

use serde_json::{Value as Json, json};

use super::tally::{Tallies, Tally};
use super::{Entry, arguments, redacted, tell, word};
use crate::execute::{Event, progress};
use crate::plan::{Plan, Step};
use crate::policy::RUN_PLAN;
use crate::trail::{Trail, Waypoint};

pub(super) fn story(plan: &Plan, trail: &Trail, entries: &[Entry]) -> Json {
    let events: Vec<Event> = entries.iter().map(|entry| entry.event.clone()).collect();
    let (state, views) = progress(plan, &events);
    let tallies = Tallies::of(entries);
    let steps: Vec<Json> = plan
        .steps
        .iter()
        .zip(&views)
        .map(|(step, view)| {
            let mut json = json!({
                "number": step.number,
                "action": step.action,
                "kind": view.kind,
                "state": view.state,
                "allowed_by": step.rules,
                "bound_by": trail.sources(step.number),
            });
            if step.write.is_some() {
                write(&mut json, plan, step, &tallies.of_step(step.number));
            }
            json
        })
        .collect();
    let times: Vec<u64> = entries.iter().map(|entry| entry.unix_ms).collect();
    let ended = crate::execute::is_finished(&events).then(|| times.last()).flatten();
    json!({
        "plan": plan.id,
        "pack": plan.pack,
        "skill": plan.skill,
        "version": plan.version,
        "call": plan.call,
        "state": word(state, entries.is_empty()),
        "times": {
            "consented_unix_ms": times.first(),
            "ended_unix_ms": ended,
            "took_ms": times.first().zip(ended).map(|(first, last)| last.saturating_sub(*first)),
        },
        "intent": intent(trail),
        "bound": trail.met,
        "policy": policy(plan, trail, entries),
        "allowed_by": plan.rules,
        "steps": steps,
        "events": entries.iter().map(|entry| event(plan, &tallies, entry)).collect::<Vec<_>>(),
    })
}

/// What was asked for, and what that rests on.
pub(super) fn intent(trail: &Trail) -> Json {
    json!({ "summary": trail.summary, "inputs": trail.inputs })
}

/// What a write has beside what a read has too.
fn write(json: &mut Json, plan: &Plan, step: &Step, tally: &Tally) {
    let Some(write) = &step.write else { return };
    json["connector"] = json!(write.call.connector);
    json["method"] = json!(write.call.method);
    json["arguments"] = arguments(step);
    json["only_when"] = json!(write.when);
    json["idempotency"] = json!(write.call.idempotency);
    json["idempotency_key"] = json!(step.idempotency_key(&plan.id));
    json["timeout_ms"] = json!(write.call.timeout_ms);
    json["retries_max"] = json!(write.call.retries);
    json["backoff"] = json!(write.call.backoff);
    json["attempts"] = json!(tally.attempts);
    json["put_off"] = json!(tally.held);
    json["lost"] = json!(tally.lost);
    json["refused"] = json!(tally.refused);
    json["began_unix_ms"] = json!(tally.began_unix_ms);
    json["ended_unix_ms"] = json!(tally.ended_unix_ms);
    let took = tally.began_unix_ms.zip(tally.ended_unix_ms);
    json["took_ms"] = json!(took.map(|(began, ended)| ended.saturating_sub(began)));
    json["undo"] = match &write.undo {
        None => Json::Null,
        Some(undo) => json!({
            "action": undo.call.action,
            "connector": undo.call.connector,
            "method": undo.call.method,
            "idempotency_key": step.undo_key(&plan.id),
            "attempts": tally.undo_attempts,
            "undone_unix_ms": tally.undone_unix_ms,
        }),
    };
}

/// Every question that policies were asked, with the rules that decided, in order.
fn policy(plan: &Plan, trail: &Trail, entries: &[Entry]) -> Vec<Json> {
    let mut asked: Vec<Json> = Vec::new();
    for met in &trail.met {
        if let Waypoint::Read { step, action, allowed, rules, .. } = &met.what {
            let when = "before the read";
            asked.push(
                json!({ "step": step, "action": action, "when": when, "allowed": allowed, "rules": rules }),
            );
        }
    }
    for step in plan.steps.iter().filter(|step| step.write.is_some() && !step.rules.is_empty()) {
        let (number, action, when) = (step.number, &step.action, "bound");
        asked.push(
            json!({ "step": number, "action": action, "when": when, "allowed": true, "rules": step.rules }),
        );
    }
    asked.push(json!({ "action": RUN_PLAN, "when": "bound", "allowed": !plan.rules.is_empty(), "rules": plan.rules }));
    for entry in entries {
        let (step, allowed, rules) = match &entry.event {
            Event::StepStarted { step, attempt: 1, rules } => (step, true, rules),
            Event::StepFailed { step, rules, .. } if !rules.is_empty() => (step, false, rules),
            Event::ApprovalAsked { role, steps, rules, .. } => {
                asked.push(json!({
                    "steps": steps,
                    "when": "before an approval",
                    "unix_ms": entry.unix_ms,
                    "allowed": false,
                    "approval": role,
                    "rules": rules,
                }));
                continue;
            }
            Event::Consented { .. }
            | Event::CancelAsked { .. }
            | Event::Held { .. }
            | Event::Approved { .. }
            | Event::Rejected { .. }
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
            | Event::InDoubt { .. } => continue,
        };
        asked.push(json!({
            "step": step,
            "action": plan.step(*step).map(|step| &step.action),
            "when": "before the write",
            "unix_ms": entry.unix_ms,
            "allowed": allowed,
            "rules": rules,
        }));
    }
    asked
}

fn event(plan: &Plan, tallies: &Tallies, entry: &Entry) -> Json {
    let mut event = serde_json::to_value(&entry.event).unwrap_or_default();
    if let Event::StepCommitted { result, .. } = &entry.event {
        event["result"] = redacted(result);
    }
    json!({ "number": entry.number, "unix_ms": entry.unix_ms, "what": event, "told": tell(plan, tallies, entry) })
}
