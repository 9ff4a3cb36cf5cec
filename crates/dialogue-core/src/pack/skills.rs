//! The heads of skills: what they ask the caller for, and which sentences they name. Their steps are the action core's.

use std::collections::BTreeMap;

use callwright_model::{InputSpec, PackSource, Problem, SlotType};

use super::path;
use crate::yaml::{Kind, Node, nearest};

/// What the dialogue knows of a skill.
#[derive(Debug, Clone, PartialEq)]
pub struct SkillHead {
    /// Its name.
    pub name: String,
    /// What it does, for people who read the pack.
    pub summary: String,
    /// What it may ask the caller for, in order.
    pub inputs: Vec<(String, InputSpec)>,
}

/// A place where a skill names a sentence.
#[derive(Debug)]
pub(super) struct WordsUse {
    pub(super) key: String,
    pub(super) file: String,
    pub(super) line: u32,
    /// First parts of the facts that may be known there.
    pub(super) names: Vec<String>,
    /// The sentence is about an option, whose facts only the systems know.
    pub(super) any_fact: bool,
}

/// Reads every `skills/*.yaml`.
pub(super) fn read(
    source: &PackSource,
    problems: &mut Vec<Problem>,
) -> (BTreeMap<String, SkillHead>, Vec<WordsUse>) {
    let mut heads = BTreeMap::new();
    let mut uses = Vec::new();
    let files = source.files.iter().filter(|(name, _)| {
        name.strip_prefix("skills/").is_some_and(|rest| rest.ends_with(".yaml") && !rest.contains('/'))
    });
    for (name, text) in files {
        let file = path(source, name);
        match Node::parse(&file, text) {
            Ok(node) => {
                if let Some(head) = read_one(&file, &node, &mut uses, problems) {
                    if heads.contains_key(&head.name) {
                        let what = format!("a skill `{}` is in another file too", head.name);
                        problems.push(Problem::error(&file, Some(1), what));
                    }
                    heads.insert(head.name.clone(), head);
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    if heads.is_empty() && problems.is_empty() {
        problems.push(
            Problem::error(path(source, "skills"), None, "there is no skill").help("skills/<name>.yaml"),
        );
    }
    (heads, uses)
}

fn read_one(
    file: &str,
    node: &Node,
    uses: &mut Vec<WordsUse>,
    problems: &mut Vec<Problem>,
) -> Option<SkillHead> {
    node.check_keys(file, &["skill", "summary", "inputs", "steps", "done", "failed"], problems);
    let Some(name) = node.field("skill").and_then(Node::text).filter(|name| !name.is_empty()) else {
        problems.push(Problem::error(file, None, "`skill:` with the skill's name is missing"));
        return None;
    };
    let mut inputs: Vec<(String, InputSpec)> = Vec::new();
    if let Some(listed) = node.field("inputs") {
        for (key, spec) in listed.map().unwrap_or_default() {
            if let Some(spec) = input(file, &key.name, spec, problems) {
                inputs.push((key.name.clone(), spec));
            }
        }
    }
    let mut names: Vec<String> = inputs.iter().map(|(name, _)| name.clone()).collect();
    collect_names(node, &mut names);
    collect_words(file, node, &names, uses);
    let summary = node.field("summary").and_then(Node::text).unwrap_or_default().to_owned();
    Some(SkillHead { name: name.to_owned(), summary, inputs })
}

fn input(file: &str, name: &str, node: &Node, problems: &mut Vec<Problem>) -> Option<InputSpec> {
    let before = problems.len();
    node.check_keys(file, &["type", "length", "of", "ask", "again"], problems);
    let mut error = |line: u32, what: String, help: &str| {
        let problem = Problem::error(file, Some(line), what);
        problems.push(if help.is_empty() { problem } else { problem.help(help) });
    };
    let text = |field: &str| node.field(field).and_then(Node::text).map(str::to_owned);
    let ask = text("ask");
    if ask.is_none() {
        error(node.line, format!("input `{name}` has no words to ask for it"), "ask: <key of a sentence>");
    }
    let length = node.field("length").and_then(Node::text).and_then(|length| length.parse::<u8>().ok());
    let kind = text("type").unwrap_or_default();
    let slot = match kind.as_str() {
        "code" | "digits" => match length {
            Some(length @ 1..=32) if kind == "code" => Some(SlotType::Code { length }),
            Some(length @ 1..=32) => Some(SlotType::Digits { length }),
            Some(_) | None => {
                error(node.line, format!("input `{name}` needs a length"), "length: 1 to 32 characters");
                None
            }
        },
        "yes_no" => Some(SlotType::YesNo),
        "date" => Some(SlotType::Date),
        "name" => Some(SlotType::Name),
        "choice" => {
            let values = node.field("of").and_then(Node::list).unwrap_or_default();
            let of: Vec<_> = values.iter().filter_map(|value| value.text().map(str::to_owned)).collect();
            if of.len() < 2 {
                error(
                    node.line,
                    format!("input `{name}` needs at least two values to choose from"),
                    "of: [a, b]",
                );
            }
            Some(SlotType::Choice { of })
        }
        other => {
            let known = ["code", "digits", "yes_no", "date", "name", "choice"];
            error(node.line, format!("input `{name}` has no known type"), &nearest(other, &known));
            None
        }
    };
    if problems.len() > before {
        return None;
    }
    Some(InputSpec { slot: slot?, ask: ask?, again: text("again") })
}

/// Names under which steps keep what they found.
fn collect_names(node: &Node, names: &mut Vec<String>) {
    match &node.kind {
        Kind::Map(entries) => {
            for (key, value) in entries {
                if let ("as" | "choose", Some(name)) = (key.name.as_str(), value.text()) {
                    names.push(name.to_owned());
                }
                collect_names(value, names);
            }
        }
        Kind::List(items) => items.iter().for_each(|item| collect_names(item, names)),
        Kind::Empty | Kind::Scalar(_) => {}
    }
}

/// Keys whose value is the key of a sentence.
const WORDS_KEYS: [&str; 9] =
    ["ask", "again", "words", "refuse", "transfer", "answer", "confirm", "done", "failed"];

fn collect_words(file: &str, node: &Node, names: &[String], uses: &mut Vec<WordsUse>) {
    match &node.kind {
        Kind::Map(entries) => {
            let offers = entries.iter().any(|(key, _)| key.name == "choose");
            for (key, value) in entries {
                let Some(words) = value.text().filter(|_| WORDS_KEYS.contains(&key.name.as_str())) else {
                    // What is handed to an action may be called anything.
                    if key.name != "with" {
                        collect_words(file, value, names, uses);
                    }
                    continue;
                };
                let line = value.line;
                let mut add = |key: String, any_fact| {
                    uses.push(WordsUse { key, file: file.to_owned(), line, names: names.to_vec(), any_fact });
                };
                add(words.to_owned(), false);
                if offers && key.name == "words" {
                    add(format!("{words}-option"), true);
                }
            }
        }
        Kind::List(items) => items.iter().for_each(|item| collect_words(file, item, names, uses)),
        Kind::Empty | Kind::Scalar(_) => {}
    }
}
