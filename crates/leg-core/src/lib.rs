//! One leg's media as one machine: datagrams in, heard frames up, speech down, datagrams out.
//!
//! A shell drives a [`MediaLeg`] every 20 ms:
//!
//! ```text
//! receive datagrams        -> handle_datagram      (as many as there are)
//! listen                                            jitter buffer -> decode -> echo cancel -> floor
//! cross_to(other leg)                               only between the legs of a bridge
//! speak(says)                                       playout -> encode
//! poll_datagram            -> send                  (to None)
//! poll_heard, poll_fact    -> recogniser, conversation
//! ```
//!
//! Invariants:
//! - A tick sends exactly one frame, sound or silence, in packets of the agreed length: a stream that stops is taken for a dead one by NATs and peers.
//!   Only over a bridge between equal codecs the other side's pace is passed on instead.
//! - When the floor takes the word from the agent, the frame of that very tick is silent already, and what was still to be
//!   said is dropped and told.
//! - `played` counts the samples of a say that were sent, `words` those of its words that were sent to their end; a word that is
//!   said again counts once.
//! - After construction no tick allocates, except inside the echo canceller (see `audio-core`) and the detector that the
//!   shell passes in; a bridge makes its buffers when it is made. `tests/alloc.rs` counts.
//! - What a peer sends is never an error: junk is counted and dropped.
//!
//! It reads no clock, owns no socket, and knows neither what words mean nor other calls.

mod bridge;
mod config;
mod ear;
mod echo_watch;
mod error;
mod facts;
mod hold_watch;
mod keys;
mod leg;
mod line;
mod outbox;
mod playout;
mod statistics;

pub use config::LegConfig;
pub use error::LegError;
pub use leg::{LegSpec, MediaLeg};
pub use statistics::LegStatistics;
