//! `callwright core` as a process.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};
use callwright_wire::actions::Client;
use rusqlite::{Connection, OpenFlags};

use super::system::System;
use crate::{program, repository};

/// How the core is started: what stays the same when it is killed.
pub(super) struct Setup {
    folder: PathBuf,
    kept: Kept,
}

/// Where the journal is.
pub(super) enum Kept {
    File(PathBuf),
    Postgres(String),
}

/// A running core.
pub(super) struct Core {
    process: Process,
    pub(super) client: Client,
}

/// A process of ours. Killed when dropped.
pub(super) struct Process(pub(super) Child);

impl Process {
    /// SIGKILL: nothing is flushed, nothing is said.
    pub(super) fn kill(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(self.kill());
    }
}

impl Setup {
    pub(super) fn new(folder: &Path, systems: &[System]) -> Result<Self> {
        Self::on(folder, systems, Kept::File(folder.join("journal.sqlite")))
    }

    pub(super) fn on(folder: &Path, systems: &[System], kept: Kept) -> Result<Self> {
        let packs = repository().join("skills");
        let place = match &kept {
            Kept::File(file) => format!("journal = \"{}\"", file.display()),
            Kept::Postgres(address) => format!("store = \"{address}\"\nlease = \"1s\""),
        };
        let setup = Self { folder: folder.to_owned(), kept };
        let mut text = format!("[core]\nlisten = \"127.0.0.1:0\"\n{place}\n[connectors]\n");
        for system in systems {
            text.push_str(&format!("{} = \"{}\"\n", system.kind().name(), system.url()));
        }
        for (line, numbers, pack) in [("airline", "*", "airline"), ("shop", "shop", "retail")] {
            text.push_str(&format!(
                "[[line]]\nname = \"{line}\"\nnumbers = [\"{numbers}\"]\npack = \"{}\"\n",
                packs.join(pack).display()
            ));
        }
        std::fs::write(setup.config(), text)?;
        Ok(setup)
    }

    fn config(&self) -> PathBuf {
        self.folder.join("callwright.toml")
    }

    /// The journal, for looking at, if it is a file.
    pub(super) fn read_journal(&self) -> Result<Connection> {
        match &self.kept {
            Kept::File(file) => Ok(Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?),
            Kept::Postgres(_) => anyhow::bail!("the journal is in a database"),
        }
    }

    /// Starts the core and waits until it listens; by then it has taken up what had not ended.
    pub(super) async fn start(&self) -> Result<Core> {
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("core.log"))?;
        // A file that may not grow is an error to the core, and not its end.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(program())
            .args(["--log", "callwright=info,warn", "core", "--config"])
            .arg(self.config())
            .current_dir(repository())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log))
            .spawn()?;
        let out = child.stdout.take();
        let process = Process(child);
        let out = out.context("it is piped")?;
        let url = BufReader::new(out).lines().map_while(Result::ok).find_map(|line| {
            let address = line.strip_prefix("action core: ")?;
            Some(address.split(' ').next()?.to_owned())
        });
        let url = url.with_context(|| format!("the core does not start: see {}", self.folder.display()))?;
        Ok(Core { process, client: Client::connect(&url).await? })
    }

    /// Whether the journal is as it was written.
    pub(super) fn audited(&self) -> Result<bool> {
        let audit = Command::new(program())
            .args(["audit", "verify", "--config"])
            .arg(self.config())
            .stdout(Stdio::null())
            .status()?;
        Ok(audit.success())
    }
}

impl Core {
    /// SIGKILL.
    pub(super) fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Its process, for signals and limits.
    pub(super) fn id(&self) -> String {
        self.process.0.id().to_string()
    }
}
