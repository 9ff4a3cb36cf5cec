//! Bringing in a human, what they are told, and what happens when none comes.

use std::collections::{BTreeMap, BTreeSet};

use callwright_model::{Claim, Language, MonoTime, Pii, PlanId, Receipt, Record, Utterance, Value};

use super::Dialogue;
use super::line::{Line, Plain};
use super::state::{How, Proposal, State};
use crate::output::{Briefing, Output, TransferReason, TransferResult};
use crate::slots;
use crate::understand::Intent;
use crate::words::Words;

/// What a human would want to know of the call so far.
#[derive(Debug, Clone, Default)]
pub(super) struct CaseRecord {
    /// The skill last asked for.
    pub(super) asked: Option<String>,
    /// What the caller has proved to own, as the core tells.
    pub(super) verified: BTreeSet<String>,
    /// Plans that were completed: the words of their claims and the proof.
    pub(super) done: Vec<(String, Claim)>,
    /// Where they want to be called back, in their own words; not set while the network's number serves.
    pub(super) number: Option<Pii<String>>,
    /// Why something was refused.
    pub(super) refusal: Option<(String, Record)>,
    /// Plans of which nobody can tell whether their last step took effect, with what is known to be done of each.
    pub(super) doubts: BTreeMap<PlanId, Vec<Receipt>>,
}

impl Dialogue {
    pub(super) fn hand_over(&mut self, reason: TransferReason, now: MonoTime) {
        let briefing = self.brief(Some(reason), self.config.human_language);
        self.enter(State::Handover { reason, since: now }, now);
        let rule = self.config.pack.handover.of(reason, self.record.asked.as_deref());
        let (needs, mut priority) = (rule.needs.clone(), rule.priority);
        if self.config.called.is_some() {
            // They have waited before, and somebody has called them for it.
            priority = priority.saturating_add(CALLED_FIRST);
        }
        let sentence = self.base(&rule.words);
        self.tell(Plain::Handover, sentence, now);
        self.outputs.push_back(Output::Transfer { reason, briefing, needs, priority });
    }

    pub(super) fn transferred(&mut self, result: TransferResult, now: MonoTime) {
        let reason = match (&self.state, result) {
            (State::Handover { reason, .. }, _) => *reason,
            (State::WithHuman, TransferResult::Returned | TransferResult::HandedBack) => {
                TransferReason::Asked
            }
            // Somebody has taken the caller over, who had not asked for it.
            (_, TransferResult::Connected) if self.active() => TransferReason::Asked,
            _ => return self.stale("transfer result"),
        };
        match result {
            TransferResult::Connected => {
                self.speaking = None;
                self.enter(State::WithHuman, now);
            }
            TransferResult::NoAnswer | TransferResult::Unavailable => {
                self.enter(State::Proposing(Proposal::CallBack(reason)), now);
                self.ask(How::First, now);
            }
            TransferResult::Returned => self.back_to_agent("returned", now),
            TransferResult::HandedBack => self.back_to_agent("handed-back", now),
        }
    }

    /// Two people have talked about it: what the caller wants is not asked for again if it was said.
    pub(super) fn offer_what_was_said(&mut self, said: &[Utterance], now: MonoTime) {
        if !matches!(self.state, State::Open { .. }) {
            return;
        }
        let skill = said.iter().rev().find_map(|utterance| {
            let words = utterance.words.reveal();
            match self.read(words).clear() {
                Some(Intent::Skill(skill)) => Some((skill.clone(), words.clone())),
                Some(_) | None => None,
            }
        });
        if let Some((skill, words)) = skill {
            let task = self.new_task(&skill, &words);
            self.enter(State::Proposing(Proposal::Skill(task)), now);
            self.ask(How::First, now);
        }
    }

    /// The caller is the agent's again: back to the plan that runs, or to what else they want.
    pub(super) fn back_to_agent(&mut self, key: &str, now: MonoTime) {
        self.misses = 0;
        self.silences = 0;
        if self.work.is_some() {
            self.enter(State::Acting { since: now, comfort: now + self.config.limits.progress_again }, now);
            self.pay_owed(now);
            let sentence = self.base("still-working");
            self.tell(Plain::Progress, sentence, now);
        } else {
            self.enter(State::Open { more: true }, now);
            self.pay_owed(now);
            self.tell_question(key, now);
        }
    }

    /// The caller wants to be called back. Whom nobody can call is asked for a number first.
    pub(super) fn call_back(&mut self, reason: TransferReason, now: MonoTime) {
        if self.number().is_none() {
            self.misses = 0;
            self.enter(State::AskingNumber { reason }, now);
            return self.ask(How::First, now);
        }
        self.when_or_arrange(reason, now);
    }

    /// Reads a number back that the caller has said or keyed. False when the words hold none.
    pub(super) fn take_number(&mut self, words: &str, now: MonoTime) -> bool {
        let reason = match &self.state {
            State::AskingNumber { reason } | State::Proposing(Proposal::Number { reason, .. }) => *reason,
            State::Fresh
            | State::Open { .. }
            | State::Proposing(_)
            | State::Asking { .. }
            | State::AskingTime { .. }
            | State::Planning { .. }
            | State::Choosing { .. }
            | State::ReadBack { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => return false,
        };
        let Some(number) = slots::phone_number(words, self.language) else { return false };
        self.enter(State::Proposing(Proposal::Number { reason, number: Pii::new(number) }), now);
        self.ask(How::First, now);
        true
    }

    /// The caller has agreed to the number that was read back.
    pub(super) fn number_confirmed(&mut self, reason: TransferReason, number: Pii<String>, now: MonoTime) {
        self.misses = 0;
        self.record.number = Some(number);
        self.call_back(reason, now);
    }

    /// The caller's number could not be made out, or whether they want to be called.
    pub(super) fn no_call_back(&mut self, now: MonoTime) {
        let sentence = self.base("call-back-failed");
        self.tell(Plain::Apology, sentence, now);
        self.back_to_agent("anything-else", now);
    }

    /// Whether the wish to be called back is on disk: only then is it promised.
    pub(super) fn call_back_kept(&mut self, kept: bool, now: MonoTime) {
        let State::Arranging { window, .. } = self.state else { return self.stale("call back") };
        if kept {
            return match window {
                Some(window) => self.promised(window, now),
                None => self.goodbye("call-back-noted", now),
            };
        }
        self.no_call_back(now);
    }

    /// Where the caller can be called: the number they gave, else what the network told, of which a name or `anonymous` is none.
    pub(super) fn number(&self) -> Option<Pii<String>> {
        let told = || self.config.caller.clone().filter(|caller| digits(caller).len() >= DIGITS_MIN);
        self.record.number.clone().or_else(told)
    }

    /// Everything as sentences in the human's language, or in the pack's first where the pack does not speak theirs.
    pub(super) fn brief(&self, reason: Option<TransferReason>, language: Language) -> Briefing {
        let tongue = self.config.pack.tongue(language);
        let words = &tongue.words;
        let language = tongue.language;
        Briefing {
            language,
            who: self.brief_who(words, language),
            verified: self.brief_verified(words, language),
            asked: self.brief_asked(words),
            done: self.brief_done(words),
            open: self.brief_open(words, reason),
        }
    }

    fn brief_who(&self, words: &Words, language: Language) -> Pii<String> {
        match self.record.number.as_ref().or(self.config.caller.as_ref()) {
            Some(caller) => {
                let digits = digits(caller);
                // A plain number in the groups it is written in; of an address only its digits.
                let plain = caller.reveal().chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
                let number = if plain { caller.reveal() } else { &digits };
                let spoken = if digits.len() >= DIGITS_MIN {
                    crate::verbalise::phone(number, language)
                } else {
                    caller.reveal().clone()
                };
                say(words, "brief-who", &Record::from([("caller".to_owned(), Value::Text(spoken))]))
            }
            None => line(words, "brief-who-unknown"),
        }
    }

    fn brief_verified(&self, words: &Words, language: Language) -> Pii<String> {
        let codes = self.record.verified.iter().cloned().map(Value::Code);
        let spoken: Vec<String> = codes.map(|code| crate::verbalise::spoken(&code, language)).collect();
        if spoken.is_empty() {
            return line(words, "brief-not-verified");
        }
        Pii::new(say_with(words, "brief-verified", "verified", spoken.join(". ")))
    }

    fn brief_asked(&self, words: &Words) -> Pii<String> {
        let Some(skill) = &self.record.asked else { return line(words, "brief-asked-nothing") };
        let phrase = words.render(&format!("skill-{skill}"), &Record::new());
        let phrase = phrase.map_or_else(|| skill.clone(), |phrase| phrase.text);
        say(words, "brief-asked", &Record::from([("skill".to_owned(), Value::Text(phrase))]))
    }

    fn brief_done(&self, words: &Words) -> Pii<String> {
        let claims: Vec<_> = self
            .record
            .done
            .iter()
            .filter_map(|(key, claim)| Line::claim(words, key, claim))
            .map(|line| line.sentence().text.clone())
            .collect();
        let mut parts = Vec::new();
        if !claims.is_empty() {
            parts.push(say_with(words, "brief-done", "claims", claims.join(" ")));
        }
        let plans = self.work.iter().chain(self.waiting.values());
        let unsettled = self.record.doubts.values().chain(plans.map(|work| &work.receipts));
        let done: Vec<_> = unsettled.clone().flatten().map(|it| it.action.replace('_', " ")).collect();
        if !done.is_empty() {
            parts.push(say_with(words, "brief-part-done", "actions", done.join(", ")));
        }
        // Of a plan that runs or is in doubt nobody knows that it changed nothing.
        if parts.is_empty() && unsettled.count() == 0 {
            parts.push(line(words, "brief-nothing-done").into_inner());
        }
        Pii::new(parts.join(" "))
    }

    fn brief_open(&self, words: &Words, reason: Option<TransferReason>) -> Pii<String> {
        let mut parts = Vec::new();
        if let Some(called) = &self.config.called {
            parts.push(say_with(words, "brief-called", "before", called.briefing.reveal().clone()));
        }
        if !self.record.doubts.is_empty() {
            parts.push(line(words, "brief-doubt").into_inner());
        } else if self.work.is_some() {
            parts.push(line(words, "brief-running").into_inner());
        }
        if !self.waiting.is_empty() {
            parts.push(line(words, "brief-approval").into_inner());
        }
        match reason {
            Some(TransferReason::Asked) => parts.push(line(words, "brief-open-asked").into_inner()),
            Some(TransferReason::Refused) => {
                let why = self.record.refusal.as_ref().and_then(|(key, facts)| words.render(key, facts));
                let why = why.map(|why| why.text).unwrap_or_default();
                parts.push(say_with(words, "brief-open-refused", "why", why));
            }
            Some(TransferReason::Value) => parts.push(line(words, "brief-open-value").into_inner()),
            Some(TransferReason::Misunderstood) => {
                parts.push(line(words, "brief-open-misunderstood").into_inner())
            }
            Some(TransferReason::NotFound) => parts.push(line(words, "brief-open-not-found").into_inner()),
            Some(TransferReason::Failed) => parts.push(line(words, "brief-open-failed").into_inner()),
            Some(TransferReason::Unavailable) => {
                parts.push(line(words, "brief-open-unavailable").into_inner())
            }
            Some(TransferReason::Approval) => parts.push(line(words, "brief-open-approval").into_inner()),
            Some(TransferReason::InDoubt) | None => {}
        }
        Pii::new(parts.join(" "))
    }
}

/// Who was called back comes before whoever has called by so much. One priority is what somebody gains who waits for a while.
const CALLED_FIRST: u8 = 10;
/// Fewer digits are part of a name, not a number that anybody could call.
const DIGITS_MIN: usize = 3;

fn digits(caller: &Pii<String>) -> String {
    caller.reveal().chars().filter(char::is_ascii_digit).collect()
}

fn line(words: &Words, key: &str) -> Pii<String> {
    say(words, key, &Record::new())
}

fn say(words: &Words, key: &str, facts: &Record) -> Pii<String> {
    Pii::new(words.render(key, facts).map(|sentence| sentence.text).unwrap_or_default())
}

fn say_with(words: &Words, key: &str, name: &str, value: String) -> String {
    say(words, key, &Record::from([(name.to_owned(), Value::Text(value))])).into_inner()
}
