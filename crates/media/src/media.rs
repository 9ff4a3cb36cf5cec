//! The handle of all media: legs come and go, commands go down.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use callwright_leg_core::{LegSpec, LegStatistics, MediaLeg};
use callwright_model::{
    AudioFormat, BothSides, CallId, Heard, LegCommand, LegEvent, LegId, LegRole, MediaPath, MonoTime,
    PacketIo, SayFrame, VoiceActivity,
};
use tokio::sync::Notify;

use crate::board::Board;
use crate::clock::Clock;
use crate::config::MediaConfig;
use crate::error::MediaError;
use crate::ports::PortPairs;
use crate::slot::Slot;
use crate::socket::RtpSocket;
use crate::worker::{Order, Worker};

/// All media of the process. Cheap to clone; the threads stop when [`Media::shutdown`] is called or the last clone is gone.
#[derive(Clone)]
pub struct Media {
    shared: Arc<Shared>,
}

/// What a leg is made of.
pub struct LegSetup {
    /// The call it belongs to. Legs of one call live on one worker, hence can be bridged.
    pub call: CallId,
    /// Its name.
    pub leg: LegId,
    /// Who is at the other end.
    pub role: LegRole,
    /// Its packets.
    pub io: Box<dyn PacketIo>,
    /// What was negotiated.
    pub format: AudioFormat,
    /// Its voice activity detector.
    pub voice_activity: Box<dyn VoiceActivity>,
    /// Where its facts go. When the receiver is gone, so is the leg.
    pub events: tokio::sync::mpsc::Sender<LegEvent>,
    /// Where both sides of each tick go, for whoever listens in. Over a bridge sound is then decoded, also between equal codecs.
    pub tap: Option<rtrb::Producer<BothSides>>,
}

/// The two streams of sound of a leg.
pub struct LegPorts {
    /// What the caller says, cut into turns.
    pub heard: rtrb::Consumer<Heard>,
    /// Signalled whenever something was put into `heard`.
    pub heard_signal: Arc<Notify>,
    /// What the agent shall say. When it is full, try again in some 20 ms.
    pub say: rtrb::Producer<SayFrame>,
}

struct Shared {
    config: MediaConfig,
    clock: Clock,
    ports: PortPairs,
    workers: Vec<Desk>,
    legs: Mutex<BTreeMap<LegId, Entry>>,
    stop: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    commands_dropped: AtomicU64,
    frames_missed: Arc<AtomicU64>,
    seeds: RandomState,
}

/// A worker as seen from outside.
struct Desk {
    orders: SyncSender<Order>,
    removals: Sender<LegId>,
}

struct Entry {
    worker: usize,
    board: Arc<Board>,
}

impl Media {
    /// Starts the worker threads.
    ///
    /// # Errors
    /// When the port range is too small or threads cannot be started.
    pub fn start(config: MediaConfig) -> Result<Self, MediaError> {
        let clock = Clock::start();
        let ports = PortPairs::new(&config.ports)?;
        let stop = Arc::new(AtomicBool::new(false));
        let frames_missed = Arc::new(AtomicU64::new(0));
        let count = match config.workers {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            some => some,
        };
        let (mut workers, mut threads) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for nth in 0..count {
            let (orders, orders_in) = mpsc::sync_channel(config.commands);
            let (removals, removals_in) = mpsc::channel();
            let worker =
                Worker::new(clock, orders_in, removals_in, Arc::clone(&stop), Arc::clone(&frames_missed));
            let thread = thread::Builder::new()
                .name(format!("media-{nth}"))
                .spawn(move || worker.run())
                .map_err(MediaError::Worker)?;
            workers.push(Desk { orders, removals });
            threads.push(thread);
        }
        let shared = Shared {
            config,
            clock,
            ports,
            workers,
            legs: Mutex::default(),
            stop,
            threads: Mutex::new(threads),
            commands_dropped: AtomicU64::new(0),
            frames_missed,
            seeds: RandomState::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Frames sent too late or not at all, since the start, by all workers.
    #[must_use]
    pub fn frames_missed(&self) -> u64 {
        self.shared.frames_missed.load(Ordering::Relaxed)
    }

    /// The time by the media clock, to which all events refer.
    #[must_use]
    pub fn now(&self) -> MonoTime {
        self.shared.clock.now()
    }

    /// A pair of sockets on the next free pair of ports.
    ///
    /// # Errors
    /// When no port of the range is free there, or the address is not ours.
    pub fn bind(&self, ip: IpAddr) -> Result<RtpSocket, MediaError> {
        self.shared.ports.bind(ip)
    }

    /// Puts a leg on its call's worker. Packets flow from the next tick on.
    ///
    /// # Errors
    /// When the codec cannot be set up, the worker is full or media is shut down.
    pub fn add_leg(&self, setup: LegSetup) -> Result<LegPorts, MediaError> {
        let shared = &*self.shared;
        if shared.stop.load(Ordering::Acquire) {
            return Err(MediaError::Down);
        }
        let LegSetup { call, leg, role, io, format, voice_activity, events, tap } = setup;
        let spec = LegSpec { role, format, seed: shared.seeds.hash_one((call, leg)) };
        let media = MediaLeg::new(spec, &shared.config.leg, voice_activity, shared.clock.now())?;
        let (heard_in, heard) = rtrb::RingBuffer::new(shared.config.heard_frames.max(1));
        let (say, say_out) = rtrb::RingBuffer::new(shared.config.say_frames.max(1));
        let heard_signal = Arc::new(Notify::new());
        let board = Arc::new(Board::default());
        let slot = Slot::new(
            leg,
            media,
            io,
            heard_in,
            Arc::clone(&heard_signal),
            say_out,
            events,
            tap,
            Arc::clone(&board),
        );
        let worker = usize::try_from(call.0 % shared.workers.len() as u64).unwrap_or(0);
        let mut legs = shared.legs();
        if legs.get(&leg).is_some_and(|entry| !entry.board.is_over()) {
            return Err(MediaError::Duplicate(leg));
        }
        forget_the_oldest(&mut legs);
        match shared.workers[worker].orders.try_send(Order::Add(Box::new(slot))) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(MediaError::Full),
            Err(TrySendError::Disconnected(_)) => return Err(MediaError::Down),
        }
        legs.insert(leg, Entry { worker, board });
        Ok(LegPorts { heard, heard_signal, say })
    }

    /// Tells a leg something. Never blocks. A leg that is over ignores it.
    pub fn command(&self, leg: LegId, command: LegCommand) {
        let shared = &*self.shared;
        let Some(worker) = shared.legs().get(&leg).map(|entry| entry.worker) else { return };
        if matches!(command, LegCommand::Remove) {
            // Fails only when the worker has stopped, and the leg with it.
            let _stopped = shared.workers[worker].removals.send(leg);
            return;
        }
        shared.order(worker, leg, Order::Command { leg, command });
    }

    /// The other end of a leg has agreed to another address or to other keys. Never blocks. A leg that is over ignores it.
    pub fn redirect(&self, leg: LegId, path: MediaPath) {
        let shared = &*self.shared;
        let Some(worker) = shared.legs().get(&leg).map(|entry| entry.worker) else { return };
        shared.order(worker, leg, Order::Redirect { leg, path: Box::new(path) });
    }

    /// A leg and its other end have agreed on another codec, or on other numbers for it. Never blocks. A leg that is over ignores it.
    pub fn agree(&self, leg: LegId, format: AudioFormat) {
        let shared = &*self.shared;
        let Some(worker) = shared.legs().get(&leg).map(|entry| entry.worker) else { return };
        shared.order(worker, leg, Order::Agree { leg, format: Box::new(format) });
    }

    /// A leg's figures, at most a second old; the last ones for some time after it is over.
    #[must_use]
    pub fn statistics(&self, leg: LegId) -> Option<LegStatistics> {
        let board = self.shared.legs().get(&leg).map(|entry| Arc::clone(&entry.board))?;
        Some(board.read())
    }

    /// Stops the threads. Legs still there tell that they are gone. Waits for the tick that runs, some milliseconds.
    pub fn shutdown(&self) {
        self.shared.stop();
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media").field("workers", &self.shared.workers.len()).finish_non_exhaustive()
    }
}

impl Shared {
    fn legs(&self) -> MutexGuard<'_, BTreeMap<LegId, Entry>> {
        self.legs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, worker: usize, leg: LegId, order: Order) {
        if let Err(TrySendError::Full(_)) = self.workers[worker].orders.try_send(order) {
            let dropped = self.commands_dropped.fetch_add(1, Ordering::Relaxed) + 1;
            metrics::counter!("callwright_media_commands_dropped_total").increment(1);
            tracing::warn!(%leg, dropped, "media worker is overloaded: a command was dropped");
        }
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a media worker panicked");
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Keeps the figures of only so many legs that are over; ids grow, so the first are the oldest.
fn forget_the_oldest(legs: &mut BTreeMap<LegId, Entry>) {
    let over = legs.values().filter(|entry| entry.board.is_over()).count();
    if over < KEEP_OVER {
        return;
    }
    let mut surplus = over - KEEP_OVER / 2;
    legs.retain(|_, entry| {
        let forget = surplus > 0 && entry.board.is_over();
        surplus -= usize::from(forget);
        !forget
    });
}

/// A few minutes of calls at the set-up rates one node sees; about 200 bytes each.
const KEEP_OVER: usize = 512;
