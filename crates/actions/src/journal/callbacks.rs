//! Callers who want to be called back. Their numbers are kept in clear, for somebody must dial them; they are in no log.

use callwright_model::{CallId, Pii};
use callwright_wire::actions::{Callback, CallbackDone};
use rusqlite::{Params, Transaction, params};

use super::{JournalError, database, unix_ms};

/// A caller who asks twice in a call wants to be called once, with what was said last; and again, if somebody called in between.
pub(super) fn keep(transaction: &Transaction<'_>, callback: &Callback) -> Result<(), JournalError> {
    let call = callback.call.to_string();
    transaction
        .prepare_cached(
            "INSERT INTO callbacks (call, unix_ms, number, briefing) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (call) DO UPDATE SET number = excluded.number, briefing = excluded.briefing",
        )
        .and_then(|mut insert| {
            let (number, briefing) = (callback.number.reveal(), callback.briefing.reveal());
            insert.execute(params![call, time(), number, briefing])
        })
        .and_then(|_| transaction.prepare_cached("DELETE FROM callbacks_done WHERE call = ?1"))
        .and_then(|mut delete| delete.execute([&call]))
        .map_err(database)?;
    Ok(())
}

/// Those that are open, or those that are done.
pub(super) fn list(transaction: &Transaction<'_>, done: bool) -> Result<Vec<Callback>, JournalError> {
    let which = if done {
        "WHERE done.call IS NOT NULL ORDER BY done.unix_ms DESC, asked.call LIMIT ?1"
    } else {
        "WHERE done.call IS NULL ORDER BY asked.unix_ms, asked.call LIMIT ?1"
    };
    select(transaction, which, [LISTED_MAX])
}

/// Marks one as done, unless it is; `None` when nobody asked for it.
pub(super) fn complete(
    transaction: &Transaction<'_>,
    call: CallId,
    by: &Pii<String>,
) -> Result<Option<Callback>, JournalError> {
    let call = call.to_string();
    transaction
        .prepare_cached(
            "INSERT INTO callbacks_done (call, unix_ms, who) SELECT call, ?2, ?3 FROM callbacks WHERE call = ?1
             ON CONFLICT (call) DO NOTHING",
        )
        .and_then(|mut insert| insert.execute(params![call, time(), by.reveal()]))
        .map_err(database)?;
    Ok(select(transaction, "WHERE asked.call = ?1", [call])?.pop())
}

fn select(
    transaction: &Transaction<'_>,
    which: &str,
    params: impl Params,
) -> Result<Vec<Callback>, JournalError> {
    let query = format!(
        "SELECT asked.call, asked.unix_ms, asked.number, asked.briefing, done.who, done.unix_ms
         FROM callbacks AS asked LEFT JOIN callbacks_done AS done ON done.call = asked.call {which}"
    );
    let mut select = transaction.prepare_cached(&query).map_err(database)?;
    let rows = select
        .query_map(params, |row| {
            let done = row.get::<_, Option<String>>(4)?.zip(row.get::<_, Option<i64>>(5)?);
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?, done))
        })
        .map_err(database)?;
    rows.map(|row| {
        let (call, time, number, briefing, done) = row.map_err(database)?;
        let unknown = |_| JournalError::Database(format!("`{call}` is no call"));
        let unix_ms = |time| u64::try_from(time).unwrap_or(0);
        Ok(Callback {
            call: call.parse().map_err(unknown)?,
            number: Pii::new(number),
            briefing: Pii::new(briefing),
            asked_unix_ms: unix_ms(time),
            done: done.map(|(by, time)| CallbackDone { by: Pii::new(by), unix_ms: unix_ms(time) }),
        })
    })
    .collect()
}

fn time() -> i64 {
    i64::try_from(unix_ms()).unwrap_or(i64::MAX)
}

/// Far more than any desk works through in a day.
pub(super) const LISTED_MAX: i64 = 1_000;
