//! baresip as the human who holds the caller, comes back, and hands them on to another baresip.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use callwright_tests::{Gateway, Settings};

use crate::baresip::{Baresip, Telephone};
use crate::sound;

/// What the gateway tells operators, as lines of JSON.
pub struct Told(mpsc::Receiver<String>);

impl Told {
    pub fn by(gateway: &Gateway) -> Self {
        let mut stream = TcpStream::connect(&gateway.web).expect("the web server answers");
        let request = format!("GET /v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", gateway.web);
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        // Nothing is missed once the head of the answer is here.
        assert!(lines.by_ref().any(|line| line.is_empty()), "there are events");
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || lines.take_while(|line| tell.send(line.clone()).is_ok()).for_each(drop));
        Self(told)
    }

    /// Waits for an event that holds all these words.
    pub fn until(&self, words: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            match self.0.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if words.iter().all(|word| line.contains(word)) => return,
                Ok(line) => seen.push(line),
                Err(error) => panic!("{words:?} is not told ({error}):\n{}", seen.join("\n")),
            }
        }
    }
}

fn phone(
    user: &'static str,
    answers: bool,
    says: &'static [(u64, Option<&'static str>)],
) -> Telephone<'static> {
    Telephone { user, answers, says, codec: "PCMU/8000/1", encryption: "" }
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_holds_the_caller_comes_back_and_hands_them_on() {
    let mut desk = Baresip::start(phone("desk", true, &[(60_000, None)])).await;
    let mut other =
        Baresip::start(phone("other", true, &[(1_500, Some("en-desk-hello.wav")), (500, None)])).await;
    let mut caller = Baresip::start(phone("caller", false, &[(90_000, None)])).await;
    let gateway = Gateway::start(&Settings { humans: vec![desk.address()], ..Settings::default() });
    let told = Told::by(&gateway);
    caller.dial(&format!("sip:airline@{}", gateway.sip)).await;
    caller.until("Call established").await;
    caller.press("0").await;
    desk.until("Call established").await;
    // The key is the acceptance; the briefing gives way to it.
    desk.press("1").await;
    told.until(&["transfer_changed", "bridged"]);
    desk.press("x").await;
    told.until(&["\"held\"", "human"]);
    desk.press("X").await;
    told.until(&["\"resumed\"", "human"]);
    desk.press(&format!("/transfer {}\n", other.address())).await;
    other.until("Call established").await;
    // Whom the caller was handed to is heard; who handed them on is out of it.
    desk.until("terminated").await;
    other.until("terminated").await;
    caller.press("b").await;
    let hello = sound::read(&sound::fixture("en-desk-hello.wav"));
    let (alike, _) = sound::likeness(&hello, &caller.heard().await);
    assert!(alike > 0.8, "the caller heard something else ({alike:.2})");
}

const PATIENCE: Duration = Duration::from_secs(30);
