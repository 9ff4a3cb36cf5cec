//! Goals: every skill of a pack with what the demo's callers know. What must come of a goal is found by asking the plans for it directly,
//! without a word spoken.

use std::collections::BTreeMap;

use callwright_model::{CallId, MonoTime, NeedWhy, PlanReply, PlanRequest, Record, SlotType, Value};

use crate::core::Core;
use crate::stage::{Setup, Stage};
use crate::story::changes;

/// What a caller wants.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Goal {
    /// The skill.
    pub(super) skill: String,
    /// What they know, by input.
    pub(super) facts: BTreeMap<String, String>,
    /// What they choose, by the input that takes the number.
    pub(super) choices: BTreeMap<String, usize>,
    /// What must come of it.
    pub(super) end: End,
}

/// What must come of a goal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// It is read back with these words and facts, and done: these rows change.
    Done { words: String, facts: Record, effects: Vec<String> },
    /// It is answered under this key.
    Answered(String),
    /// It is refused under this key.
    Refused(String),
}

impl Goal {
    /// Its name for people: `rebook code K7M4X2 flight 2`. Secrets are left out.
    pub(super) fn name(&self, stage: &Stage) -> String {
        let secret = stage.actions.secret_inputs();
        let facts = self.facts.iter().filter(|(name, _)| !secret.contains(*name));
        let facts = facts.map(|(name, value)| format!(" {name} {value}"));
        let choices = self.choices.iter().map(|(name, number)| format!(" {name} {number}"));
        std::iter::once(self.skill.clone()).chain(facts).chain(choices).collect()
    }
}

/// All goals that a pack gives, in a fixed order.
///
/// # Errors
/// When the systems cannot be opened, or a skill asks for what no caller knows.
pub(super) fn goals(stage: &Stage) -> Result<Vec<Goal>, String> {
    let known = Setup::default().systems(&stage.actions)?;
    let known: Vec<BTreeMap<String, String>> = known.values().flat_map(|system| system.known()).collect();
    let mut goals = Vec::new();
    for skill in stage.actions.offered() {
        let mut given = vec![BTreeMap::new()];
        let asked = skill.inputs.iter().filter(|(_, spec)| !matches!(spec.slot, SlotType::Choice { .. }));
        let asked: Vec<&String> = asked.map(|(name, _)| name).collect();
        if !asked.is_empty() {
            given = known
                .iter()
                .filter(|known| asked.iter().all(|name| known.contains_key(*name)))
                .cloned()
                .collect();
            given.iter_mut().for_each(|given| given.retain(|name, _| asked.contains(&name)));
        }
        if given.is_empty() {
            return Err(format!("nobody whom the systems know can answer what `{}` asks", skill.name));
        }
        for (name, spec) in &skill.inputs {
            let SlotType::Choice { of } = &spec.slot else { continue };
            let with = |given: &BTreeMap<String, String>, value: &String| {
                let mut given = given.clone();
                given.insert(name.clone(), value.clone());
                given
            };
            given = given.iter().flat_map(|given| of.iter().map(|value| with(given, value))).collect();
        }
        for facts in given {
            try_all(stage, &skill.name, &facts, &BTreeMap::new(), &mut goals)?;
        }
    }
    Ok(goals)
}

/// Adds the goal of these facts; where something is to be chosen, one for each choice.
fn try_all(
    stage: &Stage,
    skill: &str,
    facts: &BTreeMap<String, String>,
    choices: &BTreeMap<String, usize>,
    goals: &mut Vec<Goal>,
) -> Result<(), String> {
    let setup = Setup::default();
    let mut core = Core::new(stage.actions.clone(), setup.systems(&stage.actions)?, setup.began_unix_ms());
    let before = core.snapshots()?;
    let values = facts.iter().map(|(name, value)| (name.clone(), Value::Code(value.clone())));
    let numbers = choices.iter().map(|(name, &number)| (name.clone(), Value::Int(number as i64)));
    let mut inputs: Record = values.chain(numbers).collect();
    let spec = |name: &str| stage.dialogue.input(skill, name).map(|spec| spec.slot.clone());
    for (name, value) in &mut inputs {
        if let (Some(SlotType::Choice { .. } | SlotType::Name), Value::Code(text)) = (spec(name), &value) {
            *value = Value::Text(text.clone());
        }
    }
    let request = PlanRequest {
        plan: None,
        pack: stage.actions.name.clone(),
        skill: skill.to_owned(),
        inputs,
        call: CallId(0),
        caller: None,
        evidence: BTreeMap::new(),
        agent: "callwright".to_owned(),
        consents: Default::default(),
        language: None,
        speculative: false,
    };
    let end = match core.plan(request, MonoTime::ZERO).1 {
        Some(PlanReply::Choose { input, options, .. }) => {
            for number in 1..=options.len() {
                let mut choices = choices.clone();
                choices.insert(input.clone(), number);
                try_all(stage, skill, facts, &choices, goals)?;
            }
            return Ok(());
        }
        Some(PlanReply::Ready { plan, words, facts, .. }) => {
            if core.execute(&plan, "yes", MonoTime::ZERO).is_none() {
                return Err(format!("the plan of `{skill}` cannot be carried out"));
            }
            End::Done { words, facts, effects: changes(&before, &core.snapshots()?) }
        }
        Some(PlanReply::Answer { words, .. }) => End::Answered(words),
        Some(PlanReply::Refused { words, .. }) => End::Refused(words),
        Some(PlanReply::Need { input, why: NeedWhy::Missing | NeedWhy::NotFound { .. }, .. }) => {
            return Err(format!("`{skill}` asks for `{input}`, which callers do not know"));
        }
        None => return Err(format!("`{skill}` cannot be planned with {facts:?}")),
    };
    goals.push(Goal { skill: skill.to_owned(), facts: facts.clone(), choices: choices.clone(), end });
    Ok(())
}
