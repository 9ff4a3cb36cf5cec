//! The dialogue's side of a plan: asking for one, the consent, its events, and the claim at the end.

use std::collections::BTreeMap;

use callwright_model::{
    Claim, MonoTime, NeedWhy, Pii, PlanEvent, PlanFact, PlanId, PlanReply, PlanRequest, Receipt,
};

use super::Dialogue;
use super::line::{Line, Plain};
use super::state::{How, Offer, Proposal, State, Task, Work};
use crate::output::{AskId, Note, Output, TransferReason};

/// What a caller gives may lead nowhere so often before a human helps.
const DEAD_ENDS: u8 = 3;

impl Dialogue {
    /// Has the action core bind a task as far as it can.
    pub(super) fn plan(&mut self, task: Task, now: MonoTime) {
        let ask = self.next_ask;
        self.next_ask = AskId(ask.0.wrapping_add(1));
        self.record.asked = Some(task.skill.clone());
        self.journey.begun(&task.skill);
        let request = PlanRequest {
            plan: task.plan.clone(),
            pack: self.config.pack.name().to_owned(),
            skill: task.skill.clone(),
            inputs: task.inputs.clone(),
            call: self.config.call,
            caller: self.config.caller.clone(),
            evidence: BTreeMap::new(),
            agent: "callwright".to_owned(),
            consents: self.consents.clone(),
            language: Some(self.language),
            speculative: false,
        };
        self.outputs.push_back(Output::Plan { ask, request });
        self.enter(
            State::Planning { task, ask, since: now, comfort: now + self.config.limits.progress },
            now,
        );
    }

    pub(super) fn planned(&mut self, ask: AskId, reply: PlanReply, now: MonoTime) {
        match &self.state {
            State::Planning { ask: expected, .. } if *expected == ask => {}
            _ => return self.stale("plan reply"),
        }
        if let Some(reply) = self.recall_first(ask, reply, now) {
            self.bound(reply, now);
        }
    }

    /// Goes on by how far the core has come with what was asked last.
    pub(super) fn bound(&mut self, reply: PlanReply, now: MonoTime) {
        let State::Planning { task, .. } = &self.state else { return self.stale("plan reply") };
        let mut task = task.clone();
        self.record.verified.extend(reply.verified().iter().cloned());
        if !matches!(reply, PlanReply::Need { why: NeedWhy::NotFound { .. }, .. }) {
            self.accepted(&task);
        }
        match reply {
            PlanReply::Need { plan, input, why, verified: _ } => {
                task.plan = Some(plan);
                self.need(task, input, why, now);
            }
            PlanReply::Choose { plan, input, words, options, facts, verified: _ } => {
                task.plan = Some(plan);
                if options.is_empty() {
                    return self.hand_over(TransferReason::Failed, now);
                }
                self.enter(State::Choosing { task, offer: Offer { input, words, options, facts } }, now);
                self.ask(How::First, now);
            }
            PlanReply::Ready { plan, words, facts, steps: _, verified: _ } => {
                if self.config.pack.handover.is_above(&task.skill, &facts) {
                    return self.hand_over(TransferReason::Value, now);
                }
                task.plan = Some(plan.clone());
                self.enter(State::ReadBack { task, plan, words, facts, say: None, heard: 0.0 }, now);
                self.ask(How::First, now);
            }
            PlanReply::Answer { plan: _, words, facts, verified: _ } => {
                let sentence = self.words(&words, &facts);
                self.memory.looked_up = Some(task);
                self.enter(State::Open { more: true }, now);
                self.tell(Plain::Answer, sentence, now);
                self.go_on(now);
            }
            PlanReply::Refused { plan: _, words, facts, transfer, rules: _, verified: _ } => {
                let sentence = self.words(&words, &facts);
                self.record.refusal = Some((words, facts));
                self.enter(State::Open { more: true }, now);
                self.tell(Plain::Apology, sentence, now);
                if transfer {
                    self.hand_over(TransferReason::Refused, now);
                } else {
                    self.go_on(now);
                }
            }
        }
    }

    fn need(&mut self, mut task: Task, input: String, why: NeedWhy, now: MonoTime) {
        if self.config.pack.input(&task.skill, &input).is_none() {
            return self.hand_over(TransferReason::Failed, now);
        }
        if why == NeedWhy::Missing && self.as_last_time(&mut task, &input, now) {
            return self.plan(task, now);
        }
        let pack = self.config.pack.clone();
        let not_found = match why {
            NeedWhy::Missing => None,
            NeedWhy::NotFound { words } => {
                if let Some(value) = task.inputs.remove(&input) {
                    task.wrong.insert(input.clone(), value);
                }
                // Choices were made among what the wrong answer led to.
                task.inputs.retain(|name, _| pack.input(&task.skill, name).is_some());
                task.dead_ends = task.dead_ends.saturating_add(1);
                Some(words)
            }
        };
        let identifies = pack.identity.as_ref().filter(|identity| identity.inputs.contains(&input));
        // A number that the network told is nobody's try.
        let told = pack.identity.as_ref().is_some_and(|identity| identity.caller.as_ref() == Some(&input));
        let by_network =
            told && not_found.is_some() && !std::mem::replace(&mut self.memory.strange_number, true);
        if identifies.is_some() && not_found.is_some() && !by_network {
            self.memory.wrong_identities = self.memory.wrong_identities.saturating_add(1);
        }
        let locked = identifies.is_some_and(|identity| self.memory.wrong_identities >= identity.tries);
        let dead_ends = task.dead_ends;
        let facts = task.inputs.clone();
        self.enter(State::Asking { task, input }, now);
        if let Some(words) = not_found {
            let sentence = self.words(&words, &facts);
            self.tell(Plain::Question, sentence, now);
            if dead_ends >= DEAD_ENDS && identifies.is_none() {
                return self.hand_over(TransferReason::NotFound, now);
            }
        }
        if locked {
            return self.hand_over(TransferReason::NotFound, now);
        }
        self.ask(How::First, now);
    }

    /// A yes to the read-back. It counts only when the caller has heard what they agree to.
    pub(super) fn consent(&mut self, words: Pii<String>, heard: f32, now: MonoTime) {
        if heard < self.config.limits.read_back_heard {
            self.note(Note::YesTooEarly { turn: self.turn, share: heard });
            self.ask(How::Repeat, now);
            return;
        }
        let State::ReadBack { plan, facts, .. } = self.take_state() else {
            return self.stale("consent");
        };
        self.misses = 0;
        self.outputs.push_back(Output::Execute { plan: plan.clone(), consent: words });
        self.work = Some(Work { plan, facts, receipts: Vec::new(), doing: None, last: 0 });
        self.enter(State::Acting { since: now, comfort: now + self.config.limits.progress }, now);
        let sentence = self.base("acting");
        self.tell(Plain::Progress, sentence, now);
    }

    pub(super) fn plan_event(&mut self, event: PlanEvent, now: MonoTime) {
        let work = self.work_of(&event.plan).filter(|work| event.number > work.last);
        let Some(work) = work else { return self.stale("plan event") };
        work.last = event.number;
        match event.fact {
            PlanFact::StepStarted { step } => work.doing = Some(step.action),
            PlanFact::StepFailed { .. } | PlanFact::Approved { .. } | PlanFact::Rejected { .. } => {}
            PlanFact::StepUndone { step } => work.receipts.retain(|receipt| receipt.step != step.number),
            PlanFact::StepCommitted { receipt } => {
                if receipt.plan == work.plan {
                    work.receipts.push(receipt);
                }
            }
            PlanFact::ApprovalAsked { .. } => self.approval_asked(&event.plan, now),
            PlanFact::Completed { words } => self.completed(&event.plan, words, now),
            PlanFact::Failed { words, step: _, reason: _ } => self.failed(&event.plan, &words, now),
            PlanFact::InDoubt { step: _ } => self.doubtful(&event.plan, now),
        }
    }

    /// A plan that was said yes to, whether it runs or waits.
    fn work_of(&mut self, plan: &PlanId) -> Option<&mut Work> {
        let running = self.work.as_mut().filter(|work| work.plan == *plan);
        running.or(self.waiting.get_mut(plan))
    }

    fn take_work(&mut self, plan: &PlanId) -> Option<Work> {
        match &self.work {
            Some(work) if work.plan == *plan => self.work.take(),
            Some(_) | None => self.waiting.remove(plan),
        }
    }

    /// Somebody must approve, which takes minutes or days: the caller is told so, need not stay for it, and hears the outcome if
    /// they do.
    fn approval_asked(&mut self, plan: &PlanId, now: MonoTime) {
        // Of a plan that waits already the caller knows.
        if self.waiting.contains_key(plan) {
            return;
        }
        let Some(work) = self.take_work(plan) else { return };
        self.waiting.insert(plan.clone(), work);
        let line = Line::plain(Plain::Answer, self.base("awaiting-approval"));
        if matches!(self.state, State::Acting { .. }) {
            self.enter(State::Proposing(Proposal::CallBack(TransferReason::Approval)), now);
            self.say(line, now);
            self.ask(How::First, now);
        } else {
            self.outcome(line, now);
        }
    }

    fn completed(&mut self, plan: &PlanId, words: String, now: MonoTime) {
        let Some(work) = self.take_work(plan) else { return };
        // Without receipts there is nothing to claim, whatever the event says.
        let Some(claim) = Claim::from_receipts(work.receipts) else {
            return self.outcome_unknown(work.plan, Vec::new(), now);
        };
        let Some(line) = Line::claim(&self.tongue().words, &words, &claim) else {
            return self.outcome_unknown(work.plan, claim.into_receipts(), now);
        };
        self.record.doubts.remove(&work.plan);
        self.record.done.push((words, claim));
        self.outcome(line.about(work.plan), now);
    }

    fn failed(&mut self, plan: &PlanId, words: &str, now: MonoTime) {
        let Some(work) = self.take_work(plan) else { return };
        self.record.doubts.remove(&work.plan);
        let sentence = self.words(words, &work.facts);
        let acting = matches!(self.state, State::Acting { .. }) && self.work.is_none();
        let line = Line::plain(Plain::Apology, sentence).about(work.plan);
        if acting {
            self.enter(State::Proposing(Proposal::Human), now);
            self.say(line, now);
            self.ask(How::First, now);
        } else {
            self.outcome(line, now);
        }
    }

    fn doubtful(&mut self, plan: &PlanId, now: MonoTime) {
        let Some(work) = self.take_work(plan) else { return };
        self.outcome_unknown(work.plan, work.receipts, now);
    }

    /// Nobody here can say what was done: tell so, and bring in somebody who can look.
    fn outcome_unknown(&mut self, plan: PlanId, receipts: Vec<Receipt>, now: MonoTime) {
        let line = Line::plain(Plain::Apology, self.base("in-doubt")).about(plan.clone());
        self.record.doubts.insert(plan, receipts);
        match &self.state {
            State::Handover { .. } | State::Arranging { .. } => self.say(line, now),
            State::WithHuman | State::Ended | State::Fresh => self.not_heard(line),
            State::Open { .. }
            | State::Proposing(_)
            | State::Asking { .. }
            | State::Planning { .. }
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Choosing { .. }
            | State::ReadBack { .. }
            | State::Acting { .. } => {
                self.say(line, now);
                self.hand_over(TransferReason::InDoubt, now);
            }
        }
    }

    /// What a plan came to, said at once or, while the caller speaks or a human does, at the next chance.
    fn outcome(&mut self, line: Line, now: MonoTime) {
        // Nobody need be called back with what they hear now, unless another plan waits.
        if self.state.call_back() == Some(TransferReason::Approval) && self.waiting.is_empty() {
            self.enter(State::Open { more: true }, now);
        }
        match &self.state {
            // That of a plan which had waited, while another one runs.
            State::Acting { .. } if self.work.is_some() => self.say(line, now),
            State::Acting { .. } => {
                self.enter(State::Open { more: true }, now);
                self.say(line, now);
                self.go_on(now);
            }
            State::Open { .. }
            | State::Proposing(_)
            | State::Asking { .. }
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Choosing { .. }
            | State::ReadBack { .. } => {
                self.say(line, now);
                self.ask(How::Repeat, now);
            }
            State::Planning { .. } | State::Handover { .. } | State::Arranging { .. } => self.say(line, now),
            State::WithHuman | State::Ended | State::Fresh => self.not_heard(line),
        }
    }

    pub(super) fn core_gone(&mut self, now: MonoTime) {
        match &self.state {
            State::Planning { .. } => {
                let sentence = self.base("core-unavailable");
                self.tell(Plain::Apology, sentence, now);
                self.hand_over(TransferReason::Unavailable, now);
            }
            State::Acting { .. } => {
                // The plan may well go on, so its events stay welcome; but nobody can promise anything here.
                let sentence = self.base("in-doubt");
                if let Some(work) = &self.work {
                    self.record.doubts.insert(work.plan.clone(), Vec::new());
                }
                self.tell(Plain::Apology, sentence, now);
                self.hand_over(TransferReason::InDoubt, now);
            }
            State::Arranging { .. } => self.call_back_kept(false, now),
            State::Fresh
            | State::Open { .. }
            | State::Proposing(_)
            | State::Asking { .. }
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Choosing { .. }
            | State::ReadBack { .. }
            | State::Handover { .. }
            | State::WithHuman
            | State::Ended => self.stale("core unavailable"),
        }
    }
}
