//! A core before the demo airline, with its journal where the name of the test binary says.
#![allow(dead_code, reason = "some of it is for cores that share a journal")]

pub mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use callwright_actions::{ActionCore, CoreConfig, Limits, Listen, Postgres, Store};
use callwright_demo_backends::{Config, Handle, airline};
use callwright_model::{
    CallId, Language, PackSource, Pii, PlanEvent, PlanFact, PlanId, PlanReply, PlanRequest, PromiseTerms,
    Record, Value,
};
use callwright_wire::actions::{Client, Consent, PlanEvents};
use tokio_stream::StreamExt as _;

pub const CALL: CallId = CallId(0xca11);
pub const BOOKING: &str = "K7M4X2";

macro_rules! pack_files {
    ($pack:literal, $($file:literal),+) => {
        [$(($file.to_owned(), include_str!(concat!("../../../../skills/", $pack, "/", $file)).to_owned())),+].into()
    };
}

pub fn airline_pack() -> PackSource {
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

pub async fn demo_airline() -> Handle {
    let config = Config { date: Some("2026-11-23".to_owned()), ..Config::default() };
    airline::start(config).await.expect("the airline starts")
}

pub fn config(folder: &Path, airline: &str) -> CoreConfig {
    CoreConfig {
        listen: Listen::Tcp(std::net::SocketAddr::from(([127, 0, 0, 1], 0))),
        journal: store(folder),
        packs: vec![airline_pack()],
        connectors: BTreeMap::from([("airline".to_owned(), airline.to_owned().into())]),
        limits: Limits::default(),
        keep: None,
        spans: None,
    }
}

/// Whether cores share their journal in this test.
pub fn is_shared() -> bool {
    env!("CARGO_CRATE_NAME") == "on_postgres"
}

/// Where the cores of this folder keep their journal.
pub fn store(folder: &Path) -> Store {
    if !is_shared() {
        return Store::File(folder.join("journal.db"));
    }
    Store::Postgres(Postgres::new(&address(folder), LEASE).expect("an address"))
}

/// The database of this folder, for all of its cores. It is noted there, also for those that run in other processes.
pub fn address(folder: &Path) -> String {
    let note = folder.join("database");
    std::fs::read_to_string(&note).unwrap_or_else(|_| {
        let address = callwright_scratch_postgres::database().expect("a database");
        std::fs::write(&note, &address).expect("noted");
        address
    })
}

/// Lays hands on what is kept, with statements that both databases know.
pub async fn tamper(folder: &Path, statements: &str) {
    match store(folder) {
        Store::File(file) => {
            let journal = rusqlite::Connection::open(file).expect("opens");
            journal.execute_batch(statements).expect("done");
        }
        Store::Postgres(_) => {
            let (client, connection) =
                tokio_postgres::connect(&address(folder), tokio_postgres::NoTls).await.expect("connects");
            tokio::spawn(connection);
            client.batch_execute(statements).await.expect("done");
        }
    }
}

/// What is kept, as text.
pub async fn at_rest(folder: &Path) -> String {
    let mut rest = String::new();
    for file in std::fs::read_dir(folder).expect("readable") {
        let bytes = std::fs::read(file.expect("readable").path()).expect("readable");
        rest.push_str(&String::from_utf8_lossy(&bytes));
    }
    if let Store::Postgres(_) = store(folder) {
        let (client, connection) =
            tokio_postgres::connect(&address(folder), tokio_postgres::NoTls).await.expect("connects");
        tokio::spawn(connection);
        for table in ["plans", "events", "refusals", "callbacks", "callbacks_done"] {
            let rows = client.query(&format!("SELECT {table}::text FROM {table}"), &[]).await.expect("read");
            rows.iter().for_each(|row| rest.push_str(row.get(0)));
        }
    }
    rest
}

/// Whether a text has these words by themselves: four digits come up by chance inside of a hash or a time.
pub fn has_word(text: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word)
        .any(|(at, _)| !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next()))
}

/// Far shorter than anybody would set it, so that a test need not wait for it.
pub const LEASE: std::time::Duration = std::time::Duration::from_millis(500);

/// A booking with a credit above 300 dollars, and its PIN.
pub const DEAR: (&str, &str) = ("R8W6N1", "1946");

const REFUSED: &str = "@words(\"credit-too-high\")
@transfer(\"true\")
forbid(principal, action == Action::\"apply_credit\"";
const ASKED: &str = "@approval(\"supervisor\")
@within(\"8h\")
forbid(principal, action == Action::\"apply_credit\"";

pub fn change(config: &mut CoreConfig, file: &str, from: &str, to: &str) {
    let text = config.packs[0].files.get_mut(file).expect("a file of the pack");
    assert!(text.contains(from), "{file} has no `{from}`");
    *text = text.replace(from, to);
}

/// As the demo is, but that a supervisor may approve what is refused there.
pub fn supervised(folder: &Path, airline: &str) -> CoreConfig {
    let mut config = config(folder, airline);
    change(&mut config, "policies.cedar", REFUSED, ASKED);
    config
}

pub fn request(plan: Option<PlanId>, skill: &str, inputs: &[(&str, Value)]) -> PlanRequest {
    PlanRequest {
        plan,
        pack: "airline".to_owned(),
        skill: skill.to_owned(),
        inputs: inputs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Record>(),
        call: CALL,
        caller: None,
        evidence: BTreeMap::new(),
        agent: String::new(),
        consents: BTreeSet::new(),
        language: None,
        speculative: false,
    }
}

/// Goes through binding as a conversation does, up to the question for a yes.
pub async fn ready(client: &Client, code: &str, pin: &str) -> PlanReply {
    let first = client.plan(request(None, "rebook", &[("code", code.into())])).await.expect("plans");
    let PlanReply::Need { plan, input, .. } = first else { panic!("the PIN is missing: {first:?}") };
    assert_eq!(input, "pin");
    let next = client.plan(request(Some(plan), "rebook", &[("pin", pin.into())])).await.expect("plans");
    let PlanReply::Choose { plan, input, options, .. } = next else { return next };
    assert_eq!((input.as_str(), options.len()), ("flight", 2));
    client.plan(request(Some(plan), "rebook", &[("flight", Value::Int(1))])).await.expect("plans")
}

pub async fn ready_plan(client: &Client) -> PlanId {
    match ready(client, BOOKING, "4821").await {
        PlanReply::Ready { plan, .. } => plan,
        other => panic!("everything is known: {other:?}"),
    }
}

pub fn yes() -> Consent {
    Consent { call: CALL, words: Pii::new("yes please, do that".to_owned()) }
}

pub async fn to_the_end(events: PlanEvents) -> Vec<PlanEvent> {
    let events: Vec<_> = events.collect().await;
    events.into_iter().map(|event| event.expect("an event")).collect()
}

/// Events in short, such as `started 3`.
pub fn short(events: &[PlanEvent]) -> Vec<String> {
    events
        .iter()
        .map(|event| match &event.fact {
            PlanFact::StepStarted { step } => format!("started {}", step.number),
            PlanFact::StepCommitted { receipt } => format!("committed {}", receipt.step),
            PlanFact::StepFailed { step, .. } => format!("failed {}", step.number),
            PlanFact::StepUndone { step } => format!("undone {}", step.number),
            PlanFact::Completed { words } => format!("completed {words}"),
            PlanFact::Failed { words, step, .. } => format!("failed at {step} {words}"),
            PlanFact::InDoubt { step } => format!("in doubt {step}"),
            PlanFact::ApprovalAsked { role } => format!("asked {role}"),
            PlanFact::Approved { role } => format!("approved {role}"),
            PlanFact::Rejected { role } => format!("rejected {role}"),
        })
        .collect()
}

/// Waits until the airline holds a call.
pub async fn until_held(airline: &Handle) {
    airline.faults().until(|held| !held.is_empty()).await;
}

pub const ALL_DONE: [&str; 9] = [
    "started 3",
    "committed 3",
    "started 4",
    "committed 4",
    "started 5",
    "committed 5",
    "started 6",
    "committed 6",
    "completed rebook-done",
];

/// The airline's own data say that the rebooking happened, once.
pub fn rebooked_once(airline: &Handle) {
    let now = airline.snapshot().expect("readable");
    assert_eq!(now.column("bookings", BOOKING, "flight"), Some("CW318-2026-11-23"));
    assert_eq!(now.count("credits", "booking", BOOKING), 1);
    assert_eq!(now.count("messages", "booking", BOOKING), 1);
    let held = now.tables["seats"]
        .iter()
        .filter(|(seat, row)| seat.starts_with("CW318") && row["booking"] == BOOKING)
        .count();
    assert_eq!(held, 1);
}

/// A core, and a client of it.
pub async fn start(config: CoreConfig) -> (ActionCore, Client) {
    let core = ActionCore::start(config).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    (core, client)
}

/// Plans to cancel another booking, which sends a confirmation too.
pub async fn another(client: &Client) -> PlanReply {
    let inputs = [("code", "P3T9Q5".into()), ("pin", "7730".into())];
    client.plan(request(None, "cancel", &inputs)).await.expect("plans")
}

/// A promise for the next hour.
pub fn promised() -> PromiseTerms {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let now = u64::try_from(now).expect("it fits");
    PromiseTerms {
        not_before_unix_ms: now - 1_000,
        not_after_unix_ms: now + 3_600_000,
        line: "airline".to_owned(),
        language: Language::EN,
        tries_max: 1,
        pause_ms: 0,
    }
}
