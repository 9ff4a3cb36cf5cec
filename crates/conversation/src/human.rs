//! The human's leg: what keys and words on it mean.

use callwright_dialogue_core::yes_or_no;
use callwright_model::{Language, LegId, Say, SayId, SaySource, Voice};

use crate::fact::Act;
use crate::turns::Turns;

/// A human who is being rung or briefed, or has the call.
pub(crate) struct HumanLeg {
    pub(crate) leg: LegId,
    pub(crate) turns: Turns,
    /// The briefing, while it sounds.
    pub(crate) briefing: Option<SayId>,
    /// The last key was a star.
    star: bool,
    says: u32,
}

/// What a human made of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Accept,
    Decline,
    /// "Finish this for me."
    HandBack,
    /// The agent shall listen, or leave if it does.
    Stay,
    Unclear,
}

impl HumanLeg {
    pub(crate) fn new(leg: LegId) -> Self {
        Self { leg, turns: Turns::default(), briefing: None, star: false, says: 0 }
    }

    /// What a key means: before they talk 1 takes the call and 2 leaves it; while they do, `*9` gives the caller back, and `*8` has
    /// the agent listen, or leave. Other keys are for whoever is at the other end.
    pub(crate) fn key(&mut self, digit: char, talking: bool) -> Answer {
        let after_star = std::mem::replace(&mut self.star, digit == '*');
        match (talking, after_star, digit) {
            (false, _, '1') => Answer::Accept,
            (false, _, '2') => Answer::Decline,
            (true, true, '9') => Answer::HandBack,
            (true, true, '8') => Answer::Stay,
            (_, _, _) => Answer::Unclear,
        }
    }

    /// What words mean.
    pub(crate) fn words(&self, words: &str, language: Language) -> Answer {
        match yes_or_no(words, language) {
            Some(true) => Answer::Accept,
            Some(false) => Answer::Decline,
            None => Answer::Unclear,
        }
    }

    /// Says something to the human.
    pub(crate) fn say(&mut self, text: String, language: Language, voice: &Voice) -> Act {
        self.says += 1;
        let say = Say {
            id: self.last_say(),
            turn: self.turns.answering(),
            text,
            language,
            voice: voice.clone(),
            source: SaySource::Rendered,
            interruptible: true,
        };
        Act::Say(self.leg, say)
    }

    /// The say that was made last.
    pub(crate) fn last_say(&self) -> SayId {
        // Apart from the caller's, so that an event of one leg never settles a say of the other.
        SayId(HUMAN_SAYS + self.says)
    }
}

/// Says to humans count from here.
const HUMAN_SAYS: u32 = 1 << 30;
