//! One HTTP client's settings for everything that speaks HTTP to systems.

use std::time::Duration;

use callwright_model::Secret;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::config::Web;

/// A client for a system at this address. It follows no redirect, which would carry our secrets to whom nobody named.
pub(crate) fn client(web: &Web) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_MAX)
        .user_agent(concat!("callwright/", env!("CARGO_PKG_VERSION")));
    // Trust is read from the system where it is needed only: a machine without certificates still speaks to loopback.
    let builder = if web.url.starts_with("https:") {
        builder
    } else {
        builder.tls_backend_preconfigured(untrusting()?)
    };
    builder.build().map_err(|error| format!("no client for `{}`: {error}", web.url))
}

/// Headers that let us in, marked so that no log of a library shows them.
pub(crate) fn headers(web: &Web) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, secret) in &web.headers {
        let known: HeaderName = name.parse().map_err(|_| format!("`{name}` is no name of a header"))?;
        headers.insert(known, value(name, secret)?);
    }
    Ok(headers)
}

pub(crate) fn value(name: &str, secret: &Secret) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(secret.reveal()).map_err(|_| {
        format!("the secret for `{name}` holds what no header can: a line break, or a control character")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn untrusting() -> Result<rustls::ClientConfig, String> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

/// Whether an error says that nobody was reached: then nothing was sent.
pub(crate) fn never_reached(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A system that does not take a connection by then is down; callers wait meanwhile.
const CONNECT_MAX: Duration = Duration::from_secs(2);
