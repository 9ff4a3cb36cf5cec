//! From written text to spoken words, as far as a language model needs it.

/// Lower-case words of a text: letters with inner apostrophes and hyphens. A hyphenated word stays whole only where `known`.
pub(super) fn split(text: &str, known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut words = Vec::new();
    let lower = text.to_lowercase().replace('\u{2019}', "'");
    for piece in lower.split(|c: char| !(c.is_alphabetic() || c == '\'' || c == '-')) {
        let piece = piece.trim_matches(['\'', '-']);
        if piece.is_empty() || piece.len() > WORD_BYTES_MAX {
            continue;
        }
        if piece.contains('-') && !known(piece) {
            words.extend(piece.split('-').filter(|part| !part.is_empty()).map(str::to_owned));
        } else {
            words.push(piece.to_owned());
        }
    }
    words
}

/// The text with its figures written out, in the ways people say them: digit by digit and as numbers. The text itself when there
/// are none. A slot in braces is dropped.
pub(super) fn number_readings(text: &str) -> Vec<String> {
    let text = without_slots(text);
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return vec![text];
    }
    let digit_by_digit = rewrite(&text, spell);
    let as_numbers = rewrite(&text, say);
    if digit_by_digit == as_numbers { vec![as_numbers] } else { vec![as_numbers, digit_by_digit] }
}

fn without_slots(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

fn rewrite(text: &str, mut digits: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        out.push(' ');
        out.push_str(&digits(&rest[..end]));
        out.push(' ');
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn spell(digits: &str) -> String {
    let words: Vec<&str> = digits.bytes().map(|digit| ONES[usize::from(digit - b'0')]).collect();
    words.join(" ")
}

/// A number as in times and flights: up to two digits as a number (`00` is "o'clock"), longer ones in pairs.
fn say(digits: &str) -> String {
    match digits.as_bytes() {
        [b'0', b'0'] => "o'clock".to_owned(),
        [b'0', digit] => format!("oh {}", ONES[usize::from(digit - b'0')]),
        [digit] => ONES[usize::from(digit - b'0')].to_owned(),
        [tens, ones] => {
            let (tens, ones) = (usize::from(tens - b'0'), usize::from(ones - b'0'));
            match (tens, ones) {
                (1, ones) => TEENS[ones].to_owned(),
                (tens, 0) => TENS[tens].to_owned(),
                (tens, ones) => format!("{} {}", TENS[tens], ONES[ones]),
            }
        }
        [_, rest @ ..] if rest.len() == 2 => format!("{} {}", spell(&digits[..1]), say(&digits[1..])),
        [_, _, _, _] => format!("{} {}", say(&digits[..2]), say(&digits[2..])),
        _ => spell(digits),
    }
}

/// Longer "words" are no words.
const WORD_BYTES_MAX: usize = 40;
const ONES: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: [&str; 10] = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
