//! Walks a scenario: a pure machine between what the party hears and what it does.
//!
//! Driven by [`Script::handle_sound`] for what the other end does, [`Script::handle_said`] when a clip or keys are out, and
//! [`Script::handle_tick`] every 20 ms; then [`Script::poll_output`] is drained. It owns no clock: positions are samples at
//! 16 kHz since the start of the media. It always ends: every wait of a step is bounded by the step's patience.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use callwright_model::Samples;

use crate::clip::Clip;
use crate::detect::Sound;
use crate::measure::Kind;
use crate::other::Other;
use crate::scenario::{Action, Manner, Scenario, Step};

/// What the party does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Say this; tell [`Script::handle_said`] when it is out.
    Say { clip: Clip, kind: Kind },
    /// Press these keys; tell [`Script::handle_said`] when they are out.
    Dtmf(String),
    /// The other end failed the scenario: hang up.
    Fail { step: usize, why: String },
    /// The script is over: hang up.
    Hangup,
}

#[derive(Debug)]
pub(crate) struct Script {
    scenario: Arc<Scenario>,
    state: State,
    other: Other,
    acts: VecDeque<Act>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// The step waits for its moment.
    Waiting {
        step: usize,
        since: Samples,
    },
    /// The step's clip or keys are going out.
    Busy {
        step: usize,
    },
    Over,
}

impl Script {
    pub(crate) fn new(scenario: Arc<Scenario>) -> Self {
        let state = State::Waiting { step: 0, since: Samples(0) };
        Self { scenario, state, other: Other::SilentSoFar, acts: VecDeque::new() }
    }

    pub(crate) fn handle_sound(&mut self, sound: Sound) {
        self.other = self.other.after(sound);
    }

    /// The clip or keys of the last [`Act`] are out.
    pub(crate) fn handle_said(&mut self, now: Samples) {
        match self.state {
            State::Busy { step } => self.next(step, now),
            State::Waiting { .. } | State::Over => {}
        }
    }

    pub(crate) fn handle_tick(&mut self, now: Samples) {
        let State::Waiting { step: number, since } = self.state else { return };
        let scenario = Arc::clone(&self.scenario);
        let Some(step) = scenario.steps.get(number) else {
            self.state = State::Over;
            self.acts.push_back(Act::Hangup);
            return;
        };
        let waited = (now - since).duration();
        match &step.action {
            Action::Say { clip, after_silence } if self.has_finished(*after_silence, now) => {
                self.say(number, clip, Kind::Turn);
            }
            Action::Dtmf { keys, after_silence } if self.has_finished(*after_silence, now) => {
                self.begin(number, Act::Dtmf(keys.clone()));
            }
            Action::Over { clip, after, manner } if self.has_sounded_for(*after, now) => {
                let kind = match manner {
                    Manner::Interruption => Kind::Interruption,
                    Manner::Backchannel => Kind::Backchannel,
                };
                self.say(number, clip, kind);
            }
            Action::Say { .. } | Action::Dtmf { .. } | Action::Over { .. } => self.wait(number, step, waited),
            Action::ExpectSpeech(within) => match self.other {
                Other::Sounding { before_us: false, .. } | Other::Finished { .. } => self.next(number, now),
                Other::Sounding { .. } | Other::SilentSoFar if waited >= *within => {
                    self.fail(number, format!("no sound within {} ms", within.as_millis()));
                }
                Other::Sounding { .. } | Other::SilentSoFar => {}
            },
            Action::Pause(length) if waited >= *length => self.next(number, now),
            Action::Pause(_) => {}
            Action::WaitEnd(within) if waited >= *within => {
                self.fail(number, format!("the other end did not hang up within {} ms", within.as_millis()));
            }
            Action::WaitEnd(_) => {}
            Action::Hangup => {
                self.state = State::Over;
                self.acts.push_back(Act::Hangup);
            }
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// Whether the other end may hang up at this point without failing the scenario: the script is over, or waits for
    /// just that, or has nothing left to do but hang up.
    pub(crate) fn may_end(&self) -> bool {
        match self.state {
            State::Over => true,
            State::Waiting { step, .. } => {
                let rest = self.scenario.steps.get(step..).unwrap_or_default();
                rest.iter()
                    .all(|step| matches!(step.action, Action::WaitEnd(_) | Action::Hangup | Action::Pause(_)))
            }
            State::Busy { step } => {
                let rest = self.scenario.steps.get(step + 1..).unwrap_or_default();
                rest.iter().all(|step| matches!(step.action, Action::WaitEnd(_) | Action::Hangup))
            }
        }
    }

    /// The number of the step that is being done, from 1.
    pub(crate) fn step(&self) -> usize {
        match self.state {
            State::Waiting { step, .. } | State::Busy { step } => step + 1,
            State::Over => self.scenario.steps.len(),
        }
    }

    fn has_finished(&self, after_silence: Option<Duration>, now: Samples) -> bool {
        let Some(silence) = after_silence else { return true };
        match self.other {
            Other::Finished { at } => (now - at).duration() >= silence,
            Other::SilentSoFar | Other::Sounding { .. } => false,
        }
    }

    fn has_sounded_for(&self, after: Duration, now: Samples) -> bool {
        match self.other {
            Other::Sounding { since, before_us: false } => (now - since).duration() >= after,
            Other::Sounding { .. } | Other::SilentSoFar | Other::Finished { .. } => false,
        }
    }

    fn wait(&mut self, number: usize, step: &Step, waited: Duration) {
        if waited >= step.patience {
            let state = match self.other {
                Other::SilentSoFar => "the other end has said nothing",
                Other::Sounding { .. } => "the other end was still talking",
                Other::Finished { .. } => "the other end was not talking",
            };
            self.fail(number, format!("after {} ms {state}", step.patience.as_millis()));
        }
    }

    fn say(&mut self, step: usize, clip: &Clip, kind: Kind) {
        self.begin(step, Act::Say { clip: clip.clone(), kind });
    }

    fn begin(&mut self, step: usize, act: Act) {
        let backchannel = matches!(&act, Act::Say { kind, .. } if !kind.takes_floor());
        self.acts.push_back(act);
        self.state = State::Busy { step };
        // A backchannel asks for no answer: what was being said goes on and counts.
        if !backchannel {
            self.other = self.other.spoken_to();
        }
    }

    fn fail(&mut self, step: usize, why: String) {
        self.state = State::Over;
        self.acts.push_back(Act::Fail { step: step + 1, why });
    }

    fn next(&mut self, step: usize, now: Samples) {
        self.state = State::Waiting { step: step + 1, since: now };
    }
}

#[cfg(test)]
mod tests;
