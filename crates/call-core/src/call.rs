//! The call as one machine over its legs: the caller, the human who takes over, whoever that human moves the caller on to, and
//! a supervisor.
//!
//! It is told what happens on the legs and what was said to whom, and hands back what to do. Who hears whom follows from the
//! state alone ([`Sound`]), so no order of events can leave somebody connected with nobody. Each way in which a transfer can end
//! other than with a person gives the caller back to the agent, which offers plan B.
//!
//! Driven like every machine here: call a `handle_*`, then drain [`Call::poll_output`] until `None`, then ask
//! [`Call::poll_timeout`]. The table of states in ARCHITECTURE.md is made by walking this machine; see its tests.
//!
//! Invariants, held by property tests:
//! - Until the call is over there is a timer, and each timer leads to speech, a human, or the question whether a leg still lives.
//! - A leg that was rung is dropped, or has gone by itself, before the call is over.
//! - The caller hears the agent, hold sound or a person, unless they hold the line themselves.
//! - A human who answers has not accepted: a voicemail answers too. Only a key or a spoken yes accepts.
//!
//! A transfer is [`How::Warm`] (bridged by us), [`How::Blind`] (REFER on the caller's leg, RFC 3515) or [`How::Attended`] (REFER
//! with Replaces once the human has accepted, RFC 5589 section 7). A REFER that is refused, fails, or of which nothing is
//! heard any more is followed by the bridge.
//!
//! What it does not do: choose among humans, which is the [`queue`](crate::queue)'s; conferences of callers; or touch sound.

use std::collections::VecDeque;
use std::time::Duration;

use callwright_model::MonoTime;
pub use callwright_model::{Hold, How, Party, Refer, Supervise};

mod facts;
mod sound;
mod supervision;

pub use sound::{Hears, Sound};
use supervision::Supervision;

/// How long each part may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// For telling the caller why; then the ringing begins even if the words have not been reported as said.
    pub announce_max: Duration,
    /// For the queue's next word on whether anybody is free. Whoever asks it tells at least as often that the caller still waits.
    pub seek_max: Duration,
    /// For one phone to be answered; then somebody else is looked for.
    pub ring_max: Duration,
    /// For the briefing to be said to its end.
    pub brief_max: Duration,
    /// For the human to accept after the briefing; the question is asked again once in the middle.
    pub accept_max: Duration,
    /// For both ends to be ready once accepted.
    pub connect_max: Duration,
    /// For the next word on a REFER: its answer, or a NOTIFY. Then we bridge by ourselves.
    pub refer_max: Duration,
    /// How often the caller on hold is told that we are still trying.
    pub comfort_every: Duration,
    /// How often it is looked whether the legs of people who talk are still there.
    pub probe_every: Duration,
    /// Whether the agent listens while two people talk, until it is told otherwise.
    pub agent_listens: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            announce_max: Duration::from_secs(15),
            seek_max: Duration::from_secs(30),
            ring_max: Duration::from_secs(25),
            brief_max: Duration::from_secs(60),
            accept_max: Duration::from_secs(12),
            connect_max: Duration::from_secs(5),
            refer_max: Duration::from_secs(20),
            comfort_every: Duration::from_secs(15),
            probe_every: Duration::from_secs(60),
            agent_listens: false,
        }
    }
}

/// What the machine wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Have a human found; who was found before has not taken the call. Report with [`Call::handle_waiting`],
    /// [`Call::handle_found`] or [`Call::handle_nobody`].
    Seek,
    /// Ring who was found.
    Ring,
    /// Ring whom the human's REFER names.
    RingTarget,
    /// Ring the supervisor.
    RingSupervisor,
    /// Send REFER on the caller's leg. Report with [`Call::handle_refer`].
    Refer {
        /// With Replaces, naming the dialog with the human.
        replaces: bool,
    },
    /// End this leg, ringing or answered. Of the caller: they were transferred away.
    Drop(Party),
    /// The leg of this party is the human's from now on.
    BecomesHuman(Party),
    /// Answer the human's REFER: taken or refused.
    MoveAnswered(bool),
    /// Tell the human's phone what became of its REFER: it worked or it did not.
    Moved(bool),
    /// Who hears whom, and what, from now on.
    Sound(Sound),
    /// Tell the caller that we are still trying.
    ComfortCaller,
    /// Say the briefing to the human, ending with the question whether they take the call.
    Brief,
    /// Ask the human once more.
    AskAgain,
    /// Say to the human that they are connected; the caller hears the like. Report with [`Call::handle_ready`].
    Connect,
    /// See whether each leg is still there, and report those that are not as gone.
    Probe,
    /// Somebody holds the line, or does not any more.
    Held {
        /// Who.
        who: Party,
        /// They do.
        on: bool,
    },
    /// A supervisor does this from now on; `None`: there is none any more.
    Supervised(Option<Supervise>),
    /// The attempt is over, or the humans are connected.
    Done(Outcome),
}

/// How an attempt to bring in a human ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Caller and human talk.
    Bridged,
    /// The caller's network has taken the caller to the human; the call is over here.
    Referred,
    /// It has agreed to, and hung up before it told how that went; the call is over here, and whether a human has answered is
    /// not known.
    ReferredInDoubt,
    /// Humans were rung, or waited for, and none took the call; or the caller would not wait any longer.
    NobodyAccepted,
    /// There is no human to ring: none who could help, or none at this hour.
    NobodyThere,
    /// The caller is gone; everything was let go.
    CallerGone,
    /// Both had talked, and the human hung up.
    HumanLeft,
    /// Both had talked, and the human gave the caller back to the agent.
    HandedBack,
}

/// What a time is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// [`Config::announce_max`].
    Announce,
    /// [`Config::seek_max`].
    Seek,
    /// [`Config::ring_max`].
    Ring,
    /// [`Config::brief_max`].
    Brief,
    /// Half of [`Config::accept_max`].
    Accept,
    /// [`Config::connect_max`].
    Connect,
    /// [`Config::refer_max`].
    Refer,
    /// [`Config::comfort_every`].
    Comfort,
    /// [`Config::probe_every`].
    Probe,
    /// [`Config::ring_max`], of the supervisor.
    SupervisorRing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The caller is the agent's. Silence and everything else that is said has its timers in the dialogue.
    Agent,
    /// The caller hears why. Nobody is rung before that: a caller who is suddenly connected is startled.
    Announcing,
    /// A human is being found.
    Seeking { comfort_at: MonoTime },
    /// A human's phone rings, or is being reached.
    Ringing { how: How, comfort_at: MonoTime },
    /// The human hears who it is. They may accept before the end.
    Briefing { how: How, comfort_at: MonoTime },
    /// The briefing was said; we wait for the key or the word.
    Deciding { how: How, asked_again: bool, comfort_at: MonoTime },
    /// Accepted; the last words to both are being said.
    Connecting { how: How },
    /// The caller's network was asked to take the caller to the human.
    Referring { with: Referred, taken: bool, comfort_at: MonoTime },
    /// They talk.
    Bridged { agent_listens: bool },
    /// The human's phone asked us to move the caller on; the other phone rings.
    Moving { human_there: bool, agent_listens: bool, comfort_at: MonoTime },
    /// Over.
    Over,
}

/// Whether somebody holds the line, and what the other end of it hears meanwhile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Holding {
    /// As their telephone says.
    hold: Hold,
    /// It says that it plays something, and nothing is heard.
    quiet: bool,
}

impl Holding {
    fn is_on(self) -> bool {
        self.hold != Hold::Off
    }

    /// Whether hold sound of ours is wanted in the place of theirs.
    fn is_silent(self) -> bool {
        match self.hold {
            Hold::Off => false,
            Hold::Music => self.quiet,
            Hold::Silent => true,
        }
    }
}

/// What a REFER of ours can fall back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Referred {
    /// Nobody was rung before.
    Blind,
    /// The human has accepted and waits.
    Consulted,
    /// The human has accepted, and their phone has let go of us: mostly since the caller's network has taken our place.
    ConsultedGone,
}

/// The machine. See the module's text.
#[derive(Debug, Clone)]
pub struct Call {
    config: Config,
    stage: Stage,
    /// When the stage began, or was heard of last.
    since: MonoTime,
    supervision: Supervision,
    caller_holds: Holding,
    human_holds: Holding,
    /// What was told last.
    sound: Sound,
    outputs: VecDeque<Output>,
}

impl Call {
    /// A call that was answered: the caller is the agent's.
    #[must_use]
    pub fn new(config: Config, now: MonoTime) -> Self {
        Self {
            config,
            stage: Stage::Agent,
            since: now,
            supervision: Supervision::Nobody,
            caller_holds: Holding::default(),
            human_holds: Holding::default(),
            sound: Sound::AGENT,
            outputs: VecDeque::new(),
        }
    }

    /// What to do next, `None` when all was said.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] is wanted, and why. `None` only after the end.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(MonoTime, Timer)> {
        let stage = self.deadline();
        let comfort = self.comfort_at().map(|at| (at, Timer::Comfort));
        [stage, comfort, self.supervisor_deadline()].into_iter().flatten().min()
    }

    /// Whether caller and human talk.
    #[must_use]
    pub fn is_bridged(&self) -> bool {
        matches!(self.stage, Stage::Bridged { .. })
    }

    /// Whether a human has the call: they talk, or the human is moving the caller on.
    #[must_use]
    pub fn is_with_human(&self) -> bool {
        matches!(self.stage, Stage::Bridged { .. } | Stage::Moving { .. })
    }

    /// Whether a human is being brought in.
    #[must_use]
    pub fn is_transferring(&self) -> bool {
        match self.stage {
            Stage::Announcing
            | Stage::Seeking { .. }
            | Stage::Ringing { .. }
            | Stage::Briefing { .. }
            | Stage::Deciding { .. }
            | Stage::Connecting { .. }
            | Stage::Referring { .. } => true,
            Stage::Agent | Stage::Bridged { .. } | Stage::Moving { .. } | Stage::Over => false,
        }
    }

    /// Whether a human is being asked to take the call.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Briefing { .. } | Stage::Deciding { .. })
    }

    /// Whether the caller holds the line.
    #[must_use]
    pub fn caller_holds(&self) -> bool {
        self.caller_holds.is_on()
    }

    /// Whether the human does.
    #[must_use]
    pub fn human_holds(&self) -> bool {
        self.human_holds.is_on()
    }

    /// The state's name, for people.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self.stage {
            Stage::Agent => "agent",
            Stage::Announcing => "announcing",
            Stage::Seeking { .. } => "seeking",
            Stage::Ringing { .. } => "ringing",
            Stage::Briefing { .. } => "briefing",
            Stage::Deciding { .. } => "deciding",
            Stage::Connecting { .. } => "connecting",
            Stage::Referring { .. } => "referring",
            Stage::Bridged { .. } => "bridged",
            Stage::Moving { .. } => "moving",
            Stage::Over => "over",
        }
    }

    fn enter(&mut self, next: Stage, now: MonoTime) {
        self.stage = next;
        self.since = now;
        self.hear();
    }

    /// Tells who hears whom when that has changed.
    fn hear(&mut self) {
        let sound = self.sound_now();
        if sound != self.sound {
            self.sound = sound;
            self.outputs.push_back(Output::Sound(sound));
        }
    }

    fn deadline(&self) -> Option<(MonoTime, Timer)> {
        let config = &self.config;
        let (length, timer) = match self.stage {
            Stage::Announcing => (config.announce_max, Timer::Announce),
            Stage::Seeking { .. } => (config.seek_max, Timer::Seek),
            Stage::Ringing { .. } | Stage::Moving { .. } => (config.ring_max, Timer::Ring),
            Stage::Briefing { .. } => (config.brief_max, Timer::Brief),
            Stage::Deciding { .. } => (config.accept_max / 2, Timer::Accept),
            Stage::Connecting { .. } => (config.connect_max, Timer::Connect),
            Stage::Referring { .. } => (config.refer_max, Timer::Refer),
            Stage::Agent | Stage::Bridged { .. } => (config.probe_every, Timer::Probe),
            Stage::Over => return None,
        };
        Some((self.since + length, timer))
    }

    fn comfort_at(&self) -> Option<MonoTime> {
        let mut stage = self.stage;
        stage.comfort_at().copied()
    }
}

impl Stage {
    /// When the caller is told next that we are still trying.
    const fn comfort_at(&mut self) -> Option<&mut MonoTime> {
        match self {
            Self::Seeking { comfort_at }
            | Self::Ringing { comfort_at, .. }
            | Self::Briefing { comfort_at, .. }
            | Self::Deciding { comfort_at, .. }
            | Self::Referring { comfort_at, .. }
            | Self::Moving { comfort_at, .. } => Some(comfort_at),
            Self::Agent | Self::Announcing | Self::Connecting { .. } | Self::Bridged { .. } | Self::Over => {
                None
            }
        }
    }

    /// Whether a human's leg is there, and that of whom the human moves the caller on to.
    fn others(self) -> (bool, bool) {
        match self {
            Self::Agent | Self::Announcing | Self::Seeking { .. } | Self::Over => (false, false),
            Self::Referring { with, .. } => (with == Referred::Consulted, false),
            Self::Ringing { .. }
            | Self::Briefing { .. }
            | Self::Deciding { .. }
            | Self::Connecting { .. }
            | Self::Bridged { .. } => (true, false),
            Self::Moving { human_there, .. } => (human_there, true),
        }
    }
}

#[cfg(test)]
mod tests;
