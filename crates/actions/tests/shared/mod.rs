//! What only cores can do that share a journal.

mod two;
