//! What telephony costs: legs and bridges on one media thread, and whole calls through a gateway of its own.
//!
//! Two cores are used: what is measured has the first to itself, the telephones the second. So "per core" is what was seen,
//! not divided.

mod bridges;
mod cores;
mod gateway;
mod phones;
mod sipp;
mod sound;

pub use bridges::{Loaded, idle, most};
pub use gateway::Gateway;
pub use sipp::{Calls, Sipp};
