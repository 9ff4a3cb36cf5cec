//! The page and its element, inside the binary.

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
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, include_str!("../page/index.html")).into_response()
}

pub(crate) async fn css() -> Response {
    asset("text/css; charset=utf-8", include_str!("../page/console.css"))
}

pub(crate) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", &SCRIPT)
}

fn asset(kind: &'static str, body: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}
