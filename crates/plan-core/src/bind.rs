//! Binding: walks a skill with what is known and stops where something is missing.
//!
//! [`bind`] is a function of the inputs and of the reads done so far. The shell performs the read it asks for, puts the
//! outcome into [`Reads`] and calls it again; so whatever the caller corrects, the walk starts over and asks only for reads
//! whose arguments have changed.

mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;

use callwright_model::{NeedWhy, Record, StepView, Value};

use crate::asker::Whose;
use thiserror::Error;

use crate::catalogue::Call;
use crate::expr::ExprError;
use crate::plan::Plan;
use crate::reason::Reason;
use crate::skill::Pack;
use crate::trail::Made;
use walk::Walk;

/// A read for the shell to perform. Its `Debug` hides the arguments: they may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Read {
    /// How.
    pub call: Arc<Call>,
    /// With what. May hold secrets: not for logs.
    pub arguments: Record,
}

impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Read").field("action", &self.call.action).finish_non_exhaustive()
    }
}

/// What came of a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOutcome {
    /// The answer.
    Found(Record),
    /// This argument names nothing.
    NotFound {
        /// Which, as the connector told; may be empty.
        argument: String,
    },
    /// The business does not tell.
    Refused {
        /// Why, for the operator.
        reason: String,
    },
}

/// Reads done for one plan. Kept in memory only: their arguments may be secret.
#[derive(Clone, Default)]
pub struct Reads(Vec<(Read, ReadOutcome, Option<Made>)>);

impl Reads {
    /// Adds what came of a read.
    pub fn add(&mut self, read: Read, outcome: ReadOutcome) {
        self.push(read, outcome, None);
    }

    /// The same, and how it went.
    pub fn add_made(&mut self, read: Read, outcome: ReadOutcome, made: Made) {
        self.push(read, outcome, Some(made));
    }

    fn push(&mut self, read: Read, outcome: ReadOutcome, made: Option<Made>) {
        if self.0.len() >= READS_MAX {
            self.0.remove(0);
        }
        self.0.push((read, outcome, made));
    }

    /// How the latest read of this action went whose arguments fit.
    pub(crate) fn made(&self, action: &str, fits: impl Fn(&str, &Value) -> bool) -> Option<Made> {
        let fits = |read: &Read| read.arguments.iter().all(|(name, value)| fits(name, value));
        let found = self.0.iter().rfind(|(read, ..)| read.call.action == action && fits(read));
        found.and_then(|(.., made)| *made)
    }

    fn of(&self, call: &Call, arguments: &Record) -> Option<&ReadOutcome> {
        self.0
            .iter()
            .find(|(read, ..)| read.call.action == call.action && read.arguments == *arguments)
            .map(|(_, outcome, _)| outcome)
    }
}

/// How far binding came, and what the caller has proved on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// What is next.
    pub next: Next,
    /// What the caller has proved to own, by reads that verify it.
    pub verified: BTreeSet<String>,
    /// How sure that is, as [`Plan::level`] tells.
    pub level: i64,
}

/// How far binding came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Perform this read, add its outcome, bind again.
    Read(Read),
    /// The caller must say more.
    Need {
        /// The input.
        input: String,
        /// Why.
        why: NeedWhy,
    },
    /// The caller must choose.
    Choose {
        /// The input that takes the number.
        input: String,
        /// Words to offer with.
        words: String,
        /// The options.
        options: Vec<Record>,
        /// All facts so far.
        facts: Record,
    },
    /// Everything is bound and allowed.
    Ready {
        /// The plan.
        plan: Box<Plan>,
        /// Words to read back with.
        words: String,
        /// All facts.
        facts: Record,
    },
    /// A skill that only reads: its answer.
    Answer {
        /// The words.
        words: String,
        /// All facts.
        facts: Record,
        /// The reads.
        steps: Vec<StepView>,
    },
    /// It will not be done.
    Refused(Refused),
}

/// Why a skill will not be done for this caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The words.
    pub words: String,
    /// All facts so far.
    pub facts: Record,
    /// A human shall go on.
    pub transfer: bool,
    /// Rules that decided; empty when the skill itself did.
    pub rules: Vec<String>,
    /// The action that was not permitted, if it was a policy's no.
    pub action: Option<String>,
    /// Steps so far.
    pub steps: Vec<StepView>,
}

/// A skill that cannot be bound, through no fault of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BindError {
    /// The pack has no such skill.
    #[error("there is no skill `{0}`")]
    UnknownSkill(String),
    /// An expression has no value over these facts.
    #[error("{action}: {error}")]
    Expression {
        /// Where.
        action: String,
        /// What.
        error: ExprError,
    },
    /// A connector answered something else than it declared.
    #[error("{action}: {what}")]
    Answer {
        /// The action.
        action: String,
        /// What is wrong.
        what: String,
    },
    /// A read found nothing or was refused, and the skill says not what to do then.
    #[error("{action}: {reason}")]
    ReadFailed {
        /// The action.
        action: String,
        /// What the connector said.
        reason: String,
    },
    /// What an action requires of its arguments does not hold, and the skill does not look before.
    #[error("{action} requires `{condition}`, which does not hold")]
    Unmet {
        /// The action.
        action: String,
        /// What it requires.
        condition: String,
    },
    /// A list is longer than its loop allows.
    #[error("`{list}` has {length} items, and `for_each` takes {most} at most")]
    TooMany {
        /// The list.
        list: String,
        /// Its length.
        length: usize,
        /// The most.
        most: usize,
    },
    /// Everything is bound, and no write is left to do.
    #[error("the caller would be asked for a yes to nothing: every write is left out")]
    NothingToDo,
    /// There was nothing to choose from.
    #[error("there is nothing to choose `{0}` from")]
    NothingToChoose(String),
}

/// Binds a skill as far as the inputs and reads allow. What is not an input of the skill is ignored; what does not fit its
/// slot counts as not given.
///
/// # Errors
/// See [`BindError`]; all are for the operator, and for the caller a reason to bring in a human.
pub fn bind(
    pack: &Pack,
    skill: &str,
    whose: Whose<'_>,
    inputs: &Record,
    reads: &Reads,
) -> Result<Binding, BindError> {
    let skill = pack.skills.get(skill).ok_or_else(|| BindError::UnknownSkill(skill.to_owned()))?;
    let mut walk = Walk::new(pack, skill, whose, inputs, reads, None);
    let next = walk.run()?;
    Ok(Binding { next, verified: walk.verified, level: walk.level })
}

/// Binds as [`bind`] does, and tells beside it why each step is there or is not, as far as the walk came.
///
/// # Errors
/// As [`bind`]; what led there is told then too.
pub fn retrace(
    pack: &Pack,
    skill: &str,
    whose: Whose<'_>,
    inputs: &Record,
    reads: &Reads,
) -> (Result<Binding, BindError>, Vec<Reason>) {
    let Some(skill) = pack.skills.get(skill) else {
        return (Err(BindError::UnknownSkill(skill.to_owned())), Vec::new());
    };
    let mut walk = Walk::new(pack, skill, whose, inputs, reads, Some(Vec::new()));
    let bound = walk.run();
    let (verified, level) = (std::mem::take(&mut walk.verified), walk.level);
    (bound.map(|next| Binding { next, verified, level }), walk.reasons.unwrap_or_default())
}

/// More reads than any skill makes; a caller who corrects themselves again and again drops the oldest.
const READS_MAX: usize = 64;
