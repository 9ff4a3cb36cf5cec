//! Plans that wait for somebody's approval: which they are, and the answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use callwright_plan_core::{Asked, Decision, Due, Event, NoQuestion, Plan, answer, asked};
use callwright_wire::actions::{Approval, ApprovalAnswer, ApprovalWrite, CoreError};

use super::{Core, internal, lock, unknown};
use crate::journal::JournalError;
use crate::run::{Run, note};

/// How many plans wait. They cost memory and a timer each, but no system anything: they take no place from those that act.
#[derive(Debug, Default)]
pub(super) struct Waiting(AtomicUsize);

/// One of them, as long as it is held.
pub(crate) struct Waits<'w>(&'w Waiting);

impl Waiting {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn one_more(&self) -> Waits<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.gauge();
        Waits(self)
    }

    fn gauge(&self) {
        metrics::gauge!("callwright_actions_approvals_waiting").set(self.count() as f64);
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
        self.0.gauge();
    }
}

impl Core {
    /// Plans that wait, here or at other cores that share the journal, the longest waiting first.
    pub(super) async fn approvals(&self, role: &str) -> Result<Vec<Approval>, CoreError> {
        let elsewhere = match self.journal.lease() {
            Some(_) => self.journal.waiting().await.map_err(internal)?,
            None => Vec::new(),
        };
        let mut runs = lock(&self.runs).clone();
        for story in elsewhere {
            runs.entry(story.plan.id.clone()).or_insert_with(|| Run::ended(story));
        }
        let waiting = runs.values().filter_map(|run| {
            let asked = asked(&run.plan, &run.entries())?;
            (role.is_empty() || asked.role == role).then(|| approval(&run.plan, &run.trail.summary, asked))
        });
        let mut approvals: Vec<Approval> = waiting.collect();
        approvals.sort_by(|a, b| (a.asked_unix_ms, &a.plan.0).cmp(&(b.asked_unix_ms, &b.plan.0)));
        Ok(approvals)
    }

    /// Writes an answer down, if it is the first to this question.
    pub(super) async fn decided(self: &Arc<Self>, given: ApprovalAnswer) -> Result<(), CoreError> {
        let ApprovalAnswer { plan, number, role, by, approve, reason } = given;
        let Some(run) = self.run(&plan).await? else {
            return Err(match self.draft(&plan) {
                Some(_) => CoreError::NotReady("nobody has said yes to the plan yet".to_owned()),
                None => unknown(&plan),
            });
        };
        let decision = Decision { role, by: by.into_inner(), approve, reason: reason.into_inner() };
        let Some(event) = answer(&run.events(), number, &decision).map_err(refused)? else { return Ok(()) };
        // Whoever asked may go away in between: what is written down must reach the plan all the same.
        let core = Arc::clone(self);
        let written = self.tasks.spawn(async move { core.answer_written(&run, number + 1, event).await });
        written.await.map_err(|_| CoreError::Unavailable("the core is shutting down".to_owned()))?
    }

    async fn answer_written(&self, run: &Run, number: u64, event: Event) -> Result<(), CoreError> {
        match self.journal.say(&run.plan.id, number, event).await {
            Ok(entry) => {
                note(run, &entry.event);
                run.extend(vec![entry]);
                self.trace(run, 1);
                self.tell(|| run.view());
                Ok(())
            }
            Err(JournalError::Conflict) => {
                // It may be one whose commit was never heard of, and the plan still waits.
                self.reread(run, 0).await.map_err(internal)?;
                Err(CoreError::NotReady("somebody else was quicker, or the time was over".to_owned()))
            }
            Err(error) => Err(internal(error)),
        }
    }

    /// A plan begins to wait; it does so as long as what comes back is held.
    pub(crate) fn waits(&self) -> Waits<'_> {
        self.waiting.one_more()
    }
}

fn approval(plan: &Plan, summary: &str, asked: Asked) -> Approval {
    let write = |due: Due| ApprovalWrite {
        step: due.step,
        action: due.action,
        connector: due.connector,
        method: due.method,
        arguments: due.arguments.into(),
        later: due.later,
        undo: due.undo,
        asked: due.asked,
    };
    Approval {
        plan: plan.id.clone(),
        number: asked.number,
        role: asked.role,
        rules: asked.rules,
        pack: plan.pack.clone(),
        skill: plan.skill.clone(),
        summary: summary.to_owned(),
        call: plan.call,
        verified: !plan.verified.is_empty(),
        asked_unix_ms: asked.asked_unix_ms,
        until_unix_ms: asked.until_unix_ms,
        writes: asked.writes.into_iter().map(write).collect(),
    }
}

fn refused(why: NoQuestion) -> CoreError {
    match why {
        NoQuestion::OtherRole(_) => CoreError::Forbidden(why.to_string()),
        NoQuestion::NotAsked(_) | NoQuestion::Decided(_) => CoreError::NotReady(why.to_string()),
    }
}
