//! Codes and telephone numbers, in groups that people can write down, and spelled with an alphabet on request.

use super::speech::Speech;

/// A code as it is read: `K 7 M, 4 X 2`. A seat or a gate is read as people say it: `11 A`, `B 12`.
pub(super) fn grouped(code: &str, speech: &Speech) -> String {
    let parts = parts(code);
    if let [part] = parts.as_slice()
        && let Some(place) = place(part, speech)
    {
        return place;
    }
    let groups = parts.iter().flat_map(|part| groups(part));
    groups.map(|group| named(&group, speech)).collect::<Vec<_>>().join(", ")
}

/// A telephone number, in the groups it is written in, else in those that are usual where the language is spoken.
pub(super) fn phone(number: &str, speech: &Speech) -> String {
    let plus = number.trim_start().starts_with('+');
    let mut parts = parts(number);
    if let [digits] = parts.as_slice()
        && let Some(mask) = speech.phones.iter().find(|mask| fits(mask, digits, plus))
    {
        let sizes = mask.trim_start_matches('+').split_whitespace().map(|group| group.chars().count());
        parts = cut(digits, sizes);
    }
    let groups =
        parts.iter().flat_map(|part| if part.len() <= 4 { vec![part.clone()] } else { groups(part) });
    let mut groups: Vec<String> = groups.map(|group| named(&group, speech)).collect();
    if plus && let Some(first) = groups.first_mut() {
        *first = speech.phrase("say-plus", &[("group", std::mem::take(first).into())]);
    }
    groups.join(", ")
}

/// Whether a number is one of those that a mask groups: as long, with a plus or without, and with the digits that the mask names.
fn fits(mask: &str, digits: &[char], plus: bool) -> bool {
    let wanted: Vec<char> = mask.chars().filter(|c| !c.is_whitespace() && *c != '+').collect();
    plus == mask.starts_with('+')
        && wanted.len() == digits.len()
        && wanted.iter().zip(digits).all(|(wanted, digit)| *wanted == 'x' || wanted == digit)
}

/// A code with a word for each letter: `kilo, seven, mike, four, x-ray, two`.
pub(super) fn spelled(code: &str, speech: &Speech) -> String {
    let spell = |c: char| match (speech.alphabet.get(&lower(c)), c.to_digit(10)) {
        (Some(word), _) => speech
            .phrase("say-letter", &[("letter", letter(c, speech).into()), ("word", word.clone().into())]),
        (None, Some(digit)) => speech.number("spelled-digit", digit.into()),
        (None, None) => c.to_string(),
    };
    let characters = code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase);
    characters.map(spell).collect::<Vec<_>>().join(", ")
}

/// Row and letter of a seat, letter and number of a gate. With a zero in front it is a code like any other.
fn place(part: &[char], speech: &Speech) -> Option<String> {
    let digits = part.iter().filter(|c| c.is_ascii_digit()).count();
    if digits + 1 != part.len() || !(1..=3).contains(&digits) {
        return None;
    }
    let (number, letter, seat) = match (part.first()?, part.last()?) {
        (letter, last) if letter.is_alphabetic() && last.is_ascii_digit() => (&part[1..], *letter, false),
        (first, letter) if letter.is_alphabetic() && first.is_ascii_digit() => {
            (&part[..digits], *letter, true)
        }
        _ => return None,
    };
    if number[0] == '0' || (number.len() == 3 && !seat) {
        return None;
    }
    let number: i64 = number.iter().collect::<String>().parse().ok()?;
    let number = speech.number("place", number);
    let letter = character(letter, speech);
    Some(if seat { format!("{number} {letter}") } else { format!("{letter} {number}") })
}

/// What stands between hyphens, spaces and the like, in capitals.
fn parts(code: &str) -> Vec<Vec<char>> {
    code.split(|c: char| !c.is_alphanumeric())
        .map(|part| part.chars().flat_map(char::to_uppercase).collect::<Vec<char>>())
        .filter(|part| !part.is_empty())
        .collect()
}

/// Two or three characters each, never a single one at the end. `CW318` is cut between letters and digits, for it is two things.
fn groups(part: &[char]) -> Vec<Vec<char>> {
    let letters = part.iter().take_while(|c| c.is_alphabetic()).count();
    let (head, tail) = part.split_at(letters);
    if (2..=3).contains(&head.len()) && tail.len() >= 2 && tail.iter().all(char::is_ascii_digit) {
        let mut groups = vec![head.to_vec()];
        groups.extend(even(tail));
        return groups;
    }
    even(part)
}

fn even(part: &[char]) -> Vec<Vec<char>> {
    let (threes, twos) = match part.len() {
        0..=3 => return vec![part.to_vec()],
        length if length % 3 == 1 => ((length - 4) / 3, 2),
        length => (length / 3, usize::from(length % 3 == 2)),
    };
    cut(part, std::iter::repeat_n(3, threes).chain(std::iter::repeat_n(2, twos)))
}

fn cut(part: &[char], sizes: impl Iterator<Item = usize>) -> Vec<Vec<char>> {
    let mut rest = part;
    let mut groups = Vec::new();
    for size in sizes {
        let (group, others) = rest.split_at(size.min(rest.len()));
        groups.push(group.to_vec());
        rest = others;
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn named(group: &[char], speech: &Speech) -> String {
    group.iter().map(|c| character(*c, speech)).collect::<Vec<_>>().join(" ")
}

fn character(c: char, speech: &Speech) -> String {
    c.to_digit(10).map_or_else(|| letter(c, speech), |digit| speech.number("digit", digit.into()))
}

/// A letter as a voice reads it.
fn letter(c: char, speech: &Speech) -> String {
    speech.letters.get(&lower(c)).cloned().unwrap_or_else(|| c.to_string())
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}
