//! Facts to and from the plain JSON of systems that were not built for us.
//!
//! Facts have no fractions, so numbers with some are counted in their smallest part: a field with `scale: 2` is 1250 here and 12.5 there,
//! and money with its `currency` declared is such a number too. Everything else keeps its shape. What is read is read as declared; what
//! is not declared is left where it is.

use std::collections::BTreeMap;

use callwright_model::{Money, Record, Value};
use serde_json::{Map, Number, Value as Json};

use crate::catalogue::{Field, FieldType};

/// Arguments as a JSON object; `decimals` names those that are sent as numbers with a fraction.
///
/// # Errors
/// What cannot be said in JSON, by name.
pub fn to_json(arguments: &Record, decimals: &BTreeMap<String, u8>) -> Result<Map<String, Json>, String> {
    let one = |(name, value): (&String, &Value)| {
        let json = match (value, decimals.get(name)) {
            (Value::Int(minor) | Value::Money(Money { minor, .. }), Some(digits)) => {
                fraction(*minor, *digits).map_err(|what| format!("`{name}` {what}"))?
            }
            (value, _) => plain(value),
        };
        Ok((name.clone(), json))
    };
    arguments.iter().map(one).collect()
}

fn fraction(minor: i64, digits: u8) -> Result<Json, String> {
    if digits == 0 {
        return Ok(minor.into());
    }
    if minor.unsigned_abs() > EXACT_MAX {
        return Err("is too large to be sent with a fraction".to_owned());
    }
    // The quotient is the floating-point number nearest to what is meant, and is printed as that.
    #[expect(clippy::cast_precision_loss, reason = "fifteen digits are exact")]
    let value = minor as f64 / 10_f64.powi(digits.into());
    Number::from_f64(value).map(Json::Number).ok_or_else(|| "is no number".to_owned())
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Bool(yes) => Json::Bool(*yes),
        Value::Int(number) => (*number).into(),
        Value::Text(text) | Value::Code(text) | Value::Date(text) | Value::Time(text) => {
            Json::String(text.clone())
        }
        Value::Money(Money { minor, currency }) => {
            serde_json::json!({ "minor": minor, "currency": currency })
        }
        Value::List(values) => values.iter().map(plain).collect(),
        Value::Record(record) => {
            Json::Object(record.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
        }
    }
}

/// The declared fields of an answer. Those that are not there are left out: whoever needs them says so.
///
/// # Errors
/// What is there and is not as declared, by name.
pub fn from_json(answer: &Map<String, Json>, fields: &[Field]) -> Result<Record, String> {
    let one = |field: &Field| match answer.get(&field.name) {
        None | Some(Json::Null) => None,
        Some(json) => Some(
            typed(json, field)
                .map(|value| (field.name.clone(), value))
                .map_err(|what| format!("`{}` {what}", field.name)),
        ),
    };
    fields.iter().filter_map(one).collect()
}

fn typed(json: &Json, field: &Field) -> Result<Value, String> {
    let wrong = || format!("is not of type {}", field.kind.name());
    Ok(match (field.kind, json) {
        (FieldType::Text, _) => Value::Text(scalar(json).ok_or_else(wrong)?),
        // A system may keep as a number what people spell.
        (FieldType::Code, _) => Value::Code(scalar(json).ok_or_else(wrong)?),
        (FieldType::Date, Json::String(text)) => Value::Date(text.clone()),
        (FieldType::Time, Json::String(text)) => Value::Time(local(text).to_owned()),
        (FieldType::Bool, Json::Bool(yes)) => Value::Bool(*yes),
        (FieldType::Int, _) => Value::Int(scaled(json, field.digits().unwrap_or(0))?),
        (FieldType::Money, Json::Object(amount)) => money(amount).ok_or_else(wrong)?,
        (FieldType::Money, _) => {
            let Some(currency) = field.currency.clone() else {
                return Err("is money without its currency: declare `currency`".to_owned());
            };
            Value::Money(Money { minor: scaled(json, field.digits().unwrap_or(0))?, currency })
        }
        (FieldType::List, Json::Array(items)) => {
            let items = items.iter().filter(|item| !item.is_null());
            Value::List(items.map(|item| inner(item, &field.of)).collect::<Result<_, _>>()?)
        }
        (FieldType::Record, Json::Object(_)) => inner(json, &field.of)?,
        (
            FieldType::Date | FieldType::Time | FieldType::Bool | FieldType::List | FieldType::Record,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_),
        ) => return Err(wrong()),
    })
}

fn inner(json: &Json, of: &[Field]) -> Result<Value, String> {
    match json {
        Json::Object(members) if !of.is_empty() => from_json(members, of).map(Value::Record),
        json => undeclared(json).ok_or_else(|| "is empty".to_owned()),
    }
}

/// What nobody has declared, as it is; numbers with a fraction as texts.
fn undeclared(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(yes) => Value::Bool(*yes),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::Text(number.to_string()), Value::Int),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().filter_map(undeclared).collect()),
        Json::Object(members) => Value::Record(
            members.iter().filter_map(|(name, json)| Some((name.clone(), undeclared(json)?))).collect(),
        ),
    })
}

fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(yes) => Some(yes.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn money(amount: &Map<String, Json>) -> Option<Value> {
    let minor = amount.get("minor")?.as_i64()?;
    let currency = amount.get("currency")?.as_str()?;
    let known = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    known.then(|| Value::Money(Money { minor, currency: currency.to_owned() }))
}

/// A number, or a text that is one, in its smallest part.
fn scaled(json: &Json, digits: u8) -> Result<i64, String> {
    let text = match json {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.trim().to_owned(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
            return Err("is no number".to_owned());
        }
    };
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = part.trim_end_matches('0');
    let wanted = usize::from(digits);
    if part.len() > wanted {
        return Err(format!("is `{text}`, which has more than {digits} digits after the point"));
    }
    let signed = whole.strip_prefix('-').unwrap_or(whole);
    if signed.is_empty() || !signed.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(format!("is `{text}`, which is no number that fits"));
    }
    format!("{whole}{part}{}", "0".repeat(wanted - part.len()))
        .parse()
        .map_err(|_| format!("is `{text}`, which is no number that fits"))
}

/// The local time of a date with time: facts have neither seconds nor zones, and what is told is the time of the place it is about.
fn local(text: &str) -> &str {
    match text.get(..LOCAL) {
        Some(local) if text.as_bytes().get(10) == Some(&b'T') && text.as_bytes().get(13) == Some(&b':') => {
            local
        }
        Some(_) | None => text,
    }
}

/// `2026-11-23T10:15`
const LOCAL: usize = 16;
/// JSON's numbers are floating-point ones to most systems, and those keep fifteen digits.
const EXACT_MAX: u64 = 999_999_999_999_999;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn field(name: &str, kind: FieldType) -> Field {
        Field {
            name: name.to_owned(),
            kind,
            secret: false,
            is: None,
            of: Vec::new(),
            unit: None,
            personal: false,
            scale: None,
            currency: None,
        }
    }

    fn read(json: Json, field: Field) -> Result<Value, String> {
        let name = field.name.clone();
        let answer = json!({ name.as_str(): json });
        let mut record = from_json(answer.as_object().expect("an object"), &[field])?;
        record.remove(&name).ok_or_else(|| "left out".to_owned())
    }

    #[test]
    fn numbers_with_a_fraction_are_whole_here() {
        let rate = || Field { scale: Some(2), ..field("rate", FieldType::Int) };
        for (json, minor) in [(json!(12.5), 1250), (json!(-0.07), -7), (json!(3), 300), (json!("8.90"), 890)]
        {
            assert_eq!(read(json.clone(), rate()), Ok(Value::Int(minor)), "{json}");
        }
        let sent = to_json(
            &Record::from([("rate".to_owned(), Value::Int(1250))]),
            &BTreeMap::from([("rate".to_owned(), 2)]),
        );
        assert_eq!(sent.map(Json::Object), Ok(json!({ "rate": 12.5 })));
        for json in [json!(0.125), json!("1e3"), json!("-"), json!(""), json!(1e300), json!([1])] {
            assert!(read(json.clone(), rate()).is_err(), "{json}");
        }
    }

    #[test]
    fn money_needs_a_currency_from_somewhere() {
        let price = || field("price", FieldType::Money);
        let usd = |minor| Ok(Value::Money(Money { minor, currency: "USD".to_owned() }));
        assert_eq!(read(json!({"minor": 99, "currency": "USD"}), price()), usd(99));
        assert!(read(json!(0.99), price()).is_err_and(|what| what.contains("declare `currency`")));
        let declared = || Field { currency: Some("USD".to_owned()), ..price() };
        assert_eq!(read(json!(0.99), declared()), usd(99));
        assert_eq!(read(json!(99), Field { scale: Some(0), ..declared() }), usd(99));
    }

    #[test]
    fn shapes_are_kept_and_what_is_not_declared_is_left() {
        let rooms = Field {
            of: vec![field("number", FieldType::Code), field("from", FieldType::Time)],
            ..field("rooms", FieldType::List)
        };
        let answer = json!([{"number": 204, "from": "2026-11-23T10:15:00Z", "view": "sea"}, null]);
        let room = Record::from([
            ("number".to_owned(), Value::Code("204".to_owned())),
            ("from".to_owned(), Value::Time("2026-11-23T10:15".to_owned())),
        ]);
        assert_eq!(read(answer, rooms), Ok(Value::List(vec![Value::Record(room)])));
        assert_eq!(read(json!(null), field("x", FieldType::Text)), Err("left out".to_owned()));
        assert!(read(json!("yes"), field("x", FieldType::Bool)).is_err());
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            ".{0,18}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::hash_map("[a-e]", inner, 0..4)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_facts_or_an_error(json in any_json(), kind in 0..9_usize, scale in 0..4_u8) {
            let of = if scale == 3 { vec![field("a", FieldType::Int)] } else { Vec::new() };
            let field = Field { scale: Some(scale), of, ..field("x", FieldType::ALL[kind]) };
            let _ = read(json, field);
        }

        #[test]
        fn fractions_come_back_as_they_went(minor in -999_999_999_999_999_i64..=999_999_999_999_999, digits in 0..=4_u8) {
            let sent = fraction(minor, digits).expect("it fits");
            prop_assert_eq!(scaled(&sent, digits), Ok(minor), "{}", sent);
        }
    }
}
