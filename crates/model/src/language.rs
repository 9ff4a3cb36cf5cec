//! The language of a call, an utterance or a sentence.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A language by its ISO 639 code in lower case: `en`, `es`, `ko`. Two or three letters; regions are a matter of the voice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Language([u8; 3]);

/// Why a text is not a [`Language`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a language: write its ISO 639 code in lower case, such as `en` or `ko`")]
pub struct LanguageError(String);

impl Language {
    /// English.
    pub const EN: Self = Self(*b"en\0");
    /// Spanish.
    pub const ES: Self = Self(*b"es\0");
    /// Korean.
    pub const KO: Self = Self(*b"ko\0");

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        let length = self.0.iter().position(|&b| b == 0).unwrap_or(3);
        std::str::from_utf8(&self.0[..length]).expect("only ASCII letters get in")
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Self, LanguageError> {
        let bytes = text.as_bytes();
        if !(2..=3).contains(&bytes.len()) || !bytes.iter().all(u8::is_ascii_lowercase) {
            return Err(LanguageError(text.to_owned()));
        }
        let mut code = [0; 3];
        code[..bytes.len()].copy_from_slice(bytes);
        Ok(Self(code))
    }
}

impl TryFrom<String> for Language {
    type Error = LanguageError;

    fn try_from(text: String) -> Result<Self, LanguageError> {
        text.parse()
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.code().to_owned()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({})", self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_junk_is_refused() {
        for code in ["en", "es", "ko", "yue"] {
            assert_eq!(code.parse::<Language>().map(|l| l.to_string()), Ok(code.to_owned()));
        }
        for junk in ["", "e", "EN", "en-US", "e1", "engl"] {
            assert!(junk.parse::<Language>().is_err(), "{junk}");
        }
    }
}
