//! Whole calls as text in virtual time. The machine of a call, the plans' binding and deciding, policies and limits are those of a real call,
//! and so are the demo's business systems, in memory; sound, sockets, clocks and the journal are left out. A call takes milliseconds.
//!
//! - A [`Story`] is a scripted conversation as data: what a caller does, and what must be understood, said, done and written.
//! - [`SelfPlay`] has simulated callers play the goals of a pack against the agent; its [`Report`] tells pass^1 and pass^4.
//! - [`Stage`] is a pack made ready, [`Call`] one call on it, for callers of other kinds.
//!
//! What holds: two runs of the same are equal; what was done is read from the systems' own databases.
//!
//! Absent: the floor (who calls speaks when the agent has finished, or over it where a script says so), looking ahead, breakers and leases,
//! and systems that are not the demo's.

mod call;
mod core;
mod selfplay;
mod stage;
mod story;
mod transcript;

pub use call::{Call, Outcome, Spoken};
pub use selfplay::{Failure, Game, GameId, Mood, Noise, Options, Passed, Report, SelfPlay, TRIES};
pub use stage::{Human, Setup, Stage};
pub use story::{Deed, Expected, Played, Sentence, Story, Turn};
pub use transcript::{Told, transcript};
