//! From [`Hints`] to a language model and its dictionary: what callers answer to a question of this shape, what the skill pack
//! knows, and what is always possible (yes, no, repeat, a human).

use callwright_model::{Expect, Hints};

use super::arpa::Counts;
use super::lexicon::Lexicon;
use super::words::{number_readings, split};

/// A language model in ARPA format and the dictionary cut to its words.
pub(super) struct Grammar {
    pub(super) model: String,
    pub(super) dictionary: String,
    /// Words without a pronunciation, left out.
    pub(super) skipped: usize,
}

impl Grammar {
    pub(super) fn new(hints: &Hints, lexicon: &Lexicon) -> Self {
        let mut phrases = Phrases { counts: Counts::default(), lexicon, skipped: 0 };
        phrases.pack(hints);
        phrases.likely(hints);
        phrases.expected(&hints.expect);
        phrases.always();
        phrases.numbered();
        let mut dictionary = String::new();
        for word in phrases.counts.vocabulary() {
            for entry in lexicon.entries(word) {
                dictionary.push_str(&entry);
                dictionary.push('\n');
            }
        }
        Self { model: phrases.counts.to_arpa(), dictionary, skipped: phrases.skipped }
    }
}

struct Phrases<'a> {
    counts: Counts,
    lexicon: &'a Lexicon,
    skipped: usize,
}

impl Phrases<'_> {
    fn pack(&mut self, hints: &Hints) {
        let weight = PACK / hints.sentences.len().max(1) as f64;
        for sentence in hints.sentences.iter() {
            self.text(sentence, weight.min(2.0));
        }
    }

    fn likely(&mut self, hints: &Hints) {
        let weight = LIKELY / hints.likely.len().max(1) as f64;
        for sentence in &hints.likely {
            self.text(sentence, weight.min(8.0));
            for before in ["the", "yes"] {
                self.text(&format!("{before} {sentence}"), weight.min(8.0) / 8.0);
            }
            self.text(&format!("{sentence} please"), weight.min(8.0) / 8.0);
        }
    }

    fn expected(&mut self, expect: &Expect) {
        match *expect {
            Expect::Anything => {}
            Expect::YesNo => {
                self.group(&YES, EXPECTED * 0.5);
                self.group(&NO, EXPECTED * 0.5);
            }
            Expect::Code { min, max } => {
                let symbols: Vec<(&str, f64)> = DIGITS
                    .iter()
                    .map(|word| (*word, DIGIT / DIGITS.len() as f64))
                    .chain(SPELLING.iter().map(|word| (*word, SPELL / SPELLING.len() as f64)))
                    .chain(LETTERS.iter().map(|word| (*word, LETTER / LETTERS.len() as f64)))
                    .collect();
                self.runs(&symbols, length(min, max));
            }
            Expect::Digits { min, max } => {
                let symbols: Vec<(&str, f64)> = DIGITS.iter().map(|word| (*word, 0.1)).collect();
                self.runs(&symbols, length(min, max));
            }
            Expect::Choice { options } => self.choices(options),
            Expect::Date => self.dates(),
            Expect::Time | Expect::Amount => {
                let symbols: Vec<(&str, f64)> = CARDINALS.iter().map(|word| (*word, 0.1)).collect();
                self.runs(&symbols, length(1, 3));
            }
            Expect::Email => {
                let letters: Vec<(&str, f64)> =
                    LETTERS.iter().map(|word| (*word, 1.0 / LETTERS.len() as f64)).collect();
                self.runs(&letters, length(4, 12));
            }
            Expect::Name => {
                for before in CARRIERS_NAME {
                    self.text(before, EXPECTED / 10.0);
                }
            }
        }
    }

    fn always(&mut self) {
        self.group(&YES, ALWAYS);
        self.group(&NO, ALWAYS);
        self.group(&META, ALWAYS * 2.0);
        self.group(&HUMAN, ALWAYS);
        self.group(&MEANINGLESS, ALWAYS * 3.0);
        self.group(&LISTENING, ALWAYS);
        self.group(&SIDE_TALK, ALWAYS);
        for filler in FILLERS {
            self.counts.lead(filler, ALWAYS * 0.1);
        }
    }

    /// Things that people name by a number, as far as they are spoken of at all: "flight two one two".
    fn numbered(&mut self) {
        let symbols: Vec<(&str, f64)> =
            DIGITS.iter().map(|word| (*word, 1.0 / DIGITS.len() as f64)).collect();
        for thing in NUMBERED {
            if self.counts.vocabulary().any(|word| word == thing) {
                self.counts.run(&[thing], &symbols, 3.0, ALWAYS);
                self.counts.run(&[thing, "number"], &symbols, 3.0, ALWAYS / 4.0);
            }
        }
    }

    fn runs(&mut self, symbols: &[(&str, f64)], length: f64) {
        self.counts.run(&[], symbols, length, EXPECTED * 0.7);
        for before in CARRIERS_CODE {
            let before: Vec<&str> = before.split(' ').collect();
            self.counts.run(&before, symbols, length, EXPECTED * 0.3 / CARRIERS_CODE.len() as f64);
        }
    }

    fn choices(&mut self, options: u8) {
        let count = usize::from(options).clamp(1, ORDINALS.len());
        let weight = EXPECTED / count as f64;
        for (place, ordinal) in ORDINALS.iter().take(count).enumerate() {
            let number = CARDINALS[place + 1];
            for (sentence, share) in [
                (format!("the {ordinal} one"), 0.25),
                (format!("the {ordinal} one please"), 0.1),
                (format!("the {ordinal}"), 0.1),
                (format!("{ordinal} one"), 0.05),
                ((*ordinal).to_owned(), 0.05),
                (format!("i'll take the {ordinal} one"), 0.08),
                (format!("the {ordinal} option"), 0.05),
                (format!("option {number}"), 0.1),
                (format!("number {number}"), 0.1),
                (number.to_owned(), 0.12),
            ] {
                self.text(&sentence, weight * share);
            }
        }
        self.group(&CHOOSING, EXPECTED * 0.3);
    }

    fn dates(&mut self) {
        let days: Vec<String> = (1..=31).map(ordinal).collect();
        for day in &days {
            self.text(&format!("the {day}"), EXPECTED * 0.2 / 31.0);
            for month in MONTHS {
                let share = EXPECTED / (31.0 * 12.0);
                self.text(&format!("{month} {day}"), share * 0.35);
                self.text(&format!("the {day} of {month}"), share * 0.1);
                self.text(&format!("on {month} {day}"), share * 0.1);
            }
        }
        for day in WEEKDAYS {
            for before in ["", "on ", "next ", "this "] {
                self.text(&format!("{before}{day}"), EXPECTED * 0.2 / 28.0);
            }
        }
        self.group(&["today", "tomorrow", "the day after tomorrow", "next week"], EXPECTED * 0.1);
    }

    fn group(&mut self, sentences: &[&str], weight: f64) {
        for sentence in sentences {
            self.text(sentence, weight / sentences.len() as f64);
        }
    }

    /// Counts a sentence as people write it. What stands in braces is a slot: any code may be said there.
    fn text(&mut self, sentence: &str, weight: f64) {
        for reading in number_readings(sentence) {
            let words = split(&reading, |word| self.lexicon.knows(word));
            let known: Vec<&str> = words
                .iter()
                .map(String::as_str)
                .filter(|word| {
                    let sounds = !self.lexicon.entries(word).is_empty();
                    if !sounds {
                        self.skipped += 1;
                    }
                    sounds
                })
                .collect();
            if !known.is_empty() {
                self.counts.sentence(&known, weight);
                self.counts.joints(&known, weight * JOINTS);
            }
        }
    }
}

fn length(min: u8, max: u8) -> f64 {
    (f64::from(min) + f64::from(max.max(min))).max(2.0) / 2.0
}

fn ordinal(day: usize) -> String {
    const TEENS: [&str; 11] = [
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
        "twentieth",
    ];
    match day {
        1..=9 => ORDINALS[day - 1].to_owned(),
        10..=20 => TEENS[day - 10].to_owned(),
        21..=29 => format!("twenty {}", ORDINALS[day - 21]),
        30 => "thirtieth".to_owned(),
        _ => "thirty first".to_owned(),
    }
}

/// Weights of the parts against each other. Measured with `examples/accuracy` over five voices.
const PACK: f64 = 60.0;
const LIKELY: f64 = 60.0;
const EXPECTED: f64 = 200.0;
const ALWAYS: f64 = 12.0;
/// Share of a sentence's weight for going on after it.
const JOINTS: f64 = 0.1;

/// Shares of digits, words of the spelling alphabet and bare letters in a code. Letters are few because they are heard into everything.
const DIGIT: f64 = 0.4;
const SPELL: f64 = 0.55;
const LETTER: f64 = 0.05;

const DIGITS: [&str; 12] =
    ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double"];
const CARDINALS: [&str; 11] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const ORDINALS: [&str; 9] =
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"];
const LETTERS: [&str; 26] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u",
    "v", "w", "x", "y", "z",
];
const SPELLING: [&str; 26] = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo",
    "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor",
    "whiskey", "x-ray", "yankee", "zulu",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const NUMBERED: [&str; 6] = ["flight", "order", "booking", "gate", "ticket", "reservation"];
const CARRIERS_CODE: [&str; 8] = [
    "it's",
    "it is",
    "my code is",
    "the code is",
    "my booking code is",
    "my number is",
    "the number is",
    "my confirmation code is",
];
const CARRIERS_NAME: [&str; 4] = ["my name is", "it's", "this is", "i am"];
const YES: [&str; 26] = [
    "yes",
    "yes",
    "yes",
    "yes please",
    "yes please",
    "yeah",
    "yep",
    "sure",
    "okay",
    "right",
    "correct",
    "that's right",
    "that's correct",
    "yes that's right",
    "yes that's correct",
    "go ahead",
    "yes go ahead",
    "please do",
    "sounds good",
    "that works",
    "that's fine",
    "absolutely",
    "of course",
    "do it",
    "perfect",
    "yes do it",
];
const NO: [&str; 21] = [
    "no",
    "no",
    "no",
    "no thanks",
    "no thanks",
    "no thank you",
    "nope",
    "not really",
    "that's wrong",
    "no that's wrong",
    "that's not right",
    "that's not correct",
    "don't do that",
    "never mind",
    "no wait",
    "not yet",
    "no that's all",
    "no that's it",
    "that's all",
    "nothing else",
    "i don't want that",
];
const META: [&str; 47] = [
    "hello",
    "hi",
    "good morning",
    "good afternoon",
    "sorry",
    "what",
    "pardon",
    "repeat",
    "repeat that please",
    "please repeat that",
    "can you repeat that",
    "could you repeat that please",
    "say that again",
    "can you say that again please",
    "i didn't hear you",
    "i don't understand",
    "what did you say",
    "hold on",
    "hold on a second",
    "wait",
    "wait a minute",
    "one moment please",
    "just a moment",
    "let me check",
    "stop",
    "go back",
    "help",
    "what can you do",
    "i don't know",
    "i don't know it",
    "i don't have it",
    "i don't have one",
    "i don't remember",
    "i forgot",
    "i'm not sure",
    "i have a question",
    "can you help me",
    "i need help",
    "i said",
    "i mean",
    "that was wrong",
    "you got that wrong",
    "thank you",
    "thanks",
    "thank you very much",
    "goodbye",
    "bye",
];
const HUMAN: [&str; 22] = [
    "human",
    "agent",
    "operator",
    "representative",
    "a human please",
    "an agent please",
    "a person",
    "i want to talk to a human",
    "i want to talk to a person",
    "let me talk to a person",
    "can i talk to a person",
    "can i talk to someone",
    "i'd like to speak to a person",
    "i want to speak to an agent",
    "can i speak to someone",
    "i'd rather talk to someone",
    "i'd rather talk to a real person",
    "get me a manager",
    "connect me to an agent",
    "transfer me to an operator",
    "speak to a representative",
    "let me speak to someone",
];
const CHOOSING: [&str; 14] = [
    "the earlier one",
    "the earliest one",
    "the later one",
    "the last one",
    "the other one",
    "the next one",
    "the morning one",
    "the afternoon one",
    "the evening one",
    "either one",
    "neither",
    "none of them",
    "none of those",
    "what are my options",
];
/// Sounds that mean nothing or only that one listens: they must have words of their own, or they are heard as others.
const MEANINGLESS: [&str; 8] = ["um", "uh", "hmm", "mm-hmm", "mm-hmm", "uh-huh", "uh-huh", "mhm"];
/// Said to show that one listens, where it is none of the answers.
const LISTENING: [&str; 2] = ["i see", "oh okay"];
/// Said to others in the room, or to win time.
const SIDE_TALK: [&str; 12] = [
    "hold on",
    "hold on a second",
    "one moment",
    "just a minute",
    "just a second",
    "not now",
    "i'm on the phone",
    "be right there",
    "i'll be right there",
    "can you close the door",
    "turn that down",
    "who's at the door",
];
const FILLERS: [&str; 8] = ["um", "uh", "well", "hi", "hello", "so", "okay", "oh"];
