//! A business as a gRPC server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use callwright_model::Record;
use rusqlite::Connection;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;

use crate::date::Day;
use crate::faults::{FaultKind, Faults};
use crate::snapshot::Snapshot;
use crate::store::{self, Business};
use crate::wire;
use crate::wire::connector::{Connector, Description, Invocation, InvokeError, Refusal};

/// How a demo business is started.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The database file; `None` keeps everything in memory. A file that exists goes on as it is.
    pub database: Option<PathBuf>,
    /// The day the demo's flights leave, `YYYY-MM-DD`; `None` is tomorrow.
    pub date: Option<String>,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Config {
    /// A free port on loopback, in memory, tomorrow, without faults.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            database: None,
            date: None,
            faults: Faults::default(),
        }
    }
}

/// Why a demo business does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The date is none.
    #[error("`{0}` is no date: write YYYY-MM-DD")]
    Date(String),
    /// The database does not open.
    #[error("the demo's database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The service's own description does not load.
    #[error("reflection: {0}")]
    Reflection(String),
}

/// A running demo business. Dropping it stops it.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    faults: Faults,
    describe: fn() -> Description,
    connection: Arc<Mutex<Connection>>,
    snapshot: fn(&Connection) -> rusqlite::Result<Snapshot>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Handle {
    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The same as an address for the action core's config.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What goes wrong from here on.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Whether it can do this.
    #[must_use]
    pub fn knows(&self, method: &str) -> bool {
        (self.describe)().methods.iter().any(|known| known.name == method)
    }

    /// All its data as it is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn snapshot(&self) -> rusqlite::Result<Snapshot> {
        (self.snapshot)(&self.connection.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Stops: calls that run are finished, then the database is closed.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Starts a business.
pub(crate) async fn start<B: Business>(config: Config) -> Result<Handle, StartError> {
    let day = match &config.date {
        Some(date) => Day::parse(date).ok_or_else(|| StartError::Date(date.clone()))?,
        None => Day::tomorrow(),
    };
    let connection = Arc::new(Mutex::new(store::open::<B>(config.database.as_deref(), day)?));
    let listen = |error| StartError::Listen { address: config.listen, error };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let service = Service::<B> {
        connection: Arc::clone(&connection),
        faults: config.faults.clone(),
        business: std::marker::PhantomData,
    };
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status(wire::connector::SERVICE, tonic_health::ServingStatus::Serving).await;
    // Tools of before 2023, and what is built on them, ask by the older name.
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(wire::DESCRIPTORS)
            .with_service_name(wire::connector::SERVICE)
    };
    let broken = |error: tonic_reflection::server::Error| StartError::Reflection(error.to_string());
    let current = reflection().build_v1().map_err(broken)?;
    let older = reflection().build_v1alpha().map_err(broken)?;
    let routes =
        wire::connector::routes(service).add_service(health_service).add_service(current).add_service(older);
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let task = tokio::spawn(async move {
        let served = tonic::transport::Server::builder()
            .add_routes(routes)
            .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stopped)
            .await;
        if let Err(error) = served {
            tracing::warn!(%error, "a demo business stopped serving");
        }
    });
    let snapshot = store::snapshot::<B>;
    let describe = B::describe;
    Ok(Handle { address, faults: config.faults, describe, connection, snapshot, stop, task: Some(task) })
}

struct Service<B> {
    connection: Arc<Mutex<Connection>>,
    faults: Faults,
    business: std::marker::PhantomData<B>,
}

impl<B: Business> Connector for Service<B> {
    fn describe(&self) -> Description {
        B::describe()
    }

    async fn invoke(&self, call: Invocation) -> Result<Record, InvokeError> {
        if call.method == FAULTS_METHOD {
            return self.faults.apply(&call.arguments).await.map_err(InvokeError::Misused);
        }
        let plan = call.plan.clone().unwrap_or_default();
        let fault = self.faults.strike(&call.method, &plan);
        match fault {
            Some(FaultKind::LostRequest) => {
                return Err(InvokeError::Unknown("lost on the way, as asked for".to_owned()));
            }
            Some(FaultKind::Refuse) => {
                let reason = "refused, as asked for".to_owned();
                return Err(Refusal::Refused { reason, retriable: false }.into());
            }
            Some(FaultKind::RefuseForNow) => {
                let reason = "refused for now, as asked for".to_owned();
                return Err(Refusal::Refused { reason, retriable: true }.into());
            }
            Some(
                FaultKind::Delay(_) | FaultKind::LostReply | FaultKind::HoldRequest | FaultKind::HoldReply,
            )
            | None => {}
        }
        // Whoever asked may give up waiting, or be killed; what has arrived is done all the same.
        let work =
            Work { connection: Arc::clone(&self.connection), faults: self.faults.clone(), fault, plan };
        let done = tokio::spawn(work.perform::<B>(call));
        done.await.map_err(|error| InvokeError::Unknown(error.to_string()))?
    }
}

/// A call that has arrived, with what happens to it.
struct Work {
    connection: Arc<Mutex<Connection>>,
    faults: Faults,
    fault: Option<FaultKind>,
    plan: String,
}

impl Work {
    async fn perform<B: Business>(self, call: Invocation) -> Result<Record, InvokeError> {
        let Self { connection, faults, fault, plan } = self;
        // A place that is kept until the call is finished.
        let _held = match fault {
            Some(FaultKind::HoldRequest) => {
                let mut hold = faults.hold(&plan);
                hold.released().await;
                Some(hold)
            }
            Some(FaultKind::Delay(length)) => {
                tokio::time::sleep(length).await;
                None
            }
            Some(
                FaultKind::LostReply
                | FaultKind::LostRequest
                | FaultKind::Refuse
                | FaultKind::RefuseForNow
                | FaultKind::HoldReply,
            )
            | None => None,
        };
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let key = call.idempotency_key.as_deref();
            store::perform::<B>(&mut connection, &call.method, &call.arguments, key)
        })
        .await
        .map_err(|error| InvokeError::Unknown(error.to_string()))?;
        match fault {
            Some(FaultKind::LostReply) => {
                Err(InvokeError::Unknown("the answer was lost, as asked for".to_owned()))
            }
            Some(FaultKind::HoldReply) => {
                faults.hold(&plan).released().await;
                done
            }
            Some(
                FaultKind::LostRequest
                | FaultKind::Refuse
                | FaultKind::RefuseForNow
                | FaultKind::Delay(_)
                | FaultKind::HoldRequest,
            )
            | None => done,
        }
    }
}

/// The method that sets faults over gRPC; not described, for no catalogue should name it.
const FAULTS_METHOD: &str = "_faults";
