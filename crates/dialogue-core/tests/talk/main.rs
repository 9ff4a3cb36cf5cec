//! Whole conversations in text and virtual time, against an action core played by the test.

mod conversations;
mod fuzz;
mod packs;
mod script;
