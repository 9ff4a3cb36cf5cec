//! The warm transfer: a human is found, told, asked, and only then connected.
//!
//! One machine per attempt to bring in a human. It is told what happens on the human's leg and what was said to whom, and
//! hands back what to do. The caller's leg is never left: until [`Output::Bridge`] it hears the agent or hold sound, and each
//! way this can end other than [`Outcome::Bridged`] gives the caller back to the agent, which offers plan B.
//!
//! Driven like every machine here: call a `handle_*`, then drain [`Transfer::poll_output`] until `None`, then ask
//! [`Transfer::poll_timeout`]. Each state has a timer except [`Outcome::Bridged`], where two people talk, and the end.
//!
//! A human who answers has not accepted: a voicemail answers too. Only a key or a spoken yes accepts.
//!
//! What it does not do: choose among queues by skill or hours, REFER, conferences, handing back to the agent.

use std::collections::VecDeque;
use std::time::Duration;

use callwright_model::MonoTime;

/// How long each part may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// For telling the caller why; then the ringing begins even if the words have not been reported as said.
    pub announce_max: Duration,
    /// For one human's phone to be answered; then the next is rung.
    pub ring_max: Duration,
    /// For the briefing to be said to its end.
    pub brief_max: Duration,
    /// For the human to accept after the briefing; the question is asked again once in the middle.
    pub accept_max: Duration,
    /// For both ends to be ready once accepted.
    pub connect_max: Duration,
    /// How often the caller on hold is told that we are still trying.
    pub comfort_every: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            announce_max: Duration::from_secs(15),
            ring_max: Duration::from_secs(25),
            brief_max: Duration::from_secs(60),
            accept_max: Duration::from_secs(12),
            connect_max: Duration::from_secs(5),
            comfort_every: Duration::from_secs(15),
        }
    }
}

/// What the machine wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Ring this human, by place in the list.
    Ring {
        /// Place in the list of humans, from 0.
        human: usize,
    },
    /// End the human's leg, ringing or answered.
    DropHuman,
    /// Hold sound to the caller, or none.
    Hold(bool),
    /// Tell the caller that we are still trying.
    ComfortCaller,
    /// Say the briefing to the human, ending with the question whether they take the call.
    Brief,
    /// Ask the human once more.
    AskAgain,
    /// Say to the human that they are connected; the caller hears the like. Report with [`Transfer::handle_ready`].
    Connect,
    /// Connect the legs.
    Bridge,
    /// The attempt is over, or the humans are connected.
    Done(Outcome),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Caller and human talk.
    Bridged,
    /// Every human was tried and none took the call.
    NobodyAccepted,
    /// There is no human to ring.
    NobodyConfigured,
    /// The caller is gone; everything was let go.
    CallerGone,
    /// Both had talked, and the human hung up.
    HumanLeft,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The caller hears why. Nobody is rung before that: a caller who is suddenly connected is startled.
    Announcing,
    /// A human's phone rings, or is being reached.
    Ringing { human: usize, comfort_at: MonoTime },
    /// The human hears who it is. They may accept before the end.
    Briefing { human: usize, comfort_at: MonoTime },
    /// The briefing was said; we wait for the key or the word.
    Deciding { human: usize, asked_again: bool, comfort_at: MonoTime },
    /// Accepted; the last words to both are being said.
    Connecting,
    /// They talk.
    Bridged,
    /// Over.
    Over,
}

/// The machine. See the module's text.
#[derive(Debug)]
pub struct Transfer {
    config: Config,
    humans: usize,
    state: State,
    /// When the state began.
    since: MonoTime,
    outputs: VecDeque<Output>,
}

impl Transfer {
    /// Starts with the caller being told why; report that with [`Self::handle_announced`].
    #[must_use]
    pub fn new(config: Config, humans: usize, now: MonoTime) -> Self {
        let mut transfer =
            Self { config, humans, state: State::Announcing, since: now, outputs: VecDeque::new() };
        if humans == 0 {
            transfer.finish(Outcome::NobodyConfigured, now);
        }
        transfer
    }

    /// The caller has heard why.
    pub fn handle_announced(&mut self, now: MonoTime) {
        match self.state {
            State::Announcing => {
                self.outputs.push_back(Output::Hold(true));
                self.ring(0, now);
            }
            State::Ringing { .. }
            | State::Briefing { .. }
            | State::Deciding { .. }
            | State::Connecting
            | State::Bridged
            | State::Over => {}
        }
    }

    /// The human's phone was answered.
    pub fn handle_answered(&mut self, now: MonoTime) {
        match self.state {
            State::Ringing { human, comfort_at } => {
                self.outputs.push_back(Output::Brief);
                self.enter(State::Briefing { human, comfort_at }, now);
            }
            // An answer that crossed our giving up: that phone must not be left off the hook.
            State::Announcing | State::Over => self.outputs.push_back(Output::DropHuman),
            State::Briefing { .. } | State::Deciding { .. } | State::Connecting | State::Bridged => {}
        }
    }

    /// The briefing was said to its end.
    pub fn handle_briefed(&mut self, now: MonoTime) {
        match self.state {
            State::Briefing { human, comfort_at } => {
                self.enter(State::Deciding { human, asked_again: false, comfort_at }, now);
            }
            State::Announcing
            | State::Ringing { .. }
            | State::Deciding { .. }
            | State::Connecting
            | State::Bridged
            | State::Over => {}
        }
    }

    /// The human pressed the key or said yes.
    pub fn handle_accepted(&mut self, now: MonoTime) {
        match self.state {
            State::Briefing { .. } | State::Deciding { .. } => {
                // Hold sound goes on behind what is said, until the bridge: in a silence the caller would begin to speak, and the human
                // would not hear it yet.
                self.outputs.push_back(Output::Connect);
                self.enter(State::Connecting, now);
            }
            State::Announcing | State::Ringing { .. } | State::Connecting | State::Bridged | State::Over => {}
        }
    }

    /// The human refused: by key, by word, or their phone by its answer.
    pub fn handle_declined(&mut self, now: MonoTime) {
        match self.state {
            State::Briefing { human, .. } | State::Deciding { human, .. } => {
                self.outputs.push_back(Output::DropHuman);
                self.ring(human + 1, now);
            }
            State::Ringing { human, .. } => self.ring(human + 1, now),
            State::Announcing | State::Connecting | State::Bridged | State::Over => {}
        }
    }

    /// The human's leg is over, whoever ended it.
    pub fn handle_human_gone(&mut self, now: MonoTime) {
        match self.state {
            State::Ringing { human, .. } | State::Briefing { human, .. } | State::Deciding { human, .. } => {
                self.ring(human + 1, now);
            }
            // Someone who leaves while being connected is not rung again, nor is the next: the caller has waited enough.
            State::Connecting => self.finish(Outcome::NobodyAccepted, now),
            State::Bridged => self.finish(Outcome::HumanLeft, now),
            State::Announcing | State::Over => {}
        }
    }

    /// Both ends have heard that they are being connected.
    pub fn handle_ready(&mut self, now: MonoTime) {
        match self.state {
            State::Connecting => self.bridge(now),
            State::Announcing
            | State::Ringing { .. }
            | State::Briefing { .. }
            | State::Deciding { .. }
            | State::Bridged
            | State::Over => {}
        }
    }

    /// The caller hung up.
    pub fn handle_caller_gone(&mut self, now: MonoTime) {
        match self.state {
            State::Ringing { .. }
            | State::Briefing { .. }
            | State::Deciding { .. }
            | State::Connecting
            | State::Bridged => {
                self.outputs.push_back(Output::DropHuman);
                self.finish(Outcome::CallerGone, now);
            }
            State::Announcing => self.finish(Outcome::CallerGone, now),
            State::Over => {}
        }
    }

    /// The time asked for has come.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        if let Some(comfort_at) = self.comfort_at()
            && now >= comfort_at
        {
            self.outputs.push_back(Output::ComfortCaller);
            let next = now + self.config.comfort_every;
            if let Some(at) = self.comfort_at_mut() {
                *at = next;
            }
        }
        if self.deadline().is_none_or(|at| now < at) {
            return;
        }
        match self.state {
            State::Announcing => self.handle_announced(now),
            State::Ringing { human, .. } => {
                self.outputs.push_back(Output::DropHuman);
                self.ring(human + 1, now);
            }
            State::Briefing { .. } => self.handle_briefed(now),
            State::Deciding { human, asked_again: false, comfort_at } => {
                self.outputs.push_back(Output::AskAgain);
                self.enter(State::Deciding { human, asked_again: true, comfort_at }, now);
            }
            State::Deciding { asked_again: true, .. } => self.handle_declined(now),
            State::Connecting => self.bridge(now),
            State::Bridged | State::Over => {}
        }
    }

    /// What to do next, `None` when all was said.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] is wanted. `None` only while two people talk and after the end.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        match (self.deadline(), self.comfort_at()) {
            (Some(deadline), Some(comfort)) => Some(deadline.min(comfort)),
            (deadline, comfort) => deadline.or(comfort),
        }
    }

    /// Whether caller and human talk.
    #[must_use]
    pub fn is_bridged(&self) -> bool {
        self.state == State::Bridged
    }

    /// Whether a human is being asked to take the call.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        matches!(self.state, State::Briefing { .. } | State::Deciding { .. })
    }

    /// The state's name, for people.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self.state {
            State::Announcing => "announcing",
            State::Ringing { .. } => "ringing",
            State::Briefing { .. } => "briefing",
            State::Deciding { .. } => "deciding",
            State::Connecting => "connecting",
            State::Bridged => "bridged",
            State::Over => "over",
        }
    }

    fn ring(&mut self, human: usize, now: MonoTime) {
        if human >= self.humans {
            self.finish(Outcome::NobodyAccepted, now);
            return;
        }
        let comfort_at = self.comfort_at().unwrap_or(now + self.config.comfort_every);
        self.outputs.push_back(Output::Ring { human });
        self.enter(State::Ringing { human, comfort_at }, now);
    }

    fn bridge(&mut self, now: MonoTime) {
        self.outputs.push_back(Output::Hold(false));
        self.outputs.push_back(Output::Bridge);
        self.outputs.push_back(Output::Done(Outcome::Bridged));
        self.enter(State::Bridged, now);
    }

    fn finish(&mut self, outcome: Outcome, now: MonoTime) {
        self.outputs.push_back(Output::Hold(false));
        self.outputs.push_back(Output::Done(outcome));
        self.enter(State::Over, now);
    }

    fn enter(&mut self, next: State, now: MonoTime) {
        self.state = next;
        self.since = now;
    }

    fn deadline(&self) -> Option<MonoTime> {
        let length = match self.state {
            State::Announcing => self.config.announce_max,
            State::Ringing { .. } => self.config.ring_max,
            State::Briefing { .. } => self.config.brief_max,
            State::Deciding { .. } => self.config.accept_max / 2,
            State::Connecting => self.config.connect_max,
            State::Bridged | State::Over => return None,
        };
        Some(self.since + length)
    }

    fn comfort_at(&self) -> Option<MonoTime> {
        match self.state {
            State::Ringing { comfort_at, .. }
            | State::Briefing { comfort_at, .. }
            | State::Deciding { comfort_at, .. } => Some(comfort_at),
            State::Announcing | State::Connecting | State::Bridged | State::Over => None,
        }
    }

    fn comfort_at_mut(&mut self) -> Option<&mut MonoTime> {
        match &mut self.state {
            State::Ringing { comfort_at, .. }
            | State::Briefing { comfort_at, .. }
            | State::Deciding { comfort_at, .. } => Some(comfort_at),
            State::Announcing | State::Connecting | State::Bridged | State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests;
