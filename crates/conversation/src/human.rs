//! The human's leg: what keys and words on it mean.

use callwright_call_core::answering::{self, Answering};
use callwright_model::{Language, LegId, Say, SayId, SaySource, Voice, word_count};
use serde::{Deserialize, Serialize};

use crate::fact::Act;
use crate::turns::Turns;

/// A human who is being rung or briefed, or has the call.
pub(crate) struct HumanLeg {
    pub(crate) leg: LegId,
    pub(crate) turns: Turns,
    /// The briefing, while it sounds.
    pub(crate) briefing: Option<SayId>,
    /// Whether a person is there, and takes the call.
    pub(crate) answering: Answering,
    /// It was said from the start once more.
    pub(crate) briefed_again: bool,
    /// What ends with the question, and how many words of it must be heard.
    question: Option<(SayId, u16)>,
    /// The keys that were pressed last.
    keys: String,
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
        Self {
            leg,
            turns: Turns::default(),
            briefing: None,
            answering: Answering::new(answering::Config::default()),
            briefed_again: false,
            question: None,
            keys: String::new(),
            says: 0,
        }
    }

    /// What a key means: before they talk 1 takes the call and 2 leaves it; while they do, the keys of the configuration give the caller
    /// back, or have the agent listen, or leave. Others are for whoever is at the other end.
    pub(crate) fn key(&mut self, digit: char, talking: bool, config: &HumanConfig) -> Answer {
        if !talking {
            return match digit {
                '1' => Answer::Accept,
                '2' => Answer::Decline,
                _ => Answer::Unclear,
            };
        }
        if self.keys.len() == KEYS_MAX {
            self.keys.remove(0);
        }
        self.keys.push(digit);
        let answer = if self.keys.ends_with(&config.hand_back_key) {
            Answer::HandBack
        } else if self.keys.ends_with(&config.listen_key) {
            Answer::Stay
        } else {
            return Answer::Unclear;
        };
        self.keys.clear();
        answer
    }

    /// Asks whether they take the call, after something else if it is not empty. Half of the question is enough to know what is asked.
    pub(crate) fn ask(&mut self, before: &str, question: &str, language: Language, voice: &Voice) -> Act {
        let text = if before.is_empty() { question.to_owned() } else { format!("{before} {question}") };
        let enough = word_count(&text) - word_count(question) / 2;
        let act = self.say(text, language, voice);
        self.question = Some((self.last_say(), enough));
        act
    }

    /// So many words of a say were heard.
    pub(crate) fn heard(&mut self, say: SayId, words: u16) {
        if self.question.take_if(|(question, enough)| *question == say && words >= *enough).is_some() {
            self.answering.handle_asked();
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

/// A human who has the call: what they can do with the agent, and what is written down of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumanConfig {
    /// Keys that give the caller back to the agent, at most [`KEYS_MAX`].
    pub hand_back_key: String,
    /// Keys that have the agent listen, or leave if it does.
    pub listen_key: String,
    /// Whether the agent's ear is open to the human while it listens. If not, nothing of what they say is written down, and they hand back
    /// by key alone.
    pub transcript: bool,
}

impl Default for HumanConfig {
    fn default() -> Self {
        Self { hand_back_key: "*9".to_owned(), listen_key: "*8".to_owned(), transcript: true }
    }
}

/// Keys in a row that can mean something.
pub const KEYS_MAX: usize = 4;

/// Says to humans count from here.
const HUMAN_SAYS: u32 = 1 << 30;
