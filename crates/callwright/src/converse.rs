//! `callwright converse`: scripted conversations, played in virtual time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use callwright_model::{PackSource, Problem};
use callwright_rehearsal::{Stage, Story, transcript};
use clap::Args;

use crate::lines::read_pack;

/// Arguments of `converse`.
#[derive(Debug, Args)]
pub struct Converse {
    /// The conversations.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print all that was said and done in each, too, with its times.
    #[arg(long)]
    pub transcript: bool,
}

/// Plays each file and prints those that do not go as written, expected beside real.
pub fn run(args: &Converse) -> ExitCode {
    let (mut problems, mut failed, mut played) = (Vec::new(), 0, 0);
    let mut packs = BTreeMap::new();
    let mut stages: BTreeMap<String, Stage> = BTreeMap::new();
    for file in &args.files {
        let (story, stage) = match load(file, &mut packs, &mut stages) {
            Ok(loaded) => loaded,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        match story.play(&stage) {
            Ok(result) => {
                played += 1;
                failed += usize::from(!result.is_as_expected());
                if args.transcript {
                    answer!("{}: {}\n{}", story.file, story.name, transcript(&result.told));
                }
                if !result.is_as_expected() {
                    answer!("{}", result.side_by_side(&story));
                }
            }
            Err(why) => problems.push(Problem::error(story.file.clone(), None, why)),
        }
    }
    for problem in &problems {
        notice!("{problem}");
    }
    answer!("{played} conversation(s), {failed} not as written");
    if failed == 0 && problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn load(
    file: &Path,
    packs: &mut BTreeMap<String, PackSource>,
    stages: &mut BTreeMap<String, Stage>,
) -> Result<(Story, Stage), Vec<Problem>> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| vec![Problem::error(name.clone(), None, format!("cannot be read: {error}"))])?;
    let story = Story::parse(&name, &text)?;
    let folder = file.parent().unwrap_or(Path::new("")).join(&story.pack);
    let place = folder.display().to_string();
    if !packs.contains_key(&place) {
        let (source, problems) = read_pack(&folder)?;
        if !problems.is_empty() {
            return Err(problems);
        }
        packs.insert(place.clone(), source);
    }
    // What a conversation adds to its pack makes another one of it.
    let key = format!("{place} {:?}", story.append);
    let stage = match stages.get(&key) {
        Some(stage) => stage.clone(),
        None => Stage::load(&story.source(&packs[&place]))?,
    };
    stages.insert(key, stage.clone());
    Ok((story, stage))
}
