//! Who answered: a person who takes the call, or a machine that says "yes" in its greeting.
//!
//! An answered telephone is no acceptance, and neither is a word that fits. [`Answering`] is told what is heard of whoever answered, and
//! says what that is worth. It trusts no recogniser: one that waits for a yes hears a yes in many a greeting. So a spoken answer counts
//! only when it was short, and began once the question had been heard. Greetings know nothing of the question.
//!
//! A machine is known by a beep, by its words ("leave a message", "press one for"), by talking on and on, and by talking much without
//! answering. Who says nothing at all is left to the call's timers, and ringing before the answer never comes here.
//!
//! Driven like every machine: a `handle_*`, then [`Answering::poll_output`] until `None`, then [`Answering::poll_timeout`]. It ends with
//! [`Output::Accepted`], [`Output::Declined`] or [`Output::Machine`], after which it says nothing more.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use callwright_model::{MonoTime, TurnId};
use serde::{Deserialize, Serialize};

/// By what a person is told from a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Who talks for this long without a pause is a greeting. The longest that people say when they pick up is a company, a name and an
    /// offer of help: 3 to 4 s.
    pub talk_max: Duration,
    /// Who has talked for this long in all, and not answered, does not listen.
    pub all_talk_max: Duration,
    /// Longest turn that may be an answer: "yes, go ahead, put them through" takes 2.5 s.
    pub answer_max: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            talk_max: Duration::from_secs(5),
            all_talk_max: Duration::from_secs(9),
            answer_max: Duration::from_secs(3),
        }
    }
}

/// What somebody's words mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A plain yes.
    Yes,
    /// A plain no.
    No,
    /// What only machines say.
    Machine,
    /// Neither.
    Unclear,
}

/// By what a machine was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// A beep, or another tone that no voice makes.
    Beep,
    /// Its words.
    Words,
    /// It talked without a pause.
    TalksOn,
    /// It talked much, and answered nothing.
    TalksMuch,
}

impl Sign {
    /// Its name, for counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Beep => "beep",
            Self::Words => "words",
            Self::TalksOn => "talks_on",
            Self::TalksMuch => "talks_much",
        }
    }
}

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A person said yes to the question.
    Accepted,
    /// They said no.
    Declined,
    /// They have spoken without having heard the question: it has to be said from the start.
    Again,
    /// They have heard the question, and said something else.
    Unclear,
    /// Nobody is there.
    Machine(Sign),
}

/// The machine. See the module's text.
#[derive(Debug, Clone)]
pub struct Answering {
    config: Config,
    /// The turn that runs, and since when.
    speaking: Option<(TurnId, MonoTime)>,
    /// The newest turn.
    newest: TurnId,
    /// Turns that ended and whose words may still come, with how long they were.
    ended: BTreeMap<TurnId, Duration>,
    /// Words that came before the end of their turn was told.
    early: Option<(TurnId, Meaning)>,
    /// Speech so far.
    talked: Duration,
    /// From this turn on the question was heard.
    asked: Option<TurnId>,
    over: bool,
    outputs: VecDeque<Output>,
}

impl Answering {
    /// Somebody, or something, has answered.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            speaking: None,
            newest: TurnId::default(),
            ended: BTreeMap::new(),
            early: None,
            talked: Duration::ZERO,
            asked: None,
            over: false,
            outputs: VecDeque::new(),
        }
    }

    /// What it comes to, `None` when all was said.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] is wanted: while somebody talks.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        let (_, since) = self.speaking.filter(|_| !self.over)?;
        Some(since + self.talk_left().0)
    }

    /// They begin to speak.
    pub fn handle_speech_started(&mut self, turn: TurnId, now: MonoTime) {
        self.newest = self.newest.max(turn);
        self.speaking = Some((turn, now));
    }

    /// It was no speech.
    pub fn handle_speech_discarded(&mut self, turn: TurnId) {
        self.speaking = self.speaking.filter(|(running, _)| *running != turn);
    }

    /// They have finished a turn that was so long.
    pub fn handle_turn_ended(&mut self, turn: TurnId, length: Duration) {
        self.newest = self.newest.max(turn);
        self.speaking = self.speaking.filter(|(running, _)| *running != turn);
        self.talked += length;
        self.ended.insert(turn, length);
        while self.ended.len() > TURNS_KEPT {
            self.ended.pop_first();
        }
        if length >= self.config.talk_max {
            return self.finish(Output::Machine(Sign::TalksOn));
        }
        if let Some((early, meaning)) = self.early.take_if(|(early, _)| *early == turn) {
            self.handle_words(early, meaning);
        }
        // An answer at the end of much talk is one all the same: words come soon, and settle it.
        if self.talked >= self.config.all_talk_max && !self.may_answer(turn, length) {
            self.finish(Output::Machine(Sign::TalksMuch));
        }
    }

    /// What is understood so far of a turn that runs. Only a machine is known by half a sentence.
    pub fn handle_partial(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::Machine => self.finish(Output::Machine(Sign::Words)),
            Meaning::Yes | Meaning::No | Meaning::Unclear => {}
        }
    }

    /// The words of a turn.
    pub fn handle_words(&mut self, turn: TurnId, meaning: Meaning) {
        if meaning == Meaning::Machine {
            return self.finish(Output::Machine(Sign::Words));
        }
        let Some(length) = self.ended.get(&turn).copied() else {
            self.early = Some((turn, meaning));
            return;
        };
        let heard = self.asked.is_some_and(|asked| turn >= asked);
        let answers = self.may_answer(turn, length);
        match meaning {
            Meaning::Yes if answers => self.finish(Output::Accepted),
            Meaning::No if answers => self.finish(Output::Declined),
            Meaning::Yes | Meaning::No | Meaning::Unclear | Meaning::Machine => {
                if self.talked >= self.config.all_talk_max {
                    self.finish(Output::Machine(Sign::TalksMuch));
                } else if !self.over {
                    self.outputs.push_back(if heard { Output::Unclear } else { Output::Again });
                }
            }
        }
    }

    /// A steady tone.
    pub fn handle_beep(&mut self) {
        self.finish(Output::Machine(Sign::Beep));
    }

    /// The question was said to its end, or far enough before they spoke. What is being said at its end is taken for an answer to it: a
    /// longer greeting would have silenced it.
    pub fn handle_asked(&mut self) {
        let first = self.speaking.map_or(self.newest.next(), |(running, _)| running);
        self.asked = Some(self.asked.map_or(first, |asked| asked.min(first)));
    }

    /// The time asked for has come.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        if self.poll_timeout().is_some_and(|due| now >= due) {
            self.finish(Output::Machine(self.talk_left().1));
        }
    }

    /// How long whoever speaks may go on, and what they are after it.
    fn talk_left(&self) -> (Duration, Sign) {
        let all = self.config.all_talk_max.saturating_sub(self.talked).max(self.config.answer_max);
        if all < self.config.talk_max {
            (all, Sign::TalksMuch)
        } else {
            (self.config.talk_max, Sign::TalksOn)
        }
    }

    fn may_answer(&self, turn: TurnId, length: Duration) -> bool {
        self.asked.is_some_and(|asked| turn >= asked) && length <= self.config.answer_max
    }

    fn finish(&mut self, output: Output) {
        if !self.over {
            self.over = true;
            self.outputs.push_back(output);
        }
    }
}

/// Words come within seconds of their turn.
const TURNS_KEPT: usize = 8;

#[cfg(test)]
mod tests;
