//! Keys of the telephone: digits of a number, a menu of what was offered, and 0 for a human.

use callwright_model::{Expect, MonoTime, Pii};

use super::Dialogue;
use super::promises::CALL_BACK_KEY;
use super::state::{How, Proposal, State};
use crate::output::TransferReason;
use crate::slots;

/// The longest number that is keyed as an amount.
const KEYS_MAX: usize = 12;

impl Dialogue {
    pub(super) fn key(&mut self, key: char, now: MonoTime) {
        self.overtaken(now);
        self.silences = 0;
        self.quiet_since = now;
        self.half_sure = false;
        if !self.state.waits_for_caller() {
            match (&self.state, key) {
                (State::Planning { .. } | State::Acting { .. }, '0') => {
                    self.hand_over(TransferReason::Asked, now)
                }
                (State::Handover { .. }, CALL_BACK_KEY) if self.config.call_backs.is_some() => {
                    self.stop_waiting(now)
                }
                _ => self.stale("key"),
            }
            return;
        }
        self.bunch.clear();
        match (self.current_expect(), key) {
            (Expect::Code { max, .. } | Expect::Digits { max, .. }, '0'..='9') => {
                self.keys.push(key);
                self.key_at = now;
                if self.keys.len() >= usize::from(max) {
                    self.keys_done(now);
                }
            }
            (Expect::Date | Expect::Time | Expect::Amount, '0'..='9') if self.keys.len() < KEYS_MAX => {
                self.keys.push(key);
                self.key_at = now;
            }
            (
                Expect::Code { .. } | Expect::Digits { .. } | Expect::Date | Expect::Time | Expect::Amount,
                '#',
            ) => self.keys_done(now),
            (
                Expect::Code { .. } | Expect::Digits { .. } | Expect::Date | Expect::Time | Expect::Amount,
                '*',
            ) if !self.keys.is_empty() => {
                self.keys.clear();
                self.ask(How::Repeat, now);
            }
            (_, '*') => self.ask(How::Repeat, now),
            (_, '0') => self.hand_over(TransferReason::Asked, now),
            (Expect::Anything, '1') if matches!(self.state, State::AskingTime { .. }) => self.any_time(now),
            (Expect::YesNo, '1') => self.yes(Pii::new("key 1".to_owned()), now),
            (Expect::YesNo, '2') => self.no(now),
            (Expect::Choice { .. }, '1'..='9') => {
                let number = key.to_digit(10).unwrap_or(0);
                if !self.choose(number as usize, now) {
                    self.ask(How::Rephrase, now);
                }
            }
            _ => self.ask(How::Rephrase, now),
        }
    }

    /// The keys pressed are all that come.
    pub(super) fn keys_done(&mut self, now: MonoTime) {
        let keys = std::mem::take(&mut self.keys);
        let words = match &self.state {
            State::Asking { task, input } => match self.config.pack.input(&task.skill, input) {
                Some(spec) => slots::keyed(&spec.slot, &keys),
                None => None,
            },
            State::Fresh
            | State::Open { .. }
            | State::Proposing(_)
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Planning { .. }
            | State::Choosing { .. }
            | State::ReadBack { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => Some(keys),
        };
        if !words.is_some_and(|words| !words.is_empty() && self.fill(&words, now)) {
            self.not_understood(now);
        }
    }

    /// Yes, in the caller's words or by key, to what the present state asks.
    pub(super) fn yes(&mut self, words: Pii<String>, now: MonoTime) {
        match self.state.clone() {
            State::ReadBack { heard, .. } => self.consent(words, heard, now),
            State::Proposing(_) if self.unheard => self.ask(How::Repeat, now),
            State::Proposing(Proposal::Recording) => self.may_record(true, now),
            State::Proposing(Proposal::Skill(task)) => {
                self.misses = 0;
                self.plan(task, now);
            }
            State::Proposing(Proposal::Answer { value, back }) => self.confirmed(value, *back, now),
            State::Proposing(Proposal::Either(_) | Proposal::Rating) => self.ask(How::Narrow, now),
            State::Proposing(Proposal::Human) => self.hand_over(TransferReason::Failed, now),
            State::Proposing(Proposal::CallBack(reason)) => self.call_back(reason, now),
            State::Proposing(Proposal::Number { reason, number }) => {
                self.number_confirmed(reason, number, now)
            }
            State::Proposing(Proposal::Time { reason, window }) => self.arrange(reason, Some(window), now),
            State::Proposing(Proposal::GoodMoment) => self.talk_as_promised(now),
            State::Asking { .. } => {
                if !self.fill("yes", now) {
                    self.not_understood(now);
                }
            }
            State::Open { .. } => self.tell_question("ask-what", now),
            State::Fresh
            | State::Planning { .. }
            | State::AskingNumber { .. }
            | State::Choosing { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => self.not_understood(now),
            // "Shall we call you?" was asked before; a yes to "when?" means that any time will do.
            State::AskingTime { .. } => self.any_time(now),
        }
    }

    /// No, to what the present state asks.
    pub(super) fn no(&mut self, now: MonoTime) {
        match self.state.clone() {
            State::ReadBack { .. } => self.abandon("not-confirmed", now),
            // A no counts also when not all of the question was heard.
            State::Proposing(Proposal::Recording) => self.may_record(false, now),
            State::Proposing(_) if self.unheard => self.ask(How::Repeat, now),
            State::Proposing(Proposal::Rating) => self.goodbye("farewell", now),
            State::Proposing(Proposal::Skill(_) | Proposal::Either(_)) => {
                self.misses = self.misses.saturating_add(1);
                self.abandon("rephrase-open", now);
            }
            State::Proposing(Proposal::Answer { back, .. }) => {
                self.enter(*back, now);
                self.not_understood(now);
            }
            State::Proposing(Proposal::Human) => self.abandon("go-on", now),
            State::Proposing(Proposal::CallBack(_)) => self.back_to_agent("go-on", now),
            State::Proposing(Proposal::Number { reason, .. }) => {
                self.enter(State::AskingNumber { reason }, now);
                self.not_understood(now);
            }
            State::Proposing(Proposal::Time { reason, .. }) => {
                self.enter(State::AskingTime { reason }, now);
                self.not_understood(now);
            }
            State::Proposing(Proposal::GoodMoment) => self.another_moment(now),
            State::Asking { .. } => {
                if !self.fill("no", now) {
                    self.not_understood(now);
                }
            }
            State::Open { .. } => self.take_leave(now),
            // Who gives no number does not want to be called.
            State::AskingNumber { .. } | State::AskingTime { .. } => self.back_to_agent("go-on", now),
            State::Fresh
            | State::Planning { .. }
            | State::Choosing { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => self.not_understood(now),
        }
    }
}
