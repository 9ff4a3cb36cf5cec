//! The packs that come with Callwright, and answers as the demo backends give them.
#![allow(dead_code, reason = "each test uses its part")]

use callwright_model::{CallId, Money, PackSource, PlanId, Record, Value};
use callwright_plan_core::{BindError, Next, Pack, ReadOutcome, Reads, bind};

macro_rules! pack_files {
    ($pack:literal, $($file:literal),+) => {
        [$(($file.to_owned(), include_str!(concat!("../../../../skills/", $pack, "/", $file)).to_owned())),+].into()
    };
}

pub fn airline() -> PackSource {
    PackSource {
        folder: "skills/airline".to_owned(),
        files: pack_files!(
            "airline",
            "pack.yaml",
            "actions.yaml",
            "policies.cedar",
            "schema.cedarschema",
            "skills/rebook.yaml",
            "skills/status.yaml",
            "skills/cancel.yaml"
        ),
    }
}

pub fn retail() -> PackSource {
    PackSource {
        folder: "skills/retail".to_owned(),
        files: pack_files!(
            "retail",
            "pack.yaml",
            "actions.yaml",
            "policies.cedar",
            "schema.cedarschema",
            "skills/return.yaml"
        ),
    }
}

pub fn loaded(source: &PackSource) -> Pack {
    match Pack::load(source) {
        Ok(pack) => pack,
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        }
    }
}

pub fn record<const N: usize>(fields: [(&str, Value); N]) -> Record {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub fn dollars(minor: i64) -> Value {
    Value::Money(Money { minor, currency: "USD".to_owned() })
}

/// What the airline answers, for a booking on a cancelled flight with this credit due.
pub fn airline_answers(action: &str, arguments: &Record, credit: i64) -> ReadOutcome {
    let text = |name: &str| arguments.get(name).and_then(Value::as_text).unwrap_or_default().to_owned();
    let offer = |number: &str, departs: &str| {
        Value::Record(record([
            ("id", Value::Text(format!("{number}-2026-11-23"))),
            ("number", Value::Code(number.to_owned())),
            ("departs", Value::Time(format!("2026-11-23T{departs}"))),
        ]))
    };
    match action {
        "find_booking" if text("code") != "K7M4X2" => ReadOutcome::NotFound { argument: "code".to_owned() },
        "find_booking" if text("pin") != "4821" => ReadOutcome::NotFound { argument: "pin".to_owned() },
        "find_booking" => ReadOutcome::Found(record([
            ("code", Value::Code("K7M4X2".to_owned())),
            ("name", "M. Rivers".into()),
            ("status", "confirmed".into()),
            (
                "flight",
                Value::Record(record([
                    ("number", Value::Code("CW212".to_owned())),
                    ("status", "cancelled".into()),
                ])),
            ),
            ("seat", Value::Code("14F".to_owned())),
            ("fare", dollars(28_900)),
        ])),
        "find_flights" => ReadOutcome::Found(record([
            ("flights", Value::List(vec![offer("CW318", "10:15"), offer("CW544", "14:40")])),
            ("credit", dollars(credit)),
        ])),
        "cancellation_terms" => ReadOutcome::Found(record([("refund", dollars(28_900))])),
        "flight_status" => ReadOutcome::Found(record([
            ("number", Value::Code("CW701".to_owned())),
            ("state", "delayed".into()),
            ("from", "Denver".into()),
            ("to", "Chicago".into()),
            ("departs", Value::Time("2026-11-23T09:20".to_owned())),
            ("expected", Value::Time("2026-11-23T10:05".to_owned())),
            ("gate", Value::Code("D1".to_owned())),
        ])),
        other => panic!("nobody asked for {other}"),
    }
}

/// Binds with reads answered, as the shell does.
pub fn bind_all(pack: &Pack, skill: &str, inputs: &Record, credit: i64) -> Result<Next, BindError> {
    let mut reads = Reads::default();
    let id = PlanId("p1".to_owned());
    loop {
        match bind(pack, skill, &id, CallId(7), inputs, &reads)?.next {
            Next::Read(read) => {
                let outcome = airline_answers(&read.call.action, &read.arguments, credit);
                reads.add(read, outcome);
            }
            next => return Ok(next),
        }
    }
}

pub fn caller<const N: usize>(more: [(&str, Value); N]) -> Record {
    let mut inputs =
        record([("code", Value::Code("k7m-4x2".to_owned())), ("pin", Value::Code("4821".to_owned()))]);
    inputs.extend(record(more));
    inputs
}
