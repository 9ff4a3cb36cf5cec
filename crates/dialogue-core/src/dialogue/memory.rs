//! What is remembered beside the state: wishes that come next, what a digression came between, and what is known of the caller.

use std::collections::VecDeque;

use callwright_model::{InputSpec, MonoTime, SlotType, Value};

use super::Dialogue;
use super::line::Plain;
use super::state::{How, Proposal, State, Task};
use crate::slots;
use crate::verbalise::spoken;

/// What is remembered beside the state.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// What the caller wants after what is being done, in order.
    pub(super) next: VecDeque<Task>,
    /// Where the talk goes on when the digression that it is in is answered.
    pub(super) aside: Option<Box<State>>,
    /// The last task that was answered by looking something up: "and flight 213?" asks it again.
    pub(super) looked_up: Option<Task>,
    /// The skills that words which were not understood came nearest to.
    pub(super) likely: Vec<String>,
    /// What was heard half surely and said back in the last sentence.
    pub(super) implicit: Option<Implicit>,
    /// How often what shows who the caller is was wrong, in the whole call.
    pub(super) wrong_identities: u8,
    /// The number that the caller calls from is not one that the systems know.
    pub(super) strange_number: bool,
    /// They have said, or shown, which language they want.
    pub(super) language_chosen: bool,
    /// They were asked how satisfied they are.
    pub(super) rating_asked: bool,
    /// What the caller gave and a plan could be bound with.
    known: Vec<Known>,
}

/// What a no right after it takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Implicit {
    /// An input of the skill that is talked about.
    Input(String),
    /// The skill itself.
    Skill,
}

/// An input of a skill, and what the caller gave for it.
#[derive(Debug, Clone)]
struct Known {
    name: String,
    spec: InputSpec,
    value: Value,
}

/// Whether two inputs are the same thing: by name, or since they are asked for in the same words.
pub(super) fn is_same(name: &str, spec: &InputSpec, other: &str, other_spec: &InputSpec) -> bool {
    spec.slot == other_spec.slot && (name == other || spec.ask == other_spec.ask)
}

impl Memory {
    /// What the caller has given before for an input that is the same.
    fn of(&self, name: &str, spec: &InputSpec) -> Option<&Value> {
        let known = self.known.iter().rev().find(|known| is_same(name, spec, &known.name, &known.spec));
        known.map(|known| &known.value)
    }

    fn keep(&mut self, name: &str, spec: &InputSpec, value: &Value) {
        self.known.retain(|known| !is_same(name, spec, &known.name, &known.spec));
        if self.known.len() == KNOWN_MAX {
            self.known.remove(0);
        }
        self.known.push(Known { name: name.to_owned(), spec: spec.clone(), value: value.clone() });
    }

    /// Everything that was said for something else than a secret.
    fn told(&self) -> impl Iterator<Item = &Value> {
        let open = |known: &&Known| !matches!(known.spec.slot, SlotType::Digits { .. });
        self.known.iter().filter(open).map(|known| &known.value)
    }
}

impl Dialogue {
    /// The core could go on with what the caller gave for a task.
    pub(super) fn accepted(&mut self, task: &Task) {
        let pack = self.config.pack.clone();
        for (name, value) in &task.inputs {
            if let Some(spec) = pack.input(&task.skill, name) {
                self.memory.keep(name, spec, value);
            }
        }
    }

    /// Remembers a wish for later. Says whether there was room: a caller who lists more than that is asked again at the end.
    pub(super) fn remember(&mut self, task: Task) -> bool {
        let room = self.memory.next.len() < NEXT_MAX;
        let known = self.memory.next.iter_mut().find(|next| next.skill == task.skill);
        match known {
            Some(known) => known.inputs.extend(task.inputs),
            None if room => self.memory.next.push_back(task),
            None => return false,
        }
        true
    }

    /// Something is settled: back to what it came between, on to what else was wished for, or the question what else there is.
    pub(super) fn go_on(&mut self, now: MonoTime) {
        if let Some(state) = self.memory.aside.take() {
            self.enter(*state, now);
            let sentence = self.base("back-to");
            self.tell(Plain::Progress, sentence, now);
            self.ask(How::Repeat, now);
        } else if let Some(task) = self.memory.next.pop_front() {
            let sentence = self.words_with("next-wish", "skill", self.skill_phrase(&task.skill));
            self.tell(Plain::Progress, sentence, now);
            let task = self.with_known(task);
            self.plan(task, now);
        } else if !self.offer_left_open(now) {
            self.ask(How::First, now);
        }
    }

    /// The same after something came to nothing: what else was wished for is offered, for it may not be wanted any more either.
    pub(super) fn go_on_without(&mut self, now: MonoTime) {
        if self.memory.aside.is_some() {
            return self.go_on(now);
        }
        match self.memory.next.pop_front() {
            Some(task) => {
                let task = self.with_known(task);
                self.enter(State::Proposing(Proposal::Skill(task)), now);
                self.ask(How::First, now);
            }
            None => self.ask(How::First, now),
        }
    }

    /// What an earlier task was given that a later one needs too: what identifies, or, where the pack does not tell what that is, codes and
    /// numbers; and what the pack lets be remembered. A reason or a day belongs to the one thing that it was said of.
    pub(super) fn remembered(&self, name: &str, spec: &InputSpec) -> Option<&Value> {
        let identifies = match &self.config.pack.identity {
            Some(identity) => identity.inputs.contains(name),
            None => matches!(spec.slot, SlotType::Code { .. } | SlotType::Digits { .. }),
        };
        self.memory.of(name, spec).filter(|_| identifies || spec.remember)
    }

    /// What the network tells of the caller, where the pack says that an input is just that. Of a shorter one the last digits are.
    pub(super) fn by_caller_id(&self, name: &str, spec: &InputSpec) -> Option<Value> {
        let identity = self.config.pack.identity.as_ref()?;
        if identity.caller.as_deref() != Some(name) || self.memory.strange_number {
            return None;
        }
        let caller = self.config.caller.as_ref()?.reveal();
        let digits: Vec<char> = caller.chars().filter(char::is_ascii_digit).collect();
        let last = |length: u8| {
            digits.len().checked_sub(usize::from(length)).map(|from| digits[from..].iter().collect())
        };
        match &spec.slot {
            SlotType::Digits { length } => last(*length).map(Value::Code),
            other => slots::value(other, caller, self.language, None).map(|taken| taken.value),
        }
    }

    /// Puts what is known already to what a task was given.
    pub(super) fn with_known(&self, mut task: Task) -> Task {
        let Some(head) = self.config.pack.skill(&task.skill) else { return task };
        for (name, spec) in &head.inputs {
            if let Some(value) = self.remembered(name, spec) {
                task.inputs.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        task
    }

    /// Tells the caller what is known of them, but for secrets: "what was my code again".
    pub(super) fn recall(&mut self, now: MonoTime) {
        let pack = self.config.pack.clone();
        let mut values: Vec<Value> = Vec::new();
        if let Some(task) = self.state.task() {
            let open = |name: &str| {
                pack.input(&task.skill, name)
                    .is_some_and(|spec| !matches!(spec.slot, SlotType::Digits { .. }))
            };
            values.extend(task.inputs.iter().filter(|(name, _)| open(name)).map(|(_, value)| value.clone()));
        }
        values.extend(self.memory.told().cloned());
        values.dedup();
        let said: Vec<String> = values.iter().map(|value| self.spoken_value(value)).collect();
        let sentence = if said.is_empty() {
            self.base("recalled-nothing")
        } else {
            self.words_with("recalled", "values", said.join("; "))
        };
        self.tell(Plain::Answer, sentence, now);
        self.ask(How::Repeat, now);
    }

    /// A value as it is said in a list of others.
    pub(super) fn spoken_value(&self, value: &Value) -> String {
        spoken(&self.as_said(value, &self.state), self.language)
    }
}

/// Wishes that are remembered at a time.
const NEXT_MAX: usize = 3;
/// Inputs that are remembered over a call.
const KNOWN_MAX: usize = 16;
