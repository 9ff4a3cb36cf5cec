//! The folder of recordings: what is there, what is old, and what must go.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use callwright_model::{CallId, utc};

use crate::file::{KEY_SUFFIX, SUFFIX};

/// The folder.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
}

/// A recording on it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shelved {
    /// When its call began, as in the name: `2026-11-26T150655Z`.
    pub started: String,
    /// The call.
    pub call: CallId,
    /// The file.
    pub file: PathBuf,
    /// Whether its key is there, without which nobody hears it again.
    pub readable: bool,
}

impl Shelf {
    /// The recordings in a folder, which need not be there.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// All recordings, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<Shelved>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for entry in entries {
            let file = entry?.path();
            let name = file.file_name().and_then(|name| name.to_str());
            if let Some((started, call)) = name.and_then(|name| name.strip_suffix(SUFFIX)).and_then(parts) {
                let readable = file.with_extension("key").is_file();
                all.push(Shelved { started, call, readable, file });
            }
        }
        all.sort();
        Ok(all)
    }

    /// The recording of a call.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn find(&self, call: CallId) -> io::Result<Option<Shelved>> {
        Ok(self.list()?.into_iter().find(|shelved| shelved.call == call))
    }

    /// Erases the recordings of calls, keys first, so that whatever fails afterwards leaves nothing that can be heard, and writes down that
    /// they were and why. Tells of which calls there was one.
    ///
    /// # Errors
    /// When a file cannot be erased.
    pub fn erase(&self, calls: &[CallId], why: &str) -> io::Result<Vec<CallId>> {
        let mut erased = Vec::new();
        for shelved in self.list()?.into_iter().filter(|shelved| calls.contains(&shelved.call)) {
            shred(&shelved.file.with_extension("key"))?;
            fs::remove_file(&shelved.file)?;
            erased.push(shelved.call);
        }
        self.note(&erased, why)?;
        // A key whose recording is gone already.
        for call in calls {
            for entry in self.keys()?.iter().filter(|(of, _)| of == call) {
                shred(&entry.1)?;
            }
        }
        Ok(erased)
    }

    /// Erases what was written last before `keep` ago; tells which calls that were.
    ///
    /// # Errors
    /// When the folder cannot be read or a file not be erased.
    pub fn clear(&self, keep: Duration, now: SystemTime) -> io::Result<Vec<CallId>> {
        let is_old = |shelved: &Shelved| {
            let written = fs::metadata(&shelved.file).and_then(|data| data.modified()).ok();
            written.and_then(|written| now.duration_since(written).ok()).is_some_and(|age| age > keep)
        };
        let old: Vec<CallId> = self.list()?.iter().filter(|one| is_old(one)).map(|one| one.call).collect();
        if old.is_empty() { Ok(old) } else { self.erase(&old, "kept long enough") }
    }

    /// Which call's recording went when, and why: no more is known of it afterwards.
    fn note(&self, erased: &[CallId], why: &str) -> io::Result<()> {
        if erased.is_empty() {
            return Ok(());
        }
        let file = self.folder.join(DELETIONS);
        let mut notes = OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let line = |call: &CallId| {
            format!(
                "{}\n",
                serde_json::json!({ "at": utc(now), "call": call, "recording": "erased", "why": why })
            )
        };
        notes.write_all(erased.iter().map(line).collect::<String>().as_bytes())
    }

    fn keys(&self) -> io::Result<Vec<(CallId, PathBuf)>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let files = entries.flatten().map(|entry| entry.path());
        let key = |file: PathBuf| {
            let name = file.file_name()?.to_str()?.strip_suffix(KEY_SUFFIX)?;
            Some((parts(name)?.1, file))
        };
        Ok(files.filter_map(key).collect())
    }
}

/// Overwrites a key before it is removed: a file system that writes in place then holds it nowhere.
fn shred(file: &Path) -> io::Result<()> {
    let mut open = match OpenOptions::new().write(true).open(file) {
        Ok(open) => open,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let length = usize::try_from(open.metadata()?.len().min(1 << 16)).unwrap_or(0);
    open.write_all(&vec![0; length])?;
    open.sync_all()?;
    fs::remove_file(file)
}

/// The parts of a name without its ending, `2026-11-26T150655Z-00000000c0ffee00`.
fn parts(name: &str) -> Option<(String, CallId)> {
    let (started, call) = name.rsplit_once('-')?;
    let dated = started.len() == "2026-11-26T150655Z".len() && started.ends_with('Z');
    if dated { Some((started.to_owned(), call.parse().ok()?)) } else { None }
}

/// The journal of what was erased.
const DELETIONS: &str = "deletions.jsonl";
