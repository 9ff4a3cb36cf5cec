//! Trunks of the whole gateway: whose calls come in, and by which way numbers go out.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use callwright_tests::{Gateway, Place, Settings, eventually, program, repository};
use tokio::net::UdpSocket;

/// A SIP element that says exactly what it is told, over UDP.
struct Peer {
    socket: UdpSocket,
    gateway: SocketAddr,
}

impl Peer {
    async fn at(ip: &str, gateway: SocketAddr) -> Self {
        Self { socket: UdpSocket::bind((ip, 0)).await.expect("loopback has room"), gateway }
    }

    fn port(&self) -> u16 {
        self.socket.local_addr().expect("it is bound").port()
    }

    /// The next message that begins so, and where it came from; others are skipped.
    async fn hears(&self, start: &str) -> (String, SocketAddr) {
        let mut buffer = vec![0; 16_384];
        let heard = async {
            loop {
                let (length, from) = self.socket.recv_from(&mut buffer).await.expect("a datagram");
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if text.starts_with(start) {
                    return (text, from);
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap_or_else(|_| panic!("no `{start}`"))
    }

    async fn says(&self, method: &str, number: u32, to_tag: &str, more: &str, body: &str) {
        let (ours, theirs) = (self.socket.local_addr().expect("it is bound"), self.gateway);
        let text = format!(
            "{method} sip:100@{theirs} SIP/2.0\r\nVia: SIP/2.0/UDP {ours};branch=z9hG4bK{method}{number}\r\n\
             From: <sip:bob@{ours}>;tag=b\r\nTo: <sip:100@{theirs}>{to_tag}\r\nCall-ID: {}@test\r\n\
             CSeq: {number} {method}\r\nContact: <sip:bob@{ours}>\r\nMax-Forwards: 70\r\n{more}Content-Length: {}\r\n\r\n{body}",
            ours.port(),
            body.len()
        );
        self.socket.send_to(text.as_bytes(), theirs).await.expect("loopback takes it");
    }

    async fn answers(&self, (request, from): &(String, SocketAddr), status: &str) {
        let copied = |name: &str| header(request, name);
        let text = format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=c\r\nCall-ID: {}\r\nCSeq: {}\r\nContent-Length: 0\r\n\r\n",
            copied("Via"),
            copied("From"),
            copied("To"),
            copied("Call-ID"),
            copied("CSeq"),
        );
        self.socket.send_to(text.as_bytes(), from).await.expect("loopback takes it");
    }
}

fn header(message: &str, name: &str) -> String {
    let found = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in {message}")).to_owned()
}

/// Looks until something is so.
async fn until(what: &str, wanted: impl Fn() -> bool) {
    let looking = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while !wanted() {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.unwrap_or_else(|_| panic!("never: {what}"));
}

const SDP: &str = "Content-Type: application/sdp\r\n";

fn offer(port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 8\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_brings_calls_to_its_line_and_numbers_go_by_the_next_one_that_takes_them() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let (busy, good) = (Peer::at("127.0.0.1", nobody).await, Peer::at("127.0.0.1", nobody).await);
    let trunk = |name: &str, port: u16, rest: &str| {
        format!(
            "[[trunk]]\nname = \"{name}\"\naddress = \"sip:127.0.0.1:{port}\"\nkeepalive = {{ every = \"0s\" }}\n{rest}"
        )
    };
    let top = [
        trunk("busy", busy.port(), "codecs = [\"pcma\"]\n[[trunk.route]]\nnumbers = \"+49*\"\n"),
        trunk(
            "good",
            good.port(),
            "codecs = [\"pcmu\"]\ncaller_id = { number = \"+4930200\" }\n\
             [[trunk.route]]\nnumbers = \"*\"\nstrip = 3\nadd = \"0\"\n",
        ),
    ];
    let gateway = Gateway::start(&Settings {
        top: top.concat(),
        sip: "accept_from_anyone = false".to_owned(),
        line: "trunk = [\"busy\"]".to_owned(),
        humans: vec!["tel:+49-30-999".to_owned()],
        ..Settings::default()
    });
    let address: SocketAddr = gateway.sip.parse().expect("an address");

    // Whoever is no trunk's, is nobody.
    let stranger = Peer::at("127.0.0.2", address).await;
    stranger.says("INVITE", 1, "", SDP, &offer(40_000)).await;
    stranger.hears("SIP/2.0 603").await;

    let caller = Peer::at("127.0.0.1", address).await;
    caller.says("INVITE", 1, "", SDP, &offer(40_000)).await;
    let (answer, _) = caller.hears("SIP/2.0 200").await;
    assert!(answer.contains(" RTP/AVP 8\r\n"), "the trunk's codec is the only one: {answer}");
    let to = header(&answer, "To");
    let tag = to.find(";tag=").map(|at| &to[at..]).expect("an answer has a tag");
    caller.says("ACK", 1, tag, "", "").await;
    until("the call is shown with its trunk", || {
        let calls = gateway.get("/v1/calls");
        calls.contains("\"trunk\":\"busy\"") && calls.contains("\"line\":\"airline\"")
    })
    .await;

    // The key for a person, whose number both trunks take; the first has no room.
    let relay = "Content-Type: application/dtmf-relay\r\n";
    caller.says("INFO", 2, tag, relay, "Signal=0\r\nDuration=100\r\n").await;
    let refused = busy.hears("INVITE ").await;
    assert!(refused.0.starts_with("INVITE sip:+4930999@127.0.0.1"), "{}", refused.0);
    assert!(refused.0.contains("PCMA/8000") && !refused.0.contains("PCMU/8000"), "{}", refused.0);
    busy.answers(&refused, "503 Service Unavailable").await;
    let taken = good.hears("INVITE ").await;
    assert!(taken.0.starts_with("INVITE sip:030999@127.0.0.1"), "{}", taken.0);
    assert!(taken.0.contains("PCMU/8000") && !taken.0.contains("PCMA/8000"), "{}", taken.0);
    assert!(header(&taken.0, "From").contains("sip:+4930200@127.0.0.1"), "{}", taken.0);
    // What is said of the person called stands, and the caller is given back to the agent.
    good.answers(&taken, "486 Busy Here").await;
    good.hears("ACK ").await;
    caller.says("BYE", 3, tag, "", "").await;
    caller.hears("SIP/2.0 200").await;

    let folder = gateway.folder.path().join("calls");
    until("the journal tells the trunk", || {
        let journals = std::fs::read_dir(&folder).expect("it is there");
        let texts = journals.map(|file| std::fs::read_to_string(file.expect("a file").path()));
        texts
            .flatten()
            .any(|text| text.lines().next().is_some_and(|first| first.contains("\"trunk\":\"busy\"")))
    })
    .await;
}

/// What `callwright trunk` with these arguments says, and its exit code.
fn command(arguments: &[&str], config: &Path) -> (String, Option<i32>) {
    let output = Command::new(program()).arg("trunk").args(arguments).arg("--config").arg(config).output();
    let output = output.expect("the program runs");
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

#[test]
fn the_commands_say_how_trunks_are_and_hear_whether_sound_comes_back() {
    // One gateway is the carrier of another, whose agent greets.
    let carrier = Gateway::start(&Settings::default());
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback has room");
    let silent = silent.local_addr().expect("it is bound");
    let trunk = |name: &str, at: &str| {
        format!(
            "[[trunk]]\nname = \"{name}\"\naddress = \"sip:{at}\"\nkeepalive = {{ every = \"100ms\", misses_max = 1 }}\n\
             answer_within = \"500ms\"\n[[trunk.route]]\nnumbers = \"*\"\n"
        )
    };
    let top = trunk("good", &carrier.sip) + &trunk("gone", &silent.to_string());
    let gateway = Gateway::start(&Settings { top, ..Settings::default() });
    let written =
        std::fs::read_to_string(gateway.folder.path().join("callwright.toml")).expect("it is there");
    // The list asks the gateway where the configuration says that it is.
    let config = gateway.folder.path().join("told.toml");
    let told =
        written.replace("[web]\nlisten = \"127.0.0.1:0\"", &format!("[web]\nlisten = \"{}\"", gateway.web));
    std::fs::write(&config, told).expect("the folder is ours");

    let (printed, code) = command(&["test", "good", "--call", "100"], &config);
    assert!(code == Some(0) && printed.contains("    good  call: answered with"), "{printed}");
    assert!(printed.contains("nothing is wrong with it"), "{printed}");
    let (printed, code) = command(&["test", "gone", "--call", "100"], &config);
    assert!(
        code == Some(1) && printed.contains("     bad  options: ") && printed.contains("what to do: "),
        "{printed}"
    );
    assert!(printed.contains(" skipped  call: not placed"), "{printed}");
    let (printed, code) = command(&["test", "other", "--json"], &config);
    assert!(code == Some(2) && printed.contains("there is no trunk `other`"), "{printed}");
    let (printed, code) = command(&["test", "good", "--call", "+"], &config);
    assert!(code == Some(1) && printed.contains("that is no number"), "{printed}");

    let list = || command(&["list"], &config);
    let (printed, code) = eventually("a trunk is down", list, |(printed, _)| printed.contains("  down; "));
    assert!(
        code == Some(1) && printed.contains("good: sip:") && printed.contains("  up; 0 of 200 calls"),
        "{printed}"
    );
    assert!(printed.contains("OPTIONS: "), "why it is down is told: {printed}");
    let metrics = gateway.get("/metrics");
    for wanted in
        ["callwright_trunk_up{trunk=\"good\"} 1", "callwright_trunk_refused_total{trunk=\"good\"} 0"]
    {
        assert!(metrics.contains(wanted), "{wanted}: {metrics}");
    }
}

/// A carrier that nobody here wrote: sipp with one of the repository's scenarios. Dropping it ends the program.
struct Carrier {
    sipp: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Carrier {
    /// With `status` in the place of the one in the file.
    fn start(scenario: &str, status: &str, arguments: &[&str]) -> Self {
        let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback has room");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        let folder = tempfile::tempdir().expect("a folder");
        let text = std::fs::read_to_string(repository().join("sip-configs/sipp").join(scenario));
        let text = text.expect("it is in the tree").replace("403 Forbidden", status);
        std::fs::write(folder.path().join(scenario), text).expect("the folder is ours");
        let sipp = Command::new("sipp")
            .args(["-sf", scenario, "-i", "127.0.0.1", "-p", &address.port().to_string(), "-nostdin"])
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sipp runs: it is in the Debian package sip-tester, see scripts/setup --tests");
        Self { sipp, address, _folder: folder }
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.sipp.kill();
        let _status = self.sipp.wait();
    }
}

#[test]
fn a_call_that_fails_says_how_and_what_to_do() {
    /// Its scenario refuses nothing.
    const NO_STATUS: &str = "403 Forbidden";
    let _place = Place::take(false);
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("callwright.toml");
    let (pcmu, g729) = (["-key", "format", "0"], ["-key", "format", "18"]);
    for (scenario, status, arguments, number, found, help) in [
        ("uas-refuses.xml", "403 Forbidden", &[][..], "100", "refused with 403 Forbidden", "403 and 603"),
        ("uas-refuses.xml", "404 Not Found", &[], "100", "refused with 404 Not Found", "404 and 484"),
        ("uas-refuses.xml", "488 Not Acceptable Here", &[], "100", "refused with 488", "488 and no codec"),
        (
            "uas-refuses.xml",
            "403 Forbidden",
            &[],
            "+33100",
            "none of its `route`s takes this number",
            "[[trunk.route]]",
        ),
        // G.729, which nobody has offered.
        ("uas-answers.xml", NO_STATUS, &g729, "100", "no codec in common", "488 and no codec"),
        ("uas-answers.xml", NO_STATUS, &pcmu, "100", "and no sound came in 6 s", "let UDP in"),
        (
            "uas-answers.xml",
            NO_STATUS,
            &["-key", "format", "0", "-rtp_echo"],
            "100",
            "packets came, and all are silence",
            "call a number that says something",
        ),
    ] {
        let carrier = Carrier::start(scenario, status, arguments);
        let text = format!(
            "[sip]\nlisten = \"127.0.0.1:0\"\n[media]\nports = \"27000-27998\"\n[connectors]\nairline = \"http://127.0.0.1:1\"\n\
             [[line]]\nname = \"airline\"\nnumbers = [\"*\"]\npack = \"{}\"\n[[trunk]]\nname = \"carrier\"\naddress = \"sip:{}\"\n\
             [[trunk.route]]\nnumbers = \"1*\"\n",
            repository().join("skills/airline").display(),
            carrier.address
        );
        std::fs::write(&config, text).expect("the folder is ours");
        let (printed, code) = command(&["test", "carrier", "--call", number], &config);
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.contains("    good  options: "), "the carrier itself is well: {printed}");
        let (_, told) =
            printed.split_once("     bad  call: ").unwrap_or_else(|| panic!("{found}: {printed}"));
        assert!(told.lines().next().is_some_and(|line| line.contains(found)), "{found}: {printed}");
        let advice = told.lines().nth(1).and_then(|line| line.split_once("what to do: "));
        assert!(advice.is_some_and(|(_, advice)| advice.contains(help)), "{help}: {printed}");
    }
}
