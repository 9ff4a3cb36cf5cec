//! Reading a journal from outside: whether it is as it was written, and the story of a plan in it. Nothing is written, and a core
//! that works on it is not disturbed.

pub(crate) mod shared;

use std::path::Path;
use std::time::Duration;

use callwright_model::{CallId, PlanId};
use callwright_plan_core::{
    Audit, Audited, Event, Explained, Hash, Origin, Progress, Sealed, SealedPlan, Written, explain, progress,
};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, Transaction, TransactionBehavior};
use serde::Serialize;
use thiserror::Error;

use crate::journal::schema::{self, Layout, number};
use crate::journal::{self, JournalError, Store, Story};

/// Why a journal cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuditError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// Somebody else has it to themselves.
    #[error("it is locked by another program; try again when that is done with it")]
    Locked,
    /// It is no journal.
    #[error("it is no journal of an action core")]
    Foreign,
    /// It is from before there was a chain.
    #[error("it is of an older version, which had no chain; an action core that starts with it begins one")]
    Unchained,
    /// A newer program wrote it.
    #[error("it has version {0} of the layout, which a newer Callwright wrote; this one knows {version}", version = schema::VERSION)]
    Newer(i64),
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// Checks everything that hangs on a journal's chain, wherever it is. `noted` is a head that was noted earlier: it must be in the chain.
///
/// # Errors
/// When there is no journal to check. Whatever is wrong with one is in [`Audited::findings`].
pub async fn audit(store: &Store, noted: Option<Hash>) -> Result<Audited, AuditError> {
    match store {
        Store::File(file) => audit_file(file, noted),
        Store::Postgres(postgres) => shared::audit(postgres, noted).await,
    }
}

/// The story of a plan, wherever the journal is; `None` when it does not know it.
///
/// # Errors
/// When there is no journal to read.
pub async fn explain_from(store: &Store, plan: &PlanId) -> Result<Option<Explained>, AuditError> {
    match store {
        Store::File(file) => explain_from_file(file, plan),
        Store::Postgres(postgres) => shared::explain_from(postgres, plan).await,
    }
}

/// The plans of a journal, wherever it is, the oldest first.
///
/// # Errors
/// When there is no journal to read.
pub async fn list(store: &Store) -> Result<Vec<Listed>, AuditError> {
    match store {
        Store::File(file) => list_file(file),
        Store::Postgres(postgres) => shared::list(postgres).await,
    }
}

pub(crate) fn audit_file(file: &Path, noted: Option<Hash>) -> Result<Audited, AuditError> {
    read(file, |journal| {
        let origin = schema::origin(journal).map_err(unreadable)?;
        // Without its origin the first entry has nothing to follow, which is found as such.
        let nowhere = || Origin { id: Vec::new(), unix_ms: 0, adopted: 0 };
        let mut audit = Audit::new(origin.unwrap_or_else(nowhere), noted);
        if let Err(error) = feed(journal, &mut audit) {
            audit.damaged(error.to_string());
        }
        Ok(audit.finish())
    })
}

fn explain_from_file(file: &Path, plan: &PlanId) -> Result<Option<Explained>, AuditError> {
    let failed = |error: JournalError| AuditError::Unreadable(error.to_string());
    read(file, |connection| match journal::load(connection, plan).map_err(failed)? {
        Some(story) => Ok(Some(explain(&story.plan, &story.trail, &story.entries))),
        None => journal::refusal(connection, plan).map_err(failed),
    })
}

/// A plan in a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The plan.
    pub plan: PlanId,
    /// Its pack.
    pub pack: String,
    /// Its skill.
    pub skill: String,
    /// The call it is for.
    pub call: CallId,
    /// How far it is.
    pub state: Progress,
    /// When the caller said yes, in milliseconds since 1970.
    pub begun_unix_ms: u64,
}

fn list_file(file: &Path) -> Result<Vec<Listed>, AuditError> {
    read(file, |connection| {
        let mut listed = Vec::new();
        for plan in plans(connection, 0)? {
            let failed = |error: JournalError| AuditError::Unreadable(error.to_string());
            let Some(story) = journal::load(connection, &plan).map_err(failed)? else { continue };
            listed.push(Listed::of(story));
        }
        Ok(listed)
    })
}

impl Listed {
    fn of(story: Story) -> Self {
        let events: Vec<Event> = story.entries.iter().map(|entry| entry.event.clone()).collect();
        Self {
            state: progress(&story.plan, &events).0,
            begun_unix_ms: story.entries.first().map_or(0, |entry| entry.unix_ms),
            plan: story.plan.id,
            pack: story.plan.pack,
            skill: story.plan.skill,
            call: story.plan.call,
        }
    }
}

/// The plans that were said yes to at or after a time, the oldest first.
pub(crate) fn plans(connection: &Connection, since_unix_ms: u64) -> Result<Vec<PlanId>, AuditError> {
    let mut select = connection
        .prepare("SELECT plan FROM events WHERE number = 1 AND unix_ms >= ?1 ORDER BY place")
        .map_err(unreadable)?;
    let rows = select.query_map([since_unix_ms.cast_signed()], |row| row.get(0).map(PlanId));
    rows.and_then(Iterator::collect).map_err(unreadable)
}

/// Opens a journal and does something in one view of it.
pub(crate) fn read<T>(
    file: &Path,
    then: impl FnOnce(&Transaction<'_>) -> Result<T, AuditError>,
) -> Result<T, AuditError> {
    if !file.is_file() {
        return Err(AuditError::Missing);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags).map_err(unreadable)?;
    connection.busy_timeout(LOCKED_MAX).map_err(unreadable)?;
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(unreadable)?;
    match schema::layout(&transaction).map_err(unreadable)? {
        Layout::Older(_) | Layout::Current => then(&transaction),
        Layout::Unchained => Err(AuditError::Unchained),
        Layout::Newer(version) => Err(AuditError::Newer(version)),
        Layout::Empty | Layout::Foreign => Err(AuditError::Foreign),
    }
}

fn feed(journal: &Transaction<'_>, audit: &mut Audit) -> rusqlite::Result<()> {
    let whole: String = journal.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if whole != "ok" {
        audit.damaged(whole);
    }
    // A trigger or a view could show one thing and keep another.
    let mut strange =
        journal.prepare("SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'view')")?;
    let mut rows = strange.query([])?;
    while let Some(row) = rows.next()? {
        audit.damaged(format!("it has a {} `{}`, which no journal has", text(row, 0)?, text(row, 1)?));
    }
    // Who only reads is not told when what a table may hold (CHECK) is broken; who writes cannot open the file. Nothing is done here.
    let bare = Connection::open_in_memory()?;
    let mut tables = journal.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")?;
    let mut rows = tables.query([])?;
    while let Some(row) = rows.next()? {
        if let Err(error) = bare.prepare(&text(row, 1)?) {
            audit.damaged(format!("its table `{}` is broken: {error}", text(row, 0)?));
        }
    }
    let mut plans = journal.prepare("SELECT id, plan, trail, salt, finished FROM plans")?;
    let mut rows = plans.query([])?;
    while let Some(row) = rows.next()? {
        let (id, plan, trail) = (text(row, 0)?, text(row, 1)?, text(row, 2)?);
        let (salt, finished) = (row.get(3)?, row.get::<_, i64>(4)? != 0);
        audit.plan(&SealedPlan { id, text: plan, trail, salt, finished });
    }
    let mut entries = journal.prepare(
        "SELECT place, before, plan, unix_ms, salt, hash, event, number, before_in_plan, NULL, NULL FROM events
         UNION ALL
         SELECT place, before, plan, unix_ms, salt, hash, NULL, NULL, NULL, text, json FROM refusals
         ORDER BY place",
    )?;
    let mut rows = entries.query([])?;
    while let Some(row) = rows.next()? {
        audit.entry(&sealed(row)?);
    }
    Ok(())
}

fn sealed(row: &Row<'_>) -> rusqlite::Result<Sealed> {
    let hash = |index| row.get::<_, Vec<u8>>(index).map(|bytes| Hash::stored(&bytes));
    let what = match row.get::<_, Option<i64>>(7)? {
        Some(number) => {
            Written::Event { number: number.cast_unsigned(), before_in_plan: hash(8)?, text: text(row, 6)? }
        }
        None => Written::Refusal { text: text(row, 9)?, json: text(row, 10)? },
    };
    Ok(Sealed {
        place: number(row, 0)?,
        before: hash(1)?,
        plan: text(row, 2)?,
        unix_ms: number(row, 3)?,
        salt: row.get(4)?,
        what,
        hash: hash(5)?,
    })
}

/// A text as it is stored. What is no UTF-8 is no text of ours: it becomes one that fits no hash.
fn text(row: &Row<'_>, index: usize) -> rusqlite::Result<String> {
    Ok(String::from_utf8_lossy(row.get_ref(index)?.as_bytes()?).into_owned())
}

pub(crate) fn unreadable(error: rusqlite::Error) -> AuditError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => AuditError::Locked,
        Some(ErrorCode::NotADatabase) => AuditError::Foreign,
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => AuditError::Unreadable(format!(
            "{error}; you need the right to read it, and to write in its folder, or a copy of it with its `-wal` beside it"
        )),
        _ => AuditError::Unreadable(error.to_string()),
    }
}

/// Nobody who writes to a journal as we do keeps readers out; who does so for longer has it for themselves.
const LOCKED_MAX: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
