//! Another agent asks for outcomes: it reads the card, begins a task, answers, says the person's yes, and follows.

mod common;

use callwright_model::Pii;
use callwright_wire::actions::{ApprovalAnswer, Consent};
use common::{BOOKING, DEAR, Stage};
use serde_json::{Value as Json, json};
use tokio_stream::StreamExt as _;

fn text(words: &str, task: &Json) -> Json {
    json!({ "message": { "role": "user", "messageId": "m", "taskId": task["id"], "parts": [{ "kind": "text", "text": words }] } })
}

fn begin(data: Json) -> Json {
    json!({ "message": { "role": "user", "messageId": "m", "parts": [{ "kind": "data", "data": data }] } })
}

fn state(task: &Json) -> &str {
    task["status"]["state"].as_str().unwrap_or_else(|| panic!("no task: {task}"))
}

/// What the task's message tells a program.
fn data(task: &Json) -> &Json {
    &task["status"]["message"]["parts"][1]["data"]
}

/// Goes on in words until the plan is read back.
async fn read_back(stage: &Stage, code: &str, pin: &str) -> Json {
    let task = stage.rpc("message/send", begin(json!({ "skill": "airline.rebook" }))).await;
    assert_eq!((state(&task), &data(&task)["need"]), ("input-required", &json!("code")));
    let task = stage.rpc("message/send", text(code, &task)).await;
    assert_eq!(data(&task)["need"], "pin");
    let task = stage.rpc("message/send", text(pin, &task)).await;
    assert_eq!(
        (&data(&task)["choose"], data(&task)["options"].as_array().map(Vec::len)),
        (&json!("flight"), Some(2))
    );
    let task = stage.rpc("message/send", text("1", &task)).await;
    assert_eq!(state(&task), "input-required", "{task}");
    task
}

#[tokio::test]
async fn the_card_tells_what_there_is_and_where() {
    let stage = Stage::set(false).await;
    let (status, body) = stage.ask("localhost:1", "GET /.well-known/agent-card.json", "").await;
    let card: Json = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        (status, &card["protocolVersion"], &card["preferredTransport"]),
        (200, &json!("0.3.0"), &json!("JSONRPC"))
    );
    assert_eq!(card["url"], stage.url("/a2a"));
    let ids: Vec<&str> =
        card["skills"].as_array().expect("a list").iter().filter_map(|skill| skill["id"].as_str()).collect();
    assert_eq!(ids, ["airline.cancel", "airline.rebook", "airline.status"]);
    stage.close().await;
}

#[tokio::test]
async fn a_task_goes_from_question_to_question_to_its_receipts() {
    let stage = Stage::set(false).await;
    let task = read_back(&stage, BOOKING, "4821").await;
    assert_eq!(data(&task)["confirm"], "read-back-rebook");
    let same = stage.rpc("tasks/get", json!({ "id": task["id"] })).await;
    assert_eq!((state(&same), &same["contextId"]), ("input-required", &task["contextId"]));
    let before = stage.airline.snapshot().expect("readable");
    assert_eq!(before.count("credits", "booking", BOOKING), 0, "nothing is written before the yes");

    let done = stage.rpc("message/send", text("yes please", &task)).await;
    assert_eq!(state(&done), "completed", "{done}");
    let receipts = done["artifacts"][0]["parts"][0]["data"]["receipts"].as_array().expect("a list");
    let actions: Vec<&str> = receipts.iter().filter_map(|receipt| receipt["action"].as_str()).collect();
    assert_eq!(actions, ["assign_seat", "apply_credit", "update_booking", "send_confirmation"]);
    let now = stage.airline.snapshot().expect("readable");
    assert_eq!(now.count("credits", "booking", BOOKING), 1);
    let again = stage.rpc("message/send", text("yes please", &task)).await;
    assert_eq!(state(&again), "completed", "a yes twice is a yes once");
    assert_eq!(stage.airline.snapshot().expect("readable").count("credits", "booking", BOOKING), 1);
    let late = stage.rpc("tasks/cancel", json!({ "id": task["id"] })).await;
    assert_eq!(late["code"], -32_002, "{late}");
    stage.close().await;
}

#[tokio::test]
async fn each_end_has_its_state() {
    let stage = Stage::set(false).await;
    let inputs = json!({ "code": DEAR, "pin": "1946", "flight": 1 });
    let refused =
        stage.rpc("message/send", begin(json!({ "skill": "airline.rebook", "inputs": inputs }))).await;
    assert_eq!(
        (state(&refused), &data(&refused)["human"]),
        ("rejected", &json!(true)),
        "the same policy as everybody"
    );
    let answered = json!({ "skill": "airline.status", "inputs": { "flight": "318" } });
    let answered = stage.rpc("message/send", begin(answered)).await;
    assert_eq!(state(&answered), "completed", "{answered}");
    let task = read_back(&stage, BOOKING, "4821").await;
    let canceled = stage.rpc("tasks/cancel", json!({ "id": task["id"] })).await;
    assert_eq!(state(&canceled), "canceled");
    assert_eq!(stage.rpc("tasks/get", json!({ "id": task["id"] })).await["code"], -32_001);
    let task = read_back(&stage, BOOKING, "4821").await;
    stage.airline.faults().add("assign_seat=refuse".parse().expect("a fault"));
    let failed = stage.rpc("message/send", text("yes", &task)).await;
    assert_eq!(state(&failed), "failed", "{failed}");
    stage.close().await;
}

#[tokio::test]
async fn what_somebody_must_approve_waits_as_such() {
    let stage = Stage::set(true).await;
    let task = read_back(&stage, DEAR, "1946").await;
    let waiting = stage.rpc("message/send", text("yes please", &task)).await;
    assert_eq!(state(&waiting), "auth-required", "{waiting}");
    let asked = stage.client.list_approvals("supervisor").await.expect("lists").remove(0);
    let approved = ApprovalAnswer {
        plan: asked.plan.clone(),
        number: asked.number,
        role: "supervisor".to_owned(),
        by: Pii::new("Ada".to_owned()),
        approve: true,
        reason: Pii::new(String::new()),
    };
    stage.client.answer_approval(approved).await.expect("taken");
    // Followed to its end, the plan is done for whoever asks.
    let consent = Consent { call: asked.call, words: Pii::new("yes please".to_owned()) };
    let mut events = stage.client.execute(&asked.plan, consent).await.expect("follows");
    while let Some(event) = events.next().await {
        event.expect("an event");
    }
    let done = stage.rpc("tasks/get", json!({ "id": task["id"] })).await;
    assert_eq!(state(&done), "completed", "{done}");
    stage.close().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_its_number() {
    let stage = Stage::set(false).await;
    for (method, params, code) in [
        ("message/stream", json!({}), -32_601),
        ("message/send", json!({}), -32_602),
        ("message/send", begin(json!({ "skill": "dance" })), -32_602),
        ("message/send", begin(json!({ "skill": "airline.dance" })), -32_602),
        ("message/send", begin(json!({ "skill": "airline.rebook", "inputs": { "code": [1] } })), -32_602),
        ("message/send", json!({ "message": { "parts": [{ "kind": "file", "file": {} }] } }), -32_005),
        ("tasks/get", json!({ "id": "none" }), -32_001),
        ("tasks/cancel", json!({ "id": "none" }), -32_001),
        ("tasks/get", json!({}), -32_602),
    ] {
        let refused = stage.rpc(method, params.clone()).await;
        assert_eq!(refused["code"], code, "{method} {params}: {refused}");
    }
    for (body, code) in
        [("{", -32_700), ("{}", -32_600), (r#"{"jsonrpc":"1.0","method":"tasks/get"}"#, -32_600)]
    {
        let (_, answer) = stage.ask("127.0.0.1", "POST /a2a", body).await;
        let answer: Json = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["error"]["code"], code, "{body}");
    }
    let (status, _) = stage.ask("rebound.example", "GET /.well-known/agent-card.json", "").await;
    assert_eq!(status, 403, "a page that has its name resolve to this machine is not answered");
    stage.close().await;
}
