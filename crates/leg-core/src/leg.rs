//! The leg: its line, its ear, its floor and its playout, worked in one order every 20 ms.

use std::time::Duration;

use callwright_audio_core::{SteadyTone, mix_into};
use callwright_model::{
    AudioFormat, Frame, Gone, Heard, LegCommand, LegFact, LegRole, MonoTime, SayFrame, TurnId, VoiceActivity,
};
use callwright_turn_core::{Floor, Output, Sounding};

use crate::bridge::Bridge;
use crate::config::LegConfig;
use crate::ear::Ear;
use crate::error::LegError;
use crate::facts::Facts;
use crate::hold_watch::HoldWatch;
use crate::keys::{Keys, Way};
use crate::line::{Arrival, Line};
use crate::playout::{Outgoing, Playout};
use crate::statistics::LegStatistics;

/// What a leg is made for.
#[derive(Debug, Clone, Copy)]
pub struct LegSpec {
    /// Who is at the other end.
    pub role: LegRole,
    /// What was negotiated.
    pub format: AudioFormat,
    /// Where its RTP identities and the spread of its reports come from. Draw it at random for a real call.
    pub seed: u64,
}

/// One leg's media.
pub struct MediaLeg {
    spec: LegSpec,
    line: Line,
    ear: Ear,
    floor: Floor,
    playout: Playout,
    facts: Facts,
    keys: Keys,
    keys_in_sound: bool,
    flow: Flow,
    mode: Mode,
    /// The other end holds the line.
    on_hold: Option<HoldWatch>,
    /// A key for those who hear this leg.
    pressed: Option<char>,
    /// What others say to this leg in this tick.
    others: Frame,
    /// What the agent says on this leg in this tick, before others are mixed in.
    said: Outgoing,
    /// What goes out in this tick where that is not what is said, and what kind of sound it is.
    sent: Option<Frame>,
    sounding: Sounding,
    /// What came in with this tick, echo removed.
    heard: Frame,
    /// Of a human's leg: whether a machine is there.
    beep: Option<SteadyTone>,
    loudness: Loudness,
    timeouts: Timeouts,
    frames_skipped: u64,
}

/// Whether packets come.
#[derive(Debug, Clone, Copy)]
enum Flow {
    Awaited {
        since: MonoTime,
    },
    Flowing {
        last: MonoTime,
    },
    /// Nobody speaks at the other end, which has said so and need not send meanwhile.
    Resting {
        last: MonoTime,
    },
    Over,
}

/// Whose sound goes out.
enum Mode {
    Agent,
    /// Made when the bridge is, the one allocation after construction.
    Bridged(Box<Bridge>),
    /// The agent's and others', added up.
    Mixed {
        /// Whether the agent listens.
        listens: bool,
    },
}

#[derive(Clone, Copy)]
struct Loudness {
    duck_db: f32,
    duck_ramp: Duration,
    restore_ramp: Duration,
}

#[derive(Clone, Copy)]
struct Timeouts {
    flowing: Duration,
    at_start: Duration,
}

impl MediaLeg {
    /// A leg that sends silence and waits for the first packet. All its buffers are made here.
    ///
    /// # Errors
    /// When the codec cannot be set up.
    pub fn new(
        spec: LegSpec,
        config: &LegConfig,
        voice_activity: Box<dyn VoiceActivity>,
        now: MonoTime,
    ) -> Result<Self, LegError> {
        Ok(Self {
            spec,
            line: Line::new(&spec.format, spec.seed, config, now)?,
            ear: Ear::new(config, voice_activity),
            floor: Floor::new(config.floor.clone(), now),
            playout: Playout::new(),
            facts: Facts::new(),
            keys: Keys::new(&spec.format, config.keys_in_sound),
            keys_in_sound: config.keys_in_sound,
            flow: Flow::Awaited { since: now },
            mode: Mode::Agent,
            on_hold: None,
            pressed: None,
            others: Frame::SILENCE,
            said: Outgoing::new(),
            sent: None,
            sounding: Sounding::Nothing,
            heard: Frame::SILENCE,
            beep: (spec.role != LegRole::Caller).then(SteadyTone::default),
            loudness: Loudness {
                duck_db: config.duck_db,
                duck_ramp: config.duck_ramp,
                restore_ramp: config.restore_ramp,
            },
            timeouts: Timeouts { flowing: config.timeout, at_start: config.timeout_at_start },
            frames_skipped: 0,
        })
    }

    /// A datagram came, RTP or RTCP, or junk.
    pub fn handle_datagram(&mut self, datagram: &[u8], now: MonoTime) {
        if self.is_over() {
            return;
        }
        let relay = match &mut self.mode {
            Mode::Bridged(bridge) => bridge.relay(),
            Mode::Agent | Mode::Mixed { .. } => None,
        };
        match self.line.handle_datagram(datagram, relay, now) {
            Arrival::Nothing => return,
            Arrival::Alive => {
                match &mut self.flow {
                    Flow::Flowing { last } | Flow::Resting { last } => *last = now,
                    Flow::Awaited { .. } | Flow::Over => {}
                }
                return;
            }
            Arrival::Comfort => return self.flows(Flow::Resting { last: now }),
            Arrival::Sound => {}
            Arrival::Digit(digit) => self.key(digit, Way::Event, now),
        }
        self.flows(Flow::Flowing { last: now });
    }

    fn flows(&mut self, flow: Flow) {
        if let Flow::Awaited { .. } = self.flow {
            self.facts.push(LegFact::MediaFlows);
        }
        self.flow = flow;
    }

    /// The leg is told something. `Bridge`, `Mix`, `Unbridge` and `Remove` concern more than one leg: the shell obeys them with
    /// [`Self::handle_bridged`], [`Self::handle_mixed`], [`Self::handle_unbridged`] and [`Self::handle_gone`].
    pub fn handle_command(&mut self, command: &LegCommand, now: MonoTime) {
        if self.is_over() {
            return;
        }
        match command {
            LegCommand::Expect(expect) => self.floor.handle_expect(expect.clone(), now),
            LegCommand::Partial { turn, progress } => self.floor.handle_partial(*turn, *progress, now),
            LegCommand::TurnVote { turn, complete } => self.floor.handle_vote(*turn, *complete, now),
            LegCommand::Hush { turn } => {
                if let Some(cut) = self.playout.hush(*turn) {
                    self.facts.push(cut.ended());
                }
            }
            LegCommand::Tone(tone) => self.playout.set_tone(*tone),
            LegCommand::Key { digit } => self.key(*digit, Way::Signalling, now),
            LegCommand::SendDtmf { digit, length } => self.line.send_digit(*digit, *length),
            LegCommand::OnHold(on) => self.hold(*on, now),
            LegCommand::Bridge { .. } | LegCommand::Mix(_) | LegCommand::Unbridge | LegCommand::Remove => {}
        }
        self.follow_floor();
    }

    /// Offer and answer have agreed on something else, such as another codec. A leg of a bridge is to be bridged anew by
    /// [`Self::handle_bridged`], and so is its peer.
    ///
    /// # Errors
    /// When the codec cannot be set up; the leg goes on as it was.
    pub fn handle_format(&mut self, format: AudioFormat) -> Result<(), LegError> {
        self.line.agree(&format)?;
        self.keys.agree(&format, self.keys_in_sound);
        self.spec.format = format;
        Ok(())
    }

    /// From here on the other leg's sound goes out, and ours to it by [`Self::cross_to`]. The agent is silent. `as_frames` says
    /// that somebody listens in, so that sound is decoded even where packets could pass as they are; both legs are told the same.
    pub fn handle_bridged(&mut self, peer: &AudioFormat, as_frames: bool, now: MonoTime) {
        if self.is_over() {
            return;
        }
        self.floor.handle_suspend(now);
        self.follow_floor();
        if let Some(cut) = self.playout.hush(self.floor.newest()) {
            self.facts.push(cut.ended());
        }
        let bridge = Bridge::between(&self.spec.format, peer, as_frames);
        self.mode = Mode::Bridged(Box::new(bridge));
        self.line.expect_narrow(peer.codec.is_narrow());
    }

    /// From here on others are heard on this leg beside the agent; what they say is put in with [`Self::mix_in`] in each tick.
    pub fn handle_mixed(&mut self, listens: bool, now: MonoTime) {
        if self.is_over() {
            return;
        }
        let listened = match self.mode {
            Mode::Agent => true,
            Mode::Bridged(_) => false,
            Mode::Mixed { listens } => listens,
        };
        self.mode = Mode::Mixed { listens };
        self.line.expect_narrow(false);
        if listened != listens {
            // What was begun is not for the agent any more, or was not.
            self.floor.handle_suspend(now);
            self.follow_floor();
            self.attend(now);
        }
    }

    /// The leg is the agent's again.
    pub fn handle_unbridged(&mut self, now: MonoTime) {
        match self.mode {
            Mode::Agent => {}
            Mode::Bridged(_) | Mode::Mixed { .. } => {
                self.mode = Mode::Agent;
                self.line.expect_narrow(false);
                self.attend(now);
            }
        }
    }

    fn hold(&mut self, on: bool, now: MonoTime) {
        if self.on_hold.is_some() == on {
            return;
        }
        self.on_hold = on.then(HoldWatch::new);
        match &mut self.flow {
            Flow::Flowing { last } | Flow::Resting { last } => *last = now,
            Flow::Awaited { .. } | Flow::Over => {}
        }
        self.attend(now);
    }

    /// The floor is the people's while a bridge or a hold lasts.
    fn attend(&mut self, now: MonoTime) {
        match &self.mode {
            Mode::Agent | Mode::Mixed { .. } if self.on_hold.is_none() => {
                self.ear.start_over();
                self.floor.handle_resume(now);
            }
            Mode::Agent | Mode::Mixed { .. } | Mode::Bridged(_) => self.floor.handle_suspend(now),
        }
        self.follow_floor();
    }

    /// Whether the floor hears what comes in.
    fn is_heard(&self) -> bool {
        let listens = match self.mode {
            Mode::Agent => true,
            Mode::Bridged(_) => false,
            Mode::Mixed { listens } => listens,
        };
        listens && self.on_hold.is_none()
    }

    /// Time for this many frames passed without a tick: the shell was too late for them.
    pub fn handle_skipped(&mut self, frames: u32) {
        self.frames_skipped += u64::from(frames);
        self.line.skip(frames);
    }

    /// The leg is over: told so, or its session is closed. Its last fact follows.
    pub fn handle_gone(&mut self, why: Gone, now: MonoTime) {
        if !self.is_over() {
            self.line.say_goodbye(now);
            self.flow = Flow::Over;
            self.facts.push(LegFact::Gone(why));
        }
    }

    /// First half of a tick: takes the frame that is due from the line, and the floor decides.
    pub fn listen(&mut self, now: MonoTime) {
        let (since, limit) = match self.flow {
            Flow::Awaited { since } => (since, self.timeouts.at_start),
            Flow::Flowing { last } => (last, self.timeouts.flowing),
            Flow::Resting { last } => (last, self.timeouts.flowing.max(RESTING)),
            Flow::Over => return,
        };
        if now.since(since) >= limit && self.on_hold.is_none() {
            self.handle_gone(Gone::Timeout, now);
            return;
        }
        match &self.mode {
            Mode::Bridged(bridge) if bridge.is_passthrough() => return,
            Mode::Bridged(_) | Mode::Mixed { .. } | Mode::Agent => {
                self.line.receive_frame(&mut self.heard, now)
            }
        }
        if let Some(plays) = self.on_hold.as_mut().and_then(|watch| watch.hear(&self.heard)) {
            self.facts.push(LegFact::HoldSound { plays });
        }
        if let Some(digit) = self.keys.hear(&self.heard) {
            self.key(digit, Way::Sound, now);
        }
        if self.keys.is_held() && !matches!(self.mode, Mode::Bridged(_)) {
            // A key is no speech. Over a bridge it is left in, for whoever listens there may have no other way to hear it.
            self.heard = Frame::SILENCE;
        }
        if self.is_heard() {
            // Before the echo is taken out: what is done for that bends a tone.
            if let Some(hz) = self.beep.as_mut().and_then(|beep| beep.hear(&self.heard)) {
                self.facts.push(LegFact::Beep { hz: hz as u16 });
            }
            let Self { ear, heard, said, sent, floor, playout, facts, loudness, flow, .. } = self;
            let sent = match flow {
                Flow::Awaited { .. } => None,
                Flow::Flowing { .. } | Flow::Resting { .. } | Flow::Over => {
                    Some(sent.as_ref().unwrap_or(said.frame()))
                }
            };
            let late_echo = ear.hear(heard, sent, self.sounding, floor, now, |output| {
                obey(output, playout, facts, loudness);
            });
            if late_echo {
                facts.push(LegFact::LateEcho);
            }
        }
    }

    /// Second half of a tick: makes the frame that goes out, asking `says` for speech. Drain [`Self::poll_datagram`] after.
    pub fn speak(&mut self, says: &mut dyn FnMut() -> Option<SayFrame>, now: MonoTime) {
        if self.is_over() {
            return;
        }
        if self.on_hold.is_some() {
            self.wait();
            return self.line.report(now);
        }
        // Also while bridged: the floor drops what the agent still says.
        self.sounding = self.playout.fill(&mut self.said, &self.floor, says, &mut self.facts);
        self.sent = None;
        match &mut self.mode {
            Mode::Agent => self.line.send_frame(self.said.frame()),
            Mode::Mixed { .. } => {
                let sent = self.sent.insert(*self.said.frame());
                mix_into(sent, &self.others);
                self.others = Frame::SILENCE;
                self.line.send_frame(sent);
            }
            Mode::Bridged(bridge) if bridge.is_passthrough() => self.line.send_event(),
            Mode::Bridged(bridge) => {
                let sent = self.sent.insert(bridge.take_frame());
                self.line.send_frame(sent);
            }
        }
        self.line.report(now);
    }

    /// In place of [`Self::speak`] while nobody would hear it: what the agent has to say waits, what others say is lost, and the stream's
    /// clock goes on.
    pub fn wait(&mut self) {
        self.said.silence();
        self.sent = None;
        self.others = Frame::SILENCE;
        self.sounding = Sounding::Nothing;
        self.line.skip(1);
    }

    /// Both halves of a tick, for a leg that is on its own.
    pub fn tick(&mut self, says: &mut dyn FnMut() -> Option<SayFrame>, now: MonoTime) {
        self.listen(now);
        self.speak(says, now);
    }

    /// Between the halves: carries what this leg received to the leg it is bridged with.
    pub fn cross_to(&mut self, peer: &mut Self) {
        let (Mode::Bridged(ours), Mode::Bridged(theirs)) = (&mut self.mode, &mut peer.mode) else { return };
        if ours.is_passthrough() {
            while let Some(packet) = ours.poll_packet() {
                if peer.on_hold.is_none() {
                    peer.line.relay(packet);
                }
            }
        } else {
            theirs.put_frame(&self.heard);
        }
        while let Some(digit) = ours.poll_digit() {
            peer.line.send_digit(digit, RELAYED_DIGIT);
        }
    }

    /// Between the halves: adds somebody else's sound to what goes out.
    pub fn mix_in(&mut self, sound: &Frame) {
        if let Mode::Mixed { .. } = self.mode {
            mix_into(&mut self.others, sound);
        }
    }

    /// Between the halves: sends a key on that was pressed on a leg which is heard here.
    pub fn pass_key(&mut self, digit: char) {
        if let Mode::Mixed { .. } = self.mode {
            self.line.send_digit(digit, RELAYED_DIGIT);
        }
    }

    /// The key that was pressed on this leg since the last tick, if it is one among several people.
    pub fn take_key(&mut self) -> Option<char> {
        self.pressed.take()
    }

    /// Copies the next datagram to send into `buffer` and tells its length. 2 KiB hold every one.
    pub fn poll_datagram(&mut self, buffer: &mut [u8]) -> Option<usize> {
        self.line.poll_datagram(buffer)
    }

    /// The next item for the recogniser, left where it is.
    #[must_use]
    pub fn peek_heard(&self) -> Option<&Heard> {
        self.ear.peek()
    }

    /// Takes the next item for the recogniser.
    pub fn poll_heard(&mut self) -> Option<Heard> {
        self.ear.pop()
    }

    /// Throws the next item for the recogniser away, and counts it: nobody has room for it.
    pub fn drop_heard(&mut self) {
        self.ear.drop_front();
    }

    /// Whether there is a next fact.
    #[must_use]
    pub fn has_fact(&self) -> bool {
        !self.facts.is_empty()
    }

    /// The next fact.
    pub fn poll_fact(&mut self) -> Option<LegFact> {
        self.facts.pop()
    }

    /// What was negotiated.
    #[must_use]
    pub const fn format(&self) -> AudioFormat {
        self.spec.format
    }

    /// Who is at the other end.
    #[must_use]
    pub const fn role(&self) -> LegRole {
        self.spec.role
    }

    /// Whether keys are listened for in the sound, which has to be decoded for it.
    #[must_use]
    pub const fn listens_for_keys(&self) -> bool {
        self.keys.listens()
    }

    /// What is being heard in this tick.
    #[must_use]
    pub const fn heard_frame(&self) -> &Frame {
        &self.heard
    }

    /// What the agent says on this leg, or the tone in its place: in the tick before, until [`Self::speak`].
    #[must_use]
    pub const fn said_frame(&self) -> &Frame {
        self.said.frame()
    }

    /// What is being sent in this tick.
    #[must_use]
    pub fn sent_frame(&self) -> &Frame {
        self.sent.as_ref().unwrap_or(self.said.frame())
    }

    /// Its figures so far.
    #[must_use]
    pub fn statistics(&self) -> LegStatistics {
        let mut figures = self.line.statistics();
        figures.heard_dropped = self.ear.dropped();
        figures.says_stale = self.playout.stale_frames();
        figures.facts_dropped = self.facts.dropped();
        figures.frames_skipped = self.frames_skipped;
        figures
    }

    /// Whether its last fact was told.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.flow, Flow::Over)
    }

    fn key(&mut self, digit: char, way: Way, now: MonoTime) {
        if !self.keys.is_new(digit, way, now) {
            return;
        }
        match &mut self.mode {
            Mode::Bridged(_) if way == Way::Sound => {}
            Mode::Bridged(bridge) => bridge.put_digit(digit),
            Mode::Mixed { .. } => self.pressed = Some(digit),
            Mode::Agent => {
                self.floor.handle_key(now);
                self.follow_floor();
            }
        }
        self.facts.push(LegFact::Dtmf { digit });
    }

    /// Carries out what the floor decided without a frame.
    fn follow_floor(&mut self) {
        let Self { ear, floor, playout, facts, loudness, .. } = self;
        ear.follow(floor, |output| obey(output, playout, facts, loudness));
    }
}

fn obey(output: Output, playout: &mut Playout, facts: &mut Facts, loudness: &Loudness) {
    match output {
        Output::Started { turn, .. } => facts.push(LegFact::SpeechStarted { turn }),
        Output::Pause { .. } | Output::GoesOn { .. } => {}
        Output::Ended { turn, length, silent, level_db, cough, .. } => {
            facts.push(LegFact::TurnEnded { turn, length, silent, level_db, cough });
        }
        Output::Discard { turn } => facts.push(LegFact::Resumed { turn }),
        Output::Duck => playout.set_gain(loudness.duck_db, loudness.duck_ramp),
        Output::Restore => {
            playout.release();
            playout.set_gain(0.0, loudness.restore_ramp);
        }
        Output::Hold => playout.hold(),
        Output::Judged { turn, verdict, evidence } => facts.push(LegFact::Judged { turn, verdict, evidence }),
        Output::Hush { turn } => {
            if let Some(cut) = playout.hush(TurnId(turn.0.saturating_sub(1))) {
                facts.push(cut.barged_in(turn));
            }
        }
        Output::Silence { length } => facts.push(LegFact::Silence { length }),
    }
}

/// An end that suppresses silence may be silent for as long as its person listens; one that is dead by then is found by session timers.
const RESTING: Duration = Duration::from_secs(300);

/// Long enough for every receiver, short enough for a fast typist.
const RELAYED_DIGIT: Duration = Duration::from_millis(160);
