//! The journal: plans that were consented to, and what happened to them, in SQLite.
//!
//! One thread owns the connection. It takes whatever requests wait, does them in one transaction and answers after the commit,
//! so that many plans share a flush to disk while each still waits for its own.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use callwright_model::{CallId, Pii, PlanId};
use callwright_plan_core::{Entry, Event, Explained, Plan, is_finished};
use callwright_wire::actions::Callback;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior, params};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

mod callbacks;

/// Why the journal does not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Somebody else has written at this place.
    #[error("the place in the journal is taken")]
    Conflict,
    /// The disk or the file.
    #[error("the journal: {0}")]
    Database(String),
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}

/// A plan with its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) plan: Plan,
    pub(crate) entries: Vec<Entry>,
}

/// Writes to and reads from the journal. Dropping the last one closes it.
#[derive(Debug)]
pub(crate) struct Journal {
    requests: mpsc::Sender<Request>,
    thread: Option<JoinHandle<()>>,
}

enum Request {
    Begin {
        plan: Box<Plan>,
        event: Event,
        reply: oneshot::Sender<Result<Entry, JournalError>>,
    },
    Append {
        plan: PlanId,
        number: u64,
        event: Event,
        reply: oneshot::Sender<Result<Entry, JournalError>>,
    },
    Refuse {
        plan: PlanId,
        story: Explained,
        reply: oneshot::Sender<Result<(), JournalError>>,
    },
    Load {
        plan: PlanId,
        reply: oneshot::Sender<Result<Option<Story>, JournalError>>,
    },
    Refusal {
        plan: PlanId,
        reply: oneshot::Sender<Result<Option<Explained>, JournalError>>,
    },
    Unfinished {
        reply: oneshot::Sender<Result<Vec<Story>, JournalError>>,
    },
    CallBack {
        callback: Callback,
        reply: oneshot::Sender<Result<(), JournalError>>,
    },
    CallBacks {
        done: bool,
        reply: oneshot::Sender<Result<Vec<Callback>, JournalError>>,
    },
    CalledBack {
        call: CallId,
        by: Pii<String>,
        reply: oneshot::Sender<Result<Option<Callback>, JournalError>>,
    },
}

impl Journal {
    /// Opens the journal, making it if need be.
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        let connection = prepare(path).map_err(database)?;
        let (requests, inbox) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || serve(connection, inbox))
            .map_err(|error| JournalError::Database(error.to_string()))?;
        Ok(Self { requests, thread: Some(thread) })
    }

    /// Writes down a plan and its first event.
    pub(crate) async fn begin(&self, plan: Plan, event: Event) -> Result<Entry, JournalError> {
        self.ask(|reply| Request::Begin { plan: Box::new(plan), event, reply }).await
    }

    /// Writes down an event at its place.
    pub(crate) async fn append(
        &self,
        plan: &PlanId,
        number: u64,
        event: Event,
    ) -> Result<Entry, JournalError> {
        let plan = plan.clone();
        self.ask(|reply| Request::Append { plan, number, event, reply }).await
    }

    /// Writes down that something will not be done, and why.
    pub(crate) async fn refuse(&self, plan: &PlanId, story: Explained) -> Result<(), JournalError> {
        let plan = plan.clone();
        self.ask(|reply| Request::Refuse { plan, story, reply }).await
    }

    /// A plan with its events.
    pub(crate) async fn load(&self, plan: &PlanId) -> Result<Option<Story>, JournalError> {
        let plan = plan.clone();
        self.ask(|reply| Request::Load { plan, reply }).await
    }

    /// Why something was not done.
    pub(crate) async fn refusal(&self, plan: &PlanId) -> Result<Option<Explained>, JournalError> {
        let plan = plan.clone();
        self.ask(|reply| Request::Refusal { plan, reply }).await
    }

    /// Plans that have not ended.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Story>, JournalError> {
        self.ask(|reply| Request::Unfinished { reply }).await
    }

    /// Writes down that a caller wants to be called back.
    pub(crate) async fn call_back(&self, callback: Callback) -> Result<(), JournalError> {
        self.ask(|reply| Request::CallBack { callback, reply }).await
    }

    /// Callers who want to be called back, the longest waiting first; with `done` those who were, the latest first.
    pub(crate) async fn call_backs(&self, done: bool) -> Result<Vec<Callback>, JournalError> {
        self.ask(|reply| Request::CallBacks { done, reply }).await
    }

    /// Writes down that a caller was called back, unless that is written already. `None` when nobody asked for it.
    pub(crate) async fn called_back(
        &self,
        call: CallId,
        by: Pii<String>,
    ) -> Result<Option<Callback>, JournalError> {
        self.ask(|reply| Request::CalledBack { call, by, reply }).await
    }

    /// Waits until everything is written, and closes the file.
    pub(crate) fn close(self) {
        let Self { requests, thread } = self;
        drop(requests);
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, JournalError>>) -> Request,
    ) -> Result<T, JournalError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| JournalError::Closed)?;
        answer.await.map_err(|_| JournalError::Closed)?
    }
}

fn prepare(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS plans (
           id TEXT PRIMARY KEY, plan TEXT NOT NULL, finished INTEGER NOT NULL DEFAULT 0
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX IF NOT EXISTS unfinished ON plans (id) WHERE finished = 0;
         CREATE TABLE IF NOT EXISTS events (
           plan TEXT NOT NULL, number INTEGER NOT NULL, unix_ms INTEGER NOT NULL, event TEXT NOT NULL,
           PRIMARY KEY (plan, number)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS refusals (
           id TEXT PRIMARY KEY, unix_ms INTEGER NOT NULL, text TEXT NOT NULL, json TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS callbacks (
           call TEXT PRIMARY KEY, unix_ms INTEGER NOT NULL, number TEXT NOT NULL, briefing TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS callbacks_done (
           call TEXT PRIMARY KEY, unix_ms INTEGER NOT NULL, who TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;",
    )?;
    Ok(connection)
}

/// An answer that waits for the commit.
type Answer = Box<dyn FnOnce(Option<&JournalError>)>;

fn serve(mut connection: Connection, mut inbox: mpsc::Receiver<Request>) {
    while let Some(first) = inbox.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(more) = inbox.try_recv()
        {
            batch.push(more);
        }
        let mut answers = Vec::new();
        let committed = commit(&mut connection, batch, &mut answers).err().map(database);
        if let Some(error) = &committed {
            tracing::error!(%error, "the journal could not be written");
        }
        for answer in answers {
            answer(committed.as_ref());
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the journal did not close");
    }
}

fn commit(
    connection: &mut Connection,
    batch: Vec<Request>,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for request in batch {
        answers.push(perform(&transaction, request));
    }
    transaction.commit()
}

fn perform(transaction: &Transaction<'_>, request: Request) -> Answer {
    match request {
        Request::Begin { plan, event, reply } => {
            let done = begin(transaction, &plan).and_then(|()| append(transaction, &plan.id, 1, event));
            answer(reply, done)
        }
        Request::Append { plan, number, event, reply } => {
            answer(reply, append(transaction, &plan, number, event))
        }
        Request::Refuse { plan, story, reply } => answer(reply, refuse(transaction, &plan, &story)),
        Request::Load { plan, reply } => answer(reply, load(transaction, &plan)),
        Request::Refusal { plan, reply } => answer(reply, refusal(transaction, &plan)),
        Request::Unfinished { reply } => answer(reply, unfinished(transaction)),
        Request::CallBack { callback, reply } => answer(reply, callbacks::keep(transaction, &callback)),
        Request::CallBacks { done, reply } => answer(reply, callbacks::list(transaction, done)),
        Request::CalledBack { call, by, reply } => answer(reply, callbacks::complete(transaction, call, &by)),
    }
}

fn answer<T: 'static>(
    reply: oneshot::Sender<Result<T, JournalError>>,
    done: Result<T, JournalError>,
) -> Answer {
    Box::new(move |failed| {
        // Who asked may be gone; what was written stays.
        let _ = reply.send(match failed {
            None => done,
            Some(error) => Err(error.clone()),
        });
    })
}

fn begin(transaction: &Transaction<'_>, plan: &Plan) -> Result<(), JournalError> {
    let text = serde_json::to_string(plan).map_err(|error| JournalError::Database(error.to_string()))?;
    transaction
        .prepare_cached("INSERT INTO plans (id, plan) VALUES (?1, ?2)")
        .and_then(|mut insert| insert.execute(params![plan.id.0, text]))
        .map_err(database)?;
    Ok(())
}

fn append(
    transaction: &Transaction<'_>,
    plan: &PlanId,
    number: u64,
    event: Event,
) -> Result<Entry, JournalError> {
    let unix_ms = unix_ms();
    let text = serde_json::to_string(&event).map_err(|error| JournalError::Database(error.to_string()))?;
    let place = i64::try_from(number).map_err(|_| JournalError::Conflict)?;
    let time = i64::try_from(unix_ms).unwrap_or(i64::MAX);
    transaction
        .prepare_cached("INSERT INTO events (plan, number, unix_ms, event) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut insert| insert.execute(params![plan.0, place, time, text]))
        .map_err(database)?;
    if is_finished(std::slice::from_ref(&event)) {
        transaction
            .prepare_cached("UPDATE plans SET finished = 1 WHERE id = ?1")
            .and_then(|mut update| update.execute([&plan.0]))
            .map_err(database)?;
    }
    Ok(Entry { number, unix_ms, event })
}

fn refuse(transaction: &Transaction<'_>, plan: &PlanId, story: &Explained) -> Result<(), JournalError> {
    let time = i64::try_from(unix_ms()).unwrap_or(i64::MAX);
    transaction
        .execute(
            "INSERT OR REPLACE INTO refusals (id, unix_ms, text, json) VALUES (?1, ?2, ?3, ?4)",
            params![plan.0, time, story.text, story.json],
        )
        .map_err(database)?;
    Ok(())
}

fn load(transaction: &Transaction<'_>, plan: &PlanId) -> Result<Option<Story>, JournalError> {
    let text: Option<String> = transaction
        .query_row("SELECT plan FROM plans WHERE id = ?1", [&plan.0], |row| row.get(0))
        .optional()
        .map_err(database)?;
    text.map(|text| story(transaction, plan, &text)).transpose()
}

fn story(transaction: &Transaction<'_>, id: &PlanId, plan: &str) -> Result<Story, JournalError> {
    let plan = serde_json::from_str(plan)
        .map_err(|error| JournalError::Database(format!("plan {id} cannot be read: {error}")))?;
    let mut select = transaction
        .prepare_cached("SELECT number, unix_ms, event FROM events WHERE plan = ?1 ORDER BY number")
        .map_err(database)?;
    let rows = select
        .query_map([&id.0], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })
        .map_err(database)?;
    let mut entries = Vec::new();
    for row in rows {
        let (number, time, text) = row.map_err(database)?;
        let event = serde_json::from_str(&text)
            .map_err(|error| JournalError::Database(format!("event {number} of plan {id}: {error}")))?;
        let (number, unix_ms) = (u64::try_from(number).unwrap_or(0), u64::try_from(time).unwrap_or(0));
        entries.push(Entry { number, unix_ms, event });
    }
    Ok(Story { plan, entries })
}

fn refusal(transaction: &Transaction<'_>, plan: &PlanId) -> Result<Option<Explained>, JournalError> {
    transaction
        .query_row("SELECT text, json FROM refusals WHERE id = ?1", [&plan.0], |row| {
            Ok(Explained { text: row.get(0)?, json: row.get(1)? })
        })
        .optional()
        .map_err(database)
}

fn unfinished(transaction: &Transaction<'_>) -> Result<Vec<Story>, JournalError> {
    let mut select =
        transaction.prepare("SELECT id, plan FROM plans WHERE finished = 0 ORDER BY id").map_err(database)?;
    let rows =
        select.query_map([], |row| Ok((PlanId(row.get(0)?), row.get::<_, String>(1)?))).map_err(database)?;
    let mut stories = Vec::new();
    for row in rows {
        let (id, text) = row.map_err(database)?;
        match story(transaction, &id, &text) {
            Ok(story) => stories.push(story),
            // One plan that cannot be read must not keep the others from going on.
            Err(error) => tracing::error!(plan = %id, %error, "a plan cannot be resumed: a person must look"),
        }
    }
    Ok(stories)
}

fn database(error: rusqlite::Error) -> JournalError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => JournalError::Conflict,
        _ => JournalError::Database(error.to_string()),
    }
}

pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Requests that may wait. A full queue makes plans wait, which is what a slow disk should do.
const QUEUE: usize = 1_024;
/// Requests that share a commit: what a flush of some milliseconds gathers at ten thousand steps a second.
const BATCH: usize = 256;

#[cfg(test)]
mod tests;
