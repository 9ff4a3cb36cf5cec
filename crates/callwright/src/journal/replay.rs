//! `callwright replay`: the facts of a journal go through the same machine again, and what it wants is compared with what it
//! wanted then.

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use callwright_conversation::{Conversation, ConversationConfig, Fact};
use callwright_dialogue_core::DialogueConfig;
use callwright_model::MonoTime;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::mask::{Kept, Mask};
use super::{End, FORMAT, Header, Line};
use crate::lines::{fingerprint, load_pack, secrets};
use crate::serve::all;

/// Replays a journal and prints how it went.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's answer")]
pub fn run(file: &Path, pack: Option<&Path>) -> ExitCode {
    match replay(file, pack) {
        Ok(replayed) => {
            print!("{replayed}");
            if replayed.difference.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("callwright replay: {}: {error:#}", file.display());
            UNREADABLE.into()
        }
    }
}

/// How a replay went.
#[derive(Debug)]
pub(super) struct Replayed {
    facts: usize,
    pub(super) decisions: usize,
    pub(super) close: Close,
    pub(super) difference: Option<Difference>,
    /// What may be the reason of a difference.
    remarks: Vec<String>,
}

/// Where it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// With the call.
    End,
    /// Before the call's end: the journal has none.
    CutOff,
    /// At a line whose fact is not kept.
    Secret { line: usize },
}

/// The first decision that is another one.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) line: usize,
    /// What the journal has there.
    then: String,
    /// What the machine wants there.
    now: Option<String>,
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { facts, decisions, .. } = self;
        match &self.difference {
            Some(Difference { line, then, now }) => {
                let now = now.as_deref().unwrap_or("nothing");
                writeln!(f, "line {line} differs, after {decisions} decisions that are the same")?;
                writeln!(f, "  then  {then}\n  now   {now}")?;
                for remark in &self.remarks {
                    writeln!(f, "{remark}")?;
                }
                Ok(())
            }
            None => match self.close {
                Close::End => writeln!(f, "the same: {decisions} decisions from {facts} facts"),
                Close::CutOff => writeln!(
                    f,
                    "the same as far as it goes: {decisions} decisions from {facts} facts; the journal is cut off"
                ),
                Close::Secret { line } => writeln!(
                    f,
                    "the same up to line {line}: {decisions} decisions from {facts} facts; there the caller was asked for a \
                     secret and said something else, which is not kept"
                ),
            },
        }
    }
}

/// Any line but the first, as it is read. What was done is compared as text.
#[derive(Deserialize)]
struct Entry {
    at_ms: f64,
    fact: Option<Fact>,
    secret: Option<Kept>,
    timer: Option<bool>,
    #[serde(rename = "do")]
    act: Option<IgnoredAny>,
    end: Option<End>,
}

pub(super) fn replay(file: &Path, pack: Option<&Path>) -> Result<Replayed> {
    let text = std::fs::read_to_string(file).context("cannot be read")?;
    let whole_lines = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut lines = whole_lines.lines().enumerate().map(|(place, line)| (place + 1, line));
    let (_, first) = lines.next().context("it is empty")?;
    let header: Header = serde_json::from_str(first).context("the first line is no journal's")?;
    if header.journal != FORMAT {
        bail!("the journal's format is {}; this program reads {FORMAT}", header.journal);
    }
    let mut player = Player::new(&header, pack)?;
    for (number, line) in lines {
        let entry: Entry =
            serde_json::from_str(line).with_context(|| format!("line {number} is no journal's"))?;
        if !player.play(number, line, entry)? {
            break;
        }
    }
    Ok(player.replayed)
}

struct Player {
    machine: Conversation,
    mask: Mask,
    started: MonoTime,
    /// When the machine was told something last.
    at: Duration,
    /// What it wanted then and was not compared yet.
    wanted: VecDeque<String>,
    replayed: Replayed,
}

impl Player {
    fn new(header: &Header, pack: Option<&Path>) -> Result<Self> {
        let folder = pack.unwrap_or(&header.pack.folder);
        let (pack, source) =
            load_pack(folder).map_err(all).context("the pack; --pack names it where it is now")?;
        let mut remarks = Vec::new();
        if fingerprint(&source) != header.pack.fingerprint {
            remarks.push(format!("the pack {} has changed since the call", folder.display()));
        }
        if header.version != env!("CARGO_PKG_VERSION") {
            remarks.push(format!("the call was with version {} of this program", header.version));
        }
        let mut dialogue = DialogueConfig::new(pack, header.call);
        dialogue.language = header.language;
        dialogue.caller = header.caller.clone();
        dialogue.greeting = header.greeting.clone();
        dialogue.clock = header.clock;
        dialogue.limits.transfer = Duration::from_millis(header.transfer_ms);
        dialogue.limits.interpretation = header.language_model_ms.map(Duration::from_millis);
        dialogue.ask_recording = header.ask_recording;
        let mut config = ConversationConfig::new(dialogue, header.leg);
        config.call.agent_listens = header.agent_listens;
        config.human = header.human.clone();
        config.voice = header.voice.clone();
        header.call_backs.restore(&header.line, &mut config);
        let started = header.started_mono_us;
        let replayed = Replayed { facts: 0, decisions: 0, close: Close::CutOff, difference: None, remarks };
        let mut player = Self {
            machine: Conversation::new(config, started),
            mask: Mask::new(secrets(&source), header.language),
            started,
            at: Duration::ZERO,
            wanted: VecDeque::new(),
            replayed,
        };
        player.listen();
        Ok(player)
    }

    /// Plays a line; `false` when it was the last that matters.
    fn play(&mut self, number: usize, line: &str, entry: Entry) -> Result<bool> {
        if entry.act.is_some() {
            let now = self.wanted.pop_front();
            if now.as_deref() == Some(line) {
                self.replayed.decisions += 1;
                return Ok(true);
            }
            return Ok(self.differs(number, line, now));
        }
        if let Some(now) = self.wanted.pop_front() {
            return Ok(self.differs(number, line, Some(now)));
        }
        if let Some(end) = entry.end {
            if end.lost > 0 {
                bail!("{} of its lines could not be written: it cannot be replayed", end.lost);
            }
            self.replayed.close = Close::End;
            return Ok(false);
        }
        // Times were written to the microsecond; a number that is none of ours becomes the nearest that is.
        self.at = Duration::from_micros((entry.at_ms * 1e3).round() as u64);
        match entry.secret {
            Some(Kept::Nothing) => {
                self.replayed.close = Close::Secret { line: number };
                return Ok(false);
            }
            Some(Kept::StandIn) => {
                self.replayed
                    .remarks
                    .push(format!("line {number} has a stand-in for what was said for a secret"));
            }
            None => {}
        }
        let now = self.started + self.at;
        match (entry.fact, entry.timer) {
            (Some(fact), _) => {
                self.replayed.facts += 1;
                // What stands in it for a secret is hidden as that was.
                let _shown = self.mask.fact(&fact);
                self.machine.handle(fact, now);
            }
            (None, Some(_)) => self.machine.handle_timeout(now),
            (None, None) => bail!("line {number} has neither fact, timer, do nor end"),
        }
        self.listen();
        Ok(true)
    }

    fn listen(&mut self) {
        while let Some(act) = self.machine.poll_output() {
            let line = Line { act: Some(&self.mask.act(&act)), ..Line::at(self.at) }.text();
            self.wanted.push_back(line);
        }
    }

    fn differs(&mut self, line: usize, then: &str, now: Option<String>) -> bool {
        self.replayed.difference = Some(Difference { line, then: then.to_owned(), now });
        false
    }
}

/// What the program exits with when there is nothing to compare, as `diff` does.
const UNREADABLE: u8 = 2;
