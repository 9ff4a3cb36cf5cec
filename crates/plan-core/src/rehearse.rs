//! A skill tried with facts from a file: the plan that would come of them, and why each step is in it. Nothing is called; what a
//! system would answer comes from the facts, and where they tell nothing the rehearsal stops and says what it would read.

mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use callwright_model::{CallId, Idempotency, NeedWhy, PlanId, Record, Value};
use serde_json::{Map, Value as Json, json};

use crate::asker::{Now, Whose};
use crate::backoff::Backoff;
use crate::bind::{BindError, Next, Read, Reads, Refused, retrace};
use crate::catalogue::Undo;
use crate::explain::Explained;
use crate::load::{Facts, secret_inputs};
use crate::policy::{Open, Verdict};
use crate::reason::{Because, Reason, Source};
use crate::skill::{CallStep, Pack, Skill};
use told::{Told, bare, named, names, plain, template};

/// What came of trying a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// How it ended.
    pub end: End,
    /// The plan and why each step is there, in words and as JSON.
    pub explained: Explained,
    /// What the walk met, in order.
    pub reasons: Vec<Reason>,
}

/// How a rehearsal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// In a plan that waits for a yes.
    Ready,
    /// In an answer.
    Answered,
    /// In a no, of the skill or of a policy.
    Refused,
    /// The facts tell too little.
    Missing,
    /// With these facts the skill cannot go on; in a call a human would.
    Stuck,
}

/// Binds a skill with these facts as far as they go, at this time unless they tell another. `None` when the pack has no such skill for callers to ask for.
#[must_use]
pub fn rehearse(pack: &Pack, skill: &str, facts: &Facts, now: &Now) -> Option<Rehearsal> {
    let skill = pack.offered().find(|known| known.name == skill)?;
    let plan = PlanId("dry-run".to_owned());
    let now = facts.now.as_ref().unwrap_or(now);
    let whose = Whose { plan: &plan, call: CallId(0), asker: &facts.asker, now };
    let mut reads = Reads::default();
    // Each turn adds what one read answers; the checks count how many a skill has.
    loop {
        let (bound, reasons) = retrace(pack, &skill.name, whose, &facts.inputs, &reads);
        if let Ok(binding) = &bound
            && let Next::Read(read) = &binding.next
            && let Some(outcome) = facts.of(read)
        {
            reads.add(read.clone(), outcome.clone());
            continue;
        }
        return Some(Story { pack, skill, facts }.tell(bound.map(|binding| binding.next), reasons));
    }
}

struct Story<'s> {
    pack: &'s Pack,
    skill: &'s Skill,
    facts: &'s Facts,
}

impl Story<'_> {
    fn tell(&self, next: Result<Next, BindError>, reasons: Vec<Reason>) -> Rehearsal {
        let verdicts: BTreeMap<usize, &Result<Verdict, Open>> = reasons
            .iter()
            .filter_map(|reason| match &reason.what {
                Because::Judged { number, verdict } => Some(((*number)?, verdict)),
                Because::Branch { .. }
                | Because::Turn { .. }
                | Because::Used { .. }
                | Because::Read { .. }
                | Because::Chosen { .. }
                | Because::Confirmed { .. }
                | Because::Write { .. }
                | Because::Answered { .. }
                | Because::Refused { .. } => None,
            })
            .collect();
        let (end, last) = self.ending(&next, &reasons);
        let mut text = self.head();
        let mut steps = Vec::new();
        for reason in &reasons {
            let Some(told) = self.reason(&reason.what, &verdicts) else { continue };
            let place = match reason.line {
                Some(line) => format!("{}:{line}", reason.file),
                None => reason.file.clone(),
            };
            let indent = "  ".repeat(reason.depth);
            let number = told.number.map_or_else(String::new, |number| number.to_string());
            writeln!(text, "{indent}{number:>3} {}  [{place}]", told.line).expect("a string takes all");
            for line in told.more {
                writeln!(text, "{indent}      {line}").expect("a string takes all");
            }
            let mut step = told.json;
            step.insert("file".to_owned(), json!(reason.file));
            step.insert("line".to_owned(), json!(reason.line));
            steps.push(Json::Object(step));
        }
        write!(text, "\n{}", last.join("\n")).expect("a string takes all");
        let json = json!({
            "pack": self.pack.name,
            "skill": self.skill.name,
            "version": self.skill.version,
            "state": end.name(),
            "given": self.given(),
            "steps": steps,
            "end": last,
            "missing": self.missing(&next),
        });
        let explained = Explained { text, json: format!("{json:#}") };
        Rehearsal { end, explained, reasons }
    }

    fn head(&self) -> String {
        let mut head = format!(
            "{}/{}: {} ({}), version {}\n",
            self.pack.name, self.skill.name, self.skill.summary, self.skill.file, self.skill.version
        );
        let given: Vec<String> =
            self.given().iter().map(|(name, value)| format!("{name} = {}", bare(value))).collect();
        let given = if given.is_empty() { "nothing".to_owned() } else { given.join(", ") };
        writeln!(head, "The caller gives {given}.\n").expect("a string takes all");
        head
    }

    fn given(&self) -> Map<String, Json> {
        let secrets = secret_inputs(self.pack, self.skill);
        let shown = |name: &String, value: &Value| match secrets.contains(name) {
            true => json!("(secret)"),
            false => plain(value),
        };
        self.facts.inputs.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect()
    }

    fn reason(&self, what: &Because, verdicts: &BTreeMap<usize, &Result<Verdict, Open>>) -> Option<Told> {
        Some(match what {
            Because::Branch { when, looked_at, holds } => {
                let facts: Vec<String> = looked_at
                    .iter()
                    .map(|(name, value)| format!("{name} is {}", bare(&plain(value))))
                    .collect();
                let holds_not = if *holds { "holds" } else { "does not hold" };
                let looked_at: Map<String, Json> =
                    looked_at.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
                Told::new("if", format!("if    {when}"))
                    .more(format!("{holds_not}: {}", facts.join(", ")))
                    .json("when", json!(when))
                    .json("holds", json!(holds))
                    .json("looked_at", json!(looked_at))
            }
            Because::Turn { item, list, turn, of, most } => {
                Told::new("for_each", format!("each  {item} of {list}: {turn} of {of}, {most} at most"))
                    .json("item", json!(item))
                    .json("list", json!(list))
                    .json("turn", json!([turn, of, most]))
            }
            Because::Used { skill, with } => {
                Told::new("use", format!("use   the skill {skill}")).json("skill", json!(skill)).sources(with)
            }
            Because::Read { number, call, with, verdict } => {
                let action = self.pack.actions.get(&call.action)?;
                let mut told = Told::new("read", format!("read  {}{}", call.action, named(call)))
                    .number(*number)
                    .call(action, call)
                    .sources(with)
                    .json("tells", json!(names(&action.call.outputs)));
                if let Some(added) = &call.added {
                    told =
                        told.more(format!("added by the pack's checks: {added}")).json("added", json!(added));
                }
                told = told.more(format!("reads {}", names(&action.call.outputs).join(", ")));
                told = told.personal(action);
                if let Some(proved) = &action.verifies {
                    told = told
                        .more(format!("proves that `{proved}` is the caller's"))
                        .json("verifies", json!(proved));
                }
                told.verdict(verdict)
            }
            Because::Chosen { name, from, options, chosen } => {
                let which = match (options, chosen) {
                    (1, _) => "there is one".to_owned(),
                    (_, Some(number)) => format!("number {number} of {options}"),
                    (_, None) => format!("one of {options}, and none is chosen"),
                };
                Told::new("choose", format!("pick  {name} of {from}: {which}"))
                    .json("name", json!(name))
                    .json("from", json!(from))
                    .json("options", json!(options))
                    .json("chosen", json!(chosen))
            }
            Because::Confirmed { words } => {
                Told::new("confirm", format!("yes?  the plan is read back with `{words}`"))
                    .json("words", json!(words))
            }
            Because::Write { number, call, with } => self.write(*number, call, with, verdicts.get(number))?,
            Because::Answered { words } => {
                Told::new("answer", format!("say   `{words}`")).json("words", json!(words))
            }
            Because::Refused { words, transfer } => Told::new("refuse", format!("no    `{words}`"))
                .json("words", json!(words))
                .json("transfer", json!(transfer)),
            Because::Judged { .. } => return None,
        })
    }

    fn write(
        &self,
        number: usize,
        call: &CallStep,
        with: &[Source],
        verdict: Option<&&Result<Verdict, Open>>,
    ) -> Option<Told> {
        let action = self.pack.actions.get(&call.action)?;
        let once = match action.call.idempotency {
            Idempotency::Key => "once, for the system keeps our key",
            Idempotency::Natural => "once, for twice is the same",
            Idempotency::Verify => "once, for a read tells whether it was done",
            Idempotency::None => "once, or a human looks: nobody can tell",
        };
        let attempts = action.call.retries + 1;
        let Backoff { first_ms, cap_ms } = action.call.backoff;
        let waits = match attempts {
            1 => String::new(),
            _ => format!(", at most {first_ms} to {cap_ms} ms apart"),
        };
        let undo = match &action.undo {
            Undo::By(follow) => {
                let with: Vec<String> =
                    follow.with.iter().map(|(name, expr)| format!("{name}: {}", expr.source())).collect();
                format!("undone by {} with {}", follow.action, with.join(", "))
            }
            Undo::None | Undo::Undeclared if action.retriable => {
                "nothing takes it back, and it is never refused for good".to_owned()
            }
            Undo::None | Undo::Undeclared => {
                "nothing takes it back: once it is done, the plan is not undone".to_owned()
            }
        };
        let told = Told::new("write", format!("write {}{}", call.action, named(call)))
            .number(number)
            .call(action, call)
            .sources(with)
            .more(format!("{once}; {attempts} attempts of {} ms{waits}", action.call.timeout_ms))
            .more(format!("risk: {}", action.call.risk.name()))
            .json("risk", json!(action.call.risk))
            .json("idempotency", json!(action.call.idempotency))
            .json("undo", json!(undo))
            .more(undo)
            .conditions(action)
            .personal(action);
        Some(match verdict {
            Some(Ok(verdict)) => told.verdict(verdict),
            Some(Err(Open { depends_on, rules })) => {
                let names = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
                told.more(match depends_on.is_empty() {
                    true => "policies: allowed whatever comes; asked when it is due".to_owned(),
                    false => format!(
                        "policies: asked when it is due; {} decides, by {}",
                        names(depends_on),
                        names(rules)
                    ),
                })
                .json("depends_on", json!(depends_on))
                .json("rules_that_decide", json!(rules))
            }
            // Something before it ended the rehearsal.
            None => {
                let rules = self.pack.policy.rules_of(&call.action);
                told.more(format!("policies: not asked yet; these speak of it: {}", rules.join(", ")))
                    .json("rules_that_speak_of_it", json!(rules))
            }
        })
    }

    fn ending(&self, next: &Result<Next, BindError>, reasons: &[Reason]) -> (End, Vec<String>) {
        match next {
            Ok(Next::Ready { plan, words, .. }) => {
                let writes = plan.steps.iter().filter(|step| step.write.is_some()).count();
                let whole = match plan.rules.as_slice() {
                    [] => "it waits for an approval".to_owned(),
                    rules => format!("it is allowed by {}", rules.join(", ")),
                };
                let lines = vec![
                    format!("The plan is bound. As a whole {whole}."),
                    format!("After a yes to `{words}` it would write {writes} time(s); nothing was written."),
                    format!("When all is done it says `{}`, when it fails `{}`.", plan.done, plan.failed),
                ];
                (End::Ready, lines)
            }
            Ok(Next::Answer { words, .. }) => {
                (End::Answered, vec![format!("The caller is answered with `{words}`. Nothing is written.")])
            }
            Ok(Next::Refused(refused)) => (End::Refused, refusal(refused)),
            Ok(Next::Need { input, why: NeedWhy::Missing }) => (
                End::Missing,
                vec![format!("It stops here: the caller has not given `{input}`. Add it under `inputs`.")],
            ),
            Ok(Next::Need { input, why: NeedWhy::NotFound { words } }) => {
                let told =
                    format!("It stops here: with `{words}` the caller is asked for another `{input}`.");
                (End::Stuck, vec![told])
            }
            Ok(Next::Choose { input, options, .. }) => {
                let mut lines = vec![format!(
                    "It stops here: the caller has not chosen. Add `{input}: <1 to {}>` under `inputs`:",
                    options.len()
                )];
                let option = |(number, option): (usize, &Record)| {
                    format!("  {number}: {}", bare(&plain(&Value::Record(option.clone()))))
                };
                lines.extend((1..).zip(options).map(option));
                (End::Missing, lines)
            }
            Ok(Next::Read(read)) => (End::Missing, self.unread(read)),
            Err(error) => {
                let mut lines =
                    vec![format!("It cannot go on: {error}."), "In a call a human would.".to_owned()];
                if let (BindError::ReadFailed { .. } | BindError::Answer { .. }, Some(last)) =
                    (error, reasons.last())
                    && let Because::Read { number, .. } = &last.what
                {
                    lines.insert(1, format!("That is what the facts tell of step {number}."));
                }
                (End::Stuck, lines)
            }
        }
    }

    /// A read of which the facts tell nothing, with what to add.
    fn unread(&self, read: &Read) -> Vec<String> {
        let action = &read.call.action;
        let Some(known) = self.pack.actions.get(action) else { return Vec::new() };
        let secret = |name: &str| known.input(name).is_some_and(|field| field.secret);
        let with: Vec<String> = read
            .arguments
            .iter()
            .map(|(name, value)| match secret(name) {
                true => format!("{name} (secret)"),
                false => format!("{name} = {}", bare(&plain(value))),
            })
            .collect();
        let open: Vec<String> = read
            .arguments
            .iter()
            .filter(|(name, _)| !secret(name))
            .map(|(name, value)| format!("{name}: {}", plain(value)))
            .collect();
        vec![
            format!("It stops here: the facts do not tell what `{action}` answers for {}.", with.join(", ")),
            "Add under `reads`, with values for the types:".to_owned(),
            String::new(),
            format!("  - read: {action}"),
            format!("    with: {{ {} }}", open.join(", ")),
            format!("    found: {}", template(&known.call.outputs)),
        ]
    }

    /// What the facts would have to tell, as data.
    fn missing(&self, next: &Result<Next, BindError>) -> Json {
        match next {
            Ok(Next::Need { input, why: NeedWhy::Missing }) => json!({ "input": input }),
            Ok(Next::Choose { input, options, .. }) => json!({ "choice": input, "options": options.len() }),
            Ok(Next::Read(read)) => {
                let known = self.pack.actions.get(&read.call.action);
                let open = |name: &String| {
                    known.and_then(|action| action.input(name)).is_some_and(|field| !field.secret)
                };
                let with: Map<String, Json> = read
                    .arguments
                    .iter()
                    .filter(|(name, _)| open(name))
                    .map(|(name, value)| (name.clone(), plain(value)))
                    .collect();
                json!({ "read": read.call.action, "with": with, "found": names(&read.call.outputs) })
            }
            Ok(Next::Need { .. } | Next::Ready { .. } | Next::Answer { .. } | Next::Refused(_)) | Err(_) => {
                Json::Null
            }
        }
    }
}

fn refusal(refused: &Refused) -> Vec<String> {
    let why = match &refused.action {
        Some(action) if refused.rules.is_empty() => format!("no policy permits `{action}`"),
        Some(action) => format!("`{action}` is forbidden by {}", refused.rules.join(", ")),
        None => "the skill itself says no".to_owned(),
    };
    let transfer = if refused.transfer { "; a human goes on" } else { "" };
    vec![format!("It is refused: {why}. The caller hears `{}`{transfer}. Nothing is written.", refused.words)]
}

impl End {
    /// As it stands in the JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Missing => "missing",
            Self::Stuck => "stuck",
        }
    }
}
