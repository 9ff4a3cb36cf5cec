//! `callwright journey`: giving a person what is kept of them, and erasing it. The action core keeps plans; the gateway's journals and
//! recordings of the same calls lie beside it as files, and go the same way.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use callwright_model::{CallId, Pii};
use callwright_wire::actions::{Client, Person};
use serde_json::{Value as Json, json};
use tokio_stream::StreamExt as _;

use crate::cli;
use crate::config::Config;
use crate::recordings::erase_in;
use crate::serve::all;
use crate::vcon::{self, PlanTold, Told};

/// Prints what is kept of a person, and writes their calls as vCons if asked to.
///
/// # Errors
/// When the core does not answer, or nothing is kept of them.
pub async fn export(config: &Path, args: &cli::JourneyExport) -> Result<()> {
    let place = Place::of(config, &args.whose)?;
    let mut lines = place.client().await?.export_journey(person(&args.whose)).await?;
    let mut told = Vec::new();
    while let Some(line) = lines.next().await {
        let line = line?;
        answer!("{line}");
        told.push(serde_json::from_str::<Json>(&line).context("a line is no JSON")?);
    }
    if let Some(folder) = &args.vcon {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        for call in calls(&told) {
            for file in journals(&place.calls, call)? {
                let of_call = Told::read(&file).with_context(|| file.display().to_string())?;
                let to = folder.join(format!("{call}.vcon.json"));
                vcon::write(&vcon::without_sound(call, &of_call, plans(call, &told)), &to)?;
                notice!("call {call}: {}", to.display());
            }
        }
    }
    Ok(())
}

/// Erases what is kept of a person: in the core, then the journals of their calls.
///
/// # Errors
/// When the core does not answer, nothing is kept of them, or a file cannot be deleted.
pub async fn erase(config: &Path, args: &cli::JourneyErase) -> Result<()> {
    let place = Place::of(config, &args.whose)?;
    let erased = place.client().await?.erase_journey(person(&args.whose)).await?;
    answer!("plans erased: {}", erased.plans);
    answer!("journals of calls deleted: {}", delete_journals(&place.calls, &erased.calls)?);
    answer!("recordings of calls erased: {}", erase_in(&place.recordings, &erased.calls, ERASED)?);
    for plan in &erased.open {
        answer!("plan {plan} has not ended and is still there: erase again when it has");
    }
    Ok(())
}

/// Deletes the journals of these calls; tells how many that were.
///
/// # Errors
/// When one cannot be deleted.
pub fn delete_journals(folder: &Path, calls: &[CallId]) -> Result<usize> {
    let mut deleted = 0;
    for call in calls {
        for file in journals(folder, *call)? {
            std::fs::remove_file(&file).with_context(|| file.display().to_string())?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// The journals of a call: none when it was none of this gateway's, or is older than they are kept.
///
/// # Errors
/// When the folder cannot be read.
pub fn journals(folder: &Path, call: CallId) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let ending = format!("-{call}.jsonl");
    let listing = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = Vec::new();
    for entry in listing {
        let file = entry.with_context(|| folder.display().to_string())?.path();
        if file.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(&ending)) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The calls of an export, each once.
fn calls(lines: &[Json]) -> Vec<CallId> {
    let plans = lines.iter().filter(|line| line["kind"] == "plan");
    let mut calls: Vec<CallId> =
        plans.filter_map(|line| line["call"].as_str().and_then(|call| call.parse().ok())).collect();
    calls.sort();
    calls.dedup();
    calls
}

/// Each plan of the call with its consent and its events, among them the receipts.
fn plans(call: CallId, lines: &[Json]) -> Vec<PlanTold> {
    let call = call.to_string();
    let of_call = lines.iter().filter(|line| line["kind"] == "plan" && line["call"] == call.as_str());
    of_call
        .map(|plan| {
            let about = |line: &&Json| line["plan"] == plan["plan"] && line["kind"] != "plan";
            let events: Vec<&Json> = lines.iter().filter(about).collect();
            let begun_unix_ms = plan["begun_unix_ms"].as_u64().unwrap_or_default();
            PlanTold { begun_unix_ms, body: json!({ "plan": plan, "events": events }) }
        })
        .collect()
}

fn person(whose: &cli::Whose) -> Person {
    match (&whose.pack, &whose.identity, &whose.journey) {
        (_, _, Some(journey)) => Person::Journey(journey.clone()),
        (pack, identity, None) => Person::Owner {
            pack: pack.clone().unwrap_or_default(),
            identity: Pii::new(identity.clone().unwrap_or_default()),
        },
    }
}

/// Where things are kept.
struct Place {
    core: String,
    calls: PathBuf,
    recordings: PathBuf,
}

impl Place {
    fn of(config: &Path, whose: &cli::Whose) -> Result<Self> {
        if let (Some(core), Some(calls), Some(recordings)) = (&whose.core, &whose.calls, &whose.recordings) {
            let (calls, recordings) = (calls.clone(), recordings.clone());
            return Ok(Self { core: core.clone(), calls, recordings });
        }
        let config = Config::load(config).map_err(all);
        let config =
            config.context("name --core, --calls and --recordings, or a configuration with --config")?;
        let own = || format!("http://{}", config.core.listen);
        let core = whose.core.clone().or_else(|| config.core.address.clone()).unwrap_or_else(own);
        let calls = whose.calls.clone().unwrap_or(config.journal.dir);
        Ok(Self { core, calls, recordings: whose.recordings.clone().unwrap_or(config.recording.dir) })
    }

    async fn client(&self) -> Result<Client> {
        let client = Client::connect(&self.core).await;
        client.with_context(|| format!("the action core at {} does not answer; it must run", self.core))
    }
}

/// Why recordings go with a journey.
pub const ERASED: &str = "journey erased";
