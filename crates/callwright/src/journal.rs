//! One journal per call: a file of JSON lines with everything that the call's machine was told, when, and what it wanted done.
//!
//! The first line is a [`Header`]. Then come, in order, `fact` (what the machine was told), `timer` (the time it had asked for
//! came) and `do` (what it wanted done, where `tell` is what people are told: verdicts with their evidence, words heard and
//! unheard, steps of plans). The last line is `end`; a file without one was cut off. [`replay()`] feeds the facts to the machine
//! again and compares what it does.
//!
//! A call never waits for its journal: lines go through a bounded channel to the one thread that writes, and what does not fit or
//! cannot be written is counted. Secrets never get as far as a line; see [`Mask`].

mod mask;
mod promises;
mod replay;
mod writer;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callwright_conversation::{Act, ConversationConfig, Ending, Fact, Happening, HumanConfig, Moment};
use callwright_dialogue_core::{Clock, DialogueConfig};
use callwright_model::{CallId, Language, LegId, MonoTime, Pii, Voice, utc};
use serde::{Deserialize, Serialize};

use crate::lines::LoadedLine;
use mask::{Kept, Mask};
use promises::Promises;
pub use replay::run as replay;
pub use writer::Journal;
use writer::Sheet;

/// The first line: what the call was, and all that its machine was made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Header {
    /// The version of this format.
    journal: u32,
    /// The version of the program.
    version: String,
    call: CallId,
    /// When, by the wall clock, as people read it and as programs do.
    started: String,
    started_unix_ms: u64,
    /// The same moment on the clock of the machine: times inside facts are on that clock, `at_ms` counts from here.
    started_mono_us: MonoTime,
    line: String,
    recogniser: String,
    pack: PackName,
    language: Language,
    greeting: Option<String>,
    /// What day and time it was for the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock: Option<Clock>,
    /// Whether the caller was asked if the call may be recorded.
    #[serde(default)]
    ask_recording: bool,
    voice: Voice,
    /// The trunk that it came by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trunk: Option<String>,
    /// The caller's address, if the network told it.
    caller: Option<Pii<String>>,
    /// The caller's leg.
    leg: LegId,
    /// Longest wait for a human, in milliseconds.
    transfer_ms: u64,
    /// The agent listens while people talk.
    agent_listens: bool,
    /// What humans could do.
    #[serde(default)]
    human: HumanConfig,
    /// How long a language model was waited for, in milliseconds, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language_model_ms: Option<u64>,
    /// What could be promised, and whom it called.
    #[serde(default, skip_serializing_if = "Promises::is_empty")]
    call_backs: Promises,
}

/// Which pack, as it was then.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PackName {
    name: String,
    folder: std::path::PathBuf,
    /// Another one for each change of its files.
    fingerprint: String,
}

/// Any line but the first, as it is written.
#[derive(Debug, Default, Serialize)]
struct Line<'a> {
    /// Milliseconds since the call began, to the microsecond.
    at_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fact: Option<&'a Fact>,
    /// What of the fact is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<Kept>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timer: Option<bool>,
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    act: Option<&'a Act>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<End>,
}

/// The last line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct End {
    /// Lines before this one.
    lines: u64,
    /// Lines that could not be written.
    lost: u64,
    /// Who ended the call; none when its task was lost.
    reason: Option<Ending>,
}

impl Line<'_> {
    fn at(at: Duration) -> Self {
        Self { at_ms: at.as_micros() as f64 / 1e3, ..Self::default() }
    }

    fn text(&self) -> String {
        // Plain data, without maps whose keys are no texts.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Writes one call down.
pub struct Recorder {
    sheet: Sheet,
    line: LoadedLine,
    recogniser: String,
    trunk: Option<String>,
    mask: Mask,
    started: MonoTime,
    last: Duration,
    ending: Option<Ending>,
}

impl Recorder {
    /// A recorder of a call on this line that has not begun.
    pub fn new(journal: &Journal, line: LoadedLine, recogniser: String, trunk: Option<String>) -> Self {
        let (sheet, mask) = (journal.sheet(), Mask::new(line.secrets.clone(), line.language));
        let (started, last) = (MonoTime::ZERO, Duration::ZERO);
        Self { sheet, line, recogniser, trunk, mask, started, last, ending: None }
    }

    /// Writes down what went into the machine or came out of it.
    pub fn record(&mut self, at: MonoTime, moment: Moment<'_>) {
        self.last = at.since(self.started);
        let line = Line::at(self.last);
        match moment {
            Moment::Began(config) => {
                (self.started, self.last) = (at, Duration::ZERO);
                self.begin(config, SystemTime::now());
            }
            Moment::Fact(fact) => {
                let (fact, secret) = self.mask.fact(fact);
                self.sheet.write(Line { fact: Some(&fact), secret, ..line }.text());
            }
            Moment::Timer => self.sheet.write(Line { timer: Some(true), ..line }.text()),
            Moment::Act(act) => {
                if let Act::Tell(Happening::Ended(ending)) = act {
                    self.ending = Some(*ending);
                }
                self.sheet.write(Line { act: Some(&self.mask.act(act)), ..line }.text());
            }
        }
    }

    fn begin(&mut self, config: &ConversationConfig, wall: SystemTime) {
        let DialogueConfig { call, caller, language, greeting, clock, ask_recording, .. } = &config.dialogue;
        let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let started = utc(wall.as_secs());
        let header = Header {
            journal: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            call: *call,
            started: started.clone(),
            started_unix_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
            started_mono_us: self.started,
            line: self.line.line.name.clone(),
            recogniser: self.recogniser.clone(),
            pack: PackName {
                name: self.line.pack.name().to_owned(),
                folder: self.line.line.pack.clone(),
                fingerprint: self.line.fingerprint.clone(),
            },
            language: *language,
            greeting: greeting.clone(),
            clock: *clock,
            ask_recording: *ask_recording,
            voice: config.voice.clone(),
            trunk: self.trunk.clone(),
            caller: caller.clone(),
            leg: config.caller,
            transfer_ms: milliseconds(config.dialogue.limits.transfer),
            language_model_ms: config.dialogue.limits.interpretation.map(milliseconds),
            agent_listens: config.call.agent_listens,
            human: config.human.clone(),
            call_backs: Promises::of(config),
        };
        let name = format!("{}-{call}{SUFFIX}", started.replace(':', ""));
        self.sheet.open(*call, name, serde_json::to_string(&header).unwrap_or_default());
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let (lines, lost) = self.sheet.counts();
        let end = Some(End { lines, lost, reason: self.ending });
        self.sheet.close(Line { end, ..Line::at(self.last) }.text());
    }
}

fn milliseconds(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// The version of the format; another one is not read.
const FORMAT: u32 = 3;
/// How the names of journals end.
const SUFFIX: &str = ".jsonl";

#[cfg(test)]
mod tests;
