//! Values out of words, by the type of what was asked for.

use std::collections::BTreeMap;

use callwright_model::{
    Bounds, Expect, Language, Lean, PHONE_DIGITS_MAX, PHONE_DIGITS_MIN, Record, SlotType, Value,
};
use chrono::{NaiveDate, NaiveDateTime};

use crate::lexicon::{self, fold};

mod amount;
mod choice;
mod date;
mod duration;
mod email;
mod grammar;
mod heard;
mod name;
mod number;
mod one_of;
mod spell;
mod taken;
mod time;
mod yes_no;

pub use amount::{money, number};
pub(crate) use choice::option_phrases;
pub use choice::{closed, pick as choice};
pub use date::date;
pub use duration::duration;
pub use email::email;
pub(crate) use grammar::Grammar;
pub use name::name;
pub use taken::Taken;
pub(crate) use taken::USUAL;
pub(crate) use time::{When, when};
pub use time::{date_time, time_of_day};
pub(crate) use yes_no::{YesNo, yes_no};

/// How much of what is expected the words so far fill: characters, digits, or 1 for an answer that is complete. The floor
/// ends a turn early when it is full.
#[must_use]
pub fn filled(expect: &Expect, words: &str, language: Language) -> u8 {
    let done = |yes: bool| u8::from(yes);
    match expect {
        Expect::Anything | Expect::Name => 0,
        Expect::YesNo => done(yes_no(words, language).is_some()),
        Expect::Code { min, max } => count(&spell::read(words, language, true).best(*min, *max)),
        Expect::Digits { min, max } => count(&spell::read(words, language, false).best(*min, *max)),
        Expect::Choice { options } => {
            let options = vec![Record::new(); usize::from(*options)];
            done(choice(words, &options, language).is_some())
        }
        // Whether there is a date does not hang on which day it is.
        Expect::Date => done(date(words, language, Some(NaiveDate::default()), Lean::Future).is_some()),
        Expect::Time => done(time_of_day(words, language).is_some()),
        Expect::Amount => {
            let any = || money(words, language, Some("EUR")).or_else(|| number(words, language));
            done(duration(words, language).or_else(any).is_some())
        }
        Expect::Email => done(email(words, language).is_some()),
    }
}

/// Whether words are a plain yes or a plain no: for questions outside of a dialogue, such as to a human who is rung.
#[must_use]
pub fn yes_or_no(words: &str, language: Language) -> Option<bool> {
    yes_no(words, language).map(|answer| answer == YesNo::Yes)
}

fn count(characters: &str) -> u8 {
    u8::try_from(characters.chars().count()).unwrap_or(u8::MAX)
}

/// Nothing was said.
pub(crate) fn is_empty(words: &str) -> bool {
    fold(words).is_empty()
}

/// The value of a slot that was just asked for; closed lists are read by [`closed`], for they need their spoken forms.
#[must_use]
pub fn value(slot: &SlotType, words: &str, language: Language, now: Option<NaiveDateTime>) -> Option<Taken> {
    let whole = |value| Taken::whole(value, words, language);
    match slot {
        SlotType::Code { length } => spell::read(words, language, true)
            .exactly(*length)
            .map(|code| whole(Value::Code(code.to_uppercase()))),
        SlotType::Digits { length } => {
            spell::read(words, language, false).exactly(*length).map(|digits| whole(Value::Code(digits)))
        }
        SlotType::YesNo => yes_no(words, language).map(|answer| whole(Value::Bool(answer == YesNo::Yes))),
        SlotType::Date { lean } => date(words, language, now.map(|now| now.date()), *lean),
        SlotType::Time => time_of_day(words, language),
        SlotType::DateTime { lean } => date_time(words, language, now, *lean),
        SlotType::Duration { bounds } => duration(words, language).filter(|taken| within(taken, *bounds)),
        SlotType::Number { bounds } => number(words, language).filter(|taken| within(taken, *bounds)),
        SlotType::Money { currency, bounds } => {
            money(words, language, currency.as_deref()).filter(|taken| within(taken, *bounds))
        }
        SlotType::Phone => phone(words, language),
        SlotType::Email => email(words, language),
        SlotType::Name => name(words, language),
        SlotType::Choice { .. } => None,
    }
}

/// Characters that are said one by one, as many as there are up to [`CHARACTERS_MAX`].
pub(crate) fn characters(words: &str, language: Language, letters: bool) -> String {
    spell::read(words, language, letters).best(1, CHARACTERS_MAX)
}

fn within(taken: &Taken, bounds: Bounds) -> bool {
    match &taken.value {
        Value::Int(number) => bounds.hold(*number),
        Value::Money(money) => bounds.hold(money.minor),
        Value::Bool(_) | Value::Text(_) | Value::Code(_) | Value::Date(_) | Value::Time(_) => true,
        Value::List(_) | Value::Record(_) => true,
    }
}

/// Keys as a recogniser would have written what they stand for: month and day in the order of the language, with or without a year, and
/// hours and minutes. `None` when the type is not keyed, or not with so many keys.
pub(crate) fn keyed(slot: &SlotType, keys: &str) -> Option<String> {
    match slot {
        SlotType::Date { .. } => match keys.len() {
            4 => Some(format!("{}/{}", &keys[..2], &keys[2..])),
            8 if keys.starts_with("19") || keys.starts_with("20") => {
                Some(format!("{}-{}-{}", &keys[..4], &keys[4..6], &keys[6..]))
            }
            8 => Some(format!("{}/{}/{}", &keys[..2], &keys[2..4], &keys[4..])),
            _ => None,
        },
        SlotType::Time => (3..=4).contains(&keys.len()).then(|| {
            let (hour, minute) = keys.split_at(keys.len() - 2);
            format!("{hour}:{minute}")
        }),
        SlotType::Duration { .. } | SlotType::DateTime { .. } | SlotType::Email | SlotType::Name => None,
        SlotType::Code { .. }
        | SlotType::Digits { .. }
        | SlotType::YesNo
        | SlotType::Number { .. }
        | SlotType::Money { .. }
        | SlotType::Phone
        | SlotType::Choice { .. } => Some(keys.to_owned()),
    }
}

/// A telephone number said or keyed digit by digit.
pub(crate) fn phone_number(words: &str, language: Language) -> Option<String> {
    let digits = spell::read(words, language, false).best(PHONE_DIGITS_MIN, PHONE_DIGITS_MAX);
    (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&count(&digits)).then_some(digits)
}

/// The same, with a `+` before it if one was written or said.
#[must_use]
pub fn phone(words: &str, language: Language) -> Option<Taken> {
    let digits = phone_number(words, language)?;
    let lexicon = lexicon::of_or_english(language);
    let is_plus = |word: &str| word.starts_with('+') || lexicon.plus.contains(&fold(word));
    let is_digits = |word: &str| count(&spell::read(word, language, false).best(1, PHONE_DIGITS_MAX)) > 0;
    let before_digits = words.split_whitespace().take_while(|word| is_plus(word) || !is_digits(word));
    let first = words.split_whitespace().find(|word| is_digits(word));
    let plus = before_digits.last().is_some_and(is_plus) || first.is_some_and(is_plus);
    let number = if plus { format!("+{digits}") } else { digits };
    Some(Taken::whole(Value::Code(number), words, language))
}

/// The value of a slot in an utterance that was about something else: only what cannot be anything but that.
pub(crate) fn mentioned(
    slot: &SlotType,
    words: &str,
    forms: &BTreeMap<String, Vec<String>>,
    language: Language,
) -> Option<Value> {
    match slot {
        SlotType::Code { length } => {
            let code = spell::read(words, language, true).run(*length)?;
            let mixed =
                code.chars().any(|c| c.is_ascii_digit()) && code.chars().any(|c| c.is_ascii_alphabetic());
            mixed.then(|| Value::Code(code.to_uppercase()))
        }
        SlotType::Digits { length } => spell::read(words, language, false).run(*length).map(Value::Code),
        SlotType::Choice { of } => closed(words, of, forms, language).map(Value::Text),
        // The one address or telephone number that is told is the one that is wanted.
        SlotType::Email => email(words, language).map(|taken| taken.value),
        SlotType::YesNo
        | SlotType::Date { .. }
        | SlotType::Time
        | SlotType::DateTime { .. }
        | SlotType::Duration { .. }
        | SlotType::Number { .. }
        | SlotType::Money { .. }
        | SlotType::Phone
        | SlotType::Name => None,
    }
}

/// The longest code that an input may be.
const CHARACTERS_MAX: u8 = 32;

#[cfg(test)]
mod tests;
