//! Handovers told to a system elsewhere: JSON by POST, signed, and sent again until it is taken.
//!
//! A call never waits for it: what does not fit into the queue, or is not taken in all its attempts, is counted and left out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use callwright_console::BriefingView;
use callwright_model::{CallId, Secret};
use ring::hmac;
use serde::Serialize;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::config;

/// The way to the system.
pub(crate) struct Webhook {
    queue: mpsc::Sender<String>,
    personal: bool,
}

/// One thing that happened in a handover.
#[derive(Debug, Serialize)]
pub(crate) struct Notice<'n> {
    /// `handover.started`, `.ringing`, `.briefing`, `.accepted` or `.failed`.
    pub(crate) event: &'static str,
    pub(crate) call: CallId,
    pub(crate) line: &'n str,
    /// Milliseconds since 1970.
    pub(crate) at_unix_ms: u64,
    /// Why a human is wanted.
    pub(crate) reason: Option<&'n str>,
    /// Who was found, by the name in the configuration.
    pub(crate) human: Option<&'n str>,
    /// Where the briefing can be fetched once, without a token of the operator's.
    pub(crate) briefing_path: Option<String>,
    /// The briefing itself, where the configuration allows what is personal.
    pub(crate) briefing: Option<BriefingView>,
}

impl Webhook {
    /// Starts to send. Must be called within a runtime.
    ///
    /// # Errors
    /// When the secret is not there, or no client can be made.
    pub(crate) fn start(config: &config::Webhook) -> Result<Self> {
        let secret = config.resolve().map_err(|why| anyhow!("`webhook.secret`: {why}"))?;
        let client = client(&config.url, ANSWER_MAX).context("no client for `webhook.url`")?;
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(send_all(client, config.url.clone(), secret, waiting));
        Ok(Self { queue, personal: config.personal })
    }

    /// Sends a notice, as soon as those before it are gone.
    pub(crate) fn tell(&self, mut notice: Notice<'_>) {
        if !self.personal {
            notice.briefing = None;
        }
        let body = serde_json::to_string(&notice).unwrap_or_default();
        if self.queue.try_send(body).is_err() {
            lost("full");
        }
    }
}

async fn send_all(client: reqwest::Client, url: String, secret: Secret, mut waiting: mpsc::Receiver<String>) {
    while let Some(body) = waiting.recv().await {
        if let Err(error) = deliver(&client, &url, &secret, &body).await {
            warn!(%error, "the webhook did not take a notice of a handover");
            lost("refused");
        }
    }
}

async fn deliver(client: &reqwest::Client, url: &str, secret: &Secret, body: &str) -> Result<()> {
    let mut wait = FIRST_WAIT;
    for attempt in 1.. {
        let signature = signature(secret.reveal(), unix_ms() / 1_000, body);
        let request = client
            .post(url)
            .header("Content-Type", "application/json")
            .header("Callwright-Signature", signature)
            .body(body.to_owned());
        let failure = match request.send().await {
            Ok(answer) if answer.status().is_success() => {
                metrics::counter!("callwright_webhook_total", "result" => "taken").increment(1);
                return Ok(());
            }
            // Another attempt would be told the same, unless it is for the load.
            Ok(answer)
                if answer.status().is_client_error() && !matches!(answer.status().as_u16(), 408 | 429) =>
            {
                return Err(anyhow!("it answers {}", answer.status()));
            }
            Ok(answer) => anyhow!("it answers {}", answer.status()),
            Err(error) => anyhow!(error.without_url()),
        };
        if attempt == ATTEMPTS {
            return Err(failure);
        }
        info!(error = %failure, attempt, "the webhook is tried again");
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    Ok(())
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA256 over the seconds since 1970, a dot, and the body.
fn signature(secret: &str, at_s: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at_s}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_s},v1={hex}")
}

/// For requests to one address. It follows no redirect, which would carry what we say to whom nobody named.
pub(crate) fn client(url: &str, answer_max: Duration) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(answer_max)
        .user_agent(concat!("callwright/", env!("CARGO_PKG_VERSION")));
    // Trust is read from the system where it is needed only: a machine without certificates still speaks to loopback.
    let builder =
        if url.starts_with("https:") { builder } else { builder.tls_backend_preconfigured(untrusting()?) };
    Ok(builder.build()?)
}

fn untrusting() -> Result<rustls::ClientConfig> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

fn lost(why: &'static str) {
    metrics::counter!("callwright_webhook_total", "result" => why).increment(1);
}

pub(crate) fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Some minutes of handovers on a busy gateway.
const WAITING_MAX: usize = 1_000;
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Doubles with each attempt: the last comes half a minute after the first.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const ATTEMPTS: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_time_and_body() {
        // By `printf '1795435200.{}' | openssl dgst -sha256 -hmac 'sixteen letters!'`.
        let known = "t=1795435200,v1=e15216614bc1d13c5abd03a7eb7a2192da1cf9cdfcd5855d7a169da8d7ca6420";
        assert_eq!(signature("sixteen letters!", 1_795_435_200, "{}"), known);
        assert_ne!(signature("sixteen letters!", 1_795_435_201, "{}"), known);
        assert_ne!(signature("sixteen letters?", 1_795_435_200, "{}")[13..], known[13..]);
    }
}
