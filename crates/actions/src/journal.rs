//! The journal: plans that were consented to, and what happened to them, in a file of SQLite's, which one core has for itself, or in
//! [`postgres`], which cores share.
//!
//! One thread owns the connection. It takes whatever requests wait, does them in one transaction and answers after the commit,
//! so that many plans share a flush to disk while each still waits for its own. When the disk takes nothing, nothing of such a batch is
//! kept and everybody in it is told.
//!
//! Plans, events and refusals hang on a chain of hashes, see `plan-core`'s `chain`. Callbacks do not: they hold numbers in clear,
//! which are to be deleted once they are of no use.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use callwright_model::{CallId, Pii, PlanId, TryOutcome};
use callwright_plan_core::{Entry, Event, Explained, Head, Plan, Trail};
use callwright_wire::actions::{Callback, ClaimRequest, ClaimedCallback};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::tally::{Charge, Tally};
use chained::Chained;
use request::{Change, Changed, Request};

mod callbacks;
mod chained;
mod erase;
mod owned;
pub(crate) mod postgres;
mod read;
mod request;
pub(crate) mod schema;

pub use postgres::Postgres;
pub(crate) use read::{load, refusal};

/// Why the journal does not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Somebody else has written at this place.
    #[error("the place in the journal is taken")]
    Conflict,
    /// The plan would go beyond a limit of the day, and was not charged.
    #[error("a limit of the day leaves no room for it")]
    Beyond,
    /// The plan is not this core's any more.
    #[error("another core has taken the plan over")]
    Stale,
    /// It takes nothing for now: its disk is full or refuses, or somebody has locked it.
    #[error("the journal takes nothing for now: {0}")]
    Unwritable(String),
    /// The database does not answer for now. Whether it has done as asked is not known.
    #[error("the journal does not answer for now: {0}")]
    Away(String),
    /// A core has the file for itself.
    #[error("another core works on it; stop that one, or give this one a file of its own")]
    Locked,
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

impl JournalError {
    /// Whether the same may succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unwritable(_) | Self::Away(_) => true,
            Self::Conflict
            | Self::Beyond
            | Self::Stale
            | Self::Locked
            | Self::Database(_)
            | Self::Foreign
            | Self::Newer(_)
            | Self::Closed => false,
        }
    }
}

/// Where a core keeps its journal.
#[derive(Debug, Clone)]
pub enum Store {
    /// A file, made if it is not there. One core has it for itself.
    File(PathBuf),
    /// A database that cores may share: what one leaves another takes over.
    Postgres(Postgres),
}

impl Store {
    /// The file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Postgres(postgres) => postgres.fmt(f),
        }
    }
}

/// What a core shows to write about a plan. It grows each time that another core takes the plan over; in a file it stays the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token(i64);

impl Token {
    /// Of whoever began the plan.
    pub(crate) const FIRST: Self = Self(1);
}

/// A plan with how it came to be and its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) plan: Plan,
    pub(crate) trail: Trail,
    pub(crate) token: Token,
    pub(crate) entries: Vec<Entry>,
}

/// Whose plans are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whose {
    pub(crate) pack: String,
    /// What they have proved to own there.
    pub(crate) identities: BTreeSet<String>,
    /// So many of their plans at most.
    pub(crate) most: usize,
}

impl Whose {
    /// The newest of some plans, each with its place and whether its caller has heard how it ended, each once.
    fn newest(&self, mut found: Vec<(i64, String, bool)>) -> impl Iterator<Item = (PlanId, bool)> {
        found.sort_by(|one, other| other.cmp(one));
        found.dedup_by(|one, other| one.0 == other.0);
        found.truncate(self.most);
        found.into_iter().map(|(_, plan, heard)| (PlanId(plan), heard))
    }
}

/// A plan of somebody, and whether they have heard how it ended.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) story: Story,
    pub(crate) heard: bool,
}

/// Writes to and reads from the journal. Dropping the last one closes it.
#[derive(Debug)]
pub(crate) struct Journal {
    requests: mpsc::Sender<Request>,
    thread: Option<JoinHandle<()>>,
    /// With whom it is shared it is shared for a lease.
    shared: Option<Shared>,
}

#[derive(Debug)]
struct Shared {
    lease: Duration,
    held: Arc<Mutex<postgres::Held>>,
}

impl Journal {
    /// Opens a journal, making it if need be. A file that its last core is about to let go of is waited for.
    pub(crate) async fn of(store: &Store) -> Result<Self, JournalError> {
        let file = match store {
            Store::Postgres(postgres) => return Self::shared(postgres.clone()).await,
            Store::File(file) => file,
        };
        let begun = Instant::now();
        loop {
            match Self::open(file) {
                Err(JournalError::Locked) if begun.elapsed() < LOCKED_MAX => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                opened => return opened,
            }
        }
    }

    /// Opens a file for this core alone.
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        let alone = alone(path)?;
        let mut connection = Connection::open(path).map_err(database)?;
        schema::prepare(&mut connection)?;
        let (requests, inbox) = mpsc::channel(QUEUE);
        let thread = thread(move || {
            serve(connection, inbox);
            drop(alone);
        })?;
        Ok(Self { requests, thread: Some(thread), shared: None })
    }

    /// Opens a database that other cores may work on too.
    async fn shared(postgres: Postgres) -> Result<Self, JournalError> {
        let (requests, inbox) = mpsc::channel(QUEUE);
        let (opened, open) = oneshot::channel();
        let held = Arc::new(Mutex::new(postgres::Held::never()));
        let shared = Some(Shared { lease: postgres.lease(), held: Arc::clone(&held) });
        let thread = thread(move || postgres::serve(postgres, inbox, held, opened))?;
        open.await.map_err(|_| JournalError::Closed)??;
        Ok(Self { requests, thread: Some(thread), shared })
    }

    /// For how long other cores leave this one its plans when they do not hear of it; `None` when there are no others.
    pub(crate) fn lease(&self) -> Option<Duration> {
        self.shared.as_ref().map(|shared| shared.lease)
    }

    /// Writes down a plan with how it came to be, and its first event.
    pub(crate) async fn begin(&self, plan: Plan, trail: Trail, event: Event) -> Result<Entry, JournalError> {
        self.ask(|reply| Request::Begin { plan: Box::new(plan), trail, event, reply }).await
    }

    /// Writes down an event at its place.
    pub(crate) async fn append(
        &self,
        plan: &PlanId,
        token: Token,
        number: u64,
        event: Event,
    ) -> Result<Entry, JournalError> {
        let entries = self.append_all(plan, token, number, vec![event], None).await?;
        entries.into_iter().next().ok_or(JournalError::Conflict)
    }

    /// Writes down events that follow each other, the first at this place: all of them with one flush, or none. What is to be charged
    /// before is charged under the same lock, or nothing is written.
    pub(crate) async fn append_all(
        &self,
        plan: &PlanId,
        token: Token,
        number: u64,
        events: Vec<Event>,
        charge: Option<Charge>,
    ) -> Result<Vec<Entry>, JournalError> {
        let (plan, token) = (plan.clone(), Some(token));
        self.ask(|reply| Request::Append { plan, token, number, events, charge, reply }).await
    }

    /// Writes down at its place what people say about a plan. They need not know which core carries it out; that one goes by the place.
    pub(crate) async fn say(&self, plan: &PlanId, number: u64, event: Event) -> Result<Entry, JournalError> {
        let (plan, events) = (plan.clone(), vec![event]);
        let asked = |reply| Request::Append { plan, token: None, number, events, charge: None, reply };
        let entries = self.ask(asked).await?;
        entries.into_iter().next().ok_or(JournalError::Conflict)
    }

    /// Plans of other cores that may wait for an approval. In a file there are none.
    pub(crate) async fn waiting(&self) -> Result<Vec<Story>, JournalError> {
        self.ask(|reply| Request::Waiting { reply }).await
    }

    /// Which of some plans have more events than so many.
    pub(crate) async fn longer(&self, known: Vec<(PlanId, u64)>) -> Result<Vec<PlanId>, JournalError> {
        self.ask(|reply| Request::Longer { known, reply }).await
    }

    /// Whether a plan that was this core's at `known` is so still. What nobody else can have taken is not asked of the database.
    pub(crate) async fn holds(
        &self,
        plan: &PlanId,
        token: Token,
        known: Instant,
    ) -> Result<bool, JournalError> {
        let Some(Shared { held, .. }) = &self.shared else { return Ok(true) };
        let held = *held.lock().unwrap_or_else(PoisonError::into_inner);
        if known >= held.since && Instant::now() < held.until {
            return Ok(true);
        }
        let plan = plan.clone();
        self.ask(|reply| Request::Holds { plan, token, reply }).await
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

    /// Plans that have not ended and that nobody carries out; they are this core's from then on. In a file these are all. Where cores share
    /// a journal they are some of those that a core left which is not heard of any more, of these packs, until there are none; and asking
    /// is what this core is heard by. What they have done counts from then on.
    pub(crate) async fn claim(
        &self,
        packs: Vec<String>,
        tally: &Arc<Tally>,
    ) -> Result<Vec<Story>, JournalError> {
        let tally = Arc::clone(tally);
        self.ask(|reply| Request::Claim { packs, tally, reply }).await
    }

    /// Counts what the journal tells of today that was not counted before, and that this core did not do itself.
    pub(crate) async fn count(&self, tally: &Arc<Tally>) -> Result<(), JournalError> {
        let tally = Arc::clone(tally);
        self.ask(|reply| Request::Count { tally, reply }).await
    }

    /// Plans of somebody, the newest first.
    pub(crate) async fn past(&self, whose: Whose) -> Result<Vec<Past>, JournalError> {
        self.ask(|reply| Request::Past { whose, reply }).await
    }

    /// Marks that the caller has heard how a plan ended. `false` when there is no such plan.
    pub(crate) async fn heard(&self, plan: &PlanId) -> Result<bool, JournalError> {
        let plan = plan.clone();
        self.ask(|reply| Request::Heard { plan, reply }).await
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

    /// Gives what was promised and is due to a gateway.
    pub(crate) async fn claim_call_backs(
        &self,
        claim: ClaimRequest,
    ) -> Result<Vec<ClaimedCallback>, JournalError> {
        self.ask(|reply| Request::ClaimCallBacks { claim, reply }).await
    }

    /// Writes down what came of a try.
    pub(crate) async fn report_call_back(
        &self,
        call: CallId,
        token: u64,
        outcome: TryOutcome,
    ) -> Result<Changed, JournalError> {
        let change = Change::Report(token, outcome);
        self.ask(|reply| Request::ChangeCallBack { call, change, reply }).await
    }

    /// Lets go of a promise.
    pub(crate) async fn cancel_call_back(
        &self,
        call: CallId,
        by: Pii<String>,
    ) -> Result<Changed, JournalError> {
        self.ask(|reply| Request::ChangeCallBack { call, change: Change::Cancel(by), reply }).await
    }

    /// Erases what these plans say, for good, and the numbers that were left for calls back in these calls. Only plans that have ended.
    pub(crate) async fn erase(&self, plans: Vec<PlanId>, calls: Vec<CallId>) -> Result<(), JournalError> {
        self.ask(|reply| Request::Erase { plans, calls, reply }).await
    }

    /// Waits until everything is written, and closes the file.
    pub(crate) fn close(self) {
        let Self { requests, thread, shared: _ } = self;
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

/// Takes a file for this core alone, as long as what comes back is held. The lock is of a file beside it, for SQLite loses its own locks
/// when anybody else in the process opens the journal and closes it.
fn alone(path: &Path) -> Result<File, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let failed =
        |error: std::io::Error| JournalError::Database(format!("{}: {error}", Path::new(&name).display()));
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn thread(work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, JournalError> {
    let spawned = std::thread::Builder::new().name("journal".to_owned()).spawn(work);
    spawned.map_err(|error| JournalError::Database(error.to_string()))
}

/// An answer that waits for the commit.
type Answer = Box<dyn FnOnce(Option<&JournalError>)>;

fn serve(mut connection: Connection, mut inbox: mpsc::Receiver<Request>) {
    note_head(&connection, "the journal is open");
    let mut head = None;
    while let Some(first) = inbox.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(more) = inbox.try_recv()
        {
            batch.push(more);
        }
        let erases = batch.iter().any(|request| matches!(request, Request::Erase { .. }));
        let mut answers = Vec::new();
        let committed = commit(&mut connection, &mut head, batch, &mut answers).err();
        if let Some(error) = &committed {
            tracing::error!(%error, "the journal could not be written");
        }
        if erases && let Err(error) = emptied(&connection) {
            tracing::warn!(%error, "what was erased is in the journal's log file until that is written anew");
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

/// Writes the log file (`-wal`) into the journal and empties it: it would hold what was erased as it was.
fn emptied(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// The head goes to the log: one that is kept elsewhere is the anchor that shows later whether entries were cut off.
fn note_head(connection: &Connection, what: &str) {
    match schema::head(connection) {
        Ok(head) => tracing::info!(entries = head.place, head = %head.hash, "{what}"),
        Err(error) => tracing::error!(%error, "the journal's head cannot be read"),
    }
}

/// The head is the one of the last commit, for nobody else writes the file; after anything that went wrong it is read anew.
fn commit(
    connection: &mut Connection,
    head: &mut Option<Head>,
    batch: Vec<Request>,
    answers: &mut Vec<Answer>,
) -> Result<(), JournalError> {
    let known = head.take();
    let begun = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .and_then(|transaction| Ok((known.map_or_else(|| schema::head(&transaction), Ok)?, transaction)));
    let (known, transaction) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            let error = database(error);
            batch.into_iter().for_each(|request| request.fail(error.clone()));
            return Err(error);
        }
    };
    let mut chained = Chained::new(&transaction, known);
    let mut batch = batch.into_iter();
    for request in batch.by_ref() {
        let (answer, spoilt) = perform(&mut chained, request);
        answers.push(answer);
        // What failed may be half written, and a full disk ends the transaction: what came after it would be written outside of it.
        if let Some(error) = spoilt {
            batch.for_each(|request| request.fail(error.clone()));
            return Err(error);
        }
    }
    let newest = chained.head();
    transaction.commit().map_err(database)?;
    *head = Some(newest);
    Ok(())
}

/// Does as asked, to be answered after the commit; and why nothing of the transaction may be kept, if so.
fn perform(chained: &mut Chained<'_>, request: Request) -> (Answer, Option<JournalError>) {
    let transaction = chained.transaction();
    let read = |answer| (answer, None);
    match request {
        Request::Begin { plan, trail, event, reply } => wrote(reply, chained.begin(&plan, &trail, event)),
        // One core has the file, so nobody can have taken the plan over.
        Request::Append { plan, token: _, number, events, charge, reply } => {
            let charged = charge.map_or(Ok(()), |charge| charge.make());
            wrote(reply, charged.and_then(|()| chained.append(&plan, number, events)))
        }
        Request::Refuse { plan, story, reply } => wrote(reply, chained.refuse(&plan, story)),
        Request::Load { plan, reply } => read(answer(reply, load(transaction, &plan))),
        Request::Refusal { plan, reply } => read(answer(reply, refusal(transaction, &plan))),
        Request::Holds { plan: _, token: _, reply } => read(answer(reply, Ok(true))),
        Request::Claim { packs: _, tally: _, reply } => read(answer(reply, read::unfinished(transaction))),
        Request::Count { tally, reply } => {
            let counted =
                read::since(transaction, tally.since_unix_ms()).map(|stories| tally.learn(&stories));
            read(answer(reply, counted))
        }
        // Nobody else works on a file.
        Request::Waiting { reply } => read(answer(reply, Ok(Vec::new()))),
        Request::Longer { known: _, reply } => read(answer(reply, Ok(Vec::new()))),
        Request::CallBack { callback, reply } => wrote(reply, callbacks::keep(transaction, &callback)),
        Request::CallBacks { done, reply } => read(answer(reply, callbacks::list(transaction, done))),
        Request::Past { whose, reply } => read(answer(reply, owned::of(transaction, &whose))),
        Request::Heard { plan, reply } => wrote(reply, owned::heard(transaction, &plan)),
        Request::Erase { plans, calls, reply } => wrote(reply, erase::erase(transaction, &plans, &calls)),
        Request::CalledBack { call, by, reply } => wrote(reply, callbacks::complete(transaction, call, &by)),
        Request::ClaimCallBacks { claim, reply } => wrote(reply, callbacks::claim(transaction, &claim)),
        Request::ChangeCallBack { call, change, reply } => {
            wrote(reply, callbacks::change(transaction, call, &change))
        }
    }
}

/// A conflict is found before anything is written, and so is a limit; any other failure leaves nobody knows what.
fn wrote<T: 'static>(
    reply: oneshot::Sender<Result<T, JournalError>>,
    done: Result<T, JournalError>,
) -> (Answer, Option<JournalError>) {
    let unwritten = |error: &&JournalError| matches!(error, JournalError::Conflict | JournalError::Beyond);
    let spoilt = done.as_ref().err().filter(|error| !unwritten(error)).cloned();
    (answer(reply, done), spoilt)
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
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked,
        ) => JournalError::Unwritable(error.to_string()),
        _ => JournalError::Database(error.to_string()),
    }
}

pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A core that stops lets go of its file well within this.
const LOCKED_MAX: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Requests that may wait. A full queue makes plans wait, which is what a slow disk should do.
const QUEUE: usize = 1_024;
/// Requests that share a commit: what a flush of some milliseconds gathers at ten thousand steps a second.
const BATCH: usize = 256;

#[cfg(test)]
mod tests;
