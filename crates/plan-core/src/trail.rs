//! How a plan came to be, as it is kept beside it: what its inputs rest on, and what the walk through the skill met, also the
//! ways that were not taken. Nothing of it is personal: facts are told by name, of their values only amounts and yes or no.

use std::collections::BTreeMap;

use callwright_model::{Record, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::asker::Whose;
use crate::bind::{BindError, Binding, Reads, retrace};
use crate::explain::redact;
use crate::load::secret_inputs;
use crate::policy::{Open, Ruling, Verdict};
use crate::reason::{Because, Reason, Source, SourceValue};
use crate::skill::{Pack, Step, StepKind};

/// How a plan came to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// What the skill is for, as its author says.
    pub summary: String,
    /// What was given, in the order of asking.
    pub inputs: Vec<Given>,
    /// What the walk met, in order.
    pub met: Vec<Met>,
}

/// What an input rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The input, or the choice.
    pub input: String,
    /// It is used and then forgotten.
    pub secret: bool,
    /// When and by what it was given.
    #[serde(flatten)]
    pub basis: Basis,
}

/// When an input was given, and by what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// With which question about the plan, from 1; what is corrected counts anew.
    pub question: u32,
    /// When, in milliseconds since 1970.
    pub unix_ms: u64,
    /// Where whoever asked keeps the caller's words, as they told it: `turn-4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// How a read went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// When it was begun, in milliseconds since 1970.
    pub unix_ms: u64,
    /// How long it took, with all attempts.
    pub took_ms: u64,
    /// How many attempts that were.
    pub attempts: u32,
}

/// One thing that the walk met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// The file of the skill.
    pub file: String,
    /// The line of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How many loops and used skills are around it.
    pub depth: usize,
    /// What it was.
    #[serde(flatten)]
    pub what: Waypoint,
}

/// What it was that the walk met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "met", rename_all = "snake_case")]
pub enum Waypoint {
    /// A condition, and which way it led.
    Branch {
        /// As it is written.
        when: String,
        /// Whether it held.
        holds: bool,
        /// The facts that it looks at, redacted.
        looked_at: BTreeMap<String, Json>,
        /// What would have come the other way, in words.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left: Vec<String>,
    },
    /// A turn of a loop; turn 0 of 0 when there was nothing in the list.
    Turn {
        /// The name of the item.
        item: String,
        /// The list.
        list: String,
        /// Which, from 1.
        turn: usize,
        /// How many there are.
        of: usize,
    },
    /// Another skill.
    Used {
        /// Which.
        skill: String,
        /// What it was given.
        with: Vec<Bind>,
    },
    /// Something to look up.
    Read {
        /// Place in the plan, from 1.
        step: usize,
        /// The action.
        action: String,
        /// With what.
        with: Vec<Bind>,
        /// Whether policies let it be asked.
        allowed: bool,
        /// Rules that decided.
        rules: Vec<String>,
        /// How it went; `None` when it was not made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<Made>,
    },
    /// Something to choose from.
    Chosen {
        /// The name of the choice.
        name: String,
        /// The list.
        from: String,
        /// How many options there were.
        options: usize,
        /// The number that was chosen, from 1; a single option is nobody's choice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chosen: Option<usize>,
    },
    /// What was read back.
    Confirmed {
        /// The words.
        words: String,
    },
    /// Something to write.
    Write {
        /// Place in the plan, from 1.
        step: usize,
        /// The action.
        action: String,
        /// With what.
        with: Vec<Bind>,
    },
    /// What the policies say once everything is bound.
    Judged {
        /// The step; `None` for the plan as a whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<usize>,
        /// Whether it may be done; `None` when that depends on a result to come, and is asked then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        allowed: Option<bool>,
        /// The role that must approve first, when that is all that is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<String>,
        /// Rules that decided, or that will.
        rules: Vec<String>,
        /// What is still to come and decides, by its name in the policies' context.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        depends_on: Vec<String>,
    },
    /// The skill's answer.
    Answered {
        /// The words.
        words: String,
    },
    /// The skill's no.
    Refused {
        /// The words.
        words: String,
        /// A human shall go on.
        transfer: bool,
    },
}

/// What an argument is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// The argument.
    pub name: String,
    /// The expression over facts.
    pub from: String,
    /// Its value, redacted.
    pub value: Json,
    /// The skill's file leaves it out: it was bound by what it means.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub filled: bool,
}

/// Walks through a skill once more, for the trail. `given` tells what each input rests on.
#[must_use]
pub fn trail(
    pack: &Pack,
    skill: &str,
    whose: Whose<'_>,
    inputs: &Record,
    given: &BTreeMap<String, Basis>,
    reads: &Reads,
) -> Trail {
    let (_, reasons) = retrace(pack, skill, whose, inputs, reads);
    told(pack, skill, given, reads, reasons)
}

/// Binds a skill with its trail, in one walk. What was bound before is bound again as it was, from the same inputs and reads: so a
/// plan that waits for a yes need not be kept.
///
/// # Errors
/// As [`crate::bind`] has them.
pub fn bind_with_trail(
    pack: &Pack,
    skill: &str,
    whose: Whose<'_>,
    inputs: &Record,
    given: &BTreeMap<String, Basis>,
    reads: &Reads,
) -> Result<(Binding, Trail), BindError> {
    let (bound, reasons) = retrace(pack, skill, whose, inputs, reads);
    Ok((bound?, told(pack, skill, given, reads, reasons)))
}

fn told(
    pack: &Pack,
    skill: &str,
    given: &BTreeMap<String, Basis>,
    reads: &Reads,
    reasons: Vec<Reason>,
) -> Trail {
    let Some(known) = pack.skills.get(skill) else { return Trail::default() };
    let secrets = secret_inputs(pack, known);
    let asked = known.inputs.iter().map(|(name, _)| name);
    let chosen = reasons.iter().filter_map(|reason| match &reason.what {
        Because::Chosen { name, .. } => Some(name),
        Because::Branch { .. }
        | Because::Turn { .. }
        | Because::Used { .. }
        | Because::Read { .. }
        | Because::Confirmed { .. }
        | Because::Write { .. }
        | Because::Judged { .. }
        | Because::Answered { .. }
        | Because::Refused { .. } => None,
    });
    let inputs = asked.chain(chosen).filter_map(|input| {
        let basis = given.get(input)?.clone();
        Some(Given { input: input.clone(), secret: secrets.contains(input), basis })
    });
    Trail {
        summary: known.summary.clone(),
        inputs: inputs.collect(),
        met: reasons.into_iter().map(|reason| met(pack, reason, reads)).collect(),
    }
}

fn met(pack: &Pack, reason: Reason, reads: &Reads) -> Met {
    let Reason { file, line, depth, what } = reason;
    let what = match what {
        Because::Branch { when, looked_at, holds } => {
            let looked_at = looked_at.into_iter().map(|(name, value)| (name, redact(&value))).collect();
            let left = line.and_then(|line| left(pack, &file, line, holds)).unwrap_or_default();
            Waypoint::Branch { when, holds, looked_at, left }
        }
        Because::Turn { item, list, turn, of, most: _ } => Waypoint::Turn { item, list, turn, of },
        Because::Used { skill, with } => Waypoint::Used { skill, with: bound(&with) },
        Because::Read { number, call, with, verdict } => Waypoint::Read {
            step: number,
            made: reads.made(&call.action, |argument, value| sent(&with, argument, value)),
            action: call.action,
            with: bound(&with),
            allowed: verdict.allowed(),
            rules: verdict.rules,
        },
        Because::Chosen { name, from, options, chosen } => Waypoint::Chosen { name, from, options, chosen },
        Because::Confirmed { words } => Waypoint::Confirmed { words },
        Because::Write { number, call, with } => {
            Waypoint::Write { step: number, action: call.action, with: bound(&with) }
        }
        Because::Judged { number: step, verdict } => {
            let approval = verdict.as_ref().ok().and_then(|verdict| verdict.role()).map(str::to_owned);
            match verdict {
                Ok(Verdict { ruling, rules }) => {
                    let allowed = Some(ruling == Ruling::Allowed);
                    Waypoint::Judged { step, allowed, approval, rules, depends_on: Vec::new() }
                }
                Err(Open { depends_on, rules }) => {
                    let (rules, depends_on) = (rules.into_iter().collect(), depends_on.into_iter().collect());
                    Waypoint::Judged { step, allowed: None, approval, rules, depends_on }
                }
            }
        }
        Because::Answered { words } => Waypoint::Answered { words },
        Because::Refused { words, transfer } => Waypoint::Refused { words, transfer },
    };
    Met { file, line, depth, what }
}

/// What would have come the other way at the condition that stands there; `None` when none does.
fn left(pack: &Pack, file: &str, line: u32, holds: bool) -> Option<Vec<String>> {
    let skill = pack.skills.values().find(|skill| skill.file == file)?;
    find(&skill.steps, line).map(|step| other_way(step, holds))
}

fn find(steps: &[Step], line: u32) -> Option<&Step> {
    steps.iter().find_map(|step| match &step.what {
        StepKind::Branch { .. } | StepKind::Write { when: Some(_), .. } if step.line == Some(line) => {
            Some(step)
        }
        StepKind::Branch { then, otherwise, .. } => find(then, line).or_else(|| find(otherwise, line)),
        StepKind::ForEach { steps, .. } => find(steps, line),
        StepKind::Read { .. }
        | StepKind::Write { .. }
        | StepKind::Use { .. }
        | StepKind::Ask { .. }
        | StepKind::Choose { .. }
        | StepKind::Confirm { .. }
        | StepKind::Answer { .. }
        | StepKind::Refuse { .. } => None,
    })
}

fn other_way(step: &Step, holds: bool) -> Vec<String> {
    match &step.what {
        StepKind::Branch { then, otherwise, .. } => {
            let steps = if holds { otherwise } else { then };
            steps.iter().map(in_words).collect()
        }
        StepKind::Write { .. } if holds => Vec::new(),
        StepKind::Write { .. }
        | StepKind::Read { .. }
        | StepKind::ForEach { .. }
        | StepKind::Use { .. }
        | StepKind::Ask { .. }
        | StepKind::Choose { .. }
        | StepKind::Confirm { .. }
        | StepKind::Answer { .. }
        | StepKind::Refuse { .. } => vec![in_words(step)],
    }
}

fn in_words(step: &Step) -> String {
    match &step.what {
        StepKind::Read { call, .. } => format!("read {}", call.action),
        StepKind::Write { call, .. } => format!("write {}", call.action),
        StepKind::Branch { when, .. } => format!("a decision by `{}`", when.source()),
        StepKind::Ask { input } => format!("a question for `{input}`"),
        StepKind::Choose { name, .. } => format!("a choice of `{name}`"),
        StepKind::ForEach { list, .. } => format!("a loop over `{}`", list.source()),
        StepKind::Use { skill, .. } => format!("skill {skill}"),
        StepKind::Confirm { words } => format!("a read-back with `{words}`"),
        StepKind::Answer { words } => format!("an answer with `{words}`"),
        StepKind::Refuse { words, transfer: true } => format!("a no with `{words}` and a human"),
        StepKind::Refuse { words, transfer: false } => format!("a no with `{words}`"),
    }
}

fn bound(with: &[Source]) -> Vec<Bind> {
    let value = |source: &Source| match &source.value {
        SourceValue::Known(value) => redact(value),
        SourceValue::Secret => Json::from("secret"),
        SourceValue::Later => Json::from("a result to come"),
        SourceValue::Unknown => Json::Null,
    };
    let bind = |source: &Source| Bind {
        name: source.name.clone(),
        from: source.expr.clone(),
        value: value(source),
        filled: source.filled,
    };
    with.iter().map(bind).collect()
}

/// Whether an argument was sent with this value, as far as the sources tell. What is sent may be of another type of text.
fn sent(with: &[Source], argument: &str, value: &Value) -> bool {
    let source = with.iter().find(|source| source.name == argument);
    source.is_some_and(|source| match &source.value {
        SourceValue::Known(known) => {
            known == value || known.as_text().is_some_and(|it| value.as_text() == Some(it))
        }
        SourceValue::Secret => true,
        SourceValue::Later | SourceValue::Unknown => false,
    })
}

impl Trail {
    /// What an argument of a step was bound to.
    pub(crate) fn sources(&self, number: u32) -> &[Bind] {
        let found = self.met.iter().find_map(|met| match &met.what {
            Waypoint::Read { step, with, .. } | Waypoint::Write { step, with, .. } => {
                (u32::try_from(*step) == Ok(number)).then_some(with.as_slice())
            }
            Waypoint::Branch { .. }
            | Waypoint::Turn { .. }
            | Waypoint::Used { .. }
            | Waypoint::Chosen { .. }
            | Waypoint::Confirmed { .. }
            | Waypoint::Judged { .. }
            | Waypoint::Answered { .. }
            | Waypoint::Refused { .. } => None,
        });
        found.unwrap_or_default()
    }

    /// In words, a line for each thing.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.summary.is_empty() {
            lines.push(format!("Asked for: {}.", self.summary.trim_end_matches('.')));
        }
        lines.extend(self.inputs.iter().map(Given::line));
        lines.extend(self.met.iter().filter_map(Met::line));
        lines
    }
}

impl Given {
    fn line(&self) -> String {
        let Basis { question, evidence, unix_ms: _ } = &self.basis;
        let evidence = evidence.as_ref().map(|evidence| format!(" ({evidence})")).unwrap_or_default();
        let secret = if self.secret { "; it is secret and not kept" } else { "" };
        format!("`{}` was given with question {question}{evidence}{secret}.", self.input)
    }
}

impl Met {
    /// `None` for what the story tells elsewhere.
    fn line(&self) -> Option<String> {
        Some(match &self.what {
            Waypoint::Branch { when, holds, left, .. } => {
                let held = if *holds { "held" } else { "did not hold" };
                let left =
                    if left.is_empty() { String::new() } else { format!("; not taken: {}", left.join(", ")) };
                format!("`{when}` {held}{}{left}.", self.place())
            }
            Waypoint::Turn { list, of: 0, .. } => format!("`{list}` is empty: nothing was done for it."),
            Waypoint::Turn { item, list, turn, of } => format!("`{item}` is {turn} of {of} of `{list}`."),
            Waypoint::Used { skill, with } => format!("Goes on with skill {skill}{}.", from(with)),
            Waypoint::Read { step, action, with, allowed: true, rules, made } => {
                let made = made.map_or("; not made".to_owned(), |made| {
                    format!("; answered after {} ms, at attempt {}", made.took_ms, made.attempts)
                });
                format!("Step {step} {action}: read{}{made}. Allowed by: {}.", from(with), rules.join(", "))
            }
            Waypoint::Read { step, action, with, allowed: false, rules, .. } => {
                let rules = if rules.is_empty() { "nothing permits it".to_owned() } else { rules.join(", ") };
                format!("Step {step} {action}: not read{}. Not allowed: {rules}.", from(with))
            }
            Waypoint::Chosen { name, from, options: 1, .. } => {
                format!("`{name}` is the only one of `{from}`.")
            }
            Waypoint::Chosen { name, from, options, chosen: Some(chosen) } => {
                let left = options.saturating_sub(1);
                format!("`{name}`: the caller chose {chosen} of {options} of `{from}`; {left} not taken.")
            }
            Waypoint::Chosen { name, from, options, chosen: None } => {
                format!("`{name}`: {options} of `{from}` to choose from; nothing chosen yet.")
            }
            Waypoint::Confirmed { words } => format!("To be read back with the words `{words}`."),
            Waypoint::Write { step, action, with } => {
                format!("Step {step} {action}: write{}.", from(with))
            }
            Waypoint::Judged { step: None, allowed: Some(true), .. } => return None,
            Waypoint::Judged { step, allowed, approval, rules, depends_on } => {
                let what = step.map_or("The plan as a whole".to_owned(), |step| format!("Step {step}"));
                let rules = if rules.is_empty() { "no rule".to_owned() } else { rules.join(", ") };
                match (allowed, approval) {
                    (_, Some(role)) => format!("{what}: needs the approval of `{role}`, by {rules}."),
                    (Some(true), None) => format!("{what}: allowed by {rules}."),
                    (Some(false), None) => format!("{what}: not allowed, by {rules}."),
                    (None, None) if depends_on.is_empty() => format!("{what}: asked when it is due."),
                    (None, None) => {
                        let on = depends_on.join(", ");
                        format!("{what}: asked when it is due; `{on}`, still to come, decides, by {rules}.")
                    }
                }
            }
            Waypoint::Answered { words } => format!("Answered with the words `{words}`."),
            Waypoint::Refused { words, transfer } => {
                let human = if *transfer { ", and a human asked to go on" } else { "" };
                format!("The skill says no with the words `{words}`{human}{}.", self.place())
            }
        })
    }

    fn place(&self) -> String {
        self.line.map_or(String::new(), |line| format!(" ({}:{line})", self.file))
    }
}

fn from(with: &[Bind]) -> String {
    let each: Vec<String> = with
        .iter()
        .map(|bind| {
            let value = match &bind.value {
                Json::String(_) | Json::Null => String::new(),
                Json::Object(money) => {
                    match (money.get("minor"), money.get("currency").and_then(Json::as_str)) {
                        (Some(minor), Some(currency)) => format!(", {minor} minor units of {currency}"),
                        (_, _) => String::new(),
                    }
                }
                other @ (Json::Bool(_) | Json::Number(_) | Json::Array(_)) => format!(", {other}"),
            };
            let meaning = if bind.filled { " by its meaning" } else { "" };
            format!("{} from `{}`{meaning}{value}", bind.name, bind.from)
        })
        .collect();
    if each.is_empty() { String::new() } else { format!(", {}", each.join("; ")) }
}
