//! What an utterance means in the present state, and what follows.

use callwright_model::{Expect, MonoTime, Pii, Utterance, UtteranceSort};

use super::Dialogue;
use super::line::{Line, Plain};
use super::state::{How, Pending, Proposal, State};
use super::stray::is_below;
use crate::clauses;
use crate::language;
use crate::lexicon;
use crate::output::Note;
use crate::slots::{self, YesNo};
use crate::sort::sort_of;
use crate::understand::{Intent, Reading};

/// Below this the interpreter's best guess is not even worth a question.
const WORTH_A_QUESTION: f32 = 0.35;

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
        self.half_sure = is_below(utterance, self.config.limits.implicit);
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
        self.overtaken(now);
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
        let reading = self.tongue().interpreter.weigh(utterance);
        self.note(Note::Understood {
            turn: utterance.turn,
            intent: reading.intent.name().to_owned(),
            probability: reading.probability,
        });
        // What was said back is doubted in the next answer or not at all.
        if !matches!(self.state, State::Asking { .. } | State::Choosing { .. }) {
            self.memory.implicit = None;
        }
        self.consider(utterance, reading, before, now);
    }

    /// Does what an utterance wants, by what the embedded interpreter makes of it.
    pub(super) fn act_on(
        &mut self,
        utterance: &Utterance,
        reading: &Reading,
        before: Vec<Line>,
        now: MonoTime,
    ) {
        let words = utterance.words.reveal().as_str();
        match &self.state {
            State::Planning { .. }
            | State::Acting { .. }
            | State::Handover { .. }
            | State::Arranging { .. } => self.meanwhile(words, reading, before, now),
            State::Open { .. } => self.open(words, reading, before, now),
            State::Proposing(Proposal::Recording) => self.consider_recording(words, reading, before, now),
            State::Proposing(_) | State::ReadBack { .. } => self.decide(words, reading, before, now),
            State::Asking { .. }
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Choosing { .. } => self.take_answer(utterance, reading, before, now),
            State::Fresh | State::WithHuman | State::Ended => {}
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
        self.memory.language_chosen = true;
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

    pub(super) fn open(&mut self, words: &str, reading: &Reading, before: Vec<Line>, now: MonoTime) {
        let more = matches!(self.state, State::Open { more: true });
        if self.reconsider(words, now) {
            return;
        }
        if let Some(Intent::Skill(skill)) = reading.clear() {
            let skill = skill.clone();
            self.begin(&skill, words, now);
            return;
        }
        // "No thanks" is a no.
        let polite = more && matches!(reading.clear(), Some(Intent::Thanks | Intent::Hello));
        if polite && slots::yes_no(words, self.language) == Some(YesNo::No) {
            return self.no(now);
        }
        if self.builtin(reading, before, now)
            || self.begin_clause(words, now)
            || more && self.look_up_again(words, now)
        {
            return;
        }
        match slots::yes_no(words, self.language) {
            Some(YesNo::Yes) if more => return self.yes(Pii::new(words.to_owned()), now),
            Some(YesNo::No) if more => return self.no(now),
            Some(YesNo::Yes | YesNo::No) | None => {}
        }
        if self.ask_which(words, reading, now) {
            return;
        }
        let second = reading.seconds.first().map(|(intent, _)| intent);
        self.memory.likely = std::iter::once(&reading.intent)
            .chain(second)
            .filter_map(|intent| intent.skill())
            .map(str::to_owned)
            .collect();
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

    /// A yes or a no is due.
    pub(super) fn decide(&mut self, words: &str, reading: &Reading, before: Vec<Line>, now: MonoTime) {
        // "Yes, at four" and "no, rather at five" tell when, whatever else they tell.
        if self.take_time(words, now) {
            return;
        }
        if matches!(self.state, State::Proposing(Proposal::Rating))
            && let Some(score) = self.rating(words, reading.clear())
        {
            return self.rated(score, now);
        }
        if self.take_either(words, reading, now) {
            return;
        }
        let verdict = slots::yes_no(words, self.language).or_else(|| self.yes_and_more(words));
        let settled = verdict != Some(YesNo::Yes)
            && (self.reconsider(words, now)
                || self.correct(words, now)
                || self.another_answer(words, now)
                || self.another_option(words, now)
                || self.take_number(words, now)
                || self.instead(words, before.clone(), now));
        if settled {
            return;
        }
        match verdict {
            Some(YesNo::Yes) => {
                self.yes(Pii::new(words.to_owned()), now);
                if matches!(self.state, State::Acting { .. }) {
                    self.also(words, now);
                }
            }
            Some(YesNo::No)
                if !matches!(reading.clear(), Some(Intent::Human | Intent::Repeat | Intent::Spell)) =>
            {
                self.no(now)
            }
            Some(YesNo::No) | None => {
                if self.builtin(reading, before, now)
                    || self.change_of_subject(words, reading, now)
                    || self.wants_it(words, reading, now)
                {
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

    /// Behind a "no" or a "yes, but" there may be what is wanted instead.
    fn instead(&mut self, words: &str, before: Vec<Line>, now: MonoTime) -> bool {
        let correction = clauses::correction(words, lexicon::of_or_english(self.language));
        if !correction.marked || correction.rest.is_empty() {
            return false;
        }
        let reading = self.tongue().interpreter.read(&correction.rest);
        // Of what can be said at any time a question is what makes a no, or a yes, none.
        let asks = matches!(reading.clear(), Some(Intent::Answer(_) | Intent::Recall));
        self.change_of_subject(&correction.rest, &reading, now) || asks && self.builtin(&reading, before, now)
    }

    /// Whether words put something right before they answer what was asked: of options one is chosen first, but that "it ends in two" is
    /// none.
    fn corrects_first(&self, words: &str) -> bool {
        let lexicon = lexicon::of_or_english(self.language);
        let correction = clauses::correction(words, lexicon);
        clauses::part(&correction.rest, lexicon).is_some()
            || correction.marked && !matches!(self.state, State::Choosing { .. })
    }

    /// An answer to what was asked, by the best reading that fits; else something that can be said at any time.
    fn take_answer(&mut self, utterance: &Utterance, reading: &Reading, before: Vec<Line>, now: MonoTime) {
        let words = utterance.words.reveal().as_str();
        let free_text = matches!(self.current_expect(), Expect::Name);
        if free_text && self.builtin(reading, before.clone(), now) {
            return;
        }
        let doubted = self.memory.implicit.take();
        if self.reconsider(words, now) || self.corrects_first(words) && self.correct(words, now) {
            return;
        }
        if self.asks_about_option(words, reading) && self.change_of_subject(words, reading, now) {
            return;
        }
        let right = clauses::correction(words, lexicon::of_or_english(self.language)).rest;
        let others = utterance.alternatives.iter().map(|other| &other.words);
        let readings = std::iter::once(&utterance.words).chain(others).take(5);
        for reading in readings.map(|reading| reading.reveal().as_str()).chain([right.as_str()]) {
            if self.fill(reading, now) {
                self.also(words, now);
                return;
            }
        }
        if self.correct(words, now) || self.fill_other(words, now) {
            return;
        }
        if self.builtin(reading, before, now) || self.change_of_subject(words, reading, now) {
            return;
        }
        let no = slots::yes_no(words, self.language) == Some(YesNo::No);
        if no && self.take_back(doubted, now) {
            return;
        }
        let declines = matches!(self.state, State::AskingNumber { .. } | State::AskingTime { .. }) && no;
        if declines { self.no(now) } else { self.not_understood(now) }
    }
}
