//! Codes and numbers said aloud: letters by name or spelling alphabet, digits one by one or as numbers, "double two", what a
//! recogniser has already written together, and words in between that are none of it.

use callwright_model::Language;

use crate::lexicon::{self, Lexicon, Number, fold};

/// What was read, in order.
#[derive(Debug, Default)]
pub(super) struct Spelled {
    pieces: Vec<Piece>,
    /// Another way to read it, where endings may be part of it or not.
    other: Option<Box<Self>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Characters of the code. Unsure ones are words that mostly mean something else.
    Characters { text: String, sure: bool },
    /// Something that is not part of it.
    Gap,
}

impl Spelled {
    /// All characters, if they are exactly so many; without the unsure ones, or from the only stretch of that length, otherwise.
    pub(super) fn exactly(&self, length: u8) -> Option<String> {
        let length = usize::from(length);
        let fits = |text: &String| text.chars().count() == length;
        Some(self.all())
            .filter(fits)
            .or_else(|| Some(self.sure()).filter(fits))
            .or_else(|| self.stretch(length))
            .or_else(|| self.other.as_ref()?.exactly(u8::try_from(length).ok()?))
    }

    /// The same for an utterance that may be about something else: one stretch without a gap.
    pub(super) fn run(&self, length: u8) -> Option<String> {
        self.stretch(usize::from(length)).or_else(|| self.other.as_ref()?.run(length))
    }

    /// What fills the range best so far, to count it.
    pub(super) fn best(&self, min: u8, max: u8) -> String {
        let (all, sure) = (self.all(), self.sure());
        let count = all.chars().count();
        if (usize::from(min)..=usize::from(max)).contains(&count) || count < usize::from(min) {
            all
        } else {
            sure
        }
    }

    fn all(&self) -> String {
        self.characters(|_| true)
    }

    fn sure(&self) -> String {
        self.characters(|sure| sure)
    }

    fn characters(&self, take: impl Fn(bool) -> bool) -> String {
        self.pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Characters { text, sure } if take(*sure) => Some(text.as_str()),
                Piece::Characters { .. } | Piece::Gap => None,
            })
            .collect()
    }

    /// The one stretch between gaps that has this length, with or without unsure characters at its ends.
    fn stretch(&self, length: usize) -> Option<String> {
        let mut found: Vec<String> = Vec::new();
        for stretch in self.pieces.split(|piece| *piece == Piece::Gap) {
            let trimmed_start =
                stretch.iter().skip_while(|piece| matches!(piece, Piece::Characters { sure: false, .. }));
            let trimmed = Self { pieces: trimmed_start.cloned().collect(), other: None };
            let whole = Self { pieces: stretch.to_vec(), other: None };
            let fitting = [whole.all(), trimmed.all(), whole.sure()]
                .into_iter()
                .find(|text| text.chars().count() == length);
            // What was written together is a code by itself, whatever letter stands beside it: "W5E8R1 a".
            let together = || {
                let mut fitting = stretch.iter().filter_map(|piece| match piece {
                    Piece::Characters { text, sure: true } => Some(text),
                    Piece::Characters { sure: false, .. } | Piece::Gap => None,
                });
                fitting.find(|text| length > 1 && text.chars().count() == length).cloned()
            };
            found.extend(fitting.or_else(together));
        }
        (found.len() == 1).then(|| found.remove(0))
    }
}

/// Reads characters out of words. Without `letters` only digits count.
pub(super) fn read(words: &str, language: Language, letters: bool) -> Spelled {
    let lexicon = lexicon::of_or_english(language);
    let folded = fold(words);
    let tokens: Vec<String> =
        folded.split(' ').filter(|token| !token.is_empty()).map(str::to_owned).collect();
    if !lexicon.joined {
        return read_tokens(&tokens, lexicon, letters);
    }
    let mut spelled = read_tokens(&part_joined(&tokens, lexicon, letters, false), lexicon, letters);
    let other = read_tokens(&part_joined(&tokens, lexicon, letters, true), lexicon, letters);
    spelled.other = (other.pieces != spelled.pieces).then(|| Box::new(other));
    spelled
}

fn read_tokens(tokens: &[String], lexicon: &Lexicon, letters: bool) -> Spelled {
    let mut reader = Reader { lexicon, letters, pieces: Vec::new(), sum: Sum::default(), repeat: 1 };
    let mut at = 0;
    while at < tokens.len() {
        at += reader.take(&tokens[at..]);
    }
    reader.flush();
    Spelled { pieces: reader.pieces, other: None }
}

struct Reader<'a> {
    lexicon: &'a Lexicon,
    letters: bool,
    pieces: Vec<Piece>,
    sum: Sum,
    /// "Double": the next character counts so often.
    repeat: usize,
}

impl Reader<'_> {
    /// Reads what the tokens begin with and tells how many it used.
    fn take(&mut self, tokens: &[String]) -> usize {
        if self.letters
            && let Some((letter, used)) = longest(tokens, |phrase| self.lexicon.letters.get(phrase).copied())
        {
            let (letter, more) = as_in(self.lexicon, letter, &tokens[used..]);
            self.push(&letter.to_string(), true);
            return used + more;
        }
        let token = tokens[0].as_str();
        if let Some(&times) = self.lexicon.repeat.get(token).filter(|_| tokens.len() > 1) {
            self.flush();
            self.repeat = times;
            return 1;
        }
        if self.lexicon.number_and.iter().any(|and| and == token) && self.sum.open() {
            return 1;
        }
        if let Some(&number) = self.lexicon.numbers.get(token) {
            if self.repeat > 1 {
                self.flush();
            }
            if let Some(done) = self.sum.add(number) {
                self.push_raw(&done);
            }
            if self.repeat > 1 {
                self.flush();
            }
            return 1;
        }
        if let Some(text) = compact(token, self.letters) {
            self.push(&text, true);
            return 1;
        }
        let maybe = if self.letters { self.lexicon.maybe_letters.get(token) } else { None };
        if let Some(&letter) = maybe.or_else(|| self.lexicon.maybe_digits.get(token)) {
            let (said, more) = as_in(self.lexicon, letter, &tokens[1..]);
            // "K for kilo": nothing but a letter is explained like this.
            self.push(&said.to_string(), more > 0);
            return 1 + more;
        }
        self.flush();
        self.repeat = 1;
        if !self.lexicon.fillers.contains(token) && self.pieces.last() != Some(&Piece::Gap) {
            self.pieces.push(Piece::Gap);
        }
        1
    }

    fn push(&mut self, text: &str, sure: bool) {
        self.flush();
        let text = text.repeat(std::mem::replace(&mut self.repeat, 1));
        self.pieces.push(Piece::Characters { text, sure });
    }

    fn push_raw(&mut self, text: &str) {
        self.pieces.push(Piece::Characters { text: text.to_owned(), sure: true });
    }

    /// A number that was being said is complete.
    fn flush(&mut self) {
        if let Some(number) = self.sum.finish() {
            let text = number.repeat(std::mem::replace(&mut self.repeat, 1));
            self.push_raw(&text);
        }
    }
}

/// A letter that tokens begin with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letter {
    pub(super) letter: char,
    /// Tokens that it took, explanation and all.
    pub(super) used: usize,
    /// It is one by itself, or explained; not a word that may be a letter's.
    pub(super) sure: bool,
}

/// The letter that is said first, if one is.
pub(super) fn letter(tokens: &[String], lexicon: &Lexicon) -> Option<Letter> {
    let token = tokens.first()?;
    let mut chars = token.chars();
    let single = chars.next().filter(|c| c.is_ascii_lowercase() && chars.next().is_none());
    let known = longest(tokens, |phrase| lexicon.letters.get(phrase).copied());
    let (letter, used) = single.map(|letter| (letter, 1)).or(known)?;
    let (letter, more) = as_in(lexicon, letter, &tokens[used..]);
    Some(Letter { letter, used: used + more, sure: single.is_some() || more > 0 })
}

/// "As in kilo" after a letter: the word decides, for the letter itself is the easier to mishear.
fn as_in(lexicon: &Lexicon, letter: char, rest: &[String]) -> (char, usize) {
    for phrase in &lexicon.as_in {
        let length = phrase.split(' ').count();
        let Some(word) = rest.get(length) else { continue };
        if rest[..length].join(" ") != *phrase {
            continue;
        }
        // "As in" can be nothing else; "for" and "de" only before a word with the same letter.
        if length > 1 {
            let known = longest(&rest[length..], |phrase| lexicon.letters.get(phrase).copied());
            let first = word.chars().next().filter(char::is_ascii_alphabetic).unwrap_or(letter);
            let (said, used) = known.unwrap_or((first, 1));
            return (said, length + used);
        }
        if word.chars().count() >= 2 && word.starts_with(letter) {
            return (letter, length + 1);
        }
    }
    (letter, 0)
}

/// A number under way: "eight hundred twenty" waits for "one".
#[derive(Debug, Default)]
struct Sum {
    total: u32,
    /// A unit that may still be multiplied.
    unit: Option<u32>,
    /// What is added next must be smaller than this; 0 when nothing has begun.
    room: u32,
}

impl Sum {
    /// Adds a word. When it cannot belong to the number so far, that number comes back, complete.
    fn add(&mut self, number: Number) -> Option<String> {
        let begun = self.room > 0 || self.unit.is_some();
        let fits = match number {
            Number::Unit(0) => !begun,
            Number::Unit(_) => !begun || (self.unit.is_none() && self.room > 9),
            Number::Teen(_) | Number::Tens(_) => !begun || (self.unit.is_none() && self.room > 99),
            Number::Hundreds(_) => !begun || (self.unit.is_none() && self.room > 999),
            Number::Times(by) => !begun || self.room == 0 || self.room > by,
        };
        let done = if fits { None } else { self.finish() };
        let begun = self.room > 0;
        match number {
            Number::Unit(n) => {
                self.unit = Some(n);
            }
            Number::Teen(n) => (self.total, self.room) = (self.total + n, 1),
            Number::Tens(n) => (self.total, self.room) = (self.total + n, 10),
            Number::Hundreds(n) => (self.total, self.room) = (self.total + n, 100),
            Number::Times(by) => {
                let times = self.unit.take().unwrap_or(1);
                // "Doscientos mil", "twenty thousand": what was summed so far is multiplied too.
                self.total = if begun && self.total < by {
                    (self.total + times) * by
                } else {
                    self.total + times * by
                };
                self.room = by;
            }
        }
        done
    }

    fn open(&self) -> bool {
        self.room > 9 && self.unit.is_none()
    }

    fn finish(&mut self) -> Option<String> {
        let sum = std::mem::take(self);
        if sum.room == 0 && sum.unit.is_none() {
            return None;
        }
        Some((sum.total + sum.unit.unwrap_or(0)).to_string())
    }
}

/// What a recogniser has written together: digits, or with letters allowed a mixture, or a few consonants.
fn compact(token: &str, letters: bool) -> Option<String> {
    if token.chars().all(|c| c.is_ascii_digit()) {
        return Some(token.to_owned());
    }
    if !letters || !token.is_ascii() {
        return None;
    }
    let digits = token.chars().any(|c| c.is_ascii_digit());
    let vowels = token.chars().any(|c| "aeiouy".contains(c));
    (token.chars().all(|c| c.is_ascii_alphanumeric())
        && (digits || (token.len() <= 4 && token.len() >= 2 && !vowels)))
        .then(|| token.to_owned())
}

/// The longest phrase of up to three tokens that is known.
fn longest<T>(tokens: &[String], known: impl Fn(&str) -> Option<T>) -> Option<(T, usize)> {
    (1..=tokens.len().min(3)).rev().find_map(|length| {
        let found = if length == 1 { known(&tokens[0]) } else { known(&tokens[..length].join(" ")) };
        found.map(|value| (value, length))
    })
}

/// Where words are joined, digits and letter names are written together at will and carry endings: parts each token into known words, or
/// leaves it whole. An ending may itself be a digit ("이요"), so that there are two ways: `long` takes off the longest.
fn part_joined(tokens: &[String], lexicon: &Lexicon, letters: bool, long: bool) -> Vec<String> {
    let known = |word: &str| {
        lexicon.numbers.contains_key(word)
            || lexicon.repeat.contains_key(word)
            || (letters && (lexicon.letters.contains_key(word) || lexicon.maybe_letters.contains_key(word)))
    };
    let mut parted = Vec::new();
    for token in tokens {
        let endings = lexicon.particles.iter().filter_map(|particle| token.strip_suffix(particle.as_str()));
        let rests = std::iter::once(token.as_str()).chain(endings);
        let ways = rests.filter_map(|rest| Some((rest.len(), part(rest, &known)?)));
        // Figures with a digit written out behind them are figures with an ending.
        let long = long || token.starts_with(|c: char| c.is_ascii_digit());
        let best = if long {
            ways.min_by_key(|(length, _)| *length)
        } else {
            ways.max_by_key(|(length, _)| *length)
        };
        match best {
            Some((_, words)) => parted.extend(words),
            // Figures with a counter: "212편".
            None => match token.find(|c: char| !c.is_ascii_alphanumeric()) {
                Some(end) if end > 0 => parted.extend([token[..end].to_owned(), token[end..].to_owned()]),
                Some(_) | None => parted.push(token.clone()),
            },
        }
    }
    parted
}

/// Parts a text into known words, longest first, going back where that leads nowhere. ASCII is taken as it is.
fn part(text: &str, known: &impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let count = starts.len() - 1;
    if count > 40 {
        return None;
    }
    // way[i]: the word that begins at i on some way to the end.
    let mut way: Vec<Option<usize>> = vec![None; count + 1];
    way[count] = Some(count);
    for from in (0..count).rev() {
        for to in ((from + 1)..=count.min(from + 5)).rev() {
            let word = &text[starts[from]..starts[to]];
            let ascii = word.len() == 1 && word.is_ascii();
            if way[to].is_some() && (ascii || known(word)) {
                way[from] = Some(to);
                break;
            }
        }
    }
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while at < count {
        let to = way[at]?;
        words.push(text[starts[at]..starts[to]].to_owned());
        at = to;
    }
    Some(words)
}
