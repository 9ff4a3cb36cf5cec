//! A skill as a Mermaid flowchart, with the way that a plan took through it.

use std::fmt::Write as _;

use crate::catalogue::Undo;
use crate::reason::{Because, Reason};
use crate::skill::{CallStep, Pack, Step, StepKind};

/// Draws a skill of a pack; what these reasons met is drawn thicker. `None` when there is no such skill.
#[must_use]
pub fn diagram(pack: &Pack, skill: &str, reasons: &[Reason]) -> Option<String> {
    let skill = pack.skills.get(skill)?;
    let mut drawing =
        Drawing { pack, reasons, text: String::from("flowchart TD\n"), nodes: 0, met: Vec::new(), levels: 1 };
    let start = drawing.node(&skill.file, None, ("([", "])"), &skill.name, !reasons.is_empty());
    let ends = drawing.steps(&skill.file, &skill.steps, vec![(start, "")]);
    if !ends.is_empty() {
        let met = reasons.iter().any(|reason| matches!(reason.what, Because::Judged { .. }));
        let end = drawing.node(&skill.file, None, ("([", "])"), &format!("done: {}", skill.done), met);
        drawing.join(&ends, &end);
    }
    if !drawing.met.is_empty() {
        drawing.line("classDef met stroke-width:4px");
        let met = drawing.met.join(",");
        drawing.line(&format!("class {met} met"));
    }
    Some(drawing.text)
}

/// Nodes that the next one follows, each with what is written on the way.
type Ends = Vec<(String, &'static str)>;

struct Drawing<'d> {
    pack: &'d Pack,
    reasons: &'d [Reason],
    text: String,
    nodes: usize,
    met: Vec<String>,
    levels: usize,
}

impl Drawing<'_> {
    fn steps(&mut self, file: &str, steps: &[Step], mut ends: Ends) -> Ends {
        for step in steps {
            ends = self.step(file, step, ends);
        }
        ends
    }

    fn step(&mut self, file: &str, step: &Step, ends: Ends) -> Ends {
        let met = self
            .reasons
            .iter()
            .any(|reason| reason.file == file && reason.line == step.line && is_of(&reason.what, &step.what));
        let (shape, text) = match &step.what {
            StepKind::Branch { when, then, otherwise } => {
                let node = self.node(file, step.line, ("{", "}"), when.source(), met);
                self.join(&ends, &node);
                let mut ends = self.steps(file, then, vec![(node.clone(), "yes")]);
                ends.extend(self.steps(file, otherwise, vec![(node, "no")]));
                return ends;
            }
            StepKind::ForEach { item, list, most, steps, .. } => {
                let title = format!("for each {item} of {}, {most} at most", list.source());
                let node = self.node(file, step.line, ("{{", "}}"), &title, met);
                self.join(&ends, &node);
                self.open(&title);
                let inner = self.steps(file, steps, vec![(node.clone(), "next")]);
                self.close();
                self.join(&inner, &node);
                return vec![(node, "all done")];
            }
            StepKind::Use { skill, .. } => {
                // Each is drawn where it is used; a circle of uses does not load.
                let Some(used) = self.pack.skills.get(skill) else { return ends };
                self.open(skill);
                let ends = self.steps(&used.file, &used.steps, ends);
                self.close();
                return ends;
            }
            StepKind::Read { call, .. } => (("[/", "/]"), format!("read {}{}", call.action, named(call))),
            StepKind::Write { call, when } => {
                (("[", "]"), self.write(call, when.as_ref().map(|w| w.source())))
            }
            StepKind::Ask { input } => (("{{", "}}"), format!("the caller tells {input}")),
            StepKind::Choose { name, from, .. } => {
                (("{{", "}}"), format!("the caller chooses {name} of {}", from.source()))
            }
            StepKind::Confirm { words } => ((">", "]"), format!("the caller says yes to {words}")),
            StepKind::Answer { words } => (("([", "])"), format!("answer: {words}")),
            StepKind::Refuse { words, transfer: true } => (("([", "])"), format!("transfer: {words}")),
            StepKind::Refuse { words, transfer: false } => (("([", "])"), format!("refuse: {words}")),
        };
        let node = self.node(file, step.line, shape, &text, met);
        self.join(&ends, &node);
        match &step.what {
            StepKind::Answer { .. } | StepKind::Refuse { .. } => Vec::new(),
            StepKind::Read { .. }
            | StepKind::Write { .. }
            | StepKind::Branch { .. }
            | StepKind::ForEach { .. }
            | StepKind::Use { .. }
            | StepKind::Ask { .. }
            | StepKind::Choose { .. }
            | StepKind::Confirm { .. } => vec![(node, "")],
        }
    }

    fn write(&self, call: &CallStep, when: Option<&str>) -> String {
        let undo = match self.pack.actions.get(&call.action).map(|action| &action.undo) {
            Some(Undo::By(follow)) => format!("undone by {}", follow.action),
            Some(Undo::None | Undo::Undeclared) | None => "nothing takes it back".to_owned(),
        };
        let when = when.map(|when| format!("\nwhen {when}")).unwrap_or_default();
        format!("write {}{}{when}\n{undo}", call.action, named(call))
    }

    fn node(
        &mut self,
        file: &str,
        line: Option<u32>,
        (open, close): (&str, &str),
        text: &str,
        met: bool,
    ) -> String {
        self.nodes += 1;
        let id = format!("n{}", self.nodes);
        let text = escaped(text);
        // Whoever looks at the drawing's source finds the step.
        if let Some(line) = line {
            self.line(&format!("%% {file}:{line}"));
        }
        self.line(&format!("{id}{open}\"{text}\"{close}"));
        if met {
            self.met.push(id.clone());
        }
        id
    }

    fn join(&mut self, ends: &Ends, to: &str) {
        for (from, on_the_way) in ends {
            let arrow = if on_the_way.is_empty() { "-->".to_owned() } else { format!("-->|{on_the_way}|") };
            self.line(&format!("{from} {arrow} {to}"));
        }
    }

    fn open(&mut self, title: &str) {
        self.nodes += 1;
        let line = format!("subgraph s{}[\"{}\"]", self.nodes, escaped(title));
        self.line(&line);
        self.levels += 1;
    }

    fn close(&mut self) {
        self.levels -= 1;
        self.line("end");
    }

    fn line(&mut self, line: &str) {
        let indent = "  ".repeat(self.levels);
        writeln!(self.text, "{indent}{line}").expect("a string takes all");
    }
}

/// Whether a reason was met at a step of this kind: a condition and what it leads to may stand on one line.
fn is_of(what: &Because, step: &StepKind) -> bool {
    match what {
        Because::Branch { .. } => matches!(step, StepKind::Branch { .. }),
        Because::Turn { .. } => matches!(step, StepKind::ForEach { .. }),
        Because::Used { .. } => matches!(step, StepKind::Use { .. }),
        Because::Read { call: met, .. } => {
            matches!(step, StepKind::Read { call, .. } if call.action == met.action)
        }
        Because::Chosen { .. } => matches!(step, StepKind::Choose { .. }),
        Because::Confirmed { .. } => matches!(step, StepKind::Confirm { .. }),
        Because::Write { .. } => matches!(step, StepKind::Write { .. }),
        Because::Answered { .. } => matches!(step, StepKind::Answer { .. }),
        Because::Refused { .. } => matches!(step, StepKind::Refuse { .. }),
        Because::Judged { .. } => false,
    }
}

fn named(call: &CallStep) -> String {
    if call.name == call.action { String::new() } else { format!(" as {}", call.name) }
}

/// Text inside a node's quotes.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;")
        .replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
        .replace('\n', "<br/>")
}
