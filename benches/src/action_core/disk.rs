//! How fast the disk itself is: everything that the core promises waits for it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Flushes a second of one page each, written over what is there, as a write-ahead log in use is.
///
/// # Errors
/// When the folder cannot be written to.
pub fn flushes_per_s(folder: &Path, length: Duration) -> Result<f64> {
    let path = folder.join("flushes");
    let file = File::options().create(true).truncate(true).write(true).open(&path)?;
    file.write_all_at(&vec![0; PAGE * PAGES], 0)?;
    file.sync_all()?;
    let (begun, mut flushes) = (Instant::now(), 0_usize);
    while begun.elapsed() < length {
        let page = [u8::try_from(flushes % 251)?; PAGE];
        file.write_all_at(&page, (flushes % PAGES * PAGE) as u64)?;
        file.sync_data()?;
        flushes += 1;
    }
    let took = begun.elapsed();
    std::fs::remove_file(&path)?;
    Ok(flushes as f64 / took.as_secs_f64())
}

/// SQLite's page.
const PAGE: usize = 4096;
/// Pages in a write-ahead log before it is begun anew.
const PAGES: usize = 1_000;
