//! What a telecom engineer is shown of a call: by a Homer collector, and as a file that tshark reads. A telephone of raw sockets
//! places one call with all sorts of secrets in it.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::ops::Index;
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use callwright_tests::{Gateway, Settings, command};
use serde_json::Value as Json;

/// Secrets that the telephone tells: a proof, a key of media, and a key that was pressed.
const RESPONSE: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const MEDIA_KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const PASSWORD: &str = "collector-password";

/// A telephone that says what it is told to and listens for one answer.
struct Telephone {
    socket: UdpSocket,
    gateway: SocketAddr,
    call_id: String,
    contact: String,
    to: String,
}

impl Telephone {
    fn new(gateway: &Gateway, call_id: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_read_timeout(Some(PATIENCE)).expect("it can be set");
        let address = gateway.sip.parse().expect("an address");
        let to = format!("<sip:airline@{}>", gateway.sip);
        Self { socket, gateway: address, call_id: call_id.to_owned(), contact: to.clone(), to }
    }

    fn send(&self, method: &str, number: u32, more: &str, body: &str) {
        let Self { call_id, contact, to, .. } = self;
        let own = self.socket.local_addr().expect("it is bound");
        let uri = contact.trim_matches(['<', '>']);
        let message = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{method}{number}\r\nFrom: <sip:alice@{own}>;tag=a1\r\n\
             To: {to}\r\nCall-ID: {call_id}\r\nCSeq: {number} {method}\r\nContact: <sip:alice@{own}>\r\nMax-Forwards: 70\r\n{more}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.socket.send_to(message.as_bytes(), self.gateway).expect("sent");
    }

    /// Waits for a final answer; what came in between does not matter.
    fn answered(&self) -> String {
        let mut buffer = [0; 8_192];
        loop {
            let length = self.socket.recv(&mut buffer).expect("an answer in time");
            let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if answer.starts_with("SIP/2.0 ") && !answer.starts_with("SIP/2.0 1") {
                return answer;
            }
        }
    }

    fn field(answer: &str, name: &str) -> String {
        let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
    }
}

/// The chunks of a datagram, by their type.
struct Chunks(BTreeMap<u16, Vec<u8>>);

impl Index<u16> for Chunks {
    type Output = [u8];

    fn index(&self, kind: u16) -> &[u8] {
        self.0.get(&kind).unwrap_or_else(|| panic!("no chunk {kind:#x}"))
    }
}

/// What the collector got.
struct Collector(Receiver<Chunks>, SocketAddr);

impl Collector {
    fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        let (got, all) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(length) = socket.recv(&mut buffer) {
                if got.send(chunks(&buffer[..length])).is_err() {
                    return;
                }
            }
        });
        Self(all, address)
    }

    /// Takes what comes into `all` until it is as wanted.
    fn until(&self, all: &mut Vec<Chunks>, wanted: impl Fn(&[Chunks]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(all) {
            let left = deadline.saturating_duration_since(Instant::now());
            all.push(self.0.recv_timeout(left).expect("the collector is told in time"));
        }
    }
}

/// By the specification of HEP3: a head of six bytes with the length of all, then chunks with vendor, type and length.
fn chunks(datagram: &[u8]) -> Chunks {
    assert_eq!(
        (&datagram[..4], datagram[4..6] == (datagram.len() as u16).to_be_bytes()),
        (b"HEP3".as_slice(), true)
    );
    let (mut rest, mut chunks) = (&datagram[6..], BTreeMap::new());
    while !rest.is_empty() {
        let length = usize::from(u16::from_be_bytes([rest[4], rest[5]]));
        chunks.insert(u16::from_be_bytes([rest[2], rest[3]]), rest[6..length].to_vec());
        rest = &rest[length..];
    }
    Chunks(chunks)
}

fn tshark(file: &std::path::Path, port: u16, arguments: &[&str]) -> String {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(file)
        .args([
            "-d",
            &format!("udp.port=={port},sip"),
            "-o",
            "ip.check_checksum:TRUE",
            "-o",
            "udp.check_checksum:TRUE",
        ])
        .args(arguments)
        .output()
        .expect("tshark runs: it is in the Debian package tshark, see scripts/setup --tests");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_engineer_sees_the_ladder_and_the_streams_and_no_secret() {
    let collector = Collector::start();
    let secret = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(secret.path(), PASSWORD).expect("written");
    let top = format!(
        "telemetry = {{ hep = \"udp:{}\", hep_id = 7, hep_password = \"file:{}\" }}\ncapture = {{ rtp = \"heads\" }}",
        collector.1,
        secret.path().display()
    );
    let gateway = Gateway::start(&Settings { top, ..Settings::default() });
    let sound = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let mut phone = Telephone::new(&gateway, "ladder@example");
    let offer = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 0\r\n\
         a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{MEDIA_KEY}|2^20\r\n",
        sound.local_addr().expect("it is bound").port()
    );
    let proof = format!("Authorization: Digest username=\"alice\", realm=\"x\", response=\"{RESPONSE}\"\r\n");
    phone.send("INVITE", 1, &format!("{proof}Content-Type: application/sdp\r\n"), &offer);
    let answer = phone.answered();
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    (phone.contact, phone.to) = (Telephone::field(&answer, "Contact"), Telephone::field(&answer, "To"));
    phone.send("ACK", 1, "", "");
    let mut told = Vec::new();
    collector.until(&mut told, |all| all.iter().any(|chunks| chunks[0x0b] == [5]));
    phone.send("INFO", 2, "Content-Type: application/dtmf-relay\r\n", "Signal=7\r\nDuration=160\r\n");
    assert!(phone.answered().starts_with("SIP/2.0 200"));
    phone.send("BYE", 3, "", "");
    assert!(phone.answered().starts_with("SIP/2.0 200"));
    // Messages and the log come by ways of their own.
    let farewell = |chunks: &Chunks| {
        let text = String::from_utf8_lossy(&chunks[0x0f]);
        text.starts_with("SIP/2.0 200") && text.contains("CSeq: 3 BYE")
    };
    collector.until(&mut told, |all| all.iter().any(ended) && all.iter().any(farewell));

    let call = the_collector_knows_it_all(&told);
    let file = gateway.folder.path().join("call.pcap");
    let at = format!("http://{}", gateway.web);
    let output = command().args(["capture", &call, "--at", &at, "-o"]).arg(&file).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    tshark_reads_it(&file, phone.gateway.port());
    assert!(gateway.get("/v1/calls/0000000000000001/capture.pcap").contains("nothing is kept of this call"));
}

fn ended(chunks: &Chunks) -> bool {
    chunks[0x0b] == [0x64]
        && serde_json::from_slice::<Json>(&chunks[0x0f]).is_ok_and(|line| line["event"] == "ended")
}

/// Tells which call it was.
fn the_collector_knows_it_all(told: &[Chunks]) -> String {
    let of = |kind: u8| told.iter().filter(move |chunks| chunks[0x0b] == [kind]);
    let lines: Vec<String> = of(1)
        .filter(|chunks| chunks[0x11] == *b"ladder@example")
        .map(|chunks| String::from_utf8_lossy(&chunks[0x0f]).lines().next().unwrap_or_default().to_owned())
        .collect();
    for begin in ["INVITE ", "ACK ", "INFO ", "BYE "] {
        assert_eq!(lines.iter().filter(|line| line.starts_with(begin)).count(), 1, "{begin}: {lines:?}");
    }
    // A slow machine may have said it twice.
    assert!(lines.iter().filter(|line| *line == "SIP/2.0 200 OK").count() >= 3, "{lines:?}");
    for chunks in told {
        assert_eq!((&chunks[0x0c], &chunks[0x0e]), ([0, 0, 0, 7].as_slice(), PASSWORD.as_bytes()));
        hides(&chunks[0x0f]);
    }
    let report = of(5).next().expect("control packets are told");
    assert_eq!(report[0x11], *b"ladder@example");
    let report: Json = serde_json::from_slice(&report[0x0f]).expect("JSON");
    assert!(
        report["ssrc"].is_u64() && report["sender_information"]["packets"].as_u64() > Some(0),
        "{report}"
    );
    let log: Json = serde_json::from_slice(&told.iter().find(|chunks| ended(chunks)).expect("a log")[0x0f])
        .expect("JSON");
    assert_eq!((&log["legs"][0], &log["detail"]["by"]), (&"ladder@example".into(), &"caller".into()));
    log["call"].as_str().expect("its name").to_owned()
}

fn hides(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in [RESPONSE, MEDIA_KEY, "Signal=7"] {
        assert!(!text.contains(secret), "{text}");
    }
}

fn tshark_reads_it(file: &std::path::Path, port: u16) {
    hides(&std::fs::read(file).expect("it is there"));
    let ladder =
        tshark(file, port, &["-Y", "sip", "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code"]);
    let mut ladder: Vec<&str> = ladder.split_whitespace().filter(|step| !step.starts_with('1')).collect();
    ladder.dedup();
    assert_eq!(ladder, ["INVITE", "200", "ACK", "INFO", "200", "BYE", "200"]);
    let streams = tshark(file, port, &["-q", "-z", "rtp,streams"]);
    assert!(streams.contains("127.0.0.1") && streams.contains("g711U"), "{streams}");
    let wrong = tshark(
        file,
        port,
        &["-Y", "ip.checksum.status == 0 || udp.checksum.status == 0 || (sip && _ws.malformed)"],
    );
    assert_eq!(wrong, "");
}

/// Far more than a control packet takes to be due.
const PATIENCE: Duration = Duration::from_secs(30);
