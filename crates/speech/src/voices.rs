//! Which voices there are.

use callwright_model::{Language, Voice};

use crate::flite::{Flite, VOICE_NAMES};
use crate::{espeak, synthesiser::Synthesiser};

/// Whether the engine that speaks the language has this voice. One that has not speaks with its own instead.
#[must_use]
pub fn has_voice(voice: &Voice, language: Language) -> bool {
    if Flite.knows(language) {
        VOICE_NAMES.contains(&voice.0.as_str())
    } else {
        espeak::is_voice(language, voice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_belongs_to_the_engine_that_speaks_the_language() {
        let spanish = "es".parse().expect("a language");
        let cases = [
            ("slt", Language::EN, true),
            ("zzz", Language::EN, false),
            // English is spoken by flite, which has no such voice.
            ("en-gb", Language::EN, false),
            ("es-419", spanish, true),
            ("slt", spanish, false),
            ("es 419; rm", spanish, false),
        ];
        for (voice, language, there) in cases {
            assert_eq!(has_voice(&Voice(voice.to_owned()), language), there, "{voice} for {language}");
        }
    }
}
