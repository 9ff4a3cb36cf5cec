//! The airline behind the gateway.

use callwright_demo_backends::{Config, Handle, Snapshot, airline};

/// A running airline with its own database in memory.
pub struct Airline {
    /// Its handle, for faults.
    pub handle: Handle,
    before: Snapshot,
}

impl Airline {
    /// Starts one.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn start() -> Self {
        let handle = airline::start(Config::default()).await.expect("the airline starts");
        let before = handle.snapshot().expect("its database can be read");
        Self { handle, before }
    }

    /// Its address for a configuration.
    #[must_use]
    pub fn url(&self) -> String {
        self.handle.url()
    }

    /// Its data.
    ///
    /// # Panics
    /// When its database cannot be read.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.handle.snapshot().expect("its database can be read")
    }

    /// What has changed since it started, a line for each row.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        self.snapshot().changes_since(&self.before)
    }
}
