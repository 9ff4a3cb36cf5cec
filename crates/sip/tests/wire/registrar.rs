//! Phones that register, call and are called: messages by hand, with a digest of the test's own.

use std::net::SocketAddr;

use callwright_model::Pii;
use callwright_sip::{
    DigestAlgorithm, LegEnd, OutgoingCall, Secret, SipConfig, SipEndpoint, SipError, SipLegEvent, SipUser,
    Transport,
};
use futures_util::{SinkExt, StreamExt};
use md5::{Digest, Md5};
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::expect_event;
use crate::large::large;
use crate::support::{
    Peer, SDP_LINE, accept, answer_to, call_to, config, header, incoming, start, to_tag, within,
};

fn user(name: &str) -> SipUser {
    SipUser { name: name.to_owned(), secret: Secret::Password(Pii::new(format!("secret of {name}"))) }
}

fn users() -> SipConfig {
    SipConfig { users: vec![user("anna"), user("bert")], ..config() }
}

fn hash(algorithm: &str, text: &str) -> String {
    let bytes = if algorithm == "MD5" { Md5::digest(text).to_vec() } else { Sha256::digest(text).to_vec() };
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parameter<'a>(challenge: &'a str, name: &str) -> &'a str {
    let from = challenge.find(&format!("{name}=")).expect("the parameter") + name.len() + 1;
    challenge[from..].split(',').next().expect("a value").trim().trim_matches('"')
}

/// A proof for what a 401 asks for by one algorithm.
fn proof(refusal: &str, algorithm: &str, who: (&str, &str), method: &str, uri: &str, count: u32) -> String {
    let asked = refusal.lines().find(|line| line.starts_with("WWW-Authenticate") && line.contains(algorithm));
    let asked = asked.expect("it asks for that");
    let (realm, nonce) = (parameter(asked, "realm"), parameter(asked, "nonce"));
    let (name, password) = who;
    let ha1 = hash(algorithm, &format!("{name}:{realm}:{password}"));
    let ha2 = hash(algorithm, &format!("{method}:{uri}"));
    let response = hash(algorithm, &format!("{ha1}:{nonce}:{count:08x}:c:auth:{ha2}"));
    format!(
        "Authorization: Digest username=\"{name}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         algorithm={algorithm}, qop=auth, nc={count:08x}, cnonce=\"c\", response=\"{response}\"\r\n"
    )
}

/// A phone of a user, over UDP. Its contact is an address behind a router: only where it sends from leads to it.
struct Phone {
    peer: Peer,
    name: &'static str,
    number: u32,
}

impl Phone {
    async fn new(endpoint: &SipEndpoint, name: &'static str) -> Self {
        Self { peer: Peer::new(endpoint).await, name, number: 0 }
    }

    fn password(&self) -> String {
        format!("secret of {}", self.name)
    }

    fn request(&mut self, method: &str, more: &str) -> String {
        self.number += 1;
        let (number, name) = (self.number, self.name);
        let port = self.peer.address().port();
        let request = self.peer.request(method, number, None, more, "");
        request
            .replace("<sip:bob@127.0.0.1", &format!("<sip:{name}@127.0.0.1"))
            .replace("To: <sip:100@", &format!("To: <sip:{name}@"))
            .replace(&format!("Contact: <sip:{name}@127.0.0.1:{port}>\r\n"), "")
    }

    fn contact(&self) -> String {
        format!("Contact: <sip:{}@10.255.255.1:{}>\r\n", self.name, self.peer.address().port())
    }

    async fn ask(&mut self, method: &str, more: &str) -> String {
        let request = self.request(method, more);
        self.peer.send(&request).await;
        self.peer.receive().await
    }

    /// Asks, is challenged, and proves itself.
    async fn prove(&mut self, method: &str, more: &str, algorithm: &str) -> String {
        let refusal = self.ask(method, more).await;
        assert!(refusal.starts_with("SIP/2.0 401"), "{refusal}");
        let uri = format!("sip:100@{}", self.peer.to());
        let proof = proof(&refusal, algorithm, (self.name, &self.password()), method, &uri, 1);
        self.ask(method, &format!("{more}{proof}")).await
    }

    async fn register(&mut self) {
        let contact = self.contact();
        let answer = self.prove("REGISTER", &contact, "MD5").await;
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    }

    /// Answers a request that came.
    async fn answer(&self, request: &str, status: &str, body: &str) {
        let kept =
            |line: &&str| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
        let lines: String = request.lines().filter(kept).map(|line| format!("{line}\r\n")).collect();
        let to = header(request, "To").expect("a To");
        let tag = if to.contains(";tag=") {
            String::new()
        } else {
            format!(";tag=p{}", self.peer.address().port())
        };
        let kind = if body.is_empty() { "" } else { SDP_LINE };
        let contact = self.contact();
        self.peer
            .send(format!(
                "SIP/2.0 {status}\r\n{lines}To: {to}{tag}\r\n{contact}{kind}Content-Length: {}\r\n\r\n{body}",
                body.len()
            ))
            .await;
    }

    async fn rung(&self) -> String {
        let invite = self.peer.receive().await;
        assert!(invite.starts_with("INVITE "), "{invite}");
        self.answer(&invite, "180 Ringing", "").await;
        invite
    }

    /// The next request of this method; others are skipped.
    async fn next(&self, method: &str) -> String {
        loop {
            let message = self.peer.receive().await;
            if message.starts_with(method) {
                return message;
            }
        }
    }
}

fn ring(user: &str) -> OutgoingCall {
    call_to(format!("user:{user}"))
}

#[tokio::test]
async fn a_phone_registers_by_either_hash_and_the_better_one_is_asked_for_first() {
    let (endpoint, _calls) = start(users()).await;
    assert!(!endpoint.phones_of("anna").expect("a user").is_registered());
    assert!(endpoint.phones_of("nobody").is_none());
    let mut changes = endpoint.phones_changed();
    changes.mark_unchanged();
    for algorithm in ["SHA-256", "MD5"] {
        let mut phone = Phone::new(&endpoint, "anna").await;
        let refusal = phone.ask("REGISTER", "").await;
        let asked: Vec<_> = refusal.lines().filter(|line| line.starts_with("WWW-Authenticate")).collect();
        assert_eq!(asked.len(), 2, "{refusal}");
        assert!(asked[0].contains("algorithm=SHA-256") && asked[1].contains("algorithm=MD5"), "{refusal}");
        let contact = phone.contact();
        let answer = phone.prove("REGISTER", &format!("{contact}Expires: 300\r\n"), algorithm).await;
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        let own = contact.trim_start_matches("Contact: ").trim_end();
        let listed = answer.lines().find(|line| line.contains(own)).expect("its contact");
        let left: u64 = listed.split("expires=").nth(1).expect("a time").parse().expect("a number");
        assert!((298..=300).contains(&left), "{listed}");
    }
    let phones = endpoint.phones_of("anna").expect("a user");
    assert_eq!((phones.contacts.len(), phones.calls), (2, 0));
    assert!(phones.contacts.iter().all(|contact| contact.transport == Transport::Udp));
    assert!(changes.has_changed().expect("it lives"));
    assert_eq!(endpoint.statistics().challenged, 4);
}

#[tokio::test]
async fn proofs_hold_once_and_wrong_ones_cost_time() {
    let (endpoint, _calls) = start(users()).await;
    let mut phone = Phone::new(&endpoint, "anna").await;
    let refusal = phone.ask("REGISTER", "").await;
    let uri = format!("sip:100@{}", phone.peer.to());
    let right = proof(&refusal, "MD5", ("anna", "secret of anna"), "REGISTER", &uri, 1);
    assert!(phone.ask("REGISTER", &right).await.starts_with("SIP/2.0 200"));
    // Overheard and said again, in a new transaction.
    let stale = phone.ask("REGISTER", &right).await;
    assert!(stale.starts_with("SIP/2.0 401") && stale.contains("stale=true"), "{stale}");
    let second = proof(&refusal, "MD5", ("anna", "secret of anna"), "REGISTER", &uri, 2);
    assert!(phone.ask("REGISTER", &second).await.starts_with("SIP/2.0 200"));
    // Of another endpoint, or of us before a restart: right, but not with our nonce.
    let (other, _others) = start(users()).await;
    let mut elsewhere = Phone::new(&other, "anna").await;
    let foreign = elsewhere.ask("REGISTER", "").await;
    let foreign = proof(&foreign, "MD5", ("anna", "secret of anna"), "REGISTER", &uri, 1);
    let stale = phone.ask("REGISTER", &foreign).await;
    assert!(stale.starts_with("SIP/2.0 401") && stale.contains("stale=true"), "{stale}");

    let elsewhere = proof(&refusal, "MD5", ("anna", "secret of anna"), "REGISTER", "sip:100@192.0.2.1", 3);
    let method = proof(&refusal, "MD5", ("anna", "secret of anna"), "INVITE", &uri, 4);
    let nobody = proof(&refusal, "MD5", ("zoe", "secret of zoe"), "REGISTER", &uri, 5);
    let wrong = proof(&refusal, "MD5", ("anna", "guess"), "REGISTER", &uri, 6);
    for bad in [&elsewhere, &method, &nobody, &wrong, &wrong] {
        let answer = phone.ask("REGISTER", bad).await;
        assert!(answer.starts_with("SIP/2.0 403"), "{answer}");
    }
    // Even the right one waits now.
    let last = proof(&refusal, "MD5", ("anna", "secret of anna"), "REGISTER", &uri, 7);
    let answer = phone.ask("REGISTER", &last).await;
    assert!(answer.starts_with("SIP/2.0 503"), "{answer}");
    assert!(header(&answer, "Retry-After").is_some_and(|wait| wait.parse::<u32>().is_ok()), "{answer}");
    let statistics = endpoint.statistics();
    assert_eq!((statistics.refused_password, statistics.refused_tries), (5, 1));
}

#[tokio::test]
async fn a_hashed_password_is_asked_for_by_its_own_hash_and_settings_say_the_order() {
    let ha1 = hash("MD5", "anna:callwright:secret of anna");
    let hashed = SipUser { name: "anna".to_owned(), secret: Secret::Ha1(Pii::new(ha1)) };
    let digest = vec![DigestAlgorithm::Md5];
    let (endpoint, _calls) = start(SipConfig { users: vec![hashed, user("bert")], digest, ..config() }).await;
    for name in ["anna", "bert"] {
        let mut phone = Phone::new(&endpoint, name).await;
        let refusal = phone.ask("REGISTER", "").await;
        assert!(!refusal.contains("SHA-256"), "{refusal}");
        phone.register().await;
    }
}

#[tokio::test]
async fn registers_that_ask_too_much_are_refused() {
    let (endpoint, _calls) = start(users()).await;
    let mut phone = Phone::new(&endpoint, "anna").await;
    let contact = phone.contact();
    let brief = phone.prove("REGISTER", &format!("{contact}Expires: 5\r\n"), "MD5").await;
    assert!(brief.starts_with("SIP/2.0 423"), "{brief}");
    assert_eq!(header(&brief, "Min-Expires"), Some("60"));
    let answer = phone.prove("REGISTER", "Require: outbound\r\n", "MD5").await;
    assert!(answer.starts_with("SIP/2.0 420"), "{answer}");
    let star = phone.prove("REGISTER", "Contact: *\r\nExpires: 60\r\n", "MD5").await;
    assert!(star.starts_with("SIP/2.0 400"), "{star}");
    // In somebody else's name.
    let refusal = phone.ask("REGISTER", "").await;
    let uri = format!("sip:100@{}", phone.peer.to());
    let bert = proof(&refusal, "MD5", ("bert", "secret of bert"), "REGISTER", &uri, 1);
    let answer = phone.ask("REGISTER", &format!("{contact}{bert}")).await;
    assert!(answer.starts_with("SIP/2.0 403"), "{answer}");
    assert!(endpoint.phones().iter().all(|phones| !phones.is_registered()));
    phone.register().await;
    assert!(endpoint.phones_of("anna").expect("a user").is_registered());
    let gone = phone.prove("REGISTER", "Contact: *\r\nExpires: 0\r\n", "MD5").await;
    assert!(gone.starts_with("SIP/2.0 200") && header(&gone, "Contact").is_none(), "{gone}");
    assert!(!endpoint.phones_of("anna").expect("a user").is_registered());
}

#[tokio::test]
async fn a_user_calls_from_anywhere_in_their_own_name_only() {
    let (endpoint, mut calls) = start(SipConfig { allowed_sources: Vec::new(), ..users() }).await;
    let mut phone = Phone::new(&endpoint, "anna").await;
    assert!(phone.ask("OPTIONS", "").await.starts_with("SIP/2.0 603"));
    let contact = phone.contact();
    let refusal = phone.ask("INVITE", &contact).await;
    assert!(refusal.starts_with("SIP/2.0 401"), "{refusal}");
    let uri = format!("sip:100@{}", phone.peer.to());
    let bert = proof(&refusal, "MD5", ("bert", "secret of bert"), "INVITE", &uri, 1);
    let refusal = phone.ask("INVITE", &format!("{contact}{bert}")).await;
    assert!(refusal.starts_with("SIP/2.0 403"), "{refusal}");
    phone.peer.new_call();
    let offer = call_to(String::new()).offer;
    let refusal = phone.ask("INVITE", &contact).await;
    let anna = proof(&refusal, "SHA-256", ("anna", "secret of anna"), "INVITE", &uri, 1);
    let request = phone.request("INVITE", &format!("{contact}{SDP_LINE}{anna}"));
    let request = request.replace("Content-Length: 0", &format!("Content-Length: {}", offer.len()));
    phone.peer.send(format!("{request}{offer}")).await;
    let call = incoming(&mut calls).await;
    assert_eq!(call.user.as_deref(), Some("anna"));
    assert!(endpoint.phones_of("anna").expect("a user").is_busy());
    call.reject(486, None);
    phone.peer.receive_starting("SIP/2.0 486").await;
    let mut changes = endpoint.phones_changed();
    within(
        "the end of the call",
        changes.wait_for(|_| !endpoint.phones_of("anna").expect("a user").is_busy()),
    )
    .await
    .expect("it lives");
}

#[tokio::test]
async fn all_phones_of_a_user_ring_and_the_first_that_answers_has_the_call() {
    let (endpoint, _calls) = start(users()).await;
    let (mut desk, mut pocket) = (Phone::new(&endpoint, "anna").await, Phone::new(&endpoint, "anna").await);
    desk.register().await;
    pocket.register().await;
    assert!(endpoint.local_ip_toward("user:anna").await.is_ok_and(|ip| ip.is_loopback()));
    let mut leg = endpoint.invite(ring("anna")).await.expect("phones");
    // Both are reached where they are, not where they say they are.
    let (at_desk, in_pocket) = (desk.rung().await, pocket.rung().await);
    assert!(at_desk.starts_with("INVITE sip:anna@10.255.255."), "{at_desk}");
    assert_ne!(header(&at_desk, "Call-ID"), header(&in_pocket, "Call-ID"));
    expect_event!(leg, SipLegEvent::Ringing { sdp: None });
    assert_eq!(endpoint.phones_of("anna").expect("a user").calls, 1);
    let offer = crate::support::body(&in_pocket);
    pocket.answer(&in_pocket, "200 OK", &answer_to(offer)).await;
    expect_event!(leg, SipLegEvent::Answered { sdp: Some(_) });
    assert!(pocket.next("ACK ").await.starts_with("ACK sip:anna@10.255.255."));
    let cancel = desk.next("CANCEL ").await;
    assert_eq!(
        header(&cancel, "Reason"),
        Some("SIP;cause=200;text=\"Call completed elsewhere\""),
        "{cancel}"
    );
    desk.answer(&cancel, "200 OK", "").await;
    desk.answer(&at_desk, "487 Request Terminated", "").await;
    desk.next("ACK ").await;
    leg.hangup();
    let bye = pocket.next("BYE ").await;
    pocket.answer(&bye, "200 OK", "").await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
    let mut changes = endpoint.phones_changed();
    within(
        "the end of the call",
        changes.wait_for(|_| !endpoint.phones_of("anna").expect("a user").is_busy()),
    )
    .await
    .expect("it lives");
}

#[tokio::test]
async fn a_phone_that_is_called_by_its_contact_is_reached_where_it_came_from() {
    let (endpoint, _calls) = start(users()).await;
    let mut desk = Phone::new(&endpoint, "anna").await;
    desk.register().await;
    let contact = format!("sip:anna@10.255.255.1:{}", desk.peer.address().port());
    // However large the call is: there is no other way to it.
    for call in [call_to(contact.clone()), large(contact)] {
        let mut leg = endpoint.invite(call).await.expect("it goes out");
        let invite = desk.next("INVITE ").await;
        desk.answer(&invite, "486 Busy Here", "").await;
        desk.next("ACK ").await;
        expect_event!(leg, SipLegEvent::Refused { status: 486, .. });
    }
}

#[tokio::test]
async fn when_all_phones_refuse_the_best_word_is_told_and_a_hang_up_reaches_all() {
    let (endpoint, _calls) = start(users()).await;
    let (mut desk, mut pocket) = (Phone::new(&endpoint, "bert").await, Phone::new(&endpoint, "bert").await);
    let absent = endpoint.invite(ring("bert")).await;
    assert!(matches!(absent, Err(SipError::NotRegistered(_))), "{absent:?}");
    desk.register().await;
    pocket.register().await;
    let mut leg = endpoint.invite(ring("bert")).await.expect("phones");
    let (at_desk, in_pocket) = (desk.rung().await, pocket.rung().await);
    desk.answer(&at_desk, "480 Temporarily Unavailable", "").await;
    pocket.answer(&in_pocket, "603 Decline", "").await;
    expect_event!(leg, SipLegEvent::Ringing { .. });
    expect_event!(leg, SipLegEvent::Refused { status: 603, .. });

    let mut leg = endpoint.invite(ring("bert")).await.expect("phones");
    let (at_desk, in_pocket) = (desk.next("INVITE ").await, pocket.next("INVITE ").await);
    desk.answer(&at_desk, "180 Ringing", "").await;
    pocket.answer(&in_pocket, "180 Ringing", "").await;
    expect_event!(leg, SipLegEvent::Ringing { .. });
    leg.hangup();
    for (phone, invite) in [(&desk, &at_desk), (&pocket, &in_pocket)] {
        let cancel = phone.next("CANCEL ").await;
        phone.answer(&cancel, "200 OK", "").await;
        phone.answer(invite, "487 Request Terminated", "").await;
    }
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
}

type Socket = WebSocketStream<TcpStream>;

async fn text(socket: &mut Socket) -> String {
    loop {
        match within("a message", socket.next()).await.expect("an open socket").expect("a message") {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_phone_in_a_browser_is_called_over_its_socket_and_gone_with_it() {
    let listen_ws = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    let (endpoint, _calls) = start(SipConfig { listen_ws, ..users() }).await;
    let (_, address) = endpoint.addresses().iter().find(|(at, _)| *at == Transport::Ws).expect("it listens");
    let mut handshake = format!("ws://{address}/").into_client_request().expect("a request");
    handshake.headers_mut().insert("sec-websocket-protocol", "sip".parse().expect("a protocol"));
    let stream = TcpStream::connect(address).await.expect("it listens");
    let (mut socket, _) = tokio_tungstenite::client_async(handshake, stream).await.expect("a handshake");
    let register = |number: u32, more: &str| {
        Message::text(format!(
            "REGISTER sip:callwright.example SIP/2.0\r\nVia: SIP/2.0/WS x1.invalid;branch=z9hG4bK-w{number}\r\n\
             From: <sip:anna@callwright.example>;tag=w\r\nTo: <sip:anna@callwright.example>\r\nCall-ID: w\r\n\
             CSeq: {number} REGISTER\r\nContact: <sip:k3@x1.invalid;transport=ws>;expires=600\r\n{more}\r\n"
        ))
    };
    socket.send(register(1, "")).await.expect("it takes it");
    let refusal = text(&mut socket).await;
    let who = ("anna", "secret of anna");
    let proof = proof(&refusal, "SHA-256", who, "REGISTER", "sip:callwright.example", 1);
    socket.send(register(2, &proof)).await.expect("it takes it");
    let answer = text(&mut socket).await;
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    assert_eq!(endpoint.phones_of("anna").expect("a user").contacts[0].transport, Transport::Ws);

    let mut leg = endpoint.invite(ring("anna")).await.expect("a phone");
    let invite = text(&mut socket).await;
    assert!(invite.to_lowercase().starts_with("invite sip:k3@x1.invalid;transport=ws "), "{invite}");
    let via = header(&invite, "Via").expect("a via");
    assert!(via.starts_with(&format!("SIP/2.0/WS {address}")), "{via}");
    let kept = |line: &&str| ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
    let lines: String = invite.lines().filter(kept).map(|line| format!("{line}\r\n")).collect();
    let to = header(&invite, "To").expect("a To");
    let busy = format!("SIP/2.0 486 Busy Here\r\n{lines}To: {to};tag=w\r\nContent-Length: 0\r\n\r\n");
    socket.send(Message::text(busy)).await.expect("it takes it");
    expect_event!(leg, SipLegEvent::Refused { status: 486, .. });

    let mut changes = endpoint.phones_changed();
    drop(socket);
    let registered = || endpoint.phones_of("anna").expect("a user").is_registered();
    within("the phone is gone", changes.wait_for(|_| !registered())).await.expect("it lives");
}

#[tokio::test]
async fn without_users_register_is_unknown() {
    let (endpoint, mut calls) = start(config()).await;
    let mut phone = Phone::new(&endpoint, "anna").await;
    let answer = phone.ask("REGISTER", "").await;
    assert!(answer.starts_with("SIP/2.0 405"), "{answer}");
    // And who may call is nobody's user.
    phone.peer.new_call();
    let offer = call_to(String::new()).offer;
    phone.peer.send(phone.peer.request("INVITE", 9, None, SDP_LINE, &offer)).await;
    let call = incoming(&mut calls).await;
    assert_eq!(call.user, None);
    let leg = accept(call);
    let answer = phone.peer.receive_starting("SIP/2.0 200").await;
    phone.peer.send(phone.peer.request("ACK", 9, Some(&to_tag(&answer)), "", "")).await;
    leg.hangup();
    phone.peer.receive_starting("BYE ").await;
}
