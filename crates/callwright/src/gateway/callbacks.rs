//! The desk's list of callers to call back, as the action core keeps it.

use std::sync::Arc;

use async_trait::async_trait;
use callwright_console::{CallTryView, CallbackDone, CallbackRefusal, CallbackView, Callbacks, PromiseView};
use callwright_model::{CallId, Pii, Promise, Standing};
use callwright_wire::actions::{Callback, ClientError};

use crate::gateway::Shared;

/// What the console may see and mark of it.
pub(crate) struct CallbackList(pub(crate) Arc<Shared>);

#[async_trait]
impl Callbacks for CallbackList {
    async fn list(&self, done: bool) -> Result<Vec<CallbackView>, CallbackRefusal> {
        let callbacks = self.0.core.list_callbacks(done).await.map_err(refusal)?;
        Ok(callbacks.into_iter().map(view).collect())
    }

    async fn complete(&self, call: CallId, by: Pii<String>) -> Result<CallbackView, CallbackRefusal> {
        self.0.core.complete_callback(call, by).await.map(view).map_err(refusal)
    }

    async fn cancel(&self, call: CallId, by: Pii<String>) -> Result<CallbackView, CallbackRefusal> {
        match self.0.core.cancel_callback(call, by).await {
            Err(ClientError::NotReady(_)) => Err(CallbackRefusal::Kept),
            cancelled => cancelled.map(view).map_err(refusal),
        }
    }
}

fn view(callback: Callback) -> CallbackView {
    CallbackView {
        call: callback.call,
        number: callback.number,
        briefing: callback.briefing,
        asked_unix_ms: callback.asked_unix_ms,
        done: callback.done.map(|done| CallbackDone { by: done.by, unix_ms: done.unix_ms }),
        promise: callback.promise.map(promise),
    }
}

fn promise(promise: Promise) -> PromiseView {
    let Promise { terms, token: _, tries, standing } = promise;
    PromiseView {
        state: standing.name().to_owned(),
        not_before_unix_ms: terms.not_before_unix_ms,
        not_after_unix_ms: terms.not_after_unix_ms,
        next_unix_ms: match standing {
            Standing::Open { next_unix_ms } => Some(next_unix_ms),
            Standing::Trying { .. }
            | Standing::Kept { .. }
            | Standing::GivenUp
            | Standing::Cancelled { .. } => None,
        },
        tries: tries
            .into_iter()
            .map(|one| CallTryView {
                begun_unix_ms: one.begun_unix_ms,
                outcome: one.ended.map(|(_, outcome)| outcome.name().to_owned()),
            })
            .collect(),
    }
}

fn refusal(error: ClientError) -> CallbackRefusal {
    match error {
        ClientError::NotFound(_) => CallbackRefusal::Unknown,
        ClientError::Unavailable(_)
        | ClientError::Busy(_)
        | ClientError::NotReady(_)
        | ClientError::Forbidden(_)
        | ClientError::Invalid(_)
        | ClientError::Protocol(_) => CallbackRefusal::Unavailable { reason: error.to_string() },
    }
}
