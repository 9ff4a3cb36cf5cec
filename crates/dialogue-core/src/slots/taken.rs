//! What was taken from what was heard.

use std::ops::Range;

use callwright_model::{Language, Value};

/// A value read out of an utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// What it is.
    pub value: Value,
    /// Which of the utterance's words, parted by white space, it was read from.
    pub heard: Range<usize>,
    /// How sure the reading is, 0 to 1, given that the words are right: 1 where they have one meaning.
    pub sure: f32,
    /// The language it was read in.
    pub language: Language,
}

impl Taken {
    /// Taken from all of the words, with one meaning.
    pub(crate) fn whole(value: Value, words: &str, language: Language) -> Self {
        Self { value, heard: 0..words.split_whitespace().count(), sure: PLAIN, language }
    }
}

/// The words have one meaning.
pub const PLAIN: f32 = 1.0;
/// The caller took something back: "Thursday, no, Friday".
pub const CORRECTED: f32 = 0.8;
/// The words leave something open that is usually meant one way: "at three" is in the afternoon.
pub const USUAL: f32 = 0.6;
