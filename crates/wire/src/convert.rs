//! Facts to and from protobuf.

use callwright_model::{ActionKind, CallId, Money, Record, Value};
use thiserror::Error;

use crate::pb::types::v1 as pb;

/// What a peer sent does not mean anything.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {what}")]
pub struct ConvertError {
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub what: &'static str,
}

impl ConvertError {
    pub(crate) fn new(field: impl Into<String>, what: &'static str) -> Self {
        Self { field: field.into(), what }
    }
}

impl From<ConvertError> for tonic::Status {
    fn from(error: ConvertError) -> Self {
        Self::invalid_argument(error.to_string())
    }
}

pub(crate) fn record_to_pb(record: Record) -> pb::Record {
    pb::Record { fields: record.into_iter().map(|(name, value)| (name, value_to_pb(value))).collect() }
}

pub(crate) fn record_from_pb(record: Option<pb::Record>) -> Result<Record, ConvertError> {
    record
        .unwrap_or_default()
        .fields
        .into_iter()
        .map(|(name, value)| match value_from_pb(value) {
            Ok(value) => Ok((name, value)),
            Err(error) => Err(ConvertError::new(format!("{name}.{}", error.field), error.what)),
        })
        .collect()
}

fn value_to_pb(value: Value) -> pb::Value {
    use pb::value::Kind;
    let kind = match value {
        Value::Bool(yes) => Kind::Boolean(yes),
        Value::Int(number) => Kind::Integer(number),
        Value::Text(text) => Kind::Text(text),
        Value::Code(code) => Kind::Code(code),
        Value::Money(Money { minor, currency }) => Kind::Money(pb::Money { minor, currency }),
        Value::Date(date) => Kind::Date(date),
        Value::Time(time) => Kind::Time(time),
        Value::List(values) => Kind::List(pb::List { values: values.into_iter().map(value_to_pb).collect() }),
        Value::Record(record) => Kind::Record(record_to_pb(record)),
    };
    pb::Value { kind: Some(kind) }
}

fn value_from_pb(value: pb::Value) -> Result<Value, ConvertError> {
    use pb::value::Kind;
    Ok(match value.kind.ok_or_else(|| ConvertError::new("value", "has no kind"))? {
        Kind::Boolean(yes) => Value::Bool(yes),
        Kind::Integer(number) => Value::Int(number),
        Kind::Text(text) => Value::Text(text),
        Kind::Code(code) => Value::Code(code),
        Kind::Money(money) => {
            if money.currency.len() != 3 || !money.currency.bytes().all(|b| b.is_ascii_uppercase()) {
                return Err(ConvertError::new("currency", "is not an ISO 4217 code"));
            }
            Value::Money(Money { minor: money.minor, currency: money.currency })
        }
        Kind::Date(date) => Value::Date(date),
        Kind::Time(time) => Value::Time(time),
        Kind::List(list) => {
            Value::List(list.values.into_iter().map(value_from_pb).collect::<Result<_, _>>()?)
        }
        Kind::Record(record) => Value::Record(record_from_pb(Some(record))?),
    })
}

pub(crate) fn kind_to_pb(kind: ActionKind) -> i32 {
    match kind {
        ActionKind::Read => pb::ActionKind::Read.into(),
        ActionKind::Write => pb::ActionKind::Write.into(),
    }
}

pub(crate) fn kind_from_pb(kind: i32) -> Result<ActionKind, ConvertError> {
    match pb::ActionKind::try_from(kind) {
        Ok(pb::ActionKind::Read) => Ok(ActionKind::Read),
        Ok(pb::ActionKind::Write) => Ok(ActionKind::Write),
        Ok(pb::ActionKind::Unspecified) | Err(_) => {
            Err(ConvertError::new("kind", "is neither read nor write"))
        }
    }
}

pub(crate) fn call_from_pb(call: &str) -> Result<CallId, ConvertError> {
    call.parse().map_err(|_| ConvertError::new("call", "is not 16 hexadecimal digits"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            ".{0,12}".prop_map(Value::Text),
            "[A-Z0-9]{0,8}".prop_map(Value::Code),
            (any::<i64>(), "[A-Z]{3}").prop_map(|(minor, currency)| Value::Money(Money { minor, currency })),
            ".{0,10}".prop_map(Value::Date),
            ".{0,16}".prop_map(Value::Time),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map("[a-z_]{1,6}", inner, 0..4).prop_map(Value::Record),
            ]
        })
    }

    proptest! {
        #[test]
        fn facts_come_back_as_they_went(record in prop::collection::btree_map("[a-z_]{1,6}", value(), 0..6)) {
            prop_assert_eq!(record_from_pb(Some(record_to_pb(record.clone()))), Ok(record));
        }

        #[test]
        fn junk_bytes_are_an_error_or_facts(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(record) = <pb::Record as prost::Message>::decode(bytes.as_slice()) {
                let _ = record_from_pb(Some(record));
            }
        }
    }

    #[test]
    fn a_value_without_kind_names_its_field() {
        let record = pb::Record { fields: [("seat".to_owned(), pb::Value { kind: None })].into() };
        let error = record_from_pb(Some(record)).expect_err("has no kind");
        assert_eq!(error.to_string(), "seat.value: has no kind");
    }
}
