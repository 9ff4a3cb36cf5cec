//! Reading what is written down.

use std::collections::BTreeMap;

use callwright_model::PlanId;
use callwright_plan_core::{Audit, Entry, Explained, Hash, Origin, Sealed, SealedPlan, Written};
use futures_util::TryStreamExt as _;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, IsolationLevel, Row};

use super::super::{JournalError, Story, Token};
use super::schema::{self, number};
use super::{database, names};
use crate::tally::Tally;

/// A plan with its events.
pub(crate) async fn load(client: &Client, plan: &PlanId) -> Result<Option<Story>, JournalError> {
    let row = client
        .query_opt("SELECT id, token, plan, trail FROM plans WHERE id = $1 AND plan <> ''", &[&plan.0])
        .await
        .map_err(database)?;
    // Of one that was erased there is nothing to tell.
    let Some(row) = row else { return Ok(None) };
    let mut told = stories(client, std::slice::from_ref(&row)).await?;
    let (_, story) = told.pop().ok_or(JournalError::Conflict)?;
    story.map(Some)
}

/// Some plans with their events, in this order, without those that were erased.
pub(crate) async fn load_all(client: &Client, plans: &[PlanId]) -> Result<Vec<Story>, JournalError> {
    let query = "SELECT id, token, plan, trail FROM plans WHERE id = ANY ($1) AND plan <> ''
                 ORDER BY array_position($1, id)";
    let rows = client.query(query, &[&names(plans)]).await.map_err(database)?;
    stories(client, &rows).await?.into_iter().map(|(_, story)| story).collect()
}

/// Plans of rows `id, token, plan, trail`, each with its events.
pub(super) async fn stories(
    client: &Client,
    rows: &[Row],
) -> Result<Vec<(PlanId, Result<Story, JournalError>)>, JournalError> {
    let ids: Vec<PlanId> = rows.iter().map(|row| PlanId(row.get(0))).collect();
    let query = "SELECT plan, number, unix_ms, event FROM events WHERE plan = ANY ($1) ORDER BY plan, number";
    let events = client.query(query, &[&names(&ids)]).await.map_err(database)?;
    let mut of_plans: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for event in &events {
        of_plans.entry(event.get(0)).or_default().push(event);
    }
    let told = rows.iter().zip(ids).map(|(row, id)| {
        let own = of_plans.remove(id.0.as_str()).unwrap_or_default();
        let story = story(&id, row, own.into_iter());
        (id, story)
    });
    Ok(told.collect())
}

fn story<'r>(id: &PlanId, row: &Row, events: impl Iterator<Item = &'r Row>) -> Result<Story, JournalError> {
    let plan = serde_json::from_str(row.get(2))
        .map_err(|error| JournalError::Database(format!("plan {id} cannot be read: {error}")))?;
    // A trail only explains. One that is not there, or of another version, must not keep a plan from going on.
    let trail = serde_json::from_str(row.get(3)).unwrap_or_default();
    let entries = events.map(|row| {
        let number = number(row, 1);
        let event = serde_json::from_str(row.get(3))
            .map_err(|error| JournalError::Database(format!("event {number} of plan {id}: {error}")))?;
        Ok(Entry { number, unix_ms: schema::number(row, 2), event })
    });
    Ok(Story { plan, trail, token: Token(row.get(1)), entries: entries.collect::<Result<_, _>>()? })
}

/// Counts what is written of today, in whose ledger it was not; later what other cores have written since.
pub(super) async fn count(client: &Client, core: &str, tally: &Tally) -> Result<(), JournalError> {
    // Looked at first: what is written meanwhile is told now and once more the next time, and counts once.
    let newest = client.query_opt(schema::HEAD, &[]).await.map_err(database)?;
    let packs: Vec<String> = tally.packs().into_iter().map(schema::pack).collect();
    let counted =
        format!("SELECT id, token, plan, trail FROM plans WHERE {} = ANY ($1) AND id IN", schema::PACK);
    let rows = match tally.until() {
        None => {
            let since = tally.since_unix_ms().cast_signed();
            let all = format!("{counted} (SELECT plan FROM events WHERE unix_ms >= $2)");
            client.query(&all, &[&packs, &since]).await
        }
        Some(until) => {
            let others = format!("{counted} (SELECT plan FROM events WHERE place > $2) AND owner <> $3");
            client.query(&others, &[&packs, &until.cast_signed(), &core]).await
        }
    };
    let rows = rows.map_err(database)?;
    tally.learn(&readable(stories(client, &rows).await?));
    tally.learnt_until(newest.map_or(0, |newest| number(&newest, 0)));
    Ok(())
}

/// Plans of other cores whose last event asks for an approval.
pub(super) async fn waiting(client: &Client, core: &str) -> Result<Vec<Story>, JournalError> {
    let rows = client.query(WAITING, &[&core, &WAITING_MAX]).await.map_err(database)?;
    Ok(readable(stories(client, &rows).await?))
}

/// Which of some plans have more events than are known.
pub(super) async fn longer(client: &Client, known: &[(PlanId, u64)]) -> Result<Vec<PlanId>, JournalError> {
    let (plans, numbers): (Vec<&str>, Vec<i64>) =
        known.iter().map(|(plan, number)| (plan.0.as_str(), number.cast_signed())).unzip();
    let query = "SELECT known.plan FROM unnest($1::text[], $2::bigint[]) AS known (plan, number)
                 WHERE EXISTS (SELECT 1 FROM events WHERE events.plan = known.plan AND events.number > known.number)";
    let rows = client.query(query, &[&plans, &numbers]).await.map_err(database)?;
    Ok(rows.iter().map(|row| PlanId(row.get(0))).collect())
}

/// Those that can be read: one that cannot must not keep the others from going on.
pub(super) fn readable(told: Vec<(PlanId, Result<Story, JournalError>)>) -> Vec<Story> {
    let readable = told.into_iter().filter_map(|(plan, story)| {
        story
            .inspect_err(|error| tracing::error!(%plan, %error, "a plan cannot be read: a person must look"))
            .ok()
    });
    readable.collect()
}

/// Why something was not done; of several times the latest.
pub(crate) async fn refusal(client: &Client, plan: &PlanId) -> Result<Option<Explained>, JournalError> {
    let query = "SELECT text, json FROM refusals WHERE plan = $1 AND text <> '' ORDER BY place DESC LIMIT 1";
    let row = client.query_opt(query, &[&plan.0]).await.map_err(database)?;
    Ok(row.map(|row| Explained { text: row.get(0), json: row.get(1) }))
}

/// Plans that were said yes to at or after a time, the oldest first.
pub(crate) async fn list_plans(client: &Client, since_unix_ms: u64) -> Result<Vec<PlanId>, JournalError> {
    let query = "SELECT plan FROM events WHERE number = 1 AND unix_ms >= $1 ORDER BY place";
    let rows = client.query(query, &[&since_unix_ms.cast_signed()]).await.map_err(database)?;
    Ok(rows.iter().map(|row| PlanId(row.get(0))).collect())
}

/// What policies refused at or after a time, as JSON.
pub(crate) async fn each_refusal(
    client: &Client,
    since_unix_ms: u64,
    mut told: impl FnMut(&str),
) -> Result<(), JournalError> {
    let since = [since_unix_ms.cast_signed()];
    let rows = client.query_raw("SELECT json FROM refusals WHERE unix_ms >= $1", since).await;
    let mut rows = std::pin::pin!(rows.map_err(database)?);
    while let Some(row) = rows.try_next().await.map_err(database)? {
        told(row.get(0));
    }
    Ok(())
}

/// Where the chain begins.
pub(crate) async fn origin(client: &Client) -> Result<Origin, JournalError> {
    let row = client.query_one("SELECT id, unix_ms, adopted FROM origin", &[]).await.map_err(database)?;
    Ok(schema::origin(&row))
}

/// Gives an audit everything that hangs on the chain, in one view of it.
pub(crate) async fn audit(
    client: &mut Client,
    begin: impl FnOnce(Origin) -> Audit,
) -> Result<Audit, JournalError> {
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .map_err(database)?;
    let origin =
        transaction.query_opt("SELECT id, unix_ms, adopted FROM origin", &[]).await.map_err(database)?;
    // Without its origin the first entry has nothing to follow, which is found as such.
    let nowhere = Origin { id: Vec::new(), unix_ms: 0, adopted: 0 };
    let mut audit = begin(origin.as_ref().map_or(nowhere, schema::origin));
    let none: [&(dyn ToSql + Sync); 0] = [];
    let plans = "SELECT id, plan, trail, salt, finished FROM plans";
    let rows = transaction.query_raw(plans, none).await.map_err(database)?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await.map_err(database)? {
        match plan(&row) {
            Ok(plan) => audit.plan(&plan),
            Err(error) => audit.damaged(error.to_string()),
        }
    }
    let rows = transaction.query_raw(ENTRIES, none).await.map_err(database)?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await.map_err(database)? {
        match sealed(&row) {
            Ok(entry) => audit.entry(&entry),
            Err(error) => audit.damaged(error.to_string()),
        }
    }
    Ok(audit)
}

/// A plan of a row; an error when somebody has changed what columns hold.
fn plan(row: &Row) -> Result<SealedPlan, tokio_postgres::Error> {
    Ok(SealedPlan {
        id: row.try_get(0)?,
        text: row.try_get(1)?,
        trail: row.try_get(2)?,
        salt: row.try_get(3)?,
        finished: row.try_get(4)?,
    })
}

fn sealed(row: &Row) -> Result<Sealed, tokio_postgres::Error> {
    let number = |index| row.try_get::<_, i64>(index).map(i64::cast_unsigned);
    let hash = |index| row.try_get(index).map(Hash::stored);
    let what = match row.try_get::<_, Option<i64>>(7)? {
        Some(number) => {
            Written::Event { number: number.cast_unsigned(), before_in_plan: hash(8)?, text: row.try_get(6)? }
        }
        None => Written::Refusal { text: row.try_get(9)?, json: row.try_get(10)? },
    };
    Ok(Sealed {
        place: number(0)?,
        before: hash(1)?,
        plan: row.try_get(2)?,
        unix_ms: number(3)?,
        salt: row.try_get(4)?,
        what,
        hash: hash(5)?,
    })
}

/// How an event is written is the journal's own: which one it is comes first.
const WAITING: &str = "
    SELECT id, token, plan, trail FROM plans
    CROSS JOIN LATERAL (SELECT event FROM events WHERE events.plan = plans.id ORDER BY number DESC LIMIT 1) AS last
    WHERE NOT finished AND owner <> $1 AND last.event LIKE '{\"event\":\"approval_asked\",%' ORDER BY id LIMIT $2";
/// More than anybody looks through.
const WAITING_MAX: i64 = 10_000;
const ENTRIES: &str = "
    SELECT place, before, plan, unix_ms, salt, hash, event, number, before_in_plan, NULL AS text, NULL AS json FROM events
    UNION ALL
    SELECT place, before, plan, unix_ms, salt, hash, NULL, NULL, NULL, text, json FROM refusals
    ORDER BY place";
