//! A sentence with its kind. Its fields are private to this file, and the only way to make one that claims something is
//! [`Line::claim`], which wants the receipts: that is promise 1, kept by the compiler.

use callwright_model::{Claim, PlanId};

use crate::output::SayKind;
use crate::words::{Sentence, Words};

/// Something to say, or said, or owed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    kind: SayKind,
    sentence: Sentence,
    /// It tells how this plan ended.
    about: Option<PlanId>,
}

/// The kinds of sentence that need no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    Greeting,
    Question,
    ReadBack,
    Answer,
    Apology,
    Progress,
    Handover,
    Prompt,
    Farewell,
}

impl Line {
    pub(super) fn plain(kind: Plain, sentence: Sentence) -> Self {
        let kind = match kind {
            Plain::Greeting => SayKind::Greeting,
            Plain::Question => SayKind::Question,
            Plain::ReadBack => SayKind::ReadBack,
            Plain::Answer => SayKind::Answer,
            Plain::Apology => SayKind::Apology,
            Plain::Progress => SayKind::Progress,
            Plain::Handover => SayKind::Handover,
            Plain::Prompt => SayKind::Prompt,
            Plain::Farewell => SayKind::Farewell,
        };
        Self { kind, sentence, about: None }
    }

    /// What was done, in the words under `key`, or in the base words when a fact they name is not among the receipts.
    pub(super) fn claim(words: &Words, key: &str, claim: &Claim) -> Option<Self> {
        let facts = claim.facts();
        let sentence = words.render(key, &facts).or_else(|| words.render("claim-done", &facts))?;
        Some(Self { kind: SayKind::Claim, sentence, about: None })
    }

    /// The same, which tells how a plan ended.
    pub(super) fn about(self, plan: PlanId) -> Self {
        Self { about: Some(plan), ..self }
    }

    /// The plan of which it tells how it ended.
    pub(super) fn ended(&self) -> Option<&PlanId> {
        self.about.as_ref()
    }

    pub(super) fn kind(&self) -> SayKind {
        self.kind
    }

    pub(super) fn sentence(&self) -> &Sentence {
        &self.sentence
    }
}
