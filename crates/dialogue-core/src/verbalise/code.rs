//! Codes and telephone numbers, in groups that people can write down, and spelled with an alphabet on request.

use callwright_model::Language;

use super::{cardinal, es, ko};

/// A code as it is read: `K 7 M, 4 X 2`. A seat or a gate is read as people say it: `11 A`, `B 12`.
pub(super) fn grouped(code: &str, language: Language) -> String {
    let parts = parts(code);
    if let [part] = parts.as_slice()
        && let Some(place) = place(part, language)
    {
        return place;
    }
    let groups = parts.iter().flat_map(|part| groups(part));
    groups.map(|group| named(&group, language)).collect::<Vec<_>>().join(", ")
}

/// A telephone number, in the groups it is written in, else in those that are usual where the language is spoken.
pub(super) fn phone(number: &str, language: Language) -> String {
    let plus = number.trim_start().starts_with('+');
    let mut parts = parts(number);
    if let [digits] = parts.as_slice() {
        let sizes: &[usize] = match (language, plus, digits.len()) {
            (Language::KO, false, 11) => &[3, 4, 4],
            (Language::KO, false, 10) => &[3, 3, 4],
            (Language::ES, false, 9) => &[3, 3, 3],
            (_, false, 10) => &[3, 3, 4],
            (_, _, 11) if digits[0] == '1' => &[1, 3, 3, 4],
            _ => &[],
        };
        if !sizes.is_empty() {
            parts = cut(digits, sizes.iter().copied());
        }
    }
    let groups =
        parts.iter().flat_map(|part| if part.len() <= 4 { vec![part.clone()] } else { groups(part) });
    let mut groups: Vec<String> = groups.map(|group| named(&group, language)).collect();
    if plus && let Some(first) = groups.first_mut() {
        let word = match language {
            Language::ES => "más",
            Language::KO => "플러스",
            _ => "plus",
        };
        *first = format!("{word} {first}");
    }
    groups.join(", ")
}

/// A code with a word for each letter: `kilo, seven, mike, four, x-ray, two`.
pub(super) fn spelled(code: &str, language: Language) -> String {
    let spell = |c: char| match (letter(c), language) {
        (Some(at), Language::ES) => format!("{} de {}", es::letter(c), es::ALPHABET[at]),
        // "Kilo 할 때 케이": the way Koreans tell letters apart on the telephone.
        (Some(at), Language::KO) => format!("{} 할 때 {}", ko::ALPHABET[at], ko::letter(c)),
        (Some(at), _) => ALPHABET[at].to_owned(),
        (None, _) => c.to_digit(10).map_or_else(|| c.to_string(), |digit| digit_word(digit, language)),
    };
    code.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .map(spell)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Row and letter of a seat, letter and number of a gate. With a zero in front it is a code like any other.
fn place(part: &[char], language: Language) -> Option<String> {
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
    let number = match language {
        Language::ES | Language::KO => cardinal(number, language),
        // The English voice reads figures, and a screen shows them.
        _ => number.to_string(),
    };
    let letter = character(letter, language);
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

fn named(group: &[char], language: Language) -> String {
    group.iter().map(|c| character(*c, language)).collect::<Vec<_>>().join(" ")
}

fn character(c: char, language: Language) -> String {
    match language {
        Language::ES => c.to_digit(10).map_or_else(|| es::letter(c), |digit| digit_word(digit, language)),
        Language::KO => c.to_digit(10).map_or_else(|| ko::letter(c), |digit| digit_word(digit, language)),
        _ => c.to_string(),
    }
}

fn digit_word(digit: u32, language: Language) -> String {
    match (digit, language) {
        // A zero among digits is "gong".
        (0, Language::KO) => "공".to_owned(),
        _ => cardinal(i64::from(digit), language),
    }
}

/// The place of a letter in the alphabet.
fn letter(c: char) -> Option<usize> {
    c.is_ascii_uppercase().then(|| c as usize - 'A' as usize)
}

/// The spelling alphabet of aviation, in the spelling that a voice reads right.
const ALPHABET: [&str; 26] = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo",
    "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor",
    "whiskey", "x-ray", "yankee", "zulu",
];
