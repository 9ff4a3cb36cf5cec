//! What calls share, and how one of them is set up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use callwright_demo_backends::{Fault, Faults, InStep, airline, shop};
use callwright_dialogue_core::Pack as Dialogue;
use callwright_model::{Language, PackSource, Problem, Severity};
use callwright_plan_core::Pack as Actions;

/// A pack, made ready for many calls.
#[derive(Clone)]
pub struct Stage {
    pub(crate) dialogue: Arc<Dialogue>,
    pub(crate) actions: Arc<Actions>,
}

impl Stage {
    /// Loads a pack, for the dialogue and for the plans.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn load(source: &PackSource) -> Result<Self, Vec<Problem>> {
        let dialogue = Dialogue::load(source)?;
        let mut problems = callwright_plan_core::check(source);
        problems.retain(|problem| problem.severity == Severity::Error);
        if !problems.is_empty() {
            return Err(problems);
        }
        let actions = Actions::load(source)?;
        Ok(Self { dialogue: Arc::new(dialogue), actions: Arc::new(actions) })
    }

    /// What can be talked about.
    #[must_use]
    pub fn pack(&self) -> &Dialogue {
        &self.dialogue
    }
}

/// How a call is set up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Setup {
    /// The number of the call.
    pub number: u64,
    /// The language that it begins in; the pack's first unless said otherwise.
    pub language: Option<Language>,
    /// The caller's number, if the network tells it.
    pub caller: Option<String>,
    /// The caller is asked whether the call may be recorded.
    pub ask_recording: bool,
    /// SQL for the systems' databases before the call, by connector.
    pub before: BTreeMap<String, String>,
    /// What goes wrong, by connector, as `--fault` of `callwright demo` says it: `assign_seat=lost-reply`.
    pub faults: BTreeMap<String, Vec<Fault>>,
    /// Humans, in the order in which they are rung.
    pub humans: Vec<Human>,
}

/// A human who can be rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Human {
    /// Whether they take the call once they were told whom it is about.
    pub accepts: bool,
    /// What they are told in; without it in the usual language.
    pub language: Option<Language>,
}

impl Setup {
    /// The systems behind a pack: the demo's, each new and in memory.
    pub(crate) fn systems(&self, pack: &Actions) -> Result<BTreeMap<String, InStep>, String> {
        let named: BTreeSet<&str> =
            pack.actions.values().map(|action| action.call.connector.as_str()).collect();
        let unknown =
            self.before.keys().chain(self.faults.keys()).find(|name| !named.contains(name.as_str()));
        if let Some(name) = unknown {
            return Err(format!("the pack has no connector `{name}`"));
        }
        let open = |name: &str| {
            let faults = Faults::default();
            self.faults.get(name).into_iter().flatten().for_each(|fault| faults.add(fault.clone()));
            let system = match name {
                "airline" => airline::in_step(DAY, faults),
                "shop" => shop::in_step(DAY, faults),
                _ => {
                    let known = "rehearsals know `airline` and `shop`, the demo's";
                    return Err(format!("there is no system behind the connector `{name}`: {known}"));
                }
            };
            let system = system.map_err(|error| error.to_string())?;
            if let Some(sql) = self.before.get(name) {
                system.prepare(sql).map_err(|error| format!("the database of `{name}`: {error}"))?;
            }
            Ok((name.to_owned(), system))
        };
        named.into_iter().map(open).collect()
    }

    /// When the call begins, in milliseconds since 1970: the day before the demo's flights leave, in the morning of Denver.
    pub(crate) const fn began_unix_ms(&self) -> u64 {
        BEGAN_UNIX_MS
    }
}

/// The day on which the demo's flights leave.
const DAY: &str = "2026-11-23";
/// 2026-11-22T16:00:00Z.
const BEGAN_UNIX_MS: u64 = 1_795_363_200_000;
