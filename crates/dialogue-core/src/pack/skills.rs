//! The heads of skills: what they ask the caller for, and which sentences they name. Their steps are the action core's.

use std::collections::BTreeMap;

use callwright_model::yaml::Node;
use callwright_model::{InputSpec, PackSource, Problem};

use super::facts::{Actions, Facts};

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
    /// What the sentence may speak of there.
    pub(super) facts: Facts,
    /// It need not be there.
    pub(super) optional: bool,
}

/// Reads every `skills/*.yaml`.
pub(super) fn read(
    source: &PackSource,
    problems: &mut Vec<Problem>,
) -> (BTreeMap<String, SkillHead>, Vec<WordsUse>) {
    let mut heads = BTreeMap::new();
    let mut uses = Vec::new();
    let actions = Actions::read(source);
    let mut files = 0;
    for (name, text) in source.files.iter().filter(|(name, _)| is_skill(name)) {
        files += 1;
        let file = source.path(name);
        match Node::parse(&file, text) {
            Ok(node) => {
                if let Some(head) = read_one(&file, &node, &actions, &mut uses, problems) {
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
    if files == 0 {
        let what = Problem::error(source.path("skills"), None, "there is no skill");
        problems.push(what.help("skills/<name>.yaml"));
    }
    (heads, uses)
}

fn is_skill(name: &str) -> bool {
    name.strip_prefix("skills/").is_some_and(|rest| rest.ends_with(".yaml") && !rest.contains('/'))
}

fn read_one(
    file: &str,
    node: &Node,
    actions: &Actions,
    uses: &mut Vec<WordsUse>,
    problems: &mut Vec<Problem>,
) -> Option<SkillHead> {
    node.check_keys(file, &["skill", "summary", "inputs", "steps", "done", "failed"], problems);
    let Some(name) = node.field("skill").and_then(Node::text).filter(|name| !name.is_empty()) else {
        problems.push(Problem::error(file, None, "`skill:` with the skill's name is missing"));
        return None;
    };
    let mut inputs: Vec<(String, InputSpec)> = Vec::new();
    for (key, spec) in node.field("inputs").and_then(Node::map).unwrap_or_default() {
        if let Some(spec) = InputSpec::read(file, &key.name, spec, problems) {
            inputs.push((key.name.clone(), spec));
        }
        // A question names no facts: nothing is known when it is asked.
        for words in ["ask", "again"].into_iter().filter_map(|words| spec.field(words)) {
            add(uses, file, Some(words), "", Facts::default());
        }
    }
    let names: Vec<String> = inputs.iter().map(|(name, _)| name.clone()).collect();
    let mut walk = Walk { file, actions, uses, inputs: Facts::of(names), receipts: Facts::default() };
    let mut facts = walk.inputs.clone();
    if let Some(steps) = node.field("steps") {
        walk.hide_secrets(steps, &mut facts);
        walk.steps(steps, &mut facts);
    }
    let Walk { receipts, .. } = walk;
    add(uses, file, node.field("done"), "", receipts);
    add(uses, file, node.field("failed"), "", facts);
    let summary = node.field("summary").and_then(Node::text).unwrap_or_default().to_owned();
    Some(SkillHead { name: name.to_owned(), summary, inputs })
}

fn add(uses: &mut Vec<WordsUse>, file: &str, key: Option<&Node>, suffix: &str, facts: Facts) {
    let Some((key, line)) = key.and_then(|node| Some((node.text()?, node.line))) else { return };
    let (key, optional) = (format!("{key}{suffix}"), suffix == "-short");
    uses.push(WordsUse { key, file: file.to_owned(), line, facts, optional });
}

/// A walk along the steps that knows at each which facts there are.
struct Walk<'w> {
    file: &'w str,
    actions: &'w Actions,
    uses: &'w mut Vec<WordsUse>,
    inputs: Facts,
    /// What only executing brings: the claim may name nothing else.
    receipts: Facts,
}

impl Walk<'_> {
    fn hide_secrets(&self, steps: &Node, facts: &mut Facts) {
        for step in steps.list().unwrap_or_default() {
            for call in ["read", "write"].into_iter().filter_map(|call| step.field(call)?.text()) {
                for name in self.actions.secrets(call, step.field("with")) {
                    facts.remove(name);
                }
            }
            for inner in ["steps", "else"].into_iter().filter_map(|inner| step.field(inner)) {
                self.hide_secrets(inner, facts);
            }
        }
    }

    /// Says whether the skill ends there.
    fn steps(&mut self, steps: &Node, facts: &mut Facts) -> bool {
        steps.list().unwrap_or_default().iter().any(|step| self.step(step, facts))
    }

    fn step(&mut self, step: &Node, facts: &mut Facts) -> bool {
        let writes = step.field("write").is_some();
        if step.field("when").is_none() || writes {
            return self.plain(step, facts);
        }
        let (mut then, mut other) = (facts.clone(), facts.clone());
        let ended = match step.field("steps") {
            Some(steps) => self.steps(steps, &mut then),
            None => self.plain(step, &mut then),
        };
        let other_ended = step.field("else").is_some_and(|steps| self.steps(steps, &mut other));
        *facts = match (ended, other_ended) {
            (true, _) => other,
            (false, true) => then,
            (false, false) => then.both(&other),
        };
        ended && other_ended
    }

    fn plain(&mut self, step: &Node, facts: &mut Facts) -> bool {
        let text = |key: &str| step.field(key).and_then(Node::text);
        if let Some(action) = text("read") {
            for case in step.field("not_found").and_then(Node::list).unwrap_or_default() {
                // The wrong answer itself is forgotten by then.
                let mut given = self.inputs.clone();
                given.remove(case.field("input").and_then(Node::text).unwrap_or_default());
                add(self.uses, self.file, case.field("words"), "", given);
            }
            self.actions.result(action, text("as").unwrap_or(action), facts);
        } else if let Some(action) = text("write") {
            self.actions.result(action, text("as").unwrap_or(action), &mut self.receipts);
        } else if let Some(name) = text("choose") {
            add(self.uses, self.file, step.field("words"), "", facts.clone());
            add(self.uses, self.file, step.field("words"), "-option", Facts::any());
            facts.add(name, "record");
        } else if let Some(words) = step.field("confirm") {
            add(self.uses, self.file, Some(words), "", facts.clone());
            add(self.uses, self.file, Some(words), "-short", facts.clone());
        }
        let ends = ["answer", "refuse", "transfer"].into_iter().filter_map(|end| step.field(end));
        let before = self.uses.len();
        for words in ends {
            add(self.uses, self.file, Some(words), "", facts.clone());
        }
        self.uses.len() > before
    }
}
