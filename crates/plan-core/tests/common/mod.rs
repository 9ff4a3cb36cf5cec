//! The packs that come with Callwright, and answers as the demo backends give them.
#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use callwright_model::{CallId, Money, PackSource, PlanId, Record, Value};
use callwright_plan_core::{Asker, BindError, Next, Now, Pack, ReadOutcome, Reads, Whose, bind};

static NOBODY: Asker = Asker { agent: String::new(), consents: BTreeSet::new(), language: None };

/// A plan that nobody in particular asks for.
pub fn whose(plan: &PlanId, call: u64) -> Whose<'_> {
    static NOW: LazyLock<Now> = LazyLock::new(now);
    Whose { plan, call: CallId(call), asker: &NOBODY, now: &NOW }
}

/// Friday, 27 November 2026, 10:40 UTC.
pub fn now() -> Now {
    Now::at(1_795_776_000_000, chrono_tz::Tz::UTC)
}

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
            ("from", "Denver".into()),
            ("to", "Seattle".into()),
            ("departs", Value::Time(format!("2026-11-23T{departs}"))),
            ("seats", Value::Int(9)),
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
                    ("id", "CW212-2026-11-23".into()),
                    ("number", Value::Code("CW212".to_owned())),
                    ("from", "Denver".into()),
                    ("to", "Seattle".into()),
                    ("departs", Value::Time("2026-11-23T08:30".to_owned())),
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
        match bind(pack, skill, whose(&id, 7), inputs, &reads)?.next {
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

/// A pack that uses all of the language: a skill within skills, loops that read and write, arguments that are left out.
pub fn travel() -> PackSource {
    let files = [
        ("pack.yaml", "pack: travel\nlanguages: [en]\nconnectors: [rail]\ndenied: not-allowed\n"),
        ("actions.yaml", ACTIONS),
        ("policies.cedar", POLICIES),
        ("schema.cedarschema", SCHEMA),
        ("skills/identify.yaml", IDENTIFY),
        ("skills/bags.yaml", BAGS),
        ("skills/giveup.yaml", GIVEUP),
    ];
    let files = files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    PackSource { folder: "travel".to_owned(), files }
}

const ACTIONS: &str = r#"actions:
  find_trip:
    summary: Find a trip by its code and PIN
    kind: read
    connector: rail
    inputs: { code: { type: code, is: code }, pin: { type: code, secret: true, is: pin } }
    outputs:
      code: { type: code, is: trip }
      paid: bool
      bags: { type: list, of: { id: text, weight: int } }
    verifies: code
    timeout_ms: 1000
  bag_price:
    summary: Tell what a bag costs
    kind: read
    connector: rail
    inputs: { trip: { type: code, is: trip }, bag: text }
    outputs: { price: money }
    context: { trip: input.trip }
    timeout_ms: 1000
  terms:
    summary: Tell what is paid back for a trip
    kind: read
    connector: rail
    inputs: { trip: { type: code, is: trip } }
    outputs: { refund: { type: money, is: refund } }
    context: { trip: input.trip }
    timeout_ms: 1000
  label_bag:
    summary: Print a label
    kind: write
    connector: rail
    inputs: { trip: { type: code, is: trip }, bag: text }
    outputs: { id: text }
    context: { trip: input.trip }
    idempotency: key
    timeout_ms: 1000
    undo: { action: void_label, with: { id: result.id } }
  void_label:
    summary: Make a label void
    kind: write
    connector: rail
    inputs: { id: text }
    outputs: {}
    idempotency: natural
    timeout_ms: 1000
    undo: none
  charge:
    summary: Charge for a bag
    kind: write
    connector: rail
    inputs: { trip: { type: code, is: trip }, amount: money, label: text }
    outputs: { id: text }
    context: { trip: input.trip }
    idempotency: key
    timeout_ms: 1000
    undo: { action: void_label, with: { id: result.id } }
  pay_back:
    summary: Pay a trip back
    kind: write
    connector: rail
    inputs: { trip: { type: code, is: trip }, amount: { type: money, is: refund } }
    outputs: { id: text }
    context: { trip: input.trip }
    idempotency: key
    timeout_ms: 1000
    undo: none
  notify:
    summary: Send a message
    kind: write
    connector: rail
    inputs: { trip: { type: code, is: trip } }
    outputs: { id: text }
    context: { trip: input.trip }
    idempotency: key
    timeout_ms: 1000
    undo: none
    retriable: true
"#;

const SCHEMA: &str = r#"entity Caller { verified: Set<String> };
entity Connector;
entity Skill;
action "find_trip" appliesTo { principal: [Caller], resource: [Connector], context: {} };
action "bag_price", "terms", "label_bag", "charge", "pay_back", "notify" appliesTo {
  principal: [Caller], resource: [Connector], context: { trip: String }
};
action "run_plan" appliesTo { principal: [Caller], resource: [Skill], context: { writes: Long, amount: Long } };
"#;

const POLICIES: &str = r#"@id("anyone-may-look")
permit(principal, action == Action::"find_trip", resource);
@id("their-own")
permit(principal, action in [
  Action::"bag_price", Action::"terms", Action::"label_bag", Action::"charge", Action::"pay_back", Action::"notify"
], resource) when { principal.verified.contains(context.trip) };
@id("plans")
permit(principal, action == Action::"run_plan", resource);
"#;

const IDENTIFY: &str = "skill: identify
summary: Find out which trip it is about
internal: true
inputs:
  code: { type: code, length: 4, ask: ask-code }
  pin: { type: digits, length: 4, ask: ask-pin }
steps:
  - read: find_trip
    as: trip
    not_found:
      - { input: code, words: no-such-trip }
      - { input: pin, words: wrong-pin }
";

const BAGS: &str = "skill: bags
summary: Take bags along
steps:
  - use: identify
    as: who
  - for_each: bag
    in: who.trip.bags
    most: 3
    as: quotes
    steps:
      - read: bag_price
        with: { bag: bag.id }
        as: asked
      - when: asked.price.minor > 10000
        transfer: too-dear
  - when: size(quotes) == 0
    refuse: no-bags
  - confirm: read-back-bags
  - for_each: quote
    in: quotes
    most: 3
    steps:
      - write: label_bag
        with: { bag: quote.bag.id }
        as: label
      - write: charge
        with: { amount: quote.asked.price, label: label.id }
        when: quote.bag.weight > 10
        as: paid
  - write: notify
done: bags-done
failed: bags-failed
";

const GIVEUP: &str = "skill: giveup
summary: Give a trip up
steps:
  - use: identify
  - confirm: read-back-giveup
  - write: pay_back
  - write: notify
done: giveup-done
failed: giveup-failed
";

/// What the railway answers: bags by weight, and what each costs.
pub fn travel_answers(action: &str, arguments: &Record, bags: &[(i64, i64)]) -> ReadOutcome {
    let text = |name: &str| arguments.get(name).and_then(Value::as_text).unwrap_or_default().to_owned();
    match action {
        "find_trip" if text("code") != "AB12" => ReadOutcome::NotFound { argument: "code".to_owned() },
        "find_trip" if text("pin") != "1234" => ReadOutcome::NotFound { argument: "pin".to_owned() },
        "find_trip" => {
            let bag = |(number, (weight, _)): (usize, &(i64, i64))| {
                let id = Value::Text(format!("{number}"));
                Value::Record(record([("id", id), ("weight", Value::Int(*weight)), ("colour", "red".into())]))
            };
            let bags = Value::List(bags.iter().enumerate().map(bag).collect());
            ReadOutcome::Found(record([
                ("code", Value::Code("AB12".to_owned())),
                ("paid", Value::Bool(true)),
                ("bags", bags),
            ]))
        }
        "bag_price" => {
            let price = text("bag").parse().ok().and_then(|number: usize| bags.get(number));
            ReadOutcome::Found(record([("price", dollars(price.map_or(0, |(_, price)| *price)))]))
        }
        "terms" => ReadOutcome::Found(record([("refund", dollars(4_200))])),
        other => panic!("nobody asked for {other}"),
    }
}
