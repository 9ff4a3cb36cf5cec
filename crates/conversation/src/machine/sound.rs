//! Who hears whom, carried out: bridges, mixes, hold sound, and whom the agent listens to.

use callwright_call_core::call::{Party, Sound};
use callwright_model::{Expect, Hints, LegCommand, LegId, Mix, MonoTime, PlanFact, Source, Tone};

use super::{Conversation, sentence};
use crate::fact::Act;
use crate::happening::Happening;

/// How the legs are joined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wiring {
    /// Caller and human alone: packets pass as they are.
    bridge: Option<LegId>,
    caller: Mix,
    human: Option<(LegId, Mix)>,
    supervisor: Option<(LegId, Mix)>,
    caller_hold: bool,
    human_hold: bool,
}

impl Conversation {
    /// Who hears whom from now on.
    pub(super) fn hear(&mut self, sound: Sound) {
        if sound.caller.human && !self.people.sound.caller.human {
            // What the caller is saying goes on to the human.
            self.turns.forgotten();
        }
        if !sound.caller.human {
            self.people.whispers = false;
        }
        self.people.sound = sound;
        self.wire();
    }

    fn wire(&mut self) {
        let caller = self.config.caller;
        let new = self.wiring();
        let old = std::mem::replace(&mut self.people.wiring, new);
        if new.caller_hold != old.caller_hold {
            self.act(Act::Command(caller, LegCommand::Tone(new.caller_hold.then_some(Tone::Hold))));
        }
        match (old.bridge, new.bridge) {
            (before, Some(with)) if before != Some(with) => {
                self.act(Act::Command(caller, LegCommand::Bridge { with }));
            }
            (Some(_), None) if new.caller.is_empty() => self.act(Act::Command(caller, LegCommand::Unbridge)),
            (_, _) => {}
        }
        self.mix(caller, old.caller, new.caller, new.bridge.is_some());
        for (before, now) in [(old.human, new.human), (old.supervisor, new.supervisor)] {
            let Some((leg, mix)) = now else { continue };
            let before = before.filter(|(other, _)| *other == leg).map(|(_, mix)| mix).unwrap_or_default();
            self.mix(leg, before, mix, new.bridge.is_some());
        }
        if let Some((leg, _)) = new.human
            && new.human_hold != old.human_hold
        {
            self.act(Act::Command(leg, LegCommand::Tone(new.human_hold.then_some(Tone::Hold))));
        }
        self.listen_to_people(old, new);
    }

    fn mix(&mut self, leg: LegId, before: Mix, mix: Mix, bridged: bool) {
        if mix == before {
            return;
        }
        if !mix.is_empty() {
            self.act(Act::Command(leg, LegCommand::Mix(mix)));
        } else if !bridged {
            self.act(Act::Command(leg, LegCommand::Unbridge));
        }
    }

    fn wiring(&self) -> Wiring {
        let sound = self.people.sound;
        let caller = Source::Voice(self.config.caller);
        let human = self.people.human_leg();
        let supervisor = self.people.supervisor;
        let (human_voice, supervisor_voice) = (human.map(Source::Voice), supervisor.map(Source::Voice));
        let alone = !sound.caller.supervisor && !sound.human.supervisor && !sound.supervisor.people();
        // What is played to somebody who waits is listened to, for it may be nothing.
        let holds = self.call.caller_holds() || self.call.human_holds();
        let bridge = human.filter(|_| {
            sound.caller.human && alone && !holds && !sound.agent_listens && !self.people.whispers
        });
        let mut wiring = Wiring {
            bridge,
            caller_hold: sound.caller.hold,
            human_hold: sound.human.hold,
            ..Wiring::default()
        };
        let listens = sound.agent_listens || !sound.caller.human;
        let none = Mix { listens, ..Mix::default() };
        if bridge.is_none() {
            let hears = [
                human_voice.filter(|_| sound.caller.human),
                supervisor_voice.filter(|_| sound.caller.supervisor),
                None,
            ];
            wiring.caller = Mix { hears, listens };
            let hears = [
                Some(caller).filter(|_| sound.human.caller),
                supervisor_voice.filter(|_| sound.human.supervisor),
                None,
            ];
            let listens = listens && (self.config.human.transcript || !sound.caller.human);
            wiring.human = human.map(|leg| (leg, Mix { hears, listens }));
            let agent = Some(Source::Agent(self.config.caller));
            let hears = [Some(caller), agent, human_voice.filter(|_| sound.supervisor.human)];
            let hears = if sound.supervisor.people() { hears } else { [None; 3] };
            wiring.supervisor = supervisor.map(|leg| (leg, Mix { hears, listens: false }));
        } else {
            wiring.human = human.map(|leg| (leg, none));
            wiring.supervisor = supervisor.map(|leg| (leg, none));
        }
        wiring
    }

    /// Recognisers of people who talk with each other expect anything; the agent's own questions count again afterwards.
    fn listen_to_people(&mut self, old: Wiring, new: Wiring) {
        let caller = self.config.caller;
        let talks = |wiring: &Wiring| {
            let human = wiring.human.filter(|(leg, _)| wiring.caller.has_voice(*leg))?;
            wiring.caller.listens.then_some(human.0)
        };
        let (before, now) = (talks(&old), talks(&new));
        if before == now {
            return;
        }
        if let Some(human) = now {
            let language = self.language;
            let theirs = self.config.dialogue.human_language;
            for (leg, language) in [(caller, language), (human, theirs)] {
                let hints = Hints {
                    expect: Expect::Anything,
                    language,
                    languages: self.pack().languages().to_vec(),
                    sentences: self.pack().sentences(language),
                    likely: Vec::new(),
                };
                self.act(Act::Expect(leg, hints));
                self.act(Act::Command(leg, LegCommand::Expect(Expect::Anything)));
            }
        } else if let Some(hints) = self.people.hints.clone() {
            self.act(Act::Command(caller, LegCommand::Expect(hints.expect.clone())));
            self.act(Act::Expect(caller, hints));
        }
    }

    /// Somebody holds the line, or does not any more: their leg's ear is closed meanwhile, for nobody there talks to us.
    pub(super) fn is_held(&mut self, who: Party, on: bool, now: MonoTime) {
        let leg = match who {
            Party::Caller => Some(self.config.caller),
            Party::Human => self.people.human_leg(),
            Party::Target | Party::Supervisor => None,
        };
        if let Some(leg) = leg {
            self.act(Act::Command(leg, LegCommand::OnHold(on)));
        }
        if who == Party::Caller {
            self.turns.forgotten();
            self.unheard = None;
            self.dialogue.handle_held(on, now);
        }
        self.wire();
        self.tell(Happening::Held { who, on });
    }

    /// Says something to the human's ear only, while they talk with the caller.
    pub(super) fn whisper(&mut self, text: String) {
        if text.is_empty() || !self.call.is_bridged() {
            return;
        }
        self.people.whispers = true;
        self.wire();
        let language = self.dialogue.briefing().language;
        if let Some(human) = &mut self.people.human {
            let say = human.say(text.clone(), language, &self.config.voice);
            self.acts.push_back(say);
            self.tell(Happening::Whispered { text: text.into() });
        }
    }

    /// A plan that was under way when the human took over has ended: they are told, and the caller is not.
    pub(super) fn whisper_outcome(&mut self, fact: &PlanFact) {
        let briefing = self.dialogue.briefing();
        let text = match fact {
            PlanFact::Completed { .. } => briefing.done.into_inner(),
            PlanFact::InDoubt { .. } => briefing.open.into_inner(),
            PlanFact::Failed { .. } => sentence(self.pack(), briefing.language, "whisper-failed"),
            PlanFact::StepStarted { .. }
            | PlanFact::StepFailed { .. }
            | PlanFact::StepUndone { .. }
            | PlanFact::StepCommitted { .. }
            | PlanFact::ApprovalAsked { .. }
            | PlanFact::Approved { .. }
            | PlanFact::Rejected { .. } => return,
        };
        self.whisper(text);
    }
}
