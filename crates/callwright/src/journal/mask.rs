//! What of a call is not written down, and what stands in its place.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use callwright_conversation::{Act, Fact, Happening};
use callwright_dialogue_core::{Note, filled, is_sensitive, without_sensitive};
use callwright_model::{
    Alternative, Expect, Language, LegCommand, LegEvent, LegFact, Pii, PlanRequest, Progress, Recognised,
    Utterance, Value, word_count,
};
use serde::{Deserialize, Serialize};

use crate::secrets::{Secrets, hidden};

/// Hides what a caller says for a secret, by the rule that events follow too. In facts a stand-in takes its place that leads the
/// machine the same way: as many digits, made of the number of different texts so far. What the machine made of the words is
/// hidden from its acts, so that the stand-in's acts read the same.
pub(super) struct Mask {
    secrets: Secrets,
    /// What is expected of the caller, and in which language: how the machine reads digits.
    expect: Expect,
    language: Language,
    /// What the caller said last holds a secret that nobody asked for.
    volunteered: bool,
    /// Texts that stand-ins were made for, so that the same one comes again for the same text. Not written anywhere.
    seen: Vec<String>,
}

/// What became of a fact that held a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kept {
    /// A stand-in of the same shape is there.
    StandIn,
    /// It was not, or not only, an answer, and what else it was is not kept: a machine that is told less may do something else.
    Nothing,
}

impl Mask {
    pub(super) fn new(secrets: Secrets, language: Language) -> Self {
        Self { secrets, expect: Expect::default(), language, volunteered: false, seen: Vec::new() }
    }

    /// The fact as it may be kept.
    pub(super) fn fact<'a>(&mut self, fact: &'a Fact) -> (Cow<'a, Fact>, Option<Kept>) {
        if !self.secrets.asked() {
            return self.unasked(fact);
        }
        let (fact, kept) = match fact {
            Fact::Leg(LegEvent { leg, at, fact: LegFact::Dtmf { digit } }) if digit.is_ascii_digit() => {
                let kept = if self.digits().is_some() { Kept::StandIn } else { Kept::Nothing };
                let event = LegEvent { leg: *leg, at: *at, fact: LegFact::Dtmf { digit: KEY } };
                (Fact::Leg(event), kept)
            }
            Fact::Recognised(leg, Recognised::Partial { turn, words, confidence }) => {
                // Of words so far it only matters whether they are others than before.
                let (words, _) = self.words(words);
                (
                    Fact::Recognised(
                        *leg,
                        Recognised::Partial { turn: *turn, words, confidence: *confidence },
                    ),
                    Kept::StandIn,
                )
            }
            Fact::Recognised(leg, Recognised::Provisional(utterance)) => {
                let (utterance, kept) = self.utterance(utterance);
                (Fact::Recognised(*leg, Recognised::Provisional(utterance)), kept)
            }
            Fact::Recognised(leg, Recognised::Final(utterance)) => {
                let (utterance, kept) = self.utterance(utterance);
                (Fact::Recognised(*leg, Recognised::Final(utterance)), kept)
            }
            Fact::Typed(words) => {
                let (words, kept) = self.words(words);
                (Fact::Typed(words), kept)
            }
            Fact::Leg(_)
            | Fact::Recognised(_, Recognised::TurnVote { .. })
            | Fact::Plan(..)
            | Fact::Speculated(..)
            | Fact::Interpreted(..)
            | Fact::PlanEvent(_)
            | Fact::PlanLost(_)
            | Fact::Recalled(..)
            | Fact::CallBackKept(_)
            | Fact::Human(..)
            | Fact::Held(..)
            | Fact::Refer(_)
            | Fact::MoveAsked(_)
            | Fact::Replaced { .. }
            | Fact::Supervise { .. }
            | Fact::CallerGone
            | Fact::Drain => return (Cow::Borrowed(fact), None),
        };
        (Cow::Owned(fact), Some(kept))
    }

    /// The same where no secret was asked for: of cards and PINs that are told all the same each digit is exchanged, and the rest stays.
    fn unasked<'a>(&mut self, fact: &'a Fact) -> (Cow<'a, Fact>, Option<Kept>) {
        let exchange = |words: &Pii<String>| -> Pii<String> {
            without_sensitive(words.reveal(), |digits| KEY.to_string().repeat(digits)).into()
        };
        let all = |utterance: &Utterance| Utterance {
            words: exchange(&utterance.words),
            alternatives: utterance
                .alternatives
                .iter()
                .map(|other| Alternative { words: exchange(&other.words), weight: other.weight })
                .collect(),
            ..utterance.clone()
        };
        let told = |words: &Pii<String>| is_sensitive(words.reveal());
        let (sensitive, exchanged) = match fact {
            Fact::Recognised(leg, Recognised::Partial { turn, words, confidence }) => {
                let partial =
                    Recognised::Partial { turn: *turn, words: exchange(words), confidence: *confidence };
                (told(words), Fact::Recognised(*leg, partial))
            }
            Fact::Recognised(leg, Recognised::Provisional(utterance)) => {
                let sensitive =
                    told(&utterance.words) || utterance.alternatives.iter().any(|other| told(&other.words));
                (sensitive, Fact::Recognised(*leg, Recognised::Provisional(all(utterance))))
            }
            Fact::Recognised(leg, Recognised::Final(utterance)) => {
                let sensitive =
                    told(&utterance.words) || utterance.alternatives.iter().any(|other| told(&other.words));
                (sensitive, Fact::Recognised(*leg, Recognised::Final(all(utterance))))
            }
            Fact::Typed(words) => (told(words), Fact::Typed(exchange(words))),
            Fact::Leg(_)
            | Fact::Recognised(_, Recognised::TurnVote { .. })
            | Fact::Plan(..)
            | Fact::Speculated(..)
            | Fact::Interpreted(..)
            | Fact::PlanEvent(_)
            | Fact::PlanLost(_)
            | Fact::Recalled(..)
            | Fact::CallBackKept(_)
            | Fact::Human(..)
            | Fact::Held(..)
            | Fact::Refer(_)
            | Fact::MoveAsked(_)
            | Fact::Replaced { .. }
            | Fact::Supervise { .. }
            | Fact::CallerGone
            | Fact::Drain => return (Cow::Borrowed(fact), None),
        };
        self.volunteered = sensitive;
        if sensitive { (Cow::Owned(exchanged), Some(Kept::StandIn)) } else { (Cow::Borrowed(fact), None) }
    }

    fn utterance(&mut self, utterance: &Utterance) -> (Utterance, Kept) {
        let (words, kept) = self.words(&utterance.words);
        (Utterance { words, alternatives: Vec::new(), ..utterance.clone() }, kept)
    }

    fn words(&mut self, words: &Pii<String>) -> (Pii<String>, Kept) {
        let words = words.reveal();
        if words.trim().is_empty() {
            return (String::new().into(), Kept::StandIn);
        }
        let number = self.seen.iter().position(|seen| seen == words).unwrap_or_else(|| {
            self.seen.push(words.clone());
            self.seen.len() - 1
        });
        let shape = usize::from(filled(&self.expect, words, self.language));
        let whole = self.digits().is_some_and(|wanted| wanted.contains(&shape));
        // A part of an answer is one if there is nothing else: of "let me talk to a person" one word alone may be a digit.
        let part = self.digits().is_some() && shape > 0 && usize::from(word_count(words)) <= shape;
        if whole || part {
            // The last digits tell one text from another; a call has far fewer of them than a PIN has values.
            let number = format!("{number:0shape$}");
            let digits: Vec<String> = number[number.len() - shape..].chars().map(String::from).collect();
            (digits.join(" ").into(), Kept::StandIn)
        } else {
            (format!("{} {number}", hidden()).into(), Kept::Nothing)
        }
    }

    /// Whether what the machine makes of the caller's words would tell one secret from another.
    fn hides(&self) -> bool {
        self.secrets.asked() || self.volunteered
    }

    /// How many digits are asked for, if it is digits.
    fn digits(&self) -> Option<RangeInclusive<usize>> {
        match self.expect {
            Expect::Code { min, max } | Expect::Digits { min, max } => Some(min.into()..=max.into()),
            Expect::Anything
            | Expect::YesNo
            | Expect::Choice { .. }
            | Expect::Date
            | Expect::Time
            | Expect::Amount
            | Expect::Email
            | Expect::Name => None,
        }
    }

    /// The act as it may be kept.
    pub(super) fn act<'a>(&mut self, act: &'a Act) -> Cow<'a, Act> {
        match act {
            Act::Expect(_, hints) => {
                self.expect = hints.expect.clone();
                self.language = hints.language;
                Cow::Borrowed(act)
            }
            Act::Command(leg, LegCommand::Partial { turn, .. }) if self.hides() => {
                let partial = LegCommand::Partial { turn: *turn, progress: Progress::default() };
                Cow::Owned(Act::Command(*leg, partial))
            }
            Act::Plan(ask, request) => Cow::Owned(Act::Plan(*ask, self.request(request))),
            Act::Speculate(number, request) => Cow::Owned(Act::Speculate(*number, self.request(request))),
            Act::Tell(happening) => {
                self.happening(happening).map_or(Cow::Borrowed(act), |shown| Cow::Owned(Act::Tell(shown)))
            }
            Act::Command(..)
            | Act::Say(..)
            | Act::Stop(..)
            | Act::Prepare(..)
            | Act::Speculated { .. }
            | Act::Recall(..)
            | Act::Heard(_)
            | Act::Interpret(..)
            | Act::Execute(..)
            | Act::Seek { .. }
            | Act::Dial { .. }
            | Act::Engaged(_)
            | Act::DialTarget { .. }
            | Act::DialSupervisor { .. }
            | Act::Refer { .. }
            | Act::MoveAnswered { .. }
            | Act::Moved { .. }
            | Act::Probe(_)
            | Act::CallBack { .. }
            | Act::Hangup(_) => Cow::Borrowed(act),
        }
    }

    fn request(&self, request: &PlanRequest) -> PlanRequest {
        let mut request = request.clone();
        for (input, value) in &mut request.inputs {
            if self.secrets.holds(input) {
                *value = Value::Text(hidden());
            }
        }
        request
    }

    /// What is told, where it is not told as it is.
    fn happening(&mut self, happening: &Happening) -> Option<Happening> {
        match happening {
            Happening::Planned(reply) => {
                self.secrets.planned(reply);
                None
            }
            Happening::CallerPartial { turn, words } => {
                Some(Happening::CallerPartial { turn: *turn, words: self.secrets.words(words) })
            }
            Happening::CallerSaid { turn, words, confidence, language } => Some(Happening::CallerSaid {
                turn: *turn,
                words: self.secrets.words(words),
                confidence: *confidence,
                language: *language,
            }),
            Happening::HumanSaid { words, language } => {
                Some(Happening::HumanSaid { words: self.secrets.words(words), language: *language })
            }
            Happening::CallerKeyed { digit } => {
                Some(Happening::CallerKeyed { digit: self.secrets.key(*digit.reveal()).into() })
            }
            Happening::Note(Note::Filled { input, value }) => {
                let value = self.secrets.value(input, value);
                Some(Happening::Note(Note::Filled { input: input.clone(), value }))
            }
            Happening::Note(Note::Taken { turn, input, heard, value, sure, language }) => {
                let heard =
                    if self.secrets.holds(input) { hidden().into() } else { self.secrets.words(heard) };
                let value = self.secrets.value(input, value);
                let (input, sure, language) = (input.clone(), *sure, *language);
                Some(Happening::Note(Note::Taken { turn: *turn, input, heard, value, sure, language }))
            }
            Happening::Note(Note::Understood { turn, .. }) if self.hides() => {
                Some(Happening::Note(Note::Understood { turn: *turn, intent: hidden(), probability: 0.0 }))
            }
            Happening::CallerSpeaks { .. }
            | Happening::AgentSays { .. }
            | Happening::AgentStarted { .. }
            | Happening::AgentStopped { .. }
            | Happening::Judged { .. }
            | Happening::LateEcho
            | Happening::Consent { .. }
            | Happening::BargedIn { .. }
            | Happening::Resumed
            | Happening::Note(_)
            | Happening::Plan(_)
            | Happening::Transfer { .. }
            | Happening::Briefing(_)
            | Happening::TransferState { .. }
            | Happening::Reached
            | Happening::MachineAnswered { .. }
            | Happening::Held { .. }
            | Happening::Supervised { .. }
            | Happening::Whispered { .. }
            | Happening::CallBack { .. }
            | Happening::Trouble(_)
            | Happening::Ended(_) => None,
        }
    }
}

/// The key that stands for any: it has no meaning of its own where digits are wanted, as 0 has.
const KEY: char = '1';
