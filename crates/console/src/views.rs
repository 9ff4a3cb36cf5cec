//! Snapshots, health, metrics.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use callwright_model::PlanId;
use serde_json::json;

use crate::access;
use crate::ports::{CallView, LineView, PlanView, Readiness, StoryRefusal, TrunkView, UserPhonesView};
use crate::problem::Problem;
use crate::router::App;

pub(crate) async fn lines(State(app): State<App>) -> Json<Vec<LineView>> {
    Json(app.ports.snapshots.lines())
}

pub(crate) async fn calls(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Vec<CallView>>, Problem> {
    access::operator(&app.config, &headers)?;
    Ok(Json(app.ports.snapshots.calls()))
}

pub(crate) async fn phones(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Vec<UserPhonesView>>, Problem> {
    access::operator(&app.config, &headers)?;
    Ok(Json(app.ports.snapshots.phones()))
}

pub(crate) async fn trunks(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Vec<TrunkView>>, Problem> {
    access::operator(&app.config, &headers)?;
    Ok(Json(app.ports.snapshots.trunks()))
}

pub(crate) async fn plans(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Vec<PlanView>>, Problem> {
    access::operator(&app.config, &headers)?;
    let plans = app.ports.snapshots.plans().await;
    plans.map(Json).map_err(|error| {
        Problem::new(StatusCode::BAD_GATEWAY, error, "see whether the action core is running").retry_after(5)
    })
}

pub(crate) async fn story(
    State(app): State<App>,
    Path(plan): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    access::operator(&app.config, &headers)?;
    let story = app.ports.snapshots.story(&PlanId(plan)).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(story)).into_response())
}

impl From<StoryRefusal> for Problem {
    fn from(refusal: StoryRefusal) -> Self {
        match refusal {
            StoryRefusal::Unknown => {
                let help = "GET /v1/plans and /v1/approvals list some; what was erased is told by nobody";
                Self::new(StatusCode::NOT_FOUND, "there is no such plan", help)
            }
            StoryRefusal::Unavailable { reason } => {
                Self::new(StatusCode::BAD_GATEWAY, reason, "see whether the action core is running")
                    .retry_after(5)
            }
        }
    }
}

pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, app.ports.metrics.render()).into_response()
}

/// Alive, also while draining: a restart would only cut calls that are ending.
pub(crate) async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

pub(crate) async fn ready(State(app): State<App>) -> Result<Json<serde_json::Value>, Problem> {
    let refuse = |error: String, help: &str| Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, error, help));
    match app.ports.snapshots.readiness() {
        Readiness::Ready => Ok(Json(json!({ "status": "ready" }))),
        Readiness::NotReady { reason } | Readiness::Impaired { reason } => {
            refuse(reason, "send calls elsewhere until this is mended")
        }
        Readiness::Draining => refuse(
            "draining: running calls end, no new ones are taken".to_owned(),
            "send calls to another gateway",
        ),
    }
}
