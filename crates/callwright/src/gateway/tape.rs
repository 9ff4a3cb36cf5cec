//! Tells a call's recording what it may keep, from what goes into the call's machine and what comes out of it.
//!
//! Nothing is kept while a secret is asked for. What the caller says is held back until its words are known, and is left out where they
//! hold a card's number or a PIN; what the agent says is left out by the same rule. The recogniser tells no times of words, so it is the
//! sound of the whole turn that goes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use callwright_conversation::{Act, Fact, Happening, Moment};
use callwright_dialogue_core::is_sensitive;
use callwright_model::{BothSides, CallId, LegFact, LegId, MonoTime, SayId, TurnId};
use callwright_recording::{CallTape, Head, Order, Recordings, Sides};

use crate::config::{Config, RecordingWhen};
use crate::lines::LoadedLine;
use crate::secrets::Secrets;

/// Where recordings go, if a line's calls are recorded.
///
/// # Errors
/// When the key is not there, or the folder cannot be made.
pub(crate) fn start(config: &Config) -> Result<Option<Recordings>> {
    if config.lines.iter().all(|line| line.recording == RecordingWhen::Off) {
        return Ok(None);
    }
    let recording = &config.recording;
    let master = recording.master().map_err(|why| anyhow!("the key of recordings: {why}"))?;
    let keep = (recording.keep_days > 0).then(|| Duration::from_secs(recording.keep_days as u64 * 86_400));
    let recordings = Recordings::start(&recording.dir, master, keep);
    let recordings = recordings
        .map_err(|error| anyhow!("recordings cannot go to {}: {error}", recording.dir.display()))?;
    Ok(Some(recordings))
}

/// A call of a line that may be recorded, and where its leg's sound goes.
pub(crate) fn begin(
    recordings: &Recordings,
    call: CallId,
    caller: LegId,
    line: &LoadedLine,
) -> Option<(rtrb::Producer<BothSides>, TapeOperator)> {
    if line.line.recording == RecordingWhen::Off {
        return None;
    }
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let started = u64::try_from(wall.as_millis()).unwrap_or(u64::MAX);
    let (tap, tape) = recordings.call(Head::new(call, &line.line.name, started))?;
    if line.line.recording == RecordingWhen::Always {
        tape.tell(Order::Start(MonoTime::ZERO));
    }
    Some((tap, TapeOperator::new(tape, caller, line.secrets.clone())))
}

/// Follows one call.
pub(crate) struct TapeOperator {
    tape: CallTape,
    caller: LegId,
    secrets: Secrets,
    paused: bool,
    /// From when to when each turn was heard whose words are not known.
    turns: BTreeMap<TurnId, (MonoTime, Option<MonoTime>)>,
    /// Says that must not be kept.
    says: BTreeSet<SayId>,
    /// Since when one of them is being said.
    saying: Option<(SayId, MonoTime)>,
}

impl TapeOperator {
    fn new(tape: CallTape, caller: LegId, secrets: Secrets) -> Self {
        let (turns, says) = (BTreeMap::new(), BTreeSet::new());
        Self { tape, caller, secrets, paused: false, turns, says, saying: None }
    }

    /// Follows what goes into the machine and what comes out of it.
    pub(crate) fn follow(&mut self, at: MonoTime, moment: Moment<'_>) {
        match moment {
            Moment::Fact(Fact::Leg(event)) if event.leg == self.caller => self.leg(event.at, &event.fact),
            Moment::Act(Act::Tell(happening)) => self.happening(at, happening),
            Moment::Began(_) | Moment::Fact(_) | Moment::Timer | Moment::Act(_) => {}
        }
    }

    fn leg(&mut self, at: MonoTime, fact: &LegFact) {
        match fact {
            LegFact::SpeechStarted { turn } => {
                let since = at.before(ONSET);
                self.turns.insert(*turn, (since, None));
                self.tape.tell(Order::Listening { turn: *turn, since });
            }
            LegFact::TurnEnded { turn, .. } => {
                if let Some((_, to)) = self.turns.get_mut(turn) {
                    *to = Some(at);
                }
            }
            LegFact::Resumed { turn } => self.understood(*turn),
            // Says that are over are told with their words as happenings.
            LegFact::SayStarted { say } if self.says.contains(say) => {
                let from = at.before(SAY_LEAD);
                self.saying = Some((*say, at));
                self.blank_say(from, at + SAY_MAX);
            }
            LegFact::MediaFlows
            | LegFact::SayStarted { .. }
            | LegFact::Judged { .. }
            | LegFact::LateEcho
            | LegFact::BargedIn { .. }
            | LegFact::SayEnded { .. }
            | LegFact::SayDropped { .. }
            | LegFact::Dtmf { .. }
            | LegFact::Beep { .. }
            | LegFact::HoldSound { .. }
            | LegFact::Silence { .. }
            | LegFact::Gone(_) => {}
        }
    }

    fn happening(&mut self, at: MonoTime, happening: &Happening) {
        match happening {
            Happening::Consent { what, given } if what == RECORDING => {
                if *given {
                    self.tape.tell(Order::Start(at));
                }
            }
            Happening::Planned(reply) => {
                self.secrets.planned(reply);
                self.pause(self.secrets.asked(), at);
            }
            // The agent asks for nothing any more.
            Happening::TransferState { state: "bridged", .. } => self.pause(false, at),
            Happening::CallerSaid { turn, words, .. } => {
                if is_sensitive(words.reveal())
                    && let Some((from, to)) = self.turns.get(turn)
                {
                    let to = to.unwrap_or(at);
                    self.tape.tell(Order::Blank { sides: Sides::CALLER, from: *from, to });
                }
                self.understood(*turn);
            }
            Happening::AgentSays { say, text, .. } if is_sensitive(text.reveal()) => {
                self.says.insert(*say);
            }
            Happening::AgentStopped { say, .. } => {
                self.says.remove(say);
                if self.saying.is_some_and(|(saying, _)| saying == *say) {
                    self.saying = None;
                    self.tape.tell(Order::Unblank { sides: Sides::SENT, from: at });
                }
            }
            Happening::CallerSpeaks { .. }
            | Happening::CallerPartial { .. }
            | Happening::CallerKeyed { .. }
            | Happening::AgentSays { .. }
            | Happening::AgentStarted { .. }
            | Happening::Judged { .. }
            | Happening::LateEcho
            | Happening::BargedIn { .. }
            | Happening::Resumed
            | Happening::Consent { .. }
            | Happening::Note(_)
            | Happening::Plan(_)
            | Happening::Transfer { .. }
            | Happening::Briefing(_)
            | Happening::TransferState { .. }
            | Happening::MachineAnswered { .. }
            | Happening::Held { .. }
            | Happening::Supervised { .. }
            | Happening::HumanSaid { .. }
            | Happening::Whispered { .. }
            | Happening::CallBack { .. }
            | Happening::Reached
            | Happening::Trouble(_)
            | Happening::Ended(_) => {}
        }
    }

    fn pause(&mut self, asked: bool, at: MonoTime) {
        if asked != self.paused {
            self.paused = asked;
            self.tape.tell(if asked { Order::Pause(at) } else { Order::Resume(at) });
        }
    }

    fn understood(&mut self, turn: TurnId) {
        self.turns.retain(|other, _| *other > turn);
        self.tape.tell(Order::Understood { turn });
    }

    fn blank_say(&self, from: MonoTime, to: MonoTime) {
        self.tape.tell(Order::Blank { sides: Sides::SENT, from, to });
    }
}

/// The name of the consent to being recorded.
const RECORDING: &str = "recording";
/// A turn's first sound is told this much later at most: the detector's windows, and what the floor waits to be sure.
const ONSET: Duration = Duration::from_millis(300);
/// The first sound of a say is told on the tick on which it was sent.
const SAY_LEAD: Duration = Duration::from_millis(20);
/// No say is longer.
const SAY_MAX: Duration = Duration::from_secs(120);
