//! The demo's systems as processes, each with its own database.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use callwright_demo_backends::{Config, airline, shop};
use callwright_model::{PlanId, Record, Value};
use callwright_wire::connector::{Client, Invocation};
use clap::ValueEnum;
use rusqlite::Connection;

use super::process::Process;

/// One of the demo's systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Kind {
    /// Flights and bookings.
    Airline,
    /// Orders and returns.
    Shop,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Airline, Self::Shop];

    /// The name of its connector.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Airline => "airline",
            Self::Shop => "shop",
        }
    }
}

/// A running system.
pub(super) struct System {
    kind: Kind,
    process: Process,
    address: SocketAddr,
    file: PathBuf,
    client: Client,
}

impl System {
    /// Starts one whose database is in this folder.
    pub(super) fn start(kind: Kind, folder: &Path) -> Result<Self> {
        let file = folder.join(kind.name()).with_extension("sqlite");
        let (process, address) = spawn(kind, &file, SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let client = Client::connect_lazy(&format!("http://{address}"))?;
        Ok(Self { kind, process, address, file, client })
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again after a kill, where it was.
    pub(super) fn revive(&mut self) -> Result<()> {
        (self.process, _) = spawn(self.kind, &self.file, self.address)?;
        Ok(())
    }

    /// Its database, as anybody may open it.
    pub(super) fn database(&self) -> Result<Connection> {
        let connection = Connection::open(&self.file)?;
        connection.busy_timeout(PATIENCE)?;
        Ok(connection)
    }

    /// Has a call of a plan go wrong.
    pub(super) async fn fail(&self, plan: &PlanId, method: &str, kind: &str) -> Result<()> {
        let fault = [("plan", plan.0.as_str()), ("method", method), ("kind", kind)];
        self.ask(&fault).await.map(drop)
    }

    /// Lets the calls of a plan that are held go on.
    pub(super) async fn release(&self, plan: &PlanId) -> Result<()> {
        self.ask(&[("plan", &plan.0), ("kind", "release")]).await.map(drop)
    }

    /// Plans whose calls are held or being finished.
    pub(super) async fn held(&self) -> Result<Vec<PlanId>> {
        self.ask(&[("kind", "look")]).await
    }

    /// Waits until it holds a call of each of these plans.
    pub(super) async fn until_held(&self, plans: &[&PlanId]) -> Result<()> {
        let plans = plans.iter().map(|plan| Value::Text(plan.0.clone())).collect();
        let asked = [("kind", Value::from("await_held")), ("plans", Value::List(plans))];
        let told = self.call(asked.map(|(name, value)| (name.to_owned(), value))).await;
        told.map(drop).with_context(|| format!("the {} does not hold its calls", self.kind.name()))
    }

    /// Waits until every call that was held is finished.
    pub(super) async fn until_none_is_held(&self) -> Result<()> {
        let told = self.ask(&[("kind", "await_none")]).await;
        told.map(drop).with_context(|| format!("the {} does not finish what it held", self.kind.name()))
    }

    async fn ask(&self, what: &[(&str, &str)]) -> Result<Vec<PlanId>> {
        self.call(what.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)))).await
    }

    async fn call(&self, arguments: impl IntoIterator<Item = (String, Value)>) -> Result<Vec<PlanId>> {
        // One that takes 20 ms, where nothing else is said.
        let length = ("ms".to_owned(), Value::Int(20));
        let call = Invocation {
            method: "_faults".to_owned(),
            arguments: arguments.into_iter().chain([length]).collect::<Record>(),
            idempotency_key: None,
            deadline: PATIENCE,
            plan: None,
            attempt: 1,
        };
        let answer = self.client.invoke(call).await?;
        let Some(Value::List(held)) = answer.get("held") else { anyhow::bail!("what is held is not told") };
        Ok(held.iter().filter_map(Value::as_text).map(|plan| PlanId(plan.to_owned())).collect())
    }
}

fn spawn(kind: Kind, file: &Path, listen: SocketAddr) -> Result<(Process, SocketAddr)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--system", kind.name(), "--listen", &listen.to_string(), "--database"])
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take();
    let process = Process(child);
    let mut line = String::new();
    BufReader::new(out.context("it is piped")?).read_line(&mut line)?;
    let address = line.trim().parse().with_context(|| format!("the {} does not start", kind.name()))?;
    Ok((process, address))
}

/// The other side: is the system until it is killed.
///
/// # Errors
/// When it does not start.
pub async fn serve(kind: Kind, database: PathBuf, listen: SocketAddr) -> Result<()> {
    let config = Config { listen, database: Some(database), ..Config::default() };
    let system = match kind {
        Kind::Airline => airline::start(config).await?,
        Kind::Shop => shop::start(config).await?,
    };
    let mut out = std::io::stdout();
    writeln!(out, "{}", system.local_addr())?;
    out.flush()?;
    std::future::pending::<()>().await;
    system.shutdown().await;
    Ok(())
}

/// Far more than a system on this machine takes.
const PATIENCE: Duration = Duration::from_secs(20);
