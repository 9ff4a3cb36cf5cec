//! Humans who can be rung: what each is doing, and whether they take calls.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
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

impl From<HumanRefusal> for Problem {
    fn from(refusal: HumanRefusal) -> Self {
        match refusal {
            HumanRefusal::Unknown => {
                Self::new(StatusCode::NOT_FOUND, "no human is called so", "GET /v1/humans lists them")
            }
        }
    }
}
