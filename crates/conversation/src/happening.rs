//! What happens in a call, for those who watch: the console, the terminal, the journal. Nothing depends on it.

use callwright_call_core::answering::Sign;
use callwright_call_core::call::{Party, Supervise};
use callwright_dialogue_core::{Briefing, Note, SayKind, TransferReason};
use callwright_model::{Evidence, Language, Pii, PlanEvent, PlanReply, SayId, TurnId, Verdict};
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// The caller has begun to speak.
    CallerSpeaks {
        /// The turn.
        turn: TurnId,
    },
    /// Words so far.
    CallerPartial {
        /// The turn.
        turn: TurnId,
        /// The words.
        words: Pii<String>,
    },
    /// What the caller said.
    CallerSaid {
        /// The turn.
        turn: TurnId,
        /// The words.
        words: Pii<String>,
        /// The recogniser's confidence, 0 to 1, if it has one.
        confidence: Option<f32>,
        /// The language it was recognised in.
        language: Language,
    },
    /// The caller pressed a key.
    CallerKeyed {
        /// The key; it may be part of a secret.
        digit: Pii<char>,
    },
    /// The agent is about to say something.
    AgentSays {
        /// Its identity.
        say: SayId,
        /// The words.
        text: Pii<String>,
        /// What sort of sentence.
        kind: SayKind,
        /// The language.
        language: Language,
    },
    /// The first sound of it was sent.
    AgentStarted {
        /// Its identity.
        say: SayId,
    },
    /// It was said to its end, or to where it was stopped.
    AgentStopped {
        /// Its identity.
        say: SayId,
        /// Share of its words that was heard, 0 to 1.
        share: f32,
        /// The words that were heard to their end.
        heard: Pii<String>,
        /// The words that were not, or not wholly; empty when it was said to its end.
        unheard: Pii<String>,
    },
    /// What sound over the agent turned out to be.
    Judged {
        /// The turn that it was, or would have been.
        turn: TurnId,
        /// What it was.
        verdict: Verdict,
        /// What it was found by.
        evidence: Evidence,
    },
    /// The line brings our voice back too late to be cancelled: only words interrupt the agent.
    LateEcho,
    /// The caller took the floor from the agent.
    BargedIn {
        /// The caller's turn.
        turn: TurnId,
        /// What was being said.
        say: SayId,
    },
    /// The agent had lowered its voice and goes on: it was no interruption.
    Resumed,
    /// The caller has said whether they agree to something; going on without an answer is a no.
    Consent {
        /// To what, as policies name it.
        what: String,
        /// Whether they do.
        given: bool,
    },
    /// The dialogue thinks aloud.
    Note(Note),
    /// The action core has answered.
    Planned(PlanReply),
    /// A plan moved on.
    Plan(PlanEvent),
    /// A human is wanted.
    Transfer {
        /// Why.
        reason: TransferReason,
        /// What they are told.
        briefing: Briefing,
    },
    /// A human hears this.
    Briefing(Briefing),
    /// The transfer is in a new state, by its name.
    TransferState {
        /// The state.
        state: &'static str,
        /// Who was found last, by place in the list of humans.
        human: Option<usize>,
    },
    /// Whom the agent has called is there, and talks.
    Reached,
    /// What answered a human's phone, or who was called back, is a machine; it is hung up on.
    MachineAnswered {
        /// By what it was known.
        sign: Sign,
    },
    /// Somebody holds the line, or does not any more.
    Held {
        /// Who.
        who: Party,
        /// They do.
        on: bool,
    },
    /// A supervisor does this from now on; `None`: there is none any more.
    Supervised {
        /// What.
        what: Option<Supervise>,
        /// Who wanted it last, where it was not their phone's keys.
        by: Option<String>,
    },
    /// What the human said while they had the call.
    HumanSaid {
        /// The words.
        words: Pii<String>,
        /// The language they were recognised in.
        language: Language,
    },
    /// Said to the human's ear only.
    Whispered {
        /// The words.
        text: Pii<String>,
    },
    /// Whether it is kept that the caller wants to be called back.
    CallBack {
        /// It is on disk, and was promised.
        kept: bool,
    },
    /// The action core could not be reached, or another trouble that an operator should know.
    Trouble(String),
    /// The call is over.
    Ended(Ending),
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The caller hung up.
    Caller,
    /// The agent, after its farewell.
    Agent,
    /// The caller's own network, which has taken them to a human.
    Transferred,
    /// The caller's own network, which had agreed to take them to a human and did not tell whether it has.
    TransferredInDoubt,
    /// The gateway, because it was told to stop.
    Drained,
    /// The agent, which had called and met a machine.
    Machine,
}
