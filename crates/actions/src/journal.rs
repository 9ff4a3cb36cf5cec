//! The journal: plans that were consented to, and what happened to them, in SQLite.
//!
//! One thread owns the connection. It takes whatever requests wait, does them in one transaction and answers after the commit,
//! so that many plans share a flush to disk while each still waits for its own.
//!
//! Plans, events and refusals hang on a chain of hashes, see `plan-core`'s `chain`. Callbacks do not: they hold numbers in clear,
//! which are to be deleted once they are of no use.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use callwright_model::{CallId, Pii, PlanId};
use callwright_plan_core::{Entry, Event, Explained, Plan, Trail};
use callwright_wire::actions::Callback;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use chained::Chained;

mod callbacks;
mod chained;
mod read;
pub(crate) mod schema;

pub(crate) use read::{load, refusal};

/// Why the journal does not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Somebody else has written at this place.
    #[error("the place in the journal is taken")]
    Conflict,
    /// The disk or the file.
    #[error("the journal: {0}")]
    Database(String),
    /// The file is a database of something else.
    #[error("the journal: the file is another program's database, or another one of ours")]
    Foreign,
    /// The file is of a newer version of this program.
    #[error("the journal: the file has version {0} of its layout, which a newer Callwright wrote; this one knows {version}", version = schema::VERSION)]
    Newer(i64),
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}

/// A plan with how it came to be and its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) plan: Plan,
    pub(crate) trail: Trail,
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
        trail: Trail,
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
    Since {
        unix_ms: u64,
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
        let mut connection = Connection::open(path).map_err(database)?;
        schema::prepare(&mut connection)?;
        let (requests, inbox) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || serve(connection, inbox))
            .map_err(|error| JournalError::Database(error.to_string()))?;
        Ok(Self { requests, thread: Some(thread) })
    }

    /// Writes down a plan with how it came to be, and its first event.
    pub(crate) async fn begin(&self, plan: Plan, trail: Trail, event: Event) -> Result<Entry, JournalError> {
        self.ask(|reply| Request::Begin { plan: Box::new(plan), trail, event, reply }).await
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

    /// Plans of which anything was written down since then, ended or not.
    pub(crate) async fn since(&self, unix_ms: u64) -> Result<Vec<Story>, JournalError> {
        self.ask(|reply| Request::Since { unix_ms, reply }).await
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

/// An answer that waits for the commit.
type Answer = Box<dyn FnOnce(Option<&JournalError>)>;

fn serve(mut connection: Connection, mut inbox: mpsc::Receiver<Request>) {
    note_head(&connection, "the journal is open");
    while let Some(first) = inbox.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(more) = inbox.try_recv()
        {
            batch.push(more);
        }
        let mut answers = Vec::new();
        let committed = commit(&mut connection, batch, &mut answers).err();
        if let Some(error) = &committed {
            tracing::error!(%error, "the journal could not be written");
        }
        for answer in answers {
            answer(committed.as_ref());
        }
    }
    note_head(&connection, "the journal is closed");
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the journal did not close");
    }
}

/// The head goes to the log: one that is kept elsewhere is the anchor that shows later whether entries were cut off.
fn note_head(connection: &Connection, what: &str) {
    match schema::head(connection) {
        Ok(head) => tracing::info!(entries = head.place, head = %head.hash, "{what}"),
        Err(error) => tracing::error!(%error, "the journal's head cannot be read"),
    }
}

fn commit(
    connection: &mut Connection,
    batch: Vec<Request>,
    answers: &mut Vec<Answer>,
) -> Result<(), JournalError> {
    let begun = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .and_then(|transaction| Ok((schema::head(&transaction)?, transaction)));
    let (head, transaction) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            let error = database(error);
            batch.into_iter().for_each(|request| request.fail(error.clone()));
            return Err(error);
        }
    };
    let mut chained = Chained::new(&transaction, head);
    for request in batch {
        answers.push(perform(&mut chained, request));
    }
    transaction.commit().map_err(database)
}

impl Request {
    /// Nothing could be done about it.
    fn fail(self, error: JournalError) {
        // Who asked may be gone.
        match self {
            Self::Begin { reply, .. } | Self::Append { reply, .. } => drop(reply.send(Err(error))),
            Self::Refuse { reply, .. } | Self::CallBack { reply, .. } => drop(reply.send(Err(error))),
            Self::Load { reply, .. } => drop(reply.send(Err(error))),
            Self::Refusal { reply, .. } => drop(reply.send(Err(error))),
            Self::Unfinished { reply } | Self::Since { reply, .. } => drop(reply.send(Err(error))),
            Self::CallBacks { reply, .. } => drop(reply.send(Err(error))),
            Self::CalledBack { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}

fn perform(chained: &mut Chained<'_>, request: Request) -> Answer {
    let transaction = chained.transaction();
    match request {
        Request::Begin { plan, trail, event, reply } => answer(reply, chained.begin(&plan, &trail, event)),
        Request::Append { plan, number, event, reply } => answer(reply, chained.append(&plan, number, event)),
        Request::Refuse { plan, story, reply } => answer(reply, chained.refuse(&plan, story)),
        Request::Load { plan, reply } => answer(reply, load(transaction, &plan)),
        Request::Refusal { plan, reply } => answer(reply, refusal(transaction, &plan)),
        Request::Unfinished { reply } => answer(reply, read::unfinished(transaction)),
        Request::Since { unix_ms, reply } => answer(reply, read::since(transaction, unix_ms)),
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
