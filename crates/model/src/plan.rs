//! Plans as the conversation and the console see them. The action core alone makes and runs them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{ActionKind, CallId, Language, Pii, PlanId, Record};

/// Asks the action core to bind a skill to facts, or to go on binding with one more input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanRequest {
    /// The plan to go on with; `None` starts one.
    pub plan: Option<PlanId>,
    /// The skill pack.
    pub pack: String,
    /// The skill.
    pub skill: String,
    /// What is known from the caller so far, by input name. For a choice: the number of the option, from 1.
    pub inputs: Record,
    /// The call it is for: the journey that plans and audit share.
    pub call: CallId,
    /// The caller's address, if the network told it.
    pub caller: Option<Pii<String>>,
    /// For inputs, where their words are kept: `turn-4` of the call's journal. A reference, nothing that was said.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, String>,
    /// Who asks, for policies that look at it: `callwright` for its own conversations, or what another agent is called. Empty when nobody says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// What the caller has consented to, by names that policies know.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub consents: BTreeSet<String>,
    /// The language that the caller speaks, for whoever remembers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The caller has probably, but not surely, said so: bind a copy that nobody sees. The same question asked for sure takes
    /// it over, any other drops it.
    pub speculative: bool,
}

/// How far a plan could be bound. Binding reads and never writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanReply {
    /// The caller must say more.
    Need {
        /// The plan, kept until then.
        plan: PlanId,
        /// What the caller has proved to own so far, as the core's reads tell. Personal.
        verified: Vec<String>,
        /// Name of the input.
        input: String,
        /// Why.
        why: NeedWhy,
    },
    /// The caller must choose.
    Choose {
        /// The plan, kept until then.
        plan: PlanId,
        /// What the caller has proved to own so far, as the core's reads tell. Personal.
        verified: Vec<String>,
        /// Name of the input that takes the option's number.
        input: String,
        /// Words to offer with.
        words: String,
        /// The options, each with its facts; at least two, at most nine.
        options: Vec<Record>,
        /// All facts bound so far.
        facts: Record,
    },
    /// Everything is bound and allowed; nothing has been written. Read it back, and execute on a clear yes.
    Ready {
        /// The plan.
        plan: PlanId,
        /// What the caller has proved to own so far, as the core's reads tell. Personal.
        verified: Vec<String>,
        /// Words to read back with.
        words: String,
        /// The facts to read back.
        facts: Record,
        /// Every step, reads done and writes to come.
        steps: Vec<StepView>,
    },
    /// A skill that only reads: this is the answer.
    Answer {
        /// The plan.
        plan: PlanId,
        /// What the caller has proved to own so far, as the core's reads tell. Personal.
        verified: Vec<String>,
        /// Words to answer with.
        words: String,
        /// The facts of the answer.
        facts: Record,
    },
    /// It will not be done.
    Refused {
        /// The plan.
        plan: PlanId,
        /// What the caller has proved to own so far, as the core's reads tell. Personal.
        verified: Vec<String>,
        /// Words that say why.
        words: String,
        /// Facts for the words.
        facts: Record,
        /// The skill or policy wants a human to take it from here.
        transfer: bool,
        /// Rules that decided, for the audit.
        rules: Vec<String>,
    },
}

impl PlanReply {
    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &PlanId {
        match self {
            Self::Need { plan, .. }
            | Self::Choose { plan, .. }
            | Self::Ready { plan, .. }
            | Self::Answer { plan, .. }
            | Self::Refused { plan, .. } => plan,
        }
    }

    /// What the caller has proved to own so far.
    #[must_use]
    pub fn verified(&self) -> &[String] {
        match self {
            Self::Need { verified, .. }
            | Self::Choose { verified, .. }
            | Self::Ready { verified, .. }
            | Self::Answer { verified, .. }
            | Self::Refused { verified, .. } => verified,
        }
    }
}

/// Why an input is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum NeedWhy {
    /// It was not given yet.
    Missing,
    /// What was given led nowhere.
    NotFound {
        /// Words that say so.
        words: String,
    },
}

/// One step of a plan, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// Place in the plan, from 1.
    pub number: u32,
    /// The action.
    pub action: String,
    /// Reading or writing.
    pub kind: ActionKind,
    /// How far it is.
    pub state: StepState,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// To come.
    Pending,
    /// Asked for; not known to be done.
    Started,
    /// Done, with a receipt.
    Committed,
    /// Refused or failed, without effect.
    Failed,
    /// Done, then undone.
    Undone,
    /// Nobody can tell whether it took effect: a human must look.
    InDoubt,
    /// What came of the steps before made it needless: it was never asked for.
    LeftOut,
}

/// The committed result of a step. Only the action core's journal makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The plan.
    pub plan: PlanId,
    /// The step's number in the plan.
    pub step: u32,
    /// The action.
    pub action: String,
    /// Under which name the skill knows the result.
    pub name: String,
    /// What the system answered.
    pub result: Record,
    /// The key under which it was done, the same at each attempt.
    pub idempotency_key: String,
}

/// Something happened to a plan, in the order of its journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEvent {
    /// The plan.
    pub plan: PlanId,
    /// Place in the plan's journal, from 1.
    pub number: u64,
    /// What happened.
    pub fact: PlanFact,
}

/// What happened to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanFact {
    /// A step was asked for; written down before it was sent.
    StepStarted {
        /// The step.
        step: StepView,
    },
    /// A step took effect.
    StepCommitted {
        /// Proof.
        receipt: Receipt,
    },
    /// A step failed without effect.
    StepFailed {
        /// The step.
        step: StepView,
        /// Why, for the operator.
        reason: String,
    },
    /// A step was undone.
    StepUndone {
        /// The step.
        step: StepView,
    },
    /// Somebody of this role must approve before it goes on: minutes or days.
    ApprovalAsked {
        /// The role.
        role: String,
    },
    /// Somebody has approved: it goes on.
    Approved {
        /// The role.
        role: String,
    },
    /// Somebody has rejected, or nobody answered in time: what was done is undone.
    Rejected {
        /// The role.
        role: String,
    },
    /// All steps are committed.
    Completed {
        /// Words for the closing claim; rendered from the receipts only.
        words: String,
    },
    /// The plan ended without its goal; what had been done was undone.
    Failed {
        /// Words to say so.
        words: String,
        /// The step that failed.
        step: u32,
        /// Why, for the operator.
        reason: String,
    },
    /// Nobody can tell whether a step took effect: a human must look.
    InDoubt {
        /// The step.
        step: u32,
    },
}

impl PlanFact {
    /// Whether nothing comes after it.
    #[must_use]
    pub fn ends_plan(&self) -> bool {
        match self {
            Self::Completed { .. } | Self::Failed { .. } | Self::InDoubt { .. } => true,
            Self::StepStarted { .. }
            | Self::StepCommitted { .. }
            | Self::StepFailed { .. }
            | Self::StepUndone { .. }
            | Self::ApprovalAsked { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. } => false,
        }
    }
}

/// The right to say that something was done: the receipts of a completed plan. It cannot be made without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    receipts: Vec<Receipt>,
}

impl Claim {
    /// A claim from the receipts of one plan, or `None` when there is none or they are of several plans.
    #[must_use]
    pub fn from_receipts(receipts: Vec<Receipt>) -> Option<Self> {
        let plan = &receipts.first()?.plan;
        receipts.iter().all(|receipt| receipt.plan == *plan).then_some(Self { receipts })
    }

    /// The proof.
    #[must_use]
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// The proof, when nothing is claimed after all.
    #[must_use]
    pub fn into_receipts(self) -> Vec<Receipt> {
        self.receipts
    }

    /// The facts a sentence may use: each receipt's result under its name.
    #[must_use]
    pub fn facts(&self) -> Record {
        self.receipts
            .iter()
            .map(|receipt| (receipt.name.clone(), crate::Value::Record(receipt.result.clone())))
            .collect()
    }
}
