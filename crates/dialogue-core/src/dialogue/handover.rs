//! Bringing in a human, what they are told, and what happens when none comes.

use callwright_model::{Claim, Language, MonoTime, Pii, Record, Value};

use super::Dialogue;
use super::line::{Line, Plain};
use super::state::{How, Proposal, State};
use crate::output::{Briefing, Output, TransferReason, TransferResult};
use crate::words::Words;

/// What a human would want to know of the call so far.
#[derive(Debug, Clone, Default)]
pub(super) struct CaseRecord {
    /// The skill last asked for.
    pub(super) asked: Option<String>,
    /// The core has found the caller's case by what they know.
    pub(super) verified: bool,
    /// Plans that were completed: the words of their claims and the proof.
    pub(super) done: Vec<(String, Claim)>,
    /// Why something was refused.
    pub(super) refusal: Option<(String, Record)>,
    /// A step may or may not have taken effect.
    pub(super) doubt: bool,
}

impl Dialogue {
    pub(super) fn hand_over(&mut self, reason: TransferReason, now: MonoTime) {
        let key = match reason {
            TransferReason::Asked => "handover-asked",
            TransferReason::Refused => "handover-refused",
            TransferReason::Misunderstood => "handover-misunderstood",
            TransferReason::Failed | TransferReason::Unavailable => "handover-failed",
            TransferReason::InDoubt => "handover-doubt",
        };
        let briefing = self.brief(Some(reason));
        self.enter(State::Handover { reason, since: now }, now);
        let sentence = self.base(key);
        self.tell(Plain::Handover, sentence, now);
        self.outputs.push_back(Output::Transfer { reason, briefing });
    }

    pub(super) fn transferred(&mut self, result: TransferResult, now: MonoTime) {
        let reason = match (&self.state, result) {
            (State::Handover { reason, .. }, _) => *reason,
            (State::WithHuman, TransferResult::Returned) => TransferReason::Asked,
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

    pub(super) fn call_back(&mut self, reason: TransferReason, now: MonoTime) {
        let briefing = self.brief(Some(reason));
        self.outputs.push_back(Output::CallBack { briefing });
        self.goodbye("call-back-noted", now);
    }

    /// Everything as sentences in the human's language, or in the pack's first where the pack does not speak theirs.
    pub(super) fn brief(&self, reason: Option<TransferReason>) -> Briefing {
        let pack = &self.config.pack;
        let tongue = pack.tongue(self.config.human_language);
        let words = &tongue.words;
        let language = tongue.language;
        Briefing {
            language,
            who: self.brief_who(words, language),
            verified: line(words, if self.record.verified { "brief-verified" } else { "brief-not-verified" }),
            asked: self.brief_asked(words),
            done: self.brief_done(words),
            open: self.brief_open(words, reason),
        }
    }

    fn brief_who(&self, words: &Words, language: Language) -> Pii<String> {
        match &self.config.caller {
            Some(caller) => {
                let digits: String = caller.reveal().chars().filter(char::is_ascii_digit).collect();
                // A plain number in the groups it is written in; of an address only its digits.
                let plain = caller.reveal().chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
                let number = if plain { caller.reveal() } else { &digits };
                let spoken = if digits.len() >= 3 {
                    crate::verbalise::phone(number, language)
                } else {
                    caller.reveal().clone()
                };
                say(words, "brief-who", &Record::from([("caller".to_owned(), Value::Text(spoken))]))
            }
            None => line(words, "brief-who-unknown"),
        }
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
        if claims.is_empty() {
            return line(words, "brief-nothing-done");
        }
        say(words, "brief-done", &Record::from([("claims".to_owned(), Value::Text(claims.join(" ")))]))
    }

    fn brief_open(&self, words: &Words, reason: Option<TransferReason>) -> Pii<String> {
        let mut parts = Vec::new();
        if self.record.doubt {
            parts.push(line(words, "brief-doubt").into_inner());
        } else if self.working().is_some() {
            parts.push(line(words, "brief-running").into_inner());
        }
        match reason {
            Some(TransferReason::Asked) => parts.push(line(words, "brief-open-asked").into_inner()),
            Some(TransferReason::Refused) => {
                let why = self.record.refusal.as_ref().and_then(|(key, facts)| words.render(key, facts));
                let why = why.map(|why| why.text).unwrap_or_default();
                parts.push(
                    say(words, "brief-open-refused", &Record::from([("why".to_owned(), Value::Text(why))]))
                        .into_inner(),
                );
            }
            Some(TransferReason::Misunderstood) => {
                parts.push(line(words, "brief-open-misunderstood").into_inner())
            }
            Some(TransferReason::Failed) => parts.push(line(words, "brief-open-failed").into_inner()),
            Some(TransferReason::Unavailable) => {
                parts.push(line(words, "brief-open-unavailable").into_inner())
            }
            Some(TransferReason::InDoubt) | None => {}
        }
        Pii::new(parts.join(" "))
    }
}

fn line(words: &Words, key: &str) -> Pii<String> {
    say(words, key, &Record::new())
}

fn say(words: &Words, key: &str, facts: &Record) -> Pii<String> {
    Pii::new(words.render(key, facts).map(|sentence| sentence.text).unwrap_or_default())
}
