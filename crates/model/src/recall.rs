//! What is known of a caller from the calls before, once they have shown who they are.

use serde::{Deserialize, Serialize};

use crate::yaml::Node;
use crate::{Language, PlanId, Problem, Receipt, Record};

/// `memory:` in `pack.yaml`: that callers are remembered over their calls, and under which conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryRules {
    /// How surely a caller must be known: 1 when they have named what is theirs, 2 when they told a secret with it.
    pub level: i64,
    /// What is older than so many days is not remembered, however long it is kept.
    pub days: u32,
    /// Only what was done while the caller had consented to this is remembered; `None`: no consent is needed.
    pub consent: Option<String>,
}

impl MemoryRules {
    /// Reads the entry. The dialogue and the action core both do, and must tell the same mistakes in the same words.
    pub fn read(node: Option<&Node>, file: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let node = node?;
        let before = problems.len();
        node.check_keys(file, &["level", "days", "consent"], problems);
        let text = |field: &str| node.field(field).and_then(Node::text);
        let mut number = |field: &str, usual: u32, most: u32| {
            let read = text(field).map_or(Some(usual), |text| text.parse().ok());
            let read = read.filter(|number| (1..=most).contains(number));
            if read.is_none() {
                let what = format!("`{field}` of `memory` is no whole number from 1 to {most}");
                problems.push(Problem::error(file, Some(node.line), what).help(EXAMPLE));
            }
            read.unwrap_or(usual)
        };
        let (level, days) = (number("level", LEVEL, LEVEL), number("days", DAYS, DAYS_MAX));
        if node.map().is_none() {
            let what = "`memory` needs to say how surely a caller must be known, or for how many days";
            problems.push(Problem::error(file, Some(node.line), what).help(EXAMPLE));
        }
        let consent = text("consent").map(str::to_owned);
        (problems.len() == before).then_some(Self { level: i64::from(level), days, consent })
    }
}

/// What the action core remembers of a caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recalled {
    /// They are known as surely as the pack wants it; else nothing is told of them.
    pub sure: bool,
    /// What they said yes to in other calls, the newest first.
    pub plans: Vec<PastPlan>,
    /// The language of their last plan.
    pub language: Option<Language>,
    /// What they gave then, of inputs that may be remembered.
    pub inputs: Record,
    /// A skill that they had begun to ask for in another call, which ended before they could say yes or no to it.
    pub left_open: Option<String>,
}

/// A plan of an earlier call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastPlan {
    /// The plan.
    pub plan: PlanId,
    /// Its skill.
    pub skill: String,
    /// Somebody has told the caller how it ended.
    pub heard: bool,
    /// How it stands.
    pub standing: PastStanding,
}

/// How a plan of an earlier call stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastStanding {
    /// It is being carried out, or undone.
    Running,
    /// Somebody must approve it first.
    AwaitingApproval,
    /// It is done.
    Completed {
        /// Words for the claim.
        words: String,
        /// The proof.
        receipts: Vec<Receipt>,
    },
    /// It ended without its goal, and nothing of it is left.
    Failed {
        /// Words to say so.
        words: String,
        /// Facts for the words, as far as they are kept.
        facts: Record,
    },
    /// A human must look, or has.
    InDoubt,
}

const EXAMPLE: &str = "memory: { level: 2, days: 30 }";
/// What was done is told to nobody who has only named it.
const LEVEL: u32 = 2;
/// Who calls about the same thing again mostly does within a month.
const DAYS: u32 = 30;
const DAYS_MAX: u32 = 3_650;
