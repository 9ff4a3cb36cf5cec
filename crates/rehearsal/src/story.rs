//! A scripted conversation as data: what a caller does, and what must come of it. Its YAML is described in `docs/conversations.md`.

mod play;
mod read;
mod side_by_side;

use std::collections::BTreeMap;
use std::time::Duration;

use callwright_model::{PackSource, Problem};

use crate::call::Spoken;
use crate::stage::Setup;

pub use play::Played;
pub(crate) use play::changes;

/// A scripted conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// The file, as the person named it.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The folder of its pack, as the file names it: relative to the file.
    pub pack: String,
    /// How the call is set up.
    pub setup: Setup,
    /// Texts that are added to files of the pack, by file.
    pub append: BTreeMap<String, String>,
    /// What happens, in order. The first turn is the agent's alone.
    pub turns: Vec<Turn>,
    /// How it ends: `caller`, `agent`, `human` or `open`.
    pub ending: String,
    /// Every row of every system that is different at the end, as [`callwright_demo_backends::Snapshot::changes_since`] tells it.
    pub effects: Vec<String>,
}

/// One turn of the caller and what follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Where it is written.
    pub line: u32,
    /// What the caller does.
    pub caller: Deed,
    /// What comes of it.
    pub expected: Expected,
}

/// What a caller does.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Listens.
    Listen,
    /// Says something when the agent has finished.
    Say(Spoken),
    /// Says something over the agent, once so many words of the last that it has to say were heard.
    Over(u16, Spoken),
    /// Presses keys.
    Press(String),
    /// Is silent for so long.
    Wait(Duration),
    /// Hangs up.
    HangUp,
    /// Nothing; somebody at a desk approves, or rejects.
    Approved(bool),
}

/// What must come of a turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expected {
    /// What the words are taken for.
    pub skill: Option<String>,
    /// Inputs that become known, with their values.
    pub slots: BTreeMap<String, String>,
    /// What is done beside talking, all of it and in order: steps, undos, transfers.
    pub does: Vec<String>,
    /// What the agent says, all of it and in order.
    pub hear: Vec<Sentence>,
}

/// A sentence that the agent must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sentence {
    /// One that begins with the sentence of the pack under this key, and holds these words.
    Key(String, Vec<String>),
    /// One that holds these words.
    Words(Vec<String>),
    /// Any number of sentences.
    Any,
}

impl Story {
    /// Reads a conversation.
    ///
    /// # Errors
    /// Every mistake in it, with its line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        read::story(file, text)
    }

    /// The pack of this conversation: its files with what the conversation adds to them.
    #[must_use]
    pub fn source(&self, pack: &PackSource) -> PackSource {
        let mut source = pack.clone();
        for (name, text) in &self.append {
            let file = source.files.entry(name.clone()).or_default();
            file.push('\n');
            file.push_str(text);
        }
        source
    }
}
