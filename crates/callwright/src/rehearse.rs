//! The demo's agent at the end of a telephone line in virtual time: everything that decides in a call, and nothing that waits.
//! Media, floor, recogniser, dialogue and action core are those of a call; sockets and clocks are left out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use callwright_actions::ActionCore;
use callwright_audio_core::Encoder;
use callwright_conversation::{Act, Conversation, ConversationConfig, Fact, Happening, HumanFact};
use callwright_dialogue_core::DialogueConfig;
use callwright_leg_core::{LegConfig, LegSpec, MediaLeg};
use callwright_loadtest::duplex::Agent;
use callwright_model::{
    AudioFormat, CallId, Codec, Expect, FRAME_MS, Frame, Hints, LegEvent, LegId, LegRole, MonoTime, SayFrame,
};
use callwright_speech::{Speech, SpeechConfig, StepEar};
use callwright_wire::actions::{Client, Consent};
use tokio::runtime::Handle;
use tokio_stream::StreamExt;

use crate::demo::Systems;
use crate::gateway::start_core;
use crate::lines::Lines;
use crate::serve::{all, loopback};

/// What all rehearsed calls share.
pub struct Stage {
    speech: SpeechConfig,
    runtime: Handle,
}

/// One call: its own airline, action core and engines, so that no call tells on another.
struct Call {
    leg: MediaLeg,
    encoder: Encoder,
    packets: u16,
    ear: StepEar,
    says: VecDeque<SayFrame>,
    conversation: Conversation,
    /// What becomes known, and when.
    inbox: VecDeque<(MonoTime, Fact)>,
    core: Client,
    speech: Speech,
    runtime: Handle,
    now: MonoTime,
    over: bool,
    call: CallId,
    _running: (Systems, Option<ActionCore>),
}

impl Stage {
    /// A stage with these engines. To be called inside a tokio runtime.
    pub fn new(speech: SpeechConfig) -> Self {
        Self { speech, runtime: Handle::current() }
    }

    /// An agent that has just picked up. To be called on a thread that may wait.
    ///
    /// # Errors
    /// When airline or action core cannot start.
    pub fn answer(&self, number: u64) -> Result<Box<dyn Agent>, String> {
        match Call::answer(self, number) {
            Ok(call) => Ok(Box::new(call)),
            Err(error) => Err(format!("{error:#}")),
        }
    }
}

impl Call {
    fn answer(stage: &Stage, number: u64) -> Result<Self> {
        let any = loopback(0);
        let (systems, core, client, lines) = stage.runtime.block_on(async {
            let systems = Systems::start().await?;
            let config = systems.config(any, any, any, None)?;
            let lines = Lines::load(&config).map_err(all)?;
            let (core, client) = start_core(&config, &lines).await?;
            anyhow::Ok((systems, core, client, lines))
        })?;
        let line = lines.lines.first().context("the demo has no line")?;
        let hints = Hints {
            expect: Expect::Anything,
            language: line.language,
            languages: Vec::new(),
            sentences: line.pack.sentences(line.language),
            likely: Vec::new(),
        };
        let spec = LegSpec { role: LegRole::Caller, format: AudioFormat::PCMU, seed: number };
        let now = MonoTime::ZERO;
        let speech = {
            let _inside = stage.runtime.enter();
            Speech::start(stage.speech.clone())?
        };
        let mut dialogue = DialogueConfig::new(Arc::clone(&line.pack), CallId(number));
        dialogue.language = line.language;
        Ok(Self {
            leg: MediaLeg::new(spec, &LegConfig::default(), speech.voice_activity(), now)?,
            encoder: Encoder::new(Codec::Pcmu)?,
            packets: 0,
            ear: speech.listen_in_step(hints),
            says: VecDeque::new(),
            conversation: Conversation::new(ConversationConfig::new(dialogue, CALLER), now),
            inbox: VecDeque::new(),
            core: client,
            speech,
            runtime: stage.runtime.clone(),
            now,
            over: false,
            call: CallId(number),
            _running: (systems, core),
        })
    }

    /// The caller's frame as the packet that it would have come in.
    fn receive(&mut self, frame: Option<&Frame>) {
        let number = self.packets;
        self.packets = self.packets.wrapping_add(1);
        let Some(frame) = frame else { return };
        let mut packet = [0; 12 + Encoder::PAYLOAD_MAX];
        packet[0] = 0x80;
        packet[2..4].copy_from_slice(&number.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(number) * 160).to_be_bytes());
        if let Ok(length) = self.encoder.encode(frame, &mut packet[12..]) {
            self.leg.handle_datagram(&packet[..12 + length], self.now);
        }
    }

    /// What the leg and the recogniser tell. Words take a frame's time to be found, as they do on a machine with room.
    fn listen(&mut self) {
        let soon = self.now + FRAME;
        while let Some(item) = self.leg.poll_heard() {
            self.ear.hear(item);
        }
        while let Some(report) = self.ear.poll_output() {
            self.inbox.push_back((soon, Fact::Recognised(CALLER, report)));
        }
        while let Some(fact) = self.leg.poll_fact() {
            tracing::debug!(call = self.call.0, at_ms = self.now.as_millis(), ?fact, "leg");
            let event = LegEvent { leg: CALLER, at: self.now, fact };
            self.inbox.push_back((self.now, Fact::Leg(event)));
        }
    }

    fn converse(&mut self) {
        loop {
            while let Some(act) = self.conversation.poll_output() {
                self.act(act);
            }
            let due = self.inbox.iter().position(|(due, _)| *due <= self.now);
            if let Some((_, fact)) = due.and_then(|place| self.inbox.remove(place)) {
                self.conversation.handle(fact, self.now);
            } else if self.conversation.poll_timeout().is_some_and(|due| due <= self.now) {
                self.conversation.handle_timeout(self.now);
            } else {
                self.over |= self.conversation.is_over();
                return;
            }
        }
    }

    fn act(&mut self, act: Act) {
        let soon = self.now + FRAME;
        match act {
            Act::Command(_, command) => {
                tracing::debug!(call = self.call.0, at_ms = self.now.as_millis(), ?command, "to the leg");
                self.leg.handle_command(&command, self.now);
            }
            Act::Say(_, say) => self.says.extend(self.speech.say_in_step(&say)),
            Act::Stop(_, turn) => self.says.retain(|item| item.turn > turn || item.frame.is_none()),
            Act::Expect(_, hints) => self.ear.expect(hints),
            Act::Plan(ask, request) => {
                let reply = self.runtime.block_on(self.core.plan(request)).ok();
                self.inbox.push_back((soon, Fact::Plan(ask, reply)));
            }
            Act::Speculate(number, request) => {
                let reply = self.runtime.block_on(self.core.plan(request)).ok();
                self.inbox.push_back((soon, Fact::Speculated(number, reply)));
            }
            Act::Execute(plan, words) => {
                let consent = Consent { call: self.call, words };
                let core = self.core.clone();
                let facts = self.runtime.block_on(async move {
                    let Ok(mut events) = core.execute(&plan, consent).await else {
                        return vec![Fact::PlanLost(plan)];
                    };
                    let mut facts = Vec::new();
                    while let Some(Ok(event)) = events.next().await {
                        facts.push(Fact::PlanEvent(event));
                    }
                    facts
                });
                self.inbox.extend(facts.into_iter().map(|fact| (soon, fact)));
            }
            // Measuring callers are strangers to each other, whatever booking they call about.
            Act::Recall(ask, _) => self.inbox.push_back((soon, Fact::Recalled(ask, None))),
            Act::CallBack { .. } => self.inbox.push_back((soon, Fact::CallBackKept(true))),
            Act::Hangup(_) => self.over = true,
            Act::Tell(happening) => self.tell(&happening),
            Act::Seek { leg, .. } => {
                let nobody = HumanFact::Nobody { why: "nobody is at a desk".to_owned(), tried: false };
                self.inbox.push_back((soon, Fact::Human(leg, nobody)));
            }
            // So nobody is rung, and what is said needs no preparation.
            Act::Dial { .. }
            | Act::Engaged(_)
            | Act::DialTarget { .. }
            | Act::DialSupervisor { .. }
            | Act::Refer { .. }
            | Act::MoveAnswered { .. }
            | Act::Moved { .. }
            | Act::Probe(_)
            | Act::Heard(_)
            | Act::Prepare(..)
            | Act::Interpret(..)
            | Act::Speculated { .. } => {}
        }
    }

    /// For who wonders why. Nobody's words are in it but those of synthetic callers.
    fn tell(&self, happening: &Happening) {
        if let Happening::CallerPartial { words, .. } | Happening::CallerSaid { words, .. } = happening {
            tracing::debug!(
                call = self.call.0,
                at_ms = self.now.as_millis(),
                words = words.reveal(),
                "heard"
            );
        }
        tracing::debug!(call = self.call.0, at_ms = self.now.as_millis(), ?happening, "rehearsal");
    }
}

impl Agent for Call {
    fn exchange(&mut self, frame: Option<&Frame>) -> Option<Frame> {
        self.now = self.now + FRAME;
        self.receive(frame);
        let Self { leg, says, now, .. } = self;
        leg.tick(&mut || says.pop_front(), *now);
        let sent = *self.leg.sent_frame();
        let mut datagram = [0; 2_048];
        while self.leg.poll_datagram(&mut datagram).is_some() {}
        self.listen();
        self.converse();
        (!self.over).then_some(sent)
    }
}

/// A tick.
const FRAME: Duration = Duration::from_millis(FRAME_MS as u64);
/// There is one leg.
const CALLER: LegId = LegId(1);
