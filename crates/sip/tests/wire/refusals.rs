//! Who hears no, and how.

use std::time::Duration;

use callwright_call_core::sdp::{self, SessionDescription};
use callwright_model::Codec;
use callwright_sip::{LegEnd, Network, SipConfig, SipError, SipLegEvent, WhenFull};

use crate::expect_event;
use crate::support::{Peer, SDP_LINE, accept, call_to, config, header, incoming, media, start, uri};

#[tokio::test]
async fn a_refusal_carries_its_status() {
    for transport in ["udp", "tcp"] {
        let (here, _) = start(config()).await;
        let (there, mut calls) = start(config()).await;
        for status in [486, 404, 603] {
            let mut out = here.invite(call_to(uri(&there, "100", transport))).await.expect("it goes out");
            incoming(&mut calls).await.reject(status, None);
            let heard = expect_event!(out, SipLegEvent::Refused { status, .. } => status);
            assert_eq!(heard, status);
        }
        assert!(there.shutdown(Duration::from_secs(5)).await);
        assert_eq!(there.statistics().dialogs_now, 0);
    }
}

#[tokio::test]
async fn a_call_let_go_of_without_a_verdict_is_refused() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let mut out = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
    drop(incoming(&mut calls).await);
    expect_event!(out, SipLegEvent::Refused { status: 480, .. });
}

#[tokio::test]
async fn no_codec_in_common_is_488() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let mut call = call_to(uri(&there, "100", "udp"));
    let mut opus_only = media(40_000);
    opus_only.codecs = vec![Codec::Opus];
    call.offer = sdp::offer(&opus_only).to_string();
    let mut out = here.invite(call).await.expect("it goes out");
    let call = incoming(&mut calls).await;
    let offer: SessionDescription = call.offer.as_deref().expect("an offer").parse().expect("it reads");
    let error = sdp::answer(&offer, &media(40_002)).expect_err("nothing in common");
    call.reject(error.status(), None);
    expect_event!(out, SipLegEvent::Refused { status: 488, .. });
}

#[tokio::test]
async fn above_the_limit_callers_are_told_to_come_back() {
    for (when_full, expected) in [(WhenFull::Busy, 486), (WhenFull::Unavailable, 503)] {
        let (here, _) = start(config()).await;
        let (there, mut calls) = start(SipConfig { calls_max: 1, when_full, ..config() }).await;
        let mut first = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
        let mut leg = accept(incoming(&mut calls).await);
        expect_event!(first, SipLegEvent::Answered { .. });
        expect_event!(leg, SipLegEvent::Established { .. });
        let mut second = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
        let status = expect_event!(second, SipLegEvent::Refused { status, .. } => status);
        assert_eq!(status, expected);
        first.hangup();
        expect_event!(leg, SipLegEvent::Ended(LegEnd::ByPeer(None)));
        // The place is free as soon as the leg has ended.
        let mut third = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
        let _leg = accept(incoming(&mut calls).await);
        expect_event!(third, SipLegEvent::Answered { .. });
        assert_eq!(there.statistics().refused_full, 1);
    }
}

#[tokio::test]
async fn an_overloaded_gateway_takes_no_new_calls() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    there.set_overloaded(true);
    let mut out = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
    expect_event!(out, SipLegEvent::Refused { status: 503, .. });
    there.set_overloaded(false);
    let mut out = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
    let _leg = accept(incoming(&mut calls).await);
    expect_event!(out, SipLegEvent::Answered { .. });
}

#[tokio::test]
async fn a_draining_gateway_keeps_its_calls_and_takes_no_new_ones() {
    let (there, mut calls) = start(config()).await;
    let peer = Peer::new(&there).await;
    let offer = sdp::offer(&media(40_000)).to_string();
    let (here, _) = start(config()).await;
    let mut talking = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
    let mut leg = accept(incoming(&mut calls).await);
    expect_event!(talking, SipLegEvent::Answered { .. });
    expect_event!(leg, SipLegEvent::Established { .. });
    there.drain();
    for request in
        [peer.request("INVITE", 1, None, SDP_LINE, &offer), peer.request("OPTIONS", 1, None, "", "")]
    {
        peer.send(request).await;
        let refusal = peer.receive_starting("SIP/2.0 503").await;
        assert_eq!(header(&refusal, "Retry-After"), Some("10"));
        assert!(header(&refusal, "To").is_some_and(|to| to.contains(";tag=")));
    }
    assert_eq!(there.statistics().refused_draining, 1);
    talking.hangup();
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByPeer(None)));
}

#[tokio::test]
async fn a_source_that_may_not_call_hears_603() {
    let elsewhere: Network = "10.0.0.0/8".parse().expect("a network");
    for transport in ["udp", "tcp"] {
        let (here, mut here_calls) = start(config()).await;
        let (there, _) = start(SipConfig { allowed_sources: vec![elsewhere], ..config() }).await;
        let mut out = here.invite(call_to(uri(&there, "100", transport))).await.expect("it goes out");
        expect_event!(out, SipLegEvent::Refused { status: 603, .. });
        assert_eq!(there.statistics().refused_source, 1);
        assert_eq!(there.statistics().calls_offered, 0);
        // It may call out, and who it has called may hang up.
        let mut out = there.invite(call_to(uri(&here, "100", transport))).await.expect("it goes out");
        let mut leg = accept(incoming(&mut here_calls).await);
        expect_event!(out, SipLegEvent::Answered { .. });
        expect_event!(leg, SipLegEvent::Established { .. });
        leg.hangup();
        expect_event!(out, SipLegEvent::Ended(LegEnd::ByPeer(None)));
    }
}

#[tokio::test]
async fn calls_that_cannot_be_tried_are_an_error_at_once() {
    let (here, _) = start(config()).await;
    for junk in [
        "",
        "sip:",
        "tel:+15550100",
        "sips:a@127.0.0.1;transport=udp",
        "sip:a@127.0.0.1;transport=sctp",
        "sip:a\r\n@b",
        "sip:a b@c",
    ] {
        let error = here.invite(call_to(junk.to_owned())).await.expect_err(junk);
        assert!(matches!(error, SipError::BadUri(_)), "{junk:?}: {error}");
    }
    let error = here.invite(call_to("sip:a@no-such-host.invalid".to_owned())).await.expect_err("no host");
    assert!(matches!(error, SipError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn nobody_at_the_other_end_is_a_refusal_or_a_failure() {
    // UDP: no answer at all, reported by the library as 408 after 64 times T1.
    let (here, _) = start(SipConfig { t1: Duration::from_millis(5), ..config() }).await;
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let address = silent.local_addr().expect("it is bound");
    let mut out = here.invite(call_to(format!("sip:a@{address}"))).await.expect("it goes out");
    expect_event!(out, SipLegEvent::Refused { status: 408, .. });
    // TCP: nobody listens.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound");
    drop(taken);
    for to in [format!("sip:a@{address};transport=tcp"), format!("sips:a@{address}")] {
        let error = here.invite(call_to(to)).await.expect_err("nobody listens");
        assert!(matches!(error, SipError::NoConnection { .. }), "{error}");
    }
    // Hanging up on somebody who never answers does not take for ever.
    let address = silent.local_addr().expect("it is bound");
    let (slow, _) = start(config()).await;
    let mut out = slow.invite(call_to(format!("sip:a@{address}"))).await.expect("it goes out");
    out.hangup();
    expect_event!(out, SipLegEvent::Ended(LegEnd::ByUs));
}
