//! How a language says dates, times and amounts: patterns out of its words file, and what is found by them.
//!
//! A rule is a line `kind = part part part`. A part is a word (`_` stands for a space in it), words with `|` between, or
//! `{class}`; behind each, `?` lets it be absent. A class is a table of the same file (`month`, `weekday`, ...) or a number: see
//! [`Class`]. `{name:class}` gives what was found another name.

use std::collections::BTreeMap;
use std::ops::Range;

use super::heard::Heard;
use super::number::Numerals;

mod read;

/// The patterns of a language.
#[derive(Debug, Default)]
pub(crate) struct Grammar {
    /// Words run into each other and carry endings.
    pub(super) joined: bool,
    pub(super) numerals: Numerals,
    tables: BTreeMap<String, Table>,
    rules: BTreeMap<String, Vec<Rule>>,
    /// What may hang on a word.
    after: Vec<String>,
    /// What may stand around a value that is told by a number alone.
    around: Vec<Vec<char>>,
    /// "No, I mean": what follows takes the place of what was said before.
    correct: Vec<Vec<char>>,
    /// What stands between the parts of one amount: "and".
    joiners: Vec<Vec<char>>,
    /// "Not" before, and what means the same after.
    not_before: Vec<Vec<char>>,
    not_after: Vec<Vec<char>>,
}

/// Forms, each with what it stands for; the longest first.
type Table = Vec<(Vec<char>, Meaning)>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    Number(i64),
    Word(String),
}

#[derive(Debug)]
struct Rule {
    kind: String,
    /// "November 3rd, 2027" is one date; "thirty dollars, forty" are two amounts.
    over_pauses: bool,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    of: Of,
    optional: bool,
}

#[derive(Debug)]
enum Of {
    Forms(Vec<Vec<char>>),
    Class { name: String, class: Class },
}

/// What may stand in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Class {
    /// A whole number, in figures or words.
    Number,
    /// The same, or what is said instead of it before what is counted: "a", "an", "한".
    Count,
    /// A place in an order: "third", "23rd".
    Nth,
    /// Either of these.
    Day,
    /// A year: four figures, or as years are said: "nineteen eighty four".
    Year,
    /// Minutes after an hour: two figures, or "oh five".
    Minute,
    /// A number in hundredths: "12.50", "2,5".
    Decimal,
    Table(String),
}

/// Something found by a rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Captures<'g>(Vec<(&'g str, Got<'g>)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Got<'g> {
    Number(i64),
    Word(&'g str),
}

impl Captures<'_> {
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.0.iter().find_map(|(of, got)| match got {
            Got::Number(number) if *of == name => Some(*number),
            Got::Number(_) | Got::Word(_) => None,
        })
    }

    pub(super) fn word(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(of, got)| match got {
            Got::Word(word) if *of == name => Some(*word),
            Got::Number(_) | Got::Word(_) => None,
        })
    }
}

/// A value and the characters that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span<T> {
    pub(super) range: Range<usize>,
    pub(super) value: T,
}

impl Grammar {
    pub(super) fn heard(&self, words: &str) -> Heard {
        Heard::new(words, self.joined)
    }

    /// All that `read` makes sense of among what the rules of this name fit, from left to right, the longest first.
    pub(super) fn scan<'g, T>(
        &'g self,
        rules: &str,
        heard: &Heard,
        read: impl Fn(&str, &Captures<'g>) -> Option<T>,
    ) -> Vec<Span<T>> {
        let rules = self.rules.get(rules).map(Vec::as_slice).unwrap_or_default();
        let mut found = Vec::new();
        let mut at = 0;
        while at < heard.len() {
            match self.longest(rules, heard, at, &read) {
                Some((end, value)) => {
                    found.push(Span { range: at..end, value });
                    at = end;
                }
                None => at += 1,
            }
        }
        found
    }

    /// Where forms stand as whole words, the longest at each place.
    pub(super) fn scan_forms<'f, T: Copy>(
        &self,
        heard: &Heard,
        forms: impl Iterator<Item = (&'f String, T)> + Clone,
    ) -> Vec<Span<T>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < heard.len() {
            let fitting = forms.clone().filter_map(|(form, value)| {
                let form: Vec<char> = form.chars().collect();
                Some((heard.form(at, &form).filter(|end| self.may_end(heard, *end))?, value))
            });
            let begins = heard.char(at) != Some(' ') && heard.is_border(at);
            match fitting.filter(|_| begins).max_by_key(|(end, _)| *end) {
                Some((end, value)) => {
                    found.push(Span { range: at..end, value });
                    at = end;
                }
                None => at += 1,
            }
        }
        found
    }

    fn longest<'g, T>(
        &'g self,
        rules: &'g [Rule],
        heard: &Heard,
        at: usize,
        read: &impl Fn(&str, &Captures<'g>) -> Option<T>,
    ) -> Option<(usize, T)> {
        let inside = at.checked_sub(1).and_then(|at| heard.char(at)).is_some_and(|c| MARKS.contains(&c));
        if heard.char(at) == Some(' ') || inside || !heard.is_border(at) {
            return None;
        }
        let mut best: Option<(usize, T)> = None;
        for rule in rules {
            let mut ends = Vec::new();
            self.follow(&rule.parts, rule.over_pauses, heard, at, &mut Captures::default(), &mut ends);
            for (end, captures) in ends {
                if best.as_ref().is_none_or(|(so_far, _)| end > *so_far)
                    && self.may_end(heard, end)
                    && let Some(value) = read(&rule.kind, &captures)
                {
                    best = Some((end, value));
                }
            }
        }
        best
    }

    /// Every way in which the parts fit the words from here on.
    fn follow<'g>(
        &'g self,
        parts: &'g [Part],
        over_pauses: bool,
        heard: &Heard,
        at: usize,
        captures: &mut Captures<'g>,
        ends: &mut Vec<(usize, Captures<'g>)>,
    ) {
        let Some((part, rest)) = parts.split_first() else {
            ends.push((at, captures.clone()));
            return;
        };
        let from = heard.skip_space(at);
        let parted = !over_pauses && at > 0 && heard.pauses(at - 1..from);
        match &part.of {
            Of::Forms(_) | Of::Class { .. } if parted => {}
            Of::Forms(forms) => {
                for end in forms.iter().filter_map(|form| heard.form(from, form)) {
                    if heard.joined() || heard.is_border(end) {
                        self.follow(rest, over_pauses, heard, end, captures, ends);
                    }
                }
            }
            Of::Class { name, class } => {
                for (end, got) in self.class(class, heard, from) {
                    if heard.joined() || heard.is_border(end) {
                        captures.0.push((name, got));
                        self.follow(rest, over_pauses, heard, end, captures, ends);
                        captures.0.pop();
                    }
                }
            }
        }
        if part.optional {
            self.follow(rest, over_pauses, heard, at, captures, ends);
        }
    }

    fn class<'g>(&'g self, class: &'g Class, heard: &Heard, at: usize) -> Vec<(usize, Got<'g>)> {
        let numerals = &self.numerals;
        let numbers = match class {
            Class::Number => numerals.cardinals(heard, at, false),
            Class::Count => numerals.cardinals(heard, at, true),
            Class::Nth => numerals.ordinals(heard, at),
            Class::Day => {
                let mut days = numerals.ordinals(heard, at);
                days.extend(numerals.cardinals(heard, at, false));
                days
            }
            Class::Year => numerals.years(heard, at),
            Class::Minute => numerals.minutes(heard, at),
            Class::Decimal => numerals.decimals(heard, at),
            Class::Table(table) => {
                let forms = self.tables.get(table).map(Vec::as_slice).unwrap_or_default();
                let fitting = forms.iter().filter_map(|(form, meaning)| {
                    let got = match meaning {
                        Meaning::Number(number) => Got::Number(*number),
                        Meaning::Word(word) => Got::Word(word),
                    };
                    Some((heard.form(at, form)?, got))
                });
                return fitting.collect();
            }
        };
        numbers.into_iter().map(|(end, number)| (end, Got::Number(number))).collect()
    }

    /// At the end of a word; where endings hang on words, before one of them too.
    fn may_end(&self, heard: &Heard, end: usize) -> bool {
        if heard.is_border(end) {
            // "3.5" does not end with its 3.
            return !heard.char(end).is_some_and(|c| MARKS.contains(&c));
        }
        let rest: Vec<char> =
            (end..heard.len()).map_while(|at| heard.char(at).filter(|c| *c != ' ')).collect();
        let rest: String = rest.into_iter().collect();
        self.joined && self.after.contains(&rest)
    }

    /// The value that is left when what was taken back is: the only one, or the last after "no, I mean". With it, how many were given up.
    pub(super) fn settle<T: PartialEq + Clone>(
        &self,
        heard: &Heard,
        spans: &[Span<T>],
    ) -> Option<(Span<T>, usize)> {
        let kept: Vec<&Span<T>> = spans.iter().filter(|span| !self.is_denied(heard, &span.range)).collect();
        let last = *kept.last()?;
        let given_up = spans.len() - 1;
        if kept.iter().all(|span| span.value == last.value) {
            return Some((last.clone(), spans.iter().filter(|span| span.value != last.value).count()));
        }
        let before = kept[kept.len() - 2];
        let between = heard.text(before.range.end..last.range.start);
        let corrected = self.correct.iter().any(|form| holds(&between, form, self.joined));
        corrected.then(|| (last.clone(), given_up))
    }

    /// Whether there is nothing of meaning beside these characters.
    pub(super) fn is_alone(&self, heard: &Heard, range: &Range<usize>) -> bool {
        let plain = |from: usize, to: usize| {
            let mut at = heard.skip_space(from);
            while at < to {
                let longest = self
                    .around
                    .iter()
                    .filter_map(|form| heard.form(at, form))
                    .filter(|end| *end <= to && self.may_end(heard, *end));
                let Some(end) = longest.max() else { return false };
                at = heard.skip_space(end);
            }
            true
        };
        let end = (range.end..heard.len()).find(|at| heard.is_border(*at)).unwrap_or(heard.len());
        plain(0, range.start) && plain(end, heard.len())
    }

    /// Whether nothing stands between two characters, or only what joins amounts: "and".
    pub(super) fn joins(&self, heard: &Heard, from: usize, to: usize) -> bool {
        let between = heard.text(from..to);
        let between: Vec<char> = between.trim().chars().collect();
        between.is_empty() || self.joiners.contains(&between)
    }

    /// "Not Thursday", "목요일 말고".
    fn is_denied(&self, heard: &Heard, range: &Range<usize>) -> bool {
        // "Thursday no, Friday" denies the one, "Thursday, no Friday" the other.
        let ends = |form: &Vec<char>| {
            let end = range.start.saturating_sub(usize::from(range.start > 0));
            let start = end.checked_sub(form.len()).filter(|start| heard.is_border(*start));
            start.is_some_and(|start| {
                heard.form(start, form) == Some(end) && !heard.pauses(start..range.start)
            })
        };
        let follows = |form: &Vec<char>| {
            heard
                .form(heard.skip_space(range.end), form)
                .is_some_and(|end| heard.joined() || heard.is_border(end))
        };
        self.not_before.iter().any(ends) || self.not_after.iter().any(follows)
    }
}

/// What joins figures to one number, time or date.
const MARKS: [char; 5] = ['.', ',', ':', '/', '-'];

/// Whether a form stands in a text as whole words.
fn holds(text: &str, form: &[char], joined: bool) -> bool {
    let form: String = form.iter().collect();
    if joined {
        return text.replace(' ', "").contains(&form.replace(' ', ""));
    }
    let text: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    format!(" {} ", text.join(" ")).contains(&format!(" {form} "))
}
