//! What the tests share.

pub mod carrier;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use callwright_call_core::sdp::{self, LocalMedia, SessionDescription};
use callwright_model::Codec;
use callwright_sip::{IncomingCall, OutgoingCall, SipConfig, SipEndpoint, SipEvent, SipLeg, SipLegEvent};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::Receiver;

/// Fails the test instead of waiting for ever.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(15), future).await {
        Ok(done) => done,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

pub fn config() -> SipConfig {
    SipConfig { listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))], ..SipConfig::default() }
}

pub async fn start(config: SipConfig) -> (SipEndpoint, Receiver<SipEvent>) {
    SipEndpoint::start(config).await.expect("a free port on loopback")
}

pub fn uri(endpoint: &SipEndpoint, user: &str, transport: &str) -> String {
    format!("sip:{user}@{};transport={transport}", endpoint.local_addresses()[0])
}

pub fn media(port: u16) -> LocalMedia {
    LocalMedia::new("127.0.0.1".parse().expect("an address"), port, &[Codec::Pcmu, Codec::Pcma], 1)
}

pub fn call_to(to: String) -> OutgoingCall {
    OutgoingCall::new(to, "sip:alice@127.0.0.1", sdp::offer(&media(40_000)).to_string())
}

pub fn answer_to(offer: &str) -> String {
    let offer: SessionDescription = offer.parse().expect("an offer that reads");
    sdp::answer(&offer, &media(40_002)).expect("a codec in common").0.to_string()
}

pub async fn incoming(events: &mut Receiver<SipEvent>) -> IncomingCall {
    match within("an incoming call", events.recv()).await {
        Some(SipEvent::Incoming(call)) => call,
        None => panic!("the endpoint is gone"),
    }
}

pub async fn next(leg: &mut SipLeg) -> SipLegEvent {
    within("an event of the leg", leg.next()).await.expect("a leg that has not ended")
}

/// The next event must be of this shape.
#[macro_export]
macro_rules! expect_event {
    ($leg:expr, $shape:pat $(=> $value:expr)?) => {
        match $crate::support::next(&mut $leg).await {
            $shape => { $($value)? }
            other => panic!("expected {}, got {other:?}", stringify!($shape)),
        }
    };
}

/// Answers a call with the offer it has.
pub fn accept(call: IncomingCall) -> SipLeg {
    let answer = answer_to(call.offer.as_deref().expect("an offer"));
    call.accept(answer)
}

/// A peer that says exactly what it is told, over UDP.
pub struct Peer {
    socket: UdpSocket,
    to: SocketAddr,
    call: u32,
}

impl Peer {
    pub async fn new(endpoint: &SipEndpoint) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let mut to = endpoint.local_addresses()[0];
        to.set_ip("127.0.0.1".parse().expect("an address"));
        Self { socket, to, call: 0 }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("it is bound")
    }

    /// Whom it talks to.
    pub fn to(&self) -> SocketAddr {
        self.to
    }

    /// A new call begins: another `Call-ID` from here on.
    pub fn new_call(&mut self) {
        self.call += 1;
    }

    pub async fn send(&self, datagram: impl AsRef<[u8]>) {
        self.socket.send_to(datagram.as_ref(), self.to).await.expect("loopback takes it");
    }

    pub async fn receive(&self) -> String {
        let mut buffer = vec![0; 65_536];
        let (length, _) = within("a datagram", self.socket.recv_from(&mut buffer)).await.expect("a datagram");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// The next message that begins so; provisional answers and repetitions are skipped.
    pub async fn receive_starting(&self, start: &str) -> String {
        loop {
            let message = self.receive().await;
            if message.starts_with(start) {
                return message;
            }
            assert!(
                message.starts_with("SIP/2.0 1") || message.starts_with("SIP/2.0 2"),
                "waiting for {start}, got {message}"
            );
        }
    }

    /// A request; `to_tag` puts it inside a dialog. `more` are header lines, each with its line end.
    pub fn request(&self, method: &str, number: u32, to_tag: Option<&str>, more: &str, body: &str) -> String {
        let (here, to, call) = (self.address(), self.to, self.call);
        let tag = to_tag.map(|tag| format!(";tag={tag}")).unwrap_or_default();
        // An ACK of a 200 and every other request have branches of their own; a CANCEL has its INVITE's.
        let branch = if method == "CANCEL" { "INVITE" } else { method };
        format!(
            "{method} sip:100@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch=z9hG4bK-{call}-{number}-{branch}\r\n\
             From: <sip:bob@{here}>;tag=b{call}\r\nTo: <sip:100@{to}>{tag}\r\nCall-ID: raw-{call}@{here}\r\n\
             CSeq: {number} {method}\r\nContact: <sip:bob@{here}>\r\nMax-Forwards: 70\r\n{more}Content-Length: {}\r\n\r\n{body}",
            body.len(),
        )
    }

    /// INVITE, 200, ACK; gives the tag of the other end and its answer.
    pub async fn call(&self, body: &str, ack_body: &str) -> (String, String) {
        let kind = |body: &str| if body.is_empty() { "" } else { SDP_LINE };
        self.send(self.request("INVITE", 1, None, kind(body), body)).await;
        let answer = self.receive_starting("SIP/2.0 200").await;
        let tag = to_tag(&answer);
        self.send(self.request("ACK", 1, Some(&tag), kind(ack_body), ack_body)).await;
        (tag, answer)
    }
}

pub const SDP_LINE: &str = "Content-Type: application/sdp\r\n";

/// The value of a header.
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

pub fn to_tag(message: &str) -> String {
    let to = header(message, "To").expect("a To header");
    to.split(";tag=").nth(1).expect("a tag").split(';').next().expect("a tag").to_owned()
}

pub fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
