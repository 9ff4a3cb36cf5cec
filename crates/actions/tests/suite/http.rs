//! Plans over an HTTP API that shares no code with ours: a small library in plain Python, whose pack is imported from its own
//! description and completed as a person would.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use callwright_actions::{ActionCore, ConnectorConfig, CoreConfig, Limits, Listen, Web, fetch};
use callwright_model::{PackSource, PlanReply, PlanRequest, Record, Secret, Value};
use callwright_plan_core::of_openapi;
use callwright_wire::actions::Client;

use crate::common::{CALL, short, store, to_the_end, yes};

/// The library as a process of its own; ends with the test.
struct Library {
    process: Child,
    url: String,
}

impl Library {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/http/library.py");
        let mut process = Command::new("python3")
            .arg(script)
            .arg("--data")
            .arg(folder.join("library.json"))
            .args(more)
            .env("LIBRARY_TOKEN", "open-sesame-74")
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut url = String::new();
        let printed = process.stdout.take().expect("it is piped");
        BufReader::new(printed).read_line(&mut url).expect("it says where it is");
        Self { process, url: url.trim().to_owned() }
    }

    fn web(&self, path: &str, token: &str) -> Web {
        let bearer = Some(Secret::new(token.to_owned()));
        Web { url: format!("{}{path}", self.url), bearer, headers: BTreeMap::new() }
    }

    /// Its pack: imported, then completed with these keys of the write.
    async fn pack(&self, write: &str) -> PackSource {
        let text = fetch(&self.web("/openapi.json", "any")).await.expect("it describes itself");
        let api = serde_json::from_str(&text).expect("JSON");
        let mut files = of_openapi("library", "library", &api).expect("it is OpenAPI 3").files();
        let yaml = files.get_mut("actions.yaml").expect("it is there");
        *yaml = yaml.replace("{ type: int, scale: FILL_IN }", "{ type: money, currency: USD }");
        let undo = "kind: write\n    idempotency: natural\n    undo: none";
        for (action, keys) in [("cancel_renewal", undo), ("renew_loan", write)] {
            let at = yaml.find(&format!("\n  {action}:")).expect("the action");
            let filled = yaml[at..].replacen("kind: FILL_IN", keys, 1);
            yaml.replace_range(at.., &filled);
        }
        let skill = "skill: renew
summary: Renew a loan
inputs: { loan: { type: name, ask: ask }, long: { type: yes_no, ask: long } }
steps:
  - read: get_loan
    with: { loan: loan }
    as: found
    not_found: [{ input: loan, words: none }]
  - read: get_fee
    with: { loan: found.loan }
    as: cost
  - confirm: read-back
  - write: renew_loan
    with: { loan: found.loan, days: 'long ? 60 : 14' }
    as: renewed
done: done
failed: failed
";
        files.insert("skills/renew.yaml".to_owned(), skill.to_owned());
        files.insert("policies.cedar".to_owned(), "permit(principal, action, resource);\n".to_owned());
        PackSource { folder: "library".to_owned(), files }
    }

    async fn core(&self, folder: &Path, write: &str, token: &str) -> (ActionCore, Client) {
        let config = CoreConfig {
            listen: Listen::Tcp(([127, 0, 0, 1], 0).into()),
            journal: store(folder),
            packs: vec![self.pack(write).await],
            connectors: BTreeMap::from([("library".to_owned(), ConnectorConfig::Http(self.web("/", token)))]),
            limits: Limits::default(),
            keep: None,
            spans: None,
        };
        let core = ActionCore::start(config).await.expect("starts");
        let client = Client::connect(core.url()).await.expect("connects");
        (core, client)
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn request(loan: &str, long: bool) -> PlanRequest {
    let inputs = [("loan".to_owned(), Value::Text(loan.to_owned())), ("long".to_owned(), Value::Bool(long))];
    PlanRequest {
        plan: None,
        pack: "library".to_owned(),
        skill: "renew".to_owned(),
        inputs: Record::from(inputs),
        call: CALL,
        caller: None,
        evidence: BTreeMap::new(),
        agent: String::new(),
        consents: BTreeSet::new(),
        language: None,
        speculative: false,
    }
}

async fn renew(client: &Client, loan: &str, long: bool) -> Vec<String> {
    let reply = client.plan(request(loan, long)).await.expect("plans");
    let PlanReply::Ready { plan, facts, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(
        facts["cost"].at("fee").map(|fee| format!("{fee:?}").contains("minor: 150")),
        Some(true),
        "{facts:?}"
    );
    short(&to_the_end(client.execute(&plan, yes()).await.expect("executes")).await)
}

/// What the library's own file says was done.
fn done(folder: &Path) -> Vec<String> {
    let text =
        std::fs::read_to_string(folder.join("library.json")).unwrap_or_else(|_| "{\"done\": []}".to_owned());
    let known: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    known["done"].as_array().expect("a list").iter().map(ToString::to_string).collect()
}

const TOKEN: &str = "open-sesame-74";
const KEYED: &str = "kind: write\n    idempotency: key\n    retries: 2\n    undo: { action: cancel_renewal, with: { loan: input.loan } }";

#[tokio::test]
async fn a_plan_over_http_reads_writes_and_keeps_a_lost_answer_to_one_effect() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = Library::start(folder.path(), &["--lose-once"]);
    let (core, client) = library.core(folder.path(), KEYED, TOKEN).await;
    // The code holds what would be another path or a query, were it not encoded.
    assert_eq!(renew(&client, "B1 /?", false).await, ["started 3", "committed 3", "completed done"]);
    assert_eq!(done(folder.path()), [r#"["renew","B1 /?"]"#]);
    core.shutdown().await;
}

#[tokio::test]
async fn without_a_key_a_lost_answer_is_for_a_human() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = Library::start(folder.path(), &["--lose-once"]);
    let (core, client) = library.core(folder.path(), &KEYED.replace("key\n", "none\n"), TOKEN).await;
    assert_eq!(renew(&client, "B2", false).await, ["started 3", "in doubt 3"]);
    assert_eq!(done(folder.path()).len(), 1);
    core.shutdown().await;
}

#[tokio::test]
async fn a_404_names_the_input_and_another_4xx_is_a_no() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = Library::start(folder.path(), &[]);
    let (core, client) = library.core(folder.path(), KEYED, TOKEN).await;
    let reply = client.plan(request("NONE5", false)).await.expect("plans");
    let PlanReply::Need { input, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(input, "loan");
    assert_eq!(renew(&client, "B2", true).await, ["started 3", "failed 3", "failed at 3 failed"]);
    assert!(done(folder.path()).is_empty());
    for dots in ["..", "."] {
        let refused = client.plan(request(dots, false)).await;
        assert!(refused.is_err(), "dots would be another path: {refused:?}");
    }
    core.shutdown().await;
}

#[tokio::test]
async fn a_wrong_secret_is_told_and_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = Library::start(folder.path(), &[]);
    let (core, client) = library.core(folder.path(), KEYED, "guess-guess").await;
    let refused = client.plan(request("B2", false)).await.expect_err("it is not let in").to_string();
    assert!(refused.contains("does not let us in") && !refused.contains("guess"), "{refused}");
    core.shutdown().await;
}

#[tokio::test]
async fn a_system_that_was_never_reached_has_done_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = Library::start(folder.path(), &[]);
    let (core, client) = library.core(folder.path(), &KEYED.replace("key\n", "none\n"), TOKEN).await;
    let reply = client.plan(request("B2", false)).await.expect("plans");
    let PlanReply::Ready { plan, .. } = reply else { panic!("{reply:?}") };
    drop(library);
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(short(&events).last().map(String::as_str), Some("failed at 3 failed"));
    core.shutdown().await;
}
