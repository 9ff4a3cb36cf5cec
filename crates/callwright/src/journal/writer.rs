//! The one thread that writes journals, and the way to it.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use callwright_model::CallId;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::SUFFIX;

/// Where the journals of all calls go. Clones lead to the same thread.
#[derive(Clone)]
pub struct Journal {
    orders: mpsc::Sender<Order>,
    lost: Lost,
}

/// What the thread is told. Lines carry their line break, so that a line is one write.
enum Order {
    Open { call: CallId, name: String, header: String },
    Write { call: CallId, line: String },
    Close { call: CallId, line: String },
    Stop(oneshot::Sender<()>),
}

impl Journal {
    /// Makes the folder and starts the thread. Journals older than `keep` are deleted now and every hour.
    ///
    /// # Errors
    /// When the folder cannot be made, or there is no room for a thread.
    pub fn start(folder: &Path, keep: Duration) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
        Self::with(Folder { folder: folder.to_owned(), keep, cleared: None, create }, ORDERS_WAITING)
    }

    fn with<W: Write + 'static>(folder: Folder<W>, waiting: usize) -> io::Result<Self> {
        let (orders, inbox) = mpsc::channel(waiting);
        let journal = Self { orders, lost: Lost::default() };
        let lost = journal.lost.clone();
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || write(folder, inbox, &lost))?;
        Ok(journal)
    }

    /// A new call's sheet.
    pub(super) fn sheet(&self) -> Sheet {
        Sheet { journal: self.clone(), call: None, lines: 0, lost: 0 }
    }

    /// Waits until everything is written that was told before.
    pub async fn close(&self) {
        let (written, done) = oneshot::channel();
        // A thread that is gone has nothing left to write.
        if self.orders.send(Order::Stop(written)).await.is_ok() {
            drop(done.await);
        }
    }
}

/// One call's file, as its recorder sees it. Nothing here waits.
pub(super) struct Sheet {
    journal: Journal,
    /// There once it is open.
    call: Option<CallId>,
    lines: u64,
    lost: u64,
}

impl Sheet {
    pub(super) fn open(&mut self, call: CallId, name: String, header: String) {
        self.call = Some(call);
        self.tell(Order::Open { call, name, header: header + "\n" });
    }

    pub(super) fn write(&mut self, line: String) {
        if let Some(call) = self.call {
            self.tell(Order::Write { call, line: line + "\n" });
        }
    }

    pub(super) fn close(&mut self, line: String) {
        if let Some(call) = self.call.take() {
            self.tell(Order::Close { call, line: line + "\n" });
        }
    }

    /// Lines that are on their way, and lines that there was no room for.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.lines, self.lost)
    }

    fn tell(&mut self, order: Order) {
        if self.journal.orders.try_send(order).is_ok() {
            self.lines += 1;
        } else {
            self.lost += 1;
            self.journal.lost.line("the disk is too slow for them");
        }
    }
}

/// Counts what is not written, and says so once.
#[derive(Clone, Default)]
struct Lost(Arc<AtomicU64>);

impl Lost {
    fn line(&self, why: impl std::fmt::Display) {
        metrics::counter!("callwright_journal_lines_lost_total").increment(1);
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            warn!(%why, "calls are not written down in full; callwright_journal_lines_lost_total counts on");
        }
    }
}

/// Where files are made, and how.
struct Folder<W> {
    folder: PathBuf,
    keep: Duration,
    /// When old files were deleted last.
    cleared: Option<Instant>,
    create: fn(&Path) -> io::Result<W>,
}

fn create(file: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(FILE_MODE).open(file)
}

impl<W> Folder<W> {
    fn open(&mut self, name: &str) -> io::Result<W> {
        if self.cleared.is_none_or(|cleared| cleared.elapsed() >= CLEAR_AGAIN) {
            self.cleared = Some(Instant::now());
            clear(&self.folder, self.keep, SystemTime::now());
        }
        (self.create)(&self.folder.join(name))
    }
}

/// The thread: each line is written at once, so that a process that dies leaves all of them but the last.
fn write<W: Write>(mut folder: Folder<W>, mut inbox: mpsc::Receiver<Order>, lost: &Lost) {
    let mut sheets: BTreeMap<CallId, W> = BTreeMap::new();
    while let Some(order) = inbox.blocking_recv() {
        let written = match order {
            Order::Open { call, name, header } => folder.open(&name).and_then(|mut sheet| {
                sheet.write_all(header.as_bytes())?;
                sheets.insert(call, sheet);
                Ok(())
            }),
            Order::Write { call, line } => append(&mut sheets, call, &line),
            Order::Close { call, line } => {
                let written = append(&mut sheets, call, &line);
                sheets.remove(&call);
                written
            }
            Order::Stop(done) => {
                // Whoever asked may have given up.
                let _ = done.send(());
                return;
            }
        };
        if let Err(error) = written {
            lost.line(format_args!("{}: {error}", folder.folder.display()));
        }
    }
}

/// A file that has lost a line gets no more: it is cut off there, and can be told from one that is whole.
fn append<W: Write>(sheets: &mut BTreeMap<CallId, W>, call: CallId, line: &str) -> io::Result<()> {
    let Some(sheet) = sheets.get_mut(&call) else {
        return Err(io::Error::other("the file was given up"));
    };
    let written = sheet.write_all(line.as_bytes());
    if written.is_err() {
        sheets.remove(&call);
    }
    written
}

/// Deletes journals that were written last before `keep` ago.
fn clear(folder: &Path, keep: Duration, now: SystemTime) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|data| data.modified()).ok();
        let old = age.and_then(|written| now.duration_since(written).ok()).is_some_and(|age| age > keep);
        if old && is_journal(&entry.file_name().to_string_lossy()) {
            let file = entry.path();
            if let Err(error) = std::fs::remove_file(&file) {
                warn!(file = %file.display(), %error, "an old journal cannot be deleted");
            }
        }
    }
}

/// Whether a file's name is one of ours, `2026-11-26T150655Z-00000000c0ffee00.jsonl`: nothing else in the folder is touched.
fn is_journal(name: &str) -> bool {
    let Some((date, call)) = name.strip_suffix(SUFFIX).and_then(|name| name.rsplit_once('-')) else {
        return false;
    };
    date.len() == "2026-11-26T150655Z".len() && date.ends_with('Z') && call.parse::<CallId>().is_ok()
}

/// Lines that may wait for the disk: a call makes some six a second (300 in the 53 s of the demo's first), so that 200 calls outlast
/// a disk that is away for nearly seven seconds.
const ORDERS_WAITING: usize = 8_192;
/// What callers say is theirs: nobody but the gateway's own user reads it.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
/// Days are kept to the hour.
const CLEAR_AGAIN: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests;
