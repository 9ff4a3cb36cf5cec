//! What happens in a call, as people and programs outside follow it. Names follow the conventions of the field.

use callwright_model::{
    CallId, Evidence, Language, NeedWhy, Party, Pii, PlanId, SayId, StepView, Supervise, TurnId, Verdict,
};
use serde::{Deserialize, Serialize};

/// One thing that happened in a call. As JSON it is flat: `{"call":"…","at_ms":1200,"type":"user_transcription",…}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallEvent {
    /// The call.
    pub call: CallId,
    /// Milliseconds since the call began.
    pub at_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub fact: CallFact,
}

/// A trunk came up or went down, or is registered or no longer. For whoever follows all calls, as an event named `trunk`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkEvent {
    /// Which.
    pub trunk: String,
    /// Whether calls go by it.
    pub up: bool,
    /// Whether it knows us, where we register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<bool>,
    /// What is wrong, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A caller was called back, or could not be. For whoever follows all calls, as an event named `callback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackEvent {
    /// The call in which they asked for it.
    pub call: CallId,
    /// `talked`, `no_answer`, `busy`, `machine`, `failed`, or `given_back` when the gateway stops.
    pub outcome: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CallFact {
    /// The call exists. The first event of every call.
    CallStarted {
        /// The line that was called.
        line: String,
        /// How it came.
        channel: Channel,
        /// The trunk that it came by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trunk: Option<String>,
        /// The language that it begins in.
        language: Language,
        /// Who listens.
        recogniser: RecogniserView,
    },
    /// The call is doing something else.
    CallStateChanged {
        /// What.
        state: CallState,
    },
    /// The caller has begun to speak.
    UserStartedSpeaking {
        /// The turn.
        turn: TurnId,
    },
    /// The caller has finished a turn.
    UserStoppedSpeaking {
        /// The turn.
        turn: TurnId,
    },
    /// What was recognised of the caller. A later one of the same turn replaces it, until `final`.
    UserTranscription {
        /// The turn.
        turn: TurnId,
        /// The words; empty and final when nothing was understood, `••••` when they may hold a secret.
        text: Pii<String>,
        /// No later one will follow.
        #[serde(rename = "final")]
        is_final: bool,
        /// The language they were recognised in.
        language: Language,
    },
    /// The caller pressed a key.
    DtmfReceived {
        /// Which; `•` when it may be part of a secret.
        digit: char,
    },
    /// What the agent says. A later one of the same say replaces it.
    AgentTranscription {
        /// The say.
        say: SayId,
        /// The whole text.
        text: Pii<String>,
        /// How far it is.
        #[serde(flatten)]
        speech: AgentSpeech,
    },
    /// The caller made a sound over the agent that was no interruption; the agent went on.
    AgentFalseInterruption {
        /// Always true: no word was lost.
        resumed: bool,
    },
    /// What sound over the agent's speech turned out to be, and by what.
    SpeechJudged {
        /// The turn that it was, or would have been.
        turn: TurnId,
        /// What it was.
        verdict: Verdict,
        /// By what.
        evidence: Evidence,
    },
    /// The line brings the agent's voice back too late to be cancelled: only words interrupt it.
    LateEcho,
    /// The caller has said whether they agree to something; going on without an answer is a no.
    ConsentAnswered {
        /// To what, such as `recording`.
        what: String,
        /// Whether they do.
        given: bool,
    },
    /// The call goes on in another language.
    LanguageChanged {
        /// Which.
        language: Language,
    },
    /// The agent needs to know something to go on planning.
    PlanNeedsInput {
        /// The plan.
        plan: PlanId,
        /// Name of the input.
        input: String,
        /// Why.
        #[serde(flatten)]
        why: NeedWhy,
    },
    /// A plan is bound and allowed; it waits for the caller's yes, or needs none.
    PlanReady {
        /// The plan.
        plan: PlanId,
        /// The skill.
        skill: String,
        /// Every step in order.
        steps: Vec<StepView>,
    },
    /// A step of a plan is further.
    PlanStepChanged {
        /// The plan.
        plan: PlanId,
        /// The step as it is at this moment.
        step: StepView,
        /// Why it failed or was undone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A plan has come to its end.
    PlanEnded {
        /// The plan.
        plan: PlanId,
        /// The skill.
        skill: String,
        /// Which end.
        outcome: PlanOutcome,
        /// Why, where it is not a success: for a refusal, what the caller is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A hand-over to a human is further.
    TransferChanged {
        /// How far.
        state: TransferState,
        /// Why it was asked for, refused or given up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Somebody has put the line on hold. The agent does not listen to hold sound.
    Held {
        /// Who holds.
        who: Party,
    },
    /// Somebody who held the line is back.
    Resumed {
        /// Who.
        who: Party,
    },
    /// What the human said while they had the call.
    HumanTranscription {
        /// The words, `••••` when they may hold a secret.
        text: Pii<String>,
        /// The language they were recognised in.
        language: Language,
    },
    /// What the agent said to the human's ear only.
    AgentWhispered {
        /// The words.
        text: Pii<String>,
    },
    /// A supervisor listens, whispers, barges in or has taken over; `null`: there is none any more.
    SupervisionChanged {
        /// What they do.
        what: Option<Supervise>,
        /// Who wanted it, where it was not their phone's keys.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// How long the agent took to answer: from the caller's last sound to its own first.
    ResponseMeasured {
        /// The turn that it answered.
        turn: TurnId,
        /// Milliseconds.
        latency_ms: u64,
    },
    /// The call is over. The last event of every call.
    CallEnded {
        /// Why, in words.
        reason: String,
        /// How good the caller sounded: mean opinion score by the E-model (ITU-T G.107), 1 to 4.5.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mos: Option<f32>,
        /// How good we sounded to the caller, as their telephone reports it (RFC 3611), 1 to 5.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer_mos: Option<f32>,
    },
}

/// How a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A phone.
    Sip,
    /// A page.
    Browser,
    /// Typed.
    Text,
    /// The microphone of the machine itself.
    Terminal,
}

/// What a call is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// The media path is being made.
    Connecting,
    /// The caller has the floor, or may take it.
    Listening,
    /// The agent is working out what to say or waits for a system.
    Thinking,
    /// The agent speaks.
    Speaking,
    /// A human is being brought in.
    Transferring,
    /// The caller talks with a human.
    WithHuman,
    /// The call is over.
    Ended,
}

/// How far a say of the agent is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AgentSpeech {
    /// It is being said.
    Speaking,
    /// It was heard to its end.
    Spoken,
    /// The caller interrupted it.
    Interrupted {
        /// The words that the caller had heard to their end.
        heard: Pii<String>,
        /// The words that they had not.
        unheard: Pii<String>,
    },
}

/// Who listens to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecogniserView {
    /// Name of the engine.
    pub engine: String,
    /// It is the offline stand-by, which knows a closed set of sentences only.
    pub stand_by: bool,
    /// What a caller should know about it, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a plan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanOutcome {
    /// All steps are committed.
    Completed,
    /// It did not reach its goal; what had been done was undone.
    Failed,
    /// Nobody can tell whether a step took effect: a human must look.
    InDoubt,
    /// A policy or the business refused it before anything was written.
    Refused,
    /// The caller did not want it.
    Declined,
}

/// How far a hand-over to a human is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// It was decided.
    Requested,
    /// A human is being found; the caller may wait for one to be free.
    Seeking,
    /// The human's phone rings.
    Ringing,
    /// The human hears who it is and what was done.
    Briefing,
    /// The human has said yes.
    Accepted,
    /// The caller's network was asked to take the caller to the human.
    Referring,
    /// The human and the caller hear each other.
    Bridged,
    /// The human moves the caller on to somebody else, whose phone rings.
    Moving,
    /// Nobody came; the caller is the agent's again.
    Failed,
    /// The human has left; the caller is the agent's again.
    Returned,
}

impl CallFact {
    /// A later fact that makes this one uninteresting to a late joiner replaces it in a call's history; facts with the same
    /// key replace each other.
    pub(crate) fn replaces(&self) -> Option<Replaces> {
        match self {
            Self::UserTranscription { turn, .. } => Some(Replaces::Turn(*turn)),
            Self::AgentTranscription { say, .. } => Some(Replaces::Say(*say)),
            Self::CallStarted { .. }
            | Self::CallStateChanged { .. }
            | Self::UserStartedSpeaking { .. }
            | Self::UserStoppedSpeaking { .. }
            | Self::DtmfReceived { .. }
            | Self::AgentFalseInterruption { .. }
            | Self::LanguageChanged { .. }
            | Self::PlanNeedsInput { .. }
            | Self::PlanReady { .. }
            | Self::PlanStepChanged { .. }
            | Self::PlanEnded { .. }
            | Self::TransferChanged { .. }
            | Self::Held { .. }
            | Self::Resumed { .. }
            | Self::HumanTranscription { .. }
            | Self::AgentWhispered { .. }
            | Self::SupervisionChanged { .. }
            | Self::ResponseMeasured { .. }
            | Self::SpeechJudged { .. }
            | Self::LateEcho
            | Self::ConsentAnswered { .. }
            | Self::CallEnded { .. } => None,
        }
    }
}

/// What a fact replaces earlier facts about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaces {
    Turn(TurnId),
    Say(SayId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_flat_json_with_the_names_of_the_field() {
        let event = CallEvent {
            call: CallId(0xc0ffee),
            at_ms: 1_200,
            fact: CallFact::AgentTranscription {
                say: SayId(3),
                text: Pii::new("Your flight is booked.".to_owned()),
                speech: AgentSpeech::Interrupted {
                    heard: Pii::new("Your flight".to_owned()),
                    unheard: Pii::new("is booked.".to_owned()),
                },
            },
        };
        let json = serde_json::to_value(&event).expect("it serialises");
        assert_eq!(
            json,
            serde_json::json!({
                "call": "0000000000c0ffee", "at_ms": 1200, "type": "agent_transcription", "say": 3,
                "text": "Your flight is booked.", "state": "interrupted", "heard": "Your flight",
                "unheard": "is booked.",
            })
        );
        assert_eq!(serde_json::from_value::<CallEvent>(json).expect("it reads back"), event);
    }

    #[test]
    fn what_was_said_does_not_reach_a_log() {
        let fact = CallFact::UserTranscription {
            turn: TurnId(1),
            text: Pii::new("my name is Ada".to_owned()),
            is_final: true,
            language: Language::EN,
        };
        assert!(!format!("{fact:?}").contains("Ada"));
        assert_eq!(serde_json::to_value(&fact).expect("it serialises")["final"], true);
    }
}
