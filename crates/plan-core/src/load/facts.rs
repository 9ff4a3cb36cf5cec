//! Facts to try a skill with, as a person writes them: what the caller gives, and what the systems would answer.
//!
//! ```text
//! inputs: { code: K7M4X2, pin: "4821", flight: 1 }      # a choice by its number
//! reads:
//!   - read: find_booking
//!     with: { code: K7M4X2 }                            # only for these arguments; left out: for any
//!     found: { code: K7M4X2, name: Rivers, ... }        # or `not_found: pin`, or `refused: why`
//! ```

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::yaml::{Kind, Node};
use callwright_model::{ActionKind, Money, Problem, Record, Value};

use super::read::Reader;
use crate::asker::{Asker, Now};
use crate::bind::{Read, ReadOutcome};
use crate::catalogue::{Action, Field, FieldType};
use crate::skill::{Pack, Skill, Step, StepKind, accept_input, slot_type};

/// Facts to try a skill with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// What the caller gives.
    pub inputs: Record,
    /// Who would ask for it.
    pub(crate) asker: Asker,
    /// When, if that is not now.
    pub(crate) now: Option<Now>,
    reads: Vec<Given>,
}

/// What a system would answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    action: String,
    with: Record,
    outcome: ReadOutcome,
}

impl Facts {
    /// Reads a file of facts for a skill.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(file: &str, text: &str, pack: &Pack, skill: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let node = Node::parse(file, text).map_err(|problem| vec![problem])?;
        let mut reader =
            Reader { file: file.to_owned(), problems: &mut problems, compiled: &mut BTreeMap::new() };
        reader.keys(&node, &["inputs", "reads", "agent", "consents", "now"]);
        let mut facts = Self::default();
        facts.asker.agent = reader.text(&node, "agent").unwrap_or_default().value;
        let consents = reader.items(&node, "consents").iter().filter_map(Node::text);
        facts.asker.consents = consents.map(str::to_owned).collect();
        if let Some(now) = reader.text(&node, "now") {
            facts.now = Now::parse(&now.value, pack.limits.zone);
            if facts.now.is_none() {
                let help = "such as 2026-11-27T10:30, in the time zone of limits.yaml".to_owned();
                reader.wrong(now.line, format!("`{}` is no time", now.value), Some(help));
            }
        }
        if let Some(skill) = pack.skills.get(skill) {
            facts.inputs = reader.inputs(&node, pack, skill);
        }
        for raw in reader.items(&node, "reads") {
            facts.reads.extend(reader.given(raw, pack));
        }
        if problems.is_empty() { Ok(facts) } else { Err(problems) }
    }

    /// What is told of a read: the first that fits it.
    pub(crate) fn of(&self, read: &Read) -> Option<&ReadOutcome> {
        let fits = |given: &&Given| {
            given.action == read.call.action
                && given.with.iter().all(|(name, value)| read.arguments.get(name) == Some(value))
        };
        self.reads.iter().find(fits).map(|given| &given.outcome)
    }
}

impl Reader<'_> {
    fn inputs(&mut self, of: &Node, pack: &Pack, skill: &Skill) -> Record {
        let mut choices = BTreeSet::new();
        choices_of(pack, &skill.steps, &mut BTreeSet::new(), &mut choices);
        let mut inputs = Record::new();
        for (key, node) in self.entries(of, "inputs") {
            let name = key.name.as_str();
            let value = match skill.input(name) {
                Some(spec) => {
                    let kind = slot_type(&spec.slot);
                    let value = self.fact(node, name, kind, &[]);
                    let fits = value.and_then(|value| accept_input(&spec.slot, &value));
                    if fits.is_none() {
                        let help = format!("it must be {:?}", spec.slot).to_lowercase();
                        self.wrong(Some(node.line), format!("`{name}` does not fit"), Some(help));
                    }
                    fits
                }
                None if choices.contains(name) => self.fact(node, name, FieldType::Int, &[]),
                None => {
                    let known: Vec<&str> = skill.inputs.iter().map(|(name, _)| name.as_str()).collect();
                    let known: Vec<&str> = known.into_iter().chain(choices.iter().copied()).collect();
                    let help = callwright_model::yaml::nearest(name, &known);
                    self.wrong(Some(key.line), format!("the skill asks for no `{name}`"), Some(help));
                    None
                }
            };
            inputs.extend(value.map(|value| (name.to_owned(), value)));
        }
        inputs
    }

    fn given(&mut self, raw: &Node, pack: &Pack) -> Option<Given> {
        self.keys(raw, &["read", "with", "found", "not_found", "refused"]);
        let name = self.needed(raw, "read", "the entry");
        let known: Vec<&str> = pack
            .actions
            .values()
            .filter(|action| action.kind == ActionKind::Read)
            .map(|action| action.call.action.as_str())
            .collect();
        let Some(action) = pack.actions.get(&name.value).filter(|_| known.contains(&name.value.as_str()))
        else {
            let help = callwright_model::yaml::nearest(&name.value, &known);
            self.wrong(name.line, format!("there is no read `{}`", name.value), Some(help));
            return None;
        };
        let with = self.record(raw, "with", &action.inputs, |argument| {
            format!("`{}` takes no `{argument}`", name.value)
        });
        let ends = ["found", "not_found", "refused"].into_iter().filter(|key| raw.field(key).is_some());
        let outcome = match ends.collect::<Vec<_>>().as_slice() {
            ["found"] => ReadOutcome::Found(self.found(raw, action)),
            ["not_found"] => {
                ReadOutcome::NotFound { argument: self.text(raw, "not_found").unwrap_or_default().value }
            }
            ["refused"] => {
                ReadOutcome::Refused { reason: self.text(raw, "refused").unwrap_or_default().value }
            }
            _ => {
                let what = format!("what came of `{}` is not told", name.value);
                let help = "one of found: { ... }, not_found: <argument>, refused: <why>".to_owned();
                self.wrong(name.line, what, Some(help));
                return None;
            }
        };
        Some(Given { action: name.value, with, outcome })
    }

    fn found(&mut self, raw: &Node, action: &Action) -> Record {
        let name = &action.call.action;
        let found = self
            .record(raw, "found", &action.call.outputs, |output| format!("`{name}` answers no `{output}`"));
        let line = raw.field("found").map(|node| node.line);
        for field in action.call.outputs.iter().filter(|field| !found.contains_key(&field.name)) {
            let told = raw.field("found").is_some_and(|found| found.field(&field.name).is_some());
            if !told {
                let what = format!("the answer of `{name}` has no `{}`", field.name);
                self.wrong(line, what, Some(format!("add `{}: <{}>`", field.name, field.kind.name())));
            }
        }
        found
    }

    fn record(&mut self, of: &Node, key: &str, fields: &[Field], unknown: impl Fn(&str) -> String) -> Record {
        let mut record = Record::new();
        for (name, node) in self.entries(of, key) {
            match fields.iter().find(|field| field.name == name.name) {
                Some(field) => {
                    let value = self.fact(node, &field.name, field.kind, &field.of);
                    record.extend(value.map(|value| (field.name.clone(), value)));
                }
                None => {
                    let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                    let help = callwright_model::yaml::nearest(&name.name, &known);
                    self.wrong(Some(name.line), unknown(&name.name), Some(help));
                }
            }
        }
        record
    }

    /// A fact of a declared type.
    fn fact(&mut self, node: &Node, name: &str, kind: FieldType, of: &[Field]) -> Option<Value> {
        let value = match kind {
            FieldType::Text => node.text().map(Value::from),
            FieldType::Code => node.text().map(|text| Value::Code(text.to_owned())),
            FieldType::Date => node.text().map(|text| Value::Date(text.to_owned())),
            FieldType::Time => node.text().map(|text| Value::Time(text.to_owned())),
            FieldType::Int => node.text().and_then(|text| text.parse().ok()).map(Value::Int),
            FieldType::Bool => node.text().and_then(|text| text.parse().ok()).map(Value::Bool),
            FieldType::Money => money(node).map(Value::Money),
            FieldType::List if of.is_empty() => node.list().map(|_| anything(node)),
            FieldType::List => {
                let items = node.list()?.iter();
                Some(Value::List(
                    items.filter_map(|item| self.fact(item, name, FieldType::Record, of)).collect(),
                ))
            }
            FieldType::Record if of.is_empty() => node.map().map(|_| anything(node)),
            FieldType::Record => {
                let mut record = Record::new();
                for field in of {
                    let Some(inner) = node.field(&field.name) else {
                        let what = format!("a record of `{name}` has no `{}`", field.name);
                        self.wrong(Some(node.line), what, None);
                        continue;
                    };
                    let value = self.fact(inner, &field.name, field.kind, &field.of);
                    record.extend(value.map(|value| (field.name.clone(), value)));
                }
                Some(Value::Record(record))
            }
        };
        if value.is_none() {
            let help = match kind {
                FieldType::Money => Some("{ minor: 15000, currency: USD } are 150 dollars".to_owned()),
                FieldType::Text
                | FieldType::Code
                | FieldType::Int
                | FieldType::Bool
                | FieldType::Date
                | FieldType::Time
                | FieldType::List
                | FieldType::Record => None,
            };
            self.wrong(Some(node.line), format!("`{name}` is not of type {}", kind.name()), help);
        }
        value
    }
}

fn money(node: &Node) -> Option<Money> {
    let text = |key: &str| node.field(key)?.text();
    let only = node.map()?.len() == 2;
    let minor = text("minor")?.parse().ok()?;
    only.then(|| Some(Money { minor, currency: text("currency")?.to_owned() }))?
}

/// A fact of no declared type: what it looks like.
fn anything(node: &Node) -> Value {
    if let Some(money) = money(node) {
        return Value::Money(money);
    }
    match &node.kind {
        Kind::Empty => Value::Text(String::new()),
        Kind::Scalar(text) => match (text.as_str(), text.parse::<i64>()) {
            ("true", _) => Value::Bool(true),
            ("false", _) => Value::Bool(false),
            // `0123` is a code and no number.
            (text, Ok(number)) if number.to_string() == text => Value::Int(number),
            (text, _) => Value::from(text),
        },
        Kind::List(items) => Value::List(items.iter().map(anything).collect()),
        Kind::Map(entries) => {
            Value::Record(entries.iter().map(|(key, node)| (key.name.clone(), anything(node))).collect())
        }
    }
}

/// The names of the choices that a skill leaves to the caller.
fn choices_of<'p>(
    pack: &'p Pack,
    steps: &'p [Step],
    seen: &mut BTreeSet<&'p str>,
    names: &mut BTreeSet<&'p str>,
) {
    for step in steps {
        match &step.what {
            StepKind::Choose { name, .. } => names.extend([name.as_str()]),
            StepKind::Branch { then, otherwise, .. } => {
                choices_of(pack, then, seen, names);
                choices_of(pack, otherwise, seen, names);
            }
            StepKind::ForEach { steps, .. } => choices_of(pack, steps, seen, names),
            StepKind::Use { skill, .. } => {
                if let Some(used) = pack.skills.get(skill)
                    && seen.insert(&used.name)
                {
                    choices_of(pack, &used.steps, seen, names);
                }
            }
            StepKind::Read { .. }
            | StepKind::Write { .. }
            | StepKind::Ask { .. }
            | StepKind::Confirm { .. }
            | StepKind::Answer { .. }
            | StepKind::Refuse { .. } => {}
        }
    }
}
