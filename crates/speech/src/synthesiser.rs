//! What an engine that speaks can do.

use std::ops::ControlFlow;

use callwright_model::{Language, Voice};

use crate::SynthesisError;

/// An engine. Called from several threads; a voice that only one thread may use is locked inside.
pub(crate) trait Synthesiser: Send + Sync {
    /// Its name for people and metrics.
    fn name(&self) -> &'static str;

    /// Whether it can speak the language.
    fn knows(&self, language: Language) -> bool;

    /// Speaks one sentence, handing over sound at 16 kHz as it is made. Stops soon after `take` breaks off, with
    /// [`SynthesisError::Stopped`].
    fn speak(
        &self,
        text: &str,
        language: Language,
        voice: &Voice,
        take: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    ) -> Result<(), SynthesisError>;
}
