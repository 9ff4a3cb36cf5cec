//! The demo airline and the demo shop: two invented businesses behind real gRPC [`Connector`](wire::connector::Connector)
//! services, each with its own SQLite, so that what the agent claims can be looked up.
//!
//! What holds: every write and the memory of its idempotency key are one transaction, so a repeated key changes nothing and
//! gets the first answer; a refusal changes nothing; a fault strikes only where it was asked for.
//!
//! Absent: anything a real business needs besides. There is no authentication (loopback only) and PINs are in clear, for the
//! people are invented.

pub mod airline;
mod date;
mod faults;
mod in_step;
mod serve;
pub mod shop;
mod snapshot;
mod store;

use callwright_wire as wire;

pub use faults::{Fault, FaultKind, Faults};
pub use in_step::{Answered, InStep};
pub use serve::{Config, Handle, StartError};
pub use snapshot::Snapshot;
