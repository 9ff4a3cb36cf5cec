//! What plans cost that wait for a yes.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::pace::bind;
use super::pack::Made;
use super::process::Core;
use super::system::System;

/// Memory of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Plans that wait.
    pub plans: usize,
    /// Resident before there were any.
    pub before_bytes: u64,
    /// Resident with all of them.
    pub with_bytes: u64,
}

impl Waiting {
    /// What the plans cost.
    #[must_use]
    pub fn cost_bytes(self) -> u64 {
        self.with_bytes.saturating_sub(self.before_bytes)
    }
}

/// Has so many plans of ten steps wait in a core of their own.
///
/// # Errors
/// When a plan cannot be bound.
pub async fn waiting(system: &System, journal: &Path, plans: usize) -> Result<Waiting> {
    let core = Core::start(system, Made::ten_steps(), journal)?;
    let client = core.client().await?;
    // What is set up with the first plans is no plan's cost.
    bind(&client, WARM_UP).await?;
    let before_bytes = core.resident_bytes()?;
    bind(&client, plans).await?;
    Ok(Waiting { plans, before_bytes, with_bytes: core.resident_bytes()? })
}

const WARM_UP: usize = 100;
