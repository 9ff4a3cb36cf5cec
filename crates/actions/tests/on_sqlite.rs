//! What a core does, with its journal in a file. [`suite`] is the same for both stores.

mod common;
mod suite;
