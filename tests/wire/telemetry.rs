//! A collector that is not ours in what it knows: it takes OTLP as the protocol says, and what arrives is looked at from outside.

use std::collections::BTreeSet;

use callwright_model::{CallId, PlanId};
use callwright_tests::{Airline, CoreAlone, Place};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Said;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Identity, ServerTlsConfig};
use tonic::{Request, Response, Status};

struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.send(request.into_inner()).map_err(|_| Status::unavailable("the test is over"))?;
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// Where it listens, and what it is sent; over TLS where it is given an identity.
async fn collector(tls: Option<Identity>) -> (String, mpsc::UnboundedReceiver<ExportTraceServiceRequest>) {
    let (sent, arrived) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr().expect("it has an address"));
    let mut server = tonic::transport::Server::builder();
    if let Some(identity) = tls {
        server = server.tls_config(ServerTlsConfig::new().identity(identity)).expect("an identity");
    }
    let server = server.add_service(TraceServiceServer::new(Collector(sent)));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    (url, arrived)
}

const CALL: CallId = CallId(0x7ace);

fn attribute<'s>(span: &'s Span, name: &str) -> Option<&'s str> {
    let found = span.attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Said::StringValue(text) => Some(text),
        _other => None,
    }
}

/// All spans that come until the core has gone.
async fn spans_of_a_rebooking(settings: &str, tls: Option<Identity>) -> (PlanId, Vec<Span>) {
    let airline = Airline::start().await;
    airline.handle.faults().add("assign_seat=refuse-for-now".parse().expect("a fault"));
    let (url, mut arrived) = collector(tls).await;
    let more = format!("[telemetry]\n{settings}\n");
    let mut core = CoreAlone::start(&airline.url(), "", &more, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]);
    let plan = core.rebook(CALL).await;
    // What waits for its batch is sent at the end.
    tokio::task::spawn_blocking(move || core.stop()).await.expect("it ends");
    airline.handle.shutdown().await;
    let mut spans = Vec::new();
    while let Ok(request) = arrived.try_recv() {
        for resource in request.resource_spans {
            let about = resource.resource.expect("who tells it").attributes;
            let named = about.iter().any(|attribute| {
                let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
                attribute.key == "service.name"
                    && matches!(value, Some(Said::StringValue(name)) if name == "callwright")
            });
            assert!(named, "{about:?}");
            spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }
    (plan, spans)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_sees_a_whole_plan_as_a_tree_of_spans() {
    let _place = Place::take(false);
    let (plan, spans) = spans_of_a_rebooking("", None).await;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let names: BTreeSet<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let tools = [
        "find_booking",
        "find_flights",
        "assign_seat",
        "apply_credit",
        "update_booking",
        "send_confirmation",
    ];
    let expected: BTreeSet<String> =
        tools.iter().map(|tool| format!("execute_tool {tool}")).chain(["plan rebook".to_owned()]).collect();
    assert_eq!(names, expected.iter().map(String::as_str).collect(), "{spans:#?}");
    assert_eq!(spans.len(), 7, "none twice");
    let root = spans.iter().find(|span| span.name == "plan rebook").expect("the plan");
    assert!(root.parent_span_id.is_empty());
    assert_eq!(attribute(root, "callwright.plan.state"), Some("completed"));
    for span in &spans {
        assert_eq!(hex(&span.trace_id), plan.0, "the trace has the plan's number");
        assert_eq!(attribute(span, "gen_ai.conversation.id"), Some(CALL.to_string().as_str()));
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        if span.name != root.name {
            assert_eq!(span.parent_span_id, root.span_id);
            assert!(root.start_time_unix_nano <= span.start_time_unix_nano);
            assert!(span.end_time_unix_nano <= root.end_time_unix_nano);
            assert_eq!(attribute(span, "gen_ai.operation.name"), Some("execute_tool"));
            let tool = span.name.strip_prefix("execute_tool ").expect("a tool");
            assert_eq!(attribute(span, "gen_ai.tool.name"), Some(tool));
        }
    }
    let seat = spans.iter().find(|span| span.name.ends_with("assign_seat")).expect("the seat");
    assert_eq!(attribute(seat, "gen_ai.tool.call.id"), Some(format!("{plan}:3").as_str()));
    assert_eq!(seat.events[0].name, "callwright.attempt.refused");
    let told = format!("{spans:?}");
    for personal in ["K7M4X2", "4821", "CW318", "yes please", "callwright.pii."] {
        assert!(!told.contains(personal), "`{personal}` is told");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_personal_is_told_only_when_the_configuration_says_so() {
    let _place = Place::take(false);
    let (_, spans) = spans_of_a_rebooking("personal = true", None).await;
    let seat = spans.iter().find(|span| span.name.ends_with("assign_seat")).expect("the seat");
    assert!(
        attribute(seat, "callwright.pii.arguments").is_some_and(|text| text.contains("K7M4X2")),
        "{seat:?}"
    );
    assert!(attribute(seat, "callwright.pii.result").is_some_and(|text| text.contains("CW318")), "{seat:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_spans_go_to_whom_the_authority_vouches_for_and_to_nobody_else() {
    let _place = Place::take(false);
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let identity = || Some(Identity::from_pem(own.cert.pem(), own.signing_key.serialize_pem()));
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, own.cert.pem()).expect("written");
    let trusting = format!("authority = \"{}\"", authority.display());
    let (_, spans) = spans_of_a_rebooking(&trusting, identity()).await;
    assert_eq!(spans.len(), 7);
    let (_, spans) = spans_of_a_rebooking("", identity()).await;
    assert_eq!(spans, [], "nobody vouches for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_holds_nobody_up() {
    let _place = Place::take(false);
    let airline = Airline::start().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", closed.local_addr().expect("it has an address"));
    drop(closed);
    let more = format!("[telemetry]\nendpoint = \"{url}\"\n");
    let mut core = CoreAlone::start(&airline.url(), "", &more, &[]);
    core.rebook(CALL).await;
    core = tokio::task::spawn_blocking(move || {
        core.stop();
        core
    })
    .await
    .expect("it ends");
    assert!(core.log().contains("the collector does not take spans"), "{}", core.log());
    assert_eq!(airline.snapshot().count("credits", "booking", "K7M4X2"), 1);
    airline.handle.shutdown().await;
}
