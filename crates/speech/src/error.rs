//! What can go wrong, by what the reader can do about it.

use std::path::PathBuf;
use std::time::Duration;

use callwright_model::Language;
use thiserror::Error;

/// Why speech cannot start.
#[derive(Debug, Error)]
pub enum SpeechError {
    /// A model of the stand-by recogniser is missing.
    #[error(
        "the pocketsphinx model `{path}` is missing: install the package `pocketsphinx-en-us`, or set \
         `speech.pocketsphinx_dir` to the directory that holds `en-us/` and `cmudict-en-us.dict`"
    )]
    PocketsphinxModelMissing {
        /// What was looked for.
        path: PathBuf,
    },
    /// The stand-by recogniser's library refuses its model.
    #[error("pocketsphinx cannot load its model from `{path}`: is it a model for US English at 16 kHz?")]
    PocketsphinxModelRefused {
        /// The model's directory.
        path: PathBuf,
    },
    /// Whisper is wanted and no model is there.
    #[error(
        "no whisper model: run `callwright models fetch whisper-base`, or set `speech.whisper_model` to a ggml file"
    )]
    WhisperModelMissing,
    /// A whisper model file does not load.
    #[error(
        "`{path}` is not a whisper model that loads ({reason}): fetch it again with `callwright models fetch`"
    )]
    WhisperModelRefused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A turn model is wanted and not there.
    #[error("no turn model: run `callwright models fetch smart-turn`, or set `speech.turn_model` to `off`")]
    TurnModelMissing,
    /// The turn model does not load.
    #[error(
        "`{path}` is not a turn model that runs ({reason}): fetch it again with `callwright models fetch smart-turn`"
    )]
    TurnModelRefused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Whisper is wanted of a build without it.
    #[error("this build has no whisper: build with the feature `whisper`, or choose `pocketsphinx`")]
    WhisperNotBuilt,
    /// A file could not be read.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Speech was started outside a tokio runtime.
    #[error("speech must be started inside a tokio runtime: its queues are tasks of it")]
    NoRuntime,
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// Why one turn could not be recognised. The caller is asked again; the operator reads the reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecogniseError {
    /// The engine does not know the language.
    #[error("the recogniser `{engine}` does not know the language `{language}`")]
    Language {
        /// The engine.
        engine: &'static str,
        /// The language.
        language: Language,
    },
    /// The engine failed.
    #[error("the recogniser `{engine}` failed: {reason}")]
    Engine {
        /// The engine.
        engine: &'static str,
        /// How.
        reason: String,
    },
    /// Nobody wants the result any more.
    #[error("given up: the turn was none")]
    GivenUp,
}

/// Why a text could not be spoken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SynthesisError {
    /// No engine has a voice for the language.
    #[error("no voice speaks `{0}`")]
    Language(Language),
    /// The program of the engine is not installed.
    #[error("the program `{0}` does not start: install the package `espeak-ng`")]
    Program(PathBuf),
    /// It took too long.
    #[error("synthesis took longer than {0:?}")]
    Timeout(Duration),
    /// The engine failed.
    #[error("the synthesiser `{engine}` failed: {reason}")]
    Engine {
        /// The engine.
        engine: &'static str,
        /// How.
        reason: String,
    },
    /// Nobody wants to hear it any more.
    #[error("stopped")]
    Stopped,
}
