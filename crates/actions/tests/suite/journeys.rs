//! What is kept of a person: told, erased, and forgotten in time, in a journal that still verifies.

use std::path::Path;
use std::time::Duration;

use callwright_actions::{ActionCore, CoreConfig, audit, explain_from, list, stats};
use callwright_demo_backends::FaultKind;
use callwright_model::{CallId, Pii, PlanReply, Value};
use callwright_wire::actions::{Client, ClientError, Person};
use serde_json::Value as Json;
use tokio_stream::StreamExt as _;

use crate::common::{
    BOOKING, CALL, DEAR, at_rest, config, demo_airline, has_word, promised, ready, ready_plan, store,
    supervised, to_the_end, yes,
};

fn owner(identity: &str) -> Person {
    Person::Owner { pack: "airline".to_owned(), identity: Pii::new(identity.to_owned()) }
}

async fn started(config: CoreConfig) -> (ActionCore, Client) {
    let core = ActionCore::start(config).await.expect("starts");
    let client = Client::connect(core.url()).await.expect("connects");
    (core, client)
}

async fn exported(client: &Client, person: Person) -> Result<Vec<Json>, ClientError> {
    let lines: Vec<Result<String, ClientError>> = client.export_journey(person).await?.collect().await;
    let json = |line: String| serde_json::from_str(&line).expect("JSON");
    lines.into_iter().map(|line| line.map(json)).collect()
}

fn kinds(lines: &[Json]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["kind"].as_str()).collect()
}

/// Whether a text stands anywhere in what is kept: in a file as somebody with an editor would look, in a database as somebody who asks it.
async fn written(folder: &Path, text: &str) -> bool {
    at_rest(folder).await.contains(text)
}

#[tokio::test]
async fn a_person_is_given_all_that_is_kept_of_them_and_nothing_of_others() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = started(supervised(folder.path(), &airline.url())).await;
    let plan = ready_plan(&client).await;
    to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    let asked = client.request_callback(CALL, number("15550100"), number("They waited."), Some(promised()));
    asked.await.expect("kept");
    client.request_callback(CallId(9), number("15550199"), number("Another."), None).await.expect("kept");
    let PlanReply::Ready { plan: other, .. } = ready(&client, DEAR.0, DEAR.1).await else {
        panic!("it is ready")
    };
    let mut waiting = client.execute(&other, yes()).await.expect("executes");
    waiting.next().await.expect("it waits").expect("an event");

    let lines = exported(&client, owner(BOOKING)).await.expect("told");
    let expected = [&["journey", "plan", "consent"][..], &["event"; 9], &["callback"]].concat();
    assert_eq!(kinds(&lines), expected, "{lines:#?}");
    assert_eq!((&lines[1]["plan"], &lines[1]["identity"][0]), (&plan.0.clone().into(), &BOOKING.into()));
    // Told with a PIN, and what was consented to beside the plan: nothing.
    assert_eq!((&lines[1]["level"], &lines[1]["asked_by"]["consents"]), (&2.into(), &serde_json::json!([])));
    assert_eq!((&lines[1]["state"], &lines[1]["skill"]), (&"completed".into(), &"rebook".into()));
    let promise = &lines.last().expect("lines")["promise"];
    assert_eq!((&promise["state"], &promise["line"]), (&"open".into(), &"airline".into()), "{promise}");
    assert_eq!(promise["tries"].as_array().map(Vec::len), Some(0));
    let text = format!("{lines:?}");
    assert!(text.contains("CW318") && text.contains("15550100"), "results and numbers are theirs: {text}");
    let tells = |word| has_word(&text, word);
    assert!(!tells("15550199") && !tells(DEAR.0) && !tells("4821"), "{text}");

    let name = lines[0]["journey"].as_str().expect("a name").to_owned();
    assert_eq!(name.len(), 64);
    let again = exported(&client, Person::Journey(name)).await.expect("told");
    assert_eq!(again[1..], lines[1..], "the name stands for the person");
    for nobody in [owner("N0B0DY"), Person::Journey("0".repeat(64))] {
        assert!(matches!(exported(&client, nobody).await, Err(ClientError::NotFound(_))));
    }
    let elsewhere = Person::Owner { pack: "retail".to_owned(), identity: Pii::new(BOOKING.to_owned()) };
    assert!(matches!(exported(&client, elsewhere).await, Err(ClientError::NotFound(_))), "of another pack");
    drop((client, waiting));
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn what_is_erased_is_gone_and_the_chain_still_verifies() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let kept = store(folder.path());
    let (core, client) = started(supervised(folder.path(), &airline.url())).await;
    let plan = ready_plan(&client).await;
    to_the_end(client.execute(&plan, yes()).await.expect("executes")).await;
    let asked = client.request_callback(CALL, number("15550100"), number("They waited."), Some(promised()));
    asked.await.expect("kept");
    let before = audit(&kept, None).await.expect("a journal");
    assert_eq!((before.erased, before.findings.len()), (0, 0));
    assert!(written(folder.path(), BOOKING).await && written(folder.path(), "15550100").await);

    let erased = client.erase_journey(owner(BOOKING)).await.expect("erased");
    assert_eq!((erased.plans, erased.open, erased.calls), (1, vec![], vec![CALL]));
    for personal in [BOOKING, "15550100", "CW318", "They waited."] {
        assert!(!written(folder.path(), personal).await, "`{personal}` is still there");
    }
    let after = audit(&kept, Some(before.head)).await.expect("a journal");
    assert_eq!((after.head, after.since_head, after.findings.as_slice()), (before.head, Some(0), &[][..]));
    assert_eq!((after.plans, after.events, after.erased), (1, 10, 11));
    assert!(matches!(client.erase_journey(owner(BOOKING)).await, Err(ClientError::NotFound(_))));
    assert!(matches!(exported(&client, owner(BOOKING)).await, Err(ClientError::NotFound(_))));
    assert!(matches!(client.get_plan(&plan).await, Err(ClientError::NotFound(_))));
    assert_eq!(client.list_callbacks(false).await.expect("lists"), []);
    let cancelled = client.cancel_callback(CALL, number("desk")).await;
    assert!(
        matches!(cancelled, Err(ClientError::NotFound(_))),
        "nothing is promised any more: {cancelled:?}"
    );
    assert_eq!(explain_from(&kept, &plan).await, Ok(None));
    assert_eq!(list(&kept).await, Ok(vec![]));
    assert!(stats(&kept, 0).await.expect("reads").is_empty());

    let next = ready(&client, DEAR.0, DEAR.1).await;
    let PlanReply::Ready { plan: next, .. } = next else { panic!("it is ready") };
    let mut waiting = client.execute(&next, yes()).await.expect("executes");
    waiting.next().await.expect("it waits").expect("an event");
    let open = client.erase_journey(owner(DEAR.0)).await.expect("asked");
    assert_eq!((open.plans, open.open), (0, vec![next]), "what has not ended stays");
    drop((client, waiting));
    core.shutdown().await;
    let (core, client) = started(supervised(folder.path(), &airline.url())).await;
    assert_eq!(exported(&client, owner(DEAR.0)).await.expect("told")[1]["state"], "awaiting_approval");
    drop(client);
    core.shutdown().await;
    assert_eq!(audit(&kept, Some(before.head)).await.expect("a journal").findings, [], "and it goes on");
    airline.shutdown().await;
}

#[tokio::test]
async fn what_is_older_than_is_kept_is_erased_and_what_has_not_ended_is_not() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let kept = store(folder.path());
    let (core, client) = started(supervised(folder.path(), &airline.url())).await;
    let old = ready_plan(&client).await;
    to_the_end(client.execute(&old, yes()).await.expect("executes")).await;
    let PlanReply::Ready { plan: open, .. } = ready(&client, DEAR.0, DEAR.1).await else {
        panic!("it is ready")
    };
    let mut waiting = client.execute(&open, yes()).await.expect("executes");
    waiting.next().await.expect("it waits").expect("an event");
    drop((client, waiting));
    core.shutdown().await;

    // With the demo's own policy the same wish is refused, which is written down too.
    let (core, client) = started(config(folder.path(), &airline.url())).await;
    assert!(matches!(ready(&client, DEAR.0, DEAR.1).await, PlanReply::Refused { .. }));
    drop(client);
    core.shutdown().await;
    let hourly =
        CoreConfig { keep: Some(Duration::from_secs(3_600)), ..supervised(folder.path(), &airline.url()) };
    let (core, _client) = started(hourly).await;
    core.shutdown().await;
    assert_eq!(audit(&kept, None).await.expect("a journal").erased, 0, "within the hour nothing is");

    let none = CoreConfig { keep: Some(Duration::ZERO), ..supervised(folder.path(), &airline.url()) };
    let (core, client) = started(none).await;
    let audited = audit(&kept, None).await.expect("a journal");
    assert_eq!((audited.findings.as_slice(), audited.refusals), (&[][..], 1));
    assert_eq!(audited.erased, 12, "a plan, its ten events and a refusal");
    assert!(matches!(client.get_plan(&old).await, Err(ClientError::NotFound(_))));
    client.get_plan(&open).await.expect("it waits on");
    drop(client);
    core.shutdown().await;
    airline.shutdown().await;
}

#[tokio::test]
async fn who_proved_nothing_leaves_no_journey() {
    let (folder, airline) = (tempfile::tempdir().expect("a folder"), demo_airline().await);
    let (core, client) = started(config(folder.path(), &airline.url())).await;
    airline.faults().once("assign_seat", FaultKind::Refuse);
    let need = client.plan(crate::common::request(None, "rebook", &[("code", Value::from(BOOKING))])).await;
    assert!(matches!(need, Ok(PlanReply::Need { .. })), "{need:?}");
    assert!(matches!(exported(&client, owner(BOOKING)).await, Err(ClientError::NotFound(_))));
    drop(client);
    core.shutdown().await;
    airline.shutdown().await;
}

fn number(text: &str) -> Pii<String> {
    Pii::new(text.to_owned())
}
