//! Calendar arithmetic, as far as a demo needs it.

use std::time::{SystemTime, UNIX_EPOCH};

/// A day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i64);

impl Day {
    /// The day after the one that it is now, in UTC.
    pub(crate) fn tomorrow() -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self(i64::try_from(seconds / 86_400).unwrap_or(0) + 1)
    }

    /// `YYYY-MM-DD`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let year: i64 = parts.next()?.parse().ok().filter(|year| (1970..=9999).contains(year))?;
        let month: i64 = parts.next()?.parse().ok().filter(|month| (1..=12).contains(month))?;
        let day: i64 = parts.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
        // Days from civil: years begin in March, so that the leap day is a year's last.
        let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * month + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = Self(era * 146_097 + day_of_era - 719_468);
        (days.to_string() == text).then_some(days)
    }

    pub(crate) fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn days_are_counted_across_months_and_leap_years() {
        for (from, days, to) in [
            ("2026-11-22", 1, "2026-11-23"),
            ("2026-12-31", 1, "2027-01-01"),
            ("2028-02-28", 1, "2028-02-29"),
            ("2027-02-28", 1, "2027-03-01"),
            ("2026-03-01", -1, "2026-02-28"),
        ] {
            assert_eq!(Day::parse(from).expect("a date").plus(days).to_string(), to);
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for junk in ["", "2026", "2026-13-01", "2026-02-30", "26-1-1", "2026-1-1", "x-y-z"] {
            assert_eq!(Day::parse(junk), None, "{junk}");
        }
    }
}
