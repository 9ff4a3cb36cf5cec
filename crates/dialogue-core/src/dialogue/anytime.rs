//! What can be said at any time: a human please, say that again, stop, goodbye.

use callwright_model::{MonoTime, Record};

use super::Dialogue;
use super::line::{Line, Plain};
use super::state::{How, Proposal, State};
use super::subject::CHANGE_OF_SUBJECT;
use crate::output::TransferReason;
use crate::understand::{Intent, Reading};
use crate::verbalise::spelled;

impl Dialogue {
    /// What can be said at any time. False when the reading is none of it.
    pub(super) fn builtin(&mut self, reading: &Reading, before: Vec<Line>, now: MonoTime) -> bool {
        match reading.clear() {
            Some(Intent::Human) => self.hand_over(TransferReason::Asked, now),
            // Nobody shall lose a call over a word that only sounded like goodbye.
            Some(Intent::Goodbye) if reading.probability < CHANGE_OF_SUBJECT => return false,
            Some(Intent::Goodbye) if matches!(self.state, State::Open { .. }) => self.take_leave(now),
            Some(Intent::Goodbye) => self.goodbye("farewell", now),
            Some(Intent::Spell) if !self.codes.is_empty() => {
                self.spell(now);
                self.ask(How::Repeat, now);
            }
            Some(Intent::Slower) if !self.codes.is_empty() => {
                self.repeat(before, now);
                self.spell(now);
            }
            Some(Intent::Repeat | Intent::Slower | Intent::Spell) => self.repeat(before, now),
            Some(Intent::Recall) => self.recall(now),
            Some(Intent::Answer(name)) => {
                let name = name.clone();
                self.answer(&name, now);
                self.ask(How::Repeat, now);
            }
            Some(Intent::Stop) if matches!(self.state, State::Open { more: true }) => self.take_leave(now),
            Some(Intent::Stop) if matches!(self.state, State::Proposing(Proposal::Rating)) => {
                self.goodbye("farewell", now)
            }
            Some(Intent::Stop) if matches!(self.state, State::Open { more: false }) => {
                self.ask(How::Repeat, now)
            }
            Some(Intent::Stop) => self.abandon("abandoned", now),
            Some(Intent::Wait) => {
                let sentence = self.base("take-your-time");
                self.tell(Plain::Prompt, sentence, now);
            }
            Some(Intent::Help) => {
                if matches!(self.state, State::Open { .. }) {
                    self.ask(How::Narrow, now);
                } else {
                    self.ask(How::Rephrase, now);
                }
            }
            Some(Intent::Hello | Intent::Thanks) => self.ask(How::Repeat, now),
            Some(Intent::Skill(_) | Intent::Yes | Intent::No | Intent::None) | None => return false,
        }
        true
    }

    /// The caller speaks while something else goes on.
    pub(super) fn meanwhile(&mut self, words: &str, reading: &Reading, before: Vec<Line>, now: MonoTime) {
        if matches!(self.state, State::Planning { .. }) && self.correct(words, now) {
            return;
        }
        if matches!(self.state, State::Planning { .. } | State::Acting { .. }) && self.also(words, now) {
            return;
        }
        if self.rather_called(words, now) {
            return;
        }
        let waiting_for_human = matches!(self.state, State::Handover { .. });
        match reading.clear() {
            Some(Intent::Human) if !waiting_for_human => self.hand_over(TransferReason::Asked, now),
            Some(Intent::Goodbye) if reading.probability >= CHANGE_OF_SUBJECT => {
                self.goodbye("farewell", now)
            }
            Some(Intent::Repeat | Intent::Slower) if !before.is_empty() => self.repeat(before, now),
            Some(Intent::Answer(name)) => {
                let name = name.clone();
                self.answer(&name, now);
            }
            Some(Intent::Spell) if !self.codes.is_empty() => self.spell(now),
            Some(Intent::Stop) if matches!(self.state, State::Planning { .. }) => {
                self.abandon("abandoned", now)
            }
            _ => {
                let key = match &self.state {
                    State::Handover { .. } => "still-connecting",
                    State::Acting { .. } => "still-working",
                    _ => "progress-again",
                };
                let next = now + self.config.limits.progress_again;
                if let State::Planning { comfort, .. }
                | State::Acting { comfort, .. }
                | State::Arranging { comfort, .. } = &mut self.state
                {
                    *comfort = next;
                }
                let sentence = self.base(key);
                self.tell(Plain::Progress, sentence, now);
            }
        }
    }

    /// The caller does not want what was about to be done. Nothing has been.
    pub(super) fn abandon(&mut self, key: &str, now: MonoTime) {
        self.enter(State::Open { more: true }, now);
        if self.memory.aside.is_none() && self.memory.next.is_empty() {
            return self.tell_question(key, now);
        }
        let sentence = self.base("left-there");
        self.tell(Plain::Progress, sentence, now);
        self.go_on_without(now);
    }

    pub(super) fn tell_question(&mut self, key: &str, now: MonoTime) {
        let sentence = self.base(key);
        self.tell(Plain::Question, sentence, now);
    }

    /// What the pack says to a question, by the facts that are being talked about where it knows them.
    fn answer(&mut self, name: &str, now: MonoTime) {
        let pack = self.config.pack.clone();
        let facts = match &self.state {
            State::Choosing { offer, .. } => offer.facts.clone(),
            State::ReadBack { facts, .. } => facts.clone(),
            State::Fresh
            | State::Open { .. }
            | State::Proposing(_)
            | State::Asking { .. }
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Planning { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => Record::new(),
        };
        let words = pack.answers.get(name).into_iter().flat_map(|answer| &answer.words);
        let sentence = words.filter_map(|key| self.tongue().words.render(key, &facts)).next();
        let sentence = sentence.unwrap_or_else(|| self.base("lost-for-words"));
        self.tell(Plain::Answer, sentence, now);
    }

    /// Reads the last codes with a word for each letter.
    fn spell(&mut self, now: MonoTime) {
        let spelled: Vec<_> = self.codes.iter().map(|code| spelled(code, self.language)).collect();
        let sentence = self.words_with("spelled", "codes", spelled.join("; "));
        self.tell(Plain::Answer, sentence, now);
    }

    fn repeat(&mut self, before: Vec<Line>, now: MonoTime) {
        if before.is_empty() {
            self.ask(How::Repeat, now);
        }
        for line in before {
            self.say(line, now);
        }
    }
}
