//! Calls back at a promised time: asking when, reading it back, promising it once it is kept; and the call that keeps it.

use callwright_model::{MonoTime, Record, Value};
use chrono::Days;

use super::Dialogue;
use super::state::{How, Proposal, State};
use crate::call_back::{Wanted, Window};
use crate::call_time;
use crate::output::{Output, TransferReason};
use crate::slots::{self, YesNo};
use crate::words::Sentence;

impl Dialogue {
    /// The first words of a call that the agent makes: why it calls, and whether they can talk.
    pub(super) fn greet_called(&mut self, now: MonoTime) {
        self.enter(State::Proposing(Proposal::GoodMoment), now);
        self.ask(How::First, now);
    }

    /// They can talk: somebody is looked for at once.
    pub(super) fn talk_as_promised(&mut self, now: MonoTime) {
        self.misses = 0;
        self.hand_over(TransferReason::Asked, now);
    }

    /// They cannot talk just now.
    pub(super) fn another_moment(&mut self, now: MonoTime) {
        self.misses = 0;
        if self.config.call_backs.is_none() {
            return self.goodbye("farewell", now);
        }
        self.call_back(TransferReason::Asked, now);
    }

    /// Whoever waits for a human and says that they would rather be called is asked when. False when these words do not say so.
    pub(super) fn rather_called(&mut self, words: &str, now: MonoTime) -> bool {
        let waits = matches!(self.state, State::Handover { .. }) && self.config.call_backs.is_some();
        if !waits || !call_time::wants_call(words, self.language) {
            return false;
        }
        self.stop_waiting(now);
        true
    }

    /// Nobody is looked for any more.
    pub(super) fn stop_waiting(&mut self, now: MonoTime) {
        let State::Handover { reason, .. } = self.state else { return };
        self.outputs.push_back(Output::Unwanted);
        self.call_back(reason, now);
    }

    /// Whom to call is known. When is asked, if a time can be promised.
    pub(super) fn when_or_arrange(&mut self, reason: TransferReason, now: MonoTime) {
        // When somebody will have approved nobody can promise.
        if reason == TransferReason::Approval || self.window(Wanted::Soon, now).is_none() {
            return self.arrange(reason, None, now);
        }
        self.misses = 0;
        self.enter(State::AskingTime { reason }, now);
        self.ask(How::First, now);
    }

    /// Reads back when they want to be called, or when somebody is there next. False when the words tell no time, or none is asked for.
    pub(super) fn take_time(&mut self, words: &str, now: MonoTime) -> bool {
        let reason = match &self.state {
            State::AskingTime { reason } | State::Proposing(Proposal::Time { reason, .. }) => *reason,
            // Whoever has no number that can be called is asked for that first.
            State::Proposing(Proposal::CallBack(reason))
                if self.number().is_some() && *reason != TransferReason::Approval =>
            {
                *reason
            }
            State::Proposing(Proposal::GoodMoment) => TransferReason::Asked,
            State::Fresh
            | State::Open { .. }
            | State::Proposing(_)
            | State::Asking { .. }
            | State::AskingNumber { .. }
            | State::Planning { .. }
            | State::Choosing { .. }
            | State::ReadBack { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => return false,
        };
        let Some(call_backs) = &self.config.call_backs else { return false };
        let local = call_backs.clock.now(now);
        let Some(wanted) = call_time::wanted(words, self.language, local) else { return false };
        let other = match (wanted, slots::yes_no(words, self.language)) {
            // "No, not now", and "yes, now is good".
            (Wanted::Soon, Some(YesNo::No)) => true,
            (Wanted::Soon, Some(YesNo::Yes)) => matches!(self.state, State::Proposing(Proposal::Time { .. })),
            (Wanted::Soon, None) => false,
            (Wanted::From(_) | Wanted::Between(..), _) => false,
        };
        if other || wanted == Wanted::Soon && matches!(self.state, State::Proposing(Proposal::GoodMoment)) {
            return false;
        }
        let Some(window) = self.window(wanted, now) else { return false };
        self.misses = 0;
        self.enter(State::Proposing(Proposal::Time { reason, window }), now);
        self.ask(How::First, now);
        true
    }

    /// They leave the time to us.
    pub(super) fn any_time(&mut self, now: MonoTime) {
        let State::AskingTime { reason } = self.state else { return };
        match self.window(Wanted::Soon, now) {
            Some(window) => {
                self.enter(State::Proposing(Proposal::Time { reason, window }), now);
                self.ask(How::First, now);
            }
            None => self.arrange(reason, None, now),
        }
    }

    fn window(&self, wanted: Wanted, now: MonoTime) -> Option<Window> {
        self.config.call_backs.as_ref().and_then(|call_backs| call_backs.window(wanted, now))
    }

    /// Has it kept; nothing is promised before it is.
    pub(super) fn arrange(&mut self, reason: TransferReason, window: Option<Window>, now: MonoTime) {
        let Some(number) = self.number() else { return self.call_back(reason, now) };
        let briefing = self.brief(Some(reason), self.config.human_language);
        self.outputs.push_back(Output::CallBack { number, briefing, window });
        let comfort = now + self.config.limits.progress;
        self.enter(State::Arranging { since: now, comfort, window }, now);
    }

    /// It is kept.
    pub(super) fn promised(&mut self, window: Window, now: MonoTime) {
        let sentence = self.words_with("call-back-promised", "when", self.spoken_window(window, now));
        self.goodbye_with(sentence, now);
    }

    pub(super) fn time_question(&self, how: How) -> Sentence {
        match how {
            How::First | How::Repeat => self.base("ask-call-time"),
            How::Rephrase | How::Narrow => self.base("ask-call-time-again"),
        }
    }

    /// "Tomorrow between nine and half past nine."
    pub(super) fn spoken_window(&self, window: Window, now: MonoTime) -> String {
        let Some(call_backs) = &self.config.call_backs else { return String::new() };
        let [from, to] = [window.from_unix_ms, window.to_unix_ms].map(|at| call_backs.clock.local(at));
        let today = call_backs.clock.now(now).date();
        let facts = Record::from([
            ("from".to_owned(), Value::Time(from.format("%Y-%m-%dT%H:%M").to_string())),
            ("to".to_owned(), Value::Time(to.format("%Y-%m-%dT%H:%M").to_string())),
            ("day".to_owned(), Value::Date(from.format("%Y-%m-%d").to_string())),
        ]);
        let key = if from.date() == today {
            "call-time-today"
        } else if today.checked_add_days(Days::new(1)) == Some(from.date()) {
            "call-time-tomorrow"
        } else {
            "call-time-on"
        };
        self.words(key, &facts).text
    }
}

/// What whoever waits for a human presses to be called back instead; the prompt on hold names it.
pub(super) const CALL_BACK_KEY: char = '1';
