//! What was done of a day, and what is promised to plans that are on their way.

use std::collections::BTreeMap;

use callwright_model::PlanId;
use chrono::NaiveDate;

use super::{DayLimit, Limits, Then};
use crate::execute::{Corrupt, Event, Log, is_finished};
use crate::explain::Entry;
use crate::plan::Plan;

/// Everything that counts, of all packs. It is as large as a day's callers are many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    used: BTreeMap<Place, i64>,
    /// What plans that have not ended are charged with, by step.
    open: BTreeMap<PlanId, Charges>,
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
            self.open.entry(plan.id.clone()).or_default().0.insert(step, charges);
        }
        Ok(None)
    }

    /// Gives back what a plan was charged with and has not done, or has taken back; once it has ended, for the last time.
    pub fn settle(&mut self, plan: &Plan, events: &[Event]) {
        let Some(Charges(steps)) = self.open.get_mut(&plan.id) else { return };
        let Ok(log) = Log::read(plan, events) else { return };
        let gone = |step: u32| match events.last() {
            Some(Event::Completed) => false,
            // Nothing of it is left.
            Some(Event::Failed { .. }) => true,
            // What may be there counts.
            Some(Event::InDoubt { .. }) => !log.is_begun(step) || log.is_given_back(step),
            Some(_) | None => log.is_given_back(step),
        };
        let ended = is_finished(events);
        let given_back: Vec<u32> = steps.keys().copied().filter(|step| gone(*step)).collect();
        for (place, amount) in given_back.iter().filter_map(|step| steps.remove(step)).flatten() {
            if let Some(used) = self.used.get_mut(&place) {
                *used = used.saturating_sub(amount);
            }
        }
        if ended || steps.is_empty() {
            self.open.remove(&plan.id);
        }
    }

    /// Takes over what a log of before tells, as it was charged then.
    ///
    /// # Errors
    /// [`Corrupt`] when the log is not of this plan.
    pub fn recall(&mut self, limits: &Limits, plan: &Plan, entries: &[Entry]) -> Result<(), Corrupt> {
        let events: Vec<Event> = entries.iter().map(|entry| entry.event.clone()).collect();
        let log = Log::read(plan, &events)?;
        let begun = entries.iter().filter_map(|entry| match &entry.event {
            Event::StepStarted { step, attempt: 1, .. } => Some((*step, entry.unix_ms)),
            _ => None,
        });
        for (number, unix_ms) in begun {
            let Some((step, write)) = plan.step(number).and_then(|step| Some((step, step.write.as_ref()?)))
            else {
                continue;
            };
            let Ok(arguments) = write.arguments(&log.facts(step, write)) else { continue };
            let charges: Vec<(Place, i64)> = limits
                .about(&step.action)
                .flat_map(|limit| {
                    let amount = limit.amount(&arguments).unwrap_or(i64::MAX);
                    limit
                        .names(plan)
                        .into_iter()
                        .map(move |name| (limits.place(plan, limit, name, unix_ms), amount))
                })
                .collect();
            for (place, amount) in &charges {
                let used = self.used.entry(place.clone()).or_default();
                *used = used.saturating_add(*amount);
            }
            self.open.entry(plan.id.clone()).or_default().0.insert(number, charges);
        }
        self.settle(plan, &events);
        Ok(())
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
        let charged = self.open.get(&plan.id);
        let mut of_plan: BTreeMap<Place, i64> = BTreeMap::new();
        let mut charges = Charges::default();
        for (step, write) in log.to_come() {
            if charged.is_some_and(|steps| steps.0.contains_key(&step.number)) {
                continue;
            }
            // What depends on a result to come is charged when it is there.
            let Ok(arguments) = write.arguments(&log.facts(step, write)) else { continue };
            for limit in limits.about(&step.action) {
                let amount = limit.amount(&arguments);
                let approved = match &limit.then {
                    Then::Ask(approval) => log.is_approved(step.number, &approval.role),
                    Then::Refuse { .. } => false,
                };
                for name in limit.names(plan) {
                    let place = limits.place(plan, limit, name, unix_ms);
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
        }
        Ok(Asked::Within(charges))
    }

    fn forget_before(&mut self, day: NaiveDate) {
        while let Some(first) = self.used.first_entry().filter(|first| first.key().day < day) {
            first.remove();
        }
    }
}

impl Limits {
    fn about(&self, action: &str) -> impl Iterator<Item = &DayLimit> {
        self.limits.iter().filter(move |limit| limit.of.contains(action))
    }

    fn place(&self, plan: &Plan, limit: &DayLimit, name: String, unix_ms: u64) -> Place {
        Place { day: self.day(unix_ms), pack: plan.pack.clone(), limit: limit.name.clone(), name }
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
