//! Calendar dates with their year, as `2026-11-23`. Dates relative to today need a calendar that no part of this crate has;
//! the skill's systems resolve those.

use callwright_model::Language;

use crate::lexicon::{self, Number, fold};

/// A full date in the words: written, or month, day and year said in any order.
pub(super) fn absolute(words: &str, language: Language) -> Option<String> {
    if let Some(written) = words.split_whitespace().find_map(iso) {
        return Some(written);
    }
    let lexicon = lexicon::of_or_english(language);
    let folded = fold(words);
    let tokens: Vec<&str> = folded.split(' ').collect();
    let month = tokens
        .iter()
        .find_map(|token| lexicon.months.get(*token).copied())
        .or_else(|| korean(&folded, '월'))?;
    let mut day = korean(&folded, '일');
    let mut year = korean(&folded, '년');
    for token in &tokens {
        let digits: String = token.chars().take_while(char::is_ascii_digit).collect();
        match digits.len() {
            1 | 2 if !token.ends_with(['월', '일', '년']) => day = day.or(digits.parse().ok()),
            4 => year = year.or(digits.parse().ok()),
            _ => {}
        }
    }
    let day = day.or_else(|| said_day(&tokens, lexicon))?;
    iso(&format!("{:04}-{month:02}-{day:02}", year?))
}

/// `12월`: the number before a counting word.
fn korean(folded: &str, unit: char) -> Option<i64> {
    let (before, _) = folded.split_once(unit)?;
    let digits: String = before.chars().rev().take_while(char::is_ascii_digit).collect();
    digits.chars().rev().collect::<String>().parse().ok()
}

/// "Twenty third", "the fifth", "veintitrés".
fn said_day(tokens: &[&str], lexicon: &lexicon::Lexicon) -> Option<i64> {
    let mut day = 0;
    for token in tokens {
        let number = match lexicon.numbers.get(*token) {
            Some(Number::Unit(n) | Number::Teen(n) | Number::Tens(n)) => i64::from(*n),
            Some(Number::Hundreds(_) | Number::Times(_)) | None => {
                lexicon.ordinals.get(*token).copied().filter(|n| *n > 0).unwrap_or(0)
            }
        };
        if day == 0 || (day >= 20 && number < 10) {
            day += number;
        }
    }
    (1..=31).contains(&day).then_some(day)
}

fn iso(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| !c.is_ascii_digit());
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && year.len() == 4 && month.len() == 2 && day.len() == 2;
    let days = match month.parse::<u32>().ok()? {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (whole && year.parse::<u32>().is_ok() && (1..=days).contains(&day.parse::<u32>().ok()?))
        .then(|| text.to_owned())
}
