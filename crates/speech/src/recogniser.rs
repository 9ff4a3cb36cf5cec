//! What an engine that recognises speech can do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use callwright_model::{Alternative, Hints, Identified, Language};

use crate::RecogniseError;

/// An engine. Shared by all legs; each leg has its own [`Hearing`] of it.
pub(crate) trait Recogniser: Send + Sync {
    /// Its name for people and metrics.
    fn name(&self) -> &'static str;

    /// Whether it knows the language.
    fn knows(&self, language: Language) -> bool;

    /// Whether it hears along, so that words so far cost next to nothing. One that does not begins anew each time.
    fn hears_along(&self) -> bool;

    /// Gets ready to hear with these hints, before a turn begins. Slow work that need not be done while someone speaks.
    fn prepare(&self, hints: &Hints);

    /// Ears for one leg. `given_up` is set as soon as nobody wants the current turn's result.
    fn hearing(&self, given_up: GivenUp) -> Box<dyn Hearing>;
}

/// One leg's ears, used by one thread at a time. Sound is 16 kHz.
pub(crate) trait Hearing: Send {
    /// Starts a pass over a turn from its first sample.
    fn begin(&mut self, hints: &Arc<Hints>) -> Result<(), RecogniseError>;

    /// More of the turn.
    fn extend(&mut self, samples: &[i16]) -> Result<(), RecogniseError>;

    /// Words so far. `all` is the turn from its first sample. `None` when the engine has none cheaply, or `stop` was set meanwhile:
    /// somebody needs the thread more, or the turn's final words are due.
    fn partial(&mut self, all: &[i16], stop: &GivenUp) -> Option<Reading>;

    /// The words of the turn, should it be over. `all` is the turn from its first sample, whatever of it the pass has taken.
    fn finish(&mut self, all: &[i16]) -> Result<Reading, RecogniseError>;

    /// Whether the pass can go on after `finish`, for the turn was not over. If not it begins anew, with what is known of the line now.
    fn goes_on(&self) -> bool;

    /// Lets go of what a pass holds.
    fn forget(&mut self);
}

/// What was recognised in a turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reading {
    /// The best reading in lower case; empty when nothing was understood.
    pub(crate) words: String,
    /// Others, best first.
    pub(crate) alternatives: Vec<Alternative>,
    /// 0 to 1.
    pub(crate) confidence: Option<f32>,
    /// The language of the words, where it is another than the hints said.
    pub(crate) language: Option<Language>,
    /// The language that the sound was taken for, where the hints left more than one open.
    pub(crate) identified: Option<Identified>,
}

/// A flag that tells an engine to stop in the middle of a pass. Clones are the same flag.
#[derive(Debug, Clone, Default)]
pub(crate) struct GivenUp(Arc<AtomicBool>);

impl GivenUp {
    pub(crate) fn set(&self, given_up: bool) {
        self.0.store(given_up, Ordering::Release);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The flag itself, for engines that pass it through foreign code.
    #[cfg(feature = "whisper")]
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}
