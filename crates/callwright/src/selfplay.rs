//! `callwright selfplay`: simulated callers against the agent.

use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use callwright_rehearsal::{Options, SelfPlay, transcript};

use crate::cli::SelfPlayArgs;
use crate::lines::read_pack;

/// Plays all games and prints how they went, or one game again with all that was said.
///
/// # Errors
/// When the games cannot be played or the report cannot be written.
pub fn run(args: &SelfPlayArgs) -> anyhow::Result<ExitCode> {
    let languages = match &args.replay {
        Some(game) => vec![game.language],
        None => args.lang.clone(),
    };
    let loaded = read_pack(&args.pack).and_then(|(source, problems)| match problems.is_empty() {
        true => SelfPlay::load(&source, &languages),
        false => Err(problems),
    });
    let play = match loaded {
        Ok(play) => play,
        Err(problems) => {
            problems.iter().for_each(|problem| notice!("{problem}"));
            return Ok(ExitCode::FAILURE);
        }
    };
    if let Some(game) = args.replay {
        let game = play.game(game, args.noise).map_err(|why| anyhow!(why))?;
        answer!("{} ({}, {})\n{}", game.id, game.goal, game.mood.name(), transcript(&game.told));
        answer!("{}", game.failed.as_deref().unwrap_or("succeeded"));
        return Ok(if game.failed.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let options = Options { languages, games: args.games, seed: args.seed, noise: args.noise };
    let report = play.play(&options).map_err(|why| anyhow!(why))?;
    let json = serde_json::to_string_pretty(&report).context("a report is plain data")?;
    if let Some(file) = &args.report {
        std::fs::write(file, &json).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    if args.json {
        answer!("{json}");
    } else {
        answer!("{}", report.to_string().trim_end());
        if let Some(failure) = report.failures.first() {
            answer!(
                "what was said in one of them: --replay {}, with the same --pack and --noise",
                failure.game
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}
