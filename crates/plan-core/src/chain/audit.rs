//! Checking a journal against its chain.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use thiserror::Error;

use super::{Hash, Head, Origin, Sealed, SealedPlan, Written};
use crate::execute::{Event, is_finished};

/// Something in a journal that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The plan it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The event's place in the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
    /// The entry's place in the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// What does not fit.
    #[serde(flatten)]
    pub what: Misfit,
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Error)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Misfit {
    /// The entry is not what was hashed.
    #[error("does not fit its own hash: it was changed after it was written")]
    Changed,
    /// The entry was written after another one.
    #[error("does not hold the hash of the entry before it: one was changed, removed, put in or moved")]
    NotAfter,
    /// Entries are gone.
    #[error("comes after a gap: entries {from} to {to} are missing")]
    EntriesMissing {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// Two entries claim one place.
    #[error("stands where another entry stands: one of them was put in or moved")]
    PlaceTaken,
    /// The plan is not the one that its events began with.
    #[error("is not the plan that was consented to")]
    PlanChanged,
    /// The event was written after another one of the plan.
    #[error(
        "does not hold the hash of the event before it in the plan: one was changed, removed, put in or moved"
    )]
    NotAfterInPlan,
    /// Events are not in their order.
    #[error("stands where event {expected} should stand")]
    EventsMissing {
        /// The number that was due.
        expected: u64,
    },
    /// There are events of a plan that is not there.
    #[error("is of a plan that is missing")]
    PlanMissing,
    /// There is a plan without its consent.
    #[error("has no events: they were removed, or the plan was put in")]
    NoEvents,
    /// The mark says that the plan has ended, or has not, and the events say otherwise.
    #[error("is marked as {}, and its events say otherwise", mark(.marked))]
    Mark {
        /// The mark.
        marked: bool,
    },
    /// An event that fits its hash and that nobody understands.
    #[error("is no event that this version knows: {why}")]
    Unreadable {
        /// What is wrong with it.
        why: String,
    },
    /// The head that was noted elsewhere is not in the chain.
    #[error(
        "the head {head} is not in this journal: its newest entries were cut off, or it was written anew, or it is another one"
    )]
    HeadMissing {
        /// The head.
        head: Hash,
    },
    /// The file does not hold together.
    #[error("the file is damaged: {why}")]
    Damaged {
        /// What the database says.
        why: String,
    },
}

fn mark(ended: &bool) -> &'static str {
    if *ended { "ended" } else { "going on" }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.plan, self.event) {
            (Some(plan), Some(event)) => write!(f, "plan {plan}, event {event}")?,
            (Some(plan), None) if self.entry.is_some() => write!(f, "refusal of plan {plan}")?,
            (Some(plan), None) => write!(f, "plan {plan}")?,
            (None, _) => {}
        }
        if let Some(entry) = self.entry {
            write!(f, " (entry {entry})")?;
        }
        if self.plan.is_some() {
            f.write_str(" ")?;
        }
        write!(f, "{}", self.what)
    }
}

/// Checks a journal: all its plans, then all its entries by place, then the end. One change is told once; what comes after it is
/// judged by itself.
#[derive(Debug)]
pub struct Audit {
    origin: Origin,
    head: Head,
    plans: BTreeMap<String, Seen>,
    sought: Option<Sought>,
    events: u64,
    refusals: u64,
    erased: u64,
    findings: Vec<Finding>,
}

/// A plan, as far as its events were seen.
#[derive(Debug)]
struct Seen {
    /// Hash of the plan or, later, of its last event.
    hash: Hash,
    /// Number of its last event.
    number: u64,
    /// Whether its last event ends it; unknown when that cannot be read.
    ended: Option<bool>,
    /// As it is marked; `None` when only events are there.
    marked: Option<bool>,
}

/// A head that was noted elsewhere.
#[derive(Debug)]
struct Sought {
    hash: Hash,
    place: Option<u64>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audited {
    /// How many plans there are.
    pub plans: u64,
    /// How many events.
    pub events: u64,
    /// How many refusals.
    pub refusals: u64,
    /// How many plans, events and refusals were erased since; of those only the hashes are there.
    pub erased: u64,
    /// How many events and refusals were there before the chain was begun.
    pub adopted: u64,
    /// When it was begun, in milliseconds since 1970.
    pub begun_unix_ms: u64,
    /// Hash of the last entry: to be noted elsewhere.
    pub head: Hash,
    /// Entries after the head that was sought, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_head: Option<u64>,
    /// What does not fit.
    pub findings: Vec<Finding>,
}

impl Audit {
    /// Begins. `noted` is a head that was noted earlier: it must be in the chain.
    #[must_use]
    pub fn new(origin: Origin, noted: Option<Hash>) -> Self {
        let head = origin.head();
        let place = |hash| (hash == head.hash).then_some(0);
        Self {
            origin,
            head,
            plans: BTreeMap::new(),
            sought: noted.map(|hash| Sought { hash, place: place(hash) }),
            events: 0,
            refusals: 0,
            erased: 0,
            findings: Vec::new(),
        }
    }

    /// A plan. All of them come before the entries.
    pub fn plan(&mut self, plan: &SealedPlan) {
        self.erased += u64::from(plan.is_erased());
        let seen = Seen { hash: plan.hash(), number: 0, ended: Some(false), marked: Some(plan.finished) };
        self.plans.insert(plan.id.clone(), seen);
    }

    /// An entry. They come by place.
    pub fn entry(&mut self, entry: &Sealed) {
        let mut misfits = Vec::new();
        let due = self.head.place.saturating_add(1);
        if entry.place > due {
            misfits.push(Misfit::EntriesMissing { from: due, to: entry.place - 1 });
        } else if entry.place < due {
            misfits.push(Misfit::PlaceTaken);
        } else if entry.before != self.head.hash {
            misfits.push(Misfit::NotAfter);
        }
        let (fits, erased) = (entry.computed() == entry.hash, entry.is_erased());
        self.erased += u64::from(erased);
        if !fits {
            misfits.push(Misfit::Changed);
        }
        let number = match &entry.what {
            Written::Event { number, before_in_plan, text } => {
                self.events += 1;
                let seen = self.plans.entry(entry.plan.clone()).or_insert_with(|| {
                    misfits.push(Misfit::PlanMissing);
                    Seen {
                        hash: *before_in_plan,
                        number: number.saturating_sub(1),
                        ended: None,
                        marked: None,
                    }
                });
                misfits.extend(seen.event(*number, *before_in_plan));
                seen.hash = entry.hash;
                seen.ended = match serde_json::from_str::<Event>(text) {
                    // What it said is gone, and that it fits is all that can be told.
                    Err(_) if erased => None,
                    Ok(event) => Some(is_finished(&[event])),
                    Err(error) => {
                        if fits {
                            misfits.push(Misfit::Unreadable { why: error.to_string() });
                        }
                        None
                    }
                };
                Some(*number)
            }
            Written::Refusal { .. } => {
                self.refusals += 1;
                None
            }
        };
        for what in misfits {
            let (plan, entry) = (Some(entry.plan.clone()), Some(entry.place));
            self.findings.push(Finding { plan, event: number, entry, what });
        }
        if let Some(sought) = &mut self.sought
            && sought.hash == entry.hash
            && fits
        {
            sought.place = Some(entry.place);
        }
        self.head = entry.head();
    }

    /// The file itself does not hold together.
    pub fn damaged(&mut self, why: String) {
        self.findings.push(Finding { plan: None, event: None, entry: None, what: Misfit::Damaged { why } });
    }

    /// All was read.
    #[must_use]
    pub fn finish(mut self) -> Audited {
        for (plan, seen) in &self.plans {
            let what = match (seen.marked, seen.ended) {
                (Some(_), _) if seen.number == 0 => Misfit::NoEvents,
                (Some(marked), Some(ended)) if marked != ended => Misfit::Mark { marked },
                (_, _) => continue,
            };
            self.findings.push(Finding { plan: Some(plan.clone()), event: None, entry: None, what });
        }
        if let Some(Sought { hash: head, place: None }) = self.sought {
            let what = Misfit::HeadMissing { head };
            self.findings.push(Finding { plan: None, event: None, entry: None, what });
        }
        let place = self.sought.and_then(|sought| sought.place);
        Audited {
            plans: self.plans.values().filter(|seen| seen.marked.is_some()).count() as u64,
            events: self.events,
            refusals: self.refusals,
            erased: self.erased,
            adopted: self.origin.adopted,
            begun_unix_ms: self.origin.unix_ms,
            head: self.head.hash,
            since_head: place.map(|place| self.head.place.saturating_sub(place)),
            findings: self.findings,
        }
    }
}

impl Seen {
    /// What does not fit about the next event's place in the plan.
    fn event(&mut self, number: u64, before: Hash) -> Option<Misfit> {
        let expected = self.number.saturating_add(1);
        self.number = number;
        if number != expected {
            return Some(Misfit::EventsMissing { expected });
        }
        (before != self.hash).then_some(if number == 1 {
            Misfit::PlanChanged
        } else {
            Misfit::NotAfterInPlan
        })
    }
}
