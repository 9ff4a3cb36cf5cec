//! What may be done in a day, as this core counts it: a ledger, made of what the journal tells.
//!
//! A plan is charged by whoever writes its journal, right before the beginning of a step is written down. Where cores share a journal
//! nobody else can write in between, and what others have written is counted first: so two cores cannot both take what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callwright_model::{CallId, PlanId};
use callwright_plan_core::{Event, Ledger, Limits, Now, Over, Pack, Plan};

use crate::journal::{JournalError, Story, unix_ms};
use crate::run::Run;

/// The ledger of this core.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Of packs that have any.
    limits: BTreeMap<String, Limits>,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    ledger: Ledger,
    /// The place in the journal up to which others have been counted.
    until: Option<u64>,
}

/// A plan that is to be charged before the beginning of a step is written down.
pub(crate) struct Charge {
    tally: Arc<Tally>,
    run: Arc<Run>,
    /// What has happened before.
    events: Vec<Event>,
}

impl Tally {
    pub(crate) fn new<'p>(packs: impl Iterator<Item = &'p Arc<Pack>>) -> Arc<Self> {
        let limited = packs.filter(|pack| !pack.limits.is_empty());
        let limits = limited.map(|pack| (pack.name.clone(), pack.limits.clone())).collect();
        Arc::new(Self { limits, counted: Mutex::default() })
    }

    /// Packs of which anything counts.
    pub(crate) fn packs(&self) -> Vec<&str> {
        self.limits.keys().map(String::as_str).collect()
    }

    /// Whether anything of this pack counts.
    pub(crate) fn counts(&self, pack: &str) -> bool {
        self.limits.contains_key(pack)
    }

    /// Since when plans count, in milliseconds since 1970.
    pub(crate) fn since_unix_ms(&self) -> u64 {
        let now = unix_ms();
        self.limits.values().map(|limits| limits.day_began_unix_ms(now)).min().unwrap_or(now)
    }

    /// The place in the journal up to which others have been counted; `None` before anything was.
    pub(crate) fn until(&self) -> Option<u64> {
        self.lock().until
    }

    /// Counts plans as the journal tells them, in place of what was known of them.
    pub(crate) fn learn(&self, stories: &[Story]) {
        let mut counted = self.lock();
        for Story { plan, entries, .. } in stories {
            let Some(limits) = self.limits.get(&plan.pack) else { continue };
            if let Err(error) = counted.ledger.recall(limits, plan, entries) {
                tracing::error!(plan = %plan.id, %error, "a plan does not count for the limits of today");
            }
        }
    }

    /// Everything up to this place has been counted.
    pub(crate) fn learnt_until(&self, place: u64) {
        let mut counted = self.lock();
        counted.until = counted.until.max(Some(place));
    }

    /// What a plan would go beyond, as far as is known.
    pub(crate) fn foresee(&self, plan: &Plan, events: &[Event]) -> Option<Over> {
        let limits = self.limits.get(&plan.pack)?;
        // A log that does not fit is told when it is decided about.
        self.lock().ledger.foresee(limits, plan, events, unix_ms()).ok()?
    }

    /// The time, with what this caller has used today where the pack's policies look at it.
    pub(crate) fn now(&self, pack: &Pack, plan: &PlanId, caller: (&BTreeSet<String>, CallId)) -> Now {
        let (unix_ms, now) = (unix_ms(), pack.now(unix_ms()));
        if !pack.looks_at_today() {
            return now;
        }
        now.with_today(self.lock().ledger.today(&pack.limits, (&pack.name, plan), caller, unix_ms))
    }

    /// Gives back what a plan was charged with and will not do, or has taken back.
    pub(crate) fn settle(&self, plan: &Plan, events: &[Event]) {
        if self.counts(&plan.pack) {
            self.lock().ledger.settle(plan, events);
        }
    }

    /// A charge of this plan, to be made when what follows from these events is written down.
    pub(crate) fn charge(self: &Arc<Self>, run: &Arc<Run>, events: &[Event]) -> Charge {
        Charge { tally: Arc::clone(self), run: Arc::clone(run), events: events.to_vec() }
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Charge {
    /// In whose ledger.
    pub(crate) fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Makes it, unless it would go beyond a limit: then nothing is charged, and nothing may be written.
    pub(crate) fn make(&self) -> Result<(), JournalError> {
        let Self { tally, run, events } = self;
        let Some(limits) = tally.limits.get(&run.plan.pack) else { return Ok(()) };
        match tally.lock().ledger.charge(limits, &run.plan, events, unix_ms()) {
            Ok(Some(Over { reason, .. })) => {
                tracing::debug!(plan = %run.plan.id, %reason, "somebody else was quicker");
                Err(JournalError::Beyond)
            }
            Ok(None) | Err(_) => Ok(()),
        }
    }
}
