//! The telephones beside the caller's: the human's, whom the human moves the caller on to, and a supervisor's.

use callwright_call_core::call::{Hold, Party, Sound, Supervise};
use callwright_dialogue_core::{HumanWish, human_wish};
use callwright_model::{Hints, LegEvent, LegFact, LegId, MonoTime, Recognised, SayId, Utterance};

use super::sound::Wiring;
use super::{Conversation, before};
use crate::fact::{Act, HumanFact};
use crate::happening::Happening;
use crate::human::{Answer, HumanLeg};

/// Who is rung, or talks, beside the caller.
#[derive(Default)]
pub(super) struct People {
    pub(super) human: Option<HumanLeg>,
    /// Whom the queue has found last, by place in its list.
    pub(super) found: Option<usize>,
    pub(super) target: Option<LegId>,
    pub(super) supervisor: Option<LegId>,
    /// On whose wish the supervisor does what they do.
    pub(super) supervised_by: Option<String>,
    /// Who hears whom.
    pub(super) sound: Sound,
    pub(super) wiring: Wiring,
    /// The agent has something to say to the human alone.
    pub(super) whispers: bool,
    /// What was last expected of the caller by the dialogue.
    pub(super) hints: Option<Hints>,
    /// What the caller has said to the human, the last of it.
    pub(super) said: Vec<Utterance>,
    legs: u64,
}

impl People {
    /// A name for another leg of this call.
    pub(super) fn next_leg(&mut self, caller: LegId) -> LegId {
        self.legs += 1;
        LegId(HUMAN_LEGS + caller.0 * HUMANS_PER_CALL + self.legs % HUMANS_PER_CALL)
    }

    pub(super) fn human_leg(&self) -> Option<LegId> {
        self.human.as_ref().map(|human| human.leg)
    }

    fn party(&self, leg: LegId) -> Option<Party> {
        if self.human_leg() == Some(leg) {
            Some(Party::Human)
        } else if self.target == Some(leg) {
            Some(Party::Target)
        } else if self.supervisor == Some(leg) {
            Some(Party::Supervisor)
        } else {
            None
        }
    }
}

impl Conversation {
    /// What somebody's telephone does.
    pub(super) fn phone(&mut self, leg: LegId, fact: &HumanFact, now: MonoTime) {
        let Some(party) = self.people.party(leg) else {
            // A phone that answers after everything is over must not be left off the hook.
            if *fact == HumanFact::Answered {
                self.act(Act::Hangup(leg));
            }
            return;
        };
        match fact {
            HumanFact::Waiting { place, minutes } => {
                if let Some(handover) = &mut self.handover {
                    handover.place = Some((*place, *minutes));
                }
                self.call.handle_waiting(now);
            }
            HumanFact::Found { human, how, language } => {
                if let Some(handover) = &mut self.handover {
                    handover.place = None;
                    handover.language = *language;
                }
                self.people.found = Some(*human);
                self.call.handle_found(*how, now);
            }
            HumanFact::Nobody { why, tried } => {
                self.tell(Happening::Trouble(format!("no human will come: {why}")));
                self.call.handle_nobody(*tried, now);
            }
            HumanFact::Ringing => {}
            HumanFact::Answered => match party {
                Party::Human => self.call.handle_answered(now),
                Party::Target => self.call.handle_target_answered(now),
                Party::Supervisor => self.call.handle_supervisor_answered(now),
                Party::Caller => {}
            },
            HumanFact::Refused(why) => {
                self.tell(Happening::Trouble(format!("a {party:?}'s phone was not answered: {why}")));
                if party == Party::Human {
                    self.people.human = None;
                    self.call.handle_declined(now);
                } else {
                    self.gone(party, now);
                }
            }
            HumanFact::Gone => self.gone(party, now),
        }
    }

    fn gone(&mut self, party: Party, now: MonoTime) {
        match party {
            Party::Human => {
                self.people.human = None;
                self.call.handle_human_gone(now);
                if self.call.is_with_human() {
                    // They have moved the caller on and are free for others.
                    self.act(Act::Engaged(false));
                }
            }
            Party::Target => {
                self.people.target = None;
                self.call.handle_target_gone(now);
            }
            Party::Supervisor => {
                self.people.supervisor = None;
                self.call.handle_supervisor_gone(now);
            }
            Party::Caller => {}
        }
    }

    /// What the media of another leg than the caller's tells.
    pub(super) fn other_leg(&mut self, event: LegEvent, now: MonoTime) {
        match self.people.party(event.leg) {
            Some(Party::Human) => self.human_leg(event.fact, now),
            Some(party) => {
                if let LegFact::Gone(_) = event.fact {
                    self.gone(party, now);
                } else if party == Party::Supervisor
                    && let LegFact::Dtmf { digit } = event.fact
                    && let Some(what) = supervisor_key(digit)
                {
                    self.people.supervised_by = None;
                    self.call.handle_supervise(what, now);
                }
            }
            None => {}
        }
    }

    fn human_leg(&mut self, fact: LegFact, now: MonoTime) {
        let Some(human) = &mut self.people.human else { return };
        match fact {
            LegFact::SpeechStarted { turn } => {
                human.turns.started(turn);
                human.answering.handle_speech_started(turn, now);
            }
            LegFact::Resumed { turn } => {
                human.turns.forgotten();
                human.answering.handle_speech_discarded(turn);
            }
            LegFact::TurnEnded { turn, length, .. } => {
                human.turns.ended(turn);
                human.answering.handle_turn_ended(turn, length);
            }
            LegFact::Beep { .. } => human.answering.handle_beep(),
            LegFact::SayEnded { say, words, .. } => {
                human.heard(say, words);
                self.said_to_human(say, now);
            }
            LegFact::SayDropped { say } => self.said_to_human(say, now),
            LegFact::BargedIn { turn, say, words, .. } => {
                let stop = Act::Stop(human.leg, before(turn));
                human.turns.took_floor(turn);
                human.heard(say, words);
                self.said_to_human(say, now);
                self.act(stop);
            }
            LegFact::Dtmf { digit } => self.human_key(digit, now),
            LegFact::Gone(_) => self.gone(Party::Human, now),
            LegFact::HoldSound { plays } => self.call.handle_hold_sound(Party::Human, plays, now),
            LegFact::MediaFlows
            | LegFact::Judged { .. }
            | LegFact::LateEcho
            | LegFact::SayStarted { .. }
            | LegFact::Silence { .. } => {}
        }
        self.follow_answering(now);
    }

    /// A say on the human's leg is over.
    fn said_to_human(&mut self, say: SayId, now: MonoTime) {
        let briefing = self.people.human.as_mut().and_then(|human| human.briefing.take_if(|it| *it == say));
        if briefing.is_some() {
            self.call.handle_briefed(now);
        }
        self.connecting_heard(say, now);
    }

    fn human_key(&mut self, digit: char, now: MonoTime) {
        let Some(human) = &mut self.people.human else { return };
        match human.key(digit, self.call.is_with_human(), &self.config.human) {
            Answer::Accept => self.call.handle_accepted(now),
            Answer::Decline => self.call.handle_declined(now),
            Answer::HandBack => self.call.handle_handed_back(now),
            Answer::Stay => {
                let stays = !self.call.agent_listens();
                self.call.handle_agent_stays(stays, now);
            }
            Answer::Unclear => {}
        }
    }

    pub(super) fn human_words(&mut self, leg: LegId, report: Recognised, now: MonoTime) {
        if self.people.party(leg) != Some(Party::Human) {
            return;
        }
        if self.call.is_asking() {
            return self.human_answers(report, now);
        }
        let Recognised::Final(utterance) = report else { return };
        if self.call.is_with_human() {
            let wish = human_wish(self.pack(), utterance.words.reveal(), utterance.language);
            self.tell(Happening::HumanSaid { words: utterance.words, language: utterance.language });
            match wish {
                Some(HumanWish::HandBack) => self.call.handle_handed_back(now),
                Some(HumanWish::Stay) => self.call.handle_agent_stays(true, now),
                Some(HumanWish::Leave) => self.call.handle_agent_stays(false, now),
                None => {}
            }
        }
    }

    /// Somebody holds the line, or does not any more.
    pub(super) fn held(&mut self, leg: LegId, hold: Hold, now: MonoTime) {
        let party = if leg == self.config.caller { Some(Party::Caller) } else { self.people.party(leg) };
        if let Some(party) = party {
            self.call.handle_held(party, hold, now);
        }
    }

    pub(super) fn move_asked(&mut self, leg: LegId, now: MonoTime) {
        if self.people.party(leg) == Some(Party::Human) {
            self.call.handle_move_asked(now);
        } else {
            self.act(Act::MoveAnswered { leg, taken: false });
        }
    }

    /// Another phone has taken the place of the human's.
    pub(super) fn replaced(&mut self, leg: LegId, by: LegId, now: MonoTime) {
        let mut new = Some(HumanLeg::new(by));
        if self.people.party(leg) == Some(Party::Human) {
            std::mem::swap(&mut self.people.human, &mut new);
            if self.call.handle_replaced(now) {
                self.act(Act::Hangup(leg));
                return;
            }
            std::mem::swap(&mut self.people.human, &mut new);
        }
        self.act(Act::Hangup(by));
    }

    pub(super) fn supervise(&mut self, what: Option<Supervise>, by: String, now: MonoTime) {
        self.people.supervised_by = Some(by).filter(|by| !by.is_empty());
        match what {
            Some(what) => self.call.handle_supervise(what, now),
            None => self.call.handle_supervise_end(now),
        }
    }

    /// A leg has another part in the call from now on.
    pub(super) fn becomes_human(&mut self, party: Party) {
        let leg = match party {
            Party::Target => self.people.target.take(),
            Party::Supervisor => self.people.supervisor.take(),
            Party::Caller | Party::Human => None,
        };
        if let Some(leg) = leg {
            self.people.human = Some(HumanLeg::new(leg));
        }
    }

    pub(super) fn drop_party(&mut self, party: Party) {
        let leg = match party {
            Party::Caller => Some(self.config.caller),
            Party::Human => self.people.human.take().map(|human| human.leg),
            Party::Target => self.people.target.take(),
            Party::Supervisor => self.people.supervisor.take(),
        };
        if let Some(leg) = leg {
            self.act(Act::Hangup(leg));
        }
    }
}

/// What a key on a supervisor's phone means: the first three as Asterisk's `ChanSpy` has them.
const fn supervisor_key(digit: char) -> Option<Supervise> {
    match digit {
        '4' => Some(Supervise::Listen),
        '5' => Some(Supervise::Whisper),
        '6' => Some(Supervise::Barge),
        '7' => Some(Supervise::TakeOver),
        _ => None,
    }
}

/// Legs of humans are numbered apart from those of callers, which the binary counts from one.
pub const HUMAN_LEGS: u64 = 1 << 48;
/// Attempts at humans whose legs can be told apart within one call.
pub const HUMANS_PER_CALL: u64 = 1 << 12;
