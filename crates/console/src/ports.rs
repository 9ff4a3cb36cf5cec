//! What the console asks of the rest of the gateway. The binary implements these.

use std::sync::Arc;

use async_trait::async_trait;
use callwright_model::{CallId, Language, Pii, PlanId, Record, StepView, Supervise};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::{Deserialize, Serialize};

use crate::event::{CallState, Channel, PlanOutcome, RecogniserView};
use crate::hub::EventHub;

/// Everything that the console is joined to.
#[derive(Clone)]
pub struct ConsolePorts {
    /// Who answers browsers.
    pub whip: Arc<dyn WhipHandler>,
    /// Where call events come from.
    pub events: EventHub,
    /// What there is at this moment.
    pub snapshots: Arc<dyn Snapshots>,
    /// Who waits to be called back.
    pub callbacks: Arc<dyn Callbacks>,
    /// What waits for somebody's approval.
    pub approvals: Arc<dyn Approvals>,
    /// Who hears calls beside those who talk.
    pub supervisors: Arc<dyn Supervisors>,
    /// What is kept of persons.
    pub journeys: Arc<dyn Journeys>,
    /// Who can be rung.
    pub humans: Arc<dyn Humans>,
    /// The process's metrics.
    pub metrics: PrometheusHandle,
}

/// Answers browsers' offers and ends their calls.
#[async_trait]
pub trait WhipHandler: Send + Sync {
    /// Makes a call of an offer.
    ///
    /// # Errors
    /// The refusal to send, as it is.
    async fn offer(&self, offer: WhipOffer) -> Result<WhipAnswer, WhipRefusal>;

    /// Hangs up. `false` when there is no such session (any more).
    async fn hang_up(&self, session: &str) -> bool;
}

/// A browser wants to call.
#[derive(Debug, Clone)]
pub struct WhipOffer {
    /// The offer; it holds addresses of the caller.
    pub sdp: Pii<String>,
    /// The line asked for; `None` means the only or first one.
    pub line: Option<String>,
}

/// The browser is answered.
#[derive(Debug, Clone)]
pub struct WhipAnswer {
    /// Names the session in the URL that ends it. It must be hard to guess.
    pub session: String,
    /// The call, for following its events.
    pub call: CallId,
    /// The answer.
    pub sdp: String,
}

/// The browser is refused.
#[derive(Debug, Clone)]
pub struct WhipRefusal {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// What is wrong.
    pub error: String,
    /// What to do about it.
    pub help: String,
    /// Seconds after which trying again makes sense.
    pub retry_after_s: Option<u32>,
}

/// What there is at this moment.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// The packets of a call as a file (pcap); a call is named by its identity, or by the `Call-ID` of one of its legs. `None` when
    /// nothing is kept of it.
    fn capture(&self, _call: &str) -> Option<Pii<Vec<u8>>> {
        None
    }

    /// Whether new calls are taken.
    fn readiness(&self) -> Readiness;

    /// The lines that can be called, the default first.
    fn lines(&self) -> Vec<LineView>;

    /// Running calls.
    fn calls(&self) -> Vec<CallView>;

    /// Users of telephones, and where theirs are.
    fn phones(&self) -> Vec<UserPhonesView>;

    /// Trunks, and how they are.
    fn trunks(&self) -> Vec<TrunkView>;

    /// Recent plans, the latest first.
    ///
    /// # Errors
    /// Why they cannot be told, in words: the action core does not answer.
    async fn plans(&self) -> Result<Vec<PlanView>, String>;

    /// What has become of a plan, and why.
    ///
    /// # Errors
    /// See [`StoryRefusal`].
    async fn story(&self, plan: &PlanId) -> Result<StoryView, StoryRefusal>;
}

/// A user, and the phones of theirs that can be rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserPhonesView {
    /// The user.
    pub user: String,
    /// Whether one can be rung.
    pub registered: bool,
    /// Calls that they are in, those that ring among them.
    pub calls: usize,
    /// Their phones.
    pub phones: Vec<PhoneView>,
}

/// A trunk, and how it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkView {
    /// Its name.
    pub trunk: String,
    /// Whether calls go by it; those that are not up come last.
    pub up: bool,
    /// Where we register: `registered`, `asking`, `waiting` after a failure, or `gone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<String>,
    /// For how many seconds that still stands, or until it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_s: Option<u64>,
    /// Calls that run, of both directions.
    pub calls: usize,
    /// And how many may.
    pub calls_max: usize,
    /// Calls since the start that came by it,
    pub calls_in: u64,
    /// and that went by it.
    pub calls_out: u64,
    /// Calls refused because it was full, of both directions.
    pub refused: u64,
    /// Where it was found last, such as `192.0.2.10:5060 (udp)`.
    pub servers: Vec<String>,
    /// What is wrong, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A phone that has registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhoneView {
    /// `udp`, `tcp`, `tls`, `ws` or `wss`.
    pub transport: String,
    /// Where it is.
    pub source: Pii<String>,
    /// What it says it is.
    pub user_agent: Option<String>,
    /// In how many seconds it must register again.
    pub expires_s: u64,
}

/// The story of a plan. It names whoever approved, rejected or cancelled something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoryView {
    /// The plan.
    pub plan: PlanId,
    /// Plain words, one fact a line.
    pub text: Pii<String>,
    /// The same and more, as the action core's `Explain` tells it.
    pub story: serde_json::Value,
}

/// Why a story is not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoryRefusal {
    /// There is no such plan.
    Unknown,
    /// The action core does not answer.
    Unavailable {
        /// What came instead.
        reason: String,
    },
}

/// Humans who can be rung.
#[async_trait]
pub trait Humans: Send + Sync {
    /// What each is doing, in the order of the configuration.
    async fn list(&self) -> Vec<HumanView>;

    /// Whether a human takes calls from now on.
    ///
    /// # Errors
    /// Nobody is called so.
    async fn set(&self, name: &str, takes_calls: bool) -> Result<(), HumanRefusal>;

    /// What a human is told of a running call: for the operator, or for whoever has the token of its handover, which is good once.
    async fn briefing(&self, call: CallId, token: Option<String>) -> Option<BriefingView>;
}

/// What a human is told before they take a call, as sentences in their language; empty where there is nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BriefingView {
    /// The call.
    pub call: CallId,
    /// Its line.
    pub line: String,
    /// Why a human is wanted.
    pub reason: String,
    /// The language of the sentences.
    pub language: Language,
    /// Who calls.
    pub who: Pii<String>,
    /// Whether they were identified, and by what.
    pub verified: Pii<String>,
    /// What they want.
    pub asked: Pii<String>,
    /// What was done, from receipts.
    pub done: Pii<String>,
    /// What is open.
    pub open: Pii<String>,
}

/// Nobody can be rung.
#[async_trait]
impl Humans for () {
    async fn list(&self) -> Vec<HumanView> {
        Vec::new()
    }

    async fn set(&self, _name: &str, _takes_calls: bool) -> Result<(), HumanRefusal> {
        Err(HumanRefusal::Unknown)
    }

    async fn briefing(&self, _call: CallId, _token: Option<String>) -> Option<BriefingView> {
        None
    }
}

/// A human who can be rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HumanView {
    /// Their name in the configuration.
    pub name: String,
    /// What they are doing.
    pub state: HumanState,
}

/// What a human is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HumanState {
    /// They would be rung.
    Available,
    /// Their phone rings, or they are being asked.
    Ringing,
    /// They talk with a caller.
    Talking,
    /// They write up the call before.
    WrapUp,
    /// It is not their working time.
    Closed,
    /// They have said that they take no calls.
    Paused,
    /// None of their phones can be reached.
    Unreachable,
}

/// Why a human's state was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HumanRefusal {
    /// Nobody is called so.
    Unknown,
}

/// What is kept of a person.
#[async_trait]
pub trait Journeys: Send + Sync {
    /// All of it, as JSON lines.
    ///
    /// # Errors
    /// Why it cannot be told.
    async fn export(&self, journey: &str) -> Result<Pii<String>, JourneyRefusal>;

    /// Erases it for good, the journals of calls too.
    ///
    /// # Errors
    /// Why it is not erased.
    async fn erase(&self, journey: &str) -> Result<ErasedView, JourneyRefusal>;
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedView {
    /// How many plans.
    pub plans: u32,
    /// How many journals of calls.
    pub calls: usize,
    /// Plans that have not ended, and so are still there.
    pub open: Vec<PlanId>,
}

/// Why a journey is not told or erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JourneyRefusal {
    /// Nothing is kept under this name.
    Unknown,
    /// That is no name of a journey.
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The action core does not answer, or a file cannot be deleted.
    Unavailable {
        /// Why.
        reason: String,
    },
}

/// Callers who want to be called back: the desk's list of what to do.
#[async_trait]
pub trait Callbacks: Send + Sync {
    /// Those who wait, the longest waiting first; with `done` those who were called, the latest first.
    ///
    /// # Errors
    /// Why they cannot be told.
    async fn list(&self, done: bool) -> Result<Vec<CallbackView>, CallbackRefusal>;

    /// Marks that somebody has called a caller back. Doing it again changes nothing and tells the first mark.
    ///
    /// # Errors
    /// Why it is not marked.
    async fn complete(&self, call: CallId, by: Pii<String>) -> Result<CallbackView, CallbackRefusal>;

    /// Lets go of a promise: nobody is called any more. Doing it again changes nothing.
    ///
    /// # Errors
    /// Why it stands.
    async fn cancel(&self, call: CallId, by: Pii<String>) -> Result<CallbackView, CallbackRefusal>;
}

/// Why the list of call backs is not told or not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackRefusal {
    /// Nobody asked to be called back in that call.
    Unknown,
    /// The promise was kept.
    Kept,
    /// The action core does not answer.
    Unavailable {
        /// Why, in words.
        reason: String,
    },
}

/// Who hears calls beside those who talk in them.
#[async_trait]
pub trait Supervisors: Send + Sync {
    /// Rings a supervisor, has the one who is there do something else, or, without a wish, has them leave.
    ///
    /// # Errors
    /// Why it cannot be; nothing has changed then.
    async fn supervise(&self, call: CallId, wish: Option<SuperviseWish>) -> Result<(), SuperviseRefusal>;
}

/// What a supervisor wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuperviseWish {
    /// What to do in the call.
    pub mode: Supervise,
    /// Which phone to ring: a SIP address, or `user:NAME`. None changes what the one does that is there.
    pub phone: Option<Pii<String>>,
    /// Who wants it, for the call's events and journal.
    pub by: String,
}

/// Why a call is not supervised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuperviseRefusal {
    /// There is no such call, or not any more.
    Unknown,
    /// No phone is named and none is there.
    Nobody,
    /// The phone's address is none.
    Address {
        /// Why not, in words.
        reason: String,
    },
    /// Another phone is there.
    Another,
}

/// Plans that wait for somebody's approval.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// Those that wait, the longest waiting first; of one role, or of all when it is empty.
    ///
    /// # Errors
    /// Why they cannot be told.
    async fn list(&self, role: &str) -> Result<Vec<ApprovalView>, ApprovalRefusal>;

    /// Takes somebody's answer. The same again changes nothing.
    ///
    /// # Errors
    /// Why it does not count.
    async fn answer(&self, answer: ApprovalAnswer) -> Result<(), ApprovalRefusal>;
}

/// Why the list of approvals is not told, or an answer does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalRefusal {
    /// There is no such plan.
    Unknown,
    /// It waits for no such approval, or not any more.
    NotWaiting {
        /// Why, in words.
        reason: String,
    },
    /// Another role is asked.
    OtherRole {
        /// Which, in words.
        reason: String,
    },
    /// Something is missing in the answer, or too long.
    Invalid {
        /// What, in words.
        reason: String,
    },
    /// The action core does not answer.
    Unavailable {
        /// Why, in words.
        reason: String,
    },
}

/// Whether new calls are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// They are.
    Ready,
    /// Not yet or not at this moment.
    NotReady {
        /// Why.
        reason: String,
    },
    /// They are, but whoever can should send them elsewhere.
    Impaired {
        /// Why.
        reason: String,
    },
    /// No more: the gateway is shutting down.
    Draining,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineView {
    /// Its name, for `line=`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Languages that it speaks, the one it begins with first.
    pub languages: Vec<Language>,
    /// Who listens on it.
    pub recogniser: RecogniserView,
    /// A few things that a caller might say on it.
    #[serde(default)]
    pub examples: Vec<String>,
}

/// A running call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// The call.
    pub call: CallId,
    /// The line that was called.
    pub line: String,
    /// How it came.
    pub channel: Channel,
    /// The trunk that it came by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    /// What it is doing.
    pub state: CallState,
    /// The language it is in.
    pub language: Language,
    /// Seconds since it began.
    pub age_s: u64,
}

/// A caller who wants to be called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackView {
    /// The call in which they asked.
    pub call: CallId,
    /// Whom to call.
    pub number: Pii<String>,
    /// What whoever calls must know.
    pub briefing: Pii<String>,
    /// When they asked, in milliseconds since 1970-01-01 UTC.
    pub asked_unix_ms: u64,
    /// Who called them back; `None` while nobody has.
    #[serde(default)]
    pub done: Option<CallbackDone>,
    /// What was promised of it; `None` when no time was: then only people call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<PromiseView>,
}

/// A promise to call somebody back. Times are milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromiseView {
    /// `open`, `trying` (a gateway calls just now), `kept`, `given_up` (a person must call) or `cancelled`.
    pub state: String,
    /// Nobody is called before.
    pub not_before_unix_ms: u64,
    /// Nobody is called after.
    pub not_after_unix_ms: u64,
    /// When the next try may begin; `None` when there is none to come.
    pub next_unix_ms: Option<u64>,
    /// What came of each try, the first first.
    pub tries: Vec<CallTryView>,
}

/// A try to call somebody back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallTryView {
    /// When it began.
    pub begun_unix_ms: u64,
    /// `talked`, `no_answer`, `busy`, `machine`, `failed` or `lost`; `None` while it runs.
    pub outcome: Option<String>,
}

/// A caller was called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackDone {
    /// Who did it.
    pub by: Pii<String>,
    /// When that was marked, in milliseconds since 1970-01-01 UTC.
    pub unix_ms: u64,
}

/// A plan waits for somebody's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// The plan.
    pub plan: PlanId,
    /// The question's number; an answer names it, so that nobody approves what they were not shown.
    pub number: u64,
    /// The role of whoever may approve.
    pub role: String,
    /// The policy rules that want it.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalWrite {
    /// Its place in the plan.
    pub step: u32,
    /// The action.
    pub action: String,
    /// The connector that does it.
    pub connector: String,
    /// Its method.
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

/// An answer to a question for approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalAnswer {
    /// The plan.
    pub plan: PlanId,
    /// The question's number.
    pub number: u64,
    /// Yes or no.
    pub decision: Decision,
    /// In which role.
    pub role: String,
    /// Who answers.
    pub by: Pii<String>,
    /// Why.
    pub reason: Pii<String>,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It may go on.
    Approve,
    /// It may not: what was done is undone.
    Reject,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// The plan.
    pub plan: PlanId,
    /// The call that it was made for.
    pub call: Option<CallId>,
    /// The skill.
    pub skill: String,
    /// How it ended; `None` while it has not.
    pub outcome: Option<PlanOutcome>,
    /// Its steps.
    pub steps: Vec<StepView>,
}
