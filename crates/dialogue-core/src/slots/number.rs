//! Whole numbers, places in an order, years and fractions, in figures and in words.

use std::collections::BTreeMap;

use super::heard::Heard;
use crate::lexicon::{Number, Tables};

/// The number words of a language, and how they are put together.
#[derive(Debug, Default)]
pub(crate) struct Numerals {
    words: Vec<(Vec<char>, Number)>,
    /// "Two hundred and five".
    ands: Vec<Vec<char>>,
    /// What is said instead of a number word before what is counted.
    counting: Vec<(Vec<char>, i64)>,
    nth: Vec<(Vec<char>, i64)>,
    /// What makes a number one of these: "23rd".
    nth_suffix: Vec<Vec<char>>,
    /// The zero of "ten oh five".
    oh: Vec<Vec<char>>,
    /// "Two point five".
    point: Vec<Vec<char>>,
    /// "Five and twenty".
    units_first: bool,
}

/// A number under way: what was said so far, each with the place below which more may follow.
#[derive(Debug, Clone, Default)]
struct Sum(Vec<(i64, i64)>);

impl Numerals {
    /// Reads what the tables say of numbers, beyond the words themselves.
    pub(super) fn read(tables: &mut Tables<'_>, words: &BTreeMap<String, Number>) -> Self {
        let whole = "a whole number";
        let mut words = words.clone();
        // Numbers of this size are never part of a code, so that whoever reads codes does not know them.
        let large = tables.forms("slots.times", whole);
        words.extend(large.into_iter().map(|(form, by)| (form, Number::Times(by))));
        let order = tables.one_of("numbers.order", &[("tens-first", false), ("units-first", true)]);
        Self {
            words: longest_first(words),
            ands: tables.forms_in_chars("numbers.and"),
            counting: longest_first(tables.forms("slots.counting", whole)),
            nth: longest_first(tables.forms("slots.nth", whole)),
            nth_suffix: tables.forms_in_chars("slots.nth_suffix"),
            oh: tables.forms_in_chars("slots.oh"),
            point: tables.forms_in_chars("slots.point"),
            units_first: order.unwrap_or(false),
        }
    }

    /// The whole numbers that begin here, with where they end. Where words are joined there are several, for an ending may be a number
    /// word itself: 이십일 is 21, and the twentieth. With `counting` also "a" and the like.
    pub(super) fn cardinals(&self, heard: &Heard, at: usize, counting: bool) -> Vec<(usize, i64)> {
        let mut found = Vec::new();
        let (mut sum, mut end) = (Sum::default(), at);
        // Each word makes the sum larger or ends it; the bound is a safeguard.
        for _ in 0..WORDS_MAX {
            let from = if end == at { at } else { heard.skip_space(end) };
            let Some((next, word)) = self.word(heard, from, counting && sum.takes(1)).or_else(|| {
                let and = self.ands.iter().find_map(|and| heard.form(from, and)).filter(|_| sum.is_open())?;
                self.word(heard, heard.skip_space(and), false)
            }) else {
                break;
            };
            if !sum.add(word) {
                break;
            }
            end = self.with_tens(heard, next, &mut sum).unwrap_or(next);
            found.push((end, sum.total()));
        }
        if !heard.joined() {
            found.drain(..found.len().saturating_sub(1));
        }
        found.extend(thousands(heard, at));
        found
    }

    /// "Fünf-und-zwanzig": the tens after a unit.
    fn with_tens(&self, heard: &Heard, at: usize, sum: &mut Sum) -> Option<usize> {
        let unit = sum.0.last().map(|(value, _)| *value).filter(|unit| self.units_first && *unit < 10)?;
        let and = self.ands.iter().find_map(|and| heard.form(heard.skip_space(at), and))?;
        let (end, word) = self.word(heard, heard.skip_space(and), false)?;
        let Word::Add(tens, _) = word else { return None };
        if tens % 10 != 0 || !(20..100).contains(&tens) {
            return None;
        }
        sum.0.pop();
        sum.0.push((unit + tens, 1));
        Some(end)
    }

    fn word(&self, heard: &Heard, at: usize, counting: bool) -> Option<(usize, Word)> {
        if let Some((end, figure)) = heard.figure(at, &[]) {
            return Some((end, Word::Add(figure.parse().ok().filter(|n| *n < LIMIT)?, 1)));
        }
        let said = self.words.iter().find_map(|(form, number)| Some((self.ends(heard, at, form)?, *number)));
        let said = said.map(|(end, number)| (end, Word::of(number)));
        let instead = counting.then(|| {
            let (end, value) =
                self.counting.iter().find_map(|(form, value)| Some((self.ends(heard, at, form)?, *value)))?;
            Some((end, Word::Add(value, if value >= 10 { 10 } else { 1 })))
        });
        [said, instead.flatten()].into_iter().flatten().max_by_key(|(end, _)| *end)
    }

    /// Where a number word ends. Parts of one number may be written together where words are, or where units come first.
    fn ends(&self, heard: &Heard, at: usize, form: &[char]) -> Option<usize> {
        heard.form(at, form).filter(|end| heard.joined() || self.units_first || heard.is_border(*end))
    }

    /// "Third", "twenty third", "23rd".
    pub(super) fn ordinals(&self, heard: &Heard, at: usize) -> Vec<(usize, i64)> {
        let nth = |from: usize| {
            self.nth.iter().find_map(|(form, value)| Some((self.ends(heard, from, form)?, *value)))
        };
        let mut found: Vec<(usize, i64)> = nth(at).into_iter().collect();
        for (end, value) in self.cardinals(heard, at, false) {
            let suffixed = self.nth_suffix.iter().filter_map(|suffix| heard.form(end, suffix));
            found.extend(suffixed.map(|end| (end, value)));
            if value >= 20 && value % 10 == 0 {
                let unit = nth(heard.skip_space(end)).filter(|(_, unit)| *unit < 10);
                found.extend(unit.map(|(end, unit)| (end, value + unit)));
            }
        }
        found
    }

    /// Four figures, a number between 1900 and 2199, or its two halves.
    pub(super) fn years(&self, heard: &Heard, at: usize) -> Vec<(usize, i64)> {
        let cardinals = self.cardinals(heard, at, false);
        let mut found = Vec::new();
        for (end, value) in cardinals {
            if YEARS.contains(&value) {
                found.push((end, value));
            }
            if (19..=21).contains(&value) {
                let rest = heard.skip_space(end);
                let halves = self.minutes_in_words(heard, rest);
                found.extend(halves.into_iter().map(|(end, half)| (end, value * 100 + half)));
            }
        }
        found
    }

    /// Two figures, a number from ten, or "oh five"; what is no minute is left to whoever asked.
    pub(super) fn minutes(&self, heard: &Heard, at: usize) -> Vec<(usize, i64)> {
        match heard.figure(at, &[]) {
            Some((end, figure)) => {
                figure.parse().ok().filter(|_| figure.len() == 2).map(|n| (end, n)).into_iter().collect()
            }
            None => self.minutes_in_words(heard, at),
        }
    }

    fn minutes_in_words(&self, heard: &Heard, at: usize) -> Vec<(usize, i64)> {
        if heard.char(at).is_some_and(|c| c.is_ascii_digit()) {
            return Vec::new();
        }
        let zero = self.oh.iter().find_map(|oh| self.ends(heard, at, oh));
        let unit = zero.map(|end| self.cardinals(heard, heard.skip_space(end), false)).unwrap_or_default();
        let mut found: Vec<(usize, i64)> =
            unit.into_iter().filter(|(_, value)| (1..10).contains(value)).collect();
        let cardinals = self.cardinals(heard, at, false).into_iter();
        found.extend(cardinals.filter(|(_, value)| (10..100).contains(value)));
        found
    }

    /// A number in hundredths: "12.50", "1,250", "two point five", or a whole one.
    pub(super) fn decimals(&self, heard: &Heard, at: usize) -> Vec<(usize, i64)> {
        let mut found: Vec<(usize, i64)> = Vec::new();
        for (end, value) in self.cardinals(heard, at, false) {
            found.push((end, value.saturating_mul(100)));
            let point = self.point.iter().find_map(|point| heard.form(heard.skip_space(end), point));
            let Some(point) = point else { continue };
            for (end, part) in self.cardinals(heard, heard.skip_space(point), false) {
                let hundredths = if part < 10 { part * 10 } else { part };
                if hundredths < 100 {
                    found.push((end, value.saturating_mul(100) + hundredths));
                }
            }
        }
        found.extend(heard.figure(at, &['.', ',']).and_then(|(end, text)| Some((end, hundredths(&text)?))));
        found
    }
}

/// What a word does to a number.
#[derive(Debug, Clone, Copy)]
enum Word {
    /// It is added; what follows must be smaller than the second number.
    Add(i64, i64),
    /// Everything smaller that was said before it is multiplied.
    Times(i64),
}

impl Word {
    fn of(number: Number) -> Self {
        match number {
            Number::Unit(n) | Number::Teen(n) => Self::Add(n.into(), 1),
            Number::Tens(n) => Self::Add(n.into(), 10),
            Number::Hundreds(n) => Self::Add(n.into(), 100),
            Number::Times(by) => Self::Times(by.into()),
        }
    }
}

impl Sum {
    /// Adds a word; `false` when it is not of this number.
    fn add(&mut self, word: Word) -> bool {
        match word {
            Word::Add(value, room) => {
                if !self.takes(value) {
                    return false;
                }
                self.0.push((value, room));
            }
            Word::Times(by) => {
                let from = self.0.iter().position(|(value, _)| *value < by).unwrap_or(self.0.len());
                let times: i64 = self.0[from..].iter().map(|(value, _)| value).sum();
                let zero = from < self.0.len() && times == 0;
                let below = self.0[..from].last().is_none_or(|(_, room)| *room > by);
                let Some(product) = times.max(1).checked_mul(by).filter(|product| *product < LIMIT) else {
                    return false;
                };
                if zero || !below {
                    return false;
                }
                self.0.truncate(from);
                self.0.push((product, by));
            }
        }
        true
    }

    /// Whether this much may be added.
    fn takes(&self, value: i64) -> bool {
        self.0.last().is_none_or(|(_, room)| value < *room && value > 0)
    }

    fn is_open(&self) -> bool {
        self.0.last().is_some_and(|(_, room)| *room > 9)
    }

    fn total(&self) -> i64 {
        self.0.iter().map(|(value, _)| value).sum()
    }
}

/// "1,250" and "1.250.000": figures in groups of three.
fn thousands(heard: &Heard, at: usize) -> Option<(usize, i64)> {
    let (end, text) = heard.figure(at, &['.', ','])?;
    let mark = text.chars().find(|c| !c.is_ascii_digit())?;
    let groups: Vec<&str> = text.split(mark).collect();
    let (first, rest) = groups.split_first()?;
    let whole = (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3);
    let number = groups.concat().parse().ok().filter(|n| *n < LIMIT)?;
    whole.then_some((end, number))
}

/// "12.50", "12,5" and "1,250.00": the last mark is a point when one or two figures follow it.
fn hundredths(text: &str) -> Option<i64> {
    let at = text.rfind(['.', ','])?;
    let (whole, part) = (&text[..at], &text[at + 1..]);
    if !(1..=2).contains(&part.len()) {
        return None;
    }
    let mark = if text[at..].starts_with('.') { ',' } else { '.' };
    let groups: Vec<&str> = whole.split(mark).collect();
    let (first, rest) = groups.split_first()?;
    if !rest.is_empty() && (first.len() > 3 || rest.iter().any(|group| group.len() != 3)) {
        return None;
    }
    let whole: i64 = groups.concat().parse().ok().filter(|n| *n < LIMIT)?;
    let part: i64 = part.parse::<i64>().ok()? * if part.len() == 1 { 10 } else { 1 };
    Some(whole * 100 + part)
}

fn longest_first<T>(forms: BTreeMap<String, T>) -> Vec<(Vec<char>, T)> {
    let mut forms: Vec<_> =
        forms.into_iter().map(|(form, value)| (form.chars().collect::<Vec<char>>(), value)).collect();
    forms.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
    forms
}

/// Larger numbers are no amounts that anybody tells an agent; a hundred times as much still fits.
const LIMIT: i64 = 1_000_000_000_000;
/// Words of one number.
const WORDS_MAX: usize = 24;
/// Years that callers mean.
const YEARS: std::ops::Range<i64> = 1900..2200;
