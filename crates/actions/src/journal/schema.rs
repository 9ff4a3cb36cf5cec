//! The layout of the file, and bringing older ones up to it.

use callwright_plan_core::{Event, Hash, Head, Origin, Sealed, SealedPlan, Written, is_finished};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, Transaction, TransactionBehavior};

use super::chained::Chained;
use super::owned;
use super::{JournalError, database, unix_ms};
use crate::lot;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Nothing yet.
    Empty,
    /// Ours, from before there was a chain.
    Unchained,
    /// Ours, of an older version that has the chain.
    Older(i64),
    /// As it is described here.
    Current,
    /// A newer program's.
    Newer(i64),
    /// Another program's.
    Foreign,
}

/// Tells what a file is, without changing it.
pub(crate) fn layout(connection: &Connection) -> rusqlite::Result<Layout> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let ours: i64 = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('plans', 'events', 'refusals')",
        [],
        |row| row.get(0),
    )?;
    Ok(match (application, version) {
        (0, 0) if tables == 0 => Layout::Empty,
        // The first layout had neither mark.
        (0, 0) if ours == 3 => Layout::Unchained,
        (APPLICATION, VERSION) => Layout::Current,
        (APPLICATION, older @ CHAINED..VERSION) => Layout::Older(older),
        (APPLICATION, newer) if newer > VERSION => Layout::Newer(newer),
        (_, _) => Layout::Foreign,
    })
}

/// Makes a file ready for writing, whatever it was; what is not ours is left as it is.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), JournalError> {
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(database)?;
    refuse_foreign(layout(connection).map_err(database)?)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(database)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(database)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(database)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES).map_err(database)?;
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database)?;
    // Asked again: another core may have been quicker.
    let found = layout(&transaction).map_err(database)?;
    if matches!(found, Layout::Unchained | Layout::Older(_)) {
        // What is erased later must not stand in pages that are given free here.
        transaction.pragma_update(None, "secure_delete", true).map_err(database)?;
    }
    match found {
        Layout::Empty => {
            create(&transaction).map_err(database)?;
            begin_chain(&transaction, 0).map_err(database)?;
        }
        Layout::Unchained => adopt(&transaction)?,
        Layout::Older(version) => upgrade(&transaction, version).map_err(database)?,
        Layout::Current => {}
        other @ (Layout::Newer(_) | Layout::Foreign) => refuse_foreign(other)?,
    }
    transaction.commit().map_err(database)
}

fn refuse_foreign(layout: Layout) -> Result<(), JournalError> {
    match layout {
        Layout::Newer(version) => Err(JournalError::Newer(version)),
        Layout::Foreign => Err(JournalError::Foreign),
        Layout::Empty | Layout::Unchained | Layout::Older(_) | Layout::Current => Ok(()),
    }
}

fn create(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(PLANS)?;
    transaction.execute_batch(TABLES)?;
    transaction.execute_batch(PROMISES)?;
    transaction.execute_batch(owned::TABLE)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)
}

/// Brings a journal that has the chain up to this version.
fn upgrade(transaction: &Transaction<'_>, version: i64) -> rusqlite::Result<()> {
    if version < PROMISED {
        transaction.execute_batch(PROMISES)?;
    }
    if version < OWNED {
        owned::adopt(transaction)?;
    }
    if version < ROWS {
        transaction.execute_batch("DROP INDEX unfinished; ALTER TABLE plans RENAME TO plans_4;")?;
        transaction.execute_batch(PLANS)?;
        transaction.execute_batch(
            "INSERT INTO plans (id, salt, plan, trail, finished) SELECT id, salt, plan, trail, finished FROM plans_4;
             DROP TABLE plans_4;",
        )?;
    }
    transaction.pragma_update(None, "user_version", VERSION)
}

/// Begins the chain with an origin of its own.
fn begin_chain(transaction: &Transaction<'_>, adopted: u64) -> rusqlite::Result<()> {
    let (id, time) = (lot::salt(), unix_ms().cast_signed());
    let origin = "INSERT INTO origin (only, id, unix_ms, adopted) VALUES (1, ?1, ?2, ?3)";
    transaction.execute(origin, (id, time, adopted.cast_signed()))?;
    Ok(())
}

/// Where the chain begins; `None` when that was removed.
pub(crate) fn origin(connection: &Connection) -> rusqlite::Result<Option<Origin>> {
    connection
        .prepare_cached("SELECT id, unix_ms, adopted FROM origin")?
        .query_row([], |row| {
            Ok(Origin { id: row.get(0)?, unix_ms: number(row, 1)?, adopted: number(row, 2)? })
        })
        .optional()
}

/// The head of the chain.
pub(crate) fn head(connection: &Connection) -> rusqlite::Result<Head> {
    let newest = connection
        .prepare_cached(
            "SELECT place, hash FROM
               (SELECT place, hash FROM (SELECT place, hash FROM events ORDER BY place DESC LIMIT 1)
                UNION ALL SELECT place, hash FROM (SELECT place, hash FROM refusals ORDER BY place DESC LIMIT 1))
             ORDER BY place DESC LIMIT 1",
        )?
        .query_row([], |row| {
            Ok(Head { place: number(row, 0)?, hash: Hash::stored(&row.get::<_, Vec<u8>>(1)?) })
        })
        .optional()?;
    match newest {
        Some(head) => Ok(head),
        None => origin(connection)?.map(|origin| origin.head()).ok_or(rusqlite::Error::QueryReturnedNoRows),
    }
}

/// A number as it is stored: SQLite knows signed ones only.
pub(crate) fn number(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(index).map(i64::cast_unsigned)
}

/// Brings a journal of the first layout into a chain: plan after plan, by the time of their first events, then the refusals. How
/// many there were is part of the origin, for the chain can vouch for them only from here on.
fn adopt(transaction: &Transaction<'_>) -> Result<(), JournalError> {
    transaction
        .execute_batch(
            "DROP INDEX IF EXISTS unfinished;
             ALTER TABLE plans RENAME TO plans_1;
             ALTER TABLE events RENAME TO events_1;
             ALTER TABLE refusals RENAME TO refusals_1;",
        )
        .and_then(|()| create(transaction))
        .map_err(database)?;
    let (kept, adopted) = transaction
        .query_row(
            "SELECT (SELECT count(*) FROM plans_1),
                    (SELECT count(*) FROM events_1) + (SELECT count(*) FROM refusals_1)",
            [],
            |row| Ok((number(row, 0)?, number(row, 1)?)),
        )
        .map_err(database)?;
    begin_chain(transaction, adopted).map_err(database)?;
    let mut chained = Chained::new(transaction, head(transaction).map_err(database)?);
    let plans: Vec<String> = rows(
        transaction,
        "SELECT events_1.plan FROM events_1 JOIN plans_1 ON plans_1.id = events_1.plan WHERE number = 1
         ORDER BY unix_ms, events_1.plan",
        [],
        |row| row.get(0),
    )?;
    let whole = plans.len() as u64 == kept;
    for id in plans {
        adopt_plan(transaction, &mut chained, id)?;
    }
    let refusals = rows(
        transaction,
        "SELECT id, unix_ms, text, json FROM refusals_1 ORDER BY unix_ms, id",
        [],
        |row| {
            let what = Written::Refusal { text: row.get(2)?, json: row.get(3)? };
            Ok((row.get(0)?, number(row, 1)?, what))
        },
    )?;
    for (plan, time, what) in refusals {
        chained.write(Sealed::after(chained.head(), plan, time, lot::salt(), what))?;
    }
    if !whole || chained.head().place != adopted {
        let what = "it is of an older version, and plans and events in it do not belong together: a person must look";
        return Err(JournalError::Database(what.to_owned()));
    }
    tracing::warn!(entries = adopted, "the journal was brought into a chain of hashes");
    owned::fill(transaction).map_err(database)?;
    transaction
        .execute_batch("DROP TABLE plans_1; DROP TABLE events_1; DROP TABLE refusals_1;")
        .map_err(database)
}

fn adopt_plan(
    transaction: &Transaction<'_>,
    chained: &mut Chained<'_>,
    id: String,
) -> Result<(), JournalError> {
    let text = transaction
        .query_row("SELECT plan FROM plans_1 WHERE id = ?1", [&id], |row| row.get(0))
        .map_err(database)?;
    let events = rows(
        transaction,
        "SELECT number, unix_ms, event FROM events_1 WHERE plan = ?1 ORDER BY number",
        [&id],
        |row| Ok((number(row, 0)?, number(row, 1)?, row.get::<_, String>(2)?)),
    )?;
    let ended = |text: &str| serde_json::from_str::<Event>(text).is_ok_and(|event| is_finished(&[event]));
    let finished = events.last().is_some_and(|(_, _, text)| ended(text));
    let plan = SealedPlan { id, text, trail: String::new(), salt: lot::salt(), finished };
    chained.plan(&plan)?;
    let mut before = plan.hash();
    for (number, time, text) in events {
        let what = Written::Event { number, before_in_plan: before, text };
        let entry = Sealed::after(chained.head(), plan.id.clone(), time, lot::salt(), what);
        before = entry.hash;
        chained.write(entry)?;
    }
    Ok(())
}

fn rows<T>(
    transaction: &Transaction<'_>,
    query: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, JournalError> {
    let mut select = transaction.prepare(query).map_err(database)?;
    let rows = select.query_map(params, read).map_err(database)?;
    rows.collect::<rusqlite::Result<_>>().map_err(database)
}

/// Pages that are kept in memory. Plans have random names, so what is written goes to all of the index; with SQLite's 2 MiB a tenth of the
/// journal's time goes into reading pages again.
const CACHE_KIB: i64 = 16 * 1024;
/// Pages that the log may have before it is written into the file, 16 MiB. A page that is changed often is written there once.
const LOG_PAGES: i64 = 4_000;

/// `CWJL`, by which the file is known to be ours.
const APPLICATION: i64 = 0x4357_4a4c;
/// Version of the layout. The first had no chain, and no number.
pub(crate) const VERSION: i64 = ROWS;
/// The first that had the chain.
pub(super) const CHAINED: i64 = 2;
/// The first that had promises.
pub(super) const PROMISED: i64 = 3;
/// The first that kept whose plans are whose.
pub(super) const OWNED: i64 = 4;
/// The first that kept plans as rows of their own in a file. Before, they stood in the index of their names, and whoever looked for one
/// read several others, which are long.
const ROWS: i64 = 5;

const PLANS: &str = "
    CREATE TABLE plans (
      id TEXT PRIMARY KEY, salt BLOB NOT NULL, plan TEXT NOT NULL, trail TEXT NOT NULL,
      finished INTEGER NOT NULL CHECK (finished IN (0, 1))
    ) STRICT;
    CREATE INDEX unfinished ON plans (id) WHERE finished = 0;";

const TABLES: &str = "
    CREATE TABLE origin (
      only INTEGER PRIMARY KEY CHECK (only = 1), id BLOB NOT NULL, unix_ms INTEGER NOT NULL, adopted INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE events (
      place INTEGER PRIMARY KEY, plan TEXT NOT NULL, number INTEGER NOT NULL, unix_ms INTEGER NOT NULL,
      salt BLOB NOT NULL, event TEXT NOT NULL,
      before_in_plan BLOB NOT NULL, before BLOB NOT NULL, hash BLOB NOT NULL, UNIQUE (plan, number)
    ) STRICT;
    CREATE TABLE refusals (
      place INTEGER PRIMARY KEY, plan TEXT NOT NULL, unix_ms INTEGER NOT NULL,
      salt BLOB NOT NULL, text TEXT NOT NULL, json TEXT NOT NULL, before BLOB NOT NULL, hash BLOB NOT NULL
    ) STRICT;
    CREATE INDEX refusals_by_plan ON refusals (plan, place);
    CREATE TABLE IF NOT EXISTS callbacks (
      call TEXT PRIMARY KEY, unix_ms INTEGER NOT NULL, number TEXT NOT NULL, briefing TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS callbacks_done (
      call TEXT PRIMARY KEY, unix_ms INTEGER NOT NULL, who TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;";

const PROMISES: &str = "
    CREATE TABLE promises (
      call TEXT PRIMARY KEY, line TEXT NOT NULL, due_unix_ms INTEGER, leased_unix_ms INTEGER, closed_unix_ms INTEGER,
      promise TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX promises_due ON promises (due_unix_ms) WHERE due_unix_ms IS NOT NULL;";
