//! What is known at a point of a skill, and whether an expression there has a value of the right type.

use std::collections::BTreeMap;

use callwright_model::{ActionKind, Problem};

use super::super::{misfit, nearest, record};
use super::{SkillCheck, Walk};
use crate::expr::{Expr, Type};
use crate::skill::CallStep;

/// What is known of a name at some point of a skill.
#[derive(Clone, PartialEq)]
pub(super) struct Known {
    pub(super) kind: Type,
    pub(super) from: From,
}

#[derive(Clone, PartialEq)]
pub(super) enum From {
    /// An input; a secret one may only go to secret arguments.
    Input { secret: bool },
    /// Something that is known before the confirmation.
    Fact,
    /// The result of a write, known only while executing; of one with a condition, only where that holds too.
    Later { when: Option<String> },
}

/// Where an expression stands: what it may refer to.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'p> {
    pub(super) line: Option<u32>,
    pub(super) secret: bool,
    pub(super) later: bool,
    pub(super) when: Option<&'p Expr>,
}

impl SkillCheck<'_> {
    pub(super) fn call(
        &mut self,
        line: Option<u32>,
        call: &CallStep,
        kind: ActionKind,
        when: Option<&Expr>,
        at: &mut Walk,
    ) {
        let Some(action) = self.pack.actions.get(&call.action) else {
            let what = format!("there is no action `{}` in actions.yaml", call.action);
            let help = nearest(&call.action, self.pack.actions.keys());
            self.wrong(line, what, help);
            self.define(line, &call.name, Known { kind: Type::Any, from: From::Fact }, at);
            return;
        };
        if action.kind != kind {
            let (is, said) = match kind {
                ActionKind::Read => ("writes", "read"),
                ActionKind::Write => ("only reads", "write"),
            };
            self.wrong(line, format!("`{}` {is}, but the step says `{said}`", call.action), None);
        }
        for (name, expr) in &call.with {
            let field = action.input(name);
            if field.is_none() {
                let what = format!("`{}` takes no `{name}`", call.action);
                let help = nearest(name, action.inputs.iter().map(|field| &field.name));
                self.wrong(line, what, help);
            }
            let secret = field.is_some_and(|field| field.secret);
            let place = Place { line, secret, later: kind == ActionKind::Write, when };
            if let Some(kind) = self.value(expr, at, place)
                && let Some(field) = field
                && !kind.is(&field.type_of())
            {
                self.wrong(line, format!("`{}`: {}", call.action, misfit(expr.source(), &kind, field)), None);
            }
        }
        let from = match kind {
            ActionKind::Read => From::Fact,
            ActionKind::Write => From::Later { when: when.map(|when| when.source().to_owned()) },
        };
        self.define(line, &call.name, Known { kind: record(&action.call.outputs), from }, at);
    }

    pub(super) fn define(&mut self, line: Option<u32>, name: &str, known: Known, at: &mut Walk) {
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

    pub(super) fn condition(&mut self, when: &Expr, at: &Walk, place: Place<'_>) {
        if let Some(kind) = self.value(when, at, place)
            && !matches!(kind, Type::Bool | Type::Any)
        {
            let what = format!("`{}` is {}, not yes or no", when.source(), kind.name());
            self.wrong(place.line, what, None);
        }
    }

    /// The type of a list's elements.
    pub(super) fn list(&mut self, list: &Expr, at: &Walk, place: Place<'_>) -> Type {
        match self.value(list, at, place) {
            Some(Type::List(element)) => *element,
            None | Some(Type::Any) => Type::Any,
            Some(other) => {
                let what = format!("`{}` is {}, not a list", list.source(), other.name());
                self.wrong(place.line, what, None);
                Type::Any
            }
        }
    }

    /// The type of an expression where it stands; `None` once something is told to be wrong with it.
    pub(super) fn value(&mut self, expr: &Expr, at: &Walk, place: Place<'_>) -> Option<Type> {
        let before = self.problems.len();
        for (name, field) in expr.references() {
            self.refers(expr, name, field, at, place);
        }
        if self.problems.len() > before {
            return None;
        }
        let names = |name: &str| at.known.get(name).map(|known| known.kind.clone());
        let (kind, undeclared) = expr.infer_noting(&names);
        if let Some(record) = undeclared {
            let what = format!(
                "`{}`: the fields of `{record}` are not declared, so nothing proves that they are there",
                expr.source()
            );
            let problem = Problem::warning(&self.skill.file, place.line, what);
            self.problems
                .push(problem.help("declare them in actions.yaml, under `of` of the record or list"));
        }
        match kind {
            Ok(kind) => Some(kind),
            Err(what) => {
                self.wrong(place.line, format!("`{}`: {what}", expr.source()), None);
                None
            }
        }
    }

    fn refers(&mut self, expr: &Expr, name: &str, field: Option<&str>, at: &Walk, place: Place<'_>) {
        let source = expr.source();
        let Some(known) = at.known.get(name) else {
            let help = nearest(name, at.known.keys());
            self.wrong(place.line, format!("`{source}`: nothing is called `{name}` here"), help);
            return;
        };
        match &known.from {
            From::Input { secret: true } if !place.secret => {
                let what = format!("`{source}`: `{name}` is secret and may only go to a secret argument");
                self.wrong(place.line, what, None);
                return;
            }
            From::Later { .. } if !place.later => {
                self.wrong(
                    place.line,
                    format!("`{source}`: `{name}` is known only once it is written"),
                    None,
                );
                return;
            }
            From::Later { when: Some(when) } if place.when.map(Expr::source) != Some(when) => {
                let what = format!("`{source}`: `{name}` is written only when `{when}`");
                self.wrong(place.line, what, Some("give this write the same `when`".to_owned()));
                return;
            }
            From::Input { .. } | From::Fact | From::Later { .. } => {}
        }
        if let (Some(field), Type::Record(Some(fields))) = (field, &known.kind)
            && !fields.contains_key(field)
        {
            let help = nearest(field, fields.keys());
            self.wrong(place.line, format!("`{source}`: `{name}` has no `{field}`"), help);
        }
    }
}

/// What a loop's turn or a used skill leaves behind: all that is known before the confirmation.
pub(super) fn brought(known: &BTreeMap<String, Known>, was_there: impl Fn(&str) -> bool) -> Type {
    let facts = known.iter().filter(|(name, known)| known.from == From::Fact && !was_there(name));
    Type::record(facts.map(|(name, known)| (name.clone(), known.kind.clone())))
}
