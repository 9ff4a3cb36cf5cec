//! The other side of a trunk: a server that says what it is told, and a name server with a few records.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;

use super::{answer_to, body, header, within};

/// A carrier at a port of its own. Repetitions of what it was sent are not shown again.
pub struct Carrier {
    socket: UdpSocket,
    seen: std::sync::Mutex<std::collections::HashSet<String>>,
}

/// What it was sent.
pub struct Request {
    pub text: String,
    from: SocketAddr,
}

impl Carrier {
    pub async fn start() -> Self {
        Self { socket: UdpSocket::bind("127.0.0.1:0").await.expect("a free port"), seen: Default::default() }
    }

    pub fn port(&self) -> u16 {
        self.socket.local_addr().expect("it is bound").port()
    }

    pub fn uri(&self) -> String {
        format!("sip:127.0.0.1:{}", self.port())
    }

    /// The next request of a method; others and repetitions are skipped.
    pub async fn request(&self, method: &str) -> Request {
        within(method, async {
            let mut buffer = vec![0; 65_536];
            loop {
                let (length, from) = self.socket.recv_from(&mut buffer).await.expect("a datagram");
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let id = format!("{method} {}", header(&text, "Via").unwrap_or_default());
                let new = self.seen.lock().expect("nobody panics with it").insert(id);
                if new && text.starts_with(&format!("{method} ")) {
                    return Request { text, from };
                }
            }
        })
        .await
    }

    /// The next request, repetitions among them.
    pub async fn any_request(&self) -> Request {
        let mut buffer = vec![0; 65_536];
        let (length, from) = self.socket.recv_from(&mut buffer).await.expect("a datagram");
        Request { text: String::from_utf8_lossy(&buffer[..length]).into_owned(), from }
    }

    /// Answers; `more` are header lines, each with its line end.
    pub async fn answer(&self, request: &Request, status: &str, more: &str) {
        self.send(request, status, more, "").await;
    }

    /// Answers a call.
    pub async fn take(&self, request: &Request) {
        let contact = format!("Contact: <sip:carrier@127.0.0.1:{}>\r\n", self.port());
        let more = format!("{contact}{}", super::SDP_LINE);
        self.send(request, "200 OK", &more, &answer_to(body(&request.text))).await;
    }

    async fn send(&self, request: &Request, status: &str, more: &str, body: &str) {
        let copied = |name: &str| header(&request.text, name).expect("every request has it").to_owned();
        let answer = format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=c{}\r\nCall-ID: {}\r\nCSeq: {}\r\n{more}Content-Length: {}\r\n\r\n{body}",
            copied("Via"),
            copied("From"),
            copied("To").split(";tag=").next().expect("the begin of it"),
            self.port(),
            copied("Call-ID"),
            copied("CSeq"),
            body.len(),
        );
        self.socket.send_to(answer.as_bytes(), request.from).await.expect("loopback takes it");
    }
}

/// A name server for a few names.
pub struct Zone {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

/// Type and data of a record, as they go over the wire.
pub type Record = (u16, Vec<u8>);

impl Zone {
    pub async fn start(records: Vec<(&'static str, Record)>) -> Self {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a free port"));
        let address = socket.local_addr().expect("it is bound");
        let task = tokio::spawn(async move {
            let mut buffer = [0; 4_096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let answer = answered(&buffer[..length], &records);
                socket.send_to(&answer, from).await.expect("loopback takes it");
            }
        });
        Self { address, task }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn a() -> Record {
        (1, vec![127, 0, 0, 1])
    }

    pub fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Record {
        let numbers = [priority, weight, port].into_iter().flat_map(u16::to_be_bytes);
        (33, numbers.chain(name(target)).collect())
    }

    pub fn naptr(order: u16, preference: u16, service: &str, replacement: &str) -> Record {
        let mut data: Vec<u8> = [order, preference].into_iter().flat_map(u16::to_be_bytes).collect();
        for text in ["s", service, ""] {
            data.push(u8::try_from(text.len()).expect("short"));
            data.extend(text.as_bytes());
        }
        data.extend(name(replacement));
        (35, data)
    }
}

impl Drop for Zone {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn name(text: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        wire.push(u8::try_from(label.len()).expect("a label is short"));
        wire.extend(label.as_bytes());
    }
    wire.push(0);
    wire
}

/// RFC 1035: the question comes back with the records of its name and type; a name without any is not there.
fn answered(question: &[u8], records: &[(&'static str, Record)]) -> Vec<u8> {
    let end = 12 + question[12..].iter().position(|byte| *byte == 0).expect("a name ends") + 1;
    let asked = question[12..end].to_ascii_lowercase();
    let kind = u16::from_be_bytes([question[end], question[end + 1]]);
    let of_name: Vec<&Record> =
        records.iter().filter(|(owner, _)| name(owner) == asked).map(|(_, record)| record).collect();
    let found: Vec<&&Record> = of_name.iter().filter(|(of_kind, _)| *of_kind == kind).collect();
    let mut answer = question[..2].to_vec();
    answer.extend([0x84, if of_name.is_empty() { 3 } else { 0 }, 0, 1]);
    answer.extend(u16::try_from(found.len()).expect("a few").to_be_bytes());
    answer.extend([0; 4]);
    answer.extend(&question[12..end + 4]);
    for (kind, data) in found {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60]);
        answer.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        answer.extend(data);
    }
    answer
}
