//! Journeys: what is kept of a person, for the person, and erasing it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use crate::access;
use crate::ports::{ErasedView, JourneyRefusal};
use crate::problem::Problem;
use crate::router::App;

pub(crate) async fn export(
    State(app): State<App>,
    Path(journey): Path<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    access::operator(&app.config, &headers)?;
    let lines = app.ports.journeys.export(&journey).await?;
    let kind = [(header::CONTENT_TYPE, "application/jsonl"), (header::CACHE_CONTROL, "no-store")];
    Ok((kind, lines.into_inner()))
}

pub(crate) async fn erase(
    State(app): State<App>,
    Path(journey): Path<String>,
    headers: HeaderMap,
) -> Result<Json<ErasedView>, Problem> {
    access::operator(&app.config, &headers)?;
    Ok(Json(app.ports.journeys.erase(&journey).await?))
}

impl From<JourneyRefusal> for Problem {
    fn from(refusal: JourneyRefusal) -> Self {
        let help = "`callwright journey export` prints the name of a person's journey in its first line";
        match refusal {
            JourneyRefusal::Unknown => Self::new(StatusCode::NOT_FOUND, "nothing is kept of them", help),
            JourneyRefusal::Invalid { reason } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, reason, help),
            JourneyRefusal::Unavailable { reason } => {
                Self::new(StatusCode::BAD_GATEWAY, reason, "see whether the action core is running")
                    .retry_after(5)
            }
        }
    }
}
