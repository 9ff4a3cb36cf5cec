//! The core: drafts, runs, and the service over them.

mod approvals;
mod cancel;
mod limits;
mod recall;
mod shared;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use callwright_model::{
    CallId, NeedWhy, Pii, PlanEvent, PlanId, PlanReply, PlanRequest, Promise, Recalled, Standing, TryOutcome,
};
use callwright_plan_core::promise::NotTaken;
use callwright_plan_core::{
    BindError, Binding, Command, Event, Explained, Next, Now, Pack, Plan, Refused, Trail, Undo, bind, decide,
    explain, explain_draft, explain_refusal,
};
use callwright_wire::actions::{
    self as wire, ActionView, Approval, ApprovalAnswer, Callback, ClaimRequest, ClaimedCallback, Consent,
    CoreError, Erased, Explanation, Person, PlanView, SkillView, Stop,
};
use tokio::sync::{OwnedMutexGuard, broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use tokio_util::task::TaskTracker;

use crate::breakers::Breakers;
use crate::connectors::Connectors;
use crate::draft::{Draft, Slot, Stage};
use crate::guess::Guesses;
use crate::journal::{Journal, JournalError, Store, Story, Token, unix_ms};
use crate::lot;
use crate::run::{Run, carry_out};
use crate::serve::Limits;
use crate::spans::Spans;
use crate::tally::Tally;

/// Everything the service shares.
pub(crate) struct Core {
    pub(crate) packs: BTreeMap<String, Arc<Pack>>,
    pub(crate) connectors: Connectors,
    pub(crate) breakers: Breakers,
    pub(crate) limits: Limits,
    pub(crate) spans: Option<Arc<dyn Spans>>,
    /// Where the journal is, for reading what may take long.
    pub(crate) store: Store,
    journal: Journal,
    drafts: Mutex<BTreeMap<PlanId, Slot>>,
    guesses: Guesses,
    runs: Mutex<BTreeMap<PlanId, Arc<Run>>>,
    waiting: approvals::Waiting,
    pub(crate) left_open: recall::LeftOpen,
    pub(crate) tally: Arc<Tally>,
    changes: broadcast::Sender<PlanView>,
    pub(crate) tasks: TaskTracker,
    stop: CancellationToken,
}

impl Core {
    pub(crate) fn new(
        packs: BTreeMap<String, Arc<Pack>>,
        connectors: Connectors,
        limits: Limits,
        spans: Option<Arc<dyn Spans>>,
        (store, journal): (Store, Journal),
        stop: CancellationToken,
    ) -> Arc<Self> {
        let (changes, _) = broadcast::channel(WATCH);
        let named = packs.values().flat_map(|pack| pack.actions.values());
        let named = named.map(|action| action.call.connector.as_str());
        let breakers = Breakers::new(limits.breaker, named);
        let tally = Tally::new(packs.values());
        Arc::new(Self {
            packs,
            connectors,
            breakers,
            limits,
            spans,
            store,
            journal,
            drafts: Mutex::new(BTreeMap::new()),
            guesses: Guesses::default(),
            runs: Mutex::new(BTreeMap::new()),
            waiting: approvals::Waiting::default(),
            left_open: recall::LeftOpen::default(),
            tally,
            changes,
            tasks: TaskTracker::new(),
            stop,
        })
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The journal, once nobody else holds the core.
    pub(crate) fn into_journal(self) -> Journal {
        self.journal
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Ends when the core is asked to stop.
    pub(crate) fn stopped(&self) -> WaitForCancellationFuture<'_> {
        self.stop.cancelled()
    }

    /// Tells watchers. Mostly nobody is watching, and then the view is not made.
    pub(crate) fn tell(&self, view: impl FnOnce() -> PlanView) {
        if self.changes.receiver_count() > 0 {
            let _ = self.changes.send(view());
        }
    }

    fn launch(self: &Arc<Self>, story: Story, pack: Arc<Pack>) -> Arc<Run> {
        let id = story.plan.id.clone();
        let run = Run::new(story);
        lock(&self.runs).insert(id.clone(), Arc::clone(&run));
        self.tell(|| run.view());
        // Told once more after a restart, for a core that died may not have sent it: the same span has the same number.
        self.trace(&run, 1);
        let (core, work) = (Arc::clone(self), Arc::clone(&run));
        self.tasks.spawn(async move {
            carry_out(Arc::clone(&core), Arc::clone(&work), pack).await;
            // The journal has all of it; memory is for what moves.
            let mut runs = lock(&core.runs);
            // One that was lost to another core may have come back meanwhile.
            if runs.get(&id).is_some_and(|run| Arc::ptr_eq(run, &work)) {
                runs.remove(&id);
            }
            drop(runs);
            lock(&core.drafts).remove(&id);
        });
        run
    }

    /// A plan that was said yes to, running or ended.
    async fn run(&self, plan: &PlanId) -> Result<Option<Arc<Run>>, CoreError> {
        let running = lock(&self.runs).get(plan).cloned();
        match running {
            Some(run) => Ok(Some(run)),
            None => Ok(self.journal.load(plan).await.map_err(internal)?.map(Run::ended)),
        }
    }

    fn draft(&self, plan: &PlanId) -> Option<Arc<tokio::sync::Mutex<Draft>>> {
        let mut drafts = lock(&self.drafts);
        let slot = drafts.get_mut(plan)?;
        slot.touched = Instant::now();
        Some(Arc::clone(&slot.draft))
    }

    fn new_draft(&self, request: &PlanRequest) -> Result<Draft, CoreError> {
        let pack = self
            .packs
            .get(&request.pack)
            .ok_or_else(|| CoreError::NotFound(format!("there is no pack `{}`", request.pack)))?;
        if pack.offered().all(|skill| skill.name != request.skill) {
            let what = format!("the pack `{}` has no skill `{}`", request.pack, request.skill);
            return Err(CoreError::NotFound(what));
        }
        let id = PlanId(lot::id());
        Ok(Draft::new(id, request.pack.clone(), request.skill.clone(), request.call))
    }

    fn insert(&self, draft: Draft) -> Result<Arc<tokio::sync::Mutex<Draft>>, CoreError> {
        let id = draft.id.clone();
        let draft = Arc::new(tokio::sync::Mutex::new(draft));
        let mut drafts = lock(&self.drafts);
        if drafts.len() >= self.limits.plans_waiting_max {
            let idle = self.limits.plan_idle;
            drafts.retain(|_, slot| slot.touched.elapsed() < idle);
            if drafts.len() >= self.limits.plans_waiting_max {
                return Err(CoreError::Busy("too many plans wait for their callers".to_owned()));
            }
        }
        drafts.insert(id, Slot { draft: Arc::clone(&draft), touched: Instant::now() });
        Ok(draft)
    }

    /// The time, as the policies of a draft's pack see it.
    fn now(&self, draft: &Draft, pack: &Pack) -> Now {
        self.tally.now(pack, &draft.id, (&draft.verified, draft.call))
    }

    /// Binds a draft as far as it goes, performing the reads.
    async fn bind(&self, draft: &mut Draft, pack: &Pack) -> Result<PlanReply, CoreError> {
        for _ in 0..READS_MAX {
            let now = self.now(draft, pack);
            let Binding { next, verified, level } =
                bind(pack, &draft.skill, draft.whose(&now), &draft.inputs, &draft.reads)
                    .map_err(|error| bind_error(&draft.id, &error))?;
            draft.level = level;
            // What was proved on this walk has a day of its own, which policies are to see.
            let known = std::mem::replace(&mut draft.verified, verified.clone());
            if known != verified && pack.looks_at_today() {
                continue;
            }
            let plan = draft.id.clone();
            let verified: Vec<String> = verified.into_iter().collect();
            return Ok(match next {
                Next::Read(read) => {
                    let (outcome, made) = self.connectors.read(&draft.id, &read, &self.breakers).await?;
                    draft.reads.add_made(read, outcome, made);
                    continue;
                }
                Next::Need { input, why } => {
                    draft.enter(Stage::Binding, draft.steps.clone());
                    if matches!(why, NeedWhy::NotFound { .. }) {
                        draft.inputs.remove(&input);
                    }
                    PlanReply::Need { plan, verified, input, why }
                }
                Next::Choose { input, words, options, facts } => {
                    draft.enter(Stage::Binding, draft.steps.clone());
                    PlanReply::Choose { plan, verified, input, words, options, facts }
                }
                Next::Ready { plan: bound, words, facts } => {
                    if let Some(over) = self.beyond(pack, &bound).await {
                        tracing::info!(plan = %bound.id, reason = %over.reason, "a plan is refused");
                        let refused = over.refused(pack, &bound, facts);
                        return Ok(refuse(draft, pack, &now, verified, refused));
                    }
                    let steps = bound.views();
                    draft.enter(Stage::Ready, steps.clone());
                    PlanReply::Ready { plan, verified, words, facts, steps }
                }
                Next::Answer { words, facts, steps } => {
                    draft.enter(Stage::Answered, steps);
                    PlanReply::Answer { plan, verified, words, facts }
                }
                Next::Refused(refused) => refuse(draft, pack, &now, verified, refused),
            });
        }
        Err(CoreError::Internal("the skill reads without end".to_owned()))
    }

    /// Binds a copy of what was asked about. Only the next real question of the call can see it.
    async fn speculate(&self, request: PlanRequest) -> Result<PlanReply, CoreError> {
        let draft = match &request.plan {
            Some(plan) => {
                let draft = self.draft(plan).ok_or_else(|| unknown(plan))?;
                let draft = draft.lock().await;
                bindable(&draft, &request)?;
                (*draft).clone()
            }
            None => self.new_draft(&request)?,
        };
        let pack = self.packs.get(&draft.pack).cloned().ok_or_else(|| unknown(&draft.id))?;
        let guess = self.guesses.begin(&request, draft, self.limits.plans_waiting_max)?;
        // Held until the reply is there: a real question that comes meanwhile waits instead of asking everything again.
        let mut guess = guess.lock().await;
        guess.draft.asked_by(request.agent, request.consents, request.language);
        guess.draft.take(request.inputs, &request.evidence);
        let reply = self.bind(&mut guess.draft, &pack).await;
        guess.reply = Some(reply.clone());
        reply
    }

    /// Answers a real question with the guess that foresaw it, if there is one.
    async fn adopt(&self, request: &PlanRequest) -> Result<Option<PlanReply>, CoreError> {
        let Some(guess) = self.guesses.take(request) else { return Ok(None) };
        let mut guess = guess.lock().await;
        // A system that failed a guess may be well again for the real question.
        let Some(Ok(reply)) = guess.reply.take() else { return Ok(None) };
        let draft = guess.draft.clone();
        let draft = match &request.plan {
            Some(plan) => {
                let kept = self.draft(plan).ok_or_else(|| unknown(plan))?;
                let mut kept = kept.lock().await;
                bindable(&kept, request)?;
                *kept = draft;
                kept.clone()
            }
            None => {
                self.insert(draft.clone())?;
                draft
            }
        };
        self.settled(&draft).await?;
        Ok(Some(reply))
    }

    /// A real question was answered: watchers and the audit learn of it.
    async fn settled(&self, draft: &Draft) -> Result<(), CoreError> {
        if let Stage::Refused { story, by_policy } = &draft.stage {
            if *by_policy {
                self.journal.refuse(&draft.id, story.clone()).await.map_err(internal)?;
            }
            metrics::counter!("callwright_actions_plans_total", "outcome" => "refused").increment(1);
        }
        self.left_open.note(draft, self.limits.plans_waiting_max);
        self.tell(|| draft.view());
        Ok(())
    }

    async fn begin(
        self: &Arc<Self>,
        draft: Arc<tokio::sync::Mutex<Draft>>,
        consent: &Consent,
    ) -> Result<Arc<Run>, CoreError> {
        let draft = draft.lock_owned().await;
        let plan = &draft.id;
        if draft.call != consent.call {
            return Err(of_another_call());
        }
        let not_ready = || CoreError::NotReady("the plan is not ready to be carried out".to_owned());
        match &draft.stage {
            Stage::Ready => {}
            Stage::Begun => {
                let plan = plan.clone();
                drop(draft);
                return self.followed(&plan).await?.ok_or_else(|| unknown(&plan));
            }
            Stage::Binding | Stage::Answered | Stage::Refused { .. } | Stage::Cancelled => {
                return Err(not_ready());
            }
        }
        let waiting = self.waiting.count();
        if lock(&self.runs).len().saturating_sub(waiting) >= self.limits.plans_in_flight_max {
            return Err(CoreError::Busy("too many plans are being carried out".to_owned()));
        }
        let pack = self.packs.get(&draft.pack).cloned().ok_or_else(|| unknown(plan))?;
        let now = self.now(&draft, &pack);
        let (bound, trail) = draft.ready(&pack, &now).ok_or_else(not_ready)?;
        let event = Event::consented(&consent.words);
        if waiting >= self.limits.approvals_waiting_max && waits(&bound, &pack, &event, &now) {
            return Err(CoreError::Busy("too many plans wait for an approval".to_owned()));
        }
        // Whoever said yes may go away in between: what is written down is carried out all the same.
        let core = Arc::clone(self);
        let begun = self.tasks.spawn(async move { core.begun(draft, bound, trail, event, pack).await });
        begun.await.map_err(|_| CoreError::Unavailable("the core is shutting down".to_owned()))?
    }

    async fn begun(
        self: Arc<Self>,
        mut draft: OwnedMutexGuard<Draft>,
        plan: Plan,
        trail: Trail,
        event: Event,
        pack: Arc<Pack>,
    ) -> Result<Arc<Run>, CoreError> {
        let first = self.journal.begin(plan.clone(), trail.clone(), event).await.map_err(internal)?;
        let steps = draft.steps.clone();
        draft.enter(Stage::Begun, steps);
        self.left_open.note(&draft, self.limits.plans_waiting_max);
        Ok(self.launch(Story { plan, trail, token: Token::FIRST, entries: vec![first] }, pack))
    }
}

/// The service. A newtype, for the trait is of another crate and the core is shared.
pub(crate) struct Service(pub(crate) Arc<Core>);

impl wire::ActionCore for Service {
    fn list_skills(&self, pack: &str) -> Vec<SkillView> {
        let packs = self.0.packs.values().filter(|known| pack.is_empty() || known.name == pack);
        packs
            .flat_map(|pack| pack.offered().map(move |skill| (pack, skill)))
            .map(|(pack, skill)| SkillView {
                pack: pack.name.clone(),
                name: skill.name.clone(),
                summary: skill.summary.clone(),
                inputs: skill.inputs.iter().map(|(name, _)| name.clone()).collect(),
                actions: pack.actions_of(skill),
            })
            .collect()
    }

    fn list_actions(&self, pack: &str) -> Vec<ActionView> {
        let packs = self.0.packs.values().filter(|known| pack.is_empty() || known.name == pack);
        packs
            .flat_map(|pack| pack.actions.values().map(move |action| (pack, action)))
            .map(|(pack, action)| ActionView {
                pack: pack.name.clone(),
                name: action.call.action.clone(),
                summary: action.summary.clone(),
                kind: action.kind,
                connector: action.call.connector.clone(),
                undo: match &action.undo {
                    Undo::By(follow) => Some(follow.action.clone()),
                    Undo::None | Undo::Undeclared => None,
                },
                timeout_ms: action.call.timeout_ms,
                retries: action.call.retries,
                risk: action.call.risk.name().to_owned(),
            })
            .collect()
    }

    async fn plan(&self, request: PlanRequest) -> Result<PlanReply, CoreError> {
        let core = &self.0;
        if core.stopping() {
            return Err(CoreError::Unavailable("the core is shutting down".to_owned()));
        }
        if request.speculative {
            return core.speculate(request).await;
        }
        if let Some(reply) = core.adopt(&request).await? {
            return Ok(reply);
        }
        let draft = match &request.plan {
            Some(plan) => core.draft(plan).ok_or_else(|| unknown(plan))?,
            None => core.insert(core.new_draft(&request)?)?,
        };
        let mut draft = draft.lock().await;
        bindable(&draft, &request)?;
        let pack = core.packs.get(&draft.pack).cloned().ok_or_else(|| unknown(&draft.id))?;
        draft.asked_by(request.agent, request.consents, request.language);
        draft.take(request.inputs, &request.evidence);
        let reply = core.bind(&mut draft, &pack).await;
        match &reply {
            Ok(_) => core.settled(&draft).await?,
            Err(_) => core.tell(|| draft.view()),
        }
        reply
    }

    async fn execute(&self, plan: PlanId, consent: Consent) -> Result<ReceiverStream<PlanEvent>, CoreError> {
        let core = &self.0;
        if core.stopping() {
            return Err(CoreError::Unavailable("the core is shutting down".to_owned()));
        }
        if consent.words.reveal().trim().is_empty() {
            return Err(CoreError::Invalid("consent: without words is none".to_owned()));
        }
        // The journal is asked for what is not drafted here: a draft has not begun, or says so.
        let run = match core.draft(&plan) {
            Some(draft) => core.begin(draft, &consent).await?,
            None => core.followed(&plan).await?.ok_or_else(|| unknown(&plan))?,
        };
        if run.plan.call != consent.call {
            return Err(of_another_call());
        }
        Ok(run.stream())
    }

    async fn cancel(&self, plan: PlanId, stop: Option<Stop>) -> Result<(), CoreError> {
        let core = &self.0;
        let Some(draft) = core.draft(&plan) else { return core.stop_begun(plan, stop).await };
        let mut draft = draft.lock().await;
        if matches!(draft.stage, Stage::Begun) {
            drop(draft);
            return core.stop_begun(plan, stop).await;
        }
        let steps = draft.steps.clone();
        draft.enter(Stage::Cancelled, steps);
        core.left_open.note(&draft, core.limits.plans_waiting_max);
        core.tell(|| draft.view());
        lock(&core.drafts).remove(&plan);
        Ok(())
    }

    async fn plan_view(&self, plan: PlanId) -> Result<PlanView, CoreError> {
        if let Some(run) = self.0.run(&plan).await? {
            return Ok(run.view());
        }
        let draft = self.0.draft(&plan).ok_or_else(|| unknown(&plan))?;
        Ok(draft.lock().await.view())
    }

    async fn watch_plans(&self) -> Result<ReceiverStream<PlanView>, CoreError> {
        let core = &self.0;
        let mut changes = core.changes.subscribe();
        let current: Vec<PlanView> = lock(&core.runs).values().map(|run| run.view()).collect();
        let (views, stream) = mpsc::channel(WATCH);
        let stop = core.stop.clone();
        tokio::spawn(async move {
            for view in current {
                if views.send(view).await.is_err() {
                    return;
                }
            }
            loop {
                let change = tokio::select! {
                    change = changes.recv() => change,
                    () = stop.cancelled() => return,
                    () = views.closed() => return,
                };
                match change {
                    Ok(view) => {
                        if views.send(view).await.is_err() {
                            return;
                        }
                    }
                    // A slow watcher misses changes in between; the next one of a plan holds all of it.
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        });
        Ok(ReceiverStream::new(stream))
    }

    async fn explain(&self, plan: PlanId) -> Result<Explanation, CoreError> {
        let core = &self.0;
        let story = if let Some(run) = core.run(&plan).await? {
            explain(&run.plan, &run.trail, &run.entries())
        } else if let Some(draft) = core.draft(&plan) {
            let draft = draft.lock().await;
            let pack = core.packs.get(&draft.pack).ok_or_else(|| unknown(&plan))?;
            let now = core.now(&draft, pack);
            if let Some((bound, trail)) = draft.ready(pack, &now) {
                return Ok(told(plan, explain(&bound, &trail, &[])));
            }
            let trail = draft.trail(pack, &now);
            match &draft.stage {
                Stage::Ready => unbound(&draft.view(), "it waits for a yes", &trail),
                Stage::Refused { story, .. } => story.clone(),
                Stage::Binding => unbound(&draft.view(), "more is needed from the caller", &trail),
                Stage::Answered => unbound(&draft.view(), "it was an answer", &trail),
                Stage::Cancelled => unbound(&draft.view(), "the caller let go of it", &trail),
                Stage::Begun => unbound(&draft.view(), "it begins", &trail),
            }
        } else {
            core.journal.refusal(&plan).await.map_err(internal)?.ok_or_else(|| unknown(&plan))?
        };
        Ok(told(plan, story))
    }

    async fn list_approvals(&self, role: &str) -> Result<Vec<Approval>, CoreError> {
        self.0.approvals(role).await
    }

    async fn answer_approval(&self, answer: ApprovalAnswer) -> Result<(), CoreError> {
        if self.0.stopping() {
            return Err(CoreError::Unavailable("the core is shutting down".to_owned()));
        }
        self.0.decided(answer).await
    }

    async fn request_callback(&self, callback: Callback) -> Result<(), CoreError> {
        let call = callback.call;
        if let Some(promise) = &callback.promise {
            may_be_promised(promise, unix_ms())?;
        }
        self.0.journal.call_back(callback).await.map_err(internal)?;
        tracing::warn!(%call, "a caller wants to be called back");
        metrics::counter!("callwright_actions_callbacks_total").increment(1);
        Ok(())
    }

    async fn list_callbacks(&self, done: bool) -> Result<Vec<Callback>, CoreError> {
        self.0.journal.call_backs(done).await.map_err(internal)
    }

    async fn export_journey(&self, person: Person) -> Result<ReceiverStream<String>, CoreError> {
        self.0.export(person).await
    }

    async fn erase_journey(&self, person: Person) -> Result<Erased, CoreError> {
        self.0.erase(person).await
    }

    async fn recall(&self, plan: PlanId, call: CallId) -> Result<Recalled, CoreError> {
        self.0.remembered_of(&plan, call).await
    }

    async fn mark_heard(&self, plan: PlanId, call: CallId) -> Result<(), CoreError> {
        self.0.mark_heard(&plan, call).await
    }

    async fn complete_callback(&self, call: CallId, by: Pii<String>) -> Result<Callback, CoreError> {
        let callback = self.0.journal.called_back(call, by).await.map_err(internal)?;
        callback.ok_or_else(|| CoreError::NotFound(format!("nobody asked to be called back in call {call}")))
    }

    async fn claim_callbacks(&self, request: ClaimRequest) -> Result<Vec<ClaimedCallback>, CoreError> {
        let gateway = request.gateway.clone();
        let claimed = self.0.journal.claim_call_backs(request).await.map_err(internal)?;
        for ClaimedCallback { callback, token, .. } in &claimed {
            tracing::info!(call = %callback.call, gateway, token, "a gateway calls back");
        }
        Ok(claimed)
    }

    async fn report_callback(
        &self,
        call: CallId,
        token: u64,
        outcome: TryOutcome,
    ) -> Result<Callback, CoreError> {
        let callback = changed(call, self.0.journal.report_call_back(call, token, outcome).await)?;
        let standing = callback.promise.as_ref().map(|promise| &promise.standing);
        let state = standing.map(Standing::name);
        tracing::info!(%call, token, outcome = outcome.name(), state, "a call back was tried");
        metrics::counter!("callwright_actions_callback_tries_total", "outcome" => outcome.name())
            .increment(1);
        if standing == Some(&Standing::GivenUp) {
            tracing::warn!(%call, "a promised call back reached nobody: a person must call");
        }
        Ok(callback)
    }

    async fn cancel_callback(&self, call: CallId, by: Pii<String>) -> Result<Callback, CoreError> {
        changed(call, self.0.journal.cancel_call_back(call, by).await)
    }
}

/// What became of a promise.
fn changed(
    call: CallId,
    changed: Result<Option<Result<Callback, NotTaken>>, JournalError>,
) -> Result<Callback, CoreError> {
    match changed.map_err(internal)? {
        Some(Ok(callback)) => Ok(callback),
        Some(Err(why)) => Err(CoreError::NotReady(why.to_string())),
        None => Err(CoreError::NotFound(format!("no time was promised in call {call}"))),
    }
}

/// Nobody can be called in the past, and nothing is kept for years.
fn may_be_promised(promise: &Promise, now_unix_ms: u64) -> Result<(), CoreError> {
    if promise.terms.not_after_unix_ms <= now_unix_ms {
        return Err(CoreError::Invalid("terms.not_after_unix_ms is over".to_owned()));
    }
    if promise.terms.not_before_unix_ms > now_unix_ms.saturating_add(PROMISED_AHEAD_MS) {
        return Err(CoreError::Invalid("terms.not_before_unix_ms is more than 90 days ahead".to_owned()));
    }
    Ok(())
}

/// Nobody waits longer for a call.
const PROMISED_AHEAD_MS: u64 = 90 * 86_400_000;

fn told(plan: PlanId, story: Explained) -> Explanation {
    Explanation { plan, text: story.text, json: story.json }
}

/// Whether the first thing that a plan does is to wait for somebody.
fn waits(plan: &Plan, pack: &Pack, consent: &Event, now: &Now) -> bool {
    let first = decide(plan, &pack.policy, std::slice::from_ref(consent), now);
    matches!(first, Ok(Command::Append(Event::ApprovalAsked { .. })))
}

/// Whether a draft may be bound further by this question.
fn bindable(draft: &Draft, request: &PlanRequest) -> Result<(), CoreError> {
    if draft.call != request.call {
        return Err(unknown(&draft.id));
    }
    match draft.stage {
        Stage::Begun | Stage::Cancelled => {
            Err(CoreError::NotReady("the plan is not being bound any more".to_owned()))
        }
        Stage::Binding | Stage::Ready | Stage::Answered | Stage::Refused { .. } => Ok(()),
    }
}

fn refuse(draft: &mut Draft, pack: &Pack, now: &Now, verified: Vec<String>, refused: Refused) -> PlanReply {
    let skill = format!("{}/{}", draft.pack, draft.skill);
    let story = explain_refusal(&draft.id.0, &skill, &refused, &draft.trail(pack, now));
    let by_policy = refused.action.is_some();
    let Refused { words, facts, transfer, rules, steps, .. } = refused;
    draft.enter(Stage::Refused { story, by_policy }, steps);
    PlanReply::Refused { plan: draft.id.clone(), verified, words, facts, transfer, rules }
}

/// What can be said of a plan that is not bound.
fn unbound(view: &PlanView, stage: &str, trail: &Trail) -> Explained {
    let PlanView { plan, pack, skill, call, .. } = view;
    let about = format!("Plan {plan} of skill {pack}/{skill} for call {call}: {stage}.");
    explain_draft(&about, serde_json::to_value(view).unwrap_or_default(), trail)
}

fn bind_error(plan: &PlanId, error: &BindError) -> CoreError {
    match error {
        BindError::UnknownSkill(_) => CoreError::NotFound(error.to_string()),
        BindError::Expression { .. }
        | BindError::Answer { .. }
        | BindError::ReadFailed { .. }
        | BindError::NothingToChoose(_)
        | BindError::Unmet { .. }
        | BindError::TooMany { .. }
        | BindError::NothingToDo => {
            tracing::warn!(%plan, %error, "a plan cannot be bound");
            CoreError::Internal(error.to_string())
        }
    }
}

fn unknown(plan: &PlanId) -> CoreError {
    CoreError::NotFound(format!("there is no plan `{plan}`"))
}

fn of_another_call() -> CoreError {
    CoreError::Invalid("consent: is of another call than the plan".to_owned())
}

pub(crate) fn internal(error: JournalError) -> CoreError {
    match error {
        JournalError::Closed => CoreError::Unavailable("the core is shutting down".to_owned()),
        JournalError::Unwritable(_) => {
            tracing::error!(%error, "nothing can be written down: make room on the journal's disk");
            let what = "the core can write nothing down for now, its journal's disk is full or refuses: try again later";
            CoreError::Unavailable(what.to_owned())
        }
        JournalError::Away(_) => {
            tracing::error!(%error, "nothing can be written down");
            let what = "the core's journal does not answer for now: try again later";
            CoreError::Unavailable(what.to_owned())
        }
        JournalError::Stale => CoreError::Unavailable(elsewhere().to_owned()),
        JournalError::Conflict
        | JournalError::Beyond
        | JournalError::Locked
        | JournalError::Database(_)
        | JournalError::Foreign
        | JournalError::Newer(_) => {
            tracing::error!(%error, "the journal failed");
            CoreError::Internal("the journal failed".to_owned())
        }
    }
}

fn elsewhere() -> &'static str {
    "another core carries the plan out: ask that one, or ask again when this one has taken over"
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// More reads than a skill can make in one go.
const READS_MAX: usize = 32;
/// Changes that a watcher may lag behind.
const WATCH: usize = 256;
