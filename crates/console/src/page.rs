//! The pages and the element, inside the binary.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// What the page may do: nothing but its own script and style, connections to this console, and the microphone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The element with its style inside: an embedding page loads one file.
static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let style = serde_json::to_string(include_str!("../page/callwright.css")).unwrap_or_default();
    include_str!("../page/callwright.js").replacen("\"CALLWRIGHT_CSS\"", &style, 1)
});

pub(crate) async fn index() -> Response {
    document(include_str!("../page/index.html"))
}

/// Approvals and stories of plans. It is anybody's to load and tells nothing without the operator's token.
pub(crate) async fn desk() -> Response {
    document(include_str!("../page/desk.html"))
}

fn document(body: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}

pub(crate) async fn css() -> Response {
    asset("text/css; charset=utf-8", include_str!("../page/console.css"))
}

pub(crate) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", &SCRIPT)
}

pub(crate) async fn desk_css() -> Response {
    asset("text/css; charset=utf-8", include_str!("../page/desk.css"))
}

pub(crate) async fn desk_script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("../page/desk.js"))
}

fn asset(kind: &'static str, body: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}
