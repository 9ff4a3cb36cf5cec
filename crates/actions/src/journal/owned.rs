//! Whose plans are whose, for who asks by their owner: a row for each plan and each thing that its caller has proved to own, under the name
//! of that journey. The name is a hash in which the journal's origin is, so that the table tells nothing by itself; and who erases a plan
//! erases its rows.
//!
//! Beside it stands when the caller heard how the plan ended. It is no part of the chain: whoever changes it makes somebody hear a thing
//! twice, or not.

use std::collections::BTreeSet;

use callwright_model::PlanId;
use callwright_plan_core::{Origin, Plan};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Deserialize;

use super::schema::origin;
use super::{JournalError, Past, Whose, database, read, unix_ms};

/// A plan, as far as its owners are asked about.
#[derive(Debug, Deserialize)]
pub(super) struct Owners {
    pack: String,
    verified: BTreeSet<String>,
}

impl Owners {
    pub(super) fn of(plan: &Plan) -> Self {
        Self { pack: plan.pack.clone(), verified: plan.verified.clone() }
    }

    /// The names of the journeys that the plan is a part of.
    pub(super) fn journeys(&self, origin: &Origin) -> Vec<Vec<u8>> {
        self.verified.iter().map(|owned| origin.journey(&self.pack, owned).bytes().to_vec()).collect()
    }
}

impl Whose {
    /// The names of their journeys.
    pub(super) fn journeys(&self, origin: &Origin) -> Vec<Vec<u8>> {
        self.identities.iter().map(|owned| origin.journey(&self.pack, owned).bytes().to_vec()).collect()
    }
}

/// Keeps whose a plan is, which begins at a place of the chain.
pub(super) fn keep(transaction: &Transaction<'_>, plan: &Plan, place: u64) -> rusqlite::Result<()> {
    if plan.verified.is_empty() {
        return Ok(());
    }
    let origin = origin(transaction)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let mut insert = transaction.prepare_cached(INSERT)?;
    for journey in Owners::of(plan).journeys(&origin) {
        insert.execute(params![journey, place.cast_signed(), plan.id.0, None::<i64>])?;
    }
    Ok(())
}

/// Forgets whose a plan was. Its text is still there.
pub(super) fn forget(transaction: &Transaction<'_>, plan: &PlanId, text: &str) -> rusqlite::Result<()> {
    let Ok(owners) = serde_json::from_str::<Owners>(text) else { return Ok(()) };
    let origin = origin(transaction)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let mut delete = transaction.prepare_cached("DELETE FROM owned WHERE journey = ?1 AND plan = ?2")?;
    for journey in owners.journeys(&origin) {
        delete.execute(params![journey, plan.0])?;
    }
    Ok(())
}

/// Plans of somebody, the newest first.
pub(super) fn of(transaction: &Transaction<'_>, whose: &Whose) -> Result<Vec<Past>, JournalError> {
    let origin = origin(transaction).map_err(database)?.ok_or(JournalError::Foreign)?;
    let mut select = transaction.prepare_cached(NEWEST).map_err(database)?;
    let mut found: Vec<(i64, String, bool)> = Vec::new();
    for journey in whose.journeys(&origin) {
        let most = i64::try_from(whose.most).unwrap_or(i64::MAX);
        let rows = select.query_map(params![journey, most], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?.is_some()))
        });
        found.extend(rows.and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>).map_err(database)?);
    }
    let mut past = Vec::new();
    for (plan, heard) in whose.newest(found) {
        if let Some(story) = read::load(transaction, &plan)? {
            past.push(Past { story, heard });
        }
    }
    Ok(past)
}

/// Marks that the caller has heard how a plan ended; `false` when there is no such plan. The first mark stays.
pub(super) fn heard(transaction: &Transaction<'_>, plan: &PlanId) -> Result<bool, JournalError> {
    let text: Option<String> = transaction
        .prepare_cached("SELECT plan FROM plans WHERE id = ?1 AND plan <> ''")
        .and_then(|mut select| select.query_row([&plan.0], |row| row.get(0)).optional())
        .map_err(database)?;
    let Some(owners) = text.and_then(|text| serde_json::from_str::<Owners>(&text).ok()) else {
        return Ok(false);
    };
    let origin = origin(transaction).map_err(database)?.ok_or(JournalError::Foreign)?;
    let mut update = transaction.prepare_cached(HEARD).map_err(database)?;
    for journey in owners.journeys(&origin) {
        update.execute(params![journey, plan.0, unix_ms().cast_signed()]).map_err(database)?;
    }
    Ok(true)
}

/// Makes the table for a journal that has none.
pub(super) fn adopt(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(TABLE)?;
    fill(transaction)
}

/// Fills the table from the plans. What has ended by then counts as heard: nobody wants to hear of last year's.
pub(super) fn fill(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let Some(origin) = origin(transaction)? else { return Ok(()) };
    let mut select = transaction.prepare(PLANS)?;
    let mut insert = transaction.prepare(INSERT)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (plan, text, finished, place): (String, String, bool, i64) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let Ok(owners) = serde_json::from_str::<Owners>(&text) else { continue };
        let heard = finished.then(|| unix_ms().cast_signed());
        for journey in owners.journeys(&origin) {
            insert.execute(params![journey, place, plan, heard])?;
        }
    }
    Ok(())
}

pub(super) const TABLE: &str = "
    CREATE TABLE owned (
      journey BLOB NOT NULL, place INTEGER NOT NULL, plan TEXT NOT NULL, heard_unix_ms INTEGER,
      PRIMARY KEY (journey, place)
    ) STRICT, WITHOUT ROWID;";
const INSERT: &str = "INSERT INTO owned (journey, place, plan, heard_unix_ms) VALUES (?1, ?2, ?3, ?4)";
/// A range of the primary key, from its end.
pub(super) const NEWEST: &str =
    "SELECT place, plan, heard_unix_ms FROM owned WHERE journey = ?1 ORDER BY place DESC LIMIT ?2";
pub(super) const HEARD: &str =
    "UPDATE owned SET heard_unix_ms = ?3 WHERE journey = ?1 AND plan = ?2 AND heard_unix_ms IS NULL";
const PLANS: &str = "
    SELECT plans.id, plans.plan, plans.finished, events.place FROM plans
    JOIN events ON events.plan = plans.id AND events.number = 1 WHERE plans.plan <> ''";
