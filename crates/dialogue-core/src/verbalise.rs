//! Typed facts as they are spoken: codes in groups, money, dates, times, numbers, durations, telephone numbers and names.
//!
//! How a language does it is data: number rules and tables in `words/<language>.yaml`, phrases in `words/<language>.ftl`. English keeps
//! figures where every voice reads them right, for they are shown on screens too; languages where a figure's word depends on what it
//! counts write them out.

use callwright_model::{Language, Money, Value};
use fluent_bundle::FluentValue;

use crate::lexicon;
use speech::number;
pub(crate) use speech::{FACT, FUNCTIONS, Grammar, OTHER, Speech, bundle};

mod code;
mod rules;
mod sound;
mod speech;

/// A fact as it is spoken in a language. Languages without a table of their own are spoken to in English.
#[must_use]
pub fn spoken(value: &Value, language: Language) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Code(code) => code::grouped(code, speech(language)),
        Value::Money(money) => money_in(money, speech(language)),
        Value::Date(_) => date_of(value, language),
        Value::Time(text) => match clock(text) {
            Some((hour, minute)) => speech(language).phrase("say-time", &time_facts(hour, minute, language)),
            None => text.clone(),
        },
        Value::List(items) => {
            speech(language).list("list", items.iter().map(|item| spoken(item, language)).collect())
        }
        // Its parts have names of their own; as a whole it is no word.
        Value::Record(_) => String::new(),
    }
}

fn speech(language: Language) -> &'static Speech {
    &lexicon::of_or_english(language).speech
}

fn money_in(money: &Money, speech: &Speech) -> String {
    let (whole, small) = split(money);
    let millions = whole > 0 && whole.is_multiple_of(1_000_000);
    let facts = [
        ("whole", number(whole)),
        ("small", number(small)),
        ("millions", if millions { "yes" } else { "no" }.into()),
        ("currency", money.currency.clone().into()),
    ];
    let amount = match (whole, small) {
        (_, 0) => speech.phrase("say-money-whole", &facts),
        (0, _) => speech.phrase("say-money-small", &facts),
        (_, _) => speech.phrase("say-money", &facts),
    };
    if money.minor < 0 { speech.phrase("say-minus", &[("amount", amount.into())]) } else { amount }
}

/// The date of a date or a time, spoken.
pub(crate) fn date_of(value: &Value, language: Language) -> String {
    let text = value.as_text().unwrap_or_default();
    let Some(date) = calendar(text) else { return text.to_owned() };
    let facts = [("weekday", date.weekday), ("month", date.month), ("day", date.day)];
    speech(language).phrase("say-date", &facts.map(|(name, n)| (name, number(n.into()))))
}

/// What a phrase for a time of day may name.
fn time_facts(hour: u32, minute: u32, language: Language) -> [(&'static str, FluentValue<'static>); 8] {
    let twelve = |hour: u32| number(u64::from(if hour.is_multiple_of(12) { 12 } else { hour % 12 }));
    let parts = speech(language).day_parts.iter();
    let part = parts.rev().find(|(from, _)| *from <= hour).map_or("", |(_, part)| part.as_str());
    [
        ("hour", number(hour.into())),
        ("twelve", twelve(hour)),
        ("next", twelve(hour + 1)),
        ("minute", number(minute.into())),
        ("mm", format!("{minute:02}").into()),
        ("tens", number((minute / 10).into())),
        ("left", number((60 - minute).into())),
        ("part", part.to_owned().into()),
    ]
}

/// Other ways to say a time of day, as a caller may: for the recogniser and for choosing an option. Folded words.
pub(crate) fn time_forms(hour: u32, minute: u32, language: Language) -> Vec<String> {
    let forms = speech(language).phrase("say-time-forms", &time_facts(hour, minute, language));
    let mut forms: Vec<String> =
        forms.split(';').map(lexicon::fold).filter(|form| !form.is_empty()).collect();
    forms.sort();
    forms.dedup();
    forms
}

/// A code with a word for each letter, on request.
#[must_use]
pub fn spelled(code: &str, language: Language) -> String {
    code::spelled(code, speech(language))
}

/// A whole number in words.
pub(crate) fn cardinal(n: i64, language: Language) -> String {
    speech(language).number("cardinal", n)
}

/// A place in an order in words.
pub(crate) fn ordinal(n: i64, language: Language) -> String {
    speech(language).number("ordinal", n)
}

/// How long something takes: a number of minutes, or a text as `PT2H15M` (ISO 8601). `None` for anything else.
pub(crate) fn duration(value: &Value, language: Language) -> Option<String> {
    let span = match value {
        Value::Int(minutes) => Span::of_seconds(minutes.unsigned_abs().saturating_mul(60)),
        Value::Text(text) => Span::of_seconds(iso_seconds(text)?),
        Value::Bool(_)
        | Value::Code(_)
        | Value::Money(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::List(_)
        | Value::Record(_) => return None,
    };
    let speech = speech(language);
    let unit = |key: &str, n: u64| speech.phrase(key, &[("n", number(n))]);
    let units = [
        ("say-days", span.days),
        ("say-hours", span.hours),
        ("say-minutes", span.minutes),
        ("say-seconds", span.seconds),
    ];
    let said: Vec<String> = units.into_iter().filter(|(_, n)| *n > 0).map(|(key, n)| unit(key, n)).collect();
    Some(if said.is_empty() { unit("say-minutes", 0) } else { speech.list("duration", said) })
}

/// The facts that a phrase `say-...` may name, all of them; `None` for other sentences.
pub(crate) fn facts_of(key: &str) -> Option<&'static [&'static str]> {
    const TIME: &[&str] = &["hour", "twelve", "next", "minute", "mm", "tens", "left", "part"];
    const MONEY: &[&str] = &["whole", "small", "millions", "currency"];
    Some(match key {
        "say-weekday" | "say-month" | "say-date" => &["weekday", "month", "day"],
        "say-time" | "say-time-forms" => TIME,
        "say-days" | "say-hours" | "say-minutes" | "say-seconds" => &["n"],
        "say-list-comma" | "say-list-and" | "say-duration-comma" | "say-duration-and" => &["first", "last"],
        "say-money" | "say-money-whole" | "say-money-small" | "say-unit" | "say-unit-small" => MONEY,
        "say-minus" => &["amount"],
        "say-plus" => &["group"],
        "say-letter" => &["letter", "word"],
        _ => return None,
    })
}

/// A telephone number, digit by digit in groups.
pub(crate) fn phone(number: &str, language: Language) -> String {
    code::phone(number, speech(language))
}

/// A name as systems keep it, `GARCIA/MARIA MRS`, as people say it: `Maria Garcia`.
pub(crate) fn name(text: &str) -> String {
    let said = match text.split_once('/') {
        Some((family, given)) => format!("{} {family}", without_title(given)),
        None => text.to_owned(),
    };
    let plain = |word: &str| {
        let shouted =
            word.chars().count() > 1 && word.chars().all(|c| c.is_uppercase() || !c.is_alphabetic());
        if shouted { capitalised(word) } else { word.to_owned() }
    };
    said.split_whitespace().map(plain).collect::<Vec<_>>().join(" ")
}

fn without_title(given: &str) -> &str {
    let given = given.trim();
    match given.rsplit_once(' ') {
        Some((name, "MR" | "MRS" | "MS" | "MISS" | "MSTR" | "DR")) => name,
        Some(_) | None => given,
    }
}

/// A capital at the start and after each hyphen or apostrophe.
fn capitalised(word: &str) -> String {
    let mut start = true;
    word.chars()
        .flat_map(|c| {
            let letters: Vec<char> = if start { vec![c] } else { c.to_lowercase().collect() };
            start = !c.is_alphabetic();
            letters
        })
        .collect()
}

/// A length of time in the units it is said in.
#[derive(Debug, Clone, Copy)]
struct Span {
    days: u64,
    hours: u64,
    minutes: u64,
    seconds: u64,
}

impl Span {
    const fn of_seconds(seconds: u64) -> Self {
        Self {
            days: seconds / 86_400,
            hours: seconds / 3_600 % 24,
            minutes: seconds / 60 % 60,
            seconds: seconds % 60,
        }
    }
}

/// The seconds of `P1DT2H15M30S`.
fn iso_seconds(text: &str) -> Option<u64> {
    let (mut total, mut number, mut in_time) = (0_u64, None, false);
    for c in text.strip_prefix('P')?.chars() {
        match c {
            '0'..='9' => {
                let digit = u64::from(c.to_digit(10)?);
                number = Some(number.unwrap_or(0_u64).checked_mul(10)?.checked_add(digit)?);
            }
            'T' if !in_time && number.is_none() => in_time = true,
            _ => {
                let unit = match (c, in_time) {
                    ('D', false) => 86_400,
                    ('H', true) => 3_600,
                    ('M', true) => 60,
                    ('S', true) => 1,
                    _ => return None,
                };
                total = total.checked_add(number.take()?.checked_mul(unit)?)?;
            }
        }
    }
    (number.is_none() && text.len() > 2).then_some(total)
}

/// A sentence as it is written, from how it is spoken: codes in one piece instead of one character at a time. For people who read
/// along.
#[must_use]
pub fn written(spoken: &str) -> String {
    let mut text = String::with_capacity(spoken.len());
    let mut rest = spoken;
    while let Some(first) = rest.chars().next() {
        let word_before = text.chars().next_back().is_some_and(char::is_alphanumeric);
        match (!word_before).then(|| spelt(rest)).flatten() {
            Some((code, length)) => {
                text.push_str(&code);
                rest = &rest[length..];
            }
            None => {
                text.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    text
}

/// The code that a text begins with, as it is read aloud, and how long its reading is: groups of two or three characters, or
/// number and letter of a seat or a gate.
fn spelt(text: &str) -> Option<(String, usize)> {
    seat(text).or_else(|| {
        let (mut code, mut length) = group(text)?;
        while let Some((more, longer)) = text[length..].strip_prefix(", ").and_then(group) {
            code.push_str(&more);
            length += 2 + longer;
        }
        let digit = code.contains(|c: char| c.is_ascii_digit());
        let letter = code.contains(|c: char| c.is_ascii_uppercase());
        (code.len() >= 3 || digit && letter).then_some((code, length))
    })
}

/// Two or three characters with a space between.
fn group(text: &str) -> Option<(String, usize)> {
    let mut code = String::new();
    let mut rest = text;
    loop {
        let mut chars = rest.chars();
        let next = chars.next().filter(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        if next.is_none() || chars.next().is_some_and(char::is_alphanumeric) {
            break;
        }
        code.extend(next);
        rest = &rest[1..];
        match rest.strip_prefix(' ') {
            Some(after) if code.len() < 3 => rest = after,
            Some(_) | None => break,
        }
    }
    (2..=3).contains(&code.len()).then(|| (code.clone(), 2 * code.len() - 1))
}

/// `11 A` or `B 12`, before a mark or the end: before a word the letter may be one itself.
fn seat(text: &str) -> Option<(String, usize)> {
    let (first, rest) = text.split_once(' ')?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let second = &rest[..end];
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let letter = |part: &str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_uppercase());
    let fits = number(first) && letter(second) || letter(first) && number(second);
    let closed = rest[end..].chars().next().is_none_or(|c| matches!(c, '.' | ',' | ';' | '!' | '?'));
    // Another group behind it makes it part of a longer code.
    let longer = rest[end..].strip_prefix(", ").and_then(group).is_some();
    (fits && closed && !longer).then(|| (format!("{first}{second}"), first.len() + 1 + second.len()))
}

/// A calendar date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) month: u32,
    pub(crate) day: u32,
    /// 1 is Monday.
    pub(crate) weekday: u32,
}

/// The date that a text begins with, `2026-11-23`.
pub(crate) fn calendar(text: &str) -> Option<Calendar> {
    let date = text.get(..10)?;
    let mut parts = date.split('-');
    let year: u32 = parts.next()?.parse().ok()?;
    let month: u32 = parts.next()?.parse().ok()?;
    let day: u32 = parts.next()?.parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1600..=9999).contains(&year) {
        return None;
    }
    // Sakamoto's method; 0 is Sunday.
    let shift = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4][month as usize - 1];
    let year = if month < 3 { year - 1 } else { year };
    let weekday = (year + year / 4 - year / 100 + year / 400 + shift + day) % 7;
    Some(Calendar { month, day, weekday: if weekday == 0 { 7 } else { weekday } })
}

/// Hour and minute of `2026-11-23T10:15` or `10:15`.
pub(crate) fn clock(text: &str) -> Option<(u32, u32)> {
    let time = text.split_once('T').map_or(text, |(_, time)| time);
    let mut parts = time.split(':');
    let hour: u32 = parts.next()?.parse().ok()?;
    let minute: u32 = parts.next()?.get(..2)?.parse().ok()?;
    (hour < 24 && minute < 60).then_some((hour, minute))
}

/// Whole units and hundredths.
fn split(money: &Money) -> (u64, u64) {
    let minor = money.minor.unsigned_abs();
    if has_minor_unit(&money.currency) { (minor / 100, minor % 100) } else { (minor, 0) }
}

/// Whether a currency counts in hundredths. All that are named here do, but for the yen and the won.
pub(crate) fn has_minor_unit(currency: &str) -> bool {
    !matches!(currency, "JPY" | "KRW")
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_german;
