//! Writing, each entry with its place in the chain.

use callwright_model::PlanId;
use callwright_plan_core::{
    Entry, Event, Explained, Hash, Head, Plan, Sealed, SealedPlan, Trail, Written, is_finished,
};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{JournalError, database, owned, unix_ms};
use crate::lot;

/// A transaction and the head of the chain in it. What is not committed is no part of the chain.
pub(super) struct Chained<'t> {
    transaction: &'t Transaction<'t>,
    head: Head,
}

impl<'t> Chained<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>, head: Head) -> Self {
        Self { transaction, head }
    }

    pub(super) fn transaction(&self) -> &'t Transaction<'t> {
        self.transaction
    }

    /// Writes down a plan and its first event.
    pub(super) fn begin(&mut self, bound: &Plan, trail: &Trail, event: Event) -> Result<Entry, JournalError> {
        let text = serde_json::to_string(bound).map_err(unwritable)?;
        let trail = serde_json::to_string(trail).map_err(unwritable)?;
        let plan = SealedPlan { id: bound.id.0.clone(), text, trail, salt: lot::salt(), finished: false };
        self.plan(&plan)?;
        let entry = self.event(&plan.id, 1, plan.hash(), event)?;
        owned::keep(self.transaction, bound, self.head.place).map_err(database)?;
        Ok(entry)
    }

    /// Writes down events that follow each other, the first at this place. When that is taken none is written: where one is free, so
    /// are those behind it.
    pub(super) fn append(
        &mut self,
        plan: &PlanId,
        number: u64,
        events: Vec<Event>,
    ) -> Result<Vec<Entry>, JournalError> {
        let before = i64::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let before = self
            .transaction
            .prepare_cached("SELECT hash FROM events WHERE plan = ?1 AND number = ?2")
            .and_then(|mut select| {
                select.query_row(params![plan.0, before], |row| row.get::<_, Vec<u8>>(0)).optional()
            })
            .map_err(database)?;
        // Nothing stands before this place, so it is not the next one.
        let mut before = Hash::stored(&before.ok_or(JournalError::Conflict)?);
        let mut entries = Vec::with_capacity(events.len());
        for (number, event) in (number..).zip(events) {
            entries.push(self.event(&plan.0, number, before, event)?);
            before = self.head.hash;
        }
        Ok(entries)
    }

    /// Writes down that something will not be done, and why.
    pub(super) fn refuse(&mut self, plan: &PlanId, story: Explained) -> Result<(), JournalError> {
        let what = Written::Refusal { text: story.text, json: story.json };
        self.write(Sealed::after(self.head, plan.0.clone(), unix_ms(), lot::salt(), what))
    }

    /// Keeps a plan. It is in the chain once its first event is.
    pub(super) fn plan(&self, plan: &SealedPlan) -> Result<(), JournalError> {
        self.transaction
            .prepare_cached("INSERT INTO plans (id, salt, plan, trail, finished) VALUES (?1, ?2, ?3, ?4, ?5)")
            .and_then(|mut insert| {
                insert.execute(params![plan.id, plan.salt, plan.text, plan.trail, plan.finished])
            })
            .map_err(database)?;
        Ok(())
    }

    fn event(
        &mut self,
        plan: &str,
        number: u64,
        before_in_plan: Hash,
        event: Event,
    ) -> Result<Entry, JournalError> {
        let text = serde_json::to_string(&event).map_err(unwritable)?;
        let unix_ms = unix_ms();
        let what = Written::Event { number, before_in_plan, text };
        self.write(Sealed::after(self.head, plan.to_owned(), unix_ms, lot::salt(), what))?;
        if is_finished(std::slice::from_ref(&event)) {
            self.transaction
                .prepare_cached("UPDATE plans SET finished = 1 WHERE id = ?1")
                .and_then(|mut update| update.execute([plan]))
                .map_err(database)?;
        }
        Ok(Entry { number, unix_ms, event })
    }

    /// Writes an entry. The head moves on only once it stands there.
    pub(super) fn write(&mut self, entry: Sealed) -> Result<(), JournalError> {
        let (place, time) = (entry.place.cast_signed(), entry.unix_ms.cast_signed());
        let (before, hash) = (entry.before.bytes(), entry.hash.bytes());
        let written = match &entry.what {
            Written::Event { number, before_in_plan, text } => self
                .transaction
                .prepare_cached(
                    "INSERT INTO events (place, plan, number, unix_ms, salt, event, before_in_plan, before, hash)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )
                .and_then(|mut insert| {
                    let (number, in_plan) = (number.cast_signed(), before_in_plan.bytes());
                    insert.execute(params![
                        place, entry.plan, number, time, entry.salt, text, in_plan, before, hash
                    ])
                }),
            Written::Refusal { text, json } => self
                .transaction
                .prepare_cached(
                    "INSERT INTO refusals (place, plan, unix_ms, salt, text, json, before, hash)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )
                .and_then(|mut insert| {
                    insert.execute(params![place, entry.plan, time, entry.salt, text, json, before, hash])
                }),
        };
        written.map_err(database)?;
        self.head = entry.head();
        Ok(())
    }

    /// The head as it stands.
    pub(super) fn head(&self) -> Head {
        self.head
    }
}

fn unwritable(error: serde_json::Error) -> JournalError {
    JournalError::Database(error.to_string())
}
