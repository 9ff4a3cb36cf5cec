//! Inputs that stand in a sentence which may be about something else: a wish with its booking code.

use std::ops::Range;

use callwright_model::{InputSpec, Language, Value};

use super::Pack;
use crate::slots;

/// An input of a skill, found in a sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// The input's name.
    pub input: String,
    /// What it is.
    pub value: Value,
    /// Which of the sentence's words, parted by white space, it was read from.
    pub heard: Range<usize>,
}

impl Mention {
    /// The input's name and what it is.
    #[must_use]
    pub fn into_texts(self) -> (String, String) {
        (self.input, self.value.written())
    }

    /// Whether the other's words are in part ours, and we have more.
    fn hides(&self, other: &Self) -> bool {
        let shared = self.heard.start.max(other.heard.start)..self.heard.end.min(other.heard.end);
        !shared.is_empty() && self.heard.len() > other.heard.len()
    }
}

impl Pack {
    /// Inputs of a skill that are in words which may be about something else: only what cannot be anything but that. Of a type that two
    /// inputs have nobody knows which is meant, and of two that share words the one that takes more of them is: in "eight oh four two oh
    /// five" with an order number asked for, nobody has said a PIN and "oh".
    #[must_use]
    pub fn mentions(&self, skill: &str, words: &str, language: Language) -> Vec<Mention> {
        let Some(head) = self.skill(skill) else { return Vec::new() };
        let choices = &self.tongue(language).choices;
        let mention = |(name, spec): &(String, InputSpec)| {
            let alone = head.inputs.iter().filter(|(_, other)| other.slot == spec.slot).count() == 1;
            let read = |words: &str| slots::mentioned(&spec.slot, words, choices, language);
            let value = read(words).filter(|_| alone)?;
            let heard = heard(words, |part| read(part).as_ref() == Some(&value));
            Some(Mention { input: name.clone(), value, heard })
        };
        let all: Vec<Mention> = head.inputs.iter().filter_map(mention).collect();
        all.iter().filter(|mention| !all.iter().any(|other| other.hides(mention))).cloned().collect()
    }
}

/// The shortest stretch of words that is still read as the same.
fn heard(words: &str, same: impl Fn(&str) -> bool) -> Range<usize> {
    let all: Vec<&str> = words.split_whitespace().collect();
    let mut heard = 0..all.len();
    while heard.len() > 1 && same(&all[heard.start + 1..heard.end].join(" ")) {
        heard.start += 1;
    }
    while heard.len() > 1 && same(&all[heard.start..heard.end - 1].join(" ")) {
        heard.end -= 1;
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_is_the_shortest_stretch_that_says_it() {
        let code = |part: &str| part.contains("seven four two");
        assert_eq!(heard("it is seven four two i think", code), 2..5);
        assert_eq!(heard("seven four two", code), 0..3);
    }
}
