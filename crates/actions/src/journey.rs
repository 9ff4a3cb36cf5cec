//! Journeys: what is kept of one person. A person is whoever proved in a pack to own something; what they proved stands in each plan
//! (`Plan::verified`), so the plans of a person are their journey. A table finds them by the journey's name, which tells nothing itself.
//!
//! Reading goes by a connection of its own, so that a long journal holds up no plan; erasing goes through the journal's one writer.

use std::collections::BTreeSet;
use std::time::Duration;

use callwright_model::{CallId, CallTry, PlanId, Promise};
use callwright_plan_core::{ArgumentValue, Entry, Event, Hash, Origin, Plan, progress};
use callwright_wire::actions::{Callback, CoreError, Erased, Person};
use rusqlite::{Connection, Transaction};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::audit::{AuditError, read, unreadable};
use crate::core::{Core, internal};
use crate::journal::{self, JournalError, Postgres, Store, Story, postgres, schema, unix_ms};

/// A plan of a person.
struct Part {
    plan: PlanId,
    call: CallId,
    finished: bool,
}

/// A person's plans, the oldest first, under the name of their journey.
struct Journey {
    name: String,
    parts: Vec<Part>,
}

impl Core {
    /// What is kept of a person, line by line.
    pub(crate) async fn export(&self, person: Person) -> Result<ReceiverStream<String>, CoreError> {
        let (journey, callbacks) = (self.find(person).await?, self.callbacks().await?);
        let (lines, stream) = mpsc::channel(LINES_WAITING);
        let telling = Telling { journey, callbacks, lines };
        match self.store.clone() {
            Store::File(file) => drop(tokio::task::spawn_blocking(move || {
                if let Err(error) = read(&file, |journal| telling.tell_file(journal)) {
                    tracing::error!(%error, "a journey cannot be read");
                }
            })),
            Store::Postgres(postgres) => drop(tokio::spawn(async move {
                if let Err(error) = telling.tell_postgres(&postgres).await {
                    tracing::error!(%error, "a journey cannot be read");
                }
            })),
        }
        Ok(ReceiverStream::new(stream))
    }

    /// Erases what is kept of a person.
    pub(crate) async fn erase(&self, person: Person) -> Result<Erased, CoreError> {
        if let Person::Owner { pack, identity } = &person {
            self.left_open.forget(pack, identity.reveal());
        }
        let journey = self.find(person).await?;
        let (ended, open): (Vec<Part>, Vec<Part>) = journey.parts.into_iter().partition(|part| part.finished);
        let calls: BTreeSet<CallId> = ended.iter().map(|part| part.call).collect();
        let mut erased = Erased {
            plans: u32::try_from(ended.len()).unwrap_or(u32::MAX),
            open: open.into_iter().map(|part| part.plan).collect(),
            calls: calls.into_iter().collect(),
        };
        for some in ended.chunks(ERASED_AT_ONCE) {
            let (plans, calls) = some.iter().map(|part| (part.plan.clone(), part.call)).unzip();
            self.journal().erase(plans, calls).await.map_err(internal)?;
        }
        erased.open.sort();
        tracing::warn!(journey = %journey.name, plans = erased.plans, open = erased.open.len(), "a journey was erased");
        metrics::counter!("callwright_actions_journeys_erased_total").increment(1);
        Ok(erased)
    }

    /// Erases what ended longer ago than is kept; tells how many plans and refusals that were.
    pub(crate) async fn forget(&self, keep: Duration) -> Result<usize, CoreError> {
        let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        let before = unix_ms().saturating_sub(keep);
        let mut forgotten = 0;
        loop {
            let old = match self.store.clone() {
                Store::File(file) => blocking(move || read(&file, |journal| old(journal, before))).await?,
                Store::Postgres(settings) => {
                    let client = postgres::connect(&settings).await.map_err(internal)?;
                    postgres::old(&client, before, ERASED_AT_ONCE).await.map_err(internal)?
                }
            };
            if old.is_empty() {
                return Ok(forgotten);
            }
            forgotten += old.len();
            let (plans, calls): (Vec<PlanId>, Vec<Option<CallId>>) = old.into_iter().unzip();
            let calls = calls.into_iter().flatten().collect();
            self.journal().erase(plans, calls).await.map_err(internal)?;
        }
    }

    /// The plans of a person, which are never none.
    async fn find(&self, person: Person) -> Result<Journey, CoreError> {
        let journey = match self.store.clone() {
            Store::File(file) => blocking(move || read(&file, |journal| find(journal, &person))).await?,
            Store::Postgres(settings) => {
                let client = postgres::connect(&settings).await.map_err(internal)?;
                let name = name(&postgres::origin(&client).await.map_err(internal)?, &person);
                let plans = match &name {
                    Some(name) => postgres::named(&client, name.bytes()).await.map_err(internal)?,
                    None => Vec::new(),
                };
                let part = |(plan, call, finished)| Part { plan, call, finished };
                Journey::of(name, plans.into_iter().map(part).collect())
            }
        };
        if journey.parts.is_empty() { Err(nothing()) } else { Ok(journey) }
    }

    async fn callbacks(&self) -> Result<Vec<Callback>, CoreError> {
        let mut all = self.journal().call_backs(false).await.map_err(internal)?;
        all.extend(self.journal().call_backs(true).await.map_err(internal)?);
        Ok(all)
    }
}

/// Forgets now and then what is old, until the core stops.
pub(crate) async fn keep_forgetting(core: std::sync::Arc<Core>, keep: Duration) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(FORGET_AGAIN) => {}
            () = core.stopped() => return,
        }
        match core.forget(keep).await {
            Ok(0) => {}
            Ok(plans) => tracing::info!(plans, "what is older than is kept was erased"),
            Err(error) => tracing::error!(%error, "what is older than is kept cannot be erased"),
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AuditError> + Send + 'static,
) -> Result<T, CoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    let failed = |why: String| {
        tracing::error!(%why, "the journal cannot be read");
        CoreError::Internal("the journal failed".to_owned())
    };
    done.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
}

fn nothing() -> CoreError {
    CoreError::NotFound("nothing is kept of them".to_owned())
}

/// The name of a person's journey; `None` when what is told for one cannot be any.
fn name(origin: &Origin, person: &Person) -> Option<Hash> {
    match person {
        Person::Owner { pack, identity } => Some(origin.journey(pack, identity.reveal())),
        Person::Journey(name) => name.parse().ok(),
    }
}

impl Journey {
    fn of(name: Option<Hash>, parts: Vec<Part>) -> Self {
        Self { name: name.map(|name| name.to_string()).unwrap_or_default(), parts }
    }
}

/// The plans of a person, by the table of whose is whose; what was erased belongs to nobody.
fn find(journal: &Transaction<'_>, person: &Person) -> Result<Journey, AuditError> {
    let origin = schema::origin(journal).map_err(unreadable)?;
    let origin = origin.ok_or_else(|| AuditError::Unreadable("its origin is missing".to_owned()))?;
    let Some(name) = name(&origin, person) else { return Ok(Journey::of(None, Vec::new())) };
    let mut select = journal.prepare(NAMED).map_err(unreadable)?;
    let mut rows = select.query([name.bytes()]).map_err(unreadable)?;
    let mut parts = Vec::new();
    while let Some(row) = rows.next().map_err(unreadable)? {
        let call: String = row.get(1).map_err(unreadable)?;
        let unknown = |_| AuditError::Unreadable(format!("`{call}` is no call"));
        let (plan, finished) = (row.get(0).map_err(unreadable)?, row.get(2).map_err(unreadable)?);
        parts.push(Part { plan: PlanId(plan), call: call.parse().map_err(unknown)?, finished });
    }
    Ok(Journey::of(Some(name), parts))
}

/// Plans and refusals that ended before a time, some of them.
fn old(journal: &Transaction<'_>, before: u64) -> Result<Vec<(PlanId, Option<CallId>)>, AuditError> {
    let mut select = journal.prepare(OLD).map_err(unreadable)?;
    let rows = select.query_map((before.cast_signed(), ERASED_AT_ONCE as i64), |row| {
        let call: Option<String> = row.get(1)?;
        Ok((PlanId(row.get(0)?), call.and_then(|call| call.parse().ok())))
    });
    rows.and_then(Iterator::collect).map_err(unreadable)
}

/// A journey that is told, to whoever listens.
struct Telling {
    journey: Journey,
    callbacks: Vec<Callback>,
    lines: mpsc::Sender<String>,
}

impl Telling {
    /// Tells it; ends early when nobody listens.
    fn tell_file(&self, journal: &Connection) -> Result<(), AuditError> {
        let send = |line: Json| self.lines.blocking_send(line.to_string()).is_ok();
        if !send(self.head()) {
            return Ok(());
        }
        for part in &self.journey.parts {
            let failed = |error: JournalError| AuditError::Unreadable(error.to_string());
            let Some(story) = journal::load(journal, &part.plan).map_err(failed)? else { continue };
            if !about(&story).all(send) {
                return Ok(());
            }
        }
        self.call_backs().all(send);
        Ok(())
    }

    /// The same from a database.
    async fn tell_postgres(&self, settings: &Postgres) -> Result<(), JournalError> {
        let client = postgres::connect(settings).await?;
        if !self.send([self.head()]).await {
            return Ok(());
        }
        for part in &self.journey.parts {
            let Some(story) = postgres::load(&client, &part.plan).await? else { continue };
            if !self.send(about(&story)).await {
                return Ok(());
            }
        }
        self.send(self.call_backs()).await;
        Ok(())
    }

    async fn send(&self, lines: impl IntoIterator<Item = Json>) -> bool {
        for line in lines {
            if self.lines.send(line.to_string()).await.is_err() {
                return false;
            }
        }
        true
    }

    fn head(&self) -> Json {
        let Journey { name, parts } = &self.journey;
        json!({ "kind": "journey", "journey": name, "plans": parts.len(), "exported_unix_ms": unix_ms() })
    }

    fn call_backs(&self) -> impl Iterator<Item = Json> {
        let calls: BTreeSet<CallId> = self.journey.parts.iter().map(|part| part.call).collect();
        self.callbacks.iter().filter(move |callback| calls.contains(&callback.call)).map(call_back)
    }
}

/// Everything about a plan.
fn about(story: &Story) -> impl Iterator<Item = Json> {
    std::iter::once(plan(story)).chain(story.entries.iter().map(|entry| event(&story.plan, entry)))
}

/// A plan with all that is kept of it: it is given to whom it is about.
fn plan(story: &Story) -> Json {
    let Story { plan, trail, entries, token: _ } = story;
    let steps = plan.steps.iter().map(|step| {
        let known = step.write.iter().flat_map(|write| &write.arguments);
        let arguments: serde_json::Map<String, Json> = known
            .filter_map(|argument| match &argument.value {
                ArgumentValue::Known(value) => Some((argument.name.clone(), json!(value))),
                ArgumentValue::Later(_) => None,
            })
            .collect();
        json!({ "number": step.number, "action": step.action, "arguments": arguments })
    });
    json!({
        "kind": "plan",
        "plan": plan.id,
        "pack": plan.pack,
        "skill": plan.skill,
        "call": plan.call,
        "state": progress(plan, entries.iter().map(|entry| &entry.event)).0,
        "begun_unix_ms": entries.first().map(|entry| entry.unix_ms),
        "identity": plan.verified,
        "level": plan.level,
        "asked_by": plan.asker,
        "remembered": plan.remembered,
        "intent": { "summary": trail.summary, "inputs": trail.inputs },
        "facts": plan.facts.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<serde_json::Map<_, _>>(),
        "steps": steps.collect::<Vec<_>>(),
    })
}

fn event(plan: &Plan, entry: &Entry) -> Json {
    let Entry { number, unix_ms, event } = entry;
    match event {
        Event::Consented { words_sha256 } => json!({
            "kind": "consent", "plan": plan.id, "call": plan.call, "unix_ms": unix_ms, "words_sha256": words_sha256,
        }),
        other => {
            json!({ "kind": "event", "plan": plan.id, "number": number, "unix_ms": unix_ms, "what": other })
        }
    }
}

fn call_back(callback: &Callback) -> Json {
    let done = callback.done.as_ref();
    json!({
        "kind": "callback",
        "call": callback.call,
        "number": callback.number.reveal(),
        "briefing": callback.briefing.reveal(),
        "asked_unix_ms": callback.asked_unix_ms,
        "done_by": done.map(|done| done.by.reveal()),
        "done_unix_ms": done.map(|done| done.unix_ms),
        "promise": callback.promise.as_ref().map(promise),
    })
}

/// What they were promised, and each time that they were called.
fn promise(promise: &Promise) -> Json {
    let tries: Vec<Json> = promise.tries.iter().map(call_try).collect();
    json!({
        "not_before_unix_ms": promise.terms.not_before_unix_ms,
        "not_after_unix_ms": promise.terms.not_after_unix_ms,
        "line": promise.terms.line,
        "language": promise.terms.language,
        "state": promise.standing.name(),
        "tries": tries,
    })
}

fn call_try(one: &CallTry) -> Json {
    json!({
        "begun_unix_ms": one.begun_unix_ms,
        "ended_unix_ms": one.ended.map(|(ended, _)| ended),
        "outcome": one.ended.map(|(_, outcome)| outcome.name()),
    })
}

/// The plans of a journey, the oldest first.
pub(crate) const NAMED: &str = "
    SELECT plans.id, json_extract(plans.plan, '$.call'), plans.finished
    FROM owned JOIN plans ON plans.id = owned.plan
    WHERE owned.journey = ?1 AND plans.plan <> '' ORDER BY owned.place";
/// Ended plans whose last event is of before a time, and refusals of before it, as long as they say anything.
const OLD: &str = "
    SELECT plans.id, json_extract(plans.plan, '$.call') FROM plans
    WHERE plans.finished = 1 AND plans.plan <> ''
      AND NOT EXISTS (SELECT 1 FROM events WHERE events.plan = plans.id AND events.unix_ms >= ?1)
    UNION SELECT refusals.plan, NULL FROM refusals
    WHERE refusals.text <> ''
      AND NOT EXISTS (SELECT 1 FROM refusals AS newer WHERE newer.plan = refusals.plan AND newer.unix_ms >= ?1)
      AND NOT EXISTS (SELECT 1 FROM plans WHERE plans.id = refusals.plan)
    LIMIT ?2";
/// Plans that are erased in one transaction: others wait for it, so it is short.
const ERASED_AT_ONCE: usize = 64;
/// Lines that a slow listener may lag behind.
const LINES_WAITING: usize = 64;
/// What is kept is told in days: an hour more or less is no matter.
const FORGET_AGAIN: Duration = Duration::from_secs(3_600);
