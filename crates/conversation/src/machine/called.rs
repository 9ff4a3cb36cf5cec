//! A call that the agent makes: whether somebody is there who talks, or a machine. Until that is known the dialogue hears of what is said
//! only what a person said.

use callwright_call_core::answering::{self, Answering, Output};
use callwright_model::{LegFact, MonoTime, SayId, Utterance, word_count};

use super::{Conversation, silence};
use crate::happening::{Ending, Happening};

/// Whoever answered, as long as nobody knows what they are.
pub(super) struct Called {
    answering: Answering,
    /// The question that they were asked, and how many words of it must be heard.
    question: Option<(SayId, u16)>,
    /// What was said last, not yet judged.
    said: Option<Utterance>,
    /// How often they have heard the question and said something else.
    unclear: u8,
}

impl Called {
    pub(super) fn new() -> Self {
        let answering = Answering::new(answering::Config::default());
        Self { answering, question: None, said: None, unclear: 0 }
    }

    /// So many words of a say were heard.
    pub(super) fn heard(&mut self, say: SayId, words: u16) {
        if self.question.take_if(|(question, enough)| *question == say && words >= *enough).is_some() {
            self.answering.handle_asked();
        }
    }
}

impl Conversation {
    /// What the leg of whoever was called tells.
    pub(super) fn called_leg(&mut self, fact: &LegFact, now: MonoTime) {
        let Some(called) = &mut self.called else { return };
        match fact {
            LegFact::SpeechStarted { turn } => called.answering.handle_speech_started(*turn, now),
            LegFact::Resumed { turn } => called.answering.handle_speech_discarded(*turn),
            LegFact::TurnEnded { turn, length, .. } => called.answering.handle_turn_ended(*turn, *length),
            LegFact::Beep { .. } => called.answering.handle_beep(),
            // No machine presses keys.
            LegFact::Dtmf { .. } => self.reached(),
            LegFact::MediaFlows
            | LegFact::BargedIn { .. }
            | LegFact::Judged { .. }
            | LegFact::LateEcho
            | LegFact::SayStarted { .. }
            | LegFact::SayEnded { .. }
            | LegFact::SayDropped { .. }
            | LegFact::HoldSound { .. }
            | LegFact::Silence { .. }
            | LegFact::Gone(_) => {}
        }
    }

    /// The last say is a question to them: most of it must be heard before anything is an answer.
    pub(super) fn called_asked(&mut self) {
        let Some(spoken) = self.says.get(&self.last_say) else { return };
        let enough = word_count(&spoken.text) / 4 * 3;
        if let Some(called) = &mut self.called {
            called.question = Some((self.last_say, enough));
        }
    }

    pub(super) fn called_partial(&mut self, words: &str, now: MonoTime) {
        let meaning = self.meaning(words, self.language);
        if let Some(called) = &mut self.called {
            called.answering.handle_partial(meaning);
        }
        self.follow_called(now);
    }

    pub(super) fn called_words(&mut self, utterance: Utterance, now: MonoTime) {
        if utterance.words.reveal().trim().is_empty() {
            return self.dialogue.handle_utterance(utterance, now);
        }
        let meaning = self.meaning(utterance.words.reveal(), utterance.language);
        let Some(called) = &mut self.called else { return };
        called.answering.handle_words(utterance.turn, meaning);
        called.said = Some(utterance);
        self.follow_called(now);
    }

    pub(super) fn called_due(&self) -> Option<MonoTime> {
        self.called.as_ref()?.answering.poll_timeout()
    }

    pub(super) fn called_timeout(&mut self, now: MonoTime) {
        if let Some(called) = &mut self.called {
            called.answering.handle_timeout(now);
        }
        self.follow_called(now);
    }

    /// Does what the machine comes to.
    pub(super) fn follow_called(&mut self, now: MonoTime) {
        while let Some(called) = &mut self.called
            && let Some(output) = called.answering.poll_output()
        {
            let said = called.said.take();
            match output {
                Output::Accepted | Output::Declined => self.reached(),
                Output::Machine(sign) => {
                    self.called = None;
                    self.tell(Happening::MachineAnswered { sign });
                    return self.over(Ending::Machine, now);
                }
                // They have spoken before they knew who calls: they hear it from the start.
                Output::Again => {
                    if let Some(said) = said {
                        self.dialogue.handle_utterance(silence(said.turn, said.language), now);
                    }
                    continue;
                }
                Output::Unclear => {
                    called.unclear += 1;
                    // A machine that listens to a question twice, and answers each time in a few words, is not known.
                    if called.unclear >= UNCLEAR_MAX {
                        self.reached();
                    }
                }
            }
            if let Some(said) = said {
                self.evidence.said(said.turn);
                self.dialogue.handle_utterance(said, now);
            }
        }
    }

    /// Somebody is there.
    fn reached(&mut self) {
        if self.called.take().is_some() {
            self.tell(Happening::Reached);
        }
    }
}

const UNCLEAR_MAX: u8 = 2;
