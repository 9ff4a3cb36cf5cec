//! Callers who play a whole conversation in both directions at once, over a line as bad as a real one, and measure how the other
//! end takes turns: the measuring instrument of `callwright load --duplex`.
//!
//! [`Profile`] is the conditions, [`Conversation`] what is said, [`Sounds`] all of it as sound, made from a seed. [`run`] places
//! the calls: in each, a caller (a pure machine) listens and speaks, and a line (another) adds noise, bursts, muffling, drift,
//! echo and loss to what is sent. Everything is measured at the caller's ear, against what the caller itself did: [`judge`] says
//! what the agent made of each thing, [`Panel`] sums that up to the eight figures of the public tau-voice benchmark.
//!
//! What it does not do: understand what the agent says. Noise is only in what is sent, so the agent's track is clean to detect.

mod caller;
mod conversation;
mod dice;
mod figures;
mod files;
mod generate;
mod judge;
mod line;
mod picture;
mod plan;
mod profile;
mod report;
mod run;
mod simulate;
mod trace;
mod utterance;

pub use conversation::Conversation;
pub use figures::{Counts, EVENTS_MIN, Figures, Intervals, Panel};
pub use generate::{Repertoire, Sounds, Speaker};
pub use judge::{Did, Event, Figure, Heard, Verdict, judge};
pub use line::{Disturbance, DisturbanceKind};
pub use profile::{Echo, Profile};
pub use report::{DuplexCall, DuplexNetwork, DuplexReport};
pub use run::{DuplexConfig, DuplexProgress, run};
pub use simulate::{Agent, simulate};

pub(crate) use caller::Caller;
pub(crate) use line::Line;
pub(crate) use plan::Plan;
pub(crate) use trace::{Levels, Trace};
