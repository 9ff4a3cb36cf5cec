//! Erasing what plans say. Places, times and hashes stay, so that the chain still verifies; texts and salts go, see `plan-core`'s
//! `chain`.

use callwright_model::{CallId, PlanId};
use callwright_plan_core::{Hash, Sealed, SealedPlan, Written};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::schema::number;
use super::{JournalError, database, owned};

/// Erases plans that have ended, with their events, what policies refused under their number, and calls back.
pub(super) fn erase(
    transaction: &Transaction<'_>,
    plans: &[PlanId],
    calls: &[CallId],
) -> Result<(), JournalError> {
    erase_all(transaction, plans, calls).map_err(database)
}

fn erase_all(transaction: &Transaction<'_>, plans: &[PlanId], calls: &[CallId]) -> rusqlite::Result<()> {
    // What is taken away is also overwritten in the file.
    transaction.pragma_update(None, "secure_delete", true)?;
    for plan in plans {
        erase_plan(transaction, plan)?;
    }
    for call in calls.iter().map(CallId::to_string) {
        transaction.execute("DELETE FROM callbacks WHERE call = ?1", [&call])?;
        transaction.execute("DELETE FROM callbacks_done WHERE call = ?1", [&call])?;
        transaction.execute("DELETE FROM promises WHERE call = ?1", [&call])?;
    }
    Ok(())
}

fn erase_plan(transaction: &Transaction<'_>, id: &PlanId) -> rusqlite::Result<()> {
    let plan = transaction
        .prepare_cached("SELECT plan, trail, salt FROM plans WHERE id = ?1 AND finished = 1")?
        .query_row([&id.0], |row| {
            let (text, trail, salt) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(SealedPlan { id: id.0.clone(), text, trail, salt, finished: true })
        })
        .optional()?;
    if let Some(mut plan) = plan {
        owned::forget(transaction, id, &plan.text)?;
        plan.erase();
        transaction
            .prepare_cached("UPDATE plans SET plan = '', trail = '', salt = ?2 WHERE id = ?1")?
            .execute(params![id.0, plan.salt])?;
        entries(
            transaction,
            id,
            "SELECT place, salt, event, number FROM events WHERE plan = ?1",
            "UPDATE events SET event = '', salt = ?2 WHERE place = ?1",
        )?;
    }
    entries(
        transaction,
        id,
        "SELECT place, salt, text, NULL, json FROM refusals WHERE plan = ?1",
        "UPDATE refusals SET text = '', json = '', salt = ?2 WHERE place = ?1",
    )
}

/// Erases the entries of a plan that a query finds, and keeps what is left of each.
fn entries(transaction: &Transaction<'_>, id: &PlanId, find: &str, keep: &str) -> rusqlite::Result<()> {
    let mut select = transaction.prepare_cached(find)?;
    let found: Vec<Sealed> = select.query_map([&id.0], |row| sealed(row, id)).and_then(Iterator::collect)?;
    let mut update = transaction.prepare_cached(keep)?;
    for mut entry in found {
        entry.erase();
        update.execute(params![entry.place.cast_signed(), entry.salt])?;
    }
    Ok(())
}

/// An entry as far as erasing it needs: its texts and their salt.
fn sealed(row: &Row<'_>, id: &PlanId) -> rusqlite::Result<Sealed> {
    let nowhere = Hash::stored(&[]);
    let what = match row.get::<_, Option<i64>>(3)? {
        Some(number) => {
            Written::Event { number: number.cast_unsigned(), before_in_plan: nowhere, text: row.get(2)? }
        }
        None => Written::Refusal { text: row.get(2)?, json: row.get(4)? },
    };
    let (place, salt) = (number(row, 0)?, row.get(1)?);
    Ok(Sealed { place, before: nowhere, plan: id.0.clone(), unix_ms: 0, salt, what, hash: nowhere })
}
