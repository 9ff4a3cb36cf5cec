//! Plans over a gRPC service that shares no code with ours: a small garage in Python (grpcio), with a proto of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use callwright_actions::{
    ActionCore, ConnectorConfig, CoreConfig, GrpcService, Limits, Listen, Web, described, reflected,
};
use callwright_model::{PackSource, PlanReply, PlanRequest, Record, Secret, Value};
use callwright_plan_core::of_methods;
use callwright_wire::actions::Client;

use crate::common::{CALL, short, store, to_the_end, yes};

/// The garage as a process of its own, which wants a token; ends with the test.
struct Garage {
    process: Child,
    url: String,
}

impl Garage {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/grpc/garage.py");
        // Where Debian's grpcio is; another Python that comes first would not know it.
        let mut process = Command::new("/usr/bin/python3")
            .arg(script)
            .arg("--data")
            .arg(folder.join("garage.json"))
            .args(more)
            .env("GARAGE_TOKEN", TOKEN)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut url = String::new();
        let printed = process.stdout.take().expect("it is piped");
        BufReader::new(printed).read_line(&mut url).expect("it says where it is");
        Self { process, url: url.trim().to_owned() }
    }

    /// It, asked by reflection.
    fn service(&self) -> GrpcService {
        let bearer = Some(Secret::new(TOKEN.to_owned()));
        let web = Web { url: self.url.clone(), bearer, headers: BTreeMap::new() };
        GrpcService { web, descriptor: None, authority: None }
    }
}

impl Drop for Garage {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Its pack as it is imported, completed with these keys of the write.
async fn pack(garage: &GrpcService, write: &str) -> PackSource {
    let (methods, descriptor) = reflected(garage).await.expect("it reflects");
    assert_eq!(described(&descriptor).expect("a descriptor set"), methods, "from a file it is the same");
    let mut files = of_methods("garage", "garage", &methods).files();
    let yaml = files.get_mut("actions.yaml").expect("it is there");
    let undo = "kind: write\n    idempotency: natural\n    undo: none";
    let book = format!("kind: write\n    retries: 1\n    undo: none\n    {write}");
    let find = "kind: read\n    not_found: plate";
    for (action, keys) in
        [("cancel_booking", undo), ("book_slot", &book), ("find_car", find), ("list_slots", "kind: read")]
    {
        let at = yaml.find(&format!("\n  {action}:")).expect("the action");
        let filled = yaml[at..].replacen("kind: FILL_IN", keys, 1);
        yaml.replace_range(at.., &filled);
    }
    let skill = "skill: inspect
summary: Have a car inspected
inputs: { plate: { type: code, length: 7, ask: ask } }
steps:
  - read: find_car
    with: { plate: plate }
    as: car
    not_found: [{ input: plate, words: none }]
  - read: list_slots
    with: { plate: car.plate }
    as: slots
  - confirm: read-back
  - write: book_slot
    with: { plate: car.plate, slot: 'slots.slots[0].slot' }
done: done
failed: failed
";
    files.insert("skills/inspect.yaml".to_owned(), skill.to_owned());
    files.insert("policies.cedar".to_owned(), "permit(principal, action, resource);\n".to_owned());
    PackSource { folder: "garage".to_owned(), files }
}

async fn start(folder: &Path, pack: PackSource, garage: GrpcService) -> (ActionCore, Client) {
    let config = CoreConfig {
        listen: Listen::Tcp(([127, 0, 0, 1], 0).into()),
        journal: store(folder),
        packs: vec![pack],
        connectors: BTreeMap::from([("garage".to_owned(), ConnectorConfig::Grpc(garage))]),
        limits: Limits::default(),
        keep: None,
        spans: None,
    };
    let core = ActionCore::start(config).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    (core, client)
}

fn request(plate: &str) -> PlanRequest {
    PlanRequest {
        plan: None,
        pack: "garage".to_owned(),
        skill: "inspect".to_owned(),
        inputs: Record::from([("plate".to_owned(), Value::Code(plate.to_owned()))]),
        call: CALL,
        caller: None,
        evidence: BTreeMap::new(),
        agent: String::new(),
        consents: std::collections::BTreeSet::new(),
        language: None,
        speculative: false,
    }
}

/// Plans for this car and says yes; what happened, in short.
async fn inspect(client: &Client) -> Vec<String> {
    let reply = client.plan(request("W48121X")).await.expect("plans");
    let PlanReply::Ready { plan, facts, .. } = reply else { panic!("{reply:?}") };
    let slots = facts["slots"].at("slots").expect("slots").clone();
    assert!(format!("{slots:?}").contains("minor: 4990, currency: \"EUR\""), "units and nanos: {slots:?}");
    assert_eq!(facts["car"].at("fuel"), Some(&Value::Text("PETROL".to_owned())));
    short(&to_the_end(client.execute(&plan, yes()).await.expect("executes")).await)
}

/// What the garage's own file says was done, and under how many keys.
fn done(folder: &Path) -> (usize, usize) {
    let text = std::fs::read_to_string(folder.join("garage.json")).unwrap_or_default();
    let known: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let keys = known["keys"].as_object().map_or(0, serde_json::Map::len);
    (known["done"].as_array().map_or(0, Vec::len), keys)
}

/// The whole way with these options of the garage and keys of the write.
async fn went(more: &[&str], write: &str) -> (Vec<String>, (usize, usize)) {
    let folder = tempfile::tempdir().expect("a folder");
    let garage = Garage::start(folder.path(), more);
    let (core, client) = start(folder.path(), pack(&garage.service(), write).await, garage.service()).await;
    let went = inspect(&client).await;
    core.shutdown().await;
    (went, done(folder.path()))
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_under_the_key_in_the_metadata() {
    let (events, done) = went(&["--lose-once", "BookSlot"], KEYED).await;
    assert_eq!(events, ["started 3", "committed 3", "completed done"]);
    assert_eq!(done, (1, 1));
}

#[tokio::test]
async fn without_a_key_a_lost_answer_is_for_a_human_and_nothing_is_sent_again() {
    let (events, done) = went(&["--lose-once", "BookSlot"], UNKEYED).await;
    assert_eq!((events, done), (vec!["started 3".to_owned(), "in doubt 3".to_owned()], (1, 1)));
}

#[tokio::test]
async fn who_does_not_let_us_in_any_more_has_not_said_that_nothing_was_done() {
    for then in ["UNAUTHENTICATED", "UNIMPLEMENTED", "ALREADY_EXISTS"] {
        let (events, done) = went(&["--lose-once", "BookSlot", "--then", then], KEYED).await;
        assert_eq!(events, ["started 3", "in doubt 3"], "{then}");
        assert_eq!(done, (1, 1));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_was_given_and_what_was_asked_was_done() {
    let (events, done) = went(&["--long", "BookSlot"], UNKEYED).await;
    assert_eq!((events, done), (vec!["started 3".to_owned(), "in doubt 3".to_owned()], (1, 1)));
}

#[tokio::test]
async fn a_no_is_a_no_and_what_says_neither_is_in_doubt() {
    for (status, no) in [
        ("INVALID_ARGUMENT", true),
        ("NOT_FOUND", true),
        ("ALREADY_EXISTS", true),
        ("PERMISSION_DENIED", true),
        ("FAILED_PRECONDITION", true),
        ("OUT_OF_RANGE", true),
        ("UNIMPLEMENTED", true),
        ("UNAUTHENTICATED", true),
        ("CANCELLED", false),
        ("UNKNOWN", false),
        ("DEADLINE_EXCEEDED", false),
        ("RESOURCE_EXHAUSTED", false),
        ("ABORTED", false),
        ("INTERNAL", false),
        ("UNAVAILABLE", false),
        ("DATA_LOSS", false),
    ] {
        let (events, done) = went(&["--answer", &format!("BookSlot={status}")], UNKEYED).await;
        let wanted: &[&str] =
            if no { &["started 3", "failed 3", "failed at 3 failed"] } else { &["started 3", "in doubt 3"] };
        assert_eq!(events, wanted, "{status}");
        assert_eq!(done, (0, 0), "{status}");
    }
}

#[tokio::test]
async fn a_changed_method_is_not_called_and_not_found_names_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = Garage::start(folder.path(), &[]);
    let accepted = pack(&before.service(), KEYED).await;
    drop(before);
    let garage = Garage::start(folder.path(), &["--edition", "2", "--reflection", "v1"]);
    let (core, client) = start(folder.path(), accepted, garage.service()).await;
    assert_eq!(inspect(&client).await, ["started 3", "failed 3", "failed at 3 failed"]);
    assert_eq!(done(folder.path()), (0, 0));
    let reply = client.plan(request("NOBODYS")).await.expect("plans");
    let PlanReply::Need { input, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(input, "plate", "no such car: the plate is asked for again");
    core.shutdown().await;
}

#[tokio::test]
async fn over_tls_a_service_is_known_by_its_certificate_and_we_by_a_secret_that_nobody_sees() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let files = tempfile::tempdir().expect("a folder");
    let (key, certificate) = (files.path().join("key.pem"), files.path().join("certificate.pem"));
    std::fs::write(&key, own.signing_key.serialize_pem()).expect("written");
    std::fs::write(&certificate, own.cert.pem()).expect("written");
    let named = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let garage = Garage::start(folder.path(), &["--tls", &named(&key), &named(&certificate)]);
    assert!(garage.url.starts_with("https://"), "{}", garage.url);
    let stranger = reflected(&garage.service()).await.expect_err("nobody vouches for it");
    assert!(!stranger.contains(TOKEN), "{stranger}");
    let service = GrpcService { authority: Some(own.cert.pem().into_bytes()), ..garage.service() };
    assert!(!format!("{service:?}").contains("sesame"), "{service:?}");
    let source = pack(&service, KEYED).await;
    let (core, client) = start(folder.path(), source, service).await;
    assert_eq!(inspect(&client).await, ["started 3", "committed 3", "completed done"]);
    assert_eq!(done(folder.path()), (1, 1));
    core.shutdown().await;
    let written = crate::common::at_rest(folder.path()).await;
    assert!(!written.contains("sesame"), "the secret is kept somewhere");
}

#[tokio::test]
async fn a_service_that_was_never_reached_has_done_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let garage = Garage::start(folder.path(), &["--reflection", "none"]);
    let why = reflected(&garage.service()).await.expect_err("it has none");
    assert!(why.contains("it has no reflection: name a descriptor file instead"), "{why}");
    let other = Garage::start(folder.path(), &[]);
    let source = pack(&other.service(), UNKEYED).await;
    let (_, descriptor) = reflected(&other.service()).await.expect("it reflects");
    let service = GrpcService { descriptor: Some(descriptor), ..garage.service() };
    let (core, client) = start(folder.path(), source, service).await;
    let reply = client.plan(request("W48121X")).await.expect("plans");
    let PlanReply::Ready { plan, .. } = reply else { panic!("{reply:?}") };
    drop(garage);
    let events = to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    assert_eq!(short(&events), ["started 3", "failed 3", "failed at 3 failed"]);
    assert_eq!(done(folder.path()), (0, 0));
    core.shutdown().await;
}

const TOKEN: &str = "open-sesame-91";
/// The key goes as metadata, and the garage keeps it.
const KEYED: &str = "idempotency: key";
const UNKEYED: &str = "idempotency: none";
