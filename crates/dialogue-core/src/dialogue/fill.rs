//! Inputs of a skill out of words: what was asked for, and another choice than the one read back.

use callwright_model::{MonoTime, Pii, SlotType, Value};

use super::Dialogue;
use super::closing::RATING_MAX;
use super::line::Plain;
use super::memory::Implicit;
use super::state::{How, Proposal, State, Task};
use crate::output::Note;
use crate::slots::{self, Taken};

impl Dialogue {
    /// "No, the later one" at the read-back: bind again with the other option.
    pub(super) fn another_option(&mut self, words: &str, now: MonoTime) -> bool {
        let State::ReadBack { task, .. } = &self.state else { return false };
        let Some(offer) = &task.offer else { return false };
        let Some(number) = slots::choice(words, &offer.options, self.language) else { return false };
        let value = Value::Int(number as i64);
        if task.inputs.get(&offer.input) == Some(&value) {
            return false;
        }
        let (mut task, input) = (task.clone(), offer.input.clone());
        self.filled(&input, &value);
        task.inputs.insert(input, value);
        // A plan once bound is not bent: another choice is another plan.
        task.plan = None;
        self.plan(task, now);
        true
    }

    /// Fills what was asked for from these words and goes on. False when it is not in them.
    pub(super) fn fill(&mut self, words: &str, now: MonoTime) -> bool {
        match &self.state {
            State::Choosing { offer, .. } => slots::choice(words, &offer.options, self.language)
                .is_some_and(|number| self.choose(number, now)),
            State::Asking { task, input } => {
                let Some(spec) = self.config.pack.input(&task.skill, input) else { return false };
                let Some(Taken { value, heard, sure, language }) = self.slot_value(&spec.slot, words, now)
                else {
                    return false;
                };
                // What the caller spelled may be wanted back; digits to be kept secret are not said aloud.
                let code = value.as_text().filter(|_| matches!(spec.slot, SlotType::Code { .. }));
                let code = code.map(str::to_owned);
                let secret = matches!(spec.slot, SlotType::Digits { .. });
                let (mut task, input) = (task.clone(), input.clone());
                let heard: Vec<&str> = words.split_whitespace().take(heard.end).skip(heard.start).collect();
                self.note(Note::Taken {
                    turn: self.turn,
                    input: input.clone(),
                    heard: Pii::new(heard.join(" ")),
                    value: Pii::new(value.written()),
                    sure,
                    language,
                });
                if sure < PLAIN_ENOUGH {
                    let back = Box::new(State::Asking { task, input });
                    self.enter(State::Proposing(Proposal::Answer { value, back }), now);
                    self.ask(How::First, now);
                    return true;
                }
                if let Some(code) = code {
                    self.codes = vec![code];
                }
                self.filled(&input, &value);
                task.last = Some(input.clone());
                if self.half_sure && !secret {
                    self.say_back(&input, &value, now);
                }
                task.inputs.insert(input, value);
                self.take_others(&mut task, words);
                self.plan(task, now);
                true
            }
            State::AskingNumber { .. } => self.take_number(words, now),
            State::AskingTime { .. } => self.take_time(words, now),
            State::Fresh
            | State::Open { .. }
            | State::Proposing(_)
            | State::Planning { .. }
            | State::ReadBack { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => false,
        }
    }

    /// Says what was heard half surely in front of the next question: a no to that takes it back.
    pub(super) fn say_back(&mut self, input: &str, value: &Value, now: MonoTime) {
        let said = self.spoken_value(value);
        let sentence = self.words_with("heard-value", "value", said);
        self.tell(Plain::Progress, sentence, now);
        self.memory.implicit = Some(Implicit::Input(input.to_owned()));
    }

    /// A no to what was said back in the last sentence. False when nothing was.
    pub(super) fn take_back(&mut self, doubted: Option<Implicit>, now: MonoTime) -> bool {
        match (doubted, self.state.task().cloned()) {
            (Some(Implicit::Skill), Some(_)) => self.abandon("rephrase-open", now),
            (Some(Implicit::Input(input)), Some(mut task)) => {
                let value = task.inputs.remove(&input);
                task.wrong.extend(value.map(|value| (input.clone(), value)));
                task.plan = None;
                self.enter(State::Asking { task, input }, now);
                self.ask(How::Rephrase, now);
            }
            (Some(_), None) | (None, _) => return false,
        }
        true
    }

    /// What else is told for a task beside what was asked for.
    fn take_others(&mut self, task: &mut Task, words: &str) -> bool {
        let mentioned = self.mentioned(&task.skill, words);
        let new: Vec<_> = mentioned.into_iter().filter(|(name, _)| !task.inputs.contains_key(name)).collect();
        for (name, value) in &new {
            self.filled(name, value);
            task.inputs.insert(name.clone(), value.clone());
        }
        !new.is_empty()
    }

    /// An answer to a question that is still to come: it is kept, and what was asked for is asked for again.
    pub(super) fn fill_other(&mut self, words: &str, now: MonoTime) -> bool {
        let State::Asking { task, .. } = &self.state else { return false };
        let mut task = task.clone();
        if !self.take_others(&mut task, words) {
            return false;
        }
        self.misses = 0;
        self.plan(task, now);
        true
    }

    /// Takes the option with this number, from 1.
    pub(super) fn choose(&mut self, number: usize, now: MonoTime) -> bool {
        if let State::Proposing(Proposal::Either(tasks)) = &self.state {
            let Some(task) = number.checked_sub(1).and_then(|index| tasks.get(index)).cloned() else {
                return false;
            };
            self.misses = 0;
            self.plan(task, now);
            return true;
        }
        if let State::Proposing(Proposal::Rating) = &self.state {
            let score = u8::try_from(number).ok().filter(|score| (1..=RATING_MAX).contains(score));
            if let Some(score) = score {
                self.rated(score, now);
            }
            return score.is_some();
        }
        if let State::Asking { task, input } = &self.state {
            let Some(SlotType::Choice { of }) =
                self.config.pack.input(&task.skill, input).map(|spec| &spec.slot)
            else {
                return false;
            };
            let Some(value) = number.checked_sub(1).and_then(|index| of.get(index)).cloned() else {
                return false;
            };
            let (mut task, input) = (task.clone(), input.clone());
            self.filled(&input, &Value::Text(value.clone()));
            task.inputs.insert(input, Value::Text(value));
            self.plan(task, now);
            return true;
        }
        let State::Choosing { task, offer } = &self.state else { return false };
        if number == 0 || number > offer.options.len() {
            return false;
        }
        let (mut task, offer) = (task.clone(), offer.clone());
        let value = Value::Int(number as i64);
        self.filled(&offer.input, &value);
        task.inputs.insert(offer.input.clone(), value);
        task.offer = Some(offer);
        self.plan(task, now);
        true
    }

    pub(super) fn filled(&mut self, input: &str, value: &Value) {
        self.misses = 0;
        self.note(Note::Filled { input: input.to_owned(), value: Pii::new(value.written()) });
    }

    pub(super) fn slot_value(&self, slot: &SlotType, words: &str, now: MonoTime) -> Option<Taken> {
        let tongue = self.tongue();
        if let SlotType::Choice { of } = slot {
            let value = slots::closed(words, of, &tongue.choices, self.language)?;
            return Some(Taken::whole(Value::Text(value), words, self.language));
        }
        let now = self.config.clock.map(|clock| clock.now(now));
        slots::value(slot, words, self.language, now)
    }

    /// "No, at four", to the question whether they said three.
    pub(super) fn another_answer(&mut self, words: &str, now: MonoTime) -> bool {
        let State::Proposing(Proposal::Answer { value, back }) = &self.state else { return false };
        let State::Asking { task, input } = &**back else { return false };
        let Some(spec) = self.config.pack.input(&task.skill, input) else { return false };
        // Any word may be a name, "no" among them.
        if matches!(spec.slot, SlotType::Name | SlotType::YesNo) {
            return false;
        }
        let another = self.slot_value(&spec.slot, words, now).filter(|taken| taken.value != *value);
        let back = (**back).clone();
        another.is_some() && {
            self.enter(back, now);
            self.fill(words, now)
        }
    }
}

/// What was read with less is read back before it counts: the words leave open what was meant.
const PLAIN_ENOUGH: f32 = 0.7;
