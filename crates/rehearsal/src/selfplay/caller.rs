//! A simulated caller: has a goal, knows some facts, is in a mood, and answers what is asked in words of their own. What the agent says
//! is understood by the sentence it is made from; a read-back is compared word for word with what it should be.

use callwright_dialogue_core::SayKind;
use callwright_model::{Expect, Record, Value};

use super::goal::{End, Goal};
use super::grammar::Grammar;
use super::lot::Lot;
use crate::call::Call;
use crate::stage::Stage;
use crate::transcript::Told;

/// How a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// Says no word too many.
    Terse,
    /// Says many.
    Chatty,
    /// Speaks over questions and soon wants a human.
    Impatient,
    /// Hesitates, asks for things again, errs first.
    Unsure,
}

impl Mood {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Terse, Self::Chatty, Self::Impatient, Self::Unsure];

    /// As tables name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terse => "terse",
            Self::Chatty => "chatty",
            Self::Impatient => "impatient",
            Self::Unsure => "unsure",
        }
    }

    /// Turns until they want a human.
    const fn patience(self) -> u32 {
        match self {
            Self::Impatient => 14,
            Self::Terse | Self::Chatty | Self::Unsure => 20,
        }
    }
}

/// A caller in one call.
pub(super) struct Caller<'s> {
    stage: &'s Stage,
    grammar: &'s Grammar,
    goal: &'s Goal,
    mood: Mood,
    lot: Lot,
    /// What they get wrong or want otherwise at first.
    twist: Twist,
    /// What was asked last.
    asked: Asked,
    turns: u32,
    wants_human: bool,
    /// The goal was reached, or refused, as far as the caller has heard.
    pub(super) settled: bool,
}

/// What goes otherwise than straight on, once.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Twist {
    None,
    /// They say another wish first.
    Wish(String),
    /// They choose another option first.
    Choice(usize),
    /// They give a wrong value for this input first.
    Slip(String),
    /// They ask for a question again.
    Again,
}

/// What the agent wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    What,
    More,
    Input(String),
    Choice,
    /// Whether this is right.
    Right(bool),
    /// A human, a call back.
    Offer,
    Unclear,
}

impl<'s> Caller<'s> {
    pub(super) fn new(
        stage: &'s Stage,
        grammar: &'s Grammar,
        goal: &'s Goal,
        mood: Mood,
        mut lot: Lot,
    ) -> Self {
        let twist = Twist::draw(stage, grammar, goal, mood, &mut lot);
        Self {
            stage,
            grammar,
            goal,
            mood,
            lot,
            twist,
            asked: Asked::What,
            turns: 0,
            wants_human: false,
            settled: false,
        }
    }

    /// Whether they speak over what is said now.
    pub(super) fn interrupts(&mut self) -> bool {
        self.mood == Mood::Impatient && self.lot.happens(INTERRUPTS)
    }

    /// What they say to what the agent has said since their last turn. `None`: they hang up.
    pub(super) fn answer(&mut self, fresh: &[Told], call: &Call) -> Option<String> {
        for told in fresh {
            self.hear(told, call);
        }
        self.turns += 1;
        if self.turns > TURNS_MAX {
            return None;
        }
        if self.turns > self.mood.patience() && !self.wants_human && !self.settled {
            self.wants_human = true;
            return Some(self.grammar.one("human", &mut self.lot));
        }
        let words = self.reply()?;
        Some(self.in_mood(words))
    }

    fn hear(&mut self, told: &Told, call: &Call) {
        let Told::Said { text, key, kind, .. } = told else { return };
        let key = key.as_deref().unwrap_or_default();
        self.settled |= match &self.goal.end {
            End::Done { .. } => *kind == SayKind::Claim,
            End::Answered(words) | End::Refused(words) => key == words,
        };
        let asks = match kind {
            SayKind::Greeting | SayKind::Question | SayKind::ReadBack | SayKind::Prompt => true,
            SayKind::Claim
            | SayKind::Answer
            | SayKind::Apology
            | SayKind::Progress
            | SayKind::Handover
            | SayKind::Farewell => false,
        };
        if !asks {
            return;
        }
        let language = call.language();
        let is = |key: &str, facts: &Record| {
            self.stage.dialogue.sentence(key, facts, language).is_some_and(|right| right == *text)
        };
        if *kind == SayKind::ReadBack {
            let right = match &self.goal.end {
                End::Done { words, facts, .. } => is(words, facts) || is(&format!("{words}-short"), facts),
                End::Answered(_) | End::Refused(_) => false,
            };
            self.asked = Asked::Right(right);
            return;
        }
        let input = self.input_asked(key);
        self.asked = match key {
            "greeting" | "ask-what" | "rephrase-open" | "help" => Asked::What,
            "anything-else" | "go-on" | "not-confirmed" | "abandoned" | "returned" => Asked::More,
            "unsure-skill" => {
                let phrase = format!("skill-{}", self.goal.skill);
                let phrase = self.stage.dialogue.sentence(&phrase, &Record::new(), language);
                let facts = Record::from([("skill".to_owned(), Value::Text(phrase.unwrap_or_default()))]);
                Asked::Right(is(key, &facts))
            }
            "did-you-say" => Asked::Right(
                self.values_meant(call)
                    .into_iter()
                    .any(|value| is(key, &Record::from([("value".to_owned(), value)]))),
            ),
            "offer-human" | "no-human" | "approval-call-back" | "ask-number" | "ask-number-again" => {
                Asked::Offer
            }
            // How to answer, and whether we are there: the question is the one of before.
            "yes-or-no" | "yes-or-no-keys" | "keys-digits" | "keys-choice" | "spell-with-words"
            | "still-there" | "still-there-again" | "take-your-time" => self.asked.clone(),
            _ => match (input, call.expects()) {
                (Some(input), _) => Asked::Input(input),
                (None, Expect::Choice { .. }) => Asked::Choice,
                (None, _) if *kind == SayKind::Prompt => self.asked.clone(),
                (None, _) => match self.asked {
                    Asked::Input(_) => self.asked.clone(),
                    Asked::What
                    | Asked::More
                    | Asked::Choice
                    | Asked::Right(_)
                    | Asked::Offer
                    | Asked::Unclear => Asked::Unclear,
                },
            },
        };
    }

    /// The input that a sentence asks for.
    fn input_asked(&self, key: &str) -> Option<String> {
        let inputs = self.stage.actions.offered().flat_map(|skill| &skill.inputs);
        let asks = |spec: &callwright_model::InputSpec| spec.ask == key || spec.again.as_deref() == Some(key);
        inputs.filter(|(_, spec)| asks(spec)).map(|(name, _)| name.clone()).next()
    }

    /// What they may have meant with their last answer, as the agent would say it.
    fn values_meant(&self, call: &Call) -> Vec<Value> {
        let facts = self
            .goal
            .facts
            .values()
            .flat_map(|value| [Value::Code(value.clone()), Value::Text(value.clone())]);
        let numbers = self.goal.choices.values().filter_map(|&number| {
            let facts = Record::from([("number".to_owned(), Value::Int(number as i64))]);
            self.stage.dialogue.sentence("option-by-number", &facts, call.language()).map(Value::Text)
        });
        facts.chain(numbers).collect()
    }

    fn reply(&mut self) -> Option<String> {
        let asked = self.asked.clone();
        if self.twist == Twist::Again && !matches!(asked, Asked::What) {
            self.twist = Twist::None;
            return Some(self.grammar.one("again", &mut self.lot));
        }
        Some(match asked {
            Asked::What | Asked::Unclear if !self.settled => self.wish(),
            Asked::More if !self.settled && !self.wants_human => self.wish(),
            Asked::What | Asked::More | Asked::Unclear => self.grammar.one("nothing", &mut self.lot),
            Asked::Input(name) => match self.goal.facts.get(&name) {
                Some(value) => {
                    if matches!(self.twist, Twist::Wish(_)) {
                        self.twist = Twist::None;
                        let wish = self.right_wish();
                        return Some(self.grammar.around("mind", &wish, &mut self.lot));
                    }
                    let value = value.clone();
                    self.value(&name, &value)
                }
                // They are taken for somebody who wants something else.
                None => {
                    self.twist = Twist::None;
                    let wish = self.right_wish();
                    self.grammar.around("other", &wish, &mut self.lot)
                }
            },
            Asked::Choice => {
                let right = self.goal.choices.values().next().copied();
                let number = match std::mem::replace(&mut self.twist, Twist::None) {
                    Twist::Choice(number) => Some(number),
                    other => {
                        self.twist = other;
                        right
                    }
                };
                match number {
                    Some(number) => self.grammar.one(&format!("ordinals.{number}"), &mut self.lot),
                    None => self.wish(),
                }
            }
            Asked::Right(true) => self.grammar.one("yes", &mut self.lot),
            Asked::Right(false) => {
                let number = match (&self.goal.end, self.goal.choices.values().next()) {
                    (End::Done { .. }, Some(number)) if self.twist == Twist::None => Some(*number),
                    _ => None,
                };
                match number {
                    Some(number) => {
                        let choice = self.grammar.one(&format!("ordinals.{number}"), &mut self.lot);
                        self.grammar.around("other", &choice, &mut self.lot)
                    }
                    None => self.grammar.one("no", &mut self.lot),
                }
            }
            Asked::Offer => self.grammar.one("no", &mut self.lot),
        })
    }

    fn wish(&mut self) -> String {
        match &self.twist {
            Twist::Wish(other) => {
                let name = format!("wishes.{other}");
                self.grammar.one(&name, &mut self.lot)
            }
            Twist::None | Twist::Choice(_) | Twist::Slip(_) | Twist::Again => self.right_wish(),
        }
    }

    fn right_wish(&mut self) -> String {
        self.grammar.one(&format!("wishes.{}", self.goal.skill), &mut self.lot)
    }

    /// The answer to a question for an input: one of the pack's sentences for a closed list, else spelled.
    fn value(&mut self, input: &str, value: &str) -> String {
        let choice = format!("choices.{value}");
        if !self.grammar.all(&choice).is_empty() {
            return self.grammar.one(&choice, &mut self.lot);
        }
        let mut value = value.to_owned();
        if self.twist == Twist::Slip(input.to_owned()) {
            self.twist = Twist::None;
            value = slipped(&value);
        }
        let plain = self.mood == Mood::Terse;
        let spelled = self.grammar.spelled(&value, plain, &mut self.lot);
        match self.mood {
            Mood::Terse | Mood::Impatient => spelled,
            Mood::Chatty | Mood::Unsure => self.grammar.around("code", &spelled, &mut self.lot),
        }
    }

    fn in_mood(&mut self, words: String) -> String {
        let around = |table: &str, often: f64, lot: &mut Lot| {
            if lot.happens(often) { self.grammar.one(table, lot) } else { String::new() }
        };
        let (before, after) = match self.mood {
            Mood::Terse | Mood::Impatient => (String::new(), String::new()),
            Mood::Chatty => {
                let before = around("before", 0.5, &mut self.lot);
                // What comes after the last sign of a code would be taken for more of it by people, too.
                let ends = matches!(self.asked, Asked::What | Asked::Choice);
                (before, if ends { around("after", 0.4, &mut self.lot) } else { String::new() })
            }
            Mood::Unsure => (around("hesitation", 0.6, &mut self.lot), String::new()),
        };
        [before, words, after].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl Twist {
    fn draw(stage: &Stage, grammar: &Grammar, goal: &Goal, mood: Mood, lot: &mut Lot) -> Self {
        let often = if mood == Mood::Unsure { 0.6 } else { 0.2 };
        if !lot.happens(often) {
            return Self::None;
        }
        let mut twists = vec![Self::Again];
        let wishes = |skill: &str| !grammar.all(&format!("wishes.{skill}")).is_empty();
        let skills = stage.actions.offered().map(|skill| skill.name.as_str());
        // Whoever begins with another wish must be asked for something by it that they know, to say that they want the first.
        let shares = |skill: &str| {
            let inputs = stage.actions.skills.get(skill).into_iter().flat_map(|skill| &skill.inputs);
            inputs.map(|(name, _)| name).next().is_some_and(|name| goal.facts.contains_key(name))
        };
        let others = skills.filter(|skill| *skill != goal.skill && wishes(skill) && shares(skill));
        twists.extend(others.map(|skill| Self::Wish(skill.to_owned())));
        if let (Some(&number), End::Done { .. }) = (goal.choices.values().next(), &goal.end)
            && goal.skill != "return"
        {
            twists.push(Self::Choice(if number == 1 { 2 } else { number - 1 }));
        }
        let spelled = goal.facts.iter().filter(|(_, value)| value.chars().any(|sign| sign.is_ascii_digit()));
        twists.extend(spelled.map(|(name, _)| Self::Slip(name.clone())));
        lot.one(&twists).cloned().unwrap_or(Self::None)
    }
}

/// A value with its last digit changed.
fn slipped(value: &str) -> String {
    let place = value.rfind(|sign: char| sign.is_ascii_digit());
    let mut signs: Vec<char> = value.chars().collect();
    if let Some(sign) = place.and_then(|place| signs.get_mut(place)) {
        *sign = if *sign == '9' { '8' } else { '9' };
    }
    signs.into_iter().collect()
}

/// How often somebody impatient speaks over a question.
const INTERRUPTS: f64 = 0.3;
/// More than any goal takes: a caller who is led in circles hangs up.
const TURNS_MAX: u32 = 40;
