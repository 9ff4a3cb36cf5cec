//! The journal in Postgres, which several cores may share.
//!
//! One thread has one connection. It works as that of the file does: whatever requests wait are written in one transaction and
//! answered after its commit. Who writes holds a lock of the database first, so that the chain has one head whoever adds to it;
//! what is to be written is worked out in memory and takes two round trips, however many plans share it.
//!
//! A core belongs to the living as long as its row in `cores` is younger than a lease, by the database's clock. A plan belongs to
//! the core that its row names, under a token that grows with each taking over. An entry of whoever does not hold the token is refused,
//! so a core that slept through its lease can write nothing more of what others have gone on with.
//!
//! When the connection breaks in a commit, nobody knows whether it was made. Whoever asked is told that the journal is away, asks again,
//! and finds the place taken by what they wrote, or free.

use std::error::Error as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use callwright_model::PlanId;
use tokio::sync::{mpsc, oneshot};

use super::{Answer, BATCH, JournalError, Request, answer};
use crate::lot;
use batch::Batch;
use link::Link;

mod batch;
mod callbacks;
mod claim;
mod erase;
mod journeys;
mod link;
mod read;
mod schema;
mod settings;

pub(crate) use journeys::{named, old};
pub(crate) use link::connect;
pub(crate) use read::{audit, each_refusal, list_plans, load, load_all, origin, refusal};
pub use settings::Postgres;

/// How long this core is sure to be taken for alive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Without a gap since then.
    pub(super) since: Instant,
    /// Until then, unless it says so again.
    pub(super) until: Instant,
}

impl Held {
    /// Never yet.
    pub(super) fn never() -> Self {
        let now = Instant::now();
        Self { since: now, until: now }
    }

    /// For a lease from `begun` on, when it said so.
    fn renew(&mut self, begun: Instant, lease: Duration) {
        if begun > self.until {
            self.since = begun;
        }
        self.until = begun + lease;
    }
}

/// A core's side of the database.
struct Store {
    settings: Postgres,
    /// This core among the others: drawn anew at each start, so that one that starts again waits for its own lease as any other would.
    core: String,
    link: Option<Link>,
    /// When connecting failed last, and how.
    failed: Option<(Instant, JournalError)>,
    held: Arc<Mutex<Held>>,
    /// A commit may have been made or not: plans may be this core's that it does not know of.
    in_doubt: bool,
}

/// Connects and serves until nobody asks any more. How connecting went is told first.
pub(super) fn serve(
    settings: Postgres,
    inbox: mpsc::Receiver<Request>,
    held: Arc<Mutex<Held>>,
    opened: oneshot::Sender<Result<(), JournalError>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return drop(opened.send(Err(JournalError::Database(error.to_string())))),
    };
    let mut store = Store { settings, core: lot::id(), link: None, failed: None, held, in_doubt: false };
    runtime.block_on(async {
        match store.open().await {
            Ok(()) => {
                // Whoever opens it may be gone; then there are no requests either.
                let _ = opened.send(Ok(()));
                Box::pin(store.serve(inbox)).await;
            }
            Err(error) => drop(opened.send(Err(error))),
        }
    });
}

impl Store {
    async fn open(&mut self) -> Result<(), JournalError> {
        let mut client = connect(&self.settings).await?;
        schema::prepare(&mut client).await?;
        let link = Link::new(client).await?;
        link.note_head("the journal is open").await?;
        self.link = Some(link);
        Ok(())
    }

    async fn serve(mut self, mut inbox: mpsc::Receiver<Request>) {
        while let Some(first) = inbox.recv().await {
            let mut batch = vec![first];
            while batch.len() < BATCH
                && let Ok(more) = inbox.try_recv()
            {
                batch.push(more);
            }
            let (writes, others): (Vec<Request>, Vec<Request>) =
                batch.into_iter().partition(Request::extends_chain);
            if !writes.is_empty() {
                self.write(writes).await;
            }
            for request in others {
                Box::pin(self.other(request)).await;
            }
        }
        self.leave().await;
    }

    /// The connection; a new one when there is none.
    async fn link(&mut self) -> Result<&Link, JournalError> {
        if self.link.as_ref().is_none_or(Link::is_closed) {
            self.link = None;
            if let Some((when, error)) = &self.failed
                && when.elapsed() < RECONNECT_AFTER
            {
                return Err(error.clone());
            }
            let again = async {
                let away = |error: JournalError| JournalError::Away(error.to_string());
                Link::new(connect(&self.settings).await.map_err(away)?).await
            };
            match within(again).await {
                Ok(link) => {
                    self.failed = None;
                    self.link = Some(link);
                }
                Err(error) => {
                    self.failed = Some((Instant::now(), error.clone()));
                    return Err(error);
                }
            }
        }
        self.link.as_ref().ok_or(JournalError::Closed)
    }

    async fn write(&mut self, requests: Vec<Request>) {
        let core = self.core.clone();
        let link = match self.link().await {
            Ok(link) => link,
            Err(error) => return requests.into_iter().for_each(|request| request.fail(error.clone())),
        };
        let ids: Vec<&str> = requests.iter().filter_map(Request::plan).map(|plan| plan.0.as_str()).collect();
        let (head, tails) = match within(link.look(&ids)).await {
            Ok(stands) => stands,
            Err(error) => {
                self.link = None;
                return requests.into_iter().for_each(|request| request.fail(error.clone()));
            }
        };
        // Nobody else can write from now on to the commit: what others have taken of a limit is known, and what is left can be taken.
        if let Some(tally) = requests.iter().find_map(Request::tally)
            && let Err(error) = within(read::count(&link.client, &core, tally)).await
        {
            self.link = None;
            return requests.into_iter().for_each(|request| request.fail(error.clone()));
        }
        let mut batch = Batch::new(&core, head, tails);
        let answers: Vec<Answer> =
            requests.into_iter().filter_map(|request| work(&mut batch, request)).collect();
        let kept = within(link.keep(&batch)).await;
        if let Err(error) = &kept {
            tracing::error!(%error, "the journal could not be written");
            self.in_doubt |= matches!(error, JournalError::Away(_));
            self.link = None;
        }
        answers.into_iter().for_each(|answer| answer(kept.as_ref().err()));
    }

    /// What adds nothing to the chain.
    async fn other(&mut self, request: Request) {
        let (core, lease, in_doubt) = (self.core.clone(), self.settings.lease, self.in_doubt);
        let begun = Instant::now();
        let link = match self.link().await {
            Ok(link) => link,
            Err(error) => return request.fail(error),
        };
        let client = &link.client;
        let mut failed = false;
        let told = match request {
            Request::Load { plan, reply } => {
                answer(reply, noted(&mut failed, within(load(client, &plan)).await))
            }
            Request::Refusal { plan, reply } => {
                answer(reply, noted(&mut failed, within(refusal(client, &plan)).await))
            }
            Request::CallBack { callback, reply } => {
                answer(reply, noted(&mut failed, within(callbacks::keep(client, &callback)).await))
            }
            Request::CallBacks { done, reply } => {
                answer(reply, noted(&mut failed, within(callbacks::list(client, done)).await))
            }
            Request::CalledBack { call, by, reply } => {
                answer(reply, noted(&mut failed, within(callbacks::complete(client, call, &by)).await))
            }
            Request::ClaimCallBacks { claim, reply } => {
                answer(reply, noted(&mut failed, within(callbacks::claim(client, &claim)).await))
            }
            Request::ChangeCallBack { call, change, reply } => {
                answer(reply, noted(&mut failed, within(callbacks::change(client, call, &change)).await))
            }
            Request::Holds { plan, token, reply } => {
                let holds = Box::pin(within(claim::holds(client, &core, lease, &plan, token))).await;
                if holds.is_ok() {
                    lock(&self.held).renew(begun, lease);
                }
                answer(reply, noted(&mut failed, holds))
            }
            Request::Count { tally, reply } => {
                answer(reply, noted(&mut failed, within(read::count(client, &core, &tally)).await))
            }
            Request::Claim { packs, tally, reply } => {
                let claimed = Box::pin(within(claim::claim(client, &core, lease, &packs, in_doubt))).await;
                // They are this core's, and what it did itself is not counted again: so now.
                if let Ok(stories) = &claimed {
                    tally.learn(stories);
                }
                // What it took over when nobody heard of it is this core's, and to be told the next time.
                self.in_doubt = claimed.is_err();
                if claimed.is_ok() {
                    lock(&self.held).renew(begun, lease);
                }
                answer(reply, noted(&mut failed, claimed))
            }
            Request::Waiting { reply } => {
                answer(reply, noted(&mut failed, within(read::waiting(client, &core)).await))
            }
            Request::Longer { known, reply } => {
                answer(reply, noted(&mut failed, within(read::longer(client, &known)).await))
            }
            Request::Past { whose, reply } => {
                answer(reply, noted(&mut failed, within(journeys::of(link, &whose)).await))
            }
            Request::Heard { plan, reply } => {
                answer(reply, noted(&mut failed, within(journeys::heard(link, &plan)).await))
            }
            Request::Erase { plans, calls, reply } => {
                answer(reply, noted(&mut failed, Box::pin(within(erase::erase(link, &plans, &calls))).await))
            }
            other @ (Request::Begin { .. } | Request::Append { .. } | Request::Refuse { .. }) => {
                return other.fail(JournalError::Closed);
            }
        };
        // A statement that was given up may still be under way on it, or a transaction.
        if failed {
            self.link = None;
        }
        told(None);
    }

    /// Others may have this core's plans at once.
    async fn leave(mut self) {
        let core = self.core.clone();
        let Ok(link) = self.link().await else { return };
        let left = within(async {
            link.client.execute("DELETE FROM cores WHERE id = $1", &[&core]).await.map_err(database)?;
            link.note_head("the journal is closed").await
        });
        if let Err(error) = left.await {
            tracing::warn!(%error, "the journal did not close");
        }
    }
}

/// Works out what a request adds to the chain, to be answered after the commit.
fn work(batch: &mut Batch<'_>, request: Request) -> Option<Answer> {
    match request {
        Request::Begin { plan, trail, event, reply } => {
            Some(answer(reply, batch.begin(&plan, &trail, event)))
        }
        Request::Append { plan, token, number, events, charge, reply } => {
            Some(answer(reply, batch.append(&plan, token, number, events, charge.as_ref())))
        }
        Request::Refuse { plan, story, reply } => {
            batch.refuse(&plan, story);
            Some(answer(reply, Ok(())))
        }
        other @ (Request::Load { .. }
        | Request::Refusal { .. }
        | Request::CallBack { .. }
        | Request::CallBacks { .. }
        | Request::CalledBack { .. }
        | Request::ClaimCallBacks { .. }
        | Request::ChangeCallBack { .. }
        | Request::Past { .. }
        | Request::Heard { .. }
        | Request::Erase { .. }
        | Request::Holds { .. }
        | Request::Claim { .. }
        | Request::Waiting { .. }
        | Request::Longer { .. }
        | Request::Count { .. }) => {
            other.fail(JournalError::Closed);
            None
        }
    }
}

fn noted<T>(failed: &mut bool, done: Result<T, JournalError>) -> Result<T, JournalError> {
    *failed |= done.is_err();
    done
}

/// Bounds what the database may take. A server that is gone without a word would else be waited for for minutes.
async fn within<T>(asked: impl Future<Output = Result<T, JournalError>>) -> Result<T, JournalError> {
    match tokio::time::timeout(ANSWER_MAX, asked).await {
        Ok(answered) => answered,
        Err(_) => Err(JournalError::Away(format!("it has not answered for {} s", ANSWER_MAX.as_secs()))),
    }
}

pub(super) fn database(error: tokio_postgres::Error) -> JournalError {
    let told = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    let is_io = error.source().is_some_and(|source| source.is::<std::io::Error>());
    match error.code().and_then(|code| code.code().get(..2)) {
        // Postgres's classes of errors: a connection, a session, a transaction that had to give way, a lock, or an operator ended it.
        Some("08" | "25" | "40" | "55" | "57") => JournalError::Away(told),
        // Too little room, or a disk that fails.
        Some("53" | "58") => JournalError::Unwritable(told),
        Some("23") => JournalError::Conflict,
        Some(_) => JournalError::Database(told),
        None if error.is_closed() || is_io => JournalError::Away(told),
        None => JournalError::Database(told),
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Plans by their names, for statements.
fn names(plans: &[PlanId]) -> Vec<&str> {
    plans.iter().map(|plan| plan.0.as_str()).collect()
}

/// How long connecting is not tried again after it failed: whoever waits asks often.
const RECONNECT_AFTER: Duration = Duration::from_millis(200);
/// Far longer than a batch takes, and than others may hold the lock.
const ANSWER_MAX: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
