//! `examples/<language>.yaml`: what callers say when they want a skill, and how values of closed lists are spoken.

use std::collections::BTreeMap;

use callwright_model::yaml::{Node, nearest};
use callwright_model::{Language, PackSource, Problem, SlotType};

use super::SkillHead;
use super::answers::Answers;
use crate::understand::Intent;

/// Fewer examples than this teach the interpreter little.
const FEWEST: usize = 8;

/// Examples of one language.
#[derive(Debug, Default)]
pub(super) struct Examples {
    pub(super) intents: Vec<(Intent, Vec<String>)>,
    pub(super) choices: BTreeMap<String, Vec<String>>,
}

pub(super) fn read(
    source: &PackSource,
    language: Language,
    skills: &BTreeMap<String, SkillHead>,
    answers: &Answers,
    problems: &mut Vec<Problem>,
) -> Examples {
    let mut examples = Examples::default();
    let name = format!("examples/{language}.yaml");
    let file = source.path(&name);
    let Some(text) = source.files.get(&name) else {
        problems.push(Problem::error(
            &file,
            None,
            format!("there are no examples of what callers say in `{language}`"),
        ));
        return examples;
    };
    let node = match Node::parse(&file, text) {
        Ok(node) => node,
        Err(problem) => {
            problems.push(problem);
            return examples;
        }
    };
    let mut known: Vec<&str> = skills.keys().map(String::as_str).collect();
    known.extend(answers.keys().map(String::as_str));
    known.extend(Intent::BUILTIN.iter().map(Intent::name));
    known.push("choices");
    for (key, value) in node.map().unwrap_or_default() {
        if key.name == "choices" {
            read_choices(&file, value, skills, &mut examples.choices, problems);
            continue;
        }
        let intent = match Intent::builtin(&key.name) {
            Some(intent) => intent,
            None if skills.contains_key(&key.name) => Intent::Skill(key.name.clone()),
            None if answers.contains_key(&key.name) => Intent::Answer(key.name.clone()),
            None => {
                let what = format!("`{}` is no skill of this pack", key.name);
                problems.push(Problem::error(&file, Some(key.line), what).help(nearest(&key.name, &known)));
                continue;
            }
        };
        let lines = sentences(&file, value, problems);
        if matches!(intent, Intent::Skill(_) | Intent::Answer(_)) && lines.len() < FEWEST {
            let what = format!("`{}` has {} examples; at least {FEWEST} are needed", key.name, lines.len());
            problems.push(Problem::error(&file, Some(key.line), what));
        }
        examples.intents.push((intent, lines));
    }
    for skill in skills.keys() {
        if node.field(skill).is_none() {
            problems.push(Problem::error(&file, None, format!("the skill `{skill}` has no examples")));
        }
    }
    for (name, answer) in answers.iter().filter(|(name, _)| node.field(name).is_none()) {
        let what = format!("the question `{name}` of pack.yaml, line {}, has no examples", answer.line);
        problems.push(Problem::error(&file, None, what));
    }
    for (skill, head) in skills {
        for (input, spec) in &head.inputs {
            let SlotType::Choice { of } = &spec.slot else { continue };
            for value in of.iter().filter(|value| !examples.choices.contains_key(*value)) {
                let what = format!("`choices:` does not tell how `{value}` of {skill}.{input} is spoken");
                problems.push(Problem::error(&file, None, what));
            }
        }
    }
    examples
}

fn read_choices(
    file: &str,
    node: &Node,
    skills: &BTreeMap<String, SkillHead>,
    choices: &mut BTreeMap<String, Vec<String>>,
    problems: &mut Vec<Problem>,
) {
    let values: Vec<&str> = skills
        .values()
        .flat_map(|head| &head.inputs)
        .filter_map(|(_, spec)| match &spec.slot {
            SlotType::Choice { of } => Some(of),
            _ => None,
        })
        .flatten()
        .map(String::as_str)
        .collect();
    for (key, value) in node.map().unwrap_or_default() {
        if !values.contains(&key.name.as_str()) {
            let what = format!("`{}` is no value of any input", key.name);
            problems.push(Problem::error(file, Some(key.line), what).help(nearest(&key.name, &values)));
        }
        choices.insert(key.name.clone(), sentences(file, value, problems));
    }
}

fn sentences(file: &str, node: &Node, problems: &mut Vec<Problem>) -> Vec<String> {
    let Some(items) = node.list() else {
        problems.push(Problem::error(file, Some(node.line), "a list of sentences is expected here"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        match item.text().filter(|text| !text.trim().is_empty()) {
            Some(text) => found.push(text.to_owned()),
            None => problems.push(Problem::error(file, Some(item.line), "a sentence is expected here")),
        }
    }
    found
}
