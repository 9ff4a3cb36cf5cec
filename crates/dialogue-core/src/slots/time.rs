//! Times of day, and dates with their time.

use callwright_model::{Language, Lean, Value};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

use super::date;
use super::duration::duration;
use super::grammar::{Captures, Grammar, Span};
use super::heard::Heard;
use super::taken::{CORRECTED, PLAIN, Taken, USUAL};
use crate::lexicon;

/// The time of day in the words, as `15:30`. "Half past three" without a part of the day is in the afternoon, and not sure.
#[must_use]
pub fn time_of_day(words: &str, language: Language) -> Option<Taken> {
    let grammar = &lexicon::of_or_english(language).grammar;
    let heard = grammar.heard(words);
    let (span, sure) = find(grammar, &heard)?;
    Some(Taken { value: Value::Time(written(span.value)), heard: heard.words(&span.range), sure, language })
}

/// A date and a time of day in the words, as `2026-11-23T15:30`. A time alone is the next such one, and not sure; a date alone is none.
#[must_use]
pub fn date_time(words: &str, language: Language, now: Option<NaiveDateTime>, lean: Lean) -> Option<Taken> {
    let grammar = &lexicon::of_or_english(language).grammar;
    let heard = grammar.heard(words);
    let (time, time_sure) = find(grammar, &heard)?;
    let date = date::find(grammar, &heard, now.map(|now| now.date()), lean);
    let (date, range, sure) = match date {
        Some((date, date_sure)) => {
            let range = date.range.start.min(time.range.start)..date.range.end.max(time.range.end);
            (date.value, range, date_sure.min(time_sure))
        }
        None => (next(now?, time.value, lean)?, time.range, USUAL),
    };
    let value = Value::Time(format!("{date}T{}", written(time.value)));
    Some(Taken { value, heard: heard.words(&range), sure, language })
}

/// What words tell of when something shall be.
#[derive(Debug)]
pub(crate) struct When {
    pub(crate) date: Option<NaiveDate>,
    /// With how sure it is.
    pub(crate) time: Option<(NaiveTime, f32)>,
    /// A length of time: "in half an hour".
    pub(crate) minutes: Option<i64>,
}

pub(crate) fn when(words: &str, language: Language, today: NaiveDate) -> When {
    let grammar = &lexicon::of_or_english(language).grammar;
    let heard = grammar.heard(words);
    let minutes = duration(words, language).map(|taken| taken.value);
    When {
        date: date::find(grammar, &heard, Some(today), Lean::Future).map(|(date, _)| date.value),
        time: find(grammar, &heard).map(|(time, sure)| (time.value, sure)),
        minutes: if let Some(Value::Int(minutes)) = minutes { Some(minutes) } else { None },
    }
}

/// The day on which this time comes next, or was last.
fn next(now: NaiveDateTime, time: NaiveTime, lean: Lean) -> Option<NaiveDate> {
    let today = now.date();
    match lean {
        Lean::Future if time <= now.time() => today.succ_opt(),
        Lean::Past if time > now.time() => today.pred_opt(),
        Lean::Future | Lean::Past => Some(today),
    }
}

fn written(time: NaiveTime) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

fn find(grammar: &Grammar, heard: &Heard) -> Option<(Span<NaiveTime>, f32)> {
    let part = part_of_day(grammar, heard);
    let named = |rules| grammar.scan(rules, heard, |kind, captures| read(kind, captures, part));
    let mut spans = named("time");
    // A bare number is a time when there is nothing else: "four, please".
    if spans.is_empty() {
        spans = named("bare_time");
        spans.retain(|span| grammar.is_alone(heard, &span.range));
    }
    let spans: Vec<_> =
        spans.into_iter().filter_map(|Span { range, value }| Some(Span { range, value: value? })).collect();
    let (Span { range, value: (time, sure) }, given_up) = grammar.settle(heard, &spans)?;
    let sure = if given_up > 0 { sure.min(CORRECTED) } else { sure };
    Some((Span { range, value: time }, sure))
}

/// "Tomorrow morning, at nine": a part of the day that is said away from the time.
fn part_of_day(grammar: &Grammar, heard: &Heard) -> Option<Part> {
    let parts = grammar.scan("part", heard, |_, captures| Part::read(captures.word("part")?));
    let first = parts.first()?.value;
    parts.iter().all(|part| part.value == first).then_some(first)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Before noon; twelve is midnight.
    Am,
    /// Before noon; twelve is noon.
    Morning,
    /// After noon.
    Pm,
    /// Evening and the hours after midnight.
    Night,
}

impl Part {
    fn read(word: &str) -> Option<Self> {
        match word {
            "am" => Some(Self::Am),
            "morning" => Some(Self::Morning),
            "pm" => Some(Self::Pm),
            "night" => Some(Self::Night),
            _ => None,
        }
    }

    /// The hour of the day, from one of twelve.
    fn hour(self, hour: i64) -> i64 {
        let twelfth = hour % 12;
        match self {
            Self::Am => twelfth,
            Self::Morning => hour,
            Self::Pm => twelfth + 12,
            Self::Night if (1..=5).contains(&hour) || hour == 12 => twelfth,
            Self::Night => twelfth + 12,
        }
    }
}

/// `Some(None)` for words that look like a time and are none: "in 3 hours".
fn read(kind: &str, captures: &Captures<'_>, elsewhere: Option<Part>) -> Option<Option<(NaiveTime, f32)>> {
    if kind == "other" {
        return Some(None);
    }
    of_day(kind, captures, elsewhere).map(Some)
}

fn of_day(kind: &str, captures: &Captures<'_>, elsewhere: Option<Part>) -> Option<(NaiveTime, f32)> {
    let fraction = captures.number("fraction").unwrap_or(0);
    let minute = captures.number("minute").unwrap_or(0);
    if !(0..60).contains(&minute) {
        return None;
    }
    let shift = match kind {
        "at" | "named" => fraction + minute,
        "to" => -fraction - minute,
        // "Five past half ten" where half ten is half an hour before ten.
        "past_to" => minute - fraction,
        _ => return None,
    };
    if kind == "named" {
        let minutes = captures.number("named")? + shift;
        return Some((at(minutes)?, PLAIN));
    }
    let hour = captures.number("hour").filter(|hour| (0..=24).contains(hour))?;
    let part = captures.word("part").and_then(Part::read);
    let (hour, sure) = match part.or(elsewhere) {
        Some(part) if (1..=12).contains(&hour) => (part.hour(hour), PLAIN),
        // "At 15 in the morning".
        Some(Part::Am | Part::Morning) if hour > 12 => return None,
        Some(_) => (hour, PLAIN),
        None if hour == 0 || hour > 12 => (hour, PLAIN),
        // Business is done between seven and seven.
        None => (if hour < 7 { hour + 12 } else { hour }, USUAL),
    };
    Some((at(hour * 60 + shift)?, sure))
}

fn at(minutes: i64) -> Option<NaiveTime> {
    let minutes = u32::try_from(minutes.rem_euclid(24 * 60)).ok()?;
    NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0)
}
