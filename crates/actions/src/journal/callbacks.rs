//! Callers who want to be called back. Their numbers are kept in clear, for somebody must dial them; they are in no log.

use callwright_model::Pii;
use callwright_wire::actions::Callback;
use rusqlite::{Transaction, params};

use super::{JournalError, database, unix_ms};

/// A caller who asks twice in a call wants to be called once, with what was said last.
pub(super) fn keep(transaction: &Transaction<'_>, callback: &Callback) -> Result<(), JournalError> {
    let time = i64::try_from(unix_ms()).unwrap_or(i64::MAX);
    transaction
        .prepare_cached(
            "INSERT INTO callbacks (call, unix_ms, number, briefing) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (call) DO UPDATE SET number = excluded.number, briefing = excluded.briefing",
        )
        .and_then(|mut insert| {
            let (number, briefing) = (callback.number.reveal(), callback.briefing.reveal());
            insert.execute(params![callback.call.to_string(), time, number, briefing])
        })
        .map_err(database)?;
    Ok(())
}

pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<Callback>, JournalError> {
    let mut select = transaction
        .prepare_cached(
            "SELECT call, unix_ms, number, briefing FROM callbacks ORDER BY unix_ms, call LIMIT ?1",
        )
        .map_err(database)?;
    let rows = select
        .query_map([LISTED_MAX], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?))
        })
        .map_err(database)?;
    rows.map(|row| {
        let (call, time, number, briefing) = row.map_err(database)?;
        let unknown = |_| JournalError::Database(format!("`{call}` is no call"));
        Ok(Callback {
            call: call.parse().map_err(unknown)?,
            number: Pii::new(number),
            briefing: Pii::new(briefing),
            asked_unix_ms: u64::try_from(time).unwrap_or(0),
        })
    })
    .collect()
}

/// Far more than any desk works through in a day.
const LISTED_MAX: i64 = 1_000;
