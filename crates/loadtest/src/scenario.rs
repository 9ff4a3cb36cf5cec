//! What a scripted party does, read from YAML.
//!
//! ```yaml
//! scenario: rebook
//! summary: A cancelled flight is rebooked.
//! after_silence_ms: 900        # the agent has finished when it was silent for this long; 900 if not written
//! patience_ms: 20000           # how long a step may wait for its moment; 20000 if not written
//! steps:
//!   - say: ../en-cancelled.wav # when the agent has said something and finished
//!   - say: ../en-pin.wav
//!     after_silence_ms: 2500   # for this step alone; so is patience_ms
//!   - interrupt: ../en-first.wav
//!     after_ms: 800            # over the agent, when it has been sounding for this long without a break
//!   - backchannel: ../en-uh-huh.wav
//!     after_ms: 1500           # the same, but the agent is expected to go on
//!   - say: ../en-yes.wav
//!     at_once: true            # without waiting for the agent
//!   - dtmf: "4821#"            # keys, when the agent has finished
//!   - expect_speech: 3000      # the agent must begin to sound within this many ms, else the scenario fails
//!   - pause: 500               # ms
//!   - wait_end: 10000          # the other end must hang up within this many ms
//!   - hangup
//! ```
//!
//! WAV files are named relative to the scenario's file. After the last step the party hangs up.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use callwright_model::Problem;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_saphyr::Spanned;

use crate::clip::Clip;

/// A script with its sounds loaded.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What happens in it, for people.
    pub summary: String,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

/// One thing that the party does.
#[derive(Debug, Clone)]
pub struct Step {
    /// What.
    pub action: Action,
    /// How long it may wait for its moment.
    pub patience: Duration,
}

/// What a party can do.
#[derive(Debug, Clone)]
pub enum Action {
    /// Say something when the other end has said something and finished, or at once.
    Say {
        /// What.
        clip: Clip,
        /// The silence by which the other end has finished; `None` is at once.
        after_silence: Option<Duration>,
    },
    /// Speak over the other end.
    Over {
        /// What.
        clip: Clip,
        /// When it has been sounding for this long.
        after: Duration,
        /// Whether it is meant to stop the other end.
        manner: Manner,
    },
    /// Press keys when the other end has finished, or at once.
    Dtmf {
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        keys: String,
        /// As for `Say`.
        after_silence: Option<Duration>,
    },
    /// The other end must begin to sound within this time.
    ExpectSpeech(Duration),
    /// Do nothing.
    Pause(Duration),
    /// The other end must hang up within this time.
    WaitEnd(Duration),
    /// Hang up.
    Hangup,
}

/// Why somebody speaks over another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// To be heard: the other shall fall silent.
    Interruption,
    /// To say "I am listening": the other shall go on.
    Backchannel,
}

impl Scenario {
    /// Reads a scenario and the WAV files it names.
    ///
    /// # Errors
    /// Every mistake in it, each with file and line.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            vec![Problem::error(&file, None, format!("the scenario cannot be read: {error}"))]
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&file, &text, folder)
    }

    /// The same from a text; `folder` is what its files are relative to.
    ///
    /// # Errors
    /// As for [`Scenario::load`].
    pub fn parse(file: &str, text: &str, folder: &Path) -> Result<Self, Vec<Problem>> {
        let raw: RawScenario = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().and_then(|at| u32::try_from(at.line()).ok()).filter(|&line| line > 0);
            let what = error.without_snippet().to_string();
            let what = what.lines().next().unwrap_or("it is not YAML").to_owned();
            vec![Problem::error(file, line, what)]
        })?;
        let mut problems = Vec::new();
        let mut steps = Vec::new();
        if raw.steps.is_empty() {
            problems.push(Problem::error(file, None, "the scenario has no steps"));
        }
        for spanned in &raw.steps {
            match raw.step(&spanned.value, folder) {
                Ok(step) => steps.push(step),
                Err(mistake) => {
                    let line = u32::try_from(spanned.referenced.line()).ok().filter(|&line| line > 0);
                    let (what, help) = match mistake {
                        Mistake::Step(what) => (what, STEPS_HELP),
                        Mistake::Sound(what) => (what, SOUND_HELP),
                    };
                    problems.push(Problem::error(file, line, what).help(help));
                }
            }
        }
        if problems.is_empty() {
            Ok(Self { name: raw.scenario, summary: raw.summary, steps })
        } else {
            Err(problems)
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScenario {
    scenario: String,
    #[serde(default)]
    summary: String,
    #[serde(default = "after_silence_ms")]
    after_silence_ms: u64,
    #[serde(default = "patience_ms")]
    patience_ms: u64,
    steps: Vec<Spanned<RawStep>>,
}

/// A person answers 200 to 900 ms after the other has finished; a scripted party must in addition not take the pause between
/// two sentences, up to 500 ms with the voices used here, for the end.
const fn after_silence_ms() -> u64 {
    900
}

/// Longer than any answer an agent reads out.
const fn patience_ms() -> u64 {
    20_000
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawFields {
    say: Option<PathBuf>,
    interrupt: Option<PathBuf>,
    backchannel: Option<PathBuf>,
    dtmf: Option<String>,
    expect_speech: Option<u64>,
    pause: Option<u64>,
    wait_end: Option<u64>,
    after_silence_ms: Option<u64>,
    after_ms: Option<u64>,
    patience_ms: Option<u64>,
    at_once: bool,
}

enum RawStep {
    Word(String),
    Fields(Box<RawFields>),
}

/// What is wrong with a step.
enum Mistake {
    /// It is not written as steps are.
    Step(String),
    /// The file that it names is not a sound to play.
    Sound(String),
}

impl From<String> for Mistake {
    fn from(what: String) -> Self {
        Self::Step(what)
    }
}

impl RawScenario {
    fn step(&self, raw: &RawStep, folder: &Path) -> Result<Step, Mistake> {
        let fields = match raw {
            RawStep::Word(word) if word == "hangup" => {
                return Ok(Step { action: Action::Hangup, patience: Duration::ZERO });
            }
            RawStep::Word(word) => return Err(format!("`{word}` is not a step").into()),
            RawStep::Fields(fields) => fields,
        };
        let (actions, name) = fields.actions();
        if actions != 1 {
            return Err(format!("a step does exactly one thing, this one {actions}").into());
        }
        let waits_for_silence = matches!(name, "say" | "dtmf");
        if !waits_for_silence && (fields.after_silence_ms.is_some() || fields.at_once) {
            return Err(format!(
                "`{name}` does not wait for silence: `after_silence_ms` and `at_once` have no meaning"
            )
            .into());
        }
        if fields.after_ms.is_some() && !matches!(name, "interrupt" | "backchannel") {
            return Err(format!("`after_ms` has no meaning for `{name}`").into());
        }
        let after_silence = (!fields.at_once)
            .then(|| Duration::from_millis(fields.after_silence_ms.unwrap_or(self.after_silence_ms)));
        let after = Duration::from_millis(fields.after_ms.unwrap_or(AFTER_MS));
        let clip = |file: &Path| Clip::load(&folder.join(file)).map_err(Mistake::Sound);
        let over = |file: &Path, manner| clip(file).map(|clip| Action::Over { clip, after, manner });
        let action = if let Some(file) = &fields.say {
            Action::Say { clip: clip(file)?, after_silence }
        } else if let Some(file) = &fields.interrupt {
            over(file, Manner::Interruption)?
        } else if let Some(file) = &fields.backchannel {
            over(file, Manner::Backchannel)?
        } else if let Some(keys) = &fields.dtmf {
            let known = |key: char| matches!(key, '0'..='9' | '*' | '#' | 'A'..='D');
            if keys.is_empty() || !keys.chars().all(known) {
                return Err(format!("`{keys}` are not keys of a telephone (0-9, *, #, A-D)").into());
            }
            Action::Dtmf { keys: keys.clone(), after_silence }
        } else if let Some(ms) = fields.expect_speech {
            Action::ExpectSpeech(Duration::from_millis(ms))
        } else if let Some(ms) = fields.pause {
            Action::Pause(Duration::from_millis(ms))
        } else {
            Action::WaitEnd(Duration::from_millis(fields.wait_end.unwrap_or_default()))
        };
        Ok(Step { action, patience: Duration::from_millis(fields.patience_ms.unwrap_or(self.patience_ms)) })
    }
}

impl RawFields {
    /// How many actions are written, and the last one's name.
    fn actions(&self) -> (usize, &'static str) {
        let all = [
            ("say", self.say.is_some()),
            ("interrupt", self.interrupt.is_some()),
            ("backchannel", self.backchannel.is_some()),
            ("dtmf", self.dtmf.is_some()),
            ("expect_speech", self.expect_speech.is_some()),
            ("pause", self.pause.is_some()),
            ("wait_end", self.wait_end.is_some()),
        ];
        let mut written = all.iter().filter(|(_, there)| *there);
        (written.clone().count(), written.next_back().map_or("", |(name, _)| name))
    }
}

impl<'de> Deserialize<'de> for RawStep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StepVisitor)
    }
}

struct StepVisitor;

impl<'de> Visitor<'de> for StepVisitor {
    type Value = RawStep;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step such as `say: FILE` or `hangup`")
    }

    fn visit_str<E>(self, word: &str) -> Result<RawStep, E> {
        Ok(RawStep::Word(word.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawStep, A::Error> {
        RawFields::deserialize(MapAccessDeserializer::new(map))
            .map(|fields| RawStep::Fields(Box::new(fields)))
    }
}

/// A second into a sentence: nobody interrupts a first word.
const AFTER_MS: u64 = 1_000;
const SOUND_HELP: &str = "a sound is a WAV file with one channel of 16 bits, 8000 or 16000 samples a second";
const STEPS_HELP: &str =
    "a step is one of say, interrupt, backchannel, dtmf, expect_speech, pause, wait_end, hangup";

#[cfg(test)]
mod tests;
