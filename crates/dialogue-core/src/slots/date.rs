//! Calendar dates: absolute ("November 23rd"), and relative to the caller's today ("next Friday", "in two weeks").

use callwright_model::{Language, Lean, Value};
use chrono::{Datelike as _, Days, Months, NaiveDate};

use super::grammar::{Captures, Grammar, Span};
use super::heard::Heard;
use super::taken::{CORRECTED, PLAIN, Taken, USUAL};
use crate::lexicon;

/// The date in the words, as `2026-11-23`. Without a `today` only a date with its year is one.
#[must_use]
pub fn date(words: &str, language: Language, today: Option<NaiveDate>, lean: Lean) -> Option<Taken> {
    let grammar = &lexicon::of_or_english(language).grammar;
    let heard = grammar.heard(words);
    let (span, sure) = find(grammar, &heard, today, lean)?;
    let value = Value::Date(span.value.to_string());
    Some(Taken { value, heard: heard.words(&span.range), sure, language })
}

/// The date in what was heard, and how sure it is.
pub(super) fn find(
    grammar: &Grammar,
    heard: &Heard,
    today: Option<NaiveDate>,
    lean: Lean,
) -> Option<(Span<NaiveDate>, f32)> {
    let said = grammar.scan("date", heard, Said::read);
    let mut spans: Vec<Span<(NaiveDate, f32)>> = Vec::new();
    let mut before: Option<Said> = None;
    for Span { range, value } in said {
        let Some((date, sure)) = value.resolve(today, lean) else { continue };
        let near = |last: &Span<_>| is_short(&heard.text(last.range.end..range.start));
        // "Friday, December 4th" is one date, and so is "December 4th, a Friday".
        match (spans.last_mut().filter(|last| near(last)), before, value) {
            (Some(last), Some(Said::Weekday { number, .. }), said) if !said.is_weekday() => {
                let fits = date.weekday().number_from_monday() == number;
                let range = last.range.start..range.end;
                *last = Span { range, value: (date, if fits { PLAIN } else { USUAL }) };
            }
            (Some(last), Some(said), Said::Weekday { number, which: Which::Nearest })
                if !said.is_weekday() && last.value.0.weekday().number_from_monday() == number =>
            {
                last.range.end = range.end;
            }
            (_, _, _) => spans.push(Span { range, value: (date, sure) }),
        }
        before = Some(value);
    }
    let (Span { range, value: (date, sure) }, given_up) = grammar.settle(heard, &spans)?;
    let sure = if given_up > 0 { sure.min(CORRECTED) } else { sure };
    Some((Span { range, value: date }, sure))
}

/// At most an article or a "the" between.
fn is_short(between: &str) -> bool {
    between.trim().chars().count() <= 4
}

/// A date as it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// "November 23rd", with or without its year.
    Of { year: Option<i32>, month: u32, day: u32 },
    /// "The fourth of May next year"; so many years ahead.
    OfYear { ahead: i64, month: u32, day: u32 },
    /// "The third".
    DayOfMonth(u32),
    /// "The third of next month"; so many months ahead.
    InMonth { ahead: i64, day: u32 },
    /// "The end of the month".
    EndOfMonth(i64),
    /// "Friday", "next Friday".
    Weekday { number: u32, which: Which },
    /// "Tomorrow", "in two weeks", "a week from Friday".
    Ahead { period: Period, count: i64, from: Option<u32> },
    /// Words that look like a date and are none: "in the morning" in Spanish.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// The next one, or the last, whichever is usual.
    Nearest,
    Next,
    Last,
    /// Of this week, or of one so many weeks ahead.
    Week(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Day,
    Month,
}

impl Said {
    fn read(kind: &str, captures: &Captures<'_>) -> Option<Self> {
        let small = |name: &str, range: std::ops::RangeInclusive<u32>| {
            let number = u32::try_from(captures.number(name)?).ok()?;
            range.contains(&number).then_some(number)
        };
        Some(match kind {
            "date" => {
                let year = match captures.number("year") {
                    Some(year) => Some(full_year(year)?),
                    None => None,
                };
                match captures.number("holiday") {
                    Some(day) => {
                        let day = u32::try_from(day).ok()?;
                        Self::Of { year, month: day / 100, day: day % 100 }
                    }
                    None => Self::Of { year, month: small("month", 1..=12)?, day: small("day", 1..=31)? },
                }
            }
            "of_year" => {
                let (month, day) = (small("month", 1..=12)?, small("day", 1..=31)?);
                Self::OfYear { ahead: captures.number("years")?, month, day }
            }
            "day" => Self::DayOfMonth(small("day", 1..=31)?),
            // The first three mean too much else: "just a second".
            "bare" => Self::DayOfMonth(small("day", 4..=31)?),
            "other" => Self::Other,
            "in_month" => Self::InMonth { ahead: captures.number("ahead")?, day: small("day", 1..=31)? },
            "month_end" => Self::EndOfMonth(captures.number("ahead")?),
            "weekday" => Self::weekday(small("weekday", 1..=7)?, Which::Nearest),
            "next" => Self::weekday(small("weekday", 1..=7)?, Which::Next),
            "last" => Self::weekday(small("weekday", 1..=7)?, Which::Last),
            "week" => Self::weekday(small("weekday", 1..=7)?, Which::Week(captures.number("week")?)),
            "ahead" | "ago" => {
                let count = captures.number("count").unwrap_or(1);
                let count = count.checked_mul(captures.number("times").unwrap_or(1))?;
                let count = if kind == "ago" { -count } else { count };
                let (period, each) = match captures.word("period") {
                    Some("week") => (Period::Day, 7),
                    Some("month") => (Period::Month, 1),
                    Some("year") => (Period::Month, 12),
                    Some(_) | None => (Period::Day, 1),
                };
                let count = count.checked_mul(each).filter(|count| count.abs() <= AHEAD_MAX)?;
                let more = captures.number("relative").unwrap_or(0);
                if more != 0 && period != Period::Day {
                    return None;
                }
                Self::Ahead { period, count: count + more, from: small("weekday", 1..=7) }
            }
            "relative" => {
                Self::Ahead { period: Period::Day, count: captures.number("relative")?, from: None }
            }
            _ => return None,
        })
    }

    const fn is_weekday(self) -> bool {
        matches!(self, Self::Weekday { .. })
    }

    const fn weekday(number: u32, which: Which) -> Self {
        Self::Weekday { number, which }
    }

    fn resolve(self, today: Option<NaiveDate>, lean: Lean) -> Option<(NaiveDate, f32)> {
        if let Self::Of { year: Some(year), month, day } = self {
            return Some((NaiveDate::from_ymd_opt(year, month, day)?, PLAIN));
        }
        let today = today?;
        Some(match self {
            Self::Of { month, day, .. } => {
                // The 29th of February comes once in eight years at worst.
                let dates = (0..=8).filter_map(|years| {
                    let years = if lean == Lean::Past { -years } else { years };
                    NaiveDate::from_ymd_opt(today.year() + years, month, day)
                });
                (nearest(dates, today, lean)?, PLAIN)
            }
            Self::OfYear { ahead, month, day } => {
                let year = today.year().checked_add(i32::try_from(ahead).ok()?)?;
                (NaiveDate::from_ymd_opt(year, month, day)?, PLAIN)
            }
            Self::Other => return None,
            Self::DayOfMonth(day) => {
                let dates = (0..=12).filter_map(|months| {
                    let months = if lean == Lean::Past { -months } else { months };
                    in_month(today, months, day)
                });
                (nearest(dates, today, lean)?, PLAIN)
            }
            Self::InMonth { ahead, day } => (in_month(today, ahead, day)?, PLAIN),
            Self::EndOfMonth(ahead) => {
                let next = in_month(today, ahead + 1, 1)?;
                (next.pred_opt()?, PLAIN)
            }
            Self::Weekday { number, which } => on_weekday(today, number, which, lean)?,
            Self::Ahead { period, count, from } => {
                let from = match from {
                    Some(weekday) => on_weekday(today, weekday, Which::Next, lean)?.0,
                    None => today,
                };
                (moved(from, period, count)?, PLAIN)
            }
        })
    }
}

/// A day of a month so many ahead, if the month has it.
fn in_month(today: NaiveDate, ahead: i64, day: u32) -> Option<NaiveDate> {
    moved(today.with_day(1)?, Period::Month, ahead)?.with_day(day)
}

fn moved(from: NaiveDate, period: Period, count: i64) -> Option<NaiveDate> {
    match period {
        Period::Day if count < 0 => from.checked_sub_days(Days::new(count.unsigned_abs())),
        Period::Day => from.checked_add_days(Days::new(count.unsigned_abs())),
        Period::Month => {
            let months = Months::new(u32::try_from(count.unsigned_abs()).ok()?);
            if count < 0 { from.checked_sub_months(months) } else { from.checked_add_months(months) }
        }
    }
}

/// The first that is not on the wrong side of today.
fn nearest(mut dates: impl Iterator<Item = NaiveDate>, today: NaiveDate, lean: Lean) -> Option<NaiveDate> {
    dates.find(|date| match lean {
        Lean::Future => *date >= today,
        Lean::Past => *date <= today,
    })
}

/// On Friday "Friday" may be today or in a week; who means today mostly says so.
fn on_weekday(today: NaiveDate, number: u32, which: Which, lean: Lean) -> Option<(NaiveDate, f32)> {
    let of_today = today.weekday().number_from_monday();
    let ahead = match (number + 7 - of_today) % 7 {
        0 => 7,
        ahead => ahead,
    };
    let back = match (of_today + 7 - number) % 7 {
        0 => 7,
        back => back,
    };
    let open = if number == of_today { USUAL } else { PLAIN };
    let (days, sure) = match (which, lean) {
        (Which::Nearest, Lean::Future) => (i64::from(ahead), open),
        (Which::Nearest, Lean::Past) => (-i64::from(back), open),
        (Which::Next, _) => (i64::from(ahead), PLAIN),
        (Which::Last, _) => (-i64::from(back), PLAIN),
        (Which::Week(weeks), _) => (i64::from(number) - i64::from(of_today) + weeks * 7, PLAIN),
    };
    Some((moved(today, Period::Day, days)?, sure))
}

/// Two figures are of the last or the coming years.
fn full_year(year: i64) -> Option<i32> {
    let year = match year {
        0..=49 => 2000 + year,
        50..=99 => 1900 + year,
        1900..2200 => year,
        _ => return None,
    };
    i32::try_from(year).ok()
}

/// Days or months: no caller means a day further off.
const AHEAD_MAX: i64 = 36_600;
