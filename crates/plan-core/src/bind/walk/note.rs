//! What a walk notes for whoever wants to know why.

use callwright_model::Value;

use super::Walk;
use crate::expr::Expr;
use crate::load::secret_inputs;
use crate::policy::{Open, Verdict};
use crate::reason::{Because, Reason, Source, SourceValue};
use crate::skill::{self, Skill};

impl Walk<'_> {
    pub(super) fn judged(&mut self, number: Option<usize>, verdict: Result<&Verdict, Open>) {
        if let Some(reasons) = &mut self.reasons {
            let what = Because::Judged { number, verdict: verdict.cloned() };
            reasons.push(Reason { file: self.root.file.clone(), line: None, depth: 0, what });
        }
    }

    pub(super) fn because(&mut self, step: &skill::Step, what: impl FnOnce(&Self) -> Because) {
        if self.reasons.is_none() {
            return;
        }
        let (file, line) = (self.scope.skill.file.clone(), step.line);
        let reason = Reason { file, line, depth: self.scope.within.len(), what: what(self) };
        self.reasons.get_or_insert_default().push(reason);
    }

    /// Where each argument comes from.
    pub(super) fn sources(
        &self,
        with: &[(String, Expr)],
        filled: &[String],
        secret: impl Fn(&str) -> bool,
    ) -> Vec<Source> {
        with.iter()
            .map(|(name, expr)| Source {
                name: name.clone(),
                expr: expr.source().to_owned(),
                filled: filled.contains(name),
                value: match secret(name) {
                    true => SourceValue::Secret,
                    false if expr.references().any(|(name, _)| self.scope.later.contains(name)) => {
                        SourceValue::Later
                    }
                    false => expr.any(&self.scope.facts).map_or(SourceValue::Unknown, SourceValue::Known),
                },
            })
            .collect()
    }

    pub(super) fn hides(&self, skill: &Skill, input: &str) -> bool {
        secret_inputs(self.pack, skill).contains(input)
    }

    /// The facts that a condition looks at.
    pub(super) fn looked_at(&self, when: &Expr) -> Vec<(String, Value)> {
        when.references()
            .filter_map(|(name, field)| {
                let value = self.scope.facts.get(name)?;
                match field {
                    Some(field) => Some((format!("{name}.{field}"), value.at(field)?.clone())),
                    None => Some((name.to_owned(), value.clone())),
                }
            })
            .collect()
    }
}
