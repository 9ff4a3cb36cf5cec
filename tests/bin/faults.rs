//! Kills the action core and the demo's systems in the middle of the demo's stories and looks into the systems' databases afterwards:
//! `make faults`.
//!
//! Exits with 0 when every effect is there exactly once or its plan says that it is in doubt, and the journal is whole.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a tool")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use callwright_tests::faults::{self, Kind, Run};
use clap::Parser;

/// Tries faults against real processes.
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Arguments {
    /// Plans in all.
    #[arg(long, default_value_t = 1_000)]
    plans: usize,
    /// Plans that are struck together; 40 is every place of both stories once.
    #[arg(long, default_value_t = 40)]
    at_once: usize,
    /// Plans for each thing that can befall a journal; 0 leaves that out.
    #[arg(long, default_value_t = 40)]
    stores: usize,
    /// Draws what else goes wrong.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the figures go as JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Be this system.
    #[arg(long, hide = true, requires_all = ["database", "listen"])]
    system: Option<Kind>,
    #[arg(long, hide = true)]
    database: Option<PathBuf>,
    #[arg(long, hide = true)]
    listen: Option<SocketAddr>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    match Arguments::parse() {
        Arguments { system: Some(kind), database: Some(database), listen: Some(listen), .. } => {
            faults::serve(kind, database, listen).await?;
            Ok(ExitCode::SUCCESS)
        }
        arguments => attempt(arguments).await,
    }
}

async fn attempt(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { plans, at_once, stores, seed, out, .. } = arguments;
    let folder = tempfile::tempdir()?;
    let mut tried = faults::run(Run { plans, at_once: at_once.max(1), seed }, folder.path(), |report| {
        eprintln!("{} of {plans} plans, {} wrong", report.total.plans, report.wrong.len());
    })
    .await;
    if let Ok(report) = &mut tried
        && stores > 0
    {
        let part = folder.path().join("stores");
        std::fs::create_dir(&part)?;
        if let Err(error) = faults::try_stores(stores, &part, report).await {
            tried = Err(error);
        }
    }
    let right = tried.as_ref().is_ok_and(faults::Report::is_right);
    if !right {
        eprintln!("databases, journal and log are kept in {}", folder.keep().display());
    }
    let report = tried?;
    report.lines().iter().for_each(|line| println!("{line}"));
    report.wrong.iter().for_each(|wrong| println!("wrong: {wrong}"));
    println!(
        "\n{} waves, seed {seed}; the journal is {}",
        report.waves,
        if report.journal_is_whole { "whole" } else { "not as it was written" }
    );
    if let Some(out) = out {
        if let Some(folder) = out.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&out, serde_json::to_string_pretty(&report)?)
            .with_context(|| format!("cannot write {}", out.display()))?;
        println!("written to {}", out.display());
    }
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
