//! `callwright selfplay`: simulated callers against the agent.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use callwright_model::Language;
use callwright_rehearsal::{GameId, Noise, Options, SelfPlay, transcript};
use clap::Args;

use crate::lines::read_pack;

/// Arguments of `selfplay`.
#[derive(Debug, Args)]
pub struct SelfPlayArgs {
    /// The skill pack.
    #[arg(long, default_value = "skills/airline", value_name = "DIR")]
    pub pack: PathBuf,
    /// Languages of the callers.
    #[arg(long, default_value = "en,es,ko,de", value_delimiter = ',', value_name = "CODES")]
    pub lang: Vec<Language>,
    /// Games in each language, four for each goal.
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u32).range(4..=1_000_000))]
    pub games: u32,
    /// Another number gives other games.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// What becomes of words on their way: `none`, or `recogniser` for lost, joined and mistaken words.
    #[arg(long, default_value = "none", value_name = "KIND")]
    pub noise: Noise,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
    /// Write the report there as JSON, too.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Play one game again, by its name in a report, and print all that was said and done.
    #[arg(long, value_name = "GAME", conflicts_with_all = ["json", "report"])]
    pub replay: Option<GameId>,
}

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
