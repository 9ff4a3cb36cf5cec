//! Who may see what.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config::ConsoleConfig;
use crate::problem::Problem;

/// Headers of ours that a page of another origin may read.
const EXPOSED: HeaderValue = HeaderValue::from_static("Location, Callwright-Call, Retry-After");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static("Content-Type, Last-Event-ID");

/// Lets the operator through: by the token, or without one from a loopback address to a loopback listener.
///
/// The address is the one that the client typed, for a page on the internet can have a name of its own resolve to loopback
/// and a proxy on this machine connects from loopback for anybody; neither can make `Host` and `Origin` say so.
pub(crate) fn operator(config: &ConsoleConfig, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(token) = &config.operator_token else {
        let of_loopback = config.bind.ip().is_loopback()
            && header_text(headers, header::HOST).is_some_and(is_loopback_authority)
            && headers.get(header::ORIGIN).is_none_or(|origin| {
                let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
                authority.is_some_and(|(_, authority)| is_loopback_authority(authority))
            });
        return if of_loopback {
            Ok(())
        } else {
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "without an operator token, calls of others are shown on loopback only",
                "open http://127.0.0.1 on the machine itself, or set `web.operator_token` and send it as a bearer token",
            ))
        };
    };
    let given = header_text(headers, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    if given.is_some_and(|given| same(given.as_bytes(), token.reveal().as_bytes())) {
        Ok(())
    } else {
        Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "this is for the operator",
            "send `Authorization: Bearer` with the operator token, or follow one call with ?call=",
        ))
    }
}

/// Answers preflights, and lets pages of allowed origins read the answers.
pub(crate) async fn cross_origin(
    State(config): State<Arc<ConsoleConfig>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = origin.filter(|origin| {
        config.cors_origins.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
    });
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        if preflight {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
    }
    response
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// `localhost`, `127.0.0.1`, `[::1]`, with or without a port.
fn is_loopback_authority(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Compares without telling by its duration how much was right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use callwright_model::Pii;

    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("a header value"))).collect()
    }

    #[test]
    fn without_a_token_only_loopback_sees_every_call() {
        let config = ConsoleConfig::default();
        let cases = [
            (&[(header::HOST, "127.0.0.1:8080")][..], true),
            (&[(header::HOST, "localhost")], true),
            (&[(header::HOST, "[::1]:8080")], true),
            (&[(header::HOST, "127.0.0.1:8080"), (header::ORIGIN, "http://127.0.0.1:8080")], true),
            (&[(header::HOST, "127.0.0.1:8080"), (header::ORIGIN, "https://elsewhere.example")], false),
            (&[(header::HOST, "rebound.example:8080")], false),
            (&[(header::HOST, "127.0.0.1.example")], false),
            (&[], false),
        ];
        for (pairs, allowed) in cases {
            assert_eq!(operator(&config, &headers(pairs)).is_ok(), allowed, "{pairs:?}");
        }
        let open = ConsoleConfig { bind: ([0, 0, 0, 0], 8_080).into(), ..config };
        assert!(operator(&open, &headers(&[(header::HOST, "127.0.0.1:8080")])).is_err());
    }

    #[test]
    fn a_token_is_needed_where_there_is_one() {
        let config = ConsoleConfig {
            operator_token: Some(Pii::new("correct horse".to_owned())),
            ..ConsoleConfig::default()
        };
        for (given, allowed) in
            [("Bearer correct horse", true), ("Bearer correct hors", false), ("correct horse", false)]
        {
            let headers = headers(&[(header::AUTHORIZATION, given), (header::HOST, "gateway.example")]);
            assert_eq!(operator(&config, &headers).is_ok(), allowed, "{given}");
        }
        assert!(operator(&config, &headers(&[(header::HOST, "127.0.0.1")])).is_err());
    }
}
