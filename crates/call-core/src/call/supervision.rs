//! A supervisor beside the call: rung, then listening, whispering, barging in, or taking over.

use callwright_model::MonoTime;

use super::{Call, Holding, Outcome, Output, Party, Sound, Stage, Supervise, Timer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Supervision {
    Nobody,
    Ringing { what: Supervise, since: MonoTime },
    Present { what: Supervise, since: MonoTime },
}

impl Call {
    /// Somebody wants to supervise, or to do so in another way: their phone is rung if it is not there yet.
    pub fn handle_supervise(&mut self, what: Supervise, now: MonoTime) {
        if self.stage == Stage::Over {
            return;
        }
        match self.supervision {
            Supervision::Nobody => {
                self.supervision = Supervision::Ringing { what, since: now };
                self.outputs.push_back(Output::RingSupervisor);
            }
            Supervision::Ringing { since, .. } => {
                self.supervision = Supervision::Ringing { what, since };
            }
            Supervision::Present { since, .. } => self.supervise(what, since, now),
        }
    }

    /// The supervisor's phone was answered.
    pub fn handle_supervisor_answered(&mut self, now: MonoTime) {
        match self.supervision {
            Supervision::Ringing { what, .. } => self.supervise(what, now, now),
            Supervision::Nobody | Supervision::Present { .. } => {}
        }
    }

    /// The supervisor's leg is over, whoever ended it.
    pub fn handle_supervisor_gone(&mut self, _now: MonoTime) {
        match self.supervision {
            Supervision::Nobody => {}
            Supervision::Ringing { .. } | Supervision::Present { .. } => self.unsupervised(),
        }
    }

    /// The supervisor shall leave.
    pub fn handle_supervise_end(&mut self, _now: MonoTime) {
        match self.supervision {
            Supervision::Nobody => {}
            Supervision::Ringing { .. } | Supervision::Present { .. } => {
                self.outputs.push_back(Output::Drop(Party::Supervisor));
                self.unsupervised();
            }
        }
    }

    fn supervise(&mut self, what: Supervise, since: MonoTime, now: MonoTime) {
        // While the caller's network was asked to fetch the caller nobody can take them: the supervisor speaks with them till then.
        let fetched = matches!(self.stage, Stage::Referring { .. });
        let what = match what {
            Supervise::TakeOver if fetched => Supervise::Barge,
            Supervise::TakeOver => return self.take_over(now),
            Supervise::Listen | Supervise::Whisper | Supervise::Barge => what,
        };
        self.supervision = Supervision::Present { what, since };
        self.outputs.push_back(Output::Supervised(Some(what)));
        self.hear();
    }

    fn take_over(&mut self, now: MonoTime) {
        let (human, target) = self.stage.others();
        let had_human = self.is_with_human();
        if human {
            self.outputs.push_back(Output::Drop(Party::Human));
        }
        if target {
            self.outputs.push_back(Output::Drop(Party::Target));
        }
        self.outputs.push_back(Output::Supervised(Some(Supervise::TakeOver)));
        self.outputs.push_back(Output::BecomesHuman(Party::Supervisor));
        self.supervision = Supervision::Nobody;
        self.human_holds = Holding::default();
        // The legs are others, also where who hears whom is the same.
        self.sound = Sound::default();
        if !had_human {
            self.outputs.push_back(Output::Done(Outcome::Bridged));
        }
        self.enter(Stage::Bridged { agent_listens: self.config.agent_listens }, now);
    }

    fn unsupervised(&mut self) {
        self.supervision = Supervision::Nobody;
        self.outputs.push_back(Output::Supervised(None));
        self.hear();
    }

    /// The caller's part is over, and so is the supervisor's.
    pub(super) fn end_supervision(&mut self) {
        if self.supervision != Supervision::Nobody {
            self.outputs.push_back(Output::Drop(Party::Supervisor));
            self.unsupervised();
        }
    }

    pub(super) fn supervisor_deadline(&self) -> Option<(MonoTime, Timer)> {
        match self.supervision {
            Supervision::Nobody => None,
            Supervision::Ringing { since, .. } => Some((since + self.config.ring_max, Timer::SupervisorRing)),
            Supervision::Present { since, .. } => Some((since + self.config.probe_every, Timer::Probe)),
        }
    }

    /// Whether a probe was due for the supervisor, which is asked for together with the others'.
    pub(super) fn supervisor_timeout(&mut self, now: MonoTime) -> bool {
        match (self.supervisor_deadline(), &mut self.supervision) {
            (Some((at, Timer::SupervisorRing)), _) if now >= at => {
                self.handle_supervise_end(now);
                false
            }
            (Some((at, Timer::Probe)), Supervision::Present { since, .. }) if now >= at => {
                *since = now;
                true
            }
            _ => false,
        }
    }

    /// What the supervisor's part is in, for people.
    #[must_use]
    pub fn supervision(&self) -> &'static str {
        match self.supervision {
            Supervision::Nobody => "nobody",
            Supervision::Ringing { .. } => "ringing",
            Supervision::Present { what: Supervise::Listen, .. } => "listening",
            Supervision::Present { what: Supervise::Whisper, .. } => "whispering",
            Supervision::Present { what: Supervise::Barge | Supervise::TakeOver, .. } => "barging",
        }
    }
}
