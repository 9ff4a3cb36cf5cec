//! baresip as a peer: a softphone that nobody here wrote, with a WAV for a microphone and a WAV of what it heard.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use callwright_tests::free_ports;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::sound;

/// What a telephone is like.
pub struct Telephone<'a> {
    /// User name in its address.
    pub user: &'a str,
    /// Whether it answers every call at once.
    pub answers: bool,
    /// What is said into it, as [`sound::microphone`] takes it. It hangs up when that is over.
    pub says: &'a [(u64, Option<&'a str>)],
    /// The one codec it speaks, in baresip's notation.
    pub codec: &'a str,
    /// How it encrypts, in baresip's notation; empty for not at all.
    pub encryption: &'a str,
}

/// A telephone that is switched on. Dropping it kills the program.
pub struct Baresip {
    user: String,
    port: u16,
    folder: TempDir,
    child: Child,
    keys: ChildStdin,
    prints: mpsc::UnboundedReceiver<String>,
    printed: Vec<String>,
}

impl Baresip {
    /// Switches a telephone on and waits until it is ready.
    pub async fn start(telephone: Telephone<'_>) -> Self {
        Self::start_with(telephone, "").await
    }

    /// As [`Baresip::start`], with more lines in its configuration.
    pub async fn start_with(telephone: Telephone<'_>, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let microphone = folder.path().join("microphone.wav");
        sound::microphone(&microphone, telephone.says);
        // It takes the next one for TLS.
        let port = free_ports(2);
        let encryption = match telephone.encryption {
            "" => String::new(),
            some => format!(";mediaenc={some}"),
        };
        for file in ["config", "accounts"] {
            let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip-configs/baresip").join(file);
            let text = std::fs::read_to_string(&template).expect("the template is in the repository");
            let text = text
                .replace("@SIP_PORT@", &port.to_string())
                .replace("@MICROPHONE@", &microphone.display().to_string())
                .replace("@FOLDER@", &folder.path().display().to_string())
                .replace("@MODULES@", modules())
                .replace("@USER@", telephone.user)
                .replace("@ANSWER@", if telephone.answers { "auto" } else { "manual" })
                .replace("@CODEC@", telephone.codec)
                .replace("@ENCRYPTION@", &encryption);
            let text = if file == "config" { text + more } else { text };
            std::fs::write(folder.path().join(file), text).expect("the folder is ours");
        }
        let mut child = Command::new("baresip")
            .arg("-f")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program baresip is installed (Debian package baresip-core)");
        let keys = child.stdin.take().expect("it was asked for");
        let (lines, prints) = mpsc::unbounded_channel();
        read_lines(child.stdout.take().expect("it was asked for"), lines.clone());
        read_lines(child.stderr.take().expect("it was asked for"), lines);
        let user = telephone.user.to_owned();
        let mut phone = Self { user, port, folder, child, keys, prints, printed: Vec::new() };
        phone.until("baresip is ready").await;
        phone
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("sip:{}@127.0.0.1:{}", self.user, self.port)
    }

    /// Calls somebody. [`Baresip::until`] with `"Call established"` waits for the answer.
    pub async fn dial(&mut self, to: &str) {
        self.press(&format!("/dial {to}\n")).await;
    }

    /// Presses telephone keys during a call.
    pub async fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).await.expect("it listens to its keys");
        self.keys.flush().await.expect("it listens to its keys");
    }

    /// Hangs up once it has heard what is under way to it, and waits until the call is over.
    pub async fn hang_up(&mut self) {
        let recorded = |path: Option<PathBuf>| path.map_or(Duration::ZERO, |path| sound::length(&path));
        let enough = recorded(self.recording()) + UNDER_WAY;
        let heard = async {
            let mut looks = tokio::time::interval(Duration::from_millis(20));
            while recorded(self.recording()) < enough {
                looks.tick().await;
            }
        };
        timeout(Duration::from_secs(20), heard).await.expect("it is sent sound, or silence");
        self.press("b").await;
        self.until("terminated").await;
    }

    /// Waits for a line that holds these words, and gives it. What it printed is shown when they do not come in 30 s.
    pub async fn until(&mut self, words: &str) -> String {
        loop {
            match timeout(Duration::from_secs(30), self.prints.recv()).await {
                Ok(Some(line)) => {
                    self.printed.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Ok(None) => panic!("baresip ended before `{words}`:\n{}", self.printed.join("\n")),
                Err(_) => panic!("baresip did not print `{words}`:\n{}", self.printed.join("\n")),
            }
        }
    }

    /// Switches it off and gives what it heard of its last call, at 8 kHz.
    pub async fn heard(mut self) -> Vec<i16> {
        self.press("q").await;
        let ended = timeout(Duration::from_secs(20), self.child.wait()).await;
        assert!(matches!(ended, Ok(Ok(_))), "baresip does not quit: {ended:?}");
        let last = self.recording().unwrap_or_else(|| panic!("nothing heard:\n{}", self.printed.join("\n")));
        sound::read(&last)
    }

    /// What it hears in its last call.
    fn recording(&self) -> Option<PathBuf> {
        std::fs::read_dir(self.folder.path())
            .expect("the folder is ours")
            .map(|entry| entry.expect("the folder is ours").path())
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            // Their names hold the time.
            .max()
    }
}

/// Longer than a jitter buffer, and the network before it, keep what the gateway has sent.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// Hands on what the program prints, line by line; it rewrites lines with carriage returns.
fn read_lines(
    mut from: impl tokio::io::AsyncRead + Unpin + Send + 'static,
    to: mpsc::UnboundedSender<String>,
) {
    tokio::spawn(async move {
        let mut line = Vec::new();
        while let Ok(byte) = from.read_u8().await {
            if byte == b'\n' || byte == b'\r' {
                // Nobody reads any more when the telephone is gone.
                let _ = to.send(String::from_utf8_lossy(&line).into_owned());
                line.clear();
            } else {
                line.push(byte);
            }
        }
        let _ = to.send(String::from_utf8_lossy(&line).into_owned());
    });
}

fn modules() -> &'static str {
    const PLACES: [&str; 2] = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
    let place = PLACES.into_iter().find(|place| Path::new(place).join("aufile.so").exists());
    place.unwrap_or_else(|| {
        panic!("baresip's modules are in none of {PLACES:?} (Debian package baresip-core)")
    })
}

/// The module tests itself: what one says, the other records, both ways, in each codec.
#[tokio::test]
async fn what_one_baresip_says_the_other_records() {
    let _place = callwright_tests::Place::take(false);
    for codec in ["PCMU/8000/1", "PCMA/8000/1"] {
        let mut human = Baresip::start(Telephone {
            user: "desk",
            answers: true,
            says: &[(500, Some("en-desk-hello.wav")), (9_000, None)],
            codec,
            encryption: "",
        })
        .await;
        let mut caller = Baresip::start(Telephone {
            user: "caller",
            answers: false,
            says: &[(300, Some("en-cancelled.wav")), (500, None)],
            codec,
            encryption: "",
        })
        .await;
        caller.dial(&human.address()).await;
        human.until("Call established").await;
        caller.until("Call established").await;
        // The caller's microphone is over first, and so is the call.
        caller.until("terminated").await;
        human.until("terminated").await;
        let (alike, _) =
            sound::likeness(&sound::read(&sound::fixture("en-cancelled.wav")), &human.heard().await);
        assert!(alike > 0.9, "{codec}: the human heard something else ({alike})");
        let (alike, _) =
            sound::likeness(&sound::read(&sound::fixture("en-desk-hello.wav")), &caller.heard().await);
        assert!(alike > 0.9, "{codec}: the caller heard something else ({alike})");
    }
}
