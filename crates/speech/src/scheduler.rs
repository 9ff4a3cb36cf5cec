//! Who recognises what next.
//!
//! A few threads serve all legs. A leg with work waits in one queue: finals first, then passes begun at a pause (they become finals
//! when the caller stays silent), then hints to prepare, then words so far; within each the earliest asked. A leg is served by one
//! thread at a time and all its waiting sound at once, so that words so far which come late are left out, never queued up.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use tracing::{debug, error};

use crate::SpeechError;
use crate::listening::Leg;

/// How much a leg's work matters. Earlier variants go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// A caller waits for an answer.
    Final,
    /// A caller will probably wait for an answer soon.
    Speculative,
    /// A question is being asked: get ready for its answer.
    Prepare,
    /// Words so far.
    Partial,
}

/// A leg's place in the queue.
pub(crate) type Place = (Urgency, Instant, u64);

/// The queue and its threads.
pub(crate) struct Scheduler {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

/// The legs that have work.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    legs: BTreeMap<Place, Arc<Leg>>,
    next: u64,
    closed: bool,
}

impl Scheduler {
    pub(crate) fn start(threads: usize) -> Result<Self, SpeechError> {
        let queue = Arc::new(Queue::default());
        let threads = (0..threads)
            .map(|number| {
                let queue = Arc::clone(&queue);
                std::thread::Builder::new().name(format!("recognise-{number}")).spawn(move || queue.serve())
            })
            .collect::<Result<_, _>>()
            .map_err(SpeechError::Thread)?;
        Ok(Self { queue, threads })
    }

    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
        for thread in self.threads.drain(..) {
            // The last owner may be one of these threads, which cannot wait for itself.
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                error!("a recogniser thread has panicked");
            }
        }
    }
}

impl Queue {
    /// Puts a leg into the queue, or moves it when it waits at `old`.
    pub(crate) fn enter(
        &self,
        leg: &Arc<Leg>,
        urgency: Urgency,
        since: Instant,
        old: Option<Place>,
    ) -> Place {
        let mut waiting = self.lock();
        if let Some(old) = old {
            waiting.legs.remove(&old);
        }
        waiting.next += 1;
        let place = (urgency, since, waiting.next);
        waiting.legs.insert(place, Arc::clone(leg));
        drop(waiting);
        self.changed.notify_one();
        place
    }

    /// Whether someone waits for a final.
    pub(crate) fn final_waits(&self) -> bool {
        self.lock().legs.first_key_value().is_some_and(|((urgency, ..), _)| *urgency == Urgency::Final)
    }

    fn serve(&self) {
        give_way();
        while let Some(leg) = self.next() {
            leg.work(self);
        }
    }

    fn next(&self) -> Option<Arc<Leg>> {
        let mut waiting = self.lock();
        loop {
            if waiting.closed {
                return None;
            }
            if let Some((_, leg)) = waiting.legs.pop_first() {
                return Some(leg);
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Recognition takes every cycle it can get, for as long as somebody speaks. Signalling, conversations and voices need few, at
/// once: they go first.
fn give_way() {
    // SAFETY: takes and returns plain integers; 0 names the calling thread on Linux.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) } != 0 {
        debug!("recogniser threads run at normal priority");
    }
}

/// About a third of a normal thread's share when there is not enough for both.
const NICE: libc::c_int = 5;
