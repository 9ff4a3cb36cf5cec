//! A plan: a skill bound to facts, complete in itself, so that it can be carried out after a restart and by nothing else
//! than what is written here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use callwright_model::{ActionKind, CallId, PlanId, Record, StepState, StepView, Value};
use serde::{Deserialize, Serialize};

use crate::asker::{Asker, Now, Seen};
use crate::catalogue::{Call, FieldType, evaluate_context};
use crate::execute::Purpose;
use crate::expr::{Expr, ExprError};
use crate::policy::{Caller, Outlook, Policy, Question, RUN_PLAN, Verdict};

/// A plan that is bound and allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its identity.
    pub id: PlanId,
    /// Its pack.
    pub pack: String,
    /// Its skill.
    pub skill: String,
    /// The version of the skill that it was bound to; empty in plans of before there were versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The call it is for.
    pub call: CallId,
    /// What the caller has proved to own.
    pub verified: BTreeSet<String>,
    /// How sure that is: 0 when nothing is proved, 1 when something was named, 2 when a secret was told with it.
    #[serde(default)]
    pub level: i64,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Asker::is_nobody")]
    pub asker: Asker,
    /// Reads done and writes to come, numbered from 1.
    pub steps: Vec<Step>,
    /// Facts that arguments of later steps still need; nothing else of the facts is kept.
    pub facts: Record,
    /// What the caller gave for inputs that may be remembered over their calls.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub remembered: Record,
    /// Words of the claim.
    pub done: String,
    /// Words when it failed.
    pub failed: String,
    /// Rules that allowed the plan as a whole.
    pub rules: Vec<String>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Place in the plan, from 1.
    pub number: u32,
    /// The action.
    pub action: String,
    /// The name of its result.
    pub name: String,
    /// Rules that allowed it when the plan was bound; empty when that could not be asked yet.
    pub rules: Vec<String>,
    /// How it is written; `None` for a read, which is done.
    pub write: Option<Write>,
    /// The turns of loops and the uses of skills around it, each with a number of its own: names given inside are known inside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<u32>,
}

/// How a step is carried out and taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The call.
    pub call: Arc<Call>,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// Only if this holds, over results of earlier writes; else it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Expr>,
    /// Facts known only inside the loops and skills around it that its arguments still need; they hide the plan's.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub local: Record,
    /// What policies see of it.
    pub context: Vec<(String, Expr)>,
    /// The read that tells whether it was done.
    pub verify: Option<Bound>,
    /// What takes it back.
    pub undo: Option<Bound>,
}

/// One argument of a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: FieldType,
    /// Its value.
    pub value: ArgumentValue,
}

/// The value of an argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentValue {
    /// Known since the plan was bound.
    Known(Value),
    /// Needs the result of an earlier write.
    Later(Expr),
}

/// A call that follows from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The call.
    pub call: Arc<Call>,
    /// Its arguments over `input` and `result`, with their types.
    pub with: Vec<(String, FieldType, Expr)>,
}

impl Bound {
    pub(crate) fn arguments(&self, input: &Record, result: Option<&Record>) -> Result<Record, ExprError> {
        let mut facts = Record::from([("input".to_owned(), Value::Record(input.clone()))]);
        if let Some(result) = result {
            facts.insert("result".to_owned(), Value::Record(result.clone()));
        }
        self.with.iter().map(|(name, kind, expr)| Ok((name.clone(), expr.value(&facts, *kind)?))).collect()
    }
}

impl Write {
    /// Arguments that can be told from these facts; an error when one cannot.
    pub(crate) fn arguments(&self, facts: &Record) -> Result<Record, ExprError> {
        self.arguments
            .iter()
            .map(|argument| {
                let value = match &argument.value {
                    ArgumentValue::Known(value) => value.clone(),
                    ArgumentValue::Later(expr) => expr.value(facts, argument.kind)?,
                };
                Ok((argument.name.clone(), value))
            })
            .collect()
    }

    /// What policies see of it, as far as that depends on no result to come, and the names of what is left. An error when something has no
    /// value.
    pub(crate) fn foreseen(&self, seen: Seen<'_>) -> Result<(Record, Vec<&str>), ExprError> {
        let known: Record = self
            .arguments
            .iter()
            .filter_map(|argument| match &argument.value {
                ArgumentValue::Known(value) => Some((argument.name.clone(), value.clone())),
                ArgumentValue::Later(_) => None,
            })
            .collect();
        let all = known.len() == self.arguments.len();
        let sees = |(root, field): (&str, Option<&str>)| {
            root != "input" || field.map_or(all, |field| known.contains_key(field))
        };
        let (now, later): (Vec<_>, Vec<_>) =
            self.context.iter().partition(|(_, expr)| expr.references().all(sees));
        let later = later.into_iter().map(|(name, _)| name.as_str()).collect();
        Ok((evaluate_context(now, self.call.risk, &known, seen)?, later))
    }

    /// What policies see of it with these arguments.
    pub(crate) fn context(&self, arguments: &Record, seen: Seen<'_>) -> Result<Record, ExprError> {
        evaluate_context(&self.context, self.call.risk, arguments, seen)
    }
}

impl Plan {
    /// The step of this number.
    #[must_use]
    pub fn step(&self, number: u32) -> Option<&Step> {
        self.steps.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// The steps as they were when the plan was bound: reads done, writes to come.
    #[must_use]
    pub fn views(&self) -> Vec<StepView> {
        self.steps
            .iter()
            .map(|step| match step.write {
                None => step.view(StepState::Committed),
                Some(_) => step.view(StepState::Pending),
            })
            .collect()
    }

    /// How long is waited before an attempt of a step, or of what is called for its sake.
    pub(crate) fn wait(&self, call: &Call, step: u32, purpose: Purpose, attempt: u32) -> Duration {
        let what = match purpose {
            Purpose::Write => format!("{step}"),
            Purpose::Verify => format!("{step}:verify"),
            Purpose::Undo => format!("{step}:undo"),
        };
        call.backoff.wait(&self.id, &what, attempt)
    }

    /// Asks whether a write may be done, with what these roles have approved of it.
    pub(crate) fn permission(
        &self,
        policy: &Policy,
        write: &Write,
        context: &Record,
        approved: &BTreeSet<&str>,
    ) -> Verdict {
        let name = self.call.to_string();
        let question = Question {
            caller: self.caller(&name),
            action: &write.call.action,
            resource: ("Connector", &write.call.connector),
            context,
        };
        policy.ask_with(&question, approved)
    }

    /// What can be said beforehand of a write when these parts of what policies see of it are still to come.
    pub(crate) fn outlook(&self, policy: &Policy, write: &Write, known: &Record, later: &[&str]) -> Outlook {
        let name = self.call.to_string();
        let question = Question {
            caller: self.caller(&name),
            action: &write.call.action,
            resource: ("Connector", &write.call.connector),
            context: known,
        };
        policy.outlook(&question, later)
    }

    fn caller<'p>(&'p self, name: &'p str) -> Caller<'p> {
        Caller { name, verified: &self.verified, level: self.level, consents: &self.asker.consents }
    }

    /// What policies see at this time besides a call's arguments.
    pub(crate) fn seen<'s>(&'s self, now: &'s Now) -> Seen<'s> {
        Seen { asker: &self.asker, verified: &self.verified, level: self.level, now }
    }

    /// Asks whether the plan as a whole may be carried out: so many writes, and so much money as can be foreseen.
    pub(crate) fn permission_of_all(
        &self,
        policy: &Policy,
        approved: &BTreeSet<&str>,
        seen: Seen<'_>,
    ) -> Verdict {
        let (mut writes, mut amount) = (0_i64, 0_i64);
        for write in self.steps.iter().filter_map(|step| step.write.as_ref()) {
            writes += 1;
            if let Ok((context, _)) = write.foreseen(seen)
                && let Some(Value::Int(minor)) = context.get("amount")
            {
                amount = amount.saturating_add(*minor);
            }
        }
        let name = self.call.to_string();
        let question = Question {
            caller: self.caller(&name),
            action: RUN_PLAN,
            resource: ("Skill", &format!("{}/{}", self.pack, self.skill)),
            context: &Record::from([
                ("writes".to_owned(), Value::Int(writes)),
                ("amount".to_owned(), Value::Int(amount)),
            ]),
        };
        policy.ask_with(&question, approved)
    }
}

impl Step {
    /// The step for people to look at.
    #[must_use]
    pub fn view(&self, state: StepState) -> StepView {
        let kind = if self.write.is_some() { ActionKind::Write } else { ActionKind::Read };
        StepView { number: self.number, action: self.action.clone(), kind, state }
    }

    /// The key under which it is written, the same at each attempt.
    #[must_use]
    pub fn idempotency_key(&self, plan: &PlanId) -> String {
        format!("{plan}:{}", self.number)
    }

    /// The key under which it is taken back.
    #[must_use]
    pub fn undo_key(&self, plan: &PlanId) -> String {
        format!("{plan}:{}:undo", self.number)
    }
}
