//! Self-play: simulated callers play the goals of a pack against the agent. Whether they got what they wanted is read from the business
//! systems' databases and from what was claimed.

mod caller;
mod goal;
mod grammar;
mod lot;
mod noise;
mod options;
mod report;

use std::collections::BTreeMap;

use callwright_dialogue_core::SayKind;
use callwright_model::{Language, MonoTime, PackSource, Problem};

use crate::call::{Call, Outcome};
use crate::stage::{Setup, Stage};
use crate::story::changes;
use crate::transcript::Told;
use caller::Caller;
use goal::{End, Goal, goals};
use grammar::Grammar;
use lot::Lot;

pub use caller::Mood;
pub use options::{GameId, Noise, Options, TRIES};
pub use report::{Failure, Passed, Report};

/// One game.
#[derive(Debug, Clone, PartialEq)]
pub struct Game {
    /// Its name.
    pub id: GameId,
    /// What the caller wanted.
    pub goal: String,
    /// How they were.
    pub mood: Mood,
    /// Why it did not succeed; `None` when it did.
    pub failed: Option<String>,
    /// All that happened.
    pub told: Vec<(MonoTime, Told)>,
}

/// A pack with callers.
pub struct SelfPlay {
    stage: Stage,
    goals: Vec<Goal>,
    grammars: BTreeMap<Language, Grammar>,
}

impl SelfPlay {
    /// Gets a pack ready in these languages.
    ///
    /// # Errors
    /// Every mistake in the pack, and what callers need that is not there.
    pub fn load(source: &PackSource, languages: &[Language]) -> Result<Self, Vec<Problem>> {
        let stage = Stage::load(source)?;
        let goals = goals(&stage).map_err(|why| vec![Problem::error(source.folder.clone(), None, why)])?;
        let mut grammars = BTreeMap::new();
        let mut problems = Vec::new();
        for &language in languages {
            if !stage.dialogue.languages().contains(&language) {
                let what = format!("the pack has no words in `{language}`");
                problems.push(Problem::error(source.path("pack.yaml"), None, what));
                continue;
            }
            match Grammar::load(source, language) {
                Ok(grammar) => {
                    let missing = goals.iter().map(|goal| format!("wishes.{}", goal.skill));
                    for missing in missing.filter(|wishes| grammar.all(wishes).is_empty()) {
                        let file = source.path(&format!("callers/{language}.yaml"));
                        problems.push(Problem::error(
                            file,
                            None,
                            format!("there is nothing under `{missing}`"),
                        ));
                    }
                    grammars.insert(language, grammar);
                }
                Err(problem) => problems.push(problem),
            }
        }
        problems.dedup();
        if problems.is_empty() { Ok(Self { stage, goals, grammars }) } else { Err(problems) }
    }

    /// Plays all games.
    ///
    /// # Errors
    /// When a call cannot be set up.
    pub fn play(&self, options: &Options) -> Result<Report, String> {
        let mut games = Vec::new();
        for &language in &options.languages {
            for number in 0..options.games - options.games % TRIES {
                let id = GameId { seed: options.seed, language, number };
                // Transcripts of thousands of games are not kept: a game plays again by its name.
                games.push(Game { told: Vec::new(), ..self.game(id, options.noise)? });
            }
        }
        Ok(Report::of(&self.stage.actions.name, options.seed, options.noise, &games))
    }

    /// Plays one game.
    ///
    /// # Errors
    /// When its language was not made ready, or the call cannot be set up.
    pub fn game(&self, id: GameId, noise: Noise) -> Result<Game, String> {
        let language = id.language;
        let grammar =
            self.grammars.get(&language).ok_or_else(|| format!("there are no callers in `{language}`"))?;
        let round = (id.number / TRIES) as usize;
        let goal = &self.goals[round % self.goals.len().max(1)];
        // Goals come around with another mood each time.
        let mood = Mood::ALL[(round + round / self.goals.len().max(1)) % Mood::ALL.len()];
        let name = id.to_string();
        let mut caller = Caller::new(&self.stage, grammar, goal, mood, Lot::new(id.seed, &[&name, "caller"]));
        let mut line = Lot::new(id.seed, &[&name, "line"]);
        let setup = Setup { number: u64::from(id.number), language: Some(language), ..Setup::default() };
        let mut call = Call::begin(&self.stage, setup)?;
        let before = call.snapshots()?;
        let mut known = 0;
        loop {
            let over = caller.interrupts() && call.listen_to(WORDS_HEARD);
            if !over {
                call.listen();
            }
            if call.outcome() != Outcome::Open {
                break;
            }
            let fresh: Vec<Told> = call.told()[known..].iter().map(|(_, told)| told.clone()).collect();
            known = call.told().len();
            let Some(words) = caller.answer(&fresh, &call) else {
                call.hang_up();
                break;
            };
            let spoken = noise.heard(&words, grammar, &mut line);
            if over {
                call.interrupt(&spoken);
            } else {
                call.say(&spoken);
            }
        }
        let effects = changes(&before, &call.snapshots()?);
        let failed = judge(goal, caller.settled, &effects, call.told());
        let goal = goal.name(&self.stage);
        Ok(Game { id, goal, mood, failed, told: call.told().to_vec() })
    }
}

/// Why a game did not succeed: the databases must be as the goal wants them, what was claimed must have happened, and the caller must have
/// heard what came of it.
fn judge(goal: &Goal, settled: bool, effects: &[String], told: &[(MonoTime, Told)]) -> Option<String> {
    let wanted: &[String] = match &goal.end {
        End::Done { effects, .. } => effects,
        End::Answered(_) | End::Refused(_) => &[],
    };
    let claimed = told.iter().any(|(_, told)| matches!(told, Told::Said { kind: SayKind::Claim, .. }));
    let doubt = told.iter().any(|(_, told)| *told == Told::InDoubt);
    if effects != wanted {
        return Some(match (wanted.is_empty(), effects.is_empty()) {
            (false, true) => "nothing was done".to_owned(),
            (true, _) => format!("something was done that nobody wanted: {}", effects.join("; ")),
            (false, false) => format!("something else was done: {}", effects.join("; ")),
        });
    }
    if claimed == effects.is_empty() {
        return Some(
            if claimed { "what was claimed did not happen" } else { "what was done was not claimed" }
                .to_owned(),
        );
    }
    if doubt {
        return Some("nobody can tell what was done".to_owned());
    }
    (!settled).then(|| "the caller did not hear what came of it".to_owned())
}

/// Who speaks over a question has heard so many words of it.
const WORDS_HEARD: u16 = 4;
