//! What a core does before the demo airline, with its journal in Postgres.

#[path = "core.rs"]
mod suite;
