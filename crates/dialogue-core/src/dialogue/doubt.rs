//! Words that were heard in doubt or not understood: read back, asked for again in other words, and given up on.

use callwright_model::{MonoTime, SlotType, Value};

use super::Dialogue;
use super::state::{How, Proposal, State};
use crate::output::{Note, TransferReason};
use crate::slots;
use crate::understand::Intent;

impl Dialogue {
    /// Words that the recogniser is not sure of are never acted on. When they make sense they are read back, else the question is
    /// asked in other words.
    pub(super) fn doubt(&mut self, words: &str, now: MonoTime) {
        // A telephone number is read back in any case.
        if self.take_number(words, now) {
            return;
        }
        let value = match &self.state {
            State::Asking { task, input } => match self.config.pack.input(&task.skill, input) {
                // Digits are most often secret: nothing to say aloud.
                Some(spec) if !matches!(spec.slot, SlotType::Digits { .. }) => {
                    self.slot_value(&spec.slot, words, now).map(|taken| taken.value)
                }
                Some(_) | None => None,
            },
            State::Choosing { offer, .. } => {
                slots::choice(words, &offer.options, self.language).map(|number| Value::Int(number as i64))
            }
            State::Open { .. } => match self.tongue().interpreter.read(words).clear() {
                Some(Intent::Skill(skill)) => {
                    let task = self.new_task(&skill.clone(), words);
                    self.enter(State::Proposing(Proposal::Skill(task)), now);
                    return self.ask(How::First, now);
                }
                Some(_) | None => None,
            },
            // A doubtful yes or no is best asked for again, in words that are hard to mishear.
            State::Proposing(_)
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::ReadBack { .. }
            | State::Fresh
            | State::Planning { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => None,
        };
        let Some(value) = value else { return self.not_understood(now) };
        let back = Box::new(self.take_state());
        self.enter(State::Proposing(Proposal::Answer { value, back }), now);
        self.ask(How::First, now);
    }

    /// The caller has confirmed what was heard in doubt.
    pub(super) fn confirmed(&mut self, value: Value, back: State, now: MonoTime) {
        self.enter(back, now);
        match (&self.state, &value) {
            (State::Choosing { .. }, Value::Int(number)) => {
                if !usize::try_from(*number).is_ok_and(|number| self.choose(number, now)) {
                    self.not_understood(now);
                }
            }
            (State::Asking { task, input }, _) => {
                let (mut task, input) = (task.clone(), input.clone());
                self.filled(&input, &value);
                task.inputs.insert(input, value);
                self.plan(task, now);
            }
            _ => self.not_understood(now),
        }
    }

    /// Nothing could be made of it. What was not even heard is asked again; else other words, then other ways, then a human.
    pub(super) fn not_understood(&mut self, now: MonoTime) {
        if self.unheard {
            self.ask(How::Repeat, now);
            return;
        }
        self.misses = self.misses.saturating_add(1);
        self.note(Note::NotUnderstood { turn: self.turn, count: self.misses });
        if self.misses > 1 && matches!(self.state, State::Proposing(Proposal::Rating)) {
            return self.goodbye("farewell", now);
        }
        if self.misses > 1 && matches!(self.state, State::Proposing(Proposal::Recording)) {
            return self.may_record(false, now);
        }
        self.missed = self.missed.saturating_add(1);
        if self.config.pack.handover.is_lost(self.misses, self.missed, self.record.asked.as_deref()) {
            (self.misses, self.missed) = (0, 0);
            // Who offers a call back has looked for a human before.
            return match &self.state {
                State::Proposing(Proposal::CallBack(_)) if self.gone_on => self.goodbye("farewell", now),
                // Neither a yes nor a no: on a bad line nobody is hung up on for that, but it must end some time.
                State::Proposing(Proposal::CallBack(_)) => {
                    self.gone_on = true;
                    self.back_to_agent("rephrase-open", now)
                }
                State::AskingNumber { .. }
                | State::AskingTime { .. }
                | State::Proposing(Proposal::Number { .. } | Proposal::Time { .. }) => self.no_call_back(now),
                State::Fresh
                | State::Open { .. }
                | State::Proposing(_)
                | State::Asking { .. }
                | State::Planning { .. }
                | State::Choosing { .. }
                | State::ReadBack { .. }
                | State::Acting { .. }
                | State::Handover { .. }
                | State::Arranging { .. }
                | State::WithHuman
                | State::Ended => self.hand_over(TransferReason::Misunderstood, now),
            };
        }
        let how = if self.misses == 1 { How::Rephrase } else { How::Narrow };
        self.ask(how, now);
    }
}
