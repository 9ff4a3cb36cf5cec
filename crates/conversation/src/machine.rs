//! The pure half of a call: who hears what, who is told what, and when it is over.

mod answering;
mod called;
mod evidence;
mod handover;
mod interpreting;
mod people;
mod sound;
mod speculation;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use callwright_call_core::call;
use callwright_dialogue_core::{
    AskId, Dialogue, DialogueConfig, Manner, Note, Output, Pack, Played, SayKind, Saying, Window,
};
use callwright_model::{
    Expect, Hints, Language, LegCommand, LegEvent, LegFact, LegId, MonoTime, Pii, PlanEvent, PlanId,
    PlanReply, Progress, PromiseTerms, Recognised, Record, Say, SayId, SaySource, TurnId, Utterance, Voice,
    split_at_word, word_count,
};

use crate::fact::{Act, Fact};
use crate::happening::{Ending, Happening};
use crate::human::HumanConfig;
use crate::turns::Turns;
use called::Called;
use evidence::Evidence;
use handover::Handover;
use interpreting::Interpreting;
use people::People;
pub use people::{HUMAN_LEGS, HUMANS_PER_CALL};
use speculation::Guess;

/// How a conversation is set up.
#[derive(Debug, Clone)]
pub struct ConversationConfig {
    /// The dialogue's own set-up.
    pub dialogue: DialogueConfig,
    /// The caller's leg.
    pub caller: LegId,
    /// The voice.
    pub voice: Voice,
    /// What a human who has the call can do, and what is written down of them.
    pub human: HumanConfig,
    /// Timers of the call as a whole.
    pub call: call::Config,
    /// What is promised of calls back beside their time.
    pub promises: PromiseRules,
    /// Longest wait for a turn's utterance, after which the caller counts as not understood: a recogniser that died must
    /// not leave them in silence.
    pub recognition_max: Duration,
    /// Longest wait for the farewell to be said.
    pub farewell_max: Duration,
}

impl ConversationConfig {
    /// The usual set-up.
    #[must_use]
    pub fn new(dialogue: DialogueConfig, caller: LegId) -> Self {
        Self {
            dialogue,
            caller,
            voice: Voice::default(),
            human: HumanConfig::default(),
            call: call::Config::default(),
            promises: PromiseRules::default(),
            recognition_max: Duration::from_secs(4),
            farewell_max: Duration::from_secs(15),
        }
    }

    /// The line's voice speaks the line's language; others are spoken by whatever voice knows them.
    fn voice_for(&self, language: Language) -> Voice {
        if language == self.dialogue.language { self.voice.clone() } else { Voice::default() }
    }
}

/// What is promised of a call back beside its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromiseRules {
    /// The line that keeps it.
    pub line: String,
    /// So many tries; then people have it.
    pub tries_max: u32,
    /// So long is waited after a try that reached nobody.
    pub pause: Duration,
}

impl Default for PromiseRules {
    fn default() -> Self {
        Self { line: String::new(), tries_max: 3, pause: Duration::from_secs(600) }
    }
}

/// One call. See the crate's text.
pub struct Conversation {
    config: ConversationConfig,
    dialogue: Dialogue,
    state: State,
    turns: Turns,
    /// The last turn whose utterance was taken.
    heard: TurnId,
    /// A turn whose utterance has not come yet, and until when we wait.
    unheard: Option<(TurnId, MonoTime)>,
    expect: Expect,
    language: Language,
    /// Says on the caller's leg that have not ended yet.
    says: BTreeMap<SayId, Spoken>,
    /// The last thing the dialogue said: the reason for a transfer is heard when this has ended.
    last_say: SayId,
    /// The say that was sent to the leg last. Legs want them in growing order, whoever speaks.
    newest_say: SayId,
    /// The line brings our own voice back.
    echo: bool,
    /// What was said to the caller last, and before: what such an echo can be of.
    lately: [String; 2],
    /// What the inputs of plans were taken from.
    evidence: Evidence,
    plan: Option<PlanId>,
    /// What was prepared for the case that the turn is over.
    guess: Option<Guess>,
    /// Guesses made so far.
    guesses: u32,
    /// What a language model was asked last, and questions so far.
    interpreting: Option<Interpreting>,
    questions: u32,
    /// The call over all its legs.
    call: call::Call,
    people: People,
    /// Whom the agent has called, until it is known whether somebody is there.
    called: Option<Called>,
    handover: Option<Handover>,
    acts: VecDeque<Act>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Talking,
    /// The farewell is being said; then the call ends.
    Closing {
        after: SayId,
        until: MonoTime,
        ending: Ending,
    },
    Over,
}

/// A say on its way to the caller.
struct Spoken {
    /// What the dialogue calls it; `None` for what the call says by itself.
    dialogue: Option<SayId>,
    /// What is said.
    text: String,
}

impl Conversation {
    /// Prepares a call that was answered at `now`: the greeting is among the first acts.
    #[must_use]
    pub fn new(config: ConversationConfig, now: MonoTime) -> Self {
        let mut dialogue = Dialogue::new(config.dialogue.clone());
        dialogue.start(now);
        let language = config.dialogue.language;
        let call = call::Call::new(config.call.clone(), now);
        let called = config.dialogue.called.as_ref().map(|_| Called::new());
        let mut conversation = Self {
            config,
            dialogue,
            state: State::Talking,
            turns: Turns::default(),
            heard: TurnId::default(),
            unheard: None,
            expect: Expect::default(),
            language,
            says: BTreeMap::new(),
            last_say: SayId::default(),
            newest_say: SayId::default(),
            echo: false,
            lately: Default::default(),
            evidence: Evidence::default(),
            plan: None,
            guess: None,
            guesses: 0,
            interpreting: None,
            questions: 0,
            call,
            people: People::default(),
            called,
            handover: None,
            acts: VecDeque::new(),
        };
        conversation.drain(now);
        conversation
    }

    /// Takes a fact.
    pub fn handle(&mut self, fact: Fact, now: MonoTime) {
        match fact {
            Fact::Leg(event) if event.leg == self.config.caller => {
                self.called_leg(&event.fact, now);
                self.caller_leg(event, now);
                self.follow_called(now);
            }
            Fact::Leg(event) => self.other_leg(event, now),
            Fact::Recognised(leg, report) if leg == self.config.caller => self.caller_words(report, now),
            Fact::Recognised(leg, report) => self.human_words(leg, report, now),
            Fact::Plan(ask, reply) => self.plan_reply(ask, reply, now),
            Fact::Recalled(ask, recalled) => self.dialogue.handle_recalled(ask, recalled, now),
            Fact::Speculated(number, reply) => self.foreseen_plan(number, reply, now),
            Fact::Interpreted(number, answer) => self.model_answer(number, answer, now),
            Fact::PlanEvent(event) => self.plan_event(event, now),
            Fact::PlanLost(plan) => {
                if self.plan.as_ref() == Some(&plan) {
                    self.dialogue.handle_core_unavailable(now);
                }
            }
            Fact::CallBackKept(kept) => {
                self.tell(Happening::CallBack { kept });
                self.dialogue.handle_call_back(kept, now);
            }
            Fact::Typed(words) => {
                let turn = self.turns.answering().next();
                self.turns.ended(turn);
                let utterance = Utterance {
                    turn,
                    words,
                    alternatives: Vec::new(),
                    confidence: None,
                    language: self.language,
                    identified: None,
                };
                self.utterance(utterance, now);
            }
            Fact::Human(leg, fact) => self.phone(leg, &fact, now),
            Fact::Held(leg, hold) => self.held(leg, hold, now),
            Fact::Refer(what) => self.call.handle_refer(what, now),
            Fact::MoveAsked(leg) => self.move_asked(leg, now),
            Fact::Replaced { leg, by } => self.replaced(leg, by, now),
            Fact::Supervise { what, by } => self.supervise(what, by, now),
            Fact::CallerGone => self.caller_gone(now),
            Fact::Drain => self.drain_call(now),
        }
        self.drain(now);
    }

    /// The time asked for has come.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        if let State::Closing { until, ending, .. } = self.state
            && now >= until
        {
            self.over(ending, now);
        }
        if let Some((turn, until)) = self.unheard
            && now >= until
        {
            self.tell(Happening::Trouble(format!("no utterance came for {turn}")));
            self.utterance(silence(turn, self.language), now);
        }
        if self.dialogue.poll_timeout().is_some_and(|(due, _)| now >= due) {
            self.dialogue.handle_timeout(now);
        }
        if self.call.poll_timeout().is_some_and(|(due, _)| now >= due) {
            self.call.handle_timeout(now);
        }
        self.answering_timeout(now);
        self.called_timeout(now);
        self.drain(now);
    }

    /// What to do next, `None` when all was said.
    pub fn poll_output(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// When [`Self::handle_timeout`] is wanted. `None` only when the call is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        let closing = match self.state {
            State::Talking => None,
            State::Closing { until, .. } => Some(until),
            State::Over => return None,
        };
        let unheard = self.unheard.map(|(_, until)| until);
        let dialogue = self.dialogue.poll_timeout().map(|(due, _)| due);
        let call = self.call.poll_timeout().map(|(due, _)| due);
        let answering = [self.answering_due(), self.called_due()];
        [closing, unheard, dialogue, call].into_iter().chain(answering).flatten().min()
    }

    /// Whether the call is over; nothing is wanted any more once the acts are drained.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Whether caller and human talk with each other.
    #[must_use]
    pub fn is_bridged(&self) -> bool {
        self.call.is_bridged()
    }

    fn pack(&self) -> &Pack {
        &self.config.dialogue.pack
    }

    // The caller's leg.

    fn caller_leg(&mut self, event: LegEvent, now: MonoTime) {
        match event.fact {
            LegFact::MediaFlows => {}
            LegFact::SpeechStarted { turn } => {
                self.drop_guess(now);
                self.turns.started(turn);
                self.dialogue.handle_speech_started(turn, now);
                self.tell(Happening::CallerSpeaks { turn });
            }
            LegFact::TurnEnded { turn, length, silent, level_db, cough } => {
                self.turns.ended(turn);
                self.dialogue.handle_turn_ended(turn, Manner { length, silent, level_db, cough });
                // The words may have overtaken the fact: they come by another way.
                if turn > self.heard {
                    self.unheard = Some((turn, now + self.config.recognition_max));
                }
            }
            LegFact::BargedIn { turn, say, words, .. } => {
                self.act(Act::Stop(self.config.caller, before(turn)));
                self.turns.took_floor(turn);
                self.tell(Happening::BargedIn { turn, say });
                self.stay(say, now);
                self.played(say, words, now);
                // What waited behind it answers the same old turn: the leg will drop it, so it counts as unheard at once.
                let waiting: Vec<SayId> = self.says.keys().copied().collect();
                for say in waiting {
                    self.played(say, 0, now);
                }
            }
            LegFact::Resumed { turn } => {
                self.drop_guess(now);
                self.turns.forgotten();
                self.dialogue.handle_speech_discarded(turn, now);
                self.tell(Happening::Resumed);
            }
            LegFact::Judged { turn, verdict, evidence } => {
                self.tell(Happening::Judged { turn, verdict, evidence });
            }
            LegFact::Beep { .. } => {}
            LegFact::LateEcho => {
                self.echo = true;
                self.tell(Happening::LateEcho);
            }
            LegFact::SayStarted { say } => self.tell(Happening::AgentStarted { say }),
            LegFact::SayEnded { say, words, .. } => self.played(say, words, now),
            LegFact::SayDropped { say } => self.played(say, 0, now),
            LegFact::Dtmf { digit } => {
                self.drop_guess(now);
                self.tell(Happening::CallerKeyed { digit: digit.into() });
                if !self.is_bridged() {
                    self.evidence.keyed();
                    self.dialogue.handle_digit(digit, now);
                }
            }
            LegFact::HoldSound { plays } => self.call.handle_hold_sound(call::Party::Caller, plays, now),
            LegFact::Silence { length } => {
                if self.handover.is_none() {
                    self.dialogue.handle_silence(length, now);
                }
            }
            LegFact::Gone(_) => self.caller_gone(now),
        }
    }

    /// The caller spoke over this say. When it was the farewell they are not done.
    fn stay(&mut self, say: SayId, now: MonoTime) {
        if let State::Closing { after, ending: Ending::Agent, .. } = self.state
            && say <= after
        {
            self.state = State::Talking;
            self.dialogue.handle_farewell_cut(now);
        }
    }

    /// A say is over; the caller has heard so many of its words.
    fn played(&mut self, say: SayId, words: u16, now: MonoTime) {
        let Some(spoken) = self.says.remove(&say) else { return };
        let played = Played::words(words, word_count(&spoken.text));
        if let Some(called) = &mut self.called {
            called.heard(say, words);
        }
        let (heard, unheard) = split_at_word(&spoken.text, words);
        let (heard, unheard) = (Pii::new(heard.to_owned()), Pii::new(unheard.to_owned()));
        self.tell(Happening::AgentStopped { say, share: played.share, heard, unheard });
        if let Some(say) = spoken.dialogue {
            self.dialogue.handle_played(say, played, now);
        }
        if let Some(handover) = &self.handover {
            if say == handover.announcement {
                self.call.handle_announced(now);
            }
            self.connecting_heard(say, now);
        }
        if let State::Closing { after, ending, .. } = self.state
            && after == say
        {
            self.over(ending, now);
        }
    }

    fn caller_words(&mut self, report: Recognised, now: MonoTime) {
        match report {
            Recognised::Partial { turn, words, confidence } => {
                self.caller_goes_on(turn, words.reveal(), now);
                self.called_partial(words.reveal(), now);
                self.tell_floor(turn, words.reveal(), confidence);
                self.tell(Happening::CallerPartial { turn, words });
            }
            Recognised::Provisional(utterance) => {
                self.tell_floor(utterance.turn, utterance.words.reveal(), utterance.confidence);
                // Nothing is made ready for what may be a machine.
                if self.called.is_none() {
                    self.foresee(utterance, now);
                }
            }
            Recognised::TurnVote { turn, complete } => {
                self.act(Act::Command(self.config.caller, LegCommand::TurnVote { turn, complete }));
            }
            Recognised::Final(utterance) => {
                self.settle_guess(&utterance, now);
                // Late words of a turn that was given up on have no meaning any more.
                if utterance.turn > self.heard {
                    self.turns.ended(utterance.turn);
                    self.utterance(utterance, now);
                }
            }
        }
    }

    /// How far a turn's words have come, for the floor to judge by.
    fn tell_floor(&mut self, turn: TurnId, words: &str, confidence: Option<f32>) {
        let ours: &[String] = if self.echo { &self.lately } else { &[] };
        let progress = Progress { confidence, ..self.dialogue.progress(words, ours) };
        self.act(Act::Command(self.config.caller, LegCommand::Partial { turn, progress }));
    }

    fn utterance(&mut self, utterance: Utterance, now: MonoTime) {
        self.unheard = None;
        self.heard = utterance.turn;
        self.tell(Happening::CallerSaid {
            turn: utterance.turn,
            words: utterance.words.clone(),
            confidence: utterance.confidence,
            language: utterance.language,
        });
        if self.is_bridged() {
            // It was begun before the bridge and is for the human; the dialogue must not wait for it.
            self.dialogue.handle_speech_discarded(utterance.turn, now);
            if self.people.said.len() == SAID_MAX {
                self.people.said.remove(0);
            }
            self.people.said.push(utterance);
        } else if self.called.is_some() {
            self.called_words(utterance, now);
        } else {
            self.evidence.said(utterance.turn);
            self.dialogue.handle_utterance(utterance, now);
        }
    }

    // The action core.

    fn plan_reply(&mut self, ask: AskId, reply: Option<PlanReply>, now: MonoTime) {
        match reply {
            Some(reply) => {
                self.tell(Happening::Planned(reply.clone()));
                self.dialogue.handle_plan(ask, reply, now);
            }
            None => {
                self.tell(Happening::Trouble("the action core does not answer".to_owned()));
                self.dialogue.handle_core_unavailable(now);
            }
        }
    }

    fn plan_event(&mut self, event: PlanEvent, now: MonoTime) {
        self.tell(Happening::Plan(event.clone()));
        // One that had waited for an approval may end while another acts.
        if event.fact.ends_plan() && self.plan.as_ref() == Some(&event.plan) {
            self.plan = None;
        }
        let fact = event.fact.clone();
        self.dialogue.handle_plan_event(event, now);
        if self.is_bridged() {
            self.whisper_outcome(&fact);
        }
    }

    // Outputs of the machines inside.

    /// Carries out what the dialogue and the transfer want until neither wants anything.
    fn drain(&mut self, now: MonoTime) {
        loop {
            if let Some(output) = self.dialogue.poll_output() {
                self.dialogue_output(output, now);
            } else if let Some(output) = self.call.poll_output() {
                self.call_output(output, now);
            } else {
                return;
            }
        }
    }

    fn dialogue_output(&mut self, output: Output, now: MonoTime) {
        if self.state == State::Over {
            return;
        }
        match output {
            Output::Say(saying) => self.say(saying),
            Output::Listen(hints) => self.listen(hints),
            Output::Plan { ask, request } => {
                let request = self.evidence.attach(request);
                self.act(Act::Plan(ask, request));
            }
            Output::Recall { ask, plan } => self.act(Act::Recall(ask, plan)),
            Output::Heard { plan } => self.act(Act::Heard(plan)),
            Output::Interpret { id, question } => self.interpret(id, question, now),
            Output::Execute { plan, consent } => {
                self.plan = Some(plan.clone());
                self.act(Act::Execute(plan, consent));
            }
            Output::Transfer { reason, briefing, needs, priority } => {
                self.tell(Happening::Transfer { reason, briefing: briefing.clone() });
                let announcement = self.last_say;
                self.handover = Some(Handover {
                    briefing,
                    announcement,
                    connecting: None,
                    place: None,
                    language: None,
                    needs,
                    priority,
                });
                self.call.handle_wanted(now);
                if !self.says.contains_key(&announcement) {
                    self.call.handle_announced(now);
                }
                self.transfer_state();
            }
            Output::Unwanted => self.call.handle_unwanted(now),
            Output::CallBack { number, briefing, window } => {
                let terms = window.map(|window| self.terms(window));
                self.act(Act::CallBack { number, briefing, terms });
            }
            Output::Hangup { after } => {
                let last = self.says.iter().find(|(_, spoken)| spoken.dialogue == Some(after));
                if let Some(after) = last.map(|(say, _)| *say) {
                    let until = now + self.config.farewell_max;
                    self.state = State::Closing { after, until, ending: Ending::Agent };
                } else {
                    self.over(Ending::Agent, now);
                }
            }
            Output::Consent { what, given } => self.tell(Happening::Consent { what, given }),
            Output::Note(note) => {
                if let Note::Filled { input, .. } = &note {
                    self.evidence.filled(input);
                }
                self.tell(Happening::Note(note));
            }
        }
    }

    fn terms(&self, window: Window) -> PromiseTerms {
        let PromiseRules { line, tries_max, pause } = self.config.promises.clone();
        PromiseTerms {
            not_before_unix_ms: window.from_unix_ms,
            not_after_unix_ms: window.to_unix_ms,
            line,
            language: self.language,
            tries_max,
            pause_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
        }
    }

    // Words.

    fn say(&mut self, saying: Saying) {
        self.language = saying.language;
        let question = saying.kind == SayKind::Question;
        self.last_say =
            self.speak(Some(saying.id), saying.text, saying.source, saying.kind, saying.interruptible);
        if question {
            self.called_asked();
        }
    }

    /// Something that the call says by itself, outside of the dialogue.
    fn own_say(&mut self, text: String) -> SayId {
        self.speak(None, text, SaySource::Fixed, SayKind::Handover, true)
    }

    fn speak(
        &mut self,
        dialogue: Option<SayId>,
        text: String,
        source: SaySource,
        kind: SayKind,
        interruptible: bool,
    ) -> SayId {
        self.newest_say = self.newest_say.next();
        let (id, language) = (self.newest_say, self.language);
        self.tell(Happening::AgentSays { say: id, text: text.clone().into(), kind, language });
        self.lately = [std::mem::take(&mut self.lately[1]), text.clone()];
        self.says.insert(id, Spoken { dialogue, text: text.clone() });
        let voice = self.config.voice_for(language);
        let say = Say { id, turn: self.turns.answering(), text, language, voice, source, interruptible };
        self.act(Act::Say(self.config.caller, say));
        id
    }

    fn listen(&mut self, hints: Hints) {
        self.expect = hints.expect.clone();
        self.language = hints.language;
        self.people.hints = Some(hints.clone());
        self.act(Act::Command(self.config.caller, LegCommand::Expect(hints.expect.clone())));
        self.act(Act::Expect(self.config.caller, hints));
    }

    // The end.

    fn drain_call(&mut self, now: MonoTime) {
        if self.state != State::Talking {
            return;
        }
        if self.is_bridged() {
            self.over(Ending::Drained, now);
            return;
        }
        let text = sentence(self.pack(), self.language, "closing-down");
        let after = self.own_say(text);
        let until = now + self.config.farewell_max;
        self.state = State::Closing { after, until, ending: Ending::Drained };
    }

    fn over(&mut self, ending: Ending, now: MonoTime) {
        if self.state == State::Over {
            return;
        }
        self.drop_guess(now);
        self.state = State::Over;
        self.call.handle_caller_gone(now);
        while let Some(output) = self.call.poll_output() {
            self.call_output(output, now);
        }
        self.act(Act::Hangup(self.config.caller));
        self.tell(Happening::Ended(ending));
    }

    fn act(&mut self, act: Act) {
        self.acts.push_back(act);
    }

    fn tell(&mut self, happening: Happening) {
        self.acts.push_back(Act::Tell(happening));
    }
}

/// As much of what a caller says to a human as may tell what is left to do.
const SAID_MAX: usize = 16;

/// One of the sentences that every pack has.
fn sentence(pack: &Pack, language: Language, key: &str) -> String {
    pack.sentence(key, &Record::new(), language).unwrap_or_default()
}

/// The turn before.
fn before(turn: TurnId) -> TurnId {
    TurnId(turn.0.saturating_sub(1))
}

/// An utterance in which nothing was understood.
fn silence(turn: TurnId, language: Language) -> Utterance {
    Utterance {
        turn,
        words: String::new().into(),
        alternatives: Vec::new(),
        confidence: None,
        language,
        identified: None,
    }
}

#[cfg(test)]
mod tests;
