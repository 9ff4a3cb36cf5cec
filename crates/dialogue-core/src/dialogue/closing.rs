//! How satisfied a caller was: asked before goodbye, once, where the pack says so, and never of whom nothing was done for.

use std::collections::BTreeMap;

use callwright_model::MonoTime;

use super::Dialogue;
use super::line::Plain;
use super::state::{How, Proposal, State};
use crate::lexicon;
use crate::output::Note;
use crate::slots;
use crate::understand::Intent;

impl Dialogue {
    /// The call is over for the caller: goodbye, after the pack's question if it has one.
    pub(super) fn take_leave(&mut self, now: MonoTime) {
        let served = !self.record.done.is_empty() || self.memory.looked_up.is_some();
        if self.config.pack.closing.is_none() || !served || self.memory.rating_asked {
            return self.goodbye("farewell", now);
        }
        self.memory.rating_asked = true;
        self.enter(State::Proposing(Proposal::Rating), now);
        self.ask(How::First, now);
    }

    /// The caller has rated the call.
    pub(super) fn rated(&mut self, score: u8, now: MonoTime) {
        self.note(Note::Rated { score });
        let sentence = self.base("rating-noted");
        self.tell(Plain::Progress, sentence, now);
        self.goodbye("farewell", now);
    }

    /// A rating in words, if that is what they are: its number, or what people call it.
    pub(super) fn rating(&self, words: &str, meant: Option<&Intent>) -> Option<u8> {
        let scores: Vec<String> = (1..=RATING_MAX).map(|score| score.to_string()).collect();
        let named = &lexicon::of_or_english(self.language).ratings;
        let none = BTreeMap::new();
        // "Goodbye" is nearly "good", and no rating; a number alone is one, whatever else it is like.
        let ratings = match meant {
            Some(Intent::Skill(_) | Intent::Human | Intent::Goodbye | Intent::Stop | Intent::Repeat) => {
                (!words.trim().contains(' ')).then_some(&none)?
            }
            Some(_) | None => named,
        };
        slots::closed(words, &scores, ratings, self.language)?.parse().ok()
    }
}

/// Ratings go from one to this.
pub(super) const RATING_MAX: u8 = 5;
