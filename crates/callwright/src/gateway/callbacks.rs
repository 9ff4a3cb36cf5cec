//! The desk's list of callers to call back, as the action core keeps it.

use std::sync::Arc;

use async_trait::async_trait;
use callwright_console::{CallbackDone, CallbackRefusal, CallbackView, Callbacks};
use callwright_model::{CallId, Pii};
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
}

fn view(callback: Callback) -> CallbackView {
    CallbackView {
        call: callback.call,
        number: callback.number,
        briefing: callback.briefing,
        asked_unix_ms: callback.asked_unix_ms,
        done: callback.done.map(|done| CallbackDone { by: done.by, unix_ms: done.unix_ms }),
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
