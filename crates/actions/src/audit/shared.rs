//! The same in a database.

use callwright_model::PlanId;
use callwright_plan_core::{Audit, Audited, Explained, Hash, explain};

use super::{AuditError, Listed};
use crate::journal::JournalError;
use crate::journal::postgres::{self, Postgres};

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
    for plan in postgres::list_plans(&client).await.map_err(unreadable)? {
        if let Some(story) = postgres::load(&client, &plan).await.map_err(unreadable)? {
            listed.push(Listed::of(story));
        }
    }
    Ok(listed)
}

fn unreadable(error: JournalError) -> AuditError {
    AuditError::Unreadable(error.to_string())
}
