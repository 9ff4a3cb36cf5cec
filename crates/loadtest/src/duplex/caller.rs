//! A caller who plays a whole conversation against any agent: a pure machine between what is heard and what is done, driven as
//! [`crate::script`] is.
//!
//! The caller takes the next turn when the agent has been silent for as long as people wait, speaks again when no answer came,
//! and, while the agent speaks, interrupts it, hums, coughs or talks to somebody else. Some of that comes while the agent is
//! silent, before a turn, with time enough after it to see whether the agent takes it for one.
//!
//! It always ends: every wait is bounded by the profile's patience, and the whole by its longest length.

use std::collections::VecDeque;
use std::time::Duration;

use callwright_model::Samples;

use super::dice::Dice;
use super::plan::{Aside, Plan};
use crate::clip::Clip;
use crate::detect::Sound;
use crate::measure::Kind;
use crate::other::Other;
use crate::script::Act;

#[derive(Debug)]
pub(crate) struct Caller {
    plan: Plan,
    dice: Dice,
    state: State,
    other: Other,
    /// Nothing is said before this, so that what was said last has its effect first.
    hush_until: Samples,
    /// The turn that was taken last, when it may be said once more.
    again: Option<Clip>,
    taken: usize,
    acts: VecDeque<Act>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Waits for an answer, or for its end; since then at least.
    Listening {
        since: Samples,
        gap: Duration,
    },
    /// Something is going out.
    Saying {
        kind: Kind,
        farewell: bool,
    },
    /// Goodbye was said at this moment.
    Leaving {
        since: Samples,
    },
    Over,
}

impl Caller {
    pub(crate) fn new(plan: Plan) -> Self {
        let mut dice = Dice::new(plan.seed, "caller");
        let gap = dice.within(plan.profile.take_turn_ms);
        Self {
            plan,
            dice,
            state: State::Listening { since: Samples(0), gap },
            other: Other::SilentSoFar,
            hush_until: Samples(0),
            again: None,
            taken: 0,
            acts: VecDeque::new(),
        }
    }

    pub(crate) fn handle_sound(&mut self, sound: Sound) {
        if let (Sound::Stopped(segment), Other::Sounding { before_us: true, .. }) = (sound, self.other) {
            self.wait_from(segment.end);
        }
        self.other = self.other.after(sound);
    }

    /// What the last [`Act`] said is out.
    pub(crate) fn handle_said(&mut self, now: Samples) {
        let State::Saying { kind, farewell } = self.state else { return };
        // What the agent began and ended while it was spoken to is no answer.
        if kind.takes_floor() && matches!(self.other, Other::Finished { .. }) {
            self.other = Other::SilentSoFar;
        }
        let after = match kind {
            Kind::Turn | Kind::Interruption | Kind::Keys => Duration::ZERO,
            Kind::Backchannel | Kind::Tic | Kind::SideTalk => match self.other {
                Other::Sounding { .. } => SETTLES_OVER,
                Other::SilentSoFar | Other::Finished { .. } => SETTLES_IN_SILENCE,
            },
        };
        self.hush_until = now + Samples::of(after);
        let gap = self.dice.within(self.plan.profile.take_turn_ms);
        self.enter(if farewell {
            State::Leaving { since: now }
        } else {
            State::Listening { since: now, gap }
        });
    }

    pub(crate) fn handle_tick(&mut self, now: Samples) {
        match self.state {
            State::Saying { .. } | State::Over => {}
            State::Leaving { since } => {
                let done = match self.other {
                    Other::Finished { at } => (now - at).duration() >= LEAVES_AFTER,
                    Other::SilentSoFar | Other::Sounding { .. } => false,
                };
                if done || (now - since).duration() >= LEAVES_AT_LAST {
                    self.enter(State::Over);
                    self.acts.push_back(Act::Hangup);
                }
            }
            State::Listening { since, gap } => self.listen(since, gap, now),
        }
    }

    fn listen(&mut self, since: Samples, gap: Duration, now: Samples) {
        let longest = Duration::from_secs(self.plan.profile.length_s_max);
        if now.duration() >= longest + PATIENCE_PAST_END {
            self.enter(State::Over);
            self.acts.push_back(Act::Hangup);
            return;
        }
        match self.other {
            Other::Sounding { since: from, before_us: false } => {
                let ready =
                    self.plan.over.front().is_some_and(|aside| (now - from).duration() >= aside.after);
                if ready
                    && now >= self.hush_until
                    && let Some(aside) = self.plan.over.pop_front()
                {
                    self.put_in(aside);
                }
            }
            Other::Sounding { before_us: true, .. } => {}
            Other::Finished { at } => {
                let silent = (now - at).duration();
                if now < self.hush_until || silent < gap {
                    return;
                }
                let quiet = self.hush_until <= at && self.dice.chance(ASIDE_BEFORE_TURN);
                match self.plan.in_silence.pop_front_if(|_| quiet) {
                    Some(aside) => self.put_in(aside),
                    None => self.take_turn(now),
                }
            }
            Other::SilentSoFar => {
                if (now - since).duration() >= Duration::from_millis(self.plan.profile.patience_ms) {
                    match self.again.take() {
                        Some(clip) => self.say(clip, Kind::Turn),
                        None => self.take_turn(now),
                    }
                }
            }
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// Whether the other end may hang up: goodbye was said.
    pub(crate) const fn may_end(&self) -> bool {
        matches!(self.state, State::Over | State::Leaving { .. })
    }

    /// Turns taken.
    pub(crate) const fn step(&self) -> usize {
        self.taken
    }

    /// What was not said yet.
    pub(crate) fn into_rest(self) -> Plan {
        self.plan
    }

    fn take_turn(&mut self, now: Samples) {
        let time_is_up = now.duration() >= Duration::from_secs(self.plan.profile.length_s_max);
        let nothing_left = self.plan.over.is_empty() && self.plan.in_silence.is_empty();
        let next = if time_is_up {
            None
        } else {
            let next = self.plan.turns.pop_front();
            next.or_else(|| self.plan.more.pop_front_if(|_| !nothing_left))
        };
        if let Some(clip) = next {
            self.again = Some(clip.clone());
            self.say(clip, Kind::Turn);
        } else {
            self.plan.turns.clear();
            self.plan.more.clear();
            self.again = None;
            self.say(self.plan.farewell.clone(), Kind::Turn);
            self.enter(State::Saying { kind: Kind::Turn, farewell: true });
        }
    }

    fn put_in(&mut self, aside: Aside) {
        if aside.kind == Kind::Interruption {
            self.again = Some(aside.clip.clone());
        }
        self.say(aside.clip, aside.kind);
    }

    fn say(&mut self, clip: Clip, kind: Kind) {
        if kind.takes_floor() {
            self.taken += 1;
            self.other = self.other.spoken_to();
        }
        self.acts.push_back(Act::Say { clip, kind });
        self.enter(State::Saying { kind, farewell: false });
    }

    fn wait_from(&mut self, at: Samples) {
        if let State::Listening { since, .. } = &mut self.state {
            *since = at.max(*since);
        }
    }

    fn enter(&mut self, next: State) {
        tracing::trace!(from = ?self.state, to = ?next, "caller");
        self.state = next;
    }
}

/// A verdict on what was said over the agent looks a second ahead; the next thing keeps clear of that.
const SETTLES_OVER: Duration = Duration::from_millis(1_300);
/// A verdict on what was said in silence looks two seconds ahead.
const SETTLES_IN_SILENCE: Duration = Duration::from_millis(2_200);
/// How often a tic or side talk comes before a turn, as long as there is one.
const ASIDE_BEFORE_TURN: f64 = 0.5;
/// Silence after the agent's goodbye before the caller hangs up.
const LEAVES_AFTER: Duration = Duration::from_millis(1_500);
/// No goodbye takes longer.
const LEAVES_AT_LAST: Duration = Duration::from_secs(12);
/// An agent that does not stop talking is left after this, past the longest length.
const PATIENCE_PAST_END: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
