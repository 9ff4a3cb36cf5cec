//! Recordings of calls: what the caller said on the left, everything they were sent on the right, sample by sample of the same time.
//!
//! ```text
//! leg, 20 ms path --ring--> writer thread: Tape (what may be kept) -> Sealer (encrypted pieces) -> file
//! ```
//!
//! - *Outside of the 20 ms path.* A leg pushes both sides of each tick into a ring of [`RING_TICKS`]; one thread empties the rings of all
//!   calls. A ring that is full loses ticks, which are numbered: the recording has silence there, at the right place, and counts them.
//! - *Nothing secret is stored first and taken out later.* [`Tape`] holds sound back until it is known what it was: for [`HOLD`], and as
//!   long as a turn runs whose words are not known yet. Then it is written as it is, or as silence with a mark.
//! - *No repair.* A file is a head and pieces of 400 ms, each sealed by itself. What a process that dies leaves ends with its last whole piece,
//!   at most a second before, and is read as any other. A WAV would need its head mended, and could not be sealed as it grows.
//! - *A key for each call.* It lies beside the recording, sealed with the gateway's own. Whoever erases it has erased the recording, also
//!   in backups that hold only recordings.
//!
//! What is not here: who may be recorded, and when secrets are spoken. The gateway knows and tells.

mod file;
mod key;
mod read;
mod shelf;
mod tape;
mod tone;
mod writer;

pub use file::{Head, Mark, MarkKind};
pub use key::{KeyError, MasterKey};
pub use read::{ReadError, Reading};
pub use shelf::{Shelf, Shelved};
pub use tape::{HOLD, Order, Piece, Sides, Tape};
pub use writer::{CallTape, RING_TICKS, Recordings};
