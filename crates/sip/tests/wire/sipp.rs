//! The same scenarios that people run by hand, with sipp as the caller.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use callwright_call_core::sdp::{self, SessionDescription};
use callwright_sip::{IncomingCall, SipEndpoint, SipEvent, SipLegControl, SipLegEvent};
use tokio::process::Command;
use tokio::sync::mpsc::Receiver;

use crate::support::{answer_to, config, media, start};

/// Answers every call with what it offers; the line `ringing` rings and is never answered.
async fn answer_everything(mut calls: Receiver<SipEvent>) {
    while let Some(SipEvent::Incoming(call)) = calls.recv().await {
        tokio::spawn(answer(call));
    }
}

async fn answer(mut call: IncomingCall) {
    call.ring();
    if call.to_user == "ringing" {
        call.gone().await;
        return;
    }
    let answer = match call.offer.as_deref().map(str::parse::<SessionDescription>) {
        None => sdp::offer(&media(40_002)).to_string(),
        Some(Ok(offer)) => match sdp::answer(&offer, &media(40_002)) {
            Ok((answer, _)) => answer.to_string(),
            Err(error) => return call.reject(error.status(), None),
        },
        Some(Err(error)) => return call.reject(error.status(), None),
    };
    let mut leg = call.accept(answer);
    while let Some(event) = leg.next().await {
        match event {
            SipLegEvent::Reinvite(change) => match change.offer.clone() {
                Some(offer) => change.answer(answer_to(&offer)),
                None => change.answer(sdp::offer(&media(40_002)).to_string()),
            },
            // Whom we should call answers at once.
            SipLegEvent::Refer(wish) => wish.accept().accepted(),
            _ => {}
        }
    }
}

async fn sipp(endpoint: &SipEndpoint, scenario: &str, service: &str, transport: &str, calls: u32, rate: u32) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sip-configs/sipp").join(scenario);
    let target = endpoint.local_addresses()[0].to_string();
    let (calls, rate) = (calls.to_string(), rate.to_string());
    let output = Command::new("sipp")
        .arg("-sf")
        .arg(&path)
        .args(["-s", service, "-m", &calls, "-r", &rate, "-t", transport])
        .args(["-i", "127.0.0.1", "-nostdin", "-timeout", "60s", "-timeout_error", &target])
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap_or_else(|error| {
            panic!("`sipp` cannot be run ({error}); it is in the Debian package `sip-tester`")
        });
    assert!(
        output.status.success(),
        "{scenario} over {transport}: sipp says {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs a scenario against a fresh endpoint, and looks whether anything is left of it.
async fn check(scenario: &str, service: &str, calls: u32, rate: u32) {
    for transport in ["u1", "t1"] {
        let (endpoint, events) = start(config()).await;
        let answering = tokio::spawn(answer_everything(events));
        sipp(&endpoint, scenario, service, transport, calls, rate).await;
        assert!(endpoint.shutdown(Duration::from_secs(5)).await, "every leg has ended");
        let statistics = endpoint.statistics();
        assert_eq!((statistics.dialogs_now, statistics.calls_incoming_now), (0, 0), "{statistics:?}");
        if !["uac-options.xml", "uac-require.xml"].contains(&scenario) {
            assert_eq!(statistics.calls_offered, u64::from(calls), "{statistics:?}");
        }
        drop(endpoint);
        answering.await.expect("the answering side saw the end");
    }
}

#[tokio::test]
async fn sipp_places_fifty_calls_at_ten_a_second() {
    check("uac-basic.xml", "100", 50, 10).await;
}

#[tokio::test]
async fn sipp_gives_up_while_it_rings() {
    check("uac-cancel.xml", "ringing", 20, 20).await;
}

#[tokio::test]
async fn sipp_asks_what_we_can_do() {
    check("uac-options.xml", "100", 20, 20).await;
}

#[tokio::test]
async fn sipp_leaves_the_offer_to_us() {
    check("uac-delayed-offer.xml", "100", 20, 20).await;
}

#[tokio::test]
async fn sipp_has_no_codec_in_common() {
    check("uac-no-codec.xml", "100", 20, 20).await;
}

#[tokio::test]
async fn sipp_insists_on_reliable_ringing() {
    check("uac-prack.xml", "100", 10, 10).await;
}

#[tokio::test]
async fn sipp_holds_resumes_and_changes() {
    check("uac-hold.xml", "100", 10, 10).await;
}

#[tokio::test]
async fn sipp_has_its_session_refreshed() {
    check("uac-session-timer.xml", "100", 10, 10).await;
}

#[tokio::test]
async fn sipp_requires_what_nobody_has() {
    check("uac-require.xml", "100", 10, 10).await;
}

#[tokio::test]
async fn sipp_hands_a_call_on() {
    check("uac-refer.xml", "100", 10, 10).await;
}

#[tokio::test]
async fn sipp_sends_what_cannot_be_read() {
    let (endpoint, _calls) = start(config()).await;
    sipp(&endpoint, "uac-malformed.xml", "100", "u1", 5, 10).await;
}

/// Answers every call, and hangs up the one whose place it takes.
async fn answer_and_replace(mut calls: Receiver<SipEvent>) {
    let mut legs: Vec<SipLegControl> = Vec::new();
    while let Some(SipEvent::Incoming(call)) = calls.recv().await {
        let old =
            call.replaces.as_ref().and_then(|named| legs.iter().find(|leg| leg.is_named_by(named)).cloned());
        let answer = answer_to(call.offer.as_deref().expect("it offers"));
        let mut leg = call.accept(answer);
        legs.push(leg.control());
        tokio::spawn(async move {
            while let Some(event) = leg.next().await {
                if let (SipLegEvent::Established { .. }, Some(old)) = (event, &old) {
                    old.hangup();
                }
            }
        });
    }
}

#[tokio::test]
async fn sipp_takes_the_place_of_its_own_call() {
    for transport in ["u1", "t1"] {
        let (endpoint, events) = start(config()).await;
        let answering = tokio::spawn(answer_and_replace(events));
        sipp(&endpoint, "uac-replaces.xml", "100", transport, 5, 10).await;
        assert!(endpoint.shutdown(Duration::from_secs(5)).await, "every leg has ended");
        let statistics = endpoint.statistics();
        assert_eq!((statistics.dialogs_now, statistics.refused_replaces), (0, 5), "{statistics:?}");
        drop(endpoint);
        answering.await.expect("the answering side saw the end");
    }
}
