//! `callwright recording`: what may be heard again, and what must not be any more.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use callwright_model::CallId;
use callwright_recording::{MarkKind, Reading, Shelf};

use crate::config::{Config, Recording};
use crate::serve::all;

/// Lists the recordings.
///
/// # Errors
/// When the configuration has mistakes or the folder cannot be read.
pub fn list(config: &Path) -> Result<ExitCode> {
    let recording = settings(config)?;
    let shelf = Shelf::new(&recording.dir);
    let all = shelf.list().with_context(|| recording.dir.display().to_string())?;
    for one in &all {
        let note = if one.readable { "" } else { "  (its key was erased)" };
        answer!("{}  {}{note}", one.started, one.call);
    }
    notice!("{} recording(s) in {}", all.len(), recording.dir.display());
    Ok(ExitCode::SUCCESS)
}

/// Writes a recording as a WAV.
///
/// # Errors
/// When there is none of the call, its key is erased, or it was changed.
pub fn export(config: &Path, call: CallId, to: &Path) -> Result<ExitCode> {
    let recording = settings(config)?;
    let shelf = Shelf::new(&recording.dir);
    let found = shelf.find(call).with_context(|| recording.dir.display().to_string())?;
    let found =
        found.with_context(|| format!("no recording of call {call} in {}", recording.dir.display()))?;
    let master = recording.master().map_err(|why| anyhow!("the key of recordings: {why}"))?;
    let name = || found.file.display().to_string();
    let mut reading = Reading::open(&found.file, &master).with_context(name)?;
    let samples = reading.to_wav(to).with_context(name)?;
    answer!("{}: {:.1} s, caller left, what they heard right", to.display(), samples as f64 / 16_000.0);
    for mark in reading.marks() {
        let (from, to) = mark.span_ms();
        let why = match mark.kind {
            MarkKind::Paused => "a secret was asked for",
            MarkKind::Redacted => "a card, a PIN, or words that nobody understood",
            MarkKind::Keys => "keys were pressed",
        };
        answer!("left out:  {:.2} s to {:.2} s, {why}", from as f64 / 1e3, to as f64 / 1e3);
    }
    if reading.lost() > 0 {
        answer!("lost:      {} ms that the disk did not take", reading.lost() * 20);
    }
    if !reading.is_whole() {
        answer!("it was cut off: the gateway did not end it, or still writes it");
    }
    Ok(ExitCode::SUCCESS)
}

/// Erases recordings.
///
/// # Errors
/// When a file cannot be erased.
pub fn erase(config: &Path, calls: &[CallId]) -> Result<ExitCode> {
    let recording = settings(config)?;
    let erased = erase_in(&recording.dir, calls, "asked for")?;
    answer!("recordings erased: {erased}");
    Ok(if erased == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Erases the recordings of calls in a folder; tells how many there were.
///
/// # Errors
/// When a file cannot be erased.
pub fn erase_in(folder: &Path, calls: &[CallId], why: &str) -> Result<usize> {
    Ok(Shelf::new(folder).erase(calls, why).with_context(|| folder.display().to_string())?.len())
}

fn settings(config: &Path) -> Result<Recording> {
    Ok(Config::load(config).map_err(all)?.recording)
}
