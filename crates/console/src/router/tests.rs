mod ports;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, header};
use callwright_model::{CallId, Pii};
use futures_util::StreamExt;
use metrics_exporter_prometheus::PrometheusBuilder;
use proptest::prelude::*;
use serde_json::Value;
use std::sync::Mutex;
use tower::ServiceExt;

use self::ports::{Desk, Gateway, Snapshot, Staff};
use super::*;
use crate::event::{CallEvent, CallFact, CallbackEvent, TrunkEvent};
use crate::hub::EventHub;
use crate::ports::Readiness;

struct Stage {
    app: Router,
    events: EventHub,
    gateway: Arc<Gateway>,
}

fn stage(config: ConsoleConfig, readiness: Readiness) -> Stage {
    let (gateway, events) = (Arc::new(Gateway::default()), EventHub::new());
    let ports = ConsolePorts {
        whip: gateway.clone(),
        events: events.clone(),
        callbacks: Arc::new(Desk { away: readiness == Readiness::Draining, done: Mutex::default() }),
        approvals: Arc::new(Desk { away: readiness == Readiness::Draining, done: Mutex::default() }),
        humans: Arc::new(Staff::default()),
        supervisors: gateway.clone(),
        journeys: Arc::new(Desk { away: readiness == Readiness::Draining, done: Mutex::default() }),
        snapshots: Arc::new(Snapshot(readiness)),
        metrics: PrometheusBuilder::new().build_recorder().handle(),
    };
    Stage { app: router(config, ports), events, gateway }
}

fn ready() -> Stage {
    stage(ConsoleConfig::default(), Readiness::Ready)
}

fn request(method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).expect("a request")
}

async fn ask(app: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = app.clone().oneshot(request).await.expect("an answer");
    let (head, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    (head.status, head.headers, String::from_utf8(body.into()).expect("text"))
}

async fn get_status(app: &Router, path: &str) -> StatusCode {
    ask(app, request(Method::GET, path, &[], "")).await.0
}

/// A refusal is JSON with `error` and `help`.
fn problem(headers: &HeaderMap, body: &str) -> Value {
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
    let problem: Value = serde_json::from_str(body).expect("JSON");
    for part in ["error", "help", "title", "detail"] {
        assert!(problem[part].as_str().is_some_and(|text| !text.is_empty()), "no {part} in {body}");
    }
    problem
}

const SDP: (&str, &str) = ("content-type", "application/sdp");

#[tokio::test]
async fn an_offer_is_answered_with_where_to_end_and_follow_the_call() {
    let stage = ready();
    let offer = request(Method::POST, "/whip?line=airline", &[SDP], "v=0 offer");
    let (status, headers, body) = ask(&stage.app, offer).await;
    assert_eq!((status, body.as_str()), (StatusCode::CREATED, "v=0\r\n"));
    assert_eq!(headers[header::CONTENT_TYPE], "application/sdp");
    assert_eq!(headers[header::LOCATION], "/whip/abc");
    assert_eq!(headers["callwright-call"], "000000000000ca11");
    let offers = stage.gateway.offers.lock().expect("no panic before").clone();
    assert_eq!(offers[0].line.as_deref(), Some("airline"));
    assert_eq!(offers[0].sdp.reveal(), "v=0 offer");

    for (path, status) in [("/whip/abc", StatusCode::NO_CONTENT), ("/whip/other", StatusCode::NOT_FOUND)] {
        assert_eq!(ask(&stage.app, request(Method::DELETE, path, &[], "")).await.0, status);
    }
}

#[tokio::test]
async fn refusals_say_what_is_wrong_and_what_to_do() {
    let stage = ready();
    let large = "x".repeat(64 * 1_024 + 1);
    let cases = [
        (Method::POST, "/whip", &[SDP][..], "full", StatusCode::SERVICE_UNAVAILABLE),
        (Method::POST, "/whip", &[SDP], &large, StatusCode::PAYLOAD_TOO_LARGE),
        (Method::POST, "/whip", &[("content-type", "text/plain")], "v=0", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Method::POST, "/whip", &[], "v=0", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Method::GET, "/whip", &[], "", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/nowhere", &[], "", StatusCode::NOT_FOUND),
        (Method::GET, "/v1/events?call=zz", &[], "", StatusCode::NOT_FOUND),
        (Method::GET, "/v1/events?call=1", &[], "", StatusCode::NOT_FOUND),
        (Method::GET, "/v1/calls", &[("origin", "https://elsewhere.example")], "", StatusCode::FORBIDDEN),
    ];
    for (method, path, headers, body, wanted) in cases {
        let (status, headers, body) = ask(&stage.app, request(method, path, headers, body)).await;
        assert_eq!(status, wanted, "{path}");
        problem(&headers, &body);
        assert_eq!(headers.contains_key(header::RETRY_AFTER), wanted == StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[tokio::test]
async fn while_draining_it_is_alive_but_not_ready_and_takes_no_calls() {
    let stage = stage(ConsoleConfig::default(), Readiness::Draining);
    assert_eq!(get_status(&stage.app, "/healthz").await, StatusCode::OK);
    assert_eq!(get_status(&stage.app, "/ready").await, StatusCode::SERVICE_UNAVAILABLE);
    for path in ["/v1/plans", "/v1/callbacks", "/v1/approvals"] {
        assert_eq!(get_status(&stage.app, path).await, StatusCode::BAD_GATEWAY, "{path}");
    }
    let (status, headers, _) = ask(&stage.app, request(Method::POST, "/whip", &[SDP], "v=0")).await;
    assert_eq!(
        (status, &headers[header::RETRY_AFTER]),
        (StatusCode::SERVICE_UNAVAILABLE, &"30".parse().expect("text"))
    );
    assert!(stage.gateway.offers.lock().expect("no panic before").is_empty());
    assert_eq!(get_status(&ready().app, "/ready").await, StatusCode::OK);
}

#[tokio::test]
async fn an_impaired_gateway_is_not_ready_and_answers_who_calls_all_the_same() {
    let reason = "no business system answers: airline".to_owned();
    let stage = stage(ConsoleConfig::default(), Readiness::Impaired { reason });
    let (status, headers, body) = ask(&stage.app, request(Method::GET, "/ready", &[], "")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(problem(&headers, &body)["error"], "no business system answers: airline");
    let (status, _, _) = ask(&stage.app, request(Method::POST, "/whip", &[SDP], "v=0")).await;
    assert_eq!(status, StatusCode::CREATED);
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let app = ready().app;
    let (status, headers, page) = ask(&app, request(Method::GET, "/", &[], "")).await;
    assert_eq!(status, StatusCode::OK);
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    let (_, _, script) = ask(&app, request(Method::GET, "/callwright.js", &[], "")).await;
    let (_, _, style) = ask(&app, request(Method::GET, "/console.css", &[], "")).await;
    assert!(
        script.contains("customElements.define") && script.contains("--cw-accent"),
        "the style is inside"
    );
    assert!(!script.contains("\"CALLWRIGHT_CSS\""));
    let (status, headers, desk) = ask(&app, request(Method::GET, "/desk", &[], "")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_SECURITY_POLICY], policy, "the desk may do no more");
    let (_, _, desk_script) = ask(&app, request(Method::GET, "/desk.js", &[], "")).await;
    let (_, _, desk_style) = ask(&app, request(Method::GET, "/desk.css", &[], "")).await;
    assert!(!desk_script.contains("innerHTML") && desk_style.contains("prefers-color-scheme"));
    for text in [&page, &script, &style, &desk, &desk_script, &desk_style] {
        let foreign = text.split("http").skip(1).find(|rest| {
            rest.starts_with("s://") && !rest.starts_with("s:// ")
                || rest.starts_with("://")
                    && !rest.starts_with("://www.w3.org/2000/svg")
                    && !rest.starts_with("://127.0.0.1")
        });
        assert_eq!(foreign, None);
    }
}

#[tokio::test]
async fn the_story_of_a_plan_is_the_operators() {
    let app = ready().app;
    let (status, headers, body) = ask(&app, request(Method::GET, "/v1/plans/p1", &[], "")).await;
    assert_eq!(
        (status, &headers[header::CACHE_CONTROL]),
        (StatusCode::OK, &"no-store".parse().expect("ASCII"))
    );
    let told: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        told,
        serde_json::json!({ "plan": "p1", "text": "Plan p1: completed.", "story": { "state": "completed" } })
    );
    let (status, headers, body) = ask(&app, request(Method::GET, "/v1/plans/p2", &[], "")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(problem(&headers, &body)["error"], "there is no such plan");
    let foreign = [("origin", "http://shop.example")];
    let (status, _, _) = ask(&app, request(Method::GET, "/v1/plans/p1", &foreign, "")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let away = stage(ConsoleConfig::default(), Readiness::Draining).app;
    assert_eq!(get_status(&away, "/v1/plans/p1").await, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn the_packets_of_a_call_are_the_operators() {
    let app = ready().app;
    // A `Call-ID` may hold what parts a path.
    let packets = || request(Method::GET, "/v1/calls/a%2Fb@c/capture.pcap", &[], "");
    let (status, headers, body) = ask(&app, packets()).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "packets"));
    assert_eq!(headers[header::CONTENT_TYPE], "application/vnd.tcpdump.pcap");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    let (status, headers, body) =
        ask(&app, request(Method::GET, "/v1/calls/f00d/capture.pcap", &[], "")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(problem(&headers, &body)["error"], "nothing is kept of this call");
    let open = ConsoleConfig { bind: ([0, 0, 0, 0], 8_080).into(), ..ConsoleConfig::default() };
    assert_eq!(ask(&stage(open, Readiness::Ready).app, packets()).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn snapshots_are_the_operators_lines_are_everybodys() {
    let app = ready().app;
    let (_, _, lines) = ask(&app, request(Method::GET, "/v1/lines", &[], "")).await;
    assert!(lines.contains(r#""name":"airline""#) && lines.contains(r#""stand_by":true"#), "{lines}");
    let (_, _, calls) = ask(&app, request(Method::GET, "/v1/calls", &[], "")).await;
    assert!(calls.contains(r#""state":"thinking""#), "{calls}");
    let (_, _, plans) = ask(&app, request(Method::GET, "/v1/plans", &[], "")).await;
    assert!(plans.contains(r#""state":"committed""#), "{plans}");
    let (_, _, phones) = ask(&app, request(Method::GET, "/v1/phones", &[], "")).await;
    assert!(phones.contains(r#""user":"anna","registered":true,"calls":1"#), "{phones}");
    let (_, _, trunks) = ask(&app, request(Method::GET, "/v1/trunks", &[], "")).await;
    assert!(trunks.contains(r#""trunk":"carrier","up":true,"registration":"registered""#), "{trunks}");
    let (_, _, callbacks) = ask(&app, request(Method::GET, "/v1/callbacks", &[], "")).await;
    assert!(callbacks.contains(r#""number":"15550100""#) && callbacks.contains("rebook"), "{callbacks}");
    let (_, headers, _) = ask(&app, request(Method::GET, "/metrics", &[], "")).await;
    assert!(headers[header::CONTENT_TYPE].to_str().expect("text").starts_with("text/plain; version=0.0.4"));

    let open = ConsoleConfig { bind: ([0, 0, 0, 0], 8_080).into(), ..ConsoleConfig::default() };
    let app = stage(open, Readiness::Ready).app;
    for path in
        ["/v1/calls", "/v1/phones", "/v1/trunks", "/v1/plans", "/v1/callbacks", "/v1/approvals", "/v1/events"]
    {
        assert_eq!(get_status(&app, path).await, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(get_status(&app, "/v1/lines").await, StatusCode::OK);
}

#[tokio::test]
async fn an_approver_sees_what_would_happen_and_the_first_answer_counts() {
    let app = ready().app;
    let (_, _, all) = ask(&app, request(Method::GET, "/v1/approvals", &[], "")).await;
    for wanted in
        [r#""role":"supervisor""#, r#""action":"apply_credit""#, r#""value":620"#, r#""asked":true"#]
    {
        assert!(all.contains(wanted), "{wanted}: {all}");
    }
    let (_, _, own) = ask(&app, request(Method::GET, "/v1/approvals?role=supervisor", &[], "")).await;
    let (_, _, others) = ask(&app, request(Method::GET, "/v1/approvals?role=board", &[], "")).await;
    assert!(own == all && others == "[]", "{own} {others}");

    let json = [("content-type", "application/json")];
    let put = |plan: &str, body: &str| request(Method::PUT, &format!("/v1/approvals/{plan}"), &json, body);
    let answer = |decision: &str, role: &str, by: &str, reason: &str| {
        format!(r#"{{"number":2,"decision":"{decision}","role":"{role}","by":"{by}","reason":"{reason}"}}"#)
    };
    let yes = answer("approve", "supervisor", "Ada", "");
    for (plan, body, wanted) in [
        ("p2", yes.as_str(), StatusCode::NOT_FOUND),
        ("p1", &answer("approve", "board", "Ada", ""), StatusCode::FORBIDDEN),
        ("p1", &answer("reject", "supervisor", "Ada", ""), StatusCode::UNPROCESSABLE_ENTITY),
        ("p1", &answer("perhaps", "supervisor", "Ada", ""), StatusCode::UNPROCESSABLE_ENTITY),
        ("p1", "{}", StatusCode::UNPROCESSABLE_ENTITY),
        ("p1", "yes", StatusCode::BAD_REQUEST),
        ("p1", &yes, StatusCode::NO_CONTENT),
        ("p1", &yes, StatusCode::NO_CONTENT),
        ("p1", &answer("reject", "supervisor", "Bob", "too much"), StatusCode::CONFLICT),
    ] {
        let (status, headers, told) = ask(&app, put(plan, body)).await;
        assert_eq!(status, wanted, "{plan} {body}: {told}");
        if status != StatusCode::NO_CONTENT {
            problem(&headers, &told);
        }
    }
    let open = ConsoleConfig { bind: ([0, 0, 0, 0], 8_080).into(), ..ConsoleConfig::default() };
    let (status, ..) = ask(&stage(open, Readiness::Ready).app, put("p1", &yes)).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "for the operator only");
}

#[tokio::test]
async fn a_call_is_supervised_for_the_operator_only() {
    let app = ready().app;
    let json = [("content-type", "application/json")];
    let post =
        |call: &str, body: &str| request(Method::POST, &format!("/v1/calls/{call}/supervise"), &json, body);
    for (call, body, wanted) in [
        ("ca11", r#"{"mode":"listen","phone":"user:anna","by":"Ada"}"#, StatusCode::ACCEPTED),
        ("ca11", r#"{"mode":"take_over","by":"Ada"}"#, StatusCode::ACCEPTED),
        ("ca11", r#"{"mode":"listen","phone":"sip:other@127.0.0.1","by":"Ada"}"#, StatusCode::CONFLICT),
        ("beef", r#"{"mode":"listen","by":"Ada"}"#, StatusCode::NOT_FOUND),
        ("nonsense", r#"{"mode":"listen","by":"Ada"}"#, StatusCode::NOT_FOUND),
        ("ca11", r#"{"mode":"shout","by":"Ada"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        ("ca11", r#"{"mode":"listen","by":" "}"#, StatusCode::UNPROCESSABLE_ENTITY),
        ("ca11", r#"{"mode":"listen"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        ("ca11", "listen", StatusCode::BAD_REQUEST),
    ] {
        let (status, headers, told) = ask(&app, post(call, body)).await;
        assert_eq!(status, wanted, "{call} {body}: {told}");
        if status != StatusCode::ACCEPTED {
            problem(&headers, &told);
        }
    }
    let leave = || request(Method::DELETE, "/v1/calls/ca11/supervise", &[], "");
    assert_eq!(ask(&app, leave()).await.0, StatusCode::ACCEPTED);
    let open = ConsoleConfig { bind: ([0, 0, 0, 0], 8_080).into(), ..ConsoleConfig::default() };
    let app = stage(open, Readiness::Ready).app;
    assert_eq!(ask(&app, leave()).await.0, StatusCode::FORBIDDEN);
    let (status, ..) = ask(&app, post("ca11", r#"{"mode":"listen","by":"Ada"}"#)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_journey_is_told_line_by_line_and_erased_for_the_operator_only() {
    let app = ready().app;
    let get = |journey: &str| request(Method::GET, &format!("/v1/journeys/{journey}"), &[], "");
    let delete = |journey: &str| request(Method::DELETE, &format!("/v1/journeys/{journey}"), &[], "");
    let (status, headers, lines) = ask(&app, get("f00d")).await;
    assert_eq!((status, lines.lines().count()), (StatusCode::OK, 2), "{lines}");
    assert_eq!(headers[header::CONTENT_TYPE], "application/jsonl");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    for (journey, wanted) in [("beef", StatusCode::NOT_FOUND), ("K7M4X2", StatusCode::UNPROCESSABLE_ENTITY)] {
        let (status, headers, told) = ask(&app, get(journey)).await;
        assert_eq!(status, wanted, "{told}");
        problem(&headers, &told);
    }
    let (status, _, erased) = ask(&app, delete("f00d")).await;
    assert_eq!((status, erased.as_str()), (StatusCode::OK, r#"{"plans":1,"calls":1,"open":["p1"]}"#));
    assert_eq!(ask(&app, get("f00d")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&app, delete("f00d")).await.0, StatusCode::NOT_FOUND);
    let away = stage(ConsoleConfig::default(), Readiness::Draining).app;
    assert_eq!(ask(&away, get("f00d")).await.0, StatusCode::BAD_GATEWAY);
    let open = || ConsoleConfig { bind: ([0, 0, 0, 0], 8_080).into(), ..ConsoleConfig::default() };
    for asked in [get("f00d"), delete("f00d")] {
        let (status, ..) = ask(&stage(open(), Readiness::Ready).app, asked).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_promise_is_let_go_of_by_somebody_with_a_name_and_not_once_it_was_kept() {
    let app = ready().app;
    let json = [("content-type", "application/json")];
    let put = |call: &str, what: &str, body: &str| {
        request(Method::PUT, &format!("/v1/callbacks/{call}/{what}"), &json, body)
    };
    let (named, nobody) = (r#"{"by":"front desk"}"#, "{}");
    for (call, what, body, wanted) in [
        ("0000000000000001", "cancelled", named, StatusCode::NOT_FOUND),
        ("000000000000ca11", "cancelled", nobody, StatusCode::UNPROCESSABLE_ENTITY),
        ("000000000000ca11", "cancelled", named, StatusCode::OK),
        ("000000000000ca11", "done", named, StatusCode::OK),
        ("000000000000ca11", "cancelled", named, StatusCode::CONFLICT),
    ] {
        let (status, _, answer) = ask(&app, put(call, what, body)).await;
        assert_eq!(status, wanted, "{call} {what} {body}: {answer}");
    }
}

#[tokio::test]
async fn a_call_back_is_marked_once_and_listed_among_the_done() {
    let app = ready().app;
    let json = [("content-type", "application/json")];
    let put =
        |call: &str, body: &str| request(Method::PUT, &format!("/v1/callbacks/{call}/done"), &json, body);
    for by in ["front desk", "night shift"] {
        let (status, _, body) = ask(&app, put("000000000000ca11", &format!(r#"{{"by":"{by}"}}"#))).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert!(body.contains(r#""by":"front desk""#), "the first mark stays: {body}");
    }
    let (_, _, open) = ask(&app, request(Method::GET, "/v1/callbacks", &[], "")).await;
    let (_, _, done) = ask(&app, request(Method::GET, "/v1/callbacks?done=true", &[], "")).await;
    assert!(open == "[]" && done.contains(r#""number":"15550100""#), "{open} {done}");
    for (call, body, wanted) in [
        ("0000000000000001", r#"{"by":"front desk"}"#, StatusCode::NOT_FOUND),
        ("nonsense", r#"{"by":"front desk"}"#, StatusCode::NOT_FOUND),
        ("000000000000ca11", r#"{"by":" "}"#, StatusCode::UNPROCESSABLE_ENTITY),
        ("000000000000ca11", "{}", StatusCode::UNPROCESSABLE_ENTITY),
        ("000000000000ca11", "front desk", StatusCode::BAD_REQUEST),
    ] {
        let (status, headers, answer) = ask(&app, put(call, body)).await;
        assert_eq!(status, wanted, "{call} {body}: {answer}");
        problem(&headers, &answer);
    }
    let open = ConsoleConfig { bind: ([0, 0, 0, 0], 8_080).into(), ..ConsoleConfig::default() };
    let (status, ..) =
        ask(&stage(open, Readiness::Ready).app, put("000000000000ca11", r#"{"by":"x"}"#)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn only_listed_origins_may_read_answers() {
    let config =
        ConsoleConfig { cors_origins: vec!["https://shop.example".to_owned()], ..ConsoleConfig::default() };
    let app = stage(config, Readiness::Ready).app;
    for (origin, allowed) in [("https://shop.example", true), ("https://other.example", false)] {
        let preflight = [("origin", origin), ("access-control-request-method", "POST")];
        let (status, headers, _) = ask(&app, request(Method::OPTIONS, "/whip", &preflight, "")).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(headers.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS), allowed);
        let offer = request(Method::POST, "/whip", &[SDP, ("origin", origin)], "v=0");
        let (_, headers, _) = ask(&app, offer).await;
        assert_eq!(headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_some(), allowed);
        assert_eq!(headers.contains_key(header::ACCESS_CONTROL_EXPOSE_HEADERS), allowed);
    }
}

fn event(call: u64, fact: CallFact) -> CallEvent {
    CallEvent { call: CallId(call), at_ms: 0, fact }
}

#[tokio::test]
async fn events_of_one_call_come_from_its_start_to_its_end() {
    let stage = ready();
    stage.events.publish(event(1, CallFact::DtmfReceived { digit: '1' }));
    stage.events.publish(event(2, CallFact::DtmfReceived { digit: '2' }));
    let following = request(Method::GET, "/v1/events?call=0000000000000001", &[], "");
    let response = stage.app.clone().oneshot(following).await.expect("an answer");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    stage.events.publish(event(1, CallFact::DtmfReceived { digit: '3' }));
    stage
        .events
        .publish(event(1, CallFact::CallEnded { reason: "done".to_owned(), mos: None, peer_mos: None }));
    let body = to_bytes(response.into_body(), 1 << 20).await.expect("the stream ends with the call");
    let text = String::from_utf8(body.into()).expect("text");
    let ids: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["1", "3", "4"], "{text}");
    assert!(text.contains(r#""type":"call_ended""#) && !text.contains(r#""digit":"2""#), "{text}");

    let again = [("last-event-id", "3")];
    let (_, _, rest) = ask(&stage.app, request(Method::GET, "/v1/events?call=1", &again, "")).await;
    assert!(rest.contains("call_ended") && !rest.contains("dtmf_received"), "{rest}");
}

#[tokio::test]
async fn who_follows_all_calls_is_told_of_trunks_and_calls_back_and_nobody_else() {
    let stage = ready();
    let followed = async |path: &str| {
        let response =
            stage.app.clone().oneshot(request(Method::GET, path, &[], "")).await.expect("an answer");
        response.into_body().into_data_stream()
    };
    stage.events.publish(event(1, CallFact::DtmfReceived { digit: '1' }));
    let (mut all, mut one) = (followed("/v1/events").await, followed("/v1/events?call=1").await);
    let problem = Some("OPTIONS: no answer".to_owned());
    stage.events.publish_trunk(TrunkEvent {
        trunk: "carrier".to_owned(),
        up: false,
        registered: None,
        problem,
    });
    let outcome = "talked".to_owned();
    stage.events.publish_callback(CallbackEvent { call: CallId(1), outcome });
    stage.events.publish(event(1, CallFact::DtmfReceived { digit: '2' }));
    let told = async |stream: &mut axum::body::BodyDataStream| {
        let event = stream.next().await.expect("an event").expect("no error");
        String::from_utf8(event.into()).expect("text")
    };
    assert!(told(&mut all).await.contains("dtmf_received"));
    let trunk = told(&mut all).await;
    assert!(trunk.contains("event: trunk") && trunk.contains(r#""trunk":"carrier","up":false"#), "{trunk}");
    let callback = told(&mut all).await;
    assert!(callback.contains("event: callback") && callback.contains(r#""outcome":"talked""#), "{callback}");
    assert!(told(&mut one).await.contains(r#""digit":"1""#));
    assert!(told(&mut one).await.contains(r#""digit":"2""#), "a call has no trunks' events");
}

#[tokio::test]
async fn a_client_that_reads_too_slowly_is_told_how_much_it_missed() {
    let stage = ready();
    let response =
        stage.app.clone().oneshot(request(Method::GET, "/v1/events", &[], "")).await.expect("an answer");
    for _ in 0..1_500 {
        stage.events.publish(event(1, CallFact::DtmfReceived { digit: '1' }));
    }
    let first = response.into_body().into_data_stream().next().await.expect("an event").expect("no error");
    let text = String::from_utf8(first.into()).expect("text");
    assert!(text.contains("event: lagged") && text.contains(r#"{"missed":476}"#), "{text}");
}

#[tokio::test]
async fn event_streams_have_a_limit() {
    let stage = stage(ConsoleConfig { streams_max: 1, ..ConsoleConfig::default() }, Readiness::Ready);
    let first =
        stage.app.clone().oneshot(request(Method::GET, "/v1/events", &[], "")).await.expect("an answer");
    assert_eq!(get_status(&stage.app, "/v1/events").await, StatusCode::SERVICE_UNAVAILABLE);
    drop(first);
    let again =
        stage.app.clone().oneshot(request(Method::GET, "/v1/events", &[], "")).await.expect("an answer");
    assert_eq!(again.status(), StatusCode::OK);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_request_is_answered(
        path in "/[a-z0-9/%._-]{0,30}(\\?[a-z]{0,5}=[ -~&&[^ \"#<>\\\\^`{}|]]{0,20})?",
        method in prop::sample::select(vec![Method::GET, Method::POST, Method::DELETE, Method::OPTIONS]),
        body in "[ -~]{0,80}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let Ok(request) = Request::builder().method(method).uri(path).header("content-type", "application/sdp")
                .body(Body::from(body)) else { return };
            let response = ready().app.oneshot(request).await.expect("an answer");
            assert!(!response.status().is_server_error());
        });
    }
}

#[tokio::test]
async fn a_human_is_paused_and_shown_so_by_the_operator_alone() {
    let app = ready().app;
    let json = [("content-type", "application/json")];
    let pause = |name: &str, body: &str| request(Method::PUT, &format!("/v1/humans/{name}"), &json, body);
    let (status, _, shown) = ask(&app, request(Method::GET, "/v1/humans", &[], "")).await;
    assert_eq!((status, shown.as_str()), (StatusCode::OK, r#"[{"name":"ada","state":"available"}]"#));
    assert_eq!(ask(&app, pause("ada", r#"{"state":"paused"}"#)).await.0, StatusCode::NO_CONTENT);
    let (_, _, shown) = ask(&app, request(Method::GET, "/v1/humans", &[], "")).await;
    assert_eq!(shown, r#"[{"name":"ada","state":"paused"}]"#);
    assert_eq!(ask(&app, pause("bob", r#"{"state":"paused"}"#)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&app, pause("ada", r#"{"state":"gone"}"#)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let config =
        ConsoleConfig { operator_token: Some(Pii::new("secret".to_owned())), ..ConsoleConfig::default() };
    let app = stage(config, Readiness::Ready).app;
    assert_eq!(ask(&app, pause("ada", r#"{"state":"paused"}"#)).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_briefing_is_for_the_operator_and_for_whoever_has_its_link() {
    let config =
        ConsoleConfig { operator_token: Some(Pii::new("secret".to_owned())), ..ConsoleConfig::default() };
    let app = stage(config, Readiness::Ready).app;
    let path = format!("/v1/calls/{}/briefing", CallId(7));
    let bearer = [("authorization", "Bearer secret")];
    let (status, headers, body) = ask(&app, request(Method::GET, &path, &bearer, "")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains(r#""who":"Somebody calls.""#), "{body}");
    assert_eq!(headers["cache-control"], "no-store");
    let get = |query: &str| request(Method::GET, &format!("{path}{query}"), &[], "");
    assert_eq!(ask(&app, get("?token=once")).await.0, StatusCode::OK);
    assert_eq!(ask(&app, get("?token=guess")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&app, get("")).await.0, StatusCode::UNAUTHORIZED);
    let other = request(Method::GET, "/v1/calls/none/briefing", &bearer, "");
    assert_eq!(ask(&app, other).await.0, StatusCode::NOT_FOUND);
}
