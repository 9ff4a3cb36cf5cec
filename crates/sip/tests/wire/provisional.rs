//! Reliable provisional answers (RFC 3262), and changes before the answer (RFC 3311).

use std::time::Duration;

use callwright_call_core::sdp;
use callwright_sip::{LegEnd, SipConfig, SipLegEvent};

use crate::changes::{answer, answer_with};
use crate::expect_event;
use crate::support::{
    Peer, SDP_LINE, answer_to, body, call_to, config, header, incoming, media, start, to_tag, uri, within,
};
use crate::transfers::inside;

fn offer() -> String {
    sdp::offer(&media(40_000)).to_string()
}

fn ack_of_refusal(peer: &Peer, answer: &str) -> String {
    peer.request("ACK", 1, Some(&to_tag(answer)), "", "").replace("1-ACK", "1-INVITE")
}

#[tokio::test]
async fn two_of_ours_ring_reliably_and_the_answer_waits_for_it() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let mut out = here.invite(call_to(uri(&there, "100", "udp"))).await.expect("it goes out");
    let call = incoming(&mut calls).await;
    let answer = answer_to(call.offer.as_deref().expect("an offer"));
    call.ring();
    call.ring_with_sound(answer.clone());
    let mut leg = call.accept(answer.clone());
    expect_event!(out, SipLegEvent::Ringing { sdp: None });
    expect_event!(out, SipLegEvent::Ringing { sdp: Some(_) });
    expect_event!(out, SipLegEvent::Answered { sdp: Some(_) });
    expect_event!(leg, SipLegEvent::Established { .. });
}

#[tokio::test]
async fn an_answer_is_repeated_until_it_is_acknowledged() {
    let (endpoint, mut calls) = start(SipConfig { t1: Duration::from_millis(20), ..config() }).await;
    let peer = Peer::new(&endpoint).await;
    peer.send(peer.request("INVITE", 1, None, &format!("Require: 100rel\r\n{SDP_LINE}"), &offer())).await;
    let call = incoming(&mut calls).await;
    call.ring();
    let first = peer.receive_starting("SIP/2.0 180").await;
    assert_eq!(header(&first, "Require"), Some("100rel"));
    let number: u32 = header(&first, "RSeq").and_then(|number| number.parse().ok()).expect("a number");
    assert_eq!(peer.receive_starting("SIP/2.0 180").await, first, "it is repeated as it was");
    let tag = to_tag(&first);
    let mut leg = call.accept(answer_to(&offer()));
    // Not for it: of another number, of another request, without one.
    for (cseq, rack, status) in [
        (2, format!("RAck: {} 1 INVITE\r\n", number + 1), "481"),
        (3, format!("RAck: {number} 2 INVITE\r\n"), "481"),
        (4, String::new(), "400"),
    ] {
        peer.send(peer.request("PRACK", cseq, Some(&tag), &rack, "")).await;
        peer.receive_starting(&format!("SIP/2.0 {status}")).await;
    }
    peer.send(peer.request("PRACK", 5, Some(&tag), &format!("RAck: {number} 1 INVITE\r\n"), "")).await;
    let answer = peer.receive_starting("SIP/2.0 200").await;
    assert_eq!(header(&answer, "CSeq"), Some("5 PRACK"));
    let answer = peer.receive_starting("SIP/2.0 200").await;
    assert_eq!(header(&answer, "CSeq"), Some("1 INVITE"));
    peer.send(peer.request("ACK", 1, Some(&tag), "", "")).await;
    expect_event!(leg, SipLegEvent::Established { .. });
}

#[tokio::test]
async fn a_caller_who_never_acknowledges_is_refused() {
    let (endpoint, mut calls) = start(SipConfig { t1: Duration::from_millis(5), ..config() }).await;
    let peer = Peer::new(&endpoint).await;
    peer.send(peer.request("INVITE", 1, None, &format!("Require: 100rel\r\n{SDP_LINE}"), &offer())).await;
    let mut call = incoming(&mut calls).await;
    call.ring();
    let refusal = peer.receive_starting("SIP/2.0 504").await;
    peer.send(ack_of_refusal(&peer, &refusal)).await;
    assert_eq!(within("the end", call.gone()).await, LegEnd::NotAcknowledged);
}

#[tokio::test]
async fn the_session_changes_before_the_answer() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    peer.send(peer.request("INVITE", 1, None, &format!("Supported: 100rel\r\n{SDP_LINE}"), &offer())).await;
    let mut call = incoming(&mut calls).await;
    // Ringing without sound needs no PRACK where the caller does not insist; and until our answer is there nothing is changed.
    call.ring();
    let ringing = peer.receive_starting("SIP/2.0 180").await;
    assert_eq!(header(&ringing, "RSeq"), None);
    let tag = to_tag(&ringing);
    peer.send(peer.request("UPDATE", 2, Some(&tag), SDP_LINE, &offer())).await;
    let answer = peer.receive_starting("SIP/2.0 500").await;
    assert!(header(&answer, "Retry-After").is_some());
    call.ring_with_sound(answer_to(&offer()));
    let early = peer.receive_starting("SIP/2.0 183").await;
    let rack = format!("RAck: {} 1 INVITE\r\n{SDP_LINE}", header(&early, "RSeq").expect("a number"));
    // A PRACK with an offer of its own.
    peer.send(peer.request("PRACK", 3, Some(&tag), &rack, &offer())).await;
    let change = match within("the change", call.next()).await {
        Some(SipLegEvent::Reinvite(change)) => change,
        other => panic!("{other:?}"),
    };
    assert_eq!(change.offer, Some(offer()));
    change.answer(answer_to(&offer()));
    let agreed = peer.receive_starting("SIP/2.0 200").await;
    assert_eq!((header(&agreed, "CSeq"), body(&agreed)), (Some("3 PRACK"), answer_to(&offer()).as_str()));
    peer.send(peer.request("UPDATE", 4, Some(&tag), SDP_LINE, &offer())).await;
    match within("the change", call.next()).await {
        Some(SipLegEvent::Reinvite(change)) => change.answer(answer_to(&offer())),
        other => panic!("{other:?}"),
    }
    let agreed = peer.receive_starting("SIP/2.0 200").await;
    assert_eq!(header(&agreed, "CSeq"), Some("4 UPDATE"));
    assert!(header(&agreed, "Contact").is_some());
    // Others wait or are answered.
    for (number, method, status) in [(5, "OPTIONS", "200"), (6, "INFO", "500"), (7, "INVITE", "500")] {
        peer.send(peer.request(method, number, Some(&tag), "", "")).await;
        peer.receive_starting(&format!("SIP/2.0 {status}")).await;
    }
    // Giving up by BYE ends both requests.
    peer.send(peer.request("BYE", 8, Some(&tag), "", "")).await;
    let mut ended = [peer.receive().await, peer.receive().await].map(|answer| answer[8..11].to_owned());
    ended.sort();
    assert_eq!(ended, ["200", "487"]);
    assert_eq!(within("the end", call.gone()).await, LegEnd::ByPeer(None));
}

#[tokio::test]
async fn we_acknowledge_each_answer_once_and_in_order() {
    let (endpoint, _calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let mut leg = endpoint.invite(call_to(format!("sip:bob@{}", peer.address()))).await.expect("it goes out");
    let invite = peer.receive_starting("INVITE").await;
    assert!(header(&invite, "Supported").is_some_and(|known| known.contains("100rel")));
    let here = peer.address();
    // It comes by way of a proxy that stays in the way, from somebody else behind it.
    let reliable = |status: &str, number: u32, tag: &str, sdp: &str| {
        let more = format!(
            "Require: 100rel\r\nRSeq: {number}\r\nRecord-Route: <sip:{here};lr>\r\nContact: <sip:desk-{tag}@{here}>\r\n"
        );
        answer_with(&invite, status, &more, sdp).replace(";tag=theirs", &format!(";tag={tag}"))
    };
    let their_answer = answer_to(body(&invite));
    let acknowledge = async |status: &str, number: u32, tag: &str, sdp: &str| {
        peer.send(reliable(status, number, tag, sdp)).await;
        let prack = peer.receive_starting("PRACK").await;
        assert_eq!(header(&prack, "RAck"), Some(format!("{number} 1 INVITE").as_str()));
        assert_eq!(to_tag(&prack), tag);
        assert!(prack.starts_with(&format!("PRACK sip:desk-{tag}@{here} ")), "{prack}");
        assert_eq!(header(&prack, "Route"), Some(format!("<sip:{here};lr>").as_str()));
        peer.send(answer(&prack, "200 OK", "")).await;
    };
    acknowledge("180 Ringing", 7, "one", "").await;
    expect_event!(leg, SipLegEvent::Ringing { sdp: None });
    // A repetition and one after a gap are nothing.
    peer.send(reliable("180 Ringing", 7, "one", "")).await;
    peer.send(reliable("180 Ringing", 9, "one", "")).await;
    // Another branch counts for itself, even with the same number.
    acknowledge("180 Ringing", 7, "two", "").await;
    expect_event!(leg, SipLegEvent::Ringing { sdp: None });
    acknowledge("183 Session Progress", 8, "two", &their_answer).await;
    expect_event!(leg, SipLegEvent::Ringing { sdp: Some(_) });
    // From then on they may change the session.
    let update = inside(&peer, &invite, "UPDATE", 1, SDP_LINE, &offer()).replace("tag=theirs", "tag=two");
    peer.send(update).await;
    expect_event!(leg, SipLegEvent::Reinvite(change) => change).answer(answer_to(&offer()));
    peer.receive_starting("SIP/2.0 200").await;
    // Both branches answer: the first one is the call, the other one is acknowledged and ended.
    let ok =
        |tag: &str| answer(&invite, "200 OK", &their_answer).replace(";tag=theirs", &format!(";tag={tag}"));
    peer.send(ok("two")).await;
    assert_eq!(to_tag(&peer.receive_starting("ACK").await), "two");
    expect_event!(leg, SipLegEvent::Answered { .. });
    peer.send(ok("one")).await;
    assert_eq!(to_tag(&peer.receive_starting("ACK").await), "one");
    let bye = peer.receive_starting("BYE").await;
    assert_eq!(to_tag(&bye), "one");
    peer.send(answer(&bye, "200 OK", "")).await;
    leg.hangup();
    let bye = peer.receive_starting("BYE").await;
    assert_eq!(to_tag(&bye), "two");
    peer.send(answer(&bye, "200 OK", "")).await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
    drop(leg);
    assert!(endpoint.shutdown(Duration::from_secs(5)).await, "nothing is left");
}

#[tokio::test]
async fn an_answer_that_crosses_our_cancel_is_acknowledged_and_ended() {
    let (endpoint, _calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let mut leg = endpoint.invite(call_to(format!("sip:bob@{}", peer.address()))).await.expect("it goes out");
    let invite = peer.receive_starting("INVITE").await;
    peer.send(answer(&invite, "180 Ringing", "")).await;
    expect_event!(leg, SipLegEvent::Ringing { .. });
    leg.cancel();
    let cancel = peer.receive_starting("CANCEL").await;
    peer.send(answer(&invite, "200 OK", &answer_to(body(&invite)))).await;
    peer.send(answer(&cancel, "200 OK", "")).await;
    peer.receive_starting("ACK").await;
    let bye = peer.receive_starting("BYE").await;
    peer.send(answer(&bye, "200 OK", "")).await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
    drop(leg);
    assert!(endpoint.shutdown(Duration::from_secs(5)).await, "nothing is left");
}
