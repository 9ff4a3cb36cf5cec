//! The heads of skills: what they ask the caller for, and which sentences they name. Their steps are the action core's.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::yaml::Node;
use callwright_model::{InputSpec, PackSource, Problem};

use super::facts::{Actions, Facts, identifiers};

/// What the dialogue knows of a skill.
#[derive(Debug, Clone, PartialEq)]
pub struct SkillHead {
    /// Its name.
    pub name: String,
    /// What it does, for people who read the pack.
    pub summary: String,
    /// What it may ask the caller for, in order.
    pub inputs: Vec<(String, InputSpec)>,
    /// It changes nothing, also not by a skill that it uses: it may be asked for in the middle of something else.
    pub reads_only: bool,
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
    let mut nodes = Vec::new();
    for (name, text) in source.files.iter().filter(|(name, _)| is_skill(name)) {
        let file = source.path(name);
        match Node::parse(&file, text) {
            Ok(node) => nodes.push((file, node)),
            Err(problem) => problems.push(problem),
        }
    }
    let named = nodes.iter().filter_map(|(_, node)| Some((node.field("skill")?.text()?, node)));
    let skills: Skills = named.collect();
    let mut read = BTreeSet::new();
    for (file, node) in &nodes {
        if let Some(head) = read_one(file, node, &actions, &skills, &mut uses, problems) {
            if !read.insert(head.name.clone()) {
                let what = format!("a skill `{}` is in another file too", head.name);
                problems.push(Problem::error(file, Some(1), what));
            }
            // Callers do not ask for one that only others use: nothing is said of it as such.
            if node.field("internal").and_then(Node::text) != Some("true") {
                heads.insert(head.name.clone(), head);
            }
        }
    }
    if !source.files.keys().any(|name| is_skill(name)) {
        let what = Problem::error(source.path("skills"), None, "there is no skill");
        problems.push(what.help("skills/<name>.yaml"));
    }
    (heads, uses)
}

/// The skills of a pack as they are written, by name: one may use another.
type Skills<'n> = BTreeMap<&'n str, &'n Node>;

fn is_skill(name: &str) -> bool {
    name.strip_prefix("skills/").is_some_and(|rest| rest.ends_with(".yaml") && !rest.contains('/'))
}

fn read_one(
    file: &str,
    node: &Node,
    actions: &Actions,
    skills: &Skills<'_>,
    uses: &mut Vec<WordsUse>,
    problems: &mut Vec<Problem>,
) -> Option<SkillHead> {
    node.check_keys(
        file,
        &["skill", "summary", "version", "internal", "inputs", "steps", "done", "failed"],
        problems,
    );
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
    let steps = node.field("steps");
    if let Some(steps) = steps {
        take_over(steps, skills, &mut BTreeMap::new(), &mut inputs);
    }
    let names: Vec<String> = inputs.iter().map(|(name, _)| name.clone()).collect();
    let inputs_known = Facts::of(names);
    let mut walk =
        Walk { file, actions, skills, uses, inputs: inputs_known, receipts: Facts::default(), loops: 0 };
    let mut facts = walk.inputs.clone();
    if let Some(steps) = steps {
        for secret in secrets(steps, actions, skills, &mut BTreeMap::new()) {
            facts.remove(secret);
        }
        walk.steps(steps, &mut facts);
    }
    let Walk { receipts, .. } = walk;
    add(uses, file, node.field("done"), "", receipts);
    add(uses, file, node.field("failed"), "", facts);
    let summary = node.field("summary").and_then(Node::text).unwrap_or_default().to_owned();
    let reads_only = steps.is_none_or(|steps| !writes(steps, skills, &mut BTreeSet::new()));
    Some(SkillHead { name: name.to_owned(), summary, inputs, reads_only })
}

/// Whether steps change anything, here or in a skill that is used; each of those is looked at once.
fn writes<'n>(steps: &'n Node, skills: &Skills<'n>, seen: &mut BTreeSet<&'n str>) -> bool {
    let used = |seen: &mut BTreeSet<&'n str>| {
        uses_of(steps).into_iter().any(|(used, _)| {
            let inner = skills.get(used).and_then(|node| node.field("steps"));
            seen.insert(used) && inner.is_some_and(|inner| writes(inner, skills, seen))
        })
    };
    flat(steps).into_iter().any(|step| step.field("write").is_some()) || used(seen)
}

/// Adds the inputs of used skills that their user does not give: the caller is asked for them in the used skill's words, as the
/// action core has it. What is wrong with them is told with their own file. `known` has those of skills seen before.
fn take_over<'n>(
    steps: &'n Node,
    skills: &Skills<'n>,
    known: &mut BTreeMap<&'n str, Vec<(String, InputSpec)>>,
    inputs: &mut Vec<(String, InputSpec)>,
) {
    for (used, with) in uses_of(steps) {
        let Some(node) = skills.get(used) else { continue };
        if !known.contains_key(used) {
            known.insert(used, Vec::new());
            let mut theirs = Vec::new();
            for (key, spec) in node.field("inputs").and_then(Node::map).unwrap_or_default() {
                let spec = InputSpec::read("", &key.name, spec, &mut Vec::new());
                theirs.extend(spec.map(|spec| (key.name.clone(), spec)));
            }
            if let Some(steps) = node.field("steps") {
                take_over(steps, skills, known, &mut theirs);
            }
            known.insert(used, theirs);
        }
        for (name, spec) in known.get(used).into_iter().flatten() {
            let given = with.is_some_and(|with| with.field(name).is_some());
            if !given && inputs.iter().all(|(known, _)| known != name) {
                inputs.push((name.clone(), spec.clone()));
            }
        }
    }
}

/// Inputs that go to a secret argument, here or in a skill that is used; each of those is looked at once.
fn secrets<'n>(
    steps: &'n Node,
    actions: &'n Actions,
    skills: &Skills<'n>,
    known: &mut BTreeMap<&'n str, BTreeSet<&'n str>>,
) -> BTreeSet<&'n str> {
    let mut found = BTreeSet::new();
    for step in flat(steps) {
        for call in ["read", "write"].into_iter().filter_map(|call| step.field(call)?.text()) {
            found.extend(actions.secrets(call, step.field("with")));
        }
    }
    for (used, with) in uses_of(steps) {
        let Some(inner) = skills.get(used).and_then(|node| node.field("steps")) else { continue };
        if !known.contains_key(used) {
            // In a circle of uses, which does not load, there is no secret yet.
            known.insert(used, BTreeSet::new());
            let secrets = secrets(inner, actions, skills, known);
            known.insert(used, secrets);
        }
        for secret in known.get(used).into_iter().flatten() {
            match with.and_then(|with| with.field(secret)) {
                Some(expr) => found.extend(expr.text().map(identifiers).into_iter().flatten()),
                None => found.extend([secret]),
            }
        }
    }
    found
}

/// Every use of another skill with what it is given.
fn uses_of(steps: &Node) -> Vec<(&str, Option<&Node>)> {
    flat(steps)
        .into_iter()
        .filter_map(|step| Some((step.field("use")?.text()?, step.field("with"))))
        .collect()
}

/// Every step, also inside branches and loops.
fn flat(steps: &Node) -> Vec<&Node> {
    let mut all = Vec::new();
    for step in steps.list().unwrap_or_default() {
        all.push(step);
        for inner in ["steps", "else"].into_iter().filter_map(|inner| step.field(inner)) {
            all.extend(flat(inner));
        }
    }
    all
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
    skills: &'w Skills<'w>,
    uses: &'w mut Vec<WordsUse>,
    inputs: Facts,
    /// What only executing brings: the claim may name nothing else.
    receipts: Facts,
    loops: u32,
}

impl Walk<'_> {
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

    /// A write of a loop has as many receipts as there are items: a sentence that named one of them would tell of the last alone.
    fn written(&mut self, action: &str, name: &str) {
        if self.loops == 0 {
            self.actions.result(action, name, &mut self.receipts);
        }
    }

    /// What a used skill writes is done in its user's name.
    fn receipts_of(&mut self, used: &str, seen: &mut Vec<String>) {
        let Some(steps) = self.skills.get(used).and_then(|node| node.field("steps")) else { return };
        if self.loops > 0 || seen.iter().any(|name| name == used) {
            return;
        }
        seen.push(used.to_owned());
        self.receipts_in(steps, seen);
    }

    fn receipts_in(&mut self, steps: &Node, seen: &mut Vec<String>) {
        for step in steps.list().unwrap_or_default().iter().filter(|step| step.field("for_each").is_none()) {
            let text = |key: &str| step.field(key).and_then(Node::text);
            if let Some(action) = text("write") {
                self.written(action, text("as").unwrap_or(action));
            }
            if let Some(used) = text("use") {
                self.receipts_of(used, seen);
            }
            for inner in ["steps", "else"].into_iter().filter_map(|inner| step.field(inner)) {
                self.receipts_in(inner, seen);
            }
        }
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
            self.written(action, text("as").unwrap_or(action));
        } else if let Some(item) = text("for_each") {
            let mut inside = facts.clone();
            inside.add(item, "record");
            inside.add(item, "text");
            self.loops += 1;
            if let Some(steps) = step.field("steps") {
                self.steps(steps, &mut inside);
            }
            self.loops -= 1;
            if let Some(name) = text("as") {
                facts.add(name, "list");
            }
        } else if let Some(used) = text("use") {
            self.receipts_of(used, &mut Vec::new());
            facts.add(text("as").unwrap_or(used), "record");
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
