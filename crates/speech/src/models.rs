//! Model files: which there are, where they come from, and how they get here unharmed.

use std::path::{Path, PathBuf};

mod catalogue;
mod fetch;
mod lock;

pub use catalogue::{CATALOGUE, Model, Origin};
pub use fetch::{FetchError, Fetched, Fetcher, Progress, State, list, verify};

/// The largest whisper model in a directory: of two that were fetched, the better one.
#[must_use]
pub fn largest_whisper(dir: &Path) -> Option<PathBuf> {
    std::fs::read_dir(dir)
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            name.to_str().is_some_and(|name| name.starts_with("ggml-") && name.ends_with(".bin"))
        })
        .filter_map(|entry| Some((entry.metadata().ok()?.len(), entry.path())))
        .max()
        .map(|(_, path)| path)
}
