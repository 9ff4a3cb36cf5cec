//! How long something takes or lasts.

use callwright_model::{Language, Value};

use super::grammar::{Captures, Span};
use super::taken::{CORRECTED, PLAIN, Taken};
use crate::lexicon;

/// The length of time in the words, in whole minutes; what has seconds left over is none.
#[must_use]
pub fn duration(words: &str, language: Language) -> Option<Taken> {
    let grammar = &lexicon::of_or_english(language).grammar;
    let heard = grammar.heard(words);
    let mut spans: Vec<Span<i64>> = Vec::new();
    let mut unit_before = 0;
    for Span { range, value: (value, unit) } in grammar.scan("duration", &heard, seconds) {
        // "An hour and twenty minutes" is one length, "two hours, three hours" is not.
        match spans.last_mut() {
            Some(last) if unit < unit_before && grammar.joins(&heard, last.range.end, range.start) => {
                *last = Span { range: last.range.start..range.end, value: last.value + value };
            }
            Some(_) | None => spans.push(Span { range, value }),
        }
        unit_before = unit;
    }
    let (Span { range, value: seconds }, given_up) = grammar.settle(&heard, &spans)?;
    let sure = if given_up > 0 { CORRECTED } else { PLAIN };
    let minutes = (seconds % 60 == 0).then_some(seconds / 60)?;
    Some(Taken { value: Value::Int(minutes), heard: heard.words(&range), sure, language })
}

/// The length in seconds, and its unit. Tables give units in seconds, and shares of them in hundredths.
fn seconds(kind: &str, captures: &Captures<'_>) -> Option<(i64, i64)> {
    let unit = captures.number("unit")?;
    let share = captures.number("share").unwrap_or(0);
    let hundredths = match kind {
        // "Two hours and a half", "half an hour".
        "span" => captures.number("count").unwrap_or(0).checked_mul(100)?.checked_add(share)?,
        // "Hour and a half", without a number.
        "one" => 100 + share,
        // "2.5 hours".
        "decimal" => captures.number("decimal")?,
        _ => return None,
    };
    // "An hour forty".
    let minutes = captures.number("minute").filter(|minutes| *minutes < 60).unwrap_or(0);
    let seconds = hundredths.checked_mul(unit)?.checked_add(minutes * 6_000)?;
    let whole = (seconds % 100 == 0).then_some(seconds / 100);
    whole.filter(|seconds| (1..=SECONDS_MAX).contains(seconds)).map(|seconds| (seconds, unit))
}

/// A hundred years.
const SECONDS_MAX: i64 = 100 * 366 * 86_400;
