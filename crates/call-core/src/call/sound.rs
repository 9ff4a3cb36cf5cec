//! Who hears whom, as it follows from the state.

use super::supervision::Supervision;
use super::{Call, Referred, Stage, Supervise};

/// What each party hears.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sound {
    /// The caller.
    pub caller: Hears,
    /// The human.
    pub human: Hears,
    /// The supervisor. Their agent is what the agent says to the caller.
    pub supervisor: Hears,
    /// Whether the agent listens to people who talk with each other.
    pub agent_listens: bool,
}

/// What one party hears.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hears {
    /// What the agent says to them.
    pub agent: bool,
    /// Hold sound of ours, whenever the agent says nothing.
    pub hold: bool,
    /// The caller.
    pub caller: bool,
    /// The human.
    pub human: bool,
    /// The supervisor.
    pub supervisor: bool,
}

impl Sound {
    /// The caller and the agent.
    pub(super) const AGENT: Self = Self {
        caller: Hears { agent: true, hold: false, caller: false, human: false, supervisor: false },
        human: Hears::NOTHING,
        supervisor: Hears::NOTHING,
        agent_listens: false,
    };
}

impl Hears {
    const NOTHING: Self = Self { agent: false, hold: false, caller: false, human: false, supervisor: false };

    /// Whether they hear a person.
    #[must_use]
    pub const fn people(&self) -> bool {
        self.caller || self.human || self.supervisor
    }
}

impl Call {
    pub(super) fn sound_now(&self) -> Sound {
        let agent = Hears { agent: true, ..Hears::NOTHING };
        let waiting = Hears { hold: true, ..agent };
        let (caller, human, agent_listens) = match self.stage {
            Stage::Agent | Stage::Announcing => (agent, Hears::NOTHING, false),
            Stage::Seeking { .. } | Stage::Ringing { .. } => (waiting, Hears::NOTHING, false),
            // Hold sound goes on behind what is said, until the bridge: in a silence the caller would begin to speak, and the
            // human would not hear it yet.
            Stage::Briefing { .. } | Stage::Deciding { .. } | Stage::Connecting { .. } => {
                (waiting, agent, false)
            }
            Stage::Referring { with, .. } => match with {
                Referred::Consulted => (waiting, agent, false),
                Referred::Blind | Referred::ConsultedGone => (waiting, Hears::NOTHING, false),
            },
            // A human who stays on the line after the transfer key waits as well.
            Stage::Moving { human_there: true, .. } => (waiting, waiting, false),
            Stage::Moving { human_there: false, .. } => (waiting, Hears::NOTHING, false),
            Stage::Bridged { agent_listens } => {
                let caller = Hears { human: true, hold: self.human_holds.is_silent(), ..agent };
                let human = Hears { caller: true, hold: self.caller_holds.is_silent(), ..agent };
                (caller, human, agent_listens)
            }
            Stage::Over => return Sound::default(),
        };
        let mut sound = Sound { caller, human, supervisor: Hears::NOTHING, agent_listens };
        if let Supervision::Present { what, .. } = self.supervision {
            sound.supervisor = Hears { caller: true, human: human != Hears::NOTHING, ..agent };
            let (to_caller, to_human) = match what {
                Supervise::Listen => (false, false),
                Supervise::Whisper => (false, true),
                Supervise::Barge | Supervise::TakeOver => (true, true),
            };
            sound.caller.supervisor = to_caller;
            sound.human.supervisor = to_human && human != Hears::NOTHING;
        }
        sound
    }
}
