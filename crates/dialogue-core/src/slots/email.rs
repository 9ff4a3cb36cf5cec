//! E-mail addresses, written by the recogniser or told word by word: "mara dot rivers at example dot com".

use callwright_model::{Language, Value};

use super::spell::{self, Letter};
use super::taken::{PLAIN, Taken};
use crate::lexicon::{self, Lexicon, Number, fold};

/// The address in the words, in small letters.
#[must_use]
pub fn email(words: &str, language: Language) -> Option<Taken> {
    let lexicon = lexicon::of_or_english(language);
    let said: Vec<&str> = words.split_whitespace().take(WORDS_MAX).collect();
    if let Some((at, address)) =
        said.iter().enumerate().find_map(|(at, word)| Some((at, written(word, lexicon)?)))
    {
        return Some(Taken { value: Value::Text(address), heard: at..at + 1, sure: PLAIN, language });
    }
    let pieces = pieces(&said, lexicon);
    let mut signs = pieces.iter().enumerate().filter(|(_, piece)| piece.text == "@");
    let (sign, _) = signs.next()?;
    if signs.next().is_some() {
        return None;
    }
    let before = &pieces[..sign];
    let start = before.iter().rposition(|piece| piece.lead).map_or(0, |lead| lead + 1);
    let local: String = before[start..].iter().map(|piece| piece.text.as_str()).collect();
    let (domain, used) = domain(&pieces[sign + 1..])?;
    let address = format!("{local}@{domain}");
    if !is_address(&address) {
        return None;
    }
    let first = pieces.get(start)?.from;
    let last = pieces.get(sign + used)?;
    Some(Taken { value: Value::Text(address), heard: first..last.to, sure: PLAIN, language })
}

/// Part of an address, and the words it was said in.
struct Piece {
    text: String,
    from: usize,
    to: usize,
    /// It belongs to what comes before an address: "my e-mail is".
    lead: bool,
}

fn pieces(said: &[&str], lexicon: &Lexicon) -> Vec<Piece> {
    let tokens: Vec<String> = said.iter().map(|word| token(word)).collect();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    let mut repeat = 1;
    while at < tokens.len() {
        let rest = &tokens[at..];
        if let Some((sign, used)) = longest(rest, |form| lexicon.email.get(form).map(String::as_str)) {
            pieces.push(Piece { text: sign.to_owned(), from: at, to: at + used, lead: false });
            at += used;
            continue;
        }
        let skipped = longest(rest, |form| {
            (lexicon.email_skip.contains(form) || lexicon.hesitations.contains(form)).then_some("")
        });
        if let Some((_, used)) = skipped {
            at += used;
            continue;
        }
        if let Some(times) = lexicon.repeat.get(&tokens[at]).filter(|_| rest.len() > 1) {
            (repeat, at) = (*times, at + 1);
            continue;
        }
        let (text, used) = text(rest, lexicon, spells(&tokens, at, lexicon));
        let lead = lexicon.email_lead.contains(&tokens[at]) && used == 1;
        let text = text.repeat(std::mem::replace(&mut repeat, 1));
        pieces.push(Piece { text, from: at, to: at + used, lead });
        at += used;
    }
    pieces
}

/// A word as it is compared; parts of an address that are written already stay as they are.
fn token(word: &str) -> String {
    if word == "@" {
        return word.to_owned();
    }
    let lower = word.to_lowercase();
    let kept = lower.trim_matches(|c: char| !c.is_alphanumeric() && c != '@');
    let written = kept.is_ascii() && kept.contains(['.', '_', '@']) && !kept.contains('\'');
    if written { kept.to_owned() } else { fold(word) }
}

/// Whether letters are being spelled here: this word and one beside it are letters.
fn spells(tokens: &[String], at: usize, lexicon: &Lexicon) -> bool {
    let letter = |at: usize| tokens.get(at..).and_then(|rest| spell::letter(rest, lexicon)).is_some();
    let single = |at: usize| tokens.get(at).is_some_and(|token| token.chars().count() == 1);
    let before = at.checked_sub(1).is_some_and(|before| letter(before) && single(before));
    // The name of a letter in another script is nothing else in an address.
    let foreign = tokens.get(at).is_some_and(|token| !token.is_ascii());
    letter(at) && (before || foreign || single(at) || (letter(at + 1) && single(at + 1)))
}

fn text(rest: &[String], lexicon: &Lexicon, spelled: bool) -> (String, usize) {
    if spelled && let Some(Letter { letter, used, .. }) = spell::letter(rest, lexicon) {
        return (letter.to_string(), used);
    }
    let text = match lexicon.numbers.get(&rest[0]) {
        Some(Number::Unit(n) | Number::Teen(n) | Number::Tens(n)) => n.to_string(),
        Some(Number::Hundreds(_) | Number::Times(_)) | None => lexicon
            .maybe_digits
            .get(&rest[0])
            .filter(|_| rest[0].len() == 1)
            .map_or_else(|| rest[0].clone(), char::to_string),
    };
    (text, 1)
}

/// Segments with dots between; the last is one word, or single letters. Also how many pieces that took.
fn domain(pieces: &[Piece]) -> Option<(String, usize)> {
    let mut last_dot = None;
    for (at, piece) in pieces.iter().enumerate() {
        if piece.text == "." || piece.text.starts_with('.') {
            last_dot = Some(at);
        }
    }
    let whole = |to: usize| pieces[..to].iter().map(|piece| piece.text.as_str()).collect::<String>();
    let Some(dot) = last_dot else {
        // "Gmail.com" in one word, or a name that stands for it.
        let first = pieces.first().filter(|piece| piece.text.contains('.'))?;
        return Some((first.text.clone(), 1));
    };
    if pieces[dot].text.len() > 1 {
        return Some((whole(dot + 1), dot + 1));
    }
    let letters = pieces[dot + 1..].iter().take_while(|piece| piece.text.chars().count() == 1).count();
    let to = dot + 1 + letters.max(1);
    (to <= pieces.len()).then(|| (whole(to), to))
}

/// An address that the recogniser has written as one, without what hangs on it.
fn written(word: &str, lexicon: &Lexicon) -> Option<String> {
    let word = word.to_lowercase();
    let kept = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    is_address(kept).then(|| kept.to_owned()).filter(|_| !lexicon.email.is_empty())
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
    let ends = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    let labels: Vec<&str> = domain.split('.').collect();
    (1..=64).contains(&local.len())
        && domain.len() <= 190
        && local.chars().all(plain)
        && ends(local)
        && !local.contains("..")
        && labels.len() >= 2
        && labels
            .iter()
            .all(|label| ends(label) && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        && labels.last().is_some_and(|last| last.len() >= 2 && last.chars().all(|c| c.is_ascii_alphabetic()))
}

fn longest<'l>(tokens: &[String], known: impl Fn(&str) -> Option<&'l str>) -> Option<(&'l str, usize)> {
    (1..=tokens.len().min(3)).rev().find_map(|length| Some((known(&tokens[..length].join(" "))?, length)))
}

/// Longer ones are stories.
const WORDS_MAX: usize = 60;
