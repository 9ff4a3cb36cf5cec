//! An MCP server as a system: its tools are discovered when it is connected, and one is called only while it says of itself what it said
//! when somebody accepted it.
//!
//! - A connection, or a child process, is made when first needed and again when it was lost: at once the first time, then with growing
//!   waits, so that a server that dies of each call is not started without end.
//! - What was not sent is told apart from what had no answer: after the first an attempt may follow without a doubt.
//! - MCP has no idempotency keys. A tool that takes one as an argument is given it there.
//! - Nothing that a server says of its tools (annotations) decides anything here.

mod session;

use std::sync::Arc;
use std::time::{Duration, Instant};

use callwright_model::Record;
use callwright_plan_core::{Tool, ToolSpec, from_json, to_json};
use callwright_wire::connector::Refusal;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ErrorCode};
use rmcp::service::ServiceError;
use rmcp::transport::streamable_http_client::StreamableHttpError;
use serde_json::{Map, Value as Json};
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use super::config::McpServer;
use super::{Ask, Failure, web};
use session::Session;

/// The tools that a server offers.
///
/// # Errors
/// Why it cannot be asked, for the person who named it.
pub async fn discover(server: &McpServer) -> Result<Vec<ToolSpec>, String> {
    let session = Session::open("import", server).await?;
    let tools = session.list().await;
    session.close().await;
    tools
}

/// A server that is spoken to.
#[derive(Debug)]
pub(crate) struct Server {
    name: String,
    config: McpServer,
    link: Mutex<Link>,
}

#[derive(Debug, Default)]
struct Link {
    session: Option<Arc<Session>>,
    /// Connections in a row that failed or did not last.
    failures: u32,
    not_before: Option<Instant>,
}

impl Server {
    pub(crate) fn new(name: &str, config: McpServer) -> Self {
        Self { name: name.to_owned(), config, link: Mutex::new(Link::default()) }
    }

    /// Calls a tool, once.
    pub(crate) async fn call(&self, ask: &Ask<'_>, tool: &Tool) -> Result<Record, Failure> {
        let deadline = tokio::time::Instant::now() + ask.deadline;
        let late = |_| Failure::not_sent("the server could not be reached in time");
        let session = timeout_at(deadline, self.session()).await.map_err(late)?.map_err(Failure::not_sent)?;
        match session.pin(ask.method).await {
            None => {
                return Err(Failure::unfit(format!(
                    "the server `{}` has no tool `{}`",
                    self.name, ask.method
                )));
            }
            Some(pin) if pin != tool.pin => {
                return Err(Failure::unfit(format!(
                    "the tool `{}` of `{}` is not what was accepted: look at it and accept it with `callwright import mcp --accept`",
                    ask.method, self.name
                )));
            }
            Some(_) => {}
        }
        let mut request = CallToolRequestParams::new(ask.method.to_owned());
        request.arguments = Some(arguments(ask, tool)?);
        let answer = timeout_at(deadline, session.call(request)).await;
        match answer {
            Err(_) => Err(Failure::Unknown("no answer in time".to_owned())),
            Ok(Ok(CallToolResponse::Complete(result))) => read(&result, ask, tool),
            Ok(Ok(CallToolResponse::InputRequired(_))) => {
                Err(Failure::refused("the tool wants to ask a person, and nobody is there to answer"))
            }
            Ok(Ok(_)) => Err(Failure::Unknown("the tool promised an answer for later".to_owned())),
            Ok(Err(error)) => {
                if matches!(error, ServiceError::TransportSend(_) | ServiceError::TransportClosed) {
                    self.forget(&session).await;
                }
                Err(failure(&error))
            }
        }
    }

    /// A connection that failed is not used again: its session may be over without anybody having said so.
    async fn forget(&self, failed: &Arc<Session>) {
        let mut link = self.link.lock().await;
        if link.session.as_ref().is_some_and(|session| Arc::ptr_eq(session, failed)) {
            link.session = None;
        }
    }

    /// Asks what the server offers, so that somebody hears of a changed tool before a caller does. Told is what is wrong.
    pub(crate) async fn inspect(&self, pins: &[(String, String)]) -> Vec<String> {
        let asked = tokio::time::timeout(INSPECT_MAX, self.session()).await;
        let session = match asked {
            Ok(Ok(session)) => session,
            Ok(Err(why)) => return vec![why],
            Err(_) => return vec!["the server could not be reached in time".to_owned()],
        };
        let mut wrong = Vec::new();
        for (tool, pin) in pins {
            match session.pin(tool).await {
                None => wrong.push(format!("it has no tool `{tool}`")),
                Some(live) if live != *pin => {
                    wrong.push(format!("the tool `{tool}` is not what was accepted"))
                }
                Some(_) => {}
            }
        }
        wrong
    }

    /// The connection, made anew if it was lost, with tools that were asked for not long ago.
    async fn session(&self) -> Result<Arc<Session>, String> {
        let mut link = self.link.lock().await;
        if let Some(session) = link.session.take() {
            if session.is_open() {
                session.refresh().await?;
                link.session = Some(Arc::clone(&session));
                return Ok(session);
            }
            tracing::warn!(connector = %self.name, "the MCP server is gone");
            if session.lasted() >= SETTLED {
                *link = Link::default();
            } else {
                link.failed();
            }
        }
        if let Some(moment) = link.not_before {
            tokio::time::sleep_until(moment.into()).await;
        }
        let opened = match tokio::time::timeout(OPEN_MAX, Session::open(&self.name, &self.config)).await {
            Ok(opened) => opened,
            Err(_) => Err(format!("it did not answer within {} s", OPEN_MAX.as_secs())),
        };
        match opened {
            Ok(session) => {
                let session = Arc::new(session);
                session.refresh().await?;
                link.session = Some(Arc::clone(&session));
                Ok(session)
            }
            Err(why) => {
                link.failed();
                tracing::warn!(connector = %self.name, %why, "the MCP server cannot be reached");
                Err(why)
            }
        }
    }

    /// Ends the connection, and the child process with it.
    pub(crate) async fn close(&self) {
        let session = self.link.lock().await.session.take();
        if let Some(session) = session.and_then(Arc::into_inner) {
            session.close().await;
        }
    }
}

impl Link {
    fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        let wait = (AGAIN_FIRST * 2_u32.saturating_pow(self.failures - 1)).min(AGAIN_MAX);
        self.not_before = Some(Instant::now() + wait);
    }
}

fn arguments(ask: &Ask<'_>, tool: &Tool) -> Result<Map<String, Json>, Failure> {
    let mut arguments = to_json(ask.arguments, &tool.decimals).map_err(Failure::unfit)?;
    if let (Some(argument), Some(key)) = (&tool.key_as, ask.key) {
        arguments.insert(argument.clone(), Json::from(key));
    }
    Ok(arguments)
}

fn read(result: &CallToolResult, ask: &Ask<'_>, tool: &Tool) -> Result<Record, Failure> {
    let text: Vec<&str> =
        result.content.iter().filter_map(|part| Some(part.as_text()?.text.as_str())).collect();
    let text = text.join("\n");
    if result.is_error == Some(true) {
        let reason = text.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
        return Err(Failure::Refused(match &tool.not_found {
            Some(argument) => Refusal::NotFound { argument: argument.clone(), reason },
            None => Refusal::Refused { reason, retriable: false },
        }));
    }
    let answer = match &result.structured_content {
        Some(Json::Object(members)) => members.clone(),
        Some(_) | None => match serde_json::from_str(&text) {
            Ok(Json::Object(members)) => members,
            Ok(_) | Err(_) => Map::from_iter([("text".to_owned(), Json::from(text))]),
        },
    };
    // It was done; what cannot be read is no answer.
    from_json(&answer, ask.outputs).map_err(|what| Failure::Unknown(format!("the answer: {what}")))
}

fn failure(error: &ServiceError) -> Failure {
    let why = error.to_string();
    match error {
        // The server looked at the request and did not begin.
        ServiceError::McpError(error)
            if [ErrorCode::INVALID_PARAMS, ErrorCode::INVALID_REQUEST, ErrorCode::METHOD_NOT_FOUND]
                .contains(&error.code) =>
        {
            Failure::Misused(why)
        }
        ServiceError::TransportSend(error) if not_sent(error.error.as_ref()) => Failure::not_sent(why),
        other if other.auth_challenge().is_some() => Failure::Misused(
            "the server does not let us in: look at the connector's `bearer` or `headers`".to_owned(),
        ),
        _ => Failure::Unknown(why),
    }
}

/// Whether a request never came to where it could be carried out: nobody was reached, or the session was over.
fn not_sent(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    match error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
        Some(StreamableHttpError::Client(error)) => web::never_reached(error),
        Some(StreamableHttpError::SessionExpired) => true,
        Some(_) | None => false,
    }
}

/// A child that a package manager fetches first takes long; a caller's own wait is shorter.
const OPEN_MAX: Duration = Duration::from_secs(20);
const INSPECT_MAX: Duration = Duration::from_secs(30);
/// Long enough for a server to have worked, and short enough for one that is restarted each night.
const SETTLED: Duration = Duration::from_secs(30);
const AGAIN_FIRST: Duration = Duration::from_millis(200);
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// A line for the operator; more of what a server says is not kept.
const REASON_CHARS_MAX: usize = 200;
