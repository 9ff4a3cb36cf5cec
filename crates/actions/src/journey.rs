//! Journeys: what is kept of one person. A person is whoever proved in a pack to own something; what they proved stands in each plan
//! (`Plan::verified`), so the plans of a person are their journey, and no second place keeps it.
//!
//! Reading goes by a connection of its own, so that a long journal holds up no plan; erasing goes through the journal's one writer.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use callwright_model::{CallId, PlanId};
use callwright_plan_core::{ArgumentValue, Entry, Event, Plan, progress};
use callwright_wire::actions::{Callback, CoreError, Erased, Person};
use rusqlite::{Connection, Transaction};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::audit::{AuditError, read, unreadable};
use crate::core::Core;
use crate::journal::schema;
use crate::journal::{self, Story, unix_ms};

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
        let (file, callbacks) = (self.file()?, self.callbacks().await?);
        let (lines, stream) = mpsc::channel(LINES_WAITING);
        let (found, known) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let told = read(&file, |journal| {
                let journey = find(journal, &person)?;
                let any = !journey.parts.is_empty();
                // Who asked is told first whether there is anything, then gets it as fast as they take it.
                if found.send(any).is_err() || !any {
                    return Ok(());
                }
                tell(journal, &journey, &callbacks, &lines)
            });
            if let Err(error) = told {
                tracing::error!(%error, "a journey cannot be read");
            }
        });
        match known.await {
            Ok(true) => Ok(ReceiverStream::new(stream)),
            Ok(false) => Err(nothing()),
            Err(_dropped) => Err(CoreError::Internal("the journal failed".to_owned())),
        }
    }

    /// Erases what is kept of a person.
    pub(crate) async fn erase(&self, person: Person) -> Result<Erased, CoreError> {
        let file = self.file()?;
        let journey = blocking(move || read(&file, |journal| find(journal, &person))).await?;
        if journey.parts.is_empty() {
            return Err(nothing());
        }
        let (ended, open): (Vec<Part>, Vec<Part>) = journey.parts.into_iter().partition(|part| part.finished);
        let calls: BTreeSet<CallId> = ended.iter().map(|part| part.call).collect();
        let mut erased = Erased {
            plans: u32::try_from(ended.len()).unwrap_or(u32::MAX),
            open: open.into_iter().map(|part| part.plan).collect(),
            calls: calls.into_iter().collect(),
        };
        for some in ended.chunks(ERASED_AT_ONCE) {
            let (plans, calls) = some.iter().map(|part| (part.plan.clone(), part.call)).unzip();
            self.journal().erase(plans, calls).await.map_err(crate::core::internal)?;
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
            let file = self.file()?;
            let old = blocking(move || read(&file, |journal| old(journal, before))).await?;
            if old.is_empty() {
                return Ok(forgotten);
            }
            forgotten += old.len();
            let (plans, calls): (Vec<PlanId>, Vec<Option<CallId>>) = old.into_iter().unzip();
            let calls = calls.into_iter().flatten().collect();
            self.journal().erase(plans, calls).await.map_err(crate::core::internal)?;
        }
    }

    fn file(&self) -> Result<PathBuf, CoreError> {
        let nowhere = "what is kept of a person is found in a journal file only, not in a database";
        self.file.clone().ok_or_else(|| CoreError::NotReady(nowhere.to_owned()))
    }

    async fn callbacks(&self) -> Result<Vec<Callback>, CoreError> {
        let mut all = self.journal().call_backs(false).await.map_err(crate::core::internal)?;
        all.extend(self.journal().call_backs(true).await.map_err(crate::core::internal)?);
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

/// The plans of a person. Every plan is looked at, in SQLite; what was erased belongs to nobody.
fn find(journal: &Transaction<'_>, person: &Person) -> Result<Journey, AuditError> {
    let origin = schema::origin(journal).map_err(unreadable)?;
    let origin = origin.ok_or_else(|| AuditError::Unreadable("its origin is missing".to_owned()))?;
    let mut name = match person {
        Person::Owner { pack, identity } => origin.journey(pack, identity.reveal()).to_string(),
        Person::Journey(name) => name.clone(),
    };
    name.make_ascii_lowercase();
    let mut select = journal.prepare(OWNERS).map_err(unreadable)?;
    let mut rows = select.query([]).map_err(unreadable)?;
    let mut parts: Vec<Part> = Vec::new();
    while let Some(row) = rows.next().map_err(unreadable)? {
        let text = |index| row.get::<_, String>(index).map_err(unreadable);
        let (pack, owned) = (text(1)?, text(2)?);
        if origin.journey(&pack, &owned).to_string() == name {
            let (plan, call) = (PlanId(text(0)?), text(3)?);
            let unknown = |_| AuditError::Unreadable(format!("`{call}` is no call"));
            let call = call.parse().map_err(unknown)?;
            parts.push(Part { plan, call, finished: row.get(4).map_err(unreadable)? });
        }
    }
    Ok(Journey { name, parts })
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

/// Tells a journey; ends early when nobody listens.
fn tell(
    journal: &Connection,
    journey: &Journey,
    callbacks: &[Callback],
    lines: &mpsc::Sender<String>,
) -> Result<(), AuditError> {
    let send = |line: Json| lines.blocking_send(line.to_string()).is_ok();
    let head = json!({
        "kind": "journey", "journey": journey.name, "plans": journey.parts.len(), "exported_unix_ms": unix_ms(),
    });
    if !send(head) {
        return Ok(());
    }
    for part in &journey.parts {
        let failed = |error: journal::JournalError| AuditError::Unreadable(error.to_string());
        let Some(story) = journal::load(journal, &part.plan).map_err(failed)? else { continue };
        let about =
            std::iter::once(plan(&story)).chain(story.entries.iter().map(|entry| event(&story.plan, entry)));
        for line in about {
            if !send(line) {
                return Ok(());
            }
        }
    }
    let calls: BTreeSet<CallId> = journey.parts.iter().map(|part| part.call).collect();
    for callback in callbacks.iter().filter(|callback| calls.contains(&callback.call)) {
        if !send(call_back(callback)) {
            return Ok(());
        }
    }
    Ok(())
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
    })
}

/// Who owns which plan. An erased plan is no JSON.
const OWNERS: &str = "
    SELECT plans.id, json_extract(plans.plan, '$.pack'), owned.value, json_extract(plans.plan, '$.call'), plans.finished
    FROM plans JOIN events ON events.plan = plans.id AND events.number = 1,
         json_each(CASE plans.plan WHEN '' THEN '{}' ELSE plans.plan END, '$.verified') AS owned
    WHERE plans.plan <> '' ORDER BY events.place";
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
