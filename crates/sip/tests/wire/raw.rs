//! Messages written by hand: what well-behaved libraries never send.

use std::time::Duration;

use callwright_call_core::sdp::{self, Direction, SessionDescription};
use callwright_model::Pii;
use callwright_sip::{Credentials, LegEnd, SipConfig, SipEndpoint, SipLegEvent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::expect_event;
use crate::support::{
    Peer, SDP_LINE, accept, answer_to, body, call_to, config, header, incoming, media, start, to_tag, within,
};

fn offer() -> String {
    sdp::offer(&media(40_000)).to_string()
}

fn held() -> String {
    let mut held = media(40_000);
    held.direction = Direction::SendOnly;
    sdp::offer(&held).to_string()
}

/// The endpoint still answers.
async fn alive(endpoint: &SipEndpoint) {
    let mut peer = Peer::new(endpoint).await;
    peer.new_call();
    peer.send(peer.request("OPTIONS", 1, None, "", "")).await;
    let answer = peer.receive_starting("SIP/2.0 200").await;
    assert!(header(&answer, "Allow").is_some_and(|allow| allow.contains("INVITE")));
    assert_eq!(header(&answer, "Accept"), Some("application/sdp"));
}

#[tokio::test]
async fn junk_is_answered_or_dropped_and_the_endpoint_lives() {
    let (endpoint, _calls) = start(config()).await;
    let mut peer = Peer::new(&endpoint).await;
    let good = peer.request("OPTIONS", 1, None, "", "");
    // Hardly anything that says where an answer belongs.
    for junk in [
        &b""[..],
        b"\0",
        b"\xff\xfe\xfd",
        b"hello",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"SIP/2.0 banana\r\n\r\n",
        b"INVITE sip:a@b SIP/2.0\r\n\r\n",
        b"INVITE sip:a@b SIP/2.0\r\nVia: nonsense\r\nCSeq: x\r\n\r\n",
        &good.as_bytes()[..good.len() / 2],
    ] {
        peer.send(junk).await;
    }
    for size in [1, 100, 4_000, 8_192, 60_000] {
        peer.send(vec![b'x'; size]).await;
    }
    // Two of them say where an answer goes, however badly.
    for _ in 0..2 {
        let answer = peer.receive().await;
        assert!(answer.starts_with("SIP/2.0 400"), "{answer}");
    }
    alive(&endpoint).await;
    let cases = [
        ("505", good.replace("sip:100@", "sip:99@").replace("SIP/2.0\r\n", "SIP/7.0\r\n")),
        ("405", peer.request("DANCE", 2, None, "", "")),
        ("405", peer.request("SUBSCRIBE", 3, None, "", "")),
        ("405", peer.request("REGISTER", 4, None, "", "")),
        ("481", peer.request("BYE", 5, None, "", "")),
        ("481", peer.request("BYE", 6, Some("nobody"), "", "")),
        ("481", peer.request("INVITE", 7, Some("nobody"), SDP_LINE, &offer())),
        ("481", peer.request("CANCEL", 8, None, "", "")),
        ("420", peer.request("INVITE", 9, None, "Require: foo, timer\r\n", "")),
        ("415", peer.request("INVITE", 10, None, "Content-Type: text/plain\r\n", "hello")),
        ("400", peer.request("INVITE", 11, None, "", "").replace("Contact", "X-Contact")),
        ("400", peer.request("OPTIONS", 12, None, "", "").replace("CSeq: 12", "CSeq: twelve")),
        ("400", peer.request("OPTIONS", 13, None, "", "").replace("13 OPTIONS", "13 INVITE")),
        ("400", peer.request("OPTIONS", 14, None, "", "").replace(";tag=b0", "")),
        ("400", peer.request("OPTIONS", 15, None, "", "").replace("Call-ID", "X-Call-ID")),
        ("400", peer.request("OPTIONS", 16, None, "", "").replace("Content-Length: 0", "Content-Length: 99")),
        ("400", peer.request("OPTIONS", 17, None, "", "").replace("Content-Length: 0", "Content-Length: -1")),
        ("513", peer.request("OPTIONS", 18, None, &format!("X-Long: {}\r\n", "x".repeat(9_000)), "")),
    ];
    for (status, request) in cases {
        peer.new_call();
        peer.send(&request).await;
        let answer = peer.receive().await;
        assert!(
            answer.starts_with(&format!("SIP/2.0 {status}")),
            "expected {status} to\n{request}\ngot\n{answer}"
        );
        if request.starts_with("INVITE") {
            // So that it is not repeated.
            let number = header(&request, "CSeq").and_then(|cseq| cseq.split(' ').next()).expect("a number");
            let ack = request
                .replace("INVITE sip", "ACK sip")
                .replace(&format!("{number} INVITE"), &format!("{number} ACK"));
            peer.send(ack).await;
        }
    }
    alive(&endpoint).await;
    let statistics = endpoint.statistics();
    assert!(statistics.dropped_junk > 5, "{statistics:?}");
    assert_eq!((statistics.calls_offered, statistics.dialogs_now), (0, 0), "{statistics:?}");
}

#[tokio::test]
async fn what_a_420_and_a_405_say() {
    let (endpoint, _calls) = start(config()).await;
    let mut peer = Peer::new(&endpoint).await;
    peer.send(peer.request("INVITE", 1, None, "Require: foo\r\nRequire: 100rel, bar\r\n", "")).await;
    let answer = peer.receive_starting("SIP/2.0 420").await;
    assert_eq!(header(&answer, "Unsupported"), Some("foo, bar"));
    peer.new_call();
    peer.send(peer.request("REFER", 1, None, "", "")).await;
    peer.receive_starting("SIP/2.0 403").await;
    peer.new_call();
    peer.send(peer.request("PUBLISH", 1, None, "", "")).await;
    let answer = peer.receive_starting("SIP/2.0 405").await;
    assert!(header(&answer, "Allow").is_some_and(|allow| allow.contains("BYE")));
}

#[tokio::test]
async fn junk_over_tcp_ends_its_connection_and_nothing_else() {
    let (endpoint, _calls) = start(config()).await;
    for junk in
        [&b"hello\r\n\r\n"[..], b"INVITE sip:a@b SIP/2.0\r\nContent-Length: x\r\n\r\n", &[0xff; 70_000]]
    {
        let mut stream = TcpStream::connect(endpoint.local_addresses()[0]).await.expect("it listens");
        // It may close while we still write.
        let _ = stream.write_all(junk).await;
        let mut rest = Vec::new();
        let _ = within("the end of the connection", stream.read_to_end(&mut rest)).await;
    }
    alive(&endpoint).await;
}

#[tokio::test]
async fn connections_have_a_limit() {
    let (endpoint, _calls) = start(SipConfig { connections_max: 2, ..config() }).await;
    let request = |number: u32| {
        format!(
            "OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{number}\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: tcp{number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let mut held = Vec::new();
    for number in 0..2 {
        let mut stream = TcpStream::connect(endpoint.local_addresses()[0]).await.expect("it listens");
        stream.write_all(request(number).as_bytes()).await.expect("it is open");
        let mut answer = [0; 12];
        within("an answer", stream.read_exact(&mut answer)).await.expect("an answer");
        assert_eq!(&answer, b"SIP/2.0 200 ");
        held.push(stream);
    }
    let mut third = TcpStream::connect(endpoint.local_addresses()[0]).await.expect("the system takes it");
    let mut rest = Vec::new();
    let _ = within("the end of the connection", third.read_to_end(&mut rest)).await;
    assert!(rest.is_empty());
    assert_eq!(endpoint.statistics().dropped_overload, 1);
}

#[tokio::test]
async fn a_body_without_its_length_is_read_to_the_end() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let request = peer.request("INVITE", 1, None, SDP_LINE, &offer());
    let length = format!("Content-Length: {}\r\n", offer().len());
    peer.send(request.replace(&length, "")).await;
    assert_eq!(incoming(&mut calls).await.offer, Some(offer()));
}

#[tokio::test]
async fn who_sits_behind_a_router_is_answered_and_told_where() {
    let (endpoint, _calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let here = peer.address();
    let inside = format!("Via: SIP/2.0/UDP {here};");
    let request =
        peer.request("OPTIONS", 1, None, "", "").replace(&inside, "Via: SIP/2.0/UDP 192.0.2.1:5060;");
    assert!(!request.contains(&inside));
    peer.send(request).await;
    let answer = peer.receive_starting("SIP/2.0 200").await;
    let via = header(&answer, "Via").expect("a Via");
    assert!(via.contains(&format!(";rport={}", here.port())) && via.contains(";received=127.0.0.1"), "{via}");
}

#[tokio::test]
async fn a_repeated_invite_is_one_call() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let invite = peer.request("INVITE", 1, None, SDP_LINE, &offer());
    for _ in 0..3 {
        peer.send(&invite).await;
    }
    let call = incoming(&mut calls).await;
    peer.send(&invite).await;
    call.reject(486, Some(33));
    let answer = loop {
        let answer = peer.receive().await;
        if !answer.starts_with("SIP/2.0 1") {
            break answer;
        }
    };
    assert!(answer.starts_with("SIP/2.0 486"), "{answer}");
    assert_eq!(header(&answer, "Retry-After"), Some("33"));
    peer.send(peer.request("ACK", 1, Some(&to_tag(&answer)), "", "").replace("1-ACK", "1-INVITE")).await;
    alive(&endpoint).await;
    assert_eq!(endpoint.statistics().calls_offered, 1);
    assert!(calls.try_recv().is_err());
}

#[tokio::test]
async fn branches_of_one_invite_that_meet_here_are_one_call() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let invite = peer.request("INVITE", 1, None, SDP_LINE, &offer());
    peer.send(&invite).await;
    let call = incoming(&mut calls).await;
    peer.send(invite.replace("1-INVITE", "1-OTHER-WAY")).await;
    let answer = peer.receive_starting("SIP/2.0 482").await;
    peer.send(peer.request("ACK", 1, Some(&to_tag(&answer)), "", "").replace("1-ACK", "1-OTHER-WAY")).await;
    call.reject(486, None);
    peer.receive_starting("SIP/2.0 486").await;
    assert_eq!(endpoint.statistics().calls_offered, 1);
}

#[tokio::test]
async fn a_cancel_behind_the_answer_changes_nothing() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    peer.send(peer.request("INVITE", 1, None, SDP_LINE, &offer())).await;
    let mut leg = accept(incoming(&mut calls).await);
    let answer = peer.receive_starting("SIP/2.0 200").await;
    let tag = to_tag(&answer);
    peer.send(peer.request("ACK", 1, Some(&tag), "", "")).await;
    expect_event!(leg, SipLegEvent::Established { .. });
    peer.send(peer.request("CANCEL", 1, None, "", "")).await;
    let answer = loop {
        let answer = peer.receive().await;
        if header(&answer, "CSeq") == Some("1 CANCEL") {
            break answer;
        }
    };
    assert!(answer.starts_with("SIP/2.0 200") || answer.starts_with("SIP/2.0 481"), "{answer}");
    peer.send(peer.request("BYE", 2, Some(&tag), "", "")).await;
    peer.receive_starting("SIP/2.0 200").await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByPeer(None)));
}

#[tokio::test]
async fn the_answer_to_our_offer_comes_with_the_ack() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let answering = tokio::spawn(async move {
        let call = incoming(&mut calls).await;
        assert_eq!(call.offer, None);
        call.accept(sdp::offer(&media(40_002)).to_string())
    });
    let their_answer = answer_to(&sdp::offer(&media(40_002)).to_string());
    let (_, answer) = peer.call("", &their_answer).await;
    assert!(body(&answer).contains("m=audio 40002"));
    let mut leg = answering.await.expect("it is answered");
    let acknowledged = expect_event!(leg, SipLegEvent::Established { sdp: Some(sdp) } => sdp);
    assert_eq!(acknowledged, their_answer);
}

#[tokio::test]
async fn hold_and_resume_are_asked_and_answered() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let answering = tokio::spawn(async move { accept(incoming(&mut calls).await) });
    let (tag, first) = peer.call(&offer(), "").await;
    let mut leg = answering.await.expect("it is answered");
    expect_event!(leg, SipLegEvent::Established { sdp: None });
    let first: SessionDescription = body(&first).parse().expect("our answer reads");

    peer.send(peer.request("INVITE", 2, Some(&tag), SDP_LINE, &held())).await;
    let change = expect_event!(leg, SipLegEvent::Reinvite(change) => change);
    let theirs: SessionDescription = change.offer.as_deref().expect("an offer").parse().expect("it reads");
    let (ours, agreed) = sdp::answer(&theirs, &media(40_002)).expect("a common codec");
    assert_eq!(agreed.direction, Direction::RecvOnly);
    change.answer(ours.following(&first).to_string());
    let answer = peer.receive_starting("SIP/2.0 200").await;
    assert!(body(&answer).contains("a=recvonly"), "{answer}");
    assert!(body(&answer).contains("o=- 1 2 IN"), "{answer}");
    peer.send(peer.request("ACK", 2, Some(&tag), "", "")).await;

    // Ours to offer: the answer comes with the ACK.
    peer.send(peer.request("INVITE", 3, Some(&tag), "", "")).await;
    let change = expect_event!(leg, SipLegEvent::Reinvite(change) => change);
    assert_eq!(change.offer, None);
    let ours = sdp::offer(&media(40_002)).to_string();
    change.answer(ours.clone());
    let answer = peer.receive_starting("SIP/2.0 200").await;
    assert_eq!(body(&answer), ours);
    peer.send(peer.request("ACK", 3, Some(&tag), SDP_LINE, &answer_to(&ours))).await;
    let acknowledged = expect_event!(leg, SipLegEvent::Established { sdp: Some(sdp) } => sdp);
    assert_eq!(acknowledged, answer_to(&ours));

    // Nobody looks at it: refused, and the call goes on.
    peer.send(peer.request("INVITE", 4, Some(&tag), SDP_LINE, &held())).await;
    drop(expect_event!(leg, SipLegEvent::Reinvite(change) => change));
    peer.receive_starting("SIP/2.0 488").await;
    peer.send(peer.request("ACK", 4, Some(&tag), "", "").replace("4-ACK", "4-INVITE")).await;

    // An UPDATE that only says `I live`.
    peer.send(peer.request("UPDATE", 5, Some(&tag), "", "")).await;
    peer.receive_starting("SIP/2.0 200").await;

    peer.send(peer.request("BYE", 6, Some(&tag), "", "")).await;
    peer.receive_starting("SIP/2.0 200").await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByPeer(None)));
}

#[tokio::test]
async fn keys_told_by_info_are_heard() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let answering = tokio::spawn(async move { accept(incoming(&mut calls).await) });
    let (tag, _) = peer.call(&offer(), "").await;
    let mut leg = answering.await.expect("it is answered");
    expect_event!(leg, SipLegEvent::Established { .. });
    let relay = "Content-Type: application/dtmf-relay\r\n";
    let digit = "Content-Type: application/dtmf\r\n";
    let mut number = 2;
    for (kind, text, status, heard) in [
        (relay, "Signal=5\r\nDuration=250\r\n", "200", Some(('5', 250))),
        (relay, "Signal= #\r\nDuration= 100\r\n", "200", Some(('#', 100))),
        (relay, "Signal=10", "200", Some(('*', 160))),
        (digit, "d", "200", Some(('D', 160))),
        (relay, "Signal=flash", "400", None),
        (relay, "", "400", None),
        ("Content-Type: text/plain\r\n", "hello", "415", None),
        ("", "", "200", None),
    ] {
        peer.send(peer.request("INFO", number, Some(&tag), kind, text)).await;
        peer.receive_starting(&format!("SIP/2.0 {status}")).await;
        if let Some((digit, milliseconds)) = heard {
            let pressed = expect_event!(leg, SipLegEvent::Dtmf { digit, length } => (digit, length));
            assert_eq!(pressed, (digit, Duration::from_millis(milliseconds)));
        }
        number += 1;
    }
    // A flood of keys that nobody reads does not keep the end from being told.
    for _ in 0..100 {
        peer.send(peer.request("INFO", number, Some(&tag), relay, "Signal=1")).await;
        peer.receive_starting("SIP/2.0 200").await;
        number += 1;
    }
    peer.send(peer.request("BYE", number, Some(&tag), "", "")).await;
    peer.receive_starting("SIP/2.0 200").await;
    let mut keys = 0;
    loop {
        match crate::support::next(&mut leg).await {
            SipLegEvent::Dtmf { .. } => keys += 1,
            SipLegEvent::Ended(end) => break assert_eq!(end, LegEnd::ByPeer(None)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(keys + endpoint.statistics().dropped_events, 100);
}

#[tokio::test]
async fn a_key_that_overtakes_the_acknowledgement_is_heard() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let answering = tokio::spawn(async move { accept(incoming(&mut calls).await) });
    peer.send(peer.request("INVITE", 1, None, SDP_LINE, &offer())).await;
    let tag = to_tag(&peer.receive_starting("SIP/2.0 200").await);
    let mut leg = answering.await.expect("it is answered");
    let key = peer.request("INFO", 2, Some(&tag), "Content-Type: application/dtmf-relay\r\n", "Signal=0");
    peer.send(key).await;
    // Answers to the INVITE are repeated meanwhile.
    while !peer.receive_starting("SIP/2.0 200").await.contains("2 INFO") {}
    expect_event!(leg, SipLegEvent::Dtmf { digit: '0', .. });
    peer.send(peer.request("ACK", 1, Some(&tag), "", "")).await;
    expect_event!(leg, SipLegEvent::Established { .. });
    peer.send(peer.request("BYE", 3, Some(&tag), "", "")).await;
    peer.receive_starting("SIP/2.0 200").await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByPeer(None)));
}

#[tokio::test]
async fn what_we_do_not_do_inside_a_call_is_said() {
    let (endpoint, mut calls) = start(config()).await;
    let peer = Peer::new(&endpoint).await;
    let answering = tokio::spawn(async move { accept(incoming(&mut calls).await) });
    let (tag, _) = peer.call(&offer(), "").await;
    let mut leg = answering.await.expect("it is answered");
    expect_event!(leg, SipLegEvent::Established { .. });
    for (number, method, more, status) in [
        (2, "NOTIFY", "Event: dialog\r\nSubscription-State: active\r\n", "489"),
        (3, "NOTIFY", "Event: refer\r\nSubscription-State: active\r\n", "481"),
        (4, "MESSAGE", "", "405"),
        (5, "OPTIONS", "", "200"),
    ] {
        peer.send(peer.request(method, number, Some(&tag), more, "")).await;
        let answer = peer.receive().await;
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{method}: {answer}");
    }
    leg.hangup();
    let bye = peer.receive_starting("BYE").await;
    assert!(header(&bye, "Contact").is_some());
}

#[tokio::test]
async fn an_answer_that_is_never_acknowledged_ends_the_leg() {
    let (endpoint, mut calls) = start(SipConfig { t1: Duration::from_millis(10), ..config() }).await;
    let peer = Peer::new(&endpoint).await;
    peer.send(peer.request("INVITE", 1, None, SDP_LINE, &offer())).await;
    let mut leg = accept(incoming(&mut calls).await);
    peer.receive_starting("SIP/2.0 200").await;
    // It is repeated, then given up with a BYE.
    peer.receive_starting("SIP/2.0 200").await;
    peer.receive_starting("BYE").await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::NotAcknowledged));
}

#[tokio::test]
async fn listening_everywhere_we_still_name_one_address() {
    let mut everywhere = config();
    everywhere.listen = vec!["0.0.0.0:0".parse().expect("an address")];
    let (endpoint, mut calls) = start(everywhere).await;
    let port = endpoint.local_addresses()[0].port();
    let peer = Peer::new(&endpoint).await;
    let answering = tokio::spawn(async move { accept(incoming(&mut calls).await) });
    let (_, answer) = peer.call(&offer(), "").await;
    assert_eq!(header(&answer, "Contact"), Some(format!("<sip:callwright@127.0.0.1:{port}>").as_str()));
    let _leg = answering.await.expect("it is answered");

    let to = format!("sip:bob@{}", peer.address());
    assert!(endpoint.local_ip_toward(&to).await.expect("there is a way").is_loopback());
    let _out = endpoint.invite(call_to(to)).await.expect("it goes out");
    let invite = peer.receive_starting("INVITE").await;
    assert_eq!(header(&invite, "Contact"), Some(format!("<sip:callwright@127.0.0.1:{port}>").as_str()));
    assert!(header(&invite, "Via").is_some_and(|via| via.contains(&format!("127.0.0.1:{port}"))), "{invite}");
    assert!(header(&invite, "Call-ID").is_some_and(|id| id.ends_with("@callwright.invalid")), "{invite}");
}

#[tokio::test]
async fn a_server_that_asks_who_we_are_is_told() {
    let (endpoint, _calls) = start(config()).await;
    let server = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let address = server.local_addr().expect("it is bound");
    let mut call = call_to(format!("sip:bob@{address}"));
    call.credentials =
        Some(Credentials { user: "alice".to_owned(), password: Pii::new("secret".to_owned()) });
    let mut out = endpoint.invite(call).await.expect("it goes out");
    let mut challenged = false;
    let mut buffer = vec![0; 8_192];
    loop {
        let (length, from) = within("a request", server.recv_from(&mut buffer)).await.expect("a datagram");
        let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let same = |name: &str| format!("{name}: {}\r\n", header(&request, name).unwrap_or_default());
        let common = ["Via", "From", "Call-ID", "CSeq"].map(same).concat();
        let to = header(&request, "To").unwrap_or_default();
        if request.starts_with("ACK") {
            if header(&request, "CSeq") == Some("2 ACK") {
                break;
            }
        } else if let Some(proof) = header(&request, "Authorization") {
            for part in ["username=\"alice\"", "realm=\"callwright\"", "nc=00000001", "qop=auth,"] {
                assert!(proof.contains(part), "{part} in {proof}");
            }
            let sdp = answer_to(body(&request));
            let answer = format!(
                "SIP/2.0 200 OK\r\n{common}To: {to};tag=s\r\nContact: <sip:bob@{address}>\r\n{SDP_LINE}Content-Length: {}\r\n\r\n{sdp}",
                sdp.len()
            );
            server.send_to(answer.as_bytes(), from).await.expect("loopback takes it");
        } else if !challenged {
            challenged = true;
            let answer = format!(
                "SIP/2.0 401 Unauthorized\r\n{common}To: {to};tag=c\r\nWWW-Authenticate: Digest realm=\"callwright\", \
                 nonce=\"abc\", algorithm=MD5, qop=\"auth,auth-int\"\r\nContent-Length: 0\r\n\r\n"
            );
            server.send_to(answer.as_bytes(), from).await.expect("loopback takes it");
        }
    }
    expect_event!(out, SipLegEvent::Answered { sdp: Some(_) });
}

/// A generator of its own, so that a seed says everything.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("it is small")
    }

    /// The message with some bytes changed, doubled or left out.
    fn spoil(&mut self, message: &str) -> Vec<u8> {
        let mut bytes = message.as_bytes().to_vec();
        for _ in 0..=self.roll(6) {
            let place = self.roll(bytes.len());
            match self.roll(5) {
                0 => bytes[place] = b"\r\n:;,@=<>\"/ \t09\0\xff"[self.roll(17)],
                1 => {
                    bytes.remove(place);
                }
                2 => bytes.truncate(place.max(1)),
                3 => {
                    let end = (place + self.roll(60)).min(bytes.len());
                    let part = bytes[place..end].to_vec();
                    bytes.splice(place..place, part);
                }
                _ => {
                    let end = (place + self.roll(60)).min(bytes.len());
                    bytes.drain(place..end);
                }
            }
            if bytes.is_empty() {
                bytes.push(b'x');
            }
        }
        bytes
    }
}

#[tokio::test]
async fn spoiled_messages_neither_kill_nor_deafen_the_endpoint() {
    // With so little room, one datagram in eight thousand that is counted in and never out would soon be noticed.
    let mut small = config();
    small.datagrams_waiting_max = 8;
    small.t1 = Duration::from_millis(5);
    let (endpoint, mut calls) = start(small).await;
    let owner = tokio::spawn(async move {
        let mut legs = Vec::new();
        while let Some(callwright_sip::SipEvent::Incoming(call)) = calls.recv().await {
            legs.push(call.accept(sdp::offer(&media(40_002)).to_string()));
            legs.truncate(20);
        }
    });
    let mut peer = Peer::new(&endpoint).await;
    let seed = 0x5eed_1234_5678;
    let mut dice = Dice(seed);
    let methods = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "REGISTER"];
    for number in 1..8_000 {
        peer.new_call();
        let method = methods[dice.roll(methods.len())];
        let tag = (dice.roll(4) == 0).then_some("abc");
        let request = peer.request(method, number, tag, SDP_LINE, &offer());
        let response = request.replacen(&format!("{method} sip"), "SIP/2.0 200 sip", 1);
        let message = if dice.roll(8) == 0 { response } else { request };
        peer.send(dice.spoil(&message)).await;
        if number % 16 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let fresh = Peer::new(&endpoint).await;
    let options = fresh.request("OPTIONS", 1, None, "", "");
    within(&format!("an answer, seed {seed:#x}"), async {
        loop {
            fresh.send(&options).await;
            let answer = tokio::time::timeout(Duration::from_millis(200), fresh.receive()).await;
            if answer.is_ok_and(|answer| answer.starts_with("SIP/2.0 200")) {
                break;
            }
        }
    })
    .await;
    let statistics = endpoint.statistics();
    assert!(statistics.refused_malformed > 100 && statistics.calls_offered > 10, "{statistics:?}");
    endpoint.shutdown(Duration::from_secs(10)).await;
    drop(endpoint);
    within("the owner", owner).await.expect("the owner saw the end");
}
