//! How games went, counted.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::options::{Noise, TRIES};
use super::{Game, Mood};

/// How all games went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The pack.
    pub pack: String,
    /// The seed.
    pub seed: u64,
    /// What became of words on their way.
    pub noise: Noise,
    /// By language.
    pub languages: BTreeMap<String, Passed>,
    /// By mood, all languages.
    pub moods: BTreeMap<String, Passed>,
    /// By goal, all languages and moods.
    pub goals: BTreeMap<String, Passed>,
    /// All of them.
    pub all: Passed,
    /// Games that did not succeed.
    pub failures: Vec<Failure>,
}

/// How many of some games succeeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Passed {
    /// Games played.
    pub games: u32,
    /// Games that succeeded.
    pub passed: u32,
    /// Goals, each played four times.
    pub goals: u32,
    /// Goals of which all four games succeeded.
    pub all_four: u32,
    /// Share of games that succeeded, 0 to 1.
    pub pass_1: f64,
    /// Share of goals of which all four games succeeded, 0 to 1.
    pub pass_4: f64,
}

/// A game that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its name, by which it plays again.
    pub game: String,
    /// The goal.
    pub goal: String,
    /// The mood.
    pub mood: Mood,
    /// What went wrong.
    pub why: String,
}

impl Report {
    /// Counts games; those of one goal follow each other.
    pub(super) fn of(pack: &str, seed: u64, noise: Noise, games: &[Game]) -> Self {
        let mut report = Self {
            pack: pack.to_owned(),
            seed,
            noise,
            languages: BTreeMap::new(),
            moods: BTreeMap::new(),
            goals: BTreeMap::new(),
            all: Passed::default(),
            failures: Vec::new(),
        };
        for tries in games.chunks(TRIES as usize) {
            let Some(first) = tries.first() else { continue };
            let language = report.languages.entry(first.id.language.to_string()).or_default();
            let mood = report.moods.entry(first.mood.name().to_owned()).or_default();
            let goal = report.goals.entry(first.goal.clone()).or_default();
            for passed in [language, mood, goal, &mut report.all] {
                passed.add(tries);
            }
            report.failures.extend(tries.iter().filter_map(|game| {
                let why = game.failed.clone()?;
                Some(Failure { game: game.id.to_string(), goal: game.goal.clone(), mood: game.mood, why })
            }));
        }
        report
    }
}

impl Passed {
    fn add(&mut self, tries: &[Game]) {
        let passed = tries.iter().filter(|game| game.failed.is_none()).count();
        self.games += tries.len() as u32;
        self.passed += passed as u32;
        self.goals += 1;
        self.all_four += u32::from(passed == tries.len());
        self.pass_1 = f64::from(self.passed) / f64::from(self.games.max(1));
        self.pass_4 = f64::from(self.all_four) / f64::from(self.goals.max(1));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noise = match self.noise {
            Noise::None => "no noise",
            Noise::Recogniser => "a recogniser's noise",
        };
        writeln!(f, "{}, seed {}, {noise}", self.pack, self.seed)?;
        writeln!(f, "{:<32} {:>6} {:>8} {:>6} {:>8}", "", "games", "pass^1", "goals", "pass^4")?;
        let mut row = |name: &str, passed: &Passed| {
            let (one, four) = (100.0 * passed.pass_1, 100.0 * passed.pass_4);
            writeln!(f, "{name:<32} {:>6} {one:>7.1}% {:>6} {four:>7.1}%", passed.games, passed.goals)
        };
        for (name, passed) in self.goals.iter().chain(&self.moods).chain(&self.languages) {
            row(name, passed)?;
        }
        row("all", &self.all)?;
        for Failure { game, goal, mood, why } in &self.failures {
            writeln!(f, "failed {game} ({goal}, {}): {why}", mood.name())?;
        }
        Ok(())
    }
}
