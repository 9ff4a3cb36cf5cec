//! Telephones in browsers: SIP over WebSocket, sound by WebRTC.

use std::sync::Arc;

use anyhow::{Context, Result};
use callwright_call_core::call::Hold;
use callwright_console::Channel;
use callwright_sip::{IncomingCall, Reinvite};
use callwright_webrtc::{BrowserDirection, BrowserLeg, BrowserOffer, BrowserSession};
use tracing::{info, warn};

use crate::gateway::board::Phone;
use crate::gateway::phone::{self, Changes};
use crate::gateway::{NewCall, Shared};
use crate::lines::LoadedLine;

/// Whether a session description wants its sound as browsers do (RFC 5764, RFC 8827).
pub(crate) fn is_web(sdp: &str) -> bool {
    let sound = sdp.lines().any(|line| line.starts_with("m=audio ") && line.contains("TLS/RTP/SAVPF"));
    // Telephones encrypt in the same way, but know no ICE.
    sound && sdp.lines().any(|line| line.starts_with("a=ice-ufrag:"))
}

/// Answers a caller whose phone is a page.
pub(crate) async fn answer(shared: Arc<Shared>, line: LoadedLine, call: IncomingCall, offer: String) {
    let answered = match shared.browser.answer(&offer).await {
        Ok(answered) => answered,
        Err(error) => {
            info!(%error, "an offer of a browser's phone that cannot be answered");
            // What HTTP calls 406 is 488 here.
            call.reject(if error.status() == 503 { 503 } else { 488 }, error.retry_after_s());
            return;
        }
    };
    let BrowserLeg { id: _, answer_sdp, io, format, closed } = answered;
    let session = match BrowserSession::new(&answer_sdp, &offer) {
        Ok(session) => session,
        Err(error) => {
            info!(%error, "an offer of a browser's phone that cannot be answered");
            call.reject(488, None);
            return;
        }
    };
    let caller = Some(call.from.clone());
    call.ring();
    let leg = call.accept(answer_sdp);
    let phone = Phone::Sip(leg.control());
    let new = NewCall { line, channel: Channel::Sip, trunk: None, caller, called: None, io, format, phone };
    match shared.begin(new) {
        Ok(begun) => {
            shared.capture.link(begun.call, leg.call_id());
            let control = leg.control();
            tokio::spawn(async move {
                // Its sound is gone, with or without a word: so is the call.
                drop(closed.await);
                control.hangup();
            });
            phone::follow_caller(shared, leg, begun, Changes::Page(session)).await;
        }
        Err(error) => {
            warn!(%error, "a call could not begin");
            leg.hangup();
        }
    }
}

/// Answers a change: hold or resume. What was agreed over ICE and DTLS stays. `None` when it is refused.
pub(crate) fn change(session: &mut BrowserSession, reinvite: Reinvite) -> Option<Hold> {
    let answered = match &reinvite.offer {
        Some(offer) => session.answer(offer),
        // Ours would have to be a new one of ICE and DTLS, too.
        None => {
            reinvite.reject(488);
            return None;
        }
    };
    match answered {
        Ok((answer, direction)) => {
            reinvite.answer(answer);
            Some(match direction {
                BrowserDirection::Both | BrowserDirection::ToBrowser => Hold::Off,
                BrowserDirection::FromBrowser => Hold::Music,
                BrowserDirection::Neither => Hold::Silent,
            })
        }
        Err(error) => {
            info!(%error, "a change of a browser's phone is refused");
            reinvite.reject(488);
            None
        }
    }
}

/// An offer for the phones of a user that are pages, if there are any.
pub(crate) async fn offer(shared: &Shared, address: &str) -> Result<Option<BrowserOffer>> {
    let Some(user) = address.strip_prefix("user:") else { return Ok(None) };
    let phones = shared.sip.phones_of(user);
    let in_browser = |contact: &callwright_sip::PhoneContact| contact.transport.is_websocket();
    if !phones.is_some_and(|phones| phones.contacts.iter().any(in_browser)) {
        return Ok(None);
    }
    shared.browser.offer().await.map(Some).context("offering sound to a phone in a browser")
}
