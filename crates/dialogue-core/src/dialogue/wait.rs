//! Time: every timer, silence, what was played, and what is still owed to the caller.

use std::time::Duration;

use callwright_model::{MonoTime, Record, SayId};

use super::Dialogue;
use super::line::Plain;
use super::state::{How, Pending, Proposal, State};
use crate::output::{Played, SayKind, Timer, TransferResult};
use crate::pack::doing_key;
use crate::words::Sentence;

/// How much more patient the dialogue's own silence timer is than the leg's, which measures at the ear.
const SPARE: Duration = Duration::from_millis(1_500);

/// How long after a sound without words the caller is told that nothing was understood, and after a "hold on" that we wait. A
/// cough, a sneeze or a word to somebody else wants no answer, and whoever meant something says it again within two seconds.
const BLANK: Duration = Duration::from_millis(2_700);

/// A question of which less than this was heard is asked again rather than counted as misunderstood.
const QUESTION_HEARD: f32 = 0.3;

impl Dialogue {
    pub(super) fn next_timer(&self) -> Option<(MonoTime, Timer)> {
        // It is shorter than any other patience, and what comes of it decides which of those is next.
        if let Some(waiting) = &self.interpreting {
            return Some((waiting.until, Timer::Interpretation));
        }
        let limits = &self.config.limits;
        let speaking = self.speaking.map(|(_, since)| (since + limits.speaking, Timer::Speaking));
        // A comment while the caller speaks would be dropped; their words come first, or the timer above.
        let quiet = |at: MonoTime, timer| self.speaking.is_none().then_some((at, timer));
        let timers = match &self.state {
            State::Fresh | State::WithHuman | State::Ended => return None,
            State::Planning { since, comfort, .. } => {
                let plan = Some((*since + limits.planning, Timer::Plan));
                let recall = self.journey.waits_until().map(|until| (until, Timer::Recall));
                [speaking, quiet(*comfort, Timer::Progress), recall.into_iter().chain(plan).min()]
            }
            State::Arranging { since, comfort, .. } => {
                [speaking, quiet(*comfort, Timer::Progress), Some((*since + limits.planning, Timer::Plan))]
            }
            State::Acting { since, comfort } => {
                [speaking, quiet(*comfort, Timer::Progress), Some((*since + limits.acting, Timer::Plan))]
            }
            State::Handover { since, .. } => {
                [speaking, None, Some((*since + limits.transfer, Timer::Transfer))]
            }
            State::Open { .. }
            | State::Proposing(_)
            | State::Asking { .. }
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Choosing { .. }
            | State::ReadBack { .. } => {
                let digits =
                    (!self.keys.is_empty()).then_some((self.key_at + limits.digit_gap, Timer::Digits));
                [speaking, digits, quiet(self.silent_at(), Timer::Silence)]
            }
        };
        timers.into_iter().flatten().min()
    }

    /// When the caller will have been silent for too long.
    fn silent_at(&self) -> MonoTime {
        if let Some(since) = self.held {
            return since + self.config.limits.hold;
        }
        let since =
            if self.said.is_empty() { self.quiet_since } else { self.quiet_since.max(self.voice_until) };
        if self.pending != Pending::Nothing {
            return since + BLANK;
        }
        if self.owed.is_empty() && !self.unheard {
            since + self.config.limits.silence + SPARE
        } else {
            since + SPARE
        }
    }

    pub(super) fn expire(&mut self, timer: Timer, now: MonoTime) {
        match timer {
            Timer::Silence => self.silent(now),
            Timer::Speaking => {
                self.speaking = None;
                self.quiet_since = now;
                self.bunch.clear();
                self.catch_up(now);
                if self.bunch.is_empty() {
                    self.ask(How::Repeat, now);
                }
            }
            Timer::Digits => self.keys_done(now),
            Timer::Interpretation => self.not_interpreted(now),
            Timer::Progress => self.comfort(now),
            Timer::Plan => self.core_gone(now),
            Timer::Recall => self.not_recalled(now),
            Timer::Transfer => self.transferred(TransferResult::NoAnswer, now),
        }
    }

    fn comfort(&mut self, now: MonoTime) {
        let next = now + self.config.limits.progress_again;
        let key = match &mut self.state {
            State::Planning { since, comfort, .. }
            | State::Acting { since, comfort }
            | State::Arranging { since, comfort, .. } => {
                *comfort = next;
                let first = now.since(*since) < self.config.limits.progress * 2;
                if first { "progress" } else { "progress-again" }
            }
            State::Fresh
            | State::Open { .. }
            | State::Proposing(_)
            | State::Asking { .. }
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Choosing { .. }
            | State::ReadBack { .. }
            | State::Handover { .. }
            | State::WithHuman
            | State::Ended => return,
        };
        let sentence = self.doing().unwrap_or_else(|| self.base(key));
        self.tell(Plain::Progress, sentence, now);
    }

    /// What is being done, in the pack's words for the action; told once of each.
    fn doing(&mut self) -> Option<Sentence> {
        let work = self.work.as_mut().filter(|_| matches!(self.state, State::Acting { .. }))?;
        let action = work.doing.take()?;
        self.tongue().words.render(&doing_key(&action), &Record::new())
    }

    /// Nobody has said anything for too long.
    pub(super) fn silent(&mut self, now: MonoTime) {
        if !self.state.waits_for_caller() || self.speaking.is_some() {
            return;
        }
        if self.held.take().is_some() {
            return self.goodbye("farewell-silence", now);
        }
        self.said.clear();
        self.quiet_since = now;
        self.voice_until = now;
        if self.owed.is_empty() {
            match std::mem::replace(&mut self.pending, Pending::Nothing) {
                Pending::Nothing => {}
                Pending::NotUnderstood => {
                    self.bunch.clear();
                    return self.not_understood(now);
                }
                Pending::Again => return self.ask(How::Repeat, now),
                Pending::TakeYourTime => {
                    let sentence = self.base("take-your-time");
                    return self.tell(Plain::Prompt, sentence, now);
                }
            }
        }
        if matches!(self.state, State::Proposing(Proposal::Rating)) && !self.unheard {
            return self.goodbye("farewell", now);
        }
        if matches!(self.state, State::Proposing(Proposal::Recording)) && !self.unheard {
            return self.may_record(false, now);
        }
        if self.silences >= self.config.limits.silences {
            self.goodbye("farewell-silence", now);
            return;
        }
        self.silences += 1;
        if !self.owed.is_empty() || self.unheard {
            self.catch_up(now);
            return;
        }
        let key = if self.silences == 1 { "still-there" } else { "still-there-again" };
        let sentence = self.base(key);
        self.tell(Plain::Prompt, sentence, now);
        if self.silences > 1 {
            self.ask(How::Repeat, now);
        }
    }

    pub(super) fn played(&mut self, id: SayId, played: Played, now: MonoTime) {
        let Some(index) = self.said.iter().position(|said| said.id == id) else {
            return;
        };
        let said = self.said.remove(index);
        let share = if played.complete { 1.0 } else { played.share.clamp(0.0, 1.0) };
        if self.said.is_empty() {
            self.voice_until = now;
        }
        self.quiet_since = now;
        if let State::ReadBack { say, heard, .. } = &mut self.state
            && *say == Some(id)
        {
            *heard = share;
        }
        if share >= self.config.limits.read_back_heard {
            self.outcome_heard(&said.line);
        }
        if !self.active() {
            // A claim stays owed while a human has the caller: it is said should they come back.
            if said.line.kind() == SayKind::Claim && share < self.config.limits.read_back_heard {
                self.not_heard(said.line);
            }
            return;
        }
        let enough = match said.line.kind() {
            SayKind::Claim | SayKind::Answer | SayKind::Apology | SayKind::Handover => {
                share >= self.config.limits.read_back_heard
            }
            SayKind::Greeting | SayKind::Question | SayKind::ReadBack => {
                share >= QUESTION_HEARD || id < self.asked_from
            }
            SayKind::Progress | SayKind::Prompt | SayKind::Farewell => true,
        };
        let question = matches!(said.line.kind(), SayKind::Greeting | SayKind::Question | SayKind::ReadBack);
        self.cut |= question && !played.complete && share > 0.0 && id >= self.asked_from;
        if !enough {
            self.not_heard(said.line);
        }
    }

    /// Says what could not be heard while the caller spoke.
    pub(super) fn catch_up(&mut self, now: MonoTime) {
        self.pay_owed(now);
        if self.unheard && self.state.waits_for_caller() {
            self.ask(How::Repeat, now);
        }
    }

    pub(super) fn pay_owed(&mut self, now: MonoTime) {
        for line in std::mem::take(&mut self.owed) {
            self.say(line, now);
        }
    }
}
