//! The action core's shell: gRPC server, journal, connectors.
//!
//! What to do next is decided in `plan-core`; here it is done. The service answers over gRPC only, also when it runs inside
//! the gateway's process, so that there is one way.
//!
//! What holds:
//!
//! - A plan runs in a task of its own. The stream of its events is a view: a client that goes away changes nothing.
//! - Consent and plan are written down in one transaction before the first step, and each event durably (SQLite, WAL,
//!   `synchronous = FULL`, or Postgres) and at its place (compare-and-append) before what follows from it is done. At start, plans that
//!   have not ended go on.
//! - Where cores share a journal (Postgres), a plan is carried out by the core that has its lease, and an entry of any other is refused.
//! - What is written down hangs on a chain of hashes; [`audit`] finds what was changed afterwards.
//! - A plan that needs somebody's approval waits in the journal, for days and over restarts; the first answer to a question is the one
//!   that counts, and no answer in time is a no.
//! - A system that gave no answer to several calls in a row is left alone for a while: reads are refused at once, and writes wait
//!   before they are begun.
//! - Executing twice is executing once: the second gets the events of the first.
//! - Secrets and everything a plan does not need any more stay in memory; a plan that nobody said yes to is never written
//!   down. Refusals are, without facts.
//! - What is kept of a person is given to them, and erased, on request; what is older than is kept is erased too. The chain still verifies.
//! - No lock is held across a call of a connector but a draft's own, and nothing waits for a watcher.
//!
//! - A system that does not speak our own protocol is an MCP server or an HTTP API; what was sent to it and not answered is told apart from what was
//!   never sent.
//!
//! Absent, for now: authentication
//! (hence loopback or a Unix socket only).

mod audit;
mod breaker;
mod breakers;
mod connectors;
mod core;
mod draft;
mod guess;
mod journal;
mod journey;
mod lot;
mod run;
mod serve;
mod spans;
mod stats;
mod tally;

pub use audit::{AuditError, Listed, audit, explain_from, list};
pub use breaker::BreakerConfig;
pub use connectors::{
    ConnectorConfig, GrpcService, McpServer, Program, Web, described, discover, fetch, reflected,
};
pub use journal::{JournalError, Postgres, Store};
pub use serve::{ActionCore, CoreConfig, Limits, Listen, StartError};
pub use spans::Spans;
pub use stats::stats;
