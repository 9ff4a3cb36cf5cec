//! A core as a process of its own: the test binary runs itself again, told by an environment variable to be the core.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use callwright_actions::ActionCore;

use super::{config, store};

const FOLDER: &str = "CALLWRIGHT_TEST_CORE_FOLDER";
const AIRLINE: &str = "CALLWRIGHT_TEST_CORE_AIRLINE";

/// The child's part, to be called by the test `core_process` beside the others: without the variables that is no test, with them it is
/// a core until it is killed.
pub async fn be_core() {
    let (Ok(folder), Ok(airline)) = (std::env::var(FOLDER), std::env::var(AIRLINE)) else { return };
    let core = ActionCore::start(config(Path::new(&folder), &airline)).await.expect("starts");
    let mut out = std::io::stdout();
    writeln!(out, "core at {}", core.url()).expect("the parent listens");
    out.flush().expect("the parent listens");
    std::future::pending::<()>().await;
}

/// A running core.
pub struct Core {
    child: Child,
    pub url: String,
}

impl Core {
    /// Starts one; `tests` is the module path of the tests of which `core_process` is one.
    pub fn start(tests: &str, folder: &Path, airline: &str) -> Self {
        let part = match tests.split_once("::") {
            Some((_, module)) => format!("{module}::core_process"),
            None => "core_process".to_owned(),
        };
        // A database is this process's: it is there before the child looks for it, and stays when that is killed.
        let _ = store(folder);
        let mut child = Command::new(std::env::current_exe().expect("we run"))
            .args([part.as_str(), "--exact", "--nocapture"])
            .env(FOLDER, folder)
            .env(AIRLINE, airline)
            .stdout(Stdio::piped())
            .spawn()
            .expect("runs itself");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let url = out
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("core at ").map(|(_, url)| url.to_owned()))
            .expect("the child says where it listens");
        Self { child, url }
    }

    /// SIGKILL: nothing is flushed, nothing is said.
    pub fn kill(mut self) {
        self.child.kill().expect("is ours");
        self.child.wait().expect("is ours");
    }

    /// SIGSTOP or SIGCONT: it sleeps, and wakes without knowing.
    pub fn signal(&self, name: &str) {
        let order = format!("kill {name} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &order]).status().expect("runs");
        assert!(sent.success(), "{name}");
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // After a kill there is nobody left.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
