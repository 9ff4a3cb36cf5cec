//! `callwright plan`: what would be done, and why, without doing it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use callwright_model::Problem;
use callwright_plan_core::{End, Facts, Pack, diagram, rehearse};

use crate::cli::Plan;
use crate::config::Config;
use crate::lines::read_pack;

/// Tries a skill with facts from a file and prints the plan, or draws the skill.
pub fn run(args: &Plan) -> anyhow::Result<ExitCode> {
    let found = match &args.pack {
        Some(folder) => load(folder),
        None => find(args.config.as_deref(), &args.skill)?,
    };
    let pack = match found {
        Ok(pack) => pack,
        Err(problems) => return Ok(wrong(&problems)),
    };
    if pack.offered().all(|skill| skill.name != args.skill) {
        let known: Vec<&str> = pack.offered().map(|skill| skill.name.as_str()).collect();
        bail!("the pack `{}` has no skill `{}`, only {}", pack.name, args.skill, known.join(", "));
    }
    let facts = match &args.facts {
        Some(file) => {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
            match Facts::parse(&name, &text, &pack, &args.skill) {
                Ok(facts) => Some(facts),
                Err(problems) => return Ok(wrong(&problems)),
            }
        }
        None => None,
    };
    let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let unix_ms = u64::try_from(unix_ms).unwrap_or_default();
    let rehearsal = facts.and_then(|facts| rehearse(&pack, &args.skill, &facts, &pack.now(unix_ms)));
    let reasons = rehearsal.as_ref().map(|rehearsal| rehearsal.reasons.as_slice()).unwrap_or_default();
    if args.diagram {
        let drawn = diagram(&pack, &args.skill, reasons).context("there is no such skill")?;
        answer!("{}", drawn.trim_end());
    }
    let Some(rehearsal) = rehearsal else { return Ok(ExitCode::SUCCESS) };
    if !args.diagram {
        answer!("{}", if args.json { &rehearsal.explained.json } else { &rehearsal.explained.text });
    }
    Ok(match rehearsal.end {
        End::Ready | End::Answered | End::Refused => ExitCode::SUCCESS,
        End::Missing | End::Stuck => ExitCode::from(STOPPED),
    })
}

fn load(folder: &Path) -> Result<Pack, Vec<Problem>> {
    let (source, problems) = read_pack(folder)?;
    if problems.is_empty() { Pack::load(&source) } else { Err(problems) }
}

/// The pack that has the skill: among those of the configuration or, without one, in `skills`.
fn find(config: Option<&Path>, skill: &str) -> anyhow::Result<Result<Pack, Vec<Problem>>> {
    let mut folders: Vec<PathBuf> = match config {
        Some(file) => match Config::read(file) {
            (Some(config), _) => config.lines.into_iter().map(|line| line.pack).collect(),
            (None, problems) => return Ok(Err(problems)),
        },
        None => std::fs::read_dir("skills")
            .context("there is no folder `skills` here: name a pack with --pack")?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_dir())
            .collect(),
    };
    folders.sort();
    folders.dedup();
    // A pack that does not load may still be the one that is meant: its file of the skill tells.
    folders.retain(|folder| match load(folder) {
        Ok(pack) => pack.offered().any(|known| known.name == skill),
        Err(_) => folder.join("skills").join(format!("{skill}.yaml")).is_file(),
    });
    match folders.as_slice() {
        [] => bail!("no pack has a skill `{skill}`; name the pack with --pack"),
        [folder] => Ok(load(folder)),
        several => {
            let names: Vec<String> = several.iter().map(|folder| folder.display().to_string()).collect();
            bail!("several packs have a skill `{skill}`: {}; name one with --pack", names.join(", "))
        }
    }
}

fn wrong(problems: &[Problem]) -> ExitCode {
    for problem in problems {
        notice!("{problem}");
    }
    ExitCode::FAILURE
}

/// What the facts tell was too little, or led nowhere. Another code than that of files with mistakes.
const STOPPED: u8 = 3;
