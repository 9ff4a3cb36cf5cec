//! What the machine is told, and where that leads.

use callwright_model::MonoTime;

use super::{Call, Hold, Holding, How, Outcome, Output, Party, Refer, Referred, Stage};

impl Call {
    /// A human is wanted. The caller is being told why; report that with [`Self::handle_announced`].
    pub fn handle_wanted(&mut self, now: MonoTime) {
        if self.stage == Stage::Agent {
            self.enter(Stage::Announcing, now);
        }
    }

    /// The caller has heard why.
    pub fn handle_announced(&mut self, now: MonoTime) {
        if self.stage == Stage::Announcing {
            self.seek(now);
        }
    }

    /// Nobody is free yet: the caller keeps their place.
    pub fn handle_waiting(&mut self, now: MonoTime) {
        if let Stage::Seeking { .. } = self.stage {
            self.since = now;
        }
    }

    /// The caller does not wait for a human any more. Whoever has accepted them already stays.
    pub fn handle_unwanted(&mut self, now: MonoTime) {
        match self.stage {
            Stage::Announcing
            | Stage::Seeking { .. }
            | Stage::Ringing { .. }
            | Stage::Briefing { .. }
            | Stage::Deciding { .. } => {
                if self.stage.others().0 {
                    self.outputs.push_back(Output::Drop(Party::Human));
                }
                self.finish(Outcome::NobodyAccepted, now);
            }
            Stage::Agent
            | Stage::Connecting { .. }
            | Stage::Referring { .. }
            | Stage::Bridged { .. }
            | Stage::Moving { .. }
            | Stage::Over => {}
        }
    }

    /// Somebody was found, whom callers come to in this way.
    pub fn handle_found(&mut self, how: How, now: MonoTime) {
        let Stage::Seeking { comfort_at } = self.stage else { return };
        match how {
            How::Warm | How::Attended => self.ring(how, now),
            How::Blind => {
                self.outputs.push_back(Output::Refer { replaces: false });
                let with = Referred::Blind;
                self.enter(Stage::Referring { with, taken: false, comfort_at }, now);
            }
        }
    }

    /// Nobody will come any more; `tried`: though somebody was there.
    pub fn handle_nobody(&mut self, tried: bool, now: MonoTime) {
        if let Stage::Seeking { .. } = self.stage {
            self.finish(if tried { Outcome::NobodyAccepted } else { Outcome::NobodyThere }, now);
        }
    }

    /// The human's phone was answered.
    pub fn handle_answered(&mut self, now: MonoTime) {
        if let Stage::Ringing { how, comfort_at } = self.stage {
            self.outputs.push_back(Output::Brief);
            self.enter(Stage::Briefing { how, comfort_at }, now);
        }
    }

    /// The briefing was said to its end.
    pub fn handle_briefed(&mut self, now: MonoTime) {
        if let Stage::Briefing { how, comfort_at } = self.stage {
            self.enter(Stage::Deciding { how, asked_again: false, comfort_at }, now);
        }
    }

    /// The human has spoken into the briefing without hearing what it asks: it is said from the start.
    pub fn handle_brief_again(&mut self, now: MonoTime) {
        if let Stage::Deciding { how, comfort_at, .. } = self.stage {
            self.outputs.push_back(Output::Brief);
            self.enter(Stage::Briefing { how, comfort_at }, now);
        }
    }

    /// The human pressed the key or said yes.
    pub fn handle_accepted(&mut self, now: MonoTime) {
        if let Stage::Briefing { how, .. } | Stage::Deciding { how, .. } = self.stage {
            self.outputs.push_back(Output::Connect);
            self.enter(Stage::Connecting { how }, now);
        }
    }

    /// The human refused: by key, by word, or their phone by its answer.
    pub fn handle_declined(&mut self, now: MonoTime) {
        match self.stage {
            Stage::Briefing { .. } | Stage::Deciding { .. } => {
                self.outputs.push_back(Output::Drop(Party::Human));
                self.seek(now);
            }
            Stage::Ringing { .. } => self.seek(now),
            Stage::Agent
            | Stage::Announcing
            | Stage::Seeking { .. }
            | Stage::Connecting { .. }
            | Stage::Referring { .. }
            | Stage::Bridged { .. }
            | Stage::Moving { .. }
            | Stage::Over => {}
        }
    }

    /// Both ends have heard that they are being connected.
    pub fn handle_ready(&mut self, now: MonoTime) {
        let Stage::Connecting { how } = self.stage else { return };
        match how {
            How::Attended => {
                self.outputs.push_back(Output::Refer { replaces: true });
                let comfort_at = now + self.config.comfort_every;
                let with = Referred::Consulted;
                self.enter(Stage::Referring { with, taken: false, comfort_at }, now);
            }
            How::Warm | How::Blind => self.bridge(now),
        }
    }

    /// The human's leg is over, whoever ended it.
    pub fn handle_human_gone(&mut self, now: MonoTime) {
        match self.stage {
            Stage::Ringing { .. } | Stage::Briefing { .. } | Stage::Deciding { .. } => self.seek(now),
            // Someone who leaves while being connected is not rung again, nor is the next: the caller has waited enough.
            Stage::Connecting { .. } => self.finish(Outcome::NobodyAccepted, now),
            Stage::Referring { with: Referred::Consulted, taken, comfort_at } => {
                let with = Referred::ConsultedGone;
                self.enter(Stage::Referring { with, taken, comfort_at }, now);
            }
            Stage::Bridged { .. } => self.finish(Outcome::HumanLeft, now),
            Stage::Moving { human_there: true, agent_listens, comfort_at } => {
                self.stage = Stage::Moving { human_there: false, agent_listens, comfort_at };
                self.hear();
            }
            Stage::Agent
            | Stage::Announcing
            | Stage::Seeking { .. }
            | Stage::Referring { with: Referred::Blind | Referred::ConsultedGone, .. }
            | Stage::Moving { human_there: false, .. }
            | Stage::Over => {}
        }
    }

    /// What became of our REFER.
    pub fn handle_refer(&mut self, what: Refer, now: MonoTime) {
        let Stage::Referring { with, comfort_at, .. } = self.stage else { return };
        match what {
            Refer::Progress => {
                self.enter(Stage::Referring { with, taken: true, comfort_at }, now);
            }
            Refer::Done => {
                self.outputs.push_back(Output::Drop(Party::Caller));
                self.referred(Outcome::Referred, now);
            }
            Refer::Failed => self.bridge_instead(with, now),
        }
    }

    /// The caller hung up, or their network took them away.
    pub fn handle_caller_gone(&mut self, now: MonoTime) {
        match self.stage {
            Stage::Over => return,
            // Networks that take a REFER may hang up at once, without a word on how it went. A human's phone that has let go of
            // us tells it in their place: somebody else has taken our end of that call.
            Stage::Referring { taken: true, with: Referred::ConsultedGone, .. } => {
                return self.referred(Outcome::Referred, now);
            }
            Stage::Referring { taken: true, .. } => return self.referred(Outcome::ReferredInDoubt, now),
            Stage::Agent
            | Stage::Announcing
            | Stage::Referring { taken: false, .. }
            | Stage::Seeking { .. }
            | Stage::Ringing { .. }
            | Stage::Briefing { .. }
            | Stage::Deciding { .. }
            | Stage::Connecting { .. }
            | Stage::Bridged { .. }
            | Stage::Moving { .. } => {}
        }
        let (human, target) = self.stage.others();
        let transferring = self.is_transferring();
        if target {
            self.outputs.push_back(Output::Moved(false));
            self.outputs.push_back(Output::Drop(Party::Target));
        }
        if human {
            self.outputs.push_back(Output::Drop(Party::Human));
        }
        self.end_supervision();
        if transferring || self.is_with_human() {
            self.outputs.push_back(Output::Done(Outcome::CallerGone));
        }
        self.enter(Stage::Over, now);
    }

    /// The human's phone asks us to move the caller on (REFER, RFC 3515).
    pub fn handle_move_asked(&mut self, now: MonoTime) {
        match self.stage {
            Stage::Bridged { agent_listens } => {
                self.outputs.push_back(Output::MoveAnswered(true));
                self.outputs.push_back(Output::RingTarget);
                let comfort_at = now + self.config.comfort_every;
                self.enter(Stage::Moving { human_there: true, agent_listens, comfort_at }, now);
            }
            // Who has not accepted the caller has nobody to move on.
            Stage::Agent
            | Stage::Announcing
            | Stage::Seeking { .. }
            | Stage::Ringing { .. }
            | Stage::Briefing { .. }
            | Stage::Deciding { .. }
            | Stage::Connecting { .. }
            | Stage::Referring { .. }
            | Stage::Moving { .. }
            | Stage::Over => self.outputs.push_back(Output::MoveAnswered(false)),
        }
    }

    /// Whom the human moves the caller on to has answered.
    pub fn handle_target_answered(&mut self, now: MonoTime) {
        let Stage::Moving { human_there, agent_listens, .. } = self.stage else { return };
        self.outputs.push_back(Output::Moved(true));
        if human_there {
            self.outputs.push_back(Output::Drop(Party::Human));
        }
        self.outputs.push_back(Output::BecomesHuman(Party::Target));
        self.human_holds = Holding::default();
        self.enter(Stage::Bridged { agent_listens }, now);
    }

    /// Whom the human moves the caller on to did not answer, or is gone.
    pub fn handle_target_gone(&mut self, now: MonoTime) {
        let Stage::Moving { human_there, agent_listens, .. } = self.stage else { return };
        self.outputs.push_back(Output::Moved(false));
        if human_there {
            self.enter(Stage::Bridged { agent_listens }, now);
        } else {
            self.finish(Outcome::HumanLeft, now);
        }
    }

    /// Another phone has taken the place of the human's (INVITE with Replaces, RFC 3891): everything goes on with its leg.
    /// False when there is no human whose place could be taken.
    pub fn handle_replaced(&mut self, _now: MonoTime) -> bool {
        let there = match self.stage {
            Stage::Briefing { .. }
            | Stage::Deciding { .. }
            | Stage::Connecting { .. }
            | Stage::Bridged { .. } => true,
            Stage::Agent
            | Stage::Announcing
            | Stage::Seeking { .. }
            | Stage::Ringing { .. }
            | Stage::Referring { .. }
            | Stage::Moving { .. }
            | Stage::Over => false,
        };
        if there {
            self.human_holds = Holding::default();
            self.sound = self.sound_now();
            self.outputs.push_back(Output::Sound(self.sound));
        }
        there
    }

    /// Somebody holds the line, or does not any more.
    pub fn handle_held(&mut self, who: Party, hold: Hold, _now: MonoTime) {
        let known = match who {
            Party::Caller => self.stage != Stage::Over,
            Party::Human => self.is_with_human(),
            Party::Target | Party::Supervisor => false,
        };
        let held = if who == Party::Caller { &mut self.caller_holds } else { &mut self.human_holds };
        if !known || held.hold == hold {
            return;
        }
        let on = hold != Hold::Off;
        let changed = on != held.is_on();
        *held = Holding { hold, quiet: held.quiet && !changed };
        if changed {
            self.outputs.push_back(Output::Held { who, on });
        }
        self.hear();
    }

    /// Whether something is heard of somebody who holds the line.
    pub fn handle_hold_sound(&mut self, who: Party, plays: bool, _now: MonoTime) {
        let held = match who {
            Party::Caller => &mut self.caller_holds,
            Party::Human => &mut self.human_holds,
            Party::Target | Party::Supervisor => return,
        };
        if held.is_on() {
            held.quiet = !plays;
            self.hear();
        }
    }

    /// The human gives the caller back to the agent.
    pub fn handle_handed_back(&mut self, now: MonoTime) {
        if self.is_bridged() {
            self.outputs.push_back(Output::Drop(Party::Human));
            self.finish(Outcome::HandedBack, now);
        }
    }

    /// The agent is asked to stay and listen while people talk, or to leave them.
    pub fn handle_agent_stays(&mut self, stays: bool, _now: MonoTime) {
        if let Stage::Bridged { agent_listens } = &mut self.stage {
            *agent_listens = stays;
            self.hear();
        }
    }

    /// Whether the agent listens to two people who talk.
    #[must_use]
    pub fn agent_listens(&self) -> bool {
        matches!(self.stage, Stage::Bridged { agent_listens: true })
    }

    /// The time asked for has come.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        if let Some(comfort_at) = self.comfort_at()
            && now >= comfort_at
        {
            self.outputs.push_back(Output::ComfortCaller);
            let next = now + self.config.comfort_every;
            if let Some(at) = self.stage.comfort_at() {
                *at = next;
            }
        }
        let mut probe = self.supervisor_timeout(now);
        if self.deadline().is_some_and(|(at, _)| now >= at) {
            probe |= self.expire(now);
        }
        if probe {
            self.outputs.push_back(Output::Probe);
        }
    }

    /// The stage has lasted long enough. Tells whether legs shall be probed.
    fn expire(&mut self, now: MonoTime) -> bool {
        match self.stage {
            Stage::Agent | Stage::Bridged { .. } => {
                self.since = now;
                return true;
            }
            Stage::Announcing => self.handle_announced(now),
            Stage::Seeking { .. } => self.handle_nobody(true, now),
            Stage::Ringing { .. } => {
                self.outputs.push_back(Output::Drop(Party::Human));
                self.seek(now);
            }
            Stage::Briefing { .. } => self.handle_briefed(now),
            Stage::Deciding { how, asked_again: false, comfort_at } => {
                self.outputs.push_back(Output::AskAgain);
                self.enter(Stage::Deciding { how, asked_again: true, comfort_at }, now);
            }
            Stage::Deciding { asked_again: true, .. } => self.handle_declined(now),
            Stage::Connecting { .. } => self.handle_ready(now),
            Stage::Referring { with, .. } => self.bridge_instead(with, now),
            Stage::Moving { .. } => {
                self.outputs.push_back(Output::Drop(Party::Target));
                self.handle_target_gone(now);
            }
            Stage::Over => {}
        }
        false
    }

    fn seek(&mut self, now: MonoTime) {
        let comfort_at = self.comfort_at().unwrap_or(now + self.config.comfort_every);
        self.outputs.push_back(Output::Seek);
        self.enter(Stage::Seeking { comfort_at }, now);
    }

    fn ring(&mut self, how: How, now: MonoTime) {
        let comfort_at = self.comfort_at().unwrap_or(now + self.config.comfort_every);
        self.outputs.push_back(Output::Ring);
        self.enter(Stage::Ringing { how, comfort_at }, now);
    }

    /// The caller's network did not do it.
    fn bridge_instead(&mut self, with: Referred, now: MonoTime) {
        match with {
            Referred::Blind => self.ring(How::Blind, now),
            Referred::Consulted => self.bridge(now),
            Referred::ConsultedGone => self.finish(Outcome::NobodyAccepted, now),
        }
    }

    fn bridge(&mut self, now: MonoTime) {
        self.human_holds = Holding::default();
        self.outputs.push_back(Output::Done(Outcome::Bridged));
        self.enter(Stage::Bridged { agent_listens: self.config.agent_listens }, now);
    }

    /// The caller is with the human, by another way than through us.
    fn referred(&mut self, outcome: Outcome, now: MonoTime) {
        if matches!(self.stage, Stage::Referring { with: Referred::Consulted, .. }) {
            self.outputs.push_back(Output::Drop(Party::Human));
        }
        self.end_supervision();
        self.outputs.push_back(Output::Done(outcome));
        self.enter(Stage::Over, now);
    }

    /// The caller is the agent's again.
    fn finish(&mut self, outcome: Outcome, now: MonoTime) {
        self.human_holds = Holding::default();
        self.enter(Stage::Agent, now);
        self.outputs.push_back(Output::Done(outcome));
    }
}
