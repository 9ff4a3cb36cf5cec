//! What the action core costs: steps a second with a journal that is flushed for each, permissions, plans, and the memory of plans
//! that wait.
//!
//! The core runs as a process of its own and is spoken to over gRPC, as everywhere; its journal is on the disk it is told. The one
//! system behind it answers at once from this process, over a Unix socket, so that what is measured is the core.

mod disk;
mod pace;
mod pack;
mod process;
mod system;
mod thinking;
mod waiting;

use serde::Serialize;

pub use disk::flushes_per_s;
pub use pace::{Pace, pace};
pub use pack::Made;
pub use process::{Core, serve};
pub use system::System;
pub use thinking::{permissions, plans};
pub use waiting::waiting;

/// Times of many runs of the same, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half of them took no longer.
    pub p50: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// How many there were.
    pub runs: usize,
}

impl Quantiles {
    /// Of these times.
    ///
    /// # Panics
    /// When there are none.
    #[must_use]
    pub fn of(mut times: Vec<std::time::Duration>) -> Self {
        times.sort_unstable();
        let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_secs_f64() * 1e6;
        Self { p50: at(50), p99: at(99), runs: times.len() }
    }
}
