//! What day and time it is for the caller. Their "tomorrow at four" is read against it.

use callwright_model::MonoTime;
use chrono::{DateTime, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// How a call's own time relates to the caller's calendar. The shell reads a clock once and hands it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    unix_ms: u64,
    #[serde(rename = "at_us")]
    at: MonoTime,
    #[serde(with = "zone_name")]
    zone: Tz,
}

impl Clock {
    /// At `at` it was so many milliseconds since 1970, and callers live by this zone.
    #[must_use]
    pub const fn new(unix_ms: u64, at: MonoTime, zone: Tz) -> Self {
        Self { unix_ms, at, zone }
    }

    /// The caller's date and time at a moment of the call.
    #[must_use]
    pub fn now(&self, at: MonoTime) -> NaiveDateTime {
        self.local(self.unix_ms(at))
    }

    /// The same in milliseconds since 1970.
    pub(crate) fn unix_ms(&self, at: MonoTime) -> u64 {
        let passed = at.as_millis().cast_signed() - self.at.as_millis().cast_signed();
        self.unix_ms.saturating_add_signed(passed)
    }

    /// The time on the wall here.
    pub(crate) fn local(&self, unix_ms: u64) -> NaiveDateTime {
        let at = DateTime::from_timestamp_millis(unix_ms.cast_signed()).unwrap_or_default();
        at.with_timezone(&self.zone).naive_local()
    }

    /// When it is that time on the wall. One that the clock skips in spring counts as an hour later, one that comes twice as the first;
    /// `None` before 1970.
    pub(crate) fn utc(&self, local: NaiveDateTime) -> Option<u64> {
        let found = local.and_local_timezone(self.zone).earliest();
        let found = found.or_else(|| (local + TimeDelta::hours(1)).and_local_timezone(self.zone).earliest());
        u64::try_from(found?.timestamp_millis()).ok()
    }
}

/// A zone by its name: `Europe/Madrid`.
mod zone_name {
    use chrono_tz::Tz;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(zone: &Tz, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(zone.name())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Tz, D::Error> {
        let name = String::deserialize(from)?;
        name.parse().map_err(|_| de::Error::custom(format!("`{name}` is no time zone")))
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{Asia, Europe};

    use super::*;

    #[test]
    fn a_moment_of_a_call_is_a_time_on_the_callers_wall() {
        // 2026-11-27T22:30:00Z
        let unix_ms = 1_795_818_600_000;
        let began = MonoTime::from_millis(5_000);
        let seoul = Clock::new(unix_ms, began, Asia::Seoul);
        assert_eq!(seoul.now(began).to_string(), "2026-11-28 07:30:00");
        assert_eq!(seoul.now(MonoTime::from_millis(65_000)).to_string(), "2026-11-28 07:31:00");
        assert_eq!(seoul.now(MonoTime::ZERO).to_string(), "2026-11-28 07:29:55");
        let madrid = Clock::new(unix_ms, began, Europe::Madrid);
        assert_eq!(madrid.now(began).date().to_string(), "2026-11-27");
        assert_eq!(madrid.utc(madrid.now(began)), Some(unix_ms));
    }
}
