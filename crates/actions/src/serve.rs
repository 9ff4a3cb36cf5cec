//! Starting and stopping.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callwright_model::{PackSource, Problem};
use callwright_plan_core::Pack;
use callwright_wire as wire;
use thiserror::Error;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;

use crate::breaker::BreakerConfig;
use crate::connectors::{ConnectorConfig, Connectors};
use crate::core::{Core, Service};
use crate::journal::{Journal, JournalError, Store};
use crate::journey::keep_forgetting;
use crate::spans::Spans;

/// How the action core is started.
#[derive(Debug, Clone)]
pub struct CoreConfig {
    /// Where it listens.
    pub listen: Listen,
    /// Where its journal is.
    pub journal: Store,
    /// Skill packs to load.
    pub packs: Vec<PackSource>,
    /// The systems, by the names of connectors that the packs use.
    pub connectors: BTreeMap<String, ConnectorConfig>,
    /// How much it takes on.
    pub limits: Limits,
    /// How long plans, refusals and calls back are kept after their end; then they are erased. For ever when absent.
    pub keep: Option<Duration>,
    /// Where spans of plans go; nowhere when absent.
    pub spans: Option<Arc<dyn Spans>>,
}

/// Where the core listens. It knows no passwords, so only what is on this machine may reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A loopback address; port 0 takes a free one.
    Tcp(SocketAddr),
    /// A Unix socket, for its owner only.
    Unix(PathBuf),
}

/// How much the core takes on before it says that it is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Plans being carried out; those that wait for an approval do not count.
    pub plans_in_flight_max: usize,
    /// Plans waiting for an approval before another one that needs one is refused.
    pub approvals_waiting_max: usize,
    /// Plans waiting for their callers.
    pub plans_waiting_max: usize,
    /// A plan waiting longer than this may be forgotten when others want its place.
    pub plan_idle: Duration,
    /// When a system that does not answer is left alone.
    pub breaker: BreakerConfig,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            plans_in_flight_max: 1_000,
            approvals_waiting_max: 10_000,
            plans_waiting_max: 10_000,
            plan_idle: Duration::from_secs(15 * 60),
            breaker: BreakerConfig::default(),
        }
    }
}

/// Why the core does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Packs do not load; all mistakes of all packs.
    #[error("{}", problems(.0))]
    Packs(Vec<Problem>),
    /// A connector has no address, or one that is none.
    #[error("{0}")]
    Connector(String),
    /// The journal does not open.
    #[error("{store}: {error}")]
    Journal {
        /// Where it is.
        store: String,
        /// Why.
        error: JournalError,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        error: std::io::Error,
    },
    /// The service's own description does not load.
    #[error("reflection: {0}")]
    Reflection(String),
}

/// A running action core.
#[derive(Debug)]
pub struct ActionCore {
    url: String,
    local_addr: Option<SocketAddr>,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl ActionCore {
    /// Loads the packs, opens the journal, goes on with plans that had not ended, and listens.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: CoreConfig) -> Result<Self, StartError> {
        let packs = load(&config.packs)?;
        let connectors = Connectors::new(config.connectors).map_err(StartError::Connector)?;
        for pack in packs.values() {
            connectors.serve(pack).map_err(StartError::Connector)?;
        }
        let journal = |error| StartError::Journal { store: config.journal.to_string(), error };
        let opened = Journal::of(&config.journal).await.map_err(journal)?;
        let stop = CancellationToken::new();
        let core = Core::new(
            packs,
            connectors,
            config.limits,
            config.spans,
            (config.journal.clone(), opened),
            stop.clone(),
        );
        let listener = Listener::bind(&config.listen).await?;
        let resumed = core.resume().await.map_err(journal)?;
        if resumed > 0 {
            tracing::warn!(plans = resumed, "plans go on that had not ended");
        }
        if let Some(keep) = config.keep {
            let failed = |error: wire::actions::CoreError| StartError::Journal {
                store: config.journal.to_string(),
                error: JournalError::Database(error.to_string()),
            };
            let forgotten = core.forget(keep).await.map_err(failed)?;
            tracing::info!(
                forgotten,
                days = keep.as_secs() / 86_400,
                "what is older than is kept was erased"
            );
            core.tasks.spawn(keep_forgetting(Arc::clone(&core), keep));
        }
        core.tasks.spawn(Arc::clone(&core).stand_in());
        let routes = routes(Service(Arc::clone(&core))).await?;
        let (url, local_addr) = (listener.url(), listener.local_addr());
        tracing::info!(address = %url, packs = core.packs.len(), "the action core listens");
        let inspected = Arc::clone(&core);
        core.tasks.spawn(async move {
            let looks = inspected.connectors.inspect(inspected.packs.values().map(AsRef::as_ref));
            tokio::select! {
                () = looks => {}
                () = inspected.stopped() => {}
            }
        });
        let server = tokio::spawn(serve(listener, routes, core, stop.clone()));
        Ok(Self { url, local_addr, stop, server })
    }

    /// The address a client connects to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The TCP address, if it listens on one.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local_addr
    }

    /// Stops: no new plans, calls that are being made get their answer and are written down, plans in between go on at the
    /// next start; then the journal is closed.
    pub async fn shutdown(self) {
        self.stop.cancel();
        let _ = self.server.await;
    }
}

enum Listener {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    async fn bind(listen: &Listen) -> Result<Self, StartError> {
        let failed = |address: String| move |error| StartError::Listen { address, error };
        match listen {
            Listen::Tcp(address) if !address.ip().is_loopback() => {
                let error = std::io::Error::new(
                    std::io::ErrorKind::PermissionDenied,
                    "the core knows no passwords and listens on loopback only",
                );
                Err(failed(address.to_string())(error))
            }
            Listen::Tcp(address) => {
                let listener = TcpListener::bind(address).await.map_err(failed(address.to_string()))?;
                let bound = listener.local_addr().map_err(failed(address.to_string()))?;
                Ok(Self::Tcp(listener, bound))
            }
            Listen::Unix(path) => {
                let address = path.display().to_string();
                // A socket that nobody answers is left from a core that was killed.
                let stale = path.exists() && tokio::net::UnixStream::connect(path).await.is_err();
                if stale {
                    std::fs::remove_file(path).map_err(failed(address.clone()))?;
                }
                let listener = UnixListener::bind(path).map_err(failed(address.clone()))?;
                let owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                std::fs::set_permissions(path, owner).map_err(failed(address))?;
                Ok(Self::Unix(listener, path.clone()))
            }
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Tcp(_, address) => format!("http://{address}"),
            Self::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, address) => Some(*address),
            Self::Unix(..) => None,
        }
    }
}

fn load(sources: &[PackSource]) -> Result<BTreeMap<String, Arc<Pack>>, StartError> {
    let mut packs = BTreeMap::new();
    let mut problems = Vec::new();
    for source in sources {
        match Pack::load(source) {
            Ok(pack) => {
                if let Some(other) = packs.insert(pack.name.clone(), Arc::new(pack)) {
                    let what = format!("there are two packs called `{}`", other.name);
                    problems.push(Problem::error(&source.folder, None, what));
                }
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(packs) } else { Err(StartError::Packs(problems)) }
}

async fn routes(service: Service) -> Result<tonic::service::Routes, StartError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status(wire::actions::SERVICE, tonic_health::ServingStatus::Serving).await;
    // Tools of before 2023, and what is built on them, ask by the older name.
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(wire::DESCRIPTORS)
            .with_service_name(wire::actions::SERVICE)
    };
    let broken = |error: tonic_reflection::server::Error| StartError::Reflection(error.to_string());
    let current = reflection().build_v1().map_err(broken)?;
    let older = reflection().build_v1alpha().map_err(broken)?;
    Ok(wire::actions::routes(service).add_service(health_service).add_service(current).add_service(older))
}

async fn serve(listener: Listener, routes: tonic::service::Routes, core: Arc<Core>, stop: CancellationToken) {
    let router = tonic::transport::Server::builder()
        .concurrency_limit_per_connection(REQUESTS_PER_CONNECTION_MAX)
        .add_routes(routes);
    let stopped = stop.clone().cancelled_owned();
    let served = match listener {
        Listener::Tcp(listener, _) => {
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            router.serve_with_incoming_shutdown(incoming, stopped).await
        }
        Listener::Unix(listener, path) => {
            let served =
                router.serve_with_incoming_shutdown(UnixListenerStream::new(listener), stopped).await;
            let _ = std::fs::remove_file(path);
            served
        }
    };
    if let Err(error) = served {
        tracing::error!(%error, "the action core stopped serving");
    }
    stop.cancel();
    core.tasks.close();
    core.tasks.wait().await;
    if let Some(spans) = core.spans.clone() {
        let _ = tokio::task::spawn_blocking(move || spans.close()).await;
    }
    core.connectors.close().await;
    // Streams may hold the core a moment longer; the journal closes with the last of them.
    if let Some(core) = Arc::into_inner(core) {
        let closed = tokio::task::spawn_blocking(move || core.into_journal().close());
        let _ = closed.await;
    }
}

fn problems(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A conversation asks one thing at a time; the gateway shares a connection between some thousand of them.
const REQUESTS_PER_CONNECTION_MAX: usize = 4_096;
