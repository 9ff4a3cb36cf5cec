//! The floor: who may speak, decided from speech probability and expectations.
//!
//! One [`Floor`] per leg. It is driven by the leg, every 20 ms, with what the frame just received looks like and with
//! what is being played:
//!
//! ```
//! use callwright_model::MonoTime;
//! use callwright_turn_core::{Floor, FloorConfig, FrameFacts, Output, Sounding};
//!
//! let mut floor = Floor::new(FloorConfig::default(), MonoTime::ZERO);
//! let mut started = false;
//! for tick in 1..=10 {
//!     floor.handle_frame(FrameFacts::plain(0.9, -25.0), Sounding::Nothing, MonoTime::from_millis(tick * 20));
//!     while let Some(output) = floor.poll_output() {
//!         started |= matches!(output, Output::Started { .. });
//!     }
//! }
//! assert!(started);
//! ```
//!
//! Invariants:
//! - Turn ids only grow. Every [`Output::Started`] is closed by exactly one [`Output::Ended`] or [`Output::Discard`]
//!   before the next one begins.
//! - No state lasts without sound or a timer: unless the agent sounds or the floor is suspended (two people talk), there is
//!   a [`Floor::poll_timeout`]. A caller who never pauses (or a noise that looks like one) loses the floor at the cap, and
//!   must pause before taking it again, so that the agent is not silenced for ever.
//! - Sound over the agent lowers it at once; what it was is decided by words, length and level ([`Output::Judged`] tells by which).
//!   A first guess only holds the agent's sound; it goes on at a word's start when the guess was wrong.
//! - The same inputs give the same outputs; there is no randomness here at all.
//!
//! What it does not do: it hears no sound (a voice activity detector did), knows no words (it is told how much of what was
//! expected is filled) and touches no sample (the leg ducks, hushes and restores when told).

mod colour;
mod config;
mod floor;
mod levels;
mod patience;
mod turn;
mod verdict;

pub use config::{FloorConfig, Patience, Vote};
pub use floor::{Admission, Floor, FrameFacts, Output, Sounding, Timer};
