//! What happened in a call, as lines that people read.

use std::fmt;

use callwright_conversation::Ending;
use callwright_dialogue_core::{SayKind, TransferReason};
use callwright_model::{Language, MonoTime};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// The agent has said something.
    Said {
        /// The words.
        text: String,
        /// The key of the sentence that they are made from, if it is one of the pack's.
        key: Option<String>,
        /// What sort of sentence.
        kind: SayKind,
        /// In which language.
        language: Language,
    },
    /// The caller has said something; these words were recognised.
    Heard {
        /// The words.
        words: String,
        /// How sure the recogniser is.
        confidence: Option<f32>,
    },
    /// The caller has pressed keys.
    Keyed(String),
    /// What the caller's words were taken for.
    Skill {
        /// A skill, or `yes`, `no`, `human`, ...
        intent: String,
        /// How surely, 0 to 1.
        probability: f32,
    },
    /// An input is known.
    Slot {
        /// Its name.
        input: String,
        /// Its value.
        value: String,
    },
    /// The caller's words could not be used.
    NotUnderstood,
    /// The call goes on in another language.
    Language(Language),
    /// A write has taken effect.
    Step(String),
    /// A write was taken back.
    Undone(String),
    /// A write was given up.
    Failed(String),
    /// Nobody can tell whether a write took effect.
    InDoubt,
    /// Somebody of this role must approve.
    ApprovalAsked(String),
    /// Somebody has approved, or rejected.
    Approved(bool),
    /// A human is wanted.
    Transfer(TransferReason),
    /// Whether it is kept that the caller wants to be called back.
    CallBack(bool),
    /// The caller has consented to something, or has not.
    Consent {
        /// To what.
        what: String,
        /// Whether they have.
        given: bool,
    },
    /// The call is over.
    Ended(Ending),
}

impl Told {
    /// What was done beside talking, as scripts write it: `step assign_seat`, `human wanted: asked`. `None` of what is only said or
    /// understood.
    #[must_use]
    pub fn deed(&self) -> Option<String> {
        match self {
            Self::Step(_)
            | Self::Undone(_)
            | Self::Failed(_)
            | Self::InDoubt
            | Self::ApprovalAsked(_)
            | Self::Transfer(_)
            | Self::CallBack(_)
            | Self::Consent { .. }
            | Self::Language(_) => {
                let line = self.to_string();
                Some(line.trim().trim_start_matches('[').trim_end_matches(']').to_owned())
            }
            Self::Said { .. }
            | Self::Heard { .. }
            | Self::Keyed(_)
            | Self::Skill { .. }
            | Self::Slot { .. }
            | Self::NotUnderstood
            | Self::Approved(_)
            | Self::Ended(_) => None,
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said { text, .. } => write!(f, "agent>  {text}"),
            Self::Heard { words, confidence: None } => write!(f, "caller> {words}"),
            Self::Heard { words, confidence: Some(sure) } => write!(f, "caller> {words} ({sure:.2})"),
            Self::Keyed(keys) => write!(f, "caller> [keys {keys}]"),
            Self::Skill { intent, probability } => write!(f, "  [{intent} {probability:.2}]"),
            Self::Slot { input, value } => write!(f, "  [{input}: {value}]"),
            Self::NotUnderstood => write!(f, "  [not understood]"),
            Self::Language(language) => write!(f, "  [language {language}]"),
            Self::Step(action) => write!(f, "  [step {action}]"),
            Self::Undone(action) => write!(f, "  [undone {action}]"),
            Self::Failed(action) => write!(f, "  [failed {action}]"),
            Self::InDoubt => write!(f, "  [in doubt]"),
            Self::ApprovalAsked(role) => write!(f, "  [approval of {role}]"),
            Self::Approved(true) => write!(f, "  [approved]"),
            Self::Approved(false) => write!(f, "  [rejected]"),
            Self::Transfer(reason) => write!(f, "  [human wanted: {}]", name(reason)),
            Self::CallBack(kept) => write!(f, "  [call back {}]", if *kept { "kept" } else { "not kept" }),
            Self::Consent { what, given } => {
                write!(f, "  [consent to {what}: {}]", if *given { "yes" } else { "no" })
            }
            Self::Ended(ending) => write!(f, "  [ended: {}]", name(ending)),
        }
    }
}

/// The name of a variant, as journals and events have it.
fn name(variant: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(variant).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

/// All of it, a line each, with the time since the call was answered.
#[must_use]
pub fn transcript(told: &[(MonoTime, Told)]) -> String {
    told.iter().map(|(at, told)| format!("{:>7.1}  {told}\n", at.as_millis() as f64 / 1_000.0)).collect()
}
