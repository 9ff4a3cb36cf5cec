//! Which words of an utterance nobody may keep though nobody asked for them: the number of a card, and a PIN or the like that is named
//! as one. Digits count however they are said or written, in any language that there are tables for: callers mix them, and what is
//! left out once too often does less harm than what is kept.

use std::ops::Range;

use crate::lexicon::{self, Lexicon, Number, fold};

/// Whether there are such words.
#[must_use]
pub fn is_sensitive(words: &str) -> bool {
    !spans(words).is_empty()
}

/// The text with what `instead` makes of each number among these words, of which it is told how many digits it has.
#[must_use]
pub fn without_sensitive(words: &str, mut instead: impl FnMut(usize) -> String) -> String {
    let spans = spans(words);
    if spans.is_empty() {
        return words.to_owned();
    }
    let kept = words.split_whitespace().enumerate().map(|(at, word)| {
        let digits = if spans.iter().any(|span| span.contains(&at)) { digits(word) } else { 0 };
        if digits == 0 { word.to_owned() } else { instead(digits) }
    });
    kept.collect::<Vec<_>>().join(" ")
}

/// Runs of words, by their numbers.
fn spans(words: &str) -> Vec<Range<usize>> {
    let tokens: Vec<Token> = words.split_whitespace().map(Token::of).collect();
    let mut spans = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some((end, digits)) = run(&tokens[at..]) else {
            at += 1;
            continue;
        };
        let end = at + end;
        let named = tokens[at.saturating_sub(NAME_BEFORE)..at].contains(&Token::Name)
            || tokens[end..].iter().take(NAME_AFTER).any(|token| *token == Token::Name);
        if digits >= CARD_DIGITS || (named && digits >= PIN_DIGITS) {
            spans.push(at..end);
        }
        at = end;
    }
    spans
}

/// What a word is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// So many digits.
    Digits(usize),
    /// What a PIN is called.
    Name,
    /// Said between digits without parting them.
    Filler,
    Other,
}

impl Token {
    fn of(word: &str) -> Self {
        let folded = fold(word);
        match digits(word) {
            0 if tables().any(|table| table.names_secret(&folded)) => Self::Name,
            0 if folded.is_empty() || tables().any(|table| table.fillers.contains(&folded)) => Self::Filler,
            0 => Self::Other,
            digits => Self::Digits(digits),
        }
    }
}

/// A run of digits that begins with the first word: where it ends, and how many there are.
fn run(tokens: &[Token]) -> Option<(usize, usize)> {
    let (mut digits, mut end) = (0, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Digits(more) => (digits, end) = (digits + more, at + 1),
            Token::Filler if digits > 0 && at - end < FILLERS => {}
            Token::Filler | Token::Name | Token::Other => break,
        }
    }
    (digits > 0).then_some((end, digits))
}

/// How many digits a word stands for; none when it is no number.
fn digits(word: &str) -> usize {
    let folded = fold(word);
    folded.split(' ').map(piece).try_fold(0, |sum, digits| Some(sum + digits?)).unwrap_or(0)
}

fn piece(text: &str) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.len());
    }
    let said = tables().find_map(|table| table.numbers.get(text).map(|number| digits_of(*number)));
    said.or_else(|| tables().find_map(|table| together(text, table)))
}

/// Numbers said one by one are written together in some languages.
fn together(text: &str, table: &Lexicon) -> Option<usize> {
    if text.is_ascii() {
        return None;
    }
    let text = table.particles.iter().find_map(|ending| text.strip_suffix(ending.as_str())).unwrap_or(text);
    text.chars()
        .map(|one| table.numbers.get(one.to_string().as_str()).map(|number| digits_of(*number)))
        .try_fold(0, |sum, digits| Some(sum + digits?))
        .filter(|digits| *digits > 1)
}

const fn digits_of(number: Number) -> usize {
    match number {
        Number::Unit(_) => 1,
        Number::Teen(_) => 2,
        // The unit after it takes the place of its zero.
        Number::Tens(_) => 1,
        Number::Hundreds(_) | Number::Times(_) => 1,
    }
}

fn tables() -> impl Iterator<Item = &'static Lexicon> {
    lexicon::languages().into_iter().filter_map(lexicon::of)
}

/// Cards have 13 to 19; a recogniser may lose one.
const CARD_DIGITS: usize = 12;
/// The shortest secrets, on the back of cards, have three.
const PIN_DIGITS: usize = 3;
/// "My PIN, if you need that too, is 4821".
const NAME_BEFORE: usize = 8;
/// "4821 is my PIN".
const NAME_AFTER: usize = 4;
/// "Four, um, and then eight".
const FILLERS: usize = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cards_and_named_secrets_are_found_however_they_are_said() {
        for (said, kept) in [
            ("my card is 4111 1111 1111 1111 thanks", "my card is #4 #4 #4 #4 thanks"),
            ("4111-1111-1111-1111", "#16"),
            (
                "it is four one one one, um, one two three four and then five six seven eight nine",
                "it is #1 #1 #1 #1 um, #1 #1 #1 #1 and then #1 #1 #1 #1 #1",
            ),
            ("my booking is K7M4X2 and my pin is 4821", "my booking is K7M4X2 and my pin is #4"),
            ("four eight two one is my PIN", "#1 #1 #1 #1 is my PIN"),
            ("the PIN is forty eight twenty one", "the PIN is #1 #1 #1 #1"),
            ("mi clave es cuatro ocho dos uno", "mi clave es #1 #1 #1 #1"),
            ("mi contraseña es 4821", "mi contraseña es #4"),
            ("비밀번호는 사팔이일 입니다", "비밀번호는 #4 입니다"),
            ("security code 123", "security code #3"),
        ] {
            assert_eq!(without_sensitive(said, |digits| format!("#{digits}")), kept);
            assert!(is_sensitive(said), "{said}");
        }
    }

    #[test]
    fn what_is_none_is_kept() {
        for said in [
            "my flight BA 1234 on the twenty first was cancelled",
            "call me on 0171 555 0100",
            "I was born on 4 May 1981",
            "",
            "I forgot my PIN",
            "two tickets for one of four",
        ] {
            assert_eq!(without_sensitive(said, |_| "#".to_owned()), said);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_read_and_what_is_left_is_not_sensitive(said in "[a-z0-9 ,.-]{0,80}|\\PC{0,40}") {
            let left = without_sensitive(&said, |_| "\u{2022}".to_owned());
            prop_assert!(!is_sensitive(&left), "{left}");
        }
    }
}
