//! Between the shapes of facts and those of protobuf's JSON, for the messages that stand for a time, a span of time, a day or money.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value as Json, json};

type Members = Map<String, Json>;
/// Makes one shape of the other, by the message's full name; what it does not know it leaves.
type Turn = fn(&str, Json) -> Result<Json, String>;

/// Arguments as protobuf's JSON has them.
pub(super) fn to_message(message: &MessageDescriptor, arguments: Members) -> Result<Members, String> {
    turn(message, arguments, write)
}

/// An answer as facts have it.
pub(super) fn from_message(message: &MessageDescriptor, answer: Members) -> Result<Members, String> {
    turn(message, answer, read)
}

fn turn(message: &MessageDescriptor, members: Members, with: Turn) -> Result<Members, String> {
    let one = |(name, json): (String, Json)| match message.get_field_by_name(&name) {
        Some(field) => {
            let json = member(&field, json, with).map_err(|what| format!("`{name}` {what}"))?;
            Ok((name, json))
        }
        None => Ok((name, json)),
    };
    members.into_iter().map(one).collect()
}

fn member(field: &FieldDescriptor, json: Json, with: Turn) -> Result<Json, String> {
    let Kind::Message(message) = field.kind() else { return Ok(json) };
    match json {
        Json::Array(items) if field.is_list() => {
            items.into_iter().map(|item| one(&message, item, with)).collect::<Result<_, _>>().map(Json::Array)
        }
        Json::Object(entries) if field.is_map() => {
            let Kind::Message(value) = message.map_entry_value_field().kind() else {
                return Ok(Json::Object(entries));
            };
            let entries = entries.into_iter().map(|(key, json)| Ok((key, one(&value, json, with)?)));
            entries.collect::<Result<_, String>>().map(Json::Object)
        }
        json => one(&message, json, with),
    }
}

fn one(message: &MessageDescriptor, json: Json, with: Turn) -> Result<Json, String> {
    match (message.full_name(), json) {
        (_, Json::Null) => Ok(Json::Null),
        (TIMESTAMP | DURATION | DATE | MONEY, json) => with(message.full_name(), json),
        // Others of protobuf's own have no fields in JSON.
        (name, json) if name.starts_with("google.protobuf.") => Ok(json),
        (_, Json::Object(members)) => turn(message, members, with).map(Json::Object),
        (_, json) => Ok(json),
    }
}

fn write(name: &str, json: Json) -> Result<Json, String> {
    Ok(match (name, &json) {
        // Facts have neither seconds nor zones.
        (TIMESTAMP, Json::String(time)) if time.len() == LOCAL => format!("{time}:00Z").into(),
        (DURATION, Json::Number(seconds)) => format!("{seconds}s").into(),
        (DATE, Json::String(date)) => {
            let parts: Option<Vec<u32>> = date.split('-').map(|part| part.parse().ok()).collect();
            let Some([year, month, day]) = parts.as_deref() else { return Err("is no date".to_owned()) };
            json!({ "year": year, "month": month, "day": day })
        }
        (MONEY, Json::Object(amount)) => {
            let minor = amount.get("minor").and_then(Json::as_i64).ok_or("is no money")?;
            let currency =
                amount.get("currency").and_then(Json::as_str).ok_or("is money without a currency")?;
            let parts = parts_of(currency);
            json!({ "currency_code": currency, "units": minor / parts, "nanos": minor % parts * (NANOS / parts) })
        }
        _ => json,
    })
}

fn read(name: &str, json: Json) -> Result<Json, String> {
    Ok(match (name, &json) {
        (DURATION, Json::String(text)) => {
            let seconds = text.strip_suffix('s').and_then(|text| text.parse::<serde_json::Number>().ok());
            seconds.map(Json::Number).ok_or("is no span of time")?
        }
        (DATE, Json::Object(date)) => {
            let part = |name| date.get(name).and_then(Json::as_u64).filter(|part| *part > 0);
            match (part("year"), part("month"), part("day")) {
                (Some(year), Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}").into(),
                _ => return Err("is no whole date".to_owned()),
            }
        }
        (MONEY, Json::Object(amount)) => {
            let currency = amount.get("currency_code").and_then(Json::as_str).unwrap_or_default();
            let number = |name| amount.get(name).and_then(Json::as_i64).unwrap_or(0);
            let (parts, nanos) = (parts_of(currency), number("nanos"));
            if nanos % (NANOS / parts) != 0 {
                return Err(format!("is money in smaller parts than {currency} has"));
            }
            let whole = number("units").checked_mul(parts);
            let minor = whole.and_then(|whole| whole.checked_add(nanos / (NANOS / parts)));
            json!({ "minor": minor.ok_or("is more money than can be counted")?, "currency": currency })
        }
        _ => json,
    })
}

/// Into how many parts one of a currency is cut: as what is said of it.
fn parts_of(currency: &str) -> i64 {
    if matches!(currency, "JPY" | "KRW") { 1 } else { 100 }
}

const TIMESTAMP: &str = "google.protobuf.Timestamp";
const DURATION: &str = "google.protobuf.Duration";
const DATE: &str = "google.type.Date";
const MONEY: &str = "google.type.Money";
/// `2026-11-23T10:15`
const LOCAL: usize = 16;
const NANOS: i64 = 1_000_000_000;
