//! The tests. Where the journal is, `common::store` says.

mod approvals;
mod breaker;
mod cancel;
mod core;
mod errors;
mod grpc;
mod http;
mod journeys;
mod kill;
mod limits;
mod mcp;
mod recall;
mod retail;
