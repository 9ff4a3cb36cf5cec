//! `callwright models`: what speech needs, where it comes from, and getting it.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use callwright_speech::models::{CATALOGUE, Fetcher, Model, Origin, Progress, State, list, verify};

use crate::config::nearest;

/// Prints the catalogue and what of it is there.
pub fn print_list(dir: &Path) {
    answer!("{:<14} {:>8}  {:<8} {:<12} source", "model", "about", "there", "licence");
    for (model, state) in list(dir) {
        let there = if state == State::Missing { "no" } else { "yes" };
        let size = format!("{} MB", model.bytes_about.div_ceil(1_000_000));
        let source = match model.origin {
            Origin::Http { home, path } => format!("{home}/{path}"),
            Origin::Wheel { package, version, path } => {
                format!("{path} in the Python package {package} {version}")
            }
        };
        answer!("{:<14} {size:>8}  {there:<8} {:<12} {source}", model.name, model.licence);
        answer!("{:<14} {}", "", model.purpose);
        answer!("{:<14} sha256 {}", "", model.sha256.unwrap_or("is pinned by the first fetch"));
    }
    answer!("\nFolder: {}. `callwright models fetch NAME` gets one.", dir.display());
}

/// Gets models, one after the other.
///
/// # Errors
/// When a name is not known or a file cannot be had.
pub fn fetch(names: &[String], mirror: Option<String>, dir: &Path) -> Result<()> {
    let mut wanted = Vec::new();
    for name in names {
        match Model::named(name) {
            Some(model) => wanted.push(model),
            None => {
                let known: Vec<&str> = CATALOGUE.iter().map(|model| model.name).collect();
                let near =
                    nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`? "));
                bail!(
                    "there is no model `{name}`; {}there are {}",
                    near.unwrap_or_default(),
                    known.join(", ")
                );
            }
        }
    }
    let mut fetcher = Fetcher::new(dir);
    fetcher.mirror = mirror;
    for model in wanted {
        let mut shown = Shown::new(model.name);
        let fetched = fetcher
            .fetch(model, &mut |progress| shown.update(progress))
            .with_context(|| format!("cannot fetch {}", model.name));
        shown.finish();
        let fetched = fetched?;
        let how = match (fetched.was_there, fetched.verified) {
            (true, _) => "was there, verified",
            (false, true) => "fetched, verified",
            (false, false) => "fetched; its checksum is pinned from now on",
        };
        answer!("{}: {how} ({})", model.name, fetched.path.display());
    }
    Ok(())
}

/// Compares what is there with its checksums.
///
/// # Errors
/// When a file cannot be read.
pub fn print_verify(dir: &Path) -> Result<ExitCode> {
    if !dir.is_dir() {
        bail!("there is no folder {}: `callwright models fetch NAME` makes it", dir.display());
    }
    let mut damaged = false;
    for model in &CATALOGUE {
        match verify(dir, model)? {
            State::Missing => answer!("{}: not there", model.name),
            State::Present | State::Verified => answer!("{}: verified", model.name),
            State::Unknown { sha256 } => {
                answer!("{}: there, but nothing is known to compare it with (sha256 {sha256})", model.name);
            }
            State::Damaged { wanted, found } => {
                damaged = true;
                answer!(
                    "{}: DAMAGED: sha256 is {found}, should be {wanted}; delete and fetch it",
                    model.name
                );
            }
        }
    }
    Ok(if damaged { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Progress on a terminal, one line; nothing elsewhere.
struct Shown {
    name: &'static str,
    last_percent: u64,
    on: bool,
}

impl Shown {
    fn new(name: &'static str) -> Self {
        Self { name, last_percent: u64::MAX, on: std::io::stderr().is_terminal() }
    }

    fn update(&mut self, progress: Progress) {
        let percent = progress.total.map_or(0, |total| progress.done * 100 / total.max(1));
        if !self.on || percent == self.last_percent {
            return;
        }
        self.last_percent = percent;
        let megabytes = progress.done / 1_000_000;
        // A terminal that went away changes nothing about the fetch.
        drop(write!(std::io::stderr(), "\r{}: {percent} % ({megabytes} MB) ", self.name));
    }

    fn finish(&self) {
        if self.on && self.last_percent != u64::MAX {
            drop(write!(std::io::stderr(), "\r\x1b[K"));
        }
    }
}
