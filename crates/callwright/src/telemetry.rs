//! Spans of plans to an OpenTelemetry collector (OTLP over gRPC), if the configuration names one.
//!
//! A collector that is slow or gone costs spans and nothing else: they wait in a queue with an end, and what does not fit is dropped.
//! The journal has everything they tell.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use callwright_actions::Spans;
use callwright_plan_core::{Attribute, Note, Span};
use opentelemetry::trace::{Event, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{Array, InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    self as sdk, BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor as _,
};

/// The way to a collector.
#[derive(Debug)]
pub struct Collector {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    personal: bool,
}

impl Collector {
    /// Begins to send to this address, `http://HOST:PORT` or `https://HOST:PORT`; with `personal` also what is about a person. Over TLS,
    /// `authority` vouches for the collector, or whom browsers trust. Nothing is connected yet: a collector may come later. Wants a runtime
    /// around it.
    ///
    /// # Errors
    /// When the address is none, or the authority's file is not there.
    pub fn start(endpoint: &str, authority: Option<&Path>, personal: bool) -> Result<Self> {
        let mut exporter =
            SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(EXPORT_MAX);
        if endpoint.starts_with("https:") {
            exporter = exporter.with_tls_config(trust(authority)?);
        }
        let exporter = exporter.build().with_context(|| format!("`telemetry.endpoint`, {endpoint}"))?;
        let limits = BatchConfigBuilder::default().with_max_queue_size(SPANS_WAITING_MAX).build();
        let mut processor = BatchSpanProcessor::builder(Counting(exporter)).with_batch_config(limits).build();
        processor.set_resource(&Resource::builder().with_service_name("callwright").build());
        let scope =
            InstrumentationScope::builder("callwright").with_version(env!("CARGO_PKG_VERSION")).build();
        tracing::info!(endpoint, personal, "spans of plans go to a collector");
        Ok(Self { processor, scope, personal })
    }

    fn data(&self, span: Span) -> SpanData {
        let Span { trace, id, parent, name, calls, began_unix_ms, ended_unix_ms, attributes, notes, failed } =
            span;
        let trace = TraceId::from(trace);
        let context =
            SpanContext::new(trace, SpanId::from(id), TraceFlags::SAMPLED, false, TraceState::default());
        let mut events = SpanEvents::default();
        events.events = notes.into_iter().map(event).collect();
        SpanData {
            span_context: context,
            parent_span_id: parent.map_or(SpanId::INVALID, SpanId::from),
            parent_span_is_remote: false,
            span_kind: if calls { SpanKind::Client } else { SpanKind::Internal },
            name: name.into(),
            start_time: time(began_unix_ms),
            end_time: time(ended_unix_ms),
            attributes: attributes
                .into_iter()
                .map(|(name, value)| KeyValue::new(name, said(value)))
                .collect(),
            dropped_attributes_count: 0,
            events,
            links: SpanLinks::default(),
            status: failed.map_or(Status::Unset, Status::error),
            instrumentation_scope: self.scope.clone(),
        }
    }
}

fn trust(authority: Option<&Path>) -> Result<ClientTlsConfig> {
    let Some(file) = authority else { return Ok(ClientTlsConfig::new().with_webpki_roots()) };
    let pem = std::fs::read(file)
        .with_context(|| format!("`telemetry.authority`: {} cannot be read", file.display()))?;
    Ok(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))
}

/// Counts and tells what the collector does not take: the library itself says nothing of it.
#[derive(Debug)]
struct Counting(SpanExporter);

impl sdk::SpanExporter for Counting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let taken = self.0.export(batch).await;
        if let Err(error) = &taken {
            metrics::counter!("callwright_telemetry_spans_lost_total").increment(spans as u64);
            tracing::warn!(spans, %error, "the collector does not take spans; the journal has all they tell");
        }
        taken
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

impl Spans for Collector {
    fn personal(&self) -> bool {
        self.personal
    }

    fn ended(&self, spans: Vec<Span>) {
        for span in spans {
            self.processor.on_end(self.data(span));
        }
    }

    fn close(&self) {
        if let Err(error) = self.processor.shutdown_with_timeout(CLOSE_MAX) {
            tracing::warn!(%error, "the collector did not take the last spans");
        }
    }
}

fn event(note: Note) -> Event {
    Event::new(note.name, time(note.unix_ms), vec![KeyValue::new("callwright.reason", note.reason)], 0)
}

fn said(attribute: Attribute) -> Value {
    match attribute {
        Attribute::Text(text) => text.into(),
        Attribute::Number(number) => number.into(),
        Attribute::Texts(texts) => {
            Value::Array(Array::String(texts.into_iter().map(StringValue::from).collect()))
        }
    }
}

fn time(unix_ms: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(unix_ms)
}

/// Some thousand plans between two batches; what comes faster is dropped.
const SPANS_WAITING_MAX: usize = 16_384;
/// A collector on this machine or the next takes milliseconds.
const EXPORT_MAX: Duration = Duration::from_secs(5);
/// How long the end of the program waits for the last ones.
const CLOSE_MAX: Duration = Duration::from_secs(5);
