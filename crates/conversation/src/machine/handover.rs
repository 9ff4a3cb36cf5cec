//! The part of a call that brings in a human: what they and the caller are told, and who hears whom.

use std::collections::BTreeSet;

use callwright_call_core::call::{Outcome, Output};
use callwright_dialogue_core::{Briefing, TransferResult};
use callwright_model::{Expect, Hints, Language, LegCommand, MonoTime, Record, SayId, Value};

use super::people::People;
use super::{Conversation, sentence};
use crate::fact::{Act, Wanted};
use crate::happening::{Ending, Happening};
use crate::human::HumanLeg;

/// A human is being brought in, or has the call.
pub(super) struct Handover {
    pub(super) briefing: Briefing,
    /// What who was found is briefed in, if that is known.
    pub(super) language: Option<Language>,
    /// What the caller must have heard before a phone rings.
    pub(super) announcement: SayId,
    /// Words to both ends before they are connected, not yet heard.
    pub(super) connecting: Option<Connecting>,
    /// Where the caller stands who waits for somebody to be free, and for how many minutes.
    pub(super) place: Option<(usize, Option<u64>)>,
    /// What the human must be able to do, and how much it matters that one comes soon.
    pub(super) needs: BTreeSet<String>,
    pub(super) priority: u8,
}

pub(super) struct Connecting {
    caller: SayId,
    human: SayId,
}

impl Conversation {
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
                self.call.handle_ready(now);
            }
        }
    }

    pub(super) fn call_output(&mut self, output: Output, now: MonoTime) {
        let caller = self.config.caller;
        match output {
            Output::Seek => {
                let leg = self.people.next_leg(caller);
                self.people.human = Some(HumanLeg::new(leg));
                let (skills, priority) =
                    self.handover.as_ref().map(|it| (it.needs.clone(), it.priority)).unwrap_or_default();
                let wanted = Wanted { language: self.language, skills, priority };
                self.act(Act::Seek { leg, wanted });
                self.transfer_state();
            }
            Output::Ring => {
                let leg = self.people.human_leg().unwrap_or_else(|| self.people.next_leg(caller));
                self.people.human = Some(HumanLeg::new(leg));
                self.act(Act::Dial { leg });
                self.transfer_state();
            }
            Output::RingTarget => {
                let leg = self.people.next_leg(caller);
                self.people.target = Some(leg);
                self.act(Act::DialTarget { leg });
                self.transfer_state();
            }
            Output::RingSupervisor => {
                let leg = self.people.next_leg(caller);
                self.people.supervisor = Some(leg);
                self.act(Act::DialSupervisor { leg });
            }
            Output::Refer { replaces } => {
                let replaces = replaces.then(|| self.people.human_leg()).flatten();
                self.act(Act::Refer { replaces });
                self.transfer_state();
            }
            Output::Drop(party) => self.drop_party(party),
            Output::BecomesHuman(party) => {
                self.becomes_human(party);
                // Whom the queue had found is out of the call.
                self.act(Act::Engaged(false));
                self.transfer_state();
            }
            Output::MoveAnswered(taken) => {
                let leg = self.people.human_leg();
                self.acts.extend(leg.map(|leg| Act::MoveAnswered { leg, taken }));
            }
            Output::Moved(worked) => {
                let leg = self.people.human_leg();
                self.acts.extend(leg.map(|leg| Act::Moved { leg, worked }));
                self.transfer_state();
            }
            Output::Sound(sound) => self.hear(sound),
            Output::ComfortCaller => {
                let text = self.comfort();
                self.own_say(text);
            }
            Output::Brief => self.brief(),
            Output::AskAgain => self.ask_again(),
            Output::Connect => self.connect(now),
            Output::Probe => {
                let People { human, target, supervisor, .. } = &self.people;
                let human = human.as_ref().map(|human| human.leg);
                let legs = [Some(caller), human, *target, *supervisor];
                self.acts.extend(legs.into_iter().flatten().map(Act::Probe));
            }
            Output::Held { who, on } => self.is_held(who, on, now),
            Output::Supervised(what) => {
                let by = self.people.supervised_by.clone();
                self.tell(Happening::Supervised { what, by });
            }
            Output::Done(outcome) => self.transferred(outcome, now),
        }
    }

    /// What a caller on hold hears: where they stand, when they wait for somebody to be free and the pack has words for it.
    fn comfort(&self) -> String {
        let place = self.handover.as_ref().and_then(|handover| handover.place);
        let told = place.and_then(|(place, minutes)| {
            let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
            let mut facts = Record::from([("place".to_owned(), number(place as u64))]);
            facts.extend(minutes.map(|minutes| ("minutes".to_owned(), number(minutes))));
            let wait = minutes.and_then(|_| self.pack().sentence("queue-wait", &facts, self.language));
            wait.or_else(|| self.pack().sentence("queue-place", &facts, self.language))
        });
        let told = told.unwrap_or_else(|| sentence(self.pack(), self.language, "still-connecting"));
        if self.config.dialogue.call_backs.is_none() {
            return told;
        }
        format!("{told} {}", sentence(self.pack(), self.language, "call-back-instead"))
    }

    /// The human hears who it is; the recogniser of their leg waits for a yes.
    fn brief(&mut self) {
        let Some(handover) = &mut self.handover else { return };
        let wanted = handover.language.unwrap_or(self.config.dialogue.human_language);
        handover.briefing = self.dialogue.briefing_in(wanted);
        let briefing = handover.briefing.clone();
        let language = briefing.language;
        let question = sentence(&self.config.dialogue.pack, language, "transfer-accept");
        self.acts.push_back(Act::Tell(Happening::Briefing(briefing.clone())));
        let briefing = briefing.text();
        if let Some(human) = &mut self.people.human {
            let hints = Hints {
                expect: Expect::YesNo,
                language,
                languages: Vec::new(),
                sentences: self.config.dialogue.pack.sentences(language),
                likely: Vec::new(),
            };
            self.acts.push_back(Act::Expect(human.leg, hints));
            self.acts.push_back(Act::Command(human.leg, LegCommand::Expect(Expect::YesNo)));
            let say = human.ask(briefing.reveal(), &question, language, &self.config.voice);
            human.briefing = Some(human.last_say());
            self.acts.push_back(say);
        }
        self.transfer_state();
    }

    /// Tells both ends that they are being connected.
    fn connect(&mut self, now: MonoTime) {
        let (language, voice) = (self.language, self.config.voice.clone());
        let to_caller = sentence(self.pack(), language, "transfer-connecting");
        let caller = self.own_say(to_caller);
        let Some(handover) = &mut self.handover else { return };
        let theirs = handover.briefing.language;
        let text = sentence(&self.config.dialogue.pack, theirs, "transfer-connected");
        if let Some(human) = &mut self.people.human {
            human.briefing = None;
            let say = human.say(text, theirs, &voice);
            let human_say = human.last_say();
            self.acts.push_back(say);
            handover.connecting = Some(Connecting { caller, human: human_say });
        } else {
            self.call.handle_human_gone(now);
        }
        self.transfer_state();
    }

    fn transferred(&mut self, outcome: Outcome, now: MonoTime) {
        self.transfer_state();
        self.act(Act::Engaged(outcome == Outcome::Bridged));
        let result = match outcome {
            Outcome::Bridged => TransferResult::Connected,
            Outcome::NobodyAccepted => TransferResult::NoAnswer,
            Outcome::NobodyThere => TransferResult::Unavailable,
            Outcome::HumanLeft => TransferResult::Returned,
            Outcome::HandedBack => {
                self.handover = None;
                let said = std::mem::take(&mut self.people.said);
                return self.dialogue.handle_handed_back(&said, now);
            }
            Outcome::Referred => return self.over(Ending::Transferred, now),
            Outcome::ReferredInDoubt => return self.over(Ending::TransferredInDoubt, now),
            Outcome::CallerGone => return,
        };
        if outcome == Outcome::Bridged {
            self.people.said.clear();
        } else {
            self.handover = None;
            self.people.human = None;
        }
        self.dialogue.handle_transfer(result, now);
    }

    /// The caller's leg is over.
    pub(super) fn caller_gone(&mut self, now: MonoTime) {
        // Whose network was taking them away has not hung up on us.
        self.call.handle_caller_gone(now);
        while let Some(output) = self.call.poll_output() {
            self.call_output(output, now);
        }
        self.over(Ending::Caller, now);
    }

    pub(super) fn transfer_state(&mut self) {
        let state = self.call.state();
        self.tell(Happening::TransferState { state, human: self.people.found });
    }
}
