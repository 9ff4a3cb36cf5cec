//! Typed facts as they are spoken: codes one character at a time, money, dates and times in words.

use callwright_model::{Language, Money, Value};

mod en;
mod es;
mod ko;

/// A fact as it is spoken in a language. Languages without a table of their own are spoken to in English.
#[must_use]
pub fn spoken(value: &Value, language: Language) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Code(code) => characters(code),
        Value::Money(money) => match language {
            Language::ES => es::money(money),
            Language::KO => ko::money(money),
            _ => en::money(money),
        },
        Value::Date(_) => date_of(value, language),
        Value::Time(text) => match (clock(text), language) {
            (None, _) => text.clone(),
            (Some((hour, minute)), Language::ES) => es::time(hour, minute),
            (Some((hour, minute)), Language::KO) => ko::time(hour, minute),
            (Some((hour, minute)), _) => en::time(hour, minute),
        },
        Value::List(items) => {
            let items: Vec<_> =
                items.iter().map(|item| spoken(item, language)).filter(|item| !item.is_empty()).collect();
            let and = match language {
                Language::ES => " y ",
                Language::KO => ", ",
                _ => " and ",
            };
            match items.split_last() {
                Some((last, before)) if !before.is_empty() => format!("{}{and}{last}", before.join(", ")),
                Some((last, _)) => last.clone(),
                None => String::new(),
            }
        }
        // Its parts have names of their own; as a whole it is no word.
        Value::Record(_) => String::new(),
    }
}

/// The date of a date or a time, spoken.
pub(crate) fn date_of(value: &Value, language: Language) -> String {
    let text = value.as_text().unwrap_or_default();
    let Some(date) = calendar(text) else { return text.to_owned() };
    match language {
        Language::ES => es::date(date),
        Language::KO => ko::date(date),
        _ => en::date(date),
    }
}

/// Other ways to say a time of day, as a caller may: for the recogniser and for choosing an option. Folded words.
pub(crate) fn time_forms(hour: u32, minute: u32, language: Language) -> Vec<String> {
    let forms = match language {
        Language::ES => es::time_forms(hour, minute),
        Language::KO => ko::time_forms(hour, minute),
        _ => en::time_forms(hour, minute),
    };
    forms.iter().map(|form| crate::lexicon::fold(form)).collect()
}

/// Characters with pauses, in groups of three: what people can write down.
fn characters(code: &str) -> String {
    let characters: Vec<String> =
        code.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().collect()).collect();
    // A group of one character at the end would sound like an afterthought.
    let size = if characters.len() % 3 == 1 && characters.len() != 1 { 4 } else { 3 };
    let size = if characters.len() <= 4 { 4 } else { size };
    characters.chunks(size).map(|group| group.join(", ")).collect::<Vec<_>>().join("; ")
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

/// Whole units and hundredths. All currencies named here have two decimals but the yen and the won.
fn split(money: &Money) -> (u64, u64) {
    let minor = money.minor.unsigned_abs();
    if matches!(money.currency.as_str(), "JPY" | "KRW") { (minor, 0) } else { (minor / 100, minor % 100) }
}

#[cfg(test)]
mod tests;
