//! What is asked of whoever writes the journal, each with where the answer goes.

use std::sync::Arc;

use callwright_model::{CallId, Pii, PlanId, TryOutcome};
use callwright_plan_core::promise::NotTaken;
use callwright_plan_core::{Entry, Event, Explained, Plan, Trail};
use callwright_wire::actions::{Callback, ClaimRequest, ClaimedCallback};
use tokio::sync::oneshot;

use super::{JournalError, Past, Story, Token, Whose};
use crate::tally::{Charge, Tally};

pub(super) enum Request {
    Begin {
        plan: Box<Plan>,
        trail: Trail,
        event: Event,
        reply: oneshot::Sender<Result<Entry, JournalError>>,
    },
    Append {
        plan: PlanId,
        /// `None` for what people say, which holds whoever carries the plan out.
        token: Option<Token>,
        number: u64,
        events: Vec<Event>,
        charge: Option<Charge>,
        reply: oneshot::Sender<Result<Vec<Entry>, JournalError>>,
    },
    Refuse {
        plan: PlanId,
        story: Explained,
        reply: oneshot::Sender<Result<(), JournalError>>,
    },
    Load {
        plan: PlanId,
        reply: oneshot::Sender<Result<Option<Story>, JournalError>>,
    },
    Refusal {
        plan: PlanId,
        reply: oneshot::Sender<Result<Option<Explained>, JournalError>>,
    },
    Holds {
        plan: PlanId,
        token: Token,
        reply: oneshot::Sender<Result<bool, JournalError>>,
    },
    Claim {
        packs: Vec<String>,
        tally: Arc<Tally>,
        reply: oneshot::Sender<Result<Vec<Story>, JournalError>>,
    },
    Count {
        tally: Arc<Tally>,
        reply: oneshot::Sender<Result<(), JournalError>>,
    },
    CallBack {
        callback: Callback,
        reply: oneshot::Sender<Result<(), JournalError>>,
    },
    CallBacks {
        done: bool,
        reply: oneshot::Sender<Result<Vec<Callback>, JournalError>>,
    },
    Waiting {
        reply: oneshot::Sender<Result<Vec<Story>, JournalError>>,
    },
    Longer {
        known: Vec<(PlanId, u64)>,
        reply: oneshot::Sender<Result<Vec<PlanId>, JournalError>>,
    },
    Past {
        whose: Whose,
        reply: oneshot::Sender<Result<Vec<Past>, JournalError>>,
    },
    Heard {
        plan: PlanId,
        reply: oneshot::Sender<Result<bool, JournalError>>,
    },
    Erase {
        plans: Vec<PlanId>,
        calls: Vec<CallId>,
        reply: oneshot::Sender<Result<(), JournalError>>,
    },
    CalledBack {
        call: CallId,
        by: Pii<String>,
        reply: oneshot::Sender<Result<Option<Callback>, JournalError>>,
    },
    ClaimCallBacks {
        claim: ClaimRequest,
        reply: oneshot::Sender<Result<Vec<ClaimedCallback>, JournalError>>,
    },
    ChangeCallBack {
        call: CallId,
        change: Change,
        reply: oneshot::Sender<Result<Changed, JournalError>>,
    },
}

/// What is to become of a promise.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// This came of the try with this token.
    Report(u64, TryOutcome),
    /// Somebody lets go of it.
    Cancel(Pii<String>),
}

/// What became of it: `None` when nothing was promised in that call.
pub(crate) type Changed = Option<Result<Callback, NotTaken>>;

impl Request {
    /// The plan that it adds to.
    pub(super) fn plan(&self) -> Option<&PlanId> {
        match self {
            Self::Begin { plan, .. } => Some(&plan.id),
            Self::Append { plan, .. } => Some(plan),
            Self::Refuse { .. }
            | Self::Load { .. }
            | Self::Refusal { .. }
            | Self::Holds { .. }
            | Self::Claim { .. }
            | Self::Count { .. }
            | Self::Waiting { .. }
            | Self::Longer { .. }
            | Self::CallBack { .. }
            | Self::CallBacks { .. }
            | Self::Past { .. }
            | Self::Heard { .. }
            | Self::Erase { .. }
            | Self::CalledBack { .. }
            | Self::ClaimCallBacks { .. }
            | Self::ChangeCallBack { .. } => None,
        }
    }

    /// In whose ledger its plan is to be charged before.
    pub(super) fn tally(&self) -> Option<&Arc<Tally>> {
        match self {
            Self::Append { charge, .. } => charge.as_ref().map(Charge::tally),
            Self::Begin { .. }
            | Self::Refuse { .. }
            | Self::Load { .. }
            | Self::Refusal { .. }
            | Self::Holds { .. }
            | Self::Claim { .. }
            | Self::Count { .. }
            | Self::Waiting { .. }
            | Self::Longer { .. }
            | Self::CallBack { .. }
            | Self::CallBacks { .. }
            | Self::Past { .. }
            | Self::Heard { .. }
            | Self::Erase { .. }
            | Self::CalledBack { .. }
            | Self::ClaimCallBacks { .. }
            | Self::ChangeCallBack { .. } => None,
        }
    }

    /// Whether it is one that adds to the chain.
    pub(super) fn extends_chain(&self) -> bool {
        self.plan().is_some() || matches!(self, Self::Refuse { .. })
    }

    /// Nothing could be done about it.
    pub(super) fn fail(self, error: JournalError) {
        // Who asked may be gone.
        match self {
            Self::Begin { reply, .. } => drop(reply.send(Err(error))),
            Self::Append { reply, .. } => drop(reply.send(Err(error))),
            Self::Refuse { reply, .. }
            | Self::Count { reply, .. }
            | Self::CallBack { reply, .. }
            | Self::Erase { reply, .. } => {
                drop(reply.send(Err(error)));
            }
            Self::Past { reply, .. } => drop(reply.send(Err(error))),
            Self::Heard { reply, .. } => drop(reply.send(Err(error))),
            Self::Load { reply, .. } => drop(reply.send(Err(error))),
            Self::Refusal { reply, .. } => drop(reply.send(Err(error))),
            Self::Holds { reply, .. } => drop(reply.send(Err(error))),
            Self::Claim { reply, .. } | Self::Waiting { reply } => drop(reply.send(Err(error))),
            Self::Longer { reply, .. } => drop(reply.send(Err(error))),
            Self::CallBacks { reply, .. } => drop(reply.send(Err(error))),
            Self::CalledBack { reply, .. } => drop(reply.send(Err(error))),
            Self::ClaimCallBacks { reply, .. } => drop(reply.send(Err(error))),
            Self::ChangeCallBack { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}
