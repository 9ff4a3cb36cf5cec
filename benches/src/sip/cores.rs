//! Which core a thread runs on, and what a thread has used of one.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// Pins the calling thread, and whatever threads it starts from here on, to one core.
///
/// # Errors
/// When there is no such core.
pub(super) fn pin(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core)?;
    sched_setaffinity(Pid::from_raw(0), &set).with_context(|| format!("core {core} cannot be had"))
}

/// What the thread of this process with that name has run so far.
///
/// # Errors
/// When there is none.
pub(super) fn ran(name: &str) -> Result<Duration> {
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if fs::read_to_string(task.join("comm"))?.trim() == name {
            let text = fs::read_to_string(task.join("schedstat"))?;
            let nanoseconds = text.split(' ').next().context("schedstat is empty")?.parse()?;
            return Ok(Duration::from_nanos(nanoseconds));
        }
    }
    anyhow::bail!("no thread is called {name}")
}

/// Of what is measured.
pub(super) const MEASURED: usize = 0;
/// Of the telephones around it.
pub(super) const AROUND: usize = 1;
