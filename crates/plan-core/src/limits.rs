//! Limits per caller and day: how often something may be done, and how much of it, whoever allows each single time.
//!
//! A pack declares them in `limits.yaml` beside its policies, and both must let a write through. Policies see one plan; what was done by
//! others is in the [`Ledger`], which is kept by whoever carries plans out and can be made anew from their logs.
//!
//! A plan is charged for all that can be foreseen before its first write, and for the rest when it is due: so two plans at once cannot
//! both take what is left. What fails or is taken back is given back. A caller is known by what they have proved to own; who has proved
//! nothing, by their call.

mod ledger;

use std::collections::BTreeSet;

use callwright_model::{CallId, Record, Value};
use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;

use crate::policy::Approval;
pub use ledger::{Ledger, Over};

/// The limits of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Where a day begins at midnight.
    pub(crate) zone: Tz,
    pub(crate) limits: Vec<DayLimit>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { zone: Tz::UTC, limits: Vec::new() }
    }
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayLimit {
    /// Its name, as explanations have it.
    pub name: String,
    /// The writes that count.
    pub of: BTreeSet<String>,
    /// Whose are counted together.
    pub per: Per,
    /// What is added up; `None` counts how often.
    pub sum: Option<Sum>,
    /// The most of a day.
    pub most: i64,
    /// What becomes of what would be more.
    pub then: Then,
    /// Where it stands in its file.
    pub line: Option<u32>,
}

/// Whose writes are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Each caller's of a day.
    CallerAndDay,
    /// All of a day.
    Day,
}

/// What is added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// An input of the actions, a whole number or money.
    pub input: String,
    /// Its unit, or its currency: then it is in minor units. Of another one it cannot be added up, and counts as too much.
    pub unit: String,
}

/// What becomes of what would be more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// It is not done.
    Refuse {
        /// Words for the caller; the pack's usual ones when there are none.
        words: Option<String>,
        /// A human shall go on.
        transfer: bool,
    },
    /// It is done once somebody has approved.
    Ask(Approval),
}

impl Limits {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Midnight, in milliseconds since 1970, before which nothing counts any more. Never later than the day's beginning.
    #[must_use]
    pub fn day_began_unix_ms(&self, unix_ms: u64) -> u64 {
        // A day has 25 hours when clocks are put back, and zones change at odd hours: looked at hour by hour, back to 26.
        let today = self.day(unix_ms);
        let hours = (1..=26_u64).map(|hour| unix_ms.saturating_sub(hour * 3_600_000));
        hours.take_while(|at| self.day(*at) == today).last().unwrap_or(unix_ms).saturating_sub(3_600_000)
    }

    fn day(&self, unix_ms: u64) -> NaiveDate {
        let at = i64::try_from(unix_ms).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default();
        at.with_timezone(&self.zone).date_naive()
    }
}

impl DayLimit {
    /// How much a write with these arguments counts; `None` when it cannot be added up.
    fn amount(&self, arguments: &Record) -> Option<i64> {
        let Some(sum) = &self.sum else { return Some(1) };
        match arguments.get(&sum.input)? {
            // Nobody makes room for themselves by a negative one.
            Value::Int(number) => Some((*number).max(0)),
            Value::Money(money) => (money.currency == sum.unit).then_some(money.minor.max(0)),
            Value::Bool(_)
            | Value::Text(_)
            | Value::Code(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::List(_)
            | Value::Record(_) => None,
        }
    }

    /// Under whose names a plan's writes are counted. Of several that the caller has proved to own each counts.
    fn names(&self, verified: &BTreeSet<String>, call: CallId) -> Vec<String> {
        match self.per {
            Per::Day => vec![String::new()],
            Per::CallerAndDay if verified.is_empty() => vec![format!("call {call}")],
            Per::CallerAndDay => verified.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests;
