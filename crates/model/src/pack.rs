//! What the dialogue and the action core both read of a skill pack.
//!
//! A pack is a folder:
//!
//! ```text
//! pack.yaml                 name, languages
//! skills/*.yaml             one skill a file: inputs, steps, closing words   (steps: plan-core; inputs and words: dialogue-core)
//! actions.yaml              catalogue of actions                              (plan-core)
//! policies.cedar, schema.cedarschema                                          (plan-core)
//! words/<language>.ftl      sentences, Project Fluent                         (dialogue-core)
//! examples/<language>.yaml  what callers say, per skill                       (dialogue-core)
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::yaml::{Node, nearest};
use crate::{Expect, Problem};

/// A pack's files as text, by path relative to its folder with `/` between names. Shells read them; cores parse them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackSource {
    /// The folder as the person named it, for messages.
    pub folder: String,
    /// Path to text.
    pub files: BTreeMap<String, String>,
}

impl PackSource {
    /// The keys of `pack.yaml`, which both halves read.
    pub const KEYS: [&str; 9] = [
        "pack",
        "languages",
        "connectors",
        "denied",
        "uninterruptible",
        "handover",
        "answers",
        "identity",
        "closing",
    ];

    /// A file of the pack as the person would name it.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        match self.folder.trim_end_matches('/') {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        }
    }
}

/// One thing that a skill must know from the caller, in `inputs:` of a skill's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputSpec {
    /// What it is.
    pub slot: SlotType,
    /// Words to ask for it with.
    pub ask: String,
    /// Words to ask for it with once it was not understood; `ask` when absent.
    pub again: Option<String>,
}

impl InputSpec {
    /// Reads an entry of `inputs:`. The dialogue and the action core both do, and must tell the same mistakes in the same words.
    pub fn read(file: &str, name: &str, node: &Node, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        node.check_keys(file, &["type", "length", "of", "ask", "again"], problems);
        let text = |field: &str| node.field(field).and_then(Node::text).map(str::to_owned);
        let mut error = |line: u32, what: &str, help: String| {
            problems.push(Problem::error(file, Some(line), format!("input `{name}` {what}")).help(help));
        };
        let ask = text("ask").filter(|words| !words.trim().is_empty());
        if ask.is_none() {
            error(node.line, "has no words to ask for it", "ask: <key of a sentence>".to_owned());
        }
        let kind = text("type").unwrap_or_default();
        let line = node.field("type").map_or(node.line, |kind| kind.line);
        let slot = match SlotType::read(&kind, node) {
            Ok(slot) => Some(slot),
            Err((what, help)) => {
                error(line, what, help);
                None
            }
        };
        if problems.len() > before {
            return None;
        }
        Some(Self { slot: slot?, ask: ask?, again: text("again") })
    }
}

/// The type of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotType {
    /// Letters and digits.
    Code {
        /// Exact number of characters.
        length: u8,
    },
    /// Digits.
    Digits {
        /// Exact number of digits.
        length: u8,
    },
    /// Yes or no.
    YesNo,
    /// A date.
    Date,
    /// A name.
    Name,
    /// One of a closed list; the examples file says how each is spoken in a language, under `choices:`.
    Choice {
        /// The values.
        of: Vec<String>,
    },
}

impl SlotType {
    /// The type of this name, with what else the entry says of it; or what is wrong, and the remedy.
    fn read(kind: &str, node: &Node) -> Result<Self, (&'static str, String)> {
        let length = node.field("length").and_then(Node::text).and_then(|length| length.parse::<u8>().ok());
        let length = length
            .filter(|length| (1..=32).contains(length))
            .ok_or_else(|| ("needs a length", "length: 1 to 32 characters".to_owned()));
        match kind {
            "code" => length.map(|length| Self::Code { length }),
            "digits" => length.map(|length| Self::Digits { length }),
            "yes_no" => Ok(Self::YesNo),
            "date" => Ok(Self::Date),
            "name" => Ok(Self::Name),
            "choice" => {
                let values = node.field("of").and_then(Node::list).unwrap_or_default();
                let of: Vec<String> = values.iter().filter_map(Node::text).map(str::to_owned).collect();
                let different = of.iter().collect::<BTreeSet<_>>().len();
                // Each has a key of the telephone.
                if !(2..=9).contains(&different) || different < of.len() {
                    return Err((
                        "needs two to nine different values to choose from",
                        "of: [a, b]".to_owned(),
                    ));
                }
                Ok(Self::Choice { of })
            }
            other => {
                let known = ["code", "digits", "yes_no", "date", "name", "choice"];
                Err(("has no known type", nearest(other, &known)))
            }
        }
    }

    /// What to expect when asking for it.
    #[must_use]
    pub fn expect(&self) -> Expect {
        match self {
            Self::Code { length } => Expect::Code { min: *length, max: *length },
            Self::Digits { length } => Expect::Digits { min: *length, max: *length },
            Self::YesNo => Expect::YesNo,
            Self::Date => Expect::Date,
            Self::Name => Expect::Name,
            Self::Choice { of } => Expect::Choice { options: u8::try_from(of.len()).unwrap_or(u8::MAX) },
        }
    }
}

/// Whether an action changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// It only looks.
    Read,
    /// It changes something.
    Write,
}

/// How an action's effect is kept to once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Idempotency {
    /// The system keeps our key and does a repeated call once.
    Key,
    /// Doing it twice is the same as doing it once.
    Natural,
    /// A named read tells whether it was done.
    Verify,
    /// It cannot be told: after a crash a human must look.
    None,
}
