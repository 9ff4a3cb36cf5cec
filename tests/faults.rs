//! Faults against real processes: the action core and the demo's systems are killed in the middle of the demo's stories, lose
//! answers, refuse and are slow; afterwards the systems' own databases are looked at, and each effect must be there exactly once, or
//! its plan says that it is in doubt.
//!
//! The journal has troubles of its own, which `stores` brings about: a full disk, a database that is killed, and other cores.
//!
//! A run is a number of waves. In each, many plans are brought to where they are to be struck: some inside a call, which the system
//! holds until it is released, and some between two steps. Then somebody is killed, and started again, and every plan is followed to
//! its end. Nothing waits for a time to pass: a plan is where it should be when the system says that it holds its call.

mod process;
mod stores;
mod story;
mod system;
mod table;
mod wave;

pub use stores::try_stores;
pub use story::Judged;
pub use system::{Kind, serve};
pub use table::{Report, Row};
pub use wave::{Run, run};
