//! Scripted callers over real sockets who listen as well as speak.
//!
//! A caller places a real SIP call, sends its WAV files as 20 ms RTP packets, and listens to what comes back with an energy
//! detector. From that alone - never from the agent's own log - come the latencies: see [`measure`](mod@measure) for what is
//! measured from where to where. [`scenario`] is what a party does, [`run`] is many callers, [`Phones::call`] is one, [`Callee`] is
//! somebody who is rung. [`duplex`] is callers who play a whole conversation over a bad line and measure turn-taking.
//!
//! What it does not do: encrypted media, judging the words that it hears. Scripted parties have a clean line; only duplex
//! callers have a bad one.

mod callee;
mod clip;
mod detect;
pub mod duplex;
mod error;
mod event;
mod load;
mod manifest;
pub mod measure;
mod mind;
mod other;
mod phone;
mod phones;
mod playout;
mod recording;
mod report;
mod rtp;
pub mod scenario;
mod script;
mod track;

pub use callee::{AnswerHabit, Callee, CalleeConfig};
pub use clip::Clip;
pub use detect::{Detector, Hearing, Segment, Sound, level_dbfs, segments};
pub use error::LoadError;
pub use event::{NoObserver, Observer, PartyEvent, PartyFact};
pub use load::{LoadConfig, Progress, run};
pub use manifest::{Entry, Manifest};
pub use measure::{Kind, Turn};
pub use phones::{Call, Phones};
pub use report::{CallReport, LoadReport, Network, Outcome, Share, Spread};
pub use scenario::Scenario;
