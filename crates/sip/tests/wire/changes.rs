//! A session changes while it runs, by either side.

use callwright_call_core::sdp::{self, Direction};
use callwright_sip::{LegEnd, Reason, SipLeg, SipLegEvent};

use crate::expect_event;
use crate::support::{
    Peer, SDP_LINE, accept, answer_to, body, call_to, config, header, incoming, media, next, start, uri,
};

fn held() -> String {
    let mut held = media(40_002);
    held.direction = Direction::SendOnly;
    sdp::offer(&held).to_string()
}

fn offer() -> String {
    sdp::offer(&media(40_000)).to_string()
}

/// A call from a peer that says exactly what it is told; and the tag of our end.
async fn call_from_peer() -> (callwright_sip::SipEndpoint, Peer, SipLeg, String) {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let answering = tokio::spawn(async move { accept(incoming(&mut calls).await) });
    let (tag, _) = peer.call(&offer(), "").await;
    let mut leg = answering.await.expect("it is answered");
    expect_event!(leg, SipLegEvent::Established { sdp: None });
    (endpoint, peer, leg, tag)
}

#[tokio::test]
async fn either_side_holds_and_the_other_agrees() {
    for caller_holds in [true, false] {
        let (here, _) = start(config()).await;
        let (there, mut calls) = start(config()).await;
        let mut out = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
        let mut leg = accept(incoming(&mut calls).await);
        expect_event!(out, SipLegEvent::Answered { .. });
        expect_event!(leg, SipLegEvent::Established { .. });
        let (mut holding, mut kept) = if caller_holds { (out, leg) } else { (leg, out) };
        holding.control().reinvite(held()).expect("it is free");
        let change = expect_event!(kept, SipLegEvent::Reinvite(change) => change);
        assert_eq!(change.offer, Some(held()));
        let answer = answer_to(&held());
        assert!(answer.contains("a=recvonly"), "{answer}");
        change.answer(answer.clone());
        let agreed = expect_event!(holding, SipLegEvent::Reinvited { sdp: Some(sdp) } => sdp);
        assert_eq!(agreed, answer);
        // A change that is refused leaves the call as it is.
        holding.control().reinvite(offer()).expect("it is free");
        // Confirmation of the first change: there was no offer of ours in it.
        let change = loop {
            match next(&mut kept).await {
                SipLegEvent::Reinvite(change) => break change,
                SipLegEvent::Established { sdp: None } => {}
                other => panic!("{other:?}"),
            }
        };
        change.reject(488);
        expect_event!(holding, SipLegEvent::ReinviteRefused { status: 488 });
        holding.control().hangup_because(Reason::q850(16, "done"));
        let reason = expect_event!(kept, SipLegEvent::Ended(LegEnd::ByPeer(reason)) => reason);
        assert_eq!(reason, Some(Reason::q850(16, "done")));
    }
}

#[tokio::test]
async fn two_who_ask_at_once_wait_and_one_asks_again() {
    let (_endpoint, peer, mut leg, tag) = call_from_peer().await;
    leg.control().reinvite(held()).expect("it is free");
    let asked = peer.receive_starting("INVITE").await;
    // Theirs comes while ours is asked.
    peer.send(peer.request("INVITE", 2, Some(&tag), SDP_LINE, &offer())).await;
    peer.receive_starting("SIP/2.0 491").await;
    peer.send(peer.request("ACK", 2, Some(&tag), "", "").replace("2-ACK", "2-INVITE")).await;
    // And so they refuse ours.
    peer.send(answer(&asked, "491 Request Pending", "")).await;
    peer.receive_starting("ACK").await;
    // In our pause theirs is heard.
    peer.send(peer.request("INVITE", 3, Some(&tag), SDP_LINE, &offer())).await;
    let change = expect_event!(leg, SipLegEvent::Reinvite(change) => change);
    change.answer(answer_to(&offer()));
    peer.receive_starting("SIP/2.0 200").await;
    peer.send(peer.request("ACK", 3, Some(&tag), "", "")).await;
    // Then ours again.
    let again = peer.receive_starting("INVITE").await;
    assert_ne!(header(&again, "CSeq"), header(&asked, "CSeq"));
    assert_eq!(body(&again), held());
    peer.send(answer(&again, "200 OK", &answer_to(&held()))).await;
    peer.receive_starting("ACK").await;
    expect_event!(leg, SipLegEvent::Reinvited { sdp: Some(_) });
}

#[tokio::test]
async fn an_end_that_does_not_know_the_call_is_left() {
    let (endpoint, peer, mut leg, _) = call_from_peer().await;
    leg.control().reinvite(held()).expect("it is free");
    let asked = peer.receive_starting("INVITE").await;
    peer.send(answer(&asked, "481 Call Does Not Exist", "")).await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::Failed(_)));
    peer.receive_starting("ACK").await;
    let bye = peer.receive_starting("BYE").await;
    peer.send(answer(&bye, "481 Call Does Not Exist", "")).await;
    drop(leg);
    assert!(endpoint.shutdown(std::time::Duration::from_secs(5)).await, "nothing is left");
}

/// An answer to a request of ours, from an end whose tag is `theirs`.
pub fn answer(request: &str, status: &str, body: &str) -> String {
    answer_with(request, status, "", body)
}

/// The same with more header lines.
pub fn answer_with(request: &str, status: &str, more: &str, body: &str) -> String {
    let copied = request.lines().filter(|line| {
        ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name))
    });
    let tagged = |line: &str| {
        let tag = if line.starts_with("To:") && !line.contains(";tag=") { ";tag=theirs" } else { "" };
        format!("{line}{tag}\r\n")
    };
    let headers = copied.map(tagged).collect::<String>();
    let kind = if body.is_empty() { "" } else { SDP_LINE };
    // Where the request went, further ones shall go too, unless something else is said.
    let to = request.lines().next().and_then(|line| line.split(' ').nth(1)).expect("a request line");
    let contact = if more.contains("Contact:") { String::new() } else { format!("Contact: <{to}>\r\n") };
    format!("SIP/2.0 {status}\r\n{headers}{more}{contact}{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}
