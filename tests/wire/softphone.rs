//! SIP.js, a softphone that nobody here wrote, in Chromium: SIP over WebSocket, sound by WebRTC.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use callwright_loadtest::{LoadConfig, NoObserver, Scenario, run};
use callwright_tests::{Gateway, Settings, repository};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::browser::{Browser, Launch, Scheme};
use crate::events::Events;
use crate::sound;

/// Serves the page and the modules of the softphone; gives the origin.
async fn serve() -> String {
    let modules = repository().join("target/sip.js");
    assert!(
        modules.join("lib/index.js").is_file(),
        "{} is missing: run `scripts/setup --tests`",
        modules.display()
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, modules.clone()));
        }
    });
    format!("http://{address}")
}

async fn answer(stream: TcpStream, modules: PathBuf) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    // The browser may open a connection for later and close it unused.
    while stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
        let path =
            line.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
        while line.trim_end() != "" {
            line.clear();
            if !stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
                return;
            }
        }
        line.clear();
        let (status, kind, body) = match file(&modules, &path) {
            Some((kind, body)) => ("200 OK", kind, body),
            None => ("404 Not Found", "text/plain", String::new()),
        };
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn file(modules: &Path, path: &str) -> Option<(&'static str, String)> {
    match path {
        "/" => Some(("text/html", include_str!("softphone/index.html").to_owned())),
        path if path.starts_with("/lib/") && !path.contains("..") => {
            Some(("text/javascript", std::fs::read_to_string(modules.join(&path[1..])).ok()?))
        }
        _ => None,
    }
}

/// A gateway with one user, whose page may open a WebSocket.
fn gateway(origin: &str, secret: &Path, humans: Vec<String>) -> Gateway {
    std::fs::write(secret, "four words and more\n").expect("the folder is ours");
    let sip = format!(
        "digest = [\"MD5\"]\n[sip.websocket]\nlisten = \"127.0.0.1:0\"\n[[sip.user]]\nname = \"anna\"\npassword = \"file:{}\"",
        secret.display()
    );
    let web = format!("origins = [\"{origin}\"]");
    Gateway::start(&Settings { sip, web, humans, ..Settings::default() })
}

async fn open(browser: &mut Browser, origin: &str, gateway: &Gateway) {
    browser.look_like(700, 400, Scheme::Light).await;
    let server = format!("ws://{}", gateway.websocket);
    let to = format!("sip:airline@{}", gateway.sip);
    browser.goto(&format!("{origin}/?server={server}&user=anna&password=four+words+and+more&to={to}")).await;
    shows(browser, "registered").await;
}

async fn shows(browser: &mut Browser, state: &str) {
    let shown = format!("document.getElementById('state').textContent === '{state}'");
    browser.wait_for(&shown, Duration::from_secs(30)).await;
}

async fn press(browser: &mut Browser, button: &str) {
    browser.click(&format!("document.getElementById('{button}')")).await;
}

/// Voices are far above it, and silence is nothing.
const HEARD: &str = "window.loudest > 0.05";

#[tokio::test(flavor = "multi_thread")]
async fn a_softphone_in_a_browser_registers_calls_and_hears_the_agent() {
    let origin = serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = gateway(&origin, &folder.path().join("secret"), Vec::new());
    let mut browser = Browser::launch(Launch::default()).await;
    browser.microphone_of_our_own().await;
    open(&mut browser, &origin, &gateway).await;
    let phones = gateway.get("/v1/phones");
    assert!(phones.contains(r#""user":"anna","registered":true,"calls":0"#), "{phones}");
    assert!(phones.contains(r#""transport":"ws""#), "{phones}");
    press(&mut browser, "call").await;
    shows(&mut browser, "talks").await;
    browser.wait_for(HEARD, Duration::from_secs(30)).await;
    let phones = gateway.get("/v1/phones");
    assert!(phones.contains(r#""calls":1"#), "{phones}");
    let pictures = repository().join("target/tmp/page");
    std::fs::create_dir_all(&pictures).expect("target can be written");
    browser.screenshot(&pictures.join("softphone.png")).await;
    press(&mut browser, "hangup").await;
    shows(&mut browser, "over").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_softphone_in_a_browser_is_the_human_who_is_rung() {
    let origin = serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = gateway(&origin, &folder.path().join("secret"), vec!["user:anna".to_owned()]);
    let mut browser = Browser::launch(Launch::default()).await;
    browser.microphone_of_our_own().await;
    open(&mut browser, &origin, &gateway).await;
    let recordings = tempfile::tempdir().expect("a folder");
    let file = repository().join("audio-fixtures/scenarios/person.yaml");
    let scenario = Arc::new(Scenario::load(&file).expect("the scenario is right"));
    let config = LoadConfig {
        calls: 1,
        wav_dir: Some(recordings.path().to_owned()),
        ..LoadConfig::new(format!("sip:airline@{}", gateway.sip), scenario)
    };
    let calling = tokio::spawn(run(config, Arc::new(NoObserver), |_| {}));
    shows(&mut browser, "rings").await;
    press(&mut browser, "answer").await;
    shows(&mut browser, "talks").await;
    // The briefing.
    browser.wait_for(HEARD, Duration::from_secs(30)).await;
    // The key is the acceptance, told by INFO.
    browser.eval("window.phone.sendDTMF('1')").await;
    let together = async {
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        while !gateway.get("/v1/calls").contains(r#""state":"with_human""#) {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), together)
        .await
        .expect("the caller and the human are joined");
    browser.say(&sound::fixture("en-desk-hello.wav")).await;
    let mut events = Events::follow(&gateway);
    for (does, told, shown) in [("hold", "held", "holds"), ("unhold", "resumed", "talks")] {
        browser.eval(&format!("window.phone.{does}()")).await;
        events.until(told, &[("who", "human".into())]).await;
        shows(&mut browser, shown).await;
    }
    calling.await.expect("the caller's task ends").expect("the call was placed");
    shows(&mut browser, "over").await;
    let hello = sound::read(&sound::fixture("en-desk-hello.wav"));
    let (alike, _) = sound::likeness(&hello, &sound::right(&recordings.path().join("call-1.wav")));
    assert!(alike > 0.8, "the caller heard something else ({alike:.2})");
    browser.close().await;
}
