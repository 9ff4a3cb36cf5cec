//! The core as a process: the program runs itself again, told to be the core.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use callwright_actions::{ActionCore, CoreConfig, Limits, Listen, Postgres, Store};
use callwright_wire::actions::Client;

use super::pack::{CONNECTOR, Made};
use super::system::System;
use crate::memory;

/// A running core. Killed when dropped.
#[derive(Debug)]
pub struct Core {
    child: Child,
    socket: PathBuf,
}

impl Core {
    /// Starts one before this system, with so many writes in its skill and its journal in that file.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(system: &System, made: Made, journal: &Path) -> Result<Self> {
        Self::start_on(system, made, journal, None)
    }

    /// The same, with its journal in the database of this address if there is one; the file is not made then.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_on(system: &System, made: Made, journal: &Path, database: Option<&str>) -> Result<Self> {
        let socket = journal.with_extension("sock");
        let socket = system.folder.path().join(socket.file_name().context("the journal is a file")?);
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--core-before", &system.url, "--writes", &made.writes.to_string(), "--journal"])
            .arg(journal)
            .arg("--socket")
            .arg(&socket)
            .args(database.into_iter().flat_map(|address| ["--database", address]))
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().context("it is piped")?;
        // Killed, should it not come up.
        let core = Self { child, socket };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        anyhow::ensure!(line.starts_with(READY), "the core does not start");
        Ok(core)
    }

    /// A client of it.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn client(&self) -> Result<Client> {
        Ok(Client::connect(&format!("unix:{}", self.socket.display())).await?)
    }

    /// What it holds in memory, in bytes.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn resident_bytes(&self) -> Result<u64> {
        memory::resident_bytes(&self.child.id().to_string())
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The other side: is the core until it is killed.
///
/// # Errors
/// When it does not start.
pub async fn serve(
    system: &str,
    made: Made,
    journal: &Path,
    database: Option<&str>,
    socket: &Path,
) -> Result<()> {
    let store = match database {
        Some(address) => Store::Postgres(Postgres::new(address, LEASE).map_err(anyhow::Error::msg)?),
        None => Store::File(journal.to_owned()),
    };
    let core = ActionCore::start(CoreConfig {
        listen: Listen::Unix(socket.to_owned()),
        journal: store,
        packs: vec![made.source()],
        connectors: [(CONNECTOR.to_owned(), system.to_owned().into())].into(),
        limits: Limits {
            plans_in_flight_max: PLANS_MAX,
            plans_waiting_max: PLANS_MAX,
            plan_idle: Duration::from_secs(3_600),
            ..Limits::default()
        },
        keep: None,
        spans: None,
    })
    .await?;
    let mut out = std::io::stdout();
    writeln!(out, "{READY}")?;
    out.flush()?;
    std::future::pending::<()>().await;
    core.shutdown().await;
    Ok(())
}

const READY: &str = "ready";
/// As it is set unless somebody says otherwise.
const LEASE: Duration = Duration::from_secs(15);
/// More than are measured.
const PLANS_MAX: usize = 100_000;
