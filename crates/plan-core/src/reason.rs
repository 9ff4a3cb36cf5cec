//! Why a plan is as it is: what a walk through a skill met, in order. Told by [`crate::retrace`], put into words by
//! [`crate::rehearse`].

use callwright_model::Value;

use crate::policy::{Open, Verdict};
use crate::skill::CallStep;

/// One thing that a walk met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The file of the skill.
    pub file: String,
    /// The line of the step.
    pub line: Option<u32>,
    /// How many loops and used skills are around it.
    pub depth: usize,
    /// What it was.
    pub what: Because,
}

/// What a walk met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// A condition.
    Branch {
        /// As it is written.
        when: String,
        /// The facts that it looks at.
        looked_at: Vec<(String, Value)>,
        /// Whether it holds.
        holds: bool,
    },
    /// A turn of a loop; turn 0 of 0 when there is no item.
    Turn {
        /// The name of the item.
        item: String,
        /// The list.
        list: String,
        /// Which, from 1.
        turn: usize,
        /// How many there are.
        of: usize,
        /// How many there may be.
        most: usize,
    },
    /// Another skill.
    Used {
        /// Which.
        skill: String,
        /// What it was given.
        with: Vec<Source>,
    },
    /// Something to look up.
    Read {
        /// Place in the plan, from 1.
        number: usize,
        /// How.
        call: CallStep,
        /// With what.
        with: Vec<Source>,
        /// What the policies say.
        verdict: Verdict,
    },
    /// Something to choose from.
    Chosen {
        /// The name of the choice.
        name: String,
        /// The list.
        from: String,
        /// How many options there are.
        options: usize,
        /// The number that was chosen, from 1; one option needs none.
        chosen: Option<usize>,
    },
    /// The question for a yes.
    Confirmed {
        /// The words.
        words: String,
    },
    /// Something to write.
    Write {
        /// Place in the plan, from 1.
        number: usize,
        /// How.
        call: CallStep,
        /// With what.
        with: Vec<Source>,
    },
    /// What the policies say once everything is bound.
    Judged {
        /// The step; `None` for the plan as a whole.
        number: Option<usize>,
        /// The verdict, or what decides when it depends on a result to come, and is asked then.
        verdict: Result<Verdict, Open>,
    },
    /// The skill answers.
    Answered {
        /// The words.
        words: String,
    },
    /// The skill says no.
    Refused {
        /// The words.
        words: String,
        /// A human shall go on.
        transfer: bool,
    },
}

/// Where an argument comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The argument.
    pub name: String,
    /// The expression that gives it.
    pub expr: String,
    /// The file leaves it out: it was bound by what it means.
    pub filled: bool,
    /// Its value.
    pub value: SourceValue,
}

/// The value of an argument, as far as it can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceValue {
    /// This.
    Known(Value),
    /// It is secret.
    Secret,
    /// It comes with the result of an earlier write.
    Later,
    /// It has none yet.
    Unknown,
}
