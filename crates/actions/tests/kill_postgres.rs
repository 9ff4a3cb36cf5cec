//! Promise 3 with the journal in Postgres: the core that starts again is another one there, and takes over once the lease is over.

#[path = "kill.rs"]
mod suite;
