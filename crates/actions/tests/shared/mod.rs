//! What only cores can do that share a journal.

mod approvals;
mod limits;
mod two;
