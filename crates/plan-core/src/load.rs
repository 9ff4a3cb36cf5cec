//! From a pack's files to a [`Pack`]: parse everything, check everything, tell all mistakes at once.

mod check;
mod door;
mod facts;
mod fill;
mod limits;
mod read;
mod step;
mod version;

use std::collections::BTreeMap;
use std::sync::Arc;

use callwright_model::yaml::Node;
use callwright_model::{
    ActionKind, Idempotency, InputSpec, MemoryRules, PackSource, Problem, Record, Severity, Value,
};

use crate::backoff::Backoff;
use crate::catalogue::{Action, Call, Field, FieldType, Follow, Risk, Undo};
use crate::expr::{Expr, Type, with_stack};
use crate::limits::Limits;
use crate::policy::Policy;
use crate::skill::{Pack, Skill};
pub(crate) use check::secret_inputs;
pub use door::FILL_IN;
pub use facts::Facts;
use read::{Reader, Text};
use version::Digests;

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
    let (read, mut problems) = read(source);
    // Without one of its files, every skill would be found wrong for no fault of its own.
    if let Some(read) = &read {
        problems.extend(read.prove(source));
    }
    problems.sort_by(|a, b| (&a.file, a.line, &a.what).cmp(&(&b.file, b.line, &b.what)));
    // A skill that several use is walked with each of them, and its own mistakes are told once.
    problems.dedup();
    (read.map(|read| read.pack), problems)
}

/// A pack of which nothing is proved yet.
#[derive(Debug)]
pub struct Unproved {
    pack: Pack,
    /// Those that `pack.yaml` names.
    connectors: Vec<String>,
}

/// Reads a pack's files, without proving anything of what they say: that is [`Unproved::prove`]. Nothing, when one is missing without which
/// there is nothing to prove. Beside it what cannot be understood.
#[must_use]
pub fn read(source: &PackSource) -> (Option<Unproved>, Vec<Problem>) {
    with_stack(|| {
        let mut loader =
            Loader { source, problems: Vec::new(), compiled: BTreeMap::new(), digests: Digests::default() };
        let head = loader.head();
        let actions = loader.actions();
        let mut skills = loader.skills();
        if let Some(actions) = &actions {
            fill::fill(&mut skills, actions, &mut loader.problems);
        }
        let policy = loader.policy().or_else(Policy::stand_in);
        let limits = loader.limits();
        version::seal(&mut skills, actions.as_ref(), &loader.digests);
        let read = match (head, actions, policy) {
            (Some(Head { name, connectors, denied, memory }), Some(actions), Some(policy)) => {
                Some(Unproved {
                    pack: Pack { name, denied, skills, actions, policy, limits, memory },
                    connectors,
                })
            }
            _ => None,
        };
        (read, loader.problems)
    })
}

impl Unproved {
    /// Everything that does not hold of its actions, skills and limits on some way through them, warnings too.
    #[must_use]
    pub fn prove(&self, source: &PackSource) -> Vec<Problem> {
        with_stack(|| {
            let mut loader = Loader {
                source,
                problems: Vec::new(),
                compiled: BTreeMap::new(),
                digests: Digests::default(),
            };
            check::check(&self.pack, &self.connectors, source, &mut loader.problems);
            loader.reader(LIMITS).check_limits(&self.pack);
            loader.problems.extend(limits::words_missing(&self.pack.limits, source, LIMITS));
            loader.problems
        })
    }
}

/// `pack.yaml`, as far as it is not the dialogue's.
struct Head {
    name: String,
    connectors: Vec<String>,
    denied: String,
    memory: Option<MemoryRules>,
}

struct Loader<'s> {
    source: &'s PackSource,
    problems: Vec<Problem>,
    /// Expressions by their text: the actions of a pack have many in common, and compiling takes longer than the rest of reading.
    compiled: BTreeMap<String, Expr>,
    /// What the files say, to tell one version of a skill from another.
    digests: Digests,
}

impl Loader<'_> {
    fn text(&mut self, path: &str) -> Option<String> {
        let text = self.source.files.get(path).cloned();
        if text.is_none() {
            self.problems.push(Problem::error(self.source.path(path), None, format!("there is no {path}")));
        }
        text
    }

    fn yaml(&mut self, path: &str) -> Option<Node> {
        let text = self.text(path)?;
        Node::parse(&self.source.path(path), &text).map_err(|problem| self.problems.push(problem)).ok()
    }

    fn reader(&mut self, path: &str) -> Reader<'_> {
        Reader { file: self.source.path(path), problems: &mut self.problems, compiled: &mut self.compiled }
    }

    fn head(&mut self) -> Option<Head> {
        let node = self.yaml("pack.yaml")?;
        let mut reader = self.reader("pack.yaml");
        reader.keys(&node, &PackSource::KEYS);
        let name = node.field("pack").and_then(Node::text).unwrap_or_default();
        if name.is_empty() {
            reader.wrong(None, "`pack:` with the pack's name is missing", None);
        }
        if node.field("connectors").is_none() {
            let help = "connectors: [<name>], each with an address in the configuration".to_owned();
            reader.wrong(None, "`connectors:` is missing", Some(help));
        }
        if node.field("denied").is_none() {
            let help = "denied: <key of what is said when no policy permits a step>".to_owned();
            reader.wrong(None, "`denied:` is missing", Some(help));
        }
        let denied = reader.text(&node, "denied").unwrap_or_default().value;
        let connectors = reader.items(&node, "connectors").iter().filter_map(Node::text).map(str::to_owned);
        let connectors = connectors.collect();
        let file = self.source.path("pack.yaml");
        let memory = MemoryRules::read(node.field("memory"), &file, &mut self.problems);
        Some(Head { name: name.to_owned(), connectors, denied, memory })
    }

    fn policy(&mut self) -> Option<Policy> {
        let schema = self.text("schema.cedarschema");
        let policies = self.text("policies.cedar");
        let (schema, policies) = (schema?, policies?);
        let schema_file = self.source.path("schema.cedarschema");
        let policy_file = self.source.path("policies.cedar");
        Policy::load((&schema_file, &schema), (&policy_file, &policies), &mut self.problems)
    }

    /// None when there is no such file.
    fn limits(&mut self) -> Limits {
        if !self.source.files.contains_key(LIMITS) {
            return Limits::default();
        }
        let Some(node) = self.yaml(LIMITS) else { return Limits::default() };
        self.reader(LIMITS).limits(&node)
    }

    fn actions(&mut self) -> Option<BTreeMap<String, Action>> {
        let node = self.yaml("actions.yaml")?;
        let mut reader = self.reader("actions.yaml");
        reader.keys(&node, &["actions"]);
        if node.field("actions").is_none() {
            reader.wrong(None, "`actions:` is missing", None);
        }
        let entries = reader.entries(&node, "actions");
        let actions =
            entries.iter().map(|(key, raw)| (key.name.clone(), reader.action(&key.name, raw))).collect();
        let digests = entries.iter().map(|(key, raw)| (key.name.clone(), version::digest(raw)));
        self.digests.actions.extend(digests);
        Some(actions)
    }

    fn skills(&mut self) -> BTreeMap<String, Skill> {
        let mut skills = BTreeMap::new();
        let source = self.source;
        let is_skill = |path: &str| path.starts_with("skills/") && path.ends_with(".yaml");
        let mut files = 0;
        for path in source.files.keys().filter(|path| is_skill(path)) {
            files += 1;
            let Some(node) = self.yaml(path) else { continue };
            let Some(skill) = self.reader(path).skill(&node) else { continue };
            self.digests.skills.insert(skill.name.clone(), version::digest(&node));
            let file = skill.file.clone();
            if let Some(other) = skills.insert(skill.name.clone(), skill) {
                let what = format!("a skill `{}` is in another file too", other.name);
                self.problems.push(Problem::error(file, Some(1), what));
            }
        }
        if files == 0 {
            let what = Problem::error(source.path("skills"), None, "there is no skill");
            self.problems.push(what.help("skills/<name>.yaml"));
        }
        skills
    }
}

impl Reader<'_> {
    fn action(&mut self, name: &str, raw: &Node) -> Action {
        self.keys(raw, &ACTION_KEYS);
        let whose = format!("the action `{name}`");
        self.unfilled(&whose, name, raw);
        let summary = self.needed(raw, "summary", &whose).value;
        let kind = self.needed(raw, "kind", &whose);
        let line = kind.line;
        let known = [("read", ActionKind::Read), ("write", ActionKind::Write)];
        let kind = raw.field("kind").and_then(|_| self.one_of(&kind, "a kind", &known));
        let connector = self.needed(raw, "connector", &whose).value;
        let inputs = self.fields(raw, "inputs");
        let outputs = self.fields(raw, "outputs");
        let (mut requires, mut ensures) = (self.conditions(raw, "requires"), self.conditions(raw, "ensures"));
        requires.extend(self.formats(raw, "inputs", "input", &inputs));
        ensures.extend(self.formats(raw, "outputs", "result", &outputs));
        let idempotency = self.idempotency(name, raw, kind, line);
        let context = self.exprs(raw, "context");
        let undo = match raw.field("undo") {
            None => Undo::Undeclared,
            Some(undo) if undo.text() == Some("none") => Undo::None,
            Some(undo) => Undo::By(self.follow("undo", undo)),
        };
        let verify = raw.field("verify").map(|verify| self.follow("verify", verify));
        if raw.field("timeout_ms").is_none() {
            self.wrong(line, format!("{whose} has no `timeout_ms`"), None);
        }
        let (retries, backoff) = self.retries(raw);
        let (door, method) = self.door(name, raw, &inputs);
        let risk = self.risk(raw, kind);
        Action {
            call: Arc::new(Call {
                action: name.to_owned(),
                connector,
                method,
                door,
                outputs,
                timeout_ms: self.number(raw, "timeout_ms").unwrap_or(1),
                retries,
                backoff,
                idempotency,
                risk,
                requires,
                ensures,
            }),
            summary,
            kind: kind.unwrap_or_else(|| seems(raw)),
            inputs,
            verifies: self.text(raw, "verifies").map(|output| output.value),
            context,
            undo,
            retriable: self.flag(raw, "retriable"),
            verify,
            line,
        }
    }

    /// Unless it is said, what reads is of low risk and what writes of medium.
    fn risk(&mut self, raw: &Node, kind: Option<ActionKind>) -> Risk {
        let known = [Risk::Low, Risk::Medium, Risk::High].map(|risk| (risk.name(), risk));
        let said = self.text(raw, "risk").and_then(|text| self.one_of(&text, "a risk", &known));
        said.unwrap_or(match kind {
            Some(ActionKind::Write) => Risk::Medium,
            Some(ActionKind::Read) | None => Risk::Low,
        })
    }

    /// `retries: 3` or `retries: { most: 3, first_ms: 50, cap_ms: 2000 }`.
    fn retries(&mut self, raw: &Node) -> (u32, Backoff) {
        let mut backoff = Backoff::default();
        let Some(node) = raw.field("retries").filter(|node| node.map().is_some()) else {
            return (self.number(raw, "retries").unwrap_or_default(), backoff);
        };
        self.keys(node, &["most", "first_ms", "cap_ms"]);
        if node.field("most").is_none() {
            let help = "retries: { most: 3, first_ms: 50, cap_ms: 2000 }".to_owned();
            self.wrong(Some(node.line), "`retries` does not say how many", Some(help));
        }
        backoff.first_ms = self.number(node, "first_ms").unwrap_or(backoff.first_ms);
        backoff.cap_ms = self.number(node, "cap_ms").unwrap_or(backoff.cap_ms.max(backoff.first_ms));
        (self.number(node, "most").unwrap_or_default(), backoff)
    }

    fn idempotency(
        &mut self,
        name: &str,
        raw: &Node,
        kind: Option<ActionKind>,
        line: Option<u32>,
    ) -> Idempotency {
        let known = [
            ("key", Idempotency::Key),
            ("natural", Idempotency::Natural),
            ("verify", Idempotency::Verify),
            ("none", Idempotency::None),
        ];
        if let Some(text) = self.text(raw, "idempotency") {
            return self
                .one_of(&text, "a way to keep an effect to once", &known)
                .unwrap_or(Idempotency::None);
        }
        if kind == Some(ActionKind::Write) && raw.field("idempotency").is_none() {
            let what = format!("`{name}` writes and does not say how its effect is kept to once");
            let help = "add `idempotency: key`, `natural`, `verify` or `none`".to_owned();
            self.wrong(line, what, Some(help));
            return Idempotency::None;
        }
        Idempotency::Natural
    }

    fn follow(&mut self, key: &str, raw: &Node) -> Follow {
        if raw.map().is_none() {
            self.wrong(Some(raw.line), format!("`{key}` is not `none`, nor a mapping with `action`"), None);
        }
        self.keys(raw, &["action", "with"]);
        let action = self.needed(raw, "action", &format!("`{key}`")).value;
        Follow { action, with: self.exprs(raw, "with") }
    }

    /// `name: type` or `name: { type: ..., secret: true, is: ..., of: { ... }, unit: ..., personal: true, scale: ..., currency: ... }`.
    fn fields(&mut self, of: &Node, key: &str) -> Vec<Field> {
        let types = FieldType::ALL.map(|kind| (kind.name(), kind));
        let mut fields = Vec::new();
        for (name, raw) in self.entries(of, key) {
            let name = name.name.clone();
            let kind = match raw.text() {
                Some(text) => Text { value: text.to_owned(), line: Some(raw.line) },
                None => {
                    self.keys(raw, &FIELD_KEYS);
                    self.needed(raw, "type", &format!("`{name}`"))
                }
            };
            let (secret, is) = (self.flag(raw, "secret"), self.text(raw, "is").map(|is| is.value));
            // A field of no known type is still a field: whoever names it is not wrong.
            let kind = self.one_of(&kind, "a type", &types).unwrap_or(FieldType::Record);
            let of = self.fields(raw, "of");
            if !of.is_empty() && !matches!(kind, FieldType::List | FieldType::Record) {
                let what = format!("`{name}` has fields under `of` and is no `record` and no `list` of them");
                self.wrong(Some(raw.line), what, None);
            }
            if let Some(inner) = of.iter().find(|field| field.secret) {
                let what = format!("`{}` is secret inside `{name}`", inner.name);
                self.wrong(Some(raw.line), what, Some("only a whole argument can be".to_owned()));
            }
            let unit = self.text(raw, "unit").map(|unit| unit.value);
            if unit.is_some() && kind != FieldType::Int {
                let what = format!("`{name}` has a `unit` and is no `int`");
                self.wrong(Some(raw.line), what, Some("money has its currency".to_owned()));
            }
            let personal = self.flag(raw, "personal");
            let (scale, currency) = self.fraction(&name, raw, kind);
            fields.push(Field { name, kind, secret, is, of, unit, personal, scale, currency });
        }
        fields
    }

    /// How a system writes a number that it counts in fractions.
    fn fraction(&mut self, name: &str, raw: &Node, kind: FieldType) -> (Option<u8>, Option<String>) {
        let scale: Option<u8> = self.number(raw, "scale");
        let number = matches!(kind, FieldType::Int | FieldType::Money);
        if raw.field("scale").is_some() && !number || scale.is_some_and(|scale| scale > SCALE_MAX) {
            let what = format!("`{name}` has a `scale` that is none");
            let help = format!("digits after the point of an `int` or `money`, 0 to {SCALE_MAX}");
            self.wrong(Some(raw.line), what, Some(help));
        }
        let currency = self.text(raw, "currency").map(|currency| currency.value);
        let known = |text: &String| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if currency.as_ref().is_some_and(|text| kind != FieldType::Money || !known(text)) {
            let what = format!("`{name}` has a `currency` that is none");
            self.wrong(Some(raw.line), what, Some("three capitals, such as USD, of `money`".to_owned()));
        }
        (scale, currency)
    }

    fn conditions(&mut self, of: &Node, key: &str) -> Vec<Expr> {
        let mut conditions = Vec::new();
        for node in self.items(of, key) {
            match node.text() {
                Some(text) => {
                    conditions.extend(self.expr(&Text { value: text.to_owned(), line: Some(node.line) }));
                }
                None => self.wrong(Some(node.line), format!("a condition of `{key}` is no text"), None),
            }
        }
        conditions
    }

    /// `format: <regular expression>` of a text, as the condition that it is: of the whole of it.
    fn formats(&mut self, of: &Node, key: &str, root: &str, fields: &[Field]) -> Vec<Expr> {
        let mut conditions = Vec::new();
        for (name, raw) in self.entries(of, key) {
            let Some(format) = self.text(raw, "format") else { continue };
            let field = fields.iter().find(|field| field.name == name.name);
            if field.is_some_and(|field| Type::from(field.kind) != Type::Text) {
                let what = format!("`{}` has a `format` and is no text", name.name);
                self.wrong(format.line, what, None);
                continue;
            }
            let pattern = serde_json::Value::from(format!("^(?:{})$", format.value));
            let source = format!("{root}.{}.matches({pattern})", name.name);
            let tried = Record::from([(
                root.to_owned(),
                Value::Record(Record::from([(name.name.clone(), Value::from(""))])),
            )]);
            match Expr::compile(&source) {
                Ok(expr) if expr.holds(&tried).is_ok() => conditions.push(expr),
                Ok(_) | Err(_) => {
                    let what = format!("the `format` of `{}` is no regular expression", name.name);
                    self.wrong(format.line, what, Some("such as [A-Z0-9]{6}".to_owned()));
                }
            }
        }
        conditions
    }

    fn skill(&mut self, raw: &Node) -> Option<Skill> {
        self.keys(raw, &["skill", "summary", "version", "internal", "inputs", "steps", "done", "failed"]);
        let Some(name) = raw.field("skill").and_then(Node::text).filter(|name| !name.is_empty()) else {
            self.wrong(None, "`skill:` with the skill's name is missing", None);
            return None;
        };
        let whose = format!("the skill `{name}`");
        let summary = self.needed(raw, "summary", &whose).value;
        let mut inputs = Vec::new();
        for (key, spec) in self.entries(raw, "inputs") {
            // One that cannot be read is told, and counts as there.
            let spec = InputSpec::read(&self.file, &key.name, spec, self.problems);
            inputs.push((key.name.clone(), spec.unwrap_or_else(unreadable)));
        }
        if raw.field("steps").is_none() {
            self.wrong(None, format!("{whose} has no `steps`"), None);
        }
        Some(Skill {
            name: name.to_owned(),
            summary,
            version: version::label(self, raw),
            internal: self.flag(raw, "internal"),
            inputs,
            steps: self.steps(raw, "steps"),
            done: self.text(raw, "done").unwrap_or_default().value,
            failed: self.text(raw, "failed").unwrap_or_default().value,
            file: self.file.clone(),
            line: raw.field("skill").map(|name| name.line),
        })
    }
}

/// What an action without a kind must be, so that the steps that use it are not wrong as well.
fn seems(raw: &Node) -> ActionKind {
    let writes = ["idempotency", "undo", "verify"].into_iter().any(|key| raw.field(key).is_some());
    if writes { ActionKind::Write } else { ActionKind::Read }
}

fn unreadable() -> InputSpec {
    InputSpec { slot: callwright_model::SlotType::Name, ask: String::new(), again: None, remember: false }
}

const LIMITS: &str = "limits.yaml";
const FIELD_KEYS: [&str; 9] =
    ["type", "secret", "is", "of", "unit", "format", "personal", "scale", "currency"];
/// Beyond, JSON's numbers are not written as people read them.
const SCALE_MAX: u8 = 4;
const ACTION_KEYS: [&str; 22] = [
    "summary",
    "kind",
    "connector",
    "method",
    "key_as",
    "not_found",
    "tool",
    "http",
    "grpc",
    "inputs",
    "outputs",
    "verifies",
    "context",
    "idempotency",
    "verify",
    "timeout_ms",
    "retries",
    "undo",
    "retriable",
    "risk",
    "requires",
    "ensures",
];
