//! The human's leg while they are being asked.

use callwright_dialogue_core::yes_or_no;
use callwright_model::{Language, LegId, Say, SayId, SaySource, Voice};

use crate::fact::Act;
use crate::turns::Turns;

/// A human who is being rung or briefed.
pub(crate) struct HumanLeg {
    pub(crate) leg: LegId,
    pub(crate) turns: Turns,
    /// The briefing, while it sounds.
    pub(crate) briefing: Option<SayId>,
    says: u32,
}

/// What a human made of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Accept,
    Decline,
    Unclear,
}

impl HumanLeg {
    pub(crate) fn new(leg: LegId) -> Self {
        Self { leg, turns: Turns::default(), briefing: None, says: 0 }
    }

    /// What a key means: 1 takes the call, 2 leaves it.
    pub(crate) fn key(&self, digit: char) -> Answer {
        match digit {
            '1' => Answer::Accept,
            '2' => Answer::Decline,
            _ => Answer::Unclear,
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
