//! `callwright stats`: what became of plans, what callers said that the agent could learn from, and how they rated their calls.

mod proposals;
mod ratings;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use callwright_actions::stats;
use callwright_plan_core::{SkillStats, Times};

use crate::audit;
use crate::cli;
use crate::config::Config;
use crate::serve::all;

/// Prints what the journal of plans tells, what the journals of calls propose, or how callers rated them.
///
/// # Errors
/// When there is no journal to read.
pub async fn run(config: &Path, args: &cli::Stats) -> Result<()> {
    let since = args.days.map_or(0, since);
    if args.proposals {
        let config = Config::load(config).map_err(all).context("proposals need the configuration's packs")?;
        let folder = args.calls.clone().unwrap_or_else(|| config.journal.dir.clone());
        let found = proposals::find(&config, &folder, since)?;
        if args.json {
            answer!("{}", serde_json::to_string_pretty(&found)?);
        } else {
            answer!("{}", proposals::told(&found));
        }
        return Ok(());
    }
    if args.ratings {
        let folder = match &args.calls {
            Some(folder) => folder.clone(),
            None => Config::load(config).map_err(all)?.journal.dir,
        };
        let found = ratings::find(&folder, since)?;
        if args.json {
            answer!("{}", serde_json::to_string_pretty(&found)?);
        } else {
            answer!("{}", ratings::told(&found));
        }
        return Ok(());
    }
    let store = audit::journal(config, args.journal.as_deref())?;
    let skills = stats(&store, since).await.with_context(|| store.to_string())?;
    if args.json {
        answer!("{}", serde_json::to_string_pretty(&skills)?);
    } else {
        answer!("{}", told(&skills));
    }
    Ok(())
}

/// The moment so many days ago, in milliseconds since 1970.
fn since(days: u32) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    now.saturating_sub(u64::from(days) * 86_400_000)
}

fn told(skills: &BTreeMap<String, SkillStats>) -> String {
    if skills.is_empty() {
        return "nobody has said yes to a plan, and no policy has refused one".to_owned();
    }
    let mut lines = Vec::new();
    for (name, skill) in skills {
        lines.push(format!(
            "{name}: {} plans, {} completed ({}), {} failed, {} in doubt, {} open; {}",
            skill.plans,
            skill.completed,
            share(skill.completed, skill.plans - skill.open),
            skill.failed,
            skill.in_doubt,
            skill.open,
            times(&skill.took_ms)
        ));
        for (version, plans) in &skill.versions {
            let version = if version.is_empty() { "(of before there were versions)" } else { version };
            lines.push(format!(
                "  version {version}: {} plans, {} completed, {} failed, {} in doubt",
                plans.plans, plans.completed, plans.failed, plans.in_doubt
            ));
        }
        if skill.denied > 0 || !skill.denied_by.is_empty() {
            let rules: Vec<String> =
                skill.denied_by.iter().map(|(rule, times)| format!("{rule} {times}")).collect();
            lines.push(format!(
                "  denied before there was a plan: {}; by rule: {}",
                skill.denied,
                or_none(&rules)
            ));
        }
        let people = skill.approved + skill.rejected + skill.unanswered + skill.cancelled + skill.in_doubt;
        if people > 0 {
            lines.push(format!(
                "  people: {} approved, {} rejected, {} not answered in time, {} cancelled, {} had to be looked at",
                skill.approved, skill.rejected, skill.unanswered, skill.cancelled, skill.in_doubt
            ));
        }
        if !skill.steps.is_empty() {
            lines.push(format!("  {HEADINGS}"));
        }
        for (action, step) in &skill.steps {
            lines.push(format!(
                "  {action:<24} {:>6} {:>8} {:>6} {:>6} {:>6} {:>7} {:>5} {:>7} {:>8} {:>8}",
                step.steps,
                share(step.committed, step.steps),
                step.denied,
                step.undone,
                step.in_doubt,
                step.attempts,
                step.lost,
                step.refused,
                step.took_ms.percentile(50).map_or("-".to_owned(), |ms| ms.to_string()),
                step.took_ms.percentile(95).map_or("-".to_owned(), |ms| ms.to_string()),
            ));
        }
    }
    lines.join("\n")
}

fn share(part: u64, of: u64) -> String {
    if of == 0 { "-".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / of as f64) }
}

fn times(took: &Times) -> String {
    match (took.percentile(50), took.percentile(95)) {
        (Some(half), Some(most)) => format!("half within {half} ms, 95 of 100 within {most} ms"),
        _none_ended => "none has ended".to_owned(),
    }
}

fn or_none(texts: &[String]) -> String {
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

const HEADINGS: &str =
    "action                    steps     done denied undone  doubt   calls  lost refused   p50 ms   p95 ms";
