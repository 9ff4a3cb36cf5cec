//! Time as the machines see it: handed in, never read.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::SAMPLE_RATE;

/// Microseconds since a start that the shell chose (the process, or zero in virtual time). Never goes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MonoTime(pub u64);

impl MonoTime {
    /// The start of time.
    pub const ZERO: Self = Self(0);

    /// This many milliseconds after the start.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms * 1_000)
    }

    /// Whole milliseconds since the start.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// Time passed since `earlier`, or zero if that lies in the future.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for MonoTime {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(length.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// A count of samples at [`SAMPLE_RATE`]: how far into a say the caller has heard it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Samples(pub u64);

impl Samples {
    /// The time these samples take to play.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_micros(self.0 * 1_000_000 / SAMPLE_RATE as u64)
    }

    /// The samples that play in this time, rounded down.
    #[must_use]
    pub fn of(length: Duration) -> Self {
        Self(
            u64::try_from(length.as_micros()).unwrap_or(u64::MAX / SAMPLE_RATE as u64) * SAMPLE_RATE as u64
                / 1_000_000,
        )
    }
}

impl Add for Samples {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self(self.0 + more.0)
    }
}

impl AddAssign for Samples {
    fn add_assign(&mut self, more: Self) {
        self.0 += more.0;
    }
}

impl Sub for Samples {
    type Output = Self;

    fn sub(self, less: Self) -> Self {
        Self(self.0.saturating_sub(less.0))
    }
}

impl fmt::Display for MonoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.as_millis() / 1_000, self.as_millis() % 1_000)
    }
}
