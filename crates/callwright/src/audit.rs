//! `callwright audit` and `callwright explain`: reading the action core's journal as an auditor does.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use callwright_actions::explain_from;
use callwright_model::{PlanId, utc};
use callwright_plan_core::Audited;
use callwright_wire::actions::Client;
use serde::Serialize;

use crate::cli::{Explain, List, Verify};
use crate::config::{Config, Core};
use crate::serve::all;

/// Checks a journal and prints how it stands.
pub fn verify(config: &Path, args: &Verify) -> ExitCode {
    match check(config, args) {
        Ok(code) => code,
        Err(error) => {
            notice!("callwright audit: {error:#}");
            UNREADABLE.into()
        }
    }
}

fn check(config: &Path, args: &Verify) -> Result<ExitCode> {
    let file = journal(config, args.journal.as_deref())?;
    let audited = callwright_actions::audit(&file, args.head).with_context(|| file.display().to_string())?;
    let whole = audited.findings.is_empty();
    if args.json {
        let report = Report { journal: &file, whole, audited: &audited };
        answer!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        answer!("{}", told(&file, &audited));
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Serialize)]
struct Report<'r> {
    journal: &'r Path,
    whole: bool,
    #[serde(flatten)]
    audited: &'r Audited,
}

fn told(file: &Path, audited: &Audited) -> String {
    let file = file.display();
    let mut lines = match audited.findings.len() {
        0 => vec![format!("{file}: everything is as it was written")],
        count => vec![format!("{file}: not as it was written, {count} finding(s)")],
    };
    lines.extend(audited.findings.iter().map(|finding| format!("  {finding}")));
    lines.push(format!("plans:     {}", audited.plans));
    lines.push(format!("events:    {}", audited.events));
    lines.push(format!("refusals:  {}", audited.refusals));
    if audited.adopted > 0 {
        lines.push(format!(
            "           {} of events and refusals were there before the chain was begun at {}; it vouches for those only from then on",
            audited.adopted,
            utc(audited.begun_unix_ms / 1_000)
        ));
    }
    lines.push(format!("head:      {}", audited.head));
    match audited.since_head {
        Some(0) => lines.push("           which is the one that was given".to_owned()),
        Some(since) => lines.push(format!("           entries since the one that was given: {since}")),
        None => {
            lines.push(
                "           note it elsewhere; with --head it shows later that nothing was cut off"
                    .to_owned(),
            );
        }
    }
    lines.join("\n")
}

/// Prints the plans of a journal.
///
/// # Errors
/// When there is no journal to read.
pub fn list(config: &Path, args: &List) -> Result<()> {
    let file = journal(config, args.journal.as_deref())?;
    let plans = callwright_actions::list(&file).with_context(|| file.display().to_string())?;
    if args.json {
        answer!("{}", serde_json::to_string_pretty(&plans)?);
        return Ok(());
    }
    for it in plans {
        let begun = utc(it.begun_unix_ms / 1_000);
        answer!("{begun}  {}  call {}  {:<9}  {}/{}", it.plan, it.call, it.state.name(), it.pack, it.skill);
    }
    Ok(())
}

/// Prints the story of a plan.
///
/// # Errors
/// When there is no such plan, or nobody to ask.
pub async fn explain(config: &Path, args: &Explain) -> Result<()> {
    let plan = PlanId(args.plan.clone());
    let (text, json) = match place(config, args)? {
        Place::Core(address) => {
            let told = Client::connect(&address).await?.explain(&plan).await?;
            (told.text, told.json)
        }
        Place::Journal(file) => {
            let told = explain_from(&file, &plan).with_context(|| file.display().to_string())?;
            let told = told.ok_or_else(|| anyhow!("{}: there is no plan `{plan}`", file.display()))?;
            (told.text, told.json)
        }
    };
    if args.json {
        let json: serde_json::Value = serde_json::from_str(&json).context("the story is no JSON")?;
        answer!("{}", serde_json::to_string_pretty(&json)?);
    } else {
        answer!("{text}");
    }
    Ok(())
}

/// Where plans are looked for.
enum Place {
    Core(String),
    Journal(PathBuf),
}

fn place(config: &Path, args: &Explain) -> Result<Place> {
    match (&args.core, &args.journal) {
        (Some(address), _) => Ok(Place::Core(address.clone())),
        (None, Some(file)) => Ok(Place::Journal(file.clone())),
        (None, None) => {
            let core = kept(config)?;
            Ok(core.address.map_or(Place::Journal(core.journal), Place::Core))
        }
    }
}

fn journal(config: &Path, named: Option<&Path>) -> Result<PathBuf> {
    named.map_or_else(|| Ok(kept(config)?.journal), |file| Ok(file.to_owned()))
}

/// Where the configuration says that plans are kept.
fn kept(config: &Path) -> Result<Core> {
    let config = Config::load(config).map_err(all);
    Ok(config.context("name a journal with --journal, or a configuration with --config")?.core)
}

/// The exit code when there is nothing to check, as different from a journal that is not whole.
const UNREADABLE: u8 = 2;
