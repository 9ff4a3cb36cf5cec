//! Which facts a sentence may name: what the caller gave, what actions answer, what was chosen.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::PackSource;
use callwright_model::yaml::{Key, Node};

/// Facts as variables of a sentence: `booking-flight-number`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    exact: BTreeSet<String>,
    /// Records whose fields only the systems know, as the beginning of a variable.
    open: BTreeSet<String>,
}

impl Facts {
    /// Facts of which nothing is known but that the systems have them.
    pub(super) fn any() -> Self {
        Self { exact: BTreeSet::new(), open: BTreeSet::from([String::new()]) }
    }

    pub(super) fn of(names: impl IntoIterator<Item = String>) -> Self {
        Self { exact: names.into_iter().collect(), open: BTreeSet::new() }
    }

    /// Adds a fact of an action's output type, in each form in which a sentence can name it.
    pub(super) fn add(&mut self, name: &str, kind: &str) {
        match kind {
            "record" => drop(self.open.insert(format!("{name}-"))),
            "time" => self.exact.extend([name.to_owned(), format!("{name}-date")]),
            "list" => self.exact.extend([name.to_owned(), format!("{name}-count")]),
            _ => drop(self.exact.insert(name.to_owned())),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.exact.remove(name);
    }

    pub(super) fn knows(&self, variable: &str) -> bool {
        self.exact.contains(variable)
            || self.open.iter().any(|open| variable.len() > open.len() && variable.starts_with(open.as_str()))
    }

    /// What is known whichever way was gone.
    pub(super) fn both(&self, other: &Self) -> Self {
        let common = |a: &BTreeSet<String>, b| a.intersection(b).cloned().collect();
        Self { exact: common(&self.exact, &other.exact), open: common(&self.open, &other.open) }
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.exact.extend(other.exact.iter().cloned());
        self.open.extend(other.open.iter().cloned());
    }

    /// For a message: what there is.
    pub(super) fn names(&self) -> Vec<&str> {
        self.exact.iter().chain(&self.open).map(String::as_str).collect()
    }
}

/// What the sentences must know of `actions.yaml`. Its mistakes are told by the action core's check.
#[derive(Debug, Default)]
pub(super) struct Actions(BTreeMap<String, Action>);

#[derive(Debug, Default)]
struct Action {
    outputs: Vec<Output>,
    /// Each with what it means, where that is declared.
    secrets: Vec<(String, Option<String>)>,
}

/// One output, or a field of a record.
#[derive(Debug)]
struct Output {
    name: String,
    kind: String,
    /// Fields of a record, where they are declared.
    of: Vec<Output>,
}

impl Actions {
    pub(super) fn read(source: &PackSource) -> Self {
        let Some(text) = source.files.get("actions.yaml") else { return Self::default() };
        let Ok(file) = Node::parse("actions.yaml", text) else { return Self::default() };
        let entries = file.field("actions").and_then(Node::map).unwrap_or_default();
        Self(entries.iter().map(|(key, node)| (key.name.clone(), Action::read(node))).collect())
    }

    /// Their names.
    pub(super) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// What is known once this action has answered under a name.
    pub(super) fn result(&self, action: &str, name: &str, facts: &mut Facts) {
        match self.0.get(action) {
            Some(action) => {
                action.outputs.iter().for_each(|output| output.tell(name, facts));
            }
            None => facts.add(name, "record"),
        }
    }

    /// Inputs of the skill that go to a secret argument of this call: they are in no facts. One that the step leaves out is bound
    /// to the input that means it.
    pub(super) fn secrets<'n>(&'n self, action: &str, with: Option<&'n Node>) -> Vec<&'n str> {
        let Some(action) = self.0.get(action) else { return Vec::new() };
        let mut names = Vec::new();
        for (argument, means) in &action.secrets {
            match with.and_then(|with| with.field(argument)) {
                Some(expr) => names.extend(expr.text().map(identifiers).into_iter().flatten()),
                None => names.extend(means.as_deref()),
            }
        }
        names
    }
}

/// What may be names in an expression.
pub(super) fn identifiers(expr: &str) -> impl Iterator<Item = &str> {
    expr.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|name| !name.is_empty())
}

impl Output {
    fn read(fields: Option<&Node>) -> Vec<Self> {
        let fields = fields.and_then(Node::map).unwrap_or_default();
        let kind = |field: &Node| field.text().or_else(|| field.field("type")?.text()).map(str::to_owned);
        let output = |(key, field): &(Key, Node)| Self {
            name: key.name.clone(),
            kind: kind(field).unwrap_or_default(),
            of: Self::read(field.field("of")),
        };
        fields.iter().map(output).collect()
    }

    /// What is known of it under the name of its action's result.
    fn tell(&self, name: &str, facts: &mut Facts) {
        let name = format!("{name}-{}", self.name);
        if self.kind == "record" && !self.of.is_empty() {
            self.of.iter().for_each(|field| field.tell(&name, facts));
        } else {
            facts.add(&name, &self.kind);
        }
    }
}

impl Action {
    fn read(node: &Node) -> Self {
        let fields = |key: &str| node.field(key).and_then(Node::map).unwrap_or_default();
        let is_secret = |field: &Node| field.field("secret").and_then(Node::text) == Some("true");
        Self {
            outputs: Output::read(node.field("outputs")),
            secrets: fields("inputs")
                .iter()
                .filter(|(_, field)| is_secret(field))
                .map(|(key, field)| {
                    (key.name.clone(), field.field("is").and_then(Node::text).map(str::to_owned))
                })
                .collect(),
        }
    }
}
