//! What a language model is asked about an utterance that the embedded interpreter is not sure of, and what of its answer is taken.
//!
//! A model only interprets: it selects one of the pack's skills and points at words of the caller's. Whatever it answers is checked
//! here before the dialogue sees it: JSON of the one shape, a skill that there is, evidence that the caller has said word for word,
//! and values that are such words or stand in the pack's own list. What it can make of "refund me 900" is a skill whose plan policies
//! then judge, as they judge what the embedded interpreter makes of it.

use callwright_model::{InputSpec, Language, Pii, SlotType};
use serde::{Deserialize, Serialize};

use crate::Pack;
use crate::lexicon::fold;
use crate::sensitive::without_sensitive;
use crate::slots;

mod prompt;

pub use prompt::{Prompt, REPAIR};

/// Which question to the language model an answer belongs to; older answers are dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InterpretId(pub u32);

/// What an utterance means: the question to a language model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The language that the caller speaks.
    pub language: Language,
    /// What they said, without what must not leave the gateway.
    pub words: Pii<String>,
    /// What they were asked for, if it was an input of a skill.
    pub asked: Option<Asked>,
}

/// An input of a skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The skill.
    pub skill: String,
    /// The input's name.
    pub input: String,
}

/// What a language model makes of an utterance, as far as it was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// A skill of the pack; `None`: none of them is wanted.
    pub skill: Option<String>,
    /// The words by which it is wanted.
    pub evidence: Pii<String>,
    /// Inputs that were told.
    pub slots: Vec<Slot>,
}

/// An input that was told, as a language model has found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The input's name.
    pub name: String,
    /// A value of the input's list, or the caller's own words for it.
    pub value: Pii<String>,
    /// The words that tell it.
    pub evidence: Pii<String>,
}

/// Why an answer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// There was none: no connection, or a refusal of the server.
    Unreachable,
    /// There was none in time.
    Late,
    /// Nobody was asked: as many questions as may be were under way, or the model has failed again and again.
    NotAsked,
    /// It is longer than any answer needs to be.
    TooLong,
    /// It is no JSON of the schema.
    WrongShape,
    /// It names a skill that there is not.
    UnknownSkill,
    /// It names an input that the skill has not, or that is not for it to find.
    UnknownSlot,
    /// Its evidence is not what the caller has said.
    ForeignEvidence,
    /// A value is neither of the input's list nor what the caller has said.
    ForeignValue,
}

impl Fault {
    /// Its name, for metrics and journals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Late => "late",
            Self::NotAsked => "not_asked",
            Self::TooLong => "too_long",
            Self::WrongShape => "wrong_shape",
            Self::UnknownSkill => "unknown_skill",
            Self::UnknownSlot => "unknown_slot",
            Self::ForeignEvidence => "foreign_evidence",
            Self::ForeignValue => "foreign_value",
        }
    }

    /// What the model is told of it before its second try; nothing where a second would be no better.
    #[must_use]
    pub const fn correction(self) -> Option<&'static str> {
        match self {
            Self::Unreachable | Self::Late | Self::NotAsked => None,
            Self::TooLong => Some("The answer is too long."),
            Self::WrongShape => Some("The answer is not JSON of the schema."),
            Self::UnknownSkill => Some("`skill` is not one of the skills, nor `none`."),
            Self::UnknownSlot => Some("A slot is not one of the skill's."),
            Self::ForeignEvidence => {
                Some("An `evidence` is empty or not copied from the transcript word for word.")
            }
            Self::ForeignValue => {
                Some("A `value` is neither in its slot's list nor copied from the transcript.")
            }
        }
    }
}

impl Question {
    /// The question about these words. Cards and PINs are left out, and whatever looks like a code, a telephone number or an
    /// address: none of it tells what is wanted, and the embedded readers find it by themselves.
    pub(crate) fn new(language: Language, words: &str, asked: Option<Asked>) -> Self {
        let words = without_sensitive(words, |_| LEFT_OUT.to_owned());
        let kept = words.split_whitespace().map(|word| if identifies(word) { LEFT_OUT } else { word });
        Self { language, words: Pii::new(kept.collect::<Vec<_>>().join(" ")), asked }
    }

    /// Takes a model's answer apart. What comes out names only what the pack has and the caller has said.
    ///
    /// # Errors
    /// The first fault of the answer.
    pub fn check(&self, pack: &Pack, answer: &str) -> Result<Proposal, Fault> {
        if answer.len() > ANSWER_BYTES_MAX {
            return Err(Fault::TooLong);
        }
        let answer: Answer = serde_json::from_str(answer).map_err(|_| Fault::WrongShape)?;
        if answer.slots.len() > SLOTS_MAX {
            return Err(Fault::TooLong);
        }
        let skill = (answer.skill != NONE).then_some(answer.skill);
        if let Some(skill) = &skill {
            pack.skill(skill).ok_or(Fault::UnknownSkill)?;
            self.has_said(&answer.evidence).then_some(()).ok_or(Fault::ForeignEvidence)?;
        }
        // What answers the question is an input of the skill that asks it, whether or not the model names that again.
        let of = skill.as_deref().or(self.asked.as_ref().map(|asked| asked.skill.as_str()));
        let mut slots: Vec<Slot> = Vec::new();
        for AnswerSlot { slot: name, value, evidence } in answer.slots {
            let spec = of.and_then(|skill| pack.input(skill, &name)).filter(|spec| is_told(spec));
            let spec = spec.ok_or(Fault::UnknownSlot)?;
            if slots.iter().any(|other| other.name == name) {
                return Err(Fault::WrongShape);
            }
            if !self.has_said(&evidence) {
                return Err(Fault::ForeignEvidence);
            }
            let value = self.value(pack, spec, &value, &evidence).ok_or(Fault::ForeignValue)?;
            slots.push(Slot { name, value: Pii::new(value), evidence: Pii::new(evidence) });
        }
        let evidence = Pii::new(skill.as_ref().map(|_| answer.evidence).unwrap_or_default());
        Ok(Proposal { skill, evidence, slots })
    }

    /// A value as it may be taken. Of a closed list a model may choose by meaning, but not against what the words plainly say;
    /// whatever else there is must be in the caller's words, out of which the dialogue reads it as it reads any answer.
    fn value(&self, pack: &Pack, spec: &InputSpec, value: &str, evidence: &str) -> Option<String> {
        let SlotType::Choice { of } = &spec.slot else {
            return self.has_said(value).then(|| value.to_owned());
        };
        let choices = &pack.tongue(self.language).choices;
        let meant = of.iter().find(|one| *one == value)?;
        let said = slots::closed(evidence, of, choices, self.language);
        said.is_none_or(|said| said == *meant).then(|| meant.clone())
    }

    /// Whether these are words of the transcript, one after another as they were said.
    fn has_said(&self, evidence: &str) -> bool {
        let (said, evidence) = (fold(self.words.reveal()), fold(evidence));
        !evidence.is_empty() && format!(" {said} ").contains(&format!(" {evidence} "))
    }
}

/// An answer as it stands in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    skill: String,
    evidence: String,
    /// The schema has none where there is no slot to find.
    #[serde(default)]
    slots: Vec<AnswerSlot>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerSlot {
    slot: String,
    value: String,
    evidence: String,
}

/// Inputs that a model may find. Codes, digits, names, numbers and addresses tell who somebody is or prove it: what is said for
/// them never leaves the gateway.
pub(crate) fn is_told(spec: &InputSpec) -> bool {
    match spec.slot {
        SlotType::Choice { .. }
        | SlotType::YesNo
        | SlotType::Date { .. }
        | SlotType::Time
        | SlotType::DateTime { .. }
        | SlotType::Duration { .. } => true,
        SlotType::Code { .. }
        | SlotType::Digits { .. }
        | SlotType::Number { .. }
        | SlotType::Money { .. }
        | SlotType::Phone
        | SlotType::Email
        | SlotType::Name => false,
    }
}

/// A code, a number to call, an address of mail. A year, an amount and a flight have fewer digits, and no letters among them.
fn identifies(word: &str) -> bool {
    let long = word.chars().filter(|c| c.is_alphanumeric()).count() >= IDENTIFIES_MIN;
    word.contains('@') || long && word.contains(|c: char| c.is_ascii_digit())
}

/// Stands for words that are left out. It is no word itself, so it is no evidence either.
const LEFT_OUT: &str = "…";
/// The skill of who wants none.
const NONE: &str = "none";
/// An answer has two sentences of the caller's and some names; a recogniser's turn is a few hundred characters.
const ANSWER_BYTES_MAX: usize = 8_192;
/// More than any skill asks for in one breath.
const SLOTS_MAX: usize = 8;
const IDENTIFIES_MIN: usize = 5;

#[cfg(test)]
mod tests;
