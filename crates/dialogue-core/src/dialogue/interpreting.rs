//! A second opinion: words that the embedded interpreter is not sure of are put to a language model, if there is one. Its answer is
//! waited for within a budget; without one in time, or with one that cannot be used, the talk goes on as it would have without.

use callwright_model::{MonoTime, Record, SlotType, Utterance, Value};

use super::Dialogue;
use super::line::Line;
use super::state::{Proposal as Proposing, State};
use crate::interpret::{Asked, Fault, InterpretId, Proposal, Question, Slot, is_told};
use crate::output::{Note, Output};
use crate::slots;
use crate::understand::Reading;

/// An utterance that waits for a language model's answer. The state is the one that it was said in; whatever ends that ends the wait.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    id: InterpretId,
    utterance: Utterance,
    reading: Reading,
    before: Vec<Line>,
    since: MonoTime,
    pub(super) until: MonoTime,
}

/// What an answer leads to.
enum Step {
    /// A skill is wanted, and these inputs of it are told.
    Begin(String, Record),
    /// Another skill than the one that asks is wanted.
    Change(String),
    /// These are inputs of the skill that asks, that which it asked for among them.
    Answer(Record),
}

impl Dialogue {
    /// Acts on an utterance, at once where the embedded interpreter knows what to do with it.
    pub(super) fn consider(
        &mut self,
        utterance: &Utterance,
        reading: Reading,
        before: Vec<Line>,
        now: MonoTime,
    ) {
        let wait = self.config.limits.interpretation;
        let question = wait.zip(self.worth_asking(utterance, &reading, &before, now));
        let Some((wait, question)) = question else {
            return self.act_on(utterance, &reading, before, now);
        };
        let id = self.next_question;
        self.next_question = InterpretId(id.0.wrapping_add(1));
        let (utterance, until) = (utterance.clone(), now + wait);
        self.interpreting = Some(Waiting { id, utterance, reading, before, since: now, until });
        self.outputs.push_back(Output::Interpret { id, question });
    }

    /// The question to a language model, unless the words are clear or what was asked for is nobody else's business.
    fn worth_asking(
        &self,
        utterance: &Utterance,
        reading: &Reading,
        before: &[Line],
        now: MonoTime,
    ) -> Option<Question> {
        self.config.limits.interpretation?;
        let words = utterance.words.reveal().as_str();
        let asked = match &self.state {
            State::Open { .. } | State::Proposing(Proposing::Skill(_) | Proposing::Either(_)) => None,
            State::Asking { task, input } => {
                self.config.pack.input(&task.skill, input).filter(|spec| is_told(spec))?;
                Some(Asked { skill: task.skill.clone(), input: input.clone() })
            }
            // Elsewhere a yes, a choice or a number is wanted, which callers give in so many words or not at all.
            State::Fresh
            | State::Proposing(_)
            | State::Planning { .. }
            | State::Choosing { .. }
            | State::ReadBack { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => return None,
        };
        let plain = slots::yes_no(words, self.language).is_some();
        if plain || !self.is_at_a_loss(utterance, reading, before, now) {
            return None;
        }
        Some(Question::new(self.language, words, asked))
    }

    /// Whether the embedded interpreter can make nothing of it, or would have to guess: a copy is asked, and let go of.
    fn is_at_a_loss(&self, utterance: &Utterance, reading: &Reading, before: &[Line], now: MonoTime) -> bool {
        let mut alone = self.clone();
        alone.outputs.clear();
        // A question that was not heard is asked again whatever was said, which tells nothing of the words.
        alone.unheard = false;
        alone.act_on(utterance, reading, before.to_vec(), now);
        let guessed = matches!(alone.state, State::Proposing(Proposing::Skill(_) | Proposing::Either(_)))
            && matches!(self.state, State::Open { .. });
        let lost = |output: &Output| matches!(output, Output::Note(Note::NotUnderstood { .. }));
        guessed || alone.outputs.iter().any(lost)
    }

    /// A language model has answered, or nobody has.
    pub(super) fn interpreted(&mut self, id: InterpretId, answer: Result<Proposal, Fault>, now: MonoTime) {
        let Some(waiting) = self.interpreting.take_if(|waiting| waiting.id == id) else {
            return self.stale("interpretation");
        };
        let (proposal, fault) = match answer {
            Ok(proposal) => (proposal, None),
            Err(fault) => (Proposal::default(), Some(fault.name())),
        };
        let step = self.step(&proposal, now);
        let came_to = fault.unwrap_or(if step.is_some() { "taken" } else { "nothing" });
        self.note_interpreted(&waiting, &proposal, came_to, now);
        let words = waiting.utterance.words.reveal().as_str();
        match step {
            Some(Step::Begin(skill, told)) => {
                let mut task = self.new_task(&skill, words);
                for (name, value) in told {
                    self.filled(&name, &value);
                    // What the words say by themselves goes before what somebody else reads into them.
                    task.inputs.entry(name).or_insert(value);
                }
                // It is said back like what was heard half surely, so that a no takes it back.
                self.half_sure = true;
                self.begin_task(task, words, now);
            }
            Some(Step::Change(skill)) => self.change_to(&skill, words, now),
            Some(Step::Answer(told)) => self.answered(told, now),
            None => self.act_on(&waiting.utterance, &waiting.reading, waiting.before, now),
        }
    }

    /// Nobody has answered in time: it goes on with what the embedded interpreter makes of it.
    pub(super) fn not_interpreted(&mut self, now: MonoTime) {
        if let Some(waiting) = self.interpreting.take() {
            self.note_interpreted(&waiting, &Proposal::default(), "late", now);
            self.act_on(&waiting.utterance, &waiting.reading, waiting.before, now);
        }
    }

    /// The caller says or does something else: what they said before is not answered any more.
    pub(super) fn overtaken(&mut self, now: MonoTime) {
        if let Some(waiting) = self.interpreting.take() {
            self.note_interpreted(&waiting, &Proposal::default(), "overtaken", now);
        }
    }

    fn note_interpreted(
        &mut self,
        waiting: &Waiting,
        proposal: &Proposal,
        came_to: &'static str,
        now: MonoTime,
    ) {
        let ms = now.since(waiting.since).as_millis();
        self.note(Note::Interpreted {
            turn: waiting.utterance.turn,
            skill: proposal.skill.clone(),
            evidence: proposal.evidence.clone(),
            slots: proposal.slots.iter().map(|slot| slot.name.clone()).collect(),
            came_to,
            ms: u64::try_from(ms).unwrap_or(u64::MAX),
        });
    }

    /// What a proposal leads to in this state. It is judged here once more: whoever hands it in is believed in nothing.
    fn step(&self, proposal: &Proposal, now: MonoTime) -> Option<Step> {
        let skill = proposal.skill.as_deref().filter(|skill| self.config.pack.skill(skill).is_some());
        let State::Asking { task, input } = &self.state else {
            let skill = skill?;
            return Some(Step::Begin(skill.to_owned(), self.told_by(skill, &proposal.slots, now)));
        };
        if let Some(skill) = skill.filter(|skill| *skill != task.skill) {
            return Some(Step::Change(skill.to_owned()));
        }
        let told = self.told_by(&task.skill, &proposal.slots, now);
        told.contains_key(input).then_some(Step::Answer(told))
    }

    /// Inputs as the pack's own readers read them.
    fn told_by(&self, skill: &str, slots: &[Slot], now: MonoTime) -> Record {
        let value = |slot: &Slot| {
            let spec = self.config.pack.input(skill, &slot.name).filter(|spec| is_told(spec))?;
            let value = slot.value.reveal();
            let value = match &spec.slot {
                SlotType::Choice { of } => of.contains(value).then(|| Value::Text(value.clone()))?,
                other => self.slot_value(other, value, now)?.value,
            };
            Some((slot.name.clone(), value))
        };
        slots.iter().filter_map(value).collect()
    }

    /// What was asked for, and what else was told with it.
    fn answered(&mut self, mut told: Record, now: MonoTime) {
        let State::Asking { task, input } = &self.state else { return };
        let (mut task, input) = (task.clone(), input.clone());
        if let Some(value) = told.remove(&input) {
            self.filled(&input, &value);
            self.say_back(&input, &value, now);
            task.inputs.insert(input.clone(), value);
            task.last = Some(input);
        }
        told.retain(|name, _| !task.inputs.contains_key(name));
        for (name, value) in told {
            self.filled(&name, &value);
            task.inputs.insert(name, value);
        }
        self.plan(task, now);
    }
}
