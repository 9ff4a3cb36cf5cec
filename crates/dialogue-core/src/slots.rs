//! Values out of words, by the type of what was asked for.

use std::collections::BTreeMap;

use callwright_model::{Expect, Language, Record, SlotType, Value};

use crate::lexicon::{self, fold};

mod choice;
mod date;
mod spell;
mod yes_no;

pub(crate) use choice::{closed, option_phrases, pick as choice};
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
        Expect::Date => done(date::absolute(words, language).is_some()),
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
pub(crate) fn value(slot: &SlotType, words: &str, language: Language) -> Option<Value> {
    match slot {
        SlotType::Code { length } => {
            spell::read(words, language, true).exactly(*length).map(|code| Value::Code(code.to_uppercase()))
        }
        SlotType::Digits { length } => spell::read(words, language, false).exactly(*length).map(Value::Code),
        SlotType::YesNo => yes_no(words, language).map(|answer| Value::Bool(answer == YesNo::Yes)),
        SlotType::Date => date::absolute(words, language).map(Value::Date),
        SlotType::Name => name(words, language).map(Value::Text),
        SlotType::Choice { .. } => None,
    }
}

/// Characters that are said one by one, as many as there are up to [`CHARACTERS_MAX`].
pub(crate) fn characters(words: &str, language: Language, letters: bool) -> String {
    spell::read(words, language, letters).best(1, CHARACTERS_MAX)
}

/// A telephone number said or keyed digit by digit.
pub(crate) fn phone_number(words: &str, language: Language) -> Option<String> {
    let digits = spell::read(words, language, false).best(PHONE_DIGITS_MIN, PHONE_DIGITS_MAX);
    (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&count(&digits)).then_some(digits)
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
        SlotType::YesNo | SlotType::Date | SlotType::Name => None,
    }
}

/// A name: what is left without "my name is", at most four words.
fn name(words: &str, language: Language) -> Option<String> {
    let lexicon = lexicon::of_or_english(language);
    let folded = fold(words);
    let lead = lexicon
        .name_lead
        .iter()
        .filter(|lead| {
            folded.starts_with(lead.as_str()) && folded.as_bytes().get(lead.len()).is_none_or(|b| *b == b' ')
        })
        .max_by_key(|lead| lead.len());
    let skip = lead.map_or(0, |lead| lead.split(' ').count());
    let kept: Vec<&str> = words
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphabetic()))
        .filter(|word| !word.is_empty())
        .skip(skip)
        .collect();
    if kept.is_empty() || kept.len() > 4 {
        return None;
    }
    let mut name = kept.join(" ");
    if language == Language::KO {
        for ending in ["입니다", "이에요", "예요", "이라고 합니다", "라고 합니다"] {
            if let Some(rest) = name.strip_suffix(ending) {
                name = rest.trim_end().to_owned();
                break;
            }
        }
    }
    (name.chars().count() >= 2).then_some(name)
}

/// The longest code that an input may be.
const CHARACTERS_MAX: u8 = 32;
/// With fewer one can dial within a town at most, and hardly from elsewhere.
pub(crate) const PHONE_DIGITS_MIN: u8 = 7;
/// The longest number that E.164 allows, country code and all.
pub(crate) const PHONE_DIGITS_MAX: u8 = 15;

#[cfg(test)]
mod tests;
