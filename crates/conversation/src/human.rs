//! The human's leg: what keys and words on it mean.

use callwright_call_core::answering::{self, Answering};
use callwright_model::{Language, LegId, Say, SayId, SaySource, Voice, word_count};

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
        Self {
            leg,
            turns: Turns::default(),
            briefing: None,
            answering: Answering::new(answering::Config::default()),
            briefed_again: false,
            question: None,
            star: false,
            says: 0,
        }
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

/// Says to humans count from here.
const HUMAN_SAYS: u32 = 1 << 30;
