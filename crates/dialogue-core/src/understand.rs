//! Which skill, or which of the things that can be said at any time, an utterance means.
//!
//! Words, pairs of words, parts of words and their sounds under a multinomial logistic model, trained when a pack loads: the same
//! examples give the same weights, always. It learns its examples also as a recogniser might have heard them (`noise`), and sentences
//! that have all of an example but what tells its meaning as "none of these" (`lessons`). Three times a part of the examples is held out;
//! from what becomes of those probabilities are made of scores (`gate`), so that they can be relied on and strange sentences are told.

mod explain;
mod features;
mod fitted;
mod gate;
mod interpreter;
mod lessons;
mod linear;
mod measure;
mod nearest;
mod noise;
mod random;
mod reading;
mod tagger;

pub use explain::{Evidence, Explanation, Kind};
pub use interpreter::Interpreter;
pub use measure::{Judged, Measured, SlotsMeasured};
pub use reading::Reading;
pub use tagger::{Span, Tagger};

/// What an utterance means as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Intent {
    /// A skill of the pack, by name.
    Skill(String),
    /// A question that the pack has the answer to, by name.
    Answer(String),
    /// Yes.
    Yes,
    /// No.
    No,
    /// Say that again.
    Repeat,
    /// Say that again, more slowly.
    Slower,
    /// Spell that.
    Spell,
    /// What was it that I told you?
    Recall,
    /// A person, please.
    Human,
    /// Goodbye.
    Goodbye,
    /// Stop, forget it.
    Stop,
    /// One moment.
    Wait,
    /// What can you do?
    Help,
    /// Hello, is anybody there?
    Hello,
    /// Thank you.
    Thanks,
    /// None of these.
    None,
}

impl Intent {
    /// The intents that every pack has.
    pub(crate) const BUILTIN: [Self; 14] = [
        Self::Yes,
        Self::No,
        Self::Repeat,
        Self::Slower,
        Self::Spell,
        Self::Recall,
        Self::Human,
        Self::Goodbye,
        Self::Stop,
        Self::Wait,
        Self::Help,
        Self::Hello,
        Self::Thanks,
        Self::None,
    ];

    /// The built-in intent of this name, as in the examples files.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        Self::BUILTIN.into_iter().find(|intent| intent.name() == name)
    }

    /// The skill that it is, if it is one.
    #[must_use]
    pub fn skill(&self) -> Option<&str> {
        match self {
            Self::Skill(name) => Some(name),
            Self::Answer(_)
            | Self::Yes
            | Self::No
            | Self::Repeat
            | Self::Slower
            | Self::Spell
            | Self::Recall
            | Self::Human
            | Self::Goodbye
            | Self::Stop
            | Self::Wait
            | Self::Help
            | Self::Hello
            | Self::Thanks
            | Self::None => None,
        }
    }

    /// Its name: the skill's, or the key under which a pack may give more examples of it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Skill(name) | Self::Answer(name) => name,
            Self::Yes => "yes",
            Self::No => "no",
            Self::Repeat => "repeat",
            Self::Slower => "slower",
            Self::Spell => "spell",
            Self::Recall => "recall",
            Self::Human => "human",
            Self::Goodbye => "goodbye",
            Self::Stop => "stop",
            Self::Wait => "wait",
            Self::Help => "help",
            Self::Hello => "hello",
            Self::Thanks => "thanks",
            Self::None => "none",
        }
    }
}

#[cfg(test)]
mod tests;
