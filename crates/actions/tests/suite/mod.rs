//! The tests. Where the journal is, `common::store` says.

mod approvals;
mod breaker;
mod cancel;
mod core;
mod http;
mod kill;
mod limits;
mod mcp;
mod retail;
