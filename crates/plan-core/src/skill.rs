//! Skills: what the agent can do for a caller, as `skills/*.yaml` declares it.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{InputSpec, MemoryRules, PHONE_DIGITS_MAX, PHONE_DIGITS_MIN, SlotType, Value};

use crate::asker::{Now, TODAY};
use crate::catalogue::{Action, FieldType};
use crate::expr::Expr;
use crate::limits::Limits;
use crate::policy::Policy;

/// A pack that has passed its checks: everything the action core needs to bind and run its skills.
#[derive(Debug)]
pub struct Pack {
    /// Its name.
    pub name: String,
    /// Words for a denial that brings none of its own.
    pub denied: String,
    /// Its skills, by name.
    pub skills: BTreeMap<String, Skill>,
    /// Its actions, by name.
    pub actions: BTreeMap<String, Action>,
    /// Its policies.
    pub policy: Policy,
    /// What may be done in a day.
    pub limits: Limits,
    /// Whether callers are remembered over their calls.
    pub memory: Option<MemoryRules>,
}

impl Pack {
    /// Whether what policies see of an action depends on what was done today: [`Now::with_today`] is for them.
    #[must_use]
    pub fn looks_at_today(&self) -> bool {
        let mut context = self.actions.values().flat_map(|action| &action.context);
        context.any(|(_, expr)| expr.references().any(|(name, _)| name == TODAY))
    }

    /// A time, as policies and conditions of the pack see it: in the time zone of its `limits.yaml`, UTC where it has none.
    #[must_use]
    pub fn now(&self, unix_ms: u64) -> Now {
        Now::at(unix_ms, self.limits.zone)
    }

    /// Skills that callers can ask for, by name.
    pub fn offered(&self) -> impl Iterator<Item = &Skill> {
        self.skills.values().filter(|skill| !skill.internal)
    }

    /// Actions that a skill may come to, in order of first use: its own, and those of the skills that it uses.
    #[must_use]
    pub fn actions_of(&self, skill: &Skill) -> Vec<String> {
        let (mut actions, mut seen) = (Vec::new(), BTreeSet::from([skill.name.as_str()]));
        let mut open = vec![skill];
        while let Some(skill) = open.pop() {
            for action in skill.actions() {
                if !actions.contains(&action) {
                    actions.push(action);
                }
            }
            let mut used = Vec::new();
            each_use(&skill.steps, &mut |name, _| used.extend(self.skills.get(name)));
            open.extend(used.into_iter().rev().filter(|skill| seen.insert(&skill.name)));
        }
        actions
    }

    /// Names of inputs that are secret in a skill: what the caller says for them must not be shown.
    #[must_use]
    pub fn secret_inputs(&self) -> BTreeSet<String> {
        self.skills.values().flat_map(|skill| crate::load::secret_inputs(self, skill)).collect()
    }
}

/// One skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    /// Its name.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// Its version: twelve digits of a hash of the skill, of those it uses and of all their actions, as they are written;
    /// before them its label and a `+`, where its file has a `version`.
    pub version: String,
    /// Only for other skills to use: no caller can ask for it, and its way may end in nothing, for its user goes on.
    pub internal: bool,
    /// What it must know from the caller, in the order of asking; after its own come those of the skills that it uses and that
    /// it does not give them.
    pub inputs: Vec<(String, InputSpec)>,
    /// What it does.
    pub steps: Vec<Step>,
    /// Words of the claim; empty for a skill that only reads.
    pub done: String,
    /// Words when it failed; empty for a skill that only reads.
    pub failed: String,
    /// Its file, for messages.
    pub file: String,
    /// Where its name stands in it.
    pub line: Option<u32>,
}

/// One step of a skill as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it stands in its file.
    pub line: Option<u32>,
    /// What it does.
    pub what: StepKind,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// Looks something up.
    Read {
        /// How.
        call: CallStep,
        /// Inputs to forget and words to say when an argument names nothing.
        not_found: Vec<NotFound>,
    },
    /// Changes something.
    Write {
        /// How.
        call: CallStep,
        /// Only if this holds.
        when: Option<Expr>,
    },
    /// Goes one way or the other.
    Branch {
        /// Which.
        when: Expr,
        /// If it holds.
        then: Vec<Step>,
        /// If not.
        otherwise: Vec<Step>,
    },
    /// Asks the caller for an input that no step before needed, if it is not there.
    Ask {
        /// The input.
        input: String,
    },
    /// Lets the caller choose.
    Choose {
        /// The name of the choice, and of the input that takes its number.
        name: String,
        /// The list.
        from: Expr,
        /// How many to offer.
        most: usize,
        /// Words to offer with.
        words: String,
    },
    /// Does its steps once for each item of a list.
    ForEach {
        /// The name of the item inside.
        item: String,
        /// The list.
        list: Expr,
        /// How many items it may have.
        most: usize,
        /// The name of the list of what each time brought, if it is wanted.
        name: Option<String>,
        /// What is done with each.
        steps: Vec<Step>,
    },
    /// Does another skill of the pack, whose names stay its own.
    Use {
        /// The skill.
        skill: String,
        /// Its inputs.
        with: Vec<(String, Expr)>,
        /// The name of what it brought.
        name: String,
    },
    /// Reads back and waits for a yes; what follows writes.
    Confirm {
        /// Words to read back with.
        words: String,
    },
    /// Ends with an answer.
    Answer {
        /// The words.
        words: String,
    },
    /// Ends with a no.
    Refuse {
        /// The words.
        words: String,
        /// A human shall go on.
        transfer: bool,
    },
}

/// An action called by a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallStep {
    /// The action.
    pub action: String,
    /// Its arguments.
    pub with: Vec<(String, Expr)>,
    /// The name of its result.
    pub name: String,
    /// Arguments that the file leaves out and that were bound to what the skill knows anyway.
    pub filled: Vec<String>,
    /// For a read that is not in the file: what it was added to tell.
    pub added: Option<String>,
}

/// What to do when a read finds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    /// The input that is wrong then.
    pub input: String,
    /// Words that say so.
    pub words: String,
}

impl Skill {
    /// Actions it names itself, in order of first use.
    pub(crate) fn actions(&self) -> Vec<String> {
        let mut actions: Vec<String> = Vec::new();
        each_call(&self.steps, &mut |call| {
            if !actions.contains(&call.action) {
                actions.push(call.action.clone());
            }
        });
        actions
    }

    /// The input of this name.
    pub(crate) fn input(&self, name: &str) -> Option<&InputSpec> {
        self.inputs.iter().find(|(input, _)| input == name).map(|(_, spec)| spec)
    }
}

/// Visits every call of every branch and loop, in order; not those of the skills it uses.
pub(crate) fn each_call<'s>(steps: &'s [Step], visit: &mut impl FnMut(&'s CallStep)) {
    for step in steps {
        match &step.what {
            StepKind::Read { call, .. } | StepKind::Write { call, .. } => visit(call),
            StepKind::Branch { then, otherwise, .. } => {
                each_call(then, visit);
                each_call(otherwise, visit);
            }
            StepKind::ForEach { steps, .. } => each_call(steps, visit),
            StepKind::Use { .. }
            | StepKind::Ask { .. }
            | StepKind::Choose { .. }
            | StepKind::Confirm { .. }
            | StepKind::Answer { .. }
            | StepKind::Refuse { .. } => {}
        }
    }
}

/// Visits every use of another skill, in order.
pub(crate) fn each_use<'s>(steps: &'s [Step], visit: &mut impl FnMut(&'s str, &'s [(String, Expr)])) {
    for step in steps {
        match &step.what {
            StepKind::Use { skill, with, .. } => visit(skill, with),
            StepKind::Branch { then, otherwise, .. } => {
                each_use(then, visit);
                each_use(otherwise, visit);
            }
            StepKind::ForEach { steps, .. } => each_use(steps, visit),
            StepKind::Read { .. }
            | StepKind::Write { .. }
            | StepKind::Ask { .. }
            | StepKind::Choose { .. }
            | StepKind::Confirm { .. }
            | StepKind::Answer { .. }
            | StepKind::Refuse { .. } => {}
        }
    }
}

/// The type of the fact that a slot becomes.
pub(crate) fn slot_type(slot: &SlotType) -> FieldType {
    match slot {
        SlotType::Code { .. } | SlotType::Digits { .. } => FieldType::Code,
        SlotType::YesNo => FieldType::Bool,
        SlotType::Date { .. } => FieldType::Date,
        SlotType::Time | SlotType::DateTime { .. } => FieldType::Time,
        SlotType::Duration { .. } | SlotType::Number { .. } => FieldType::Int,
        SlotType::Money { .. } => FieldType::Money,
        SlotType::Phone => FieldType::Code,
        SlotType::Email | SlotType::Name | SlotType::Choice { .. } => FieldType::Text,
    }
}

/// An input as facts carry it, or `None` when it does not fit the slot: it is asked for again.
pub(crate) fn accept_input(slot: &SlotType, value: &Value) -> Option<Value> {
    let squeezed = || -> Option<String> {
        let text = value.as_text()?;
        Some(text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_uppercase())
    };
    match slot {
        SlotType::Code { length } => squeezed()
            .filter(|code| {
                code.len() == usize::from(*length) && code.bytes().all(|b| b.is_ascii_alphanumeric())
            })
            .map(Value::Code),
        SlotType::Digits { length } => squeezed()
            .filter(|code| code.len() == usize::from(*length) && code.bytes().all(|b| b.is_ascii_digit()))
            .map(Value::Code),
        SlotType::YesNo => matches!(value, Value::Bool(_)).then(|| value.clone()),
        SlotType::Date { .. } => value.as_text().map(|date| Value::Date(date.to_owned())),
        SlotType::Time | SlotType::DateTime { .. } => {
            value.as_text().map(|time| Value::Time(time.to_owned()))
        }
        SlotType::Duration { bounds } | SlotType::Number { bounds } => {
            matches!(value, Value::Int(number) if bounds.hold(*number)).then(|| value.clone())
        }
        SlotType::Money { bounds, .. } => {
            matches!(value, Value::Money(money) if bounds.hold(money.minor)).then(|| value.clone())
        }
        SlotType::Phone => squeezed()
            .filter(|number| {
                let digits = number.strip_prefix('+').unwrap_or(number);
                let lengths = usize::from(PHONE_DIGITS_MIN)..=usize::from(PHONE_DIGITS_MAX);
                lengths.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
            })
            .map(Value::Code),
        SlotType::Email => value.as_text().filter(|text| text.contains('@')).map(Value::from),
        SlotType::Name => value.as_text().map(|name| Value::Text(name.to_owned())),
        SlotType::Choice { of } => {
            value.as_text().filter(|text| of.iter().any(|o| o == text)).map(Value::from)
        }
    }
}
