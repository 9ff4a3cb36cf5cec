//! What an utterance means in the present state, and what follows.

use callwright_model::{Expect, MonoTime, Pii, Record, SlotType, TurnId, Utterance, UtteranceSort, Value};

use super::Dialogue;
use super::line::{Line, Plain};
use super::state::{How, Pending, Proposal, State, Task};
use crate::language;
use crate::output::{Manner, Note, TransferReason};
use crate::progress::breaks_off;
use crate::slots::{self, YesNo};
use crate::sort::sort_of;
use crate::understand::{Intent, Reading};
use crate::verbalise::spelled;

/// Below this the interpreter's best guess is not even worth a question.
const WORTH_A_QUESTION: f32 = 0.35;

/// A change of subject in the middle of a question must be this clear.
const CHANGE_OF_SUBJECT: f32 = 0.7;

/// A recogniser must be this sure of what was said away from the telephone, and of a goodbye in a word, before it is acted on.
const SURE: f32 = 0.8;

/// A cough becomes a word or two.
const FEW: usize = 2;

/// As sure as this of a word or two, a recogniser heard somebody speak. Over rehearsals nine in ten of the coughs that it made words of
/// lie below, and half of the short answers in noise above.
const SURE_OF_A_WORD: f32 = 0.55;

impl Dialogue {
    pub(super) fn hear(&mut self, utterance: &Utterance, now: MonoTime) {
        self.turn = utterance.turn;
        self.speaking = None;
        let manner = self.manner_of(utterance.turn);
        self.quiet_since = manner.map_or(now, |manner| now.before(manner.silent));
        let before = std::mem::take(&mut self.bunch);
        self.pay_owed(now);
        self.bunch.clear();
        let words = utterance.words.reveal().as_str();
        let unsure = is_below(utterance, self.config.limits.confidence);
        self.pending = Pending::Nothing;
        if slots::is_empty(words) {
            self.unanswered(Pending::NotUnderstood, now);
            return;
        }
        if self.is_no_answer(words) {
            let hold_on = self.tongue().interpreter.read(words).clear() == Some(&Intent::Wait);
            self.note(Note::NotForUs { turn: utterance.turn, sort: sort_of(words, self.language) });
            self.unanswered(if hold_on { Pending::TakeYourTime } else { Pending::Nothing }, now);
            return;
        }
        if self.is_stray(utterance) {
            self.note(Note::NotForUs { turn: utterance.turn, sort: UtteranceSort::SideTalk });
            self.unanswered(Pending::NotUnderstood, now);
            return;
        }
        if unsure {
            if self.state.waits_for_caller() {
                self.doubt(words, now);
            }
            return;
        }
        self.silences = 0;
        if self.switch_language(utterance, now) {
            return;
        }
        let reading = self.tongue().interpreter.read(words);
        self.note(Note::Understood {
            turn: utterance.turn,
            intent: reading.intent.name().to_owned(),
            probability: reading.probability,
        });
        match &self.state {
            State::Planning { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. } => self.meanwhile(&reading, before, now),
            State::Open { .. } => self.open(words, &reading, before, now),
            State::Proposing(Proposal::Recording) => self.consider_recording(words, &reading, before, now),
            State::Proposing(_) | State::ReadBack { .. } => self.decide(words, &reading, before, now),
            State::Asking { .. } | State::AskingNumber { .. } | State::Choosing { .. } => {
                self.take_answer(utterance, &reading, before, now)
            }
            State::Fresh | State::WithHuman | State::Ended => {}
        }
    }

    /// A sound, a "mm-hm" or a word to somebody else, unless it answers what was asked: "right" may be a yes, "not now" a no, and
    /// "oh" a zero.
    fn is_no_answer(&self, words: &str) -> bool {
        let sort = sort_of(words, self.language);
        if sort == UtteranceSort::Speech {
            return false;
        }
        let yes_no = slots::yes_no(words, self.language).is_some();
        match &self.state {
            State::Proposing(_) | State::ReadBack { .. } | State::Open { more: true } => !yes_no,
            // "Hold on a second" does not choose the second.
            State::Asking { .. } | State::AskingNumber { .. } | State::Choosing { .. } => {
                sort == UtteranceSort::SideTalk
                    || slots::filled(&self.current_expect(), words, self.language) == 0
            }
            State::Fresh
            | State::Open { more: false }
            | State::Planning { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => true,
        }
    }

    /// How this turn sounded, if it is the last that ended.
    fn manner_of(&self, turn: TurnId) -> Option<Manner> {
        self.manner.filter(|(ended, _)| *ended == turn).map(|(_, manner)| manner)
    }

    /// Whether this seems to be somebody's cough that was taken for words, or to be said to somebody else.
    fn is_stray(&self, utterance: &Utterance) -> bool {
        let words = utterance.words.reveal().as_str();
        let Some(manner) = self.manner_of(utterance.turn) else { return false };
        let doubtful = is_below(utterance, SURE);
        let few = words.split_whitespace().count() <= FEW;
        // What is said away from the telephone is nobody's answer, and of a cough a recogniser makes a word that may even be expected.
        if manner.is_aside() || manner.cough && few {
            return doubtful || !self.makes_sense(words);
        }
        if !manner.is_short() || !few {
            return false;
        }
        let several = match self.current_expect() {
            Expect::Code { min, .. } | Expect::Digits { min, .. } => min > 1,
            Expect::Anything | Expect::YesNo | Expect::Choice { .. } | Expect::Date | Expect::Name => false,
        };
        let no_answer = several && !words.contains(' ') || breaks_off(words, self.language);
        let goodbye = || self.tongue().interpreter.read(words).clear() == Some(&Intent::Goodbye);
        let mumbled = utterance.confidence.is_none_or(|confidence| confidence < SURE_OF_A_WORD);
        no_answer || doubtful && goodbye() || mumbled && !self.makes_sense(words)
    }

    /// Whether words can be used as they are in the present state.
    fn makes_sense(&self, words: &str) -> bool {
        let plain = |reading: Reading| reading.clear().is_some() && reading.probability >= CHANGE_OF_SUBJECT;
        slots::filled(&self.current_expect(), words, self.language) > 0
            || plain(self.tongue().interpreter.read(words))
    }

    /// Says nothing to what was heard; only a question that it kept from being asked is asked now, and one that was cut short by it
    /// again, after a while.
    fn unanswered(&mut self, pending: Pending, now: MonoTime) {
        if !self.state.waits_for_caller() {
            return;
        }
        let interrupted = self.unheard || self.cut;
        let unasked = self.unheard && !self.cut;
        let manner = self.manner_of(self.turn);
        let passing = manner.is_some_and(|manner| manner.is_short() || manner.is_aside());
        if unasked || interrupted && !passing {
            self.ask(How::Repeat, now);
        } else {
            self.pending = if interrupted { Pending::Again } else { pending };
        }
    }

    /// Words that the recogniser is not sure of are never acted on. When they make sense they are read back, else the question is
    /// asked in other words.
    fn doubt(&mut self, words: &str, now: MonoTime) {
        // A telephone number is read back in any case.
        if self.take_number(words, now) {
            return;
        }
        let value = match &self.state {
            State::Asking { task, input } => match self.config.pack.input(&task.skill, input) {
                // Digits are most often secret: nothing to say aloud.
                Some(spec) if !matches!(spec.slot, SlotType::Digits { .. }) => {
                    self.slot_value(&spec.slot, words)
                }
                Some(_) | None => None,
            },
            State::Choosing { offer, .. } => {
                slots::choice(words, &offer.options, self.language).map(|number| Value::Int(number as i64))
            }
            State::Open { .. } => match self.tongue().interpreter.read(words).clear() {
                Some(Intent::Skill(skill)) => {
                    let task = self.new_task(&skill.clone(), words);
                    self.enter(State::Proposing(Proposal::Skill(task)), now);
                    return self.ask(How::First, now);
                }
                Some(_) | None => None,
            },
            // A doubtful yes or no is best asked for again, in words that are hard to mishear.
            State::Proposing(_)
            | State::AskingNumber { .. }
            | State::ReadBack { .. }
            | State::Fresh
            | State::Planning { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => None,
        };
        let Some(value) = value else { return self.not_understood(now) };
        let back = Box::new(self.take_state());
        self.enter(State::Proposing(Proposal::Answer { value, back }), now);
        self.ask(How::First, now);
    }

    /// The caller has confirmed what was heard in doubt.
    pub(super) fn confirmed(&mut self, value: Value, back: State, now: MonoTime) {
        self.enter(back, now);
        match (&self.state, &value) {
            (State::Choosing { .. }, Value::Int(number)) => {
                if !usize::try_from(*number).is_ok_and(|number| self.choose(number, now)) {
                    self.not_understood(now);
                }
            }
            (State::Asking { task, input }, _) => {
                let (mut task, input) = (task.clone(), input.clone());
                self.filled(&input, &value);
                task.inputs.insert(input, value);
                self.plan(task, now);
            }
            _ => self.not_understood(now),
        }
    }

    /// Goes on in another language when the caller asks for it or plainly speaks it. Says whether that was all they said.
    fn switch_language(&mut self, utterance: &Utterance, now: MonoTime) -> bool {
        let words = utterance.words.reveal().as_str();
        let languages = self.config.pack.languages();
        let asked = language::requested(words, languages).filter(|asked| *asked != self.language);
        let spelling = matches!(self.state, State::Asking { .. } | State::AskingNumber { .. });
        let spoken = || language::spoken(utterance, self.language, languages, spelling);
        let Some(next) = asked.or_else(spoken) else { return false };
        self.language = next;
        self.note(Note::Language(next));
        if asked.is_none() {
            return false;
        }
        self.misses = 0;
        let sentence = self.base("language-switched");
        self.tell(Plain::Progress, sentence, now);
        self.ask(How::Repeat, now);
        true
    }

    /// The caller speaks while something else goes on.
    fn meanwhile(&mut self, reading: &Reading, before: Vec<Line>, now: MonoTime) {
        let waiting_for_human = matches!(self.state, State::Handover { .. });
        match reading.clear() {
            Some(Intent::Human) if !waiting_for_human => self.hand_over(TransferReason::Asked, now),
            Some(Intent::Goodbye) if reading.probability >= CHANGE_OF_SUBJECT => {
                self.goodbye("farewell", now)
            }
            Some(Intent::Repeat) if !before.is_empty() => self.repeat(before, now),
            Some(Intent::Spell) if !self.codes.is_empty() => self.spell(now),
            Some(Intent::Stop) if matches!(self.state, State::Planning { .. }) => {
                self.abandon("abandoned", now)
            }
            _ => {
                let key = match &self.state {
                    State::Handover { .. } => "still-connecting",
                    State::Acting { .. } => "still-working",
                    _ => "progress-again",
                };
                let next = now + self.config.limits.progress_again;
                if let State::Planning { comfort, .. }
                | State::Acting { comfort, .. }
                | State::Arranging { comfort, .. } = &mut self.state
                {
                    *comfort = next;
                }
                let sentence = self.base(key);
                self.tell(Plain::Progress, sentence, now);
            }
        }
    }

    pub(super) fn open(&mut self, words: &str, reading: &Reading, before: Vec<Line>, now: MonoTime) {
        let more = matches!(self.state, State::Open { more: true });
        if let Some(Intent::Skill(skill)) = reading.clear() {
            let skill = skill.clone();
            self.begin(&skill, words, now);
            return;
        }
        if self.builtin(reading, before, now) {
            return;
        }
        match slots::yes_no(words, self.language) {
            Some(YesNo::Yes) if more => return self.yes(Pii::new(words.to_owned()), now),
            Some(YesNo::No) if more => return self.no(now),
            Some(YesNo::Yes | YesNo::No) | None => {}
        }
        match &reading.intent {
            Intent::Skill(skill) if reading.probability >= WORTH_A_QUESTION => {
                let skill = skill.clone();
                let task = self.new_task(&skill, words);
                self.enter(State::Proposing(Proposal::Skill(task)), now);
                self.ask(How::First, now);
            }
            _ => self.not_understood(now),
        }
    }

    /// What can be said at any time. False when the reading is none of it.
    fn builtin(&mut self, reading: &Reading, before: Vec<Line>, now: MonoTime) -> bool {
        match reading.clear() {
            Some(Intent::Human) => self.hand_over(TransferReason::Asked, now),
            // Nobody shall lose a call over a word that only sounded like goodbye.
            Some(Intent::Goodbye) if reading.probability < CHANGE_OF_SUBJECT => return false,
            Some(Intent::Goodbye) => self.goodbye("farewell", now),
            Some(Intent::Spell) if !self.codes.is_empty() => {
                self.spell(now);
                self.ask(How::Repeat, now);
            }
            Some(Intent::Repeat | Intent::Spell) => self.repeat(before, now),
            Some(Intent::Stop) if matches!(self.state, State::Open { more: true }) => {
                self.goodbye("farewell", now)
            }
            Some(Intent::Stop) if matches!(self.state, State::Open { more: false }) => {
                self.ask(How::Repeat, now)
            }
            Some(Intent::Stop) => self.abandon("abandoned", now),
            Some(Intent::Wait) => {
                let sentence = self.base("take-your-time");
                self.tell(Plain::Prompt, sentence, now);
            }
            Some(Intent::Help) => {
                if matches!(self.state, State::Open { .. }) {
                    self.ask(How::Narrow, now);
                } else {
                    self.ask(How::Rephrase, now);
                }
            }
            Some(Intent::Hello | Intent::Thanks) => self.ask(How::Repeat, now),
            Some(Intent::Skill(_) | Intent::Yes | Intent::No | Intent::None) | None => return false,
        }
        true
    }

    /// A plain wish for another skill while something else was asked. The words that identify the caller are kept.
    fn change_of_subject(&mut self, words: &str, reading: &Reading, now: MonoTime) -> bool {
        let Some(Intent::Skill(skill)) = reading.clear() else { return false };
        if reading.probability < CHANGE_OF_SUBJECT
            || self.state.task().is_some_and(|task| task.skill == *skill)
        {
            return false;
        }
        let skill = skill.clone();
        self.begin(&skill, words, now);
        true
    }

    /// A yes or a no is due.
    pub(super) fn decide(&mut self, words: &str, reading: &Reading, before: Vec<Line>, now: MonoTime) {
        let verdict = slots::yes_no(words, self.language);
        if verdict != Some(YesNo::Yes) && (self.another_option(words, now) || self.take_number(words, now)) {
            return;
        }
        match verdict {
            Some(YesNo::Yes) => self.yes(Pii::new(words.to_owned()), now),
            Some(YesNo::No)
                if !matches!(reading.clear(), Some(Intent::Human | Intent::Repeat | Intent::Spell)) =>
            {
                self.no(now)
            }
            Some(YesNo::No) | None => {
                if self.builtin(reading, before, now) || self.change_of_subject(words, reading, now) {
                    return;
                }
                // Rather than yes or no, people say again what they were asked whether they said.
                if let State::Proposing(Proposal::Answer { back, .. }) = &self.state {
                    let back = (**back).clone();
                    self.enter(back, now);
                    if self.fill(words, now) {
                        return;
                    }
                }
                self.not_understood(now);
            }
        }
    }

    /// "No, the later one" at the read-back: bind again with the other option.
    fn another_option(&mut self, words: &str, now: MonoTime) -> bool {
        let State::ReadBack { task, .. } = &self.state else { return false };
        let Some(offer) = &task.offer else { return false };
        let Some(number) = slots::choice(words, &offer.options, self.language) else { return false };
        let value = Value::Int(number as i64);
        if task.inputs.get(&offer.input) == Some(&value) {
            return false;
        }
        let (mut task, input) = (task.clone(), offer.input.clone());
        self.filled(&input, &value);
        task.inputs.insert(input, value);
        // A plan once bound is not bent: another choice is another plan.
        task.plan = None;
        self.plan(task, now);
        true
    }

    /// An answer to what was asked, by the best reading that fits; else something that can be said at any time.
    fn take_answer(&mut self, utterance: &Utterance, reading: &Reading, before: Vec<Line>, now: MonoTime) {
        let words = utterance.words.reveal().as_str();
        let free_text = matches!(self.current_expect(), Expect::Name);
        if free_text && self.builtin(reading, before.clone(), now) {
            return;
        }
        let readings = std::iter::once(&utterance.words).chain(&utterance.alternatives).take(5);
        for words in readings {
            if self.fill(words.reveal(), now) {
                return;
            }
        }
        if self.builtin(reading, before, now) || self.change_of_subject(words, reading, now) {
            return;
        }
        let declines = matches!(self.state, State::AskingNumber { .. })
            && slots::yes_no(words, self.language) == Some(YesNo::No);
        if declines { self.no(now) } else { self.not_understood(now) }
    }

    /// Fills what was asked for from these words and goes on. False when it is not in them.
    pub(super) fn fill(&mut self, words: &str, now: MonoTime) -> bool {
        match &self.state {
            State::Choosing { offer, .. } => slots::choice(words, &offer.options, self.language)
                .is_some_and(|number| self.choose(number, now)),
            State::Asking { task, input } => {
                let Some(spec) = self.config.pack.input(&task.skill, input) else { return false };
                let Some(value) = self.slot_value(&spec.slot, words) else { return false };
                // What the caller spelled may be wanted back; digits to be kept secret are not said aloud.
                let code = value.as_text().filter(|_| matches!(spec.slot, SlotType::Code { .. }));
                let code = code.map(str::to_owned);
                let (mut task, input) = (task.clone(), input.clone());
                if let Some(code) = code {
                    self.codes = vec![code];
                }
                self.filled(&input, &value);
                task.inputs.insert(input, value);
                self.plan(task, now);
                true
            }
            State::AskingNumber { .. } => self.take_number(words, now),
            State::Fresh
            | State::Open { .. }
            | State::Proposing(_)
            | State::Planning { .. }
            | State::ReadBack { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. }
            | State::WithHuman
            | State::Ended => false,
        }
    }

    /// Takes the option with this number, from 1.
    pub(super) fn choose(&mut self, number: usize, now: MonoTime) -> bool {
        if let State::Asking { task, input } = &self.state {
            let Some(SlotType::Choice { of }) =
                self.config.pack.input(&task.skill, input).map(|spec| &spec.slot)
            else {
                return false;
            };
            let Some(value) = number.checked_sub(1).and_then(|index| of.get(index)).cloned() else {
                return false;
            };
            let (mut task, input) = (task.clone(), input.clone());
            self.filled(&input, &Value::Text(value.clone()));
            task.inputs.insert(input, Value::Text(value));
            self.plan(task, now);
            return true;
        }
        let State::Choosing { task, offer } = &self.state else { return false };
        if number == 0 || number > offer.options.len() {
            return false;
        }
        let (mut task, offer) = (task.clone(), offer.clone());
        let value = Value::Int(number as i64);
        self.filled(&offer.input, &value);
        task.inputs.insert(offer.input.clone(), value);
        task.offer = Some(offer);
        self.plan(task, now);
        true
    }

    fn filled(&mut self, input: &str, value: &Value) {
        self.misses = 0;
        let value = match value {
            Value::Int(number) => number.to_string(),
            Value::Bool(yes) => yes.to_string(),
            other => other.as_text().unwrap_or_default().to_owned(),
        };
        self.note(Note::Filled { input: input.to_owned(), value: Pii::new(value) });
    }

    fn slot_value(&self, slot: &SlotType, words: &str) -> Option<Value> {
        let tongue = self.tongue();
        if let SlotType::Choice { of } = slot {
            return slots::closed(words, of, &tongue.choices, self.language).map(Value::Text);
        }
        slots::value(slot, words, self.language)
    }

    /// Starts a skill with whatever the utterance and the task before it already tell.
    fn begin(&mut self, skill: &str, words: &str, now: MonoTime) {
        let task = self.new_task(skill, words);
        self.misses = 0;
        self.plan(task, now);
    }

    pub(super) fn new_task(&mut self, skill: &str, words: &str) -> Task {
        let pack = self.config.pack.clone();
        let mut inputs = Record::new();
        let known = self.state.task().map(|task| (task.skill.clone(), task.inputs.clone()));
        let Some(head) = pack.skill(skill) else { return Task::default() };
        for (name, spec) in &head.inputs {
            let carried = known.as_ref().and_then(|(from, inputs)| {
                let same = pack.input(from, name).is_some_and(|other| other.slot == spec.slot);
                inputs.get(name).filter(|_| same)
            });
            let alone = head.inputs.iter().filter(|(_, other)| other.slot == spec.slot).count() == 1;
            let found = || {
                let tongue = self.tongue();
                slots::mentioned(&spec.slot, words, &tongue.choices, self.language).filter(|_| alone)
            };
            if let Some(value) = carried.cloned().or_else(found) {
                self.filled(name, &value);
                inputs.insert(name.clone(), value);
            }
        }
        Task { skill: skill.to_owned(), inputs, ..Task::default() }
    }

    /// The caller does not want what was about to be done. Nothing has been.
    pub(super) fn abandon(&mut self, key: &str, now: MonoTime) {
        self.enter(State::Open { more: true }, now);
        self.tell_question(key, now);
    }

    pub(super) fn tell_question(&mut self, key: &str, now: MonoTime) {
        let sentence = self.base(key);
        self.tell(Plain::Question, sentence, now);
    }

    /// Reads the last codes with a word for each letter.
    fn spell(&mut self, now: MonoTime) {
        let spelled: Vec<_> = self.codes.iter().map(|code| spelled(code, self.language)).collect();
        let sentence = self.words_with("spelled", "codes", spelled.join("; "));
        self.tell(Plain::Answer, sentence, now);
    }

    fn repeat(&mut self, before: Vec<Line>, now: MonoTime) {
        if before.is_empty() {
            self.ask(How::Repeat, now);
        }
        for line in before {
            self.say(line, now);
        }
    }

    /// Nothing could be made of it. What was not even heard is asked again; else other words, then other ways, then a human.
    pub(super) fn not_understood(&mut self, now: MonoTime) {
        if self.unheard {
            self.ask(How::Repeat, now);
            return;
        }
        self.misses = self.misses.saturating_add(1);
        self.note(Note::NotUnderstood { turn: self.turn, count: self.misses });
        if self.misses > 1 && matches!(self.state, State::Proposing(Proposal::Recording)) {
            return self.may_record(false, now);
        }
        self.missed = self.missed.saturating_add(1);
        if self.config.pack.handover.is_lost(self.misses, self.missed, self.record.asked.as_deref()) {
            (self.misses, self.missed) = (0, 0);
            // Who offers a call back has looked for a human before.
            return match &self.state {
                State::Proposing(Proposal::CallBack(_)) => self.goodbye("farewell", now),
                State::AskingNumber { .. } | State::Proposing(Proposal::Number { .. }) => {
                    self.no_call_back(now)
                }
                State::Fresh
                | State::Open { .. }
                | State::Proposing(_)
                | State::Asking { .. }
                | State::Planning { .. }
                | State::Choosing { .. }
                | State::ReadBack { .. }
                | State::Acting { .. }
                | State::Handover { .. }
                | State::Arranging { .. }
                | State::WithHuman
                | State::Ended => self.hand_over(TransferReason::Misunderstood, now),
            };
        }
        let how = if self.misses == 1 { How::Rephrase } else { How::Narrow };
        self.ask(how, now);
    }
}

/// Whether the recogniser is less sure of it than this. One that does not tell is believed.
fn is_below(utterance: &Utterance, confidence: f32) -> bool {
    utterance.confidence.is_some_and(|sure| sure < confidence)
}
