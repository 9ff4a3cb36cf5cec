//! Humans of a queue on real telephones: who is busy, paused, off duty or away; and who is told of handovers.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use callwright_loadtest::{Callee, CalleeConfig, LoadConfig, LoadReport, NoObserver, Outcome, Scenario, run};
use callwright_tests::{Gateway, Settings, eventually};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;

fn scenario(name: &str) -> Arc<Scenario> {
    let file: PathBuf = callwright_tests::repository().join("audio-fixtures/scenarios").join(name);
    Arc::new(Scenario::load(&file).unwrap_or_else(|problems| panic!("{problems:#?}")))
}

async fn place(gateway: &Gateway, name: &str) -> LoadReport {
    let to = format!("sip:airline@{}", gateway.sip);
    let from_user = "15550100".to_owned();
    let config = LoadConfig { calls: 1, concurrent: 1, from_user, ..LoadConfig::new(to, scenario(name)) };
    run(config, Arc::new(NoObserver), |_| {}).await.expect("calls can be placed")
}

async fn desk(script: &str) -> Callee {
    let config = CalleeConfig::new("desk", scenario(script));
    Callee::start(config, Arc::new(NoObserver)).await.expect("a telephone")
}

/// A telephone that is engaged, whoever calls. Ends with its task.
async fn engaged() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let mut packet = [0; 8_192];
        while let Ok((length, peer)) = socket.recv_from(&mut packet).await {
            let text = String::from_utf8_lossy(&packet[..length]);
            if text.starts_with("INVITE ") {
                let kept = ["via:", "from:", "to:", "call-id:", "cseq:"];
                let same = |line: &&str| kept.iter().any(|name| line.to_lowercase().starts_with(name));
                let mut answer = "SIP/2.0 486 Busy Here\r\n".to_owned();
                for line in text.lines().filter(same) {
                    let tag = if line.to_lowercase().starts_with("to:") { ";tag=busy" } else { "" };
                    answer += &format!("{line}{tag}\r\n");
                }
                answer += "Content-Length: 0\r\n\r\n";
                if socket.send_to(answer.as_bytes(), peer).await.is_err() {
                    return;
                }
            }
        }
    });
    format!("sip:busy@{address}")
}

/// What a webhook was sent.
struct Sent {
    signature: String,
    body: String,
}

/// A system that is told of handovers. It takes nothing at first.
async fn told() -> (String, mpsc::Receiver<Sent>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/handovers", listener.local_addr().expect("it is bound"));
    let (notices, sent) = mpsc::channel(64);
    tokio::spawn(async move {
        let mut refused = false;
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let (mut signature, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await.expect("a request");
                match line.trim_end().split_once(": ") {
                    Some((name, value)) if name.eq_ignore_ascii_case("callwright-signature") => {
                        signature = value.to_owned();
                    }
                    Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                        length = value.parse().expect("a number");
                    }
                    Some(_) => {}
                    None if line.trim_end().is_empty() => break,
                    None => {}
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.expect("the body");
            let status = if std::mem::replace(&mut refused, true) { "204 No Content" } else { "503 Busy" };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.expect("it listens");
            let body = String::from_utf8(body).expect("text");
            if status.starts_with("204") && notices.send(Sent { signature, body }).await.is_err() {
                return;
            }
        }
    });
    (address, sent)
}

/// What the documentation's own check says of it.
fn is_genuine(sent: &Sent, secret: &str) -> bool {
    let mut check = Command::new("python3")
        .arg(callwright_tests::repository().join("docs/webhook.py"))
        .arg(&sent.signature)
        .env("WEBHOOK_SECRET", secret)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("python3 runs");
    check.stdin.take().expect("it is piped").write_all(sent.body.as_bytes()).expect("it reads");
    check.wait().expect("it ends").success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_human_is_skipped_the_next_is_put_through_and_the_webhook_hears_of_it() {
    let (busy, human) = (engaged().await, desk("desk.yaml").await);
    let (url, mut sent) = told().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (kept, secret) = (folder.path().join("secret"), "a long and winding secret");
    std::fs::write(&kept, secret).expect("the folder is ours");
    let tables = format!("[webhook]\nurl = \"{url}\"\nsecret = \"file:{}\"\n", kept.display());
    let humans = vec![busy, human.address()];
    let gateway = Gateway::start(&Settings { humans, tables, ..Settings::default() });
    let watch = async {
        let started = sent.recv().await.expect("it is sent again until it is taken");
        let notice: serde_json::Value = serde_json::from_str(&started.body).expect("JSON");
        assert_eq!((&notice["event"], &notice["reason"]), (&"handover.started".into(), &"asked".into()));
        assert!(notice["briefing"].is_null() && !started.body.contains("15550100"), "{}", started.body);
        let path = notice["briefing_path"].as_str().expect("a link");
        let briefing = tokio::task::block_in_place(|| gateway.get(path));
        assert!(briefing.contains("They asked for a person."), "{briefing}");
        let again = tokio::task::block_in_place(|| gateway.get(path));
        assert!(again.contains("there is no such briefing"), "a link opens once: {again}");
        let mut events = Vec::new();
        while events.last().is_none_or(|event| event != "handover.accepted") {
            let sent = sent.recv().await.expect("the handover goes on");
            let notice: serde_json::Value = serde_json::from_str(&sent.body).expect("JSON");
            events.push(notice["event"].as_str().expect("a name").to_owned());
            assert!(is_genuine(&sent, secret));
        }
        (started, events)
    };
    let (report, (mut started, events)) = tokio::join!(place(&gateway, "person.yaml"), watch);
    assert_eq!(report.calls[0].outcome, Outcome::Completed, "{report:#?}");
    let known = ["handover.ringing", "handover.ringing", "handover.briefing", "handover.accepted"];
    assert_eq!(events, known, "two phones rang");
    assert!(is_genuine(&started, secret) && !is_genuine(&started, "another long secret"));
    started.body.push(' ');
    assert!(!is_genuine(&started, secret), "what was changed on the way is not believed");
    let log = gateway.log();
    assert!(log.contains("486 Busy Here"), "the first was not rung: {log}");
    human.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_phones_ring_together_and_who_answers_gets_the_caller() {
    let (busy, human) = (engaged().await, desk("desk.yaml").await);
    let tables = format!(
        "[queue]\nring = \"all\"\n[[human]]\nname = \"bob\"\naddresses = [\"{busy}\"]\n\
         [[human]]\nname = \"ada\"\naddresses = [\"user:bob\", \"{}\"]\n",
        human.address()
    );
    let gateway = Gateway::start(&Settings { sip: USER_BOB.to_owned(), tables, ..Settings::default() });
    let report = place(&gateway, "person.yaml").await;
    assert_eq!(report.calls[0].outcome, Outcome::Completed, "{report:#?}");
    let log = gateway.log();
    assert_eq!(log.matches("a human's phones are done").count(), 1, "they were rung together: {log}");
    human.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_paused_or_is_off_duty_is_not_rung_and_the_caller_is_offered_a_call_back() {
    let human = desk("desk.yaml").await;
    // A minute of a day that is neither today nor tomorrow anywhere. The first of January 1970 was a Thursday.
    let days = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() / 86_400;
    let day = ["th", "fr", "sa", "su", "mo", "tu", "we"][(days as usize + 3) % 7];
    let never = format!("hours = [\"{day} 00:00-00:01\"]\n");
    let tables = format!(
        "[[human]]\nname = \"bob\"\naddresses = [\"user:bob\"]\n[[human]]\nname = \"eve\"\naddresses = [\"{0}\"]\n{never}\
         [[human]]\nname = \"ada\"\naddresses = [\"{0}\"]\n",
        human.address()
    );
    let gateway = Gateway::start(&Settings { sip: USER_BOB.to_owned(), tables, ..Settings::default() });
    gateway.put("/v1/humans/ada", r#"{"state": "paused"}"#);
    let wanted = r#"[{"name":"bob","state":"unreachable"},{"name":"eve","state":"closed"},{"name":"ada","state":"paused"}]"#;
    eventually("everybody is where they are", || gateway.get("/v1/humans"), |humans| humans == wanted);
    let began = Instant::now();
    let report = place(&gateway, "plan-b.yaml").await;
    assert_eq!(report.calls[0].outcome, Outcome::Completed, "{report:#?}");
    assert!(began.elapsed() < Duration::from_secs(45), "the caller was kept waiting for nobody");
    assert!(gateway.get("/v1/callbacks").contains("15550100"), "{}", gateway.get("/v1/callbacks"));
    human.shutdown().await;
}

/// A user whose telephones never register.
const USER_BOB: &str = "[[sip.user]]\nname = \"bob\"\npassword = \"env:PATH\"";
