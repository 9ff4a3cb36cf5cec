//! The action core of one call, in step: `plan-core` decides what is bound and what is done next, and here it is done at once, at the
//! times that it would have taken. No journal: a plan lives as long as its call. No breakers, and nobody else's plans beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use callwright_demo_backends::{Answered, InStep, Snapshot};
use callwright_model::{MonoTime, PlanEvent, PlanId, PlanReply, PlanRequest, Record};
use callwright_plan_core::{
    Asker, Binding, Command, Decision, Entry, Event, Invoke, Ledger, Next, Now, Outcome, Over, Pack, Plan,
    Read, ReadOutcome, Reads, Then, Whose, answer, asked, bind, decide, fact,
};
use callwright_wire::connector::{InvokeError, Refusal};

/// Plans and business systems of one call.
pub(crate) struct Core {
    pack: Arc<Pack>,
    systems: BTreeMap<String, InStep>,
    ledger: Ledger,
    drafts: BTreeMap<PlanId, Draft>,
    runs: BTreeMap<PlanId, Run>,
    /// When the call began, in milliseconds since 1970.
    began_unix_ms: u64,
}

/// A plan on its way to a yes.
struct Draft {
    request: PlanRequest,
    asker: Asker,
    verified: BTreeSet<String>,
    inputs: Record,
    reads: Reads,
    ready: bool,
}

/// A plan that was said yes to.
struct Run {
    plan: Plan,
    entries: Vec<Entry>,
}

/// Something that becomes known later.
pub(crate) type Later<T> = (Duration, T);

impl Core {
    pub(crate) fn new(pack: Arc<Pack>, systems: BTreeMap<String, InStep>, began_unix_ms: u64) -> Self {
        Self {
            pack,
            systems,
            ledger: Ledger::default(),
            drafts: BTreeMap::new(),
            runs: BTreeMap::new(),
            began_unix_ms,
        }
    }

    /// All data of all systems.
    pub(crate) fn snapshots(&self) -> Result<BTreeMap<String, Snapshot>, String> {
        let read = |(name, system): (&String, &InStep)| match system.snapshot() {
            Ok(snapshot) => Ok((name.clone(), snapshot)),
            Err(error) => Err(format!("the database of `{name}` cannot be read: {error}")),
        };
        self.systems.iter().map(read).collect()
    }

    /// Answers a question about a plan; `None` when a core would have given an error.
    pub(crate) fn plan(&mut self, request: PlanRequest, now: MonoTime) -> Later<Option<PlanReply>> {
        let id = match &request.plan {
            Some(plan) => plan.clone(),
            // Plans of a call are counted: two runs of a call are equal.
            None => PlanId(format!("rehearsed-{}", self.drafts.len() + self.runs.len() + 1)),
        };
        let mut draft = self.drafts.remove(&id).unwrap_or_else(|| Draft {
            request: request.clone(),
            asker: Asker::default(),
            verified: BTreeSet::new(),
            inputs: Record::new(),
            reads: Reads::default(),
            ready: false,
        });
        draft.asker.agent = request.agent;
        draft.asker.consents.extend(request.consents);
        draft.inputs.extend(request.inputs);
        let answered = self.bind(&id, &mut draft, now);
        self.drafts.insert(id, draft);
        answered
    }

    fn bind(&mut self, id: &PlanId, draft: &mut Draft, now: MonoTime) -> Later<Option<PlanReply>> {
        let mut took = PLANNING;
        for _ in 0..READS_MAX {
            let unix_ms = self.unix_ms(now + took);
            let at = self.now(id, &draft.verified, draft.request.call, unix_ms);
            let whose = Whose { plan: id, call: draft.request.call, asker: &draft.asker, now: &at };
            let bound = bind(&self.pack, &draft.request.skill, whose, &draft.inputs, &draft.reads);
            let Ok(Binding { next, verified, level: _ }) = bound else { return (took, None) };
            let known = std::mem::replace(&mut draft.verified, verified.clone());
            if known != verified && self.pack.looks_at_today() {
                continue;
            }
            draft.ready = false;
            let (plan, verified) = (id.clone(), verified.into_iter().collect());
            let reply = match next {
                Next::Read(read) => {
                    let (after, outcome) = self.read(id, &read);
                    took += after;
                    let Some(outcome) = outcome else { return (took, None) };
                    draft.reads.add(read, outcome);
                    continue;
                }
                Next::Need { input, why } => {
                    if matches!(why, callwright_model::NeedWhy::NotFound { .. }) {
                        draft.inputs.remove(&input);
                    }
                    PlanReply::Need { plan, verified, input, why }
                }
                Next::Choose { input, words, options, facts } => {
                    PlanReply::Choose { plan, verified, input, words, options, facts }
                }
                Next::Ready { plan: bound, words, facts } => match self.beyond(&bound, unix_ms) {
                    Some(over) => {
                        let refused = over.refused(&self.pack, &bound, facts);
                        let (words, facts, rules) = (refused.words, refused.facts, refused.rules);
                        PlanReply::Refused { plan, verified, words, facts, transfer: refused.transfer, rules }
                    }
                    None => {
                        draft.ready = true;
                        PlanReply::Ready { plan, verified, words, facts, steps: bound.views() }
                    }
                },
                Next::Answer { words, facts, steps: _ } => PlanReply::Answer { plan, verified, words, facts },
                Next::Refused(refused) => {
                    let (words, facts, rules) = (refused.words, refused.facts, refused.rules);
                    PlanReply::Refused { plan, verified, words, facts, transfer: refused.transfer, rules }
                }
            };
            return (took, Some(reply));
        }
        (took, None)
    }

    /// What a plan that nobody has said yes to would be refused for by the limits of a day.
    fn beyond(&self, plan: &Plan, unix_ms: u64) -> Option<Over> {
        let over = self.ledger.foresee(&self.pack.limits, plan, &[], unix_ms).ok()??;
        match over.then {
            Then::Refuse { .. } => Some(over),
            Then::Ask(_) => None,
        }
    }

    fn read(&mut self, plan: &PlanId, read: &Read) -> Later<Option<ReadOutcome>> {
        let mut took = Duration::ZERO;
        for attempt in 1..=read.call.retries + 1 {
            if attempt > 1 {
                took += read.call.backoff.wait(plan, &read.call.action, attempt);
            }
            let whose = (plan.0.as_str(), read.call.timeout());
            let Answered { result, after } =
                self.ask(&read.call.connector, &read.call.method, &read.arguments, None, whose);
            took += after;
            match result {
                Ok(record) => return (took, Some(ReadOutcome::Found(record))),
                Err(InvokeError::Refused(Refusal::NotFound { argument, .. })) => {
                    return (took, Some(ReadOutcome::NotFound { argument }));
                }
                Err(InvokeError::Refused(Refusal::Refused { reason, retriable: false })) => {
                    return (took, Some(ReadOutcome::Refused { reason }));
                }
                Err(InvokeError::Misused(_)) => return (took, None),
                Err(
                    InvokeError::Refused(Refusal::Refused { retriable: true, .. }) | InvokeError::Unknown(_),
                ) => {}
            }
        }
        (took, None)
    }

    /// Carries out a plan to its end, or to where somebody must approve. What happens is told with when it does.
    pub(crate) fn execute(
        &mut self,
        id: &PlanId,
        words: &str,
        now: MonoTime,
    ) -> Option<Vec<Later<PlanEvent>>> {
        if !self.runs.contains_key(id) {
            let draft = self.drafts.get(id).filter(|draft| draft.ready)?;
            let at = self.now(id, &draft.verified, draft.request.call, self.unix_ms(now));
            let whose = Whose { plan: id, call: draft.request.call, asker: &draft.asker, now: &at };
            let bound = bind(&self.pack, &draft.request.skill, whose, &draft.inputs, &draft.reads).ok()?;
            let Next::Ready { plan, .. } = bound.next else { return None };
            let event = Event::consented(&words.to_owned().into());
            let entries = vec![Entry { number: 1, unix_ms: self.unix_ms(now), event }];
            self.drafts.remove(id);
            self.runs.insert(id.clone(), Run { plan: *plan, entries });
        }
        Some(self.carry_out(id, now))
    }

    /// Somebody answers the oldest question for an approval. `None` when nobody asks for one.
    pub(crate) fn approve(&mut self, approve: bool, now: MonoTime) -> Option<Vec<Later<PlanEvent>>> {
        let (id, asked) =
            self.runs.iter().find_map(|(id, run)| Some((id.clone(), asked(&run.plan, &run.entries)?)))?;
        let run = self.runs.get_mut(&id)?;
        let events: Vec<Event> = run.entries.iter().map(|entry| entry.event.clone()).collect();
        let reason = "rehearsed".to_owned();
        let decision = Decision { role: asked.role, by: "desk".to_owned(), approve, reason };
        let event = answer(&events, asked.number, &decision).ok()??;
        let told = self.append(&id, event, now).map(|told| (Duration::ZERO, told));
        let mut all: Vec<Later<PlanEvent>> = told.into_iter().collect();
        all.extend(self.carry_out(&id, now));
        Some(all)
    }

    fn carry_out(&mut self, id: &PlanId, now: MonoTime) -> Vec<Later<PlanEvent>> {
        let (mut took, mut told) = (Duration::ZERO, Vec::new());
        // The number of events is bounded by the plan's steps and their retries.
        while let Some(run) = self.runs.get(id) {
            let plan = run.plan.clone();
            let events: Vec<Event> = run.entries.iter().map(|entry| entry.event.clone()).collect();
            let unix_ms = self.unix_ms(now + took);
            let at = self.now(id, &plan.verified, plan.call, unix_ms);
            let event = match decide(&plan, &self.pack.policy, &events, &at) {
                Ok(Command::Append(event)) => self.within_limits(&plan, event, &events, unix_ms),
                Ok(Command::Invoke(call)) => {
                    took += call.wait;
                    let (after, outcome) = self.invoke(id, &call);
                    took += after;
                    call.outcome(outcome)
                }
                Ok(Command::Finished) => {
                    self.ledger.settle(&plan, &events);
                    return told;
                }
                // Approvals take hours, calls take minutes: nobody waits for the end of that time here.
                Ok(Command::Await { .. }) | Err(_) => return told,
            };
            told.extend(self.append(id, event, now + took).map(|event| (took, event)));
        }
        told
    }

    fn within_limits(&mut self, plan: &Plan, event: Event, events: &[Event], unix_ms: u64) -> Event {
        if !matches!(event, Event::StepStarted { attempt: 1, .. }) {
            return event;
        }
        match self.ledger.charge(&self.pack.limits, plan, events, unix_ms) {
            Ok(Some(over)) => over.instead(),
            Ok(None) | Err(_) => event,
        }
    }

    fn append(&mut self, id: &PlanId, event: Event, now: MonoTime) -> Option<PlanEvent> {
        let unix_ms = self.unix_ms(now);
        let run = self.runs.get_mut(id)?;
        let number = run.entries.len() as u64 + 1;
        let told = fact(&run.plan, number, &event);
        run.entries.push(Entry { number, unix_ms, event });
        told
    }

    fn invoke(&mut self, id: &PlanId, call: &Invoke) -> Later<Outcome> {
        let whose = (id.0.as_str(), call.timeout);
        let key = call.idempotency_key.as_deref();
        let Answered { result, after } = self.ask(&call.connector, &call.method, &call.arguments, key, whose);
        let outcome = match result {
            Ok(record) => Outcome::Done(record),
            Err(InvokeError::Refused(refusal)) if !call.settles() => Outcome::Lost(refusal.to_string()),
            Err(InvokeError::Refused(Refusal::NotFound { argument, reason })) => {
                Outcome::NotFound(format!("{argument} not found: {reason}"))
            }
            Err(InvokeError::Refused(Refusal::Refused { reason, retriable })) => {
                Outcome::Refused { reason, retriable }
            }
            Err(InvokeError::Misused(reason)) if call.unsettled => Outcome::Lost(reason),
            Err(InvokeError::Misused(reason)) => Outcome::Refused { reason, retriable: false },
            Err(InvokeError::Unknown(reason)) => Outcome::Lost(reason),
        };
        (after, outcome)
    }

    fn ask(
        &mut self,
        connector: &str,
        method: &str,
        arguments: &Record,
        key: Option<&str>,
        whose: (&str, Duration),
    ) -> Answered {
        match self.systems.get_mut(connector) {
            Some(system) => system.invoke(method, arguments, key, whose),
            None => {
                let why = format!("there is no system behind the connector `{connector}`");
                Answered { result: Err(InvokeError::Misused(why)), after: Duration::ZERO }
            }
        }
    }

    fn now(
        &self,
        id: &PlanId,
        verified: &BTreeSet<String>,
        call: callwright_model::CallId,
        unix_ms: u64,
    ) -> Now {
        let now = self.pack.now(unix_ms);
        if !self.pack.looks_at_today() {
            return now;
        }
        let whose = (self.pack.name.as_str(), id);
        now.with_today(self.ledger.today(&self.pack.limits, whose, (verified, call), unix_ms))
    }

    fn unix_ms(&self, now: MonoTime) -> u64 {
        self.began_unix_ms + now.as_millis()
    }
}

/// What a question costs beside the systems that are asked for it.
const PLANNING: Duration = Duration::from_millis(5);
/// More reads than a skill can make in one go.
const READS_MAX: usize = 32;
