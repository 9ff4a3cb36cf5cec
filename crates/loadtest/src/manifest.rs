//! `manifest.toml` beside a folder's WAV files: what is said in each, by whom, and where it came from.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// The manifest of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its files.
    #[serde(default, rename = "clip")]
    pub clips: Vec<Entry>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Name of the WAV file in this folder.
    pub file: String,
    /// What is said.
    pub words: String,
    /// The language, ISO 639.
    pub language: String,
    /// Who says it: the engine's voice, or a person's role.
    pub voice: String,
    /// Milliseconds from the start of the file to the first sound.
    pub speech_start_ms: u64,
    /// Milliseconds from the start of the file to the end of the last sound.
    pub speech_end_ms: u64,
    /// Where the sound comes from and on which terms it may be used.
    pub origin: String,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// A sentence with file, line and mistake.
    pub fn load(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            format!("{shown}:{line}: {}", error.message())
        })
    }

    /// The words of a WAV file, when there is a manifest beside it that knows it.
    pub(crate) fn words_beside(wav: &Path) -> Result<Option<String>, String> {
        let manifest = wav.with_file_name("manifest.toml");
        if !manifest.exists() {
            return Ok(None);
        }
        let name = wav.file_name().unwrap_or_default().to_string_lossy();
        let entry = Self::load(&manifest)?.clips.into_iter().find(|entry| entry.file == name);
        Ok(entry.map(|entry| entry.words))
    }
}
