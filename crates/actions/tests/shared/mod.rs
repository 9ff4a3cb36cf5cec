//! What only cores can do that share a journal.

mod limits;
mod two;
