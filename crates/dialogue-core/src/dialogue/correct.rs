//! "No, the code ends in X": what the caller gave before is put right, wherever the talk is by then.

use callwright_model::{InputSpec, MonoTime, SlotType, Value};

use super::Dialogue;
use super::line::Plain;
use super::state::{Proposal, State, Task};
use crate::clauses::{self, Correction, Part};
use crate::lexicon;
use crate::slots;

impl Dialogue {
    /// Puts right what a caller gave before, if these words do, and binds the plan anew.
    pub(super) fn correct(&mut self, words: &str, now: MonoTime) -> bool {
        let lexicon = lexicon::of_or_english(self.language);
        let correction = clauses::correction(words, lexicon);
        let Some(task) = self.state.task() else { return false };
        let part =
            clauses::part(&correction.rest, lexicon).and_then(|part| self.corrected_part(task, words, &part));
        if part.is_none() && correction.marked && self.another_option(&correction.rest, now) {
            return true;
        }
        let Some(task) = self.state.task().cloned() else { return false };
        match part.or_else(|| self.corrected_whole(&task, &correction, now)) {
            Some((input, value)) => {
                self.put_right(task, input, value, now);
                true
            }
            // "No, another booking": all that is known was of the one before.
            None if correction.marked && !task.inputs.is_empty() && self.means_another(words) => {
                self.plan(Task { skill: task.skill, ..Task::default() }, now);
                true
            }
            None => false,
        }
    }

    fn put_right(&mut self, mut task: Task, input: String, value: Value, now: MonoTime) {
        let pack = self.config.pack.clone();
        self.filled(&input, &value);
        // Choices were made among what the wrong one led to, and a plan once bound is not bent.
        task.inputs.retain(|name, _| pack.input(&task.skill, name).is_some());
        task.offer = None;
        task.plan = None;
        task.last = Some(input.clone());
        let secret =
            pack.input(&task.skill, &input).is_none_or(|spec| matches!(spec.slot, SlotType::Digits { .. }));
        task.inputs.insert(input, value.clone());
        if !secret {
            let said = self.spoken_value(&value);
            let sentence = self.words_with("corrected", "value", said);
            self.tell(Plain::Progress, sentence, now);
        }
        self.plan(task, now);
    }

    /// A code of which an end is told anew: the one that is named, that was asked for, or that was given last.
    fn corrected_part(&self, task: &Task, words: &str, part: &Part) -> Option<(String, Value)> {
        let head = self.config.pack.skill(&task.skill)?;
        let asked = self.state.asked();
        let rank = |name: &str| {
            let by = [self.names(name, words), asked == Some(name), task.last.as_deref() == Some(name)];
            by.iter().position(|is| *is).unwrap_or(by.len())
        };
        let mut inputs: Vec<&(String, InputSpec)> = head.inputs.iter().collect();
        inputs.sort_by_key(|(name, _)| rank(name));
        inputs.into_iter().find_map(|(name, spec)| {
            let value = self.given(task, name)?;
            let new = with_part(value.as_text()?, &spec.slot, part, self)?;
            Some((name.clone(), Value::Code(new)))
        })
    }

    /// Another value of an input that is known: said for it by name, or as something that can be nothing else.
    fn corrected_whole(
        &self,
        task: &Task,
        correction: &Correction,
        now: MonoTime,
    ) -> Option<(String, Value)> {
        let head = self.config.pack.skill(&task.skill)?;
        let mentioned = self.mentioned(&task.skill, &correction.rest);
        let asked = self.state.asked();
        head.inputs.iter().find_map(|(name, spec)| {
            let known = task.inputs.get(name).filter(|_| asked != Some(name))?;
            let named = self.names(name, &correction.rest);
            let last = task.last.as_deref() == Some(name);
            let value = mentioned.get(name).cloned().or_else(|| {
                let plain = match spec.slot {
                    SlotType::Date { .. }
                    | SlotType::Time
                    | SlotType::DateTime { .. }
                    | SlotType::Duration { .. }
                    | SlotType::Number { .. }
                    | SlotType::Money { .. }
                    | SlotType::Phone
                    | SlotType::Email
                    | SlotType::Choice { .. } => true,
                    // Anything is a name, and a yes is an answer to what is asked now.
                    SlotType::Code { .. } | SlotType::Digits { .. } | SlotType::Name | SlotType::YesNo => {
                        false
                    }
                };
                let taken = if plain { self.slot_value(&spec.slot, &correction.rest, now) } else { None };
                taken.map(|taken| taken.value).filter(|_| correction.marked && (named || last))
            })?;
            let sure = match spec.slot {
                SlotType::Code { .. } => true,
                SlotType::Digits { .. }
                | SlotType::YesNo
                | SlotType::Date { .. }
                | SlotType::Time
                | SlotType::DateTime { .. }
                | SlotType::Duration { .. }
                | SlotType::Number { .. }
                | SlotType::Money { .. }
                | SlotType::Phone
                | SlotType::Email
                | SlotType::Name
                | SlotType::Choice { .. } => named || correction.marked,
            };
            (sure && value != *known).then(|| (name.clone(), value))
        })
    }

    /// What the caller gave for an input: what they are just asked whether they said, what is known, or what led nowhere.
    fn given<'t>(&'t self, task: &'t Task, input: &str) -> Option<&'t Value> {
        if let State::Proposing(Proposal::Answer { value, .. }) = &self.state
            && self.state.asked() == Some(input)
        {
            return Some(value);
        }
        task.inputs.get(input).or_else(|| task.wrong.get(input))
    }

    fn characters(&self, words: &str, letters: bool) -> String {
        slots::characters(words, self.language, letters)
    }
}

/// A code with its end or its beginning as it is told anew. `None` where that is no part of such a code, or changes nothing.
fn with_part(code: &str, slot: &SlotType, part: &Part, dialogue: &Dialogue) -> Option<String> {
    let letters = match slot {
        SlotType::Code { .. } => true,
        SlotType::Digits { .. } => false,
        SlotType::YesNo
        | SlotType::Date { .. }
        | SlotType::Time
        | SlotType::DateTime { .. }
        | SlotType::Duration { .. }
        | SlotType::Number { .. }
        | SlotType::Money { .. }
        | SlotType::Phone
        | SlotType::Email
        | SlotType::Name
        | SlotType::Choice { .. } => return None,
    };
    let (Part::End(said) | Part::Start(said)) = part;
    let new: Vec<char> = dialogue.characters(said, letters).to_uppercase().chars().collect();
    // What has letters in it is no part of a number.
    if !letters && dialogue.characters(said, true).chars().count() != new.len() {
        return None;
    }
    let old: Vec<char> = code.chars().collect();
    let kept = old.len().checked_sub(new.len()).filter(|kept| *kept > 0 && !new.is_empty())?;
    let whole: String = match part {
        Part::End(_) => old[..kept].iter().chain(&new).collect(),
        Part::Start(_) => new.iter().chain(&old[new.len()..]).collect(),
    };
    (whole != code).then_some(whole)
}
