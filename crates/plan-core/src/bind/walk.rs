//! The walk through a skill's steps, with the names that are known at each.

mod finish;
mod note;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use callwright_model::{InputSpec, NeedWhy, Record, StepState, StepView, Value};

use super::{BindError, Next, Read, ReadOutcome, Reads, Refused};
use crate::asker::{Seen, Whose, level_of};
use crate::catalogue::{Action, FieldType, Follow, Undo};
use crate::expr::{Expr, ExprError};
use crate::load::secret_inputs;
use crate::plan::{Argument, ArgumentValue, Bound, Step, Write};
use crate::policy::{Caller, Question, Ruling, Verdict};
use crate::reason::{Because, Reason};
use crate::skill::{self, CallStep, NotFound, Pack, Skill, StepKind, accept_input, slot_type};

pub(super) struct Walk<'w> {
    pack: &'w Pack,
    /// The skill that the caller asked for.
    root: &'w Skill,
    whose: Whose<'w>,
    inputs: &'w Record,
    reads: &'w Reads,
    scope: Scope<'w>,
    pub(super) verified: BTreeSet<String>,
    /// How sure that is.
    pub(super) level: i64,
    steps: Vec<Step>,
    /// The words to read back with, and the facts they may name.
    confirmed: Option<(String, Record)>,
    /// Turns of loops and uses of skills so far.
    scopes: u32,
    /// Why things are as they are, if somebody wants to know.
    pub(super) reasons: Option<Vec<Reason>>,
}

/// What is known by name at a place: a skill that is used has names of its own.
#[derive(Clone)]
struct Scope<'w> {
    skill: &'w Skill,
    secrets: BTreeSet<String>,
    /// Inputs, results and choices by name; secrets too, until they are shown.
    facts: Record,
    /// Names of results that only executing will bring.
    later: BTreeSet<String>,
    /// For each input of the skill, the root's input that the caller is asked for when it is missing or wrong.
    asks: BTreeMap<String, String>,
    within: Vec<u32>,
}

/// Going on, or where the walk ends.
enum Flow {
    On,
    End(Next),
}

impl<'w> Walk<'w> {
    pub(super) fn new(
        pack: &'w Pack,
        root: &'w Skill,
        whose: Whose<'w>,
        inputs: &'w Record,
        reads: &'w Reads,
        reasons: Option<Vec<Reason>>,
    ) -> Self {
        let given = |(name, spec): &(String, InputSpec)| {
            Some((name.clone(), accept_input(&spec.slot, inputs.get(name)?)?))
        };
        let scope = Scope {
            skill: root,
            secrets: secret_inputs(pack, root),
            facts: root.inputs.iter().filter_map(given).collect(),
            later: BTreeSet::new(),
            asks: root.inputs.iter().map(|(name, _)| (name.clone(), name.clone())).collect(),
            within: Vec::new(),
        };
        let (verified, steps) = (BTreeSet::new(), Vec::new());
        Self {
            pack,
            root,
            whose,
            inputs,
            reads,
            scope,
            verified,
            level: 0,
            steps,
            confirmed: None,
            scopes: 0,
            reasons,
        }
    }

    pub(super) fn run(&mut self) -> Result<Next, BindError> {
        let root = self.root;
        if let Flow::End(next) = self.steps(&root.steps)? {
            return Ok(next);
        }
        // The checks let no way through a skill end in nothing; an `internal` one is nobody's to ask for.
        let Some((words, shown)) = self.confirmed.take() else {
            return Err(BindError::UnknownSkill(root.name.clone()));
        };
        self.finish(words, shown)
    }

    fn steps(&mut self, steps: &'w [skill::Step]) -> Result<Flow, BindError> {
        for step in steps {
            if let Flow::End(next) = self.step(step)? {
                return Ok(Flow::End(next));
            }
        }
        Ok(Flow::On)
    }

    fn step(&mut self, step: &'w skill::Step) -> Result<Flow, BindError> {
        match &step.what {
            StepKind::Read { call, not_found } => self.read(step, call, not_found),
            StepKind::Write { call, when } => self.write(step, call, when.as_ref()),
            StepKind::Branch { when, then, otherwise } => {
                if let Some(need) = self.missing([when].into_iter()) {
                    return Ok(Flow::End(need));
                }
                let holds = when.holds(&self.scope.facts).map_err(|error| expression("when", error))?;
                self.because(step, |walk| Because::Branch {
                    when: when.source().to_owned(),
                    looked_at: walk.looked_at(when),
                    holds,
                });
                self.steps(if holds { then } else { otherwise })
            }
            StepKind::ForEach { item, list, most, name, steps } => {
                self.for_each(step, item, list, *most, name.as_deref(), steps)
            }
            StepKind::Use { skill, with, name } => self.used(step, skill, with, name),
            StepKind::Ask { input } => {
                let scope = &self.scope;
                if scope.facts.contains_key(input) {
                    return Ok(Flow::On);
                }
                let input = scope.asks.get(input).unwrap_or(input).clone();
                Ok(Flow::End(Next::Need { input, why: NeedWhy::Missing }))
            }
            StepKind::Choose { name, from, most, words } => self.choose(step, name, from, *most, words),
            StepKind::Confirm { words } => {
                self.confirmed = Some((words.clone(), self.shown()));
                self.because(step, |_| Because::Confirmed { words: words.clone() });
                Ok(Flow::On)
            }
            StepKind::Answer { words } => {
                self.because(step, |_| Because::Answered { words: words.clone() });
                Ok(Flow::End(Next::Answer { words: words.clone(), facts: self.shown(), steps: self.views() }))
            }
            StepKind::Refuse { words, transfer } => {
                self.because(step, |_| Because::Refused { words: words.clone(), transfer: *transfer });
                Ok(Flow::End(Next::Refused(Refused {
                    words: words.clone(),
                    facts: self.shown(),
                    transfer: *transfer,
                    rules: Vec::new(),
                    action: None,
                    steps: self.views(),
                })))
            }
        }
    }

    fn for_each(
        &mut self,
        step: &skill::Step,
        item: &str,
        list: &Expr,
        most: usize,
        name: Option<&str>,
        steps: &'w [skill::Step],
    ) -> Result<Flow, BindError> {
        if let Some(need) = self.missing([list].into_iter()) {
            return Ok(Flow::End(need));
        }
        let items = match list.value(&self.scope.facts, FieldType::List) {
            Ok(Value::List(items)) => items,
            Ok(_) => Vec::new(),
            Err(error) => return Err(expression("for_each", error)),
        };
        let length = items.len();
        if length > most {
            return Err(BindError::TooMany { list: list.source().to_owned(), length, most });
        }
        let outer = self.scope.clone();
        let mut brought = Vec::new();
        for (turn, value) in (1..).zip(items) {
            self.because(step, |_| Because::Turn {
                item: item.to_owned(),
                list: list.source().to_owned(),
                turn,
                of: length,
                most,
            });
            self.scopes += 1;
            self.scope.within.push(self.scopes);
            self.scope.facts.insert(item.to_owned(), value);
            if let Flow::End(next) = self.steps(steps)? {
                return Ok(Flow::End(next));
            }
            let turn = std::mem::replace(&mut self.scope, outer.clone());
            brought.push(Value::Record(turn.beyond(&outer.facts)));
        }
        if length == 0 {
            self.because(step, |_| Because::Turn {
                item: item.to_owned(),
                list: list.source().to_owned(),
                turn: 0,
                of: 0,
                most,
            });
        }
        if let Some(name) = name {
            self.scope.facts.insert(name.to_owned(), Value::List(brought));
        }
        Ok(Flow::On)
    }

    fn used(
        &mut self,
        step: &skill::Step,
        used: &str,
        with: &[(String, Expr)],
        name: &str,
    ) -> Result<Flow, BindError> {
        let inner = self.pack.skills.get(used).ok_or_else(|| BindError::UnknownSkill(used.to_owned()))?;
        let (mut facts, mut asks) = (Record::new(), BTreeMap::new());
        for (input, spec) in &inner.inputs {
            let Some((_, expr)) = with.iter().find(|(given, _)| given == input) else { continue };
            // The caller is asked only when a step of it needs the input, as in any skill.
            let missing = self.missing_input([expr].into_iter());
            if missing.is_none() {
                let value = expr.value(&self.scope.facts, slot_type(&spec.slot));
                facts.insert(input.clone(), value.map_err(|error| expression(used, error))?);
            }
            let said = expr.references().find_map(|(name, _)| self.scope.asks.get(name));
            asks.extend(missing.or_else(|| said.cloned()).map(|asked| (input.clone(), asked)));
        }
        self.because(step, |walk| Because::Used {
            skill: used.to_owned(),
            with: walk.sources(with, &[], |input| walk.hides(inner, input)),
        });
        self.scopes += 1;
        let mut within = self.scope.within.clone();
        within.push(self.scopes);
        let scope = Scope {
            skill: inner,
            secrets: secret_inputs(self.pack, inner),
            facts,
            later: BTreeSet::new(),
            asks,
            within,
        };
        let given = scope.facts.clone();
        let outer = std::mem::replace(&mut self.scope, scope);
        if let Flow::End(next) = self.steps(&inner.steps)? {
            return Ok(Flow::End(next));
        }
        let scope = std::mem::replace(&mut self.scope, outer);
        self.scope.facts.insert(name.to_owned(), Value::Record(scope.beyond(&given)));
        Ok(Flow::On)
    }

    fn read(&mut self, at: &skill::Step, step: &CallStep, not_found: &[NotFound]) -> Result<Flow, BindError> {
        if let Some(need) = self.missing(step.with.iter().map(|(_, expr)| expr)) {
            return Ok(Flow::End(need));
        }
        let action = self.action(step)?;
        let arguments = self.arguments(step, action)?;
        required(action, &arguments)?;
        let verdict = self.ask(action, &arguments)?;
        self.because(at, |walk| Because::Read {
            number: walk.steps.len() + 1,
            call: step.clone(),
            with: walk.sources(&step.with, &step.filled, |name| {
                action.input(name).is_some_and(|field| field.secret)
            }),
            verdict: verdict.clone(),
        });
        let refused = match verdict.ruling {
            Ruling::Allowed => None,
            // The checks let no rule make a read wait for somebody.
            Ruling::NeedsApproval(_) => Some((None, false)),
            Ruling::Denied { words, transfer } => Some((words, transfer)),
        };
        if let Some(how) = refused {
            return Ok(Flow::End(self.denied(&action.call.action, verdict.rules, how, self.shown())));
        }
        let answer = match self.reads.of(&action.call, &arguments) {
            None => {
                return Ok(Flow::End(Next::Read(Read { call: Arc::clone(&action.call), arguments })));
            }
            Some(ReadOutcome::Found(answer)) => answer.clone(),
            Some(ReadOutcome::NotFound { argument }) => return self.not_found(step, not_found, argument),
            Some(ReadOutcome::Refused { reason }) => {
                let action = step.action.clone();
                return Err(BindError::ReadFailed { action, reason: reason.clone() });
            }
        };
        let answer = action
            .call
            .accept(&arguments, answer)
            .map_err(|what| BindError::Answer { action: step.action.clone(), what })?;
        if let Some(proved) =
            action.verifies.as_ref().and_then(|name| answer.get(name)).and_then(Value::as_text)
        {
            self.verified.insert(proved.to_owned());
            self.level = self.level.max(level_of(action.takes_secret()));
        }
        self.push(step, verdict.rules, None);
        self.scope.facts.insert(step.name.clone(), Value::Record(answer));
        Ok(Flow::On)
    }

    fn not_found(&self, step: &CallStep, cases: &[NotFound], argument: &str) -> Result<Flow, BindError> {
        // The connector names its argument; the input that went there is the one to ask for again.
        let input = step.with.iter().find(|(name, _)| name == argument).and_then(|(_, expr)| {
            cases.iter().find(|case| expr.references().any(|(name, _)| name == case.input))
        });
        let case = input.or(cases.first());
        let Some((case, input)) = case.and_then(|case| Some((case, self.scope.asks.get(&case.input)?)))
        else {
            let reason = "nothing was found".to_owned();
            return Err(BindError::ReadFailed { action: step.action.clone(), reason });
        };
        let why = NeedWhy::NotFound { words: case.words.clone() };
        Ok(Flow::End(Next::Need { input: input.clone(), why }))
    }

    fn choose(
        &mut self,
        step: &skill::Step,
        name: &str,
        from: &Expr,
        most: usize,
        words: &str,
    ) -> Result<Flow, BindError> {
        if let Some(need) = self.missing([from].into_iter()) {
            return Ok(Flow::End(need));
        }
        let list = from.value(&self.scope.facts, FieldType::List).map_err(|error| expression(name, error))?;
        let Value::List(values) = list else { return Err(BindError::NothingToChoose(name.to_owned())) };
        let mut options: Vec<Record> = values
            .into_iter()
            .filter_map(|value| match value {
                Value::Record(record) => Some(record),
                _ => None,
            })
            .take(most)
            .collect();
        let chosen = match self.inputs.get(name) {
            Some(Value::Int(number)) => usize::try_from(*number).ok().and_then(|n| n.checked_sub(1)),
            _ => None,
        };
        self.because(step, |_| Because::Chosen {
            name: name.to_owned(),
            from: from.source().to_owned(),
            options: options.len(),
            chosen: chosen.map(|index| index + 1),
        });
        let chosen = match (options.len(), chosen) {
            (0, _) => return Err(BindError::NothingToChoose(name.to_owned())),
            (1, _) => options.remove(0),
            (length, Some(index)) if index < length => options.swap_remove(index),
            (_, _) => {
                return Ok(Flow::End(Next::Choose {
                    input: name.to_owned(),
                    words: words.to_owned(),
                    options,
                    facts: self.shown(),
                }));
            }
        };
        self.scope.facts.insert(name.to_owned(), Value::Record(chosen));
        Ok(Flow::On)
    }

    fn write(&mut self, at: &skill::Step, step: &CallStep, when: Option<&Expr>) -> Result<Flow, BindError> {
        let exprs = step.with.iter().map(|(_, expr)| expr).chain(when);
        if let Some(need) = self.missing(exprs) {
            return Ok(Flow::End(need));
        }
        // What depends on results of earlier writes is decided when they are there.
        let (when, later) = match when {
            Some(when) if when.references().any(|(name, _)| self.scope.later.contains(name)) => {
                (None, Some(when))
            }
            when => (when, None),
        };
        if let Some(when) = when {
            let holds = when.holds(&self.scope.facts).map_err(|error| expression(&step.action, error))?;
            self.because(at, |walk| Because::Branch {
                when: when.source().to_owned(),
                looked_at: walk.looked_at(when),
                holds,
            });
            if !holds {
                return Ok(Flow::On);
            }
        }
        let action = self.action(step)?;
        let (mut arguments, mut local) = (Vec::new(), Record::new());
        for (name, expr) in &step.with {
            let kind = action.input(name).map(|field| field.kind).ok_or_else(|| BindError::Answer {
                action: step.action.clone(),
                what: format!("takes no `{name}`"),
            })?;
            let value = if expr.references().any(|(name, _)| self.scope.later.contains(name)) {
                local.extend(self.local(expr));
                ArgumentValue::Later(expr.clone())
            } else {
                let value = expr.value(&self.scope.facts, kind);
                ArgumentValue::Known(value.map_err(|error| expression(&step.action, error))?)
            };
            arguments.push(Argument { name: name.clone(), kind, value });
        }
        if let Some(when) = later {
            local.extend(self.local(when));
        }
        let known = arguments.iter().filter_map(|argument: &Argument| match &argument.value {
            ArgumentValue::Known(value) => Some((argument.name.clone(), value.clone())),
            ArgumentValue::Later(_) => None,
        });
        required(action, &known.collect())?;
        let write = Write {
            call: Arc::clone(&action.call),
            arguments,
            when: later.cloned(),
            local,
            context: action.context.clone(),
            verify: action.verify.as_ref().and_then(|follow| self.follow(follow)),
            undo: match &action.undo {
                Undo::By(follow) => self.follow(follow),
                Undo::None | Undo::Undeclared => None,
            },
        };
        self.because(at, |walk| Because::Write {
            number: walk.steps.len() + 1,
            call: step.clone(),
            with: walk.sources(&step.with, &step.filled, |_| false),
        });
        self.scope.later.insert(step.name.clone());
        self.push(step, Vec::new(), Some(write));
        Ok(Flow::On)
    }

    /// What a write inside a loop or a used skill must keep for an argument to come: outside, these names are not known.
    fn local(&self, expr: &Expr) -> Record {
        if self.scope.within.is_empty() {
            return Record::new();
        }
        let mut kept = Record::new();
        keep(&mut kept, expr, &self.scope.facts);
        kept
    }

    fn follow(&self, follow: &Follow) -> Option<Bound> {
        let action = self.pack.actions.get(&follow.action)?;
        let with = follow
            .with
            .iter()
            .filter_map(|(name, expr)| Some((name.clone(), action.input(name)?.kind, expr.clone())));
        Some(Bound { call: Arc::clone(&action.call), with: with.collect() })
    }

    /// The caller must say more before these expressions have a value.
    fn missing<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Option<Next> {
        let input = self.missing_input(exprs)?;
        Some(Next::Need { input, why: NeedWhy::Missing })
    }

    /// The first input, in the order of asking, that these expressions need and that is not there; as the caller is asked for it.
    fn missing_input<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Option<String> {
        let wanted: BTreeSet<&str> = exprs.flat_map(Expr::references).map(|(name, _)| name).collect();
        let scope = &self.scope;
        let mut inputs = scope.skill.inputs.iter().map(|(name, _)| name);
        let missing = |name: &&String| wanted.contains(name.as_str()) && !scope.facts.contains_key(*name);
        inputs.find(missing).map(|name| scope.asks.get(name).unwrap_or(name).clone())
    }

    fn action(&self, step: &CallStep) -> Result<&'w Action, BindError> {
        self.pack.actions.get(&step.action).ok_or_else(|| BindError::Answer {
            action: step.action.clone(),
            what: "there is no such action".to_owned(),
        })
    }

    fn arguments(&self, step: &CallStep, action: &Action) -> Result<Record, BindError> {
        step.with
            .iter()
            .filter_map(|(name, expr)| Some((name, expr, action.input(name)?.kind)))
            .map(|(name, expr, kind)| {
                let value =
                    expr.value(&self.scope.facts, kind).map_err(|error| expression(&step.action, error))?;
                Ok((name.clone(), value))
            })
            .collect()
    }

    fn ask(&self, action: &Action, arguments: &Record) -> Result<Verdict, BindError> {
        let Whose { asker, now, call, .. } = self.whose;
        let seen = Seen { asker, verified: &self.verified, level: self.level, now };
        let context =
            action.policy_context(arguments, seen).map_err(|error| expression(&action.call.action, error))?;
        let (name, consents) = (call.to_string(), &asker.consents);
        Ok(self.pack.policy.ask(&Question {
            caller: Caller { name: &name, verified: &self.verified, level: self.level, consents },
            action: &action.call.action,
            resource: ("Connector", &action.call.connector),
            context: &context,
        }))
    }

    fn push(&mut self, step: &CallStep, rules: Vec<String>, write: Option<Write>) {
        let number = u32::try_from(self.steps.len() + 1).unwrap_or(u32::MAX);
        let (action, name) = (step.action.clone(), step.name.clone());
        let within = self.scope.within.clone();
        self.steps.push(Step { number, action, name, rules, write, within });
    }

    /// The facts that others may see: all but the secrets.
    fn shown(&self) -> Record {
        let mut facts = self.scope.facts.clone();
        facts.retain(|name, _| !self.scope.secrets.contains(name));
        facts
    }

    fn views(&self) -> Vec<StepView> {
        self.steps
            .iter()
            .map(|step| {
                let state = if step.write.is_some() { StepState::Pending } else { StepState::Committed };
                step.view(state)
            })
            .collect()
    }
}

impl Scope<'_> {
    /// The facts that came after these; no secrets, and nothing of what was there.
    fn beyond(self, before: &Record) -> Record {
        let Self { mut facts, secrets, .. } = self;
        facts.retain(|name, _| !before.contains_key(name) && !secrets.contains(name));
        facts
    }
}

/// Keeps what an expression refers to. A whole record is kept only if an expression takes no part of it; else only the parts are.
fn keep(kept: &mut Record, expr: &Expr, facts: &Record) {
    for (name, field) in expr.references() {
        match (facts.get(name), field) {
            (Some(Value::Record(record)), Some(field)) => {
                let entry = kept.entry(name.to_owned()).or_insert_with(|| Value::Record(Record::new()));
                if let (Value::Record(part), Some(value)) = (entry, record.get(field)) {
                    part.insert(field.to_owned(), value.clone());
                }
            }
            (Some(value), _) => drop(kept.insert(name.to_owned(), value.clone())),
            (None, _) => {}
        }
    }
}

/// What an action requires of arguments, as far as they are known.
fn required(action: &Action, known: &Record) -> Result<(), BindError> {
    match action.call.unmet(known) {
        Some(unmet) => {
            Err(BindError::Unmet { action: action.call.action.clone(), condition: unmet.source().to_owned() })
        }
        None => Ok(()),
    }
}

fn expression(action: &str, error: ExprError) -> BindError {
    BindError::Expression { action: action.to_owned(), error }
}
