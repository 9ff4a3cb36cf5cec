//! What was done of a day, and what is promised to plans that are on their way.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{CallId, PlanId, Record, Value};
use chrono::NaiveDate;

use super::{DayLimit, Limits, Then};
use crate::bind::Refused;
use crate::execute::{Corrupt, Event, Log};
use crate::explain::Entry;
use crate::plan::{Plan, Step};
use crate::skill::Pack;

/// Everything that counts, of all packs. It is as large as a day's plans are many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    used: BTreeMap<Place, i64>,
    /// What plans are charged with, by step; also those that have ended, so that a log may be told twice.
    plans: BTreeMap<PlanId, Charges>,
}

/// Where something is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    day: NaiveDate,
    pack: String,
    limit: String,
    name: String,
}

/// What a plan is charged with, by step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Charges(BTreeMap<u32, Vec<(Place, i64)>>);

/// What the limits say.
enum Asked {
    Within(Charges),
    Beyond(Box<Over>),
}

/// A limit that a plan would go beyond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// Which.
    pub limit: String,
    /// The step that would.
    pub step: u32,
    /// Its action.
    pub action: String,
    /// What becomes of it.
    pub then: Then,
    /// Why, for the operator.
    pub reason: String,
}

impl Over {
    /// What is written down instead of the beginning of the step that would go beyond.
    #[must_use]
    pub fn instead(self) -> Event {
        let Self { limit, step, then, reason, .. } = self;
        match then {
            Then::Refuse { words, .. } => Event::StepFailed { step, reason, rules: vec![limit], words },
            Then::Ask(approval) => Event::ApprovalAsked {
                role: approval.role,
                steps: vec![step],
                rules: vec![limit],
                within_s: approval.within.as_secs(),
            },
        }
    }

    /// The plan as one that a policy refuses.
    #[must_use]
    pub fn refused(self, pack: &Pack, plan: &Plan, facts: Record) -> Refused {
        let Self { limit, action, then, .. } = self;
        let (words, transfer) = match then {
            Then::Refuse { words, transfer } => (words, transfer),
            Then::Ask(_) => (None, false),
        };
        Refused {
            words: words.unwrap_or_else(|| pack.denied.clone()),
            facts,
            transfer,
            rules: vec![limit],
            action: Some(action),
            steps: plan.views(),
        }
    }
}

impl Ledger {
    /// Whether a plan would go beyond a limit now, with all that can be foreseen of it. Nothing is charged.
    ///
    /// # Errors
    /// [`Corrupt`] when the log is not of this plan.
    pub fn foresee(
        &self,
        limits: &Limits,
        plan: &Plan,
        events: &[Event],
        unix_ms: u64,
    ) -> Result<Option<Over>, Corrupt> {
        match self.charges(limits, plan, events, unix_ms)? {
            Asked::Within(_) => Ok(None),
            Asked::Beyond(over) => Ok(Some(*over)),
        }
    }

    /// What a caller, who has proved to own these, has used of each limit today, by its name: of several of their names the most, and without
    /// what this plan itself is charged with.
    #[must_use]
    pub fn today(
        &self,
        limits: &Limits,
        (pack, plan): (&str, &PlanId),
        (verified, call): (&BTreeSet<String>, CallId),
        unix_ms: u64,
    ) -> Record {
        let used = |place: &Place| {
            let own = self.plans.get(plan).into_iter().flat_map(|charges| charges.0.values().flatten());
            let own: i64 = own.filter(|(at, _)| at == place).map(|(_, amount)| *amount).sum();
            self.used.get(place).copied().unwrap_or_default().saturating_sub(own)
        };
        let of = |limit: &DayLimit| {
            let names = limit.names(verified, call).into_iter();
            let used = names.map(|name| used(&limits.place(pack, limit, name, unix_ms)));
            (limit.name.clone(), Value::Int(used.max().unwrap_or_default()))
        };
        limits.limits.iter().map(of).collect()
    }

    /// Charges a plan with what can be foreseen of it and was not charged before, or with nothing when that is beyond a limit.
    ///
    /// # Errors
    /// [`Corrupt`] when the log is not of this plan.
    pub fn charge(
        &mut self,
        limits: &Limits,
        plan: &Plan,
        events: &[Event],
        unix_ms: u64,
    ) -> Result<Option<Over>, Corrupt> {
        let today = limits.day(unix_ms);
        self.forget_before(today.pred_opt().unwrap_or(today));
        let charges = match self.charges(limits, plan, events, unix_ms)? {
            Asked::Within(charges) => charges,
            Asked::Beyond(over) => return Ok(Some(*over)),
        };
        for (step, charges) in charges.0 {
            for (place, amount) in &charges {
                let used = self.used.entry(place.clone()).or_default();
                *used = used.saturating_add(*amount);
            }
            self.plans.entry(plan.id.clone()).or_default().0.insert(step, charges);
        }
        Ok(None)
    }

    /// Gives back what a plan was charged with and has not done, or has taken back; once it has ended, for the last time.
    pub fn settle(&mut self, plan: &Plan, events: &[Event]) {
        let Some(Charges(steps)) = self.plans.get_mut(&plan.id) else { return };
        let Ok(log) = Log::read(plan, events) else { return };
        let gone = |step: u32| match events.last() {
            Some(Event::Completed) => false,
            // Nothing of it is left.
            Some(Event::Failed { .. }) => true,
            // What may be there counts.
            Some(Event::InDoubt { .. }) => !log.is_begun(step) || log.is_given_back(step),
            Some(_) | None => log.is_given_back(step),
        };
        let given_back: Vec<u32> = steps.keys().copied().filter(|step| gone(*step)).collect();
        let back: Vec<_> = given_back.iter().filter_map(|step| steps.remove(step)).flatten().collect();
        if steps.is_empty() {
            self.plans.remove(&plan.id);
        }
        self.give_back(back);
    }

    /// Takes over what a log tells, in place of what was known of its plan: at each beginning of a step it was charged for all that could
    /// be foreseen, by whoever carried it out.
    ///
    /// # Errors
    /// [`Corrupt`] when the log is not of this plan.
    pub fn recall(&mut self, limits: &Limits, plan: &Plan, entries: &[Entry]) -> Result<(), Corrupt> {
        let events: Vec<Event> = entries.iter().map(|entry| entry.event.clone()).collect();
        let mut charges = Charges::default();
        for (index, entry) in entries.iter().enumerate() {
            if !matches!(entry.event, Event::StepStarted { attempt: 1, .. }) {
                continue;
            }
            for Due { step, limit, amount } in due(limits, &Log::read(plan, &events[..index])?, &charges) {
                let amount = amount.unwrap_or(i64::MAX);
                let places = limit.names(&plan.verified, plan.call).into_iter();
                let places =
                    places.map(|name| (limits.place(&plan.pack, limit, name, entry.unix_ms), amount));
                charges.0.entry(step.number).or_default().extend(places);
            }
        }
        if let Some(Charges(before)) = self.plans.remove(&plan.id) {
            self.give_back(before.into_values().flatten());
        }
        for (place, amount) in charges.0.values().flatten() {
            let used = self.used.entry(place.clone()).or_default();
            *used = used.saturating_add(*amount);
        }
        if !charges.0.is_empty() {
            self.plans.insert(plan.id.clone(), charges);
        }
        self.settle(plan, &events);
        Ok(())
    }

    fn give_back(&mut self, charges: impl IntoIterator<Item = (Place, i64)>) {
        for (place, amount) in charges {
            if let Some(used) = self.used.get_mut(&place) {
                *used = used.saturating_sub(amount);
            }
        }
    }

    /// What is to be charged by step, or what is beyond a limit. A step for which somebody has approved is charged all the same.
    fn charges(
        &self,
        limits: &Limits,
        plan: &Plan,
        events: &[Event],
        unix_ms: u64,
    ) -> Result<Asked, Corrupt> {
        let log = Log::read(plan, events)?;
        let nothing = Charges::default();
        let mut of_plan: BTreeMap<Place, i64> = BTreeMap::new();
        let mut charges = Charges::default();
        for Due { step, limit, amount } in due(limits, &log, self.plans.get(&plan.id).unwrap_or(&nothing)) {
            let approved = match &limit.then {
                Then::Ask(approval) => log.is_approved(step.number, &approval.role),
                Then::Refuse { .. } => false,
            };
            for name in limit.names(&plan.verified, plan.call) {
                let place = limits.place(&plan.pack, limit, name, unix_ms);
                let before = self.used.get(&place).copied().unwrap_or_default();
                let of_plan = of_plan.entry(place.clone()).or_default();
                let sum = amount.and_then(|amount| before.checked_add(*of_plan)?.checked_add(amount));
                if !approved && sum.is_none_or(|sum| sum > limit.most) {
                    let over = limit.over(step.number, &step.action, before, amount);
                    return Ok(Asked::Beyond(Box::new(over)));
                }
                let amount = amount.unwrap_or(i64::MAX);
                *of_plan = of_plan.saturating_add(amount);
                charges.0.entry(step.number).or_default().push((place, amount));
            }
        }
        Ok(Asked::Within(charges))
    }

    fn forget_before(&mut self, day: NaiveDate) {
        if self.used.first_key_value().is_none_or(|(first, _)| first.day >= day) {
            return;
        }
        self.used.retain(|place, _| place.day >= day);
        self.plans.retain(|_, charges| charges.0.values().flatten().any(|(place, _)| place.day >= day));
    }
}

/// Something that counts.
struct Due<'l> {
    step: &'l Step,
    limit: &'l DayLimit,
    /// How much, if it can be added up.
    amount: Option<i64>,
}

/// What counts of a plan's writes to come and was not charged before. What depends on a result to come is charged when that is there.
fn due<'l>(limits: &'l Limits, log: &Log<'l>, charged: &Charges) -> Vec<Due<'l>> {
    let mut due = Vec::new();
    for (step, write) in log.to_come().filter(|(step, _)| !charged.0.contains_key(&step.number)) {
        let Ok(arguments) = write.arguments(&log.facts(step, write)) else { continue };
        let of_step = limits.about(&step.action);
        due.extend(of_step.map(|limit| Due { step, limit, amount: limit.amount(&arguments) }));
    }
    due
}

impl Limits {
    fn about(&self, action: &str) -> impl Iterator<Item = &DayLimit> {
        self.limits.iter().filter(move |limit| limit.of.contains(action))
    }

    fn place(&self, pack: &str, limit: &DayLimit, name: String, unix_ms: u64) -> Place {
        Place { day: self.day(unix_ms), pack: pack.to_owned(), limit: limit.name.clone(), name }
    }
}

impl DayLimit {
    fn over(&self, step: u32, action: &str, before: i64, amount: Option<i64>) -> Over {
        let Self { name, most, .. } = self;
        let unit = self.sum.as_ref().map(|sum| format!(" {}", sum.unit)).unwrap_or_default();
        let reason = match amount {
            Some(amount) => {
                format!("the limit `{name}` is {most}{unit} a day: {before} are used, and this is {amount}")
            }
            None => format!("the limit `{name}` counts{unit}, and this is another unit"),
        };
        Over { limit: name.clone(), step, action: action.to_owned(), then: self.then.clone(), reason }
    }
}
