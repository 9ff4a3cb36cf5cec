//! What an engine that speaks can do.

use std::ops::ControlFlow;

use callwright_model::{Language, Voice};

use crate::SynthesisError;
use crate::sound::WordSpan;

/// What an engine hands over while it speaks a sentence.
#[derive(Debug, Clone)]
pub(crate) enum Spoken<'a> {
    /// Where the words of the sentence will lie in its sound. Comes once, before any sound, from engines that know.
    Words(Vec<WordSpan>),
    /// Sound at 16 kHz; empty when there is none yet and the engine only wants to know whether it is still wanted.
    Sound(&'a [i16]),
}

/// An engine. Called from several threads; a voice that only one thread may use is locked inside.
pub(crate) trait Synthesiser: Send + Sync {
    /// Its name for people and metrics.
    fn name(&self) -> &'static str;

    /// Whether it can speak the language.
    fn knows(&self, language: Language) -> bool;

    /// Speaks one sentence, handing over words and sound as they are made. Stops soon after `take` breaks off, with
    /// [`SynthesisError::Stopped`].
    fn speak(
        &self,
        text: &str,
        language: Language,
        voice: &Voice,
        take: &mut dyn FnMut(Spoken<'_>) -> ControlFlow<()>,
    ) -> Result<(), SynthesisError>;
}
