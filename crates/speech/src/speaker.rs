//! A voice without ears.

use callwright_model::{Language, Voice};

use crate::speaking::Speakers;
use crate::speech::synthesisers;
use crate::{SpeechConfig, SpeechError, SynthesisError};

/// The synthesisers alone, on the thread of whoever asks: for callers that are made up and for fixtures. Needs no runtime, loads no
/// recogniser and no voice activity model, and so has nothing to say about their files.
pub struct Speaker(Speakers);

impl Speaker {
    /// The voices that [`Speech`](crate::Speech) would have under this configuration.
    ///
    /// # Errors
    /// When no engine can be had.
    pub fn new(config: &SpeechConfig) -> Result<Self, SpeechError> {
        Ok(Self(Speakers::start(0, synthesisers(config))?))
    }

    /// Speaks a whole text on the calling thread.
    ///
    /// # Errors
    /// When no engine can speak it.
    pub fn render(&self, text: &str, language: Language, voice: &Voice) -> Result<Vec<i16>, SynthesisError> {
        self.0.render(text, language, voice)
    }
}
