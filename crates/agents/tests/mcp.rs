//! A client of MCP that is not ours calls skills as tools.

mod common;

use common::{BOOKING, DEAR, Stage};
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::{RoleClient, RunningService, ServiceExt as _};
use rmcp::transport::StreamableHttpClientTransport;
use serde_json::{Value as Json, json};

type Tools = RunningService<RoleClient, ()>;

async fn connected(stage: &Stage) -> Tools {
    // As the binary does; the client has TLS, though it is not used on loopback.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ().serve(StreamableHttpClientTransport::from_uri(stage.url("/mcp"))).await.expect("it shakes hands")
}

async fn called(tools: &Tools, name: &str, arguments: Json) -> CallToolResult {
    let mut request = CallToolRequestParams::new(name.to_owned());
    request.arguments = arguments.as_object().cloned();
    tools.call_tool(request).await.expect("it answers")
}

/// What came of it, for a program.
async fn call(tools: &Tools, name: &str, arguments: Json) -> Json {
    let result = called(tools, name, arguments).await;
    assert_ne!(result.is_error, Some(true), "{result:?}");
    result.structured_content.expect("structured")
}

#[tokio::test]
async fn skills_are_tools_and_are_called_to_their_receipts() {
    let stage = Stage::set(false).await;
    let tools = connected(&stage).await;
    let listed = tools.list_all_tools().await.expect("lists");
    let names: Vec<&str> = listed.iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["airline.cancel", "airline.rebook", "airline.status"]);
    assert!(listed[1].input_schema["properties"]["pin"].is_object(), "{:?}", listed[1]);

    let need = call(&tools, "airline.rebook", json!({ "code": BOOKING })).await;
    assert_eq!((&need["status"], &need["need"]), (&json!("input-required"), &json!("pin")));
    let plan = need["plan"].clone();
    let choose = call(&tools, "airline.rebook", json!({ "plan": plan, "pin": "4821" })).await;
    assert_eq!((&choose["choose"], choose["options"].as_array().map(Vec::len)), (&json!("flight"), Some(2)));
    let ready = call(&tools, "airline.rebook", json!({ "plan": plan, "flight": 1 })).await;
    assert_eq!(
        (&ready["confirm"], ready["steps"].as_array().map(Vec::len)),
        (&json!("read-back-rebook"), Some(6))
    );
    assert_eq!(stage.airline.snapshot().expect("readable").count("credits", "booking", BOOKING), 0);
    let done = call(&tools, "airline.rebook", json!({ "plan": plan, "consent": "yes please" })).await;
    assert_eq!((&done["status"], done["receipts"].as_array().map(Vec::len)), (&json!("completed"), Some(4)));
    assert_eq!(stage.airline.snapshot().expect("readable").count("credits", "booking", BOOKING), 1);
    let later = call(&tools, "airline.rebook", json!({ "plan": plan })).await;
    assert_eq!(later["status"], "completed");
    tools.cancel().await.expect("it ends");
    stage.close().await;
}

#[tokio::test]
async fn the_same_policies_hold_and_mistakes_are_told() {
    let stage = Stage::set(false).await;
    let tools = connected(&stage).await;
    let inputs = json!({ "code": DEAR, "pin": "1946", "flight": 1 });
    let refused = call(&tools, "airline.rebook", inputs).await;
    assert_eq!((&refused["status"], &refused["human"]), (&json!("rejected"), &json!(true)));
    assert_eq!(refused["rules"], json!(["credit-above-300-needs-a-human"]));
    let half = call(&tools, "airline.rebook", json!({ "code": BOOKING })).await;
    let early = called(&tools, "airline.rebook", json!({ "plan": half["plan"], "consent": "yes" })).await;
    assert_eq!(early.is_error, Some(true), "a yes to what was not read back: {early:?}");
    let unknown = called(&tools, "airline.rebook", json!({ "plan": "none" })).await;
    assert_eq!(unknown.is_error, Some(true), "{unknown:?}");
    for (name, arguments) in [
        ("dance", json!({})),
        ("airline.rebook", json!({ "consent": "yes" })),
        ("airline.rebook", json!({ "plan": 7 })),
        ("airline.rebook", json!({ "code": { "of": "nothing" } })),
    ] {
        let mut request = CallToolRequestParams::new(name);
        request.arguments = arguments.as_object().cloned();
        assert!(tools.call_tool(request).await.is_err(), "{name} {arguments}");
    }
    tools.cancel().await.expect("it ends");
    stage.close().await;
}
