//! A gateway as a process, on the core that is measured.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::cores::MEASURED;
use crate::memory;

/// A running gateway. Killed when dropped.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    /// Where telephones call: `127.0.0.1:PORT`.
    pub sip: String,
    _folder: TempDir,
}

impl Gateway {
    /// Starts one with the airline's line, as it is set unless somebody says otherwise, but for how many calls it takes.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(program: &Path) -> Result<Self> {
        ensure!(
            program.is_file(),
            "{} is missing: run `cargo build --release -p callwright`",
            program.display()
        );
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("callwright.toml");
        fs::write(&file, configuration(folder.path(), &repository))?;
        let mut child = Command::new("taskset")
            .args(["-c", &MEASURED.to_string()])
            .arg(program)
            .args(["--log", "error", "serve", "--config"])
            .arg(&file)
            .current_dir(&repository)
            .stdout(Stdio::piped())
            .spawn()
            .context("taskset does not run: it is in the Debian package util-linux")?;
        let out = child.stdout.take().context("it is piped")?;
        // Killed, should it not come up.
        let mut gateway = Self { child, sip: String::new(), _folder: folder };
        for line in BufReader::new(out).lines() {
            if let Some(address) = line?.strip_prefix("telephones:") {
                let address = address.trim().split(' ').next().unwrap_or_default();
                address.rsplit('@').next().unwrap_or_default().clone_into(&mut gateway.sip);
                return Ok(gateway);
            }
        }
        anyhow::bail!("the gateway does not start")
    }

    /// What it holds in memory, in bytes.
    ///
    /// # Errors
    /// When it is gone.
    pub fn resident_bytes(&self) -> Result<u64> {
        memory::resident_bytes(&self.child.id().to_string())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn configuration(folder: &Path, repository: &Path) -> String {
    let (folder, repository) = (folder.display(), repository.display());
    format!(
        r#"[sip]
listen = "127.0.0.1:0"
calls_max = 4000

[media]
ports = "20000-31999"

[web]
listen = "127.0.0.1:0"
webrtc = "127.0.0.1:0"

[core]
listen = "127.0.0.1:0"
journal = "{folder}/core.sqlite"

[speech]
models = "{repository}/models"

[journal]
dir = "{folder}/calls"

[connectors]
airline = "http://127.0.0.1:9"

[[line]]
name = "airline"
numbers = ["airline"]
pack = "{repository}/skills/airline"
"#
    )
}
