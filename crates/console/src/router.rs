use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use tokio::sync::{Semaphore, watch};

use crate::config::ConsoleConfig;
use crate::ports::ConsolePorts;
use crate::problem::Problem;
use crate::{access, approvals, callbacks, captures, humans, journeys, page, sse, supervise, views, whip};

/// What every handler may look at.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) ports: ConsolePorts,
    pub(crate) config: Arc<ConsoleConfig>,
    /// Places for event streams.
    pub(crate) streams: Arc<Semaphore>,
    /// Turns true when the server stops: event streams would otherwise hold it open for ever.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// The whole console as a service, for a server of one's own. [`Console`](crate::Console) is the usual way.
pub fn router(config: ConsoleConfig, ports: ConsolePorts) -> Router {
    // Without a server there is nobody to say stop; a closed channel reads as "not stopping".
    let (_, stopping) = watch::channel(false);
    stoppable_router(config, ports, stopping)
}

pub(crate) fn stoppable_router(
    config: ConsoleConfig,
    ports: ConsolePorts,
    stopping: watch::Receiver<bool>,
) -> Router {
    let config = Arc::new(config);
    let app = App {
        ports,
        config: config.clone(),
        streams: Arc::new(Semaphore::new(config.streams_max)),
        stopping,
    };
    Router::new()
        .route("/", get(page::index))
        .route("/console.css", get(page::css))
        .route("/callwright.js", get(page::script))
        .route("/desk", get(page::desk))
        .route("/desk.css", get(page::desk_css))
        .route("/desk.js", get(page::desk_script))
        .route("/whip", post(whip::offer))
        .route("/whip/{session}", delete(whip::hang_up))
        .route("/v1/events", get(sse::events))
        .route("/v1/lines", get(views::lines))
        .route("/v1/calls", get(views::calls))
        .route("/v1/calls/{call}/capture.pcap", get(captures::pcap))
        .route("/v1/calls/{call}/supervise", post(supervise::supervise).delete(supervise::end))
        .route("/v1/phones", get(views::phones))
        .route("/v1/trunks", get(views::trunks))
        .route("/v1/plans", get(views::plans))
        .route("/v1/plans/{plan}", get(views::story))
        .route("/v1/callbacks", get(callbacks::list))
        .route("/v1/callbacks/{call}/done", put(callbacks::complete))
        .route("/v1/callbacks/{call}/cancelled", put(callbacks::cancel))
        .route("/v1/calls/{call}/briefing", get(humans::briefing))
        .route("/v1/humans", get(humans::list))
        .route("/v1/humans/{name}", put(humans::set))
        .route("/v1/approvals", get(approvals::list))
        .route("/v1/approvals/{plan}", put(approvals::answer))
        .route("/v1/journeys/{journey}", get(journeys::export).delete(journeys::erase))
        .route("/metrics", get(views::metrics))
        .route("/healthz", get(views::healthz))
        .route("/ready", get(views::ready))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(config.clone(), access::cross_origin))
        .layer(DefaultBodyLimit::max(config.body_bytes_max))
        .with_state(app)
}

async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "there is nothing at this path",
        "the page is at /, the desk at /desk, offers go to /whip, events come from /v1/events",
    )
}

async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path does not take that method",
        "POST an offer to /whip or a wish to /v1/calls/{call}/supervise, DELETE /whip/{session} to hang up or /v1/journeys/{journey} to erase, PUT /v1/callbacks/{call}/done or /cancelled, /v1/humans/{name} or /v1/approvals/{plan}, GET everything else",
    )
}

#[cfg(test)]
mod tests;
