//! Callers who want to be called back, as the database keeps them. Promises go by its clock: cores that share it need not agree on theirs.

use callwright_model::{CallId, Pii, Promise};
use callwright_plan_core::promise;
use callwright_wire::actions::{Callback, CallbackDone, ClaimRequest, ClaimedCallback};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::super::callbacks::{self, LISTED_MAX, LOOKED_AT_MAX};
use super::super::request::{Change, Changed};
use super::super::{JournalError, unix_ms};
use super::claim::locked_and;
use super::database;

/// Postgres keeps no zero byte in a text.
fn text(text: &Pii<String>) -> String {
    text.reveal().replace('\0', " ")
}

/// A caller who asks twice in a call wants to be called once, with what was said last; and again, if somebody called in between.
pub(super) async fn keep(client: &Client, callback: &Callback) -> Result<(), JournalError> {
    let (call, time) = (callback.call.to_string(), unix_ms().cast_signed());
    let row: [&(dyn ToSql + Sync); 4] = [&call, &time, &text(&callback.number), &text(&callback.briefing)];
    let kept = locked_and(client, async {
        client.execute(KEEP, &row).await.map_err(database)?;
        match &callback.promise {
            Some(asked) => {
                let before = one(client, callback.call, None).await?.and_then(|before| before.promise);
                put(client, callback.call, &promise::made(asked.terms.clone(), before.as_ref())).await
            }
            None => client
                .execute("DELETE FROM promises WHERE call = $1", &[&call])
                .await
                .map(drop)
                .map_err(database),
        }
    });
    kept.await
}

/// Those that are open, or those that are done.
pub(super) async fn list(client: &Client, done: bool) -> Result<Vec<Callback>, JournalError> {
    let which = if done {
        "WHERE done.call IS NOT NULL OR promise.closed_unix_ms IS NOT NULL
         ORDER BY coalesce(done.unix_ms, promise.closed_unix_ms) DESC, asked.call LIMIT $1"
    } else {
        "WHERE done.call IS NULL AND promise.closed_unix_ms IS NULL
         ORDER BY asked.unix_ms, asked.call LIMIT $1"
    };
    let now = now(client).await?;
    select(client, which, &[&LISTED_MAX], Some(now)).await
}

/// Marks one as done, unless it is; `None` when nobody asked for it.
pub(super) async fn complete(
    client: &Client,
    call: CallId,
    by: &Pii<String>,
) -> Result<Option<Callback>, JournalError> {
    let (name, time) = (call.to_string(), unix_ms().cast_signed());
    client.execute(COMPLETE, &[&name, &time, &text(by)]).await.map_err(database)?;
    let now = now(client).await?;
    one(client, call, Some(now)).await
}

/// Gives what is due to a gateway. Numbers that are called just now wait, whoever asked for them. Cores that are asked at once take turns.
pub(super) async fn claim(
    client: &Client,
    claim: &ClaimRequest,
) -> Result<Vec<ClaimedCallback>, JournalError> {
    let given = locked_and(client, async {
        let now = now(client).await?;
        let time = now.cast_signed();
        let due = select(client, DUE, &[&time, &claim.lines, &LOOKED_AT_MAX], None).await?;
        let (changed, claimed) = callbacks::claimed(due, claim, now);
        for (call, promise) in &changed {
            put(client, *call, promise).await?;
        }
        Ok(claimed)
    });
    given.await
}

/// Changes a promise. What is not taken changes nothing.
pub(super) async fn change(client: &Client, call: CallId, change: &Change) -> Result<Changed, JournalError> {
    let done = locked_and(client, async {
        let now = now(client).await?;
        let Some(mut callback) = one(client, call, None).await? else { return Ok(None) };
        let Some(promise) = &mut callback.promise else { return Ok(None) };
        if let Err(why) = callbacks::changed(promise, change, now) {
            return Ok(Some(Err(why)));
        }
        put(client, call, promise).await?;
        Ok(Some(Ok(callback)))
    });
    done.await
}

async fn now(client: &Client) -> Result<u64, JournalError> {
    let row = client.query_one(NOW, &[]).await.map_err(database)?;
    Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
}

async fn put(client: &Client, call: CallId, promise: &Promise) -> Result<(), JournalError> {
    let row = callbacks::Row::of(promise)?;
    let row: [&(dyn ToSql + Sync); 6] =
        [&call.to_string(), &row.line.replace('\0', " "), &row.due, &row.leased, &row.closed, &row.text];
    client.execute(PUT, &row).await.map(drop).map_err(database)
}

async fn one(client: &Client, call: CallId, now: Option<u64>) -> Result<Option<Callback>, JournalError> {
    Ok(select(client, "WHERE asked.call = $1", &[&call.to_string()], now).await?.pop())
}

/// With a time, promises are told as they stand by then.
async fn select(
    client: &Client,
    which: &str,
    by: &[&(dyn ToSql + Sync)],
    now: Option<u64>,
) -> Result<Vec<Callback>, JournalError> {
    let query = format!(
        "SELECT asked.call, asked.unix_ms, asked.number, asked.briefing, done.who, done.unix_ms, promise.promise
         FROM callbacks AS asked LEFT JOIN callbacks_done AS done ON done.call = asked.call
         LEFT JOIN promises AS promise ON promise.call = asked.call {which}"
    );
    let rows = client.query(&query, by).await.map_err(database)?;
    rows.iter().map(|row| callback(row, now)).collect()
}

fn callback(row: &Row, now: Option<u64>) -> Result<Callback, JournalError> {
    let call: &str = row.get(0);
    let unix_ms = |time: i64| u64::try_from(time).unwrap_or(0);
    let done = row.get::<_, Option<String>>(4).zip(row.get::<_, Option<i64>>(5));
    let promise = row.get::<_, Option<String>>(6).map(|text| callbacks::read(&text)).transpose()?;
    Ok(Callback {
        call: call.parse().map_err(|_| JournalError::Database(format!("`{call}` is no call")))?,
        number: Pii::new(row.get(2)),
        briefing: Pii::new(row.get(3)),
        asked_unix_ms: unix_ms(row.get(1)),
        done: done.map(|(by, time)| CallbackDone { by: Pii::new(by), unix_ms: unix_ms(time) }),
        promise: promise.map(|promise| callbacks::as_of(promise, now)),
    })
}

/// Both in one statement, and so in one transaction.
const KEEP: &str = "
    WITH again AS (DELETE FROM callbacks_done WHERE call = $1)
    INSERT INTO callbacks (call, unix_ms, number, briefing) VALUES ($1, $2, $3, $4)
    ON CONFLICT (call) DO UPDATE SET number = excluded.number, briefing = excluded.briefing";
const COMPLETE: &str = "
    INSERT INTO callbacks_done (call, unix_ms, who) SELECT call, $2, $3 FROM callbacks WHERE call = $1
    ON CONFLICT (call) DO NOTHING";
const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
const DUE: &str = "
    WHERE promise.due_unix_ms <= $1 AND done.call IS NULL AND promise.line = ANY ($2)
    AND NOT EXISTS (SELECT 1 FROM promises AS busy JOIN callbacks AS theirs ON theirs.call = busy.call
      WHERE theirs.number = asked.number AND busy.leased_unix_ms > $1)
    ORDER BY promise.due_unix_ms, asked.call LIMIT $3";
const PUT: &str = "
    INSERT INTO promises (call, line, due_unix_ms, leased_unix_ms, closed_unix_ms, promise)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (call) DO UPDATE SET line = excluded.line, due_unix_ms = excluded.due_unix_ms,
    leased_unix_ms = excluded.leased_unix_ms, closed_unix_ms = excluded.closed_unix_ms, promise = excluded.promise";
