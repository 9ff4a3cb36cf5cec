//! The part of a call that brings in a human: their telephone, what they are told, and the bridge.

use callwright_call_core::transfer;
use callwright_dialogue_core::{Briefing, TransferResult};
use callwright_model::{
    Expect, Hints, LegCommand, LegEvent, LegFact, LegId, MonoTime, Recognised, SayId, Tone,
};

use super::{Conversation, before, sentence};
use crate::fact::{Act, HumanFact};
use crate::happening::Happening;
use crate::human::{Answer, HumanLeg};

/// A human is being brought in, or has the call.
pub(super) struct Handover {
    pub(super) machine: transfer::Transfer,
    pub(super) briefing: Briefing,
    /// What the caller must have heard before a phone rings.
    pub(super) announcement: SayId,
    pub(super) human: Option<HumanLeg>,
    pub(super) legs: u64,
    /// Words to both ends before they are connected, not yet heard.
    pub(super) connecting: Option<Connecting>,
}

pub(super) struct Connecting {
    caller: SayId,
    human: SayId,
}

impl Conversation {
    pub(super) fn human_phone(&mut self, leg: LegId, fact: &HumanFact, now: MonoTime) {
        let Some(handover) = &mut self.handover else {
            // A phone that answers after everything is over must not be left off the hook.
            if *fact == HumanFact::Answered {
                self.act(Act::Hangup(leg));
            }
            return;
        };
        if handover.human.as_ref().is_none_or(|human| human.leg != leg) {
            if *fact == HumanFact::Answered {
                self.act(Act::Hangup(leg));
            }
            return;
        }
        match fact {
            HumanFact::Ringing => {}
            HumanFact::Answered => handover.machine.handle_answered(now),
            HumanFact::Refused(why) => {
                handover.human = None;
                handover.machine.handle_declined(now);
                let why = format!("the human's phone was not answered: {why}");
                self.tell(Happening::Trouble(why));
            }
            HumanFact::Gone => {
                handover.human = None;
                handover.machine.handle_human_gone(now);
            }
        }
    }

    pub(super) fn human_leg(&mut self, event: LegEvent, now: MonoTime) {
        let Some(handover) = &mut self.handover else { return };
        let Some(human) = handover.human.as_mut().filter(|human| human.leg == event.leg) else { return };
        match event.fact {
            LegFact::SpeechStarted { turn } => human.turns.started(turn),
            LegFact::Resumed { .. } => human.turns.forgotten(),
            LegFact::TurnEnded { turn, .. } => human.turns.ended(turn),
            LegFact::SayEnded { say, .. } | LegFact::SayDropped { say } => {
                if human.briefing == Some(say) {
                    human.briefing = None;
                    handover.machine.handle_briefed(now);
                }
                self.connecting_heard(say, now);
            }
            LegFact::BargedIn { turn, say, .. } => {
                let stop = Act::Stop(human.leg, before(turn));
                human.turns.took_floor(turn);
                if human.briefing == Some(say) {
                    human.briefing = None;
                    handover.machine.handle_briefed(now);
                }
                self.connecting_heard(say, now);
                self.act(stop);
            }
            LegFact::Dtmf { digit } => match human.key(digit) {
                Answer::Accept => handover.machine.handle_accepted(now),
                Answer::Decline => handover.machine.handle_declined(now),
                Answer::Unclear => {}
            },
            LegFact::Gone(_) => {
                handover.human = None;
                handover.machine.handle_human_gone(now);
            }
            LegFact::MediaFlows
            | LegFact::Judged { .. }
            | LegFact::LateEcho
            | LegFact::SayStarted { .. }
            | LegFact::Silence { .. } => {}
        }
    }

    pub(super) fn human_words(&mut self, leg: LegId, report: Recognised, now: MonoTime) {
        let Recognised::Final(utterance) = report else { return };
        let Some(handover) = &mut self.handover else { return };
        // Once accepted, what the human says is meant for the caller.
        if !handover.machine.is_asking() {
            return;
        }
        let language = handover.briefing.language;
        let Some(human) = handover.human.as_mut().filter(|human| human.leg == leg) else { return };
        match human.words(utterance.words.reveal(), language) {
            Answer::Accept => handover.machine.handle_accepted(now),
            Answer::Decline => handover.machine.handle_declined(now),
            Answer::Unclear => {
                let again = sentence(&self.config.dialogue.pack, language, "transfer-ask-again");
                self.acts.push_back(human.say(again, language, &self.config.voice));
            }
        }
    }

    pub(super) fn connecting_heard(&mut self, say: SayId, now: MonoTime) {
        let Some(handover) = &mut self.handover else { return };
        // Both ends are told at once; the longer of the two decides, and it is the caller's or the human's say that is left.
        if let Some(connecting) = &mut handover.connecting {
            if connecting.caller == say {
                connecting.caller = SayId::default();
            } else if connecting.human == say {
                connecting.human = SayId::default();
            }
            if connecting.caller == SayId::default() && connecting.human == SayId::default() {
                handover.connecting = None;
                handover.machine.handle_ready(now);
            }
        }
    }

    pub(super) fn transfer_output(&mut self, output: transfer::Output, now: MonoTime) {
        let caller = self.config.caller;
        let Some(handover) = &mut self.handover else { return };
        match output {
            transfer::Output::Ring { human } => {
                handover.legs += 1;
                let leg = LegId(HUMAN_LEGS + caller.0 * HUMANS_PER_CALL + handover.legs % HUMANS_PER_CALL);
                handover.human = Some(HumanLeg::new(leg));
                self.act(Act::Dial { human, leg });
                self.transfer_state(Some(human));
            }
            transfer::Output::DropHuman => {
                if let Some(human) = handover.human.take() {
                    self.act(Act::Hangup(human.leg));
                }
            }
            transfer::Output::Hold(on) => {
                let tone = on.then_some(Tone::Hold);
                self.act(Act::Command(caller, LegCommand::Tone(tone)));
            }
            transfer::Output::ComfortCaller => {
                let text = sentence(self.pack(), self.language, "still-connecting");
                self.own_say(text);
            }
            transfer::Output::Brief => self.brief(),
            transfer::Output::AskAgain => {
                let language = handover.briefing.language;
                let text = sentence(&self.config.dialogue.pack, language, "transfer-ask-again");
                let say = handover.human.as_mut().map(|h| h.say(text, language, &self.config.voice));
                self.acts.extend(say);
            }
            transfer::Output::Connect => self.connect(now),
            transfer::Output::Bridge => {
                if let Some(human) = &handover.human {
                    let with = human.leg;
                    // What the caller is saying goes on to the human.
                    self.turns.forgotten();
                    self.act(Act::Command(caller, LegCommand::Bridge { with }));
                }
            }
            transfer::Output::Done(outcome) => self.transferred(outcome, now),
        }
    }

    /// The human hears who it is; the recogniser of their leg waits for a yes.
    pub(super) fn brief(&mut self) {
        let Some(handover) = &mut self.handover else { return };
        let language = handover.briefing.language;
        let question = sentence(&self.config.dialogue.pack, language, "transfer-accept");
        let text = format!("{} {question}", handover.briefing.text().reveal());
        if let Some(human) = &mut handover.human {
            let hints = Hints {
                expect: Expect::YesNo,
                language,
                languages: Vec::new(),
                sentences: self.config.dialogue.pack.sentences(language),
                likely: Vec::new(),
            };
            self.acts.push_back(Act::Expect(human.leg, hints));
            self.acts.push_back(Act::Command(human.leg, LegCommand::Expect(Expect::YesNo)));
            let say = human.say(text, language, &self.config.voice);
            human.briefing = Some(human.last_say());
            self.acts.push_back(say);
        }
        self.transfer_state(None);
    }

    /// Tells both ends that they are being connected.
    pub(super) fn connect(&mut self, now: MonoTime) {
        let (language, voice) = (self.language, self.config.voice.clone());
        let to_caller = sentence(self.pack(), language, "transfer-connecting");
        let caller = self.own_say(to_caller);
        let Some(handover) = &mut self.handover else { return };
        let theirs = handover.briefing.language;
        let text = sentence(&self.config.dialogue.pack, theirs, "transfer-connected");
        if let Some(human) = &mut handover.human {
            human.briefing = None;
            let say = human.say(text, theirs, &voice);
            let human_say = human.last_say();
            self.acts.push_back(say);
            handover.connecting = Some(Connecting { caller, human: human_say });
        } else {
            handover.machine.handle_human_gone(now);
        }
        self.transfer_state(None);
    }

    pub(super) fn transferred(&mut self, outcome: transfer::Outcome, now: MonoTime) {
        let caller = self.config.caller;
        self.transfer_state(None);
        let result = match outcome {
            transfer::Outcome::Bridged => TransferResult::Connected,
            transfer::Outcome::NobodyAccepted => TransferResult::NoAnswer,
            transfer::Outcome::NobodyConfigured => TransferResult::Unavailable,
            transfer::Outcome::HumanLeft => {
                self.act(Act::Command(caller, LegCommand::Unbridge));
                TransferResult::Returned
            }
            transfer::Outcome::CallerGone => return,
        };
        if outcome != transfer::Outcome::Bridged {
            self.handover = None;
        }
        self.dialogue.handle_transfer(result, now);
    }

    pub(super) fn transfer_state(&mut self, human: Option<usize>) {
        if let Some(handover) = &self.handover {
            let state = handover.machine.state();
            self.tell(Happening::TransferState { state, human });
        }
    }
}

/// Legs of humans are numbered apart from those of callers, which the binary counts from one.
pub(super) const HUMAN_LEGS: u64 = 1 << 48;
/// Attempts at humans whose legs can be told apart within one call.
pub(super) const HUMANS_PER_CALL: u64 = 1 << 12;
