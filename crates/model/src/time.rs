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

    /// The time so long before, or the start.
    #[must_use]
    pub fn before(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(length.as_micros()).unwrap_or(u64::MAX)))
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
/// A moment in UTC as RFC 3339 writes it, to the second.
#[must_use]
pub fn utc(unix_s: u64) -> String {
    let (day, second) = (unix_s / 86_400, unix_s % 86_400);
    // Years that begin in March end with the leap day; the calendar repeats every 400 of them, which are 146,097 days. Day 0 of
    // that count is 719,468 days before 1970.
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * march + 2) / 5 + 1, (march + 2) % 12 + 1);
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_people_read_them() {
        for (unix_s, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_705_615, "2026-11-26T15:06:55Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(unix_s), text);
        }
    }
}
