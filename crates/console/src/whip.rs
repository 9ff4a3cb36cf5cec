//! WHIP-shaped signalling: an offer is posted, the answer comes back, deleting the session hangs up.

use axum::extract::rejection::StringRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use callwright_model::Pii;
use metrics::counter;
use serde::Deserialize;

use crate::ports::{Readiness, WhipOffer};
use crate::problem::Problem;
use crate::router::App;

#[derive(Deserialize)]
pub(crate) struct Line {
    line: Option<String>,
}

pub(crate) async fn offer(
    State(app): State<App>,
    Query(Line { line }): Query<Line>,
    headers: HeaderMap,
    body: Result<String, StringRejection>,
) -> Result<Response, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/sdp")) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body is not declared as SDP",
            "send the offer with `Content-Type: application/sdp`",
        ));
    }
    let sdp = body.map_err(|rejection| {
        let help = format!(
            "an offer is UTF-8 text of at most {} bytes, as RTCPeerConnection makes it",
            app.config.body_bytes_max
        );
        Problem::new(rejection.status(), rejection.body_text(), help)
    })?;
    match app.ports.snapshots.readiness() {
        Readiness::Ready | Readiness::Impaired { .. } => {}
        Readiness::NotReady { reason } => {
            return Err(
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason, "try again shortly").retry_after(5)
            );
        }
        Readiness::Draining => {
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "no new calls are taken: the gateway is shutting down",
                "try again shortly; another gateway may answer",
            )
            .retry_after(30));
        }
    }
    let line = line.filter(|line| !line.is_empty());
    let answered = app.ports.whip.offer(WhipOffer { sdp: Pii::new(sdp), line }).await;
    let outcome = if answered.is_ok() { "answered" } else { "refused" };
    counter!("callwright_console_offers_total", "outcome" => outcome).increment(1);
    let answer = answered?;
    let headers = [
        (header::CONTENT_TYPE, "application/sdp".to_owned()),
        (header::LOCATION, format!("/whip/{}", answer.session)),
        (header::HeaderName::from_static("callwright-call"), answer.call.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, answer.sdp).into_response())
}

pub(crate) async fn hang_up(
    State(app): State<App>,
    Path(session): Path<String>,
) -> Result<StatusCode, Problem> {
    if app.ports.whip.hang_up(&session).await {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(
            StatusCode::NOT_FOUND,
            "there is no such session, or it is over already",
            "use the Location of the answer, once",
        ))
    }
}
