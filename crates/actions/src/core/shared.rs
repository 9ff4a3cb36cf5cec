//! Plans that were begun elsewhere: by this core before it last stopped, or by another that shares the journal.

use std::sync::Arc;
use std::time::Duration;

use callwright_model::PlanId;
use callwright_plan_core::{Entry, Event, is_finished, lost_in_crash};
use callwright_wire::actions::CoreError;
use tokio::time::Instant;

use super::{Core, elsewhere, lock};
use crate::journal::{JournalError, Story};
use crate::run::{PAUSE_FIRST, Run};

impl Core {
    /// Goes on with plans that nobody carries out: those that had not ended when the core last stopped, or that another core left.
    pub(crate) async fn resume(self: &Arc<Self>) -> Result<usize, JournalError> {
        self.recall().await?;
        self.take_over().await
    }

    async fn take_over(self: &Arc<Self>) -> Result<usize, JournalError> {
        let mut resumed = 0;
        loop {
            let stories = self.journal.claim(self.packs.keys().cloned().collect(), &self.tally).await?;
            if stories.is_empty() {
                return Ok(resumed);
            }
            for story in stories {
                resumed += usize::from(self.take_up(story).await?);
            }
            // A file tells all of them at once.
            if self.journal.lease().is_none() {
                return Ok(resumed);
            }
        }
    }

    /// Where cores share a journal: says again and again that this one lives, and takes up what others have left.
    pub(crate) async fn stand_in(self: Arc<Self>) {
        let Some(lease) = self.journal.lease() else { return };
        loop {
            tokio::select! {
                () = tokio::time::sleep(lease / SAYS_EACH_LEASE) => {}
                () = self.stopped() => return,
            }
            match self.take_over().await {
                Ok(0) => {}
                Ok(plans) => tracing::warn!(plans, "plans go on that another core left"),
                Err(error) => tracing::error!(%error, "other cores may take this one's plans over"),
            }
            if let Err(error) = self.hear().await {
                tracing::error!(%error, "what people answered at other cores is not known");
            }
        }
    }

    /// Brings plans that wait here to what was said of them at other cores: approvals, and that they be stopped.
    async fn hear(&self) -> Result<(), JournalError> {
        let runs: Vec<Arc<Run>> = lock(&self.runs).values().cloned().collect();
        let known = runs.iter().map(|run| (run.plan.id.clone(), run.length() as u64)).collect();
        for plan in self.journal.longer(known).await? {
            let run = runs.iter().find(|run| run.plan.id == plan);
            if let Some(run) = run {
                self.reread(run, 0).await?;
            }
        }
        Ok(())
    }

    async fn take_up(self: &Arc<Self>, mut story: Story) -> Result<bool, JournalError> {
        let plan = &story.plan;
        if lock(&self.runs).get(&plan.id).is_some_and(|run| run.token == story.token) {
            return Ok(false);
        }
        let Some(pack) = self.packs.get(&plan.pack).cloned() else {
            tracing::error!(plan = %plan.id, pack = %plan.pack, "a plan cannot go on without its pack");
            return Ok(false);
        };
        let events: Vec<Event> = story.entries.iter().map(|entry| entry.event.clone()).collect();
        if let Some(lost) = lost_in_crash(&events) {
            let number = events.len() as u64 + 1;
            match self.written_lost(&story, number, lost).await? {
                Some(entry) => story.entries.push(entry),
                None => return Ok(false),
            }
        }
        self.launch(story, pack);
        Ok(true)
    }

    /// Writes down that what became of a call is not known; `None` when the plan is not this core's any more, or the core stops.
    async fn written_lost(
        &self,
        story: &Story,
        number: u64,
        lost: Event,
    ) -> Result<Option<Entry>, JournalError> {
        let mut pause = PAUSE_FIRST;
        loop {
            match self.journal.append(&story.plan.id, story.token, number, lost.clone()).await {
                Ok(entry) => return Ok(Some(entry)),
                Err(JournalError::Stale) => return Ok(None),
                // It is this core's now, and nobody else would go on with it.
                Err(error) if error.is_passing() && self.journal.lease().is_some() => {
                    if !self.rests(&mut pause).await {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A plan that was said yes to, for whoever wants to hear how it goes on. When another core carries it out it is waited for as long
    /// as taking over from one that is gone takes, also from one that fell asleep with the journal locked.
    pub(super) async fn followed(&self, plan: &PlanId) -> Result<Option<Arc<Run>>, CoreError> {
        let Some(lease) = self.journal.lease() else { return self.run(plan).await };
        let until = Instant::now() + LOCKED_MAX + lease * 2 + TAKEN_UP;
        loop {
            let run = self.run(plan).await?;
            if run.as_ref().is_none_or(|run| run.is_here() || is_finished(&run.events())) {
                return Ok(run);
            }
            if Instant::now() > until || self.stopping() {
                return Err(CoreError::Unavailable(elsewhere().to_owned()));
            }
            tokio::time::sleep((lease / LOOKS_EACH_LEASE).max(LOOK_AGAIN)).await;
        }
    }

    /// Waits before the journal is asked again, longer each time; `false` when the core stops instead.
    pub(crate) async fn rests(&self, pause: &mut Duration) -> bool {
        let now = *pause;
        *pause = (now * 2).min(REST_MAX);
        tokio::select! {
            () = tokio::time::sleep(now) => true,
            () = self.stopped() => false,
        }
    }

    /// Brings a run to what the journal has of it, when somebody else has written there; whether there are more events than so many.
    pub(crate) async fn reread(&self, run: &Run, known: usize) -> Result<bool, JournalError> {
        if let Some(story) = self.journal.load(&run.plan.id).await? {
            run.extend(story.entries);
            self.tell(|| run.view());
        }
        Ok(run.length() > known)
    }
}

/// Two may go wrong before anybody thinks that it is gone.
const SAYS_EACH_LEASE: u32 = 3;
const LOOKS_EACH_LEASE: u32 = 20;
/// After so long the database takes its locks back from a core that does not go on (`idle_in_transaction_session_timeout`).
const LOCKED_MAX: Duration = Duration::from_secs(5);
/// However short the lease is, reading a plan takes its time.
const TAKEN_UP: Duration = Duration::from_secs(2);
/// A plan goes on at most so long after its journal takes something again.
const REST_MAX: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
