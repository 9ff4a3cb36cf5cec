//! Session timers (RFC 4028) and calls that are asked for more than once.

use std::time::Duration;

use callwright_call_core::sdp;
use callwright_sip::{LegEnd, OutgoingCall, SipConfig, SipLegEvent};

use crate::changes::{answer, answer_with};
use crate::expect_event;
use crate::support::{
    Peer, SDP_LINE, accept, answer_to, body, call_to, config, header, incoming, media, start, uri,
};
use crate::transfers::inside;

/// Sessions as short as seconds can be.
fn short() -> SipConfig {
    SipConfig { session_expires: Duration::from_secs(2), min_se: Duration::from_secs(1), ..config() }
}

#[tokio::test]
async fn two_of_ours_keep_a_session_alive() {
    let (here, _) = start(short()).await;
    let (there, mut calls) = start(short()).await;
    let mut out = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
    let mut leg = accept(incoming(&mut calls).await);
    expect_event!(out, SipLegEvent::Answered { .. });
    expect_event!(leg, SipLegEvent::Established { .. });
    // Longer than two sessions would live.
    let quiet = tokio::time::timeout(Duration::from_millis(4_500), async {
        tokio::select! { event = out.next() => event, event = leg.next() => event }
    });
    assert!(quiet.await.is_err(), "a refresh is no news");
    out.hangup();
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByPeer(None)));
}

#[tokio::test]
async fn a_caller_who_does_not_refresh_is_gone() {
    let (endpoint, mut calls) = start(short()).await;
    let peer = Peer::new(&endpoint).await;
    let offer = sdp::offer(&media(40_000)).to_string();
    let answering = tokio::spawn(async move { accept(incoming(&mut calls).await) });
    let more = format!("{SDP_LINE}Supported: timer\r\nSession-Expires: 1;refresher=uac\r\n");
    peer.send(peer.request("INVITE", 1, None, &more, &offer)).await;
    let ok = peer.receive_starting("SIP/2.0 200").await;
    assert_eq!(header(&ok, "Session-Expires"), Some("1;refresher=uac"));
    assert_eq!(header(&ok, "Require"), Some("timer"));
    let tag = crate::support::to_tag(&ok);
    peer.send(peer.request("ACK", 1, Some(&tag), "", "")).await;
    let mut leg = answering.await.expect("it is answered");
    expect_event!(leg, SipLegEvent::Established { .. });
    // One refresh, and then no more.
    peer.send(peer.request(
        "UPDATE",
        2,
        Some(&tag),
        "Supported: timer\r\nSession-Expires: 1;refresher=uac\r\n",
        "",
    ))
    .await;
    let ok = peer.receive_starting("SIP/2.0 200").await;
    assert_eq!(header(&ok, "Session-Expires"), Some("1;refresher=uac"));
    let bye = peer.receive_starting("BYE").await;
    assert!(header(&bye, "Reason").is_some_and(|reason| reason.starts_with("Q.850;cause=102")), "{bye}");
    peer.send(answer(&bye, "200 OK", "")).await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::Expired));
}

#[tokio::test]
async fn we_refresh_as_the_other_end_can_take_it() {
    for (allow, method) in [("Allow: INVITE, UPDATE\r\n", "UPDATE"), ("Allow: INVITE, BYE\r\n", "INVITE")] {
        let (endpoint, _calls) = start(short()).await;
        let peer = Peer::new(&endpoint).await;
        let mut leg =
            endpoint.invite(call_to(format!("sip:bob@{}", peer.address()))).await.expect("it goes out");
        let invite = peer.receive_starting("INVITE").await;
        assert_eq!(header(&invite, "Session-Expires"), Some("2"));
        assert_eq!(header(&invite, "Min-SE"), Some("1"));
        let their_answer = answer_to(body(&invite));
        let more = format!("{allow}Session-Expires: 2;refresher=uac\r\n");
        peer.send(answer_with(&invite, "200 OK", &more, &their_answer)).await;
        peer.receive_starting("ACK").await;
        expect_event!(leg, SipLegEvent::Answered { .. });
        let refresh = peer.receive_starting(method).await;
        assert_eq!(header(&refresh, "Session-Expires"), Some("2;refresher=uac"));
        // A refresh by INVITE proposes what holds already, to the letter.
        assert_eq!(body(&refresh), if method == "INVITE" { body(&invite) } else { "" });
        // Too short for somebody on the way: it is asked for longer.
        peer.send(answer_with(&refresh, "422 Session Interval Too Small", "Min-SE: 3\r\n", "")).await;
        if method == "INVITE" {
            peer.receive_starting("ACK").await;
        }
        let refresh = peer.receive_starting(method).await;
        assert_eq!(header(&refresh, "Session-Expires"), Some("3;refresher=uac"));
        // Meanwhile the other end has forgotten the call.
        peer.send(answer(&refresh, "481 Call Does Not Exist", "")).await;
        if method == "INVITE" {
            peer.receive_starting("ACK").await;
        }
        let bye = peer.receive_starting("BYE").await;
        peer.send(answer(&bye, "481 Call Does Not Exist", "")).await;
        expect_event!(leg, SipLegEvent::Ended(LegEnd::Expired));
    }
}

#[tokio::test]
async fn too_short_a_session_is_refused_by_either_side() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let offer = sdp::offer(&media(40_000)).to_string();
    let more = format!("{SDP_LINE}Supported: timer\r\nSession-Expires: 60\r\n");
    peer.send(peer.request("INVITE", 1, None, &more, &offer)).await;
    let refusal = peer.receive_starting("SIP/2.0 422").await;
    assert_eq!(header(&refusal, "Min-SE"), Some("90"));
    let tag = crate::support::to_tag(&refusal);
    peer.send(peer.request("ACK", 1, Some(&tag), "", "").replace("1-ACK", "1-INVITE")).await;
    assert!(calls.try_recv().is_err());
    // And ours, by the other end: once more with what it wants, in the same call.
    let mut leg = endpoint.invite(call_to(format!("sip:bob@{}", peer.address()))).await.expect("it goes out");
    let first = peer.receive_starting("INVITE").await;
    peer.send(answer_with(&first, "422 Session Interval Too Small", "Min-SE: 3600\r\n", "")).await;
    peer.receive_starting("ACK").await;
    let second = peer.receive_starting("INVITE").await;
    assert_eq!(header(&second, "Session-Expires"), Some("3600"));
    assert_eq!(header(&second, "Min-SE"), Some("3600"));
    assert_eq!(header(&second, "Call-ID"), header(&first, "Call-ID"));
    let number = |invite| header(invite, "CSeq").and_then(|cseq| cseq.split(' ').next()?.parse::<u32>().ok());
    assert!(number(&second) > number(&first));
    // Who wants the same again gets it no more.
    peer.send(answer_with(&second, "422 Session Interval Too Small", "Min-SE: 3600\r\n", "")).await;
    peer.receive_starting("ACK").await;
    expect_event!(leg, SipLegEvent::Refused { status: 422, .. });
}

#[tokio::test]
async fn a_redirection_is_followed_to_the_end_and_not_in_circles() {
    let (endpoint, _calls) = start(config()).await;
    let first = Peer::new(&endpoint).await;
    let second = Peer::new(&endpoint).await;
    let third = Peer::new(&endpoint).await;
    let call = || call_to(format!("sip:bob@{}", first.address()));
    let moved = |invite: &str, contacts: String| {
        answer_with(invite, "302 Moved Temporarily", &format!("Contact: {contacts}\r\n"), "")
    };
    let mut leg = endpoint.invite(call()).await.expect("it goes out");
    let invite = first.receive_starting("INVITE").await;
    let contacts = format!(
        "<sip:no@{}>;q=0.1, <tel:+15550100>;q=0.9, \"B, C\" <sip:yes@{}>;q=0.7",
        third.address(),
        second.address()
    );
    first.send(moved(&invite, contacts)).await;
    first.receive_starting("ACK").await;
    let invite = second.receive_starting("INVITE sip:yes@").await;
    // It sends back to the first one: nobody is asked twice, so the one of little weight is next.
    second.send(moved(&invite, format!("<sip:bob@{}>", first.address()))).await;
    second.receive_starting("ACK").await;
    let invite = third.receive_starting("INVITE sip:no@").await;
    third.send(answer(&invite, "200 OK", &answer_to(body(&invite)))).await;
    third.receive_starting("ACK").await;
    expect_event!(leg, SipLegEvent::Answered { .. });
    leg.hangup();
    let bye = third.receive_starting("BYE").await;
    third.send(answer(&bye, "200 OK", "")).await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
    drop(leg);

    // Who does not want to be sent elsewhere is told.
    let mut leg = endpoint.invite(OutgoingCall { redirects_max: 0, ..call() }).await.expect("it goes out");
    let invite = first.receive_starting("INVITE").await;
    first.send(moved(&invite, format!("<sip:yes@{}>", second.address()))).await;
    expect_event!(leg, SipLegEvent::Refused { status: 302, .. });
    drop(leg);
    assert!(endpoint.shutdown(Duration::from_secs(5)).await, "nothing is left");
    assert_eq!(endpoint.statistics().dialogs_now, 0);
}

#[tokio::test]
async fn what_the_other_end_changes_keeps_the_session_alive() {
    let (endpoint, peer, mut leg, invite) = crate::transfers::call_to_peer(short()).await;
    let offer = sdp::offer(&media(40_000)).to_string();
    let more = format!("{SDP_LINE}Supported: timer\r\nSession-Expires: 60;refresher=uac\r\n");
    peer.send(inside(&peer, &invite, "INVITE", 1, &more, &offer)).await;
    expect_event!(leg, SipLegEvent::Reinvite(change) => change).answer(answer_to(&offer));
    let ok = peer.receive_starting("SIP/2.0 200").await;
    assert_eq!(header(&ok, "Session-Expires"), Some("2;refresher=uac"));
    peer.send(inside(&peer, &invite, "ACK", 1, "", "")).await;
    // They refresh from now on; when they do not, it is over.
    let bye = peer.receive_starting("BYE").await;
    peer.send(answer(&bye, "200 OK", "")).await;
    loop {
        match crate::support::next(&mut leg).await {
            SipLegEvent::Ended(end) => break assert_eq!(end, LegEnd::Expired),
            SipLegEvent::Established { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    drop((leg, endpoint));
}
