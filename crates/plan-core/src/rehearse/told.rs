//! One reason, in words and as data.

use callwright_model::{ActionKind, Value};
use serde_json::{Map, Value as Json, json};

use crate::catalogue::{Action, Field, FieldType};
use crate::expr::Expr;
use crate::policy::{Ruling, Verdict};
use crate::reason::{Source, SourceValue};
use crate::skill::CallStep;

/// One reason in words and as data.
pub(super) struct Told {
    pub(super) number: Option<usize>,
    pub(super) line: String,
    pub(super) more: Vec<String>,
    pub(super) json: Map<String, Json>,
}

impl Told {
    pub(super) fn new(kind: &str, line: String) -> Self {
        let json = Map::from_iter([("kind".to_owned(), json!(kind))]);
        Self { number: None, line, more: Vec::new(), json }
    }

    pub(super) fn more(mut self, line: String) -> Self {
        self.more.push(line);
        self
    }

    pub(super) fn json(mut self, key: &str, value: Json) -> Self {
        self.json.insert(key.to_owned(), value);
        self
    }

    pub(super) fn number(mut self, number: usize) -> Self {
        self.number = Some(number);
        self.json("number", json!(number))
    }

    pub(super) fn call(self, action: &Action, call: &CallStep) -> Self {
        let (connector, method) = (&action.call.connector, &action.call.method);
        let told = self.json("action", json!(call.action)).json("as", json!(call.name));
        let told = told.json("calls", json!(format!("{connector}.{method}")));
        match action.kind {
            ActionKind::Read => told,
            ActionKind::Write => told.more(format!("{}: {connector}.{method}", action.summary)),
        }
    }

    pub(super) fn sources(mut self, sources: &[Source]) -> Self {
        let mut arguments = Map::new();
        for source in sources {
            let how = if source.filled { ", bound by what it means" } else { "" };
            let value = match &source.value {
                SourceValue::Known(value) => plain(value),
                SourceValue::Secret => json!("(secret)"),
                SourceValue::Later => json!("(once it is written)"),
                SourceValue::Unknown => json!("(not known yet)"),
            };
            self.more.push(format!("{} = {}, from {}{how}", source.name, bare(&value), source.expr));
            arguments.insert(
                source.name.clone(),
                json!({ "from": source.expr, "value": value, "filled": source.filled }),
            );
        }
        self.json("arguments", Json::Object(arguments))
    }

    /// What holds before and after, as it is declared.
    pub(super) fn conditions(mut self, action: &Action) -> Self {
        for (key, conditions) in [("requires", &action.call.requires), ("ensures", &action.call.ensures)] {
            let sources: Vec<&str> = conditions.iter().map(Expr::source).collect();
            if !sources.is_empty() {
                self = self.more(format!("{key} {}", sources.join(" and "))).json(key, json!(sources));
            }
        }
        self
    }

    /// What it touches that is about a person.
    pub(super) fn personal(self, action: &Action) -> Self {
        let fields = action.inputs.iter().chain(&action.call.outputs);
        let personal: Vec<&str> =
            fields.filter(|field| field.personal).map(|field| field.name.as_str()).collect();
        if personal.is_empty() {
            return self;
        }
        self.more(format!("personal: {}", personal.join(", "))).json("personal", json!(personal))
    }

    pub(super) fn verdict(self, verdict: &Verdict) -> Self {
        let rules = verdict.rules.join(", ");
        let line = match &verdict.ruling {
            Ruling::Allowed => format!("allowed by {rules}"),
            Ruling::NeedsApproval(approval) => {
                let (role, hours) = (&approval.role, approval.within.as_secs_f64() / 3_600.0);
                format!("waits for the approval of `{role}`, for {hours} h at most, because of {rules}")
            }
            Ruling::Denied { .. } if rules.is_empty() => "not permitted by any policy".to_owned(),
            Ruling::Denied { .. } => format!("forbidden by {rules}"),
        };
        let told =
            self.more(line).json("allowed", json!(verdict.allowed())).json("rules", json!(verdict.rules));
        match verdict.role() {
            Some(role) => told.json("approval", json!(role)),
            None => told,
        }
    }
}

pub(super) fn named(call: &CallStep) -> String {
    if call.name == call.action { String::new() } else { format!(" as {}", call.name) }
}

pub(super) fn names(fields: &[Field]) -> Vec<&str> {
    fields.iter().map(|field| field.name.as_str()).collect()
}

/// An answer with types in the places of values.
pub(super) fn template(fields: &[Field]) -> String {
    let field = |field: &Field| {
        let value = match (field.kind, field.of.as_slice()) {
            (FieldType::Money, _) => "{ minor: <int>, currency: <text> }".to_owned(),
            (FieldType::List, []) => "[]".to_owned(),
            (FieldType::List, of) => format!("[{}]", template(of)),
            (FieldType::Record, []) => "{}".to_owned(),
            (FieldType::Record, of) => template(of),
            (kind, _) => format!("<{}>", kind.name()),
        };
        format!("{}: {value}", field.name)
    };
    format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
}

/// A fact as people write it.
pub(super) fn plain(value: &Value) -> Json {
    match value {
        Value::Bool(yes) => json!(yes),
        Value::Int(number) => json!(number),
        Value::Text(text) | Value::Code(text) | Value::Date(text) | Value::Time(text) => json!(text),
        Value::Money(money) => json!({ "minor": money.minor, "currency": money.currency }),
        Value::List(values) => values.iter().map(plain).collect(),
        Value::Record(record) => {
            record.iter().map(|(name, value)| (name.clone(), plain(value))).collect::<Map<_, _>>().into()
        }
    }
}

/// The same in a line of text: a text without quotes, money with its currency, and the beginning of what is long.
pub(super) fn bare(value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        other => match (other["minor"].as_i64(), other["currency"].as_str()) {
            (Some(minor), Some(currency)) => format!("{currency} {minor} (minor units)"),
            (_, _) => other.to_string(),
        },
    };
    match text.char_indices().nth(LINE_CHARS_MAX) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}

/// Of a fact as long as this the beginning tells which it is; the JSON has it all.
const LINE_CHARS_MAX: usize = 100;
