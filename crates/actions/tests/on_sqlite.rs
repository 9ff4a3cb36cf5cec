//! What a core does, with its journal in a file. [`suite`] is the same for both stores.

mod common;
#[path = "suite/errors.rs"]
mod errors;
#[path = "suite/journeys.rs"]
mod journeys;
mod suite;
