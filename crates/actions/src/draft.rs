//! Plans that are being bound: in memory only, for they hold what callers said, secrets too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use callwright_model::{CallId, Language, PlanId, Record, StepView};
use callwright_plan_core::{
    Asker, Basis, Explained, Next, Now, Pack, Plan, Reads, Trail, Whose, bind_with_trail, trail,
};
use callwright_wire::actions::{PlanState, PlanView};

use crate::journal::unix_ms;

/// One plan that nobody has said yes to.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) id: PlanId,
    pub(crate) pack: String,
    pub(crate) skill: String,
    pub(crate) call: CallId,
    pub(crate) asker: Asker,
    /// What the caller has proved to own, as far as it is bound.
    pub(crate) verified: BTreeSet<String>,
    /// How sure that is, as [`Plan::level`] tells.
    pub(crate) level: i64,
    pub(crate) inputs: Record,
    /// What each input rests on.
    given: BTreeMap<String, Basis>,
    /// Questions about it so far.
    questions: u32,
    pub(crate) reads: Reads,
    pub(crate) stage: Stage,
    pub(crate) steps: Vec<StepView>,
    pub(crate) changed_unix_ms: u64,
}

/// How far it is.
#[derive(Clone)]
pub(crate) enum Stage {
    /// More is needed.
    Binding,
    /// Waiting for a yes. The plan itself is not kept: it is large, and inputs and reads give it again as it was read back.
    Ready,
    /// It was an answer.
    Answered,
    /// It will not be done, and this is why. A policy's no is for the audit; a skill's own no is an everyday answer and leaves
    /// no trace.
    Refused { story: Explained, by_policy: bool },
    /// The caller let go of it.
    Cancelled,
    /// It was said yes to: the journal has it.
    Begun,
}

/// A draft as the table of drafts keeps it.
pub(crate) struct Slot {
    pub(crate) draft: std::sync::Arc<tokio::sync::Mutex<Draft>>,
    pub(crate) touched: Instant,
}

impl Draft {
    pub(crate) fn new(id: PlanId, pack: String, skill: String, call: CallId) -> Self {
        Self {
            id,
            pack,
            skill,
            call,
            asker: Asker::default(),
            verified: BTreeSet::new(),
            level: 0,
            inputs: Record::new(),
            given: BTreeMap::new(),
            questions: 0,
            reads: Reads::default(),
            stage: Stage::Binding,
            steps: Vec::new(),
            changed_unix_ms: unix_ms(),
        }
    }

    /// Takes what a question brings. What is said again as it was before rests on what it rested on; what is new or corrected makes
    /// a plan that was bound without it one that nobody can say yes to.
    pub(crate) fn take(&mut self, inputs: Record, evidence: &BTreeMap<String, String>) {
        self.questions += 1;
        for (name, value) in inputs {
            if self.inputs.get(&name) != Some(&value) {
                let evidence = evidence.get(&name).cloned();
                let basis = Basis { question: self.questions, unix_ms: unix_ms(), evidence };
                self.given.insert(name.clone(), basis);
                self.inputs.insert(name, value);
                self.stage = Stage::Binding;
            }
        }
    }

    /// Takes who asks, what the caller has consented to by now, and what they speak.
    pub(crate) fn asked_by(&mut self, agent: String, consents: BTreeSet<String>, language: Option<Language>) {
        if self.asker.agent.is_empty() {
            self.asker.agent = agent;
        }
        self.asker.consents.extend(consents);
        self.asker.language = language.or(self.asker.language);
    }

    /// Whose it is.
    pub(crate) fn whose<'d>(&'d self, now: &'d Now) -> Whose<'d> {
        Whose { plan: &self.id, call: self.call, asker: &self.asker, now }
    }

    /// How it came to where it is.
    pub(crate) fn trail(&self, pack: &Pack, now: &Now) -> Trail {
        trail(pack, &self.skill, self.whose(now), &self.inputs, &self.given, &self.reads)
    }

    /// The plan that waits for a yes, with how it came to be. `None` when it is no such draft.
    pub(crate) fn ready(&self, pack: &Pack, now: &Now) -> Option<(Plan, Trail)> {
        let Stage::Ready = self.stage else { return None };
        let whose = self.whose(now);
        let bound = bind_with_trail(pack, &self.skill, whose, &self.inputs, &self.given, &self.reads);
        let (binding, trail) = bound.ok()?;
        match binding.next {
            Next::Ready { plan, .. } => Some((*plan, trail)),
            Next::Read(_)
            | Next::Need { .. }
            | Next::Choose { .. }
            | Next::Answer { .. }
            | Next::Refused(_) => None,
        }
    }

    pub(crate) fn enter(&mut self, stage: Stage, steps: Vec<StepView>) {
        self.stage = stage;
        self.steps = steps;
        self.changed_unix_ms = unix_ms();
    }

    pub(crate) fn view(&self) -> PlanView {
        PlanView {
            plan: self.id.clone(),
            pack: self.pack.clone(),
            skill: self.skill.clone(),
            call: self.call,
            state: match &self.stage {
                Stage::Binding => PlanState::Binding,
                Stage::Ready => PlanState::Ready,
                Stage::Answered => PlanState::Answered,
                Stage::Refused { .. } => PlanState::Refused,
                Stage::Cancelled => PlanState::Cancelled,
                Stage::Begun => PlanState::Running,
            },
            steps: self.steps.clone(),
            changed_unix_ms: self.changed_unix_ms,
        }
    }
}
