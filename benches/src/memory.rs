//! What a process holds.

use std::fs;

use anyhow::{Context as _, Result};

/// Resident memory of a process in bytes; `self` is this one.
///
/// # Errors
/// When it is gone.
pub fn resident_bytes(process: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}
