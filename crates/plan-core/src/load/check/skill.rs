//! What must hold on every way through a skill: it ends, each value is known and of the right type where it is used, a yes comes
//! before every write, and what was written can be taken back until it need not be.

mod value;

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{ActionKind, Problem};

use super::{nearest, secret_inputs};
use crate::catalogue::{Action, Undo};
use crate::expr::{Expr, Type};
use crate::policy::RUN_PLAN;
use crate::skill::{CallStep, NotFound, Pack, Skill, Step, StepKind, slot_type};
use value::{From, Known, Place, brought};

/// How far a walk along the steps has come.
#[derive(Clone)]
struct Walk {
    known: BTreeMap<String, Known>,
    chosen: BTreeSet<String>,
    /// Inputs that a step so far has looked at, on some way.
    asked: BTreeSet<String>,
    /// Names of writes: the claim at the end tells of each once.
    receipts: BTreeSet<String>,
    confirmed: bool,
    steps: usize,
    reads: usize,
    writes: usize,
    /// A write before this point cannot be undone and does not say so.
    stuck: Option<String>,
    /// A write before this point is taken back by nothing: from there on the plan must succeed.
    pivot: Option<String>,
    ended: bool,
}

pub(super) struct SkillCheck<'c> {
    pack: &'c Pack,
    /// The skill that callers ask for.
    root: &'c Skill,
    /// The one whose steps are looked at: the root, or one that is used.
    skill: &'c Skill,
    /// The skills around it, each with the place where it uses the next.
    around: Vec<(&'c str, String)>,
    /// Loops around the place.
    loops: usize,
    steps_most: usize,
    reads_most: usize,
    writes_most: usize,
    /// Steps looked at: skills that use each other many times over are not looked at for ever.
    walked: usize,
    policies: &'c str,
    problems: &'c mut Vec<Problem>,
}

impl<'c> SkillCheck<'c> {
    pub(super) fn new(
        pack: &'c Pack,
        skill: &'c Skill,
        policies: &'c str,
        problems: &'c mut Vec<Problem>,
    ) -> Self {
        let (around, loops) = (Vec::new(), 0);
        let (steps_most, reads_most, writes_most, walked) = (0, 0, 0, 0);
        Self {
            pack,
            root: skill,
            skill,
            around,
            loops,
            steps_most,
            reads_most,
            writes_most,
            walked,
            policies,
            problems,
        }
    }

    pub(super) fn run(mut self) {
        self.unused();
        self.remembered();
        if self.root.internal {
            // Whether its steps are right depends on the skills that use it; it is walked with each of them.
            let uses = self.pack.skills.values().any(|skill| {
                let mut found = false;
                crate::skill::each_use(&skill.steps, &mut |used, _| found |= used == self.root.name);
                found
            });
            if !uses {
                let what = "no skill uses this one, and it is `internal`: nobody can ask for it".to_owned();
                self.problems.push(Problem::warning(&self.skill.file, self.skill.line, what));
            }
            return;
        }
        let start = Walk {
            known: self.inputs(self.root),
            chosen: BTreeSet::new(),
            asked: BTreeSet::new(),
            receipts: BTreeSet::new(),
            confirmed: false,
            steps: 0,
            reads: 0,
            writes: 0,
            stuck: None,
            pivot: None,
            ended: false,
        };
        let end = self.walk(&self.root.steps, start);
        if end.confirmed {
            for (key, words) in [("done", &self.root.done), ("failed", &self.root.failed)] {
                if words.is_empty() {
                    self.wrong(
                        self.root.line,
                        format!("the skill writes and has no words under `{key}`"),
                        None,
                    );
                }
            }
            if end.writes == 0 {
                self.wrong(self.root.line, "it asks for a yes and then writes nothing".to_owned(), None);
            }
            if let Some(why) = self.pack.policy.why_never(RUN_PLAN) {
                self.problems.push(Problem::error(self.policies, None, format!("{why}, so no plan can run")));
            }
        } else if !end.ended {
            self.wrong(
                self.root.line,
                "a way through the skill ends in nothing".to_owned(),
                Some("end it with `answer`, or with `confirm` and writes".to_owned()),
            );
        }
        for (count, most, what) in [
            (self.reads_most, READS_MOST, "reads"),
            (self.writes_most, WRITES_MOST, "writes"),
            (self.steps_most, STEPS_MOST, "steps"),
        ] {
            if count > most {
                let help = format!("{most} is the most; lower `most` of a `for_each`");
                self.wrong(self.root.line, format!("the skill may come to {count} {what}"), Some(help));
            }
        }
    }

    fn inputs(&self, skill: &Skill) -> BTreeMap<String, Known> {
        let secrets = secret_inputs(self.pack, skill);
        let known = |name: &String| From::Input { secret: secrets.contains(name) };
        let inputs = skill.inputs.iter();
        inputs
            .map(|(name, spec)| {
                (name.clone(), Known { kind: slot_type(&spec.slot).into(), from: known(name) })
            })
            .collect()
    }

    /// What is kept for the next call must be no secret, and must have somewhere to be kept.
    fn remembered(&mut self) {
        let secrets = secret_inputs(self.pack, self.skill);
        for (name, _) in self.skill.inputs.iter().filter(|(_, spec)| spec.remember) {
            if secrets.contains(name) {
                let what = format!("the input `{name}` is secret and must not be remembered");
                self.problems.push(Problem::error(&self.skill.file, self.skill.line, what));
            }
            if self.pack.memory.is_none() {
                let what = format!("the input `{name}` is to be remembered, and the pack has no memory");
                self.problems.push(
                    Problem::warning(&self.skill.file, self.skill.line, what)
                        .help("in pack.yaml: memory: { level: 2, days: 30 }"),
                );
            }
        }
    }

    fn unused(&mut self) {
        let mut used = BTreeSet::new();
        references(&self.skill.steps, &mut used);
        for (name, _) in &self.skill.inputs {
            if !used.contains(name.as_str()) {
                let what = format!("the input `{name}` is never used, so never asked for");
                self.problems.push(Problem::warning(&self.skill.file, self.skill.line, what));
            }
        }
    }

    fn walk(&mut self, steps: &'c [Step], mut at: Walk) -> Walk {
        for step in steps {
            if at.ended {
                self.wrong(step.line, "this step is never reached".to_owned(), None);
                return at;
            }
            at = self.step(step, at);
        }
        at
    }

    fn step(&mut self, step: &'c Step, mut at: Walk) -> Walk {
        let line = step.line;
        self.walked += 1;
        if self.walked >= WALKED_MAX {
            if self.walked == WALKED_MAX {
                let what = format!("the skills that `{}` uses come to too many steps", self.root.name);
                self.wrong_here(line, &what, Some("use fewer of them"));
            }
            return at;
        }
        at.steps = at.steps.saturating_add(1);
        self.steps_most = self.steps_most.max(at.steps);
        let here = Place { line, ..Place::default() };
        let looked_at = exprs_of(&step.what).into_iter().flat_map(Expr::references);
        at.asked.extend(looked_at.map(|(name, _)| name.to_owned()));
        match &step.what {
            StepKind::Read { call, not_found } => self.read(line, call, not_found, &mut at),
            StepKind::Write { call, when } => self.write(line, call, when.as_ref(), &mut at),
            StepKind::Branch { when, then, otherwise } => {
                // After a `confirm` too: what is known by then decides before anything is read back.
                self.condition(when, &at, here);
                let left = self.walk(then, at.clone());
                let right = self.walk(otherwise, at);
                if left.confirmed != right.confirmed && !left.ended && !right.ended {
                    let what = "a `confirm` on one way only, and both go on";
                    let help =
                        "ask after both meet, or end the other way with `answer`, `refuse` or `transfer`";
                    self.wrong_here(line, what, Some(help));
                }
                return join(left, right);
            }
            StepKind::ForEach { item, list, most, name, steps } => {
                return self.for_each(line, (item, list, *most, name.as_deref()), steps, at);
            }
            StepKind::Use { skill, with, name } => return self.used(line, skill, with, name, at),
            StepKind::Ask { input } => self.ask(line, input, &mut at),
            StepKind::Choose { name, from, words, .. } => self.choose(line, name, from, words, &mut at),
            StepKind::Confirm { words } => {
                self.words(line, words);
                if at.confirmed {
                    self.wrong_here(line, "a second `confirm`", None);
                }
                if self.loops > 0 {
                    let help = "ask once, before a `for_each` that writes";
                    self.wrong_here(line, "a `confirm` inside `for_each`", Some(help));
                }
                at.confirmed = true;
            }
            StepKind::Answer { words } | StepKind::Refuse { words, .. } => {
                self.words(line, words);
                if at.confirmed {
                    self.wrong_here(line, "the skill ends after `confirm` without writing", None);
                }
                at.ended = true;
            }
        }
        at
    }

    fn read(&mut self, line: Option<u32>, call: &CallStep, not_found: &[NotFound], at: &mut Walk) {
        if at.confirmed {
            self.wrong_here(line, "a read after `confirm`: everything is read before", None);
        }
        at.reads = at.reads.saturating_add(1);
        self.reads_most = self.reads_most.max(at.reads);
        self.call(line, call, ActionKind::Read, None, at);
        self.permitted(line, &call.action);
        for case in not_found {
            self.words(line, &case.words);
            if self.skill.input(&case.input).is_none() {
                let what = format!("`not_found` names the input `{}`, which there is not", case.input);
                let names = self.skill.inputs.iter().map(|(name, _)| name);
                let help = nearest(&case.input, names);
                self.wrong(line, what, help);
            } else if !at.asked.contains(&case.input) {
                // The same would be read again, and the caller asked again, for ever.
                let what = format!(
                    "`not_found` asks again for `{}`, and neither this read nor a step before looks at it",
                    case.input
                );
                let help = "name an input that the arguments rest on".to_owned();
                self.wrong(line, what, Some(help));
            }
        }
    }

    fn write(&mut self, line: Option<u32>, call: &CallStep, when: Option<&Expr>, at: &mut Walk) {
        if !at.confirmed {
            let what = format!("`{}` writes before the caller has said yes", call.action);
            self.wrong_here(line, &what, Some("put a `confirm` before it"));
        }
        if let Some(when) = when {
            // Results decide too: then it is left out while the plan runs. What was read back and allowed is the plan with it.
            self.condition(when, at, Place { line, later: true, ..Place::default() });
        }
        if let Some(action) = self.pack.actions.get(&call.action) {
            self.order(line, action, at);
        }
        let again = !at.receipts.insert(call.name.clone());
        if again && self.loops == 0 && !at.known.contains_key(&call.name) {
            let what = format!("two writes are called `{}`, and only one can be told of", call.name);
            self.wrong_here(line, &what, Some("give one another name with `as`"));
        }
        at.writes = at.writes.saturating_add(1);
        self.writes_most = self.writes_most.max(at.writes);
        self.permitted(line, &call.action);
        self.call(line, call, ActionKind::Write, when, at);
    }

    fn ask(&mut self, line: Option<u32>, input: &str, at: &mut Walk) {
        if at.confirmed {
            let help = "ask before, so that it is part of what is read back";
            self.wrong_here(line, "a question after `confirm`", Some(help));
        }
        if self.skill.input(input).is_none() {
            let help = nearest(input, self.skill.inputs.iter().map(|(name, _)| name));
            let help = help.or_else(|| Some(format!("declare `{input}` under `inputs`")));
            self.wrong(line, format!("`ask` names the input `{input}`, which there is not"), help);
        }
        at.asked.insert(input.to_owned());
    }

    fn choose(&mut self, line: Option<u32>, name: &str, from: &Expr, words: &str, at: &mut Walk) {
        if at.confirmed {
            self.wrong_here(line, "a choice after `confirm`", None);
        }
        if self.loops > 0 {
            let what = "a choice inside `for_each`: one answer is for one question";
            self.wrong_here(line, what, Some("let the caller choose before it"));
        }
        self.words(line, words);
        let element = self.list(from, at, Place { line, ..Place::default() });
        let within = !self.around.is_empty();
        if !at.chosen.insert(name.to_owned()) || (within && self.root.input(name).is_some()) {
            let what = format!("the choice `{name}` and another question have one name");
            self.wrong_here(line, &what, Some("give it another"));
        }
        let kind = if element == Type::Any { Type::Record(None) } else { element };
        self.define(line, name, Known { kind, from: From::Fact }, at);
    }

    /// Until a write that nothing takes back everything before can be undone; after it everything must succeed. So only writes
    /// that are never refused for good may follow it.
    fn order(&mut self, line: Option<u32>, action: &Action, at: &mut Walk) {
        let name = &action.call.action;
        if let Some(stuck) = at.stuck.take() {
            let what = format!("`{stuck}` cannot be undone when a later step fails");
            let help = "declare its `undo`, or `undo: none` if nothing takes it back";
            self.wrong_here(line, &what, Some(help));
        } else if let Some(pivot) = &at.pivot
            && !action.retriable
        {
            let what = format!("`{name}` may fail when `{pivot}`, which nothing takes back, is done already");
            let help = format!(
                "put it before, give `{pivot}` an `undo`, or declare `{name}` as `retriable: true` if its system never refuses it \
                 for good"
            );
            self.wrong_here(line, &what, Some(&help));
        }
        match action.undo {
            Undo::By(_) => {}
            Undo::None => at.pivot = at.pivot.take().or_else(|| Some(name.clone())),
            Undo::Undeclared => at.stuck = Some(name.clone()),
        }
    }

    fn permitted(&mut self, line: Option<u32>, action: &str) {
        if self.pack.actions.contains_key(action)
            && let Some(why) = self.pack.policy.why_never(action)
        {
            let help = format!("a `permit` for Action::\"{action}\" in {}", self.policies);
            self.wrong(line, format!("{why}, so the skill can never succeed"), Some(help));
        }
    }

    fn for_each(
        &mut self,
        line: Option<u32>,
        (item, list, most, name): (&str, &Expr, usize, Option<&str>),
        steps: &'c [Step],
        mut at: Walk,
    ) -> Walk {
        let element = self.list(list, &at, Place { line, ..Place::default() });
        let before = at.known.clone();
        let (steps_before, reads, writes) = (at.steps, at.reads, at.writes);
        self.loops += 1;
        self.define(line, item, Known { kind: element, from: From::Fact }, &mut at);
        let start = at.known.clone();
        at = self.walk(steps, at);
        if at.ended {
            let what = "every way through this `for_each` ends the skill with its first item".to_owned();
            self.wrong(line, what, Some("put a `when` before what ends it".to_owned()));
            at.ended = false;
        }
        let (more_steps, more_reads, more_writes) =
            (at.steps - steps_before, at.reads - reads, at.writes - writes);
        if most > 1 {
            // What is written for one item is written again after it, for the next.
            let brought = std::mem::replace(&mut at.known, start);
            let chosen = std::mem::take(&mut at.chosen);
            at = self.walk(steps, at);
            (at.known, at.chosen, at.ended) = (brought, chosen, false);
        }
        self.loops -= 1;
        // Loops within loops multiply.
        at.steps = steps_before.saturating_add(more_steps.saturating_mul(most));
        at.reads = reads.saturating_add(more_reads.saturating_mul(most));
        at.writes = writes.saturating_add(more_writes.saturating_mul(most));
        self.steps_most = self.steps_most.max(at.steps);
        self.reads_most = self.reads_most.max(at.reads);
        self.writes_most = self.writes_most.max(at.writes);
        let kind = Type::List(Box::new(brought(&at.known, |name| before.contains_key(name))));
        at.known = before;
        if let Some(name) = name {
            self.define(line, name, Known { kind, from: From::Fact }, &mut at);
        }
        at
    }

    fn used(
        &mut self,
        line: Option<u32>,
        used: &'c str,
        with: &[(String, Expr)],
        name: &str,
        mut at: Walk,
    ) -> Walk {
        let anything = Known { kind: Type::Any, from: From::Fact };
        let Some(inner) = self.pack.skills.get(used) else {
            let help = nearest(used, self.pack.skills.keys());
            self.wrong(line, format!("there is no skill `{used}` in this pack"), help);
            self.define(line, name, anything, &mut at);
            return at;
        };
        let chain: Vec<&str> =
            self.around.iter().map(|(name, _)| *name).chain([self.skill.name.as_str()]).collect();
        if let Some(first) = chain.iter().position(|name| *name == used) {
            let way: Vec<String> =
                chain[first..].iter().chain([&used]).map(|name| format!("`{name}`")).collect();
            let what = format!("{}: a skill that uses itself never ends", way.join(" uses "));
            self.wrong(line, what, Some("take one of the uses out".to_owned()));
            self.define(line, name, anything, &mut at);
            return at;
        }
        if self.around.len() >= USES_MAX {
            let help = format!("{USES_MAX} within each other are the most");
            self.wrong_here(line, &format!("`{used}` is used too deep within other skills"), Some(&help));
            self.define(line, name, anything, &mut at);
            return at;
        }
        let inputs = self.inputs(inner);
        for (input, expr) in with {
            let Some(known) = inputs.get(input) else {
                let help = nearest(input, inputs.keys());
                self.wrong(line, format!("`{used}` takes no `{input}`"), help);
                continue;
            };
            let secret = known.from == From::Input { secret: true };
            if let Some(kind) = self.value(expr, &at, Place { line, secret, ..Place::default() })
                && !kind.is(&known.kind)
            {
                let what = format!(
                    "`{input}` takes {}, but `{}` is {}",
                    known.kind.name(),
                    expr.source(),
                    kind.name()
                );
                self.wrong(line, what, None);
            }
        }
        let place = match line {
            Some(line) => format!("{}:{line}", self.skill.file),
            None => self.skill.file.clone(),
        };
        let outer = std::mem::replace(&mut self.skill, inner);
        self.around.push((&outer.name, place));
        let before = std::mem::replace(&mut at.known, inputs.clone());
        let asked = std::mem::take(&mut at.asked);
        at = self.walk(&inner.steps, at);
        at.asked = asked;
        self.around.pop();
        self.skill = outer;
        let kind = brought(&at.known, |name| inputs.contains_key(name));
        at.known = before;
        self.define(line, name, Known { kind, from: From::Fact }, &mut at);
        at
    }

    fn words(&mut self, line: Option<u32>, words: &str) {
        if words.trim().is_empty() {
            self.wrong(line, "there are no words".to_owned(), None);
        }
    }

    /// A mistake that depends on what came before: where this skill is used by others, that is told too.
    fn wrong_here(&mut self, line: Option<u32>, what: &str, help: Option<&str>) {
        let places: Vec<String> = self.around.iter().map(|(_, place)| format!("used in {place}")).collect();
        let what = std::iter::once(what.to_owned()).chain(places).collect::<Vec<_>>().join(", ");
        self.wrong(line, what, help.map(str::to_owned));
    }

    fn wrong(&mut self, line: Option<u32>, what: String, help: Option<String>) {
        let problem = Problem::error(&self.skill.file, line, what);
        self.problems.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }
}

/// What two branches agree on once they meet again; a branch that has ended does not count.
fn join(left: Walk, right: Walk) -> Walk {
    match (left.ended, right.ended) {
        (true, _) => right,
        (false, true) => left,
        (false, false) => Walk {
            known: left
                .known
                .into_iter()
                .filter_map(|(name, known)| {
                    let other = right.known.get(&name).filter(|other| other.from == known.from)?;
                    Some((name, Known { kind: known.kind.or(other.kind.clone()), from: known.from }))
                })
                .collect(),
            chosen: left.chosen.union(&right.chosen).cloned().collect(),
            asked: left.asked.union(&right.asked).cloned().collect(),
            receipts: left.receipts.union(&right.receipts).cloned().collect(),
            confirmed: left.confirmed && right.confirmed,
            steps: left.steps.max(right.steps),
            reads: left.reads.max(right.reads),
            writes: left.writes.max(right.writes),
            stuck: left.stuck.or(right.stuck),
            pivot: left.pivot.or(right.pivot),
            ended: false,
        },
    }
}

/// Names that steps look at, those inside branches and loops too, and inputs that they ask for.
fn references<'s>(steps: &'s [Step], used: &mut BTreeSet<&'s str>) {
    for step in steps {
        used.extend(exprs_of(&step.what).into_iter().flat_map(Expr::references).map(|(name, _)| name));
        match &step.what {
            StepKind::Branch { then, otherwise, .. } => {
                references(then, used);
                references(otherwise, used);
            }
            StepKind::ForEach { steps, .. } => references(steps, used),
            StepKind::Ask { input } => drop(used.insert(input)),
            StepKind::Read { .. }
            | StepKind::Write { .. }
            | StepKind::Use { .. }
            | StepKind::Choose { .. }
            | StepKind::Confirm { .. }
            | StepKind::Answer { .. }
            | StepKind::Refuse { .. } => {}
        }
    }
}

/// The expressions of a step itself.
fn exprs_of(step: &StepKind) -> Vec<&Expr> {
    match step {
        StepKind::Read { call, .. } => call.with.iter().map(|(_, expr)| expr).collect(),
        StepKind::Write { call, when } => call.with.iter().map(|(_, expr)| expr).chain(when).collect(),
        StepKind::Branch { when, .. } => vec![when],
        StepKind::ForEach { list, .. } => vec![list],
        StepKind::Use { with, .. } => with.iter().map(|(_, expr)| expr).collect(),
        StepKind::Choose { from, .. } => vec![from],
        StepKind::Ask { .. }
        | StepKind::Confirm { .. }
        | StepKind::Answer { .. }
        | StepKind::Refuse { .. } => Vec::new(),
    }
}

/// More than these no skill reads or writes for one caller who waits. Binding counts on the first: it keeps twice as many reads,
/// and the shell gives up after some more.
const READS_MOST: usize = 24;
const WRITES_MOST: usize = 50;
/// Steps of any kind, each turn of a loop counted: what one reply to a caller may have to go through.
const STEPS_MOST: usize = 1_000;
/// Skills within skills.
const USES_MAX: usize = 8;
/// Several times the steps of the largest pack that a person could still read.
const WALKED_MAX: usize = 20_000;
