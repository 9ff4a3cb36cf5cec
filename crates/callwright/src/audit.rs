//! `callwright audit` and `callwright explain`: reading the action core's journal as an auditor does.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use callwright_actions::Store;
use callwright_model::{PlanId, utc};
use callwright_plan_core::Audited;
use callwright_wire::actions::{Client, ClientError};
use serde::Serialize;

use crate::cli::{Explain, List, Verify};
use crate::config::{Config, Core, store};
use crate::serve::all;

/// Checks a journal and prints how it stands.
pub async fn verify(config: &Path, args: &Verify) -> ExitCode {
    match check(config, args).await {
        Ok(code) => code,
        Err(error) => {
            notice!("callwright audit: {error:#}");
            UNREADABLE.into()
        }
    }
}

async fn check(config: &Path, args: &Verify) -> Result<ExitCode> {
    let store = journal(config, args.journal.as_deref())?;
    let audited = callwright_actions::audit(&store, args.head).await.with_context(|| store.to_string())?;
    let whole = audited.findings.is_empty();
    if args.json {
        let report = Report { journal: store.to_string(), whole, audited: &audited };
        answer!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        answer!("{}", told(&store, &audited));
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Serialize)]
struct Report<'r> {
    journal: String,
    whole: bool,
    #[serde(flatten)]
    audited: &'r Audited,
}

fn told(store: &Store, audited: &Audited) -> String {
    let mut lines = match audited.findings.len() {
        0 => vec![format!("{store}: everything is as it was written")],
        count => vec![format!("{store}: not as it was written, {count} finding(s)")],
    };
    lines.extend(audited.findings.iter().map(|finding| format!("  {finding}")));
    lines.push(format!("plans:     {}", audited.plans));
    lines.push(format!("events:    {}", audited.events));
    lines.push(format!("refusals:  {}", audited.refusals));
    if audited.erased > 0 {
        lines.push(format!("erased:    {} of all these; their hashes are there and fit", audited.erased));
    }
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
pub async fn list(config: &Path, args: &List) -> Result<()> {
    let store = journal(config, args.journal.as_deref())?;
    let plans = callwright_actions::list(&store).await.with_context(|| store.to_string())?;
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
        Place::Journal(store) => {
            let told =
                callwright_actions::explain_from(&store, &plan).await.with_context(|| store.to_string())?;
            let told = told.ok_or_else(|| anyhow!("{store}: there is no plan `{plan}`"))?;
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

/// The story of a plan as JSON, from where the configuration says that plans are kept; `None` when there is none.
///
/// # Errors
/// When nobody can be asked.
pub async fn story(core: &Core, plan: &PlanId) -> Result<Option<String>> {
    if let Some(address) = &core.address {
        return match Client::connect(address).await?.explain(plan).await {
            Ok(told) => Ok(Some(told.json)),
            Err(ClientError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        };
    }
    let store = core.store();
    let told = callwright_actions::explain_from(&store, plan).await.with_context(|| store.to_string())?;
    Ok(told.map(|told| told.json))
}

/// Where plans are looked for.
enum Place {
    Core(String),
    Journal(Store),
}

fn place(config: &Path, args: &Explain) -> Result<Place> {
    match (&args.core, &args.journal) {
        (Some(address), _) => Ok(Place::Core(address.clone())),
        (None, Some(named)) => Ok(Place::Journal(store::named(named)?)),
        (None, None) => {
            let core = kept(config)?;
            let store = core.store();
            Ok(core.address.map_or(Place::Journal(store), Place::Core))
        }
    }
}

/// The journal that is named, else the configuration's.
pub fn journal(config: &Path, named: Option<&Path>) -> Result<Store> {
    named.map_or_else(|| Ok(kept(config)?.store()), store::named)
}

/// Where the configuration says that plans are kept.
fn kept(config: &Path) -> Result<Core> {
    let config = Config::load(config).map_err(all);
    Ok(config.context("name a journal with --journal, or a configuration with --config")?.core)
}

/// The exit code when there is nothing to check, as different from a journal that is not whole.
const UNREADABLE: u8 = 2;
