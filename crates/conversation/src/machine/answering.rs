//! Whoever answered a human's phone: whether a person is there, and what they say to the question.

use callwright_call_core::answering::{Meaning, Output};
use callwright_dialogue_core::{is_machine, yes_or_no};
use callwright_model::{Language, MonoTime, Recognised};

use super::{Conversation, sentence};
use crate::happening::Happening;

impl Conversation {
    /// When the time of whoever is asked is over.
    pub(super) fn answering_due(&self) -> Option<MonoTime> {
        let human = self.people.human.as_ref().filter(|_| self.call.is_asking())?;
        human.answering.poll_timeout()
    }

    pub(super) fn answering_timeout(&mut self, now: MonoTime) {
        if self.answering_due().is_some_and(|due| now >= due)
            && let Some(human) = &mut self.people.human
        {
            human.answering.handle_timeout(now);
            self.follow_answering(now);
        }
    }

    /// What they say while they are asked.
    pub(super) fn human_answers(&mut self, report: Recognised, now: MonoTime) {
        let Some(handover) = &self.handover else { return };
        let language = handover.briefing.language;
        let meaning = |words: &str| self.meaning(words, language);
        match report {
            Recognised::Partial { words, .. } => {
                let meaning = meaning(words.reveal());
                if let Some(human) = &mut self.people.human {
                    human.answering.handle_partial(meaning);
                }
            }
            Recognised::Final(utterance) => {
                let meaning = meaning(utterance.words.reveal());
                if let Some(human) = &mut self.people.human {
                    human.answering.handle_words(utterance.turn, meaning);
                }
            }
            Recognised::Provisional(_) | Recognised::TurnVote { .. } => {}
        }
        self.follow_answering(now);
    }

    pub(super) fn meaning(&self, words: &str, language: Language) -> Meaning {
        if is_machine(self.pack(), words, language) {
            return Meaning::Machine;
        }
        match yes_or_no(words, language) {
            Some(true) => Meaning::Yes,
            Some(false) => Meaning::No,
            None => Meaning::Unclear,
        }
    }

    /// Does what the machine of whoever answered comes to. Once they are connected nobody asks any more.
    pub(super) fn follow_answering(&mut self, now: MonoTime) {
        while let Some(output) = self.people.human.as_mut().and_then(|human| human.answering.poll_output()) {
            if !self.call.is_asking() {
                continue;
            }
            match output {
                Output::Accepted => self.call.handle_accepted(now),
                Output::Declined => self.call.handle_declined(now),
                Output::Machine(sign) => {
                    self.tell(Happening::MachineAnswered { sign });
                    self.call.handle_declined(now);
                }
                Output::Again => self.brief_again(now),
                Output::Unclear => self.ask_again(),
            }
        }
    }

    /// Who spoke into the briefing has not heard it; one that still sounds needs nothing.
    fn brief_again(&mut self, now: MonoTime) {
        let Some(human) = &mut self.people.human else { return };
        if human.briefing.is_some() {
            return;
        }
        if std::mem::replace(&mut human.briefed_again, true) {
            self.ask_again();
        } else {
            self.call.handle_brief_again(now);
        }
    }

    pub(super) fn ask_again(&mut self) {
        let Some(handover) = &self.handover else { return };
        let language = handover.briefing.language;
        let question = sentence(&self.config.dialogue.pack, language, "transfer-ask-again");
        if let Some(human) = &mut self.people.human {
            let say = human.ask("", &question, language, &self.config.voice);
            self.acts.push_back(say);
        }
    }
}
