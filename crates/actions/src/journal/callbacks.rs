//! Callers who want to be called back. Their numbers are kept in clear, for somebody must dial them; they are in no log.

use std::collections::BTreeSet;

use callwright_model::{CallId, Pii, Promise, Standing};
use callwright_plan_core::promise;
use callwright_wire::actions::{Callback, CallbackDone, ClaimRequest, ClaimedCallback};
use rusqlite::{OptionalExtension as _, Params, Transaction, params};

use super::request::{Change, Changed};
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
    let before = promised(transaction, callback.call)?;
    match &callback.promise {
        Some(asked) => put(transaction, callback.call, &promise::made(asked.terms.clone(), before.as_ref())),
        None => {
            transaction.execute("DELETE FROM promises WHERE call = ?1", [&call]).map(drop).map_err(database)
        }
    }
}

/// Gives what is due to a gateway. Numbers that are called just now wait, whoever asked for them.
pub(super) fn claim(
    transaction: &Transaction<'_>,
    claim: &ClaimRequest,
) -> Result<Vec<ClaimedCallback>, JournalError> {
    let now = unix_ms();
    let lines = serde_json::Value::from(claim.lines.clone()).to_string();
    let due = select(
        transaction,
        "WHERE promise.due_unix_ms <= ?1 AND done.call IS NULL
         AND promise.line IN (SELECT value FROM json_each(?2))
         AND NOT EXISTS (SELECT 1 FROM promises AS busy JOIN callbacks AS theirs ON theirs.call = busy.call
           WHERE theirs.number = asked.number AND busy.leased_unix_ms > ?1)
         ORDER BY promise.due_unix_ms, asked.call LIMIT ?3",
        params![now.cast_signed(), lines, LOOKED_AT_MAX],
        None,
    )?;
    let (changed, claimed) = claimed(due, claim, now);
    for (call, promise) in &changed {
        put(transaction, *call, promise)?;
    }
    Ok(claimed)
}

/// Changes a promise. What is not taken changes nothing.
pub(super) fn change(
    transaction: &Transaction<'_>,
    call: CallId,
    change: &Change,
) -> Result<Changed, JournalError> {
    let now = unix_ms();
    let Some(mut callback) = one(transaction, call)? else { return Ok(None) };
    let Some(promise) = &mut callback.promise else { return Ok(None) };
    if let Err(why) = changed(promise, change, now) {
        return Ok(Some(Err(why)));
    }
    put(transaction, call, promise)?;
    Ok(Some(Ok(callback)))
}

/// What gateways get of those that are due, and what became of each that was looked at.
pub(super) fn claimed(
    due: Vec<Callback>,
    claim: &ClaimRequest,
    now: u64,
) -> (Vec<(CallId, Promise)>, Vec<ClaimedCallback>) {
    let (mut looked_at, mut claimed) = (Vec::new(), Vec::new());
    let mut numbers = BTreeSet::new();
    for mut callback in due {
        let Some(promise) = &mut callback.promise else { continue };
        promise::settle(promise, now);
        let is_free = claimed.len() < claim.max as usize && !numbers.contains(callback.number.reveal());
        let token = is_free.then(|| promise::claim(promise, &claim.gateway, claim.lease_ms, now)).flatten();
        looked_at.push((callback.call, promise.clone()));
        if let Some(token) = token {
            numbers.insert(callback.number.reveal().clone());
            claimed.push(ClaimedCallback { callback, token, until_unix_ms: now + claim.lease_ms });
        }
    }
    (looked_at, claimed)
}

/// Makes a change to a promise.
pub(super) fn changed(promise: &mut Promise, change: &Change, now: u64) -> Result<(), promise::NotTaken> {
    match change {
        Change::Report(token, outcome) => promise::report(promise, *token, *outcome, now),
        Change::Cancel(by) => promise::cancel(promise, by.clone(), now),
    }
}

/// Those that are open, or those that are done.
pub(super) fn list(transaction: &Transaction<'_>, done: bool) -> Result<Vec<Callback>, JournalError> {
    let which = if done {
        "WHERE done.call IS NOT NULL OR promise.closed_unix_ms IS NOT NULL
         ORDER BY coalesce(done.unix_ms, promise.closed_unix_ms) DESC, asked.call LIMIT ?1"
    } else {
        "WHERE done.call IS NULL AND promise.closed_unix_ms IS NULL
         ORDER BY asked.unix_ms, asked.call LIMIT ?1"
    };
    select(transaction, which, [LISTED_MAX], Some(unix_ms()))
}

/// Marks one as done, unless it is; `None` when nobody asked for it.
pub(super) fn complete(
    transaction: &Transaction<'_>,
    call: CallId,
    by: &Pii<String>,
) -> Result<Option<Callback>, JournalError> {
    transaction
        .prepare_cached(
            "INSERT INTO callbacks_done (call, unix_ms, who) SELECT call, ?2, ?3 FROM callbacks WHERE call = ?1
             ON CONFLICT (call) DO NOTHING",
        )
        .and_then(|mut insert| insert.execute(params![call.to_string(), time(), by.reveal()]))
        .map_err(database)?;
    one(transaction, call)
}

fn one(transaction: &Transaction<'_>, call: CallId) -> Result<Option<Callback>, JournalError> {
    Ok(select(transaction, "WHERE asked.call = ?1", [call.to_string()], Some(unix_ms()))?.pop())
}

fn promised(transaction: &Transaction<'_>, call: CallId) -> Result<Option<Promise>, JournalError> {
    transaction
        .prepare_cached("SELECT promise FROM promises WHERE call = ?1")
        .and_then(|mut select| select.query_row([call.to_string()], |row| row.get(0)).optional())
        .map_err(database)?
        .map(|text: String| read(&text))
        .transpose()
}

fn put(transaction: &Transaction<'_>, call: CallId, promise: &Promise) -> Result<(), JournalError> {
    let row = Row::of(promise)?;
    transaction
        .prepare_cached(
            "INSERT INTO promises (call, line, due_unix_ms, leased_unix_ms, closed_unix_ms, promise)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (call) DO UPDATE SET line = excluded.line, due_unix_ms = excluded.due_unix_ms,
             leased_unix_ms = excluded.leased_unix_ms, closed_unix_ms = excluded.closed_unix_ms,
             promise = excluded.promise",
        )
        .and_then(|mut insert| {
            insert.execute(params![call.to_string(), row.line, row.due, row.leased, row.closed, row.text])
        })
        .map(drop)
        .map_err(database)
}

/// A promise as it is stored: all of it as JSON, and beside it what is looked for.
pub(super) struct Row {
    pub(super) line: String,
    /// When it is to be looked at.
    pub(super) due: Option<i64>,
    /// Until when somebody calls.
    pub(super) leased: Option<i64>,
    /// Since when nobody needs to call.
    pub(super) closed: Option<i64>,
    pub(super) text: String,
}

impl Row {
    pub(super) fn of(promise: &Promise) -> Result<Self, JournalError> {
        let leased = match promise.standing {
            Standing::Trying { until_unix_ms } => Some(until_unix_ms),
            Standing::Open { .. }
            | Standing::Kept { .. }
            | Standing::GivenUp
            | Standing::Cancelled { .. } => None,
        };
        let text =
            serde_json::to_string(promise).map_err(|error| JournalError::Database(error.to_string()))?;
        Ok(Self {
            line: promise.terms.line.clone(),
            due: promise::due_unix_ms(promise).map(u64::cast_signed),
            leased: leased.map(u64::cast_signed),
            closed: promise::closed_unix_ms(promise).map(u64::cast_signed),
            text,
        })
    }
}

/// A promise as it was stored.
pub(super) fn read(text: &str) -> Result<Promise, JournalError> {
    let unreadable =
        |error| JournalError::Database(format!("a promise to call back cannot be read: {error}"));
    serde_json::from_str(text).map_err(unreadable)
}

/// With a time, promises are told as they stand by then.
fn select(
    transaction: &Transaction<'_>,
    which: &str,
    params: impl Params,
    now: Option<u64>,
) -> Result<Vec<Callback>, JournalError> {
    let query = format!(
        "SELECT asked.call, asked.unix_ms, asked.number, asked.briefing, done.who, done.unix_ms, promise.promise
         FROM callbacks AS asked LEFT JOIN callbacks_done AS done ON done.call = asked.call
         LEFT JOIN promises AS promise ON promise.call = asked.call {which}"
    );
    let mut select = transaction.prepare_cached(&query).map_err(database)?;
    let rows = select
        .query_map(params, |row| {
            let done = row.get::<_, Option<String>>(4)?.zip(row.get::<_, Option<i64>>(5)?);
            let promise: Option<String> = row.get(6)?;
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?, done, promise))
        })
        .map_err(database)?;
    rows.map(|row| {
        let (call, time, number, briefing, done, promise) = row.map_err(database)?;
        let unknown = |_| JournalError::Database(format!("`{call}` is no call"));
        let unix_ms = |time| u64::try_from(time).unwrap_or(0);
        Ok(Callback {
            call: call.parse().map_err(unknown)?,
            number: Pii::new(number),
            briefing: Pii::new(briefing),
            asked_unix_ms: unix_ms(time),
            done: done.map(|(by, time)| CallbackDone { by: Pii::new(by), unix_ms: unix_ms(time) }),
            promise: promise.map(|text| read(&text)).transpose()?.map(|promise| as_of(promise, now)),
        })
    })
    .collect()
}

/// A promise as it stands at a time, if one is given.
pub(super) fn as_of(mut promise: Promise, now: Option<u64>) -> Promise {
    if let Some(now) = now {
        promise::settle(&mut promise, now);
    }
    promise
}

fn time() -> i64 {
    i64::try_from(unix_ms()).unwrap_or(i64::MAX)
}

/// Far more than any desk works through in a day.
pub(super) const LISTED_MAX: i64 = 1_000;
/// Of those that are due so many are looked at together; those behind them follow when they are asked for again.
pub(super) const LOOKED_AT_MAX: i64 = 200;
