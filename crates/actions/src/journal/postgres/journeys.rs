//! Whose plans are whose, as in the file (see `journal/owned.rs`), and which are old. Plans are not read as JSON by the database: Postgres
//! refuses all of one in whose texts there is a zero byte.

use callwright_model::{CallId, PlanId};
use serde::Deserialize;
use tokio_postgres::{Client, GenericClient};

use super::super::owned::Owners;
use super::super::{JournalError, Past, Whose, unix_ms};
use super::link::Link;
use super::{database, read, schema};

/// A plan, as far as its call is asked about.
#[derive(Debug, Deserialize)]
struct Called {
    call: CallId,
}

/// The plans of the journey of this name, the oldest first, each with its call and whether it has ended.
pub(crate) async fn named(
    client: &Client,
    journey: &[u8],
) -> Result<Vec<(PlanId, CallId, bool)>, JournalError> {
    let rows = client.query(NAMED, &[&journey]).await.map_err(database)?;
    let told = rows.iter().map(|row| {
        let id = PlanId(row.get(0));
        match serde_json::from_str::<Called>(row.get(1)) {
            Ok(plan) => Ok((id, plan.call, row.get(2))),
            Err(error) => Err(JournalError::Database(format!("plan {id} cannot be read: {error}"))),
        }
    });
    told.collect()
}

/// Plans of somebody, the newest first.
pub(super) async fn of(link: &Link, whose: &Whose) -> Result<Vec<Past>, JournalError> {
    let most = i64::try_from(whose.most).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for journey in whose.journeys(&link.origin) {
        let rows = link.client.query(NEWEST, &[&journey, &most]).await.map_err(database)?;
        let row =
            |row: &tokio_postgres::Row| (row.get(0), row.get(1), row.get::<_, Option<i64>>(2).is_some());
        found.extend(rows.iter().map(row));
    }
    let newest: Vec<(PlanId, bool)> = whose.newest(found).collect();
    let plans: Vec<PlanId> = newest.iter().map(|(plan, _)| plan.clone()).collect();
    let stories = read::load_all(&link.client, &plans).await?.into_iter();
    let heard = |plan: &PlanId| newest.iter().any(|(known, heard)| known == plan && *heard);
    Ok(stories.map(|story| Past { heard: heard(&story.plan.id), story }).collect())
}

/// Marks that the caller has heard how a plan ended; `false` when there is no such plan. The first mark stays.
pub(super) async fn heard(link: &Link, plan: &PlanId) -> Result<bool, JournalError> {
    let text = "SELECT plan FROM plans WHERE id = $1 AND plan <> ''";
    let row = link.client.query_opt(text, &[&plan.0]).await.map_err(database)?;
    let Some(owners) = row.and_then(|row| serde_json::from_str::<Owners>(row.get(0)).ok()) else {
        return Ok(false);
    };
    let journeys = owners.journeys(&link.origin);
    let now = unix_ms().cast_signed();
    link.client.execute(HEARD, &[&journeys, &plan.0, &now]).await.map_err(database)?;
    Ok(true)
}

/// Makes the table for a journal that has none, and fills it. What has ended by then counts as heard: nobody wants to hear of last year's.
pub(super) async fn adopt(client: &impl GenericClient) -> Result<(), JournalError> {
    client.batch_execute(TABLE).await.map_err(database)?;
    let origin = client.query_one("SELECT id, unix_ms, adopted FROM origin", &[]).await.map_err(database)?;
    let origin = schema::origin(&origin);
    let rows = client.query(PLANS, &[]).await.map_err(database)?;
    for row in &rows {
        let Ok(owners) = serde_json::from_str::<Owners>(row.get(1)) else { continue };
        let (plan, finished, place): (&str, bool, i64) = (row.get(0), row.get(2), row.get(3));
        let heard = finished.then(|| unix_ms().cast_signed());
        for journey in owners.journeys(&origin) {
            client.execute(INSERT, &[&journey, &place, &plan, &heard]).await.map_err(database)?;
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
        let called = serde_json::from_str::<Called>(row.get(1));
        (PlanId(row.get(0)), called.ok().map(|called| called.call))
    });
    Ok(old.collect())
}

pub(super) const TABLE: &str = "
    CREATE TABLE owned (
      journey BYTEA NOT NULL, place BIGINT NOT NULL, plan TEXT NOT NULL, heard_unix_ms BIGINT,
      PRIMARY KEY (journey, place)
    );";
const INSERT: &str = "INSERT INTO owned (journey, place, plan, heard_unix_ms) VALUES ($1, $2, $3, $4)";
/// A range of the primary key, from its end.
pub(super) const NEWEST: &str =
    "SELECT place, plan, heard_unix_ms FROM owned WHERE journey = $1 ORDER BY place DESC LIMIT $2";
const HEARD: &str =
    "UPDATE owned SET heard_unix_ms = $3 WHERE journey = ANY ($1) AND plan = $2 AND heard_unix_ms IS NULL";
const NAMED: &str = "
    SELECT plans.id, plans.plan, plans.finished FROM owned JOIN plans ON plans.id = owned.plan
    WHERE owned.journey = $1 AND plans.plan <> '' ORDER BY owned.place";
const PLANS: &str = "
    SELECT plans.id, plans.plan, plans.finished, events.place FROM plans
    JOIN events ON events.plan = plans.id AND events.number = 1 WHERE plans.plan <> ''";
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
