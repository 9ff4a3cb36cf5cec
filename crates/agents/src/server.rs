//! The HTTP server of both.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use callwright_wire::actions::Client;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::a2a::{self, Agent};
use crate::door::Door;
use crate::mcp::Tools;

/// Why the door does not open.
#[derive(Debug, Error)]
pub enum AgentsError {
    /// It would be open to others than this machine.
    #[error("agents are not asked who they are, so {0} must be a loopback address")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
}

/// A running server.
#[derive(Debug)]
pub struct AgentsServer {
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl AgentsServer {
    /// Listens on a loopback address (port 0 takes a free one) and asks this core.
    ///
    /// # Errors
    /// See [`AgentsError`].
    pub async fn start(listen: SocketAddr, core: Client) -> Result<Self, AgentsError> {
        if !listen.ip().is_loopback() {
            return Err(AgentsError::NotLoopback(listen));
        }
        let failed = |error| AgentsError::Listen { address: listen, error };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = CancellationToken::new();
        let router = router(Door::new(core, PATIENCE), address, &stop);
        let stopped = stop.clone().cancelled_owned();
        tracing::info!(%address, "agents are answered: MCP at /mcp, A2A at /a2a");
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "agents are not answered any more");
            }
        });
        Ok(Self { address, stop, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops: answers that are on their way are given.
    pub async fn shutdown(self) {
        self.stop.cancel();
        // Whoever keeps a connection open for nothing is left behind.
        let _ = tokio::time::timeout(CLOSING, self.server).await;
    }
}

fn router(door: Door, address: SocketAddr, stop: &CancellationToken) -> Router {
    let tools = Tools(door.clone());
    let mut config = StreamableHttpServerConfig::default();
    config.cancellation_token = stop.child_token();
    config.max_request_body_bytes = BODY_BYTES_MAX;
    let mcp = StreamableHttpService::new(
        move || Ok(tools.clone()),
        Arc::new(LocalSessionManager::default()),
        config,
    );
    let agent = Agent { door, url: format!("http://{address}/a2a") };
    Router::new()
        .route("/.well-known/agent-card.json", get(a2a::card))
        .route("/a2a", post(a2a::rpc))
        .with_state(agent)
        .nest_service("/mcp", mcp)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(loopback_only))
}

async fn loopback_only(request: Request, next: Next) -> Response {
    if of_loopback(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "agents are answered on loopback only, under its own name\n").into_response()
}

/// A page on the internet can have a name of its own resolve to loopback; it cannot make `Host` and `Origin` say so.
fn of_loopback(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let of_origin = |origin: &str| origin.split_once("://").is_some_and(|(_, at)| is_loopback(at));
    text(header::HOST).is_some_and(is_loopback)
        && (!headers.contains_key(header::ORIGIN) || text(header::ORIGIN).is_some_and(of_origin))
}

/// `localhost`, `127.0.0.1`, `[::1]`, with or without a port.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// As much as the action core takes.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// How long one answer waits for a plan's end. Agents give up after half a minute; what takes longer is asked about again.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the end waits for answers.
const CLOSING: Duration = Duration::from_secs(5);
