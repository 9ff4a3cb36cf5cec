//! Trunks: registration, failover, keep-alive, limits and caller ids, against carriers written by hand.

use std::time::Duration;

use callwright_call_core::trunk::{KeepaliveConfig, NumberPlan};
use callwright_model::Pii;
use callwright_sip::{
    CallerId, Credentials, External, Identity, LegEnd, SipConfig, SipEndpoint, SipError, SipLegEvent,
    TlsConfig, TrunkConfig, TrunkRegistration, TrunkRoute, TrunkStatus,
};

use crate::expect_event;
use crate::support::carrier::{Carrier, Zone};
use crate::support::{Peer, SDP_LINE, answer_to, call_to, config, header, incoming, start, within};

/// A trunk that neither registers nor sends OPTIONS.
fn trunk(name: &str, uri: String) -> TrunkConfig {
    TrunkConfig {
        name: name.to_owned(),
        uri,
        user: None,
        credentials: None,
        register: None,
        sources: Vec::new(),
        calls_max: 10,
        calls_per_second_max: 0,
        routes: vec![TrunkRoute { numbers: "*".parse().expect("a pattern"), strip: 0, add: String::new() }],
        numbers: NumberPlan::default(),
        caller_id: CallerId::default(),
        keepalive: KeepaliveConfig { every: Duration::ZERO, misses_max: 1, answers_min: 1 },
        answer_within: Duration::from_millis(300),
    }
}

/// One that registers as `alice`.
fn registering(uri: String) -> TrunkConfig {
    TrunkConfig {
        user: Some("alice".to_owned()),
        credentials: Some(Credentials { user: "alice".to_owned(), password: Pii::new("secret".to_owned()) }),
        register: Some(Duration::from_secs(600)),
        ..trunk("carrier", uri)
    }
}

fn with(trunks: Vec<TrunkConfig>) -> SipConfig {
    SipConfig { trunks, ..config() }
}

fn found_by(dns: &Zone, trunks: Vec<TrunkConfig>) -> SipConfig {
    SipConfig { name_servers: vec![dns.address()], ..with(trunks) }
}

/// Waits until a trunk is as it is wished.
async fn until(endpoint: &SipEndpoint, what: &str, wished: impl Fn(&TrunkStatus) -> bool) -> TrunkStatus {
    within(what, async {
        loop {
            let status = endpoint.trunks().remove(0);
            if wished(&status) {
                return status;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

fn is_registered(status: &TrunkStatus) -> bool {
    matches!(status.registration, Some(TrunkRegistration::Registered { .. }))
}

#[tokio::test]
async fn it_registers_with_the_better_digest_and_says_good_bye() {
    let carrier = Carrier::start().await;
    let (endpoint, _calls) = start(with(vec![registering(carrier.uri())])).await;
    let first = carrier.request("REGISTER").await;
    assert!(header(&first.text, "Authorization").is_none());
    assert_eq!(header(&first.text, "Expires"), Some("600"));
    let both = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n\
                WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth,auth-int\", opaque=\"o\"\r\n";
    carrier.answer(&first, "401 Unauthorized", both).await;
    let second = carrier.request("REGISTER").await;
    let proof = header(&second.text, "Authorization").expect("a proof").to_owned();
    for part in [
        "username=\"alice\"",
        "nonce=\"n2\"",
        "algorithm=SHA-256",
        "opaque=\"o\"",
        "nc=00000001",
        "qop=auth,",
    ] {
        assert!(proof.contains(part), "{part} is not in {proof}");
    }
    assert_eq!(header(&first.text, "Call-ID"), header(&second.text, "Call-ID"));
    let contact = header(&second.text, "Contact").expect("a contact").to_owned();
    assert!(contact.contains("sip:alice@127.0.0.1:"), "{contact}");
    carrier.answer(&second, "200 OK", &format!("Contact: {contact};expires=120\r\n")).await;
    let status = until(&endpoint, "the registration", is_registered).await;
    let Some(TrunkRegistration::Registered { left }) = status.registration else { panic!("{status:?}") };
    assert!(left <= Duration::from_secs(120) && left > Duration::from_secs(100), "{left:?}");
    assert!(status.up);
    let closing = tokio::spawn(async move { endpoint.shutdown(Duration::from_secs(5)).await });
    let last = carrier.request("REGISTER").await;
    assert_eq!(header(&last.text, "Expires"), Some("0"));
    carrier.answer(&last, "200 OK", "").await;
    assert!(within("the end", closing).await.expect("no panic"), "it ends in time");
}

#[tokio::test]
async fn it_refreshes_in_time_and_takes_a_stale_nonce() {
    let carrier = Carrier::start().await;
    let (endpoint, _calls) = start(with(vec![registering(carrier.uri())])).await;
    let accept = async |request: &crate::support::carrier::Request, expires: u32| {
        let contact = header(&request.text, "Contact").expect("a contact").to_owned();
        carrier.answer(request, "200 OK", &format!("Contact: {contact};expires={expires}\r\n")).await;
    };
    let first = carrier.request("REGISTER").await;
    accept(&first, 2).await;
    until(&endpoint, "the registration", is_registered).await;
    // Two seconds are granted: the refresh comes before they are over.
    let second = carrier.request("REGISTER").await;
    assert!(is_registered(&endpoint.trunks()[0]), "still known while it refreshes");
    let challenge = |nonce: &str, stale: bool| {
        format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\", stale={stale}\r\n")
    };
    carrier.answer(&second, "401 Unauthorized", &challenge("a", false)).await;
    let third = carrier.request("REGISTER").await;
    carrier.answer(&third, "401 Unauthorized", &challenge("b", true)).await;
    let fourth = carrier.request("REGISTER").await;
    assert!(header(&fourth.text, "Authorization").is_some_and(|proof| proof.contains("nonce=\"b\"")));
    let number = |request: &crate::support::carrier::Request| {
        let cseq = header(&request.text, "CSeq").expect("a number").to_owned();
        cseq.split(' ').next().and_then(|number| number.parse::<u32>().ok()).expect("a number")
    };
    let numbers = [number(&first), number(&second), number(&third), number(&fourth)];
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    accept(&fourth, 600).await;
    until(&endpoint, "the refresh", |status| {
        matches!(status.registration, Some(TrunkRegistration::Registered { left }) if left > Duration::from_secs(60))
    })
    .await;
}

#[tokio::test]
async fn a_refused_password_is_not_sent_again_and_again() {
    let carrier = Carrier::start().await;
    let (endpoint, _calls) = start(with(vec![registering(carrier.uri())])).await;
    for nonce in ["a", "b"] {
        let request = carrier.request("REGISTER").await;
        let challenge = format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\"\r\n");
        carrier.answer(&request, "401 Unauthorized", &challenge).await;
    }
    let status = until(&endpoint, "the failure", |status| status.problem.is_some()).await;
    let Some(TrunkRegistration::Waiting { left }) = status.registration else { panic!("{status:?}") };
    assert!(left > Duration::from_secs(25), "{left:?}");
    assert!(!status.up && status.problem.as_deref().is_some_and(|why| why.contains("401")), "{status:?}");
}

#[tokio::test]
async fn a_challenge_that_nobody_can_answer_is_told() {
    let carrier = Carrier::start().await;
    let (endpoint, _calls) = start(with(vec![registering(carrier.uri())])).await;
    let request = carrier.request("REGISTER").await;
    let odd = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256\r\nRetry-After: 100 (later)\r\n";
    carrier.answer(&request, "401 Unauthorized", odd).await;
    let status = until(&endpoint, "the failure", |status| status.problem.is_some()).await;
    let Some(TrunkRegistration::Waiting { left }) = status.registration else { panic!("{status:?}") };
    assert!(left > Duration::from_secs(95), "Retry-After is kept: {left:?}");
}

#[tokio::test]
async fn a_registrar_that_wants_longer_is_asked_for_longer() {
    let carrier = Carrier::start().await;
    let (endpoint, _calls) = start(with(vec![registering(carrier.uri())])).await;
    let first = carrier.request("REGISTER").await;
    carrier.answer(&first, "423 Interval Too Brief", "Min-Expires: 1800\r\n").await;
    let second = carrier.request("REGISTER").await;
    assert_eq!(header(&second.text, "Expires"), Some("1800"));
    carrier.answer(&second, "200 OK", "Expires: 1800\r\n").await;
    until(&endpoint, "the registration", is_registered).await;
}

#[tokio::test]
async fn several_misses_mark_a_trunk_down_and_an_answer_up_again() {
    let carrier = Carrier::start().await;
    let watched = TrunkConfig {
        keepalive: KeepaliveConfig { every: Duration::from_millis(50), misses_max: 2, answers_min: 2 },
        answer_within: Duration::from_millis(100),
        ..trunk("carrier", carrier.uri())
    };
    let (endpoint, _calls) = start(with(vec![watched])).await;
    let options = carrier.request("OPTIONS").await;
    // Whoever refuses OPTIONS lives.
    carrier.answer(&options, "405 Method Not Allowed", "").await;
    let options = carrier.request("OPTIONS").await;
    assert!(endpoint.trunks()[0].up);
    carrier.answer(&options, "503 Service Unavailable", "").await;
    // And then silence.
    let down = until(&endpoint, "it to be down", |status| !status.up).await;
    assert!(down.problem.is_some_and(|why| why.contains("OPTIONS")));
    let answering = async {
        loop {
            let options = carrier.request("OPTIONS").await;
            carrier.answer(&options, "200 OK", "").await;
        }
    };
    tokio::select! {
        () = answering => {}
        up = until(&endpoint, "it to be up", |status| status.up) => assert_eq!(up.problem, None),
    }
}

#[tokio::test]
async fn a_call_goes_to_the_next_server_of_the_dns_on_silence_and_503() {
    let (silent, full, good) = (Carrier::start().await, Carrier::start().await, Carrier::start().await);
    let dns = Zone::start(vec![
        ("carrier.test.", Zone::naptr(10, 10, "SIP+D2U", "_sip._udp.carrier.test.")),
        ("carrier.test.", Zone::naptr(20, 10, "SIP+D2T", "_sip._tcp.carrier.test.")),
        ("_sip._udp.carrier.test.", Zone::srv(30, 0, good.port(), "c.carrier.test.")),
        ("_sip._udp.carrier.test.", Zone::srv(10, 0, silent.port(), "a.carrier.test.")),
        ("_sip._udp.carrier.test.", Zone::srv(20, 0, full.port(), "b.carrier.test.")),
        ("a.carrier.test.", Zone::a()),
        ("b.carrier.test.", Zone::a()),
        ("c.carrier.test.", Zone::a()),
    ])
    .await;
    let (endpoint, _calls) =
        start(found_by(&dns, vec![trunk("carrier", "sip:carrier.test".to_owned())])).await;
    let way = endpoint.ways("+4930123").remove(0);
    let mut leg = endpoint.invite_by_trunk(&way, call_to(String::new())).await.expect("a way");
    let unanswered = silent.request("INVITE").await;
    assert!(unanswered.text.starts_with("INVITE sip:+4930123@carrier.test SIP/2.0"), "{}", unanswered.text);
    let refused = full.request("INVITE").await;
    full.answer(&refused, "100 Trying", "").await;
    full.answer(&refused, "503 Service Unavailable", "").await;
    let taken = good.request("INVITE").await;
    assert_eq!(header(&taken.text, "Call-ID"), header(&unanswered.text, "Call-ID"));
    good.take(&taken).await;
    expect_event!(leg, SipLegEvent::Answered { .. });
    good.request("ACK").await;
    leg.hangup();
    let bye = good.request("BYE").await;
    good.answer(&bye, "200 OK", "").await;
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
    assert_eq!(endpoint.trunks()[0].calls, 0);
}

#[tokio::test]
async fn without_naptr_and_with_a_port_the_dns_is_asked_less() {
    let carrier = Carrier::start().await;
    let dns = Zone::start(vec![
        ("_sip._udp.srv.test.", Zone::srv(1, 1, carrier.port(), "host.test.")),
        ("host.test.", Zone::a()),
    ])
    .await;
    for uri in ["sip:srv.test".to_owned(), format!("sip:host.test:{}", carrier.port())] {
        let (endpoint, _calls) = start(found_by(&dns, vec![trunk("carrier", uri.clone())])).await;
        let way = endpoint.ways("110").remove(0);
        let _leg = endpoint.invite_by_trunk(&way, call_to(String::new())).await.expect("a way");
        let call = carrier.request("INVITE").await;
        carrier.answer(&call, "404 Not Found", "").await;
    }
    let (endpoint, _calls) =
        start(found_by(&dns, vec![trunk("carrier", "sip:nowhere.test".to_owned())])).await;
    let way = endpoint.ways("110").remove(0);
    match endpoint.invite_by_trunk(&way, call_to(String::new())).await {
        Err(SipError::Unreachable(why)) => assert!(why.contains("there is no such name"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(endpoint.trunks()[0].calls, 0, "the place is given back");
}

#[tokio::test]
async fn numbers_go_by_the_closest_trunk_that_is_up_and_has_room() {
    let carrier = Carrier::start().await;
    let route = |numbers: &str, strip, add: &str| TrunkRoute {
        numbers: numbers.parse().expect("a pattern"),
        strip,
        add: add.to_owned(),
    };
    let german =
        TrunkConfig { routes: vec![route("+49*", 3, "0")], calls_max: 1, ..trunk("german", carrier.uri()) };
    let any = TrunkConfig {
        caller_id: CallerId { number: Some("+49301000".to_owned()), trusted: true, withheld: true },
        ..trunk("any", carrier.uri())
    };
    let (endpoint, _calls) = start(with(vec![any, german])).await;
    let ways = endpoint.ways("+49 30 123");
    let named: Vec<_> = ways.iter().map(|way| (way.trunk.as_str(), way.number.reveal().as_str())).collect();
    assert_eq!(named, [("german", "030123"), ("any", "+4930123")]);
    let _first = endpoint.invite_by_trunk(&ways[0], call_to(String::new())).await.expect("room");
    let call = carrier.request("INVITE").await;
    assert!(call.text.contains("INVITE sip:030123@127.0.0.1"), "{}", call.text);
    assert!(header(&call.text, "P-Asserted-Identity").is_none() && header(&call.text, "Privacy").is_none());
    carrier.answer(&call, "180 Ringing", "").await;
    match endpoint.invite_by_trunk(&ways[0], call_to(String::new())).await {
        Err(SipError::TrunkFull { trunk, .. }) => assert_eq!(trunk, "german"),
        other => panic!("{other:?}"),
    }
    let _second = endpoint.invite_by_trunk(&ways[1], call_to(String::new())).await.expect("room");
    let call = carrier.request("INVITE").await;
    let from = header(&call.text, "From").expect("a From");
    assert!(from.contains("sip:anonymous@anonymous.invalid"), "{from}");
    assert_eq!(header(&call.text, "Privacy"), Some("id"));
    assert_eq!(header(&call.text, "P-Asserted-Identity"), Some("<sip:+49301000@127.0.0.1>"));
}

/// What a carrier at loopback sends in, and who it is said to be from.
async fn caller_of(trusted: bool, from: &str, more: &str) -> (String, String, Option<String>) {
    let carrier = Carrier::start().await;
    let german = TrunkConfig {
        numbers: NumberPlan {
            country_code: "49".to_owned(),
            international_prefix: "00".to_owned(),
            national_prefix: "0".to_owned(),
        },
        caller_id: CallerId { trusted, ..CallerId::default() },
        sources: vec!["127.0.0.0/8".parse().expect("a network")],
        ..trunk("carrier", carrier.uri())
    };
    // Nobody else may call: the trunk's own networks let it in.
    let closed = SipConfig { allowed_sources: Vec::new(), ..with(vec![german]) };
    let (endpoint, mut calls) = start(closed).await;
    let peer = Peer::new(&endpoint).await;
    let offer = call_to(String::new()).offer;
    let request = peer
        .request("INVITE", 1, None, &format!("{more}{SDP_LINE}"), &offer)
        .replace("INVITE sip:100@", "INVITE sip:030555@")
        .replace("From: <sip:bob@", &format!("From: <sip:{from}@"));
    peer.send(request).await;
    let call = incoming(&mut calls).await;
    (call.from.reveal().clone(), call.to_user.clone(), call.trunk.clone())
}

#[tokio::test]
async fn a_trusted_trunk_says_who_calls_and_privacy_hides_it() {
    let asserted = "P-Asserted-Identity: \"X\" <sip:00493077@carrier.test>, <tel:+493088>\r\n";
    let private = format!("{asserted}Privacy: id;critical\r\n");
    for (trusted, from, more, expected) in [
        (true, "030123", "", "+4930123"),
        (true, "030123", asserted, "+493077"),
        (false, "030123", asserted, "+4930123"),
        (true, "030123", &private, ""),
        (false, "030123", &private, ""),
        (true, "anonymous", "", ""),
        (true, "anonymous", asserted, "+493077"),
    ] {
        let (number, called, trunk) = caller_of(trusted, from, more).await;
        assert_eq!(number, expected, "{trusted} {from} {more}");
        assert_eq!((called.as_str(), trunk.as_deref()), ("+4930555", Some("carrier")));
    }
}

#[tokio::test]
async fn more_calls_than_a_trunk_may_bring_are_told_when_to_come_back() {
    let carrier = Carrier::start().await;
    let slow = TrunkConfig { calls_per_second_max: 1, calls_max: 2, ..trunk("carrier", carrier.uri()) };
    let (endpoint, mut calls) = start(with(vec![slow])).await;
    endpoint.local_ip_to_trunk("carrier").await.expect("it is found");
    let mut peer = Peer::new(&endpoint).await;
    let offer = call_to(String::new()).offer;
    peer.send(peer.request("INVITE", 1, None, SDP_LINE, &offer)).await;
    let first = incoming(&mut calls).await;
    peer.new_call();
    peer.send(peer.request("INVITE", 1, None, SDP_LINE, &offer)).await;
    let refused = peer.receive_starting("SIP/2.0 503").await;
    assert_eq!(header(&refused, "Retry-After"), Some("1"));
    assert_eq!(endpoint.trunks()[0].calls, 1);
    let answer = answer_to(first.offer.as_deref().expect("an offer"));
    drop(first.accept(answer));
    drop(endpoint);
}

#[tokio::test]
async fn a_registered_trunk_may_call_the_account_and_name_the_number_in_to() {
    let carrier = Carrier::start().await;
    let account = TrunkConfig { register: None, ..registering(carrier.uri()) };
    let (endpoint, mut calls) = start(with(vec![account])).await;
    let peer = Peer::new(&endpoint).await;
    let offer = call_to(String::new()).offer;
    let request = peer
        .request("INVITE", 1, None, SDP_LINE, &offer)
        .replace("INVITE sip:100@", "INVITE sip:alice@")
        .replace("To: <sip:100@", "To: <sip:+4930200@");
    // Known by where the trunk was found, once it was looked up.
    endpoint.local_ip_to_trunk("carrier").await.expect("it is found");
    peer.send(request).await;
    let call = incoming(&mut calls).await;
    assert_eq!((call.to_user.as_str(), call.trunk.as_deref()), ("+4930200", Some("carrier")));
}

#[tokio::test]
async fn behind_a_nat_peers_outside_are_told_the_address_they_see() {
    let outside = "192.0.2.7".parse().expect("an address");
    for (inside, host) in
        [(vec![], "192.0.2.7"), (vec!["127.0.0.0/8".parse().expect("a network")], "127.0.0.1")]
    {
        let carrier = Carrier::start().await;
        let external = Some(External { ip: outside, inside });
        let (endpoint, _calls) =
            start(SipConfig { external, ..with(vec![registering(carrier.uri())]) }).await;
        let there = format!("{host}:{}", endpoint.local_addresses()[0].port());
        let told = |request: &crate::support::carrier::Request, field: &str, begin: &str| {
            let value = header(&request.text, field).expect("it is there").to_owned();
            assert!(value.starts_with(&format!("{begin}{there}")), "{field}: {value}, not {there}");
        };
        let register = carrier.request("REGISTER").await;
        told(&register, "Contact", "<sip:alice@");
        told(&register, "Via", "SIP/2.0/UDP ");
        let way = endpoint.ways("110").remove(0);
        let _leg = endpoint.invite_by_trunk(&way, call_to(String::new())).await.expect("a way");
        let invite = carrier.request("INVITE").await;
        told(&invite, "Contact", "<sip:callwright@");
        told(&invite, "Via", "SIP/2.0/UDP ");
        assert_eq!(endpoint.user_here(&format!("sip:anna@{there}")).as_deref(), Some("anna"));
        assert_eq!(endpoint.user_here("sip:anna@192.0.2.8"), None);
        assert_eq!(endpoint.address_at_trunk(&way), Some(format!("sip:110@127.0.0.1:{}", carrier.port())));
    }
}

#[tokio::test]
async fn a_tls_trunk_that_names_itself_by_number_inside_a_call_is_known_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = rcgen::generate_simple_self_signed(vec!["carrier.test".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("c.key"));
    std::fs::write(&certificate, own.cert.pem()).expect("the folder is ours");
    std::fs::write(&key, own.signing_key.serialize_pem()).expect("the folder is ours");
    let trust = Some(certificate.clone());
    let tls = TlsConfig { identity: Some(Identity { certificate, key }), ..TlsConfig::default() };
    let free = || "127.0.0.1:0".parse().expect("an address");
    let listen_tls = vec![free(), free()];
    let (carrier, mut calls) = start(SipConfig { tls, listen_tls, ..config() }).await;
    // It names the first of its ports in `Contact`, and is called at the second.
    let (_, at) = *carrier.addresses().last().expect("TLS comes last");
    let dns = Zone::start(vec![("carrier.test.", Zone::a())]).await;
    let uri = format!("sip:carrier.test:{};transport=tls", at.port());
    let ours = TlsConfig { trust, ..TlsConfig::default() };
    let (endpoint, _calls) =
        start(SipConfig { tls: ours, ..found_by(&dns, vec![trunk("carrier", uri)]) }).await;
    let way = endpoint.ways("110").remove(0);
    let mut leg = endpoint.invite_by_trunk(&way, call_to(String::new())).await.expect("a way");
    let mut theirs = crate::support::accept(incoming(&mut calls).await);
    expect_event!(leg, SipLegEvent::Answered { .. });
    expect_event!(theirs, SipLegEvent::Established { .. });
    leg.hangup();
    expect_event!(theirs, SipLegEvent::Ended(LegEnd::ByPeer(_)));
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
}
