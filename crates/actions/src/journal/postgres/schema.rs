//! The tables: those of the file, and who carries out which plan.

use callwright_plan_core::{Hash, Head, Origin};
use tokio_postgres::{Client, Row};

use super::super::schema::{CHAINED, OWNED, PROMISED, VERSION};
use super::super::{JournalError, unix_ms};
use super::{database, journeys};
use crate::lot;

/// Makes the database ready, whatever it was; what is not ours is left as it is.
pub(super) async fn prepare(client: &mut Client) -> Result<(), JournalError> {
    let transaction = client.transaction().await.map_err(database)?;
    // Of cores that come at the same time one makes the tables.
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(database)?;
    let there: i64 = transaction
        .query_one(
            "SELECT count(*) FROM (VALUES ('origin'), ('plans'), ('events'), ('refusals')) AS ours (name)
             WHERE to_regclass(quote_ident(name)) IS NOT NULL",
            &[],
        )
        .await
        .map_err(database)?
        .get(0);
    match there {
        0 => {
            transaction.batch_execute(TABLES).await.map_err(database)?;
            transaction.batch_execute(PROMISES).await.map_err(database)?;
            transaction.batch_execute(journeys::TABLE).await.map_err(database)?;
            let origin =
                "INSERT INTO origin (\"only\", layout, id, unix_ms, adopted) VALUES (1, $1, $2, $3, 0)";
            let time = unix_ms().cast_signed();
            transaction.execute(origin, &[&VERSION, &lot::salt(), &time]).await.map_err(database)?;
        }
        4 => {
            let layout = transaction.query_one("SELECT layout FROM origin", &[]).await;
            match layout.map_err(|_| JournalError::Foreign)?.get(0) {
                VERSION => {}
                older @ CHAINED..VERSION => {
                    if older < PROMISED {
                        transaction.batch_execute(PROMISES).await.map_err(database)?;
                    }
                    if older < OWNED {
                        journeys::adopt(&transaction).await?;
                    }
                    let layout = "UPDATE origin SET layout = $1";
                    transaction.execute(layout, &[&VERSION]).await.map_err(database)?;
                }
                newer => return Err(JournalError::Newer(newer)),
            }
        }
        _ => return Err(JournalError::Foreign),
    }
    transaction.commit().await.map_err(database)
}

/// Where the chain begins, of a row `id, unix_ms, adopted`.
pub(super) fn origin(row: &Row) -> Origin {
    Origin { id: row.get(0), unix_ms: number(row, 1), adopted: number(row, 2) }
}

/// The head of the chain, of a row `place, hash` if there is one.
pub(super) fn head(origin: &Origin, newest: Option<&Row>) -> Head {
    match newest {
        Some(row) => Head { place: number(row, 0), hash: hash(row, 1) },
        None => origin.head(),
    }
}

/// A number as it is stored: Postgres knows signed ones only.
pub(super) fn number(row: &Row, index: usize) -> u64 {
    row.get::<_, i64>(index).cast_unsigned()
}

/// A hash as it is stored.
pub(super) fn hash(row: &Row, index: usize) -> Hash {
    Hash::stored(row.get(index))
}

/// The newest entry.
pub(super) const HEAD: &str = "
    SELECT place, hash FROM
      ((SELECT place, hash FROM events ORDER BY place DESC LIMIT 1)
       UNION ALL (SELECT place, hash FROM refusals ORDER BY place DESC LIMIT 1)) AS newest
    ORDER BY place DESC LIMIT 1";

/// A pack's name as it stands in the text of a plan.
pub(super) fn pack(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

/// That name. A plan is not read as JSON here: Postgres refuses all of one in whose texts there is a zero byte.
pub(super) const PACK: &str = r#"substring(plan from '^\{"id":"[^"]*","pack":("([^"\\]|\\.)*")')"#;

/// What those who write lock: `CWJL`, the file's mark.
pub(super) const LOCK: i64 = 0x4357_4a4c;

const TABLES: &str = "
    CREATE TABLE origin (
      \"only\" INTEGER PRIMARY KEY CHECK (\"only\" = 1), layout BIGINT NOT NULL, id BYTEA NOT NULL,
      unix_ms BIGINT NOT NULL, adopted BIGINT NOT NULL
    );
    CREATE TABLE plans (
      id TEXT PRIMARY KEY, salt BYTEA NOT NULL, plan TEXT NOT NULL, trail TEXT NOT NULL, finished BOOLEAN NOT NULL,
      owner TEXT NOT NULL, token BIGINT NOT NULL
    );
    CREATE INDEX unfinished ON plans (id) WHERE NOT finished;
    CREATE TABLE events (
      place BIGINT PRIMARY KEY, plan TEXT NOT NULL, number BIGINT NOT NULL, unix_ms BIGINT NOT NULL,
      salt BYTEA NOT NULL, event TEXT NOT NULL,
      before_in_plan BYTEA NOT NULL, before BYTEA NOT NULL, hash BYTEA NOT NULL, UNIQUE (plan, number)
    );
    CREATE TABLE refusals (
      place BIGINT PRIMARY KEY, plan TEXT NOT NULL, unix_ms BIGINT NOT NULL,
      salt BYTEA NOT NULL, text TEXT NOT NULL, json TEXT NOT NULL, before BYTEA NOT NULL, hash BYTEA NOT NULL
    );
    CREATE INDEX refusals_by_plan ON refusals (plan, place);
    CREATE TABLE callbacks (
      call TEXT PRIMARY KEY, unix_ms BIGINT NOT NULL, number TEXT NOT NULL, briefing TEXT NOT NULL
    );
    CREATE TABLE callbacks_done (
      call TEXT PRIMARY KEY, unix_ms BIGINT NOT NULL, who TEXT NOT NULL
    );
    CREATE TABLE cores (id TEXT PRIMARY KEY, until TIMESTAMPTZ NOT NULL);";

const PROMISES: &str = "
    CREATE TABLE promises (
      call TEXT PRIMARY KEY, line TEXT NOT NULL, due_unix_ms BIGINT, leased_unix_ms BIGINT, closed_unix_ms BIGINT,
      promise TEXT NOT NULL
    );
    CREATE INDEX promises_due ON promises (due_unix_ms) WHERE due_unix_ms IS NOT NULL;";
