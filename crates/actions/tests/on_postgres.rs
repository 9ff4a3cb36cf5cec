//! What a core does, with its journal in Postgres: one server for all of these tests, and a database for each. [`suite`] is the same for
//! both stores; [`shared`] is what only cores can do that share one.

mod common;
mod shared;
mod suite;
