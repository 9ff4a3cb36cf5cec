//! What a dialogue is in the middle of.

use callwright_model::{MonoTime, Pii, PlanId, Receipt, Record, SayId, Value};

use super::line::Line;
use crate::call_back::Window;
use crate::output::{AskId, TransferReason};

/// Where the conversation stands. Each state that waits for the caller has a question that can be asked again.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    /// Before the first word.
    Fresh,
    /// The caller may say what they want.
    Open {
        /// Something was settled before.
        more: bool,
    },
    /// The agent has guessed or offered something and waits for a yes or a no.
    Proposing(Proposal),
    /// An input of a skill was asked for.
    Asking { task: Task, input: String },
    /// The action core binds the skill.
    Planning { task: Task, ask: AskId, since: MonoTime, comfort: MonoTime },
    /// Options were offered.
    Choosing { task: Task, offer: Offer },
    /// What will be done was read back.
    ReadBack { task: Task, plan: PlanId, words: String, facts: Record, say: Option<SayId>, heard: f32 },
    /// The plan runs; its progress is in [`Work`].
    Acting { since: MonoTime, comfort: MonoTime },
    /// A human is being found.
    Handover { reason: TransferReason, since: MonoTime },
    /// The number was asked for on which the caller, whose own is not known, can be called back.
    AskingNumber { reason: TransferReason },
    /// They were asked when they want to be called back.
    AskingTime { reason: TransferReason },
    /// The action core keeps that the caller wants to be called back; until it has, nothing is promised.
    Arranging { since: MonoTime, comfort: MonoTime, window: Option<Window> },
    /// A human speaks with the caller.
    WithHuman,
    /// Goodbye has been said.
    Ended,
}

/// What a yes would lead to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Proposal {
    /// That the call is recorded.
    Recording,
    /// This skill, which the interpreter was not sure of.
    Skill(Task),
    /// This answer, which the recogniser was not sure of, to the question of that state.
    Answer { value: Value, back: Box<State> },
    /// One of two skills that the words may mean.
    Either(Vec<Task>),
    /// How satisfied the caller is.
    Rating,
    /// A human, after a plan failed.
    Human,
    /// A call back, when no human was free.
    CallBack(TransferReason),
    /// A call back on this number, which the caller gave and has not confirmed.
    Number { reason: TransferReason, number: Pii<String> },
    /// A call back at this time.
    Time { reason: TransferReason, window: Window },
    /// To talk now: the agent has called, as was promised.
    GoodMoment,
}

/// A skill on its way to a plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Task {
    pub(super) skill: String,
    /// The plan that the core keeps while it waits for more.
    pub(super) plan: Option<PlanId>,
    /// What the caller said so far.
    pub(super) inputs: Record,
    /// The last options offered, so that a caller may change their mind at the read-back.
    pub(super) offer: Option<Offer>,
    /// How often what the caller gave led nowhere.
    pub(super) dead_ends: u8,
    /// The input that was given last.
    pub(super) last: Option<String>,
    /// What led nowhere: a part of it may be put right.
    pub(super) wrong: Record,
}

/// Options of which the caller shall choose one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offer {
    pub(super) input: String,
    pub(super) words: String,
    pub(super) options: Vec<Record>,
    pub(super) facts: Record,
}

/// A plan that runs. It lives beside the state: a caller may be handed over while it runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Work {
    pub(super) plan: PlanId,
    pub(super) facts: Record,
    pub(super) receipts: Vec<Receipt>,
    /// The action that is being carried out.
    pub(super) doing: Option<String>,
    /// Number of the last event taken, so that a repeated stream changes nothing.
    pub(super) last: u64,
}

/// A say on its way to the caller's ear.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) id: SayId,
    pub(super) line: Line,
}

/// What is said a little later, should nothing better come of the caller's last turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    /// Nothing: the usual patience.
    Nothing,
    /// There was sound without words: nothing is said at once, for it may have been a cough.
    NotUnderstood,
    /// Something that was no answer came between a question and its end.
    Again,
    /// "Hold on": to somebody else in the room, or to us.
    TakeYourTime,
}

/// How a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// For the first time.
    First,
    /// The same again, since it was not heard.
    Repeat,
    /// In other words, since the answer was not understood.
    Rephrase,
    /// With a way round speech.
    Narrow,
}

impl State {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Open { .. } => "open",
            Self::Proposing(_) => "proposing",
            Self::Asking { .. } => "asking",
            Self::Planning { .. } => "planning",
            Self::Choosing { .. } => "choosing",
            Self::ReadBack { .. } => "read_back",
            Self::Acting { .. } => "acting",
            Self::Handover { .. } => "handover",
            Self::AskingNumber { .. } => "asking_number",
            Self::AskingTime { .. } => "asking_time",
            Self::Arranging { .. } => "arranging",
            Self::WithHuman => "with_human",
            Self::Ended => "ended",
        }
    }

    /// The caller's turn: the silence timer runs.
    pub(super) fn waits_for_caller(&self) -> bool {
        match self {
            Self::Open { .. }
            | Self::Proposing(_)
            | Self::Asking { .. }
            | Self::AskingNumber { .. }
            | Self::AskingTime { .. }
            | Self::Choosing { .. }
            | Self::ReadBack { .. } => true,
            Self::Fresh
            | Self::Planning { .. }
            | Self::Acting { .. }
            | Self::Handover { .. }
            | Self::Arranging { .. }
            | Self::WithHuman
            | Self::Ended => false,
        }
    }

    /// The input that the question is about, also when it is whether it was heard right.
    pub(super) fn asked(&self) -> Option<&str> {
        match self {
            Self::Asking { input, .. } => Some(input),
            Self::Proposing(Proposal::Answer { back, .. }) => back.asked(),
            Self::Fresh
            | Self::Open { .. }
            | Self::Proposing(_)
            | Self::AskingNumber { .. }
            | Self::AskingTime { .. }
            | Self::Planning { .. }
            | Self::Choosing { .. }
            | Self::ReadBack { .. }
            | Self::Acting { .. }
            | Self::Handover { .. }
            | Self::Arranging { .. }
            | Self::WithHuman
            | Self::Ended => None,
        }
    }

    /// The state as the talk comes back to it after something else: what had been read back is read back again.
    pub(super) fn suspended(self) -> Self {
        match self {
            Self::ReadBack { task, plan, words, facts, .. } => {
                Self::ReadBack { task, plan, words, facts, say: None, heard: 0.0 }
            }
            Self::Fresh
            | Self::Open { .. }
            | Self::Proposing(_)
            | Self::Asking { .. }
            | Self::Planning { .. }
            | Self::Choosing { .. }
            | Self::Acting { .. }
            | Self::Handover { .. }
            | Self::AskingNumber { .. }
            | Self::AskingTime { .. }
            | Self::Arranging { .. }
            | Self::WithHuman
            | Self::Ended => self,
        }
    }

    /// Why the caller is asked about a call back, when they are.
    pub(super) fn call_back(&self) -> Option<TransferReason> {
        match self {
            Self::Proposing(
                Proposal::CallBack(reason) | Proposal::Number { reason, .. } | Proposal::Time { reason, .. },
            )
            | Self::AskingNumber { reason }
            | Self::AskingTime { reason } => Some(*reason),
            Self::Fresh
            | Self::Open { .. }
            | Self::Proposing(
                Proposal::Recording
                | Proposal::Skill(_)
                | Proposal::Either(_)
                | Proposal::Rating
                | Proposal::Answer { .. }
                | Proposal::Human
                | Proposal::GoodMoment,
            )
            | Self::Asking { .. }
            | Self::Planning { .. }
            | Self::Choosing { .. }
            | Self::ReadBack { .. }
            | Self::Acting { .. }
            | Self::Handover { .. }
            | Self::Arranging { .. }
            | Self::WithHuman
            | Self::Ended => None,
        }
    }

    /// Whether the question is an offer of ours, which the caller may as well pass over and say what they want.
    pub(super) fn is_offer(&self) -> bool {
        self.call_back().is_some()
            || matches!(self, Self::Proposing(Proposal::Skill(_) | Proposal::Human | Proposal::GoodMoment))
    }

    /// The task that is being talked about.
    pub(super) fn task(&self) -> Option<&Task> {
        match self {
            Self::Proposing(Proposal::Skill(task))
            | Self::Asking { task, .. }
            | Self::Planning { task, .. }
            | Self::Choosing { task, .. }
            | Self::ReadBack { task, .. } => Some(task),
            Self::Proposing(Proposal::Answer { back, .. }) => back.task(),
            Self::Fresh
            | Self::Open { .. }
            | Self::Proposing(
                Proposal::Recording
                | Proposal::Either(_)
                | Proposal::Rating
                | Proposal::Human
                | Proposal::CallBack(_)
                | Proposal::Number { .. }
                | Proposal::Time { .. }
                | Proposal::GoodMoment,
            )
            | Self::AskingNumber { .. }
            | Self::AskingTime { .. }
            | Self::Acting { .. }
            | Self::Handover { .. }
            | Self::Arranging { .. }
            | Self::WithHuman
            | Self::Ended => None,
        }
    }
}
