//! A real Chromium without a window, driven through its DevTools protocol.
//!
//! The protocol runs over two pipes (`--remote-debugging-pipe`), so there is no port, no websocket and no driver program. The
//! browser's microphone is a WAV file, or silent until it is told what to hear, and it may use it without being asked.
//! Everything here panics with what went wrong, for it is only used by tests.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::time::{Instant, interval, timeout};

/// How long any one command may take. A browser that starts on a busy machine of two cores needs several seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// The text of the page and of its elements' own trees.
const SHOWN: &str =
    "[document.body, ...[...document.querySelectorAll('*')].map(element => element.shadowRoot)]
    .map(tree => tree?.textContent ?? '').join(' ').replace(/\\s+/g, ' ')";
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A microphone made of Web Audio: `hear` takes the base64 of a sound file.
const MICROPHONE: &str = r"(() => {
  let room, cable;
  navigator.mediaDevices.getUserMedia = async () => {
    room = new AudioContext();
    cable = room.createMediaStreamDestination();
    return cable.stream;
  };
  window.hear = async (file) => {
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    const voice = new AudioBufferSourceNode(room, { buffer: await room.decodeAudioData(bytes.buffer) });
    const over = new Promise((resolve) => voice.addEventListener('ended', resolve));
    voice.connect(cable);
    voice.start();
    await over;
  };
})()";

/// A running browser with one page.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    shared: Arc<Shared>,
    number: u64,
    session: Option<String>,
    _profile: TempDir,
}

/// How a browser is started.
#[derive(Debug, Default)]
pub struct Launch {
    /// What its microphone hears, again and again: 16-bit PCM. `None` is a beep every second.
    pub microphone: Option<PathBuf>,
}

/// A page's colours, as its style sheet asks for them.
#[derive(Debug, Clone, Copy)]
pub enum Scheme {
    /// `prefers-color-scheme: light`.
    Light,
    /// `prefers-color-scheme: dark`.
    Dark,
}

#[derive(Default)]
struct Shared {
    replies: Mutex<HashMap<u64, oneshot::Sender<Value>>>,
    /// What the page logged or threw, for messages.
    log: Mutex<Vec<String>>,
}

impl Browser {
    /// Starts Chromium with an empty profile.
    pub async fn launch(launch: Launch) -> Self {
        let program = program().expect("Chromium is installed (Debian: apt-get install chromium)");
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let mut child = Command::new("sh")
            // The browser reads commands from descriptor 3 and answers on 4; ours are its standard input and output.
            .args(["-c", r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#, "sh"])
            .arg(program)
            .args(arguments(&launch))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("Chromium starts");
        let commands = child.stdin.take().expect("its input is a pipe");
        let answers = child.stdout.take().expect("its output is a pipe");
        let shared = Arc::new(Shared::default());
        tokio::spawn(read(answers, shared.clone()));
        let mut browser = Self { child, commands, shared, number: 0, session: None, _profile: profile };
        browser.attach().await;
        browser
    }

    /// Runs a script before those of every page that is opened from here on.
    pub async fn before_load(&mut self, script: &str) {
        self.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Gives the pages opened from here on a microphone that hears nothing but what [`Browser::say`] plays to it, so that a
    /// caller can wait for the agent; a file of the browser's own cannot.
    pub async fn microphone_of_our_own(&mut self) {
        self.before_load(MICROPHONE).await;
    }

    /// Plays a sound file to that microphone, to its end.
    pub async fn say(&mut self, file: &Path) {
        let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.eval(&format!("hear('{}')", BASE64.encode(bytes))).await;
    }

    /// Opens a page and waits until it is loaded.
    pub async fn goto(&mut self, url: &str) {
        let reply = self.command("Page.navigate", json!({ "url": url })).await;
        assert!(reply.get("errorText").is_none(), "{url} does not open: {}", reply["errorText"]);
        let loaded =
            format!("location.href.startsWith({}) && document.readyState === 'complete'", json!(url));
        self.wait_for(&loaded, PATIENCE).await;
    }

    /// The value of an expression, of its promise if it is one.
    pub async fn eval(&mut self, script: &str) -> Value {
        let parameters = json!({
            "expression": script, "returnByValue": true, "awaitPromise": true, "userGesture": true,
        });
        let reply = self.command("Runtime.evaluate", parameters).await;
        if let Some(exception) = reply.get("exceptionDetails") {
            panic!("`{script}` throws {exception}");
        }
        reply["result"]["value"].clone()
    }

    /// Waits until an expression is truthy, and returns its value.
    pub async fn wait_for(&mut self, script: &str, length: Duration) -> Value {
        let until = Instant::now() + length;
        let mut look = interval(LOOK_EVERY);
        loop {
            look.tick().await;
            let value = self.eval(script).await;
            let falsy =
                matches!(&value, Value::Null | Value::Bool(false)) || value == json!(0) || value == json!("");
            if !falsy {
                return value;
            }
            if Instant::now() >= until {
                let shown = self.eval(SHOWN).await;
                panic!("`{script}` is still {value} after {length:?}; {}; shown: {shown}", self.log());
            }
        }
    }

    /// Clicks with the mouse in the middle of the element that an expression yields, once it is shown.
    pub async fn click(&mut self, element: &str) {
        self.wait_for(&format!("({element})?.getBoundingClientRect().width > 0"), PATIENCE).await;
        let middle = self
            .eval(&format!(
                "(() => {{ const element = {element}; element.scrollIntoView({{ block: 'center' }}); \
                 const box = element.getBoundingClientRect(); \
                 return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }}; }})()"
            ))
            .await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": middle["x"], "y": middle["y"], "button": "left", "clickCount": 1,
            });
            self.command("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Gives the page a size in CSS pixels and a colour scheme.
    pub async fn look_like(&mut self, width: u32, height: u32, scheme: Scheme) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.command("Emulation.setDeviceMetricsOverride", metrics).await;
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.command("Emulation.setEmulatedMedia", media).await;
    }

    /// Writes what the page looks like as a PNG file.
    pub async fn screenshot(&mut self, path: &Path) {
        let reply = self.command("Page.captureScreenshot", json!({ "format": "png" })).await;
        let encoded = reply["data"].as_str().expect("a screenshot holds data");
        let png = BASE64.decode(encoded).expect("data is base64");
        std::fs::write(path, png).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// What the page logged or threw so far.
    pub fn log(&self) -> String {
        let log = self.shared.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.is_empty() { "the page logged nothing".to_owned() } else { log.join("\n") }
    }

    /// Ends the browser and waits until it is gone.
    pub async fn close(mut self) {
        self.session = None;
        self.send("Browser.close", json!({})).await;
        if timeout(PATIENCE, self.child.wait()).await.is_err() {
            self.child.kill().await.expect("a child can be killed");
        }
    }

    async fn attach(&mut self) {
        let target = self.command("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.command("Target.attachToTarget", attach).await;
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.command(domain, json!({})).await;
        }
    }

    async fn command(&mut self, method: &str, parameters: Value) -> Value {
        let reply = self.send(method, parameters).await;
        let mut reply = match timeout(PATIENCE, reply).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(_)) => panic!("Chromium ended during {method}"),
            Err(_) => panic!("Chromium does not answer {method}"),
        };
        assert!(reply.get("error").is_none(), "{method}: {}", reply["error"]);
        reply["result"].take()
    }

    async fn send(&mut self, method: &str, parameters: Value) -> oneshot::Receiver<Value> {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let (sender, reply) = oneshot::channel();
        self.shared.replies.lock().unwrap_or_else(PoisonError::into_inner).insert(self.number, sender);
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).await.unwrap_or_else(|error| panic!("{method}: {error}"));
        self.commands.flush().await.unwrap_or_else(|error| panic!("{method}: {error}"));
        reply
    }
}

/// Chromium under one of its names, if it is installed.
pub fn program() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file())
}

fn arguments(launch: &Launch) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--remote-debugging-pipe",
        // A test may run as root in a container, where Chromium's own sandbox cannot be made.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--mute-audio",
        "--autoplay-policy=no-user-gesture-required",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
    ]
    .map(str::to_owned)
    .into();
    if let Some(file) = &launch.microphone {
        arguments.push(format!("--use-file-for-fake-audio-capture={}", file.display()));
    }
    arguments
}

async fn read(answers: ChildStdout, shared: Arc<Shared>) {
    let mut answers = BufReader::new(answers);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match answers.read_until(0, &mut bytes).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let Ok(message) = serde_json::from_slice::<Value>(bytes.strip_suffix(&[0]).unwrap_or(&bytes)) else {
            continue;
        };
        if let Some(number) = message["id"].as_u64() {
            let waiting = shared.replies.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
            if let Some(waiting) = waiting {
                let _ = waiting.send(message);
            }
            continue;
        }
        let parameters = &message["params"];
        let line = match message["method"].as_str() {
            Some("Runtime.consoleAPICalled") => parameters["args"].to_string(),
            Some("Runtime.exceptionThrown") => parameters["exceptionDetails"].to_string(),
            Some("Log.entryAdded") => parameters["entry"].to_string(),
            _ => continue,
        };
        shared.log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
    // Whoever still waits is told that nothing will come.
    shared.replies.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
