//! One call as text in virtual time: the machine of a call and an action core, with nothing between them that waits. What the agent says
//! takes the time of saying it; whoever calls speaks when it has finished, or over it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use callwright_call_core::call::{How, Refer};
use callwright_conversation::{Act, Conversation, ConversationConfig, Ending, Fact, Happening, HumanFact};
use callwright_demo_backends::Snapshot;
use callwright_dialogue_core::{DialogueConfig, Note};
use callwright_model::{
    CallId, Expect, Identified, Language, LegEvent, LegFact, LegId, MonoTime, PlanFact, Recognised, Samples,
    Say, TurnId, Utterance, word_count,
};

use crate::core::{Core, Later};
use crate::stage::{Setup, Stage};
use crate::transcript::Told;

/// What a caller says in one turn, as a recogniser reports it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spoken {
    /// The words.
    pub words: String,
    /// How sure the recogniser is, 0 to 1; `None` of one that does not tell.
    pub confidence: Option<f32>,
    /// What else it may have been, the likelier first.
    pub alternatives: Vec<String>,
    /// The language that the recogniser has found it to be in, where it finds any.
    pub language: Option<Language>,
    /// It sounded like a cough.
    pub cough: bool,
}

impl Spoken {
    /// Words that a recogniser is sure of.
    #[must_use]
    pub fn clearly(words: &str) -> Self {
        Self { words: words.to_owned(), confidence: Some(0.95), ..Self::default() }
    }
}

/// Where a call has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The agent and the caller talk.
    Open,
    /// The caller talks with a human.
    WithHuman,
    /// It is over.
    Ended(Ending),
}

/// A call.
pub struct Call {
    conversation: Conversation,
    core: Core,
    now: MonoTime,
    /// What becomes known, by when and in which order.
    inbox: BTreeMap<(MonoTime, u64), Fact>,
    facts: u64,
    voices: BTreeMap<LegId, Voice>,
    turn: TurnId,
    language: Language,
    expect: Expect,
    stage: Stage,
    setup: Setup,
    /// Humans that were found so far.
    found: usize,
    ended: Option<Ending>,
    told: Vec<(MonoTime, Told)>,
}

/// What is being said on a leg, and since when the first of it.
#[derive(Default)]
struct Voice {
    says: VecDeque<Say>,
    since: MonoTime,
}

impl Call {
    /// A call that was just answered.
    ///
    /// # Errors
    /// When the systems cannot be prepared as the set-up says.
    pub fn begin(stage: &Stage, setup: Setup) -> Result<Self, String> {
        let core = Core::new(stage.actions.clone(), setup.systems(&stage.actions)?, setup.began_unix_ms());
        let mut dialogue = DialogueConfig::new(stage.dialogue.clone(), CallId(setup.number));
        dialogue.language = setup.language.unwrap_or(dialogue.language);
        dialogue.caller = setup.caller.clone().map(Into::into);
        dialogue.ask_recording = setup.ask_recording;
        let language = dialogue.language;
        let config = ConversationConfig::new(dialogue, CALLER);
        let mut call = Self {
            conversation: Conversation::new(config, MonoTime::ZERO),
            core,
            now: MonoTime::ZERO,
            inbox: BTreeMap::new(),
            facts: 0,
            voices: BTreeMap::new(),
            turn: TurnId(0),
            language,
            expect: Expect::Anything,
            stage: stage.clone(),
            setup,
            found: 0,
            ended: None,
            told: Vec::new(),
        };
        call.drain();
        Ok(call)
    }

    /// Everything that has happened so far, with when.
    #[must_use]
    pub fn told(&self) -> &[(MonoTime, Told)] {
        &self.told
    }

    /// Where it has come to.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.ended {
            Some(ending) => Outcome::Ended(ending),
            None if self.conversation.is_bridged() => Outcome::WithHuman,
            None => Outcome::Open,
        }
    }

    /// What is expected of the caller just now.
    #[must_use]
    pub fn expects(&self) -> &Expect {
        &self.expect
    }

    /// The language that the call is in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// How long it has taken.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.now.since(MonoTime::ZERO)
    }

    /// All data of the business systems.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub fn snapshots(&self) -> Result<BTreeMap<String, Snapshot>, String> {
        self.core.snapshots()
    }

    /// The caller listens until nothing is being said and nothing is under way.
    pub fn listen(&mut self) {
        let until = self.now + LISTEN_MAX;
        while self.ended.is_none() && self.is_busy() && self.step(until) {}
    }

    /// The caller listens until so many words of the last thing that the agent has to say were heard. Says whether it is being said.
    pub fn listen_to(&mut self, words: u16) -> bool {
        let until = self.now + LISTEN_MAX;
        while self.ended.is_none()
            && (!self.inbox.is_empty() || self.voices.get(&CALLER).is_some_and(|voice| voice.says.len() > 1))
            && self.step(until)
        {}
        let voice = self.voices.get(&CALLER);
        let heard = voice.and_then(|voice| Some(voice.since + share(voice.says.front()?, words)));
        let Some(at) = heard else { return false };
        self.pass(at.since(self.now));
        self.voices.get(&CALLER).is_some_and(|voice| !voice.says.is_empty())
    }

    /// The caller says something when the agent has finished.
    pub fn say(&mut self, spoken: &Spoken) {
        self.listen();
        self.pass(BEFORE_SPEAKING);
        self.turn = self.turn.next();
        self.leg(CALLER, LegFact::SpeechStarted { turn: self.turn });
        self.speak(spoken);
    }

    /// The caller speaks over what the agent says, see [`Self::listen_to`]; as [`Self::say`] when it says nothing.
    pub fn interrupt(&mut self, spoken: &Spoken) {
        let voice = self.voices.get(&CALLER);
        let over = voice.and_then(|voice| Some((voice.since, voice.says.front()?.clone())));
        let Some((since, say)) = over else { return self.say(spoken) };
        self.turn = self.turn.next();
        let turn = self.turn;
        self.leg(CALLER, LegFact::SpeechStarted { turn });
        if say.interruptible {
            self.voices.remove(&CALLER);
            let (played, words) = (self.now.since(since), words_until(&say, self.now.since(since)));
            self.leg(CALLER, LegFact::BargedIn { turn, say: say.id, played: Samples::of(played), words });
        }
        self.speak(spoken);
    }

    /// The caller presses keys.
    pub fn press(&mut self, keys: &str) {
        self.listen();
        self.tell(Told::Keyed(keys.to_owned()));
        for digit in keys.chars() {
            self.pass(BETWEEN_KEYS);
            self.leg(CALLER, LegFact::Dtmf { digit });
        }
    }

    /// The caller says nothing for so long.
    pub fn wait(&mut self, length: Duration) {
        self.listen();
        self.pass(length);
    }

    /// Somebody answers the question for an approval. Says whether there was one.
    pub fn approve(&mut self, approve: bool) -> bool {
        self.listen();
        let Some(events) = self.core.approve(approve, self.now) else { return false };
        self.tell(Told::Approved(approve));
        self.schedule(events.into_iter().map(|(after, event)| (after, Fact::PlanEvent(event))));
        true
    }

    /// The caller hangs up. What has begun goes on.
    pub fn hang_up(&mut self) {
        self.handle(Fact::CallerGone);
    }

    /// Speaks to the end of the turn that has begun.
    fn speak(&mut self, spoken: &Spoken) {
        if self.ended.is_some() {
            return;
        }
        let turn = self.turn;
        let length = speaking_time(&spoken.words);
        self.pass(length);
        let cough = spoken.cough;
        self.leg(
            CALLER,
            LegFact::TurnEnded { turn, length, silent: END_OF_TURN, level_db: Some(0.0), cough },
        );
        self.tell(Told::Heard { words: spoken.words.clone(), confidence: spoken.confidence });
        let utterance = Utterance {
            turn,
            words: spoken.words.clone().into(),
            alternatives: spoken.alternatives.iter().cloned().map(Into::into).collect(),
            confidence: spoken.confidence,
            language: spoken.language.unwrap_or(self.language),
            identified: spoken.language.map(|language| Identified { language, probability: 0.95 }),
        };
        self.pass(RECOGNISING);
        self.handle(Fact::Recognised(CALLER, Recognised::Final(utterance)));
    }

    fn is_busy(&self) -> bool {
        !self.inbox.is_empty() || self.voices.values().any(|voice| !voice.says.is_empty())
    }

    /// Time passes.
    fn pass(&mut self, length: Duration) {
        let until = self.now + length;
        while self.ended.is_none() && self.step(until) {}
        self.now = self.now.max(until);
    }

    /// Does what is due next, if that is not later than this. Of things due at once what was said ends first and timers come last.
    fn step(&mut self, until: MonoTime) -> bool {
        let ends =
            |(leg, voice): (&LegId, &Voice)| Some((voice.since + length_of(voice.says.front()?), *leg));
        let said = self.voices.iter().filter_map(ends).min();
        let known = self.inbox.keys().next().map(|(due, _)| *due);
        let timer = self.conversation.poll_timeout();
        let first = [said.map(|(due, _)| due), known, timer].into_iter().flatten().min();
        let Some(due) = first.filter(|due| *due <= until) else { return false };
        self.now = self.now.max(due);
        match said {
            Some((end, leg)) if end <= due => self.said(leg),
            Some(_) | None if known.is_some_and(|known| known <= due) => {
                if let Some((_, fact)) = self.inbox.pop_first() {
                    self.handle(fact);
                }
            }
            Some(_) | None => {
                self.conversation.handle_timeout(self.now);
                self.drain();
            }
        }
        true
    }

    /// Something was said to its end.
    fn said(&mut self, leg: LegId) {
        let Some(voice) = self.voices.get_mut(&leg) else { return };
        let Some(say) = voice.says.pop_front() else { return };
        voice.since = self.now;
        let silent = voice.says.is_empty();
        let (played, words) = (Samples::of(length_of(&say)), word_count(&say.text));
        self.leg(leg, LegFact::SayEnded { say: say.id, played, words });
        // A human who was told whom it is about and asked whether they take the call answers by key.
        if leg != CALLER && silent && !self.conversation.is_bridged() {
            let accepts =
                self.setup.humans.get(self.found.wrapping_sub(1)).is_some_and(|human| human.accepts);
            let digit = if accepts { '1' } else { '2' };
            let at = self.now + BEFORE_SPEAKING;
            let fact = LegEvent { leg, at, fact: LegFact::Dtmf { digit } };
            self.schedule([(BEFORE_SPEAKING, Fact::Leg(fact))]);
        }
    }

    fn leg(&mut self, leg: LegId, fact: LegFact) {
        let at = self.now;
        self.handle(Fact::Leg(LegEvent { leg, at, fact }));
    }

    fn handle(&mut self, fact: Fact) {
        self.conversation.handle(fact, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(act) = self.conversation.poll_output() {
            self.act(act);
        }
    }

    fn schedule(&mut self, facts: impl IntoIterator<Item = Later<Fact>>) {
        for (after, fact) in facts {
            self.facts += 1;
            self.inbox.insert((self.now + after, self.facts), fact);
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Say(leg, say) => {
                let voice = self.voices.entry(leg).or_default();
                if voice.says.is_empty() {
                    voice.since = self.now;
                }
                voice.says.push_back(say);
            }
            Act::Stop(leg, turn) => {
                if let Some(voice) = self.voices.get_mut(&leg) {
                    voice.says.retain(|say| say.turn > turn);
                }
            }
            Act::Expect(leg, hints) if leg == CALLER => {
                self.language = hints.language;
                self.expect = hints.expect;
            }
            Act::Plan(ask, request) => {
                let (after, reply) = self.core.plan(request, self.now);
                self.schedule([(after, Fact::Plan(ask, reply))]);
            }
            Act::Execute(plan, words) => match self.core.execute(&plan, words.reveal(), self.now) {
                Some(events) => {
                    self.schedule(events.into_iter().map(|(after, event)| (after, Fact::PlanEvent(event))));
                }
                None => self.schedule([(Duration::ZERO, Fact::PlanLost(plan))]),
            },
            // The systems of a rehearsal begin anew with each call: nobody has called before.
            Act::Recall(ask, _) => self.schedule([(Duration::ZERO, Fact::Recalled(ask, None))]),
            Act::CallBack { .. } => self.schedule([(KEEPING, Fact::CallBackKept(true))]),
            Act::Seek { leg, .. } => {
                let found = match self.setup.humans.get(self.found) {
                    Some(human) => {
                        HumanFact::Found { human: self.found, how: How::Warm, language: human.language }
                    }
                    None => {
                        HumanFact::Nobody { why: "nobody is left to ring".to_owned(), tried: self.found > 0 }
                    }
                };
                self.found += 1;
                self.schedule([(KEEPING, Fact::Human(leg, found))]);
            }
            Act::Dial { leg } => self.schedule([
                (KEEPING, Fact::Human(leg, HumanFact::Ringing)),
                (RINGING, Fact::Human(leg, HumanFact::Answered)),
            ]),
            Act::Hangup(leg) => {
                self.voices.remove(&leg);
            }
            Act::Refer { .. } => self.schedule([(KEEPING, Fact::Refer(Refer::Failed))]),
            Act::Tell(happening) => self.happened(happening),
            // Text has no sound that could be prepared or commanded, nobody looks ahead of it, and no human moves the caller on.
            Act::Command(..)
            | Act::Expect(..)
            | Act::Heard(_)
            | Act::Prepare(..)
            | Act::Interpret(..)
            | Act::Speculate(..)
            | Act::Speculated { .. }
            | Act::Engaged(_)
            | Act::DialTarget { .. }
            | Act::DialSupervisor { .. }
            | Act::MoveAnswered { .. }
            | Act::Moved { .. }
            | Act::Probe(_) => {}
        }
    }

    fn happened(&mut self, happening: Happening) {
        let told = match happening {
            Happening::AgentSays { text, kind, language, .. } => {
                let text = text.into_inner();
                let key = self.stage.dialogue.key_of(&text, language).map(str::to_owned);
                Told::Said { text, key, kind, language }
            }
            Happening::Note(Note::Understood { intent, probability, .. }) => {
                Told::Skill { intent, probability }
            }
            Happening::Note(Note::Filled { input, value }) => Told::Slot { input, value: value.into_inner() },
            Happening::Note(Note::NotUnderstood { .. }) => Told::NotUnderstood,
            Happening::Note(Note::Language(language)) => Told::Language(language),
            Happening::Plan(event) => match event.fact {
                PlanFact::StepCommitted { receipt } => Told::Step(receipt.action),
                PlanFact::StepUndone { step } => Told::Undone(step.action),
                PlanFact::StepFailed { step, .. } => Told::Failed(step.action),
                PlanFact::InDoubt { .. } => Told::InDoubt,
                PlanFact::ApprovalAsked { role } => Told::ApprovalAsked(role),
                PlanFact::StepStarted { .. }
                | PlanFact::Approved { .. }
                | PlanFact::Rejected { .. }
                | PlanFact::Completed { .. }
                | PlanFact::Failed { .. } => return,
            },
            Happening::Transfer { reason, .. } => Told::Transfer(reason),
            Happening::CallBack { kept } => Told::CallBack(kept),
            Happening::Consent { what, given } => Told::Consent { what, given },
            Happening::Ended(ending) => {
                self.ended = Some(ending);
                Told::Ended(ending)
            }
            _ => return,
        };
        self.tell(told);
    }

    fn tell(&mut self, told: Told) {
        self.told.push((self.now, told));
    }
}

/// How long it takes to say a text: some fifteen letters a second, half as many where a letter is a syllable.
fn speaking_time(text: &str) -> Duration {
    let letters: u64 = text.chars().map(|letter| if letter.len_utf8() > 2 { 2 } else { 1 }).sum();
    Duration::from_millis(300 + 65 * letters)
}

fn length_of(say: &Say) -> Duration {
    speaking_time(&say.text)
}

/// When so many words of a say were heard.
fn share(say: &Say, words: u16) -> Duration {
    length_of(say) * u32::from(words) / u32::from(word_count(&say.text).max(1))
}

/// How many words of a say were heard to their end after so long.
fn words_until(say: &Say, length: Duration) -> u16 {
    let all = word_count(&say.text);
    (1..=all).take_while(|&words| share(say, words) <= length).last().unwrap_or(0)
}

/// There is one caller.
const CALLER: LegId = LegId(1);
/// People answer a question after some half a second.
const BEFORE_SPEAKING: Duration = Duration::from_millis(500);
/// A turn is over when it has been silent for so long, as the floor has it for plain answers.
const END_OF_TURN: Duration = Duration::from_millis(600);
/// A recogniser's final pass.
const RECOGNISING: Duration = Duration::from_millis(250);
/// Keys are pressed two or three a second.
const BETWEEN_KEYS: Duration = Duration::from_millis(400);
/// What is written to a disk or looked up in a list.
const KEEPING: Duration = Duration::from_millis(20);
/// A human's phone rings twice.
const RINGING: Duration = Duration::from_secs(4);
/// Longer than the longest plan, with all its retries: who listens longer has met a mistake.
const LISTEN_MAX: Duration = Duration::from_secs(600);
