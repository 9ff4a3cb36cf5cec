//! Callers who want to be called back, as the file keeps them.

use callwright_model::{CallId, Pii};
use callwright_wire::actions::{Callback, CallbackDone};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::super::callbacks::LISTED_MAX;
use super::super::{JournalError, unix_ms};
use super::database;

/// Postgres keeps no zero byte in a text.
fn text(text: &Pii<String>) -> String {
    text.reveal().replace('\0', " ")
}

/// A caller who asks twice in a call wants to be called once, with what was said last; and again, if somebody called in between.
pub(super) async fn keep(client: &Client, callback: &Callback) -> Result<(), JournalError> {
    let (call, time) = (callback.call.to_string(), unix_ms().cast_signed());
    let row: [&(dyn ToSql + Sync); 4] = [&call, &time, &text(&callback.number), &text(&callback.briefing)];
    client.execute(KEEP, &row).await.map(drop).map_err(database)
}

/// Those that are open, or those that are done.
pub(super) async fn list(client: &Client, done: bool) -> Result<Vec<Callback>, JournalError> {
    let which = if done {
        "WHERE done.call IS NOT NULL ORDER BY done.unix_ms DESC, asked.call LIMIT $1"
    } else {
        "WHERE done.call IS NULL ORDER BY asked.unix_ms, asked.call LIMIT $1"
    };
    select(client, which, &LISTED_MAX).await
}

/// Marks one as done, unless it is; `None` when nobody asked for it.
pub(super) async fn complete(
    client: &Client,
    call: CallId,
    by: &Pii<String>,
) -> Result<Option<Callback>, JournalError> {
    let (call, time) = (call.to_string(), unix_ms().cast_signed());
    client.execute(COMPLETE, &[&call, &time, &text(by)]).await.map_err(database)?;
    Ok(select(client, "WHERE asked.call = $1", &call).await?.pop())
}

async fn select(
    client: &Client,
    which: &str,
    by: &(dyn ToSql + Sync),
) -> Result<Vec<Callback>, JournalError> {
    let query = format!(
        "SELECT asked.call, asked.unix_ms, asked.number, asked.briefing, done.who, done.unix_ms
         FROM callbacks AS asked LEFT JOIN callbacks_done AS done ON done.call = asked.call {which}"
    );
    client.query(&query, &[by]).await.map_err(database)?.iter().map(callback).collect()
}

fn callback(row: &Row) -> Result<Callback, JournalError> {
    let call: &str = row.get(0);
    let unix_ms = |time: i64| u64::try_from(time).unwrap_or(0);
    let done = row.get::<_, Option<String>>(4).zip(row.get::<_, Option<i64>>(5));
    Ok(Callback {
        call: call.parse().map_err(|_| JournalError::Database(format!("`{call}` is no call")))?,
        number: Pii::new(row.get(2)),
        briefing: Pii::new(row.get(3)),
        asked_unix_ms: unix_ms(row.get(1)),
        done: done.map(|(by, time)| CallbackDone { by: Pii::new(by), unix_ms: unix_ms(time) }),
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
