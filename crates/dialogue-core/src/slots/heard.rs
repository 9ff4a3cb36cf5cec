//! Words as patterns are held against them: single characters in their folded form, each with the word it came from.

use std::ops::Range;

use crate::lexicon::plain;

/// What was heard, ready to be searched.
#[derive(Debug)]
pub(super) struct Heard {
    chars: Vec<char>,
    /// The number of the word, by white space, that each character is of.
    words: Vec<usize>,
    /// Where the recogniser has written a pause.
    pauses: Vec<usize>,
    /// Words run into each other and carry endings.
    joined: bool,
}

impl Heard {
    /// Letters lose case and accents; of other characters those stay that belong to figures and addresses. More than
    /// [`WORDS_MAX`] words are a story: the rest is left out.
    pub(super) fn new(text: &str, joined: bool) -> Self {
        let mut heard = Self { chars: Vec::new(), words: Vec::new(), pauses: Vec::new(), joined };
        for (number, word) in text.split_whitespace().take(WORDS_MAX).enumerate() {
            heard.space(number);
            let chars: Vec<char> = word.to_lowercase().replace('ß', "ss").chars().map(plain).collect();
            for (at, &c) in chars.iter().enumerate() {
                let before = at.checked_sub(1).map(|at| chars[at]);
                let after = chars.get(at + 1).copied();
                heard.take(c, before, after, number);
            }
        }
        while heard.chars.last() == Some(&' ') {
            heard.chars.pop();
            heard.words.pop();
        }
        heard
    }

    fn take(&mut self, c: char, before: Option<char>, after: Option<char>, word: usize) {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let kept = match c {
            '\'' | '’' | '\u{300}'..='\u{36f}' => return,
            c if c.is_alphanumeric() => true,
            '.' | ',' | ':' | '/' | '-' => digit(before) && digit(after),
            '$' | '€' | '£' | '¥' | '₩' | '@' => true,
            '+' => digit(after),
            _ => false,
        };
        if kept {
            self.push(c, word);
            return;
        }
        if matches!(c, ',' | ';' | '.') {
            self.pauses.push(self.chars.len());
        }
        self.space(word);
    }

    fn space(&mut self, word: usize) {
        if self.chars.last().is_some_and(|last| *last != ' ') {
            self.push(' ', word);
        }
    }

    /// Whether there is a pause after the first character and not behind the last.
    pub(super) fn pauses(&self, range: Range<usize>) -> bool {
        self.pauses.iter().any(|at| range.start < *at && *at <= range.end)
    }

    fn push(&mut self, c: char, word: usize) {
        self.chars.push(c);
        self.words.push(word);
    }

    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    pub(super) fn joined(&self) -> bool {
        self.joined
    }

    pub(super) fn char(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    pub(super) fn text(&self, range: Range<usize>) -> String {
        self.chars.get(range).unwrap_or_default().iter().collect()
    }

    /// Which words a range of characters touches.
    pub(super) fn words(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.words.get(range.start).copied().unwrap_or(0);
        let last = range.end.checked_sub(1).and_then(|last| self.words.get(last)).copied().unwrap_or(first);
        first..last + 1
    }

    /// Whether a word may begin or end here: at white space, at a mark, and between digits and letters.
    pub(super) fn is_border(&self, at: usize) -> bool {
        let (Some(before), Some(after)) = (at.checked_sub(1).and_then(|at| self.char(at)), self.char(at))
        else {
            return true;
        };
        !before.is_alphanumeric()
            || !after.is_alphanumeric()
            || before.is_ascii_digit() != after.is_ascii_digit()
    }

    /// Where a form that begins here ends. Where words are joined, spaces count neither in the form nor in what was heard.
    pub(super) fn form(&self, at: usize, form: &[char]) -> Option<usize> {
        let mut end = at;
        for (number, wanted) in form.iter().enumerate() {
            if self.joined {
                if *wanted == ' ' {
                    continue;
                }
                if number > 0 && self.char(end) == Some(' ') {
                    end += 1;
                }
            }
            if self.char(end) != Some(*wanted) {
                return None;
            }
            end += 1;
        }
        (end > at).then_some(end)
    }

    /// After a space, if there is one here.
    pub(super) fn skip_space(&self, at: usize) -> usize {
        if self.char(at) == Some(' ') { at + 1 } else { at }
    }

    /// The figures that begin here, with the marks inside them.
    pub(super) fn figure(&self, at: usize, marks: &[char]) -> Option<(usize, String)> {
        let taken: String = self.chars[at.min(self.len())..]
            .iter()
            .take_while(|c| c.is_ascii_digit() || marks.contains(c))
            .take(FIGURES_MAX)
            .collect();
        let text = taken.trim_end_matches(|c: char| !c.is_ascii_digit());
        (text.starts_with(|c: char| c.is_ascii_digit())).then(|| (at + text.len(), text.to_owned()))
    }
}

/// Nobody answers a question in more; what is longer is about something else.
const WORDS_MAX: usize = 120;
/// The longest number that is told at once.
const FIGURES_MAX: usize = 24;
