//! What a transaction is to write, worked out in memory from how things stand: a handful of statements writes all of it, however many
//! plans share it.

use std::collections::BTreeMap;

use callwright_model::PlanId;
use callwright_plan_core::{
    Entry, Event, Explained, Hash, Head, Plan, Sealed, SealedPlan, Trail, Written, is_finished,
};

use super::super::owned::Owners;
use super::super::{JournalError, Token, unix_ms};
use crate::lot;
use crate::tally::Charge;

/// How a plan stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tail {
    /// The core that carries it out.
    pub(super) owner: String,
    /// Its fencing token.
    pub(super) token: Token,
    /// The number of its last event.
    pub(super) number: u64,
    /// The hash of that.
    pub(super) hash: Hash,
}

/// A transaction in the making, for a core.
pub(super) struct Batch<'c> {
    core: &'c str,
    head: Head,
    tails: BTreeMap<String, Tail>,
    pub(super) plans: Vec<SealedPlan>,
    pub(super) entries: Vec<Sealed>,
    /// Whose the plans are, each with the place of its first event.
    pub(super) owners: Vec<(String, Owners, u64)>,
    /// Plans that end with it.
    pub(super) finished: Vec<String>,
}

impl<'c> Batch<'c> {
    /// One that follows `head`, about plans that stand so.
    pub(super) fn new(core: &'c str, head: Head, tails: BTreeMap<String, Tail>) -> Self {
        let (plans, entries, owners, finished) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { core, head, tails, plans, entries, owners, finished }
    }

    /// The core that it is for.
    pub(super) fn core(&self) -> &'c str {
        self.core
    }

    /// A plan and its first event. It belongs to the core from then on.
    pub(super) fn begin(&mut self, plan: &Plan, trail: &Trail, event: Event) -> Result<Entry, JournalError> {
        if self.tails.contains_key(&plan.id.0) {
            return Err(JournalError::Conflict);
        }
        let text = serde_json::to_string(plan).map_err(unwritable)?;
        let trail = serde_json::to_string(trail).map_err(unwritable)?;
        let sealed = SealedPlan { id: plan.id.0.clone(), text, trail, salt: lot::salt(), finished: false };
        let tail = Tail { owner: self.core.to_owned(), token: Token::FIRST, number: 0, hash: sealed.hash() };
        self.tails.insert(plan.id.0.clone(), tail);
        self.plans.push(sealed);
        let entry = self.event(&plan.id.0, event)?;
        self.owners.push((plan.id.0.clone(), Owners::of(plan), self.head.place));
        Ok(entry)
    }

    /// Events that follow each other, the first at this place; once their plan is charged, where it is to be.
    pub(super) fn append(
        &mut self,
        plan: &PlanId,
        token: Option<Token>,
        number: u64,
        events: Vec<Event>,
        charge: Option<&Charge>,
    ) -> Result<Vec<Entry>, JournalError> {
        let tail = self.tails.get(&plan.0).ok_or(JournalError::Conflict)?;
        if token.is_some_and(|token| tail.owner != self.core || tail.token != token) {
            return Err(JournalError::Stale);
        }
        if tail.number.checked_add(1) != Some(number) {
            return Err(JournalError::Conflict);
        }
        charge.map_or(Ok(()), Charge::make)?;
        events.into_iter().map(|event| self.event(&plan.0, event)).collect()
    }

    /// That something will not be done, and why.
    pub(super) fn refuse(&mut self, plan: &PlanId, story: Explained) {
        // Postgres keeps no zero byte in a text; in JSON it is written with other letters.
        let what = Written::Refusal { text: story.text.replace('\0', " "), json: story.json };
        self.write(Sealed::after(self.head, plan.0.clone(), unix_ms(), lot::salt(), what));
    }

    fn event(&mut self, plan: &str, event: Event) -> Result<Entry, JournalError> {
        let text = serde_json::to_string(&event).map_err(unwritable)?;
        let tail = self.tails.get_mut(plan).ok_or(JournalError::Conflict)?;
        let (number, unix_ms) = (tail.number + 1, unix_ms());
        let what = Written::Event { number, before_in_plan: tail.hash, text };
        let entry = Sealed::after(self.head, plan.to_owned(), unix_ms, lot::salt(), what);
        (tail.number, tail.hash) = (number, entry.hash);
        self.write(entry);
        if is_finished(std::slice::from_ref(&event)) {
            self.finished.push(plan.to_owned());
        }
        Ok(Entry { number, unix_ms, event })
    }

    fn write(&mut self, entry: Sealed) {
        self.head = entry.head();
        self.entries.push(entry);
    }
}

fn unwritable(error: serde_json::Error) -> JournalError {
    JournalError::Database(error.to_string())
}
