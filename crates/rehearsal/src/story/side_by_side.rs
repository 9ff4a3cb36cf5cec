//! Expected and real beside each other, with the first difference marked.

use std::fmt;

use super::play::Played;
use super::{Sentence, Story};

/// One line of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    wanted: String,
    real: String,
    same: bool,
}

impl Row {
    /// The same when both are equal.
    pub(super) fn new(wanted: String, real: String) -> Self {
        let same = wanted == real;
        Self { wanted, real, same }
    }

    pub(super) const fn same(wanted: String, real: String) -> Self {
        Self { wanted, real, same: true }
    }

    pub(super) const fn differs(wanted: String, real: String) -> Self {
        Self { wanted, real, same: false }
    }

    /// What both have in common.
    pub(super) const fn head(place: String, deed: String) -> Self {
        Self { wanted: place, real: deed, same: true }
    }
}

impl Played {
    /// Whether all of it is as expected.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.rows.iter().all(|row| row.same)
    }

    /// Expected on the left and real on the right; the first difference is marked with `>>`, others with `>`.
    #[must_use]
    pub fn side_by_side(&self, story: &Story) -> String {
        let mut text = format!("{}: {}\n", story.file, story.name);
        let first = self.rows.iter().position(|row| !row.same);
        for (number, row) in self.rows.iter().enumerate() {
            let mark = match (row.same, first) {
                (true, _) => "  ",
                (false, Some(first)) if first == number => ">>",
                (false, _) => "> ",
            };
            let (mut left, mut right) = (lines(&row.wanted), lines(&row.real));
            let length = left.len().max(right.len());
            left.resize(length, String::new());
            right.resize(length, String::new());
            for (left, right) in left.iter().zip(&right) {
                let space = " ".repeat(COLUMN.saturating_sub(width(left)));
                text.push_str(format!("{mark} {left}{space} | {right}").trim_end());
                text.push('\n');
            }
        }
        text
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key, words) if words.is_empty() => write!(f, "{key}"),
            Self::Key(key, words) => write!(f, "{key}: {}", words.join(", ")),
            Self::Words(words) => write!(f, "words: {}", words.join(", ")),
            Self::Any => write!(f, "..."),
        }
    }
}

/// Broken at spaces to the width of a column.
fn lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is one from the start");
        if !last.is_empty() && width(last) + 1 + width(word) > COLUMN {
            lines.push(word.to_owned());
            continue;
        }
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(word);
    }
    lines
}

/// Places on a terminal: a letter of Korean takes two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|letter| if matches!(letter, '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}') { 2 } else { 1 })
        .sum()
}

/// Two of them and what is between fit on a wide terminal.
const COLUMN: usize = 60;
