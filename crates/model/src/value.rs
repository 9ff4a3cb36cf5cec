//! Facts as plans, receipts and sentences carry them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Named facts. Ordered, so that one plan prints and hashes one way.
pub type Record = BTreeMap<String, Value>;

/// An amount of money in the currency's minor unit: 12500 and `USD` are 125 dollars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Amount in minor units.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// A typed fact. There are no floating-point facts: money is counted in minor units, and nothing else here is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Free text: a name, a status word.
    Text(String),
    /// Letters and digits that are read out one by one.
    Code(String),
    /// Money.
    Money(Money),
    /// A calendar date, `2026-11-23`.
    Date(String),
    /// A date with local time of the place it is about, `2026-11-23T10:15`; `10:15` alone is a time of any day.
    Time(String),
    /// Several facts in order.
    List(Vec<Value>),
    /// Named facts inside a fact.
    Record(Record),
}

impl Value {
    /// The text of a `Text`, `Code`, `Date` or `Time`.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Code(text) | Self::Date(text) | Self::Time(text) => Some(text),
            Self::Bool(_) | Self::Int(_) | Self::Money(_) | Self::List(_) | Self::Record(_) => None,
        }
    }

    /// It as one text, for people who read notes: money as its minor units and currency. Nothing of lists and records.
    #[must_use]
    pub fn written(&self) -> String {
        match self {
            Self::Int(number) => number.to_string(),
            Self::Bool(yes) => yes.to_string(),
            Self::Money(money) => format!("{} {}", money.minor, money.currency),
            Self::Text(text) | Self::Code(text) | Self::Date(text) | Self::Time(text) => text.clone(),
            Self::List(_) | Self::Record(_) => String::new(),
        }
    }

    /// The fact at a dotted path below this one: `flight.number`.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, name| match value {
            Self::Record(record) => record.get(name),
            _ => None,
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
