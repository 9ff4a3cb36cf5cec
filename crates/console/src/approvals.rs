//! Approvals: plans that wait for somebody, with all that would be written, and the answers.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use callwright_model::{Pii, PlanId};
use serde::Deserialize;

use crate::access;
use crate::ports::{ApprovalAnswer, ApprovalRefusal, ApprovalView, Decision};
use crate::problem::Problem;
use crate::router::App;

#[derive(Deserialize)]
pub(crate) struct Whose {
    #[serde(default)]
    role: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    number: u64,
    decision: Decision,
    role: String,
    by: Pii<String>,
    #[serde(default)]
    reason: Pii<String>,
}

pub(crate) async fn list(
    State(app): State<App>,
    Query(Whose { role }): Query<Whose>,
    headers: HeaderMap,
) -> Result<Json<Vec<ApprovalView>>, Problem> {
    access::operator(&app.config, &headers)?;
    Ok(Json(app.ports.approvals.list(&role).await?))
}

pub(crate) async fn answer(
    State(app): State<App>,
    Path(plan): Path<String>,
    headers: HeaderMap,
    answer: Result<Json<Answer>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    access::operator(&app.config, &headers)?;
    let Answer { number, decision, role, by, reason } = answer
        .map(|Json(answer)| answer)
        .map_err(|rejection| unanswered(rejection.status(), rejection.body_text()))?;
    let answer = ApprovalAnswer { plan: PlanId(plan), number, decision, role, by, reason };
    app.ports.approvals.answer(answer).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn unanswered(status: StatusCode, error: String) -> Problem {
    Problem::new(
        status,
        error,
        r#"send {"number": 2, "decision": "approve" or "reject", "role": "…", "by": "who", "reason": "why"} as JSON; a no needs a reason"#,
    )
}

impl From<ApprovalRefusal> for Problem {
    fn from(refusal: ApprovalRefusal) -> Self {
        let list = "GET /v1/approvals lists what waits, with its number and its role";
        match refusal {
            ApprovalRefusal::Unknown => Self::new(StatusCode::NOT_FOUND, "there is no such plan", list),
            ApprovalRefusal::NotWaiting { reason } => Self::new(StatusCode::CONFLICT, reason, list),
            ApprovalRefusal::OtherRole { reason } => Self::new(StatusCode::FORBIDDEN, reason, list),
            ApprovalRefusal::Invalid { reason } => unanswered(StatusCode::UNPROCESSABLE_ENTITY, reason),
            ApprovalRefusal::Unavailable { reason } => {
                Self::new(StatusCode::BAD_GATEWAY, reason, "see whether the action core is running")
                    .retry_after(5)
            }
        }
    }
}
