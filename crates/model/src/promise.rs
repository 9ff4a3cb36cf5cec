//! A call back that was promised for a time: what was promised, what came of each try, and how it stands. Times are milliseconds since
//! 1970-01-01 UTC.

use serde::{Deserialize, Serialize};

use crate::{Language, Pii};

/// A promise and all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// What was promised.
    pub terms: PromiseTerms,
    /// The token that was given last. The next is greater, also when the promise was made anew.
    pub token: u64,
    /// What came of each try, the first first. Never more than [`PromiseTerms::tries_max`].
    pub tries: Vec<CallTry>,
    /// How it stands.
    pub standing: Standing,
}

/// When somebody is called, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromiseTerms {
    /// No try begins before.
    pub not_before_unix_ms: u64,
    /// No try begins after.
    pub not_after_unix_ms: u64,
    /// The line that it was promised on.
    pub line: String,
    /// What the caller spoke.
    pub language: Language,
    /// So many tries; then people have it.
    pub tries_max: u32,
    /// So long is waited after a try that reached nobody.
    pub pause_ms: u64,
}

/// How a promise stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Somebody is to be called.
    Open {
        /// Not before.
        next_unix_ms: u64,
    },
    /// A gateway calls, and has the last of the tries.
    Trying {
        /// Nobody else does until then.
        until_unix_ms: u64,
    },
    /// They were reached and talked.
    Kept {
        /// When that was told.
        unix_ms: u64,
    },
    /// All tries reached nobody, or the time is over: a person must call.
    GivenUp,
    /// Somebody has let go of it.
    Cancelled {
        /// Who.
        by: Pii<String>,
        /// When.
        unix_ms: u64,
    },
}

/// A try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallTry {
    /// The token of its lease.
    pub token: u64,
    /// The gateway that called.
    pub gateway: String,
    /// When it began.
    pub begun_unix_ms: u64,
    /// When it was over and what came of it; `None` while it is not.
    pub ended: Option<(u64, TryOutcome)>,
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TryOutcome {
    /// Somebody answered and talked.
    Talked,
    /// It rang, and nobody answered.
    NoAnswer,
    /// Busy, or rejected.
    Busy,
    /// A machine answered.
    Machine,
    /// The call could not be made.
    Failed,
    /// The lease ended and nothing was told.
    Lost,
    /// The gateway stopped and had not called: no try at all.
    GivenBack,
}

impl TryOutcome {
    /// Its name in JSON, metrics and lists.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Talked => "talked",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Machine => "machine",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::GivenBack => "given_back",
        }
    }
}

impl Standing {
    /// Its name in JSON and lists.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Trying { .. } => "trying",
            Self::Kept { .. } => "kept",
            Self::GivenUp => "given_up",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}
