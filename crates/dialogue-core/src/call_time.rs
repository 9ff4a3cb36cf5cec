//! When a caller wants to be called back, in their words; and that they want to be.

use std::collections::BTreeMap;

use callwright_model::Language;
use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta};

use crate::call_back::Wanted;
use crate::lexicon::{self, CallTimes, fold};

/// Whether somebody who waits says that they would rather be called.
pub(crate) fn wants_call(words: &str, language: Language) -> bool {
    has(&format!(" {}", fold(words)), &lexicon::of_or_english(language).call_times.call_me)
}

/// When they want to be called, if the words tell: "at four", "tomorrow morning", "in half an hour", "as soon as possible". `now` is on
/// their wall; what is said of a day that has passed is meant of the next one.
pub(crate) fn wanted(words: &str, language: Language, now: NaiveDateTime) -> Option<Wanted> {
    let tables = &lexicon::of_or_english(language).call_times;
    let folded = format!(" {}", fold(words));
    let ahead = longest(&folded, &tables.days);
    let day = now.date().checked_add_days(Days::new(ahead.unwrap_or(0)))?;
    let part = longest(&folded, &tables.parts);
    if let Some((hour, minute)) = said_hour(&folded, tables) {
        return hour_on(day, ahead.is_none(), hour, minute, part, now).map(Wanted::From);
    }
    if let Some(minutes) = said_wait(&folded, tables) {
        return now.checked_add_signed(TimeDelta::minutes(minutes)).map(Wanted::From);
    }
    if ahead.is_some() || part.is_some() {
        let (from, to) = part.unwrap_or((0, 24));
        let on = |day: NaiveDate| Some(Wanted::Between(on_hour(day, from)?, on_hour(day, to)?));
        let passed = ahead.is_none() && on_hour(day, to)? <= now;
        return on(if passed { day.succ_opt()? } else { day });
    }
    has(&folded, &tables.soon).then_some(Wanted::Soon)
}

/// The time at which an hour comes that may be said of either half of the day.
fn hour_on(
    day: NaiveDate,
    any_day: bool,
    hour: u32,
    minute: u32,
    part: Option<(u32, u32)>,
    now: NaiveDateTime,
) -> Option<NaiveDateTime> {
    let at = |day: NaiveDate, hour: u32| day.and_hms_opt(hour % 24, minute, 0);
    let later = if (1..12).contains(&hour) { hour + 12 } else { hour };
    let hour = match part {
        Some((from, to)) => [hour, later].into_iter().find(|hour| (from..to).contains(hour)).unwrap_or(hour),
        // Nobody is called before seven who has not said so.
        None if hour < 7 => later,
        None if any_day && at(day, hour)? <= now => later,
        None => hour,
    };
    let time = at(day, hour)?;
    if any_day && time <= now { at(day.succ_opt()?, hour) } else { Some(time) }
}

/// "At four", "4 o'clock", "네 시 반": a number where hours stand.
fn said_hour(folded: &str, tables: &CallTimes) -> Option<(u32, u32)> {
    let tokens: Vec<&str> = folded.split_whitespace().collect();
    (0..tokens.len()).find_map(|at| {
        let behind = tables.oclock.iter().find_map(|word| tokens[at].strip_suffix(word.as_str()));
        let hour = number(behind.filter(|rest| !rest.is_empty()).unwrap_or(tokens[at]), tables)?;
        let next = tokens.get(at + 1).copied().unwrap_or_default();
        let led = at > 0 && tables.at.iter().any(|word| word == tokens[at - 1]);
        let followed = tables.oclock.iter().any(|word| word == next);
        let attached = behind.is_some_and(|rest| !rest.is_empty());
        if hour > 24 || !(led || followed || attached) {
            return None;
        }
        let waits = tables.waits.iter().any(|(word, _)| next.starts_with(word.as_str()));
        let after = tokens.get(at + 1 + usize::from(followed)).copied().unwrap_or_default();
        let minute = match after.parse::<u32>() {
            Ok(minute) if minute < 60 => minute,
            Ok(_) | Err(_) if folded_half(&tokens[at..], tables) => 30,
            Ok(_) | Err(_) => 0,
        };
        (!waits).then_some((hour, minute))
    })
}

fn folded_half(tokens: &[&str], tables: &CallTimes) -> bool {
    tokens.iter().take(4).any(|token| tables.half.iter().any(|half| half == token))
}

/// "In half an hour", "in two hours", in minutes.
fn said_wait(folded: &str, tables: &CallTimes) -> Option<i64> {
    let tokens: Vec<&str> = folded.split_whitespace().collect();
    (0..tokens.len()).find_map(|at| {
        let (unit, minutes) = tables.waits.iter().find(|(word, _)| tokens[at].contains(word.as_str()))?;
        let before =
            tokens[at].strip_suffix(unit.as_str()).or_else(|| tokens[at].split(unit.as_str()).next());
        let before = before.filter(|rest| !rest.is_empty());
        let count = before.or_else(|| at.checked_sub(1).map(|at| tokens[at]));
        let halved =
            tokens[..at].iter().rev().take(2).any(|token| tables.half.iter().any(|half| half == token));
        if halved {
            return Some(minutes / 2);
        }
        let count = i64::from(number(count?, tables)?);
        (1..=24 * 60).contains(&(count * minutes)).then_some(count * minutes)
    })
}

fn number(token: &str, tables: &CallTimes) -> Option<u32> {
    token.parse().ok().or_else(|| tables.numbers.get(token).copied())
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

#[cfg(test)]
mod tests;
