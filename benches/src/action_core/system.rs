//! The system behind the core: it answers at once and remembers nothing.

use anyhow::Result;
use callwright_model::Record;
use callwright_wire::connector::{Connector, Description, Invocation, InvokeError, routes};
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::UnixListenerStream;

use super::pack;

/// A running system. Dropping it stops it.
#[derive(Debug)]
pub struct System {
    task: JoinHandle<Result<(), tonic::transport::Error>>,
    /// Its address, for the core.
    pub url: String,
    /// Where sockets are. Their paths must be short, so it is not where the journal is.
    pub folder: TempDir,
}

impl System {
    /// Starts it on a Unix socket.
    ///
    /// # Errors
    /// When the socket cannot be had.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("system.sock");
        let incoming = UnixListenerStream::new(UnixListener::bind(&path)?);
        let served = tonic::transport::Server::builder().add_routes(routes(AtOnce));
        Ok(Self {
            task: tokio::spawn(served.serve_with_incoming(incoming)),
            url: format!("unix:{}", path.display()),
            folder,
        })
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct AtOnce;

impl Connector for AtOnce {
    fn describe(&self) -> Description {
        Description { name: pack::CONNECTOR.to_owned(), methods: Vec::new() }
    }

    async fn invoke(&self, call: Invocation) -> Result<Record, InvokeError> {
        Ok(pack::answer(&call.method, &call.arguments))
    }
}
