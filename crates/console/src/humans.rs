//! Humans who can be rung: what each is doing, whether they take calls, and what they are told of one.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::access;
use crate::ports::{HumanRefusal, HumanView};
use crate::problem::Problem;
use crate::router::App;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    state: Takes,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Takes {
    Available,
    Paused,
}

pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Vec<HumanView>>, Problem> {
    access::operator(&app.config, &headers)?;
    Ok(Json(app.ports.humans.list().await))
}

pub(crate) async fn set(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    access::operator(&app.config, &headers)?;
    let Json(Wanted { state }) = wanted.map_err(|rejection| {
        let help =
            r#"send {"state": "available"} or {"state": "paused"} with `Content-Type: application/json`"#;
        Problem::new(rejection.status(), rejection.body_text(), help)
    })?;
    let takes_calls = match state {
        Takes::Available => true,
        Takes::Paused => false,
    };
    app.ports.humans.set(&name, takes_calls).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(crate) struct Link {
    token: Option<String>,
}

/// For the operator, or for whoever has the link of the handover; which is tried here alone, so that it lets nobody in elsewhere.
pub(crate) async fn briefing(
    State(app): State<App>,
    Path(call): Path<String>,
    Query(Link { token }): Query<Link>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if token.is_none() {
        access::operator(&app.config, &headers)?;
    }
    let found = match call.parse() {
        Ok(call) => app.ports.humans.briefing(call, token).await,
        Err(_) => None,
    };
    let briefing = found.ok_or_else(|| {
        let help = "a call has one while it lasts, once a human is wanted; a link opens it once";
        Problem::new(StatusCode::NOT_FOUND, "there is no such briefing", help)
    })?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(briefing)).into_response())
}

impl From<HumanRefusal> for Problem {
    fn from(refusal: HumanRefusal) -> Self {
        match refusal {
            HumanRefusal::Unknown => {
                Self::new(StatusCode::NOT_FOUND, "no human is called so", "GET /v1/humans lists them")
            }
        }
    }
}
