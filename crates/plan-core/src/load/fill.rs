//! Completes what a skill leaves out: the inputs of the skills that it uses, and arguments that follow from what is known.
//!
//! An argument whose meaning is declared (`is:`) may be left out of a step. It is bound to the one fact of that meaning and type
//! that is known there; when there is none, backward chaining looks for the one read that tells it and whose own arguments can be
//! bound in the same way, and adds that read. Two that would do are a mistake, for nobody can tell which is meant. Only reads are
//! added, always the same ones, and each says what for.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{ActionKind, InputSpec, Problem};

use crate::catalogue::{Action, Field};
use crate::expr::{Expr, Type};
use crate::skill::{CallStep, Skill, Step, StepKind, each_use, slot_type};

pub(super) fn fill(
    skills: &mut BTreeMap<String, Skill>,
    actions: &BTreeMap<String, Action>,
    problems: &mut Vec<Problem>,
) {
    let names: Vec<String> = skills.keys().cloned().collect();
    let mut done = BTreeSet::new();
    for name in &names {
        take_over(name, skills, &mut done, problems);
    }
    let written = skills.clone();
    for skill in skills.values_mut() {
        let mut reserved = BTreeSet::new();
        names_of(&skill.steps, &mut reserved);
        let mut fill = Fill { actions, skills: &written, reserved, file: &skill.file, problems };
        let mut known = Known::of(skill);
        skill.steps = fill.steps(std::mem::take(&mut skill.steps), &mut known);
    }
}

/// Gives a skill the inputs of the skills that it uses, where it does not give them itself: they are asked for in the words of the
/// skill that needs them. A circle of uses is told by the checks.
fn take_over(
    name: &str,
    skills: &mut BTreeMap<String, Skill>,
    done: &mut BTreeSet<String>,
    problems: &mut Vec<Problem>,
) {
    if !done.insert(name.to_owned()) {
        return;
    }
    let mut uses = BTreeSet::new();
    if let Some(skill) = skills.get(name) {
        each_use(&skill.steps, &mut |used, _| uses.extend([used.to_owned()]));
    }
    for used in &uses {
        take_over(used, skills, done, problems);
    }
    let inputs: BTreeMap<&String, Vec<(String, InputSpec)>> =
        uses.iter().filter_map(|used| Some((used, skills.get(used)?.inputs.clone()))).collect();
    let Some(skill) = skills.get_mut(name) else { return };
    let Skill { inputs: own, steps, file, .. } = skill;
    each_use_mut(steps, &mut |line, used, with| {
        for (input, spec) in inputs.get(&used).into_iter().flatten() {
            if with.iter().any(|(given, _)| given == input) {
                continue;
            }
            match own.iter().find(|(known, _)| known == input) {
                Some((_, known)) if known.slot != spec.slot => {
                    let what = format!("`{used}` takes another kind of `{input}` than this skill asks for");
                    let help = format!("give it under `with`: {input}: <a value>");
                    problems.push(Problem::error(file.as_str(), line, what).help(help));
                }
                Some(_) => {}
                None => own.push((input.clone(), spec.clone())),
            }
            with.extend(Expr::compile(input).ok().map(|expr| (input.clone(), expr)));
        }
    });
}

fn each_use_mut(steps: &mut [Step], visit: &mut impl FnMut(Option<u32>, &String, &mut Vec<(String, Expr)>)) {
    for step in steps {
        match &mut step.what {
            StepKind::Use { skill, with, .. } => visit(step.line, skill, with),
            StepKind::Branch { then, otherwise, .. } => {
                each_use_mut(then, visit);
                each_use_mut(otherwise, visit);
            }
            StepKind::ForEach { steps, .. } => each_use_mut(steps, visit),
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

/// Every name that the file gives: an added read takes none of them.
fn names_of(steps: &[Step], names: &mut BTreeSet<String>) {
    for step in steps {
        match &step.what {
            StepKind::Read { call, .. } | StepKind::Write { call, .. } => names.extend([call.name.clone()]),
            StepKind::Branch { then, otherwise, .. } => {
                names_of(then, names);
                names_of(otherwise, names);
            }
            StepKind::ForEach { item, name, steps, .. } => {
                names.insert(item.clone());
                names.extend(name.clone());
                names_of(steps, names);
            }
            StepKind::Use { name, .. } | StepKind::Choose { name, .. } => names.extend([name.clone()]),
            StepKind::Ask { .. }
            | StepKind::Confirm { .. }
            | StepKind::Answer { .. }
            | StepKind::Refuse { .. } => {}
        }
    }
}

/// A fact whose meaning is declared.
#[derive(Clone)]
struct Fact {
    path: String,
    meaning: String,
    kind: Type,
    /// From a system; what it tells comes before what the caller said.
    told: bool,
    /// Known only while executing.
    later: bool,
}

/// The facts of a place.
#[derive(Clone, Default)]
struct Known {
    facts: Vec<Fact>,
    confirmed: bool,
}

impl Known {
    fn of(skill: &Skill) -> Self {
        let facts = skill.inputs.iter().map(|(name, spec)| Fact {
            path: name.clone(),
            meaning: name.clone(),
            kind: slot_type(&spec.slot).into(),
            told: false,
            later: false,
        });
        Self { facts: facts.collect(), confirmed: false }
    }

    fn result(&mut self, call: &CallStep, actions: &BTreeMap<String, Action>) {
        if let Some(action) = actions.get(&call.action) {
            self.tells(&call.name, action);
        }
    }

    fn tells(&mut self, name: &str, action: &Action) {
        let later = action.kind == ActionKind::Write;
        let told = action.call.outputs.iter().filter_map(|field| {
            let (path, meaning) = (format!("{name}.{}", field.name), field.is.clone()?);
            Some(Fact { path, meaning, kind: field.type_of(), told: true, later })
        });
        self.facts.extend(told);
    }

    /// The one fact that an argument can be bound to; an error when there are several.
    fn find(&self, field: &Field, later: bool) -> Result<Option<&str>, String> {
        let same = |fact: &&Fact| {
            (!fact.later || later)
                && fact.meaning == field.meaning()
                && fact.kind.is(&field.type_of())
                && !(field.secret && fact.told)
        };
        let told: Vec<&Fact> = self.facts.iter().filter(|fact| fact.told).filter(same).collect();
        let said = || self.facts.iter().filter(|fact| !fact.told).filter(same).collect();
        let found: Vec<&Fact> = if told.is_empty() { said() } else { told };
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(&one.path)),
            several => {
                let paths: Vec<String> = several.iter().map(|fact| format!("`{}`", fact.path)).collect();
                Err(format!("{} would do", paths.join(" and ")))
            }
        }
    }
}

struct Fill<'f> {
    actions: &'f BTreeMap<String, Action>,
    skills: &'f BTreeMap<String, Skill>,
    reserved: BTreeSet<String>,
    file: &'f str,
    problems: &'f mut Vec<Problem>,
}

impl<'f> Fill<'f> {
    fn steps(&mut self, steps: Vec<Step>, known: &mut Known) -> Vec<Step> {
        let mut out: Vec<Step> = Vec::with_capacity(steps.len());
        // Everything is read before the confirmation, so what a later write needs is too.
        let mut confirm = None;
        for mut step in steps {
            let place = match (known.confirmed, confirm) {
                (false, _) => Some(out.len()),
                (true, confirm) => confirm,
            };
            let line = step.line;
            match &mut step.what {
                StepKind::Read { call, .. } => {
                    self.call(line, call, known, place, &mut out);
                    known.result(call, self.actions);
                }
                StepKind::Write { call, when } => {
                    self.call(line, call, known, place, &mut out);
                    // What may not be done tells nothing for sure.
                    if when.is_none() {
                        known.result(call, self.actions);
                    }
                }
                StepKind::Branch { then, otherwise, .. } => {
                    for branch in [then, otherwise] {
                        *branch = self.steps(std::mem::take(branch), &mut known.clone());
                    }
                }
                StepKind::ForEach { steps, .. } => {
                    *steps = self.steps(std::mem::take(steps), &mut known.clone());
                }
                StepKind::Use { skill, name, .. } => {
                    known.facts.extend(self.brought(skill, name, USES_MAX));
                }
                StepKind::Confirm { .. } => {
                    known.confirmed = true;
                    confirm = Some(out.len());
                }
                StepKind::Ask { .. }
                | StepKind::Choose { .. }
                | StepKind::Answer { .. }
                | StepKind::Refuse { .. } => {}
            }
            out.push(step);
        }
        out
    }

    fn call(
        &mut self,
        line: Option<u32>,
        call: &mut CallStep,
        known: &mut Known,
        place: Option<usize>,
        out: &mut Vec<Step>,
    ) {
        let Some(action) = self.actions.get(&call.action) else { return };
        let later = action.kind == ActionKind::Write;
        for field in &action.inputs {
            if call.with.iter().any(|(name, _)| *name == field.name) {
                continue;
            }
            let mut reads = Vec::new();
            let found = match (&field.is, place) {
                (None, _) => Err(None),
                (Some(_), None) => match known.find(field, later) {
                    Ok(Some(path)) => Ok(path.to_owned()),
                    Ok(None) => Err(Some("nothing known there means it".to_owned())),
                    Err(several) => Err(Some(several)),
                },
                (Some(_), Some(_)) => self
                    .bind(field, &call.action, known, later, line, &mut Vec::new(), &mut reads)
                    .map_err(Some),
            };
            let expr = match &found {
                Ok(path) => Expr::compile(path).ok(),
                Err(why) => {
                    let what = format!("`{}` needs `{}` under `with`", call.action, field.name);
                    let problem = Problem::error(self.file, line, what);
                    self.problems.push(match why {
                        Some(why) => problem.help(why),
                        None => problem,
                    });
                    // Told once: it counts as bound.
                    Expr::compile("null").ok()
                }
            };
            call.with.extend(expr.map(|expr| (field.name.clone(), expr)));
            call.filled.push(field.name.clone());
            if let Some(place) = place {
                out.splice(place..place, reads);
            }
        }
    }

    /// What an argument is bound to: a fact that is known, or one that reads tell which are put into `reads`.
    #[expect(clippy::too_many_arguments, reason = "a recursion carries what it has found")]
    fn bind(
        &self,
        field: &Field,
        whose: &'f str,
        known: &mut Known,
        later: bool,
        line: Option<u32>,
        chain: &mut Vec<&'f str>,
        reads: &mut Vec<Step>,
    ) -> Result<String, String> {
        if let Some(path) = known.find(field, later)? {
            return Ok(path.to_owned());
        }
        if field.secret {
            return Err(format!("the caller is asked for no `{}`", field.meaning()));
        }
        if chain.len() >= CHAIN_MAX {
            return Err(format!("more than {CHAIN_MAX} reads in a row would be needed"));
        }
        let (mut ways, mut why_not) = (Vec::new(), Vec::new());
        for (read, output) in self.tellers(field) {
            let name = read.call.action.as_str();
            if chain.contains(&name) {
                continue;
            }
            if self.reserved.contains(name) {
                why_not.push(format!("`{name}` tells it, but not before this step"));
                continue;
            }
            chain.push(name);
            let (mut then, mut steps) = (known.clone(), Vec::new());
            let with = self.arguments(read, &mut then, line, chain, &mut steps);
            chain.pop();
            match with {
                Ok(with) => {
                    let added = Some(format!("it tells `{}` for `{whose}`", field.name));
                    let (action, filled) =
                        (name.to_owned(), with.iter().map(|(name, _)| name.clone()).collect());
                    let call = CallStep { action, with, name: name.to_owned(), filled, added };
                    steps.push(Step { line, what: StepKind::Read { call, not_found: Vec::new() } });
                    then.tells(name, read);
                    ways.push((name, format!("{name}.{}", output.name), then, steps));
                }
                Err(why) => why_not.push(format!("`{name}` would tell it, but {why}")),
            }
        }
        if ways.len() > 1 {
            let names: Vec<String> = ways.iter().map(|(name, ..)| format!("`{name}`")).collect();
            return Err(format!("{} tell it: write the one that is meant as a step", names.join(" and ")));
        }
        let Some((_, path, then, steps)) = ways.pop() else {
            why_not.push("nothing known there means it, and no read tells it".to_owned());
            return Err(why_not.swap_remove(0));
        };
        *known = then;
        reads.extend(steps);
        Ok(path)
    }

    /// Reads that tell what an argument means, each by one of its outputs.
    fn tellers(&self, field: &Field) -> impl Iterator<Item = (&'f Action, &'f Field)> {
        let (meaning, kind) = (field.meaning().to_owned(), field.type_of());
        self.actions.values().filter(|action| action.kind == ActionKind::Read).filter_map(move |action| {
            let mut same = action.call.outputs.iter().filter(|output| {
                output.is.as_ref().is_some_and(|is| *is == meaning) && output.type_of().is(&kind)
            });
            let first = same.next()?;
            same.next().is_none().then_some((action, first))
        })
    }

    fn arguments(
        &self,
        read: &'f Action,
        known: &mut Known,
        line: Option<u32>,
        chain: &mut Vec<&'f str>,
        reads: &mut Vec<Step>,
    ) -> Result<Vec<(String, Expr)>, String> {
        let mut with = Vec::new();
        for field in &read.inputs {
            if field.is.is_none() {
                return Err(format!("what its `{}` means is not declared", field.name));
            }
            let path = self
                .bind(field, &read.call.action, known, false, line, chain, reads)
                .map_err(|why| format!("its `{}` is not known: {why}", field.name))?;
            with.push((field.name.clone(), Expr::compile(&path)?));
        }
        Ok(with)
    }

    /// What a used skill brings under a name, as far as its meaning is declared.
    fn brought(&self, used: &str, name: &str, depth: usize) -> Vec<Fact> {
        let Some(skill) = self.skills.get(used).filter(|_| depth > 0) else { return Vec::new() };
        let mut facts = Vec::new();
        for step in &skill.steps {
            match &step.what {
                StepKind::Read { call, .. } => {
                    let Some(action) = self.actions.get(&call.action) else { continue };
                    let mut inner = Known::default();
                    inner.tells(&format!("{name}.{}", call.name), action);
                    facts.extend(inner.facts);
                }
                StepKind::Use { skill, name: inner, .. } => {
                    facts.extend(self.brought(skill, &format!("{name}.{inner}"), depth - 1));
                }
                StepKind::Write { .. }
                | StepKind::Branch { .. }
                | StepKind::ForEach { .. }
                | StepKind::Ask { .. }
                | StepKind::Choose { .. }
                | StepKind::Confirm { .. }
                | StepKind::Answer { .. }
                | StepKind::Refuse { .. } => {}
            }
        }
        facts
    }
}

/// Reads in a row for one argument. People can follow three; the search stays small with it.
const CHAIN_MAX: usize = 3;
/// How deep within used skills a fact is looked for. People give what is deeper themselves; a circle of uses ends here.
const USES_MAX: usize = 4;
