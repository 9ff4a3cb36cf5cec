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

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Expect;

/// A pack's files as text, by path relative to its folder with `/` between names. Shells read them; cores parse them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackSource {
    /// The folder as the person named it, for messages.
    pub folder: String,
    /// Path to text.
    pub files: BTreeMap<String, String>,
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
