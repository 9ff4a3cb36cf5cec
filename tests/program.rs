//! The gateway as a stranger runs it: a process, a configuration file, and what it prints.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The folder of the project.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent")
}

/// The program, as `make test` has built it beside this test or tool.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    // Tests are one folder further down than programs.
    let folder = test.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).expect("target/debug");
    let built = folder.join("callwright");
    assert!(built.is_file(), "{} is missing: run `cargo build -p callwright` before", built.display());
    built
}

/// The program, to be run beside gateways in calls: it has to learn and to check, and gives way to what is heard and said meanwhile.
#[must_use]
pub fn command() -> Command {
    let mut command = Command::new("nice");
    command.arg(program());
    command
}

/// What a test sets; the rest is as for everybody.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where SIP listens; empty means a free port of 127.0.0.1.
    pub listen: String,
    /// Lines of `[sip]` besides the address.
    pub sip: String,
    /// Lines of `[web]` besides the addresses.
    pub web: String,
    /// Lines of `[core]` besides the address.
    pub core: String,
    /// Address of the airline's connector.
    pub airline: String,
    /// Settings of the airline's line besides its pack and numbers.
    pub line: String,
    /// SIP addresses of humans, in the order of ringing.
    pub humans: Vec<String>,
    /// Lines before the first table, such as `grace`.
    pub top: String,
    /// Tables after all others, such as `[queue]`.
    pub tables: String,
    /// No other gateway may run beside it: the test looks at times.
    pub alone: bool,
}

/// Gateways that run side by side share the machine; one whose times are looked at has it to itself.
static MACHINE: RwLock<()> = RwLock::new(());

/// A test's place on the machine; given back when dropped.
pub enum Place {
    /// Others may run too.
    Shared(RwLockReadGuard<'static, ()>),
    /// Nobody else does.
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Place {
    /// Waits for a place. A test without a gateway takes a shared one, so as not to disturb those whose times are looked at.
    #[must_use]
    pub fn take(alone: bool) -> Self {
        // A test that failed leaves nothing behind that another would mind.
        if alone {
            Self::Alone(MACHINE.write().unwrap_or_else(PoisonError::into_inner))
        } else {
            Self::Shared(MACHINE.read().unwrap_or_else(PoisonError::into_inner))
        }
    }
}

/// A running gateway. Killed when dropped, if it was not stopped.
pub struct Gateway {
    child: Child,
    printed: Receiver<String>,
    /// Where telephones call: `127.0.0.1:PORT`.
    pub sip: String,
    /// Where telephones call over TLS: `127.0.0.1:PORT`; empty when they cannot.
    pub tls: String,
    /// Where telephones in browsers call: `127.0.0.1:PORT`; empty when they cannot.
    pub websocket: String,
    /// Where the page is: `127.0.0.1:PORT`.
    pub web: String,
    /// Where the sound of browser calls goes: `127.0.0.1:PORT`.
    pub webrtc: String,
    /// Its configuration and journal.
    pub folder: TempDir,
    _place: Place,
}

impl Gateway {
    /// Starts one and waits until it says where it is.
    ///
    /// # Panics
    /// When it does not start; its own words are in the panic.
    #[must_use]
    pub fn start(settings: &Settings) -> Self {
        let place = Place::take(settings.alone);
        let folder = tempfile::tempdir().expect("a folder for the test");
        let file = folder.path().join("callwright.toml");
        std::fs::write(&file, configuration(settings)).expect("the folder can be written");
        let mut child = Command::new(program())
            .args(["--log", "callwright=debug,warn", "serve", "--config"])
            .arg(&file)
            .current_dir(repository())
            .env("CALLWRIGHT_SPEECH_MODELS", repository().join("models"))
            .stdout(Stdio::piped())
            .stderr(Stdio::from(std::fs::File::create(folder.path().join("log")).expect("a log file")))
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("it is piped");
        let (lines, printed) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        let mut gateway = Self {
            child,
            printed,
            sip: String::new(),
            tls: String::new(),
            websocket: String::new(),
            web: String::new(),
            webrtc: String::new(),
            folder,
            _place: place,
        };
        let deadline = Instant::now() + START;
        while gateway.web.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = gateway.printed.recv_timeout(left) else {
                panic!("the gateway did not start:\n{}", gateway.log());
            };
            if let Some(address) = line.strip_prefix("telephones:") {
                let address = address.trim().split(' ').next().expect("an address");
                gateway.sip = address.rsplit('@').next().expect("a host").to_owned();
            }
            if let Some(address) = line.trim_start().strip_prefix("sips:airline@") {
                gateway.tls = address.split(' ').next().expect("an address").to_owned();
            }
            if let Some(address) = line.trim_start().strip_prefix("ws://") {
                gateway.websocket = address.split(' ').next().expect("an address").to_owned();
            }
            if let Some(address) = line.strip_prefix("browsers:") {
                let mut words = address.split_whitespace();
                let page = words.next().expect("an address");
                gateway.web = page.trim_start_matches("http://").trim_end_matches('/').to_owned();
                gateway.webrtc = words.next_back().expect("an address").trim_end_matches(')').to_owned();
            }
        }
        gateway
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Fetches a path of its HTTP server; the body.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn get(&self, path: &str) -> String {
        self.ask("GET", path, "").1
    }

    /// Sends JSON to a path of its HTTP server; the body of the answer.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn put(&self, path: &str, json: &str) -> String {
        self.ask("PUT", path, json).1
    }

    /// Asks its HTTP server something, with JSON or nothing; the status and the body.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn ask(&self, method: &str, path: &str, json: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.web).expect("the web server answers");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
            self.web,
            json.len()
        );
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    /// Sends SIGTERM.
    ///
    /// # Panics
    /// When there is no `kill`.
    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success(), "SIGTERM is sent");
    }

    /// Sends SIGHUP.
    ///
    /// # Panics
    /// When there is no `kill`.
    pub fn reload(&self) {
        let sent = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success(), "SIGHUP is sent");
    }

    /// Waits until it prints a line that begins like this.
    ///
    /// # Panics
    /// When it does not within the time.
    pub fn prints(&self, beginning: &str, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.printed.recv_timeout(left) {
                Ok(line) if line.starts_with(beginning) => return,
                Ok(_) => {}
                Err(error) => panic!("`{beginning}` is not printed ({error}):\n{}", self.log()),
            }
        }
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When it has not within the time.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        // Its standard output closes when it ends.
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.printed.recv_timeout(left) {
                Ok(_) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("it still runs:\n{}", self.log()),
            }
        }
        self.child.wait().expect("it was ours")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(LOG_TAIL);
            let from = (from..log.len()).find(|place| log.is_char_boundary(*place)).unwrap_or(0);
            eprintln!("the gateway's log ends:\n{}", &log[from..]);
        }
    }
}

fn configuration(settings: &Settings) -> String {
    use std::fmt::Write;

    let Settings { listen, sip, web, core, airline, line, humans, top, tables, alone: _ } = settings;
    let airline = if airline.is_empty() { "http://127.0.0.1:1" } else { airline };
    let listen = if listen.is_empty() { "127.0.0.1:0" } else { listen };
    let packs = repository().join("skills");
    let mut text = format!(
        "{top}\n[sip]\nlisten = \"{listen}\"\n{sip}\n[web]\nlisten = \"127.0.0.1:0\"\nwebrtc = \"127.0.0.1:0\"\n{web}\n\
         [core]\nlisten = \"127.0.0.1:0\"\n{core}\n[connectors]\nairline = \"{airline}\"\nshop = \"http://127.0.0.1:1\"\n\
         [[line]]\nname = \"airline\"\nnumbers = [\"airline\", \"*\"]\npack = \"{}\"\n{line}\n",
        packs.join("airline").display()
    );
    for human in humans {
        writeln!(text, "[[line.human]]\nname = \"desk\"\naddress = \"{human}\"").expect("strings grow");
    }
    write!(
        text,
        "[[line]]\nname = \"shop\"\nnumbers = [\"shop\"]\npack = \"{}\"\n",
        packs.join("retail").display()
    )
    .expect("strings grow");
    text + tables
}

/// Models load and packs train in a few seconds, longer when other tests run beside.
const START: Duration = Duration::from_secs(60);
/// As much of the log as helps.
const LOG_TAIL: usize = 6_000;
