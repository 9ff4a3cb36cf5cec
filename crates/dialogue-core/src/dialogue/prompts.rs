//! Questions: each state's, in each way of asking it, and what the ear may expect in answer.

use callwright_model::{
    Expect, Hints, InputSpec, MonoTime, PHONE_DIGITS_MAX, PHONE_DIGITS_MIN, Record, SlotType, Value,
};

use super::Dialogue;
use super::closing::RATING_MAX;
use super::line::Plain;
use super::state::{How, Offer, Pending, Proposal, State};
use crate::output::{Note, TransferReason};
use crate::verbalise::{duration, phone};
use crate::words::Sentence;

impl Dialogue {
    /// Asks the question of the present state. In a state without one, nothing is said: its timer speaks. A read-back or an
    /// offer that cannot be put into words is never asked in others: nobody could agree to what they were not told, so the plan
    /// is let go of and a human is brought in.
    pub(super) fn ask(&mut self, how: How, now: MonoTime) {
        self.unheard = false;
        self.cut = false;
        self.pending = Pending::Nothing;
        let lines = match &self.state {
            State::Open { more } => vec![(Plain::Question, self.open_question(*more, how))],
            State::Proposing(proposal) => vec![(Plain::Question, self.proposal_question(proposal, how, now))],
            State::Asking { task, input } => {
                let spec = self.config.pack.input(&task.skill, input).cloned();
                spec.map_or_else(Vec::new, |spec| self.input_question(input, &spec, how))
            }
            State::AskingNumber { .. } => self.number_question(how),
            State::AskingTime { .. } => vec![(Plain::Question, self.time_question(how))],
            State::Choosing { offer, .. } => match self.offer_question(offer, how) {
                Some(line) => vec![line],
                None => return self.speechless(offer.words.clone(), now),
            },
            State::ReadBack { words, facts, heard, .. } => match self.read_back(words, facts, *heard, how) {
                Some(line) => vec![line],
                None => return self.speechless(words.clone(), now),
            },
            State::Fresh
            | State::Planning { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => Vec::new(),
        };
        for (kind, sentence) in lines {
            self.tell(kind, sentence, now);
        }
    }

    fn speechless(&mut self, words: String, now: MonoTime) {
        self.note(Note::Speechless { words });
        self.hand_over(TransferReason::Failed, now);
    }

    fn open_question(&self, more: bool, how: How) -> Sentence {
        match how {
            How::First | How::Repeat if more => self.base("anything-else"),
            How::First | How::Repeat => self.base("ask-what"),
            How::Rephrase => self.base("rephrase-open"),
            How::Narrow => self.words_with("help", "skills", self.skills_list()),
        }
    }

    fn proposal_question(&self, proposal: &Proposal, how: How, now: MonoTime) -> Sentence {
        match (how, proposal) {
            (How::Narrow, Proposal::Rating) => self.base("rating-again"),
            (How::First | How::Repeat | How::Rephrase, Proposal::Rating) => {
                let key = self.config.pack.closing.as_ref().map(|closing| closing.satisfaction.clone());
                self.base(key.as_deref().unwrap_or("rating-again"))
            }
            (how, Proposal::Either(tasks)) => {
                let phrases: Vec<_> = tasks.iter().map(|task| self.skill_phrase(&task.skill)).collect();
                let question = self.words_with("unsure-skill", "skill", self.listed(&phrases));
                if how == How::Narrow { self.with_keys(question) } else { question }
            }
            (How::Narrow, _) => self.base("yes-or-no-keys"),
            (How::First | How::Repeat | How::Rephrase, Proposal::Recording) => self.base("consent-recording"),
            (How::First | How::Repeat | How::Rephrase, Proposal::Skill(task)) => {
                self.words_with("unsure-skill", "skill", self.skill_phrase(&task.skill))
            }
            (How::First | How::Repeat | How::Rephrase, Proposal::Answer { value, back }) => {
                self.words("did-you-say", &Record::from([("value".to_owned(), self.as_said(value, back))]))
            }
            (How::First | How::Repeat | How::Rephrase, Proposal::Human) => self.base("offer-human"),
            (How::First | How::Repeat | How::Rephrase, Proposal::CallBack(TransferReason::Approval)) => {
                self.base("approval-call-back")
            }
            (How::First | How::Repeat | How::Rephrase, Proposal::CallBack(_)) => self.base("no-human"),
            (How::First | How::Repeat | How::Rephrase, Proposal::Number { number, .. }) => {
                self.words_with("read-back-number", "number", phone(number.reveal(), self.language))
            }
            (How::First | How::Repeat | How::Rephrase, Proposal::Time { window, .. }) => {
                self.words_with("read-back-call-time", "when", self.spoken_window(*window, now))
            }
            (How::First | How::Repeat | How::Rephrase, Proposal::GoodMoment) => self.base("called-back"),
        }
    }

    fn with_keys(&self, question: Sentence) -> Sentence {
        let text = format!("{} {}", question.text, self.base("keys-choice").text);
        Sentence { text, fixed: false, ..question }
    }

    fn number_question(&self, how: How) -> Vec<(Plain, Sentence)> {
        let question = match how {
            How::First | How::Repeat => self.base("ask-number"),
            How::Rephrase | How::Narrow => self.base("ask-number-again"),
        };
        let keys = (how == How::Narrow).then(|| self.base("keys-digits"));
        std::iter::once(question).chain(keys).map(|sentence| (Plain::Question, sentence)).collect()
    }

    /// A value as the caller would have said it: options by number, values of closed lists in their spoken form.
    pub(super) fn as_said(&self, value: &Value, back: &State) -> Value {
        match value {
            Value::Int(number) if matches!(back, State::Choosing { .. }) => {
                let facts = Record::from([("number".to_owned(), Value::Int(*number))]);
                Value::Text(self.words("option-by-number", &facts).text)
            }
            Value::Int(_) if self.is_length(back) => {
                duration(value, self.language).map_or_else(|| value.clone(), Value::Text)
            }
            Value::Text(text) => {
                let forms = self.tongue().choices.get(text);
                Value::Text(forms.and_then(|forms| forms.first()).unwrap_or(text).clone())
            }
            other => other.clone(),
        }
    }

    /// Whether a length of time is asked for.
    fn is_length(&self, state: &State) -> bool {
        let State::Asking { task, input } = state else { return false };
        let spec = self.config.pack.input(&task.skill, input);
        spec.is_some_and(|spec| matches!(spec.slot, SlotType::Duration { .. }))
    }

    fn input_question(&self, input: &str, spec: &InputSpec, how: How) -> Vec<(Plain, Sentence)> {
        let key = match how {
            How::First | How::Repeat => &spec.ask,
            How::Rephrase | How::Narrow => spec.again.as_ref().unwrap_or(&spec.ask),
        };
        let mut lines = vec![(Plain::Question, self.base(key))];
        if how == How::Narrow {
            let hint = match &spec.slot {
                SlotType::Digits { .. } | SlotType::Phone | SlotType::Number { .. } => {
                    self.base("keys-digits")
                }
                SlotType::Code { .. } => self.base("spell-with-words"),
                SlotType::YesNo => self.base("yes-or-no-keys"),
                SlotType::Choice { of } => {
                    self.words_with("choose-one-of", "options", self.spoken_choices(input, of))
                }
                SlotType::Date { .. }
                | SlotType::Time
                | SlotType::DateTime { .. }
                | SlotType::Duration { .. }
                | SlotType::Money { .. }
                | SlotType::Email
                | SlotType::Name => return lines,
            };
            lines.push((Plain::Question, hint));
        }
        lines
    }

    fn offer_question(&self, offer: &Offer, how: How) -> Option<(Plain, Sentence)> {
        let words = &self.tongue().words;
        let mut required = words.requires(&offer.words);
        let (mut texts, mut codes) = (Vec::new(), Vec::new());
        let mut add = |sentence: Sentence| {
            texts.push(sentence.text);
            codes.extend(sentence.codes);
        };
        if matches!(how, How::Rephrase | How::Narrow) {
            add(self.base("not-understood"));
        }
        add(words.render(&offer.words, &offer.facts)?);
        let key = format!("{}-option", offer.words);
        required |= words.requires(&key);
        for (number, option) in (1..).zip(&offer.options) {
            let mut facts = option.clone();
            facts.entry("number".to_owned()).or_insert(Value::Int(number));
            facts.insert("option".to_owned(), Value::Int(number));
            add(words.render(&key, &facts)?);
        }
        if how == How::Narrow {
            add(self.base("keys-choice"));
        }
        let (text, language) = (texts.join(" "), self.language);
        Some((Plain::Question, Sentence { text, language, fixed: false, required, codes }))
    }

    /// The whole of it, unless it was heard and only the answer was not clear. `None` when it cannot be said with these facts.
    fn read_back(&self, key: &str, facts: &Record, heard: f32, how: How) -> Option<(Plain, Sentence)> {
        let enough = heard >= self.config.limits.read_back_heard;
        let words = &self.tongue().words;
        let whole = || Some((Plain::ReadBack, words.render(key, facts)?));
        match how {
            How::Rephrase if enough => Some((Plain::Question, self.base("yes-or-no"))),
            How::Narrow if enough => Some((Plain::Question, self.base("yes-or-no-keys"))),
            How::First => whole(),
            How::Repeat | How::Rephrase | How::Narrow => {
                let short = words.render(&format!("{key}-short"), facts);
                short.map(|sentence| (Plain::ReadBack, sentence)).or_else(whole)
            }
        }
    }

    /// What the skill is called in a sentence: "rebook a cancelled flight".
    pub(super) fn skill_phrase(&self, skill: &str) -> String {
        self.base(&format!("skill-{skill}")).text
    }

    fn skills_list(&self) -> String {
        let pack = &self.config.pack;
        let likely = self.memory.likely.iter().map(String::as_str);
        let others = pack.skills().filter(|skill| !self.memory.likely.iter().any(|likely| likely == skill));
        let few = pack.skills().count() <= OFFERED_MAX;
        // Nobody remembers more than a handful of what they hear.
        let named: Vec<&str> =
            if few { pack.skills().collect() } else { likely.chain(others).take(OFFERED_MAX).collect() };
        let phrases: Vec<_> = named.into_iter().map(|skill| self.skill_phrase(skill)).collect();
        self.listed(&phrases)
    }

    fn spoken_choices(&self, _input: &str, values: &[String]) -> String {
        let tongue = self.tongue();
        let phrases: Vec<_> = values
            .iter()
            .map(|value| tongue.choices.get(value).and_then(|forms| forms.first()).unwrap_or(value).clone())
            .collect();
        self.listed(&phrases)
    }

    fn listed(&self, phrases: &[String]) -> String {
        let Some((last, before)) = phrases.split_last() else { return String::new() };
        if before.is_empty() {
            return last.clone();
        }
        let facts = Record::from([
            ("first".to_owned(), Value::Text(before.join(", "))),
            ("last".to_owned(), Value::Text(last.clone())),
        ]);
        self.words("list-or", &facts).text
    }

    pub(crate) fn current_expect(&self) -> Expect {
        match &self.state {
            State::Proposing(Proposal::Rating) => Expect::Choice { options: RATING_MAX },
            State::Proposing(Proposal::Either(tasks)) => {
                Expect::Choice { options: u8::try_from(tasks.len()).unwrap_or(u8::MAX) }
            }
            State::Proposing(_) | State::ReadBack { .. } => Expect::YesNo,
            State::Asking { task, input } => {
                self.config.pack.input(&task.skill, input).map_or(Expect::Anything, |spec| spec.slot.expect())
            }
            State::AskingNumber { .. } => Expect::Digits { min: PHONE_DIGITS_MIN, max: PHONE_DIGITS_MAX },
            State::Choosing { offer, .. } => {
                Expect::Choice { options: u8::try_from(offer.options.len()).unwrap_or(u8::MAX) }
            }
            State::Fresh
            | State::Open { .. }
            | State::AskingTime { .. }
            | State::Planning { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => Expect::Anything,
        }
    }

    pub(super) fn current_hints(&self) -> Hints {
        let tongue = self.tongue();
        let expect = self.current_expect();
        // Only what this very question makes likely: the shape of the answer is told by what is expected, and at a read-back
        // nothing shall compete with yes and no.
        let likely = match &self.state {
            State::Choosing { offer, .. } => crate::slots::option_phrases(&offer.options, self.language),
            State::Asking { task, input } => {
                match self.config.pack.input(&task.skill, input).map(|spec| &spec.slot) {
                    Some(SlotType::Choice { of }) => {
                        of.iter().filter_map(|value| tongue.choices.get(value)).flatten().cloned().collect()
                    }
                    Some(_) | None => Vec::new(),
                }
            }
            State::Fresh
            | State::Open { .. }
            | State::Proposing(_)
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Planning { .. }
            | State::ReadBack { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => Vec::new(),
        };
        // A spelled code sounds alike in many languages, and a name is of none.
        let languages = match expect {
            Expect::Anything | Expect::YesNo | Expect::Choice { .. } => self.config.pack.languages().to_vec(),
            Expect::Code { .. }
            | Expect::Digits { .. }
            | Expect::Date
            | Expect::Time
            | Expect::Amount
            | Expect::Email
            | Expect::Name => Vec::new(),
        };
        Hints { expect, language: self.language, languages, sentences: tongue.sentences.clone(), likely }
    }
}

/// Skills that are offered at a time.
const OFFERED_MAX: usize = 4;
