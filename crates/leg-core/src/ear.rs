//! From a received frame to what the recogniser gets: echo out, speech or not, the floor's cuts between the frames.

use std::collections::VecDeque;
use std::time::Duration;

use callwright_audio_core::{EchoCanceller, Own, OwnVoice, brightness};
use callwright_model::{FRAME_MS, Frame, Heard, MonoTime, VoiceActivity};
use callwright_turn_core::{Floor, FrameFacts, Output, Sounding};

use crate::config::LegConfig;
use crate::echo_watch::EchoWatch;

pub(crate) struct Ear {
    voice_activity: Box<dyn VoiceActivity>,
    echo: Option<EchoCanceller>,
    own_voice: OwnVoice,
    echo_watch: EchoWatch,
    echo_tail: u32,
    /// Frames for which an echo of ours may still arrive that the canceller reaches.
    echo_left: u32,
    /// The same for any echo.
    own_left: u32,
    quiet_dbfs: f32,
    quiet_after: u32,
    quiet_frames: u32,
    /// Frames in a row that the detector took for no speech at all.
    sure_frames: u32,
    preroll: VecDeque<Frame>,
    preroll_frames: usize,
    heard: VecDeque<Heard>,
    dropped: u64,
}

impl Ear {
    pub(crate) fn new(config: &LegConfig, voice_activity: Box<dyn VoiceActivity>) -> Self {
        let preroll_frames = frames(config.preroll).clamp(1, PREROLL_MAX) as usize;
        Self {
            voice_activity,
            echo: config.echo_cancelling.then(EchoCanceller::new),
            own_voice: OwnVoice::new(),
            echo_watch: EchoWatch::new(),
            echo_tail: frames(config.echo_tail),
            echo_left: 0,
            own_left: 0,
            quiet_dbfs: config.quiet_dbfs,
            quiet_after: frames(config.quiet_after),
            quiet_frames: 0,
            sure_frames: 0,
            preroll: VecDeque::with_capacity(preroll_frames),
            preroll_frames,
            heard: VecDeque::with_capacity(HEARD),
            dropped: 0,
        }
    }

    /// Takes the frame just received, and what was sent in the tick before: none while no packet has come, for nothing of ours can have
    /// come back. Removes the echo from the frame, lets the
    /// floor decide, and hands its decisions to `decided` after having put them into the stream for the recogniser. Tells, once,
    /// that an echo was found which the canceller does not reach.
    pub(crate) fn hear(
        &mut self,
        frame: &mut Frame,
        sent: Option<&Frame>,
        sounding: Sounding,
        floor: &mut Floor,
        now: MonoTime,
        mut decided: impl FnMut(Output),
    ) -> bool {
        let own = sent.map_or(Own::default(), |sent| self.own(frame, sent, sounding));
        let line_dbfs = frame.level_dbfs();
        let cancelled = sent.is_some_and(|sent| self.cancel_echo(frame, sent, sounding));
        let level_dbfs = if cancelled { frame.level_dbfs() } else { line_dbfs };
        // Our own voice is not how loud the room is.
        let line_dbfs = if own.share >= OWN_SHARE { level_dbfs } else { line_dbfs };
        let late_echo = self.echo_watch.handle_tick(own);
        if late_echo {
            floor.handle_late_echo();
        }
        // The detector hears every frame all the same, so that it is not surprised by the next one.
        let speech = self.probability(frame, level_dbfs, floor.running().is_some());
        let speech = if own.share >= OWN_SHARE { 0.0 } else { speech };
        let mut due = floor.running().is_some();
        let brightness = if self.rests() { 0.0 } else { brightness(&frame.0) };
        let facts = FrameFacts { speech, level_dbfs, line_dbfs, brightness };
        floor.handle_frame(facts, sounding, now);
        while let Some(output) = floor.poll_output() {
            match output {
                Output::Started { turn, onset } => {
                    self.push(Heard::Start { turn, at: onset });
                    self.push_preroll();
                    due = true;
                }
                Output::Pause { turn } => self.push_after(&mut due, frame, Heard::Pause { turn }),
                Output::GoesOn { turn } => self.push(Heard::GoesOn { turn }),
                Output::Ended { turn, last_sound, .. } => {
                    self.push_after(&mut due, frame, Heard::End { turn, at: last_sound });
                }
                Output::Discard { turn } => self.push_after(&mut due, frame, Heard::Discard { turn }),
                Output::Duck
                | Output::Restore
                | Output::Hold
                | Output::Judged { .. }
                | Output::Hush { .. }
                | Output::Silence { .. } => {}
            }
            decided(output);
        }
        if due {
            self.push(Heard::Frame(*frame));
        }
        self.remember(frame);
        late_echo
    }

    /// Passes on decisions that the floor made without a frame: on a key, a partial, a bridge.
    pub(crate) fn follow(&mut self, floor: &mut Floor, mut decided: impl FnMut(Output)) {
        while let Some(output) = floor.poll_output() {
            match output {
                Output::Pause { turn } => self.push(Heard::Pause { turn }),
                Output::GoesOn { turn } => self.push(Heard::GoesOn { turn }),
                Output::Ended { turn, last_sound, .. } => self.push(Heard::End { turn, at: last_sound }),
                Output::Discard { turn } => self.push(Heard::Discard { turn }),
                // Only a frame starts a turn.
                Output::Started { .. }
                | Output::Duck
                | Output::Restore
                | Output::Hold
                | Output::Judged { .. }
                | Output::Hush { .. }
                | Output::Silence { .. } => {}
            }
            decided(output);
        }
    }

    /// A stream from another source, or after a bridge: what was heard before does not belong to it.
    pub(crate) fn start_over(&mut self) {
        self.voice_activity.reset();
        self.preroll.clear();
        self.quiet_frames = 0;
        self.echo_left = 0;
        self.own_left = 0;
    }

    pub(crate) fn peek(&self) -> Option<&Heard> {
        self.heard.front()
    }

    pub(crate) fn pop(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }

    pub(crate) fn drop_front(&mut self) {
        self.dropped += u64::from(self.heard.pop_front().is_some());
    }

    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether there was any to cancel.
    fn cancel_echo(&mut self, frame: &mut Frame, sent: &Frame, sounding: Sounding) -> bool {
        match sounding {
            Sounding::Say | Sounding::Required | Sounding::Tone => self.echo_left = self.echo_tail,
            Sounding::Nothing => self.echo_left = self.echo_left.saturating_sub(1),
        }
        if self.echo_left > 0
            && let Some(echo) = &mut self.echo
        {
            echo.process(sent, frame);
            return true;
        }
        false
    }

    /// How much of what was heard in this frame, and in those just before, we have sent ourselves.
    fn own(&mut self, heard: &Frame, sent: &Frame, sounding: Sounding) -> Own {
        if self.echo.is_none() {
            return Own::default();
        }
        match sounding {
            Sounding::Say | Sounding::Required | Sounding::Tone => {
                if self.own_left == 0 {
                    self.own_voice.reset();
                }
                self.own_left = OWN_TAIL;
            }
            Sounding::Nothing => self.own_left = self.own_left.saturating_sub(1),
        }
        if self.own_left == 0 { Own::default() } else { self.own_voice.process(sent, heard) }
    }

    /// A line that has been quiet for a while costs nothing. The detector then gets the last frames before the sound that
    /// ends the quiet, so that it sees the onset whole.
    fn probability(&mut self, frame: &Frame, level_dbfs: f32, turn_runs: bool) -> f32 {
        let rested = self.rests();
        let quiet = level_dbfs < self.quiet_dbfs && !turn_runs;
        self.quiet_frames = if quiet { self.quiet_frames.saturating_add(1) } else { 0 };
        if self.rests() {
            return 0.0;
        }
        if rested {
            let context = self.preroll.len().saturating_sub(CONTEXT_FRAMES);
            for frame in self.preroll.iter().skip(context) {
                self.voice_activity.probability(frame);
            }
        }
        let probability = self.voice_activity.probability(frame);
        self.sure_frames = if probability < SURE { self.sure_frames + 1 } else { 0 };
        // A detector that has heard babble for long is hard to convince of a voice: it begins anew with what was heard last.
        if self.sure_frames >= STUCK_FRAMES {
            self.sure_frames = 0;
            self.voice_activity.reset();
            for frame in &self.preroll {
                self.voice_activity.probability(frame);
            }
        }
        probability
    }

    /// Whether the line has been quiet for a while.
    fn rests(&self) -> bool {
        self.quiet_frames > self.quiet_after
    }

    fn push_preroll(&mut self) {
        for n in 0..self.preroll.len() {
            let frame = self.preroll[n];
            self.push(Heard::Frame(frame));
        }
    }

    fn push_after(&mut self, due: &mut bool, frame: &Frame, boundary: Heard) {
        if std::mem::take(due) {
            self.push(Heard::Frame(*frame));
        }
        self.push(boundary);
    }

    fn push(&mut self, item: Heard) {
        let room = if matches!(item, Heard::Frame(_)) { HEARD - HEARD_BOUNDARIES } else { HEARD };
        if self.heard.len() < room {
            self.heard.push_back(item);
        } else {
            self.dropped += 1;
        }
    }

    fn remember(&mut self, frame: &Frame) {
        if self.preroll.len() == self.preroll_frames {
            self.preroll.pop_front();
        }
        self.preroll.push_back(*frame);
    }
}

fn frames(length: Duration) -> u32 {
    u32::try_from(length.as_millis()).unwrap_or(u32::MAX) / FRAME_MS
}

/// Measured on the prompts and calls of tests/sim, at the frames that the detector takes for speech: nine in ten of an echo that the
/// canceller does not know yet have a share of 0.6 and more, 99 in 100 of a caller who speaks over us less than 0.3. At one half a caller is
/// heard who is as loud as the echo.
const OWN_SHARE: f32 = 0.5;

/// As long as an echo may be under way.
const OWN_TAIL: u32 = OwnVoice::DELAY_MS_MAX / FRAME_MS + 5;

/// Less than this is no speech, as the detector has it.
const SURE: f32 = 0.1;
/// One second.
const STUCK_FRAMES: u32 = 50;
/// Two windows of the detector, and a little: 80 ms.
const CONTEXT_FRAMES: usize = 4;

/// Longer than half a second would bring the agent's last word along.
const PREROLL_MAX: u32 = 25;

/// Items that wait for the ring; one tick makes a preroll and two boundaries at most.
const HEARD: usize = 64;

/// Places that frames leave to boundaries of turns.
const HEARD_BOUNDARIES: usize = 24;
