//! Actions: what the systems behind us can do, as `actions.yaml` declares it.

use std::sync::Arc;
use std::time::Duration;

use callwright_model::{ActionKind, Idempotency, Money, Record, Value};
use serde::{Deserialize, Serialize};

use crate::asker::{RISK, Seen};
use crate::backoff::Backoff;
use crate::door::Door;
use crate::expr::{Expr, ExprError, Type};

/// The type of an action's input or output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Free text.
    Text,
    /// Letters and digits, read out one by one.
    Code,
    /// A whole number.
    Int,
    /// Yes or no.
    Bool,
    /// Money.
    Money,
    /// A calendar date.
    Date,
    /// A date with local time.
    Time,
    /// Several facts.
    List,
    /// Named facts.
    Record,
}

impl FieldType {
    /// The same fact as this type: texts of all kinds turn into each other, nothing else does.
    pub(crate) fn coerce(self, value: Value) -> Result<Value, String> {
        let text = value.as_text().map(str::to_owned);
        Ok(match (self, value, text) {
            (Self::Text, _, Some(text)) => Value::Text(text),
            (Self::Code, _, Some(text)) => Value::Code(text),
            (Self::Date, _, Some(text)) => Value::Date(text),
            (Self::Time, _, Some(text)) => Value::Time(text),
            (Self::Int, value @ Value::Int(_), _)
            | (Self::Bool, value @ Value::Bool(_), _)
            | (Self::Money, value @ Value::Money(_), _)
            | (Self::List, value @ Value::List(_), _)
            | (Self::Record, value @ Value::Record(_), _) => value,
            (wanted, _, _) => return Err(format!("is not of type {}", wanted.name())),
        })
    }

    /// A fact of this type, for checking expressions before there are facts.
    pub(crate) fn sample(self) -> Value {
        match self {
            Self::Text => Value::Text(String::new()),
            Self::Code => Value::Code(String::new()),
            Self::Int => Value::Int(0),
            Self::Bool => Value::Bool(false),
            Self::Money => Value::Money(Money { minor: 0, currency: "USD".to_owned() }),
            Self::Date => Value::Date("2000-01-01".to_owned()),
            Self::Time => Value::Time("2000-01-01T00:00".to_owned()),
            Self::List => Value::List(Vec::new()),
            Self::Record => Value::Record(Record::new()),
        }
    }

    /// As it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Code => "code",
            Self::Int => "int",
            Self::Bool => "bool",
            Self::Money => "money",
            Self::Date => "date",
            Self::Time => "time",
            Self::List => "list",
            Self::Record => "record",
        }
    }

    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Text,
        Self::Code,
        Self::Int,
        Self::Bool,
        Self::Money,
        Self::Date,
        Self::Time,
        Self::List,
        Self::Record,
    ];
}

/// One input or output of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: FieldType,
    /// Used for the call, then forgotten: never in facts, journals or explanations.
    pub secret: bool,
    /// What it means, where its name does not say it: an argument that a step leaves out is bound to what means the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
    /// The fields of a record, or of each record of a list. None: only the system knows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<Field>,
    /// What a number counts. Numbers of different units are neither compared nor given for each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// It is about a person: whoever reviews a plan is told that it is touched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub personal: bool,
    /// Digits after the point where a system counts it in fractions, see [`crate::from_json`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u8>,
    /// The currency of money that a system tells as a bare number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl Field {
    /// What it means: two of one meaning and type are one thing.
    pub(crate) fn meaning(&self) -> &str {
        self.is.as_deref().unwrap_or(&self.name)
    }

    /// Digits after the point where its system counts it in fractions; money in a declared currency has two unless it says otherwise.
    pub(crate) fn digits(&self) -> Option<u8> {
        self.scale.or(self.currency.as_ref().map(|_| MONEY_DIGITS))
    }

    /// Its type, with what is declared inside.
    pub(crate) fn type_of(&self) -> Type {
        if self.kind == FieldType::Int {
            return Type::Int(self.unit.clone());
        }
        if self.of.is_empty() {
            return self.kind.into();
        }
        let record = Type::record(self.of.iter().map(|field| (field.name.clone(), field.type_of())));
        match self.kind {
            FieldType::List => Type::List(Box::new(record)),
            FieldType::Record => record,
            FieldType::Text
            | FieldType::Code
            | FieldType::Int
            | FieldType::Bool
            | FieldType::Money
            | FieldType::Date
            | FieldType::Time => self.kind.into(),
        }
    }

    /// The fact as it is declared, with declared fields typed and others dropped; the error goes on after the field's name.
    fn accept(&self, value: Value) -> Result<Value, String> {
        match self.kind.coerce(value)? {
            Value::Record(record) if !self.of.is_empty() => accept(&self.of, record).map(Value::Record),
            Value::List(values) if !self.of.is_empty() => {
                let values = values.into_iter().map(|value| match value {
                    Value::Record(record) => accept(&self.of, record).map(Value::Record),
                    _ => Err("holds something else than records".to_owned()),
                });
                values.collect::<Result<_, _>>().map(Value::List)
            }
            value => Ok(value),
        }
    }
}

/// The declared ones of these facts, typed as declared.
fn accept(fields: &[Field], mut facts: Record) -> Result<Record, String> {
    fields
        .iter()
        .map(|field| {
            let name = &field.name;
            let value = facts.remove(name).ok_or_else(|| format!("has no `{name}`"))?;
            let value = field.accept(value).map_err(|what| format!("has a `{name}` that {what}"))?;
            Ok((name.clone(), value))
        })
        .collect()
}

/// How one action is called. A plan carries it along, so that a plan in flight keeps the version it was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The action.
    pub action: String,
    /// The connector that does it.
    pub connector: String,
    /// The connector's method.
    pub method: String,
    /// How it is spoken to.
    #[serde(default, skip_serializing_if = "Door::is_own")]
    pub door: Door,
    /// What it answers.
    pub outputs: Vec<Field>,
    /// How long one attempt may take.
    pub timeout_ms: u32,
    /// Attempts after the first.
    pub retries: u32,
    /// How long is waited between them.
    #[serde(default, skip_serializing_if = "Backoff::is_default")]
    pub backoff: Backoff,
    /// How its effect is kept to once.
    pub idempotency: Idempotency,
    /// How much is at stake.
    #[serde(default, skip_serializing_if = "Risk::is_low")]
    pub risk: Risk,
    /// What must hold of its arguments (`input`) before it is called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Expr>,
    /// What holds of arguments and answer (`result`) once it is done. An answer of which it does not hold proves nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ensures: Vec<Expr>,
}

/// How much is at stake with an action: people see it, and policies that look at `risk`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Nobody would mind, as with most reads.
    #[default]
    Low,
    /// It can be put right.
    Medium,
    /// Money or a promise that is hard to take back.
    High,
}

impl Risk {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    fn is_low(&self) -> bool {
        *self == Self::Low
    }
}

impl Call {
    /// How long one attempt may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }

    /// How long all its attempts might take.
    pub(crate) fn patience(&self) -> Duration {
        let attempts = self.retries.saturating_add(1);
        let waits: Duration = (1..=attempts).map(|attempt| self.backoff.most(attempt)).sum();
        self.timeout().saturating_mul(attempts).saturating_add(waits)
    }

    /// The first of what it requires that does not hold of these arguments. What looks at one that is not among them is left
    /// for later.
    pub(crate) fn unmet(&self, known: &Record) -> Option<&Expr> {
        let facts = Record::from([("input".to_owned(), Value::Record(known.clone()))]);
        let looks = |expr: &&Expr| {
            expr.references().all(|(_, field)| field.is_some_and(|field| known.contains_key(field)))
        };
        self.requires.iter().filter(looks).find(|expr| expr.holds(&facts) != Ok(true))
    }

    /// The declared outputs of an answer to these arguments, typed as declared; what was not declared is dropped.
    pub(crate) fn accept(&self, input: &Record, answer: Record) -> Result<Record, String> {
        let answer = accept(&self.outputs, answer).map_err(|what| format!("the answer {what}"))?;
        if self.ensures.is_empty() {
            return Ok(answer);
        }
        let facts = Record::from([
            ("input".to_owned(), Value::Record(input.clone())),
            ("result".to_owned(), Value::Record(answer.clone())),
        ]);
        match self.ensures.iter().find(|expr| expr.holds(&facts) != Ok(true)) {
            Some(broken) => Err(format!("the answer breaks what is ensured: `{}`", broken.source())),
            None => Ok(answer),
        }
    }
}

/// A call that follows from another: its undo, or the read that tells whether it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// The action.
    pub action: String,
    /// Its arguments over `input` and, for an undo, `result`.
    pub with: Vec<(String, Expr)>,
}

/// Whether an action can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// By another action.
    By(Follow),
    /// By nothing, and the author says so.
    None,
    /// The author says nothing.
    Undeclared,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// How it is called. Plans share it.
    pub call: Arc<Call>,
    /// One line for people.
    pub summary: String,
    /// Whether it changes anything.
    pub kind: ActionKind,
    /// What it takes.
    pub inputs: Vec<Field>,
    /// The output that the caller has proved to own once it succeeded.
    pub verifies: Option<String>,
    /// What policies see of a call, over `input`.
    pub context: Vec<(String, Expr)>,
    /// How it is taken back.
    pub undo: Undo,
    /// Its system never refuses it for good: sent again, it is done in the end. Only such writes may follow one that nothing
    /// takes back.
    pub retriable: bool,
    /// The read that tells whether it was done, for `idempotency: verify`.
    pub verify: Option<Follow>,
    /// Where it stands in its file.
    pub line: Option<u32>,
}

impl Action {
    /// The input of this name.
    pub(crate) fn input(&self, name: &str) -> Option<&Field> {
        self.inputs.iter().find(|field| field.name == name)
    }

    /// What policies see of a call with these arguments.
    pub(crate) fn policy_context(&self, arguments: &Record, seen: Seen<'_>) -> Result<Record, ExprError> {
        evaluate_context(&self.context, self.call.risk, arguments, seen)
    }

    /// Whether one of its inputs is a secret.
    pub(crate) fn takes_secret(&self) -> bool {
        self.inputs.iter().any(|field| field.secret)
    }
}

/// Most currencies have hundredths; one that has not says `scale`.
const MONEY_DIGITS: u8 = 2;

/// Evaluates a policy context over a call's arguments, and what [`crate::asker`] tells beside them.
pub(crate) fn evaluate_context<'e>(
    context: impl IntoIterator<Item = &'e (String, Expr), IntoIter: Clone>,
    risk: Risk,
    arguments: &Record,
    seen: Seen<'_>,
) -> Result<Record, ExprError> {
    let context = context.into_iter();
    let mut facts = Record::from([("input".to_owned(), Value::Record(arguments.clone()))]);
    if context.clone().any(|(_, expr)| expr.references().any(|(root, _)| root != "input")) {
        facts.extend(seen.facts());
        facts.insert(RISK.to_owned(), Value::from(risk.name()));
    }
    context.map(|(name, expr)| Ok((name.clone(), expr.any(&facts)?))).collect()
}
