//! Packets of a call, for telecom engineers.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use crate::access;
use crate::problem::Problem;
use crate::router::App;

pub(crate) async fn pcap(
    State(app): State<App>,
    Path(call): Path<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    access::operator(&app.config, &headers)?;
    let unknown = || {
        let help = "`capture.legs` says of how many legs packets are kept, since the gateway started";
        Problem::new(StatusCode::NOT_FOUND, "nothing is kept of this call", help)
    };
    let file = app.ports.snapshots.capture(&call).ok_or_else(unknown)?;
    let kind = [(header::CONTENT_TYPE, "application/vnd.tcpdump.pcap"), (header::CACHE_CONTROL, "no-store")];
    Ok((kind, file.into_inner()))
}
