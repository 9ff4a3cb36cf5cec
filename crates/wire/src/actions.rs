//! The action core: what it is asked and what it answers, in words of the model.

mod client;
mod convert;
mod promises;
mod recall;
mod server;

use callwright_model::{ActionKind, CallId, Pii, PlanId, Promise, Record, StepView};
use serde::Serialize;

pub use client::{Client, ClientError, JourneyLines, PlanEvents, PlanViews};
pub use server::{ActionCore, CoreError, routes};

/// Full name of the service, as health checks know it.
pub const SERVICE: &str = "callwright.actions.v1.ActionCore";

/// The caller's yes to a plan that was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The call it was given in; must be the plan's.
    pub call: CallId,
    /// What the caller said. The core keeps its SHA-256 only.
    pub words: Pii<String>,
}

/// A caller who wants to be called back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// The call in which they asked.
    pub call: CallId,
    /// Whom to call.
    pub number: Pii<String>,
    /// What whoever calls must know.
    pub briefing: Pii<String>,
    /// When they asked, in milliseconds since 1970-01-01 UTC; given by the core.
    pub asked_unix_ms: u64,
    /// Who called them back; `None` while nobody has.
    pub done: Option<CallbackDone>,
    /// What was promised and what came of it; `None` when no time was told: then only people call.
    pub promise: Option<Promise>,
}

/// What a gateway may call for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Which gateway, the same for as long as its process runs.
    pub gateway: String,
    /// What was promised on these lines.
    pub lines: Vec<String>,
    /// At most so many.
    pub max: u32,
    /// For so long each is its own.
    pub lease_ms: u64,
}

/// A call back that a gateway may make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedCallback {
    /// Whom to call, and why.
    pub callback: Callback,
    /// Shown when its outcome is told.
    pub token: u64,
    /// Until then nobody else gets it.
    pub until_unix_ms: u64,
}

/// A caller was called back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackDone {
    /// Who did it.
    pub by: Pii<String>,
    /// When that was marked, in milliseconds since 1970-01-01 UTC.
    pub unix_ms: u64,
}

/// Whose journey it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// Whoever proved to own something.
    Owner {
        /// The pack in which they did.
        pack: String,
        /// What they own, such as the code of a booking.
        identity: Pii<String>,
    },
    /// The journey of this name.
    Journey(String),
}

/// What of a journey was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// How many plans were.
    pub plans: u32,
    /// Plans that have not ended, and so are still there.
    pub open: Vec<PlanId>,
    /// The calls of what was erased.
    pub calls: Vec<CallId>,
}

/// A plan waits for somebody's approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The plan.
    pub plan: PlanId,
    /// Place of the question in the plan's journal; an answer names it.
    pub number: u64,
    /// The role of whoever may approve.
    pub role: String,
    /// The rules that want it.
    pub rules: Vec<String>,
    /// The plan's pack.
    pub pack: String,
    /// Its skill.
    pub skill: String,
    /// What the skill is for.
    pub summary: String,
    /// The call it is for.
    pub call: CallId,
    /// The caller has proved to own something.
    pub verified: bool,
    /// When it was asked, in milliseconds since 1970-01-01 UTC.
    pub asked_unix_ms: u64,
    /// When it counts as rejected, in milliseconds since 1970-01-01 UTC.
    pub until_unix_ms: u64,
    /// What would be written, in order.
    pub writes: Vec<ApprovalWrite>,
}

/// A write that an approval would let happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalWrite {
    /// Its place in the plan.
    pub step: u32,
    /// The action.
    pub action: String,
    /// Who does it.
    pub connector: String,
    /// By which method.
    pub method: String,
    /// With what, as far as it is known.
    pub arguments: Pii<Record>,
    /// Arguments that come with the result of an earlier write.
    pub later: Vec<String>,
    /// The action that takes it back, if one does.
    pub undo: Option<String>,
    /// It is this one that needs the approval.
    pub asked: bool,
}

/// Somebody's answer to a question for approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalAnswer {
    /// The plan.
    pub plan: PlanId,
    /// The question's number.
    pub number: u64,
    /// In which role they answer.
    pub role: String,
    /// Who they are.
    pub by: Pii<String>,
    /// Whether they approve.
    pub approve: bool,
    /// Why, in their words.
    pub reason: Pii<String>,
}

/// Somebody wants a plan stopped that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Who, as the desk names its people.
    pub by: Pii<String>,
    /// Why, in their words.
    pub reason: Pii<String>,
}

/// A skill that is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkillView {
    /// Its pack.
    pub pack: String,
    /// Its name.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// What it asks, in order.
    pub inputs: Vec<String>,
    /// What it uses, in order of first use.
    pub actions: Vec<String>,
}

/// An action that is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionView {
    /// Its pack.
    pub pack: String,
    /// Its name.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// Whether it changes anything.
    pub kind: ActionKind,
    /// Who does it.
    pub connector: String,
    /// What takes it back.
    pub undo: Option<String>,
    /// How long one attempt may take.
    pub timeout_ms: u32,
    /// Attempts after the first.
    pub retries: u32,
    /// How much is at stake: low, medium or high.
    pub risk: String,
}

/// How far a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// More is needed from the caller.
    Binding,
    /// Waiting for the caller's yes.
    Ready,
    /// It was an answer; there is nothing to carry out.
    Answered,
    /// It will not be done.
    Refused,
    /// Being carried out.
    Running,
    /// Waiting for somebody's approval.
    AwaitingApproval,
    /// A step failed; what was done is being undone.
    Undoing,
    /// All steps are committed.
    Completed,
    /// It ended without its goal, and nothing of it is left.
    Failed,
    /// A human must look.
    InDoubt,
    /// The caller let go of it.
    Cancelled,
}

impl PlanState {
    /// Nothing will change any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Binding | Self::Ready | Self::Running | Self::AwaitingApproval | Self::Undoing => false,
            Self::Answered
            | Self::Refused
            | Self::Completed
            | Self::Failed
            | Self::InDoubt
            | Self::Cancelled => true,
        }
    }
}

/// A plan for people to look at, without personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanView {
    /// The plan.
    pub plan: PlanId,
    /// Its pack.
    pub pack: String,
    /// Its skill.
    pub skill: String,
    /// The call it is for.
    pub call: CallId,
    /// How far it is.
    pub state: PlanState,
    /// Its steps as far as known.
    pub steps: Vec<StepView>,
    /// When it last changed, in milliseconds since 1970.
    pub changed_unix_ms: u64,
}

/// What happened in a plan and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The plan.
    pub plan: PlanId,
    /// Plain words, one fact a line.
    pub text: String,
    /// The same and more, one JSON object.
    pub json: String,
}
