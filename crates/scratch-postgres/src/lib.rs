//! A Postgres server of one's own, for tests and measurements: Debian's package, a database cluster in a folder of its own, reached by a
//! Unix socket in there and by nothing else.
//!
//! A shell looks after the server. It does as it is told over its standard input, and when that ends, because the process that started it
//! is gone in whatever way, it stops the server and removes the folder. So nothing is left, not even after SIGKILL.
//!
//! Postgres refuses to run as root; then it runs as the user `postgres`, whom the package has made.

mod server;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

pub use server::{Durability, Server};

/// The address of a new database on a server that all tests of this process share. Nothing of it outlives the machine's power.
///
/// # Errors
/// When there is no Postgres, or it does not start.
pub fn database() -> io::Result<String> {
    static SERVER: OnceLock<Mutex<Option<Server>>> = OnceLock::new();
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let mut server = SERVER.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let running = match server.take() {
        Some(running) => running,
        None => Server::start(Durability::None)?,
    };
    let name = format!("test{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    server.insert(running).create(&name)
}
