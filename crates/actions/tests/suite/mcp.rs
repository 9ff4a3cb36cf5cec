//! Plans over an MCP server that shares no code with ours: a small hotel in plain Python, as a child process and over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use callwright_actions::{
    ActionCore, ConnectorConfig, CoreConfig, Limits, Listen, McpServer, Program, StartError, Web, discover,
};
use callwright_model::{PackSource, PlanReply, PlanRequest, Record, Secret, Value};
use callwright_plan_core::{ToolSpec, pin};
use callwright_wire::actions::Client;

use crate::common::{CALL, short, store, to_the_end, yes};

fn hotel() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mcp/hotel.py")
}

/// The hotel as a child of the core, with its data in a folder.
fn child(folder: &Path, more: &[&str]) -> McpServer {
    let path = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
    let words = ["python3".to_owned(), path(hotel()), "--data".to_owned(), path(folder.join("hotel.json"))];
    McpServer::Program(Program {
        command: words.into_iter().chain(more.iter().map(|word| (*word).to_owned())).collect(),
        env: BTreeMap::new(),
        folder: None,
    })
}

/// The hotel over HTTP, which wants a token. Ends with the test.
struct OverHttp {
    process: Child,
    url: String,
}

impl OverHttp {
    fn start(folder: &Path, token: &str) -> Self {
        let mut process = Command::new("python3")
            .arg(hotel())
            .args(["--http", "0", "--data"])
            .arg(folder.join("hotel.json"))
            .env("HOTEL_TOKEN", token)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut url = String::new();
        let printed = process.stdout.take().expect("it is piped");
        BufReader::new(printed).read_line(&mut url).expect("it says where it is");
        Self { process, url: url.trim().to_owned() }
    }

    fn with(&self, token: &str) -> McpServer {
        let bearer = Some(Secret::new(token.to_owned()));
        McpServer::Url(Web { url: self.url.clone(), bearer, headers: BTreeMap::new() })
    }
}

impl Drop for OverHttp {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A pack over the hotel's tools as they are, whose write keeps its effect to once in this way.
fn pack(tools: &[ToolSpec], write: &str) -> PackSource {
    let pinned = |name: &str| {
        let tool = tools.iter().find(|tool| tool.name == name).expect("the hotel has it");
        format!("tool: {{ name: {name}, pin: {} }}", pin(tool))
    };
    let actions = format!(
        "actions:
  stay:
    summary: Find a stay
    kind: read
    connector: hotel
    {}
    not_found: code
    inputs: {{ code: code }}
    outputs: {{ code: code, room: code, checkout: time }}
    timeout_ms: 20000
  offers:
    summary: Tell offers
    kind: read
    connector: hotel
    {}
    inputs: {{ stay: code }}
    outputs: {{ offers: {{ type: list, of: {{ until: time, fee: {{ type: money, currency: EUR }} }} }} }}
    timeout_ms: 20000
  extend:
    summary: Extend a stay
    kind: write
    connector: hotel
    {}
    inputs: {{ stay: code, until: text }}
    outputs: {{ confirmation: text, until: time }}
    timeout_ms: 20000
    retries: 2
    undo: none
    {write}
",
        pinned("find_stay"),
        pinned("late_checkout_offers"),
        pinned("extend_checkout"),
    );
    let skill = "skill: late
summary: Check out later
inputs: { code: { type: code, length: 5, ask: ask } }
steps:
  - read: stay
    with: { code: code }
    not_found: [{ input: code, words: none }]
  - read: offers
    with: { stay: stay.code }
  - confirm: read-back
  - write: extend
    with: { stay: stay.code, until: 'offers.offers[0].until' }
done: done
failed: failed
";
    let schema = "entity Caller { verified: Set<String> }; entity Connector; entity Skill;
action \"stay\", \"offers\", \"extend\" appliesTo { principal: [Caller], resource: [Connector], context: {} };
action \"run_plan\" appliesTo { principal: [Caller], resource: [Skill], context: { writes: Long, amount: Long } };
";
    let head = "pack: hotel\nlanguages: [en]\nconnectors: [hotel]\ndenied: no\n";
    let files = [
        ("pack.yaml", head),
        ("actions.yaml", &actions),
        ("skills/late.yaml", skill),
        ("schema.cedarschema", schema),
        ("policies.cedar", "permit(principal, action, resource);\n"),
    ];
    PackSource {
        folder: "hotel".to_owned(),
        files: files.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
    }
}

async fn start(folder: &Path, pack: PackSource, server: McpServer) -> Result<ActionCore, StartError> {
    let config = CoreConfig {
        listen: Listen::Tcp(([127, 0, 0, 1], 0).into()),
        journal: store(folder),
        packs: vec![pack],
        connectors: BTreeMap::from([("hotel".to_owned(), ConnectorConfig::Mcp(server))]),
        limits: Limits::default(),
        keep: None,
        spans: None,
    };
    ActionCore::start(config).await
}

fn request(code: &str) -> PlanRequest {
    PlanRequest {
        plan: None,
        pack: "hotel".to_owned(),
        skill: "late".to_owned(),
        inputs: Record::from([("code".to_owned(), Value::Code(code.to_owned()))]),
        call: CALL,
        caller: None,
        evidence: BTreeMap::new(),
        agent: String::new(),
        consents: BTreeSet::new(),
        language: None,
        speculative: false,
    }
}

/// Plans for this stay and says yes; what happened, in short.
async fn extend(client: &Client, code: &str) -> Vec<String> {
    let reply = client.plan(request(code)).await.expect("plans");
    let PlanReply::Ready { plan, facts, .. } = reply else { panic!("{reply:?}") };
    let fee = facts["offers"].at("offers").expect("offers").clone();
    assert!(format!("{fee:?}").contains("minor: 3750, currency: \"EUR\""), "37.5 is 3750 cents: {fee:?}");
    short(&to_the_end(client.execute(&plan, yes()).await.expect("executes")).await)
}

/// What the hotel's own file says was done.
fn done(folder: &Path) -> usize {
    let text =
        std::fs::read_to_string(folder.join("hotel.json")).unwrap_or_else(|_| "{\"done\": []}".to_owned());
    let known: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    known["done"].as_array().expect("a list").len()
}

const KEYED: &str = "idempotency: key\n    key_as: request_id";

#[tokio::test]
async fn a_child_that_dies_in_a_write_is_started_again_and_the_effect_is_there_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let tools = discover(&child(folder.path(), &[])).await.expect("lists");
    let server = child(folder.path(), &["--die-once", "extend_checkout"]);
    let core = start(folder.path(), pack(&tools, KEYED), server).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    assert_eq!(extend(&client, "H7K2Q").await, ["started 3", "committed 3", "completed done"]);
    assert_eq!(done(folder.path()), 1);
    core.shutdown().await;
}

#[tokio::test]
async fn without_a_key_a_lost_answer_is_for_a_human_and_nothing_is_sent_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let tools = discover(&child(folder.path(), &[])).await.expect("lists");
    let server = child(folder.path(), &["--die-once", "extend_checkout"]);
    let core = start(folder.path(), pack(&tools, "idempotency: none"), server).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    assert_eq!(extend(&client, "H7K2Q").await, ["started 3", "in doubt 3"]);
    assert_eq!(done(folder.path()), 1);
    core.shutdown().await;
}

#[tokio::test]
async fn doing_it_twice_being_once_an_error_after_a_lost_answer_proves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let tools = discover(&child(folder.path(), &[])).await.expect("lists");
    let server = child(folder.path(), &["--die-once", "extend_checkout"]);
    // The author is wrong: the hotel refuses the second time. Nobody may tell the caller that nothing was changed.
    let core = start(folder.path(), pack(&tools, "idempotency: natural"), server).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    assert_eq!(extend(&client, "H7K2Q").await, ["started 3", "in doubt 3"]);
    assert_eq!(done(folder.path()), 1);
    core.shutdown().await;
}

#[tokio::test]
async fn a_changed_tool_is_not_called_and_an_error_of_a_tool_is_a_no() {
    let folder = tempfile::tempdir().expect("a folder");
    let tools = discover(&child(folder.path(), &[])).await.expect("lists");
    let server = child(folder.path(), &["--edition", "2"]);
    let core = start(folder.path(), pack(&tools, KEYED), server).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    assert_eq!(extend(&client, "H7K2Q").await, ["started 3", "failed 3", "failed at 3 failed"]);
    assert_eq!(done(folder.path()), 0);
    let reply = client.plan(request("ZZZZZ")).await.expect("plans");
    let PlanReply::Need { input, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(input, "code", "no such stay: the code is asked for again");
    core.shutdown().await;
}

#[tokio::test]
async fn over_http_a_server_is_let_in_with_a_secret_that_nobody_sees() {
    let folder = tempfile::tempdir().expect("a folder");
    let http = OverHttp::start(folder.path(), "open-sesame-74");
    let refused = discover(&http.with("guess")).await.expect_err("another token");
    assert!(!refused.contains("guess"), "{refused}");
    let server = http.with("open-sesame-74");
    assert!(!format!("{server:?}").contains("sesame"), "{server:?}");
    let tools = discover(&server).await.expect("lists");
    let hints: Vec<bool> = tools.iter().map(|tool| tool.claims_to_read).collect();
    assert_eq!(hints, [true, true, false, false, false]);

    let core = start(folder.path(), pack(&tools, KEYED), server).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    assert_eq!(extend(&client, "H7K2Q").await, ["started 3", "committed 3", "completed done"]);
    assert_eq!(done(folder.path()), 1);
    core.shutdown().await;
    for entry in std::fs::read_dir(folder.path()).expect("readable") {
        let file = entry.expect("an entry").path();
        let bytes = std::fs::read(&file).expect("readable");
        let written = bytes.windows(6).any(|part| part == b"sesame");
        assert!(!written, "the secret is in {}", file.display());
    }
}

#[tokio::test]
async fn a_server_that_was_never_reached_has_done_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let http = OverHttp::start(folder.path(), "t");
    let tools = discover(&http.with("t")).await.expect("lists");
    let core = start(folder.path(), pack(&tools, "idempotency: none"), http.with("t")).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    let reply = client.plan(request("H7K2Q")).await.expect("plans");
    let PlanReply::Ready { plan, .. } = reply else { panic!("{reply:?}") };
    drop(http);
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(short(&events), ["started 3", "failed 3", "failed at 3 failed"]);
    core.shutdown().await;
}

#[tokio::test]
async fn a_pack_of_tools_is_refused_before_a_system_that_has_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let tools = discover(&child(folder.path(), &[])).await.expect("lists");
    let config = CoreConfig {
        listen: Listen::Tcp(([127, 0, 0, 1], 0).into()),
        journal: store(folder.path()),
        packs: vec![pack(&tools, KEYED)],
        connectors: BTreeMap::from([("hotel".to_owned(), "http://127.0.0.1:1".to_owned().into())]),
        limits: Limits::default(),
        keep: None,
        spans: None,
    };
    let Err(StartError::Connector(what)) = ActionCore::start(config).await else { panic!("it starts") };
    assert!(what.contains("speaks MCP, and the connector `hotel` speaks callwright.connector.v1"), "{what}");
}
