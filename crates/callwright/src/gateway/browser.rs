//! Callers who click.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use callwright_console::{Channel, WhipAnswer, WhipHandler, WhipOffer, WhipRefusal};
use callwright_conversation::Fact;
use callwright_webrtc::{BrowserLeg, SessionId};
use tracing::warn;

use crate::gateway::board::Phone;
use crate::gateway::{NewCall, Shared};

/// Answers browsers on behalf of the console.
pub(crate) struct Desk(pub(crate) Arc<Shared>);

#[async_trait]
impl WhipHandler for Desk {
    async fn offer(&self, offer: WhipOffer) -> Result<WhipAnswer, WhipRefusal> {
        let shared = &self.0;
        let line = match &offer.line {
            Some(name) => shared.lines.named(name).ok_or_else(|| no_line(shared, name))?,
            None => shared.lines.lines.first().ok_or_else(|| no_line(shared, ""))?,
        };
        if shared.overloaded.load(Ordering::Acquire) {
            return Err(WhipRefusal {
                status: 503,
                error: "the gateway is overloaded".to_owned(),
                help: "running calls come first; try again shortly".to_owned(),
                retry_after_s: u32::try_from(shared.config.sip.retry_after.as_secs()).ok(),
            });
        }
        let answered = shared.browser.answer(offer.sdp.reveal()).await.map_err(|error| WhipRefusal {
            status: error.status(),
            help: error.help().to_owned(),
            retry_after_s: error.retry_after_s(),
            error: error.to_string(),
        })?;
        let BrowserLeg { id, answer_sdp, io, format, closed } = answered;
        let begun = shared
            .begin(NewCall {
                line: line.clone(),
                channel: Channel::Browser,
                trunk: None,
                caller: None,
                called: None,
                io,
                format,
                phone: Phone::Browser(id.clone()),
            })
            .map_err(|error| {
                warn!(%error, "a browser call could not begin");
                WhipRefusal {
                    status: 503,
                    error: "the call could not begin".to_owned(),
                    help: "try again shortly; the gateway's log says why".to_owned(),
                    retry_after_s: Some(5),
                }
            })?;
        let facts = begun.facts;
        tokio::spawn(async move {
            // An error means that the session went away without a word: over either way.
            drop(closed.await);
            drop(facts.send(Fact::CallerGone).await);
        });
        Ok(WhipAnswer { session: id.to_string(), call: begun.call, sdp: answer_sdp })
    }

    async fn hang_up(&self, session: &str) -> bool {
        self.0.browser.close(&SessionId::from(session))
    }
}

fn no_line(shared: &Shared, name: &str) -> WhipRefusal {
    let names: Vec<&str> = shared.lines.lines.iter().map(|line| line.line.name.as_str()).collect();
    WhipRefusal {
        status: 404,
        error: format!("there is no line `{name}`"),
        help: format!("lines here: {}", names.join(", ")),
        retry_after_s: None,
    }
}
