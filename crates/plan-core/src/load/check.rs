//! What can be wrong with a pack that parses.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{ActionKind, Idempotency, PackSource, Problem, Record, Value};

use crate::catalogue::{Action, Field, Follow, Undo};
use crate::expr::Expr;
use crate::policy::{Question, RUN_PLAN};
use crate::skill::{CallStep, Pack, Skill, Step, StepKind};

pub(super) fn check(pack: &Pack, connectors: &[String], source: &PackSource, problems: &mut Vec<Problem>) {
    let actions_file = source.path("actions.yaml");
    for action in pack.actions.values() {
        check_action(pack, action, connectors, &actions_file, problems);
    }
    for skill in pack.skills.values() {
        SkillCheck { pack, skill, problems, policies: source.path("policies.cedar") }.run();
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
    if !(1..=60_000).contains(&action.call.timeout_ms) {
        wrong("`timeout_ms` must be between 1 and 60000".to_owned(), None);
    }
    if action.call.retries > 20 {
        wrong("`retries` may be 20 at most".to_owned(), None);
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
    if action.kind == ActionKind::Write && action.inputs.iter().any(|field| field.secret) {
        wrong("a write cannot take a secret: it could not be carried out after a restart".to_owned(), None);
    }
    for (input, expr) in &action.context {
        for (reference, field) in expr.references() {
            if reference != "input" {
                let what = format!("`{input}` in `context` refers to `{reference}`");
                wrong(what, Some("a context sees `input` only".to_owned()));
            } else if let Some(field) = field {
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
    // Whether the schema takes what this action shows it can be tried before any call is made.
    let sample = sample(&action.inputs);
    match action.policy_context(&sample) {
        Err(error) => wrong(format!("`context`: {error}"), None),
        Ok(context) => {
            let question = Question {
                caller: "check",
                verified: &BTreeSet::new(),
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
    wrong
}

/// What is known of a name at some point of a skill.
#[derive(Clone, PartialEq)]
enum Known {
    /// An input; a secret one may only go to secret arguments.
    Input { secret: bool },
    /// The result of an action, by its declared outputs, known before the confirmation.
    Result(Vec<String>),
    /// The result of a write, known only while executing.
    Later(Vec<String>),
    /// An option that was chosen; its fields are the connector's.
    Chosen,
}

struct SkillCheck<'c> {
    pack: &'c Pack,
    skill: &'c Skill,
    problems: &'c mut Vec<Problem>,
    policies: String,
}

/// How far a walk along the steps has come.
#[derive(Clone)]
struct Walk {
    known: BTreeMap<String, Known>,
    confirmed: bool,
    writes: u32,
    /// A write before this point cannot be undone and does not say so.
    stuck: Option<String>,
    ended: bool,
}

impl SkillCheck<'_> {
    fn run(mut self) {
        let secrets = self.secrets();
        let known = self
            .skill
            .inputs
            .iter()
            .map(|(name, _)| (name.clone(), Known::Input { secret: secrets.contains(name) }))
            .collect();
        let start = Walk { known, confirmed: false, writes: 0, stuck: None, ended: false };
        let end = self.walk(&self.skill.steps, start);
        if end.confirmed {
            for (key, words) in [("done", &self.skill.done), ("failed", &self.skill.failed)] {
                if words.is_empty() {
                    self.wrong(None, format!("the skill writes and has no words under `{key}`"), None);
                }
            }
            if end.writes == 0 {
                self.wrong(None, "it asks for a yes and then writes nothing".to_owned(), None);
            }
            if !self.pack.policy.may_permit(RUN_PLAN) {
                let what = format!("no policy permits `{RUN_PLAN}`, so no plan can run");
                self.problems.push(Problem::error(&self.policies, None, what));
            }
        } else if !end.ended {
            self.wrong(
                None,
                "a way through the skill ends in nothing".to_owned(),
                Some("end it with `answer`, or with `confirm` and writes".to_owned()),
            );
        }
        self.unused();
    }

    /// Inputs that go to a secret argument somewhere: they are secret everywhere.
    fn secrets(&self) -> BTreeSet<String> {
        secret_inputs(self.pack, self.skill)
    }

    fn unused(&mut self) {
        let mut used = BTreeSet::new();
        references(&self.skill.steps, &mut used);
        for (name, _) in &self.skill.inputs {
            if !used.contains(name.as_str()) {
                let what = format!("the input `{name}` is never used, so never asked for");
                self.problems.push(Problem::warning(&self.skill.file, None, what));
            }
        }
    }

    fn walk(&mut self, steps: &[Step], mut at: Walk) -> Walk {
        for step in steps {
            if at.ended {
                self.wrong(step.line, "this step is never reached".to_owned(), None);
                return at;
            }
            at = self.step(step, at);
        }
        at
    }

    fn step(&mut self, step: &Step, mut at: Walk) -> Walk {
        let line = step.line;
        match &step.what {
            StepKind::Read { call, not_found } => {
                if at.confirmed {
                    self.wrong(line, "a read after `confirm`: everything is read before".to_owned(), None);
                }
                self.call(line, call, ActionKind::Read, &mut at);
                for case in not_found {
                    self.words(line, &case.words);
                    if self.skill.input(&case.input).is_none() {
                        let what =
                            format!("`not_found` names the input `{}`, which there is not", case.input);
                        let names = self.skill.inputs.iter().map(|(name, _)| name);
                        let help = nearest(&case.input, names);
                        self.wrong(line, what, help);
                    }
                }
            }
            StepKind::Write { call, when } => {
                if !at.confirmed {
                    let what = format!("`{}` writes before the caller has said yes", call.action);
                    self.wrong(line, what, Some("put a `confirm` before it".to_owned()));
                }
                if let Some(when) = when {
                    self.refers(line, when, &at, false, false);
                }
                if let Some(stuck) = at.stuck.take() {
                    let what = format!("`{stuck}` cannot be undone when a later step fails");
                    let help = "declare its `undo`, or `undo: none` if nothing takes it back".to_owned();
                    self.wrong(line, what, Some(help));
                }
                at.writes += 1;
                if let Some(action) = self.pack.actions.get(&call.action) {
                    if action.undo == Undo::Undeclared {
                        at.stuck = Some(call.action.clone());
                    }
                    if !self.pack.policy.may_permit(&call.action) {
                        let what =
                            format!("no policy permits `{}`, so the skill can never succeed", call.action);
                        self.wrong(line, what, None);
                    }
                }
                self.call(line, call, ActionKind::Write, &mut at);
            }
            StepKind::Branch { when, then, otherwise } => {
                if at.confirmed {
                    self.wrong(
                        line,
                        "a branch after `confirm`: a plan is bound before".to_owned(),
                        Some("give the `write` itself a `when`".to_owned()),
                    );
                }
                self.refers(line, when, &at, false, false);
                let left = self.walk(then, at.clone());
                let right = self.walk(otherwise, at);
                return join(left, right);
            }
            StepKind::Choose { name, from, words, .. } => {
                if at.confirmed {
                    self.wrong(line, "a choice after `confirm`".to_owned(), None);
                }
                self.words(line, words);
                self.refers(line, from, &at, false, false);
                self.define(line, name, Known::Chosen, &mut at);
            }
            StepKind::Confirm { words } => {
                self.words(line, words);
                if at.confirmed {
                    self.wrong(line, "a second `confirm`".to_owned(), None);
                }
                at.confirmed = true;
            }
            StepKind::Answer { words } | StepKind::Refuse { words, .. } => {
                self.words(line, words);
                if at.confirmed {
                    self.wrong(line, "the skill ends after `confirm` without writing".to_owned(), None);
                }
                at.ended = true;
            }
        }
        at
    }

    fn call(&mut self, line: Option<u32>, call: &CallStep, kind: ActionKind, at: &mut Walk) {
        let Some(action) = self.pack.actions.get(&call.action) else {
            let what = format!("there is no action `{}` in actions.yaml", call.action);
            let help = nearest(&call.action, self.pack.actions.keys());
            self.wrong(line, what, help);
            self.define(line, &call.name, Known::Chosen, at);
            return;
        };
        if action.kind != kind {
            let (is, said) = match kind {
                ActionKind::Read => ("writes", "read"),
                ActionKind::Write => ("only reads", "write"),
            };
            self.wrong(line, format!("`{}` {is}, but the step says `{said}`", call.action), None);
        }
        for field in &action.inputs {
            if !call.with.iter().any(|(name, _)| *name == field.name) {
                self.wrong(line, format!("`{}` needs `{}` under `with`", call.action, field.name), None);
            }
        }
        for (name, expr) in &call.with {
            let secret = match action.input(name) {
                Some(field) => field.secret,
                None => {
                    let what = format!("`{}` takes no `{name}`", call.action);
                    let help = nearest(name, action.inputs.iter().map(|field| &field.name));
                    self.wrong(line, what, help);
                    false
                }
            };
            self.refers(line, expr, at, secret, kind == ActionKind::Write);
        }
        let outputs = action.call.outputs.iter().map(|field| field.name.clone()).collect();
        let known = match kind {
            ActionKind::Read => Known::Result(outputs),
            ActionKind::Write => Known::Later(outputs),
        };
        self.define(line, &call.name, known, at);
    }

    fn define(&mut self, line: Option<u32>, name: &str, known: Known, at: &mut Walk) {
        let identifier = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !identifier {
            let what = format!("`{name}` is no name: lower case, digits and `_`, a letter first");
            self.wrong(line, what, None);
        }
        if at.known.insert(name.to_owned(), known).is_some() {
            self.wrong(line, format!("the name `{name}` is taken already"), None);
        }
    }

    fn refers(&mut self, line: Option<u32>, expr: &Expr, at: &Walk, secret_ok: bool, later_ok: bool) {
        for (name, field) in expr.references() {
            let fields = match at.known.get(name) {
                None => {
                    let what = format!("`{}`: nothing is called `{name}` here", expr.source());
                    let help = nearest(name, at.known.keys());
                    self.wrong(line, what, help);
                    continue;
                }
                Some(Known::Input { secret: true }) if !secret_ok => {
                    let what = format!(
                        "`{}`: `{name}` is secret and may only go to a secret argument",
                        expr.source()
                    );
                    self.wrong(line, what, None);
                    continue;
                }
                Some(Known::Later(_)) if !later_ok => {
                    let what = format!("`{}`: `{name}` is known only once it is written", expr.source());
                    self.wrong(line, what, None);
                    continue;
                }
                Some(Known::Input { .. } | Known::Chosen) => continue,
                Some(Known::Result(fields) | Known::Later(fields)) => fields,
            };
            if let Some(field) = field
                && !fields.iter().any(|known| known == field)
            {
                let what = format!("`{}`: `{name}` has no `{field}`", expr.source());
                let help = nearest(field, fields.iter());
                self.wrong(line, what, help);
            }
        }
    }

    fn words(&mut self, line: Option<u32>, words: &str) {
        if words.trim().is_empty() {
            self.wrong(line, "there are no words".to_owned(), None);
        }
    }

    fn wrong(&mut self, line: Option<u32>, what: String, help: Option<String>) {
        let problem = Problem::error(&self.skill.file, line, what);
        self.problems.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }
}

/// Inputs that go to a secret argument of an action.
pub(crate) fn secret_inputs(pack: &Pack, skill: &Skill) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    crate::skill::each_call(&skill.steps, &mut |call: &CallStep| {
        let Some(action) = pack.actions.get(&call.action) else { return };
        for (name, expr) in &call.with {
            if action.input(name).is_some_and(|field| field.secret) {
                secrets.extend(expr.references().map(|(name, _)| name.to_owned()));
            }
        }
    });
    secrets.retain(|name| skill.input(name).is_some());
    secrets
}

/// What two branches agree on once they meet again; a branch that has ended does not count.
fn join(left: Walk, right: Walk) -> Walk {
    match (left.ended, right.ended) {
        (true, _) => right,
        (false, true) => left,
        (false, false) => Walk {
            known: left
                .known
                .into_iter()
                .filter(|(name, known)| right.known.get(name) == Some(known))
                .collect(),
            confirmed: left.confirmed && right.confirmed,
            writes: left.writes.max(right.writes),
            stuck: left.stuck.or(right.stuck),
            ended: false,
        },
    }
}

fn references<'s>(steps: &'s [Step], used: &mut BTreeSet<&'s str>) {
    for step in steps {
        let exprs: Vec<&Expr> = match &step.what {
            StepKind::Read { call, .. } => call.with.iter().map(|(_, expr)| expr).collect(),
            StepKind::Write { call, when } => call.with.iter().map(|(_, expr)| expr).chain(when).collect(),
            StepKind::Branch { when, then, otherwise } => {
                references(then, used);
                references(otherwise, used);
                vec![when]
            }
            StepKind::Choose { from, .. } => vec![from],
            StepKind::Confirm { .. } | StepKind::Answer { .. } | StepKind::Refuse { .. } => Vec::new(),
        };
        used.extend(exprs.into_iter().flat_map(Expr::references).map(|(name, _)| name));
    }
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
