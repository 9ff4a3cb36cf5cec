//! One connection to an MCP server and what is known of its tools.

use std::collections::{BTreeMap, HashMap};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use callwright_plan_core::{ToolSpec, pin};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ClientCapabilities, ClientConfig, Implementation, Tool,
};
use rmcp::service::{NotificationContext, RunningService, ServiceError};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientHandler, RoleClient, ServiceExt as _};
use serde_json::Value as Json;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::Mutex;

use crate::connectors::config::{McpServer, Program, Web};
use crate::connectors::web;

/// A connection.
#[derive(Debug)]
pub(super) struct Session {
    service: RunningService<RoleClient, Listener>,
    tools: Mutex<Option<Tools>>,
    stale: Arc<AtomicBool>,
    since: Instant,
}

/// The pins of all tools, and when they were asked for.
#[derive(Debug)]
struct Tools {
    pins: BTreeMap<String, String>,
    asked: Instant,
}

/// What a server may tell us unasked: that its tools have changed. We offer it nothing.
#[derive(Debug)]
struct Listener {
    stale: Arc<AtomicBool>,
}

impl ClientHandler for Listener {
    fn get_info(&self) -> ClientConfig {
        let us = Implementation::new("callwright", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), us)
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.stale.store(true, Ordering::Release);
    }
}

impl Session {
    /// Connects to a server, or starts it.
    pub(super) async fn open(name: &str, server: &McpServer) -> Result<Self, String> {
        let stale = Arc::new(AtomicBool::new(false));
        let listener = Listener { stale: Arc::clone(&stale) };
        let service = match server {
            McpServer::Url(web) => listener.serve(over_http(web)?).await,
            McpServer::Program(program) => listener.serve(start(name, program)?).await,
        };
        let service = service.map_err(|error| match server {
            McpServer::Url(web) => format!("`{}` is no MCP server that answers: {error}", web.url),
            McpServer::Program(program) => {
                format!("`{}` does not answer as an MCP server: {error}", program.command.join(" "))
            }
        })?;
        Ok(Self { service, tools: Mutex::new(None), stale, since: Instant::now() })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.service.is_closed() && !self.service.is_transport_closed()
    }

    pub(super) fn lasted(&self) -> Duration {
        self.since.elapsed()
    }

    /// All tools, as the server tells them.
    pub(super) async fn list(&self) -> Result<Vec<ToolSpec>, String> {
        let listed = tokio::time::timeout(LIST_MAX, self.service.list_all_tools()).await;
        let listed =
            listed.map_err(|_| format!("it did not list its tools within {} s", LIST_MAX.as_secs()))?;
        let tools = listed.map_err(|error| format!("it does not list its tools: {error}"))?;
        if tools.len() > TOOLS_MAX {
            return Err(format!("it has {} tools; {TOOLS_MAX} are the most", tools.len()));
        }
        Ok(tools.iter().map(spec).collect())
    }

    /// Asks for the tools again when the server has said that they changed, and now and then: not every server says so.
    pub(super) async fn refresh(&self) -> Result<(), String> {
        let mut tools = self.tools.lock().await;
        let stale = self.stale.swap(false, Ordering::AcqRel);
        if tools.as_ref().is_some_and(|tools| !stale && tools.asked.elapsed() < FRESH) {
            return Ok(());
        }
        *tools = None;
        let asked = Instant::now();
        let pins = self.list().await?.iter().map(|tool| (tool.name.clone(), pin(tool))).collect();
        *tools = Some(Tools { pins, asked });
        Ok(())
    }

    /// The pin of a tool by what the server says of it now.
    pub(super) async fn pin(&self, tool: &str) -> Option<String> {
        self.tools.lock().await.as_ref()?.pins.get(tool).cloned()
    }

    /// Calls a tool, once: nothing is sent again by itself.
    pub(super) async fn call(
        &self,
        request: CallToolRequestParams,
    ) -> Result<CallToolResponse, ServiceError> {
        self.service.peer().call_tool_once(request).await
    }

    pub(super) async fn close(self) {
        let _ = self.service.cancel().await;
    }
}

fn spec(tool: &Tool) -> ToolSpec {
    let json = |schema: &Arc<rmcp::model::JsonObject>| Json::Object(schema.as_ref().clone());
    ToolSpec {
        name: tool.name.to_string(),
        description: tool.description.as_ref().map(ToString::to_string),
        input: json(&tool.input_schema),
        output: tool.output_schema.as_ref().map(json),
        claims_to_read: tool.annotations.as_ref().and_then(|hints| hints.read_only_hint) == Some(true),
    }
}

fn over_http(web: &Web) -> Result<StreamableHttpClientTransport<reqwest::Client>, String> {
    let mut config = StreamableHttpClientTransportConfig::with_uri(web.url.as_str())
        .max_sse_event_size(ANSWER_BYTES_MAX)
        .max_json_response_size(ANSWER_BYTES_MAX)
        .custom_headers(
            web::headers(web)?
                .into_iter()
                .filter_map(|(name, value)| Some((name?, value)))
                .collect::<HashMap<_, _>>(),
        );
    if let Some(bearer) = &web.bearer {
        web::value("bearer", bearer)?;
        config = config.auth_header(bearer.reveal());
    }
    // With a new session tools may be others: whoever sends again must have looked at them.
    config.reinit_on_expired_session = false;
    Ok(StreamableHttpClientTransport::with_client(web::client(web)?, config))
}

fn start(name: &str, program: &Program) -> Result<TokioChildProcess, String> {
    let (first, arguments) = program.command.split_first().ok_or("the command is empty")?;
    let mut command = tokio::process::Command::new(first);
    command.args(arguments).env_clear().kill_on_drop(true);
    for inherited in INHERITED {
        if let Some(value) = std::env::var_os(inherited) {
            command.env(inherited, value);
        }
    }
    command.envs(program.env.iter().map(|(name, secret)| (name, secret.reveal())));
    if let Some(folder) = &program.folder {
        command.current_dir(folder);
    }
    let started = TokioChildProcess::builder(command).stderr(Stdio::piped()).spawn();
    let (child, errors) = started.map_err(|error| format!("`{first}` cannot be started: {error}"))?;
    if let Some(errors) = errors {
        tokio::spawn(log(name.to_owned(), errors));
    }
    Ok(child)
}

/// What a child complains of, for whoever looks for why: it may name callers, so it is not shown otherwise.
async fn log(connector: String, mut errors: impl AsyncRead + Unpin) {
    let mut piece = [0; LOG_BYTES_MAX];
    while let Ok(length @ 1..) = errors.read(&mut piece).await {
        let said = String::from_utf8_lossy(&piece[..length]);
        tracing::debug!(%connector, said = said.trim_end(), "the MCP server says");
    }
}

/// What a program needs to be found and to find its own files.
const INHERITED: [&str; 3] = ["PATH", "HOME", "LANG"];
/// An agent's server has some dozens; lists beyond are no catalogue that a person has looked at.
const TOOLS_MAX: usize = 1_000;
/// Facts for a sentence are under 10 KiB; a list of offers may be more.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
const LIST_MAX: Duration = Duration::from_secs(10);
/// How long a tool may have changed before it is noticed, where a server does not say so.
const FRESH: Duration = Duration::from_secs(60);
const LOG_BYTES_MAX: usize = 2_048;
