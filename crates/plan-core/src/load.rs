//! From a pack's files to a [`Pack`]: parse everything, check everything, tell all mistakes at once.

mod check;
mod raw;

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{ActionKind, Idempotency, InputSpec, PackSource, Problem, Severity, SlotType};
use serde::de::DeserializeOwned;

use crate::catalogue::{Action, Call, Field, FieldType, Follow, Undo};
use crate::expr::Expr;
use crate::policy::Policy;
use crate::skill::{CallStep, NotFound, Pack, Skill, Step, StepKind};
pub(crate) use check::secret_inputs;
use raw::{Ordered, RawAction, RawActions, RawField, RawInput, RawPack, RawSkill, RawStep, RawUndo, Text};

impl Pack {
    /// Loads a pack.
    ///
    /// # Errors
    /// All mistakes found; warnings alone are no error.
    pub fn load(source: &PackSource) -> Result<Self, Vec<Problem>> {
        let (pack, problems) = load(source);
        match pack {
            Some(pack) if problems.iter().all(|p| p.severity == Severity::Warning) => Ok(pack),
            _ => Err(problems),
        }
    }
}

/// Everything that is wrong with a pack's skills, actions and policies, warnings too.
#[must_use]
pub fn check(source: &PackSource) -> Vec<Problem> {
    load(source).1
}

fn load(source: &PackSource) -> (Option<Pack>, Vec<Problem>) {
    let mut loader = Loader { source, problems: Vec::new() };
    let head: Option<RawPack> = loader.yaml("pack.yaml");
    let actions: Option<RawActions> = loader.yaml("actions.yaml");
    let actions: Option<BTreeMap<String, Action>> = actions.map(|raw| {
        raw.actions.0.into_iter().map(|(name, raw)| (name.clone(), loader.action(&name, raw))).collect()
    });
    let mut skills = BTreeMap::new();
    let files: Vec<&String> =
        source.files.keys().filter(|path| path.starts_with("skills/") && path.ends_with(".yaml")).collect();
    if files.is_empty() {
        loader.problems.push(Problem::error(&source.folder, None, "there is no file in skills/"));
    }
    for path in files {
        if let Some(raw) = loader.yaml::<RawSkill>(path) {
            let skill = loader.skill(path, raw);
            if let Some(other) = skills.insert(skill.name.clone(), skill) {
                let what = format!("the skill `{}` is also in {}", other.name, other.file);
                loader.problems.push(Problem::error(loader.file(path), Some(1), what));
            }
        }
    }
    let policy = loader.policy().or_else(Policy::stand_in);
    // Without one of these, every skill would be found wrong for no fault of its own.
    let pack = match (head, actions, policy) {
        (Some(head), Some(actions), Some(policy)) => {
            let RawPack { pack: name, connectors, denied, languages: _, uninterruptible: _ } = head;
            let pack = Pack { name, denied, skills, actions, policy };
            check::check(&pack, &connectors, source, &mut loader.problems);
            Some(pack)
        }
        _ => None,
    };
    loader.problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    (pack, loader.problems)
}

struct Loader<'s> {
    source: &'s PackSource,
    problems: Vec<Problem>,
}

impl Loader<'_> {
    fn file(&self, path: &str) -> String {
        file(self.source, path)
    }

    fn text(&mut self, path: &str) -> Option<String> {
        let text = self.source.files.get(path).cloned();
        if text.is_none() {
            self.problems.push(Problem::error(self.file(path), None, "the file is missing"));
        }
        text
    }

    fn yaml<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let text = self.text(path)?;
        match serde_saphyr::from_str(&text) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                let error = error.without_snippet();
                let line = error.location().and_then(|location| u32::try_from(location.line()).ok());
                let what = error.to_string();
                // The parser repeats the place, which we tell in our own way.
                let what = what.split(" at line ").next().unwrap_or(&what).to_owned();
                self.problems.push(Problem::error(self.file(path), line, what));
                None
            }
        }
    }

    fn policy(&mut self) -> Option<Policy> {
        let schema = self.text("schema.cedarschema");
        let policies = self.text("policies.cedar");
        let (schema, policies) = (schema?, policies?);
        let (schema_file, policy_file) = (self.file("schema.cedarschema"), self.file("policies.cedar"));
        Policy::load((&schema_file, &schema), (&policy_file, &policies), &mut self.problems)
    }

    fn action(&mut self, name: &str, raw: RawAction) -> Action {
        let path = "actions.yaml";
        let line = raw.kind.line();
        let outputs = self.fields(path, raw.outputs);
        let inputs = self.fields(path, raw.inputs);
        let idempotency = match (raw.kind.value, raw.idempotency) {
            (_, Some(idempotency)) => idempotency,
            (ActionKind::Read, None) => Idempotency::Natural,
            (ActionKind::Write, None) => {
                let what = format!("`{name}` writes and does not say how its effect is kept to once");
                self.problems.push(
                    Problem::error(self.file(path), line, what)
                        .help("add `idempotency: key`, `natural`, `verify` or `none`"),
                );
                Idempotency::None
            }
        };
        let undo = match raw.undo {
            None => Undo::Undeclared,
            Some(RawUndo::None) => Undo::None,
            Some(RawUndo::By { action, with }) => Undo::By(Follow { action, with: self.exprs(path, with) }),
        };
        let verify = raw.verify.map(|verify| match verify {
            RawUndo::None => Follow { action: "none".to_owned(), with: Vec::new() },
            RawUndo::By { action, with } => Follow { action, with: self.exprs(path, with) },
        });
        Action {
            call: Call {
                action: name.to_owned(),
                connector: raw.connector,
                method: raw.method.unwrap_or_else(|| name.to_owned()),
                outputs,
                timeout_ms: raw.timeout_ms,
                retries: raw.retries,
                idempotency,
            },
            summary: raw.summary,
            kind: raw.kind.value,
            inputs,
            verifies: raw.verifies,
            context: self.exprs(path, raw.context),
            undo,
            verify,
            line,
        }
    }

    fn fields(&mut self, path: &str, fields: Ordered<RawField>) -> Vec<Field> {
        let mut known = Vec::new();
        for (name, RawField { kind, secret }) in fields.0 {
            match FieldType::ALL.into_iter().find(|known| known.name() == kind.value) {
                Some(kind) => known.push(Field { name, kind, secret }),
                None => {
                    let what = format!("`{}` is not a type", kind.value);
                    let names = FieldType::ALL.map(FieldType::name).join(", ");
                    let line = kind.line();
                    let problem = Problem::error(self.file(path), line, what);
                    self.problems.push(problem.help(format!("types are {names}")));
                }
            }
        }
        known
    }

    fn exprs(&mut self, path: &str, exprs: Ordered<Text>) -> Vec<(String, Expr)> {
        let mut compiled = Vec::new();
        for (name, text) in exprs.0 {
            // A mistake is told once: the name counts as bound.
            let expr = self.expr(path, &text).or_else(|| Expr::compile("false").ok());
            compiled.extend(expr.map(|expr| (name, expr)));
        }
        compiled
    }

    fn expr(&mut self, path: &str, text: &Text) -> Option<Expr> {
        match Expr::compile(&text.value) {
            Ok(expr) => Some(expr),
            Err(why) => {
                let what = format!("`{}` is not a condition or value: {why}", text.value);
                self.problems.push(Problem::error(self.file(path), text.line(), what));
                None
            }
        }
    }

    fn skill(&mut self, path: &str, raw: RawSkill) -> Skill {
        let inputs = raw.inputs.0.into_iter().filter_map(|(name, input)| {
            let line = input.kind.line();
            match input_spec(input) {
                Ok(spec) => Some((name, spec)),
                Err(why) => {
                    self.problems.push(Problem::error(
                        self.file(path),
                        line,
                        format!("input `{name}`: {why}"),
                    ));
                    None
                }
            }
        });
        let inputs: Vec<_> = inputs.collect();
        Skill {
            name: raw.skill,
            summary: raw.summary,
            inputs,
            steps: self.steps(path, raw.steps),
            done: raw.done.unwrap_or_default(),
            failed: raw.failed.unwrap_or_default(),
            file: self.file(path),
        }
    }

    fn steps(&mut self, path: &str, raw: Vec<RawStep>) -> Vec<Step> {
        raw.into_iter().filter_map(|step| self.step(path, step)).collect()
    }

    fn step(&mut self, path: &str, raw: RawStep) -> Option<Step> {
        let line = raw.line();
        let named = raw.named();
        let wrong = |loader: &mut Self, what: String| -> Option<Step> {
            loader.problems.push(
                Problem::error(loader.file(path), line, what)
                    .help("a step is one of read, write, choose, confirm, answer, refuse, transfer, when"),
            );
            None
        };
        if named.len() > 1 {
            return wrong(self, format!("one step says both `{}` and `{}`", named[0], named[1]));
        }
        let RawStep { when, with, as_name, not_found, from, most, words, steps, otherwise, .. } = raw;
        let when = match when {
            Some(when) => Some(self.expr(path, &when)?),
            None => None,
        };
        let call = |loader: &mut Self, action: Text| {
            let name = as_name.clone().unwrap_or_else(|| action.value.clone());
            CallStep {
                action: action.value,
                with: loader.exprs(path, with.clone().unwrap_or_default()),
                name,
            }
        };
        let what = if let Some(action) = raw.write {
            StepKind::Write { call: call(self, action), when }
        } else {
            let plain = if let Some(action) = raw.read {
                let not_found = not_found
                    .unwrap_or_default()
                    .into_iter()
                    .map(|raw| NotFound { input: raw.input, words: raw.words })
                    .collect();
                Some(StepKind::Read { call: call(self, action), not_found })
            } else if let Some(name) = raw.choose {
                let (Some(from), Some(words)) = (from, words) else {
                    return wrong(self, "`choose` needs `from` and `words`".to_owned());
                };
                let most = most.unwrap_or(3);
                if !(2..=9).contains(&most) {
                    return wrong(self, format!("`most: {most}`: between 2 and 9 can be offered"));
                }
                Some(StepKind::Choose { name: name.value, from: self.expr(path, &from)?, most, words })
            } else if let Some(words) = raw.confirm {
                Some(StepKind::Confirm { words: words.value })
            } else if let Some(words) = raw.answer {
                Some(StepKind::Answer { words: words.value })
            } else if let Some(words) = raw.refuse {
                Some(StepKind::Refuse { words: words.value, transfer: false })
            } else {
                raw.transfer.map(|words| StepKind::Refuse { words: words.value, transfer: true })
            };
            match (when, plain, steps) {
                (None, Some(plain), None) => plain,
                (Some(when), Some(plain), None) => StepKind::Branch {
                    when,
                    then: vec![Step { line, what: plain }],
                    otherwise: self.steps(path, otherwise.unwrap_or_default()),
                },
                (Some(when), None, Some(steps)) => StepKind::Branch {
                    when,
                    then: self.steps(path, steps),
                    otherwise: self.steps(path, otherwise.unwrap_or_default()),
                },
                (_, Some(_), Some(_)) => {
                    return wrong(self, "a step has `steps` only directly under `when`".to_owned());
                }
                (Some(_), None, None) => return wrong(self, "`when` says not what to do then".to_owned()),
                (None, None, _) => return wrong(self, "the step says not what to do".to_owned()),
            }
        };
        Some(Step { line, what })
    }
}

fn input_spec(raw: RawInput) -> Result<InputSpec, String> {
    let length = || raw.length.filter(|n| (1..=32).contains(n)).ok_or("needs a `length` from 1 to 32");
    let slot = match raw.kind.value.as_str() {
        "code" => SlotType::Code { length: length()? },
        "digits" => SlotType::Digits { length: length()? },
        "yes_no" => SlotType::YesNo,
        "date" => SlotType::Date,
        "name" => SlotType::Name,
        "choice" => {
            let of = raw.of.clone().unwrap_or_default();
            if of.len() < 2 || of.iter().collect::<BTreeSet<_>>().len() < of.len() {
                return Err("needs `of` with at least two different values".to_owned());
            }
            SlotType::Choice { of }
        }
        other => {
            return Err(format!("`{other}` is not a type: write code, digits, yes_no, date, name or choice"));
        }
    };
    Ok(InputSpec { slot, ask: raw.ask, again: raw.again })
}

/// A file of the pack as the person named it.
fn file(source: &PackSource, path: &str) -> String {
    match source.folder.as_str() {
        "" => path.to_owned(),
        folder => format!("{}/{path}", folder.trim_end_matches('/')),
    }
}
