//! One human as the queue knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use callwright_model::{CallId, Language, MonoTime};

use super::Wish;
use super::hours::Hours;

/// A human who can be rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Human {
    /// The lines whose callers they take, each with their rank there: lower ranks are rung first.
    pub serves: BTreeMap<usize, u32>,
    /// What they can do.
    pub skills: BTreeSet<String>,
    /// What they speak. Empty: whatever the line speaks.
    pub languages: Vec<Language>,
    /// When they work.
    pub hours: Hours,
    /// What they need after a call before the next.
    pub wrap_up: Duration,
    /// Calls at one time. One for a person; more for an address behind which several sit.
    pub calls: usize,
}

/// What a human is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// They would be rung.
    Free,
    /// Their phone rings, or they are being asked.
    Rung,
    /// They talk.
    Talking,
    /// They write up the call before.
    WrapUp,
    /// It is not their working time.
    Closed,
    /// They have said that they take no calls.
    Paused,
    /// None of their phones can be reached.
    Unreachable,
}

/// What is known of a human's telephones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phones {
    /// One at least can be reached.
    Free,
    /// They can be, and their owner is in another call.
    Busy,
    /// None can be reached.
    Away,
}

/// A human with all that changes.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) human: Human,
    pub(super) paused: bool,
    pub(super) phones: Phones,
    /// Callers they are reserved for or talk with, and since when they talk.
    pub(super) with: BTreeMap<CallId, Option<MonoTime>>,
    pub(super) idle_since: MonoTime,
    pub(super) wrap_up_until: MonoTime,
}

impl Person {
    pub(super) fn new(human: Human, now: MonoTime) -> Self {
        Self {
            human,
            paused: false,
            phones: Phones::Free,
            with: BTreeMap::new(),
            idle_since: now,
            wrap_up_until: now,
        }
    }

    /// Whether they are one whom a caller may be given to at some time.
    pub(super) fn fits(&self, wish: &Wish, by_language: bool) -> bool {
        self.human.serves.contains_key(&wish.line)
            && wish.skills.is_subset(&self.human.skills)
            && (!by_language || self.speaks(wish.language))
    }

    pub(super) fn speaks(&self, language: Language) -> bool {
        self.human.languages.is_empty() || self.human.languages.contains(&language)
    }

    pub(super) fn doing(&self, unix_ms: u64, now: MonoTime) -> Doing {
        if self.with.len() >= self.human.calls {
            return if self.with.values().any(Option::is_some) { Doing::Talking } else { Doing::Rung };
        }
        if self.paused {
            Doing::Paused
        } else if self.phones == Phones::Away {
            Doing::Unreachable
        } else if !self.human.hours.is_open(unix_ms) {
            Doing::Closed
        } else if self.phones == Phones::Busy {
            Doing::Talking
        } else if now < self.wrap_up_until {
            Doing::WrapUp
        } else {
            Doing::Free
        }
    }
}
