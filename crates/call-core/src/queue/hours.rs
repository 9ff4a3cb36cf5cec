//! When somebody works: weekdays and times of a time zone, and days off.

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _,
};
use chrono_tz::Tz;

/// When somebody works. Without a shift: always, but for days off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// The zone that shifts and days off are written in.
    pub zone: Tz,
    /// Times of the week.
    pub shifts: Vec<Shift>,
    /// Days on which no shift begins.
    pub days_off: BTreeSet<NaiveDate>,
}

/// Times of some weekdays, written as `mo-fr 09:00-17:30` or `sa,su 10:00-14:00`. One that ends before it begins ends on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// From Monday to Sunday.
    days: [bool; 7],
    /// Minutes since midnight.
    from: u32,
    to: u32,
}

impl Default for Hours {
    fn default() -> Self {
        Self { zone: Tz::UTC, shifts: Vec::new(), days_off: BTreeSet::new() }
    }
}

impl Hours {
    /// Whether it is working time.
    #[must_use]
    pub fn is_open(&self, unix_ms: u64) -> bool {
        let Some(local) = self.local(unix_ms) else { return false };
        let today = local.date();
        if self.shifts.is_empty() {
            return !self.days_off.contains(&today);
        }
        let minute = local.hour() * 60 + local.minute();
        let yesterday = today.checked_sub_days(Days::new(1));
        self.shifts.iter().any(|shift| {
            let (begins, ends_tomorrow) = (self.begins(shift, today), shift.to <= shift.from);
            let own = begins && minute >= shift.from && (ends_tomorrow || minute < shift.to);
            let since_yesterday = ends_tomorrow && yesterday.is_some_and(|day| self.begins(shift, day));
            own || (since_yesterday && minute < shift.to)
        })
    }

    /// When working time begins next, in Unix milliseconds: now, if it is; `None` when no shift begins within two months.
    #[must_use]
    pub fn next_open(&self, unix_ms: u64) -> Option<u64> {
        if self.is_open(unix_ms) {
            return Some(unix_ms);
        }
        let today = self.local(unix_ms)?.date();
        let days = (0..DAYS_AHEAD).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        days.flat_map(|day| self.starts(day)).filter(|start| *start > unix_ms).min()
    }

    /// When the shifts of a day begin, in Unix milliseconds.
    fn starts(&self, day: NaiveDate) -> Vec<u64> {
        let from: Vec<u32> = if self.shifts.is_empty() {
            if self.days_off.contains(&day) { Vec::new() } else { vec![0] }
        } else {
            self.shifts.iter().filter(|shift| self.begins(shift, day)).map(|shift| shift.from).collect()
        };
        from.into_iter()
            .filter_map(|minute| unix_ms(self.zone, day.and_hms_opt(minute / 60, minute % 60, 0)?))
            .collect()
    }

    /// Working times of the days around a time and of so many days after it, each from and until, in Unix milliseconds, in order and apart.
    #[must_use]
    pub fn spans(&self, unix_ms: u64, days: u64) -> Vec<(u64, u64)> {
        let Some(today) = self.local(unix_ms).map(|local| local.date()) else { return Vec::new() };
        // A shift of yesterday may last until today.
        let first = today.checked_sub_days(Days::new(1)).unwrap_or(today);
        let all = (0..days.saturating_add(2)).filter_map(|ahead| first.checked_add_days(Days::new(ahead)));
        joined(all.flat_map(|day| self.spans_of(day)).filter(|(_, until)| *until > unix_ms))
    }

    fn spans_of(&self, day: NaiveDate) -> Vec<(u64, u64)> {
        let times: Vec<(u32, u32)> = if self.shifts.is_empty() {
            if self.days_off.contains(&day) { Vec::new() } else { vec![(0, DAY_MINUTES)] }
        } else {
            let shifts = self.shifts.iter().filter(|shift| self.begins(shift, day));
            let ends = |shift: &Shift| shift.to + if shift.to <= shift.from { DAY_MINUTES } else { 0 };
            shifts.map(|shift| (shift.from, ends(shift))).collect()
        };
        let at = |minutes: u32| {
            let day = day.checked_add_days(Days::new((minutes / DAY_MINUTES).into()))?;
            unix_ms(self.zone, day.and_hms_opt(minutes % DAY_MINUTES / 60, minutes % 60, 0)?)
        };
        times.into_iter().filter_map(|(from, to)| Some((at(from)?, at(to)?))).collect()
    }

    fn begins(&self, shift: &Shift, day: NaiveDate) -> bool {
        shift.days[day.weekday().num_days_from_monday() as usize] && !self.days_off.contains(&day)
    }

    fn local(&self, unix_ms: u64) -> Option<NaiveDateTime> {
        let at = DateTime::from_timestamp_millis(i64::try_from(unix_ms).ok()?)?;
        Some(at.with_timezone(&self.zone).naive_local())
    }
}

/// Spans in order, those that meet as one.
#[must_use]
pub fn joined(spans: impl Iterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut sorted: Vec<(u64, u64)> = spans.filter(|(from, until)| from < until).collect();
    sorted.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(sorted.len());
    for (from, until) in sorted {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            Some(_) | None => joined.push((from, until)),
        }
    }
    joined
}

/// What two lists of spans have in common. Both are in order and apart.
#[must_use]
pub fn common(one: &[(u64, u64)], other: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let both = |&(from, until): &(u64, u64)| {
        other.iter().map(move |(other_from, other_until)| (from.max(*other_from), until.min(*other_until)))
    };
    joined(one.iter().flat_map(both))
}

/// A local time as Unix milliseconds. One that the clock skips in spring counts as an hour later, one that comes twice as the first.
#[must_use]
pub fn unix_ms(zone: Tz, local: NaiveDateTime) -> Option<u64> {
    let found = zone.from_local_datetime(&local).earliest();
    let found = found.or_else(|| zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest());
    u64::try_from(found?.timestamp_millis()).ok()
}

impl FromStr for Shift {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let help =
            || "write weekdays and a time such as `mo-fr 09:00-17:30` or `sa,su 10:00-14:00`".to_owned();
        let (days, times) = text.trim().split_once(char::is_whitespace).ok_or_else(help)?;
        let (from, to) = times.trim().split_once('-').ok_or_else(help)?;
        let (from, to) = (minutes(from).ok_or_else(help)?, minutes(to).ok_or_else(help)?);
        let mut shift = Self { days: [false; 7], from, to };
        if from >= DAY_MINUTES {
            return Err(help());
        }
        for part in days.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (weekday(first).ok_or_else(help)?, weekday(last).ok_or_else(help)?);
            // `sa-mo` goes over the end of the week.
            let count = (last + 7 - first) % 7;
            (0..=count).for_each(|ahead| shift.days[(first + ahead) % 7] = true);
        }
        Ok(shift)
    }
}

fn weekday(text: &str) -> Option<usize> {
    ["mo", "tu", "we", "th", "fr", "sa", "su"].iter().position(|day| day.eq_ignore_ascii_case(text.trim()))
}

fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let all = hours * 60 + minutes;
    (minutes < 60 && hours <= 24 && all <= DAY_MINUTES).then_some(all)
}

const DAY_MINUTES: u32 = 24 * 60;
/// Nobody is away for longer and still on the list.
const DAYS_AHEAD: u64 = 62;
