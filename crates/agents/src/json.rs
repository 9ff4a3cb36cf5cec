//! Facts to and from the JSON that agents write.

use callwright_model::{Record, Value};
use serde_json::{Map, Value as Json, json};

/// Facts as agents read them: without their types, for what a fact is its name tells.
pub(crate) fn told(record: &Record) -> Json {
    record.iter().map(|(name, value)| (name.clone(), one(value))).collect::<Map<_, _>>().into()
}

fn one(value: &Value) -> Json {
    match value {
        Value::Bool(yes) => json!(yes),
        Value::Int(number) => json!(number),
        Value::Text(text) | Value::Code(text) | Value::Date(text) | Value::Time(text) => json!(text),
        Value::Money(money) => json!({ "minor": money.minor, "currency": money.currency }),
        Value::List(values) => values.iter().map(one).collect::<Vec<_>>().into(),
        Value::Record(record) => told(record),
    }
}

/// What an agent gives: texts, whole numbers, yes or no.
///
/// # Errors
/// Which of them is none of these.
pub(crate) fn given(inputs: &Map<String, Json>) -> Result<Record, String> {
    let mut record = Record::new();
    for (name, value) in inputs {
        let value = match value {
            Json::String(text) => Value::Text(text.clone()),
            Json::Bool(yes) => Value::Bool(*yes),
            Json::Number(number) => {
                let whole = number.as_i64().ok_or_else(|| format!("`{name}` is no whole number"))?;
                Value::Int(whole)
            }
            Json::Null | Json::Array(_) | Json::Object(_) => {
                return Err(format!("`{name}` must be a text, a whole number, or true or false"));
            }
        };
        record.insert(name.clone(), value);
    }
    Ok(record)
}
