//! What the agent expects to hear next. The same expectation steers the floor (is the turn over?), the recogniser (which
//! words are likely?) and the interpreter (which slot does it fill?).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Language;

/// The shape of the answer to what was just asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Expect {
    /// Anything: an open question, or none.
    #[default]
    Anything,
    /// Yes or no.
    YesNo,
    /// Letters and digits said or keyed one by one, possibly by a spelling alphabet.
    Code {
        /// Fewest characters.
        min: u8,
        /// Most characters.
        max: u8,
    },
    /// Digits only.
    Digits {
        /// Fewest digits.
        min: u8,
        /// Most digits.
        max: u8,
    },
    /// One of the options just offered, by number or by words.
    Choice {
        /// How many were offered.
        options: u8,
    },
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A number of something: of people, of minutes, of an amount of money.
    Amount,
    /// An e-mail address.
    Email,
    /// A person's name.
    Name,
}

/// An [`Expect`] with the words that go with it. Sent to the recogniser with each question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hints {
    /// The shape of the answer.
    pub expect: Expect,
    /// The language that the caller is speaking.
    pub language: Language,
    /// The languages that the answer may be in all the same. Empty where nothing but `language` is of use, as while a code is spelled.
    pub languages: Vec<Language>,
    /// Whole sentences that the skill pack knows in this language: what a language model is made from. Shared by all calls, and
    /// left out where a call is written down: the pack has them.
    #[serde(skip)]
    pub sentences: Arc<[String]>,
    /// Sentences likely just now: the options offered, their times and names.
    pub likely: Vec<String>,
}
