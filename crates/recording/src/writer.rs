//! The one thread that writes recordings, and the way to it.

use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use callwright_model::{BothSides, utc};
use tracing::{info, warn};

use crate::file::{self, End, Head, KEY_SUFFIX, PIECE_TICKS, SUFFIX, Sound};
use crate::key::{CallKey, KeyError, MasterKey};
use crate::shelf::Shelf;
use crate::tape::{Order, Piece, Tape};

/// Where the recordings of all calls go. Clones lead to the same thread.
#[derive(Clone)]
pub struct Recordings {
    tasks: SyncSender<Task>,
}

enum Task {
    Record(Box<Call>),
    Stop(SyncSender<()>),
}

/// One call's tape, as whoever runs the call sees it: told what may be kept. The recording ends when it is dropped.
pub struct CallTape {
    mail: Arc<Mutex<Mail>>,
}

#[derive(Default)]
struct Mail {
    orders: VecDeque<Order>,
    over: bool,
    /// Orders were lost: what may be kept is not known any more.
    spoiled: bool,
}

impl Recordings {
    /// Makes the folder and starts the thread. Recordings older than `keep` are erased now and every hour.
    ///
    /// # Errors
    /// When the folder cannot be made, or there is no room for a thread.
    pub fn start(folder: &Path, master: MasterKey, keep: Option<Duration>) -> io::Result<Self> {
        make_folder(folder)?;
        let (tasks, inbox) = mpsc::sync_channel(TASKS_WAITING);
        let desk = Desk { folder: folder.to_owned(), master, keep, cleared: None, calls: Vec::new() };
        std::thread::Builder::new().name("recordings".to_owned()).spawn(move || desk.work(&inbox))?;
        Ok(Self { tasks })
    }

    /// A call that may be recorded: where its leg shall put what it hears and sends, and its tape, which keeps nothing before it is started.
    /// `None` when so many calls begin at once that the thread does not follow.
    #[must_use]
    pub fn call(&self, head: Head) -> Option<(rtrb::Producer<BothSides>, CallTape)> {
        let (leg, ring) = rtrb::RingBuffer::new(RING_TICKS);
        let mail = Arc::new(Mutex::new(Mail::default()));
        let call = Call {
            head,
            ring,
            mail: Arc::clone(&mail),
            tape: Tape::new(),
            sheet: Sheet::Empty,
            sound: Sound::default(),
        };
        match self.tasks.try_send(Task::Record(Box::new(call))) {
            Ok(()) => Some((leg, CallTape { mail })),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                metrics::counter!("callwright_recording_calls_lost_total").increment(1);
                warn!("a call is not recorded: the disk does not follow");
                None
            }
        }
    }

    /// Ends all recordings and waits until they are written.
    pub fn close(&self) {
        let (done, written) = mpsc::sync_channel(1);
        // A thread that is gone has nothing left to write.
        if self.tasks.send(Task::Stop(done)).is_ok() {
            let _gone = written.recv();
        }
    }
}

impl CallTape {
    /// Tells the tape something.
    pub fn tell(&self, order: Order) {
        let mut mail = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        if mail.orders.len() < ORDERS_WAITING {
            mail.orders.push_back(order);
        } else {
            mail.spoiled = true;
        }
    }
}

impl Drop for CallTape {
    fn drop(&mut self) {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner).over = true;
    }
}

/// The thread's side.
struct Desk {
    folder: PathBuf,
    master: MasterKey,
    keep: Option<Duration>,
    cleared: Option<Instant>,
    calls: Vec<Call>,
}

struct Call {
    head: Head,
    ring: rtrb::Consumer<BothSides>,
    mail: Arc<Mutex<Mail>>,
    tape: Tape,
    sheet: Sheet,
    sound: Sound,
}

/// A call's file.
enum Sheet {
    /// Nothing was to be kept so far.
    Empty,
    Open(Box<Sealer>),
    /// The disk refused.
    Lost,
}

impl Desk {
    fn work(mut self, inbox: &Receiver<Task>) {
        loop {
            self.clear();
            let wait = if self.calls.is_empty() { CLEAR_AGAIN } else { POLL };
            match inbox.recv_timeout(wait) {
                Ok(Task::Record(call)) => self.calls.push(*call),
                Ok(Task::Stop(done)) => {
                    for call in &mut self.calls {
                        call.hear();
                        call.finish(&self.folder, &self.master);
                    }
                    // Whoever asked may have given up.
                    let _gone = done.send(());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let Self { calls, folder, master, .. } = &mut self;
            calls.retain_mut(|call| {
                let over = call.hear();
                call.write(folder, master);
                if over {
                    call.finish(folder, master);
                }
                !over
            });
        }
    }

    fn clear(&mut self) {
        let Some(keep) = self.keep else { return };
        if self.cleared.is_some_and(|cleared| cleared.elapsed() < CLEAR_AGAIN) {
            return;
        }
        self.cleared = Some(Instant::now());
        match Shelf::new(&self.folder).clear(keep, SystemTime::now()) {
            Ok(calls) if calls.is_empty() => {}
            Ok(calls) => info!(recordings = calls.len(), "recordings that were kept long enough were erased"),
            Err(error) => warn!(%error, folder = %self.folder.display(), "old recordings cannot be erased"),
        }
    }
}

impl Call {
    /// Takes what came. Tells whether the call is over.
    fn hear(&mut self) -> bool {
        let over = {
            let mut mail = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some(order) = mail.orders.pop_front() {
                self.tape.handle(order);
            }
            if std::mem::take(&mut mail.spoiled) {
                warn!(call = %self.head.call, "a recording lost track of what it may keep, and keeps nothing more");
                self.tape.handle(Order::Pause(callwright_model::MonoTime::ZERO));
            }
            mail.over
        };
        while let Ok(sides) = self.ring.pop() {
            self.tape.handle_tick(sides);
        }
        over
    }

    /// Writes what is settled, in pieces of some length.
    fn write(&mut self, folder: &Path, master: &MasterKey) {
        while let Some(piece) = self.tape.poll_output() {
            match piece {
                Piece::Frame { place, caller, sent } => {
                    if !self.sound.takes(place) || self.sound.ticks() >= PIECE_TICKS {
                        self.flush(folder, master);
                    }
                    self.sound.push(place, &caller, &sent);
                }
                Piece::Mark(mark) => {
                    self.flush(folder, master);
                    self.put(file::note(file::MARK, &mark), folder, master);
                }
            }
        }
        if self.sound.ticks() >= PIECE_TICKS {
            self.flush(folder, master);
        }
    }

    fn finish(&mut self, folder: &Path, master: &MasterKey) {
        self.tape.finish();
        self.write(folder, master);
        self.flush(folder, master);
        let (lost, late) = self.tape.counts();
        metrics::counter!("callwright_recording_ticks_lost_total").increment(lost);
        if late > 0 {
            warn!(call = %self.head.call, late, "a recording was told too late what it may not keep");
        }
        if matches!(self.sheet, Sheet::Open(_)) {
            self.put(file::note(file::END, &End { lost, late }), folder, master);
        }
    }

    fn flush(&mut self, folder: &Path, master: &MasterKey) {
        if let Some(piece) = self.sound.take() {
            self.put(piece, folder, master);
        }
    }

    /// Writes a piece; the first one makes the file. A file that has lost a piece gets no more.
    fn put(&mut self, piece: Vec<u8>, folder: &Path, master: &MasterKey) {
        if let Sheet::Empty = self.sheet {
            self.sheet = match Sealer::create(folder, &self.head, master) {
                Ok(sealer) => Sheet::Open(Box::new(sealer)),
                Err(error) => self.lost(folder, &error.to_string()),
            };
        }
        if let Sheet::Open(sealer) = &mut self.sheet
            && let Err(error) = sealer.put(piece)
        {
            self.sheet = self.lost(folder, &error.to_string());
        }
    }

    fn lost(&self, folder: &Path, why: &str) -> Sheet {
        metrics::counter!("callwright_recording_calls_lost_total").increment(1);
        warn!(call = %self.head.call, why, folder = %folder.display(), "a recording cannot be written");
        Sheet::Lost
    }
}

/// A file that grows by sealed pieces. Each is one write, so that a process that dies leaves whole pieces and at most a torn one.
struct Sealer {
    file: File,
    key: CallKey,
    line: Vec<u8>,
    pieces: u64,
}

impl Sealer {
    fn create(folder: &Path, head: &Head, master: &MasterKey) -> Result<Self, KeyError> {
        let (key, kept) = master.new_call(head.call)?;
        let name = format!("{}-{}", utc(head.started_unix_ms / 1_000).replace(':', ""), head.call);
        let create = |ending: &str| {
            let file = folder.join(format!("{name}{ending}"));
            OpenOptions::new().append(true).create_new(true).mode(FILE_MODE).open(file)
        };
        let mut beside = create(KEY_SUFFIX)?;
        beside.write_all(&serde_json::to_vec(&kept).unwrap_or_default())?;
        // Without its key all of the recording is lost, so it is on the disk first.
        beside.sync_all()?;
        let mut line = serde_json::to_vec(head).unwrap_or_default();
        line.push(b'\n');
        let mut file = create(SUFFIX)?;
        file.write_all(&line)?;
        Ok(Self { file, key, line, pieces: 0 })
    }

    fn put(&mut self, mut piece: Vec<u8>) -> Result<(), KeyError> {
        self.key.seal(self.pieces, &self.line, &mut piece)?;
        self.pieces += 1;
        let length = u32::try_from(piece.len()).unwrap_or(u32::MAX).to_le_bytes();
        piece.splice(0..0, length);
        Ok(self.file.write_all(&piece)?)
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)
}

/// Ticks that wait for the thread: 2.6 s, and 166 kB a call.
pub const RING_TICKS: usize = 128;
/// How often the rings are emptied.
const POLL: Duration = Duration::from_millis(100);
/// Calls that may begin between two looks.
const TASKS_WAITING: usize = 256;
/// Orders of a call that may wait: it gives a few a turn.
const ORDERS_WAITING: usize = 256;
/// Days are kept to the hour.
const CLEAR_AGAIN: Duration = Duration::from_secs(3_600);
/// What callers say is theirs: nobody but the gateway's own user reads it.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
