//! Stopping plans that have begun.

use std::sync::Arc;

use callwright_model::PlanId;
use callwright_plan_core::{NotCancelled, cancel};
use callwright_wire::actions::{CoreError, Stop};

use super::{Core, internal, unknown};
use crate::journal::JournalError;
use crate::run::{Run, note};

impl Core {
    /// Stops a plan that has begun, if somebody says so and it is not too late.
    pub(super) async fn stop_begun(
        self: &Arc<Self>,
        plan: PlanId,
        stop: Option<Stop>,
    ) -> Result<(), CoreError> {
        let run = self.run(&plan).await?.ok_or_else(|| unknown(&plan))?;
        let Some(stop) = stop else {
            let what = "a plan that has begun is stopped only where that is asked for (`begun`)";
            return Err(CoreError::NotReady(what.to_owned()));
        };
        if self.stopping() {
            return Err(CoreError::Unavailable("the core is shutting down".to_owned()));
        }
        // Whoever asked may go away in between: what is written down must reach the plan all the same.
        let core = Arc::clone(self);
        let written = self.tasks.spawn(async move { core.stop_written(&run, stop).await });
        written.await.map_err(|_| CoreError::Unavailable("the core is shutting down".to_owned()))?
    }

    /// The plan goes on meanwhile: when it was quicker, its log is looked at again.
    async fn stop_written(&self, run: &Run, stop: Stop) -> Result<(), CoreError> {
        let (by, reason) = (stop.by.into_inner(), stop.reason.into_inner());
        for _ in 0..TRIES {
            let events = run.events();
            let Some(event) = cancel(&run.plan, &events, &by, &reason).map_err(refused)? else {
                return Ok(());
            };
            match self.journal.say(&run.plan.id, events.len() as u64 + 1, event).await {
                Ok(entry) => {
                    note(run, &entry.event);
                    run.extend(vec![entry]);
                    self.trace(run, 1);
                    self.tell(|| run.view());
                    return Ok(());
                }
                Err(JournalError::Conflict) => {
                    if !self.reread(run, events.len()).await.map_err(internal)? {
                        return Err(internal(JournalError::Conflict));
                    }
                }
                Err(error) => return Err(internal(error)),
            }
        }
        Err(CoreError::Busy("the plan moves on faster than it can be stopped: ask again".to_owned()))
    }
}

fn refused(why: NotCancelled) -> CoreError {
    match why {
        NotCancelled::Ended | NotCancelled::Done { .. } | NotCancelled::Sent { .. } => {
            CoreError::NotReady(why.to_string())
        }
        NotCancelled::Corrupt(_) => {
            tracing::error!(%why, "a plan cannot be stopped: a person must look");
            CoreError::Internal(why.to_string())
        }
    }
}

/// A plan writes two events a step; whoever loses against it so often in a row is not to wait longer.
const TRIES: usize = 16;
