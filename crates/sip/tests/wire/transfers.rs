//! Calls are handed on: REFER both ways, `Replaces`, and what calls carry along.

use std::time::Duration;

use callwright_call_core::sdp;
use callwright_model::Pii;
use callwright_sip::{
    CallFields, Diversion, HistoryEntry, LegEnd, Reason, Refer, ReferProgress, Replaces, SipConfig,
    SipEndpoint, SipEvent, SipLeg, SipLegEvent, UserToUser,
};
use tokio::sync::mpsc::Receiver;

use crate::changes::answer;
use crate::expect_event;
use crate::support::{
    Peer, SDP_LINE, accept, answer_to, call_to, config, header, incoming, media, next, start, uri, within,
};

async fn connected(from: &SipEndpoint, to: &SipEndpoint, calls: &mut Receiver<SipEvent>) -> (SipLeg, SipLeg) {
    let mut out = from.invite(call_to(uri(to, "100", "udp"))).await.expect("it goes out");
    let mut leg = accept(incoming(calls).await);
    expect_event!(out, SipLegEvent::Answered { .. });
    expect_event!(leg, SipLegEvent::Established { .. });
    (out, leg)
}

#[tokio::test]
async fn a_blind_transfer_is_told_step_by_step() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let (mut out, mut leg) = connected(&here, &there, &mut calls).await;
    let mut refer = Refer::new("sip:desk@127.0.0.1:5999");
    refer.referred_by = Some("sip:100@127.0.0.1".to_owned());
    out.control().refer(refer.clone()).expect("it is free");
    let wish = expect_event!(leg, SipLegEvent::Refer(wish) => wish);
    assert_eq!(wish.target.reveal(), "sip:desk@127.0.0.1:5999");
    assert_eq!(wish.referred_by.as_ref().map(|by| by.reveal().as_str()), Some("sip:100@127.0.0.1"));
    assert_eq!(wish.replaces, None);
    let reporter = wish.accept();
    expect_event!(out, SipLegEvent::Referred(ReferProgress::Trying));
    reporter.ringing();
    expect_event!(out, SipLegEvent::Referred(ReferProgress::Ringing));
    reporter.accepted();
    expect_event!(out, SipLegEvent::Referred(ReferProgress::Accepted));

    // A second one in the same call, refused by the target; a third, by the other end; a fourth by nobody's word.
    out.control().refer(refer.clone()).expect("it is free");
    let wish = expect_event!(leg, SipLegEvent::Refer(wish) => wish);
    wish.accept().refused(486);
    expect_event!(out, SipLegEvent::Referred(ReferProgress::Trying));
    expect_event!(out, SipLegEvent::Referred(ReferProgress::Refused { status: 486 }));
    out.control().refer(refer.clone()).expect("it is free");
    expect_event!(leg, SipLegEvent::Refer(wish) => wish).reject(405);
    expect_event!(out, SipLegEvent::Referred(ReferProgress::Refused { status: 405 }));
    out.control().refer(refer).expect("it is free");
    drop(expect_event!(leg, SipLegEvent::Refer(wish) => wish).accept());
    expect_event!(out, SipLegEvent::Referred(ReferProgress::Trying));
    expect_event!(out, SipLegEvent::Referred(ReferProgress::Refused { status: 503 }));
    assert!(out.control().refer(Refer::new("nonsense")).is_err());
}

/// A call to a peer that says exactly what it is told.
pub async fn call_to_peer(config: SipConfig) -> (SipEndpoint, Peer, SipLeg, String) {
    let (endpoint, _calls) = start(config).await;
    let peer = Peer::new(&endpoint).await;
    let mut leg = endpoint.invite(call_to(format!("sip:bob@{}", peer.address()))).await.expect("it goes out");
    let invite = peer.receive_starting("INVITE").await;
    let offer = invite.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let ok = answer(&invite, "200 OK", &answer_to(offer)).replace("\r\nCall-ID", ";tag=theirs\r\nCall-ID");
    peer.send(ok).await;
    peer.receive_starting("ACK").await;
    expect_event!(leg, SipLegEvent::Answered { .. });
    (endpoint, peer, leg, invite)
}

/// A request of the peer inside our call.
pub fn inside(peer: &Peer, invite: &str, method: &str, number: u32, more: &str, body: &str) -> String {
    let ours = header(invite, "From").expect("a From");
    let to = header(invite, "To").expect("a To");
    peer.request(method, number, None, more, body)
        .lines()
        .map(|line| match line.split(':').next() {
            Some("From") => format!("From: {to};tag=theirs\r\n"),
            Some("To") => format!("To: {ours}\r\n"),
            Some("Call-ID") => format!("Call-ID: {}\r\n", header(invite, "Call-ID").expect("a Call-ID")),
            _ => format!("{line}\r\n"),
        })
        .collect()
}

#[tokio::test]
async fn a_peer_that_says_nothing_after_its_202_is_not_waited_for_for_ever() {
    let t1 = Duration::from_millis(20);
    let (_endpoint, peer, mut leg, invite) = call_to_peer(SipConfig { t1, ..config() }).await;
    leg.control()
        .refer(Refer { patience: Duration::from_millis(300), ..Refer::new("sip:x@127.0.0.1") })
        .expect("free");
    let refer = peer.receive_starting("REFER").await;
    assert_eq!(header(&refer, "Refer-To"), Some("<sip:x@127.0.0.1>"));
    peer.send(answer(&refer, "202 Accepted", "")).await;
    expect_event!(leg, SipLegEvent::Referred(ReferProgress::Trying));
    let frag = "Event: refer\r\nContent-Type: message/sipfrag\r\n";
    let notify = |number, state: &str, body: &str| {
        inside(&peer, &invite, "NOTIFY", number, &format!("{frag}Subscription-State: {state}\r\n"), body)
    };
    peer.send(notify(1, "active", "SIP/2.0 183 Session Progress")).await;
    peer.receive_starting("SIP/2.0 200").await;
    expect_event!(leg, SipLegEvent::Referred(ReferProgress::Ringing));
    expect_event!(leg, SipLegEvent::Referred(ReferProgress::Unknown));
    // Too late, and nobody waits for it.
    peer.send(notify(2, "terminated", "SIP/2.0 200 OK")).await;
    peer.receive_starting("SIP/2.0 481").await;
    peer.send(inside(&peer, &invite, "NOTIFY", 3, "Event: dialog\r\n", "")).await;
    peer.receive_starting("SIP/2.0 489").await;
    // Refused at once; and a subscription that ends without an outcome.
    leg.control().refer(Refer::new("sip:x@127.0.0.1")).expect("free");
    peer.send(answer(&peer.receive_starting("REFER").await, "603 Decline", "")).await;
    expect_event!(leg, SipLegEvent::Referred(ReferProgress::Refused { status: 603 }));
    leg.control().refer(Refer::new("sip:x@127.0.0.1")).expect("free");
    peer.send(answer(&peer.receive_starting("REFER").await, "202 Accepted", "")).await;
    expect_event!(leg, SipLegEvent::Referred(ReferProgress::Trying));
    peer.send(notify(4, "active", "nonsense")).await;
    peer.receive_starting("SIP/2.0 400").await;
    peer.send(notify(5, "terminated;reason=giveup", "SIP/2.0 100 Trying")).await;
    expect_event!(leg, SipLegEvent::Referred(ReferProgress::Unknown));
}

/// Many times, for it is a matter of which task is first.
#[tokio::test]
async fn what_comes_right_behind_a_202_is_answered() {
    let (endpoint, mut calls) = start(config()).await;
    let mut peer = Peer::new(&endpoint).await;
    for _ in 0..20 {
        peer.new_call();
        let calling = async {
            let (tag, _) = peer.call(&answer_to(&sdp::offer(&media(40_000)).to_string()), "").await;
            tag
        };
        let answering = async { accept(incoming(&mut calls).await) };
        let (tag, mut leg) = tokio::join!(calling, answering);
        expect_event!(leg, SipLegEvent::Established { .. });
        leg.control().refer(Refer::new("sip:x@127.0.0.1")).expect("it is free");
        let refer = peer.receive_starting("REFER").await;
        let offer = sdp::offer(&media(40_000)).to_string();
        peer.send(answer(&refer, "202 Accepted", "")).await;
        peer.send(peer.request("INVITE", 2, Some(&tag), SDP_LINE, &offer)).await;
        let reinvite = loop {
            match next(&mut leg).await {
                SipLegEvent::Reinvite(reinvite) => break reinvite,
                SipLegEvent::Referred(ReferProgress::Trying) => {}
                other => panic!("{other:?}"),
            }
        };
        reinvite.answer(answer_to(&offer));
        peer.receive_starting("SIP/2.0 200").await;
        peer.send(peer.request("ACK", 2, Some(&tag), "", "")).await;
        peer.send(peer.request("BYE", 3, Some(&tag), "", "")).await;
        peer.receive_starting("SIP/2.0 200").await;
        loop {
            match next(&mut leg).await {
                SipLegEvent::Ended(_) => break,
                SipLegEvent::Referred(_) | SipLegEvent::Established { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_wish_that_cannot_be_read_is_refused() {
    let (_endpoint, peer, mut leg, invite) = call_to_peer(config()).await;
    for (number, refer_to, status) in [
        (1, "", "400"),
        (2, "Refer-To: <sip:a@b>\r\nRefer-To: <sip:c@d>\r\n", "400"),
        (3, "Refer-To: <sip:a@b?Replaces=nonsense>\r\n", "400"),
        (4, "Refer-To: <sip:a@b;method=BYE>\r\n", "400"),
        (5, "Refer-To: <mailto:a@b>\r\n", "416"),
    ] {
        peer.send(inside(&peer, &invite, "REFER", number, refer_to, "")).await;
        peer.receive_starting(&format!("SIP/2.0 {status}")).await;
    }
    let attended = "Refer-To: \"Desk\" <sip:a@b?Replaces=x%40y%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n";
    peer.send(inside(&peer, &invite, "REFER", 6, attended, "")).await;
    let wish = expect_event!(leg, SipLegEvent::Refer(wish) => wish);
    assert_eq!(wish.replaces.as_ref().map(ToString::to_string).as_deref(), Some("x@y;to-tag=1;from-tag=2"));
    drop(wish);
    peer.receive_starting("SIP/2.0 603").await;
}

/// Three ends: `here` talks to `there` and to `desk`, and hands `there` on to `desk`.
#[tokio::test]
async fn an_attended_transfer_joins_the_two_others() {
    let (here, _) = start(config()).await;
    let (there, mut to_there) = start(config()).await;
    let (desk, mut to_desk) = start(config()).await;
    let (mut caller, mut callers_end) = connected(&here, &there, &mut to_there).await;
    let (mut consult, mut desks_end) = connected(&here, &desk, &mut to_desk).await;
    let mut refer = Refer::new(uri(&desk, "100", "udp"));
    refer.replaces = consult.control().as_replaces();
    assert!(refer.replaces.is_some());
    caller.control().refer(refer).expect("it is free");
    let wish = expect_event!(callers_end, SipLegEvent::Refer(wish) => wish);
    let mut joining = call_to(wish.target.reveal().clone());
    joining.replaces.clone_from(&wish.replaces);
    let reporter = wish.accept();
    let mut joined = there.invite(joining).await.expect("it goes out");
    let call = incoming(&mut to_desk).await;
    let replaces = call.replaces.clone().expect("it names the call to be replaced");
    assert!(desks_end.control().is_named_by(&replaces));
    assert!(!joined.control().is_named_by(&replaces));
    let mut new_end = accept(call);
    desks_end.hangup();
    expect_event!(desks_end, SipLegEvent::Ended(LegEnd::ByUs));
    expect_event!(consult, SipLegEvent::Ended(LegEnd::ByPeer(None)));
    expect_event!(joined, SipLegEvent::Answered { .. });
    expect_event!(new_end, SipLegEvent::Established { .. });
    reporter.accepted();
    expect_event!(caller, SipLegEvent::Referred(ReferProgress::Trying));
    expect_event!(caller, SipLegEvent::Referred(ReferProgress::Accepted));
}

#[tokio::test]
async fn only_a_call_that_is_here_is_replaced() {
    let (endpoint, mut calls) = start(config()).await;
    let mut peer = Peer::new(&endpoint).await;
    let offer = sdp::offer(&media(40_000)).to_string();
    let answering = tokio::spawn(async move { (accept(incoming(&mut calls).await), calls) });
    let (tag, answer) = peer.call(&offer, "").await;
    let (mut leg, mut calls) = answering.await.expect("it is answered");
    expect_event!(leg, SipLegEvent::Established { .. });
    let call_id = header(&answer, "Call-ID").expect("a Call-ID").to_owned();
    let named = |more: &str| format!("Replaces: {call_id};to-tag={tag};from-tag=b0{more}\r\n");
    for (replaces, status) in [
        (named("").replace("b0", "b9"), "481"),
        (named("").replace(&call_id, "nobody"), "481"),
        (named(";early-only"), "486"),
        (named(";to-tag=2"), "400"),
        (named("") + &named(""), "400"),
    ] {
        peer.new_call();
        peer.send(peer.request("INVITE", 1, None, &format!("{SDP_LINE}{replaces}"), &offer)).await;
        let answer = peer.receive_starting(&format!("SIP/2.0 {status}")).await;
        let ack = peer
            .request("ACK", 1, Some(&crate::support::to_tag(&answer)), "", "")
            .replace("1-ACK", "1-INVITE");
        peer.send(ack).await;
    }
    assert_eq!(endpoint.statistics().refused_replaces, 5);
    peer.new_call();
    let more = format!("{SDP_LINE}Require: replaces\r\n{}", named(""));
    peer.send(peer.request("INVITE", 1, None, &more, &offer)).await;
    let call = incoming(&mut calls).await;
    let expected: Option<Replaces> = format!("{call_id};to-tag={tag};from-tag=b0").parse().ok();
    assert_eq!(call.replaces, expected);
}

#[tokio::test]
async fn a_call_carries_its_fields_along() {
    let (here, _) = start(config()).await;
    let (there, mut calls) = start(config()).await;
    let mut call = call_to(uri(&there, "100", "udp"));
    let uri = |text: &str| Pii::new(text.to_owned());
    call.fields = CallFields {
        user_to_user: vec![UserToUser::hex(b"briefing 17")],
        diversions: vec![Diversion {
            uri: uri("sip:1@a.test"),
            reason: Some("user-busy".to_owned()),
            counter: Some(1),
        }],
        history: vec![HistoryEntry { uri: uri("sip:1@a.test"), index: "1".to_owned(), cause: Some(486) }],
        referred_by: Some(uri("sip:2@a.test")),
        call: Some("00a1".to_owned()),
    };
    let sent = call.fields.clone();
    let out = here.invite(call).await.expect("it goes out");
    let mut call = incoming(&mut calls).await;
    assert_eq!(call.fields, sent);
    // Why it is given up reaches the other end too.
    call.ring();
    let mut out = out;
    expect_event!(out, SipLegEvent::Ringing { .. });
    out.control().hangup_because(Reason::sip(200, "Call completed elsewhere"));
    let end = within("the news", call.gone()).await;
    assert_eq!(end, LegEnd::ByPeer(Some(Reason::sip(200, "Call completed elsewhere"))));
}

#[tokio::test]
async fn fields_that_cannot_be_read_are_ignored_and_counted() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let offer = sdp::offer(&media(40_000)).to_string();
    let more = format!(
        "{SDP_LINE}User-to-User: 00ff;encoding=hex\r\nDiversion: nonsense\r\nHistory-Info: <sip:a@b>\r\n"
    );
    peer.send(peer.request("INVITE", 1, None, &more, &offer)).await;
    let call = incoming(&mut calls).await;
    assert_eq!(call.fields.user_to_user[0].bytes(), Some(vec![0, 255]));
    assert_eq!((call.fields.diversions.len(), call.fields.history.len()), (0, 0));
    assert_eq!(endpoint.statistics().ignored_fields, 2);
}
