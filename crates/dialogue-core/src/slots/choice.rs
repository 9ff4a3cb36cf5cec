//! Which of the options just offered is meant: by number, by order, by comparison, by a time or by words of its facts.

use std::collections::BTreeMap;

use callwright_model::{Language, Lean, Record, Value};
use chrono::{Days, NaiveDate};

use super::{date, one_of};
use crate::lexicon::{self, Lexicon, Number, fold};
use crate::verbalise;

/// The number of the option meant, from 1, if the words fit exactly one.
#[must_use]
pub fn pick(words: &str, options: &[Record], language: Language) -> Option<usize> {
    let lexicon = lexicon::of_or_english(language);
    let folded = fold(words);
    if folded.is_empty() || options.is_empty() {
        return None;
    }
    by_facts(&folded, options, language).or_else(|| by_date(words, options, language)).or_else(|| {
        // An ordinal out of range is no reason to take "one" in "the fourth one" for a number.
        by_ordinal(words, options.len(), lexicon).unwrap_or_else(|| {
            by_comparison(&folded, options, lexicon)
                .or_else(|| by_number(&folded, options.len(), lexicon))
                .or_else(|| by_sound(words, options, language))
        })
    })
}

/// "The one on Friday", "the 23rd": by the day of an option, whichever day it is today.
fn by_date(words: &str, options: &[Record], language: Language) -> Option<usize> {
    let fits = |option: &Record| {
        let day = first_day(option)?;
        // Far enough before that "tomorrow" is not it, and near enough that "Friday" is.
        let before = day.checked_sub_days(Days::new(3))?;
        let taken = date(words, language, Some(before), Lean::Future)?;
        (taken.value.as_text() == Some(day.to_string().as_str())).then_some(())
    };
    let mut fitting = options.iter().enumerate().filter(|(_, option)| fits(option).is_some());
    let (index, _) = fitting.next()?;
    fitting.next().is_none().then_some(index + 1)
}

fn first_day(option: &Record) -> Option<NaiveDate> {
    option.values().find_map(|value| match value {
        Value::Date(text) | Value::Time(text) => text.get(..10)?.parse().ok(),
        Value::Record(inner) => first_day(inner),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Text(_)
        | Value::Code(_)
        | Value::Money(_)
        | Value::List(_) => None,
    })
}

/// By names that the recogniser has written otherwise. Numbers and times that sound alike are others.
fn by_sound(words: &str, options: &[Record], language: Language) -> Option<usize> {
    let forms: Vec<(usize, String)> = options
        .iter()
        .enumerate()
        .flat_map(|(number, option)| names(option).into_iter().map(move |name| (number, name.to_owned())))
        .collect();
    one_of::find(words, &forms, language).map(|named| named.number + 1)
}

fn names(option: &Record) -> Vec<&str> {
    let of = option.values().map(|value| match value {
        Value::Text(text) if !text.contains(|c: char| c.is_ascii_digit()) => vec![text.as_str()],
        Value::Record(inner) => names(inner),
        _ => Vec::new(),
    });
    of.flatten().collect()
}

/// The value of a closed list that the words name. Forms come from the pack's examples.
#[must_use]
pub fn closed(
    words: &str,
    of: &[String],
    forms: &BTreeMap<String, Vec<String>>,
    language: Language,
) -> Option<String> {
    let folded = fold(words);
    let mut best: Option<(usize, &String)> = None;
    for value in of {
        let spoken = forms.get(value).into_iter().flatten().map(|form| fold(form));
        for form in spoken.chain([fold(value)]) {
            if says(&folded, &form, language) && best.is_none_or(|(length, _)| form.len() > length) {
                best = Some((form.len(), value));
            }
        }
    }
    if let Some((_, value)) = best {
        return Some(value.clone());
    }
    // A word or two lost or bent by the line: the form that shares most of its words, when only one does.
    let scored: Vec<(f64, &String)> = of
        .iter()
        .map(|value| {
            let score = forms
                .get(value)
                .into_iter()
                .flatten()
                .map(|form| likeness(&folded, &fold(form)))
                .fold(0.0, f64::max);
            (score, value)
        })
        .collect();
    let top = scored.iter().map(|(score, _)| *score).fold(0.0, f64::max);
    let close: Vec<_> = scored.iter().filter(|(score, _)| *score > top - 0.15).collect();
    if top >= 0.75 && close.len() == 1 {
        return Some(close[0].1.clone());
    }
    let forms: Vec<(usize, String)> = of
        .iter()
        .enumerate()
        .flat_map(|(number, value)| {
            let spoken = forms.get(value).into_iter().flatten().chain(std::iter::once(value));
            spoken.map(move |form| (number, form.clone()))
        })
        .collect();
    if let Some(named) = one_of::find(words, &forms, language) {
        return of.get(named.number).cloned();
    }
    let lexicon = lexicon::of_or_english(language);
    let number =
        by_ordinal(words, of.len(), lexicon).unwrap_or_else(|| by_number(&folded, of.len(), lexicon))?;
    of.get(number - 1).cloned()
}

/// How callers may name these very options, for the recogniser: their times and names, and comparisons. Numbers and ordinals it
/// knows from what is expected.
pub(crate) fn option_phrases(options: &[Record], language: Language) -> Vec<String> {
    let lexicon = lexicon::of_or_english(language);
    let forms = options.iter().flat_map(|option| facts(option, language)).map(|(form, _)| form);
    let mut phrases: Vec<String> = forms.chain(lexicon.compare.keys().cloned()).collect();
    phrases.retain(|form| form.chars().any(char::is_alphabetic));
    phrases.sort();
    phrases.dedup();
    phrases
}

/// By what an option's facts sound like, the longest match deciding; equal ones cancel out.
fn by_facts(folded: &str, options: &[Record], language: Language) -> Option<usize> {
    let mut best: Vec<(usize, usize)> = Vec::new();
    let figures = in_figures(folded, lexicon::of_or_english(language));
    for (index, option) in options.iter().enumerate() {
        let longest = facts(option, language)
            .into_iter()
            .filter(|(form, _)| says(folded, form, language) || says(&figures, form, language))
            .map(|(_, weight)| weight)
            .max();
        if let Some(weight) = longest {
            best.push((weight, index + 1));
        }
    }
    let top = best.iter().map(|(weight, _)| *weight).max()?;
    let mut fitting = best.into_iter().filter(|(weight, _)| *weight == top);
    let (_, number) = fitting.next()?;
    fitting.next().is_none().then_some(number)
}

/// The words with digits that are said one by one as one figure: a digit may have several words.
fn in_figures(folded: &str, lexicon: &Lexicon) -> String {
    let mut text = String::new();
    let mut in_figure = false;
    for word in folded.split(' ') {
        let digit = match lexicon.numbers.get(word) {
            Some(Number::Unit(digit)) => Some(digit.to_string()),
            Some(Number::Teen(_) | Number::Tens(_) | Number::Hundreds(_) | Number::Times(_)) | None => None,
        };
        if !(in_figure && digit.is_some()) {
            text.push(' ');
        }
        in_figure = digit.is_some();
        text.push_str(digit.as_deref().unwrap_or(word));
    }
    text
}

/// Folded forms of an option's facts, each with how much it weighs.
fn facts(option: &Record, language: Language) -> Vec<(String, usize)> {
    let mut forms = Vec::new();
    for value in option.values() {
        match value {
            Value::Time(text) => {
                if let Some((hour, minute)) = verbalise::clock(text) {
                    let spoken = verbalise::time_forms(hour, minute, language);
                    forms.extend(spoken.into_iter().map(|form| (form.clone(), 100 + form.len())));
                }
            }
            Value::Code(code) | Value::Text(code) => {
                let folded = fold(code);
                if folded.is_empty() {
                    continue;
                }
                // A flight is named by its digits alone too.
                let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
                if (2..=6).contains(&digits.len()) {
                    forms.extend(
                        number_forms(&digits, language)
                            .into_iter()
                            .chain([folded])
                            .map(|form| (form.clone(), 50 + form.len())),
                    );
                } else {
                    forms.push((folded.clone(), 20 + folded.len()));
                    let words = folded.split(' ').filter(|word| word.chars().count() >= 4);
                    forms.extend(words.map(|word| (word.to_owned(), word.len())));
                }
            }
            Value::Record(inner) => forms.extend(facts(inner, language)),
            Value::Money(_) | Value::Date(_) | Value::Bool(_) | Value::Int(_) | Value::List(_) => {}
        }
    }
    forms
}

/// Ways to say a few digits: as they are, one by one, and in the language's words one by one.
fn number_forms(digits: &str, language: Language) -> Vec<String> {
    let lexicon = lexicon::of_or_english(language);
    let word = |digit: char| {
        let wanted = digit.to_digit(10).unwrap_or(0);
        lexicon
            .numbers
            .iter()
            .find(|(_, number)| **number == Number::Unit(wanted))
            .map(|(form, _)| form.clone())
    };
    let mut forms = vec![digits.to_owned()];
    let words: Option<Vec<String>> = digits.chars().map(word).collect();
    forms.extend(words.map(|words| words.join(" ")));
    forms
}

/// "The second one", "number two", "the last", "not the first, the second". The outer `None` is for words without any ordinal.
fn by_ordinal(words: &str, count: usize, lexicon: &Lexicon) -> Option<Option<usize>> {
    let grammar = &lexicon.grammar;
    let heard = grammar.heard(words);
    let folded = &fold(words);
    let said = grammar.scan_forms(&heard, lexicon.ordinals.iter().map(|(form, number)| (form, *number)));
    if !said.is_empty() {
        let number = grammar.settle(&heard, &said).map(|(span, _)| span.value);
        return Some(only(
            number.map(|number| if number < 0 { count as i64 } else { number }).into_iter(),
            count,
        ));
    }
    let hits = lexicon.ordinals.iter().filter(|(form, _)| says(folded, form, lexicon.language));
    let longest = hits.clone().map(|(form, _)| form.len()).max()?;
    let numbers = hits
        .filter(|(form, _)| form.len() == longest)
        .map(|(_, number)| if *number < 0 { count as i64 } else { *number });
    Some(only(numbers, count))
}

/// A bare "two" in a short answer. In "that one" the word is no number.
fn by_number(folded: &str, count: usize, lexicon: &Lexicon) -> Option<usize> {
    let tokens: Vec<&str> = folded.split(' ').collect();
    let pointing = tokens.len() > 1 && lexicon.pointing.contains(tokens[0]);
    if tokens.len() > 4 || pointing {
        return None;
    }
    let numbers = tokens.iter().filter_map(|token| match lexicon.numbers.get(*token) {
        Some(Number::Unit(number)) => Some(i64::from(*number)),
        Some(Number::Teen(_) | Number::Tens(_) | Number::Hundreds(_) | Number::Times(_)) | None => {
            token.parse().ok()
        }
    });
    only(numbers, count)
}

/// The number that all of them are, if it is one of an option.
fn only(numbers: impl Iterator<Item = i64>, count: usize) -> Option<usize> {
    let mut numbers: Vec<i64> = numbers.collect();
    numbers.dedup();
    let [number] = numbers[..] else { return None };
    usize::try_from(number).ok().filter(|number| (1..=count).contains(number))
}

/// "The later one", "the cheapest", "in the morning".
fn by_comparison(folded: &str, options: &[Record], lexicon: &Lexicon) -> Option<usize> {
    let (_, what) = lexicon
        .compare
        .iter()
        .filter(|(form, _)| says(folded, form, lexicon.language))
        .max_by_key(|(form, _)| form.len())?;
    let times: Option<Vec<String>> = options.iter().map(first_time).collect();
    let prices: Option<Vec<i64>> = options.iter().map(first_price).collect();
    match what.as_str() {
        "earliest" => extreme(&times?, false),
        "latest" => extreme(&times?, true),
        "cheapest" => extreme(&prices?, false),
        "dearest" => extreme(&prices?, true),
        part => {
            let range = match part {
                "morning" => 4..12,
                "afternoon" => 12..18,
                _ => 18..24,
            };
            let fits = |time: &String| verbalise::clock(time).is_some_and(|(hour, _)| range.contains(&hour));
            let times = times?;
            let mut fitting = times.iter().enumerate().filter(|(_, time)| fits(time));
            let (index, _) = fitting.next()?;
            fitting.next().is_none().then_some(index + 1)
        }
    }
}

/// Number of the one highest or lowest value.
fn extreme<T: Ord>(values: &[T], highest: bool) -> Option<usize> {
    let best = if highest { values.iter().max()? } else { values.iter().min()? };
    let mut fitting = values.iter().enumerate().filter(|(_, value)| *value == best);
    let (index, _) = fitting.next()?;
    fitting.next().is_none().then_some(index + 1)
}

fn first_time(option: &Record) -> Option<String> {
    option.values().find_map(|value| match value {
        Value::Time(time) => Some(time.clone()),
        Value::Record(inner) => first_time(inner),
        _ => None,
    })
}

fn first_price(option: &Record) -> Option<i64> {
    option.values().find_map(|value| match value {
        Value::Money(money) => Some(money.minor),
        Value::Record(inner) => first_price(inner),
        _ => None,
    })
}

/// The words hold the form as whole words; where endings hang on words and spaces come and go, anywhere.
fn says(folded: &str, form: &str, language: Language) -> bool {
    if form.is_empty() {
        return false;
    }
    let joined = lexicon::of_or_english(language).joined;
    if joined && form.bytes().all(|b| b.is_ascii_digit()) {
        let holds = |word: &str| {
            word.strip_prefix(form).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        return folded.split(' ').any(holds);
    }
    if joined && !form.is_ascii() {
        let (words, form) = (folded.replace(' ', ""), form.replace(' ', ""));
        // One syllable is part of too many words.
        return if form.chars().count() == 1 {
            folded.split(' ').any(|word| word == form)
        } else {
            words.contains(&form)
        };
    }
    format!(" {folded} ").contains(&format!(" {form} "))
}

/// Share of a form's words that the caller said, or nearly said.
fn likeness(folded: &str, form: &str) -> f64 {
    let words: Vec<&str> = folded.split(' ').collect();
    let wanted: Vec<&str> = form.split(' ').collect();
    let near = |want: &&str| words.iter().map(|word| strsim::jaro_winkler(word, want)).fold(0.0, f64::max);
    let heard = wanted.iter().map(near).map(|near| if near >= 0.88 { near } else { 0.0 }).sum::<f64>();
    heard / wanted.len() as f64
}
