//! Numbers and money.

use callwright_model::{Language, Money, Value};

use super::grammar::{Captures, Grammar, Span};
use super::heard::Heard;
use super::taken::{CORRECTED, PLAIN, Taken, USUAL};
use crate::lexicon;
use crate::verbalise::has_minor_unit;

/// The whole number in the words.
#[must_use]
pub fn number(words: &str, language: Language) -> Option<Taken> {
    let grammar = &lexicon::of_or_english(language).grammar;
    let heard = grammar.heard(words);
    let spans = grammar.scan("number", &heard, |kind, captures| match kind {
        "number" => Some(captures.number("number")),
        "minus" => Some(captures.number("number").map(|number| -number)),
        "other" => Some(None),
        _ => None,
    });
    let (Span { range, value }, given_up) = grammar.settle(&heard, &known(spans))?;
    let sure = if given_up > 0 { CORRECTED } else { PLAIN };
    Some(Taken { value: Value::Int(value), heard: heard.words(&range), sure, language })
}

/// The amount of money in the words. Without a currency of its own it is of `usual`, if there is one, and not sure.
#[must_use]
pub fn money(words: &str, language: Language, usual: Option<&str>) -> Option<Taken> {
    let grammar = &lexicon::of_or_english(language).grammar;
    let heard = grammar.heard(words);
    let mut spans = named(grammar, &heard, "money", usual);
    if spans.is_empty() {
        spans = named(grammar, &heard, "bare_money", usual);
        spans.retain(|span| grammar.is_alone(&heard, &span.range));
    }
    let (Span { range, value: (money, sure) }, given_up) = grammar.settle(&heard, &spans)?;
    let sure = if given_up > 0 { sure.min(CORRECTED) } else { sure };
    Some(Taken { value: Value::Money(money), heard: heard.words(&range), sure, language })
}

fn named(grammar: &Grammar, heard: &Heard, rules: &str, usual: Option<&str>) -> Vec<Span<(Money, f32)>> {
    known(grammar.scan(rules, heard, |kind, captures| match kind {
        "other" => Some(None),
        _ => amount(kind, captures, usual).map(Some),
    }))
}

fn known<T>(spans: Vec<Span<Option<T>>>) -> Vec<Span<T>> {
    let span = |Span { range, value }: Span<Option<T>>| Some(Span { range, value: value? });
    spans.into_iter().filter_map(span).collect()
}

/// Captures: `amount` is in hundredths, `whole` in whole units, `share` in hundredths of one, `cents` in hundredths too.
fn amount(kind: &str, captures: &Captures<'_>, usual: Option<&str>) -> Option<(Money, f32)> {
    let said = captures.word("currency");
    let currency = said.or(usual)?;
    let hundredths = match captures.number("whole") {
        Some(whole) => whole.checked_mul(100)?,
        None => captures.number("amount").unwrap_or(0),
    };
    let cents = captures.number("cents").unwrap_or(0);
    let small = captures.number("share").unwrap_or(0) + cents;
    let hundredths = match kind {
        "sum" if (0..100).contains(&small) => hundredths.checked_add(small)?,
        // "Two thousand five" of something that is counted in thousands: "two grand".
        "grand" => hundredths.checked_mul(1_000)?,
        "cents" => cents,
        _ => return None,
    };
    let minor = match (has_minor_unit(currency), hundredths % 100) {
        (true, _) => hundredths,
        (false, 0) => hundredths / 100,
        (false, _) => return None,
    };
    let sure = if said.is_some() { PLAIN } else { USUAL };
    (minor <= MINOR_MAX).then(|| (Money { minor, currency: currency.to_owned() }, sure))
}

/// Nobody tells an agent of more than ten thousand millions.
const MINOR_MAX: i64 = 1_000_000_000_000;
