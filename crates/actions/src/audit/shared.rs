//! The same in a database.

use std::collections::BTreeMap;

use callwright_model::PlanId;
use callwright_plan_core::{Audit, Audited, Explained, Hash, SkillStats, Stats, explain};

use super::{AuditError, Listed};
use crate::journal::postgres::{self, Postgres};
use crate::journal::{JournalError, Story};

pub(super) async fn audit(store: &Postgres, noted: Option<Hash>) -> Result<Audited, AuditError> {
    let mut client = postgres::connect(store).await.map_err(unreadable)?;
    let audit = postgres::audit(&mut client, |origin| Audit::new(origin, noted)).await;
    Ok(audit.map_err(unreadable)?.finish())
}

pub(super) async fn explain_from(store: &Postgres, plan: &PlanId) -> Result<Option<Explained>, AuditError> {
    let client = postgres::connect(store).await.map_err(unreadable)?;
    match postgres::load(&client, plan).await.map_err(unreadable)? {
        Some(story) => Ok(Some(explain(&story.plan, &story.trail, &story.entries))),
        None => postgres::refusal(&client, plan).await.map_err(unreadable),
    }
}

pub(super) async fn list(store: &Postgres) -> Result<Vec<Listed>, AuditError> {
    let client = postgres::connect(store).await.map_err(unreadable)?;
    let mut listed = Vec::new();
    each(&client, 0, |story| listed.push(Listed::of(story))).await?;
    Ok(listed)
}

pub(crate) async fn stats(
    store: &Postgres,
    since_unix_ms: u64,
) -> Result<BTreeMap<String, SkillStats>, AuditError> {
    let client = postgres::connect(store).await.map_err(unreadable)?;
    let mut stats = Stats::default();
    each(&client, since_unix_ms, |story| stats.plan(&story.plan, &story.entries)).await?;
    let refused = |json: &str| stats.refusal(json);
    postgres::each_refusal(&client, since_unix_ms, refused).await.map_err(unreadable)?;
    Ok(stats.finish())
}

/// Plans that were said yes to at or after a time, the oldest first.
async fn each(
    client: &tokio_postgres::Client,
    since_unix_ms: u64,
    mut told: impl FnMut(Story),
) -> Result<(), AuditError> {
    let plans = postgres::list_plans(client, since_unix_ms).await.map_err(unreadable)?;
    for some in plans.chunks(AT_ONCE) {
        postgres::load_all(client, some).await.map_err(unreadable)?.into_iter().for_each(&mut told);
    }
    Ok(())
}

pub(crate) fn unreadable(error: JournalError) -> AuditError {
    AuditError::Unreadable(error.to_string())
}

/// Plans that are read together.
const AT_ONCE: usize = 256;
