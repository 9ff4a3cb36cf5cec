//! What the machine does to a thread that has nothing to do. A virtual machine loses its cores for tens of milliseconds at a
//! time; no program keeps a deadline through that, so a test of deadlines has to know of it.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// One thread on each core that wakes up every 20 ms, ahead of everything else there, and notes how late it was.
pub struct Witness {
    /// Dropping the first half of a pair stops the thread of the second.
    threads: Vec<(Sender<()>, JoinHandle<u32>)>,
}

impl Witness {
    /// Starts watching.
    #[must_use]
    pub fn start() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..cores)
            .map(|core| {
                let (running, stop) = mpsc::channel();
                let thread = std::thread::spawn(move || {
                    take_core(core);
                    watch(&stop)
                });
                (running, thread)
            })
            .collect();
        Self { threads }
    }

    /// Stops watching: the 20 ms frames, over all cores, that nobody could have sent in time.
    ///
    /// # Panics
    /// When a watching thread did.
    #[must_use]
    pub fn frames_lost(self) -> u32 {
        let joined = |(running, thread): (Sender<()>, JoinHandle<u32>)| {
            drop(running);
            thread.join().expect("it only waits")
        };
        self.threads.into_iter().map(joined).sum()
    }
}

/// Waits to be stopped, and looks each time a frame would be due how late that was noticed.
fn watch(stop: &Receiver<()>) -> u32 {
    let mut due = Instant::now() + FRAME;
    let mut lost = 0;
    while stop.recv_timeout(due.saturating_duration_since(Instant::now())) == Err(RecvTimeoutError::Timeout) {
        let late = Instant::now().saturating_duration_since(due);
        if late >= STALL {
            // A stall delays the frame that was due at its begin and each that came due in it.
            lost += 1 + u32::try_from(late.as_millis() / FRAME.as_millis()).unwrap_or(u32::MAX - 1);
            due = Instant::now();
        }
        due += FRAME;
    }
    lost
}

/// Where it is refused, as to anyone but root, the thread is as late as the machine is busy: it then forgives more, for media
/// threads are refused too.
fn take_core(core: usize) {
    let ahead = libc::sched_param { sched_priority: AHEAD_OF_MEDIA };
    // SAFETY: a zeroed set is an empty one, `core` is below the number of cores, and both calls read what they are given; 0
    // names the calling thread.
    let refused = unsafe {
        let mut cores: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut cores);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const cores) != 0
            || libc::sched_setscheduler(0, libc::SCHED_RR, &raw const ahead) != 0
    };
    if refused {
        eprintln!("witness: without a core and a priority of its own");
    }
}

const FRAME: Duration = Duration::from_millis(20);
/// A thread ahead of all others wakes up within a tenth of a millisecond; this is not the scheduler any more.
const STALL: Duration = Duration::from_millis(5);
/// Media threads ask for 1.
const AHEAD_OF_MEDIA: libc::c_int = 2;
