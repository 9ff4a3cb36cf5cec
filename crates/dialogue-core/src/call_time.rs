//! When a caller wants to be called back, in their words; and that they want to be.

use std::collections::BTreeMap;

use callwright_model::Language;
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};

use crate::call_back::Wanted;
use crate::lexicon::{self, fold};
use crate::slots::{self, USUAL, When};

/// Whether somebody who waits says that they would rather be called.
pub(crate) fn wants_call(words: &str, language: Language) -> bool {
    has(&format!(" {}", fold(words)), &lexicon::of_or_english(language).call_times.call_me)
}

/// When they want to be called, if the words tell: "at four", "tomorrow morning", "in half an hour", "as soon as possible". `now` is on
/// their wall; what is said of a day that has passed is meant of the next one.
pub(crate) fn wanted(words: &str, language: Language, now: NaiveDateTime) -> Option<Wanted> {
    let tables = &lexicon::of_or_english(language).call_times;
    let folded = format!(" {}", fold(words));
    let When { date, time, minutes } = slots::when(words, language, now.date());
    if let Some((time, sure)) = time {
        return next(date, time, sure <= USUAL, now).map(Wanted::From);
    }
    if let (None, Some(minutes)) = (date, minutes.filter(|minutes| *minutes <= DAY_MINUTES)) {
        return now.checked_add_signed(TimeDelta::minutes(minutes)).map(Wanted::From);
    }
    let part = longest(&folded, &tables.parts);
    if date.is_some() || part.is_some() {
        let (from, to) = part.unwrap_or((0, 24));
        let on = |day: NaiveDate| Some(Wanted::Between(on_hour(day, from)?, on_hour(day, to)?));
        let day = date.unwrap_or(now.date());
        let passed = date.is_none() && on_hour(day, to)? <= now;
        return on(if passed { day.succ_opt()? } else { day });
    }
    has(&folded, &tables.soon).then_some(Wanted::Soon)
}

/// When a time comes next, on any day or on this one. An `open` one may be of either half of the day.
fn next(date: Option<NaiveDate>, time: NaiveTime, open: bool, now: NaiveDateTime) -> Option<NaiveDateTime> {
    let Some(date) = date else {
        let today = now.date().and_time(time);
        let later = if open && time.hour() < 12 { today + TimeDelta::hours(12) } else { today };
        let times = [Some(today), Some(later), today.checked_add_days(Days::new(1))];
        return times.into_iter().flatten().find(|time| *time > now);
    };
    Some(date.and_time(time))
}

fn on_hour(day: NaiveDate, hour: u32) -> Option<NaiveDateTime> {
    if hour == 24 { day.succ_opt()?.and_hms_opt(0, 0, 0) } else { day.and_hms_opt(hour, 0, 0) }
}

/// Whether a phrase stands in the words. Endings may follow it.
fn has(folded: &str, phrases: &[String]) -> bool {
    phrases.iter().any(|phrase| folded.contains(&format!(" {phrase}")))
}

/// What the longest phrase in the words stands for.
fn longest<T: Copy>(folded: &str, phrases: &BTreeMap<String, T>) -> Option<T> {
    let found = phrases.iter().filter(|(phrase, _)| folded.contains(&format!(" {phrase}")));
    found.max_by_key(|(phrase, _)| phrase.len()).map(|(_, value)| *value)
}

/// What is longer is told by its days.
const DAY_MINUTES: i64 = 24 * 60;

#[cfg(test)]
mod tests;
