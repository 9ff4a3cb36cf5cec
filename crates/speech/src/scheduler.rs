//! Who recognises what next.
//!
//! A few threads serve all legs. A leg with work waits in one queue: finals first, then passes begun at a pause (they become finals
//! when the caller stays silent), then hints to prepare, then words so far; within each the earliest asked. A leg is served by one
//! thread at a time and all its waiting sound at once, so that words so far which come late are left out, never queued up. A pass over
//! words so far that runs already is stopped when a final finds no free thread. When finals have waited for a thread all the same, no
//! pass is begun at a pause for a while: those in vain are what can be done without.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::{debug, error};

use crate::SpeechError;
use crate::listening::Leg;
use crate::recogniser::GivenUp;

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
    /// Each since it came to this place.
    legs: BTreeMap<Place, (Arc<Leg>, Instant)>,
    /// Passes over words so far that run, in the order of their beginning, each with what stops it.
    partials: BTreeMap<u64, GivenUp>,
    /// Threads that have nothing to do.
    idle: usize,
    /// When a final was last begun too late, for want of a thread.
    strained: Option<Instant>,
    /// When finals of late were there, and how long they were waited for.
    finals: VecDeque<(Instant, Duration)>,
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
        waiting.legs.insert(place, (Arc::clone(leg), Instant::now()));
        let finals = waiting.finals();
        waiting.make_way(finals);
        drop(waiting);
        self.changed.notify_one();
        place
    }

    /// Makes a pass over words so far, unless someone waits for a final. Sets `stop` when someone comes to while it runs.
    pub(crate) fn unless_final_waits<T>(&self, stop: &GivenUp, pass: impl FnOnce() -> T) -> Option<T> {
        let number = {
            let mut waiting = self.lock();
            if waiting.finals() > 0 {
                return None;
            }
            waiting.next += 1;
            let number = waiting.next;
            waiting.partials.insert(number, stop.clone());
            number
        };
        let made = pass();
        self.lock().partials.remove(&number);
        Some(made)
    }

    /// A final was there at this time, after this wait.
    pub(crate) fn final_done(&self, now: Instant, wait: Duration) {
        let mut waiting = self.lock();
        waiting.finals.retain(|(then, _)| now.duration_since(*then) < OF_LATE);
        waiting.finals.push_back((now, wait));
    }

    /// The longest that anyone waits for a final, or has waited of late.
    pub(crate) fn final_wait(&self, now: Instant) -> Duration {
        let waiting = self.lock();
        let of_late = waiting.finals.iter().filter(|(then, _)| now.duration_since(*then) < OF_LATE);
        let queued = waiting.legs.keys().filter(|(urgency, ..)| *urgency == Urgency::Final);
        let queued = queued.map(|(_, since, _)| now.saturating_duration_since(*since));
        of_late.map(|(_, wait)| *wait).chain(queued).max().unwrap_or_default()
    }

    /// Whether there are too few threads for what must be done, or were within the last seconds.
    pub(crate) fn is_strained(&self) -> bool {
        self.lock().is_strained(Instant::now())
    }

    /// As if a final had just been begun too late.
    #[cfg(test)]
    pub(crate) fn strain(&self) {
        self.lock().strained = Some(Instant::now());
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
            if let Some(((urgency, ..), (leg, entered))) = waiting.legs.pop_first() {
                let now = Instant::now();
                waiting.begun(urgency, now.duration_since(entered), now);
                return Some(leg);
            }
            waiting.idle += 1;
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.idle -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// How many wait for a final.
    fn finals(&self) -> usize {
        self.legs.keys().take_while(|(urgency, ..)| *urgency == Urgency::Final).count()
    }

    /// A thread begins with what has waited for it for so long.
    fn begun(&mut self, urgency: Urgency, waited: Duration, now: Instant) {
        if urgency == Urgency::Final && waited > THREAD_WAIT_MAX {
            self.strained = Some(now);
        }
    }

    fn is_strained(&self, now: Instant) -> bool {
        self.strained.is_some_and(|then| now.saturating_duration_since(then) < OF_LATE)
    }

    /// Stops as many passes over words so far as there are waiting finals which no idle thread will take. The one begun first goes first: it
    /// has come furthest, and the library stops between two tokens but not while it encodes.
    fn make_way(&self, finals: usize) {
        let stopping = self.partials.values().filter(|stop| stop.is_set()).count();
        let needed = finals.saturating_sub(self.idle + stopping);
        for stop in self.partials.values().filter(|stop| !stop.is_set()).take(needed) {
            stop.set(true);
        }
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

/// Waits longer ago say nothing about the load.
const OF_LATE: Duration = Duration::from_secs(5);
/// A caller does not notice so much.
const THREAD_WAIT_MAX: Duration = Duration::from_millis(100);
/// About a third of a normal thread's share when there is not enough for both.
const NICE: libc::c_int = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finals_that_wait_for_a_thread_are_a_strain_and_only_for_a_while() {
        let now = Instant::now();
        let mut waiting = Waiting::default();
        waiting.begun(Urgency::Final, THREAD_WAIT_MAX, now);
        waiting.begun(Urgency::Partial, Duration::from_secs(1), now);
        assert!(!waiting.is_strained(now));
        waiting.begun(Urgency::Final, THREAD_WAIT_MAX * 2, now);
        assert!(waiting.is_strained(now + OF_LATE / 2) && !waiting.is_strained(now + OF_LATE));
    }

    #[test]
    fn as_many_words_so_far_are_stopped_as_finals_find_no_thread() {
        let stops: Vec<GivenUp> = (0..3).map(|_| GivenUp::default()).collect();
        let partials = (1..).zip(stops.iter().cloned()).collect();
        let mut waiting = Waiting { partials, idle: 1, ..Waiting::default() };
        let mut check = |idle, finals, stopped: [bool; 3]| {
            waiting.idle = idle;
            waiting.make_way(finals);
            let found: Vec<bool> = stops.iter().map(GivenUp::is_set).collect();
            assert_eq!(found, stopped, "{finals} finals, {idle} idle");
        };
        check(1, 1, [false, false, false]);
        check(0, 1, [true, false, false]);
        // The one that is stopping already will take it.
        check(0, 1, [true, false, false]);
        check(0, 2, [true, true, false]);
        check(0, 9, [true, true, true]);
    }

    #[test]
    fn the_longest_wait_of_late_is_the_load() {
        let (queue, start) = (Queue::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert_eq!(queue.final_wait(at(0)), Duration::ZERO);
        queue.final_done(at(0), Duration::from_millis(900));
        queue.final_done(at(3), Duration::from_millis(200));
        assert_eq!(queue.final_wait(at(4)), Duration::from_millis(900));
        assert_eq!(queue.final_wait(at(6)), Duration::from_millis(200));
        assert_eq!(queue.final_wait(at(9)), Duration::ZERO);
    }
}
