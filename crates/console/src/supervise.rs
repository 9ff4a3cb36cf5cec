//! Supervisors: somebody's phone is rung to hear a call, to whisper to its human, to talk with both, or to take it over.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use callwright_model::{CallId, Pii, Supervise};
use serde::Deserialize;

use crate::access;
use crate::ports::{SuperviseRefusal, SuperviseWish};
use crate::problem::Problem;
use crate::router::App;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    mode: Supervise,
    phone: Option<Pii<String>>,
    by: String,
}

pub(crate) async fn supervise(
    State(app): State<App>,
    Path(call): Path<String>,
    headers: HeaderMap,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    access::operator(&app.config, &headers)?;
    let Wish { mode, phone, by } =
        wish.map(|Json(wish)| wish).map_err(|rejection| unread(rejection.status(), rejection.body_text()))?;
    if by.trim().is_empty() || by.len() > NAME_BYTES_MAX {
        let error = format!("`by` is empty or longer than {NAME_BYTES_MAX} bytes");
        return Err(unread(StatusCode::UNPROCESSABLE_ENTITY, error));
    }
    app.ports.supervisors.supervise(named(&call)?, Some(SuperviseWish { mode, phone, by })).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(crate) async fn end(
    State(app): State<App>,
    Path(call): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    access::operator(&app.config, &headers)?;
    app.ports.supervisors.supervise(named(&call)?, None).await?;
    Ok(StatusCode::ACCEPTED)
}

fn named(call: &str) -> Result<CallId, SuperviseRefusal> {
    call.parse().map_err(|_| SuperviseRefusal::Unknown)
}

fn unread(status: StatusCode, error: String) -> Problem {
    Problem::new(
        status,
        error,
        r#"send {"mode": "listen", "whisper", "barge" or "take_over", "phone": "sip:… or user:NAME", "by": "who"} with `Content-Type: application/json`"#,
    )
}

impl From<SuperviseRefusal> for Problem {
    fn from(refusal: SuperviseRefusal) -> Self {
        match refusal {
            SuperviseRefusal::Unknown => Self::new(
                StatusCode::NOT_FOUND,
                "there is no such call",
                "GET /v1/calls lists those that run",
            ),
            SuperviseRefusal::Nobody => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "nobody supervises this call yet, and no `phone` is named",
                "name the supervisor's phone: a SIP address, or `user:NAME` of a [[sip.user]]",
            ),
            SuperviseRefusal::Address { reason } => unread(StatusCode::UNPROCESSABLE_ENTITY, reason),
            SuperviseRefusal::Another => Self::new(
                StatusCode::CONFLICT,
                "another phone supervises this call",
                "leave `phone` out to change what it does, or DELETE it first",
            ),
        }
    }
}

/// As long as a name is.
const NAME_BYTES_MAX: usize = 100;
