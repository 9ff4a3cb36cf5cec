//! What policies see besides a call and its arguments: who asks for a plan, how sure it is who the caller is, and what time it is.

use std::collections::BTreeSet;

use callwright_model::{CallId, Language, PlanId, Record, Value};
use chrono::{DateTime, Datelike as _, NaiveDateTime, Timelike as _};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Who asks for a plan, and for what the caller has given consent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Through whom the caller asks: `callwright` for its own conversations, or what another agent calls itself. Empty when nobody says.
    pub agent: String,
    /// What the caller has consented to, by names that whoever talks to them and the policies agree on.
    pub consents: BTreeSet<String>,
    /// What the caller speaks. No policy sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

impl Asker {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.agent.is_empty() && self.consents.is_empty() && self.language.is_none()
    }
}

/// Whose a plan is.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'w> {
    /// The plan's identity.
    pub plan: &'w PlanId,
    /// The call it is for.
    pub call: CallId,
    /// Who asks.
    pub asker: &'w Asker,
    /// When.
    pub now: &'w Now,
}

/// A time, as the clocks of a pack's time zone show it, with what was done on its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    unix_s: i64,
    local: NaiveDateTime,
    today: Record,
}

impl Now {
    /// This many milliseconds since 1970, in a time zone.
    #[must_use]
    pub fn at(unix_ms: u64, zone: Tz) -> Self {
        let at = i64::try_from(unix_ms).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default();
        Self { unix_s: at.timestamp(), local: at.with_timezone(&zone).naive_local(), today: Record::new() }
    }

    /// As it is written in files: `2026-11-27T10:30`, in this time zone.
    pub(crate) fn parse(text: &str, zone: Tz) -> Option<Self> {
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok()?;
        // An hour that clocks leave out is no time; of one that they repeat the first is meant.
        let at = local.and_local_timezone(zone).earliest()?;
        Some(Self { unix_s: at.timestamp(), local, today: Record::new() })
    }

    /// With what has been used of the pack's limits, as [`crate::Ledger::today`] tells it.
    #[must_use]
    pub fn with_today(self, today: Record) -> Self {
        Self { today, ..self }
    }

    fn facts(&self) -> Record {
        let number = |name: &str, value: u32| (name.to_owned(), Value::Int(i64::from(value)));
        Record::from([
            ("date".to_owned(), Value::Date(self.local.date().to_string())),
            number("hour", self.local.hour()),
            number("minute", self.local.minute()),
            number("weekday", self.local.weekday().number_from_monday()),
            ("unix_s".to_owned(), Value::Int(self.unix_s)),
        ])
    }
}

/// What an action's `context` may name beside its `input`.
pub(crate) const ROOTS: [&str; 5] = ["caller", "agent", "now", TODAY, RISK];
/// The action's own.
pub(crate) const RISK: &str = "risk";
/// The one that costs a look into the ledger.
pub(crate) const TODAY: &str = "today";

/// What is known by these names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'s> {
    pub(crate) asker: &'s Asker,
    pub(crate) verified: &'s BTreeSet<String>,
    pub(crate) level: i64,
    pub(crate) now: &'s Now,
}

impl Seen<'_> {
    pub(crate) fn facts(self) -> Record {
        let texts = |set: &BTreeSet<String>| set.iter().map(|text| Value::from(text.as_str())).collect();
        let caller = Record::from([
            ("level".to_owned(), Value::Int(self.level)),
            ("verified".to_owned(), Value::List(texts(self.verified))),
            ("consents".to_owned(), Value::List(texts(&self.asker.consents))),
        ]);
        Record::from([
            ("caller".to_owned(), Value::Record(caller)),
            ("agent".to_owned(), Value::from(self.asker.agent.as_str())),
            ("now".to_owned(), Value::Record(self.now.facts())),
            (TODAY.to_owned(), Value::Record(self.now.today.clone())),
        ])
    }
}

/// How sure it is who the caller is, when they have proved to own something: by telling what only its owner knows, or by its name alone.
pub(crate) fn level_of(secret: bool) -> i64 {
    if secret { 2 } else { 1 }
}
