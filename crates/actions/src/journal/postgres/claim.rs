//! Who carries out what: staying alive, and taking over from those who are not.

use std::time::Duration;

use callwright_model::PlanId;
use tokio_postgres::Client;

use super::super::{JournalError, Story, Token};
use super::{database, read, schema};

/// Says that this core lives, and takes over plans of these packs whose cores do not; with `in_doubt` also tells all plans that are this
/// core's already.
pub(super) async fn claim(
    client: &Client,
    core: &str,
    lease: Duration,
    packs: &[String],
    in_doubt: bool,
) -> Result<Vec<Story>, JournalError> {
    let packs: Vec<String> = packs.iter().map(|pack| schema::pack(pack)).collect();
    let take_over = TAKE_OVER.replace("$PACK", schema::PACK);
    let rows = locked(client, async {
        alive(client, core, lease).await?;
        let mut rows = Vec::new();
        if in_doubt {
            rows = client.query(OWN, &[&core]).await?;
        }
        rows.extend(client.query(&take_over, &[&core, &packs, &AT_ONCE]).await?);
        client.execute(BURY, &[]).await?;
        Ok(rows)
    });
    let rows = rows.await?;
    Ok(read::readable(read::stories(client, &rows).await?))
}

/// Whether a plan is this core's under this token, and stays so for a lease.
pub(super) async fn holds(
    client: &Client,
    core: &str,
    lease: Duration,
    plan: &PlanId,
    token: Token,
) -> Result<bool, JournalError> {
    let query = "SELECT 1 FROM plans WHERE id = $1 AND owner = $2 AND token = $3";
    let row = locked(client, async {
        alive(client, core, lease).await?;
        client.query_opt(query, &[&plan.0, &core, &token.0]).await
    });
    Ok(row.await?.is_some())
}

async fn alive(client: &Client, core: &str, lease: Duration) -> Result<(), tokio_postgres::Error> {
    client.execute(ALIVE, &[&core, &lease.as_secs_f64()]).await.map(drop)
}

/// Does something under the lock of those who write. From the commit of a taking over on nothing more comes from whoever had the plans
/// before, and who says that it lives waits for one that believes it does not.
pub(super) async fn locked<T>(
    client: &Client,
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, JournalError> {
    locked_and(client, async { work.await.map_err(database) }).await
}

/// The same for work that fails in ways of its own.
pub(super) async fn locked_and<T>(
    client: &Client,
    work: impl Future<Output = Result<T, JournalError>>,
) -> Result<T, JournalError> {
    client.batch_execute("BEGIN").await.map_err(database)?;
    let done = async {
        client.execute("SELECT pg_advisory_xact_lock($1)", &[&schema::LOCK]).await.map_err(database)?;
        work.await
    };
    match done.await {
        Ok(done) => {
            client.batch_execute("COMMIT").await.map_err(database)?;
            Ok(done)
        }
        Err(error) => {
            // When the connection is gone, so is the transaction.
            let _ = client.batch_execute("ROLLBACK").await;
            Err(error)
        }
    }
}

/// Plans that are taken over together; those behind them follow at once.
pub(super) const AT_ONCE: i64 = 100;

const ALIVE: &str = "
    INSERT INTO cores (id, until) VALUES ($1, clock_timestamp() + $2 * interval '1 second')
    ON CONFLICT (id) DO UPDATE SET until = excluded.until";
const OWN: &str = "SELECT id, token, plan, trail FROM plans WHERE NOT finished AND owner = $1 ORDER BY id";
/// Texts are looked into only where somebody is gone: there may be many plans that wait with others.
const TAKE_OVER: &str = "
    WITH abandoned AS MATERIALIZED (
      SELECT id, plan FROM plans WHERE NOT finished AND owner <> $1
      AND NOT EXISTS (SELECT 1 FROM cores WHERE cores.id = plans.owner AND cores.until > clock_timestamp()))
    UPDATE plans SET owner = $1, token = token + 1 WHERE id IN (
      SELECT id FROM abandoned WHERE $PACK = ANY ($2) ORDER BY id LIMIT $3)
    RETURNING id, token, plan, trail";
/// A core that has not been heard of for an hour has nothing left that it could come back for.
const BURY: &str = "DELETE FROM cores WHERE until < clock_timestamp() - interval '1 hour'";
