//! Counting what a journal tells, without writing to it.

use std::collections::BTreeMap;
use std::path::Path;

use callwright_plan_core::{SkillStats, Stats};

use crate::audit::{AuditError, plans, read, shared, unreadable};
use crate::journal::{self, JournalError, Store};

/// What became of the plans of a journal, wherever it is, by skill; of those that were said yes to or refused at or after this time only,
/// in milliseconds since 1970. Cores may go on working on it meanwhile.
///
/// # Errors
/// When there is no journal to read.
pub async fn stats(store: &Store, since_unix_ms: u64) -> Result<BTreeMap<String, SkillStats>, AuditError> {
    match store {
        Store::File(file) => of_file(file, since_unix_ms),
        Store::Postgres(postgres) => shared::stats(postgres, since_unix_ms).await,
    }
}

fn of_file(file: &Path, since_unix_ms: u64) -> Result<BTreeMap<String, SkillStats>, AuditError> {
    read(file, |connection| {
        let mut stats = Stats::default();
        for plan in plans(connection, since_unix_ms)? {
            let failed = |error: JournalError| AuditError::Unreadable(error.to_string());
            if let Some(story) = journal::load(connection, &plan).map_err(failed)? {
                stats.plan(&story.plan, &story.entries);
            }
        }
        let mut refusals =
            connection.prepare("SELECT json FROM refusals WHERE unix_ms >= ?1").map_err(unreadable)?;
        let mut rows = refusals.query([since_unix_ms.cast_signed()]).map_err(unreadable)?;
        while let Some(row) = rows.next().map_err(unreadable)? {
            stats.refusal(&row.get::<_, String>(0).map_err(unreadable)?);
        }
        Ok(stats.finish())
    })
}
