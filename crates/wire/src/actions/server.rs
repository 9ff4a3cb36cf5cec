use std::future::Future;
use std::pin::Pin;

use callwright_model::{CallId, Pii, PlanEvent, PlanId, PlanReply, PlanRequest, Recalled, TryOutcome};
use thiserror::Error;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use super::{
    ActionView, Approval, ApprovalAnswer, Callback, ClaimRequest, ClaimedCallback, Consent, Erased,
    Explanation, Person, PlanView, SkillView, Stop,
};
use super::{convert as c, promises as p, recall as r};
use crate::MESSAGE_BYTES_MAX;
use crate::convert::{ConvertError, call_from_pb};
use crate::pb::actions::v1 as pb;
use crate::pb::actions::v1::action_core_server::{self, ActionCoreServer};

/// What an action core does. See `proto/callwright/actions/v1/actions.proto` for what each means.
pub trait ActionCore: Send + Sync + 'static {
    /// Skills of a pack, or of all when empty.
    fn list_skills(&self, pack: &str) -> Vec<SkillView>;

    /// Actions of a pack, or of all when empty.
    fn list_actions(&self, pack: &str) -> Vec<ActionView>;

    /// Binds a skill.
    fn plan(&self, request: PlanRequest) -> impl Future<Output = Result<PlanReply, CoreError>> + Send;

    /// Carries out a plan.
    fn execute(
        &self,
        plan: PlanId,
        consent: Consent,
    ) -> impl Future<Output = Result<ReceiverStream<PlanEvent>, CoreError>> + Send;

    /// Lets go of a plan; with `stop` also of one that has begun, which is then undone.
    fn cancel(&self, plan: PlanId, stop: Option<Stop>) -> impl Future<Output = Result<(), CoreError>> + Send;

    /// A plan as it is.
    fn plan_view(&self, plan: PlanId) -> impl Future<Output = Result<PlanView, CoreError>> + Send;

    /// Plans in flight, then every change.
    fn watch_plans(&self) -> impl Future<Output = Result<ReceiverStream<PlanView>, CoreError>> + Send;

    /// What happened and why.
    fn explain(&self, plan: PlanId) -> impl Future<Output = Result<Explanation, CoreError>> + Send;

    /// Plans that wait for an approval, the longest waiting first; of one role, or of all when it is empty.
    fn list_approvals(&self, role: &str) -> impl Future<Output = Result<Vec<Approval>, CoreError>> + Send;

    /// Takes somebody's answer to a question for approval; `Ok` once it is on disk.
    fn answer_approval(&self, answer: ApprovalAnswer) -> impl Future<Output = Result<(), CoreError>> + Send;

    /// Keeps that a caller wants to be called back; `Ok` once that is on disk.
    fn request_callback(&self, callback: Callback) -> impl Future<Output = Result<(), CoreError>> + Send;

    /// Callers who want to be called back, the longest waiting first; with `done` those who were, the latest first.
    fn list_callbacks(&self, done: bool) -> impl Future<Output = Result<Vec<Callback>, CoreError>> + Send;

    /// What is kept of a person, as JSON lines.
    fn export_journey(
        &self,
        person: Person,
    ) -> impl Future<Output = Result<ReceiverStream<String>, CoreError>> + Send;

    /// Erases what is kept of a person.
    fn erase_journey(&self, person: Person) -> impl Future<Output = Result<Erased, CoreError>> + Send;

    /// What is remembered of the caller of a plan, from their other calls.
    fn recall(&self, plan: PlanId, call: CallId) -> impl Future<Output = Result<Recalled, CoreError>> + Send;

    /// Marks that a plan's caller has heard how it ended; `Ok` once that is on disk.
    fn mark_heard(&self, plan: PlanId, call: CallId) -> impl Future<Output = Result<(), CoreError>> + Send;

    /// Marks that somebody has called a caller back, once.
    fn complete_callback(
        &self,
        call: CallId,
        by: Pii<String>,
    ) -> impl Future<Output = Result<Callback, CoreError>> + Send;

    /// Calls back that are due, for one gateway.
    fn claim_callbacks(
        &self,
        request: ClaimRequest,
    ) -> impl Future<Output = Result<Vec<ClaimedCallback>, CoreError>> + Send;

    /// What came of a try.
    fn report_callback(
        &self,
        call: CallId,
        token: u64,
        outcome: TryOutcome,
    ) -> impl Future<Output = Result<Callback, CoreError>> + Send;

    /// Lets go of a promise.
    fn cancel_callback(
        &self,
        call: CallId,
        by: Pii<String>,
    ) -> impl Future<Output = Result<Callback, CoreError>> + Send;
}

/// Why the core does not answer, by what the asker can do about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CoreError {
    /// No such pack, skill or plan.
    #[error("{0}")]
    NotFound(String),
    /// The plan is in no state for this.
    #[error("{0}")]
    NotReady(String),
    /// Somebody else is asked for that.
    #[error("{0}")]
    Forbidden(String),
    /// A limit is reached.
    #[error("{0}")]
    Busy(String),
    /// A system behind the core does not answer, or the core is shutting down.
    #[error("{0}")]
    Unavailable(String),
    /// The question makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The core itself failed; its log says how.
    #[error("{0}")]
    Internal(String),
}

impl From<CoreError> for Status {
    fn from(error: CoreError) -> Self {
        match error {
            CoreError::NotFound(why) => Self::not_found(why),
            CoreError::NotReady(why) => Self::failed_precondition(why),
            CoreError::Forbidden(why) => Self::permission_denied(why),
            CoreError::Busy(why) => Self::resource_exhausted(why),
            CoreError::Unavailable(why) => Self::unavailable(why),
            CoreError::Invalid(why) => Self::invalid_argument(why),
            CoreError::Internal(why) => Self::internal(why),
        }
    }
}

/// An action core as a gRPC service.
pub fn routes(core: impl ActionCore) -> Routes {
    Routes::new(
        ActionCoreServer::new(Adapter(core))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX),
    )
}

struct Adapter<T>(T);

#[tonic::async_trait]
impl<T: ActionCore> action_core_server::ActionCore for Adapter<T> {
    type ExecuteStream = Pin<Box<dyn Stream<Item = Result<pb::PlanEvent, Status>> + Send>>;
    type ExportJourneyStream = Pin<Box<dyn Stream<Item = Result<pb::ExportJourneyResponse, Status>> + Send>>;
    type WatchPlansStream = Pin<Box<dyn Stream<Item = Result<pb::PlanView, Status>> + Send>>;

    async fn list_skills(
        &self,
        request: Request<pb::ListSkillsRequest>,
    ) -> Result<Response<pb::ListSkillsResponse>, Status> {
        let skills = self.0.list_skills(&request.into_inner().pack);
        Ok(Response::new(pb::ListSkillsResponse { skills: skills.into_iter().map(c::skill_to_pb).collect() }))
    }

    async fn list_actions(
        &self,
        request: Request<pb::ListActionsRequest>,
    ) -> Result<Response<pb::ListActionsResponse>, Status> {
        let actions = self.0.list_actions(&request.into_inner().pack);
        Ok(Response::new(pb::ListActionsResponse {
            actions: actions.into_iter().map(c::action_to_pb).collect(),
        }))
    }

    async fn plan(&self, request: Request<pb::PlanRequest>) -> Result<Response<pb::PlanResponse>, Status> {
        let reply = self.0.plan(c::request_from_pb(request.into_inner())?).await?;
        Ok(Response::new(c::reply_to_pb(reply)))
    }

    async fn execute(
        &self,
        request: Request<pb::ExecuteRequest>,
    ) -> Result<Response<Self::ExecuteStream>, Status> {
        let request = request.into_inner();
        let consent = request.consent.ok_or_else(|| ConvertError::new("consent", "is required"))?;
        let events = self.0.execute(plan_id(request.plan)?, c::consent_from_pb(consent)?).await?;
        Ok(Response::new(Box::pin(events.map(|event| Ok(c::event_to_pb(event))))))
    }

    async fn cancel(
        &self,
        request: Request<pb::CancelRequest>,
    ) -> Result<Response<pb::CancelResponse>, Status> {
        let (plan, stop) = c::cancel_from_pb(request.into_inner())?;
        self.0.cancel(plan_id(plan)?, stop).await?;
        Ok(Response::new(pb::CancelResponse {}))
    }

    async fn get_plan(
        &self,
        request: Request<pb::GetPlanRequest>,
    ) -> Result<Response<pb::GetPlanResponse>, Status> {
        let view = self.0.plan_view(plan_id(request.into_inner().plan)?).await?;
        Ok(Response::new(pb::GetPlanResponse { plan: Some(c::view_to_pb(view)) }))
    }

    async fn watch_plans(
        &self,
        _: Request<pb::WatchPlansRequest>,
    ) -> Result<Response<Self::WatchPlansStream>, Status> {
        let views = self.0.watch_plans().await?;
        Ok(Response::new(Box::pin(views.map(|view| Ok(c::view_to_pb(view))))))
    }

    async fn explain(
        &self,
        request: Request<pb::ExplainRequest>,
    ) -> Result<Response<pb::ExplainResponse>, Status> {
        let Explanation { plan, text, json } = self.0.explain(plan_id(request.into_inner().plan)?).await?;
        Ok(Response::new(pb::ExplainResponse { plan: plan.0, text, json }))
    }

    async fn list_approvals(
        &self,
        request: Request<pb::ListApprovalsRequest>,
    ) -> Result<Response<pb::ListApprovalsResponse>, Status> {
        let approvals = self.0.list_approvals(&request.into_inner().role).await?;
        let approvals = approvals.into_iter().map(c::approval_to_pb).collect();
        Ok(Response::new(pb::ListApprovalsResponse { approvals }))
    }

    async fn approve(
        &self,
        request: Request<pb::ApproveRequest>,
    ) -> Result<Response<pb::ApproveResponse>, Status> {
        self.0.answer_approval(c::approve_from_pb(request.into_inner())?).await?;
        Ok(Response::new(pb::ApproveResponse {}))
    }

    async fn reject(
        &self,
        request: Request<pb::RejectRequest>,
    ) -> Result<Response<pb::RejectResponse>, Status> {
        self.0.answer_approval(c::reject_from_pb(request.into_inner())?).await?;
        Ok(Response::new(pb::RejectResponse {}))
    }

    async fn request_callback(
        &self,
        request: Request<pb::RequestCallbackRequest>,
    ) -> Result<Response<pb::RequestCallbackResponse>, Status> {
        let pb::RequestCallbackRequest { call, number, briefing, terms } = request.into_inner();
        let callback = pb::Callback { call, number, briefing, terms, ..pb::Callback::default() };
        self.0.request_callback(p::callback_from_pb(callback)?).await?;
        Ok(Response::new(pb::RequestCallbackResponse {}))
    }

    async fn list_callbacks(
        &self,
        request: Request<pb::ListCallbacksRequest>,
    ) -> Result<Response<pb::ListCallbacksResponse>, Status> {
        let callbacks = self.0.list_callbacks(request.into_inner().done).await?;
        Ok(Response::new(pb::ListCallbacksResponse { callbacks: p::as_many_as_fit(callbacks) }))
    }

    async fn export_journey(
        &self,
        request: Request<pb::ExportJourneyRequest>,
    ) -> Result<Response<Self::ExportJourneyStream>, Status> {
        let lines = self.0.export_journey(c::person_from_pb(request.into_inner().person)?).await?;
        Ok(Response::new(Box::pin(lines.map(|line| Ok(pb::ExportJourneyResponse { line })))))
    }

    async fn erase_journey(
        &self,
        request: Request<pb::EraseJourneyRequest>,
    ) -> Result<Response<pb::EraseJourneyResponse>, Status> {
        let erased = self.0.erase_journey(c::person_from_pb(request.into_inner().person)?).await?;
        Ok(Response::new(c::erased_to_pb(erased)))
    }

    async fn recall(
        &self,
        request: Request<pb::RecallRequest>,
    ) -> Result<Response<pb::RecallResponse>, Status> {
        let pb::RecallRequest { plan, call } = request.into_inner();
        let recalled = self.0.recall(plan_id(plan)?, call_from_pb(&call)?).await?;
        Ok(Response::new(r::recalled_to_pb(recalled)))
    }

    async fn mark_heard(
        &self,
        request: Request<pb::MarkHeardRequest>,
    ) -> Result<Response<pb::MarkHeardResponse>, Status> {
        let pb::MarkHeardRequest { plan, call } = request.into_inner();
        self.0.mark_heard(plan_id(plan)?, call_from_pb(&call)?).await?;
        Ok(Response::new(pb::MarkHeardResponse {}))
    }

    async fn complete_callback(
        &self,
        request: Request<pb::CompleteCallbackRequest>,
    ) -> Result<Response<pb::CompleteCallbackResponse>, Status> {
        let pb::CompleteCallbackRequest { call, by } = request.into_inner();
        if by.trim().is_empty() {
            return Err(ConvertError::new("by", "is required").into());
        }
        let callback = self.0.complete_callback(call_from_pb(&call)?, Pii::new(by)).await?;
        Ok(Response::new(pb::CompleteCallbackResponse { callback: Some(p::callback_to_pb(callback)) }))
    }

    async fn claim_callbacks(
        &self,
        request: Request<pb::ClaimCallbacksRequest>,
    ) -> Result<Response<pb::ClaimCallbacksResponse>, Status> {
        let claimed = self.0.claim_callbacks(p::claim_from_pb(request.into_inner())?).await?;
        let claimed = claimed.into_iter().map(p::claimed_to_pb).collect();
        Ok(Response::new(pb::ClaimCallbacksResponse { claimed }))
    }

    async fn report_callback(
        &self,
        request: Request<pb::ReportCallbackRequest>,
    ) -> Result<Response<pb::ReportCallbackResponse>, Status> {
        let pb::ReportCallbackRequest { call, token, outcome } = request.into_inner();
        let outcome = p::reported_from_pb(outcome)?;
        let callback = self.0.report_callback(call_from_pb(&call)?, token, outcome).await?;
        Ok(Response::new(pb::ReportCallbackResponse { callback: Some(p::callback_to_pb(callback)) }))
    }

    async fn cancel_callback(
        &self,
        request: Request<pb::CancelCallbackRequest>,
    ) -> Result<Response<pb::CancelCallbackResponse>, Status> {
        let pb::CancelCallbackRequest { call, by } = request.into_inner();
        if by.trim().is_empty() || by.len() > BY_BYTES_MAX {
            return Err(ConvertError::new("by", "must have 1 to 200 bytes").into());
        }
        let callback = self.0.cancel_callback(call_from_pb(&call)?, Pii::new(by)).await?;
        Ok(Response::new(pb::CancelCallbackResponse { callback: Some(p::callback_to_pb(callback)) }))
    }
}

/// Names of the desk's people.
const BY_BYTES_MAX: usize = 200;

fn plan_id(plan: String) -> Result<PlanId, ConvertError> {
    if plan.is_empty() {
        return Err(ConvertError::new("plan", "is required"));
    }
    Ok(PlanId(plan))
}
