//! Call backs: who waits for one, who was called, and the mark that says so.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use callwright_model::{CallId, Pii};
use serde::Deserialize;

use crate::access;
use crate::ports::{CallbackRefusal, CallbackView};
use crate::problem::Problem;
use crate::router::App;

#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    done: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {
    by: Pii<String>,
}

pub(crate) async fn list(
    State(app): State<App>,
    Query(Which { done }): Query<Which>,
    headers: HeaderMap,
) -> Result<Json<Vec<CallbackView>>, Problem> {
    access::operator(&app.config, &headers)?;
    Ok(Json(app.ports.callbacks.list(done).await?))
}

pub(crate) async fn complete(
    State(app): State<App>,
    Path(call): Path<String>,
    headers: HeaderMap,
    mark: Result<Json<Mark>, JsonRejection>,
) -> Result<Json<CallbackView>, Problem> {
    let (call, by) = named(&app, &call, &headers, mark)?;
    Ok(Json(app.ports.callbacks.complete(call, by).await?))
}

pub(crate) async fn cancel(
    State(app): State<App>,
    Path(call): Path<String>,
    headers: HeaderMap,
    mark: Result<Json<Mark>, JsonRejection>,
) -> Result<Json<CallbackView>, Problem> {
    let (call, by) = named(&app, &call, &headers, mark)?;
    Ok(Json(app.ports.callbacks.cancel(call, by).await?))
}

/// Which call, and who it is that says something of it.
fn named(
    app: &App,
    call: &str,
    headers: &HeaderMap,
    mark: Result<Json<Mark>, JsonRejection>,
) -> Result<(CallId, Pii<String>), Problem> {
    access::operator(&app.config, headers)?;
    let by = mark
        .map(|Json(mark)| mark.by)
        .map_err(|rejection| unmarked(rejection.status(), rejection.body_text()))?;
    if by.reveal().trim().is_empty() {
        return Err(unmarked(StatusCode::UNPROCESSABLE_ENTITY, "`by` is empty".to_owned()));
    }
    // What is no call's identity names no call that anybody asked in.
    Ok((call.parse().map_err(|_| CallbackRefusal::Unknown)?, by))
}

fn unmarked(status: StatusCode, error: String) -> Problem {
    Problem::new(status, error, r#"send {"by": "who called"} with `Content-Type: application/json`"#)
}

impl From<CallbackRefusal> for Problem {
    fn from(refusal: CallbackRefusal) -> Self {
        match refusal {
            CallbackRefusal::Unknown => Self::new(
                StatusCode::NOT_FOUND,
                "nobody asked to be called back in that call",
                "GET /v1/callbacks lists who waits, with ?done=true who was called",
            ),
            CallbackRefusal::Kept => Self::new(
                StatusCode::CONFLICT,
                "the promise was kept: there is nothing left to let go of",
                "GET /v1/callbacks?done=true tells when",
            ),
            CallbackRefusal::Unavailable { reason } => {
                Self::new(StatusCode::BAD_GATEWAY, reason, "see whether the action core is running")
                    .retry_after(5)
            }
        }
    }
}
