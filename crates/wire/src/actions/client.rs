use std::pin::Pin;
use std::task::{Context, Poll};

use callwright_model::{
    CallId, Pii, PlanEvent, PlanId, PlanReply, PlanRequest, PromiseTerms, Recalled, TryOutcome,
};
use thiserror::Error;
use tokio_stream::Stream;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use super::{
    ActionView, Approval, ApprovalAnswer, Callback, ClaimRequest, ClaimedCallback, Consent, Erased,
    Explanation, Person, PlanView, SkillView, Stop,
};
use super::{convert as c, promises as p, recall as r};
use crate::pb::actions::v1 as pb;
use crate::pb::actions::v1::action_core_client::ActionCoreClient;
use crate::{ConvertError, MESSAGE_BYTES_MAX, endpoint};

/// Asks the action core. Cheap to clone; all clones share one connection.
#[derive(Debug, Clone)]
pub struct Client {
    inner: ActionCoreClient<Channel>,
}

/// Why the core has no answer, by what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientError {
    /// The core, or a system behind it, does not answer: try again or hand over.
    #[error("the action core does not answer: {0}")]
    Unavailable(String),
    /// The core has as much to do as it may: try again a little later.
    #[error("the action core is full: {0}")]
    Busy(String),
    /// It does not know the plan, skill or pack: begin anew.
    #[error("not known to the action core: {0}")]
    NotFound(String),
    /// The plan is not in a state for this.
    #[error("the plan is not ready for this: {0}")]
    NotReady(String),
    /// Somebody else is asked for that.
    #[error("not theirs to decide: {0}")]
    Forbidden(String),
    /// We asked for something that makes no sense: a mistake in a program or a pack.
    #[error("the action core does not understand: {0}")]
    Invalid(String),
    /// It answered something that makes no sense.
    #[error("the action core's answer makes no sense: {0}")]
    Protocol(#[from] ConvertError),
}

impl Client {
    /// A client of `http://host:port` or `unix:/path` that connects when first used, and again when the connection was lost.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] when the address is none.
    pub fn connect_lazy(address: &str) -> Result<Self, ClientError> {
        let channel = endpoint(address).map_err(|error| invalid(address, &error))?.connect_lazy();
        Ok(Self::over(channel))
    }

    /// The same, connected at once.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`] when nobody answers there.
    pub async fn connect(address: &str) -> Result<Self, ClientError> {
        let endpoint = endpoint(address).map_err(|error| invalid(address, &error))?;
        let channel = endpoint
            .connect()
            .await
            .map_err(|error| ClientError::Unavailable(format!("{address}: {error}")))?;
        Ok(Self::over(channel))
    }

    fn over(channel: Channel) -> Self {
        let inner = ActionCoreClient::new(channel)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Self { inner }
    }

    /// Skills of a pack, or of all packs when `pack` is empty.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_skills(&self, pack: &str) -> Result<Vec<SkillView>, ClientError> {
        let request = pb::ListSkillsRequest { pack: pack.to_owned() };
        let reply = self.inner.clone().list_skills(request).await?.into_inner();
        Ok(reply.skills.into_iter().map(c::skill_from_pb).collect())
    }

    /// Actions of a pack, or of all packs when `pack` is empty.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_actions(&self, pack: &str) -> Result<Vec<ActionView>, ClientError> {
        let request = pb::ListActionsRequest { pack: pack.to_owned() };
        let reply = self.inner.clone().list_actions(request).await?.into_inner();
        Ok(reply.actions.into_iter().map(c::action_from_pb).collect::<Result<_, _>>()?)
    }

    /// Binds a skill, or goes on binding. Nothing is written.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn plan(&self, request: PlanRequest) -> Result<PlanReply, ClientError> {
        let reply = self.inner.clone().plan(c::request_to_pb(request)).await?.into_inner();
        Ok(c::reply_from_pb(reply)?)
    }

    /// Carries out a plan. Dropping the stream leaves it running; executing again gives the events from the first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn execute(&self, plan: &PlanId, consent: Consent) -> Result<PlanEvents, ClientError> {
        let request = pb::ExecuteRequest { plan: plan.0.clone(), consent: Some(c::consent_to_pb(consent)) };
        Ok(PlanEvents(self.inner.clone().execute(request).await?.into_inner()))
    }

    /// Lets go of a plan that is not being executed.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn cancel(&self, plan: &PlanId) -> Result<(), ClientError> {
        let request = pb::CancelRequest { plan: plan.0.clone(), ..pb::CancelRequest::default() };
        self.inner.clone().cancel(request).await?;
        Ok(())
    }

    /// Lets go of a plan, also of one that has begun: what was done is undone. Once this is `Ok` it is on disk.
    ///
    /// # Errors
    /// See [`ClientError`]; [`ClientError::NotReady`] when it is too late.
    pub async fn stop(&self, plan: &PlanId, stop: Stop) -> Result<(), ClientError> {
        self.inner.clone().cancel(c::cancel_to_pb(plan, stop)).await?;
        Ok(())
    }

    /// A plan as it is.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn get_plan(&self, plan: &PlanId) -> Result<PlanView, ClientError> {
        let request = pb::GetPlanRequest { plan: plan.0.clone() };
        let view = self.inner.clone().get_plan(request).await?.into_inner().plan;
        Ok(c::view_from_pb(view.ok_or_else(|| ConvertError::new("plan", "is missing"))?)?)
    }

    /// Plans in flight, then every plan that changes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn watch_plans(&self) -> Result<PlanViews, ClientError> {
        Ok(PlanViews(self.inner.clone().watch_plans(pb::WatchPlansRequest {}).await?.into_inner()))
    }

    /// What happened in a plan and why.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn explain(&self, plan: &PlanId) -> Result<Explanation, ClientError> {
        let reply =
            self.inner.clone().explain(pb::ExplainRequest { plan: plan.0.clone() }).await?.into_inner();
        Ok(Explanation { plan: PlanId(reply.plan), text: reply.text, json: reply.json })
    }

    /// Plans that wait for an approval, the longest waiting first; only what is asked of `role`, or all when it is empty.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_approvals(&self, role: &str) -> Result<Vec<Approval>, ClientError> {
        let request = pb::ListApprovalsRequest { role: role.to_owned() };
        let reply = self.inner.clone().list_approvals(request).await?.into_inner();
        Ok(reply.approvals.into_iter().map(c::approval_from_pb).collect::<Result<_, _>>()?)
    }

    /// Approves or rejects what a plan waits for. Once this is `Ok` it is on disk. The same answer again changes nothing.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn answer_approval(&self, answer: ApprovalAnswer) -> Result<(), ClientError> {
        if answer.approve {
            self.inner.clone().approve(c::approve_to_pb(answer)).await?;
        } else {
            self.inner.clone().reject(c::reject_to_pb(answer)).await?;
        }
        Ok(())
    }

    /// Has it kept that a caller wants to be called back, with a time or by people. Once this is `Ok` it may be promised.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn request_callback(
        &self,
        call: CallId,
        number: Pii<String>,
        briefing: Pii<String>,
        terms: Option<PromiseTerms>,
    ) -> Result<(), ClientError> {
        let (number, briefing) = (number.into_inner(), briefing.into_inner());
        let terms = terms.map(p::terms_to_pb);
        let request = pb::RequestCallbackRequest { call: call.to_string(), number, briefing, terms };
        self.inner.clone().request_callback(request).await?;
        Ok(())
    }

    /// Callers who want to be called back, the longest waiting first; with `done` those who were, the latest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_callbacks(&self, done: bool) -> Result<Vec<Callback>, ClientError> {
        let reply = self.inner.clone().list_callbacks(pb::ListCallbacksRequest { done }).await?.into_inner();
        Ok(reply.callbacks.into_iter().map(p::callback_from_pb).collect::<Result<_, _>>()?)
    }

    /// What is kept of a person, as JSON lines.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn export_journey(&self, person: Person) -> Result<JourneyLines, ClientError> {
        let request = pb::ExportJourneyRequest { person: Some(c::person_to_pb(person)) };
        Ok(JourneyLines(self.inner.clone().export_journey(request).await?.into_inner()))
    }

    /// Erases what is kept of a person, for good. Plans that have not ended are still there, and named.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn erase_journey(&self, person: Person) -> Result<Erased, ClientError> {
        let request = pb::EraseJourneyRequest { person: Some(c::person_to_pb(person)) };
        Ok(c::erased_from_pb(self.inner.clone().erase_journey(request).await?.into_inner())?)
    }

    /// What is remembered of the caller of a plan that nobody has said yes to.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn recall(&self, plan: &PlanId, call: CallId) -> Result<Recalled, ClientError> {
        let request = pb::RecallRequest { plan: plan.0.clone(), call: call.to_string() };
        Ok(r::recalled_from_pb(self.inner.clone().recall(request).await?.into_inner())?)
    }

    /// Marks that a plan's caller has heard, in a call, how it ended. Once this is `Ok` it is on disk.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn mark_heard(&self, plan: &PlanId, call: CallId) -> Result<(), ClientError> {
        let request = pb::MarkHeardRequest { plan: plan.0.clone(), call: call.to_string() };
        self.inner.clone().mark_heard(request).await?;
        Ok(())
    }

    /// Marks that somebody has called a caller back. Doing it again changes nothing and tells the first mark.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn complete_callback(&self, call: CallId, by: Pii<String>) -> Result<Callback, ClientError> {
        let request = pb::CompleteCallbackRequest { call: call.to_string(), by: by.into_inner() };
        let reply = self.inner.clone().complete_callback(request).await?.into_inner();
        let callback = reply.callback.ok_or_else(|| ConvertError::new("callback", "is required"))?;
        Ok(p::callback_from_pb(callback)?)
    }

    /// Calls back that are due, for one gateway. They are its own for a lease.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn claim_callbacks(&self, request: ClaimRequest) -> Result<Vec<ClaimedCallback>, ClientError> {
        let reply = self.inner.clone().claim_callbacks(p::claim_to_pb(request)).await?.into_inner();
        Ok(reply.claimed.into_iter().map(p::claimed_from_pb).collect::<Result<_, _>>()?)
    }

    /// Tells what came of a try. Telling it again changes nothing.
    ///
    /// # Errors
    /// See [`ClientError`]; [`ClientError::NotReady`] when others have gone on.
    pub async fn report_callback(
        &self,
        call: CallId,
        token: u64,
        outcome: TryOutcome,
    ) -> Result<Callback, ClientError> {
        let outcome = p::outcome_to_pb(outcome).into();
        let request = pb::ReportCallbackRequest { call: call.to_string(), token, outcome };
        let reply = self.inner.clone().report_callback(request).await?.into_inner();
        let callback = reply.callback.ok_or_else(|| ConvertError::new("callback", "is required"))?;
        Ok(p::callback_from_pb(callback)?)
    }

    /// Lets go of a promise.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn cancel_callback(&self, call: CallId, by: Pii<String>) -> Result<Callback, ClientError> {
        let request = pb::CancelCallbackRequest { call: call.to_string(), by: by.into_inner() };
        let reply = self.inner.clone().cancel_callback(request).await?.into_inner();
        let callback = reply.callback.ok_or_else(|| ConvertError::new("callback", "is required"))?;
        Ok(p::callback_from_pb(callback)?)
    }
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        let why = status.message().to_owned();
        match status.code() {
            Code::NotFound => Self::NotFound(why),
            Code::FailedPrecondition => Self::NotReady(why),
            Code::PermissionDenied => Self::Forbidden(why),
            Code::ResourceExhausted => Self::Busy(why),
            Code::InvalidArgument | Code::Unimplemented | Code::OutOfRange | Code::AlreadyExists => {
                Self::Invalid(why)
            }
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unauthenticated
            | Code::Aborted
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => Self::Unavailable(format!("{:?}: {why}", status.code())),
        }
    }
}

/// The events of a plan, from the first. Ends when the plan has.
#[derive(Debug)]
pub struct PlanEvents(Streaming<pb::PlanEvent>);

impl Stream for PlanEvents {
    type Item = Result<PlanEvent, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0)
            .poll_next(context)
            .map(|item| item.map(|event| Ok(c::event_from_pb(event.map_err(ClientError::from)?)?)))
    }
}

/// What is kept of a person, line by line.
#[derive(Debug)]
pub struct JourneyLines(Streaming<pb::ExportJourneyResponse>);

impl Stream for JourneyLines {
    type Item = Result<String, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0)
            .poll_next(context)
            .map(|item| item.map(|line| Ok(line.map_err(ClientError::from)?.line)))
    }
}

/// Plans as they change.
#[derive(Debug)]
pub struct PlanViews(Streaming<pb::PlanView>);

impl Stream for PlanViews {
    type Item = Result<PlanView, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0)
            .poll_next(context)
            .map(|item| item.map(|view| Ok(c::view_from_pb(view.map_err(ClientError::from)?)?)))
    }
}

fn invalid(address: &str, error: &tonic::transport::Error) -> ClientError {
    ClientError::Invalid(format!("`{address}` is no address: {error}"))
}
