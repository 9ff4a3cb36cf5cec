//! What can be wrong with a pack that parses: here its actions, in `skill` what must hold on every way through a skill.

mod door;
mod skill;

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{ActionKind, Idempotency, PackSource, Problem, Record, Value};

use crate::asker::{self, Asker, Seen};
use crate::backoff::Backoff;
use crate::catalogue::{Action, Field, Follow, Undo};
use crate::expr::Type;
use crate::policy::{Caller, Question, RUN_PLAN};
use crate::skill::{CallStep, Pack, Skill, each_call, each_use};
use door::check_door;
use skill::SkillCheck;

pub(super) fn check(pack: &Pack, connectors: &[String], source: &PackSource, problems: &mut Vec<Problem>) {
    let actions_file = source.path("actions.yaml");
    for action in pack.actions.values() {
        check_action(pack, action, connectors, &actions_file, problems);
    }
    check_approvals(pack, &source.path("policies.cedar"), problems);
    for skill in pack.skills.values() {
        SkillCheck::new(pack, skill, &source.path("policies.cedar"), problems).run();
    }
}

/// Only a plan can wait for a person: what is read while a caller listens cannot.
fn check_approvals(pack: &Pack, file: &str, problems: &mut Vec<Problem>) {
    for action in pack.policy.waiting_actions().filter(|action| *action != RUN_PLAN) {
        let read = pack.actions.get(action).is_some_and(|action| action.kind == ActionKind::Read);
        if read {
            let what = format!("`{action}` is a read, and cannot wait for an `@approval`");
            let help = "let the write wait that follows from it, or `run_plan`".to_owned();
            problems.push(Problem::error(file, None, what).help(help));
        }
    }
}

fn check_action(
    pack: &Pack,
    action: &Action,
    connectors: &[String],
    file: &str,
    problems: &mut Vec<Problem>,
) {
    let name = &action.call.action;
    let mut wrong = |what: String, help: Option<String>| {
        let problem = Problem::error(file, action.line, format!("`{name}`: {what}"));
        problems.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    };
    if !connectors.contains(&action.call.connector) {
        let what = format!("the connector `{}` is not in pack.yaml", action.call.connector);
        wrong(what, nearest(&action.call.connector, connectors.iter()));
    }
    for (what, help) in check_door(pack, action) {
        wrong(what, help);
    }
    if !(1..=60_000).contains(&action.call.timeout_ms) {
        wrong("`timeout_ms` must be between 1 and 60000".to_owned(), None);
    }
    if action.call.retries > 20 {
        wrong("`retries` may be 20 at most".to_owned(), None);
    }
    let Backoff { first_ms, cap_ms } = action.call.backoff;
    if first_ms == 0 || first_ms > cap_ms || cap_ms > 60_000 {
        let what = format!("`retries` waits {first_ms} ms at first and {cap_ms} ms at most");
        wrong(what, Some("1 <= first_ms <= cap_ms <= 60000".to_owned()));
    }
    if let Some(output) = &action.verifies {
        if action.kind == ActionKind::Write {
            wrong("only a read `verifies`".to_owned(), None);
        }
        if !action.call.outputs.iter().any(|field| field.name == *output) {
            let what = format!("it verifies `{output}`, which is none of its outputs");
            wrong(what, nearest(output, action.call.outputs.iter().map(|field| &field.name)));
        }
    }
    if action.retriable && action.kind == ActionKind::Read {
        wrong("only a write is `retriable`: a read without an answer is tried again anyway".to_owned(), None);
    }
    if action.retriable && action.call.idempotency == Idempotency::None {
        let what =
            "`retriable` with `idempotency: none`: what cannot be told to be done cannot be sent again";
        wrong(what.to_owned(), Some("make it `idempotency: key`, `natural` or `verify`".to_owned()));
    }
    if action.kind == ActionKind::Write && action.inputs.iter().any(|field| field.secret) {
        wrong("a write cannot take a secret: it could not be carried out after a restart".to_owned(), None);
    }
    for (input, expr) in &action.context {
        for (reference, field) in expr.references() {
            if reference != "input" && !asker::ROOTS.contains(&reference) {
                let what = format!("`{input}` in `context` refers to `{reference}`");
                wrong(
                    what,
                    Some("a context sees `input`, `caller`, `agent`, `now`, `today` and `risk`".to_owned()),
                );
            } else if let Some(field) = field.filter(|_| reference == "input") {
                match action.input(field) {
                    None => {
                        let what = format!("`context` refers to the input `{field}`, which there is not");
                        wrong(what, nearest(field, action.inputs.iter().map(|field| &field.name)));
                    }
                    Some(field) if field.secret => {
                        wrong(format!("`context` shows the secret `{}`", field.name), None);
                    }
                    Some(_) => {}
                }
            }
        }
    }
    match (&action.verify, action.call.idempotency) {
        (Some(follow), _) => {
            let outputs = pack.actions.get(&follow.action).map(|read| &read.call.outputs);
            for field in &action.call.outputs {
                if outputs.is_some_and(|known| !known.iter().any(|output| output.name == field.name)) {
                    let what = format!("`verify`: `{}` does not tell `{}`", follow.action, field.name);
                    wrong(what, Some("it must answer all that the write answers".to_owned()));
                }
            }
            for what in check_follow(pack, action, follow, ActionKind::Read, &["input"]) {
                wrong(format!("`verify`: {what}"), None);
            }
        }
        (None, Idempotency::Verify) => {
            wrong("`idempotency: verify` needs `verify` with the read that tells".to_owned(), None);
        }
        (None, Idempotency::Key | Idempotency::Natural | Idempotency::None) => {}
    }
    if let Undo::By(follow) = &action.undo {
        for what in check_follow(pack, action, follow, ActionKind::Write, &["input", "result"]) {
            wrong(format!("`undo`: {what}"), None);
        }
        let idempotency = pack.actions.get(&follow.action).map(|undo| undo.call.idempotency);
        if matches!(idempotency, Some(Idempotency::Verify | Idempotency::None)) {
            let what = format!("`undo`: `{}` must be safe to repeat", follow.action);
            wrong(what, Some("make it `idempotency: key` or `natural`".to_owned()));
        }
    }
    let types = |name: &str| match name {
        "input" => Some(record(&action.inputs)),
        "result" => Some(record(&action.call.outputs)),
        _ => None,
    };
    for (key, conditions, names) in [
        ("requires", &action.call.requires, &["input"][..]),
        ("ensures", &action.call.ensures, &["input", "result"][..]),
    ] {
        for condition in conditions {
            let source = condition.source();
            let unknown = condition.references().find(|(name, _)| !names.contains(name));
            match (unknown, condition.infer(&types)) {
                (Some((name, _)), _) => {
                    let what = format!("`{key}`: `{source}`: `{name}` is not known here");
                    wrong(what, Some(format!("only {}", names.join(" and "))));
                }
                (None, Err(what)) => wrong(format!("`{key}`: `{source}`: {what}"), None),
                (None, Ok(Type::Bool | Type::Any)) => {}
                (None, Ok(kind)) => {
                    wrong(format!("`{key}`: `{source}` is {}, not yes or no", kind.name()), None);
                }
            }
        }
    }
    // Whether the schema takes what this action shows it can be tried before any call is made.
    let sample = sample(&action.inputs);
    let (nobody, nothing) = (Asker::default(), BTreeSet::new());
    // Nothing is used of any limit.
    let today = pack.limits.limits.iter().map(|limit| (limit.name.clone(), Value::Int(0)));
    let now = pack.now(0).with_today(today.collect());
    let seen = Seen { asker: &nobody, verified: &nothing, level: 0, now: &now };
    match action.policy_context(&sample, seen) {
        Err(error) => wrong(format!("`context`: {error}"), None),
        Ok(context) => {
            let question = Question {
                caller: Caller { name: "check", verified: &nothing, level: 0, consents: &nothing },
                action: name,
                resource: ("Connector", &action.call.connector),
                context: &context,
            };
            let asked = !matches!(undone_by(pack, name), Some(()));
            if let Err(why) = pack.policy.takes(&question)
                && asked
            {
                wrong(format!("schema.cedarschema does not take it: {why}"), None);
            }
        }
    }
}

/// Whether an action is only the undo of others: those are not asked for permission.
fn undone_by(pack: &Pack, name: &str) -> Option<()> {
    let undo = pack.actions.values().any(|action| matches!(&action.undo, Undo::By(f) if f.action == name));
    let mut used = false;
    for skill in pack.skills.values() {
        used |= skill.actions().iter().any(|action| action == name);
    }
    (undo && !used).then_some(())
}

fn check_follow(
    pack: &Pack,
    action: &Action,
    follow: &Follow,
    kind: ActionKind,
    names: &[&str],
) -> Vec<String> {
    let Some(target) = pack.actions.get(&follow.action) else {
        return vec![format!("there is no action `{}`", follow.action)];
    };
    let mut wrong = Vec::new();
    if target.kind != kind {
        wrong.push(format!("`{}` is of the wrong kind", follow.action));
    }
    for field in &target.inputs {
        if !follow.with.iter().any(|(name, _)| *name == field.name) {
            wrong.push(format!("`{}` needs `{}`", follow.action, field.name));
        }
    }
    for (name, expr) in &follow.with {
        if target.input(name).is_none() {
            wrong.push(format!("`{}` takes no `{name}`", follow.action));
        }
        for (reference, field) in expr.references() {
            let fields = match reference {
                "input" if names.contains(&"input") => &action.inputs,
                "result" if names.contains(&"result") => &action.call.outputs,
                _ => {
                    wrong.push(format!("`{reference}` is not known here, only {}", names.join(" and ")));
                    continue;
                }
            };
            if let Some(field) = field
                && !fields.iter().any(|known| known.name == field)
            {
                wrong.push(format!("`{reference}` has no `{field}`"));
            }
        }
    }
    if wrong.is_empty() {
        let types = |name: &str| match name {
            "input" => Some(record(&action.inputs)),
            "result" => Some(record(&action.call.outputs)),
            _ => None,
        };
        for (name, expr) in &follow.with {
            let Some(field) = target.input(name) else { continue };
            match expr.infer(&types) {
                Err(what) => wrong.push(format!("`{}`: {what}", expr.source())),
                Ok(kind) if !kind.is(&field.type_of()) => wrong.push(misfit(expr.source(), &kind, field)),
                Ok(_) => {}
            }
        }
    }
    wrong
}

fn record(fields: &[Field]) -> Type {
    Type::record(fields.iter().map(|field| (field.name.clone(), field.type_of())))
}

fn misfit(source: &str, kind: &Type, field: &Field) -> String {
    format!("`{}` takes {}, but `{source}` is {}", field.name, field.type_of().name(), kind.name())
}

/// Inputs that go to a secret argument of an action, in the skill itself or in one that it uses.
pub(crate) fn secret_inputs(pack: &Pack, skill: &Skill) -> BTreeSet<String> {
    secrets_within(pack, skill, &mut BTreeMap::new())
}

/// Each used skill is looked at once; in a circle of uses, which does not load, as if it had no secret yet.
fn secrets_within<'p>(
    pack: &'p Pack,
    skill: &'p Skill,
    known: &mut BTreeMap<&'p str, BTreeSet<String>>,
) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    each_call(&skill.steps, &mut |call: &CallStep| {
        let Some(action) = pack.actions.get(&call.action) else { return };
        for (name, expr) in &call.with {
            if action.input(name).is_some_and(|field| field.secret) {
                secrets.extend(expr.references().map(|(name, _)| name.to_owned()));
            }
        }
    });
    known.insert(&skill.name, BTreeSet::new());
    each_use(&skill.steps, &mut |used, with| {
        let Some(inner) = pack.skills.get(used) else { return };
        let hidden = match known.get(used) {
            Some(hidden) => hidden.clone(),
            None => secrets_within(pack, inner, known),
        };
        for (_, expr) in with.iter().filter(|(name, _)| hidden.contains(name)) {
            secrets.extend(expr.references().map(|(name, _)| name.to_owned()));
        }
    });
    secrets.retain(|name| skill.input(name).is_some());
    known.insert(&skill.name, secrets.clone());
    secrets
}

fn sample(fields: &[Field]) -> Record {
    fields.iter().map(|field| (field.name.clone(), field.kind.sample())).collect::<BTreeMap<String, Value>>()
}

/// "did you mean", when something is near enough to be a slip of the finger.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n String>) -> Option<String> {
    known
        .map(|known| (strsim::osa_distance(name, known), known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min()
        .map(|(_, known)| format!("did you mean `{known}`?"))
}
