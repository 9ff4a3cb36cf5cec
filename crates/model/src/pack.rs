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
    pub const KEYS: [&str; 11] = [
        "pack",
        "languages",
        "familiar",
        "connectors",
        "denied",
        "uninterruptible",
        "handover",
        "answers",
        "identity",
        "memory",
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
    /// What the caller gives is remembered for their next calls, where the pack has a `memory`.
    pub remember: bool,
}

impl InputSpec {
    /// Reads an entry of `inputs:`. The dialogue and the action core both do, and must tell the same mistakes in the same words.
    pub fn read(file: &str, name: &str, node: &Node, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        node.check_keys(
            file,
            &["type", "length", "of", "lean", "min", "max", "currency", "ask", "again", "remember"],
            problems,
        );
        let text = |field: &str| node.field(field).and_then(Node::text).map(str::to_owned);
        let mut error = |line: u32, what: &str, help: String| {
            problems.push(Problem::error(file, Some(line), format!("input `{name}` {what}")).help(help));
        };
        let ask = text("ask").filter(|words| !words.trim().is_empty());
        if ask.is_none() {
            error(node.line, "has no words to ask for it", "ask: <key of a sentence>".to_owned());
        }
        let remember = text("remember").unwrap_or_else(|| "false".to_owned());
        if !matches!(remember.as_str(), "true" | "false") {
            error(node.line, "does not say whether it is remembered", "remember: true".to_owned());
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
        Some(Self { slot: slot?, ask: ask?, again: text("again"), remember: remember == "true" })
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
    Date {
        /// Which way a date without its year lies.
        lean: Lean,
    },
    /// A time of any day, `15:30`.
    Time,
    /// A date with its time, `2026-11-23T15:30`.
    DateTime {
        /// Which way a date without its year lies.
        lean: Lean,
    },
    /// A length of time in whole minutes.
    Duration {
        /// The shortest and the longest that is taken.
        bounds: Bounds,
    },
    /// A whole number.
    Number {
        /// The smallest and the largest that is taken.
        bounds: Bounds,
    },
    /// An amount of money.
    Money {
        /// The currency of an amount that is said without one, as ISO 4217 writes it. Without it such an amount is not understood.
        currency: Option<String>,
        /// The smallest and the largest that is taken, in minor units.
        bounds: Bounds,
    },
    /// A telephone number: 7 to 15 digits, with a `+` before them if it was said.
    Phone,
    /// An e-mail address.
    Email,
    /// A name.
    Name,
    /// One of a closed list; the examples file says how each is spoken in a language, under `choices:`.
    Choice {
        /// The values.
        of: Vec<String>,
    },
}

/// The smallest and the largest number that is taken, both included. What is beyond is asked for again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// The smallest; none without it.
    pub min: Option<i64>,
    /// The largest; none without it.
    pub max: Option<i64>,
}

impl Bounds {
    /// Whether a number is within.
    #[must_use]
    pub fn hold(&self, number: i64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }

    fn read(node: &Node) -> Result<Self, (&'static str, String)> {
        let bound = |name: &str| match node.field(name).and_then(Node::text).map(str::parse) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(("has a bound that is no number", format!("{name}: a whole number"))),
        };
        let (min, max) = (bound("min")?, bound("max")?);
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err(("takes nothing", "min: at most max".to_owned()));
        }
        Ok(Self { min, max })
    }
}

/// Which way a date lies that was said without its year, or a weekday.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lean {
    /// Today or later: an appointment.
    #[default]
    Future,
    /// Today or before: a birthday, a purchase.
    Past,
}

impl Lean {
    fn read(node: &Node) -> Result<Self, (&'static str, String)> {
        match node.field("lean").and_then(Node::text) {
            None | Some("future") => Ok(Self::Future),
            Some("past") => Ok(Self::Past),
            Some(_) => Err(("leans no known way", "lean: future, or past".to_owned())),
        }
    }
}

/// The types by their names.
const KINDS: [&str; 13] = [
    "code",
    "digits",
    "yes_no",
    "date",
    "time",
    "date_time",
    "duration",
    "number",
    "money",
    "phone",
    "email",
    "name",
    "choice",
];
/// With fewer digits one can dial within a town at most, and hardly from elsewhere.
pub const PHONE_DIGITS_MIN: u8 = 7;
/// The longest number that E.164 allows, country code and all.
pub const PHONE_DIGITS_MAX: u8 = 15;

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
            "date" => Lean::read(node).map(|lean| Self::Date { lean }),
            "time" => Ok(Self::Time),
            "date_time" => Lean::read(node).map(|lean| Self::DateTime { lean }),
            "duration" => Bounds::read(node).map(|bounds| Self::Duration { bounds }),
            "number" => Bounds::read(node).map(|bounds| Self::Number { bounds }),
            "money" => {
                let bounds = Bounds::read(node)?;
                let currency = node.field("currency").and_then(Node::text).map(str::to_owned);
                if currency
                    .as_ref()
                    .is_some_and(|code| code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()))
                {
                    return Err(("has no currency of three letters", "currency: EUR".to_owned()));
                }
                Ok(Self::Money { currency, bounds })
            }
            "phone" => Ok(Self::Phone),
            "email" => Ok(Self::Email),
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
            other => Err(("has no known type", nearest(other, &KINDS))),
        }
    }

    /// What to expect when asking for it.
    #[must_use]
    pub fn expect(&self) -> Expect {
        match self {
            Self::Code { length } => Expect::Code { min: *length, max: *length },
            Self::Digits { length } => Expect::Digits { min: *length, max: *length },
            Self::YesNo => Expect::YesNo,
            Self::Date { .. } | Self::DateTime { .. } => Expect::Date,
            Self::Time => Expect::Time,
            Self::Duration { .. } | Self::Number { .. } | Self::Money { .. } => Expect::Amount,
            Self::Phone => Expect::Digits { min: PHONE_DIGITS_MIN, max: PHONE_DIGITS_MAX },
            Self::Email => Expect::Email,
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
