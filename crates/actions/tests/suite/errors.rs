//! Every code that is documented can be produced, and no other comes. Asked as a stranger would: bytes on the wire.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::{Buf as _, BufMut as _};
use callwright_actions::{ActionCore, CoreConfig, Limits};
use callwright_demo_backends::{Config, FaultKind, shop};
use callwright_model::{CallId, Pii, PlanReply, PromiseTerms, TryOutcome};
use callwright_wire::actions::{Client, ClientError};
use tokio_stream::StreamExt as _;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::common::{
    CALL, DEAR, config, demo_airline, is_shared, promised, ready, ready_plan, request, supervised, tamper,
    to_the_end, yes,
};

/// Messages as bytes, whatever they hold.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; from.remaining()];
        from.copy_to_slice(&mut item);
        Ok(Some(item))
    }
}

/// A message of these fields: text or a message, by number.
fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, value) in fields {
        bytes.push(number << 3 | 2);
        let mut length = value.len();
        while length >= 0x80 {
            bytes.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
            length >>= 7;
        }
        bytes.push(u8::try_from(length).expect("seven bits"));
        bytes.extend_from_slice(value);
    }
    bytes
}

/// Asks, and keeps which call ended with which code.
struct Asker {
    channel: Channel,
    seen: BTreeSet<(String, String)>,
}

impl Asker {
    async fn of(core: &ActionCore, seen: BTreeSet<(String, String)>) -> Self {
        let endpoint = Endpoint::from_shared(core.url().to_owned()).expect("an address");
        Self { channel: endpoint.connect().await.expect("connects"), seen }
    }

    async fn code(&self, rpc: &str, message: Vec<u8>) -> String {
        let mut grpc = Grpc::new(self.channel.clone());
        if let Err(error) = grpc.ready().await {
            return name(&Status::from_error(error.into()));
        }
        let path = format!("/callwright.actions.v1.ActionCore/{rpc}");
        let path = PathAndQuery::from_maybe_shared(path).expect("a path");
        match grpc.server_streaming(Request::new(message), path, Raw).await {
            Ok(reply) => match reply.into_inner().message().await {
                Ok(_) => "OK".to_owned(),
                Err(status) => name(&status),
            },
            Err(status) => name(&status),
        }
    }

    async fn expect(&mut self, rpc: &str, fields: &[(u8, &[u8])], code: &str) {
        self.expect_of(rpc, message(fields), code).await;
    }

    async fn expect_of(&mut self, rpc: &str, message: Vec<u8>, code: &str) {
        assert_eq!(self.code(rpc, message).await, code, "{rpc}");
        self.seen.insert((rpc.to_owned(), code.to_owned()));
    }

    /// Whatever is asked.
    async fn expect_of_any(&mut self, fields: &[(u8, &[u8])], code: &str) {
        for rpc in RPCS {
            assert_eq!(self.code(rpc, message(fields)).await, code, "{rpc}");
        }
        self.seen.insert(("any".to_owned(), code.to_owned()));
    }
}

/// As the documents write it.
fn name(status: &Status) -> String {
    let name = format!("{:?}", status.code());
    let mut spelled = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !spelled.is_empty() {
            spelled.push('_');
        }
        spelled.push(letter.to_ascii_uppercase());
    }
    spelled
}

/// The rows of the table.
fn documented() -> BTreeSet<(String, String)> {
    let text = include_str!("../../../../proto/callwright/actions/v1/errors.md");
    let cells = |line: &str| -> Option<(String, String)> {
        let mut cells = line.strip_prefix("| ")?.split(" | ").map(|cell| cell.trim_matches('`').to_owned());
        Some((cells.next()?, cells.next()?))
    };
    text.lines().filter_map(cells).filter(|(rpc, _)| rpc != "RPC").collect()
}

const RPCS: [&str; 21] = [
    "ListSkills",
    "ListActions",
    "Plan",
    "Execute",
    "Cancel",
    "GetPlan",
    "WatchPlans",
    "Explain",
    "ListApprovals",
    "Approve",
    "Reject",
    "RequestCallback",
    "ListCallbacks",
    "CompleteCallback",
    "ClaimCallbacks",
    "ReportCallback",
    "CancelCallback",
    "ExportJourney",
    "EraseJourney",
    "Recall",
    "MarkHeard",
];

/// What a caller says, as the wire has it.
fn consent(call: &str, words: &str) -> Vec<u8> {
    message(&[(1, call.as_bytes()), (2, words.as_bytes())])
}

/// Somebody's answer to a plan's second event.
fn answer(plan: &str, role: &str) -> Vec<u8> {
    let mut bytes = message(&[(1, plan.as_bytes()), (3, role.as_bytes()), (4, b"Ada"), (5, b"as agreed")]);
    bytes.extend([2 << 3, 2]);
    bytes
}

/// One call back at most for a gateway, for a lease.
fn claim(lease_ms: u16) -> Vec<u8> {
    let mut bytes = message(&[(1, b"g1"), (2, b"airline")]);
    let low = u8::try_from(lease_ms & 0x7f).expect("seven bits");
    bytes.extend([3 << 3, 1, 4 << 3, low | 0x80, u8::try_from(lease_ms >> 7).expect("seven bits")]);
    bytes
}

/// What came of a try, by its number in the protocol.
fn report(call: &[u8], token: u8, outcome: u8) -> Vec<u8> {
    let mut bytes = message(&[(1, call)]);
    bytes.extend([2 << 3, token, 3 << 3, outcome]);
    bytes
}

/// Promises of calls back, and what gateways tell of them.
async fn promises_asked_amiss(ask: &mut Asker, client: &Client) {
    let call = CALL.to_string();
    let call = call.as_bytes();
    let over = message(&[(3, b"airline"), (4, b"en")]);
    ask.expect("RequestCallback", &[(1, call), (2, b"15550100"), (4, &over)], "INVALID_ARGUMENT").await;
    ask.expect("ClaimCallbacks", &[(2, b"airline")], "INVALID_ARGUMENT").await;
    ask.expect_of("ClaimCallbacks", claim(999), "INVALID_ARGUMENT").await;
    let (talked, busy, lost) = (1, 3, 6);
    for (outcome, code) in [(lost, "INVALID_ARGUMENT"), (talked, "NOT_FOUND")] {
        ask.expect_of("ReportCallback", report(call, 1, outcome), code).await;
    }
    ask.expect("CancelCallback", &[(1, call)], "INVALID_ARGUMENT").await;
    ask.expect("CancelCallback", &[(1, call), (2, b"desk")], "NOT_FOUND").await;
    let terms = promised();
    let ages = terms.not_after_unix_ms * 2;
    let far = PromiseTerms { not_before_unix_ms: ages, not_after_unix_ms: ages, ..terms.clone() };
    let refused = client.request_callback(CALL, number(), number(), Some(far)).await;
    assert!(matches!(refused, Err(ClientError::Invalid(_))), "{refused:?}");
    client.request_callback(CALL, number(), number(), Some(terms)).await.expect("it is kept");
    ask.expect_of("ReportCallback", report(call, 1, talked), "FAILED_PRECONDITION").await;
    assert_eq!(ask.code("ClaimCallbacks", claim(1_000)).await, "OK");
    client.report_callback(CALL, 1, TryOutcome::Talked).await.expect("it is taken");
    ask.expect_of("ReportCallback", report(call, 1, busy), "FAILED_PRECONDITION").await;
    ask.expect("CancelCallback", &[(1, call), (2, b"desk")], "FAILED_PRECONDITION").await;
}

#[tokio::test]
async fn every_documented_code_can_be_produced_and_no_other_comes() {
    let mut seen = BTreeSet::new();
    seen.extend(asked_amiss().await);
    seen.extend(of_another_role().await);
    seen.extend(of_a_full_core().await);
    seen.extend(of_systems_that_fail().await);
    seen.extend(of_a_broken_journal().await);
    let mut documented = documented();
    // A core that has a file for itself knows what waits.
    let shared = ("ListApprovals".to_owned(), "INTERNAL".to_owned());
    assert!(is_shared() || documented.remove(&shared));
    assert_eq!(seen, documented);
}

/// What is asked makes no sense, or not now.
async fn asked_amiss() -> BTreeSet<(String, String)> {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let mut ask = Asker::of(&core, BTreeSet::new()).await;
    let call = CALL.to_string();
    let (call, yes_words) = (call.as_bytes(), consent(&CALL.to_string(), "yes"));
    for rpc in ["Execute", "Cancel", "GetPlan", "Explain"] {
        ask.expect(rpc, &[], "INVALID_ARGUMENT").await;
        let of_none = [(1, b"none".as_slice()), (2, &yes_words)];
        let fields = if rpc == "Execute" { 2 } else { 1 };
        ask.expect(rpc, &of_none[..fields], "NOT_FOUND").await;
    }
    for rpc in ["Recall", "MarkHeard"] {
        for fields in [&[][..], &[(1, b"none".as_slice())], &[(2, call)]] {
            ask.expect(rpc, fields, "INVALID_ARGUMENT").await;
        }
        ask.expect(rpc, &[(1, b"none"), (2, call)], "NOT_FOUND").await;
    }
    // Whoever wants a plan stopped that has begun says who they are and why.
    let mut nobodys = message(&[(1, b"none"), (3, b"Ada")]);
    nobodys.extend([2 << 3, 1]);
    ask.expect_of("Cancel", nobodys, "INVALID_ARGUMENT").await;
    let (pack, skill, value) = (b"airline", b"rebook", message(&[(1, b"code"), (2, b"")]));
    ask.expect("Plan", &[(2, pack), (3, skill)], "INVALID_ARGUMENT").await;
    ask.expect(
        "Plan",
        &[(2, pack), (3, skill), (4, &message(&[(1, &value)])), (5, call)],
        "INVALID_ARGUMENT",
    )
    .await;
    ask.expect("Plan", &[(2, b"none"), (3, skill), (5, call)], "NOT_FOUND").await;
    ask.expect("Plan", &[(2, pack), (3, b"dance"), (5, call)], "NOT_FOUND").await;
    ask.expect("Plan", &[(1, b"none"), (2, pack), (3, skill), (5, call)], "NOT_FOUND").await;
    ask.expect("RequestCallback", &[(1, call)], "INVALID_ARGUMENT").await;
    ask.expect("RequestCallback", &[(2, b"15550100")], "INVALID_ARGUMENT").await;
    for rpc in ["ExportJourney", "EraseJourney"] {
        let stranger = message(&[(1, b"airline"), (2, b"N0B0DY")]);
        ask.expect(rpc, &[(1, &stranger)], "NOT_FOUND").await;
        let (half, nameless) = (message(&[(1, b"airline")]), message(&[(3, b"K7M4X2")]));
        let twice = message(&[(1, b"airline"), (2, b"K7M4X2"), (3, &[b'0'; 64])]);
        for person in [Vec::new(), half, nameless, twice] {
            ask.expect(rpc, &[(1, &person)], "INVALID_ARGUMENT").await;
        }
    }
    ask.expect("CompleteCallback", &[(1, call)], "INVALID_ARGUMENT").await;
    ask.expect("CompleteCallback", &[(1, call), (2, b"desk")], "NOT_FOUND").await;
    promises_asked_amiss(&mut ask, &client).await;

    let half = client.plan(request(None, "rebook", &[])).await.expect("plans");
    let PlanReply::Need { plan: half, .. } = half else { panic!("{half:?}") };
    ask.expect("Execute", &[(1, half.0.as_bytes()), (2, &yes_words)], "FAILED_PRECONDITION").await;
    let other = CallId(1).to_string();
    let of_other = [(1, half.0.as_bytes()), (2, pack.as_slice()), (3, skill), (5, other.as_bytes())];
    ask.expect("Plan", &of_other, "NOT_FOUND").await;
    let plan = ready_plan(&client).await;
    for consent in [None, Some(consent(&other, "yes")), Some(consent(&CALL.to_string(), " "))] {
        let consent = consent.iter().map(|consent| (2, consent.as_slice()));
        let fields: Vec<_> = std::iter::once((1, plan.0.as_bytes())).chain(consent).collect();
        ask.expect("Execute", &fields, "INVALID_ARGUMENT").await;
    }
    airline.faults().once("assign_seat", FaultKind::Delay(Duration::from_secs(1)));
    let events = client.execute(&plan, yes()).await.expect("executes");
    let begun = [(1, plan.0.as_bytes()), (2, pack.as_slice()), (3, skill), (5, call)];
    ask.expect("Plan", &begun, "FAILED_PRECONDITION").await;
    ask.expect("Cancel", &[(1, plan.0.as_bytes())], "FAILED_PRECONDITION").await;
    drop(to_the_end(events).await);
    for rpc in ["Approve", "Reject"] {
        ask.expect(rpc, &[], "INVALID_ARGUMENT").await;
        ask.expect_of(rpc, answer("none", "supervisor"), "NOT_FOUND").await;
        for plan in [&half, &plan] {
            ask.expect_of(rpc, answer(&plan.0, "supervisor"), "FAILED_PRECONDITION").await;
        }
    }

    let large = vec![b'x'; 300 * 1024];
    ask.expect_of_any(&[(1, &large)], "OUT_OF_RANGE").await;
    assert_eq!(ask.code("Dance", Vec::new()).await, "UNIMPLEMENTED");
    ask.seen.insert(("any".to_owned(), "UNIMPLEMENTED".to_owned()));
    drop(client);
    core.shutdown().await;
    ask.expect_of_any(&[], "UNAVAILABLE").await;
    airline.shutdown().await;
    ask.seen
}

/// Who answers is not who was asked.
async fn of_another_role() -> BTreeSet<(String, String)> {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(supervised(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let mut ask = Asker::of(&core, BTreeSet::new()).await;
    let PlanReply::Ready { plan, .. } = ready(&client, DEAR.0, DEAR.1).await else { panic!("it is ready") };
    let mut events = client.execute(&plan, yes()).await.expect("executes");
    events.next().await.expect("it waits").expect("an event");
    for rpc in ["Approve", "Reject"] {
        ask.expect_of(rpc, answer(&plan.0, "board"), "PERMISSION_DENIED").await;
    }
    drop((client, events));
    core.shutdown().await;
    airline.shutdown().await;
    ask.seen
}

/// Nothing more is taken on.
async fn of_a_full_core() -> BTreeSet<(String, String)> {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let limits = Limits { plans_in_flight_max: 0, plans_waiting_max: 1, ..Limits::default() };
    let full = CoreConfig { limits, ..config(folder.path(), &airline.url()) };
    let core = ActionCore::start(full).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let mut ask = Asker::of(&core, BTreeSet::new()).await;
    let plan = ready_plan(&client).await;
    let (call, yes_words) = (CALL.to_string(), consent(&CALL.to_string(), "yes"));
    ask.expect("Plan", &[(2, b"airline"), (3, b"rebook"), (5, call.as_bytes())], "RESOURCE_EXHAUSTED").await;
    ask.expect("Execute", &[(1, plan.0.as_bytes()), (2, &yes_words)], "RESOURCE_EXHAUSTED").await;
    core.shutdown().await;
    airline.shutdown().await;
    ask.seen
}

/// A system is not there, or another one than was declared.
async fn of_systems_that_fail() -> BTreeSet<(String, String)> {
    let shop = shop::start(Config::default()).await.expect("the shop starts");
    let (call, mut seen) = (CALL.to_string(), BTreeSet::new());
    // A flight's number, as a value of the kind `code`.
    let flight = message(&[(1, b"flight"), (2, &message(&[(4, b"701")]))]);
    let inputs = message(&[(1, &flight)]);
    for (address, code) in [("http://127.0.0.1:1", "UNAVAILABLE"), (shop.url().as_str(), "INTERNAL")] {
        let folder = tempfile::tempdir().expect("a folder");
        let core = ActionCore::start(config(folder.path(), address)).await.expect("starts");
        let mut ask = Asker::of(&core, seen).await;
        let fields = [(2, b"airline".as_slice()), (3, b"status"), (4, &inputs), (5, call.as_bytes())];
        ask.expect("Plan", &fields, code).await;
        core.shutdown().await;
        seen = ask.seen;
    }
    shop.shutdown().await;
    seen
}

/// Somebody else has laid hands on it.
async fn of_a_broken_journal() -> BTreeSet<(String, String)> {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let core = ActionCore::start(config(folder.path(), &airline.url())).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let plan = ready_plan(&client).await;
    client.request_callback(CALL, number(), number(), None).await.expect("it is kept");
    tamper(folder.path(), "DROP TABLE events; DROP TABLE owned").await;
    let mut ask = Asker::of(&core, BTreeSet::new()).await;
    let (call, yes_words) = (CALL.to_string(), consent(&CALL.to_string(), "yes"));
    let call = call.as_bytes();
    ask.expect("Execute", &[(1, plan.0.as_bytes()), (2, &yes_words)], "INTERNAL").await;
    for rpc in ["Cancel", "GetPlan", "Explain"] {
        ask.expect(rpc, &[(1, b"none")], "INTERNAL").await;
    }
    for rpc in ["Recall", "MarkHeard"] {
        ask.expect(rpc, &[(1, plan.0.as_bytes()), (2, call)], "INTERNAL").await;
    }
    for rpc in ["Approve", "Reject"] {
        ask.expect_of(rpc, answer("none", "supervisor"), "INTERNAL").await;
    }
    ask.expect("RequestCallback", &[(1, call), (2, b"15550100")], "INTERNAL").await;
    let owner = message(&[(1, b"airline"), (2, b"K7M4X2")]);
    for rpc in ["ExportJourney", "EraseJourney"] {
        ask.expect(rpc, &[(1, &owner)], "INTERNAL").await;
    }
    ask.expect("ListCallbacks", &[], "INTERNAL").await;
    if is_shared() {
        ask.expect("ListApprovals", &[], "INTERNAL").await;
    }
    ask.expect("CompleteCallback", &[(1, call), (2, b"desk")], "INTERNAL").await;
    ask.expect_of("ClaimCallbacks", claim(1_000), "INTERNAL").await;
    ask.expect_of("ReportCallback", report(call, 1, 1), "INTERNAL").await;
    ask.expect("CancelCallback", &[(1, call), (2, b"desk")], "INTERNAL").await;
    drop(client);
    core.shutdown().await;
    airline.shutdown().await;
    ask.seen
}

fn number() -> Pii<String> {
    Pii::new("15550100".to_owned())
}
