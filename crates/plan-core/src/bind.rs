//! Binding: walks a skill with what is known and stops where something is missing.
//!
//! [`bind`] is a function of the inputs and of the reads done so far. The shell performs the read it asks for, puts the
//! outcome into [`Reads`] and calls it again; so whatever the caller corrects, the walk starts over and asks only for reads
//! whose arguments have changed.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{CallId, NeedWhy, PlanId, Record, StepState, StepView, Value};
use thiserror::Error;

use crate::catalogue::{Action, Call, Follow, Undo};
use crate::expr::{Expr, ExprError};
use crate::load::secret_inputs;
use crate::plan::{Argument, ArgumentValue, Bound, Plan, Step, Write};
use crate::policy::{Question, RUN_PLAN, Verdict};
use crate::skill::{self, CallStep, NotFound, Pack, Skill, StepKind, accept_input};

/// A read for the shell to perform. Its `Debug` hides the arguments: they may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Read {
    /// How.
    pub call: Call,
    /// With what. May hold secrets: not for logs.
    pub arguments: Record,
}

impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Read").field("action", &self.call.action).finish_non_exhaustive()
    }
}

/// What came of a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOutcome {
    /// The answer.
    Found(Record),
    /// This argument names nothing.
    NotFound {
        /// Which, as the connector told; may be empty.
        argument: String,
    },
    /// The business does not tell.
    Refused {
        /// Why, for the operator.
        reason: String,
    },
}

/// Reads done for one plan. Kept in memory only: their arguments may be secret.
#[derive(Clone, Default)]
pub struct Reads(Vec<(Read, ReadOutcome)>);

impl Reads {
    /// Adds what came of a read.
    pub fn add(&mut self, read: Read, outcome: ReadOutcome) {
        if self.0.len() >= READS_MAX {
            self.0.remove(0);
        }
        self.0.push((read, outcome));
    }

    fn of(&self, call: &Call, arguments: &Record) -> Option<&ReadOutcome> {
        self.0
            .iter()
            .find(|(read, _)| read.call.action == call.action && read.arguments == *arguments)
            .map(|(_, outcome)| outcome)
    }
}

/// How far binding came, and what the caller has proved on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// What is next.
    pub next: Next,
    /// What the caller has proved to own, by reads that verify it.
    pub verified: BTreeSet<String>,
}

/// How far binding came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Perform this read, add its outcome, bind again.
    Read(Read),
    /// The caller must say more.
    Need {
        /// The input.
        input: String,
        /// Why.
        why: NeedWhy,
    },
    /// The caller must choose.
    Choose {
        /// The input that takes the number.
        input: String,
        /// Words to offer with.
        words: String,
        /// The options.
        options: Vec<Record>,
        /// All facts so far.
        facts: Record,
    },
    /// Everything is bound and allowed.
    Ready {
        /// The plan.
        plan: Box<Plan>,
        /// Words to read back with.
        words: String,
        /// All facts.
        facts: Record,
    },
    /// A skill that only reads: its answer.
    Answer {
        /// The words.
        words: String,
        /// All facts.
        facts: Record,
        /// The reads.
        steps: Vec<StepView>,
    },
    /// It will not be done.
    Refused(Refused),
}

/// Why a skill will not be done for this caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The words.
    pub words: String,
    /// All facts so far.
    pub facts: Record,
    /// A human shall go on.
    pub transfer: bool,
    /// Rules that decided; empty when the skill itself did.
    pub rules: Vec<String>,
    /// The action that was not permitted, if it was a policy's no.
    pub action: Option<String>,
    /// Steps so far.
    pub steps: Vec<StepView>,
}

/// A skill that cannot be bound, through no fault of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BindError {
    /// The pack has no such skill.
    #[error("there is no skill `{0}`")]
    UnknownSkill(String),
    /// An expression has no value over these facts.
    #[error("{action}: {error}")]
    Expression {
        /// Where.
        action: String,
        /// What.
        error: ExprError,
    },
    /// A connector answered something else than it declared.
    #[error("{action}: {what}")]
    Answer {
        /// The action.
        action: String,
        /// What is wrong.
        what: String,
    },
    /// A read found nothing or was refused, and the skill says not what to do then.
    #[error("{action}: {reason}")]
    ReadFailed {
        /// The action.
        action: String,
        /// What the connector said.
        reason: String,
    },
    /// There was nothing to choose from.
    #[error("there is nothing to choose `{0}` from")]
    NothingToChoose(String),
}

/// Binds a skill as far as the inputs and reads allow. What is not an input of the skill is ignored; what does not fit its
/// slot counts as not given.
///
/// # Errors
/// See [`BindError`]; all are for the operator, and for the caller a reason to bring in a human.
pub fn bind(
    pack: &Pack,
    skill: &str,
    id: &PlanId,
    call: CallId,
    inputs: &Record,
    reads: &Reads,
) -> Result<Binding, BindError> {
    let skill = pack.skills.get(skill).ok_or_else(|| BindError::UnknownSkill(skill.to_owned()))?;
    let given: Record = skill
        .inputs
        .iter()
        .filter_map(|(name, spec)| Some((name.clone(), accept_input(&spec.slot, inputs.get(name)?)?)))
        .collect();
    let mut walk = Walk {
        pack,
        skill,
        id,
        call,
        inputs,
        reads,
        secrets: secret_inputs(pack, skill),
        facts: given,
        verified: BTreeSet::new(),
        steps: Vec::new(),
        confirmed: None,
        later: BTreeSet::new(),
    };
    let next = walk.run()?;
    Ok(Binding { next, verified: walk.verified })
}

struct Walk<'w> {
    pack: &'w Pack,
    skill: &'w Skill,
    id: &'w PlanId,
    call: CallId,
    inputs: &'w Record,
    reads: &'w Reads,
    secrets: BTreeSet<String>,
    /// Inputs, results and choices by name; secrets too, until they are shown.
    facts: Record,
    verified: BTreeSet<String>,
    steps: Vec<Step>,
    confirmed: Option<String>,
    /// Names of results that only executing will bring.
    later: BTreeSet<String>,
}

/// Going on, or where the walk ends.
enum Flow {
    On,
    End(Next),
}

impl<'w> Walk<'w> {
    fn run(&mut self) -> Result<Next, BindError> {
        let skill = self.skill;
        if let Flow::End(next) = self.steps(&skill.steps)? {
            return Ok(next);
        }
        let words = self.confirmed.take().expect("the checks let no way through a skill end in nothing");
        self.finish(words)
    }

    fn steps(&mut self, steps: &[skill::Step]) -> Result<Flow, BindError> {
        for step in steps {
            if let Flow::End(next) = self.step(step)? {
                return Ok(Flow::End(next));
            }
        }
        Ok(Flow::On)
    }

    fn step(&mut self, step: &skill::Step) -> Result<Flow, BindError> {
        match &step.what {
            StepKind::Read { call, not_found } => self.read(call, not_found),
            StepKind::Write { call, when } => self.write(call, when.as_ref()),
            StepKind::Branch { when, then, otherwise } => {
                if let Some(need) = self.missing([when].into_iter()) {
                    return Ok(Flow::End(need));
                }
                let holds = when.holds(&self.facts).map_err(|error| expression("when", error))?;
                self.steps(if holds { then } else { otherwise })
            }
            StepKind::Choose { name, from, most, words } => self.choose(name, from, *most, words),
            StepKind::Confirm { words } => {
                self.confirmed = Some(words.clone());
                Ok(Flow::On)
            }
            StepKind::Answer { words } => {
                Ok(Flow::End(Next::Answer { words: words.clone(), facts: self.shown(), steps: self.views() }))
            }
            StepKind::Refuse { words, transfer } => Ok(Flow::End(Next::Refused(Refused {
                words: words.clone(),
                facts: self.shown(),
                transfer: *transfer,
                rules: Vec::new(),
                action: None,
                steps: self.views(),
            }))),
        }
    }

    fn read(&mut self, step: &CallStep, not_found: &[NotFound]) -> Result<Flow, BindError> {
        if let Some(need) = self.missing(step.with.iter().map(|(_, expr)| expr)) {
            return Ok(Flow::End(need));
        }
        let action = self.action(step)?;
        let arguments = self.arguments(step, action)?;
        let verdict = self.ask(action, &arguments)?;
        if !verdict.allowed {
            return Ok(Flow::End(self.denied(&action.call.action, verdict)));
        }
        let answer = match self.reads.of(&action.call, &arguments) {
            None => {
                return Ok(Flow::End(Next::Read(Read { call: action.call.clone(), arguments })));
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
            .accept(answer)
            .map_err(|what| BindError::Answer { action: step.action.clone(), what })?;
        if let Some(proved) =
            action.verifies.as_ref().and_then(|name| answer.get(name)).and_then(Value::as_text)
        {
            self.verified.insert(proved.to_owned());
        }
        self.push(step, verdict.rules, None);
        self.facts.insert(step.name.clone(), Value::Record(answer));
        Ok(Flow::On)
    }

    fn not_found(&self, step: &CallStep, cases: &[NotFound], argument: &str) -> Result<Flow, BindError> {
        // The connector names its argument; the input that went there is the one to ask for again.
        let input = step.with.iter().find(|(name, _)| name == argument).and_then(|(_, expr)| {
            cases.iter().find(|case| expr.references().any(|(name, _)| name == case.input))
        });
        let Some(case) = input.or(cases.first()) else {
            let reason = "nothing was found".to_owned();
            return Err(BindError::ReadFailed { action: step.action.clone(), reason });
        };
        let why = NeedWhy::NotFound { words: case.words.clone() };
        Ok(Flow::End(Next::Need { input: case.input.clone(), why }))
    }

    fn choose(&mut self, name: &str, from: &Expr, most: usize, words: &str) -> Result<Flow, BindError> {
        if let Some(need) = self.missing([from].into_iter()) {
            return Ok(Flow::End(need));
        }
        let list = from
            .value(&self.facts, crate::catalogue::FieldType::List)
            .map_err(|error| expression(name, error))?;
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
        self.facts.insert(name.to_owned(), Value::Record(chosen));
        Ok(Flow::On)
    }

    fn write(&mut self, step: &CallStep, when: Option<&Expr>) -> Result<Flow, BindError> {
        let exprs = step.with.iter().map(|(_, expr)| expr).chain(when);
        if let Some(need) = self.missing(exprs) {
            return Ok(Flow::End(need));
        }
        if let Some(when) = when
            && !when.holds(&self.facts).map_err(|error| expression(&step.action, error))?
        {
            return Ok(Flow::On);
        }
        let action = self.action(step)?;
        let mut arguments = Vec::new();
        for (name, expr) in &step.with {
            let kind = action.input(name).map(|field| field.kind).ok_or_else(|| BindError::Answer {
                action: step.action.clone(),
                what: format!("takes no `{name}`"),
            })?;
            let value = if expr.references().any(|(name, _)| self.later.contains(name)) {
                ArgumentValue::Later(expr.clone())
            } else {
                let value = expr.value(&self.facts, kind);
                ArgumentValue::Known(value.map_err(|error| expression(&step.action, error))?)
            };
            arguments.push(Argument { name: name.clone(), kind, value });
        }
        let write = Write {
            call: action.call.clone(),
            arguments,
            context: action.context.clone(),
            verify: action.verify.as_ref().and_then(|follow| self.follow(follow)),
            undo: match &action.undo {
                Undo::By(follow) => self.follow(follow),
                Undo::None | Undo::Undeclared => None,
            },
        };
        self.later.insert(step.name.clone());
        self.push(step, Vec::new(), Some(write));
        Ok(Flow::On)
    }

    fn follow(&self, follow: &Follow) -> Option<Bound> {
        let action = self.pack.actions.get(&follow.action)?;
        let with = follow
            .with
            .iter()
            .filter_map(|(name, expr)| Some((name.clone(), action.input(name)?.kind, expr.clone())));
        Some(Bound { call: action.call.clone(), with: with.collect() })
    }

    /// Everything is bound: asks for every write and for the whole, before anyone is promised anything.
    fn finish(&mut self, words: String) -> Result<Next, BindError> {
        let mut plan = Plan {
            id: self.id.clone(),
            pack: self.pack.name.clone(),
            skill: self.skill.name.clone(),
            call: self.call,
            verified: self.verified.clone(),
            steps: std::mem::take(&mut self.steps),
            facts: Record::new(),
            done: self.skill.done.clone(),
            failed: self.skill.failed.clone(),
            rules: Vec::new(),
        };
        let mut amount: i64 = 0;
        let mut writes: i64 = 0;
        for index in 0..plan.steps.len() {
            let Some(write) = &plan.steps[index].write else { continue };
            writes += 1;
            // What depends on a result to come is asked when it has come.
            let Some(arguments) = write.known() else { continue };
            let context = write.context(&arguments).map_err(|error| expression(&write.call.action, error))?;
            if let Some(Value::Int(minor)) = context.get("amount") {
                amount = amount.saturating_add(*minor);
            }
            let verdict = plan.permission(&self.pack.policy, write, &context);
            let action = write.call.action.clone();
            if !verdict.allowed {
                self.steps = plan.steps;
                return Ok(self.denied(&action, verdict));
            }
            plan.steps[index].rules = verdict.rules;
        }
        let skill = format!("{}/{}", plan.pack, plan.skill);
        let verdict = self.pack.policy.ask(&Question {
            caller: &self.call.to_string(),
            verified: &self.verified,
            action: RUN_PLAN,
            resource: ("Skill", &skill),
            context: &Record::from([
                ("writes".to_owned(), Value::Int(writes)),
                ("amount".to_owned(), Value::Int(amount)),
            ]),
        });
        if !verdict.allowed {
            self.steps = plan.steps;
            return Ok(self.denied(RUN_PLAN, verdict));
        }
        plan.rules = verdict.rules;
        plan.facts = self.needed_later(&plan);
        Ok(Next::Ready { facts: self.shown(), plan: Box::new(plan), words })
    }

    /// Facts that arguments to come still refer to. A whole record is kept only if an expression takes part of it, and then
    /// only those parts.
    fn needed_later(&self, plan: &Plan) -> Record {
        let mut kept: BTreeMap<String, Value> = BTreeMap::new();
        let later =
            plan.steps.iter().filter_map(|step| step.write.as_ref()).flat_map(|write| &write.arguments);
        for argument in later {
            let ArgumentValue::Later(expr) = &argument.value else { continue };
            for (name, field) in expr.references() {
                match (self.facts.get(name), field) {
                    (Some(Value::Record(record)), Some(field)) => {
                        let entry =
                            kept.entry(name.to_owned()).or_insert_with(|| Value::Record(Record::new()));
                        if let (Value::Record(part), Some(value)) = (entry, record.get(field)) {
                            part.insert(field.to_owned(), value.clone());
                        }
                    }
                    (Some(value), _) => {
                        kept.insert(name.to_owned(), value.clone());
                    }
                    (None, _) => {}
                }
            }
        }
        kept
    }

    /// The first input, in the order of asking, that these expressions need and that is not there.
    fn missing<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Option<Next> {
        let wanted: BTreeSet<&str> = exprs.flat_map(Expr::references).map(|(name, _)| name).collect();
        self.skill
            .inputs
            .iter()
            .find(|(name, _)| wanted.contains(name.as_str()) && !self.facts.contains_key(name))
            .map(|(name, _)| Next::Need { input: name.clone(), why: NeedWhy::Missing })
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
                let value = expr.value(&self.facts, kind).map_err(|error| expression(&step.action, error))?;
                Ok((name.clone(), value))
            })
            .collect()
    }

    fn ask(&self, action: &Action, arguments: &Record) -> Result<Verdict, BindError> {
        let context =
            action.policy_context(arguments).map_err(|error| expression(&action.call.action, error))?;
        Ok(self.pack.policy.ask(&Question {
            caller: &self.call.to_string(),
            verified: &self.verified,
            action: &action.call.action,
            resource: ("Connector", &action.call.connector),
            context: &context,
        }))
    }

    fn push(&mut self, step: &CallStep, rules: Vec<String>, write: Option<Write>) {
        let number = u32::try_from(self.steps.len() + 1).unwrap_or(u32::MAX);
        let (action, name) = (step.action.clone(), step.name.clone());
        self.steps.push(Step { number, action, name, rules, write });
    }

    fn denied(&self, action: &str, verdict: Verdict) -> Next {
        Next::Refused(Refused {
            words: verdict.words.unwrap_or_else(|| self.pack.denied.clone()),
            facts: self.shown(),
            transfer: verdict.transfer,
            rules: verdict.rules,
            action: Some(action.to_owned()),
            steps: self.views(),
        })
    }

    /// The facts that others may see: all but the secrets.
    fn shown(&self) -> Record {
        let mut facts = self.facts.clone();
        facts.retain(|name, _| !self.secrets.contains(name));
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

fn expression(action: &str, error: ExprError) -> BindError {
    BindError::Expression { action: action.to_owned(), error }
}

/// More reads than any skill makes; a caller who corrects themselves again and again drops the oldest.
const READS_MAX: usize = 64;
