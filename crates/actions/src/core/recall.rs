//! What is remembered of a caller from their other calls.
//!
//! Nobody can ask about a person by name here: asked is about a plan that is being bound, and whose caller it is has been proved to this core
//! by a read that it has made itself, as surely as the pack wants. Reading is by the table of whose plans are whose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use callwright_model::{CallId, MemoryRules, PastPlan, PastStanding, PlanFact, PlanId, Recalled};
use callwright_plan_core::{Progress, fact, progress};
use callwright_wire::actions::CoreError;

use super::{Core, internal, unknown};
use crate::draft::{Draft, Stage};
use crate::journal::{Past, Whose, unix_ms};

impl Core {
    /// What the caller of a plan has done in other calls, once they are known as surely as the pack wants.
    pub(super) async fn remembered_of(&self, plan: &PlanId, call: CallId) -> Result<Recalled, CoreError> {
        let asked = {
            let draft = self.draft(plan).ok_or_else(|| unknown(plan))?;
            let draft = draft.lock().await;
            if draft.call != call || matches!(draft.stage, Stage::Begun | Stage::Cancelled) {
                return Err(unknown(plan));
            }
            (*draft).clone()
        };
        let pack = self.packs.get(&asked.pack).ok_or_else(|| unknown(plan))?;
        let Some(rules) = &pack.memory else { return Ok(Recalled::default()) };
        if asked.verified.is_empty() || asked.level < rules.level {
            return Ok(Recalled::default());
        }
        let whose = Whose { pack: asked.pack.clone(), identities: asked.verified.clone(), most: PLANS_MAX };
        let past = self.journal.past(whose).await.map_err(internal)?;
        let since = unix_ms().saturating_sub(u64::from(rules.days) * DAY_MS);
        let mut recalled = Recalled { sure: true, ..Recalled::default() };
        for Past { story, heard } in past.iter().filter(|past| is_told(past, &asked, rules, since)) {
            recalled.language = recalled.language.or(story.plan.asker.language);
            for (name, value) in &story.plan.remembered {
                recalled.inputs.entry(name.clone()).or_insert_with(|| value.clone());
            }
            recalled.plans.push(PastPlan {
                plan: story.plan.id.clone(),
                skill: story.plan.skill.clone(),
                heard: *heard,
                standing: standing(story),
            });
        }
        recalled.left_open = self.left_open.of(&asked, rules, self.limits.plan_idle);
        tracing::info!(%call, plans = recalled.plans.len(), "a caller is remembered");
        metrics::counter!("callwright_actions_recalled_total").increment(1);
        Ok(recalled)
    }

    /// Marks that a plan's caller has heard how it ended.
    pub(super) async fn mark_heard(&self, plan: &PlanId, call: CallId) -> Result<(), CoreError> {
        if !self.journal.heard(plan).await.map_err(internal)? {
            return Err(unknown(plan));
        }
        tracing::debug!(%plan, %call, "a caller has heard how it ended");
        Ok(())
    }
}

/// Whether a plan of somebody is told in another call of theirs. Who asked for it by another agent hears of it there.
fn is_told(past: &Past, asked: &Draft, rules: &MemoryRules, since_unix_ms: u64) -> bool {
    let plan = &past.story.plan;
    let recent = past.story.entries.last().is_some_and(|entry| entry.unix_ms >= since_unix_ms);
    let consented = rules.consent.as_ref().is_none_or(|consent| plan.asker.consents.contains(consent));
    recent
        && consented
        && plan.call != asked.call
        && plan.asker.agent == asked.asker.agent
        && plan.level >= rules.level
}

fn standing(story: &crate::journal::Story) -> PastStanding {
    let events = || story.entries.iter().map(|entry| &entry.event);
    let facts = || story.entries.iter().filter_map(|entry| fact(&story.plan, entry.number, &entry.event));
    match progress(&story.plan, events()).0 {
        Progress::Running | Progress::Undoing => PastStanding::Running,
        Progress::AwaitingApproval => PastStanding::AwaitingApproval,
        Progress::Completed => {
            let receipts = facts().filter_map(|event| match event.fact {
                PlanFact::StepCommitted { receipt } => Some(receipt),
                _ => None,
            });
            PastStanding::Completed { words: story.plan.done.clone(), receipts: receipts.collect() }
        }
        Progress::Failed => {
            let words = facts().find_map(|event| match event.fact {
                PlanFact::Failed { words, .. } => Some(words),
                _ => None,
            });
            let words = words.unwrap_or_else(|| story.plan.failed.clone());
            PastStanding::Failed { words, facts: story.plan.facts.clone() }
        }
        Progress::InDoubt => PastStanding::InDoubt,
    }
}

/// Wishes of callers who have shown who they are and whose calls may end before they say yes or no, by pack, what they own, and call. In
/// memory, as the plans themselves are that nobody has said yes to.
#[derive(Default)]
pub(crate) struct LeftOpen(Mutex<BTreeMap<(String, String, CallId), Wish>>);

struct Wish {
    agent: String,
    skill: String,
    level: i64,
    consents: BTreeSet<String>,
    since: Instant,
}

impl LeftOpen {
    /// Takes note of how far a plan is. What was carried out, answered or refused is open in no other call either.
    pub(super) fn note(&self, draft: &Draft, most: usize) {
        let open = match draft.stage {
            Stage::Binding | Stage::Ready => true,
            Stage::Answered | Stage::Refused { .. } | Stage::Cancelled | Stage::Begun => false,
        };
        let mut wishes = self.lock();
        for identity in &draft.verified {
            if !open {
                let (first, last) = of_owner(&draft.pack, identity);
                let settled: Vec<_> = wishes
                    .range(first..=last)
                    .filter(|(_, wish)| wish.skill == draft.skill)
                    .map(|(owner, _)| owner.clone())
                    .collect();
                settled.iter().for_each(|owner| drop(wishes.remove(owner)));
                continue;
            }
            let owner = (draft.pack.clone(), identity.clone(), draft.call);
            // Whoever has been waiting longest has found another way.
            if wishes.len() >= most && !wishes.contains_key(&owner) {
                let oldest = wishes.iter().min_by_key(|(_, wish)| wish.since).map(|(owner, _)| owner.clone());
                oldest.and_then(|owner| wishes.remove(&owner));
            }
            let wish = Wish {
                agent: draft.asker.agent.clone(),
                skill: draft.skill.clone(),
                level: draft.level,
                consents: draft.asker.consents.clone(),
                since: Instant::now(),
            };
            wishes.insert(owner, wish);
        }
    }

    /// The skill that the caller of a plan had begun to ask for last in another call.
    fn of(&self, asked: &Draft, rules: &MemoryRules, lasts: Duration) -> Option<String> {
        let wishes = self.lock();
        let may = |wish: &Wish| {
            wish.agent == asked.asker.agent
                && wish.level >= rules.level
                && wish.since.elapsed() < lasts
                && rules.consent.as_ref().is_none_or(|consent| wish.consents.contains(consent))
        };
        let latest = asked
            .verified
            .iter()
            .flat_map(|identity| {
                let (first, last) = of_owner(&asked.pack, identity);
                wishes.range(first..=last)
            })
            .filter(|((_, _, call), wish)| *call != asked.call && may(wish))
            .max_by_key(|(_, wish)| wish.since);
        latest.map(|(_, wish)| wish.skill.clone())
    }

    /// Forgets what was open of a person whose journey is erased.
    pub(crate) fn forget(&self, pack: &str, identity: &str) {
        let (first, last) = of_owner(pack, identity);
        let mut wishes = self.lock();
        let theirs: Vec<_> = wishes.range(first..=last).map(|(owner, _)| owner.clone()).collect();
        theirs.iter().for_each(|owner| drop(wishes.remove(owner)));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, String, CallId), Wish>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From which key to which one's wishes stand.
fn of_owner(pack: &str, identity: &str) -> ((String, String, CallId), (String, String, CallId)) {
    let owner = |call| (pack.to_owned(), identity.to_owned(), call);
    (owner(CallId(0)), owner(CallId(u64::MAX)))
}

/// More than anybody wants to hear of.
const PLANS_MAX: usize = 8;
const DAY_MS: u64 = 86_400_000;
