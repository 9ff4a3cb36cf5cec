//! One call's conversation as a pure machine. See the crate's documentation for its promises.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use callwright_model::{
    Hints, Language, MonoTime, PlanEvent, PlanId, PlanReply, Recalled, Record, SayId, SaySource, TurnId,
    Utterance, Value,
};

use crate::interpret::{Fault, InterpretId, Proposal as Interpretation};
use crate::output::{
    AskId, Briefing, DialogueConfig, Manner, Note, Output, Played, SayKind, Saying, Timer, TransferResult,
};
use crate::pack::Tongue;
use crate::words::Sentence;
use interpreting::Waiting;
use line::{Line, Plain};
use memory::Memory;
use state::{Pending, Proposal, Said, State, Work};

mod anytime;
mod closing;
mod consent;
mod correct;
mod doubt;
mod fill;
mod handover;
mod hear;
mod interpreting;
mod keys;
mod line;
mod memory;
mod plans;
mod promises;
mod prompts;
mod recall;
mod state;
mod stray;
mod subject;
mod wait;

/// One call's conversation. A copy goes its own way: it is how the shell looks ahead.
#[derive(Debug, Clone)]
pub struct Dialogue {
    config: DialogueConfig,
    state: State,
    /// The plan that runs, if one does.
    work: Option<Work>,
    /// Plans that wait for somebody's approval, while the call goes on or ends.
    waiting: BTreeMap<PlanId, Work>,
    language: Language,
    /// The caller's last finished turn: what every say answers.
    turn: TurnId,
    /// The caller speaks since then; whatever is said meanwhile would be dropped.
    speaking: Option<(TurnId, MonoTime)>,
    /// Keys pressed for what was asked, and when the last was.
    keys: String,
    key_at: MonoTime,
    /// Sayings whose end was not told yet, oldest first.
    said: Vec<Said>,
    /// When what was said should be over, should the shell never tell.
    voice_until: MonoTime,
    /// Nobody has made a sound since then, as far as is known.
    quiet_since: MonoTime,
    /// What the caller must know and has not heard.
    owed: Vec<Line>,
    /// What was said in answer to the last turn, for "say that again".
    bunch: Vec<Line>,
    /// The question of this state has not been heard.
    unheard: bool,
    /// Some of it was, and then the caller cut it short.
    cut: bool,
    /// How the turn sounded that ended last.
    manner: Option<(TurnId, Manner)>,
    /// What else is wanted, what a digression came between, what is known.
    memory: Memory,
    /// The recogniser was only half sure of the last turn.
    half_sure: bool,
    /// What the caller's last turn was left unanswered for, if it was.
    pending: Pending,
    /// The caller's last turn waits for what a language model makes of it.
    interpreting: Option<Waiting>,
    next_question: InterpretId,
    /// The caller holds the line, since then.
    held: Option<MonoTime>,
    /// The codes that were said or understood last, for a caller who wants them spelled.
    codes: Vec<String>,
    misses: u8,
    /// Misunderstandings since the call began, or since a human was brought in for them.
    missed: u8,
    /// Nobody was free, the offer of a call back was lost on the caller, and the agent has gone on with them.
    gone_on: bool,
    silences: u8,
    /// The first say of this state: what was said before it is not its question.
    asked_from: SayId,
    /// They were asked whether the call may be recorded, and have not answered.
    recording_asked: bool,
    /// What the caller has said yes to.
    consents: BTreeSet<String>,
    record: handover::CaseRecord,
    /// What is known of them from other calls.
    journey: recall::Journey,
    next_say: SayId,
    next_ask: AskId,
    listening: Option<Hints>,
    outputs: std::collections::VecDeque<Output>,
}

impl Dialogue {
    /// A conversation that has not begun.
    #[must_use]
    pub fn new(mut config: DialogueConfig) -> Self {
        if !config.pack.languages().contains(&config.language) {
            config.language = config.pack.languages().first().copied().unwrap_or(config.language);
        }
        Self {
            language: config.language,
            config,
            state: State::Fresh,
            work: None,
            waiting: BTreeMap::new(),
            turn: TurnId::default(),
            speaking: None,
            keys: String::new(),
            key_at: MonoTime::ZERO,
            said: Vec::new(),
            voice_until: MonoTime::ZERO,
            quiet_since: MonoTime::ZERO,
            owed: Vec::new(),
            bunch: Vec::new(),
            unheard: false,
            cut: false,
            manner: None,
            memory: Memory::default(),
            half_sure: false,
            pending: Pending::Nothing,
            interpreting: None,
            next_question: InterpretId(1),
            held: None,
            codes: Vec::new(),
            misses: 0,
            missed: 0,
            gone_on: false,
            silences: 0,
            asked_from: SayId(1),
            recording_asked: false,
            consents: BTreeSet::new(),
            record: handover::CaseRecord::default(),
            journey: recall::Journey::default(),
            next_say: SayId(1),
            next_ask: AskId(1),
            listening: None,
            outputs: std::collections::VecDeque::new(),
        }
    }

    /// The call is up: greet.
    pub fn start(&mut self, now: MonoTime) {
        if !matches!(self.state, State::Fresh) {
            return;
        }
        if self.config.called.is_some() {
            self.greet_called(now);
        } else if self.config.ask_recording {
            self.ask_recording(now);
        } else {
            self.greet(now);
        }
        self.listen();
    }

    /// What may be wanted is asked for in the pack's own words, or the line's.
    fn greet(&mut self, now: MonoTime) {
        self.enter(State::Open { more: false }, now);
        let sentence = match self.config.greeting.clone() {
            Some(text) => Sentence {
                required: self.tongue().words.requires("greeting"),
                ..Sentence::fixed(text, self.language)
            },
            None => self.base("greeting"),
        };
        self.tell(Plain::Greeting, sentence, now);
    }

    /// The caller has begun to speak. What would be said until their words come is kept for later.
    pub fn handle_speech_started(&mut self, turn: TurnId, now: MonoTime) {
        if self.active() && turn > self.turn {
            self.speaking = Some((turn, now));
        }
    }

    /// It was no turn after all: a cough, an "mm-hm".
    pub fn handle_speech_discarded(&mut self, turn: TurnId, now: MonoTime) {
        if self.active() && self.speaking.is_some_and(|(speaking, _)| speaking <= turn) {
            self.speaking = None;
            self.quiet_since = self.quiet_since.max(now);
            self.catch_up(now);
            self.listen();
        }
    }

    /// A turn has ended, which sounded like this.
    pub fn handle_turn_ended(&mut self, turn: TurnId, manner: Manner) {
        self.manner = Some((turn, manner));
    }

    /// What was recognised in a turn.
    pub fn handle_utterance(&mut self, utterance: Utterance, now: MonoTime) {
        if !self.active() {
            self.stale("utterance");
        } else if utterance.turn < self.turn {
            self.stale("utterance of an old turn");
        } else {
            self.hear(&utterance, now);
            self.listen();
        }
    }

    /// The caller pressed a key.
    pub fn handle_digit(&mut self, digit: char, now: MonoTime) {
        if self.active() {
            self.key(digit, now);
            self.listen();
        }
    }

    /// The action core has answered a question.
    pub fn handle_plan(&mut self, ask: AskId, reply: PlanReply, now: MonoTime) {
        self.planned(ask, reply, now);
        self.listen();
    }

    /// What the action core remembers of the caller, by the plan that was asked about; `None` when it cannot tell. One that comes too late
    /// changes nothing.
    pub fn handle_recalled(&mut self, ask: AskId, recalled: Option<Recalled>, now: MonoTime) {
        self.recalled(ask, recalled, now);
        self.listen();
    }

    /// Something happened to a plan that was executed.
    pub fn handle_plan_event(&mut self, event: PlanEvent, now: MonoTime) {
        self.plan_event(event, now);
        self.listen();
    }

    /// The action core cannot be reached, or its stream of events broke and could not be taken up again.
    pub fn handle_core_unavailable(&mut self, now: MonoTime) {
        self.core_gone(now);
        self.listen();
    }

    /// What a language model made of the utterance that it was asked about; a fault where nothing can be made of its answer.
    pub fn handle_interpretation(
        &mut self,
        id: InterpretId,
        answer: Result<Interpretation, Fault>,
        now: MonoTime,
    ) {
        self.interpreted(id, answer, now);
        self.listen();
    }

    /// A say is over: heard, cut short, or dropped.
    pub fn handle_played(&mut self, say: SayId, played: Played, now: MonoTime) {
        self.played(say, played, now);
        self.listen();
    }

    /// Nobody has made a sound for this long. Optional: the dialogue has a timer of its own that is a little more patient.
    pub fn handle_silence(&mut self, length: Duration, now: MonoTime) {
        let really = now.since(self.quiet_since) + Duration::from_millis(500) >= length;
        if self.said.is_empty() && really && length >= self.config.limits.silence {
            self.silent(now);
            self.listen();
        }
    }

    /// How the search for a human went.
    pub fn handle_transfer(&mut self, result: TransferResult, now: MonoTime) {
        self.transferred(result, now);
        self.listen();
    }

    /// The human has given the caller back. Of what was said meanwhile, the last thing that is surely one of the pack's skills is offered.
    pub fn handle_handed_back(&mut self, said: &[Utterance], now: MonoTime) {
        if !matches!(self.state, State::WithHuman) {
            return self.stale("handed back");
        }
        self.transferred(TransferResult::HandedBack, now);
        self.offer_what_was_said(said, now);
        self.listen();
    }

    /// The caller holds the line, or is back. Meanwhile nobody is asked whether they are still there.
    pub fn handle_held(&mut self, on: bool, now: MonoTime) {
        self.held = on.then_some(now);
        self.quiet_since = self.quiet_since.max(now);
    }

    /// Whether it is kept, on disk, that the caller wants to be called back.
    pub fn handle_call_back(&mut self, kept: bool, now: MonoTime) {
        self.call_back_kept(kept, now);
        self.listen();
    }

    /// The time that [`Dialogue::poll_timeout`] asked for has come. Does nothing when it has not.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        // Each pass deals with one timer and moves it into the future; the bound is a safeguard, not a limit that is met.
        for _ in 0..8 {
            match self.poll_timeout() {
                Some((at, timer)) if at <= now => self.expire(timer, now),
                Some(_) | None => break,
            }
        }
        self.listen();
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Dialogue::handle_timeout`] wants to be called, and why. `None` before the start, after the end, and while a human
    /// speaks with the caller; never otherwise.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(MonoTime, Timer)> {
        self.next_timer()
    }

    /// The language that the call is in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether words, more than one, are the begin of something that callers are known to say.
    pub(crate) fn is_begun(&self, words: &str) -> bool {
        words.contains(' ') && self.tongue().interpreter.is_begun(words)
    }

    /// Whether words are what callers are known to say, from the first to the last.
    pub(crate) fn is_known(&self, words: &str) -> bool {
        self.tongue().interpreter.is_known(words)
    }

    /// What words would be taken for as they are.
    pub(crate) fn read(&self, words: &str) -> crate::Reading {
        self.tongue().interpreter.read(words)
    }

    /// The caller spoke over the farewell: for them the call is not over, and what they say is heard.
    pub fn handle_farewell_cut(&mut self, now: MonoTime) {
        if self.ended() {
            self.enter(State::Open { more: true }, now);
        }
    }

    /// Goodbye was said: nothing will come any more.
    #[must_use]
    pub fn ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The name of the state, for the console.
    #[must_use]
    pub fn state(&self) -> &'static str {
        self.state.name()
    }

    /// What is expected of the caller just now.
    #[must_use]
    pub fn hints(&self) -> Hints {
        self.current_hints()
    }

    /// What a human would be told if the call were handed over now.
    #[must_use]
    pub fn briefing(&self) -> Briefing {
        self.briefing_in(self.config.human_language)
    }

    /// The same in the language of the human who was found, and as things are by now: a plan may have ended while they were looked for.
    #[must_use]
    pub fn briefing_in(&self, language: Language) -> Briefing {
        let reason = match &self.state {
            State::Handover { reason, .. } => Some(*reason),
            State::Fresh
            | State::Open { .. }
            | State::Proposing(_)
            | State::Asking { .. }
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Planning { .. }
            | State::Choosing { .. }
            | State::ReadBack { .. }
            | State::Acting { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => None,
        };
        self.brief(reason, language)
    }

    /// It has begun, has not ended and is not in a human's hands.
    fn active(&self) -> bool {
        !matches!(self.state, State::Fresh | State::WithHuman | State::Ended)
    }

    /// The only place where the state is written.
    fn enter(&mut self, next: State, now: MonoTime) {
        if self.state.name() != next.name() {
            self.outputs.push_back(Output::Note(Note::State(next.name())));
        }
        self.state = next;
        self.journey.let_go();
        // People will talk about all of it, or nobody will.
        if matches!(self.state, State::Handover { .. } | State::WithHuman | State::Ended) {
            self.memory.next.clear();
            self.memory.aside = None;
        }
        if !matches!(self.state, State::Proposing(Proposal::Recording)) {
            self.recording_unanswered();
        }
        self.unheard = false;
        self.cut = false;
        self.pending = Pending::Nothing;
        self.interpreting = None;
        self.asked_from = self.next_say;
        self.keys.clear();
        self.quiet_since = self.quiet_since.max(now);
    }

    /// Takes the state out to move what it holds into the next one, which must be entered at once.
    fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Open { more: true })
    }

    fn note(&mut self, note: Note) {
        self.outputs.push_back(Output::Note(note));
    }

    fn stale(&mut self, what: &'static str) {
        self.note(Note::Stale(what));
    }

    fn tongue(&self) -> &Tongue {
        self.config.pack.tongue(self.language)
    }

    /// A sentence of ours that needs no facts. The base words are complete, which a test checks.
    fn base(&self, key: &str) -> Sentence {
        self.words(key, &Record::new())
    }

    /// A sentence under facts. A pack whose sentence cannot be said with the facts at hand gives the honest fallback.
    fn words(&self, key: &str, facts: &Record) -> Sentence {
        let words = &self.tongue().words;
        words
            .render(key, facts)
            .or_else(|| words.render("lost-for-words", &Record::new()))
            .unwrap_or_else(|| Sentence::fixed(String::new(), self.language))
    }

    fn words_with(&self, key: &str, name: &str, value: String) -> Sentence {
        self.words(key, &Record::from([(name.to_owned(), Value::Text(value))]))
    }

    fn tell(&mut self, kind: Plain, sentence: Sentence, now: MonoTime) {
        self.say(Line::plain(kind, sentence), now);
    }

    /// Says something now, or keeps it for later when the caller is speaking.
    fn say(&mut self, line: Line, now: MonoTime) {
        self.bunch.push(line.clone());
        if self.speaking.is_some() {
            self.not_heard(line);
            return;
        }
        let id = self.next_say;
        self.next_say = id.next();
        if let State::ReadBack { say, heard, .. } = &mut self.state
            && line.kind() == SayKind::ReadBack
        {
            (*say, *heard) = (Some(id), 0.0);
        }
        let Sentence { text, language, fixed, required, codes } = line.sentence().clone();
        if !codes.is_empty() {
            self.codes = codes;
        }
        self.voice_until = self.voice_until.max(now) + speaking_time(&text);
        let source = if fixed { SaySource::Fixed } else { SaySource::Rendered };
        let kind = line.kind();
        self.outputs.push_back(Output::Say(Saying {
            id,
            turn: self.turn,
            text,
            language,
            source,
            kind,
            interruptible: !required,
        }));
        self.said.push(Said { id, line });
        // A shell that never tells what was played must not make this grow.
        if self.said.len() > 16 {
            self.said.remove(0);
        }
    }

    /// Keeps what must not be lost.
    fn not_heard(&mut self, line: Line) {
        match line.kind() {
            SayKind::Claim | SayKind::Answer | SayKind::Apology | SayKind::Handover => {
                if !self.owed.contains(&line) && self.owed.len() < 8 {
                    self.owed.push(line);
                }
            }
            SayKind::Greeting | SayKind::Question | SayKind::ReadBack => self.unheard = true,
            SayKind::Progress | SayKind::Prompt | SayKind::Farewell => {}
        }
    }

    /// Tells the shell what to listen for, when that has changed.
    fn listen(&mut self) {
        if !self.active() {
            return;
        }
        let hints = self.current_hints();
        if self.listening.as_ref() != Some(&hints) {
            self.outputs.push_back(Output::Listen(hints.clone()));
            self.listening = Some(hints);
        }
    }

    fn goodbye(&mut self, key: &str, now: MonoTime) {
        let sentence = self.base(key);
        self.goodbye_with(sentence, now);
    }

    fn goodbye_with(&mut self, sentence: Sentence, now: MonoTime) {
        self.speaking = None;
        self.pay_owed(now);
        self.tell(Plain::Farewell, sentence, now);
        let after = SayId(self.next_say.0.wrapping_sub(1));
        self.outputs.push_back(Output::Hangup { after });
        self.enter(State::Ended, now);
    }
}

/// How long a text takes to say, generously: ten characters a second and a second to start. Only a shell that never tells
/// what was played makes this matter.
fn speaking_time(text: &str) -> Duration {
    Duration::from_millis(1_000 + 100 * text.chars().count() as u64)
}
