//! The circuit breakers of all systems, with the clock, for those who call.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::breaker::{Breaker, BreakerConfig, Change, Pass};

/// One for each connector.
#[derive(Debug)]
pub(crate) struct Breakers {
    began: Instant,
    config: BreakerConfig,
    of: BTreeMap<String, Guarded>,
}

#[derive(Debug)]
struct Guarded {
    name: String,
    machine: Mutex<Breaker>,
    /// Counts changes, for those who wait.
    changes: watch::Sender<u64>,
}

/// Leave to make one call. Whoever has it tells what became of the call; one that is dropped untold was given up.
#[derive(Debug)]
pub(crate) struct Leave<'b> {
    breakers: &'b Breakers,
    guarded: Option<&'b Guarded>,
    tries: bool,
}

/// A system is left alone for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shut {
    connector: String,
    failures: u32,
    /// After this another call may try.
    pub(crate) left: Duration,
}

impl fmt::Display for Shut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connector, failures, left: _ } = self;
        write!(
            f,
            "the connector `{connector}` gave no answer to {failures} calls in a row and is left alone for now"
        )
    }
}

impl Breakers {
    pub(crate) fn new<'n>(config: BreakerConfig, connectors: impl Iterator<Item = &'n str>) -> Self {
        let guarded = |name: &str| {
            gauge(name, false);
            let (changes, _) = watch::channel(0);
            let machine = Mutex::new(Breaker::new(config));
            (name.to_owned(), Guarded { name: name.to_owned(), machine, changes })
        };
        Self { began: Instant::now(), config, of: connectors.map(guarded).collect() }
    }

    /// Leave for a call now, or why there is none.
    pub(crate) fn leave(&self, connector: &str) -> Result<Leave<'_>, Shut> {
        let guarded = self.of.get(connector);
        let pass = guarded.map_or(Pass::Free, |guarded| guarded.lock().ask(self.now()));
        match pass {
            Pass::Free | Pass::Try => Ok(Leave { breakers: self, guarded, tries: pass == Pass::Try }),
            Pass::Shut(left) => {
                Err(Shut { connector: connector.to_owned(), failures: self.config.failures, left })
            }
        }
    }

    /// Leave for a call that is made whatever the breaker says; what becomes of it counts.
    pub(crate) fn anyway(&self, connector: &str) -> Leave<'_> {
        self.leave(connector).unwrap_or(Leave {
            breakers: self,
            guarded: self.of.get(connector),
            tries: false,
        })
    }

    /// Waits until there may be leave again.
    pub(crate) async fn opening(&self, shut: &Shut) {
        let Some(guarded) = self.of.get(&shut.connector) else { return };
        let mut changes = guarded.changes.subscribe();
        // Who tries tells it to all; should that be lost, the time is still there.
        let _ = tokio::time::timeout(shut.left, changes.changed()).await;
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

impl Guarded {
    fn lock(&self) -> MutexGuard<'_, Breaker> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self, change: Option<Change>) {
        let connector = &self.name;
        match change {
            None => return,
            Some(Change::Opened) => {
                metrics::counter!("callwright_actions_breaker_opened_total", "connector" => connector.clone())
                    .increment(1);
                gauge(connector, true);
                tracing::warn!(%connector, "calls in a row had no answer: the connector is left alone for now");
            }
            Some(Change::StaysOpen) => tracing::info!(%connector, "the connector still gives no answer"),
            Some(Change::Closed) => {
                gauge(connector, false);
                tracing::warn!(%connector, "the connector answers again");
            }
        }
        self.changes.send_modify(|count| *count += 1);
    }
}

impl Leave<'_> {
    /// The call had an answer, be it a no.
    pub(crate) fn answered(mut self) {
        if let Some(guarded) = self.guarded.take() {
            let change = guarded.lock().answered();
            guarded.changed(change);
        }
    }

    /// The call had none.
    pub(crate) fn unanswered(mut self) {
        if let Some(guarded) = self.guarded.take() {
            let change = guarded.lock().unanswered(self.tries, self.breakers.now());
            guarded.changed(change);
        }
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if let Some(guarded) = self.guarded.take().filter(|_| self.tries) {
            guarded.lock().given_up(self.breakers.now());
            guarded.changes.send_modify(|count| *count += 1);
        }
    }
}

fn gauge(connector: &str, open: bool) {
    metrics::gauge!("callwright_actions_breaker_open", "connector" => connector.to_owned()).set(if open {
        1.0
    } else {
        0.0
    });
}
