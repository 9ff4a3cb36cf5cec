//! The end of a walk that has bound everything: the policies are asked, and the plan is made.

use callwright_model::{Record, Value};

use super::{Walk, expression, keep};
use crate::bind::{BindError, Next, Refused};
use crate::plan::{ArgumentValue, Plan};
use crate::policy::{Question, RUN_PLAN, Verdict};

impl Walk<'_> {
    /// Everything is bound: asks for every write and for the whole, before anyone is promised anything.
    pub(super) fn finish(&mut self, words: String, read_back: Record) -> Result<Next, BindError> {
        // What is read back may be of a skill that is used; what is said after it is of this one.
        let mut shown = self.shown();
        shown.extend(read_back);
        let mut plan = Plan {
            id: self.id.clone(),
            pack: self.pack.name.clone(),
            skill: self.root.name.clone(),
            call: self.call,
            verified: self.verified.clone(),
            steps: std::mem::take(&mut self.steps),
            facts: Record::new(),
            done: self.root.done.clone(),
            failed: self.root.failed.clone(),
            rules: Vec::new(),
        };
        if plan.steps.iter().all(|step| step.write.is_none()) {
            return Err(BindError::NothingToDo);
        }
        let mut amount: i64 = 0;
        let mut writes: i64 = 0;
        for index in 0..plan.steps.len() {
            let Some(write) = &plan.steps[index].write else { continue };
            writes += 1;
            // What depends on a result to come is asked when it has come.
            let Some(context) = write.foreseen() else {
                self.judged(Some(index + 1), None);
                continue;
            };
            let context = context.map_err(|error| expression(&write.call.action, error))?;
            if let Some(Value::Int(minor)) = context.get("amount") {
                amount = amount.saturating_add(*minor);
            }
            let verdict = plan.permission(&self.pack.policy, write, &context);
            let action = write.call.action.clone();
            self.judged(Some(index + 1), Some(&verdict));
            if !verdict.allowed {
                self.steps = plan.steps;
                return Ok(self.denied(&action, verdict, shown));
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
        self.judged(None, Some(&verdict));
        if !verdict.allowed {
            self.steps = plan.steps;
            return Ok(self.denied(RUN_PLAN, verdict, shown));
        }
        plan.rules = verdict.rules;
        plan.facts = self.needed_later(&plan);
        Ok(Next::Ready { facts: shown, plan: Box::new(plan), words })
    }

    /// Facts that arguments to come still refer to, outside of loops and used skills.
    fn needed_later(&self, plan: &Plan) -> Record {
        let mut kept = Record::new();
        let outside = plan.steps.iter().filter(|step| step.within.is_empty());
        for argument in outside.filter_map(|step| step.write.as_ref()).flat_map(|write| &write.arguments) {
            if let ArgumentValue::Later(expr) = &argument.value {
                keep(&mut kept, expr, &self.scope.facts);
            }
        }
        kept
    }

    pub(super) fn denied(&self, action: &str, verdict: Verdict, facts: Record) -> Next {
        Next::Refused(Refused {
            words: verdict.words.unwrap_or_else(|| self.pack.denied.clone()),
            facts,
            transfer: verdict.transfer,
            rules: verdict.rules,
            action: Some(action.to_owned()),
            steps: self.views(),
        })
    }
}
