//! What a call's journal tells of it. Secrets are not in it, so they cannot come into a vCon either.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value as Json;

/// A call, as its journal has it. Times are milliseconds since it began.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(super) started_unix_ms: u64,
    pub(super) line: String,
    /// The caller's address, if the network told it.
    pub(super) caller: Option<String>,
    pub(super) said: Vec<Said>,
    pub(super) consents: Vec<Consent>,
    /// The plans that the caller said yes to, each once.
    pub(super) plans: Vec<String>,
    /// The humans who had the call, by their place in the list of humans, in the order of their coming.
    pub(super) humans: Vec<u64>,
    pub(super) history: Vec<History>,
    /// When the last line was written.
    pub(super) length_ms: u64,
}

/// What somebody said, as it was understood, or heard.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) by: Speaker,
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    pub(super) words: String,
    pub(super) language: Option<String>,
    pub(super) confidence: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    Caller,
    Agent,
    /// The human who has the call.
    Human(usize),
}

/// The caller's answer to a question whether they agree.
#[derive(Debug)]
pub(super) struct Consent {
    pub(super) at_ms: u64,
    pub(super) what: String,
    pub(super) given: bool,
}

/// Somebody came, went, or was put on hold: `event` is the draft's word (section 4.3.10.1).
#[derive(Debug)]
pub(super) struct History {
    pub(super) at_ms: u64,
    pub(super) who: Speaker,
    pub(super) event: &'static str,
}

impl Told {
    /// Reads a journal as far as it goes.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn read(journal: &Path) -> Result<Self> {
        let mut rows = BufReader::new(File::open(journal)?).lines();
        let header: Json = serde_json::from_str(&rows.next().context("it is empty")??)
            .context("its first line is no journal's")?;
        let text = |name: &str| header[name].as_str().map(str::to_owned);
        let mut told = Self {
            started_unix_ms: header["started_unix_ms"].as_u64().context("its header tells no time")?,
            line: text("line").unwrap_or_default(),
            caller: text("caller"),
            ..Self::default()
        };
        let mut open = Open::default();
        for row in rows {
            // The last line of a journal that was cut off may be half a one.
            let Ok(row) = serde_json::from_str::<Json>(&row?) else { break };
            told.length_ms = row["at_ms"].as_f64().unwrap_or_default() as u64;
            if let Some(plan) = row["do"]["execute"][0].as_str()
                && !told.plans.iter().any(|known| known == plan)
            {
                told.plans.push(plan.to_owned());
            }
            told.take(&row["do"]["tell"], &mut open);
        }
        Ok(told)
    }

    /// The plans that the caller said yes to.
    pub(crate) fn plans(&self) -> &[String] {
        &self.plans
    }

    /// When the recording of the call begins: with a yes where it was asked for, else with the call.
    pub(super) fn recorded_from_ms(&self) -> u64 {
        let mut consents = self.consents.iter();
        consents.find(|consent| consent.what == RECORDING && consent.given).map_or(0, |consent| consent.at_ms)
    }

    fn take(&mut self, told: &Json, open: &mut Open) {
        let Some((what, about)) = told.as_object().and_then(|told| told.iter().next()) else { return };
        let number = |name: &str| about[name].as_u64().unwrap_or_default();
        let at_ms = self.length_ms;
        match what.as_str() {
            "caller_speaks" => drop(open.turns.insert(number("turn"), at_ms)),
            "caller_said" => {
                let from = open.turns.remove(&number("turn")).unwrap_or(at_ms);
                self.say(Speaker::Caller, from, about, "words");
            }
            "agent_says" => {
                let language = about["language"].as_str().map(str::to_owned);
                open.says.insert(number("say"), (None, language));
            }
            "agent_started" => {
                open.says.entry(number("say")).or_default().0 = Some(at_ms);
            }
            "agent_stopped" => {
                let (from, language) = open.says.remove(&number("say")).unwrap_or_default();
                self.say(Speaker::Agent, from.unwrap_or(at_ms), about, "heard");
                if let Some(said) = self.said.last_mut().filter(|said| said.by == Speaker::Agent) {
                    said.language = said.language.take().or(language);
                }
            }
            "human_said" => {
                let by = Speaker::Human(self.humans.len().saturating_sub(1));
                self.say(by, at_ms, about, "words");
            }
            "consent" => {
                let what = about["what"].as_str().unwrap_or_default().to_owned();
                let given = about["given"].as_bool().unwrap_or_default();
                self.consents.push(Consent { at_ms, what, given });
            }
            "transfer_state" => self.moved(about, open),
            "held" => self.held(about),
            _ => {}
        }
    }

    fn say(&mut self, by: Speaker, from_ms: u64, about: &Json, words: &str) {
        let Some(words) = about[words].as_str().filter(|words| !words.is_empty()) else { return };
        let language = about["language"].as_str().map(str::to_owned);
        let confidence = about["confidence"].as_f64();
        let (words, to_ms) = (words.to_owned(), self.length_ms);
        self.said.push(Said { by, from_ms, to_ms, words, language, confidence });
    }

    /// The state of a transfer: a human has the call while it is bridged.
    fn moved(&mut self, about: &Json, open: &mut Open) {
        if let Some(human) = about["human"].as_u64() {
            open.rung = Some(human);
        }
        let bridged = about["state"] == "bridged";
        if bridged && !open.bridged {
            self.humans.push(open.rung.unwrap_or_default());
        }
        if bridged != open.bridged {
            open.bridged = bridged;
            let who = Speaker::Human(self.humans.len().saturating_sub(1));
            let event = if bridged { "join" } else { "drop" };
            self.history.push(History { at_ms: self.length_ms, who, event });
        }
    }

    fn held(&mut self, about: &Json) {
        // Whoever holds the line is not held: the other one is.
        let who = match about["who"].as_str() {
            Some("caller") if !self.humans.is_empty() => Speaker::Human(self.humans.len() - 1),
            Some("human") => Speaker::Caller,
            _ => return,
        };
        let event = if about["on"] == true { "hold" } else { "unhold" };
        self.history.push(History { at_ms: self.length_ms, who, event });
    }
}

/// What has begun.
#[derive(Debug, Default)]
struct Open {
    /// Since when the caller has spoken in turns whose words are not known.
    turns: BTreeMap<u64, u64>,
    /// Since when the agent says what, and in which language.
    says: BTreeMap<u64, (Option<u64>, Option<String>)>,
    /// Who was rung last.
    rung: Option<u64>,
    bridged: bool,
}

/// The name of the consent to being recorded.
const RECORDING: &str = "recording";
