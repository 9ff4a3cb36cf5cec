//! What any agent can ask of the core, and how things stand then.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use callwright_model::{CallId, NeedWhy, Pii, PlanFact, PlanId, PlanReply, PlanRequest, Record, StepView};
use callwright_wire::actions::{Client, ClientError, Consent, PlanState, PlanView, SkillView};
use serde_json::{Value as Json, json};
use tokio_stream::StreamExt as _;

use crate::json::told;

/// The way to the core.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    core: Client,
    /// How long one answer waits for a plan that acts.
    patience: Duration,
}

/// How a plan stands, by what an agent can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    /// The person must say something: an input, a choice, or yes.
    InputRequired,
    /// It is being carried out, or undone.
    Working,
    /// Somebody in the business must approve it.
    AuthRequired,
    /// It is done, or it was an answer.
    Completed,
    /// It ended without its goal, or a human must look at it.
    Failed,
    /// It will not be done.
    Rejected,
    /// It was let go of.
    Canceled,
}

impl Stand {
    /// The name that A2A has for it, which MCP is told too.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InputRequired => "input-required",
            Self::Working => "working",
            Self::AuthRequired => "auth-required",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
        }
    }

    const fn of(state: PlanState) -> Self {
        match state {
            PlanState::Binding | PlanState::Ready => Self::InputRequired,
            PlanState::Running | PlanState::Undoing => Self::Working,
            PlanState::AwaitingApproval => Self::AuthRequired,
            PlanState::Answered | PlanState::Completed => Self::Completed,
            PlanState::Refused => Self::Rejected,
            PlanState::Failed | PlanState::InDoubt => Self::Failed,
            PlanState::Cancelled => Self::Canceled,
        }
    }
}

/// A plan as an agent sees it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) plan: PlanId,
    pub(crate) call: CallId,
    pub(crate) stand: Stand,
    /// What there is to know, for a program.
    pub(crate) data: Json,
    /// The same in a sentence.
    pub(crate) text: String,
    /// What the core waits for.
    pub(crate) asked: Asked,
}

/// What the person must say next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A value for an input.
    Input(String),
    /// The number of an option.
    Choice(String),
    /// Their yes.
    Yes,
    /// Nothing.
    Nothing,
}

impl Door {
    pub(crate) fn new(core: Client, patience: Duration) -> Self {
        Self { core, patience }
    }

    pub(crate) async fn skills(&self) -> Result<Vec<SkillView>, ClientError> {
        self.core.list_skills("").await
    }

    /// Begins a plan, in a conversation of its own unless one is named.
    pub(crate) async fn begin(
        &self,
        call: Option<CallId>,
        pack: &str,
        skill: &str,
        inputs: Record,
    ) -> Result<Seen, ClientError> {
        let call = call.unwrap_or_else(new_call);
        self.bind(call, None, (pack, skill), inputs).await
    }

    /// Goes on with a plan: gives it what was asked for, or the person's yes.
    pub(crate) async fn go_on(
        &self,
        plan: PlanId,
        inputs: Record,
        consent: Option<String>,
    ) -> Result<Seen, ClientError> {
        let view = self.core.get_plan(&plan).await?;
        if let Some(words) = consent {
            return self.execute(view, words).await;
        }
        match view.state {
            PlanState::Binding | PlanState::Ready => self.bind(view.call, Some(plan), ("", ""), inputs).await,
            PlanState::Answered
            | PlanState::Refused
            | PlanState::Running
            | PlanState::AwaitingApproval
            | PlanState::Undoing
            | PlanState::Completed
            | PlanState::Failed
            | PlanState::InDoubt
            | PlanState::Cancelled => Ok(moving(view, Vec::new())),
        }
    }

    /// A plan as it is, without asking anything.
    pub(crate) async fn look(&self, plan: &PlanId) -> Result<Seen, ClientError> {
        Ok(moving(self.core.get_plan(plan).await?, Vec::new()))
    }

    /// Lets go of a plan that has not begun.
    pub(crate) async fn cancel(&self, plan: &PlanId) -> Result<Seen, ClientError> {
        let mut view = self.core.get_plan(plan).await?;
        self.core.cancel(plan).await?;
        view.state = PlanState::Cancelled;
        Ok(moving(view, Vec::new()))
    }

    async fn bind(
        &self,
        call: CallId,
        plan: Option<PlanId>,
        (pack, skill): (&str, &str),
        inputs: Record,
    ) -> Result<Seen, ClientError> {
        let request = PlanRequest {
            plan,
            pack: pack.to_owned(),
            skill: skill.to_owned(),
            inputs,
            call,
            caller: None,
            evidence: BTreeMap::new(),
            agent: AGENT.to_owned(),
            consents: BTreeSet::new(),
            language: None,
            speculative: false,
        };
        Ok(bound(call, self.core.plan(request).await?))
    }

    /// Has a plan carried out and waits for its end, as long as one answer may take. Then it goes on all the same.
    async fn execute(&self, view: PlanView, words: String) -> Result<Seen, ClientError> {
        let consent = Consent { call: view.call, words: Pii::new(words) };
        let mut events = self.core.execute(&view.plan, consent).await?;
        let mut receipts = Vec::new();
        let follow = async {
            while let Some(event) = events.next().await {
                match event?.fact {
                    PlanFact::StepCommitted { receipt } => receipts.push(receipt),
                    // Who must be asked may take days.
                    PlanFact::ApprovalAsked { .. } => break,
                    PlanFact::StepStarted { .. }
                    | PlanFact::StepFailed { .. }
                    | PlanFact::StepUndone { .. }
                    | PlanFact::Completed { .. }
                    | PlanFact::Failed { .. }
                    | PlanFact::InDoubt { .. }
                    | PlanFact::Approved { .. }
                    | PlanFact::Rejected { .. } => {}
                }
            }
            Ok::<(), ClientError>(())
        };
        if let Ok(followed) = tokio::time::timeout(self.patience, follow).await {
            followed?;
        }
        let now = self.core.get_plan(&view.plan).await?;
        let receipts = receipts.iter().map(|receipt| {
            json!({ "step": receipt.step, "action": receipt.action, "result": told(&receipt.result) })
        });
        Ok(moving(now, receipts.collect()))
    }
}

/// A plan that the core has just bound as far as it goes.
fn bound(call: CallId, reply: PlanReply) -> Seen {
    let seen =
        |plan: PlanId, stand, asked, data: Json, text: String| Seen { plan, call, stand, data, text, asked };
    match reply {
        PlanReply::Need { plan, input, why, .. } => {
            let (not_found, again) = match why {
                NeedWhy::Missing => (None, ""),
                NeedWhy::NotFound { words } => (Some(words), " What was given was not found."),
            };
            let text = format!("`{input}` is needed.{again}");
            let data = json!({ "need": input, "not_found": not_found });
            seen(plan, Stand::InputRequired, Asked::Input(input), data, text)
        }
        PlanReply::Choose { plan, input, options, facts, .. } => {
            let options: Vec<Json> = options.iter().map(told).collect();
            let text = format!("`{input}` is the number of one of {} options, from 1.", options.len());
            let data = json!({ "choose": input, "options": options, "facts": told(&facts) });
            seen(plan, Stand::InputRequired, Asked::Choice(input), data, text)
        }
        PlanReply::Ready { plan, words, facts, steps, .. } => {
            let text = "Read this back to the person. If they say yes, send their words as `consent`.";
            let data = json!({ "confirm": words, "facts": told(&facts), "steps": listed(&steps) });
            seen(plan, Stand::InputRequired, Asked::Yes, data, text.to_owned())
        }
        PlanReply::Answer { plan, words, facts, .. } => {
            let (data, text) =
                (json!({ "answer": words, "facts": told(&facts) }), format!("The answer is `{words}`."));
            seen(plan, Stand::Completed, Asked::Nothing, data, text)
        }
        PlanReply::Refused { plan, words, facts, transfer, rules, .. } => {
            let human = if transfer { " A human must take it from here." } else { "" };
            let text = format!("It will not be done: `{words}`.{human}");
            let data = json!({ "refused": words, "facts": told(&facts), "human": transfer, "rules": rules });
            seen(plan, Stand::Rejected, Asked::Nothing, data, text)
        }
    }
}

/// A plan as the core shows it to everybody, with the receipts that came just now.
fn moving(view: PlanView, receipts: Vec<Json>) -> Seen {
    let PlanView { plan, call, state, steps, .. } = view;
    let text = match state {
        PlanState::Binding => "More is needed from the person.",
        PlanState::Ready => "It waits for the person's yes.",
        PlanState::Answered => "It was an answer.",
        PlanState::Refused => "It will not be done.",
        PlanState::Running => "It is being carried out.",
        PlanState::AwaitingApproval => "It waits for somebody's approval, which may take days.",
        PlanState::Undoing => "A step failed; what was done is being undone.",
        PlanState::Completed => "All of it is done.",
        PlanState::Failed => "It ended without its goal, and nothing of it is left.",
        PlanState::InDoubt => "Nobody can tell whether a step took effect: a human must look.",
        PlanState::Cancelled => "It was let go of, and nothing was done.",
    };
    let mut data = json!({ "state": state, "steps": listed(&steps) });
    if !receipts.is_empty() {
        data["receipts"] = receipts.into();
    }
    Seen { plan, call, stand: Stand::of(state), data, text: text.to_owned(), asked: Asked::Nothing }
}

fn listed(steps: &[StepView]) -> Json {
    let step = |step: &StepView| json!({ "number": step.number, "action": step.action, "kind": step.kind, "state": step.state });
    steps.iter().map(step).collect::<Vec<_>>().into()
}

/// Names a conversation. The standard library seeds its hashers from the system's generator.
fn new_call() -> CallId {
    CallId(RandomState::new().build_hasher().finish())
}

/// What policies know other agents as: they are not told apart.
const AGENT: &str = "agent";
