//! Whose plans are whose, and which are old.

use std::collections::BTreeSet;

use callwright_model::{CallId, PlanId};
use futures_util::TryStreamExt as _;
use serde::Deserialize;
use tokio_postgres::Client;

use super::super::JournalError;
use super::database;

/// A plan, as far as its owners are asked about.
#[derive(Debug, Deserialize)]
pub(crate) struct Owned {
    pub(crate) pack: String,
    pub(crate) call: CallId,
    pub(crate) verified: BTreeSet<String>,
}

/// Every plan with who owns it and whether it has ended, the oldest first. It is read here: Postgres refuses all of a JSON in whose texts
/// there is a zero byte.
pub(crate) async fn each_owner(
    client: &Client,
    mut told: impl FnMut(PlanId, Owned, bool),
) -> Result<(), JournalError> {
    let none: [&str; 0] = [];
    let rows = client.query_raw(OWNERS, none).await.map_err(database)?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await.map_err(database)? {
        let id = PlanId(row.get(0));
        match serde_json::from_str(row.get(1)) {
            Ok(owned) => told(id, owned, row.get(2)),
            Err(error) => return Err(JournalError::Database(format!("plan {id} cannot be read: {error}"))),
        }
    }
    Ok(())
}

/// Plans and refusals that ended before a time, so many of them at most, with the calls of the plans.
pub(crate) async fn old(
    client: &Client,
    before_unix_ms: u64,
    most: usize,
) -> Result<Vec<(PlanId, Option<CallId>)>, JournalError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = client.query(OLD, &[&before_unix_ms.cast_signed(), &most]).await.map_err(database)?;
    let old = rows.iter().map(|row| {
        let owned = serde_json::from_str::<Owned>(row.get(1));
        (PlanId(row.get(0)), owned.ok().map(|owned| owned.call))
    });
    Ok(old.collect())
}

const OWNERS: &str = "
    SELECT plans.id, plans.plan, plans.finished FROM plans
    JOIN events ON events.plan = plans.id AND events.number = 1
    WHERE plans.plan <> '' ORDER BY events.place";
/// Ended plans whose last event is of before a time, and refusals of before it, as long as they say anything.
const OLD: &str = "
    SELECT id, plan FROM plans
    WHERE finished AND plan <> ''
      AND NOT EXISTS (SELECT 1 FROM events WHERE events.plan = plans.id AND events.unix_ms >= $1)
    UNION SELECT plan, '' FROM refusals
    WHERE text <> ''
      AND NOT EXISTS (SELECT 1 FROM refusals AS newer WHERE newer.plan = refusals.plan AND newer.unix_ms >= $1)
      AND NOT EXISTS (SELECT 1 FROM plans WHERE plans.id = refusals.plan)
    LIMIT $2";
