//! The floor's states and how facts move it between them.

use std::collections::VecDeque;
use std::time::Duration;

use callwright_model::{Evidence, Expect, MonoTime, Progress, Rule, TurnId, Verdict};

use crate::colour::Colour;
use crate::config::FloorConfig;
use crate::levels::Levels;
use crate::patience::Pauses;
use crate::turn::{FRAME, Turn};
use crate::verdict::{self, Agent, Ruling};

/// What the frame just received looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameFacts {
    /// Probability from 0 to 1 that the caller speaks.
    pub speech: f32,
    /// Level in dB relative to full scale, echo removed.
    pub level_dbfs: f32,
    /// How loud the line is: the level as received, where that is not our own echo. Cancellers take the room's noise away with the
    /// echo.
    pub line_dbfs: f32,
    /// Power of its first difference against its own, below 4 kHz, where voices have little: see [`FloorConfig::cough_brightness`].
    pub brightness: f32,
}

impl FrameFacts {
    /// A frame of a deep voice without echo.
    #[must_use]
    pub const fn plain(speech: f32, level_dbfs: f32) -> Self {
        Self { speech, level_dbfs, line_dbfs: level_dbfs, brightness: 0.0 }
    }
}

/// What we play in this tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sounding {
    /// Nothing.
    Nothing,
    /// The agent speaks: what the caller says now contests the floor.
    Say,
    /// The agent says what the law wants heard: nothing silences it, but what the caller says meanwhile is a turn.
    Required,
    /// A tone, such as hold sound: a sound, but nobody's floor.
    Tone,
}

/// What the floor decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Output {
    /// The caller began a turn.
    Started {
        /// The new turn.
        turn: TurnId,
        /// Begin of the first frame of speech.
        onset: MonoTime,
    },
    /// A short silence inside the turn.
    Pause {
        /// The turn.
        turn: TurnId,
    },
    /// The caller speaks on after a [`Output::Pause`].
    GoesOn {
        /// The turn.
        turn: TurnId,
    },
    /// The turn is over.
    Ended {
        /// The turn.
        turn: TurnId,
        /// End of the last frame of speech.
        last_sound: MonoTime,
        /// From onset to last sound.
        length: Duration,
        /// The silence that ended it.
        silent: Duration,
        /// Its level against this caller's usual one, in dB.
        level_db: Option<f32>,
        /// It was a cough or the like rather than a voice.
        cough: bool,
    },
    /// It was no turn. The agent may go on with what answered the one before.
    Discard {
        /// The turn.
        turn: TurnId,
    },
    /// Lower the agent's voice.
    Duck,
    /// Give the agent its full voice back. After a [`Output::Hold`] it goes on where it was, from the start of a word.
    Restore,
    /// Silence the agent in this tick, but keep what it was saying: it may yet go on.
    Hold,
    /// Sound over the agent turned out to be this.
    Judged {
        /// The turn that it was, or would have been.
        turn: TurnId,
        /// What it was.
        verdict: Verdict,
        /// What it was found by.
        evidence: Evidence,
    },
    /// Silence the agent in this tick: the caller has taken the floor, by speech or by a key.
    Hush {
        /// The turn that took it. For a key it is a turn without words: it has no `Started` and no `Ended`.
        turn: TurnId,
    },
    /// Neither side has made a sound for this long.
    Silence {
        /// How long.
        length: Duration,
    },
}

/// What the floor waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// Silence on both sides is to be told.
    Silence,
    /// Speech over the agent needs a verdict.
    Verdict,
    /// A pause, an end of turn or the longest turn.
    Turn,
}

/// Whether a say may be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes, in this tick.
    Play,
    /// The caller has the floor; whether the say is stale is open.
    Wait,
    /// Never: the floor has moved on, or the turn does not exist.
    Drop,
}

/// Who may speak on one leg.
#[derive(Debug)]
pub struct Floor {
    config: FloorConfig,
    state: State,
    expect: Expect,
    sounding: Sounding,
    /// The newest turn made.
    newest: TurnId,
    /// Says that answer an older turn are stale.
    fence: TurnId,
    levels: Levels,
    colour: Colour,
    /// Whether sound over the agent lowers it: not where the sound would be its own, all the time.
    ducks: bool,
    pauses: Pauses,
    /// End of the last sound of the turn that ended last: who speaks on soon after it was cut off by us.
    ended: Option<MonoTime>,
    /// End and voice of what was said in passing last: "wait" and a pause may be the begin of a sentence.
    passed: Option<(MonoTime, Duration)>,
    outputs: VecDeque<Output>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Nobody speaks, or the agent does.
    Open { quiet_since: MonoTime, told: u32, ear: Ear },
    /// Somebody speaks over the agent, which is ducked; whether it is an interruption is open.
    Contested(Turn),
    /// The same, but it seems to be one: the agent is silent and has lost nothing.
    Held(Turn),
    /// The caller speaks.
    Caller(Turn),
    /// Two people talk to each other over a bridge.
    Suspended,
}

/// How an onset is noticed while nobody of the caller's side speaks.
#[derive(Debug, Clone, Copy)]
enum Ear {
    /// `run` frames of speech in a row so far.
    Listening { run: u8 },
    /// A turn ran into the cap: nothing counts until it has been quiet for a while.
    Deaf { quiet: Duration },
}

impl Floor {
    /// An open floor; silence counts from `now`.
    #[must_use]
    pub fn new(config: FloorConfig, now: MonoTime) -> Self {
        Self {
            config,
            state: State::open(now),
            expect: Expect::Anything,
            sounding: Sounding::Nothing,
            newest: TurnId(0),
            fence: TurnId(0),
            levels: Levels::new(),
            colour: Colour::default(),
            ducks: true,
            pauses: Pauses::default(),
            ended: None,
            passed: None,
            outputs: VecDeque::with_capacity(OUTPUTS),
        }
    }

    /// A frame came in (or was concealed), and `sounding` is what goes out in the same tick. Once every 20 ms.
    pub fn handle_frame(&mut self, facts: FrameFacts, sounding: Sounding, now: MonoTime) {
        self.sounding = sounding;
        self.levels.handle_frame(facts.line_dbfs);
        let loud = facts.level_dbfs >= self.config.level_dbfs_min.max(self.levels.caller_dbfs(&self.config));
        self.colour.handle_frame(facts, loud, self.running().is_some());
        match self.state {
            State::Open { quiet_since, told, ear } => self.listen(facts, quiet_since, told, ear, now),
            State::Contested(mut turn) => {
                self.hear(&mut turn, facts, now);
                let resuming = turn.resuming > 0 && sounding == Sounding::Nothing;
                turn.resuming = if resuming { turn.resuming - 1 } else { 0 };
                self.state = State::Contested(turn);
                if sounding != Sounding::Say && !resuming {
                    self.restore();
                    turn.under = sounding == Sounding::Required;
                    self.enter(State::Caller(turn), "the agent finished first");
                }
            }
            State::Held(mut turn) => {
                self.hear(&mut turn, facts, now);
                self.state = State::Held(turn);
            }
            State::Caller(mut turn) => {
                turn.alone = true;
                // Who spells pauses between characters, and speaks fluently all the same.
                let spells = matches!(self.expect, Expect::Code { .. } | Expect::Digits { .. });
                if let Some(pause) = self.hear(&mut turn, facts, now).filter(|_| !spells) {
                    self.pauses.learn(pause);
                }
                turn.under &= sounding == Sounding::Required;
                self.state = State::Caller(turn);
            }
            State::Suspended => {}
        }
        self.settle(now);
    }

    /// What is expected of the caller, from here on.
    pub fn handle_expect(&mut self, expect: Expect, now: MonoTime) {
        self.expect = expect;
        self.settle(now);
    }

    /// How much has been recognised in a turn so far. Ignored when the turn is over.
    pub fn handle_partial(&mut self, of: TurnId, progress: Progress, now: MonoTime) {
        match &mut self.state {
            State::Contested(turn) | State::Held(turn) | State::Caller(turn) if turn.id == of => {
                turn.progress = progress;
            }
            State::Open { .. }
            | State::Contested(_)
            | State::Held(_)
            | State::Caller(_)
            | State::Suspended => {}
        }
        self.settle(now);
    }

    /// The line brings our own voice back too late for the echo canceller: from here on only words take the floor from the agent.
    pub fn handle_late_echo(&mut self) {
        self.config.interruption = Duration::MAX;
        self.config.interruption_in_noise = Duration::MAX;
        self.config.anew_in_noise = Duration::MAX;
        self.config.aside_max = Duration::MAX;
        self.config.backchannel_max = Duration::MAX;
        self.ducks = false;
    }

    /// A turn model has judged a turn up to its pause: `complete` is how likely the caller has finished. Ignored when the turn
    /// is over or the caller has gone on, for then it judged something else.
    pub fn handle_vote(&mut self, of: TurnId, complete: f32, now: MonoTime) {
        match &mut self.state {
            State::Contested(turn) | State::Held(turn) | State::Caller(turn)
                if turn.id == of && turn.pause_told =>
            {
                turn.vote = Some(complete);
            }
            State::Open { .. }
            | State::Contested(_)
            | State::Held(_)
            | State::Caller(_)
            | State::Suspended => {}
        }
        self.settle(now);
    }

    /// The caller pressed a key: it silences the agent like an interruption, and counts as a sound.
    pub fn handle_key(&mut self, now: MonoTime) {
        match self.state {
            State::Open { ear, .. } => {
                if self.sounding == Sounding::Say {
                    self.newest = self.newest.next();
                    self.outputs.push_back(Output::Hush { turn: self.newest });
                }
                self.enter(State::Open { quiet_since: now, told: 0, ear }, "key");
            }
            State::Contested(mut turn) | State::Held(mut turn) => {
                turn.last_key = Some(now);
                self.take(turn, Rule::Key, now);
            }
            State::Caller(mut turn) => {
                turn.last_key = Some(now);
                self.state = State::Caller(turn);
            }
            State::Suspended => {}
        }
    }

    /// Two people talk to each other: the floor is theirs, and a running turn is forgotten.
    pub fn handle_suspend(&mut self, now: MonoTime) {
        match self.state {
            State::Contested(turn) | State::Held(turn) => {
                self.restore();
                self.discard(turn, "bridged", now);
            }
            State::Caller(turn) => self.discard(turn, "bridged", now),
            State::Open { .. } | State::Suspended => {}
        }
        self.enter(State::Suspended, "bridged");
    }

    /// The bridge is gone: the floor is open again.
    pub fn handle_resume(&mut self, now: MonoTime) {
        match self.state {
            State::Suspended => self.enter(State::open(now), "bridge is gone"),
            State::Open { .. } | State::Contested(_) | State::Held(_) | State::Caller(_) => {}
        }
    }

    /// The asked-for time came. Frames serve as well; this is for when there are none.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        self.settle(now);
    }

    /// The next decision. Drain to `None` after each fact.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When the floor next wants [`Self::handle_timeout`], and why. `None` only while the agent sounds or two people talk.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(MonoTime, Timer)> {
        match &self.state {
            State::Open { quiet_since, told, .. } => (self.sounding == Sounding::Nothing)
                .then(|| (*quiet_since + self.config.silence * (told + 1), Timer::Silence)),
            State::Contested(turn) => Some((self.verdict_at(turn), Timer::Verdict)),
            State::Held(turn) => Some((turn.last_sound + self.config.words_wait, Timer::Verdict)),
            State::Caller(turn) => {
                let cap = turn.onset + self.config.turn_max;
                let end = turn.last_activity() + self.patience(turn);
                let pause = turn.last_sound + self.config.pause;
                let blip = turn.last_sound + self.config.interjection_silence;
                let end = if self.is_word(turn) { end } else { end.min(blip) };
                let next = if turn.pause_told { end } else { pause.min(end) };
                Some((next.min(cap), Timer::Turn))
            }
            State::Suspended => None,
        }
    }

    /// Whether a say that answers `turn` may sound now.
    #[must_use]
    pub fn admission(&self, turn: TurnId) -> Admission {
        if turn < self.fence || turn > self.newest {
            return Admission::Drop;
        }
        match self.state {
            State::Open { .. } | State::Contested(_) => Admission::Play,
            State::Caller(caller) if caller.under => Admission::Play,
            State::Held(_) | State::Caller(_) => Admission::Wait,
            State::Suspended => Admission::Drop,
        }
    }

    /// The turn that runs, if one does.
    #[must_use]
    pub fn running(&self) -> Option<TurnId> {
        match &self.state {
            State::Contested(turn) | State::Held(turn) | State::Caller(turn) => Some(turn.id),
            State::Open { .. } | State::Suspended => None,
        }
    }

    /// Whether the caller speaks, and for long enough to interrupt on a quiet line: hold sound makes way for that.
    #[must_use]
    pub fn caller_speaks(&self) -> bool {
        match &self.state {
            State::Caller(turn) => turn.voiced >= self.config.interruption,
            State::Open { .. } | State::Contested(_) | State::Held(_) | State::Suspended => false,
        }
    }

    /// The newest turn made, running or not.
    #[must_use]
    pub fn newest(&self) -> TurnId {
        self.newest
    }

    /// What is expected of the caller.
    #[must_use]
    pub fn expect(&self) -> &Expect {
        &self.expect
    }

    /// Decides whatever is due.
    fn settle(&mut self, now: MonoTime) {
        match self.state {
            State::Open { quiet_since, told, ear } => self.count_silence(quiet_since, told, ear, now),
            State::Contested(turn) => {
                let turn = self.tell_pause(turn, now);
                self.state = State::Contested(turn);
                self.rule(turn, self.ruling(Agent::Lowered, &turn, now), now);
            }
            State::Held(turn) => {
                let turn = self.tell_pause(turn, now);
                self.state = State::Held(turn);
                self.rule(turn, self.ruling(Agent::Silent, &turn, now), now);
            }
            State::Caller(turn) => self.wait_out(turn, now),
            State::Suspended => {}
        }
    }

    fn listen(&mut self, facts: FrameFacts, quiet_since: MonoTime, told: u32, ear: Ear, now: MonoTime) {
        let over_agent = matches!(self.sounding, Sounding::Say | Sounding::Required);
        let least =
            if over_agent { self.config.onset_probability_over_agent } else { self.config.onset_probability };
        let loud = self.config.level_dbfs_min.max(self.levels.caller_dbfs(&self.config));
        let speech = self.levels.is_speech(facts, least, &self.config) && facts.level_dbfs >= loud;
        let ear = match ear {
            Ear::Listening { run } if speech => Ear::Listening { run: run.saturating_add(1) },
            Ear::Listening { .. } => Ear::Listening { run: 0 },
            Ear::Deaf { .. } if speech => Ear::Deaf { quiet: Duration::ZERO },
            Ear::Deaf { quiet } if quiet + FRAME >= self.config.rearm => Ear::Listening { run: 0 },
            Ear::Deaf { quiet } => Ear::Deaf { quiet: quiet + FRAME },
        };
        match ear {
            Ear::Listening { run } if run >= self.config.onset_frames => {
                self.begin(u32::from(run), facts, now);
            }
            Ear::Listening { .. } | Ear::Deaf { .. } => {
                // A cough is no turn, but whoever coughs is there.
                let present = facts.level_dbfs >= loud + PRESENT_DB;
                let silent = self.sounding == Sounding::Nothing && !present;
                let (quiet_since, told) = if silent { (quiet_since, told) } else { (now, 0) };
                self.state = State::Open { quiet_since, told, ear };
            }
        }
    }

    /// A turn's next frame. Tells how long a silence it has ended, if it ended one.
    fn hear(&mut self, turn: &mut Turn, facts: FrameFacts, now: MonoTime) -> Option<Duration> {
        let paused = turn.pause_told;
        let silence = turn.hear(facts, &self.levels, &self.config, now);
        turn.brightness = self.colour.brightness();
        if paused && !turn.pause_told {
            self.outputs.push_back(Output::GoesOn { turn: turn.id });
        }
        silence
    }

    fn begin(&mut self, run: u32, facts: FrameFacts, now: MonoTime) {
        self.newest = self.newest.next();
        let mut turn = Turn::begin(self.newest, run, facts.level_dbfs, now);
        turn.brightness = self.colour.brightness();
        let onset = turn.onset;
        if let Some(ended) = self.ended.take()
            && onset.since(ended) <= CUT_OFF
        {
            self.pauses.learn(onset.since(ended));
            turn.cut_off = true;
        }
        self.outputs.push_back(Output::Started { turn: turn.id, onset });
        if let Some((end, voiced)) = self.passed.take()
            && self.sounding == Sounding::Say
            && onset.since(end) <= SAME_SENTENCE
        {
            turn.voiced += voiced;
            turn.anew = true;
        }
        match self.sounding {
            Sounding::Say => {
                if self.ducks {
                    self.outputs.push_back(Output::Duck);
                }
                self.enter(State::Contested(turn), "speech over the agent");
            }
            Sounding::Required => {
                turn.under = true;
                self.enter(State::Caller(turn), "speech under what must be heard");
            }
            Sounding::Nothing | Sounding::Tone => self.enter(State::Caller(turn), "speech"),
        }
    }

    fn ruling(&self, agent: Agent, turn: &Turn, now: MonoTime) -> Ruling {
        verdict::rule(agent, turn, &self.expect, &self.levels, &self.config, now)
    }

    /// Does what was ruled of sound over the agent.
    fn rule(&mut self, mut turn: Turn, ruling: Ruling, now: MonoTime) {
        match ruling {
            Ruling::Wait => {}
            Ruling::Take(rule) => self.take(turn, rule, now),
            Ruling::Hold => {
                self.outputs.push_back(Output::Hold);
                self.enter(State::Held(turn), "long enough for an interruption");
            }
            Ruling::Release => {
                self.restore();
                turn.released = true;
                turn.resuming = RESUMES_WITHIN;
                self.enter(State::Contested(turn), "not meant for us so far");
            }
            Ruling::Dismiss(verdict, rule) => {
                self.restore();
                self.told(turn, verdict, rule, now);
                self.passed = Some((turn.last_sound, turn.voiced));
                self.discard(turn, "not an interruption", now);
            }
        }
    }

    fn restore(&mut self) {
        if self.ducks {
            self.outputs.push_back(Output::Restore);
        }
    }

    fn told(&mut self, turn: Turn, verdict: Verdict, rule: Rule, now: MonoTime) {
        let evidence = verdict::evidence(&turn, rule, &self.levels, now);
        self.outputs.push_back(Output::Judged { turn: turn.id, verdict, evidence });
    }

    /// The latest moment of a verdict, should no frame come before.
    fn verdict_at(&self, turn: &Turn) -> MonoTime {
        (turn.last_sound + self.config.words_wait).min(turn.onset + self.config.verdict_max)
    }

    /// A short silence is worth a word to the recogniser: its final pass may begin.
    fn tell_pause(&mut self, mut turn: Turn, now: MonoTime) -> Turn {
        if turn.silent(now) >= self.config.pause && !turn.pause_told {
            turn.pause_told = true;
            self.outputs.push_back(Output::Pause { turn: turn.id });
        }
        turn
    }

    fn wait_out(&mut self, turn: Turn, now: MonoTime) {
        let turn = self.tell_pause(turn, now);
        self.state = State::Caller(turn);
        if !self.is_word(&turn) && turn.silent(now) >= self.config.interjection_silence {
            self.discard(turn, "too short for a word", now);
        } else if now.since(turn.last_activity()) >= self.patience(&turn) {
            self.end(turn, Ear::Listening { run: 0 }, "pause", now);
        } else if now.since(turn.onset) >= self.config.turn_max {
            self.end(turn, Ear::Deaf { quiet: Duration::ZERO }, "longest turn", now);
        }
    }

    fn count_silence(&mut self, quiet_since: MonoTime, told: u32, ear: Ear, now: MonoTime) {
        if self.sounding != Sounding::Nothing {
            return;
        }
        let length = self.config.silence * (told + 1);
        if now.since(quiet_since) >= length {
            self.outputs.push_back(Output::Silence { length });
            // A long wait without frames tells once, not once for every period missed.
            let told = (now.since(quiet_since).as_micros() / self.config.silence.as_micros().max(1)) as u32;
            self.state = State::Open { quiet_since, told, ear };
        }
    }

    fn take(&mut self, turn: Turn, rule: Rule, now: MonoTime) {
        self.fence = turn.id;
        self.outputs.push_back(Output::Hush { turn: turn.id });
        self.told(turn, Verdict::Interruption, rule, now);
        self.enter(State::Caller(turn), "interruption");
    }

    fn end(&mut self, turn: Turn, ear: Ear, why: &'static str, now: MonoTime) {
        // What must be heard is heard to its end; the answer to this turn waits behind it.
        if !turn.under {
            self.fence = turn.id;
        }
        let length = turn.last_sound.since(turn.onset);
        let level = turn.level_dbfs();
        let level_db = self.levels.against_usual(level);
        if turn.voiced >= LEARNT_FROM {
            self.levels.learn(level);
        }
        self.pauses.forget_one();
        self.ended = Some(turn.last_sound);
        self.outputs.push_back(Output::Ended {
            turn: turn.id,
            last_sound: turn.last_sound,
            length,
            silent: turn.silent(now),
            cough: turn.is_cough(&self.config),
            level_db,
        });
        self.enter(State::Open { quiet_since: turn.last_activity(), told: 0, ear }, why);
    }

    fn discard(&mut self, turn: Turn, why: &'static str, now: MonoTime) {
        self.outputs.push_back(Output::Discard { turn: turn.id });
        let quiet_since = if self.sounding == Sounding::Nothing { turn.last_activity() } else { now };
        // Whoever still speaks was told apart already: what they go on to say is more of the same.
        let speaks_on = turn.silent(now) < self.config.interjection_silence;
        let ear = if speaks_on { Ear::Deaf { quiet: Duration::ZERO } } else { Ear::Listening { run: 0 } };
        self.enter(State::Open { quiet_since, told: 0, ear }, why);
    }

    /// Whether there is enough of it to be a word, or a key was pressed meanwhile.
    fn is_word(&self, turn: &Turn) -> bool {
        turn.voiced >= self.config.voice_min || turn.last_key.is_some()
    }

    fn patience(&self, turn: &Turn) -> Duration {
        let patience = self.config.patience.of(&self.expect, &turn.progress, self.pauses.longest());
        match turn.vote {
            Some(complete) => self.config.vote.weigh(patience, &self.expect, complete),
            None => patience,
        }
    }

    fn enter(&mut self, next: State, why: &'static str) {
        tracing::trace!(from = self.state.name(), to = next.name(), why, "floor");
        self.state = next;
    }
}

impl State {
    const fn open(now: MonoTime) -> Self {
        Self::Open { quiet_since: now, told: 0, ear: Ear::Listening { run: 0 } }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Contested(_) => "contested",
            Self::Held(_) => "held",
            Self::Caller(_) => "caller",
            Self::Suspended => "suspended",
        }
    }
}

/// What a leg sends is told one tick later.
const RESUMES_WITHIN: u8 = 3;

/// Who speaks on within this time of an end had only paused: nobody answers an answer that has hardly begun.
const CUT_OFF: Duration = Duration::from_millis(1_100);

/// A sound this far above what could be the caller at all is somebody's: line noise is not.
const PRESENT_DB: f32 = 6.0;

/// Speech that follows so soon is part of the same sentence: pauses for a comma last 150 to 400 ms.
const SAME_SENTENCE: Duration = Duration::from_millis(500);

/// Less voice than this is a word at most, whose level says little of the caller's usual one.
const LEARNT_FROM: Duration = Duration::from_millis(400);

/// One tick decides a handful of things at most.
const OUTPUTS: usize = 16;

#[cfg(test)]
mod tests;
