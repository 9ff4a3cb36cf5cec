//! The end of a walk that has bound everything: the policies are asked, and the plan is made.

use std::collections::BTreeSet;

use callwright_model::{InputSpec, MemoryRules, Record};

use super::{Walk, expression, keep};
use crate::bind::{BindError, Next, Refused};
use crate::load::secret_inputs;
use crate::plan::{ArgumentValue, Plan};
use crate::policy::{Outlook, RUN_PLAN, Ruling};
use crate::skill::accept_input;

impl Walk<'_> {
    /// Everything is bound: asks for every write and for the whole, before anyone is promised anything.
    pub(super) fn finish(&mut self, words: String, read_back: Record) -> Result<Next, BindError> {
        // What is read back may be of a skill that is used; what is said after it is of this one.
        let mut shown = self.shown();
        shown.extend(read_back);
        let mut plan = Plan {
            id: self.whose.plan.clone(),
            pack: self.pack.name.clone(),
            skill: self.root.name.clone(),
            version: self.root.version.clone(),
            call: self.whose.call,
            verified: self.verified.clone(),
            level: self.level,
            asker: self.whose.asker.clone(),
            steps: std::mem::take(&mut self.steps),
            facts: Record::new(),
            remembered: self.remembered(),
            done: self.root.done.clone(),
            failed: self.root.failed.clone(),
            rules: Vec::new(),
        };
        if plan.steps.iter().all(|step| step.write.is_none()) {
            return Err(BindError::NothingToDo);
        }
        let now = self.whose.now;
        // What somebody must approve is asked of them once the caller has said yes; until then it counts as not asked yet.
        for index in 0..plan.steps.len() {
            let Some(write) = &plan.steps[index].write else { continue };
            let action = write.call.action.clone();
            let foreseen = write.foreseen(plan.seen(now)).map_err(|error| expression(&action, error))?;
            let (context, later) = foreseen;
            let verdict = if later.is_empty() {
                plan.permission(&self.pack.policy, write, &context, &BTreeSet::new())
            } else {
                match plan.outlook(&self.pack.policy, write, &context, &later) {
                    Outlook::Denied(verdict) => verdict,
                    // It depends on a result to come, and is asked when that has come.
                    Outlook::Open(open) => {
                        self.judged(Some(index + 1), Err(open));
                        continue;
                    }
                }
            };
            self.judged(Some(index + 1), Ok(&verdict));
            match verdict.ruling {
                Ruling::Allowed => plan.steps[index].rules = verdict.rules,
                Ruling::NeedsApproval(_) => {}
                Ruling::Denied { words, transfer } => {
                    self.steps = plan.steps;
                    return Ok(self.denied(&action, verdict.rules, (words, transfer), shown));
                }
            }
        }
        let verdict = plan.permission_of_all(&self.pack.policy, &BTreeSet::new(), plan.seen(now));
        self.judged(None, Ok(&verdict));
        match verdict.ruling {
            Ruling::Allowed => plan.rules = verdict.rules,
            Ruling::NeedsApproval(_) => {}
            Ruling::Denied { words, transfer } => {
                self.steps = plan.steps;
                return Ok(self.denied(RUN_PLAN, verdict.rules, (words, transfer), shown));
            }
        }
        plan.facts = self.needed_later(&plan);
        Ok(Next::Ready { facts: shown, plan: Box::new(plan), words })
    }

    /// What may be remembered of the caller, no secret and nothing without the consent that the pack wants for it.
    fn remembered(&self) -> Record {
        let consented = |rules: &MemoryRules| {
            rules.consent.as_ref().is_none_or(|consent| self.whose.asker.consents.contains(consent))
        };
        if !self.pack.memory.as_ref().is_some_and(consented) {
            return Record::new();
        }
        let secrets = secret_inputs(self.pack, self.root);
        let may = |(name, spec): &&(String, InputSpec)| spec.remember && !secrets.contains(name);
        let given = |(name, spec): &(String, InputSpec)| {
            Some((name.clone(), accept_input(&spec.slot, self.inputs.get(name)?)?))
        };
        self.root.inputs.iter().filter(may).filter_map(given).collect()
    }

    /// Facts that arguments and conditions to come still refer to, outside of loops and used skills.
    fn needed_later(&self, plan: &Plan) -> Record {
        let mut kept = Record::new();
        let outside = plan.steps.iter().filter(|step| step.within.is_empty());
        for write in outside.filter_map(|step| step.write.as_ref()) {
            let later = write.arguments.iter().filter_map(|argument| match &argument.value {
                ArgumentValue::Later(expr) => Some(expr),
                ArgumentValue::Known(_) => None,
            });
            later.chain(&write.when).for_each(|expr| keep(&mut kept, expr, &self.scope.facts));
        }
        kept
    }

    pub(super) fn denied(
        &self,
        action: &str,
        rules: Vec<String>,
        (words, transfer): (Option<String>, bool),
        facts: Record,
    ) -> Next {
        Next::Refused(Refused {
            words: words.unwrap_or_else(|| self.pack.denied.clone()),
            facts,
            transfer,
            rules,
            action: Some(action.to_owned()),
            steps: self.views(),
        })
    }
}
