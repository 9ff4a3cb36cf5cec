//! What was heard and is nobody's answer: coughs, asides, a "mm-hm". It is left alone.

use callwright_model::{Expect, MonoTime, TurnId, Utterance, UtteranceSort};

use super::Dialogue;
use super::state::{How, Pending, Proposal, State};
use super::subject::CHANGE_OF_SUBJECT;
use crate::output::Manner;
use crate::progress::breaks_off;
use crate::slots;
use crate::sort::sort_of;
use crate::understand::{Intent, Reading};

impl Dialogue {
    /// A sound, a "mm-hm" or a word to somebody else, unless it answers what was asked: "right" may be a yes, "not now" a no, and
    /// "oh" a zero.
    pub(super) fn is_no_answer(&self, words: &str) -> bool {
        let sort = sort_of(words, self.language);
        if sort == UtteranceSort::Speech {
            return false;
        }
        let yes_no = slots::yes_no(words, self.language).is_some();
        match &self.state {
            State::Proposing(Proposal::Rating) => !yes_no && self.rating(words, None).is_none(),
            State::Proposing(_) | State::ReadBack { .. } | State::Open { more: true } => !yes_no,
            // "Hold on a second" does not choose the second.
            State::Asking { .. }
            | State::AskingNumber { .. }
            | State::AskingTime { .. }
            | State::Choosing { .. } => {
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
    pub(super) fn manner_of(&self, turn: TurnId) -> Option<Manner> {
        self.manner.filter(|(ended, _)| *ended == turn).map(|(_, manner)| manner)
    }

    /// Whether this seems to be somebody's cough that was taken for words, or to be said to somebody else.
    pub(super) fn is_stray(&self, utterance: &Utterance) -> bool {
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
        let expect = self.current_expect();
        let several = match &expect {
            Expect::Code { min, .. } | Expect::Digits { min, .. } => {
                *min > 1 && slots::filled(&expect, words, self.language) < *min
            }
            Expect::Anything
            | Expect::YesNo
            | Expect::Choice { .. }
            | Expect::Date
            | Expect::Time
            | Expect::Amount
            | Expect::Email
            | Expect::Name => false,
        };
        // A lone "sí" is the begin of a sentence, too ("si"), and answers all the same.
        let begins = breaks_off(words, self.language) && !self.makes_sense(words);
        let no_answer = several && !words.contains(' ') || begins;
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
    pub(super) fn unanswered(&mut self, pending: Pending, now: MonoTime) {
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
}

/// Whether the recogniser is less sure of it than this. One that does not tell is believed.
pub(super) fn is_below(utterance: &Utterance, confidence: f32) -> bool {
    utterance.confidence.is_some_and(|sure| sure < confidence)
}

/// A recogniser must be this sure of what was said away from the telephone, and of a goodbye in a word, before it is acted on.
const SURE: f32 = 0.8;

/// A cough becomes a word or two.
const FEW: usize = 2;

/// As sure as this of a word or two, a recogniser heard somebody speak. Over rehearsals nine in ten of the coughs that it made words of
/// lie below, and half of the short answers in noise above.
const SURE_OF_A_WORD: f32 = 0.55;
