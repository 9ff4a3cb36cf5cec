//! TLS, WebSocket and what streams have in common, by clients that share nothing with the endpoint but the standard.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use callwright_sip::{
    Identity, LegEnd, OutgoingCall, SipConfig, SipEndpoint, SipError, SipLegEvent, SipTap, TlsConfig,
    Transport,
};
use futures_util::{SinkExt, StreamExt};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::expect_event;
use crate::support::{Peer, accept, body, call_to, config, header, incoming, media, start, to_tag, within};

/// An authority of the test's own, whose certificates lie in a folder.
struct Authority {
    folder: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        let key = KeyPair::generate().expect("a key");
        // Authorities of one name would be taken for one another.
        let name: String = key.public_key_raw().iter().map(|byte| format!("{byte:02x}")).collect();
        params.distinguished_name.push(rcgen::DnType::CommonName, &name[..32]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority");
        let authority = Self { folder: tempfile::tempdir().expect("a folder"), issuer };
        authority.write("authority.pem", &authority.issuer.pem());
        authority
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.path().join(file), text).expect("it can be written");
    }

    /// A certificate for a name or address, and its key.
    fn issue(&self, name: &str, file: &str) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        self.write(&format!("{file}.pem"), &certificate.pem());
        self.write(&format!("{file}.key"), &key.serialize_pem());
        let path = |end: &str| self.folder.path().join(format!("{file}.{end}"));
        Identity { certificate: path("pem"), key: path("key") }
    }

    fn trust(&self) -> TlsConfig {
        TlsConfig { trust: Some(self.folder.path().join("authority.pem")), ..TlsConfig::default() }
    }

    fn connector(&self, identity: Option<&Identity>) -> TlsConnector {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = match identity {
            Some(identity) => builder.with_client_auth_cert(chain(identity), key(identity)).expect("it fits"),
            None => builder.with_no_client_auth(),
        };
        TlsConnector::from(Arc::new(config))
    }
}

fn chain(identity: &Identity) -> Vec<CertificateDer<'static>> {
    vec![CertificateDer::from_pem_file(&identity.certificate).expect("a certificate")]
}

fn key(identity: &Identity) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_file(&identity.key).expect("a key")
}

const ANY: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0));

fn secure(authority: &Authority) -> SipConfig {
    let identity = Some(authority.issue("127.0.0.1", "gateway"));
    let tls = TlsConfig { identity, ..authority.trust() };
    SipConfig { listen_tls: vec![ANY], listen_wss: vec![ANY], listen_ws: vec![ANY], tls, ..config() }
}

fn at(endpoint: &SipEndpoint, transport: Transport) -> SocketAddr {
    let mut found = endpoint.addresses().iter().filter(|(other, _)| *other == transport);
    found.next().expect("it listens for it").1
}

fn request(method: &str, number: u32, transport: &str, to_tag: Option<&str>, body: &str) -> String {
    let tag = to_tag.map(|tag| format!(";tag={tag}")).unwrap_or_default();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} phone.invalid;branch=z9hG4bK-{number}-{method}\r\n\
         From: <sip:bob@phone.invalid>;tag=b\r\nTo: <sip:100@127.0.0.1>{tag}\r\nCall-ID: s-{number}@phone.invalid\r\n\
         CSeq: 1 {method}\r\nContact: <sip:bob@phone.invalid;transport=ws>\r\nMax-Forwards: 70\r\n{kind}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The next whole message of a stream.
async fn receive<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    receive_or_end(stream).await.expect("a message before the end of the connection")
}

/// The next whole message of a stream; `None` when it ends before one.
pub async fn receive_or_end<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    within("a message or the end of the connection", async {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let length = header(&head, "Content-Length").map_or(0, |length| length.parse().expect("a number"));
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        Some(head + &String::from_utf8_lossy(&body))
    })
    .await
}

async fn receive_status<S: AsyncRead + Unpin>(stream: &mut S, status: &str) -> String {
    loop {
        let message = receive(stream).await;
        if message.starts_with(&format!("SIP/2.0 {status}")) {
            return message;
        }
        assert!(message.starts_with("SIP/2.0 1"), "waiting for {status}, got {message}");
    }
}

async fn ended<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut rest = Vec::new();
    // A connection that is reset has ended too.
    let _ = within("the end of the connection", stream.read_to_end(&mut rest)).await;
    String::from_utf8_lossy(&rest).into_owned()
}

async fn shake(
    authority: &Authority,
    endpoint: &SipEndpoint,
    identity: Option<&Identity>,
) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(at(endpoint, Transport::Tls)).await.expect("it listens");
    let name = ServerName::try_from("127.0.0.1").expect("an address");
    within("a handshake", authority.connector(identity).connect(name, stream))
        .await
        .expect("a good certificate")
}

async fn alive<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, number: u32) {
    stream.write_all(request("OPTIONS", number, "TLS", None, "").as_bytes()).await.expect("it takes it");
    receive_status(stream, "200").await;
}

#[tokio::test]
async fn a_call_comes_in_over_tls_and_is_hung_up_on_over_the_same_connection() {
    let authority = Authority::new();
    let (endpoint, mut calls) = start(secure(&authority)).await;
    let mut stream = shake(&authority, &endpoint, None).await;
    let offer = call_to(String::new()).offer;
    stream.write_all(request("INVITE", 1, "TLS", None, &offer).as_bytes()).await.expect("it takes it");
    let call = incoming(&mut calls).await;
    assert_eq!(call.transport, Transport::Tls);
    let mut leg = accept(call);
    let answer = receive_status(&mut stream, "200").await;
    let port = at(&endpoint, Transport::Tls).port();
    let contact = header(&answer, "Contact").expect("a contact").to_lowercase();
    assert!(contact.contains(&format!("127.0.0.1:{port};transport=tls")), "{contact}");
    let ack = request("ACK", 1, "TLS", Some(&to_tag(&answer)), "");
    stream.write_all(ack.as_bytes()).await.expect("it takes it");
    expect_event!(leg, SipLegEvent::Established { .. });
    leg.hangup();
    // The contact names no place that could be found: only the connection leads there.
    let bye = receive(&mut stream).await;
    assert!(bye.starts_with("BYE sip:bob@phone.invalid"), "{bye}");
    let via = header(&bye, "Via").expect("a via");
    assert!(via.starts_with(&format!("SIP/2.0/TLS 127.0.0.1:{port}")), "{via}");
    expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
}

#[tokio::test]
async fn two_endpoints_call_each_other_over_tls_and_sips() {
    let authority = Authority::new();
    let (caller, _calls) = start(secure(&authority)).await;
    let (callee, mut calls) = start(secure(&authority)).await;
    let address = at(&callee, Transport::Tls);
    for to in [format!("sip:100@{address};transport=tls"), format!("sips:100@{address}")] {
        let mut leg = caller.invite(call_to(to.clone())).await.expect("a way");
        let call = incoming(&mut calls).await;
        assert_eq!(call.transport, Transport::Tls, "{to}");
        let mut answered = accept(call);
        loop {
            match within("an answer", leg.next()).await {
                Some(SipLegEvent::Ringing { .. }) => {}
                Some(SipLegEvent::Answered { .. }) => break,
                other => panic!("{to}: {other:?}"),
            }
        }
        expect_event!(answered, SipLegEvent::Established { .. });
        answered.hangup();
        expect_event!(leg, SipLegEvent::Ended(LegEnd::ByPeer(_)));
        expect_event!(answered, SipLegEvent::Ended(LegEnd::ByUs));
    }
}

#[tokio::test]
async fn a_certificate_of_a_stranger_or_for_another_name_is_no_connection() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (callee, _calls) = start(secure(&theirs)).await;
    let (other_name, _others) = {
        let identity = Some(ours.issue("sip.example", "other"));
        start(SipConfig { tls: TlsConfig { identity, ..ours.trust() }, listen_tls: vec![ANY], ..config() })
            .await
    };
    let (caller, _calls) = start(SipConfig { tls: ours.trust(), ..config() }).await;
    for (endpoint, problem) in [(&callee, "UnknownIssuer"), (&other_name, "not valid for name")] {
        let to = format!("sip:100@{};transport=tls", at(endpoint, Transport::Tls));
        match caller.invite(call_to(to)).await {
            Err(SipError::PeerCertificate { why, .. }) => assert!(why.contains(problem), "{why}"),
            other => panic!("{problem}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn callers_need_a_certificate_where_an_authority_for_them_is_named() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let mut config = secure(&ours);
    config.tls.clients = config.tls.trust.clone();
    let (endpoint, _calls) = start(config).await;
    let identity = ours.issue("trunk.example", "trunk");
    alive(&mut shake(&ours, &endpoint, Some(&identity)).await, 1).await;
    for identity in [None, Some(strangers.issue("trunk.example", "trunk"))] {
        // The client has done its part of the handshake before the refusal comes.
        let mut stream = shake(&ours, &endpoint, identity.as_ref()).await;
        let _ = stream.write_all(request("OPTIONS", 2, "TLS", None, "").as_bytes()).await;
        assert_eq!(ended(&mut stream).await, "");
    }
    assert_eq!(endpoint.statistics().failed_handshakes, 2);
}

#[tokio::test]
async fn a_new_certificate_is_used_at_once_and_running_connections_stay() {
    let authority = Authority::new();
    let config = SipConfig { tls_look_every: Duration::from_millis(20), ..secure(&authority) };
    let (endpoint, _calls) = start(config).await;
    let mut old = shake(&authority, &endpoint, None).await;
    alive(&mut old, 1).await;
    let before = old.get_ref().1.peer_certificates().expect("a certificate")[0].clone();

    // Half of a change: the key does not fit the certificate. What was there stays in use.
    authority.write("gateway.key", &KeyPair::generate().expect("a key").serialize_pem());
    assert!(matches!(endpoint.reload_certificates(), Err(SipError::Certificate { .. })));
    alive(&mut shake(&authority, &endpoint, None).await, 2).await;

    authority.issue("127.0.0.1", "gateway");
    let renewed = async {
        loop {
            let mut new = shake(&authority, &endpoint, None).await;
            alive(&mut new, 3).await;
            if new.get_ref().1.peer_certificates().expect("a certificate")[0] != before {
                break;
            }
        }
    };
    within("the new certificate without being told", renewed).await;
    alive(&mut old, 4).await;
}

#[tokio::test]
async fn bad_certificates_are_told_by_file() {
    let authority = Authority::new();
    authority.write("junk.pem", "junk");
    let good = authority.issue("127.0.0.1", "good");
    let other = authority.issue("127.0.0.1", "other");
    let junk = authority.folder.path().join("junk.pem");
    let absent = authority.folder.path().join("absent.pem");
    let identity = |certificate: &Path, key: &Path| {
        Some(Identity { certificate: certificate.to_owned(), key: key.to_owned() })
    };
    for (tls, file) in [
        (TlsConfig { identity: identity(&junk, &good.key), ..TlsConfig::default() }, &junk),
        (TlsConfig { identity: identity(&good.certificate, &junk), ..TlsConfig::default() }, &junk),
        (TlsConfig { identity: identity(&absent, &good.key), ..TlsConfig::default() }, &absent),
        (
            TlsConfig { identity: identity(&good.certificate, &other.key), ..TlsConfig::default() },
            &good.certificate,
        ),
        (TlsConfig { trust: Some(junk.clone()), ..TlsConfig::default() }, &junk),
        (TlsConfig { clients: Some(absent.clone()), ..TlsConfig::default() }, &absent),
    ] {
        match tls.check() {
            Err(SipError::Certificate { file: told, .. }) => assert_eq!(&told, file),
            other => panic!("{other:?} for {}", file.display()),
        }
    }
    let nothing = SipConfig { listen_tls: vec![ANY], ..config() };
    assert!(matches!(SipEndpoint::start(nothing).await, Err(SipError::NoCertificate(_))));
}

#[tokio::test]
async fn what_is_wrong_on_a_stream_is_answered_as_over_udp() {
    let authority = Authority::new();
    let (endpoint, _calls) = start(secure(&authority)).await;
    let good = request("OPTIONS", 1, "TLS", None, "");
    for (status, message) in [
        ("505", good.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia")),
        ("405", good.replace("OPTIONS", "DANCE")),
        ("400", good.replace("CSeq: 1", "CSeq: one")),
        ("400", good.replace(";tag=b", "")),
        ("415", request("INVITE", 2, "TLS", None, "hello").replace("application/sdp", "text/plain")),
    ] {
        let mut secure = shake(&authority, &endpoint, None).await;
        secure.write_all(message.as_bytes()).await.expect("it takes it");
        receive_status(&mut secure, status).await;
        // The next message is found behind it.
        alive(&mut secure, 3).await;
        let mut plain = TcpStream::connect(endpoint.local_addresses()[0]).await.expect("it listens");
        plain.write_all(message.as_bytes()).await.expect("it takes it");
        receive_status(&mut plain, status).await;
        alive(&mut plain, 4).await;
        let (mut socket, _) = open(&endpoint, Transport::Ws, None).await.expect("a handshake");
        socket.send(Message::text(message)).await.expect("it takes it");
        let answer = next(&mut socket).await;
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{answer}");
    }
    for (status, message) in [
        ("400", good.replace("Content-Length: 0\r\n", "")),
        ("400", good.replace("Content-Length: 0", "Content-Length: x")),
        ("513", good.replace("Content-Length: 0", "Content-Length: 100000")),
        ("513", good.replace("Max-Forwards: 70", &format!("X: {}", "x".repeat(60_000)))),
    ] {
        let mut plain = TcpStream::connect(endpoint.local_addresses()[0]).await.expect("it listens");
        let _ = plain.write_all(message.as_bytes()).await;
        let answer = ended(&mut plain).await;
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "expected {status}, got {answer}");
    }
}

#[tokio::test]
async fn who_keeps_a_path_open_is_answered() {
    let (endpoint, _calls) = start(config()).await;
    let mut stream = TcpStream::connect(endpoint.local_addresses()[0]).await.expect("it listens");
    stream.write_all(b"\r\n\r\n").await.expect("it takes it");
    let mut pong = [0; 2];
    within("an answer", stream.read_exact(&mut pong)).await.expect("an answer");
    assert_eq!(&pong, b"\r\n");
    alive(&mut stream, 1).await;
    let peer = Peer::new(&endpoint).await;
    peer.send("\r\n\r\n").await;
    assert_eq!(peer.receive().await, "\r\n");
}

#[tokio::test]
async fn a_peer_that_says_nothing_or_never_ends_is_cut() {
    let authority = Authority::new();
    let config = SipConfig { message_time: Duration::from_millis(100), ..secure(&authority) };
    let (endpoint, _calls) = start(config).await;
    let address = endpoint.local_addresses()[0];
    let mut silent = TcpStream::connect(address).await.expect("it listens");
    assert_eq!(ended(&mut silent).await, "");

    let mut slow = TcpStream::connect(address).await.expect("it listens");
    alive(&mut slow, 1).await;
    slow.write_all(b"OPTIONS sip:100@127.0.0.1 SIP/2.0\r\n").await.expect("it takes it");
    let (mut reading, mut writing) = slow.into_split();
    let dripping = async {
        // Each drop is in time; the whole is not.
        while writing.write_all(b"X: y\r\n").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let cut = async {
        ended(&mut reading).await;
    };
    within("the cut", async {
        tokio::select! { () = dripping => {}, () = cut => {} }
    })
    .await;

    // No handshake comes.
    let mut mute = TcpStream::connect(at(&endpoint, Transport::Tls)).await.expect("it listens");
    assert_eq!(ended(&mut mute).await, "");
    assert!(endpoint.statistics().cut_slow >= 1, "{:?}", endpoint.statistics());
    assert_eq!(endpoint.statistics().failed_handshakes, 1);
}

#[tokio::test]
async fn a_peer_that_does_not_read_delays_nobody() {
    let (endpoint, _calls) = start(config()).await;
    let address = endpoint.local_addresses()[0];
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let mut deaf = socket.connect(address).await.expect("it listens");
    // Until its own buffers, ours and the system's are full: then nothing more is taken.
    let mut number = 100;
    loop {
        number += 1;
        let message = request("OPTIONS", number, "TCP", None, "");
        let written =
            tokio::time::timeout(Duration::from_millis(300), deaf.write_all(message.as_bytes())).await;
        if written.is_err() {
            break;
        }
    }
    let mut other = TcpStream::connect(address).await.expect("it listens");
    let begun = std::time::Instant::now();
    for number in 1..20 {
        alive(&mut other, number).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

type Socket = tokio_tungstenite::WebSocketStream<Box<dyn Both>>;

trait Both: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}

async fn open_with(
    stream: Box<dyn Both>,
    protocol: &str,
    origin: Option<&str>,
) -> Result<(Socket, Option<String>), Error> {
    let mut request = "ws://127.0.0.1/".into_client_request().expect("a request");
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", protocol.parse().expect("a protocol"));
    if let Some(origin) = origin {
        headers.insert("origin", origin.parse().expect("an origin"));
    }
    let (socket, response) = within("a handshake", tokio_tungstenite::client_async(request, stream)).await?;
    let chosen = response.headers().get("sec-websocket-protocol");
    Ok((socket, chosen.and_then(|chosen| chosen.to_str().ok()).map(str::to_owned)))
}

async fn open(
    endpoint: &SipEndpoint,
    transport: Transport,
    origin: Option<&str>,
) -> Result<(Socket, Option<String>), Error> {
    let stream = TcpStream::connect(at(endpoint, transport)).await.expect("it listens");
    open_with(Box::new(stream), "sip", origin).await
}

async fn next(socket: &mut Socket) -> String {
    loop {
        match within("a message", socket.next()).await.expect("an open socket").expect("a message") {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_call_comes_in_over_websocket_plain_and_secure() {
    let authority = Authority::new();
    let (endpoint, mut calls) = start(secure(&authority)).await;
    for (number, transport, token) in [(1, Transport::Ws, "WS"), (2, Transport::Wss, "WSS")] {
        let tcp = TcpStream::connect(at(&endpoint, transport)).await.expect("it listens");
        let stream: Box<dyn Both> = if transport == Transport::Wss {
            let name = ServerName::try_from("127.0.0.1").expect("an address");
            Box::new(authority.connector(None).connect(name, tcp).await.expect("a handshake"))
        } else {
            Box::new(tcp)
        };
        let (mut socket, chosen) = open_with(stream, "sip", None).await.expect("a handshake");
        assert_eq!(chosen.as_deref(), Some("sip"));
        let offer = call_to(String::new()).offer;
        // No length is needed: the message ends where the frame does (RFC 7118 section 5.1).
        let invite = request("INVITE", number, token, None, &offer);
        let invite = invite.replace(&format!("Content-Length: {}\r\n", offer.len()), "");
        socket.send(Message::binary(invite)).await.expect("it takes it");
        let call = incoming(&mut calls).await;
        assert_eq!(call.transport, transport);
        let mut leg = accept(call);
        let answer = loop {
            let answer = next(&mut socket).await;
            if answer.starts_with("SIP/2.0 200") {
                break answer;
            }
        };
        assert!(body(&answer).starts_with("v=0"), "{answer}");
        let ack = request("ACK", number, token, Some(&to_tag(&answer)), "");
        socket.send(Message::text(ack)).await.expect("it takes it");
        expect_event!(leg, SipLegEvent::Established { .. });
        leg.hangup();
        let bye = next(&mut socket).await;
        assert!(bye.starts_with("BYE ") && bye.contains(&format!("Via: SIP/2.0/{token} ")), "{bye}");
        expect_event!(leg, SipLegEvent::Ended(LegEnd::ByUs));
        socket.send(Message::Ping("x".into())).await.expect("it takes it");
        loop {
            match within("a pong", socket.next()).await.expect("an open socket").expect("a message") {
                Message::Pong(payload) => break assert_eq!(&payload[..], b"x"),
                Message::Text(_) | Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn pages_of_elsewhere_and_other_protocols_open_no_websocket() {
    let page = "https://desk.example";
    let config = SipConfig { listen_ws: vec![ANY], origins: vec![page.to_owned()], ..config() };
    let (endpoint, _calls) = start(config).await;
    assert!(open(&endpoint, Transport::Ws, Some(page)).await.is_ok());
    assert!(open(&endpoint, Transport::Ws, None).await.is_ok());
    let refused = |opened: Result<(Socket, Option<String>), Error>| match opened {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was let in"),
    };
    assert_eq!(refused(open(&endpoint, Transport::Ws, Some("https://else.example")).await), 403);
    let stream = TcpStream::connect(at(&endpoint, Transport::Ws)).await.expect("it listens");
    assert_eq!(refused(open_with(Box::new(stream), "xmpp", None).await), 400);
    assert_eq!(endpoint.statistics().failed_handshakes, 2);

    let (mut socket, _) = open(&endpoint, Transport::Ws, None).await.expect("a handshake");
    let _ = socket.send(Message::text("x".repeat(70_000))).await;
    let end = async { while socket.next().await.is_some_and(|message| message.is_ok()) {} };
    within("the end of a socket with too large a message", end).await;
}

#[tokio::test]
async fn sources_that_may_not_call_hear_it_over_every_transport() {
    let authority = Authority::new();
    let config = SipConfig { allowed_sources: Vec::new(), ..secure(&authority) };
    let (endpoint, _calls) = start(config).await;
    let invite = request("INVITE", 1, "TLS", None, &call_to(String::new()).offer);
    let mut stream = shake(&authority, &endpoint, None).await;
    stream.write_all(invite.as_bytes()).await.expect("it takes it");
    receive_status(&mut stream, "603").await;
    let (mut socket, _) = open(&endpoint, Transport::Ws, None).await.expect("a handshake");
    socket.send(Message::text(invite)).await.expect("it takes it");
    assert!(next(&mut socket).await.starts_with("SIP/2.0 603"));
}

#[tokio::test]
async fn who_looks_on_is_told_every_message_in_clear() {
    let authority = Authority::new();
    let (tap, mut seen) = SipTap::new(5);
    let (endpoint, _calls) = start(SipConfig { tap: Some(tap.clone()), ..secure(&authority) }).await;
    let mut stream = shake(&authority, &endpoint, None).await;
    alive(&mut stream, 1).await;
    let (mut socket, _) = open(&endpoint, Transport::Ws, None).await.expect("a handshake");
    socket.send(Message::text(request("OPTIONS", 2, "WS", None, ""))).await.expect("it takes it");
    assert!(next(&mut socket).await.starts_with("SIP/2.0 200"));
    let own = stream.get_ref().0.local_addr().expect("it is connected");
    for (transport, peer) in [(Transport::Tls, Some(own)), (Transport::Ws, None)] {
        let came = within("what came", seen.recv()).await.expect("the tap is open");
        assert!(came.bytes.starts_with(b"OPTIONS sip:100@127.0.0.1 SIP/2.0"), "{came:?}");
        assert_eq!((came.transport, came.destination), (transport, at(&endpoint, transport)));
        assert!(peer.is_none_or(|peer| peer == came.source), "{came:?}");
        let went = within("what went", seen.recv()).await.expect("the tap is open");
        assert!(went.bytes.starts_with(b"SIP/2.0 200"), "{went:?}");
        assert_eq!((went.source, went.destination), (came.destination, came.source));
    }
    assert_eq!(tap.lost(), 0);
    // Nobody waits for who does not look: three times two are one more than there is room for.
    for number in 3..6 {
        alive(&mut stream, number).await;
    }
    assert_eq!(tap.lost(), 1);
}

#[tokio::test]
async fn a_server_that_asks_who_we_are_is_shown_our_certificate() {
    let authority = Authority::new();
    let identity = authority.issue("127.0.0.1", "trunk");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.issuer.der().clone()).expect("a certificate");
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(chain(&identity), key(&identity))
        .expect("it fits");
    let listener = TcpListener::bind(ANY).await.expect("a free port");
    let (endpoint, _calls) = start(secure(&authority)).await;
    let to = format!("sip:100@{};transport=tls", listener.local_addr().expect("it is bound"));
    let call = OutgoingCall::new(
        to,
        "sip:alice@127.0.0.1",
        callwright_call_core::sdp::offer(&media(40_000)).to_string(),
    );
    let accepting = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut stream = TlsAcceptor::from(Arc::new(server)).accept(stream).await.expect("a handshake");
        let invite = receive(&mut stream).await;
        (invite, stream.get_ref().1.peer_certificates().map(<[_]>::len))
    };
    let (leg, (invite, shown)) = tokio::join!(endpoint.invite(call), within("an INVITE", accepting));
    leg.expect("a way").hangup();
    assert!(invite.starts_with("INVITE sip:100@127.0.0.1"), "{invite}");
    assert_eq!(shown, Some(1));
}
