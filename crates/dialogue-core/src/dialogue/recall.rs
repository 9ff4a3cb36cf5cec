//! What is remembered of a caller from their other calls: asked for once they have shown who they are, told once, and never waited for.
//!
//! The reply that shows who they are is held back until it is known what is remembered, for a quarter of a second at most: how something
//! ended is told before the next question, not behind it.

use std::collections::BTreeSet;

use callwright_model::{
    Claim, Language, MonoTime, PastPlan, PastStanding, PlanId, PlanReply, Recalled, Record, SlotType,
};

use super::Dialogue;
use super::line::{Line, Plain};
use super::memory::Implicit;
use super::state::{How, Proposal, State, Task};
use crate::output::{AskId, Note, Output};

/// What is known of the caller from other calls, and how far asking for it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Journey {
    held: Option<Held>,
    /// How often it was asked for.
    asked: u8,
    /// What they have proved to own, as far as what is remembered by it is known, or cannot be told.
    known: BTreeSet<String>,
    /// Plans of other calls that they were told of.
    told: BTreeSet<PlanId>,
    /// Plans of which it is kept that they have heard how they ended.
    heard: BTreeSet<PlanId>,
    /// What they gave then, and was not taken over yet.
    inputs: Record,
    /// What they did not get to the end of then.
    left_open: Option<String>,
}

/// A reply of the action core that waits.
#[derive(Debug, Clone)]
struct Held {
    ask: AskId,
    reply: PlanReply,
    until: MonoTime,
}

impl Journey {
    /// The question that the reply answers is none any more.
    pub(super) fn let_go(&mut self) {
        self.held = None;
    }

    pub(super) fn waits_until(&self) -> Option<MonoTime> {
        self.held.as_ref().map(|held| held.until)
    }

    /// A skill is asked for in this call, and so need not be offered.
    pub(super) fn begun(&mut self, skill: &str) {
        self.left_open.take_if(|open| open == skill);
    }

    /// Whether it is not known yet what is remembered by some of what they have proved to own.
    fn is_new(&self, verified: &[String]) -> bool {
        self.asked < ASKED_MAX && verified.iter().any(|owned| !self.known.contains(owned))
    }
}

impl Dialogue {
    /// Holds a reply back that shows who the caller is, and asks what is remembered of them. Else the reply comes back.
    pub(super) fn recall_first(&mut self, ask: AskId, reply: PlanReply, now: MonoTime) -> Option<PlanReply> {
        if !self.config.pack.remembers || !self.journey.is_new(reply.verified()) {
            return Some(reply);
        }
        self.journey.asked += 1;
        self.outputs.push_back(Output::Recall { ask, plan: reply.plan().clone() });
        self.journey.held = Some(Held { ask, reply, until: now + self.config.limits.recall });
        None
    }

    pub(super) fn recalled(&mut self, ask: AskId, recalled: Option<Recalled>, now: MonoTime) {
        let Some(held) = self.journey.held.take_if(|held| held.ask == ask) else {
            return self.stale("what is remembered");
        };
        match recalled {
            Some(recalled) if recalled.sure => {
                self.journey.known.extend(held.reply.verified().iter().cloned());
                self.make_use_of(recalled, now);
            }
            // They may be known more surely by the next reply.
            Some(_) => {}
            None => self.journey.known.extend(held.reply.verified().iter().cloned()),
        }
        self.bound(held.reply, now);
    }

    /// It takes too long: the call goes on as if nothing were remembered, and is not held up for it again.
    pub(super) fn not_recalled(&mut self, now: MonoTime) {
        if let Some(held) = self.journey.held.take() {
            self.journey.known.extend(held.reply.verified().iter().cloned());
            self.bound(held.reply, now);
        }
    }

    fn make_use_of(&mut self, recalled: Recalled, now: MonoTime) {
        let Recalled { sure: _, plans, language, inputs, left_open } = recalled;
        let offered = |skill: &String| self.config.pack.skill(skill).is_some();
        self.journey.left_open = left_open.filter(offered);
        self.journey.inputs = inputs;
        let news = plans.into_iter().filter(|past| !past.heard && !self.journey.told.contains(&past.plan));
        let newest: Vec<PastPlan> = news.take(TOLD_MAX).collect();
        for past in newest.into_iter().rev() {
            self.tell_past(past, now);
        }
        if let Some(current) = self.state.task().map(|task| task.skill.clone()) {
            self.journey.begun(&current);
        }
        self.offer_language(language, now);
    }

    /// How a plan of another call stands. What was done is claimed from its receipts, as at any other time.
    fn tell_past(&mut self, past: PastPlan, now: MonoTime) {
        let PastPlan { plan, skill, heard: _, standing } = past;
        // Of a skill that the pack does not have any more there are no words either.
        if self.config.pack.skill(&skill).is_none() {
            return;
        }
        let (what, lead, line) = match standing {
            PastStanding::Running => ("running", None, self.past("last-time-running", &skill)),
            PastStanding::AwaitingApproval => ("approval", None, self.past("last-time-approval", &skill)),
            PastStanding::Completed { words, receipts } => {
                let claim = Claim::from_receipts(receipts);
                let claim = claim.and_then(|claim| Line::claim(&self.tongue().words, &words, &claim));
                let Some(claim) = claim else { return };
                ("outcome", Some("last-time"), claim.about(plan.clone()))
            }
            PastStanding::Failed { words, facts } => {
                let sentence = self.tongue().words.render(&words, &facts);
                let sentence = sentence.unwrap_or_else(|| self.base("last-time-failed"));
                self.journey.left_open.get_or_insert_with(|| skill.clone());
                ("outcome", Some("last-time"), Line::plain(Plain::Apology, sentence).about(plan.clone()))
            }
            PastStanding::InDoubt => {
                let line = Line::plain(Plain::Apology, self.base("last-time-doubt"));
                ("outcome", Some("last-time"), line.about(plan.clone()))
            }
        };
        self.note(Note::Remembered { what, which: skill.clone() });
        self.journey.told.insert(plan);
        if let Some(lead) = lead {
            let lead = self.past(lead, &skill);
            self.say(lead, now);
        }
        self.say(line, now);
    }

    fn past(&self, key: &str, skill: &str) -> Line {
        Line::plain(Plain::Answer, self.words_with(key, "skill", self.skill_phrase(skill)))
    }

    /// Tells a caller who spoke another language last time, in that one, that they may again. Who has chosen one in this call knows.
    fn offer_language(&mut self, language: Option<Language>, now: MonoTime) {
        let pack = self.config.pack.clone();
        let known = language.filter(|language| pack.languages().contains(language));
        let Some(language) = known.filter(|language| *language != self.language) else { return };
        if self.memory.language_chosen {
            return;
        }
        if let Some(sentence) = pack.tongue(language).words.render("last-time-language", &Record::new()) {
            self.note(Note::Remembered { what: "language", which: language.to_string() });
            self.tell(Plain::Progress, sentence, now);
        }
    }

    /// Fills an input as it was given in another call, where the pack lets it be remembered, and says so: a no takes it back. Once in a
    /// call, for what led nowhere is asked for.
    pub(super) fn as_last_time(&mut self, task: &mut Task, input: &str, now: MonoTime) -> bool {
        let pack = self.config.pack.clone();
        let Some(spec) = pack.input(&task.skill, input).filter(|spec| spec.remember) else { return false };
        let Some(value) = self.journey.inputs.remove(input) else { return false };
        self.note(Note::Remembered { what: "input", which: input.to_owned() });
        self.filled(input, &value);
        if !matches!(spec.slot, SlotType::Digits { .. }) {
            let sentence = self.words_with("as-last-time", "value", self.spoken_value(&value));
            self.tell(Plain::Progress, sentence, now);
            self.memory.implicit = Some(Implicit::Input(input.to_owned()));
        }
        task.inputs.insert(input.to_owned(), value);
        true
    }

    /// Offers to go on with what was not brought to an end in another call. False when there is no such.
    pub(super) fn offer_left_open(&mut self, now: MonoTime) -> bool {
        let Some(skill) = self.journey.left_open.take() else { return false };
        self.note(Note::Remembered { what: "left_open", which: skill.clone() });
        let sentence = self.base("last-time-open");
        self.tell(Plain::Progress, sentence, now);
        let task = self.with_known(Task { skill, ..Task::default() });
        self.enter(State::Proposing(Proposal::Skill(task)), now);
        self.ask(How::First, now);
        true
    }

    /// The caller has heard a sentence. When it told how a plan ended, that is kept, so that no later call tells it again.
    pub(super) fn outcome_heard(&mut self, line: &Line) {
        let Some(plan) = line.ended().filter(|_| self.config.pack.remembers) else { return };
        if self.journey.heard.insert(plan.clone()) {
            self.outputs.push_back(Output::Heard { plan: plan.clone() });
        }
    }
}

/// A caller who is not known surely enough yet is asked about again with each reply; more often than this they never will be.
const ASKED_MAX: u8 = 8;
/// Who has not heard how more than this ended is told of the newest: nobody listens to a list before they have said what they want.
const TOLD_MAX: usize = 2;
